/*
 * The relabel rules that prometheus-operator puts before a user's own, rule by rule in
 * its order, as of 0.93: dashboards and alerts rely on the labels that they give.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "reconcilers/monitor.h"

#define POD     BNC_META "pod_"
#define SERVICE BNC_META "service_"
#define INGRESS BNC_META "ingress_"
#define SOURCES 3

/* A rule that is the same for every object. */
struct fixed {
    const char *sources[SOURCES];
    const char *separator;
    const char *regex;
    const char *target;
    const char *replacement;
    const char *action;
};

static void
add_fixed(struct bnc_rules *rules, const struct fixed *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct bnc_relabel rule = {.separator = rows[i].separator,
                                   .regex = rows[i].regex,
                                   .target_label = rows[i].target,
                                   .replacement = rows[i].replacement,
                                   .action = rows[i].action};
        while (rule.source_labels.n < SOURCES &&
               rows[i].sources[rule.source_labels.n] != NULL) {
            rule.source_labels.n++;
        }
        rule.source_labels.items = bnc_arena_memdup(
            rules->arena, rows[i].sources, rule.source_labels.n * sizeof(const char *));
        bnc_rules_add(rules, &rule);
    }
}

/* target = replacement, as it stands. */
static void
add_set(struct bnc_rules *rules, const char *target, const char *replacement)
{
    struct bnc_relabel rule = {.target_label = target, .replacement = replacement};
    bnc_rules_add(rules, &rule);
}

static void
add_job_name(struct bnc_rules *rules)
{
    static const struct fixed row = {.sources = {"job"},
                                     .target = "__tmp_prometheus_job_name"};
    add_fixed(rules, &row, 1);
}

static void
add_running(struct bnc_rules *rules, const struct bnc_endpoint *spec)
{
    if (spec->filter_running != BNC_FALSE) {
        bnc_rules_filter(rules, "drop", POD "phase", "(Failed|Succeeded)");
    }
}

/* ---- selectors ----------------------------------------------------------------- */

/* "(a|b);true": values of labels have one special character, the dot. */
static const char *
values_regex(const struct bnc_requirement *item, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, (size_t)1024 * 1024);
    bnc_str_putc(&out, '(');
    for (size_t i = 0; i < item->n_values; i++) {
        bnc_str_fmt(&out, "%s%s", i == 0 ? "" : "|",
                    bnc_regex_quote(item->values[i], arena));
    }
    bnc_str_puts(&out, ");true");
    return out.ptr;
}

/* `prefix`: of the labels that discovery gives, as "__meta_kubernetes_pod_". */
static void
add_selector(struct bnc_rules *rules, const struct bnc_selector *selector,
             const char *prefix)
{
    struct bnc_arena *arena = rules->arena;
    for (size_t i = 0; selector != NULL && i < selector->n; i++) {
        const struct bnc_requirement *item = &selector->written[i];
        const char *key = bnc_sanitize(item->key, arena);
        const char *present = bnc_arena_fmt(arena, "%slabelpresent_%s", prefix, key);
        bool compares = item->op == BNC_SELECTOR_IN || item->op == BNC_SELECTOR_NOT_IN;
        bool keeps = item->op == BNC_SELECTOR_IN || item->op == BNC_SELECTOR_EXISTS;
        struct bnc_relabel rule = {
            .source_labels =
                compares
                    ? bnc_sources(arena, bnc_arena_fmt(arena, "%slabel_%s", prefix, key),
                                  present, NULL)
                    : bnc_sources(arena, present, NULL),
            .regex = compares ? values_regex(item, arena) : "true",
            .action = keeps ? "keep" : "drop"};
        bnc_rules_add(rules, &rule);
    }
}

static bool
selects_by_rules(const struct bnc_spec_monitor *spec)
{
    return !bnc_str_eq(spec->selector_mechanism, "RoleSelector");
}

/* ---- labels -------------------------------------------------------------------- */

/* `prefix` and a label's name → that name; when it is not empty. */
static void
add_copies(struct bnc_rules *rules, const struct bnc_texts *names, const char *prefix)
{
    for (size_t i = 0; i < names->n; i++) {
        const char *name = bnc_sanitize(names->items[i], rules->arena);
        struct fixed row = {
            .sources = {bnc_arena_fmt(rules->arena, "%s%s", prefix, name)},
            .regex = "(.+)",
            .target = name,
            .replacement = "${1}"};
        add_fixed(rules, &row, 1);
    }
}

static void
add_job_label(struct bnc_rules *rules, const char *label, const char *prefix)
{
    if (label == NULL || label[0] == '\0') {
        return;
    }
    struct fixed row = {.sources = {bnc_arena_fmt(rules->arena, "%slabel_%s", prefix,
                                                  bnc_sanitize(label, rules->arena))},
                        .regex = "(.+)",
                        .target = "job",
                        .replacement = "${1}"};
    add_fixed(rules, &row, 1);
}

/* ---- ports --------------------------------------------------------------------- */

static const char *
number_text(const cJSON *number, struct bnc_arena *arena)
{
    int64_t value = 0;
    return bnc_json_to_int(number, &value) && value != 0
               ? bnc_arena_fmt(arena, "%lld", (long long)value)
               : NULL;
}

/* A port of a container by name or number; false: nothing is said. */
static bool
add_target_port(struct bnc_rules *rules, const cJSON *port)
{
    const char *name = cJSON_IsString(port) ? port->valuestring : NULL;
    const char *number = name == NULL ? number_text(port, rules->arena) : NULL;

    if (name != NULL && name[0] != '\0') {
        bnc_rules_filter(rules, "keep", POD "container_port_name", name);
    } else if (number != NULL) {
        bnc_rules_filter(rules, "keep", POD "container_port_number", number);
    }
    return name != NULL || number != NULL;
}

static void
add_endpoint_label(struct bnc_rules *rules, const struct bnc_endpoint *spec)
{
    const char *text = spec->port;
    if (text == NULL || text[0] == '\0') {
        const cJSON *port = spec->target_port;
        int64_t number = 0;
        text = cJSON_IsString(port) ? port->valuestring
               : bnc_json_to_int(port, &number)
                   ? bnc_arena_fmt(rules->arena, "%lld", (long long)number)
                   : NULL;
    }
    if (text != NULL && text[0] != '\0') {
        add_set(rules, "endpoint", text);
    }
}

/* ---- kinds --------------------------------------------------------------------- */

static void
add_service_targets(struct bnc_rules *rules, const char *role)
{
    const char *kind = bnc_arena_fmt(rules->arena, BNC_META "%s_address_target_kind",
                                     strcmp(role, "endpoints") == 0 ? "endpoint" : role);
    const char *name = bnc_arena_fmt(rules->arena, BNC_META "%s_address_target_name",
                                     strcmp(role, "endpoints") == 0 ? "endpoint" : role);
    const struct fixed rows[] = {
        {{kind, name}, ";", "Node;(.*)", "node", "${1}", NULL},
        {{kind, name}, ";", "Pod;(.*)", "pod", "${1}", NULL},
        {{BNC_META "namespace"}, NULL, NULL, "namespace", NULL, NULL},
        {{SERVICE "name"}, NULL, NULL, "service", NULL, NULL},
        {{POD "name"}, NULL, NULL, "pod", NULL, NULL},
        {{POD "container_name"}, NULL, NULL, "container", NULL, NULL},
    };
    add_fixed(rules, rows, BNC_LEN(rows));
}

static void
service_rules(const struct bnc_monitor_ask *ask, const struct bnc_job *job,
              struct bnc_rules *rules)
{
    static const struct fixed job_row = {
        .sources = {SERVICE "name"}, .target = "job", .replacement = "${1}"};
    const struct bnc_spec_monitor *spec = &ask->scraper->ir->spec;
    const struct bnc_endpoint *endpoint = ask->scraper->ir->endpoints[ask->endpoint].spec;

    add_job_name(rules);
    if (selects_by_rules(spec)) {
        add_selector(rules, spec->selector, SERVICE);
    }
    if (endpoint->port != NULL && endpoint->port[0] != '\0') {
        bnc_rules_filter(rules, "keep",
                         strcmp(job->role, "endpoints") == 0
                             ? BNC_META "endpoint_port_name"
                             : BNC_META "endpointslice_port_name",
                         endpoint->port);
    } else {
        (void)add_target_port(rules, endpoint->target_port);
    }
    add_service_targets(rules, job->role);
    add_running(rules, endpoint);
    add_copies(rules, &spec->target_labels, SERVICE "label_");
    add_copies(rules, &spec->pod_target_labels, POD "label_");
    add_copies(rules, &ask->state->prometheus->pod_target_labels, POD "label_");
    add_fixed(rules, &job_row, 1);
    add_job_label(rules, spec->job_label, SERVICE);
    add_endpoint_label(rules, endpoint);
}

static void
pod_rules(const struct bnc_monitor_ask *ask, const struct bnc_job *job,
          struct bnc_rules *rules)
{
    static const struct fixed rows[] = {
        {{BNC_META "namespace"}, NULL, NULL, "namespace", NULL, NULL},
        {{POD "container_name"}, NULL, NULL, "container", NULL, NULL},
        {{POD "name"}, NULL, NULL, "pod", NULL, NULL},
    };
    const struct bnc_spec_monitor *spec = &ask->scraper->ir->spec;
    const struct bnc_endpoint *endpoint = ask->scraper->ir->endpoints[ask->endpoint].spec;
    const struct bnc_object *object = ask->scraper->member->object;
    BNC_UNUSED(job);

    add_job_name(rules);
    add_running(rules, endpoint);
    if (selects_by_rules(spec)) {
        add_selector(rules, spec->selector, POD);
    }
    if (endpoint->port != NULL && endpoint->port[0] != '\0') {
        bnc_rules_filter(rules, "keep", POD "container_port_name", endpoint->port);
    } else if (endpoint->port_number.set) {
        bnc_rules_filter(
            rules, "keep", POD "container_port_number",
            bnc_arena_fmt(rules->arena, "%lld", (long long)endpoint->port_number.value));
    } else {
        (void)add_target_port(rules, endpoint->target_port);
    }
    add_fixed(rules, rows, BNC_LEN(rows));
    add_copies(rules, &spec->pod_target_labels, POD "label_");
    add_copies(rules, &ask->state->prometheus->pod_target_labels, POD "label_");
    add_set(rules, "job", bnc_arena_fmt(rules->arena, "%s/%s", object->ns, object->name));
    add_job_label(rules, spec->job_label, POD);
    add_endpoint_label(rules, endpoint);
}

static void
probe_rules(const struct bnc_monitor_ask *ask, const struct bnc_job *job,
            struct bnc_rules *rules)
{
    static const struct fixed fixed_rows[] = {
        {{"__address__"}, NULL, NULL, "__param_target", NULL, NULL},
        {{"__param_target"}, NULL, NULL, "instance", NULL, NULL},
    };
    static const struct fixed ingress_rows[] = {
        {{INGRESS "scheme", "__address__", INGRESS "path"},
         ";",
         "(.+);(.+);(.+)",
         "__param_target",
         "${1}://${2}${3}",
         "replace"},
        {{BNC_META "namespace"}, NULL, NULL, "namespace", NULL, NULL},
        {{INGRESS "name"}, NULL, NULL, "ingress", NULL, NULL},
        {{"__address__"}, ";", "(.*)", "__tmp_ingress_address", "$1", "replace"},
        {{"__param_target"}, NULL, NULL, "instance", NULL, NULL},
    };
    const struct bnc_spec_monitor *spec = &ask->scraper->ir->spec;
    BNC_UNUSED(job);

    add_job_name(rules);
    if (spec->job_name != NULL && spec->job_name[0] != '\0') {
        add_set(rules, "job", spec->job_name);
    }
    if (spec->targets->fixed != NULL) {
        add_fixed(rules, fixed_rows, BNC_LEN(fixed_rows));
    } else {
        add_selector(rules, spec->targets->ingress->selector, INGRESS);
        add_fixed(rules, ingress_rows, BNC_LEN(ingress_rows));
    }
    add_set(rules, "__address__", spec->prober->url);
}

static void
scrape_config_rules(const struct bnc_monitor_ask *ask, const struct bnc_job *job,
                    struct bnc_rules *rules)
{
    BNC_UNUSED(ask);
    BNC_UNUSED(job);
    add_job_name(rules);
}

void
bnc_monitor_rules(const struct bnc_monitor_ask *ask, const struct bnc_job *job,
                  struct bnc_rules *rules)
{
    static void (*const builders[])(const struct bnc_monitor_ask *,
                                    const struct bnc_job *, struct bnc_rules *) = {
        [BNC_FOREIGN_SERVICE_MONITOR] = service_rules,
        [BNC_FOREIGN_POD_MONITOR] = pod_rules,
        [BNC_FOREIGN_PROBE] = probe_rules,
        [BNC_FOREIGN_SCRAPE_CONFIG] = scrape_config_rules,
    };
    builders[bnc_monitor_which(ask->scraper->member->object->kind)](ask, job, rules);
}
