#include <string.h>

#include "tests/sim/api_internal.h"

#define MAX_MANAGERS 32

struct manager {
    const char *name;
    const char *operation;
    const char *sub;
    const char *time;
    struct bnc_api_set set;
    bool changed;
};

struct managers {
    struct manager rows[MAX_MANAGERS];
    size_t n;
};

static void
read_managers(struct bnc_arena *arena, const struct bnc_jv *tree, struct managers *out)
{
    const struct bnc_jv *list = bnc_jv_get(bnc_jv_get(tree, "metadata"), "managedFields");
    out->n = 0;
    for (const struct bnc_jv *e = list == NULL ? NULL : list->child;
         e != NULL && out->n < MAX_MANAGERS - 1; e = e->next) {
        out->rows[out->n++] = (struct manager){
            .name = bnc_jv_text(e, "manager", ""),
            .operation = bnc_jv_text(e, "operation", "Update"),
            .sub = bnc_jv_text(e, "subresource", ""),
            .time = bnc_jv_text(e, "time", ""),
            .set = bnc_api_set_parse(arena, bnc_jv_get(e, "fieldsV1")),
        };
    }
}

static void
write_managers(struct bnc_sim_api *api, struct bnc_arena *arena,
               const struct bnc_api_kind *kind, const struct managers *in,
               struct bnc_jv *tree)
{
    struct bnc_jv *list = bnc_jv_array(arena);
    for (size_t i = 0; i < in->n; i++) {
        const struct manager *m = &in->rows[i];
        if (m->set.n == 0) {
            continue;
        }
        struct bnc_jv *e = bnc_jv_object(arena);
        const char *time = m->changed ? bnc_api_time(api, arena) : m->time;
        bnc_jv_set(arena, e, "manager", bnc_jv_string(arena, m->name));
        bnc_jv_set(arena, e, "operation", bnc_jv_string(arena, m->operation));
        bnc_jv_set(arena, e, "apiVersion",
                   bnc_jv_string(arena, bnc_api_version_text(arena, kind)));
        bnc_jv_set(arena, e, "time", bnc_jv_string(arena, time));
        bnc_jv_set(arena, e, "fieldsType", bnc_jv_string(arena, "FieldsV1"));
        bnc_jv_set(arena, e, "fieldsV1", bnc_api_set_tree(&m->set));
        if (*m->sub != '\0') {
            bnc_jv_set(arena, e, "subresource", bnc_jv_string(arena, m->sub));
        }
        bnc_jv_append(list, e);
    }
    struct bnc_jv *meta = bnc_jv_need(arena, tree, "metadata");
    bnc_jv_drop(meta, "managedFields");
    if (list->child != NULL) {
        bnc_jv_set(arena, meta, "managedFields", list);
    }
}

static struct manager *
own_row(struct bnc_arena *arena, struct managers *all,
        const struct bnc_api_writer *writer)
{
    const char *operation = writer->apply ? "Apply" : "Update";
    for (size_t i = 0; i < all->n; i++) {
        struct manager *m = &all->rows[i];
        if (strcmp(m->name, writer->manager) == 0 && strcmp(m->sub, writer->sub) == 0 &&
            strcmp(m->operation, operation) == 0) {
            return m;
        }
    }
    struct manager *m = &all->rows[all->n++];
    *m = (struct manager){.name = writer->manager,
                          .operation = operation,
                          .sub = writer->sub,
                          .time = "",
                          .set = bnc_api_set_new(arena),
                          .changed = true};
    return m;
}

static void
set_fields(struct manager *m, struct bnc_api_set set)
{
    if (!bnc_api_set_equal(&m->set, &set)) {
        m->set = set;
        m->changed = true;
    }
}

void
bnc_api_own_update(struct bnc_sim_api *api, struct bnc_arena *arena,
                   const struct bnc_api_kind *kind, const struct bnc_jv *live,
                   struct bnc_jv *tree, const struct bnc_api_writer *writer)
{
    struct managers all;
    struct bnc_api_set changed = bnc_api_set_new(arena);
    struct bnc_api_set removed = bnc_api_set_new(arena);
    read_managers(arena, live, &all);
    bnc_api_compare(kind, live, tree, &changed, &removed);
    struct bnc_api_set touched = bnc_api_set_or(&changed, &removed);
    struct manager *own = own_row(arena, &all, writer);
    for (size_t i = 0; i < all.n; i++) {
        struct manager *m = &all.rows[i];
        if (m != own) {
            set_fields(m, bnc_api_set_minus(&m->set, &touched));
        }
    }
    struct bnc_api_set kept = bnc_api_set_minus(&own->set, &removed);
    set_fields(own, bnc_api_set_or(&kept, &changed));
    own->changed = own->changed || touched.n > 0;
    write_managers(api, arena, kind, &all, tree);
}

/* Others' fields that the apply gives another value: taken, or a conflict's text. */
static const char *
settle_conflicts(struct bnc_arena *arena, struct managers *all, const struct manager *own,
                 const struct bnc_api_set *changed, bool force)
{
    for (size_t i = 0; i < all->n; i++) {
        struct manager *m = &all->rows[i];
        if (m == own) {
            continue;
        }
        struct bnc_api_set both = bnc_api_set_and(&m->set, changed);
        if (both.n > 0 && !force) {
            return bnc_arena_fmt(arena,
                                 "Apply failed with %zu conflict%s: conflict%s with "
                                 "\"%s\"%s%s: %s",
                                 both.n, both.n == 1 ? "" : "s", both.n == 1 ? "" : "s",
                                 m->name, *m->sub == '\0' ? "" : " with subresource ",
                                 m->sub, bnc_api_path_text(arena, both.paths[0]));
        }
        set_fields(m, bnc_api_set_minus(&m->set, &both));
    }
    return NULL;
}

static bool
others_have(const struct managers *all, const struct manager *own, const char *path)
{
    for (size_t i = 0; i < all->n; i++) {
        if (&all->rows[i] != own && bnc_api_set_has_below(&all->rows[i].set, path)) {
            return true;
        }
    }
    return false;
}

const char *
bnc_api_own_apply(struct bnc_sim_api *api, struct bnc_arena *arena,
                  const struct bnc_api_kind *kind, const struct bnc_jv *live,
                  struct bnc_jv *tree, const struct bnc_jv *config,
                  const struct bnc_api_writer *writer)
{
    struct managers all;
    struct bnc_api_set changed = bnc_api_set_new(arena);
    struct bnc_api_set removed = bnc_api_set_new(arena);
    struct bnc_api_set fields = bnc_api_fields(arena, kind, config);
    read_managers(arena, live, &all);
    bnc_api_merge(arena, kind, tree, config);
    bnc_api_compare(kind, live, tree, &changed, &removed);
    struct manager *own = own_row(arena, &all, writer);
    const char *conflict = settle_conflicts(arena, &all, own, &changed, writer->force);
    if (conflict != NULL) {
        return conflict;
    }
    struct bnc_api_set dropped = bnc_api_set_minus(&own->set, &fields);
    for (size_t i = 0; i < dropped.n; i++) { /* an item comes before what is in it */
        const char *path = dropped.paths[i];
        if (!bnc_api_set_has_below(&fields, path) && !others_have(&all, own, path)) {
            bnc_api_take_out(arena, kind, tree, path);
        }
    }
    set_fields(own, fields);
    own->changed = own->changed || changed.n > 0;
    write_managers(api, arena, kind, &all, tree);
    return NULL;
}
