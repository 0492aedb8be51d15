#include "sync/grafana_proof.h"

#include "tests/unit/test.h"

#define ONE   "  - {name: One, uid: one, url: 'http://a', secureJsonData: {p: s3cret}}\n"
#define TWO   "  - {name: Two, uid: two, orgId: 2}\n"
#define THREE "  - {name: Three, uid: three}\n"
#define FOUR  "  - {name: Four, uid: four}\n"
#define FIVE  "  - {name: Five, uid: five}\n"
#define HEAD  "apiVersion: 1\ndatasources:\n"

static struct bnc_arena *arena;

static struct bnc_gsync_list
list_of(const char *text)
{
    struct bnc_gsync_list list = {0};
    struct bnc_error err = {0};
    CHECK_INT(
        bnc_gsync_list_read((struct bnc_bytes){text, strlen(text)}, arena, &list, &err),
        BNC_OK);
    return list;
}

TEST(missing)
{
    static const struct {
        const char *name;
        const char *file;
        int org;
        const char *answer;
        const char *want;
    } rows[] = {
        {"all there", HEAD ONE TWO, 1, "[{\"uid\":\"x\"},{\"uid\":\"one\"}]", NULL},
        {"another organization's", HEAD ONE TWO, 2, "[{\"uid\":\"one\"}]", "Two"},
        {"one is not", HEAD ONE THREE, 1, "[{\"uid\":\"three\"}]", "One"},
        {"many", HEAD ONE THREE FOUR FIVE, 1, "[]", "One, Three, Four, ..."},
        {"by uid, not name", HEAD ONE, 1, "[{\"uid\":\"o\",\"name\":\"One\"}]", "One"},
        {"none is asked for", HEAD, 1, "[]", NULL},
        {"no file", "", 1, "[]", NULL},
    };
    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_error err = {0};
        cJSON *answer = NULL;
        bnc_test_row(rows[i].name);
        CHECK_INT(
            bnc_json_parse(arena, rows[i].answer, strlen(rows[i].answer), &answer, &err),
            BNC_OK);
        const struct bnc_gsync_list list = list_of(rows[i].file);
        CHECK_STR(bnc_gsync_list_missing(&list, rows[i].org, answer, arena),
                  rows[i].want);
    }
    bnc_arena_free(arena);
}

TEST(organizations)
{
    arena = bnc_arena_new();
    const struct bnc_gsync_list list = list_of(HEAD ONE TWO THREE);
    CHECK_INT(list.n, 3);
    CHECK_INT(list.n_orgs, 2);
    CHECK_INT(list.orgs[0], 1);
    CHECK_INT(list.orgs[1], 2);
    bnc_arena_free(arena);
}

TEST(changed)
{
    arena = bnc_arena_new();
    const struct bnc_gsync_list before = list_of(HEAD ONE TWO);
    const struct bnc_gsync_list rotated = list_of(
        HEAD
        "  - {name: One, uid: one, url: 'http://a', secureJsonData: {p: x}}\n" THREE TWO);
    CHECK_STR(bnc_gsync_list_changed(&before, &before, arena), NULL);
    CHECK_STR(bnc_gsync_list_changed(&before, &rotated, arena), "One, Three");
    const struct bnc_gsync_list fewer = list_of(HEAD TWO);
    CHECK_STR(bnc_gsync_list_changed(&before, &fewer, arena), NULL);
    bnc_arena_free(arena);
}

/* What is wrong with the text is not told: a password may stand there. */
TEST(no_document)
{
    static const char text[] = "datasources: [{name: s3cret\n";
    struct bnc_gsync_list list;
    struct bnc_error err = {0};
    arena = bnc_arena_new();
    CHECK_INT(
        bnc_gsync_list_read((struct bnc_bytes){text, strlen(text)}, arena, &list, &err),
        BNC_INVALID);
    CHECK(strstr(err.message, "s3cret") == NULL);
    bnc_arena_free(arena);
}

RUN_TESTS(missing, organizations, changed, no_document)
