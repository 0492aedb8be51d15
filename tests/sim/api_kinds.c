#include <stdlib.h>
#include <string.h>

#include "tests/sim/api_internal.h"

/* group, version, plural, kind: namespaced, status, custom, generation, quiet */
static const struct bnc_api_kind kinds[] = {
    {"", "v1", "namespaces", "Namespace", false, true, false, false, false},
    {"", "v1", "nodes", "Node", false, true, false, false, false},
    {"", "v1", "pods", "Pod", true, true, false, true, false},
    {"", "v1", "services", "Service", true, true, false, false, false},
    {"", "v1", "secrets", "Secret", true, false, false, false, false},
    {"", "v1", "configmaps", "ConfigMap", true, false, false, false, false},
    {"apps", "v1", "deployments", "Deployment", true, true, false, true, false},
    {"apps", "v1", "statefulsets", "StatefulSet", true, true, false, true, false},
    {"apps", "v1", "daemonsets", "DaemonSet", true, true, false, true, false},
    {"apps", "v1", "replicasets", "ReplicaSet", true, true, false, true, false},
    {"batch", "v1", "jobs", "Job", true, true, false, true, false},
    {"batch", "v1", "cronjobs", "CronJob", true, true, false, true, false},
    {"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true, false, false,
     true, false},
    {"events.k8s.io", "v1", "events", "Event", true, false, false, false, true},
    {"coordination.k8s.io", "v1", "leases", "Lease", true, false, false, false, true},
    {"binnacle.dev", "v1alpha1", "observatories", "Observatory", true, true, true, true,
     false},
    {"binnacle.dev", "v1alpha1", "scrapepolicies", "ScrapePolicy", true, true, true, true,
     false},
    {"binnacle.dev", "v1alpha1", "samplingpolicies", "SamplingPolicy", true, true, true,
     true, false},
    {"binnacle.dev", "v1alpha1", "metricrules", "MetricRule", true, true, true, true,
     false},
    {"binnacle.dev", "v1alpha1", "datasources", "Datasource", true, true, true, true,
     false},
    {"binnacle.dev", "v1alpha1", "dashboards", "Dashboard", true, true, true, true,
     false},
    {"telemetry.istio.io", "v1", "telemetries", "Telemetry", true, true, true, true,
     false},
    {"opentelemetry.io", "v1alpha1", "instrumentations", "Instrumentation", true, true,
     true, true, false},
    {"kiali.io", "v1alpha1", "kialis", "Kiali", true, true, true, true, false},
    {"config.istio.io", "v1alpha2", "instances", "instance", true, false, true, true,
     false},
    {"config.istio.io", "v1alpha2", "handlers", "handler", true, false, true, true,
     false},
    {"config.istio.io", "v1alpha2", "rules", "rule", true, false, true, true, false},
};

void
bnc_api_kinds_init(struct bnc_sim_api *api)
{
    api->n_resources = BNC_LEN(kinds);
    api->resources = bnc_alloc(sizeof(*api->resources) * BNC_LEN(kinds));
    for (size_t i = 0; i < BNC_LEN(kinds); i++) {
        api->resources[i].kind = &kinds[i];
        api->resources[i].present = true;
        api->resources[i].objects = bnc_map_new();
    }
}

struct bnc_api_resource *
bnc_api_resource_of(struct bnc_sim_api *api, const char *kind)
{
    for (size_t i = 0; i < api->n_resources; i++) {
        if (strcmp(api->resources[i].kind->kind, kind) == 0) {
            return &api->resources[i];
        }
    }
    bnc_sim_die(api->sim, "the API server knows no kind %s", kind);
}

const char *
bnc_api_version_text(struct bnc_arena *arena, const struct bnc_api_kind *kind)
{
    return *kind->group == '\0'
               ? kind->version
               : bnc_arena_fmt(arena, "%s/%s", kind->group, kind->version);
}

/* ---- paths and queries -------------------------------------------------------- */

static int
hex(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* In place. */
static char *
decode(char *text, bool plus)
{
    char *out = text;
    for (const char *s = text; *s != '\0'; s++) {
        if (*s == '%' && hex(s[1]) >= 0 && hex(s[2]) >= 0) {
            *out++ = (char)(hex(s[1]) * 16 + hex(s[2]));
            s += 2;
        } else {
            *out++ = plus && *s == '+' ? ' ' : *s;
        }
    }
    *out = '\0';
    return text;
}

static bool
truth(const char *value)
{
    return strcmp(value, "1") == 0 || strcmp(value, "true") == 0 || *value == '\0';
}

static void
take_param(struct bnc_api_params *p, const char *key, const char *value)
{
    const struct {
        const char *key;
        const char **text;
        bool *flag;
        int64_t *number;
    } rows[] = {
        {"resourceVersion", &p->rv, NULL, NULL},
        {"resourceVersionMatch", &p->rv_match, NULL, NULL},
        {"continue", &p->cont, NULL, NULL},
        {"fieldSelector", &p->field_selector, NULL, NULL},
        {"labelSelector", &p->label_selector, NULL, NULL},
        {"fieldManager", &p->manager, NULL, NULL},
        {"watch", NULL, &p->watch, NULL},
        {"allowWatchBookmarks", NULL, &p->bookmarks, NULL},
        {"sendInitialEvents", NULL, &p->initial_events, NULL},
        {"force", NULL, &p->force, NULL},
        {"limit", NULL, NULL, &p->limit},
        {"timeoutSeconds", NULL, NULL, &p->timeout_s},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (strcmp(rows[i].key, key) != 0) {
            continue;
        }
        if (rows[i].text != NULL) {
            *rows[i].text = value;
        } else if (rows[i].flag != NULL) {
            *rows[i].flag = truth(value);
        } else {
            *rows[i].number = strtoll(value, NULL, 10);
        }
    }
    if (strcmp(key, "dryRun") == 0) {
        p->dry_run = strcmp(value, "All") == 0;
    }
}

static void
take_query(struct bnc_api_request *r)
{
    char *save = NULL;
    char *query = bnc_arena_strdup(r->arena, r->http->query);
    r->params = (struct bnc_api_params){.rv = "",
                                        .rv_match = "",
                                        .cont = "",
                                        .field_selector = "",
                                        .label_selector = "",
                                        .manager = ""};
    for (char *pair = strtok_r(query, "&", &save); pair != NULL;
         pair = strtok_r(NULL, "&", &save)) {
        char *value = strchr(pair, '=');
        if (value != NULL) {
            *value++ = '\0';
        }
        take_param(&r->params, decode(pair, true),
                   value == NULL ? "" : decode(value, true));
    }
}

/* Split at '/' into at most `max` decoded parts; 0 for a path that is too long. */
static size_t
split_path(struct bnc_api_request *r, const char **parts, size_t max)
{
    char *save = NULL;
    size_t n = 0;
    char *path = bnc_arena_strdup(r->arena, r->http->path);
    for (char *part = strtok_r(path, "/", &save); part != NULL;
         part = strtok_r(NULL, "/", &save)) {
        if (n == max) {
            return 0;
        }
        parts[n++] = decode(part, false);
    }
    return n;
}

static bool
find_resource(struct bnc_api_request *r, const char *group, const char *version,
              const char *plural)
{
    for (size_t i = 0; i < r->api->n_resources; i++) {
        struct bnc_api_resource *res = &r->api->resources[i];
        if (strcmp(res->kind->group, group) == 0 &&
            strcmp(res->kind->version, version) == 0 &&
            strcmp(res->kind->plural, plural) == 0) {
            r->res = res;
            return res->present;
        }
    }
    return false;
}

bool
bnc_api_route(struct bnc_api_request *r)
{
    const char *parts[8];
    size_t n = split_path(r, parts, BNC_LEN(parts));
    size_t at = 0;
    const char *group = "";
    take_query(r);
    r->ns = r->name = r->sub = "";
    if (n >= 3 && strcmp(parts[0], "api") == 0) {
        at = 1;
    } else if (n >= 4 && strcmp(parts[0], "apis") == 0) {
        group = parts[1];
        at = 2;
    } else {
        return false;
    }
    const char *version = parts[at++];
    if (n - at >= 3 && strcmp(parts[at], "namespaces") == 0) {
        r->ns = parts[at + 1];
        at += 2;
    }
    if (!find_resource(r, group, version, parts[at++])) {
        return false;
    }
    r->name = at < n ? parts[at++] : "";
    r->sub = at < n ? parts[at++] : "";
    bool sub_ok =
        *r->sub == '\0' || (strcmp(r->sub, "status") == 0 && r->res->kind->status);
    bool ns_ok =
        r->res->kind->namespaced ? *r->name == '\0' || *r->ns != '\0' : *r->ns == '\0';
    return at == n && sub_ok && ns_ok;
}
