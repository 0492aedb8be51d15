"""two replicas: the one that stands by writes nothing, and goes on where the leader ended or died"""

import signal
import time

from lib.audit import Audit
from lib.replicas import LONG, SHORT, SHORT_S, Replica, lease, leader_of, no_overlap, pair, permit
from lib.wait import expect

SECONDS = 30
IN_TEST = True
MEMORY = False
RETRY_S = 4.4 if LONG else 1.8  # the longest pause between two looks


def objects(t):
    monitoring, app = t.ns("monitoring", "output"), t.ns("app")
    t.deployment(app, "shop", {"http": 8080}, annotations={"prometheus.io/scrape": "true"})
    t.policy(app, "good", selector={}, endpoints=[{"port": "http", "path": "/good"}])
    t.policy(app, "bad", selector={}, preset="none-such")
    t.observatory(monitoring)
    return monitoring, app


def change(t, app, path):
    t.api.annotate("Deployment", app, "shop", {"prometheus.io/path": path})
    return time.monotonic()


def taken_over(t, old, new, monitoring, app, path, timeout):
    """Seconds until `new` has published a change that nobody was there for."""
    begin = change(t, app, path)
    t.published(monitoring, [path], timeout=timeout)
    expect(new.leads(), f"{new.name} does not lead")
    expect(old is None or not old.process.alive(), "the old one lives")
    return time.monotonic() - begin


def run(t):
    permit(t)
    record = Audit(t.plane.audit)
    monitoring, app = objects(t)
    first, second = pair(t, "--trusted-namespaces", monitoring, *SHORT)
    t.published(monitoring, ["/good"])
    before = t.settled()
    change(t, app, "/one")
    t.published(monitoring, ["/one"])
    expect(not record.writes(second.token, leases=True), "the one that stands by writes the Lease")
    expect(not record.writes(second.token), f"the one that stands by writes: {record.writes(second.token)}")
    expect(second.fetch("/readyz")[0] == 200, "the one that stands by is not ready")
    before = t.settled()

    # it ends by itself: the Lease is given away
    begin = time.monotonic()
    first.kill(signal.SIGTERM)
    expect(first.ended(10) == 0, "status of one that was asked to end")
    t.figure("ended after SIGTERM", time.monotonic() - begin, "s", 5)
    leader_of([second], 10)
    t.figure("taken over after SIGTERM", time.monotonic() - begin, "s", RETRY_S + 0.6)
    time.sleep(1.5)
    after = t.settled()
    changed = [key for key in {*before, *after} if before.get(key) != after.get(key)]
    expect(not changed, f"written by taking over: {changed}")
    expect(lease(t)["leaseTransitions"] == 1, f"transitions: {lease(t)}")

    # it dies
    third = Replica(t, "third", "--trusted-namespaces", monitoring, *SHORT).ready()
    time.sleep(RETRY_S)  # it has seen who leads
    begin = time.monotonic()
    second.kill(signal.SIGKILL)
    took = taken_over(t, None, third, monitoring, app, "/two", 40)
    t.figure("taken over after SIGKILL", took, "s", SHORT_S + RETRY_S + 1.5)
    expect(took > SHORT_S - 3, f"taken over after {took:.1f} s: the Lease was not over")
    t.settled()
    no_overlap(t, [first, second, third], record)
    outputs = [thing["metadata"]["name"] for thing in t.api.list("Secret", monitoring)]
    expect(outputs == ["main-prometheus"], f"outputs: {outputs}")
