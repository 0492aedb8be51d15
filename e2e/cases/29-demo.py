"""`hack/demo-cluster --check`: up on a control plane of its own, five things tried, nothing left behind"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lib.wait import expect, until

DEADLINE_S = 120
UP_S = 30


def processes(folder):
    """Processes whose command line or environment names the demo's folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue  # ended meanwhile, or somebody else's
        if folder.encode() in words and int(entry.name) != os.getpid():
            found.append(words.split(b"\0", 1)[0].decode())
    return found


def run(t):
    with tempfile.TemporaryDirectory(prefix="demo") as folder:
        command = [sys.executable, t.plane.repo / "hack/demo-cluster", "--check", "--binnacle", t.binary]
        begin = time.monotonic()
        env = {**os.environ, "TMPDIR": folder}
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=env)
        said = done.stdout[-1500:] + done.stderr[-1500:]
        expect(done.returncode == 0, f"ended with {done.returncode}: {said}")
        t.figure("all", time.monotonic() - begin, "s")
        up = re.search(r"up after (\d+) s", done.stdout)
        t.figure("up", int(up.group(1)), "s", UP_S)
        t.figure("tried", len(re.findall(r"^demo: ok ", done.stdout, re.M)), "")
        expect(t.figures["tried"]["value"] == 5, done.stdout)
        expect(not os.listdir(folder), f"left behind: {os.listdir(folder)}")
        until(lambda: not processes(folder), 5, lambda: f"still running: {processes(folder)}")
