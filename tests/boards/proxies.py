"""What Istio's proxies serve at /stats/prometheus: no proxy runs in the tests, so it is made from tables.

Names and labels: Istio's standard metrics, its bootstrap (which statistics are let out, and which parts of
their names become labels) and Envoy's statistics of clusters, listeners and the server.
"""

BUCKETS = (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000)
# Of 100 requests, so many took at most that long.
LATENCY = {1: 5, 5: 40, 10: 60, 25: 80, 50: 90, 100: 95, 250: 98, 500: 99, 1000: 100}
SIZE = {250: 60, 500: 90, 1000: 99, 2500: 100}
INGRESS = ("istio-ingress", "gateway")
# who calls whom: (namespace, workload) each, protocol, requests (or connections) between two scrapes,
# {(code, gRPC status, flag): share in percent}
CALLS = [
    (INGRESS, ("shop", "web"), "http", 600, {("200", "", "-"): 97, ("404", "", "-"): 1, ("503", "", "UF"): 2}),
    (("shop", "web"), ("shop", "api"), "http", 900, {("200", "", "-"): 99, ("503", "", "UO"): 1}),
    (("blog", "front"), ("shop", "api"), "grpc", 300, {("200", "0", "-"): 98, ("200", "14", "-"): 2}),
    (("shop", "api"), ("shop", "ledger"), "tcp", 30, {}),
    (("shop", "web"), ("shop", "ledger"), "tcp", 12, {}),
    (INGRESS, ("shop", "web"), "tcp", 6, {}),
]
SERVER = {"live": ("gauge", 1), "uptime": ("gauge", 5400), "concurrency": ("gauge", 2), "state": ("gauge", 0),
          "memory_allocated": ("gauge", 23068672), "memory_heap_size": ("gauge", 41943040),
          "total_connections": ("gauge", 12), "days_until_first_cert_expiring": ("gauge", 1),
          "initialization_time_ms_count": ("counter", 1)}
CLUSTER_MANAGER = {"active_clusters": ("gauge", 31), "warming_clusters": ("gauge", 0),
                   "cds_update_success": ("counter", 3), "cds_update_rejected": ("counter", 0),
                   "cds_update_failure": ("counter", 0)}
LISTENER_MANAGER = {"total_listeners_active": ("gauge", 22), "total_listeners_warming": ("gauge", 0),
                    "total_listeners_draining": ("gauge", 0), "lds_update_success": ("counter", 3),
                    "lds_update_rejected": ("counter", 0), "lds_update_failure": ("counter", 0)}


def cluster(requests, failed):
    """Statistics of a cluster: {name: (type, value)}."""
    return {"upstream_rq_total": ("counter", requests), "upstream_cx_total": ("counter", requests // 20),
            "upstream_cx_active": ("gauge", 4), "upstream_rq_active": ("gauge", 2),
            "upstream_rq_pending_active": ("gauge", 0), "upstream_cx_connect_fail": ("counter", failed),
            "upstream_rq_timeout": ("counter", failed // 2), "upstream_rq_retry": ("counter", failed),
            "upstream_rq_pending_overflow": ("counter", failed // 3),
            "upstream_cx_rx_bytes_total": ("counter", requests * 700),
            "upstream_cx_tx_bytes_total": ("counter", requests * 300),
            "membership_healthy": ("gauge", 2), "membership_total": ("gauge", 3),
            "circuit_breakers_default_cx_open": ("gauge", 0), "circuit_breakers_default_rq_open": ("gauge", 0),
            "circuit_breakers_default_rq_pending_open": ("gauge", 0)}


class Page:
    """An exposition; what is counted twice is summed."""

    def __init__(self):
        self.kinds = {}
        self.values = {}

    def add(self, kind, name, value, **labels):
        inner = ",".join(f'{key}="{text}"' for key, text in labels.items())
        key = f"{name}{{{inner}}}" if inner else name
        before = self.values.get(key, 0) if kind == "counter" else 0
        self.kinds[name] = kind
        self.values[key] = before + value

    def histogram(self, name, shares, n, **labels):
        """Of `n` observations; `shares` says how many percent are at most so large."""
        below = 0
        for bound in BUCKETS:
            below = shares.get(bound, below)
            self.add("counter", f"{name}_bucket", n * below / 100, **labels, le=f"{bound:g}")
        self.add("counter", f"{name}_bucket", n, **labels, le="+Inf")
        self.add("counter", f"{name}_sum", n * 20, **labels)
        self.add("counter", f"{name}_count", n, **labels)

    def text(self):
        lines = [f"# TYPE {name} {kind}" for name, kind in self.kinds.items()]
        return "\n".join([*lines, *(f"{key} {value}" for key, value in self.values.items())]) + "\n"


def side(prefix, who):
    ns, name = who
    return {f"{prefix}_workload": name, f"{prefix}_workload_namespace": ns, f"{prefix}_app": name,
            f"{prefix}_principal": f"spiffe://cluster.local/ns/{ns}/sa/{name}", f"{prefix}_version": "v1",
            f"{prefix}_canonical_service": name, f"{prefix}_canonical_revision": "v1",
            f"{prefix}_cluster": "Kubernetes"}


def labels_of(call, reporter):
    source, destination, protocol, *_ = call
    ns, name = destination
    return {"reporter": reporter, **side("source", source), **side("destination", destination),
            "destination_service": f"{name}.{ns}.svc.cluster.local", "destination_service_name": name,
            "destination_service_namespace": ns, "request_protocol": protocol,
            "connection_security_policy": "mutual_tls" if reporter == "destination" else "unknown"}


def add_call(page, call, reporter):
    protocol, count, answers = call[2:]
    labels = labels_of(call, reporter)
    if protocol == "tcp":
        for name, value in (("connections_opened", count), ("connections_closed", count - 1),
                            ("sent_bytes", count * 4000), ("received_bytes", count * 900)):
            page.add("counter", f"istio_tcp_{name}_total", value, **labels, response_flags="-")
        return
    for (code, status, flag), share in answers.items():
        own = {**labels, "response_code": code, "grpc_response_status": status, "response_flags": flag}
        n = count * share / 100
        page.add("counter", "istio_requests_total", n, **own)
        page.histogram("istio_request_duration_milliseconds", LATENCY, n, **own)
        page.histogram("istio_request_bytes", SIZE, n, **own)
        page.histogram("istio_response_bytes", SIZE, n, **own)


def add_cluster(page, name, requests, failed, answers=()):
    for statistic, (kind, value) in cluster(requests, failed).items():
        page.add(kind, f"envoy_cluster_{statistic}", value, cluster_name=name)
    for code, n in answers:
        page.add("counter", "envoy_cluster_upstream_rq", n, cluster_name=name, response_code=code)
        page.add("counter", "envoy_cluster_upstream_rq", n, cluster_name=name, response_code_class=f"{code[0]}xx")


def add_more(page, me):
    """What only comes out when proxyStatsMatcher asks for it."""
    for source, destination, protocol, count, answers in CALLS:
        if me == source:
            name = f"outbound|80||{destination[1]}.{destination[0]}.svc.cluster.local"
        elif me == destination:
            name = "inbound|8080||"
        else:
            continue
        failed = sum(count * share // 100 for (_, _, flag), share in answers.items() if flag != "-")
        add_cluster(page, name, count, failed, [(code, count * share / 100) for (code, *_), share in answers.items()])
        page.histogram("envoy_cluster_upstream_rq_time", LATENCY, count, cluster_name=name)
        if me == destination:
            own = {"http_conn_manager_prefix": "inbound_0.0.0.0_8080"}
            page.add("gauge", "envoy_http_downstream_cx_active", 3, **own)
            page.add("gauge", "envoy_http_downstream_rq_active", 1, **own)
            page.add("counter", "envoy_http_downstream_rq", count, **own, response_code_class="2xx")
            page.add("counter", "envoy_listener_downstream_cx_total", count // 20, listener_address="0.0.0.0_15006")
            page.add("gauge", "envoy_listener_downstream_cx_active", 3, listener_address="0.0.0.0_15006")


def page_of(ns, name, lean):
    """`lean`: only what proxies tell when nobody asks for more."""
    page, me = Page(), (ns, name)
    page.add("gauge", "istio_build", 1, component="proxy", tag="1.31.0")
    for scope, table in (("server", SERVER), ("cluster_manager", CLUSTER_MANAGER),
                         ("listener_manager", LISTENER_MANAGER)):
        for statistic, (kind, value) in table.items():
            page.add(kind, f"envoy_{scope}_{statistic}", value)
    add_cluster(page, "xds-grpc", 6, 0)
    for call in CALLS:
        if me == call[0]:
            add_call(page, call, "source")
        if me == call[1]:
            add_call(page, call, "destination")
    if not lean:
        add_more(page, me)
    return page.text()
