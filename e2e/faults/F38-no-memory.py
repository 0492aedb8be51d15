"""allocations fail, in us and in libraries: it ends by itself or goes on, and writes nothing that is not whole; halves and EINTR on sockets are no fault"""

import time

from lib.case import ACCOUNT
from lib.faults import NotRun
from lib.process import Process
from lib.wait import expect, until

SECONDS = 95
IN_TEST = False
MEMORY = False
LIFE_S = 4
RECOVERS_S = 75  # a request that libcurl lost sight of ends by its own deadline of 30 s
END_S = 20  # writes under way are waited for
ENOUGH = 3  # lives in which memory failed and it said so

MEMORY_FAULTS = [f"{call}:%{chance}/{seed}:ENOMEM" for seed in (1, 2, 3)
                 for call, chance in (("malloc.lib", 20000), ("malloc.lib", 4000), ("malloc.own", 3000))]
SOCKET_FAULTS = ["recv:%2/1:short,send:%2/2:short", "recv:%5/3:EINTR,send:%5/4:EINTR,write:%5/5:EINTR,read:%5/6:EINTR",
                 "recv:%3/7:EAGAIN,send:%3/8:EAGAIN"]


class Life:
    """`binnacle run` below the preloaded faults; setpriv and the shell are not met by them."""

    def __init__(self, t, config, fault):
        self.fault = fault
        start = t.dir / "start"
        start.write_text(f'#!/bin/sh\nexport BNC_FAULT="{fault}"\nLD_PRELOAD="{preload(t)}" exec "{t.binary}" "$@"\n')
        start.chmod(0o755)
        log = t.dir / "binnacle.log"
        log.touch()
        self.seen = log.stat().st_size
        self.process = Process([start, "run", "--kubeconfig", config, "--trusted-namespaces", t.monitoring,
                                "--metrics-bind-address", "127.0.0.1:0", "--health-probe-bind-address", "127.0.0.1:0"], log)

    def said(self):
        return self.process.said()[self.seen:]

    def end(self):
        """True when it has ended by itself before it was asked."""
        alone = not self.process.alive()
        self.process.popen.terminate()
        until(lambda: not self.process.alive(), END_S, lambda: f"{self.fault}: does not end: {self.said()[-600:]}")
        status = self.process.end()
        said = self.said()
        expect(status in (0, 1), f"{self.fault}: status {status}: {said[-600:]}")
        expect(status == 0 or "memory" in said.lower() or "error" in said, f"{self.fault}: no word of why: {said[-600:]}")
        return alone


def preload(t):
    return t.plane.repo / "build/release/fault.so"


def whole(t, before, fault):
    """One key changes in a life: what is published is as before, or as it should be."""
    now, wanted = t.paths(), (sorted(t.keys.values()), len(t.keys))
    expect(now in (before, wanted), lambda: f"{fault}: published {now}, neither {before} nor {wanted}")
    root = t.api.get("Secret", t.monitoring, "main-prometheus")
    digest = root["metadata"]["annotations"]["binnacle.dev/hash"].partition(":")[2]
    expect(digest.strip("0"), f"{fault}: {digest} is no digest")
    return now == wanted


def run(t):
    if not preload(t).exists():
        raise NotRun("make build/release/fault.so")
    if b"__asan_init" in t.binary.read_bytes():
        raise NotRun("the sanitizers have an allocator of their own")
    t.begin(via=None, policies=3)
    t.stop()
    config = t.plane.kubeconfig(ACCOUNT, t.dir / "kubeconfig-faults")
    ended = reached = 0
    for i, fault in enumerate(MEMORY_FAULTS):
        before = t.paths()
        t.put("p1", f"/p1-life-{i}")
        life = Life(t, config, fault)
        deadline = time.monotonic() + LIFE_S
        while time.monotonic() < deadline and life.process.alive() and not whole(t, before, fault):
            time.sleep(0.1)
        ended += life.end()
        reached += whole(t, before, fault)
        t.start("--trusted-namespaces", t.monitoring)
        t.right()
        t.stop()
    t.figure("lives", len(MEMORY_FAULTS), "")
    t.figure("ended by themselves", ended, "")
    t.figure("published all the same", reached, "")
    expect(ended >= ENOUGH, "the faults were too rare to tell anything")
    for i, fault in enumerate(SOCKET_FAULTS):
        t.put("p1", f"/p1-socket-{i}")
        life = Life(t, config, fault)
        until(lambda: t.paths() == (sorted(t.keys.values()), len(t.keys)), RECOVERS_S,
              lambda: f"{fault}: published {t.paths()}: {life.said()[-800:]}")
        expect(not life.end(), f"{fault}: it ended")
