#include "kube/backoff.h"
#include "kube/status.h"
#include "kube/url.h"
#include "lib/base64.h"

#include "tests/unit/kube_fake.h"

TEST(paths)
{
    static const struct {
        const char *name;
        enum bnc_kind kind;
        const char *ns, *object, *sub;
        const char *want; /* NULL: refused */
    } rows[] = {
        {"core, all", BNC_KIND_POD, NULL, NULL, NULL, "/api/v1/pods"},
        {"core, one", BNC_KIND_SECRET, "n", "s", NULL, "/api/v1/namespaces/n/secrets/s"},
        {"group, status", BNC_KIND_SCRAPE_POLICY, "n", "p", "status",
         "/apis/binnacle.dev/v1alpha1/namespaces/n/scrapepolicies/p/status"},
        {"cluster-scoped", BNC_KIND_NAMESPACE, "", "n", NULL, "/api/v1/namespaces/n"},
        {"encoded", BNC_KIND_SECRET, "n", "a b?#&", NULL,
         "/api/v1/namespaces/n/secrets/a%20b%3F%23%26"},
        {"two dots", BNC_KIND_SECRET, "n", "..", NULL, NULL},
        {"slash", BNC_KIND_SECRET, "n", "a/b", NULL, NULL},
        {"percent", BNC_KIND_SECRET, "n%2F", "a", NULL, NULL},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_str path = bnc_str_new(arena, BNC_URL_MAX);
        struct bnc_error err = {0};

        bnc_test_row(rows[i].name);
        enum bnc_code code = bnc_url_path(&path, bnc_kind_info(rows[i].kind), rows[i].ns,
                                          rows[i].object, rows[i].sub, &err);
        CHECK_INT(code, rows[i].want == NULL ? BNC_INVALID : BNC_OK);
        if (rows[i].want != NULL) {
            CHECK_STR(path.ptr, rows[i].want);
        }
    }
}

TEST(queries)
{
    const struct bnc_url_pair pairs[] = {
        {"a", "x=1&y"}, {"left-out", NULL}, {"b", "+ü"}, {NULL, NULL}};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str query = bnc_str_new(arena, BNC_URL_MAX);

    bnc_url_query(&query, pairs);
    CHECK_STR(query.ptr, "?a=x%3D1%26y&b=%2B%C3%BC");
}

TEST(base64)
{
    static const struct {
        const char *name;
        const char *base64;
        const char *text; /* NULL: refused */
    } rows[] = {
        {"nothing", "", ""},
        {"one byte", "YQ==", "a"},
        {"two bytes", "YWI=", "ab"},
        {"three bytes", "YWJj", "abc"},
        {"with line ends", "YW\nJj\r\nZA==\n", "abcd"},
        {"no padding", "YQ", NULL},
        {"after the padding", "YQ==YQ==", NULL},
        {"padding only", "====", NULL},
        {"another alphabet", "YW_-", NULL},
        {"NUL inside", "YQBi", NULL},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_str back = bnc_str_new(arena, 100);

        bnc_test_row(rows[i].name);
        CHECK_STR(bnc_base64_to_text(arena, rows[i].base64), rows[i].text);
        if (rows[i].text != NULL && strpbrk(rows[i].base64, "\n") == NULL) {
            bnc_str_puts(&back, "");
            bnc_base64_add(&back, (struct bnc_bytes){rows[i].text, strlen(rows[i].text)});
            CHECK_STR(back.ptr, rows[i].base64);
        }
    }
}

TEST(statuses)
{
    static const struct {
        const char *name;
        const char *json;
        const char *reason;
        int64_t retry_after_ms;
        bool too_large;
    } rows[] = {
        {"empty", "", "", 0, false},
        {"no Status", "{\"kind\":\"Pod\",\"reason\":\"x\"}", "", 0, false},
        {"html", "<html>", "", 0, false},
        {"retry",
         "{\"kind\":\"Status\",\"reason\":\"TooManyRequests\",\"details\":"
         "{\"retryAfterSeconds\":7}}",
         "TooManyRequests", 7000, false},
        {"absurd retry",
         "{\"kind\":\"Status\",\"details\":"
         "{\"retryAfterSeconds\":9000000000000000}}",
         "", 3600000, false},
        {"too large",
         "{\"kind\":\"Status\",\"reason\":\"Timeout\",\"details\":"
         "{\"causes\":[{\"reason\":\"ResourceVersionTooLarge\"}]}}",
         "Timeout", 0, true},
        {"too large, old",
         "{\"kind\":\"Status\",\"message\":"
         "\"Too large resource version: 9\"}",
         "", 0, true},
        {"of wrong types",
         "{\"kind\":\"Status\",\"reason\":5,\"details\":[],"
         "\"code\":\"x\",\"message\":{}}",
         "", 0, false},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_kube_status status;

        bnc_test_row(rows[i].name);
        bnc_kube_status_read((struct bnc_bytes){rows[i].json, strlen(rows[i].json)},
                             &status);
        CHECK_STR(status.reason, rows[i].reason);
        CHECK_INT(status.retry_after_ms, rows[i].retry_after_ms);
        CHECK_INT(status.too_large, rows[i].too_large);
    }
}

/* A long message is cut between two characters, and never has control characters. */
TEST(status_message)
{
    struct bnc_str json = bnc_str_new(NULL, 10000);
    struct bnc_kube_status status;

    bnc_str_puts(&json, "{\"kind\":\"Status\",\"message\":\"a\\u001b\\n");
    for (int i = 0; i < 300; i++) {
        bnc_str_puts(&json, "ü");
    }
    bnc_str_puts(&json, "\"}");
    bnc_kube_status_read((struct bnc_bytes){json.ptr, json.len}, &status);
    CHECK(bnc_str_starts(status.message, "a  ü"));
    CHECK(bnc_utf8_valid(status.message, strlen(status.message)));
    CHECK(strlen(status.message) >= BNC_STATUS_MESSAGE_MAX - 2);
    bnc_str_free(&json);
}

TEST(codes)
{
    static const struct {
        int status;
        enum bnc_code code;
    } rows[] = {
        {200, BNC_OK},          {201, BNC_OK},          {301, BNC_INTERNAL},
        {400, BNC_INVALID},     {401, BNC_DENIED},      {403, BNC_DENIED},
        {404, BNC_NOT_FOUND},   {409, BNC_CONFLICT},    {410, BNC_GONE},
        {422, BNC_INVALID},     {429, BNC_UNAVAILABLE}, {500, BNC_UNAVAILABLE},
        {503, BNC_UNAVAILABLE}, {504, BNC_TIMEOUT},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        CHECK_INT(bnc_kube_status_code(rows[i].status), rows[i].code);
    }
}

TEST(waits)
{
    struct fake *fake = fake_new();

    for (int round = 0; round < 200; round++) {
        struct bnc_backoff backoff = {0};
        int64_t low = 800;
        for (int i = 0; i < 10; i++) {
            int64_t wait = bnc_backoff_next(&backoff, &fake->base, false, 0);
            CHECK(wait >= low && wait <= 2 * low);
            low = low * 4 > 10000 ? 5000 : low * 2;
        }
        int64_t first = bnc_backoff_next(&backoff, &fake->base, true, 0);
        CHECK(first >= 800 && first <= 1600); /* another kind of failure */
        for (int i = 0; i < 10; i++) {
            CHECK(bnc_backoff_next(&backoff, &fake->base, true, 0) <= 5000);
        }
        CHECK_INT(bnc_backoff_next(&backoff, &fake->base, true, 20000), 20000);
        int64_t asked = bnc_backoff_asked(&fake->base, 20000);
        CHECK(asked >= 20000 && asked <= 24000);
        asked = bnc_backoff_asked(&fake->base, 4000000);
        CHECK(asked >= 60000 && asked <= 72000);
        CHECK_INT(bnc_backoff_asked(&fake->base, 0), 0);
    }
    bnc_world_free(&fake->base);
}

RUN_TESTS(paths, queries, base64, statuses, status_message, codes, waits)
