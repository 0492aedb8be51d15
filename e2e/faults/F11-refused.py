"""the API server is away: what is known stays, nothing storms it when it is back, and all is right within a minute"""

import os
import time

from lib.wait import expect

AWAY_S = 600 if os.environ.get("E2E_LONG") else 45
SECONDS = AWAY_S + 60
IN_TEST = False
A_WATCH_EACH_S = 2  # on average, of each watch, while it is refused


def listed(f):
    return f.gain("binnacle_lists_total") - f.gain("binnacle_lists_total", reason="absent")


def run(f):
    f.begin(via=None)
    for i in range(3):  # until memory has found its level
        f.restart("apiserver")
        f.change_all(f"rehearsed-{i}")
        f.right(60)
        f.controller.ready(60)
    f.measure()
    watches = f.metrics()["binnacle_watches_total"]
    f.put("p1", "/p1-last-second")
    f.plane.stop("apiserver")
    begin = time.monotonic()
    while time.monotonic() - begin < AWAY_S:
        expect(f.controller.fetch("/healthz")[0] == 200, "healthz fails: a kubelet would restart it")
        time.sleep(1)
    tries = f.gain("rest_client_requests_total", code="<error>")
    f.note(f"{AWAY_S} s away, {tries / AWAY_S:.1f} tries a second")
    expect(1 <= tries <= watches * AWAY_S / A_WATCH_EACH_S, f"{tries:g} tries in {AWAY_S} s")
    lists = listed(f)
    f.plane.start("apiserver")
    f.answers()
    begin = time.monotonic()
    f.put("p2", "/p2-at-once")
    f.right(60)
    f.figure("right again", time.monotonic() - begin, "s", 60)
    lists = listed(f) - lists
    expect(lists <= watches, f"{lists:g} lists after it, of {watches:g} watches")
    f.note(f"{lists:g} lists")
    f.moved("rest_client_requests_total", 1, code="<error>")
    f.healed()
