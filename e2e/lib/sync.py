"""`binnacle sync` beside a real Prometheus, each with the rights that the samples give."""

import os
import re

from .process import Process
from .prometheus import Prometheus, free_port
from .wait import Failed, until

RULES = [
    {"apiGroups": ["binnacle.dev"], "resources": ["observatories"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["binnacle.dev"], "resources": ["observatories/status"], "verbs": ["patch"]},
    {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "list", "watch"]}]


class Beside:
    """One sync and the Prometheus that it loads; `ns/name` is the Observatory."""

    def __init__(self, case, ns, name="main", instance="prometheus-0", shard=None, tools=None, reload=None, flags=()):
        self.case, self.ns, self.name, self.instance = case, ns, name, instance
        self.dir = case.dir / f"{name}-{instance}"
        self.dir.mkdir()
        self.out = self.dir / "out"
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
        return self.config.exists()

    def serve(self):
        """Prometheus on what is in the folder."""
        count = len(list(self.dir.glob("prometheus*")))
        folder = self.dir / f"prometheus{count}"
        folder.mkdir()
        self.server = Prometheus(folder, self.tools, self.case.plane, "binnacle-system/e2e-prometheus",
                                 self.dir / f"{folder.name}.log", config=self.config, url=self.url)
        return self.server

    def both(self):
        self.start()
        self.serve()
        return self

    def entry(self):
        """What this instance says in the Observatory's status."""
        status = (self.case.api.get("Observatory", self.ns, self.name) or {}).get("status", {})
        rows = status.get("prometheus", {}).get("instances", [])
        return next((row for row in rows if row["name"] == self.instance), {})

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
            return row.get("status") == "True" and self.entry().get("hash") == self.published_hash()
        until(look, timeout, lambda: f"not loaded: {self.case.condition('Observatory', self.ns, self.name, 'Loaded')}; "
                                     f"{self.entry()}; {self.said()[-1500:]}")
        return self.entry()

    def published_hash(self):
        status = (self.case.api.get("Observatory", self.ns, self.name) or {}).get("status", {})
        return status.get("prometheus", {}).get("hash")

    def generation(self):
        return os.readlink(self.out / "current")

    def said(self):
        return self.process.said() if self.process else ""

    def count(self, text):
        return len(re.findall(text, self.said()))

    def stop_sync(self):
        if self.process is not None:
            self.process.end()
            self.process = None

    def end(self):
        self.stop_sync()
        if self.server is not None:
            self.server.end()
            self.server = None
