"""two Observatories with overlapping selectors have independent outputs"""

from lib.case import jobs_of
from lib.wait import expect


def run(t):
    one, two = t.ns("one", "output"), t.ns("two", "output")
    both, single = t.ns("both"), t.ns("single", labels={"only": "one"})
    for ns in (both, single):
        t.deployment(ns, "shop", {"http": 8080},
                     annotations={"prometheus.io/scrape": "true", "prometheus.io/path": f"/{ns}"})
        t.policy(ns, "extra", selector={}, endpoints=[{"port": "http", "path": "/extra"}])
    t.observatory(one, scrapeInterval="7s", scrapeTimeout="5s")
    t.api.apply("Observatory", two, "main", spec={
        "namespaceSelector": {"matchExpressions": [{"key": "e2e", "operator": "In", "values": [t.number]},
                                                   {"key": "only", "operator": "DoesNotExist"}]},
        "prometheus": {"version": "2.42.0", "scrapeInterval": "11s"}})
    t.start("--trusted-namespaces", f"{one},{two}")
    first = t.published(one, [f"/{both}", f"/{single}", "scrape_interval: 7s"])
    second = t.published(two, [f"/{both}", "scrape_interval: 11s"])
    expect(len(jobs_of(first)) == 4 and len(jobs_of(second)) == 2, f"{jobs_of(first)} {jobs_of(second)}")
    expect(f"/{single}" not in second, "the second one got what it does not select")
    t.settled()

    watch = t.api.watch("Secret", two, "main-prometheus")
    t.api.merge("Observatory", one, "main", {"spec": {"prometheus": {"version": "2.30.0"}}})
    t.refused("Observatory", one, "main", "UnsupportedVersion", ["spec.prometheus.version", "2.30.0", "2.42"])
    t.api.annotate("Deployment", single, "shop", {"prometheus.io/path": "/changed"})
    t.settled()
    expect(not watch.events, "the second one was written for a change that is the first one's")
    expect(t.content(one).decode() == first, "the last good output of the broken one is gone")
    t.api.delete("Observatory", one, "main")
    t.settled()
    expect(not watch.events and t.content(two).decode() == second, "the second one was touched")
    watch.close()
    t.figure("jobs", len(jobs_of(first)) + len(jobs_of(second)), "")
