"""Targets as the generated configuration finds them, and what a scrape of them leaves."""

import json
import re
from pathlib import Path

import proxies

HERE = Path(__file__).resolve().parent
META = "__meta_kubernetes_"
SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')
GROWS = ("counter", "histogram", "summary")
OPTIONAL = {"otel-collector", "statsd-exporter"}  # boards that are good without them are so in a lean world
PAGES = {"istiod": ("istiod.txt", "istiod-more.txt"), "binnacle": ("binnacle.txt",), "prometheus": ("sync.txt",),
         "jaeger-collector": ("jaeger.txt",), "otel-collector": ("otel-collector.txt",),
         "statsd-exporter": ("statsd-exporter.txt",)}


def with_prune(world):
    """The same world with Istio's own drop list at the proxies: a policy does what the preset did."""
    policy = {"apiVersion": "binnacle.dev/v1alpha1", "kind": "ScrapePolicy",
              "metadata": {"name": "proxies", "namespace": "monitoring"},
              "spec": {"preset": "istio-proxy", "selector": {}, "namespaceSelector": {}, "prune": {"preset": "envoy"}}}
    items = json.loads(json.dumps(world["items"]))
    for thing in items:
        if thing["kind"] == "Observatory":
            thing["spec"]["prometheus"]["presets"].remove("istio-proxy")
    return {**world, "items": [*items, policy]}


# ---- pods

def pods(world):
    """The pods of the world's Deployments: (Deployment's name, meta labels of each of its targets)."""
    number = 0
    for thing in world["items"]:
        if thing["kind"] != "Deployment":
            continue
        name, ns = thing["metadata"]["name"], thing["metadata"]["namespace"]
        for suffix in "bcd"[:thing["spec"].get("replicas", 1)]:
            number += 1
            yield name, ns, list(targets(thing, f"{name}-5d4f", suffix, f"10.0.0.{number}"))


def clean(key):
    return re.sub(r"\W", "_", key)


def targets(thing, owner, suffix, address):
    template = thing["spec"]["template"]
    pod = {"namespace": thing["metadata"]["namespace"], "pod_name": f"{owner}-{suffix}2x4z", "pod_ip": address,
           "pod_phase": "Running", "pod_ready": "true", "pod_node_name": "node-1",
           "pod_controller_kind": "ReplicaSet", "pod_controller_name": owner}
    for kind in ("labels", "annotations"):
        for key, value in template["metadata"].get(kind, {}).items():
            pod[f"pod_{kind[:-1]}_{clean(key)}"] = value
            pod[f"pod_{kind[:-1]}present_{clean(key)}"] = "true"
    for container in template["spec"]["containers"]:
        for port in container["ports"]:
            yield {"__address__": f"{address}:{port['containerPort']}", **{META + key: v for key, v in pod.items()},
                   META + "pod_container_name": container["name"], META + "pod_container_port_name": port.get("name", ""),
                   META + "pod_container_port_number": str(port["containerPort"]),
                   META + "pod_container_port_protocol": "TCP"}


# ---- relabelling, as far as binnacle's rules go

def relabel(labels, rules):
    """The labels after the rules; None when they are dropped."""
    labels = dict(labels)
    for rule in rules:
        action, regex = rule.get("action", "replace"), re.compile(rule.get("regex", "(.*)"), re.S)
        value = rule.get("separator", ";").join(labels.get(name, "") for name in rule.get("source_labels", []))
        found = regex.fullmatch(value)
        if action in ("keep", "drop"):
            if bool(found) != (action == "keep"):
                return None
        elif action == "replace":
            if found:
                labels[rule["target_label"]] = expand(found, rule.get("replacement", "$1"))
        elif action == "labelmap":
            for name in list(labels):
                if match := regex.fullmatch(name):
                    labels[expand(match, rule.get("replacement", "$1"))] = labels[name]
        elif action == "labeldrop":
            labels = {name: text for name, text in labels.items() if not regex.fullmatch(name)}
        else:
            raise ValueError(f"tests/boards does not know the action {action}")
    return {name: text for name, text in labels.items() if text != ""}


def expand(match, text):
    return re.sub(r"\$\{?(\d+)\}?", lambda number: match.group(int(number.group(1))) or "", text)


def discovered(job, metas):
    """Label sets of the targets that a job makes of these meta labels."""
    seen = []
    for meta in metas:
        start = {**meta, "job": job["job_name"], "__scheme__": job.get("scheme", "http"),
                 "__metrics_path__": job.get("metrics_path", "/metrics")}
        labels = relabel(start, job.get("relabel_configs", []))
        if labels is None:
            continue
        own = {name: text for name, text in labels.items() if not name.startswith("__")}
        own.setdefault("instance", labels["__address__"])
        if own not in seen:
            seen.append(own)
    return seen


# ---- one scrape

def parse(text):
    """(metric, labels, value, whether it grows) of an exposition."""
    types = {}
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            _, _, name, kind = line.split()
            types[name] = kind
        if not line or line.startswith("#"):
            continue
        name, inner, value = SAMPLE.match(line).groups()
        family = next((types[one] for one in (name, re.sub("_(bucket|sum|count)$", "", name)) if one in types), "gauge")
        yield name, dict(LABEL.findall(inner or "")), float(value), family in GROWS and "quantile=" not in (inner or "")


def page(name, ns, lean):
    if name in PAGES:
        return "".join((HERE / "series" / file).read_text() for file in PAGES[name])
    return proxies.page_of(ns, name, lean)


def scraped(job, target, text):
    """Series of a target: (labels with __name__, value, whether it grows)."""
    out, total = [], 0
    for metric, own, value, grows in parse(text):
        total += 1
        labels = {"__name__": metric}
        for key, content in own.items():
            clash = key in target and not job.get("honor_labels")
            labels["exported_" + key if clash else key] = content
        labels = relabel({**target, **labels}, job.get("metric_relabel_configs", []))
        if labels is not None:
            out.append((labels, value, grows))
    for metric, value in (("up", 1), ("scrape_duration_seconds", 0.012), ("scrape_samples_scraped", total),
                          ("scrape_samples_post_metric_relabeling", len(out)), ("scrape_series_added", 0)):
        out.append(({"__name__": metric, **target}, value, False))
    return out


def series(world, config, lean):
    """All series of the world; in a lean one proxies tell little and optional programs are not there."""
    out = []
    for name, ns, metas in pods(world):
        if lean and name in OPTIONAL:
            continue
        found = [(job, target) for job in config["scrape_configs"] for target in discovered(job, metas)]
        if len(found) != 1:
            raise ValueError(f"{ns}/{name} is scraped {len(found)} times, not once: {[job['job_name'] for job, _ in found]}")
        out += scraped(*found[0], page(name, ns, lean))
    return out


def openmetrics(rows, end_s, step_s, count):
    """What is to be loaded: each scrape adds to what grows as much as was there when it was recorded."""
    lines = []
    for labels, value, grows in rows:
        name = labels["__name__"]
        inner = ",".join(f'{key}="{text}"' for key, text in sorted(labels.items()) if key != "__name__")
        for i in range(count):
            at = end_s - (count - 1 - i) * step_s
            lines.append(f"{name}{{{inner}}} {value * (i + 1) if grows else value:.17g} {at}")
    return "\n".join([*lines, "# EOF\n"])
