"""Processes of a case: started with a log of their own, ended by their own pid."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from typing import NamedTuple

STOP_S = 5


class Process:
    """One program that runs until end()."""

    def __init__(self, argv, log, env=None):
        self.log = log
        with open(log, "ab") as out:
            # setpriv: when the harness is killed, nothing of it stays behind.
            self.popen = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, argv)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env)

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def end(self):
        """Ask, wait, then kill; the exit status."""
        if self.alive():
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        return self.popen.wait()

    def signal(self, number):
        self.popen.send_signal(number)

    def said(self):
        return self.log.read_text(errors="replace")

    def memory(self):
        """Bytes of the process now and at most: rss, anonymous, peak."""
        kib = {}
        for line in open(f"/proc/{self.pid}/status"):
            name, _, value = line.partition(":")
            if name in ("VmRSS", "RssAnon", "VmHWM"):
                kib[name] = int(value.split()[0]) * 1024
        return {"rss": kib["VmRSS"], "anonymous": kib["RssAnon"], "peak": kib["VmHWM"]}


def run(argv, timeout=60, **options):
    """A program that ends by itself; its CompletedProcess, whatever its status."""
    return subprocess.run(list(map(str, argv)), timeout=timeout, capture_output=True, **options)


def measured(argv, timeout):
    """A program that ends by itself: status, standard output, messages, seconds, most bytes of memory."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        popen = subprocess.Popen(list(map(str, argv)), stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        killer = threading.Timer(timeout, popen.kill)
        killer.start()
        _, status, usage = os.wait4(popen.pid, 0)
        killer.cancel()
        popen.returncode = os.waitstatus_to_exitcode(status)
        texts = [file.seek(0) or file.read() for file in (out, err)]
    return Measured(popen.returncode, *texts, time.monotonic() - begin, usage.ru_maxrss * 1024)


class Measured(NamedTuple):
    status: int
    out: bytes
    err: bytes
    seconds: float
    peak: int  # never less than what Python itself had when it started the program
