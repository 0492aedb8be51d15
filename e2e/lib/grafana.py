"""A Grafana: a real one where GRAFANA_URL and GRAFANA_TOKEN name it, else the stand-in."""

import json
import os
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

from .process import Process
from .wait import Failed, until

STANDIN = Path(__file__).resolve().parents[2] / "tests/tools/grafana_standin.py"
PASSWORD = "grafana-password-e2e"
TIMEOUT_S = 30


def standin(t, *flags):
    """The stand-in for a case, ended with it."""
    made = Grafana(t.dir / "grafana.log", flags)
    t.undo.append(made.end)
    return made


def real():
    """(url, token) of a real Grafana; None."""
    url, token = os.environ.get("GRAFANA_URL"), os.environ.get("GRAFANA_TOKEN")
    return (url.rstrip("/"), token) if url and token else None


def ask(url, method, path, body=None, headers=None):
    """The decoded answer; None for 404."""
    request = urllib.request.Request(url + path, method=method, headers={"Content-Type": "application/json", **(headers or {})},
                                     data=None if body is None else json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise Failed(f"{method} {path}: {error.code}: {error.read()[:400]}") from None


class Grafana:
    def __init__(self, log, flags=()):
        self.log, self.flags = log, [f"--admin=admin:{PASSWORD}", *flags]
        self.process, self.port = None, 0
        self.begin()

    def begin(self):
        """Start it, with an empty database, where it was before."""
        before = self.log.stat().st_size if self.log.exists() else 0
        self.process = Process([sys.executable, "-B", str(STANDIN), f"--port={self.port}", *self.flags], self.log)
        said = until(lambda: re.match(rb"\d+", self.log.read_bytes()[before:]), 10, "the stand-in for Grafana does not start")
        self.port = int(said.group())
        self.url = f"http://127.0.0.1:{self.port}"

    def end(self):
        self.process.end()

    def tell(self, word, **body):
        return ask(self.url, "POST", f"/_standin/{word}", body)

    def state(self):
        return ask(self.url, "GET", "/_standin/state")

    def sources(self, org=1):
        """{uid: datasource} as it is kept."""
        return {row["uid"]: row for row in self.state()["datasources"] if row.get("orgId", 1) == org}

    def boards(self):
        return {row["uid"]: row for row in self.state()["dashboards"]}

    def forget(self):
        """The requests so far."""
        ask(self.url, "DELETE", "/_standin/log")

    def writes(self):
        """Requests that change something, since forget()."""
        rows = ask(self.url, "GET", "/_standin/log")
        return [(row["method"], row["path"]) for row in rows if row["method"] != "GET" and "_standin" not in row["path"]]
