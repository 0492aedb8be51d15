#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "tests/sim/run/fresh.h"

static const char *
name_of(const struct bnc_object *object, struct bnc_arena *arena)
{
    return bnc_arena_fmt(arena, "%s/%s", object->ns, object->name);
}

/* The first line in which two texts differ, from both. */
static const char *
first_difference(const char *a, const char *b, struct bnc_arena *arena)
{
    size_t start = 0;
    if (a == NULL || b == NULL) {
        return "files";
    }
    for (size_t i = 0; a[i] == b[i] && a[i] != '\0'; i++) {
        if (a[i] == '\n') {
            start = i + 1;
        }
    }
    return bnc_arena_fmt(arena, "\n  got   %.*s\n  fresh %.*s",
                         (int)strcspn(a + start, "\n"), a + start,
                         (int)strcspn(b + start, "\n"), b + start);
}

static const char *
compare_results(const struct bnc_result *got, const struct bnc_result *want,
                struct bnc_arena *arena)
{
    const char *name = name_of(want->object, arena);
    if (got->ready != want->ready || got->n_desired != want->n_desired) {
        return bnc_arena_fmt(arena, "%s: ready %d, %zu objects; fresh: %d, %zu", name,
                             got->ready, got->n_desired, want->ready, want->n_desired);
    }
    for (size_t i = 0; i < got->n_desired; i++) {
        const struct bnc_desired *g = &got->desired[i];
        const struct bnc_desired *w = &want->desired[i];
        if (strcmp(g->hash, w->hash) != 0 || g->body.len != w->body.len ||
            memcmp(g->body.ptr, w->body.ptr, g->body.len) != 0) {
            return bnc_arena_fmt(
                arena, "%s: %s differs from a fresh render: %s", name, g->name,
                first_difference(getenv("D") ? g->body.ptr : g->content.ptr,
                                 getenv("D") ? w->body.ptr : w->content.ptr, arena));
        }
    }
    if (got->plan->n_patches != want->plan->n_patches ||
        got->plan->n_held != want->plan->n_held) {
        return bnc_arena_fmt(arena, "%s: %zu patches, %zu held; fresh: %zu, %zu", name,
                             got->plan->n_patches, got->plan->n_held,
                             want->plan->n_patches, want->plan->n_held);
    }
    for (size_t i = 0; i < got->plan->n_patches; i++) {
        const char *g = got->plan->patches[i].body.ptr;
        const char *w = want->plan->patches[i].body.ptr;
        if (strcmp(g, w) != 0) {
            return bnc_arena_fmt(arena, "%s: another patch: %s; fresh: %s", name, g, w);
        }
    }
    if (got->plan->n_verdicts != want->plan->n_verdicts) {
        return bnc_arena_fmt(arena, "%s: %zu verdicts, fresh: %zu", name,
                             got->plan->n_verdicts, want->plan->n_verdicts);
    }
    for (size_t i = 0; i < got->plan->n_verdicts; i++) {
        const struct bnc_verdict *g = &got->plan->verdicts[i];
        const struct bnc_verdict *w = &want->plan->verdicts[i];
        if (g->accepted != w->accepted || g->selected != w->selected ||
            g->jobs != w->jobs) {
            return bnc_arena_fmt(arena, "%s: another verdict on %s", name,
                                 name_of(w->member->object, arena));
        }
    }
    return NULL;
}

/* Unless it says itself that it is not done. */
static const char *
judge_results(const struct product *product, bool calm, uint64_t order,
              struct bnc_arena *arena)
{
    const struct bnc_engine *engine = bnc_controller_engine(product->controller);
    if (!bnc_engine_idle(engine)) {
        return NULL;
    }
    BNC_AUTO(bnc_engine) fresh = fresh_engine(product, order);
    if (bnc_engine_count(fresh) != bnc_engine_count(engine)) {
        return "another number of Observatories";
    }
    for (size_t i = 0; i < bnc_engine_count(fresh); i++) {
        const struct bnc_result *got = bnc_engine_result(engine, i);
        const struct bnc_result *want = bnc_engine_result(fresh, i);
        if (got->pending != want->pending) {
            return bnc_arena_fmt(arena, "%s: waits for a fact: %d; fresh: %d",
                                 name_of(want->object, arena), got->pending,
                                 want->pending);
        }
        if (got->pending) {
            continue; /* each has what it had before, if anything */
        }
        const char *what = compare_results(got, want, arena);
        if (what == NULL && calm && got->plan != NULL && want->plan != NULL) {
            what = judge_rates(got->plan, want->plan, arena);
        }
        if (what != NULL) {
            return what;
        }
    }
    return NULL;
}

const char *
judge_incremental(const struct product *product, uint64_t order, struct bnc_arena *arena)
{
    return judge_results(product, false, order, arena);
}

const char *
judge_calm(const struct product *product, struct bnc_arena *arena)
{
    return judge_results(product, true, 0, arena);
}

/* ---- against the store
 * --------------------------------------------------------------------- */

/* A slot may have one file more: the one of before. */
static void
keep_wanted(cJSON *got, const cJSON *want)
{
    cJSON *item = got == NULL ? NULL : got->child;
    size_t left = 1;
    while (item != NULL && left > 0) {
        cJSON *next = item->next;
        if (bnc_json_get(want, item->string) == NULL) {
            (void)bnc_json_remove(got, item->string);
            left--;
        }
        item = next;
    }
}

static const char *
check_output(const struct bnc_desired *desired, struct bnc_sim_api *api,
             struct bnc_arena *arena)
{
    const char *kind = bnc_kind_info(desired->kind)->name;
    const char *live = bnc_sim_api_get(api, kind, desired->ns, desired->name);
    struct bnc_error err = {0};
    cJSON *got = NULL;
    cJSON *want = NULL;

    if (live == NULL) {
        return bnc_arena_fmt(arena, "%s %s/%s is not there", kind, desired->ns,
                             desired->name);
    }
    if (bnc_json_parse(arena, live, strlen(live), &got, &err) ||
        bnc_json_parse(arena, desired->body.ptr, desired->body.len, &want, &err)) {
        return err.message[0] == '\0' ? "unreadable"
                                      : bnc_arena_strdup(arena, err.message);
    }
    const char *owner = bnc_json_get_str(
        bnc_json_path(got, "metadata", "annotations", NULL), "binnacle.dev/owner");
    if (!bnc_str_eq(owner,
                    bnc_json_get_str(bnc_json_path(want, "metadata", "annotations", NULL),
                                     "binnacle.dev/owner"))) {
        return NULL; /* another Observatory wants it as well, and has it */
    }
    static const char *const parts[] = {"data", "binaryData", "spec"};
    for (size_t i = 0; i < BNC_LEN(parts); i++) {
        (void)bnc_json_remove(bnc_json_get(got, parts[i]), "theirs"); /* adopted */
        if (cJSON_GetArraySize(bnc_json_get(want, parts[i])) == 0 &&
            cJSON_GetArraySize(bnc_json_get(got, parts[i])) == 0) {
            continue; /* an empty slot */
        }
        if (desired->role == BNC_ROLE_SLOT) {
            keep_wanted(bnc_json_get(got, parts[i]), bnc_json_get(want, parts[i]));
        }
        if (!bnc_json_equal(bnc_json_get(got, parts[i]), bnc_json_get(want, parts[i]))) {
            return bnc_arena_fmt(arena, "%s %s/%s: %s is not as desired", kind,
                                 desired->ns, desired->name, parts[i]);
        }
    }
    return NULL;
}

const char *
judge_published(const struct product *product, struct bnc_sim_api *api,
                struct bnc_arena *arena)
{
    const struct bnc_engine *engine = bnc_controller_engine(product->controller);
    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        const struct bnc_result *result = bnc_engine_result(engine, i);
        for (size_t k = 0; result->ready && k < result->n_desired; k++) {
            const char *what = check_output(&result->desired[k], api, arena);
            if (what != NULL) {
                return what;
            }
        }
    }
    return NULL;
}

struct statuses {
    struct bnc_arena *arena;
    const char *wrong;
};

static void
check_status(void *arg, const struct bnc_sim_api_item *item)
{
    struct statuses *s = arg;
    struct bnc_error err = {0};
    cJSON *root = NULL;
    int64_t generation = 0;
    int64_t observed = -1;

    if (s->wrong != NULL ||
        bnc_json_parse(s->arena, item->json, strlen(item->json), &root, &err)) {
        return;
    }
    (void)bnc_json_get_int(bnc_json_get(root, "metadata"), "generation", &generation);
    (void)bnc_json_get_int(bnc_json_get(root, "status"), "observedGeneration", &observed);
    if (generation != observed) {
        s->wrong =
            bnc_arena_fmt(s->arena, "%s/%s: generation %lld, observed %lld", item->ns,
                          item->name, (long long)generation, (long long)observed);
    }
}

const char *
judge_statuses(struct bnc_sim_api *api, struct bnc_arena *arena)
{
    struct statuses s = {.arena = arena};
    static const char *const kinds[] = {"ScrapePolicy", "SamplingPolicy", "MetricRule",
                                        "Observatory"};
    for (size_t i = 0; i < BNC_LEN(kinds); i++) {
        (void)bnc_sim_api_list(api, kinds[i], check_status, &s);
    }
    return s.wrong;
}

struct exact {
    const struct bnc_result *result;
    const char *owner;
    struct bnc_arena *arena;
    enum bnc_kind kind;
    const char *wrong;
};

/* Of the status, as the product knows it. */
static const char *
outputs_of(const struct bnc_result *result, struct bnc_arena *arena)
{
    struct bnc_error err = {0};
    cJSON *status = NULL;
    struct bnc_str out = bnc_str_new(arena, (size_t)64 * 1024);
    const struct bnc_bytes text = result->object->status;
    if (text.len == 0 || bnc_json_parse(arena, text.ptr, text.len, &status, &err)) {
        return "none";
    }
    bnc_json_print(bnc_json_path(status, "prometheus", "outputs", NULL), &out);
    return out.ptr;
}

/*
 * A root or slot beside its Observatory is written before the status names it: a crash
 * between the two, and another name after it, leave it for the garbage collector.
 */
static bool
is_told_first(const struct exact *e, const struct bnc_sim_api_item *item,
              const cJSON *notes)
{
    bool part = bnc_json_get_str(notes, BNC_ANNOTATION_FILE) != NULL &&
                bnc_json_get_str(notes, BNC_ANNOTATION_SLOT) == NULL;
    return part || bnc_str_ends(item->name, "-assets") ||
           strcmp(item->ns, e->result->object->ns) != 0;
}

static void
check_wanted(void *arg, const struct bnc_sim_api_item *item)
{
    struct exact *e = arg;
    struct bnc_error err = {0};
    cJSON *root = NULL;

    if (bnc_json_parse(e->arena, item->json, strlen(item->json), &root, &err)) {
        return;
    }
    const cJSON *notes = bnc_json_path(root, "metadata", "annotations", NULL);
    bool ours = bnc_str_eq(bnc_json_get_str(notes, "binnacle.dev/owner"), e->owner) &&
                is_told_first(e, item, notes);
    for (size_t i = 0; ours && i < e->result->n_desired; i++) {
        const struct bnc_desired *d = &e->result->desired[i];
        ours = d->kind != e->kind || strcmp(d->ns, item->ns) != 0 ||
               strcmp(d->name, item->name) != 0;
    }
    if (ours) {
        e->wrong = bnc_arena_fmt(
            e->arena, "%s/%s of %s is not wanted and still there; outputs: %s", item->ns,
            item->name, e->owner, outputs_of(e->result, e->arena));
    }
}

const char *
judge_exact(const struct product *product, struct bnc_sim_api *api,
            struct bnc_arena *arena)
{
    const struct bnc_engine *engine = bnc_controller_engine(product->controller);
    struct exact e = {.arena = arena};
    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        e.result = bnc_engine_result(engine, i);
        if (!e.result->ready || e.result->suspended) {
            continue; /* what is there stays */
        }
        e.owner = name_of(e.result->object, arena);
        e.kind = BNC_KIND_SECRET;
        (void)bnc_sim_api_list(api, "Secret", check_wanted, &e);
        e.kind = BNC_KIND_CONFIG_MAP;
        (void)bnc_sim_api_list(api, "ConfigMap", check_wanted, &e);
        e.kind = BNC_KIND_TELEMETRY;
        (void)bnc_sim_api_list(api, "Telemetry", check_wanted, &e);
        e.kind = BNC_KIND_INSTRUMENTATION;
        (void)bnc_sim_api_list(api, "Instrumentation", check_wanted, &e);
    }
    return e.wrong;
}

const char *
judge_loaded(const struct product *product, struct bnc_sim_api *api,
             struct bnc_arena *arena)
{
    const struct bnc_engine *engine = bnc_controller_engine(product->controller);
    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        const struct bnc_result *result = bnc_engine_result(engine, i);
        struct bnc_error err = {0};
        cJSON *root = NULL;
        const cJSON *condition;
        const char *json =
            bnc_sim_api_get(api, "Observatory", result->object->ns, result->object->name);
        if (!result->ready || result->suspended || json == NULL ||
            bnc_json_parse(arena, json, strlen(json), &root, &err)) {
            continue;
        }
        cJSON_ArrayForEach(condition, bnc_json_path(root, "status", "conditions", NULL))
        {
            if (bnc_str_eq(bnc_json_get_str(condition, "type"), "Loaded") &&
                !bnc_str_eq(bnc_json_get_str(condition, "status"), "True")) {
                return bnc_arena_fmt(arena, "%s: %s", name_of(result->object, arena),
                                     bnc_json_get_str(condition, "message"));
            }
        }
    }
    return NULL;
}

struct collected {
    struct bnc_sim_api *api;
    struct bnc_arena *arena;
    const char *wrong;
};

static void
check_owner(void *arg, const struct bnc_sim_api_item *item)
{
    struct collected *c = arg;
    struct bnc_error err = {0};
    cJSON *root = NULL;

    if (bnc_json_parse(c->arena, item->json, strlen(item->json), &root, &err)) {
        return;
    }
    const cJSON *annotations = bnc_json_path(root, "metadata", "annotations", NULL);
    const char *owner = bnc_json_get_str(annotations, "binnacle.dev/owner");
    const char *slash = owner == NULL ? NULL : strchr(owner, '/');
    if (slash == NULL) {
        return;
    }
    const char *ns = bnc_arena_strndup(c->arena, owner, (size_t)(slash - owner));
    if (bnc_sim_api_get(c->api, "Observatory", ns, slash + 1) == NULL) {
        c->wrong = bnc_arena_fmt(c->arena, "%s/%s of %s is still there", item->ns,
                                 item->name, owner);
    }
}

const char *
judge_collected(struct bnc_sim_api *api, struct bnc_arena *arena)
{
    struct collected c = {.api = api, .arena = arena};
    (void)bnc_sim_api_list(api, "Secret", check_owner, &c);
    (void)bnc_sim_api_list(api, "ConfigMap", check_owner, &c);
    (void)bnc_sim_api_list(api, "Telemetry", check_owner, &c);
    (void)bnc_sim_api_list(api, "Instrumentation", check_owner, &c);
    return c.wrong;
}
