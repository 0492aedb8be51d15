"""what the running controller tells: metrics by the names of dashboards, checks by name, its inner state"""

import json
import re
import subprocess

from lib.prometheus import promtool_of
from lib.wait import expect, expect_in, until

ELSEWHERE = ("leader_election_", "certwatcher_")  # only with flags that other cases have


def documented(t):
    """{name: type} of the table in docs/operating.md, and its alerts."""
    text = (t.plane.repo / "docs/operating.md").read_text()
    alerts = next(block for block in re.findall(r"```yaml\n(.*?)```", text, re.S) if block.startswith("groups:"))
    return dict(re.findall(r"^\| `(\w+)` \| (counter|gauge|histogram) \|", text, re.M)), alerts


def check_metrics(t):
    status, text = t.controller.fetch("/metrics", t.controller.metrics_port)
    expect(status == 200, f"/metrics: {status}")
    wanted, alerts = documented(t)
    served = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    told = {name: kind for name, kind in wanted.items() if not name.startswith(ELSEWHERE)}
    expect(served == told, f"served and documented differ: {set(served.items()) ^ set(told.items())}")
    for name in served:
        expect(re.search(rf"^{name}(_bucket)?[{{ ]", text, re.M), f"{name} has no sample")
    used = set(re.findall(r"\b(?:binnacle|rest_client|leader_election)_\w+", alerts))
    expect(used and used <= set(wanted), f"alerts on what is not served: {used - set(wanted)}")
    rules = t.dir / "alerts.yml"
    rules.write_text(alerts)
    lint = subprocess.run([promtool_of(t.plane.tools), "check", "rules", rules], capture_output=True, text=True, timeout=30)
    expect(lint.returncode == 0, f"promtool: {lint.stdout}{lint.stderr}")
    lint = subprocess.run([promtool_of(t.plane.tools), "check", "metrics"], input=text, capture_output=True, text=True,
                          timeout=30)
    expect(lint.returncode == 0 and not lint.stdout + lint.stderr, f"promtool: {lint.stdout}{lint.stderr}")
    t.figure("bytes of /metrics", len(text), "B", 256 * 1024)


def check_process(t):
    """What it says of itself is what the kernel says of it."""
    metric = t.controller.metric
    resident, rss = metric("process_resident_memory_bytes"), t.controller.memory()["rss"]
    expect(0.5 < resident / rss < 2, f"resident: {resident}, {rss}")
    expect(3 < metric("process_open_fds") < 200, f"open files: {metric('process_open_fds')}")
    first = metric("process_cpu_seconds_total")
    until(lambda: t.controller.fetch("/metrics", t.controller.metrics_port) and
          metric("process_cpu_seconds_total") > first, 20, "no CPU time is ever counted")


def check_health(t):
    fetch = t.controller.fetch
    for path, want in (("/healthz", "ok"), ("/readyz", "ok"), ("/readyz/caches", "ok"), ("/healthz/loop", "ok")):
        expect(fetch(path) == (200, want), f"{path}: {fetch(path)}")
    expect_in(["[+]caches ok\nreadyz check passed"], fetch("/readyz?verbose")[1], "readyz")
    expect_in(["services watching"], fetch("/readyz?verbose")[1], "readyz")
    expect_in(["[+]loop ok\n[+]watches ok\nhealthz check passed"], fetch("/healthz?verbose")[1], "healthz")
    expect_in(["[+]caches excluded: ok"], fetch("/readyz?verbose&exclude=caches")[1], "exclude")
    expect(fetch("/readyz/none-such")[0] == 404, "a check that does not exist")
    expect(fetch("/metrics")[0] == 404, "metrics where probes are served")
    expect(fetch("/readyz", t.controller.metrics_port)[0] == 404, "probes where metrics are served")


def check_state(t):
    state = json.loads(t.controller.fetch("/debug/state")[1])
    expect(state["objects"]["observatories"] == 1 and state["observatories"] == 1, f"{state['objects']}")
    watched = {watch["resource"] for watch in state["watches"] if watch["state"] == "watching"}
    expect({"observatories", "services", "deployments"} <= watched, f"watches: {watched}")
    heap = state["allocator"]  # all 0 where a sanitizer has replaced it
    expect(heap["used_bytes"] > 100_000 or heap["heap_bytes"] == 0, f"allocator: {heap}")
    versions = {watch["resource_version"] for watch in state["watches"] if watch["state"] == "watching"}
    expect("" not in versions, f"resourceVersions: {versions}")
    expect(state["compile_queue"]["adds"] > 0 and state["compile_queue"]["depth"] == 0, f"{state['compile_queue']}")


def run(t):
    monitoring, app = t.ns("monitoring", "output"), t.ns("app")
    t.deployment(app, "shop", {"http": 8080}, annotations={"prometheus.io/scrape": "true"})
    t.observatory(monitoring)
    t.start("--trusted-namespaces", monitoring)
    t.published(monitoring, ["annotations/"])
    t.controller.ready()
    check_metrics(t)
    check_process(t)
    check_health(t)
    check_state(t)
    expect(t.controller.metric("binnacle_observatory_jobs") == 1, "one job is published")
