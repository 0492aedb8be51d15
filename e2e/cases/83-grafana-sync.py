"""binnacle sync beside Grafana: files replaced as a whole, loaded, looked for, told; what is refused is put back"""

import base64
import hashlib
import json
import os
import stat
import threading
import time
from pathlib import Path

from lib.grafana import PASSWORD, ask, standin
from lib.process import Process
from lib.wait import expect, until

DEADLINE_S = 240
LATENCY_S = 3
SECRET = "password$e83\"x"
RULES = [
    {"apiGroups": ["binnacle.dev"], "resources": ["observatories"], "resourceNames": ["main"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["binnacle.dev"], "resources": ["observatories/status"], "resourceNames": ["main"], "verbs": ["patch"]},
    {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["main-grafana"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]
BOARD = {"title": "Orders", "schemaVersion": 39, "panels": []}
OTHERS = """apiVersion: 1
datasources:
  - {name: Handmade, type: loki, uid: handmade, url: 'http://loki:3100', isDefault: %s}
"""


class Sync:
    """`binnacle sync --grafana` with the rights of the sample, beside a stand-in for Grafana."""

    def __init__(self, t, ns):
        self.t, self.ns = t, ns
        self.out = t.dir / "provisioning"
        self.out.mkdir()
        self.credentials = t.dir / "credentials"
        self.credentials.mkdir()
        (self.credentials / "admin-user").write_text("admin")
        (self.credentials / "admin-password").write_text(PASSWORD + "\n")
        self.grafana = standin(t, "--provisioning", str(self.out), "--org=2")
        t.api.apply("ServiceAccount", ns, "grafana")
        t.api.apply("Role", ns, "grafana", rules=RULES)
        t.api.apply("RoleBinding", ns, "grafana",
                    roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "grafana"},
                    subjects=[{"kind": "ServiceAccount", "name": "grafana", "namespace": ns}])
        self.kubeconfig = t.plane.kubeconfig(f"{ns}/grafana", t.dir / "grafana.kubeconfig")
        self.log = t.dir / "sync.log"
        self.process = None
        t.undo.append(self.end)
        self.file = self.out / f"datasources/binnacle-{ns}-main.yaml"
        self.boards = self.out / f"dashboards/binnacle-{ns}.main"
        self.begin()

    def begin(self, *flags):
        self.process = Process(
            [self.t.binary, "sync", "--kubeconfig", self.kubeconfig, "--observatory", f"{self.ns}/main", "--out", self.out,
             "--grafana", self.grafana.url, "--grafana-credentials", self.credentials, "--log-level", "debug",
             "--health-probe-bind-address", "127.0.0.1:0", *flags], self.log, {**os.environ, "POD_NAME": "grafana-0"})

    def end(self):
        if self.process is not None:
            self.process.end()
            self.process = None

    def entry(self):
        status = (self.t.api.get("Observatory", self.ns, "main") or {}).get("status", {})
        return next((row for row in status.get("grafana", {}).get("instances", []) if row["name"] == "grafana-0"), {})

    def said_so(self, reason, *words, timeout=15):
        def look():
            row = self.entry()
            return row.get("reason") == reason and all(word in row.get("message", "") for word in words) and row
        return until(look, timeout, lambda: f"never {reason} {words}: {self.entry()}; {self.process.said()[-2000:]}")

    def published(self):
        """The hash of the object with the datasources."""
        found = [thing for kind in ("Secret", "ConfigMap") for thing in [self.t.api.get(kind, self.ns, "main-grafana")] if thing]
        return found[0]["metadata"]["annotations"]["binnacle.dev/hash"] if found else None

    def loaded(self, timeout=15):
        def look():
            row = self.entry()
            return row.get("reason") == "Loaded" and row.get("hash") == self.published() and row
        return until(look, timeout, lambda: f"not loaded: {self.entry()}, {self.published()}; {self.process.said()[-2000:]}")

    def files(self):
        """The dashboards on disk; os.walk passes over a folder that goes meanwhile."""
        return [Path(folder) / name for folder, _, names in os.walk(self.boards) for name in names if name.endswith(".json")]

    def reloads(self):
        return [path for _, path in self.grafana.writes() if "provisioning" in path]


class Reader:
    """Reads the provisioning file as Grafana may, all the time: never anything but a whole one."""

    def __init__(self, t, file):
        self.file, self.wrong, self.seen, self.reads = file, [], set(), 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()
        t.undo.append(self.ended.set)

    def follow(self):
        while not self.ended.wait(0.001):
            text = self.file.read_bytes()
            self.reads += 1
            self.seen.add(hashlib.sha256(text).hexdigest())
            if not text.startswith(b"# of binnacle sync") or not text.endswith(b"\n") or b"\napiVersion: 1\n" not in text:
                self.wrong.append(text[-80:])

    def end(self):
        self.ended.set()
        self.thread.join()
        expect(self.reads > 100 and not self.wrong, f"{len(self.wrong)} of {self.reads} reads were not whole: {self.wrong[:2]}")
        return len(self.seen)


def run(t):
    monitoring = t.ns("monitoring", "output", "references")
    t.api.create("Secret", monitoring, "login", stringData={"password": SECRET})
    t.api.apply("Observatory", monitoring, "main", spec={"prometheus": {"url": "http://prometheus:9090"}, "grafana": {}})
    source(t, monitoring, "mimir", url="http://mimir:9090")
    board(t, monitoring, "orders", BOARD, folder="Shop/..x")
    t.start("--trusted-namespaces", monitoring)
    sync = Sync(t, monitoring)
    first(t, sync)
    latency(t, sync)
    gone(t, sync)
    whole(t, sync)
    dashboards(t, sync)
    restart(t, sync)
    secrets(t, sync)
    tampered(t, sync)
    refused(t, sync)
    away(t, sync)
    denied(t, sync)
    elsewhere(t, sync)
    quiet(t, sync)


def source(t, ns, name, **spec):
    t.api.apply("Datasource", ns, name, spec={"type": "prometheus", "title": name, "uid": name, **spec})


def board(t, ns, name, model, **spec):
    t.api.apply("Dashboard", ns, name, spec={"json": json.dumps(model), **spec})


def load_boards(sync):
    """What Grafana does every ten seconds, the stand-in when it is told."""
    ask(sync.grafana.url, "POST", "/api/admin/provisioning/dashboards/reload",
        headers={"Authorization": "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()})
    return {row["model"]["title"]: row for row in sync.grafana.boards().values()}


def first(t, sync):
    row = sync.loaded()
    expect("2 datasources, 1 dashboards" in row["message"] and row.get("loadedTime"), f"{row}")
    kept = sync.grafana.sources()
    expect("mimir" in kept and kept["mimir"]["readOnly"] and len(kept) == 2, f"{kept}")
    expect(stat.S_IMODE(sync.file.stat().st_mode) == 0o644, oct(sync.file.stat().st_mode))
    files = [str(file.relative_to(sync.boards)) for file in sync.files()]
    expect(len(files) == 1 and files[0].startswith("Shop/_.x/main-orders-"), f"{files}")
    boards = load_boards(sync)
    expect(list(boards) == ["Orders"] and boards["Orders"]["provisioned"], f"{boards}")
    expect(len(sync.reloads()) == 2, f"{sync.reloads()}")  # one of ours, one of this case


def gone(t, sync):
    """One that is taken out, or has another title, goes from Grafana; the rest stays."""
    source(t, sync.ns, "passing", url="http://passing:9090", title="Passing")
    until(lambda: "Passing" in titles(sync), 15, lambda: f"{titles(sync)}")
    before = titles(sync)
    source(t, sync.ns, "passing", url="http://passing:9090", title="Passed")
    until(lambda: titles(sync) == before - {"Passing"} | {"Passed"}, 15, lambda: f"{titles(sync)}; {sync.entry()}")
    t.api.delete("Datasource", sync.ns, "passing")
    until(lambda: titles(sync) == before - {"Passing"}, 15, lambda: f"{titles(sync)}; {sync.entry()}")
    sync.loaded()


def titles(sync):
    return {row["name"] for row in sync.grafana.sources().values()}


def latency(t, sync):
    """From the object to what Grafana has, and one reload for it."""
    sync.grafana.forget()
    started = time.monotonic()
    source(t, sync.ns, "mimir", url="http://mimir:9191")
    until(lambda: sync.grafana.sources()["mimir"]["url"].endswith(":9191"), 10, "Grafana has the old address")
    t.figure("datasource changed to Grafana has it", time.monotonic() - started, "s", bar=LATENCY_S)
    sync.loaded()
    t.figure("the same, told in the status", time.monotonic() - started, "s", bar=5)
    expect(len(sync.reloads()) == 1, f"{sync.reloads()}")


def whole(t, sync):
    """Twenty changes while somebody reads."""
    reader = Reader(t, sync.file)
    for n in range(20):
        source(t, sync.ns, "mimir", url=f"http://mimir:{9200 + n}")
        time.sleep(0.1)
    sync.loaded()
    until(lambda: sync.grafana.sources()["mimir"]["url"].endswith(":9219"), 10, "Grafana has an old address")
    t.note(f"{reader.reads} reads during 20 changes, {reader.end()} texts, each of them whole")


def dashboards(t, sync):
    board(t, sync.ns, "orders", {**BOARD, "description": "changed"}, folder="Shop/Orders")
    until(lambda: [str(file.parent.relative_to(sync.boards)) for file in sync.files()] == ["Shop/Orders"] and
          "changed" in sync.files()[0].read_text(), 10, lambda: f"{sync.files()}")
    until(lambda: not (sync.boards / "Shop/_.x").exists(), 2, "an empty folder is left")
    foreign = sync.boards.parent / "mine.json"
    foreign.write_text("{}")
    t.api.delete("Dashboard", sync.ns, "orders")
    until(lambda: not sync.files(), 25, lambda: f"{sync.files()}")
    expect(sync.boards.is_dir() and foreign.exists(), "more is gone than the dashboard")
    expect(not load_boards(sync), "Grafana has it still")
    board(t, sync.ns, "orders", BOARD)
    until(sync.files, 10, "the dashboard does not come back")


def restart(t, sync):
    """Nothing is written or reloaded again."""
    sync.loaded()
    before = {file: file.stat().st_mtime_ns for file in sync.out.rglob("*") if file.is_file()}
    sync.end()
    sync.grafana.forget()
    sync.begin()
    until(lambda: "datasources are there" in sync.process.said(), 15, lambda: f"{sync.process.said()[-2000:]}")
    sync.loaded()
    after = {file: file.stat().st_mtime_ns for file in sync.out.rglob("*") if file.is_file()}
    expect(before == after, f"{set(before.items()) ^ set(after.items())}")
    expect(not sync.grafana.writes(), f"{sync.grafana.writes()}")


def secrets(t, sync):
    """A Secret in place of the ConfigMap; its values are nowhere but in the file and in Grafana."""
    source(t, sync.ns, "mimir", url="http://mimir:9090", basicAuth=True, basicAuthUser="grafana",
           secureJsonData=[{"name": "basicAuthPassword", "secretKeyRef": {"name": "login", "key": "password"}}])
    until(lambda: sync.grafana.sources()["mimir"]["secrets"] == {"basicAuthPassword": SECRET}, 10,
          lambda: f"{sync.grafana.sources()['mimir']}; {sync.process.said()[-1500:]}")
    row = sync.loaded()
    for file in (sync.file, sync.out / f".binnacle-{sync.ns}.main/proved.yaml"):
        until(lambda: stat.S_IMODE(file.stat().st_mode) == 0o600, 5, lambda: f"{file}: {oct(file.stat().st_mode)}")
    t.api.merge("Secret", sync.ns, "login", {"stringData": {"password": "rotated-e83"}})
    until(lambda: sync.grafana.sources()["mimir"]["secrets"] == {"basicAuthPassword": "rotated-e83"}, 10, "the old password")
    for text in (sync.log.read_text(), json.dumps(row), json.dumps(t.api.get("Observatory", sync.ns, "main"))):
        expect("e83\"" not in text and "rotated-e83" not in text and PASSWORD not in text, "a secret is told")


def tampered(t, sync):
    sync.loaded()
    good = sync.file.read_text()
    sync.file.write_text(good.replace("http://mimir:9090", "http://evil:9090"))
    until(lambda: sync.file.read_text() == good, 12, "an edited file stays")
    sync.file.unlink()
    until(lambda: sync.file.exists() and sync.file.read_text() == good, 12, "a file that is gone stays so")
    board_file = sync.files()[0]
    board_file.write_text("{}")
    until(lambda: "Orders" in board_file.read_text(), 12, "an edited dashboard stays")
    sync.loaded()
    foreign = sync.out / "datasources/handmade.yaml"
    foreign.write_text(OTHERS % "false")
    source(t, sync.ns, "other", url="http://other:1")
    until(lambda: {"other", "handmade"} <= set(sync.grafana.sources()), 10, lambda: f"{sync.grafana.sources().keys()}")
    expect(foreign.read_text() == OTHERS % "false", "a file of somebody else was touched")


def refused(t, sync):
    """Ours is to blame: the last good file is back, and Grafana goes on with it."""
    sync.loaded()
    good = sync.file.read_text()
    (sync.out / "datasources/handmade.yaml").write_text(OTHERS % "true")
    sync.grafana.forget()
    started = time.monotonic()
    source(t, sync.ns, "other", url="http://other:2", isDefault=True)
    row = sync.said_so("Refused", "changed: other", "the last good file is back", "log")
    t.figure("refused, told", time.monotonic() - started, "s", bar=5)
    expect(sync.file.read_text() == good, "the file that is refused stays")
    until(lambda: len(sync.reloads()) == 2, 5, lambda: f"{sync.reloads()}")
    expect(row["hash"] != sync.published(), f"{row}")
    source(t, sync.ns, "other", url="http://other:3")
    sync.loaded()
    expect(sync.grafana.sources()["other"]["url"] == "http://other:3", "the old address")
    # another file is to blame
    (sync.out / "datasources/handmade.yaml").write_text("apiVersion: 1\ndatasources: [")
    source(t, sync.ns, "other", url="http://other:4")
    sync.said_so("Refused", "another file")
    (sync.out / "datasources/handmade.yaml").unlink()
    sync.loaded(timeout=45)
    expect(sync.grafana.sources()["other"]["url"] == "http://other:4", "the old address")


def away(t, sync):
    """While Grafana is away nothing that it has not tried takes the place of what it took."""
    sync.loaded()
    good = sync.file.read_text()
    sync.grafana.end()
    source(t, sync.ns, "other", url="http://other:5")
    sync.said_so("Unreachable")
    expect(sync.file.read_text() == good, "an untried file is what Grafana would start with")
    sync.grafana.begin()
    sync.loaded(timeout=40)
    expect(sync.grafana.sources()["other"]["url"] == "http://other:5", "the old address")
    sync.grafana.tell("fault", count=2, path="/api/admin", drop="after")
    source(t, sync.ns, "other", url="http://other:6")
    sync.loaded(timeout=40)
    # it has lost all: seen at the next look, which a restart does at once
    sync.grafana.tell("reset")
    sync.end()
    sync.begin()
    until(lambda: "other" in sync.grafana.sources(), 15, "what Grafana has lost does not come back")
    sync.loaded()


def denied(t, sync):
    (sync.credentials / "admin-password").write_text("wrong")
    source(t, sync.ns, "other", url="http://other:7")
    row = sync.said_so("Unreachable", "401")
    expect("wrong" not in row["message"], f"{row}")
    (sync.credentials / "admin-password").write_text(PASSWORD)
    sync.loaded(timeout=40)


def elsewhere(t, sync):
    """A Grafana that reads another folder says that it has loaded."""
    (t.dir / "other").mkdir()
    own, sync.grafana = sync.grafana, standin(t, "--provisioning", str(t.dir / "other"))
    sync.end()
    sync.begin()
    sync.said_so("Unreachable", "mimir", "paths.provisioning")
    sync.end()
    sync.grafana = own
    sync.begin()
    sync.loaded()


def quiet(t, sync):
    """Nothing goes on without a reason."""
    sync.grafana.forget()
    time.sleep(12)
    rows = ask(sync.grafana.url, "GET", "/_standin/log")
    expect(len([row for row in rows if "_standin" not in row["path"]]) <= 1, f"{rows}")
