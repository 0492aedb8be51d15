#include <string.h>

#include "tests/sim/source_sim.h"

struct checking {
    struct run *run;
    enum bnc_kind kind;
    size_t n;
};

static bool
equals(struct run *run, const struct bnc_object *seen, enum bnc_kind kind,
       const struct bnc_keep *keep, const char *json)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned pruned;
    struct bnc_error err = {0};
    if (bnc_prune(keep, json, strlen(json), arena, &pruned, &err)) {
        bnc_sim_die(run->sim, "prune: %s", err.message);
    }
    struct bnc_object *want = bnc_object_new(kind, &pruned, NULL);
    bool same = bnc_object_same(seen, want) && seen->status.len == want->status.len &&
                memcmp(seen->status.ptr, want->status.ptr, want->status.len) == 0;
    if (!same) {
        (void)fprintf(stderr, "told: %.*s\nhas:  %.*s\n", (int)seen->text.len,
                      seen->text.ptr, (int)want->text.len, want->text.ptr);
    }
    bnc_object_unref(want);
    return same;
}

static bool
is_read(const struct run *run, enum bnc_kind kind, const char *ns, const char *name)
{
    const char *in = kind == BNC_KIND_NAMESPACE ? name : ns;
    return !run->namespaced || strcmp(in, "ns0") == 0 || strcmp(in, "ns1") == 0;
}

static void
check_item(void *arg, const struct bnc_sim_api_item *item)
{
    struct checking *c = arg;
    char key[300];
    if (!is_read(c->run, c->kind, item->ns, item->name)) {
        return;
    }
    c->n++;
    const struct bnc_object *seen =
        bnc_map_get(c->run->seen, key_of(key, c->kind, item->ns, item->name));
    if (seen == NULL) {
        complain(c->run, "was never told", key);
    } else if (!equals(c->run, seen, c->kind, bnc_kind_info(c->kind)->keep, item->json) ||
               strcmp(seen->uid, item->uid) != 0) {
        complain(c->run, "was told otherwise", key);
    }
}

static void
check_wanted(struct run *run, const struct wanted *w)
{
    char key[300];
    (void)key_of(key, w->kind, w->ns, w->name);
    const char *json =
        bnc_sim_api_get(run->api, bnc_kind_info(w->kind)->name, w->ns, w->name);
    if (!w->on) {
        return;
    }
    if (!w->synced) {
        complain(run, w->output ? "output was not told" : "was not synced", key);
    }
    if ((json == NULL) != (w->seen == NULL)) {
        complain(run, json == NULL ? "wanted, is gone" : "wanted, was not told", key);
    } else if (json != NULL &&
               !equals(run, w->seen, w->kind,
                       w->output ? bnc_keep_metadata : bnc_kind_info(w->kind)->keep,
                       json)) {
        complain(run, "wanted, was told otherwise", key);
    }
}

void
check(struct run *run)
{
    size_t total = 0;
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        struct checking c = {.run = run, .kind = kind};
        if (bnc_kind_info(kind)->by_name) {
            continue;
        }
        (void)bnc_sim_api_list(run->api, bnc_kind_info(kind)->name, check_item, &c);
        total += c.n;
        if (run->synced[kind] != 1) {
            complain(run, "not synced once", bnc_kind_info(kind)->name);
        }
    }
    if (total != bnc_map_count(run->seen)) {
        complain(run, "more was told than there is", "");
        const char *key;
        void *value;
        size_t at = 0;
        while (bnc_map_next(run->seen, &at, &key, &value)) {
            (void)fprintf(stderr, "  %s\n", key);
        }
    }
    for (size_t i = 0; i < run->n_wanted; i++) {
        check_wanted(run, &run->wanted[i]);
    }
    const char *trouble;
    void *value;
    size_t at = 0;
    while (bnc_map_next(run->troubles, &at, &trouble, &value)) {
        complain(run, "is still told to fail", trouble);
    }
    if (run->writes_open != 0) {
        complain(run, "writes without an answer", "");
    }
}

void
check_calm(struct run *run)
{
    uint64_t before = bnc_sim_api_requests(run->api);
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    (void)bnc_sim_run_for(run->sim, 120000);
    before = bnc_sim_api_requests(run->api) - before;
    uint64_t looks = 0; /* of what is not installed: one in 10 s in each namespace */
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        looks += run->missing[kind] ? 26 : 0;
    }
    if (before > KIND_WATCHES + run->n_wanted * 3 + looks) {
        complain(run, "is busy while nothing happens",
                 bnc_arena_fmt(arena, "%llu requests", (unsigned long long)before));
    }
}
