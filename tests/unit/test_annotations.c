#include "lib/json.h"
#include "reconcilers/annotations.h"
#include "reconcilers/compile.h"
#include "tests/unit/facts.h"

/* ---- what a request asks for, as one line -------------------------------------- */

static void
put_texts(struct bnc_str *out, const char *word, const struct bnc_texts *texts)
{
    for (size_t i = 0; i < texts->n; i++) {
        bnc_str_fmt(out, "%s%s", i == 0 ? word : "|", texts->items[i]);
    }
}

static const char *
describe(const struct bnc_request *r, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, 65536);
    const struct {
        const char *word;
        const char *text;
    } texts[] = {{" scheme=", r->scheme},
                 {" interval=", r->interval},
                 {" timeout=", r->timeout},
                 {" job=", r->job},
                 {" prune=", r->prune.preset}};

    if (!r->scrape) {
        return "no";
    }
    for (size_t i = 0; i < r->n_claims; i++) {
        const struct bnc_claim *claim = &r->claims[i];
        bnc_str_fmt(&out, "%s%lld%s%s%s%s", i == 0 ? "" : " ", (long long)claim->port,
                    claim->port_name[0] == '\0' ? "" : ":", claim->port_name,
                    claim->declared ? "" : "?", claim->path);
    }
    for (size_t i = 0; i < BNC_LEN(texts); i++) {
        if (texts[i].text != NULL) {
            bnc_str_fmt(&out, "%s%s", texts[i].word, texts[i].text);
        }
    }
    for (size_t i = 0; i < r->params.n; i++) {
        bnc_str_fmt(&out, " %s=%s", r->params.items[i].key,
                    r->params.items[i].values.items[0]);
    }
    put_texts(&out, " drop=", &r->prune.drop_metrics);
    put_texts(&out, " keep=", &r->prune.keep_metrics);
    put_texts(&out, " labels=", &r->prune.drop_labels);
    if (r->sample_limit.set) {
        bnc_str_fmt(&out, " limit=%lld", (long long)r->sample_limit.value);
    }
    return out.ptr;
}

/* ---- a workload ---------------------------------------------------------------- */

static const char ports[] =
    "[{name: http, containerPort: 8080}, {name: admin, containerPort: 9090}, "
    "{name: dns, containerPort: 53, protocol: UDP}]";

/* Annotations of each layer as the inside of a flow map; NULL: none. */
struct notes {
    const char *template;
    const char *workload;
    const char *service;
    const char *ns;
};

static const char *
or_nothing(const char *text)
{
    return text == NULL ? "" : text;
}

static const char *
manifests(const struct notes *notes, struct bnc_arena *arena)
{
    return bnc_arena_fmt(
        arena,
        "apiVersion: apps/v1\nkind: Deployment\n"
        "metadata: {name: web, namespace: shop, annotations: {%s}}\n"
        "spec:\n  template:\n    metadata: {labels: {app: web}, annotations: {%s}}\n"
        "    spec: {containers: [{name: app, ports: %s}]}\n"
        "---\napiVersion: v1\nkind: Service\n"
        "metadata: {name: web, namespace: shop, annotations: {%s}}\n"
        "spec: {selector: {app: web}}\n"
        "---\napiVersion: v1\nkind: Service\n"
        "metadata: {name: other, namespace: shop, annotations: {prometheus.io/path: /no, "
        "prometheus.io/scrape: 'true'}}\n"
        "spec: {selector: {app: web, tier: back}}\n"
        "---\napiVersion: v1\nkind: Service\n"
        "metadata: {name: external, namespace: shop, annotations: {prometheus.io/path: "
        "/no}}\nspec: {}\n"
        "---\napiVersion: v1\nkind: Namespace\n"
        "metadata: {name: shop, annotations: {%s}}\n",
        or_nothing(notes->workload), or_nothing(notes->template), ports,
        or_nothing(notes->service), or_nothing(notes->ns));
}

static void
on_nothing(void *arg, struct bnc_reader *reader)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(reader);
}

static void
on_object(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(kind);
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
}

/* What the first object of `yaml` asks for; diagnostics are counted, the first shown. */
static void
read_first(const char *yaml, const char *const *prefixes, size_t n_prefixes,
           struct bnc_arena *arena, struct bnc_request *out, struct bnc_diags *diags)
{
    static const struct bnc_cache_hooks hooks = {
        .dirty = on_nothing, .want = on_object, .unwant = on_object};
    static const struct bnc_settings settings = {0};
    struct bnc_cache *cache = bnc_cache_new(&hooks, NULL);
    struct bnc_reader *reader = bnc_reader_new(cache, NULL);
    struct bnc_ir ir = {.arena = arena, .diags = bnc_diags_new(arena)};
    const struct bnc_texts texts = {
        .items = (const char **)(uintptr_t)prefixes, .n = n_prefixes, .set = true};
    struct facts facts;

    facts_read(&facts, yaml);
    facts_put(&facts, cache);
    facts_sync(cache);
    bnc_compile_workload(facts.items[0], &settings, bnc_reader_begin(reader), &ir);
    bnc_reader_end(reader);
    *diags = bnc_diags_new(arena);
    *out = (struct bnc_request){0};
    if (ir.type == BNC_IR_WORKLOAD) {
        bnc_annotations_read(ir.as.workload, &texts, "30s", arena, out, diags);
    }
    facts_free(&facts);
    bnc_reader_free(reader);
    bnc_cache_free(cache);
}

/* ---- rows ---------------------------------------------------------------------- */

#define ON "prometheus.io/scrape: 'true', "

static const struct {
    const char *name;
    struct notes notes;
    const char *want;
    const char *complaint; /* a part of the only message; NULL: there is none */
} rows[] = {
    {"nothing", {NULL, NULL, NULL, NULL}, "no", NULL},
    {"declared TCP ports",
     {ON, NULL, NULL, NULL},
     "8080:http/metrics 9090:admin/metrics",
     NULL},
    {"false", {"prometheus.io/scrape: 'false'", NULL, NULL, NULL}, "no", NULL},
    {"neither",
     {"prometheus.io/scrape: 'yes'", NULL, NULL, NULL},
     "no",
     "\"yes\" on Deployment shop/web is neither true nor false"},
    {"other words alone", {"prometheus.io/port: '1'", NULL, NULL, NULL}, "no", NULL},
    {"unknown word",
     {ON "prometheus.io/prot: '1'", NULL, NULL, NULL},
     "8080:http/metrics 9090:admin/metrics",
     NULL},
    {"foreign prefix", {"example.com/scrape: 'true'", NULL, NULL, NULL}, "no", NULL},

    {"port by number",
     {ON "prometheus.io/port: '8080'", NULL, NULL, NULL},
     "8080:http/metrics",
     NULL},
    {"port by name",
     {ON "prometheus.io/port: admin", NULL, NULL, NULL},
     "9090:admin/metrics",
     NULL},
    {"undeclared port",
     {ON "prometheus.io/port: '7070'", NULL, NULL, NULL},
     "7070?/metrics",
     NULL},
    {"UDP port by number",
     {ON "prometheus.io/port: '53'", NULL, NULL, NULL},
     "53?/metrics",
     NULL},
    {"UDP port by name",
     {ON "prometheus.io/port: dns", NULL, NULL, NULL},
     "no",
     "names no TCP port of its containers"},
    {"several ports, one twice",
     {ON "prometheus.io/port: 'http, 9090,8080'", NULL, NULL, NULL},
     "8080:http/metrics 9090:admin/metrics",
     NULL},
    {"one bad of several",
     {ON "prometheus.io/port: 'http,65536'", NULL, NULL, NULL},
     "8080:http/metrics",
     "is no port number"},
    {"no port",
     {ON "prometheus.io/port: ' , '", NULL, NULL, NULL},
     "no",
     "names no port"},
    {"port 0",
     {ON "prometheus.io/port: '0'", NULL, NULL, NULL},
     "no",
     "is no port number"},
    {"number with more",
     {ON "prometheus.io/port: '8080x'", NULL, NULL, NULL},
     "no",
     "names no TCP port"},

    {"path",
     {ON "prometheus.io/path: /a/b, prometheus.io/port: '1'", NULL, NULL, NULL},
     "1?/a/b",
     NULL},
    {"path without slash",
     {ON "prometheus.io/path: a", NULL, NULL, NULL},
     "no",
     "is no path"},
    {"path with a query",
     {ON "prometheus.io/path: '/a?b=c'", NULL, NULL, NULL},
     "no",
     "is no path"},
    {"endpoints",
     {ON "binnacle.dev/endpoints: '8080/a, 9000/b admin', prometheus.io/port: '1'", NULL,
      NULL, NULL},
     "8080:http/a 9000?/b 9090:admin/metrics",
     NULL},
    {"one endpoint bad",
     {ON "binnacle.dev/endpoints: '8080/a#b 1/c'", NULL, NULL, NULL},
     "1?/c",
     "is no path"},
    {"endpoints are ours only",
     {ON "prometheus.io/endpoints: 1/a, prometheus.io/port: '2'", NULL, NULL, NULL},
     "2?/metrics",
     NULL},
    {"merged metrics",
     {ON "prometheus.istio.io/merge-metrics: 'true', prometheus.io/port: '1', "
         "prometheus.io/scheme: https",
      NULL, NULL, NULL},
     "15020?/stats/prometheus",
     NULL},
    {"not merged",
     {ON "prometheus.istio.io/merge-metrics: 'false', prometheus.io/port: '1'", NULL,
      NULL, NULL},
     "1?/metrics",
     NULL},

    {"all words",
     {ON
      "prometheus.io/port: '1', prometheus.io/scheme: https, binnacle.dev/interval: 1m, "
      "binnacle.dev/timeout: 10s, binnacle.dev/job: j, binnacle.dev/sample-limit: '5', "
      "binnacle.dev/drop-metrics: a b, binnacle.dev/keep-metrics: c, "
      "binnacle.dev/drop-labels: d, binnacle.dev/prune: envoy, prometheus.io/param_x: z",
      NULL, NULL, NULL},
     "1?/metrics scheme=https interval=1m timeout=10s job=j prune=envoy x=z drop=a|b "
     "keep=c labels=d limit=5",
     NULL},
    {"words of ours with another prefix",
     {ON "prometheus.io/port: '1', prometheus.io/interval: 1m", NULL, NULL, NULL},
     "1?/metrics",
     NULL},
    {"http is the default",
     {ON "prometheus.io/port: '1', prometheus.io/scheme: http", NULL, NULL, NULL},
     "1?/metrics",
     NULL},
    {"bad scheme",
     {ON "prometheus.io/scheme: HTTPS", NULL, NULL, NULL},
     "no",
     "is no scheme"},
    {"bad interval",
     {ON "prometheus.io/port: '1', binnacle.dev/interval: 500ms", NULL, NULL, NULL},
     "1?/metrics",
     "is no usable duration"},
    {"timeout over its interval",
     {ON "prometheus.io/port: '1', binnacle.dev/interval: 5s, binnacle.dev/timeout: 6s",
      NULL, NULL, NULL},
     "1?/metrics interval=5s",
     "is longer than the interval 5s"},
    {"timeout over the Observatory's",
     {ON "prometheus.io/port: '1', binnacle.dev/timeout: 31s", NULL, NULL, NULL},
     "1?/metrics",
     "is longer than the interval 30s"},
    {"bad limit",
     {ON "prometheus.io/port: '1', binnacle.dev/sample-limit: '0'", NULL, NULL, NULL},
     "1?/metrics",
     "is no limit"},
    {"one bad regex",
     {ON "prometheus.io/port: '1', binnacle.dev/drop-metrics: 'a (b c'", NULL, NULL,
      NULL},
     "1?/metrics drop=a|c",
     "has a wrong expression"},
    {"bad prune preset",
     {ON "prometheus.io/port: '1', binnacle.dev/prune: x", NULL, NULL, NULL},
     "1?/metrics",
     "is no prune preset"},

    {"slow",
     {"prometheus.io/scrape_slow: 'true', prometheus.io/port: '1'", NULL, NULL, NULL},
     "1?/metrics interval=5m",
     NULL},
    {"slow with an interval",
     {"prometheus.io/scrape_slow: 'true', prometheus.io/port: '1', "
      "binnacle.dev/interval: 7m",
      NULL, NULL, NULL},
     "1?/metrics interval=7m",
     NULL},
    {"slow, but refused beside it",
     {"prometheus.io/scrape_slow: 'true', prometheus.io/scrape: 'false'", NULL, NULL,
      NULL},
     "no",
     NULL},
    {"slow by the namespace, refused",
     {"prometheus.io/scrape: 'false'", NULL, NULL, "prometheus.io/scrape_slow: 'true'"},
     "no",
     NULL},
    {"refused by the namespace, slow",
     {"prometheus.io/scrape_slow: 'true', prometheus.io/port: '1'", NULL, NULL,
      "prometheus.io/scrape: 'false'"},
     "1?/metrics interval=5m",
     NULL},

    {"template before workload",
     {ON "prometheus.io/port: '1'", "prometheus.io/port: '2'", NULL, NULL},
     "1?/metrics",
     NULL},
    {"workload before Service",
     {NULL, ON "prometheus.io/port: '2'", "prometheus.io/port: '3'", NULL},
     "2?/metrics",
     NULL},
    {"Service before Namespace",
     {NULL, NULL, "prometheus.io/port: '3'", ON "prometheus.io/port: '4'"},
     "3?/metrics",
     NULL},
    {"Namespace alone",
     {NULL, NULL, NULL, ON "prometheus.io/port: '4'"},
     "4?/metrics",
     NULL},
    {"key by key",
     {"prometheus.io/scheme: https", "prometheus.io/path: /w", "prometheus.io/port: '3'",
      ON "binnacle.dev/interval: 1m, prometheus.io/path: /n"},
     "3?/w scheme=https interval=1m",
     NULL},
    {"the nearer layer, whatever the prefix",
     {"prometheus.io/port: '1'", NULL, NULL, ON "binnacle.dev/port: '2'"},
     "1?/metrics",
     NULL},
    {"in one layer the first prefix",
     {ON "prometheus.io/port: '1', binnacle.dev/port: '2'", NULL, NULL, NULL},
     "2?/metrics",
     NULL},
    {"a complaint says where",
     {ON "prometheus.io/port: '1'", NULL, "binnacle.dev/interval: x", NULL},
     "1?/metrics",
     "\"x\" on Service shop/web is no usable duration"},

    {"ignore", {ON "binnacle.dev/ignore: 'true'", NULL, NULL, NULL}, "no", NULL},
    {"ignore of the namespace taken back",
     {ON "prometheus.io/port: '1', binnacle.dev/ignore: 'false'", NULL, NULL,
      "binnacle.dev/ignore: 'true'"},
     "1?/metrics",
     NULL},
    {"ignore is ours only",
     {ON "prometheus.io/port: '1', prometheus.io/ignore: 'true'", NULL, NULL, NULL},
     "1?/metrics",
     NULL},
};

TEST(requests)
{
    static const char *const prefixes[] = {"binnacle.dev", "prometheus.io"};

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_request request;
        struct bnc_diags diags;

        bnc_test_row(rows[i].name);
        read_first(manifests(&rows[i].notes, arena), prefixes, BNC_LEN(prefixes), arena,
                   &request, &diags);
        CHECK_STR(describe(&request, arena), rows[i].want);
        CHECK_INT(diags.n, rows[i].complaint == NULL ? 0 : 1);
        if (rows[i].complaint != NULL &&
            strstr(diags.items[0].message, rows[i].complaint) == NULL) {
            CHECK_STR(diags.items[0].message, rows[i].complaint);
        }
        CHECK_INT(diags.errors, 0); /* of annotations, none rejects anything */
    }
}

TEST(other_prefixes)
{
    static const char *const prefixes[] = {"metrics.example.com"};
    static const struct notes notes = {
        .template = "metrics.example.com/scrape: 'true', metrics.example.com/port: '1', "
                    "prometheus.io/path: /no, binnacle.dev/interval: 1m"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_request request;
    struct bnc_diags diags;

    read_first(manifests(&notes, arena), prefixes, 1, arena, &request, &diags);
    CHECK_STR(describe(&request, arena), "1?/metrics interval=1m");
}

/* The field of a complaint leads to the annotation. */
TEST(fields)
{
    static const char *const prefixes[] = {"prometheus.io"};
    static const struct {
        const char *name;
        const char *yaml;
        const char *field;
    } kinds[] = {
        {"template",
         "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {template: "
         "{metadata: {annotations: {prometheus.io/scrape: x}}}}\n",
         "spec.template.metadata.annotations[\"prometheus.io/scrape\"]"},
        {"workload",
         "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a, annotations: "
         "{prometheus.io/scrape: x}}\n",
         "metadata.annotations[\"prometheus.io/scrape\"]"},
        {"cron job",
         "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: "
         "{spec: {template: {metadata: {annotations: {prometheus.io/scrape: x}}}}}}\n",
         "spec.jobTemplate.spec.template.metadata.annotations[\"prometheus.io/scrape\"]"},
        {"pod",
         "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: "
         "{prometheus.io/scrape: x}}\n",
         "metadata.annotations[\"prometheus.io/scrape\"]"},
    };
    for (size_t i = 0; i < BNC_LEN(kinds); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_request request;
        struct bnc_diags diags;

        bnc_test_row(kinds[i].name);
        read_first(kinds[i].yaml, prefixes, 1, arena, &request, &diags);
        CHECK_INT(diags.n, 1);
        CHECK_STR(diags.items[0].field, kinds[i].field);
    }
}

/* A value is shown in part, and never half a character. */
TEST(long_values)
{
    static const char *const prefixes[] = {"prometheus.io"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str yaml = bnc_str_new(arena, 65536);
    struct bnc_request request;
    struct bnc_diags diags;

    bnc_str_puts(&yaml, "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: "
                        "{prometheus.io/scrape: 'x");
    for (size_t i = 0; i < 1000; i++) {
        bnc_str_puts(&yaml, "\xe2\x82\xac");
    }
    bnc_str_puts(&yaml, "'}}\n");
    read_first(yaml.ptr, prefixes, 1, arena, &request, &diags);
    CHECK_INT(diags.n, 1);
    CHECK(strlen(diags.items[0].message) < 200);
    CHECK(bnc_utf8_valid(diags.items[0].message, strlen(diags.items[0].message)));
}

/* Requests that one job can serve have one key, others never. */
TEST(keys)
{
    static const char *const prefixes[] = {"binnacle.dev", "prometheus.io"};
    static const struct {
        const char *name;
        const char *a;
        const char *b;
        bool same;
    } pairs[] = {
        {"ports and paths apart", ON "prometheus.io/port: '1', prometheus.io/path: /a",
         ON "prometheus.io/port: '2', prometheus.io/path: /b", true},
        {"another prefix", ON "prometheus.io/scheme: https",
         ON "binnacle.dev/scheme: https", true},
        {"slow is an interval", "prometheus.io/scrape_slow: 'true'",
         ON "binnacle.dev/interval: 5m", true},
        {"interval", ON, ON "binnacle.dev/interval: 5m", false},
        {"timeout is no interval", ON "binnacle.dev/interval: 5s",
         ON "binnacle.dev/timeout: 5s", false},
        {"job", ON "binnacle.dev/job: a", ON "binnacle.dev/job: b", false},
        {"limit", ON, ON "binnacle.dev/sample-limit: '1'", false},
        {"two expressions or one", ON "binnacle.dev/drop-metrics: a b",
         ON "binnacle.dev/drop-metrics: a|b", false},
        {"drop or keep", ON "binnacle.dev/drop-metrics: a",
         ON "binnacle.dev/keep-metrics: a", false},
        {"parameter", ON "prometheus.io/param_a: bc", ON "prometheus.io/param_ab: c",
         false},
    };
    for (size_t i = 0; i < BNC_LEN(pairs); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const struct notes a = {.template = pairs[i].a}, b = {.template = pairs[i].b};
        struct bnc_request x, y;
        struct bnc_diags diags;

        bnc_test_row(pairs[i].name);
        read_first(manifests(&a, arena), prefixes, 2, arena, &x, &diags);
        read_first(manifests(&b, arena), prefixes, 2, arena, &y, &diags);
        CHECK(x.scrape && y.scrape);
        CHECK_INT(strcmp(bnc_request_key(&x, arena), bnc_request_key(&y, arena)) == 0,
                  pairs[i].same);
    }
}

TEST(known_words)
{
    static const struct {
        const char *key;
        bool known;
    } words[] = {{"prometheus.io/scrape", true},
                 {"any.example/drop-metrics", true},
                 {"prometheus.io/param_x", true},
                 {"prometheus.istio.io/merge-metrics", true},
                 {"scrape", false},
                 {"prometheus.io/scraped", false},
                 {"prometheus.io/", false},
                 {"kubectl.kubernetes.io/last-applied-configuration", false}};

    for (size_t i = 0; i < BNC_LEN(words); i++) {
        bnc_test_row(words[i].key);
        CHECK_INT(bnc_annotation_known(words[i].key), words[i].known);
    }
}

RUN_TESTS(requests, other_prefixes, fields, long_values, keys, known_words)
