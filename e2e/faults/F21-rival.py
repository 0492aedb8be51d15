"""somebody else owns fields of our output: taken back once, left alone in a fight, and one Event tells of that"""

import base64
import time

from lib.api import path_of
from lib.wait import expect, until

SECONDS = 30
IN_TEST = True
WRITES = 5  # of one content within a minute
NOTE = "rival.example/note"
OUTPUT = r"^PATCH .*/secrets/main-prometheus\?"


def seize(f):
    """As `kubectl apply --server-side --force-conflicts` does."""
    path = path_of("Secret", f.monitoring, "main-prometheus") + "?fieldManager=rival&force=true"
    f.api.request("PATCH", path, {"apiVersion": "v1", "kind": "Secret",
                                  "metadata": {"name": "main-prometheus", "annotations": {NOTE: "kept"}},
                                  "data": {"prometheus.yml": base64.b64encode(b"rival: {}").decode()}},
                  "application/apply-patch+yaml")


def seized(f):
    return f.content(f.monitoring) == b"rival: {}"


def ready(f):
    return f.condition("Observatory", f.monitoring, "main", "Ready")


def fight(f):
    """They answer each of our writes; how many those are in the time."""
    since = time.monotonic()
    while time.monotonic() - since < 8:
        if not seized(f):
            seize(f)
        time.sleep(0.05)
    return len(f.proxy.lines(OUTPUT, since))


def run(f):
    f.begin()
    since = time.monotonic()
    seize(f)
    f.right(5)
    f.settled()
    expect(len(f.proxy.lines(OUTPUT, since)) == 1, f"taken back by {f.proxy.lines(OUTPUT, since)}")
    thing = f.api.get("Secret", f.monitoring, "main-prometheus")
    expect(thing["metadata"]["annotations"].get(NOTE) == "kept", "a field that is not ours was taken away")

    f.put("p1", "/p1-fight")
    f.right(5)
    f.measure()
    writes = fight(f)
    f.figure("writes in a fight", writes, "", WRITES)
    expect(writes >= 2 and seized(f), f"{writes} writes, and then: {f.content(f.monitoring)[:80]}")
    until(lambda: "ApplyLoop" in str(f.api.get("Observatory", f.monitoring, "main")["status"]), 5,
          lambda: f"the status does not tell: {ready(f)}")
    told = until(lambda: [one for one in f.api.list("Event", f.monitoring) if one["reason"] == "ApplyLoop"], 10,
                 "no Event")
    expect(len(told) == 1, f"{len(told)} Events")
    f.moved("binnacle_output_writes_total", writes, writes)
    f.healed()
