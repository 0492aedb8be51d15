"""binnacle explain, lint of percentages, and what the pages about sampling show."""

import glob
import json
import os
import re

OBSERVATORY = """apiVersion: binnacle.dev/v1alpha1
kind: Observatory
metadata: {name: main, namespace: monitoring}
spec:
  namespaceSelector: {}
  mesh: {namespace: istio-system}
  tracing:
    backends:
      - {name: jaeger, type: jaeger, service: jaeger-collector.observability}
    sampling: {percent: 1}
"""
WORLD = """---
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout, namespace: shop}
spec: {template: {metadata: {labels: {app: checkout}}, spec: {containers: [{name: main}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop, annotations: {binnacle.dev/sampling-percent: "0"}}
spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: main}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: outside, namespace: default}
spec: {template: {metadata: {labels: {app: outside}}, spec: {containers: [{name: main}]}}}
"""
POD = """---
apiVersion: v1
kind: Pod
metadata:
  name: checkout-7d9f8b6c5-x7k2p
  namespace: shop
  labels: {app: checkout, pod-template-hash: 7d9f8b6c5}
  ownerReferences: [{kind: ReplicaSet, name: checkout-7d9f8b6c5, controller: true}]
spec: {containers: [{name: main}, {name: istio-proxy, env: [{name: PROXY_CONFIG, value: "{}"}]}]}
"""
POLICY = """apiVersion: binnacle.dev/v1alpha1
kind: SamplingPolicy
metadata: {name: shop, namespace: shop}
spec: {percent: PERCENT}
"""
STATSD = OBSERVATORY + """  statsd: {address: "statsd.monitoring:9125"}
"""
NO_PERCENT = "is no percentage; write a number from 0 to 100 with at most two decimals"
NAMED = "apiVersion: binnacle.dev/v1alpha1\nkind: %s\nmetadata: {name: main, namespace: monitoring}\n"
# What belongs before an example of a page, by what it begins with.
WHOLE = (
    ("apiVersion:", [""]),
    ("spec:", [NAMED % "Observatory", NAMED % "SamplingPolicy"]),
    ("    ", [NAMED % "Observatory" + "spec:\n  mesh: {}\n  tracing:\n"]),
    ("  ", [NAMED % "Observatory" + "spec:\n"]),
)


def examples(path):
    with open(path, encoding="utf-8") as file:
        return re.findall(r"^```yaml\n(.*?)^```", file.read(), re.S | re.M)


def wholes(text):
    """The objects that an example may be a part of."""
    for words, before in WHOLE:
        if text.startswith(words):
            return [part + text for part in before]
    return []


def page_policies(root):
    """The page's own Observatory and policies."""
    return "---\n".join(examples(os.path.join(root, "docs", "sampling.md"))[:2])


def tests(test, check, root):
    """Add them, by the runner's decorator and check."""

    @test
    def explain_words(p):
        p.expect(["--help"], 0, out=r"^  explain ")
        p.expect(["explain"], 2, out="", err="say what: deploy/NAME")
        p.expect(["explain", "deploy"], 2, out="", err="say what: deploy/NAME")
        p.expect(["explain", "deploy/"], 2, out="", err="say what: deploy/NAME")
        p.expect(["explain", "svc/checkout", "-f", "."], 2, out="", err="say what: deploy/NAME")
        p.expect(["explain", "deploy/a", "deploy/b", "-f", "."], 2, out="", err='unexpected argument "deploy/b"')
        p.expect(["explain", "deploy/a", "-o", "yaml", "-f", "."], 2, out="", err="-o is text or json")
        p.expect(["explain", "deploy/a", "-f", "absent"], 1, out="", err="there is no file or folder absent")
        p.write("in/observatory.yaml", OBSERVATORY + WORLD)
        p.expect(["explain", "deploy/absent", "-n", "shop", "-f", "in"], 1, out="",
                 err="there is no Deployment absent in namespace shop")
        p.expect(["explain", "deploy/checkout", "-f", "in"], 1, out="",
                 err="there is no Deployment checkout in namespace default")

    @test
    def explain_as_the_page_says(p):
        """The page's example gives the page's output, whatever may come after it."""
        with open(os.path.join(root, "docs", "sampling.md"), encoding="utf-8") as file:
            shown = re.search(r"^\$ binnacle explain deploy/checkout -n shop\n(.*?)^```", file.read(), re.S | re.M)
        p.write("in/case.yaml", page_policies(root) + WORLD)
        done = p.expect(["explain", "deploy/checkout", "-n", "shop", "-f", "in"], 0, err="")
        check(done.stdout.decode().startswith(shown.group(1)),
              f"the page shows\n{shown.group(1)}and it is\n{done.stdout.decode()}")

    @test
    def explain_forms(p):
        p.write("in/case.yaml", page_policies(root) + WORLD)
        for form in ("deploy", "deployment", "deployments"):
            p.expect(["explain", f"{form}/checkout", "-n", "shop", "-f", "in"], 0, out="^Deployment shop/checkout$")
        p.expect(["explain", "sts/db", "-n", "shop", "-f", "in"], 0,
                 out=r"^  Istio +0 % +by StatefulSet shop/db\n +over SamplingPolicy shop/shop \(5 %\)$")
        p.expect(["explain", "deploy/outside", "-f", "in"], 0, out="^traced: no Observatory sets its sampling$")
        with open(p.path("in", "case.yaml"), "rb") as file:
            p.expect(["explain", "deploy/checkout", "-n", "shop", "-f", "-"], 0, stdin=file.read(), err="",
                     out="^  Istio +100 % +by SamplingPolicy shop/checkout$")

    @test
    def explain_json(p):
        p.write("in/case.yaml", page_policies(root) + WORLD)
        found = json.loads(p.expect(["explain", "deploy/checkout", "-n", "shop", "-f", "in", "-o", "json"], 0,
                                    err="").stdout)
        check((found["kind"], found["namespace"], found["name"]) == ("Deployment", "shop", "checkout"), f"{found}")
        line, = found["sampling"]
        check(line["percent"] == 100 and line["system"] == "Istio", f"{line}")
        check(line["decidedBy"] == {"kind": "SamplingPolicy", "namespace": "shop", "name": "checkout"}, f"{line}")
        check([(o["kind"], o["name"], o["percent"]) for o in line["overrides"]] ==
              [("SamplingPolicy", "shop", 5), ("Observatory", "main", 1), ("Default", "Istio", 1)], f"{line}")
        check(found["scraped"] == [] and "statsd" not in found, f"{found}")

    @test
    def explain_statsd(p):
        p.write("in/case.yaml", STATSD + WORLD)
        p.expect(["explain", "deploy/checkout", "-n", "shop", "-f", "in"], 0,
                 out="^statsd: statsd.monitoring:9125\n"
                     "  new pods: statsd.monitoring:9125 by the mesh configuration$")
        p.write("in/case.yaml", STATSD.replace("  mesh: {namespace: istio-system}\n", "") + WORLD)
        p.expect(["explain", "deploy/checkout", "-n", "shop", "-f", "in"], 0,
                 out="^  new pods: nothing\n  note: sidecars are not told: set spec.mesh")

    @test
    def explain_pod(p):
        """A pod is told what holds for its workload; one that was made before is to be restarted."""
        p.write("in/case.yaml", STATSD + WORLD + POD)
        said = p.expect(["explain", "pod/checkout-7d9f8b6c5-x7k2p", "-n", "shop", "-f", "in"], 0, err="",
                        out="^Pod shop/checkout-7d9f8b6c5-x7k2p$").stdout.decode()
        for wanted in (r"^  Istio +1 % +by Observatory monitoring/main$",
                       r"^  pod checkout-7d9f8b6c5-x7k2p: nothing.*; restart it$"):
            check(re.search(wanted, said, re.M), f"lacks {wanted!r}: {said}")

    @test
    def explain_mistakes(p):
        """A wrong annotation has a note of its own; a broken file is told."""
        p.write("in/case.yaml", OBSERVATORY + WORLD.replace('sampling-percent: "0"', 'sampling-percent: "101"'))
        p.expect(["explain", "sts/db", "-n", "shop", "-f", "in"], 0,
                 out=r'^note: metadata\.annotations\["binnacle\.dev/sampling-percent"\]: "101" is no percentage')
        p.write("in/broken.yaml", "a: [")
        p.expect(["explain", "sts/absent", "-n", "shop", "-f", "in"], 1, out="",
                 err=r"^in/broken\.yaml:2:1: .*\[InvalidObject\]$")

    @test
    def explain_more_than_one(p):
        """Two meshes: a line for each Observatory."""
        other = OBSERVATORY.replace("name: main", "name: other").replace("istio-system", "istio-two")
        p.write("in/case.yaml", OBSERVATORY + "---\n" + other.replace("percent: 1}", "percent: 2}") + WORLD)
        found = json.loads(p.expect(["explain", "deploy/checkout", "-n", "shop", "-f", "in", "-o", "json"], 0).stdout)
        check([line["observatory"] for line in found["sampling"]] ==
              ["Observatory monitoring/main", "Observatory monitoring/other"], f"{found['sampling']}")

    @test
    def percentages(p):
        rows = (("0", None), ("100", None), ("12.5", None), ("0.01", None), ("1e1", None),
                ("101", NO_PERCENT), ("-1", NO_PERCENT), ("0.001", NO_PERCENT),
                ("five", "has the wrong type; write a number from 0 to 100"), ("[5]", "has the wrong type"))
        for percent, wanted in rows:
            p.write("in/case.yaml", POLICY.replace("PERCENT", percent))
            if wanted is None:
                p.expect(["lint", "-f", "in"], 0, out="")
            else:
                where = "^in/case.yaml:4:8: SamplingPolicy shop/shop: spec.percent: "
                p.expect(["lint", "-f", "in"], 1, out=rf"{where}.*({wanted}).*\[InvalidField\]$")

    @test
    def pages_pass_lint(p):
        """Each example of the pages, alone."""
        for page in ("sampling.md", "metric-rules.md"):
            found = examples(os.path.join(root, "docs", page))
            check(len(found) >= 4, f"{page} has {len(found)} examples")
            for i, text in enumerate(found):
                said = []
                for candidate in wholes(text):
                    p.write("in/case.yaml", candidate)
                    done = p.call("lint", "-f", "in")
                    said.append(done.stdout.decode() if done.returncode else "")
                check("" in said, f"{page}, example {i + 1}: {said}\n{text}")

    @test
    def samples_pass_lint(p):
        for path in sorted(glob.glob(os.path.join(root, "manifests", "samples", "*", ""))):
            if "sampling" in path or "tracing" in path:
                p.expect(["lint", "-f", path], 0, out="")
