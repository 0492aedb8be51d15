#include "tests/unit/test.h"

#include "lib/json.h"
#include "render/prometheus.h"

static struct bnc_arena *arena;
static struct bnc_diags diags;

static cJSON *
json(const char *text)
{
    struct bnc_error err = {0};
    cJSON *tree = NULL;

    CHECK_INT(bnc_json_parse(arena, text, strlen(text), &tree, &err), BNC_OK);
    return tree;
}

static const char *
head(const struct bnc_prometheus_spec *spec, const struct bnc_profile *profile,
     const char *base, bool has_jobs)
{
    const struct bnc_prom_head in = {.spec = spec,
                                     .profile = profile,
                                     .base = base == NULL ? NULL : json(base),
                                     .has_jobs = has_jobs};
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    diags = bnc_diags_new(arena);
    if (bnc_prom_head_render(&in, arena, &out, &diags, &err)) {
        CHECK(out.ptr == NULL);
        return bnc_arena_fmt(arena, "%s: %s", bnc_code_name(err.code), err.message);
    }
    CHECK_INT(strlen(out.ptr), out.len);
    return out.ptr;
}

/* ---- layers -------------------------------------------------------------------------
 */

#define PLAIN                                                                            \
    "global:\n"                                                                          \
    "  scrape_interval: 30s\n"                                                           \
    "  evaluation_interval: 30s\n"

static struct bnc_pair labels[] = {{"cluster", "eu-1"}, {"replica", "${POD_NAME}"}};

static const struct {
    const char *name;
    struct bnc_prometheus_spec spec;
    const char *base;
    const char *want;
} layers[] = {
    {"nothing", {0}, NULL, PLAIN "scrape_configs:\n"},
    {"fields",
     {.scrape_interval = "15s",
      .scrape_timeout = "10s",
      .evaluation_interval = "1m",
      .external_labels = {.items = labels, .n = 2, .set = true}},
     NULL,
     "global:\n  scrape_interval: 15s\n  scrape_timeout: 10s\n  external_labels:\n"
     "    cluster: eu-1\n    replica: '${POD_NAME}'\n  evaluation_interval: 1m\n"
     "scrape_configs:\n"},
    {"base below",
     {.scrape_interval = "15s"},
     "{\"global\":{\"query_log_file\":\"q\",\"evaluation_interval\":\"2m\","
     "\"scrape_interval\":\"1h\",\"zzz\":1,\"aaa\":2}}",
     "global:\n  scrape_interval: 15s\n  evaluation_interval: 2m\n  query_log_file: q\n"
     "  aaa: 2\n  zzz: 1\nscrape_configs:\n"},
    {"maps merge",
     {.external_labels = {.items = labels, .n = 1, .set = true}},
     "{\"global\":{\"external_labels\":{\"zone\":\"a\",\"cluster\":\"base\"}}}",
     "global:\n  scrape_interval: 30s\n  external_labels:\n    cluster: eu-1\n"
     "    zone: a\n  evaluation_interval: 30s\nscrape_configs:\n"},
    {"order of keys",
     {0},
     "{\"new_key\":{\"b\":1,\"a\":2},\"tracing\":{\"insecure\":true,\"endpoint\":\"t:1\"}"
     ","
     "\"scrape_configs\":[{\"job_name\":\"gone\"}],\"remote_write\":[{\"name\":\"main\","
     "\"basic_auth\":{\"password_file\":\"files/p\",\"username\":\"u\"},\"url\":"
     "\"http://w\"}],\"rule_files\":[\"r/*.yml\"],\"scrape_config_files\":[\"j.yml\"],"
     "\"alerting\":{\"alertmanagers\":[]},\"storage\":{\"tsdb\":"
     "{\"out_of_order_time_window\":\"30m\"}}}",
     PLAIN
     "rule_files:\n- 'r/*.yml'\nscrape_config_files:\n- j.yml\nstorage:\n  tsdb:\n"
     "    out_of_order_time_window: 30m\nalerting:\n  alertmanagers: []\n"
     "remote_write:\n- url: http://w\n  name: main\n  basic_auth:\n    username: u\n"
     "    password_file: files/p\ntracing:\n  endpoint: t:1\n  insecure: true\n"
     "new_key:\n  a: 2\n  b: 1\nscrape_configs:\n"},
    {"global is null", {0}, "{\"global\":null}", PLAIN "scrape_configs:\n"},
    {"timeout over the interval",
     {.scrape_interval = "15s", .scrape_timeout = "20s"},
     NULL,
     "invalid: scrapeTimeout 20s is over scrapeInterval 15s"},
    {"timeout of base over the default",
     {0},
     "{\"global\":{\"scrape_timeout\":\"1m\"}}",
     "invalid: scrapeTimeout 1m is over scrapeInterval 30s"},
};

TEST(layering)
{
    const struct bnc_profile profile = {.version = {.major = 3, .minor = 5}, .shards = {.shards = 1}};

    for (size_t i = 0; i < BNC_LEN(layers); i++) {
        arena = bnc_arena_new();
        bnc_test_row(layers[i].name);
        CHECK_STR(head(&layers[i].spec, &profile, layers[i].base, true), layers[i].want);
        bnc_arena_free(arena);
    }
}

TEST(without_jobs)
{
    const struct bnc_profile profile = {.version = {.major = 3, .minor = 5}, .shards = {.shards = 1}};
    const struct bnc_prometheus_spec spec = {0};

    arena = bnc_arena_new();
    CHECK_STR(head(&spec, &profile, NULL, false), PLAIN "scrape_configs: []\n");
    bnc_arena_free(arena);
}

/* ---- limits ---------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    uint32_t minor;
    int64_t own, enforced, keep; /* -1: not set */
    const char *base;
    const char *want;  /* lines of global, beside the intervals */
    const char *warns; /* NULL: nothing */
} limits[] = {
    {"none", 45, -1, -1, -1, NULL, "", NULL},
    {"own", 45, 10, -1, -1, NULL, "  sample_limit: 10\n", NULL},
    {"enforced", 45, -1, 20, -1, NULL, "  sample_limit: 20\n", NULL},
    {"the smaller", 45, 30, 20, -1, NULL, "  sample_limit: 20\n", NULL},
    {"0 is none", 45, 0, 20, -1, NULL, "  sample_limit: 20\n", NULL},
    {"base", 45, -1, -1, -1, "{\"global\":{\"sample_limit\":7}}", "  sample_limit: 7\n",
     NULL},
    {"base under own", 45, 9, -1, -1, "{\"global\":{\"sample_limit\":7}}",
     "  sample_limit: 9\n", NULL},
    {"base is cut too", 45, -1, 5, -1, "{\"global\":{\"sample_limit\":7}}",
     "  sample_limit: 5\n", NULL},
    {"before 2.45", 44, 10, 20, -1, NULL, "", NULL},
    {"dropped in 2.47", 47, -1, -1, 3, NULL, "  keep_dropped_targets: 3\n", NULL},
    {"dropped before", 46, -1, -1, 3, NULL, "", "keepDroppedTargets"},
};

TEST(global_limits)
{
    for (size_t i = 0; i < BNC_LEN(limits); i++) {
        struct bnc_profile profile = {
            .version = {.major = 2, .minor = limits[i].minor},
            .limits = {.sample_limit = {limits[i].own >= 0, limits[i].own},
                       .keep_dropped_targets = {limits[i].keep >= 0, limits[i].keep}},
            .enforced = {.sample_limit = {limits[i].enforced >= 0, limits[i].enforced}},
            .shards = {.shards = 1}};
        const struct bnc_prometheus_spec spec = {0};

        arena = bnc_arena_new();
        bnc_test_row(limits[i].name);
        CHECK_STR(head(&spec, &profile, limits[i].base, true),
                  bnc_arena_fmt(arena,
                                "global:\n  scrape_interval: 30s\n%s"
                                "  evaluation_interval: 30s\nscrape_configs:\n",
                                limits[i].want));
        CHECK_INT(diags.n, limits[i].warns != NULL);
        CHECK_STR(diags.n > 0 ? diags.items[0].field : NULL, limits[i].warns);
        bnc_arena_free(arena);
    }
}

/* ---- raw jobs
 * ----------------------------------------------------------------------------- */

static const char *
tail(const char *jobs, int64_t shards)
{
    const struct bnc_profile profile = {.shards = {.shards = shards, .shard = "1"}};
    const cJSON *list[8];
    const cJSON *job;
    size_t n = 0;
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    cJSON_ArrayForEach(job, json(jobs))
    {
        list[n++] = job;
    }
    if (bnc_prom_tail_render(list, n, &profile, arena, &out, &err)) {
        return bnc_arena_fmt(arena, "%s: %s", bnc_code_name(err.code), err.message);
    }
    CHECK_INT(strlen(out.ptr), out.len);
    return out.ptr;
}

#define SHARD_RULES                                                                      \
    "  - source_labels:\n"                                                               \
    "    - __address__\n"                                                                \
    "    - __tmp_hash\n"                                                                 \
    "    regex: '(.+);'\n"                                                               \
    "    target_label: __tmp_hash\n"                                                     \
    "    replacement: $1\n"                                                              \
    "    action: replace\n"                                                              \
    "  - source_labels:\n"                                                               \
    "    - __tmp_hash\n"                                                                 \
    "    modulus: 2\n"                                                                   \
    "    target_label: __tmp_hash\n"                                                     \
    "    action: hashmod\n"                                                              \
    "  - source_labels:\n"                                                               \
    "    - __tmp_hash\n"                                                                 \
    "    - __tmp_disable_sharding\n"                                                     \
    "    regex: '1;|.+;.+'\n"                                                            \
    "    action: keep\n"

static const struct {
    const char *name;
    const char *jobs;
    int64_t shards;
    const char *want;
} tails[] = {
    {"none", "[]", 2, ""},
    {"two", "[{\"z\":1,\"metrics_path\":\"/p\",\"job_name\":\"a\"},{\"job_name\":\"b\"}]",
     1, "- job_name: a\n  metrics_path: /p\n  z: 1\n- job_name: b\n"},
    {"shards", "[{\"job_name\":\"a\"}]", 2,
     "- job_name: a\n  relabel_configs:\n" SHARD_RULES},
    {"shards after its own rules",
     "[{\"job_name\":\"a\",\"relabel_configs\":[{\"action\":\"drop\"}]}]", 2,
     "- job_name: a\n  relabel_configs:\n  - action: drop\n" SHARD_RULES},
    {"shards by itself",
     "[{\"job_name\":\"a\",\"relabel_configs\":[{\"action\":\"HashMod\"}]}]", 2,
     "- job_name: a\n  relabel_configs:\n  - action: HashMod\n"},
    {"no object", "[{\"job_name\":\"a\"},3]", 1, "invalid: raw job 1 is no object"},
};

TEST(raw_jobs)
{
    for (size_t i = 0; i < BNC_LEN(tails); i++) {
        arena = bnc_arena_new();
        bnc_test_row(tails[i].name);
        CHECK_STR(tail(tails[i].jobs, tails[i].shards), tails[i].want);
        bnc_arena_free(arena);
    }
}

/* Ours, then those of `base`; without ours the latter stay as they are. */
TEST(rule_files)
{
    static const struct {
        const char *name;
        const char *base;
        size_t n;
        const char *want; /* behind `global` */
    } rows[] = {
        {"none", NULL, 0, ""},
        {"ours", NULL, 2, "rule_files:\n- rules-a.yml\n- rules-b.yml\n"},
        {"both", "{\"rule_files\":[\"/x/*.yml\"]}", 1,
         "rule_files:\n- rules-a.yml\n- '/x/*.yml'\n"},
        {"base's", "{\"rule_files\":[\"/x/*.yml\"]}", 0, "rule_files:\n- '/x/*.yml'\n"},
    };
    static const char *const names[] = {"rules-a.yml", "rules-b.yml"};
    static const struct bnc_prometheus_spec spec;
    static const struct bnc_profile profile = {.version = {.major = 3}};

    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const struct bnc_prom_head in = {
            .spec = &spec,
            .profile = &profile,
            .base = rows[i].base == NULL ? NULL : json(rows[i].base),
            .rule_files = names,
            .n_rule_files = rows[i].n,
            .has_jobs = true};
        struct bnc_bytes out = {0};
        struct bnc_error err = {0};

        bnc_test_row(rows[i].name);
        diags = bnc_diags_new(arena);
        CHECK_INT(bnc_prom_head_render(&in, arena, &out, &diags, &err), BNC_OK);
        CHECK_STR(out.ptr,
                  bnc_arena_fmt(arena, PLAIN "%sscrape_configs:\n", rows[i].want));
    }
    bnc_arena_free(arena);
}

RUN_TESTS(rule_files, layering, without_jobs, global_limits, raw_jobs)
