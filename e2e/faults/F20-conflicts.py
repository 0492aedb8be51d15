"""409 on every write, then somebody who writes the output all the time: few tries, later and later, nothing else waits"""

import threading
import time

from lib.api import ApiError
from lib.audit import Audit
from lib.faults_proxy import refuse
from lib.wait import expect, until

SECONDS = 60
IN_TEST = False
OUTPUT = "main-prometheus"
STORM_S = 12
TRIES = 6  # at 0, 1, 3, 7 and 15 s, plus or minus a tenth
BUSY_S = 4
NEXT_WRITE_S = 0.15  # writes of one object are so far apart


class Other:
    """Reads the output and puts it back with another annotation, as fast as it can."""

    def __init__(self, f):
        self.f = f
        self.puts = self.refused = 0
        self.over = False
        self.thread = threading.Thread(target=self.write, daemon=True)
        self.thread.start()

    def write(self):
        path = f"/api/v1/namespaces/{self.f.monitoring}/secrets/{OUTPUT}"
        while not self.over:
            thing = self.f.api.request("GET", path)
            thing["metadata"]["annotations"]["e2e/other"] = str(self.puts)
            try:
                self.f.api.request("PUT", path + "?fieldManager=other", thing)
                self.puts += 1
            except ApiError as error:
                if error.status != 409:
                    raise
                self.refused += 1

    def end(self):
        self.over = True
        self.thread.join(10)


def storm(f):
    """Every write of the output is in conflict, which a server that is asked for a merge may say."""
    rule = f.proxy.rule(rf"^PATCH .*/secrets/{OUTPUT}\?", refuse(409, "Conflict"))
    f.put("p1", "/p1-conflict")
    until(lambda: rule.hits, 5, "no write")
    cpu = f.cpu()
    f.policy(f.app, "wrong", selector={}, preset="none-such")
    f.refused("ScrapePolicy", f.app, "wrong", "UnknownPreset", timeout=5)
    until(lambda: f.condition("Observatory", f.monitoring, "main", "Published").get("reason") == "WriteFailed", 5,
          lambda: f"the status does not tell: {f.api.get('Observatory', f.monitoring, 'main').get('status')}")
    time.sleep(STORM_S)
    waits = [later - earlier for earlier, later in zip(rule.hits, rule.hits[1:])]
    f.note(f"409: {' '.join(f'{wait:.1f}' for wait in waits)} s")
    expect(len(rule.hits) <= TRIES, f"{len(rule.hits)} tries in {STORM_S} s")
    expect(len(waits) >= 2 and waits[-1] > 1.5 * waits[0] > 1, f"waits do not grow: {waits}")
    f.figure("CPU", (f.cpu() - cpu) / STORM_S * 100, "% of a core", 10)
    f.api.delete("ScrapePolicy", f.app, "wrong")
    f.proxy.heal()
    begin = time.monotonic()
    f.right(40)
    f.figure("published after it", time.monotonic() - begin, "s", 34)
    f.moved("rest_client_requests_total", len(waits) + 1, len(waits) + 1, code="409")
    f.moved("workqueue_retries_total", len(waits) + 1, len(waits) + 1, controller="publish")


def writes_of(f, record):
    return [row for row in record.writes() if row.what == f"secrets {f.monitoring}/{OUTPUT}"]


def contest(f):
    """Somebody else's field, written all the time: neither an answer to it, nor in the way."""
    record = Audit(f.plane.audit)
    other = Other(f)
    begin = time.monotonic()
    tag = 0
    while time.monotonic() - begin < BUSY_S:
        f.change_all(f"busy-{tag}")
        f.right()
        tag += 1
    took = time.monotonic() - begin
    other.end()
    writes = writes_of(f, record)
    f.note(f"{other.puts} writes of another, {other.refused} refused; {len(writes)} of ours for {tag} rounds")
    expect(other.puts >= 20, f"{other.puts} writes of the other one")
    expect(len(writes) <= 2 + took / NEXT_WRITE_S, f"{len(writes)} writes in {took:.1f} s")
    expect(all(row.accepted for row in writes), lambda: f"refused: {[row for row in writes if not row.accepted]}")
    quiet = Audit(f.plane.audit)
    other = Other(f)
    time.sleep(2)
    other.end()
    expect(not writes_of(f, quiet), f"written for what is not ours: {writes_of(f, quiet)[:5]}")


def run(f):
    f.begin()
    storm(f)
    contest(f)
    f.healed()
