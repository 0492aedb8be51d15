"""The phases: each gives rows of what it has cost."""

import os
import statistics
import time
from contextlib import contextmanager

import load
import world
from lib.api import ApiError, path_of
from lib.api import whole as make
from meter import Meter, calls, cpu_seconds, fetch
from published import Published

PATIENCE_S = 180
IDLE_S = int(os.environ.get("IDLE", 60))
CHANGES = 10
CHURN, CHURN_RATE = 600, 20
POD_CHURN, POD_RATE = 4000, 200
QUIET_S = 3  # without any request of the subject's: it is done
CALM = 0.02  # CPU seconds in a second


class Run:
    """One subject on one control plane with so many objects."""

    def __init__(self, subject, plane, size, rules, pods=0):
        self.subject, self.plane, self.api = subject, plane, plane.api
        self.size, self.rules, self.pods = size, rules, pods
        self.hands = load.Hands(plane)
        self.published = self.meter = None
        self.rows = []
        self.changed = 0

    # ---- the world

    def fill(self, size, rules):
        """Policies and rules up to these numbers; those that are there stay."""
        kinds = ((self.subject.policy, "shop", size, self.subject.policy_spec),
                 (self.subject.rules, "rules", rules, self.subject.rules_spec))
        for kind, name, count, spec in kinds:
            self.hands.all([load.post(path_of(kind, world.space(n)), whole(kind, world.space(n), f"{name}-{n}", {"spec": spec(n)}))
                            for n in range(count)])
        self.size, self.rules = size, rules

    def fill_pods(self, count):
        self.hands.all(load.pod_requests(count, self.pods))
        self.hands.all(load.running_requests(count, self.pods))
        self.pods = count

    # ---- the subject

    def begin(self):
        self.published = Published(self.subject)

    def apiserver(self):
        """Its pid; it changes with a restart."""
        last = None
        for line in (self.plane.dir / "pids").read_text().splitlines():
            name, pid, _ = line.split()
            if name == "apiserver":
                last = int(pid)
        return last

    def start(self):
        begin = self.subject.start()
        self.meter = Meter(self.subject.process.pid, self.apiserver, self.subject.port)
        return begin

    def stop(self):
        if self.meter:
            self.meter.close()
            self.meter = None
        self.subject.stop()

    def close(self):
        self.stop()
        if self.published:
            self.published.close()
        self.hands.close()

    def settle(self, timeout=PATIENCE_S):
        """Wait until the subject asks for nothing and hardly runs; seconds until then."""
        begin = last = time.monotonic()
        asked, cpu = None, 0
        while time.monotonic() - begin < timeout:
            now, used = self.requests(), cpu_seconds(self.subject.process.pid)
            if now != asked or used - cpu > CALM:
                asked, last = now, time.monotonic()
            cpu = used
            if time.monotonic() - last > QUIET_S:
                return last - begin
            time.sleep(0.5)
        return timeout

    def requests(self):
        try:
            return calls(fetch(self.subject.port))
        except OSError:
            return None  # it does not listen yet

    @contextmanager
    def phase(self, name, fresh=False):
        """What is put into the dictionary goes into the row."""
        more = {}
        self.meter.start(fresh)
        yield more
        self.rows.append(self.meter.stop(name, **more))

    def change(self, number, marker):
        kind, ns = self.subject.policy, world.space(number)
        return load.merge(path_of(kind, ns, f"shop-{number}"), {"spec": self.subject.policy_spec(number, marker)})


def whole(kind, ns, name, body):
    return make(kind, ns, name, body)


def cold(run, name="cold start, nothing there"):
    """From exec until every job is published; then until it has told everybody."""
    if "nothing" in name:
        run.subject.forget()
    before = cpu_seconds(run.apiserver())
    mark = run.published.mark()
    begin = run.start()
    if "nothing" in name:
        expected = run.size * world.PER_OBJECT
        at = run.published.until(mark, lambda text: text.count("job_name: ") >= expected, PATIENCE_S)
        cpu = cpu_seconds(run.subject.process.pid)
        more = {"latency": at - begin, "notes": {"CPU s until published": round(cpu, 2)}}
    else:
        more = {}
    run.settle()
    run.meter.start(fresh=True)
    row = run.meter.stop(name, **more)
    row.apiserver = cpu_seconds(run.apiserver()) - before
    run.rows.append(row)


def restart(run):
    """Everything is published already: nothing is to be written."""
    run.stop()
    cold(run, "start, all there")


def idle(run):
    with run.phase(f"idle, {IDLE_S} s") as more:
        time.sleep(IDLE_S)
        more["changes"] = 0


def one_change(run):
    """One policy gets another path, ten times."""
    took = []
    with run.phase(f"{CHANGES} changes, one by one") as more:
        for index in range(CHANGES):
            run.changed += 1
            marker = f"/one/{run.changed}/"
            mark, begin = run.published.mark(), time.monotonic()
            load_one(run, run.change(index * 7 % run.size, marker))
            took.append(run.published.until(mark, lambda text: marker in text, 60) - begin)
            time.sleep(1)
        more.update(latency=statistics.median(took), worst=max(took), changes=CHANGES)


def load_one(run, request):
    method, path, body, content = request
    run.api.request(method, path, body, content)


def churn(run):
    """600 changes at 20 in a second: how late is the last one, what did all of them cost."""
    run.changed += 1
    last = f"/last/{run.changed}/"
    with run.phase(f"{CHURN} changes at {CHURN_RATE}/s") as more:
        mark = run.published.mark()
        requests = [run.change(n * 7 % run.size, f"/churn/{run.changed}/{n}") for n in range(CHURN - 1)]
        rate = run.hands.paced(requests, CHURN_RATE)
        begin = time.monotonic()
        load_one(run, run.change(0, last))
        at = run.published.until(mark, lambda text: last in text, 60)
        writes = run.published.mark() - mark
        run.settle()
        more.update(latency=at - begin, changes=CHURN, notes={"rate": round(rate, 1), "writes of the output": writes})


def pod_churn(run):
    """What kubelets write and nobody here reads."""
    with run.phase(f"{POD_CHURN} pod statuses at {POD_RATE}/s") as more:
        numbers = [n * 13 % run.pods for n in range(POD_CHURN)]
        rate = run.hands.paced(load.status_requests(numbers, int(time.time())), POD_RATE)
        run.settle()
        more.update(changes=POD_CHURN, notes={"rate": round(rate, 1)})


def relist(run):
    """The API server goes and comes back: everything is watched again."""
    with run.phase("API server restarted") as more:
        run.plane.stop("apiserver")
        time.sleep(2)
        begin = time.monotonic()
        run.plane.start("apiserver")
        up = time.monotonic() - begin
        time.sleep(10)
        run.settle()
        more["notes"] = {"API server back after s": round(up, 1)}


def hostile(run):
    """As many costly regular expressions as the schema lets into one object: a turn may not wait for them."""
    kind, ns = "ScrapePolicy", world.space(0)
    def rules(first):
        return [{"action": "drop", "sourceLabels": ["a"], "regex": f"(a|b{first + n}){{1,60}}(x{{1,40}}){{1,15}}"} for n in range(64)]
    spec = {"selector": {}, "endpoints": [
        {"name": f"e{n}", "port": f"p{n}", "relabelings": rules(n * 128), "metricRelabelings": rules(n * 128 + 64)}
        for n in range(64)]}
    with run.phase("8 192 hostile expressions") as more:
        try:
            load_one(run, load.post(path_of(kind, ns), whole(kind, ns, "hostile", {"spec": spec})))
        except ApiError as error:
            more["notes"] = {"refused by the API server": str(error)[:300]}
            return
        run.settle()
        status = (run.api.get(kind, ns, "hostile").get("status") or {}).get("observatories", [])
        more["notes"] = {"status": [row for one in status for row in one.get("conditions", [])
                                    if row["status"] == "False"][:1]}
    run.api.delete(kind, ns, "hostile")


PHASES = {"cold": cold, "restart": restart, "idle": idle, "one": one_change, "churn": churn, "pods": pod_churn,
          "relist": relist, "hostile": hostile}
