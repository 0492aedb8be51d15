"""annotation removed: its job goes; Observatory deleted: what it owns is collected"""

import time

from lib.case import jobs_of
from lib.wait import expect, until

OWNED = [("Secret", "main-prometheus"), ("Secret", "main-prometheus-assets"), ("ConfigMap", "far-prometheus")]


def gone(t, kind, ns, name):
    until(lambda: t.api.get(kind, ns, name) is None, 15, f"{kind} {ns}/{name} is still there")


def objects(t):
    """Namespaces of the Observatories, of an output elsewhere, of the workloads."""
    monitoring, far, app = t.ns("monitoring", "output"), t.ns("far", "output"), t.ns("app", "references")
    t.deployment(app, "shop", {"http": 8080}, annotations={"prometheus.io/scrape": "true"})
    t.api.create("Secret", app, "login", stringData={"token": "t"})
    t.policy(app, "token", selector={}, endpoints=[
        {"port": "http", "path": "/other", "authorization": {"credentials": {"name": "login", "key": "token"}}}])
    t.observatory(monitoring)
    t.observatory(monitoring, "far", output={"kind": "ConfigMap", "name": "far-prometheus", "namespace": far})
    return monitoring, far, app


def without_annotation(t, monitoring, app):
    begin = time.monotonic()
    t.api.annotate("Deployment", app, "shop", {"prometheus.io/scrape": None})
    t.absent(monitoring, ["annotations/"])
    t.figure("job gone", time.monotonic() - begin, "s", 1)
    expect(len(jobs_of(t.content(monitoring).decode())) == 1, "another job went too")


def without_observatories(t, monitoring, far):
    begin = time.monotonic()
    for name in ("main", "far"):
        t.api.delete("Observatory", monitoring, name)
    for kind, name in OWNED:
        gone(t, kind, far if name.startswith("far") else monitoring, name)
    for name in ("main", "far"):
        gone(t, "Observatory", monitoring, name)
    t.figure("collected", time.monotonic() - begin, "s")


def run(t):
    monitoring, far, app = objects(t)
    t.start("--trusted-namespaces", monitoring)
    t.published(monitoring, ["annotations/", "scrapePolicy/"])
    t.published(far, ["annotations/"], "far-prometheus", kind="ConfigMap")
    until(lambda: t.api.get("Secret", monitoring, "main-prometheus-assets"), 5, "no assets")
    without_annotation(t, monitoring, app)
    without_observatories(t, monitoring, far)
    t.observatory(monitoring)
    t.published(monitoring, ["scrapePolicy/"])
    t.stop()
    t.api.delete("Observatory", monitoring, "main")
    gone(t, "Secret", monitoring, "main-prometheus")  # by the garbage collector alone
