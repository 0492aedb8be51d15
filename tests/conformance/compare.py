#!/usr/bin/env python3
"""Whether two Prometheus configurations mean the same.

usage: compare.py [--set NAME=VALUE] WANT GOT
       compare.py --selftest
Prints a line for each difference; exits 0 when there is none, 1 when there are some, 2 on a file that
cannot be read.  WANT is what prometheus-operator generates; GOT may differ from it only so:

  jobs          their order; a job is known by job_name, and there is one of each name
  durations     60s is 1m, under the keys that hold durations; sizes likewise (1GB is 1024MB)
  credentials   a secret in WANT, an empty one too, may be a file in GOT (password: password_file);
                ca, cert and key of tls_config may be files or inline where the operator chose the
                place, and are the same text where the user wrote it
  placeholders  $(SHARD) may be 0 and $(POD_NAME) any text; --set gives others a value
  rule_files    the folder above the last two parts; a ConfigMap that holds nothing may be left out
  emptiness     an empty value is as good as none, but for regex, separator and replacement
  text          where Prometheus reads text, 8080 is "8080"
"""

import argparse
import difflib
import json
import re
import sys

import yaml

NONE = object()  # no value at all; an element of a list that is empty is None
WRITTEN_BY_OPERATOR = "/etc/prometheus/certs/"
EMPTY_COUNTS = frozenset("regex separator replacement".split())

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
PREFIXES = "KMGTPE"


def read_duration(text):
    """Seconds, or None where it is no duration."""
    text = str(text)
    if text == "0":
        return 0
    parts = re.findall(r"([0-9]+)(ms|[smhdwy])", text)
    if not parts or "".join(n + unit for n, unit in parts) != text:
        return None
    return sum(int(n) * SECONDS[unit] for n, unit in parts)


def read_size(text):
    """Bytes, every unit a power of 1024, or None where it is no size."""
    found = re.fullmatch(r"([0-9]*\.?[0-9]+)([KMGTPE]?)i?B?", str(text))
    if not found:
        return None
    power = PREFIXES.index(found[2]) + 1 if found[2] else 0
    return float(found[1]) * 1024**power


def words(text):
    return text.split()


# What is held below a key decides how its value is compared.
READERS = dict.fromkeys(words("""
    scrape_interval scrape_timeout evaluation_interval rule_query_offset query_offset refresh_interval
    remote_timeout timeout fetch_timeout batch_send_deadline min_backoff max_backoff sample_age_limit
    send_interval out_of_order_time_window time interval for keep_firing_for"""), read_duration)
READERS.update(dict.fromkeys(["body_size_limit", "size"], read_size))
AS_TEXT = frozenset(words("regex replacement separator target_label job_name"))
MAPS_OF_TEXT = frozenset(words("""external_labels labels params headers proxy_connect_header endpoint_params
    http_headers"""))
LISTS = frozenset(words("scrape_configs rule_files"))  # told apart by element even where one side has none
SECRETS = frozenset(words("""username password credentials bearer_token client_secret secret_key access_key
    token application_credential_secret application_secret consumer_key"""))
TLS_FILES = frozenset(words("ca cert key"))


def tidy(value, secrets=False):
    """The value without what is empty, innermost first; NONE where nothing is left.  Empty secrets can stay."""
    if isinstance(value, dict):
        out = {}
        for name, held in value.items():
            held = tidy(held, secrets)
            if held is not NONE:
                out[name] = held
            elif value[name] == "" and (name in EMPTY_COUNTS or secrets and name in SECRETS):
                out[name] = ""
        return out or NONE
    if isinstance(value, list):
        return [None if held is NONE else held for held in (tidy(v, secrets) for v in value)] or NONE
    return NONE if value is None or value == "" else value


def shown(value):
    if value is NONE:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 240 else text[:237] + "..."


class Comparer:
    """Collects the differences between two values in `found`, as (path, want, got)."""

    def __init__(self, values=None, rule_config_maps=None):
        self.values = {"SHARD": "0", **(values or {})}
        self.rule_config_maps = rule_config_maps  # those that hold something; None: all
        self.found = []

    def note(self, path, want, got):
        self.found.append((path, want, got))

    def compare(self, path, name, want, got, text=False):
        if isinstance(want, dict) and isinstance(got, dict):
            self.compare_maps(path, name, want, got, text)
        elif name == "scrape_configs" and isinstance(want, list) and isinstance(got, list):
            self.compare_jobs(path, want, got)
        elif name == "rule_files" and isinstance(want, list):
            self.compare_rule_files(path, want, got)
        elif isinstance(want, list) and isinstance(got, list):
            self.compare_lists(path, name, want, got, text)
        elif not self.same_scalar(name, want, got, text):
            self.note(path, want, got)

    def same_scalar(self, name, want, got, text):
        if any(isinstance(v, (dict, list)) or v is NONE for v in (want, got)):
            return False
        if want is None or got is None:
            return want is got
        reader = READERS.get(name)
        if reader and reader(want) is not None and reader(want) == reader(got):
            return True
        if text or name in AS_TEXT:
            want, got = as_text(want), as_text(got)
        if isinstance(want, str) and isinstance(got, str):
            return want == got or self.fits(want, got)
        if isinstance(want, bool) or isinstance(got, bool):
            return want is got
        numbers = (int, float)
        return isinstance(want, numbers) and isinstance(got, numbers) and want == got

    def fits(self, want, got):
        """Whether `got` is `want` with some placeholders filled in."""
        if "$(" not in want:
            return False
        pattern = ""
        for piece in re.split(r"(\$\(\w+\))", want):
            name = piece[2:-1]
            if piece.startswith("$(") and name == "POD_NAME":
                pattern += ".+"
            elif piece.startswith("$(") and name in self.values:
                pattern += "(?:%s|%s)" % (re.escape(piece), re.escape(self.values[name]))
            else:
                pattern += re.escape(piece)
        return re.fullmatch(pattern, got, re.DOTALL) is not None

    def compare_maps(self, path, name, want, got, text):
        rest = dict(got)
        for key, value in want.items():
            here = "%s.%s" % (path, key) if path else str(key)
            stand_in = self.stand_in(name, key, value, want, rest)
            if stand_in:
                rest.pop(stand_in)
            elif key not in rest and tidy(value) is NONE and key not in EMPTY_COUNTS:
                continue
            elif key in LISTS and key not in rest:
                self.compare(here, key, value, [])
            elif key in rest:
                self.compare(here, key, value, rest.pop(key), text or key in MAPS_OF_TEXT)
            else:
                self.note(here, value, NONE)
        for key, value in rest.items():
            here = "%s.%s" % (path, key) if path else str(key)
            if key in LISTS:
                self.compare(here, key, [], value)
            else:
                self.note(here, NONE, value)

    @staticmethod
    def stand_in(name, key, value, want, got):
        """The key of GOT that may hold what WANT has below `key`, if it is there and need not be equal."""
        base = key[: -len("_file")] if isinstance(key, str) and key.endswith("_file") else key
        if name == "tls_config" and base in TLS_FILES:
            if key != base and not str(value).startswith(WRITTEN_BY_OPERATOR):
                return None
            return next((k for k in (base + "_file", base) if k in got), None)
        in_file = "%s_file" % key
        if key in SECRETS and key not in got and in_file in got and in_file not in want:
            return in_file
        return None

    def compare_jobs(self, path, want, got):
        wanted, have = by_job(want), by_job(got)
        for job in [*wanted, *(j for j in have if j not in wanted)]:
            here = "%s[%s]" % (path, job)
            pair = wanted.get(job, []), have.get(job, [])
            if not pair[0] or not pair[1]:
                self.note(here, "a job" if pair[0] else NONE, "a job" if pair[1] else NONE)
                continue
            if len(pair[0]) != len(pair[1]):
                self.note(here, "%d of that name" % len(pair[0]), "%d of that name" % len(pair[1]))
            for one, other in zip(*pair):
                self.compare(here, "", one, other)

    def compare_lists(self, path, name, want, got, text):
        if len(want) == len(got):
            for i, (one, other) in enumerate(zip(want, got)):
                self.compare("%s[%d]" % (path, i), name, one, other, text)
            return
        # Of different length: what is left out or added is told, not everything after it.
        matcher = difflib.SequenceMatcher(a=self.tokens(want, want), b=self.tokens(got, want, name, text),
                                          autojunk=False)
        for what, i, j, k, m in matcher.get_opcodes():
            if what == "equal":
                continue
            for at in range(i, j):
                self.note("%s[%d]" % (path, at), want[at], NONE)
            for at in range(k, m):
                self.note("%s[+%d]" % (path, at), NONE, got[at])

    def tokens(self, values, want, name="", text=False):
        """A number for each value: that of the first of `want` that it equals, or one of its own."""
        out = []
        for i, value in enumerate(values):
            if values is want:
                equal = (k for k in range(i + 1) if want[k] == value)
            else:
                equal = (k for k in range(len(want)) if self.equal(name, want[k], value, text))
            out.append(next(equal, -1 - i))
        return out

    def equal(self, name, want, got, text):
        probe = Comparer(self.values, self.rule_config_maps)
        probe.compare("", name, want, got, text)
        return not probe.found

    def compare_rule_files(self, path, want, got):
        def ends(names):
            return ["/".join(str(n).split("/")[-2:]) for n in (names if isinstance(names, list) else [])]
        wanted, have = ends(want), ends(got)
        held = self.rule_config_maps
        if wanted == have or held is not None and have == [w for w in wanted if w.split("/")[0] in held]:
            return
        self.note(path, want, got)


def as_text(value):
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def by_job(jobs):
    out = {}
    for job in jobs:
        name = job.get("job_name") if isinstance(job, dict) else None
        out.setdefault(as_text(name), []).append(job)
    return out


def compare(want, got, values=None, rule_config_maps=None):
    """The lines that tell how two parsed configurations differ."""
    comparer = Comparer(values, rule_config_maps)
    want, got = tidy(want, secrets=True), tidy(got)
    comparer.compare("", "", {} if want is NONE else want, {} if got is NONE else got)
    return ["%s: want %s, got %s" % (path, shown(w), shown(g)) for path, w, g in comparer.found]


SAMPLE = """
global:
  scrape_interval: 90s
  external_labels: {prometheus: ns/p, prometheus_replica: $(POD_NAME), n: 7}
  body_size_limit: 2GB
rule_files: [/etc/prometheus/rules/prometheus-p-rulefiles-0/*.yaml]
scrape_configs:
- job_name: a
  basic_auth: {username: me, password: secret}
  oauth2: {client_id: c, client_secret: ''}
  tls_config: {ca_file: /etc/prometheus/certs/1_ns_map_ca, cert_file: /mine/cert, insecure_skip_verify: false}
  relabel_configs:
  - {source_labels: [a], target_label: b}
  - {source_labels: [c], regex: 10, action: drop}
  - {source_labels: [h], regex: $(SHARD);|.+, action: keep}
  - {target_label: gone, replacement: ''}
- job_name: b
  ec2_sd_configs: [{}]
  static_configs: [{targets: [t], labels: {}}]
"""

# Each row: a name, whether the configurations are still the same, where, and the new value (NONE: removed).
ROWS = [
    ("nothing changed", True, [], None),
    ("duration in other units", True, ["global", "scrape_interval"], "1m30s"),
    ("other duration", False, ["global", "scrape_interval"], "91s"),
    ("size in other units", True, ["global", "body_size_limit"], "2048MB"),
    ("other size", False, ["global", "body_size_limit"], "2048KB"),
    ("pod name filled in", True, ["global", "external_labels", "prometheus_replica"], "prometheus-p-0"),
    ("label as text", True, ["global", "external_labels", "n"], "7"),
    ("key added", False, ["global", "scrape_timeout"], "10s"),
    ("empty key added", True, ["remote_write"], []),
    ("rules elsewhere", True, ["rule_files", 0], "/x/prometheus-p-rulefiles-0/*.yaml"),
    ("rules left out", False, ["rule_files"], NONE),
    ("all jobs left out", False, ["scrape_configs"], NONE),
    ("other rules", False, ["rule_files", 0], "/x/prometheus-q-rulefiles-0/*.yaml"),
    ("password in a file", True, ["scrape_configs", 0, "basic_auth"], {"username": "me", "password_file": "/f"}),
    ("empty secret in a file", True, ["scrape_configs", 0, "oauth2"], {"client_id": "c", "client_secret_file": "/f"}),
    ("empty secret left out", True, ["scrape_configs", 0, "oauth2"], {"client_id": "c"}),
    ("empty secret filled in", False, ["scrape_configs", 0, "oauth2", "client_secret"], "x"),
    ("other password", False, ["scrape_configs", 0, "basic_auth", "password"], "x"),
    ("no password", False, ["scrape_configs", 0, "basic_auth", "password"], NONE),
    ("CA elsewhere", True, ["scrape_configs", 0, "tls_config", "ca_file"], "/f"),
    ("no CA", False, ["scrape_configs", 0, "tls_config", "ca_file"], NONE),
    ("the user's certificate elsewhere", False, ["scrape_configs", 0, "tls_config", "cert_file"], "/f"),
    ("flag as text", False, ["scrape_configs", 0, "tls_config", "insecure_skip_verify"], "false"),
    ("regex as text", True, ["scrape_configs", 0, "relabel_configs", 1, "regex"], "10"),
    ("other regex", False, ["scrape_configs", 0, "relabel_configs", 1, "regex"], "11"),
    ("shard filled in", True, ["scrape_configs", 0, "relabel_configs", 2, "regex"], "0;|.+"),
    ("other shard", False, ["scrape_configs", 0, "relabel_configs", 2, "regex"], "1;|.+"),
    ("rule left out", False, ["scrape_configs", 0, "relabel_configs", 0], NONE),
    ("empty replacement left out", False, ["scrape_configs", 0, "relabel_configs", 3, "replacement"], NONE),
    ("empty labels left out", True, ["scrape_configs", 1, "static_configs", 0, "labels"], NONE),
    ("job left out", False, ["scrape_configs", 1], NONE),
    ("job of the same name", False, ["scrape_configs", 1, "job_name"], "a"),
]


def changed(where, value):
    doc = yaml.safe_load(SAMPLE)
    if not where:
        doc["scrape_configs"].reverse()
        return doc
    at = doc
    for step in where[:-1]:
        at = at[step]
    if value is NONE:
        del at[where[-1]]
    else:
        at[where[-1]] = value
    return doc


def selftest():
    failed = 0
    for name, same, where, value in ROWS:
        found = compare(yaml.safe_load(SAMPLE), changed(where, value))
        if bool(found) == same:
            print("compare: %s: %s" % (name, found or "not found"))
            failed += 1
    print("%d passed, %d failed" % (len(ROWS) - failed, failed))
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description="compare two Prometheus configurations by meaning")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="what $(NAME) may be")
    parser.add_argument("--selftest", action="store_true", help="check this program")
    parser.add_argument("files", nargs="*", metavar="FILE")
    args = parser.parse_args()
    if args.selftest:
        return selftest()
    if len(args.files) != 2:
        parser.error("two files are needed")
    docs = []
    for name in args.files:
        try:
            with open(name, encoding="utf-8") as file:
                docs.append(yaml.safe_load(file))
        except (OSError, yaml.YAMLError) as err:
            print("%s: %s" % (name, err), file=sys.stderr)
            return 2
    lines = compare(*docs, values=dict(pair.split("=", 1) for pair in args.set))
    print("\n".join(lines), end="\n" if lines else "")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
