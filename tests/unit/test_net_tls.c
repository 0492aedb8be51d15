/* A listener over TLS, and our own client before it. */
#include "tests/unit/test_net.h"

struct rig {
    struct bnc_world *world;
    struct bnc_listener *listener;
    char seen[200]; /* the header Authorization */
    int status;
    enum bnc_code code;
    char body[100];
};

static void
serve(void *arg, struct bnc_http_exchange *exchange, const struct bnc_http_query *query)
{
    struct rig *rig = arg;
    (void)snprintf(rig->seen, sizeof(rig->seen), "%s",
                   query->authorization == NULL ? "none" : query->authorization);
    bnc_http_answer(exchange, 200, "text/plain", test_bytes("hello"));
}

static void
on_data(void *arg, struct bnc_http_call *call, const char *bytes, size_t n)
{
    struct rig *rig = arg;
    BNC_UNUSED(call);
    size_t have = strlen(rig->body);
    (void)snprintf(rig->body + have, sizeof(rig->body) - have, "%.*s", (int)n, bytes);
}

static void
on_done(void *arg, struct bnc_http_call *call, int status, const struct bnc_error *err)
{
    struct rig *rig = arg;
    BNC_UNUSED(call);
    rig->status = status;
    rig->code = err->code;
    bnc_world_stop(rig->world);
}

static void
rig_start(struct rig *rig)
{
    struct bnc_error err = {0};
    *rig = (struct rig){.world = test_world_new()};
    CHECK_INT(bnc_listen(rig->world, "127.0.0.1:0", 20, serve, rig, &rig->listener, &err),
              BNC_OK);
}

static void
rig_end(struct rig *rig)
{
    bnc_listener_free(rig->listener);
    bnc_world_free(rig->world);
}

static void
get(struct rig *rig, const char *scheme, bool insecure, const char *header)
{
    static const struct bnc_http_client_ops ops = {NULL, on_data, on_done};
    const struct bnc_tls_client tls = {.insecure = insecure};
    const char *const headers[] = {header, NULL};
    char url[64];
    (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%d/x", scheme,
                   bnc_listener_port(rig->listener));
    rig->status = 0;
    rig->body[0] = rig->seen[0] = '\0';
    (void)bnc_http_start(rig->world,
                         &(struct bnc_http_request){.group = BNC_HTTP_UNARY,
                                                    .method = "GET",
                                                    .url = url,
                                                    .headers = headers,
                                                    .tls = &tls,
                                                    .timeout_ms = GUARD_MS / 2,
                                                    .max_bytes = 1000},
                         &ops, rig);
    test_run(rig->world);
}

TEST(a_certificate_of_its_own)
{
    struct rig rig;
    struct bnc_error err = {0};
    rig_start(&rig);
    CHECK_INT(bnc_listener_tls(rig.listener, NULL, NULL, &err), BNC_OK);
    get(&rig, "https", true, "Authorization: Bearer t");
    CHECK_INT(rig.status, 200);
    CHECK_STR(rig.body, "hello");
    CHECK_STR(rig.seen, "Bearer t");
    bnc_test_row("the header is not kept on the connection");
    get(&rig, "https", true, NULL);
    CHECK_INT(rig.status, 200);
    CHECK_STR(rig.seen, "none");
    bnc_test_row("nobody vouches for it");
    bnc_http_drop_connections(rig.world);
    get(&rig, "https", false, NULL);
    CHECK_INT(rig.status, 0);
    CHECK(rig.code != BNC_OK);
    bnc_test_row("plain HTTP is not answered");
    get(&rig, "http", true, NULL);
    CHECK_INT(rig.status, 0);
    CHECK(rig.code != BNC_OK);
    bnc_test_row("and does no harm");
    get(&rig, "https", true, NULL);
    CHECK_INT(rig.status, 200);
    rig_end(&rig);
}

TEST(what_is_of_no_use_changes_nothing)
{
    static const struct {
        const char *name;
        const char *cert;
        const char *key;
    } rows[] = {
        {"empty", "", ""},
        {"text", "a certificate", "a key"},
        {"half", "-----BEGIN CERTIFICATE-----\nMIIB", "-----BEGIN PRIVATE KEY-----\n"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct rig rig;
        struct bnc_error err = {0};
        bnc_test_row(rows[i].name);
        rig_start(&rig);
        CHECK_INT(bnc_listener_tls(rig.listener, NULL, NULL, &err), BNC_OK);
        CHECK_INT(bnc_listener_tls(rig.listener, rows[i].cert, rows[i].key, &err),
                  BNC_INVALID);
        CHECK(strstr(err.message, "certificate: ") != NULL);
        get(&rig, "https", true, NULL);
        CHECK_INT(rig.status, 200);
        rig_end(&rig);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_of_its_own),
        cmocka_unit_test(what_is_of_no_use_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
