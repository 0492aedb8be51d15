#include "net/http_parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void
bad(struct bnc_http_parser *parser, int status)
{
    parser->state = BNC_HTTP_PARSE_BAD;
    parser->status = status;
}

/* ---- pieces of text ------------------------------------------------------------ */

/* RFC 9110, 5.6.2 */
static bool
is_token(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (isalnum((unsigned char)s[i]) == 0 &&
            (s[i] == '\0' || strchr("!#$%&'*+-.^_`|~", s[i]) == NULL)) {
            return false;
        }
    }
    return n > 0;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A number without sign or space; false when it is none or does not fit. */
static bool
read_number(const char *s, size_t n, unsigned base, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        int digit = hex_digit(s[i]);
        if (digit < 0 || (unsigned)digit >= base || value > UINT64_MAX / 32) {
            return false;
        }
        value = value * base + (unsigned)digit;
    }
    *out = value;
    return n > 0;
}

/* True when `word` is one of the comma-separated words of `list`. */
static bool
has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; *p != '\0';) {
        p += strspn(p, " \t,");
        size_t length = strcspn(p, " \t,");
        if (length == n && strncasecmp(p, word, n) == 0) {
            return true;
        }
        p += length;
    }
    return false;
}

/* %XX in place; false for a half one, and for NUL, which would cut the text. */
static bool
decode_percent(char *s)
{
    char *to = s;
    for (const char *from = s; *from != '\0'; from++) {
        char c = *from;
        if (c == '%') {
            int high = hex_digit(from[1]);
            int low = high < 0 ? -1 : hex_digit(from[2]);
            if (low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            c = (char)(high * 16 + low);
            from += 2;
        }
        *to++ = c;
    }
    *to = '\0';
    return true;
}

/* ---- request line -------------------------------------------------------------- */

/* Where the path of a target begins: "/x", or "http://host/x" as sent to proxies. */
static const char *
path_of(const char *target)
{
    if (strncasecmp(target, "http://", 7) == 0) {
        return strchr(target + 7, '/');
    }
    return target[0] == '/' ? target : NULL;
}

static bool
set_target(struct bnc_http_parser *parser, const char *target)
{
    const char *path = path_of(target);
    if (path == NULL) {
        return false;
    }
    for (const char *p = path; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '#') {
            return false;
        }
    }
    parser->path = bnc_strdup(path);
    char *mark = strchr(parser->path, '?');
    if (mark == NULL) {
        parser->query = parser->path + strlen(parser->path);
    } else {
        *mark = '\0';
        parser->query = mark + 1;
    }
    return decode_percent(parser->path);
}

/* METHOD SP target SP HTTP/1.x, with exactly these spaces */
static void
take_request_line(struct bnc_http_parser *parser, char *line)
{
    char *target = strchr(line, ' ');
    char *version = target == NULL ? NULL : strchr(target + 1, ' ');
    if (version == NULL) {
        bad(parser, 400);
        return;
    }
    *target++ = '\0';
    *version++ = '\0';

    size_t method_bytes = strlen(line);
    if (!is_token(line, method_bytes) || strncmp(version, "HTTP/", 5) != 0) {
        bad(parser, 400);
        return;
    }
    if (method_bytes >= sizeof(parser->method)) {
        bad(parser, 501);
        return;
    }
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0) {
        bad(parser, 505);
        return;
    }
    memcpy(parser->method, line, method_bytes + 1);
    parser->http_1_0 = version[7] == '0';
    parser->keep_alive = !parser->http_1_0;
    parser->state = BNC_HTTP_PARSE_HEADER;
    if (!set_target(parser, target)) {
        bad(parser, 400);
    }
}

/* ---- headers ------------------------------------------------------------------- */

static void
take_length(struct bnc_http_parser *parser, const char *value)
{
    uint64_t length;
    if (!read_number(value, strlen(value), 10, &length) ||
        (parser->has_length && parser->left != length)) { /* two that differ */
        bad(parser, 400);
    } else if (length > parser->body.max) {
        bad(parser, 413);
    } else {
        parser->has_length = true;
        parser->left = length;
    }
}

static void
take_coding(struct bnc_http_parser *parser, const char *value)
{
    if (strcasecmp(value, "chunked") != 0 || parser->chunked) {
        bad(parser, 501);
    } else {
        parser->chunked = true;
    }
}

static void
take_host(struct bnc_http_parser *parser, const char *value)
{
    BNC_UNUSED(value);
    if (parser->has_host) {
        bad(parser, 400);
    }
    parser->has_host = true;
}

static void
take_connection(struct bnc_http_parser *parser, const char *value)
{
    if (has_word(value, "close")) {
        parser->keep_alive = false;
    }
}

static void
take_expect(struct bnc_http_parser *parser, const char *value)
{
    if (strcasecmp(value, "100-continue") != 0) {
        bad(parser, 417);
    } else {
        parser->wants_continue = !parser->http_1_0;
    }
}

/* Two could be read differently by two parties. */
static void
take_authorization(struct bnc_http_parser *parser, const char *value)
{
    if (parser->authorization != NULL) {
        bad(parser, 400);
        return;
    }
    parser->authorization = bnc_strdup(value);
}

static const struct {
    const char *name;
    void (*take)(struct bnc_http_parser *parser, const char *value);
} headers[] = {
    {"Content-Length", take_length},
    {"Transfer-Encoding", take_coding},
    {"Host", take_host},
    {"Connection", take_connection},
    {"Expect", take_expect},
    {"Authorization", take_authorization},
};

/* Cuts the spaces around `value`; false for a byte that must not be in one. */
static bool
trim_value(char **value)
{
    char *from = *value + strspn(*value, " \t");
    size_t n = strlen(from);
    while (n > 0 && (from[n - 1] == ' ' || from[n - 1] == '\t')) {
        n--;
    }
    from[n] = '\0';
    for (size_t i = 0; i < n; i++) {
        if (((unsigned char)from[i] < ' ' && from[i] != '\t') || from[i] == 0x7f) {
            return false;
        }
    }
    *value = from;
    return true;
}

static void
end_of_headers(struct bnc_http_parser *parser)
{
    if ((parser->chunked && (parser->has_length || parser->http_1_0)) ||
        (!parser->has_host && !parser->http_1_0)) {
        bad(parser, 400);
    } else if (parser->chunked) {
        parser->state = BNC_HTTP_PARSE_CHUNK_SIZE;
    } else if (parser->left > 0) {
        parser->state = BNC_HTTP_PARSE_BODY;
    } else {
        parser->state = BNC_HTTP_PARSE_DONE;
    }
}

static void
take_header(struct bnc_http_parser *parser, char *line)
{
    if (line[0] == '\0') {
        end_of_headers(parser);
        return;
    }
    char *colon = strchr(line, ':');
    char *value = colon == NULL ? NULL : colon + 1;
    if (value == NULL || !is_token(line, (size_t)(colon - line)) || !trim_value(&value)) {
        bad(parser, 400); /* folded lines end here as well */
        return;
    }
    *colon = '\0';
    for (size_t i = 0; i < BNC_LEN(headers); i++) {
        if (strcasecmp(line, headers[i].name) == 0) {
            headers[i].take(parser, value);
        }
    }
}

/* ---- chunks -------------------------------------------------------------------- */

static void
take_chunk_size(struct bnc_http_parser *parser, const char *line)
{
    size_t n = strcspn(line, "; \t"); /* extensions mean nothing to us */
    uint64_t size;
    if (!read_number(line, n, 16, &size)) {
        bad(parser, 400);
    } else if (size > parser->body.max - parser->body.len) {
        bad(parser, 413);
    } else {
        parser->left = size;
        parser->state = size == 0 ? BNC_HTTP_PARSE_TRAILER : BNC_HTTP_PARSE_CHUNK;
    }
}

static void
take_line(struct bnc_http_parser *parser, char *line)
{
    switch (parser->state) {
    case BNC_HTTP_PARSE_REQUEST_LINE:
        if (line[0] != '\0') { /* an empty line before is allowed */
            take_request_line(parser, line);
        }
        break;
    case BNC_HTTP_PARSE_HEADER:
        take_header(parser, line);
        break;
    case BNC_HTTP_PARSE_CHUNK_SIZE:
        take_chunk_size(parser, line);
        break;
    case BNC_HTTP_PARSE_CHUNK_END:
        parser->state = BNC_HTTP_PARSE_CHUNK_SIZE;
        if (line[0] != '\0') {
            bad(parser, 400);
        }
        break;
    case BNC_HTTP_PARSE_TRAILER:
        if (line[0] == '\0') {
            parser->state = BNC_HTTP_PARSE_DONE;
        }
        break;
    case BNC_HTTP_PARSE_BODY:
    case BNC_HTTP_PARSE_CHUNK:
    case BNC_HTTP_PARSE_DONE:
    case BNC_HTTP_PARSE_BAD:
        break; /* have no lines */
    }
}

/* ---- feeding -------------------------------------------------------------------------
 */

static size_t
feed_line(struct bnc_http_parser *parser, const char *bytes, size_t n)
{
    const char *end = memchr(bytes, '\n', n);
    size_t taken = end == NULL ? n : (size_t)(end - bytes) + 1;

    /* The lines of chunks count too: a body of tiny chunks costs more than it is. */
    if (taken > BNC_HTTP_HEAD_MAX - parser->head_bytes) {
        bad(parser, 431);
        return taken;
    }
    parser->head_bytes += taken;
    bnc_str_add(&parser->line, bytes, taken);
    if (end == NULL) {
        return taken;
    }
    char *line = parser->line.ptr;
    size_t length = parser->line.len;
    if (length < 2 || line[length - 2] != '\r' || strlen(line) != length) {
        bad(parser, 400); /* a bare line feed, or a NUL in the line */
        return taken;
    }
    line[length - 2] = '\0';
    take_line(parser, line);
    bnc_str_clear(&parser->line);
    return taken;
}

static size_t
feed_body(struct bnc_http_parser *parser, const char *bytes, size_t n)
{
    size_t taken = n < parser->left ? n : (size_t)parser->left;

    bnc_str_add(&parser->body, bytes, taken);
    parser->left -= taken;
    if (parser->left == 0) {
        parser->state = parser->chunked ? BNC_HTTP_PARSE_CHUNK_END : BNC_HTTP_PARSE_DONE;
    }
    return taken;
}

size_t
bnc_http_parser_feed(struct bnc_http_parser *parser, const char *bytes, size_t n)
{
    size_t used = 0;
    while (used < n && parser->state < BNC_HTTP_PARSE_DONE) {
        bool in_body =
            parser->state == BNC_HTTP_PARSE_BODY || parser->state == BNC_HTTP_PARSE_CHUNK;
        used += in_body ? feed_body(parser, bytes + used, n - used)
                        : feed_line(parser, bytes + used, n - used);
    }
    return used;
}

void
bnc_http_parser_init(struct bnc_http_parser *parser, size_t max_body)
{
    *parser = (struct bnc_http_parser){
        .line = bnc_str_new(NULL, BNC_HTTP_HEAD_MAX),
        .body = bnc_str_new(NULL, max_body),
    };
}

void
bnc_http_parser_free(struct bnc_http_parser *parser)
{
    bnc_str_free(&parser->line);
    bnc_str_free(&parser->body);
    free(parser->path);
    parser->path = NULL;
    if (parser->authorization != NULL) { /* it was a secret */
        explicit_bzero(parser->authorization, strlen(parser->authorization));
        free(parser->authorization);
        parser->authorization = NULL;
    }
}

void
bnc_http_parser_reset(struct bnc_http_parser *parser)
{
    size_t max_body = parser->body.max;
    bnc_http_parser_free(parser);
    bnc_http_parser_init(parser, max_body);
}
