/*
 * What an Observatory makes of the objects in its reach: who is selected, whose word
 * counts, which jobs there are.  What is in the jobs is in tests/golden.
 */
#include "tests/unit/engine.h"

#define OBSERVATORY(spec)                                                                \
    "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\nmetadata: {name: main, "      \
    "namespace: monitoring}\nspec: " spec "\n---\n"
#define POLICY(name, ns, spec)                                                           \
    "apiVersion: binnacle.dev/v1alpha1\nkind: ScrapePolicy\nmetadata: {name: " name      \
    ", namespace: " ns "}\nspec: " spec "\n---\n"
#define DEPLOYMENT(name, ns, notes)                                                      \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " name ", namespace: " ns   \
    ", annotations: {" notes "}}\nspec: {template: {metadata: {labels: {app: " name      \
    "}}, spec: {containers: [{name: a, ports: [{name: http, containerPort: "             \
    "8080}]}]}}}\n"                                                                      \
    "---\n"
#define EVERYWHERE OBSERVATORY("{namespaceSelector: {}, prometheus: {}}")
#define ON         "prometheus.io/scrape: 'true'"
#define HTTP       "{selector: {}, endpoints: [{port: http}]}"

/* With --trusted-namespaces monitoring. */
static const struct {
    const char *name;
    const char *yaml;
    const char *want;
} rows[] = {
    {"nothing", EVERYWHERE, "monitoring/main ready\n"},
    {"no prometheus", OBSERVATORY("{}"), "monitoring/main\n"},
    {"broken", OBSERVATORY("{prometheus: {shards: x}}"),
     "monitoring/main\n"
     "  ! spec.prometheus.shards: \"x\" has the wrong type; write a whole number\n"},

    {"a policy", EVERYWHERE POLICY("web", "shop", HTTP),
     "monitoring/main ready\n"
     "  ScrapePolicy shop/web: accepted 1 jobs\n"
     "  job scrapePolicy/shop/web/http\n"},
    {"endpoints are jobs",
     EVERYWHERE POLICY("web", "shop",
                       "{selector: {}, endpoints: [{port: http}, {name: b, port: http, "
                       "path: /b}, {port: 9000}]}"),
     "monitoring/main ready\n"
     "  ScrapePolicy shop/web: accepted 3 jobs\n"
     "  job scrapePolicy/shop/web/9000\n"
     "  job scrapePolicy/shop/web/b\n"
     "  job scrapePolicy/shop/web/http\n"},
    {"outside the reach",
     OBSERVATORY("{prometheus: {}}") POLICY("web", "shop", HTTP)
         POLICY("own", "monitoring", HTTP) DEPLOYMENT("a", "shop", ON),
     "monitoring/main ready\n"
     "  ScrapePolicy monitoring/own: accepted 1 jobs\n"
     "  job scrapePolicy/monitoring/own/http\n"},
    {"not selected",
     OBSERVATORY("{namespaceSelector: {}, prometheus: {scrapePolicySelector: "
                 "{matchLabels: {team: a}}}}") POLICY("web", "shop", HTTP),
     "monitoring/main ready\n"
     "  ScrapePolicy shop/web: not selected 0 jobs\n"
     "    ! metadata.labels: scrapePolicySelector of Observatory monitoring/main asks "
     "for team=a; label it so, or change the selector\n"},
    {"rejected: it takes nothing over",
     EVERYWHERE POLICY("web", "shop",
                       "{selector: {}, endpoints: [{port: http, interval: x}]}")
         DEPLOYMENT("a", "shop", ON),
     "monitoring/main ready\n"
     "  ScrapePolicy shop/web: 0 jobs\n"
     "    ! spec.endpoints[0].interval: \"x\" is no duration; write a number and a unit, "
     "as in 30s or 1h30m\n"
     "  Deployment shop/a: accepted 1 jobs\n"
     "  job annotations/0d12bdb9b53c\n"},
    {"a tenant's reach",
     EVERYWHERE POLICY(
         "web", "shop",
         "{namespaceSelector: {}, selector: {}, endpoints: [{port: http}]}"),
     "monitoring/main ready\n"
     "  ScrapePolicy shop/web: 0 jobs\n"
     "    ! spec.namespaceSelector: a policy outside namespace monitoring reaches its "
     "own "
     "namespace only; leave it out, or ask the Observatory's owner for tenants.targets: "
     "Any\n"},
    {"no namespace (yet)",
     EVERYWHERE POLICY("all", "monitoring",
                       "{namespaceSelector: {matchLabels: {a: b}}, selector: {}, "
                       "endpoints: [{port: http}]}"),
     "monitoring/main ready\n"
     "  ScrapePolicy monitoring/all: accepted 0 jobs\n"
     "    ! spec.namespaceSelector: it matches no namespace that the Observatory "
     "reaches; "
     "label a namespace so, or change it\n"},
    {"a secret that is not there",
     EVERYWHERE POLICY("web", "shop",
                       "{selector: {}, endpoints: [{port: http, authorization: "
                       "{credentials: {name: s, key: k}}}]}"),
     "monitoring/main ready\n"
     "  ScrapePolicy shop/web: 0 jobs\n"
     "    ! spec.endpoints[0].authorization.credentials: there is no Secret \"s\" in "
     "namespace shop; create it in namespace shop: references stay in the object's own "
     "namespace\n"},

    {"annotations: equal settings are one job",
     EVERYWHERE DEPLOYMENT("a", "shop", ON) DEPLOYMENT("b", "bank", ON)
         DEPLOYMENT("c", "bank", ON ", binnacle.dev/interval: 1m"),
     "monitoring/main ready\n"
     "  Deployment bank/b: accepted 1 jobs\n"
     "  Deployment bank/c: accepted 1 jobs\n"
     "  Deployment shop/a: accepted 1 jobs\n"
     "  job annotations/0d12bdb9b53c\n"
     "  job annotations/b6ce2eaea4a9\n"},
    {"annotations: off",
     OBSERVATORY("{namespaceSelector: {}, prometheus: {annotations: {enabled: false}}}")
         DEPLOYMENT("a", "shop", ON),
     "monitoring/main ready\n"},
    {"annotations: nobody asks", EVERYWHERE DEPLOYMENT("a", "shop", ""),
     "monitoring/main ready\n"},
    {"annotations: not understood",
     EVERYWHERE DEPLOYMENT("a", "shop", "prometheus.io/scrape: 'yes'"),
     "monitoring/main ready\n"
     "  Deployment shop/a: 0 jobs\n"
     "    ! metadata.annotations[\"prometheus.io/scrape\"]: \"yes\" on Deployment shop/a "
     "is neither true nor false; write \"true\" or \"false\"\n"},
    {"a policy over annotations",
     EVERYWHERE POLICY("web", "shop", HTTP) DEPLOYMENT("a", "shop", ON),
     "monitoring/main ready\n"
     "  ScrapePolicy shop/web: accepted 1 jobs\n"
     "  Deployment shop/a: accepted 0 jobs\n"
     "  job scrapePolicy/shop/web/http\n"},
    {"another path is another thing",
     EVERYWHERE POLICY("web", "shop",
                       "{selector: {}, endpoints: [{port: http, path: /b}]}")
         DEPLOYMENT("a", "shop", ON),
     "monitoring/main ready\n"
     "  ScrapePolicy shop/web: accepted 1 jobs\n"
     "  Deployment shop/a: accepted 1 jobs\n"
     "  job annotations/0d12bdb9b53c\n"
     "  job scrapePolicy/shop/web/http\n"},
    {"a port that is not declared is no policy's",
     EVERYWHERE POLICY("web", "shop", "{selector: {}, endpoints: [{port: 7070}]}")
         DEPLOYMENT("a", "shop", ON ", prometheus.io/port: '7070'"),
     "monitoring/main ready\n"
     "  ScrapePolicy shop/web: accepted 1 jobs\n"
     "  Deployment shop/a: accepted 1 jobs\n"
     "  job annotations/00607a93ffff\n"
     "  job scrapePolicy/shop/web/7070\n"},
    {"a policy of workloads over annotations",
     EVERYWHERE POLICY("web", "shop",
                       "{workloads: [{kind: Deployment, name: a}], endpoints: [{port: "
                       "8080}]}") DEPLOYMENT("a", "shop", ON) DEPLOYMENT("b", "shop", ON),
     "monitoring/main ready\n"
     "  ScrapePolicy shop/web: accepted 1 jobs\n"
     "  Deployment shop/a: accepted 0 jobs\n"
     "  Deployment shop/b: accepted 1 jobs\n"
     "  job annotations/0d12bdb9b53c\n"
     "  job scrapePolicy/shop/web/8080\n"},
    {"presets",
     OBSERVATORY(
         "{namespaceSelector: {}, prometheus: {presets: [kubelet, istio-proxy]}}"),
     "monitoring/main ready\n"
     "  job envoy-stats\n"
     "  job kubelet\n"},
};

static void
start(struct driven *d, struct facts *facts, const char *yaml)
{
    static const char *const trusted[] = {"monitoring", NULL};

    facts_read(facts, yaml);
    driven_start(d, facts->items, facts->n);
    d->settings.trusted_namespaces = trusted;
    for (size_t i = 0; i < facts->n; i++) {
        driven_put(d, facts->items[i]);
    }
    driven_sync(d);
    driven_settle(d);
}

TEST(plans)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct facts facts;
        struct driven d;

        bnc_test_row(rows[i].name);
        start(&d, &facts, rows[i].yaml);
        CHECK_STR(driven_describe(&d, false, arena), rows[i].want);
        driven_stop(&d);
        facts_free(&facts);
    }
}

/* ---- ranks --------------------------------------------------------------------- */

/* Which of two policies leaves the other's pods out, by the rule in its job. */
static const struct {
    const char *name;
    const char *a;     /* spec of shop/a */
    const char *b;     /* spec of shop/b */
    const char *loser; /* "": none */
} pairs[] = {
    {"the first by name", HTTP, HTTP, "b"},
    {"the higher priority", HTTP,
     "{priority: 1, selector: {}, endpoints: [{port: http}]}", "a"},
    {"below the default", "{priority: -1, selector: {}, endpoints: [{port: http}]}", HTTP,
     "a"},
    {"another path", HTTP, "{selector: {}, endpoints: [{port: http, path: /b}]}", ""},
    {"the default path, written", HTTP,
     "{selector: {}, endpoints: [{port: http, path: /metrics}]}", "b"},
    {"another name of a port", HTTP, "{selector: {}, endpoints: [{port: admin}]}", ""},
    {"another number", "{selector: {}, endpoints: [{port: 1}]}",
     "{selector: {}, endpoints: [{port: 2}]}", ""},
    {"a name and a number may be one", HTTP, "{selector: {}, endpoints: [{port: 8080}]}",
     "b"},
    {"disjoint values", "{selector: {matchLabels: {x: a}}, endpoints: [{port: http}]}",
     "{selector: {matchLabels: {x: b}}, endpoints: [{port: http}]}", ""},
    {"there or not", "{selector: {matchLabels: {x: a}}, endpoints: [{port: http}]}",
     "{selector: {matchExpressions: [{key: x, operator: DoesNotExist}]}, endpoints: "
     "[{port: http}]}",
     ""},
    {"not that value", "{selector: {matchLabels: {x: a}}, endpoints: [{port: http}]}",
     "{selector: {matchExpressions: [{key: x, operator: NotIn, values: [a]}]}, "
     "endpoints: [{port: http}]}",
     ""},
    {"other keys may meet",
     "{selector: {matchLabels: {x: a}}, endpoints: [{port: http}]}",
     "{selector: {matchLabels: {y: b}}, endpoints: [{port: http}]}", "b"},
    {"workloads may meet",
     "{workloads: [{kind: Job, name: j}], endpoints: [{port: http}]}",
     "{selector: {matchLabels: {y: b}}, endpoints: [{port: http}]}", "b"},
    {"one preset twice", "{selector: {}, preset: istiod}",
     "{selector: {}, preset: istiod}", "b"},
    {"presets of one series", "{selector: {}, preset: istio-proxy}",
     "{selector: {}, preset: istio-merged}", "b"},
    {"other presets", "{selector: {}, preset: istiod}", "{selector: {}, preset: ztunnel}",
     ""},
    {"a preset and its port", "{selector: {}, preset: istiod}",
     "{selector: {}, endpoints: [{port: 15014}]}", "b"},
    {"a preset and the name of its port",
     "{selector: {}, endpoints: [{port: http-envoy-prom, path: /stats/prometheus}]}",
     "{selector: {}, preset: istio-proxy}", "b"},
    {"a preset and another port", "{selector: {}, preset: istiod}", HTTP, ""},
};

/* True when the job of a policy has a rule that leaves something out. */
static bool
leaves_out(const char *content, const char *job, struct bnc_arena *arena)
{
    const char *at = strstr(content, bnc_arena_fmt(arena, "job_name: %s", job));
    CHECK(at != NULL);
    const char *next = strstr(at + 1, "job_name: ");
    const char *mark = strstr(at, "__tmp_binnacle_taken");
    return mark != NULL && (next == NULL || mark < next);
}

TEST(ranks)
{
    for (size_t i = 0; i < BNC_LEN(pairs); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct facts facts;
        struct driven d;
        const char *yaml =
            bnc_arena_fmt(arena, "%s" POLICY("a", "shop", "%s") POLICY("b", "shop", "%s"),
                          EVERYWHERE, pairs[i].a, pairs[i].b);

        bnc_test_row(pairs[i].name);
        start(&d, &facts, yaml);
        const char *content = bnc_engine_result(d.engine, 0)->desired[0].content.ptr;
        CHECK_INT(leaves_out(content, "scrapePolicy/shop/a/", arena),
                  strcmp(pairs[i].loser, "a") == 0);
        CHECK_INT(leaves_out(content, "scrapePolicy/shop/b/", arena),
                  strcmp(pairs[i].loser, "b") == 0);
        driven_stop(&d);
        facts_free(&facts);
    }
}

RUN_TESTS(plans, ranks)
