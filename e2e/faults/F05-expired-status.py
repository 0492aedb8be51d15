"""HTTP 410 where a watch begins: a new list, and no circles while it goes on"""

import time

from lib.faults_proxy import any_of, refuse, watch_of
from lib.wait import expect

SECONDS = 25
IN_TEST = False
LASTS_S = 6
ASKED_MAX = 8  # in that time, both ways of asking counted


def run(f):
    f.begin()

    def once(i):
        rule = f.proxy.rule(watch_of("scrapepolicies"), refuse(410, "Expired"), times=1)
        at = time.monotonic()
        f.watch().end()
        f.put("p1", f"/p1-round-{i}")
        f.right(10)
        f.settled_watch()
        expect(len(rule.hits) == 1, "the watch was not asked for")
        expect(len(f.lists(at)) == 1, lambda: f"lists: {f.lists(at)}")

    f.rounds(3, once)
    f.moved("binnacle_lists_total", 2, 2, reason="expired")

    # every question for all of them is answered so
    rule = f.proxy.rule(any_of("scrapepolicies"), refuse(410, "Expired"))
    f.watch().end()
    f.put("p1", "/p1-later")
    f.others_go_on("others")
    time.sleep(LASTS_S)
    expect(2 <= len(rule.hits) <= ASKED_MAX, lambda: f"{len(rule.hits)} questions in {LASTS_S} s")
    f.note(f"{len(rule.hits)} questions in {LASTS_S} s")
    f.proxy.heal()
    f.right(40)
    f.healed()
