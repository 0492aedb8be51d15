"""counters for Mixer: the book's own metric as instance, handler and rule, held, told to those who may not, and taken away

There is no Mixer to run any more: its kinds are CRDs of the case that take any content.  What Mixer needs is
what the objects of the book say, and what the charts of Istio 1.4 have.
"""

from lib.api import KINDS, ApiError
from lib.case import content_of
from lib.istio import ROOT
from lib.wait import expect, until

DEADLINE_S = 90
CRD = "CustomResourceDefinition"
GROUP = "config.istio.io"
MIXER = {"instance": "instances", "handler": "handlers", "rule": "rules"}
KINDS.update({kind: (f"{GROUP}/v1alpha2", plural, True) for kind, plural in MIXER.items()})
DIMENSIONS = {  # 7.3 of the book, as they stand there
    "source": 'source.workload.name | "unknown"',
    "destination": 'destination.workload.name | "unknown"',
    "destination_ip": "destination.ip"}
COUNTER = {"name": "apigateway_request_count", "from": "istio_requests_total", "by": list(DIMENSIONS),
           "where": {"destination_service": r"apigateway\.istioinaction\.svc\.cluster\.local"}}
RULE = {"mesh": [{"metric": "REQUEST_COUNT", "addLabels": DIMENSIONS}], "counters": [COUNTER]}
MATCH = ('(context.protocol == "http" || context.protocol == "grpc") && (destination.service.host | "unknown") == '
         '"apigateway.istioinaction.svc.cluster.local"')
SIDE = {"name": "side", "rules": [{"record": "e67:up:count", "expr": "count(up)"}]}


def install(t):
    """The three kinds, with any content; gone at the end."""
    for kind, plural in MIXER.items():
        t.api.apply(CRD, None, f"{plural}.{GROUP}", spec={
            "group": GROUP, "scope": "Namespaced", "names": {"kind": kind, "plural": plural, "singular": kind},
            "versions": [{"name": "v1alpha2", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": True}}}]})
    t.undo.append(lambda: [t.api.delete(CRD, None, f"{plural}.{GROUP}") for plural in MIXER.values()])
    until(lambda: is_served(t), 20, "Mixer's kinds are not served")


def is_served(t):
    """A kind that is established answers 404 or 429 for a moment."""
    try:
        there(t)
    except ApiError:
        return False
    return True


def there(t):
    """{(kind, name): spec} of Mixer's objects."""
    return {(kind, thing["metadata"]["name"]): thing["spec"] for kind in MIXER for thing in t.api.list(kind, ROOT)}


def wanted(ns, rule="apigateway", counter="apigateway-request-count"):
    """What the book's section needs, by the names that the objects have."""
    handler, instance = f"binnacle-{ns}-{rule}", f"binnacle-{ns}-{rule}-{counter}"
    return {
        ("instance", instance): {"compiledTemplate": "metric", "params": {
            "value": "1", "dimensions": DIMENSIONS, "monitored_resource_type": '"UNSPECIFIED"'}},
        ("handler", handler): {"compiledAdapter": "prometheus", "params": {"metrics": [{
            "name": "apigateway_request_count", "instance_name": f"{instance}.instance.{ROOT}", "kind": "COUNTER",
            "label_names": list(DIMENSIONS)}]}},
        ("rule", instance): {"match": MATCH, "actions": [{
            "handler": f"{handler}.handler.{ROOT}", "instances": [f"{instance}.instance.{ROOT}"]}]}}


def published(t, ns):
    """All that Prometheus is given, as one text."""
    return "".join((content_of({**thing, "kind": kind}, key) or b"").decode() for kind in ("Secret", "ConfigMap")
                   for thing in t.api.list(kind, ns, "?labelSelector=binnacle.dev/observatory")
                   for key in {**thing.get("data", {}), **thing.get("binaryData", {})})


def observe(t, ns, **mesh):
    t.api.apply("Observatory", ns, "main", spec={
        "namespaceSelector": {"matchLabels": {"e2e": t.number}},
        "prometheus": {"version": "3.16.0", "scrapeInterval": "1s", "scrapeTimeout": "1s"},
        **({"mesh": {"meshConfig": "None", **mesh}} if mesh else {})})


def holds(t, want, what):
    until(lambda: there(t) == want, 10, lambda: f"{what}: {there(t)}, wanted {want}; {t.describe(ROOT, 'mixer', [])}")


def tenant(t, ns, app):
    """Mixer counts for the whole mesh: a tenant's counter is refused on its own status, its groups stay."""
    t.api.apply("MetricRule", app, "theirs", spec=RULE)
    t.refused("MetricRule", app, "theirs", "NotPermitted", [ns, "counters"])
    t.api.apply("MetricRule", app, "mixed", spec={**RULE, "groups": [SIDE]})
    until(lambda: "e67:up:count" in published(t, ns), 10, "the tenant's group is not published")
    t.accepted("MetricRule", app, "mixed")
    message = t.condition("MetricRule", app, "mixed", "Accepted")["message"]
    expect("Mixer counts for the whole mesh" in message, f"not told: {message}")
    status = t.api.get("Observatory", ns, "main")["status"]
    expect("may not count" not in str(status), f"the Observatory is told what is the rule's: {status}")
    holds(t, wanted(ns), "a tenant's rule")
    for name in ("theirs", "mixed"):
        t.api.delete("MetricRule", app, name)


def own(t, ns):
    """What Mixer cannot have is told to the rule, and so is a name that another one has."""
    t.api.apply("MetricRule", ns, "odd", spec={"counters": [{**COUNTER, "from": "up"}]})
    t.refused("MetricRule", ns, "odd", "InvalidField", ["spec.counters[0].from", "Mixer does not count"])
    t.api.apply("MetricRule", ns, "label", spec={"counters": [{**COUNTER, "by": ["no_such_label"]}]})
    t.refused("MetricRule", ns, "label", "InvalidField", ["no_such_label", "addLabels"])
    holds(t, wanted(ns), "rules with something wrong")
    for name in ("odd", "label"):
        t.api.delete("MetricRule", ns, name)
    # Both would be called apigateway-apigateway-request-count.
    t.api.apply("MetricRule", ns, "apigateway-apigateway", spec={**RULE, "counters": [{**COUNTER, "name": "request_count"}]})
    t.refused("MetricRule", ns, "apigateway-apigateway", "Conflicted", ["another rule", "counters"])
    holds(t, wanted(ns), "two rules of one name")
    t.api.delete("MetricRule", ns, "apigateway-apigateway")


def run(t):
    install(t)
    t.api.apply("Namespace", None, ROOT)
    t.plane.permit_mesh()
    ns, app = t.ns("monitoring", "output"), t.ns("app")
    observe(t, ns, mode="Mixer")
    t.start("--trusted-namespaces", ns)
    t.api.apply("MetricRule", ns, "apigateway", spec={**RULE, "groups": [{**SIDE, "name": "own"}]})
    holds(t, wanted(ns), "the book's metric")
    t.accepted("MetricRule", ns, "apigateway")
    until(lambda: "e67:up:count" in published(t, ns), 10, "the rule's group is not published")
    expect("apigateway_request_count" not in published(t, ns), "counted by Mixer, and recorded once more")
    tenant(t, ns, app)
    own(t, ns)
    name = f"binnacle-{ns}-apigateway"
    t.api.merge("rule", ROOT, f"{name}-apigateway-request-count", {"spec": {"match": "true"}})
    holds(t, wanted(ns), "a rule that somebody has changed")
    t.api.delete("handler", ROOT, name)
    holds(t, wanted(ns), "a handler that somebody has deleted")
    observe(t, ns)
    holds(t, {}, "no mesh any more")
    until(lambda: "record: apigateway_request_count" in published(t, ns), 10, "without Mixer it is not recorded")
    observe(t, ns, mode="Mixer")
    holds(t, wanted(ns), "Mixer again")
    until(lambda: "apigateway_request_count" not in published(t, ns), 10, "recorded though Mixer counts")
    t.api.delete("MetricRule", ns, "apigateway")
    holds(t, {}, "the rule is gone")
    t.api.apply("MetricRule", ns, "apigateway", spec=RULE)
    holds(t, wanted(ns), "the rule is back")
    t.api.delete("Observatory", ns, "main")
    holds(t, {}, "the Observatory is gone")
    t.note("no Mixer was run: CRDs of the case")
