"""what is published was changed by hand: refused, told without its values, the last good one runs on, repaired"""

import base64
import gzip
import json

from lib.sync import Beside
from lib.wait import expect, until

DEADLINE_S = 300
ROOT, ASSETS = "main-prometheus", "main-prometheus-assets"
WORD = "t4mpered-w0rd"  # never told
BOMB_MB = 200
REPAIR_S = 60  # a wait between two tries is 30 s at most


def encoded(content):
    return base64.b64encode(content).decode()


def packed(text):
    return encoded(gzip.compress(text.encode()))


def bomb():
    """Far more than a manifest says, in a few hundred kilobytes."""
    return encoded(gzip.compress(bytes(BOMB_MB << 20), 9))


def parts(t, ns):
    things = t.api.list("Secret", ns, "?labelSelector=binnacle.dev/observatory")
    return [thing for thing in things if "binnacle.dev/part-of" in thing["metadata"]["annotations"]]


def named(t, ns):
    """The first part that the root names."""
    files = json.loads(base64.b64decode(t.api.get("Secret", ns, ROOT)["data"]["manifest.json"]))["files"]
    return t.api.get("Secret", ns, next(file["object"] for file in files if file["object"] != ROOT))


def replace_part(t, ns, data):
    """Parts are immutable: deleted and made again, with all that says whose they are."""
    part = named(t, ns)
    meta = {key: part["metadata"][key] for key in ("labels", "annotations", "ownerReferences")}
    t.api.delete("Secret", ns, part["metadata"]["name"])
    t.api.create("Secret", ns, part["metadata"]["name"], metadata=meta, data=data, immutable=True, type="Opaque")
    return part["metadata"]["name"]


def other_jobs(t, ns):
    text = f"scrape_configs:\n- job_name: {WORD}\n"
    return [replace_part(t, ns, {"jobs.yml.gz": packed(text)}), "key jobs.yml.gz"]


def same_size(t, ns):
    text = gzip.decompress(base64.b64decode(named(t, ns)["data"]["jobs.yml.gz"])).decode()
    return [replace_part(t, ns, {"jobs.yml.gz": packed(text[:-len(WORD) - 1] + WORD + "\n")}), "key jobs.yml.gz",
            "digests differ"]


def exploding(t, ns):
    return [replace_part(t, ns, {"jobs.yml.gz": bomb()}), "key jobs.yml.gz", "unpacked it is over"]


def not_packed(t, ns):
    return [replace_part(t, ns, {"jobs.yml.gz": encoded(WORD.encode())}), "key jobs.yml.gz"]


def cut(t, ns):
    content = base64.b64decode(named(t, ns)["data"]["jobs.yml.gz"])
    return [replace_part(t, ns, {"jobs.yml.gz": encoded(content[:len(content) // 2])}), "key jobs.yml.gz"]


def no_key(t, ns):
    return [replace_part(t, ns, {"other": encoded(WORD.encode())}), "has no key jobs.yml.gz"]


def no_part(t, ns):
    name = named(t, ns)["metadata"]["name"]
    t.api.delete("Secret", ns, name)
    return [name]


def edit(t, ns, name, **data):
    t.api.merge("Secret", ns, name, {"data": data})


def document(t, ns):
    text = base64.b64decode(t.api.get("Secret", ns, ROOT)["data"]["prometheus.yml"]).decode()
    edit(t, ns, ROOT, **{"prometheus.yml": encoded((text + f"# {WORD}\n").encode())})
    return [ROOT, "prometheus.yml"]


def manifest_with(t, ns, change):
    manifest = json.loads(base64.b64decode(t.api.get("Secret", ns, ROOT)["data"]["manifest.json"]))
    change(manifest)
    edit(t, ns, ROOT, **{"manifest.json": encoded(json.dumps(manifest).encode())})
    return [ROOT]


def digest(t, ns):
    return manifest_with(t, ns, lambda manifest: manifest["files"][1].update(sha256="0" * 64))


def way_out(t, ns):
    return manifest_with(t, ns, lambda manifest: manifest["files"][1].update(name="../../escaped.yml"))


def no_manifest(t, ns):
    edit(t, ns, ROOT, **{"manifest.json": None})
    return [ROOT]


def annotation(t, ns):
    t.api.annotate("Secret", ns, ROOT, {"binnacle.dev/hash": "sha256:" + "0" * 64})
    return [ROOT]


def asset(t, ns):
    name = next(iter(t.api.get("Secret", ns, ASSETS)["data"]))
    edit(t, ns, ASSETS, **{name: encoded(WORD.encode())})
    return [ASSETS]


TAMPERED = [other_jobs, same_size, exploding, not_packed, cut, document, digest, way_out, no_manifest, annotation, asset]
INCOMPLETE = [no_key, no_part]


def silent(said):
    expect(WORD not in said and "s3cret-login" not in said, "a value is told")


def one(t, ns, beside, tamper, reason):
    """binnacle is away meanwhile; a sync that begins now has nothing to fall back on."""
    t.stop()
    generation, jobs = beside.generation(), beside.runs()
    words = tamper(t, ns)
    fresh = Beside(t, ns, instance=f"fresh-{tamper.__name__.replace('_', '-')}").start_sync()
    row = fresh.said_so(reason, words, 20)
    silent(row["message"] + fresh.said())
    expect(not fresh.config.exists() and not (t.dir / "escaped.yml").exists(), f"{tamper.__name__}: it is written")
    expect(sum(file.stat().st_size for file in fresh.dir.rglob("*") if file.is_file()) < 20 << 20, "it fills the disk")
    silent(beside.said())
    expect(beside.generation() == generation and beside.runs() == jobs, f"{tamper.__name__}: what runs has changed")
    t.start("--trusted-namespaces", ns)
    until(fresh.look, REPAIR_S, lambda: f"{tamper.__name__}: not repaired: {fresh.entry()}; {fresh.said()[-1000:]}")
    fresh.forget()
    until(lambda: beside.entry().get("reason") == "Loaded", REPAIR_S,
          lambda: f"{tamper.__name__}: the first one says {beside.entry()}; {beside.said()[-1000:]}")
    expect(beside.runs() == jobs, "other jobs run")


def restarted(t, ns, beside):
    """One that had a good generation tells, and keeps it."""
    t.stop()
    generation, jobs = beside.generation(), beside.runs()
    document(t, ns)
    beside.stop_sync()
    beside.start_sync()
    row = beside.said_so("Tampered", [ROOT, "prometheus.yml"], 20)
    expect(beside.generation() == generation and beside.runs() == jobs, "what runs has changed")
    silent(row["message"])
    t.start("--trusted-namespaces", ns)
    until(lambda: beside.entry().get("reason") == "Loaded", REPAIR_S, lambda: f"not repaired: {beside.entry()}")


def run(t):
    monitoring, app = t.ns("monitoring", "output", "references"), t.ns("app", "references")
    t.deployment(app, "web", {"http": 8080}, {"prometheus.io/scrape": "true"}, replicas=1)
    t.app(t.pods(app, "web")[0], 8080)
    t.api.create("Secret", app, "login", stringData={"user": "u", "password": "s3cret-login"})
    t.policy(app, "auth", selector={}, endpoints=[{"port": "http", "path": "/auth", "basicAuth": {
        "username": {"name": "login", "key": "user"}, "password": {"name": "login", "key": "password"}}}])
    t.observatory(monitoring, layout="Files")
    t.start("--trusted-namespaces", monitoring)
    t.published(monitoring, ["scrape_config_files"])
    beside = Beside(t, monitoring).both()
    beside.loaded()
    for tamper in TAMPERED:
        one(t, monitoring, beside, tamper, "Tampered")
    for tamper in INCOMPLETE:
        one(t, monitoring, beside, tamper, "Incomplete")
    restarted(t, monitoring, beside)
    t.figure("ways to tamper", len(TAMPERED) + len(INCOMPLETE), "")
