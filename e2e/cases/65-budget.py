"""a budget follows the traffic that Prometheus counts: in bounded steps, and it holds still when nobody knows"""

import json
import time

from lib.case import SCRAPER
from lib.envoy import Listener
from lib.istio import INJECTED, ROOT, istio
from lib.mesh import ADDRESSES
from lib.prometheus import Prometheus
from lib.wait import expect, until

DEADLINE_S = 240
OURS = {"SHARED_MESH_CONFIG": "binnacle-mesh"}
INTERVAL_S = 5
WINDOW_S = 10
TARGET = 2  # traces a second
MIN, CAP, INITIAL = 1, 8, 10  # percent; the tenants' cap is below what the policy asks for
NEAR = 0.05  # of a percentage, for two clocks that are not one
TOLERANCE = 0.3
SLACK_S = 0.5  # of the time between two changes, as a watch sees it


class Traffic:
    """A proxy's page with a counter that grows by `rate` a second."""

    def __init__(self, t, ns):
        self.labels = f'reporter="source",source_workload_namespace="{ns}",source_workload="web"'
        self.rate, self.count, self.at = 0, 0.0, time.monotonic()
        self.address = next(ADDRESSES)
        t.listen(Listener(self.address, 15090, {"/stats/prometheus": self.page}))

    def page(self):
        self.set(self.rate)
        return f"# TYPE istio_requests_total counter\nistio_requests_total{{{self.labels}}} {self.count:.3f}\n"

    def set(self, rate):
        now = time.monotonic()
        self.count += self.rate * (now - self.at)
        self.rate, self.at = rate, now

    def scraping(self):
        job = {"job_name": "envoy-stats", "metrics_path": "/stats/prometheus", "scrape_interval": "1s",
               "scrape_timeout": "1s", "static_configs": [{"targets": [f"{self.address}:15090"]}]}
        return json.dumps({"scrape_configs": [job]})


class World:
    def __init__(self, t, mesh):
        self.t, self.mesh = t, mesh
        self.monitoring, self.shop = t.ns("monitoring", "output"), t.ns("shop", labels=INJECTED)
        mesh.service(self.monitoring, "jaeger", 4317)
        self.query = f'sum(rate(istio_requests_total{{source_workload_namespace="{self.shop}"}}[{WINDOW_S}s]))'
        self.traffic = Traffic(t, self.shop)
        self.server = t.prometheus()
        self.server.load(self.traffic.scraping())
        self.watch = t.api.watch("Telemetry", self.shop)
        t.undo.append(self.watch.close)

    def observatory(self, url):
        own = {"url": url} if url else {}
        backend = {"name": "jaeger", "type": "jaeger", "service": f"jaeger.{self.monitoring}"}
        self.t.api.apply("Observatory", self.monitoring, "main", spec={
            "namespaceSelector": {"matchLabels": {"e2e": self.t.number}}, "mesh": {},
            "prometheus": {"version": "3.16.0", **own},
            "tracing": {"backends": [backend], "sampling": {"percent": 1, "maxPercent": CAP}}})

    def budget(self, query, name="shop", where=None):
        """A policy; without a query of its own when that is None."""
        self.t.api.apply("SamplingPolicy", self.shop, name, spec={**(where or {}), "budget": {
            "tracesPerSecond": TARGET, "initialPercent": INITIAL, "minPercent": MIN, "maxPercent": 50,
            "interval": f"{INTERVAL_S}s", **({"query": query} if query else {})}})

    def start(self):
        self.t.start("--trusted-namespaces", self.monitoring)

    def telemetry(self):
        return self.t.api.get("Telemetry", self.shop, "binnacle")

    def percent(self):
        """As Istio is told it; None: nothing is told."""
        found = self.telemetry()
        return found and found["spec"]["tracing"][0]["randomSamplingPercentage"]

    def status(self, name="shop"):
        return self.t.api.get("SamplingPolicy", self.shop, name).get("status", {})

    def message(self, name="shop"):
        return self.status(name).get("budget", {}).get("message")

    def told(self):
        return {key: value for key, value in self.status().items() if key in ("percent", "budget")}

    def reach(self, what, low, high, seconds):
        """Seconds until the percentage is between the two, and the status says the same."""
        begin = time.monotonic()
        until(lambda: low <= (self.percent() or 0) <= high, seconds,
              lambda: f"{what}: {self.percent()} %, not {low} to {high} %; {self.told()}")
        took = time.monotonic() - begin
        until(lambda: self.status().get("percent") == self.percent(), 3,
              lambda: f"{what}: {self.percent()} %, and the status says {self.told()}")
        return took

    def fits(self, what, near, seconds):
        """The percentage goes to the one that gives the budget."""
        wanted = 100 * TARGET / self.traffic.rate
        return self.reach(what, wanted * (1 - near), wanted * (1 + near), seconds)

    def steps(self):
        """All percentages that Istio was told: (time, percent)."""
        out = []
        for at, _, thing in self.watch.events:
            if thing["metadata"]["name"] != "binnacle":
                continue
            percent = thing["spec"]["tracing"][0]["randomSamplingPercentage"]
            if not out or out[-1][1] != percent:
                out.append((at, percent))
        return out


def unknown(w):
    """An Observatory that names no Prometheus says so, and the budget stays where it begins: below the cap."""
    w.observatory(None)
    w.budget(w.query)
    w.start()
    w.reach("no url", CAP, CAP, 10)
    until(lambda: w.message() and "no address of Prometheus is known" in w.message(), 15,
          lambda: f"without a url: {w.status()}")


def follow(w):
    """Down at once, up at most to the double, and never over the edges."""
    t, slow = w.t, WINDOW_S + 2 * INTERVAL_S + 2
    until(lambda: sum(value for _, value in w.server.query(w.query)) > 0.98 * w.traffic.rate, 2 * WINDOW_S,
          lambda: f"Prometheus counts {w.server.query(w.query)}, not {w.traffic.rate} a second")
    w.observatory(w.server.url)
    t.figure("down at once", w.fits("down", NEAR, INTERVAL_S + 12), "s")
    until(lambda: w.message() is None, 5, lambda: f"still: {w.told()}")
    until(lambda: abs(w.status()["budget"]["requestsPerSecond"] - w.traffic.rate) <= 5, 10,
          lambda: f"{w.traffic.rate} requests a second, and the status says {w.told()}")
    w.traffic.set(10)  # all that the cap allows is less than the budget
    t.figure("up to the cap", w.reach("quiet", CAP, CAP, slow), "s")
    w.traffic.set(1000)  # 0.2 % would fit
    t.figure("a rush", w.reach("a rush", MIN, MIN, slow), "s")


def away(w):
    """Nobody knows the rate: the percentage stays, also over a restart of binnacle; then it goes on."""
    t = w.t
    w.server.end()
    w.traffic.set(100)
    until(w.message, 15, lambda: f"Prometheus is away: {w.told()}")
    held = w.telemetry()["metadata"]["resourceVersion"]
    t.note(f"\"{w.message()}\"")
    w.start()
    until(w.message, 15, lambda: f"after a restart: {w.told()}")
    time.sleep(INTERVAL_S + 1)
    expect(w.telemetry()["metadata"]["resourceVersion"] == held, f"it did not hold still: {w.steps()}")
    expect(w.status()["percent"] == MIN, f"{w.told()}")
    folder = t.dir / "again"
    folder.mkdir()
    again = Prometheus(folder, t.plane.tools, t.plane, SCRAPER, t.dir / "again.log", url=w.server.url)
    t.undo.append(again.end)
    again.load(w.traffic.scraping())
    # a Prometheus that has just begun gives too little for a window: it may go up too far, and comes back
    t.figure("back", w.fits("back", TOLERANCE, WINDOW_S + 4 * INTERVAL_S + 10), "s")
    until(lambda: w.message() is None, 5, lambda: f"still: {w.told()}")


def own_query(w):
    """Without a query: what Istio counts of the namespace, or of the workloads that the policy selects."""
    t = w.t
    t.deployment(w.shop, "web", {"http": 8080})
    for name in ("web", "nobody"):
        w.budget(None, name, {"selector": {"matchLabels": {"app": name}}})
    w.budget(None)
    for name in ("web", "shop"):
        until(lambda: w.status(name).get("budget", {}).get("requestsPerSecond") and not w.message(name), 15,
              lambda: f"{name}: {w.status(name)}")
    until(lambda: "write spec.budget.query" in (w.message("nobody") or ""), 15, lambda: f"nobody: {w.status('nobody')}")
    t.api.merge("SamplingPolicy", w.shop, "shop", {"spec": {"budget": {"maxPercent": 1.5}}})
    w.reach("another maximum", 1.5, 1.5, 3)  # at once: no rate is asked for


def bounded(w):
    steps = w.steps()
    for (_, before), (_, percent) in zip(steps, steps[1:]):
        expect(MIN <= percent <= CAP, f"{percent} % is out of bounds: {steps}")
        expect(percent <= 2 * before, f"more than the double: {steps}")
    changes = [at for at, percent in steps[1:] if percent != 1.5]  # what a policy's author changes counts at once
    gaps = [later - at for at, later in zip(changes, changes[1:])]
    expect(min(gaps) > INTERVAL_S - SLACK_S, f"two changes within the interval: {gaps}")
    w.t.figure("changes", len(steps) - 1, "")
    w.t.note(" ".join(f"{percent:g}" for _, percent in steps))


def run(t):
    mesh = istio(t, env=OURS)
    if mesh is None:
        return
    t.plane.permit_mesh()
    w = World(t, mesh)
    w.traffic.set(100)
    unknown(w)
    follow(w)
    away(w)
    own_query(w)
    bounded(w)
    t.api.delete("Observatory", w.monitoring, "main")
    until(lambda: not t.api.list("Telemetry", w.shop) and not t.api.list("Telemetry", ROOT), 10, "Telemetry is left")
