"""one percentage in a namespace's Instrumentation, in at most 1 s and one write; Jaeger's clients are told theirs"""

import json
import time

from lib.istio import INJECTED, ROOT, istio
from lib.jaeger import collector
from lib.otel import install
from lib.wait import expect, until

BAR_S = 1.0
DEADLINE_S = 150
OURS = {"SHARED_MESH_CONFIG": "binnacle-mesh"}
INJECT = {"instrumentation.opentelemetry.io/inject-java": "true"}
WAS = "binnacle.dev/was"
RELOAD_S = 3


class World:
    """Workloads that ask for an SDK, in a mesh where istiod is built."""

    def __init__(self, t, mesh):
        self.t, self.mesh = t, mesh
        self.monitoring = t.ns("monitoring", "output")
        self.shop, self.blog = (t.ns(name, labels=INJECTED) for name in ("shop", "blog"))
        self.bank = t.ns("bank")
        t.api.apply("Service", self.monitoring, "jaeger", spec={"ports": [{"name": "grpc", "port": 4317}]})
        t.deployment(self.shop, "cart", {"http": 8080}, template=INJECT, replicas=1 if mesh else 0)
        t.deployment(self.shop, "checkout", {"http": 8080}, template=INJECT)
        t.deployment(self.bank, "ledger", {"http": 8080}, template=INJECT)
        t.deployment(self.blog, "web", {"http": 8080})
        t.api.annotate("Namespace", None, self.blog, INJECT)
        self.pod = None
        if mesh:
            mesh.service(self.shop, "cart")
            t.pods(self.shop, "cart")
            name = t.api.list("Pod", self.shop, "?labelSelector=app%3Dcart")[0]["metadata"]["name"]
            self.pod = mesh.of(self.shop, name)
            mesh.follow(self.pod)

    def observatory(self, *systems, percent=1, **more):
        """With Jaeger among the systems a file of strategies as well."""
        apply = ["Istio", *systems] if self.mesh else list(systems)
        tracing = {"apply": apply, "sampling": {"percent": percent},
                   "backends": [{"name": "jaeger", "type": "jaeger", "service": f"jaeger.{self.monitoring}"}]}
        if "Jaeger" in systems:
            tracing["strategies"] = {"name": "strategies"}
        spec = {"namespaceSelector": {"matchLabels": {"e2e": self.t.number}}, "tracing": tracing, **more}
        if self.mesh:
            spec["mesh"] = {}
        self.t.api.apply("Observatory", self.monitoring, "main", spec=spec)

    def policy(self, ns, name, **spec):
        self.t.api.apply("SamplingPolicy", ns, name, spec=spec)

    def instrumentations(self):
        return {(thing["metadata"]["namespace"], thing["metadata"]["name"]): thing
                for thing in self.t.api.list("Instrumentation")}

    def arguments(self):
        """{namespace: argument of the sampler}"""
        return {ns: thing["spec"].get("sampler", {}).get("argument")
                for (ns, _), thing in self.instrumentations().items()}

    def wants(self, shop, blog, bank):
        return {self.shop: shop, self.blog: blog, self.bank: bank}

    def sampled(self):
        """What the proxy of shop/cart samples."""
        last = self.mesh.probe.last(self.pod.id)
        return last and last.outbound and last.outbound.sampling

    def reach(self, what, change, want):
        """Seconds from the change until the Instrumentations have what is wanted; each that differs, in one write."""
        before = self.instrumentations()
        begin = time.monotonic()
        change()
        until(lambda: self.arguments() == want, 10,
              lambda: f"{what}: {self.arguments()}, wanted {want}; {self.told()}", every=0.01)
        took = time.monotonic() - begin
        time.sleep(0.3)
        for key, thing in self.instrumentations().items():
            old = before.get(key)
            if old is None:
                continue
            differs = old["spec"] != thing["spec"]
            writes = thing["metadata"]["generation"] - old["metadata"]["generation"]
            expect(writes == differs, f"{what}: {writes} writes to {key}")
            expect(differs or old["metadata"]["resourceVersion"] == thing["metadata"]["resourceVersion"],
                   f"{what}: {key} was written without need")
        return took

    def told(self):
        return self.t.api.get("Observatory", self.monitoring, "main").get("status")

    def warned(self, *words):
        """Wait until the Observatory's conditions have all of the words."""
        def look():
            text = json.dumps((self.told() or {}).get("conditions"))
            return all(word in text for word in words)
        until(look, 5, lambda: f"not told of {words}: {self.told()}")

    def line(self, ns, name, workload):
        """What a policy's status says of the workload's SDK; {} for nothing."""
        status = self.t.api.get("SamplingPolicy", ns, name).get("status", {})
        return next((row for row in status.get("effective", [])
                     if row["system"] == "OpenTelemetry" and row["name"] == workload), {})


def made(w):
    """What a namespace without an Instrumentation gets; the CRD takes it, unknown fields are an error."""
    until(lambda: w.arguments() == w.wants("0.01", "0.01", "0.01"), 20, lambda: f"{w.instrumentations()}, {w.told()}")
    for (ns, name), thing in w.instrumentations().items():
        expect(name == "binnacle", f"{ns}: {name}")
        expect(thing["spec"] == {
            "sampler": {"type": "parentbased_traceidratio", "argument": "0.01"},
            "exporter": {"endpoint": f"http://jaeger.{w.monitoring}:4317"},
            "env": [{"name": "OTEL_EXPORTER_OTLP_PROTOCOL", "value": "grpc"}],
            "propagators": ["tracecontext", "baggage"]}, f"{ns}: {thing['spec']}")


def levels(w):
    t, times = w.t, {}
    steps = [
        ("mesh", lambda: w.policy(w.monitoring, "all", percent=5, scope="Mesh"), w.wants("0.05", "0.05", "0.05")),
        ("namespace", lambda: w.policy(w.shop, "shop", percent=20), w.wants("0.2", "0.05", "0.05")),
        ("zero", lambda: w.policy(w.shop, "shop", percent=0), w.wants("0", "0.05", "0.05")),
        ("hundredth", lambda: w.policy(w.shop, "shop", percent=0.01), w.wants("0.0001", "0.05", "0.05")),
        ("all", lambda: w.policy(w.shop, "shop", percent=100), w.wants("1", "0.05", "0.05")),
        ("annotation on the Namespace",
         lambda: t.api.annotate("Namespace", None, w.blog, {"binnacle.dev/sampling-percent": "33.3"}),
         w.wants("1", "0.333", "0.05")),
        ("back", lambda: w.policy(w.shop, "shop", percent=20), w.wants("0.2", "0.333", "0.05"))]
    for what, change, want in steps:
        times[what] = w.reach(what, change, want)
    if w.mesh:
        until(lambda: w.sampled() == 20, 5, lambda: f"the proxy samples {w.sampled()}")
    # A workload alone: Istio can, an Instrumentation cannot.
    before = w.instrumentations()
    select = {"selector": {"matchLabels": {"app": "cart"}}}
    w.policy(w.shop, "cart", percent=50, apply=["OpenTelemetry"], **select)
    def look():
        status = t.api.get("SamplingPolicy", w.shop, "cart").get("status", {})
        return "an Instrumentation is for a whole namespace" in json.dumps(status)
    until(look, 5, lambda: f"{t.api.get('SamplingPolicy', w.shop, 'cart').get('status')}")
    time.sleep(0.3)
    expect(w.instrumentations() == before, "a workload's policy changed an Instrumentation")
    t.api.delete("SamplingPolicy", w.shop, "cart")
    return times


def truths(w):
    """The status says what comes of proxy and SDK together."""
    t = w.t
    env = [{"name": "OTEL_TRACES_SAMPLER", "value": "traceidratio"},
           {"name": "OTEL_TRACES_SAMPLER_ARG", "value": "0.05"},
           {"name": "DATABASE_PASSWORD", "value": "hunter2"},
           {"name": "OTEL_EXPORTER_OTLP_HEADERS", "value": "key=hunter3"}]
    app = {"app": "twice"}
    t.api.apply("Deployment", w.shop, "twice", spec={
        "replicas": 0, "selector": {"matchLabels": app}, "template": {
            "metadata": {"labels": app, "annotations": INJECT},
            "spec": {"containers": [{"name": "app", "image": "app", "env": env}]}}})
    w.policy(w.shop, "shop", percent=5)
    environment = {"kind": "Environment", "name": "OTEL_TRACES_SAMPLER"}
    policy = {"kind": "SamplingPolicy", "namespace": w.shop, "name": "shop"}
    want = (0.25, environment) if w.mesh else (5, environment)
    def look(name, percent, by):
        row = w.line(w.shop, "shop", name)
        return row.get("percent") == percent and row.get("decidedBy") == by
    until(lambda: look("twice", *want), 5, lambda: f"{w.line(w.shop, 'shop', 'twice')}")
    until(lambda: look("checkout", 5, policy), 5, lambda: f"{w.line(w.shop, 'shop', 'checkout')}")
    if w.mesh:
        row = w.line(w.shop, "shop", "twice")
        expect("decided twice" in row["note"] and "parentbased_" in row["note"], f"{row}")
        row = w.line(w.shop, "shop", "cart")  # its pod is of before any SDK
        expect(row["note"].startswith("1 of its 1 pods were made with another sampler"), f"{row}")
    text = json.dumps([t.api.list(kind, w.shop) for kind in ("SamplingPolicy", "Event", "Instrumentation")])
    expect("hunter" not in text, "a value of an environment is where it does not belong")
    expect("hunter" not in (t.dir / "binnacle.log").read_text(), "a value of an environment is in the log")
    t.api.delete("Deployment", w.shop, "twice")
    w.reach("back", lambda: w.policy(w.shop, "shop", percent=20), w.wants("0.2", "0.333", "0.05"))


def solved(w):
    """Somebody's sampler that throws dice after the proxy: told, and with TakeOver no more."""
    t = w.t
    w.policy(w.shop, "shop", percent=5)
    t.api.create("Instrumentation", w.shop, "theirs", spec={"sampler": {"type": "traceidratio", "argument": "0.05"}})
    def look(percent, kind, twice):
        row = w.line(w.shop, "shop", "checkout")
        return (row.get("percent"), row.get("decidedBy", {}).get("kind"), "decided twice" in row.get("note", "")) == \
            (percent, kind, twice)
    until(lambda: look(0.25, "Instrumentation", True), 5, lambda: f"{w.line(w.shop, 'shop', 'checkout')}")
    w.observatory("OpenTelemetry", onConflict="TakeOver")
    until(lambda: look(5, "SamplingPolicy", False), 5, lambda: f"{w.line(w.shop, 'shop', 'checkout')}")
    t.api.delete("Instrumentation", w.shop, "theirs")
    w.observatory("OpenTelemetry")
    w.reach("back", lambda: w.policy(w.shop, "shop", percent=20), w.wants("0.2", "0.333", "0.05"))


class Kubelet:
    """Keeps a file as the ConfigMap has it."""

    def __init__(self, w, path):
        self.w, self.path = w, path

    def sync(self):
        thing = self.w.t.api.get("ConfigMap", self.w.monitoring, "strategies")
        text = thing["data"]["strategies.json"] if thing else None
        if text is not None and (not self.path.exists() or self.path.read_text() != text):
            aside = self.path.with_suffix(".new")
            aside.write_text(text)
            aside.rename(self.path)
        return text is not None


def remote(w):
    """With Jaeger's strategies a percentage is not in the Instrumentation any more: no pod has to be made again."""
    t = w.t
    w.observatory("OpenTelemetry", "Jaeger")
    argument = f"endpoint=http://jaeger.{w.monitoring}:14250,pollingIntervalMs=60000,initialSamplingRate=0"
    want = [{"name": "OTEL_TRACES_SAMPLER", "value": "parentbased_jaeger_remote"},
            {"name": "OTEL_TRACES_SAMPLER_ARG", "value": argument},
            {"name": "OTEL_EXPORTER_OTLP_PROTOCOL", "value": "grpc"}]
    def asked():
        return all(thing["spec"].get("env") == want and "sampler" not in thing["spec"]
                   for thing in w.instrumentations().values())
    until(asked, 5, lambda: f"{w.instrumentations()}")
    time.sleep(0.3)
    before = w.instrumentations()
    kubelet = Kubelet(w, t.dir / "strategies.json")
    until(kubelet.sync, 5, "no strategies are published")
    jaeger = collector(t, kubelet.path)
    steps = [(lambda: w.policy(w.shop, "shop", percent=30),
              {"cart": 0.3, "checkout": 0.3, "web": 0.333, "ledger": 0.05}),
             (lambda: w.policy(w.shop, "checkout", percent=100, selector={"matchLabels": {"app": "checkout"}},
                               operations=[{"operation": "GET /healthz", "percent": 0}]),
              {"cart": 0.3, "checkout": 1, "web": 0.333, "ledger": 0.05}),
             (lambda: w.policy(w.monitoring, "all", percent=2, scope="Mesh"),
              {"cart": 0.3, "checkout": 1, "web": 0.333, "ledger": 0.02, "nobody's": 0.02})]
    times = []
    for change, told in steps if jaeger else []:
        begin = time.monotonic()
        change()
        def look():
            kubelet.sync()
            return {name: jaeger.strategy(name)[0] for name in told} == told
        until(look, RELOAD_S, lambda: f"clients are told {[(name, jaeger.strategy(name)) for name in told]}",
              every=0.02)
        times.append(time.monotonic() - begin)
    if jaeger:
        expect(jaeger.strategy("checkout")[1] == {"GET /healthz": 0}, f"{jaeger.strategy('checkout')}")
        t.figure("a percentage reaches Jaeger's clients", max(times), "s", BAR_S)
        policy = {"kind": "SamplingPolicy", "namespace": w.shop, "name": "checkout"}
        def decided():
            row = w.line(w.shop, "checkout", "checkout")
            return row.get("percent") == 100 and row["decidedBy"] == policy
        until(decided, 5, lambda: f"{w.line(w.shop, 'checkout', 'checkout')}")
    expect(w.instrumentations() == before, "a percentage changed an Instrumentation")
    t.api.delete("SamplingPolicy", w.shop, "checkout")
    w.policy(w.monitoring, "all", percent=5, scope="Mesh")
    w.policy(w.shop, "shop", percent=20)
    w.reach("without Jaeger", lambda: w.observatory("OpenTelemetry"), w.wants("0.2", "0.333", "0.05"))
    until(lambda: t.api.get("ConfigMap", w.monitoring, "strategies") is None, 5, "the strategies stay")


THEIRS = {"exporter": {"endpoint": "http://theirs:4317"}, "propagators": ["b3multi"]}
SAMPLERS = [None, {}, {"type": "always_on"}, {"type": "traceidratio", "argument": "0.05"}]


def foreign(w):
    """Somebody else's: set where it may be, left where not, and given back as it was."""
    t, key = w.t, (w.bank, "theirs")
    def there():
        return w.instrumentations().get(key)
    def ours():
        return w.instrumentations().get((w.bank, "binnacle"))
    def plain(thing):
        meta = thing["metadata"]
        return json.dumps([thing["spec"], meta.get("annotations"), meta.get("labels")], sort_keys=True)
    times = []
    for sampler in SAMPLERS:
        spec = {**THEIRS, **({} if sampler is None else {"sampler": sampler})}
        first = plain(t.api.create("Instrumentation", w.bank, "theirs", metadata={"annotations": {"a": "b"}},
                                   spec=spec))
        until(lambda: not ours(), 5, f"ours stays beside somebody else's: {w.instrumentations().keys()}")
        if sampler:
            w.warned(f"{w.bank}/theirs has a sampler already")
            expect(plain(there()) == first, f"{there()}")
            w.observatory("OpenTelemetry", onConflict="TakeOver")
        until(lambda: there()["spec"].get("sampler") == {"type": "parentbased_traceidratio", "argument": "0.05"}, 5,
              lambda: f"{there()}, {w.told()}")
        expect({**there()["spec"], "sampler": None} == {**THEIRS, "sampler": None}, f"{there()}")
        record = json.loads(there()["metadata"]["annotations"][WAS])
        expect(record["sampler"] == sampler and record["owner"] == f"{w.monitoring}/main", f"{record}")
        begin = time.monotonic()
        w.policy(w.bank, "bank", percent=7)
        until(lambda: there()["spec"]["sampler"]["argument"] == "0.07", 5, lambda: f"{there()}", every=0.01)
        times.append(time.monotonic() - begin)
        expect(json.loads(there()["metadata"]["annotations"][WAS])["sampler"] == sampler, f"{there()}")
        w.observatory("Jaeger")  # OpenTelemetry is not for us any more
        until(lambda: plain(there()) == first, 5, lambda: f"{sampler}: given back as {there()}")
        t.api.delete("Instrumentation", w.bank, "theirs")
        t.api.delete("SamplingPolicy", w.bank, "bank")
        w.observatory("OpenTelemetry")
        until(ours, 5, "ours does not come back")
    t.figure("a percentage reaches somebody else's Instrumentation", max(times), "s", BAR_S)


def several(w):
    """Two of them: none is set, ours is not there either, and it is told."""
    t = w.t
    for name in ("one", "two"):
        t.api.create("Instrumentation", w.bank, name, spec=THEIRS)
    until(lambda: not w.instrumentations().get((w.bank, "binnacle")), 5, "ours stays")
    w.warned(f"namespace {w.bank} has 2 Instrumentations")
    time.sleep(0.3)
    for name in ("one", "two"):
        thing = t.api.get("Instrumentation", w.bank, name)
        expect(thing["spec"] == THEIRS and WAS not in thing["metadata"].get("annotations", {}), f"{thing}")
    t.api.delete("Instrumentation", w.bank, "two")
    until(lambda: t.api.get("Instrumentation", w.bank, "one")["spec"].get("sampler"), 5, "the one is not set")


def without_tracing(w):
    """An Observatory that says nothing of traces any more has nothing of ours left."""
    t = w.t
    t.api.apply("Observatory", w.monitoring, "main", spec={
        "namespaceSelector": {"matchLabels": {"e2e": t.number}}, "prometheus": {}})
    def given_back():
        thing = t.api.get("Instrumentation", w.bank, "one")
        return thing["spec"] == THEIRS and WAS not in thing["metadata"].get("annotations", {})
    until(given_back, 5, lambda: f"{t.api.get('Instrumentation', w.bank, 'one')}, {w.told()}")
    until(lambda: set(w.instrumentations()) == {(w.bank, "one")}, 5, lambda: f"left: {w.instrumentations().keys()}")
    until(lambda: not w.told().get("mesh", {}).get("held"), 5, lambda: f"held: {w.told()}")
    w.observatory("OpenTelemetry")
    until(lambda: w.arguments() == w.wants("0.2", "0.333", "0.05"), 5, lambda: f"{w.arguments()}")


def restart(w):
    """Begun again, it writes nothing."""
    before = w.instrumentations()
    w.t.start("--trusted-namespaces", w.monitoring)
    time.sleep(1)
    expect(w.instrumentations() == before, "a restart wrote an Instrumentation")


def removal(w):
    """Ours go with the Observatory; theirs is as it was."""
    t = w.t
    t.api.delete("Observatory", w.monitoring, "main")
    until(lambda: set(w.instrumentations()) == {(w.bank, "one")}, 10, lambda: f"left: {w.instrumentations().keys()}")
    def given_back():
        thing = t.api.get("Instrumentation", w.bank, "one")
        return thing["spec"] == THEIRS and WAS not in thing["metadata"].get("annotations", {})
    until(given_back, 5, lambda: f"{t.api.get('Instrumentation', w.bank, 'one')}")
    until(lambda: not t.api.get("Observatory", w.monitoring, "main"), 5, "the Observatory does not go")


def run(t):
    install(t)
    mesh = istio(t, env=OURS)
    t.api.apply("Namespace", None, ROOT)  # the rights stand there, with or without istiod
    t.plane.permit_mesh()
    w = World(t, mesh)
    w.observatory("OpenTelemetry")
    t.start("--trusted-namespaces", w.monitoring)
    made(w)
    times = levels(w)
    t.figure("a percentage is in the Instrumentation", max(times.values()), "s", BAR_S)
    truths(w)
    if mesh:
        solved(w)
    remote(w)
    foreign(w)
    several(w)
    without_tracing(w)
    restart(w)
    removal(w)
