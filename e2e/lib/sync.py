"""`binnacle sync` beside a real Prometheus, each with the rights that the samples give."""

import hashlib
import json
import os
import re
import threading
from pathlib import Path

from .api import path_of
from .process import Process, run
from .prometheus import Prometheus, free_port, unshare
from .wait import Failed, until

RULES = [
    {"apiGroups": ["binnacle.dev"], "resources": ["observatories"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["binnacle.dev"], "resources": ["observatories/status"], "verbs": ["patch"]},
    {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "list", "watch"]}]


MARKER = re.compile(r"^- job_name: binnacle.dev/generation-[0-9a-f]+\n", re.M)


class Beside:
    """One sync and the Prometheus that it loads; `ns/name` is the Observatory."""

    def __init__(self, case, ns, name="main", instance="prometheus-0", shard=None, tools=None, reload=None, flags=()):
        self.case, self.ns, self.name, self.instance = case, ns, name, instance
        self.dir = case.dir / f"{name}-{instance}"
        self.dir.mkdir()
        self.out = self.dir / "out"
        self.view = self.out  # as the case sees it
        self.config = self.out / "current/prometheus.yml"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.tools = tools or case.plane.tools
        self.flags = [*flags, *(["--shard", str(shard)] if shard is not None else [])]
        self.reload = reload or f"{self.url}/-/reload"
        self.server = self.process = None
        self.account = f"{ns}/sync"
        case.api.apply("ServiceAccount", ns, "sync")
        case.api.apply("Role", ns, "sync", rules=RULES)
        case.api.apply("RoleBinding", ns, "sync",
                       roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "sync"},
                       subjects=[{"kind": "ServiceAccount", "name": "sync", "namespace": ns}])
        self.kubeconfig = case.plane.kubeconfig(self.account, self.dir / "sync.kubeconfig")
        case.undo.append(self.end)

    def start(self, prefix=()):
        """The sync alone, until a whole generation is on disk."""
        self.start_sync(prefix)
        until(self.look, 20, lambda: f"nothing in {self.out}: {self.said()[-1500:]}")
        return self

    def start_sync(self, prefix=()):
        env = {**os.environ, "POD_NAME": self.instance, "POD_NAMESPACE": self.ns}
        self.process = Process(
            [*prefix, self.case.binary, "sync", "--kubeconfig", self.kubeconfig, "--observatory", f"{self.ns}/{self.name}",
             "--out", self.out, "--reload", self.reload, "--health-probe-bind-address", "127.0.0.1:0",
             "--log-level", "debug", *self.flags], self.dir / "sync.log", env)
        return self

    def look(self):
        if not self.process.alive():
            raise Failed(f"binnacle sync ended: {self.said()[-1500:]}")
        return (self.view / "current/prometheus.yml").exists()

    def serve(self):
        """Prometheus on what is in the folder."""
        count = len(list(self.dir.glob("prometheus*")))
        folder = self.dir / f"prometheus{count}"
        folder.mkdir()
        self.server = self.new_server(folder, self.dir / f"{folder.name}.log")
        return self.server

    def new_server(self, folder, log, config=None):
        return Named(self, folder, log, config or self.config)

    def enter(self):
        """What stands before a command to see the files of this sync."""
        return []

    def runs(self):
        """Names of the jobs that the running server has, without the marker."""
        pools = json.loads(self.server.fetch("/api/v1/scrape_pools"))["data"]["scrapePools"]
        return sorted(pool for pool in pools if not pool.startswith("binnacle.dev/generation-"))

    def both(self):
        self.start()
        self.serve()
        return self

    def entry(self):
        """What this instance says in the Observatory's status."""
        status = (self.case.api.get("Observatory", self.ns, self.name) or {}).get("status", {})
        rows = status.get("prometheus", {}).get("instances", [])
        return next((row for row in rows if row["name"] == self.instance), {})

    def forget(self):
        """End it for good: its entry goes, which would count for five minutes more."""
        self.end()
        status = (self.case.api.get("Observatory", self.ns, self.name) or {}).get("status", {})
        names = [row["name"] for row in status.get("prometheus", {}).get("instances", [])]
        if self.instance in names:
            path = f"/status/prometheus/instances/{names.index(self.instance)}"
            self.case.api.request("PATCH", path_of("Observatory", self.ns, self.name, "status"), [
                {"op": "test", "path": f"{path}/name", "value": self.instance}, {"op": "remove", "path": path}],
                "application/json-patch+json")

    def said_so(self, reason, words=(), timeout=15):
        """Wait until its entry has this reason and all of the words."""
        def look():
            row = self.entry()
            good = row.get("reason") == reason and all(word in row.get("message", "") for word in words)
            return row if good else None
        return until(look, timeout, lambda: f"{self.instance} never said {reason} {words}: {self.entry()}; {self.said()[-1500:]}")

    def loaded(self, timeout=20):
        """Wait until the controller says that what is published is what runs."""
        def look():
            row = self.case.condition("Observatory", self.ns, self.name, "Loaded")
            own = self.entry()
            return (row.get("status") == "True" and own.get("reason") == "Loaded"
                    and own.get("hash") == self.published_hash())
        until(look, timeout, lambda: f"not loaded: {self.case.condition('Observatory', self.ns, self.name, 'Loaded')}; "
                                     f"{self.entry()}; {self.said()[-1500:]}")
        return self.entry()

    def published_hash(self):
        status = (self.case.api.get("Observatory", self.ns, self.name) or {}).get("status", {})
        return status.get("prometheus", {}).get("hash")

    def generation(self):
        return os.readlink(self.view / "current")

    def said(self):
        return self.process.said() if self.process else ""

    def count(self, text):
        return len(re.findall(text, self.said()))

    def text(self):
        """The current root and the files that it names (left-over names are for readers of an older
        one); "" while there is none, or another one comes."""
        try:
            folder = self.view / self.generation()
            root = (folder / "prometheus.yml").read_text()
            return root + "".join(file.read_text() for file in sorted(folder.glob("*.yml")) if file.name in root)
        except FileNotFoundError:
            return ""

    def kill_sync(self):
        """SIGKILL: it has no time for anything."""
        self.process.popen.kill()
        self.process.popen.wait()

    def kill_server(self):
        self.server.process.popen.kill()
        self.server.process.popen.wait()

    def stop_sync(self):
        if self.process is not None:
            self.process.end()
            self.process = None

    def end(self):
        self.stop_sync()
        if self.server is not None:
            self.server.end()
            self.server = None


class Named(Prometheus):
    """A Prometheus that knows its pod's name, and begins where its sync's files are."""

    def __init__(self, beside, folder, log, config):
        self.beside = beside
        super().__init__(folder, beside.tools, beside.case.plane, "binnacle-system/e2e-prometheus", log,
                         config=config, url=beside.url)

    def command(self, tools, plane):
        return [*self.beside.enter(), *super().command(tools, plane)]

    def environment(self, plane):
        return {**super().environment(plane), "POD_NAME": self.beside.instance}


class Walled(Beside):
    """OUT is a tmpfs in a mount namespace that only this sync and its Prometheus are in."""

    def __init__(self, *args, size="1m", **kwargs):
        super().__init__(*args, **kwargs)
        self.out.mkdir()
        self.holder = Process([*unshare(), "sh", "-c", f'mount -t tmpfs -o size={size} tmpfs "$0" && touch "$0/here" '
                               "&& exec sleep 3600", self.out], self.dir / "holder.log")
        self.case.undo.append(self.holder.end)
        self.view = Path(f"/proc/{self.holder.pid}/root{self.out}")
        until(lambda: (self.view / "here").exists(), 10, lambda: f"no tmpfs: {self.holder.said()}")

    def enter(self):
        own = [] if "-Urm" not in unshare() else ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", str(self.holder.pid), "-m", *own]

    def start_sync(self, prefix=()):
        return super().start_sync([*self.enter(), *prefix])

    def remount(self, options):
        done = run([*self.enter(), "mount", "-o", f"remount,{options}", self.out])
        if done.returncode != 0:
            raise Failed(f"remount,{options}: {done.stderr.decode()}")


class Checker:
    """Reads what a Prometheus would read, all the time: never anything but a whole set of files."""

    def __init__(self, beside):
        self.out = beside.view
        self.config = beside.config.name
        self.wrong = []
        self.sets = {}  # folder: digest of its main file, without the marker
        self.reads = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()
        beside.case.undo.append(self.ended.set)

    def follow(self):
        while not self.ended.wait(0.003):
            try:
                self.read()
            except Exception as error:  # a thread's trouble is the case's
                self.wrong.append(repr(error))

    def folder(self):
        return os.readlink(self.out / "current")

    def read(self):
        before = self.folder()
        text = (self.out / "current" / self.config).read_text()
        bad = self.check(text)
        if bad and self.folder() == before:
            self.wrong.append(f"{before}: {bad}")
        if not bad and self.folder() == before:
            self.sets[before] = hashlib.sha256(MARKER.sub("", text).encode()).hexdigest()
        self.reads += 1

    def check(self, text):
        """What is wrong with the files that a main file names; None: nothing."""
        if len(MARKER.findall(text)) != 1:
            return f"{len(MARKER.findall(text))} markers"
        for name in re.findall(r"^- '?(jobs-[0-9a-z-]+\.yml)'?$", text, re.M):
            try:
                found = hashlib.sha256((self.out / "current" / name).read_bytes()).hexdigest()
            except FileNotFoundError:
                return f"{name} is missing"
            if not name.endswith(f"-{found[:16]}.yml"):
                return f"{name} is {found}"
        for name in re.findall(r"files/[-._0-9A-Za-z]+", text):
            if not (self.out / "current" / name).exists():
                return f"{name} is missing"
        return None

    def end(self):
        """Stop; Failed with the first things that were not whole."""
        self.ended.set()
        self.thread.join()
        if self.wrong or self.reads < 10:
            raise Failed(f"{len(self.wrong)} of {self.reads} reads were not whole: {self.wrong[:3]}")
        return self


class Stream:
    """Changes one after the other, until it is ended."""

    def __init__(self, case, change, every=0.05):
        self.change, self.every = change, every
        self.n = 0
        self.failed = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()
        case.undo.append(self.ended.set)

    def follow(self):
        while not self.ended.wait(self.every):
            try:
                self.change(self.n)
                self.n += 1
            except Exception as error:
                self.failed = error
                return

    def end(self):
        """Stop; how many there were."""
        self.ended.set()
        self.thread.join()
        if self.failed:
            raise self.failed
        return self.n
