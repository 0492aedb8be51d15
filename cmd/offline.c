#include "cmd/offline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/yaml_in.h"
#include "net/real.h"
#include "reconcilers/plan.h"
#include "reconcilers/table.h"
#include "source/docs.h"

#define INPUT_MAX ((size_t)64 * 1024 * 1024)

static void
add_finding(struct bnc_offline *o, const struct bnc_finding *finding)
{
    for (size_t i = 0; i < o->n_findings; i++) {
        const struct bnc_finding *f = &o->findings[i];
        if (strcmp(f->text, finding->text) == 0 &&
            strcmp(f->object, finding->object) == 0) {
            return; /* two Observatories may say the same of one object */
        }
    }
    if (o->n_findings == o->room) {
        size_t room = o->room == 0 ? 16 : o->room * 2;
        struct bnc_finding *items = bnc_arena_array(o->arena, room, sizeof(*items));
        if (o->n_findings > 0) {
            memcpy(items, o->findings, o->n_findings * sizeof(*items));
        }
        o->findings = items;
        o->room = room;
    }
    o->findings[o->n_findings++] = *finding;
}

static const char *
object_text(struct bnc_offline *o, const char *kind, const char *ns, const char *name)
{
    if (name[0] == '\0') {
        return bnc_arena_strdup(o->arena, kind);
    }
    return bnc_arena_fmt(o->arena, "%s%s%s%s%s", kind, kind[0] == '\0' ? "" : " ", ns,
                         ns[0] == '\0' ? "" : "/", name);
}

static void
on_problem(void *arg, const struct bnc_problem *p)
{
    struct bnc_offline *o = arg;
    struct bnc_finding finding = {
        .file = bnc_arena_strdup(o->arena, p->file),
        .line = p->line,
        .column = p->column,
        .object = object_text(o, p->kind, p->ns, p->name),
        .reason = bnc_reason_name(p->reason),
        .text = bnc_arena_fmt(
            o->arena, "%s%s%s%s%s", p->field, p->field[0] == '\0' ? "" : ": ", p->message,
            p->remedy == NULL ? "" : "; ", p->remedy == NULL ? "" : p->remedy)};
    add_finding(o, &finding);
    o->read_problems++;
}

static void
drop_object(void *arg, struct bnc_object *object, size_t line)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(line);
    bnc_object_unref(object);
}

/* ---- places --------------------------------------------------------------------------
 */

/* "dir/file.yaml:12" → file and line of the object. */
static void
split_origin(struct bnc_offline *o, const char *origin, struct bnc_finding *finding)
{
    const char *colon = origin == NULL ? NULL : strrchr(origin, ':');
    if (colon == NULL) {
        finding->file = "";
        return;
    }
    finding->file = bnc_arena_strndup(o->arena, origin, (size_t)(colon - origin));
    finding->line = (size_t)strtoul(colon + 1, NULL, 10);
}

/* The line of a field: the file is read once more, only for what is wrong. */
static void
locate(struct bnc_offline *o, struct bnc_finding *finding, const char *field)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    struct bnc_bytes text = {0};
    struct bnc_yaml_docs docs = {0};

    if (finding->file[0] == '\0' || field[0] == '\0' ||
        bnc_file_read(o->world, finding->file, INPUT_MAX, arena, &text, &err) ||
        bnc_yaml_read(text.ptr, text.len, NULL, arena, &docs, &err)) {
        return;
    }
    for (size_t i = 0; i < docs.n; i++) {
        if (docs.items[i].line == finding->line) {
            (void)bnc_yaml_locate(text.ptr, text.len, i, field, &finding->line,
                                  &finding->column);
            return;
        }
    }
}

static void
add_diags(struct bnc_offline *o, const struct bnc_object *object,
          const struct bnc_diag *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (items[i].reason == BNC_REASON_NOT_SELECTED) {
            continue; /* a choice, not a mistake */
        }
        struct bnc_finding finding = {
            .object = object_text(o, bnc_kind_info(object->kind)->name, object->ns,
                                  object->name),
            .reason = bnc_reason_name(items[i].reason),
            .text = bnc_diag_text(&items[i], o->arena),
            .warning =
                items[i].warning && items[i].reason != BNC_REASON_INVALID_ANNOTATION};
        split_origin(o, object->origin, &finding);
        locate(o, &finding, items[i].field);
        add_finding(o, &finding);
    }
}

static void
add_member(void *arg, const struct bnc_member *member)
{
    add_diags(arg, member->object, member->ir->diags.items, member->ir->diags.n);
}

static int
compare_findings(const void *a, const void *b)
{
    const struct bnc_finding *x = a;
    const struct bnc_finding *y = b;
    int c = strcmp(x->file, y->file);
    if (c == 0 && x->line != y->line) {
        c = x->line < y->line ? -1 : 1;
    }
    return c != 0 ? c : strcmp(x->text, y->text);
}

/* What was wrong with a file when it was read may have been mended since. */
static void
read_again(struct bnc_offline *o)
{
    static const struct bnc_docs_ops ops = {.on_object = drop_object,
                                            .on_problem = on_problem};
    const struct bnc_finding *before = o->findings;
    size_t n = o->read_problems;
    const char *last = "";

    o->findings = NULL;
    o->n_findings = o->room = o->read_problems = 0;
    for (size_t i = 0; i < n; i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_docs_input input = {.file = before[i].file,
                                       .max_objects = BNC_DOCS_OBJECTS_MAX};
        struct bnc_docs_counts counts = {0};
        struct bnc_error err = {0};
        bool again = strcmp(before[i].file, last) == 0;
        last = before[i].file;
        if (again ||
            bnc_file_read(o->world, before[i].file, BNC_DOCS_FILE_MAX, arena, &input.text,
                          &err) ||
            bnc_docs_read(&input, &ops, o, &counts, &err)) {
            continue; /* gone, or told to on_problem */
        }
    }
}

void
bnc_offline_collect(struct bnc_offline *o)
{
    const struct bnc_engine *engine = bnc_controller_engine(o->controller);
    if (!o->once) {
        read_again(o);
    }

    bnc_engine_members(engine, BNC_KIND_SCRAPE_POLICY, add_member, o);
    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        const struct bnc_result *result = bnc_engine_result(engine, i);
        add_diags(o, result->object, result->diags->items, result->diags->n);
        for (size_t k = 0; result->plan != NULL && k < result->plan->n_verdicts; k++) {
            const struct bnc_verdict *v = &result->plan->verdicts[k];
            add_diags(o, v->member->object, v->why, v->n_why);
        }
    }
    if (o->n_findings > 0) {
        qsort(o->findings, o->n_findings, sizeof(*o->findings), compare_findings);
    }
}

static void
print_json(const struct bnc_offline *o, FILE *to)
{
    struct bnc_str out = bnc_str_new(o->arena, INPUT_MAX);
    bnc_str_putc(&out, '[');
    for (size_t i = 0; i < o->n_findings; i++) {
        const struct bnc_finding *f = &o->findings[i];
        bnc_str_puts(&out, i == 0 ? "\n  {\"file\":" : ",\n  {\"file\":");
        bnc_str_json(&out, f->file);
        bnc_str_fmt(&out, ",\"line\":%zu,\"column\":%zu,\"object\":", f->line, f->column);
        bnc_str_json(&out, f->object);
        bnc_str_puts(&out, ",\"reason\":");
        bnc_str_json(&out, f->reason);
        bnc_str_fmt(
            &out, ",\"severity\":\"%s\",\"message\":", f->warning ? "warning" : "error");
        bnc_str_json(&out, f->text);
        bnc_str_putc(&out, '}');
    }
    bnc_str_puts(&out, o->n_findings == 0 ? "]\n" : "\n]\n");
    (void)fputs(out.ptr, to);
}

void
bnc_offline_print(const struct bnc_offline *o, void *to, bool json)
{
    if (json) {
        print_json(o, to);
        return;
    }
    for (size_t i = 0; i < o->n_findings; i++) {
        const struct bnc_finding *f = &o->findings[i];
        if (f->file[0] != '\0' && f->line == 0) {
            (void)fprintf(to, "%s: ", f->file); /* the file as a whole */
        } else if (f->file[0] != '\0') {
            (void)fprintf(to, "%s:%zu:%zu: ", f->file, f->line,
                          f->column == 0 ? (size_t)1 : f->column);
        }
        (void)fprintf(to, "%s%s%s%s [%s]\n", f->warning ? "warning: " : "", f->object,
                      f->object[0] == '\0' ? "" : ": ", f->text, f->reason);
    }
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

/* ---- life ---------------------------------------------------------------------- */

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
    struct bnc_source_dir_options dir = {.default_namespace = options->default_namespace,
                                         .watch = options->from != NULL && !options->once,
                                         .to = options->to,
                                         .arg = o,
                                         .on_problem = on_problem};
    const char **paths = bnc_arena_array(o->arena, options->n_paths + 2, sizeof(*paths));
    size_t n = 0;
    if (options->from != NULL) {
        paths[n++] = options->from;
    }
    for (size_t i = 0; i < options->n_paths; i++) {
        if (strcmp(options->paths[i], "-") != 0) {
            if (bnc_file_type(o->world, options->paths[i]) == BNC_FILE_NONE) {
                return bnc_fail(err, BNC_NOT_FOUND, "there is no file or folder %s",
                                options->paths[i]);
            }
            paths[n++] = options->paths[i];
        } else if (bnc_file_read(o->world, "/dev/stdin", INPUT_MAX, o->arena, &dir.text,
                                 err)) {
            return bnc_wrap(err, "standard input");
        }
    }
    if (options->from != NULL &&
        bnc_file_type(o->world, options->from) == BNC_FILE_NONE) {
        return bnc_fail(err, BNC_NOT_FOUND, "there is no folder %s", options->from);
    }
    dir.paths = paths;
    o->source = bnc_source_dir_new(o->world, &dir);
    o->settings.trusted_namespaces =
        bnc_options_list(options->trusted_namespaces, o->arena);
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
    bnc_controller_start(o->controller);
    bnc_world_run(o->world);
    return BNC_OK;
}

void
bnc_offline_free(struct bnc_offline *o)
{
    bnc_controller_free(o->controller);
    bnc_source_free(o->source);
    bnc_world_free(o->world);
    bnc_arena_free(o->arena);
}
