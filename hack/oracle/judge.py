"""Compares what the oracle says with what was rendered, and names each difference.

Classes: crash, accepted (a configuration though there is none to be), refused (none though there is one),
verdict (an object that one renders and the other leaves out), configuration, rules, unloadable (Prometheus
takes the oracle's and not this one) and promtool.  A difference is (class, where, line)."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import cases
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "conformance"))
from compare import compare  # noqa: E402

JOBS = {"ServiceMonitor": "serviceMonitor/%s/%s/", "PodMonitor": "podMonitor/%s/%s/", "Probe": "probe/%s/%s",
        "ScrapeConfig": "scrapeConfig/%s/%s"}


class Judge:
    def __init__(self, oracle, promtools=()):
        self.oracle, self.promtools = oracle, promtools

    def differences(self, case, found, notes):
        """All differences of a case; `notes` counts what is neither pass nor difference."""
        answer = self.oracle.ask(input=cases.text_of(case["docs"]), options=case["options"])
        if answer.get("error"):
            notes["the oracle cannot answer: " + answer["error"].splitlines()[0][:80]] += 1
            return [("crash", "", found.crash)] if found.crash else []
        if found.crash:
            return [("crash", "", "%s\n%s" % (found.crash, found.said))]
        out = list(self.rules(answer, found))
        if answer.get("unmanaged"):
            return out
        text = answer.get("config")
        if text and found.config is None:
            return [*out, ("refused", "", "no configuration; %s" % found.said)]
        if not text:
            return [*out, ("accepted", "", answer["configError"])] if found.text else out
        return out + self.configurations(case, answer, found, notes)

    def configurations(self, case, answer, found, notes):
        want = yaml.load(answer["config"], cases.Loader)
        out = list(verdicts(answer, want, found.config))
        names = tuple("[" + where for _, where, _ in out)
        held = {name for name, files in (answer.get("ruleConfigMaps") or {}).items() if files}
        for line in compare(want, found.config, rule_config_maps=held):
            if not names or not line.startswith(tuple("scrape_configs" + n for n in names)):
                out.append(("configuration", place(line), line))
        agent = case["docs"][0]["kind"] == "PrometheusAgent"
        loads = self.oracle.ask(op="load", config=found.text, agent=agent)["load"]
        if answer["load"]["ok"]:
            if not loads["ok"]:
                out.append(("unloadable", "", loads["error"]))
            else:
                out += self.ask_promtool(found.text, agent)
        elif loads["ok"]:
            # What Prometheus refuses of the operator and takes of this one is no fault of this one.
            notes["loads where the operator's does not"] += 1
            out = [d for d in out if d[0] == "crash"]
        else:
            notes["neither loads"] += 1
        return out

    def ask_promtool(self, text, agent):
        for tool in self.promtools:
            with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                command = [tool, "check", "config", "--syntax-only", *(["--agent"] if agent else []), file.name]
                done = subprocess.run(command, capture_output=True, text=True, errors="replace")
            if done.returncode:
                yield "promtool", tool, "%s: %s" % (tool, (done.stderr + done.stdout)[-600:])

    @staticmethod
    def rules(answer, found):
        want, have = answer.get("ruleFiles") or {}, found.rule_files
        for name in sorted({*want, *have}):
            if name not in have or name not in want:
                yield "rules", "file", "%s: %s" % (name, "missing" if name in want else "not expected")
                continue
            for line in compare(yaml.load(want[name], cases.Loader), yaml.load(have[name], cases.Loader)):
                yield "rules", place(line), "%s: %s" % (name, line)
        spread = {k: v for k, v in (answer.get("ruleConfigMaps") or {}).items() if v}
        mine = {k: v for k, v in found.rule_config_maps.items() if v}
        if spread != mine and set(want) == set(have):
            yield "rules", "ConfigMaps", "want %s, got %s" % (spread, mine)


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
        # In a list of differences all jobs of the object stand below this.
        where = prefix if prefix.endswith("/") else prefix + "]"
        yield "verdict", where, "%s %s/%s is %s%s, and is %srendered" % (
            said["kind"], said["namespace"], said["name"], said["verdict"],
            " (%s)" % said["reason"] if said.get("reason") else "", "" if found else "not ")


def jobs(config, prefix):
    names = [str(job.get("job_name")) for job in (config or {}).get("scrape_configs") or [] if isinstance(job, dict)]
    return [n for n in names if (n.startswith(prefix) if prefix.endswith("/") else n == prefix)]


def place(line):
    """Where a difference is, without names and numbers: the same fault in another object has the same place."""
    path = line.split(": want", 1)[0]
    return re.sub(r"\[[^\]]*\]", "[]", path)
