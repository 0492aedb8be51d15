"""the book's job envoy-stats: by preset, by ScrapePolicy, by annotation; real targets, same URLs"""

from lib.case import jobs_of
from lib.wait import expect

NONE = {"matchLabels": {"none": "none"}}
SOURCE = {"source": "istioinaction"}
MAP = {"kind": "ConfigMap", "name": "istioinaction-prom", "key": "prometheus.yml", "labels": SOURCE}
OFF = {"enabled": False}
PATH = "/stats/prometheus"
RELABELINGS = [{"action": "labelmap", "regex": "__meta_kubernetes_pod_label_(.+)"},
               {"sourceLabels": ["__meta_kubernetes_pod_name"], "targetLabel": "pod_name"}]
POLICY = {"selector": {}, "endpoints": [
    {"name": "envoy-stats", "port": "http-envoy-prom", "path": PATH, "relabelings": RELABELINGS}]}
ANNOTATIONS = {"prometheus.io/scrape": "true", "prometheus.io/port": "15090", "prometheus.io/path": PATH}
WAYS = {  # Observatory: its fields, the output, the scrape pool
    "preset": ({"presets": ["istio-proxy"], "annotations": OFF, "scrapePolicySelector": NONE, "output": MAP},
               ("ConfigMap", "istioinaction-prom"), "envoy-stats"),
    "preset-today": ({"presets": ["istio-proxy"], "annotations": OFF, "scrapePolicySelector": NONE},
                     ("Secret", "preset-today-prometheus"), "envoy-stats"),
    "policy": ({"annotations": OFF}, ("Secret", "policy-prometheus"), "scrapePolicy/{app}/envoy/envoy-stats"),
    "annotation": ({"scrapePolicySelector": NONE, "podTargetLabels": ["*"]},
                   ("Secret", "annotation-prometheus"), "annotations/"),
}


def workloads(t, app):
    """apigateway and catalog with sidecars that answer; their addresses."""
    found = {}
    for name, port in (("apigateway", 8080), ("catalog", 3000)):
        t.deployment(app, name, {"http": port, "http-envoy-prom": 15090}, replicas=1, template=ANNOTATIONS)
        found[name], = t.pods(app, name)
        t.sidecar(found[name])
    return found


def scraped(t, server, monitoring, app, way, found):
    """The targets that one way gives, checked against what the book's job gave."""
    _, (kind, name), pool = WAYS[way]
    wanted = pool.format(app=app)
    text = t.published(monitoring, [wanted], name=name, kind=kind)
    jobs = jobs_of(text)
    expect(len(jobs) == 1 and jobs[0].startswith(wanted), f"{way}: jobs {jobs}")
    server.load(text)
    targets = server.up(jobs[0], 2)
    for target in targets:
        labels = target["labels"]
        expect(labels["namespace"] == app and labels["app"] in found, f"{way}: labels {labels}")
        expect(labels["pod" if way == "annotation" else "pod_name"].startswith(labels["app"]), f"{way}: {labels}")
    urls = {target["scrapeUrl"] for target in targets}
    expect(urls == {f"http://{address}:15090{PATH}" for address in found.values()}, f"{way}: {urls}")
    return len(targets)


def run(t):
    monitoring = t.ns("monitoring", "output")
    app = t.ns("istioinaction")
    found = workloads(t, app)
    t.policy(app, "envoy", **POLICY)
    for name, (fields, _, _) in WAYS.items():
        t.observatory(monitoring, name, **fields)
    t.start("--trusted-namespaces", monitoring)
    server = t.prometheus()
    total = sum(scraped(t, server, monitoring, app, way, found) for way in WAYS)
    labels = t.api.get("ConfigMap", monitoring, MAP["name"])["metadata"]["labels"]
    expect({**labels, **SOURCE} == labels, f"labels: {labels}")
    t.figure("targets up", total, f"in {len(WAYS)} forms")
