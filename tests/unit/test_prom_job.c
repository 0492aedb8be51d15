#include "tests/unit/test.h"

#include "render/prometheus.h"

static struct bnc_arena *arena;
static struct bnc_diags diags;

/* "text text": a list of texts; "" is an empty one. */
static struct bnc_texts
texts(const char *words)
{
    struct bnc_texts list = {.set = true};
    char *copy = bnc_arena_strdup(arena, words);
    char *save = NULL;

    list.items = bnc_arena_array(arena, strlen(words) + 1, sizeof(*list.items));
    for (char *at = strtok_r(copy, " ", &save); at; at = strtok_r(NULL, " ", &save)) {
        list.items[list.n++] = at;
    }
    return list;
}

static struct bnc_opt_int
some(int64_t value)
{
    return (struct bnc_opt_int){.set = true, .value = value};
}

static struct bnc_profile
profile_of(uint32_t major, uint32_t minor)
{
    return (struct bnc_profile){.version = {.major = major, .minor = minor}, .shards = {.shards = 1}};
}

static const char *
render(const struct bnc_job *job, const struct bnc_profile *profile)
{
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    diags = bnc_diags_new(arena);
    CHECK_INT(bnc_prom_job_render(job, profile, arena, &out, &diags, &err), BNC_OK);
    CHECK_INT(strlen(out.ptr), out.len);
    return out.ptr;
}

/* All fields of all warnings, separated by blanks. */
static const char *
warned(void)
{
    const char *all = "";

    for (size_t i = 0; i < diags.n; i++) {
        CHECK(diags.items[i].warning);
        all =
            bnc_arena_fmt(arena, "%s%s%s", all, i == 0 ? "" : " ", diags.items[i].field);
    }
    return all;
}

/* ---- everything at once -------------------------------------------------------------
 */

static struct bnc_job
full_job(void)
{
    static struct bnc_multipair params[] = {{.key = "module"}, {.key = "target"}};
    static struct bnc_relabel rules[2];
    static struct bnc_relabel metric_rules[1];
    struct bnc_job job = {
        .job_name = "scrapePolicy/shop/cart/http",
        .honor_labels = BNC_TRUE,
        .honor_timestamps = BNC_FALSE,
        .track_timestamps_staleness = BNC_TRUE,
        .scrape_interval = "15s",
        .scrape_timeout = "10s",
        .metrics_path = "/stats/prometheus",
        .scheme = "https",
        .follow_redirects = BNC_FALSE,
        .enable_http2 = BNC_FALSE,
        .proxy_url = "http://proxy:3128",
        .no_proxy = "10.0.0.0/8",
        .auth_type = "Bearer",
        .credentials_file = "assets/secret_shop_cart_token",
        .tls = {.present = true,
                .insecure_skip_verify = BNC_FALSE,
                .ca_file = "assets/ca",
                .cert_file = "assets/cert",
                .key_file = "assets/key",
                .server_name = "cart.shop",
                .min_version = "TLS12",
                .max_version = "TLS13"},
        .role = "pod",
        .namespaces = texts("shop"),
        .attach_node_metadata = BNC_TRUE,
        .relabelings = rules,
        .n_relabelings = 2,
        .metric_relabelings = metric_rules,
        .n_metric_relabelings = 1,
        .limits = {.sample_limit = some(1000),
                   .target_limit = some(10),
                   .label_limit = some(30),
                   .label_name_length_limit = some(100),
                   .label_value_length_limit = some(200),
                   .keep_dropped_targets = some(50),
                   .body_size_limit = "5MB"},
        .scrape_protocols = texts("OpenMetricsText1.0.0 PrometheusText1.0.0 "
                                  "OpenMetricsText1.0.0 PrometheusText0.0.4"),
        .fallback_scrape_protocol = "PrometheusText0.0.4",
    };

    params[0].values = texts("http_2xx");
    params[1].values = texts("a b");
    job.params = (struct bnc_multipairs){.items = params, .n = 2, .set = true};
    rules[0] = (struct bnc_relabel){.source_labels = texts("__meta_a __meta_b"),
                                    .separator = "",
                                    .regex = "(.+);true",
                                    .action = "keep"};
    rules[1] = (struct bnc_relabel){.target_label = "job", .replacement = ""};
    metric_rules[0] =
        (struct bnc_relabel){.regex = "pod_template_hash", .action = "labeldrop"};
    return job;
}

#define FULL_BEGIN                                                                       \
    "- job_name: scrapePolicy/shop/cart/http\n"                                          \
    "  honor_labels: true\n"                                                             \
    "  honor_timestamps: false\n"
#define FULL_PARAMS                                                                      \
    "  params:\n"                                                                        \
    "    module:\n"                                                                      \
    "    - http_2xx\n"                                                                   \
    "    target:\n"                                                                      \
    "    - a\n"                                                                          \
    "    - b\n"                                                                          \
    "  scrape_interval: 15s\n"                                                           \
    "  scrape_timeout: 10s\n"
#define FULL_HTTP                                                                        \
    "  metrics_path: /stats/prometheus\n"                                                \
    "  scheme: https\n"                                                                  \
    "  enable_http2: false\n"                                                            \
    "  follow_redirects: false\n"                                                        \
    "  proxy_url: http://proxy:3128\n"
#define FULL_AUTH                                                                        \
    "  authorization:\n"                                                                 \
    "    type: Bearer\n"                                                                 \
    "    credentials_file: assets/secret_shop_cart_token\n"                              \
    "  tls_config:\n"                                                                    \
    "    insecure_skip_verify: false\n"                                                  \
    "    ca_file: assets/ca\n"                                                           \
    "    cert_file: assets/cert\n"                                                       \
    "    key_file: assets/key\n"                                                         \
    "    server_name: cart.shop\n"                                                       \
    "    min_version: TLS12\n"                                                           \
    "    max_version: TLS13\n"                                                           \
    "  sample_limit: 1000\n"                                                             \
    "  target_limit: 10\n"                                                               \
    "  label_limit: 30\n"                                                                \
    "  label_name_length_limit: 100\n"                                                   \
    "  label_value_length_limit: 200\n"                                                  \
    "  body_size_limit: 5MB\n"
#define FULL_END                                                                         \
    "  kubernetes_sd_configs:\n"                                                         \
    "  - role: pod\n"                                                                    \
    "    namespaces:\n"                                                                  \
    "      names:\n"                                                                     \
    "      - shop\n"                                                                     \
    "    attach_metadata:\n"                                                             \
    "      node: true\n"                                                                 \
    "  relabel_configs:\n"                                                               \
    "  - source_labels: [__meta_a, __meta_b]\n"                                          \
    "    separator: ''\n"                                                                \
    "    regex: '(.+);true'\n"                                                           \
    "    action: keep\n"                                                                 \
    "  - target_label: job\n"                                                            \
    "    replacement: ''\n"                                                              \
    "  metric_relabel_configs:\n"                                                        \
    "  - regex: pod_template_hash\n"                                                     \
    "    action: labeldrop\n"

TEST(full)
{
    arena = bnc_arena_new();
    const struct bnc_profile new_one = profile_of(3, 5);
    const struct bnc_profile old_one = profile_of(2, 42);
    const struct bnc_job job = full_job();

    bnc_test_row("3.5");
    CHECK_STR(render(&job, &new_one), FULL_BEGIN
              "  track_timestamps_staleness: true\n" FULL_PARAMS "  scrape_protocols:\n"
              "  - OpenMetricsText1.0.0\n"
              "  - PrometheusText1.0.0\n"
              "  - PrometheusText0.0.4\n"
              "  fallback_scrape_protocol: PrometheusText0.0.4\n" FULL_HTTP
              "  no_proxy: '10.0.0.0/8'\n" FULL_AUTH
              "  keep_dropped_targets: 50\n" FULL_END);
    CHECK_STR(warned(), "");

    bnc_test_row("2.42");
    CHECK_STR(render(&job, &old_one),
              FULL_BEGIN FULL_PARAMS FULL_HTTP FULL_AUTH FULL_END);
    CHECK_STR(warned(), "keepDroppedTargets trackTimestampsStaleness scrapeProtocols "
                        "fallbackScrapeProtocol noProxy");
    bnc_arena_free(arena);
}

/* ---- gates ----------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    uint32_t major, minor;
    const char *has;   /* a line that is there; NULL: none of these */
    const char *warns; /* fields */
} gates[] = {
    {"2.42", 2, 42, NULL,
     "keepDroppedTargets trackTimestampsStaleness scrapeProtocols fallbackScrapeProtocol "
     "proxyFromEnvironment"},
    {"2.43", 2, 43, "proxy_from_environment: true",
     "keepDroppedTargets trackTimestampsStaleness scrapeProtocols "
     "fallbackScrapeProtocol"},
    {"2.46", 2, 46, "proxy_from_environment: true",
     "keepDroppedTargets trackTimestampsStaleness scrapeProtocols "
     "fallbackScrapeProtocol"},
    {"2.47", 2, 47, "keep_dropped_targets: 5",
     "trackTimestampsStaleness scrapeProtocols fallbackScrapeProtocol"},
    {"2.48", 2, 48, "track_timestamps_staleness: true",
     "scrapeProtocols fallbackScrapeProtocol"},
    {"2.49", 2, 49, "keep_dropped_targets: 5", "scrapeProtocols fallbackScrapeProtocol"},
    {"2.55", 2, 55, "keep_dropped_targets: 5", "scrapeProtocols fallbackScrapeProtocol"},
    {"3.0", 3, 0, "- PrometheusText1.0.0", ""},
    {"3.16", 3, 16, "fallback_scrape_protocol: PrometheusText1.0.0", ""},
};

TEST(versions)
{
    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(gates); i++) {
        const struct bnc_profile profile = profile_of(gates[i].major, gates[i].minor);
        const struct bnc_job job = {.job_name = "j",
                                    .track_timestamps_staleness = BNC_TRUE,
                                    .scrape_protocols = texts("PrometheusText1.0.0"),
                                    .fallback_scrape_protocol = "PrometheusText1.0.0",
                                    .proxy_from_environment = BNC_TRUE,
                                    .limits = {.keep_dropped_targets = some(5)}};

        bnc_test_row(gates[i].name);
        const char *yaml = render(&job, &profile);
        CHECK_STR(warned(), gates[i].warns);
        CHECK(gates[i].has == NULL || strstr(yaml, gates[i].has) != NULL);
        /* the list is never left empty: Prometheus refuses that */
        CHECK_INT(strstr(yaml, "scrape_protocols:") != NULL, gates[i].major >= 3);
    }
    bnc_arena_free(arena);
}

TEST(messages)
{
    arena = bnc_arena_new();
    const struct bnc_profile profile = profile_of(2, 47);
    const struct bnc_job job = {.job_name = "j", .track_timestamps_staleness = BNC_TRUE};

    CHECK_STR(render(&job, &profile), "- job_name: j\n");
    CHECK_INT(diags.n, 1);
    CHECK_STR(
        bnc_diag_text(&diags.items[0], arena),
        "trackTimestampsStaleness: track_timestamps_staleness is left out: it needs "
        "Prometheus 2.48, this one is 2.47.0; leave it out, or raise the "
        "Observatory's spec.prometheus.version with Prometheus itself");
    bnc_arena_free(arena);
}

/* ---- authentication
 * --------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint32_t major, minor;
    const char *username, *username_file;
    const char *want;
    const char *warns;
} basic[] = {
    {"file", 3, 0, "bob", "u", "    username_file: u\n", ""},
    {"file in 2.49", 2, 49, "bob", "u", "    username_file: u\n", ""},
    {"text before 2.49", 2, 48, "bob", "u", "    username: bob\n", ""},
    {"text only", 3, 0, "bob", NULL, "    username: bob\n", ""},
    {"file only", 3, 0, NULL, "u", "    username_file: u\n", ""},
    {"file only before 2.49", 2, 48, NULL, "u", "", "usernameFile"},
};

TEST(basic_auth)
{
    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(basic); i++) {
        const struct bnc_profile profile = profile_of(basic[i].major, basic[i].minor);
        const struct bnc_job job = {.job_name = "j",
                                    .basic_username = basic[i].username,
                                    .basic_username_file = basic[i].username_file,
                                    .basic_password_file = "p"};

        bnc_test_row(basic[i].name);
        CHECK_STR(render(&job, &profile), bnc_arena_fmt(arena,
                                                        "- job_name: j\n  basic_auth:\n%s"
                                                        "    password_file: p\n",
                                                        basic[i].want));
        CHECK_STR(warned(), basic[i].warns);
    }
    bnc_arena_free(arena);
}

TEST(oauth2)
{
    arena = bnc_arena_new();
    struct bnc_pair pairs[] = {{.key = "audience", .value = "x"}};
    struct bnc_job_oauth2 settings = {
        .client_id = "id",
        .client_secret_file = "s",
        .token_url = "https://t/x",
        .scopes = texts("a b"),
        .endpoint_params = {.items = pairs, .n = 1, .set = true},
        .tls = {.present = true},
        .proxy_url = "http://p"};
    const struct bnc_job job = {.job_name = "j", .oauth2 = &settings};
    const struct bnc_profile profile = profile_of(2, 42);

    CHECK_STR(render(&job, &profile), "- job_name: j\n"
                                      "  oauth2:\n"
                                      "    client_id: id\n"
                                      "    client_secret_file: s\n"
                                      "    token_url: https://t/x\n"
                                      "    scopes:\n"
                                      "    - a\n"
                                      "    - b\n"
                                      "    endpoint_params:\n"
                                      "      audience: x\n"
                                      "    proxy_url: http://p\n"
                                      "    tls_config: {}\n");
    bnc_arena_free(arena);
}

/* ---- the profile
 * --------------------------------------------------------------------------- */

TEST(overrides)
{
    arena = bnc_arena_new();
    struct bnc_profile profile = profile_of(3, 5);
    struct bnc_job job = {.job_name = "j", .honor_labels = BNC_TRUE};

    profile.override_honor_labels = true;
    profile.override_honor_timestamps = true;
    CHECK_STR(render(&job, &profile), "- job_name: j\n"
                                      "  honor_labels: false\n"
                                      "  honor_timestamps: false\n");
    job = (struct bnc_job){.job_name = "j", .honor_timestamps = BNC_TRUE};
    CHECK_STR(render(&job, &profile), "- job_name: j\n"
                                      "  honor_timestamps: false\n");
    bnc_arena_free(arena);
}

TEST(shards)
{
    arena = bnc_arena_new();
    struct bnc_profile profile = profile_of(3, 5);
    struct bnc_relabel rule = {.target_label = "a", .replacement = "b"};
    const struct bnc_job job = {
        .job_name = "j", .relabelings = &rule, .n_relabelings = 1};

    profile.shards = (struct bnc_shard_rules){.shards = 3, .shard = "2"};
    CHECK_STR(render(&job, &profile),
              "- job_name: j\n"
              "  relabel_configs:\n"
              "  - target_label: a\n"
              "    replacement: b\n"
              "  - source_labels: [__address__, __tmp_hash]\n"
              "    regex: '(.+);'\n"
              "    target_label: __tmp_hash\n"
              "    replacement: $1\n"
              "    action: replace\n"
              "  - source_labels: [__tmp_hash]\n"
              "    modulus: 3\n"
              "    target_label: __tmp_hash\n"
              "    action: hashmod\n"
              "  - source_labels: [__tmp_hash, __tmp_disable_sharding]\n"
              "    regex: '2;|.+;.+'\n"
              "    action: keep\n");
    bnc_arena_free(arena);
}

TEST(roles)
{
    static const struct {
        const char *role;
        bool attaches;
    } rows[] = {{"pod", true},
                {"endpoints", true},
                {"endpointslice", true},
                {"node", false},
                {"service", false}};

    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const struct bnc_profile profile = profile_of(3, 5);
        const struct bnc_job job = {
            .job_name = "j", .role = rows[i].role, .attach_node_metadata = BNC_TRUE};

        bnc_test_row(rows[i].role);
        CHECK_INT(strstr(render(&job, &profile), "attach_metadata") != NULL,
                  rows[i].attaches);
    }
    bnc_arena_free(arena);
}

TEST(errors)
{
    arena = bnc_arena_new();
    const struct bnc_profile profile = profile_of(3, 5);
    struct bnc_job job = {.job_name = "j", .scheme = "\xff"};
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    diags = bnc_diags_new(arena);
    bnc_test_row("UTF-8");
    CHECK_INT(bnc_prom_job_render(&job, &profile, arena, &out, &diags, &err),
              BNC_INTERNAL);
    CHECK_STR(err.message, "job j: YAML: text is not UTF-8 at \"scheme\"");

    bnc_test_row("no namespace");
    job = (struct bnc_job){.job_name = "j", .role = "pod", .namespaces = {.set = true}};
    CHECK_INT(bnc_prom_job_render(&job, &profile, arena, &out, &diags, &err),
              BNC_INTERNAL);

    bnc_test_row("too big");
    char *big = bnc_arena_alloc(arena, BNC_PROM_JOB_MAX + 1);
    memset(big, 'a', BNC_PROM_JOB_MAX);
    job = (struct bnc_job){.job_name = big};
    CHECK_INT(bnc_prom_job_render(&job, &profile, arena, &out, &diags, &err),
              BNC_TOO_BIG);
    CHECK(out.ptr == NULL);
    bnc_arena_free(arena);
}

RUN_TESTS(full, versions, messages, basic_auth, oauth2, overrides, shards, roles, errors)
