"""an admission changes our output each time, or keeps what was there: it is written five times, and no more"""

import base64
import time

from lib.wait import expect, until

SECONDS = 60
IN_TEST = True
WRITES = 5  # of one content within a minute
GROUP = "/apis/admissionregistration.k8s.io/v1"
OUTPUT = r"^PATCH .*/secrets/main-prometheus\?"
HASH = "/metadata/annotations/binnacle.dev~1hash"
CHANGED = f"[JSONPatch{{op: 'replace', path: '{HASH}', value: 'sha256:defaulted'}}]"
KEPT = ("[JSONPatch{op: 'replace', path: '/data', value: oldObject.data}, "
        f"JSONPatch{{op: 'replace', path: '{HASH}', value: oldObject.metadata.annotations['binnacle.dev/hash']}}]")


def probe(f, text):
    """What the server makes of such an object."""
    thing = f.api.apply("Secret", f.monitoring, "probe", metadata={"annotations": {"binnacle.dev/hash": text}},
                        data={"k": base64.b64encode(text.encode()).decode()})
    return thing["metadata"]["annotations"]["binnacle.dev/hash"] == text


def admission(f, expression):
    f.api.request("POST", f"{GROUP}/mutatingadmissionpolicies", {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": "f22"},
        "spec": {"failurePolicy": "Fail", "reinvocationPolicy": "Never",
                 "matchConstraints": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": f.monitoring}},
                                      "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
                                                         "operations": ["UPDATE"], "resources": ["secrets"]}]},
                 "matchConditions": [{"name": "ours", "expression":
                                      "object.metadata.name in ['main-prometheus', 'probe']"}],
                 "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}]}})
    f.api.request("POST", f"{GROUP}/mutatingadmissionpolicybindings", {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": "f22"}, "spec": {"policyName": "f22"}})
    turn = iter(range(1000))
    until(lambda: not probe(f, f"on-{next(turn)}"), 20, "the admission does nothing", 0.2)


def withdraw(f):
    for kind in ("mutatingadmissionpolicybindings", "mutatingadmissionpolicies"):
        if any(one["metadata"]["name"] == "f22" for one in f.api.request("GET", f"{GROUP}/{kind}")["items"]):
            f.api.request("DELETE", f"{GROUP}/{kind}/f22")


def mutated(f, tag, expression):
    """Writes of one content while the admission is there, and until it is published after that."""
    admission(f, expression)
    since = time.monotonic()
    f.put("p1", f"/p1-{tag}")
    until(lambda: "ApplyLoop" in str(f.api.get("Observatory", f.monitoring, "main")["status"]), 15,
          lambda: f"the status does not tell: {len(f.proxy.lines(OUTPUT, since))} writes")
    time.sleep(3)
    writes = len(f.proxy.lines(OUTPUT, since))
    f.figure(f"writes, {tag}", writes, "", WRITES)
    expect(writes > 1, f"{writes} writes")
    withdraw(f)
    turn = iter(range(1000))
    until(lambda: probe(f, f"off-{next(turn)}"), 20, "the admission does not go", 0.2)
    f.put("p1", f"/p1-after-{tag}")
    f.right(10)
    return writes


def run(f):
    f.begin()
    f.undo.append(lambda: withdraw(f))
    probe(f, "first")
    mutated(f, "rehearsal", CHANGED)
    f.measure()
    writes = mutated(f, "changed", CHANGED) + mutated(f, "kept", KEPT)
    f.moved("binnacle_output_writes_total", writes)
    f.healed()
