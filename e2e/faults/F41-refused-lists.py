"""403 or 404 on the lists of a kind removes nothing that is published; other kinds go on"""

import time

from lib.faults_proxy import any_of, refuse
from lib.wait import expect, until

SECONDS = 35
IN_TEST = False
LASTS_S = 2
TABLE = [("scrapepolicies", 403), ("scrapepolicies", 404), ("deployments", 403), ("deployments", 404)]


def run(f):
    f.begin()

    def fault(i):
        resource, code = TABLE[i % len(TABLE)]
        rule = f.proxy.rule(any_of(resource), refuse(code))
        f.expire(resource)
        until(lambda: rule.hits, 25, f"{resource}: no list")
        if resource == "scrapepolicies":
            f.others_go_on(f"others-{i}")
        else:
            f.put("p1", f"/p1-others-{i}")
            f.published(f.monitoring, [f"/p1-others-{i}"], timeout=5)
        f.stays(LASTS_S)
        until(lambda: len(rule.hits) >= 3, 40, f"{resource} {code}: not asked again")
        f.stays(0.5)
        expect(f.paths()[1] == len(f.keys), f"{resource} {code}: jobs went")
        expect(resource in f.controller.readyz(), f"readyz does not name {resource}")
        f.proxy.heal()
        f.right(20)
        f.settled_watch(resource)
        time.sleep(0.5)

    f.rounds(len(TABLE) + 1, fault)
    f.moved("binnacle_list_failures_total", len(TABLE))
    f.healed()
