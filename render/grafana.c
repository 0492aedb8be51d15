#include "render/grafana.h"

#include <string.h>

#include "lib/hash.h"
#include "lib/json.h"
#include "render/yaml_out.h"

#define FILE_MAX   ((size_t)16 * 1024 * 1024)
#define ITEM_MAX   ((size_t)2 * 1024 * 1024)
#define UID_WORD   27 /* bytes of the word in a uid; then a dash and 12 digits */
#define UID_DIGEST 12

/* ---- jsonData -------------------------------------------------------------------- */

struct maker {
    const struct bnc_grafana_source *source;
    struct bnc_arena *arena;
    cJSON *data; /* jsonData */
};

/* The object at `key`, made when it is not there; NULL: something else is. */
static cJSON *
object_at(struct maker *m, const char *key)
{
    cJSON *object = bnc_json_get(m->data, key);
    if (object == NULL) {
        object = bnc_json_object(m->arena);
        bnc_json_set_item(m->arena, m->data, key, object);
    }
    return cJSON_IsObject(object) ? object : NULL;
}

static void
default_str(struct maker *m, cJSON *object, const char *key, const char *value)
{
    if (bnc_json_get(object, key) == NULL) {
        bnc_json_set_str(m->arena, object, key, value);
    }
}

static void
default_true(struct maker *m, cJSON *object, const char *key)
{
    if (bnc_json_get(object, key) == NULL) {
        bnc_json_set_bool(m->arena, object, key, true);
    }
}

/* {datasourceUid, and a minute on both sides of the span} */
static cJSON *
span_link(struct maker *m, const char *key, const char *uid)
{
    cJSON *link = object_at(m, key);
    if (link != NULL) {
        default_str(m, link, "datasourceUid", uid);
        default_str(m, link, "spanStartTimeShift", "-1m");
        default_str(m, link, "spanEndTimeShift", "1m");
    }
    return link;
}

static void
trace_to_logs(struct maker *m)
{
    cJSON *link = span_link(m, "tracesToLogsV2", m->source->logs_uid);
    if (link != NULL) {
        default_true(m, link, "filterByTraceID");
    }
}

static void
trace_to_metrics(struct maker *m)
{
    static const char *const queries[][2] = {
        {"Requests", "sum(rate(istio_requests_total{$__tags}[5m]))"},
        {"Errors",
         "sum(rate(istio_requests_total{$__tags, response_code=~\"5..\"}[5m]))"},
    };
    cJSON *link = span_link(m, "tracesToMetrics", m->source->metrics_uid);
    if (link == NULL || bnc_json_get(link, "queries") != NULL) {
        return;
    }
    cJSON *list = bnc_json_array(m->arena);
    for (size_t i = 0; i < BNC_LEN(queries); i++) {
        cJSON *query = bnc_json_object(m->arena);
        bnc_json_set_str(m->arena, query, "name", queries[i][0]);
        bnc_json_set_str(m->arena, query, "query", queries[i][1]);
        bnc_json_add(list, query);
    }
    bnc_json_set_item(m->arena, link, "queries", list);
    if (bnc_json_get(link, "tags") == NULL) {
        cJSON *tags = bnc_json_array(m->arena);
        cJSON *tag = bnc_json_object(m->arena);
        bnc_json_set_str(m->arena, tag, "key", "istio.canonical_service");
        bnc_json_set_str(m->arena, tag, "value", "destination_canonical_service");
        bnc_json_add(tags, tag);
        bnc_json_set_item(m->arena, link, "tags", tags);
    }
}

/* Jaeger, Zipkin, Tempo. */
static void
links_of_traces(struct maker *m)
{
    cJSON *graph = object_at(m, "nodeGraph");
    if (graph != NULL) {
        default_true(m, graph, "enabled");
    }
    if (m->source->logs_uid != NULL) {
        trace_to_logs(m);
    }
    if (m->source->metrics_uid != NULL) {
        trace_to_metrics(m);
    }
}

static void
links_of_tempo(struct maker *m)
{
    links_of_traces(m);
    if (m->source->metrics_uid != NULL) {
        cJSON *map = object_at(m, "serviceMap");
        if (map != NULL) {
            default_str(m, map, "datasourceUid", m->source->metrics_uid);
        }
    }
}

/* Give every item of a list that leads nowhere the uid; make the list with `first`. */
static void
lead(struct maker *m, const char *key, cJSON *first, const char *uid)
{
    cJSON *list = bnc_json_get(m->data, key);
    if (list == NULL) {
        list = bnc_json_array(m->arena);
        bnc_json_add(list, first);
        bnc_json_set_item(m->arena, m->data, key, list);
    }
    cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsObject(item) && bnc_json_get(item, "datasourceUid") == NULL &&
            (item == first || bnc_json_get(item, "url") == NULL)) {
            bnc_json_set_str(m->arena, item, "datasourceUid", uid);
        }
    }
}

static void
links_of_prometheus(struct maker *m)
{
    if (m->source->traces_uid != NULL) {
        cJSON *exemplar = bnc_json_object(m->arena);
        bnc_json_set_str(m->arena, exemplar, "name", "trace_id");
        lead(m, "exemplarTraceIdDestinations", exemplar, m->source->traces_uid);
    }
}

static void
links_of_loki(struct maker *m)
{
    if (m->source->traces_uid != NULL) {
        cJSON *field = bnc_json_object(m->arena);
        bnc_json_set_str(m->arena, field, "name", "trace_id");
        bnc_json_set_str(m->arena, field, "matcherRegex",
                         "trace[_-]?[iI][dD]\"?[=:]\\s*\"?([0-9a-fA-F]{16,32})");
        bnc_json_set_str(m->arena, field, "url", "${__value.raw}");
        lead(m, "derivedFields", field, m->source->traces_uid);
    }
}

static const struct {
    const char *type;
    struct bnc_grafana_links has;
    void (*add)(struct maker *m);
} types[] = {
    {"prometheus", {.traces = true}, links_of_prometheus},
    {"loki", {.traces = true}, links_of_loki},
    {"jaeger", {.logs = true, .metrics = true}, links_of_traces},
    {"zipkin", {.logs = true, .metrics = true}, links_of_traces},
    {"tempo", {.logs = true, .metrics = true}, links_of_tempo},
};

struct bnc_grafana_links
bnc_grafana_links_of(const char *type)
{
    for (size_t i = 0; i < BNC_LEN(types); i++) {
        if (bnc_str_eq(type, types[i].type)) {
            return types[i].has;
        }
    }
    return (struct bnc_grafana_links){0};
}

static cJSON *
json_data(const struct bnc_grafana_source *source, struct bnc_arena *arena)
{
    const cJSON *given = source->spec->json_data;
    struct maker m = {.source = source,
                      .arena = arena,
                      .data = given == NULL ? bnc_json_object(arena)
                                            : bnc_json_clone(arena, given)};
    for (size_t i = 0; i < BNC_LEN(types); i++) {
        if (bnc_str_eq(source->spec->type, types[i].type)) {
            types[i].add(&m);
        }
    }
    return m.data;
}

/* ---- the datasource -------------------------------------------------------------- */

static void
opt_str(struct bnc_arena *arena, cJSON *object, const char *key, const char *value)
{
    if (value != NULL) {
        bnc_json_set_str(arena, object, key, value);
    }
}

static void
opt_bool(struct bnc_arena *arena, cJSON *object, const char *key, enum bnc_tri value)
{
    if (value != BNC_UNSET) {
        bnc_json_set_bool(arena, object, key, value == BNC_TRUE);
    }
}

cJSON *
bnc_grafana_body(const struct bnc_grafana_source *source, struct bnc_arena *arena)
{
    const struct bnc_spec_datasource *spec = source->spec;
    cJSON *body = bnc_json_object(arena);
    bnc_json_set_str(arena, body, "name", source->title);
    bnc_json_set_str(arena, body, "type", spec->type);
    bnc_json_set_str(arena, body, "uid", source->uid);
    bnc_json_set_str(arena, body, "access",
                     spec->access == NULL ? "proxy" : spec->access);
    opt_str(arena, body, "url", spec->url);
    opt_str(arena, body, "user", spec->user);
    opt_str(arena, body, "database", spec->database);
    opt_bool(arena, body, "basicAuth", spec->basic_auth);
    opt_str(arena, body, "basicAuthUser", spec->basic_auth_user);
    opt_bool(arena, body, "withCredentials", spec->with_credentials);
    bnc_json_set_bool(arena, body, "isDefault", spec->is_default == BNC_TRUE);
    bnc_json_set_item(arena, body, "jsonData", json_data(source, arena));
    return body;
}

/* ---- the file -------------------------------------------------------------------- */

/* Every $ of the texts below as $$. */
static void
double_dollars(cJSON *tree, struct bnc_arena *arena)
{
    cJSON *item;
    if (cJSON_IsString(tree) && strchr(tree->valuestring, '$') != NULL) {
        struct bnc_str out = bnc_str_new(arena, ITEM_MAX);
        for (const char *s = tree->valuestring; *s != '\0'; s++) {
            bnc_str_add(&out, *s == '$' ? "$$" : s, *s == '$' ? 2 : 1);
        }
        tree->valuestring = out.ptr;
    }
    cJSON_ArrayForEach(item, tree)
    {
        double_dollars(item, arena);
    }
}

static enum bnc_code
add_item(const struct bnc_grafana_source *source, struct bnc_arena *arena,
         struct bnc_str *out, struct bnc_error *err)
{
    cJSON *body = bnc_grafana_body(source, arena);
    struct bnc_bytes text = {0};
    struct bnc_yaml y;

    double_dollars(body, arena);
    bnc_json_set_int(arena, body, "orgId", source->org);
    bnc_json_set_bool(arena, body, "editable", source->spec->editable == BNC_TRUE);
    bnc_yaml_start(&y, BNC_YAML_ROOT_SEQ, 2, ITEM_MAX, arena);
    bnc_yaml_tree(&y, NULL, body);
    enum bnc_code code = bnc_yaml_finish(&y, &text, err);
    if (code == BNC_OK) {
        bnc_str_add(out, text.ptr, text.len);
    }
    return code;
}

/* Grafana deletes before it makes. */
static enum bnc_code
add_removed(const struct bnc_grafana_file *file, struct bnc_arena *arena,
            struct bnc_str *out, struct bnc_error *err)
{
    cJSON *list = bnc_json_array(arena);
    struct bnc_bytes text = {0};
    struct bnc_yaml y;

    if (file->n_removed == 0) {
        return BNC_OK;
    }
    for (size_t i = 0; i < file->n_removed; i++) {
        cJSON *row = bnc_json_object(arena);
        bnc_json_set_str(arena, row, "name", file->removed[i].title);
        bnc_json_set_int(arena, row, "orgId", file->removed[i].org);
        bnc_json_add(list, row);
    }
    double_dollars(list, arena);
    bnc_yaml_start(&y, BNC_YAML_ROOT_MAP, 0, ITEM_MAX, arena);
    bnc_yaml_tree(&y, "deleteDatasources", list);
    enum bnc_code code = bnc_yaml_finish(&y, &text, err);
    if (code == BNC_OK) {
        bnc_str_add(out, text.ptr, text.len);
    }
    return code;
}

enum bnc_code
bnc_grafana_file(const struct bnc_grafana_file *file, struct bnc_arena *arena,
                 struct bnc_bytes *out, struct bnc_fill **fills, size_t *n_fills,
                 struct bnc_error *err)
{
    struct bnc_str text = bnc_str_new(arena, FILE_MAX);
    const struct bnc_grafana_source *sources = file->sources;
    size_t n = file->n;
    size_t room = 0;

    for (size_t i = 0; i < n; i++) {
        room += sources[i].n_secure;
    }
    *fills = bnc_arena_array(arena, room, sizeof(**fills));
    *n_fills = 0;
    bnc_str_puts(&text, "apiVersion: 1\n");
    bnc_str_puts(&text, file->prune ? "prune: true\n" : "");
    if (add_removed(file, arena, &text, err)) {
        return err->code;
    }
    bnc_str_puts(&text, n == 0 ? "datasources: []\n" : "datasources:\n");
    for (size_t i = 0; i < n; i++) {
        enum bnc_code code = add_item(&sources[i], arena, &text, err);
        if (code) {
            return code;
        }
        bnc_str_puts(&text, sources[i].n_secure == 0 ? "" : "    secureJsonData:\n");
        for (size_t k = 0; k < sources[i].n_secure; k++) {
            bnc_str_puts(&text, "      ");
            bnc_str_json(&text, sources[i].secure[k].name);
            bnc_str_puts(&text, ": ");
            (*fills)[(*n_fills)++] =
                (struct bnc_fill){.at = text.len, .asset = sources[i].secure[k].asset};
            bnc_str_puts(&text, "\n");
        }
    }
    *out = (struct bnc_bytes){text.ptr, text.len};
    return bnc_str_check(&text, "the provisioning file", err);
}

const char *
bnc_grafana_uid(const char *word, const char *ns, const char *name,
                struct bnc_arena *arena)
{
    const char *whole = bnc_arena_fmt(arena, "%s/%s/%s", word, ns, name);
    char digest[BNC_SHA256_HEX];
    char *uid = NULL;
    bnc_sha256_hex(whole, strlen(whole), digest);
    uid = bnc_arena_fmt(arena, "%.*s-%.*s", UID_WORD, word, UID_DIGEST, digest);
    for (char *c = uid; *c != '\0'; c++) {
        if (*c == '.') { /* of an object's name */
            *c = '-';
        }
    }
    return uid;
}
