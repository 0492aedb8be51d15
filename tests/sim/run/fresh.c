#include "tests/sim/run/fresh.h"

#include <stdlib.h>

#include "reconcilers/plan.h"
#include "reconcilers/table.h"
#include "tests/sim/run/seam.h"

#define WORK_ALL    1000
#define GO_AND_COME 20 /* one of so many objects */

struct want {
    enum bnc_kind kind;
    char *ns;
    char *name;
    struct want *next;
};

struct fresh {
    const struct product *product;
    const struct bnc_cache *facts;
    struct bnc_engine *engine;
    uint64_t order;
    struct want *wants;
    const struct bnc_object **objects;
    size_t n_objects;
    size_t room;
};

static void
on_want(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct fresh *f = arg;
    struct want *want = bnc_alloc(sizeof(*want));
    *want = (struct want){
        .kind = kind, .ns = bnc_strdup(ns), .name = bnc_strdup(name), .next = f->wants};
    f->wants = want;
}

static void
on_unwant(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(kind);
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
}

/* ---- facts ------------------------------------------------------------------------ */

static void
give(struct fresh *f, const struct bnc_object *object)
{
    struct bnc_object *shared =
        bnc_cache_get(f->facts, object->kind, object->ns, object->name);
    bnc_engine_put(f->engine, bnc_object_ref(shared));
}

static void
collect(void *arg, const struct bnc_object *object)
{
    struct fresh *f = arg;
    if (f->n_objects == f->room) {
        f->room = f->room == 0 ? 256 : f->room * 2;
        f->objects = bnc_realloc(f->objects, f->room * sizeof(const struct bnc_object *));
    }
    f->objects[f->n_objects++] = object;
}

/* Not the simulator's generator: looking must not change what happens. */
static uint64_t
below(struct fresh *f, uint64_t n)
{
    f->order = f->order * 6364136223846793005U + 1442695040888963407U;
    return (f->order >> 33) % n;
}

static void
shuffle(struct fresh *f)
{
    for (size_t i = f->n_objects; i > 1; i--) {
        size_t k = below(f, i);
        const struct bnc_object *object = f->objects[i - 1];
        f->objects[i - 1] = f->objects[k];
        f->objects[k] = object;
    }
}

/* What was asked for meanwhile, from the same facts. */
static bool
answer_want(struct fresh *f)
{
    struct want *want = f->wants;
    if (want == NULL) {
        return false;
    }
    f->wants = want->next;
    struct bnc_object *object = bnc_cache_get(f->facts, want->kind, want->ns, want->name);
    enum seam_known known =
        seam_known(f->product->source, want->kind, want->ns, want->name);
    if (object != NULL) {
        bnc_engine_put(f->engine, bnc_object_ref(object));
    }
    if (known == SEAM_KNOWN || object != NULL) {
        bnc_engine_synced(f->engine, want->kind, want->ns, want->name);
    } else if (known == SEAM_GIVEN_UP) {
        bnc_engine_denied(f->engine, want->kind, want->ns, want->name);
    }
    free(want->ns);
    free(want->name);
    free(want);
    return true;
}

static void
tell_all(struct fresh *f)
{
    size_t early = f->order == 0 ? f->n_objects : f->n_objects / 2;
    for (size_t i = 0; i < early; i++) {
        give(f, f->objects[i]);
    }
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        if (!bnc_kind_info(kind)->by_name) {
            bnc_engine_synced(f->engine, kind, "", NULL);
        }
    }
    for (size_t i = early; i < f->n_objects; i++) {
        const struct bnc_object *again = f->objects[below(f, i + 1)];
        (void)bnc_engine_work(f->engine, below(f, 4));
        if (below(f, GO_AND_COME) == 0) {
            bnc_engine_gone(f->engine, again->kind, again->ns, again->name);
            (void)bnc_engine_work(f->engine, below(f, 4));
            give(f, again);
        }
        give(f, f->objects[i]);
    }
}

struct bnc_engine *
fresh_engine(const struct product *product, uint64_t order)
{
    struct fresh f = {.product = product,
                      .facts =
                          bnc_engine_cache(bnc_controller_engine(product->controller)),
                      .order = order};
    f.engine =
        bnc_engine_new(&(struct bnc_engine_options){.reconcilers = bnc_reconcilers,
                                                    .n_reconcilers = bnc_n_reconcilers,
                                                    .planner = &bnc_planner_prometheus,
                                                    .settings = &product->settings,
                                                    .want = on_want,
                                                    .unwant = on_unwant,
                                                    .arg = &f});
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        if (!bnc_kind_info(kind)->by_name) {
            bnc_cache_each(f.facts, kind, NULL, collect, &f);
        }
    }
    if (order != 0) {
        shuffle(&f);
    }
    tell_all(&f);
    free(f.objects);
    do {
        while (bnc_engine_work(f.engine, WORK_ALL)) {
        }
    } while (answer_want(&f));
    return f.engine;
}
