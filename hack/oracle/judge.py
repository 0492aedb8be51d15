"""Compares what the oracle says with what was rendered, and names each difference.

Classes: crash, accepted (a configuration though there is none to be), refused (none though there is one),
verdict (an object that one renders and the other leaves out), configuration, rules, unloadable (Prometheus
takes the oracle's and not this one) and promtool."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import cases
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "conformance"))
from compare import compare  # noqa: E402

JOBS = {"ServiceMonitor": "serviceMonitor/%s/%s/", "PodMonitor": "podMonitor/%s/%s/", "Probe": "probe/%s/%s",
        "ScrapeConfig": "scrapeConfig/%s/%s"}


# What the loader, of Prometheus 3, refuses of a configuration for Prometheus 2, and rightly so.
OF_PROMETHEUS_2 = re.compile(r"field scrape_classic_histograms not found|Alertmanager api version")


class Difference(NamedTuple):
    kind: str  # the class
    what: str  # the same for the same fault in another object
    line: str
    job: str = ""  # verdict: how the names of the object's jobs start

    @property
    def key(self):
        return self.kind, self.what


def plain(text):
    """A message without what differs from object to object: names in quotes, places in files, numbers."""
    text = re.sub(r"\S*\.ya?ml:[0-9]+:[0-9]+: |\"[^\"]*\"|'[^']*'|[0-9]+", "", text)
    return re.sub(r"\W+", " ", text).strip()[:90]


def complaint(said):
    """The first line that is no warning."""
    lines = said.splitlines() or [""]
    return next((line for line in lines if line.strip() and "warning:" not in line), lines[0])


class Judge:
    def __init__(self, oracle, promtools=()):
        self.oracle, self.promtools = oracle, promtools

    def differences(self, case, found, notes):
        """All differences of a case; `notes` counts what is neither pass nor difference."""
        answer = self.oracle.ask(input=cases.text_of(case["docs"]), options=case["options"])
        if answer.get("error"):
            notes["the oracle cannot answer: " + answer["error"].splitlines()[0][:80]] += 1
            return [Difference("crash", found.crash, found.crash)] if found.crash else []
        if found.crash:
            return [Difference("crash", found.crash, "%s\n%s" % (found.crash, found.said))]
        out = list(self.rules(answer, found))
        if answer.get("unmanaged"):
            return out
        text = answer.get("config")
        if text and found.config is None and not answer["load"]["ok"]:
            notes["refused, and Prometheus refuses the operator's"] += 1
            return []
        if text and found.config is None:
            line = complaint(found.said)
            return [*out, Difference("refused", plain(line), "no configuration; %s" % line)]
        if not text:
            line = answer["configError"]
            return [*out, Difference("accepted", plain(line), line)] if found.text else out
        return out + self.configurations(case, answer, found, notes)

    def configurations(self, case, answer, found, notes):
        want = yaml.load(answer["config"], cases.Loader)
        out = list(verdicts(answer, want, found.config))
        names = tuple("[" + difference.job for difference in out)
        held = {name for name, files in (answer.get("ruleConfigMaps") or {}).items() if files}
        for line in compare(want, found.config, rule_config_maps=held):
            if not names or not line.startswith(tuple("scrape_configs" + n for n in names)):
                out.append(Difference("configuration", place(line), line))
        agent = case["docs"][0]["kind"] == "PrometheusAgent"
        loads = self.oracle.ask(op="load", config=found.text, agent=agent)["load"]
        if answer["load"]["ok"]:
            old = str(case["docs"][0]["spec"].get("version", "")).lstrip("v").startswith("2.")
            if not loads["ok"] and old and OF_PROMETHEUS_2.search(loads["error"]):
                notes["for Prometheus 2: the loader cannot tell"] += 1
            elif not loads["ok"]:
                out.append(Difference("unloadable", plain(loads["error"]), loads["error"]))
            else:
                out += self.ask_promtools(answer["config"], found.text, agent, notes)
        elif loads["ok"]:
            # What Prometheus refuses of the operator and takes of this one is no fault of this one.
            notes["loads where the operator's does not"] += 1
            out = []
        else:
            notes["neither loads"] += 1
        return out

    def ask_promtools(self, want, have, agent, notes):
        for tool in self.promtools:
            said = refusal(tool, have, agent)
            if said and refusal(tool, want, agent):
                notes["%s takes neither" % tool] += 1
            elif said:
                yield Difference("promtool", tool + " " + plain(said), "%s: %s" % (tool, said[-600:]))

    @staticmethod
    def rules(answer, found):
        want, have = by_object(answer.get("ruleFiles")), by_object(found.rule_files)
        for name in sorted({*want, *have}):
            if name not in have or name not in want:
                what = "missing" if name in want else "not expected"
                yield Difference("rules", "file " + what, "%s: %s" % (name, what))
                continue
            for line in compare(yaml.load(want[name], cases.Loader), yaml.load(have[name], cases.Loader)):
                yield Difference("rules", place(line), "%s: %s" % (name, line))
        spread = {k: sorted(map(without_uid, v)) for k, v in (answer.get("ruleConfigMaps") or {}).items() if v}
        mine = {k: sorted(map(without_uid, v)) for k, v in found.rule_config_maps.items() if v}
        if spread != mine and set(want) == set(have):
            yield Difference("rules", "ConfigMaps", "want %s, got %s" % (spread, mine))


def without_uid(name):
    """A file's name without the object's uid, of which a file that no API server has seen knows nothing."""
    return re.sub(r"-([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?\.yaml$", ".yaml", name)


def by_object(files):
    return {without_uid(name): text for name, text in (files or {}).items()}


def refusal(promtool, text, agent):
    """What promtool has against a configuration; nothing where it takes it."""
    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        command = [promtool, "check", "config", "--syntax-only", *(["--agent"] if agent else []), file.name]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return (done.stderr + done.stdout).replace(file.name, "") or "no reason" if done.returncode else ""


def verdicts(answer, want, have):
    """Objects of which one side has jobs and the other none."""
    for said in answer.get("objects", []):
        prefix = JOBS.get(said["kind"])
        if prefix is None:
            continue
        prefix %= (said["namespace"], said["name"])
        expected, found = jobs(want, prefix), jobs(have, prefix)
        if bool(expected) == bool(found):
            continue
        reason = said.get("reason", "")
        ends = "%s, and is %srendered" % (said["verdict"], "" if found else "not ")
        yield Difference("verdict", "%s %s %s" % (said["kind"], ends, plain(reason)), "%s %s/%s is %s%s" % (
            said["kind"], said["namespace"], said["name"], ends, ": " + reason if reason else ""),
            prefix if prefix.endswith("/") else prefix + "]")


def jobs(config, prefix):
    names = [str(job.get("job_name")) for job in (config or {}).get("scrape_configs") or [] if isinstance(job, dict)]
    return [n for n in names if (n.startswith(prefix) if prefix.endswith("/") else n == prefix)]


def place(line):
    """Where a difference is, without names and numbers: the same fault in another object has the same place."""
    path = line.split(": want", 1)[0]
    return re.sub(r"\[[^\]]*\]", "[]", path)
