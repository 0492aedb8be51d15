"""PILOT_TRACE_SAMPLING of the control plane: set as said, told when it is somebody's, given back as it was"""

import copy
import json
import signal
import time

from lib.api import path_of
from lib.istio import INJECTED, ROOT, istio
from lib.wait import expect, until

DEADLINE_S = 150
VARIABLE = "PILOT_TRACE_SAMPLING"
WAS = "binnacle.dev/was"
REVISION = "deployment.kubernetes.io/revision"  # the cluster counts changes of the template there
# What Istio 1.0 had, as `kubectl edit deploy istio-pilot` shows it.
PILOT = [
    {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
    {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}},
    {"name": "PILOT_CACHE_SQUASH", "value": "5"},
    {"name": "GODEBUG", "value": "gctrace=2"},
    {"name": "PILOT_PUSH_THROTTLE_COUNT", "value": "100"},
    {"name": VARIABLE, "value": "50.0"},
    {"name": "LAST", "value": "1"}]
BY_KEY = {"name": VARIABLE, "valueFrom": {"configMapKeyRef": {"name": "values", "key": "sampling", "optional": True}}}
PATCH = "application/strategic-merge-patch+json"


def without(rows):
    return [row for row in rows if row["name"] != VARIABLE]


class World:
    """Control planes that are only Deployments, and an Observatory that sets one of them."""

    def __init__(self, t):
        self.t, self.api = t, t.api
        self.ns, self.other = t.ns("old"), t.ns("older")
        self.monitoring = t.ns("monitoring", "output")
        for ns in (self.ns, self.other):
            rights(t, ns)

    def put(self, env, ns=None, name="istio-pilot", manager=None):
        """The Deployment anew; applied on the server by `manager`, or made as a client does."""
        ns = ns or self.ns
        self.api.delete("Deployment", ns, name)
        until(lambda: self.api.get("Deployment", ns, name) is None, 5, "the Deployment stays")
        container = {"name": "discovery", "image": "istio/pilot", "args": ["discovery"], "env": env}
        second = {"name": "istio-proxy", "image": "istio/proxy", "env": [{"name": VARIABLE, "value": "not ours"}]}
        body = {"metadata": {"labels": {"app": "pilot"}, "annotations": {"checksum/config-volume": "f8da08b"}},
                "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "pilot"}}, "template": {
                    "metadata": {"labels": {"app": "pilot"}}, "spec": {"containers": [container, second]}}}}
        if manager:
            thing = {"apiVersion": "apps/v1", "kind": "Deployment", **copy.deepcopy(body)}
            thing["metadata"]["name"] = name
            self.api.request("PATCH", f"{path_of('Deployment', ns, name)}?fieldManager={manager}", thing,
                             "application/apply-patch+yaml")
        else:
            self.api.create("Deployment", ns, name, **body)
        return self.plain(ns, name)

    def plain(self, ns=None, name="istio-pilot"):
        """What people wrote, as text: in the order in which it stands."""
        thing = self.api.get("Deployment", ns or self.ns, name)
        meta = thing["metadata"]
        notes = {key: value for key, value in meta.get("annotations", {}).items() if key != REVISION}
        return json.dumps([notes, meta.get("labels"), thing["spec"]])

    def env(self, ns=None, name="istio-pilot"):
        pod = self.api.get("Deployment", ns or self.ns, name)["spec"]["template"]["spec"]
        return pod["containers"][0].get("env", [])

    def value(self, ns=None, name="istio-pilot"):
        """The variable's value; its whole row when it has none, None when it is not there."""
        row = next((row for row in self.env(ns, name) if row["name"] == VARIABLE), None)
        return row and row.get("value", row)

    def was(self, ns=None, name="istio-pilot"):
        text = self.api.get("Deployment", ns or self.ns, name)["metadata"].get("annotations", {}).get(WAS)
        return text and json.loads(text)

    def say(self, percent, on_conflict="Report", mode="Environment", ns=None, **metadata):
        spec = {"namespaceSelector": {"matchLabels": {"e2e": self.t.number}}, "onConflict": on_conflict,
                "mesh": {"namespace": ns or self.ns, "mode": mode},
                "tracing": {"backends": [{"name": "jaeger", "type": "jaeger", "service": f"jaeger.{self.monitoring}"}],
                            "sampling": {"percent": percent}}}
        self.api.apply("Observatory", self.monitoring, "main", spec=spec, metadata=metadata)

    def edit(self, **row):
        """Somebody sets the variable."""
        container = {"name": "discovery", "env": [{"name": VARIABLE, **row}]}
        self.api.request("PATCH", path_of("Deployment", self.ns, "istio-pilot") + "?fieldManager=somebody",
                         {"spec": {"template": {"spec": {"containers": [container]}}}}, PATCH)

    def told(self, *words, kind="Accepted"):
        """The Observatory says all of that."""
        def look():
            text = self.t.condition("Observatory", self.monitoring, "main", kind).get("message", "")
            return all(word in text for word in words) and text
        return until(look, 10, lambda: f"{words} not said: {self.status()}")

    def untold(self, word):
        until(lambda: word not in json.dumps(self.status().get("conditions", [])), 10,
              lambda: f"{word} is still said: {self.status()}")

    def status(self):
        return (self.api.get("Observatory", self.monitoring, "main") or {}).get("status", {})

    def held(self):
        return [(row["kind"], row["namespace"], row["name"]) for row in self.status().get("mesh", {}).get("held", [])]

    def mine(self):
        return ("Deployment", self.ns, "istio-pilot") in self.held()

    def becomes(self, value, ns=None, name="istio-pilot", seconds=10):
        until(lambda: self.value(ns, name) == value, seconds,
              lambda: f"{VARIABLE} is {self.value(ns, name)}, wanted {value}; {self.status()}")

    def gone(self):
        """The Observatory is deleted, and goes."""
        begin = time.monotonic()
        self.api.delete("Observatory", self.monitoring, "main")
        until(lambda: self.api.get("Observatory", self.monitoring, "main") is None, 10,
              lambda: f"the Observatory stays: {self.api.get('Observatory', self.monitoring, 'main')}")
        return time.monotonic() - begin

    def back(self, before):
        found = self.plain()
        expect(found == before, lambda: f"not as it was:\n{before}\n{found}")

    def quiet(self, seconds=0.5):
        """Nobody writes for a while; the cluster's own controllers set the status."""
        def look():
            thing = self.api.get("Deployment", self.ns, "istio-pilot")
            return thing["metadata"]["generation"], thing["metadata"].get("annotations", {}).get(WAS)
        before = look()
        time.sleep(seconds)
        expect(look() == before, lambda: f"it was written: {before}, then {look()}")

    def restart(self):
        self.t.start("--trusted-namespaces", self.monitoring)

    def kill(self):
        self.t.controller.process.signal(signal.SIGKILL)
        self.t.controller.process.popen.wait()


def rights(t, ns, deployments=True):
    """The overlay's rights beside the control plane, in another namespace; all, or without its Deployment."""
    for thing in t.plane.manifests("overlays/mesh"):
        if thing["metadata"].get("namespace"):
            thing["metadata"]["namespace"] = ns
        if not deployments and thing["kind"] == "Role":
            thing["rules"] = [rule for rule in thing["rules"] if "deployments" not in rule["resources"]]
        t.api.apply_object(thing)


def whole_way(w, what, env, manager=None):
    """Told first, taken when that is said, and given back with the Observatory."""
    before = w.put(env, manager=manager)
    present = next((row for row in env if row["name"] == VARIABLE), None)
    w.say(12.5)
    if present:
        w.told("Deployment", f"{w.ns}/istio-pilot", VARIABLE, present.get("value", "by reference"))
        w.quiet()
        w.back(before)
        w.say(12.5, "TakeOver")
    w.becomes("12.5")
    names = [row["name"] for row in w.env()]
    wanted = [row["name"] for row in env]
    expect([name for name in names if present or name != VARIABLE] == wanted, lambda: f"{what}: order {names}")
    expect(w.was() == {"owner": f"{w.monitoring}/main", "is": "12.5", "env": present}, lambda: f"{what}: {w.was()}")
    until(lambda: w.held() == [("Deployment", w.ns, "istio-pilot")], 5, lambda: f"{what}: held {w.held()}")
    seconds = w.gone()
    w.back(before)
    return seconds


def ways(w):
    first = next(i for i, row in enumerate(PILOT) if row["name"] == VARIABLE)
    reference = [*PILOT[:first], BY_KEY, *PILOT[first + 1:]]
    times = [whole_way(w, what, env, manager) for what, env, manager in (
        ("there, made by a client", PILOT, None),
        ("there, applied by another manager", PILOT, "helm"),
        ("not there", without(PILOT), None),
        ("no environment at all", [], "helm"),
        ("by reference", reference, None),
        ("empty", [*PILOT[:first], {"name": VARIABLE}, *PILOT[first + 1:]], None))]
    w.t.figure("given back", max(times), "s")


def as_wished(w):
    """What has the percentage already is nobody's conflict; however it is written."""
    for text in ("50.0", "50"):
        before = w.put([*without(PILOT), {"name": VARIABLE, "value": text}])
        w.say(50)
        until(lambda: w.status().get("mesh", {}).get("percent") == 50, 5, lambda: f"{w.status()}")
        w.quiet()
        w.untold(VARIABLE)
        w.gone()
        w.back(before)


def levels(w):
    """A policy of scope Mesh beats the Observatory, as long as it is there."""
    before = w.put(PILOT)
    w.say(10, "TakeOver")
    w.becomes("10.0")
    w.api.apply("SamplingPolicy", w.monitoring, "all", spec={"percent": 0, "scope": "Mesh"})
    w.becomes("0.0")
    w.api.delete("SamplingPolicy", w.monitoring, "all")
    w.becomes("10.0")
    w.gone()
    w.back(before)


def edits(w):
    """Somebody edits what we hold."""
    w.put(PILOT)
    w.say(10, "TakeOver")
    w.becomes("10.0")
    w.edit(value="33.3")  # set again, and theirs comes back in the end
    w.becomes("10.0")
    expect(w.was()["env"]["value"] == "33.3", lambda: f"kept: {w.was()}")
    w.say(10, "Report")
    w.edit(value="44.4")  # left, told, and not ours any more
    w.told("44.4")
    until(lambda: w.was() is None and not w.held(), 5, lambda: f"{w.was()}, held {w.held()}")
    w.quiet()
    w.becomes("44.4")
    w.say(20, "TakeOver")
    w.becomes("20.0")
    w.t.stop()
    w.edit(value="55.5")
    w.api.delete("Observatory", w.monitoring, "main")
    w.restart()
    until(lambda: w.was() is None, 10, lambda: f"{w.was()}")
    w.gone()
    w.becomes("55.5")


def fight(w):
    """Somebody sets it again each time: five writes, then a pause that is told, and ends with what is wanted."""
    w.put(PILOT)
    w.say(10, "TakeOver")
    writes = 0
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and "again and again" not in json.dumps(w.status()):
        if w.value() == "10.0":
            writes += 1
            w.edit(value="77.7")
        time.sleep(0.02)
    w.told("again and again", "istio-pilot", kind="Ready")
    expect(writes == 5, f"{writes} writes before the pause")
    w.quiet(1)
    w.say(11, "TakeOver")  # a new wish is no fight
    w.becomes("11.0")
    w.untold("again and again")
    for _ in range(6):
        until(lambda: w.value() == "11.0" or "again and again" in json.dumps(w.status()), 5, "neither set nor told")
        if w.value() == "11.0":
            w.edit(value="77.7")
    w.told("again and again", kind="Ready")
    expect(w.gone() < 5, "a fight keeps the Observatory from going")
    w.becomes("77.7")
    expect(w.was() is None, lambda: f"left: {w.was()}")


def killed(w):
    """Killed at once after the write; what was there before is known to the next one."""
    before = w.put(PILOT)
    for what, change in (
            ("the Observatory goes", lambda: w.api.delete("Observatory", w.monitoring, "main")),
            ("the mode changes", lambda: w.say(10, "TakeOver", mode="Telemetry")),
            ("the mesh is another", lambda: w.say(10, "TakeOver", ns=w.other))):
        watch = w.api.watch("Deployment", w.ns)
        w.say(10, "TakeOver")
        until(lambda: any(WAS in (thing["metadata"].get("annotations") or {}) for _, _, thing in watch.events), 10,
              lambda: f"{what}: no write; {w.status()}", every=0.0005)
        w.kill()
        watch.close()
        expect(w.value() == "10.0" and w.mine(), lambda: f"{what}: {w.held()}")
        change()
        w.restart()
        w.becomes("50.0")
        until(lambda: w.was() is None and not w.mine(), 5, lambda: f"{what}: left {w.was()}, {w.held()}")
        w.back(before)
    w.gone()


def another_mesh(w):
    """The spec names another mesh: that of before has its own value again."""
    before, other = w.put(PILOT), w.put(without(PILOT), ns=w.other)
    w.say(10, "TakeOver")
    w.becomes("10.0")
    w.say(10, "TakeOver", ns=w.other)
    w.becomes("10.0", ns=w.other)
    w.becomes("50.0")
    w.back(before)
    until(lambda: w.held() == [("Deployment", w.other, "istio-pilot")], 5, lambda: f"held {w.held()}")
    w.gone()
    expect(w.plain(w.other) == other, lambda: f"not as it was: {w.plain(w.other)}")


def denied(w):
    """Without the right: told with the object's name; done when it comes, also the way back."""
    before = w.put(PILOT)
    rights(w.t, w.ns, deployments=False)
    w.say(10, "TakeOver")
    w.told(f"Deployment {w.ns}/istio-pilot", kind="Ready")
    w.back(before)
    rights(w.t, w.ns)
    begin = time.monotonic()
    w.becomes("10.0", seconds=20)
    w.untold(f"Deployment {w.ns}")
    w.t.figure("done after the right came", time.monotonic() - begin, "s")
    rights(w.t, w.ns, deployments=False)
    mark = len(w.t.controller.said())
    w.api.delete("Observatory", w.monitoring, "main")
    until(lambda: "field not set" in w.t.controller.said()[mark:], 5, "not said in the log")
    rights(w.t, w.ns)
    until(lambda: w.api.get("Observatory", w.monitoring, "main") is None, 20, lambda: f"it stays: {w.status()}")
    w.back(before)


def orphan(w):
    """binnacle.dev/orphan: the Observatory goes, and all stays."""
    w.put(PILOT)
    w.say(10, "TakeOver", annotations={"binnacle.dev/orphan": "true"})
    w.becomes("10.0")
    after = w.plain()
    w.gone()
    time.sleep(0.3)
    w.back(after)


def real(t, w, mesh):
    """istiod reads what is written, and the status says what its proxies get."""
    shop = t.ns("shop", labels=INJECTED)
    mesh.service(shop, "web")
    mesh.service(w.monitoring, "jaeger", 4317)
    t.deployment(shop, "web", {"http": 8080}, replicas=1)
    t.pods(shop, "web")
    pod = mesh.of(shop, t.api.list("Pod", shop, "?labelSelector=app%3Dweb")[0]["metadata"]["name"])
    before = w.plain(ROOT, "istiod")
    for percent, text in ((50, "50.0"), (0, "0.0"), (0.01, "0.01"), (100, "100.0"), (12.5, "12.5")):
        w.say(percent, ns=ROOT)
        w.becomes(text, ROOT, "istiod")
        mesh.restart()
        found = mesh.effective(pod, fence=False).outbound
        expect(found.traced and found.sampling == percent, lambda: f"{text}: istiod gives {found.sampling}")
    t.api.apply("SamplingPolicy", w.monitoring, "all", spec={"percent": 12.5, "scope": "Mesh"})
    def effective():
        rows = t.api.get("SamplingPolicy", w.monitoring, "all").get("status", {}).get("effective", [])
        return [(row["namespace"], row["name"], row["percent"]) for row in rows if row["system"] == "Istio"]
    until(lambda: (shop, "web", 12.5) in effective(), 5, lambda: f"status says {effective()}")
    t.api.delete("SamplingPolicy", w.monitoring, "all")
    w.gone()
    expect(w.plain(ROOT, "istiod") == before, lambda: f"not as it was: {w.plain(ROOT, 'istiod')}")


def run(t):
    mesh = istio(t)
    w = World(t)
    if mesh is not None:
        t.plane.permit_mesh()
    w.restart()
    for step in (ways, as_wished, levels, edits, fight, killed, another_mesh, denied, orphan):
        step(w)
    if mesh is not None:
        real(t, w, mesh)
