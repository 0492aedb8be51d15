#include <stdlib.h>
#include <string.h>

#include "controller/grafana_priv.h"
#include "lib/base64.h"

#define ANSWER_MAX ((size_t)16 * 1024 * 1024) /* bytes; 5 000 datasources of 3 KiB */
#define AUTH_MAX   ((size_t)64 * 1024)
#define URL_MAX    ((size_t)4 * 1024)
#define RETRY_MAX  300 /* seconds that are waited because Grafana says so */

/* ---- where, and who ------------------------------------------------------------- */

static void
wipe(char **text)
{
    if (*text != NULL) {
        explicit_bzero(*text, strlen(*text));
        free(*text);
        *text = NULL;
    }
}

/* NULL when the address may be asked, else what is wrong with it. */
static const char *
bad_url(const char *url)
{
    if (url == NULL || url[0] == '\0') {
        return "no address of Grafana is known";
    }
    if ((!bnc_str_starts(url, "http://") && !bnc_str_starts(url, "https://")) ||
        strpbrk(url, "?#@\\ \t\r\n") != NULL || strlen(url) > URL_MAX / 2) {
        return "the address of Grafana is not http://… or https://… without a query and "
               "a "
               "password";
    }
    return NULL;
}

/* What may stand in a header; a line end of a file is cut. */
static bool
clean(struct bnc_bytes *text, char lowest)
{
    while (text->len > 0 && strchr("\r\n", text->ptr[text->len - 1]) != NULL) {
        text->len--;
    }
    for (size_t i = 0; i < text->len; i++) {
        if ((unsigned char)text->ptr[i] < (unsigned char)lowest || text->ptr[i] == 0x7f) {
            return false;
        }
    }
    return text->len > 0;
}

/* The header that says who asks; *bad: why there is none. */
static char *
auth_header(const struct bnc_gapi_want *want, const char **bad)
{
    struct bnc_bytes token = want->token;
    struct bnc_bytes user = want->username;
    struct bnc_bytes password = want->password;
    struct bnc_str line = bnc_str_new(NULL, AUTH_MAX);

    bnc_str_reserve(&line, (token.len + user.len + password.len) * 2 + 64);
    if (token.len > 0) {
        if (clean(&token, '!')) {
            bnc_str_puts(&line, "Authorization: Bearer ");
            bnc_str_add(&line, token.ptr, token.len);
        }
    } else if (clean(&user, ' ') && clean(&password, ' ') &&
               memchr(user.ptr, ':', user.len) == NULL) {
        struct bnc_str pair = bnc_str_new(NULL, AUTH_MAX);
        bnc_str_reserve(&pair, user.len + password.len + 1);
        bnc_str_add(&pair, user.ptr, user.len);
        bnc_str_putc(&pair, ':');
        bnc_str_add(&pair, password.ptr, password.len);
        bnc_str_puts(&line, "Authorization: Basic ");
        bnc_base64_add(&line, (struct bnc_bytes){pair.ptr, pair.len});
        bnc_gapi_wipe(&pair);
    }
    if (line.len == 0 || line.too_big) {
        bnc_gapi_wipe(&line);
        *bad = "the credentials of Grafana are neither a token nor a username and a "
               "password";
        return NULL;
    }
    return line.ptr; /* taken over */
}

static bool
same_place(const struct bnc_gapi_want *a, const struct bnc_gapi_want *b)
{
    return bnc_str_eq(a->url, b->url) && bnc_str_eq(a->server_name, b->server_name) &&
           a->insecure == b->insecure && a->ca_pem.len == b->ca_pem.len &&
           (a->ca_pem.len == 0 ||
            memcmp(a->ca_pem.ptr, b->ca_pem.ptr, a->ca_pem.len) == 0);
}

bool
bnc_gapi_ask_set(struct seat *seat, const struct bnc_gapi_want *want)
{
    const char *bad = bad_url(want->url);
    char *auth = bad == NULL ? auth_header(want, &bad) : NULL;
    bool same = seat->arena != NULL && same_place(&seat->want, want) &&
                bnc_str_eq(seat->auth, auth) && bnc_str_eq(seat->bad, bad);
    struct bnc_arena *arena = bnc_arena_new();

    wipe(&seat->auth);
    seat->auth = auth;
    seat->password = want->token.len == 0;
    bnc_gapi_slot(&seat->bad, bad);
    struct bnc_gapi_want copy = {
        .url = bnc_arena_strdup(arena, want->url),
        .server_name = bnc_arena_strdup(arena, want->server_name),
        .insecure = want->insecure,
        .poll_ms = want->poll_ms > 0 ? want->poll_ms : BNC_GAPI_POLL_MS,
        .org = want->org > 0 ? want->org : 1,
    };
    if (want->ca_pem.len > 0) {
        copy.ca_pem.ptr = bnc_arena_strndup(arena, want->ca_pem.ptr, want->ca_pem.len);
        copy.ca_pem.len = want->ca_pem.len;
    }
    bnc_arena_free(seat->arena);
    seat->arena = arena;
    seat->want = copy;
    return !same;
}

void
bnc_gapi_ask_free(struct seat *seat)
{
    bnc_gapi_ask_cancel(seat);
    wipe(&seat->auth);
    free(seat->bad);
    bnc_arena_free(seat->arena);
}

/* ---- one request ---------------------------------------------------------------- */

static void
on_data(void *arg, struct bnc_http_call *call, const char *bytes, size_t n)
{
    struct seat *seat = arg;

    BNC_UNUSED(call);
    bnc_str_add(&seat->answer, bytes, n);
}

/* "Retry-After: 7"; a date is not understood, and our own pace is kept. */
static int64_t
retry_ms(struct bnc_http_call *call)
{
    const char *text = bnc_http_header(call, "Retry-After");
    char *rest;

    if (text == NULL) {
        return 0;
    }
    long seconds = strtol(text, &rest, 10);
    if (rest == text || *rest != '\0' || seconds < 0) {
        return 0;
    }
    return (seconds < RETRY_MAX ? seconds : RETRY_MAX) * 1000;
}

static void
on_done(void *arg, struct bnc_http_call *call, int status, const struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct seat *seat = arg;
    struct bnc_error ignored = {0};
    struct reply reply = {.arena = arena, .err = err};

    seat->call = NULL;
    if (err->code == BNC_OK) {
        reply.status = status;
        reply.retry_ms = retry_ms(call);
        if (bnc_json_parse(arena, seat->answer.len == 0 ? "" : seat->answer.ptr,
                           seat->answer.len, &reply.tree, &ignored)) {
            reply.tree = NULL;
        }
    }
    bnc_str_free(&seat->answer);
    seat->then(seat, &reply);
}

void
bnc_gapi_ask(struct seat *seat, const char *method, const char *path, int64_t org,
             struct bnc_bytes body,
             void (*then)(struct seat *seat, const struct reply *reply))
{
    static const struct bnc_http_client_ops ops = {NULL, on_data, on_done};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_gapi_options *options = &seat->gapi->options;
    size_t n = strlen(seat->want.url);

    if (options->may_write != NULL && !options->may_write(options->may_write_arg)) {
        return; /* this process ends: there is no answer that anybody needs */
    }
    while (seat->want.url[n - 1] == '/') {
        n--;
    }
    const char *const headers[] = {
        seat->auth,
        bnc_arena_fmt(arena, "X-Grafana-Org-Id: %lld", (long long)org),
        "Content-Type: application/json",
        "Accept: application/json",
        NULL,
    };
    const struct bnc_tls_client tls = {
        .ca_pem = seat->want.ca_pem.ptr,
        .server_name = seat->want.server_name,
        .insecure = seat->want.insecure,
    };
    const struct bnc_http_request request = {
        .group = BNC_HTTP_UNARY,
        .method = method,
        .url = bnc_arena_fmt(arena, "%.*s%s", (int)n, seat->want.url, path),
        .headers = headers,
        .body = body,
        .tls = &tls,
        .timeout_ms = BNC_GAPI_ASK_MS,
        .max_bytes = ANSWER_MAX,
    };
    seat->answer = bnc_str_new(NULL, ANSWER_MAX);
    seat->then = then;
    seat->call = bnc_http_start(options->world, &request, &ops, seat);
}

void
bnc_gapi_ask_cancel(struct seat *seat)
{
    if (seat->call != NULL) {
        bnc_http_cancel(seat->call);
        seat->call = NULL;
        bnc_str_free(&seat->answer);
    }
    seat->busy = NULL;
}
