"""The samples that are shipped, applied to the namespaces of a case."""

from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "manifests/samples"


def things(folder):
    """The objects of a folder of samples, Namespaces apart: a case makes its own."""
    files = sorted((FOLDER / folder).glob("*.yaml"))
    found = [thing for file in files for thing in yaml.safe_load_all(file.read_text())]
    return [thing for thing in found if thing and thing["kind"] != "Namespace"]


def apply(t, folder, namespaces):
    """Apply them with {namespace of the sample: namespace of the case}; scraped each second.

    An Observatory that selects all namespaces selects those of the case."""
    for thing in things(folder):
        if "namespace" in thing["metadata"]:
            thing["metadata"]["namespace"] = namespaces[thing["metadata"]["namespace"]]
        if thing["kind"] == "Observatory":
            thing["spec"]["prometheus"] |= {"scrapeInterval": "1s", "scrapeTimeout": "1s"}
            if "namespaceSelector" in thing["spec"]:
                thing["spec"]["namespaceSelector"] = {"matchLabels": {"e2e": t.number}}
        t.api.apply_object(thing)
