"""100 000 objects in one list, one object of 10 MB in an event: memory by what is kept, CPU by the bytes"""

import json
import os
import time

from lib.faults_proxy import event, stream_of
from lib.wait import expect, until

SECONDS = 75
IN_TEST = False
OBJECTS = 100_000
KEPT = 1024  # bytes for each of them at most, all told
CPU_S = 12
MIB = 1 << 20
FILL = json.dumps([{"manager": "test", "operation": "Update", "fieldsV1": {f"f:field-{i}": {} for i in range(40)}}])


def services(version):
    """Events of a streamed list, some kilobytes at a time."""
    def act(exchange):
        exchange.open()
        rows = []
        for i in range(OBJECTS):
            rows.append(b'{"type":"ADDED","object":{"apiVersion":"v1","kind":"Service","metadata":{"name":"s%d",'
                        b'"namespace":"far-%d","uid":"%d","resourceVersion":"%d","managedFields":%s},"spec":{"ports":'
                        b'[{"name":"http","port":80}],"selector":{"app":"s%d"}}}}\n'
                        % (i, i % 100, i, i + 1, FILL.encode(), i))
            if len(rows) == 200:
                exchange.send(b"".join(rows))
                rows.clear()
        mark = {"kind": "Service", "apiVersion": "v1", "metadata": {
            "resourceVersion": version, "annotations": {"k8s.io/initial-events-end": "true"}}}
        exchange.send(b"".join(rows) + event("BOOKMARK", mark))
        time.sleep(2)
        exchange.end()
    return act


def many(f):
    version = f.api.request("GET", "/api/v1/services")["metadata"]["resourceVersion"]
    objects = f.metrics().get("binnacle_cache_objects", 0)
    rule = f.proxy.rule(stream_of("services"), services(version), times=1)
    cpu, memory = f.cpu(), f.anonymous()
    begin = time.monotonic()
    f.expire("services")
    until(lambda: rule.hits, 10, "no streamed list was asked for")
    f.others_go_on("many", 20)
    f.settled_watch("services")
    f.figure("seconds", time.monotonic() - begin, "s")
    f.figure("CPU", f.cpu() - cpu, "s", CPU_S)
    f.figure("memory for each", (f.anonymous() - memory) / OBJECTS, "B", KEPT)
    f.figure("peak for each", (f.controller.memory()["peak"] - memory) / OBJECTS, "B", KEPT * 1.3)
    f.note(f"objects {objects:g} to {f.metrics().get('binnacle_cache_objects', 0):g}")
    f.expire("services")
    f.right()
    f.settled_watch("services")


def one(f, size):
    """CPU seconds that one event of that many bytes takes."""
    watch = f.watch("services")
    thing = {"apiVersion": "v1", "kind": "Service", "metadata": {
        "name": "huge", "namespace": "far-1", "uid": "u", "resourceVersion": "1",
        "managedFields": [{"manager": f"m-{i}", "fieldsV1": "x" * 1000} for i in range(size // 1040)]}}
    line = event("ADDED", thing)
    cpu = f.cpu()
    events = f.gain("binnacle_watch_events_total")
    for at in range(0, len(line), MIB):
        watch.send(line[at:at + MIB])
    until(lambda: f.gain("binnacle_watch_events_total") > events or watch.over, 30, "the event never arrives")
    f.others_go_on(f"one-{size}")
    took = f.cpu() - cpu
    watch.send(event("DELETED", thing | {"metadata": {"name": "huge", "namespace": "far-1", "resourceVersion": "2"}}))
    return took


def run(f):
    if os.environ.get("F18_OBJECTS"):
        globals()["OBJECTS"] = int(os.environ["F18_OBJECTS"])
    f.begin()
    small, large = one(f, 2_500_000), one(f, 10_000_000)
    f.note(f"CPU: {small:.2f} s for 2.5 MB, {large:.2f} s for 10 MB")
    expect(large < 8 * max(small, 0.05), "an event's cost does not follow its size")
    f.expire("services")
    f.right()
    f.settled_watch("services")
    f.measure()
    many(f)
    f.moved("binnacle_watch_events_total", OBJECTS)
    f.healed()
