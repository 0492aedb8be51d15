"""How what is published gets to Prometheus: `binnacle sync`, or the Secret written to a file."""

import os
import threading
import time

from .case import content_of
from .process import Process, run
from .prometheus import unshare
from .wait import Failed, until


def bring(binary, plane, account, observatory, out, url, log):
    """A Sync where this build has the command and Prometheus can be given a token; else a Follow."""
    can = "--observatory" in usage(binary) and unshare() is not None
    return (Sync if can else Follow)(binary, plane, account, observatory, out, url, log)


def usage(binary):
    return run([binary, "sync", "--help"]).stdout.decode()


class Sync:
    """`binnacle sync` with the token of a ServiceAccount; Prometheus reads `config`."""

    name = "binnacle sync"

    def __init__(self, binary, plane, account, observatory, out, url, log):
        self.out = out
        self.config = out / "current/prometheus.yml"
        out.mkdir(parents=True, exist_ok=True)
        kubeconfig = plane.kubeconfig(account, out.parent / "sync.kubeconfig")
        env = {**os.environ, "POD_NAMESPACE": observatory.partition("/")[0], "POD_NAME": "prometheus-0"}
        probes = ["--health-probe-bind-address", "127.0.0.1:0"] if "--health-probe" in usage(binary) else []
        self.process = Process([binary, "sync", "--kubeconfig", kubeconfig, "--observatory", observatory, "--out", out,
                                "--reload", f"{url}/-/reload", *probes], log, env)

    def prepare(self, timeout=20):
        """Wait for the first whole configuration."""
        def look():
            if not self.process.alive():
                raise Failed(f"binnacle sync ended: {self.process.said()[-1000:]}")
            return self.config.exists()
        until(look, timeout, lambda: f"nothing in {self.out}: {self.process.said()[-1000:]}")
        return self.config

    def attach(self, server):
        """Nothing to do: it reloads by itself."""

    def alive(self):
        return self.process.alive()

    def end(self):
        self.process.end()


class Follow:
    """The Secret's text, given to Prometheus whenever it changes."""

    name = "a loop that writes the Secret to a file"

    def __init__(self, _binary, plane, _account, observatory, out, _url, _log):
        self.api = plane.api
        self.ns, self.observatory = observatory.split("/")
        self.config = out / "current/prometheus.yml"
        self.last = None
        self.ended = threading.Event()
        self.thread = None

    def prepare(self):
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text("scrape_configs: []\n")
        return self.config

    def attach(self, server):
        self.thread = threading.Thread(target=self.follow, args=(server,), daemon=True)
        self.thread.start()

    def follow(self, server):
        while not self.ended.wait(0.1):
            try:
                self.look(server)
            except (OSError, Failed):
                time.sleep(0.5)  # the API server or Prometheus is away, or refuses

    def look(self, server):
        thing = self.api.get("Secret", self.ns, f"{self.observatory}-prometheus")
        content = content_of(thing) if thing else None
        if content and content != self.last:
            server.load(content.decode())
            self.last = content

    def alive(self):
        return self.thread is None or self.thread.is_alive()

    def end(self):
        self.ended.set()
        if self.thread:
            self.thread.join(5)
