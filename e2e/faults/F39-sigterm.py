"""SIGTERM in the middle of 50 writes: what is under way is answered, the Lease goes last; a second one ends it"""

import signal
import time

from lib.audit import Audit
from lib.replicas import SHORT, Forwarder, Replica, leader_of, no_overlap, pair, permit, small_world
from lib.wait import expect, until

SECONDS = 25
IN_TEST = True
MEMORY = False
OBSERVATORIES = 25  # an output and a status each


def change(t, app, path):
    t.api.annotate("Deployment", app, "shop", {"prometheus.io/path": path})


def in_order(t, one, record):
    """The Lease is given away by the last thing that it writes, and all before that was answered."""
    rows = sorted(record.writes(one.token), key=lambda row: row.at)
    last = max(record.writes(one.token, leases=True), key=lambda row: row.at)
    expect(rows[-1].at <= last.sent, f"written after the Lease was given away: {rows[-1]}, {last}")
    expect(all(row.accepted for row in rows[-5:]), f"refused at the end: {rows[-5:]}")


def run(t):
    permit(t)
    record = Audit(t.plane.audit)
    monitoring, app = small_world(t)
    for i in range(OBSERVATORIES - 1):
        t.observatory(monitoring, f"more-{i}")
    first, second = pair(t, "--trusted-namespaces", monitoring, *SHORT)
    names = ["main", *(f"more-{i}" for i in range(OBSERVATORIES - 1))]
    for name in names:
        t.published(monitoring, ["/good"], name=f"{name}-prometheus")
    change(t, app, "/next")
    before = len(record.writes(first.token))
    until(lambda: len(record.writes(first.token)) > before, 10, "nothing is written", every=0.002)
    first.kill(signal.SIGTERM)
    begin = time.monotonic()
    status = first.ended(30)
    t.figure("ended after", time.monotonic() - begin, "s", 8)
    expect(status == 0, f"status {status}: {first.said()[-600:]}")
    in_order(t, first, record)
    leader_of([second], 10)
    for name in names:
        t.published(monitoring, ["/next"], name=f"{name}-prometheus")
    no_overlap(t, [first, second], record)

    # one that cannot end in order, as nothing is answered: twice is enough
    way = Forwarder(t.api.port)
    t.undo.append(way.close)
    third = Replica(t, "third", "--trusted-namespaces", monitoring, *SHORT, via=way).ready()
    second.kill(signal.SIGTERM)
    expect(second.ended(10) == 0, "status of the second")
    leader_of([third], 10)
    way.held.set()
    third.kill(signal.SIGTERM)
    time.sleep(0.3)
    expect(third.process.alive(), "it did not wait for the Lease")
    third.kill(signal.SIGTERM)
    expect(third.ended(1) == 1, "status after the second SIGTERM")
