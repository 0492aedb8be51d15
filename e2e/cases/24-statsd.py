"""the book's push path: sidecars, statsd_exporter with our mapping, Prometheus: names and labels as pulled"""

import re
import time

from lib import samples
from lib.envoy_sidecar import series as pulled
from lib.process import run as run_program
from lib.statsd import UDP_PORT, Exporter, check
from lib.wait import expect, until

POOL = "statsd-exporter"
MAPPING = "istioinaction-statsd-mapping"
TARGET_LABELS = {"__name__", "job", "instance", "namespace", "pod", "node", "container", "app"}
FLUSHES = 4  # Envoy's default interval is 5 s; here each half second
LINE = re.compile(r"envoy\.(cluster_manager|cluster|listener|http|tcp|server)\.(.*?)\.?(\w+):(\S+)\|(c|g|ms)")
TIME = {"_bucket", "_sum", "_count"}


def label_set(text):
    return tuple(sorted(re.findall(r'(\w+)="([^"]*)"', text)))


def sent_as(line):
    """The series that a pushed line must become: metric, labels, kind, value."""
    scope, name, statistic, value, kind = LINE.fullmatch(line).groups()
    metric, labels = pulled(scope, name.removesuffix(";"), statistic)
    return metric, label_set(labels), kind, float(value)


def totals(sidecars):
    """What all flushes together come to: {(metric, labels): value}, and metrics that are times."""
    found, times = {}, set()
    for lines in sidecars.values():
        for metric, labels, kind, value in map(sent_as, lines):
            if kind == "ms":
                times.add((metric, labels))
            found[metric, labels] = value + (found.get((metric, labels), 0) if kind == "c" else 0)
    return found, times


def arrived(server):
    """{(metric, labels that the exporter gave): value}, in Prometheus."""
    def own(row):
        return tuple(sorted((key, value) for key, value in row.items() if key not in TARGET_LABELS))
    return {(row["__name__"], own(row)): value for row, value in server.query(f'{{job="{POOL}",__name__=~"envoy_.*"}}')}


def built(t):
    """Where statsd_exporter is; built first when it is not (10 s)."""
    done = run_program([t.plane.repo / "hack/tools/build", "-q", POOL], timeout=80)
    expect(done.returncode == 0, f"hack/tools/build {POOL}: {done.stderr.decode()[-800:]}")
    return t.plane.tools_of(POOL)


def mapping_file(t, ns):
    """The published mapping, where the exporter reads it; one that is checked by the exporter itself."""
    path = t.dir / "statsd-mapping.yml"
    path.write_text(t.published(ns, ["mappings:"], name=MAPPING, key=path.name, kind="ConfigMap"))
    wrong = check(t.plane.tools_of(POOL), path)
    expect(wrong is None, f"statsd_exporter refuses the mapping: {wrong}")
    return path


def push(address, sidecars):
    """Each sidecar's flushes over UDP; all lines that were sent, by app."""
    sent = {app: [] for app in sidecars}
    for _ in range(FLUSHES):
        for app, sidecar in sidecars.items():
            sent[app] += sidecar.push((address, UDP_PORT))
        time.sleep(0.5)
    return sent


def compare(server, sent):
    """Wait until Prometheus has every pushed series with its value, and no other of Envoy."""
    want, times = totals(sent)
    counted = {key: value for key, value in want.items() if key not in times}
    last = {}
    def look():
        last.clear()
        last.update(arrived(server))
        return all(last.get(key) == value for key, value in counted.items())
    def wrong():
        rows = [(key, value, last.get(key)) for key, value in counted.items() if last.get(key) != value]
        return f"missing or wrong: {rows[:4]}"
    until(look, 15, wrong)
    others = {key for key in last if key not in counted and not is_time(key, times)}
    expect(not others, lambda: f"series that nobody has when pulled: {sorted(others)[:4]}")
    return counted, times


def is_time(key, times):
    """A bucket, sum or count of a time that was pushed."""
    name, labels = key
    plain = tuple(pair for pair in labels if pair[0] != "le")
    return any(name.endswith(end) and (name.removesuffix(end), plain) in times for end in TIME)


def check_times(server, sent):
    """Milliseconds stay milliseconds, in Envoy's own buckets."""
    values = [value for lines in sent.values() for metric, _, kind, value in map(sent_as, lines) if kind == "ms"]
    name = "envoy_cluster_upstream_rq_time"
    (_, total), = server.query(f"sum({name}_sum)")
    (_, under), = server.query(f'sum({name}_bucket{{le=~"10|10.0"}})')
    expect(round(total) == sum(values), f"{name}_sum is {total}, not {sum(values)}")
    expect(under == sum(value <= 10 for value in values), f"{name}_bucket le=10 is {under}")


def run(t):
    tools = built(t)
    app = t.ns("istioinaction", "output")
    t.start("--trusted-namespaces", app)
    samples.apply(t, "seed/statsd", {"istioinaction": app})
    path = mapping_file(t, app)
    mesh = t.mesh(app, programs={"statsd": lambda address: Exporter(tools, address, path, t.dir / "statsd.log")})
    exporter, = mesh.wait(app, "statsd", 1)
    sidecars = {one.app: one.sidecar for name in ("apigateway", "catalog") for one in mesh.wait(app, name, 1)}
    sidecars["catalog"].end = ";"  # one old sidecar, one new
    server = t.prometheus()
    server.load(t.published(app, [POOL], name="istioinaction-prometheus"))
    server.up(POOL, 1)
    sent = push(exporter.address, sidecars)
    counted, times = compare(server, sent)
    check_times(server, sent)
    calls = 'envoy_cluster_upstream_rq{cluster_name=~"outbound.3000..catalog.*",response_code="200"}'
    (row, value), = server.query(calls)
    expect(row["pod"].startswith("statsd") and value > 0, f"requests to catalog: {row} {value}")
    t.figure("lines pushed", sum(map(len, sent.values())), "")
    t.figure("series as pulled", len(counted) + len(times), "")
