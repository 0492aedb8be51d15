#include "controller/endpoints_health.h"
#include "tests/unit/test.h"

static const struct {
    const char *name;
    const char *path;
    const char *query;
    const char *caches; /* failures */
    const char *lease;
    int status;
    const char *want;
} rows[] = {
    {"all well", "/readyz", "", NULL, NULL, 200, "ok"},
    {"with a slash", "/readyz/", "", NULL, NULL, 200, "ok"},
    {"verbose", "/readyz", "verbose", NULL, NULL, 200,
     "[+]caches ok\n[+]lease ok\nreadyz check passed\n"},
    {"verbose among others", "/readyz", "a=b&verbose=1", NULL, NULL, 200,
     "[+]caches ok\n[+]lease ok\nreadyz check passed\n"},
    {"another key that begins so", "/readyz", "verbosely", NULL, NULL, 200, "ok"},
    {"one fails", "/readyz", "", "services have not been listed yet", NULL, 500,
     "[-]caches failed: services have not been listed yet\n[+]lease ok\n"
     "readyz check failed\n"},
    {"it is excluded", "/readyz", "exclude=caches", "why", NULL, 200, "ok"},
    {"excluded and verbose", "/readyz", "verbose&exclude=caches", "why", NULL, 200,
     "[+]caches excluded: ok\n[+]lease ok\nreadyz check passed\n"},
    {"another is excluded", "/readyz", "exclude=lease", "why", NULL, 500,
     "[-]caches failed: why\n[+]lease excluded: ok\nreadyz check failed\n"},
    {"both are excluded", "/readyz", "exclude=lease&exclude=caches", "a", "b", 200, "ok"},
    {"half a name excludes nothing", "/readyz", "exclude=cache", "why", NULL, 500,
     "[-]caches failed: why\n[+]lease ok\nreadyz check failed\n"},
    {"one by name", "/readyz/lease", "", "why", NULL, 200, "ok"},
    {"one by name fails", "/readyz/caches", "", "why", NULL, 500,
     "[-]caches failed: why\nreadyz check failed\n"},
    {"one by name cannot be excluded", "/readyz/caches", "exclude=caches", "why", NULL,
     500, "[-]caches failed: why\nreadyz check failed\n"},
    {"no such check", "/readyz/nothing", "verbose", NULL, NULL, 404,
     "readyz has no check of that name\n"},
};

TEST(answers)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_checks checks = {.endpoint = "readyz"};
        struct bnc_str out = bnc_str_new(NULL, 1000);
        bnc_test_row(rows[i].name);
        bnc_checks_add(&checks, "caches", rows[i].caches);
        bnc_checks_add(&checks, "lease", rows[i].lease);
        CHECK_INT(bnc_checks_answer(&checks,
                                    &(struct bnc_checks_ask){rows[i].path, rows[i].query},
                                    &out),
                  rows[i].status);
        CHECK_STR(out.ptr, rows[i].want);
        bnc_str_free(&out);
    }
}

TEST(silent_watches)
{
    static const struct {
        const char *name;
        struct bnc_source_watch watch;
        const char *want;
    } watches[] = {
        {"heard of", {.kind = BNC_KIND_SERVICE, .silent_ms = 60000}, NULL},
        {"just not too long", {.kind = BNC_KIND_SERVICE, .silent_ms = 900000}, NULL},
        {"too long",
         {.kind = BNC_KIND_SERVICE, .silent_ms = 900001},
         "nothing heard of services for 15 min"},
        {"one object",
         {.kind = BNC_KIND_SECRET, .ns = "shop", .name = "key", .silent_ms = 900001},
         "nothing heard of secrets in shop/key for 15 min"},
        {"it fails, and is tried again",
         {.kind = BNC_KIND_SERVICE, .error = "403", .silent_ms = 9000000},
         NULL},
        {"never heard of yet", {.kind = BNC_KIND_SERVICE, .silent_ms = -1}, NULL},
    };
    for (size_t i = 0; i < BNC_LEN(watches); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_source_watch watch = watches[i].watch;
        bnc_test_row(watches[i].name);
        watch.ns = watch.ns == NULL ? "" : watch.ns;
        watch.name = watch.name == NULL ? "" : watch.name;
        watch.error = watch.error == NULL ? "" : watch.error;
        CHECK_STR(bnc_check_watch(&watch, arena), watches[i].want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers),
                                       cmocka_unit_test(silent_watches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
