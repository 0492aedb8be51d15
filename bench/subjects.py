"""The programs that are measured: binnacle, and prometheus-operator as its peer."""

import os
import re
import socket
import time

import world
from lib.api import KINDS, path_of
from lib.binnacle import Controller
from lib.case import ACCOUNT, content_of
from lib.process import Process, run
from lib.wait import Failed, until

KINDS.update({
    "ServiceMonitor": ("monitoring.coreos.com/v1", "servicemonitors", True),
    "PrometheusRule": ("monitoring.coreos.com/v1", "prometheusrules", True),
    "Prometheus": ("monitoring.coreos.com/v1", "prometheuses", True),
})


class Subject:
    """What both have in common: an object with the configuration, and objects that it is made of."""

    policy = rules = output = key = None
    rules_spec = staticmethod(lambda number: {"groups": world.groups(number)})

    def __init__(self, plane, binary, folder):
        self.plane, self.api, self.binary, self.folder = plane, plane.api, binary, folder
        self.process = None

    def text(self):
        """The published configuration; empty when there is none."""
        thing = self.api.get("Secret", world.NS, self.output)
        return (content_of({**thing, "kind": "Secret"}, self.key) or b"").decode() if thing else ""

    def jobs(self):
        return len(re.findall(r"^ *- job_name: ", self.text(), re.M))

    def forget(self):
        """The published objects go, so that the next start has all to do."""
        for kind in ("Secret", "ConfigMap"):
            for thing in self.api.list(kind, world.NS, f"?labelSelector={self.mine}"):
                self.api.delete(kind, world.NS, thing["metadata"]["name"])

    def stop(self):
        if self.process:
            self.process.end()
            self.process = None


class Binnacle(Subject):
    """With the token of its ServiceAccount and the rights of manifests/."""

    name, policy, rules, mine = "binnacle", "ScrapePolicy", "MetricRule", "binnacle.dev/observatory=main"
    output, key = "main-prometheus", "prometheus.yml.gz"
    settings = ("Observatory", "main")

    def install(self):
        self.plane.permit(world.NS, "output")

    def configure(self, annotations=False):
        self.api.apply("Observatory", world.NS, "main", spec=world.observatory(annotations))

    def policy_spec(self, number, path="/metrics"):
        return world.policy(number, path)

    def start(self):
        kubeconfig = self.plane.kubeconfig(ACCOUNT, self.folder / "kubeconfig")
        log = self.folder / "binnacle.log"
        log.touch()
        begin = time.monotonic()
        controller = Controller(self.binary, kubeconfig, log,
                                ("--trusted-namespaces", world.NS, "--log-level", "info"))
        self.process, self.port = controller.process, controller.metrics_port
        return begin


class Peer(Subject):
    """prometheus-operator as admin; its own CRDs."""

    name, policy, rules, mine = "prometheus-operator", "ServiceMonitor", "PrometheusRule", "managed-by=prometheus-operator"
    output, key, port = "prometheus-main", "prometheus.yaml.gz", None
    settings = ("Prometheus", "main")

    def install(self):
        crds = run([self.binary, "crds"], 60, check=True).stdout.decode()
        self.plane.kubectl("apply", "--server-side", "-f", "-", stdin=crds.encode())
        self.plane.kubectl("wait", "--for=condition=Established", "--timeout=30s",
                           "crd/servicemonitors.monitoring.coreos.com", "crd/prometheusrules.monitoring.coreos.com",
                           "crd/prometheuses.monitoring.coreos.com")

    def configure(self, annotations=False):
        every = {name: {} for name in ("serviceMonitorSelector", "serviceMonitorNamespaceSelector", "ruleSelector",
                                       "ruleNamespaceSelector")}
        self.api.apply("Prometheus", world.NS, "main", spec={"version": "v3.16.0", "replicas": 1, **every})

    def policy_spec(self, number, path="/metrics"):
        return world.policy(number, path)

    def start(self):
        log = self.folder / "operator.log"
        log.touch()
        port = free_port()
        begin = time.monotonic()
        self.process = Process([self.binary, "--log-level=warn",
                                f"--web.listen-address=127.0.0.1:{port}"], log, {**os.environ, "KUBECONFIG": str(self.plane.dir / "kubeconfig")})
        self.port = port
        return begin


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
