"""What a case is given: namespaces of its own, the program, Prometheus, and a place for figures."""

import base64
import gzip
import re
import time

from . import envoy
from .binnacle import Controller, offline
from .mesh import ADDRESSES, NODE, Mesh
from .prometheus import Prometheus, check, promtool_of
from .wait import Failed, expect, expect_in, until

ACCOUNT = "binnacle-system/binnacle"
SCRAPER = "binnacle-system/e2e-prometheus"


class Case:
    """The world of one case; close() ends all that it started."""

    def __init__(self, name, plane, binary, folder):
        self.name = name
        self.number = name.partition("-")[0]
        self.plane = plane
        self.api = plane.api
        self.binary = binary
        self.dir = folder
        self.figures = {}
        self.said = []
        self.bars = True  # False: figures are told, not judged
        self.namespaces = []
        self.undo = []
        self.controller = None
        folder.mkdir(parents=True)

    def check_published(self):
        """Every configuration that the case leaves behind is one that promtool takes."""
        promtool = promtool_of(self.plane.tools)
        for ns in self.namespaces:
            for kind in ("Secret", "ConfigMap"):
                for thing in self.api.list(kind, ns, "?labelSelector=binnacle.dev/observatory"):
                    for key in {**thing.get("data", {}), **thing.get("binaryData", {})}:
                        if re.search(r"\.ya?ml(\.gz)?$", key) and "statsd" not in key and thing["metadata"].get("labels", {}).get("grafana_datasource") is None:  # a file of another program
                            check(promtool, content_of({**thing, "kind": kind}, key))

    def close(self):
        """End processes first, so that nothing of the next case sees this one's objects go."""
        for step in reversed(self.undo):
            step()
        self.stop()
        for ns in self.namespaces:
            for thing in self.list_or_none("Observatory", ns):
                if thing["metadata"].get("finalizers"):  # there is no controller left to give anything back
                    self.api.merge("Observatory", ns, thing["metadata"]["name"], {"metadata": {"finalizers": None}})
                self.api.delete("Observatory", ns, thing["metadata"]["name"])
        for ns in self.namespaces:
            self.api.delete("Namespace", None, ns)

    def list_or_none(self, kind, ns):
        try:
            return self.api.list(kind, ns)
        except Failed:
            return []

    # ---- figures

    def figure(self, name, value, unit, bar=None):
        """A measured value for the report; over `bar` the case fails."""
        self.figures[name] = {"value": round(value, 4), "unit": unit, **({"bar": bar} if bar is not None else {})}
        self.said.append(f"{name} {value:.3g} {unit}" if isinstance(value, float) else f"{name} {value} {unit}")
        expect(bar is None or not self.bars or value <= bar, lambda: f"{name}: {value:.3f} {unit}, the bar is {bar:g} {unit}")

    def note(self, text):
        self.said.append(text)

    # ---- the cluster

    def ns(self, suffix, *permits, labels=None):
        """A namespace eNN-SUFFIX with the label that this case's Observatories select by."""
        name = f"e{self.number}-{suffix}"
        self.api.create("Namespace", None, name, metadata={"labels": {"e2e": self.number, **(labels or {})}})
        self.namespaces.append(name)
        for folder in permits:
            self.plane.permit(name, folder)
        return name

    def observatory(self, ns, name="main", everywhere=True, **prometheus):
        """An Observatory that selects the namespaces of this case, or its own only."""
        spec = {"prometheus": {"version": "3.16.0", "scrapeInterval": "1s", "scrapeTimeout": "1s", **prometheus}}
        if everywhere:
            spec["namespaceSelector"] = {"matchLabels": {"e2e": self.number}}
        return self.api.apply("Observatory", ns, name, spec=spec)

    def policy(self, ns, name, **spec):
        return self.api.apply("ScrapePolicy", ns, name, spec=spec)

    def deployment(self, ns, name, ports, annotations=None, replicas=0, labels=None, template=None):
        """A Deployment with container ports {name: number}."""
        app = {"app": name, **(labels or {})}
        containers = [{"name": "app", "image": name,
                       "ports": [{"name": key, "containerPort": port} for key, port in ports.items()]}]
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": app, "annotations": template or {}},
                             "spec": {"containers": containers}}}
        self.api.apply("Deployment", ns, name, metadata={"annotations": annotations or {}}, spec=spec)

    def pods(self, ns, app, count=1):
        """Wait for the controllers to make the pods of a Deployment, then play scheduler and kubelet."""
        query = f"?labelSelector=app%3D{app}"
        pods = until(lambda: (found := self.api.list("Pod", ns, query)) and len(found) == count and found, 15,
                     f"the controllers made no {count} pods of {ns}/{app}")
        return [self.run_pod(ns, pod["metadata"]["name"]) for pod in pods]

    def run_pod(self, ns, name):
        """Bind a pod and make it Running; its address on loopback."""
        address = next(ADDRESSES)
        path = f"/api/v1/namespaces/{ns}/pods/{name}/binding"
        self.api.request("POST", path, {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
                                        "target": {"kind": "Node", "name": NODE}})
        self.api.merge("Pod", ns, name, {"status": {
            "phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "hostIP": "127.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}]}}, "status")
        return address

    def mesh(self, *namespaces, programs=None):
        """From now on the pods of these namespaces run as they come, and answer."""
        mesh = Mesh(self.api, namespaces, programs)
        self.undo.append(mesh.close)
        return mesh

    def listen(self, listener):
        self.undo.append(listener.close)

    def sidecar(self, address):
        self.listen(envoy.sidecar(address))

    def app(self, address, port, path="/metrics"):
        self.listen(envoy.app(address, port, path))

    # ---- what is published

    def content(self, ns, name="main-prometheus", key="prometheus.yml", kind="Secret"):
        """The published bytes; None when there are none."""
        thing = self.api.get(kind, ns, name)
        return thing and content_of(thing, key)

    def published(self, ns, wanted, name="main-prometheus", key="prometheus.yml", kind="Secret", timeout=10):
        """Wait until the output holds every one of the texts."""
        def look():
            text = (self.content(ns, name, key, kind) or b"").decode()
            return text if all(want in text for want in wanted) else None
        return until(look, timeout, lambda: self.describe(ns, name, wanted))

    def absent(self, ns, unwanted, timeout=10):
        """Wait until the output is there without any of the texts."""
        def look():
            text = (self.content(ns) or b"").decode()
            return text and not any(word in text for word in unwanted)
        until(look, timeout, f"{ns}: still published: {unwanted}")

    def describe(self, ns, name, wanted):
        status = [thing.get("status") for own in self.namespaces for thing in self.list_or_none("Observatory", own)]
        return f"{ns}/{name} never held {wanted}; status {str(status)[:800]}"

    def condition(self, kind, ns, name, condition):
        """A condition of the object, or of the first Observatory in its status; {} when there is none."""
        status = (self.api.get(kind, ns, name) or {}).get("status", {})
        rows = status.get("conditions") or next(iter(status.get("observatories", [])), {}).get("conditions", [])
        return next((row for row in rows if row["type"] == condition), {})

    def refused(self, kind, ns, name, reason, words=(), timeout=10):
        """Wait for Accepted=False with `reason`; its message names all of `words`."""
        last = {}
        def look():
            last.update(self.condition(kind, ns, name, "Accepted"))
            return last.get("status") == "False" and last.get("reason") == reason
        until(look, timeout, lambda: f"{kind} {ns}/{name} is not refused as {reason}: {last}")
        expect_in(words, last["message"], f"{kind} {ns}/{name}")
        return last["message"]

    def accepted(self, kind, ns, name, timeout=10):
        until(lambda: self.condition(kind, ns, name, "Accepted").get("status") == "True", timeout,
              lambda: f"{kind} {ns}/{name}: {self.api.get(kind, ns, name).get('status')}")

    def versions(self, kinds=("Observatory", "ScrapePolicy", "Secret", "ConfigMap", "Event")):
        """{object: resourceVersion} of all that binnacle may write in this case's namespaces."""
        return {(kind, ns, thing["metadata"]["name"]): thing["metadata"]["resourceVersion"]
                for ns in self.namespaces for kind in kinds for thing in self.api.list(kind, ns)}

    def settled(self, quiet=1.0, timeout=20):
        """Wait until nothing was written for `quiet` seconds; the versions then."""
        deadline = time.monotonic() + timeout
        before = self.versions()
        while time.monotonic() < deadline:
            time.sleep(quiet)
            now = self.versions()
            if now == before:
                return now
            before = now
        raise Failed("the objects of this case keep changing")

    # ---- the programs

    def start(self, *flags, account=ACCOUNT, env=None, ready=True):
        """`binnacle run` with a fresh token; one at a time."""
        self.stop()
        return self.launch(self.plane.kubeconfig(account, self.dir / "kubeconfig"), *flags, env=env, ready=ready)

    def launch(self, kubeconfig, *flags, env=None, ready=True):
        log = self.dir / "binnacle.log"
        log.touch()
        self.controller = Controller(self.binary, kubeconfig, log, flags, env)
        return self.controller.ready() if ready else self.controller

    def stop(self):
        if self.controller is not None:
            self.controller.end()
            self.controller = None

    def prometheus(self, name="prometheus", tools=None):
        folder = self.dir / name
        folder.mkdir()
        server = Prometheus(folder, tools or self.plane.tools, self.plane, SCRAPER, self.dir / f"{name}.log")
        self.undo.append(server.end)
        return server

    def offline(self, *words, stdin=None, timeout=60):
        return offline(self.binary, words, stdin, timeout)


def content_of(thing, key="prometheus.yml"):
    """The bytes under `key` of a Secret or ConfigMap, decompressed when the key says so."""
    data = {**thing.get("data", {}), **thing.get("binaryData", {})}
    if key not in data:
        return None
    plain = thing["kind"] == "ConfigMap" and key in thing.get("data", {})
    raw = data[key].encode() if plain else base64.b64decode(data[key])
    return gzip.decompress(raw) if key.endswith(".gz") else raw


def jobs_of(text):
    """Job names of a generated configuration, in its order."""
    return re.findall(r"^ *- job_name: '?([^'\n]+)'?$", text, re.M)
