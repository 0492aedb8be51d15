"""500 on the start of a watch, 20 times: half a question a second at most, and well within a minute after it"""

import time

from lib.faults_proxy import any_of, refuse
from lib.wait import expect, until

SECONDS = 180
IN_TEST = False
TIMES = 20


def run(f):
    f.begin()
    rule = f.proxy.rule(any_of("scrapepolicies"), refuse(500, "InternalError"))
    f.watch().end()
    f.put("p1", "/p1-broken")
    until(lambda: len(rule.hits) >= TIMES, 12 * TIMES, "it stopped trying")
    rate = (TIMES - 6) / (rule.hits[TIMES - 1] - rule.hits[5])
    f.figure("questions a second, when it is steady", rate, "/s", 0.5)
    f.others_go_on("others")
    f.proxy.heal()
    begin = time.monotonic()
    f.right(60)
    f.figure("published after it", time.monotonic() - begin, "s", 60)
    f.moved("binnacle_watch_failures_total", TIMES)
    f.no_lists()
    f.moved("rest_client_requests_total", TIMES, code="500")
    expect(f.controller.fetch("/healthz")[0] == 200, "healthz fails")
    f.healed()
