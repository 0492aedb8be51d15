/* What a mesh has, and what is said of it, when everything is calm. */
#include <string.h>

#include "lib/json.h"
#include "lib/map.h"
#include "mesh/istio.h"
#include "model/crd.h"
#include "model/kind.h"
#include "tests/sim/run/run.h"

#define ISTIO "istio-system"

struct look {
    const struct product *product;
    struct bnc_sim_api *api;
    struct bnc_arena *arena;
    const char *wrong;
    struct bnc_map *places; /* "NAMESPACE/REVISION" of one without selector: its name */
    bool theirs;            /* look at those of others */
    const struct bnc_kind_doc *doc;
    const cJSON *schema;
};

static cJSON *
parse(struct look *l, const char *text)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    return text == NULL || bnc_json_parse(l->arena, text, strlen(text), &root, &err)
               ? NULL
               : root;
}

static cJSON *
get(struct look *l, const char *kind, const char *ns, const char *name)
{
    return parse(l, bnc_sim_api_get(l->api, kind, ns, name));
}

/* ---- Telemetry -------------------------------------------------------------------- */

/* ConfigMap `name` as istiod reads it; NULL: it is not there. */
static const struct bnc_mesh_config *
read_config(struct look *l, const char *name)
{
    const char *text =
        bnc_json_get_str(bnc_json_get(get(l, "ConfigMap", ISTIO, name), "data"), "mesh");
    struct bnc_error err = {0};
    struct bnc_mesh_config *config = bnc_arena_alloc(l->arena, sizeof(*config));
    if (text == NULL) {
        return NULL;
    }
    (void)bnc_mesh_config_parse(text, strlen(text), l->arena, config, &err);
    return config;
}

/* SHARED_MESH_CONFIG; what we ask for when nobody can tell. */
static const char *
shared_name(struct look *l)
{
    const cJSON *root = get(l, "Deployment", ISTIO, "istiod");
    const cJSON *list =
        bnc_json_path(root, "spec", "template", "spec", "containers", NULL);
    const cJSON *item;
    cJSON_ArrayForEach(item, bnc_json_get(list == NULL ? NULL : list->child, "env"))
    {
        if (bnc_str_eq(bnc_json_get_str(item, "name"), "SHARED_MESH_CONFIG")) {
            return bnc_json_get_str(item, "value");
        }
    }
    return root == NULL ? "binnacle-mesh" : NULL;
}

static bool
knows(struct look *l, const char *provider)
{
    struct bnc_mesh_config merged = {0};
    const char *shared = shared_name(l);
    bnc_mesh_config_merge(shared == NULL ? NULL : read_config(l, shared),
                          read_config(l, "istio"), l->arena, &merged);
    return bnc_provider_find(&merged, provider) != NULL;
}

static void
check_providers(struct look *l, const struct bnc_telemetry *t)
{
    for (size_t i = 0; i < t->n_tracing; i++) {
        const char *provider = t->tracing[i].provider;
        if (provider == NULL || !knows(l, provider)) {
            l->wrong = bnc_arena_fmt(l->arena, "Telemetry %s/%s names provider %s", t->ns,
                                     t->name, provider == NULL ? "(none)" : provider);
        }
    }
}

/*
 * One that is rejected leaves what is there as it is, whatever becomes of the mesh.
 */
static bool
is_kept(struct look *l, const char *owner)
{
    const struct bnc_engine *engine = bnc_controller_engine(l->product->controller);
    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        const struct bnc_result *result = bnc_engine_result(engine, i);
        const char *name =
            bnc_arena_fmt(l->arena, "%s/%s", result->object->ns, result->object->name);
        if (strcmp(name, owner) == 0) {
            return !result->ready;
        }
    }
    return false;
}

static void
check_telemetry(void *arg, const struct bnc_sim_api_item *item)
{
    struct look *l = arg;
    cJSON *root = parse(l, item->json);
    struct bnc_telemetry t = {0};
    bnc_telemetry_decode(root, l->arena, &t);
    t.ns = item->ns;
    t.name = item->name;
    const cJSON *notes = bnc_json_path(root, "metadata", "annotations", NULL);
    const char *owner = bnc_json_get_str(notes, "binnacle.dev/owner");
    bool ours = owner != NULL;
    if (ours == l->theirs || (ours && is_kept(l, owner))) {
        return;
    }
    if (ours) {
        check_providers(l, &t);
    }
    if (t.selects) {
        return;
    }
    const char *other = bnc_map_get(l->places, item->ns);
    if (other != NULL && (ours || !bnc_str_eq(other, "theirs"))) {
        l->wrong = bnc_arena_fmt(l->arena, "Telemetry %s/%s beside %s", item->ns,
                                 item->name, other);
    }
    (void)bnc_map_put(l->places, item->ns,
                      bnc_arena_strdup(l->arena, ours ? item->name : "theirs"));
}

const char *
judge_telemetries(const struct product *product, struct bnc_sim_api *api,
                  struct bnc_arena *arena)
{
    struct look l = {.product = product,
                     .api = api,
                     .arena = arena,
                     .places = bnc_map_new(),
                     .theirs = true};
    (void)bnc_sim_api_list(api, "Telemetry", check_telemetry, &l);
    l.theirs = false;
    (void)bnc_sim_api_list(api, "Telemetry", check_telemetry, &l);
    bnc_map_free(l.places);
    return l.wrong;
}

/* ---- statuses --------------------------------------------------------------------- */

/* Bytes of UTF-8 that begin a character. */
static int64_t
length_of(const char *text)
{
    int64_t n = 0;
    for (; *text != '\0'; text++) {
        n += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return n;
}

static bool
below(const cJSON *schema, const char *limit, int64_t n)
{
    int64_t max = 0;
    return bnc_json_get_int(schema, limit, &max) && n > max;
}

static bool
above(const cJSON *schema, const char *limit, int64_t n)
{
    int64_t min = 0;
    return bnc_json_get_int(schema, limit, &min) && n < min;
}

static const char *
check_value(struct look *l, const cJSON *schema, const cJSON *value, const char *path);

static const char *
check_list(struct look *l, const cJSON *schema, const cJSON *value, const char *path)
{
    const char *wrong = NULL;
    const cJSON *item;
    if (!cJSON_IsArray(value) || below(schema, "maxItems", cJSON_GetArraySize(value))) {
        return bnc_arena_fmt(l->arena, "%s: no list, or too long", path);
    }
    cJSON_ArrayForEach(item, value)
    {
        wrong = wrong != NULL ? wrong
                              : check_value(l, bnc_json_get(schema, "items"), item, path);
    }
    return wrong;
}

static const char *
check_map(struct look *l, const cJSON *schema, const cJSON *value, const char *path)
{
    const cJSON *fields = bnc_json_get(schema, "properties");
    const char *wrong = NULL;
    const cJSON *item;
    cJSON_ArrayForEach(item, bnc_json_get(schema, "required"))
    {
        if (bnc_json_get(value, item->valuestring) == NULL) {
            return bnc_arena_fmt(l->arena, "%s.%s is required", path, item->valuestring);
        }
    }
    cJSON_ArrayForEach(item, value)
    {
        const cJSON *field = bnc_json_get(fields, item->string);
        const char *below_it = bnc_arena_fmt(l->arena, "%s.%s", path, item->string);
        if (fields != NULL && field == NULL) {
            return bnc_arena_fmt(l->arena, "%s is no field", below_it);
        }
        wrong = wrong != NULL || field == NULL ? wrong
                                               : check_value(l, field, item, below_it);
    }
    return wrong;
}

static const char *
check_text(struct look *l, const cJSON *schema, const cJSON *value, const char *path)
{
    const cJSON *names = bnc_json_get(schema, "enum");
    const cJSON *name;
    bool found = names == NULL;
    const char *text = cJSON_IsString(value) ? value->valuestring : "";
    cJSON_ArrayForEach(name, names)
    {
        found = found || bnc_str_eq(name->valuestring, text);
    }
    if (!cJSON_IsString(value) || !found || below(schema, "maxLength", length_of(text)) ||
        above(schema, "minLength", length_of(text))) {
        return bnc_arena_fmt(l->arena, "%s: \"%s\" is not allowed", path, text);
    }
    return NULL;
}

static const char *
check_value(struct look *l, const cJSON *schema, const cJSON *value, const char *path)
{
    const char *type = bnc_json_get_str(schema, "type");
    int64_t n = 0;
    if (bnc_str_eq(type, "object")) {
        return check_map(l, schema, value, path);
    }
    if (bnc_str_eq(type, "array")) {
        return check_list(l, schema, value, path);
    }
    if (bnc_str_eq(type, "string")) {
        return check_text(l, schema, value, path);
    }
    if (bnc_str_eq(type, "integer") &&
        (!bnc_json_to_int(value, &n) || below(schema, "maximum", n) ||
         above(schema, "minimum", n))) {
        return bnc_arena_fmt(l->arena, "%s: no such number is allowed", path);
    }
    if (bnc_str_eq(type, "number") && !bnc_json_is_number(value)) {
        return bnc_arena_fmt(l->arena, "%s: no number", path);
    }
    return NULL;
}

/* A percentage, and a workload that is there. */
static const char *
check_line(struct look *l, const cJSON *line)
{
    static const char *const rates[] = {"percent", "inboundPercent"};
    const char *kind = bnc_json_get_str(line, "kind");
    const char *ns = bnc_json_get_str(line, "namespace");
    const char *name = bnc_json_get_str(line, "name");
    for (size_t i = 0; i < BNC_LEN(rates); i++) {
        bnc_rate rate = 0;
        const cJSON *value = bnc_json_get(line, rates[i]);
        if (value != NULL && (!bnc_rate_from_json(value, l->arena, &rate) || rate < 0 ||
                              rate > BNC_RATE_ALL)) {
            return bnc_arena_fmt(l->arena, "%s of %s %s/%s", rates[i], kind, ns, name);
        }
    }
    if (bnc_sim_api_get(l->api, kind, ns, name) == NULL) {
        return bnc_arena_fmt(l->arena, "%s %s/%s is not there", kind, ns, name);
    }
    return NULL;
}

static void
check_status(void *arg, const struct bnc_sim_api_item *item)
{
    struct look *l = arg;
    const cJSON *status = bnc_json_get(parse(l, item->json), "status");
    const cJSON *line;
    const char *wrong = check_value(l, l->schema, status, "status");
    cJSON_ArrayForEach(line, bnc_json_get(status, "effective"))
    {
        wrong = wrong != NULL ? wrong : check_line(l, line);
    }
    if (wrong != NULL) {
        l->wrong = bnc_arena_fmt(l->arena, "%s %s/%s: %s",
                                 bnc_kind_info((enum bnc_kind)l->doc->kind)->name,
                                 item->ns, item->name, wrong);
    }
}

const char *
judge_limits(struct bnc_sim_api *api, struct bnc_arena *arena)
{
    struct look l = {.api = api, .arena = arena};
    for (size_t i = 0; bnc_kind_docs[i] != NULL; i++) {
        const cJSON *crd = bnc_crd_build(bnc_kind_docs[i], arena);
        const cJSON *versions = bnc_json_path(crd, "spec", "versions", NULL);
        l.doc = bnc_kind_docs[i];
        l.schema = bnc_json_path(versions->child, "schema", "openAPIV3Schema",
                                 "properties", "status", NULL);
        (void)bnc_sim_api_list(api,
                               bnc_kind_info((enum bnc_kind)bnc_kind_docs[i]->kind)->name,
                               check_status, &l);
    }
    return l.wrong;
}

static bool
same_decider(const struct bnc_decider *a, const struct bnc_decider *b)
{
    return bnc_str_eq(a->kind, b->kind) && bnc_str_eq(a->ns, b->ns) &&
           bnc_str_eq(a->name, b->name) && a->rate == b->rate;
}

static bool
same_line(const struct bnc_effective *a, const struct bnc_effective *b)
{
    bool same = strcmp(a->system, b->system) == 0 && a->rate == b->rate &&
                a->inbound == b->inbound && same_decider(&a->by, &b->by) &&
                a->n_overrides == b->n_overrides && bnc_str_eq(a->note, b->note);
    for (size_t i = 0; same && i < a->n_overrides; i++) {
        same = same_decider(&a->overrides[i], &b->overrides[i]);
    }
    return same;
}

const char *
judge_rates(const struct bnc_plan *got, const struct bnc_plan *want,
            struct bnc_arena *arena)
{
    if (got->n_effective != want->n_effective) {
        return bnc_arena_fmt(arena, "%zu rates, fresh: %zu", got->n_effective,
                             want->n_effective);
    }
    for (size_t i = 0; i < got->n_effective; i++) {
        const struct bnc_effective *g = &got->effective[i];
        const struct bnc_effective *w = &want->effective[i];
        if (!same_line(g, w)) {
            return bnc_arena_fmt(
                arena, "%s of %s/%s: %lld by %s (%s), fresh: %lld by %s (%s)", w->system,
                w->workload->object->ns, w->workload->object->name, (long long)g->rate,
                g->by.kind, g->note, (long long)w->rate, w->by.kind, w->note);
        }
    }
    return NULL;
}

/* ---- nothing is left ----------------------------------------------------------------
 */

static void
check_gone(void *arg, const struct bnc_sim_api_item *item)
{
    struct look *l = arg;
    const cJSON *notes =
        bnc_json_path(parse(l, item->json), "metadata", "annotations", NULL);
    if (bnc_json_get(notes, "binnacle.dev/owner") != NULL ||
        bnc_json_get(notes, "binnacle.dev/was") != NULL) {
        l->wrong = bnc_arena_fmt(l->arena, "%s/%s is still there, or has ours in it",
                                 item->ns, item->name);
    }
}

const char *
judge_gone(struct bnc_sim_api *api, struct bnc_arena *arena)
{
    static const char *const kinds[] = {"Telemetry", "Instrumentation", "ConfigMap",
                                        "Secret", "Deployment"};
    struct look l = {.api = api, .arena = arena};
    for (size_t i = 0; i < BNC_LEN(kinds); i++) {
        (void)bnc_sim_api_list(api, kinds[i], check_gone, &l);
    }
    return l.wrong;
}
