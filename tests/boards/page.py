"""docs/dashboards.md: its first part is written by hand, the results of all queries follow."""

import math
import re
import time

MARK = "<!-- From here on tests/boards/run BINARY --write writes this page. -->\n"
SHOWN = 3  # series of a query
UNITS = {"reqps": "/s", "ops": "/s", "cps": "/s", "rps": "/s", "Bps": " B/s", "bytes": " B", "ms": " ms", "s": " s",
         "d": " d"}
STEPS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def head(path):
    """The part of the page that is written by hand, with the mark."""
    text = path.read_text() if path.exists() else "# Dashboards\n\n"
    return text.partition(MARK)[0] + MARK


def number(value, unit):
    if not math.isfinite(value):
        return "no number"
    if unit == "dateTimeAsIso":
        return time.strftime("%Y-%m-%d", time.gmtime(value / 1000))
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit not in ("ms", "s", "d"):
        for step, letter in STEPS:
            if abs(value) >= step:
                return f"{value / step:.3g} {letter}{UNITS.get(unit, '').strip()}"
    return f"{value:.4g}{UNITS.get(unit, '')}"


def unit_of(panel, target, index):
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] == column(panel, index):
            return next((row["value"] for row in override["properties"] if row["id"] == "unit"), None)
    return None


def column(panel, index):
    """What a table calls the column of a query."""
    if panel["type"] != "table":
        return None
    names = panel["transformations"][-1]["options"]["renameByName"]
    return list(names.values())[index]


def name_of(panel, target, index, labels):
    if panel["type"] == "table":
        return " ".join(text for _, text in sorted(labels.items()))
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found.group(1), ""), target["legendFormat"])


def result(panel, target, index, rows):
    unit = unit_of(panel, target, index) or panel["fieldConfig"]["defaults"]["unit"]
    shown = [f"{name_of(panel, target, index, labels)} {number(value, unit)}".strip() for labels, value in rows[:SHOWN]]
    more = len(rows) - SHOWN
    return "; ".join([*shown, *([f"{more} more"] if more > 0 else [])])


def escaped(text):
    return text.replace("|", "\\|")


def section(board, found):
    yield f"\n## {board['title']}\n\n`{board['uid'].removeprefix('binnacle-')}`: {board['description']}\n"
    for panel in board["panels"]:
        if panel["type"] == "row":
            yield f"\n**{panel['title']}**\n\n| panel | query | result |\n|---|---|---|\n"
            continue
        for index, target in enumerate(panel["targets"]):
            title = panel["title"] if index == 0 else ""
            if panel["type"] == "table":
                title = f"{title}: {column(panel, index)}" if title else f"{column(panel, index)}"
            yield (f"| {escaped(title)} | `{escaped(target['expr'])}` | "
                   f"{escaped(result(panel, target, index, found[panel['id'], target['refId']]))} |\n")


def text(boards, found):
    return "".join(part for name, board in boards.items() for part in section(board, found[name]))
