"""a tenant that reaches for what is not its own is refused on its status, the others are not touched"""

from lib.case import content_of, jobs_of
from lib.wait import expect

PORT = {"port": "http"}
REACHING = {  # name: spec, reason, words of the message
    "everywhere": ({"selector": {}, "namespaceSelector": {}, "endpoints": [PORT]},
                   "NotPermitted", ["spec.namespaceSelector"]),
    "neighbour": ({"selector": {}, "endpoints": [PORT],
                   "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "e11-victim"}}},
                  "NotPermitted", ["spec.namespaceSelector"]),
    "address": ({"selector": {}, "endpoints": [{**PORT, "relabelings": [
        {"targetLabel": "__address__", "replacement": "10.0.0.1:80"}]}]},
                "NotPermitted", ["spec.endpoints[0].relabelings[0]", "__address__"]),
    "path": ({"selector": {}, "endpoints": [{**PORT, "relabelings": [
        {"targetLabel": "__metrics_path__", "replacement": "/admin"}]}]},
             "NotPermitted", ["spec.endpoints[0].relabelings[0]", "__metrics_path__"]),
    "labelmap": ({"selector": {}, "endpoints": [{**PORT, "relabelings": [
        {"action": "labelmap", "regex": "__meta_kubernetes_pod_annotation_(.+)", "replacement": "__${1}__"}]}]},
                 "NotPermitted", ["spec.endpoints[0].relabelings[0]"]),
    "dynamic": ({"selector": {}, "endpoints": [{**PORT, "relabelings": [
        {"sourceLabels": ["__meta_kubernetes_pod_annotation_x"], "targetLabel": "${1}", "replacement": "x"}]}]},
                "NotPermitted", ["spec.endpoints[0].relabelings[0]"]),
    "ca-file": ({"selector": {}, "endpoints": [{**PORT, "scheme": "https", "tlsConfig": {"caFile": "/etc/passwd"}}]},
                "NotPermitted", ["spec.endpoints[0]", "file", "tenants.fileReferences"]),
    "credentials-file": ({"selector": {}, "endpoints": [{**PORT, "authorization": {
        "credentialsFile": "/var/run/secrets/kubernetes.io/serviceaccount/token"}}]},
                         "NotPermitted", ["spec.endpoints[0]", "file", "tenants.fileReferences"]),
    "secret": ({"selector": {}, "endpoints": [{**PORT, "authorization": {
        "credentials": {"name": "victims-secret", "key": "token"}}}]},
               "RefNotFound", ["spec.endpoints[0].authorization.credentials", "victims-secret"]),
}


def unharmed(watch, wanted):
    """Every version of the output that the watch saw has exactly the wanted jobs."""
    seen = [jobs_of(content_of(thing).decode()) for _, _, thing in watch.events]
    bad = [jobs for jobs in seen if jobs != wanted]
    expect(not bad, lambda: f"jobs {bad[0]}, expected {wanted}")


def run(t):
    monitoring = t.ns("monitoring", "output")
    victim = t.ns("victim", "references")
    tenant = t.ns("tenant", "references")
    t.api.create("Secret", victim, "victims-secret", stringData={"token": "t"})
    t.policy(victim, "mine", selector={}, endpoints=[
        {**PORT, "authorization": {"credentials": {"name": "victims-secret", "key": "token"}}}])
    t.policy(tenant, "good", selector={}, endpoints=[{**PORT, "relabelings": [
        {"sourceLabels": ["__meta_kubernetes_pod_label_team"], "targetLabel": "team"}]}])
    t.observatory(monitoring)
    t.start("--trusted-namespaces", monitoring)
    wanted = jobs_of(t.published(monitoring, ["/good/", "/mine/"]))
    watch = t.api.watch("Secret", monitoring, "main-prometheus")
    for name, (spec, _, _) in REACHING.items():
        t.policy(tenant, name, **spec)
    for name, (_, reason, words) in REACHING.items():
        t.refused("ScrapePolicy", tenant, name, reason, words)
    t.settled(quiet=0.5)
    for ns, name in ((tenant, "good"), (victim, "mine")):
        t.accepted("ScrapePolicy", ns, name)
    unharmed(watch, wanted)
    watch.close()
    expect(b"__address__" not in t.content(monitoring), "an address is written")
    t.figure("refused", len(REACHING), "")
