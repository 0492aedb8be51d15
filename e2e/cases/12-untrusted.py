"""an Observatory outside of the trusted namespaces that reaches beyond its own is NotPermitted"""

from lib.case import jobs_of
from lib.wait import expect

TRUSTED = "monitoring"


def run(t):
    tenant = t.ns("tenant", "output")
    other = t.ns("other", "output")
    for ns in (tenant, other):
        t.deployment(ns, "shop", {"http": 8080},
                     annotations={"prometheus.io/scrape": "true", "prometheus.io/path": f"/{ns}"})
    t.observatory(tenant, "beyond")
    t.observatory(tenant, "away", everywhere=False, output={"kind": "Secret", "name": "stolen", "namespace": other})
    t.observatory(tenant, "own", everywhere=False)
    t.start("--trusted-namespaces", TRUSTED)
    text = t.published(tenant, [f"/{tenant}"], name="own-prometheus")
    expect(len(jobs_of(text)) == 1 and f"/{other}" not in text, f"own namespace only: {jobs_of(text)}")
    t.refused("Observatory", tenant, "beyond", "NotPermitted", ["spec.namespaceSelector", "trusted"])
    t.refused("Observatory", tenant, "away", "NotPermitted", ["spec.prometheus.output.namespace", other])
    t.settled(quiet=0.5)
    expect(t.api.get("Secret", tenant, "beyond-prometheus") is None, "it is published all the same")
    expect(t.api.get("Secret", other, "stolen") is None, "written into another namespace")
    t.figure("refused", 2, "")
