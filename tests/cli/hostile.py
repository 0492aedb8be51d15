"""Hostile manifests, made on the fly: each in a file of its own beside good ones."""

import collections

# name, file (after "1-"), text: a function, finding: a regular expression that a line
# of lint has to match, or None when there is nothing wrong with it
Case = collections.namedtuple("Case", "name file text finding")

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  annotations:
    prometheus.io/scrape: "true"
%s
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, ports: [{containerPort: 8080}]}]}
"""
POLICY = """apiVersion: binnacle.dev/v1alpha1
kind: ScrapePolicy
metadata: {name: bad, namespace: shop}
spec:
  selector: {}
  endpoints:
    - port: http
%s
"""


def deployment(annotations):
    return DEPLOYMENT % "\n".join("    " + line for line in annotations)


def big_annotations():
    return deployment(f'example.com/{i}: "{"x" * 1000}"' for i in range(5000))


def many_known_annotations():
    return deployment(f'prometheus.io/param_{i}: "{i}"' for i in range(20000))


def long_annotation():
    return deployment(['binnacle.dev/drop-metrics: "' + "a" * 1_000_000 + '"'])


def alias_bomb():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for i in range(1, 12):
        lines.append(f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 10) + "]")
    return "\n".join(lines) + "\n"


def merge_bomb():
    lines = ["a0: &a0 {k: v}"]
    for i in range(1, 3000):
        lines.append(f"a{i}: &a{i} {{<<: *a{i - 1}, k{i}: v}}")
    return "\n".join(lines) + "\n"


def relabel_rules():
    rules = "".join(f'        - {{sourceLabels: [a], regex: "v{i}", action: drop}}\n' for i in range(10000))
    return POLICY % ("      metricRelabelings:\n" + rules)


def hostile_regexes(n):
    kinds = ("(a+)+$", "(x{1000}){1000}", "(?=a)", "(a|aa)*b", "[", "a{2,1}", "(" * 300 + ")" * 300,
             "\\\\C", "(?P<n>", "((((((((((x{10}){10}){10}){10}){10}){10}){10}){10}){10}){10})")
    rules = "".join(f'        - {{sourceLabels: [a], regex: "{kinds[i % len(kinds)]}{i}", action: drop}}\n'
                    for i in range(n))
    return POLICY % ("      relabelings:\n" + rules)


def costly_regexes():
    rules = "".join(f'        - {{sourceLabels: [a], regex: "(a|b|c){{{{{i % 900}}}}}x?", action: drop}}\n'
                    .replace("{{", "{").replace("}}", "}") for i in range(10000))
    return POLICY % ("      relabelings:\n" + rules)


def long_regex():
    return POLICY % ('      relabelings: [{sourceLabels: [a], regex: "' + "(a|b)" * 200_000 + '", action: drop}]')


def nested(levels):
    return POLICY % ("      params: " + "{a: " * levels + "b" + "}" * levels)


def nested_lists():
    return "[" * 100_000


def names():
    out = []
    for i, name in enumerate(("../../etc/passwd", "/etc/passwd", "..", "a/../b", "%2e%2e", "x" * 300)):
        out.append(f'apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: "{name}", namespace: "n{i}"}}\n')
    return "---\n".join(out)


def output_names():
    return """apiVersion: binnacle.dev/v1alpha1
kind: Observatory
metadata: {name: evil, namespace: monitoring}
spec:
  prometheus:
    output: {namespace: ../../tmp, name: ../x, key: ../../y}
"""


def keys():
    return """apiVersion: binnacle.dev/v1alpha1
kind: ScrapePolicy
metadata: {name: evil, namespace: shop}
spec:
  selector: {}
  endpoints:
    - port: http
      authorization: {credentials: {name: s, key: ../../../etc/cron.d/x}}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: shop}
stringData: {"../../../etc/cron.d/x": "* * * * * root true"}
"""


def long_line():
    return "# " + "x" * 1_000_000 + "\n" + POLICY % ""


def long_value():
    return (POLICY % "").replace("name: bad", "name: bad, labels: {a: " + "x" * 1_000_000 + "}")


def many_objects():
    return "---\n".join(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{i}}}\n" for i in range(60_000))


def many_items():
    return "apiVersion: v1\nkind: ConfigMapList\nitems:\n" + "".join(
        f"- metadata: {{name: c{i}}}\n" for i in range(60_000))


def hostile_policies():
    return "---\n".join((POLICY % f'      relabelings: [{{sourceLabels: [a], regex: "(x{{{{{i % 1000}}}}}){{{{1000}}}}", action: drop}}]'
                         .replace("{{", "{").replace("}}", "}")).replace("name: bad", f"name: p{i}") for i in range(10000))


def many_policies():
    return "---\n".join((POLICY % "").replace("name: bad", f"name: p{i}").replace("port: http", f"port: {i + 1}")
                        for i in range(1000))


def many_namespaces():
    out = [f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: n{i}, labels: {{t: a}}}}\n" for i in range(2000)]
    out.append((POLICY % "").replace("namespace: shop", "namespace: monitoring").replace(
        "  selector: {}", "  namespaceSelector: {matchLabels: {t: a}}\n  workloads: "
        "[{kind: Deployment, name: a}, {kind: Job, name: b}]"))
    return "---\n".join(out)


def good_beside_bad():
    return (POLICY % '      interval: "\\uD800"').encode() + b"---\n" + b"\xff\xfe\x00"


CASES = [
    Case("5 MB of annotations", "a.yaml", big_annotations, r"1-a\.yaml:1:1: Deployment shop/web: .*over 4 MiB"),
    Case("20 000 known annotations", "a.yaml", many_known_annotations,
         r"1-a\.yaml:\d+:\d+: Deployment shop/web: .*over 32 parameters"),
    Case("an annotation of 1 MB", "a.yaml", long_annotation, r"1-a\.yaml:8:\d+: Deployment shop/web: .*drop-metrics.*more than 4096 bytes"),
    Case("NUL", "a.yaml", lambda: b"kind: Sec\x00ret\n", r"1-a\.yaml:1:"),
    Case("NUL, escaped", "a.yaml", lambda: POLICY % '      path: "/a\\0b"', r"1-a\.yaml:\d+:"),
    Case("NUL, JSON", "a.json", lambda: b'{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a\\u0000b"}}', r"1-a\.json:1:"),
    Case("invalid UTF-8", "a.yaml", lambda: b"kind: \xff\xfe\xc3\x28\n", r"1-a\.yaml:1:"),
    Case("lone surrogate", "a.yaml", good_beside_bad, r"1-a\.yaml:\d+:"),
    Case("UTF-16", "a.yaml", lambda: "kind: Secret\n".encode("utf-16"), r"1-a\.yaml"),
    Case("alias bomb", "a.yaml", alias_bomb, r"1-a\.yaml:\d+:"),
    Case("merge bomb", "a.yaml", merge_bomb, r"1-a\.yaml"),
    Case("10 000 relabel rules", "a.yaml", relabel_rules,
         r"1-a\.yaml:8:\d+: ScrapePolicy shop/bad: spec\.endpoints\[0\]\.metricRelabelings: there are 10000 items"),
    Case("10 000 hostile regexes", "a.yaml", lambda: hostile_regexes(10000),
         r"1-a\.yaml:8:\d+: ScrapePolicy shop/bad: .*relabelings: there are 10000 items"),
    Case("100 hostile regexes", "a.yaml", lambda: hostile_regexes(100),
         r"1-a\.yaml:\d+:\d+: ScrapePolicy shop/bad: spec\.endpoints\[0\]\.relabelings\[\d+\]\.regex: .*InvalidRegex"),
    Case("10 000 costly regexes", "a.yaml", costly_regexes, r"1-a\.yaml:\d+:\d+: ScrapePolicy shop/bad: "),
    Case("a regex of 1 MB", "a.yaml", long_regex, r"1-a\.yaml:\d+:\d+: ScrapePolicy shop/bad: .*relabelings\[0\]\.regex"),
    Case("60 levels", "a.yaml", lambda: nested(60), r"1-a\.yaml:\d+:\d+: ScrapePolicy shop/bad: spec\.endpoints\[0\]\.params"),
    Case("100 levels", "a.yaml", lambda: nested(100), r"1-a\.yaml:\d+:"),
    Case("100 000 levels", "a.yaml", nested_lists, r"1-a\.yaml:\d+:"),
    Case("100 000 levels of JSON", "a.json", nested_lists, r"1-a\.json:\d+:"),
    Case("names", "a.yaml", names, r'1-a\.yaml:3:\d+: ConfigMap: metadata\.name: "\.\./\.\./etc/passwd" is not a name'),
    Case("names of outputs", "a.yaml", output_names, r"1-a\.yaml:6:\d+: Observatory monitoring/evil: spec\.prometheus\.output\.key"),
    Case("keys", "a.yaml", keys, r"1-a\.yaml:8:\d+: ScrapePolicy shop/evil: .*credentials\.key"),
    Case("a line of 1 MB", "a.yaml", long_line, None),
    Case("a label of 1 MB", "a.yaml", long_value, None),
    Case("60 000 documents", "a.yaml", many_objects, r"1-a\.yaml:\d+:\d+: .*over 20000 documents"),
    Case("60 000 items", "a.yaml", many_items, r"1-a\.yaml:\d+:\d+: .*over 50000 objects"),
    Case("10 000 policies with hostile regexes", "a.yaml", hostile_policies, r"1-a\.yaml:\d+:\d+: ScrapePolicy shop/p\d+: .*InvalidRegex"),
    Case("1 000 policies", "a.yaml", many_policies, None),
    Case("2 000 namespaces", "a.yaml", many_namespaces, None),
    Case("17 MB", "a.yaml", lambda: "# x\n" * (17 * 256 * 1024), r"1-a\.yaml"),
    Case("no YAML", "a.yaml", lambda: bytes(range(256)) * 100, r"1-a\.yaml:"),
]
