/*
 * An engine over a set of facts, without a source: what it wants by name is given
 * at once, and nothing else.
 */
#ifndef BNC_TESTS_UNIT_ENGINE_H
#define BNC_TESTS_UNIT_ENGINE_H

#include "controller/engine.h"
#include "reconcilers/plan.h"
#include "reconcilers/table.h"
#include "tests/unit/facts.h"

#define WANTED_MAX 64

struct wanted {
    enum bnc_kind kind;
    char ns[64];
    char name[254];
    bool told;
};

struct driven {
    struct bnc_engine *engine;
    struct bnc_settings settings;
    struct bnc_object *const *present; /* NULL where there is none */
    size_t n_present;
    struct wanted wanted[WANTED_MAX];
    size_t n_wanted;
};

static inline bool
driven_is(const struct bnc_object *object, enum bnc_kind kind, const char *ns,
          const char *name)
{
    return object != NULL && object->kind == kind && strcmp(object->ns, ns) == 0 &&
           strcmp(object->name, name) == 0;
}

static inline void
driven_want(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct driven *d = arg;
    struct wanted *w = &d->wanted[d->n_wanted++];

    assert_true(d->n_wanted < WANTED_MAX);
    *w = (struct wanted){.kind = kind};
    (void)snprintf(w->ns, sizeof(w->ns), "%s", ns);
    (void)snprintf(w->name, sizeof(w->name), "%s", name);
}

static inline void
driven_unwant(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct driven *d = arg;
    for (size_t i = 0; i < d->n_wanted; i++) {
        const struct wanted *w = &d->wanted[i];
        if (w->kind == kind && strcmp(w->ns, ns) == 0 && strcmp(w->name, name) == 0) {
            d->wanted[i] = d->wanted[--d->n_wanted];
            return;
        }
    }
    fail_msg("%s/%s was not wanted", ns, name);
}

/* `present` is borrowed and may change; say so with driven_put() and driven_gone(). */
static inline void
driven_start(struct driven *d, struct bnc_object *const *present, size_t n)
{
    *d = (struct driven){.present = present, .n_present = n};
    d->engine =
        bnc_engine_new(&(struct bnc_engine_options){.reconcilers = bnc_reconcilers,
                                                    .n_reconcilers = bnc_n_reconcilers,
                                                    .planner = &bnc_planner_prometheus,
                                                    .settings = &d->settings,
                                                    .want = driven_want,
                                                    .unwant = driven_unwant,
                                                    .arg = d});
}

static inline void
driven_stop(struct driven *d)
{
    bnc_engine_free(d->engine);
}

static inline bool
driven_wants(const struct driven *d, const struct bnc_object *object)
{
    for (size_t i = 0; i < d->n_wanted; i++) {
        if (driven_is(object, d->wanted[i].kind, d->wanted[i].ns, d->wanted[i].name)) {
            return d->wanted[i].told;
        }
    }
    return false;
}

/* Objects of kinds that are read by name reach the engine when they are wanted. */
static inline void
driven_put(struct driven *d, struct bnc_object *object)
{
    if (!bnc_kind_info(object->kind)->by_name || driven_wants(d, object)) {
        bnc_engine_put(d->engine, bnc_object_ref(object));
    }
}

static inline void
driven_gone(struct driven *d, const struct bnc_object *object)
{
    if (!bnc_kind_info(object->kind)->by_name || driven_wants(d, object)) {
        bnc_engine_gone(d->engine, object->kind, object->ns, object->name);
    }
}

static inline void
driven_sync(struct driven *d)
{
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        if (!bnc_kind_info(kind)->by_name) {
            bnc_engine_synced(d->engine, kind, "", NULL);
        }
    }
}

/* Answer what is wanted by name: with the object, or that there is none. */
static inline bool
driven_answer(struct driven *d)
{
    bool any = false;
    for (size_t i = 0; i < d->n_wanted; i++) {
        struct wanted w = d->wanted[i];
        if (w.told) {
            continue;
        }
        any = d->wanted[i].told = true;
        for (size_t k = 0; k < d->n_present; k++) {
            if (driven_is(d->present[k], w.kind, w.ns, w.name)) {
                bnc_engine_put(d->engine, bnc_object_ref(d->present[k]));
            }
        }
        bnc_engine_synced(d->engine, w.kind, w.ns, w.name);
    }
    return any;
}

static inline void
driven_settle(struct driven *d)
{
    for (size_t turns = 0; !bnc_engine_idle(d->engine) || driven_answer(d); turns++) {
        assert_true(turns < 100000);
        (void)bnc_engine_work(d->engine, 100);
    }
}

/* Everything that an engine says: results, verdicts, bodies. */
static inline const char *
driven_describe(const struct driven *d, bool bodies, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, (size_t)16 * 1024 * 1024);

    bnc_str_puts(&out, "");
    for (size_t i = 0; i < bnc_engine_count(d->engine); i++) {
        const struct bnc_result *r = bnc_engine_result(d->engine, i);
        bnc_str_fmt(&out, "%s/%s%s%s%s\n", r->object->ns, r->object->name,
                    r->ready ? " ready" : "", r->pending ? " pending" : "",
                    r->suspended ? " suspended" : "");
        for (size_t k = 0; k < r->diags->n; k++) {
            bnc_str_fmt(&out, "  ! %s\n", bnc_diag_text(&r->diags->items[k], arena));
        }
        for (size_t k = 0; r->plan != NULL && k < r->plan->n_verdicts; k++) {
            const struct bnc_verdict *v = &r->plan->verdicts[k];
            bnc_str_fmt(
                &out, "  %s %s/%s:%s%s%s %zu jobs\n",
                bnc_kind_info(v->member->object->kind)->name, v->member->object->ns,
                v->member->object->name, v->selected ? "" : " not selected",
                v->accepted ? " accepted" : "", v->pending ? " pending" : "", v->jobs);
            for (size_t m = 0; m < v->n_why; m++) {
                bnc_str_fmt(&out, "    ! %s\n", bnc_diag_text(&v->why[m], arena));
            }
        }
        for (size_t k = 0; r->plan != NULL && k < r->plan->n_units; k++) {
            bnc_str_fmt(&out, "  job %s\n", r->plan->units[k].job_name);
        }
        for (size_t k = 0; bodies && k < r->n_desired; k++) {
            const struct bnc_desired *x = &r->desired[k];
            bnc_str_fmt(&out, "  %s %s/%s %s\n", bnc_kind_info(x->kind)->name, x->ns,
                        x->name, x->hash);
            bnc_str_add(&out, x->body.ptr, x->body.len);
            bnc_str_putc(&out, '\n');
            bnc_str_add(&out, x->content.ptr == NULL ? "" : x->content.ptr,
                        x->content.len);
        }
    }
    return out.ptr;
}

#endif
