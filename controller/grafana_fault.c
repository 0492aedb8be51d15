#include "controller/grafana_priv.h"
#include "lib/log.h"

#define FIRST_MS    1000  /* before a second try; doubled with each */
#define PASSWORD_MS 90000 /* Grafana locks a user after 5 wrong passwords in 5 min */
#define TRIES_MAX   20    /* doublings: more than any poll */

int64_t
bnc_gapi_now(const struct seat *seat)
{
    return bnc_world_mono_ms(seat->gapi->options.world);
}

/* 1 s, 2 s, … up to a poll; a fifth less by chance, so that many do not come at once. */
static int64_t
back_off(const struct seat *seat, int failures)
{
    int64_t ms = FIRST_MS << (failures < TRIES_MAX ? failures - 1 : TRIES_MAX);

    if (ms > seat->want.poll_ms) {
        ms = seat->want.poll_ms;
    }
    uint64_t span = (uint64_t)ms / 5 + 1;
    return ms - (int64_t)(bnc_world_random(seat->gapi->options.world) % span);
}

/* ": what Grafana says of it", or nothing. */
static const char *
words(struct bnc_arena *arena, const struct entry *entry, const struct reply *reply)
{
    const char *said = bnc_json_get_str(reply->tree, "message");

    if (reply->status >= 300 && reply->status < 400) {
        said = "redirects are not followed";
    }
    return said == NULL || said[0] == '\0'
               ? ""
               : bnc_arena_fmt(arena, ": %s", bnc_gapi_words(arena, entry, said));
}

static enum bnc_code
code_of(int status)
{
    return status == 401 || status == 403   ? BNC_DENIED
           : status == 429 || status >= 500 ? BNC_UNAVAILABLE
                                            : BNC_INVALID;
}

/* It is news when it is another than before; the log is told then. */
static void
note_error(struct seat *seat, const struct bnc_error *err)
{
    if (seat->error.code == err->code && bnc_str_eq(seat->error.message, err->message)) {
        return;
    }
    seat->error = *err;
    seat->news = true;
    if (err->code == BNC_OK) {
        BNC_LOG(BNC_LEVEL_INFO, "Grafana answers", BNC_KV("namespace", seat->ns),
                BNC_KV("name", seat->name), BNC_KV("url", seat->want.url));
    } else {
        BNC_LOG(BNC_LEVEL_WARN, "nothing can be written to Grafana",
                BNC_KV("namespace", seat->ns), BNC_KV("name", seat->name),
                BNC_KV("url", seat->want.url), BNC_KV("error", err->message));
    }
}

void
bnc_gapi_fine(struct seat *seat)
{
    seat->failures = 0;
    seat->quiet_ms = 0;
    note_error(seat, &(struct bnc_error){0});
}

/* Statuses that say nothing of the request, but of Grafana or what is before it. */
static bool
is_general(int status)
{
    return status == 0 || status == 401 || status == 429 || status == 502 ||
           status == 503 || status == 504 || (status >= 300 && status < 400);
}

bool
bnc_gapi_fault(struct seat *seat, const struct reply *reply, const char *what)
{
    bool list = seat->busy == NULL;
    bool garbage = reply->status == 200 && reply->tree == NULL;
    struct bnc_error err = {0};

    if (!garbage && !is_general(reply->status) && !(list && reply->status != 200)) {
        return false;
    }
    if (reply->status == 0) {
        err = *reply->err; /* it names the host */
    } else if (garbage) {
        (void)bnc_fail(&err, BNC_INVALID, "%s: what answers %s is no Grafana",
                       seat->want.url, what);
    } else {
        (void)bnc_fail(&err, code_of(reply->status), "%s answers %s with status %d%s",
                       seat->want.url, what, reply->status,
                       words(reply->arena, NULL, reply));
    }
    if (seat->busy != NULL) {
        seat->busy->tries++; /* others go first, lest it is the one that cannot be done */
    }
    seat->failures++;
    int64_t ms = back_off(seat, seat->failures);
    if (reply->retry_ms > ms) {
        ms = reply->retry_ms;
    }
    if (reply->status == 401 && seat->password && ms < PASSWORD_MS) {
        ms = PASSWORD_MS;
    }
    seat->quiet_ms = bnc_gapi_now(seat) + ms;
    note_error(seat, &err);
    return true;
}

void
bnc_gapi_fault_item(struct seat *seat, struct entry *entry, const struct reply *reply,
                    const char *what)
{
    bool board = entry->item.kind == BNC_GAPI_DASHBOARD;
    const char *hint =
        reply->status != 403 ? ""
        : board ? "; dashboards:read, create, write and delete have to be allowed, and "
                  "folders:read and create"
                : "; datasources:read, create, write and delete have to be allowed";
    const char *message =
        bnc_arena_fmt(reply->arena, "Grafana answers %s with status %d%s%s", what,
                      reply->status, words(reply->arena, entry, reply), hint);

    if (!bnc_str_eq(entry->message, message)) {
        BNC_LOG(BNC_LEVEL_WARN, "Grafana refuses", BNC_KV("namespace", seat->ns),
                BNC_KV("name", seat->name), BNC_KV("object", entry->item.owner),
                BNC_KV("error", message));
    }
    bnc_gapi_stand(seat, entry, BNC_GAPI_FAILED, message);
    if (reply->status >= 500) { /* it may pass; all else waits for the next poll */
        entry->tries++;
        entry->due_ms = bnc_gapi_now(seat) + back_off(seat, entry->tries);
    } else {
        entry->need = NEED_NOTHING;
    }
}
