"""Thousands of ScrapePolicies, 2.6 KB of configuration each: one change is one part, and sync stays small

E2E_LONG=1: 10 000 of them, over 20 MB; else 3 000.  E2E_LONG=alike: with rules of a few templates, so that all of it
fits into one object when compressed.
"""

import json
import os
import random
import re
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from lib.api import path_of
from lib.case import content_of
from lib.sync import Beside, Named
from lib.wait import expect, until

ALONE = True  # it measures
LONG = os.environ.get("E2E_LONG")
POLICIES, DEADLINE_S = (10000, 900) if LONG else (3000, 300)
SPACES, RULES = 50, 8
RELOAD_S = 150  # Prometheus itself is the slow one: seconds for thousands of jobs
STATUSES_S = 300  # one write for each policy, the API server's pace
MEGABYTE = 1 << 20
SYNC_MB = 20  # at most and at the end, with the pages of shared libraries
WORDS = """account api auth batch billing bucket cache cart catalog checkout client cluster commit config consumer cpu
customer db delivery disk duration edge email errors event export feed fraud gateway geo grpc heap http image import index
invoice job journal kafka latency ledger loyalty mail media memory metric mobile network offer order parser partner payment
pool price producer profile promo queue quota rate redis refund region report request retry rpc search session shard
shipping sms socket stock store stream sync tax tenant thread token topic trace upload user vendor wallet worker""".split()


def policy(number, path="/metrics"):
    """What a team writes: labels of its pods, and metrics that it does not want."""
    pick = random.Random(number % 4 if LONG == "alike" else number)
    def some(count):
        return pick.sample(WORDS, count)
    relabelings = [{"sourceLabels": [f"__meta_kubernetes_pod_label_{'_'.join(some(2))}"], "targetLabel": f"{some(1)[0]}_{n}"}
                   for n in range(RULES)]
    drops = [{"sourceLabels": ["__name__", a], "action": "drop", "regex": f"{a}_{b}_({c}|{d})_(total|bucket);{e}.*"}
             for a, b, c, d, e in (some(5) for _ in range(RULES))]
    return {"selector": {"matchLabels": {"app": f"shop-{number}"}},
            "endpoints": [{"port": "http", "path": path, "relabelings": relabelings, "metricRelabelings": drops}]}


def create_all(t, spaces):
    begin = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: t.api.create("ScrapePolicy", spaces[n % SPACES], f"shop-{n}", spec=policy(n)),
                      range(POLICIES)))
    t.note(f"created in {time.monotonic() - begin:.0f} s")


def published(t, ns, timeout):
    """Wait for the root, which is written after all parts; its manifest."""
    root = until(lambda: t.api.get("Secret", ns, "main-prometheus"), timeout,
                 lambda: f"not published: {t.api.get('Observatory', ns, 'main').get('status')}", 0.1)
    return json.loads(content_of({**root, "kind": "Secret"}, "manifest.json"))


def size_of(thing):
    """Bytes of an object's data as it travels."""
    return sum(map(len, thing.get("data", {}).values()))


def delete_all(t, spaces):
    """Here, and not by the namespace controller beside the next case."""
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda ns: t.api.request("DELETE", path_of("ScrapePolicy", ns)), spaces))


class Large(Beside):
    """With a Prometheus that may take its time."""

    def new_server(self, folder, log, config=None):
        return Patient(self, folder, log, config or self.config)

    def serve(self):
        super().serve()
        until(lambda: self.server.answers(), RELOAD_S, lambda: f"Prometheus is not ready: {self.server.process.said()[-800:]}", 0.1)


class Patient(Named):
    def is_ready(self):
        return True

    def answers(self):
        return super().is_ready()


class Change:
    """One policy gets another path; what is written for it, and how long it takes."""

    def __init__(self, t, ns, beside, space, path):
        self.controller = t.controller
        self.log = len(beside.said())
        self.writes = self.controller.metric("binnacle_output_writes_total")
        before = beside.published_hash()
        watch = t.api.watch("Secret", ns, None)
        begin = time.monotonic()
        t.api.merge("ScrapePolicy", space, "shop-0", {"spec": policy(0, path)})
        root, _ = watch.next(0, lambda one: one["metadata"]["name"] == "main-prometheus", 30, "the root is not written")
        self.published = root - begin
        until(lambda: "loaded and proved" in beside.said()[self.log:], RELOAD_S, lambda: f"not loaded: {beside.said()[-800:]}")
        self.loaded = time.monotonic() - begin
        beside.loaded(RELOAD_S)
        self.told = time.monotonic() - begin
        expect(beside.published_hash() != before, "the same hash")
        self.events = [one for _, kind, one in watch.events if kind != "DELETED"]
        self.writes = self.controller.metric("binnacle_output_writes_total") - self.writes
        self.fetched = re.findall(r"fetched=(\d+)", beside.said()[self.log:])
        watch.close()

    def check(self):
        """One part and the root, and one part fetched."""
        names = sorted(one["metadata"]["name"] for one in self.events)
        expect(len(names) == 2 and names[0] == "main-prometheus", f"written: {names}")
        expect(self.writes == 2, f"{self.writes} writes of outputs")
        expect(self.fetched == ["1"], f"sync fetched {self.fetched} parts")
        return sum(map(size_of, self.events))


def reload_time(server):
    """Seconds that Prometheus takes to reload what it runs: its own limit."""
    begin = time.monotonic()
    request = urllib.request.Request(f"{server.url}/-/reload", method="POST")
    urllib.request.urlopen(request, timeout=RELOAD_S).close()
    return time.monotonic() - begin


def memory(t, what, process, bar=None):
    used = {name: value / MEGABYTE for name, value in process.memory().items()}
    t.figure(f"{what} RSS", used["rss"], "MB", bar)
    t.figure(f"{what} anonymous", used["anonymous"], "MB")
    t.figure(f"{what} peak", used["peak"], "MB", bar)


def single(t, ns, beside):
    """The same in one object, compressed: read as a stream."""
    before = beside.generation()
    log = len(beside.said())
    output = {"kind": "Secret", "name": "main-prometheus", "key": "prometheus.yml.gz"}
    t.api.merge("Observatory", ns, "main", {"spec": {"prometheus": {"layout": "Single", "output": output}}})
    until(lambda: "loaded and proved" in beside.said()[log:], RELOAD_S, lambda: f"not loaded: {beside.said()[-800:]}", 0.1)
    expect(beside.generation() != before, "the same generation")
    expect(not list((beside.out / "current").glob("jobs-*.yml")), "there are still parts")
    size = (beside.out / "current/prometheus.yml").stat().st_size
    t.figure("Single", size / MEGABYTE, "MB")
    t.figure("Single in its object", size_of(t.api.get("Secret", ns, "main-prometheus")), "bytes")
    memory(t, "sync with Single", beside.process, SYNC_MB)


def run(t):
    t.plane.stop("controllers")
    t.undo.append(lambda: t.plane.start("controllers"))
    monitoring = t.ns("monitoring", "output")
    spaces = [t.ns(f"app-{number}") for number in range(SPACES)]
    create_all(t, spaces)
    t.observatory(monitoring, layout="Files", scrapeInterval="30s", scrapeTimeout="10s")
    begin = time.monotonic()
    controller = t.start("--trusted-namespaces", monitoring, "--log-level", "info")
    manifest = published(t, monitoring, 60)
    t.figure("published", time.monotonic() - begin, "s")
    t.figure("configuration", sum(file["size"] for file in manifest["files"]) / MEGABYTE, "MB")
    t.figure("parts", len(manifest["files"]) - 1, "")
    beside = Large(t, monitoring)
    start = time.monotonic()
    beside.start()
    t.figure("on disk", time.monotonic() - start, "s")
    beside.serve()
    until(lambda: "loaded and proved" in beside.said(), RELOAD_S, lambda: f"not loaded: {beside.said()[-800:]}", 0.1)
    t.figure("loaded", time.monotonic() - start, "s")
    beside.loaded(STATUSES_S)
    t.figure("all statuses written", time.monotonic() - begin, "s")
    t.figure("Prometheus reloads alone", reload_time(beside.server), "s")
    changes = [Change(t, monitoring, beside, spaces[0], f"/metrics/{n}") for n in range(2)]
    written = [change.check() for change in changes]
    t.figure("bytes written for one change", max(written), "")
    t.figure("one change published", max(change.published for change in changes), "s")
    t.figure("one change loaded", max(change.loaded for change in changes), "s")
    t.figure("one change told", max(change.told for change in changes), "s")
    t.figure("longest turn", controller.metric("binnacle_longest_turn_seconds") * 1000, "ms")
    memory(t, "controller", controller)
    memory(t, "sync", beside.process, SYNC_MB)
    memory(t, "Prometheus", beside.server.process)
    if LONG != "1":
        single(t, monitoring, beside)
    t.stop()
    beside.end()
    delete_all(t, spaces)
