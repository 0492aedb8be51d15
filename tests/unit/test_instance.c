#include "sync/instance.h"

#include "tests/unit/kube_fake.h"

#define CONFIG                                                                           \
    "current-context: c\n"                                                               \
    "contexts: [{name: c, context: {cluster: k, user: u}}]\n"                            \
    "clusters: [{name: k, cluster: {server: 'http://h:1'}}]\n"                           \
    "users: [{name: u, user: {}}]\n"
#define HASH "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define DONE "{\"metadata\":{\"resourceVersion\":\"78\"}}"

struct rig {
    struct fake *fake;
    struct bnc_kube *kube;
    struct bnc_instance *instance;
    struct bnc_instance_state state;
};

static void
begin(struct rig *rig, const char *name)
{
    const struct bnc_kube_config_options options = {.kubeconfig = "/kc"};
    const struct bnc_instance_options self = {"mon", "main", name, 3, NULL};
    struct bnc_kube_config *config = NULL;
    struct bnc_error err = {0};

    *rig = (struct rig){.fake = fake_new()};
    rig->fake->files[0] = (struct fake_file){"/kc", CONFIG};
    CHECK_INT(bnc_kube_config_load(&rig->fake->base, &options, &config, &err), BNC_OK);
    CHECK_INT(bnc_kube_new(&rig->fake->base, config, "1.2", &rig->kube, &err), BNC_OK);
    rig->instance = bnc_instance_new(rig->kube, &self);
    rig->state = (struct bnc_instance_state){.hash = HASH,
                                             .loaded_wall_ms = 1700000000000,
                                             .reason = BNC_INSTANCE_LOADED,
                                             .targets_up = 5,
                                             .targets_down = -1};
}

static void
end(struct rig *rig)
{
    CHECK(fake_next(rig->fake, 0) == NULL); /* no write that no row expects */
    bnc_instance_free(rig->instance);
    bnc_kube_free(rig->kube);
    bnc_world_free(&rig->fake->base);
}

static void
report(struct rig *rig)
{
    bnc_instance_report(rig->instance, &rig->state);
}

/* The next write, which comes after `wait_ms` and no sooner. */
static struct bnc_http_call *
next_write(struct rig *rig, int64_t wait_ms)
{
    if (wait_ms > 0) {
        CHECK(fake_next(rig->fake, wait_ms - 1) == NULL);
    }
    struct bnc_http_call *call = fake_next(rig->fake, wait_ms > 0 ? 1 : 0);
    CHECK(call != NULL);
    return call;
}

static bool
says(const struct bnc_http_call *call, const char *part)
{
    return strstr(call->body, part) != NULL;
}

TEST(first_write)
{
    struct rig rig;
    begin(&rig, "prometheus-main-0");
    CHECK(fake_next(rig.fake, 100000) == NULL); /* nothing to say yet */
    report(&rig);
    struct bnc_http_call *call = next_write(&rig, 0);
    CHECK_STR(call->method, "PATCH");
    CHECK_STR(call->url,
              "http://h:1/apis/binnacle.dev/v1alpha1/namespaces/mon/observatories/main/"
              "status?fieldManager=binnacle-sync-prometheus-main-0&force=true"
              "&fieldValidation=Strict");
    CHECK(strstr(call->headers, "Content-Type: application/apply-patch+yaml\n") != NULL);
    CHECK_STR(call->body,
              "{\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":\"Observatory\","
              "\"metadata\":{\"name\":\"main\",\"namespace\":\"mon\"},\"status\":"
              "{\"prometheus\":{\"instances\":[{\"name\":\"prometheus-main-0\","
              "\"shard\":3,\"hash\":\"" HASH "\",\"loadedTime\":\"2023-11-14T22:13:20Z\","
              "\"reason\":\"Loaded\",\"time\":\"2023-11-14T22:15:00Z\","
              "\"targetsUp\":5}]}}}");
    fake_answer(call, 200, DONE);
    CHECK_INT(bnc_instance_trouble(rig.instance)->code, BNC_OK);
    end(&rig);
}

/* Without a difference only the heartbeat is written; numbers of targets are none. */
TEST(heartbeat)
{
    struct rig rig;
    begin(&rig, "p-0");
    report(&rig);
    fake_answer(next_write(&rig, 0), 200, DONE);
    fake_run(rig.fake, 10000);
    rig.state.targets_up = 7;
    rig.state.targets_down = 1;
    report(&rig);
    report(&rig);
    struct bnc_http_call *call = next_write(&rig, 50000);
    CHECK(says(call, "\"targetsUp\":7,\"targetsDown\":1"));
    CHECK(says(call, "\"time\":\"2023-11-14T22:14:20Z\""));
    fake_answer(call, 200, DONE);
    fake_answer(next_write(&rig, 60000), 200, DONE); /* without any report */
    end(&rig);
}

/* A difference is written at once, but at most once a second; what changes back in
   between is none. */
TEST(difference)
{
    struct rig rig;
    begin(&rig, "p-0");
    report(&rig);
    fake_answer(next_write(&rig, 0), 200, DONE);

    rig.state.reason = BNC_INSTANCE_LOADING;
    report(&rig);
    fake_run(rig.fake, 500);
    rig.state.reason = BNC_INSTANCE_LOADED;
    report(&rig);
    CHECK(fake_next(rig.fake, 5000) == NULL);

    rig.state.reason = BNC_INSTANCE_REFUSED;
    rig.state.message = "job \"a\": bad";
    report(&rig);
    struct bnc_http_call *call = next_write(&rig, 0);
    CHECK(says(call, "\"reason\":\"Refused\",\"message\":\"job \\\"a\\\": bad\""));
    fake_answer(call, 200, DONE);
    rig.state.message = "job \"b\": bad";
    report(&rig);
    call = next_write(&rig, 1000);
    CHECK(says(call, "job \\\"b\\\""));
    fake_answer(call, 200, DONE);
    end(&rig);
}

/* What is reported while a write is under way comes after it. */
TEST(one_at_a_time)
{
    struct rig rig;
    begin(&rig, "p-0");
    report(&rig);
    struct bnc_http_call *call = next_write(&rig, 0);
    rig.state.reason = BNC_INSTANCE_UNREACHABLE;
    report(&rig);
    rig.state.reason = BNC_INSTANCE_INCOMPLETE;
    report(&rig);
    CHECK(fake_next(rig.fake, 20000) == NULL);
    fake_answer(call, 200, DONE);
    call = next_write(&rig, 1000);
    CHECK(says(call, "\"reason\":\"Incomplete\""));
    fake_answer(call, 200, DONE);
    end(&rig);
}

TEST(failures)
{
    static const struct {
        const char *name;
        int status; /* 0: the connection breaks */
        const char *body;
        int64_t from_ms, to_ms; /* the next try */
    } rows[] = {
        {"busy", 503, "", 800, 1600},
        {"asked to wait", 429,
         "{\"kind\":\"Status\",\"details\":{\"retryAfterSeconds\":20}}", 20000, 24000},
        {"no answer", 0, "", 800, 1600},
        {"no such Observatory", 404, "", 800, 1600},
        {"forbidden", 403, "", 800, 1600},
        {"the CRD is older", 400, "", 60000, 60000},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct rig rig;
        bnc_test_row(rows[i].name);
        begin(&rig, "p-0");
        report(&rig);
        struct bnc_http_call *call = next_write(&rig, 0);
        if (rows[i].status == 0) {
            fake_end(call, BNC_UNAVAILABLE);
        } else {
            fake_answer(call, rows[i].status, rows[i].body);
        }
        CHECK(bnc_instance_trouble(rig.instance)->code != BNC_OK);
        report(&rig); /* does not hurry it */
        CHECK(fake_next(rig.fake, rows[i].from_ms - 1) == NULL);
        call = fake_next(rig.fake, rows[i].to_ms - rows[i].from_ms + 2);
        CHECK(call != NULL);
        fake_answer(call, 200, DONE);
        CHECK_INT(bnc_instance_trouble(rig.instance)->code, BNC_OK);
        end(&rig);
    }
}

/* An answer was lost: the server may have the newer entry, so the old one is written. */
TEST(lost_answer)
{
    struct rig rig;
    begin(&rig, "p-0");
    report(&rig);
    fake_answer(next_write(&rig, 0), 200, DONE);
    fake_run(rig.fake, 5000);
    rig.state.reason = BNC_INSTANCE_TAMPERED;
    report(&rig);
    fake_end(next_write(&rig, 0), BNC_UNAVAILABLE);
    rig.state.reason = BNC_INSTANCE_LOADED;
    report(&rig);
    struct bnc_http_call *call = fake_next(rig.fake, 2000);
    CHECK(call != NULL);
    CHECK(says(call, "\"reason\":\"Loaded\""));
    fake_answer(call, 200, DONE);
    end(&rig);
}

/* Waits grow, up to 10 s; it goes on for ever; what works once begins anew. */
TEST(backoff_grows)
{
    struct rig rig;
    begin(&rig, "p-0");
    report(&rig);
    int64_t last = 0;
    for (int i = 0; i < 20; i++) {
        struct bnc_http_call *call = fake_next(rig.fake, 10001);
        CHECK(call != NULL);
        CHECK(i < 5 || rig.fake->now_ms - last >= 5000);
        last = rig.fake->now_ms;
        fake_answer(call, 500, "");
    }
    fake_answer(fake_next(rig.fake, 10001), 200, DONE);
    rig.state.reason = BNC_INSTANCE_REFUSED;
    report(&rig);
    fake_answer(next_write(&rig, 1000), 500, "");
    struct bnc_http_call *call = fake_next(rig.fake, 1601); /* as after the first */
    CHECK(call != NULL);
    fake_answer(call, 200, DONE);
    end(&rig);
}

/* What was written is gone, or can be written now: soon, and once. */
TEST(again)
{
    struct rig rig;
    begin(&rig, "p-0");
    bnc_instance_again(rig.instance);
    CHECK(fake_next(rig.fake, 1000) == NULL); /* nothing to say yet */
    report(&rig);
    fake_answer(next_write(&rig, 0), 200, DONE);
    bnc_instance_again(rig.instance);
    struct bnc_http_call *call = next_write(&rig, 1000);
    bnc_instance_again(rig.instance); /* it may go to what is gone */
    fake_answer(call, 200, DONE);
    fake_answer(next_write(&rig, 1000), 422, ""); /* waits for a minute */
    fake_run(rig.fake, 5000);
    bnc_instance_again(rig.instance);
    fake_answer(next_write(&rig, 1000), 200, DONE);
    fake_answer(next_write(&rig, 60000), 200, DONE);
    end(&rig);
}

TEST(limits)
{
    static const char *const culprits[12] = {"j0", "j1", "j2", "j3", "j4",  "j5",
                                             "j6", "j7", "j8", "j9", "j10", "j11"};
    char name[254];
    char message[3000];
    struct rig rig;

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    memset(message, '\x01', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    begin(&rig, name);
    rig.state.message = message;
    rig.state.culprits = culprits;
    rig.state.n_culprits = BNC_LEN(culprits);
    rig.state.hash = NULL;
    rig.state.loaded_wall_ms = 0;
    report(&rig);
    struct bnc_http_call *call = next_write(&rig, 0);
    const char *manager = strstr(call->url, "fieldManager=") + strlen("fieldManager=");
    CHECK_INT(strcspn(manager, "&"), 128);
    CHECK(bnc_str_starts(manager, "binnacle-sync-nnn"));
    CHECK(says(call, name));
    CHECK(says(call, "\"j8\",\"j9\"]"));
    CHECK(!says(call, "\"hash\"") && !says(call, "loadedTime"));
    size_t n = 0;
    for (const char *at = call->body; (at = strstr(at, "\\u0001")) != NULL; at++) {
        n++;
    }
    CHECK_INT(n, BNC_INSTANCE_MESSAGE_MAX);
    fake_answer(call, 200, DONE);

    rig.state.n_culprits = 0;
    rig.state.message = "caf\xe9"; /* Latin-1 */
    report(&rig);
    call = next_write(&rig, 1000);
    CHECK(says(call, "\"message\":\"caf?\""));
    CHECK(!says(call, "culprits"));
    fake_answer(call, 200, DONE);
    end(&rig);
}

/* Two long names with the same beginning are two managers. */
TEST(long_names_differ)
{
    char seen[2][200];
    for (int i = 0; i < 2; i++) {
        char name[201];
        struct rig rig;
        memset(name, 'n', sizeof(name) - 1);
        name[199] = (char)('0' + i);
        name[200] = '\0';
        begin(&rig, name);
        report(&rig);
        struct bnc_http_call *call = next_write(&rig, 0);
        (void)snprintf(seen[i], sizeof(seen[i]), "%.180s", strstr(call->url, "fieldM"));
        fake_answer(call, 200, DONE);
        end(&rig);
    }
    CHECK(strcmp(seen[0], seen[1]) != 0);
}

TEST(freed_with_a_write_under_way)
{
    struct rig rig;
    begin(&rig, "p-0");
    report(&rig);
    struct bnc_http_call *call = next_write(&rig, 0);
    bnc_instance_free(rig.instance);
    rig.instance = NULL; /* freeing nothing is allowed */
    CHECK(!call->open);
    end(&rig);
}

/* An entry of another block has no shard, and its own manager. */
TEST(block)
{
    struct rig rig;
    begin(&rig, "p-0");
    const struct bnc_instance_options self = {
        .ns = "mon", .observatory = "main", .name = "g-0", .block = "grafana"};
    bnc_instance_free(rig.instance);
    rig.instance = bnc_instance_new(rig.kube, &self);
    rig.state.targets_up = -1;
    report(&rig);
    struct bnc_http_call *call = next_write(&rig, 0);
    CHECK(says(call, "\"status\":{\"grafana\":{\"instances\":[{\"name\":\"g-0\","
                     "\"hash\":"));
    CHECK(!says(call, "shard") && !says(call, "prometheus"));
    fake_answer(call, 200, DONE);
    end(&rig);
}

TEST(reasons)
{
    for (int i = 0; i < BNC_INSTANCE_REASON_COUNT; i++) {
        CHECK(bnc_instance_reason_name((enum bnc_instance_reason)i) != NULL);
    }
    CHECK_STR(bnc_instance_reason_name(BNC_INSTANCE_POOLS_MISSING), "PoolsMissing");
}

RUN_TESTS(first_write, heartbeat, difference, one_at_a_time, failures, lost_answer,
          backoff_grows, again, limits, long_names_differ, freed_with_a_write_under_way,
          block, reasons)
