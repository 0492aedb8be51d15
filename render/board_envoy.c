/*
 * Envoy: the proxies themselves, and what they say of connections and clusters.
 */
#include "render/board_tables.h"

#define AT         "namespace=~\"$namespace\",pod=~\"$pod\""
#define ENVOY(s)   "envoy_" s "{" AT "}"
#define CLUSTER(s) "envoy_cluster_" s "{" AT ",cluster_name=~\"(out|in)bound.*\"}"
#define XDS(s)     "envoy_cluster_" s "{" AT ",cluster_name=\"xds-grpc\"}"
#define MORE                                                                             \
    "`proxyStatsMatcher` to let out what begins with `cluster.outbound`, "               \
    "`cluster.inbound`, `http` and `listener`, and proxies without the prune preset "    \
    "`envoy`"

const struct bnc_board_variable bnc_board_envoy_variables[] = {
    {.name = "namespace",
     .title = "Namespace",
     .query = "label_values(envoy_server_live, namespace)",
     .many = true},
    {.name = "pod",
     .title = "Pod",
     .query = "label_values(envoy_server_live{namespace=~\"$namespace\"}, pod)",
     .many = true},
    {0},
};

const struct bnc_board_row bnc_board_envoy_rows[] = {
    {.title = "Now",
     .panels =
         {{.title = "Proxies that live",
           .form = BNC_BOARD_STAT,
           .unit = "short",
           .queries = {{"sum(" ENVOY("server_live") ")", "", NULL}}},
          {.title = "Youngest",
           .doc = "How long the one runs that was started last.",
           .form = BNC_BOARD_STAT,
           .unit = "s",
           .queries = {{"min(" ENVOY("server_uptime") ")", "", NULL}}},
          {.title = "Memory of all",
           .form = BNC_BOARD_STAT,
           .unit = "bytes",
           .queries = {{"sum(" ENVOY("server_memory_allocated") ")", "", NULL}}},
          {.title = "Next certificate to expire",
           .doc = "Whole days, of the certificates that proxies hold. Istio's are "
                  "good for a day, and renewed after half of it.",
           .form = BNC_BOARD_STAT,
           .unit = "d",
           .queries = {{"min(" ENVOY("server_days_until_first_cert_expiring") ")", "",
                        NULL}}},
          {.title = "Without istiod",
           .doc = "Proxies that have no connection to the control plane.",
           .form = BNC_BOARD_STAT,
           .unit = "short",
           .warn = 1,
           .bad = 1,
           .queries = {{"sum(" XDS("upstream_cx_active") " < bool 1)", "", NULL}}},
          {.title = "Refused updates",
           .doc = "Clusters and listeners that proxies did not take in an hour.",
           .form = BNC_BOARD_STAT,
           .unit = "short",
           .warn = 1,
           .bad = 1,
           .queries =
               {{"sum(increase(" ENVOY(
                     "cluster_manager_cds_update_rejected") "[1h])) + "
                                                            "sum(increase(" ENVOY(
                                                                "listener_manager_lds_"
                                                                "update_"
                                                                "rejected") "[1h]))",
                 "", NULL}}}}},
    {.title = "Proxies",
     .panels = {{.title = "Memory by pod",
                 .form = BNC_BOARD_LINES,
                 .unit = "bytes",
                 .queries = {{"topk(10, " ENVOY("server_memory_allocated") ")",
                              "{{namespace}}/{{pod}}", NULL}}},
                {.title = "Connections by pod",
                 .form = BNC_BOARD_LINES,
                 .unit = "short",
                 .queries = {{"topk(10, " ENVOY("server_total_connections") ")",
                              "{{namespace}}/{{pod}}", NULL}}},
                {.title = "Updates from istiod",
                 .form = BNC_BOARD_LINES,
                 .unit = "ops",
                 .queries = {{RATE(ENVOY("cluster_manager_cds_update_success")),
                              "clusters taken", NULL},
                             {RATE(ENVOY("cluster_manager_cds_update_rejected")),
                              "clusters refused", NULL},
                             {RATE(ENVOY("listener_manager_lds_update_success")),
                              "listeners taken", NULL},
                             {RATE(ENVOY("listener_manager_lds_update_rejected")),
                              "listeners refused", NULL}}},
                {.title = "Clusters and listeners of a proxy",
                 .doc = "Of the proxy that has most. A Sidecar object gives it fewer.",
                 .form = BNC_BOARD_LINES,
                 .unit = "short",
                 .queries = {{"max(" ENVOY("cluster_manager_active_clusters") ")",
                              "clusters", NULL},
                             {"max(" ENVOY("cluster_manager_warming_clusters") ")",
                              "clusters not ready yet", NULL},
                             {"max(" ENVOY("listener_manager_total_listeners_active") ")",
                              "listeners", NULL}}}}},
    {.title = "What it calls",
     .needs = MORE,
     .panels =
         {{.title = "Requests by cluster",
           .form = BNC_BOARD_AREAS,
           .unit = "reqps",
           .queries = {{BY("cluster_name", CLUSTER("upstream_rq_total")),
                        "{{cluster_name}}", NULL}}},
          {.title = "Answers by class",
           .form = BNC_BOARD_AREAS,
           .unit = "reqps",
           .queries = {{BY("response_code_class",
                           "{__name__=~\"envoy_cluster_upstream_rq(_xx)?\"," AT
                           ",cluster_name=~\"(out|in)bound.*\",response_code_class!="
                           "\"\"}"),
                        "{{response_code_class}}", NULL}}},
          {.title = "Duration by cluster, 95th percentile",
           .form = BNC_BOARD_LINES,
           .unit = "ms",
           .queries = {{QUANTILE("0.95", "cluster_name, ",
                                 CLUSTER("upstream_rq_time_bucket")),
                        "{{cluster_name}}", NULL}}},
          {.title = "What goes wrong",
           .form = BNC_BOARD_LINES,
           .unit = "reqps",
           .queries = {{RATE(CLUSTER("upstream_cx_connect_fail")), "no connection", NULL},
                       {RATE(CLUSTER("upstream_rq_timeout")), "no answer in time", NULL},
                       {RATE(CLUSTER("upstream_rq_retry")), "tried again", NULL},
                       {RATE(CLUSTER("upstream_rq_pending_overflow")),
                        "too many were waiting", NULL}}},
          {.title = "Connections and bytes",
           .form = BNC_BOARD_TABLE,
           .unit = "short",
           .queries = {{"sum by (cluster_name) (" CLUSTER("upstream_cx_active") ")",
                        "connections", "short"},
                       {"sum by (cluster_name) (" CLUSTER("upstream_rq_active") ")",
                        "requests at work", "short"},
                       {BY("cluster_name", CLUSTER("upstream_cx_tx_bytes_total")), "sent",
                        "Bps"},
                       {BY("cluster_name", CLUSTER("upstream_cx_rx_bytes_total")),
                        "received", "Bps"},
                       {"sum by (cluster_name) (" CLUSTER(
                            "membership_healthy") ") / "
                                                  "sum by (cluster_name) (" CLUSTER(
                                                      "membership_total") ")",
                        "healthy", "percentunit"},
                       {"max by (cluster_name) (" CLUSTER(
                            "circuit_breakers_default_rq_open") ")",
                        "breaker open", "short"}}}}},
    {.title = "Who calls it",
     .needs = MORE,
     .panels = {{.title = "Requests by listener",
                 .form = BNC_BOARD_LINES,
                 .unit = "reqps",
                 .queries = {{BY("http_conn_manager_prefix, response_code_class",
                                 "{__name__=~\"envoy_http_downstream_rq(_xx)?\"," AT
                                 ",response_code_class!=\"\"}"),
                              "{{http_conn_manager_prefix}} {{response_code_class}}",
                              NULL}}},
                {.title = "Connections by listener",
                 .form = BNC_BOARD_LINES,
                 .unit = "short",
                 .queries = {{"sum by (listener_address) (" ENVOY(
                                  "listener_downstream_cx_active") ")",
                              "{{listener_address}}", NULL}}}}},
    {0},
};
