/* What instances report, against what is published: status rows, condition out. */
#include "controller/loaded.h"
#include "lib/json.h"
#include "tests/unit/test.h"

/* Now is 2027-01-15T08:00:00Z. */
#define NOW_MS ((int64_t)1800000000 * 1000)
#define FRESH  "2027-01-15T07:59:30Z"
#define OLDER  "2027-01-15T07:58:00Z"
#define EDGE   "2027-01-15T07:55:00Z" /* five minutes: it does not count */
#define INSIDE "2027-01-15T07:55:01Z"

#define H0 "sha256:aa"
#define H1 "sha256:bb"

/* An entry of the list; `more` begins with a comma or is empty. */
#define ENTRY(name, shard, hash, time, reason, more)                                     \
    "{\"name\":\"" name "\",\"shard\":" #shard ",\"hash\":\"" hash "\",\"time\":\"" time \
    "\",\"reason\":\"" reason "\"" more "}"
#define LOADED(name, shard, hash) ENTRY(name, shard, hash, FRESH, "Loaded", "")
#define LIST(...)                 "{\"prometheus\":{\"instances\":[" __VA_ARGS__ "]}}"
#define COUNTS(up, down)          ",\"targetsUp\":" #up ",\"targetsDown\":" #down
#define SINCE(time)               ",\"loadedTime\":\"" time "\""

#define NOBODY      "no binnacle sync reports what runs; see docs/sync.md for how to have one"
#define PROVED_1    "1 instance runs it, each proved through the running server"
#define PROVED_2    "2 instances run it, each proved through the running server"
#define PROVED_4    "4 instances run it, each proved through the running server"
#define BLOCK_ZERO  "{\"targetsUp\":0,\"targetsDown\":0}"
#define BLOCK_H0    "{\"hash\":\"" H0 "\",\"targetsUp\":0,\"targetsDown\":0}"
#define EXPIRES(ms) (NOW_MS - (ms) + BNC_INSTANCE_FRESH_MS)

static const struct bnc_desired one_root[] = {
    {.role = BNC_ROLE_PART, .shard = 0, .hash = "sha256:part"},
    {.role = BNC_ROLE_ROOT, .shard = 0, .hash = H0},
    {.role = BNC_ROLE_ASSETS, .shard = 0, .hash = "sha256:assets"}};
static const struct bnc_desired two_roots[] = {
    {.role = BNC_ROLE_ROOT, .shard = 0, .hash = H0},
    {.role = BNC_ROLE_ROOT, .shard = 1, .hash = H1}};

/* ---- one Observatory ------------------------------------------------------------ */

static const struct {
    const char *name;
    const char *live; /* the status; "": none */
    const char *status;
    const char *reason;
    const char *message;
    const char *block; /* NULL: none */
    bool done;
    bool failed;
    int64_t expires_ms;
    bool sharded;
} rows[] = {
    {"no status at all", "", "Unknown", "NoInstance", NOBODY, NULL, false, false, 0,
     false},
    {"no instances", LIST(""), "Unknown", "NoInstance", NOBODY, NULL, false, false, 0,
     false},
    {"loaded", LIST(LOADED("a", 0, H0)), "True", "Loaded", PROVED_1, BLOCK_H0, true,
     false, EXPIRES(30000), false},
    {"loading", LIST(ENTRY("a", 0, H1, FRESH, "Loading", "")), "Unknown", "Loading",
     "0 of 1 instances run it; a does not yet", BLOCK_ZERO, false, false, EXPIRES(30000),
     false},
    {"loading says so itself, though the hash is right",
     LIST(ENTRY("a", 0, H0, FRESH, "Loading", "")), "Unknown", "Loading",
     "0 of 1 instances run it; a does not yet", BLOCK_ZERO, false, false, EXPIRES(30000),
     false},
    {"loaded is another hash", LIST(LOADED("a", 0, H1)), "Unknown", "Loading",
     "0 of 1 instances run it; a does not yet", BLOCK_ZERO, false, false, EXPIRES(30000),
     false},
    {"no hash", LIST("{\"name\":\"a\",\"time\":\"" FRESH "\",\"reason\":\"Loaded\"}"),
     "Unknown", "Loading", "0 of 1 instances run it; a does not yet", BLOCK_ZERO, false,
     false, EXPIRES(30000), false},
    {"refused",
     LIST(ENTRY("a", 0, H1, FRESH, "Refused", ",\"message\":\"line 3: no such field\"")),
     "False", "Refused", "a: line 3: no such field", BLOCK_ZERO, false, true,
     EXPIRES(30000), false},
    {"a refusal is said before what failed earlier, the counts are of all",
     LIST(ENTRY("a", 0, H0, FRESH, "Loaded", COUNTS(3, 1)) "," ENTRY(
         "b", 0, H1, FRESH, "Tampered",
         ",\"message\":\"x\"") "," ENTRY("c", 0, H1, FRESH, "Refused",
                                         ",\"message\":\"y\"")),
     "False", "Refused", "c: y", "{\"targetsUp\":3,\"targetsDown\":1}", false, true,
     EXPIRES(30000), false},

    {"stale does not count", LIST(ENTRY("a", 0, H0, EDGE, "Loaded", COUNTS(9, 9))),
     "Unknown", "NoInstance", NOBODY, NULL, false, false, 0, false},
    {"a second before it is stale", LIST(ENTRY("a", 0, H0, INSIDE, "Loaded", "")), "True",
     "Loaded", PROVED_1, BLOCK_H0, true, false, NOW_MS + 1000, false},
    {"a stale failure is over",
     LIST(ENTRY("a", 0, H1, EDGE, "Refused", ",\"message\":\"old\"") "," LOADED("b", 0,
                                                                                H0)),
     "True", "Loaded", PROVED_1, BLOCK_H0, true, false, EXPIRES(30000), false},
    {"one dead for long does not hold up the others",
     LIST(
         ENTRY("a", 0, H1, "2027-01-14T08:00:00Z", "Loading", "") "," LOADED("b", 0, H0)),
     "True", "Loaded", PROVED_1, BLOCK_H0, true, false, EXPIRES(30000), false},
    {"the first to expire counts",
     LIST(LOADED("a", 0, H0) "," ENTRY("b", 0, H0, OLDER, "Loaded", "")), "True",
     "Loaded", PROVED_2, BLOCK_H0, true, false, EXPIRES(120000), false},

    {"replicas scrape the same: most of each",
     LIST(ENTRY("a", 0, H0, FRESH, "Loaded",
                COUNTS(5, 1)) "," ENTRY("b", 0, H0, FRESH, "Loaded", COUNTS(4, 2))),
     "True", "Loaded", PROVED_2,
     "{\"hash\":\"" H0 "\",\"targetsUp\":5,\"targetsDown\":2}", true, false,
     EXPIRES(30000), false},
    {"one of two replicas",
     LIST(LOADED("a", 0, H0) "," ENTRY("b", 0, H1, FRESH, "Loading", "")), "Unknown",
     "Loading", "1 of 2 instances run it; b does not yet", BLOCK_ZERO, false, false,
     EXPIRES(30000), false},
    {"the time is that of the last",
     LIST(ENTRY("a", 0, H0, FRESH, "Loaded", SINCE(OLDER)) "," ENTRY(
         "b", 0, H0, FRESH, "Loaded",
         SINCE(FRESH)) "," ENTRY("c", 0, H0, FRESH, "Loaded",
                                 SINCE(EDGE)) "," LOADED("d", 0, H0)),
     "True", "Loaded", PROVED_4,
     "{\"hash\":\"" H0 "\",\"time\":\"" FRESH "\",\"targetsUp\":0,\"targetsDown\":0}",
     true, false, EXPIRES(30000), false},

    {"shards add up, replicas do not",
     LIST(ENTRY("a", 0, H0, FRESH, "Loaded", COUNTS(5, 1)) "," ENTRY(
         "b", 0, H0, FRESH, "Loaded",
         COUNTS(6, 0)) "," ENTRY("c", 1, H1, FRESH, "Loaded",
                                 COUNTS(10, 0)) "," ENTRY("d", 1, H1, FRESH, "Loaded",
                                                          COUNTS(9, 2))),
     "True", "Loaded", PROVED_4,
     "{\"hash\":\"" H0 "\",\"targetsUp\":16,\"targetsDown\":3}", true, false,
     EXPIRES(30000), true},
    {"the hash of another shard", LIST(LOADED("a", 0, H0) "," LOADED("b", 1, H0)),
     "Unknown", "Loading", "1 of 2 instances run it; b does not yet", BLOCK_ZERO, false,
     false, EXPIRES(30000), true},
    {"a shard that is no more",
     LIST(LOADED("a", 0, H0) "," ENTRY("b", 1, H1, FRESH, "Loaded", COUNTS(7, 7))),
     "Unknown", "Loading", "1 of 2 instances run it; b does not yet", BLOCK_ZERO, false,
     false, EXPIRES(30000), false},
    {"a shard below all", LIST(ENTRY("a", -1, H0, FRESH, "Loaded", COUNTS(7, 7))),
     "Unknown", "Loading", "0 of 1 instances run it; a does not yet", BLOCK_ZERO, false,
     false, EXPIRES(30000), false},
    {"a shard above all",
     LIST(ENTRY("a", 9007199254740992, H0, FRESH, "Loaded", COUNTS(7, 7))), "Unknown",
     "Loading", "0 of 1 instances run it; a does not yet", BLOCK_ZERO, false, false,
     EXPIRES(30000), false},

    {"not JSON", "{\"prometheus\":", "Unknown", "NoInstance", NOBODY, NULL, false, false,
     0, false},
    {"instances is no list", "{\"prometheus\":{\"instances\":7}}", "Unknown",
     "NoInstance", NOBODY, NULL, false, false, 0, false},
    {"entries are no objects", LIST("1,\"a\",null,[]"), "Unknown", "NoInstance", NOBODY,
     NULL, false, false, 0, false},
    {"values of other types beside a good one",
     LIST("{\"name\":1,\"shard\":\"x\",\"hash\":2,\"time\":3,\"reason\":4}," LOADED(
         "b", 0, H0)),
     "True", "Loaded", PROVED_1, BLOCK_H0, true, false, EXPIRES(30000), false},
    {"no time", LIST("{\"name\":\"a\",\"hash\":\"" H0 "\",\"reason\":\"Loaded\"}"),
     "Unknown", "NoInstance", NOBODY, NULL, false, false, 0, false},
    {"a time with a zone",
     LIST(ENTRY("a", 0, H0, "2027-01-15T09:59:30+02", "Loaded", "")), "Unknown",
     "NoInstance", NOBODY, NULL, false, false, 0, false},
    {"a time with a fraction",
     LIST(ENTRY("a", 0, H0, "2027-01-15T07:59:30.5Z", "Loaded", "")), "Unknown",
     "NoInstance", NOBODY, NULL, false, false, 0, false},
    {"no time but of its length",
     LIST(ENTRY("a", 0, H0, "2027-01-15 07:59:30Z", "Loaded", "")), "Unknown",
     "NoInstance", NOBODY, NULL, false, false, 0, false},
};

static void
read_row(struct bnc_arena *arena, const char *live, bool sharded, struct bnc_loaded *out)
{
    const struct bnc_object object = {
        .ns = "monitoring", .name = "main", .status = {live, strlen(live)}};
    const struct bnc_result result = {.object = &object,
                                      .desired = sharded ? two_roots : one_root,
                                      .n_desired = sharded ? BNC_LEN(two_roots)
                                                           : BNC_LEN(one_root)};
    bnc_loaded_read(&result, NOW_MS, arena, out);
}

TEST(loaded_reads)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_loaded out;
        struct bnc_str block = bnc_str_new(arena, 4096);

        bnc_test_row(rows[i].name);
        read_row(arena, rows[i].live, rows[i].sharded, &out);
        CHECK_STR(out.condition.type, "Loaded");
        CHECK_STR(out.condition.status, rows[i].status);
        CHECK_STR(out.condition.reason, rows[i].reason);
        CHECK_STR(out.condition.message, rows[i].message);
        CHECK_INT(out.done, rows[i].done);
        CHECK_INT(out.failed, rows[i].failed);
        CHECK_INT(out.expires_ms, rows[i].expires_ms);
        if (out.block != NULL) {
            bnc_json_print(out.block, &block);
        }
        CHECK_STR(out.block == NULL ? NULL : block.ptr, rows[i].block);
    }
}

/* A message of any length is cut, so that the status can be written. */
TEST(loaded_cuts_messages)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str live = bnc_str_new(arena, 16384);
    struct bnc_loaded out;

    bnc_test_row("4 096 bytes");
    bnc_str_puts(&live,
                 "{\"prometheus\":{\"instances\":[{\"name\":\"a\",\"time\":\"" FRESH
                 "\",\"reason\":\"Refused\",\"message\":\"");
    for (size_t i = 0; i < 4096; i++) {
        bnc_str_putc(&live, 'x');
    }
    bnc_str_puts(&live, "\"}]}}");
    read_row(arena, live.ptr, false, &out);
    CHECK_INT(strlen(out.condition.message), 3 + 900);
}

/* ---- whose job it is ------------------------------------------------------------ */

static struct bnc_verdict verdicts[3];
static struct bnc_unit units[] = {
    {.job_name = "annotations/shop", .verdict = SIZE_MAX},
    {.job_name = "scrapePolicy/shop/api/http", .verdict = 0},
    {.job_name = "scrapePolicy/shop/web/http", .verdict = 1},
    {.job_name = "scrapePolicy/shop/web/http/2", .verdict = 1},
    {.job_name = "scrapePolicy/shop/zoo/http", .verdict = 2},
    {.section = BNC_SECTION_RULES, .job_name = "a/rules/of", .verdict = 0},
    {.section = BNC_SECTION_RULES, .job_name = "shop/web/slo", .verdict = 1}};
static const struct bnc_plan plan = {.verdicts = verdicts,
                                     .n_verdicts = BNC_LEN(verdicts),
                                     .units = units,
                                     .n_units = BNC_LEN(units)};

#define REFUSED(name, time, jobs)                                                        \
    ENTRY(name, 0, H1, time, "Refused", ",\"culprits\":[" jobs "]")

static const struct {
    const char *name;
    const char *live;
    const char *blamed; /* a digit for each verdict */
    bool planless;
} culprits[] = {
    {"nobody", LIST(REFUSED("a", FRESH, "")), "000", false},
    {"the first job", LIST(REFUSED("a", FRESH, "\"scrapePolicy/shop/api/http\"")), "100",
     false},
    {"the last job", LIST(REFUSED("a", FRESH, "\"scrapePolicy/shop/zoo/http\"")), "001",
     false},
    {"two jobs of one policy",
     LIST(REFUSED("a", FRESH,
                  "\"scrapePolicy/shop/web/http\",\"scrapePolicy/shop/web/http/2\"")),
     "010", false},
    {"instances blame different ones",
     LIST(REFUSED("a", FRESH, "\"scrapePolicy/shop/api/http\"") "," REFUSED(
         "b", FRESH, "\"scrapePolicy/shop/web/http/2\"")),
     "110", false},
    {"a job of no policy", LIST(REFUSED("a", FRESH, "\"annotations/shop\"")), "000",
     false},
    {"a rule group", LIST(REFUSED("a", FRESH, "\"shop/web/slo\"")), "010", false},
    {"the first one, and a job",
     LIST(REFUSED("a", FRESH, "\"a/rules/of\",\"scrapePolicy/shop/zoo/http\"")), "101",
     false},
    {"a job that is no more, or other things",
     LIST(REFUSED("a", FRESH, "\"scrapePolicy/shop/web/htt\",7,null,\"zzz\",\"\"")),
     "000", false},
    {"stale", LIST(REFUSED("a", EDGE, "\"scrapePolicy/shop/api/http\"")), "000", false},
    {"loaded: what it says does not count",
     LIST(ENTRY("a", 0, H0, FRESH, "Loaded",
                ",\"culprits\":[\"scrapePolicy/shop/api/http\"]")),
     "000", false},
    {"rejected: no plan", LIST(REFUSED("a", FRESH, "\"scrapePolicy/shop/api/http\"")),
     "000", true},
};

TEST(loaded_blames)
{
    for (size_t i = 0; i < BNC_LEN(culprits); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const char *live = culprits[i].live;
        const struct bnc_object object = {.status = {live, strlen(live)}};
        const struct bnc_result result = {.object = &object,
                                          .plan = culprits[i].planless ? NULL : &plan,
                                          .desired = one_root,
                                          .n_desired = BNC_LEN(one_root)};
        struct bnc_loaded out;
        char got[BNC_LEN(verdicts) + 1] = {0};

        bnc_test_row(culprits[i].name);
        bnc_loaded_read(&result, NOW_MS, arena, &out);
        for (size_t k = 0; k < BNC_LEN(verdicts); k++) {
            got[k] = bnc_loaded_blame(&out, &result, &verdicts[k]) != NULL ? '1' : '0';
        }
        CHECK_STR(got, culprits[i].blamed);
    }
}

RUN_TESTS(loaded_reads, loaded_cuts_messages, loaded_blames)
