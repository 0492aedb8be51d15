"""a start while Secrets answer slowly: no version goes out that lacks what one of them belongs to"""

import time

from lib.faults_proxy import Exchange
from lib.wait import expect

SECONDS = 20
IN_TEST = True
SLOW_S = 4


def late(exchange):
    time.sleep(SLOW_S)
    Exchange.pass_on(exchange)


def run(f):
    f.begin()
    f.ended()
    f.put_shop("/shop-changed-while-away")
    f.put("p1", "/p1-changed-while-away")
    gate = f.proxy
    gate.rule(r"^GET .*/secrets(/login|\?.*login)", late)
    secret = f.api.watch("Secret", f.monitoring, "main-prometheus")
    begin = time.monotonic()
    f.launch(f.dir / "kubeconfig", "--trusted-namespaces", f.monitoring, ready=False)
    f.right(SLOW_S + 15)
    waited = time.monotonic() - begin
    expect(waited >= SLOW_S, f"published after {waited:.1f} s, the Secret takes {SLOW_S} s")
    seen = [f.jobs_in(thing) for _, _, thing in secret.events]
    expect(all(n == len(f.keys) for n in seen), lambda: f"partial versions: {seen}")
    secret.close()
    gate.heal()
    f.controller.ready()
    f.change_all("warm-3")
    f.right()
    f.measure()
    f.put("p2", "/p2-after")
    f.right()
    f.moved("binnacle_output_writes_total", 1)
    f.healed()
