"""A real Prometheus that is given what binnacle publishes, and promtool."""

import json
import os
import socket
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

from .process import Process, run
from .wait import Failed, until

# The generated configuration names no API server: Prometheus must believe that it is in a pod, and
# client-go looks for the token at a fixed path.  A mount namespace of its own has that path; the
# machine is not touched.
MOUNTED = 'mount -t tmpfs tmpfs /run && mkdir -p "$1" && cp "$0"/* "$1" && shift && exec "$@"'
ACCOUNT = "/run/secrets/kubernetes.io/serviceaccount"


def unshare():
    """How this user gets a mount namespace; None when the machine allows none."""
    for words in (["unshare", "-m"], ["unshare", "-Urm"]):
        probe = [*words, "sh", "-c", "mount -t tmpfs tmpfs /run && test -d /var/run"]
        if subprocess.run(probe, capture_output=True).returncode == 0:
            return words
    return None


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Prometheus:
    """One server with a folder of its own, scraping through the real API server."""

    def __init__(self, folder, tools, plane, account, log, config=None, url=None):
        """`config`: a file that somebody else writes, with the first text already in it."""
        self.dir = folder
        self.config = config or folder / "prometheus.yml"
        self.url = url or f"http://127.0.0.1:{free_port()}"
        self.kubeconfig = plane.kubeconfig(account, folder / "kubeconfig")
        self.namespace = unshare()
        if config is None:
            self.config.write_text("scrape_configs: []\n")
        self.process = Process(self.command(tools, plane), log, self.environment(plane))
        until(self.is_ready, 20, f"Prometheus is not ready, see {log}")

    def command(self, tools, plane):
        server = ["prometheus", f"--config.file={self.config}", f"--storage.tsdb.path={self.dir}/tsdb",
                  f"--web.listen-address={self.url[7:]}", "--web.enable-lifecycle", "--log.level=warn",
                  # Hidden flag; 5 s by default, which is Prometheus' own wait and not ours to measure.
                  "--scrape.discovery-reload-interval=100ms"]
        server[0] = next(str(path) for path in (Path(d) / "prometheus" for d in tools.split(":")) if path.exists())
        if self.namespace is None:
            print("   no mount namespace on this machine: jobs get a kubeconfig_file for the test")
            return server
        account = self.dir / "serviceaccount"
        account.mkdir()
        user = yaml.safe_load(self.kubeconfig.read_text())["users"][0]["user"]
        (account / "token").write_text(user["token"])
        (account / "ca.crt").write_bytes((plane.dir / "pki/ca.crt").read_bytes())
        return [*self.namespace, "sh", "-c", MOUNTED, account, ACCOUNT, *server]

    def environment(self, plane):
        return {**os.environ, "KUBERNETES_SERVICE_HOST": "127.0.0.1",
                "KUBERNETES_SERVICE_PORT": str(plane.api.port)}

    def is_ready(self):
        if not self.process.alive():
            raise Failed(f"Prometheus ended: {self.process.said()[-1000:]}")
        try:
            return self.fetch("/-/ready")
        except OSError:
            return False

    def fetch(self, path, method="GET"):
        request = urllib.request.Request(self.url + path, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def load(self, text):
        """Write the configuration and reload; Failed with Prometheus' own words when it refuses."""
        self.config.write_text(text if self.namespace else self.with_kubeconfig(text))
        try:
            self.fetch("/-/reload", "POST")
        except urllib.error.HTTPError as error:
            said = error.read().decode().strip()
            raise Failed(f"Prometheus refuses the configuration: {said}: {self.process.said()[-600:]}")

    def with_kubeconfig(self, text):
        config = yaml.safe_load(text)
        for job in config.get("scrape_configs") or []:
            for discovery in job.get("kubernetes_sd_configs", []):
                discovery["kubeconfig_file"] = str(self.kubeconfig)
        return yaml.safe_dump(config, sort_keys=False)

    def targets(self, job=None):
        """Active targets, of one scrape pool when named."""
        data = json.loads(self.fetch("/api/v1/targets?state=active"))["data"]["activeTargets"]
        return [target for target in data if job in (None, target["scrapePool"])]

    def up(self, job, count, timeout=15):
        """`count` targets of `job` that were scraped well."""
        def look():
            good = [target for target in self.targets(job) if target["health"] == "up"]
            return good if len(good) == count else None
        return until(look, timeout, lambda: f"no {count} targets up in {job}: {self.describe(job)}")

    def describe(self, job=None):
        return [(t["scrapeUrl"], t["health"], t["lastError"]) for t in self.targets(job)]

    def query(self, expression):
        """Series of an instant query as [(labels, value)]."""
        query = urllib.parse.urlencode({"query": expression})
        rows = json.loads(self.fetch(f"/api/v1/query?{query}"))["data"]["result"]
        return [(row["metric"], float(row["value"][1])) for row in rows]

    def end(self):
        self.process.end()


def promtool_of(tools):
    return next((path for path in (Path(d) / "promtool" for d in tools.split(":")) if path.exists()), None)


def check(promtool, content):
    """`promtool check config`; Failed when it does not like it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prometheus.yml"
        path.write_bytes(content)
        done = run([promtool, "check", "config", "--syntax-only", path])
    if done.returncode != 0:
        raise Failed(f"promtool: {(done.stdout + done.stderr).decode()[-1500:]}")
