"""one percentage at each level holds in a real istiod, in at most 1 s; the status says what proxies get"""

import json
import time

from lib.api import ApiError
from lib.istio import INJECTED, ROOT, istio
from lib.wait import Failed, expect, until

BAR_S = 1.0
DEADLINE_S = 150
OURS = {"SHARED_MESH_CONFIG": "binnacle-mesh"}


def sampled(pod_state):
    """What a proxy samples of what it sends, in percent; None: nothing is traced."""
    found = pod_state.outbound
    return found.sampling if found and found.traced else None


def told(t, ns, name):
    """{workload: (percent, decider)} of a policy's status, for Istio."""
    status = t.api.get("SamplingPolicy", ns, name).get("status", {})
    return {f"{row['namespace']}/{row['name']}": (row.get("percent"), row["decidedBy"])
            for row in status.get("effective", []) if row["system"] == "Istio"}


def explained(t, ns, name):
    """(percent, decider) that `binnacle explain` says of a Deployment."""
    kubeconfig = t.plane.kubeconfig("binnacle-system/binnacle", t.dir / "kubeconfig-explain")
    code, out, err = t.offline("explain", f"deploy/{name}", "-n", ns, "-o", "json", "--kubeconfig", str(kubeconfig),
                               "--trusted-namespaces", t.namespaces[0])
    expect(code == 0, f"explain: {err}")
    row, = [row for row in json.loads(out)["sampling"] if row["system"] == "Istio"]
    return row.get("percent"), row["decidedBy"]


class World:
    """A mesh with three workloads, and what is said and sent about them."""

    def __init__(self, t, mesh):
        self.t, self.mesh = t, mesh
        self.monitoring = t.ns("monitoring", "output")
        self.shop, self.blog = (t.ns(name, labels=INJECTED) for name in ("shop", "blog"))
        mesh.service(self.monitoring, "jaeger", 4317)
        self.pods = {}
        for ns, name in ((self.shop, "checkout"), (self.shop, "cart"), (self.blog, "web")):
            t.deployment(ns, name, {"http": 8080}, replicas=1)
            mesh.service(ns, name)
            t.pods(ns, name)
            pod = t.api.list("Pod", ns, f"?labelSelector=app%3D{name}")[0]["metadata"]["name"]
            self.pods[f"{ns}/{name}"] = mesh.of(ns, pod)
            mesh.follow(self.pods[f"{ns}/{name}"])

    def observatory(self, **more):
        spec = {"namespaceSelector": {"matchLabels": {"e2e": self.t.number}}, "mesh": {},
                "tracing": {"backends": [{"name": "jaeger", "type": "jaeger",
                                          "service": f"jaeger.{self.monitoring}"}],
                            "sampling": {"percent": 1}}, **more}
        self.t.api.apply("Observatory", self.monitoring, "main", spec=spec)

    def policy(self, ns, name, **spec):
        self.t.api.apply("SamplingPolicy", ns, name, spec=spec)

    def sent(self):
        return {name: sampled(self.mesh.probe.last(pod.id)) for name, pod in self.pods.items()
                if self.mesh.probe.last(pod.id)}

    def reach(self, what, change, want):
        """Seconds from the change until every proxy has what is wanted."""
        begin = time.monotonic()
        change()
        until(lambda: self.sent() == want, 10, lambda: f"{what}: proxies have {self.sent()}, wanted {want}", every=0.005)
        return time.monotonic() - begin

    def wants(self, checkout, cart, web):
        return {f"{self.shop}/checkout": checkout, f"{self.shop}/cart": cart, f"{self.blog}/web": web}

    def telemetries(self):
        return {(thing["metadata"]["namespace"], thing["metadata"]["name"]): thing["metadata"]["resourceVersion"]
                for thing in self.t.api.list("Telemetry")}

    def truth(self, ns, name):
        """The policy's status says of each workload what its proxy was sent."""
        sent = self.sent()
        def look():
            rows = told(self.t, ns, name)
            return rows and all(sent[workload] == row[0] for workload, row in rows.items())
        until(look, 5, lambda: f"status of {ns}/{name}: {told(self.t, ns, name)}, proxies have {sent}")
        return told(self.t, ns, name)


def levels(w):
    """Each level by itself and over the others; the slowest."""
    t, times = w.t, {}
    checkout = {"selector": {"matchLabels": {"app": "checkout"}}}
    steps = [
        ("mesh", lambda: w.policy(w.monitoring, "all", percent=5, scope="Mesh"), w.wants(5, 5, 5)),
        ("namespace", lambda: w.policy(w.shop, "shop", percent=20), w.wants(20, 20, 5)),
        ("workload", lambda: w.policy(w.shop, "checkout", percent=100, **checkout), w.wants(100, 20, 5)),
        ("zero", lambda: w.policy(w.shop, "shop", percent=0), w.wants(100, 0, 5)),
        ("hundredth", lambda: w.policy(w.shop, "shop", percent=0.01), w.wants(100, 0.01, 5)),
        ("annotation on the Namespace",
         lambda: t.api.annotate("Namespace", None, w.blog, {"binnacle.dev/sampling-percent": "33.3"}),
         w.wants(100, 0.01, 33.3)),
        ("annotation on the Deployment",
         lambda: t.api.annotate("Deployment", w.shop, "cart", {"binnacle.dev/sampling-percent": "12.5"}),
         w.wants(100, 12.5, 33.3)),
    ]
    for what, change, want in steps:
        before = w.telemetries()
        times[what] = w.reach(what, change, want)
        time.sleep(0.3)
        after = w.telemetries()
        changed = [key for key in {*before, *after} if before.get(key) != after.get(key)]
        expect(len(changed) == 1, f"{what}: not one write but {changed}")
    rows = w.truth(w.shop, "shop")
    expect(rows[f"{w.shop}/checkout"][1] == {"kind": "SamplingPolicy", "namespace": w.shop, "name": "checkout"},
           f"decided by {rows}")
    expect(rows[f"{w.shop}/cart"][1] == {"kind": "Deployment", "namespace": w.shop, "name": "cart"}, f"decided by {rows}")
    w.truth(w.monitoring, "all")
    found = explained(t, w.shop, "checkout")
    expect(found == (100, {"kind": "SamplingPolicy", "namespace": w.shop, "name": "checkout"}), f"explain says {found}")
    return times


def backwards(w):
    """What is deleted leaves what there was before."""
    t = w.t
    w.reach("annotation gone", lambda: t.api.annotate("Deployment", w.shop, "cart", {"binnacle.dev/sampling-percent": None}),
            w.wants(100, 0.01, 33.3))
    w.reach("workload policy gone", lambda: t.api.delete("SamplingPolicy", w.shop, "checkout"), w.wants(0.01, 0.01, 33.3))
    w.reach("namespace policy gone", lambda: t.api.delete("SamplingPolicy", w.shop, "shop"), w.wants(5, 5, 33.3))
    w.reach("mesh policy gone", lambda: t.api.delete("SamplingPolicy", w.monitoring, "all"), w.wants(1, 1, 33.3))
    t.api.annotate("Namespace", None, w.blog, {"binnacle.dev/sampling-percent": None})
    until(lambda: set(w.telemetries()) == {(ROOT, "binnacle")}, 5, lambda: f"left: {w.telemetries()}")


def foreign(w):
    """Somebody else's Telemetry in the place: ours stays away, the policy names it, the status stays true."""
    t = w.t
    w.mesh.telemetry(w.shop, "theirs", tracing=[{"randomSamplingPercentage": 50}])
    until(lambda: w.sent() == w.wants(50, 50, 1), 5, lambda: f"{w.sent()}")
    w.policy(w.shop, "shop", percent=20)
    t.refused("SamplingPolicy", w.shop, "shop", "ForeignTelemetry", ["theirs"])
    rows = w.truth(w.shop, "shop")
    expect(rows[f"{w.shop}/cart"][1] == {"kind": "Telemetry", "namespace": w.shop, "name": "theirs"}, f"{rows}")
    t.api.delete("Telemetry", w.shop, "theirs")
    until(lambda: w.sent() == w.wants(20, 20, 1), 5, lambda: f"{w.sent()}")
    w.truth(w.shop, "shop")
    t.api.delete("SamplingPolicy", w.shop, "shop")


def bad_input(w):
    """What the CRD can refuse it refuses; the rest is on the policy's own status, and the others go on."""
    t = w.t
    for percent in (101, -1, 0.001, 12.345, "five", "NaN", "50"):
        try:
            w.policy(w.shop, "bad", percent=percent)
        except ApiError as error:
            expect(error.status in (400, 422, 500), f"percent {percent}: {error}")  # 500: how apply refuses a type
            continue
        raise Failed(f"percent {percent} was taken")
    for spec in ({"percent": 1, "budget": {"tracesPerSecond": 1}}, {}):
        try:
            w.policy(w.shop, "bad", **spec)
        except ApiError as error:
            expect(error.status == 422, f"{spec}: {error}")
            continue
        raise Failed(f"{spec} was taken")
    w.policy(w.shop, "first", percent=20)
    until(lambda: w.sent() == w.wants(20, 20, 1), 5, lambda: f"{w.sent()}")
    w.policy(w.shop, "second", percent=30)
    t.refused("SamplingPolicy", w.shop, "second", "Conflicted", ["first"])
    w.policy(w.shop, "other", percent=30, provider="nowhere", selector={"matchLabels": {"app": "cart"}})
    t.refused("SamplingPolicy", w.shop, "other", "NoProvider", ["nowhere", "jaeger"])
    w.policy(w.shop, "wide", percent=30, scope="Mesh")
    t.refused("SamplingPolicy", w.shop, "wide", "NotPermitted", [w.monitoring])
    t.api.annotate("Deployment", w.shop, "cart", {"binnacle.dev/sampling-percent": "five"})
    until(lambda: any("five" in event.get("note", "") for event in t.api.list("Event", w.shop)), 5, "no Event on the Deployment")
    expect(w.sent() == w.wants(20, 20, 1), f"bad input reached the proxies: {w.sent()}")
    t.api.annotate("Deployment", w.shop, "cart", {"binnacle.dev/sampling-percent": None})
    for name in ("first", "second", "other", "wide"):
        t.api.delete("SamplingPolicy", w.shop, name)
    until(lambda: w.sent() == w.wants(1, 1, 1), 5, lambda: f"{w.sent()}")


def run(t):
    mesh = istio(t, env=OURS)
    if mesh is None:
        return
    t.plane.permit_mesh()
    w = World(t, mesh)
    w.observatory()
    t.start("--trusted-namespaces", w.monitoring)
    until(lambda: w.sent() == w.wants(1, 1, 1), 10, lambda: f"proxies have {w.sent()}; "
          f"{t.api.get('Observatory', w.monitoring, 'main').get('status')}")
    until(lambda: mesh.probe.last(w.pods[f"{w.shop}/cart"].id).outbound.goes_to(f"jaeger.{w.monitoring}"), 5,
          lambda: f"spans go elsewhere: {mesh.probe.last(w.pods[f'{w.shop}/cart'].id)}")
    times = levels(w)
    for what, seconds in times.items():
        t.figure(f"{what}", seconds, "s")
    t.figure("a percentage reaches the proxies", max(times.values()), "s", BAR_S)
    backwards(w)
    foreign(w)
    bad_input(w)
    t.api.delete("Observatory", w.monitoring, "main")
    until(lambda: not w.telemetries() and not t.api.get("ConfigMap", ROOT, "binnacle-mesh"), 10,
          lambda: f"left behind: {w.telemetries()}")
