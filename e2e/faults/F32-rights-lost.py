"""the right to one kind is taken and given back: only that kind stands still, its jobs stay, back within a minute"""

import time

from lib.wait import expect, until

SECONDS = 30
IN_TEST = False
LOST_S = 6
ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/binnacle"


def run(f):
    f.begin()
    role = f.api.request("GET", ROLE)
    full = role["rules"]
    less = [{**rule, "resources": [one for one in rule["resources"] if one != "deployments"]} for rule in full]

    def give(rules):
        f.api.request("PATCH", ROLE, {"rules": rules}, "application/merge-patch+json")

    f.undo.append(lambda: give(full))
    give(less)
    time.sleep(1)  # the server's own cache of rights
    f.watch("deployments").end()
    until(lambda: f.gain("rest_client_requests_total", code="403") >= 1, 10, "it still has the right")
    f.put("p1", "/p1-without-right")
    f.published(f.monitoring, ["/p1-without-right"], timeout=5)
    f.put_shop("/shop-unseen")
    begin = time.monotonic()
    while time.monotonic() - begin < LOST_S:
        paths, jobs = f.paths()
        expect(jobs == len(f.keys) and "/shop-unseen" not in paths, f"published: {paths}")
        time.sleep(0.3)
    expect("deployments" in f.controller.readyz() and "forbidden" in f.controller.readyz(),
           lambda: f"readyz does not name the kind: {f.controller.readyz()[:600]}")
    tries = f.gain("rest_client_requests_total", code="403")
    expect(tries <= LOST_S + 2, f"{tries:g} tries in {LOST_S} s")
    give(full)
    begin = time.monotonic()
    f.right(60)
    f.figure("back", time.monotonic() - begin, "s", 60)
    f.moved("binnacle_watch_failures_total", 1)
    f.no_lists()
    f.healed()
