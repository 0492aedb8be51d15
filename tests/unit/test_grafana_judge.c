/*
 * What differs between a datasource as it is wished and as Grafana shows it, and what is
 * sent.
 */
#include "controller/grafana_judge.h"
#include "tests/unit/test.h"

static cJSON *
parsed(struct bnc_arena *arena, const char *text)
{
    struct bnc_error err = {0};
    cJSON *out = NULL;

    CHECK_INT(bnc_json_parse(arena, text, strlen(text), &out, &err), BNC_OK);
    return out;
}

TEST(diff)
{
    static const struct {
        const char *name;
        const char *body;
        const char *live;
        bool whole;
        const char *want;
    } rows[] = {
        {"the same", "{\"a\":1}", "{\"a\":1}", true, ""},
        {"more than ours", "{\"jsonData\":{\"a\":1}}",
         "{\"jsonData\":{\"a\":1,\"b\":2},\"c\":3}", true, ""},
        {"a text", "{\"url\":\"http://b\"}", "{\"url\":\"http://a\"}", true,
         "url: \"http://a\" -> \"http://b\""},
        {"not there", "{\"url\":\"x\"}", "{}", true, "url: nothing -> \"x\""},
        {"not there, and nothing", "{\"a\":false,\"b\":\"\",\"c\":null,\"d\":{},\"e\":0}",
         "{}", true, ""},
        {"off, and it is on", "{\"isDefault\":false}", "{\"isDefault\":true}", true,
         "isDefault: true -> false"},
        {"deep", "{\"jsonData\":{\"a\":{\"b\":[1,2]}}}",
         "{\"jsonData\":{\"a\":{\"b\":[2,1]}}}", true, "jsonData.a.b: [2,1] -> [1,2]"},
        {"an object that is none", "{\"jsonData\":{\"a\":{\"b\":1}}}",
         "{\"jsonData\":{\"a\":7}}", true, "jsonData.a: 7 -> {\"b\":1}"},
        {"a password", "{\"url\":\"http://b\"}", "{\"url\":\"http://me:pw@a\"}", true,
         "url: (not shown: it may have a password) -> \"http://b\""},
        {"not in a list", "{\"basicAuthUser\":\"a\",\"withCredentials\":true}", "{}",
         false, ""},
        {"in a whole one", "{\"basicAuthUser\":\"a\",\"withCredentials\":true}", "{}",
         true, "basicAuthUser: nothing -> \"a\"; withCredentials: nothing -> true"},
        {"five, and more", "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1}",
         "{}", true,
         "a: nothing -> 1; b: nothing -> 1; c: nothing -> 1; d: nothing -> 1; e: nothing "
         "-> 1; …"},
        {"six", "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1}", "{}", true,
         "a: nothing -> 1; b: nothing -> 1; c: nothing -> 1; d: nothing -> 1; e: nothing "
         "-> 1; …"},
        {"long",
         "{\"a\":\"1234567890123456789012345678901234567890123456789012345678901234567890"
         "1234567890\"}",
         "{\"a\":\"x\"}", true,
         "a: \"x\" -> "
         "\"1234567890123456789012345678901234567890123456789012345678901234567"
         "890123456789…"},
        {"a long list",
         "{\"a\":[11111111,2222222,3333333,4444444,5555555,6666666,7777777,8888888,"
         "9999999,"
         "1010101,1111111]}",
         "{\"a\":[1]}", true, "a: [1] -> (11 items)"},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_str out = bnc_str_new(arena, 10000);
        bnc_test_row(rows[i].name);
        bnc_gapi_diff(parsed(arena, rows[i].body), parsed(arena, rows[i].live),
                      rows[i].whole, &out);
        CHECK_STR(out.len == 0 ? "" : out.ptr, rows[i].want);
    }
}

TEST(body)
{
    static const struct {
        const char *name;
        enum bnc_gapi_kind kind;
        const char *body;
        const char *want; /* or the error */
    } rows[] = {
        {"sorted, with ours", BNC_GAPI_DATASOURCE,
         "{\"url\":\"u\",\"type\":\"t\",\"uid\":\"other\",\"name\":\"other\"}",
         "{\"access\":\"proxy\",\"name\":\"N\",\"type\":\"t\",\"uid\":\"u1\",\"url\":"
         "\"u\"}"},
        {"no secrets, no mark, no version", BNC_GAPI_DATASOURCE,
         "{\"access\":\"direct\",\"secureJsonData\":{\"p\":\"x\"},\"version\":4,\"id\":1,"
         "\"readOnly\":true,\"jsonData\":{\"binnacle\":{\"owner\":\"x\"}}}",
         "{\"access\":\"direct\",\"jsonData\":{},\"name\":\"N\",\"uid\":\"u1\"}"},
        {"jsonData that is none", BNC_GAPI_DATASOURCE, "{\"jsonData\":[]}",
         "jsonData is no JSON object"},
        {"a list", BNC_GAPI_DASHBOARD, "[]", "the body is no JSON object"},
        {"nothing", BNC_GAPI_DATASOURCE, "", "the body of shop/x: the text is empty"},
        {"a dashboard", BNC_GAPI_DASHBOARD,
         "{\"id\":3,\"version\":9,\"title\":\"T\",\"tags\":[\"binnacle\",\"b\"]}",
         "{\"tags\":[\"binnacle\",\"b\"],\"title\":\"N\",\"uid\":\"u1\"}"},
        {"a dashboard without tags", BNC_GAPI_DASHBOARD, "{\"tags\":null}",
         "{\"tags\":[\"binnacle\"],\"title\":\"N\",\"uid\":\"u1\"}"},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const struct bnc_gapi_item item = {.kind = rows[i].kind,
                                           .uid = "u1",
                                           .name = "N",
                                           .owner = "shop/x",
                                           .body = {rows[i].body, strlen(rows[i].body)}};
        struct bnc_bytes out = {0};
        struct bnc_error err = {0};
        char hash[BNC_GAPI_HASH] = "";
        bnc_test_row(rows[i].name);
        enum bnc_code code = bnc_gapi_body(&item, arena, &out, hash, &err);
        CHECK_STR(code == BNC_OK ? out.ptr : err.message, rows[i].want);
        CHECK_INT(strlen(hash), code == BNC_OK ? 16 : 0);
    }
}

TEST(text)
{
    static const struct bnc_gapi_secret secrets[] = {{"password", {"p\"\n\1", 4}},
                                                     {"empty", {"", 0}}};
    static const char *const old[] = {"password", "gone", NULL};
    const char body[] = "{\"jsonData\":{\"a\":1},\"name\":\"N\"}";
    struct bnc_gapi_item item = {.body = {body, sizeof(body) - 1}};
    struct bnc_gapi_write write = {
        .item = &item, .hash = "0123", .owner = "mon/main", .old = old};
    struct bnc_error err = {0};
    struct bnc_str out;

    CHECK_INT(bnc_gapi_text(&write, &out, &err), BNC_OK);
    CHECK_STR(out.ptr,
              "{\"secureJsonData\":{\"password\":\"\",\"gone\":\"\"},"
              "\"jsonData\":{\"a\":1,\"binnacle\":{\"owner\":\"mon/main\",\"hash\":"
              "\"0123\",\"version\":1}},\"name\":\"N\"}");
    bnc_gapi_wipe(&out);

    item.secrets = secrets;
    item.n_secrets = 2;
    item.secret_version = "u:5";
    write.version = 6;
    CHECK_INT(bnc_gapi_text(&write, &out, &err), BNC_OK);
    CHECK_STR(
        out.ptr,
        "{\"secureJsonData\":{\"password\":\"p\\\"\\n\\u0001\",\"empty\":\"\",\"gone\":"
        "\"\"},"
        "\"jsonData\":{\"a\":1,\"binnacle\":{\"owner\":\"mon/main\",\"hash\":\"0123\","
        "\"version\":7,\"secrets\":\"u:5\",\"keys\":[\"password\",\"empty\"]}},\"name\":"
        "\"N\","
        "\"version\":6}");
    bnc_gapi_wipe(&out);

    static const struct bnc_gapi_secret bad[] = {{"nul", {"a\0b", 3}}};
    item.secrets = bad;
    item.n_secrets = 1;
    CHECK_INT(bnc_gapi_text(&write, &out, &err), BNC_INVALID);
    CHECK_STR(err.message, "the secret for nul is no text");
}

TEST(secrets_that_are_not_there)
{
    static const struct bnc_gapi_secret secrets[] = {
        {"a", {"1", 1}}, {"b", {"2", 1}}, {"empty", {"", 0}}};
    const struct bnc_gapi_item item = {.secrets = secrets, .n_secrets = 3};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str out = bnc_str_new(arena, 1000);

    bnc_gapi_diff_secrets(&item, parsed(arena, "{\"secureJsonFields\":{\"b\":true}}"),
                          &out);
    CHECK_STR(out.ptr, "secureJsonData.a: is not set -> set");
}

RUN_TESTS(diff, body, text, secrets_that_are_not_there)
