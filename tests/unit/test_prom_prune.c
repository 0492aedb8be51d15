#include "tests/unit/test.h"

#include "lib/regex.h"
#include "render/prom_prune.h"
#include "render/prom_relabel.h"

static struct bnc_arena *arena;

static const char *
rules(const struct bnc_prune_spec *spec)
{
    const struct bnc_relabels list = bnc_prom_prune_rules(spec, arena);
    struct bnc_yaml y;
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    bnc_yaml_start(&y, BNC_YAML_ROOT_SEQ, 0, (size_t)1 << 20, arena);
    for (size_t i = 0; i < list.n; i++) {
        bnc_prom_relabel_write(&y, &list.items[i]);
    }
    CHECK_INT(bnc_yaml_finish(&y, &out, &err), BNC_OK);
    return out.ptr;
}

static const char *one[] = {"a.*"};
static const char *two[] = {"a|b", "c"};
static struct bnc_pair cluster[] = {{"cluster_name", "(outbound|inbound).*"}};
static struct bnc_pair pair[] = {{"a", "x|y"}, {"b", ".*"}};
static struct bnc_series_match series[] = {
    {{cluster, 1, true}}, {{pair, 2, true}}, {{NULL, 0, true}}};

static const struct {
    const char *name;
    struct bnc_prune_spec spec;
    const char *want;
} rows[] = {
    {"nothing", {.preset = NULL}, "[]\n"},
    {"one metric",
     {.drop_metrics = {one, 1, true}},
     "- source_labels: [__name__]\n  regex: 'a.*'\n  action: drop\n"},
    {"two metrics",
     {.drop_metrics = {two, 2, true}},
     "- source_labels: [__name__]\n  regex: '(?:a|b)|(?:c)'\n  action: drop\n"},
    {"keep",
     {.keep_metrics = {two, 2, true}},
     "- source_labels: [__name__]\n  regex: '(?:a|b)|(?:c)'\n  action: keep\n"},
    {"labels", {.drop_labels = {one, 1, true}}, "- regex: 'a.*'\n  action: labeldrop\n"},
    {"series with one label",
     {.drop_series = {series, 1, true}},
     "- source_labels: [cluster_name]\n  regex: '(outbound|inbound).*'\n"
     "  action: drop\n"},
    {"series with two labels, and with none",
     {.drop_series = {&series[1], 2, true}},
     "- source_labels: [a, b]\n  separator: \"\\x1F\"\n"
     "  regex: '(?:x|y)\\x1f(?:.*)'\n  action: drop\n"},
    {"order",
     {.drop_metrics = {one, 1, true},
      .keep_metrics = {two, 1, true},
      .drop_labels = {one, 1, true},
      .drop_series = {series, 1, true}},
     "- source_labels: [__name__]\n  regex: 'a|b'\n  action: keep\n"
     "- source_labels: [__name__]\n  regex: 'a.*'\n  action: drop\n"
     "- source_labels: [cluster_name]\n  regex: '(outbound|inbound).*'\n"
     "  action: drop\n"
     "- regex: 'a.*'\n  action: labeldrop\n"},
    {"unknown preset", {.preset = "nope"}, "[]\n"},
    {"envoy",
     {.preset = "envoy"},
     "- source_labels: [cluster_name]\n"
     "  regex: '(outbound|inbound|prometheus_stats).*'\n  action: drop\n"
     "- source_labels: [tcp_prefix]\n"
     "  regex: '(outbound|inbound|prometheus_stats).*'\n  action: drop\n"
     "- source_labels: [listener_address]\n  regex: '(.+)'\n  action: drop\n"
     "- source_labels: [http_conn_manager_listener_prefix]\n  regex: '(.+)'\n"
     "  action: drop\n"
     "- source_labels: [http_conn_manager_prefix]\n  regex: '(.+)'\n  action: drop\n"
     "- source_labels: [__name__]\n  regex: 'envoy_tls.*'\n  action: drop\n"
     "- source_labels: [__name__]\n  regex: 'envoy_tcp_downstream.*'\n  action: drop\n"
     "- source_labels: [__name__]\n  regex: 'envoy_http_(stats|admin).*'\n"
     "  action: drop\n"
     "- source_labels: [__name__]\n"
     "  regex: 'envoy_cluster_(lb|retry|bind|internal|max|original).*'\n"
     "  action: drop\n"},
};

TEST(shapes)
{
    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        CHECK_STR(rules(&rows[i].spec), rows[i].want);
    }
    CHECK_INT(bnc_prom_prune_rules(NULL, arena).n, 0);
    bnc_arena_free(arena);
}

/* A value must not match with the help of its neighbour's. */
TEST(series_are_exact)
{
    static const struct {
        const char *name;
        const char *joined;
        bool drops;
    } values[] = {
        {"both match",
         "x\x1f"
         "whatever",
         true},
        {"second missing", "y\x1f", true},
        {"first differs",
         "z\x1f"
         "b",
         false},
        {"separator in the first",
         "x;y\x1f"
         "b",
         false},
    };
    struct bnc_prune_spec spec = {.drop_series = {&series[1], 1, true}};
    struct bnc_error err = {0};

    arena = bnc_arena_new();
    const struct bnc_relabels list = bnc_prom_prune_rules(&spec, arena);
    BNC_AUTO(bnc_regex)
    regex = bnc_regex_new(list.items[0].regex, strlen(list.items[0].regex), &err);
    CHECK(regex != NULL);
    for (size_t i = 0; i < BNC_LEN(values); i++) {
        bnc_test_row(values[i].name);
        CHECK_INT(bnc_regex_full_match(regex, values[i].joined, strlen(values[i].joined)),
                  values[i].drops);
    }
    bnc_arena_free(arena);
}

/* Many long regexes: each rule must stay small enough to be checked. */
TEST(long_lists)
{
    const char *many[20];
    char text[1001];
    struct bnc_prune_spec spec = {.drop_metrics = {many, 20, true}};

    arena = bnc_arena_new();
    memset(text, 'a', 1000);
    text[1000] = '\0';
    for (size_t i = 0; i < BNC_LEN(many); i++) {
        many[i] = text;
    }
    const struct bnc_relabels list = bnc_prom_prune_rules(&spec, arena);
    size_t total = 0;
    for (size_t i = 0; i < list.n; i++) {
        CHECK(strlen(list.items[i].regex) <= BNC_REGEX_MAX);
        for (const char *at = list.items[i].regex; (at = strstr(at, "(?:")); at += 3) {
            total++;
        }
    }
    CHECK_INT(total, 20);
    CHECK_INT(list.n, 7);

    bnc_test_row("keep stays one rule");
    spec = (struct bnc_prune_spec){.keep_metrics = {many, 20, true}};
    CHECK_INT(bnc_prom_prune_rules(&spec, arena).n, 1);
    bnc_arena_free(arena);
}

TEST(check)
{
    static const struct {
        const char *name;
        const char *first, *second;
        const char *field; /* of the one error; NULL: none */
    } cases[] = {
        {"fine", "a.*", "b", NULL},
        {"anchor at the end", "a", "b$", "spec.prune.dropSeries[0].labels.b"},
        {"anchor at the beginning", "^a", "b", "spec.prune.dropSeries[0].labels.a"},
        {"escaped", "\\^a", "b\\$", NULL},
        {"in a class", "[^a]", "[$]", NULL},
        {"bracket in a class", "[^]^]", "[]$]", NULL},
        {"alone", "^a$", NULL, NULL},
    };

    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(cases); i++) {
        struct bnc_pair labels[] = {{"a", cases[i].first}, {"b", cases[i].second}};
        struct bnc_series_match match = {
            .labels = {labels, cases[i].second == NULL ? 1 : 2, true}};
        const struct bnc_prune_spec spec = {.drop_series = {&match, 1, true}};
        struct bnc_diags diags = bnc_diags_new(arena);

        bnc_test_row(cases[i].name);
        bnc_prom_prune_check(&spec, "spec.prune", &diags);
        CHECK_INT(diags.errors, cases[i].field != NULL);
        CHECK_STR(diags.n > 0 ? diags.items[0].field : NULL, cases[i].field);
    }
    bnc_test_row("no labels");
    const struct bnc_prune_spec spec = {.drop_series = {&series[2], 1, true}};
    struct bnc_diags diags = bnc_diags_new(arena);
    bnc_prom_prune_check(&spec, "spec.prune", &diags);
    CHECK_INT(diags.errors, 1);
    bnc_arena_free(arena);
}

RUN_TESTS(shapes, series_are_exact, long_lists, check)
