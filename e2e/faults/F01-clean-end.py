"""watches that the server ends go on at their last version: at once, and without a list"""

import time

from lib.wait import expect, until

SECONDS = 12
IN_TEST = True
ROUNDS = 4
AT_ONCE_S = 1  # 100 ms by the book; the machine is shared


def run(f):
    f.begin()
    begin = time.monotonic()

    def fault(i):
        time.sleep(1.1)  # no "very short" watches
        open_before = {one.line.partition("?")[0] for one in f.proxy.watches()}
        at = time.monotonic()
        for one in f.proxy.watches():
            one.end()
        until(lambda: {one.line.partition("?")[0] for one in f.proxy.watches()} == open_before, AT_ONCE_S,
              "watches are not opened again")
        versions = [row for row in f.proxy.lines("watch=1", at) if "resourceVersion=" not in row[1]]
        expect(not versions, f"watches that begin anywhere: {versions}")
        f.put("p1", f"/p1-round-{i}")
        f.right(5)

    f.rounds(ROUNDS, fault)
    expect(not f.lists(begin), lambda: f"lists: {f.lists(begin)}")
    f.moved("binnacle_watches_total", 3 * (ROUNDS - 1))
    f.no_lists()
    f.still("binnacle_short_watches_total")
    f.healed()
