"""RST in the middle of an event: the half line is dropped, the watch goes on where it was, nothing happens twice"""

import time

from lib.wait import expect, until

SECONDS = 14
IN_TEST = True
ROUNDS = 4


def half(exchange, line):
    exchange.send(line[:len(line) // 2])
    time.sleep(0.05)  # so that it arrives
    exchange.reset()


def run(f):
    f.begin()
    begin = time.monotonic()

    def fault(i):
        watch = f.proxy.watches("scrapepolicies")[0]
        watch.on_line = half
        writes = f.gain("binnacle_output_writes_total")
        at = time.monotonic()
        f.put("p1", f"/p1-round-{i}")
        until(lambda: watch.cut, 5, "the event never came")
        f.right(15)
        again = f.proxy.lines(r"/scrapepolicies\?.*watch=1", at)
        expect(len(again) == 1 and "resourceVersion=" in again[0][1], lambda: f"watches: {again}")
        expect(f.gain("binnacle_output_writes_total") == writes + 1, "one change, and not one write")
        time.sleep(1.1)

    f.rounds(ROUNDS, fault)
    expect(not f.lists(begin), lambda: f"lists: {f.lists(begin)}")
    f.moved("binnacle_watches_total", ROUNDS - 1)
    f.no_lists()
    f.healed()
