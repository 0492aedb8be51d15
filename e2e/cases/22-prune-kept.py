"""prune rules on a living mesh: exactly the series that the rules name are gone, none that counts"""

import re

from lib.case import jobs_of
from lib.samples import things
from lib.wait import expect, until

CUT = "(outbound|inbound|prometheus_stats).*"
BOOK = {"cluster_name": CUT, "tcp_prefix": CUT, "listener_address": "(.+)"}
# What dashboards and alerts of a mesh live on: never lost by any of the rules below.
TOOK = "istio_request_duration_milliseconds"
WANTED = ["istio_requests_total", f"{TOOK}_bucket", f"{TOOK}_sum", f"{TOOK}_count", "envoy_http_downstream_rq_total",
          "envoy_http_downstream_rq", "envoy_http_downstream_cx_active", "envoy_server_live", "envoy_server_uptime",
          "envoy_server_memory_allocated", "envoy_cluster_manager_active_clusters"]
# Of Envoy's own clusters (its control plane, tracing) the book's rules keep all.
CLUSTER = "envoy_cluster_upstream_rq_total"
KEPT_CLUSTERS = {"xds-grpc", "zipkin", "agent"}
NAMES = r"envoy_cluster_(lb|max|membership|bind).*"
RULES = {  # name: (what the policy says, which series of the page it takes by labels, by name)
    "book": (None, BOOK, None),  # the shipped sample, as it is
    "preset": ({"preset": "envoy"}, BOOK, None),
    "names": ({"dropMetrics": [NAMES]}, {}, NAMES),
}


def series(name, labels):
    """One form for both sides: Prometheus 3 writes le="1" as 1.0."""
    return name, tuple(sorted((key, str(float(value)) if key == "le" else value) for key, value in labels))


def rows(page):
    """Series of a page as (name, labels)."""
    found = re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", page, re.M)
    return {series(name, re.findall(r'(\w+)="([^"]*)"', labels)) for name, labels in found}


def left(page, labels, names):
    """The series that the rules leave, worked out here."""
    def taken(name, own):
        return (names and re.fullmatch(names, name)) or any(
            label in labels and re.fullmatch(labels[label], value) for label, value in own)
    return {(name, own) for name, own in rows(page) if not taken(name, own)}


def stored(server, pod, keys):
    """The series that Prometheus has of a pod now, with the labels that Envoy gave them."""
    found = server.query(f'{{pod_name="{pod}",__name__=~"(envoy|istio)_.*"}}')
    return {series(row["__name__"], [(key, value) for key, value in row.items() if key in keys]) for row, _ in found}


def sample_prune():
    policy, = [thing for thing in things("seed/today") if thing["kind"] == "ScrapePolicy"]
    return policy["spec"]["prune"]


def compared(t, server, prune, want):
    """Apply the policy and wait until Prometheus has exactly the wanted series of each pod; how many they are."""
    monitoring, app = t.namespaces
    t.policy(app, "envoy", selector={}, preset="istio-proxy", **({"prune": prune} if prune else {}))
    keys = {key for own in want.values() for _, labels in own for key, _ in labels}
    loaded, last = [None], {}
    def look():
        text = t.content(monitoring)
        if text and text != loaded[-1]:
            loaded.append(text)
            server.load(text.decode())
        last.update({pod: stored(server, pod, keys) for pod in want})
        return last == want
    def wrong():
        return [f"{pod}: lost {sorted(series - last[pod])[:3]}, too much {sorted(last[pod] - series)[:3]}"
                for pod, series in want.items()]
    until(look, 15, wrong, every=0.1)
    return sum(map(len, want.values()))


def run(t):
    monitoring = t.ns("monitoring", "output")
    app = t.ns("istioinaction")
    mesh = t.mesh(app)
    for name, port in (("apigateway", 8080), ("catalog", 3000)):
        t.deployment(app, name, {"http": port, "http-envoy-prom": 15090}, replicas=1)
    pages = {one.name: one.sidecar.page for name in ("apigateway", "catalog") for one in mesh.wait(app, name, 1)}
    t.observatory(monitoring)
    t.start("--trusted-namespaces", monitoring)
    server = t.prometheus()
    before = compared(t, server, None, {pod: rows(page()) for pod, page in pages.items()})
    t.figure("series before", before, "")
    for name, (prune, labels, names) in RULES.items():
        want = {pod: left(page(), labels, names) for pod, page in pages.items()}
        after = compared(t, server, prune or sample_prune(), want)
        t.figure(f"after {name}", after, "", before - 1)
        lost = [metric for metric in WANTED if len(server.query(f"group by (pod_name) ({metric})")) != len(pages)]
        expect(not lost, f"{name}: lost {lost}")
        if labels:
            kept = {row["cluster_name"] for row, _ in server.query(f"group by (cluster_name) ({CLUSTER})")}
            expect(kept == KEPT_CLUSTERS, f"{name}: clusters {kept}")
    jobs = jobs_of(t.content(monitoring).decode())
    expect(len(jobs) == 1, f"jobs: {jobs}")
