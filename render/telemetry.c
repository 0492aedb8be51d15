#include "render/telemetry.h"

#include <inttypes.h>
#include <string.h>

#include "lib/json.h"

#define CEL_DEPTH_MAX 64 /* open brackets */

/* ---- names ----------------------------------------------------------------------- */

#define PREFIX "istio_"

static const struct {
    const char *name;
    const char *series; /* without "istio_" */
} metrics[] = {
    {"ALL_METRICS", NULL}, /* the first */
    {"REQUEST_COUNT", "requests_total"},
    {"REQUEST_DURATION", "request_duration_milliseconds"},
    {"REQUEST_SIZE", "request_bytes"},
    {"RESPONSE_SIZE", "response_bytes"},
    {"GRPC_REQUEST_MESSAGES", "request_messages_total"},
    {"GRPC_RESPONSE_MESSAGES", "response_messages_total"},
    {"TCP_OPENED_CONNECTIONS", "tcp_connections_opened_total"},
    {"TCP_CLOSED_CONNECTIONS", "tcp_connections_closed_total"},
    {"TCP_SENT_BYTES", "tcp_sent_bytes_total"},
    {"TCP_RECEIVED_BYTES", "tcp_received_bytes_total"},
};

static const char *const labels[] = {
    "reporter",
    "source_workload",
    "source_workload_namespace",
    "source_principal",
    "source_app",
    "source_version",
    "source_canonical_service",
    "source_canonical_revision",
    "source_cluster",
    "destination_workload",
    "destination_workload_namespace",
    "destination_principal",
    "destination_app",
    "destination_version",
    "destination_canonical_service",
    "destination_canonical_revision",
    "destination_cluster",
    "destination_service",
    "destination_service_name",
    "destination_service_namespace",
    "request_protocol",
    "response_flags",
    "connection_security_policy",
    "response_code",
    "grpc_response_status",
};

const char *
bnc_istio_metric(const char *name)
{
    const char *series = name;

    if (bnc_str_starts(name, PREFIX)) {
        series += strlen(PREFIX);
    }
    for (size_t i = 0; i < BNC_LEN(metrics); i++) {
        if (strcmp(metrics[i].name, name) == 0 || bnc_str_eq(metrics[i].series, series)) {
            return metrics[i].name;
        }
    }
    return NULL;
}

bool
bnc_istio_label_known(const char *name)
{
    for (size_t i = 0; i < BNC_LEN(labels); i++) {
        if (strcmp(labels[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- CEL ------------------------------------------------------------------------- */

/* r"...", also with b before or after the r: a backslash is only that */
static bool
is_raw(const char *text, const char *quote)
{
    for (const char *p = quote; p > text && strchr("rRbB", p[-1]) != NULL; p--) {
        if (p[-1] == 'r' || p[-1] == 'R') {
            return true;
        }
    }
    return false;
}

/* Behind the string that begins at `quote`; NULL: it does not end. */
static const char *
skip_string(const char *text, const char *quote)
{
    const char mark = *quote;
    const bool raw = is_raw(text, quote);
    const bool triple = quote[1] == mark && quote[2] == mark;
    const char *p = quote + (triple ? 3 : 1);

    for (; *p != '\0'; p++) {
        if (*p == '\\' && !raw && p[1] != '\0') {
            p++;
        } else if (*p == '\n' && !triple) {
            return NULL;
        } else if (*p == mark && !triple) {
            return p + 1;
        } else if (*p == mark && p[1] == mark && p[2] == mark) {
            return p + 3;
        }
    }
    return NULL;
}

/* Brackets that are open, by what closes them. */
struct nesting {
    char open[CEL_DEPTH_MAX];
    size_t depth;
};

static enum bnc_code
take_bracket(struct nesting *n, char c, struct bnc_error *err)
{
    static const char opening[] = "([{";
    static const char closing[] = ")]}";
    const char *bracket = strchr(opening, c);

    if (bracket != NULL) {
        if (n->depth == CEL_DEPTH_MAX) {
            return bnc_fail(err, BNC_TOO_BIG, "over %d brackets are open", CEL_DEPTH_MAX);
        }
        n->open[n->depth++] = closing[bracket - opening];
    } else if (strchr(closing, c) != NULL &&
               (n->depth == 0 || n->open[--n->depth] != c)) {
        return bnc_fail(err, BNC_INVALID, "'%c' closes nothing", c);
    }
    return BNC_OK;
}

static enum bnc_code
check_nesting(const char *text, struct bnc_error *err)
{
    struct nesting nesting = {.depth = 0};

    for (const char *p = text; *p != '\0';) {
        if (*p == '"' || *p == '\'') {
            p = skip_string(text, p);
            if (p == NULL) {
                return bnc_fail(err, BNC_INVALID, "a quote is not closed");
            }
        } else if (take_bracket(&nesting, *p++, err)) {
            return err->code;
        }
    }
    if (nesting.depth > 0) {
        return bnc_fail(err, BNC_INVALID, "'%c' is missing",
                        nesting.open[nesting.depth - 1]);
    }
    return BNC_OK;
}

enum bnc_code
bnc_cel_plausible(const char *text, struct bnc_error *err)
{
    if (strlen(text) > BNC_CEL_MAX) {
        return bnc_fail(err, BNC_TOO_BIG, "the expression is over %d bytes", BNC_CEL_MAX);
    }
    if (text[strspn(text, " \t\r\n")] == '\0') {
        return bnc_fail(err, BNC_INVALID, "the expression is empty");
    }
    return check_nesting(text, err);
}

/* ---- the tree -------------------------------------------------------------------- */

/* 1250 hundredths are "12.5": the shortest text, exact. */
static cJSON *
percentage(int64_t hundredths, struct bnc_arena *arena)
{
    const int64_t whole = hundredths / 100;
    const int64_t rest = hundredths % 100;

    if (rest == 0) {
        return bnc_json_int(arena, whole);
    }
    if (rest % 10 == 0) {
        return bnc_json_raw(
            arena, bnc_arena_fmt(arena, "%" PRId64 ".%" PRId64, whole, rest / 10));
    }
    return bnc_json_raw(arena,
                        bnc_arena_fmt(arena, "%" PRId64 ".%02" PRId64, whole, rest));
}

static cJSON *
providers(const char *name, struct bnc_arena *arena)
{
    cJSON *provider = bnc_json_object(arena);
    cJSON *list = bnc_json_array(arena);

    bnc_json_set_str(arena, provider, "name", name);
    bnc_json_add(list, provider);
    return list;
}

static void
add_target(const struct bnc_telemetry_wish *wish, cJSON *spec, struct bnc_arena *arena)
{
    if (wish->match_labels.n > 0) {
        cJSON *match = bnc_json_object(arena);
        cJSON *selector = bnc_json_object(arena);
        for (size_t i = 0; i < wish->match_labels.n; i++) {
            bnc_json_set_str(arena, match, wish->match_labels.items[i].key,
                             wish->match_labels.items[i].value);
        }
        bnc_json_set_item(arena, selector, "matchLabels", match);
        bnc_json_set_item(arena, spec, "selector", selector);
    } else if (wish->n_target_refs > 0) {
        cJSON *refs = bnc_json_array(arena);
        for (size_t i = 0; i < wish->n_target_refs; i++) {
            const struct bnc_target_ref *from = &wish->target_refs[i];
            cJSON *ref = bnc_json_object(arena);
            bnc_json_set_str(arena, ref, "group", from->group == NULL ? "" : from->group);
            bnc_json_set_str(arena, ref, "kind", from->kind);
            bnc_json_set_str(arena, ref, "name", from->name);
            bnc_json_add(refs, ref);
        }
        bnc_json_set_item(arena, spec, "targetRefs", refs);
    }
}

static void
add_tracing(const struct bnc_telemetry_wish *wish, cJSON *spec, struct bnc_arena *arena)
{
    if (!wish->has_tracing || wish->provider == NULL) {
        return;
    }
    cJSON *entry = bnc_json_object(arena);
    cJSON *list = bnc_json_array(arena);
    if (wish->custom_tags != NULL) {
        bnc_json_set_item(arena, entry, "customTags",
                          bnc_json_clone(arena, wish->custom_tags));
    }
    bnc_json_set_item(arena, entry, "providers", providers(wish->provider, arena));
    if (wish->percent.set) {
        bnc_json_set_item(arena, entry, "randomSamplingPercentage",
                          percentage(wish->percent.value, arena));
    }
    bnc_json_add(list, entry);
    bnc_json_set_item(arena, spec, "tracing", list);
}

static cJSON *
tag_overrides(const struct bnc_metric_override *from, struct bnc_arena *arena)
{
    cJSON *tags = bnc_json_object(arena);

    for (size_t i = 0; i < from->add_labels.n; i++) {
        cJSON *tag = bnc_json_object(arena);
        bnc_json_set_str(arena, tag, "operation", "UPSERT");
        bnc_json_set_str(arena, tag, "value", from->add_labels.items[i].value);
        bnc_json_set_item(arena, tags, from->add_labels.items[i].key, tag);
    }
    for (size_t i = 0; i < from->remove_labels.n; i++) {
        const char *name = from->remove_labels.items[i];
        if (bnc_json_get(tags, name) == NULL) {
            cJSON *tag = bnc_json_object(arena);
            bnc_json_set_str(arena, tag, "operation", "REMOVE");
            bnc_json_set_item(arena, tags, name, tag);
        }
    }
    return tags;
}

static cJSON *
override(const struct bnc_metric_override *from, struct bnc_arena *arena)
{
    cJSON *out = bnc_json_object(arena);
    cJSON *match = bnc_json_object(arena);
    cJSON *tags = tag_overrides(from, arena);

    if (from->disabled != BNC_UNSET) {
        bnc_json_set_bool(arena, out, "disabled", from->disabled == BNC_TRUE);
    }
    if (from->metric != NULL) {
        bnc_json_set_str(arena, match, from->custom ? "customMetric" : "metric",
                         from->metric);
    }
    if (from->mode != NULL) {
        bnc_json_set_str(arena, match, "mode", from->mode);
    }
    if (match->child != NULL) {
        bnc_json_set_item(arena, out, "match", match);
    }
    if (tags->child != NULL) {
        bnc_json_set_item(arena, out, "tagOverrides", tags);
    }
    return out;
}

static bool
is_one_way(const char *mode)
{
    return mode != NULL && strcmp(mode, "CLIENT_AND_SERVER") != 0;
}

/*
 * All metrics are off here, and something later is said of the same direction: Istio
 * would take any of that, be it one label, as that all are on again.
 */
static bool
is_undone(const struct bnc_telemetry_wish *wish, size_t at)
{
    const struct bnc_metric_override *off = &wish->metrics[at];
    bool undone = wish->more_below;

    if (off->disabled != BNC_TRUE || off->custom ||
        (off->metric != NULL && strcmp(off->metric, metrics[0].name) != 0)) {
        return false;
    }
    for (size_t i = at + 1; i < wish->n_metrics; i++) {
        const char *mode = wish->metrics[i].mode;
        undone = undone || !is_one_way(off->mode) || !is_one_way(mode) ||
                 strcmp(off->mode, mode) == 0;
    }
    return undone;
}

static cJSON *
overrides_of(const struct bnc_telemetry_wish *wish, struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);

    for (size_t i = 0; i < wish->n_metrics; i++) {
        if (!is_undone(wish, i)) {
            bnc_json_add(list, override(&wish->metrics[i], arena));
            continue;
        }
        struct bnc_metric_override each = wish->metrics[i];
        for (size_t k = 1; k < BNC_LEN(metrics); k++) {
            each.metric = metrics[k].name;
            bnc_json_add(list, override(&each, arena));
        }
    }
    return list;
}

static void
add_metrics(const struct bnc_telemetry_wish *wish, cJSON *spec, struct bnc_arena *arena)
{
    if (wish->n_metrics == 0) {
        return;
    }
    cJSON *entry = bnc_json_object(arena);
    cJSON *list = bnc_json_array(arena);
    cJSON *overrides = overrides_of(wish, arena);
    bnc_json_set_item(arena, entry, "overrides", overrides);
    bnc_json_set_item(arena, entry, "providers", providers("prometheus", arena));
    bnc_json_add(list, entry);
    bnc_json_set_item(arena, spec, "metrics", list);
}

cJSON *
bnc_telemetry_tree(const struct bnc_telemetry_wish *wish, struct bnc_arena *arena)
{
    cJSON *spec = bnc_json_object(arena);

    add_metrics(wish, spec, arena);
    add_target(wish, spec, arena);
    add_tracing(wish, spec, arena);
    return spec;
}
