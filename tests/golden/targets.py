"""What a Prometheus with a generated configuration would scrape.

Pods are made from the workloads of a case, discovered as kubernetes_sd does it
(role pod) and put through the relabel rules of each job, as Prometheus does.
"""

import re

HASH = "6d4cf56db6"
META = "__meta_kubernetes_"


# ---- pods --------------------------------------------------------------------------


def sanitize(name):
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def from_template(template, name, namespace, owner, more_labels=None):
    meta = (template or {}).get("metadata") or {}
    labels = dict(meta.get("labels") or {})
    labels.update(more_labels or {})
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "annotations": meta.get("annotations") or {},
            "ownerReferences": owners,
        },
        "spec": (template or {}).get("spec") or {},
    }


def pods_of(obj):
    """The pods that a cluster would have for one workload."""
    kind, meta, spec = obj.get("kind"), obj["metadata"], obj.get("spec") or {}
    name, ns = meta["name"], meta.get("namespace", "default")
    template = spec.get("template")
    if kind == "Deployment":
        rs = f"{name}-{HASH}"
        return [from_template(template, f"{rs}-x7k2p", ns, ("ReplicaSet", rs),
                              {"pod-template-hash": HASH})]
    if kind == "StatefulSet":
        return [from_template(template, f"{name}-0", ns, ("StatefulSet", name))]
    if kind == "DaemonSet":
        return [from_template(template, f"{name}-9zq4t", ns, ("DaemonSet", name))]
    if kind == "Job":
        return [from_template(template, f"{name}-4hd8w", ns, ("Job", name))]
    if kind == "CronJob":
        template = ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template")
        job = f"{name}-28391040"
        return [from_template(template, f"{job}-c5v6b", ns, ("Job", job))]
    if kind == "Pod":
        pod = dict(obj)
        pod["metadata"] = dict(meta, namespace=ns)
        return [pod]
    return []


def join_host_port(host, port):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def discover(pod, ip):
    """One label set for each container port; one for a container without ports."""
    meta, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    base = {
        META + "namespace": meta["namespace"],
        META + "pod_name": meta["name"],
        META + "pod_ip": ip,
        META + "pod_phase": status.get("phase", "Running"),
        META + "pod_node_name": spec.get("nodeName", "node-1"),
    }
    for what, items in (("label", meta.get("labels")),
                        ("annotation", meta.get("annotations"))):
        for key, value in (items or {}).items():
            base[f"{META}pod_{what}_{sanitize(key)}"] = str(value)
            base[f"{META}pod_{what}present_{sanitize(key)}"] = "true"
    for owner in meta.get("ownerReferences") or []:
        if owner.get("controller"):
            base[META + "pod_controller_kind"] = owner["kind"]
            base[META + "pod_controller_name"] = owner["name"]
    containers = [(c, "false") for c in spec.get("containers") or []]
    containers += [(c, "true") for c in spec.get("initContainers") or []]
    for container, init in containers:
        own = dict(base)
        own[META + "pod_container_name"] = container["name"]
        own[META + "pod_container_init"] = init
        for port in container.get("ports") or [None]:
            labels = dict(own)
            if port is None:
                labels["__address__"] = ip
            else:
                number = str(port["containerPort"])
                labels["__address__"] = join_host_port(ip, number)
                labels[META + "pod_container_port_name"] = port.get("name", "")
                labels[META + "pod_container_port_number"] = number
                labels[META + "pod_container_port_protocol"] = port.get("protocol", "TCP")
            yield labels


# ---- relabelling -------------------------------------------------------------------


def expand(template, match):
    """Go's Expand: $1, ${1}, $name (as long as it can be), $$ for one $."""
    def one(m):
        name = m.group(2) or m.group(3)
        if m.group(1):
            return "$"
        try:
            return match.group(int(name) if name.isdigit() else name) or ""
        except IndexError:
            return ""
    return re.sub(r"\$(?:(\$)|\{(\w+)\}|(\w+))", one, template)


def anchored(regex):
    return re.compile(r"(?s:" + regex + r")\Z")


def relabel_one(rule, labels):
    """False when the target is dropped."""
    action = rule.get("action", "replace").lower()
    regex = anchored(str(rule.get("regex", "(.*)")))
    value = rule.get("separator", ";").join(
        labels.get(name, "") for name in rule.get("source_labels") or [])
    target, replacement = rule.get("target_label", ""), rule.get("replacement", "$1")
    if action == "keep":
        return regex.match(value) is not None
    if action == "drop":
        return regex.match(value) is None
    if action == "labelmap":
        for name in list(labels):
            match = regex.match(name)
            if match:
                labels[expand(replacement, match)] = labels[name]
        return True
    if action in ("labeldrop", "labelkeep"):
        for name in list(labels):
            if (regex.match(name) is not None) == (action == "labeldrop"):
                del labels[name]
        return True
    if action == "replace":
        match = regex.match(value)
        if match:
            name, text = expand(target, match), expand(str(replacement), match)
            if text == "":
                labels.pop(name, None)
            else:
                labels[name] = text
        return True
    if action in ("lowercase", "uppercase"):
        labels[target] = value.lower() if action == "lowercase" else value.upper()
        return True
    raise ValueError(f"action {action} is not simulated")


def relabel(rules, labels):
    return all(relabel_one(rule, labels) for rule in rules or [])


# ---- targets -----------------------------------------------------------------------


def job_targets(job, pods, settings):
    """(URL, labels) of a job, each once."""
    seen = {}
    for sd in job.get("kubernetes_sd_configs") or []:
        if sd["role"] != "pod":
            continue
        names = (sd.get("namespaces") or {}).get("names")
        for pod, ip in pods:
            if names is not None and pod["metadata"]["namespace"] not in names:
                continue
            for found in discover(pod, ip):
                labels = dict(found)
                labels["job"] = job["job_name"]
                labels["__scheme__"] = job.get("scheme", "http")
                labels["__metrics_path__"] = job.get("metrics_path", "/metrics")
                for key, values in (job.get("params") or {}).items():
                    labels["__param_" + key] = values[0]
                if not relabel(job.get("relabel_configs"), labels):
                    continue
                labels = {k: v for k, v in labels.items()
                          if not k.startswith("__meta_") and v != ""}
                labels.setdefault("instance", labels["__address__"])
                url = "{}://{}{}".format(labels["__scheme__"], labels["__address__"],
                                         labels["__metrics_path__"])
                params = sorted((k[8:], v) for k, v in labels.items()
                                if k.startswith("__param_"))
                if params:
                    url += "?" + "&".join(f"{k}={v}" for k, v in params)
                shown = {k: v for k, v in labels.items() if not k.startswith("__")}
                seen[(url, tuple(sorted(labels.items())))] = (url, shown)
    return list(seen.values())


def describe(config, objects):
    """The lines of want.targets; None when there are no pods."""
    pods, number = [], 0
    for obj in objects:
        for pod in pods_of(obj):
            number += 1
            ip = (pod.get("status") or {}).get("podIP") or f"10.0.0.{number}"
            pods.append((pod, ip))
    if not pods:
        return None
    lines, urls = [], {}
    for job in config.get("scrape_configs") or []:
        for url, labels in sorted(job_targets(job, pods, config),
                                  key=lambda t: (t[0], sorted(t[1].items()))):
            urls.setdefault(url, []).append(job["job_name"])
            lines.append("{}  {}".format(job["job_name"], url))
            for key, value in sorted(labels.items()):
                if key != "instance" or value not in url:
                    lines.append(f"    {key}={value}")
    for url, jobs in sorted(urls.items()):
        if len(jobs) > 1:
            lines.append("SCRAPED TWICE: {} by {}".format(url, ", ".join(jobs)))
    return "\n".join(lines or ["(no targets)"]) + "\n"
