/*
 * Requests in their turn, so that the API server has little to defend itself against,
 * and what it says about that.
 */
#include <string.h>

#include "kube/client_priv.h"
#include "lib/log.h"

#define WARNINGS_MAX     256
#define WARNING_SAID_MAX ((size_t)1024) /* bytes of one that are logged */
#define THROTTLED_MS     60000          /* at least, between two lines about 429s */

/* ---- turns ---------------------------------------------------------------------- */

static void
await_turn(struct bnc_kube *kube)
{
    if (kube->n_gated > 0) {
        bnc_timer_set(kube->gate,
                      bnc_limit_wait_ms(&kube->limit, bnc_world_mono_ms(kube->world)));
    }
}

void
bnc_kube_gate(struct bnc_kube_call *call)
{
    struct bnc_kube *kube = call->kube;

    if (call->request.group != BNC_HTTP_UNARY ||
        (kube->n_gated == 0 &&
         bnc_limit_take(&kube->limit, bnc_world_mono_ms(kube->world)))) {
        bnc_kube_send(call);
        return;
    }
    call->gated = true;
    kube->counters.gated++;
    if (kube->n_gated++ == 0) {
        await_turn(kube);
    }
}

void
bnc_kube_gate_leave(struct bnc_kube_call *call)
{
    call->kube->n_gated -= call->gated ? 1 : 0;
    call->gated = false;
}

static struct bnc_kube_call *
first_gated(struct bnc_kube *kube)
{
    struct bnc_kube_call *call = TAILQ_FIRST(&kube->calls);
    while (!call->gated) { /* there is one */
        call = TAILQ_NEXT(call, link);
    }
    return call;
}

void
bnc_kube_gate_open(void *arg)
{
    struct bnc_kube *kube = arg;

    while (kube->n_gated > 0 &&
           bnc_limit_take(&kube->limit, bnc_world_mono_ms(kube->world))) {
        struct bnc_kube_call *call = first_gated(kube);
        bnc_kube_gate_leave(call);
        bnc_kube_send(call);
    }
    await_turn(kube);
}

int64_t
bnc_kube_wait_ms(struct bnc_kube *kube)
{
    int64_t wait = bnc_limit_wait_ms(&kube->limit, bnc_world_mono_ms(kube->world));
    return wait == 0 && kube->n_gated > 0 ? 1 : wait;
}

void
bnc_kube_options_set(struct bnc_kube *kube, const struct bnc_kube_options *options)
{
    double qps = options->qps == 0 ? BNC_KUBE_QPS : options->qps;
    unsigned burst = options->burst == 0 ? BNC_KUBE_BURST : options->burst;

    kube->plain_lists = options->plain_lists;
    bnc_limit_init(&kube->limit, qps < 0 ? 0 : qps, burst,
                   bnc_world_mono_ms(kube->world));
}

/* ---- what the server says about requests ----------------------------------------- */

/* "299 - \"text\"" -> the text, as much of it as is said. */
static const char *
warning_text(struct bnc_arena *arena, const char *header)
{
    const char *from = strchr(header, '"');
    if (!bnc_str_starts(header, "299 ") || from == NULL) {
        return NULL;
    }
    struct bnc_str text = bnc_str_new(arena, WARNING_SAID_MAX + 1);
    for (const char *p = from + 1; *p != '\0' && *p != '"'; p++) {
        p += *p == '\\' && p[1] != '\0' ? 1 : 0;
        if (text.len < WARNING_SAID_MAX) {
            bnc_str_add(&text, p, 1);
        }
    }
    return text.len == 0 ? NULL : text.ptr;
}

static void
say_warning(struct bnc_kube *kube, const char *header)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *text = warning_text(arena, header);

    if (text == NULL || bnc_map_get(kube->warnings, text) != NULL ||
        bnc_map_count(kube->warnings) >= WARNINGS_MAX) {
        return;
    }
    (void)bnc_map_put(kube->warnings, text, kube);
    kube->counters.warnings++;
    BNC_LOG(BNC_LEVEL_WARN, "the API server warns", BNC_KV("warning", text));
}

/* Which of its rules slows us down is what an administrator needs to know. */
static void
say_throttled(struct bnc_kube_call *call, const char *flow_schema)
{
    struct bnc_kube *kube = call->kube;
    int64_t now = bnc_world_mono_ms(kube->world);

    if (kube->throttled_log_ms != 0 && now - kube->throttled_log_ms < THROTTLED_MS) {
        return;
    }
    kube->throttled_log_ms = now == 0 ? 1 : now;
    BNC_LOG(BNC_LEVEL_WARN, "the API server answers 429: too many requests",
            BNC_KV("method", call->request.method), BNC_KV("path", call->request.path),
            BNC_KV("flowSchemaUid", flow_schema == NULL ? "" : flow_schema));
}

void
bnc_kube_gate_head(struct bnc_kube_call *call, struct bnc_http_call *http)
{
    const char *warning = bnc_http_header(http, "Warning");

    if (warning != NULL) {
        say_warning(call->kube, warning);
    }
    if (call->http_status == 429) {
        say_throttled(call, bnc_http_header(http, "X-Kubernetes-PF-FlowSchema-UID"));
    }
}
