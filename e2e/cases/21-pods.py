"""a pod that is relabelled, not ready, silent, failed, deleted: what Prometheus scrapes then"""

import time

from lib.wait import expect, until

POOL = "envoy-stats"
BAR_S = 10  # Prometheus looks at what its discovery found each 5 s


def of_pod(server, name):
    """The pod's active target; None when there is none."""
    return next((target for target in server.targets(POOL) if target["labels"]["pod"] == name), None)


def label_changes(t, server, ns, name):
    """Seconds until the series of a running pod carry a label that it got."""
    before = {row["pod"]: row for row, _ in server.query("up")}
    expect("track" not in before[name], f"labels before: {before[name]}")
    t.api.merge("Pod", ns, name, {"metadata": {"labels": {"track": "canary"}}})
    begin = time.monotonic()
    canary = f'envoy_server_live{{pod_name="{name}",track="canary"}}'
    until(lambda: server.query(canary), 15, "no series with the label")
    t.figure("label in the series", time.monotonic() - begin, "s", BAR_S)
    expect(len(server.query('up{track="canary"}')) == 1, "other pods got the label too")


def not_ready(server, mesh, ns, name):
    """A pod that is not ready is scraped on, as kube-prometheus' PodMonitors do."""
    mesh.ready(ns, name, "False")
    target = until(lambda: (one := of_pod(server, name)) and one["discoveredLabels"].get(
        "__meta_kubernetes_pod_ready") == "false" and one, 15, "Prometheus never saw the pod as not ready")
    expect(target["health"] == "up", f"not ready: {target['health']}: {target['lastError']}")
    mesh.ready(ns, name, "True")


def silent(server, mesh, ns, name):
    """A sidecar that does not answer stays a target, and is down: that is what one is told of."""
    one = mesh.pods[ns, name]
    one.close()
    until(lambda: (target := of_pod(server, name)) and target["health"] == "down", 10, "the silent pod is not down")
    expect((0.0 in [value for row, value in server.query("up") if row["pod"] == name]), "up is not 0")


def failed(t, server, mesh, ns, name):
    """A pod in phase Failed is no target, though the object stays; its successor is one."""
    mesh.fail(ns, name)
    begin = time.monotonic()
    until(lambda: of_pod(server, name) is None, 15, "the failed pod is still a target")
    t.figure("failed pod gone", time.monotonic() - begin, "s", BAR_S)
    expect(t.api.get("Pod", ns, name)["status"]["phase"] == "Failed", "the pod object is gone")
    server.up(POOL, 3)


def deleted(t, server, ns, name):
    t.api.delete("Pod", ns, name)
    until(lambda: of_pod(server, name) is None, 15, "the deleted pod is still a target")
    server.up(POOL, 3)


def run(t):
    monitoring = t.ns("monitoring", "output")
    app = t.ns("istioinaction")
    mesh = t.mesh(app)
    t.deployment(app, "catalog", {"http": 3000, "http-envoy-prom": 15090}, replicas=3)
    names = [one.name for one in mesh.wait(app, "catalog", 3)]
    t.observatory(monitoring, presets=["istio-proxy"])
    controller = t.start("--trusted-namespaces", monitoring)
    server = t.prometheus()
    server.load(t.published(monitoring, [POOL]))
    server.up(POOL, 3)
    t.settled()
    writes = controller.metric("binnacle_output_writes_total")
    label_changes(t, server, app, names[0])
    not_ready(server, mesh, app, names[0])
    silent(server, mesh, app, names[1])
    failed(t, server, mesh, app, names[1])
    deleted(t, server, app, names[2])
    t.figure("output writes", int(controller.metric("binnacle_output_writes_total") - writes), "", 0)
