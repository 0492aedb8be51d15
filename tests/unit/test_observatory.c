/*
 * Compiling an Observatory: what is refused of layouts and outputs, and what is not.
 */
#include "tests/unit/test.h"

#include "reconcilers/compile.h"

static const struct {
    const char *name;
    const char *prometheus; /* NULL: not there */
    const char *statsd;
    const char *want; /* the only error; "": none */
} rows[] = {
    {"defaults", "{}", NULL, ""},
    {"files", "{\"layout\":\"Files\"}", NULL, ""},
    {"files, the oldest that can", "{\"layout\":\"Files\",\"version\":\"v2.43.0\"}", NULL,
     ""},
    {"files, too old", "{\"layout\":\"Files\",\"version\":\"2.42.1\"}", NULL,
     "spec.prometheus.layout: Prometheus 2.42.1 knows no scrape_config_files; run "
     "Prometheus 2.43 or later, or use Single"},
    {"one document, as old", "{\"layout\":\"Single\",\"version\":\"2.42.1\"}", NULL, ""},
    {"parts", "{\"layout\":\"Files\",\"parts\":64}", NULL, ""},
    {"no parts", "{\"parts\":0}", NULL, ""},
    {"parts of one document", "{\"layout\":\"Single\",\"parts\":1}", NULL,
     "spec.prometheus.parts: layout Single has no parts; use layout Files, or leave it "
     "out"},
    {"no parts, compressed",
     "{\"layout\":\"Files\",\"output\":{\"key\":\"a.gz\"},\"parts\":0}", NULL, ""},
    {"parts, compressed",
     "{\"layout\":\"Files\",\"output\":{\"key\":\"a.gz\"},\"parts\":1}", NULL,
     "spec.prometheus.parts: parts of a volume are not unpacked, and output.key a.gz is "
     "compressed; use a key without .gz, or leave it out for `binnacle sync`"},
    {"too many parts", "{\"layout\":\"Files\",\"parts\":65}", NULL,
     "spec.prometheus.parts: 65 is out of bounds; use 0 to 64"},
    {"the manifest's key", "{\"output\":{\"key\":\"manifest.json\"}}", NULL,
     "spec.prometheus.output.key: the key manifest.json is taken: it says which files "
     "belong together; use another key, as prometheus.yml"},

    {"a mapping", "{}", "{}", ""},
    {"a mapping alone", NULL, "{}", ""},
    {"the output's name, another kind", "{}",
     "{\"mapping\":{\"name\":\"main-prometheus\"}}", ""},
    {"the output's name, another namespace", "{}",
     "{\"mapping\":{\"kind\":\"Secret\",\"name\":\"main-prometheus\",\"namespace\":"
     "\"other\"}}",
     ""},
    {"the output's name", "{}",
     "{\"mapping\":{\"kind\":\"Secret\",\"name\":\"main-prometheus\"}}",
     "spec.statsd.mapping.name: the Secret main-prometheus is for Prometheus' "
     "configuration already; give the mapping an object of its own"},
    {"the output has the mapping's name",
     "{\"output\":{\"kind\":\"ConfigMap\",\"name\":\"main-statsd-mapping\"}}", "{}",
     "spec.statsd.mapping.name: the ConfigMap main-statsd-mapping is for Prometheus' "
     "configuration already; give the mapping an object of its own"},
    {"a shard's name", "{\"shards\":2}",
     "{\"mapping\":{\"kind\":\"Secret\",\"name\":\"main-prometheus-shard-1\"}}",
     "spec.statsd.mapping.name: the Secret main-prometheus-shard-1 is for Prometheus' "
     "configuration already; give the mapping an object of its own"},
    {"a name that no shard has", "{\"shards\":2}",
     "{\"mapping\":{\"kind\":\"Secret\",\"name\":\"main-prometheus-shard-2\"}}", ""},
    {"the files' name", "{\"output\":{\"kind\":\"ConfigMap\"}}",
     "{\"mapping\":{\"kind\":\"Secret\",\"name\":\"main-prometheus-assets\"}}",
     "spec.statsd.mapping.name: the Secret main-prometheus-assets is for the files of "
     "certificates and credentials already; give the mapping an object of its own"},
    {"the files' name, another kind", "{}",
     "{\"mapping\":{\"name\":\"main-prometheus-assets\"}}", ""},
};

static const char *
or_none(const char *text)
{
    return text == NULL ? "" : text;
}

TEST(layouts_and_outputs)
{
    static const struct bnc_settings settings = {.trusted_namespaces = NULL};

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const char *text = bnc_arena_fmt(
            arena, "{\"spec\":{\"suspend\":false%s%s%s%s}}",
            rows[i].prometheus == NULL ? "" : ",\"prometheus\":",
            or_none(rows[i].prometheus),
            rows[i].statsd == NULL ? "" : ",\"statsd\":", or_none(rows[i].statsd));
        struct bnc_object self = {.kind = BNC_KIND_OBSERVATORY,
                                  .ns = "monitoring",
                                  .name = "main",
                                  .text = {text, strlen(text)}};
        struct bnc_view view = {.ops = NULL}; /* nothing of this asks for others */
        struct bnc_ir ir = {.arena = arena, .diags = bnc_diags_new(arena)};

        bnc_test_row(rows[i].name);
        bnc_compile_observatory(&self, &settings, &view, &ir);
        CHECK_STR(ir.diags.n == 0 ? "" : bnc_diag_text(&ir.diags.items[0], arena),
                  rows[i].want);
        CHECK_INT(ir.diags.n, rows[i].want[0] != '\0');
    }
}

RUN_TESTS(layouts_and_outputs)
