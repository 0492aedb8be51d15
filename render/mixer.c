#include "render/mixer.h"

#include <string.h>

#include "lib/json.h"
#include "lib/units.h"
#include "render/rules.h"

#define NAME_BYTES_MAX 253
#define DIGITS         "0123456789"

/* ---- what Mixer knows ---------------------------------------------------------- */

#define OUTBOUND "(context.reporter.kind | \"inbound\") == \"outbound\""

/* Labels of Istio's metrics, as the charts of 1.4 make them. */
static const struct attribute {
    const char *label;
    const char *expr;
    const char *number; /* it is a number: what it is compared as; NULL: text */
} attributes[] = {
    {"connection_security_policy",
     "conditional(" OUTBOUND ", \"unknown\", conditional(connection.mtls | false, "
     "\"mutual_tls\", \"none\"))",
     NULL},
    {"destination_app", "destination.labels[\"app\"] | \"unknown\"", NULL},
    {"destination_principal", "destination.principal | \"unknown\"", NULL},
    {"destination_service", "destination.service.host | \"unknown\"", NULL},
    {"destination_service_name", "destination.service.name | \"unknown\"", NULL},
    {"destination_service_namespace", "destination.service.namespace | \"unknown\"",
     NULL},
    {"destination_version", "destination.labels[\"version\"] | \"unknown\"", NULL},
    {"destination_workload", "destination.workload.name | \"unknown\"", NULL},
    {"destination_workload_namespace", "destination.workload.namespace | \"unknown\"",
     NULL},
    {"reporter", "conditional(" OUTBOUND ", \"source\", \"destination\")", NULL},
    {"request_protocol", "api.protocol | context.protocol | \"unknown\"", NULL},
    {"response_code", "response.code | 200", "(response.code | 200)"},
    {"response_flags", "context.proxy_error_code | \"-\"", NULL},
    {"source_app", "source.labels[\"app\"] | \"unknown\"", NULL},
    {"source_principal", "source.principal | \"unknown\"", NULL},
    {"source_version", "source.labels[\"version\"] | \"unknown\"", NULL},
    {"source_workload", "source.workload.name | \"unknown\"", NULL},
    {"source_workload_namespace", "source.workload.namespace | \"unknown\"", NULL},
};

#define HTTP "(context.protocol == \"http\" || context.protocol == \"grpc\")"
#define TCP  "context.protocol == \"tcp\""

/* Istio's counters: what one report adds, and which reports count. */
static const struct source {
    const char *from;
    const char *metric; /* as spec.mesh names it */
    const char *value;
    const char *match;
} sources[] = {
    {"istio_requests_total", "REQUEST_COUNT", "1", HTTP},
    {"istio_tcp_connections_opened_total", "TCP_OPENED_CONNECTIONS", "1",
     TCP " && (connection.event | \"na\") == \"open\""},
    {"istio_tcp_connections_closed_total", "TCP_CLOSED_CONNECTIONS", "1",
     TCP " && (connection.event | \"na\") == \"close\""},
    {"istio_tcp_sent_bytes_total", "TCP_SENT_BYTES", "connection.sent.bytes | 0", TCP},
    {"istio_tcp_received_bytes_total", "TCP_RECEIVED_BYTES",
     "connection.received.bytes | 0", TCP},
};

struct mixer {
    const struct bnc_mixer_input *in;
    const char *base; /* of names */
    struct bnc_arena *arena;
    struct bnc_diags *diags;
    struct bnc_mixer_objects *out;
    cJSON *metrics; /* of the handler */
    bool *used;     /* by spec.mesh: a counter has one of its labels */
};

static const struct source *
source_of(const char *from)
{
    for (size_t i = 0; i < BNC_LEN(sources); i++) {
        if (strcmp(sources[i].from, from) == 0) {
            return &sources[i];
        }
    }
    return NULL;
}

/* What the last change that is for the metric says about the label; NULL: nothing. */
static const char *
added_label(const struct mixer *m, const struct source *source, const char *label)
{
    const struct bnc_ir_metric_rule *rule = m->in->rule;
    const char *found = NULL;
    for (size_t i = 0; i < rule->n_changes; i++) {
        const struct bnc_metric_change_spec *change = rule->changes[i].spec;
        if (strcmp(change->metric, source->metric) != 0 &&
            strcmp(change->metric, source->from) != 0 &&
            strcmp(change->metric, "ALL_METRICS") != 0) {
            continue;
        }
        for (size_t k = 0; k < change->add_labels.n; k++) {
            if (strcmp(change->add_labels.items[k].key, label) == 0) {
                found = change->add_labels.items[k].value;
                m->used[i] = true;
            }
        }
    }
    return found;
}

/* The label as an expression; false: Mixer has none. */
static bool
resolve(const struct mixer *m, const struct source *source, const char *label,
        struct attribute *out)
{
    const char *added = added_label(m, source, label);
    *out = (struct attribute){.label = label, .expr = added};
    for (size_t i = 0; added == NULL && i < BNC_LEN(attributes); i++) {
        if (strcmp(attributes[i].label, label) == 0) {
            *out = attributes[i];
        }
    }
    return out->expr != NULL;
}

static void
no_attribute(const struct mixer *m, const struct source *source, const char *field,
             const char *label)
{
    bnc_diag_add(m->diags, BNC_REASON_INVALID_FIELD, field,
                 bnc_arena_fmt(m->arena,
                               "say what it is in spec.mesh: {metric: %s, addLabels: "
                               "{%s: ATTRIBUTE}}",
                               source->metric, label),
                 "Mixer knows no attribute for the label \"%s\"", label);
}

/* ---- match --------------------------------------------------------------------- */

/* The text that a regex without any operator stands for; NULL: it has operators. */
static const char *
literal_of(const char *regex, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, strlen(regex) + 1);
    bnc_str_puts(&out, "");
    for (const char *s = regex; *s != '\0'; s++) {
        if (strchr("^$*+?()[]{}|.", *s) != NULL) {
            return NULL;
        }
        if (*s == '\\') {
            s++;
            if (*s == '\0' || strchr("\\^$*+?()[]{}|.-/", *s) == NULL) {
                return NULL; /* \d and its like */
            }
        }
        bnc_str_putc(&out, *s);
    }
    return out.ptr;
}

/* `label` matches `regex`, after " && "; false: not in Mixer's words. */
static bool
add_match(struct bnc_str *out, const struct attribute *attribute, const char *regex,
          struct bnc_arena *arena)
{
    const char *literal = literal_of(regex, arena);
    bool parens = strstr(attribute->expr, " | ") != NULL;

    bnc_str_puts(out, " && ");
    if (attribute->number != NULL) {
        if (literal == NULL || literal[0] == '\0' ||
            literal[strspn(literal, DIGITS)] != '\0') {
            return false;
        }
        bnc_str_fmt(out, "%s == %s", attribute->number, literal);
        return true;
    }
    if (literal == NULL) {
        bnc_rule_quote(out, bnc_arena_fmt(arena, "^(?:%s)$", regex));
        bnc_str_puts(out, ".matches");
    }
    bnc_str_fmt(out, literal == NULL || parens ? "(%s)" : "%s", attribute->expr);
    if (literal != NULL) {
        bnc_str_puts(out, " == ");
        bnc_rule_quote(out, literal);
    }
    return true;
}

/* NULL when something cannot be said. */
static const char *
match_of(const struct mixer *m, const struct bnc_ir_counter *counter,
         const struct source *source)
{
    struct bnc_str out = bnc_str_new(m->arena, BNC_RULE_GROUP_MAX);
    const struct bnc_pairs *where = &counter->spec->where;
    bool good = true;

    bnc_str_puts(&out, source->match);
    for (size_t i = 0; i < where->n; i++) {
        struct attribute attribute;
        const char *label = where->items[i].key;
        const char *field =
            bnc_arena_fmt(m->arena, "%s.where[\"%s\"]", counter->field, label);
        if (!resolve(m, source, label, &attribute)) {
            no_attribute(m, source, field, label);
            good = false;
        } else if (!add_match(&out, &attribute, where->items[i].value, m->arena)) {
            bnc_diag_add(m->diags, BNC_REASON_INVALID_FIELD, field,
                         "name one value, or leave it out and keep the label in by",
                         "Mixer compares \"%s\" as a number", label);
            good = false;
        }
    }
    return good ? out.ptr : NULL;
}

/* ---- objects ------------------------------------------------------------------- */

static cJSON *
texts_of(struct bnc_arena *arena, const char *const *texts, size_t n)
{
    cJSON *list = bnc_json_array(arena);
    for (size_t i = 0; i < n; i++) {
        bnc_json_add(list, bnc_json_str(arena, texts[i]));
    }
    return list;
}

/* NAME.KIND.NAMESPACE, as objects name each other. */
static const char *
full_name(const struct mixer *m, const char *name, const char *kind)
{
    return bnc_arena_fmt(m->arena, "%s.%s.%s", name, kind, m->in->ns);
}

/* What may stand in an object's name, without dots: these divide a full name. */
static const char *
as_name(const char *text, struct bnc_arena *arena)
{
    char *name = bnc_arena_strdup(arena, text);
    for (char *p = name; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (char)(*p - 'A' + 'a');
        } else if ((*p < 'a' || *p > 'z') && (*p < '0' || *p > '9')) {
            *p = '-';
        }
    }
    return name;
}

static void
add_object(struct mixer *m, enum bnc_kind kind, const char *name, const char *field,
           cJSON *spec)
{
    m->out->items[m->out->n++] = (struct bnc_mixer_object){
        .kind = kind, .name = name, .field = field, .spec = spec};
}

static cJSON *
compiled(struct bnc_arena *arena, const char *key, const char *what, cJSON *params)
{
    cJSON *spec = bnc_json_object(arena);
    bnc_json_set_str(arena, spec, key, what);
    bnc_json_set_item(arena, spec, "params", params);
    return spec;
}

/* label to expression; NULL when one has none. */
static cJSON *
dimensions_of(const struct mixer *m, const struct bnc_ir_counter *counter,
              const struct source *source)
{
    cJSON *dimensions = bnc_json_object(m->arena);
    bool good = true;
    for (size_t i = 0; i < counter->spec->by.n; i++) {
        struct attribute attribute;
        const char *label = counter->spec->by.items[i];
        if (resolve(m, source, label, &attribute)) {
            bnc_json_set_str(m->arena, dimensions, label, attribute.expr);
        } else {
            const char *field = bnc_arena_fmt(m->arena, "%s.by[%zu]", counter->field, i);
            no_attribute(m, source, field, label);
            good = false;
        }
    }
    return good ? dimensions : NULL;
}

static cJSON *
metric_of(const struct mixer *m, const struct bnc_counter_spec *counter,
          const char *instance)
{
    static const char prefix[] = "istio_";
    bool prefixed = bnc_str_starts(counter->name, prefix);
    cJSON *metric = bnc_json_object(m->arena);
    bnc_json_set_str(m->arena, metric, "name",
                     counter->name + (prefixed ? strlen(prefix) : 0));
    bnc_json_set_str(m->arena, metric, "instance_name",
                     full_name(m, instance, "instance"));
    bnc_json_set_str(m->arena, metric, "kind", "COUNTER");
    bnc_json_set_item(m->arena, metric, "label_names",
                      texts_of(m->arena, counter->by.items, counter->by.n));
    return metric;
}

static cJSON *
rule_of(const struct mixer *m, const char *match, const char *instance)
{
    cJSON *spec = bnc_json_object(m->arena);
    cJSON *action = bnc_json_object(m->arena);
    cJSON *actions = bnc_json_array(m->arena);
    const char *full = full_name(m, instance, "instance");
    bnc_json_set_str(m->arena, action, "handler", full_name(m, m->base, "handler"));
    bnc_json_set_item(m->arena, action, "instances", texts_of(m->arena, &full, 1));
    bnc_json_add(actions, action);
    bnc_json_set_str(m->arena, spec, "match", match);
    bnc_json_set_item(m->arena, spec, "actions", actions);
    return spec;
}

/* An object's name that is too long, or that another counter has already. */
static bool
name_is_bad(const struct mixer *m, const char *name, const char *field)
{
    const char *problem = strlen(name) > NAME_BYTES_MAX ? "is too long" : NULL;
    for (size_t i = 0; i < m->out->n; i++) {
        if (strcmp(m->out->items[i].name, name) == 0) {
            problem = "is that of another counter's objects";
        }
    }
    if (problem != NULL) {
        bnc_diag_add(m->diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(m->arena, "%s.name", field), "use another name",
                     "the name \"%.300s\" %s", name, problem);
    }
    return problem != NULL;
}

static void
add_counter(struct mixer *m, const struct bnc_ir_counter *counter)
{
    const struct source *source = source_of(counter->spec->from);
    const char *name =
        bnc_arena_fmt(m->arena, "%s-%s", m->base, as_name(counter->spec->name, m->arena));
    cJSON *params = bnc_json_object(m->arena);

    if (source == NULL) {
        bnc_diag_add(m->diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(m->arena, "%s.from", counter->field),
                     "use istio_requests_total or one of the istio_tcp_ counters",
                     "Mixer does not count \"%s\"", counter->spec->from);
        return;
    }
    cJSON *dimensions = dimensions_of(m, counter, source);
    const char *match = match_of(m, counter, source);
    if (dimensions == NULL || match == NULL || name_is_bad(m, name, counter->field)) {
        return;
    }
    bnc_json_set_str(m->arena, params, "value", source->value);
    bnc_json_set_item(m->arena, params, "dimensions", dimensions);
    bnc_json_set_str(m->arena, params, "monitored_resource_type", "\"UNSPECIFIED\"");
    bnc_json_add(m->metrics, metric_of(m, counter->spec, name));
    add_object(m, BNC_KIND_MIXER_INSTANCE, name, counter->field,
               compiled(m->arena, "compiledTemplate", "metric", params));
    add_object(m, BNC_KIND_MIXER_RULE, name, counter->field, rule_of(m, match, name));
}

/* What spec.mesh asks of Istio's own metrics, which are Istio's own objects here. */
static void
warn_changes(const struct mixer *m)
{
    for (size_t i = 0; i < m->in->rule->n_changes; i++) {
        const struct bnc_ir_metric_change *change = &m->in->rule->changes[i];
        if (change->spec->disabled != BNC_UNSET || change->spec->remove_labels.n > 0 ||
            !m->used[i]) {
            bnc_diag_warn(m->diags, BNC_REASON_INVALID_FIELD, change->field,
                          "write a counter with its labels in by",
                          "Istio's own metrics cannot be changed in mesh mode Mixer");
        }
    }
}

void
bnc_mixer_render(const struct bnc_mixer_input *in, struct bnc_arena *arena,
                 struct bnc_mixer_objects *out, struct bnc_diags *diags)
{
    struct mixer m = {
        .in = in,
        .base = as_name(in->name, arena),
        .arena = arena,
        .diags = diags,
        .out = out,
        .metrics = bnc_json_array(arena),
        .used = bnc_arena_array(arena, in->rule->n_changes, sizeof(*m.used)),
    };
    cJSON *params = bnc_json_object(arena);

    *out = (struct bnc_mixer_objects){
        .items =
            bnc_arena_array(arena, 2 * in->rule->n_counters + 1, sizeof(*out->items))};
    bnc_json_set_item(arena, params, "metrics", m.metrics);
    add_object(&m, BNC_KIND_MIXER_HANDLER, m.base, "spec.counters",
               compiled(arena, "compiledAdapter", "prometheus", params));
    for (size_t i = 0; i < in->rule->n_counters; i++) {
        add_counter(&m, &in->rule->counters[i]);
    }
    out->n = out->n == 1 ? 0 : out->n; /* a handler of nothing */
    warn_changes(&m);
}
