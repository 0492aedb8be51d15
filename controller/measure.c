#include "controller/measure.h"

#include <stdlib.h>
#include <string.h>

#include "controller/measure_answer.h"
#include "kube/url.h"
#include "lib/log.h"
#include "lib/map.h"

#define FIRST_MS   10000               /* budgets begin spread over this */
#define ASK_MS     20000               /* for an answer */
#define ANSWER_MAX ((size_t)64 * 1024) /* bytes; one sum needs 100 */
#define TOKEN_MAX  ((size_t)64 * 1024) /* bytes of its file */
#define CA_MAX     ((size_t)1024 * 1024)
#define URL_MAX    ((size_t)16 * 1024) /* bytes, the query encoded */
#define PATH       "/api/v1/query?query="

struct bnc_measure {
    struct bnc_measure_options options;
    struct bnc_map *looks; /* "NS/NAME" */
};

/* One budget. */
struct look {
    struct bnc_measure *measure;
    char *ns;
    char *name;
    struct bnc_arena *arena; /* of `spec`'s texts */
    struct bnc_measure_spec spec;

    struct bnc_budget budget;
    int64_t told_percent; /* what the owner knows */
    int64_t percent_since_ms;
    int64_t rate;
    int64_t rate_at_ms;
    struct bnc_error error; /* OK: none */
    int64_t error_since_ms;

    struct bnc_timer *timer; /* the next question */
    struct bnc_http_call *call;
    struct bnc_str answer;
};

/* ---- what is told --------------------------------------------------------------- */

static struct bnc_measured
measured_of(const struct look *look)
{
    bool failed = look->error.code != BNC_OK;
    return (struct bnc_measured){
        .percent = look->budget.percent,
        .percent_since_ms = look->percent_since_ms,
        .rate = look->rate,
        .rate_at_ms = look->rate_at_ms,
        .error = failed ? look->error.message : NULL,
        .error_since_ms = failed ? look->error_since_ms : 0,
    };
}

/* Last in a turn: the owner may drop this budget. */
static void
tell(struct look *look)
{
    const struct bnc_measure_options *options = &look->measure->options;
    const struct bnc_measured now = measured_of(look);

    look->told_percent = now.percent;
    options->changed(options->arg, look->ns, look->name, &now);
}

/* True when it is news; the log is told then, and not each minute. */
static bool
note_error(struct look *look, const struct bnc_error *err)
{
    if (look->error.code == err->code && bnc_str_eq(look->error.message, err->message)) {
        return false;
    }
    if (look->error.code == BNC_OK) {
        look->error_since_ms = bnc_world_wall_ms(look->measure->options.world);
    }
    look->error = *err;
    if (err->code == BNC_OK) {
        BNC_LOG(BNC_LEVEL_INFO, "requests are measured again",
                BNC_KV("namespace", look->ns), BNC_KV("name", look->name));
    } else {
        BNC_LOG(BNC_LEVEL_WARN, "requests not measured, the percentage holds still",
                BNC_KV("namespace", look->ns), BNC_KV("name", look->name),
                BNC_KV("error", err->message));
    }
    return true;
}

static void
step(struct look *look, bool known, int64_t rate)
{
    struct bnc_world *world = look->measure->options.world;
    const struct bnc_budget_input input = {known, rate, bnc_world_mono_ms(world)};

    if (bnc_budget_step(&look->budget, &look->spec.settings, &input)) {
        look->percent_since_ms = bnc_world_wall_ms(world);
    }
}

/* An answer, or none: what follows from it, and when the next one is asked for. */
static void
settle(struct look *look, int64_t rate, const struct bnc_error *err)
{
    bool known = err->code == BNC_OK;

    if (known) {
        look->rate = rate;
        look->rate_at_ms = bnc_world_wall_ms(look->measure->options.world);
    }
    step(look, known, rate);
    bnc_timer_set(look->timer, look->spec.settings.interval_ms);
    if (note_error(look, err) || look->budget.percent != look->told_percent) {
        tell(look);
    }
}

/* ---- the answer ----------------------------------------------------------------- */

static void
on_data(void *arg, struct bnc_http_call *call, const char *bytes, size_t n)
{
    struct look *look = arg;

    BNC_UNUSED(call);
    bnc_str_add(&look->answer, bytes, n);
}

static void
on_done(void *arg, struct bnc_http_call *call, int status, const struct bnc_error *err)
{
    struct look *look = arg;
    const struct bnc_bytes answer = {look->answer.ptr, look->answer.len};
    struct bnc_error own = *err;
    int64_t rate = -1;

    BNC_UNUSED(call);
    look->call = NULL;
    if (own.code == BNC_OK && bnc_measure_answer(status, answer, &rate, &own)) {
        rate = -1;
    }
    settle(look, rate, &own);
}

/* ---- the question --------------------------------------------------------------- */

/* What comes before the path.  A password in it would be in logs and statuses. */
static enum bnc_code
base_url(const char *url, struct bnc_str *out, struct bnc_error *err)
{
    if (url == NULL || url[0] == '\0') {
        return bnc_fail(err, BNC_INVALID, "no address of Prometheus is known");
    }
    size_t n = strlen(url);
    if ((!bnc_str_starts(url, "http://") && !bnc_str_starts(url, "https://")) ||
        strpbrk(url, "?#@\\ \t\r\n") != NULL) {
        return bnc_fail(
            err, BNC_INVALID,
            "the address of Prometheus is not http://… or https://… without a "
            "query and a password");
    }
    while (url[n - 1] == '/') {
        n--;
    }
    bnc_str_add(out, url, n);
    return BNC_OK;
}

/* A line of the header out of a file that may be replaced at any time. */
static enum bnc_code
read_token(struct look *look, struct bnc_arena *arena, const char **header,
           struct bnc_error *err)
{
    struct bnc_bytes text = {0};

    if (look->spec.token_file == NULL) {
        return BNC_OK;
    }
    if (bnc_file_read(look->measure->options.world, look->spec.token_file, TOKEN_MAX,
                      arena, &text, err)) {
        return bnc_wrap(err, "token file");
    }
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[text.len - 1]) != NULL) {
        text.len--;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~') {
            text.len = 0; /* could be a header of its own */
        }
    }
    if (text.len == 0) {
        return bnc_fail(err, BNC_INVALID, "token file %s holds no token",
                        look->spec.token_file);
    }
    *header = bnc_arena_fmt(arena, "Authorization: Bearer %.*s", (int)text.len, text.ptr);
    return BNC_OK;
}

static enum bnc_code
start(struct look *look, struct bnc_error *err)
{
    static const struct bnc_http_client_ops ops = {NULL, on_data, on_done};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_world *world = look->measure->options.world;
    struct bnc_str url = bnc_str_new(arena, URL_MAX);
    const char *headers[] = {NULL, NULL};
    struct bnc_bytes ca = {0};
    int64_t interval_ms = look->spec.settings.interval_ms;

    if (base_url(look->spec.url, &url, err) ||
        read_token(look, arena, &headers[0], err)) {
        return err->code;
    }
    if (look->spec.query == NULL) {
        return bnc_fail(err, BNC_INVALID,
                        "the workloads to count requests of are none that are known, or "
                        "too many to name: write spec.budget.query");
    }
    if (look->spec.ca_file != NULL &&
        bnc_file_read(world, look->spec.ca_file, CA_MAX, arena, &ca, err)) {
        return bnc_wrap(err, "CA file");
    }
    bnc_str_puts(&url, PATH);
    bnc_url_encode(&url, look->spec.query);
    if (bnc_str_check(&url, "the query", err)) {
        return err->code;
    }
    const struct bnc_tls_client tls = {.ca_pem = ca.ptr};
    const struct bnc_http_request request = {
        .group = BNC_HTTP_UNARY,
        .method = "GET",
        .url = url.ptr,
        .headers = headers[0] == NULL ? NULL : headers,
        .tls = &tls,
        .timeout_ms = interval_ms < ASK_MS ? interval_ms : ASK_MS,
        .max_bytes = ANSWER_MAX,
    };
    bnc_str_clear(&look->answer);
    look->call = bnc_http_start(world, &request, &ops, look);
    return BNC_OK;
}

static int64_t
first_ms(const struct look *look)
{
    int64_t interval_ms = look->spec.settings.interval_ms;
    uint64_t span = (uint64_t)(interval_ms < FIRST_MS ? interval_ms : FIRST_MS);

    return (int64_t)(bnc_world_random(look->measure->options.world) % (span + 1));
}

static void
on_due(void *arg)
{
    struct look *look = arg;
    struct bnc_error err = {0};

    if (look->budget.percent != look->told_percent) { /* the settings' own doing */
        bnc_timer_set(look->timer, first_ms(look));
        tell(look);
    } else if (start(look, &err)) {
        settle(look, -1, &err);
    }
}

/* ---- outside -------------------------------------------------------------------- */

static void
look_free(struct look *look)
{
    if (look->call != NULL) {
        bnc_http_cancel(look->call);
    }
    bnc_timer_free(look->timer);
    bnc_str_free(&look->answer);
    bnc_arena_free(look->arena);
    free(look->ns);
    free(look->name);
    free(look);
}

static struct look *
find(const struct bnc_measure *measure, const char *ns, const char *name, bool take)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *key = bnc_arena_fmt(arena, "%s/%s", ns, name);

    return take ? bnc_map_take(measure->looks, key) : bnc_map_get(measure->looks, key);
}

static struct look *
add(struct bnc_measure *measure, const char *ns, const char *name)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct look *look = bnc_alloc(sizeof(*look));

    look->measure = measure;
    look->ns = bnc_strdup(ns);
    look->name = bnc_strdup(name);
    look->rate = -1;
    look->timer = bnc_timer_new(measure->options.world, on_due, look);
    look->answer = bnc_str_new(NULL, ANSWER_MAX);
    (void)bnc_map_put(measure->looks, bnc_arena_fmt(arena, "%s/%s", ns, name), look);
    return look;
}

static bool
same_spec(const struct bnc_measure_spec *a, const struct bnc_measure_spec *b)
{
    const struct bnc_budget_settings *s = &a->settings;
    const struct bnc_budget_settings *t = &b->settings;

    return bnc_str_eq(a->url, b->url) && bnc_str_eq(a->query, b->query) &&
           bnc_str_eq(a->token_file, b->token_file) &&
           bnc_str_eq(a->ca_file, b->ca_file) &&
           s->traces_per_second == t->traces_per_second && s->initial == t->initial &&
           s->min == t->min && s->max == t->max && s->tolerance == t->tolerance &&
           s->interval_ms == t->interval_ms;
}

static void
copy_spec(struct look *look, const struct bnc_measure_spec *spec)
{
    struct bnc_arena *arena = bnc_arena_new();

    look->spec = *spec;
    look->spec.url = bnc_arena_strdup(arena, spec->url);
    look->spec.query = bnc_arena_strdup(arena, spec->query);
    look->spec.token_file = bnc_arena_strdup(arena, spec->token_file);
    look->spec.ca_file = bnc_arena_strdup(arena, spec->ca_file);
    bnc_arena_free(look->arena); /* after the copies: `spec` may be our own */
    look->arena = arena;
}

struct bnc_measure *
bnc_measure_new(const struct bnc_measure_options *options)
{
    struct bnc_measure *measure = bnc_alloc(sizeof(*measure));
    measure->options = *options;
    measure->looks = bnc_map_new();
    return measure;
}

void
bnc_measure_free(struct bnc_measure *measure)
{
    size_t at = 0;
    void *value;

    if (measure == NULL) {
        return;
    }
    while (bnc_map_next(measure->looks, &at, NULL, &value)) {
        look_free(value);
    }
    bnc_map_free(measure->looks);
    free(measure);
}

void
bnc_measure_set(struct bnc_measure *measure, const char *ns, const char *name,
                const struct bnc_measure_spec *spec, int64_t start_percent)
{
    struct look *look = find(measure, ns, name, false);

    if (look == NULL) {
        look = add(measure, ns, name);
        copy_spec(look, spec);
        look->budget = bnc_budget_start(&spec->settings, start_percent);
        look->told_percent = start_percent < 0 ? look->budget.percent : start_percent;
    } else if (same_spec(&look->spec, spec)) {
        return;
    } else {
        copy_spec(look, spec);
        step(look, false, -1);
    }
    if (look->call != NULL) { /* it asks what nobody wants to know any more */
        bnc_http_cancel(look->call);
        look->call = NULL;
    }
    bool news = look->budget.percent != look->told_percent;
    bnc_timer_set(look->timer, news ? 0 : first_ms(look));
}

void
bnc_measure_drop(struct bnc_measure *measure, const char *ns, const char *name)
{
    struct look *look = find(measure, ns, name, true);

    if (look != NULL) {
        look_free(look);
    }
}

bool
bnc_measure_get(const struct bnc_measure *measure, const char *ns, const char *name,
                struct bnc_measured *out)
{
    const struct look *look = find(measure, ns, name, false);

    if (look != NULL) {
        *out = measured_of(look);
    }
    return look != NULL;
}
