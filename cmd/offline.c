#include "cmd/offline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/summary.h"
#include "lib/log.h"
#include "net/real.h"
#include "reconcilers/plan.h"
#include "reconcilers/table.h"
#include "source/docs.h"

#define INPUT_MAX  ((size_t)64 * 1024 * 1024)
#define TROUBLE_MS 200 /* other files may have changed with the broken one */

/* ---- findings ------------------------------------------------------------------ */

static void
on_problem(void *arg, const struct bnc_problem *problem)
{
    struct bnc_offline *o = arg;
    bnc_findings_problem(&o->fresh, problem);
    (void)bnc_map_put(o->broken, problem->file, o);
    o->read_problems++;
    if (!o->once && !bnc_timer_pending(o->trouble)) {
        bnc_timer_set(o->trouble, TROUBLE_MS);
    }
}

static void
on_trouble(void *arg)
{
    struct bnc_offline *o = arg;
    if (o->told == 0 || !bnc_engine_idle(bnc_controller_engine(o->controller))) {
        return; /* a summary is about to come */
    }
    if (bnc_summary_changed(o)) {
        bnc_offline_collect(o);
        bnc_summary_print(o);
    }
}

static void
drop_object(void *arg, struct bnc_object *object, size_t line)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(line);
    bnc_object_unref(object);
}

static void
found_again(void *arg, const struct bnc_problem *problem)
{
    struct bnc_offline *o = arg;
    bnc_findings_problem(&o->found, problem);
}

/* What was wrong with a file that was not read since: still so, or mended? */
static void
read_again(struct bnc_offline *o, const char *file)
{
    static const struct bnc_docs_ops ops = {.on_object = drop_object,
                                            .on_problem = found_again};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_docs_input input = {.file = file, .max_objects = BNC_DOCS_OBJECTS_MAX};
    struct bnc_docs_counts counts = {0};
    struct bnc_error err = {0};

    if (bnc_file_read(o->world, file, BNC_DOCS_FILE_MAX, arena, &input.text, &err) ||
        (bnc_docs_read(&input, &ops, o, &counts, &err) == BNC_OK &&
         counts.problems == 0)) {
        (void)bnc_map_take(o->broken, file); /* gone, or mended */
    }
}

/* Problems of the reading: those told since the last time, and older ones. */
static void
collect_problems(struct bnc_offline *o)
{
    BNC_AUTO(bnc_map) told = bnc_map_new();

    for (size_t i = 0; i < o->fresh.n; i++) {
        bnc_findings_add(&o->found, &o->fresh.items[i]);
        (void)bnc_map_put(told, o->fresh.items[i].file, o);
    }
    bnc_findings_clear(&o->fresh);
    const char **files = bnc_map_sorted_keys(o->broken);
    for (size_t i = 0, n = bnc_map_count(o->broken); i < n; i++) {
        if (bnc_map_get(told, files[i]) == NULL) {
            read_again(o, files[i]);
        }
    }
    free((void *)files);
}

static void
add_member(void *arg, const struct bnc_member *member)
{
    struct bnc_offline *o = arg;
    bnc_findings_diags(&o->found, member->object, member->ir->diags.items,
                       member->ir->diags.n);
}

void
bnc_offline_collect(struct bnc_offline *o)
{
    const struct bnc_engine *engine = bnc_controller_engine(o->controller);

    bnc_findings_clear(&o->found);
    collect_problems(o);
    bnc_engine_members(engine, BNC_KIND_SCRAPE_POLICY, add_member, o);
    bnc_engine_members(engine, BNC_KIND_SAMPLING_POLICY, add_member, o);
    bnc_engine_members(engine, BNC_KIND_METRIC_RULE, add_member, o);
    bnc_engine_members(engine, BNC_KIND_DATASOURCE, add_member, o);
    bnc_engine_members(engine, BNC_KIND_DASHBOARD, add_member, o);
    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        const struct bnc_result *result = bnc_engine_result(engine, i);
        bnc_findings_diags(&o->found, result->object, result->diags->items,
                           result->diags->n);
        for (size_t k = 0; result->plan != NULL && k < result->plan->n_verdicts; k++) {
            const struct bnc_verdict *v = &result->plan->verdicts[k];
            bnc_findings_diags(&o->found, v->member->object, v->why, v->n_why);
        }
    }
    bnc_findings_sort(&o->found);
}

/* One pass does not wait for a disk to be mended. */
static void
on_failure(void *arg, const char *message)
{
    struct bnc_offline *o = arg;
    if (o->once && !o->failed) {
        (void)fprintf(stderr, "binnacle: %s\n", message);
        o->failed = true;
        bnc_world_stop(o->world);
    }
}

static void
on_stop(void *arg)
{
    struct bnc_offline *o = arg;
    bnc_world_stop(o->world);
}

/* ---- life ---------------------------------------------------------------------- */

/* What to read, into `dir`; a path that does not exist is a mistake. */
static enum bnc_code
set_up_paths(struct bnc_offline *o, const struct bnc_options *options,
             struct bnc_source_dir_options *dir, struct bnc_error *err)
{
    const char **paths = bnc_arena_array(o->arena, options->n_paths + 2, sizeof(*paths));
    size_t n = 0;

    if (options->from != NULL) {
        paths[n++] = options->from;
    }
    for (size_t i = 0; i < options->n_paths; i++) {
        if (strcmp(options->paths[i], "-") != 0) {
            paths[n++] = options->paths[i];
        } else if (bnc_file_read(o->world, "/dev/stdin", INPUT_MAX, o->arena, &dir->text,
                                 err)) {
            return bnc_wrap(err, "standard input");
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (bnc_file_type(o->world, paths[i]) == BNC_FILE_NONE) {
            bool from = i == 0 && options->from != NULL;
            return bnc_fail(err, BNC_NOT_FOUND, "there is no %s %s",
                            from ? "folder" : "file or folder", paths[i]);
        }
    }
    dir->paths = paths;
    return BNC_OK;
}

/* prometheus-operator's object as an Observatory that takes all from it. */
static struct bnc_object *
imply(const struct bnc_object *object)
{
    bool agent = object->kind == BNC_KIND_PROMETHEUS_AGENT;
    if (!agent && object->kind != BNC_KIND_PROMETHEUS) {
        return NULL;
    }
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *text = bnc_arena_fmt(
        arena,
        "{\"metadata\":{},\"spec\":{\"namespaceSelector\":{},\"prometheus\":{\"from\":"
        "{\"kind\":\"%s\",\"name\":\"%s\",\"compat\":\"Exact\"},\"annotations\":{"
        "\"enabled\":false},"
        "\"output\":{\"name\":\"%s%s\",\"key\":\"prometheus.yaml.gz\"}}}}",
        bnc_kind_info(object->kind)->name, object->name,
        agent ? "prom-agent-" : "prometheus-", object->name);
    const struct bnc_pruned pruned = {.ns = object->ns,
                                      .name = object->name,
                                      .uid = object->uid,
                                      .resource_version = "",
                                      .text = {text, strlen(text)}};
    return bnc_object_new(BNC_KIND_OBSERVATORY, &pruned, object->origin);
}

enum bnc_code
bnc_offline_start(struct bnc_offline *o, const struct bnc_options *options,
                  void (*on_settled)(void *, struct bnc_controller *),
                  struct bnc_error *err)
{
    *o = (struct bnc_offline){.arena = bnc_arena_new(),
                              .once = options->from == NULL || options->once};
    if (options->from == NULL && bnc_log_set_level("warn", err)) {
        return err->code; /* nothing is applied: what is found is the output */
    }
    o->world = bnc_world_real_new(0, err);
    if (o->world == NULL) {
        return err->code;
    }
    bnc_findings_start(&o->found, o->world);
    bnc_findings_start(&o->fresh, o->world);
    o->broken = bnc_map_new();
    o->trouble = bnc_timer_new(o->world, on_trouble, o);
    struct bnc_source_dir_options dir = {.default_namespace = options->default_namespace,
                                         .watch = !o->once,
                                         .to = options->to,
                                         .imply = o->once ? imply : NULL,
                                         .arg = o,
                                         .on_problem = on_problem};
    if (set_up_paths(o, options, &dir, err)) {
        return err->code;
    }
    o->found.text = dir.text;
    o->source = bnc_source_dir_new(o->world, &dir);
    o->settings.trusted_namespaces =
        bnc_options_list(options->trusted_namespaces, o->arena);
    o->settings.offline = true;
    o->settings.assume = options->assume;
    o->settings.watch_namespaces = bnc_options_list(options->watch_namespaces, o->arena);
    o->controller = bnc_controller_new(
        &(struct bnc_controller_options){.world = o->world,
                                         .source = o->source,
                                         .reconcilers = bnc_reconcilers,
                                         .n_reconcilers = bnc_n_reconcilers,
                                         .planner = &bnc_planner_prometheus,
                                         .settings = &o->settings,
                                         .instance = "offline",
                                         .on_settled = on_settled,
                                         .on_failure = on_failure,
                                         .arg = o});
    if (!o->once) {
        bnc_world_on_stop(o->world, on_stop, o);
    }
    bnc_controller_start(o->controller);
    bnc_world_run(o->world);
    return BNC_OK;
}

void
bnc_offline_free(struct bnc_offline *o)
{
    bnc_controller_free(o->controller);
    bnc_source_free(o->source);
    bnc_findings_free(&o->found);
    bnc_findings_free(&o->fresh);
    bnc_map_free(o->broken);
    bnc_timer_free(o->trouble);
    bnc_world_free(o->world);
    bnc_arena_free(o->arena);
}
