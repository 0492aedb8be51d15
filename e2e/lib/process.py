"""Processes of a case: started with a log of their own, ended by their own pid."""

import signal
import subprocess

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
