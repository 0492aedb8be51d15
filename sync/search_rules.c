#include "sync/search_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clip.h"
#include "lib/log.h"
#include "sync/search_text.h"

#define PUBLIC     0644
#define PROBE_FILE "rules-probe.yml"
#define SHOWN_MAX  200 /* bytes of an expression in a message */

struct bnc_rules_search {
    struct bnc_rules_search_ask ask;
    bnc_rules_search_fn fn;
    void *arg;
    struct bnc_arena *arena;
    struct bnc_timer *timer; /* the first probe */
    struct bnc_group_place *groups;
    size_t n_groups;
    size_t room;
    unsigned probes;
    size_t low; /* the culprit is one of [low, high) */
    size_t high;
    size_t upto; /* the probe has [low, upto) */
    char group[BNC_JOB_NAME_MAX + 1];
    const char **exprs; /* of the culprit */
    size_t n_exprs;
    size_t next_expr;
};

void
bnc_rules_search_free(struct bnc_rules_search *s)
{
    if (s != NULL) {
        bnc_server_cancel(s->ask.server);
        bnc_timer_free(s->timer);
        bnc_arena_free(s->arena);
        free(s->groups);
        free(s);
    }
}

static void
finish(struct bnc_rules_search *s, const char *group, const char *message)
{
    const struct bnc_rules_search_result result = {
        .group = group, .message = message, .probes = s->probes};
    s->fn(s->arg, &result);
}

/* ---- reading the refused generation ---------------------------------------------- */

struct indexing {
    struct bnc_rules_search *search;
    size_t file;
};

static void
on_group(void *arg, const struct bnc_job *job)
{
    const struct indexing *at = arg;
    struct bnc_rules_search *s = at->search;
    if (!job->group) {
        return;
    }
    if (s->n_groups == s->room) {
        s->room = s->room == 0 ? 64 : s->room * 2;
        s->groups = bnc_realloc(s->groups, s->room * sizeof(*s->groups));
    }
    s->groups[s->n_groups++] = (struct bnc_group_place){at->file, job->first, job->last};
}

static bool
feed_scan(void *arg, const char *bytes, size_t n)
{
    bnc_job_scan_feed(arg, bytes, n);
    return true;
}

static const char *
path_of(struct bnc_rules_search *s, size_t file)
{
    return bnc_arena_fmt(s->arena, "%s/%s", s->ask.folder, s->ask.files[file]);
}

static bool
scan_file(struct bnc_rules_search *s, size_t file, bnc_job_fn fn, void *arg)
{
    struct bnc_error err = {0};
    BNC_AUTO(bnc_job_scan) scan = bnc_job_scan_new(fn, arg);
    return bnc_file_scan(s->ask.world, path_of(s, file), BNC_STORE_MAX_FILE, feed_scan,
                         scan, &err) == BNC_OK &&
           bnc_job_scan_finish(scan, &err) == BNC_OK;
}

static bool
index_groups(struct bnc_rules_search *s)
{
    for (size_t i = 0; i < s->ask.n_files; i++) {
        struct indexing at = {.search = s, .file = i};
        if (!scan_file(s, i, on_group, &at)) {
            return false;
        }
    }
    return s->n_groups > 0;
}

/* ---- probes -------------------------------------------------------------------- */

static enum bnc_code
write_root(struct bnc_rules_search *s, struct bnc_error *err)
{
    struct bnc_store_file *file = NULL;
    if (bnc_store_file(s->ask.store, s->ask.config, PUBLIC, &file, err)) {
        return err->code;
    }
    if (bnc_probe_root(s->ask.world, s->ask.base, PROBE_FILE, s->ask.good, file, err)) {
        bnc_store_drop(file);
        return err->code;
    }
    return bnc_store_end(file, NULL, NULL, err);
}

static enum bnc_code
add_groups(struct bnc_rules_search *s, size_t high, struct bnc_store_file *file,
           struct bnc_error *err)
{
    static const char head[] = "groups:\n";
    if (bnc_store_add(file, head, sizeof(head) - 1, err)) {
        return err->code;
    }
    for (size_t i = s->low; i < high;) {
        size_t end = i + 1;
        while (end < high && s->groups[end].file == s->groups[i].file) {
            end++;
        }
        if (bnc_probe_groups(s->ask.world, path_of(s, s->groups[i].file), &s->groups[i],
                             end - i, file, err)) {
            return err->code;
        }
        i = end;
    }
    return BNC_OK;
}

static enum bnc_code
write_groups(struct bnc_rules_search *s, size_t high, struct bnc_error *err)
{
    struct bnc_store_file *file = NULL;
    if (bnc_store_file(s->ask.store, PROBE_FILE, PUBLIC, &file, err)) {
        return err->code;
    }
    if (add_groups(s, high, file, err)) {
        bnc_store_drop(file);
        return err->code;
    }
    return bnc_store_end(file, NULL, NULL, err);
}

static enum bnc_code
swap_probe(struct bnc_rules_search *s, size_t high, struct bnc_error *err)
{
    char id[20];
    (void)snprintf(id, sizeof(id), "%016llx",
                   (unsigned long long)bnc_world_random(s->ask.world));
    if (bnc_store_begin(s->ask.store, id, err)) {
        return err->code;
    }
    if (write_root(s, err) || write_groups(s, high, err)) {
        bnc_store_cancel(s->ask.store);
        return err->code;
    }
    return bnc_store_commit(s->ask.store, err);
}

static void on_probe(void *arg, const struct bnc_reload *reload);

static void
give_up(struct bnc_rules_search *s, const char *why)
{
    BNC_LOG(BNC_LEVEL_WARN, "the search for the rule group ends", BNC_KV("error", why));
    finish(s, NULL, "");
}

static void
probe(struct bnc_rules_search *s, size_t high)
{
    struct bnc_error err = {0};
    s->upto = high;
    if (++s->probes > s->ask.probes_max || swap_probe(s, high, &err)) {
        give_up(s, err.message);
        return;
    }
    bnc_server_reload(s->ask.server, on_probe, s);
}

/* ---- what is wrong with it ------------------------------------------------------- */

static void ask_expr(struct bnc_rules_search *s);

static void
on_query(void *arg, const char *message, const struct bnc_error *err)
{
    struct bnc_rules_search *s = arg;
    if (message == NULL) {
        BNC_LOG(BNC_LEVEL_DEBUG, "no word about an expression",
                BNC_KV("error", err->message));
        finish(s, s->group, "");
    } else if (message[0] == '\0') {
        ask_expr(s);
    } else {
        const char *expr = s->exprs[s->next_expr - 1];
        finish(s, s->group,
               bnc_arena_fmt(s->arena, "%.*s: %s", bnc_clip(expr, SHOWN_MAX), expr,
                             message));
    }
}

static void
ask_expr(struct bnc_rules_search *s)
{
    if (s->next_expr == s->n_exprs) {
        finish(s, s->group, "");
        return;
    }
    bnc_server_query(s->ask.server, s->exprs[s->next_expr++], on_query, s);
}

static void
name_culprit(struct bnc_rules_search *s)
{
    const struct bnc_group_place *place = &s->groups[s->low];
    struct bnc_job_at *at = bnc_arena_alloc(s->arena, sizeof(*at));
    at->line = place->first;
    if (!scan_file(s, place->file, bnc_job_at_line, at) || !at->found) {
        give_up(s, "its file cannot be read");
        return;
    }
    memcpy(s->group, at->name, sizeof(s->group));
    s->n_exprs = bnc_group_exprs(s->ask.world, path_of(s, place->file), place, s->arena,
                                 &s->exprs);
    ask_expr(s);
}

/* ---- halves -------------------------------------------------------------------- */

static void
judge(struct bnc_rules_search *s, bool bad)
{
    if (bad) {
        s->high = s->upto;
    } else if (s->upto == s->n_groups && s->low == 0) {
        finish(s, NULL, ""); /* none of them is to blame */
        return;
    } else {
        s->low = s->upto;
    }
    if (s->high - s->low > 1) {
        probe(s, s->low + (s->high - s->low) / 2);
    } else {
        name_culprit(s);
    }
}

static void
on_probe(void *arg, const struct bnc_reload *reload)
{
    struct bnc_rules_search *s = arg;
    if (reload->verdict == BNC_RELOAD_LOADED || reload->verdict == BNC_RELOAD_REFUSED) {
        judge(s, reload->verdict == BNC_RELOAD_REFUSED);
    } else {
        give_up(s, reload->message);
    }
}

static void
begin(void *arg)
{
    struct bnc_rules_search *s = arg;
    probe(s, s->n_groups);
}

struct bnc_rules_search *
bnc_rules_search_start(const struct bnc_rules_search_ask *ask, bnc_rules_search_fn fn,
                       void *arg)
{
    struct bnc_rules_search *s = bnc_alloc(sizeof(*s));
    *s = (struct bnc_rules_search){
        .ask = *ask, .fn = fn, .arg = arg, .arena = bnc_arena_new()};
    s->timer = bnc_timer_new(ask->world, begin, s);
    if (!index_groups(s)) {
        bnc_rules_search_free(s);
        return NULL;
    }
    s->high = s->n_groups;
    bnc_timer_set(s->timer, 0);
    return s;
}
