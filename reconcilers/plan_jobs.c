/*
 * The three kinds of jobs: from a policy's endpoint, from annotated workloads
 * that ask for the same, from a preset.  One shape: which pods, whose they are
 * not, their labels, the user's own rules, the enforced label.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "reconcilers/monitor.h"
#include "reconcilers/plan_state.h"
#include "render/prom_prune.h"

struct building {
    const struct bnc_plan_state *state;
    const struct bnc_unit_source *source;
    struct bnc_arena *arena;
    struct bnc_rules rules;
    struct bnc_rules metric_rules;
    struct bnc_job *job;
};

/* ---- labels -------------------------------------------------------------------------
 */

static void
add_pod_target_labels(struct building *b, const struct bnc_texts *names)
{
    for (size_t i = 0; i < names->n; i++) {
        if (strcmp(names->items[i], "*") == 0) {
            struct bnc_relabel rule = {.action = "labelmap",
                                       .regex = BNC_META "pod_label_(.+)"};
            bnc_rules_add(&b->rules, &rule);
            continue;
        }
        const char *safe = bnc_sanitize(names->items[i], b->arena);
        bool digit = safe[0] >= '0' && safe[0] <= '9'; /* no label name begins so */
        bnc_rules_copy(&b->rules, bnc_arena_fmt(b->arena, BNC_META "pod_label_%s", safe),
                       bnc_arena_fmt(b->arena, "%s%s", digit ? "_" : "", safe));
    }
}

/*
 * job = NAMESPACE/WORKLOAD from what controls the pod; the last that matches
 * counts.  A ReplicaSet that is no Deployment's is most likely of a kind that
 * names its ReplicaSets alike (a Rollout), else its own name has no such end.
 */
static void
add_workload_job(struct building *b, bool cron)
{
    const char *rows[] = {
        "([^;]+);[^;]+;([^;]+);.+", /* exact */
        cron ? "([^;]+);Job;(.+)-" BNC_TIME_REGEX ";.+"
             : "([^;]+);ReplicaSet;(.+)-" BNC_HASH_REGEX ";.+",
        "([^;]+);(?:|Node);[^;]*;(.+)", /* the pod's own name */
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_relabel rule = {.source_labels = bnc_identity_sources(b->arena),
                                   .regex = rows[i],
                                   .target_label = "job",
                                   .replacement = "$1/$2"};
        bnc_rules_add(&b->rules, &rule);
    }
}

static void
add_enforced_label(struct building *b, const char *ns)
{
    const char *label = b->state->prometheus->enforced_namespace_label;
    if (label == NULL || label[0] == '\0') {
        return;
    }
    if (ns != NULL) {
        bnc_rules_set(&b->rules, label, ns);
        bnc_rules_set(&b->metric_rules, label, ns);
    } else {
        bnc_rules_copy(&b->rules, BNC_META "namespace", label);
    }
}

static void
add_prune(struct building *b, const struct bnc_prune_spec *prune)
{
    struct bnc_relabels rules = bnc_prom_prune_rules(prune, b->arena);
    for (size_t i = 0; i < rules.n; i++) {
        bnc_rules_add(&b->metric_rules, &rules.items[i]);
    }
}

/* ---- policies ------------------------------------------------------------------------
 */

static void
add_policy_labels(struct building *b, const struct bnc_preset *preset)
{
    const struct bnc_taker *taker = b->source->taker;
    const struct bnc_spec_scrape_policy *spec = &taker->ir->spec;
    const struct bnc_object *object = taker->member->object;

    /* before ours: a pod's label may not say another namespace */
    add_pod_target_labels(b, &b->state->prometheus->pod_target_labels);
    add_pod_target_labels(b, &spec->pod_target_labels);
    if (preset != NULL) {
        bnc_preset_label_rules(preset, &b->rules);
    } else {
        bnc_rules_pod_labels(&b->rules, true);
    }
    bnc_rules_set(&b->rules, "job",
                  bnc_arena_fmt(b->arena, "%s/%s", object->ns, object->name));
    if (spec->job_label != NULL) {
        bnc_rules_copy(&b->rules,
                       bnc_arena_fmt(b->arena, BNC_META "pod_label_%s",
                                     bnc_sanitize(spec->job_label, b->arena)),
                       "job");
    }
    for (size_t i = 0; i < spec->labels.n; i++) {
        bnc_rules_set(&b->rules, spec->labels.items[i].key, spec->labels.items[i].value);
    }
}

/* A client certificate is a credential: without the right to it the rest counts. */
static void
take_class_tls(struct bnc_job_tls *tls, const struct bnc_tls_config *class,
               bool credentials)
{
    const struct {
        const char **to;
        const char *from;
    } rows[] = {
        {&tls->ca_file, class->ca_file},
        {&tls->server_name, class->server_name},
        {&tls->min_version, class->min_version},
        {&tls->max_version, class->max_version},
        {&tls->cert_file, credentials ? class->cert_file : NULL},
        {&tls->key_file, credentials ? class->key_file : NULL},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (*rows[i].to == NULL) {
            *rows[i].to = rows[i].from;
        }
    }
    if (tls->insecure_skip_verify == BNC_UNSET) {
        tls->insecure_skip_verify = class->insecure_skip_verify;
    }
    tls->present = true;
}

static void
take_class(struct building *b)
{
    const struct bnc_taker *taker = b->source->taker;
    const struct bnc_scrape_class *class = taker->class;
    struct bnc_job *job = b->job;
    if (class == NULL) {
        return;
    }
    if (class->tls_config != NULL) {
        take_class_tls(&job->tls, class->tls_config, taker->class_credentials);
    }
    bool own = job->auth_type != NULL || job->basic_username != NULL ||
               job->basic_password_file != NULL || job->oauth2 != NULL;
    if (class->authorization != NULL && !own && taker->class_credentials) {
        job->auth_type =
            class->authorization->type == NULL ? "Bearer" : class->authorization->type;
        job->credentials_file = class->authorization->credentials_file;
    }
    if (job->fallback_scrape_protocol == NULL) {
        job->fallback_scrape_protocol = class->fallback_scrape_protocol;
    }
    if (taker->ir->spec.attach_node_metadata == BNC_UNSET) {
        job->attach_node_metadata =
            class->attach_node_metadata == BNC_TRUE ? BNC_TRUE : BNC_UNSET;
    }
    bnc_rules_add_list(&b->rules, &class->relabelings);
    bnc_rules_add_list(&b->metric_rules, &class->metric_relabelings);
}

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

static void
fill_endpoint(struct bnc_job *job, const struct bnc_endpoint_ir *endpoint,
              const struct bnc_spec_scrape_policy *policy, struct bnc_arena *arena)
{
    const struct bnc_endpoint *spec = endpoint->spec;
    job->honor_labels = spec->honor_labels;
    job->honor_timestamps = spec->honor_timestamps;
    job->track_timestamps_staleness = spec->track_timestamps_staleness;
    job->scrape_interval = spec->interval;
    job->scrape_timeout = spec->scrape_timeout;
    job->metrics_path = spec->path;
    job->params = spec->params;
    job->scheme = lower_case(spec->scheme, arena);
    job->follow_redirects = spec->follow_redirects;
    job->enable_http2 = spec->enable_http2;
    job->proxy_url = spec->proxy_url;
    job->no_proxy = spec->no_proxy;
    job->proxy_from_environment = spec->proxy_from_environment;
    job->auth_type = endpoint->auth_type;
    job->credentials_file = endpoint->credentials_file;
    job->basic_username = endpoint->username;
    job->basic_username_file = endpoint->username_file;
    job->basic_password_file = endpoint->password_file;
    job->oauth2 = endpoint->oauth2;
    job->tls = endpoint->tls;
    job->limits = policy->limits;
    job->scrape_protocols = policy->scrape_protocols;
    job->fallback_scrape_protocol = policy->fallback_scrape_protocol;
    job->attach_node_metadata =
        policy->attach_node_metadata == BNC_TRUE ? BNC_TRUE : BNC_UNSET;
}

static void
build_policy(struct building *b)
{
    const struct bnc_taker *taker = b->source->taker;
    const struct bnc_endpoint_ir *endpoint = &taker->ir->endpoints[b->source->endpoint];
    const struct bnc_preset *preset =
        endpoint->preset == NULL ? NULL : bnc_preset_find(endpoint->preset);

    fill_endpoint(b->job, endpoint, &taker->ir->spec, b->arena);
    b->job->role = "pod";
    if (!taker->scope.all) {
        b->job->namespaces = taker->scope.names;
    }
    if (endpoint->spec->filter_running != BNC_FALSE) {
        bnc_rules_filter(&b->rules, "drop", BNC_META "pod_phase", "(Failed|Succeeded)");
    }
    bnc_plan_select_rules(taker, &b->rules);
    if (preset != NULL) {
        bnc_preset_target_rules(preset, false, &b->rules);
    } else {
        const char *source = NULL;
        const char *regex = NULL;
        bnc_plan_port(endpoint, b->arena, &source, &regex);
        bnc_rules_filter(&b->rules, "keep", source, regex);
    }
    bnc_plan_exclude_rules(b->source, &b->rules);
    add_policy_labels(b, preset);
    take_class(b);
    bnc_rules_add_list(&b->rules, &endpoint->spec->relabelings);
    bnc_rules_add_list(&b->metric_rules, &endpoint->spec->metric_relabelings);
    if (taker->ir->spec.prune != NULL) {
        add_prune(b, taker->ir->spec.prune);
    }
    add_enforced_label(b, taker->member->object->ns);
}

static void
build_monitor(struct building *b)
{
    const struct bnc_monitor_ask ask = {.state = b->state,
                                        .scraper = b->source->scraper,
                                        .endpoint = b->source->endpoint,
                                        .arena = b->arena};
    bnc_monitor_job(&ask, b->job, &b->rules, &b->metric_rules);
}

/* ---- annotations --------------------------------------------------------------- */

static int
compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct bnc_texts
group_namespaces(const struct bnc_group *group, struct bnc_arena *arena)
{
    struct bnc_texts out = {.set = true};
    const char **all = bnc_arena_array(arena, group->n_pods, sizeof(*all));
    for (size_t i = 0; i < group->n_pods; i++) {
        all[i] = group->pods[i]->ns;
    }
    qsort(all, group->n_pods, sizeof(*all), compare_text);
    for (size_t i = 0; i < group->n_pods; i++) {
        if (out.n == 0 || strcmp(all[out.n - 1], all[i]) != 0) {
            all[out.n++] = all[i];
        }
    }
    out.items = all;
    return out;
}

static void
build_group(struct building *b)
{
    const struct bnc_group *group = b->source->group;
    const struct bnc_request *request = &group->first->request;
    struct bnc_job *job = b->job;

    job->role = "pod";
    job->namespaces = group_namespaces(group, b->arena);
    job->metrics_path = group->claim.path;
    job->scheme = request->scheme;
    job->params = request->params;
    job->scrape_interval = request->interval;
    job->scrape_timeout = request->timeout;
    job->limits.sample_limit = request->sample_limit;

    struct bnc_relabel keep = {
        .source_labels = bnc_identity_sources(b->arena),
        .regex = bnc_identity_regex(group->pods, group->n_pods, b->arena),
        .action = "keep"};
    bnc_rules_filter(&b->rules, "drop", BNC_META "pod_phase", "(Failed|Succeeded)");
    bnc_rules_add(&b->rules, &keep);
    if (group->claim.declared) {
        bnc_rules_filter(&b->rules, "keep", BNC_META "pod_container_port_number",
                         bnc_arena_fmt(b->arena, "%lld", (long long)group->claim.port));
        bnc_rules_filter(&b->rules, "keep", BNC_META "pod_container_port_protocol",
                         "TCP");
    } else {
        bnc_rules_pod_address(&b->rules, group->claim.port);
    }
    add_pod_target_labels(b, &b->state->prometheus->pod_target_labels);
    bnc_rules_pod_labels(&b->rules, group->claim.declared);
    if (request->job != NULL) {
        bnc_rules_set(&b->rules, "job", request->job);
    } else {
        add_workload_job(b, group->pods[0]->suffix == BNC_IDENTITY_TIME);
    }
    add_prune(b, &request->prune);
    add_enforced_label(b, NULL);
}

/* ---- presets ------------------------------------------------------------------- */

static void
build_preset(struct building *b)
{
    const struct bnc_preset *preset = b->source->preset;

    bnc_preset_job(preset, b->arena, b->job);
    if (!b->state->ir->scope.all && strcmp(preset->role, "pod") == 0) {
        b->job->namespaces = b->state->ir->scope.names;
    }
    if (strcmp(preset->role, "pod") == 0) {
        bnc_rules_filter(&b->rules, "drop", BNC_META "pod_phase", "(Failed|Succeeded)");
    }
    bnc_preset_target_rules(preset, true, &b->rules);
    bnc_plan_exclude_rules(b->source, &b->rules);
    if (strcmp(preset->role, "pod") == 0) {
        add_pod_target_labels(b, &b->state->prometheus->pod_target_labels);
    }
    bnc_preset_label_rules(preset, &b->rules);
    if (preset->all_pod_labels) { /* one of them may be called so */
        bnc_rules_set(&b->rules, "job", preset->job_name);
    }
    if (strcmp(preset->role, "pod") == 0) {
        add_enforced_label(b, NULL);
    }
}

const struct bnc_job *
bnc_plan_job(const struct bnc_plan_state *state, const struct bnc_unit_source *source,
             const char *job_name, struct bnc_arena *arena)
{
    static void (*const builders[])(struct building *) = {
        [BNC_UNIT_POLICY] = build_policy,
        [BNC_UNIT_MONITOR] = build_monitor,
        [BNC_UNIT_GROUP] = build_group,
        [BNC_UNIT_PRESET] = build_preset,
    };
    struct building b = {.state = state,
                         .source = source,
                         .arena = arena,
                         .rules = bnc_rules_new(arena),
                         .metric_rules = bnc_rules_new(arena),
                         .job = bnc_arena_alloc(arena, sizeof(*b.job))};

    b.job->job_name = job_name;
    builders[source->type](&b);
    b.job->relabelings = b.rules.items;
    b.job->n_relabelings = b.rules.n;
    b.job->metric_relabelings = b.metric_rules.items;
    b.job->n_metric_relabelings = b.metric_rules.n;
    return b.job;
}
