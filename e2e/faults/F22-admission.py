"""an admission policy that changes the output whenever it is written: five tries, then a pause and a condition"""

import time

from lib.api import ApiError
from lib.audit import Audit
from lib.faults import NotRun
from lib.wait import expect, until

SECONDS = 60
IN_TEST = False
OUTPUT, PROBE = "main-prometheus", "probe"
GROUP = "/apis/admissionregistration.k8s.io/v1"
TRIES = 5
SAME_S = 6  # a loop without a brake writes 40 times in it
HASH = "binnacle.dev/hash"
ANOTHER = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression":
    f'Object{{metadata: Object.metadata{{annotations: {{"{HASH}": "sha256:" + oldObject.metadata.resourceVersion}}}}}}'}}
KEPT = {"patchType": "JSONPatch", "jsonPatch": {"expression":
    '[JSONPatch{op: "add", path: "/data", value: oldObject.data},'
    ' JSONPatch{op: "add", path: "/metadata/annotations", value: oldObject.metadata.annotations}]'}}


def policy(f, mutation):
    """A MutatingAdmissionPolicy for the output of this row alone."""
    name = f"{f.monitoring}-output"
    match = {"matchConstraints": {"resourceRules": [
                 {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"], "operations": ["UPDATE"],
                  "resourceNames": [OUTPUT, PROBE]}]},
             "matchConditions": [{"name": "ours", "expression": f'request.namespace == "{f.monitoring}"'}]}
    f.api.request("POST", f"{GROUP}/mutatingadmissionpolicies", {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {**match, "mutations": [mutation], "reinvocationPolicy": "Never", "failurePolicy": "Fail"}})
    f.api.request("POST", f"{GROUP}/mutatingadmissionpolicybindings", {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name}, "spec": {"policyName": name}})


def remove(f):
    for kind in ("mutatingadmissionpolicybindings", "mutatingadmissionpolicies"):
        try:
            f.api.request("DELETE", f"{GROUP}/{kind}/{f.monitoring}-output")
        except ApiError as error:
            if error.status != 404:
                raise


def in_force(f, yes):
    """Wait until the server obeys the policy, or no longer does: it learns of it a little later."""
    def look():
        mark = str(time.monotonic())
        thing = f.api.annotate("Secret", f.monitoring, PROBE, {HASH: mark})
        return (thing["metadata"]["annotations"][HASH] != mark) == yes
    until(look, 20, "the policy does not come into force" if yes else "the policy stays in force", 0.2)


def writes_of(f, record):
    return [row for row in record.writes() if row.what == f"secrets {f.monitoring}/{OUTPUT}"]


def said(f):
    return f.condition("Observatory", f.monitoring, "main", "Published")


def fights(f, tag, mutation):
    """One change of ours against the policy, until it is gone and another change comes."""
    policy(f, mutation)
    in_force(f, True)
    record = Audit(f.plane.audit)
    f.put("p1", f"/p1-{tag}")
    until(lambda: said(f).get("reason") == "ApplyLoop", 20,
          lambda: f"{tag}: the status does not tell: {said(f)}, {len(writes_of(f, record))} writes")
    time.sleep(SAME_S)
    count = len(writes_of(f, record))
    f.note(f"{tag}: {count} writes")
    expect(2 <= count <= TRIES, f"{tag}: {count} writes of one content")
    expect(said(f)["reason"] == "ApplyLoop", f"{tag}: {said(f)}")
    remove(f)
    in_force(f, False)
    f.put("p2", f"/p2-{tag}")  # another content does not wait for the end of the pause
    f.right(10)
    until(lambda: said(f).get("status") == "True", 10, lambda: f"{tag}: {said(f)}")


def run(f):
    try:
        f.api.request("GET", f"{GROUP}/mutatingadmissionpolicies")
    except ApiError as error:
        raise NotRun("this API server has no MutatingAdmissionPolicy") from error
    f.undo.append(lambda: remove(f))
    f.begin()
    f.api.create("Secret", f.monitoring, PROBE, stringData={"k": "v"}, metadata={"annotations": {HASH: ""}})
    fights(f, "another-hash", ANOTHER)
    fights(f, "kept", KEPT)
    f.healed()
