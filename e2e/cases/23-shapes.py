"""the book's setup in its old shape (ConfigMap, Prometheus 2.53) and in today's: same targets, same series"""

from lib import samples
from lib.case import SCRAPER
from lib.prometheus import Prometheus, free_port
from lib.publish import bring
from lib.wait import expect, until

PATH = "/stats/prometheus"
CUT = "(outbound|inbound|prometheus_stats).*"
BOOK = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: envoy-stats
  metrics_path: {path}
  kubernetes_sd_configs: [{{role: pod, namespaces: {{names: [{ns}]}}}}]
  relabel_configs:
  - {{source_labels: [__meta_kubernetes_pod_container_port_name], action: keep, regex: .*-envoy-prom}}
  - source_labels: [__address__, __meta_kubernetes_pod_annotation_prometheus_io_port]
    action: replace
    regex: ([^:]+)(?::\\d+)?;(\\d+)
    replacement: $1:15090
    target_label: __address__
  - {{action: labelmap, regex: __meta_kubernetes_pod_label_(.+)}}
  - {{source_labels: [__meta_kubernetes_namespace], action: replace, target_label: namespace}}
  - {{source_labels: [__meta_kubernetes_pod_name], action: replace, target_label: pod_name}}
  metric_relabel_configs:
  - {{source_labels: [cluster_name], regex: {cut}, action: drop}}
  - {{source_labels: [tcp_prefix], regex: {cut}, action: drop}}
  - {{source_labels: [listener_address], regex: (.+), action: drop}}
"""


def scraped(server, mesh, ns, what):
    """{URL: labels} of the targets that are up: both sidecars and nothing else."""
    wanted = {f"http://{one.address}:15090{PATH}" for app in ("apigateway", "catalog") for one in mesh.of(ns, app)}
    def look():
        good = {target["scrapeUrl"]: target["labels"] for target in server.targets() if target["health"] == "up"}
        return set(good) == wanted and good
    return until(look, 20, lambda: f"{what}: {server.describe()}, not {wanted}")


def same_targets(book, ours, what):
    """Every label of the book's targets is on ours, with the same value; only `job` may be another."""
    for url, labels in book.items():
        lost = {key: value for key, value in labels.items() if key != "job" and ours[url].get(key) != value}
        expect(not lost, f"{what}: of {url} lost {lost}, has {ours[url]}")


def kept(server, keys=None):
    """Envoy's and Istio's series as sets of labels; of others' labels only those of `keys`."""
    return {frozenset((key, value) for key, value in row.items() if key != "job" and (keys is None or key in keys))
            for row, _ in server.query('{__name__=~"(envoy|istio)_.*"}')}


def plain(labels):
    """Prometheus 3 writes le="1" as 1.0."""
    return frozenset((key, str(float(value)) if key == "le" else value) for key, value in labels)


def by_the_book(t, mesh, ns, tools):
    """The configuration that the book writes by hand: what it scrapes, what its prune rules leave."""
    server = t.prometheus("book", tools)
    server.load(BOOK.format(path=PATH, ns=ns, cut=CUT))
    targets = scraped(server, mesh, ns, "the book's own")
    series = until(lambda: kept(server), 10, "the book's own: no series")
    server.end()
    return targets, series


def old_shape(t, mesh, ns, server, what):
    """One ConfigMap istioinaction-prom with the key prometheus.yml, as a mounted file would give it."""
    text = t.published(ns, ["job_name: envoy-stats"], name="istioinaction-prom", kind="ConfigMap")
    server.load(text)
    targets = scraped(server, mesh, ns, what)
    server.end()
    return targets


def today(t, mesh, monitoring, ns):
    """The Secret of the cluster's Observatory, brought by `binnacle sync`."""
    folder = t.dir / "today"
    folder.mkdir()
    url = f"http://127.0.0.1:{free_port()}"
    way = bring(t.binary, t.plane, SCRAPER, f"{monitoring}/main", folder / "out", url, t.dir / "sync.log")
    t.undo.append(way.end)
    server = Prometheus(folder, t.plane.tools, t.plane, SCRAPER, t.dir / "today.log", way.prepare(), url)
    t.undo.append(server.end)
    way.attach(server)
    t.note(f"today by {way.name}")
    return scraped(server, mesh, ns, "today"), server


def grant(t, ns):
    """What sync may do, as in the shipped samples: for the account that the tests' Prometheus has."""
    for thing in samples.things("prometheus-with-sync"):
        if thing["kind"] in ("Role", "RoleBinding"):
            thing["metadata"]["namespace"] = ns
            if "subjects" in thing:
                account = SCRAPER.split("/")
                thing["subjects"] = [{"kind": "ServiceAccount", "namespace": account[0], "name": account[1]}]
            t.api.apply_object(thing)


def run(t):
    monitoring = t.ns("monitoring", "output")
    app = t.ns("istioinaction", "output")
    grant(t, monitoring)
    mesh = t.mesh(app)
    where = {"istioinaction": app, "monitoring": monitoring}
    samples.apply(t, "seed/old-form", where)
    samples.apply(t, "seed/today", where)
    for name in ("apigateway", "catalog"):
        mesh.wait(app, name, 1)
    t.start("--trusted-namespaces", monitoring)
    tools = t.plane.tools_of("prometheus-2")
    if tools is None:
        t.note("Prometheus 2.53 is not built: 3.16 in its place (hack/tools/build prometheus-2)")
    book, series = by_the_book(t, mesh, app, tools)
    found = {}
    server = t.prometheus("old", tools)
    expect(tools is None or '"2.53' in server.fetch("/api/v1/status/buildinfo"), "this is no Prometheus 2.53")
    found["old shape, 2.53"] = old_shape(t, mesh, app, server, "old shape, 2.53")
    found["old shape, 3.16"] = old_shape(t, mesh, app, t.prometheus("old-3.16"), "old shape, 3.16")
    found["today"], server = today(t, mesh, monitoring, app)
    for what, targets in found.items():
        same_targets(book, targets, what)
    keys = {key for labels in series for key, _ in labels}
    def look():
        return {plain(one) for one in kept(server, keys)} == {plain(one) for one in series}
    until(look, 15, lambda: f"series that the rules leave: {len(series)} by the book, {len(kept(server, keys))} today")
    t.figure("shapes", len(found), "")
    t.figure("targets", len(book), "")
    t.figure("series as by the book", len(series), "")
