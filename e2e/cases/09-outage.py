"""kube-apiserver, then etcd, stopped and started: it goes on by itself and loses no change"""

import os
import time

from lib.case import jobs_of
from lib.wait import expect, until

OUTAGE_S = 30 if os.environ.get("E2E_LONG") else 6
DEADLINE_S = 240
BACK_S = max(15, OUTAGE_S)  # waits between tries grow with the outage, never beyond it


def change(t, app, path):
    t.api.annotate("Deployment", app, "shop", {"prometheus.io/path": path})


def back(t, path, app, monitoring):
    """Seconds from the API server being ready until a change that was made right then is published."""
    begin = time.monotonic()
    change(t, app, path)
    t.published(monitoring, [path], timeout=40)
    return time.monotonic() - begin


def outage(t, part, app, monitoring):
    change(t, app, f"/before-{part}")  # on its way when the lights go out
    t.plane.stop(part)
    time.sleep(OUTAGE_S)
    expect(t.controller.process.alive(), "binnacle ended")
    expect(t.controller.fetch("/healthz")[0] == 200, "healthz fails: a kubelet would restart it")
    t.plane.start(part)
    until(lambda: answers(t), 20, "the API server does not answer")
    return back(t, f"/after-{part}", app, monitoring)


def answers(t):
    try:
        return t.api.list("Namespace")
    except Exception:  # whatever a server says that is just coming up
        return None


def run(t):
    monitoring = t.ns("monitoring", "output")
    app = t.ns("app")
    t.deployment(app, "shop", {"http": 8080}, annotations={"prometheus.io/scrape": "true"})
    t.policy(app, "extra", selector={}, endpoints=[{"port": "http", "path": "/extra"}])
    t.observatory(monitoring, presets=["istio-proxy"])
    t.start("--trusted-namespaces", monitoring)
    t.published(monitoring, ["annotations/"])
    lists = t.controller.metric("binnacle_lists_total")
    t.note(f"{OUTAGE_S} s each")
    for part in ("apiserver", "etcd"):
        t.figure(f"published after {part}", outage(t, part, app, monitoring), "s", BACK_S)
    t.controller.ready(40)
    jobs = jobs_of(t.content(monitoring).decode())
    expect(len(jobs) == 3, f"jobs: {jobs}")
    relists = t.controller.metric("binnacle_lists_total") - lists
    before = t.settled()
    time.sleep(3)
    expect(before == t.versions(), "it keeps writing after the outages")
    t.figure("lists again", int(relists), "")
