#include "sync/grafana_server.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/clip.h"
#include "sync/server_priv.h"

#define CA_MAX          ((size_t)1024 * 1024)
#define SECRET_MAX      ((size_t)16 * 1024) /* bytes of a credential */
#define HEADER_MAX      ((size_t)64 * 1024)
#define SMALL_MAX       ((size_t)64 * 1024)
#define SOURCES_MAX     ((size_t)8 * 1024 * 1024)
#define RETRY_AFTER_MAX 60 /* seconds */

struct bnc_gsync_server {
    struct bnc_world *world;
    struct bnc_server_place place;
    char *ca_file;
    char *credentials;
    struct bnc_http_call *call;
    struct bnc_timer *failed; /* tells, later, what kept a call from starting */
    struct bnc_error failure;
    enum bnc_gsync_call asked;
    int64_t retry_after_ms;
    struct bnc_str text;
    bnc_gsync_answer_fn fn;
    void *arg;
};

static const struct {
    const char *method;
    const char *path;
    bool plain; /* goes without credentials */
    int64_t timeout_ms;
    size_t max_bytes;
} calls[BNC_GSYNC_CALL_COUNT] = {
    [BNC_GSYNC_HEALTH] = {"GET", "/api/health", true, 10000, SMALL_MAX},
    [BNC_GSYNC_RELOAD] = {"POST", "/api/admin/provisioning/datasources/reload", false,
                          60000, SMALL_MAX},
    [BNC_GSYNC_SOURCES] = {"GET", "/api/datasources", false, 20000, SOURCES_MAX},
};

/* ---- credentials --------------------------------------------------------------- */

static void
wipe(struct bnc_str *s)
{
    if (s->ptr != NULL) {
        explicit_bzero(s->ptr, s->room);
    }
    bnc_str_free(s);
}

/* Where the parts of a credential are: as a key of a Secret, or in the environment. */
static const struct {
    const char *user; /* NULL: a token */
    const char *secret;
    bool variable;
} places[] = {
    {NULL, "token", false},
    {"username", "password", false},
    {"admin-user", "admin-password", false}, /* as Grafana's chart calls them */
    {NULL, "GRAFANA_TOKEN", true},
    {"GRAFANA_USERNAME", "GRAFANA_PASSWORD", true},
};

/* One part; NULL: it is not there.  A line's end after it is none of it. */
static const char *
read_part(const struct bnc_gsync_server *server, const char *name, bool variable,
          struct bnc_arena *arena)
{
    struct bnc_bytes bytes = {0};
    struct bnc_error ignored = {0};
    if (name == NULL || (server->credentials == NULL) != variable) {
        return NULL;
    }
    if (variable) {
        return bnc_world_getenv(server->world, name);
    }
    const char *path = bnc_arena_fmt(arena, "%s/%s", server->credentials, name);
    if (bnc_file_read(server->world, path, SECRET_MAX, arena, &bytes, &ignored)) {
        return NULL;
    }
    size_t n = bytes.len;
    while (n > 0 && (bytes.ptr[n - 1] == '\n' || bytes.ptr[n - 1] == '\r')) {
        n--;
    }
    return bnc_arena_strndup(arena, bytes.ptr, n);
}

static bool
is_header_text(const char *s)
{
    for (; *s != '\0'; s++) {
        if (iscntrl((unsigned char)*s) != 0) {
            return false;
        }
    }
    return true;
}

static void
basic_header(const char *user, const char *password, struct bnc_str *out)
{
    struct bnc_str plain = bnc_str_new(NULL, 2 * SECRET_MAX + 1);
    bnc_str_fmt(&plain, "%s:%s", user, password);
    bnc_str_puts(out, "Authorization: Basic ");
    bnc_base64_add(out, (struct bnc_bytes){plain.ptr, plain.len});
    wipe(&plain);
}

/* The header Authorization; empty without any.  Errors: NOT_FOUND, INVALID. */
static enum bnc_code
authorize(const struct bnc_gsync_server *server, struct bnc_str *out,
          struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(places); i++) {
        const char *user = read_part(server, places[i].user, places[i].variable, arena);
        const char *secret =
            read_part(server, places[i].secret, places[i].variable, arena);
        if (secret == NULL || (places[i].user != NULL && user == NULL)) {
            continue;
        }
        if (places[i].user != NULL) {
            basic_header(user, secret, out);
        } else if (is_header_text(secret)) {
            bnc_str_fmt(out, "Authorization: Bearer %s", secret);
        } else {
            return bnc_fail(err, BNC_INVALID, "Grafana's token is not one line of text");
        }
        return bnc_str_check(out, "Grafana's credential", err);
    }
    if (server->credentials != NULL) {
        return bnc_fail(err, BNC_NOT_FOUND,
                        "%s has no file token, and not both username and password",
                        server->credentials);
    }
    if (server->place.auth != NULL) {
        bnc_str_puts(out, server->place.auth);
    }
    return BNC_OK;
}

/* ---- answers ------------------------------------------------------------------- */

static void
give(struct bnc_gsync_server *server, const struct bnc_gsync_answer *answer)
{
    bnc_gsync_answer_fn fn = server->fn;
    server->fn = NULL;
    fn(server->arg, answer);
}

static enum bnc_gsync_verdict
verdict_of(enum bnc_gsync_call call, int status, const cJSON *body)
{
    /* what stands before Grafana does not answer in its way */
    bool own = bnc_json_get_str(body, "message") != NULL;
    if (status == 200) {
        return BNC_GSYNC_DONE;
    }
    if (status == 500 && call == BNC_GSYNC_RELOAD && own) {
        return BNC_GSYNC_REFUSED;
    }
    return status >= 500 || status == 429 ? BNC_GSYNC_AWAY : BNC_GSYNC_WRONG;
}

/* What Grafana says, in a line. */
static const char *
words_of(const cJSON *body, struct bnc_arena *arena)
{
    char text[BNC_SERVER_TEXT_MAX];
    const char *message = bnc_json_get_str(body, "message");
    const char *error = bnc_json_get_str(body, "error"); /* when it runs for developers */
    message = message == NULL ? "" : message;
    bool both = error != NULL && error[0] != '\0' && strcmp(error, message) != 0;
    bnc_server_clip(both ? bnc_arena_fmt(arena, "%.*s: %.*s", bnc_clip(message, 300),
                                         message, bnc_clip(error, 1000), error)
                         : message,
                    text);
    return bnc_arena_strdup(arena, text);
}

static const char *
describe(const struct bnc_gsync_server *server, int status, const char *words,
         struct bnc_arena *arena)
{
    return bnc_arena_fmt(arena, "%s %s%s: status %d%s%s", calls[server->asked].method,
                         server->place.base, calls[server->asked].path, status,
                         words[0] == '\0' ? "" : ": ", words);
}

static void
on_answer(struct bnc_gsync_server *server, int status)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_gsync_answer answer = {.call = server->asked,
                                      .retry_after_ms = server->retry_after_ms};
    struct bnc_error err = {0};
    cJSON *body = NULL;
    if (server->text.len == 0 ||
        bnc_json_parse(arena, server->text.ptr, server->text.len, &body, &err)) {
        body = NULL;
    }
    const char *words = words_of(body, arena);
    answer.verdict = verdict_of(server->asked, status, body);
    answer.message = "";
    if (answer.verdict == BNC_GSYNC_REFUSED) {
        answer.message = words;
    } else if (answer.verdict != BNC_GSYNC_DONE) {
        answer.message = describe(server, status, words, arena);
    } else if (server->asked == BNC_GSYNC_SOURCES) {
        answer.sources = cJSON_IsArray(body) ? body : NULL;
        answer.verdict = answer.sources == NULL ? BNC_GSYNC_WRONG : BNC_GSYNC_DONE;
        answer.message = answer.sources == NULL
                             ? describe(server, status, "that is no list", arena)
                             : "";
    }
    give(server, &answer);
}

static void
on_data(void *arg, struct bnc_http_call *call, const char *bytes, size_t n)
{
    struct bnc_gsync_server *server = arg;
    BNC_UNUSED(call);
    bnc_str_add(&server->text, bytes, n);
}

static void
on_head(void *arg, struct bnc_http_call *call, int status)
{
    struct bnc_gsync_server *server = arg;
    const char *after = bnc_http_header(call, "Retry-After");
    long seconds = after == NULL ? 0 : strtol(after, NULL, 10);
    BNC_UNUSED(status);
    server->retry_after_ms =
        seconds <= 0 ? 0 : (seconds < RETRY_AFTER_MAX ? seconds : RETRY_AFTER_MAX) * 1000;
}

static void
no_answer(struct bnc_gsync_server *server, const struct bnc_error *err)
{
    bool unusable = err->code == BNC_INVALID || err->code == BNC_NOT_FOUND;
    give(server, &(struct bnc_gsync_answer){.call = server->asked,
                                            .verdict = unusable ? BNC_GSYNC_WRONG
                                                                : BNC_GSYNC_AWAY,
                                            .message = err->message});
}

static void
on_done(void *arg, struct bnc_http_call *call, int status, const struct bnc_error *err)
{
    struct bnc_gsync_server *server = arg;
    BNC_UNUSED(call);
    server->call = NULL;
    if (err->code != BNC_OK) {
        no_answer(server, err);
    } else {
        on_answer(server, status);
    }
}

static void
on_failed(void *arg)
{
    struct bnc_gsync_server *server = arg;
    no_answer(server, &server->failure);
}

/* ---- calls --------------------------------------------------------------------- */

static enum bnc_code
start(struct bnc_gsync_server *server, int64_t org, struct bnc_str *auth,
      struct bnc_error *err)
{
    static const struct bnc_http_client_ops ops = {on_head, on_data, on_done};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes ca = {0};
    const char *headers[] = {NULL, NULL, NULL, NULL};
    size_t n = 0;

    if (server->ca_file != NULL &&
        bnc_file_read(server->world, server->ca_file, CA_MAX, arena, &ca, err)) {
        err->code = BNC_UNAVAILABLE; /* it may be there the next time */
        return bnc_wrap(err, "CA file");
    }
    if (!calls[server->asked].plain && authorize(server, auth, err)) {
        return err->code;
    }
    headers[n++] = "Accept: application/json";
    if (auth->len > 0) {
        headers[n++] = auth->ptr;
    }
    if (server->asked == BNC_GSYNC_SOURCES) {
        headers[n] = bnc_arena_fmt(arena, "X-Grafana-Org-Id: %lld", (long long)org);
    }
    const struct bnc_tls_client tls = {.ca_pem = ca.ptr};
    const struct bnc_http_request request = {
        .group = BNC_HTTP_UNARY,
        .method = calls[server->asked].method,
        .url =
            bnc_arena_fmt(arena, "%s%s", server->place.base, calls[server->asked].path),
        .headers = headers,
        .tls = &tls,
        .timeout_ms = calls[server->asked].timeout_ms,
        .max_bytes = calls[server->asked].max_bytes};
    server->call = bnc_http_start(server->world, &request, &ops, server);
    return BNC_OK;
}

void
bnc_gsync_server_ask(struct bnc_gsync_server *server, enum bnc_gsync_call call,
                     int64_t org, bnc_gsync_answer_fn fn, void *arg)
{
    struct bnc_str auth = bnc_str_new(NULL, HEADER_MAX);
    bnc_gsync_server_cancel(server);
    server->asked = call;
    server->fn = fn;
    server->arg = arg;
    server->failure = (struct bnc_error){0};
    server->retry_after_ms = 0;
    bnc_str_clear(&server->text);
    if (start(server, org, &auth, &server->failure)) {
        bnc_timer_set(server->failed, 0);
    }
    wipe(&auth);
}

void
bnc_gsync_server_cancel(struct bnc_gsync_server *server)
{
    if (server->call != NULL) {
        bnc_http_cancel(server->call);
        server->call = NULL;
    }
    bnc_timer_stop(server->failed);
}

/* ---- life ---------------------------------------------------------------------- */

enum bnc_code
bnc_gsync_server_new(const struct bnc_gsync_server_options *options,
                     struct bnc_gsync_server **out, struct bnc_error *err)
{
    struct bnc_server_place place = {0};
    if (bnc_server_place_parse(options->url, &place, err)) {
        return bnc_wrap(err, "--grafana");
    }
    struct bnc_gsync_server *server = bnc_alloc(sizeof(*server));
    server->world = options->world;
    server->place = place;
    server->ca_file = bnc_strdup(options->ca_file);
    server->credentials = bnc_strdup(options->credentials);
    server->text = bnc_str_new(NULL, SOURCES_MAX);
    server->failed = bnc_timer_new(options->world, on_failed, server);
    *out = server;
    return BNC_OK;
}

void
bnc_gsync_server_free(struct bnc_gsync_server *server)
{
    if (server == NULL) {
        return;
    }
    bnc_gsync_server_cancel(server);
    bnc_timer_free(server->failed);
    bnc_server_place_free(&server->place);
    bnc_str_free(&server->text);
    free(server->ca_file);
    free(server->credentials);
    free(server);
}

const char *
bnc_gsync_server_url(const struct bnc_gsync_server *server)
{
    return server->place.base;
}
