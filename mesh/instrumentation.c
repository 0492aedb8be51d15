#include "mesh/instrumentation.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "lib/json.h"

#define SAMPLER     "OTEL_TRACES_SAMPLER"
#define ARGUMENT    "OTEL_TRACES_SAMPLER_ARG"
#define PROPAGATORS "OTEL_PROPAGATORS"

/* ---- which Instrumentation --------------------------------------------------------- */

#define INJECT "instrumentation.opentelemetry.io/inject-"

/* By enum bnc_inject_language. */
static const struct {
    const char *annotation;
    const char *field; /* of spec; NULL: none */
} languages[BNC_INJECT_LANGUAGE_COUNT] = {
    [BNC_INJECT_JAVA] = {INJECT "java", "java"},
    [BNC_INJECT_NODEJS] = {INJECT "nodejs", "nodejs"},
    [BNC_INJECT_PYTHON] = {INJECT "python", "python"},
    [BNC_INJECT_DOTNET] = {INJECT "dotnet", "dotnet"},
    [BNC_INJECT_GO] = {INJECT "go", "go"},
    [BNC_INJECT_APACHE_HTTPD] = {INJECT "apache-httpd", "apacheHttpd"},
    [BNC_INJECT_NGINX] = {INJECT "nginx", "nginx"},
    [BNC_INJECT_SDK] = {INJECT "sdk", NULL},
};

const char *
bnc_instrumentation_annotation(enum bnc_inject_language language)
{
    return languages[language].annotation;
}

/* The value that counts of a pod's and its namespace's, "" for none. */
static const char *
annotation_value(const char *key, const cJSON *pod, const cJSON *ns)
{
    const char *of_pod = bnc_json_get_str(pod, key);
    const char *of_ns = bnc_json_get_str(ns, key);

    of_pod = of_pod == NULL ? "" : of_pod;
    of_ns = of_ns == NULL ? "" : of_ns;
    if (*of_ns == '\0') {
        return of_pod;
    }
    if (*of_pod == '\0') {
        return of_ns;
    }
    return strcasecmp(of_pod, "true") == 0 && strcasecmp(of_ns, "false") != 0 ? of_ns
                                                                              : of_pod;
}

/* How many of `all` fit (name NULL: any of the namespace), the first of them in *found.
 */
static size_t
count_fitting(const struct bnc_instrumentation *all, size_t n, const char *ns,
              const char *name, const struct bnc_instrumentation **found)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(all[i].ns, ns) != 0 ||
            (name != NULL && strcmp(all[i].name, name) != 0)) {
            continue;
        }
        *found = count == 0 ? &all[i] : *found;
        count++;
    }
    return count;
}

void
bnc_instrumentation_choose(const struct bnc_inject_pod *pod,
                           const struct bnc_instrumentation *all, size_t n,
                           struct bnc_arena *arena,
                           struct bnc_instrumentation_chosen *out)
{
    const char *value = annotation_value(bnc_instrumentation_annotation(pod->language),
                                         pod->annotations, pod->ns_annotations);

    *out = (struct bnc_instrumentation_chosen){.choice = BNC_INJECT_NOT};
    if (*value == '\0' || strcasecmp(value, "false") == 0) {
        return;
    }
    const char *slash = strchr(value, '/');
    if (strcasecmp(value, "true") == 0) {
        out->ns = bnc_arena_strdup(arena, pod->ns);
    } else if (slash == NULL) {
        out->ns = bnc_arena_strdup(arena, pod->ns);
        out->name = bnc_arena_strdup(arena, value);
    } else {
        out->ns = bnc_arena_strndup(arena, value, (size_t)(slash - value));
        out->name = bnc_arena_strdup(arena, slash + 1);
    }
    const struct bnc_instrumentation *found = NULL;
    size_t count = count_fitting(all, n, out->ns, out->name, &found);
    if (count == 0) {
        out->choice = out->name == NULL ? BNC_INJECT_NONE_THERE : BNC_INJECT_NOT_FOUND;
    } else if (count > 1 && out->name == NULL) {
        out->choice = BNC_INJECT_SEVERAL;
    } else {
        out->choice = BNC_INJECT_ONE;
        out->one = found;
    }
}

/* ---- what a container is given ----------------------------------------------------- */

/* The variable's item in a list: the last where Kubernetes, the first where the operator
 * decides. */
static const cJSON *
find_variable(const cJSON *list, const char *name, bool last)
{
    const cJSON *found = NULL;
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (bnc_str_eq(bnc_json_get_str(item, "name"), name) && (last || found == NULL)) {
            found = item;
        }
    }
    return found;
}

/* The first list that has the variable decides, also with "". */
static struct bnc_sdk_setting
find_setting(const cJSON *const lists[], size_t n, const char *name,
             struct bnc_arena *arena)
{
    static const enum bnc_sdk_from from[] = {BNC_SDK_FROM_CONTAINER,
                                             BNC_SDK_FROM_LANGUAGE, BNC_SDK_FROM_ENV};
    for (size_t i = 0; i < n; i++) {
        const cJSON *item = find_variable(lists[i], name, i == 0);
        if (item == NULL) {
            continue;
        }
        const char *value = bnc_json_get_str(item, "value");
        value = value == NULL ? "" : value;
        if (bnc_json_get(item, "valueFrom") != NULL || strstr(value, "$(") != NULL) {
            return (struct bnc_sdk_setting){.from = from[i], .not_known = true};
        }
        return (struct bnc_sdk_setting){.from = from[i],
                                        .value = bnc_arena_strdup(arena, value)};
    }
    return (struct bnc_sdk_setting){.from = BNC_SDK_FROM_DEFAULT};
}

/* From a field of the spec; nothing when it is empty. */
static void
set_from_spec(struct bnc_sdk_setting *setting, const char *value, struct bnc_arena *arena)
{
    if (setting->from == BNC_SDK_FROM_DEFAULT && value != NULL && *value != '\0') {
        setting->from = BNC_SDK_FROM_SPEC;
        setting->value = bnc_arena_strdup(arena, value);
    }
}

static const char *
join(const cJSON *texts, struct bnc_arena *arena)
{
    const char *joined = NULL;
    const cJSON *item;

    cJSON_ArrayForEach(item, texts)
    {
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        joined = joined == NULL ? text : bnc_arena_fmt(arena, "%s,%s", joined, text);
    }
    return joined;
}

void
bnc_instrumentation_settings(const cJSON *env, const cJSON *spec,
                             enum bnc_inject_language language, struct bnc_arena *arena,
                             struct bnc_sdk_settings *out)
{
    const char *field = languages[language].field;
    const cJSON *lists[] = {
        env, field == NULL ? NULL : bnc_json_path(spec, field, "env", NULL),
        bnc_json_get(spec, "env")};
    const cJSON *sampler = bnc_json_get(spec, "sampler");
    const char *type = bnc_json_get_str(sampler, "type");

    out->sampler = find_setting(lists, BNC_LEN(lists), SAMPLER, arena);
    out->argument = find_setting(lists, BNC_LEN(lists), ARGUMENT, arena);
    out->propagators = find_setting(lists, BNC_LEN(lists), PROPAGATORS, arena);
    if (type != NULL && *type != '\0' && out->sampler.from == BNC_SDK_FROM_DEFAULT &&
        out->argument.from == BNC_SDK_FROM_DEFAULT) {
        set_from_spec(&out->sampler, type, arena);
        set_from_spec(&out->argument, bnc_json_get_str(sampler, "argument"), arena);
    }
    set_from_spec(&out->propagators, join(bnc_json_get(spec, "propagators"), arena),
                  arena);
}

void
bnc_instrumentation_sampler(const struct bnc_sdk_settings *settings,
                            struct bnc_arena *arena, struct bnc_sdk_sampler *out)
{
    bnc_sdk_sampler_decode(settings->sampler.value, settings->argument.value, arena, out);
    if (settings->sampler.not_known) {
        *out = (struct bnc_sdk_sampler){
            .kind = BNC_SDK_UNKNOWN, .polling_interval_ms = -1, .not_known = true};
    } else if (settings->argument.not_known) {
        out->not_known = out->kind == BNC_SDK_RATIO || out->kind == BNC_SDK_JAEGER_REMOTE;
    }
}

/* ---- what binnacle sets ------------------------------------------------------------ */

static cJSON *
variable(const char *name, const char *value, struct bnc_arena *arena)
{
    cJSON *item = bnc_json_object(arena);
    bnc_json_set_str(arena, item, "name", name);
    bnc_json_set_str(arena, item, "value", value);
    return item;
}

enum bnc_code
bnc_instrumentation_fields(const struct bnc_instrumentation_wanted *wanted,
                           struct bnc_arena *arena, cJSON **out, struct bnc_error *err)
{
    const char *ratio = bnc_sdk_sampler_argument(wanted->percent, arena);
    const char *endpoint = wanted->jaeger_endpoint;
    cJSON *fields = bnc_json_object(arena);

    if (endpoint == NULL) {
        cJSON *sampler = bnc_json_object(arena);
        bnc_json_set_str(arena, sampler, "type", "parentbased_traceidratio");
        bnc_json_set_str(arena, sampler, "argument", ratio);
        bnc_json_set_item(arena, fields, "sampler", sampler);
        *out = fields;
        return BNC_OK;
    }
    if (*endpoint == '\0' || strpbrk(endpoint, ",= \t\r\n") != NULL) {
        return bnc_fail(err, BNC_INVALID,
                        "\"%s\" is no endpoint for a sampler; write scheme://host:port",
                        endpoint);
    }
    cJSON *env = bnc_json_array(arena);
    bnc_json_add(env, variable(SAMPLER, "parentbased_jaeger_remote", arena));
    bnc_json_add(env,
                 variable(ARGUMENT,
                          bnc_arena_fmt(arena,
                                        "endpoint=%s,pollingIntervalMs=%" PRId64
                                        ",initialSamplingRate=%s",
                                        endpoint, wanted->polling_interval_ms, ratio),
                          arena));
    bnc_json_set_item(arena, fields, "env", env);
    *out = fields;
    return BNC_OK;
}
