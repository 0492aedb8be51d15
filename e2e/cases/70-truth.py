"""precedence, drawn from its truth table: what is told is what a real istiod sends, whatever is set where"""

import itertools
import json
import os
import random

from lib.istio import INJECTED, ROOT, istio
from lib.wait import expect, until

VALUES = (None, 0, 0.01, 5, 100)
PLACES = ("mesh", "namespace", "workload", "foreign")
DRAWN = 200 if os.environ.get("E2E_LONG") else 24
SEED = 7
DEADLINE_S = 900 if os.environ.get("E2E_LONG") else 150


def explained(t, kubeconfig, ns, name):
    code, out, err = t.offline("explain", f"deploy/{name}", "-n", ns, "-o", "json", "--kubeconfig", str(kubeconfig),
                               "--trusted-namespaces", t.namespaces[0])
    expect(code == 0, f"explain: {err}")
    row, = [row for row in json.loads(out)["sampling"] if row["system"] == "Istio"]
    return row.get("percent"), row["decidedBy"]["kind"]


def told(t, ns, name):
    """{workload: percent} in a policy's status, for Istio; None when there is no such policy."""
    thing = t.api.get("SamplingPolicy", ns, name)
    rows = (thing or {}).get("status", {}).get("effective")
    return rows and {row["name"]: row.get("percent") for row in rows if row["system"] == "Istio"}


class Table:
    """Five workloads, each with another annotation proxy.istio.io/config, and all that can be set about them."""

    def __init__(self, t, mesh):
        self.t, self.mesh = t, mesh
        self.monitoring, self.shop = t.ns("monitoring", "output"), t.ns("shop", labels=INJECTED)
        mesh.service(self.monitoring, "jaeger", 4317)
        self.pods = {}
        for index, value in enumerate(VALUES):
            name = f"web-{index}"
            note = {} if value is None else {"proxy.istio.io/config": f"{{tracing: {{sampling: {value}}}}}"}
            t.deployment(self.shop, name, {"http": 8080}, replicas=1, labels={"tier": "front"}, template=note)
            mesh.service(self.shop, name)
            t.pods(self.shop, name)
            pod = t.api.list("Pod", self.shop, f"?labelSelector=app%3D{name}")[0]["metadata"]["name"]
            self.pods[name] = mesh.of(self.shop, pod)
            mesh.follow(self.pods[name])

    def policy(self, ns, name, value, **more):
        if value is None:
            self.t.api.delete("SamplingPolicy", ns, name)
        else:
            self.t.api.apply("SamplingPolicy", ns, name, spec={"percent": value, **more})

    def set(self, mesh, namespace, workload, foreign):
        self.policy(self.monitoring, "mesh", mesh, scope="Mesh")
        self.policy(self.shop, "namespace", namespace)
        self.policy(self.shop, "workload", workload, selector={"matchLabels": {"tier": "front"}})
        if foreign is None:
            self.t.api.delete("Telemetry", self.shop, "theirs")
        else:
            self.mesh.telemetry(self.shop, "theirs", tracing=[{"randomSamplingPercentage": foreign}])

    def sent(self):
        found = {name: self.mesh.probe.last(pod.id) for name, pod in self.pods.items()}
        return {name: one.outbound.sampling if one and one.outbound.traced else None for name, one in found.items()}

    def wanted(self, mesh, namespace, workload, foreign):
        """In one line: the workload's level, then the namespace's (theirs beats ours), then the mesh's."""
        for value in (workload, foreign if foreign is not None else namespace, mesh):
            if value is not None:
                return dict.fromkeys(self.pods, value)
        return {name: value or 1 for name, value in zip(self.pods, VALUES)}  # the annotation; 0 is unset


def run(t):
    mesh = istio(t, env={"SHARED_MESH_CONFIG": "binnacle-mesh"})
    if mesh is None:
        return
    t.plane.permit_mesh()
    table = Table(t, mesh)
    t.api.apply("Observatory", table.monitoring, "main", spec={
        "namespaceSelector": {"matchLabels": {"e2e": t.number}}, "mesh": {},
        "tracing": {"backends": [{"name": "jaeger", "type": "jaeger", "service": f"jaeger.{table.monitoring}"}]}})
    t.start("--trusted-namespaces", table.monitoring)
    kubeconfig = t.plane.kubeconfig("binnacle-system/binnacle", t.dir / "kubeconfig-explain")
    rows = list(itertools.product(VALUES, repeat=len(PLACES)))
    draw = random.Random(SEED)
    for row in draw.sample(rows, DRAWN):
        said = dict(zip(PLACES, row))
        want = table.wanted(**said)
        table.set(**said)
        until(lambda: table.sent() == want, 10, lambda: f"{said}: proxies have {table.sent()}, wanted {want}")
        for ns, name, value in ((table.monitoring, "mesh", said["mesh"]), (table.shop, "namespace", said["namespace"]),
                                (table.shop, "workload", said["workload"])):
            if value is not None:
                until(lambda: told(t, ns, name) == want, 5,
                      lambda: f"{said}: the status of {name} says {told(t, ns, name)}, proxies have {want}")
        name = draw.choice(list(table.pods))
        percent, by = explained(t, kubeconfig, table.shop, name)
        expect(percent == want[name], f"{said}: explain says {percent} by {by} for {name}, its proxy has {want[name]}")
    t.figure("rows of the table", DRAWN, f"of {len(rows)}, each for {len(table.pods)} annotations")
    t.api.delete("Observatory", table.monitoring, "main")
    until(lambda: not [thing for thing in t.api.list("Telemetry") if thing["metadata"]["namespace"] == ROOT], 10, "left behind")
