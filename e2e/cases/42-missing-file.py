"""Prometheus loads without a word when a file is missing: told with the job's name, and mended"""

import time
import urllib.request

from lib.between import Between
from lib.prometheus import free_port
from lib.sync import Beside
from lib.wait import expect, expect_in, until

DEADLINE_S = 200
ANNOTATIONS = {"prometheus.io/scrape": "true"}
JOB = "scrapePolicy/e42-app/cart/http"


def run(t):
    monitoring, app = t.ns("monitoring", "output"), t.ns("app")
    t.observatory(monitoring, layout="Files")
    t.deployment(app, "web", {"http": 8080}, ANNOTATIONS, replicas=1)
    t.app(t.pods(app, "web")[0], 8080)
    t.start("--trusted-namespaces", monitoring)
    health = f"127.0.0.1:{free_port()}"
    beside = Beside(t, monitoring, flags=["--health-probe-bind-address", health])
    beside.health = f"http://{health}"
    between = Between(t, beside.url)
    beside.reload = f"{between.url}/-/reload"
    beside.both().loaded()
    beside.server.up(None, 1)
    removed_before_reload(t, beside, between)
    put_back_in_time(t, beside, between)
    removed_later(t, beside)
    edited_later(t, beside)


def listed(beside):
    """The files with jobs of the current generation."""
    return sorted((beside.out / "current").glob("jobs*.yml")) + sorted((beside.out / "current").glob("jobs/*.yml"))


def remover(beside):
    """Removes what is listed right before each reload."""
    def before(method, path):
        if path == "/-/reload":
            for file in listed(beside):
                file.unlink()
    return before


def policy(t, name, **endpoint):
    t.policy("e42-app", name, selector={"matchLabels": {"app": name}}, endpoints=[{"port": "http", **endpoint}])
    return time.monotonic()


def told(t, beside, since, words, what, bar=None):
    row = beside.said_so("PoolsMissing", words, timeout=25)
    own = until(lambda: (row := t.condition("Observatory", beside.ns, "main", "Loaded"))["reason"] == "PoolsMissing" and row, 5,
                lambda: f"{what}: {t.condition('Observatory', beside.ns, 'main', 'Loaded')}")
    t.figure(f"{what}: told", time.monotonic() - since, "s", bar=bar)
    expect(own["status"] == "False", f"{what}: {own}")
    expect_in(words, own["message"], what)
    return row


def removed_before_reload(t, beside, between):
    between.before = remover(beside)
    since = policy(t, "cart")
    told(t, beside, since, [JOB, "was removed"], "removed before each reload", bar=10)
    expect(JOB not in beside.server.fetch("/api/v1/scrape_pools"), "it runs all the same")
    writes = beside.entry()
    time.sleep(12)  # a few rounds: one thing is said, and not again and again
    row = beside.entry()
    expect(row["reason"] == "PoolsMissing" and row["message"] == writes["message"], f"{writes} → {row}")
    t.figure("reloads while it lasts", between.reloads(), "")
    expect(between.reloads() < 30, "Prometheus has no rest")
    between.before = lambda method, path: None
    since = time.monotonic()
    beside.loaded()
    t.figure("recovered", time.monotonic() - since, "s", bar=15)
    expect(JOB in beside.server.fetch("/api/v1/scrape_pools"), "it does not run")


def put_back_in_time(t, beside, between):
    """Only Prometheus missed the file: the folder is as it should be when somebody looks."""
    held = []

    def before(method, path):
        if path == "/-/reload" and not held:
            file = listed(beside)[0]
            held.append((file, file.with_suffix(".away")))
            file.rename(held[0][1])
        elif held and held[0][1].exists():
            held[0][1].rename(held[0][0])
    between.before = before
    since = policy(t, "shop")
    row = told(t, beside, since, ["has no scrape pool for"], "put back")
    expect("e42-app" in row["message"] or "annotations/" in row["message"], f"{row}")
    beside.loaded(60)
    between.before = lambda method, path: None


def counter(beside, name):
    """A metric of sync's own."""
    with urllib.request.urlopen(f"{beside.health}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"binnacle_sync_{name} "))


def reloaded(beside):
    """When Prometheus has loaded a configuration last."""
    name = "prometheus_config_last_reload_success_timestamp_seconds "
    return next(line for line in beside.server.fetch("/metrics").splitlines() if line.startswith(name))


def repaired(t, beside, how, change):
    what = f"{how} by hand"
    before, repairs, reload = beside.generation(), counter(beside, "repairs_total"), reloaded(beside)
    file = listed(beside)[0]
    since = time.monotonic()
    change(file)
    until(lambda: beside.generation() != before and listed(beside), 15, lambda: f"{what}: not written again: {beside.said()[-800:]}")
    t.figure(f"{what}: written again", time.monotonic() - since, "s", bar=7)
    beside.loaded()
    expect(reloaded(beside) != reload, f"{what}: no reload")
    expect(counter(beside, "repairs_total") == repairs + 1, f"{what}: {counter(beside, 'repairs_total')} repairs, {repairs} before")
    said = [line for line in beside.said().splitlines() if "somebody changed the folder" in line]
    expect(f"file={file.name} how={how}" in said[-1], f"{what}: {said[-1]}")


def removed_later(t, beside):
    repaired(t, beside, "removed", lambda file: file.unlink())


def edited_later(t, beside):
    repaired(t, beside, "edited", lambda file: file.write_text("scrape_configs: []\n"))
