"""410 on the third page of a list: all of it in one, the store changes once, nothing is missing in between"""

import json
import time

from lib.faults_proxy import edited, list_of, refuse, stream_of
from lib.wait import expect

SECONDS = 15
IN_TEST = True
PAGE = 2


def pages(asked):
    """The real list, PAGE objects at a time; the third page is no longer to be had."""
    def act(exchange):
        token, limited = exchange.query.get("continue"), "limit" in exchange.query
        asked.append((token, limited))
        exchange.path = exchange.path.partition("?")[0]
        if token == "2":
            exchange.refuse(410, "Expired", message="The provided continue parameter is too old")
        elif limited:
            edited(lambda body: page_of(json.loads(body), int(token or 0)))(exchange)
        else:
            exchange.pass_on()
    return act


def page_of(whole, number):
    rows = whole["items"][number * PAGE:(number + 1) * PAGE]
    return json.dumps({**whole, "metadata": {**whole["metadata"], "continue": str(number + 1)}, "items": rows}).encode()


def run(f):
    f.begin()
    asked = []
    f.proxy.rule(list_of("scrapepolicies"), pages(asked))
    f.proxy.rule(stream_of("scrapepolicies"), refuse(422, "Invalid"))

    def fault(i):
        # limits are only asked for where the watch cache cannot answer: 410 once more gives that
        del asked[:]
        secret = f.api.watch("Secret", f.monitoring, "main-prometheus")
        f.expire()
        f.put("p1", f"/p1-round-{i}")
        f.right(15)
        f.settled_watch()
        seen = [f.jobs_in(thing) for _, _, thing in secret.events]
        expect(all(n == len(f.keys) for n in seen), lambda: f"jobs published in between: {seen}")
        secret.close()
        time.sleep(0.2)

    f.proxy.rule(r"^GET .*/scrapepolicies\?(?!.*watch=1).*resourceVersion=\d", refuse(410, "Expired"))
    f.rounds(3, fault)
    expect(("2", True) in asked or any(token == "2" for token, _ in asked), lambda: f"no third page: {asked}")
    expect(asked[-1] == (None, False), lambda: f"the whole was not asked for in one: {asked}")
    f.moved("binnacle_lists_total", 2, 2, reason="expired")
    f.healed()
