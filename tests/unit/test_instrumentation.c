#include "mesh/instrumentation.h"

#include "lib/json.h"
#include "tests/unit/test.h"

static cJSON *
read_json(const char *text, struct bnc_arena *arena)
{
    cJSON *tree = NULL;
    struct bnc_error err = {0};

    if (text == NULL) {
        return NULL;
    }
    CHECK_INT(bnc_json_parse(arena, text, strlen(text), &tree, &err), BNC_OK);
    return tree;
}

static const char *
print_json(const cJSON *tree, struct bnc_arena *arena)
{
    struct bnc_str text = bnc_str_new(arena, 10000);
    bnc_json_print(tree, &text);
    return text.ptr;
}

/* ---- which one --------------------------------------------------------------------- */

static const struct bnc_instrumentation several[] = {
    {.ns = "a", .name = "one"},
    {.ns = "b", .name = "one"},
    {.ns = "b", .name = "two"},
    {.ns = "b", .name = "true"},
};

static const struct choose_row {
    const char *name;
    const char *ns; /* of the pod: a has one, b several, c none */
    const char *pod;
    const char *of_ns;
    enum bnc_inject choice;
    const char *want; /* "NS/NAME" of ONE and NOT_FOUND, else "NS" or NULL */
} choices[] = {
    {"nothing", "a", NULL, NULL, BNC_INJECT_NOT, NULL},
    {"empty", "a", "", "", BNC_INJECT_NOT, NULL},
    {"pod false", "a", "false", NULL, BNC_INJECT_NOT, NULL},
    {"pod false, namespace true", "a", "false", "true", BNC_INJECT_NOT, NULL},
    {"pod False", "a", "False", "one", BNC_INJECT_NOT, NULL},
    {"namespace false", "a", NULL, "false", BNC_INJECT_NOT, NULL},

    {"pod true", "a", "true", NULL, BNC_INJECT_ONE, "a/one"},
    {"pod TRUE", "a", "TRUE", NULL, BNC_INJECT_ONE, "a/one"},
    {"namespace true", "a", NULL, "true", BNC_INJECT_ONE, "a/one"},
    {"pod empty, namespace true", "a", "", "true", BNC_INJECT_ONE, "a/one"},
    {"pod true, namespace false", "a", "true", "false", BNC_INJECT_ONE, "a/one"},
    {"pod true, namespace true", "a", "true", "true", BNC_INJECT_ONE, "a/one"},
    {"true, several", "b", "true", NULL, BNC_INJECT_SEVERAL, "b"},
    {"true, none", "c", "true", NULL, BNC_INJECT_NONE_THERE, "c"},

    {"pod true, namespace names", "b", "true", "two", BNC_INJECT_ONE, "b/two"},
    {"namespace names", "b", NULL, "two", BNC_INJECT_ONE, "b/two"},
    {"pod names", "b", "two", NULL, BNC_INJECT_ONE, "b/two"},
    {"pod wins", "b", "one", "two", BNC_INJECT_ONE, "b/one"},
    {"pod names, namespace false", "b", "one", "false", BNC_INJECT_ONE, "b/one"},
    {"of another namespace", "c", "b/two", NULL, BNC_INJECT_ONE, "b/two"},
    {"namespace has it elsewhere", "c", "true", "a/one", BNC_INJECT_ONE, "a/one"},
    {"a name of another namespace", "a", "two", NULL, BNC_INJECT_NOT_FOUND, "a/two"},
    {"one that is called true", "a", "b/true", NULL, BNC_INJECT_ONE, "b/true"},
    {"two slashes", "a", "b/one/x", NULL, BNC_INJECT_NOT_FOUND, "b/one/x"},
    {"slash alone", "a", "/", NULL, BNC_INJECT_NOT_FOUND, "/"},
};

static cJSON *
annotations(enum bnc_inject_language language, const char *value, struct bnc_arena *arena)
{
    cJSON *all = bnc_json_object(arena);
    bnc_json_set_str(arena, all, "other", "true");
    if (value != NULL) {
        bnc_json_set_str(arena, all, bnc_instrumentation_annotation(language), value);
    }
    return all;
}

TEST(choose)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    for (size_t i = 0; i < BNC_LEN(choices); i++) {
        const struct choose_row *row = &choices[i];
        enum bnc_inject_language language = i % BNC_INJECT_LANGUAGE_COUNT;
        struct bnc_inject_pod pod = {
            .language = language,
            .ns = row->ns,
            .annotations = annotations(language, row->pod, arena),
            .ns_annotations =
                row->of_ns == NULL ? NULL : annotations(language, row->of_ns, arena)};
        struct bnc_instrumentation_chosen got;

        bnc_test_row(row->name);
        bnc_instrumentation_choose(&pod, several, BNC_LEN(several), arena, &got);
        CHECK_INT(got.choice, row->choice);
        CHECK_STR(got.name == NULL ? got.ns
                                   : bnc_arena_fmt(arena, "%s/%s", got.ns, got.name),
                  got.choice == BNC_INJECT_ONE && got.name == NULL ? row->ns : row->want);
        CHECK((got.one != NULL) == (got.choice == BNC_INJECT_ONE));
        if (got.one != NULL) {
            CHECK_STR(bnc_arena_fmt(arena, "%s/%s", got.one->ns, got.one->name),
                      row->want);
        }
    }
}

TEST(annotation_keys)
{
#define INJECT "instrumentation.opentelemetry.io/inject-"
    CHECK_STR(bnc_instrumentation_annotation(BNC_INJECT_JAVA), INJECT "java");
    CHECK_STR(bnc_instrumentation_annotation(BNC_INJECT_APACHE_HTTPD),
              INJECT "apache-httpd");
    CHECK_STR(bnc_instrumentation_annotation(BNC_INJECT_SDK), INJECT "sdk");
    for (int i = 0; i < BNC_INJECT_LANGUAGE_COUNT; i++) {
        CHECK(bnc_str_starts(bnc_instrumentation_annotation(i), INJECT));
    }
}

/* ---- what a container is told ------------------------------------------------------ */

#define ENV(name, value) "{\"name\":\"OTEL_" name "\",\"value\":\"" value "\"}"
#define TYPE(value)      ENV("TRACES_SAMPLER", value)
#define ARG(value)       ENV("TRACES_SAMPLER_ARG", value)
#define FROM(name)       "{\"name\":\"OTEL_" name "\",\"valueFrom\":{\"configMapKeyRef\":{}}}"
#define SPEC_SAMPLER                                                                     \
    "\"sampler\":{\"type\":\"parentbased_traceidratio\",\"argument\":\"0.1\"}"

static const struct settings_row {
    const char *name;
    const char *env;
    const char *spec;
    const char *sampler, *argument, *propagators;
    enum bnc_sdk_from from; /* of the sampler */
} settings[] = {
    {"nothing", NULL, NULL, NULL, NULL, NULL, BNC_SDK_FROM_DEFAULT},
    {"empty spec", "[]", "{}", NULL, NULL, NULL, BNC_SDK_FROM_DEFAULT},
    {"spec.sampler", "[" ENV("SERVICE_NAME", "a") "]", "{" SPEC_SAMPLER "}",
     "parentbased_traceidratio", "0.1", NULL, BNC_SDK_FROM_SPEC},
    {"spec.sampler without argument", NULL, "{\"sampler\":{\"type\":\"always_on\"}}",
     "always_on", NULL, NULL, BNC_SDK_FROM_SPEC},
    {"argument without type", NULL, "{\"sampler\":{\"argument\":\"0.1\"}}", NULL, NULL,
     NULL, BNC_SDK_FROM_DEFAULT},
    {"the container has the type", "[" TYPE("always_on") "]", "{" SPEC_SAMPLER "}",
     "always_on", NULL, NULL, BNC_SDK_FROM_CONTAINER},
    {"the container has the argument", "[" ARG("0.5") "]", "{" SPEC_SAMPLER "}", NULL,
     "0.5", NULL, BNC_SDK_FROM_DEFAULT},
    {"the container has an empty one", "[" TYPE("") "]", "{" SPEC_SAMPLER "}", "", NULL,
     NULL, BNC_SDK_FROM_CONTAINER},
    {"no value is empty", "[{\"name\":\"OTEL_TRACES_SAMPLER\"}]", "{" SPEC_SAMPLER "}",
     "", NULL, NULL, BNC_SDK_FROM_CONTAINER},
    {"the last one of the container", "[" TYPE("always_on") "," TYPE("always_off") "]",
     NULL, "always_off", NULL, NULL, BNC_SDK_FROM_CONTAINER},
    {"container before language before common", "[" TYPE("a") "]",
     "{\"env\":[" TYPE("c") "," ARG("c") "," ENV(
         "PROPAGATORS", "b3") "],\"java\":{\"env\":[" TYPE("b") "," ARG("b") "]}}",
     "a", "b", "b3", BNC_SDK_FROM_CONTAINER},
    {"language before common", NULL,
     "{\"env\":[" TYPE("c") "," ARG("c") "],\"java\":{\"env\":[" TYPE("b") "]}}", "b",
     "c", NULL, BNC_SDK_FROM_LANGUAGE},
    {"another language", NULL,
     "{\"env\":[" TYPE("c") "],\"nodejs\":{\"env\":[" TYPE("b") "]}}", "c", NULL, NULL,
     BNC_SDK_FROM_ENV},
    {"the first one of the operator's", NULL,
     "{\"env\":[" TYPE("first") "," TYPE("second") "]}", "first", NULL, NULL,
     BNC_SDK_FROM_ENV},
    {"spec.env before spec.sampler", NULL,
     "{\"env\":[" TYPE("parentbased_jaeger_remote") "]," SPEC_SAMPLER "}",
     "parentbased_jaeger_remote", NULL, NULL, BNC_SDK_FROM_ENV},
    {"half of a pair", "[" ARG("0.5") "]",
     "{\"env\":[" TYPE("parentbased_jaeger_remote") "," ARG("endpoint=a") "]}",
     "parentbased_jaeger_remote", "0.5", NULL, BNC_SDK_FROM_ENV},
    {"propagators", NULL, "{\"propagators\":[\"b3multi\",\"baggage\"]}", NULL, NULL,
     "b3multi,baggage", BNC_SDK_FROM_DEFAULT},
    {"no propagators", NULL, "{\"propagators\":[]}", NULL, NULL, NULL,
     BNC_SDK_FROM_DEFAULT},
    {"the container's propagators", "[" ENV("PROPAGATORS", "b3") "]",
     "{\"propagators\":[\"tracecontext\"]}", NULL, NULL, "b3", BNC_SDK_FROM_DEFAULT},
};

TEST(settings_decode)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    for (size_t i = 0; i < BNC_LEN(settings); i++) {
        const struct settings_row *row = &settings[i];
        struct bnc_sdk_settings got;

        bnc_test_row(row->name);
        bnc_instrumentation_settings(read_json(row->env, arena),
                                     read_json(row->spec, arena), BNC_INJECT_JAVA, arena,
                                     &got);
        CHECK_STR(got.sampler.value, row->sampler);
        CHECK_STR(got.argument.value, row->argument);
        CHECK_STR(got.propagators.value, row->propagators);
        CHECK_INT(got.sampler.from, row->from);
        CHECK(!got.sampler.not_known && !got.argument.not_known);
    }
}

/* The settings without an agent have no list of a language. */
TEST(settings_of_sdk_only)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    cJSON *spec =
        read_json("{\"env\":[" TYPE("c") "],\"java\":{\"env\":[" TYPE("b") "]}}", arena);
    struct bnc_sdk_settings got;

    bnc_instrumentation_settings(NULL, spec, BNC_INJECT_SDK, arena, &got);
    CHECK_STR(got.sampler.value, "c");
    bnc_instrumentation_settings(NULL, spec, BNC_INJECT_JAVA, arena, &got);
    CHECK_STR(got.sampler.value, "b");
}

static const struct {
    const char *name;
    const char *env;
    enum bnc_sdk_kind kind;
    bool parent_based;
    bool not_known;
} samplers[] = {
    {"plain", "[" TYPE("traceidratio") "," ARG("0.5") "]", BNC_SDK_RATIO, false, false},
    {"default", NULL, BNC_SDK_ALWAYS_ON, true, false},
    {"type from elsewhere", "[" FROM("TRACES_SAMPLER") "," ARG("0.5") "]",
     BNC_SDK_UNKNOWN, false, true},
    {"type of a variable", "[" TYPE("$(MINE)") "]", BNC_SDK_UNKNOWN, false, true},
    {"argument from elsewhere",
     "[" TYPE("traceidratio") "," FROM("TRACES_SAMPLER_ARG") "]", BNC_SDK_RATIO, false,
     true},
    {"argument that nobody needs",
     "[" TYPE("parentbased_always_on") "," FROM("TRACES_SAMPLER_ARG") "]",
     BNC_SDK_ALWAYS_ON, true, false},
    {"of Jaeger",
     "[" TYPE("parentbased_jaeger_remote") "," FROM("TRACES_SAMPLER_ARG") "]",
     BNC_SDK_JAEGER_REMOTE, true, true},
};

TEST(sampler_of_settings)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    for (size_t i = 0; i < BNC_LEN(samplers); i++) {
        struct bnc_sdk_settings found;
        struct bnc_sdk_sampler got;

        bnc_test_row(samplers[i].name);
        bnc_instrumentation_settings(read_json(samplers[i].env, arena), NULL,
                                     BNC_INJECT_SDK, arena, &found);
        bnc_instrumentation_sampler(&found, arena, &got);
        CHECK_INT(got.kind, samplers[i].kind);
        CHECK_INT(got.parent_based, samplers[i].parent_based);
        CHECK_INT(got.not_known, samplers[i].not_known);
    }
}

/* ---- what binnacle writes ---------------------------------------------------------- */

#define JAEGER                                                                           \
    "{\"env\":[" TYPE("parentbased_jaeger_remote") "," ARG(                              \
        "endpoint=http://jaeger.tracing:14250,pollingIntervalMs=60000,"                  \
        "initialSamplingRate=0.0025") "]}"

TEST(fields)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_instrumentation_wanted plain = {.percent = 1250};
    struct bnc_instrumentation_wanted remote = {25, "http://jaeger.tracing:14250", 60000};
    struct bnc_error err = {0};
    cJSON *got = NULL;

    CHECK_INT(bnc_instrumentation_fields(&plain, arena, &got, &err), BNC_OK);
    CHECK_STR(print_json(got, arena),
              "{\"sampler\":{\"type\":\"parentbased_traceidratio\","
              "\"argument\":\"0.125\"}}");
    CHECK_INT(bnc_instrumentation_fields(&remote, arena, &got, &err), BNC_OK);
    CHECK_STR(print_json(got, arena), JAEGER);
}

/* What is written is what a container without variables of its own is told. */
TEST(fields_read_back)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_instrumentation_wanted wanted[] = {
        {1, NULL, 0}, {10000, NULL, 0}, {0, "dns:///a:1", 5000}, {9999, "http://a:1", 1}};

    for (size_t i = 0; i < BNC_LEN(wanted); i++) {
        struct bnc_error err = {0};
        struct bnc_sdk_settings found;
        struct bnc_sdk_sampler got;
        cJSON *spec = NULL;

        CHECK_INT(bnc_instrumentation_fields(&wanted[i], arena, &spec, &err), BNC_OK);
        bnc_instrumentation_settings(NULL, spec, BNC_INJECT_PYTHON, arena, &found);
        bnc_instrumentation_sampler(&found, arena, &got);
        CHECK(got.parent_based && !got.argument_ignored);
        CHECK_STR(got.endpoint, wanted[i].jaeger_endpoint);
        bool remote = wanted[i].jaeger_endpoint != NULL;
        CHECK_INT(got.kind, remote ? BNC_SDK_JAEGER_REMOTE : BNC_SDK_RATIO);
        CHECK_INT(remote ? got.initial.value : got.ratio, wanted[i].percent * 100);
        CHECK_INT(got.polling_interval_ms, remote ? wanted[i].polling_interval_ms : -1);
    }
}

TEST(fields_refused)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    static const char *const endpoints[] = {"", "a,b", "http://a?b=c", "a b"};

    for (size_t i = 0; i < BNC_LEN(endpoints); i++) {
        struct bnc_instrumentation_wanted wanted = {100, endpoints[i], 5000};
        struct bnc_error err = {0};
        cJSON *got = NULL;

        bnc_test_row(endpoints[i]);
        CHECK_INT(bnc_instrumentation_fields(&wanted, arena, &got, &err), BNC_INVALID);
        CHECK(got == NULL && strstr(err.message, "scheme://host:port") != NULL);
    }
}

RUN_TESTS(choose, annotation_keys, settings_decode, settings_of_sdk_only,
          sampler_of_settings, fields, fields_read_back, fields_refused)
