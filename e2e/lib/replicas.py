"""Several `binnacle run` beside each other, each with a token and a log of its own."""

import os
import re
import socket
import threading
import time

import yaml

from . import audit
from .binnacle import Controller
from .wait import Failed, expect, until

ACCOUNT = "binnacle-system/binnacle"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/binnacle-system/leases/binnacle"
LONG = bool(os.environ.get("E2E_LONG"))
LEASE_S = 15
# Shorter ones for cases where the numbers are not the point.
SHORT_S, SHORT_DEADLINE_S = (15, 10) if LONG else (6, 4)
SHORT = () if LONG else ("--leader-elect-lease-duration=6s", "--leader-elect-renew-deadline=4s",
                         "--leader-elect-retry-period=800ms")


class Forwarder:
    """A TCP connection to the API server that can be held: nothing passes, nothing is closed."""

    def __init__(self, port):
        self.there = port
        self.held = threading.Event()
        self.closed = False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return  # closed
            there = socket.create_connection(("127.0.0.1", self.there))
            for pair in ((here, there), (there, here)):
                threading.Thread(target=self.pump, args=pair, daemon=True).start()

    def pump(self, source, sink):
        try:
            while data := source.recv(65536):
                while self.held.is_set() and not self.closed:
                    time.sleep(0.01)
                if self.closed:
                    return  # what was on its way is lost
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for one in (source, sink):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.closed = True
        self.listener.close()


class Replica(Controller):
    """One of several; `via` is a Forwarder that it reaches the API server through."""

    def __init__(self, t, name, *flags, via=None, env=None):
        folder = t.dir / name
        folder.mkdir(exist_ok=True)
        kubeconfig = t.plane.kubeconfig(ACCOUNT, folder / "kubeconfig")
        token = yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["token"]
        if via is not None:
            kubeconfig.write_text(kubeconfig.read_text().replace(f":{t.api.port}", f":{via.port}"))
        log = folder / "log"
        log.touch()
        self.name = name
        self.token = audit.token_id(token)
        super().__init__(t.binary, kubeconfig, log,
                         ("--leader-elect", "--leader-elect-namespace=binnacle-system", *flags), env)
        t.undo.append(self.end)

    def leads(self):
        return self.metric("leader_election_master_status") == 1

    def identity(self):
        found = re.search(r'identity="?(\S+?)"?(?:\s|$)', self.said())
        return found and found.group(1)

    def kill(self, number):
        self.process.signal(number)
        return time.time()

    def ended(self, timeout):
        """The exit status of one that ends by itself."""
        until(lambda: not self.process.alive(), timeout, f"{self.name} does not end: {self.said()[-600:]}")
        return self.process.end()


def permit(t):
    """The rights that the component adds; no Lease is left from before."""
    t.plane.kubectl("apply", "-f", t.plane.repo / "manifests/components/high-availability/lease.yaml")
    drop_lease(t)
    t.undo.append(lambda: drop_lease(t))


def drop_lease(t):
    t.plane.kubectl("delete", "lease", "binnacle", "-n", "binnacle-system", "--ignore-not-found")


def lease(t):
    return t.api.request("GET", LEASE)["spec"]


def leader_of(replicas, timeout):
    """The one that leads, and that no other one does."""
    def look():
        return [one for one in replicas if one.process.alive() and one.leads()]
    until(look, timeout, lambda: f"none of {[one.name for one in replicas]} leads")
    leaders = look()
    expect(len(leaders) == 1, lambda: f"{[one.name for one in leaders]} lead at once")
    return leaders[0]


def pair(t, *flags, via=None):
    """Two replicas, ready both; the first leads, and is reached through `via`."""
    first = Replica(t, "first", *flags, via=via).ready()
    leader_of([first], 10)
    second = Replica(t, "second", *flags).ready()
    return first, second


def no_overlap(t, replicas, since):
    """Never two that wrote at once: what one wrote is before what another one wrote, or after all of it."""
    spans = []
    for one in replicas:
        writes = [row for row in since.writes(one.token) if row.accepted]
        if writes:
            spans.append((min(row.at for row in writes), max(row.at for row in writes), one.name))
    spans.sort()
    for (_, end, name), (begin, _, other) in zip(spans, spans[1:]):
        if begin <= end:
            raise Failed(f"{name} and {other} wrote at once: {spans}")
    return spans


class Busy:
    """Changes that never stop, so that there is always something to write."""

    def __init__(self, t, app, every=0.15):
        self.t, self.app, self.every = t, app, every
        self.count = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while not self.stopped.wait(self.every):
            self.count += 1
            self.t.api.annotate("Deployment", self.app, "shop", {"prometheus.io/path": f"/busy-{self.count}"})

    def end(self):
        self.stopped.set()
        self.thread.join()
        return f"/busy-{self.count}"


def small_world(t):
    """One workload, one policy, one Observatory: (namespace of outputs, of the workload)."""
    monitoring, app = t.ns("monitoring", "output"), t.ns("app")
    t.deployment(app, "shop", {"http": 8080}, annotations={"prometheus.io/scrape": "true"})
    t.policy(app, "good", selector={}, endpoints=[{"port": "http", "path": "/good"}])
    t.observatory(monitoring)
    return monitoring, app
