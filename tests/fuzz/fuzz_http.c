/*
 * Any bytes as requests to our own server: whole, byte by byte and cut at random they are
 * the same requests, and none has what could be smuggled past another reader.
 */
#include "net/http_parse.h"
#include "tests/fuzz/fuzz.h"

#define BODY_MAX 1000

static void
check(const struct bnc_http_parser *p)
{
    require(p->method[0] != '\0' && p->path != NULL && p->path[0] == '/');
    require(p->query != NULL && p->body.len <= BODY_MAX);
    require(p->http_1_0 || p->has_host);
    require(!(p->chunked && p->has_length));
}

static void
tell(const struct bnc_http_parser *p, struct bnc_str *out)
{
    check(p);
    bnc_str_fmt(out, "%s|%s|%s|%zu|%d%d|", p->method, p->path, p->query, p->body.len,
                p->keep_alive, p->wants_continue);
    bnc_str_add(out, p->body.ptr, p->body.len);
}

/* All requests of one connection as one text. */
static struct bnc_str
read_all(const char *bytes, size_t n, size_t max_piece, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, (size_t)16 << 20);
    struct pieces pieces = {n, max_piece};
    struct bnc_http_parser p;
    size_t at = 0;

    bnc_http_parser_init(&p, BODY_MAX);
    while (at < n && p.state != BNC_HTTP_PARSE_BAD) {
        size_t size = next_piece(&pieces, n - at);
        char *copy = bnc_alloc(size);
        (void)memcpy(copy, bytes + at, size);
        size_t taken = bnc_http_parser_feed(&p, copy, size);
        free(copy);
        require(taken <= size);
        at += taken;
        if (p.state == BNC_HTTP_PARSE_DONE) {
            tell(&p, &out);
            bnc_http_parser_reset(&p);
        } else {
            require(p.state == BNC_HTTP_PARSE_BAD || taken == size);
        }
    }
    bnc_str_fmt(&out, "%d %d", (int)p.state, p.status);
    require(p.state != BNC_HTTP_PARSE_BAD || (p.status >= 400 && p.status < 600));
    bnc_http_parser_free(&p);
    return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *bytes = (const char *)data;
    const struct bnc_str whole = read_all(bytes, n, SIZE_MAX, arena);
    static const size_t cuts[] = {1, 2, 16};

    for (size_t i = 0; i < BNC_LEN(cuts); i++) {
        const struct bnc_str other = read_all(bytes, n, cuts[i], arena);
        require(other.len == whole.len && memcmp(other.ptr, whole.ptr, whole.len) == 0);
    }
    return 0;
}
