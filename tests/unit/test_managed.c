/* Which fields of an intent a manager owns, as managedFields tell it. */
#include "controller/publish.h"
#include "tests/unit/test.h"

#define OWNED                                                                            \
    "[{\"manager\":\"other\",\"operation\":\"Apply\",\"fieldsV1\":{}},"                  \
    "{\"manager\":\"binnacle\",\"operation\":\"Apply\",\"fieldsV1\":{"                   \
    "\"f:data\":{\"f:a.yml\":{},\"f:b \\\"q\\\"\":{}},"                                  \
    "\"f:metadata\":{\"f:labels\":{\"f:l\":{}},"                                         \
    "\"f:ownerReferences\":{\"k:{\\\"uid\\\":\\\"u-1\\\"}\":{}}}}}]"

static struct bnc_bytes
bytes(const char *text)
{
    return (struct bnc_bytes){text, strlen(text)};
}

TEST(covers)
{
    static const struct {
        const char *body; /* LONG stands for a long string */
        const char *manager;
        bool covered;
    } rows[] = {
        {"{\"data\":{\"a.yml\":\"x\"}}", "binnacle", true},
        {"{\"data\":{\"a.yml\":\"x\"}}", "other", false},
        {"{\"data\":{\"a.yml\":\"x\"}}", "nobody", false},
        {"{\"data\":{\"a.yml\":\"LONG\"}}", "binnacle", true},
        {"{\"data\":{\"a.yml\":\"LONG\",\"c\":\"\"}}", "binnacle", false},
        {"{\"data\":{\"a.yml\":\"\\\\LONG\\\\\\\"\",\"c\":\"\"}}", "binnacle", false},
        {"{\"data\":{\"a.yml\":\"\\\\LONG\\\\\\\"\",\"b \\\"q\\\"\":\"\\\\\"}}",
         "binnacle", true},
        {"{\"data\":{\"LONG\":\"\"}}", "binnacle", false},
        {"{\"binaryData\":{\"a.yml\":\"x\"}}", "binnacle", false},
        {"{\"metadata\":{\"labels\":{\"l\":\"LONG\"}}}", "binnacle", true},
        {"{\"metadata\":{\"annotations\":{\"l\":\"LONG\"}}}", "binnacle", false},
        {"{\"metadata\":{\"ownerReferences\":[{\"uid\":\"u-1\"}]}}", "binnacle", true},
        {"{\"metadata\":{\"ownerReferences\":[{\"uid\":\"u-2\"}]}}", "binnacle", false},
        {"{\"spec\":{\"x\":\"LONG\"}}", "binnacle", false},
        {"{\"data\":{\"a.yml\":\"x", "binnacle", false},
    };
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char text[2000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const char *at = strstr(rows[i].body, "LONG");
        const char *body =
            at == NULL ? rows[i].body
                       : bnc_arena_fmt(arena, "%.*s%s%s", (int)(at - rows[i].body),
                                       rows[i].body, text, at + 4);
        bnc_test_row(rows[i].body);
        CHECK_INT(bnc_managed_covers(bytes(OWNED), rows[i].manager, bytes(body)),
                  rows[i].covered);
    }
}

RUN_TESTS(covers)
