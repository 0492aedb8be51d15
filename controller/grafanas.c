#include "controller/grafanas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/edges.h"
#include "lib/map.h"
#include "model/ir_grafana.h"

struct bnc_grafanas {
    struct bnc_grafanas_options options;
    struct bnc_gapi *gapi;
    struct bnc_map *known; /* "NS/NAME" of Observatories that are looked after */
};

static const char *
key_of(char out[BNC_FACT_KEY_MAX], const char *ns, const char *name)
{
    (void)snprintf(out, BNC_FACT_KEY_MAX, "%s/%s", ns, name);
    return out;
}

static void
on_changed(void *arg, const char *ns, const char *name, const struct bnc_gapi_state *now)
{
    struct bnc_grafanas *grafanas = arg;
    char key[BNC_FACT_KEY_MAX];
    if (now->gone) {
        (void)bnc_map_take(grafanas->known, key_of(key, ns, name));
    }
    grafanas->options.wake(grafanas->options.arg);
}

/* The object that an item is for, by "KIND NS/NAME". */
static const struct bnc_object *
owner_of(const struct bnc_grafanas *grafanas, const char *owner)
{
    static const enum bnc_kind kinds[] = {BNC_KIND_DATASOURCE, BNC_KIND_DASHBOARD,
                                          BNC_KIND_OBSERVATORY};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *slash = strchr(owner, '/');
    for (size_t i = 0; slash != NULL && i < BNC_LEN(kinds); i++) {
        const char *word = bnc_kind_info(kinds[i])->name;
        size_t n = strlen(word);
        if (strncmp(owner, word, n) == 0 && owner[n] == ' ') {
            const char *ns =
                bnc_arena_strndup(arena, owner + n + 1, (size_t)(slash - owner) - n - 1);
            return bnc_cache_get(bnc_engine_cache(grafanas->options.engine), kinds[i], ns,
                                 slash + 1);
        }
    }
    return NULL;
}

static void
on_repaired(void *arg, const char *ns, const char *name,
            const struct bnc_gapi_item_state *item, const char *message)
{
    struct bnc_grafanas *grafanas = arg;
    const struct bnc_object *object = owner_of(grafanas, item->owner);
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
    if (object != NULL) {
        bnc_event_write(grafanas->options.events, object, "Repaired", message);
    }
}

struct bnc_grafanas *
bnc_grafanas_new(const struct bnc_grafanas_options *options)
{
    struct bnc_grafanas *grafanas = bnc_alloc(sizeof(*grafanas));
    *grafanas = (struct bnc_grafanas){.options = *options, .known = bnc_map_new()};
    grafanas->gapi =
        bnc_gapi_new(&(struct bnc_gapi_options){.world = options->world,
                                                .changed = on_changed,
                                                .repaired = on_repaired,
                                                .may_write = options->may_write,
                                                .may_write_arg = options->may_write_arg,
                                                .arg = grafanas});
    return grafanas;
}

void
bnc_grafanas_free(struct bnc_grafanas *grafanas)
{
    if (grafanas != NULL) {
        bnc_gapi_free(grafanas->gapi);
        bnc_map_free(grafanas->known);
        free(grafanas);
    }
}

void
bnc_grafanas_set(struct bnc_grafanas *grafanas, const struct bnc_result *result)
{
    const struct bnc_object *object = result->object;
    char key[BNC_FACT_KEY_MAX];
    if (result->grafana == NULL) {
        bnc_grafanas_drop(grafanas, object, false);
        return;
    }
    (void)bnc_map_put(grafanas->known, key_of(key, object->ns, object->name), grafanas);
    bnc_gapi_set(grafanas->gapi, object->ns, object->name, result->grafana);
}

void
bnc_grafanas_drop(struct bnc_grafanas *grafanas, const struct bnc_object *object,
                  bool orphan)
{
    char key[BNC_FACT_KEY_MAX];
    if (bnc_map_get(grafanas->known, key_of(key, object->ns, object->name)) == NULL) {
        return;
    }
    bnc_gapi_drop(grafanas->gapi, object->ns, object->name, !orphan);
    if (orphan) {
        (void)bnc_map_take(grafanas->known, key);
    }
}

bool
bnc_grafanas_gone(const struct bnc_grafanas *grafanas, const struct bnc_object *object)
{
    char key[BNC_FACT_KEY_MAX];
    return bnc_map_get(grafanas->known, key_of(key, object->ns, object->name)) == NULL;
}

bool
bnc_grafanas_asking(const struct bnc_grafanas *grafanas)
{
    return bnc_gapi_asking(grafanas->gapi);
}

bool
bnc_grafanas_get(const struct bnc_grafanas *grafanas, const struct bnc_object *object,
                 struct bnc_arena *arena, struct bnc_gapi_state *out)
{
    return bnc_gapi_get(grafanas->gapi, object->ns, object->name, arena, out);
}

static int
compare_item(const void *a, const void *b)
{
    const struct bnc_gapi_item_state *x = a;
    const struct bnc_gapi_item_state *y = b;
    if (x->org != y->org) {
        return x->org < y->org ? -1 : 1;
    }
    return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : strcmp(x->uid, y->uid);
}

const char *
bnc_grafanas_blame(const struct bnc_gapi_state *state, const struct bnc_member *member)
{
    const struct bnc_ir *ir = member->ir;
    struct bnc_gapi_item_state key = {0};
    if (ir->type == BNC_IR_DATASOURCE) {
        key = (struct bnc_gapi_item_state){.kind = BNC_GAPI_DATASOURCE,
                                           .org = ir->as.datasource->org,
                                           .uid = ir->as.datasource->uid};
    } else if (ir->type == BNC_IR_DASHBOARD) {
        key = (struct bnc_gapi_item_state){.kind = BNC_GAPI_DASHBOARD,
                                           .org = ir->as.dashboard->org,
                                           .uid = ir->as.dashboard->uid};
    }
    const struct bnc_gapi_item_state *item =
        key.uid == NULL || state->n == 0
            ? NULL
            : bsearch(&key, state->items, state->n, sizeof(key), compare_item);
    bool wrong = item != NULL && (item->standing == BNC_GAPI_FAILED ||
                                  item->standing == BNC_GAPI_FOREIGN);
    return wrong ? item->message : NULL;
}
