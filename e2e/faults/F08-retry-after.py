"""429 with Retry-After 7: it waits so long, lists nothing for a watch, and the other kinds go on"""

import time

from lib.faults_proxy import any_of, refuse
from lib.wait import expect, until

SECONDS = 35
IN_TEST = False
ASKED_S = 7


def waited(f, rule, at):
    """Seconds from the refusal to the next question."""
    until(lambda: rule.hits, 5, "it did not ask")
    until(lambda: f.proxy.lines(any_of("scrapepolicies"), rule.hits[-1] + 0.001), 20, "it does not ask again")
    return f.proxy.lines(any_of("scrapepolicies"), rule.hits[-1] + 0.001)[0][0] - rule.hits[-1]


def refused(f, what, trigger):
    """One refusal; a change of that kind and one of another meanwhile."""
    rule = f.proxy.rule(any_of("scrapepolicies"), refuse(429, "TooManyRequests", ASKED_S), times=1)
    at = time.monotonic()
    trigger()
    f.put("p1", f"/p1-{what}")
    f.others_go_on(what, 3)
    seconds = waited(f, rule, at)
    f.note(f"{what} again after {seconds:.1f} s")
    expect(ASKED_S <= seconds <= 1.2 * ASKED_S + 2, f"{what}: asked again after {seconds:.1f} s")
    f.right(10)
    f.settled_watch()
    return at


def run(f):
    f.begin()
    at = refused(f, "watch", lambda: f.watch().end())
    expect(not f.lists(at), lambda: f"lists: {f.lists(at)}")
    f.no_lists()
    f.moved("binnacle_watch_failures_total", 1, 1)
    refused(f, "list", f.expire)
    f.moved("rest_client_requests_total", 2, 2, code="429")
    f.healed()
