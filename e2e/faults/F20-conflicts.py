"""every write is answered with 409 for some seconds: few tries, no hot loop, then all of it at once"""

import time
from collections import Counter

from lib.faults_proxy import refuse
from lib.wait import expect

SECONDS = 40
IN_TEST = True
STORM_S = 8
TRIES = 5  # of one object: after 1, 2 and 4 s, and what was under way


def storm(f, tag):
    f.proxy.rule(r"^PATCH ", refuse(409, "Conflict"))
    since = time.monotonic()
    cpu = f.cpu()
    f.put("p1", f"/p1-{tag}")
    time.sleep(STORM_S)
    tries = Counter(line.partition("?")[0] for _, line in f.proxy.lines(r"^PATCH ", since))
    output = next((n for line, n in tries.items() if line.endswith("/secrets/main-prometheus")), 0)
    expect(output >= 1 and max(tries.values()) <= TRIES, f"tries in {STORM_S} s: {tries}")
    expect(f.cpu() - cpu < 0.2 * STORM_S, f"{f.cpu() - cpu:.2f} CPU s while it could only wait")
    expect("409 Conflict" in f.controller.said(), "the log does not tell of it")
    f.proxy.heal()
    begin = time.monotonic()
    f.right(15)
    return output, time.monotonic() - begin


def run(f):
    f.begin()
    storm(f, "rehearsal")
    f.measure()
    tries, back = storm(f, "conflict")
    f.figure("tries", tries, "", TRIES)
    f.figure("back", back, "s", 10)
    f.moved("rest_client_requests_total", 1, code="409")
    f.moved("workqueue_retries_total", 1, TRIES, controller="publish")
    f.healed()
