"""apigateway and catalog scaled up and down: targets follow, and nothing is written for it"""

import time

from lib.wait import expect, until

ANNOTATIONS = {"prometheus.io/scrape": "true", "prometheus.io/port": "http"}
KINDS = ("annotations/", "envoy-stats")
WALK = [("apigateway", 4), ("catalog", 6), ("apigateway", 1), ("catalog", 0), ("catalog", 2), ("apigateway", 2)]
BAR_S = 10  # Prometheus looks at what its discovery found each 5 s, and scrapes each second


def targets(server, kind, app):
    """Pods of an app that are scraped well, by jobs whose name begins with `kind`."""
    return sorted(target["labels"]["pod"] for target in server.targets() if target["scrapePool"].startswith(kind)
                  and target["labels"]["app"] == app and target["health"] == "up")


def scale(t, mesh, server, app, count):
    """Seconds until Prometheus scrapes exactly the pods that there are: the app and its sidecar."""
    ns = t.namespaces[1]
    t.api.merge("Deployment", ns, app, {"spec": {"replicas": count}})
    pods = sorted(one.name for one in mesh.wait(ns, app, count)) if count else []
    if not count:
        until(lambda: not t.api.list("Pod", ns, f"?labelSelector=app%3D{app}"), 15, f"pods of {app} are left")
    begin = time.monotonic()
    until(lambda: all(targets(server, kind, app) == pods for kind in KINDS), 15,
          lambda: f"{app} with {count}: {[(kind, targets(server, kind, app)) for kind in KINDS]} are not {pods}")
    return time.monotonic() - begin


def run(t):
    monitoring = t.ns("monitoring", "output")
    app = t.ns("istioinaction")
    mesh = t.mesh(app)
    for name, port in (("apigateway", 8080), ("catalog", 3000)):
        t.deployment(app, name, {"http": port, "http-envoy-prom": 15090}, replicas=2, annotations=ANNOTATIONS)
        mesh.wait(app, name, 2)
    t.observatory(monitoring, presets=["istio-proxy"], podTargetLabels=["app"])
    controller = t.start("--trusted-namespaces", monitoring)
    server = t.prometheus()
    server.load(t.published(monitoring, KINDS))
    until(lambda: len([one for one in server.targets() if one["health"] == "up"]) == 8, 10, "no eight targets")
    t.settled()
    writes = controller.metric("binnacle_output_writes_total")
    slowest = max(scale(t, mesh, server, name, count) for name, count in WALK)
    t.figure("targets follow", slowest, "s", BAR_S)
    t.figure("steps", len(WALK), "")
    t.figure("output writes", int(controller.metric("binnacle_output_writes_total") - writes), "", 0)
    rows = server.query("rate(istio_requests_total[10s]) > 0")
    expect(rows, "requests do not grow")
