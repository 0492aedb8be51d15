/*
 * A tool for tests: what binnacle says of PromQL expressions.
 *
 * Reads one JSON value a line on stdin: a string, or {"expr" or "base64": "...", "label":
 * "...", "value": "...", "selector": true, "version": "3.5", "experimental_functions":
 * true, "fill_modifiers": true, "experimental_duration_expr": true,
 * "extended_range_selectors": true, "unquoted_names": true, "legacy_names": true,
 * "all": true}.  A plain string is read with all features but unquoted and legacy names.
 * Answers with a JSON object a line, as hack/oracle/promql does.
 *
 *   promql [--seconds N]
 *
 * With --seconds it keeps what stdin has and parses it over and over for that long, then
 * says how many expressions it has parsed in a second.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base64.h"
#include "lib/json.h"
#include "promql/enforce.h"
#include "promql/print.h"
#include "promql/promql.h"

#define OUT_MAX ((size_t)16 << 20)

struct question {
    struct bnc_bytes text;
    struct bnc_promql_options options;
    struct bnc_version version;
    struct bnc_bytes label;
    struct bnc_bytes value;
    bool selector;
    bool all;
};

static struct bnc_bytes
bytes_of(const char *s)
{
    return (struct bnc_bytes){s, s == NULL ? 0 : strlen(s)};
}

static bool
flag(const cJSON *json, const char *name)
{
    return cJSON_IsTrue(bnc_json_get(json, name));
}

static bool
read_question(const cJSON *json, struct bnc_arena *arena, struct question *q,
              struct bnc_error *err)
{
    *q = (struct question){.options = {.experimental_functions = true,
                                       .fill_modifiers = true,
                                       .experimental_duration_expr = true,
                                       .extended_range_selectors = true}};
    if (cJSON_IsString(json)) {
        q->text = bytes_of(json->valuestring);
        return true;
    }
    q->options.experimental_functions = flag(json, "experimental_functions");
    q->options.fill_modifiers = flag(json, "fill_modifiers");
    q->options.experimental_duration_expr = flag(json, "experimental_duration_expr");
    q->options.extended_range_selectors = flag(json, "extended_range_selectors");
    q->options.unquoted_names = flag(json, "unquoted_names");
    q->options.legacy_names = flag(json, "legacy_names");
    q->text = bytes_of(bnc_json_get_str(json, "expr"));
    const char *encoded = bnc_json_get_str(json, "base64");
    if (encoded != NULL && !bnc_base64_decode(arena, encoded, &q->text)) {
        return bnc_fail(err, BNC_INVALID, "it is not base64") == BNC_OK;
    }
    q->label = bytes_of(bnc_json_get_str(json, "label"));
    q->value = bytes_of(bnc_json_get_str(json, "value"));
    q->selector = flag(json, "selector");
    q->all = flag(json, "all");
    const char *version = bnc_json_get_str(json, "version");
    if (version != NULL) {
        if (bnc_version_parse(version, &q->version, err)) {
            return false;
        }
        q->options.version = &q->version;
    }
    return true;
}

static struct bnc_promql *
parse(const struct question *q, struct bnc_arena *arena,
      struct bnc_promql_problem *problem)
{
    return q->selector ? bnc_promql_selector_parse(q->text, &q->options, arena, problem)
                       : bnc_promql_parse(q->text, &q->options, arena, problem);
}

static void
add_text(struct bnc_str *out, const char *key, const struct bnc_promql *expr,
         struct bnc_arena *arena)
{
    struct bnc_str text = bnc_str_new(arena, OUT_MAX);

    bnc_str_puts(&text, "");
    bnc_promql_print(expr, &text);
    bnc_str_fmt(out, ",\"%s\":", key);
    bnc_str_json(out, text.ptr);
}

static void
answer(const struct question *q, struct bnc_arena *arena)
{
    struct bnc_promql_problem problem = {0};
    struct bnc_promql *expr = parse(q, arena, &problem);
    struct bnc_str out = bnc_str_new(arena, OUT_MAX);

    if (expr == NULL) {
        bnc_str_puts(&out, "{\"ok\":false,\"error\":");
        bnc_str_json(&out, problem.message);
        bnc_str_puts(&out, ",\"remedy\":");
        bnc_str_json(&out, problem.remedy == NULL ? "" : problem.remedy);
        bnc_str_fmt(&out, ",\"line\":%zu,\"column\":%zu,\"start\":%zu,\"end\":%zu}",
                    problem.line, problem.column, problem.start, problem.end);
    } else {
        bnc_str_fmt(&out, "{\"ok\":true,\"type\":\"%s\"",
                    bnc_promql_type_name(expr->root->type));
        add_text(&out, "text", expr, arena);
        if (q->label.len > 0) {
            bnc_promql_enforce(expr, q->label, q->value,
                               q->all ? BNC_PROMQL_REACH_ALL : BNC_PROMQL_REACH_OPERATOR,
                               arena);
            add_text(&out, "enforced", expr, arena);
        }
        bnc_str_puts(&out, "}");
    }
    (void)puts(out.ptr);
}

static double
seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Parse the accepted ones over and over. */
static void
measure(const struct question *questions, size_t n, double seconds)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    double start = seconds_now();
    size_t parsed = 0;
    size_t bytes = 0;

    while (n > 0 && seconds_now() - start < seconds) {
        for (size_t i = 0; i < n; i++) {
            struct bnc_promql_problem problem = {0};
            (void)parse(&questions[i], arena, &problem);
            bnc_arena_reset(arena);
            bytes += questions[i].text.len;
        }
        parsed += n;
    }
    double took = seconds_now() - start;
    (void)printf("%.0f expressions a second, %.1f MB/s, %zu of them\n",
                 (double)parsed / took, (double)bytes / took / 1e6, n);
}

int
main(int argc, char **argv)
{
    BNC_AUTO(bnc_arena) kept = bnc_arena_new();
    double seconds = argc == 3 && strcmp(argv[1], "--seconds") == 0 ? atof(argv[2]) : 0;
    struct question *questions = NULL;
    struct bnc_error err = {0};
    char *line = NULL;
    size_t room = 0;
    size_t n = 0;
    ssize_t length;

    while ((length = getline(&line, &room, stdin)) > 0) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_arena *owner = seconds > 0 ? kept : arena;
        struct question q;
        cJSON *json = NULL;
        if (bnc_json_parse(owner, line, (size_t)length, &json, &err) ||
            !read_question(json, owner, &q, &err)) {
            (void)fprintf(stderr, "promql: %s\n", err.message);
            free(line);
            return 2;
        }
        if (seconds > 0) {
            questions = bnc_realloc(questions, (n + 1) * sizeof(*questions));
            questions[n++] = q;
        } else {
            answer(&q, arena);
        }
    }
    if (seconds > 0) {
        measure(questions, n, seconds);
    }
    free(questions);
    free(line);
    return 0;
}
