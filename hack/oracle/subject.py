"""Who is compared with the oracle: binnacle as a process, or the oracle itself with a fault put in."""

import base64
import copy
import gzip
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import cases
import yaml

CONFIG_KEY = "prometheus.yaml.gz"
TIMEOUT_S = 30


@dataclass
class Rendered:
    """What came out; `crash` says how the process ended when it did not end by itself."""

    crash: str = ""
    said: str = ""
    text: str = ""  # the configuration; empty: none
    config: dict = None
    rule_files: dict = field(default_factory=dict)  # by name
    rule_config_maps: dict = field(default_factory=dict)  # ConfigMap: sorted names of its files


class Binnacle:
    """Runs `binnacle render` in a folder of its own for each case."""

    def __init__(self, binary):
        self.binary = str(binary)

    def render(self, case):
        with tempfile.TemporaryDirectory(prefix="differential-") as folder:
            given, out = Path(folder, "input.yaml"), Path(folder, "out")
            given.write_text(cases.text_of(case["docs"]), encoding="utf-8")
            command = [self.binary, "render", "-f", str(given), "-o", str(out)]
            for name, on in sorted(case["options"].items()):
                command += ["--assume", "%s=%s" % (name, "true" if on else "false")]
            try:
                done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S)
            except subprocess.TimeoutExpired:
                return Rendered(crash="no end after %d s" % TIMEOUT_S)
            said = (done.stderr + done.stdout).decode(errors="replace")
            if done.returncode < 0 or re.search(r"(Address|Leak|UndefinedBehavior)Sanitizer|runtime error:", said):
                return Rendered(crash="status %d" % done.returncode, said=said[-2000:])
            return self.collect(out, "%s\nstatus %d" % (said[-8000:].strip(), done.returncode))

    @staticmethod
    def collect(out, said):
        found = Rendered(said=said)
        for path in sorted(p for p in out.rglob("*") if p.is_file()):
            for doc in yaml.load_all(path.read_text(encoding="utf-8"), cases.Loader):
                if isinstance(doc, dict):
                    take(found, doc)
        return found


def take(found, doc):
    name = (doc.get("metadata") or {}).get("name", "")
    if doc.get("kind") == "Secret":
        packed = (doc.get("data") or {}).get(CONFIG_KEY)
        if packed:
            found.text = gzip.decompress(base64.b64decode(packed)).decode()
            found.config = yaml.load(found.text, cases.Loader)
    elif doc.get("kind") == "ConfigMap" and "-rulefiles-" in name:
        data = doc.get("data") or {}
        found.rule_files.update(data)
        found.rule_config_maps[name] = sorted(data)


def from_answer(answer):
    """What the oracle's answer would look like as files."""
    text = answer.get("config", "")
    return Rendered(text=text, config=yaml.load(text, cases.Loader) if text else None,
                    rule_files=dict(answer.get("ruleFiles") or {}),
                    rule_config_maps=copy.deepcopy(answer.get("ruleConfigMaps") or {}))


# Faults, by name: each changes what was rendered, or leaves it when there is nothing to change.

def first_job(config, wanted=lambda job: True):
    return next((job for job in (config or {}).get("scrape_configs") or [] if wanted(job)), None)


def lose_job(found):
    if first_job(found.config):
        found.config["scrape_configs"].pop(0)


def lose_rule(found):
    job = first_job(found.config, lambda job: len(job.get("relabel_configs") or []) > 3)
    if job:
        job["relabel_configs"].pop(2)


def lose_params(found):
    job = first_job(found.config, lambda job: "params" in job)
    if job:
        del job["params"]


def other_remote(found):
    for one in (found.config or {}).get("remote_write") or []:
        one["url"] += "x"


def lose_config(found):
    found.config, found.text = None, ""


def make_config(found):
    if found.config is None:
        found.text, found.config = "global: {}\n", {"global": {}}


def die(found):
    if (found.config or {}).get("tracing"):
        found.crash = "status -11"


def unloadable(found):
    if found.config is not None:
        found.text += "bogus_key: 1\n"


def other_expression(found):
    for name, text in found.rule_files.items():
        found.rule_files[name] = text.replace("expr: ", "expr: 1 + ", 1)


FAULTS = {
    # name: (what it does, the class it must be found as)
    "lose-job": (lose_job, "verdict"),  # or as a configuration, where the object has another job
    "lose-rule": (lose_rule, "configuration"),
    "lose-params": (lose_params, "configuration"),
    "other-remote": (other_remote, "configuration"),
    "lose-config": (lose_config, "refused"),
    "make-config": (make_config, "accepted"),
    "die": (die, "crash"),
    "unloadable": (unloadable, "unloadable"),
    "other-expression": (other_expression, "rules"),
}


class Impostor:
    """The oracle in the place of binnacle, with one of the faults or none."""

    def __init__(self, oracle, fault=None):
        self.oracle, self.fault = oracle, fault

    def render(self, case):
        found = from_answer(self.oracle.ask(input=cases.text_of(case["docs"]), options=case["options"]))
        if self.fault:
            before = copy.deepcopy(found.config)
            FAULTS[self.fault][0](found)
            if found.config is not None and found.config != before:
                found.text = cases.text_of([found.config])
        return found
