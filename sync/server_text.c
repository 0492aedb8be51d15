#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/clip.h"
#include "sync/server_priv.h"

#define URL_MAX    ((size_t)2 * 1024)
#define RELOAD     "/-/reload"
#define REFUSAL    "failed to reload config: "
#define NOT_LOADED "couldn't load configuration (--config.file="

/* ---- the address ----------------------------------------------------------------- */

/* The byte that %XX means; -1: that is no such thing. */
static int
percent_byte(const char *s, size_t n)
{
    unsigned value = 0;

    if (n < 3 || s[0] != '%') {
        return -1;
    }
    for (size_t i = 1; i < 3; i++) {
        char c = s[i];
        if (isxdigit((unsigned char)c) == 0) {
            return -1;
        }
        value = value << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return (int)value;
}

/* "user:pass" with %XX decoded, as the header's value. */
static char *
auth_header(const char *userinfo, size_t n)
{
    struct bnc_str plain = bnc_str_new(NULL, URL_MAX);
    struct bnc_str header = bnc_str_new(NULL, 2 * URL_MAX);
    bool password = false;

    for (size_t i = 0; i < n; i++) {
        password = password || userinfo[i] == ':';
        int byte = percent_byte(userinfo + i, n - i);
        if (byte >= 0) {
            bnc_str_putc(&plain, (char)byte);
            i += 2;
        } else {
            bnc_str_putc(&plain, userinfo[i]);
        }
    }
    if (!password) {
        bnc_str_putc(&plain, ':');
    }
    bnc_str_puts(&header, "Authorization: Basic ");
    bnc_base64_add(&header, (struct bnc_bytes){plain.ptr, plain.len});
    bnc_str_free(&plain);
    return header.ptr;
}

static bool
is_printable(const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s <= ' ' || *s > '~') {
            return false;
        }
    }
    return true;
}

enum bnc_code
bnc_server_place_parse(const char *url, struct bnc_server_place *out,
                       struct bnc_error *err)
{
    const char *scheme = bnc_str_starts(url, "https://") ? "https://" : "http://";

    if (!bnc_str_starts(url, scheme) || strlen(url) > URL_MAX || !is_printable(url) ||
        strpbrk(url, "?#\\") != NULL) {
        return bnc_fail(err, BNC_INVALID,
                        "the reload URL is not http://… or https://… without a query");
    }
    const char *host = url + strlen(scheme);
    const char *path = host + strcspn(host, "/");
    const char *at = path;
    while (at > host && at[-1] != '@') { /* the last one: a password may hold more */
        at--;
    }
    if (at == path || (at == host && *host == '@')) {
        return bnc_fail(err, BNC_INVALID, "the reload URL has no host");
    }
    size_t n = strlen(path);
    if (bnc_str_ends(path, RELOAD)) {
        n -= sizeof(RELOAD) - 1;
    }
    while (n > 0 && path[n - 1] == '/') {
        n--;
    }
    struct bnc_str base = bnc_str_new(NULL, URL_MAX);
    bnc_str_puts(&base, scheme);
    bnc_str_add(&base, at, (size_t)(path - at) + n);
    out->base = base.ptr;
    out->auth = at == host ? NULL : auth_header(host, (size_t)(at - host) - 1);
    return BNC_OK;
}

void
bnc_server_place_free(struct bnc_server_place *place)
{
    free(place->base);
    free(place->auth);
}

char *
bnc_server_escape(const char *text)
{
    static const char safe[] = "-._~";
    struct bnc_str out = bnc_str_new(NULL, 3 * strlen(text) + 1);
    bnc_str_puts(&out, "");
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) != 0 || strchr(safe, c) != NULL) {
            bnc_str_putc(&out, *text);
        } else {
            bnc_str_fmt(&out, "%%%02X", (unsigned)c);
        }
    }
    return out.ptr;
}

/* ---- its words ------------------------------------------------------------------- */

void
bnc_server_clip(const char *text, char out[BNC_SERVER_TEXT_MAX])
{
    size_t n = (size_t)bnc_clip(text, (int)BNC_SERVER_TEXT_MAX - 1);
    bool utf8 = bnc_utf8_valid(text, n);

    while (n > 0 && isspace((unsigned char)text[n - 1]) != 0) {
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        bool bad = (c < ' ' && c != '\n') || c == 0x7f || (c >= 0x80 && !utf8);
        out[i] = text[i];
        if (bad) {
            out[i] = '?';
        }
    }
    out[n] = '\0';
}

bool
bnc_server_refusal(const char *body, char out[BNC_SERVER_TEXT_MAX])
{
    if (!bnc_str_starts(body, REFUSAL)) {
        return false;
    }
    const char *text = body + sizeof(REFUSAL) - 1;
    const char *end = strstr(text, "\"): ");
    if (bnc_str_starts(text, NOT_LOADED) && end != NULL) {
        text = end + 4;
    }
    bnc_server_clip(text[0] == '\0' ? body : text, out);
    return true;
}
