/* Who may read /metrics: what the API server is asked, and how long an answer holds. */
#include "controller/endpoints_auth.h"
#include "tests/unit/kube_fake.h"

struct rig {
    struct fake *fake;
    struct bnc_kube *kube;
    struct bnc_gate *gate;
    int status;
    unsigned answers;
};

#define USER                                                                             \
    "{\"status\":{\"authenticated\":true,\"user\":{\"username\":\"prom\",\"uid\":\"7\"," \
    "\"groups\":[\"g\"]}}}"
#define NOBODY  "{\"status\":{\"authenticated\":false}}"
#define ALLOWED "{\"status\":{\"allowed\":true}}"
#define DENIED  "{\"status\":{\"allowed\":false}}"

static void
on_verdict(void *arg, int status, const char *why)
{
    struct rig *rig = arg;
    BNC_UNUSED(why);
    rig->status = status;
    rig->answers++;
}

static struct bnc_kube *
kube_new(struct fake *fake)
{
    static const char config_text[] =
        "current-context: c\n"
        "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
        "clusters: [{name: k, cluster: {server: 'https://h:1'}}]\n"
        "users: [{name: u, user: {token: own}}]\n";
    const struct bnc_kube_config_options options = {.kubeconfig = "/kc"};
    struct bnc_kube_config *config = NULL;
    struct bnc_kube *kube = NULL;
    struct bnc_error err = {0};

    fake->files[0] = (struct fake_file){"/kc", config_text};
    CHECK_INT(bnc_kube_config_load(&fake->base, &options, &config, &err), BNC_OK);
    CHECK_INT(bnc_kube_new(&fake->base, config, "1", &kube, &err), BNC_OK);
    return kube;
}

static struct rig *
rig_new(void)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    rig->fake = fake_new();
    rig->kube = kube_new(rig->fake);
    rig->gate = bnc_gate_new(rig->kube);
    return rig;
}

static void
rig_free(struct rig *rig)
{
    bnc_gate_free(rig->gate);
    bnc_kube_free(rig->kube);
    fake_free(&rig->fake->base);
    free(rig);
}

static void
ask(struct rig *rig, const char *authorization, const char *path)
{
    rig->status = 0;
    bnc_gate_ask(rig->gate, &(struct bnc_gate_ask){authorization, "get", path},
                 on_verdict, rig);
}

/* The next request to the API server; its URL ends so. */
static void
review(struct rig *rig, const char *ending, int status, const char *body)
{
    struct bnc_http_call *call = fake_next(rig->fake, 0);
    CHECK(call != NULL);
    CHECK_STR(call->method, "POST");
    CHECK(bnc_str_ends(call->url, ending));
    fake_answer(call, status, body);
}

static bool
asks(struct rig *rig)
{
    return fake_next(rig->fake, 0) != NULL;
}

TEST(verdicts)
{
    static const struct {
        const char *name;
        const char *authorization;
        int token_status; /* 0: nobody is asked */
        const char *token;
        int access_status; /* 0: nobody is asked */
        const char *access;
        int want;
    } rows[] = {
        {"allowed", "Bearer t", 201, USER, 201, ALLOWED, 200},
        {"in other letters", "bEARER t", 201, USER, 201, ALLOWED, 200},
        {"denied", "Bearer t", 201, USER, 201, DENIED, 403},
        {"allowed and denied", "Bearer t", 201, USER, 201,
         "{\"status\":{\"allowed\":true,\"denied\":true}}", 403},
        {"nobody", "Bearer t", 201, NOBODY, 0, NULL, 401},
        {"no header", NULL, 0, NULL, 0, NULL, 401},
        {"another scheme", "Basic dTpw", 0, NULL, 0, NULL, 401},
        {"no token", "Bearer ", 0, NULL, 0, NULL, 401},
        {"reviews are forbidden", "Bearer t", 403, "{}", 0, NULL, 500},
        {"the review fails", "Bearer t", 500, "{}", 0, NULL, 500},
        {"no JSON", "Bearer t", 201, "<html>", 0, NULL, 500},
        {"no status", "Bearer t", 201, "{}", 0, NULL, 500},
        {"the second review fails", "Bearer t", 201, USER, 500, "{}", 500},
        {"the second has no status", "Bearer t", 201, USER, 201, "[]", 500},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct rig *rig = rig_new();
        bnc_test_row(rows[i].name);
        ask(rig, rows[i].authorization, "/metrics");
        if (rows[i].token_status != 0) {
            CHECK_INT(rig->answers, 0);
            review(rig, "/tokenreviews", rows[i].token_status, rows[i].token);
        }
        if (rows[i].access_status != 0) {
            CHECK_INT(rig->answers, 0);
            review(rig, "/subjectaccessreviews", rows[i].access_status, rows[i].access);
        }
        CHECK_INT(rig->answers, 1);
        CHECK_INT(rig->status, rows[i].want);
        rig_free(rig);
    }
}

TEST(what_is_asked)
{
    struct rig *rig = rig_new();
    ask(rig, "Bearer se\"cret", "/metrics");
    struct bnc_http_call *call = fake_next(rig->fake, 0);
    CHECK(strstr(call->body, "\"spec\":{\"token\":\"se\\\"cret\"}") != NULL);
    fake_answer(call, 201, USER);
    call = fake_next(rig->fake, 0);
    CHECK(strstr(call->body,
                 "\"spec\":{\"user\":\"prom\",\"uid\":\"7\",\"groups\":[\"g\"],"
                 "\"nonResourceAttributes\":{\"path\":\"/metrics\","
                 "\"verb\":\"get\"}}}") != NULL);
    CHECK(strstr(call->body, "cret") == NULL);
    fake_answer(call, 201, ALLOWED);
    CHECK_INT(rig->status, 200);
    rig_free(rig);
}

TEST(answers_hold_for_a_while)
{
    struct rig *rig = rig_new();
    ask(rig, "Bearer t", "/metrics");
    review(rig, "/tokenreviews", 201, USER);
    review(rig, "/subjectaccessreviews", 201, ALLOWED);
    fake_run(rig->fake, BNC_GATE_USER_MS - 1);
    ask(rig, "Bearer t", "/metrics");
    CHECK_INT(rig->status, 200);
    CHECK(!asks(rig));
    bnc_test_row("another path is another question");
    ask(rig, "Bearer t", "/debug/state");
    review(rig, "/subjectaccessreviews", 201, DENIED);
    CHECK_INT(rig->status, 403);
    bnc_test_row("the token first, then what it may");
    fake_run(rig->fake, 1);
    ask(rig, "Bearer t", "/metrics");
    review(rig, "/tokenreviews", 201, USER);
    CHECK_INT(rig->status, 200);
    bnc_test_row("what is denied is forgotten sooner");
    fake_run(rig->fake, BNC_GATE_DENY_MS - 1);
    ask(rig, "Bearer t", "/debug/state");
    review(rig, "/subjectaccessreviews", 201, ALLOWED);
    CHECK_INT(rig->status, 200);
    bnc_test_row("a token that is valid no more");
    fake_run(rig->fake, BNC_GATE_USER_MS);
    ask(rig, "Bearer t", "/metrics");
    review(rig, "/tokenreviews", 201, NOBODY);
    CHECK_INT(rig->status, 401);
    ask(rig, "Bearer t", "/metrics");
    CHECK_INT(rig->status, 401);
    CHECK(!asks(rig));
    rig_free(rig);
}

TEST(an_error_is_not_kept)
{
    struct rig *rig = rig_new();
    ask(rig, "Bearer t", "/metrics");
    review(rig, "/tokenreviews", 500, "{}");
    CHECK_INT(rig->status, 500);
    CHECK_INT(bnc_gate_kept(rig->gate), 0);
    ask(rig, "Bearer t", "/metrics");
    review(rig, "/tokenreviews", 201, NOBODY);
    CHECK_INT(rig->status, 401);
    rig_free(rig);
}

TEST(bounded)
{
    struct rig *rig = rig_new();
    char token[32];
    for (size_t i = 0; i < BNC_GATE_ASKED; i++) {
        (void)snprintf(token, sizeof(token), "Bearer %zu", i);
        ask(rig, token, "/metrics");
    }
    CHECK_INT(rig->answers, 0);
    ask(rig, "Bearer more", "/metrics");
    CHECK_INT(rig->status, 503);
    unsigned answers = rig->answers;
    bnc_gate_free(rig->gate); /* those that wait are answered */
    CHECK_INT(rig->answers, answers + BNC_GATE_ASKED);
    CHECK_INT(rig->status, 503);
    rig->gate = bnc_gate_new(rig->kube);
    rig_free(rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(what_is_asked),
        cmocka_unit_test(answers_hold_for_a_while),
        cmocka_unit_test(an_error_is_not_kept),
        cmocka_unit_test(bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
