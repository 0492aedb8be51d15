/*
 * Sampling: how many traces begin, of how many requests, and what a budget allows.
 */
#include "render/board_tables.h"

#define JAEGER(what) "jaeger_collector_" what "_saved_by_svc_total{result=\"ok\"}"
#define SENT         "istio_requests_total{reporter=\"source\"}"
#define OTEL(what)   "{__name__=~\"otelcol_" what "_spans(_total)?\"}"

/*
 * Requests that a workload's proxies had to do with, as calling and as called side, by
 * the name that its spans have: Istio's default is APP.NAMESPACE.  A sampled request
 * makes one span on each side.
 */
#define SIDE(reporter, side)                                                             \
    "label_join(rate(istio_requests_total{reporter=\"" reporter "\"}" IN                 \
    "), \"svc\", \".\", \"" side "_app\", \"" side "_workload_namespace\")"
#define HANDLED                                                                          \
    "sum by (svc) (" SIDE("destination", "destination") " or " SIDE("source",            \
                                                                    "source") ")"
#define SPANS BY("svc", JAEGER("spans"))

const struct bnc_board_variable bnc_board_sampling_variables[] = {
    {.name = "budget",
     .title = "Budget, traces a second",
     .form = BNC_BOARD_TEXT,
     .query = "20"},
    {0},
};

const struct bnc_board_row bnc_board_sampling_rows[] = {
    {.title = "Now",
     .panels =
         {{.title = "Requests",
           .doc = "As the calling side counts them.",
           .form = BNC_BOARD_STAT,
           .unit = "reqps",
           .queries = {{RATE(SENT), "", NULL}}},
          {.title = "Traces begun",
           .doc = "Spans without a parent that Jaeger's collector saved.",
           .form = BNC_BOARD_STAT,
           .unit = "ops",
           .queries = {{RATE(JAEGER("traces")), "", NULL}}},
          {.title = "Of the budget",
           .form = BNC_BOARD_STAT,
           .unit = "percentunit",
           .warn = 1.0,
           .bad = 1.3,
           .queries = {{RATE(JAEGER("traces")) " / $budget", "", NULL}}},
          {.title = "Percentage that fits the budget",
           .doc = "If every request began a trace of its own: with a gateway it is that "
                  "gateway's requests that count.",
           .form = BNC_BOARD_STAT,
           .unit = "percentunit",
           .queries = {{"clamp_max($budget / " RATE(SENT) ", 1)", "", NULL}}},
          {.title = "Spans saved",
           .form = BNC_BOARD_STAT,
           .unit = "ops",
           .queries = {{RATE(JAEGER("spans")), "", NULL}}},
          {.title = "Spans lost",
           .doc = "Dropped because the collector's queue was full, or not saved.",
           .form = BNC_BOARD_STAT,
           .unit = "ops",
           .queries = {{RATE("jaeger_collector_spans_dropped_total") " + " RATE(
                            "jaeger_collector_spans_saved_by_svc_total{result=\"err\"}"),
                        "", NULL}}}}},
    {.title = "How much is traced",
     .panels =
         {{.title = "Traces begun by service",
           .form = BNC_BOARD_AREAS,
           .unit = "ops",
           .queries = {{BY("svc", JAEGER("traces")) " > 0", "{{svc}}", NULL}}},
          {.title = "Traces begun and the budget",
           .form = BNC_BOARD_LINES,
           .unit = "ops",
           .queries = {{RATE(JAEGER("traces")), "traces", NULL},
                       {"vector($budget)", "budget", NULL}}},
          {.title = "Share of requests that is traced",
           .doc = "Spans of the proxies of a workload for each request that they had to "
                  "do with. More than 100 % is an application that calls its own spans "
                  "by the same name.",
           .form = BNC_BOARD_LINES,
           .unit = "percentunit",
           .queries = {{SPANS " / " HANDLED, "{{svc}}", NULL}}},
          {.title = "Requests by namespace they come from",
           .form = BNC_BOARD_LINES,
           .unit = "reqps",
           .queries = {{BY("source_workload_namespace", SENT),
                        "{{source_workload_namespace}}", NULL}}},
          {.title = "Services",
           .form = BNC_BOARD_TABLE,
           .unit = "short",
           .queries = {{HANDLED, "requests", "reqps"},
                       {SPANS, "spans", "ops"},
                       {BY("svc", JAEGER("traces")), "traces begun", "ops"},
                       {SPANS " / " HANDLED, "traced", "percentunit"}}}}},
    {.title = "Who is told",
     .panels = {{.title = "Changes of Telemetry that istiod saw",
                 .form = BNC_BOARD_LINES,
                 .unit = "ops",
                 .queries = {{BY("event", "pilot_k8s_cfg_events{type=\"Telemetry\"}"),
                              "{{event}}", NULL}}},
                {.title = "Strategies asked for",
                 .doc = "SDKs that ask Jaeger's collector how much to sample.",
                 .form = BNC_BOARD_LINES,
                 .unit = "reqps",
                 .queries = {{RATE("jaeger_collector_http_server_requests_total{"
                                   "type=~\"sampling.*\"}"),
                              "questions", NULL}}}}},
    {.title = "Jaeger's collector",
     .panels =
         {{.title = "Its queue",
           .form = BNC_BOARD_LINES,
           .unit = "short",
           .queries = {{"sum(jaeger_collector_queue_length)", "waiting", NULL},
                       {"sum(jaeger_collector_queue_capacity)", "room", NULL}}},
          {.title = "What it does not keep",
           .form = BNC_BOARD_LINES,
           .unit = "ops",
           .queries = {{RATE("jaeger_collector_spans_dropped_total"), "queue full", NULL},
                       {RATE("jaeger_collector_spans_rejected_total"), "refused", NULL},
                       {RATE("jaeger_collector_spans_saved_by_svc_total{result=\"err\"}"),
                        "not saved", NULL}}}}},
    {.title = "OpenTelemetry's collector",
     .needs = "a collector that is scraped; Jaeger 2 is one, too",
     .panels = {{.title = "Spans through it",
                 .form = BNC_BOARD_LINES,
                 .unit = "ops",
                 .queries = {{BY("receiver", OTEL("receiver_accepted")),
                              "from {{receiver}}", NULL},
                             {BY("exporter", OTEL("exporter_sent")), "to {{exporter}}",
                              NULL}}},
                {.title = "Spans it loses",
                 .form = BNC_BOARD_LINES,
                 .unit = "ops",
                 .queries = {{BY("receiver", OTEL("receiver_refused")),
                              "refused from {{receiver}}", NULL},
                             {BY("exporter", OTEL("exporter_send_failed")),
                              "not sent to {{exporter}}", NULL}}}}},
    {0},
};
