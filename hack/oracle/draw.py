"""Draws objects from the CRDs' schemas: sensible values, now and then an odd or a wrong one.

Every case has a seed of its own and is the same on every machine.  Of each kind, object number i is made to
hold field number i of the schema, so that a long enough run has set every field."""

import base64
import random
from pathlib import Path

import words as w
import yaml

KINDS = {
    "Prometheus": "monitoring.coreos.com/v1", "PrometheusAgent": "monitoring.coreos.com/v1alpha1",
    "ServiceMonitor": "monitoring.coreos.com/v1", "PodMonitor": "monitoring.coreos.com/v1",
    "Probe": "monitoring.coreos.com/v1", "ScrapeConfig": "monitoring.coreos.com/v1alpha1",
    "PrometheusRule": "monitoring.coreos.com/v1",
}
SELECTED = ["ServiceMonitor", "PodMonitor", "Probe", "ScrapeConfig", "PrometheusRule"]
OPTIONS = ["endpointSliceSupported", "prometheusTopologySharding", "prometheusRetentionPolicies",
           "podTopologyLabelsSupported", "inlineTLSConfig", "daemonSet"]

# Of each group an object holds one at most, nearly always.
EXCLUSIVE = [
    ["basicAuth", "authorization", "oauth2", "bearerTokenSecret", "bearerTokenFile", "bearerToken", "sigv4",
     "azureAd"],
    ["managedIdentity", "oauth", "sdk", "workloadIdentity"], ["secret", "configMap"], ["staticConfig", "ingress"],
    ["proxyUrl", "proxyFromEnvironment"], ["credentials", "credentialsFile"], ["record", "alert"],
    ["promoteResourceAttributes", "promoteAllResourceAttributes", "ignoreResourceAttributes"],
]
# Those of which one there should be.
NEEDED = {"secret", "staticConfig", "managedIdentity", "record"}
# Where one is, the other should be too.
TOGETHER = [("accessKey", "secretKey"), ("secretKey", "accessKey"), ("noProxy", "proxyUrl"),
            ("proxyConnectHeader", "proxyUrl"), ("externalId", "roleArn"),
            ("ignoreResourceAttributes", "promoteAllResourceAttributes")]
# What an object of this name should hold, though its schema does not ask for it.
EXPECTED = {"basicAuth": ["username", "password"], "authorization": ["credentials"], "Probe": ["prober", "targets"],
            "staticConfig": ["static"], "retention": ["retentionPeriod"]}
# A recording rule has none of these.
OF_ALERTS = {"for", "keep_firing_for", "annotations"}
TLS = yaml.safe_load((Path(__file__).resolve().parent / "tls.yml").read_text(encoding="utf-8"))


def fields_of(schema, top=None):
    """Every path of property names below a schema."""
    out, todo = [], [((), schema)]
    while todo:
        path, at = todo.pop()
        if "items" in at:
            todo.append((path, at["items"]))
        more = at.get("additionalProperties")
        if isinstance(more, dict):
            todo.append((path, more))
        for name, sub in at.get("properties", {}).items():
            if top is None or path or name in top:
                out.append((*path, name))
                todo.append(((*path, name), sub))
    return sorted(out)


class Generator:
    """Cases by number; the schemas are those that the oracle gives."""

    def __init__(self, schemas, seed):
        self.seed = seed
        self.schemas = {kind: schemas["%s/%s" % (version, kind)]["properties"]["spec"]
                        for kind, version in KINDS.items()}
        self.fields = {kind: fields_of(spec, w.SHAPING if kind.startswith("Prometheus") and kind != "PrometheusRule"
                                       else None) for kind, spec in self.schemas.items()}
        for kind, fields in self.fields.items():
            random.Random("%s/%s" % (seed, kind)).shuffle(fields)

    def case(self, number):
        """{"docs": [objects], "options": {…}} for a number."""
        return Case(self, number).draw()


class Case:
    def __init__(self, generator, number):
        self.generator, self.number = generator, number
        self.r = random.Random("%s:%s" % (generator.seed, number))
        self.density = self.r.choice([0.03, 0.08, 0.15, 0.3])
        self.wrong = self.r.choice([0, 0, 0, 0, 0.01, 0.04])
        self.odd = self.r.choice([0, 0, 0.02, 0.02, 0.1])
        self.namespace = w.NAMESPACES[0]
        self.used = {}  # (kind, namespace, name): keys
        self.classes = []

    def chance(self, p):
        return self.r.random() < p

    def pick(self, values):
        return self.r.choice(values)

    def draw(self):
        kind = "PrometheusAgent" if self.chance(0.18) else "Prometheus"
        docs = [self.prometheus(kind)]
        for i in range(self.r.choice([1, 1, 2, 2, 3, 4, 6])):
            docs.append(self.selected(self.pick(SELECTED), i))
        docs += self.namespaces()
        docs += self.references()
        options = {name: False for name in OPTIONS}
        for name, p in (("endpointSliceSupported", 0.7), ("prometheusTopologySharding", 0.5),
                        ("prometheusRetentionPolicies", 0.5), ("podTopologyLabelsSupported", 0.3),
                        ("inlineTLSConfig", 0.03)):
            options[name] = self.chance(p)
        options["daemonSet"] = docs[0]["spec"].get("mode") == "DaemonSet"
        return {"docs": docs, "options": options}

    def namespaces(self):
        return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"tier": tier}}}
                for name, tier in zip(w.NAMESPACES, "xyx") if self.chance(0.8)]

    def metadata(self, kind, i, labels=None):
        meta = {"name": "%s-%d" % (kind.lower().replace("prometheusrule", "rule"), i), "namespace": self.namespace}
        if labels:
            meta["labels"] = labels
        return meta

    def prometheus(self, kind):
        spec = {}
        if self.chance(0.95):
            spec["version"] = self.pick(w.VERSIONS)
        for name in w.SELECTORS[:5 if kind == "Prometheus" else 4]:
            chosen = self.selector()
            if chosen is not None:
                spec[name + "Selector"] = chosen
            if self.chance(0.85):
                spec[name + "NamespaceSelector"] = self.pick(
                    [*[{}] * 8, {"matchLabels": {"tier": "x"}},
                     {"matchLabels": {"kubernetes.io/metadata.name": "team-a"}}])
        self.classes = self.r.sample(["default", "secure", "istio"], self.r.choice([1, 2, 3]))
        schema = self.generator.schemas[kind]
        shaping = {"type": "object", "required": schema.get("required", []),
                   "properties": {k: v for k, v in schema["properties"].items() if k in w.SHAPING}}
        wrong, self.wrong = self.wrong, self.wrong / 3  # what is wrong here leaves nothing to compare
        spec.update(self.object(shaping, [kind], self.forced(kind, 1)))
        self.tame(spec)
        self.wrong = wrong
        return {"apiVersion": KINDS[kind], "kind": kind, "metadata": {"name": "p", "namespace": self.namespace},
                "spec": spec}

    def tame(self, spec):
        """What fails the whole object is rare: one interval, one default class, zones no more than shards."""
        if str(spec.get("version", "3")).lstrip("v") < "2.55" and not self.chance(0.1):
            spec.pop("otlp", None)
        if not self.chance(0.05):
            spec["scrapeInterval"] = self.pick(["30s", "1m", "2m"])
            if "scrapeTimeout" in spec:
                spec["scrapeTimeout"] = self.pick(["5s", "10s", "30s"])
        names = list(self.classes)
        classes = spec.get("scrapeClasses")
        for at, one in enumerate(classes if isinstance(classes, list) else []):
            if isinstance(one, dict):
                if names:
                    one["name"] = names.pop(0)
                if at and not self.chance(0.03):
                    one.pop("default", None)
        if "scrapeClasses" not in spec:
            self.classes = []
        if spec.get("mode") == "DaemonSet" and not self.chance(0.05):
            for name in ("probeSelector", "serviceMonitorSelector", "scrapeConfigSelector",
                         "probeNamespaceSelector", "serviceMonitorNamespaceSelector",
                         "scrapeConfigNamespaceSelector", "shards", "shardingStrategy", "additionalScrapeConfigs"):
                spec.pop(name, None)
        sharding = spec.get("shardingStrategy")
        if isinstance(sharding, dict) and "topology" in sharding and not self.chance(0.1):
            sharding["mode"] = "Topology"
            spec["shards"] = 3

    def selector(self):
        if self.chance(0.05):
            return None
        if self.chance(0.88):
            return {}
        return self.pick([{"matchLabels": {"team": "a"}}, {"matchExpressions": [
            {"key": "team", "operator": self.pick(["In", "NotIn"]), "values": ["a"]}]},
            {"matchExpressions": [{"key": "team", "operator": self.pick(["Exists", "DoesNotExist"])}]}])

    def selected(self, kind, i):
        self.namespace = self.pick([w.NAMESPACES[0], *w.NAMESPACES])
        schema, forced = self.generator.schemas[kind], self.forced(kind, i)
        if kind == "ScrapeConfig":
            schema = self.discoveries(schema, forced)
        spec = self.object(schema, [kind], forced)
        labels = {"team": self.pick(w.TEAMS)} if self.chance(0.8) else None
        meta = self.metadata(kind, i, labels)
        if kind == "PrometheusRule":
            meta["uid"] = "%08x-0000-4000-8000-%012x" % (self.number, i)
        if self.classes and "scrapeClass" in schema["properties"] and self.chance(0.3):
            spec["scrapeClass"] = self.pick(self.classes)
        elif not self.classes and not self.chance(0.05):
            spec.pop("scrapeClass", None)
        return {"apiVersion": KINDS[kind], "kind": kind, "metadata": meta, "spec": spec}

    def discoveries(self, schema, forced):
        """The schema with one or two of the many discoveries."""
        all_kinds = sorted(n for n in schema["properties"] if n.endswith(("SDConfigs", "staticConfigs")))
        kept = set(self.r.sample(all_kinds, self.r.choice([0, 1, 1, 1, 2]))) | set(forced[:1])
        props = {k: v for k, v in schema["properties"].items() if k not in all_kinds or k in kept}
        required = [*schema.get("required", []), *(k for k in kept if k in all_kinds)]
        return {**schema, "properties": props, "required": required}

    def forced(self, kind, i):
        """The field that this object shall hold, as a path."""
        fields = self.generator.fields[kind]
        step = 6 if kind in SELECTED else 1
        return list(fields[(self.number * step + i) % len(fields)])

    # Values, by schema.

    def value(self, schema, path, forced=()):
        name = path[-1]
        special = self.special(schema, path, forced)
        if special is not None:
            return special
        if self.chance(self.wrong / 4):
            return self.pick(["bogus", -1, True, {}, [], None, 3.5])
        if schema.get("enum"):
            return "Bogus" if self.chance(self.wrong) else self.pick(schema["enum"])
        if schema.get("x-kubernetes-int-or-string"):
            return self.int_or_string(name)
        return {"object": self.object, "array": self.array, "string": self.string, "integer": self.integer,
                "number": self.number_value, "boolean": self.boolean}.get(
                    schema.get("type"), self.anything)(schema, path, forced)

    def special(self, schema, path, forced):
        props = schema.get("properties", {})
        if set(props) == {"key", "name", "optional"}:
            return self.reference(path, forced)
        if "matchLabels" in props:
            return self.label_selector()
        if "sourceLabels" in props and "action" in props:
            return self.relabel()
        if "insecureSkipVerify" in props and "ca" in props and not self.chance(0.05):
            return self.tls(props, path, forced)
        if path[-1] == "scrapeClass":
            return self.pick(self.classes) if self.classes and not self.chance(0.05) else "unknown"
        return None

    def int_or_string(self, name):
        if name == "expr":
            return self.pick(w.EXPRESSIONS if self.chance(0.3) else w.EXPRESSIONS[:14])
        if name in ("targetPort", "port"):
            return self.pick(w.PORTS)
        return self.pick(w.QUANTITIES_OF.get(name, w.QUANTITIES) if not self.chance(self.wrong) else w.QUANTITIES)

    def object(self, schema, path, forced):
        props = schema.get("properties")
        if not props:
            return self.mapping(schema, path, forced)
        required = set(schema.get("required", []))
        density = self.density * (2 if len(props) < 10 else 1)
        names = {n for n in props if n in required or self.chance(density)}
        names |= set(forced[:1]) & set(props)
        if not self.chance(0.04):
            names |= set(EXPECTED.get(path[-1], [])) & set(props)
        if not names and self.chance(0.7):
            names = {self.pick(sorted(props))}
        self.settle(names, props, required, forced)
        if self.chance(self.wrong / 3) and required & names:
            names.discard(self.pick(sorted(required & names)))
        out = {n: self.value(props[n], [*path, n], forced[1:] if forced[:1] == [n] else [])
               for n in sorted(names)}
        if self.chance(self.wrong / 5):
            out["bogusField"] = 1
        return out

    def settle(self, names, props, required, forced):
        """Leaves of what excludes each other one, and brings together what needs each other."""
        for one, other in TOGETHER:
            if one in names and other in props and not self.chance(0.08):
                names.add(other)
        for group in EXCLUSIVE:
            held = [n for n in group if n in names]
            if len(held) > 1 and not self.chance(0.06):
                kept = next((n for n in held if n in forced[:1] or n in required), None) or self.pick(held)
                names -= set(held) - {kept}
            elif not held and group[0] in props and group[0] in NEEDED and not self.chance(0.03):
                names.add(self.pick([n for n in group if n in props]))
        if "record" in names and not self.chance(0.05):
            names -= OF_ALERTS
        if "proxyFromEnvironment" in names and not self.chance(0.1):
            names -= {"noProxy", "proxyConnectHeader"} - set(forced[:1])

    def mapping(self, schema, path, forced):
        more = schema.get("additionalProperties")
        if not isinstance(more, dict):
            return {}
        keys = w.MAP_KEYS.get(path[-1], w.MAP_KEY)
        count = 0 if self.chance(0.05) else self.r.choice([1, 1, 2, 3])
        out = {}
        for key in self.r.sample(keys, min(count, len(keys))):
            out[self.pick(w.ODD_TEXT[1:]) if self.chance(self.odd / 3) else key] = self.value(more, path, forced)
        return out

    def array(self, schema, path, forced):
        least = schema.get("minItems", 0)
        if self.chance(0.04) and not forced and (least == 0 or self.chance(self.wrong)):
            return []
        count = max(least, self.r.choice([1, 1, 1, 2, 2, 3]))
        out = [self.value(schema["items"], path, forced if i == 0 else []) for i in range(count)]
        if path[-1] in ("scrapeClasses", "groups", "params") and not self.chance(self.wrong):
            for i, one in enumerate(out):
                if isinstance(one, dict) and "name" in one:
                    one["name"] = "%s-%d" % (path[-1], i)
        if schema.get("x-kubernetes-list-type") == "set" and not self.chance(self.wrong):
            out = [v for i, v in enumerate(out) if v not in out[:i]]
        return out

    def string(self, schema, path, _):
        name, pattern = path[-1], schema.get("pattern", "")
        if "([0-9]+)y" in pattern:
            return self.duration(name)
        if "[0-9]*[.]" in pattern:
            return self.pick(w.BAD_SIZES if self.chance(self.wrong) else w.SIZES)
        if "http" in pattern or "://" in pattern:
            url = self.pick(w.BAD_URLS if self.chance(max(self.wrong, 0.01)) else w.URLS)
            return url.replace("http:", "socks5:") if "socks5" in pattern and self.chance(0.2) else url
        if "abort" in pattern:
            return self.pick(["warn", "abort", ""])
        if self.chance(self.odd):
            return self.pick(w.ODD_TEXT[1:] if schema.get("minLength") and not self.chance(self.wrong) else w.ODD_TEXT)
        full = ".".join(path[-2:])
        if pattern.startswith("^[^*]*"):
            name = "files"
        return self.pick(w.TEXTS.get(full) or w.TEXTS.get(name, w.TEXT))

    def duration(self, name):
        if self.chance(self.wrong):
            return self.pick(w.BAD_DURATIONS)
        if self.chance(self.odd):
            return self.pick(w.ODD_DURATIONS)
        return self.pick(w.DURATIONS_OF.get(name) or (w.TIMEOUTS if "imeout" in name else w.DURATIONS))

    def integer(self, schema, path, _):
        value = self.pick(w.INTEGERS.get(path[-1], w.INTEGER))
        if self.chance(self.wrong):
            return self.pick([-1, 2**31, 2**63 - 1, "1"])
        return int(min(max(value, schema.get("minimum", value)), schema.get("maximum", max(value, 0) + value)))

    def number_value(self, _schema, _path, _forced):
        return self.pick([0, 0.5, 1, 2.5])

    def boolean(self, _schema, _path, _forced):
        return self.chance(0.5)

    def anything(self, _schema, _path, _forced):
        return {}

    # Shapes that recur.

    def label_selector(self):
        if self.chance(0.2):
            return {}
        out = {}
        if self.chance(0.7):
            out["matchLabels"] = {k: self.pick(["x", "y.z", "1", ""]) for k in
                                  self.r.sample(w.LABEL_NAMES, self.r.choice([1, 2]))}
        if self.chance(0.4):
            operator = self.pick(["In", "NotIn", "Exists", "DoesNotExist"])
            one = {"key": self.pick(w.LABEL_NAMES), "operator": operator}
            if operator.endswith("In") != self.chance(0.03):
                one["values"] = self.r.sample(["a", "b.c", "d", "1"], self.r.choice([1, 2, 3]))
            out["matchExpressions"] = [one]
        return out

    def relabel(self):
        action = self.pick(w.RELABEL_ACTIONS)
        rule = {"action": "bogus" if self.chance(self.wrong) else action}
        if self.chance(0.15):
            del rule["action"]
        low = rule.get("action", "replace").lower()
        if low not in ("labelmap", "labeldrop", "labelkeep") or self.chance(0.02):
            rule["sourceLabels"] = self.r.sample(w.METRIC_LABELS, self.r.choice([0, 1, 1, 2]))
        if low in ("replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal") or self.chance(0.05):
            rule["targetLabel"] = self.pick([*w.TARGET_LABELS, "$1", "a-b"] if self.chance(0.1)
                                            else w.TARGET_LABELS)
        if low in ("replace", "keep", "drop", "labelmap", "labeldrop", "labelkeep") and self.chance(0.85):
            rule["regex"] = self.pick(w.BAD_REGEXES if self.chance(self.wrong) else w.REGEXES)
        if low in ("replace", "labelmap") and self.chance(0.7):
            rule["replacement"] = self.pick(w.REPLACEMENTS)
        if low == "hashmod" and not self.chance(0.05):
            rule["modulus"] = self.pick([1, 2, 8])
        if self.chance(0.1):
            rule["separator"] = self.pick([";", "", ",", "/", "::"])
        for name in ("separator", "replacement", "regex", "targetLabel"):
            if name in rule and self.chance(self.odd):
                rule[name] = self.pick(w.ODD_TEXT)
        return rule

    def reference(self, path, forced):
        """A key of a Secret or ConfigMap; now and then one that is not there."""
        kind = "ConfigMap" if path[-1] == "configMap" else "Secret"
        owner = path[-2] if path[-1] in ("configMap", "secret") and len(path) > 1 else path[-1]
        if owner in ("ca", "cert", "keySecret"):
            name, key = "tls", {"ca": "one-cert", "cert": "one-cert", "keySecret": "one-key"}[owner]
        else:
            name, key = "creds", w.SECRET_KEYS.get(owner, w.SECRET_KEY)
        if self.chance(self.odd) and name == "creds":
            key = self.pick(w.ODD_KEYS)
        return self.refer(kind, name, key, forced == ["optional"])

    def refer(self, kind, name, key, optional=False):
        if self.chance(0.01 + self.wrong / 2):
            name, key = self.pick([(name, "absent"), ("nowhere", key), (name, ""), ("", key)])
        out = {"name": name, "key": key}
        if optional or self.chance(0.05):
            out["optional"] = self.chance(0.5)
        self.used.setdefault((kind, self.namespace, name), set()).add(key)
        return out

    def tls(self, props, path, forced):
        """A TLS configuration whose certificate and key fit, mostly."""
        out, first = {}, forced[0] if forced else None
        if first == "ca" or self.chance(0.5):
            out["ca"] = self.value(props["ca"], [*path, "ca"], forced[1:] if first == "ca" else [])
        if first in ("cert", "keySecret") or self.chance(0.45):
            for name in ("cert", "keySecret"):
                out[name] = self.value(props[name], [*path, name], forced[1:] if first == name else [])
            if self.chance(0.03):
                del out[self.pick(["cert", "keySecret"])]
            elif not forced and not self.chance(0.1):
                self.other_pair(out)
        elif "certFile" in props and (first in ("certFile", "keyFile") or self.chance(0.1)):
            for name in ("certFile", "keyFile"):
                out[name] = self.value(props[name], [*path, name])
        if "caFile" in props and (first == "caFile" or self.chance(0.1)):
            out["caFile"] = self.value(props["caFile"], [*path, "caFile"])
            if not self.chance(0.03):
                out.pop("ca", None)
        for name in ("insecureSkipVerify", "serverName", "minVersion", "maxVersion"):
            if name in props and (first == name or self.chance(0.2)):
                out[name] = self.value(props[name], [*path, name])
        if {"minVersion", "maxVersion"} <= set(out) and not self.chance(0.05):
            both = sorted([str(out["minVersion"]), str(out["maxVersion"])])
            out["minVersion"], out["maxVersion"] = both
        return out

    def other_pair(self, tls):
        """Certificate and key of one Secret, of the second pair."""
        if self.chance(0.5) and isinstance(tls["cert"], dict) and isinstance(tls["keySecret"], dict):
            tls["cert"] = {"secret": self.refer("Secret", "tls", "two-cert")}
            tls["keySecret"] = self.refer("Secret", "tls", "two-key" if not self.chance(0.05) else "one-key")

    def references(self):
        """The Secrets and ConfigMaps that the objects refer to, with the keys that exist."""
        have = {**w.SECRET_DATA, **TLS}
        out = []
        for kind, namespace, name in sorted(self.used):
            if name not in ("creds", "tls"):
                continue
            data = {k: have[k] for k in sorted(self.used[kind, namespace, name]) if k in have}
            if kind == "Secret":
                data = {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}
            out.append({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace},
                        "data": data})
        return out
