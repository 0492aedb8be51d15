/*
 * spec.prometheus of an Observatory: decoded already; checked, resolved, and what it
 * takes from prometheus-operator's Prometheus.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clip.h"
#include "lib/json.h"
#include "lib/yaml_in.h"
#include "model/spec_from.h"
#include "reconcilers/endpoint.h"
#include "reconcilers/from.h"
#include "reconcilers/observatory.h"
#include "reconcilers/presets.h"
#include "reconcilers/scope.h"
#include "validate/base.h"
#include "validate/relabel.h"

#define BNC_PROMETHEUS_DEFAULT "3.5.0"
#define BNC_MANIFEST_KEY       "manifest.json" /* beside the root of layout Files */

static void
check_presets(struct bnc_observatory_step *s)
{
    const struct bnc_texts *names = &s->ir->spec.prometheus->presets;
    for (size_t i = 0; i < names->n; i++) {
        const char *field = bnc_arena_fmt(s->arena, "spec.prometheus.presets[%zu]", i);
        const struct bnc_preset *preset = bnc_preset_find(names->items[i]);
        if (preset == NULL) {
            bnc_diag_add(s->diags, BNC_REASON_UNKNOWN_PRESET, field,
                         bnc_arena_fmt(s->arena, "use some of %s",
                                       bnc_preset_names(false, s->arena)),
                         "there is no preset \"%s\"", names->items[i]);
            continue;
        }
        if (preset->observatory_only && !bnc_settings_trusts(s->settings, s->self->ns)) {
            bnc_diag_add(s->diags, BNC_REASON_NOT_PERMITTED, field,
                         "leave it out, or run binnacle with this namespace in "
                         "--trusted-namespaces",
                         "the preset %s is not of namespace %s", names->items[i],
                         s->self->ns);
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(names->items[k], names->items[i]) == 0) {
                bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD, field, "name it once",
                             "the preset %s is named twice", names->items[i]);
            } else if (bnc_str_eq(preset->not_beside, names->items[k])) {
                bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD, field,
                             "keep one of them: both have Envoy's series",
                             "the preset %s can't stand beside %s", names->items[i],
                             names->items[k]);
            }
        }
    }
}

/* Its credentials are a Secret of the Observatory's namespace, whoever uses the class. */
static void
resolve_class(struct bnc_observatory_step *s, struct bnc_scrape_class *class,
              const char *field)
{
    struct bnc_authorization *auth = class->authorization;
    struct bnc_tls_config *tls = class->tls_config;

    if (tls != NULL &&
        (tls->ca != NULL || tls->cert != NULL || tls->key_secret != NULL)) {
        const struct bnc_job_tls files =
            bnc_refs_tls(&s->refs, tls, bnc_arena_fmt(s->arena, "%s.tlsConfig", field));
        tls->ca_file = files.ca_file;
        tls->cert_file = files.cert_file;
        tls->key_file = files.key_file;
    }
    if (auth == NULL) {
        return;
    }
    auth->type = bnc_endpoint_auth_type(
        &s->refs, bnc_arena_fmt(s->arena, "%s.authorization", field), auth->type);
    class->credentials_file = auth->credentials_file;
    if (auth->credentials != NULL) {
        class->credentials_file = bnc_refs_secret(
            &s->refs, auth->credentials,
            bnc_arena_fmt(s->arena, "%s.authorization.credentials", field));
    }
}

static void
check_class(struct bnc_observatory_step *s, struct bnc_scrape_class *all, size_t i)
{
    struct bnc_scrape_class *class = &all[i];
    const char *field = bnc_arena_fmt(s->arena, "spec.prometheus.scrapeClasses[%zu]", i);

    for (size_t k = 0; k < i; k++) {
        if (bnc_str_eq(all[k].name, class->name)) {
            bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(s->arena, "%s.name", field),
                         "give each class a name of its own",
                         "there are two scrape classes \"%s\"", class->name);
        }
        if (all[k].is_default == BNC_TRUE && class->is_default == BNC_TRUE) {
            bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(s->arena, "%s.default", field),
                         "make one class the default", "a second class is the default");
        }
    }
    resolve_class(s, class, field);
    const struct bnc_list *lists[] = {&class->relabelings, &class->metric_relabelings};
    static const char *const names[] = {"relabelings", "metricRelabelings"};
    for (size_t k = 0; k < BNC_LEN(lists); k++) {
        const struct bnc_relabel *rules = lists[k]->items;
        for (size_t r = 0; r < lists[k]->n; r++) {
            bnc_relabel_check(&rules[r],
                              bnc_arena_fmt(s->arena, "%s.%s[%zu]", field, names[k], r),
                              &s->version, s->diags);
        }
    }
}

static void
check_classes(struct bnc_observatory_step *s)
{
    const struct bnc_list *list = &s->ir->spec.prometheus->scrape_classes;

    for (size_t i = 0; i < list->n; i++) {
        check_class(s, list->items, i);
    }
}

static void
resolve_files(struct bnc_observatory_step *s)
{
    const struct bnc_list *list = &s->ir->spec.prometheus->files;
    const struct bnc_base_file *files = list->items;

    s->ir->files = bnc_arena_array(s->arena, list->n, sizeof(*s->ir->files));
    for (size_t i = 0; i < list->n; i++) {
        const char *field = bnc_arena_fmt(s->arena, "spec.prometheus.files[%zu]", i);
        if (files[i].name == NULL || files[i].secret_key_ref == NULL) {
            continue;
        }
        if (bnc_str_starts(files[i].name, "secret_") ||
            bnc_str_starts(files[i].name, "configmap_")) {
            bnc_diag_add(
                s->diags, BNC_REASON_INVALID_FIELD,
                bnc_arena_fmt(s->arena, "%s.name", field),
                "choose a name without this beginning",
                "names that begin with secret_ or configmap_ are binnacle's own");
            continue;
        }
        struct bnc_refs apart = s->refs; /* it has a name of its own */
        apart.assets = NULL;
        apart.n_assets = apart.room = 0;
        const char *file =
            bnc_refs_secret(&apart, files[i].secret_key_ref,
                            bnc_arena_fmt(s->arena, "%s.secretKeyRef", field));
        s->refs.pending = apart.pending;
        if (file != NULL) {
            s->ir->files[s->ir->n_files++] =
                (struct bnc_asset){.kind = BNC_KIND_SECRET,
                                   .ns = s->self->ns,
                                   .name = files[i].secret_key_ref->name,
                                   .key = files[i].secret_key_ref->key,
                                   .file = files[i].name};
        }
    }
}

static struct bnc_base_rules
base_rules(const struct bnc_observatory_step *s)
{
    const char *interval = s->ir->spec.prometheus->scrape_interval;
    return (struct bnc_base_rules){
        .version = &s->version,
        .files_only = !bnc_str_eq(s->ir->spec.prometheus->inline_credentials, "Allow"),
        .scrape_interval = interval == NULL ? "30s" : interval};
}

static void
resolve_raw_jobs(struct bnc_observatory_step *s)
{
    static const char field[] = "spec.prometheus.additionalScrapeConfigs";
    const struct bnc_ref *ref = s->ir->spec.prometheus->additional_scrape_configs;
    struct bnc_yaml_limits limits = BNC_YAML_LIMITS_DEFAULT;
    struct bnc_yaml_docs docs = {0};
    struct bnc_error err = {0};

    const char *text = bnc_refs_secret_text(&s->refs, ref, field);
    if (text == NULL) {
        return;
    }
    if (bnc_yaml_read(text, strlen(text), &limits, s->arena, &docs, &err)) {
        bnc_diag_add(s->diags, BNC_REASON_INVALID_REF, field,
                     "store a YAML list of scrape configurations there", "%s",
                     err.message);
        return;
    }
    if (docs.n == 0) {
        return;
    }
    size_t before = s->diags->errors;
    struct bnc_base_rules rules = base_rules(s);
    bnc_raw_jobs_check(docs.items[0].root, &rules, field, s->diags);
    if (s->diags->errors == before) {
        s->ir->raw_jobs = docs.items[0].root;
    }
}

static bool
has_job(const cJSON *jobs, const char *name)
{
    const cJSON *job;
    cJSON_ArrayForEach(job, jobs)
    {
        if (bnc_str_eq(bnc_json_get_str(job, "job_name"), name)) {
            return true;
        }
    }
    return false;
}

/* One of our own jobs, as they are named in reconcilers/plan.c. */
static bool
is_our_job(const struct bnc_observatory_step *s, const char *name)
{
    const struct bnc_texts *presets = &s->ir->spec.prometheus->presets;

    for (size_t i = 0; i < presets->n; i++) {
        const struct bnc_preset *preset = bnc_preset_find(presets->items[i]);
        if (preset != NULL && strcmp(preset->job_name, name) == 0) {
            return true;
        }
    }
    static const char *const ours[] = {"scrapePolicy/", "annotations/", "serviceMonitor/",
                                       "podMonitor/",   "probe/",       "scrapeConfig/"};
    for (size_t i = 0; i < BNC_LEN(ours); i++) {
        if (bnc_str_starts(name, ours[i])) {
            return true;
        }
    }
    return false;
}

/* Prometheus refuses the whole document when two jobs have one name. */
static void
check_job_names(struct bnc_observatory_step *s)
{
    const cJSON *base_jobs = bnc_json_get(s->ir->base, "scrape_configs");
    const struct {
        const cJSON *jobs;
        const char *field;
        const cJSON *others;
    } lists[] = {
        {base_jobs, "spec.prometheus.base.scrape_configs", NULL},
        {s->ir->raw_jobs, "spec.prometheus.additionalScrapeConfigs", base_jobs},
    };
    for (size_t i = 0; i < BNC_LEN(lists); i++) {
        size_t index = 0;
        const cJSON *job;
        cJSON_ArrayForEach(job, lists[i].jobs)
        {
            const char *name = bnc_json_get_str(job, "job_name");
            if (name != NULL && (is_our_job(s, name) || has_job(lists[i].others, name))) {
                bnc_diag_add(
                    s->diags, BNC_REASON_INVALID_BASE,
                    bnc_arena_fmt(s->arena, "%s[%zu].job_name", lists[i].field, index),
                    "give the job another name", "there is another job \"%.*s\"",
                    bnc_clip(name, 60), name);
            }
            index++;
        }
    }
}

static void
fill_output(struct bnc_observatory_step *s)
{
    struct bnc_prometheus_spec *prometheus = s->ir->spec.prometheus;
    if (prometheus->output == NULL) {
        prometheus->output = bnc_arena_alloc(s->arena, sizeof(*prometheus->output));
    }
    struct bnc_output_spec *output = prometheus->output;
    if (output->kind == NULL) {
        output->kind = "Secret";
    }
    if (output->ns == NULL) {
        output->ns = s->self->ns;
    }
    if (output->name == NULL) {
        output->name = bnc_arena_fmt(s->arena, "%s-prometheus", s->self->name);
    }
    if (output->key == NULL) {
        output->key = "prometheus.yml";
    }
    if (!bnc_scope_has(&s->ir->reach, output->ns)) {
        bnc_diag_add(s->diags, BNC_REASON_NOT_PERMITTED,
                     "spec.prometheus.output.namespace", "leave it out",
                     "an Observatory in namespace %s may not write to namespace %s",
                     s->self->ns, output->ns);
    }
    static const char *const taken[] = {BNC_MANIFEST_KEY, "rules.yml", "rules.yml.gz"};
    for (size_t i = 0; i < BNC_LEN(taken); i++) {
        if (strcmp(output->key, taken[i]) == 0) {
            bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD, "spec.prometheus.output.key",
                         "use another key, as prometheus.yml",
                         "the key %s is taken: it %s", taken[i],
                         i == 0 ? "says which files belong together" : "holds the rules");
        }
    }
}

/* Which files there are, and whether they can be as they are asked for. */
static void
check_layout(struct bnc_observatory_step *s)
{
    const struct bnc_prometheus_spec *prometheus = s->ir->spec.prometheus;
    const struct bnc_version least = {.major = 2, .minor = 43};
    bool files = bnc_str_eq(prometheus->layout, "Files");

    if (files && bnc_version_compare(&s->version, &least) < 0) {
        bnc_diag_add(s->diags, BNC_REASON_UNSUPPORTED_VERSION, "spec.prometheus.layout",
                     "run Prometheus 2.43 or later, or use Single",
                     "Prometheus %s knows no scrape_config_files", prometheus->version);
    }
    if (!prometheus->parts.set || prometheus->parts.value == 0) {
        return;
    }
    if (!files) {
        bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD, "spec.prometheus.parts",
                     "use layout Files, or leave it out", "layout Single has no parts");
    } else if (bnc_str_ends(prometheus->output->key, ".gz")) {
        bnc_diag_add(
            s->diags, BNC_REASON_INVALID_FIELD, "spec.prometheus.parts",
            "use a key without .gz, or leave it out for `binnacle sync`",
            "parts of a volume are not unpacked, and output.key %s is compressed",
            prometheus->output->key);
    }
}

/* What is no field: of the object that settings are taken from, and above it base. */
static void
compile_base(struct bnc_observatory_step *s)
{
    const struct bnc_prometheus_spec *prometheus = s->ir->spec.prometheus;
    const cJSON *api_server = bnc_json_get(s->ir->from_spec, "apiserverConfig");

    if (api_server != NULL) {
        s->ir->api_server = bnc_translate(&s->refs, bnc_from_api_server_rows, api_server,
                                          "spec.prometheus.from: spec.apiserverConfig");
    }
    s->ir->base = bnc_from_tree(&s->refs, s->ir, &s->version);
    if (prometheus->base == NULL) {
        return;
    }
    size_t before = s->diags->errors;
    struct bnc_base_rules rules = base_rules(s);
    bnc_base_check(prometheus->base, &rules, "spec.prometheus.base", s->diags);
    if (s->diags->errors == before) {
        s->ir->base = bnc_from_merge(s->ir->base, prometheus->base, s->arena);
    }
}

/* Where prometheus-operator's kinds are looked for. */
static void
resolve_foreign(struct bnc_observatory_step *s)
{
    static const char *const fields[BNC_FOREIGN_COUNT] = {
        [BNC_FOREIGN_SERVICE_MONITOR] = "spec.prometheus.serviceMonitorNamespaceSelector",
        [BNC_FOREIGN_POD_MONITOR] = "spec.prometheus.podMonitorNamespaceSelector",
        [BNC_FOREIGN_PROBE] = "spec.prometheus.probeNamespaceSelector",
        [BNC_FOREIGN_SCRAPE_CONFIG] = "spec.prometheus.scrapeConfigNamespaceSelector",
        [BNC_FOREIGN_RULE] = "spec.prometheus.ruleNamespaceSelector",
    };
    const struct bnc_prometheus_spec *prometheus = s->ir->spec.prometheus;

    for (size_t i = 0; i < BNC_FOREIGN_COUNT; i++) {
        const struct bnc_selector *own = prometheus->foreign_namespaces[i];
        if (s->ir->from_selects[i] && own == NULL) { /* as prometheus-operator does */
            struct bnc_scope here = bnc_scope_own(s->self->ns, s->arena);
            s->ir->foreign_scopes[i] = bnc_scope_limit(&here, &s->ir->reach, s->arena);
            continue;
        }
        bnc_observatory_scope(s, own != NULL ? own : s->ir->spec.namespace_selector,
                              own != NULL ? fields[i] : "spec.namespaceSelector",
                              &s->ir->foreign_scopes[i]);
    }
}

/* Files of base are there under their own names; those of references are added. */
static void
take_assets(struct bnc_observatory_step *s)
{
    size_t n = s->ir->n_files + s->refs.n_assets;
    struct bnc_asset *all = bnc_arena_array(s->arena, n, sizeof(*all));
    if (s->ir->n_files > 0) {
        memcpy(all, s->ir->files, s->ir->n_files * sizeof(*all));
    }
    if (s->refs.n_assets > 0) {
        memcpy(all + s->ir->n_files, s->refs.assets, s->refs.n_assets * sizeof(*all));
    }
    s->ir->files = all;
    s->ir->n_files = n;
}

void
bnc_prometheus_compile(struct bnc_observatory_step *s)
{
    struct bnc_prometheus_spec *prometheus = s->ir->spec.prometheus;

    bnc_from_settings(&s->refs, s->ir);
    if (prometheus->version == NULL) {
        prometheus->version = BNC_PROMETHEUS_DEFAULT;
    }
    struct bnc_error err = {0};
    if (bnc_version_parse(prometheus->version, &s->version, &err)) {
        return; /* decoding has said so */
    }
    bool old = s->version.major == 2 && s->version.minor < 42 && s->ir->from == NULL;
    if (s->version.major < 2 || old) {
        bnc_diag_add(s->diags, BNC_REASON_UNSUPPORTED_VERSION, "spec.prometheus.version",
                     "run Prometheus 2.42 or later", "Prometheus %s is too old",
                     prometheus->version);
    }
    fill_output(s);
    check_layout(s);
    bnc_observatory_scope(s,
                          prometheus->scrape_policy_namespace_selector != NULL
                              ? prometheus->scrape_policy_namespace_selector
                              : s->ir->spec.namespace_selector,
                          prometheus->scrape_policy_namespace_selector != NULL
                              ? "spec.prometheus.scrapePolicyNamespaceSelector"
                              : "spec.namespaceSelector",
                          &s->ir->policy_scope);
    resolve_foreign(s);
    check_presets(s);
    check_classes(s);
    resolve_files(s);
    resolve_raw_jobs(s);
    compile_base(s);
    take_assets(s);
    check_job_names(s);
}
