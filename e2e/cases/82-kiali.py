"""Kiali is told where its services are: in its custom resource or its text, only our fields, and all of it comes back"""

import json
import signal
import time

import yaml

from lib.api import KINDS, ApiError
from lib.wait import expect, expect_in, until

DEADLINE_S = 180
ROOT = "istio-system"
WAS = "binnacle.dev/was"
BAR_S = 1
CRD = "kialis.kiali.io"
KINDS["Kiali"] = ("kiali.io/v1alpha1", "kialis", True)
# As the operator's own says of these fields: nothing at all.
SCHEMA = {"type": "object", "properties": {part: {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                                           for part in ("spec", "status")}}
THEIRS = {"deployment": {"replicas": 1}, "external_services": {"grafana": {
    "internal_url": "http://their-grafana:3000", "auth": {"type": "basic", "username": "me", "password": "secret-e82"}}}}
TEXT = """\
# As the chart wrote it, and people after it.
auth:
  strategy: "anonymous"   # for now
external_services:
  custom_dashboards: {enabled: true}
  istio:
    root_namespace: istio-system
  # no prometheus here
  tracing:
    enabled: false        # theirs
server: {port: 20001}
"""


class World:
    def __init__(self, t):
        self.t, self.api = t, t.api
        self.ns = t.ns("monitoring", "output")
        t.api.apply("Namespace", None, ROOT)

    def install(self):
        self.t.undo.append(lambda: self.api.delete("CustomResourceDefinition", None, CRD))
        self.api.apply("CustomResourceDefinition", None, CRD, spec={
            "group": "kiali.io", "scope": "Namespaced", "names": {"kind": "Kiali", "plural": "kialis"},
            "versions": [{"name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}},
                          "schema": {"openAPIV3Schema": SCHEMA}}]})
        until(self.served, 20, f"{CRD} is not served")

    def served(self):
        try:
            return self.api.list("Kiali", ROOT) is not None
        except ApiError as error:
            if error.status in (404, 429):
                return False
            raise

    def permit(self):
        for thing in self.t.plane.manifests("overlays/kiali"):
            self.api.apply_object(thing)
            meta = thing["metadata"]
            self.t.undo.append(lambda kind=thing["kind"], meta=meta: self.api.delete(kind, meta["namespace"], meta["name"]))

    def say(self, kiali=None, on_conflict="Report", prometheus="http://prometheus:9090", backends=None, **more):
        backends = backends or [
            {"name": "zip", "type": "zipkin", "service": "zip.x", "queryUrl": "http://zip:9411"},
            {"name": "jaeger", "type": "jaeger", "service": "jaeger.x", "queryUrl": "http://jaeger:16686",
             "browserUrl": "https://jaeger.example"}]
        self.api.apply("Observatory", self.ns, "main", spec={
            "onConflict": on_conflict, "prometheus": {"url": prometheus} if prometheus else {},
            "grafana": {"url": "http://grafana:3000", "browserUrl": "https://grafana.example"},
            "tracing": {"backends": backends, "apply": ["Jaeger"]},
            **({"kiali": kiali} if kiali is not None else {}), **more})

    def thing(self, kind="Kiali"):
        return self.api.get(kind, ROOT, "kiali")

    def services(self):
        return self.thing()["spec"].get("external_services", {})

    def field(self, path):
        at = self.thing()["spec"].get("external_services", {})
        for step in path.split("."):
            at = at.get(step, {}) if isinstance(at, dict) else {}
        return at

    def text(self):
        return self.thing("ConfigMap")["data"]["config.yaml"]

    def was(self, kind="Kiali"):
        return (self.thing(kind)["metadata"].get("annotations") or {}).get(WAS)

    def plain(self, kind="Kiali"):
        thing = self.thing(kind)
        return json.dumps([thing["metadata"].get("annotations"), thing.get("spec"), thing.get("data")], sort_keys=True)

    def status(self):
        return (self.api.get("Observatory", self.ns, "main") or {}).get("status", {})

    def told(self, *words, seconds=10):
        def look():
            text = json.dumps(self.status().get("conditions", []))
            return all(word in text for word in words)
        until(look, seconds, lambda: f"{words} not said: {self.status()}")

    def untold(self, word, seconds=10):
        until(lambda: self.status() and word not in json.dumps(self.status().get("conditions", [])), seconds,
              lambda: f"{word} is still said: {self.status()}")

    def has(self, path, value, seconds=5):
        until(lambda: self.field(path) == value, seconds, lambda: f"{path} is not {value}: {self.services()}; {self.status()}")

    def gone(self):
        self.api.delete("Observatory", self.ns, "main")
        until(lambda: self.api.get("Observatory", self.ns, "main") is None, 10, lambda: f"it stays: {self.status()}")

    def back(self, before, kind="Kiali"):
        until(lambda: self.was(kind) is None, 5, lambda: f"{WAS} stays: {self.was(kind)}")
        expect(self.plain(kind) == before, lambda: f"not as it was:\n{before}\n{self.plain(kind)}")


def uid(w, title):
    """The uid that Grafana's own file has for a derived datasource."""
    def look():
        text = w.t.content(w.ns, "main-grafana", f"binnacle-{w.ns}-main.yaml", "ConfigMap")
        return next((row["uid"] for row in yaml.safe_load(text)["datasources"] if row["name"] == title), None)
    return until(look, 5, f"no datasource {title}")


def nothing_there(w):
    """No CRD, no rights, no object: each is said; then it is there, and is set without a restart."""
    w.say({})
    w.told("Kiali istio-system/kiali may not be read", "manifests/overlays/kiali", seconds=40)
    w.install()
    w.permit()
    w.told("there is no Kiali istio-system/kiali", seconds=60)
    w.gone()


def whole_way(w):
    w.api.apply("Kiali", ROOT, "kiali", spec={"deployment": {"replicas": 1}})
    before = w.plain()
    watch = w.api.watch("Kiali", ROOT)
    begin = time.monotonic()
    w.say({})
    at, thing = watch.next(0, lambda thing: WAS in (thing["metadata"].get("annotations") or {}), 10, "no write")
    w.t.figure("from the Observatory to Kiali's fields", at - begin, "s", BAR_S)
    w.t.settled()
    expect(len(watch.events) == 1, lambda: f"{len(watch.events)} writes")
    expect(thing["spec"] == {"deployment": {"replicas": 1}, "external_services": {
        "prometheus": {"url": "http://prometheus:9090"},
        "grafana": {"enabled": True, "internal_url": "http://grafana:3000", "external_url": "https://grafana.example",
                    "datasource_uid": uid(w, "main-prometheus")},
        "tracing": {"enabled": True, "provider": "jaeger", "internal_url": "http://jaeger:16686",
                    "external_url": "https://jaeger.example", "use_grpc": False}}}, lambda: f"{thing['spec']}")
    held = w.status()["mesh"]["held"]
    expect(held == [{"kind": "Kiali", "namespace": ROOT, "name": "kiali"}], lambda: f"held: {held}")

    version = w.thing()["metadata"]["resourceVersion"]  # a restart writes nothing
    w.t.start("--trusted-namespaces", w.ns)
    w.t.settled()
    expect(w.thing()["metadata"]["resourceVersion"] == version, "a restart wrote")

    mark, begin = watch.mark(), time.monotonic()  # one url is another
    w.say({}, prometheus="http://other:9090")
    at, _ = watch.next(mark, lambda thing: thing["spec"]["external_services"]["prometheus"]["url"] == "http://other:9090",
                       10, "the other url")
    w.t.figure("another url", at - begin, "s", BAR_S)
    w.say({"version": "1.72.0"}, prometheus=None)  # no url, and Kiali's names of old
    w.has("tracing.in_cluster_url", "http://jaeger:16686")
    w.has("prometheus", {})
    expect("internal_url" not in w.field("tracing") and "internal_url" not in w.field("grafana"), lambda: f"{w.services()}")
    expect("prometheus" not in w.services(), lambda: f"an empty map is left: {w.services()}")
    w.say()  # the block goes
    w.back(before)
    until(lambda: not w.api.get("Observatory", w.ns, "main")["metadata"].get("finalizers"), 10, "a finalizer stays")
    w.say({}, backends=[{"name": "t", "type": "tempo", "service": "t.x", "queryUrl": "http://tempo:3200"}])
    w.has("tracing.provider", "tempo")
    expect(w.field("tracing.tempo_config.datasource_uid") == uid(w, "main-t"), lambda: f"{w.services()}")
    w.gone()
    w.back(before)
    watch.close()


def foreign(w):
    """Somebody's own field: left and told; taken over; given back."""
    w.api.apply("Kiali", ROOT, "kiali", spec=THEIRS)
    before = w.plain()
    w.say({})
    w.told("external_services.grafana.internal_url already", "their-grafana")
    w.has("grafana.external_url", "https://grafana.example")
    expect(w.field("grafana.internal_url") == "http://their-grafana:3000", lambda: f"{w.services()}")
    expect("secret-e82" not in json.dumps(w.status()) + w.was(), "a password is told")
    w.say({}, on_conflict="TakeOver")
    w.has("grafana.internal_url", "http://grafana:3000")
    w.untold("their-grafana")
    w.say({}, on_conflict="Report")
    w.has("grafana.internal_url", "http://their-grafana:3000")
    w.told("their-grafana")
    w.say({}, on_conflict="TakeOver")
    w.has("grafana.internal_url", "http://grafana:3000")
    w.api.merge("Kiali", ROOT, "kiali", {"spec": {"external_services": {"tracing": {"query_timeout": 9}}}})
    w.gone()
    until(lambda: w.was() is None, 5, f"{WAS} stays")
    after = json.loads(before)
    after[1]["external_services"]["tracing"] = {"query_timeout": 9}
    expect(json.loads(w.plain()) == after, lambda: f"not as others left it: {w.plain()}")
    expect("secret-e82" in w.plain(), "auth is gone")
    w.api.delete("Kiali", ROOT, "kiali")


def no_fight(w):
    """The operator and its users write what is theirs; who sets our field again and again is let be after a while."""
    w.api.apply("Kiali", ROOT, "kiali", spec=THEIRS)
    w.say({})
    w.has("prometheus.url", "http://prometheus:9090")
    w.t.settled()
    watch = w.api.watch("Kiali", ROOT)
    for i in range(10):
        w.api.apply("Kiali", ROOT, "kiali", spec={**THEIRS, "deployment": {"replicas": 2 + i}})
        w.api.merge("Kiali", ROOT, "kiali", {"status": {"progress": {"message": f"{i}"}}}, "status")
    time.sleep(1)
    expect(len(watch.events) == 20, lambda: f"{len(watch.events) - 20} writes of ours")
    w.has("prometheus.url", "http://prometheus:9090")

    watch.mark()
    thing = w.thing()  # as `kubectl replace` does: ours is not in it
    del thing["spec"]["external_services"]["prometheus"]
    del thing["metadata"]["annotations"][WAS]
    w.api.request("PUT", f"/apis/kiali.io/v1alpha1/namespaces/{ROOT}/kialis/kiali", thing)
    w.has("prometheus.url", "http://prometheus:9090")
    w.say({}, on_conflict="TakeOver")
    w.has("grafana.internal_url", "http://grafana:3000")
    mark = watch.mark()
    for i in range(12):
        w.api.merge("Kiali", ROOT, "kiali", {"spec": {"external_services": {"prometheus": {"url": f"http://theirs-{i}"}}}})
        time.sleep(0.3)
    w.told("again and again")
    ours = len(watch.events) - mark - 12
    w.t.figure("writes against somebody who sets it 12 times", ours, "", 6)
    watch.close()
    last = w.field("prometheus.url")
    expect(last == "http://theirs-11", lambda: f"{last}")
    w.gone()
    until(lambda: w.was() is None, 5, f"{WAS} stays")
    expect(w.field("prometheus.url") == last, lambda: f"{w.services()}")
    w.api.delete("Kiali", ROOT, "kiali")


def put(w, text):
    w.api.apply("ConfigMap", ROOT, "kiali", data={"config.yaml": text, "other": "stays"})
    return w.plain("ConfigMap")


def in_text(w):
    """The same in a ConfigMap: each other byte stays, and all of it comes back."""
    block = {"kind": "ConfigMap"}
    before = put(w, TEXT)
    watch = w.api.watch("ConfigMap", ROOT, "kiali")
    begin = time.monotonic()
    w.say(block)
    at, thing = watch.next(0, lambda thing: WAS in (thing["metadata"].get("annotations") or {}), 10, "no write")
    w.t.figure("from the Observatory to Kiali's text", at - begin, "s", BAR_S)
    w.t.settled()
    expect(len(watch.events) == 1, lambda: f"{len(watch.events)} writes")
    watch.close()
    text = thing["data"]["config.yaml"]
    rest = iter(text.splitlines())
    missing = [line for line in TEXT.splitlines() if line not in rest]
    expect(not missing, lambda: f"not there any more: {missing}; {text}")
    expect_in(['url: "http://prometheus:9090"', 'provider: "jaeger"', "use_grpc: false"], text, "the text")
    w.told("external_services.tracing.enabled already, as false")
    w.say(block, on_conflict="TakeOver")
    until(lambda: "enabled: true        # theirs" in w.text(), 5, lambda: f"not taken: {w.text()}")
    w.t.start("--trusted-namespaces", w.ns)
    version = w.thing("ConfigMap")["metadata"]["resourceVersion"]
    w.t.settled()
    expect(w.thing("ConfigMap")["metadata"]["resourceVersion"] == version, "a restart wrote")
    w.gone()
    w.back(before, "ConfigMap")
    for text in (TEXT.replace("\n", "\r\n"), TEXT.rstrip("\n"), "{}\n", "# nothing\n", "a: 1\n"):
        before = put(w, text)
        w.say(block)
        until(lambda: w.was("ConfigMap"), 10, lambda: f"not written: {w.text()}; {w.status()}")
        w.gone()
        w.back(before, "ConfigMap")
    before = put(w, "a: [\n")
    w.say(block)
    w.told("Kiali's configuration in ConfigMap istio-system/kiali can't be edited")
    w.gone()
    w.back(before, "ConfigMap")


def killed(w):
    """Killed right after the write; while it is away the block goes."""
    before = put(w, TEXT)
    watch = w.api.watch("ConfigMap", ROOT, "kiali")
    w.say({"kind": "ConfigMap"})
    until(lambda: any(WAS in (thing["metadata"].get("annotations") or {}) for _, _, thing in watch.events), 10,
          lambda: f"no write: {w.status()}", every=0.0005)
    w.t.controller.process.signal(signal.SIGKILL)
    w.t.controller.process.popen.wait()
    watch.close()
    w.say()
    w.t.start("--trusted-namespaces", w.ns)
    w.back(before, "ConfigMap")
    w.gone()


def alone(w):
    """Nothing but prometheus' url and Kiali, in an Observatory that nobody trusts with more."""
    w.api.apply("Kiali", ROOT, "kiali", spec={})
    w.t.start("--trusted-namespaces", "nowhere")
    w.api.apply("Observatory", w.ns, "main", spec={"prometheus": {"url": "http://p:9090"}, "kiali": {}})
    w.told("may not set a Kiali in namespace istio-system")
    expect(w.services() == {}, lambda: f"{w.services()}")
    w.t.start("--trusted-namespaces", w.ns)
    w.has("prometheus.url", "http://p:9090")
    w.gone()
    expect(w.thing()["spec"] == {}, lambda: f"{w.thing()}")


def run(t):
    w = World(t)
    t.start("--trusted-namespaces", w.ns)
    for step in (nothing_there, whole_way, foreign, no_fight, in_text, killed, alone):
        step(w)
