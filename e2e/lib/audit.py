"""The API server's own record of what each replica has written."""

import base64
import json
from datetime import datetime
from pathlib import Path

POLICY = Path(__file__).parent / "audit-policy.yaml"


def flags(log):
    """For the API server, so that it writes the record to `log`."""
    return [f"--audit-policy-file={POLICY}", f"--audit-log-path={log}"]


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Write:
    """One request that changes something."""

    def __init__(self, line):
        thing = json.loads(line)
        ref = thing.get("objectRef", {})
        self.at = seconds(thing["stageTimestamp"])  # when it was answered
        self.sent = seconds(thing["requestReceivedTimestamp"])
        self.verb = thing["verb"]
        self.resource = "/".join(filter(None, (ref.get("resource"), ref.get("subresource"))))
        self.what = f"{self.resource} {ref.get('namespace')}/{ref.get('name')}"
        self.status = thing["responseStatus"].get("code", 0)
        extra = thing["user"].get("extra", {})
        self.token = extra.get("authentication.kubernetes.io/credential-id", [""])[0].removeprefix("JTI=")

    @property
    def accepted(self):
        return 200 <= self.status < 300

    def __repr__(self):
        return f"{self.verb} {self.what} {self.status} at {self.at:.3f}"


def token_id(token):
    """What the record calls a ServiceAccount's token."""
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["jti"]


class Audit:
    """The record from now on."""

    def __init__(self, log):
        self.log = log
        self.begin = log.stat().st_size if log.exists() else 0

    def writes(self, token=None, leases=False):
        """All since then, of one replica or of all; without those of Leases."""
        with open(self.log, "rb") as file:
            file.seek(self.begin)
            lines = [line for line in file.read().split(b"\n")[:-1] if line]
        rows = [row for row in map(Write, lines) if token in (None, row.token)]
        return [row for row in rows if (row.resource == "leases") == leases]
