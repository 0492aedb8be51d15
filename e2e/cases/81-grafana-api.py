"""datasources and dashboards over Grafana's HTTP API: made, kept, repaired, rotated, back after a loss, taken away"""

import json
import time

from lib import grafana
from lib.wait import expect, until

DEADLINE_S = 240
POLL_S = 5
SOURCES = 200
SECRET = "token-of-e81"
ROTATED = "rotated-token-of-e81"


def run(t):
    real(t)
    monitoring = t.ns("monitoring", "output", "references")
    server = grafana.standin(t, "--org=2")
    t.api.create("Secret", monitoring, "grafana-admin", stringData={"username": "admin", "password": grafana.PASSWORD + "\n"})
    t.api.create("Secret", monitoring, "backend", stringData={"token": SECRET})
    t.api.apply("Observatory", monitoring, "main", spec=wish(server.url))
    source(t, monitoring, "loki", {"type": "loki", "jsonData": {"httpHeaderName1": "Authorization"}, "links": {"traces": "jaeger"},
                                   "secureJsonData": [{"name": "httpHeaderValue1", "secretKeyRef": {"name": "backend", "key": "token"}}]})
    board(t, monitoring, "Board")
    t.start("--trusted-namespaces", monitoring)
    made(t, server, monitoring)
    one_request(t, server, monitoring)
    edited(t, server, monitoring)
    rotated(t, server, monitoring)
    foreign(t, server, monitoring)
    several(t, server, monitoring)
    lost(t, server, monitoring)
    restart(t, server, monitoring)
    many(t, server, monitoring)
    down(t, server, monitoring)
    gone(t, server, monitoring)


def real(t):
    """The same wish at a real Grafana, when there is one."""
    if grafana.real() is None:
        t.note("a real Grafana: not run (GRAFANA_URL, GRAFANA_TOKEN)")
        return
    url, token = grafana.real()
    ns = t.ns("real", "output", "references")
    t.api.create("Secret", ns, "grafana-admin", stringData={"token": token})
    t.api.apply("Observatory", ns, "main", spec=wish(url))
    t.start("--trusted-namespaces", ns)
    headers = {"Authorization": f"Bearer {token}"}

    def ours():
        rows = grafana.ask(url, "GET", "/api/datasources", headers=headers)
        return {row["name"]: row for row in rows if row["name"] in ("main-prometheus", "main-jaeger")}
    until(lambda: len(ours()) == 2, 30, "the datasources are not in the real Grafana")
    row = ours()["main-prometheus"]
    grafana.ask(url, "PUT", f"/api/datasources/uid/{row['uid']}", {**row, "url": "http://edited:9090"}, headers)
    start = time.monotonic()
    until(lambda: ours()["main-prometheus"]["url"] == "http://prometheus:9090", 2 * POLL_S, "an edit stays in the real Grafana")
    t.figure("an edit in a real Grafana is repaired", time.monotonic() - start, "s", POLL_S + 2)
    t.api.delete("Observatory", ns, "main")
    until(lambda: not ours(), 60, "the datasources stay in the real Grafana")
    t.note(f"a real Grafana at {url}")


def wish(url):
    return {"prometheus": {"url": "http://prometheus:9090"},
            "tracing": {"backends": [{"name": "jaeger", "type": "jaeger", "service": "jaeger.x", "queryUrl": "http://jaeger:16686"}]},
            "grafana": {"url": url, "credentialsRef": {"name": "grafana-admin"}, "pollInterval": f"{POLL_S}s"}}


def source(t, ns, name, spec):
    return t.api.apply("Datasource", ns, name, spec={"url": f"http://{name}:3100", "type": "prometheus", **spec})


def board(t, ns, title):
    t.api.apply("Dashboard", ns, "board", spec={"json": json.dumps({"title": title, "uid": "e81", "panels": []}), "folder": "E81"})


def titled(server):
    return {row["name"]: row for row in server.sources().values()}


def uid_of(t, ns, name):
    return t.api.get("Datasource", ns, name)["status"]["uid"]


def made(t, server, monitoring):
    until(lambda: set(titled(server)) == {"main-prometheus", "main-jaeger", "loki"} and "e81" in server.boards(), 15,
          lambda: f"{list(titled(server))}, {list(server.boards())}; {t.api.get('Observatory', monitoring, 'main')['status']}")
    rows = titled(server)
    expect(rows["loki"]["secrets"] == {"httpHeaderValue1": SECRET}, f"{rows['loki']}")
    expect(rows["loki"]["jsonData"]["derivedFields"][0]["datasourceUid"] == rows["main-jaeger"]["uid"], "no way to traces")
    expect(rows["loki"]["jsonData"]["derivedFields"][0]["url"] == "${__value.raw}", "$ is doubled, which is for files")
    expect(t.api.get("ConfigMap", monitoring, "main-grafana") is None, "a file as well")
    t.accepted("Datasource", monitoring, "loki")
    until(lambda: t.api.get("Observatory", monitoring, "main")["status"].get("grafana") == {"datasources": 3, "dashboards": 1}, 10,
          lambda: f"{t.api.get('Observatory', monitoring, 'main')['status'].get('grafana')}")


def one_request(t, server, monitoring):
    """A change is one request, and soon."""
    server.forget()
    start = time.monotonic()
    t.api.merge("Datasource", monitoring, "loki", {"spec": {"url": "http://loki-2:3100"}})
    until(lambda: titled(server)["loki"]["url"] == "http://loki-2:3100", 10, "the new url is not there")
    t.figure("a changed url is in Grafana", time.monotonic() - start, "s", 1)
    board(t, monitoring, "Another")
    until(lambda: server.boards()["e81"]["dashboard"]["title"] == "Another" if "dashboard" in server.boards()["e81"]
          else "Another" in str(server.boards()["e81"]), 10, "the new title is not there")
    uid = uid_of(t, monitoring, "loki")
    expect(server.writes() == [("PUT", f"/api/datasources/uid/{uid}"), ("POST", "/api/dashboards/db")], f"{server.writes()}")


def edited(t, server, monitoring):
    """Somebody edits it: one PUT within one poll, an Event with the difference."""
    uid = uid_of(t, monitoring, "loki")
    server.tell("edit", uid=uid, fields={"url": "http://wrong:1"})
    server.forget()
    start = time.monotonic()
    until(lambda: titled(server)["loki"]["url"] == "http://loki-2:3100", POLL_S + 10, "the edit stays")
    t.figure("an edit is repaired", time.monotonic() - start, "s", POLL_S + 2)
    expect(server.writes() == [("PUT", f"/api/datasources/uid/{uid}")], f"{server.writes()}")
    expect(titled(server)["loki"]["secrets"] == {"httpHeaderValue1": SECRET}, "the secret is lost")

    def told():
        return [row["note"] for row in t.api.list("Event", monitoring) if row["reason"] == "Repaired"]
    until(told, 10, "no Event")
    expect(any("http://wrong:1" in note and "url" in note for note in told()), f"{told()}")


def rotated(t, server, monitoring):
    server.forget()
    start = time.monotonic()
    t.api.merge("Secret", monitoring, "backend", {"stringData": {"token": ROTATED}})
    until(lambda: titled(server)["loki"]["secrets"] == {"httpHeaderValue1": ROTATED}, 10, "the old secret stays")
    t.figure("a rotated secret is in Grafana", time.monotonic() - start, "s", 1)
    expect(len(server.writes()) == 1, f"{server.writes()}")
    kinds = ("Observatory", "Datasource", "ConfigMap", "Event")
    told = json.dumps([t.api.list(kind, monitoring) for kind in kinds]) + t.controller.said()
    told += json.dumps([{key: value for key, value in row.items() if key != "secrets"} for row in server.sources().values()])
    for value in (SECRET, ROTATED, grafana.PASSWORD):
        expect(value not in told, f"{value} is told")


def foreign(t, server, monitoring):
    """Somebody else's is left alone, and told on the object that wants its place."""
    grafana.ask(server.url, "POST", "/api/datasources", {"name": "taken", "type": "prometheus", "url": "http://theirs:9090", "access": "proxy"},
                basic())
    source(t, monitoring, "taken", {})
    until(lambda: t.condition("Datasource", monitoring, "taken", "Ready").get("status") == "False", 15,
          lambda: f"{t.api.get('Datasource', monitoring, 'taken').get('status')}")
    ready = t.condition("Datasource", monitoring, "taken", "Ready")
    expect("taken" in ready["message"] and ready["reason"] == "Refused", f"{ready}")
    expect(titled(server)["taken"]["url"] == "http://theirs:9090", "somebody else's was changed")
    t.api.delete("Datasource", monitoring, "taken")
    time.sleep(1)
    expect(titled(server)["taken"]["url"] == "http://theirs:9090", "somebody else's was deleted")


def basic():
    import base64
    return {"Authorization": "Basic " + base64.b64encode(f"admin:{grafana.PASSWORD}".encode()).decode()}


def several(t, server, monitoring):
    """One Datasource in two Grafanas, one in another organization; each Grafana is left by itself."""
    source(t, monitoring, "other-org", {"org": 2})
    until(lambda: "other-org" in {row["name"] for row in server.sources(2).values()}, 15, "nothing in organization 2")
    second = grafana.Grafana(t.dir / "second.log", ["--org=2"])
    t.undo.append(second.end)
    t.api.apply("Observatory", monitoring, "second", spec={"grafana": wish(second.url)["grafana"]})
    # its links lead to what only the first one derives
    until(lambda: "other-org" in {row["name"] for row in second.sources(2).values()}, 15, lambda: f"{second.sources(2)}")
    until(lambda: len(t.api.get("Datasource", monitoring, "other-org")["status"]["observatories"]) == 2, 10, "not two in the status")
    expect("loki" not in titled(second), "a link that leads nowhere")
    t.api.delete("Observatory", monitoring, "second")
    until(lambda: not second.sources(2), 30, "the second Grafana is not left")
    expect("other-org" in {row["name"] for row in server.sources(2).values()}, "the first Grafana is left as well")
    t.api.delete("Datasource", monitoring, "other-org")
    until(lambda: not server.sources(2), 15, "what is deleted stays in organization 2")
    second.end()


def lost(t, server, monitoring):
    """Grafana begins anew with an empty database."""
    server.end()
    time.sleep(1)
    server.begin()
    start = time.monotonic()
    until(lambda: {"main-prometheus", "main-jaeger", "loki"} <= set(titled(server)) and "e81" in server.boards(), POLL_S + 10,
          lambda: f"not all are back: {list(titled(server))}")
    t.figure("all are back in an empty Grafana", time.monotonic() - start, "s", POLL_S + 2)


def restart(t, server, monitoring):
    """Nothing is written by a second run."""
    t.settled()
    server.forget()
    t.start("--trusted-namespaces", monitoring)
    before = t.settled(3)
    expect(server.writes() == [], f"a second run writes {server.writes()}")
    expect(t.settled() == before, "a second run writes statuses")


def many(t, server, monitoring):
    for i in range(SOURCES):
        source(t, monitoring, f"many-{i}", {"url": f"http://many-{i}:9090"})
    until(lambda: len(server.sources()) == SOURCES + 3, 60, lambda: f"{len(server.sources())} datasources")
    t.settled(2)
    server.forget()
    t.api.merge("Datasource", monitoring, "many-7", {"spec": {"url": "http://changed:9090"}})
    until(lambda: titled(server)["many-7"]["url"] == "http://changed:9090", 10, "the change is not there")
    time.sleep(1)
    rows = server.writes()
    t.figure(f"requests for one change of {SOURCES}", len(rows), "", 1)
    for i in range(SOURCES):
        t.api.delete("Datasource", monitoring, f"many-{i}")
    until(lambda: len(server.sources()) == 3, 60, lambda: f"{len(server.sources())} datasources are left")


def down(t, server, monitoring):
    """Nobody answers: told on the Observatory, without credentials; the rest goes on."""
    server.end()
    t.api.merge("Datasource", monitoring, "loki", {"spec": {"url": "http://loki-3:3100"}})
    until(lambda: "message" in t.api.get("Observatory", monitoring, "main")["status"]["grafana"], 20, "that it is down is not told")
    message = t.api.get("Observatory", monitoring, "main")["status"]["grafana"]["message"]
    expect(server.url.removeprefix("http://") in message and grafana.PASSWORD not in message, message)
    server.begin()
    until(lambda: titled(server).get("loki", {}).get("url") == "http://loki-3:3100", POLL_S + 10, "it does not go on")
    until(lambda: "message" not in t.api.get("Observatory", monitoring, "main")["status"]["grafana"], 10, "it is still told")


def gone(t, server, monitoring):
    """What is ours goes with the Observatory, and only that."""
    grafana.ask(server.url, "POST", "/api/datasources", {"name": "theirs", "type": "prometheus", "url": "http://theirs:9090", "access": "proxy"},
                basic())
    t.api.delete("Observatory", monitoring, "main")
    until(lambda: set(titled(server)) == {"theirs"} and not server.boards(), 30,
          lambda: f"left: {list(titled(server))}, {list(server.boards())}")
    until(lambda: t.api.get("Observatory", monitoring, "main") is None, 20, "the Observatory is still there")
