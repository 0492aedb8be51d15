#include "reconcilers/from.h"

#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "model/spec_from.h"

#define DEFAULT_VERSION "3.13.2" /* prometheus-operator's, 0.93 */

struct merge {
    struct bnc_refs *refs;
    struct bnc_ir_observatory *ir;
    struct bnc_prometheus_spec *own;
    const struct bnc_prometheus_spec *from;
};

/* ---- reading ------------------------------------------------------------------- */

/* Diagnostics of the object name it: they stand on the Observatory. */
static void
take_diags(struct bnc_refs *refs, const struct bnc_from *from, struct bnc_diags *found)
{
    for (size_t i = 0; i < found->n; i++) {
        found->items[i].field = bnc_arena_fmt(refs->arena, "spec.prometheus.from: %s %s",
                                              from->name, found->items[i].field);
    }
    bnc_diags_take(refs->diags, found);
}

static const struct bnc_object *
find(struct bnc_refs *refs, const struct bnc_from *from)
{
    bool agent = bnc_str_eq(from->kind, "PrometheusAgent");
    enum bnc_kind kind = agent ? BNC_KIND_PROMETHEUS_AGENT : BNC_KIND_PROMETHEUS;
    const struct bnc_object *object = NULL;

    switch (bnc_view_get(refs->view, kind, refs->ns, from->name, &object)) {
    case BNC_VIEW_FOUND:
        return object;
    case BNC_VIEW_PENDING:
        refs->pending = true;
        break;
    case BNC_VIEW_DENIED:
        bnc_diag_add(refs->diags, BNC_REASON_REF_DENIED, "spec.prometheus.from",
                     "allow binnacle's service account to get, list and watch it",
                     "%s %s/%s may not be read", bnc_kind_info(kind)->name, refs->ns,
                     from->name);
        break;
    case BNC_VIEW_ABSENT:
        bnc_diag_add(refs->diags, BNC_REASON_REF_NOT_FOUND, "spec.prometheus.from.name",
                     "create it, or correct the name", "there is no %s \"%s\" in %s",
                     bnc_kind_info(kind)->name, from->name, refs->ns);
        break;
    }
    return NULL;
}

static bool
read_object(struct bnc_refs *refs, struct bnc_ir_observatory *ir,
            const struct bnc_object *object)
{
    struct bnc_error err = {0};
    struct bnc_diags found = bnc_diags_new(refs->arena);
    cJSON *root = NULL;

    if (bnc_json_parse(refs->arena, object->text.ptr, object->text.len, &root, &err)) {
        bnc_diag_add(refs->diags, BNC_REASON_INVALID_OBJECT, "spec.prometheus.from", NULL,
                     "%s", err.message);
        return false;
    }
    ir->from_spec = bnc_json_get(root, "spec");
    ir->from = bnc_arena_alloc(refs->arena, sizeof(*ir->from));
    ir->agent = object->kind == BNC_KIND_PROMETHEUS_AGENT;
    bnc_fields_decode(&bnc_table_from, ir->from_spec, "spec", ir->from, &found);
    take_diags(refs, ir->spec.prometheus->from, &found);
    return true;
}

/* ---- settings ------------------------------------------------------------------ */

/* What prometheus-operator's CRD has its API server set: a file says it nowhere. */
static void
set_defaults(struct bnc_prometheus_spec *from)
{
    const char **intervals[] = {&from->scrape_interval, &from->evaluation_interval};
    for (size_t i = 0; i < BNC_LEN(intervals); i++) {
        *intervals[i] = *intervals[i] == NULL ? "30s" : *intervals[i];
    }
}

static void
merge_texts(const struct merge *m)
{
    const struct {
        const char **own;
        const char *from;
    } rows[] = {
        {&m->own->version, m->from->version},
        {&m->own->scrape_interval, m->from->scrape_interval},
        {&m->own->scrape_timeout, m->from->scrape_timeout},
        {&m->own->evaluation_interval, m->from->evaluation_interval},
        {&m->own->enforced_namespace_label, m->from->enforced_namespace_label},
        {&m->own->service_discovery_role, m->from->service_discovery_role},
        {&m->own->limits.body_size_limit, m->from->limits.body_size_limit},
        {&m->own->enforced.body_size_limit, m->from->enforced.body_size_limit},
        {&m->own->version, DEFAULT_VERSION},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (*rows[i].own == NULL) {
            *rows[i].own = rows[i].from;
        }
    }
}

static void
merge_numbers(const struct merge *m)
{
    const struct {
        struct bnc_opt_int *own;
        const struct bnc_opt_int *from;
    } rows[] = {
#define LIMIT(member)                                                                    \
    {&m->own->limits.member, &m->from->limits.member},                                   \
        {&m->own->enforced.member, &m->from->enforced.member}
        LIMIT(sample_limit),
        LIMIT(target_limit),
        LIMIT(label_limit),
        LIMIT(label_name_length_limit),
        LIMIT(label_value_length_limit),
        LIMIT(keep_dropped_targets),
#undef LIMIT
        {&m->own->shards, &m->from->shards},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (!rows[i].own->set) {
            *rows[i].own = *rows[i].from;
        }
    }
}

static void
merge_switches(const struct merge *m)
{
    const struct {
        enum bnc_tri *own;
        enum bnc_tri from;
    } rows[] = {
        {&m->own->override_honor_labels, m->from->override_honor_labels},
        {&m->own->override_honor_timestamps, m->from->override_honor_timestamps},
        {&m->own->ignore_namespace_selectors, m->from->ignore_namespace_selectors},
        {&m->own->deny_files,
         m->ir->from->files == NULL ? BNC_UNSET : m->ir->from->files->deny},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (*rows[i].own == BNC_UNSET) {
            *rows[i].own = rows[i].from;
        }
    }
}

static void
merge_lists(const struct merge *m)
{
    if (!m->own->scrape_classes.set) {
        m->own->scrape_classes = m->from->scrape_classes;
    }
    if (!m->own->excluded.set) {
        m->own->excluded = m->from->excluded;
    }
    if (!m->own->pod_target_labels.set) {
        m->own->pod_target_labels = m->from->pod_target_labels;
    }
    if (m->own->additional_scrape_configs == NULL) {
        m->own->additional_scrape_configs = m->from->additional_scrape_configs;
    }
    for (size_t i = 0; i < BNC_FOREIGN_COUNT; i++) {
        if (m->own->foreign_selectors[i] != NULL) {
            continue;
        }
        m->own->foreign_selectors[i] = m->from->foreign_selectors[i];
        m->own->foreign_namespaces[i] = m->from->foreign_namespaces[i];
        m->ir->from_selects[i] = true;
    }
}

/* ---- external labels ----------------------------------------------------------- */

static int
by_key(const void *a, const void *b)
{
    const struct bnc_pair *x = a;
    const struct bnc_pair *y = b;
    return strcmp(x->key, y->key);
}

/* What is there already counts; false: so it is. */
static bool
add_label(struct bnc_pairs *labels, const char *key, const char *value)
{
    for (size_t i = 0; i < labels->n; i++) {
        if (strcmp(labels->items[i].key, key) == 0) {
            return false;
        }
    }
    labels->items[labels->n++] = (struct bnc_pair){key, value};
    return true;
}

static bool
is_topology(const struct bnc_ir_observatory *ir)
{
    const struct bnc_from_sharding *sharding = ir->from->sharding;
    return ir->assume.topology_sharding && sharding != NULL &&
           bnc_str_eq(sharding->mode, "Topology") && sharding->topology != NULL;
}

/* $(NAME) is expanded by prometheus-operator's reloader, ${NAME} by Prometheus 3. */
static const char *
placeholder(const struct bnc_ir_observatory *ir, const char *name,
            struct bnc_arena *arena)
{
    return bnc_arena_fmt(arena, ir->operator_output ? "$(%s)" : "${%s}", name);
}

static void
merge_labels(const struct merge *m)
{
    const struct bnc_spec_from *from = m->ir->from;
    struct bnc_arena *arena = m->refs->arena;
    const struct bnc_pairs *own = &m->own->external_labels;
    const struct bnc_pairs *theirs = &m->from->external_labels;
    struct bnc_pairs out = {.set = true};
    const char *object =
        from->prometheus_label == NULL ? "prometheus" : from->prometheus_label;
    const char *replica =
        from->replica_label == NULL ? "prometheus_replica" : from->replica_label;

    out.items = bnc_arena_array(arena, own->n + theirs->n + 3, sizeof(*out.items));
    for (size_t i = 0; i < own->n; i++) {
        (void)add_label(&out, own->items[i].key, own->items[i].value);
    }
    if (object[0] != '\0') {
        (void)add_label(&out, object,
                        bnc_arena_fmt(arena, "%s/%s", m->refs->ns, m->own->from->name));
    }
    if (replica[0] != '\0') {
        (void)add_label(&out, replica, placeholder(m->ir, "POD_NAME", arena));
    }
    if (is_topology(m->ir)) {
        const char *zone = from->sharding->topology->external_label_name;
        zone = zone == NULL ? "zone" : zone;
        if (zone[0] != '\0') {
            (void)add_label(&out, zone, placeholder(m->ir, "TOPOLOGY_ZONE", arena));
        }
    }
    for (size_t i = 0; i < theirs->n; i++) {
        if (!add_label(&out, theirs->items[i].key, theirs->items[i].value)) {
            bnc_diag_warn(m->refs->diags, BNC_REASON_INVALID_FIELD,
                          bnc_arena_fmt(arena,
                                        "spec.prometheus.from: %s "
                                        "spec.externalLabels[\"%s\"]",
                                        m->own->from->name, theirs->items[i].key),
                          "give it another name", "it is ignored: the label is taken");
        }
    }
    qsort(out.items, out.n, sizeof(*out.items), by_key);
    m->own->external_labels = out;
}

void
bnc_from_settings(struct bnc_refs *refs, struct bnc_ir_observatory *ir)
{
    struct bnc_prometheus_spec *own = ir->spec.prometheus;
    if (own->from == NULL || own->from->name == NULL) {
        return;
    }
    const struct bnc_object *object = find(refs, own->from);
    if (object == NULL || !read_object(refs, ir, object)) {
        return;
    }
    const char *prefix = ir->agent ? "prom-agent-" : "prometheus-";
    const struct bnc_output_spec *output = own->output;
    ir->operator_output = output != NULL && output->name != NULL &&
                          bnc_str_starts(output->name, prefix) &&
                          strcmp(output->name + strlen(prefix), own->from->name) == 0 &&
                          (output->kind == NULL || strcmp(output->kind, "Secret") == 0);
    const struct merge m = {
        .refs = refs, .ir = ir, .own = own, .from = &ir->from->settings};
    set_defaults(&ir->from->settings);
    merge_texts(&m);
    merge_numbers(&m);
    merge_switches(&m);
    merge_lists(&m);
    merge_labels(&m);
    if (own->inline_credentials == NULL && ir->operator_output) {
        own->inline_credentials = "Allow"; /* as prometheus-operator does, there */
    }
}

/* ---- trees --------------------------------------------------------------------- */

cJSON *
bnc_from_merge(const cJSON *under, const cJSON *over, struct bnc_arena *arena)
{
    if (!cJSON_IsObject(under) || !cJSON_IsObject(over)) {
        return bnc_json_clone(arena, over != NULL ? over : under);
    }
    cJSON *out = bnc_json_clone(arena, under);
    const cJSON *item;
    cJSON_ArrayForEach(item, over)
    {
        bnc_json_set_item(arena, out, item->string,
                          bnc_from_merge(bnc_json_get(under, item->string), item, arena));
    }
    return out;
}
