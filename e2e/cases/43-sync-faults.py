"""sync and its Prometheus killed, disk full, rights gone, no API server: whole sets only, and Loaded again"""

import random
import re
import time

import yaml

from lib.case import jobs_of
from lib.prometheus import unshare
from lib.sync import Beside, Checker, Stream, Walled
from lib.wait import expect, expect_in, until

DEADLINE_S = 420
KILLS = 10
POLICIES, RULES = 24, 100  # over 1 MB of jobs: several files
MEND_S = 75  # a wait between two tries is 30 s at most, a heartbeat 60 s


def bulk(t, ns, number, rules=RULES):
    t.policy(ns, f"bulk-{number}", selector={}, endpoints=[{
        "port": "http", "path": f"/bulk-{number}", "metricRelabelings": [
            {"sourceLabels": ["__name__"], "regex": f"unwanted_{number}_{rule}_" + "series|" * 80, "action": "drop"}
            for rule in range(rules)]}])


def change(t, app, value):
    t.api.annotate("Deployment", app, "web", {"prometheus.io/path": f"/metrics/{value}"})


def has(beside, text):
    return text in beside.text()


def changed(t, beside, app, value, timeout=MEND_S):
    """One change, until it is proved to run."""
    change(t, app, value)
    until(lambda: has(beside, f"/metrics/{value}\n"), timeout,
          lambda: f"/metrics/{value} is not in OUT: {beside.said()[-1500:]}")
    until(lambda: is_proved(beside), timeout, lambda: f"/metrics/{value} is not proved: {beside.said()[-1500:]}")
    return beside.loaded(timeout)


def is_proved(beside):
    """By sync's own word: the Observatory's status may be older than what is on disk."""
    said = re.findall(r"(generation written|generation is on disk|loaded and proved) hash=(\S+)", beside.said())
    return said and said[-1][0] == "loaded and proved"


def early(t, ns):
    """Before the Observatory is there, before anything is published, before Prometheus runs."""
    beside = Beside(t, ns).start_sync()
    until(lambda: "there is no such Observatory yet" in beside.said(), 15, lambda: f"nothing said: {beside.said()}")
    t.observatory(ns, layout="Files")
    row = beside.said_so("Loading", ["nothing is published yet"])
    expect("hash" not in row, f"{row}")
    return beside


def another_file(t, beside):
    """Prometheus is not there yet, then runs another file than it is given."""
    beside.said_so("Unreachable", [beside.url], 30)
    other = beside.dir / "other.yml"
    other.write_text("scrape_configs:\n- job_name: other\n")
    folder = beside.dir / "other"
    folder.mkdir()
    server = beside.new_server(folder, beside.dir / "other.log", other)
    t.undo.append(server.end)
    row = beside.said_so("Unreachable", ["another configuration file", f"--config.file={beside.config}"], 40)
    t.note(f"\"{row['message'][:40]}...\"")
    server.end()
    beside.serve()
    beside.loaded(MEND_S)


def server_killed(t, app, beside):
    """In the middle of many changes."""
    checker = Checker(beside)
    stream = Stream(t, lambda n: change(t, app, f"server-{n}"))
    for _ in range(3):
        time.sleep(random.uniform(0.2, 1))
        beside.kill_server()
        time.sleep(random.uniform(0, 0.5))
        beside.serve()
    last = stream.end()
    changed(t, beside, app, "server-last")
    checker.end()
    expect_jobs(t, beside)
    t.note(f"server killed 3 times in {last} changes, {checker.reads} reads")


def expect_jobs(t, beside):
    """What runs is what the controller publishes, to the job."""
    want = sorted(job for job in jobs_of(beside.text()) if not job.startswith("binnacle.dev/generation-"))
    until(lambda: beside.runs() == want, 15, lambda: f"Prometheus has {len(beside.runs())} jobs of {len(want)}")
    return want


def sync_killed(t, app, beside):
    checker = Checker(beside)
    stream = Stream(t, lambda n: change(t, app, f"sync-{n}"))
    for _ in range(KILLS):
        time.sleep(random.uniform(0.02, 0.9))
        beside.kill_sync()
        beside.start_sync()
    last = stream.end()
    changed(t, beside, app, "sync-last")
    checker.end()
    expect_jobs(t, beside)
    expect(len(checker.sets) > 1, f"only {len(checker.sets)} generation was seen")
    t.note(f"sync killed {KILLS} times in {last} changes, {len(checker.sets)} generations in {checker.reads} reads")
    names = {path.name for path in beside.view.iterdir()}
    expect(names == {"current", "proved", beside.generation()}, f"left in OUT: {sorted(names)}")


def disk(t, ns, app):
    """A full disk, one that is read-only, and both mended."""
    if unshare() is None:
        t.note("no mount namespace on this machine: no full disk")
        return
    beside = Walled(t, ns, instance="prometheus-walled", size="3m").both()
    beside.loaded(MEND_S)
    checker = Checker(beside)
    for number in range(POLICIES, POLICIES * 3):
        bulk(t, app, number)
    full = beside.said_so("WriteFailed", ["o space left"], 40)
    expect(full["hash"] and not has(beside, f"bulk-{POLICIES * 3 - 1}"), f"{full}")
    beside.remount("size=64m")
    begin = time.monotonic()
    until(lambda: has(beside, f"bulk-{POLICIES * 3 - 1}"), MEND_S, lambda: f"not written: {beside.said()[-1500:]}")
    beside.loaded(MEND_S)
    t.figure("loaded after the disk grew", time.monotonic() - begin, "s")
    beside.remount("ro")
    change(t, app, "read-only")
    beside.said_so("WriteFailed", ["ead-only file system"], 40)
    beside.remount("rw")
    begin = time.monotonic()
    until(lambda: has(beside, "/metrics/read-only\n"), MEND_S, lambda: f"not written: {beside.said()[-1500:]}")
    beside.loaded(MEND_S)
    t.figure("loaded after the disk was writable", time.monotonic() - begin, "s")
    checker.end()
    beside.forget()
    for number in range(POLICIES, POLICIES * 3):
        t.api.delete("ScrapePolicy", app, f"bulk-{number}")


def token(t, app, beside):
    """A token that is not taken any more, then a good one in the same file."""
    beside.stop_sync()
    config = yaml.safe_load(beside.kubeconfig.read_text())
    user = config["users"][0]["user"]
    file = beside.dir / "token"
    good = user.pop("token")
    file.write_text(good)
    user["tokenFile"] = str(file)
    beside.kubeconfig.write_text(yaml.safe_dump(config))
    beside.start_sync()
    changed(t, beside, app, "token-good")
    before = beside.generation()
    file.write_text("rubbish")
    beside.stop_sync()
    beside.start_sync()
    until(lambda: "nauthorized" in beside.said()[-3000:] or "401" in beside.said()[-3000:], 20,
          lambda: f"it does not say that its token is refused: {beside.said()[-1500:]}")
    change(t, app, "token-bad")
    time.sleep(2)
    expect(beside.generation() == before, "it has something new without a token")
    file.write_text(good)
    begin = time.monotonic()
    until(lambda: has(beside, "/metrics/token-bad\n"), MEND_S, lambda: f"{beside.said()[-1500:]}")
    beside.loaded(MEND_S)
    t.figure("loaded after a good token", time.monotonic() - begin, "s")


def outage(t, app, beside):
    before = beside.generation()
    t.plane.stop("apiserver")
    time.sleep(8)
    expect(beside.process.alive() and beside.generation() == before, "an outage changed what is loaded")
    t.plane.start("apiserver")
    begin = time.monotonic()
    until(lambda: answers(t), 30, "the API server does not answer")
    changed(t, beside, app, "outage")
    t.figure("loaded after an outage", time.monotonic() - begin, "s")


def answers(t):
    try:
        return t.api.list("Namespace")
    except Exception:  # whatever a server says that is just coming up
        return None


def deleted(t, ns, app, beside):
    """What runs stays, whatever becomes of the Observatory."""
    jobs, before = expect_jobs(t, beside), beside.generation()
    t.api.delete("Observatory", ns, "main")
    until(lambda: t.api.get("Secret", ns, "main-prometheus") is None, 20, "the output is not collected")
    until(lambda: "the Observatory is gone; what is loaded stays" in beside.said(), 10, "it does not say so")
    time.sleep(1)
    expect(beside.generation() == before and beside.runs() == jobs, "what ran is gone")
    t.observatory(ns, layout="Files")
    changed(t, beside, app, "again", 30)  # and not only with a heartbeat: the new status is empty


def run(t):
    random.seed(43)
    monitoring, app = t.ns("monitoring", "output"), t.ns("app")
    t.deployment(app, "web", {"http": 8080}, {"prometheus.io/scrape": "true"}, replicas=1)
    t.app(t.pods(app, "web")[0], 8080)
    for number in range(POLICIES):
        bulk(t, app, number)
    beside = early(t, monitoring)
    t.start("--trusted-namespaces", monitoring)
    until(beside.look, 20, lambda: f"nothing in OUT: {beside.said()[-1500:]}")
    another_file(t, beside)
    files = list((beside.out / "current").glob("jobs-*.yml"))
    expect(len(files) > 1, f"one file of jobs is too few for this case: {files}")
    server_killed(t, app, beside)
    sync_killed(t, app, beside)
    disk(t, monitoring, app)
    token(t, app, beside)
    outage(t, app, beside)
    deleted(t, monitoring, app, beside)
    expect_in(["loaded and proved"], beside.said(), "the log")
