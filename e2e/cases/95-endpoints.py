"""what the running controller tells: metrics by the names of dashboards, checks by name, its inner state"""

import json
import re
import subprocess

from lib.prometheus import promtool_of
from lib.wait import expect, expect_in, until

NAMES = """
    binnacle_build_info binnacle_compiles_total binnacle_plans_total binnacle_jobs_rendered_total
    binnacle_pieces_packed_total binnacle_output_writes_total binnacle_status_writes_total binnacle_events_total
    binnacle_turns_total binnacle_longest_turn_seconds binnacle_cache_bytes binnacle_cache_objects
    binnacle_observatory_jobs binnacle_lists_total binnacle_watch_events_total binnacle_writes_waiting
    binnacle_relists_total binnacle_watch_last_event_timestamp_seconds binnacle_token_reloads_total
    rest_client_requests_total rest_client_request_duration_seconds_bucket
    workqueue_depth workqueue_adds_total workqueue_retries_total workqueue_queue_duration_seconds_bucket
    workqueue_work_duration_seconds_bucket workqueue_unfinished_work_seconds
    workqueue_longest_running_processor_seconds
    controller_runtime_reconcile_total controller_runtime_reconcile_errors_total
    controller_runtime_reconcile_time_seconds_bucket controller_runtime_max_concurrent_reconciles
    controller_runtime_active_workers
    process_cpu_seconds_total process_resident_memory_bytes process_virtual_memory_bytes process_open_fds
    process_max_fds process_start_time_seconds
""".split()


def check_metrics(t):
    status, text = t.controller.fetch("/metrics", t.controller.metrics_port)
    expect(status == 200, f"/metrics: {status}")
    for name in NAMES:
        expect(re.search(rf"^{name}[{{ ]", text, re.M), f"no {name}")
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
    expect(state["allocator"]["used_bytes"] > 100_000, f"allocator: {state['allocator']}")


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
