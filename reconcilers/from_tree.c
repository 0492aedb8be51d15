/* What of prometheus-operator's Prometheus is no setting of an Observatory. */
#include <string.h>

#include "lib/json.h"
#include "lib/units.h"
#include "lib/yaml_in.h"
#include "model/prom_schema.h"
#include "model/spec_from.h"
#include "reconcilers/from.h"
#include "reconcilers/rules.h"
#include "reconcilers/translate.h"
#include "render/prom_gate.h"

struct step {
    struct bnc_refs *refs;
    const struct bnc_ir_observatory *ir;
    const struct bnc_version *version;
    struct bnc_arena *arena;
    cJSON *out;
};

static bool
is_at_least(const struct step *s, int since)
{
    return bnc_prom_release(s->version) >= since;
}

static void
wrong(const struct step *s, const char *field, const char *remedy, const char *message)
{
    bnc_diag_add(s->refs->diags, BNC_REASON_INVALID_FIELD,
                 bnc_arena_fmt(s->arena, "spec.%s", field), remedy, "%s", message);
}

/* The fields of the object that have a row. */
static cJSON *
pick(const struct step *s, const struct bnc_translate_row *rows)
{
    cJSON *picked = bnc_json_object(s->arena);
    for (; rows->from != NULL; rows++) {
        const cJSON *item = bnc_json_get(s->ir->from_spec, rows->from);
        if (item != NULL) {
            bnc_json_append(s->arena, picked, rows->from, bnc_json_clone(s->arena, item));
        }
    }
    return picked;
}

static void
add(cJSON *out, const char *key, cJSON *item, struct bnc_arena *arena)
{
    if (item != NULL && item->child != NULL) {
        bnc_json_set_item(arena, out, key, item);
    }
}

/* ---- storage ------------------------------------------------------------------- */

static double
quantity(const cJSON *json)
{
    struct bnc_error err = {0};
    double value = cJSON_IsNumber(json) ? json->valuedouble : 0;
    if (cJSON_IsString(json) && bnc_quantity_parse(json->valuestring, &value, &err)) {
        value = -1;
    }
    return value;
}

static void
add_retention(const struct step *s, cJSON *tsdb)
{
    const struct bnc_spec_from *from = s->ir->from;
    const char *time = from->retention;
    cJSON *retention = bnc_json_object(s->arena);

    if (s->ir->agent || !is_at_least(s, BNC_PROM_V(3, 11))) {
        return;
    }
    if (time == NULL && from->retention_size == NULL) {
        time = "24h"; /* prometheus-operator's */
    }
    if (time != NULL) {
        bnc_json_set_str(s->arena, retention, "time", time);
    }
    if (from->retention_size != NULL) {
        bnc_json_set_str(s->arena, retention, "size", from->retention_size);
    }
    add(tsdb, "retention", retention, s->arena);
}

static void
add_tsdb(const struct step *s, cJSON *tsdb)
{
    const struct bnc_from_tsdb *from = s->ir->from->tsdb;
    if (from == NULL) {
        return;
    }
    if (from->out_of_order_time_window != NULL &&
        (!s->ir->agent || is_at_least(s, BNC_PROM_V(2, 54)))) {
        bnc_json_set_str(s->arena, tsdb, "out_of_order_time_window",
                         from->out_of_order_time_window);
    }
    if (from->stale_series_compaction_threshold != NULL) {
        double value = quantity(from->stale_series_compaction_threshold);
        if (value < 0 || value > 1) {
            wrong(s, "tsdb.staleSeriesCompactionThreshold", "write \"0.5\"",
                  "it is a share from 0 to 1");
        }
        bnc_json_set_item(s->arena, tsdb, "stale_series_compaction_threshold",
                          bnc_json_double(s->arena, value));
    }
    if (from->chunk_encoding != NULL && from->chunk_encoding->floats != NULL) {
        bool xor2 = strcmp(from->chunk_encoding->floats, "Xor2") == 0;
        cJSON *chunks = bnc_json_object(s->arena);
        for (size_t i = 0; i < s->ir->from->features.n && !xor2; i++) {
            if (strcmp(s->ir->from->features.items[i], "st-storage") == 0) {
                wrong(s, "tsdb.chunkEncoding.floats", "use Xor2",
                      "Xor can't store start timestamps, which the feature st-storage "
                      "asks for");
            }
        }
        bnc_json_set_str(s->arena, chunks, "floats", xor2 ? "xor2" : "xor");
        add(tsdb, "chunk_encoding", chunks, s->arena);
    }
}

static void
add_storage(const struct step *s)
{
    const struct bnc_from_exemplars *exemplars = s->ir->from->exemplars;
    cJSON *storage = bnc_json_object(s->arena);
    cJSON *tsdb = bnc_json_object(s->arena);

    if (!s->ir->agent && exemplars != NULL && exemplars->max_size != NULL) {
        cJSON *out = bnc_json_object(s->arena);
        bnc_json_set_item(s->arena, out, "max_exemplars",
                          bnc_json_clone(s->arena, exemplars->max_size));
        add(storage, "exemplars", out, s->arena);
    }
    add_tsdb(s, tsdb);
    add_retention(s, tsdb);
    add(storage, "tsdb", tsdb, s->arena);
    add(s->out, "storage", storage, s->arena);
}

/* ---- alerting ------------------------------------------------------------------ */

static void
add_rule(const struct step *s, cJSON *rules, const char *source, const char *regex)
{
    cJSON *rule = bnc_json_object(s->arena);
    cJSON *sources = bnc_json_array(s->arena);
    bnc_json_add(sources, bnc_json_str(s->arena, source));
    bnc_json_set_item(s->arena, rule, "source_labels", sources);
    bnc_json_set_str(s->arena, rule, "regex", regex);
    bnc_json_set_str(s->arena, rule, "action", "keep");
    bnc_json_add(rules, rule);
}

static cJSON *
endpoints_of(const struct step *s, const char *ns, const char *role)
{
    cJSON *entry = bnc_json_object(s->arena);
    cJSON *names = bnc_json_array(s->arena);
    cJSON *namespaces = bnc_json_object(s->arena);
    cJSON *list = bnc_json_array(s->arena);

    bnc_json_add(names, bnc_json_str(s->arena, ns));
    bnc_json_set_item(s->arena, namespaces, "names", names);
    bnc_json_set_str(s->arena, entry, "role", role);
    bnc_json_set_item(s->arena, entry, "namespaces", namespaces);
    if (s->ir->api_server != NULL) {
        entry = bnc_from_merge(entry, s->ir->api_server, s->arena);
    }
    bnc_json_add(list, entry);
    return list;
}

static void
add_ports(const struct step *s, const cJSON *from, const char *role, cJSON *rules)
{
    const cJSON *port = bnc_json_get(from, "port");
    int64_t number = 0;

    if (cJSON_IsString(port) && port->valuestring[0] != '\0') {
        add_rule(s, rules,
                 strcmp(role, "endpoints") == 0 ? BNC_META "endpoint_port_name"
                                                : BNC_META "endpointslice_port_name",
                 port->valuestring);
    } else if (bnc_json_to_int(port, &number) && number != 0) {
        add_rule(s, rules, BNC_META "pod_container_port_number",
                 bnc_arena_fmt(s->arena, "%lld", (long long)number));
    }
}

static cJSON *
alertmanager(const struct step *s, const cJSON *from, const char *path)
{
    static const struct bnc_translate_row rule_rows[] = {
        {"relabelings", "relabel_configs", BNC_TRANSLATE_RELABEL, NULL, false, NULL},
        {.from = NULL}};
    const char *ns = bnc_json_get_str(from, "namespace");
    const char *name = bnc_json_get_str(from, "name");
    const char *role =
        bnc_str_eq(s->ir->spec.prometheus->service_discovery_role, "EndpointSlice") &&
                s->ir->assume.endpoint_slices
            ? "endpointslice"
            : "endpoints";
    cJSON *out = bnc_translate(s->refs, bnc_from_alertmanager_rows, from, path);
    cJSON *rules = bnc_json_array(s->arena);
    cJSON *user = bnc_json_object(s->arena);

    if (name == NULL || name[0] == '\0') {
        bnc_diag_add(s->refs->diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(s->arena, "%s.name", path), "set it",
                     "the field is required");
        return out;
    }
    if (!is_at_least(s, BNC_PROM_V(2, 26))) {
        (void)bnc_json_remove(out, "basic_auth");
    }
    if (bnc_str_eq(bnc_json_get_str(out, "api_version"), "v1") && s->version->major > 2) {
        (void)bnc_json_remove(out, "api_version"); /* gone with Prometheus 3 */
    }
    bnc_json_set_item(s->arena, out, "kubernetes_sd_configs",
                      endpoints_of(s, ns == NULL ? s->refs->ns : ns, role));
    add_rule(s, rules, BNC_META "service_name", name);
    add_ports(s, from, role, rules);
    if (bnc_json_get(from, "relabelings") != NULL) {
        bnc_json_append(s->arena, user, "relabelings",
                        bnc_json_clone(s->arena, bnc_json_get(from, "relabelings")));
        cJSON *given = bnc_translate(s->refs, rule_rows, user, path);
        const cJSON *rule;
        cJSON_ArrayForEach(rule, bnc_json_get(given, "relabel_configs"))
        {
            bnc_json_add(rules, bnc_json_clone(s->arena, rule));
        }
    }
    bnc_json_set_item(s->arena, out, "relabel_configs", rules);
    return out;
}

/* Items of a raw YAML list under a key of a Secret. */
static void
add_raw(const struct step *s, const struct bnc_ref *ref, const char *field, cJSON *list)
{
    struct bnc_yaml_limits limits = BNC_YAML_LIMITS_DEFAULT;
    struct bnc_yaml_docs docs = {0};
    struct bnc_error err = {0};
    const char *path = bnc_arena_fmt(s->arena, "spec.%s", field);
    const char *text = bnc_refs_secret_clear(s->refs, ref, path);
    const cJSON *item;

    if (text == NULL) {
        return;
    }
    if (bnc_yaml_read(text, strlen(text), &limits, s->arena, &docs, &err) ||
        (docs.n > 0 && !cJSON_IsArray(docs.items[0].root) &&
         !cJSON_IsNull(docs.items[0].root))) {
        bnc_diag_add(s->refs->diags, BNC_REASON_INVALID_REF, path,
                     "store a YAML list there", "%s",
                     err.message[0] == '\0' ? "it is no list" : err.message);
        return;
    }
    const cJSON *root = docs.n > 0 ? docs.items[0].root : NULL;
    cJSON_ArrayForEach(item, root)
    {
        bnc_json_add(list, bnc_json_clone(s->arena, item));
    }
}

static void
add_alerting(const struct step *s)
{
    const struct bnc_spec_from *from = s->ir->from;
    const cJSON *alerting = bnc_json_get(s->ir->from_spec, "alerting");
    cJSON *managers = bnc_json_array(s->arena);
    cJSON *rules = bnc_json_array(s->arena);
    const char *replica =
        from->replica_label == NULL ? "prometheus_replica" : from->replica_label;
    const cJSON *item;
    size_t i = 0;

    if (s->ir->agent || (alerting == NULL && from->alert_relabelings == NULL &&
                         from->alertmanagers == NULL)) {
        return;
    }
    cJSON_ArrayForEach(item, bnc_json_get(alerting, "alertmanagers"))
    {
        bnc_json_add(
            managers,
            alertmanager(
                s, item,
                bnc_arena_fmt(s->arena, "spec.alerting.alertmanagers[%zu]", i++)));
    }
    add_raw(s, from->alertmanagers, "additionalAlertManagerConfigs", managers);
    if (replica[0] != '\0') { /* so that alerts of replicas are one */
        cJSON *rule = bnc_json_object(s->arena);
        bnc_json_set_str(s->arena, rule, "regex", bnc_regex_quote(replica, s->arena));
        bnc_json_set_str(s->arena, rule, "action", "labeldrop");
        bnc_json_add(rules, rule);
    }
    add_raw(s, from->alert_relabelings, "additionalAlertRelabelConfigs", rules);
    cJSON *out = bnc_json_object(s->arena);
    add(out, "alert_relabel_configs", rules, s->arena);
    add(out, "alertmanagers", managers, s->arena);
    add(s->out, "alerting", out, s->arena);
}

/* ---- the whole ----------------------------------------------------------------- */

static void
check_otlp(const struct step *s, const cJSON *otlp)
{
    const char *strategy = bnc_json_get_str(otlp, "translation_strategy");
    bool all = bnc_json_get_true(otlp, "promote_all_resource_attributes");
    const struct {
        bool wrong;
        const char *field;
        const char *message;
    } rows[] = {
        {otlp != NULL && !is_at_least(s, BNC_PROM_V(2, 55)), "otlp",
         "it needs Prometheus 2.55"},
        {bnc_str_eq(strategy, "NoUTF8EscapingWithSuffixes") &&
             bnc_str_eq(s->ir->from->name_validation_scheme, "Legacy"),
         "otlp.translationStrategy", "nameValidationScheme Legacy takes no such names"},
        {bnc_str_eq(strategy, "NoTranslation") && !is_at_least(s, BNC_PROM_V(3, 4)),
         "otlp.translationStrategy", "NoTranslation needs Prometheus 3.4"},
        {bnc_str_eq(strategy, "UnderscoreEscapingWithoutSuffixes") &&
             !is_at_least(s, BNC_PROM_V(3, 6)),
         "otlp.translationStrategy",
         "UnderscoreEscapingWithoutSuffixes needs Prometheus 3.6"},
        {is_at_least(s, BNC_PROM_V(3, 5)) && all &&
             bnc_json_get(otlp, "promote_resource_attributes") != NULL,
         "otlp.promoteResourceAttributes", "promoteAllResourceAttributes is set too"},
        {is_at_least(s, BNC_PROM_V(3, 5)) && !all &&
             bnc_json_get(otlp, "ignore_resource_attributes") != NULL,
         "otlp.ignoreResourceAttributes", "it needs promoteAllResourceAttributes"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (rows[i].wrong) {
            wrong(s, rows[i].field, NULL, rows[i].message);
        }
    }
}

/* What rows can't say of remote write: metadata is never sent with version 2. */
static void
finish_writes(const struct step *s)
{
    cJSON *entry;
    cJSON_ArrayForEach(entry, bnc_json_get(s->out, "remote_write"))
    {
        cJSON *metadata = bnc_json_get(entry, "metadata_config");
        const char *message = bnc_json_get_str(entry, "protobuf_message");
        bool second = bnc_str_eq(message, "io.prometheus.write.v2.Request");
        if (metadata != NULL && (second || bnc_json_get(metadata, "send") == NULL)) {
            bnc_json_set_bool(s->arena, metadata, "send", false);
        }
    }
}

cJSON *
bnc_from_tree(struct bnc_refs *refs, const struct bnc_ir_observatory *ir,
              const struct bnc_version *version)
{
    if (ir->from == NULL) {
        return NULL;
    }
    struct bnc_diags found = bnc_diags_new(refs->arena);
    struct bnc_diags *diags = refs->diags;
    struct step s = {.refs = refs, .ir = ir, .version = version, .arena = refs->arena};
    const struct bnc_prom_gate gate = {.version = version, .diags = &found};

    refs->diags = &found;
    s.out = bnc_translate(refs, bnc_from_top_rows, pick(&s, bnc_from_top_rows), "spec");
    add(s.out, "global",
        bnc_translate(refs, bnc_from_global_rows, pick(&s, bnc_from_global_rows), "spec"),
        s.arena);
    finish_writes(&s);
    bnc_from_check_remote(refs, version, bnc_json_get(s.out, "remote_write"),
                          "remoteWrite");
    bnc_from_check_remote(refs, version, bnc_json_get(s.out, "remote_read"),
                          "remoteRead");
    if (version->major < 3) { /* 2.55 has it behind a feature flag */
        (void)bnc_json_remove(bnc_json_get(s.out, "global"),
                              "metric_name_validation_scheme");
    }
    check_otlp(&s, bnc_json_get(s.out, "otlp"));
    add_storage(&s);
    add_alerting(&s);
    bnc_prom_tree_gate(&gate, BNC_PROM_TOP, s.out);
    refs->diags = diags;
    for (size_t i = 0; i < found.n; i++) {
        found.items[i].field =
            bnc_arena_fmt(refs->arena, "spec.prometheus.from: %s %s",
                          ir->spec.prometheus->from->name, found.items[i].field);
    }
    bnc_diags_take(diags, &found);
    return s.out;
}
