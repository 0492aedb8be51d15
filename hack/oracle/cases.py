"""A case as text and as a folder."""

import yaml

Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Reads << and = and dates as the text that they are for Prometheus."""

    def flatten_mapping(self, node):
        pass


for _tag in ("merge", "value", "timestamp"):
    Loader.add_constructor("tag:yaml.org,2002:" + _tag, Loader.construct_yaml_str)


class Plain(Dumper):
    """Writes no anchors: an object that stands twice is written twice."""

    def ignore_aliases(self, data):
        return True


def represent_text(dumper, text):
    """Quotes what some readers of YAML 1.1 take for a boolean and others do not."""
    style = '"' if text in ("y", "Y", "n", "N") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Plain.add_representer(str, represent_text)


def text_of(docs):
    return yaml.dump_all(docs, Dumper=Plain, sort_keys=False, allow_unicode=True, width=10**6)


def write(case, folder, more=None):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "input.yaml").write_text(text_of(case["docs"]), encoding="utf-8")
    meta = {"kind": "agent" if case["docs"][0]["kind"] == "PrometheusAgent" else "server",
            "prometheus_version": case["docs"][0].get("spec", {}).get("version"), "options": case["options"]}
    (folder / "meta.yaml").write_text(text_of([{**meta, **(more or {})}]), encoding="utf-8")


def read(folder):
    docs = [d for d in yaml.load_all((folder / "input.yaml").read_text(encoding="utf-8"), Loader) if d]
    return {"docs": docs, "options": yaml.load((folder / "meta.yaml").read_text(encoding="utf-8"), Loader)["options"]}
