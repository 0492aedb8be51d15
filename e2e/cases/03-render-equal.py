"""`render` of the dumped objects equals what is published, byte for byte"""

import difflib

import yaml

from lib.case import content_of
from lib.wait import expect

KINDS = "obs,sp,ns,deploy,sts,ds,jobs,cronjobs,pods,services,secrets,configmaps"
OUTPUTS = [  # Observatory, kind, name, key
    ("secret", "Secret", "secret-prometheus", "prometheus.yml"),
    ("map", "ConfigMap", "map-prometheus", "prometheus.yml"),
    ("packed", "Secret", "packed-prometheus", "prometheus.yaml.gz"),
]


def workloads(t, app):
    t.deployment(app, "apigateway", {"http": 8080, "http-envoy-prom": 15090}, replicas=1,
                 annotations={"prometheus.io/scrape": "true", "binnacle.dev/drop-metrics": "go_.* process_.*"})
    t.deployment(app, "catalog", {"http-metrics": 3000}, replicas=1, template={"prometheus.io/scrape": "true"})
    t.pods(app, "apigateway")
    t.pods(app, "catalog")
    t.api.create("Secret", app, "login", stringData={"user": "u", "password": "secret word"})
    t.policy(app, "catalog", selector={"matchLabels": {"app": "catalog"}}, endpoints=[
        {"port": "http-metrics", "basicAuth": {"username": {"name": "login", "key": "user"},
                                               "password": {"name": "login", "key": "password"}}}])
    t.policy(app, "broken", selector={}, endpoints=[{"port": "x", "relabelings": [{"regex": "(", "action": "drop"}]}])


def dump(t):
    """All that kubectl shows of this case's namespaces, without what binnacle wrote."""
    parts = [t.plane.kubectl("get", "ns", "-l", f"e2e={t.number}", "-o", "yaml")]
    for ns in t.namespaces:
        parts.append(t.plane.kubectl("get", KINDS.replace("ns,", ""), "-n", ns, "-o", "yaml",
                                     "-l", "binnacle.dev/observatory notin (secret,map,packed)"))
    return "---\n".join(parts).encode()


def run(t):
    monitoring = t.ns("monitoring", "output")
    app = t.ns("app", "references")
    workloads(t, app)
    for name, kind, output, key in OUTPUTS:
        t.observatory(monitoring, name, output={"kind": kind, "name": output, "key": key}, presets=["istio-proxy"])
    t.start("--trusted-namespaces", monitoring)
    for _, kind, output, key in OUTPUTS:
        t.published(monitoring, ["scrapePolicy/", "annotations/", "envoy-stats"], output, key, kind)
    t.settled()
    status, out, said = t.offline("render", "-f", "-", "--trusted-namespaces", monitoring, stdin=dump(t))
    expect(status in (0, 1) and out, f"render ended with {status}: {said}")
    rendered = {(thing["kind"], thing["metadata"]["name"]): thing for thing in yaml.safe_load_all(out)}
    total = 0
    for _, kind, name, key in OUTPUTS:
        live = t.content(monitoring, name, key, kind)
        offline = content_of(rendered[kind, name], key)
        expect(live == offline, lambda: difference(live, offline))
        total += len(live)
    for thing in rendered.values():
        compare(t.api, monitoring, thing)
    t.figure("objects", len(rendered), "")
    t.figure("equal", total, "bytes")


def difference(live, offline):
    return "\n".join(difflib.unified_diff(live.decode().splitlines(), offline.decode().splitlines(),
                                          "cluster", "render", lineterm=""))


def compare(api, ns, thing):
    """The live object says the same as the rendered one."""
    live = api.get(thing["kind"], ns, thing["metadata"]["name"])
    for field in ("type", "data", "binaryData"):
        expect(live.get(field) == thing.get(field), lambda: f"{field} of {thing['metadata']['name']} differs")
    for field in ("labels", "annotations"):
        here, there = (told(one["metadata"][field]) for one in (live, thing))
        expect(here == there, lambda: f"{field} differ: cluster {here}, render {there}")


def told(fields):
    # The hash covers the owner reference, whose uid only the cluster gives.
    return {key: value for key, value in fields.items() if key != "binnacle.dev/hash"}
