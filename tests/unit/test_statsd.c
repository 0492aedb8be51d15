/*
 * What Envoy pushes, through the mapping file, as the statsd exporter reads it; and
 * spec.statsd of an Observatory.
 */
#include "tests/unit/test.h"

#include <ctype.h>

#include "lib/json.h"
#include "lib/regex.h"
#include "lib/yaml_in.h"
#include "reconcilers/statsd.h"
#include "render/statsd.h"

/* ---- the exporter, as far as we need it ------------------------------------------ */

static const cJSON *
mapping_file(struct bnc_arena *arena)
{
    struct bnc_bytes text = {0};
    struct bnc_error err = {0};
    struct bnc_yaml_docs docs = {0};

    CHECK_INT(bnc_statsd_mapping_render(arena, &text, &err), BNC_OK);
    CHECK_INT(bnc_yaml_read(text.ptr, text.len, NULL, arena, &docs, &err), BNC_OK);
    CHECK_INT(docs.n, 1);
    return docs.items[0].root;
}

/* A rule's text for a name that it matches; "" and false when it does not. */
static bool
expand(const cJSON *rule, const char *name, const char *text, struct bnc_str *out)
{
    const char *match = bnc_json_get_str(rule, "match");
    struct bnc_error err = {0};
    BNC_AUTO(bnc_regex) regex = bnc_regex_new(match, strlen(match), &err);
    if (regex == NULL) {
        print_error("%s: %s\n", match, err.message);
        fail();
    }
    return bnc_regex_expand(regex, name, strlen(name), text, out);
}

/* NAME{LABEL="VALUE",...}, then what is done with a timer's value. */
static const char *
series(const cJSON *rule, const char *name, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, 4096);
    const char *separator = "{";
    int64_t scale = 0;
    const cJSON *label;

    CHECK(expand(rule, name, bnc_json_get_str(rule, "name"), &out));
    for (char *p = out.ptr; *p != '\0'; p++) {
        *p = isalnum((unsigned char)*p) ? *p : '_';
    }
    cJSON_ArrayForEach(label, bnc_json_get(rule, "labels"))
    {
        bnc_str_fmt(&out, "%s%s=\"", separator, label->string);
        CHECK(expand(rule, name, label->valuestring, &out));
        bnc_str_puts(&out, "\"");
        separator = ",";
    }
    bnc_str_puts(&out, separator[0] == ',' ? "}" : "");
    if (bnc_json_get_int(rule, "scale", &scale)) {
        bnc_str_fmt(&out, " * %lld", (long long)scale);
    }
    return out.ptr;
}

/* The first rule that is for a statistic of the type; NULL: none is. */
static const cJSON *
first_rule(const cJSON *file, const char *name, const char *type, struct bnc_arena *arena)
{
    const cJSON *rule;
    cJSON_ArrayForEach(rule, bnc_json_get(file, "mappings"))
    {
        struct bnc_str ignored = bnc_str_new(arena, 4096);
        const char *of = bnc_json_get_str(rule, "match_metric_type");
        if ((of == NULL || strcmp(of, type) == 0) && expand(rule, name, "", &ignored)) {
            return rule;
        }
    }
    return NULL;
}

#define COUNTER  "counter"
#define GAUGE    "gauge"
#define OBSERVER "observer"
#define REVIEWS  "outbound|9080||reviews.default.svc.cluster.local"

static const struct {
    const char *name;
    const char *sent;
    const char *type;
    const char *want; /* NULL: left to the exporter */
} rows[] = {
    {"a counter", "envoy.cluster." REVIEWS ".upstream_rq_total", COUNTER,
     "envoy_cluster_upstream_rq_total{cluster_name=\"" REVIEWS "\"}"},
    {"another prefix than envoy: none", "cluster." REVIEWS ".upstream_rq_total", COUNTER,
     "envoy_cluster_upstream_rq_total{cluster_name=\"" REVIEWS "\"}"},
    {"a gauge", "envoy.cluster." REVIEWS ".membership_healthy", GAUGE,
     "envoy_cluster_membership_healthy{cluster_name=\"" REVIEWS "\"}"},
    {"a timer", "envoy.cluster." REVIEWS ".upstream_rq_time", OBSERVER,
     "envoy_cluster_upstream_rq_time{cluster_name=\"" REVIEWS "\"} * 1000"},
    {"a share", "envoy.cluster." REVIEWS ".upstream_rq_timeout_budget_percent_used",
     OBSERVER,
     "envoy_cluster_upstream_rq_timeout_budget_percent_used{cluster_name=\"" REVIEWS
     "\"}"},
    {"a status", "envoy.cluster." REVIEWS ".upstream_rq_200", COUNTER,
     "envoy_cluster_upstream_rq{cluster_name=\"" REVIEWS "\",response_code=\"200\"}"},
    {"a class of status", "envoy.cluster." REVIEWS ".upstream_rq_5xx", COUNTER,
     "envoy_cluster_upstream_rq{cluster_name=\"" REVIEWS
     "\",response_code_class=\"5xx\"}"},
    {"no status", "envoy.cluster." REVIEWS ".upstream_rq_2000", COUNTER,
     "envoy_cluster_upstream_rq_2000{cluster_name=\"" REVIEWS "\"}"},
    {"groups of a service", "envoy.cluster." REVIEWS ".circuit_breakers.high.cx_open",
     GAUGE, "envoy_cluster_circuit_breakers_high_cx_open{cluster_name=\"" REVIEWS "\"}"},
    {"internal of a service", "envoy.cluster." REVIEWS ".internal.upstream_rq_200",
     COUNTER,
     "envoy_cluster_internal_upstream_rq{cluster_name=\"" REVIEWS
     "\",response_code=\"200\"}"},
    {"internal: the completed",
     "envoy.cluster." REVIEWS ".internal.upstream_rq_completed", COUNTER,
     "envoy_cluster_internal_upstream_rq_completed{cluster_name=\"" REVIEWS "\"}"},
    {"any group of a service", "envoy.cluster." REVIEWS ".grpc.a.B.c.success", COUNTER,
     "envoy_cluster_grpc_a_B_c_success{cluster_name=\"" REVIEWS "\"}"},

    {"a subset", "envoy.cluster.outbound|80|v1|a.b.svc.cluster.local.upstream_cx_total",
     COUNTER,
     "envoy_cluster_upstream_cx_total{cluster_name=\"outbound|80|v1|a.b.svc.cluster.local"
     "\"}"},
    {"inbound, Istio 1.0",
     "envoy.cluster.inbound|8080||catalog.istioinaction.svc.cluster.local.upstream_rq_"
     "200",
     COUNTER,
     "envoy_cluster_upstream_rq{cluster_name=\"inbound|8080||catalog.istioinaction.svc."
     "cluster.local\",response_code=\"200\"}"},
    {"inbound, Istio 1.8", "envoy.cluster.inbound|8080||.upstream_rq_503", COUNTER,
     "envoy_cluster_upstream_rq{cluster_name=\"inbound|8080||\",response_code=\"503\"}"},
    {"inbound, for probes",
     "envoy.cluster.inbound|15020|mgmt-15020|mgmtCluster.upstream_cx_total", COUNTER,
     "envoy_cluster_upstream_cx_total{cluster_name=\"inbound|15020|mgmt-15020|"
     "mgmtCluster\"}"},
    {"ended by a semicolon", "envoy.cluster." REVIEWS ";.upstream_rq_404", COUNTER,
     "envoy_cluster_upstream_rq{cluster_name=\"" REVIEWS "\",response_code=\"404\"}"},
    {"between gateways",
     "envoy.cluster.outbound_.9080_._.a.b.svc.cluster.local.upstream_cx_total", COUNTER,
     "envoy_cluster_upstream_cx_total{cluster_name=\"outbound_.9080_._.a.b.svc.cluster."
     "local\"}"},
    {"between gateways, a host", "envoy.cluster.outbound_.443_._.a.com.upstream_cx_total",
     COUNTER, "envoy_cluster_upstream_cx_total{cluster_name=\"outbound_.443_._.a.com\"}"},
    {"a static cluster", "envoy.cluster.xds-grpc.http2.rx_reset", COUNTER,
     "envoy_cluster_http2_rx_reset{cluster_name=\"xds-grpc\"}"},
    {"a host", "envoy.cluster.outbound|443||www.a.com.upstream_rq_200", COUNTER,
     "envoy_cluster_upstream_rq{cluster_name=\"outbound|443||www.a.com\",response_code="
     "\"200\"}"},
    {"groups of a host", "envoy.cluster.outbound|443||www.a.com.ssl.versions.TLSv1.3",
     COUNTER,
     "envoy_cluster_ssl_versions_TLSv1_3{cluster_name=\"outbound|443||www.a.com\"}"},
    {"a host in .internal",
     "envoy.cluster.outbound|80||metadata.google.internal.upstream_rq_200", COUNTER,
     "envoy_cluster_upstream_rq{cluster_name=\"outbound|80||metadata.google.internal\","
     "response_code=\"200\"}"},
    {"a namespace named as a group",
     "envoy.cluster.outbound|80||a.ssl.svc.example.com.upstream_rq_total", COUNTER,
     "envoy_cluster_upstream_rq_total{cluster_name=\"outbound|80||a.ssl.svc.example.com"
     "\"}"},
    {"internal, another domain",
     "envoy.cluster.outbound|80||a.b.svc.example.com.internal.upstream_rq_503", COUNTER,
     "envoy_cluster_internal_upstream_rq{cluster_name=\"outbound|80||a.b.svc.example."
     "com\",response_code=\"503\"}"},
    {"a class, another domain",
     "envoy.cluster.outbound|80||a.b.svc.example.com.external.upstream_rq_5xx", COUNTER,
     "envoy_cluster_external_upstream_rq{cluster_name=\"outbound|80||a.b.svc.example."
     "com\",response_code_class=\"5xx\"}"},
    {"canary, a timer",
     "envoy.cluster.outbound|80||a.b.svc.example.com.canary.upstream_rq_time", OBSERVER,
     "envoy_cluster_canary_upstream_rq_time{cluster_name=\"outbound|80||a.b.svc.example."
     "com\"} * 1000"},
    {"internal, the completed, another domain",
     "envoy.cluster.outbound|80||a.b.svc.example.com.internal.upstream_rq_completed",
     COUNTER,
     "envoy_cluster_internal_upstream_rq_completed{cluster_name=\"outbound|80||a.b.svc."
     "example.com\"}"},
    {"a class, of a host", "envoy.cluster.outbound|443||www.a.com.upstream_rq_5xx",
     COUNTER,
     "envoy_cluster_upstream_rq{cluster_name=\"outbound|443||www.a.com\",response_code_"
     "class=\"5xx\"}"},
    {"a timer, of a host", "envoy.cluster.outbound|443||www.a.com.upstream_rq_time",
     OBSERVER,
     "envoy_cluster_upstream_rq_time{cluster_name=\"outbound|443||www.a.com\"} * 1000"},
    {"a share, of a host",
     "envoy.cluster.outbound|443||www.a.com.upstream_rq_timeout_budget_percent_used",
     OBSERVER,
     "envoy_cluster_upstream_rq_timeout_budget_percent_used{cluster_name=\"outbound|443||"
     "www.a.com\"}"},

    {"a listener", "envoy.listener.0.0.0.0_15001.downstream_cx_total", COUNTER,
     "envoy_listener_downstream_cx_total{listener_address=\"0.0.0.0_15001\"}"},
    {"a listener, a timer", "envoy.listener.0.0.0.0_15001.downstream_cx_length_ms",
     OBSERVER,
     "envoy_listener_downstream_cx_length_ms{listener_address=\"0.0.0.0_15001\"} * 1000"},
    {"a listener, IPv6", "envoy.listener.[2001_db8__1]_80.downstream_cx_active", GAUGE,
     "envoy_listener_downstream_cx_active{listener_address=\"[2001_db8__1]_80\"}"},
    {"a listener whose brackets were taken for tags",
     "envoy.listener._15006.downstream_cx_active", GAUGE,
     "envoy_listener_downstream_cx_active{listener_address=\"_15006\"}"},
    {"what a listener's filter sees",
     "envoy.listener.10.1.2.3_80.http.inbound_10.1.2.3_80;.downstream_rq_2xx", COUNTER,
     "envoy_listener_http_downstream_rq{http_conn_manager_listener_prefix=\"inbound_10.1."
     "2.3_80\",listener_address=\"10.1.2.3_80\",response_code_class=\"2xx\"}"},
    {"what a listener's filter sees, no class",
     "envoy.listener.10.1.2.3_80.http.10.1.2.3_80.downstream_rq_completed", COUNTER,
     "envoy_listener_http_downstream_rq_completed{http_conn_manager_listener_prefix=\"10."
     "1.2.3_80\",listener_address=\"10.1.2.3_80\"}"},
    {"what a listener's filter sees, a timer",
     "envoy.listener.10.1.2.3_80.http.10.1.2.3_80.downstream_rq_time", OBSERVER,
     "envoy_listener_http_downstream_rq_time{http_conn_manager_listener_prefix=\"10.1.2."
     "3_80\",listener_address=\"10.1.2.3_80\"} * 1000"},
    {"a filter that is no address",
     "envoy.listener.0.0.0.0_15090.http.stats.downstream_rq_2xx", COUNTER,
     "envoy_listener_http_stats_downstream_rq{listener_address=\"0.0.0.0_15090\","
     "response_code_class=\"2xx\"}"},
    {"the listener admin", "envoy.listener.admin.downstream_cx_total", COUNTER,
     "envoy_listener_admin_downstream_cx_total"},

    {"http, Istio 1.0", "envoy.http.10.1.2.3_80.downstream_rq_total", COUNTER,
     "envoy_http_downstream_rq_total{http_conn_manager_prefix=\"10.1.2.3_80\"}"},
    {"http, with a direction", "envoy.http.outbound_0.0.0.0_80.downstream_rq_2xx",
     COUNTER,
     "envoy_http_downstream_rq{http_conn_manager_prefix=\"outbound_0.0.0.0_80\","
     "response_code_class=\"2xx\"}"},
    {"http, ended by a semicolon", "envoy.http.gw.a;.tracing.random_sampling", COUNTER,
     "envoy_http_tracing_random_sampling{http_conn_manager_prefix=\"gw.a\"}"},
    {"http, a timer", "envoy.http.outbound_0.0.0.0_80.downstream_rq_time", OBSERVER,
     "envoy_http_downstream_rq_time{http_conn_manager_prefix=\"outbound_0.0.0.0_80\"} * "
     "1000"},
    {"http admin", "envoy.http.admin.downstream_rq_2xx", COUNTER,
     "envoy_http_admin_downstream_rq{response_code_class=\"2xx\"}"},

    {"tcp", "envoy.tcp.outbound|3306||db.shop.svc.cluster.local.downstream_cx_total",
     COUNTER,
     "envoy_tcp_downstream_cx_total{tcp_prefix=\"outbound|3306||db.shop.svc.cluster."
     "local\"}"},
    {"tcp, a timer", "envoy.tcp.BlackHoleCluster.downstream_cx_length_ms", OBSERVER,
     "envoy_tcp_downstream_cx_length_ms{tcp_prefix=\"BlackHoleCluster\"} * 1000"},
    {"tcp, ended by a semicolon", "envoy.tcp.BlackHoleCluster;.downstream_cx_total",
     COUNTER, "envoy_tcp_downstream_cx_total{tcp_prefix=\"BlackHoleCluster\"}"},
    {"server", "envoy.server.live", GAUGE, "envoy_server_live"},
    {"server, a timer", "server.initialization_time_ms", OBSERVER,
     "envoy_server_initialization_time_ms * 1000"},
    {"cluster manager", "envoy.cluster_manager.cds.update_success", COUNTER,
     "envoy_cluster_manager_cds_update_success"},
    {"listener manager", "envoy.listener_manager.lds.update_time", OBSERVER,
     "envoy_listener_manager_lds_update_time * 1000"},

    {"of somebody else", "my.app.requests", COUNTER, NULL},
    {"somebody else's cluster", "my.cluster.a.requests", COUNTER, NULL},
    {"no statistic", "envoy.cluster.", COUNTER, NULL},
};

TEST(pushed_becomes_scraped)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const cJSON *file = mapping_file(arena);

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        const cJSON *rule = first_rule(file, rows[i].sent, rows[i].type, arena);
        CHECK_STR(rule == NULL ? NULL : series(rule, rows[i].sent, arena), rows[i].want);
    }
}

/* Behind a name that may have dots itself. */
static const char *const groups[] = {
    "circuit_breakers.default",
    "circuit_breakers.high",
    "client_ssl_socket_factory",
    "health_check",
    "http1",
    "http2",
    "http3",
    "outlier_detection",
    "ssl",
    "ssl.ciphers",
    "ssl.curves",
    "ssl.sigalgs",
    "ssl.versions",
    "tlsMode-istio",
};

/* Without a label. */
static const char *const roots[] = {
    "cluster_manager",  "control_plane", "filesystem", "http",    "listener", "workers",
    "listener_manager", "main_thread",   "overload",   "runtime", "server",
};

static void
check_counter(const cJSON *file, const char *sent, const char *labels,
              struct bnc_arena *arena)
{
    const cJSON *rule = first_rule(file, sent, COUNTER, arena);
    bnc_test_row(sent);
    CHECK(rule != NULL);
    const char *got = series(rule, sent, arena);
    const char *brace = strchr(got, '{');
    CHECK_STR(brace == NULL ? "" : brace, labels);
}

TEST(known_groups)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const cJSON *file = mapping_file(arena);

    for (size_t i = 0; i < BNC_LEN(groups); i++) {
        check_counter(
            file, bnc_arena_fmt(arena, "cluster.outbound|443||www.a.com.%s.x", groups[i]),
            "{cluster_name=\"outbound|443||www.a.com\"}", arena);
    }
    for (size_t i = 0; i < BNC_LEN(roots); i++) {
        check_counter(file, bnc_arena_fmt(arena, "%s.admin.x", roots[i]), "", arena);
    }
}

/* A rule that is the first for none of the rows is not tried, or not needed. */
TEST(every_rule_counts)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const cJSON *file = mapping_file(arena);
    const cJSON *rule;

    cJSON_ArrayForEach(rule, bnc_json_get(file, "mappings"))
    {
        int64_t scale = 0;
        const char *type = bnc_json_get_str(rule, "match_metric_type");
        bool used = false;

        bnc_test_row(bnc_arena_fmt(arena, "%s %s", bnc_json_get_str(rule, "match"),
                                   type == NULL ? "" : type));
        CHECK_STR(bnc_json_get_str(rule, "match_type"), "regex");
        CHECK(!bnc_json_get_int(rule, "scale", &scale) || bnc_str_eq(type, OBSERVER));
        for (size_t i = 0; i < BNC_LEN(rows) && !used; i++) {
            used = first_rule(file, rows[i].sent, rows[i].type, arena) == rule;
        }
        CHECK(used);
    }
}

/* ---- spec.statsd ----------------------------------------------------------------- */

static const struct {
    const char *address;
    bool good;
} addresses[] = {
    {"statsd:8125", true},
    {"statsd.monitoring.svc:9125", true},
    {"10.0.0.1:1", true},
    {"[::1]:65535", true},
    {"[2001:db8::1]:9125", true},

    {"statsd", false},
    {"statsd:", false},
    {":9125", false},
    {"statsd:0", false},
    {"statsd:65536", false},
    {"statsd:999999999999", false},
    {"statsd:91a", false},
    {"Statsd:9125", false},
    {"a b:9125", false},
    {"udp://statsd:9125", false},
    {"::1:9125", false},
    {"[::1]", false},
    {"[::1", false},
    {"[]:9125", false},
    {"[::1]9125", false},
    {"statsd:9125/x", false},
    {"\xc3\xa9:9125", false},
    {"-:9125", false},
};

TEST(addresses_are_checked)
{
    for (size_t i = 0; i < BNC_LEN(addresses); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_diags diags = bnc_diags_new(arena);
        struct bnc_object self = {.ns = "monitoring", .name = "main"};
        struct bnc_statsd_spec statsd = {.address = addresses[i].address};
        struct bnc_ir_observatory ir = {.reach = {.all = true}};

        ir.spec.statsd = &statsd;
        bnc_test_row(addresses[i].address);
        bnc_statsd_compile(&self, &ir, &diags);
        CHECK_INT(diags.n, addresses[i].good ? 0 : 1);
        if (diags.n > 0) {
            CHECK_STR(diags.items[0].field, "spec.statsd.address");
        }
    }
}

static struct bnc_statsd_mapping_spec secret = {
    .kind = "Secret", .ns = "statsd", .name = "exporter", .key = "m.yml"};

static const struct {
    const char *name;
    struct bnc_statsd_spec *statsd;
    size_t errors; /* in the Observatory */
    const char *want;
} documents[] = {
    {"not asked for", NULL, 0, ""},
    {"defaults", &(struct bnc_statsd_spec){.mapping = NULL}, 0,
     "ConfigMap monitoring/main-statsd-mapping statsd-mapping.yml"},
    {"another place", &(struct bnc_statsd_spec){.mapping = &secret}, 0,
     "Secret statsd/exporter m.yml"},
    {"a broken Observatory", &(struct bnc_statsd_spec){.mapping = NULL}, 1, ""},
};

TEST(mapping_is_a_document)
{
    for (size_t i = 0; i < BNC_LEN(documents); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_object self = {.ns = "monitoring", .name = "main"};
        struct bnc_ir_observatory observatory = {.reach = {.all = true}};
        struct bnc_ir ir = {.as = {.observatory = &observatory}};
        struct bnc_member member = {.object = &self, .ir = &ir};
        struct bnc_plan plan = {.observatory = &member};
        struct bnc_diags diags = bnc_diags_new(arena);
        struct bnc_document *out = NULL;
        struct bnc_bytes text = {0};
        struct bnc_error err = {0};

        bnc_test_row(documents[i].name);
        ir.diags = bnc_diags_new(arena);
        observatory.spec.statsd = documents[i].statsd;
        if (documents[i].statsd != NULL) {
            bnc_statsd_compile(&self, &observatory, &ir.diags);
        }
        CHECK_INT(ir.diags.errors, 0);
        ir.diags.errors = documents[i].errors;
        size_t n = bnc_statsd_documents(&plan, arena, &out, &diags);
        CHECK_INT(diags.n, 0);
        CHECK_INT(n, documents[i].want[0] != '\0');
        if (n == 1) {
            CHECK_STR(bnc_arena_fmt(arena, "%s %s/%s %s", bnc_kind_info(out->kind)->name,
                                    out->ns, out->name, out->key),
                      documents[i].want);
            CHECK_INT(bnc_statsd_mapping_render(arena, &text, &err), BNC_OK);
            CHECK_STR(out->bytes.ptr, text.ptr);
        }
    }
}

RUN_TESTS(pushed_becomes_scraped, known_groups, every_rule_counts, addresses_are_checked,
          mapping_is_a_document)
