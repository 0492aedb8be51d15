/* What the API server would refuse in metadata and in maps of texts. */
#include <string.h>

#include "lib/base64.h"
#include "lib/clip.h"
#include "lib/units.h"
#include "source/docs_priv.h"

#define SHOWN 80 /* bytes of a wrong value in a message */

static const char *
type_name(const cJSON *item)
{
    if (cJSON_IsBool(item)) {
        return "a boolean";
    }
    if (bnc_json_is_number(item)) {
        return "a number";
    }
    if (cJSON_IsNull(item)) {
        return "null";
    }
    return cJSON_IsArray(item) ? "a list" : "a map";
}

/* The text at metadata.`key`; `ok` turns false when there is something else. */
static const char *
metadata_text(struct bnc_docs_reader *r, const struct bnc_docs_place *place,
              const cJSON *tree, const char *key, bool *ok)
{
    const cJSON *item = bnc_json_path(tree, "metadata", key, NULL);
    if (item == NULL || cJSON_IsNull(item)) {
        return NULL;
    }
    if (!cJSON_IsString(item)) {
        const char *field = bnc_arena_fmt(r->arena, "metadata.%s", key);
        bnc_docs_problem(r, place, field, "put it in quotes", "%s is %s, not text", field,
                         type_name(item));
        *ok = false;
        return NULL;
    }
    return item->valuestring;
}

static bool
check_name(struct bnc_docs_reader *r, const struct bnc_docs_place *place,
           enum bnc_kind kind, const char *name)
{
    if (name == NULL || name[0] == '\0') {
        bnc_docs_problem(r, place, "metadata.name",
                         "give it a name; generateName needs an API server",
                         "metadata.name is missing");
        return false;
    }
    if (strcmp(bnc_kind_info(kind)->group, "monitoring.coreos.com") == 0) {
        return true; /* a warning, when it is compiled */
    }
    bool label = kind == BNC_KIND_NAMESPACE;
    if (label ? bnc_dns_label_valid(name) : bnc_dns_subdomain_valid(name)) {
        return true;
    }
    bnc_docs_problem(
        r, place, "metadata.name",
        label ? "use lower-case letters, digits and '-', at most 63, with a "
                "letter or digit at both ends"
              : "use lower-case letters, digits, '-' and '.', at most 253, with "
                "a letter or digit at both ends",
        "\"%.*s\" is not a name that Kubernetes takes", bnc_clip(name, SHOWN), name);
    return false;
}

bool
bnc_docs_check_metadata(struct bnc_docs_reader *r, struct bnc_docs_place *place,
                        enum bnc_kind kind, const cJSON *tree)
{
    const cJSON *metadata = bnc_json_get(tree, "metadata");
    if (metadata != NULL && !cJSON_IsObject(metadata)) {
        bnc_docs_problem(r, place, "metadata", "write it as a map with a name",
                         "metadata is %s, not a map",
                         cJSON_IsString(metadata) ? "text" : type_name(metadata));
        return false;
    }
    bool ok = true;
    const char *name = metadata_text(r, place, tree, "name", &ok);
    const char *ns = metadata_text(r, place, tree, "namespace", &ok);
    if (!ok || !check_name(r, place, kind, name)) {
        return false;
    }
    place->name = name;
    if (!bnc_kind_info(kind)->namespaced) {
        return true;
    }
    if (ns == NULL || ns[0] == '\0') {
        place->ns = r->input->default_ns == NULL ? "default" : r->input->default_ns;
        return true;
    }
    if (!bnc_dns_label_valid(ns)) {
        bnc_docs_problem(r, place, "metadata.namespace",
                         "use lower-case letters, digits and '-', at most 63, with a "
                         "letter or digit at both ends",
                         "\"%.*s\" is not a namespace that Kubernetes takes",
                         bnc_clip(ns, SHOWN), ns);
        return false;
    }
    place->ns = ns;
    return true;
}

/* ---- maps of texts ------------------------------------------------------------- */

/* Labels and annotations, wherever an object or its pod template has them. */
static const char *const text_maps[] = {
    "metadata.labels",
    "metadata.annotations",
    "spec.template.metadata.labels",
    "spec.template.metadata.annotations",
    "spec.jobTemplate.spec.template.metadata.labels",
    "spec.jobTemplate.spec.template.metadata.annotations",
};

static const struct {
    enum bnc_kind kind;
    const char *field;
    bool base64;
} data_maps[] = {
    {BNC_KIND_SECRET, "data", true},
    {BNC_KIND_SECRET, "stringData", false},
    {BNC_KIND_CONFIG_MAP, "data", false},
    {BNC_KIND_CONFIG_MAP, "binaryData", true},
};

/* The value at a path of plain keys; NULL: not there. */
static const cJSON *
walk(const cJSON *tree, const char *path)
{
    while (tree != NULL && *path != '\0') {
        char key[64];
        size_t n = strcspn(path, ".");
        memcpy(key, path, n);
        key[n] = '\0';
        tree = bnc_json_get(tree, key);
        path += n + (path[n] == '.');
    }
    return tree;
}

/* "field["key"]", with the other quotes when the key has these. */
static const char *
field_of(struct bnc_docs_reader *r, const char *map, const char *key)
{
    return bnc_arena_fmt(r->arena,
                         strchr(key, '"') == NULL ? "%s[\"%.*s\"]" : "%s['%.*s']", map,
                         bnc_clip(key, 300), key);
}

/* No value is shown: it may be a secret. */
static bool
check_map(struct bnc_docs_reader *r, const struct bnc_docs_place *place, const char *map,
          const cJSON *tree, bool base64)
{
    const cJSON *found = walk(tree, map);
    struct bnc_bytes bytes = {0};
    if (found == NULL || cJSON_IsNull(found)) {
        return true;
    }
    if (!cJSON_IsObject(found)) {
        bnc_docs_problem(r, place, map, "write it as a map of texts",
                         "%s is %s, not a map", map,
                         cJSON_IsString(found) ? "text" : type_name(found));
        return false;
    }
    bool ok = true;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, found)
    {
        if (!cJSON_IsString(item) && !cJSON_IsNull(item)) {
            bnc_docs_problem(r, place, field_of(r, map, item->string), "put it in quotes",
                             "the value is %s, not text", type_name(item));
            ok = false;
        } else if (base64 && cJSON_IsString(item) &&
                   !bnc_base64_decode(r->arena, item->valuestring, &bytes)) {
            bnc_docs_problem(r, place, field_of(r, map, item->string),
                             strcmp(map, "data") == 0
                                 ? "encode it, or write plain text into stringData"
                                 : "encode it, or write plain text into data",
                             "the value is not base64");
            ok = false;
        }
    }
    return ok;
}

bool
bnc_docs_check_maps(struct bnc_docs_reader *r, const struct bnc_docs_place *place,
                    enum bnc_kind kind, const cJSON *tree)
{
    bool ok = true;
    for (size_t i = 0; i < BNC_LEN(text_maps); i++) {
        ok = check_map(r, place, text_maps[i], tree, false) && ok;
    }
    for (size_t i = 0; i < BNC_LEN(data_maps); i++) {
        if (data_maps[i].kind == kind) {
            ok = check_map(r, place, data_maps[i].field, tree, data_maps[i].base64) && ok;
        }
    }
    return ok;
}

const cJSON *
bnc_docs_fold_secret(struct bnc_arena *arena, const cJSON *tree)
{
    if (!cJSON_IsObject(bnc_json_get(tree, "stringData"))) {
        return tree;
    }
    cJSON *copy = bnc_json_clone(arena, tree); /* an alias may share parts of it */
    cJSON *data = bnc_json_get(copy, "data");
    if (!cJSON_IsObject(data)) {
        data = bnc_json_object(arena);
        bnc_json_set_item(arena, copy, "data", data);
    }
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, bnc_json_get(copy, "stringData"))
    {
        struct bnc_str base64 = bnc_str_new(arena, BNC_DOCS_FILE_MAX * 2);
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        bnc_base64_add(&base64, (struct bnc_bytes){text, strlen(text)});
        bnc_json_set_str(arena, data, item->string, base64.ptr == NULL ? "" : base64.ptr);
    }
    (void)bnc_json_remove(copy, "stringData");
    return copy;
}
