"""fields of the output that another manager takes by kubectl apply: taken back once, not fought for, strangers left alone"""

import base64
import json
import time

from lib.audit import Audit
from lib.wait import expect, until

SECONDS = 60
IN_TEST = False
OUTPUT = "main-prometheus"
TAKEN = "other-prometheus"
BACK_S = 1
QUIET_S = 4
FIGHT_S = 6
WRITES = 5  # of one content within a minute


def apply(f, *flags, name=OUTPUT, **fields):
    metadata = {"name": name, "namespace": f.monitoring, **fields.pop("metadata", {})}
    thing = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **fields}
    f.plane.kubectl("apply", "--server-side", "--field-manager=alice", *flags, "-f", "-", stdin=json.dumps(thing).encode())


def writes_of(f, record, name=OUTPUT):
    return [row for row in record.writes() if row.what == f"secrets {f.monitoring}/{name}"]


def managers(f, key):
    """Who owns a key of `data`."""
    rows = f.api.get("Secret", f.monitoring, OUTPUT)["metadata"]["managedFields"]
    return sorted(row["manager"] for row in rows if f"f:{key}" in row["fieldsV1"].get("f:data", {}))


def takes(f, i):
    """With force, the configuration and its hash become alice's; she adds a field of her own as well."""
    record = Audit(f.plane.audit)
    text = base64.b64encode(b"scrape_configs: []\n").decode()
    apply(f, "--force-conflicts", data={"prometheus.yml": text, "notes": text},
          metadata={"annotations": {"binnacle.dev/hash": f"sha256:{i}", "e2e/alice": str(i)}})
    begin = time.monotonic()
    f.right(10)
    f.figure("taken back", time.monotonic() - begin, "s", BACK_S)
    time.sleep(1.5)
    count = len(writes_of(f, record))
    expect(count == 1, f"{count} writes for one change: {writes_of(f, record)}")
    thing = f.api.get("Secret", f.monitoring, OUTPUT)
    expect(thing["data"].get("notes") == text, "her own key is gone")
    expect(thing["metadata"]["annotations"].get("e2e/alice") == str(i), "her own annotation is gone")
    expect(managers(f, "prometheus.yml") == ["binnacle"], f"the configuration is of {managers(f, 'prometheus.yml')}")


def leaves(f):
    """What she had alone goes with her, and nobody writes for it."""
    record = Audit(f.plane.audit)
    apply(f, metadata={"labels": {"team": "alice"}})
    time.sleep(1.5)
    thing = f.api.get("Secret", f.monitoring, OUTPUT)
    expect("notes" not in thing["data"] and thing["metadata"]["labels"].get("team") == "alice", f"{thing['metadata']}")
    expect(not writes_of(f, record), f"written for what is not ours: {writes_of(f, record)}")
    expect(f.paths() == (sorted(f.keys.values()), len(f.keys)), "what is published changed")


def told(f, name, reason):
    """How often Events of this Observatory have said so."""
    rows = [row for row in f.api.list("Event", f.monitoring) if row["regarding"]["name"] == name]
    return sum(row.get("series", {}).get("count", 1) for row in rows if row["reason"] == reason)


def state(f, name="main"):
    return f.condition("Observatory", f.monitoring, name, "Published")


def fight(f):
    """She answers each of our writes: five, then a condition and one Event, until something else is wanted."""
    f.put("p1", "/p1-fight")
    f.right()
    record = Audit(f.plane.audit)
    text = base64.b64encode(b"scrape_configs: []\n").decode()
    path = f"/api/v1/namespaces/{f.monitoring}/secrets/{OUTPUT}?fieldManager=alice&force=true"
    thing = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": OUTPUT}, "data": {"prometheus.yml": text}}
    begin = time.monotonic()
    while time.monotonic() - begin < FIGHT_S:
        f.api.request("PATCH", path, thing, "application/apply-patch+yaml")
        time.sleep(0.05)
    count = len(writes_of(f, record))
    f.figure("writes in a fight", count, "", WRITES)
    expect(count >= 2, f"{count} writes: it was no fight")
    until(lambda: state(f).get("reason") == "ApplyLoop", 5, lambda: f"the status does not tell: {state(f)}")
    until(lambda: told(f, "main", "ApplyLoop") == 1, 10, lambda: f"told {told(f, 'main', 'ApplyLoop')} times")
    apply(f, metadata={"labels": {"team": "alice"}})
    f.put("p1", "/p1-peace")
    f.right(10)
    until(lambda: state(f).get("status") == "True", 10, lambda: f"{state(f)}")


def stranger(f):
    """An output that is there and not ours: a condition, one Event, no write; its label gives it to us."""
    text = base64.b64encode(b"hers").decode()
    apply(f, name=TAKEN, data={"prometheus.yml": text})
    record = Audit(f.plane.audit)
    f.observatory(f.monitoring, "other")
    until(lambda: state(f, "other").get("reason") == "OutputTaken", 10,
          lambda: f"the status does not tell: {state(f, 'other')}")
    until(lambda: told(f, "other", "OutputTaken") == 1, 5, "no Event tells")
    f.put("p1", "/p1-taken")
    f.right()
    time.sleep(QUIET_S)
    count = told(f, "other", "OutputTaken")
    expect(count == 1, f"told {count} times")
    expect(not writes_of(f, record, TAKEN), f"written: {writes_of(f, record, TAKEN)}")
    expect(f.api.get("Secret", f.monitoring, TAKEN)["data"] == {"prometheus.yml": text}, "it was changed")
    apply(f, name=TAKEN, data={"prometheus.yml": text}, metadata={"labels": {"binnacle.dev/adopt": "other"}})
    f.published(f.monitoring, ["/p1-taken"], TAKEN)
    f.api.delete("Observatory", f.monitoring, "other")
    until(lambda: f.api.get("Secret", f.monitoring, TAKEN) is None, 15, "the adopted one is still there")


def run(f):
    f.begin()
    for i in range(3):  # by hand, and not again and again
        takes(f, i)
    leaves(f)
    fight(f)
    stranger(f)
    f.healed()
