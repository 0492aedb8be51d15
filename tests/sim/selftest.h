/*
 * What the simulator's own tests share: a plain HTTP client on the world.
 */
#ifndef BNC_TESTS_SIM_SELFTEST_H
#define BNC_TESTS_SIM_SELFTEST_H

#include "tests/sim/sim.h"
#include "tests/unit/test.h"

struct client {
    struct bnc_http_call *call;
    struct bnc_str body;
    char retry_after[16];
    int status;
    int done; /* times */
    struct bnc_error err;
};

static inline void
client_head(void *arg, struct bnc_http_call *call, int status)
{
    struct client *c = arg;
    const char *after = bnc_http_header(call, "retry-after");
    (void)snprintf(c->retry_after, sizeof(c->retry_after), "%s", after ? after : "");
    c->status = status;
}

static inline void
client_data(void *arg, struct bnc_http_call *call, const char *bytes, size_t n)
{
    BNC_UNUSED(call);
    bnc_str_add(&((struct client *)arg)->body, bytes, n);
}

static inline void
client_done(void *arg, struct bnc_http_call *call, int status,
            const struct bnc_error *err)
{
    struct client *c = arg;
    BNC_UNUSED(call);
    c->call = NULL;
    c->status = status;
    c->err = *err;
    c->done++;
}

static const struct bnc_http_client_ops client_ops = {client_head, client_data,
                                                      client_done};

static inline bool
client_is_done(void *arg)
{
    return ((const struct client *)arg)->done > 0;
}

/* `headers` may be NULL. */
static inline void
client_start(struct client *c, struct bnc_sim *sim, const char *method, const char *path,
             const char *const *headers, const char *body)
{
    char url[2048];
    (void)snprintf(url, sizeof(url), "%s%s", BNC_SIM_API_ORIGIN, path);
    const struct bnc_http_request request = {
        .group = BNC_HTTP_UNARY,
        .method = method,
        .url = url,
        .headers = headers,
        .body = {body, body == NULL ? 0 : strlen(body)},
        .timeout_ms = 600000,
    };
    *c = (struct client){.body = bnc_str_new(NULL, (size_t)64 << 20)};
    bnc_str_puts(&c->body, "");
    c->call = bnc_http_start(bnc_sim_world(sim), &request, &client_ops, c);
}

static inline void
client_end(struct client *c)
{
    if (c->call != NULL) {
        bnc_http_cancel(c->call);
    }
    bnc_str_free(&c->body);
}

/* The status of a whole exchange; the body in `out`, to be freed, unless it is NULL. */
static inline int
ask(struct bnc_sim *sim, const char *method, const char *path, const char *const *headers,
    const char *body, struct bnc_str *out)
{
    struct client c;
    client_start(&c, sim, method, path, headers, body);
    (void)bnc_sim_run_until(sim, client_is_done, &c, 700000);
    int status = c.err.code != BNC_OK ? -(int)c.err.code : c.status;
    if (out != NULL) {
        *out = c.body;
        c.body = (struct bnc_str){0};
    }
    client_end(&c);
    return status;
}

static inline bool
has(const char *text, const char *part)
{
    return text != NULL && strstr(text, part) != NULL;
}

static inline size_t
times(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *p = strstr(text, part); p != NULL; p = strstr(p + 1, part)) {
        n++;
    }
    return n;
}

#endif
