"""5 000 pods, 1 000 annotated Deployments: memory, time to be ready, time of one change"""

import time
from concurrent.futures import ThreadPoolExecutor

from lib.case import NODE, content_of, jobs_of
from lib.wait import expect, until

ALONE = True  # it measures
DEADLINE_S = 180
PODS, ANNOTATED, SPACES = 5000, 1000, 20
MEGABYTE = 1 << 20
AIM_MB = 30  # anonymous: what is really its own
RSS_MB = 35  # with the pages of shared libraries, which differ from machine to machine
ENV = [{"name": f"SETTING_{n}", "value": f"https://service-{n}.example.svc.cluster.local:8443/api"} for n in range(12)]


def containers(name):
    """About 3 KB, as pods with a sidecar are."""
    return [{"name": "app", "image": f"registry.example/shop/{name}:1.2.3", "env": ENV,
             "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9102}],
             "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}},
            {"name": "istio-proxy", "image": "registry.example/istio/proxyv2:1.31.1", "env": ENV,
             "ports": [{"name": "http-envoy-prom", "containerPort": 15090}]}]


def make(t, spaces, number):
    """One Deployment and its five pods, as the controllers would have made them."""
    ns, name = spaces[number % len(spaces)], f"shop-{number}"
    labels = {"app": name, "version": "v1", "team": f"team-{number % 37}"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers(name)}}
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": "9102",
                   "prometheus.io/path": f"/metrics/{number % 50}"}
    made = t.api.create("Deployment", ns, name, metadata={"annotations": annotations}, spec={
        "replicas": 5, "selector": {"matchLabels": {"app": name}}, "template": template})
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{name}-5d4f8b", "controller": True,
             "uid": made["metadata"]["uid"]}
    for pod in range(PODS // ANNOTATED):
        t.api.create("Pod", ns, f"{name}-5d4f8b-{pod}", metadata={"labels": labels, "ownerReferences": [owner]},
                     spec={"nodeName": NODE, "containers": containers(name)})


def create_all(t, spaces):
    begin = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: make(t, spaces, number), range(ANNOTATED)))
    t.note(f"created in {time.monotonic() - begin:.0f} s")


def one_change(t, monitoring, ns):
    """Seconds from the answer to a changed annotation until it is in the output."""
    watch = t.api.watch("Secret", monitoring, "main-prometheus")
    t.api.annotate("Deployment", ns, "shop-0", {"prometheus.io/path": "/metrics/changed"})
    begin = time.monotonic()
    at, _ = watch.next(0, lambda thing: b"/metrics/changed" in (content_of(thing) or b""), 10, "not published")
    watch.close()
    return max(at - begin, 0)


def counted(t, monitoring):
    """The status' block, once it has more than the outputs that it names before they are written."""
    block = t.api.get("Observatory", monitoring, "main").get("status", {}).get("prometheus", {})
    return block if "selected" in block else None


def pods_counted(t, monitoring, ns):
    """Pods of one policy and of all annotations, as the statuses count them."""
    policy = t.api.get("ScrapePolicy", ns, "one-team").get("status", {}).get("pods")
    return policy, (counted(t, monitoring) or {}).get("selected", {}).get("annotatedPods")


def run(t):
    t.plane.stop("controllers")  # they would make 5 000 more pods, and delete those without a ReplicaSet
    t.undo.append(lambda: t.plane.start("controllers"))
    monitoring = t.ns("monitoring", "output")
    spaces = [t.ns(f"app-{number}") for number in range(SPACES)]
    create_all(t, spaces)
    t.policy(spaces[1], "one-team", selector={"matchLabels": {"team": "team-1"}}, endpoints=[{"port": "http"}])
    t.observatory(monitoring, presets=["istio-proxy"])
    begin = time.monotonic()
    controller = t.start("--trusted-namespaces", monitoring, "--log-level", "info")
    jobs = jobs_of(t.published(monitoring, ["annotations/"], timeout=30))
    t.figure("ready and published", time.monotonic() - begin, "s")
    status = until(lambda: counted(t, monitoring), 10, "no status that counts")
    expect(status["selected"]["annotatedWorkloads"] == ANNOTATED, f"selected: {status['selected']}")
    t.figure("jobs", len(jobs), "")
    each = PODS // ANNOTATED
    team = each * len([number for number in range(ANNOTATED) if number % SPACES == 1 and number % 37 == 1])
    until(lambda: pods_counted(t, monitoring, spaces[1]) == (team, PODS), 10,
          lambda: f"pods: {pods_counted(t, monitoring, spaces[1])}, not {(team, PODS)}")
    t.figure("one change", one_change(t, monitoring, spaces[0]), "s", 0.5)
    time.sleep(3)  # it comes to rest
    used = {name: value / MEGABYTE for name, value in controller.memory().items()}
    t.figure("peak", used["peak"], "MB")
    t.figure("anonymous", used["anonymous"], "MB", AIM_MB)
    t.figure("RSS", used["rss"], "MB", RSS_MB)
