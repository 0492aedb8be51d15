"""the book's three prune rules, counted in Prometheus before and after"""

import re

from lib.envoy import STATS
from lib.wait import expect, until

CUT = "(outbound|inbound|prometheus_stats).*"
RULES = {"cluster_name": CUT, "tcp_prefix": CUT, "listener_address": "(.+)"}
POOL = "scrapePolicy/{}/envoy/http-envoy-prom"


def left(rules):
    """Samples of the page that no rule drops, as the book's metric_relabel_configs would have it."""
    lines = [line for line in STATS.splitlines() if line and not line.startswith("#")]
    return sum(not any(re.search(rf'\b{label}="{rule}"', line) for label, rule in rules.items()) for line in lines)


def counted(server, name):
    rows = server.query(name)
    return sum(value for _, value in rows) if rows else None


def load(t, server, monitoring, spec, marks):
    """Publish the policy and give Prometheus what comes of it."""
    app = t.namespaces[1]
    endpoint = {"port": "http-envoy-prom", "path": "/stats/prometheus"}
    t.policy(app, "envoy", selector={}, endpoints=[endpoint], **spec)
    server.load(t.published(monitoring, [POOL.format(app), *marks]))
    server.up(POOL.format(app), 1)


def kept(server, wanted, what):
    """Wait for a scrape that keeps `wanted` samples; how many there were on the page."""
    def look():
        return counted(server, "scrape_samples_post_metric_relabeling") == wanted
    until(look, 10, lambda: f"{what}: {counted(server, 'scrape_samples_post_metric_relabeling')} series, not {wanted}")
    return int(counted(server, "scrape_samples_scraped"))


def run(t):
    monitoring = t.ns("monitoring", "output")
    app = t.ns("app")
    t.deployment(app, "apigateway", {"http-envoy-prom": 15090}, replicas=1)
    address, = t.pods(app, "apigateway")
    t.sidecar(address)
    t.observatory(monitoring)
    t.start("--trusted-namespaces", monitoring)
    server = t.prometheus()
    load(t, server, monitoring, {}, [])
    before = kept(server, left({}), "without rules")
    series = [{"labels": {label: rule}} for label, rule in RULES.items()]
    load(t, server, monitoring, {"prune": {"dropSeries": series}}, ["listener_address"])
    after = left(RULES)
    kept(server, after, "three rules")
    t.figure("before", before, "series")
    t.figure("after", after, "series", before / 2)
    load(t, server, monitoring, {"prune": {"preset": "envoy"}}, ["cluster_name"])
    kept(server, after, "preset envoy")
    expect(counted(server, "sum(istio_requests_total)"), "what counts is gone")
