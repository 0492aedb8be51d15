/*
 * A small cluster, so that changes often meet: two Observatories, policies of
 * all kinds, annotated workloads, Services, Secrets, Namespaces.
 */
#include <stdio.h>
#include <string.h>

#include "tests/sim/run/run.h"

#define TEXT_MAX 4096

static const char *const namespaces[] = {"monitoring", "shop", "bank"};
static const char *const names[] = {"web", "api", "db"};

static const char *
pick(struct bnc_sim *sim, const char *const *items, size_t n)
{
    return items[bnc_sim_below(sim, n)];
}
#define PICK(sim, items) pick((sim), (items), BNC_LEN(items))

/* ---- objects -------------------------------------------------------------------------
 */

static void
put_namespace(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    static const char *const labels[] = {"{}", "{\"team\":\"a\"}", "{\"team\":\"b\"}"};
    static const char *const notes[] = {"{}", "{\"prometheus.io/scrape\":\"true\"}",
                                        "{\"prometheus.io/path\":\"/ns\"}"};
    char json[TEXT_MAX];
    (void)snprintf(json, sizeof(json),
                   "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":"
                   "\"%s\",\"labels\":%s,\"annotations\":%s}}",
                   PICK(sim, namespaces), PICK(sim, labels), PICK(sim, notes));
    (void)bnc_sim_api_put(api, json);
}

void
universe_observatory(struct bnc_sim *sim, struct bnc_sim_api *api, const char *ns,
                     const char *more)
{
    static const char *const selectors[] = {"", "\"namespaceSelector\":{},",
                                            "\"namespaceSelector\":{\"matchLabels\":{"
                                            "\"team\":\"a\"}},"};
    static const char *const presets[] = {"[]", "[\"istio-proxy\"]",
                                          "[\"istiod\",\"ztunnel\"]"};
    static const char *const extras[] = {
        "far",
        "",
        ",\"externalLabels\":{\"c\":\"1\"}",
        ",\"shards\":2",
        ",\"output\":{\"kind\":\"ConfigMap\",\"name\":\"cfg\",\"key\":\"p.yml.gz\"}",
        ",\"layout\":\"Files\"",
        ",\"layout\":\"Files\",\"shards\":2",
        ",\"layout\":\"Files\",\"parts\":2",
        ",\"layout\":\"Files\",\"parts\":3,\"output\":{\"kind\":\"ConfigMap\"}",
        ",\"layout\":\"Files\",\"output\":{\"kind\":\"ConfigMap\",\"key\":\"p.yml.gz\"}",
        "far files",
        ",\"additionalScrapeConfigs\":{\"name\":\"extra\",\"key\":\"jobs\"}",
        ",\"enforcedNamespaceLabel\":\"tenant\",\"sampleLimit\":100"};
    char far[128];
    char json[TEXT_MAX];
    const char *extra = PICK(sim, extras);
    if (strncmp(extra, "far", 3) == 0) { /* in a namespace that is not its own */
        (void)snprintf(far, sizeof(far),
                       ",\"layout\":\"%s\",\"output\":{\"name\":\"far-%s\","
                       "\"namespace\":\"bank\"}",
                       strcmp(extra, "far") == 0 ? "Single" : "Files", ns);
        extra = far;
    }
    /* kubectl apply leaves the finalizers of others alone */
    const char *live = bnc_sim_api_get(api, "Observatory", ns, "main");
    bool held = live != NULL && strstr(live, BNC_FINALIZER) != NULL;
    (void)snprintf(
        json, sizeof(json),
        "{\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":\"Observatory\","
        "\"metadata\":{\"name\":\"main\",\"namespace\":\"%s\"%s},\"spec\":{%s%s"
        "\"prometheus\":{\"scrapePolicySelector\":{},\"presets\":%s%s}}}",
        ns, held ? ",\"finalizers\":[\"" BNC_FINALIZER "\"]" : "", PICK(sim, selectors),
        more, PICK(sim, presets), extra);
    (void)bnc_sim_api_put(api, json);
}

static void
put_policy(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    static const char *const selections[] = {
        "\"selector\":{}", "\"selector\":{\"matchLabels\":{\"app\":\"web\"}}",
        "\"selector\":{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"NotIn\","
        "\"values\":[\"db\"]}]}",
        "\"workloads\":[{\"kind\":\"Deployment\",\"name\":\"api\"}]"};
    static const char *const endpoints[] = {
        "\"endpoints\":[{\"port\":\"http\"}]",
        "\"endpoints\":[{\"port\":8080,\"path\":\"/m\"},{\"port\":\"http\"}]",
        "\"endpoints\":[{\"port\":\"http\",\"metricRelabelings\":[{\"action\":\"drop\","
        "\"regex\":\"(\"}]}]",
        "\"endpoints\":[{\"port\":\"http\",\"basicAuth\":{\"username\":{\"name\":"
        "\"cred\","
        "\"key\":\"u\"},\"password\":{\"name\":\"cred\",\"key\":\"p\"}}}]",
        "\"preset\":\"istio-proxy\"",
        "\"preset\":\"nonsense\""};
    static const char *const scopes[] = {
        "", "", ",\"namespaceSelector\":{}",
        ",\"namespaceSelector\":{\"matchLabels\":{\"team\":\"b\"}}", ",\"priority\":5"};
    char json[TEXT_MAX];
    (void)snprintf(
        json, sizeof(json),
        "{\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":\"ScrapePolicy\","
        "\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"},\"spec\":{%s,%s%s}}",
        PICK(sim, names), PICK(sim, namespaces), PICK(sim, selections),
        PICK(sim, endpoints), PICK(sim, scopes));
    (void)bnc_sim_api_put(api, json);
}

static void
put_workload(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    static const char *const kinds[] = {"Deployment", "StatefulSet", "DaemonSet"};
    static const char *const notes[] = {
        "{}",
        "{\"prometheus.io/scrape\":\"true\"}",
        "{\"prometheus.io/scrape\":\"true\",\"prometheus.io/port\":\"9090\"}",
        "{\"prometheus.io/scrape\":\"true\",\"prometheus.io/port\":\"nope\"}",
        "{\"binnacle.dev/scrape\":\"true\",\"binnacle.dev/interval\":\"10s\"}",
        "{\"prometheus.io/scrape\":\"true\",\"binnacle.dev/ignore\":\"true\"}"};
    const char *name = PICK(sim, names);
    char json[TEXT_MAX];
    (void)snprintf(
        json, sizeof(json),
        "{\"apiVersion\":\"apps/v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\","
        "\"namespace\":\"%s\",\"annotations\":%s},\"spec\":{\"selector\":{"
        "\"matchLabels\":{\"app\":\"%s\"}},\"template\":{\"metadata\":{\"labels\":{"
        "\"app\":\"%s\"},\"annotations\":%s},\"spec\":{\"containers\":[{\"name\":"
        "\"app\",\"image\":\"app\",\"ports\":[{\"name\":\"http\",\"containerPort\":8080}]"
        "}]}}}}",
        PICK(sim, kinds), name, PICK(sim, namespaces), PICK(sim, notes), name, name,
        PICK(sim, notes));
    (void)bnc_sim_api_put(api, json);
}

static void
put_service(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    static const char *const notes[] = {"{}", "{\"prometheus.io/scrape\":\"true\"}",
                                        "{\"prometheus.io/path\":\"/svc\"}"};
    const char *name = PICK(sim, names);
    char json[TEXT_MAX];
    (void)snprintf(
        json, sizeof(json),
        "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"%s\","
        "\"namespace\":\"%s\",\"annotations\":%s},\"spec\":{\"selector\":{\"app\":"
        "\"%s\"},\"ports\":[{\"port\":80}]}}",
        name, PICK(sim, namespaces), PICK(sim, notes), name);
    (void)bnc_sim_api_put(api, json);
}

static void
put_secret(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    static const char *const data[] = {"{\"u\":\"YWRtaW4=\",\"p\":\"czNjcjN0\"}",
                                       "{\"u\":\"b3BlcmF0b3I=\"}",
                                       "{\"u\":\"YWRtaW4=\",\"p\":\"b3RoZXI=\"}"};
    static const char *const jobs[] = {"LSBqb2JfbmFtZTogcmF3Cg==", "ZW1wdHk6IHRydWU="};
    bool extra = bnc_sim_chance(sim, 300);
    char json[TEXT_MAX];
    if (extra) {
        (void)snprintf(
            json, sizeof(json),
            "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":"
            "\"extra\",\"namespace\":\"%s\"},\"data\":{\"jobs\":\"%s\"}}",
            PICK(sim, namespaces), PICK(sim, jobs));
    } else {
        (void)snprintf(
            json, sizeof(json),
            "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":"
            "\"cred\",\"namespace\":\"%s\"},\"data\":%s}",
            PICK(sim, namespaces), PICK(sim, data));
    }
    (void)bnc_sim_api_put(api, json);
}

void
universe_create(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    for (int i = 0; i < 6; i++) {
        put_namespace(sim, api);
        put_workload(sim, api);
        put_policy(sim, api);
    }
    put_secret(sim, api);
    universe_observatory(sim, api, "monitoring", "");
}

/* ---- steps
 * ------------------------------------------------------------------------------ */

static void
step_observatory(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    universe_observatory(sim, api, bnc_sim_chance(sim, 700) ? "monitoring" : "shop", "");
}

static void
step_delete(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    static const char *const kinds[] = {"Deployment",   "StatefulSet",  "DaemonSet",
                                        "ScrapePolicy", "ScrapePolicy", "Service"};
    (void)bnc_sim_api_delete(api, PICK(sim, kinds), PICK(sim, namespaces),
                             PICK(sim, names));
}

static void
step_delete_rare(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    static const struct {
        const char *kind;
        const char *name;
    } rows[] = {{"Secret", "cred"}, {"Secret", "extra"}, {"Observatory", "main"}};
    size_t i = bnc_sim_below(sim, BNC_LEN(rows));
    (void)bnc_sim_api_delete(api, rows[i].kind, PICK(sim, namespaces), rows[i].name);
}

/* Somebody edits or deletes what we wrote. */
static void
step_drift(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    const char *ns = PICK(sim, namespaces);
    static const char *const patches[] = {
        "{\"data\":{\"prometheus.yml\":\"Ynl1cw==\"}}", "{\"data\":null}",
        "{\"metadata\":{\"labels\":{\"binnacle.dev/observatory\":null}}}",
        "{\"metadata\":{\"annotations\":{\"binnacle.dev/hash\":\"x\"}}}"};
    if (bnc_sim_chance(sim, 500)) {
        (void)bnc_sim_api_delete(api, "Secret", ns, "main-prometheus");
        return;
    }
    (void)bnc_sim_api_patch(api, "kubectl-edit", "Secret", ns, "main-prometheus",
                            PICK(sim, patches));
}

static void
step_history(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    if (bnc_sim_chance(sim, 500)) {
        bnc_sim_api_compact(api);
    } else {
        bnc_sim_api_end_watches(api);
    }
}

static void
step_outage(struct bnc_sim *sim, struct bnc_sim_api *api)
{
    bnc_sim_api_down(api, true);
    (void)bnc_sim_run_for(sim, (int64_t)bnc_sim_below(sim, 40000));
    bnc_sim_api_down(api, false);
}

static const struct {
    const char *what;
    unsigned weight;
    void (*run)(struct bnc_sim *, struct bnc_sim_api *);
} steps[] = {
    {"namespace", 8, put_namespace}, {"observatory", 6, step_observatory},
    {"policy", 25, put_policy},      {"workload", 25, put_workload},
    {"service", 8, put_service},     {"secret", 8, put_secret},
    {"delete", 12, step_delete},     {"delete rare", 4, step_delete_rare},
    {"drift", 6, step_drift},        {"history", 3, step_history},
    {"outage", 1, step_outage},
};

void
universe_step(struct bnc_sim *sim, struct bnc_sim_api *api, char text[256])
{
    unsigned total = 0;
    for (size_t i = 0; i < BNC_LEN(steps); i++) {
        total += steps[i].weight;
    }
    unsigned at = (unsigned)bnc_sim_below(sim, total);
    for (size_t i = 0; i < BNC_LEN(steps); i++) {
        if (at < steps[i].weight) {
            (void)snprintf(text, 256, "%lld ms: %s", (long long)bnc_sim_now_ms(sim),
                           steps[i].what);
            steps[i].run(sim, api);
            return;
        }
        at -= steps[i].weight;
    }
}
