"""A real istiod beside the control plane, real injection, and what istiod sends to the proxies of pods.

The programs are the optional part `istio` of hack/tools.  istiod runs as a process: what is in
istio-system is what its chart puts there, as far as sampling and metrics are concerned.
"""

import base64
import itertools
import json
import os
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import yaml

from .api import KINDS, ApiError, path_of
from .mesh import ADDRESSES, NODE
from .process import Process, run
from .wait import Failed, expect, until

PART = "istio"
ROOT = "istio-system"
INJECTED = {"istio-injection": "enabled"}  # labels of a namespace whose pods get a sidecar
SHARED = "mesh-shared"  # the ConfigMap that SHARED_MESH_CONFIG names
MESH = """\
trustDomain: cluster.local
rootNamespace: istio-system
enablePrometheusMerge: true
defaultProviders:
  metrics:
  - prometheus
defaultConfig:
  discoveryAddress: istiod.istio-system.svc:15012
"""
INJECTOR = "istio-sidecar-injector"
FENCE = "e2e-fence"
# Sidecars get a token of their account; the plugin that gives each pod one is off in hack/control-plane.
ACCOUNT = "spec:\n  serviceAccountName: {{ .Spec.ServiceAccountName | default `default` }}\n"
OWN_ENV = {  # of the process alone: certificates are the control plane's, and there is one replica
    "POD_NAME": "istiod-0", "POD_NAMESPACE": ROOT, "SERVICE_ACCOUNT": "istiod", "REVISION": "default",
    "CLUSTER_ID": "Kubernetes", "ENABLE_CA_SERVER": "false", "ENABLE_LEADER_ELECTION": "false",
    "INJECTION_WEBHOOK_CONFIG_NAME": "", "VALIDATION_WEBHOOK_CONFIG_NAME": ""}
# What close() empties the root namespace of, parents first.  The namespace itself stays: until it were
# gone no other case could begin.
LEFT = ("Deployment", "ReplicaSet", "Pod", "ConfigMap", "Service")
CRD = "CustomResourceDefinition"
FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # of a megabyte
READY_S = 20
MESH_READ_S = 0.5  # what istiod does not read by then it does not like

KINDS.update({
    "Telemetry": ("telemetry.istio.io/v1", "telemetries", True),
    "MutatingWebhookConfiguration": ("admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations", False)})


class Setting:
    """What the HTTP listeners of one direction do."""

    def __init__(self, row):
        tracing = row["tracing"]
        self.traced = tracing is not None
        self.sampling = tracing["sampling"] if self.traced else None  # percent
        self.provider = tracing["provider"] or None if self.traced else None  # envoy.tracers.zipkin, ...
        self.config = tracing["config"] if self.traced else None  # the tracer's own, as JSON
        self.refused = tracing.get("refused") if self.traced else None  # why Envoy would not take it
        self.tags = own_tags(tracing["tags"]) if self.traced else {}  # {name: {"literal": value}, ...}
        self.stats = row["stats"]  # {metric: {drop, upsert, remove}}; {}: no overrides; None: no istio_* metrics

    def goes_to(self, service):
        """True when spans go to the Service "NAME.NAMESPACE"."""
        return f"{service}.svc.cluster.local" in json.dumps(self.config)


def own_tags(tags):
    """Without those that istiod adds by itself; a literal as the text that it is."""
    return {name: {"literal": tag["literal"]["value"]} if "literal" in tag else tag
            for name, tag in sorted(tags.items()) if not name.startswith("istio.")}


class Effective:
    """What a proxy was told to do: a Setting for each direction, None where it has no HTTP listeners."""

    def __init__(self, line):
        self.at = line["at"]  # monotonic time of arrival
        self.version = line["version"]  # istiod's, of the push
        self.ports = line["ports"]  # of the outbound listeners
        self.rows = line["outbound"], line["inbound"]

    @property
    def outbound(self):
        return self.only(self.rows[0])

    @property
    def inbound(self):
        return self.only(self.rows[1])

    def only(self, rows):
        expect(len(rows) < 2, lambda: f"listeners of one direction differ: {rows}")
        return Setting(rows[0]) if rows else None

    def __repr__(self):
        return json.dumps(dict(zip(("outbound", "inbound"), self.rows)))


class Pod:
    """A pod with a proxy."""

    def __init__(self, thing):
        self.object = thing
        self.ns, self.name = thing["metadata"]["namespace"], thing["metadata"]["name"]
        self.address = thing["status"].get("podIP")
        self.id = f"{self.ns}/{self.name}"
        expect(self.proxy(), lambda: f"pod {self.id} was not injected")

    def proxy(self):
        """The proxy's container; None when there is none."""
        spec = self.object["spec"]
        return next((one for one in [*spec.get("initContainers", []), *spec["containers"]]
                     if one["name"] == "istio-proxy"), None)

    def proxy_config(self):
        """PROXY_CONFIG as the injector wrote it, decoded."""
        text = next((env.get("value") for env in self.proxy()["env"] if env["name"] == "PROXY_CONFIG"), None)
        return json.loads(text) if text else {}


class Probe:
    """hack/tools/istio/xds-probe: connections in the place of proxies, and all that came over them."""

    def __init__(self, program, address, log):
        self.lines = {}  # id: [line], of those that are connected
        self.log = log
        with open(log, "ab") as err:
            self.popen = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", str(program), "-istiod", address],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for text in self.popen.stdout:
            line = json.loads(text)
            line["at"] = time.monotonic()
            if (lines := self.lines.get(line["id"])) is not None:  # not of one that was ended meanwhile
                lines.append(line)

    def say(self, **request):
        expect(self.popen.poll() is None, lambda: f"xds-probe ended: {self.log.read_text()[-800:]}")
        self.popen.stdin.write(json.dumps(request).encode() + b"\n")
        self.popen.stdin.flush()

    def connect(self, id, thing):
        self.lines[id] = []
        self.say(id=id, pod=thing)

    def disconnect(self, id):
        self.say(id=id)
        self.lines.pop(id, None)

    def last(self, id):
        lines = self.lines.get(id)
        return Effective(lines[-1]) if lines else None

    def end(self):
        self.popen.stdin.close()  # its end
        self.popen.kill()
        self.popen.wait()


class Istio:
    """One istiod with all that belongs to it; close() takes everything away again."""

    def __init__(self, plane, folder):
        self.plane, self.api = plane, plane.api
        self.dir = folder / "istiod"
        self.dir.mkdir(parents=True)
        self.tools = Path(plane.tools_of(PART))
        istiod, api = modules(plane.repo / "hack/tools" / PART)
        self.chart = istiod / "manifests/charts/istio-control/istio-discovery"
        text = (api / "kubernetes/customresourcedefinitions.gen.yaml").read_text()
        self.crds = [thing for thing in yaml.load_all(text, FAST) if thing]
        self.ports = dict(zip(("http", "https", "grpc", "tls", "metrics"), low_ports(5)))
        self.env, self.process, self.probe = {}, None, None
        self.marks = itertools.count(20000)
        self.once = itertools.count()

    # ---- from start to end

    def start(self, env=None, mesh=MESH, shared=None):
        """istiod with these environment variables (texts) and mesh configurations.

        `shared` is not None: SHARED_MESH_CONFIG names the ConfigMap mesh-shared, with this text."""
        self.env = {**({"SHARED_MESH_CONFIG": SHARED} if shared is not None else {}), **(env or {})}
        self.api.apply("Namespace", None, ROOT)
        self.install_crds()
        self.write_mesh("istio", mesh)
        if shared is not None:
            self.write_mesh(SHARED, shared)
        self.api.apply("ConfigMap", ROOT, INJECTOR, data=injector(self.chart))
        self.deployment()
        self.launch()
        self.install_webhook()
        self.probe = Probe(self.tools / "xds-probe", f"127.0.0.1:{self.ports['grpc']}", self.dir / "probe.log")
        self.probe.connect(FENCE, fence_pod())
        return self

    def install_crds(self):
        for thing in self.crds:
            self.api.apply_object(thing)
        until(lambda: all(is_established(thing) for thing in self.crds_there()), 20, "Istio's CRDs are not served")

    def crds_there(self):
        names = {thing["metadata"]["name"] for thing in self.crds}
        return [thing for thing in self.api.list(CRD) if thing["metadata"]["name"] in names]

    def remove_crds(self):
        for thing in self.crds:
            self.api.delete(CRD, None, thing["metadata"]["name"])
        until(lambda: not self.crds_there(), 20, "Istio's CRDs do not go")

    def install_webhook(self):
        """Pods of namespaces with the label, and pods that ask for it themselves, as the chart has it."""
        ca = base64.b64encode((self.plane.dir / "pki/ca.crt").read_bytes()).decode()
        def hook(prefix, namespaces, pods):
            return {"name": f"{prefix}.{INJECTOR[6:]}.istio.io", "failurePolicy": "Fail", "sideEffects": "None",
                    "admissionReviewVersions": ["v1"], "namespaceSelector": {"matchExpressions": [namespaces]},
                    "objectSelector": {"matchExpressions": [pods]},
                    "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
                               "resources": ["pods"]}],
                    "clientConfig": {"url": f"https://127.0.0.1:{self.ports['https']}/inject", "caBundle": ca}}
        by_namespace = hook("namespace", needs("istio-injection", "In", "enabled"),
                            needs("sidecar.istio.io/inject", "NotIn", "false"))
        by_object = hook("object", needs("istio-injection", "DoesNotExist"),
                         needs("sidecar.istio.io/inject", "In", "true"))
        self.api.apply("MutatingWebhookConfiguration", None, INJECTOR, webhooks=[by_namespace, by_object])

    def launch(self):
        pki, port = self.plane.dir / "pki", {name: f"127.0.0.1:{number}" for name, number in self.ports.items()}
        env = {"PATH": os.environ["PATH"], "HOME": str(self.dir), **OWN_ENV, **self.env}
        self.process = Process([
            "env", "-C", self.dir, self.tools / "pilot-discovery", "discovery",
            f"--kubeconfig={self.plane.dir / 'kubeconfig'}", f"--httpAddr={port['http']}",
            f"--httpsAddr={port['https']}", f"--grpcAddr={port['grpc']}", f"--secureGRPCAddr={port['tls']}",
            f"--monitoringAddr={port['metrics']}", "--ctrlz_port=0", "--shutdownDuration=0s",
            f"--caCertFile={pki / 'ca.crt'}", f"--tlsCertFile={pki / 'apiserver.crt'}",
            f"--tlsKeyFile={pki / 'apiserver.key'}"], self.dir / "istiod.log", env)
        until(self.ready, READY_S, lambda: f"istiod is not ready: {self.process.said()[-1500:]}")

    def ready(self):
        expect(self.process.alive(), lambda: f"istiod ended: {self.process.said()[-1500:]}")
        try:
            return self.fetch("/ready") is not None
        except OSError:
            return False

    def fetch(self, path):
        """An endpoint of istiod, /debug/... for one."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['http']}{path}", timeout=10) as answer:
            return answer.read().decode()

    def stop(self):
        """istiod ends; the objects stay, and proxies keep trying."""
        self.process.end()

    def restart(self, env=None):
        """istiod anew, with this environment; None: with that of its Deployment, which somebody may have changed."""
        self.stop()
        self.env = self.deployment_env() if env is None else env
        if env is not None:
            self.deployment()
        self.launch()

    def close(self):
        for part in (self.probe, self.process):
            if part is not None:
                part.end()
        self.api.delete("MutatingWebhookConfiguration", None, INJECTOR)
        self.remove_crds()
        for kind in LEFT:
            # At once: there is no kubelet that would end pods.
            self.api.request("DELETE", path_of(kind, ROOT),
                             {"gracePeriodSeconds": 0, "propagationPolicy": "Background"})

    # ---- what a cluster with Istio holds

    def deployment(self):
        """The Deployment istiod with the environment of the process; its pod stays Pending: no node takes it."""
        env = [{"name": name, "value": value} for name, value in self.env.items()]
        labels = {"app": "istiod", "istio": "pilot"}
        spec = {"replicas": 1, "selector": {"matchLabels": {"istio": "pilot"}}, "template": {
            "metadata": {"labels": {**labels, "sidecar.istio.io/inject": "false"}},
            "spec": {"containers": [{"name": "discovery", "image": "istiod", "args": ["discovery"], "env": env}]}}}
        self.api.apply("Deployment", ROOT, "istiod", metadata={"labels": labels}, spec=spec)

    def deployment_env(self):
        found = self.api.get("Deployment", ROOT, "istiod")
        discovery, = [one for one in found["spec"]["template"]["spec"]["containers"] if one["name"] == "discovery"]
        return {row["name"]: row["value"] for row in discovery.get("env", []) if "value" in row}

    def write_mesh(self, name, text):
        self.api.apply("ConfigMap", ROOT, name, data={"mesh": text, "meshNetworks": "networks: {}"})

    def mesh_config(self, text=MESH):
        """The ConfigMap istio, read by istiod before this returns, if istiod takes it."""
        self.read_by_istiod(lambda: self.write_mesh("istio", text))

    def shared_config(self, text):
        """The ConfigMap that SHARED_MESH_CONFIG names; None: it goes."""
        name = self.env.get("SHARED_MESH_CONFIG", SHARED)
        if text is None:
            self.read_by_istiod(lambda: self.api.delete("ConfigMap", ROOT, name))
        else:
            self.read_by_istiod(lambda: self.write_mesh(name, text))

    def mesh(self):
        """The mesh configuration that istiod has made of both, as it is in force."""
        return json.loads(self.fetch("/debug/mesh"))

    def read_by_istiod(self, write):
        before, deadline = self.mesh(), time.monotonic() + MESH_READ_S
        write()
        while self.mesh() == before and time.monotonic() < deadline:
            time.sleep(0.01)

    def service(self, ns, name, port=80, selector=None):
        """A Service that speaks HTTP: what a provider names, or what proxies have outbound listeners for."""
        self.api.apply("Service", ns, name, spec={"selector": selector or {"app": name},
                                                  "ports": [{"name": "http", "port": port}]})

    def telemetry(self, ns, name, **spec):
        return self.api.apply("Telemetry", ns, name, spec=spec)

    def clear(self, *namespaces):
        """No Telemetry in these namespaces and in the root namespace."""
        for ns in {*namespaces, ROOT}:
            self.api.request("DELETE", path_of("Telemetry", ns))

    # ---- pods

    def pod(self, ns, name, labels=None, annotations=None, ip=None, gateway=False):
        """A pod that the webhook injects, Running at an address on loopback."""
        labels, annotations = {"app": name, **(labels or {})}, dict(annotations or {})
        containers = [{"name": "app", "image": "app", "ports": [{"name": "http", "containerPort": 8080}]}]
        if gateway:
            labels["sidecar.istio.io/inject"] = "true"
            annotations["inject.istio.io/templates"] = "gateway,account"
            containers = [{"name": "istio-proxy", "image": "auto"}]
        self.api.create("Pod", ns, name, metadata={"labels": labels, "annotations": annotations},
                        spec={"containers": containers})
        return self.run_pod(ns, name, ip)

    def run_pod(self, ns, name, ip=None):
        """Play scheduler and kubelet for a pod that there is, unless a Mesh of the case does."""
        address = ip or next(ADDRESSES)
        try:
            self.api.request("POST", path_of("Pod", ns, name, "binding"), {
                "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
                "target": {"kind": "Node", "name": NODE}})
        except ApiError as error:
            if error.status != 409:
                raise
            until(lambda: self.api.get("Pod", ns, name)["status"].get("podIP"), 10, f"pod {ns}/{name} does not run")
            return self.of(ns, name)
        self.api.merge("Pod", ns, name, {"status": {
            "phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "hostIP": "127.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}]}}, "status")
        return self.of(ns, name)

    def of(self, ns, name):
        """The Pod of an object that there is: one that a Deployment made, for one."""
        return Pod(self.api.get("Pod", ns, name))

    # ---- what proxies get

    def fence(self, seconds=10):
        """Wait until what is pushed is made of all that was written before.

        Of a mesh configuration that somebody else wrote (not mesh_config(), shared_config()) wait for mesh() first."""
        want = {key_of(thing) for thing in self.api.list("Telemetry")}
        until(lambda: self.stored() == want, seconds, lambda: f"istiod has {self.stored()}, the cluster {want}")
        # A change that every sidecar sees, made after istiod knew of the others.
        port = next(self.marks)
        self.api.apply("Service", ROOT, FENCE, spec={"ports": [{"name": "tcp", "port": port}]})
        def seen():
            last = self.probe.last(FENCE)
            return last and port in last.ports
        until(seen, seconds, lambda: f"istiod pushed no port {port}: {self.process.said()[-800:]}", every=0.005)

    def stored(self):
        """Telemetry objects in istiod's store, with their versions."""
        return {key_of(thing) for thing in json.loads(self.fetch("/debug/configz")) if thing["kind"] == "Telemetry"}

    def effective(self, pod, fence=True, seconds=10):
        """What a proxy of the pod that connects now gets; without `fence`, of whatever istiod knows yet."""
        if fence:
            self.fence(seconds)
        id = f"{pod.id}@{next(self.once)}"
        self.probe.connect(id, pod.object)
        found = until(lambda: self.probe.last(id), seconds, f"istiod sends nothing to {pod.id}", every=0.002)
        self.probe.disconnect(id)
        return found

    def follow(self, pod):
        """Keep the pod's proxy connected from now on; wait_effective() does so when nobody did."""
        if pod.id not in self.probe.lines:
            self.probe.connect(pod.id, pod.object)

    def unfollow(self, pod):
        self.probe.disconnect(pod.id)

    def wait_effective(self, pod, predicate, seconds=5):
        """The state of the followed proxy as soon as `predicate` holds for it; its `at` is when it came."""
        self.follow(pod)
        def look():
            last = self.probe.last(pod.id)
            return last if last and predicate(last) else None
        return until(look, seconds, lambda: f"{pod.id} has {self.probe.last(pod.id)}", every=0.002)


def istio(t, **options):
    """istiod for a case, closed at its end; None, with a note, when the part is not built."""
    if t.plane.tools_of(PART) is None:
        t.note(f"istiod is not built: not run (hack/tools/build {PART})")
        return None
    made = Istio(t.plane, t.dir)
    t.undo.append(made.close)
    return made.start(**options)


def modules(folder):
    """Where the sources of istiod and of Istio's API are: the chart and the CRDs come from there."""
    done = run(["go", "-C", folder, "mod", "download", "-json", "istio.io/istio", "istio.io/api"], 120,
               env={**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=readonly"})
    expect(done.returncode == 0, lambda: f"go mod download: {done.stderr.decode()[-800:]}")
    text, found = done.stdout.decode(), {}
    while text.strip():
        row, end = json.JSONDecoder().raw_decode(text.lstrip())
        found[row["Path"]] = Path(row["Dir"])
        text = text.lstrip()[end:]
    return found["istio.io/istio"], found["istio.io/api"]


def injector(chart):
    """The ConfigMap of the injector: the chart's templates with the chart's values."""
    values = yaml.safe_load((chart / "values.yaml").read_text())["_internal_defaults_do_not_set"]
    used = {key: values[key] for key in ("global", "sidecarInjectorWebhook", "revision", "gateways") if key in values}
    files = {"sidecar": "injection-template.yaml", "gateway": "gateway-injection-template.yaml"}
    config = {"defaultTemplates": ["sidecar", "account"], "policy": "enabled", "alwaysInjectSelector": [],
              "neverInjectSelector": [], "injectedAnnotations": {},
              "templates": {"account": ACCOUNT, **{name: (chart / "files" / file).read_text()
                                                   for name, file in files.items()}}}
    return {"config": json.dumps(config),
            "values": json.dumps({**used, "pilot": {key: values[key] for key in ("cni", "env")}})}


def fence_pod():
    """A proxy of no pod: it sees what every sidecar sees."""
    return {"metadata": {"name": FENCE, "namespace": ROOT}, "status": {"podIP": "127.0.0.1"},
            "spec": {"containers": [{"name": "istio-proxy", "args": ["proxy", "sidecar"]}]}}


def key_of(thing):
    meta = thing["metadata"]
    return meta["namespace"], meta["name"], meta["resourceVersion"]


def is_established(crd):
    return any(row["type"] == "Established" and row["status"] == "True"
               for row in crd.get("status", {}).get("conditions") or [])  # null at first


def needs(key, operator, *values):
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


def low_ports(count):
    """Free ports below those of outgoing connections: they must stay free while istiod is restarted."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found = []
    for port in range(10000 + os.getpid() * 7 % max(low - 10100, 1), low):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise Failed("no free ports")
