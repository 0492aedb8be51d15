/* Items of arrays that are kept by their name, and what that leaves of real kinds. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "model/prune.h"

#define END                                                                              \
    {                                                                                    \
        NULL, NULL, BNC_KEEP_TEXT                                                        \
    }

static const struct bnc_keep env_names[] = {
    {"A", NULL, BNC_KEEP_TEXT}, {"A_B", NULL, BNC_KEEP_TEXT}, END};
static const struct bnc_keep flag_names[] = {{"--a", NULL, BNC_KEEP_TEXT}, END};
static const struct bnc_keep spec_rows[] = {{"selector", NULL, BNC_KEEP_TEXT},
                                            {"env", env_names, BNC_KEEP_NAMED},
                                            {"args", flag_names, BNC_KEEP_FLAGS},
                                            END};
static const struct bnc_keep rows[] = {{"spec", spec_rows, BNC_KEEP_TEXT}, END};

#define ENV(items)        "{\"spec\":{\"env\":[" items "]}}"
#define ITEM(name, value) "{\"name\":\"" name "\",\"value\":\"" value "\"}"
#define ARGS(items)       "{\"spec\":{\"args\":[" items "]}}"

static void
check_whole(const struct bnc_keep *keep, const char *json, const char *text)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned out = {0};
    struct bnc_error err = {0};

    CHECK_INT(bnc_prune(keep, json, strlen(json), arena, &out, &err), BNC_OK);
    CHECK_STR(out.text.ptr, text);
    CHECK_INT(out.text.len, strlen(text));
}

static void
take_text(void *arg, const char *type, const struct bnc_pruned *object)
{
    BNC_UNUSED(type);
    bnc_str_add(arg, object->text.ptr, object->text.len);
}

/* As an item of a list that comes in pieces of `step` bytes. */
static void
check_pieces(const struct bnc_keep *keep, const char *json, const char *text, size_t step)
{
    static const struct bnc_stream_ops ops = {.on_object = take_text};
    struct bnc_error err = {0};
    struct bnc_str kept = bnc_str_new(NULL, 65536);
    char list[2048];
    int n = snprintf(list, sizeof(list), "{\"items\":[%s,%s]}", json, json);
    BNC_AUTO(bnc_stream) stream = bnc_stream_new(BNC_STREAM_LIST, keep, &ops, &kept);

    for (size_t at = 0; at < (size_t)n; at += step) {
        size_t piece = (size_t)n - at < step ? (size_t)n - at : step;
        char *copy = bnc_alloc(piece); /* so that ASan sees a read beyond it */
        memcpy(copy, list + at, piece);
        CHECK_INT(bnc_stream_feed(stream, copy, piece, &err), BNC_OK);
        free(copy);
    }
    char want[2048];
    (void)snprintf(want, sizeof(want), "%s%s", text, text);
    CHECK_STR(kept.ptr, want);
    bnc_str_free(&kept);
}

static const struct {
    const char *name;
    const char *json;
    const char *text;
} kept[] = {
    {"items by name", ENV(ITEM("A", "1") "," ITEM("X", "s") "," ITEM("A_B", "2")),
     ENV(ITEM("A", "1") "," ITEM("A_B", "2"))},
    {"first item goes", ENV(ITEM("X", "s") "," ITEM("A", "1")), ENV(ITEM("A", "1"))},
    {"all items go", ENV(ITEM("X", "s") "," ITEM("AA", "s") "," ITEM("", "s")), "{}"},
    {"no items", ENV(""), ENV("")},
    {"name after value",
     ENV("{\"value\":\"s\",\"name\":\"X\"},{\"value\":\"1\",\"name\":\"A\"}"),
     ENV("{\"value\":\"1\",\"name\":\"A\"}")},
    {"named items are whole",
     ENV("{ \"name\" : \"A\" , \"valueFrom\" : {\"k\": [ {\"name\":\"x\"} ] } }"),
     ENV("{\"name\":\"A\",\"valueFrom\":{\"k\":[{\"name\":\"x\"}]}}")},
    {"other items go whole",
     ENV("{\"valueFrom\":{\"name\":\"A\",\"k\":[1]},\"name\":\"X\",\"v\":{\"n\":[]}},"
         "{\"name\":\"X\",\"valueFrom\":{\"name\":\"A\"},\"name\":\"A\"}"),
     "{}"},
    {"two names: both have to be kept",
     ENV("{\"name\":\"A\",\"v\":1,\"name\":\"X\"},{\"name\":\"A\",\"name\":\"A_B\"}"),
     ENV("{\"name\":\"A\",\"name\":\"A_B\"}")},
    {"no name, no text",
     ENV("{\"value\":\"s\"},{},{\"value\":\"s\",\"name\":5},{\"name\":null},"
         "{\"v\":\"s\",\"name\":{\"name\":\"A\"}},{\"name\":[\"A\"]}"),
     "{}"},
    {"key of the name by meaning", ENV("{\"n\\u0061me\":\"A\"},{\"n\\u0061me\":\"X\"}"),
     ENV("{\"n\\u0061me\":\"A\"}")},
    {"a name in another spelling is another", ENV("{\"name\":\"\\u0041\"}"), "{}"},
    {"items that are no objects", ENV("\"A\",5,[" ITEM("A", "1") "],[[\"s\"]],null"),
     "{}"},
    {"named is no array", "{\"spec\":{\"env\":" ITEM("A", "s") "},\"x\":1}", "{}"},
    {"named is text", "{\"spec\":{\"env\":\"s\",\"selector\":1}}",
     "{\"spec\":{\"selector\":1}}"},
    {"between kept",
     "{\"spec\":{\"selector\":1,\"env\":[" ITEM(
         "X", "s") "],\"selector\":2,\"env\":[" ITEM("A", "1") "]}}",
     "{\"spec\":{\"selector\":1,\"selector\":2,\"env\":[" ITEM("A", "1") "]}}"},
    {"flag and value", ARGS("\"s\",\"--a\",\"1\",\"s\""), ARGS("\"--a\",\"1\"")},
    {"flag with value", ARGS("\"--b=s\",\"--a=1\",\"s\""), ARGS("\"--a=1\"")},
    {"flag twice", ARGS("\"--a\",\"1\",\"s\",\"--a=2\""),
     ARGS("\"--a\",\"1\",\"--a=2\"")},
    {"flag as a value", ARGS("\"--a\",\"--a\",\"s\""), ARGS("\"--a\",\"--a\"")},
    {"no such flag", ARGS("\"--ab\",\"--ab=s\",\"-a\",\"--\",\"\",\"x--a\""), "{}"},
    {"flag without text", ARGS("\"--a\",5,\"s\",{\"x\":\"--a\"},\"s\",[\"--a\"],\"s\""),
     ARGS("\"--a\"")},
    {"flag whose value is no text", ARGS("\"--a\",[],\"s\""), ARGS("\"--a\"")},
    {"flags are no array", "{\"spec\":{\"args\":{\"--a\":\"s\"},\"args\":\"--a\"}}",
     "{}"},
};

/* Whole, and cut anywhere. */
TEST(prune_judges_items)
{
    for (size_t i = 0; i < BNC_LEN(kept); i++) {
        bnc_test_row(kept[i].name);
        check_whole(rows, kept[i].json, kept[i].text);
        check_whole(rows, kept[i].text, kept[i].text);
        for (size_t step = 1; step < strlen(kept[i].json); step++) {
            check_pieces(rows, kept[i].json, kept[i].text, step);
        }
    }
}

/* ---- what kinds keep ------------------------------------------------------------- */

static const struct {
    const char *name;
    enum bnc_kind kind;
    const char *json;
    const char *text;
} kinds[] = {
    {"pod", BNC_KIND_POD,
     "{\"spec\":{\"containers\":[{\"name\":\"istio-proxy\",\"image\":\"i\",\"args\":["
     "\"proxy\",\"--statsdUdpAddress\",\"s:9125\",\"--log\"],\"env\":[" ITEM(
         "PROXY_CONFIG", "{}") "," ITEM("PASSWORD",
                                        "s") "]}],\"initContainers\":[{"
                                             "\"env\":[" ITEM("OTEL_TRACES_SAMPLER",
                                                              "always_on") "]}]}"
                                                                           "}",
     "{\"spec\":{\"containers\":[{\"name\":\"istio-proxy\",\"args\":["
     "\"--statsdUdpAddress\",\"s:9125\"],\"env\":[" ITEM(
         "PROXY_CONFIG", "{}") "]}],\"initContainers\":[{"
                               "\"env\":[" ITEM("OTEL_TRACES_SAMPLER", "always_on") "]}]}"
                                                                                    "}"},
    {"cron job", BNC_KIND_CRON_JOB,
     "{\"spec\":{\"jobTemplate\":{\"spec\":{\"template\":{\"spec\":{\"containers\":[{"
     "\"env\":[" ITEM("REVISION", "r") "," ITEM("X", "s") "]}]}}}}}}",
     "{\"spec\":{\"jobTemplate\":{\"spec\":{\"template\":{\"spec\":{\"containers\":[{"
     "\"env\":[" ITEM("REVISION", "r") "]}]}}}}}}"},
    {"telemetry", BNC_KIND_TELEMETRY,
     "{\"metadata\":{\"name\":\"a\",\"creationTimestamp\":\"t\",\"labels\":{\"l\":\"1\"},"
     "\"managedFields\":[]},\"spec\":{\"tracing\":[{}]},\"status\":{}}",
     "{\"metadata\":{\"creationTimestamp\":\"t\",\"labels\":{\"l\":\"1\"}},\"spec\":{"
     "\"tracing\":[{}]}}"},
    {"instrumentation", BNC_KIND_INSTRUMENTATION,
     "{\"metadata\":{\"creationTimestamp\":\"t\"},\"spec\":{\"sampler\":{\"type\":\"x\"},"
     "\"java\":{\"image\":\"i\"},\"env\":[" ITEM("X", "s") "," ITEM(
         "OTEL_PROPAGATORS", "b3") "],\"propagators\":[\"b3\"]}}",
     "{\"spec\":{\"sampler\":{\"type\":\"x\"},\"env\":[" ITEM(
         "OTEL_PROPAGATORS", "b3") "],\"propagators\":[\"b3\"]}}"},
    {"kiali", BNC_KIND_KIALI,
     "{\"spec\":{\"login_token\":{\"signing_key\":\"s\"},\"external_services\":{"
     "\"grafana\":{\"auth\":{\"type\":\"basic\",\"password\":\"s\",\"token\":\"s\","
     "\"oauth2\":{\"client_id\":\"i\",\"client_secret\":\"s\"}},\"enabled\":true},"
     "\"custom_dashboards\":{\"prometheus\":{\"auth\":{\"token\":\"s\"},\"url\":\"u\"}}}"
     "},\"status\":{\"a\":1}}",
     "{\"spec\":{\"external_services\":{\"grafana\":{\"auth\":{\"type\":\"basic\","
     "\"oauth2\":{\"client_id\":\"i\"}},\"enabled\":true},\"custom_dashboards\":{"
     "\"prometheus\":{\"url\":\"u\"}}}}}"},
};

TEST(prune_keeps_of_kinds)
{
    for (size_t i = 0; i < BNC_LEN(kinds); i++) {
        bnc_test_row(kinds[i].name);
        check_whole(bnc_kind_info(kinds[i].kind)->keep, kinds[i].json, kinds[i].text);
    }
}

TEST(kind_by_version)
{
    CHECK_INT(bnc_kind_find("telemetry.istio.io/v1", "Telemetry"), BNC_KIND_TELEMETRY);
    CHECK_INT(bnc_kind_find("telemetry.istio.io/v1alpha1", "Telemetry"),
              BNC_KIND_TELEMETRY);
    CHECK_INT(bnc_kind_find("telemetry.istio.io/v1alpha1", "Pod"), BNC_KIND_NONE);
    CHECK_INT(bnc_kind_find("telemetry.istio.io/v2", "Telemetry"), BNC_KIND_NONE);
}

RUN_TESTS(prune_judges_items, prune_keeps_of_kinds, kind_by_version)
