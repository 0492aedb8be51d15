"""two shards with two replicas each, Prometheus 3.16 and 2.53: told by all four, counted once, labelled by pod"""

import json

import yaml

from lib.sync import Beside
from lib.wait import expect, until

DEADLINE_S = 300
PODS = 6


def status(t, ns):
    return (t.api.get("Observatory", ns, "main").get("status") or {}).get("prometheus", {})


def loaded(t, ns):
    return t.condition("Observatory", ns, "main", "Loaded")


def all_loaded(t, ns, rows, timeout=90):
    """Each says so itself, then the Observatory."""
    until(lambda: all(row.entry().get("reason") == "Loaded" for row in rows), timeout,
          lambda: f"not all are loaded: {status(t, ns).get('instances')}")
    until(lambda: loaded(t, ns).get("status") == "True", 20, lambda: f"{loaded(t, ns)}; {status(t, ns)}")


def instances(t, ns, monitoring_rows):
    listed = status(t, ns)["instances"]
    want = sorted((row.instance, shard) for row, shard in monitoring_rows)
    expect(sorted((row["name"], row["shard"]) for row in listed) == want, f"{listed}")
    hashes = {row["shard"]: row["hash"] for row in listed}
    expect(len(set(hashes.values())) == 2, f"two shards of one content: {listed}")


def counted(t, ns):
    """The sum over shards of the most that a replica has."""
    def look():
        now = status(t, ns)
        most = [max((row.get("targetsUp", 0) for row in now["instances"] if row["shard"] == shard), default=0)
                for shard in (0, 1)]
        return now["loaded"].get("targetsUp") == PODS and most if sum(most) == PODS else None
    most = until(look, 100, lambda: f"not counted: {status(t, ns)}")
    t.note(f"targets by shard {most}, in sum {status(t, ns)['loaded']['targetsUp']}")


def external(row):
    """External labels that the running server has."""
    config = json.loads(row.server.fetch("/api/v1/status/config"))["data"]["yaml"]
    return yaml.safe_load(config)["global"]["external_labels"]


def labels(t, app, rows):
    """By sync where Prometheus does not expand them, else by Prometheus itself."""
    t.api.annotate("Deployment", app, "web", {"binnacle.dev/interval": "2s"})  # now that versions can be asked for
    for row, major in rows:
        until(lambda: "scrape_interval: 2s" in row.text(), 40, lambda: f"{row.instance}: the change did not come")
        row.said_so("Loaded", timeout=40)
        written = yaml.safe_load(row.text())["global"]["external_labels"]["replica"]
        expect(written == ("${POD_NAME}" if major == 3 else row.instance), f"{row.instance}: written {written}")
        expect(external(row)["replica"] == row.instance, f"{row.instance}: {external(row)}")


def no_such_shard(t, ns):
    """Told, and loaded as soon as there is one."""
    row = Beside(t, ns, instance="two-0", shard=2).start_sync()
    said = row.said_so("Incomplete", ["there is no shard 2", "counted from 0"])
    expect("there is no shard 2" in row.said() and not row.config.exists(), f"{said}")
    observe(t, ns, 3)
    until(row.look, 20, lambda: f"shard 2 came, and it does not read it: {row.said()[-1000:]}")
    row.said_so("Unreachable", timeout=40)


def observe(t, ns, shards):
    t.observatory(ns, version="2.53.0", shards=shards, externalLabels={"replica": "${POD_NAME}"})


def run(t):
    monitoring, app = t.ns("monitoring", "output"), t.ns("app")
    older = t.plane.tools_of("prometheus-2")
    if older is None:
        t.note("Prometheus 2.53 is not built: 3.16 in its place (hack/tools/build prometheus-2)")
    t.deployment(app, "web", {"http": 8080}, {"prometheus.io/scrape": "true"}, replicas=PODS)
    for address in t.pods(app, "web", PODS):
        t.app(address, 8080)
    observe(t, monitoring, 2)
    t.start("--trusted-namespaces", monitoring)
    t.published(monitoring, ["annotations/"], "main-prometheus-shard-0")
    made = [(0, 3), (0, 2), (1, 3), (1, 2)]
    rows = [Beside(t, monitoring, instance=f"{'zero' if shard == 0 else 'one'}-{major}", shard=shard,
                   tools=older if major == 2 else None).start() for shard, major in made]
    for row in rows[:3]:
        row.serve()
    for row in rows[:3]:
        row.said_so("Loaded", timeout=60)
    rows[3].said_so("Unreachable", timeout=60)
    expect(loaded(t, monitoring)["status"] == "False", f"Loaded with one away: {loaded(t, monitoring)}")
    rows[3].serve()
    all_loaded(t, monitoring, rows)
    instances(t, monitoring, [(row, shard) for row, (shard, _) in zip(rows, made)])
    counted(t, monitoring)
    labels(t, app, [(row, major if older else 3) for row, (_, major) in zip(rows, made)])
    no_such_shard(t, monitoring)
