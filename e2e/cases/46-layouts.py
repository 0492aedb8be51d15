"""layout, key and kind of the output changed, files added, rotated, removed: no target is lost, nothing is left behind"""

import base64
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lib.sync import Beside, Checker
from lib.wait import expect, until

DEADLINE_S = 240
PODS = 3
ROOT = "main-prometheus"
SWITCHES = [("Files", {}), ("Single", {}), ("Single", {"key": "prometheus.yml.gz"}), ("Single", {"kind": "ConfigMap"}),
            ("Files", {"kind": "ConfigMap"}), ("Files", {"kind": "ConfigMap", "key": "prometheus.yml.gz"}),
            ("Files", {"key": "prometheus.yml.gz"}), ("Single", {})]


class Guarded:
    """A target that wants a password, and remembers which one it was given."""

    def __init__(self, address, port):
        self.given = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                scheme, _, value = self.headers.get("Authorization", "").partition(" ")
                outer.given = base64.b64decode(value).decode() if scheme == "Basic" else outer.given
                body = b"guarded 1\n"
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer((address, port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Watcher:
    """Asks Prometheus for its targets, all the time: none of those that there were may go."""

    def __init__(self, case, server):
        self.server = server
        self.want = self.up()
        self.wrong, self.asked = [], 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()
        case.undo.append(self.ended.set)

    def up(self):
        return {target["scrapeUrl"] for target in self.server.targets() if target["health"] == "up"}

    def follow(self):
        while not self.ended.wait(0.05):
            try:
                lost = self.want - self.up()
                self.asked += 1
                if lost:
                    self.wrong.append(f"{time.strftime('%T')}: {sorted(lost)}")
            except OSError as error:
                self.wrong.append(repr(error))

    def end(self):
        self.ended.set()
        self.thread.join()
        expect(not self.wrong and self.asked > 10, lambda: f"lost in {len(self.wrong)} of {self.asked}: {self.wrong[:3]}")
        return self.asked


def login(t, app, password):
    t.api.apply("Secret", app, "login", stringData={"user": "u", "password": password})


def auth_policy(t, app, name, path):
    t.policy(app, name, selector={"matchLabels": {"app": "guarded"}}, endpoints=[{
        "port": "http", "path": path, "basicAuth": {
            "username": {"name": "login", "key": "user"}, "password": {"name": "login", "key": "password"}}}])


def objects(t, ns):
    """What there is, by kind and name."""
    return {(kind, thing["metadata"]["name"]) for kind in ("Secret", "ConfigMap")
            for thing in t.api.list(kind, ns, "?labelSelector=binnacle.dev/observatory")}


def told(t, ns):
    rows = t.api.get("Observatory", ns, "main")["status"]["prometheus"].get("outputs", [])
    return {(row["kind"], row["name"]) for row in rows}


def expect_outputs(t, ns, what, timeout=30):
    """What the status lists is what exists, and of the parts only those that are named."""
    def look():
        real = objects(t, ns)
        parts = [name for _, name in real if name not in (ROOT, f"{ROOT}-assets")]
        return real == told(t, ns) and len(parts) <= 1 and real
    return until(look, timeout, lambda: f"{what}: there are {sorted(objects(t, ns))}, "
                                        f"the status lists {sorted(told(t, ns))}")


def switch(t, ns, beside, layout, output):
    """Another layout, kind or key, until it runs and nothing of the one before is left."""
    what = f"{layout} {output}"
    time.sleep(1.1)  # what sync has said of the one before is of another second, and says nothing of this one
    t.observatory(ns, layout=layout, output={"name": ROOT, **output})
    kind, key = output.get("kind", "Secret"), output.get("key", "prometheus.yml")
    def look():
        thing = t.api.get(kind, ns, ROOT) or {}
        data = {**thing.get("data", {}), **thing.get("binaryData", {})}
        files = len(list((beside.out / beside.generation()).glob("jobs-*.yml")))
        return key in data and ("manifest.json" in data) == (layout == "Files") and (files > 0) == (layout == "Files")
    until(look, 30, lambda: f"{what}: not in OUT: {beside.said()[-1500:]}")
    beside.loaded(40)
    real = expect_outputs(t, ns, what)
    expect((kind, ROOT) in real and (("ConfigMap" if kind == "Secret" else "Secret"), ROOT) not in real, f"{real}")
    expect(not list((beside.out / "current").glob("jobs-*.yml")) or layout == "Files", f"{what}: files are left")


def files_of(beside):
    folder = beside.out / "current/files"
    return {file.name: file for file in folder.iterdir()} if folder.is_dir() else {}


def assets(t, app, beside, guarded):
    """Rotated, added, removed."""
    begin = time.monotonic()
    login(t, app, "second")
    until(lambda: guarded.given == "u:second", 20, lambda: f"scraped with {guarded.given}: {beside.said()[-800:]}")
    t.figure("rotated to used", time.monotonic() - begin, "s", bar=5)
    for file in files_of(beside).values():
        expect(file.stat().st_mode & 0o777 == 0o600, f"{file.name} has mode {file.stat().st_mode:o}")
    before = files_of(beside)
    t.api.apply("Secret", app, "other", stringData={"token": "t"})
    t.policy(app, "more", selector={"matchLabels": {"app": "guarded"}}, endpoints=[{
        "port": "http", "path": "/more", "authorization": {"credentials": {"name": "other", "key": "token"}}}])
    until(lambda: len(files_of(beside)) == len(before) + 1, 20, lambda: f"no new file: {files_of(beside)}")
    beside.loaded(40)
    t.api.delete("ScrapePolicy", app, "more")
    until(lambda: set(files_of(beside)) == set(before), 20, lambda: f"a file is left: {files_of(beside)}")
    beside.loaded(40)


def without_assets(t, ns, app, beside):
    """The last one goes, and comes back."""
    t.api.delete("ScrapePolicy", app, "auth")
    until(lambda: not files_of(beside), 20, lambda: f"files are left: {files_of(beside)}")
    beside.loaded(40)
    until(lambda: t.api.get("Secret", ns, f"{ROOT}-assets") is None, 20, "the assets are left")
    expect(not [path for path in beside.out.rglob("*") if path.is_file() and b"second" in path.read_bytes()],
           "the password is left in OUT")
    auth_policy(t, app, "auth", "/auth")
    until(lambda: files_of(beside), 20, lambda: f"no files: {beside.said()[-1500:]}")
    beside.loaded(40)


def run(t):
    monitoring, app = t.ns("monitoring", "output", "references"), t.ns("app", "references")
    t.deployment(app, "web", {"http": 8080}, {"prometheus.io/scrape": "true"}, replicas=PODS)
    for address in t.pods(app, "web", PODS):
        t.app(address, 8080)
    t.deployment(app, "guarded", {"http": 8080}, replicas=1)
    guarded = Guarded(t.pods(app, "guarded")[0], 8080)
    t.undo.append(guarded.close)
    login(t, app, "first")
    auth_policy(t, app, "auth", "/auth")
    t.observatory(monitoring)
    t.start("--trusted-namespaces", monitoring)
    t.published(monitoring, ["annotations/", "scrapePolicy/"])
    beside = Beside(t, monitoring).both()
    until(lambda: sum(target["health"] == "up" for target in beside.server.targets()) == PODS + 1, 20,
          lambda: f"{beside.server.describe()}")
    expect(guarded.given == "u:first", f"scraped with {guarded.given}")
    beside.loaded()
    checker, watcher = Checker(beside), Watcher(t, beside.server)
    for layout, output in SWITCHES:
        switch(t, monitoring, beside, layout, output)
    assets(t, app, beside, guarded)
    t.note(f"{len(SWITCHES)} switches, targets asked for {watcher.end()} times")
    without_assets(t, monitoring, app, beside)
    t.note(f"{checker.end().reads} reads of {len(checker.sets)} generations")
