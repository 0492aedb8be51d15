"""no bookmarks for long, then a server that has forgotten that version: its real 410, and a list"""

import json

from lib.faults_proxy import each_line, silent, watch_of

SECONDS = 75
IN_TEST = False


def without_bookmarks(exchange, line):
    thing = json.loads(line)
    meta = thing["object"].get("metadata", {})
    if thing["type"] != "BOOKMARK" or "k8s.io/initial-events-end" in meta.get("annotations", {}):
        exchange.send(line)


def run(f):
    f.begin()
    f.proxy.rule("watch=1", each_line(without_bookmarks))

    def fault(i):
        f.put("doomed", f"/doomed-{i}")
        f.right()
        # other kinds move the version on; this watch is deaf to what happens to its own
        f.watch().on_line = lambda *_: None
        for turn in range(20):
            f.put_shop(f"/shop-{i}-{turn}")
        f.drop("doomed")
        f.put("p1", f"/p1-in-the-gap-{i}")
        hold = f.proxy.rule(watch_of("scrapepolicies"), silent)
        f.restart("apiserver")  # its cache begins at the version of now
        hold.left = 0
        f.proxy.reset()
        f.right(60)
        f.settled_watch()
        f.controller.ready(60)

    f.rounds(2, lambda i: [fault(10 * i + turn) for turn in range(1 if i else 3)])  # three to find its level
    f.moved("binnacle_lists_total", 1, reason="expired")
    f.healed()
