"""The statistics of one Envoy beside one app: the same values as a page to pull and as lines to push."""

import itertools
import re
import socket
import time

TYPES = {"c": "counter", "g": "gauge", "ms": "histogram"}
LABELS = {"cluster": "cluster_name", "listener": "listener_address", "tcp": "tcp_prefix",
          "http": "http_conn_manager_prefix"}  # as Istio's bootstrap names them
BUCKETS_MS = (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000,
              1800000, 3600000)
LATENCIES_MS = (2, 3, 3, 4, 7, 12, 31, 180)  # of one request after the other, round and round
CLUSTER = {  # statistic: (kind, value of a cluster that had `n` requests)
    "bind_errors": ("c", lambda n: 0), "lb_healthy_panic": ("c", lambda n: 0),
    "lb_subsets_active": ("g", lambda n: 0), "max_host_weight": ("g", lambda n: 1),
    "membership_change": ("c", lambda n: 1), "membership_healthy": ("g", lambda n: 1),
    "membership_total": ("g", lambda n: 1), "upstream_cx_active": ("g", lambda n: min(n, 2)),
    "upstream_cx_total": ("c", lambda n: n // 10), "upstream_cx_rx_bytes_total": ("c", lambda n: n * 512),
    "upstream_rq_active": ("g", lambda n: n % 2), "upstream_rq_pending_active": ("g", lambda n: 0),
    "upstream_rq_retry": ("c", lambda n: n // 50), "upstream_rq_total": ("c", lambda n: n),
    "upstream_rq_completed": ("c", lambda n: n),
    "upstream_rq_200": ("c", lambda n: n - n // 20), "upstream_rq_503": ("c", lambda n: n // 20),
    "upstream_rq_2xx": ("c", lambda n: n - n // 20), "upstream_rq_5xx": ("c", lambda n: n // 20),
}
LISTENER = {"downstream_cx_active": ("g", lambda n: min(n, 2)), "downstream_cx_total": ("c", lambda n: n // 10),
            "no_filter_chain_match": ("c", lambda n: 0)}
HTTP = {"downstream_rq_total": ("c", lambda n: n), "downstream_rq_2xx": ("c", lambda n: n - n // 20),
        "downstream_rq_5xx": ("c", lambda n: n // 20), "downstream_cx_active": ("g", lambda n: min(n, 2))}
TCP = {"downstream_cx_total": ("c", lambda n: n // 30), "downstream_cx_rx_bytes_total": ("c", lambda n: n * 64)}
SERVER = {"concurrency": ("g", lambda n: 2), "live": ("g", lambda n: 1), "uptime": ("g", lambda n: n // 7),
          "memory_allocated": ("g", lambda n: 7340032 + n), "total_connections": ("g", lambda n: min(n, 4))}
MANAGER = {"active_clusters": ("g", lambda n: 7), "cluster_added": ("c", lambda n: 7)}


class Sidecar:
    """Envoy of a pod of `app`, which calls `peers` ({service: port}); requests arrive all the time."""

    def __init__(self, app, ns, port=8080, peers=(), rate=7.0, clock=time.monotonic):
        self.app, self.ns, self.rate, self.clock = app, ns, rate, clock
        self.end = ""  # ";": names of clusters and of HTTP prefixes end in it, as newer sidecars write them
        self.peers = dict(peers)
        self.begin = clock()
        self.inbound = f"inbound|{port}||"
        calls = [f"outbound|{number}||{name}.{ns}.svc.cluster.local" for name, number in self.peers.items()]
        busy = [self.inbound, *calls]
        idle = ["outbound|443||kubernetes.default.svc.cluster.local", "prometheus_stats", "xds-grpc", "zipkin", "agent"]
        self.table = [("cluster", name, CLUSTER, name in busy) for name in [*busy, *idle]]
        self.table += [("listener", name, LISTENER, True)
                       for name in (f"0.0.0.0_{port}", "0.0.0.0_15090", "10.96.0.1_443")]
        self.table += [("http", f"inbound_0.0.0.0_{port}", HTTP, True), ("http", "admin", HTTP, False),
                       ("tcp", idle[0], TCP, True), ("tcp", "BlackHoleCluster", TCP, False),
                       ("server", "", SERVER, True), ("cluster_manager", "", MANAGER, True)]
        self.sent = {}

    def requests(self):
        return 20 + int((self.clock() - self.begin) * self.rate)

    def samples(self):
        """(scope, its name, statistic, kind, value) of all that is not a time."""
        n = self.requests()
        for scope, name, statistics, busy in self.table:
            for statistic, (kind, value) in statistics.items():
                yield scope, name, statistic, kind, value(n if busy else 0)

    # ---- pulled: /stats/prometheus

    def page(self):
        rows = {}
        for scope, name, statistic, kind, value in self.samples():
            metric, labels = series(scope, name, statistic)
            rows.setdefault((metric, kind), []).append(f"{metric}{{{labels}}} {value}")
        lines = [line for (metric, kind), own in rows.items() for line in (f"# TYPE {metric} {TYPES[kind]}", *own)]
        lines += histogram("envoy_cluster_upstream_rq_time", f'cluster_name="{self.inbound}"', self.requests())
        return "\n".join([*lines, *self.istio()]) + "\n"

    def istio(self):
        """What Istio's own filter adds: requests between workloads."""
        n = self.requests()
        pairs = [("destination", "apigateway" if self.app != "apigateway" else "unknown", self.app)]
        pairs += [("source", self.app, peer) for peer in self.peers]
        found = [(f'reporter="{reporter}",source_workload="{source}",destination_workload="{there}",'
                  f'destination_service="{there}.{self.ns}.svc.cluster.local",request_protocol="http"')
                 for reporter, source, there in pairs]
        yield "# TYPE istio_requests_total counter"
        for labels in found:
            yield f'istio_requests_total{{{labels},response_code="200"}} {n - n // 20}'
            yield f'istio_requests_total{{{labels},response_code="503"}} {n // 20}'
        yield from histogram("istio_request_duration_milliseconds", found[0], n)

    # ---- pushed: what Envoy's statsd sink writes each flush interval

    def lines(self):
        """Counters as what was added since the last call, gauges as they are, each request's time."""
        for scope, name, statistic, kind, value in self.samples():
            if scope == "cluster" or name.startswith("inbound_"):  # Envoy's own prefix "admin" stays as it is
                name += self.end
            full = ".".join(part for part in ("envoy", scope, name.replace(":", "_"), statistic) if part)
            before = self.sent.get(full, 0)
            if kind == "c":
                self.sent[full] = value
            if kind == "g" or value > before:
                yield f"{full}:{value - before if kind == 'c' else value}|{kind}"
        for latency in itertools.islice(itertools.cycle(LATENCIES_MS), len(LATENCIES_MS)):
            yield f"envoy.cluster.{self.inbound}{self.end}.upstream_rq_time:{latency}|ms"

    def push(self, address):
        """One flush over UDP, a datagram for each line as Envoy does; the lines."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            lines = list(self.lines())
            for number, line in enumerate(lines):
                out.sendto(line.encode(), address)
                if number % 50 == 49:
                    time.sleep(0.01)  # a receiver's buffer is not endless
        return lines


def series(scope, name, statistic):
    """Metric and labels as Istio's bootstrap has Envoy take them out of a statistic's name."""
    if scope == "http" and not re.search(r"\d", name):  # a prefix that is no address stays in the name
        scope, name = f"http_{name}", ""
    labels = [f'{LABELS[scope]}="{name}"'] if scope in LABELS else []
    if code := re.fullmatch(r"(.*_rq)_(\d\d\d|\dxx)", statistic):
        statistic = code.group(1)
        label = "response_code" if code.group(2).isdigit() else "response_code_class"
        labels.append(f'{label}="{code.group(2)}"')
    return f"envoy_{scope}_{statistic}", ",".join(labels)


def first(n, value):
    """The sum of value(time) over the first `n` requests, whose times come round and round."""
    rounds, rest = divmod(n, len(LATENCIES_MS))
    return rounds * sum(map(value, LATENCIES_MS)) + sum(map(value, LATENCIES_MS[:rest]))


def histogram(metric, labels, n):
    """Of `n` requests that took LATENCIES_MS in turn."""
    yield f"# TYPE {metric} histogram"
    for bound in BUCKETS_MS:
        yield f'{metric}_bucket{{{labels},le="{bound:g}"}} {first(n, lambda took: took <= bound)}'
    yield f'{metric}_bucket{{{labels},le="+Inf"}} {n}'
    yield f"{metric}_sum{{{labels}}} {first(n, lambda took: took)}"
    yield f"{metric}_count{{{labels}}} {n}"
