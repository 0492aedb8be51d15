"""The program under test: `binnacle run` against the cluster, and offline."""

import re
import urllib.error
import urllib.request

from .process import Process, run
from .wait import Failed, until


class Controller:
    """`binnacle run` with the token of a ServiceAccount."""

    def __init__(self, binary, kubeconfig, log, flags=(), env=None):
        self.process = Process(
            [binary, "run", "--kubeconfig", kubeconfig, "--metrics-bind-address", "127.0.0.1:0",
             "--health-probe-bind-address", "127.0.0.1:0", "--log-level", "debug", *flags], log, env)
        self.log = log
        self.seen = log.stat().st_size
        self.health = self.port("health_port")
        self.metrics_port = self.port("metrics_port")

    def port(self, name):
        """Ports are chosen by the kernel and told in the first line of the log."""
        def look():
            found = re.search(rf"{name}=(\d+)", self.said())
            return found or not self.process.alive()
        found = until(look, 10, f"no {name} in {self.log}")
        if found is True:
            raise Failed(f"binnacle ended with {self.process.end()}: {self.said()[-1000:]}")
        return int(found.group(1))

    def said(self):
        """The log of this process: the file may hold those before it."""
        return self.process.said()[self.seen:]

    def fetch(self, path, port=None):
        """Status and text of an endpoint."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port or self.health}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def ready(self, timeout=15):
        until(lambda: self.fetch("/readyz")[0] == 200, timeout, lambda: f"not ready: {self.readyz()}")
        return self

    def readyz(self):
        return self.fetch("/readyz?verbose")[1]

    def metric(self, name):
        """The sum of a metric over its labels."""
        rows = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", self.fetch("/metrics", self.metrics_port)[1], re.M)
        return sum(map(float, rows))

    def memory(self):
        return self.process.memory()

    def end(self):
        return self.process.end()


def offline(binary, words, stdin=None, timeout=60):
    """`binnacle render` or `lint`: status, standard output as bytes, messages as text."""
    done = run([binary, *words], timeout, input=stdin)
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")
