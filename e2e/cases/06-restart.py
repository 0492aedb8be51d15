"""a restart with nothing changed writes nothing"""

from lib.wait import expect

COUNTED = ("output_writes", "status_writes", "events")


def objects(t):
    """A bit of everything, good and bad."""
    monitoring = t.ns("monitoring", "output")
    app = t.ns("app", "references")
    t.deployment(app, "shop", {"http": 8080}, replicas=1, annotations={"prometheus.io/scrape": "true"})
    t.deployment(app, "wrong", {"http": 8080}, annotations={"prometheus.io/scrape": "true", "prometheus.io/port": "x"})
    t.pods(app, "shop")
    t.api.create("Secret", app, "login", stringData={"token": "t"})
    t.policy(app, "good", selector={}, endpoints=[
        {"port": "http", "path": "/other", "authorization": {"credentials": {"name": "login", "key": "token"}}}])
    t.policy(app, "bad", selector={}, preset="none-such")
    t.observatory(monitoring, presets=["istio-proxy"])
    t.observatory(monitoring, "packed", output={"kind": "ConfigMap", "name": "packed", "key": "p.yaml.gz"})
    return monitoring, app


def run(t):
    monitoring, app = objects(t)
    t.start("--trusted-namespaces", monitoring)
    t.published(monitoring, ["scrapePolicy/", "annotations/", "envoy-stats"])
    t.refused("ScrapePolicy", app, "bad", "UnknownPreset")
    before = t.settled()
    for _ in range(2):
        controller = t.start("--trusted-namespaces", monitoring)
        after = t.settled(quiet=2)
        changed = [key for key in {*before, *after} if before.get(key) != after.get(key)]
        expect(not changed, f"written after a restart: {changed}")
        writes = sum(controller.metric(f"binnacle_{name}_total") for name in COUNTED)
        expect(writes == 0, f"{writes} writes counted after a restart")
    t.figure("objects", len(before), "")
    t.figure("writes", int(writes), "", 0)
