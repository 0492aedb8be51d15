"""... and its target is up in Prometheus within 3 s"""

import time

from lib.case import jobs_of
from lib.wait import until

BAR_S = 3


def run(t):
    monitoring = t.ns("monitoring", "output")
    app = t.ns("app")
    t.deployment(app, "shop", {"http": 8080, "metrics": 9102}, replicas=2)
    addresses = t.pods(app, "shop", 2)
    for address in addresses:
        t.app(address, 9102)
    t.observatory(monitoring)
    t.start("--trusted-namespaces", monitoring)
    server = t.prometheus()
    server.load(t.published(monitoring, ["global:"]))
    begin = time.monotonic()
    t.api.annotate("Deployment", app, "shop", {"prometheus.io/scrape": "true", "prometheus.io/port": "metrics"})
    text = t.published(monitoring, ["job_name: annotations/"])
    written = time.monotonic() - begin
    server.load(text)
    targets = server.up(jobs_of(text)[0], 2)
    t.figure("up", time.monotonic() - begin, "s", BAR_S)
    t.figure("written", written, "s")
    found = {(target["labels"]["namespace"], target["labels"]["job"], target["labels"]["container"])
             for target in targets}
    assert found == {(app, f"{app}/shop", "app")}, found
    until(lambda: len(server.query("app_requests_total")) == 2, 5, "no samples of the pods")
