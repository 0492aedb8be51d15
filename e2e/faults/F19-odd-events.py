"""events that are doubled, old, unknown, tables, no JSON, no UTF-8: each is skipped or leads to a list, none does harm"""

import json
import time

from lib.faults_proxy import event
from lib.wait import expect

SECONDS = 30
IN_TEST = False
MEMORY = False
TABLE = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "1"},
         "columnDefinitions": [{"name": "Name"}], "rows": [{"cells": ["p1"]}]}


def policy(**meta):
    return {"apiVersion": "binnacle.dev/v1alpha1", "kind": "ScrapePolicy",
            "metadata": {"namespace": "far", "name": "x", "uid": "u", "resourceVersion": "1", **meta},
            "spec": {"selector": {}, "endpoints": [{"port": "http"}]}}


def raw(text):
    return event("MODIFIED", policy()).replace(b'"far"', text)


SKIPPED = {  # nothing follows but a count
    "unknown type": event("FROBBED", policy()),
    "table": event("ADDED", TABLE),
    "no name": event("MODIFIED", policy(name="")),
    "no metadata": event("MODIFIED", {"kind": "ScrapePolicy"}),
    "deleted, never known": event("DELETED", policy(name="never")),
    "empty line": b"\n",
}
BROKEN = {  # the stream is not what it should be: a list says what is
    "no JSON": b"<html>502 Bad Gateway</html>\n",
    "a NUL": raw(b'"f\0r"'),
    "no UTF-8": raw(b'"f\xff\xfer"'),
    "a name of a megabyte": event("DELETED", policy(name="n" * (1 << 20))),
    "an array": b"[1,2,3]\n",
    "half of it": event("MODIFIED", policy())[:60] + b"\n",
    "too deep": b'{"type":"ADDED","object":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}\n",
}


def doubled(f):
    """Events again, as they were: nothing is written."""
    writes = f.gain("binnacle_output_writes_total")
    watch = f.watch()
    for thing in f.api.list("ScrapePolicy", f.app) * 10:
        watch.send(event("ADDED", {**thing, "apiVersion": "binnacle.dev/v1alpha1", "kind": "ScrapePolicy"}))
    time.sleep(1)
    expect(f.gain("binnacle_output_writes_total") == writes, "written again for what it had")


def old(f):
    """An event from before the last one must not bring back what was."""
    before = f.api.get("ScrapePolicy", f.app, "p1")
    f.put("p1", "/p1-new")
    f.right()
    f.watch().send(event("MODIFIED", before))
    time.sleep(1)
    f.right(5)


def run(f):
    f.begin(warm=False)
    doubled(f)
    old(f)
    for i, (what, line) in enumerate([*SKIPPED.items(), *BROKEN.items()]):
        try:
            f.watch().send(line)
        except OSError:
            pass  # it has heard enough
        f.put("p1", f"/p1-odd-{i}")
        f.right(20)
        expect(f.controller.process.alive(), f"{what}: it ended")
        expect(f.controller.fetch("/healthz")[0] == 200, f"{what}: healthz fails")
    f.note(f"{len(SKIPPED) + len(BROKEN)} sorts")
    f.moved("binnacle_skipped_events_total", 2)
    f.moved("binnacle_lists_total", len(BROKEN) - 2, reason="bad_data")
    expect(json.loads(f.controller.fetch("/debug/state")[1])["observatories"] == 1, "the store is not what it was")
    f.healed()
