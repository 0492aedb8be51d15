/* What a sync says of itself: on the status, in metrics, to people. */
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "sync/sync_priv.h"

void
bnc_sync_tell(struct bnc_sync *s, enum bnc_instance_reason reason, const char *message)
{
    bool news = s->reason != reason || strcmp(s->message, message) != 0;
    s->reason = reason;
    if (message != s->message) {
        (void)snprintf(s->message, sizeof(s->message), "%s", message);
    }
    bool culprit = reason == BNC_INSTANCE_REFUSED && s->culprit[0] != '\0';
    const char *culprits[] = {s->culprit};
    const struct bnc_instance_state state = {
        .hash = s->loaded_hash[0] == '\0' ? NULL : s->loaded_hash,
        .loaded_wall_ms = s->loaded_ms,
        .reason = reason,
        .message = s->message,
        .culprits = culprits,
        .n_culprits = culprit,
        .targets_up = s->up,
        .targets_down = s->down};
    bnc_instance_report(s->instance, &state);
    if (news && reason != BNC_INSTANCE_LOADED && reason != BNC_INSTANCE_LOADING) {
        BNC_LOG(BNC_LEVEL_WARN, "not loaded",
                BNC_KV("reason", bnc_instance_reason_name(reason)),
                BNC_KV("message", s->message),
                BNC_KV("culprit", culprit ? s->culprit : ""));
    }
}

void
bnc_sync_describe(const struct bnc_sync *s, struct bnc_str *out)
{
    const char *current = bnc_store_current(s->store);
    const struct bnc_error *trouble = bnc_instance_trouble(s->instance);
    bnc_str_fmt(out, "[%s]generation on disk: %s\n", current == NULL ? "-" : "+",
                current == NULL ? "none yet" : current);
    bnc_str_fmt(out, "[%s]%s: %s%s%s\n", s->reason == BNC_INSTANCE_LOADED ? "+" : "-",
                bnc_server_url(s->server), bnc_instance_reason_name(s->reason),
                s->message[0] == '\0' ? "" : ": ", s->message);
    if (trouble->code != BNC_OK) {
        bnc_str_fmt(out, "[-]status: %s\n", trouble->message);
    }
}

void
bnc_sync_metrics(const struct bnc_sync *s, struct bnc_str *out)
{
    const struct {
        const char *name;
        const char *type;
        const char *help;
        uint64_t value;
    } rows[] = {
        {"binnacle_sync_loaded", "gauge", "1: the running server has what is published",
         s->reason == BNC_INSTANCE_LOADED},
        {"binnacle_sync_loaded_timestamp_seconds", "gauge", "when that was proved",
         (uint64_t)s->loaded_ms / 1000},
        {"binnacle_sync_generations_total", "counter", "generations proved to be loaded",
         s->generations},
        {"binnacle_sync_refusals_total", "counter", "generations that were refused",
         s->refusals},
        {"binnacle_sync_repairs_total", "counter", "folders that somebody had changed",
         s->repairs},
        {"binnacle_sync_fetched_bytes_total", "counter", "bytes of files that were read",
         s->fetched},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_str_fmt(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", rows[i].name,
                    rows[i].help, rows[i].name, rows[i].type, rows[i].name,
                    (unsigned long long)rows[i].value);
    }
}
