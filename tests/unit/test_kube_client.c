#include "kube/apply.h"
#include "kube/client.h"

#include "tests/unit/kube_fake.h"

#define CONFIG(user)                                                                     \
    "current-context: c\n"                                                               \
    "contexts: [{name: c, context: {cluster: k, user: u}}]\n"                            \
    "clusters: [{name: k, cluster: {server: 'https://h:1', certificate-authority: "      \
    "/ca}}]\n"                                                                           \
    "users: [{name: u, user: {" user "}}]\n"
#define PEM(x) "-----BEGIN " x
#define API    "client.authentication.k8s.io/v1"
#define CRED(x)                                                                          \
    "{\"apiVersion\":\"" API "\",\"kind\":\"ExecCredential\",\"status\":{" x "}}"
#define EXEC_USER "exec: {apiVersion: " API ", command: plug}"

#if defined(__x86_64__)
#define ARCH "amd64"
#else
#define ARCH "arm64"
#endif

enum { KUBECONFIG, CA, TOKEN };

struct told {
    size_t n;
    enum bnc_code code;
    int status;
    int64_t retry_after_ms;
    char message[BNC_ERROR_MAX];
    char body[100];
};

static void
on_result(void *arg, const struct bnc_kube_result *result)
{
    struct told *told = arg;
    told->n++;
    told->code = result->err.code;
    told->status = result->http_status;
    told->retry_after_ms = result->retry_after_ms;
    (void)snprintf(told->message, sizeof(told->message), "%s", result->err.message);
    (void)snprintf(told->body, sizeof(told->body), "%.*s", (int)result->body.len,
                   result->body.len == 0 ? "" : result->body.ptr);
}

static struct bnc_kube *
kube_new(struct fake *fake, const char *config_text)
{
    const struct bnc_kube_config_options options = {.kubeconfig = "/kc"};
    struct bnc_kube_config *config = NULL;
    struct bnc_kube *kube = NULL;
    struct bnc_error err = {0};

    fake->files[KUBECONFIG] = (struct fake_file){"/kc", config_text};
    fake->files[CA] = (struct fake_file){"/ca", PEM("CA")};
    fake->files[TOKEN] = (struct fake_file){"/tok", " first\n"};
    CHECK_INT(bnc_kube_config_load(&fake->base, &options, &config, &err), BNC_OK);
    CHECK_INT(bnc_kube_new(&fake->base, config, "1.2", &kube, &err), BNC_OK);
    return kube;
}

static struct bnc_kube_call *
get(struct bnc_kube *kube, struct told *told)
{
    const struct bnc_kube_request request = {
        .group = BNC_HTTP_UNARY, .method = "GET", .path = "/version"};
    return bnc_kube_start(kube, &request, on_result, told);
}

static void
end(struct fake *fake, struct bnc_kube *kube)
{
    bnc_kube_free(kube);
    bnc_world_free(&fake->base);
}

TEST(plain_request)
{
    struct fake *fake = fake_new();
    struct bnc_kube *kube =
        kube_new(fake, CONFIG("username: nick, password: p, as: boss"));
    struct told told = {0};

    (void)get(kube, &told);
    struct bnc_http_call *call = fake_next(fake, 0);
    CHECK_STR(call->url, "https://h:1/version");
    CHECK_INT(call->timeout_ms, 30000);
    CHECK_STR(call->headers, "Impersonate-User: boss\n"
                             "User-Agent: binnacle/1.2 (linux/" ARCH ")\n"
                             "Accept: application/json\n"
                             "Authorization: Basic bmljazpw\n");
    fake_answer(call, 200, "{}");
    CHECK_INT(told.n, 1);
    CHECK_STR(told.body, "{}");
    end(fake, kube);
}

TEST(refusal)
{
    struct fake *fake = fake_new();
    struct bnc_kube *kube = kube_new(fake, CONFIG("token: s3cret"));
    struct told told = {0};

    (void)get(kube, &told);
    struct bnc_http_call *call = fake_next(fake, 0);
    call->retry_after = "7";
    fake_answer(call, 429,
                "{\"kind\":\"Status\",\"reason\":\"Slow\",\"message\":\"no\"}");
    CHECK_INT(told.code, BNC_UNAVAILABLE);
    CHECK(told.retry_after_ms >= 7000 && told.retry_after_ms <= 8400); /* spread */
    CHECK_STR(told.message, "GET /version: 429 Slow: no");

    (void)get(kube, &told); /* the same token again is of no use: no replay */
    fake_answer(fake_next(fake, 0), 401, "");
    CHECK_INT(told.n, 2);
    CHECK_INT(told.code, BNC_DENIED);

    (void)get(kube, &told); /* the head of a refusal counts, whatever comes after */
    call = fake_next(fake, 0);
    fake_head(call, 403);
    call->status = 0;
    fake_end(call, BNC_UNAVAILABLE);
    CHECK_INT(told.code, BNC_DENIED);
    CHECK_INT(told.status, 403);

    (void)get(kube, &told);
    fake_end(fake_next(fake, 0), BNC_TIMEOUT);
    CHECK_INT(told.code, BNC_TIMEOUT);
    CHECK_INT(told.status, 0);
    CHECK(strstr(told.message, "s3cret") == NULL);
    end(fake, kube);
}

TEST(token_file)
{
    struct fake *fake = fake_new();
    struct bnc_kube *kube = kube_new(fake, CONFIG("tokenFile: /tok"));
    struct told told = {0};

    (void)get(kube, &told);
    struct bnc_http_call *call = fake_next(fake, 0);
    CHECK(strstr(call->headers, "Bearer first\n") != NULL);
    fake->files[TOKEN].text = "second"; /* rotated while the request is under way */
    fake_answer(call, 401, "");
    CHECK_INT(told.n, 0);
    call = fake_next(fake, 0);
    CHECK(strstr(call->headers, "Bearer second\n") != NULL);
    fake->files[TOKEN].text = "third";
    fake_answer(call, 401, ""); /* one replay, not more */
    CHECK_INT(told.n, 1);
    CHECK_INT(told.code, BNC_DENIED);

    fake->files[TOKEN].text = "fourth";
    fake_run(fake, 51000);
    (void)get(kube, &told);
    call = fake_next(fake, 0);
    CHECK(strstr(call->headers, "Bearer fourth\n") != NULL);
    fake_answer(call, 200, "");

    static const char *const bad[] = {NULL, "", "a b\r\nX: y", "\x01"};
    for (size_t i = 0; i < BNC_LEN(bad); i++) { /* the old one stays */
        fake->files[TOKEN].text = i == 2 ? "\xff" : bad[i];
        fake_run(fake, 51000);
        (void)get(kube, &told);
        call = fake_next(fake, 0);
        CHECK(strstr(call->headers, "Bearer fourth\n") != NULL);
        fake_answer(call, 200, "");
    }
    end(fake, kube);
}

TEST(program)
{
    struct fake *fake = fake_new();
    struct bnc_kube *kube = kube_new(fake, CONFIG(EXEC_USER));
    struct told told = {0};

    (void)get(kube, &told);
    (void)get(kube, &told);
    bnc_kube_cancel(get(kube, &told));
    CHECK(fake_next(fake, 0) == NULL);
    fake_child_ends(fake, 0,
                    CRED("\"token\":\"one\",\"expirationTimestamp\":"
                         "\"2023-11-14T23:13:20+01:00\"")); /* 0 s from now */
    for (int i = 0; i < 2; i++) {
        struct bnc_http_call *call = fake_next(fake, 0);
        CHECK(strstr(call->headers, "Bearer one\n") != NULL); /* fresh is good enough */
        fake_answer(call, 200, "");
    }
    CHECK_INT(told.n, 2);

    fake_run(fake, 6000); /* now it is too old */
    (void)get(kube, &told);
    CHECK(fake_next(fake, 0) == NULL);
    fake_child_ends(fake, 0, CRED("\"token\":\"two\""));
    struct bnc_http_call *call = fake_next(fake, 0);
    fake_answer(call, 401, ""); /* valid until refused */
    CHECK(fake_next(fake, 3000) == NULL);
    fake_child_ends(fake, 0, CRED("\"token\":\"three\""));
    call = fake_next(fake, 0);
    CHECK(strstr(call->headers, "Bearer three\n") != NULL);
    fake_answer(call, 200, "ok");
    CHECK_STR(told.body, "ok");
    end(fake, kube);
}

TEST(program_fails)
{
    static const struct {
        const char *name;
        int status;
        const char *output;
        const char *want;
    } rows[] = {
        {"exit status", 3, "s3cret", "exit status 3"},
        {"no JSON", 0, "s3cret", "no ExecCredential in JSON"},
        {"another kind", 0, "{}", "no ExecCredential of " API},
        {"nothing in it", 0, CRED(""), "neither token nor certificate"},
        {"certificate alone", 0, CRED("\"clientCertificateData\":\"s3cret\""),
         "clientCertificateData without clientKeyData"},
        {"header injection", 0, CRED("\"token\":\"s3cret\\r\\nX: y\""), "its token"},
        {"no time", 0, CRED("\"token\":\"s3cret\",\"expirationTimestamp\":\"soon\""),
         "expirationTimestamp"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct fake *fake = fake_new();
        struct bnc_kube *kube = kube_new(fake, CONFIG(EXEC_USER));
        struct told told = {0};

        bnc_test_row(rows[i].name);
        (void)get(kube, &told);
        (void)get(kube, &told);
        CHECK(fake_next(fake, 0) == NULL);
        fake_child_ends(fake, rows[i].status, rows[i].output);
        CHECK_INT(told.n, 2);
        CHECK(told.code != BNC_OK);
        if (strstr(told.message, rows[i].want) == NULL) {
            CHECK_STR(told.message, rows[i].want);
        }
        CHECK(strstr(told.message, "s3cret") == NULL);
        end(fake, kube);
    }
}

struct written {
    size_t n;
    enum bnc_code code;
    char version[20];
    char message[BNC_ERROR_MAX];
};

static void
on_written(void *arg, const struct bnc_written *w)
{
    struct written *written = arg;
    written->n++;
    written->code = w->err.code;
    (void)snprintf(written->version, sizeof(written->version), "%s", w->resource_version);
    (void)snprintf(written->message, sizeof(written->message), "%s", w->err.message);
}

TEST(writes)
{
    const struct bnc_kube_target secret = {BNC_KIND_SECRET, "n", "s", false};
    const struct bnc_kube_target policy = {BNC_KIND_SCRAPE_POLICY, "n", "p", false};
    const struct bnc_kube_target policy_status = {BNC_KIND_SCRAPE_POLICY, "n", "p", true};
    const struct bnc_kube_target nameless = {BNC_KIND_SECRET, "n", "", false};
    const struct bnc_kube_target telemetry = {BNC_KIND_TELEMETRY, "n", "t", false};
    const struct bnc_bytes body = {"{}", 2};
    struct fake *fake = fake_new();
    struct bnc_kube *kube = kube_new(fake, CONFIG(""));
    struct written told = {0};
    struct bnc_error err = {0};

    (void)bnc_kube_apply(kube, &policy_status, body, on_written, &told, &err);
    struct bnc_http_call *call = fake_next(fake, 0);
    CHECK_STR(call->method, "PATCH");
    CHECK_STR(call->url, "https://h:1/apis/binnacle.dev/v1alpha1/namespaces/n/"
                         "scrapepolicies/p/status?fieldManager=binnacle&force=true"
                         "&fieldValidation=Strict");
    CHECK(strstr(call->headers, "Content-Type: application/apply-patch+yaml\n") != NULL);
    CHECK(strstr(call->headers, "as=PartialObjectMetadata;") != NULL);
    CHECK_STR(call->body, "{}");
    CHECK(call->repeatable);
    fake_answer(call, 200, "{\"metadata\":{\"resourceVersion\":\"77\",\"uid\":\"u\"}}");
    CHECK_INT(told.code, BNC_OK);
    CHECK_STR(told.version, "77");

    (void)bnc_kube_apply(kube, &secret, body, on_written, &told, &err);
    fake_answer(fake_next(fake, 0), 422,
                "{\"kind\":\"Status\",\"reason\":\"Invalid\",\"message\":\"s3cret\"}");
    CHECK_INT(told.code, BNC_INVALID);
    CHECK(strstr(told.message, "s3cret") == NULL);

    (void)bnc_kube_apply(kube, &policy, body, on_written, &told, &err);
    fake_answer(fake_next(fake, 0), 500,
                "{\"kind\":\"Status\",\"message\":\"failed to create typed patch object "
                "(x): .y: field not declared in schema\"}");
    CHECK_INT(told.code, BNC_INVALID); /* it would never succeed */

    (void)bnc_kube_delete(kube, &secret, "u-1", on_written, &told, &err);
    call = fake_next(fake, 0);
    CHECK_STR(call->url, "https://h:1/api/v1/namespaces/n/secrets/s");
    CHECK_STR(call->body, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
                          "\"propagationPolicy\":\"Background\","
                          "\"preconditions\":{\"uid\":\"u-1\"}}");
    fake_answer(call, 409, "");
    CHECK_INT(told.code, BNC_CONFLICT);
    CHECK_INT(told.n, 4);

    (void)bnc_kube_delete(kube, &telemetry, NULL, on_written, &told, &err);
    fake_answer(fake_next(fake, 0), 404, "404 page not found\n");
    CHECK_INT(told.code, BNC_UNAVAILABLE); /* its kind is not served, it may be there */
    (void)bnc_kube_delete(kube, &telemetry, NULL, on_written, &told, &err);
    fake_answer(fake_next(fake, 0), 404,
                "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":"
                "\"telemetries.telemetry.istio.io \\\"t\\\" not found\"}");
    CHECK_INT(told.code, BNC_NOT_FOUND);

    CHECK(bnc_kube_delete(kube, &nameless, NULL, on_written, &told, &err) == NULL);
    CHECK_INT(err.code, BNC_INVALID); /* never to the collection */
    CHECK(fake_next(fake, 0) == NULL);
    end(fake, kube);
}

TEST(patches)
{
    static const struct {
        enum bnc_kind kind;
        const char *url;
        const char *type;
    } rows[] = {
        {BNC_KIND_CONFIG_MAP, "/api/v1/namespaces/n/configmaps/x",
         "application/strategic-merge-patch+json"},
        {BNC_KIND_DEPLOYMENT, "/apis/apps/v1/namespaces/n/deployments/x",
         "application/strategic-merge-patch+json"},
        {BNC_KIND_CRON_JOB, "/apis/batch/v1/namespaces/n/cronjobs/x",
         "application/strategic-merge-patch+json"},
        {BNC_KIND_TELEMETRY, "/apis/telemetry.istio.io/v1/namespaces/n/telemetries/x",
         "application/merge-patch+json"},
        {BNC_KIND_SCRAPE_POLICY,
         "/apis/binnacle.dev/v1alpha1/namespaces/n/scrapepolicies/x",
         "application/merge-patch+json"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const struct bnc_kube_target target = {rows[i].kind, "n", "x", false};
        struct fake *fake = fake_new();
        struct bnc_kube *kube = kube_new(fake, CONFIG(""));
        struct written told = {0};
        struct bnc_error err = {0};
        char text[300];

        bnc_test_row(rows[i].url);
        (void)bnc_kube_patch(kube, &target, (struct bnc_bytes){"{\"a\":1}", 7},
                             on_written, &told, &err);
        struct bnc_http_call *call = fake_next(fake, 0);
        CHECK_STR(call->method, "PATCH");
        (void)snprintf(text, sizeof(text),
                       "https://h:1%s?fieldManager=binnacle&fieldValidation=Strict",
                       rows[i].url);
        CHECK_STR(call->url, text);
        (void)snprintf(text, sizeof(text), "Content-Type: %s\n", rows[i].type);
        CHECK(strstr(call->headers, text) != NULL);
        CHECK_STR(call->body, "{\"a\":1}");
        CHECK(!call->repeatable);
        fake_answer(call, 200, "{\"metadata\":{\"resourceVersion\":\"7\"}}");
        CHECK_INT(told.code, BNC_OK);
        CHECK_STR(told.version, "7");
        (void)bnc_kube_patch(kube, &target, (struct bnc_bytes){"{}", 2}, on_written,
                             &told, &err);
        fake_answer(fake_next(fake, 0), 409, "");
        CHECK_INT(told.code, BNC_CONFLICT);
        (void)bnc_kube_patch(kube, &target, (struct bnc_bytes){"{}", 2}, on_written,
                             &told, &err);
        fake_answer(fake_next(fake, 0), 404, "");
        CHECK_INT(told.code, BNC_NOT_FOUND);
        end(fake, kube);
    }
}

RUN_TESTS(plain_request, refusal, token_file, program, program_fails, writes, patches)
