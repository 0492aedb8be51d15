"""The moments at which the output is written: a watch of its metadata, and the text when it matters."""

import json
import threading
import time
import urllib.parse

import world
from lib.api import LOST, path_of
from lib.wait import Failed

ONLY_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


class Published:
    """Each write of the output, with its monotonic time; survives the API server's restarts."""

    def __init__(self, subject):
        self.subject = subject
        self.writes = []
        self.ended = False
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        while not self.ended:
            try:
                self.watch()
            except (*LOST, ValueError, KeyError):
                pass
            time.sleep(0.05)

    def watch(self):
        api = self.subject.api
        query = urllib.parse.urlencode({"watch": "1", "fieldSelector": f"metadata.name={self.subject.output}"})
        connection = api.connect(timeout=3600)
        connection.request("GET", f"{path_of('Secret', world.NS)}?{query}", None,
                           {"Authorization": f"Bearer {api.token}", "Accept": ONLY_METADATA})
        for line in iter(connection.getresponse().readline, b""):
            event = json.loads(line)
            if event["type"] in ("ADDED", "MODIFIED"):
                version = event["object"]["metadata"]["resourceVersion"]
                if not self.writes or self.writes[-1][1] != version:
                    self.writes.append((time.monotonic(), version))

    def mark(self):
        return len(self.writes)

    def until(self, mark, holds, timeout):
        """The moment of the first write after `mark` with a text that `holds`."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if len(self.writes) > mark:
                at, _ = self.writes[-1]  # read() may be newer than this: then it holds in the next one as well
                mark = len(self.writes)
                if holds(self.subject.text()):
                    return at
            time.sleep(0.002)
        raise Failed(f"not published within {timeout:g} s; {len(self.writes)} writes")

    def close(self):
        self.ended = True
