"""a leader that is stopped and goes on after another one leads: it writes nothing any more, and ends with 1"""

import signal
import time

from lib.audit import Audit
from lib.replicas import LONG, SHORT, SHORT_S, Busy, leader_of, no_overlap, pair, permit, small_world
from lib.wait import expect

SECONDS = 25
IN_TEST = True
MEMORY = False


def run(t):
    permit(t)
    record = Audit(t.plane.audit)
    monitoring, app = small_world(t)
    first, second = pair(t, "--trusted-namespaces", monitoring, *SHORT)
    t.published(monitoring, ["/good"])
    busy = Busy(t, app)  # there is something to write at every moment, the last and the first one too
    time.sleep(1.5)

    at = first.kill(signal.SIGSTOP)
    begin = time.monotonic()
    leader_of([second], SHORT_S + 6)
    t.figure("taken over after", time.monotonic() - begin, "s", SHORT_S + 6)
    time.sleep(20 - (time.monotonic() - begin) if LONG else 1)
    first.kill(signal.SIGCONT)
    begin = time.monotonic()
    status = first.ended(5)
    t.figure("ended after", time.monotonic() - begin, "s", 1)
    expect(status == 1, f"status {status}")
    expect("leader election lost" in first.said(), f"not said: {first.said()[-600:]}")
    last = busy.end()
    t.published(monitoring, [last])
    # what the kernel had already sent when it was stopped may have been answered a little later
    rows = record.writes(first.token) + record.writes(first.token, leases=True)
    late = [row for row in rows if row.accepted and row.at > at + 1]
    expect(not late, f"written after it was stopped: {late}")
    no_overlap(t, [first, second], record)
