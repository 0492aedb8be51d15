"""A real collector of Jaeger: tells services their sampling strategy, and takes spans."""

import contextlib
import json
import os
import re
import secrets
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from .process import Process
from .wait import Failed, until

RELOAD_S = 0.1
FLAGS = {  # what listens: its flag
    "sampling": "collector.http-server", "grpc": "collector.grpc-server", "zipkin": "collector.zipkin",
    "otlp": "collector.otlp.http", "otlp-grpc": "collector.otlp.grpc", "admin": "admin.http"}
PART = "jaeger"
SAVED = re.compile(r'^jaeger_collector_spans_saved_by_svc_total\{(.*)\} (\S+)$', re.M)


def collector(t, strategies):
    """A collector for a case, ended with it; None, and a note, where it is not built."""
    tools = t.plane.tools_of(PART)
    if tools is None:
        t.note(f"Jaeger is not built: not run (hack/tools/build {PART})")
        return None
    made = Collector(tools, strategies, t.dir / "jaeger.log")
    t.undo.append(made.end)
    return made


def free_ports(count):
    """Ports of loopback that were all free at once."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class Collector:
    """One collector on loopback that keeps its spans in memory and follows a file of strategies."""

    def __init__(self, tools, strategies, log):
        ports = dict(zip(FLAGS, free_ports(len(FLAGS))))
        self.url = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        self.process = Process([
            Path(tools) / "jaeger-collector", f"--sampling.strategies-file={strategies}",
            f"--sampling.strategies-reload-interval={RELOAD_S}s",
            *(f"--{flag}.host-port=127.0.0.1:{ports[name]}" for name, flag in FLAGS.items())],
            log, {**os.environ, "SPAN_STORAGE_TYPE": "memory"})
        until(self.ready, 15, lambda: f"the collector is not ready: {self.process.said()[-800:]}")

    def ready(self):
        if not self.process.alive():
            raise Failed(f"jaeger-collector ended: {self.process.said()[-800:]}")
        try:
            return request(self.url["admin"] + "/") is not None
        except (Failed, OSError):
            return False

    def end(self):
        self.process.end()

    # ---- sampling

    def strategy(self, service):
        """What a client of this service is told: (ratio, {operation: ratio}).

        An operation that is not named has the service's own ratio."""
        answer = json.loads(request(f"{self.url['sampling']}/api/sampling?" +
                                    urllib.parse.urlencode({"service": service})))
        ratio = answer["probabilisticSampling"].get("samplingRate", 0)
        named = answer.get("operationSampling") or {}
        operations = {one["operation"]: one["probabilisticSampling"].get("samplingRate", 0)
                      for one in named.get("perOperationStrategies") or []}
        if named and named.get("defaultSamplingProbability", 0) != ratio:
            raise Failed(f"strategy of {service}: two defaults in {answer}")
        return ratio, operations

    # ---- spans

    def post_zipkin(self, service, name):
        """One server span as a proxy with a zipkin provider sends it; its trace id."""
        trace = secrets.token_hex(16)
        span = {"traceId": trace, "id": secrets.token_hex(8), "name": name, "kind": "SERVER",
                "timestamp": time.time_ns() // 1000, "duration": 1500, "localEndpoint": {"serviceName": service}}
        request(self.url["zipkin"] + "/api/v2/spans", [span])
        return trace

    def post_otlp(self, service, name):
        """One server span as an SDK sends it with OTLP over HTTP; its trace id."""
        trace, now = secrets.token_hex(16), time.time_ns()
        span = {"traceId": trace, "spanId": secrets.token_hex(8), "name": name, "kind": 2,
                "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 1_500_000)}
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
        request(self.url["otlp"] + "/v1/traces",
                {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]})
        return trace

    def saved(self, service):
        """How many spans of a service are in its memory."""
        page = request(self.url["admin"] + "/metrics").decode()
        return sum(int(float(value)) for labels, value in SAVED.findall(page)
                   if {f'svc="{service}"', 'result="ok"'} <= set(labels.split(",")))


def request(url, body=None):
    """The answer's bytes; Failed for one that is not 2xx."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(
                url, data, {"Content-Type": "application/json"}), timeout=5) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise Failed(f"{url}: {error.code}: {error.read()[:400]!r}") from error
