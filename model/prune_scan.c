#include "model/prune_scan.h"

#include <inttypes.h>

void
bnc_scan_init(struct bnc_stream *s)
{
    s->state = BNC_SCAN_TOP;
    s->max_depth = BNC_PRUNE_DEPTH;
}

void
bnc_scan_fail(struct bnc_stream *s, enum bnc_code code, const char *what)
{
    if (s->code == BNC_OK) {
        s->code = code;
        s->what = what;
    }
}

static void
add_span(struct bnc_stream *s, const char *to)
{
    if (s->sink == NULL) {
        return;
    }
    if (s->span < to) {
        bnc_str_add(s->sink, s->span, (size_t)(to - s->span));
        if (s->sink->too_big) {
            bnc_scan_fail(s, BNC_TOO_BIG,
                          s->sink->max == BNC_PRUNE_NAME_MAX
                              ? "a key, name or token is over 64 KiB"
                              : BNC_PRUNE_TOO_BIG);
        }
    }
    s->span = to;
}

void
bnc_scan_copy(struct bnc_stream *s, struct bnc_str *sink, const char *from)
{
    s->sink = sink;
    s->span = from;
}

void
bnc_scan_copy_end(struct bnc_stream *s, const char *to)
{
    add_span(s, to);
    s->sink = NULL;
}

static uint64_t
offset_of(const struct bnc_stream *s, const char *p)
{
    return s->before + (uint64_t)(p - s->chunk);
}

static const char *
skip_space(struct bnc_stream *s, const char *p, const char *end)
{
    if ((unsigned char)*p > ' ') {
        return p;
    }
    add_span(s, p);
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    s->span = p;
    return p;
}

static const char *
open_container(struct bnc_stream *s, const char *p, bool array)
{
    if (s->depth == s->max_depth) {
        bnc_scan_fail(s, BNC_INVALID, "more than 100 levels of objects and arrays");
        return p;
    }
    struct bnc_prune_frame *frame = &s->frames[s->depth + 1];
    *frame = (struct bnc_prune_frame){.array = array};
    if (s->want != BNC_WANT_SKIP) {
        bnc_prune_open(s, p, frame);
    }
    s->depth++;
    s->state = array ? BNC_SCAN_FIRST_VALUE : BNC_SCAN_FIRST_KEY;
    return s->code == BNC_OK ? p + 1 : p; /* an error is shown where it is */
}

static const char *
close_container(struct bnc_stream *s, const char *p)
{
    struct bnc_prune_frame *frame = bnc_scan_top(s);
    s->depth--;
    s->state = s->depth > 0 ? BNC_SCAN_AFTER : BNC_SCAN_TOP;
    if (frame->ends_copy) {
        bnc_scan_copy_end(s, p + 1);
    }
    if (frame->mode != BNC_MODE_INERT || frame->object) {
        bnc_prune_close(s, frame);
    }
    return s->code == BNC_OK ? p + 1 : p;
}

static void
end_scalar(struct bnc_stream *s, const char *p)
{
    s->state = BNC_SCAN_AFTER;
    if (s->want != BNC_WANT_SKIP && s->sink != NULL) {
        bnc_scan_copy_end(s, p);
        bnc_prune_scalar_end(s);
    }
}

static const char *
skip_comma(struct bnc_stream *s, const char *p, const char *end)
{
    if (p < end && *p == ',') {
        s->state = bnc_scan_top(s)->array ? BNC_SCAN_VALUE : BNC_SCAN_KEY;
        p++;
    }
    return p;
}

static const char *
begin_string(struct bnc_stream *s, const char *p, const char *end)
{
    bnc_lex_string_begin(&s->lex);
    const char *quote = bnc_lex_plain(p + 1, end);
    if (quote < end && *quote == '"') {
        end_scalar(s, quote + 1);
        return skip_comma(s, quote + 1, end);
    }
    s->state = BNC_SCAN_IN_STRING;
    return quote;
}

static const char *
begin_scalar(struct bnc_stream *s, const char *p, const char *end)
{
    if (s->want != BNC_WANT_SKIP) {
        bnc_prune_scalar(s, p);
        if (s->code != BNC_OK) {
            return p;
        }
    }
    if (*p == '"') {
        return begin_string(s, p, end);
    }
    if (*p == '-' || (*p >= '0' && *p <= '9')) {
        bnc_lex_number_begin(&s->lex);
        s->state = BNC_SCAN_IN_NUMBER;
    } else if (bnc_lex_word_begin(&s->lex, *p)) {
        s->state = BNC_SCAN_IN_WORD;
    } else {
        bnc_scan_fail(s, BNC_INVALID, "a value was expected");
    }
    return p;
}

/* An array's items all meet the same fate. */
static void
want_item(struct bnc_stream *s)
{
    static const enum bnc_prune_want wants[] = {
        [BNC_MODE_INERT] = BNC_WANT_SKIP,  [BNC_MODE_TREE] = BNC_WANT_TREE,
        [BNC_MODE_NAMED] = BNC_WANT_NAMED, [BNC_MODE_FLAGS] = BNC_WANT_FLAG,
        [BNC_MODE_LIST] = BNC_WANT_SKIP,   [BNC_MODE_LIST_METADATA] = BNC_WANT_SKIP,
        [BNC_MODE_EVENT] = BNC_WANT_SKIP,  [BNC_MODE_ITEMS] = BNC_WANT_OBJECT,
    };
    struct bnc_prune_frame *frame = bnc_scan_top(s);
    if (!frame->array) {
        return;
    }
    frame->seen = true;
    s->sub = frame->rows;
    s->want = wants[frame->mode];
}

static const char *
begin_value(struct bnc_stream *s, const char *p, const char *end)
{
    want_item(s);
    if (*p == '{' || *p == '[') {
        return open_container(s, p, *p == '[');
    }
    return begin_scalar(s, p, end);
}

static void
end_key(struct bnc_stream *s, const char *p)
{
    s->state = BNC_SCAN_COLON;
    s->want = BNC_WANT_SKIP;
    if (bnc_scan_top(s)->mode != BNC_MODE_INERT) {
        bnc_scan_copy_end(s, p);
        bnc_prune_key(s);
    }
}

static const char *
in_key(struct bnc_stream *s, const char *p, const char *end)
{
    bool whole = bnc_lex_string(&s->lex, &p, end);
    if (offset_of(s, p) - s->token > BNC_PRUNE_NAME_MAX) {
        bnc_scan_fail(s, BNC_TOO_BIG, "a key is over 64 KiB");
    }
    if (whole) {
        end_key(s, p);
    }
    return p;
}

static const char *
begin_key(struct bnc_stream *s, const char *p, const char *end)
{
    if (*p != '"') {
        bnc_scan_fail(s, BNC_INVALID, "a key in quotes was expected");
        return p;
    }
    struct bnc_prune_frame *frame = bnc_scan_top(s);
    frame->seen = true;
    s->token = offset_of(s, p);
    bnc_lex_string_begin(&s->lex);
    if (frame->mode != BNC_MODE_INERT) {
        bnc_str_clear(&s->key);
        bnc_scan_copy(s, &s->key, p);
    }
    /* The usual case at once: a short plain key and its colon. */
    const char *quote = bnc_lex_plain(p + 1, end);
    if (end - quote >= 2 && quote[0] == '"' && quote[1] == ':' &&
        quote - p < (ptrdiff_t)BNC_PRUNE_NAME_MAX) {
        end_key(s, quote + 1);
        s->state = BNC_SCAN_VALUE;
        return quote + 2;
    }
    s->state = BNC_SCAN_IN_KEY;
    return quote;
}

static const char *
in_scalar(struct bnc_stream *s, const char *p, const char *end)
{
    bool whole = false;
    if (s->state == BNC_SCAN_IN_STRING) {
        whole = bnc_lex_string(&s->lex, &p, end);
    } else if (s->state == BNC_SCAN_IN_NUMBER) {
        whole = bnc_lex_number(&s->lex, &p, end);
    } else {
        whole = bnc_lex_word(&s->lex, &p, end);
    }
    if (whole) {
        end_scalar(s, p);
    }
    return p;
}

static const char *
after_value(struct bnc_stream *s, const char *p)
{
    if (*p == ',') {
        return skip_comma(s, p, p + 1);
    }
    if (*p == (bnc_scan_top(s)->array ? ']' : '}')) {
        return close_container(s, p);
    }
    bnc_scan_fail(s, BNC_INVALID,
                  "a comma or the end of an object or array was expected");
    return p;
}

static const char *
top_value(struct bnc_stream *s, const char *p)
{
    static const enum bnc_prune_want wants[] = {
        [BNC_SHAPE_OBJECT] = BNC_WANT_OBJECT,
        [BNC_SHAPE_LIST] = BNC_WANT_LIST,
        [BNC_SHAPE_WATCH] = BNC_WANT_EVENT,
    };
    if (s->complete) {
        bnc_scan_fail(s, BNC_INVALID, "something follows the end");
        return p;
    }
    if (*p != '{') {
        bnc_scan_fail(s, BNC_INVALID, "not a JSON object");
        return p;
    }
    s->want = wants[s->shape];
    return open_container(s, p, false);
}

/* A key, and its value in the same turn where nothing is in between. */
static const char *
begin_member(struct bnc_stream *s, const char *p, const char *end)
{
    p = begin_key(s, p, end);
    if (s->state == BNC_SCAN_VALUE && p < end && (unsigned char)*p > ' ') {
        p = begin_value(s, p, end);
    }
    return p;
}

/* One token or piece of one between white space; p < end. */
static const char *
step(struct bnc_stream *s, const char *p, const char *end)
{
    switch (s->state) {
    case BNC_SCAN_FIRST_VALUE:
        return *p == ']' ? close_container(s, p) : begin_value(s, p, end);
    case BNC_SCAN_VALUE:
        return begin_value(s, p, end);
    case BNC_SCAN_FIRST_KEY:
        return *p == '}' ? close_container(s, p) : begin_member(s, p, end);
    case BNC_SCAN_KEY:
        return begin_member(s, p, end);
    case BNC_SCAN_COLON:
        if (*p != ':') {
            bnc_scan_fail(s, BNC_INVALID, "a colon was expected");
            return p;
        }
        s->state = BNC_SCAN_VALUE;
        return p + 1;
    case BNC_SCAN_AFTER:
        return after_value(s, p);
    case BNC_SCAN_IN_KEY:
        return in_key(s, p, end);
    case BNC_SCAN_IN_STRING:
    case BNC_SCAN_IN_NUMBER:
    case BNC_SCAN_IN_WORD:
        return in_scalar(s, p, end);
    case BNC_SCAN_TOP:
    default:
        return top_value(s, p);
    }
}

static void
run(struct bnc_stream *s, const char *p, const char *end)
{
    while (p < end && s->code == BNC_OK) {
        if (s->state < BNC_SCAN_IN_KEY) {
            p = skip_space(s, p, end);
            if (p == end) {
                break;
            }
        }
        p = step(s, p, end);
        if (s->lex.error != NULL) {
            bnc_scan_fail(s, BNC_INVALID, s->lex.error);
        }
    }
    if (s->code == BNC_OK) {
        add_span(s, end);
    }
    s->before = offset_of(s, p);
}

enum bnc_code
bnc_stream_feed(struct bnc_stream *s, const char *bytes, size_t n, struct bnc_error *err)
{
    if (n > 0 && s->code == BNC_OK) {
        s->chunk = bytes;
        s->span = bytes;
        run(s, bytes, bytes + n);
    }
    if (s->code != BNC_OK) {
        return bnc_fail(err, s->code, "JSON, byte %" PRIu64 ": %s", s->before + 1,
                        s->what);
    }
    return BNC_OK;
}
