/*
 * Asking Prometheus for a rate: when, how, and what is told of it.
 * On virtual time; what only real connections do is in test_measure_http.c.
 */
#include "tests/unit/kube_fake.h"

#include "controller/measure.h"
#include "lib/log.h"

#define MINUTE INT64_C(60000)
#define URL    "http://prometheus:9090"
#define ANSWER(type, result)                                                             \
    "{\"status\":\"success\",\"data\":{\"resultType\":\"" type "\","                     \
    "\"result\":" result "}}"
#define VECTOR(items) ANSWER("vector", "[" items "]")
#define SERIES(value) "{\"metric\":{},\"value\":[1435781451.781,\"" value "\"]}"
#define RATE(value)   VECTOR(SERIES(value))

/* ---- one who wants it ----------------------------------------------------------- */

struct owner {
    struct fake *fake;
    struct bnc_measure *measure;
    struct bnc_measure_spec spec;
    char told[1000]; /* what `changed` said, since the last look */
    char log[4000];  /* messages of the log, likewise */
    bool drop;       /* in the next `changed` */
    bool set;        /* likewise: another query */
};

static void
on_changed(void *arg, const char *ns, const char *name, const struct bnc_measured *now)
{
    struct owner *owner = arg;
    struct bnc_measured got;
    size_t n = strlen(owner->told);

    CHECK(bnc_measure_get(owner->measure, ns, name, &got));
    CHECK_INT(got.percent, now->percent);
    CHECK_STR(got.error, now->error);
    (void)snprintf(owner->told + n, sizeof(owner->told) - n, "%s/%s %lld%s%s|", ns, name,
                   (long long)now->percent, now->error == NULL ? "" : " ",
                   now->error == NULL ? "" : now->error);
    if (owner->set) {
        owner->set = false;
        owner->spec.query = "other";
        bnc_measure_set(owner->measure, ns, name, &owner->spec, -1);
    }
    if (owner->drop) {
        owner->drop = false;
        bnc_measure_drop(owner->measure, ns, name);
    }
}

static void
on_log(void *arg, const char *line, size_t n)
{
    struct owner *owner = arg;
    size_t at = strlen(owner->log);
    if (at + n < sizeof(owner->log)) {
        memcpy(owner->log + at, line, n);
        owner->log[at + n] = '\0';
    }
}

/* Budget shop/cart: 1 trace a second, from 1 %. */
static void
begin(struct owner *owner)
{
    *owner = (struct owner){.fake = fake_new()};
    const struct bnc_measure_options options = {&owner->fake->base, on_changed, owner};
    owner->measure = bnc_measure_new(&options);
    owner->spec = (struct bnc_measure_spec){.url = URL, .query = "sum(x)"};
    owner->spec.settings = BNC_BUDGET_SETTINGS_DEFAULT;
    owner->spec.settings.traces_per_second = 1000;
    bnc_log_set_sink(on_log, owner);
    bnc_measure_set(owner->measure, "shop", "cart", &owner->spec, -1);
}

static void
end(struct owner *owner)
{
    bnc_measure_free(owner->measure);
    bnc_world_free(&owner->fake->base); /* says so if a timer or a call is left */
    bnc_log_set_sink(NULL, NULL);
}

/* What was told since the last time; forgotten with it. */
static const char *
told(struct owner *owner)
{
    static char copy[sizeof(owner->told)];
    memcpy(copy, owner->told, sizeof(copy));
    owner->told[0] = '\0';
    return copy;
}

static size_t
lines(struct owner *owner, const char *part)
{
    size_t n = 0;
    for (const char *p = strstr(owner->log, part); p != NULL; p = strstr(p + 1, part)) {
        n++;
    }
    return n;
}

/* The next question is there within a minute, and is answered after 100 ms. */
static void
answer(struct owner *owner, int status, const char *body)
{
    struct bnc_http_call *call = fake_next(owner->fake, MINUTE);
    CHECK(call != NULL);
    fake_run(owner->fake, 100);
    fake_answer(call, status, body);
}

static struct bnc_measured
get(struct owner *owner)
{
    struct bnc_measured got = {0};
    CHECK(bnc_measure_get(owner->measure, "shop", "cart", &got));
    return got;
}

/* ---- questions ------------------------------------------------------------------ */

TEST(one_question_in_an_interval)
{
    struct owner owner;
    begin(&owner);
    int64_t set_ms = owner.fake->now_ms;

    struct bnc_http_call *call = fake_next(owner.fake, MINUTE);
    CHECK(call != NULL);
    CHECK(owner.fake->now_ms - set_ms <= 10000);
    CHECK_STR(call->method, "GET");
    CHECK_STR(call->url, URL "/api/v1/query?query=sum%28x%29");
    CHECK(call->headers == NULL);
    CHECK_INT(call->group, BNC_HTTP_UNARY);
    CHECK_INT(call->timeout_ms, 20000);
    CHECK(fake_next(owner.fake, 5 * MINUTE) == NULL); /* one in flight */
    fake_answer(call, 200, RATE("100"));
    for (int i = 0; i < 3; i++) {
        int64_t answered_ms = owner.fake->now_ms;
        call = fake_next(owner.fake, 2 * MINUTE);
        CHECK_INT(owner.fake->now_ms - answered_ms, MINUTE);
        fake_head(call, 200); /* in pieces */
        fake_data(call, "{\"status\":\"success\",\"data\":{\"resultType\":");
        fake_run(owner.fake, 3000);
        fake_data(call, "\"scalar\",\"result\":[1,\"100\"]}}");
        fake_end(call, BNC_OK);
    }
    CHECK_STR(told(&owner), ""); /* 1 % of 100 is as it should be */
    CHECK_INT(lines(&owner, "\n"), 0);
    end(&owner);
}

/* Many that are set at once do not ask at once. */
TEST(first_questions_are_spread)
{
    struct owner owner;
    int64_t quarters[4] = {0};
    begin(&owner);
    int64_t set_ms = owner.fake->now_ms;

    for (int i = 0; i < 39; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "b%d", i);
        bnc_measure_set(owner.measure, "shop", name, &owner.spec, -1);
    }
    for (int i = 0; i < 40; i++) {
        CHECK(fake_next(owner.fake, 10000) != NULL);
        int64_t after_ms = owner.fake->now_ms - set_ms;
        CHECK(after_ms <= 10000);
        quarters[after_ms < 10000 ? after_ms / 2500 : 3]++;
    }
    for (size_t i = 0; i < BNC_LEN(quarters); i++) {
        CHECK(quarters[i] >= 3);
    }
    end(&owner); /* all of them in flight */
}

TEST(addresses)
{
    static const char refused[] =
        "the address of Prometheus is not http://… or https://… without a query and a "
        "password";
    static const struct {
        const char *url;
        const char *want; /* the request, up to the query; or the error */
    } rows[] = {
        {"http://p:9090/", "http://p:9090/api/v1/query?query=x"},
        {"https://p/a/b//", "https://p/a/b/api/v1/query?query=x"},
        {"http://[::1]:9090", "http://[::1]:9090/api/v1/query?query=x"},
        {NULL, "no address of Prometheus is known"},
        {"", "no address of Prometheus is known"},
        {"ftp://p", refused},
        {"http://user:secret@p", refused},
        {"http://p?a=b", refused},
        {"http://p#a", refused},
        {"http://p\r\nX: y", refused},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct owner owner;
        begin(&owner);
        bnc_test_row(rows[i].url == NULL ? "none" : rows[i].url);
        owner.spec.url = rows[i].url;
        owner.spec.query = "x";
        bnc_measure_set(owner.measure, "shop", "cart", &owner.spec, -1);
        struct bnc_http_call *call = fake_next(owner.fake, 3 * MINUTE);
        if (call != NULL) {
            CHECK_STR(call->url, rows[i].want);
        } else {
            CHECK_STR(get(&owner).error, rows[i].want);
            CHECK_INT(lines(&owner, "\n"), 1); /* once, not each minute */
            CHECK(strstr(owner.log, "secret") == NULL);
        }
        end(&owner);
    }
}

/* Read each time, since they are replaced; without one nothing is sent. */
TEST(files)
{
    static const struct {
        const char *name;
        const char *token, *ca;
        const char *want; /* the header; NULL: no question */
        const char *error;
    } rows[] = {
        {"token", "abc.d-e_f\n", "PEM", "Authorization: Bearer abc.d-e_f\n", NULL},
        {"another", "next", "PEM", "Authorization: Bearer next\n", NULL},
        {"gone", NULL, "PEM", NULL, "token file: open /tok"},
        {"empty", " \n", "PEM", NULL, "token file /tok holds no token"},
        {"two lines", "a\nX: y", "PEM", NULL, "token file /tok holds no token"},
        {"odd bytes", "a\xff", "PEM", NULL, "token file /tok holds no token"},
        {"no CA", "abc", NULL, NULL, "CA file: open /ca"},
        {"back", "abc", "PEM", "Authorization: Bearer abc\n", NULL},
    };
    struct owner owner;
    begin(&owner);
    owner.spec.token_file = "/tok";
    owner.spec.ca_file = "/ca";
    bnc_measure_set(owner.measure, "shop", "cart", &owner.spec, -1);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        owner.fake->files[0] = (struct fake_file){"/tok", rows[i].token};
        owner.fake->files[1] = (struct fake_file){"/ca", rows[i].ca};
        struct bnc_http_call *call = fake_next(owner.fake, MINUTE);
        CHECK_INT(call != NULL, rows[i].want != NULL);
        if (call != NULL) {
            CHECK_STR(call->headers, rows[i].want);
            fake_answer(call, 200, RATE("100"));
        }
        CHECK_STR(get(&owner).error, rows[i].error);
    }
    CHECK(strstr(owner.log, "abc") == NULL); /* no token in the log */
    end(&owner);
}

/* ---- steps ---------------------------------------------------------------------- */

TEST(told_on_a_change_only)
{
    struct owner owner;
    begin(&owner);
    CHECK_INT(get(&owner).percent, 100);
    CHECK_INT(get(&owner).rate, -1);
    CHECK_INT(get(&owner).percent_since_ms, 0);

    answer(&owner, 200, RATE("1000"));
    CHECK_STR(told(&owner), "shop/cart 10|");
    int64_t since_ms = get(&owner).percent_since_ms;
    CHECK_INT(since_ms, bnc_world_wall_ms(&owner.fake->base));
    answer(&owner, 200, RATE("1200"));
    CHECK_STR(told(&owner), ""); /* tolerated */
    CHECK_INT(get(&owner).rate, 1200000);
    CHECK_INT(get(&owner).rate_at_ms, bnc_world_wall_ms(&owner.fake->base));
    CHECK_INT(get(&owner).percent_since_ms, since_ms);

    /* each of these answers is a whole interval after the one before */
    for (int i = 0; i < 4; i++) {
        static const char *const want[] = {"shop/cart 20|", "shop/cart 40|",
                                           "shop/cart 80|", "shop/cart 160|"};
        answer(&owner, 200, RATE("60"));
        CHECK_STR(told(&owner), want[i]);
    }
    answer(&owner, 200, RATE("0"));
    CHECK_STR(told(&owner), "");
    CHECK_INT(get(&owner).rate, 0);
    end(&owner);
}

TEST(holds_still_without_an_answer)
{
    struct owner owner;
    begin(&owner);

    answer(&owner, 502, "");
    CHECK_STR(told(&owner), "shop/cart 100 Prometheus answers with status 502|");
    int64_t since_ms = get(&owner).error_since_ms;
    CHECK_INT(since_ms, bnc_world_wall_ms(&owner.fake->base));
    for (int i = 0; i < 5; i++) {
        answer(&owner, 502, "");
    }
    CHECK_STR(told(&owner), ""); /* said already */
    CHECK_INT(lines(&owner, "holds still"), 1);

    struct bnc_http_call *call = fake_next(owner.fake, MINUTE);
    fake_end(call, BNC_TIMEOUT);
    CHECK_STR(told(&owner), "shop/cart 100 the connection broke|");
    CHECK_INT(lines(&owner, "holds still"), 2);
    CHECK_INT(get(&owner).error_since_ms, since_ms); /* it has failed all the time */

    answer(&owner, 200, VECTOR(""));
    CHECK_STR(told(&owner), "shop/cart 100 the query gives no series|");
    answer(&owner, 200, RATE("100"));
    CHECK_STR(told(&owner), "shop/cart 100|"); /* well again */
    CHECK_INT(lines(&owner, "measured again"), 1);
    CHECK_INT(get(&owner).error_since_ms, 0);
    answer(&owner, 200, RATE("5000"));
    CHECK_STR(told(&owner), "shop/cart 2|");
    answer(&owner, 200, RATE("NaN"));
    CHECK_STR(told(&owner), "shop/cart 2 the query gives NaN, which is no rate|");
    CHECK_INT(get(&owner).rate, 5000000); /* the last that was known */
    end(&owner);
}

/* ---- set, drop ------------------------------------------------------------------ */

TEST(where_it_starts)
{
    static const struct {
        const char *name;
        int64_t start;
        int64_t traces_per_second;
        int64_t percent;
        const char *told;
    } rows[] = {
        {"as the status said", 1234, 1000, 1234, ""},
        {"initial", -1, 1000, 100, ""},
        {"above the cap", 9000, 1000, 5000, "shop/b 5000|"},
        {"below the minimum", 1, 1000, 5, "shop/b 5|"},
        {"it was off", 0, 1000, 100, "shop/b 100|"},
        {"off", 1234, 0, 0, "shop/b 0|"},
        {"off from the start", -1, 0, 0, ""},
    };

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct owner owner;
        struct bnc_measured got;
        begin(&owner);
        bnc_test_row(rows[i].name);
        bnc_measure_drop(owner.measure, "shop", "cart");
        owner.spec.settings.traces_per_second = rows[i].traces_per_second;
        owner.spec.settings.min = 5;
        owner.spec.settings.max = 5000;
        bnc_measure_set(owner.measure, "shop", "b", &owner.spec, rows[i].start);
        CHECK(bnc_measure_get(owner.measure, "shop", "b", &got));
        CHECK_INT(got.percent, rows[i].percent);
        CHECK_STR(told(&owner), ""); /* later */
        CHECK(fake_next(owner.fake, MINUTE) != NULL);
        CHECK_STR(told(&owner), rows[i].told);
        end(&owner);
    }
}

TEST(another_spec)
{
    struct owner owner;
    begin(&owner);
    struct bnc_http_call *call = fake_next(owner.fake, MINUTE);
    bnc_measure_set(owner.measure, "shop", "cart", &owner.spec, 7777); /* the same */
    CHECK(call->open);
    fake_answer(call, 200, RATE("1000"));
    CHECK_STR(told(&owner), "shop/cart 10|");
    int64_t answered_ms = owner.fake->now_ms;
    bnc_measure_set(owner.measure, "shop", "cart", &owner.spec, 7777);
    call = fake_next(owner.fake, 2 * MINUTE);
    CHECK_INT(owner.fake->now_ms - answered_ms, MINUTE); /* not sooner */

    char query[] = "rate(y)"; /* copied */
    owner.spec.query = query;
    bnc_measure_set(owner.measure, "shop", "cart", &owner.spec, 7777);
    query[0] = 'X';
    CHECK(!call->open);
    call = fake_next(owner.fake, 10000);
    CHECK(call != NULL);
    CHECK_STR(call->url, URL "/api/v1/query?query=rate%28y%29");
    fake_answer(call, 200, RATE("1000"));
    CHECK_STR(told(&owner), "");
    CHECK_INT(get(&owner).percent, 10); /* goes on from where it was */

    owner.spec.settings.min = 50;
    bnc_measure_set(owner.measure, "shop", "cart", &owner.spec, -1);
    CHECK_INT(get(&owner).percent, 50);
    CHECK_STR(told(&owner), ""); /* in a turn of its own */
    fake_run(owner.fake, 0);
    CHECK_STR(told(&owner), "shop/cart 50|");
    CHECK(fake_next(owner.fake, 10000) != NULL);
    end(&owner);
}

TEST(dropped)
{
    struct owner owner;
    struct bnc_measured got;
    begin(&owner);
    struct bnc_http_call *call = fake_next(owner.fake, MINUTE);

    bnc_measure_drop(owner.measure, "shop", "other");
    CHECK(call->open);
    bnc_measure_drop(owner.measure, "shop", "cart");
    CHECK(!call->open);
    CHECK(!bnc_measure_get(owner.measure, "shop", "cart", &got));
    CHECK(fake_next(owner.fake, 5 * MINUTE) == NULL);

    bnc_measure_set(owner.measure, "shop", "cart", &owner.spec, -1);
    owner.drop = true; /* while it is told something */
    answer(&owner, 200, RATE("1000"));
    CHECK_STR(told(&owner), "shop/cart 10|");
    CHECK(!bnc_measure_get(owner.measure, "shop", "cart", &got));
    CHECK(fake_next(owner.fake, 5 * MINUTE) == NULL);

    bnc_measure_set(owner.measure, "shop", "cart", &owner.spec, -1);
    owner.set = true;
    answer(&owner, 500, "");
    call = fake_next(owner.fake, 10000);
    CHECK(call != NULL);
    CHECK_STR(call->url, URL "/api/v1/query?query=other");
    end(&owner);
}

/* Same names elsewhere are other budgets. */
TEST(apart)
{
    struct owner owner;
    struct bnc_measured got;
    begin(&owner);
    bnc_measure_set(owner.measure, "shop2", "cart", &owner.spec, 500);
    bnc_measure_drop(owner.measure, "shop", "cart");
    answer(&owner, 200, RATE("1000"));
    CHECK_STR(told(&owner), "shop2/cart 10|");
    CHECK(bnc_measure_get(owner.measure, "shop2", "cart", &got));
    CHECK_INT(got.percent, 10);
    end(&owner);
}

RUN_TESTS(one_question_in_an_interval, first_questions_are_spread, addresses, files,
          told_on_a_change_only, holds_still_without_an_answer, where_it_starts,
          another_spec, dropped, apart)
