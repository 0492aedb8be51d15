"""what is written for much that happens: 200 changes at once are a few writes of the output, 1000 new objects one status each"""

import collections
import threading
import time

from lib.audit import Audit
from lib.wait import expect, until

ALONE = True  # it measures
DEADLINE_S = 240
CHANGES, CHANGES_S = 200, 2
WRITES = 15  # the first after 20 ms, then one in 150 ms
NEXT_WRITE_S = 0.15
OBJECTS, HANDS = 1000, 8
KIND, PLURAL = "ScrapePolicy", "scrapepolicies"


def spec(path):
    return {"selector": {}, "endpoints": [{"port": "http", "path": path}]}


def by_hands(t, count, act, over_s=0.0):
    """act(0) to act(count - 1), spread over so many seconds, by several at once; seconds that it took."""
    todo = iter(range(count))
    lock = threading.Lock()
    begin, failed = [], []
    start = threading.Barrier(HANDS, lambda: begin.append(time.monotonic()))

    def hand():
        t.api.get("Namespace", None, "default")  # its connection is there
        start.wait(30)
        while not failed:
            with lock:
                i = next(todo, None)
            if i is None:
                return
            time.sleep(max(0.0, begin[0] + i * over_s / count - time.monotonic()))
            try:
                act(i)
            except Exception as error:  # told by the caller's thread
                failed.append(error)

    threads = [threading.Thread(target=hand, daemon=True) for _ in range(HANDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(not failed, lambda: f"{failed[0]!r}")
    return time.monotonic() - begin[0]


def many_changes(t, monitoring, app):
    """Changes spread over two seconds; a machine that is slower gets writes for the time that it took."""
    record = Audit(t.plane.audit)
    took = by_hands(t, CHANGES, lambda i: t.api.merge(KIND, app, f"p{i % 10}", {"spec": spec(f"/change-{i}")}), CHANGES_S)
    t.settled()
    writes = [row for row in record.writes() if row.what == f"secrets {monitoring}/main-prometheus"]
    longer = max(0.0, took - CHANGES_S)
    t.figure("changes take", took, "s")
    t.figure("writes of the output", len(writes), "", WRITES + int(longer / NEXT_WRITE_S))
    expect(len(writes) >= 3, f"{len(writes)} writes: the changes were not spread")
    wanted = [one["spec"]["endpoints"][0]["path"] for one in t.api.list(KIND, app)]
    t.published(monitoring, wanted)


def many_objects(t, monitoring, app):
    """New ones are told once each: what becomes of them is known when the status is written."""
    record = Audit(t.plane.audit)
    took = by_hands(t, OBJECTS, lambda i: t.api.create(KIND, app, f"new-{i}", spec=spec(f"/new-{i}")))
    wanted = {f"{PLURAL}/status {app}/new-{i}" for i in range(OBJECTS)}
    counts = collections.Counter()

    def told():
        counts.clear()
        counts.update(row.what for row in record.writes())
        return all(counts[what] for what in wanted)

    until(told, 120, lambda: f"{sum(1 for what in wanted if not counts[what])} of {OBJECTS} have no status", 1)
    t.published(monitoring, [f"/new-{i}" for i in range(OBJECTS)], timeout=30)
    t.settled(2, 60)
    told()
    t.figure("objects take", took, "s")
    t.figure("status writes of one", max(counts[what] for what in wanted), "", 1)
    others = {what: count for what, count in counts.items() if what not in wanted}
    t.note(f"and of the rest: {others}")
    bare = [one["metadata"]["name"] for one in t.api.list(KIND, app)
            if one["metadata"]["name"].startswith("new-") and not one.get("status", {}).get("observatories")]
    expect(not bare, f"{len(bare)} say nothing of the Observatory: {bare[:5]}")


def run(t):
    monitoring, app = t.ns("monitoring", "output"), t.ns("app")
    t.deployment(app, "shop", {"http": 8080}, annotations={"prometheus.io/scrape": "true"})
    for i in range(10):
        t.policy(app, f"p{i}", **spec(f"/p{i}"))
    t.observatory(monitoring)
    t.start("--trusted-namespaces", monitoring)
    t.published(monitoring, [f"/p{i}" for i in range(10)])
    t.settled()
    many_changes(t, monitoring, app)
    many_objects(t, monitoring, app)
