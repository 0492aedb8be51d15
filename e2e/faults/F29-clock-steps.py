"""the wall clock of one replica is set an hour ahead, then back: who leads stays, and the record says the other time"""

import datetime
import os
import time

from lib.audit import Audit
from lib.faults import NotRun
from lib.process import run as run_program
from lib.replicas import SHORT, SHORT_S, Busy, Replica, leader_of, lease, no_overlap, permit, small_world
from lib.wait import expect

SECONDS = 30
IN_TEST = False  # also on virtual time: tests/unit/test_leader.c
MEMORY = False
# Rates of clocks are tests/unit/test_leader.c: real timers cannot be made to run fast.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int
clock_gettime(clockid_t clock, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);
    char text[16] = "";
    if (real == NULL) {
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    }
    int code = real(clock, out);
    if (clock == CLOCK_REALTIME) {
        int fd = open(getenv("CLOCK_STEP"), O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            if (read(fd, text, sizeof(text) - 1) > 0) {
                out->tv_sec += atol(text);
            }
            close(fd);
        }
    }
    return code;
}
"""


def shim(t):
    source, library = t.dir / "clock.c", t.dir / "clock.so"
    source.write_text(SHIM)
    done = run_program(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"])
    if done.returncode != 0:
        raise NotRun(f"no shim of clocks: {done.stderr.decode()[-300:]}")
    return library


def hours_off(t):
    """How far the record's time is from ours."""
    told = datetime.datetime.fromisoformat(lease(t)["renewTime"].replace("Z", "+00:00"))
    return (told - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 3600


def run(t):
    permit(t)
    record = Audit(t.plane.audit)
    monitoring, app = small_world(t)
    library = shim(t)

    def replica(name):
        env = {**os.environ, "LD_PRELOAD": str(library), "CLOCK_STEP": str(t.dir / f"{name}-step")}
        return Replica(t, name, "--trusted-namespaces", monitoring, *SHORT, env=env).ready()

    first = replica("first")
    leader_of([first], 10)
    second = replica("second")
    t.published(monitoring, ["/good"])
    busy = Busy(t, app)
    for who, step in (("first", 3600), ("second", 3600), ("first", -3600), ("second", -3600)):
        (t.dir / f"{who}-step").write_text(str(step))
        time.sleep(2 if who == "first" else SHORT_S * 0.6)
        if who == "first":
            expect(abs(hours_off(t) - step / 3600) < 0.1, f"the step did not reach it: {hours_off(t):.2f} h")
        expect(first.leads() and not second.leads(), f"another one leads after {who} was set by {step} s")
    t.published(monitoring, [busy.end()])
    expect(lease(t)["leaseTransitions"] == 0, f"taken over: {lease(t)}")
    expect(not record.writes(second.token), f"written by the other one: {record.writes(second.token)}")
    no_overlap(t, [first, second], record)
