"""parts: N: fixed slots for volumes without sync; a reader at any moment finds every file that the root names"""

import threading
import time

from lib.case import content_of, jobs_of
from lib.wait import expect, until

DEADLINE_S = 180
SLOTS = 4
POLICIES = 40


class Reader:
    """Reads root and slots again and again, as a kubelet does; notes what is named and not there."""

    def __init__(self, t, ns):
        self.t, self.ns = t, ns
        self.broken, self.rounds, self.seen = [], 0, set()
        self.ended = threading.Event()
        self.api = t.plane.api_of(t.plane.dir / "kubeconfig")
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.wait(0.05):
            files = files_of(self.api, self.ns)
            if files is None:
                continue
            self.rounds += 1
            missing = [name for name, text in files.items() if text is None]
            self.seen.add(tuple(sorted(files)))
            if missing:
                self.broken.append(missing)

    def end(self):
        self.ended.set()
        self.thread.join(10)


def files_of(api, ns):
    """{file that the root names: its text or None}; the root is read first, as the worse order."""
    root = api.get("Secret", ns, "main-prometheus")
    if root is None:
        return None
    text = content_of(root).decode()
    names = [line[2:] for line in text.splitlines() if line.startswith("- jobs-")]
    slots = [api.get("Secret", ns, f"main-prometheus-slot-{i}") for i in range(SLOTS)]
    return {name: next((content_of(slot, name).decode() for slot in slots if slot and name in slot.get("data", {})), None)
            for name in names}


def policy(t, app, i, path="/metrics"):
    t.policy(app, f"p{i}", selector={"matchLabels": {"app": f"a{i}"}}, endpoints=[{"port": "http", "path": path}])


def run(t):
    monitoring, app = t.ns("monitoring", "output"), t.ns("app")
    for i in range(POLICIES):
        policy(t, app, i)
    t.observatory(monitoring, layout="Files", parts=SLOTS)
    t.start("--trusted-namespaces", monitoring)
    files = until(lambda: files_of(t.api, monitoring), 30, "nothing is published")
    expect(len(files) == SLOTS and all(files.values()), f"{list(files)}")
    jobs = [job for text in files.values() for job in jobs_of(text)]
    expect(len(jobs) == len(set(jobs)) == POLICIES, f"{len(jobs)} jobs in {SLOTS} slots")
    one_change(t, monitoring, app)
    churn(t, monitoring, app)
    loaded(t, monitoring)


def one_change(t, monitoring, app):
    """One job changed: one slot is written, and the root some seconds later; the file of before stays."""
    before = {thing["metadata"]["name"]: thing["metadata"]["resourceVersion"] for thing in t.api.list("Secret", monitoring)}
    old = set(files_of(t.api, monitoring))
    started = time.monotonic()
    policy(t, app, 7, "/other")
    until(lambda: set(files_of(t.api, monitoring)) != old, 20, "the root does not follow")
    t.figure("change to root", time.monotonic() - started, "s", bar=9)
    after = {thing["metadata"]["name"]: thing["metadata"]["resourceVersion"] for thing in t.api.list("Secret", monitoring)}
    changed = sorted(name for name in after if after[name] != before.get(name))
    expect(len(changed) == 2 and changed[0] == "main-prometheus", f"written: {changed}")
    keys = t.api.get("Secret", monitoring, changed[1])["data"]
    expect(len(keys) == 2, f"{changed[1]} has {list(keys)}")


def churn(t, monitoring, app):
    """Changes faster than the root follows, a restart in the middle, and a reader all the while."""
    reader = Reader(t, monitoring)
    for i in range(24):
        policy(t, app, i % 5, f"/round{i}")
        time.sleep(0.7)
        if i == 12:
            t.start("--trusted-namespaces", monitoring)
    until(lambda: any("/round23" in text for text in files_of(t.api, monitoring).values()), 40, "the last change is not named")
    until(lambda: len(reader.seen) > 1, 5, "the reader saw no other set")  # it may have looked just before
    reader.end()
    expect(not reader.broken, f"named and not there: {reader.broken[:3]}")
    expect(reader.rounds > 20 and len(reader.seen) > 1, f"{reader.rounds} rounds, {len(reader.seen)} sets")
    t.note(f"{reader.rounds} reads, {len(reader.seen)} sets, none broken")


def loaded(t, monitoring):
    """A Prometheus that is given the root and the slots' keys side by side loads every job."""
    server = t.prometheus()
    for name, text in files_of(t.api, monitoring).items():
        (server.dir / name).write_text(text)
    server.load(t.published(monitoring, ["scrape_config_files"]))
    pools = until(lambda: (found := server.fetch("/api/v1/scrape_pools")).count("scrapePolicy/") == POLICIES and found, 15,
                  lambda: server.fetch("/api/v1/scrape_pools")[:500])
    t.note(f"{pools.count('scrapePolicy/')} pools")
