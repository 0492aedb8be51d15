/*
 * A small universe: what each object may be, good and bad.
 */
#ifndef BNC_TESTS_UNIT_UNIVERSE_H
#define BNC_TESTS_UNIT_UNIVERSE_H

#include <stddef.h>

#define VARIANTS 5 /* of one object, at most */

#define OBSERVATORY(name, ns, spec)                                                      \
    "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\nmetadata: {name: " name       \
    ", namespace: " ns "}\nspec: " spec "\n"
#define POLICY(name, ns, spec)                                                           \
    "apiVersion: binnacle.dev/v1alpha1\nkind: ScrapePolicy\nmetadata: {name: " name      \
    ", namespace: " ns ", labels: {team: a}}\nspec: " spec "\n"
#define WORKLOAD(kind, name, ns, notes, template_notes)                                  \
    "apiVersion: apps/v1\nkind: " kind "\nmetadata: {name: " name ", namespace: " ns     \
    ", annotations: {" notes "}}\nspec: {template: {metadata: {labels: {app: " name      \
    "}, annotations: {" template_notes "}}, spec: {containers: [{name: a, ports: "       \
    "[{name: http, containerPort: 8080}]}]}}}\n"
#define NAMESPACE(name, labels, notes)                                                   \
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: " name ", labels: {" labels       \
    "}, annotations: {" notes "}}\n"
#define SERVICE(name, ns, notes, selector)                                               \
    "apiVersion: v1\nkind: Service\nmetadata: {name: " name ", namespace: " ns           \
    ", annotations: {" notes "}}\nspec: {selector: {" selector "}}\n"
#define SECRET(name, ns, data)                                                           \
    "apiVersion: v1\nkind: Secret\nmetadata: {name: " name ", namespace: " ns            \
    "}\nstringData: {" data "}\n"
#define ON "prometheus.io/scrape: 'true'"

static const struct {
    const char *variants[VARIANTS];
} universe[] = {
    {{OBSERVATORY("main", "monitoring", "{namespaceSelector: {}, prometheus: {}}"),
      OBSERVATORY("main", "monitoring",
                  "{namespaceSelector: {matchLabels: {team: a}}, prometheus: {presets: "
                  "[istio-proxy], podTargetLabels: [app], version: 2.42.0}}"),
      OBSERVATORY("main", "monitoring",
                  "{namespaceSelector: {}, tenants: {targets: Any}, prometheus: {shards: "
                  "2, scrapeInterval: 1m, annotations: {prefixes: [binnacle.dev]}}}"),
      OBSERVATORY("main", "monitoring", "{prometheus: {presets: [nope]}}"),
      OBSERVATORY(
          "main", "monitoring",
          "{suspend: true, prometheus: {additionalScrapeConfigs: {name: token, "
          "key: jobs}, files: [{name: f, secretKeyRef: {name: token, key: a}}]}}")}},
    {{OBSERVATORY("other", "shop", "{prometheus: {}}"),
      OBSERVATORY("other", "shop",
                  "{namespaceSelector: {}, prometheus: {scrapePolicySelector: "
                  "{matchLabels: {team: b}}, output: {kind: ConfigMap, key: p.gz}}}"),
      OBSERVATORY("other", "shop", "{}")}},
    {{POLICY("web", "shop", "{selector: {}, endpoints: [{port: http}]}"),
      POLICY("web", "shop",
             "{priority: 1, selector: {matchLabels: {app: a}}, endpoints: [{port: 8080, "
             "interval: 10s}, {port: http, path: /b}]}"),
      POLICY("web", "shop", "{selector: {}, endpoints: [{port: http, interval: x}]}"),
      POLICY("web", "shop", "{namespaceSelector: {}, selector: {}, preset: istio-proxy}"),
      POLICY("web", "shop",
             "{selector: {}, endpoints: [{port: http, interval: 1m, "
             "trackTimestampsStaleness: true}]}")}},
    {{POLICY("api", "shop",
             "{selector: {}, endpoints: [{port: http, authorization: {credentials: "
             "{name: token, key: a}}}]}"),
      POLICY("api", "shop",
             "{selector: {}, endpoints: [{port: http, basicAuth: {username: {name: "
             "token, key: a}, password: {name: token, key: b}}}]}"),
      POLICY("api", "shop",
             "{workloads: [{kind: Deployment, name: a}, {kind: Deployment, name: b}], "
             "endpoints: [{port: http}]}")}},
    {{POLICY("all", "monitoring",
             "{namespaceSelector: {}, selector: {}, endpoints: [{port: http}]}"),
      POLICY("all", "monitoring",
             "{namespaceSelector: {matchLabels: {team: a}}, selector: "
             "{matchExpressions: [{key: app, operator: NotIn, values: [a]}]}, "
             "endpoints: [{port: http}]}")}},
    {{POLICY("file", "bank",
             "{selector: {}, endpoints: [{port: http, tlsConfig: {caFile: /ca}}]}"),
      POLICY("file", "bank",
             "{selector: {}, scrapeClass: none, endpoints: [{port: http}]}")}},
    {{POLICY("tls", "bank",
             "{selector: {}, endpoints: [{port: http, tlsConfig: {ca: {configMap: "
             "{name: ca, key: c}}}}]}")}},
    {{POLICY("prune", "bank",
             "{priority: -1, selector: {}, endpoints: [{port: http}], prune: {preset: "
             "envoy}}"),
      POLICY("prune", "bank",
             "{selector: {}, endpoints: [{port: http}], prune: {dropMetrics: ['(']}}")}},

    {{WORKLOAD("Deployment", "a", "shop", ON, ""),
      WORKLOAD("Deployment", "a", "shop", ON ", prometheus.io/port: '9'", ""),
      WORKLOAD("Deployment", "a", "shop", "", "")}},
    {{WORKLOAD("Deployment", "b", "shop", "", ON),
      WORKLOAD("Deployment", "b", "shop", "", ON ", binnacle.dev/interval: x")}},
    {{WORKLOAD("StatefulSet", "c", "shop", ON, "binnacle.dev/ignore: 'true'"),
      WORKLOAD("StatefulSet", "c", "shop", ON, "")}},
    {{WORKLOAD("DaemonSet", "d", "bank", "", ""),
      WORKLOAD("DaemonSet", "d", "bank", ON, "prometheus.io/path: /d")}},
    {{WORKLOAD("Deployment", "a", "bank", "prometheus.io/port: '15090'",
               "prometheus.io/path: /stats/prometheus"),
      WORKLOAD("Deployment", "a", "bank", ON ", prometheus.io/port: '15090'",
               "prometheus.io/path: /stats/prometheus")}},
    {{WORKLOAD("Deployment", "f", "bank", ON ", prometheus.io/port: '15090'",
               "prometheus.io/path: /stats/prometheus")}},
    {{WORKLOAD("Deployment", "e", "cart", ON, ""),
      WORKLOAD("Deployment", "e", "cart", "prometheus.io/scrape_slow: 'true'", "")}},
    {{"apiVersion: v1\nkind: Pod\nmetadata: {name: a-6d4-x, namespace: shop, "
      "annotations: {" ON "}, ownerReferences: [{kind: ReplicaSet, name: a-6d4, "
      "controller: true}]}\nspec: {containers: [{name: a, ports: [{containerPort: "
      "8080}]}]}\n",
      "apiVersion: v1\nkind: Pod\nmetadata: {name: a-6d4-x, namespace: shop, "
      "annotations: {" ON "}}\nspec: {containers: [{name: a, ports: [{containerPort: "
      "8080}]}]}\n"}},

    {{NAMESPACE("shop", "team: a", ""), NAMESPACE("shop", "team: b", ""),
      NAMESPACE("shop", "", ON)}},
    {{NAMESPACE("bank", "team: a", ""),
      NAMESPACE("bank", "team: a", "binnacle.dev/interval: 5m")}},
    {{NAMESPACE("cart", "", "binnacle.dev/ignore: 'true'"), NAMESPACE("cart", "", "")}},
    {{SERVICE("a", "shop", "prometheus.io/path: /from-service", "app: a"),
      SERVICE("a", "shop", "prometheus.io/port: x", "app: b")}},
    {{SERVICE("d", "bank", ON, "app: d")}},
    {{SECRET("token", "shop", "a: one"), SECRET("token", "shop", "a: two, b: three"),
      SECRET("token", "shop", "b: three")}},
    {{SECRET("token", "monitoring", "a: x, jobs: '[{job_name: raw}]'"),
      SECRET("token", "monitoring", "a: x, jobs: text")}},
    {{"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca, namespace: bank}\ndata: "
      "{c: none}\n"}},
};

#endif
