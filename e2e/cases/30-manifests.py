"""what is shipped: every kustomization is taken, pods are `restricted`, rights suffice and go no further, the image runs"""

import os
from pathlib import Path

import yaml

from lib.api import ApiError, path_of
from lib.case import content_of
from lib.process import run as run_program
from lib.wait import Failed, expect, until

ALONE = True  # on a control plane where nobody has given it more rights
OVERLAYS = ["overlays/cluster", "overlays/namespaced", "overlays/high-availability"]
WITH_SYNC = "samples/prometheus-with-sync"
PARTS = f"{WITH_SYNC}/parts"
SAMPLES = [WITH_SYNC, "samples/prometheus-with-sync-replicas", "samples/prometheus-plain", "samples/prometheus-slots",
           "samples/sampling", "samples/grafana", "samples/grafana-with-sync"]
MESH, KIALI = "overlays/mesh", "overlays/kiali"  # beside another overlay
BINDINGS = ["namespaces/output", "namespaces/references", "namespaces/watched"]
COMPONENTS = {PARTS: [WITH_SYNC], **{f"components/{name}": OVERLAYS[:2] for name in (
    "read-all-secrets", "network-policy", "high-availability", "metrics-auth")}}
NEEDS = {"components/read-all-secrets": "overlays/cluster"}  # what only this overlay has
WORKLOADS = ("Deployment", "StatefulSet")
USER = "system:serviceaccount:"
SYNC = "monitoring/prometheus"
BINNACLE = "binnacle-system/binnacle"
OUTPUTS = ["main-prometheus", "main-prometheus-assets"]
DEADLINE_S = 180
READ = ["get", "list", "watch"]
WRITE = ["create", "update", "patch", "delete", "deletecollection"]
OURS = "binnacle.dev"

# Each row: verbs, resource (NAME/SUBRESOURCE@GROUP), namespace ("": all), names (None: without one).
SYNC_MAY = [
    (READ, f"observatories@{OURS}", "monitoring", ["main"]),
    (["patch"], f"observatories/status@{OURS}", "monitoring", ["main"]),
    (READ, "secrets", "monitoring", OUTPUTS),
    (READ, "pods", "", [None]),  # Prometheus itself
]
SYNC_MAY_NOT = [
    (READ, f"observatories@{OURS}", "monitoring", ["second", None]),
    (READ, f"observatories@{OURS}", "shop", ["main", None]),
    (WRITE, f"observatories@{OURS}", "monitoring", ["main", None]),
    (["patch"], f"observatories/status@{OURS}", "monitoring", ["second"]),
    (READ, "secrets", "monitoring", ["other", None]),
    (WRITE, "secrets", "monitoring", [*OUTPUTS, None]),
    (READ, "secrets", "shop", [*OUTPUTS, None]),
    (READ, "secrets", "", [None]),
    (READ, "configmaps", "monitoring", [None]),
    (WRITE, "pods", "monitoring", [None]),
    (["create"], "pods/exec", "monitoring", ["prometheus-0"]),
    (READ, "nodes", "", [None]),
]
PARTS_MAY = [(["get"], "secrets", "monitoring", ["main-prometheus-0110-ab12cd34"])]
PARTS_MAY_NOT = [(["list", "watch", *WRITE], "secrets", "monitoring", ["other", None]),
                 (READ, "secrets", "shop", ["main-prometheus-0110-ab12cd34", None])]
BINNACLE_MAY = [
    (READ, "pods", "", [None]), (READ, "services", "", [None]), (READ, "namespaces", "", [None]),
    (READ, "deployments@apps", "", [None]), (READ, "cronjobs@batch", "", [None]),
    (READ, f"scrapepolicies@{OURS}", "", [None]), (["patch"], f"scrapepolicies/status@{OURS}", "shop", ["x"]),
    (READ, f"samplingpolicies@{OURS}", "", [None]), (["patch"], f"samplingpolicies/status@{OURS}", "shop", ["x"]),
    (READ, f"metricrules@{OURS}", "", [None]), (["patch"], f"metricrules/status@{OURS}", "shop", ["x"]),
    (READ, f"datasources@{OURS}", "", [None]), (["patch"], f"datasources/status@{OURS}", "shop", ["x"]),
    (READ, f"dashboards@{OURS}", "", [None]), (["patch"], f"dashboards/status@{OURS}", "shop", ["x"]),
    (READ, "telemetries@telemetry.istio.io", "", [None]), (READ, "instrumentations@opentelemetry.io", "", [None]),
    (["patch"], f"observatories@{OURS}", "monitoring", ["main"]),
    (["create"], "events@events.k8s.io", "shop", [None]), (["patch"], "events@events.k8s.io", "shop", ["x"]),
    (["get", "create", "patch", "delete"], "secrets", "monitoring", OUTPUTS),
]
BINNACLE_MAY_NOT = [
    (READ, "secrets", "", [None]), (READ, "secrets", "shop", ["x", None]), (WRITE, "secrets", "shop", ["x"]),
    (READ, "configmaps", "shop", ["x", None]),
    (WRITE, "pods", "shop", ["x"]), (WRITE, "deployments@apps", "shop", ["x"]), (WRITE, "namespaces", "", ["x"]),
    (["create", "update", "delete"], f"observatories@{OURS}", "monitoring", ["main"]),
    (WRITE, f"scrapepolicies@{OURS}", "shop", ["x"]), (WRITE, f"samplingpolicies@{OURS}", "shop", ["x"]),
    (WRITE, f"metricrules@{OURS}", "shop", ["x"]), (WRITE, f"datasources@{OURS}", "shop", ["x"]),
    (WRITE, f"dashboards@{OURS}", "shop", ["x"]),
    (WRITE, "clusterroles@rbac.authorization.k8s.io", "", ["x"]),
    (["escalate", "bind"], "clusterroles@rbac.authorization.k8s.io", "", ["x"]),
    (["impersonate"], "serviceaccounts", "kube-system", ["x"]),
    (["create"], "serviceaccounts/token", "monitoring", ["prometheus"]),
]
BEFORE_MESH = [
    (WRITE, "telemetries@telemetry.istio.io", "shop", ["x"]), (WRITE, "instrumentations@opentelemetry.io", "shop", ["x"]),
    (READ, "configmaps", "istio-system", ["istio", "binnacle-mesh", None]),
    (["patch"], "deployments@apps", "istio-system", ["istiod"]),
]
OWN = ["get", "list", "watch", "create", "patch", "delete"]
MESH_MAY = [
    (OWN, "telemetries@telemetry.istio.io", "", [None]), (OWN, "instrumentations@opentelemetry.io", "", [None]),
    (OWN, "configmaps", "istio-system", ["istio", "binnacle-mesh"]),
    (["patch"], "deployments@apps", "istio-system", ["istiod", "istio-pilot"]),
    *((OWN, f"{name}@config.istio.io", "istio-system", [None]) for name in ("instances", "handlers", "rules")),
]
MESH_MAY_NOT = [
    *BINNACLE_MAY_NOT[:-1],
    (["update", "deletecollection"], "telemetries@telemetry.istio.io", "shop", ["x", None]),
    (WRITE, "virtualservices@networking.istio.io", "shop", ["x"]), (WRITE, "rules@config.istio.io", "shop", ["x"]),
    ([*READ, *WRITE], "configmaps", "istio-system", ["other", None]),
    ([*READ, *WRITE], "secrets", "istio-system", ["x", None]),
    (["create", "update", "delete"], "deployments@apps", "istio-system", ["istiod"]),
    (["patch"], "deployments@apps", "istio-system", ["other", None]), (["patch"], "deployments@apps", "shop", ["istiod"]),
]
KIALI_MAY = [([*READ, "patch"], kind, "istio-system", ["kiali"]) for kind in ("kialis@kiali.io", "configmaps")]
KIALI_MAY_NOT = [
    *BINNACLE_MAY_NOT[:-1],
    *(([*READ, *WRITE], kind, "istio-system", ["other", None]) for kind in ("kialis@kiali.io", "configmaps")),
    (["create", "update", "delete"], "kialis@kiali.io", "istio-system", ["kiali"]),
    (["create", "update", "delete"], "configmaps", "istio-system", ["kiali"]),
    ([*READ, *WRITE], "kialis@kiali.io", "shop", ["kiali"]), ([*READ, *WRITE], "secrets", "istio-system", ["kiali"]),
]


# ---- every kustomization is taken


def built(t, folder, component=None):
    """The objects of manifests/FOLDER, with a component when one is given."""
    if component is None:
        return t.plane.manifests(folder)
    outside = t.dir / "kustomize"
    outside.mkdir(exist_ok=True)
    shipped = os.path.relpath(t.plane.repo / "manifests", outside)
    (outside / "kustomization.yaml").write_text(yaml.safe_dump({
        "resources": [f"{shipped}/{folder}"], "components": [f"{shipped}/{component}"]}))
    text = t.plane.kubectl("kustomize", outside)
    return [thing for thing in yaml.safe_load_all(text) if thing]


def dry_run(t, things, *words):
    text = yaml.safe_dump_all(things).encode()
    try:
        t.plane.kubectl("apply", "--dry-run=server", "--validate=strict", *words, "-f", "-", stdin=text)
    except Failed as error:
        lines = [line for line in str(error).splitlines() if "Warning: resource" not in line]
        raise Failed("\n".join(lines)) from error


def all_kinds_of_builds(t):
    """(name, objects) of all that `kubectl apply -k` can be given."""
    for folder in ["base", *OVERLAYS, MESH, KIALI, *SAMPLES]:
        yield folder, built(t, folder)
    for component, folders in COMPONENTS.items():
        for folder in folders:
            if NEEDS.get(component, folder) == folder:
                yield f"{folder} with {component}", built(t, folder, component)


def none_is_forgotten(t):
    shipped = t.plane.repo / "manifests"
    found = {str(path.parent.relative_to(shipped)) for path in shipped.rglob("kustomization.yaml")}
    known = {"base", *OVERLAYS, MESH, KIALI, *SAMPLES, *BINDINGS, *COMPONENTS}
    expect(found == known, f"kustomizations that this case does not know, or that are gone: {found ^ known}")


def taken(t):
    """All of them, and the single samples, are what the API server takes; the workloads in them."""
    workloads = []
    for name, things in all_kinds_of_builds(t):
        try:
            dry_run(t, things)
        except Failed as error:
            raise Failed(f"{name}: {error}") from error
        workloads += [(name, thing) for thing in things if thing["kind"] in WORKLOADS]
    for folder in BINDINGS:
        dry_run(t, built(t, folder), "--namespace", "monitoring")
    single = sorted((t.plane.repo / "manifests/samples").glob("*.yaml"))
    for path in single:
        t.plane.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", path)
    return workloads


# ---- pods are `restricted`


def pod_of(workload):
    """The pod that a controller would make."""
    template, spec = workload["spec"]["template"], dict(workload["spec"]["template"]["spec"])
    claims = [{"name": claim["metadata"]["name"], "emptyDir": {}}
              for claim in workload["spec"].get("volumeClaimTemplates", [])]
    meta = {"name": workload["metadata"]["name"] + "-probe", "namespace": workload["metadata"]["namespace"],
            "labels": template["metadata"]["labels"]}
    spec["volumes"] = spec.get("volumes", []) + claims
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def admit(t, pod):
    t.api.request("POST", path_of("Pod", pod["metadata"]["namespace"]) + "?dryRun=All", pod)


def refused(t, pod, change):
    """The same pod, made a little worse, is refused: admission is at work, and this check can fail."""
    worse = yaml.safe_load(yaml.safe_dump(pod))
    change(worse["spec"])
    try:
        admit(t, worse)
    except ApiError as error:
        expect("PodSecurity" in str(error) and "restricted" in str(error), f"refused for another reason: {error}")
        return
    raise Failed(f"a pod that violates `restricted` is taken: {worse['metadata']}")


def pods_are_restricted(t, workloads):
    for name, workload in workloads:
        pod = pod_of(workload)
        try:
            admit(t, pod)
        except ApiError as error:
            raise Failed(f"{name}: {error}") from error
        every = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]
        for one in every:
            expect(one["securityContext"].get("readOnlyRootFilesystem"), f"{name}: {one['name']} writes to its root")
    for _, workload in workloads[:1] + workloads[-1:]:
        pod = pod_of(workload)
        refused(t, pod, lambda spec: spec.update(hostNetwork=True))
        refused(t, pod, lambda spec: spec["containers"][0]["securityContext"].pop("capabilities"))
        refused(t, pod, lambda spec: spec["securityContext"].pop("seccompProfile"))
        refused(t, pod, lambda spec: spec["securityContext"].pop("runAsNonRoot"))


def one_writer(t, workloads):
    """More than one replica of binnacle only with leader election, which the program has to know."""
    knows = b"--leader-elect" in run_program([t.binary, "run", "--help"]).stdout
    for name, workload in workloads:
        if workload["metadata"]["name"] == "binnacle":
            spec = workload["spec"]
            elects = "--leader-elect" in spec["template"]["spec"]["containers"][0]["args"]
            expect(spec["replicas"] == 1 or (elects and knows), f"{name}: two write at once")
            expect(elects or spec["strategy"]["type"] == "Recreate", f"{name}: two write at once during an update")
            expect(knows or not elects, f"{name}: --leader-elect does not exist")


# ---- rights suffice and go no further


def allowed(t, account, verb, resource, ns, name):
    """What `kubectl auth can-i VERB RESOURCE/NAME --as=system:serviceaccount:...` asks."""
    own, _ = account.split("/")
    rest, _, group = resource.partition("@")
    resource, _, sub = rest.partition("/")
    wish = {"verb": verb, "group": group, "resource": resource, "subresource": sub, "namespace": ns, "name": name or ""}
    review = t.api.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": USER + account.replace("/", ":"), "resourceAttributes": wish,
                 "groups": ["system:serviceaccounts", f"system:serviceaccounts:{own}", "system:authenticated"]}})
    return review["status"]["allowed"]


def check_rights(t, account, rows, wanted):
    """Every verb of every row is allowed, or none is; how many were asked."""
    if wanted:  # a new Role counts a moment later
        verbs, resource, ns, names = rows[0]
        until(lambda: allowed(t, account, verbs[0], resource, ns, names[0]), 5, lambda: f"{account} has no {rows[0]}")
    asked = 0
    for verbs, resource, ns, names in rows:
        for verb in verbs:
            for name in names:
                expect(allowed(t, account, verb, resource, ns, name) == wanted,
                       f"{account} may {'not ' if wanted else ''}{verb} {resource} {name or '(all)'} in {ns or 'all'}")
                asked += 1
    return asked


def put(t, things, ns):
    """Apply for real what has no kubelet to wait for."""
    rest = [thing for thing in things if thing["kind"] not in (*WORKLOADS, "Namespace")]
    t.plane.kubectl("apply", "-n", ns, "-f", "-", stdin=yaml.safe_dump_all(rest).encode())


def rights(t):
    until(lambda: allowed(t, BINNACLE, "get", "secrets", "monitoring", OUTPUTS[0]), 5, "binnacle-output is not bound")
    asked = check_rights(t, SYNC, SYNC_MAY, True) + check_rights(t, SYNC, SYNC_MAY_NOT, False)
    asked += check_rights(t, BINNACLE, BINNACLE_MAY, True) + check_rights(t, BINNACLE, BINNACLE_MAY_NOT, False)
    put(t, [thing for thing in built(t, WITH_SYNC, PARTS) if thing["metadata"]["name"].endswith("-parts")],
        "monitoring")
    asked += check_rights(t, SYNC, PARTS_MAY, True) + check_rights(t, SYNC, PARTS_MAY_NOT, False)
    for kind in ("RoleBinding", "Role"):
        t.api.delete(kind, "monitoring", "prometheus-sync-parts")
    asked += added_rights(t, MESH, BEFORE_MESH, MESH_MAY, MESH_MAY_NOT)
    asked += added_rights(t, KIALI, KIALI_MAY, KIALI_MAY, KIALI_MAY_NOT)
    t.figure("rights asked", asked, "")


def added_rights(t, folder, before, may, may_not):
    """What an overlay beside another one adds, and nothing else; how many were asked."""
    things = built(t, folder)
    asked = check_rights(t, BINNACLE, before, False)
    for thing in things:
        t.api.apply_object(thing)
    asked += check_rights(t, BINNACLE, may, True) + check_rights(t, BINNACLE, may_not, False)
    for thing in reversed(things):
        t.api.delete(thing["kind"], thing["metadata"].get("namespace"), thing["metadata"]["name"])
    return asked


# ---- the image, and what it publishes as sync reads it


def inside(t):
    """A program that runs binnacle inside of the image's files; the plain one where that cannot be."""
    if b"__asan_init" in t.binary.read_bytes():
        t.note("sanitizers need /proc: not inside of the image")
        return t.binary, None
    root = t.dir / "root"
    done = run_program([t.plane.repo / "hack/image", "--root", root, "--binary", t.binary])
    expect(done.returncode == 0, f"hack/image: {done.stderr.decode()[-1000:]}")
    size = sum(path.lstat().st_size for path in root.rglob("*") if not path.is_dir())
    t.figure("image", size / 1e6, "MB", 40)
    enter = "chroot --userspec=65532:65532" if os.geteuid() == 0 else "unshare --user --map-root-user chroot"
    program = t.dir / "inside"
    program.write_text(f"#!/bin/sh\nexec {enter} '{root}' /usr/bin/binnacle \"$@\"\n")
    program.chmod(0o755)
    return program, root


def published_from_the_image(t):
    """The sample's Observatory, published by the program of the image with the rights of the overlay."""
    t.binary, root = inside(t)
    kubeconfig = t.plane.kubeconfig(BINNACLE, t.dir / "kubeconfig")
    if root is not None:
        text = kubeconfig.read_text()
        kubeconfig = Path("/tmp/kubeconfig")
        (root / "tmp/kubeconfig").write_text(text)
        (root / "tmp/kubeconfig").chmod(0o644)
    t.launch(kubeconfig, "--trusted-namespaces", "monitoring")
    t.published("monitoring", ["replica: '${POD_NAME}'"], key="prometheus.yml.gz")
    t.accepted("Observatory", "monitoring", "main")


def sync_reads(t):
    """The requests of sync, with a token of its account: no right is missing, none is too wide."""
    api = t.plane.api_of(t.plane.kubeconfig(SYNC, t.dir / "sync.kubeconfig"))
    for kind, name in (("Observatory", "main"), ("Secret", "main-prometheus")):
        found = api.list(kind, "monitoring", f"?fieldSelector=metadata.name%3D{name}")
        expect([thing["metadata"]["name"] for thing in found] == [name], f"{kind}: {len(found)} found")
        try:
            api.list(kind, "monitoring")
        except ApiError as error:
            expect(error.status == 403, f"{error}")
        else:
            raise Failed(f"sync lists every {kind}")
    content = content_of({**api.get("Secret", "monitoring", "main-prometheus"), "kind": "Secret"}, "prometheus.yml.gz")
    expect(b"replica: '${POD_NAME}'" in content, "sync reads something else")
    follow(api, "main-prometheus")
    path = path_of("Observatory", "monitoring", "main", "status") + "?fieldManager=e2e-sync"
    api.request("PATCH", path, {"apiVersion": "binnacle.dev/v1alpha1", "kind": "Observatory", "metadata": {
        "name": "main"}, "status": {"prometheus": {"instances": [{"name": "prometheus-0", "reason": "Loaded"}]}}},
        "application/apply-patch+yaml")


def follow(api, name):
    """A watch of one Secret by its name is opened and answers."""
    connection = api.connect()
    path = path_of("Secret", "monitoring") + f"?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3D{name}"
    answer = api.send(connection, "GET", path)
    expect(answer.status == 200 and name in answer.readline().decode(), f"watch of {name}: {answer.status}")
    connection.close()


def run(t):
    none_is_forgotten(t)
    things = built(t, WITH_SYNC)
    space = next(thing for thing in things if thing["kind"] == "Namespace")
    t.api.create("Namespace", None, "monitoring", metadata={"labels": space["metadata"]["labels"]})
    for name in ("shop", "blog"):
        t.api.create("Namespace", None, name)
    t.namespaces += ["monitoring", "shop", "blog"]
    t.api.apply("Namespace", None, "istio-system")  # it stays: cases with a mesh begin with it
    priority = [thing for thing in built(t, "overlays/high-availability") if thing["kind"] == "PriorityClass"]
    t.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(priority).encode())  # pods that name it need it
    workloads = taken(t)
    pods_are_restricted(t, workloads)
    one_writer(t, workloads)
    t.figure("pods restricted", len(workloads), "")
    put(t, things, "monitoring")
    rights(t)
    published_from_the_image(t)
    sync_reads(t)
    t.stop()
