/* Patches of other people's objects: one at a time, again after a failure, no fight. */
#include "controller/edges.h"
#include "controller/patches.h"
#include "tests/unit/kube_fake.h"

#define OWNER  "mon/main"
#define OTHER  "mon/other"
#define SET_10 "{\"metadata\":{\"annotations\":{\"was\":\"a\"}},\"spec\":{\"is\":10}}"
#define SET_20 "{\"metadata\":{\"annotations\":{\"was\":\"a\"}},\"spec\":{\"is\":20}}"
#define TEXT_A "{\"metadata\":{},\"data\":{\"mesh\":\"a\"}}"
#define TEXT_B "{\"metadata\":{},\"data\":{\"mesh\":\"b\"}}"

static const struct bnc_held pilot = {BNC_KIND_DEPLOYMENT, "mesh", "pilot"};
static const struct bnc_held other = {BNC_KIND_DEPLOYMENT, "mesh", "other"};
static const struct bnc_held config = {BNC_KIND_CONFIG_MAP, "mesh", "istio"};

/* What is asked for now is asked for again whenever the patcher comes back. */
struct rig {
    struct bnc_source source; /* first */
    struct fake *fake;
    struct bnc_cache *cache;
    struct bnc_patcher *patcher;
    struct bnc_patch patches[4];
    size_t n_patches;
    const char *owner;
    int64_t generation;
    bool deleting;
    unsigned writes;
    char body[512];
    const char *target;
    bnc_write_fn fn;
    void *arg;
    unsigned version;
};

static void
hear(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(kind);
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
}

static void
touched(void *arg, struct bnc_reader *reader)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(reader);
}

static void
take_write(struct bnc_source *source, const struct bnc_write *write, bnc_write_fn fn,
           void *arg)
{
    struct rig *rig = (struct rig *)source;
    CHECK_INT(write->verb, BNC_VERB_PATCH);
    assert_true(rig->fn == NULL); /* one at a time */
    rig->writes++;
    (void)snprintf(rig->body, sizeof(rig->body), "%.*s", (int)write->body.len,
                   write->body.ptr);
    rig->target = write->name;
    rig->fn = fn;
    rig->arg = arg;
}

static void
ask(void *arg)
{
    struct rig *rig = arg;
    const struct bnc_object object = {.ns = "mon",
                                      .name = rig->owner + strlen("mon/"),
                                      .uid = rig->owner,
                                      .generation = rig->generation,
                                      .deleting = rig->deleting};
    struct bnc_plan plan = {.patches = rig->patches, .n_patches = rig->n_patches};
    bnc_patcher_set(rig->patcher, &(struct bnc_result){.object = &object, .plan = &plan});
}

/* The object has changed, or is there now. */
static void
news(struct rig *rig, const struct bnc_held *of)
{
    char version[16];
    (void)snprintf(version, sizeof(version), "%u", ++rig->version);
    const struct bnc_pruned pruned = {.ns = of->ns,
                                      .name = of->name,
                                      .uid = "u",
                                      .resource_version = version,
                                      .text = {"{}", 2},
                                      .status = {"", 0}};
    (void)bnc_cache_put(rig->cache, bnc_object_new(of->kind, &pruned, NULL));
}

static void
want(struct rig *rig, size_t i, const struct bnc_held *of, const char *body)
{
    rig->patches[i] = (struct bnc_patch){*of, {body, strlen(body)}};
    rig->n_patches = i + 1;
}

static void
answer_with(struct rig *rig, enum bnc_code code, int status, const char *version)
{
    bnc_write_fn fn = rig->fn;
    assert_true(fn != NULL);
    rig->fn = NULL;
    fn(rig->arg,
       &(struct bnc_write_result){
           .code = code, .status = status, .message = "no", .resource_version = version});
}

/* Carried out, whatever the version is then, or refused. */
static void
answer(struct rig *rig, enum bnc_code code)
{
    answer_with(rig, code, code == BNC_OK ? 200 : 403, code == BNC_OK ? "0" : "");
}

static void
open_rig(struct rig *rig)
{
    static const struct bnc_source_ops ops = {.write = take_write};
    static const struct bnc_cache_hooks hooks = {touched, hear, hear};
    *rig = (struct rig){
        .source = {&ops}, .fake = fake_new(), .owner = OWNER, .generation = 1};
    rig->cache = bnc_cache_new(&hooks, NULL);
    rig->patcher =
        bnc_patcher_new(&(struct bnc_patcher_options){.world = &rig->fake->base,
                                                      .source = &rig->source,
                                                      .cache = rig->cache,
                                                      .retry = ask,
                                                      .arg = rig});
    news(rig, &pilot);
    news(rig, &other);
    news(rig, &config);
    want(rig, 0, &pilot, SET_10);
}

static void
close_rig(struct rig *rig)
{
    bnc_patcher_free(rig->patcher);
    bnc_cache_free(rig->cache);
    bnc_world_free(&rig->fake->base);
}

/* Taken, and somebody undoes it at once. */
static void
undone(struct rig *rig)
{
    unsigned before = rig->writes;
    ask(rig);
    CHECK_INT(rig->writes, before + 1);
    answer(rig, BNC_OK);
    CHECK_INT(rig->writes, before + 1);
    news(rig, &pilot);
}

TEST(one_version_once)
{
    struct rig rig;
    open_rig(&rig);
    ask(&rig);
    ask(&rig);
    CHECK_INT(rig.writes, 1);
    CHECK(strstr(rig.body, "\"resourceVersion\":\"1\"") != NULL);
    answer(&rig, BNC_OK);
    ask(&rig); /* the news of it is on its way */
    CHECK_INT(rig.writes, 1);
    news(&rig, &pilot);
    ask(&rig);
    CHECK_INT(rig.writes, 2);
    CHECK(strstr(rig.body, "\"resourceVersion\":\"4\"") != NULL);
    answer(&rig, BNC_OK);
    CHECK(bnc_patcher_idle(rig.patcher));
    close_rig(&rig);
}

/* It has changed meanwhile: at once with the news, and told to nobody. */
TEST(too_late)
{
    struct rig rig;
    open_rig(&rig);
    ask(&rig);
    answer(&rig, BNC_CONFLICT);
    CHECK_INT(rig.writes, 1);
    CHECK(bnc_patcher_failure(rig.patcher, OWNER) == NULL);
    news(&rig, &pilot);
    ask(&rig);
    CHECK_INT(rig.writes, 2);
    answer(&rig, BNC_CONFLICT);
    fake_run(rig.fake, 999);
    CHECK_INT(rig.writes, 2);
    fake_run(rig.fake, 1); /* no news: the same once more */
    CHECK_INT(rig.writes, 3);
    close_rig(&rig);
}

/* Failures are not a fight, however many there are; the right comes some day. */
TEST(denied_for_long)
{
    struct rig rig;
    open_rig(&rig);
    ask(&rig);
    for (size_t i = 0; i < 12; i++) {
        unsigned before = rig.writes;
        answer(&rig, BNC_DENIED);
        CHECK_STR(bnc_patcher_failure(rig.patcher, OWNER), "Deployment mesh/pilot: no");
        fake_run(rig.fake, 30000);
        CHECK_INT(rig.writes, before + 1);
    }
    answer(&rig, BNC_OK);
    CHECK(bnc_patcher_failure(rig.patcher, OWNER) == NULL);
    close_rig(&rig);
}

/* One that waits long does not keep another one waiting, nor the other way round. */
TEST(each_waits_for_itself)
{
    struct rig rig;
    open_rig(&rig);
    for (size_t i = 0; i < 5; i++) {
        undone(&rig);
    }
    ask(&rig);
    CHECK_INT(rig.writes, 5); /* paused for five minutes */
    want(&rig, 1, &other, SET_10);
    ask(&rig);
    CHECK_STR(rig.target, "other");
    answer(&rig, BNC_UNAVAILABLE);
    fake_run(rig.fake, 1000);
    CHECK_INT(rig.writes, 7);
    answer(&rig, BNC_OK);
    rig.n_patches = 1;
    fake_run(rig.fake, 298000);
    CHECK_INT(rig.writes, 7);
    fake_run(rig.fake, 1000);
    CHECK_INT(rig.writes, 8);
    CHECK_STR(rig.target, "pilot");
    close_rig(&rig);
}

/* Five writes of one wish in a minute; another wish begins anew. */
static const struct {
    const char *name;
    const char *body;
    int64_t generation;
    bool deleting;
    bool goes_on;
} wishes[] = {
    {"the same", SET_10, 1, false, false},
    {"another value", SET_20, 1, false, true},
    {"another spec of the Observatory", SET_10, 2, false, true},
    {"the Observatory goes", SET_10, 1, true, true},
};

TEST(no_fight)
{
    for (size_t i = 0; i < BNC_LEN(wishes); i++) {
        struct rig rig;
        bnc_test_row(wishes[i].name);
        open_rig(&rig);
        for (size_t k = 0; k < 5; k++) {
            undone(&rig);
        }
        ask(&rig);
        CHECK_INT(rig.writes, 5);
        CHECK_STR(bnc_patcher_failure(rig.patcher, OWNER),
                  "somebody else sets Deployment mesh/pilot again and again: it is left "
                  "for 5 minutes");
        want(&rig, 0, &pilot, wishes[i].body);
        rig.generation = wishes[i].generation;
        rig.deleting = wishes[i].deleting;
        ask(&rig);
        CHECK_INT(rig.writes, wishes[i].goes_on ? 6 : 5);
        close_rig(&rig);
    }
}

/* A text holds what others write in it: another one is not another wish. */
TEST(no_fight_over_a_text)
{
    struct rig rig;
    bnc_test_row("");
    open_rig(&rig);
    for (size_t k = 0; k < 5; k++) {
        want(&rig, 0, &config, k % 2 == 0 ? TEXT_A : TEXT_B);
        ask(&rig);
        answer(&rig, BNC_OK);
    }
    CHECK_INT(rig.writes, 5);
    want(&rig, 0, &config, TEXT_B);
    ask(&rig);
    CHECK_INT(rig.writes, 5);
    close_rig(&rig);
}

/* A slow change is no fight. */
TEST(now_and_then)
{
    struct rig rig;
    open_rig(&rig);
    for (size_t k = 0; k < 20; k++) {
        undone(&rig);
        fake_run(rig.fake, 15000);
    }
    CHECK(bnc_patcher_failure(rig.patcher, OWNER) == NULL);
    close_rig(&rig);
}

/* What is wrong is told to the Observatory that asks for it now. */
TEST(passes_to_another)
{
    struct rig rig;
    open_rig(&rig);
    ask(&rig);
    answer(&rig, BNC_DENIED);
    rig.n_patches = 0;
    ask(&rig);
    CHECK(bnc_patcher_failure(rig.patcher, OWNER) == NULL); /* nothing is asked for */
    rig.owner = OTHER;
    want(&rig, 0, &pilot, SET_10);
    ask(&rig);
    answer(&rig, BNC_DENIED);
    CHECK(bnc_patcher_failure(rig.patcher, OWNER) == NULL);
    CHECK_STR(bnc_patcher_failure(rig.patcher, OTHER), "Deployment mesh/pilot: no");
    close_rig(&rig);
}

static void
count(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    hear(NULL, kind, ns, name);
    (*(size_t *)arg)++;
}

static size_t
count_unseen(const struct rig *rig, const char *owner)
{
    size_t n = 0;
    bnc_patcher_unseen(rig->patcher, owner, count, &n);
    return n;
}

/* What was patched is not forgotten before it is seen; nobody else patches it. */
TEST(unseen)
{
    struct rig rig;
    bnc_test_row("on its way, and before the news");
    open_rig(&rig);
    ask(&rig);
    CHECK_INT(count_unseen(&rig, OWNER), 1);
    answer_with(&rig, BNC_OK, 200, "4");
    CHECK_INT(count_unseen(&rig, OWNER), 1);
    CHECK_INT(count_unseen(&rig, OTHER), 0);
    rig.owner = OTHER;
    ask(&rig);
    CHECK_INT(rig.writes, 1);
    news(&rig, &pilot); /* version 4 */
    CHECK_INT(count_unseen(&rig, OWNER), 0);

    bnc_test_row("the answer is lost");
    ask(&rig);
    CHECK_INT(rig.writes, 2);
    rig.n_patches = 0;
    answer_with(&rig, BNC_UNAVAILABLE, 0, "");
    fake_run(rig.fake, 89000);
    CHECK_INT(count_unseen(&rig, OTHER), 1);
    fake_run(rig.fake, 2000);
    CHECK_INT(count_unseen(&rig, OTHER), 0);

    bnc_test_row("of an earlier life");
    bnc_patcher_claim(rig.patcher, &other, OWNER);
    CHECK_INT(count_unseen(&rig, OWNER), 1);
    CHECK(bnc_patcher_idle(rig.patcher)); /* nothing is to be written */
    fake_run(rig.fake, 91000);
    CHECK_INT(count_unseen(&rig, OWNER), 0);
    close_rig(&rig);
}

TEST(not_there)
{
    struct rig rig;
    open_rig(&rig);
    (void)bnc_cache_gone(rig.cache, pilot.kind, pilot.ns, pilot.name);
    ask(&rig);
    CHECK_INT(rig.writes, 0);
    CHECK(bnc_patcher_idle(rig.patcher));
    close_rig(&rig);
}

RUN_TESTS(one_version_once, too_late, denied_for_long, each_waits_for_itself, no_fight,
          no_fight_over_a_text, now_and_then, passes_to_another, unseen, not_there)
