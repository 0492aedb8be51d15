"""two replicas: the one that stands by writes nothing, and goes on where the leader ended or died"""

import json
import signal
import time

from lib import grafana
from lib.audit import Audit
from lib.replicas import LEASE, LONG, SHORT, SHORT_S, Replica, lease, leader_of, no_overlap, permit
from lib.wait import expect, until

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


def boards(t, monitoring):
    """Another Observatory, with a Grafana over its API: it has a finalizer, and requests that are no writes of objects."""
    server = grafana.standin(t)
    t.api.create("Secret", monitoring, "grafana-admin", stringData={"username": "admin", "password": grafana.PASSWORD})
    t.api.apply("Observatory", monitoring, "boards", spec={
        "prometheus": {"url": "http://prometheus:9090"},
        "grafana": {"url": server.url, "credentialsRef": {"name": "grafana-admin"}, "pollInterval": "5s"}})
    return server


def held_by_nobody(t):
    """A Lease whose holder is dead already."""
    t.plane.kubectl("apply", "-f", "-", stdin=json.dumps({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "binnacle", "namespace": "binnacle-system", "labels": {"e2e": "kept"}},
        "spec": {"holderIdentity": "somebody", "leaseDurationSeconds": SHORT_S, "leaseTransitions": 4}}).encode())


def waits(t, record, monitoring):
    """The first replica, which has to wait; what it does meanwhile, and then."""
    server = boards(t, monitoring)
    held_by_nobody(t)
    first = Replica(t, "first", "--trusted-namespaces", monitoring, *SHORT).ready()
    time.sleep(SHORT_S / 2)
    expect(first.process.alive() and not first.leads(), "it did not wait")
    written = record.writes(first.token) + record.writes(first.token, leases=True)
    expect(not written, f"written before it leads: {written}")
    asked = grafana.ask(server.url, "GET", "/_standin/log")
    expect(not asked, f"asked of Grafana before it leads: {asked}")
    leader_of([first], SHORT_S + RETRY_S)
    begin = time.monotonic()
    t.published(monitoring, ["/good"])
    t.figure("published after it leads", time.monotonic() - begin, "s", 1)
    until(server.sources, 5, "Grafana has not got its datasource")
    t.settled()
    expect(t.api.get("Observatory", monitoring, "boards")["metadata"].get("finalizers"), "no finalizer")
    held = [row for row in record.writes(first.token) if row.what.startswith("observatories ")]
    expect(len(held) == 1, f"the finalizer was written more than once: {held}")
    kept = t.api.request("GET", LEASE)
    expect(kept["metadata"].get("labels") == {"e2e": "kept"} and kept["spec"]["leaseTransitions"] == 5, f"lease: {kept}")
    return first


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
    first = waits(t, record, monitoring)
    second = Replica(t, "second", "--trusted-namespaces", monitoring, *SHORT).ready()
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
    expect(lease(t)["leaseTransitions"] == 6, f"transitions: {lease(t)}")

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
    expect(outputs == ["boards-prometheus", "grafana-admin", "main-prometheus"], f"outputs: {outputs}")
