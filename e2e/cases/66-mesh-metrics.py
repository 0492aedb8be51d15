"""what MetricRules change of Istio's metrics is what a real istiod sends: at each level, by rank, beside tracing and others"""

import time

import yaml

from lib.istio import INJECTED, MESH, ROOT, istio
from lib.wait import expect, until

BAR_S = 1.0
DEADLINE_S = 240
OURS = {"SHARED_MESH_CONFIG": "binnacle-mesh"}
WEB, FRONT = ({"matchLabels": labels} for labels in ({"app": "web"}, {"tier": "front"}))
NO_SIZE = {"metric": "REQUEST_SIZE", "disabled": True}
TAG = {"metric": "istio_requests_total", "addLabels": {"method": "request.method"}}
DROPPED = {"request_bytes": {"drop": True}}
TAGGED = {"requests_total": {"upsert": {"method": "request.method"}}}
OFF = None, None
TEN = ("requests_total", "request_duration_milliseconds", "request_bytes", "response_bytes", "request_messages_total",
       "response_messages_total", "tcp_connections_opened_total", "tcp_connections_closed_total", "tcp_sent_bytes_total",
       "tcp_received_bytes_total")


def stats(state):
    """(outbound, inbound) of istio.stats; None: there is no filter."""
    return state.outbound.stats, state.inbound.stats


def both(*parts):
    """The same in both directions: metrics of all parts."""
    one = {name: change for part in parts for name, change in part.items()}
    return one, one


def upserts(**labels):
    return {"requests_total": {"upsert": labels}}


class World:
    """web and api in shop, ledger in blog; what is asked for them, and what their proxies are sent."""

    def __init__(self, t, mesh):
        self.t, self.mesh = t, mesh
        self.monitoring = t.ns("monitoring", "output")
        self.shop, self.blog = (t.ns(name, labels=INJECTED) for name in ("shop", "blog"))
        mesh.service(self.monitoring, "jaeger", 4317)
        self.pods, self.times, self.rules = {}, {}, set()
        for ns, name in ((self.shop, "web"), (self.shop, "api"), (self.blog, "ledger")):
            t.deployment(ns, name, {"http": 8080}, replicas=1, labels={"tier": "front"})
            mesh.service(ns, name)
            t.pods(ns, name)
            pod = t.api.list("Pod", ns, f"?labelSelector=app%3D{name}")[0]["metadata"]["name"]
            self.pods[name] = mesh.of(ns, pod)
            mesh.follow(self.pods[name])

    def observatory(self, mesh=None, **more):
        spec = {"namespaceSelector": {"matchLabels": {"e2e": self.t.number}}, "mesh": mesh or {},
                "tracing": {"backends": [{"name": "jaeger", "type": "jaeger", "service": f"jaeger.{self.monitoring}"}],
                            "sampling": {"percent": 1}}, **more}
        self.t.api.apply("Observatory", self.monitoring, "main", spec=spec)

    def rule(self, ns, name, *changes, **spec):
        self.rules.add((ns, name))
        self.t.api.apply("MetricRule", ns, name, spec={"mesh": list(changes), **spec})

    def drop(self, *rules):
        """These MetricRules go; none named: all."""
        for ns, name in rules or sorted(self.rules):
            self.t.api.delete("MetricRule", ns, name)
            self.rules.discard((ns, name))

    def policy(self, ns, name, percent, **spec):
        self.t.api.apply("SamplingPolicy", ns, name, spec={"percent": percent, **spec})

    def sent(self):
        """{workload: (stats, percent)} of the followed proxies."""
        found = {name: self.mesh.probe.last(pod.id) for name, pod in self.pods.items()}
        return {name: (stats(state), state.outbound.sampling if state.outbound.traced else None)
                for name, state in found.items() if state and state.outbound and state.inbound}

    def holds(self, what, web=None, api=None, ledger=None, percent=None):
        """Proxies that are connected get it, in time; those that connect now get the same."""
        nothing = both()
        want = {name: (change or nothing, (percent or {}).get(name, 1))
                for name, change in (("web", web), ("api", api), ("ledger", ledger))}
        begin = time.monotonic()
        until(lambda: self.sent() == want, 10, lambda: f"{what}: proxies have {self.sent()}, wanted {want}; {self.said()}",
              every=0.005)
        self.times[what] = time.monotonic() - begin
        self.mesh.fence()
        for name, pod in self.pods.items():
            got = stats(self.mesh.effective(pod, fence=False))
            expect(got == want[name][0], lambda: f"{what}: a new proxy of {name} gets {got}, wanted {want[name][0]}")

    def said(self):
        return [(thing["metadata"]["name"], self.t.condition("MetricRule", thing["metadata"]["namespace"],
                                                             thing["metadata"]["name"], "Ready"))
                for ns in (self.monitoring, self.shop, self.blog) for thing in self.t.api.list("MetricRule", ns)]

    def telemetries(self):
        return {(thing["metadata"]["namespace"], thing["metadata"]["name"]) for thing in self.t.api.list("Telemetry")}


def levels(w):
    """Mesh, namespace, workload; each adds to what is above, and a tenant's word ends at its namespace."""
    every = both({"requests_total": {"upsert": {"method": "request.method"}, "remove": ["source_app"]}})
    w.rule(w.monitoring, "all", {**TAG, "removeLabels": ["source_app"]})
    w.holds("mesh", every, every, every)
    w.rule(w.shop, "size", NO_SIZE)
    shop = both(every[0], DROPPED)
    w.holds("namespace", shop, shop, every)
    w.rule(w.shop, "web", {"metric": "RESPONSE_SIZE", "mode": "SERVER", "addLabels": {"region": "'eu'"}}, selector=WEB)
    server = {"response_bytes": {"upsert": {"region": "'eu'"}}}
    w.holds("workload, SERVER", (shop[0], shop[0] | server), shop, every)
    w.rule(w.shop, "web", {"metric": "RESPONSE_SIZE", "mode": "CLIENT", "disabled": True}, selector=WEB)
    w.holds("workload, CLIENT", (shop[0] | {"response_bytes": {"drop": True}}, shop[0]), shop, every)
    w.rule(w.shop, "web", {"metric": "REQUEST_SIZE", "disabled": False}, selector=WEB)
    w.holds("on again below", both(every[0], {"request_bytes": {}}), shop, every)
    expect(w.telemetries() == {(ROOT, "binnacle"), (w.shop, "binnacle"), (w.shop, "binnacle.rule.web")},
           lambda: f"not one object for each level: {w.telemetries()}")
    w.rule(w.blog, "in-root", NO_SIZE)
    w.rule(w.blog, "in-root", {**TAG, "addLabels": {"method": "'blog'"}})
    w.holds("each its own", both(every[0], {"request_bytes": {}}), shop,
            both({"requests_total": {"upsert": {"method": "'blog'"}, "remove": ["source_app"]}}))
    w.drop()
    w.holds("all gone")


def by_rank(w):
    """Rules of one level in one object; of two that say the same label the higher rank has it."""
    w.rule(w.shop, "a", {**TAG, "addLabels": {"region": "'a'", "a": "'1'"}})
    w.rule(w.shop, "b", {**TAG, "addLabels": {"region": "'b'", "b": "'2'"}})
    equal = both(upserts(region="'a'", a="'1'", b="'2'"))
    w.holds("equal rank: the first name", equal, equal)
    w.rule(w.shop, "b", {**TAG, "addLabels": {"region": "'b'", "b": "'2'"}}, priority=5)
    higher = both(upserts(region="'b'", a="'1'", b="'2'"))
    w.holds("higher rank", higher, higher)
    w.rule(w.shop, "c", {"metric": "REQUEST_COUNT", "removeLabels": ["source_app"]}, selector=WEB)
    w.rule(w.shop, "d", NO_SIZE, selector=WEB)
    w.holds("two with one selector", both({"requests_total": {**higher[0]["requests_total"], "remove": ["source_app"]}},
                                          DROPPED), higher)
    for name in "abcd":
        w.t.accepted("MetricRule", w.shop, name)
    w.drop()
    w.holds("ranks gone")


def with_tracing(w):
    """One object for both; a level that only traces leaves metrics alone, and the other way round."""
    t = w.t
    w.rule(w.monitoring, "all", NO_SIZE)
    every = both(DROPPED)
    w.policy(w.blog, "blog", 20)
    w.holds("a level of tracing only", every, every, every, {"ledger": 20})
    w.rule(w.shop, "shop", TAG)
    shop = both(DROPPED, TAGGED)
    w.holds("a level of metrics only", shop, shop, every, {"ledger": 20})
    w.policy(w.shop, "shop", 30)
    w.policy(w.shop, "web", 100, selector=WEB)
    w.rule(w.shop, "web", {"metric": "RESPONSE_SIZE", "disabled": True}, selector=WEB)
    web = both(shop[0], {"response_bytes": {"drop": True}})
    w.holds("both at two levels", web, shop, every, {"web": 100, "api": 30, "ledger": 20})
    expect(w.telemetries() == {(ROOT, "binnacle"), (w.blog, "binnacle"), (w.shop, "binnacle"), (w.shop, "binnacle-web")},
           lambda: f"not one object for each level: {w.telemetries()}")
    for name in ("shop", "web"):
        t.api.delete("SamplingPolicy", w.shop, name)
    w.holds("tracing gone", web, shop, every, {"ledger": 20})
    t.api.delete("SamplingPolicy", w.blog, "blog")
    w.drop()
    w.holds("both gone")


def in_order(w, *names):
    """What proxies get that connect one after the other, to an istiod that has made no filter yet."""
    w.mesh.telemetry(w.monitoring, "nobody", tracing=[{}])  # any change: istiod forgets the filters it has made
    w.mesh.fence()
    w.t.api.delete("Telemetry", w.monitoring, "nobody")
    w.mesh.fence()
    return {name: stats(w.mesh.effective(w.pods[name], fence=False)) for name in names}


def right_in_any_order(w, what, **want):
    followed = [w.pods[name] for name in want]
    for pod in followed:
        w.mesh.unfollow(pod)
    for names in (list(want), list(reversed(want))):
        got = in_order(w, *names)
        expect(got == want, lambda: f"{what}, {names[0]} connects first: {got}, wanted {want}")
    for pod in followed:
        w.mesh.follow(pod)


def overlap(w):
    """Selectors that meet on a workload would give wrong filters: the second is told so, and left out."""
    t = w.t
    w.rule(w.shop, "size", NO_SIZE, selector=WEB, priority=1)
    w.holds("one selector", both(DROPPED))
    w.rule(w.shop, "tag", TAG, selector=FRONT)
    first = t.refused("MetricRule", w.shop, "tag", "Conflicted", ["web", "selector"])
    t.accepted("MetricRule", w.shop, "size")
    w.holds("selectors that meet", both(DROPPED))
    right_in_any_order(w, "selectors that meet", web=both(DROPPED), api=both())
    w.rule(w.shop, "size", NO_SIZE, selector=WEB)
    w.rule(w.shop, "tag", TAG, selector=FRONT, priority=1)
    t.refused("MetricRule", w.shop, "size", "Conflicted", ["web"])
    w.holds("selectors that meet, the other's rank is higher", both(TAGGED), both(TAGGED))
    right_in_any_order(w, "the other way round", web=both(TAGGED), api=both(TAGGED))
    w.drop((w.shop, "tag"))
    t.accepted("MetricRule", w.shop, "size")
    w.holds("the rival is gone", both(DROPPED))
    w.policy(w.shop, "front", 50, selector=FRONT)
    t.refused("MetricRule", w.shop, "size", "Conflicted", ["web"])
    w.holds("a policy's selector meets", percent={"web": 50, "api": 50})
    right_in_any_order(w, "a policy's selector", web=both(), api=both())
    t.api.delete("SamplingPolicy", w.shop, "front")
    w.drop()
    w.holds("selectors gone")
    t.note(f"two selectors: {first}")


def foreign(w):
    """Somebody else's Telemetry: never a second one in its place, nor one whose selector meets its."""
    t = w.t
    w.mesh.telemetry(w.shop, "theirs", metrics=[{"overrides": [{"match": {"metric": "REQUEST_SIZE"}, "disabled": True}]}])
    w.rule(w.shop, "shop", TAG)
    t.refused("MetricRule", w.shop, "shop", "ForeignTelemetry", ["theirs"])
    w.holds("theirs in the namespace", both(DROPPED), both(DROPPED))
    t.api.delete("Telemetry", w.shop, "theirs")
    w.holds("theirs is gone", both(TAGGED), both(TAGGED))
    t.accepted("MetricRule", w.shop, "shop")
    w.drop()
    for what, spec in (("metrics", {"metrics": [{"overrides": [{"match": {"metric": "RESPONSE_SIZE"}, "disabled": True}]}]}),
                       ("tracing", {"tracing": [{"randomSamplingPercentage": 50}]})):
        percent = {"web": 50, "api": 50} if what == "tracing" else {}
        w.mesh.telemetry(w.shop, "theirs", selector=FRONT, **spec)
        want = both() if what == "tracing" else both({"response_bytes": {"drop": True}})
        w.holds(f"their {what} for front", want, want, percent=percent)
        w.rule(w.shop, "web", NO_SIZE, selector=WEB)
        t.refused("MetricRule", w.shop, "web", "ForeignTelemetry", ["theirs"])
        right_in_any_order(w, f"their {what}", web=want, api=want)
        t.api.delete("Telemetry", w.shop, "theirs")
        w.drop()
        w.holds(f"their {what} is gone")


def strays(w):
    """Why a Telemetry that only traces is a rival too: what istiod makes of two whose selectors meet."""
    w.mesh.telemetry(w.shop, "size", selector=WEB, metrics=[{"overrides": [
        {"match": {"metric": "REQUEST_SIZE"}, "disabled": True}]}])
    time.sleep(1.05)  # creation times are whole seconds
    w.mesh.telemetry(w.shop, "traced", selector=FRONT, tracing=[{"randomSamplingPercentage": 50}])
    pods = [w.pods[name] for name in ("web", "api")]
    for pod in pods:
        w.mesh.unfollow(pod)
    for names, want in ((("web", "api"), both(DROPPED)), (("api", "web"), both())):
        got = in_order(w, *names)
        expect(got == dict.fromkeys(names, want), lambda: f"{names[0]} connects first: {got}")
    for pod in pods:
        w.mesh.follow(pod)
    w.mesh.clear(w.shop)


def all_metrics(w):
    """Everything off; what is said of one metric beside or below that turns no other one on."""
    everything = {"metric": "ALL_METRICS", "disabled": True}
    w.rule(w.shop, "off", everything)
    w.holds("all off", OFF, OFF)
    w.rule(w.shop, "off", {**everything, "mode": "SERVER"})
    w.holds("all off, SERVER", ({}, None), ({}, None))
    w.rule(w.shop, "off", everything, {"metric": "REQUEST_COUNT", "disabled": False})
    rest = both({name: {"drop": True} for name in TEN if name != "requests_total"}, {"requests_total": {}})
    w.holds("all off but one", rest, rest)
    w.rule(w.monitoring, "off", everything)
    w.rule(w.shop, "off", {"metric": "REQUEST_COUNT", "disabled": False})
    w.holds("all off above but one", rest, rest, both({name: {"drop": True} for name in TEN}))
    w.rule(w.shop, "off", TAG)
    still = both({name: {"drop": True} for name in TEN}, {"requests_total": {"drop": True, **TAGGED["requests_total"]}})
    w.holds("all off above, a label here", still, still, both({name: {"drop": True} for name in TEN}))
    w.rule(w.shop, "off", {"metric": "ALL_METRICS", "disabled": False})
    on = both({name: {} for name in TEN})
    w.holds("all off above, on here", on, on, both({name: {"drop": True} for name in TEN}))
    w.drop((w.shop, "off"))
    w.holds("all off in the mesh", OFF, OFF, OFF)
    w.drop()
    w.holds("all on")
    w.rule(w.shop, "labels", {"metric": "ALL_METRICS", "addLabels": {"region": "'eu'"}})
    labels = both({name: {"upsert": {"region": "'eu'"}} for name in TEN})
    w.holds("a label of all", labels, labels)
    w.drop()


def no_default(w):
    """A mesh configuration that names no metrics: a rule's level has them on all the same, for it names the provider."""
    text = yaml.safe_load(MESH)
    text["defaultProviders"] = {}
    w.mesh.mesh_config(yaml.safe_dump(text))
    w.holds("no default provider", OFF, OFF, OFF)
    w.rule(w.shop, "shop", TAG)
    w.holds("no default provider, a rule", both(TAGGED), both(TAGGED), OFF)
    w.drop()
    w.mesh.mesh_config()
    w.holds("the default provider is back")


def old_proxies(w):
    """Before 1.18 proxies have to be told of labels that Istio does not have: new pods are, by the real injector."""
    t, made = w.t, iter(range(100))
    def told(ns):
        config = w.mesh.pod(ns, f"made-{next(made)}").proxy_config()
        return config.get("extraStatTags")
    def reach(what, want):
        until(lambda: w.mesh.mesh()["defaultConfig"].get("extraStatTags") == want, 5,
              lambda: f"{what}: istiod has {w.mesh.mesh()['defaultConfig']}, wanted {want}; {w.said()}")
        got = told(w.shop)
        expect(got == want, lambda: f"{what}: a new pod has {got}, wanted {want}")
    labels = {"addLabels": {"method": "request.method", "source_app": "'x'", "region": "'eu'"}}
    w.rule(w.shop, "shop", {"metric": "REQUEST_COUNT", **labels}, NO_SIZE)
    w.rule(w.blog, "blog", {"metric": "REQUEST_SIZE", "addLabels": {"code": "'1'", "method": "'x'"}})
    w.holds("labels", *(2 * [both({"requests_total": {"upsert": labels["addLabels"]}}, DROPPED)]),
            both({"request_bytes": {"upsert": {"code": "'1'", "method": "'x'"}}}))
    expect(told(w.shop) is None, "today's proxies are told of labels")
    w.observatory({"version": "1.17.2"})
    reach("Shared, 1.17", ["code", "method", "region"])
    w.drop((w.blog, "blog"))
    reach("one rule less", ["method", "region"])
    w.observatory({"version": "1.18.0"})
    reach("1.18", None)
    own = yaml.safe_load(MESH)
    own["defaultConfig"]["extraStatTags"] = ["theirs", "method"]
    w.mesh.mesh_config(yaml.safe_dump(own))
    w.observatory({"version": "1.17.2"})
    reach("Shared beside their list: istiod does not join them", ["theirs", "method"])
    until(lambda: '"region"' in str(t.api.get("Observatory", w.monitoring, "main")["status"]), 5,
          lambda: f"nobody is told: {t.api.get('Observatory', w.monitoring, 'main')['status']}")
    w.observatory({"version": "1.17.2", "meshConfig": "Patch"})
    reach("Patch, 1.17", ["region", "theirs", "method"])
    w.drop()
    reach("given back", ["theirs", "method"])
    w.observatory()
    w.mesh.mesh_config()


def run(t):
    mesh = istio(t, env=OURS)
    if mesh is None:
        return
    t.plane.permit_mesh()
    w = World(t, mesh)
    w.observatory()
    t.start("--trusted-namespaces", w.monitoring)
    w.holds("nothing is asked")
    for part in (levels, by_rank, with_tracing, overlap, strays, foreign, all_metrics, no_default, old_proxies):
        part(w)
    t.figure("states", len(w.times), "")
    t.figure("a rule reaches the proxies", max(w.times.values()), "s", BAR_S)
