"""What a row of the fault matrix is given: a small world with known keys, a place for the fault, and the judge."""

import json
import os
import re
import subprocess
import time

import yaml

from .api import KINDS
from .case import ACCOUNT, Case, content_of, jobs_of
from .faults_proxy import Proxy, event, status_body
from .faults_wire import Wire
from .process import run
from .wait import Failed, expect, until

SPARE_FDS = 8  # connections that the pools may keep idle, or not
MEMORY_SHARE, MEMORY_LEAST = 0.05, 256 * 1024  # of a process as small as this one, a page here and there counts
OURS = r"/api(s/(apps|batch|binnacle\.dev))?/v"  # kinds that are installed: others are looked for now and then
END_S = 20
POLICIES = 6
LISTED = ("Observatory", "ScrapePolicy", "Deployment", "Secret")
CRIES = r"ERROR: (Leak|Address|UndefinedBehavior)Sanitizer|runtime error:"


class NotRun(Exception):
    """The row cannot run here; the text says why."""


def labels(thing):
    return thing["metadata"].get("labels", {})


def token_of(kubeconfig):
    return yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["token"]


def with_user(row, user):
    """A kubeconfig of the control plane with other credentials."""
    return changed(row, "users", "user", user)


def with_cluster(row, fields):
    """A kubeconfig whose cluster has other fields than the CA as text."""
    return changed(row, "clusters", "cluster", fields, drop="certificate-authority-data")


def changed(row, part, field, value, drop=None):
    file = row.plane.kubeconfig(ACCOUNT, row.dir / "kubeconfig")
    config = yaml.safe_load(file.read_text())
    kept = {} if drop is None else {key: one for key, one in config[part][0][field].items() if key != drop}
    config[part][0][field] = {**kept, **value}
    file.write_text(yaml.safe_dump(config))
    return file


def certificate(row, ca):
    """A CA of its own, written to `ca`; certificate and key of a server that it vouches for."""
    key, own, crt = (row.dir / name for name in ("ca2.key", "server2.key", "server2.crt"))
    ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    for words in (["-keyout", key, "-out", ca, "-subj", "/CN=another-ca", "-addext", "keyUsage=critical,keyCertSign"],
                  ["-keyout", own, "-out", crt, "-subj", "/CN=server", "-CA", ca, "-CAkey", key,
                   "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=IP:127.0.0.1"]):
        done = run(["openssl", "req", "-x509", *ec, *words])
        expect(done.returncode == 0, lambda: f"openssl: {done.stderr.decode()[-600:]}")
    return crt, own


class Row(Case):
    """A case with one workload and some policies, each of which is one key: a job whose path we know."""

    def __init__(self, module, name, plane, binary, folder):
        super().__init__(name, plane, binary, folder)
        self.number = self.number.lower()
        self.checks_memory = getattr(module, "MEMORY", True) and b"__asan_init" not in binary.read_bytes()
        self.proxy = None
        self.wire = None
        self.before = None
        self.keys = {}  # name of the policy, or "shop": the path of its job
        self.monitoring = self.app = None

    # ---- the world

    def world(self, policies=POLICIES, secret=True):
        self.monitoring, self.app = self.ns("monitoring", "output"), self.ns("app", "references")
        self.api.create("Secret", self.app, "login", stringData={"token": "t"})
        self.put_shop("/shop-0")
        for i in range(policies):
            self.put(f"p{i}", f"/p{i}-0", secret=secret and i == 0)
        self.observatory(self.monitoring)

    def put_shop(self, path):
        self.keys["shop"] = path
        self.deployment(self.app, "shop", {"http": 8080},
                        annotations={"prometheus.io/scrape": "true", "prometheus.io/path": path})

    def put(self, name, path, secret=False):
        self.keys[name] = path
        more = {"authorization": {"credentials": {"name": "login", "key": "token"}}} if secret else {}
        self.policy(self.app, name, selector={}, endpoints=[{"port": "http", "path": path, **more}])

    def drop(self, name):
        self.keys.pop(name)
        self.api.delete("ScrapePolicy", self.app, name)

    def change_all(self, tag):
        """Every key gets another path; one goes and one comes."""
        self.put_shop(f"/shop-{tag}")
        for name in [name for name in self.keys if name != "shop"]:
            self.put(name, f"/{name}-{tag}", secret=name == "p0")
        extra = [name for name in self.keys if name.startswith("extra-")]
        self.put(f"extra-{tag}", f"/extra-{tag}")
        for name in extra:
            self.drop(name)

    def begin(self, *flags, via="proxy", kubeconfig=None, warm=True, env=None, **world):
        """World, program, everything published, and what it needs when nothing is wrong."""
        if self.monitoring is None:
            self.world(**world)
        config = kubeconfig or self.plane.kubeconfig(ACCOUNT, self.dir / "kubeconfig")
        if via == "proxy":
            self.proxy = Proxy(self.plane)
        elif via == "wire":
            self.wire = Wire(self.api.port)
        gate = self.proxy or self.wire
        if gate is not None:
            self.undo.append(gate.close)
            config.write_text(config.read_text().replace(f":{self.api.port}", f":{gate.port}"))
        self.launch(config, "--trusted-namespaces", self.monitoring, *flags, env=env)
        self.right()
        if warm:
            self.warm()
        self.measure()

    def warm(self):
        """What is only taken once is taken before anything is measured."""
        for tag in ("warm-1", "warm-2"):
            self.change_all(tag)
            self.right()

    def settle_in(self, most=10):
        """Connections again and again until memory has found its level: what opens them anew scatters the heap."""
        last = 0
        for i in range(most):
            time.sleep(1.2)
            (self.proxy or self.wire).reset()
            self.put("p1", f"/p1-settle-{i}")
            self.right()
            now = self.steady()
            if now <= last * 1.005:
                break
            last = max(last, now)
        self.measure()

    def measure(self):
        self.before = {"memory": self.steady(), "fds": self.fds(), "sockets": self.sockets(),
                       "heap": self.heap(), "metrics": self.metrics()}

    def rounds(self, count, fault):
        """The fault `count` times: the first is a rehearsal, from the second on it is measured."""
        fault(0)
        self.right()
        self.measure()
        for i in range(1, count):
            fault(i)

    # ---- faults that the proxy makes

    def watch(self, resource="scrapepolicies"):
        """The one that is open now; after the pause it is no longer a short one."""
        one = until(lambda: next(iter(self.proxy.watches(resource)), None), 30, f"no watch of {resource}")
        time.sleep(max(0.0, 1.1 - (time.monotonic() - one.at)))
        return one

    def expire(self, resource="scrapepolicies"):
        """Its watch says 410, so that there has to be a new list."""
        watch = self.watch(resource)
        watch.send(event("ERROR", status_body(410, "Expired", "too old resource version: 1 (2)")))
        watch.end()

    def settled_watch(self, resource="scrapepolicies"):
        until(lambda: self.proxy.watches(resource), 40, f"no watch of {resource} again")

    def others_go_on(self, tag, timeout=5):
        """A change of another kind is published while this one has its trouble."""
        begin = time.monotonic()
        self.put_shop(f"/shop-{tag}")
        self.published(self.monitoring, [f"/shop-{tag}"], timeout=timeout)
        return time.monotonic() - begin

    # ---- faults of real parts

    def apiserver(self, *flags):
        """The real API server with more flags; after the row without them."""
        file = self.plane.dir / "apiserver-flags"
        usual = file.read_text()
        self.undo.append(lambda: (file.write_text(usual), self.restart("apiserver")))
        file.write_text(usual + "".join(f"{flag}\n" for flag in flags))
        self.restart("apiserver")

    def restart(self, part):
        self.plane.stop(part)
        self.plane.start(part)
        self.answers()

    def answers(self, timeout=30):
        def look():
            try:
                return self.api.list("ScrapePolicy", self.app)
            except Exception:  # whatever a server says that is just coming up
                return None
        until(lambda: look() is not None, timeout, "the API server does not answer")

    # ---- what is seen

    def metrics(self):
        """{'name{labels}': value}."""
        text = self.controller.fetch("/metrics", self.controller.metrics_port)[1]
        return {key: float(value) for key, value in re.findall(r"^([a-z]\S*?(?:\{.*\})?) (\S+)$", text, re.M)}

    def gain(self, name, **labels):
        """How much a metric has grown since measure(), over all samples that carry the labels."""
        def total(metrics):
            wanted = [f'{label}="{value}"' for label, value in labels.items()]
            return sum(value for key, value in metrics.items()
                       if key.partition("{")[0] == name and all(text in key for text in wanted))
        now = self.metrics()
        expect(any(key.partition("{")[0] == name for key in now), f"no metric {name}")
        return total(now) - total(self.before["metrics"])

    def moved(self, name, least=1, most=None, **labels):
        """The metric has told of the fault; `most` says that it did not exaggerate."""
        def look():
            return self.gain(name, **labels) >= least
        until(look, 5, lambda: f"{name}{labels or ''} grew by {self.gain(name, **labels):g}, wanted {least:g}")
        grown = self.gain(name, **labels)
        expect(most is None or grown <= most, f"{name}{labels or ''} grew by {grown:g}, wanted at most {most}")
        return grown

    def still(self, name, **labels):
        grown = self.gain(name, **labels)
        expect(grown == 0, f"{name}{labels or ''} grew by {grown:g}")

    def no_lists(self, apart=("absent",)):
        """No kind was listed again, as the metric tells it; but those that are not installed are looked for."""
        grown = self.gain("binnacle_lists_total") - sum(self.gain("binnacle_lists_total", reason=one) for one in apart)
        expect(grown == 0, f"binnacle_lists_total grew by {grown:g}")

    def lists(self, since, resource=r"\w+"):
        """Questions for whole lists that the proxy saw, pages and streams; not those for one object."""
        rows = self.proxy.lines(rf"^GET {OURS}.*/{resource}(\?|$)", since)
        return [row for row in rows if ("watch=1" not in row[1] or "sendInitialEvents" in row[1])
                and "continue=" not in row[1] and "fieldSelector" not in row[1]]

    def fds(self):
        return len(os.listdir(f"/proc/{self.controller.process.pid}/fd"))

    def sockets(self):
        """Connections that are open to the API server, or to what stands before it."""
        said = subprocess.run(["cat", "/proc/net/tcp"], capture_output=True, text=True, timeout=10, check=True).stdout
        folder = f"/proc/{self.controller.process.pid}/fd"
        own = set()
        for name in os.listdir(folder):
            try:
                found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"{folder}/{name}"))
            except OSError:
                continue
            if found:
                own.add(found.group(1))
        gate = self.proxy or self.wire
        port = gate.port if gate is not None else self.api.port
        rows = [line.split() for line in said.splitlines()[1:]]
        return sum(1 for row in rows if row[9] in own and row[3] == "01" and int(row[2].split(":")[1], 16) == port)

    def cpu(self):
        """Seconds of CPU that it has used so far."""
        fields = open(f"/proc/{self.controller.process.pid}/stat").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def children(self):
        return open(f"/proc/{self.controller.process.pid}/task/{self.controller.process.pid}/children").read().split()

    def anonymous(self):
        return self.controller.memory()["anonymous"]

    def steady(self, timeout=6):
        """Anonymous memory when it has stopped moving."""
        deadline = time.monotonic() + timeout
        last = [self.anonymous()]
        while time.monotonic() < deadline and not (len(last) >= 4 and max(last[-4:]) - min(last[-4:]) < 8192):
            time.sleep(0.25)
            last.append(self.anonymous())
        return last[-1]

    def paths(self):
        text = (self.content(self.monitoring) or b"").decode()
        return sorted(re.findall(r"^ *metrics_path: '?([^'\n]+)'?$", text, re.M)), len(jobs_of(text))

    @staticmethod
    def jobs_in(secret):
        """How many jobs a version of the output has."""
        return len(jobs_of((content_of(secret) or b"").decode()))

    def right(self, timeout=40):
        """Every key is published with its last value, and nothing else is."""
        def look():
            return self.paths() == (sorted(self.keys.values()), len(self.keys))
        until(look, timeout, lambda: f"published {self.paths()}, wanted {sorted(self.keys.values())};"
              f" {self.controller.readyz()[:600]}", 0.05)

    def stays(self, seconds):
        """What is published does not change for so long; returns the number of looks."""
        want = self.paths()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            now = self.paths()
            expect(now == want, lambda: f"published changed from {want} to {now}")
            time.sleep(0.2)

    def rendered_same(self):
        """What is published is what the objects of now give offline, byte for byte."""
        things = [{**thing, "apiVersion": KINDS[kind][0], "kind": kind} for kind in LISTED for ns in self.namespaces
                  for thing in self.api.list(kind, ns) if "binnacle.dev/observatory" not in labels(thing)]
        things += [{**thing, "apiVersion": "v1", "kind": "Namespace"}
                   for thing in self.api.list("Namespace", None, f"?labelSelector=e2e%3D{self.number}")]
        status, out, said = self.offline("render", "-f", "-", "--trusted-namespaces", self.monitoring,
                                         stdin="---\n".join(json.dumps(thing) + "\n" for thing in things).encode())
        expect(status in (0, 1) and out, f"render ended with {status}: {said[:600]}")
        wanted = next(thing for thing in yaml.safe_load_all(out) if thing["metadata"]["name"] == "main-prometheus")
        until(lambda: self.content(self.monitoring) == content_of(wanted), 5, "published is not what render gives")

    # ---- the judge

    def healed(self, timeout=60, kept=0):
        """After the fault: keys, health, memory, descriptors and connections are as they should be."""
        begin = time.monotonic()
        self.change_all("healed")
        self.right(timeout)
        self.rendered_same()
        self.note(f"right after {time.monotonic() - begin:.1f} s")
        self.controller.ready(timeout)
        self.back("descriptors", self.fds, self.before["fds"] + SPARE_FDS)
        self.back("connections", self.sockets, self.before["sockets"] + SPARE_FDS)
        if self.checks_memory:
            self.memory_back(kept)
        self.ended()

    def back(self, what, look, most, timeout=30):
        until(lambda: look() <= most, timeout, lambda: f"{what}: {look()}, at most {most} are right", 0.2)

    def heap(self):
        """Bytes in use, whatever the allocator keeps beside them."""
        return json.loads(self.controller.fetch("/debug/state")[1])["allocator"]["used_bytes"]

    def memory_back(self, kept, timeout=15):
        """`kept`: bytes that are known to stay."""
        used, most = self.before["heap"], self.before["heap"] * (1 + MEMORY_SHARE) + MEMORY_LEAST + kept
        until(lambda: self.heap() <= most, timeout, lambda: f"heap in use: {self.heap()} bytes, {used} before", 0.3)
        before = self.before["memory"]
        most = before + max(before * MEMORY_SHARE, MEMORY_LEAST) + kept
        for turn in range(16):  # what is free goes back to the system once a minute, when there was work
            if self.anonymous() <= most:
                break
            self.change_all(f"nudge-{turn}")
            self.right()
            time.sleep(4.5)
        until(lambda: self.anonymous() <= most, timeout,
              lambda: f"memory: {self.anonymous() / 1e6:.2f} MB anonymous, {before / 1e6:.2f} MB before the fault", 0.3)
        self.figures["memory"] = {"value": round(self.anonymous() / before, 4), "unit": "of before"}
        self.note(f"memory {100 * (self.anonymous() / before - 1):+.1f} %")

    def ended(self):
        """It ends when asked, with status 0, and the sanitizers have nothing to say."""
        process, log = self.controller.process, self.controller
        process.popen.terminate()
        try:
            status = process.popen.wait(END_S)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"it does not end within {END_S} s of SIGTERM") from late
        said = log.said()
        self.controller = None
        expect(status == 0, f"it ended with {status}: {said[-1500:]}")
        cry = re.search(CRIES, said)
        expect(cry is None, lambda: f"the sanitizers: {said[cry.start():cry.start() + 3000]}")
