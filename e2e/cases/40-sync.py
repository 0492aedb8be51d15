"""binnacle sync: an annotation becomes a target of the running Prometheus, proved and told; restarts change nothing"""

import time

from lib.sync import Beside
from lib.wait import expect, until

DEADLINE_S = 180
ANNOTATIONS = {"prometheus.io/scrape": "true"}


def run(t):
    monitoring, app = t.ns("monitoring", "output"), t.ns("app")
    t.observatory(monitoring)
    t.deployment(app, "web", {"http": 8080}, ANNOTATIONS, replicas=1)
    t.app(t.pods(app, "web")[0], 8080)
    t.start("--trusted-namespaces", monitoring)
    t.published(monitoring, ["annotations/"])
    beside = Beside(t, monitoring).both()
    row = beside.loaded()
    expect(row["reason"] == "Loaded" and row["shard"] == 0, f"{row}")
    latency(t, app, beside)
    counted(t, monitoring, beside)
    restart_sync(t, beside)
    restart_prometheus(t, beside)


def latency(t, app, beside):
    """From the annotation to the first good scrape, through sync."""
    t.deployment(app, "cart", {"http": 8081}, replicas=1)
    t.app(t.pods(app, "cart")[0], 8081)
    time.sleep(1)
    started = time.monotonic()
    t.api.annotate("Deployment", app, "cart", ANNOTATIONS)
    t.published(beside.ns, ["cart"])
    t.figure("annotate to published", time.monotonic() - started, "s", bar=0.3)
    until(lambda: any(":8081/" in target["scrapeUrl"] and target["health"] == "up" for target in beside.server.targets()),
          10, lambda: f"cart is not scraped: {beside.server.describe()}; {beside.said()[-800:]}")
    t.figure("annotate to target up", time.monotonic() - started, "s", bar=3)
    beside.loaded()
    t.figure("annotate to proved and told", time.monotonic() - started, "s", bar=10)


def counted(t, monitoring, beside):
    """Counts of targets, in the instance's entry and in sum."""
    def look():
        status = t.api.get("Observatory", monitoring, "main")["status"]["prometheus"]
        return status.get("loaded", {}).get("targetsUp") == 2 and status
    status = until(look, 75, lambda: f"targets are not counted: {beside.entry()}")
    expect(status["loaded"]["hash"] == status["hash"], f"{status['loaded']}")
    t.note(f"targets up {status['loaded']['targetsUp']}, down {status['loaded']['targetsDown']}")


def restart_sync(t, beside):
    """The same generation, no reload, no write but its own heartbeat."""
    generation = beside.generation()
    before = beside.server.fetch("/metrics")
    beside.stop_sync()
    beside.start_sync()
    until(lambda: "loaded and proved" in beside.said()[-4000:] and beside.count("starting") == 2, 15,
          lambda: f"sync does not come back: {beside.said()[-1500:]}")
    after = beside.server.fetch("/metrics")
    stamp = "prometheus_config_last_reload_success_timestamp_seconds "
    line = [next(row for row in text.splitlines() if row.startswith(stamp)) for text in (before, after)]
    expect(line[0] == line[1], f"a restart of sync reloaded Prometheus: {line}")
    expect(beside.generation() == generation, f"{generation} → {beside.generation()}")


def restart_prometheus(t, beside):
    """Killed and started again: it is proved anew."""
    beside.server.end()
    beside.said_so("Unreachable", timeout=60)
    beside.serve()
    beside.loaded()
