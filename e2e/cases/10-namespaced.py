"""with Roles only: it works in its namespaces; a missing permission is named, once, and no crash"""

import time

from lib.case import jobs_of
from lib.wait import expect, until


def permit(t, ns, system):
    """manifests/namespaces/watched, for the account of this case."""
    for thing in t.plane.manifests("namespaces/watched"):
        thing["metadata"]["namespace"] = ns
        for subject in thing.get("subjects", []):
            subject["namespace"] = system
        t.api.apply_object(thing)


def forbid(t, ns, resource):
    """Take one resource out of the Role."""
    role = t.api.get("Role", ns, "binnacle")
    rules = [{**rule, "resources": [name for name in rule["resources"] if name != resource]} for rule in role["rules"]]
    t.api.merge("Role", ns, "binnacle", {"rules": [rule for rule in rules if rule["resources"]]})


def workload(t, ns, path):
    t.deployment(ns, "shop", {"http": 8080}, replicas=1,
                 annotations={"prometheus.io/scrape": "true", "prometheus.io/path": path})
    t.pods(ns, "shop")
    t.policy(ns, "extra", selector={}, endpoints=[{"port": "http", "path": f"{path}-extra"}])


def start(t, system, watched, **options):
    return t.start("--watch-namespaces", ",".join(watched), "--trusted-namespaces", system,
                   account=f"{system}/binnacle", **options)


def missing(t, system, app, watched):
    """One right of one namespace is gone: named, told once; what was published stays; it comes back."""
    forbid(t, app, "services")
    watch = t.api.watch("Secret", system, "main-prometheus")
    controller = start(t, system, watched, ready=False)
    until(lambda: "services" in controller.readyz() and "403" in controller.readyz(), 10,
          lambda: f"readyz does not name it: {controller.readyz()}")
    expect(controller.fetch("/readyz")[0] != 200, "ready without a list of services")
    time.sleep(4)  # tries again meanwhile
    lines = [line for line in controller.said().splitlines()
             if "services" in line and " warn " in line and "cannot" in line]
    expect(len(lines) == 1, f"told {len(lines)} times: {lines[:3]}")
    expect(controller.process.alive() and not watch.events, "it ended, or published without the Services")
    permit(t, app, system)
    controller.ready(40)
    watch.close()


def run(t):
    system, app, other = t.ns("system"), t.ns("app"), t.ns("other")
    t.api.apply("ServiceAccount", system, "binnacle")
    watched = [system, app]
    for ns in watched:
        permit(t, ns, system)
    for ns in (app, other):
        workload(t, ns, f"/{ns}")
    t.observatory(system)
    start(t, system, watched)
    text = t.published(system, [f"/{app}", f"/{app}-extra"])
    expect(f"/{other}" not in text, "a namespace that it may not read is in the output")
    expect(len(jobs_of(text)) == 2, f"jobs: {jobs_of(text)}")
    t.accepted("Observatory", system, "main")
    t.accepted("ScrapePolicy", app, "extra")
    t.figure("answers 403", t.controller.said().count("403 Forbidden"), "", 0)
    begin = time.monotonic()
    t.api.annotate("Deployment", app, "shop", {"prometheus.io/path": "/changed"})
    t.published(system, ["/changed"])
    t.figure("published", time.monotonic() - begin, "s", 1)
    missing(t, system, app, watched)
