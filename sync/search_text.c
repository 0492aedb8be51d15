#include "sync/search_text.h"

#include <string.h>

#include "sync/yaml_line.h"

#define NEVER    "interval: 100y\n"
#define EXPR_MAX ((size_t)64 * 1024)

/* A file whose lines go to `fn`; a failure of it is in `err`. */
struct reading {
    struct bnc_yaml_lines lines;
    struct bnc_error *err;
};

static bool
feed(void *arg, const char *bytes, size_t n)
{
    struct reading *r = arg;
    bnc_yaml_lines_feed(&r->lines, bytes, n);
    return r->err->code == BNC_OK;
}

static enum bnc_code
read_lines(struct bnc_world *world, const char *path, bnc_yaml_line_fn fn, void *arg,
           struct bnc_error *err)
{
    struct reading r = {.err = err};
    struct bnc_error unread = {0};
    bnc_yaml_lines_init(&r.lines, fn, arg);
    enum bnc_code code =
        bnc_file_scan(world, path, BNC_STORE_MAX_FILE, feed, &r, &unread);
    if (code == BNC_OK) {
        bnc_yaml_lines_finish(&r.lines);
    } else if (err->code == BNC_OK) {
        *err = unread;
    }
    bnc_yaml_lines_free(&r.lines);
    return err->code;
}

static void
put(struct bnc_store_file *to, struct bnc_bytes bytes, struct bnc_error *err)
{
    if (err->code == BNC_OK && bnc_store_add(to, bytes.ptr, bytes.len, err)) {
        return; /* told at the end */
    }
}

static bool
is_key(const struct bnc_yaml_line *line)
{
    return line->part != BNC_LINE_REST && !line->in_text && !line->empty &&
           line->key.len > 0;
}

/* ---- the main document --------------------------------------------------------- */

struct rooting {
    struct bnc_store_file *to;
    struct bnc_error *err;
    struct bnc_bytes list; /* rule_files, with the probe in it */
    bool keep;
    bool in_list; /* below rule_files */
    bool done;
};

static void
on_root_line(void *arg, const struct bnc_yaml_line *line)
{
    struct rooting *r = arg;
    if (is_key(line) && line->indent == 0 && !line->item) {
        r->in_list = bnc_yaml_text_is(line->key, "rule_files");
        if (r->in_list) {
            put(r->to, r->list, r->err);
            r->done = true;
            return;
        }
    }
    if (!r->in_list || r->keep) {
        put(r->to, line->raw, r->err);
    }
}

enum bnc_code
bnc_probe_root(struct bnc_world *world, const char *path, const char *file, bool keep,
               struct bnc_store_file *to, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *list = bnc_arena_fmt(arena, "rule_files:\n- %s\n", file);
    struct rooting r = {.to = to, .err = err, .list = {list, strlen(list)}, .keep = keep};

    if (read_lines(world, path, on_root_line, &r, err)) {
        return err->code;
    }
    if (!r.done) {
        put(to, r.list, err);
    }
    return err->code;
}

/* ---- groups -------------------------------------------------------------------- */

struct grouping {
    struct bnc_store_file *to;
    struct bnc_error *err;
    const struct bnc_group_place *places; /* those that are not passed */
    size_t n;
    size_t column; /* of the current group's keys */
};

/* Its dash goes to a line of our own, with the interval. */
static void
put_first(struct grouping *g, const struct bnc_yaml_line *line)
{
    static const struct bnc_bytes blank = {" ", 1};
    static const struct bnc_bytes never = {NEVER, sizeof(NEVER) - 1};

    g->column = line->column;
    put(g->to, (struct bnc_bytes){line->raw.ptr, line->column}, g->err);
    put(g->to, never, g->err);
    if (!bnc_yaml_text_is(line->key, "interval")) {
        for (size_t i = 0; i < line->column; i++) {
            put(g->to, blank, g->err);
        }
        put(g->to,
            (struct bnc_bytes){line->raw.ptr + line->column,
                               line->raw.len - line->column},
            g->err);
    }
}

static void
on_group_line(void *arg, const struct bnc_yaml_line *line)
{
    struct grouping *g = arg;
    while (g->n > 0 && line->number > g->places->last) {
        g->places++;
        g->n--;
    }
    if (g->n == 0 || line->number < g->places->first) {
        return;
    }
    if (line->number == g->places->first && line->part != BNC_LINE_REST) {
        put_first(g, line);
        return;
    }
    bool interval = is_key(line) && !line->item && line->column == g->column &&
                    bnc_yaml_text_is(line->key, "interval");
    if (!interval) {
        put(g->to, line->raw, g->err);
    }
}

enum bnc_code
bnc_probe_groups(struct bnc_world *world, const char *path,
                 const struct bnc_group_place *places, size_t n,
                 struct bnc_store_file *to, struct bnc_error *err)
{
    struct grouping g = {.to = to, .err = err, .places = places, .n = n};
    return read_lines(world, path, on_group_line, &g, err);
}

/* ---- expressions --------------------------------------------------------------- */

struct finding {
    const struct bnc_group_place *place;
    struct bnc_arena *arena;
    const char **exprs;
    size_t n;
    struct bnc_str text; /* of the expression that is read */
    bool in_expr;        /* its lines are a literal block */
    size_t indent;       /* of the first of them */
};

static void
end_expr(struct finding *f)
{
    size_t len = f->text.len;
    while (len > 0 && f->text.ptr[len - 1] == '\n') {
        len--;
    }
    if (len > 0 && f->n < BNC_GROUP_EXPRS_MAX) {
        f->exprs[f->n++] = bnc_arena_strndup(f->arena, f->text.ptr, len);
    }
    bnc_str_clear(&f->text);
    f->in_expr = false;
}

/* A line of a literal block. */
static void
add_line(struct finding *f, const struct bnc_yaml_line *line)
{
    bool first = f->text.len == 0;
    f->indent = first ? line->indent : f->indent;
    size_t skip = line->indent < f->indent ? line->indent : f->indent;
    bnc_str_add(&f->text, line->raw.ptr + skip, line->raw.len - skip);
}

static void
on_expr_line(void *arg, const struct bnc_yaml_line *line)
{
    struct finding *f = arg;
    if (line->number < f->place->first || line->number > f->place->last ||
        line->part == BNC_LINE_REST) {
        return;
    }
    if (line->in_text) {
        if (f->in_expr) {
            add_line(f, line);
        }
        return;
    }
    end_expr(f);
    if (!is_key(line) || !bnc_yaml_text_is(line->key, "expr")) {
        return;
    }
    f->in_expr = bnc_yaml_is_block(line->value);
    if (!f->in_expr) {
        bnc_yaml_unquote(&f->text, line->value);
        end_expr(f);
    }
}

size_t
bnc_group_exprs(struct bnc_world *world, const char *path,
                const struct bnc_group_place *place, struct bnc_arena *arena,
                const char ***out)
{
    struct bnc_error ignored = {0};
    struct finding f = {
        .place = place,
        .arena = arena,
        .exprs = bnc_arena_array(arena, BNC_GROUP_EXPRS_MAX, sizeof(const char *)),
        .text = bnc_str_new(arena, EXPR_MAX)};
    if (read_lines(world, path, on_expr_line, &f, &ignored) == BNC_OK) {
        end_expr(&f);
    }
    *out = f.exprs;
    return f.n;
}
