/* Events on virtual time: what is created, what is counted, what is given up. */
#include "controller/events.h"
#include "lib/json.h"
#include "tests/unit/kube_fake.h"

#define SENT_MAX 8192

struct sent {
    enum bnc_verb verb;
    char name[300];
    char body[4096];
    bnc_write_fn fn;
    void *arg;
    bool open;
};

struct rig {
    struct bnc_source source; /* first */
    struct fake *fake;
    struct bnc_events *events;
    struct sent *sent;
    size_t n;
};

static void
keep(struct bnc_source *source, const struct bnc_write *write, bnc_write_fn fn, void *arg)
{
    struct rig *rig = (struct rig *)source;
    CHECK(rig->n < SENT_MAX);
    struct sent *sent = &rig->sent[rig->n++];
    *sent = (struct sent){.verb = write->verb, .fn = fn, .arg = arg, .open = true};
    (void)snprintf(sent->name, sizeof(sent->name), "%s", write->name);
    (void)snprintf(sent->body, sizeof(sent->body), "%.*s", (int)write->body.len,
                   write->body.ptr);
}

static const struct bnc_source_ops ops = {.write = keep};

static struct rig *
rig_new(void)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    rig->source.ops = &ops;
    rig->fake = fake_new();
    rig->sent = calloc(SENT_MAX, sizeof(*rig->sent));
    rig->events = bnc_events_new(&rig->fake->base, &rig->source, "binnacle-0");
    return rig;
}

static void
rig_free(struct rig *rig)
{
    bnc_events_free(rig->events);
    fake_free(&rig->fake->base);
    free(rig->sent);
    free(rig);
}

static void
tell(struct rig *rig, const char *name, const char *note)
{
    const struct bnc_object object = {.kind = BNC_KIND_SCRAPE_POLICY,
                                      .ns = "shop",
                                      .name = name,
                                      .uid = "u1",
                                      .generation = 3};
    bnc_event_write(rig->events, &object, "InvalidSpec", note);
}

static void
answer(struct rig *rig, size_t i, enum bnc_code code, int status)
{
    CHECK(i < rig->n && rig->sent[i].open);
    rig->sent[i].open = false;
    rig->sent[i].fn(rig->sent[i].arg,
                    &(struct bnc_write_result){
                        .code = code, .status = status, .message = "m", .uid = ""});
}

static void
answer_ok(struct rig *rig, size_t i)
{
    answer(rig, i, BNC_OK, 201);
}

static const char *
series_of(struct rig *rig, size_t i)
{
    const char *at = strstr(rig->sent[i].body, "\"count\":");
    return at == NULL ? "" : at;
}

TEST(the_first_is_created)
{
    struct rig *rig = rig_new();
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *root = NULL;

    tell(rig, "web", "spec.port: \"x\" is no port");
    CHECK_INT(rig->n, 1);
    CHECK_INT(rig->sent[0].verb, BNC_VERB_EVENT);
    CHECK_INT(
        bnc_json_parse(arena, rig->sent[0].body, strlen(rig->sent[0].body), &root, &err),
        BNC_OK);
    CHECK_STR(bnc_json_get_str(root, "note"), "spec.port: \"x\" is no port");
    CHECK_STR(bnc_json_get_str(root, "reason"), "InvalidSpec");
    CHECK_STR(bnc_json_get_str(root, "type"), "Warning");
    CHECK_STR(bnc_json_get_str(root, "action"), "Reconcile");
    CHECK_STR(bnc_json_get_str(root, "reportingInstance"), "binnacle-0");
    const cJSON *regarding = bnc_json_get(root, "regarding");
    CHECK_STR(bnc_json_get_str(regarding, "kind"), "ScrapePolicy");
    CHECK_STR(bnc_json_get_str(regarding, "name"), "web");
    CHECK_STR(bnc_json_get_str(regarding, "uid"), "u1");
    CHECK(bnc_str_starts(rig->sent[0].name, "web."));
    answer_ok(rig, 0);
    CHECK_INT(bnc_events_stats(rig->events).written, 1);
    rig_free(rig);
}

TEST(the_second_makes_a_series_and_more_are_counted)
{
    struct rig *rig = rig_new();
    tell(rig, "web", "n");
    tell(rig, "web", "n"); /* while the first is under way */
    CHECK_INT(rig->n, 1);
    answer_ok(rig, 0);
    CHECK_INT(rig->n, 2);
    CHECK_INT(rig->sent[1].verb, BNC_VERB_EVENT_COUNT);
    CHECK_STR(rig->sent[1].name, rig->sent[0].name);
    CHECK(bnc_str_starts(series_of(rig, 1), "\"count\":2,\"lastObservedTime\":\""));
    answer_ok(rig, 1);
    for (int i = 0; i < 98; i++) {
        fake_run(rig->fake, 1000);
        tell(rig, "web", "n");
    }
    CHECK_INT(rig->n, 2);
    fake_run(rig->fake, BNC_EVENT_SILENCE_MS - 1);
    CHECK_INT(rig->n, 2);
    fake_run(rig->fake, 1);
    CHECK_INT(rig->n, 3);
    CHECK(bnc_str_starts(series_of(rig, 2), "\"count\":100,"));
    answer_ok(rig, 2);
    fake_run(rig->fake, 10 * BNC_EVENT_REFRESH_MS);
    CHECK_INT(rig->n, 3);
    tell(rig, "web", "n"); /* forgotten: a new series */
    CHECK_INT(rig->n, 4);
    CHECK_INT(rig->sent[3].verb, BNC_VERB_EVENT);
    rig_free(rig);
}

TEST(a_series_that_goes_on_is_written_every_half_an_hour)
{
    struct rig *rig = rig_new();
    tell(rig, "web", "n");
    answer_ok(rig, 0);
    tell(rig, "web", "n");
    answer_ok(rig, 1);
    for (int minute = 0; minute < 95; minute++) {
        fake_run(rig->fake, 60000);
        tell(rig, "web", "n");
        if (rig->n > 2 && rig->sent[rig->n - 1].open) {
            answer_ok(rig, rig->n - 1);
        }
    }
    CHECK_INT(rig->n, 2 + 3);
    rig_free(rig);
}

TEST(notes_that_differ_are_told_within_limits)
{
    struct rig *rig = rig_new();
    for (int i = 0; i < 50; i++) {
        char note[16];
        (void)snprintf(note, sizeof(note), "n%d", i);
        tell(rig, "web", note);
        if (rig->sent[rig->n - 1].open) {
            answer_ok(rig, rig->n - 1);
        }
    }
    size_t created = 0;
    for (size_t i = 0; i < rig->n; i++) {
        created += rig->sent[i].verb == BNC_VERB_EVENT;
    }
    CHECK_INT(created, 1 + BNC_EVENT_NOTES);
    CHECK_INT(rig->n, 1 + BNC_EVENT_NOTES + 1); /* and one that says: it is a series */
    fake_run(rig->fake, BNC_EVENT_NOTES_MS);
    tell(rig, "web", "later");
    CHECK_INT(rig->sent[rig->n - 1].verb, BNC_VERB_EVENT);
    CHECK(strstr(rig->sent[rig->n - 1].body, "\"later\"") != NULL);
    rig_free(rig);
}

TEST(an_equal_one_that_is_there_counts_as_told)
{
    struct rig *rig = rig_new();
    tell(rig, "web", "n");
    answer(rig, 0, BNC_CONFLICT, 409); /* of an earlier life */
    CHECK_INT(bnc_events_stats(rig->events).written, 0);
    tell(rig, "web", "n");
    CHECK_INT(rig->sent[1].verb, BNC_VERB_EVENT_COUNT);
    rig_free(rig);
}

TEST(without_an_answer_it_is_tried_again_and_then_given_up)
{
    struct rig *rig = rig_new();
    tell(rig, "web", "n");
    for (size_t i = 0; i < BNC_EVENT_TRIES; i++) {
        CHECK_INT(rig->n, i + 1);
        answer(rig, i, BNC_UNAVAILABLE, 0);
        fake_run(rig->fake, BNC_EVENT_RETRY_MS - 1);
        CHECK_INT(rig->n, i + 1);
        fake_run(rig->fake, BNC_EVENT_RETRY_MS / 4 + 1);
    }
    CHECK_INT(rig->n, BNC_EVENT_TRIES);
    CHECK_INT(bnc_events_stats(rig->events).dropped, 1);
    rig_free(rig);
}

TEST(a_refusal_is_final)
{
    static const struct {
        const char *name;
        enum bnc_code code;
        int status;
    } rows[] = {
        {"403", BNC_DENIED, 403},          {"422", BNC_INVALID, 422},
        {"429", BNC_UNAVAILABLE, 429},     {"500", BNC_UNAVAILABLE, 500},
        {"not the leader", BNC_DENIED, 0},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct rig *rig = rig_new();
        bnc_test_row(rows[i].name);
        tell(rig, "web", "n");
        answer(rig, 0, rows[i].code, rows[i].status);
        fake_run(rig->fake, 60000);
        CHECK_INT(rig->n, 1);
        CHECK_INT(bnc_events_stats(rig->events).dropped, 1);
        rig_free(rig);
    }
}

TEST(one_that_the_server_has_forgotten_is_created_again)
{
    struct rig *rig = rig_new();
    tell(rig, "web", "n");
    answer_ok(rig, 0);
    tell(rig, "web", "n");
    answer(rig, 1, BNC_NOT_FOUND, 404);
    CHECK_INT(rig->n, 3);
    CHECK_INT(rig->sent[2].verb, BNC_VERB_EVENT);
    rig_free(rig);
}

TEST(bounded)
{
    struct rig *rig = rig_new();
    char name[16];
    for (size_t i = 0; i < BNC_EVENTS_UNDER_WAY + 5; i++) {
        (void)snprintf(name, sizeof(name), "a%zu", i);
        tell(rig, name, "n");
    }
    CHECK_INT(rig->n, BNC_EVENTS_UNDER_WAY);
    CHECK_INT(bnc_events_stats(rig->events).dropped, 5);
    for (size_t i = 0; i < BNC_EVENTS_UNDER_WAY; i++) {
        answer_ok(rig, i);
    }
    for (size_t i = 0; i < BNC_EVENTS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "b%zu", i);
        tell(rig, name, "n");
        answer_ok(rig, rig->n - 1);
    }
    size_t n = rig->n;
    tell(rig, "b0", "n"); /* known: counted */
    CHECK_INT(rig->sent[n].verb, BNC_VERB_EVENT_COUNT);
    tell(rig, "a0", "n"); /* forgotten: the least recently told */
    CHECK_INT(rig->sent[n + 1].verb, BNC_VERB_EVENT);
    rig_free(rig);
}

TEST(flush_writes_what_is_counted_only)
{
    struct rig *rig = rig_new();
    tell(rig, "web", "n");
    answer_ok(rig, 0);
    tell(rig, "web", "n");
    answer_ok(rig, 1);
    tell(rig, "web", "n");
    tell(rig, "quiet", "n");
    answer_ok(rig, 2);
    CHECK_INT(rig->n, 3);
    bnc_events_flush(rig->events);
    CHECK_INT(rig->n, 4);
    CHECK(bnc_str_starts(series_of(rig, 3), "\"count\":3,"));
    answer_ok(rig, 3);
    rig_free(rig);
}

TEST(a_long_note_is_cut_between_characters)
{
    struct rig *rig = rig_new();
    char note[2001];
    for (size_t i = 0; i < 1000; i++) {
        memcpy(note + 2 * i, "\xc3\xa9", 3);
    }
    memcpy(note, "x", 1);
    note[1] = 'y';
    note[0] = 'x';
    memmove(note + 1, note + 2, strlen(note + 2) + 1); /* odd: a cut at 1 000 hits half */
    tell(rig, "web", note);
    const char *at = strstr(rig->sent[0].body, "\"note\":\"");
    CHECK(at != NULL);
    CHECK_INT(strcspn(at + 8, "\""), 999);
    rig_free(rig);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_created),
        cmocka_unit_test(the_second_makes_a_series_and_more_are_counted),
        cmocka_unit_test(a_series_that_goes_on_is_written_every_half_an_hour),
        cmocka_unit_test(notes_that_differ_are_told_within_limits),
        cmocka_unit_test(an_equal_one_that_is_there_counts_as_told),
        cmocka_unit_test(without_an_answer_it_is_tried_again_and_then_given_up),
        cmocka_unit_test(a_refusal_is_final),
        cmocka_unit_test(one_that_the_server_has_forgotten_is_created_again),
        cmocka_unit_test(bounded),
        cmocka_unit_test(flush_writes_what_is_counted_only),
        cmocka_unit_test(a_long_note_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
