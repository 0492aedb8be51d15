"""A real statsd_exporter in a pod's place."""

import urllib.request
from pathlib import Path

from .process import Process, run
from .wait import Failed, until

UDP_PORT, HTTP_PORT = 8125, 9102


class Exporter:
    """Listens at an address as the Deployment of the samples does, with a mapping file."""

    def __init__(self, tools, address, mapping, log):
        self.address = address
        self.process = Process([
            Path(tools) / "statsd_exporter", f"--statsd.mapping-config={mapping}", "--no-statsd.parse-signalfx-tags",
            f"--statsd.listen-udp={address}:{UDP_PORT}", "--statsd.listen-tcp=",
            f"--web.listen-address={address}:{HTTP_PORT}"], log)
        until(self.ready, 10, lambda: f"no answer from the exporter: {self.process.said()[-800:]}")

    def ready(self):
        if not self.process.alive():
            raise Failed(f"statsd_exporter ended: {self.process.said()[-800:]}")
        try:
            return self.page()
        except OSError:
            return None

    def page(self):
        with urllib.request.urlopen(f"http://{self.address}:{HTTP_PORT}/metrics", timeout=5) as answer:
            return answer.read().decode()

    def close(self):
        self.process.end()


def check(tools, mapping):
    """What the exporter itself says of a mapping file; None when it takes it."""
    done = run([Path(tools) / "statsd_exporter", f"--statsd.mapping-config={mapping}", "--check-config"], 20)
    return None if done.returncode == 0 else (done.stdout + done.stderr).decode()[-800:]
