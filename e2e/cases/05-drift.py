"""an output that is edited or deleted by hand is repaired within 1 s"""

import math
import time

from lib.wait import Failed, expect, until

ALONE = True  # it measures
BAR_S = 1
EDITS = {
    "content": {"data": {"prometheus.yml": ""}},
    "key removed": {"data": None},
    "label": {"metadata": {"labels": {"binnacle.dev/observatory": "other"}}},
    "label removed": {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}},
    "hash": {"metadata": {"annotations": {"binnacle.dev/hash": "sha256:0"}}},
}
ORPHAN = {"metadata": {"ownerReferences": None}}
SAME = ("labels", "annotations", "ownerReferences")


def essence(thing):
    return thing and (thing.get("data"), [thing["metadata"].get(field) for field in SAME])


def repaired(t, kind, ns, name, spoil):
    """Seconds until the object is as it was before spoil()."""
    before = essence(t.api.get(kind, ns, name))
    spoil()
    begin = time.monotonic()
    expect(essence(t.api.get(kind, ns, name)) != before or time.monotonic() - begin < BAR_S, "nothing was spoilt")
    try:
        until(lambda: essence(t.api.get(kind, ns, name)) == before, 3, "", every=0.005)
    except Failed:
        return math.inf
    return time.monotonic() - begin


def another(t, ns, kind, name, interval):
    """Another content is wanted: what was repaired again and again is counted anew, so that this is no ApplyLoop."""
    t.observatory(ns, name.partition("-")[0], presets=["istio-proxy"], scrapeInterval=interval,
                  output={"kind": kind, "name": name})
    t.published(ns, [f"scrape_interval: {interval}"], name=name, kind=kind)
    t.settled()


def spoil_all(t, ns, kind, name):
    """Seconds for each way to spoil an output."""
    times = {}
    for what, patch in EDITS.items():
        times[what] = repaired(t, kind, ns, name, lambda: t.api.merge(kind, ns, name, patch))
        if what == "label":
            another(t, ns, kind, name, "2s")
    another(t, ns, kind, name, "3s")
    times["deleted"] = repaired(t, kind, ns, name, lambda: t.api.delete(kind, ns, name))
    times["owner removed"] = repaired(t, kind, ns, name, lambda: t.api.merge(kind, ns, name, ORPHAN))
    left = [what for what, seconds in times.items() if seconds == math.inf]
    expect(not left, f"{kind} {name} is not repaired: {left}")
    return times


def run(t):
    monitoring = t.ns("monitoring", "output")
    t.observatory(monitoring, presets=["istio-proxy"])
    t.observatory(monitoring, "map", presets=["istio-proxy"], output={"kind": "ConfigMap", "name": "map-prometheus"})
    t.start("--trusted-namespaces", monitoring)
    t.published(monitoring, ["envoy-stats"])
    t.published(monitoring, ["envoy-stats"], name="map-prometheus", kind="ConfigMap")
    t.settled()
    times = spoil_all(t, monitoring, "Secret", "main-prometheus")
    t.figure("edited", max(seconds for what, seconds in times.items() if what != "deleted"), "s", BAR_S)
    t.figure("deleted", times["deleted"], "s", BAR_S)
    times = spoil_all(t, monitoring, "ConfigMap", "map-prometheus")
    t.figure("ConfigMap", max(times.values()), "s", BAR_S)
