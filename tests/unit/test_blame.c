#include "sync/blame.h"
#include "tests/unit/test.h"

#define READ "parsing YAML file /prometheus/config/current/prometheus.yml: "

/* What 2.53.3 and 3.16.0 say, without what they say each time; "job" is the bad one. */
static const struct {
    const char *name;
    const char *message;
    enum bnc_blame_kind kind;
    const char *hint; /* lines or job */
} rows[] = {
    {"unknown field",
     READ "yaml: unmarshal errors:\n  line 5: field nonsense not found in type "
          "config.ScrapeConfig",
     BNC_BLAME_LINES, "5"},
    {"unknown field of global",
     READ "yaml: unmarshal errors:\n  line 2: field nonsense not found in type "
          "config.plain",
     BNC_BLAME_LINES, "2"},
    {"unknown discovery",
     READ "yaml: unmarshal errors:\n  line 5: field moon_sd_configs not found in type "
          "config.ScrapeConfig",
     BNC_BLAME_LINES, "5"},
    {"key twice",
     READ "yaml: unmarshal errors:\n  line 6: field metrics_path already set in type "
          "config.ScrapeConfig",
     BNC_BLAME_LINES, "6"},
    {"three errors",
     READ "yaml: unmarshal errors:\n  line 5: field nonsense not found in type "
          "config.ScrapeConfig\n  line 8: field foo not found in type "
          "config.ScrapeConfig\n  line 9: cannot unmarshal !!str `x` into uint",
     BNC_BLAME_LINES, "5 8 9"},
    {"a line twice",
     READ "yaml: unmarshal errors:\n  line 5: cannot unmarshal !!str `a` into uint\n"
          "  line 5: cannot unmarshal !!str `a` into uint",
     BNC_BLAME_LINES, "5"},
    {"value of another type",
     READ "yaml: unmarshal errors:\n  line 5: cannot unmarshal !!seq into string",
     BNC_BLAME_LINES, "5"},
    {"no YAML", READ "yaml: line 3: found a tab character that violates indentation",
     BNC_BLAME_LINES, "3"},
    {"bad duration", READ "unknown unit \"x\" in duration \"5x\"", BNC_BLAME_NONE, ""},
    {"bad size", READ "units: unknown unit QB in 5QB", BNC_BLAME_NONE, ""},
    {"relabel action", READ "unknown relabel action \"fry\"", BNC_BLAME_NONE, ""},
    {"relabel without target",
     READ "relabel configuration for replace action requires 'target_label' value",
     BNC_BLAME_NONE, ""},
    {"relabel without modulus",
     READ "relabel configuration for hashmod requires non-zero modulus", BNC_BLAME_NONE,
     ""},
    {"regular expression, 3", READ "error parsing regexp: missing closing ): `^(?s:()$`",
     BNC_BLAME_NONE, ""},
    {"regular expression, 2", READ "error parsing regexp: missing closing ): `^(?:()$`",
     BNC_BLAME_NONE, ""},
    {"label name, 2", READ "\"a-b\" is not a valid label name", BNC_BLAME_NONE, ""},
    {"target label, 2", READ "\"a-b c\" is invalid 'target_label' for replace action",
     BNC_BLAME_NONE, ""},
    {"role", READ "unknown Kubernetes SD role \"cat\"", BNC_BLAME_NONE, ""},
    {"two kinds of authentication",
     READ "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be "
          "configured",
     BNC_BLAME_NONE, ""},
    {"and with authorization",
     READ "at most one of basic_auth, oauth2 & authorization must be configured",
     BNC_BLAME_NONE, ""},
    {"proxy", READ "parse \"::x\": missing protocol scheme", BNC_BLAME_NONE, ""},
    {"target", READ "\"http://a:1/x\" is not a valid hostname", BNC_BLAME_NONE, ""},
    {"no name", READ "job_name is empty", BNC_BLAME_NONE, ""},
    {"empty item", READ "empty or null scrape config section", BNC_BLAME_NONE, ""},
    {"timeout",
     READ "scrape timeout greater than scrape interval for scrape config with job name "
          "\"job\"",
     BNC_BLAME_JOB, "job"},
    {"protocols, 3",
     READ "scrape_protocols: unknown scrape protocol Smoke, supported: "
          "[OpenMetricsText0.0.1 OpenMetricsText1.0.0 OpenMetricsText2.0.0 "
          "PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0] for scrape config "
          "with job name \"job\"",
     BNC_BLAME_JOB, "job"},
    {"protocols, 2",
     READ "scrape_protocols: unknown scrape protocol Smoke, supported: "
          "[OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto "
          "PrometheusText0.0.4] for scrape config with job name \"job\"",
     BNC_BLAME_JOB, "job"},
    {"protocol twice",
     READ "duplicated protocol in scrape_protocols, got [PrometheusText0.0.4 "
          "PrometheusText0.0.4] for scrape config with job name \"job\"",
     BNC_BLAME_JOB, "job"},
    {"fallback protocol",
     READ "invalid fallback_scrape_protocol for scrape config with job name \"job\": "
          "unknown scrape protocol Smoke, supported: [OpenMetricsText0.0.1 "
          "PrometheusText1.0.0]",
     BNC_BLAME_JOB, "job"},
    {"name twice", READ "found multiple scrape configs with job name \"job\"",
     BNC_BLAME_JOB, "job twice"},
    {"name twice, in a part",
     "\"/prometheus/config/current/prometheus.yml\": found multiple scrape configs with "
     "job name \"job\", first found in main config file",
     BNC_BLAME_JOB, "job twice"},
    {"a name in quotes",
     READ "found multiple scrape configs with job name \"a \\\"b\\\" \\\\ \\u2028\\x01\"",
     BNC_BLAME_JOB, "a \"b\" \\ \xe2\x80\xa8\x01 twice"},
    {"remote_write without url", READ "url for remote_write is empty", BNC_BLAME_HEAD,
     ""},
    {"remote_write url", READ "parse \"://x\": missing protocol scheme", BNC_BLAME_NONE,
     ""},
    {"remote_write twice",
     READ "found multiple remote write configs with job name \"job\"", BNC_BLAME_HEAD,
     ""},
    {"agent", "field rule_files is not allowed in agent mode", BNC_BLAME_HEAD, ""},
    {"applying",
     "one or more errors occurred while applying the new configuration "
     "(--config.file=\"/prometheus/config/current/prometheus.yml\")",
     BNC_BLAME_APPLYING, ""},
    {"nothing", "", BNC_BLAME_NONE, ""},
    {"only the file", READ, BNC_BLAME_NONE, ""},
    {"open quote", READ "found multiple scrape configs with job name \"job",
     BNC_BLAME_NONE, ""},
    /* text of a configuration is no hint, wherever it is repeated */
    {"a job in a relabel action",
     READ "unknown relabel action \"x for scrape config with job name \\\"other\\\"\"",
     BNC_BLAME_NONE, ""},
    {"a job in a size",
     READ
     "units: unknown unit  for scrape config with job name \"other\" in 5 for scrape "
     "config with job name \"other\"",
     BNC_BLAME_NONE, ""},
    {"a job in a regular expression",
     READ "error parsing regexp: missing closing ): `^(?s:( for scrape config with job "
          "name \"other\")$`",
     BNC_BLAME_NONE, ""},
    {"a job in a protocol",
     READ "scrape_protocols: unknown scrape protocol x for scrape config with job name "
          "\"other\", supported: [] for scrape config with job name \"job\"",
     BNC_BLAME_JOB, "job"},
    {"a line in a duration", READ "unknown unit \"\\n  line 7: x\" in duration \"5\"",
     BNC_BLAME_NONE, ""},
    {"lines elsewhere", READ "job_name is empty\n  line 7: x", BNC_BLAME_NONE, ""},
};

static void
describe(const struct bnc_blame *blame, char *out, size_t n)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < blame->n_lines; i++) {
        at += (size_t)snprintf(out + at, n - at, "%s%llu", i == 0 ? "" : " ",
                               (unsigned long long)blame->lines[i]);
    }
    (void)snprintf(out + at, n - at, "%s%s", blame->job,
                   blame->duplicate ? " twice" : "");
}

TEST(messages)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_blame blame;
        char hint[BNC_JOB_NAME_MAX + 100];
        bnc_test_row(rows[i].name);
        memset(&blame, 0x5a, sizeof(blame));
        bnc_blame_read(rows[i].message, &blame);
        describe(&blame, hint, sizeof(hint));
        CHECK_STR(hint, rows[i].hint);
        CHECK_INT(blame.kind, rows[i].kind);
        if (blame.kind == BNC_BLAME_LINES || blame.kind == BNC_BLAME_JOB) {
            CHECK_STR(blame.file, "prometheus.yml");
        }
    }
}

TEST(files)
{
    static const struct {
        const char *name;
        const char *path;
        const char *file;
    } paths[] = {
        {"below current", "/a/current/jobs/01-ab.yml", "jobs/01-ab.yml"},
        {"the last current", "/current/b/current/a.yml", "a.yml"},
        {"elsewhere", "/etc/prometheus/prometheus.yml", "prometheus.yml"},
        {"no folder", "prometheus.yml", "prometheus.yml"},
        {"no such folder", "/a/current2/b.yml", "b.yml"},
    };

    for (size_t i = 0; i < BNC_LEN(paths); i++) {
        struct bnc_blame blame;
        char message[256];
        bnc_test_row(paths[i].name);
        (void)snprintf(message, sizeof(message),
                       "parsing YAML file %s: yaml: line 12: did not find expected key",
                       paths[i].path);
        bnc_blame_read(message, &blame);
        CHECK_STR(blame.file, paths[i].file);
        CHECK_INT(blame.n_lines, 1);
        CHECK_INT(blame.lines[0], 12);
    }
}

TEST(many_lines)
{
    struct bnc_str message = bnc_str_new(NULL, 1 << 16);
    struct bnc_blame blame;

    bnc_test_row("many");
    bnc_str_puts(&message, READ "yaml: unmarshal errors:");
    for (int i = 1; i < 100; i++) {
        bnc_str_fmt(&message, "\n  line %d: field x not found in type a.b", i);
    }
    bnc_blame_read(message.ptr, &blame);
    CHECK_INT(blame.n_lines, BNC_BLAME_LINES_MAX);
    CHECK_INT(blame.lines[BNC_BLAME_LINES_MAX - 1], BNC_BLAME_LINES_MAX);
    bnc_str_free(&message);
}

TEST(probe)
{
    static const char poison[] =
        READ "found multiple scrape configs with job name \"binnacle.dev/never-loads\"";

    bnc_test_row("good half");
    CHECK_INT(bnc_blame_probe_verdict(poison), BNC_PROBE_GOOD_HALF);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        CHECK_INT(bnc_blame_probe_verdict(rows[i].message), BNC_PROBE_BAD_HALF);
    }
    CHECK_STR(bnc_blame_probe_text, "- job_name: binnacle.dev/never-loads\n"
                                    "- job_name: binnacle.dev/never-loads\n");
}

RUN_TESTS(messages, files, many_lines, probe)
