"""a list of one byte a second, and one that never begins: other kinds go on, the deadline comes, it asks again"""

import os
import time

from lib.faults_proxy import any_of, list_of, refuse, silent, slow, stream_of
from lib.wait import expect, until

WHOLE = bool(os.environ.get("E2E_LONG"))  # the deadline of a list that keeps dripping is 300 s
SECONDS = 380 if WHOLE else 70
IN_TEST = False
SILENT_S = 30


def dripping(f):
    rule = f.proxy.rule(list_of("scrapepolicies"), slow(1))
    f.expire()
    until(lambda: rule.hits, 10, "no list was asked for")
    f.put("p1", "/p1-drip")
    end = time.monotonic() + (310 if WHOLE else 10)
    turns = 0
    while time.monotonic() < end:
        turns += 1
        f.others_go_on(f"drip-{turns}")
        expect(f.controller.fetch("/healthz")[0] == 200, "healthz fails")
        time.sleep(1)
    if WHOLE:
        until(lambda: len(rule.hits) > 1, 30, "the deadline of a list never comes")
        f.figure("deadline of a list", rule.hits[1] - rule.hits[0], "s", 330)
    f.proxy.heal()
    f.proxy.reset()
    f.right(30)


def never(f):
    f.proxy.rule(stream_of("scrapepolicies"), refuse(422, "Invalid"))
    rule = f.proxy.rule(list_of("scrapepolicies"), silent, times=1)
    f.expire()
    until(lambda: rule.hits, 10, "no list was asked for")
    f.put("p1", "/p1-never")
    f.others_go_on("never")
    again = until(lambda: f.proxy.lines(any_of("scrapepolicies"), rule.hits[0] + 1), SILENT_S + 15, "it never asks again")
    f.figure("asked again after", again[0][0] - rule.hits[0], "s", SILENT_S + 5)
    f.right(10)


def run(f):
    f.begin()
    f.proxy.rule(stream_of("scrapepolicies"), refuse(422, "Invalid"))
    dripping(f)
    f.measure()
    never(f)
    f.moved("binnacle_list_failures_total", 1)
    f.healed()
