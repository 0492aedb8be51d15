#include "source/docs.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clip.h"
#include "lib/yaml_in.h"
#include "source/docs_priv.h"

#define LOCATE_MAX                                                                       \
    ((size_t)1024 * 1024) /* beyond it a field is told by its object's line */
#define SHOWN 80

/* ---- problems ------------------------------------------------------------------ */

static void
locate(struct bnc_docs_reader *r, const struct bnc_docs_place *place, const char *field,
       struct bnc_problem *problem)
{
    struct bnc_bytes text = r->input->text;
    problem->line = place->line;
    if (text.len <= LOCATE_MAX) {
        const char *path = bnc_arena_fmt(r->arena, "%s%s", place->prefix, field);
        (void)bnc_yaml_locate(text.ptr, text.len, place->doc, path, &problem->line,
                              &problem->column);
    }
}

void
bnc_docs_problem(struct bnc_docs_reader *r, const struct bnc_docs_place *place,
                 const char *field, const char *remedy, const char *fmt, ...)
{
    r->counts->problems++;
    if (r->counts->problems > BNC_DOCS_PROBLEMS_MAX) {
        return;
    }
    struct bnc_problem problem = {
        .reason = BNC_REASON_INVALID_OBJECT,
        .file = r->input->file,
        .kind = place->kind,
        .ns = place->ns,
        .name = place->name,
        .field = field,
        .remedy = remedy,
    };
    va_list args;
    va_start(args, fmt);
    problem.message = bnc_arena_vfmt(r->arena, fmt, args);
    va_end(args);
    if (r->counts->problems == BNC_DOCS_PROBLEMS_MAX) {
        problem.message = bnc_arena_fmt(r->arena,
                                        "%s; further problems of this file are "
                                        "not shown",
                                        problem.message);
    }
    locate(r, place, field, &problem);
    r->ops->on_problem(r->arg, &problem);
}

/* Take `word` and a number from the start of `text`; gives what follows, or NULL. */
static const char *
take_number(const char *text, const char *word, size_t *number)
{
    char *end = NULL;
    if (text == NULL || !bnc_str_starts(text, word)) {
        return NULL;
    }
    *number = strtoul(text + strlen(word), &end, 10);
    return end;
}

/* The whole file cannot be used: `err` says why, some with "line 2, column 3: ". */
static void
file_problem(struct bnc_docs_reader *r, const struct bnc_error *err)
{
    bool too_big = err->code == BNC_TOO_BIG;
    struct bnc_problem problem = {
        .reason = too_big ? BNC_REASON_TOO_BIG : BNC_REASON_INVALID_OBJECT,
        .file = r->input->file,
        .kind = "",
        .ns = "",
        .name = "",
        .field = "",
        .message = err->message,
        .remedy = too_big ? "split the file" : "correct the YAML or JSON",
    };
    const char *rest = take_number(err->message, "line ", &problem.line);
    rest = take_number(rest, ", column ", &problem.column);
    if (rest != NULL && bnc_str_starts(rest, ": ")) {
        problem.message = rest + 2;
    }
    r->counts->problems++;
    r->ops->on_problem(r->arg, &problem);
}

/* ---- objects ------------------------------------------------------------------- */

static enum bnc_code
make_object(struct bnc_docs_reader *r, const struct bnc_docs_place *place,
            enum bnc_kind kind, const cJSON *tree, struct bnc_error *err)
{
    if (r->counts->objects >= r->input->max_objects) {
        return bnc_fail(err, BNC_TOO_BIG,
                        "line %zu, column 1: over %zu objects in all files together",
                        place->line, BNC_DOCS_OBJECTS_MAX);
    }
    struct bnc_str json = bnc_str_new(r->arena, BNC_DOCS_FILE_MAX * 4);
    struct bnc_pruned pruned;
    struct bnc_error why = {0};

    bnc_json_print(tree, &json);
    if (bnc_str_check(&json, "the object", &why) ||
        bnc_prune(bnc_kind_info(kind)->keep, json.ptr, json.len, r->arena, &pruned,
                  &why)) {
        bnc_docs_problem(r, place, "", NULL, "%s", why.message);
        return BNC_OK;
    }
    /* what a dump of a cluster carries says nothing here */
    pruned.name = place->name;
    pruned.ns = place->ns;
    pruned.uid = "";
    pruned.resource_version = "";
    pruned.generation = 0;
    pruned.deleting = false;
    pruned.status = (struct bnc_bytes){"", 0};
    pruned.managed_fields = (struct bnc_bytes){"", 0};
    const char *origin = bnc_arena_fmt(r->arena, "%s:%zu", r->input->file, place->line);
    r->counts->objects++;
    r->ops->on_object(r->arg, bnc_object_new(kind, &pruned, origin), place->line);
    return BNC_OK;
}

/* Our own group is never ignored: a slip of the pen would be a target not scraped. */
static void
ignore_kind(struct bnc_docs_reader *r, const struct bnc_docs_place *place,
            const char *api_version)
{
    if (!bnc_str_starts(api_version, "binnacle.dev/")) {
        r->counts->ignored++;
        return;
    }
    bnc_docs_problem(r, place, "kind",
                     "use apiVersion binnacle.dev/v1alpha1 and kind "
                     "Observatory or ScrapePolicy",
                     "kind \"%.*s\" of \"%.*s\" is not known to this version of binnacle",
                     bnc_clip(place->kind, SHOWN), place->kind,
                     bnc_clip(api_version, SHOWN), api_version);
}

static enum bnc_code
read_known(struct bnc_docs_reader *r, struct bnc_docs_place *place, enum bnc_kind kind,
           const cJSON *tree, struct bnc_error *err)
{
    if (!bnc_docs_check_metadata(r, place, kind, tree) ||
        !bnc_docs_check_maps(r, place, kind, tree)) {
        return BNC_OK;
    }
    if (kind == BNC_KIND_SECRET) {
        tree = bnc_docs_fold_secret(r->arena, tree);
    }
    return make_object(r, place, kind, tree, err);
}

/* apiVersion or kind; an item of a typed list may leave it to the list. */
static const char *
type_text(struct bnc_docs_reader *r, const struct bnc_docs_place *place,
          const cJSON *tree, const char *key, const char *inherited)
{
    const cJSON *item = bnc_json_get(tree, key);
    if (item == NULL && inherited != NULL) {
        return inherited;
    }
    if (item != NULL && cJSON_IsString(item) && item->valuestring[0] != '\0') {
        return item->valuestring;
    }
    bnc_docs_problem(
        r, place, key,
        "a manifest has apiVersion, kind and metadata.name; keep other files "
        "elsewhere",
        item == NULL ? "%s is missing" : "%s is not text", key);
    return NULL;
}

/* What the items of a list are when they do not say it themselves. */
struct inherited {
    const char *api_version;
    const char *kind;
};

static enum bnc_code
read_object(struct bnc_docs_reader *r, struct bnc_docs_place *place, const cJSON *tree,
            const struct inherited *inherited, struct bnc_error *err);

static enum bnc_code
read_list(struct bnc_docs_reader *r, const struct bnc_docs_place *list,
          const cJSON *items, const struct inherited *inherited, struct bnc_error *err)
{
    size_t index = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, items)
    {
        struct bnc_docs_place place = *list;
        place.prefix = bnc_arena_fmt(r->arena, "%sitems[%zu].", list->prefix, index);
        if (list->prefix[0] == '\0') {
            size_t line = bnc_docs_item_line(r, list->doc, index);
            place.line = line == 0 ? list->line : line;
        }
        place.kind = "";
        if (read_object(r, &place, item, inherited, err)) {
            return err->code;
        }
        index++;
    }
    return BNC_OK;
}

/* "List" of v1, or "PodList": what it holds is in items. */
static bool
is_list(const char *kind, const cJSON *tree)
{
    return bnc_str_ends(kind, "List") && cJSON_IsArray(bnc_json_get(tree, "items"));
}

static enum bnc_code
read_object(struct bnc_docs_reader *r, struct bnc_docs_place *place, const cJSON *tree,
            const struct inherited *inherited, struct bnc_error *err)
{
    if (!cJSON_IsObject(tree)) {
        bnc_docs_problem(r, place, "",
                         "a manifest has apiVersion, kind and metadata.name; keep other "
                         "files elsewhere",
                         "not an object of Kubernetes");
        return BNC_OK;
    }
    const char *api_version =
        type_text(r, place, tree, "apiVersion", inherited->api_version);
    const char *kind_name = type_text(r, place, tree, "kind", inherited->kind);
    if (api_version == NULL || kind_name == NULL) {
        return BNC_OK;
    }
    place->kind = kind_name;
    if (is_list(kind_name, tree)) {
        struct inherited down = {0};
        if (strcmp(kind_name, "List") != 0) {
            down.api_version = api_version;
            down.kind = bnc_arena_strndup(r->arena, kind_name, strlen(kind_name) - 4);
        }
        return read_list(r, place, bnc_json_get(tree, "items"), &down, err);
    }
    enum bnc_kind kind = bnc_kind_find(api_version, kind_name);
    if (kind == BNC_KIND_NONE) {
        ignore_kind(r, place, api_version);
        return BNC_OK;
    }
    return read_known(r, place, kind, tree, err);
}

static enum bnc_code
read_docs(struct bnc_docs_reader *r, struct bnc_error *err)
{
    struct bnc_yaml_limits limits = BNC_YAML_LIMITS_DEFAULT;
    struct bnc_yaml_docs docs = {0};
    static const struct inherited nothing = {0};

    limits.max_bytes = BNC_DOCS_FILE_MAX;
    if (bnc_yaml_read(r->input->text.ptr, r->input->text.len, &limits, r->arena, &docs,
                      err)) {
        return err->code;
    }
    for (size_t i = 0; i < docs.n; i++) {
        struct bnc_docs_place place = {.doc = i,
                                       .line = docs.items[i].line,
                                       .prefix = "",
                                       .kind = "",
                                       .ns = "",
                                       .name = ""};
        if (docs.items[i].root == NULL || cJSON_IsNull(docs.items[i].root)) {
            continue; /* nothing between two "---" */
        }
        if (read_object(r, &place, docs.items[i].root, &nothing, err)) {
            return err->code;
        }
    }
    return BNC_OK;
}

enum bnc_code
bnc_docs_read(const struct bnc_docs_input *input, const struct bnc_docs_ops *ops,
              void *arg, struct bnc_docs_counts *counts, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_docs_reader reader = {
        .input = input, .ops = ops, .arg = arg, .counts = counts, .arena = arena};

    *counts = (struct bnc_docs_counts){0};
    if (read_docs(&reader, err)) {
        file_problem(&reader, err);
        return err->code;
    }
    return BNC_OK;
}
