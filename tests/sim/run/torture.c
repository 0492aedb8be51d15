/* The n-th operation fails, for all n. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/run/life.h"
#include "tests/sim/run/run.h"

#define AGAIN_MS   10000  /* until somebody starts it again */
#define BETWEEN_MS 4000   /* from change to change */
#define END_MS     400000 /* then all is as if nothing had failed */
#define STEPS      7

static void
policy(struct bnc_sim_api *api, const char *name, const char *endpoint)
{
    char json[1024];
    (void)snprintf(json, sizeof(json),
                   "{\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":\"ScrapePolicy\","
                   "\"metadata\":{\"name\":\"%s\",\"namespace\":\"shop\"},\"spec\":{"
                   "\"selector\":{\"matchLabels\":{\"app\":\"%s\"}},\"endpoints\":[%s]}}",
                   name, name, endpoint);
    (void)bnc_sim_api_put(api, json);
}

static void
secret(struct bnc_sim_api *api, const char *password)
{
    char json[512];
    (void)snprintf(
        json, sizeof(json),
        "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"cred\","
        "\"namespace\":\"shop\"},\"data\":{\"u\":\"YWRtaW4=\",\"p\":\"%s\"}}",
        password);
    (void)bnc_sim_api_put(api, json);
}

static void
create(struct bnc_sim_api *api)
{
    (void)bnc_sim_api_put(api, "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
                               "\"metadata\":{\"name\":\"shop\"}}");
    (void)bnc_sim_api_put(
        api,
        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"far\"}}");
    secret(api, "czNjcjN0");
    policy(api, "web",
           "{\"port\":\"http\",\"basicAuth\":{\"username\":{\"name\":\"cred\",\"key\":"
           "\"u\"},\"password\":{\"name\":\"cred\",\"key\":\"p\"}}}");
    policy(api, "api", "{\"port\":8080}");
    (void)bnc_sim_api_put(
        api,
        "{\"apiVersion\":\"apps/"
        "v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"db\","
        "\"namespace\":\"shop\"},\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"db\"}"
        "},"
        "\"template\":{\"metadata\":{\"labels\":{\"app\":\"db\"},\"annotations\":{"
        "\"prometheus.io/scrape\":\"true\",\"prometheus.io/port\":\"9090\"}},\"spec\":{"
        "\"containers\":[{\"name\":\"app\"}]}}}}");
    (void)bnc_sim_api_put(
        api,
        "{\"apiVersion\":\"binnacle.dev/"
        "v1alpha1\",\"kind\":\"Observatory\",\"metadata\":{"
        "\"name\":\"main\",\"namespace\":\"shop\"},\"spec\":{\"prometheus\":{\"layout\":"
        "\"Files\",\"output\":{\"namespace\":\"far\",\"name\":\"out\"}}}}");
}

/* What users do, one after the other. */
static void
step(struct bnc_sim *sim, struct bnc_sim_api *api, int i)
{
    switch (i) {
    case 1:
        policy(api, "api", "{\"port\":8081,\"path\":\"/m\"}");
        break;
    case 2:
        secret(api, "b3RoZXI=");
        break;
    case 3:
        bnc_sim_rotate_token(sim, api, "token-2");
        bnc_sim_api_end_watches(api);
        break;
    case 4:
        (void)bnc_sim_api_delete(api, "Deployment", "shop", "db");
        break;
    case 5:
        bnc_sim_api_compact(api);
        bnc_sim_api_end_watches(api);
        break;
    case 6:
        policy(api, "api",
               "{\"port\":\"http\",\"metricRelabelings\":[{\"regex\":\"(\"}]}");
        break;
    default:
        break;
    }
}

struct torture {
    struct bnc_sim *sim;
    struct bnc_sim_api *api;
    struct product product;
    bool runs;
};

static bool
settled(void *arg)
{
    const struct torture *t = arg;
    return bnc_controller_settled(t->product.controller);
}

static void
pass(struct torture *t, int64_t ms)
{
    struct bnc_error err = {0};
    while (!t->runs && !product_try(&t->product, t->sim, &err)) {
        product_stop(&t->product);
        (void)bnc_sim_run_for(t->sim, AGAIN_MS);
    }
    t->runs = true;
    (void)bnc_sim_run_for(t->sim, ms);
}

static void
live(struct torture *t, uint64_t n)
{
    t->sim = bnc_sim_new(1);
    t->api = bnc_sim_api_new(t->sim);
    bnc_sim_in_cluster(t->sim);
    bnc_sim_api_watch_list(t->api, true);
    create(t->api);
    bnc_sim_fail_nth(t->sim, n);
    for (int i = 0; i < STEPS; i++) {
        step(t->sim, t->api, i);
        pass(t, BETWEEN_MS);
    }
}

static void
end(struct torture *t)
{
    product_stop(&t->product);
    bnc_sim_api_free(t->api);
    bnc_sim_free(t->sim);
}

uint64_t
torture_count(void)
{
    struct torture t = {.runs = false};
    live(&t, 0);
    uint64_t n = bnc_sim_operations(t.sim);
    end(&t);
    return n;
}

static const char *
judge(const struct torture *t, struct bnc_arena *arena)
{
    const char *what = judge_incremental(&t->product, 1, arena);
    what = what != NULL ? what : judge_published(&t->product, t->api, arena);
    what = what != NULL ? what : judge_statuses(t->api, arena);
    return what != NULL ? what : judge_collected(t->api, arena);
}

bool
torture_run(const struct life_options *options, uint64_t n, struct bnc_str *report)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct torture t = {.runs = false};
    BNC_UNUSED(options);
    live(&t, n);
    (void)bnc_sim_run_for(t.sim, END_MS);
    bool calm = bnc_sim_run_until(t.sim, settled, &t, END_MS);
    const char *what = calm ? judge(&t, arena) : "it never settles";
    if (what == NULL && bnc_sim_api_get(t.api, "Secret", "far", "out") == NULL) {
        what = "nothing is published";
    }
    if (what != NULL) {
        bnc_str_fmt(report, "operation %llu fails: %s\n", (unsigned long long)n, what);
    }
    end(&t);
    return what == NULL;
}
