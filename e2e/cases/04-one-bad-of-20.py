"""one bad ScrapePolicy of 20: the others stay without a gap, it says why, mending publishes it"""

import time

from lib.case import content_of
from lib.wait import expect, expect_in, until

COUNT = 20
BAD = {  # name: what is wrong, reason, words that its status must have (field, fault, remedy)
    "regex": ({"endpoints": [{"port": "http", "metricRelabelings": [{"sourceLabels": ["__name__"], "regex": "go_(.*",
                                                                    "action": "drop"}]}]},
              "InvalidRegex", ["spec.endpoints[0].metricRelabelings[0].regex", "go_(.*", ")"]),
    "preset": ({"preset": "istio-proxi", "endpoints": None}, "UnknownPreset",
               ["spec.preset", "istio-proxi", "istio-proxy"]),
    "secret": ({"endpoints": [{"port": "http", "authorization": {"credentials": {"name": "absent", "key": "token"}}}]},
               "RefNotFound", ["spec.endpoints[0].authorization.credentials", "absent"]),
    "port": ({"endpoints": [{"port": "http metrics"}]}, "InvalidField",
             ["spec.endpoints[0].port", "http metrics"]),
}


def good(number):
    return {"selector": {"matchLabels": {"app": f"app-{number}"}}, "endpoints": [{"port": "http"}]}


def job(app, name):
    return f"job_name: scrapePolicy/{app}/{name}/"


def gaps(watch, others):
    """Versions of the output, seen by the watch, in which one of the others is missing."""
    texts = [content_of(thing).decode() for _, kind, thing in watch.events if kind != "DELETED"]
    deleted = [kind for _, kind, _ in watch.events if kind == "DELETED"]
    return deleted + [name for text in texts for name in others if name not in text]


def tells(t, app, name, words):
    """Event and columns of a refused policy."""
    def events():
        return [event for event in t.api.list("Event", app) if event["regarding"]["name"] == name]
    found = until(events, 5, f"no Event on {name}")
    expect_in(words, found[-1]["note"], "Event")
    wide = t.plane.kubectl("get", "sp", name, "-n", app, "-o", "wide")
    expect_in(["READY", "REASON", "False", *words], wide, "kubectl get sp")


def break_and_mend(t, monitoring, app, name, bad):
    """Seconds from the mending to the output."""
    change, reason, words = bad
    t.api.merge("ScrapePolicy", app, name, {"spec": change})
    t.refused("ScrapePolicy", app, name, reason, words)
    tells(t, app, name, words)
    t.absent(monitoring, [job(app, name)])
    t.api.merge("ScrapePolicy", app, name, {"spec": {"preset": None, **good(name)}})
    begin = time.monotonic()
    t.published(monitoring, [job(app, name)], timeout=3)
    return time.monotonic() - begin


def run(t):
    monitoring = t.ns("monitoring", "output")
    app = t.ns("app", "references")
    names = [f"sp-{number:02}" for number in range(COUNT - len(BAD))] + sorted(BAD)
    for name in names:
        t.policy(app, name, **good(name))
    t.observatory(monitoring)
    t.start("--trusted-namespaces", monitoring)
    t.published(monitoring, [job(app, name) for name in names])
    slowest = 0
    for name, bad in BAD.items():
        watch = t.api.watch("Secret", monitoring, "main-prometheus")
        slowest = max(slowest, break_and_mend(t, monitoring, app, name, bad))
        found = gaps(watch, [job(app, other) for other in names if other != name])
        watch.close()
        expect(not found, f"missing for a moment: {found[:5]}")
        t.accepted("ScrapePolicy", app, name)
    t.figure("mended", slowest, "s", 1)
