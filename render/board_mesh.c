/*
 * The mesh as a whole: who is called how often, how well and how fast.
 */
#include "render/board_tables.h"

#define AT             "reporter=~\"$reporter\",destination_workload_namespace=~\"$namespace\""
#define REQUESTS(more) "istio_requests_total{" AT more "}"
#define DURATIONS      "istio_request_duration_milliseconds_bucket{" AT "}"
#define TCP(what)      "istio_tcp_" what "_total{" AT "}"

#define WORKLOAD       "destination_workload_namespace, destination_workload"
#define OF_WORKLOAD(q) QUANTILE(q, WORKLOAD ", ", DURATIONS)

const struct bnc_board_variable bnc_board_mesh_variables[] = {
    {.name = "namespace",
     .title = "Namespace",
     .query = "label_values(istio_requests_total, destination_workload_namespace)",
     .many = true},
    {.name = "reporter",
     .title = "Counted by",
     .form = BNC_BOARD_CUSTOM,
     .query = "called side : destination|waypoint,calling side : source"},
    {0},
};

const struct bnc_board_row bnc_board_mesh_rows[] =
    {
        {.title = "Now",
         .panels =
             {
                 {.title = "Requests",
                  .form = BNC_BOARD_STAT,
                  .unit = "reqps",
                  .queries = {{RATE(REQUESTS("")), "", NULL}}},
                 {.title = "Answered without an error",
                  .doc = "All but 5xx and failed gRPC calls.",
                  .form = BNC_BOARD_STAT,
                  .unit = "percentunit",
                  .warn = 0.999,
                  .bad = 0.99,
                  .queries = {{RATE(REQUESTS(
                                   ",response_code!~\"5..\",grpc_response_status!~"
                                   "\"2|4|8|12|13|14|15\"")) " / " RATE(REQUESTS("")),
                               "", NULL}}},
                 {.title = "Median and 95th percentile",
                  .form = BNC_BOARD_STAT,
                  .unit = "ms",
                  .queries = {{QUANTILE("0.5", "", DURATIONS), "50 %", NULL},
                              {QUANTILE("0.95", "", DURATIONS), "95 %", NULL}}},
                 {.title = "With mutual TLS",
                  .doc = "Known where the called side counts.",
                  .form = BNC_BOARD_STAT,
                  .unit = "percentunit",
                  .queries = {{RATE(REQUESTS(",connection_security_policy=\"mutual_"
                                             "tls\"")) " / " RATE(REQUESTS("")),
                               "", NULL}}},
                 {.title = "TCP, both ways",
                  .form = BNC_BOARD_STAT,
                  .unit = "Bps",
                  .queries = {{RATE(TCP("sent_bytes")) " + " RATE(TCP("received_bytes")),
                               "", NULL}}},
                 {.title = "Proxies",
                  .form = BNC_BOARD_STAT,
                  .unit = "short",
                  .queries = {{"count(istio_build{component=\"proxy\"})", "", NULL}}},
             }},
        {.title = "HTTP and gRPC",
         .panels =
             {
                 {.title = "Requests by answer",
                  .form = BNC_BOARD_AREAS,
                  .unit = "reqps",
                  .queries = {{BY("response_code", REQUESTS("")), "{{response_code}}",
                               NULL}}},
                 {.title = "Requests by namespace",
                  .form = BNC_BOARD_LINES,
                  .unit = "reqps",
                  .queries = {{BY("destination_workload_namespace", REQUESTS("")),
                               "{{destination_workload_namespace}}", NULL}}},
                 {.title = "Duration",
                  .form = BNC_BOARD_LINES,
                  .unit = "ms",
                  .queries = {{QUANTILE("0.5", "", DURATIONS), "50 %", NULL},
                              {QUANTILE("0.95", "", DURATIONS), "95 %", NULL},
                              {QUANTILE("0.99", "", DURATIONS), "99 %", NULL}}},
                 {.title = "Why answers are errors",
                  .doc = "Envoy's response flags of requests with 5xx: UF the connection "
                         "failed, UO a circuit breaker was open, UT it took too long, NR "
                         "there was no route, - the application itself.",
                  .form = BNC_BOARD_LINES,
                  .unit = "reqps",
                  .queries = {{BY("response_flags", REQUESTS(",response_code=~\"5..\"")),
                               "{{response_flags}}", NULL}}},
             }},
        {.title = "Workloads",
         .panels =
             {{.title = "Workloads that are called",
               .form = BNC_BOARD_TABLE,
               .unit = "short",
               .to_workload = true,
               .queries =
                   {{BY(WORKLOAD, REQUESTS("")), "requests", "reqps"},
                    {"1 - " BY(WORKLOAD, REQUESTS(",response_code!~\"5..\"")) " / " BY(
                         WORKLOAD, REQUESTS("")),
                     "errors", "percentunit"},
                    {OF_WORKLOAD("0.5"), "50 %", "ms"},
                    {OF_WORKLOAD("0.95"), "95 %", "ms"},
                    {OF_WORKLOAD("0.99"), "99 %", "ms"}}}}},
        {.title = "TCP",
         .panels =
             {
                 {.title = "Bytes",
                  .form = BNC_BOARD_LINES,
                  .unit = "Bps",
                  .queries = {{BY("destination_workload_namespace",
                                  TCP("received_bytes")),
                               "to {{destination_workload_namespace}}", NULL},
                              {BY("destination_workload_namespace", TCP("sent_bytes")),
                               "from {{destination_workload_namespace}}", NULL}}},
                 {.title = "Connections opened and closed",
                  .form = BNC_BOARD_LINES,
                  .unit = "cps",
                  .queries = {{RATE(TCP("connections_opened")), "opened", NULL},
                              {RATE(TCP("connections_closed")), "closed", NULL}}},
             }},
        {.title = "Proxies",
         .panels =
             {{.title = "Versions",
               .doc = "Istio's version of the proxies that are scraped.",
               .form = BNC_BOARD_BARS,
               .unit = "short",
               .queries = {{"count by (tag) (istio_build{component=\"proxy\"})",
                            "{{tag}}", NULL}}},
              {.title = "Proxies by namespace",
               .form = BNC_BOARD_BARS,
               .unit = "short",
               .queries = {{"count by (namespace) (istio_build{component=\"proxy\"})",
                            "{{namespace}}", NULL}}}}},
        {0},
};
