"""What a run is done on: objects of the same content, as binnacle's kinds or as prometheus-operator's.

As a program it prints the objects as manifests: bench/world.py --size 1000 --rules 200 | binnacle lint -
"""

import argparse
import json
import sys

NS = "bench-monitoring"  # where the output goes
SPACES = 50
PER_OBJECT = 2  # endpoints of a policy, jobs of the configuration
RULES = 20  # in each object with rules
ANNOTATED = 10  # one pod of so many is scraped by its annotations
PER_WORKLOAD = 10
WORDS = """account api auth batch billing bucket cache cart catalog checkout client cluster commit config consumer cpu
customer db delivery disk duration edge email errors event export feed fraud gateway geo grpc heap http image import index
invoice job journal kafka latency ledger loyalty mail media memory metric mobile network offer order parser partner""".split()


def word(number):
    return WORDS[number % len(WORDS)]


def space(number):
    return f"bench-{number % SPACES}"


def endpoints(number, path):
    """Two endpoints, one relabeling and two rules on metrics for each: what a team writes."""
    def one(port):
        return {"port": port, "path": path, "interval": "30s",
                "relabelings": [{"sourceLabels": [f"__meta_kubernetes_pod_label_{word(number)}"], "targetLabel": "team"}],
                "metricRelabelings": [
                    {"sourceLabels": ["__name__"], "action": "drop", "regex": f"{word(number)}_{word(number // 7)}_bucket"},
                    {"action": "labeldrop", "regex": f"({word(number // 3)}|uid)_id"}]}
    return [one("http"), one("admin")]


def policy(number, path="/metrics"):
    return {"selector": {"matchLabels": {"app": f"shop-{number}"}}, "endpoints": endpoints(number, path)}


def groups(number):
    """Rules as they are written by hand: half record, half alert."""
    def rule(index):
        rate = f'sum by (job) (rate({word(number)}_{word(index)}_total{{app="shop-{number}"}}[5m]))'
        if index % 2 == 0:
            return {"record": f"job:{word(number)}_{word(index)}:rate5m", "expr": rate}
        return {"alert": f"Shop{number}Slow{index}", "expr": f"{rate} > {index}", "for": "10m",
                "labels": {"severity": "page"},
                "annotations": {"summary": "{{ $labels.job }} of shop " + str(number) + " is slow: {{ $value }}"}}
    return [{"name": "shop", "interval": "30s", "rules": [rule(index) for index in range(RULES)]}]


def secret(_number):
    return {"stringData": {"token": "x" * 800}}


def pod(number):
    """One of ten of a workload, as the API server shows it: 3 KB."""
    app = f"load-{number // PER_WORKLOAD}"
    annotated = (number // PER_WORKLOAD) % ANNOTATED == 0
    scrape = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"} if annotated else {}
    container = {"name": "app", "image": f"registry.example/{app}:1.2.3",
                 "ports": [{"name": "http", "containerPort": 8080}],
                 "env": [{"name": f"SETTING_{index}", "value": f"value-{index}-of-{app}"} for index in range(12)],
                 "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}}}
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{app}-6d4cf56db6", "controller": True,
             "uid": f"00000000-0000-4000-8000-{number // PER_WORKLOAD:012d}"}
    return {"metadata": {"labels": {"app": app, "pod-template-hash": "6d4cf56db6"}, "ownerReferences": [owner],
                         "annotations": {**scrape, "example.dev/checksum": "0" * 64}},
            "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}}


def pod_place(number):
    """Namespace and name of a pod."""
    return space(number // PER_WORKLOAD), f"load-{number // PER_WORKLOAD}-6d4cf56db6-{number}"


def pod_status(number, turn):
    """What a kubelet writes now and then, and nobody here reads."""
    return {"status": {"conditions": [
        {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z", "message": f"turn {turn}"},
        {"type": "ContainersReady", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}


def pod_running(number):
    address = f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"
    return {"status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "hostIP": "127.0.0.1"}}


def manifests(size, rules, pods=0):
    """The same as text for `render`, `lint` and kubectl."""
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NS}}
    yield {"apiVersion": "binnacle.dev/v1alpha1", "kind": "Observatory", "metadata": {"name": "main", "namespace": NS},
           "spec": observatory()}
    for number in range(SPACES):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space(number)}}
    for number in range(size):
        yield {"apiVersion": "binnacle.dev/v1alpha1", "kind": "ScrapePolicy", "spec": policy(number),
               "metadata": {"name": f"shop-{number}", "namespace": space(number)}}
    for number in range(rules):
        yield {"apiVersion": "binnacle.dev/v1alpha1", "kind": "MetricRule", "spec": {"groups": groups(number)},
               "metadata": {"name": f"rules-{number}", "namespace": space(number)}}
    for number in range(pods):
        ns, name = pod_place(number)
        one = {**pod(number), **pod_status(number, 0)}
        yield {"apiVersion": "v1", "kind": "Pod", **one, "metadata": {"name": name, "namespace": ns, **one["metadata"]}}


def observatory(annotations=False, layout="Single"):
    key = "prometheus.yml.gz" if layout == "Single" else "prometheus.yml"
    return {"namespaceSelector": {}, "prometheus": {
        "version": "3.16.0", "layout": layout, "output": {"key": key}, "annotations": {"enabled": annotations}}}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1000, help="ScrapePolicies")
    parser.add_argument("--rules", type=int, default=200, help="MetricRules of 20 rules")
    parser.add_argument("--pods", type=int, default=0)
    args = parser.parse_args()
    for thing in manifests(args.size, args.rules, args.pods):
        sys.stdout.write("---\n" + json.dumps(thing) + "\n")  # JSON is YAML


if __name__ == "__main__":
    main()
