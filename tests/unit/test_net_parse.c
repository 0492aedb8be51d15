#include "net/http_parse.h"
#include "tests/unit/test.h"

#define BODY_MAX 10
#define HOST     "Host: h\r\n"

static const struct {
    const char *name;
    const char *text;
    int status; /* 0: well-formed */
    const char *summary;
} rows[] = {
    {"plain", "GET /a HTTP/1.1\r\n" HOST "\r\n", 0, "GET /a ? keep []"},
    {"query", "GET /a?b=%20&c HTTP/1.1\r\n" HOST "\r\n", 0, "GET /a ?b=%20&c keep []"},
    {"percent", "GET /a%2Fb%c3%a4 HTTP/1.1\r\n" HOST "\r\n", 0,
     "GET /a/b\xc3\xa4 ? keep []"},
    {"whole URL", "GET http://h:1/a HTTP/1.1\r\n" HOST "\r\n", 0, "GET /a ? keep []"},
    {"close", "GET / HTTP/1.1\r\nhOST:h\r\nConnection: x, Close\r\n\r\n", 0,
     "GET / ? close []"},
    {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 0, "GET / ? close []"},
    {"empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0,
     "GET / ? keep []"},
    {"body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 0,
     "POST / ? keep [abc]"},
    {"same length twice",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 0,
     "POST / ? keep [a]"},
    {"body at its limit",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789", 0,
     "POST / ? keep [0123456789]"},
    {"chunks",
     "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"
     "3\r\nabc\r\n004;x=y\r\nd\r\ne\r\n0\r\nT: x\r\n\r\n",
     0, "PUT / ? keep [abcd\r\ne]"},
    {"chunks at the limit",
     "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
     "A\r\n0123456789\r\n0\r\n\r\n",
     0, "PUT / ? keep [0123456789]"},
    {"continue",
     "PUT / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 0\r\n\r\n", 0,
     "PUT / ? keep []"},

    {"too long a body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n", 413, ""},
    {"too long in chunks",
     "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\n",
     413, ""},
    {"a huge chunk",
     "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
     400, ""},
    {"a negative chunk",
     "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400, ""},
    {"a chunk longer than it says",
     "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", 400, ""},
    {"length and chunks",
     "PUT / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
     400, ""},
    {"other coding", "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n", 501,
     ""},
    {"lengths that differ",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400,
     ""},
    {"a length with sign", "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n", 400,
     ""},
    {"an empty length", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400, ""},
    {"a huge length",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\n", 400,
     ""},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 400, ""},
    {"two hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400, ""},
    {"a space before the colon", "GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n", 400, ""},
    {"a folded line", "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", 400, ""},
    {"no colon", "GET / HTTP/1.1\r\n" HOST "A\r\n\r\n", 400, ""},
    {"a control byte", "GET / HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n", 400, ""},
    {"a bare line feed", "GET / HTTP/1.1\n" HOST "\r\n", 400, ""},
    {"no version", "GET /\r\n", 400, ""},
    {"two spaces", "GET  / HTTP/1.1\r\n", 400, ""},
    {"version 2", "GET / HTTP/2.0\r\n", 505, ""},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n", 505, ""},
    {"a long method", "ABCDEFGHIJKLMNOP / HTTP/1.1\r\n", 501, ""},
    {"no path", "OPTIONS * HTTP/1.1\r\n", 400, ""},
    {"NUL in the path", "GET /%00 HTTP/1.1\r\n", 400, ""},
    {"half a percent", "GET /%2 HTTP/1.1\r\n", 400, ""},
    {"a tab in the path", "GET /a\tb HTTP/1.1\r\n", 400, ""},
    {"TLS", "\x16\x03\x01\x02\n", 400, ""},
    {"other expectation", "PUT / HTTP/1.1\r\n" HOST "Expect: more\r\n\r\n", 417, ""},
};

static void
check(const struct bnc_http_parser *parser, size_t row)
{
    char summary[256] = "";

    if (rows[row].status == 0) {
        CHECK_INT(parser->state, BNC_HTTP_PARSE_DONE);
        (void)snprintf(summary, sizeof(summary), "%s %s ?%s %s [%s]", parser->method,
                       parser->path, parser->query, parser->keep_alive ? "keep" : "close",
                       parser->body.ptr == NULL ? "" : parser->body.ptr);
    } else {
        CHECK_INT(parser->state, BNC_HTTP_PARSE_BAD);
        CHECK_INT(parser->status, rows[row].status);
    }
    CHECK_STR(summary, rows[row].summary);
}

/* However the bytes are cut, the same comes out, and nothing too much is eaten. */
TEST(requests)
{
    for (size_t row = 0; row < BNC_LEN(rows); row++) {
        const char *text = rows[row].text;
        size_t n = strlen(text);

        for (size_t step = 1; step <= n; step++) {
            struct bnc_http_parser parser;
            size_t used = 0;

            bnc_test_row(rows[row].name);
            bnc_http_parser_init(&parser, BODY_MAX);
            while (used < n && parser.state < BNC_HTTP_PARSE_DONE) {
                size_t piece = step < n - used ? step : n - used;
                used += bnc_http_parser_feed(&parser, text + used, piece);
            }
            check(&parser, row);
            CHECK(rows[row].status != 0 || used == n);
            bnc_http_parser_free(&parser);
        }
    }
}

TEST(what_follows_is_left)
{
    static const char text[] = "GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n";
    struct bnc_http_parser parser;

    bnc_http_parser_init(&parser, BODY_MAX);
    size_t used = bnc_http_parser_feed(&parser, text, strlen(text));
    CHECK_STR(text + used, "GET /2 HTTP/1.1\r\n");
    bnc_http_parser_reset(&parser);
    CHECK_INT(bnc_http_parser_feed(&parser, text + used, strlen(text) - used),
              strlen(text) - used);
    CHECK_INT(parser.state, BNC_HTTP_PARSE_HEADER);
    CHECK_STR(parser.path, "/2");
    bnc_http_parser_free(&parser);
}

/* Feed `piece` again and again after `start` until the parser has an opinion. */
static int
endless(const char *start, const char *piece)
{
    struct bnc_http_parser parser;
    bnc_http_parser_init(&parser, 1 << 20);
    (void)bnc_http_parser_feed(&parser, start, strlen(start));
    for (size_t i = 0; i < 100000 && parser.state < BNC_HTTP_PARSE_DONE; i++) {
        (void)bnc_http_parser_feed(&parser, piece, strlen(piece));
    }
    int status = parser.status;
    bnc_http_parser_free(&parser);
    return status;
}

TEST(everything_has_a_limit)
{
    static const struct {
        const char *name;
        const char *start;
        const char *piece;
    } endless_rows[] = {
        {"a long line", "GET /", "aaaaaaaa"},
        {"many headers", "GET / HTTP/1.1\r\n", "A: b\r\n"},
        {"empty lines", "", "\r\n"},
        {"tiny chunks", "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
         "1\r\na\r\n"},
        {"trailers", "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n",
         "A: b\r\n"},
    };
    for (size_t i = 0; i < BNC_LEN(endless_rows); i++) {
        bnc_test_row(endless_rows[i].name);
        CHECK_INT(endless(endless_rows[i].start, endless_rows[i].piece), 431);
    }
}

RUN_TESTS(requests, what_follows_is_left, everything_has_a_limit)
