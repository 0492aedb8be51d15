"""The control plane of a run: started once, with the CRDs and RBAC that are shipped."""

import os

import yaml

from .api import Api
from .process import run
from .wait import Failed


class Plane:
    """hack/control-plane in a folder, and kubectl as its admin."""

    def __init__(self, repo, folder, flags=()):
        self.repo = repo
        self.dir = folder
        self.flags = [f"--apiserver-flag={flag}" for flag in flags]
        self.tools = run([repo / "hack/tools/path"], check=True).stdout.decode().strip()
        self.api = None

    def do(self, *words, timeout=120):
        done = run([self.repo / "hack/control-plane", *words, "--dir", self.dir], timeout)
        if done.returncode != 0:
            raise Failed(f"hack/control-plane {' '.join(words)}: {done.stderr.decode()[-2000:]}")
        return done.stdout.decode()

    def up(self):
        self.do("down")  # what a killed run may have left
        self.do("up", *self.flags)
        self.api = self.api_of(self.dir / "kubeconfig")
        return self

    def down(self, keep):
        self.do("down", *(["--keep"] if keep else []))

    def stop(self, part):
        self.do("stop", part)

    def start(self, part):
        self.do("start", part)

    def kubeconfig(self, account, path):
        """A kubeconfig with a real token of the ServiceAccount "NAMESPACE/NAME"."""
        path.write_text(self.do("kubeconfig", "--serviceaccount", account))
        return path

    def api_of(self, kubeconfig):
        config = yaml.safe_load(kubeconfig.read_text())
        port = int(config["clusters"][0]["cluster"]["server"].rsplit(":", 1)[1])
        return Api(port, config["users"][0]["user"]["token"], self.dir / "pki/ca.crt")

    def tools_of(self, part):
        """Where the programs of an optional part are; None when it is not built."""
        done = run([self.repo / "hack/tools/path", part])
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def kubectl(self, *words, stdin=None, timeout=60):
        """kubectl as admin; its standard output as text."""
        env = {**os.environ, "PATH": f"{self.tools}:{os.environ['PATH']}", "KUBERC": "off",
               "KUBECONFIG": str(self.dir / "kubeconfig"), "KUBECACHEDIR": str(self.dir / "cache")}
        done = run(["kubectl", *words], timeout, input=stdin, env=env)
        if done.returncode != 0:
            raise Failed(f"kubectl {' '.join(map(str, words))}: {done.stderr.decode()[-2000:]}")
        return done.stdout.decode()

    def at(self):
        """Use the control plane that is up in the folder."""
        self.api = self.api_of(self.dir / "kubeconfig")
        return self

    def install(self, restart=True):
        """CRDs and the roles of the cluster overlay, as `make deploy` applies them."""
        self.kubectl("apply", "--server-side", "-f", self.repo / "crds")
        self.kubectl("wait", "--for=condition=Established", "--timeout=20s", "-f", self.repo / "crds")
        # The garbage collector looks for new kinds only each 30 s, and at its start.
        if restart:
            self.stop("controllers")
            self.start("controllers")
        for thing in self.manifests("overlays/cluster"):
            if thing["kind"] != "Deployment":  # no kubelet: its pod would never run
                self.api.apply_object(thing)

    def manifests(self, folder):
        """What `kubectl apply -k manifests/FOLDER` would apply."""
        text = self.kubectl("kustomize", self.repo / "manifests" / folder)
        return [thing for thing in yaml.safe_load_all(text) if thing]

    def permit_mesh(self):
        """`kubectl apply -k manifests/overlays/mesh`: rights in the mesh's own namespace, which is there."""
        for thing in self.manifests("overlays/mesh"):
            self.api.apply_object(thing)

    def permit(self, ns, folder):
        """`kubectl apply -n NS -k manifests/namespaces/FOLDER`."""
        for thing in self.manifests(f"namespaces/{folder}"):
            thing["metadata"]["namespace"] = ns
            self.api.apply_object(thing)
