"""ERROR event 410 in a watch: one list for each, and what was deleted meanwhile is gone"""

import time

from lib.faults_proxy import event, status_body
from lib.wait import expect, until

SECONDS = 14
IN_TEST = True
ROUNDS = 4


def run(f):
    f.begin()

    def fault(i):
        f.put("doomed", f"/doomed-{i}")
        f.right()
        watch = f.proxy.watches("scrapepolicies")[0]
        watch.on_line = lambda *_: None  # nothing arrives any more
        f.drop("doomed")
        f.put("p1", f"/p1-round-{i}")
        at = time.monotonic()
        time.sleep(1.1)
        watch.send(event("ERROR", status_body(410, "Expired", "too old resource version: 1 (2)")))
        watch.end()
        f.right(10)
        until(lambda: f.proxy.watches("scrapepolicies"), 5, "no watch after the list")
        lists = f.lists(at)
        expect(len(lists) == 1 and "/scrapepolicies" in lists[0][1], lambda: f"lists: {lists}")

    f.rounds(ROUNDS, fault)
    f.moved("binnacle_lists_total", ROUNDS - 1, ROUNDS - 1, reason="expired")
    f.healed()
