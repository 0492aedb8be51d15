"""the peer goes dead without a word: noticed within 45 s, and every watch goes on"""

import time

from lib.wait import expect, until

SECONDS = 75
IN_TEST = False
NOTICED_S = 50  # 30 s of silence, 15 s for an answer, and a shared machine


def run(f):
    f.begin(via="wire")
    watches = f.metrics()["binnacle_watches_total"]
    lost = f.wire.lose()
    expect(lost > 0, "no connection was there to lose")
    f.measure()
    begin = time.monotonic()
    f.put("p1", "/p1-while-dead")
    f.put("p2", "/p2-while-dead")
    f.right(NOTICED_S + 10)
    f.figure("noticed", time.monotonic() - begin, "s", NOTICED_S)
    f.note(f"{lost} connections lost")
    until(lambda: f.gain("binnacle_watches_total") >= 3, 10, f"only few of {watches:g} watches go on")
    f.no_lists(apart=("absent", "retry"))  # of kinds that are not installed a question was lost
    f.moved("binnacle_dead_connections_total")
    f.healed()
