"""What values the generator draws from, by the name of the field; tables only."""

# Releases of Prometheus: what a spec says, newest more often.
VERSIONS = """
2.42.0 v2.43.1 v2.44.0 v2.45.0 v2.45.6 v2.46.0 v2.47.0 v2.48.1 v2.49.1 v2.50.0 v2.51.2 v2.52.0 v2.53.0 v2.53.5
v2.54.1 v2.55.0 v2.55.1 v3.0.0 v3.0.1 v3.1.0 v3.2.1 v3.3.0 v3.4.0 3.5.0 v3.5.1 v3.6.0 v3.7.3 v3.8.0 v3.9.1
v3.10.0 v3.11.0 v3.11.2 v3.12.0 v3.13.0 v3.13.2 v3.13.2 v3.13.2 v3.13.0 v3.12.0 v3.11.0
""".split()

NAMESPACES = ["monitoring", "team-a", "team-b"]
TEAMS = ["a", "b"]

# Fields of a Prometheus or PrometheusAgent that shape what is rendered.
SHAPING = """
additionalAlertManagerConfigs additionalAlertRelabelConfigs additionalScrapeConfigs alerting apiserverConfig
arbitraryFSAccessThroughSMs bodySizeLimit convertClassicHistogramsToNHCB enableFeatures enforcedBodySizeLimit
enforcedKeepDroppedTargets enforcedLabelLimit enforcedLabelNameLengthLimit enforcedLabelValueLengthLimit
enforcedNamespaceLabel enforcedSampleLimit enforcedTargetLimit evaluationInterval excludedFromEnforcement exemplars
externalLabels ignoreNamespaceSelectors keepDroppedTargets labelLimit labelNameLengthLimit labelValueLengthLimit
mode nameEscapingScheme nameValidationScheme otlp overrideHonorLabels overrideHonorTimestamps podTargetLabels
prometheusExternalLabelName prometheusRulesExcludedFromEnforce queryLogFile remoteRead remoteWrite
replicaExternalLabelName retention retentionSize ruleQueryOffset runtime sampleLimit scrapeClasses
scrapeClassicHistograms scrapeFailureLogFile scrapeInterval scrapeNativeHistograms scrapeProtocols scrapeTimeout
serviceDiscoveryRole shardRetentionPolicy shardingStrategy shards targetLimit tracingConfig tsdb
""".split()

SELECTORS = ["serviceMonitor", "podMonitor", "probe", "scrapeConfig", "rule"]

LABEL_NAMES = ["app", "team", "zone", "app.kubernetes.io/name", "a-b"]
METRIC_LABELS = ["__name__", "job", "instance", "namespace", "__address__", "__meta_kubernetes_pod_name",
                 "__tmp_hash", "le", "pod"]
TARGET_LABELS = ["job", "cluster", "env", "__tmp_hash", "__tmp_disable_sharding", "__metrics_path__", "instance"]
REGEXES = ["(.+)", "a|b", "http_.*", "(.*);(.*)", "10", "go_gc_.+", "^prod-(\\d+)$", "[a-z]+\\.example"]
BAD_REGEXES = ["(", "[a", "a{2,1}", "*x", "(?P<n", "\\8"]
REPLACEMENTS = ["$1", "${1}", "$1-$2", "prod", "${name}_x", "a:b", "$$", "", "true", "10"]
RELABEL_ACTIONS = ["replace", "Replace", "keep", "drop", "labelmap", "labeldrop", "labelkeep", "hashmod",
                   "lowercase", "Uppercase", "keepequal", "DropEqual"]

DURATIONS = ["15s", "30s", "1m", "1m30s", "5m", "1h", "2d"]
ODD_DURATIONS = ["0", "0s", "1ms", "1y2w3d", "90s", "1h0m5s", "100w", ""]
BAD_DURATIONS = ["5", "1s1m", "-1m", "1.5h", "m", "10 s"]
TIMEOUTS = ["1s", "5s", "10s", "10s", "15s", "1m"]
SIZES = ["1MB", "512KB", "10GB", "2GiB", "0", "0.5MB", "1B"]
BAD_SIZES = ["1", "MB", "1 MB", "-1MB", "1mb"]
QUANTITIES = ["1.1", "2", "0.5", 1, 2, "1100m", "0.1", "100m"]
QUANTITIES_OF = {"staleSeriesCompactionThreshold": ["0.5", "0.1", "500m", "1", 1],
                 "samplingFraction": ["0.5", "0", "1", "100m"]}
DURATIONS_OF = {"minBackoff": ["30ms", "1s"], "maxBackoff": ["5s", "1m"]}
URLS = ["http://a.example", "https://b.example:8443/path?x=1&y=2", "http://127.0.0.1:9090/api/v1/write",
        "https://user:pw@c.example/"]
BAD_URLS = ["a.example", "ftp://x", "http://", "https://[::1", "http://a b", "https://%zz"]

# Plain text, by the name of the field: what makes sense there.
TEXTS = {
    "jobLabel": ["app", "app.kubernetes.io/name", "a-b"],
    "targetLabels": ["app", "app.kubernetes.io/name", "zone", "2x"],
    "podTargetLabels": ["app", "pod-template-hash", "zone"],
    "port": ["web", "http-metrics", "8080"],
    "path": ["/metrics", "/probe", "/a b", "metrics", "/x?y=z"],
    "metricsPath": ["/metrics", "/federate", "metrics"],
    "pathPrefix": ["/", "/am", "am"],
    "jobName": ["my-job", "a/b/c", "job with space"],
    "module": ["http_2xx", "icmp"],
    "static": ["https://a.example/x", "b.example", "10.0.0.1:80", "[::1]:9115"],
    "targets": ["a.example:9100", "b.example", "[::1]:9100", "http://c.example"],
    "url": ["prober.monitoring.svc:9115", "prober", "10.0.0.1:9115", "[::1]:9115", "a.example:9115", "::1",
            "prober:9115", "prober.svc", "http://prober:9115", "a:b:c"],
    "noProxy": ["localhost,.example", "10.0.0.0/8"],
    "serverName": ["a.example", "*.b.example"],
    "caFile": ["/etc/tls/ca.pem"],
    "certFile": ["/etc/tls/cert.pem"],
    "keyFile": ["/etc/tls/key.pem"],
    "credentialsFile": ["/etc/secrets/token"],
    "bearerTokenFile": ["/var/run/secrets/kubernetes.io/serviceaccount/token", "token"],
    "bearerToken": ["inline-token"],
    "host": ["https://kube.example:6443", "kube.example", "unix:///var/run/docker.sock"],
    "apiServer": ["https://kube.example:6443", "kube.example:6443"],
    "server": ["consul.example:8500", "10.0.0.1:8500"],
    "type": ["Bearer", "bearer", "Token", "Basic", " Bearer"],
    "scopes": ["read", "write"],
    "enforcedNamespaceLabel": ["namespace", "tenant", "ns-x"],
    "externalLabelName": ["zone", "topology"],
    "prometheusExternalLabelName": ["prometheus", "prom", ""],
    "replicaExternalLabelName": ["prometheus_replica", "replica", "re.plica", ""],
    "queryLogFile": ["query.log", "/var/log/query.log", "/prometheus/query.log"],
    "scrapeFailureLogFile": ["fail.log", "/var/log/fail.log"],
    "region": ["eu-west-1"],
    "roleArn": ["arn:aws:iam::1:role/x"],
    "roleARN": ["arn:aws:iam::1:role/x"],
    "tenantId": [*["00000000-0000-0000-0000-000000000001"] * 9, "t"],
    "clientId": [*["00000000-0000-0000-0000-000000000002"] * 9, "c"],
    "endpoint": ["otel.example:4317", "http://otel.example:4318/x"],
    "names": ["a.example", "_web._tcp.b.example"],
    "namespace": NAMESPACES,
    "ruleNamespace": NAMESPACES,
    "matchNames": [*NAMESPACES, "kube-system"],
    "ruleName": ["rule-0", "rule-1"],
    "field": ["metadata.name=a", "status.phase=Running", "x", "spec.nodeName in (a)"],
    "label": ["app=a", "app in (a,b),!c", "=", "app"],
    "files": ["/etc/sd/*.json", "/etc/sd/a.yml", "sd.yaml"],
    "record": ["job:x:rate5m", "node:y", "über:x", "a b"],
    "alert": ["Down", "High latency", "Ünïcode"],
    "query": ["nodes {}", "resources { type = \"Package\" }"],
    "promoteResourceAttributes": ["service.name", "k8s.pod.name"],
    "ignoreResourceAttributes": ["k8s.pod.uid", "host.name"],
    "values": ["a", "b", "c.d", "http_2xx"],
    "params": ["a", "up{job=\"x\"}", ""],
    "enableFeatures": ["promql-experimental-functions", "exemplar-storage", "st-storage", "promql-duration-expr",
                       "native-histograms", "otlp-write-receiver", "metadata-wal-records"],
    "excludedFromEnforcement.name": ["servicemonitor-0", "podmonitor-1", "rule-0", "probe-0", "scrapeconfig-0"],
    "alertmanagers.name": ["alertmanager-main", "am"],
    "datacenter": ["dc1"],
    "name": ["one", "two"],
    "httpHeaders": ["v"],
}
TEXT = ["text", "a-value", "x"]

# What a text can be that tries a reader or a writer of YAML, or a substitution.
ODD_TEXT = ["", "$1", "${HOME}", "$(SHARD)", "ünï→", "x" * 300, "8080", "true", "null", "~", "1e3", "0x1F", "0123",
            "1_000", "2020-01-01", "1:30", " lead", "trail ", "a: b", "a #b", "- a", "*star", "&amp", "@at", "!x",
            "%p", "'", "\"q\"", "line\nbreak", "tab\there", "{a}", "[b]", "a,b", "back\\slash", "=", "<<", "off", "y",
            "🚀", "`tick", "|", ">", "?", ":", "a\r", "{{ $labels.x }}", "'single' \"double\"", "+1", ".5", ".inf"]

MAP_KEYS = {
    "params": ["module", "match[]", "collect", "target"],
    "proxyConnectHeader": ["X-Proxy", "Authorization"],
    "headers": ["X-Scope-OrgID", "X-A", "x-b"],
    "externalLabels": ["cluster", "region", "prometheus", "zone", "prometheus_replica", "env-x"],
    "annotations": ["summary", "runbook_url"],
    "requiredMatchers": ["job", "env"],
    "endpointParams": ["audience", "resource"],
    "labels": ["severity", "team", "namespace", "__address__", "a-b"],
    "nodeMeta": ["rack"],
}
MAP_KEY = ["k1", "k2", "k10", "K"]

INTEGERS = {
    "shards": [1, 1, 2, 3, 7], "modulus": [1, 2, 8, 16], "portNumber": [8080, 9090, 1, 65535],
    "port": [8080, 80, 9100], "interval": [1, 5], "goGC": [25, 100, -1, 0], "maxSize": [100, 0, -1, 100000],
    "httpPort": [8080], "limit": [0, 5, 100], "nativeHistogramBucketLimit": [0, 10, 160],
}
INTEGER = [0, 1, 5, 100, 10000]
PORTS = [8080, "web", "8080", 0, "http-metrics"]

# The keys of the one Secret of each namespace that a reference may name, by the field that refers.
SECRET_KEYS = {"username": "user", "password": "password", "clientId": "client-id", "clientSecret": "client-secret",
               "credentials": "token", "accessKey": "access", "secretKey": "secret",
               "additionalScrapeConfigs": "scrape.yaml", "additionalAlertRelabelConfigs": "relabel.yaml",
               "additionalAlertManagerConfigs": "alertmanagers.yaml"}
SECRET_KEY = "token"
SECRET_DATA = {
    "user": "admin", "password": "p@ss: word", "client-id": "the-client", "client-secret": "s3cr3t",
    "token": "abc.def", "access": "AKIA", "secret": "wJalr", "empty": "", "newline": "token\n", "number": "12345",
    "odd": "{a: 'b' #c}", "scrape.yaml": "- job_name: extra\n  static_configs:\n  - targets: [x.example:1]\n"
    "- job_name: sharded\n  relabel_configs:\n  - source_labels: [__address__]\n    modulus: 2\n    action: hashmod\n"
    "    target_label: __tmp\n", "relabel.yaml": "- action: labeldrop\n  regex: replica\n",
    "alertmanagers.yaml": "- static_configs:\n  - targets: [am.example:9093]\n", "bad.yaml": "a: [b\n",
}
ODD_KEYS = ["empty", "newline", "number", "odd", "bad.yaml"]

EXPRESSIONS = [
    "up == 0", "sum by (job) (rate(http_requests_total{code=~\"5..\"}[5m]))", "vector(1)", 1, "1",
    "node_cpu_seconds_total{namespace=\"x\",mode!=\"idle\"}",
    "histogram_quantile(0.99, sum(rate(d_bucket[5m])) by (le, namespace))",
    "a / on (instance) group_left (job) b", "max_over_time(deriv(x[5m])[1h:1m] offset 1d)", "absent(up{job=\"a\"})",
    "{__name__=~\"job:.*\"}", "label_replace(up, \"a\", \"$1\", \"b\", \"(.*)\")", "x @ end() > bool 2",
    "topk(5, {\"utf.8 name\", job=\"x\"})", "limitk(2, up)", "sort_by_label(up, \"job\")", "rate(x[5m + 1m])",
    "-x ^ 2 unless y", "quantile_over_time(0.5, (x)[5m:])", "count_values(\"v\", up) # comment",
    "x and ignoring (a) y or z", "up{namespace!~\"a|b\"}", "x offset -5m", "info(up)", "sum(x", "invalidfn(1)", "",
    "up{", "x[5m]", "1 +", "rate(x)",
]
