"""What a dashboard's JSON must hold to, whatever its queries say."""

import itertools
import re

WIDTH = 24
UNITS = {"short", "none", "reqps", "ops", "cps", "rps", "ms", "s", "percentunit", "bytes", "Bps", "d", "dateTimeAsIso"}


def legend(panel, target, rows):
    """None, or which label of a legend or of a link the series do not have."""
    wanted = set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")))
    if "__data.fields" in str(panel["fieldConfig"]["overrides"]):
        wanted |= {"destination_workload_namespace", "destination_workload"}
    missing = {label for label in wanted for labels, _ in rows if label not in labels}
    if missing:
        return f"series without {sorted(missing)}: {rows[0][0]}"
    several = len(rows) > 1 and not wanted and panel["type"] != "table"
    return f"{len(rows)} series with one name" if several else None


def overlap(a, b):
    return (a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and
            a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"])


def units(panel):
    yield panel["fieldConfig"]["defaults"].get("unit")
    for override in panel["fieldConfig"]["overrides"]:
        for row in override["properties"]:
            if row["id"] == "unit":
                yield row["value"]


def faults(board):
    """(what, what is wrong or None) of one dashboard."""
    panels = board["panels"]
    ids = [panel["id"] for panel in panels]
    yield "id", None if board["id"] is None else "it is not null"
    yield "uid", None if re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", board["uid"]) else board["uid"]
    yield "ids of panels", None if len(set(ids)) == len(ids) else f"not unique: {ids}"
    outside = [panel["title"] for panel in panels
               if panel["gridPos"]["x"] + panel["gridPos"]["w"] > WIDTH or min(panel["gridPos"].values()) < 0]
    yield "places", f"outside of the grid: {outside}" if outside else None
    pairs = [(a["title"], b["title"]) for a, b in itertools.combinations(panels, 2)
             if overlap(a["gridPos"], b["gridPos"])]
    yield "places, one upon another", str(pairs) if pairs else None
    titles = [panel["title"] for panel in panels if panel["type"] != "row"]
    yield "titles", None if len(set(titles)) == len(titles) else f"not unique: {titles}"
    other = [variable["name"] for variable in board["templating"]["list"]
             if variable["type"] == "query" and variable["definition"] != variable["query"]["query"]]
    yield "definitions of variables", f"not what is asked: {other}" if other else None
    strange = {unit for panel in panels if panel["type"] != "row" for unit in units(panel)} - UNITS
    yield "units", f"not known: {strange}" if strange else None
    known = {variable["name"] for variable in board["templating"]["list"]} | {"__rate_interval", "__range"}
    used = {name for panel in panels for target in panel.get("targets", [])
            for name in re.findall(r"\$\{?(\w+)\}?", target["expr"])}
    yield "variables in queries", f"not known: {used - known}" if used - known else None
    idle = {variable["name"] for variable in board["templating"]["list"]} - {"datasource"} - set(
        re.findall(r"\$\{?(\w+)\}?", str(panels) + str(board["links"]) + str(
            [variable.get("definition") for variable in board["templating"]["list"]])))
    yield "variables without use", str(idle) if idle else None


def enum(crd):
    """Names of the dashboards that spec.grafana.dashboards takes."""
    found = re.search(r"\n +dashboards:\n.*?enum:\n((?: +- \S+\n)+)", crd, re.S)
    return re.findall(r"- (\S+)", found.group(1))
