"""one fault after the other beside a stream of changes: memory has no slope, descriptors and connections stay"""

import os
import random
import time

from lib.faults_proxy import any_of, error_event, refuse, short, watch_of
from lib.wait import expect

MINUTES = float(os.environ.get("MINUTES", "1"))
SECONDS = int(60 * MINUTES + 30 * min(MINUTES, 3)) + 30
IN_TEST = False
SEED = int(os.environ.get("SEED", "1"))
KINDS = ("scrapepolicies", "deployments", "services", "observatories", "namespaces")
SLOPE = 0.05  # of the memory: the last quarter against the second


def clean(f, kind):
    for one in f.proxy.watches(kind):
        one.end()


def cut(f, kind):
    for one in f.proxy.watches(kind):
        one.reset()


def ruled(pattern_of, action, times=2):
    def act(f, kind):
        f.proxy.rule(pattern_of(kind), action, times)
        cut(f, kind)
    return act


FAULTS = {
    "clean end": clean,
    "reset": cut,
    "all reset": lambda f, _: f.proxy.reset(),
    "410": ruled(watch_of, refuse(410, "Expired")),
    "410 event": ruled(watch_of, error_event(410, "Expired")),
    "500 event": ruled(watch_of, error_event(500, "InternalError")),
    "429": ruled(any_of, refuse(429, "TooManyRequests", 1)),
    "503": ruled(any_of, refuse(503)),
    "500": ruled(any_of, refuse(500)),
    "404": ruled(any_of, refuse(404), 1),
    "403": ruled(any_of, refuse(403), 1),
    "short": ruled(watch_of, short),
    "write refused": lambda f, _: f.proxy.rule("^PATCH .*/secrets/", refuse(503), 1),
    "write too many": lambda f, _: f.proxy.rule("^PATCH .*/secrets/", refuse(429, "TooManyRequests", 1), 1),
    "write conflict": lambda f, _: f.proxy.rule("^PATCH .*/secrets/", refuse(409, "Conflict"), 1),
}


def round_of(f, dice, number):
    """Some faults at once with changes among them; then none, and all must be right."""
    names = dice.sample(sorted(FAULTS), 3)
    for name in names:
        FAULTS[name](f, dice.choice(KINDS))
        which = dice.choice([key for key in f.keys if key not in ("shop", "p0")])
        f.put(which, f"/{which}-{number}-{name.replace(' ', '-')}")
        time.sleep(dice.random())
    f.proxy.heal()
    if number % 5 == 4:
        f.change_all(f"round-{number}")
    begin = time.monotonic()
    f.right(60)
    return time.monotonic() - begin, names


def run(f):
    dice = random.Random(SEED)
    f.begin()
    number, end = 0, time.monotonic() + 60 * min(MINUTES, 3) / 2  # until memory has found its level
    while time.monotonic() < end:
        round_of(f, dice, number)
        number += 1
    f.measure()
    rows, slowest, end = [], (0.0, []), time.monotonic() + 60 * MINUTES
    while time.monotonic() < end:
        slowest = max(slowest, round_of(f, dice, number))
        number += 1
        rows.append((f.anonymous(), f.fds(), f.sockets()))
    quarter = max(1, len(rows) // 4)
    early, late = (sorted(row[0] for row in part)[quarter // 2] for part in (rows[quarter:2 * quarter] or rows, rows[-quarter:]))
    f.note(f"seed {SEED}, {len(rows)} rounds, the slowest {slowest[0]:.1f} s after {', '.join(slowest[1])}")
    f.note(f"memory {100 * (late / early - 1):+.1f} % from the second to the last quarter")
    expect(late <= early * (1 + SLOPE) + (256 << 10), f"memory grows: {early} to {late}")
    expect(max(row[1] for row in rows[-quarter:]) <= f.before["fds"] + 24, f"descriptors: {[row[1] for row in rows]}")
    f.moved("binnacle_watches_total", len(rows))
    f.healed()
