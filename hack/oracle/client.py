"""The oracle as a child process: one question a line, one answer a line."""

import contextlib
import json
import subprocess
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
BINARY = HERE.parents[1] / "build" / "oracle" / "operator"


class Oracle:
    """Owned by a with statement; several threads may ask."""

    def __init__(self, binary=BINARY):
        self.binary = str(binary)
        self.lock = threading.Lock()

    def __enter__(self):
        self.child = subprocess.Popen([self.binary, "--server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):
            self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def ask(self, **request):
        with self.lock:
            self.child.stdin.write(json.dumps(request).encode() + b"\n")
            self.child.stdin.flush()
            line = self.child.stdout.readline()
        if not line:
            raise RuntimeError("the oracle ended with status %s" % self.child.wait())
        return json.loads(line)
