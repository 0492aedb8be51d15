"""429 and 503 without Retry-After: its own waits grow from about a second, with jitter, each watch for itself"""

import time

from lib.faults_proxy import any_of, refuse
from lib.wait import expect, until

SECONDS = 60
IN_TEST = False
TRIES = 6
LONGEST_S = 31  # 30 s by the book, this client stays below


def gaps(rule):
    return [later - earlier for earlier, later in zip(rule.hits, rule.hits[1:])]


def run(f):
    f.begin()
    rules = {}
    for resource, code in (("scrapepolicies", 429), ("deployments", 503)):
        rules[code] = f.proxy.rule(any_of(resource), refuse(code))
        f.watch(resource).end()
    until(lambda: all(len(rule.hits) >= TRIES for rule in rules.values()), 75, "it stopped trying")
    for code, rule in rules.items():
        waits = gaps(rule)[:TRIES - 1]
        f.note(f"{code}: {' '.join(f'{wait:.1f}' for wait in waits)} s")
        expect(0.7 <= waits[0] <= 2.5, f"{code}: first wait {waits[0]:.2f} s")
        expect(max(waits[2:]) > 2 * waits[0], f"{code}: waits do not grow: {waits}")
        expect(max(waits) <= LONGEST_S, f"{code}: waits {waits}")
    first, second = (gaps(rule)[:TRIES - 1] for rule in rules.values())
    expect(all(abs(a - b) > 0.001 for a, b in zip(first, second)), "no jitter: both wait alike")
    f.put("p1", "/p1-while-busy")
    f.proxy.heal()
    begin = time.monotonic()
    f.right(40)
    f.figure("published after it", time.monotonic() - begin, "s", 30)
    f.no_lists()
    f.moved("binnacle_watch_failures_total", 2 * TRIES)
    f.healed()
