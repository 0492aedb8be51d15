#include "render/statsd.h"

#include "render/yaml_out.h"

/*
 * Names as Envoy's statsd sink writes them: "envoy." in front or nothing, the
 * tags still inside, ':' replaced by '_'.  Names of clusters and prefixes have dots
 * themselves, which a glob can't tell from the others: so regular expressions, which
 * say for each family what its name looks like and which statistics may follow.  The
 * labels are those of Istio's bootstrap (stats_tags); newer sidecars end a name in ';'.
 */
#define PREFIX "^(?:envoy\\.)?"
#define ANY    "(?:.+\\.)?" /* groups of statistics: whatever stands between */
/* Without the flag that its page asks for, the exporter takes "[__]" for tags. */
#define ADDRESS  "(?:\\d+(?:\\.\\d+){3}|\\[[\\da-fA-F_.]*\\])?_\\d+"
#define LISTENED "(?:([^;]+);|((?:(?:in|out)bound_)?" ADDRESS "))\\."

#define TTL          "5m"  /* Envoy sends counters and gauges every 5 s, changed or not */
#define TTL_OBSERVER "24h" /* and a histogram's value only when there is one */
#define SCALE_OBSERVER                                                                   \
    1000 /* the exporter makes seconds of "ms", Envoy has all as sent */

/* ---- the rules ------------------------------------------------------------------- */

/* Groups with dots where the name before them may have dots too. */
#define CLUSTER_GROUPS                                                                   \
    "(?:(?:circuit_breakers\\.(?:default|high)|client_ssl_socket_factory|health_check|"  \
    "http[123]|outlier_detection|ssl(?:\\.(?:ciphers|curves|sigalgs|versions|"           \
    "versions\\.TLSv1))?|tlsMode-[^.]+)\\.)?"

/* Statistics by what they belong to; the first that matches counts. */
static const struct family {
    const char *match;  /* up to the statistic, one group for each `$` in the labels */
    size_t n_groups;    /* in `match` */
    const char *groups; /* what may stand before the last part of the statistic */
    const char *name;   /* of the series, up to the statistic */
    const char *labels[2][2];
    bool codes;    /* some end in _rq_200 */
    bool classes;  /* some end in _rq_2xx */
    bool percents; /* some histograms are shares, which are sent unscaled */
} families[] = {
    /* ended by ';', a Service, or without dots: any statistic may follow */
    {.match = "cluster\\.(?:([^;]+);|(.+?\\.svc\\.cluster\\.local|[^.|]+(?:\\|[^.|]*){2}"
              "\\||[^.|]*[^.|_]))\\.",
     .n_groups = 2,
     .groups = ANY,
     .name = "cluster_",
     .labels = {{"cluster_name", "$1$2"}},
     .codes = true,
     .classes = true,
     .percents = true},
    /* of another domain; a host may end in .internal too, so that .svc. is asked for */
    {.match = "cluster\\.(.+?\\.svc\\..+?)\\.",
     .n_groups = 1,
     .groups = "(?:canary|external|internal)\\.",
     .name = "cluster_",
     .labels = {{"cluster_name", "$1"}},
     .codes = true,
     .classes = true},
    {.match = "cluster\\.(.+?)\\.",
     .n_groups = 1,
     .groups = CLUSTER_GROUPS,
     .name = "cluster_",
     .labels = {{"cluster_name", "$1"}},
     .codes = true,
     .classes = true,
     .percents = true},
    {.match = "listener\\.(" ADDRESS ");?\\.http\\." LISTENED,
     .n_groups = 3,
     .groups = ANY,
     .name = "listener_http_",
     .labels = {{"http_conn_manager_listener_prefix", "$2$3"},
                {"listener_address", "$1"}},
     .classes = true},
    {.match = "listener\\.(" ADDRESS ");?\\.",
     .n_groups = 1,
     .groups = ANY,
     .name = "listener_",
     .labels = {{"listener_address", "$1"}},
     .classes = true},
    {.match = "http\\." LISTENED,
     .n_groups = 2,
     .groups = ANY,
     .name = "http_",
     .labels = {{"http_conn_manager_prefix", "$1$2"}},
     .classes = true},
    {.match = "tcp\\.(.+?);?\\.",
     .n_groups = 1,
     .groups = "",
     .name = "tcp_",
     .labels = {{"tcp_prefix", "$1"}}},
    /* without labels; listeners and prefixes that are no address, as admin */
    {.match = "",
     .groups = "(?:cluster_manager|control_plane|filesystem|http|listener|"
               "listener_manager|main_thread|overload|runtime|server|workers)\\." ANY,
     .name = "",
     .classes = true},
};

/* What a statistic is; the first that matches counts. */
static const struct shape {
    const char *end;   /* the last part of the statistic; closes its group */
    const char *label; /* of a second group; NULL: there is none */
    const char *type;  /* of what is sent; NULL: all */
    bool scaled;
    enum { OF_ALL, OF_CODES, OF_CLASSES, OF_PERCENTS } of;
} shapes[] = {
    {.end = "[^.]*_rq)_(\\d{3})$", .label = "response_code", .of = OF_CODES},
    {.end = "[^.]*_rq)_(\\dxx)$", .label = "response_code_class", .of = OF_CLASSES},
    {.end = "[^.]+_percent_used)$", .type = "observer", .of = OF_PERCENTS},
    {.end = "[^.]+)$", .type = "observer", .scaled = true},
    {.end = "[^.]+)$"},
};

/* Envoy's own, of /stats/prometheus. */
static const char *const buckets[] = {"0.5",    "1",      "5",       "10",     "25",
                                      "50",     "100",    "250",     "500",    "1000",
                                      "2500",   "5000",   "10000",   "30000",  "60000",
                                      "300000", "600000", "1800000", "3600000"};

/* ---- out ------------------------------------------------------------------------- */

static bool
has(const struct family *family, const struct shape *shape)
{
    switch (shape->of) {
    case OF_CODES:
        return family->codes;
    case OF_CLASSES:
        return family->classes;
    case OF_PERCENTS:
        return family->percents;
    case OF_ALL:
        break;
    }
    return true;
}

static void
write_labels(struct bnc_yaml *y, const struct family *family, const struct shape *shape)
{
    if (family->n_groups == 0 && shape->label == NULL) {
        return;
    }
    BNC_YAML_MAP (y, "labels") {
        for (size_t i = 0; i < BNC_LEN(family->labels); i++) {
            bnc_yaml_opt_str(y, family->labels[i][0], family->labels[i][1]);
        }
        if (shape->label != NULL) {
            bnc_yaml_fmt(y, shape->label, "$%zu", family->n_groups + 2);
        }
    }
}

static void
write_rule(struct bnc_yaml *y, const struct family *family, const struct shape *shape)
{
    BNC_YAML_ITEM (y) {
        bnc_yaml_fmt(y, "match", PREFIX "%s(%s%s", family->match, family->groups,
                     shape->end);
        bnc_yaml_str(y, "match_type", "regex");
        bnc_yaml_opt_str(y, "match_metric_type", shape->type);
        bnc_yaml_fmt(y, "name", "envoy_%s${%zu}", family->name, family->n_groups + 1);
        write_labels(y, family, shape);
        if (shape->type != NULL) {
            bnc_yaml_str(y, "ttl", TTL_OBSERVER);
        }
        if (shape->scaled) {
            bnc_yaml_int(y, "scale", SCALE_OBSERVER);
        }
    }
}

static void
write_defaults(struct bnc_yaml *y)
{
    BNC_YAML_MAP (y, "defaults") {
        bnc_yaml_str(y, "observer_type", "histogram");
        BNC_YAML_MAP (y, "histogram_options") {
            BNC_YAML_SEQ (y, "buckets") {
                for (size_t i = 0; i < BNC_LEN(buckets); i++) {
                    bnc_yaml_raw(y, NULL, buckets[i]);
                }
            }
        }
        bnc_yaml_str(y, "ttl", TTL);
    }
}

enum bnc_code
bnc_statsd_mapping_render(struct bnc_arena *arena, struct bnc_bytes *out,
                          struct bnc_error *err)
{
    struct bnc_yaml y;

    bnc_yaml_start(&y, BNC_YAML_ROOT_MAP, 0, BNC_STATSD_MAPPING_MAX, arena);
    write_defaults(&y);
    BNC_YAML_SEQ (&y, "mappings") {
        for (size_t i = 0; i < BNC_LEN(families); i++) {
            for (size_t k = 0; k < BNC_LEN(shapes); k++) {
                if (has(&families[i], &shapes[k])) {
                    write_rule(&y, &families[i], &shapes[k]);
                }
            }
        }
    }
    return bnc_yaml_finish(&y, out, err) ? bnc_wrap(err, "mapping of statsd") : BNC_OK;
}
