#include "controller/controller_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

#define REPORT_MS  5
#define REPORTS_MS 150               /* between two looks at all statuses */
#define WINDOW_MS  BNC_NEXT_WRITE_MS /* between two plans: one for each write */
#define LOOK_MS    20
#define PODS_MS    2000

static void
wake(void *arg)
{
    struct bnc_controller *c = arg;
    int64_t since_ms = bnc_world_mono_ms(c->options.world) - c->reported_ms;
    bool soon = c->reported_ms != 0 && since_ms < REPORTS_MS;
    if (!c->stopped && !bnc_timer_pending(c->report)) {
        bnc_timer_set(c->report, soon ? REPORTS_MS - since_ms : REPORT_MS);
    }
}

static void
work_at(struct bnc_controller *c, int64_t at_ms)
{
    int64_t now_ms = bnc_world_mono_ms(c->options.world);
    bool sooner = !bnc_timer_pending(c->work) || at_ms < c->work_ms;
    if (!c->stopped && sooner) {
        c->work_ms = at_ms;
        bnc_timer_set(c->work, at_ms > now_ms ? at_ms - now_ms : 0);
    }
}

/*
 * The first change is worked on at once.  Those that come soon after a plan wait, and are
 * worked on together: an output is not written before that either.
 */
static void
schedule(struct bnc_controller *c)
{
    work_at(c, c->planned_ms == 0 ? 0 : c->planned_ms + WINDOW_MS);
}

/* What has been published is to be looked at as well: after our own writes, mostly. */
static void
reconsider(struct bnc_controller *c)
{
    c->due = true;
    work_at(c, c->looked_ms == 0 ? 0 : c->looked_ms + LOOK_MS);
}

/* ---- facts --------------------------------------------------------------------- */

static void
on_put(void *arg, struct bnc_object *object)
{
    struct bnc_controller *c = arg;
    enum bnc_kind kind = object->kind;
    bool changed = bnc_engine_put(c->engine, object);
    if (changed) {
        schedule(c);
    }
    if (bnc_kind_info(kind)->ours) {
        reconsider(c); /* its status may be another one */
    } else if (changed && kind == BNC_KIND_POD) {
        bnc_census_touch(c->census);
    }
}

static void
on_gone(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct bnc_controller *c = arg;
    if (kind == BNC_KIND_POD) {
        bnc_census_touch(c->census);
    }
    bnc_engine_gone(c->engine, kind, ns, name);
    c->due = c->due || bnc_kind_info(kind)->ours;
    schedule(c);
}

static void
on_synced(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct bnc_controller *c = arg;
    if (name != NULL) {
        bnc_wants_known(c->wants, kind, ns, name);
    }
    bnc_engine_synced(c->engine, kind, ns == NULL ? "" : ns, name);
    if (c->reads && kind == BNC_KIND_OBSERVATORY && name == NULL) {
        c->reads = false;
        c->takes = true;
    }
    reconsider(c);
}

static void
on_output(void *arg, enum bnc_kind kind, const char *ns, const char *name,
          const struct bnc_pruned *metadata)
{
    struct bnc_controller *c = arg;
    bnc_publisher_output(c->publisher, kind, ns, name, metadata);
}

static void
on_trouble(void *arg, enum bnc_kind kind, const char *ns, const char *name,
           const struct bnc_error *err)
{
    struct bnc_controller *c = arg;
    bnc_publisher_trouble(c->publisher, kind, ns, name, err);
    bnc_troubles_tell(c->troubles, kind, ns, name, err);
}

static const struct bnc_source_listener listener = {.put = on_put,
                                                    .gone = on_gone,
                                                    .synced = on_synced,
                                                    .output = on_output,
                                                    .trouble = on_trouble};

/* ---- references ---------------------------------------------------------------- */

static void
lose_patience(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct bnc_controller *c = arg;
    bnc_engine_denied(c->engine, kind, ns, name);
    schedule(c);
}

static void
on_want(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct bnc_controller *c = arg;
    if (kind == BNC_KIND_MEASURE) {
        bnc_budgets_want(c->budgets, ns, name);
    } else {
        bnc_wants_add(c->wants, kind, ns, name);
        bnc_source_want(c->options.source, kind, ns, name);
    }
}

/* Running pods of a mesh: a rollout is looked at as one. */
static void
on_pods_changed(void *arg)
{
    struct bnc_controller *c = arg;
    if (!bnc_timer_pending(c->pods)) {
        bnc_timer_set(c->pods, c->options.read_only ? 0 : PODS_MS);
    }
}

static void
look_at_pods(void *arg)
{
    struct bnc_controller *c = arg;
    bnc_engine_pods(c->engine);
    schedule(c);
}

static void
on_unwant(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct bnc_controller *c = arg;
    if (kind == BNC_KIND_MEASURE) {
        bnc_budgets_unwant(c->budgets, ns, name);
    } else {
        bnc_source_unwant(c->options.source, kind, ns, name);
        bnc_troubles_forget(c->troubles, kind, ns, name);
        bnc_wants_remove(c->wants, kind, ns, name);
    }
}

/* ---- work ------------------------------------------------------------------------- */

/* Nothing is left to compile or plan: what it came to goes out. */
static void
end_work(struct bnc_controller *c)
{
    const struct bnc_engine_stats stats = bnc_engine_stats(c->engine);
    uint64_t done = stats.compiles + stats.plans + stats.linked;

    if (!c->due && c->done == done) {
        return;
    }
    c->due = false;
    c->done = done;
    c->looked_ms = bnc_world_mono_ms(c->options.world);
    c->standby = c->standby && !c->takes; /* reports come after what is claimed now */
    bnc_controller_publish(c);
    if (c->planned != stats.plans) {
        c->planned = stats.plans;
        c->planned_ms = c->looked_ms;
        bnc_census_touch(c->census);
    }
    wake(c);
}

static void
do_work(void *arg)
{
    struct bnc_controller *c = arg;
    int64_t start = bnc_world_mono_us(c->options.world);
    int64_t open_ms = c->planned_ms == 0 ? 0 : c->planned_ms + WINDOW_MS;

    if (!c->working && start / 1000 < open_ms && !bnc_engine_idle(c->engine)) {
        work_at(c, open_ms); /* called to look at what is published: not yet */
        return;
    }
    c->working = bnc_engine_work(c->engine, BNC_SLICE);
    if (c->working) {
        work_at(c, 0);
    } else if (bnc_engine_idle(c->engine)) {
        end_work(c);
    }
    int64_t took = bnc_world_mono_us(c->options.world) - start;
    c->turns++;
    if (took > c->longest_turn_us) {
        c->longest_turn_us = took;
    }
}

static void
on_held(void *arg, const char *owner, const char *message)
{
    struct bnc_controller *c = arg;
    bnc_publisher_blame(c->publisher, owner, message);
}

/* A write of a finalizer failed: look again. */
static void
republish(void *arg)
{
    reconsider(arg);
}

static void
do_report(void *arg)
{
    struct bnc_controller *c = arg;
    if (!bnc_engine_idle(c->engine)) {
        return; /* it comes again when the work is done */
    }
    if (!c->standby) {
        bnc_controller_unhold(c); /* what was deleted since may have been the last */
        if (c->options.statuses) {
            c->reported_ms = bnc_world_mono_ms(c->options.world);
            bnc_reporter_run(c->reporter);
        }
    }
    const char *failure = bnc_publisher_failure(c->publisher);
    if (failure != NULL && c->options.on_failure != NULL) {
        c->options.on_failure(c->options.arg, failure);
    }
    if (bnc_controller_settled(c) && c->options.on_settled != NULL) {
        c->options.on_settled(c->options.arg, c);
    }
}

/* ---- life ------------------------------------------------------------------------- */

static struct bnc_reporter *
new_reporter(struct bnc_controller *c)
{
    return bnc_reporter_new(&(struct bnc_reporter_options){.world = c->options.world,
                                                           .source = c->options.source,
                                                           .engine = c->engine,
                                                           .publisher = c->publisher,
                                                           .patcher = c->patcher,
                                                           .budgets = c->budgets,
                                                           .grafanas = c->grafanas,
                                                           .census = c->census,
                                                           .events = c->events,
                                                           .wake = wake,
                                                           .arg = c});
}

struct bnc_controller *
bnc_controller_new(const struct bnc_controller_options *options)
{
    struct bnc_controller *c = bnc_alloc(sizeof(*c));
    c->options = *options;
    c->standby = options->standby;
    c->wants = bnc_wants_new(options->world, lose_patience, c);
    c->troubles = bnc_troubles_new();
    c->orphans = bnc_map_new();
    c->claimed = bnc_map_new();
    c->holder = bnc_holder_new(&(struct bnc_holder_options){.world = options->world,
                                                            .source = options->source,
                                                            .retry = republish,
                                                            .told = on_held,
                                                            .arg = c});
    c->work = bnc_timer_new(options->world, do_work, c);
    c->report = bnc_timer_new(options->world, do_report, c);
    c->pods = bnc_timer_new(options->world, look_at_pods, c);
    c->engine = bnc_engine_new(
        &(struct bnc_engine_options){.world = options->world,
                                     .reconcilers = options->reconcilers,
                                     .n_reconcilers = options->n_reconcilers,
                                     .planner = options->planner,
                                     .settings = options->settings,
                                     .want = on_want,
                                     .unwant = on_unwant,
                                     .pods_changed = on_pods_changed,
                                     .arg = c});
    c->events = bnc_events_new(options->world, options->source, options->instance);
    c->budgets = bnc_budgets_new(options->world, c->engine, republish, c);
    c->grafanas = bnc_grafanas_new(
        &(struct bnc_grafanas_options){.world = options->world,
                                       .engine = c->engine,
                                       .events = c->events,
                                       .wake = republish,
                                       .may_write = options->may_write,
                                       .may_write_arg = options->may_write_arg,
                                       .arg = c});
    c->census = bnc_census_new(options->world, c->engine, options->planner, wake, c);
    c->patcher = bnc_patcher_new(
        &(struct bnc_patcher_options){.world = options->world,
                                      .source = options->source,
                                      .cache = bnc_engine_cache(c->engine),
                                      .retry = republish,
                                      .arg = c});
    c->publisher =
        bnc_publisher_new(&(struct bnc_publisher_options){.world = options->world,
                                                          .source = options->source,
                                                          .changed = wake,
                                                          .arg = c,
                                                          .writes = &c->writes});
    c->reporter = new_reporter(c);
    return c;
}

void
bnc_controller_free(struct bnc_controller *c)
{
    if (c == NULL) {
        return;
    }
    bnc_reporter_free(c->reporter);
    bnc_census_free(c->census);
    bnc_holder_free(c->holder);
    bnc_publisher_free(c->publisher);
    bnc_patcher_free(c->patcher);
    bnc_grafanas_free(c->grafanas);
    bnc_events_free(c->events);
    bnc_engine_free(c->engine);
    bnc_budgets_free(c->budgets);
    bnc_wants_free(c->wants);
    bnc_troubles_free(c->troubles);
    bnc_map_free(c->orphans);
    bnc_map_free(c->claimed);
    bnc_timer_free(c->work);
    bnc_timer_free(c->report);
    bnc_timer_free(c->pods);
    free(c);
}

void
bnc_controller_start(struct bnc_controller *c)
{
    bnc_source_start(c->options.source, &listener, c);
}

/*
 * Which outputs there are is known from the statuses, and a watch may be behind: with
 * those of before, what the last leader wrote at the end would be forgotten.
 */
void
bnc_controller_lead(struct bnc_controller *c)
{
    c->reads = bnc_source_refresh(c->options.source, BNC_KIND_OBSERVATORY);
    c->takes = !c->reads;
    reconsider(c);
}

void
bnc_controller_stop(struct bnc_controller *c)
{
    c->stopped = true;
    bnc_timer_stop(c->work);
    bnc_timer_stop(c->report);
    bnc_timer_stop(c->pods);
    bnc_events_flush(c->events);
    bnc_source_stop(c->options.source);
}

bool
bnc_controller_asking(const struct bnc_controller *c)
{
    return bnc_grafanas_asking(c->grafanas);
}

const struct bnc_engine *
bnc_controller_engine(const struct bnc_controller *c)
{
    return c->engine;
}

const struct bnc_publisher *
bnc_controller_publisher(const struct bnc_controller *c)
{
    return c->publisher;
}

struct bnc_controller_stats
bnc_controller_stats(const struct bnc_controller *c)
{
    const struct bnc_cache *cache = bnc_engine_cache(c->engine);
    struct bnc_controller_stats stats = {.engine = bnc_engine_stats(c->engine),
                                         .writes = c->writes,
                                         .status_writes =
                                             bnc_reporter_status_writes(c->reporter),
                                         .events = bnc_events_stats(c->events).written,
                                         .turns = c->turns,
                                         .longest_turn_us = c->longest_turn_us,
                                         .cache_bytes = bnc_cache_bytes(cache)};
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        stats.objects[kind] = bnc_cache_count(cache, kind);
    }
    return stats;
}

bool
bnc_controller_settled(const struct bnc_controller *c)
{
    return bnc_engine_idle(c->engine) && bnc_publisher_idle(c->publisher) &&
           bnc_reporter_idle(c->reporter) && bnc_holder_idle(c->holder) &&
           bnc_patcher_idle(c->patcher) && !bnc_timer_pending(c->work);
}

const char *
bnc_controller_not_ready(const struct bnc_controller *c, struct bnc_arena *arena)
{
    const char *missing = NULL;
    if (bnc_engine_synced_all(c->engine, &missing)) {
        return NULL;
    }
    return bnc_arena_fmt(arena, "%s have not been listed yet", missing);
}

void
bnc_controller_troubles(const struct bnc_controller *c, bnc_trouble_fn fn, void *arg)
{
    bnc_troubles_each(c->troubles, fn, arg);
}
