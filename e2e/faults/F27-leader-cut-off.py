"""a leader that does not reach the API server: it steps down at its deadline, writes nothing after, ends with 1"""

import re
import time

from lib.audit import Audit
from lib.replicas import SHORT, SHORT_DEADLINE_S, SHORT_S, Forwarder, Busy, leader_of, no_overlap, pair, permit, small_world
from lib.wait import expect

SECONDS = 25
IN_TEST = False
MEMORY = False


def run(t):
    permit(t)
    record = Audit(t.plane.audit)
    monitoring, app = small_world(t)
    way = Forwarder(t.api.port)
    t.undo.append(way.close)
    first, second = pair(t, "--trusted-namespaces", monitoring, *SHORT, via=way)
    t.published(monitoring, ["/good"])
    busy = Busy(t, app)
    time.sleep(2)

    way.held.set()
    begin, at = time.monotonic(), time.time()
    status = first.ended(SHORT_DEADLINE_S + 5)
    t.figure("ended after", time.monotonic() - begin, "s", SHORT_DEADLINE_S + 1.5)
    expect(status == 1, f"status {status}")
    expect(time.monotonic() - begin > SHORT_DEADLINE_S - 2, "it gave up early")
    expect(re.search("leader election lost.*deadline", first.said()), f"not said: {first.said()[-600:]}")
    way.close()
    leader_of([second], SHORT_S + 5)
    t.figure("taken over after", time.monotonic() - begin, "s", SHORT_S + 6)
    last = busy.end()
    t.published(monitoring, [last])
    late = [row for row in record.writes(first.token) + record.writes(first.token, leases=True) if row.at > at + 0.5]
    expect(not late, f"written by one that was cut off: {late}")
    no_overlap(t, [first, second], record)
