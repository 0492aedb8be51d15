"""our keys in ConfigMap istio: istiod goes by them, every other byte stays, and all of it comes back"""

import json
import re
import signal
import time

from lib.istio import INJECTED, ROOT, istio
from lib.wait import expect, expect_in, until

DEADLINE_S = 150
WAS = "binnacle.dev/was"
SET_ENV = r"kubectl (-n istio-system set env deployment/istiod SHARED_MESH_CONFIG=binnacle-mesh)"
TEXT = """\
# As the chart wrote it, and people after it.
accessLogFile: "/dev/stdout"   # read by the nodes
defaultConfig:
  discoveryAddress: 'istiod.istio-system.svc:15012'
  proxyMetadata: {}
  # no tracing here

defaultProviders:
  metrics: [ prometheus ]      # keep
enablePrometheusMerge: true
extensionProviders:
- name: "own"                  # theirs
  zipkin:
    service: "own.e64-monitoring.svc.cluster.local"
    port: 9411
rootNamespace: istio-system
trustDomain: "cluster.local"
"""
THEIRS = """\
- name: jaeger   # of somebody else
  zipkin: {service: "own.e64-monitoring.svc.cluster.local", port: 9411}
"""


class World:
    """A mesh with one workload, and an Observatory that writes its configuration."""

    def __init__(self, t, mesh):
        self.t, self.api, self.mesh = t, t.api, mesh
        self.monitoring, self.shop = t.ns("monitoring", "output"), t.ns("shop", labels=INJECTED)
        mesh.service(self.monitoring, "jaeger", 4317)
        mesh.service(self.monitoring, "own", 9411)
        mesh.service(self.shop, "web")
        t.deployment(self.shop, "web", {"http": 8080}, replicas=1)
        t.pods(self.shop, "web")
        pod, = self.api.list("Pod", self.shop, "?labelSelector=app%3Dweb")
        self.pod = mesh.of(self.shop, pod["metadata"]["name"])
        mesh.follow(self.pod)

    def say(self, mesh_config="Patch", on_conflict="Report", percent=12.5, **more):
        spec = {"namespaceSelector": {"matchLabels": {"e2e": self.t.number}}, "onConflict": on_conflict,
                "mesh": {"meshConfig": mesh_config},
                "tracing": {"backends": [{"name": "jaeger", "type": "jaeger", "service": f"jaeger.{self.monitoring}"}],
                            "sampling": {"percent": percent} if percent is not None else {}}, **more}
        self.api.apply("Observatory", self.monitoring, "main", spec=spec)

    def put(self, text):
        """The ConfigMap as its owner writes it: the whole text."""
        self.mesh.write_mesh("istio", text)
        return self.plain()

    def plain(self):
        thing = self.api.get("ConfigMap", ROOT, "istio")
        return json.dumps([thing["metadata"].get("annotations"), thing["metadata"].get("labels"), thing["data"]])

    def text(self):
        return self.api.get("ConfigMap", ROOT, "istio")["data"]["mesh"]

    def was(self):
        return (self.api.get("ConfigMap", ROOT, "istio")["metadata"].get("annotations") or {}).get(WAS)

    def status(self):
        return (self.api.get("Observatory", self.monitoring, "main") or {}).get("status", {})

    def told(self, *words):
        def look():
            text = self.t.condition("Observatory", self.monitoring, "main", "Accepted").get("message", "")
            return all(word in text for word in words) and text
        return until(look, 10, lambda: f"{words} not said: {self.status()}")

    def untold(self, word):
        until(lambda: word not in json.dumps(self.status().get("conditions", [])), 10,
              lambda: f"{word} is still said: {self.status()}")

    def no_provider(self, wanted=True):
        """The policy says that istiod does not know the backend, or does not say so any more."""
        def look():
            text = self.t.condition("SamplingPolicy", self.monitoring, "all", "Accepted").get("message")
            return text is not None and ("has no provider jaeger" in text) == wanted
        until(look, 10, lambda: f"{self.api.get('SamplingPolicy', self.monitoring, 'all').get('status')}")

    def telemetries(self):
        return [(thing["metadata"]["namespace"], thing["metadata"]["name"]) for thing in self.api.list("Telemetry")]

    def traced(self, service="jaeger", percent=12.5, seconds=10):
        """Seconds until the proxy sends that much of its spans to the Service."""
        begin = time.monotonic()
        def right(state):
            out = state.outbound
            return out and out.traced and out.sampling == percent and out.goes_to(f"{service}.{self.monitoring}")
        self.mesh.wait_effective(self.pod, right, seconds)
        return time.monotonic() - begin

    def untraced(self):
        """The Telemetry is gone, and the proxy knows."""
        until(lambda: not self.telemetries(), 10, lambda: f"left: {self.telemetries()}")
        self.mesh.wait_effective(self.pod, lambda state: not state.outbound.traced or state.outbound.sampling == 1)

    def ours(self):
        """Our keys are in the text, and istiod has taken them."""
        until(lambda: "4317" in self.text() and self.was(), 10, lambda: f"not written: {self.text()}\n{self.status()}")
        until(lambda: "jaeger" in json.dumps(self.mesh.mesh()), 5, lambda: f"istiod has {self.mesh.mesh()}")

    def gone(self):
        self.api.delete("Observatory", self.monitoring, "main")
        until(lambda: self.api.get("Observatory", self.monitoring, "main") is None, 10,
              lambda: f"the Observatory stays: {self.status()}")

    def back(self, before):
        until(lambda: self.was() is None, 5, lambda: f"{WAS} stays: {self.was()}")
        expect(self.plain() == before, lambda: f"not as it was:\n{before}\n{self.plain()}")


def lines_stay(before, after):
    """Every line of before is there, in that order."""
    rest = iter(after.splitlines())
    missing = [line for line in before.splitlines() if line not in rest]
    expect(not missing, lambda: f"not there any more: {missing}; {after}")


def whole_way(w):
    """Put in, in force, and taken out again; for texts of other forms too."""
    before = w.put(TEXT)
    begin = time.monotonic()
    w.say()
    w.ours()
    w.traced()
    w.t.figure("from the Observatory to the proxy", time.monotonic() - begin, "s")
    lines_stay(TEXT, w.text())
    w.gone()
    w.back(before)
    w.untraced()
    for text in (TEXT.replace("\n", "\r\n"), TEXT.rstrip("\n"), "{}\n", "# nothing\n",
                 '{"trustDomain": "cluster.local"}'):
        before = w.put(text)
        w.say()
        w.ours()
        w.gone()
        w.back(before)


def between(w):
    """Others edit their keys while ours are in."""
    w.put(TEXT)
    w.say()
    w.ours()
    def edits(text):
        less = text.replace('"/dev/stdout"', '"/dev/null"').replace("enablePrometheusMerge: true\n", "")
        return less + "h2UpgradePolicy: UPGRADE # new\n"
    w.put(edits(w.text()))
    w.traced()
    time.sleep(0.3)
    expect("4317" in w.text() and "UPGRADE" in w.text(), lambda: f"not both: {w.text()}")
    w.gone()
    until(lambda: w.was() is None, 5, "the annotation stays")
    expect(w.text() == edits(TEXT), lambda: f"not as others left it: {w.text()}")


def upgrade(w):
    """The chart writes its whole text again: ours come back, and all of theirs in the end."""
    w.put(TEXT)
    w.say()
    w.ours()
    newer = TEXT.replace("/dev/stdout", "/dev/stderr")
    before = [None, None, {"mesh": newer, "meshNetworks": "networks: {}"}]
    w.put(newer)
    w.ours()
    lines_stay(newer, w.text())
    w.traced()
    w.api.delete("ConfigMap", ROOT, "istio")  # also made anew
    w.put(newer)
    w.ours()
    w.gone()
    w.back(json.dumps(before))


def same_name(w):
    """A provider of our backend's name with another content."""
    text = TEXT.replace("rootNamespace", THEIRS + "rootNamespace")
    before = w.put(text)
    w.say()
    w.told("extensionProviders[jaeger]", "own.e64-monitoring")
    w.traced("own")
    lines_stay(THEIRS, w.text())
    w.say(on_conflict="TakeOver")
    w.traced("jaeger")
    w.untold("extensionProviders[jaeger]")
    w.say(on_conflict="Report")  # what is ours stays ours
    time.sleep(0.3)
    w.gone()
    w.back(before)


def default(w):
    """The mesh's default provider is somebody's: it stays, and our Telemetry names ours."""
    text = TEXT.replace("  metrics: [ prometheus ]", "  tracing: [own] # theirs\n  metrics: [ prometheus ]")
    before = w.put(text)
    w.say(on_conflict="TakeOver")
    w.ours()
    w.traced()
    lines_stay(text, w.text())
    w.gone()
    w.back(before)


def one_value(w):
    """A key that has one value, and has it already: theirs in a Report, ours and back with TakeOver."""
    theirs, ours = "theirs.e64-monitoring:9125", "statsd.e64-monitoring:9125"
    text = TEXT.replace("  # no tracing here", f"  statsdUdpAddress: '{theirs}' # theirs")
    before = w.put(text)
    def address():
        return w.mesh.mesh()["defaultConfig"].get("statsdUdpAddress")
    w.say(statsd={"address": ours})
    w.told("defaultConfig.statsdUdpAddress", theirs)
    w.ours()
    expect(address() == theirs, lambda: f"istiod has {address()}")
    w.say(on_conflict="TakeOver", statsd={"address": ours})
    until(lambda: address() == ours, 5, lambda: f"istiod has {address()}; {w.status()}")
    w.untold(theirs)
    newer = w.text().replace(ours, "newer.e64-monitoring:9125")  # somebody edits it: set again, theirs in the end
    w.put(newer)
    until(lambda: ours in w.text(), 5, lambda: f"not set again: {w.text()}")
    w.say(statsd={"address": ours})
    w.gone()
    until(lambda: w.was() is None, 5, "the annotation stays")
    expect("newer.e64-monitoring:9125" in w.text() and "4317" not in w.text(), lambda: f"{w.text()}")
    lines_stay("\n".join(line for line in text.splitlines() if "statsd" not in line), w.text())
    w.put(text)
    w.back(before)


def invalid(w):
    """What istiod cannot read is left alone, and no Telemetry names what istiod may not know."""
    broken = TEXT.replace("proxyMetadata: {}", "proxyMetadata: {")
    before = w.put(broken)
    w.api.apply("SamplingPolicy", w.monitoring, "all", spec={"percent": 33.3, "scope": "Mesh"})
    w.say()
    w.told("istio-system/istio")
    w.no_provider()
    time.sleep(0.3)
    expect(w.plain() == before and not w.telemetries(), lambda: f"{w.text()}, {w.telemetries()}")
    before = w.put(TEXT)
    w.ours()
    w.traced(percent=33.3)
    w.no_provider(False)
    with_ours = w.text()
    w.put(with_ours.replace("proxyMetadata: {}", "proxyMetadata: {"))  # broken while ours are in
    w.told("istio-system/istio")
    w.put(with_ours)
    w.untold("istio-system/istio is wrong")
    w.api.delete("SamplingPolicy", w.monitoring, "all")
    w.put(with_ours.replace("proxyMetadata: {}", "proxyMetadata: {"))
    w.told("istio-system/istio")
    w.api.delete("Observatory", w.monitoring, "main")  # what cannot be read cannot be given back: it waits
    time.sleep(0.5)
    expect(w.api.get("Observatory", w.monitoring, "main") and w.was(), "given up before it was given back")
    w.put(with_ours)
    w.gone()
    w.back(before)


def killed(w):
    """Killed at once after the write; the next one gives back what is not wished any more."""
    before = w.put(TEXT)
    for what, change in (("another mode", lambda: w.say("None")),
                         ("no Observatory", lambda: w.api.delete("Observatory", w.monitoring, "main"))):
        watch = w.api.watch("ConfigMap", ROOT)
        w.say(percent=None)  # without a Telemetry: nothing else keeps the Observatory
        until(lambda: any(WAS in (thing["metadata"].get("annotations") or {}) for _, _, thing in watch.events), 10,
              lambda: f"{what}: no write: {w.status()}", every=0.0005)
        w.t.controller.process.signal(signal.SIGKILL)
        w.t.controller.process.popen.wait()
        watch.close()
        change()
        w.t.start("--trusted-namespaces", w.monitoring)
        until(lambda: w.was() is None or not w.status(), 10, lambda: f"{what}: neither given back nor gone")
        w.back(before)
    w.gone()


def modes(w):
    """Shared without the environment, Patch, None, Shared: each leaves nothing of the one before."""
    before = w.put(TEXT)
    w.api.apply("SamplingPolicy", w.monitoring, "all", spec={"percent": 33.3, "scope": "Mesh"})
    w.say("Shared")
    text = w.told("the control plane does not read ConfigMap istio-system/binnacle-mesh")
    expect_in(["kubectl -n istio-system set env"], text, "the remedy")
    w.no_provider()
    time.sleep(0.3)
    expect(not w.telemetries(), lambda: f"{w.telemetries()}")
    w.say("Patch")
    w.ours()
    w.traced(percent=33.3)
    until(lambda: not w.api.get("ConfigMap", ROOT, "binnacle-mesh"), 5, "binnacle-mesh stays")
    w.say("None")
    w.back(before)
    w.untraced()
    w.no_provider()
    w.say("Shared")
    text = w.told("the control plane does not read ConfigMap istio-system/binnacle-mesh")
    pid = w.t.controller.process.pid
    w.t.plane.kubectl(*re.search(SET_ENV, text).group(1).split())  # as it says
    w.mesh.restart()
    begin = time.monotonic()
    w.traced(percent=33.3)
    w.t.figure("after istiod's restart", time.monotonic() - begin, "s")
    w.untold("does not read")
    w.no_provider(False)
    expect(w.t.controller.process.alive() and w.t.controller.process.pid == pid, "binnacle was restarted")
    w.api.delete("SamplingPolicy", w.monitoring, "all")
    w.traced()
    w.gone()
    w.back(before)


def run(t):
    mesh = istio(t)
    if mesh is None:
        return
    t.plane.permit_mesh()
    w = World(t, mesh)
    t.start("--trusted-namespaces", w.monitoring)
    for step in (whole_way, between, upgrade, same_name, default, one_value, invalid, killed, modes):
        step(w)
