"""a server without streamed lists: asked for in pages in the same round, and that is remembered"""

import time

from lib.faults_proxy import stream_of
from lib.wait import expect

SECONDS = 45
IN_TEST = False


def run(f):
    f.world()
    f.apiserver("--feature-gates=WatchList=false")
    begin = time.monotonic()
    f.begin()
    streams = f.proxy.lines(stream_of("scrapepolicies"), begin)
    expect(len(streams) <= 1, lambda: f"asked again and again: {streams}")
    at = time.monotonic()

    def fault(i):
        f.expire()
        f.put("p1", f"/p1-round-{i}")
        f.right(10)
        f.settled_watch()

    f.rounds(3, fault)
    expect(not f.proxy.lines(stream_of("scrapepolicies"), at), "forgotten: streams were asked for again")
    f.moved("binnacle_lists_total", 2, 2, reason="expired")
    f.healed()
