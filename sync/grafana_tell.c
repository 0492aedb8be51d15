/* What a sync beside Grafana says of itself: on the status, in metrics, to people. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "sync/grafana_priv.h"

void
bnc_gsync_trouble_set(struct bnc_gsync_trouble *trouble, enum bnc_instance_reason reason,
                      const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    trouble->reason = reason;
    (void)vsnprintf(trouble->message, sizeof(trouble->message), fmt, args);
    va_end(args);
}

/* The first that says why: the nearest to Grafana says most. */
static const struct bnc_gsync_trouble *
worst(const struct bnc_gsync *s)
{
    const struct bnc_gsync_trouble *rows[] = {&s->target_trouble, &s->load_trouble,
                                              &s->folder_trouble, &s->fetch_trouble,
                                              &s->board_trouble};
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (rows[i]->reason != BNC_INSTANCE_LOADED) {
            return rows[i];
        }
    }
    return NULL;
}

static size_t
boards_on_disk(const struct bnc_gsync *s)
{
    size_t at = 0;
    size_t n = 0;
    void *value = NULL;
    while (bnc_map_next(s->boards, &at, NULL, &value)) {
        n += ((const struct bnc_gsync_board *)value)->disk != NULL;
    }
    return n;
}

/* Whether what is published is what Grafana has, as far as is known. */
static bool
is_loaded(const struct bnc_gsync *s)
{
    const char *wanted = bnc_gsync_wanted(s);
    return wanted != NULL && strcmp(wanted, s->loaded_hash) == 0 && !s->need_reload &&
           !s->need_proof && s->loaded_ms > 0;
}

void
bnc_gsync_tell(struct bnc_gsync *s)
{
    const struct bnc_gsync_trouble *trouble = worst(s);
    enum bnc_instance_reason reason = BNC_INSTANCE_LOADING;
    char message[BNC_SERVER_TEXT_MAX] = "";

    if (trouble != NULL) {
        reason = trouble->reason;
        memcpy(message, trouble->message, sizeof(message));
    } else if (is_loaded(s)) {
        reason = BNC_INSTANCE_LOADED;
        (void)snprintf(message, sizeof(message), "%zu datasources, %zu dashboards%s%s",
                       s->n_sources, boards_on_disk(s), s->note[0] == '\0' ? "" : "; ",
                       s->note);
    } else if (s->reason == BNC_INSTANCE_LOADED) {
        return; /* a look at Grafana is under way: nothing has changed so far */
    }
    bool news = s->reason != reason || strcmp(s->message, message) != 0;
    s->reason = reason;
    memcpy(s->message, message, sizeof(s->message));
    const struct bnc_instance_state state = {
        .hash = s->loaded_hash[0] == '\0' ? NULL : s->loaded_hash,
        .loaded_wall_ms = s->loaded_ms,
        .reason = reason,
        .message = s->message,
        .targets_up = -1,
        .targets_down = -1};
    bnc_instance_report(s->instance, &state);
    if (news && reason != BNC_INSTANCE_LOADED && reason != BNC_INSTANCE_LOADING) {
        BNC_LOG(BNC_LEVEL_WARN, "not loaded",
                BNC_KV("reason", bnc_instance_reason_name(reason)),
                BNC_KV("message", s->message));
    }
}

void
bnc_gsync_describe(const struct bnc_gsync *s, struct bnc_str *out)
{
    const struct bnc_error *trouble = bnc_instance_trouble(s->instance);
    bnc_str_fmt(out, "[%s]files: %zu dashboards, %s\n", s->ready ? "+" : "-",
                boards_on_disk(s),
                s->disk.text.len > 0 ? "datasources" : "no datasources");
    bnc_str_fmt(out, "[%s]%s: %s%s%s\n", s->reason == BNC_INSTANCE_LOADED ? "+" : "-",
                bnc_gsync_server_url(s->server), bnc_instance_reason_name(s->reason),
                s->message[0] == '\0' ? "" : ": ", s->message);
    if (trouble->code != BNC_OK) {
        bnc_str_fmt(out, "[-]status: %s\n", trouble->message);
    }
}

void
bnc_gsync_metrics(const struct bnc_gsync *s, struct bnc_str *out)
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
        {"binnacle_sync_loads_total", "counter",
         "provisioning files that Grafana was seen to have taken", s->loads},
        {"binnacle_sync_refusals_total", "counter",
         "provisioning files that were refused", s->refusals},
        {"binnacle_sync_repairs_total", "counter", "files that somebody had changed",
         s->repairs},
        {"binnacle_sync_fetched_bytes_total", "counter", "bytes of files that were read",
         s->fetched},
        {"binnacle_sync_dashboards", "gauge", "dashboards on disk", boards_on_disk(s)},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_str_fmt(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", rows[i].name,
                    rows[i].help, rows[i].name, rows[i].type, rows[i].name,
                    (unsigned long long)rows[i].value);
    }
}
