/*
 * ServiceMonitor, PodMonitor, Probe, ScrapeConfig: decode, check, resolve what they
 * refer to.  Knows no Observatory: what depends on one is decided in plan_monitor.c.
 */
#include "reconcilers/monitor.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/units.h"
#include "reconcilers/compile.h"
#include "reconcilers/endpoint.h"

static const struct {
    const struct bnc_table *table;
    const char *list; /* field with the endpoints; NULL: the object is one */
    const char *job;  /* begin of the jobs' names */
} kinds[] = {
    [BNC_FOREIGN_SERVICE_MONITOR] = {&bnc_table_service_monitor, "endpoints",
                                     "serviceMonitor"},
    [BNC_FOREIGN_POD_MONITOR] = {&bnc_table_pod_monitor, "podMetricsEndpoints",
                                 "podMonitor"},
    [BNC_FOREIGN_PROBE] = {&bnc_table_probe, NULL, "probe"},
    [BNC_FOREIGN_SCRAPE_CONFIG] = {&bnc_table_scrape_config, NULL, "scrapeConfig"},
};

enum bnc_foreign
bnc_monitor_which(enum bnc_kind kind)
{
    return (enum bnc_foreign)((int)kind - BNC_KIND_SERVICE_MONITOR);
}
_Static_assert((int)BNC_KIND_PROMETHEUS_RULE - BNC_KIND_SERVICE_MONITOR ==
                   (int)BNC_FOREIGN_RULE,
               "the kinds are in the order of enum bnc_foreign");

const char *
bnc_monitor_field(enum bnc_kind kind, size_t endpoint, struct bnc_arena *arena)
{
    const char *list = kinds[bnc_monitor_which(kind)].list;
    return list == NULL ? "spec" : bnc_arena_fmt(arena, "spec.%s[%zu]", list, endpoint);
}

const char *
bnc_monitor_job_name(const struct bnc_object *object, size_t endpoint,
                     struct bnc_arena *arena)
{
    enum bnc_foreign row = bnc_monitor_which(object->kind);
    return kinds[row].list == NULL ? bnc_arena_fmt(arena, "%s/%s/%s", kinds[row].job,
                                                   object->ns, object->name)
                                   : bnc_arena_fmt(arena, "%s/%s/%s/%zu", kinds[row].job,
                                                   object->ns, object->name, endpoint);
}

struct bnc_monitor_lists
bnc_monitor_lists_of(const struct bnc_ir_monitor *ir, size_t endpoint)
{
    const struct bnc_endpoint *spec = ir->endpoints[endpoint].spec;
    const struct bnc_probe_targets *probe = ir->spec.targets;
    struct bnc_monitor_lists lists = {.targets = &spec->relabelings,
                                      .targets_field = "relabelings",
                                      .series = &spec->metric_relabelings};
    if (probe != NULL && probe->fixed != NULL) {
        lists.targets = &probe->fixed->relabelings;
        lists.targets_field = "targets.staticConfig.relabelingConfigs";
        lists.idle = probe->ingress == NULL ? NULL : &probe->ingress->relabelings;
        lists.idle_field = "targets.ingress.relabelingConfigs";
    } else if (probe != NULL && probe->ingress != NULL) {
        lists.targets = &probe->ingress->relabelings;
        lists.targets_field = "targets.ingress.relabelingConfigs";
    }
    return lists;
}

/* What checking one object needs, to keep parameters few. */
struct step {
    const struct bnc_object *self;
    struct bnc_arena *arena;
    struct bnc_diags *diags;
    struct bnc_refs refs;
    struct bnc_ir_monitor *ir;
};

static void
wrong(struct step *s, const char *field, const char *part, const char *remedy,
      const char *message)
{
    bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD,
                 bnc_arena_fmt(s->arena, "%s.%s", field, part), remedy, "%s", message);
}

/* ---- endpoints ----------------------------------------------------------------- */

/* Prometheus refuses two at once. */
static void
check_auth(struct step *s, const struct bnc_endpoint *spec, const char *field)
{
    const struct {
        const char *name;
        bool set;
    } rows[] = {{"authorization", spec->authorization != NULL},
                {"basicAuth", spec->basic_auth != NULL},
                {"oauth2", spec->oauth2 != NULL},
                {"bearerTokenSecret", spec->bearer_token_secret != NULL},
                {"bearerTokenFile",
                 spec->bearer_token_file != NULL && spec->bearer_token_file[0] != '\0'}};
    const char *first = NULL;
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (rows[i].set && first != NULL) {
            bnc_diag_add(
                s->diags, BNC_REASON_INVALID_FIELD,
                bnc_arena_fmt(s->arena, "%s.%s", field, rows[i].name), "keep one of them",
                "%s and %s are both set, and Prometheus takes one", first, rows[i].name);
            return;
        }
        first = rows[i].set ? rows[i].name : first;
    }
}

static bool
is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static void
compile_endpoint(struct step *s, size_t i, const struct bnc_endpoint *spec)
{
    struct bnc_endpoint_ir *out = &s->ir->endpoints[i];
    const char *field = bnc_monitor_field(s->self->kind, i, s->arena);

    *out = (struct bnc_endpoint_ir){.spec = spec};
    struct bnc_monitor_lists lists = bnc_monitor_lists_of(s->ir, i);
    check_auth(s, spec, field);
    bnc_endpoint_times(&s->refs, spec, field);
    bnc_endpoint_relabelings(
        &s->refs, lists.targets,
        bnc_arena_fmt(s->arena, "%s.%s", field, lists.targets_field));
    if (lists.idle != NULL) {
        bnc_endpoint_relabelings(
            &s->refs, lists.idle,
            bnc_arena_fmt(s->arena, "%s.%s", field, lists.idle_field));
    }
    bnc_endpoint_relabelings(&s->refs, lists.series,
                             bnc_arena_fmt(s->arena, "%s.metricRelabelings", field));
    bnc_endpoint_auth(&s->refs, field, out);
}

static void
compile_endpoints(struct step *s)
{
    struct bnc_ir_monitor *ir = s->ir;
    bool one = kinds[bnc_monitor_which(s->self->kind)].list == NULL;
    const struct bnc_endpoint *specs =
        one ? &ir->spec.endpoint : ir->spec.endpoints.items;

    ir->n_endpoints = one ? 1 : ir->spec.endpoints.n;
    ir->endpoints = bnc_arena_array(s->arena, ir->n_endpoints, sizeof(*ir->endpoints));
    for (size_t i = 0; i < ir->n_endpoints; i++) {
        compile_endpoint(s, i, &specs[i]);
    }
}

/* ---- probes -------------------------------------------------------------------- */

static bool
is_host(const char *text, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_.";
    return n > 0 && strspn(text, letters) >= n && text[0] != '-';
}

/* host, host:port, [IPv6]:port or IPv6: no scheme, no path. */
static bool
is_prober(const char *url)
{
    const char *host = url;
    size_t n = strcspn(url, ":");
    const char *port = url[n] == ':' ? url + n + 1 : NULL;

    if (url[0] == '[') {
        const char *end = strchr(url, ']');
        return end != NULL &&
               strspn(url + 1, "0123456789abcdefABCDEF:.") == (size_t)(end - url - 1) &&
               (end[1] == ':' && end[2] != '\0' &&
                strspn(end + 2, "0123456789") == strlen(end + 2));
    }
    if (port != NULL && strchr(port, ':') != NULL) { /* IPv6 without a port */
        struct in6_addr address;
        return inet_pton(AF_INET6, url, &address) == 1;
    }
    if (port != NULL) {
        long number = strtol(port, NULL, 10);
        if (port[0] == '\0' || strspn(port, "0123456789") != strlen(port) || number < 1 ||
            number > 65535) {
            return false;
        }
    }
    return is_host(host, n);
}

static void
compile_probe(struct step *s)
{
    struct bnc_spec_monitor *spec = &s->ir->spec;
    const struct bnc_probe_targets *targets = spec->targets;
    const struct bnc_prober *prober = spec->prober;

    if (targets == NULL || (targets->fixed == NULL && targets->ingress == NULL)) {
        wrong(s, "spec", "targets", "set staticConfig or ingress",
              "nothing says what is probed");
    }
    if (prober == NULL || !is_set(prober->url)) {
        wrong(s, "spec", "prober.url", "set it to the prober's host and port",
              "the field is required");
        return;
    }
    if (!is_prober(prober->url)) {
        bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD, "spec.prober.url",
                     "write HOST or HOST:PORT, without http:// and without a path",
                     "\"%s\" is no host", prober->url);
    }
    struct bnc_endpoint *endpoint = &spec->endpoint;
    endpoint->scheme = prober->scheme;
    endpoint->path = prober->path == NULL ? "/probe" : prober->path; /* the CRD's */
    endpoint->proxy_url = prober->proxy_url;
    endpoint->no_proxy = prober->no_proxy;
    endpoint->proxy_from_environment = prober->proxy_from_environment;
    endpoint->proxy_connect_header = prober->proxy_connect_header;
}

/* ---- the whole ----------------------------------------------------------------- */

void
bnc_compile_monitor(const struct bnc_object *self, const struct bnc_settings *settings,
                    struct bnc_view *view, struct bnc_ir *out)
{
    struct bnc_arena *arena = out->arena;
    struct bnc_ir_monitor *ir = bnc_arena_alloc(arena, sizeof(*ir));
    struct step s = {.self = self,
                     .arena = arena,
                     .diags = &out->diags,
                     .ir = ir,
                     .refs = {.view = view,
                              .arena = arena,
                              .diags = &out->diags,
                              .ns = self->ns,
                              .empty_user = true}};

    out->type = BNC_IR_MONITOR;
    out->as.monitor = ir;
    bnc_object_decode_spec(self, kinds[bnc_monitor_which(self->kind)].table, &ir->spec,
                           out);
    if (settings->offline && !bnc_dns_subdomain_valid(self->name)) {
        bnc_diag_warn(s.diags, BNC_REASON_INVALID_OBJECT, "metadata.name",
                      "use lower-case letters, digits, '-' and '.'",
                      "no API server takes an object of this name");
    }
    if (self->kind == BNC_KIND_PROBE) {
        compile_probe(&s);
    }
    compile_endpoints(&s);
    if (self->kind == BNC_KIND_SCRAPE_CONFIG) {
        ir->discovery = bnc_monitor_discovery(&s.refs, &ir->spec);
    }
    ir->clear = s.refs.clear;
    ir->assets = s.refs.assets;
    ir->n_assets = s.refs.n_assets;
    out->pending = s.refs.pending;
}
