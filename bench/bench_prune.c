/*
 * What pruning costs: a realistic pod, alone and as items of a list that is fed
 * in pieces of 16 KiB, as a connection gives them.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "model/prune.h"

/* In two parts: a literal of C11 need not be longer than 4095 bytes. */
static const char pod_a[] =
    "{\"metadata\":{\"name\":\"checkout-6c9d7f8b55-x7k2p\",\"generateName\":\""
    "checkout-6c9d7f8b55-\",\"namespace\":\"shop\",\"uid\":\"3f6c1f2e-8f5d-4e"
    "0a-9d7e-1b2c3d4e5f60\",\"resourceVersion\":\"184467\",\"creationTimest"
    "amp\":\"2026-10-01T10:11:12Z\",\"labels\":{\"app.kubernetes.io/name\":\""
    "checkout\",\"app.kubernetes.io/version\":\"1.42.0\",\"pod-template-has"
    "h\":\"6c9d7f8b55\",\"team\":\"payments\",\"service.istio.io/canonical-na"
    "me\":\"checkout\"},\"annotations\":{\"prometheus.io/scrape\":\"true\",\"pr"
    "ometheus.io/port\":\"8080\",\"prometheus.io/path\":\"/metrics\",\"kubect"
    "l.kubernetes.io/restartedAt\":\"2026-10-01T10:11:12Z\"},\"ownerRefer"
    "ences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"chec"
    "kout-6c9d7f8b55\",\"uid\":\"8d1f6c0e-2a61-4f43-9a8e-0c9a4a1f2b3c\",\"c"
    "ontroller\":true,\"blockOwnerDeletion\":true}],\"managedFields\":[{\"m"
    "anager\":\"kube-controller-manager\",\"operation\":\"Update\",\"apiVersi"
    "on\":\"v1\",\"time\":\"2026-10-01T10:11:12Z\",\"fieldsType\":\"FieldsV1\",\""
    "fieldsV1\":{\"f:metadata\":{\"f:annotations\":{\".\":{},\"f:prometheus.i"
    "o/scrape\":{},\"f:prometheus.io/port\":{},\"f:prometheus.io/path\":{}"
    "},\"f:generateName\":{},\"f:labels\":{\".\":{},\"f:app.kubernetes.io/na"
    "me\":{},\"f:app.kubernetes.io/version\":{},\"f:pod-template-hash\":{}"
    ",\"f:team\":{},\"f:service.istio.io/canonical-name\":{}},\"f:ownerRef"
    "erences\":{\".\":{},\"k:{\\\"uid\\\":\\\"8d1f6c0e-2a61-4f43-9a8e-0c9a4a1f2"
    "b3c\\\"}\":{}}},\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"checkout\\\""
    "}\":{\".\":{},\"f:env\":{\".\":{},\"k:{\\\"name\\\":\\\"POD_NAME\\\"}\":{\".\":{},\""
    "f:name\":{},\"f:valueFrom\":{\".\":{},\"f:fieldRef\":{}}}},\"f:image\":{}"
    ",\"f:imagePullPolicy\":{},\"f:name\":{},\"f:ports\":{\".\":{},\"k:{\\\"cont"
    "ainerPort\\\":8080,\\\"protocol\\\":\\\"TCP\\\"}\":{\".\":{},\"f:containerPort"
    "\":{},\"f:name\":{},\"f:protocol\":{}}},\"f:resources\":{},\"f:terminati"
    "onMessagePath\":{},\"f:terminationMessagePolicy\":{}}},\"f:dnsPolicy"
    "\":{},\"f:restartPolicy\":{},\"f:schedulerName\":{},\"f:securityContex"
    "t\":{}}}},{\"manager\":\"kubelet\",\"operation\":\"Update\",\"apiVersion\":"
    "\"v1\",\"time\":\"2026-10-01T10:11:20Z\",\"fieldsType\":\"FieldsV1\",\"fiel"
    "dsV1\":{\"f:status\":{\"f:conditions\":{\"k:{\\\"type\\\":\\\"Ready\\\"}\":{\".\""
    ":{},\"f:lastProbeTime\":{},\"f:lastTransitionTime\":{},\"f:status\":{}"
    ",\"f:type\":{}}},\"f:containerStatuses\":{},\"f:phase\":{},\"f:podIP\":{"
    "},\"f:podIPs\":{\".\":{},\"k:{\\\"ip\\\":\\\"10.244.1.17\\\"}\":{\".\":{},\"f:ip\""
    ":{}}},\"f:startTime\":{}}},\"subresource\":\"status\"}]},\"spec\":{\"volu"
    "mes\":[{\"name\":\"config\",\"configMap\":{\"name\":\"checkout\",\"defaultMo"
    "de\":420}},{\"name\":\"kube-api-access-x7k2p\",\"projected\":{\"sources\""
    ":[{\"serviceAccountToken\":{\"expirationSeconds\":3607,\"path\":\"token"
    "\"}}],\"defaultMode\":420}}],\"containers\":[{\"name\":\"checkout\",\"imag"
    "e\":\"registry.example/shop/checkout:1.42.0\",\"ports\":[{\"name\":\"htt";
static const char pod_b[] =
    "p-metrics\",\"containerPort\":8080,\"protocol\":\"TCP\"}],\"env\":[{\"name"
    "\":\"POD_NAME\",\"valueFrom\":{\"fieldRef\":{\"apiVersion\":\"v1\",\"fieldPa"
    "th\":\"metadata.name\"}}},{\"name\":\"LOG_LEVEL\",\"value\":\"info\"},{\"nam"
    "e\":\"DB_PASSWORD\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"checkout-d"
    "b\",\"key\":\"password\"}}}],\"resources\":{\"limits\":{\"cpu\":\"500m\",\"mem"
    "ory\":\"256Mi\"},\"requests\":{\"cpu\":\"100m\",\"memory\":\"128Mi\"}},\"volum"
    "eMounts\":[{\"name\":\"config\",\"readOnly\":true,\"mountPath\":\"/etc/che"
    "ckout\"},{\"name\":\"kube-api-access-x7k2p\",\"readOnly\":true,\"mountPa"
    "th\":\"/var/run/secrets/kubernetes.io/serviceaccount\"}],\"livenessP"
    "robe\":{\"httpGet\":{\"path\":\"/healthz\",\"port\":8080,\"scheme\":\"HTTP\"}"
    ",\"timeoutSeconds\":1,\"periodSeconds\":10,\"successThreshold\":1,\"fai"
    "lureThreshold\":3},\"terminationMessagePath\":\"/dev/termination-log"
    "\",\"terminationMessagePolicy\":\"File\",\"imagePullPolicy\":\"IfNotPres"
    "ent\",\"securityContext\":{\"capabilities\":{\"drop\":[\"ALL\"]},\"runAsNo"
    "nRoot\":true,\"readOnlyRootFilesystem\":true,\"allowPrivilegeEscalat"
    "ion\":false}}],\"restartPolicy\":\"Always\",\"terminationGracePeriodSe"
    "conds\":30,\"dnsPolicy\":\"ClusterFirst\",\"serviceAccountName\":\"check"
    "out\",\"nodeName\":\"worker-3\",\"securityContext\":{\"fsGroup\":2000},\"s"
    "chedulerName\":\"default-scheduler\",\"tolerations\":[{\"key\":\"node.ku"
    "bernetes.io/not-ready\",\"operator\":\"Exists\",\"effect\":\"NoExecute\","
    "\"tolerationSeconds\":300},{\"key\":\"node.kubernetes.io/unreachable\""
    ",\"operator\":\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":30"
    "0}],\"priority\":0,\"enableServiceLinks\":true,\"preemptionPolicy\":\"P"
    "reemptLowerPriority\"},\"status\":{\"phase\":\"Running\",\"conditions\":["
    "{\"type\":\"PodReadyToStartContainers\",\"status\":\"True\",\"lastProbeTi"
    "me\":null,\"lastTransitionTime\":\"2026-10-01T10:11:20Z\"},{\"type\":\"I"
    "nitialized\",\"status\":\"True\",\"lastProbeTime\":null,\"lastTransition"
    "Time\":\"2026-10-01T10:11:20Z\"},{\"type\":\"Ready\",\"status\":\"True\",\"l"
    "astProbeTime\":null,\"lastTransitionTime\":\"2026-10-01T10:11:20Z\"},"
    "{\"type\":\"ContainersReady\",\"status\":\"True\",\"lastProbeTime\":null,\""
    "lastTransitionTime\":\"2026-10-01T10:11:20Z\"},{\"type\":\"PodSchedule"
    "d\",\"status\":\"True\",\"lastProbeTime\":null,\"lastTransitionTime\":\"20"
    "26-10-01T10:11:20Z\"}],\"hostIP\":\"192.168.10.13\",\"podIP\":\"10.244.1"
    ".17\",\"podIPs\":[{\"ip\":\"10.244.1.17\"}],\"startTime\":\"2026-10-01T10:"
    "11:12Z\",\"containerStatuses\":[{\"name\":\"checkout\",\"state\":{\"runnin"
    "g\":{\"startedAt\":\"2026-10-01T10:11:19Z\"}},\"lastState\":{},\"ready\":"
    "true,\"restartCount\":0,\"image\":\"registry.example/shop/checkout:1."
    "42.0\",\"imageID\":\"registry.example/shop/checkout@sha256:0f6a1d3b5"
    "c7e9f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192\",\"contai"
    "nerID\":\"containerd://7c9e6679742540de944be07fc1f90ae77c9e6679742"
    "540de944be07fc1f90ae7\",\"started\":true}],\"qosClass\":\"Burstable\"}}";
static char pod[sizeof(pod_a) + sizeof(pod_b) - 1];

static double
now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
count_object(void *arg, const char *type, const struct bnc_pruned *object)
{
    BNC_UNUSED(type);
    *(size_t *)arg += object->text.len + strlen(object->name);
}

static const struct bnc_stream_ops ops = {.on_object = count_object};

static void
report(const char *what, double ns, size_t n, size_t bytes)
{
    double each = ns / (double)n;
    (void)printf("%-8s %8.0f ns an object of %zu bytes, %6.0f MB/s\n", what, each, bytes,
                 (double)bytes * 1e3 / each);
}

static int
bench_single(const struct bnc_keep *keep, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned out = {0};
    struct bnc_error err = {0};
    double start = now_ns();

    for (size_t i = 0; i < n; i++) {
        bnc_arena_reset(arena);
        if (bnc_prune(keep, pod, sizeof(pod) - 1, arena, &out, &err)) {
            (void)fprintf(stderr, "%s\n", err.message);
            return 1;
        }
    }
    report("single", now_ns() - start, n, sizeof(pod) - 1);
    return 0;
}

static int
bench_list(const struct bnc_keep *keep, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str list = bnc_str_new(arena, sizeof(pod) * (n + 2));
    struct bnc_error err = {0};
    size_t total = 0;

    bnc_str_puts(&list, "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[");
    for (size_t i = 0; i < n; i++) {
        bnc_str_puts(&list, i == 0 ? "" : ",");
        bnc_str_add(&list, pod, sizeof(pod) - 1);
    }
    bnc_str_puts(&list, "]}");

    double start = now_ns();
    BNC_AUTO(bnc_stream) stream = bnc_stream_new(BNC_STREAM_LIST, keep, &ops, &total);
    for (size_t at = 0; at < list.len; at += 16384) {
        size_t piece = list.len - at < 16384 ? list.len - at : 16384;
        if (bnc_stream_feed(stream, list.ptr + at, piece, &err)) {
            (void)fprintf(stderr, "%s\n", err.message);
            return 1;
        }
    }
    report("list", now_ns() - start, n, sizeof(pod) - 1);
    return bnc_stream_complete(stream) && total > 0 ? 0 : 1;
}

int
main(void)
{
    const struct bnc_keep *keep = bnc_kind_info(BNC_KIND_POD)->keep;
    int failed = 0;
    (void)snprintf(pod, sizeof(pod), "%s%s", pod_a, pod_b);
    for (int round = 0; round < 5; round++) { /* the best one counts */
        failed |= bench_single(keep, 20000) | bench_list(keep, 2000);
    }
    return failed;
}
