/*
 * Reads one HTTP/1.1 request (RFC 9112) while its bytes arrive; strict, because
 * what two parties read differently can be smuggled past one of them.
 */
#ifndef BNC_NET_HTTP_PARSE_H
#define BNC_NET_HTTP_PARSE_H

#include "lib/str.h"

#define BNC_HTTP_HEAD_MAX ((size_t)64 * 1024) /* request line, headers and trailers */

enum bnc_http_parse_state {
    BNC_HTTP_PARSE_REQUEST_LINE,
    BNC_HTTP_PARSE_HEADER,
    BNC_HTTP_PARSE_BODY,
    BNC_HTTP_PARSE_CHUNK_SIZE,
    BNC_HTTP_PARSE_CHUNK,
    BNC_HTTP_PARSE_CHUNK_END,
    BNC_HTTP_PARSE_TRAILER,
    BNC_HTTP_PARSE_DONE,
    BNC_HTTP_PARSE_BAD /* answer with `status` and close */
};

struct bnc_http_parser {
    enum bnc_http_parse_state state;
    int status;          /* 4xx or 5xx when BAD */
    struct bnc_str line; /* what came of the current line */
    struct bnc_str body;
    size_t head_bytes;
    uint64_t left; /* bytes of the body or of the chunk that are still to come */
    char method[16];
    char *path;          /* decoded */
    char *query;         /* in the memory of `path`; "" when there is none */
    char *authorization; /* NULL when there is none */
    bool http_1_0;
    bool keep_alive;
    bool chunked;
    bool has_length;
    bool has_host;
    bool wants_continue; /* "Expect: 100-continue" */
};

/* Units: `max_body` in bytes. */
void bnc_http_parser_init(struct bnc_http_parser *parser, size_t max_body);
void bnc_http_parser_free(struct bnc_http_parser *parser);
/* Get ready for the next request of the connection. */
void bnc_http_parser_reset(struct bnc_http_parser *parser);

/* How many of `n` bytes were taken: all, unless the state is DONE or BAD. */
size_t bnc_http_parser_feed(struct bnc_http_parser *parser, const char *bytes, size_t n);

#endif
