"""hands at the Lease: deleted, emptied or shortened it comes back; given to somebody else the leader ends"""

import json
import time

from lib.audit import Audit
from lib.replicas import SHORT, SHORT_S, Busy, drop_lease, leader_of, lease, no_overlap, pair, permit, small_world
from lib.wait import expect, until

SECONDS = 35
IN_TEST = False
MEMORY = False


def edit(t, **spec):
    t.plane.kubectl("patch", "lease", "binnacle", "-n", "binnacle-system", "--type=merge", "-p", json.dumps({"spec": spec}))


def stays(t, first, second, what, change):
    """The same one leads after it, and no other one has for a moment."""
    change()
    until(lambda: lease_or_none(t).get("holderIdentity") == first.identity(), 5, f"{what}: the Lease does not come back")
    time.sleep(1.5)
    expect(first.process.alive() and first.leads() and not second.leads(), f"{what}: another one leads")


def lease_or_none(t):
    try:
        return lease(t)
    except Exception:  # not there
        return {}


def run(t):
    permit(t)
    record = Audit(t.plane.audit)
    monitoring, app = small_world(t)
    first, second = pair(t, "--trusted-namespaces", monitoring, *SHORT)
    t.published(monitoring, ["/good"])
    time.sleep(2)  # the second has seen who leads
    busy = Busy(t, app)
    stays(t, first, second, "deleted", lambda: drop_lease(t))
    stays(t, first, second, "emptied", lambda: edit(t, holderIdentity=""))
    stays(t, first, second, "shortened", lambda: edit(t, leaseDurationSeconds=1))
    expect(not record.writes(second.token), f"written by the other one: {record.writes(second.token)}")
    t.figure("reads before a renewal", int(first.metric("leader_election_slowpath_total")), "")

    edit(t, holderIdentity="somebody")
    begin = time.monotonic()
    status = first.ended(4)
    t.figure("ended after", time.monotonic() - begin, "s", 3)
    expect(status == 1 and "held by another one" in first.said(), f"status {status}: {first.said()[-600:]}")
    leader_of([second], SHORT_S + 6)
    t.published(monitoring, [busy.end()])
    no_overlap(t, [first, second], record)
