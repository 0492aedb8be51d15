/*
 * What Prometheus' answers to a query mean.
 */
#include "tests/unit/test.h"

#include "controller/measure_answer.h"

#define ANSWER(type, result)                                                             \
    "{\"status\":\"success\",\"data\":{\"resultType\":\"" type "\","                     \
    "\"result\":" result "}}"
#define VECTOR(items) ANSWER("vector", "[" items "]")
#define SERIES(value) "{\"metric\":{},\"value\":[1435781451.781,\"" value "\"]}"
#define RATE(value)   VECTOR(SERIES(value))
#define SCALAR(value) ANSWER("scalar", "[1.5,\"" value "\"]")
#define REFUSED(text) "{\"status\":\"error\",\"errorType\":\"x\",\"error\":\"" text "\"}"

static const struct {
    const char *name;
    int status;
    const char *body;
    int64_t rate; /* -1: the error */
    const char *error;
} answers[] = {
    {"one series", 200, RATE("12.5"), 12500, ""},
    {"several are summed", 200, VECTOR(SERIES("1.25") "," SERIES("2") "," SERIES("3e2")),
     303250, ""},
    {"scalar", 200, SCALAR("7"), 7000, ""},
    {"zero", 200, RATE("0"), 0, ""},
    {"less than a thousandth", 200, RATE("0.0004"), 0, ""},
    {"rounded", 200, RATE("0.0015"), 2, ""},
    {"very many", 200, RATE("1e+300"), 100000000000000, ""},
    {"a sum of more than there is", 200, VECTOR(SERIES("1e308") "," SERIES("1e308")),
     100000000000000, ""},
    {"a remark on the query", 200,
     "{\"status\":\"success\",\"warnings\":[\"PromQL info: metric might not be a "
     "counter\"],\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"5\"]}}",
     5000, ""},

    {"no series", 200, VECTOR(""), -1, "the query gives no series"},
    {"NaN", 200, RATE("NaN"), -1, "the query gives NaN, which is no rate"},
    {"NaN among others", 200, VECTOR(SERIES("1") "," SERIES("NaN")), -1,
     "the query gives NaN, which is no rate"},
    {"infinite", 200, RATE("+Inf"), -1, "the query gives +Inf, which is no rate"},
    {"negative", 200, RATE("-3"), -1, "the query gives -3, which is no rate"},
    {"scalar NaN", 200, SCALAR("NaN"), -1, "the query gives NaN, which is no rate"},
    {"no number", 200, RATE("12 apples"), -1,
     "the query gives 12 apples, which is no rate"},
    {"empty number", 200, RATE(""), -1, "the query gives , which is no rate"},
    {"a bare number", 200, VECTOR("{\"value\":[1,2]}"), -1,
     "the query gives something that is no number"},
    {"a histogram", 200, VECTOR("{\"metric\":{},\"histogram\":[1,{\"count\":\"5\"}]}"),
     -1, "the query gives something that is no number"},
    {"a matrix", 200,
     "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}", -1,
     "the query gives a matrix, not a vector"},
    {"no type", 200, "{\"status\":\"success\",\"data\":{}}", -1,
     "the query gives a thing, not a vector"},
    {"no data", 200, "{\"status\":\"success\"}", -1,
     "the query gives a thing, not a vector"},
    {"a part of it", 200,
     "{\"status\":\"success\",\"warnings\":[\"store 10.0.0.7 is\\naway\"],\"data\":"
     "{\"resultType\":\"scalar\",\"result\":[1,\"5\"]}}",
     -1, "the answer is not complete: store 10.0.0.7 is away"},
    {"garbage", 200, "<html>hello</html>", -1, "the answer is none of Prometheus'"},
    {"cut", 200, "{\"status\":\"success\",\"data\":{\"resul", -1,
     "the answer is none of Prometheus'"},
    {"another JSON", 200, "[1,2]", -1, "the answer is none of Prometheus'"},
    {"an error with 200", 200, REFUSED("no"), -1, "the answer is none of Prometheus'"},
    {"empty", 200, "", -1, "the answer is none of Prometheus'"},

    {"bad query", 400, REFUSED("invalid parameter \\\"query\\\": 1:5: parse error"), -1,
     "Prometheus answers with status 400: invalid parameter \"query\": 1:5: parse error"},
    {"too slow", 503, REFUSED("query timed out in expression evaluation"), -1,
     "Prometheus answers with status 503: query timed out in expression evaluation"},
    {"bad gateway", 502, "<html>502</html>", -1, "Prometheus answers with status 502"},
    {"a login page", 302, "", -1,
     "Prometheus answers with status 302: redirects are not followed"},
    {"no access", 403, "Forbidden", -1, "Prometheus answers with status 403"},
    {"nothing", 204, "", -1, "Prometheus answers with status 204"},
};

TEST(what_answers_mean)
{
    for (size_t i = 0; i < BNC_LEN(answers); i++) {
        struct bnc_bytes text = {answers[i].body, strlen(answers[i].body)};
        struct bnc_error err = {0};
        int64_t rate = -1;
        bnc_test_row(answers[i].name);
        bool failed = bnc_measure_answer(answers[i].status, text, &rate, &err) != BNC_OK;
        CHECK_STR(err.message, answers[i].error);
        CHECK_INT(failed, answers[i].rate < 0);
        CHECK_INT(rate, answers[i].rate);
    }
    bnc_test_row("long words are cut, between characters");
    char body[2000] = "{\"error\":\"x";
    for (int i = 0; i < 400; i++) {
        (void)strcat(body, "\xc3\xa9");
    }
    (void)strcat(body, "\"}");
    struct bnc_error err = {0};
    int64_t rate = -1;
    CHECK_INT(
        bnc_measure_answer(500, (struct bnc_bytes){body, strlen(body)}, &rate, &err),
        BNC_UNAVAILABLE);
    CHECK_INT(strlen(err.message), strlen("Prometheus answers with status 500: ") + 299);
}

RUN_TESTS(what_answers_mean)
