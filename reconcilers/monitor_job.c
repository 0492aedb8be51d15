/*
 * One endpoint of a monitor as a job: what the object says, what the scrape class adds,
 * what the Observatory enforces.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/sort.h"
#include "reconcilers/monitor.h"

/* ---- discovery ----------------------------------------------------------------- */

static struct bnc_texts
namespaces_of(const struct bnc_monitor_ask *ask, const struct bnc_namespace_names *asked)
{
    struct bnc_texts out = {.set = true};
    bool ignored = ask->state->prometheus->ignore_namespace_selectors == BNC_TRUE;

    if (asked != NULL && !ignored) {
        if (asked->any == BNC_TRUE) {
            return (struct bnc_texts){0};
        }
        if (asked->match_names.n > 0) {
            return asked->match_names;
        }
    }
    out.items = bnc_arena_array(ask->arena, 1, sizeof(*out.items));
    out.items[0] = ask->scraper->member->object->ns;
    out.n = 1;
    return out;
}

static int
by_key(const void *a, const void *b)
{
    const struct bnc_requirement *x = a;
    const struct bnc_requirement *y = b;
    return strcmp(x->key, y->key);
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* As Kubernetes writes a selector: "app=web,tier in (a,b),!old", by key. */
static const char *
selector_text(const struct bnc_selector *selector, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, (size_t)1024 * 1024);
    struct bnc_requirement *items =
        bnc_arena_memdup(arena, selector->written, selector->n * sizeof(*items));

    for (size_t i = 0; i < selector->n_labels; i++) {
        items[i].n_values = 0; /* marks an equality */
    }
    bnc_sort(items, selector->n, sizeof(*items), by_key);
    bnc_str_puts(&out, "");
    for (size_t i = 0; i < selector->n; i++) {
        const struct bnc_requirement *item = &items[i];
        bool equals = item->op == BNC_SELECTOR_IN && item->n_values == 0;
        const char *not = item->op == BNC_SELECTOR_DOES_NOT_EXIST ? "!" : "";
        bnc_str_fmt(&out, "%s%s%s", i == 0 ? "" : ",", not, item->key);
        if (equals) {
            bnc_str_fmt(&out, "=%s", item->values[0]);
        } else if (item->n_values > 0) {
            bnc_str_puts(&out, item->op == BNC_SELECTOR_IN ? " in (" : " notin (");
            const char **values =
                bnc_arena_memdup(arena, item->values, item->n_values * sizeof(*values));
            bnc_sort(values, item->n_values, sizeof(*values), by_text);
            for (size_t k = 0; k < item->n_values; k++) {
                bnc_str_fmt(&out, "%s%s", k == 0 ? "" : ",", values[k]);
            }
            bnc_str_putc(&out, ')');
        }
    }
    return out.ptr;
}

/* The API server selects what Prometheus watches. */
static void
add_role_selectors(const struct bnc_monitor_ask *ask, struct bnc_job *job)
{
    const struct bnc_spec_monitor *spec = &ask->scraper->ir->spec;
    const char *roles[] = {job->role, strcmp(job->role, "pod") == 0 ? NULL : "service"};

    if (!bnc_str_eq(spec->selector_mechanism, "RoleSelector") || spec->selector == NULL) {
        return;
    }
    cJSON *list = bnc_json_array(ask->arena);
    for (size_t i = 0; i < BNC_LEN(roles) && roles[i] != NULL; i++) {
        cJSON *item = bnc_json_object(ask->arena);
        bnc_json_set_str(ask->arena, item, "role", roles[i]);
        bnc_json_set_str(ask->arena, item, "label",
                         selector_text(spec->selector, ask->arena));
        bnc_json_add(list, item);
    }
    job->selectors = list;
}

static const char *
endpoints_role(const struct bnc_monitor_ask *ask)
{
    const char *role = ask->scraper->ir->spec.service_discovery_role;
    if (role == NULL) {
        role = ask->state->prometheus->service_discovery_role;
    }
    return bnc_str_eq(role, "EndpointSlice") && ask->state->assume.endpoint_slices
               ? "endpointslice"
               : "endpoints";
}

/* A Probe's list of targets. */
static const cJSON *
static_targets(const struct bnc_monitor_ask *ask)
{
    const struct bnc_probe_static *fixed = ask->scraper->ir->spec.targets->fixed;
    struct bnc_arena *arena = ask->arena;
    cJSON *targets = bnc_json_array(arena);
    cJSON *labels = bnc_json_object(arena);

    for (size_t i = 0; i < fixed->targets.n; i++) {
        bnc_json_add(targets, bnc_json_str(arena, fixed->targets.items[i]));
    }
    for (size_t i = 0; i < fixed->labels.n; i++) {
        bnc_json_set_str(arena, labels, fixed->labels.items[i].key,
                         fixed->labels.items[i].value);
    }
    if (bnc_json_get(labels, "namespace") == NULL) {
        bnc_json_set_str(arena, labels, "namespace", ask->scraper->member->object->ns);
    }
    cJSON *item = bnc_json_object(arena);
    bnc_json_set_item(arena, item, "targets", targets);
    bnc_json_set_item(arena, item, "labels", labels);
    cJSON *list = bnc_json_array(arena);
    bnc_json_add(list, item);
    cJSON *out = bnc_json_object(arena);
    bnc_json_set_item(arena, out, "static_configs", list);
    return out;
}

/*
 * prometheus-operator forgets TLS, redirects and HTTP/2 of Azure's client, and with an
 * environment all of that client's settings.
 */
static const cJSON *
with_azure_as_it_is(const cJSON *discovery, struct bnc_arena *arena)
{
    static const struct {
        const char *key;
        bool always;
    } lost[] = {{"tls_config", true},
                {"follow_redirects", true},
                {"enable_http2", true},
                {"basic_auth", false},
                {"authorization", false},
                {"oauth2", false},
                {"proxy_url", false},
                {"no_proxy", false},
                {"proxy_from_environment", false},
                {"proxy_connect_header", false}};
    if (bnc_json_get(discovery, "azure_sd_configs") == NULL) {
        return discovery;
    }
    cJSON *copy = bnc_json_clone(arena, discovery);
    cJSON *entry;
    cJSON_ArrayForEach(entry, bnc_json_get(copy, "azure_sd_configs"))
    {
        bool all = bnc_json_get(entry, "environment") != NULL;
        for (size_t i = 0; i < BNC_LEN(lost); i++) {
            if (all || lost[i].always) {
                (void)bnc_json_remove(entry, lost[i].key);
            }
        }
    }
    return copy;
}

static void
fill_discovery(const struct bnc_monitor_ask *ask, struct bnc_job *job)
{
    const struct bnc_ir_monitor *ir = ask->scraper->ir;
    const struct bnc_namespace_names *names = ir->spec.namespaces;

    enum bnc_kind kind = ask->scraper->member->object->kind;

    if (kind == BNC_KIND_SCRAPE_CONFIG) {
        job->discovery = bnc_monitor_exact(ask->state)
                             ? with_azure_as_it_is(ir->discovery, ask->arena)
                             : ir->discovery;
        return;
    }
    if (kind == BNC_KIND_PROBE && ir->spec.targets->fixed != NULL) {
        job->discovery = static_targets(ask);
        return;
    }
    if (kind == BNC_KIND_PROBE) {
        names = ir->spec.targets->ingress->namespaces;
        job->role = "ingress";
    } else {
        job->role = kind == BNC_KIND_POD_MONITOR ? "pod" : endpoints_role(ask);
    }
    job->namespaces = namespaces_of(ask, names);
    add_role_selectors(ask, job);
}

/* ---- what is asked for --------------------------------------------------------- */

/* Prometheus takes HTTPS, and then has no such protocol. */
static const char *
lower_case(const char *text, struct bnc_arena *arena)
{
    char *copy = bnc_arena_strdup(arena, text);
    for (char *p = copy; p != NULL && *p != '\0'; p++) {
        *p = (char)tolower((unsigned char)*p);
    }
    return copy;
}

static const char *
unless_empty(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* A Probe's module and params, by name. */
static struct bnc_multipairs
probe_params(const struct bnc_monitor_ask *ask)
{
    const struct bnc_spec_monitor *spec = &ask->scraper->ir->spec;
    const struct bnc_probe_param *params = spec->params.items;
    const char *module = unless_empty(spec->module);
    struct bnc_multipairs out = {.set = true};

    out.items = bnc_arena_array(ask->arena, spec->params.n + 1, sizeof(*out.items));
    if (module != NULL) {
        const char **values = bnc_arena_array(ask->arena, 1, sizeof(*values));
        values[0] = module;
        out.items[out.n++] = (struct bnc_multipair){
            .key = "module", .values = {.items = values, .n = 1, .set = true}};
    }
    for (size_t i = 0; i < spec->params.n; i++) {
        if (params[i].name != NULL &&
            (module == NULL || strcmp(params[i].name, "module") != 0)) {
            out.items[out.n++] =
                (struct bnc_multipair){.key = params[i].name, .values = params[i].values};
        }
    }
    return out;
}

static void
fill_request(const struct bnc_monitor_ask *ask, struct bnc_job *job)
{
    const struct bnc_ir_monitor *ir = ask->scraper->ir;
    const struct bnc_endpoint *spec = ir->endpoints[ask->endpoint].spec;
    enum bnc_kind kind = ask->scraper->member->object->kind;
    bool monitor = kind == BNC_KIND_SERVICE_MONITOR || kind == BNC_KIND_POD_MONITOR;

    job->honor_labels =
        monitor && spec->honor_labels == BNC_UNSET ? BNC_FALSE : spec->honor_labels;
    job->honor_timestamps = kind == BNC_KIND_PROBE ? BNC_TRUE : spec->honor_timestamps;
    job->keeps_timestamps =
        kind == BNC_KIND_SCRAPE_CONFIG && spec->honor_timestamps == BNC_UNSET;
    job->track_timestamps_staleness = spec->track_timestamps_staleness;
    job->scrape_interval = spec->interval;
    job->scrape_timeout = spec->scrape_timeout;
    job->metrics_path = unless_empty(spec->path);
    job->params = kind == BNC_KIND_PROBE ? probe_params(ask) : spec->params;
    job->scheme = lower_case(spec->scheme, ask->arena);
    job->follow_redirects = spec->follow_redirects;
    job->enable_http2 = spec->enable_http2;
    job->enable_compression = ir->spec.enable_compression;
    job->proxy_url = unless_empty(spec->proxy_url);
    job->no_proxy = unless_empty(spec->no_proxy);
    job->proxy_from_environment = spec->proxy_from_environment;
    job->limits = ir->spec.limits;
    job->histograms = ir->spec.histograms;
    job->scrape_protocols = ir->spec.scrape_protocols;
    job->fallback_scrape_protocol = ir->spec.fallback_scrape_protocol;
    job->name_validation_scheme = lower_case(ir->spec.name_validation_scheme, ask->arena);
    job->name_escaping_scheme = ir->spec.name_escaping_scheme;
    if (ir->spec.attach_node_metadata != NULL) {
        job->attach_node_metadata =
            *ir->spec.attach_node_metadata == BNC_TRUE ? BNC_TRUE : BNC_FALSE;
    }
}

static void
fill_auth(const struct bnc_endpoint_ir *endpoint, struct bnc_job *job)
{
    job->auth_type = endpoint->auth_type;
    job->credentials_file = endpoint->credentials_file;
    job->basic_username = endpoint->username;
    job->basic_username_file = endpoint->username_file;
    job->basic_password_file = endpoint->password_file;
    job->oauth2 = endpoint->oauth2;
    job->bearer_token_file = unless_empty(endpoint->bearer_token_file);
    job->tls = endpoint->tls;
    job->proxy_connect_header = endpoint->proxy_connect_header;
}

/* ---- scrape class -------------------------------------------------------------- */

static bool
is_empty_tls(const struct bnc_job_tls *tls)
{
    return tls->insecure_skip_verify == BNC_UNSET && tls->ca_file == NULL &&
           tls->cert_file == NULL && tls->key_file == NULL && tls->server_name == NULL &&
           tls->min_version == NULL && tls->max_version == NULL;
}

/* All of it where the object says nothing; else the files that it does not name. */
static void
take_class_tls(const struct bnc_monitor_ask *ask, struct bnc_job *job)
{
    const struct bnc_tls_config *class = ask->scraper->class->tls_config;
    bool service = ask->scraper->member->object->kind == BNC_KIND_SERVICE_MONITOR;
    struct bnc_job_tls *tls = &job->tls;

    if (!service && is_empty_tls(tls)) {
        tls->present = false;
    }
    if (class == NULL) {
        return;
    }
    if (!tls->present) {
        *tls = (struct bnc_job_tls){.present = true,
                                    .insecure_skip_verify = class->insecure_skip_verify,
                                    .server_name = class->server_name,
                                    .min_version = class->min_version,
                                    .max_version = class->max_version};
    }
    tls->ca_file = tls->ca_file != NULL ? tls->ca_file : class->ca_file;
    tls->cert_file = tls->cert_file != NULL ? tls->cert_file : class->cert_file;
    tls->key_file = tls->key_file != NULL ? tls->key_file : class->key_file;
}

/* Prometheus refuses a second kind of authentication: the object's own counts. */
static void
take_class_authorization(const struct bnc_monitor_ask *ask, struct bnc_job *job)
{
    const struct bnc_authorization *class = ask->scraper->class->authorization;
    bool other = job->basic_password_file != NULL || job->basic_username_file != NULL ||
                 job->oauth2 != NULL || job->bearer_token_file != NULL;
    if (class == NULL || other) {
        return;
    }
    if (job->auth_type == NULL) {
        job->auth_type = class->type == NULL ? "Bearer" : class->type;
    }
    if (job->credentials_file == NULL) {
        job->credentials_file = ask->scraper->class->credentials_file;
    }
}

static void
take_class(const struct bnc_monitor_ask *ask, struct bnc_job *job)
{
    const struct bnc_scrape_class *class = ask->scraper->class;
    bool role = ask->scraper->member->object->kind == BNC_KIND_SERVICE_MONITOR ||
                ask->scraper->member->object->kind == BNC_KIND_POD_MONITOR;
    if (class == NULL) {
        return;
    }
    take_class_tls(ask, job);
    take_class_authorization(ask, job);
    if (job->fallback_scrape_protocol == NULL) {
        job->fallback_scrape_protocol = class->fallback_scrape_protocol;
    }
    if (role && job->attach_node_metadata == BNC_UNSET) {
        job->attach_node_metadata = class->attach_node_metadata;
    }
}

/* ---- rules --------------------------------------------------------------------- */

static void
add_enforced(const struct bnc_monitor_ask *ask, struct bnc_rules *rules)
{
    const char *label = ask->state->prometheus->enforced_namespace_label;
    if (label != NULL && label[0] != '\0' && !ask->scraper->excluded) {
        struct bnc_relabel rule = {.target_label = label,
                                   .replacement = ask->scraper->member->object->ns};
        bnc_rules_add(rules, &rule);
    }
}

bool
bnc_monitor_exact(const struct bnc_plan_state *state)
{
    const struct bnc_from *from = state->prometheus->from;
    return from != NULL && bnc_str_eq(from->compat, "Exact");
}

/* prometheus-operator: a ScrapeConfig without relabelings escapes the label. */
static bool
is_forgotten(const struct bnc_monitor_ask *ask, const struct bnc_list *relabelings)
{
    return bnc_monitor_exact(ask->state) && relabelings->n == 0 &&
           ask->scraper->member->object->kind == BNC_KIND_SCRAPE_CONFIG;
}

static void
add_rules(const struct bnc_monitor_ask *ask, const struct bnc_job *job,
          struct bnc_rules *rules, struct bnc_rules *metric_rules)
{
    const struct bnc_scrape_class *class = ask->scraper->class;
    const struct bnc_ir_monitor *ir = ask->scraper->ir;
    struct bnc_monitor_lists lists = bnc_monitor_lists_of(ir, ask->endpoint);

    bnc_monitor_rules(ask, job, rules);
    if (class != NULL) {
        bnc_rules_add_list(rules, &class->relabelings);
        bnc_rules_add_list(metric_rules, &class->metric_relabelings);
    }
    if (ask->scraper->member->object->kind == BNC_KIND_SCRAPE_CONFIG &&
        ir->spec.job_name != NULL) {
        struct bnc_relabel rule = {
            .target_label = "job", .replacement = ir->spec.job_name, .action = "replace"};
        bnc_rules_add(rules, &rule);
    }
    bnc_rules_add_list(rules, lists.targets);
    bnc_rules_add_list(metric_rules, lists.series);
    if (!is_forgotten(ask, lists.targets)) {
        add_enforced(ask, rules);
    }
    add_enforced(ask, metric_rules);
}

static bool
has_hashmod(const struct bnc_rules *rules)
{
    for (size_t i = 0; i < rules->n; i++) {
        if (bnc_str_eq(rules->items[i].action, "hashmod")) {
            return true;
        }
    }
    return false;
}

/* Zones are told by the node where pods have no label of theirs. */
static void
take_topology(const struct bnc_monitor_ask *ask, struct bnc_job *job)
{
    const struct bnc_plan_state *state = ask->state;
    if (state->by_zone && !state->assume.pod_topology &&
        strcmp(job->role, "ingress") != 0) {
        job->attach_node_metadata = BNC_TRUE;
    }
    if (state->assume.daemon_set) { /* each server takes the pods of its own node */
        cJSON *item = bnc_json_object(ask->arena);
        bnc_json_set_str(ask->arena, item, "role", "pod");
        bnc_json_set_str(ask->arena, item, "field", "spec.nodeName=$(NODE_NAME)");
        const char *label = bnc_json_get_str(
            job->selectors == NULL ? NULL : job->selectors->child, "label");
        if (label != NULL) { /* two selectors of one role are refused */
            bnc_json_set_str(ask->arena, item, "label", label);
        }
        cJSON *list = bnc_json_array(ask->arena);
        bnc_json_add(list, item);
        job->selectors = list;
    }
}

void
bnc_monitor_job(const struct bnc_monitor_ask *ask, struct bnc_job *job,
                struct bnc_rules *rules, struct bnc_rules *metric_rules)
{
    enum bnc_kind kind = ask->scraper->member->object->kind;

    fill_discovery(ask, job);
    fill_request(ask, job);
    fill_auth(&ask->scraper->ir->endpoints[ask->endpoint], job);
    take_class(ask, job);
    if (job->role != NULL) {
        job->api_server = ask->state->ir->api_server;
        take_topology(ask, job);
    }
    if (kind != BNC_KIND_SERVICE_MONITOR && is_empty_tls(&job->tls)) {
        job->tls.present = false;
    }
    add_rules(ask, job, rules, metric_rules);
    job->shard_by = kind == BNC_KIND_PROBE ? "__param_target" : "__address__";
    if (kind == BNC_KIND_SCRAPE_CONFIG) {
        job->sharding = has_hashmod(rules) ? BNC_SHARDING_OFF : BNC_SHARDING_SEVERAL;
    }
}
