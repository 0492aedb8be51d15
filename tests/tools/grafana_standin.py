#!/usr/bin/env python3
"""Stands in for Grafana where none is: its HTTP API for datasources and dashboards, in memory.

The rules are those of Grafana 11 and 12, read in its source (pkg/api/datasources.go,
pkg/api/dtos/datasource.go, pkg/services/datasources/service/{store,datasource}.go,
pkg/api/datasource/validation.go, pkg/services/authn/clients, pkg/api/dashboard.go):

- GET /api/datasources lists without version, secureJsonFields, basicAuthUser and withCredentials;
  GET /api/datasources/uid/UID has them.  Values of secrets never come back.
- POST: 409 when the name or the uid is taken in the organization; 400 for a uid that is none, a name
  of over 190 bytes, an address that a type needs and that is not there; version becomes 1.
- PUT replaces all but secrets that are not named; a secret set to "" is no longer shown.  version V
  becomes V + 1; 409 when what is stored is above V; version 0 or none is not compared, and becomes 1.
  404 for an unknown uid, 403 for what a file provisioned, 409 for a name that is taken.
- isDefault clears the others of the organization, whose version stays as it is.
- X-Grafana-Org-Id chooses the organization; a service account's token gives 401 for another one.
- POST /api/dashboards/db: 412 with status "name-exists" or "version-mismatch" without overwrite, 400
  for what a file provisioned, 400 for a folder that does not exist; each save is a version with a message.

What is assumed, not read: 403 for an organization that does not exist.

Beside it, for tests: POST /_standin/fault, reset, edit, readonly; GET /_standin/log, state.
"""

import argparse
import base64
import http.server
import json
import re
import sys
import threading
import time
import urllib.parse

import grafana_provisioning

UID = re.compile(r"^[a-zA-Z0-9_-]{1,40}$")
NAME_MAX = 190
NEEDS_URL = {"graphite", "influxdb", "elasticsearch", "prometheus", "alertmanager", "jaeger", "loki", "opentsdb",
             "tempo", "zipkin", "mysql", "postgres", "mssql"}
COLUMNS = {"name": "", "type": "", "access": "", "url": "", "user": "", "database": "", "basicAuth": False,
           "basicAuthUser": "", "withCredentials": False, "isDefault": False}
UNLISTED = ("version", "secureJsonFields", "basicAuthUser", "withCredentials")
KEPT_WHEN_EMPTY = ("name", "type", "access", "url", "basicAuthUser")  # an empty text is not written


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, code, message, **more):
        super().__init__(message)
        self.code, self.body = code, {"message": message, **more}


class Database:
    """What Grafana keeps: datasources, dashboards and folders of each organization."""

    def __init__(self, orgs):
        self.orgs, self.next_id = set(orgs), 1
        self.sources, self.boards, self.folders = {}, {}, {}  # (org, uid): dict

    def take_id(self):
        self.next_id += 1
        return self.next_id - 1

    # ---- datasources

    def named(self, org, name):
        return next((s for s in self.of(org) if s["name"] == name), None)

    def of(self, org):
        return sorted((s for (o, _), s in self.sources.items() if o == org), key=lambda s: s["name"].lower())

    def find(self, org, uid):
        found = self.sources.get((org, uid))
        if found is None:
            raise Refused(404, "Data source not found")
        return found

    def add(self, org, body, read_only=False):
        check(body)
        if not UID.match(body.get("uid") or "x"):
            raise Refused(400, "invalid UID")
        if self.named(org, body["name"]):
            raise Refused(409, "data source with the same name already exists")
        source = {"id": self.take_id(), "orgId": org, "version": 1, "readOnly": read_only, "secrets": {}}
        source["uid"] = body.get("uid") or f"P{source['id']:016X}"
        if (org, source["uid"]) in self.sources:
            raise Refused(409, "data source with the same uid already exists")
        source.update({key: body.get(key, default) for key, default in COLUMNS.items()})
        source.update(jsonData=body.get("jsonData") or {}, secrets=dict(body.get("secureJsonData") or {}))
        self.sources[org, source["uid"]] = source
        self.one_default(source)
        return source

    def update(self, org, source, body):
        check(body)
        other = self.named(org, body["name"])
        if body["name"] != source["name"] and other:
            raise Refused(409, "Failed to update datasource: data source with the same name already exists")
        version = body.get("version") or 0
        if version and source["version"] > version:
            raise Refused(409, "Datasource has already been updated by someone else. Please reload and try again")
        for key, default in COLUMNS.items():
            value = body.get(key, default)
            if value != "" or key not in KEPT_WHEN_EMPTY:
                source[key] = value
        uid = body.get("uid") or source["uid"]
        if uid != source["uid"]:
            self.sources[org, uid] = self.sources.pop((org, source["uid"]))
            source["uid"] = uid
        source.update(jsonData=body.get("jsonData") or {}, version=version + 1)
        source["secrets"].update(body.get("secureJsonData") or {})
        self.one_default(source)
        return source

    def one_default(self, source):
        if source["isDefault"]:
            for other in self.of(source["orgId"]):
                other["isDefault"] = other is source


def check(body):
    for key in ("name", "type", "access"):
        if not isinstance(body.get(key), str) or not body[key]:
            raise Refused(400, "bad request data")
    if len(body["name"].encode()) > NAME_MAX:
        raise Refused(400, f"max length is {NAME_MAX}")
    url = body.get("url") or ""
    if (body["type"] in NEEDS_URL and not url.strip()) or " " in url:
        raise Refused(400, "Validation error, invalid URL")


def shown(source, whole=True):
    out = {key: value for key, value in source.items() if key != "secrets"}
    out["secureJsonFields"] = {key: True for key, value in source["secrets"].items() if value}
    out.update(typeLogoUrl="public/img/icn-datasource.svg")
    if not whole:
        out = {key: value for key, value in out.items() if key not in UNLISTED}
        out["typeName"] = source["type"]
    return out


# ---- dashboards


def save_board(db, org, body):
    model = body.get("dashboard")
    if not isinstance(model, dict) or not str(model.get("title") or "").strip():
        raise Refused(400, "Dashboard title cannot be empty", status="empty-name")
    uid = model.get("uid") or f"B{db.take_id():08x}"
    if not UID.match(uid):
        raise Refused(400, "uid contains illegal characters or is too long")
    folder = body.get("folderUid") or ""
    if folder and (org, folder) not in db.folders:
        raise Refused(400, "folder not found", status="not-found")
    old = db.boards.get((org, uid))
    if old and old["provisioned"]:
        raise Refused(400, "Cannot save provisioned dashboard")
    if not body.get("overwrite"):
        twin = [b for (o, u), b in db.boards.items()
                if o == org and u != uid and b["model"]["title"] == model["title"] and b["folder"] == folder]
        if twin:
            raise Refused(412, "A dashboard with the same name in the folder already exists", status="name-exists")
        if old and model.get("version", 0) != old["model"]["version"]:
            raise Refused(412, "The dashboard has been changed by someone else", status="version-mismatch")
    version = old["model"]["version"] + 1 if old else 1
    board = old or {"id": db.take_id(), "provisioned": False, "versions": []}
    board.update(folder=folder, model={**model, "id": board["id"], "uid": uid, "version": version})
    board["versions"].insert(0, {"version": version, "message": body.get("message") or "", "uid": uid})
    db.boards[org, uid] = board
    return {"id": board["id"], "uid": uid, "status": "success", "version": version, "folderUid": folder,
            "slug": "board", "url": f"/d/{uid}/board"}


def board_of(db, org, uid):
    board = db.boards.get((org, uid))
    if board is None:
        raise Refused(404, "Dashboard not found")
    return board


def search(db, org, query):
    rows = []
    for (o, uid), board in sorted(db.boards.items()):
        tags = board["model"].get("tags") or []
        if o == org and set(query.get("tag", [])) <= set(tags):
            row = {"id": board["id"], "uid": uid, "title": board["model"]["title"], "tags": tags,
                   "type": "dash-db", "url": f"/d/{uid}/board"}
            rows.append({**row, "folderUid": board["folder"]} if board["folder"] else row)
    page, limit = int(query.get("page", ["1"])[0]), int(query.get("limit", ["1000"])[0])
    return rows[(page - 1) * limit:page * limit]


# ---- routes: (method, pattern, what answers)

ROUTES = []


def route(method, pattern):
    def keep(function):
        ROUTES.append((method, re.compile(f"^{pattern}$"), function))
        return function
    return keep


@route("GET", "/api/datasources")
def list_sources(server, org, request):
    return [shown(source, whole=False) for source in server.db.of(org)]


@route("POST", "/api/datasources")
def add_source(server, org, request):
    source = server.db.add(org, request.json())
    return {"message": "Datasource added", "id": source["id"], "name": source["name"], "datasource": shown(source)}


@route("GET", "/api/datasources/uid/([^/]+)")
def get_source(server, org, request, uid):
    return shown(server.db.find(org, uid))


@route("PUT", "/api/datasources/uid/([^/]+)")
def put_source(server, org, request, uid):
    body = request.json()
    source = server.db.find(org, uid)
    if source["readOnly"]:
        raise Refused(403, "Cannot update read-only data source")
    server.db.update(org, source, body)
    return {"message": "Datasource updated", "id": source["id"], "name": source["name"], "datasource": shown(source)}


@route("DELETE", "/api/datasources/uid/([^/]+)")
def delete_source(server, org, request, uid):
    source = server.db.find(org, uid)
    if source["readOnly"]:
        raise Refused(403, "Cannot delete read-only data source")
    del server.db.sources[org, uid]
    return {"message": "Data source deleted", "id": source["id"]}


@route("POST", "/api/dashboards/db")
def post_board(server, org, request):
    return save_board(server.db, org, request.json())


@route("GET", "/api/dashboards/uid/([^/]+)")
def get_board(server, org, request, uid):
    board = board_of(server.db, org, uid)
    return {"dashboard": board["model"], "meta": {
        "type": "db", "folderUid": board["folder"], "provisioned": board["provisioned"],
        "version": board["model"]["version"], "slug": "board", "url": f"/d/{uid}/board"}}


@route("GET", "/api/dashboards/uid/([^/]+)/versions")
def board_versions(server, org, request, uid):
    limit = int(request.query.get("limit", ["1000"])[0])
    return {"continueToken": "", "versions": board_of(server.db, org, uid)["versions"][:limit]}


@route("DELETE", "/api/dashboards/uid/([^/]+)")
def delete_board(server, org, request, uid):
    board = board_of(server.db, org, uid)
    if board["provisioned"]:
        raise Refused(400, "dashboard cannot be deleted because it was provisioned")
    del server.db.boards[org, uid]
    return {"title": board["model"]["title"], "message": "Dashboard deleted", "id": board["id"]}


@route("GET", "/api/search")
def get_search(server, org, request):
    return search(server.db, org, request.query)


@route("GET", "/api/folders")
def list_folders(server, org, request):
    return [{"uid": uid, "title": title} for (o, uid), title in sorted(server.db.folders.items()) if o == org]


@route("POST", "/api/folders")
def add_folder(server, org, request):
    body = request.json()
    uid = body.get("uid") or f"F{server.db.take_id():08x}"
    if (org, uid) in server.db.folders:
        raise Refused(409, "a folder with that uid already exists")
    server.db.folders[org, uid] = body["title"]
    return {"uid": uid, "title": body["title"], "version": 1}


@route("GET", "/api/folders/([^/]+)")
def get_folder(server, org, request, uid):
    if (org, uid) not in server.db.folders:
        raise Refused(404, "folder not found")
    return {"uid": uid, "title": server.db.folders[org, uid]}


@route("POST", "/api/admin/provisioning/(datasources|dashboards)/reload")
def reload_files(server, org, request, what):
    if request.user is None:
        raise Refused(403, "You'll need additional permissions to perform this action. Permissions needed: "
                           "provisioning:reload")
    if server.provisioning is None:
        raise Refused(500, "Internal Server Error")
    problem = grafana_provisioning.load(server.db, f"{server.provisioning}/{what}", what, server.said)
    if problem:
        server.said.append(problem)
        raise Refused(500, "Internal Server Error")
    return {"message": f"{what.capitalize()} config reloaded"}


# ---- what tests do


@route("POST", "/_standin/fault")
def add_fault(server, org, request):
    """{count, method, path, status, body, headers, delay_s, drop: before | after | middle}"""
    server.faults.append({"count": 1, **request.json()})
    return {}


@route("POST", "/_standin/reset")
def reset(server, org, request):
    server.db = Database(server.db.orgs)
    server.faults.clear()
    return {}


@route("POST", "/_standin/edit")
def edit(server, org, request):
    """As somebody at the form: loads it, changes fields, saves it with the version that was loaded."""
    body = request.json()
    source = server.db.find(body.get("org", 1), body["uid"])
    form = {**shown(source), **body.get("fields", {}), "secureJsonData": body.get("secure", {})}
    form["jsonData"] = {**source["jsonData"], **form.get("jsonData", {})}
    server.db.update(body.get("org", 1), source, form)
    return {}


@route("POST", "/_standin/readonly")
def make_read_only(server, org, request):
    body = request.json()
    server.db.find(body.get("org", 1), body["uid"])["readOnly"] = True
    return {}


@route("GET", "/_standin/log")
def get_log(server, org, request):
    return server.log


@route("DELETE", "/_standin/log")
def clear_log(server, org, request):
    server.log.clear()
    return {}


@route("GET", "/_standin/state")
def get_state(server, org, request):
    db = server.db
    return {"datasources": [source for (_, source) in sorted(db.sources.items())], "said": server.said,
            "dashboards": [{**board, "org": org, "uid": uid} for (org, uid), board in sorted(db.boards.items())]}


class Handler(http.server.BaseHTTPRequestHandler):
    """One request: the fault that is due, the organization, the route."""
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write for an answer: else each waits 40 ms for an acknowledgement
    raw, user, query = b"", None, {}

    def log_message(self, *args):
        pass

    def json(self):
        try:
            value = json.loads(self.raw)
        except ValueError:
            raise Refused(400, "bad request data") from None
        if not isinstance(value, dict):
            raise Refused(400, "bad request data")
        return value

    def org(self):
        kind, _, rest = self.headers.get("Authorization", "").partition(" ")
        wanted = int(self.headers.get("X-Grafana-Org-Id") or 0)
        options = self.server.options
        if kind == "Bearer" and rest in options.token:
            if wanted not in (0, options.token[rest]):
                raise Refused(401, "API key does not belong to the requested organization")
            return options.token[rest]
        if kind == "Basic" and base64.b64decode(rest).decode() == options.admin:
            if (wanted or 1) not in self.server.db.orgs:
                raise Refused(403, "You'll need additional permissions to perform this action.")
            self.user = options.admin.partition(":")[0]
            return wanted or 1
        raise Refused(401, "Invalid username or password" if kind == "Basic" else "Unauthorized")

    def fault(self, path):
        for fault in self.server.faults:
            if fault["count"] > 0 and fault.get("method") in (None, self.command) and \
                    path.startswith(fault.get("path", "/")):
                fault["count"] -= 1
                return fault
        return {}

    def act(self, path):
        if path == "/api/health":
            return 200, {"database": "ok", "version": self.server.options.version}
        org = None if path.startswith("/_standin/") else self.org()
        for method, pattern, function in ROUTES:
            match = pattern.match(path)
            if match and method == self.command:
                return 200, function(self.server, org, self, *map(urllib.parse.unquote, match.groups()))
        return 404, {"message": "Not found"}

    def answer(self):
        parts = urllib.parse.urlsplit(self.path)
        path = parts.path.removeprefix(self.server.options.prefix)
        self.query, self.user = urllib.parse.parse_qs(parts.query), None
        self.raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = {}
        with self.server.lock:
            if not path.startswith("/_standin/"):
                self.server.log.append({"method": self.command, "path": self.path, "body": self.raw.decode(),
                                        "org": self.headers.get("X-Grafana-Org-Id"), "at": time.monotonic()})
                fault = self.fault(path)
        time.sleep(fault.get("delay_s", 0))
        if fault.get("drop") == "before":
            self.close_connection = True
            return
        status, body = fault.get("status"), fault.get("body", {"message": "fault"})
        if status is None:
            with self.server.lock:
                try:
                    status, body = self.act(path)
                except Refused as refused:
                    status, body = refused.code, refused.body
        text = (body if isinstance(body, str) else json.dumps(body)).encode()
        if fault.get("drop") == "after":
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)),
                            **fault.get("headers", {})}.items():
            self.send_header(name, value)
        self.end_headers()
        half = fault.get("drop") == "middle"
        self.wfile.write(text[:len(text) // 2] if half else text)
        self.close_connection = self.close_connection or half

    do_GET = do_POST = do_PUT = do_DELETE = answer


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, options):
        super().__init__(("127.0.0.1", options.port), Handler)
        self.options, self.provisioning = options, options.provisioning
        self.db, self.lock = Database(options.org), threading.Lock()
        self.faults, self.log, self.said = [], [], []

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # a client that went away is none
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="on loopback; 0: a free one")
    parser.add_argument("--admin", default="admin:admin", help="USER:PASSWORD of Grafana's administrator")
    parser.add_argument("--token", action="append", default=[], metavar="TOKEN=ORG", help="of a service account")
    parser.add_argument("--org", action="append", type=int, default=[1], help="an organization besides 1")
    parser.add_argument("--prefix", default="", help="path before /api, as behind a proxy")
    parser.add_argument("--version", default="12.0.0")
    parser.add_argument("--provisioning", metavar="DIR", help="holds datasources/ and dashboards/")
    options = parser.parse_args()
    options.token = {token: int(org) for token, _, org in (one.rpartition("=") for one in options.token)}
    server = Server(options)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
