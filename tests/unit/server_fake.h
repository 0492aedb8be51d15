/*
 * A Prometheus of a few answers for tests of sync/server.h, and what came back as text.
 */
#ifndef BNC_TESTS_UNIT_SERVER_FAKE_H
#define BNC_TESTS_UNIT_SERVER_FAKE_H

#include <ctype.h>

#include "sync/server_priv.h"
#include "tests/unit/test_net.h"

#define MARKER        "generation-0a1b.yml"
#define OK_JSON(data) "{\"status\":\"success\",\"data\":" data "}"
/* ---- a Prometheus of four answers -------------------------------------------------- */

struct answer {
    const char *path;  /* its end */
    const char *query; /* its beginning; NULL: any */
    int status;        /* -1: none; -2: none ever, and the connection is closed */
    const char *body;
};

struct fake {
    struct bnc_world *world;
    struct bnc_listener *listener;
    struct bnc_server *server;
    struct bnc_http_exchange *held;
    const struct answer *answers;
    size_t n;
    struct bnc_bytes big; /* for a body "BIG" */
    char seen[512];       /* the requests */
    char told[2600];      /* what came back */
    int calls;
};

static inline void
close_later(void *arg)
{
    struct fake *fake = arg;
    bnc_listener_free(fake->listener);
    fake->listener = NULL;
}

static inline void
serve(void *arg, struct bnc_http_exchange *exchange, const struct bnc_http_query *query)
{
    struct fake *fake = arg;
    size_t n = strlen(fake->seen);

    (void)snprintf(fake->seen + n, sizeof(fake->seen) - n, "%s %s%s%s|", query->method,
                   query->path, query->query[0] == '\0' ? "" : "?", query->query);
    for (size_t i = 0; i < fake->n; i++) {
        const struct answer *answer = &fake->answers[i];
        if (!bnc_str_ends(query->path, answer->path) ||
            (answer->query != NULL && !bnc_str_starts(query->query, answer->query))) {
            continue;
        }
        if (answer->status < 0) {
            fake->held = exchange;
            if (answer->status == -2) {
                close_later(fake);
            }
            return;
        }
        bool big = strcmp(answer->body, "BIG") == 0;
        bnc_http_answer(exchange, answer->status, "application/json",
                        big ? fake->big : test_bytes(answer->body));
        return;
    }
    bnc_http_answer(exchange, 404, "text/plain", test_bytes("404 page not found\n"));
}

static inline void
fake_start(struct fake *fake, const char *prefix)
{
    struct bnc_error err = {0};
    char url[128];

    fake->world = test_world_new();
    CHECK_INT(
        bnc_listen(fake->world, "127.0.0.1:0", 1000, serve, fake, &fake->listener, &err),
        BNC_OK);
    (void)snprintf(url, sizeof(url), "http://user:secret@127.0.0.1:%d%s/-/reload",
                   bnc_listener_port(fake->listener), prefix);
    CHECK_INT(bnc_server_new(fake->world, url, NULL, &fake->server, &err), BNC_OK);
}

static inline void
fake_free(struct fake *fake)
{
    bnc_server_free(fake->server);
    bnc_listener_free(fake->listener);
    bnc_world_free(fake->world);
}

/* `told` and nothing of the port, which is another each time. */
static inline void
tell(struct fake *fake, const char *text)
{
    char *port;

    fake->calls++;
    (void)snprintf(fake->told, sizeof(fake->told), "%s", text);
    CHECK(strstr(fake->told, "secret") == NULL && strstr(fake->told, "user") == NULL);
    while ((port = strstr(fake->told, "127.0.0.1:")) != NULL) {
        char *end = port + 10;
        while (isdigit((unsigned char)*end) != 0) {
            end++;
        }
        *port = '@';
        memmove(port + 1, end, strlen(end) + 1);
    }
    bnc_world_stop(fake->world);
}

static inline void
tell_error(struct fake *fake, const struct bnc_error *err)
{
    char text[700];
    (void)snprintf(text, sizeof(text), "%s: %s", bnc_code_name(err->code), err->message);
    tell(fake, text);
}

#endif
