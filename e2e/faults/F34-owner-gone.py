"""an Observatory goes while its output is written, or after its output has gone: nothing is left, one write ends it"""

import time

from lib.wait import expect, until

SECONDS = 60
IN_TEST = True
HELD_S = 0.7
ROUNDS = 3
GONE_S = 30  # the garbage collector of Kubernetes has its share in it


def late(exchange):
    """What is written arrives after the owner has gone."""
    time.sleep(HELD_S)
    exchange.pass_on()


def gone(f, kind, ns, name):
    return f.api.get(kind, ns, name) is None


def owner_goes_meanwhile(f, tag):
    rule = f.proxy.rule(r"^PATCH .*/secrets/main-prometheus\?", late)
    f.put("p1", f"/p1-{tag}")
    until(lambda: rule.hits, 5, "no write of the output")
    f.api.delete("Observatory", f.monitoring, "main")
    until(lambda: gone(f, "Observatory", f.monitoring, "main"), 10, "the Observatory does not go")
    time.sleep(HELD_S)
    until(lambda: gone(f, "Secret", f.monitoring, "main-prometheus"), GONE_S, "the output stays")
    f.proxy.heal()
    time.sleep(1)
    expect(gone(f, "Secret", f.monitoring, "main-prometheus"), "the output came again")
    f.observatory(f.monitoring)
    f.right(10)


def target_gone_before(f, far):
    """The output is in another namespace: a finalizer sees to it, and finds nothing."""
    f.observatory(f.monitoring, "far", output={"namespace": far})
    f.published(far, ["/p1-"], name="far-prometheus")
    finalizers = f.api.get("Observatory", f.monitoring, "far")["metadata"].get("finalizers", [])
    expect(len(finalizers) == 1, f"finalizers: {finalizers}")
    rule = f.proxy.rule(r"^(PATCH|DELETE) .*/secrets/far-prometheus\b", late)
    since = time.monotonic()
    f.api.delete("Observatory", f.monitoring, "far")
    f.api.delete("Secret", far, "far-prometheus")
    until(lambda: gone(f, "Observatory", f.monitoring, "far"), 10, "the Observatory does not go")
    f.proxy.heal()
    time.sleep(2)
    expect(gone(f, "Secret", far, "far-prometheus"), "the output came again")
    ended = f.proxy.lines(r"^PATCH .*/observatories/far\?", since)
    deleted = [at for at in rule.hits if at >= since]
    expect(len(ended) == 1, f"the finalizer was taken away by {len(ended)} writes")
    expect(len(deleted) <= 1, f"{len(deleted)} writes of what is gone")


def run(f):
    far = f.ns("far", "output")
    f.begin()
    owner_goes_meanwhile(f, "rehearsal")
    target_gone_before(f, far)
    f.measure()
    for i in range(ROUNDS):
        owner_goes_meanwhile(f, f"round-{i}")
        target_gone_before(f, far)
    f.moved("binnacle_output_writes_total", ROUNDS)
    f.healed()
