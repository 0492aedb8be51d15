/*
 * A sign of life of the connection that the watches share.  A peer that is gone without
 * a word is noticed by TCP, but one behind a box that goes on acknowledging is not, and
 * libcurl does not look for the answers to HTTP/2's PING.  So when nothing has come for
 * a while one small request is sent on the same connection; any answer will do.
 */
#include "kube/client_priv.h"
#include "lib/log.h"

#define SILENT_MS 30000 /* client-go's numbers: 30 s, then 15 s for the answer */
#define ANSWER_MS 15000

static struct bnc_kube_call *
any_shared(const struct bnc_kube *kube)
{
    struct bnc_kube_call *call = NULL;
    TAILQ_FOREACH(call, &kube->calls, link)
    {
        if (call->shared) {
            return call;
        }
    }
    return NULL;
}

/* The calls go on at once, on a new connection, from where they were. */
static void
end_watches(struct bnc_kube *kube)
{
    struct bnc_error err = {0};

    (void)bnc_fail(&err, BNC_UNAVAILABLE,
                   "no sign of life on the connection of the watches");
    kube->counters.dead_connections++;
    BNC_LOG(BNC_LEVEL_WARN, "the connection of the watches is dead, they begin anew",
            BNC_KV("server", kube->config->server));
    bnc_kube_end_watches(kube, &err);
}

static void
wait_for_silence(struct bnc_kube *kube)
{
    int64_t silent = bnc_world_mono_ms(kube->world) - kube->pulse.heard_ms;
    bnc_timer_set(kube->pulse.timer, silent < SILENT_MS ? SILENT_MS - silent : 0);
}

/* Only silence says something: a refusal ends the watches by itself. */
static void
on_answer(void *arg, const struct bnc_kube_result *result)
{
    struct bnc_kube *kube = arg;
    kube->pulse.call = NULL;

    if (result->http_status == 0 && result->err.code == BNC_TIMEOUT &&
        bnc_world_mono_ms(kube->world) - kube->pulse.heard_ms >= SILENT_MS) {
        end_watches(kube);
        return;
    }
    kube->pulse.heard_ms = bnc_world_mono_ms(kube->world);
    wait_for_silence(kube);
}

void
bnc_pulse_due(void *arg)
{
    static const struct bnc_kube_request request = {
        .group = BNC_HTTP_WATCH,
        .method = "GET",
        .path = "/version",
        .timeout_ms = ANSWER_MS,
    };
    struct bnc_kube *kube = arg;

    if (any_shared(kube) == NULL) {
        return; /* the next one that opens begins again */
    }
    if (bnc_world_mono_ms(kube->world) - kube->pulse.heard_ms < SILENT_MS) {
        wait_for_silence(kube);
        return;
    }
    kube->counters.pulses++;
    kube->pulse.call = bnc_kube_start(kube, &request, on_answer, kube);
}

/*
 * Over HTTP/1.1 each watch has a connection of its own, which no other request can look
 * at: TCP's keepalive and the watch's deadline have to do.
 */
void
bnc_pulse_opened(struct bnc_kube_call *call, struct bnc_http_call *http)
{
    struct bnc_kube *kube = call->kube;

    call->shared = bnc_http_header(http, ":status") != NULL; /* HTTP/2 only */
    if (call->shared && kube->pulse.call == NULL &&
        !bnc_timer_pending(kube->pulse.timer)) {
        wait_for_silence(kube);
    }
}
