"""Five things to try in the demo cluster: what is printed for a person, and done by --check."""

import base64
from typing import NamedTuple

from .process import run
from .wait import Failed, until

NS = "istioinaction"
MERGE = "kubectl -n {} patch {} --type=merge -p '{}'"
BREAK = MERGE.format(NS, "sp catalog", '{"spec":{"prune":{"dropMetrics":["go_(.*"]}}}')
MEND = MERGE.format(NS, "sp catalog", '{"spec":{"prune":{"dropMetrics":["go_.*"]}}}')
SPOIL = MERGE.format("monitoring", "secret main-prometheus", '{"data":{"prometheus.yml":""}}')
TABLE = "kubectl get obs,sp -A"
WAIT_S = 15


class Step(NamedTuple):
    title: str
    commands: list
    see: str  # what a person looks for
    check: str  # the method of Check that looks for it


STEPS = [
    Step("scale", [f"kubectl -n {NS} scale deploy/catalog --replicas=5"],
         "five targets of catalog, without a change of the configuration", "scaled"),
    Step("break a policy", [BREAK, TABLE],
         "catalog is False, InvalidRegex: its job is gone, all others go on (-o wide tells where)", "broken"),
    Step("mend it", [MEND, TABLE], "catalog is True; the targets are back", "mended"),
    Step("kill a pod", [f"kubectl -n {NS} delete pod -l app=forum"],
         "another pod, another target, under its own name", "killed"),
    Step("edit the output by hand", [SPOIL, "kubectl -n monitoring get secret main-prometheus "
                                     "-o jsonpath='{.data.prometheus\\.yml}' | base64 -d | head -3"],
         "the text is whole again before you can look", "repaired"),
]
GUIDE = """
The demo cluster is up ({seconds:.0f} s).  In another terminal:

  . {dir}/env                      # KUBECONFIG, kubectl, promtool
  {table}
  promtool query instant {url} 'sum by (job) (up)'      # what Prometheus scrapes
  Prometheus: {url} (its configuration comes by {way})
  {folder}

Five things to try:
{steps}
Ctrl-C ends it all and removes {dir}.
"""


def guide(**facts):
    rows = []
    for number, step in enumerate(STEPS, 1):
        rows += [f"  {number}. {step.title}: {step.see}", *(f"       {command}" for command in step.commands)]
    return GUIDE.format(steps="\n".join(rows) + "\n", table=TABLE, **facts)


class Check:
    """The same without a person: each command is run, and what it should change is waited for."""

    def __init__(self, api, server, env):
        self.api, self.server, self.env = api, server, env
        self.before = None

    def walk(self, say):
        self.until(lambda: len(self.up("scrapePolicy/istioinaction/catalog/http")) == 2, "no two targets of catalog")
        self.until(lambda: len(self.up("scrapePolicy/istioinaction/envoy/istio-proxy")) == 5, "no five sidecars")
        for step in STEPS:
            self.before = self.names("forum")
            said = [self.shell(command) for command in step.commands]
            getattr(self, step.check)(said[-1])
            say(f"ok {step.title}: {step.see}")

    def shell(self, command):
        done = run(["sh", "-c", f'. "$0/env" && {command}', self.env], timeout=60)
        if done.returncode != 0:
            raise Failed(f"{command}: {done.stderr.decode()[-1000:]}")
        return done.stdout.decode()

    def until(self, look, what):
        return until(look, WAIT_S, lambda: f"{what}: {self.server.describe()}", every=0.1)

    def up(self, job):
        return [target for target in self.server.targets(job) if target["health"] == "up"]

    def names(self, app):
        targets = self.up("scrapePolicy/istioinaction/envoy/istio-proxy")
        return {target["labels"]["pod"] for target in targets if target["labels"]["app"] == app}

    def scaled(self, _):
        self.until(lambda: len(self.up("scrapePolicy/istioinaction/catalog/http")) == 5, "no five targets of catalog")

    def row(self):
        """The line of the policy catalog as kubectl prints it."""
        lines = self.shell(TABLE).splitlines()
        return next(line for line in lines if "scrapepolicy.binnacle.dev/catalog" in line).split()

    def broken(self, _):
        self.until(lambda: "False" in self.row() and "InvalidRegex" in self.row(), "kubectl shows no broken policy")
        self.until(lambda: not self.server.targets("scrapePolicy/istioinaction/catalog/http"), "the job is still there")
        self.until(lambda: len(self.up("scrapePolicy/istioinaction/envoy/istio-proxy")) == 8, "the others do not go on")

    def mended(self, _):
        self.until(lambda: "True" in self.row(), "kubectl shows no good policy")
        self.until(lambda: len(self.up("scrapePolicy/istioinaction/catalog/http")) == 5, "the targets are not back")

    def killed(self, _):
        self.until(lambda: len(now := self.names("forum")) == 1 and now != self.before, "no other pod of forum")

    def repaired(self, _):
        def look():
            text = self.api.get("Secret", "monitoring", "main-prometheus")["data"]["prometheus.yml"]
            return base64.b64decode(text).startswith(b"global:")
        self.until(look, "the output is not repaired")
