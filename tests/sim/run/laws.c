#include "tests/sim/run/laws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "tests/sim/run/fresh.h"

/*
 * A turn stops when its budget is used up; the last unit may be a large one: a compile of
 * a big object, a piece that is compressed.
 */
#define TURN_MAX (BNC_SLICE + 8)

void
laws_init(struct laws *laws, bool close)
{
    *laws = (struct laws){.close = close, .whole = bnc_map_new()};
}

void
laws_free(struct laws *laws)
{
    bnc_map_free(laws->whole);
}

void
laws_restart(struct laws *laws)
{
    laws->stats = (struct bnc_engine_stats){0};
}

/* ---- turns, results --------------------------------------------------------------- */

static uint64_t
units(const struct bnc_engine_stats *stats)
{
    return stats->compiles + stats->lowered + stats->packed + stats->linked;
}

static void
remember(struct laws *laws, const struct bnc_result *result, struct bnc_arena *arena)
{
    for (size_t i = 0; result->ready && !result->pending && i < result->n_desired; i++) {
        const struct bnc_desired *d = &result->desired[i];
        const char *key = bnc_arena_fmt(
            arena, "%s %s/%s %s", bnc_kind_info(d->kind)->name, d->ns, d->name, d->hash);
        (void)bnc_map_put(laws->whole, key, laws);
    }
}

const char *
laws_event(struct laws *laws, const struct product *product, struct bnc_arena *arena)
{
    const struct bnc_engine *engine = bnc_controller_engine(product->controller);
    const struct bnc_engine_stats now = bnc_engine_stats(engine);
    uint64_t did = units(&now) - units(&laws->stats);
    bool news = memcmp(&now, &laws->stats, sizeof(now)) != 0;

    laws->stats = now;
    laws->events++;
    if (did > laws->longest) {
        laws->longest = did;
    }
    if (did > TURN_MAX) {
        return bnc_arena_fmt(arena, "the length of a turn: %llu units of work at once",
                             (unsigned long long)did);
    }
    if (!news || !laws->close || !bnc_engine_idle(engine)) {
        return NULL;
    }
    const char *what = judge_incremental(product, laws->events, arena);
    if (what != NULL) {
        return bnc_arena_fmt(arena, "after an event, incremental = fresh: %s", what);
    }
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    BNC_AUTO(bnc_engine) fresh = fresh_engine(product, 0);
    for (size_t i = 0; i < bnc_engine_count(fresh); i++) {
        remember(laws, bnc_engine_result(fresh, i), scratch);
    }
    return NULL;
}

/* ---- writes ----------------------------------------------------------------------- */

static cJSON *
get(struct bnc_sim_api *api, struct bnc_arena *arena, const char *kind, const char *ns,
    const char *name)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    const char *json = bnc_sim_api_get(api, kind, ns, name);
    if (json == NULL || bnc_json_parse(arena, json, strlen(json), &root, &err)) {
        return NULL;
    }
    return root;
}

/*
 * Between a look that finds nothing and the first write somebody may make the object: an
 * apply cannot say that there must be none.  It is ours from then on.
 */
#define UNSEEN_MS 2000 /* a slow list, then the write */

static const char *
check_foreign(struct laws *laws, int64_t now_ms, const char *kind, const char *ns,
              const char *name, struct bnc_arena *arena)
{
    for (size_t i = 0; i < laws->n_foreign; i++) {
        const struct laws_foreign *f = &laws->foreign[i];
        if (strcmp(f->kind, kind) != 0 || strcmp(f->ns, ns) != 0 ||
            strcmp(f->name, name) != 0) {
            continue;
        }
        if (now_ms - f->since_ms > UNSEEN_MS) {
            return bnc_arena_fmt(arena, "an object of others was written: %s %s/%s", kind,
                                 ns, name);
        }
        laws->foreign[i] = laws->foreign[--laws->n_foreign];
        break;
    }
    return NULL;
}

const char *
laws_write(struct laws *laws, struct bnc_sim_api *api, int64_t now_ms, const char *kind,
           const char *ns, const char *name, struct bnc_arena *arena)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    const char *what = check_foreign(laws, now_ms, kind, ns, name, arena);
    const cJSON *root = get(api, scratch, kind, ns, name);
    const cJSON *notes = bnc_json_path(root, "metadata", "annotations", NULL);
    const char *hash = bnc_json_get_str(notes, "binnacle.dev/hash");
    if (what != NULL || !laws->close || hash == NULL ||
        bnc_json_get_str(notes, "binnacle.dev/owner") == NULL) {
        return what;
    }
    const char *key = bnc_arena_fmt(scratch, "%s %s/%s %s", kind, ns, name, hash);
    if (bnc_map_get(laws->whole, key) == NULL) {
        return bnc_arena_fmt(arena, "written before all facts were in: %s", key);
    }
    return NULL;
}

/* ---- objects of others ----------------------------------------------------------------
 */

static void
forget(struct laws *laws, size_t i)
{
    laws->foreign[i] = laws->foreign[--laws->n_foreign];
}

void
laws_step_done(struct laws *laws, struct bnc_sim_api *api)
{
    for (size_t i = laws->n_foreign; i > 0; i--) {
        const struct laws_foreign *f = &laws->foreign[i - 1];
        if (bnc_sim_api_get(api, f->kind, f->ns, f->name) == NULL) {
            forget(laws, i - 1);
        }
    }
}

/* Labelled, or deleted: from then on it may be ours. */
static void
give_up(struct laws *laws, struct bnc_sim *sim, struct bnc_sim_api *api, char text[256])
{
    size_t i = bnc_sim_below(sim, laws->n_foreign);
    const struct laws_foreign f = laws->foreign[i];
    bool label = bnc_sim_chance(sim, 500);
    forget(laws, i);
    (void)snprintf(text, 256, "%lld ms: %s %s/%s of others: %s",
                   (long long)bnc_sim_now_ms(sim), f.kind, f.ns, f.name,
                   label ? "to be adopted" : "deleted");
    if (label) {
        (void)bnc_sim_api_patch(api, "kubectl-label", f.kind, f.ns, f.name,
                                "{\"metadata\":{\"labels\":{\"binnacle.dev/adopt\":"
                                "\"main\"}}}");
    } else {
        (void)bnc_sim_api_delete(api, f.kind, f.ns, f.name);
    }
}

bool
laws_foreign_end(struct laws *laws, struct bnc_sim *sim, struct bnc_sim_api *api)
{
    char text[256];
    bool any = laws->n_foreign > 0;
    while (laws->n_foreign > 0) {
        give_up(laws, sim, api, text);
    }
    return any;
}

void
laws_foreign_step(struct laws *laws, struct bnc_sim *sim, struct bnc_sim_api *api,
                  char text[256])
{
    static const char *const namespaces[] = {"monitoring", "shop", "bank"};
    static const char *const names[] = {"main-prometheus", "main-prometheus-1", "cfg",
                                        "far-monitoring", "main-prometheus-assets"};
    static const char *const kinds[] = {"Secret", "ConfigMap"};
    struct laws_foreign f;
    char json[512];

    (void)snprintf(f.kind, sizeof(f.kind), "%s", kinds[bnc_sim_below(sim, 2)]);
    (void)snprintf(f.ns, sizeof(f.ns), "%s",
                   namespaces[bnc_sim_below(sim, BNC_LEN(namespaces))]);
    (void)snprintf(f.name, sizeof(f.name), "%s",
                   names[bnc_sim_below(sim, BNC_LEN(names))]);
    if (laws->n_foreign > 0 &&
        (laws->n_foreign == BNC_LEN(laws->foreign) || bnc_sim_chance(sim, 400))) {
        give_up(laws, sim, api, text);
        return;
    }
    (void)snprintf(text, 256, "%lld ms: %s %s/%s of others",
                   (long long)bnc_sim_now_ms(sim), f.kind, f.ns, f.name);
    if (bnc_sim_api_get(api, f.kind, f.ns, f.name) != NULL) {
        return; /* taken */
    }
    (void)snprintf(json, sizeof(json),
                   "{\"apiVersion\":\"v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\","
                   "\"namespace\":\"%s\"},\"data\":{\"theirs\":\"eWVz\"}}",
                   f.kind, f.name, f.ns);
    (void)bnc_sim_api_put_as(api, "somebody", json);
    f.since_ms = bnc_sim_now_ms(sim);
    laws->foreign[laws->n_foreign++] = f;
}
