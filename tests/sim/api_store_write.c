#include <stdlib.h>
#include <string.h>

#include "tests/sim/api_internal.h"

struct bnc_api_outcome
bnc_api_refuse(int status, const char *reason, const char *message)
{
    return (struct bnc_api_outcome){
        .status = status, .reason = reason, .message = message};
}

static const char *const server_fields[] = {"uid",
                                            "resourceVersion",
                                            "generation",
                                            "creationTimestamp",
                                            "deletionTimestamp",
                                            "deletionGracePeriodSeconds",
                                            "managedFields"};

static const char *
make_uid(struct bnc_sim_api *api, struct bnc_arena *arena)
{
    uint64_t a = bnc_sim_random(api->sim);
    uint64_t b = bnc_sim_random(api->sim);
    return bnc_arena_fmt(arena, "%08x-%04x-4%03x-a%03x-%012llx", (unsigned)(a >> 32),
                         (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
                         (unsigned)(b >> 52), (unsigned long long)(b & 0xffffffffffffU));
}

/* What the server says of a new object; what it keeps of an old one. */
static void
settle_metadata(struct bnc_sim_api *api, struct bnc_arena *arena,
                const struct bnc_api_kind *kind, const struct bnc_jv *live,
                struct bnc_jv *tree)
{
    static const char *const maps[] = {"labels", "annotations"};
    struct bnc_jv *meta = bnc_jv_need(arena, tree, "metadata");
    const struct bnc_jv *old = bnc_jv_get(live, "metadata");
    for (size_t i = 0; i < BNC_LEN(server_fields); i++) {
        bnc_jv_drop(meta, server_fields[i]);
        const struct bnc_jv *kept = bnc_jv_get(old, server_fields[i]);
        if (kept != NULL) {
            bnc_jv_set(arena, meta, server_fields[i], bnc_jv_copy(arena, kept));
        }
    }
    for (size_t i = 0; i < BNC_LEN(maps); i++) {
        const struct bnc_jv *map = bnc_jv_get(meta, maps[i]);
        if (map != NULL && map->child == NULL) {
            bnc_jv_drop(meta, maps[i]); /* empty is none */
        }
    }
    if (live == NULL) {
        bnc_jv_set(arena, meta, "uid", bnc_jv_string(arena, make_uid(api, arena)));
        bnc_jv_set(arena, meta, "creationTimestamp",
                   bnc_jv_string(arena, bnc_api_time(api, arena)));
        if (kind->generation) {
            bnc_jv_set(arena, meta, "generation", bnc_jv_number(arena, 1));
        }
    }
}

/* The part of `tree` that this writer may not change comes from `live`. */
static void
settle_status(struct bnc_arena *arena, const struct bnc_api_kind *kind,
              const struct bnc_jv *live, struct bnc_jv **tree,
              const struct bnc_api_writer *writer)
{
    /* a user who names no status leaves it as it is */
    if (!kind->status || (writer->direct && bnc_jv_get(*tree, "status") != NULL)) {
        return;
    }
    struct bnc_jv *to = *tree;
    const struct bnc_jv *status = bnc_jv_get(live, "status");
    if (*writer->sub != '\0') {
        to = bnc_jv_copy(arena, live);
        status = bnc_jv_get(*tree, "status");
    }
    bnc_jv_drop(to, "status");
    if (status != NULL) {
        bnc_jv_set(arena, to, "status", bnc_jv_copy(arena, status));
    }
    *tree = to;
}

/* The same of an intent: what is not this writer's is left out. */
static void
strip_intent(struct bnc_arena *arena, const struct bnc_api_kind *kind,
             struct bnc_jv *config, const char *sub)
{
    struct bnc_jv *meta = bnc_jv_need(arena, config, "metadata");
    for (size_t i = 0; i < BNC_LEN(server_fields); i++) {
        bnc_jv_drop(meta, server_fields[i]);
    }
    if (!kind->status) {
        return;
    }
    if (*sub == '\0') {
        bnc_jv_drop(config, "status");
        return;
    }
    const struct bnc_jv *status = bnc_jv_get(config, "status");
    config->child = config->last = NULL;
    if (status != NULL) {
        bnc_jv_set(arena, config, "status", bnc_jv_copy(arena, status));
    }
}

static bool
same_but_metadata(const struct bnc_jv *a, const struct bnc_jv *b)
{
    for (int turn = 0; turn < 2; turn++) {
        for (const struct bnc_jv *c = a->child; c != NULL; c = c->next) {
            if (strcmp(c->key, "metadata") != 0 && strcmp(c->key, "status") != 0 &&
                !bnc_jv_equal(c, bnc_jv_get(b, c->key))) {
                return false;
            }
        }
        const struct bnc_jv *swap = a;
        a = b;
        b = swap;
    }
    return true;
}

/* What makes it another generation: the spec; of a Deployment the annotations as well. */
static bool
same_generation(const struct bnc_api_kind *kind, const struct bnc_jv *a,
                const struct bnc_jv *b)
{
    const struct bnc_jv *one = bnc_jv_get(bnc_jv_get(a, "metadata"), "annotations");
    const struct bnc_jv *two = bnc_jv_get(bnc_jv_get(b, "metadata"), "annotations");
    bool annotated = strcmp(kind->kind, "Deployment") == 0 &&
                     !(one == NULL || two == NULL ? one == two : bnc_jv_equal(one, two));
    return same_but_metadata(a, b) && !annotated;
}

static const char *
precondition(struct bnc_arena *arena, const struct bnc_jv *live,
             const struct bnc_jv *tree)
{
    static const char *const fields[] = {"uid", "resourceVersion"};
    const struct bnc_jv *asked = bnc_jv_get(tree, "metadata");
    const struct bnc_jv *has = bnc_jv_get(live, "metadata");
    for (size_t i = 0; i < BNC_LEN(fields); i++) {
        const char *want = bnc_jv_text(asked, fields[i], "");
        const char *got = bnc_jv_text(has, fields[i], "");
        if (*want != '\0' && strcmp(want, got) != 0) {
            return bnc_arena_fmt(arena,
                                 "Operation cannot be fulfilled: the object has been "
                                 "modified; please apply your changes to the latest "
                                 "version (%s is %s, not %s)",
                                 fields[i], got, want);
        }
    }
    return NULL;
}

/* The object exists and equals what is to be stored, or is stored now. */
static struct bnc_api_outcome
conclude(struct bnc_sim_api *api, struct bnc_arena *arena, struct bnc_api_resource *res,
         struct bnc_api_version *live, struct bnc_jv *tree, bool dry_run)
{
    struct bnc_jv *old = live == NULL ? NULL : bnc_api_tree(arena, live);
    const char *wrong = bnc_api_validate(arena, res->kind, old, tree);
    if (wrong != NULL) {
        return bnc_api_refuse(
            422, "Invalid",
            bnc_arena_fmt(arena, "%s \"%s\" is invalid: %s", res->kind->kind,
                          bnc_jv_text(bnc_jv_get(tree, "metadata"), "name", ""), wrong));
    }
    if (old != NULL && res->kind->generation && !same_generation(res->kind, old, tree)) {
        struct bnc_jv *meta = bnc_jv_get(tree, "metadata");
        bnc_jv_set(arena, meta, "generation",
                   bnc_jv_number(arena, bnc_jv_int(meta, "generation", 1) + 1));
    }
    if (dry_run || (old != NULL && bnc_jv_equal(old, tree))) {
        return (struct bnc_api_outcome){.status = 200, .object = live};
    }
    const struct bnc_jv *meta = bnc_jv_get(tree, "metadata");
    const struct bnc_jv *finalizers = bnc_jv_get(meta, "finalizers");
    if (live != NULL && bnc_jv_get(meta, "deletionTimestamp") != NULL &&
        (finalizers == NULL || finalizers->child == NULL)) {
        bnc_api_take(api, arena, res, live); /* and nothing is stored before */
        return (struct bnc_api_outcome){.status = 200, .changed = true};
    }
    return (struct bnc_api_outcome){.status = live == NULL ? 201 : 200,
                                    .object = bnc_api_commit(api, arena, res, tree),
                                    .changed = true};
}

static struct bnc_api_outcome
store_apply(struct bnc_sim_api *api, struct bnc_arena *arena,
            struct bnc_api_resource *res, struct bnc_api_version *live,
            struct bnc_jv *config, const struct bnc_api_writer *writer, bool dry_run)
{
    struct bnc_jv *old = live == NULL ? NULL : bnc_api_tree(arena, live);
    struct bnc_jv *tree;
    if (old != NULL) {
        tree = bnc_jv_copy(arena, old);
    } else {
        const struct bnc_jv *meta = bnc_jv_get(config, "metadata");
        tree = bnc_jv_object(arena);
        bnc_jv_set(arena, tree, "kind", bnc_jv_string(arena, res->kind->kind));
        bnc_jv_set(arena, tree, "apiVersion",
                   bnc_jv_string(arena, bnc_api_version_text(arena, res->kind)));
        bnc_jv_set(arena, bnc_jv_need(arena, tree, "metadata"), "name",
                   bnc_jv_string(arena, bnc_jv_text(meta, "name", "")));
        if (res->kind->namespaced) {
            bnc_jv_set(arena, bnc_jv_get(tree, "metadata"), "namespace",
                       bnc_jv_string(arena, bnc_jv_text(meta, "namespace", "")));
        }
    }
    strip_intent(arena, res->kind, config, writer->sub);
    settle_metadata(api, arena, res->kind, old, tree);
    const char *conflict =
        bnc_api_own_apply(api, arena, res->kind, old, tree, config, writer);
    if (conflict != NULL) {
        return bnc_api_refuse(409, "Conflict", conflict);
    }
    return conclude(api, arena, res, live, tree, dry_run);
}

struct bnc_api_outcome
bnc_api_store(struct bnc_sim_api *api, struct bnc_arena *arena,
              struct bnc_api_resource *res, struct bnc_api_version *live,
              struct bnc_jv *tree, const struct bnc_api_writer *writer, bool dry_run)
{
    struct bnc_jv *old = live == NULL ? NULL : bnc_api_tree(arena, live);
    const char *ns = bnc_jv_text(bnc_jv_get(tree, "metadata"), "namespace", "");
    if (live == NULL && res->kind->namespaced &&
        bnc_api_find(bnc_api_resource_of(api, "Namespace"), "", ns) == NULL) {
        return bnc_api_refuse(404, "NotFound",
                              bnc_arena_fmt(arena, "namespaces \"%s\" not found", ns));
    }
    const char *stale = precondition(arena, old, tree);
    if (stale != NULL && !writer->direct) {
        return bnc_api_refuse(409, "Conflict", stale);
    }
    if (writer->apply) {
        return store_apply(api, arena, res, live, tree, writer, dry_run);
    }
    settle_metadata(api, arena, res->kind, old, tree);
    settle_status(arena, res->kind, old, &tree, writer);
    bnc_api_own_update(api, arena, res->kind, old, tree, writer);
    return conclude(api, arena, res, live, tree, dry_run);
}

void
bnc_api_merge_patch(struct bnc_arena *arena, struct bnc_jv *tree,
                    const struct bnc_jv *patch)
{
    for (const struct bnc_jv *c = patch->child; c != NULL; c = c->next) {
        if (c->type == BNC_JV_NULL) {
            bnc_jv_drop(tree, c->key);
        } else if (c->type == BNC_JV_OBJECT) {
            bnc_api_merge_patch(arena, bnc_jv_need(arena, tree, c->key), c);
        } else {
            bnc_jv_set(arena, tree, c->key, bnc_jv_copy(arena, c));
        }
    }
}

static void
count(struct bnc_sim_api_writes *writes, const struct bnc_api_outcome *outcome)
{
    writes->changes += outcome->changed;
    writes->refused += outcome->status >= 400;
    writes->noops += outcome->status < 400 && !outcome->changed;
}

void
bnc_api_count_write(struct bnc_sim_api *api, const char *manager, bool http,
                    const struct bnc_api_outcome *outcome)
{
    struct bnc_sim_api_writes *row = bnc_map_get(api->writes, manager);
    if (row == NULL) {
        row = bnc_alloc(sizeof(*row));
        (void)bnc_map_put(api->writes, manager, row);
    }
    count(row, outcome);
    if (http) {
        count(&api->http_writes, outcome);
    }
}
