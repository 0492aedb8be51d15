"""where sidecars push to, for a whole mesh: new pods are told by the real injector, explain names those to be restarted"""

import json

import yaml

from lib.istio import INJECTED, MESH, ROOT, istio
from lib.wait import expect, until

DEADLINE_S = 150
OURS = {"SHARED_MESH_CONFIG": "binnacle-mesh"}
OWN = "own.observability:8125"
FLAG = "statsd:8125"  # as the book has it, 7.2.1
SEED_ARGS = ["proxy", "sidecar", "--statsdUdpAddress", FLAG, "--configPath", "/etc/istio/proxy", "--drainDuration", "45s"]
ANNOTATED = {"proxy.istio.io/config": f"statsdUdpAddress: {OWN}\n"}


class World:
    def __init__(self, t, mesh):
        self.t, self.mesh = t, mesh
        self.monitoring = t.ns("monitoring", "output")
        self.shop = t.ns("shop", labels=INJECTED)
        self.address = f"statsd.{self.monitoring}:9125"
        self.made = 0
        t.mesh(self.shop)
        t.deployment(self.shop, "web", {"http": 8080}, replicas=1)
        t.deployment(self.shop, "api", {"http": 8080}, replicas=1, template=ANNOTATED)
        self.legacy()
        for name in ("web", "api", "legacy"):
            until(lambda: self.pod_of(name), 15, f"{name} has no pod")

    def legacy(self):
        """A workload of old Istio: the proxy is written out in it, as in the book, and nobody injects one."""
        labels = {"app": "legacy", "sidecar.istio.io/inject": "false"}
        self.t.api.apply("Deployment", self.shop, "legacy", spec={
            "replicas": 1, "selector": {"matchLabels": {"app": "legacy"}}, "template": {
                "metadata": {"labels": labels}, "spec": {"containers": [
                    {"name": "app", "image": "app", "ports": [{"name": "http", "containerPort": 8080}]},
                    {"name": "istio-proxy", "image": "proxyv2", "args": SEED_ARGS}]}}})

    def pod_of(self, app):
        """The one running pod of a Deployment, by name; None: it is on its way."""
        pods = self.t.api.list("Pod", self.shop, f"?labelSelector=app%3D{app}")
        pods = [pod for pod in pods if pod["status"].get("podIP") and not pod["metadata"].get("deletionTimestamp")]
        return pods[0]["metadata"]["name"] if len(pods) == 1 else None

    def observatory(self, statsd=True, **mesh):
        self.t.api.apply("Observatory", self.monitoring, "main", spec={
            "namespaceSelector": {"matchLabels": {"e2e": self.t.number}}, "mesh": mesh,
            **({"statsd": {"address": self.address}} if statsd else {})})

    def told(self, want):
        """istiod has the address."""
        until(lambda: self.mesh.mesh()["defaultConfig"].get("statsdUdpAddress") == want, 10,
              lambda: f"istiod has {self.mesh.mesh()['defaultConfig']}, not {want}; "
              f"{self.t.api.get('Observatory', self.monitoring, 'main').get('status')}")

    def fresh(self, want, annotations=None):
        """A pod that is made now has it in its PROXY_CONFIG."""
        self.made += 1
        got = self.mesh.pod(self.shop, f"fresh-{self.made}", annotations=annotations).proxy_config()
        expect(got.get("statsdUdpAddress") == want, lambda: f"a new pod has {got}, not {want}")

    def explain(self, name, *flags):
        kubeconfig = self.t.plane.kubeconfig("binnacle-system/binnacle", self.t.dir / "kubeconfig-explain")
        code, out, err = self.t.offline("explain", name, "-n", self.shop, *flags, "--kubeconfig", str(kubeconfig),
                                        "--trusted-namespaces", self.monitoring)
        expect(code == 0, f"explain: {err}")
        return out.decode()

    def explained(self, name, want_new, want_pods, note=""):
        """What explain says: (address, by) of new pods, {app: (address, restart)} of those that run."""
        said = json.loads(self.explain(name, "-o", "json"))["statsd"]
        fresh = said["newPods"].get("address"), said["newPods"].get("by")
        pods = {row["name"]: (row.get("address"), row["restart"]) for row in said["pods"]}
        expect(said["address"] == self.address, f"{name}: {said}")
        expect(fresh == want_new and pods == want_pods, f"{name}: {said}, wanted {want_new} and {want_pods}")
        expect(note in said.get("note", "") and bool(note) == ("note" in said), f"{name}: note {said.get('note')}")


def before(w):
    """Nobody has been told: explain says how, and that the book's way holds for the one that has it."""
    w.observatory(meshConfig="None")
    until(lambda: w.t.api.get("Observatory", w.monitoring, "main").get("status"), 10, "no status")
    w.explained("deploy/web", (None, None), {w.pod_of("web"): (None, False)}, "sidecars are not told")
    w.explained("deploy/legacy", (FLAG, "argument --statsdUdpAddress of istio-proxy"), {w.pod_of("legacy"): (FLAG, False)},
                "sidecars are not told")


def shared(w):
    t = w.t
    w.observatory()
    w.told(w.address)
    w.fresh(w.address)
    w.fresh(OWN, ANNOTATED)
    ours = w.address, "the mesh configuration"
    old = w.pod_of("web")
    w.explained("deploy/web", ours, {old: (None, True)})
    w.explained(f"pod/{old}", ours, {old: (None, True)})
    w.explained("deploy/api", (OWN, "annotation proxy.istio.io/config"), {w.pod_of("api"): (OWN, False)})
    w.explained("deploy/legacy", (FLAG, "argument --statsdUdpAddress of istio-proxy"), {w.pod_of("legacy"): (FLAG, False)})
    text = w.explain("deploy/web")
    for line in (f"statsd: {w.address}\n", f"  new pods: {w.address} by the mesh configuration\n",
                 f"  pod {old}: nothing; restart it\n"):
        expect(line in text, f"{line!r} is not in {text}")
    t.api.delete("Pod", w.shop, old)
    until(lambda: (name := w.pod_of("web")) and name != old, 15, "the pod is not made anew")
    w.explained("deploy/web", ours, {w.pod_of("web"): (w.address, False)})
    w.observatory(statsd=False)
    w.told(None)
    w.fresh(None)
    w.observatory()
    w.told(w.address)


def theirs(w):
    """An address in ConfigMap istio wins over the shared one: explain says so."""
    own = yaml.safe_load(MESH)
    own["defaultConfig"]["statsdUdpAddress"] = "theirs.observability:9125"
    w.mesh.mesh_config(yaml.safe_dump(own))
    w.told("theirs.observability:9125")
    w.fresh("theirs.observability:9125")
    w.explained("deploy/web", ("theirs.observability:9125", "the mesh configuration"),
                {w.pod_of("web"): (w.address, True)}, "ConfigMap istio-system/istio")
    w.mesh.mesh_config()
    w.told(w.address)


def patched(w):
    """The same in ConfigMap istio itself, which is as it was when the Observatory goes."""
    t = w.t
    def text():
        return t.api.get("ConfigMap", ROOT, "istio")["data"]["mesh"]
    was = text()
    w.observatory(meshConfig="Patch")
    until(lambda: w.address in text() and not t.api.get("ConfigMap", ROOT, "binnacle-mesh"), 10, lambda: f"it is {text()}")
    w.told(w.address)
    w.fresh(w.address)
    w.fresh(OWN, ANNOTATED)
    w.explained("deploy/web", (w.address, "the mesh configuration"), {w.pod_of("web"): (w.address, False)})
    t.api.delete("Observatory", w.monitoring, "main")
    until(lambda: text() == was, 10, lambda: f"not given back: {text()}")
    w.told(None)
    w.fresh(None)


def run(t):
    mesh = istio(t, env=OURS)
    if mesh is None:
        return
    t.plane.permit_mesh()
    w = World(t, mesh)
    t.start("--trusted-namespaces", w.monitoring)
    for part in (before, shared, theirs, patched):
        part(w)
    t.figure("new pods", w.made, "")
