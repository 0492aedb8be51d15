#include "tests/unit/test.h"

#include "lib/json.h"
#include "validate/base.h"

static struct bnc_arena *arena;

static cJSON *
json(const char *text)
{
    struct bnc_error err = {0};
    cJSON *tree = NULL;

    CHECK_INT(bnc_json_parse(arena, text, strlen(text), &tree, &err), BNC_OK);
    return tree;
}

/* Fields of all errors, separated by blanks. */
static const char *
fields(const struct bnc_diags *diags)
{
    const char *all = "";

    for (size_t i = 0; i < diags->n; i++) {
        if (!diags->items[i].warning) {
            all = bnc_arena_fmt(arena, "%s%s%s", all, all[0] == '\0' ? "" : " ",
                                diags->items[i].field);
        }
    }
    return all;
}

#define GOOD                                                                             \
    "{\"global\":{\"scrape_interval\":\"15s\",\"external_labels\":{\"password\":\"no\"}" \
    ","                                                                                  \
    "\"query_log_file\":\"q\"},\"rule_files\":[\"a/*.yml\"],\"storage\":{\"tsdb\":"      \
    "{\"out_of_order_time_window\":\"30m\"},\"exemplars\":{\"max_exemplars\":-1}},"      \
    "\"alerting\":{\"alert_relabel_configs\":[{\"regex\":\"replica\",\"action\":"        \
    "\"labeldrop\"}],\"alertmanagers\":[{\"static_configs\":[{\"targets\":[\"am:9093\"]" \
    "}"                                                                                  \
    "],\"consul_sd_configs\":[{\"server\":\"c\"}]}]},\"remote_write\":[{\"url\":"        \
    "\"http://w/x@y\",\"authorization\":{\"credentials_file\":\"files/w\"},"             \
    "\"queue_config\":{\"capacity\":5},\"write_relabel_configs\":[{\"source_labels\":"   \
    "[\"__name__\"],\"regex\":\"go_.*\",\"action\":\"drop\"}]}],\"remote_read\":[{"      \
    "\"url\":\"http://r\",\"required_matchers\":{\"a\":\"b\"}}],\"tracing\":"            \
    "{\"endpoint\":\"t:1\",\"headers\":{\"x-scope\":\"a\"}},\"scrape_configs\":[{"       \
    "\"job_name\":\"j\",\"params\":{\"token\":[\"t\"]},\"sample_limit\":5,"              \
    "\"kubernetes_sd_configs\":[{\"role\":\"pod\",\"namespaces\":{\"names\":[\"a\"]}}]," \
    "\"tls_config\":{\"cert_file\":\"c\",\"key_file\":\"k\"}}]}"

static const struct {
    const char *name;
    struct bnc_version version;
    const char *base;
    const char *errors;
} rows[] = {
    {"empty", {2, 42, 0}, "{}", ""},
    {"all good in 2.42", {2, 42, 0}, GOOD, ""},
    {"all good in 3.16", {3, 16, 0}, GOOD, ""},
    {"no map", {3, 0, 0}, "[]", "b"},
    {"nulls", {3, 0, 0}, "{\"global\":null,\"rule_files\":null}", ""},
    {"no limit", {3, 0, 0}, "{\"global\":{\"sample_limit\":0}}", ""},
    {"unknown key", {3, 0, 0}, "{\"scrape_config\":[]}", "b.scrape_config"},
    {"unknown key below",
     {3, 0, 0},
     "{\"global\":{\"interval\":\"1m\"}}",
     "b.global.interval"},
    {"newer release than the tables", {3, 17, 0}, "{\"brand_new\":{}}", ""},
    {"too new", {2, 54, 0}, "{\"otlp\":{}}", "b.otlp"},
    {"new enough", {2, 55, 0}, "{\"otlp\":{}}", ""},
    {"too new below",
     {3, 3, 0},
     "{\"global\":{\"convert_classic_histograms_to_nhcb\":true}}",
     "b.global.convert_classic_histograms_to_nhcb"},
    {"removed",
     {3, 0, 0},
     "{\"scrape_configs\":[{\"job_name\":\"j\",\"scrape_classic_histograms\":true}]}",
     "b.scrape_configs[0].scrape_classic_histograms"},
    {"text for a boolean",
     {3, 0, 0},
     "{\"scrape_configs\":[{\"job_name\":\"j\",\"honor_labels\":\"true\"}]}",
     "b.scrape_configs[0].honor_labels"},
    {"text for a number",
     {3, 0, 0},
     "{\"global\":{\"sample_limit\":\"5\"}}",
     "b.global.sample_limit"},
    {"negative",
     {3, 0, 0},
     "{\"global\":{\"sample_limit\":-5}}",
     "b.global.sample_limit"},
    {"fraction",
     {3, 0, 0},
     "{\"global\":{\"sample_limit\":1.5}}",
     "b.global.sample_limit"},
    {"bad duration",
     {3, 0, 0},
     "{\"global\":{\"scrape_interval\":\"15\"}}",
     "b.global.scrape_interval"},
    {"number for a duration",
     {3, 0, 0},
     "{\"global\":{\"scrape_interval\":15}}",
     "b.global.scrape_interval"},
    {"bad size",
     {3, 0, 0},
     "{\"global\":{\"body_size_limit\":\"5 MB\"}}",
     "b.global.body_size_limit"},
    {"text for a list", {3, 0, 0}, "{\"rule_files\":\"a.yml\"}", "b.rule_files"},
    {"map for a text",
     {3, 0, 0},
     "{\"global\":{\"query_log_file\":{}}}",
     "b.global.query_log_file"},
    {"list of texts",
     {3, 0, 0},
     "{\"remote_write\":[\"http://w\"]}",
     "b.remote_write[0]"},
    {"star in a folder",
     {3, 0, 0},
     "{\"rule_files\":[\"ok/*.yml\",\"a/*/b.yml\"]}",
     "b.rule_files[1]"},
    {"label name",
     {2, 53, 0},
     "{\"global\":{\"external_labels\":{\"a-b\":\"x\"}}}",
     "b.global.external_labels.a-b"},
    {"label name of Prometheus 3",
     {3, 0, 0},
     "{\"global\":{\"external_labels\":{\"a-b\":\"x\"}}}",
     ""},
    {"no url",
     {3, 0, 0},
     "{\"remote_write\":[{\"name\":\"x\"}]}",
     "b.remote_write[0].url"},
    {"no name of the job",
     {3, 0, 0},
     "{\"scrape_configs\":[{\"scheme\":\"http\"}]}",
     "b.scrape_configs[0].job_name"},
    {"name twice",
     {3, 0, 0},
     "{\"scrape_configs\":[{\"job_name\":\"j\"},{\"job_name\":\"j\"}]}",
     "b.scrape_configs[1].job_name"},
    {"remote write twice",
     {3, 0, 0},
     "{\"remote_write\":[{\"url\":\"a\",\"name\":\"n\"},{\"url\":\"b\",\"name\":\"n\"},"
     "{\"url\":\"c\"},{\"url\":\"d\"}]}",
     "b.remote_write[1].name"},
    {"timeout",
     {3, 0, 0},
     "{\"scrape_configs\":[{\"job_name\":\"j\",\"scrape_interval\":\"5s\","
     "\"scrape_timeout\":\"6s\"}]}",
     "b.scrape_configs[0].scrape_timeout"},
    {"timeout over the global interval",
     {3, 0, 0},
     "{\"scrape_configs\":[{\"job_name\":\"j\",\"scrape_timeout\":\"31s\"},"
     "{\"job_name\":\"k\",\"scrape_timeout\":\"31s\",\"scrape_interval\":\"1m\"},"
     "{\"job_name\":\"l\",\"scrape_timeout\":\"30s\"}]}",
     "b.scrape_configs[0].scrape_timeout"},
    {"name in a file too",
     {3, 0, 0},
     "{\"remote_write\":[{\"url\":\"w\",\"basic_auth\":{\"username\":\"u\","
     "\"username_file\":\"f\"}}]}",
     "b.remote_write[0].basic_auth.username_file"},
    {"relabel rule",
     {2, 53, 0},
     "{\"scrape_configs\":[{\"job_name\":\"j\",\"relabel_configs\":[{\"action\":"
     "\"hashmod\",\"target_label\":\"a-b\",\"regex\":\"(\"}]}]}",
     "b.scrape_configs[0].relabel_configs[0].regex "
     "b.scrape_configs[0].relabel_configs[0].modulus "
     "b.scrape_configs[0].relabel_configs[0].target_label"},
    {"null rule",
     {3, 0, 0},
     "{\"scrape_configs\":[{\"job_name\":\"j\",\"relabel_configs\":[null]}]}",
     "b.scrape_configs[0].relabel_configs[0]"},
    {"two ways in",
     {3, 0, 0},
     "{\"remote_write\":[{\"url\":\"w\",\"basic_auth\":{},\"sigv4\":{}}]}",
     "b.remote_write[0].sigv4"},
    {"type basic",
     {3, 0, 0},
     "{\"remote_write\":[{\"url\":\"w\",\"authorization\":{\"type\":\"Basic\"}}]}",
     "b.remote_write[0].authorization.type"},
    {"no_proxy alone",
     {3, 0, 0},
     "{\"remote_write\":[{\"url\":\"w\",\"no_proxy\":\"x\"}]}",
     "b.remote_write[0].no_proxy"},
    {"two proxies",
     {3, 0, 0},
     "{\"remote_write\":[{\"url\":\"w\",\"proxy_url\":\"http://p\","
     "\"proxy_from_environment\":true}]}",
     "b.remote_write[0].proxy_url"},
    {"key without certificate",
     {3, 0, 0},
     "{\"remote_write\":[{\"url\":\"w\",\"tls_config\":{\"key_file\":\"k\"}}]}",
     "b.remote_write[0].tls_config"},
    {"role",
     {3, 0, 0},
     "{\"scrape_configs\":[{\"job_name\":\"j\",\"kubernetes_sd_configs\":[{\"role\":"
     "\"pods\"}]}]}",
     "b.scrape_configs[0].kubernetes_sd_configs[0].role"},
    {"discovery's own TLS",
     {3, 0, 0},
     "{\"scrape_configs\":[{\"job_name\":\"j\",\"kubernetes_sd_configs\":[{\"role\":"
     "\"pod\",\"follow_redirects\":true,\"tls_config\":{\"ca_file\":\"c\"}}]}]}",
     "b.scrape_configs[0].kubernetes_sd_configs[0].tls_config"},
    {"protocols",
     {2, 53, 0},
     "{\"global\":{\"scrape_protocols\":[\"PrometheusText0.0.4\","
     "\"PrometheusText1.0.0\"]}}",
     "b.global.scrape_protocols[1]"},
    {"protocol twice",
     {3, 0, 0},
     "{\"global\":{\"scrape_protocols\":[\"PrometheusProto\",\"PrometheusProto\"]}}",
     "b.global.scrape_protocols[1]"},
    {"fallback",
     {3, 0, 0},
     "{\"scrape_configs\":[{\"job_name\":\"j\",\"fallback_scrape_protocol\":\"x\"}]}",
     "b.scrape_configs[0].fallback_scrape_protocol"},
    {"oauth2 without a secret",
     {2, 50, 0},
     "{\"remote_write\":[{\"url\":\"w\",\"oauth2\":{\"client_id\":\"i\",\"token_url\":"
     "\"t\"}}]}",
     "b.remote_write[0].oauth2.client_secret_file"},
    {"no protocols",
     {3, 0, 0},
     "{\"global\":{\"scrape_protocols\":[]}}",
     "b.global.scrape_protocols"},
    {"api v1",
     {3, 0, 0},
     "{\"alerting\":{\"alertmanagers\":[{\"api_version\":\"v1\"}]}}",
     "b.alerting.alertmanagers[0].api_version"},
    {"api v1 in 2",
     {2, 55, 0},
     "{\"alerting\":{\"alertmanagers\":[{\"api_version\":\"v1\"}]}}",
     ""},
};

TEST(base)
{
    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_diags diags = bnc_diags_new(arena);

        bnc_test_row(rows[i].name);
        const struct bnc_base_rules rules = {
            .version = &rows[i].version, .files_only = true, .scrape_interval = "30s"};
        bnc_base_check(json(rows[i].base), &rules, "b", &diags);
        CHECK_STR(fields(&diags), rows[i].errors);
    }
    struct bnc_diags diags = bnc_diags_new(arena);
    bnc_base_check(NULL, NULL, "b", &diags);
    CHECK_INT(diags.n, 0);
    bnc_arena_free(arena);
}

/* ---- credentials
 * -------------------------------------------------------------------------- */

#define JOB(text) "[{\"job_name\":\"j\"," text "}]"

static const struct {
    const char *name;
    const char *jobs;
    const char *errors;
    const char *remedy; /* a part of the first one */
} secrets[] = {
    {"password", JOB("\"basic_auth\":{\"username\":\"u\",\"password\":\"hunter2\"}"),
     "jobs[0].basic_auth.password", "password_file: files/NAME"},
    {"empty password", JOB("\"basic_auth\":{\"username\":\"u\",\"password\":\"\"}"), "",
     NULL},
    {"credentials", JOB("\"authorization\":{\"credentials\":\"hunter2\"}"),
     "jobs[0].authorization.credentials", "credentials_file: files/NAME"},
    {"bearer token", JOB("\"bearer_token\":\"hunter2\""), "jobs[0].bearer_token",
     "bearer_token_file: files/NAME"},
    {"client secret",
     JOB("\"oauth2\":{\"client_id\":\"i\",\"token_url\":\"t\",\"client_secret\":"
         "\"hunter2\"}"),
     "jobs[0].oauth2.client_secret", "client_secret_file: files/NAME"},
    {"key in clear", JOB("\"tls_config\":{\"cert_file\":\"c\",\"key\":\"hunter2\"}"),
     "jobs[0].tls_config.key", "key_file: files/NAME"},
    {"private key anywhere",
     JOB("\"x_sd_configs\":[{\"odd\":\"-----BEGIN EC PRIVATE KEY-----\"}]"),
     "jobs[0].x_sd_configs[0].odd", "files/NAME"},
    {"token of a discovery", JOB("\"consul_sd_configs\":[{\"token\":\"hunter2\"}]"),
     "jobs[0].consul_sd_configs[0].token", "identity of the machine"},
    {"secret key", JOB("\"ec2_sd_configs\":[{\"secret_key\":\"hunter2\"}]"),
     "jobs[0].ec2_sd_configs[0].secret_key", "identity of the machine"},
    {"headers", JOB("\"http_headers\":{\"X\":{\"secrets\":[\"hunter2\"]}}"),
     "jobs[0].http_headers.X.secrets", "files: files/NAME"},
    {"authorization as a header",
     JOB("\"http_headers\":{\"Authorization\":{\"values\":[\"hunter2\"]}}"),
     "jobs[0].http_headers.Authorization", "files: files/NAME"},
    {"harmless header", JOB("\"http_headers\":{\"X\":{\"values\":[\"a\"]}}"), "", NULL},
    {"proxy header", JOB("\"proxy_connect_header\":{\"A\":[\"hunter2\"]}"),
     "jobs[0].proxy_connect_header", "identity of the machine"},
    {"url", JOB("\"proxy_url\":\"http://u:hunter2@p:3128/\""), "jobs[0].proxy_url",
     "password_file: files/NAME"},
    {"url with a user only", JOB("\"proxy_url\":\"http://u@p:3128/\""), "", NULL},
    {"at and colon in a path", JOB("\"proxy_url\":\"http://p/a:b@c\""), "", NULL},
    {"files",
     JOB("\"basic_auth\":{\"username\":\"u\",\"password_file\":\"files/hunter2\"}"), "",
     NULL},
    {"labels",
     JOB("\"static_configs\":[{\"targets\":[\"a\"],\"labels\":{\"token\":\"x\"}}]"), "",
     NULL},
    {"relabel rule",
     JOB("\"relabel_configs\":[{\"target_label\":\"password\",\"replacement\":"
         "\"http://a:b@c\"}]"),
     "", NULL},
};

TEST(credentials)
{
    const struct bnc_version version = {3, 5, 0};
    struct bnc_base_rules rules = {.version = &version, .files_only = true};

    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(secrets); i++) {
        struct bnc_diags diags = bnc_diags_new(arena);

        bnc_test_row(secrets[i].name);
        rules.files_only = true;
        bnc_raw_jobs_check(json(secrets[i].jobs), &rules, "jobs", &diags);
        CHECK_STR(fields(&diags), secrets[i].errors);
        CHECK(secrets[i].remedy == NULL ||
              strstr(diags.items[0].remedy, secrets[i].remedy) != NULL);
        for (size_t k = 0; k < diags.n; k++) { /* no message shows one */
            CHECK(strstr(bnc_diag_text(&diags.items[k], arena), "hunter2") == NULL);
        }
        diags = bnc_diags_new(arena);
        rules.files_only = false;
        bnc_raw_jobs_check(json(secrets[i].jobs), &rules, "jobs", &diags);
        CHECK_INT(diags.n, 0);
    }
    bnc_arena_free(arena);
}

TEST(jobs)
{
    static const struct {
        const char *name, *jobs, *errors;
    } cases[] = {
        {"empty", "[]", ""},
        {"no list", "{\"job_name\":\"j\"}", "jobs"},
        {"null", "[null]", "jobs[0]"},
        {"name is a list", "[{\"job_name\":[]}]", "jobs[0].job_name jobs[0].job_name"},
        {"twice", "[{\"job_name\":\"a\"},{\"job_name\":\"b\"},{\"job_name\":\"a\"}]",
         "jobs[2].job_name"},
    };
    const struct bnc_version version = {3, 5, 0};
    struct bnc_base_rules rules = {.version = &version, .files_only = true};

    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(cases); i++) {
        struct bnc_diags diags = bnc_diags_new(arena);

        bnc_test_row(cases[i].name);
        bnc_raw_jobs_check(json(cases[i].jobs), &rules, "jobs", &diags);
        CHECK_STR(fields(&diags), cases[i].errors);
    }
    bnc_arena_free(arena);
}

RUN_TESTS(base, credentials, jobs)
