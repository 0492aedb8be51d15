#include "cmd/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/kind.h"
#include "source/docs.h"

#define PRINTED_MAX ((size_t)64 * 1024 * 1024)

void
bnc_findings_start(struct bnc_findings *all, struct bnc_world *world)
{
    *all = (struct bnc_findings){.world = world,
                                 .arena = bnc_arena_new(),
                                 .seen = bnc_map_new(),
                                 .file_arena = bnc_arena_new()};
}

void
bnc_findings_free(struct bnc_findings *all)
{
    bnc_arena_free(all->arena);
    bnc_arena_free(all->file_arena);
    bnc_map_free(all->seen);
    *all = (struct bnc_findings){0};
}

void
bnc_findings_clear(struct bnc_findings *all)
{
    struct bnc_world *world = all->world;
    struct bnc_bytes text = all->text;

    bnc_findings_free(all);
    bnc_findings_start(all, world);
    all->text = text;
}

/* Two Observatories may say the same of one object: once is enough. */
static void
add(struct bnc_findings *all, const struct bnc_finding *finding)
{
    const char *key = bnc_arena_fmt(all->arena, "%s\n%s\n%s", finding->file,
                                    finding->object, finding->text);
    if (bnc_map_put(all->seen, key, all) != NULL) {
        return;
    }
    if (all->n == all->room) {
        size_t room = all->room == 0 ? 16 : all->room * 2;
        struct bnc_finding *items = bnc_arena_array(all->arena, room, sizeof(*items));
        if (all->n > 0) {
            memcpy(items, all->items, all->n * sizeof(*items));
        }
        all->items = items;
        all->room = room;
    }
    all->items[all->n++] = *finding;
    all->errors += !finding->warning;
}

void
bnc_findings_add(struct bnc_findings *all, const struct bnc_finding *finding)
{
    struct bnc_finding copy = *finding;
    copy.file = bnc_arena_strdup(all->arena, finding->file);
    copy.object = bnc_arena_strdup(all->arena, finding->object);
    copy.text = bnc_arena_strdup(all->arena, finding->text);
    add(all, &copy);
}

static const char *
object_text(struct bnc_findings *all, const char *kind, const char *ns, const char *name)
{
    if (name[0] == '\0') {
        return bnc_arena_strdup(all->arena, kind);
    }
    return bnc_arena_fmt(all->arena, "%s%s%s%s%s", kind, kind[0] == '\0' ? "" : " ", ns,
                         ns[0] == '\0' ? "" : "/", name);
}

void
bnc_findings_problem(struct bnc_findings *all, const struct bnc_problem *p)
{
    struct bnc_finding finding = {
        .file = bnc_arena_strdup(all->arena, p->file),
        .line = p->line,
        .column = p->column,
        .object = object_text(all, p->kind, p->ns, p->name),
        .reason = bnc_reason_name(p->reason),
        .text = bnc_arena_fmt(all->arena, "%s%s%s%s%s", p->field,
                              p->field[0] == '\0' ? "" : ": ", p->message,
                              p->remedy == NULL ? "" : "; ",
                              p->remedy == NULL ? "" : p->remedy)};
    add(all, &finding);
}

/* ---- places -------------------------------------------------------------------- */

/* "dir/file.yaml:12" → file and line of the object. */
static void
split_origin(struct bnc_findings *all, const char *origin, struct bnc_finding *finding)
{
    const char *colon = origin == NULL ? NULL : strrchr(origin, ':');
    if (colon == NULL) {
        finding->file = "";
        return;
    }
    finding->file = bnc_arena_strndup(all->arena, origin, (size_t)(colon - origin));
    finding->line = (size_t)strtoul(colon + 1, NULL, 10);
}

/* Where the line of each document begins; both go up. */
static void
find_starts(struct bnc_findings *all)
{
    const char *at = all->file_text.ptr;
    const char *end = at + all->file_text.len;
    size_t line = 1;

    all->starts = bnc_arena_array(all->file_arena, all->docs.n + 1, sizeof(*all->starts));
    for (size_t i = 0; i < all->docs.n; i++) {
        while (line < all->docs.items[i].line && at < end) {
            const char *next = memchr(at, '\n', (size_t)(end - at));
            at = next == NULL ? end : next + 1;
            line++;
        }
        all->starts[i] = (size_t)(at - all->file_text.ptr);
    }
    all->starts[all->docs.n] = all->file_text.len;
}

/* The file is read once more, only when something is wrong in it. */
static void
open_file(struct bnc_findings *all, const char *file)
{
    struct bnc_error err = {0};

    if (all->file != NULL && strcmp(all->file, file) == 0) {
        return;
    }
    bnc_arena_reset(all->file_arena);
    all->file = bnc_arena_strdup(all->arena, file);
    all->docs = (struct bnc_yaml_docs){0};
    if (all->text.ptr != NULL && strcmp(file, "stdin") == 0) {
        all->file_text = all->text;
    } else if (bnc_file_read(all->world, file, BNC_DOCS_FILE_MAX, all->file_arena,
                             &all->file_text, &err)) {
        return;
    }
    struct bnc_yaml_limits limits = BNC_YAML_LIMITS_DEFAULT;
    limits.max_bytes = BNC_DOCS_FILE_MAX;
    if (bnc_yaml_read(all->file_text.ptr, all->file_text.len, &limits, all->file_arena,
                      &all->docs, &err)) {
        all->docs = (struct bnc_yaml_docs){0};
        return;
    }
    find_starts(all);
}

/* The place of a field in the document that begins at the finding's line. */
static void
locate(struct bnc_findings *all, struct bnc_finding *finding, const char *field)
{
    size_t low = 0;
    size_t high;

    if (finding->file[0] == '\0' || field[0] == '\0') {
        return;
    }
    open_file(all, finding->file);
    high = all->docs.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all->docs.items[middle].line < finding->line) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == all->docs.n || all->docs.items[low].line != finding->line) {
        return; /* an item of a list: its own line has to do */
    }
    size_t line = 0;
    if (bnc_yaml_locate(all->file_text.ptr + all->starts[low],
                        all->starts[low + 1] - all->starts[low], 0, field, &line,
                        &finding->column)) {
        finding->line += line - 1;
    }
}

void
bnc_findings_diags(struct bnc_findings *all, const struct bnc_object *object,
                   const struct bnc_diag *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (items[i].reason == BNC_REASON_NOT_SELECTED) {
            continue; /* a choice, not a mistake */
        }
        struct bnc_finding finding = {
            .object = object_text(all, bnc_kind_info(object->kind)->name, object->ns,
                                  object->name),
            .reason = bnc_reason_name(items[i].reason),
            .text = bnc_diag_text(&items[i], all->arena),
            .warning =
                items[i].warning && items[i].reason != BNC_REASON_INVALID_ANNOTATION};
        split_origin(all, object->origin, &finding);
        locate(all, &finding, items[i].field);
        add(all, &finding);
    }
}

/* ---- output -------------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
    const struct bnc_finding *x = a;
    const struct bnc_finding *y = b;
    int c = strcmp(x->file, y->file);
    if (c == 0 && x->line != y->line) {
        c = x->line < y->line ? -1 : 1;
    }
    return c != 0 ? c : strcmp(x->text, y->text);
}

void
bnc_findings_sort(struct bnc_findings *all)
{
    if (all->n > 0) {
        qsort(all->items, all->n, sizeof(*all->items), compare);
    }
}

static void
print_json(const struct bnc_findings *all, FILE *to)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str out = bnc_str_new(arena, PRINTED_MAX);
    bnc_str_putc(&out, '[');
    for (size_t i = 0; i < all->n; i++) {
        const struct bnc_finding *f = &all->items[i];
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
    bnc_str_puts(&out, all->n == 0 ? "]\n" : "\n]\n");
    (void)fputs(out.ptr, to);
}

void
bnc_findings_print(const struct bnc_findings *all, void *to, bool json)
{
    if (json) {
        print_json(all, to);
        return;
    }
    for (size_t i = 0; i < all->n; i++) {
        const struct bnc_finding *f = &all->items[i];
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
