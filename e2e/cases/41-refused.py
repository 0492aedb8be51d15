"""what the running Prometheus refuses: the last good one runs on, the culprit is named on its own status"""

import json
import os
import shutil
import signal
import time
import urllib.parse

from lib.between import Between
from lib.sync import Beside
from lib.wait import expect, expect_in, until

DEADLINE_S = 300
ANNOTATIONS = {"prometheus.io/scrape": "true"}
JOB = "scrapePolicy/e41-app/culprit/http"
HEAD = {"global": {"metric_name_validation_scheme": "utf8"}}
PROBE = "never-loads"
WORST = {}  # name: (value, unit)
INNOCENT = 8  # policies beside the culprit

# Prometheus 2.53 runs where 3.16 is declared: what is published is right for the one and not for the other.
FAULTS = {
    "a field that it does not know": ({"fallbackScrapeProtocol": "PrometheusText0.0.4"}, "fallback_scrape_protocol not found"),
    "a value that it does not take": ({"relabel": "a-b c"}, "\"a-b c\" is invalid 'target_label'"),
}


def run(t):
    tools = t.plane.tools_of("prometheus-2")
    if tools is None:
        t.note("Prometheus 2.53 is not built: left out (hack/tools/build prometheus-2)")
        return
    monitoring, app = t.ns("monitoring", "output"), t.ns("app")
    t.observatory(monitoring)
    t.deployment(app, "web", {"http": 8080}, ANNOTATIONS, replicas=1)
    t.app(t.pods(app, "web")[0], 8080)
    for n in range(INNOCENT):
        policy(t, app, f"innocent-{n}")
    policy(t, app, "culprit")
    t.start("--trusted-namespaces", monitoring)
    beside = Beside(t, monitoring, tools=tools)
    beside.between = Between(t, beside.url)
    beside.reload = f"{beside.between.url}/-/reload"
    beside.both().loaded()
    beside.server.up(None, 1)
    began = time.time()
    taken(t, beside)
    for layout in ("Single", "Files"):
        before = beside.published_hash()
        observatory(t, beside, layout=layout)
        until(lambda: layout == "Single" or beside.published_hash() not in (None, before), 10, "not published")
        beside.loaded()
        head(t, beside, layout)
        for fault, (spec, words) in FAULTS.items():
            culprit(t, beside, f"{layout}, {fault}", spec, words)
    newer(t, beside)
    killed(t, beside)
    gaps(t, beside, began)
    restarted(t, beside)
    damaged(t, beside)
    first(t, beside)
    raw(t)
    for name, (value, unit) in WORST.items():
        t.figure(f"{name}, at most", value, unit)


def policy(t, app, name, fallbackScrapeProtocol=None, relabel=None):
    endpoint = {"port": "http"}
    if relabel:
        endpoint["metricRelabelings"] = [{"sourceLabels": ["x"], "targetLabel": relabel}]
    spec = {"selector": {"matchLabels": {"app": f"no-{name}"}}, "endpoints": [endpoint]}
    if fallbackScrapeProtocol:
        spec["fallbackScrapeProtocol"] = fallbackScrapeProtocol
    t.policy(app, name, **spec)
    return time.monotonic()


def observatory(t, beside, **prometheus):
    spec = {**getattr(beside, "spec", {}), **prometheus}
    beside.spec = {key: value for key, value in spec.items() if value is not None}
    t.observatory(beside.ns, **beside.spec)
    return time.monotonic()


def state(t, beside):
    """status and reason of the Observatory's Loaded and Ready."""
    rows = [t.condition("Observatory", beside.ns, "main", kind) for kind in ("Loaded", "Ready")]
    return [(row.get("status"), row.get("reason")) for row in rows]


def measure(beside, name, what, value, bar):
    """The worst of its kind is a figure; every one has to be within the bar."""
    expect(value <= bar, lambda: f"{what}: {name}: {value:.2f}, the bar is {bar}; {beside.said()[-1500:]}")
    WORST[name] = max(WORST.get(name, (0, "")), (value, "" if isinstance(value, int) else "s"))


def refused(t, beside, since, words, what):
    """The Observatory says so, with Prometheus' words."""
    wanted = [("False", "Refused")] * 2
    until(lambda: state(t, beside) == wanted, 15, lambda: f"{what}: {state(t, beside)}; {beside.entry()}; {beside.said()[-1500:]}")
    measure(beside, "refusal told", what, time.monotonic() - since, 5)
    return beside.said_so("Refused", words)


def loaded(t, beside, since, what):
    beside.loaded()
    until(lambda: state(t, beside) == [("True", "Loaded"), ("True", "Published")] or state(t, beside)[1][0] == "True", 10,
          lambda: f"{what}: {state(t, beside)}")
    measure(beside, "loaded again", what, time.monotonic() - since, 5)
    calm(beside)


def calm(beside):
    """No probe is left, and nothing says that a reload has failed."""
    until(lambda: PROBE not in beside.config.read_text(), 10, "a probe is left in the folder")
    name = "prometheus_config_last_reload_successful "
    line = next(row for row in beside.server.fetch("/metrics").splitlines() if row.startswith(name))
    expect(line == name + "1", line)


def taken(t, beside):
    """A job of `base` with the name of one of ours is never published."""
    before = t.content(beside.ns)
    observatory(t, beside, base={"scrape_configs": [{"job_name": JOB}]})
    t.refused("Observatory", beside.ns, "main", "InvalidBase", [JOB])
    expect(t.content(beside.ns) == before, "a name that is there twice was published")
    observatory(t, beside, base=None)
    t.accepted("Observatory", beside.ns, "main")


def head(t, beside, layout):
    """A fault outside of the jobs: nobody's policy is blamed."""
    what = f"{layout}, head"
    row = refused(t, beside, observatory(t, beside, base=HEAD), ["metric_name_validation_scheme", "no job is to blame",
                                                                "the last good one runs on"], what)
    expect(not row.get("culprits"), f"{what}: {row}")
    until(lambda: PROBE not in beside.config.read_text(), 10, "a probe is left")
    loaded(t, beside, observatory(t, beside, base=None), what)


def culprit(t, beside, what, spec, words):
    """One policy of many: named by its job, and on its own status; mended, all is well."""
    since = policy(t, "e41-app", "culprit", **spec)
    before = beside.between.reloads()
    refused(t, beside, since, [], what)
    row = beside.said_so("Refused", [words, JOB, "the last good one runs on"])
    expect(row["culprits"] == [JOB], f"{what}: {row}")
    own = until(lambda: (row := own_row(t)).get("status") == "False" and row, 5, lambda: f"{what}: {own_row(t)}")
    expect(own["reason"] == "Refused", f"{what}: {own}")
    expect_in([words], own["message"], what)
    until(lambda: kubectl(t) == {"culprit": ["False", "Refused"]}, 5, lambda: f"{what}: kubectl get sp: {kubectl(t)}")
    until(lambda: beside.entry()["reason"] == "Refused" and PROBE not in beside.config.read_text(), 5, "a probe is left")
    calm_later(beside)
    measure(beside, "reloads to find the culprit", what, beside.between.reloads() - before, 25)
    loaded(t, beside, policy(t, "e41-app", "culprit"), what)
    until(lambda: kubectl(t) == {}, 5, lambda: f"{what}: {kubectl(t)}")


def own_row(t):
    """What the culprit's own status says of the Observatory's Loaded."""
    status = t.api.get("ScrapePolicy", "e41-app", "culprit").get("status", {})
    rows = status.get("observatories", [{}])[0].get("conditions", [])
    return next((row for row in rows if row["type"] == "Loaded"), {})


def calm_later(beside):
    name = "prometheus_config_last_reload_successful 1"
    until(lambda: name in beside.server.fetch("/metrics"), 10, "the last reload stays a failed one")


def kubectl(t):
    """{name: [READY, REASON]} of the policies that are not ready."""
    rows = [line.split() for line in t.plane.kubectl("get", "sp", "-n", "e41-app", "--no-headers").splitlines()]
    return {row[0]: row[1:3] for row in rows if row[1] != "True"}


def slow(beside, seconds):
    def before(method, path):
        if path == "/-/reload":
            time.sleep(seconds)
    beside.between.before = before


def searching(beside):
    until(lambda: PROBE in beside.config.read_text(), 15, lambda: f"no search: {beside.said()[-1500:]}")


def newer(t, beside):
    """A newer generation in the middle of a search ends it."""
    slow(beside, 0.5)
    policy(t, "e41-app", "culprit", relabel="a-b c")
    searching(beside)
    policy(t, "e41-app", "innocent-0", relabel="good")
    policy(t, "e41-app", "culprit")
    beside.loaded()
    slow(beside, 0)
    calm(beside)


def killed(t, beside):
    """sync ends while `current` leads to a probe: the next one puts the good one back first."""
    good = beside.generation()
    slow(beside, 1)
    policy(t, "e41-app", "culprit", relabel="a-b c")
    searching(beside)
    beside.process.signal(signal.SIGKILL)
    beside.process.end()
    expect(PROBE in beside.config.read_text(), "killed too late")
    lines = beside.said().count("\n")
    slow(beside, 0)
    beside.start_sync()
    until(lambda: beside.count("last good generation is put back") == 1, 10, lambda: beside.said()[-1500:])
    said = beside.said().splitlines()[lines:]
    at = [n for n, line in enumerate(said) if "put back" in line][0]
    expect(at <= 2, f"not the first thing that it does: {said[:at + 1]}")
    row = beside.said_so("Refused", [JOB])
    expect(row["culprits"] == [JOB], f"{row}")
    calm_later(beside)
    expect(beside.generation() == good, f"{beside.generation()} is not {good}")
    loaded(t, beside, policy(t, "e41-app", "culprit"), "killed in a search")


def gaps(t, beside, began):
    """All the time the one target was up and scraped: by the samples themselves."""
    query = urllib.parse.urlencode({"query": f"up[{int(time.time() - began)}s]"})
    rows = json.loads(beside.server.fetch(f"/api/v1/query?{query}"))["data"]["result"]
    rows = [row for row in rows if len(row["values"]) > 2]
    expect(len(rows) == 1, f"series of up: {[row['metric'] for row in rows]}")
    times = [float(at) for at, _ in rows[0]["values"]]
    expect(all(value == "1" for _, value in rows[0]["values"]), "the target was down")
    t.figure("longest gap between scrapes", max(b - a for a, b in zip(times, times[1:])), "s", bar=3)
    t.figure("scrapes", len(times), "")


def refuse(t, beside):
    """The culprit is back, and named."""
    policy(t, "e41-app", "culprit", relabel="a-b c")
    beside.said_so("Refused", [JOB], timeout=20)
    calm_later(beside)


def restarted(t, beside):
    """While something is refused Prometheus starts with the last good one, and sync finds the same again."""
    good = beside.generation()
    refuse(t, beside)
    expect(beside.generation() == good, f"{beside.generation()} is not {good}")
    beside.server.end()
    beside.serve()
    beside.server.up(None, 1)
    beside.stop_sync()
    beside.start_sync()
    searched = "searched for what is refused job=" + JOB
    until(lambda: searched in beside.said().rpartition("starting version")[2], 15, lambda: beside.said()[-1500:])
    row = beside.said_so("Refused", [JOB, "the last good one runs on"])
    expect(row["culprits"] == [JOB] and beside.generation() == good, f"{row}")
    beside.server.up(None, 1)
    loaded(t, beside, policy(t, "e41-app", "culprit"), "both restarted")


def damaged(t, beside):
    """While something is refused the good one cannot be read again: it is left alone, and that is said."""
    good = beside.generation()
    refuse(t, beside)
    file = next((beside.out / "current").glob("jobs*.yml"))
    file.unlink()
    beside.said_so("Refused", [file.name, "was removed", "cannot be written again"])
    time.sleep(6)  # a look more
    expect(beside.generation() == good, f"{beside.generation()} is not {good}")
    policy(t, "e41-app", "culprit")
    beside.loaded()
    until(file.exists, 10, f"{file.name} is not there again")
    until(lambda: os.readlink(beside.out / "proved") == beside.generation(), 15, "the folder that was mended is not proved")
    refuse(t, beside)
    (beside.out / "current").unlink()
    (beside.out / "current").symlink_to("elsewhere")
    until(beside.config.exists, 10, "the link stays as somebody has put it")
    policy(t, "e41-app", "culprit")
    beside.loaded()


def first(t, beside):
    """Nothing to go back to: it is said, the culprit is named all the same, and mended it runs."""
    beside.stop_sync()
    shutil.rmtree(beside.out)
    policy(t, "e41-app", "culprit", relabel="a-b c")
    until(lambda: b"a-b c" in t.content(beside.ns) if beside.spec["layout"] == "Single" else True, 10, "not published")
    beside.start_sync()
    row = beside.said_so("Refused", ["there is no earlier one to go back to", JOB], timeout=20)
    expect(row["culprits"] == [JOB], f"{row}")
    loaded(t, beside, policy(t, "e41-app", "culprit"), "the first one refused")


def raw(t):
    """A raw job is the culprit, with the newest Prometheus: it is named, and nobody's policy is blamed."""
    ns = t.ns("raw", "output", "references")
    extra(t, ns, "127.0.0.1:9")
    t.stop()
    t.observatory(ns, everywhere=False, additionalScrapeConfigs={"name": "extra", "key": "jobs.yaml"})
    t.policy(ns, "innocent", selector={}, endpoints=[{"port": "http"}])
    t.start("--trusted-namespaces", f"e41-monitoring,{ns}")
    beside = Beside(t, ns, instance="prometheus-1").both()
    beside.loaded()
    since = extra(t, ns, "http://127.0.0.1:9/x")
    row = beside.said_so("Refused", ["is not a valid hostname", "(job raw/one)"])
    measure(beside, "culprit named", "raw job", time.monotonic() - since, 5)
    expect(row["culprits"] == ["raw/one"], f"{row}")
    until(lambda: state(t, beside) == [("False", "Refused")] * 2, 5, lambda: f"{state(t, beside)}")
    status = t.api.get("ScrapePolicy", ns, "innocent")["status"]
    expect("Refused" not in json.dumps(status), f"{status}")
    loaded(t, beside, extra(t, ns, "127.0.0.1:9"), "raw job")


def extra(t, ns, target):
    jobs = f"- job_name: raw/one\n  static_configs:\n  - targets: ['{target}']\n- job_name: raw/two\n"
    t.api.apply("Secret", ns, "extra", stringData={"jobs.yaml": jobs})
    return time.monotonic()
