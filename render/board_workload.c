/*
 * One workload: who calls it, whom it calls, and how that goes.
 */
#include "render/board_tables.h"

#define TO                                                                               \
    "reporter=~\"destination|waypoint\",destination_workload_namespace=\"$namespace\","  \
    "destination_workload=\"$workload\""
#define FROM                                                                             \
    "reporter=\"source\",source_workload_namespace=\"$namespace\","                      \
    "source_workload=\"$workload\""
#define ERRORS         ",response_code=~\"5..\""
#define CALLS(at)      "istio_requests_total{" at "}"
#define DURATIONS(at)  "istio_request_duration_milliseconds_bucket{" at "}"
#define TCP(what, at)  "istio_tcp_" what "_total{" at "}"
#define SHARE_GOOD(at) RATE(CALLS(at ",response_code!~\"5..\"")) " / " RATE(CALLS(at))

/* Of all workloads that there are, as one label: those that call and those called. */
#define SEEN "{__name__=~\"istio_(requests|tcp_connections_opened)_total\","
#define ONE_OF(label, of, source, destination)                                           \
    "query_result(count by (" label ") (label_join(" SEEN "reporter=\"source\"" source   \
    "}, \"" label "\", \"\", \"source_" of "\") or label_join(" SEEN                     \
    "reporter=~\"destination|waypoint\"" destination "}, \"" label                       \
    "\", \"\", \"destination_" of "\")))"
#define IN_NAMESPACE(side) "," side "_workload_namespace=\"$namespace\""
#define IN_WORKLOAD(side)  IN_NAMESPACE(side) "," side "_workload=\"$workload\""

const struct bnc_board_variable bnc_board_workload_variables[] = {
    {.name = "namespace",
     .title = "Namespace",
     .query = ONE_OF("ns", "workload_namespace", "", ""),
     .regex = "/ns=\"([^\"]+)\"/"},
    {.name = "workload",
     .title = "Workload",
     .query =
         ONE_OF("w", "workload", IN_NAMESPACE("source"), IN_NAMESPACE("destination")),
     .regex = "/w=\"([^\"]+)\"/"},
    {.name = "app", /* Istio calls the spans of its proxies by it */
     .title = "App",
     .query = ONE_OF("app", "app", IN_WORKLOAD("source"), IN_WORKLOAD("destination")),
     .regex = "/app=\"([^\"]+)\"/",
     .hidden = true},
    {0},
};

const struct bnc_board_row bnc_board_workload_rows[] = {
    {.title = "Now",
     .panels = {{.title = "Requests to it",
                 .form = BNC_BOARD_STAT,
                 .unit = "reqps",
                 .queries = {{RATE(CALLS(TO)), "", NULL}}},
                {.title = "Answered by it without an error",
                 .doc = "Requests that are not answered with 5xx.",
                 .form = BNC_BOARD_STAT,
                 .unit = "percentunit",
                 .warn = 0.999,
                 .bad = 0.99,
                 .queries = {{SHARE_GOOD(TO), "", NULL}}},
                {.title = "It takes, 95th percentile",
                 .form = BNC_BOARD_STAT,
                 .unit = "ms",
                 .queries = {{QUANTILE("0.95", "", DURATIONS(TO)), "", NULL}}},
                {.title = "Requests from it",
                 .form = BNC_BOARD_STAT,
                 .unit = "reqps",
                 .queries = {{RATE(CALLS(FROM)), "", NULL}}},
                {.title = "Answered to it without an error",
                 .form = BNC_BOARD_STAT,
                 .unit = "percentunit",
                 .warn = 0.999,
                 .bad = 0.99,
                 .queries = {{SHARE_GOOD(FROM), "", NULL}}},
                {.title = "It waits, 95th percentile",
                 .form = BNC_BOARD_STAT,
                 .unit = "ms",
                 .queries = {{QUANTILE("0.95", "", DURATIONS(FROM)), "", NULL}}}}},
    {.title = "Who calls it",
     .panels =
         {{.title = "Requests by caller",
           .form = BNC_BOARD_AREAS,
           .unit = "reqps",
           .queries = {{BY("source_workload_namespace, source_workload", CALLS(TO)),
                        "{{source_workload_namespace}}/{{source_workload}}", NULL}}},
          {.title = "Answers by code",
           .form = BNC_BOARD_AREAS,
           .unit = "reqps",
           .queries = {{BY("request_protocol, response_code", CALLS(TO)),
                        "{{request_protocol}} {{response_code}}", NULL}}},
          {.title = "Duration of its answers",
           .form = BNC_BOARD_LINES,
           .unit = "ms",
           .queries = {{QUANTILE("0.5", "", DURATIONS(TO)), "50 %", NULL},
                       {QUANTILE("0.95", "", DURATIONS(TO)), "95 %", NULL},
                       {QUANTILE("0.99", "", DURATIONS(TO)), "99 %", NULL}}},
          {.title = "Bytes of requests and answers",
           .form = BNC_BOARD_LINES,
           .unit = "Bps",
           .queries = {{RATE("istio_request_bytes_sum{" TO "}"), "requests", NULL},
                       {RATE("istio_response_bytes_sum{" TO "}"), "answers", NULL}}}}},
    {.title = "Whom it calls",
     .panels =
         {{.title = "Requests by service",
           .form = BNC_BOARD_AREAS,
           .unit = "reqps",
           .queries = {{BY("destination_service", CALLS(FROM)), "{{destination_service}}",
                        NULL}}},
          {.title = "Errors by service",
           .doc = "With Envoy's response flags: UF the connection failed, UO a circuit "
                  "breaker was open, UT it took too long, - the other side says so.",
           .form = BNC_BOARD_LINES,
           .unit = "reqps",
           .queries = {{BY("destination_service, response_code, response_flags",
                           CALLS(FROM ERRORS)),
                        "{{destination_service}} {{response_code}} {{response_flags}}",
                        NULL}}},
          {.title = "Duration by service, 95th percentile",
           .form = BNC_BOARD_LINES,
           .unit = "ms",
           .queries = {{QUANTILE("0.95", "destination_service, ", DURATIONS(FROM)),
                        "{{destination_service}}", NULL}}}}},
    {.title = "TCP",
     .panels = {{.title = "Bytes over TCP",
                 .form = BNC_BOARD_LINES,
                 .unit = "Bps",
                 .queries = {{RATE(TCP("received_bytes", TO)), "it is sent", NULL},
                             {RATE(TCP("sent_bytes", TO)), "it answers", NULL},
                             {RATE(TCP("sent_bytes", FROM)), "it is answered", NULL},
                             {RATE(TCP("received_bytes", FROM)), "it sends", NULL}}},
                {.title = "Connections",
                 .form = BNC_BOARD_LINES,
                 .unit = "cps",
                 .queries = {{RATE(TCP("connections_opened", TO)), "opened to it", NULL},
                             {RATE(TCP("connections_opened", FROM)), "opened by it",
                              NULL}}}}},
    {.title = "Traces",
     .panels = {{.title = "Spans of its proxies",
                 .doc = "As Jaeger's collector counts them; Istio calls the spans of "
                        "proxies APP.NAMESPACE.",
                 .form = BNC_BOARD_LINES,
                 .unit = "ops",
                 .queries = {{BY("svc", "jaeger_collector_spans_saved_by_svc_total{"
                                        "result=\"ok\",svc=\"${app}.${namespace}\"}"),
                              "{{svc}}", NULL}}}}},
    {0},
};
