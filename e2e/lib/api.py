"""A client of the API server, as small as the cases need it."""

import http.client
import json
import socket
import ssl
import threading
import time
import urllib.parse

from .wait import Failed

KINDS = {  # kind: (apiVersion, plural, namespaced)
    "Namespace": ("v1", "namespaces", False),
    "Node": ("v1", "nodes", False),
    "Pod": ("v1", "pods", True),
    "Service": ("v1", "services", True),
    "Secret": ("v1", "secrets", True),
    "ConfigMap": ("v1", "configmaps", True),
    "ServiceAccount": ("v1", "serviceaccounts", True),
    "Deployment": ("apps/v1", "deployments", True),
    "ReplicaSet": ("apps/v1", "replicasets", True),
    "StatefulSet": ("apps/v1", "statefulsets", True),
    "DaemonSet": ("apps/v1", "daemonsets", True),
    "CronJob": ("batch/v1", "cronjobs", True),
    "Job": ("batch/v1", "jobs", True),
    "Event": ("events.k8s.io/v1", "events", True),
    "Role": ("rbac.authorization.k8s.io/v1", "roles", True),
    "RoleBinding": ("rbac.authorization.k8s.io/v1", "rolebindings", True),
    "ClusterRole": ("rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
    "CustomResourceDefinition": ("apiextensions.k8s.io/v1", "customresourcedefinitions", False),
    "Observatory": ("binnacle.dev/v1alpha1", "observatories", True),
    "ScrapePolicy": ("binnacle.dev/v1alpha1", "scrapepolicies", True),
    "SamplingPolicy": ("binnacle.dev/v1alpha1", "samplingpolicies", True),
    "MetricRule": ("binnacle.dev/v1alpha1", "metricrules", True),
    "Datasource": ("binnacle.dev/v1alpha1", "datasources", True),
    "Dashboard": ("binnacle.dev/v1alpha1", "dashboards", True),
}
LOST = (http.client.HTTPException, OSError)
TIMEOUT_S = 20


class ApiError(Failed):
    """An answer of the API server that is not 2xx."""

    def __init__(self, method, path, status, text):
        self.status = status
        super().__init__(f"{method} {path}: {status}: {text[:600]}")


def path_of(kind, ns=None, name=None, sub=None):
    api_version, plural, namespaced = KINDS[kind]
    parts = ["/apis" if "/" in api_version else "/api", api_version]
    if namespaced and ns is not None:
        parts += ["namespaces", ns]
    return "/".join(parts + [plural] + [part for part in (name, sub) if part])


def whole(kind, ns, name, body):
    """`body` with apiVersion, kind and metadata filled in."""
    meta = {"name": name, **({"namespace": ns} if KINDS[kind][2] else {}), **body.get("metadata", {})}
    return {**body, "apiVersion": KINDS[kind][0], "kind": kind, "metadata": meta}


class Api:
    """One user's view of the API server; usable from many threads."""

    def __init__(self, port, token, ca_file):
        self.port = port
        self.token = token
        self.tls = ssl.create_default_context(cafile=str(ca_file))
        self.local = threading.local()

    def connect(self, timeout=TIMEOUT_S):
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.tls)

    def send(self, connection, method, path, body=None, content="application/json"):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        return connection.getresponse()

    def request(self, method, path, body=None, content="application/json"):
        """The decoded answer; a connection that was closed meanwhile is opened once more."""
        for last in (False, True):
            connection = getattr(self.local, "connection", None) or self.connect()
            self.local.connection = connection
            try:
                answer = self.send(connection, method, path, body, content)
                text = answer.read()
                break
            except LOST:
                connection.close()
                self.local.connection = None
                if last:
                    raise
        if answer.status >= 300:
            raise ApiError(method, path, answer.status, text.decode(errors="replace"))
        return json.loads(text) if text[:1] in (b"{", b"[") else text.decode()

    def get(self, kind, ns, name):
        """The object, None when there is none."""
        try:
            return self.request("GET", path_of(kind, ns, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind, ns=None, query=""):
        return self.request("GET", path_of(kind, ns) + query)["items"]

    def create(self, kind, ns, name, **body):
        return self.request("POST", path_of(kind, ns), whole(kind, ns, name, body))

    def apply(self, kind, ns, name, **body):
        """Server-side apply, as field manager `e2e`."""
        path = path_of(kind, ns, name) + "?fieldManager=e2e&force=true"
        return self.request("PATCH", path, whole(kind, ns, name, body), "application/apply-patch+yaml")

    def apply_object(self, thing):
        meta = thing["metadata"]
        body = {key: value for key, value in thing.items() if key not in ("apiVersion", "kind")}
        return self.apply(thing["kind"], meta.get("namespace"), meta["name"], **body)

    def merge(self, kind, ns, name, patch, sub=None):
        return self.request("PATCH", path_of(kind, ns, name, sub), patch, "application/merge-patch+json")

    def annotate(self, kind, ns, name, annotations):
        return self.merge(kind, ns, name, {"metadata": {"annotations": annotations}})

    def delete(self, kind, ns, name):
        try:
            self.request("DELETE", path_of(kind, ns, name))
        except ApiError as error:
            if error.status != 404:
                raise

    def watch(self, kind, ns, name=None):
        return Watch(self, kind, ns, name)


class Watch:
    """Events of a kind in a namespace, with the monotonic time of their arrival."""

    def __init__(self, api, kind, ns, name):
        listing = api.request("GET", path_of(kind, ns))
        query = {"watch": "1", "resourceVersion": listing["metadata"]["resourceVersion"]}
        if name is not None:
            query["fieldSelector"] = f"metadata.name={name}"
        self.events = []  # (time, type, object)
        self.connection = api.connect(timeout=600)
        path = path_of(kind, ns) + "?" + urllib.parse.urlencode(query)
        self.answer = api.send(self.connection, "GET", path)
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        try:
            for line in iter(self.answer.readline, b""):
                event = json.loads(line)
                self.events.append((time.monotonic(), event["type"], event["object"]))
        except (*LOST, ValueError, AttributeError):
            pass  # closed, here or there

    def mark(self):
        """Where the events that come from now on begin."""
        return len(self.events)

    def next(self, mark, matches, timeout, what):
        """The first (time, object) after `mark` whose object `matches`."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for at, _, thing in self.events[mark:]:
                if matches(thing):
                    return at, thing
            time.sleep(0.001)
        raise Failed(f"{what} (waited {timeout:g} s)")

    def close(self):
        # Not close(): it would wait for the lock that the reading thread holds.
        self.connection.sock.shutdown(socket.SHUT_RDWR)
