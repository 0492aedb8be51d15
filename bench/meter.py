"""What a process has cost: memory, processor, bytes on its connections, calls of the API server, turns."""

import re
import subprocess
import threading
import urllib.request
from dataclasses import dataclass, field

MEGABYTE = 1 << 20
TICKS = 100  # of /proc/PID/stat, in a second; the kernel's constant for user space


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid):
    """Bytes: all, anonymous, and the most since the last reset_peak()."""
    rollup = dict(re.findall(r"^(\w+): +(\d+) kB", open(f"/proc/{pid}/smaps_rollup").read(), re.M))
    peak = re.search(r"^VmHWM:\s+(\d+)", open(f"/proc/{pid}/status").read(), re.M).group(1)
    return int(rollup["Rss"]) * 1024, int(rollup["Anonymous"]) * 1024, int(peak) * 1024


def reset_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w") as file:
        file.write("5")


def sockets(pid):
    """{connection: (bytes sent, bytes received)} of the open TCP connections, from the kernel."""
    text = subprocess.run(["ss", "-tinpH", "state", "established"], capture_output=True, text=True, timeout=20).stdout
    found = {}
    lines = text.splitlines()
    for head, info in zip(lines, lines[1:]):
        if f"pid={pid}," in head:
            sent, got = (re.search(rf"{name}:(\d+)", info) for name in ("bytes_sent", "bytes_received"))
            key = tuple(head.split()[2:4])
            found[key] = tuple(int(number.group(1)) if number else 0 for number in (sent, got))
    return found


def fetch(port, path="/metrics"):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        return answer.read().decode()


def calls(text):
    """{verb: number} of the requests to the API server, by a name that Go's operators use as well."""
    found = {}
    for value in re.findall(r"^prometheus_operator_kubernetes_client_http_requests_total{.*?} (\S+)$", text, re.M):
        found["all"] = found.get("all", 0) + int(float(value))
    for labels, value in re.findall(r"^rest_client_requests_total{(.*?)} (\S+)$", text, re.M):
        method = re.search(r'method="(\w+)"', labels).group(1)
        found[method] = found.get(method, 0) + int(float(value))
    return found


STEPS = {"compiled": "binnacle_compiles_total", "planned": "binnacle_plans_total", "rendered": "binnacle_jobs_rendered_total",
         "packed": "binnacle_pieces_packed_total"}


def steps(text):
    """How often each of the pure steps was done."""
    return {word: int(gauge(text, name)) for word, name in STEPS.items() if gauge(text, name) is not None}


def gauge(text, name):
    found = re.search(rf"^{name}(?:{{.*}})? (\S+)$", text, re.M)
    return float(found.group(1)) if found else None


@dataclass
class Reading:
    """Counters at one moment."""

    cpu: float
    apiserver: float
    sent: int
    received: int
    calls: dict
    turn: float  # the longest one until now, seconds; None when there is no such thing
    work: dict  # steps done


@dataclass
class Row:
    """What one phase has cost."""

    phase: str
    cpu: float
    apiserver: float
    sent: int
    received: int
    calls: dict
    rss: int
    anonymous: int
    peak: int
    turn: float
    latency: float = None
    worst: float = None
    changes: int = 0
    notes: dict = field(default_factory=dict)


class Meter:
    """Reads one process from its start to its end; connections are looked at each second, lest one is missed."""

    def __init__(self, pid, apiserver, port):
        self.pid, self.apiserver, self.port = pid, apiserver, port
        self.seen = {}
        self.begin = None
        self.ended = threading.Event()
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        while not self.ended.wait(1):
            self.seen.update(sockets(self.pid))

    def reading(self, fresh=False):
        """`fresh`: of a process that has done nothing yet."""
        if fresh:
            return Reading(0, cpu_seconds(self.apiserver()), 0, 0, {}, None, {})
        self.seen.update(sockets(self.pid))
        text = fetch(self.port)
        sent, received = (sum(column) for column in zip(*self.seen.values())) if self.seen else (0, 0)
        return Reading(cpu_seconds(self.pid), cpu_seconds(self.apiserver()), sent, received, calls(text),
                       gauge(text, "binnacle_longest_turn_seconds"), steps(text))

    def start(self, fresh=False):
        if not fresh:
            reset_peak(self.pid)
        self.begin = self.reading(fresh)

    def stop(self, phase, **more):
        rss, anonymous, peak = memory(self.pid)
        end, begin = self.reading(), self.begin
        notes = {word: count - begin.work.get(word, 0) for word, count in end.work.items()}
        more["notes"] = {**notes, **more.get("notes", {})}
        used = {verb: count - begin.calls.get(verb, 0) for verb, count in end.calls.items()}
        return Row(phase, end.cpu - begin.cpu, end.apiserver - begin.apiserver if end.apiserver >= begin.apiserver else end.apiserver, end.sent - begin.sent,
                   end.received - begin.received, {verb: count for verb, count in sorted(used.items()) if count},
                   rss, anonymous, peak, end.turn, **more)

    def close(self):
        self.ended.set()
