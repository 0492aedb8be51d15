#include "controller/wants.h"

#include <stdlib.h>

#include "controller/controller.h"
#include "controller/edges.h"
#include "lib/map.h"

struct want {
    const struct bnc_wants *wants;
    enum bnc_kind kind;
    char *ns;
    char *name;
    struct bnc_timer *patience;
};

struct bnc_wants {
    struct bnc_world *world;
    bnc_want_fn lost;
    void *arg;
    struct bnc_map *items; /* by fact key */
};

struct bnc_wants *
bnc_wants_new(struct bnc_world *world, bnc_want_fn lost, void *arg)
{
    struct bnc_wants *wants = bnc_alloc(sizeof(*wants));
    *wants = (struct bnc_wants){
        .world = world, .lost = lost, .arg = arg, .items = bnc_map_new()};
    return wants;
}

static void
free_want(struct want *want)
{
    if (want != NULL) {
        bnc_timer_free(want->patience);
        free(want->ns);
        free(want->name);
        free(want);
    }
}

void
bnc_wants_free(struct bnc_wants *wants)
{
    if (wants == NULL) {
        return;
    }
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(wants->items, &at, NULL, &value)) {
        free_want(value);
    }
    bnc_map_free(wants->items);
    free(wants);
}

static void
lose_patience(void *arg)
{
    const struct want *want = arg;
    want->wants->lost(want->wants->arg, want->kind, want->ns, want->name);
}

void
bnc_wants_add(struct bnc_wants *wants, enum bnc_kind kind, const char *ns,
              const char *name)
{
    char key[BNC_FACT_KEY_MAX];
    struct want *want = bnc_alloc(sizeof(*want));
    *want = (struct want){
        .wants = wants, .kind = kind, .ns = bnc_strdup(ns), .name = bnc_strdup(name)};
    want->patience = bnc_timer_new(wants->world, lose_patience, want);
    bnc_timer_set(want->patience, BNC_REF_PATIENCE_MS);
    bnc_fact_key(key, kind, ns, name);
    (void)bnc_map_put(wants->items, key, want);
}

void
bnc_wants_known(struct bnc_wants *wants, enum bnc_kind kind, const char *ns,
                const char *name)
{
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    const struct want *want = bnc_map_get(wants->items, key);
    if (want != NULL) {
        bnc_timer_stop(want->patience);
    }
}

void
bnc_wants_remove(struct bnc_wants *wants, enum bnc_kind kind, const char *ns,
                 const char *name)
{
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    free_want(bnc_map_take(wants->items, key));
}
