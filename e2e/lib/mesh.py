"""A kubelet and its nodes' network in one thread: pods get addresses on loopback and really answer."""

import contextlib
import itertools
import json
import os
import socket
import threading
import time

from . import envoy
from .api import LOST, ApiError, path_of
from .envoy_sidecar import Sidecar
from .wait import Failed, until

NODE = "node-1"
ENVOY_PORT = "envoy-prom"  # how the port's name ends
PEERS = {"apigateway": {"catalog": 3000, "forum": 4000}, "catalog": {"forum": 4000}}
GRACE_S = 0.3  # between SIGTERM and the end of an emulated pod
CLOSED = (*LOST, ValueError, AttributeError)  # of a watch that ended, here or there
NETS = 224  # from 127.16 on


def addresses():
    """127.x.y.z: x belongs to one process while that listens at 127.x.255.254, so that two on a machine do not meet."""
    for first in range(os.getpid(), os.getpid() + NETS):  # when an address is asked for: after a fork
        net = f"127.{16 + first % NETS}"
        with contextlib.suppress(OSError), socket.create_server((f"{net}.255.254", 15090)):
            for n in itertools.count():
                yield f"{net}.{n // 250 % 250}.{n % 250 + 1}"
    raise Failed("no addresses are left on loopback")


ADDRESSES = addresses()


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Running:
    """What listens for one pod."""

    def __init__(self, pod, programs):
        self.name = pod["metadata"]["name"]
        self.app = pod["metadata"].get("labels", {}).get("app", self.name)
        self.ns = pod["metadata"]["namespace"]
        self.begin = time.monotonic()
        self.sidecar = None
        self.address, self.listeners = None, []
        ports = [port for one in pod["spec"]["containers"] for port in one.get("ports", [])]
        for address in itertools.islice(ADDRESSES, 1000):
            try:
                self.listen(address, ports, programs.get(self.app))
            except OSError:  # somebody else has the port there
                self.close()
            else:
                self.address = address
                return
        raise Failed("no address on loopback is free")

    def listen(self, address, ports, program):
        if program:
            self.listeners.append(program(address))
            return
        for port in ports:
            number = port["containerPort"]
            if port.get("name", "").endswith(ENVOY_PORT):
                own = next((other["containerPort"] for other in ports if other is not port), 8080)
                self.sidecar = Sidecar(self.app, self.ns, own, PEERS.get(self.app, {}))
                pages = {"/stats/prometheus": self.sidecar.page}
            else:
                pages = {"/metrics": self.metrics}
            self.listeners.append(envoy.Listener(address, number, pages))

    def metrics(self):
        """What the app itself says."""
        n = int((time.monotonic() - self.begin) * 7)
        return (f"# TYPE app_requests_total counter\napp_requests_total{{code=\"200\"}} {n + 7}\n"
                f"app_requests_total{{code=\"503\"}} {n // 20}\n"
                "# TYPE app_queue_length gauge\napp_queue_length 2\n"
                "# TYPE go_goroutines gauge\ngo_goroutines 9\n# TYPE go_threads gauge\ngo_threads 7\n"
                f"# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total {n / 900:.3f}\n")

    def close(self):
        for listener in self.listeners:
            listener.close()
        self.listeners = []


class Mesh:
    """Follows the pods of some namespaces (None: of all) until close().

    programs: {app: function of an address that starts what listens there, and gives something to close()}
    """

    def __init__(self, api, namespaces=None, programs=None):
        self.api = api
        self.namespaces = namespaces
        self.path = path_of("Pod", namespaces[0] if namespaces and len(namespaces) == 1 else None)
        self.programs = programs or {}
        self.pods = {}  # (namespace, name): Running
        self.failed = set()
        self.error = None  # the last one
        self.connection = None
        self.ended = False
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    # ---- following

    def follow(self):
        """List, then watch; again when the connection ends."""
        while not self.ended:
            try:
                listing = self.api.request("GET", self.path)
                there = {self.key(pod) for pod in listing["items"]}
                for key in [key for key in self.pods if key not in there]:
                    self.gone(key)
                for pod in listing["items"]:
                    self.see("ADDED", pod)
                self.watch(listing["metadata"]["resourceVersion"])
            except (Failed, *CLOSED) as error:  # told by whoever waits; the next list begins anew
                self.error = repr(error)
                time.sleep(0.2)

    def watch(self, version):
        self.connection = self.api.connect(timeout=600)
        answer = self.api.send(self.connection, "GET", f"{self.path}?watch=1&resourceVersion={version}")
        for line in iter(answer.readline, b""):
            event = json.loads(line)
            if event["type"] == "ERROR" or self.ended:
                return
            self.see(event["type"], event["object"])

    def key(self, pod):
        return pod["metadata"]["namespace"], pod["metadata"]["name"]

    def see(self, what, pod):
        key = self.key(pod)
        if self.namespaces is not None and key[0] not in self.namespaces:
            return
        if what == "DELETED":
            self.gone(key)
        elif pod["metadata"].get("deletionTimestamp"):
            self.finish(key)
        elif key not in self.pods and key not in self.failed and not pod["status"].get("podIP"):
            self.run(key, pod)

    def gone(self, key):
        self.failed.discard(key)
        if running := self.pods.pop(key, None):
            running.close()

    def finish(self, key):
        """A pod that was deleted: its processes end, then the object goes."""
        def end():
            try:
                self.api.request("DELETE", path_of("Pod", *key), {"gracePeriodSeconds": 0})
            except (Failed, *LOST):
                pass  # gone already, or the server is: the next list tells
        threading.Timer(GRACE_S, end).start()

    def run(self, key, pod):
        """Bind it to the node and make it Running."""
        running = self.pods[key] = Running(pod, self.programs)
        try:
            if not pod["spec"].get("nodeName"):
                self.api.request("POST", path_of("Pod", *key, "binding"), {
                    "apiVersion": "v1", "kind": "Binding", "metadata": {"name": key[1]},
                    "target": {"kind": "Node", "name": NODE}})
            self.patch(key, status_of(pod, running.address))
        except ApiError as error:
            if error.status not in (404, 409):  # it went meanwhile
                raise
            self.gone(key)

    def patch(self, key, status):
        self.api.merge("Pod", *key, {"status": status}, "status")

    # ---- for cases

    def of(self, ns, app):
        return [one for one in list(self.pods.values()) if (one.ns, one.app) == (ns, app) and one.address]

    def wait(self, ns, app, count, timeout=15):
        """The pods of an app, when `count` are there and Ready."""
        def look():
            found = self.api.list("Pod", ns, f"?labelSelector=app%3D{app}")
            good = [pod for pod in found if is_ready(pod) and not pod["metadata"].get("deletionTimestamp")]
            running = [self.pods[self.key(pod)] for pod in good if self.key(pod) in self.pods]
            return len(found) == len(running) == count and running
        return until(look, timeout, lambda: f"no {count} pods of {ns}/{app} run (last error: {self.error})")

    def fail(self, ns, name):
        """The pod's containers end with an error and it is not started again: phase Failed."""
        self.failed.add((ns, name))
        self.pods.pop((ns, name)).close()
        self.patch((ns, name), {"phase": "Failed", "reason": "Evicted",
                                "conditions": conditions("False"), "containerStatuses": None})

    def ready(self, ns, name, word):
        """The readiness probe says `word` ("True" or "False"); the pod keeps listening."""
        self.patch((ns, name), {"conditions": conditions(word)})

    def close(self):
        self.ended = True
        try:
            self.connection.sock.shutdown(2)
        except CLOSED:
            pass
        self.thread.join(5)
        for key in list(self.pods):
            self.gone(key)


def is_ready(pod):
    return any(row["type"] == "Ready" and row["status"] == "True" for row in pod["status"].get("conditions", []))


def conditions(ready):
    return [{"type": name, "status": ready if name.endswith("Ready") else "True", "lastTransitionTime": now()}
            for name in ("PodScheduled", "Initialized", "ContainersReady", "Ready")]


def status_of(pod, address):
    started = now()
    containers = [{"name": one["name"], "image": one["image"], "imageID": one["image"], "ready": True,
                   "started": True, "restartCount": 0, "state": {"running": {"startedAt": started}}}
                  for one in pod["spec"]["containers"]]
    return {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "hostIP": "127.0.0.1",
            "hostIPs": [{"ip": "127.0.0.1"}], "startTime": started, "conditions": conditions("True"),
            "containerStatuses": containers}
