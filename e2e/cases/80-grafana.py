"""datasources and dashboards for Grafana as files: linked, kept, rotated, and what is wrong told on its own object"""

import json
import time

import yaml

from lib.api import ApiError
from lib.wait import Failed, expect, until

OUTPUT = "main-grafana"
PASSWORD = "pa$$w\"ord\\e80"
ROTATED = "rotated$e80"
BAR_S = 1
FIRST = {"type": "prometheus", "url": "http://mimir:9090", "title": "Mimir", "uid": "mimir", "isDefault": True,
         "links": {"traces": "jaeger"}}
WRONG = {  # name: (namespace, spec, reason, words)
    "second": ("monitoring", {"isDefault": True}, "Conflicted", ["default", "mimir"]),
    "uid": ("monitoring", {"uid": "mimir"}, "Conflicted", ["uid", "mimir"]),
    "title": ("app", {"title": "Mimir"}, "Conflicted", ["title", "mimir"]),
    "key": ("monitoring", {"secureJsonData": [{"name": "p", "secretKeyRef": {"name": "login", "key": "none"}}]},
            "RefNotFound", ["login", "none"]),
    "link": ("monitoring", {"links": {"traces": "nobody"}}, "RefNotFound", ["nobody"]),
    "default": ("app", {"isDefault": True}, "NotPermitted", ["tenant"]),
    "direct": ("app", {"access": "direct"}, "NotPermitted", ["tenant"]),
    "oauth": ("app", {"jsonData": {"oauthPassThru": True}}, "NotPermitted", ["tenant"]),
    "cookies": ("app", {"jsonData": {"keepCookies": ["a"]}}, "NotPermitted", ["tenant"]),
    "credentials": ("app", {"withCredentials": True}, "NotPermitted", ["tenant"]),
}


class Strict(yaml.SafeLoader):
    """One key twice is an error, as for Grafana."""


def mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    expect(len(keys) == len(set(keys)), f"a key twice: {keys}")
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


Strict.add_constructor("tag:yaml.org,2002:map", mapping)


def run(t):
    monitoring, app = t.ns("monitoring", "output", "references"), t.ns("app", "references")
    t.api.create("Secret", monitoring, "login", stringData={"password": PASSWORD})
    t.api.apply("Observatory", monitoring, "main", spec={
        "namespaceSelector": {"matchLabels": {"e2e": t.number}},
        "prometheus": {"url": "http://prometheus:9090"},
        "tracing": {"backends": [{"name": "jaeger", "type": "jaeger", "service": "jaeger.x", "queryUrl": "http://jaeger:16686"}]},
        "grafana": {"dashboards": ["istio-mesh", "istio-workload"]}})
    source(t, monitoring, "mimir", FIRST)
    t.start("--trusted-namespaces", monitoring)
    before = wait_for(t, monitoring, {"Mimir", "main-jaeger", "main-prometheus"})
    links(before)
    presets(t, monitoring, before)
    wrong(t, monitoring, app, before)
    offline(t, monitoring, app)
    change(t, monitoring)
    removed(t, monitoring)
    secrets(t, monitoring)
    dashboards(t, monitoring)
    restart(t, monitoring)


def source(t, ns, name, spec):
    return t.api.apply("Datasource", ns, name, spec={"type": "prometheus", "url": "http://x:9090", **spec})


def key(ns):
    return f"binnacle-{ns}-main.yaml"


def provisioned(t, ns, kind="ConfigMap"):
    """{title: datasource} of the file; None when it is not there."""
    raw = t.content(ns, OUTPUT, key(ns), kind)
    return raw and {row["name"]: row for row in yaml.load(raw, Strict)["datasources"]}


def wait_for(t, ns, titles, kind="ConfigMap"):
    until(lambda: set(provisioned(t, ns, kind) or {}) == titles, 10,
          lambda: f"{set(provisioned(t, ns, kind) or {})} instead of {titles}; {t.describe(ns, OUTPUT, titles)}")
    return provisioned(t, ns, kind)


def links(rows):
    jaeger, prometheus = rows["main-jaeger"], rows["main-prometheus"]
    for row in (rows["Mimir"], prometheus):
        expect(row["jsonData"]["exemplarTraceIdDestinations"][0]["datasourceUid"] == jaeger["uid"], f"no way to traces: {row}")
    expect(jaeger["jsonData"]["tracesToMetrics"]["datasourceUid"] == prometheus["uid"], f"no way to metrics: {jaeger}")
    expect(jaeger["jsonData"]["nodeGraph"] == {"enabled": True}, "no node graph")


def presets(t, monitoring, rows):
    """They ask the derived Prometheus, and lead to each other."""
    found = {name: json.loads(t.content(monitoring, f"main-dashboard-{name}", f"main-dashboard-{name}.json", "ConfigMap"))
             for name in ("istio-mesh", "istio-workload")}
    for board in found.values():
        expect(rows["main-prometheus"]["uid"] in json.dumps(board["templating"]), "not the derived Prometheus")
        expect(rows["main-jaeger"]["uid"] in json.dumps(board["links"]), "no way to traces")
    expect(found["istio-workload"]["uid"] in json.dumps(found["istio-mesh"]["panels"]), "no way to a workload")


def wrong(t, monitoring, app, before):
    """Each is told on its own object; the file stays as it is."""
    places = {"monitoring": monitoring, "app": app}
    for name, (where, spec, _, _) in WRONG.items():
        source(t, places[where], name, spec)
    for name, (where, _, reason, words) in WRONG.items():
        t.refused("Datasource", places[where], name, reason, words)
    t.accepted("Datasource", monitoring, "mimir")
    expect(provisioned(t, monitoring) == before, "the file is not as before")
    rejected = t.api.get("Observatory", monitoring, "main")["status"]["prometheus"]["rejected"]
    expect({row["name"] for row in rejected} == set(WRONG), f"rejected: {rejected}")
    for name, (where, _, _, _) in WRONG.items():
        t.api.delete("Datasource", places[where], name)
    try:
        t.api.merge("Datasource", monitoring, "mimir", {"spec": {"uid": "other"}})
    except ApiError as refused:
        expect("uid can't be changed" in str(refused), f"{refused}")
    else:
        raise Failed("a uid can be changed")


def offline(t, monitoring, app):
    """`render` of what the cluster has gives the same bytes."""
    dump = "---\n".join(t.plane.kubectl("get", "obs,dsrc,dash,secrets", "-n", ns, "-o", "yaml",
                                        "-l", "binnacle.dev/observatory!=main") for ns in (monitoring, app))
    dump += "---\n" + t.plane.kubectl("get", "ns", "-l", f"e2e={t.number}", "-o", "yaml")
    _, out, said = t.offline("render", "-f", "-", "--trusted-namespaces", monitoring, stdin=dump.encode())
    rendered = next(thing for thing in yaml.safe_load_all(out) if thing["metadata"]["name"] == OUTPUT)
    live = t.content(monitoring, OUTPUT, key(monitoring), "ConfigMap").decode()
    expect(rendered["data"][key(monitoring)] == live, f"offline: {rendered}\nlive: {live}\n{said}")


def change(t, monitoring):
    """One write of one object for one change."""
    t.settled()
    version = int(t.api.get("ConfigMap", monitoring, OUTPUT)["metadata"]["resourceVersion"])
    watch = t.api.watch("ConfigMap", monitoring, OUTPUT)
    try:
        mark = watch.mark()
        start = time.monotonic()
        source(t, monitoring, "mimir", {**FIRST, "url": "http://elsewhere:9090"})
        watch.next(mark, lambda thing: "elsewhere" in str(thing.get("data")), 10, "the new url")
        t.figure("a changed url is in the file", time.monotonic() - start, "s", BAR_S)
    finally:
        watch.close()
    expect(int(t.api.get("ConfigMap", monitoring, OUTPUT)["metadata"]["resourceVersion"]) > version, "nothing was written")


def removed(t, monitoring):
    """What is gone, or has another title, is named for Grafana to delete; one that is back is not."""
    source(t, monitoring, "short", {"title": "Short"})
    wait_for(t, monitoring, {"Mimir", "Short", "main-jaeger", "main-prometheus"})
    until(lambda: "Short" in remembered(t, monitoring, "provisioned"), 10, "the status does not name it")
    t.api.delete("Datasource", monitoring, "short")
    until(lambda: deleted(t, monitoring) == [{"name": "Short", "orgId": 1}], 10, lambda: f"to be deleted: {deleted(t, monitoring)}")
    until(lambda: remembered(t, monitoring, "removed") == ["Short"], 10, "the status does not name what is gone")
    t.start("--trusted-namespaces", monitoring)
    t.settled()
    expect(deleted(t, monitoring) == [{"name": "Short", "orgId": 1}], f"after a restart: {deleted(t, monitoring)}")
    source(t, monitoring, "short", {"title": "Long"})
    until(lambda: "Long" in remembered(t, monitoring, "provisioned"), 10, "the status does not name it")
    source(t, monitoring, "short", {"title": "Short"})
    until(lambda: deleted(t, monitoring) == [{"name": "Long", "orgId": 1}], 10, lambda: f"to be deleted: {deleted(t, monitoring)}")
    t.api.delete("Datasource", monitoring, "short")
    wait_for(t, monitoring, {"Mimir", "main-jaeger", "main-prometheus"})


def deleted(t, ns):
    return yaml.load(t.content(ns, OUTPUT, key(ns), "ConfigMap"), Strict).get("deleteDatasources", [])


def remembered(t, ns, what):
    return [row["title"] for row in t.api.get("Observatory", ns, "main")["status"].get("grafana", {}).get(what, [])]


def secrets(t, monitoring):
    """With a secret the file is in a Secret; its value is nowhere else; a new one is there at once."""
    spec = {**FIRST, "basicAuth": True, "basicAuthUser": "me",
            "secureJsonData": [{"name": "basicAuthPassword", "secretKeyRef": {"name": "login", "key": "password"}}]}
    source(t, monitoring, "mimir", spec)
    rows = wait_for(t, monitoring, {"Mimir", "main-jaeger", "main-prometheus"}, "Secret")
    expect(rows["Mimir"]["secureJsonData"] == {"basicAuthPassword": PASSWORD.replace("$", "$$")}, f"{rows['Mimir']}")
    until(lambda: t.api.get("ConfigMap", monitoring, OUTPUT) is None, 10, "the ConfigMap is still there")
    start = time.monotonic()
    t.api.merge("Secret", monitoring, "login", {"stringData": {"password": ROTATED}})
    until(lambda: provisioned(t, monitoring, "Secret")["Mimir"]["secureJsonData"]["basicAuthPassword"] == ROTATED.replace("$", "$$"),
          10, "the new password is not in the file")
    t.figure("a rotated secret is in the file", time.monotonic() - start, "s", BAR_S)
    nowhere(t, monitoring, [PASSWORD, ROTATED])


def nowhere(t, monitoring, values):
    told = json.dumps([t.api.list(kind, monitoring) for kind in ("Observatory", "Datasource", "ConfigMap", "Event")])
    told += json.dumps([thing["metadata"] for thing in t.api.list("Secret", monitoring)]) + t.controller.said()
    for value in values:
        expect(value not in told and json.dumps(value)[1:-1] not in told, f"{value} is told")


def dashboards(t, monitoring):
    board = {"title": "Board", "uid": "board", "__inputs": [{"name": "DS", "type": "datasource", "pluginId": "prometheus"}],
             "panels": [{"id": 1, "type": "stat", "datasource": {"uid": "${DS}"}, "targets": [{"expr": "up", "refId": "A"}]}]}
    t.api.apply("Dashboard", monitoring, "board", spec={"json": json.dumps(board), "folder": "E80", "datasources": {"DS": "mimir"}})
    t.api.apply("Dashboard", monitoring, "broken", spec={"json": "{"})
    t.api.apply("Dashboard", monitoring, "same", spec={"json": json.dumps({"title": "Other", "uid": "board"})})
    t.refused("Dashboard", monitoring, "broken", "InvalidField", ["JSON"])
    t.refused("Dashboard", monitoring, "same", "Conflicted", ["board"])
    t.accepted("Dashboard", monitoring, "board")
    thing = until(lambda: published(t, monitoring), 10, "no dashboard is published")[0]
    expect(thing["metadata"]["annotations"]["grafana_folder"] == "E80", "no folder")
    out = json.loads(next(iter(thing["data"].values())))
    expect(out["panels"][0]["datasource"]["uid"] == "mimir" and "__inputs" not in out and out["id"] is None, f"{out}")
    status = t.api.get("Dashboard", monitoring, "board")["status"]
    expect(status["uid"] == "board" and status["title"] == "Board", f"{status}")
    t.api.merge("ConfigMap", monitoring, thing["metadata"]["name"], {"data": {next(iter(thing["data"])): "{}"}})
    until(lambda: published(t, monitoring)[0]["data"] == thing["data"], 10, "a change by hand stays")
    t.api.delete("Dashboard", monitoring, "board")
    t.accepted("Dashboard", monitoring, "same")
    until(lambda: [json.loads(next(iter(row["data"].values())))["title"] for row in published(t, monitoring)] == ["Other"], 10,
          "the deleted dashboard is still there")


def published(t, monitoring):
    """Those of Dashboard objects."""
    rows = t.api.list("ConfigMap", monitoring, "?labelSelector=grafana_dashboard%3D1")
    return [row for row in rows if not row["metadata"]["name"].startswith("main-dashboard-")]


def restart(t, monitoring):
    before = t.settled()
    t.start("--trusted-namespaces", monitoring)
    expect(t.settled() == before, "a second run writes")
    t.api.delete("Observatory", monitoring, "main")
    until(lambda: not published(t, monitoring) and t.api.get("Secret", monitoring, OUTPUT) is None, 15, "something is left behind")
