"""a streamed list whose end is never told: asked for in pages after 60 s, what is published stays"""

import time

from lib.faults_proxy import each_line, list_of, stream_of
from lib.wait import expect, until

SECONDS = 85
IN_TEST = False
WAITS_S = 60


def without_marker(exchange, line):
    if b"initial-events-end" not in line:
        exchange.send(line)


def run(f):
    f.begin()
    f.settle_in()
    rule = f.proxy.rule(stream_of("scrapepolicies"), each_line(without_marker))
    f.expire()
    f.put("p1", "/p1-no-marker")
    until(lambda: rule.hits, 5, "no streamed list was asked for")
    f.others_go_on("others")
    until(lambda: f.proxy.lines(list_of("scrapepolicies"), rule.hits[0]), WAITS_S + 15, "no list in pages")
    waited = f.proxy.lines(list_of("scrapepolicies"), rule.hits[0])[0][0] - rule.hits[0]
    f.figure("waited for the end", waited, "s", WAITS_S + 10)
    f.right(10)
    f.settled_watch()
    at = time.monotonic()
    f.expire()
    f.put("p1", "/p1-again")
    f.right(10)
    expect(not f.proxy.lines(stream_of("scrapepolicies"), at), "forgotten: it asked for a stream again")
    f.moved("binnacle_streamed_lists_refused_total", 1, 1)
    f.healed()
