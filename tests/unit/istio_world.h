/*
 * A small mesh in text, and what istiod would tell its proxies: web and api in shop,
 * ledger in bank, gw in the root namespace.
 */
#ifndef BNC_TESTS_UNIT_ISTIO_WORLD_H
#define BNC_TESTS_UNIT_ISTIO_WORLD_H

#include "lib/yaml_in.h"
#include "mesh/effective.h"
#include "tests/unit/test.h"

#define ROOT      "istio-system"
#define WORLD_MAX 16 /* Telemetry objects */

/* Providers; zip is the default one, and metrics are as in Istio's chart. */
#define PROVIDERS                                                                        \
    "extensionProviders:\n"                                                              \
    "- {name: zip, zipkin: {service: zipkin.obs.svc.cluster.local, port: 9411}}\n"       \
    "- {name: gone, zipkin: {service: nowhere.obs.svc.cluster.local, port: 9411}}\n"     \
    "- {name: own, opentelemetry: {service: dt.obs.svc.cluster.local, port: 443,\n"      \
    "   dynatraceSampler: {tenant: t, clusterId: 1}}}\n"
#define CHART "defaultProviders: {metrics: [prometheus]}\n"
#define PLAIN CHART PROVIDERS
#define ZIP   "defaultProviders: {metrics: [prometheus], tracing: [zip]}\n" PROVIDERS

/* A Telemetry of second `at`, with what its spec has. */
#define TELEMETRY(ns, name, at, spec)                                                    \
    "---\n"                                                                              \
    "metadata: {namespace: " ns ", name: " name ", creationTimestamp: "                  \
    "'2026-11-22T10:00:" at "Z'}\n"                                                      \
    "spec: {" spec "}\n"
#define PERCENT(p) "tracing: [{randomSamplingPercentage: " p "}]"
#define SELECT(l)  "selector: {matchLabels: {" l "}}, "
#define ROOT_T(s)  TELEMETRY(ROOT, "root", "01", s)
#define SHOP_T(s)  TELEMETRY("shop", "shop", "02", s)
#define WEB_T(s)   TELEMETRY("shop", "web", "03", SELECT("app: web") s)

struct world {
    const char *main; /* mesh configurations; NULL: not there */
    const char *shared;
    const char *telemetries; /* YAML documents; NULL: none */
    const char *env;
    const char *annotation; /* of the pods */
    bool new_pods;          /* made with the mesh's defaults as they are */
};

struct made_world {
    struct bnc_arena *arena;
    struct bnc_mesh_config mesh;
    struct bnc_proxy_config proxy;
    const struct bnc_telemetry *telemetries[WORLD_MAX];
    struct bnc_rate_facts facts;
};

static const struct {
    const char *name;
    const char *ns;
    const char *labels;
    enum bnc_proxy_type type;
} world_pods[] = {
    {"web", "shop", "{app: web, tier: front}", BNC_PROXY_SIDECAR},
    {"api", "shop", "{app: api, tier: front}", BNC_PROXY_SIDECAR},
    {"ledger", "bank", "{app: ledger}", BNC_PROXY_SIDECAR},
    {"gw", ROOT, "{app: gw}", BNC_PROXY_GATEWAY},
};

static inline const cJSON *
world_yaml(struct bnc_arena *arena, const char *text, size_t document)
{
    struct bnc_yaml_docs docs = {0};
    struct bnc_error err = {0};
    if (bnc_yaml_read(text, strlen(text), NULL, arena, &docs, &err)) {
        fail_msg("row \"%s\": %s", bnc_row, err.message);
    }
    return document < docs.n ? docs.items[document].root : NULL;
}

static inline const struct bnc_mesh_config *
world_config(struct bnc_arena *arena, const char *text)
{
    struct bnc_mesh_config *config = bnc_arena_alloc(arena, sizeof(*config));
    struct bnc_error err = {0};
    if (text == NULL) {
        return NULL;
    }
    enum bnc_code code = bnc_mesh_config_parse(text, strlen(text), arena, config, &err);
    CHECK((code == BNC_OK) == config->valid);
    return config;
}

static inline bool
world_service_exists(void *arg, const struct bnc_provider *provider)
{
    BNC_UNUSED(arg);
    return strstr(provider->service, "nowhere") == NULL;
}

static inline void
world_proxy(struct made_world *w, const struct world *world)
{
    const struct bnc_mesh_config nothing = {0};
    struct bnc_proxy_config own = {0};
    struct bnc_error err = {0};
    const char *text = world->annotation;
    if (text != NULL &&
        bnc_proxy_config_parse(text, strlen(text), w->arena, &own, &err)) {
        fail_msg("row \"%s\": %s", bnc_row, err.message);
    }
    bnc_proxy_config_new_pod(world->new_pods ? &w->mesh : &nothing,
                             text == NULL ? NULL : &own, &w->proxy);
}

static inline void
world_make(struct made_world *w, const struct world *world)
{
    *w = (struct made_world){.arena = bnc_arena_new()};
    bnc_mesh_config_merge(world_config(w->arena, world->shared),
                          world_config(w->arena, world->main), w->arena, &w->mesh);
    world_proxy(w, world);
    w->facts = (struct bnc_rate_facts){.mesh = &w->mesh,
                                       .root_namespace = ROOT,
                                       .pilot_trace_sampling = world->env,
                                       .telemetries = w->telemetries,
                                       .service_exists = world_service_exists,
                                       .proxy = &w->proxy};
    const cJSON *root = NULL;
    for (size_t i = 0; world->telemetries != NULL &&
                       (root = world_yaml(w->arena, world->telemetries, i)) != NULL;
         i++) {
        struct bnc_telemetry *t = bnc_arena_alloc(w->arena, sizeof(*t));
        bnc_telemetry_decode(root, w->arena, t);
        assert_true(w->facts.n_telemetries < WORLD_MAX);
        w->telemetries[w->facts.n_telemetries++] = t;
    }
}

static inline void
world_free(struct made_world *w)
{
    bnc_arena_free(w->arena);
}

/* Turn to the pod of that name. */
static inline void
world_turn(struct made_world *w, const char *pod)
{
    for (size_t i = 0; i < BNC_LEN(world_pods); i++) {
        if (strcmp(world_pods[i].name, pod) == 0) {
            w->facts.ns = world_pods[i].ns;
            w->facts.name = pod;
            w->facts.labels = world_yaml(w->arena, world_pods[i].labels, 0);
            w->facts.type = world_pods[i].type;
            return;
        }
    }
    fail_msg("row \"%s\": no pod %s", bnc_row, pod);
}

static inline struct bnc_rate_answers
world_ask(struct made_world *w, const char *pod)
{
    struct bnc_rate_answers answers;
    world_turn(w, pod);
    bnc_rate_effective(&w->facts, w->arena, &answers);
    return answers;
}

/* "5", or "-" when no tracing is sent. */
static inline const char *
world_rate(struct made_world *w, const struct bnc_rate_answer *answer)
{
    return answer->off == BNC_RATE_ON ? bnc_rate_text(answer->rate, w->arena) : "-";
}

#endif
