"""a streamed list is cut before its end: what it brought counts for nothing that is missing, the old store serves on"""

import time

from lib.faults_proxy import each_line, stream_of
from lib.wait import expect, until

SECONDS = 20
IN_TEST = True
BROUGHT = 2


def cutting():
    seen = []

    def act(exchange, line):
        seen.append(line)
        if len(seen) > BROUGHT:
            time.sleep(0.05)
            exchange.reset()
        else:
            exchange.send(line)
    return each_line(act)


def run(f):
    f.begin()

    def fault(i):
        secret = f.api.watch("Secret", f.monitoring, "main-prometheus")
        rule = f.proxy.rule(stream_of("scrapepolicies"), cutting(), times=1)
        f.expire()
        until(lambda: rule.hits, 10, "no streamed list was asked for")
        f.others_go_on(f"others-{i}")
        f.put("p1", f"/p1-cut-{i}")
        f.right(15)
        f.settled_watch()
        seen = [f.jobs_in(thing) for _, _, thing in secret.events]
        expect(seen and all(n == len(f.keys) for n in seen), lambda: f"jobs published in between: {seen}")
        secret.close()

    f.rounds(3, fault)
    f.moved("binnacle_list_failures_total", 2)
    f.healed()
