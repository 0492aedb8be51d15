"""a real istiod: whose sampling and metrics settings win, read as proxies get them"""

import json
import time
from typing import NamedTuple

import yaml

from lib.istio import INJECTED, MESH, ROOT, istio
from lib.wait import expect

DEADLINE_S = 120
PUSH_S = 1.0  # a Telemetry that is written reaches proxies; 0.11 s without load
LATER = "a second later"  # creation times, which decide conflicts, are whole seconds
PROVIDERS = [
    {"name": "zip", "zipkin": {"service": "zipkin.{shop}.svc.cluster.local", "port": 9411}},
    {"name": "otel", "opentelemetry": {"service": "otel.{shop}.svc.cluster.local", "port": 4317}},
    {"name": "sampled", "opentelemetry": {"service": "otel.{shop}.svc.cluster.local", "port": 4317,
                                          "http": {"path": "/v1/traces", "timeout": "2s"},
                                          "dynatraceSampler": {"tenant": "t", "clusterId": 1}}},
    {"name": "lost", "zipkin": {"service": "nobody.{shop}.svc.cluster.local", "port": 9411}}]
NO_SIZE = {"REQUEST_SIZE": {"disabled": True}}
TAG = {"REQUEST_COUNT": {"tagOverrides": {"method": {"value": "request.method"}}}}
TAGGED = '{"requests_total": {"upsert": {"method": "request.method"}}}'
BOTH = '{"request_bytes": {"drop": true}, ' + TAGGED[1:]


def mesh(tracing=None, providers=True, metrics=("prometheus",), default=None, **fields):
    """A mesh configuration: the chart's, changed."""
    made = {**yaml.safe_load(MESH), **fields}
    made["defaultProviders"] = {**({"metrics": list(metrics)} if metrics else {}),
                                **({"tracing": [tracing]} if tracing else {})}
    made["defaultConfig"] |= default or {}
    return {**made, **({"extensionProviders": PROVIDERS} if providers else {})}


def sampling(percent):
    return {"tracing": {"sampling": percent}}


def traced(percent=None, provider=None, mode=None, tags=None, **more):
    """The `tracing` of a Telemetry with one entry."""
    return {"tracing": [entry(percent, provider, mode, tags, **more)]}


def entry(percent=None, provider=None, mode=None, tags=None, **more):
    return {**({} if percent is None else {"randomSamplingPercentage": percent}),
            **({"providers": [{"name": provider}]} if provider else {}), **({"match": {"mode": mode}} if mode else {}),
            **({} if tags is None else {"customTags": {key: {"literal": {"value": value}}
                                                       for key, value in tags.items()}}), **more}


def measured(overrides, provider=None):
    return {"metrics": [{**({"providers": [{"name": provider}]} if provider else {}), "overrides": [
        {"match": {"metric": metric}, **override} for metric, override in overrides.items()]}]}


def selecting(spec, **labels):
    return {"selector": {"matchLabels": labels}, **spec}


ZIP = mesh("zip")
NONE = mesh()
CHART = mesh(providers=False)
OFF = {"disableSpanReporting": True}
E50 = {"PILOT_TRACE_SAMPLING": "50"}
WRONG = {**ZIP, "enableTracing": []}
FRONT = {"tier": "front"}


class Row(NamedTuple):
    """What is configured, and what the proxies then do; names of namespaces stand for those of the case."""
    what: str
    want: dict | str  # of web, or of each pod
    main: dict = ZIP
    objects: list = []  # ("root" or "shop" or "shop/NAME", spec), and LATER between them
    env: dict = {}
    shared: dict | None = None
    new: dict | None = None  # web is a new pod with this proxy.istio.io/config
    show: str = "sampling"  # or provider, stats, tags


ROWS = [
    Row("a: nothing configured", "1", CHART),
    Row("a: enableTracing: false", "-", mesh(providers=False, enableTracing=False)),
    Row("a: extensionProviders, nobody names one", "1", NONE),
    Row("a: a default provider", "1"),
    Row("b: root 5", {"web": "5", "api": "5", "ledger": "5"}, ZIP, [("root", traced(5))]),
    Row("b: root 5 names the provider, no default", "5", NONE, [("root", traced(5, "zip"))]),
    Row("b: root 5, no provider anywhere", "-", NONE, [("root", traced(5))]),
    Row("b: root 5 names an unknown provider", "-", ZIP, [("root", traced(5, "zap"))]),
    Row("b: root 5, the provider's Service is not there", "-", ZIP, [("root", traced(5, "lost"))]),
    Row("b: root 5, the provider has a sampler", "100", ZIP, [("root", traced(5, "sampled"))]),
    Row("b: root 0", "0", ZIP, [("root", traced(0))]),
    Row("b: root 12.34567", "12.3457", ZIP, [("root", traced(12.34567))]),
    Row("b: root selects a pod of shop", "1", ZIP, [("root", selecting(traced(5), app="web"))]),
    Row("c: root 5, shop 20", {"web": "20", "api": "20", "ledger": "5"}, ZIP, [
        ("root", traced(5)), ("shop", traced(20))]),
    Row("c: root 5, shop without percentage", "5", ZIP, [("root", traced(5)), ("shop", traced(tags={"b": "2"}))]),
    Row("c: root off, shop 20", "-", ZIP, [("root", traced(**OFF)), ("shop", traced(20))]),
    Row("c: shop CLIENT 20, SERVER 30", "20 out, 30 in", ZIP, [
        ("shop", {"tracing": [entry(20, mode="CLIENT"), entry(30, mode="SERVER")]})]),
    Row("d: root 5, shop 20, app=web 100", {"web": "100", "api": "20", "ledger": "5"}, ZIP, [
        ("root", traced(5)), ("shop", traced(20)), ("shop/web", selecting(traced(100), app="web"))]),
    Row("h: b 20, later a 30, no selectors: the older", "20", ZIP, [
        ("shop/b", traced(20)), LATER, ("shop/a", traced(30))]),
    Row("h: older b only tags, newer a 30, root 5: a is ignored whole", "5", ZIP, [
        ("root", traced(5)), ("shop/b", traced(tags={"b": "2"})), LATER, ("shop/a", traced(30))]),
    Row("h: both select app=web: the newer", "30", ZIP, [
        ("shop/b", selecting(traced(20), app="web")), LATER, ("shop/a", selecting(traced(30), app="web"))]),
    Row("h: specificity does not count", {"web": "30", "api": "30", "ledger": "1"}, ZIP, [
        ("shop/b", selecting(traced(20), app="web", **FRONT)), LATER, ("shop/a", selecting(traced(30), **FRONT))]),
    Row("i: a metric off, a tag", BOTH, ZIP, [("shop", measured(NO_SIZE | TAG))], show="stats"),
    Row("i: all metrics off", "-", ZIP, [("shop", measured({"ALL_METRICS": {"disabled": True}}))], show="stats"),
    Row("i: default providers without metrics", "-", mesh("zip", metrics=None), show="stats"),
    Row("i: the same, shop names prometheus", TAGGED, mesh("zip", metrics=None), [
        ("shop", measured(TAG, "prometheus"))], show="stats"),
    Row("i: selectors that overlap, web connects first: both get both", {"web": BOTH, "api": BOTH}, ZIP, [
        ("shop/b", selecting(measured(NO_SIZE), app="web")), LATER, ("shop/a", selecting(measured(TAG), **FRONT))],
        show="stats"),
    Row("i: selectors that overlap, api connects first: both get the newer", {"api": TAGGED, "web": TAGGED}, ZIP, [
        ("shop/b", selecting(measured(NO_SIZE), app="web")), LATER, ("shop/a", selecting(measured(TAG), **FRONT))],
        show="stats"),
    Row("j: the only one gets a wrong type: the last good one goes on", "{}", WRONG, show="stats"),
    Row("j: the same, istiod restarts", "-", WRONG, env={"PILOT_TRACE_SAMPLING": "2"}, show="stats"),
    Row("k: root 5", {"gateway": "5 out, - in"}, ZIP, [("root", traced(5))]),
    Row("k: root CLIENT 20, SERVER 30", {"gateway": "20 out, - in"}, ZIP, [
        ("root", {"tracing": [entry(20, mode="CLIENT"), entry(30, mode="SERVER")]})]),
    Row("k: root 5, root selects the gateway 60", {"gateway": "60 out, - in", "web": "5"}, ZIP, [
        ("root", traced(5)), ("root/gateway", selecting(traced(60), app="gateway"))]),
    Row("l: root a, shop b: replaced", '{"b": {"literal": "2"}}', ZIP, [
        ("root", traced(tags={"a": "1"})), ("shop", traced(tags={"b": "2"}))], show="tags"),
    Row("l: root a, shop 20: inherited", '{"a": {"literal": "1"}}', ZIP, [
        ("root", traced(tags={"a": "1"})), ("shop", traced(20))], show="tags"),
    Row("l: root a, shop {}: cleared", "{}", ZIP, [
        ("root", traced(tags={"a": "1"})), ("shop", traced(tags={}))], show="tags"),
    Row("e: 50", "50", env=E50),
    Row("e: 50, root 5", "5", ZIP, [("root", traced(5))], E50),
    Row("e: 50, root without percentage", "50", ZIP, [("root", traced(tags={"a": "1"}))], E50),
    Row("f: defaultConfig 7, the pod is older", "50", mesh("zip", default=sampling(7)), env=E50),
    Row("f: defaultConfig 7, a new pod", "7", mesh("zip", default=sampling(7)), env=E50, new={}),
    Row("f: defaultConfig 7, a new pod, root 5", "5", mesh("zip", default=sampling(7)), [("root", traced(5))], E50,
        new={}),
    Row("f: defaultConfig 0, a new pod", "50", mesh("zip", default=sampling(0)), env=E50, new={}),
    Row("f: defaultConfig 150, a new pod", "1", mesh("zip", default=sampling(150)), env=E50, new={}),
    Row("f: defaultConfig -5, a new pod", "-5 (refused by Envoy)", mesh("zip", default=sampling(-5)), env=E50, new={}),
    Row("g: 33, defaultConfig 7", "33", mesh("zip", default=sampling(7)), env=E50, new=sampling(33)),
    Row("g: 33, root 5", "5", ZIP, [("root", traced(5))], E50, new=sampling(33)),
    Row("g: 0, defaultConfig 7", "50", mesh("zip", default=sampling(7)), env=E50, new=sampling(0)),
    Row("g: tracing without sampling, defaultConfig 7", "50", mesh("zip", default=sampling(7)), env=E50,
        new={"tracing": {"maxPathTagLength": 9}}),
    Row("g: 150", "1", env=E50, new=sampling(150)),
    Row("e: 0", "0", env={"PILOT_TRACE_SAMPLING": "0"}),
    Row("e: 101", "1", env={"PILOT_TRACE_SAMPLING": "101"}),
    Row("e: fifty", "1", env={"PILOT_TRACE_SAMPLING": "fifty"}),
    Row("j: provider and default in the shared one", "zipkin", CHART, show="provider",
        shared={"extensionProviders": PROVIDERS, "defaultProviders": {"tracing": ["zip"]}}),
    Row("j: the same, now otel", "opentelemetry", CHART, show="provider",
        shared={"extensionProviders": PROVIDERS, "defaultProviders": {"tracing": ["otel"]}}),
    Row("j: the main one's metrics stay", "{}", CHART, show="stats",
        shared={"extensionProviders": PROVIDERS, "defaultProviders": {"tracing": ["otel"]}}),
    Row("j: main otel, shared zip", "opentelemetry", mesh("otel"), show="provider",
        shared={"defaultProviders": {"tracing": ["zip"]}}),
    Row("j: shared sampling 7, a new pod", "7", ZIP, shared={"defaultConfig": sampling(7)}, new={}),
    Row("j: main 8, shared 7, a new pod", "8", mesh("zip", default=sampling(8)),
        shared={"defaultConfig": sampling(7)}, new={}),
    Row("j: an unknown field in the shared one", "zipkin", CHART, show="provider",
        shared={"sails": 3, "extensionProviders": PROVIDERS, "defaultProviders": {"tracing": ["zip"]}}),
    Row("j: a wrong type in the shared one", "-", CHART, show="provider",
        shared={"extensionProviders": "zip", "defaultProviders": {"tracing": ["zip"]}}),
    Row("j: a wrong type in the main one beside a shared one", "-", WRONG, show="stats",
        shared={"defaultConfig": sampling(7)}),
]


class World:
    """The pods that rows are about, and what was set for the row before."""

    def __init__(self, t, istiod):
        self.istiod = istiod
        self.ns = {"shop": t.ns("shop", labels=INJECTED), "books": t.ns("books", labels=INJECTED), "root": ROOT}
        shop = self.ns["shop"]
        for name, port in (("web", 80), ("zipkin", 9411), ("otel", 4317)):
            istiod.service(shop, name, port)
        self.pods = {"web": istiod.pod(shop, "web", FRONT), "api": istiod.pod(shop, "api", FRONT),
                     "ledger": istiod.pod(self.ns["books"], "ledger"),
                     "gateway": istiod.pod(ROOT, "gateway", gateway=True)}
        # A proxy of a gateway has listeners when there is a Gateway for it.
        t.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump({
            "apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "all", "namespace": ROOT},
            "spec": {"selector": {"app": "gateway"}, "servers": [
                {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]}}).encode())
        self.set = {}
        self.made = 0

    def text(self, config):
        return yaml.safe_dump(config).replace("{shop}", self.ns["shop"])

    def prepare(self, row):
        """Only what differs from the row before is written; istiod restarts for another environment only."""
        self.istiod.clear(*self.ns.values())
        if self.set.get("main") != row.main:
            self.istiod.mesh_config(self.text(row.main))
        if self.set.get("shared") != row.shared:
            self.istiod.shared_config(row.shared and self.text(row.shared))
        env = {**row.env, **({"SHARED_MESH_CONFIG": "mesh-shared"} if row.shared else {})}
        if self.istiod.env != env:
            self.istiod.restart(env)
        self.set = row._asdict()
        for thing in row.objects:
            if thing == LATER:
                time.sleep(1.05)
            else:
                ns, _, name = thing[0].partition("/")
                self.istiod.telemetry(self.ns[ns], name or ns, **thing[1])

    def pod(self, name, row):
        if row.new is None:
            return self.pods[name]
        self.made += 1
        given = {"proxy.istio.io/config": yaml.safe_dump(row.new)} if row.new else {}
        return self.istiod.pod(self.ns["shop"], f"{name}-{self.made}", {"app": name, **FRONT}, given)

    def check(self, row):
        """What is not as told; None when all is."""
        self.prepare(row)
        want = row.want if isinstance(row.want, dict) else {"web": row.want}
        got = {name: show(self.istiod.effective(self.pod(name, row), fence=number == 0), row.show)
               for number, name in enumerate(want)}
        return None if got == want else f"{row.what}: {got}, not {want}"


def show(effective, what):
    """Both directions in one text; "-": not there."""
    out, into = (SHOW[what](one) if one else "-" for one in (effective.outbound, effective.inbound))
    return out if out == into else f"{out} out, {into} in"


def as_json(value):
    return json.dumps(value, sort_keys=True)


SHOW = {
    "sampling": lambda one: (f"{one.sampling:g}{' (refused by Envoy)' if one.refused else ''}" if one.traced else "-"),
    "provider": lambda one: (one.provider or "-").rpartition(".")[2],
    "tags": lambda one: as_json(one.tags) if one.traced else "-",
    "stats": lambda one: "-" if one.stats is None else as_json(one.stats),
}


def push_time(istiod, world):
    """Seconds from the answer to a write until a connected proxy has it."""
    istiod.clear(*world.ns.values())
    web, times = world.pods["web"], []
    for percent in range(41, 47):
        istiod.telemetry(ROOT, "root", **traced(percent, "zip"))
        written = time.monotonic()
        got = istiod.wait_effective(web, lambda one: one.outbound.sampling == percent)
        times.append(got.at - written)
    return max(times)


def run(t):
    istiod = istio(t)
    if istiod is None:
        return
    world = World(t, istiod)
    wrong = [text for row in ROWS if (text := world.check(row))]
    expect(not wrong, lambda: "\n".join(wrong))
    istiod.mesh_config(world.text(ZIP))
    t.figure("rows", len(ROWS), "")
    t.figure("push", push_time(istiod, world), "s", PUSH_S)
    t.figure("istiod's memory", istiod.process.memory()["peak"] / 2**20, "MiB")
