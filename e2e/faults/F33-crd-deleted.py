"""a CRD goes with all its objects and comes back: its jobs go, others stay, and what is made anew is published"""

import time

from lib.wait import expect

SECONDS = 45
IN_TEST = False
GONE_S = 8
CRD = "scrapepolicies.binnacle.dev"


def install(f):
    f.plane.kubectl("apply", "--server-side", "-f", f.plane.repo / "crds")
    f.plane.kubectl("wait", "--for=condition=Established", "--timeout=20s", f"crd/{CRD}")


def run(f):
    f.begin()
    f.undo.append(lambda: install(f))
    names = [name for name in f.keys if name != "shop"]
    f.plane.kubectl("delete", "crd", CRD, "--timeout=30s")
    for name in names:
        del f.keys[name]
    f.right(20)
    tries = f.gain("rest_client_requests_total", code="404")
    at = time.monotonic()
    f.others_go_on("others")
    time.sleep(GONE_S)
    tried = len(f.proxy.lines(r"/scrapepolicies\?", at))
    expect(tried <= GONE_S, f"{tried} questions in {GONE_S} s for a kind that is not there")
    f.note(f"{tried} questions in {GONE_S} s, {tries:g} times 404 before")
    install(f)
    for name in names:
        f.put(name, f"/{name}-again", secret=name == "p0")
    begin = time.monotonic()
    f.right(60)
    f.figure("published again", time.monotonic() - begin, "s", 60)
    f.moved("binnacle_watch_failures_total", 1)
    f.healed()
