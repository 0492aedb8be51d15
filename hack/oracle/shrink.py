"""Makes a failing case small: drops documents, then fields and elements, then options, while it still fails."""

import copy

KEPT = {("apiVersion",), ("kind",), ("metadata",), ("metadata", "name"), ("metadata", "namespace"), ("spec",)}


def places(value, path=()):
    """What can be taken away, outermost first; list elements from the end."""
    if isinstance(value, dict):
        steps = list(value)
    elif isinstance(value, list):
        steps = range(len(value) - 1, -1, -1)
    else:
        return
    for step in steps:
        yield (*path, step)
    for step in steps:
        yield from places(value[step], (*path, step))


def without(doc, path):
    doc = copy.deepcopy(doc)
    at = doc
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return doc


class Shrinker:
    """`fails` tells of a case whether the difference is still there; it is asked `budget` times at most."""

    def __init__(self, fails, budget=1500):
        self.fails, self.budget = fails, budget

    def holds(self, case):
        self.budget -= 1
        return self.budget >= 0 and self.fails(case)

    def shrink(self, case):
        while self.budget > 0:
            smaller = self.options(self.fields(self.documents(case)))
            if smaller == case:
                break
            case = smaller
        return case

    def documents(self, case):
        at = len(case["docs"]) - 1
        while at > 0:
            candidate = {**case, "docs": case["docs"][:at] + case["docs"][at + 1:]}
            if self.holds(candidate):
                case = candidate
            at -= 1
        return case

    def fields(self, case):
        for number in range(len(case["docs"])):
            tried = set()
            while True:
                doc = case["docs"][number]
                path = next((p for p in places(doc) if p not in tried and p not in KEPT), None)
                if path is None or self.budget <= 0:
                    break
                tried.add(path)
                docs = list(case["docs"])
                docs[number] = without(doc, path)
                if self.holds({**case, "docs": docs}):
                    case = {**case, "docs": docs}
                    # The elements behind it moved up: their places are new ones.
                    if isinstance(path[-1], int):
                        tried = {t for t in tried if t[: len(path) - 1] != path[:-1]}
        return case

    def options(self, case):
        for name, on in case["options"].items():
            candidate = {**case, "options": {**case["options"], name: False}}
            if on and self.holds(candidate):
                case = candidate
        return case
