"""Events: the first is created, the rest of a series is counted, and a restart repeats nothing"""

import signal

from lib.wait import expect, until

FLIPS = 12


def spec(preset):
    return {"selector": {}, "preset": preset}


def events(t, app):
    return [row for row in t.api.list("Event", app) if row["regarding"]["name"] == "wrong"]


def total(rows):
    return sum(row.get("series", {}).get("count", 1) for row in rows)


def run(t):
    monitoring, app = t.ns("monitoring", "output"), t.ns("app")
    t.policy(app, "wrong", **spec("no-such-0"))
    t.observatory(monitoring)
    t.start("--trusted-namespaces", monitoring)
    row = until(lambda: events(t, app), 10, "no Event")[0]
    expect(row["type"] == "Warning" and row["regarding"]["kind"] == "ScrapePolicy", f"{row}")
    expect("no-such-0" in row["note"] and "series" not in row, f"{row}")
    for flip in range(1, FLIPS):
        t.policy(app, "wrong", **spec(f"no-such-{flip}"))
        until(lambda: f"no-such-{flip}" in str(t.api.get("ScrapePolicy", app, "wrong").get("status")), 10,
              "the status does not follow")
    rows = until(lambda: len(found := events(t, app)) >= 6 and found, 5, lambda: f"{events(t, app)}")
    expect(len(rows) == 6, f"{len(rows)} Events of one reason: {[row['note'] for row in rows]}")
    writes = t.controller.metric("binnacle_events_total")
    t.figure("writes", int(writes), "", 7)
    t.controller.process.signal(signal.SIGTERM)
    until(lambda: not t.controller.process.alive(), 10, "it does not end")
    rows = events(t, app)
    expect(total(rows) == FLIPS, f"{total(rows)} of {FLIPS} are told: {rows}")
    versions = {row["metadata"]["resourceVersion"] for row in rows}
    t.start("--trusted-namespaces", monitoring)
    t.published(monitoring, [])
    t.controller.ready()
    until(lambda: t.controller.metric("binnacle_compiles_total") > 0, 5, "nothing is compiled")
    t.settled()
    again = {row["metadata"]["resourceVersion"] for row in events(t, app)}
    expect(versions <= again and len(again) <= len(versions) + 1, f"told again: {events(t, app)}")
