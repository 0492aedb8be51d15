"""watches that end within a second: the waits grow, the metric tells"""

import time

from lib.faults_proxy import short, watch_of
from lib.wait import expect

SECONDS = 25
IN_TEST = False
LASTS_S = 10
OPENED_MAX = 9


def run(f):
    f.begin()

    def fault(i):
        rule = f.proxy.rule(watch_of("scrapepolicies"), short)
        f.watch().end()
        f.put("p1", f"/p1-short-{i}")
        f.others_go_on(f"others-{i}")
        time.sleep(LASTS_S if i else 1)
        f.proxy.heal()
        return rule

    rules = []
    f.rounds(2, lambda i: rules.append(fault(i)))
    hits = rules[-1].hits
    gaps = [later - earlier for earlier, later in zip(hits, hits[1:])]
    f.note(f"{len(hits)} watches in {LASTS_S} s")
    expect(3 <= len(hits) <= OPENED_MAX, f"{len(hits)} watches in {LASTS_S} s: {gaps}")
    expect(max(gaps) > 1.5 * min(gaps), f"waits do not grow: {gaps}")
    f.right(20)
    f.moved("binnacle_short_watches_total", 3, OPENED_MAX)
    f.healed()
