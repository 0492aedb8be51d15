"""/metrics over TLS for those whom the API server lets read it; a new certificate without a restart"""

import hashlib
import http.client
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from lib.wait import expect, until


def make(folder, name):
    """A self-signed certificate for 127.0.0.1 in FOLDER, as a Secret's volume has it."""
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.new", "-out",
         folder / "crt.new"], capture_output=True, timeout=30)
    expect(made.returncode == 0, f"openssl: {made.stderr.decode()}")
    (folder / "key.new").rename(folder / "tls.key")
    (folder / "crt.new").rename(folder / "tls.crt")


class Reader:
    """GET over TLS, with the certificate in `ca` or whatever comes."""

    def __init__(self, port, ca=None):
        self.port = port
        self.tls = ssl.create_default_context(cafile=ca)
        if ca is None:
            self.tls.check_hostname = False
            self.tls.verify_mode = ssl.CERT_NONE

    def get(self, token=None, path="/metrics"):
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}",
                                         headers={"Authorization": f"Bearer {token}"} if token else {})
        try:
            with urllib.request.urlopen(request, timeout=10, context=self.tls) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def certificate(self):
        with socket.create_connection(("127.0.0.1", self.port), 5) as plain, \
                self.tls.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped:
            return hashlib.sha256(wrapped.getpeercert(True)).hexdigest(), wrapped.version(), wrapped.selected_alpn_protocol()


def token_of(t, ns, name):
    t.api.apply("ServiceAccount", ns, name)
    path = f"/api/v1/namespaces/{ns}/serviceaccounts/{name}/token"
    return t.api.request("POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})["status"]["token"]


def reviews(text):
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if line.startswith("rest_client_requests_total") and 'method="POST"' in line and 'code="201"' in line)


def check_who(t, reader, scraper, other):
    rows = (("no token", None, 401), ("no such token", "abc", 401), ("not allowed", other, 403), ("allowed", scraper, 200))
    for what, token, want in rows:
        status, text = reader.get(token)
        expect(status == want, f"{what}: {status} {text}")
    expect(reader.get(scraper, "/debug/state")[0] == 403, "the right to /metrics opens /debug/state")
    before = reviews(reader.get(scraper)[1])
    for _ in range(20):
        expect(reader.get(scraper)[0] == 200 and reader.get(other)[0] == 403, "another answer than before")
    t.figure("reviews for 40 more requests", int(reviews(reader.get(scraper)[1]) - before), "", 0)


def check_wire(t, reader):
    port = t.controller.metrics_port
    try:
        plain = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        plain.request("GET", "/metrics")
        expect(False, f"plain HTTP is answered: {plain.getresponse().status}")
    except (http.client.HTTPException, OSError):
        pass
    idle = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(40)]  # that never shake hands
    reader.tls.set_alpn_protocols(["h2", "http/1.1"])
    expect(reader.certificate()[1:] in (("TLSv1.3", "http/1.1"), ("TLSv1.2", "http/1.1")), f"{reader.certificate()}")
    for connection in idle:
        connection.close()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.minimum_version, old.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_1
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as plain, old.wrap_socket(plain):
            expect(False, "TLS 1.1 is taken")
    except OSError:
        pass


def check_rotation(t, folder, scraper):
    port = t.controller.metrics_port
    before = Reader(port).certificate()[0]
    make(folder, "second")
    begin = time.monotonic()
    until(lambda: Reader(port).certificate()[0] != before, 30, "the new certificate is not served")
    t.figure("new certificate served after", time.monotonic() - begin, "s", 25)
    expect(Reader(port, folder / "tls.crt").get(scraper)[0] == 200, "it cannot be verified")
    (folder / "tls.crt").write_text("nothing of use")
    second = Reader(port).certificate()[0]
    failures = "certwatcher_read_certificate_errors_total 1"
    until(lambda: failures in Reader(port).get(scraper)[1], 30, "the failure is not counted")
    expect(Reader(port).certificate()[0] == second, "the certificate from before is not served")
    expect("certificate not read" in t.controller.said(), "the log does not say so")


def run(t):
    ns = t.ns("scraper")
    for kind, name, body in (
            ("ClusterRole", "e97-auth", {"rules": [
                {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
                {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]}]}),
            ("ClusterRole", "e97-reader", {"rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]})):
        t.api.apply(kind, None, name, **body)
        t.undo.append(lambda kind=kind, name=name: t.api.delete(kind, None, name))
    scraper, other = token_of(t, ns, "scraper"), token_of(t, ns, "other")
    for role, account, space in (("e97-auth", "binnacle", "binnacle-system"), ("e97-reader", "scraper", ns)):
        t.api.apply("ClusterRoleBinding", None, role, roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                    subjects=[{"kind": "ServiceAccount", "name": account, "namespace": space}])
        t.undo.append(lambda role=role: t.api.delete("ClusterRoleBinding", None, role))
    t.start("--metrics-secure", "--metrics-auth")
    reader = Reader(t.controller.metrics_port)
    until(lambda: reader.get(scraper)[0] == 200, 10, lambda: f"{reader.get(scraper)}")
    check_who(t, reader, scraper, other)
    check_wire(t, reader)
    log = t.controller.said()
    expect(scraper not in log and other not in log, "a token is in the log")

    folder = t.dir / "certificate"
    folder.mkdir()
    make(folder, "first")
    t.start("--metrics-secure", "--metrics-auth", "--metrics-cert-dir", str(folder))
    until(lambda: Reader(t.controller.metrics_port, folder / "tls.crt").get(scraper)[0] == 200, 10, "not served")
    check_rotation(t, folder, scraper)
