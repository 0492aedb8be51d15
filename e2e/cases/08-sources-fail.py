"""a source that answers 403 or 404, or a slow Secret, makes nothing disappear and nothing partial"""

import time

from lib.case import content_of, jobs_of
from lib.proxy import Proxy
from lib.wait import expect, until

SLOW_S = 3.0
LATER = [("deployments", 403), ("scrapepolicies", 404)]
AT_START = [("deployments", 403), ("scrapepolicies", 404), ("pods", 403), ("observatories", 404)]


def objects(t):
    monitoring = t.ns("monitoring", "output")
    app = t.ns("app", "references")
    t.deployment(app, "shop", {"http": 8080}, replicas=1, annotations={"prometheus.io/scrape": "true"})
    t.pods(app, "shop")
    t.api.create("Secret", app, "login", stringData={"token": "t"})
    t.policy(app, "plain", selector={}, endpoints=[{"port": "http", "path": "/plain"}])
    t.policy(app, "token", selector={}, endpoints=[
        {"port": "http", "path": "/other", "authorization": {"credentials": {"name": "login", "key": "token"}}}])
    t.observatory(monitoring, presets=["istio-proxy"])
    return monitoring, app


def start(t, proxy, monitoring, ready=True):
    """binnacle that sees the API server through the proxy."""
    t.stop()
    kubeconfig = proxy.kubeconfig(t.plane.kubeconfig("binnacle-system/binnacle", t.dir / "proxied"))
    return t.launch(kubeconfig, "--trusted-namespaces", monitoring, ready=ready)


def changed(watch):
    """Other job lists than the last one before, as the watch saw them."""
    return [(kind, jobs_of((content_of(thing) or b"").decode())) for _, kind, thing in watch.events]


def failing_from_the_start(t, proxy, monitoring, kind, status):
    """Nothing is written while one kind cannot be listed; then it goes on."""
    proxy.rules = [(rf"GET /apis?/.*/{kind}\?", status)]
    watch = t.api.watch("Secret", monitoring, "main-prometheus")
    controller = start(t, proxy, monitoring, ready=False)
    until(lambda: proxy.count(rf"/{kind}\?") >= 1, 10, f"{kind} were not asked for")
    time.sleep(1.5)
    expect(not changed(watch), lambda: f"{kind} {status}: written: {changed(watch)}")
    expect(kind in controller.readyz() and "[-]" in controller.readyz(), f"readyz is silent: {controller.readyz()}")
    proxy.rules = []
    controller.ready(40)
    time.sleep(0.3)
    expect(not changed(watch), lambda: f"{kind} {status}: written afterwards: {changed(watch)}")
    watch.close()


def failing_later(t, proxy, monitoring, app, kind, status):
    """A watch that ends and cannot be opened again: what is known stays, others go on."""
    watch = t.api.watch("Secret", monitoring, "main-prometheus")
    proxy.rules = [(rf"GET /apis?/.*/{kind}\?", status)]
    proxy.cut()
    time.sleep(1.5)
    expect(not changed(watch), lambda: f"{kind} {status}: written: {changed(watch)}")
    path = f"/later-{kind}-{status}"
    other = "ScrapePolicy" if kind != "scrapepolicies" else "Deployment"
    if other == "ScrapePolicy":
        t.api.merge(other, app, "plain", {"spec": {"endpoints": [{"port": "http", "path": path}]}})
    else:
        t.api.annotate(other, app, "shop", {"prometheus.io/path": path})
    text = t.published(monitoring, [path])
    expect(len(jobs_of(text)) == 4, f"{kind} {status}: jobs went: {jobs_of(text)}")
    proxy.rules = []
    watch.close()


def slow_secret(t, proxy, monitoring):
    """The Secret comes late at a start: no version goes out without its job."""
    t.stop()
    t.api.annotate("Deployment", t.namespaces[1], "shop", {"prometheus.io/path": "/slow"})  # something to write
    proxy.rules = [(r"GET .*/secrets(/login|\?.*name%3Dlogin)", SLOW_S)]
    watch = t.api.watch("Secret", monitoring, "main-prometheus")
    begin = time.monotonic()
    start(t, proxy, monitoring, ready=False)
    t.published(monitoring, ["/slow"], timeout=SLOW_S + 10)
    waited = time.monotonic() - begin
    expect(waited > SLOW_S, f"published after {waited:.1f} s, the Secret took {SLOW_S} s")
    partial = [jobs for _, jobs in changed(watch) if len(jobs) != 4]
    expect(not partial, lambda: f"partial: {partial}")
    watch.close()
    proxy.rules = []


def run(t):
    monitoring, app = objects(t)
    proxy = Proxy(t.plane)
    t.undo.append(proxy.close)
    start(t, proxy, monitoring)
    text = t.published(monitoring, ["/plain", "/other", "annotations/", "envoy-stats"])
    expect(len(jobs_of(text)) == 4, f"jobs: {jobs_of(text)}")
    for kind, status in LATER:
        failing_later(t, proxy, monitoring, app, kind, status)
    for kind, status in AT_START:
        failing_from_the_start(t, proxy, monitoring, kind, status)
    slow_secret(t, proxy, monitoring)
    t.figure("faults", len(LATER) + len(AT_START) + 1, "")
