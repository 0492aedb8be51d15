#include "mesh/yaml_span.h"

#include <string.h>

#include "lib/json.h"
#include "lib/yaml_events.h"

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    struct bnc_bytes text;
    size_t index; /* libyaml counts in characters: this one ... */
    size_t at;    /* ... begins at this byte */
    struct bnc_arena *arena;
    struct bnc_error *err;
};

static bool
continues(const struct reader *r, size_t at)
{
    return at < r->text.len && ((unsigned char)r->text.ptr[at] & 0xc0) == 0x80;
}

/* Marks come nearly in order, so that the way from the last one is short. */
static size_t
byte_of(struct reader *r, const yaml_mark_t *mark)
{
    while (r->index < mark->index && r->at < r->text.len) {
        do {
            r->at++;
        } while (continues(r, r->at));
        r->index++;
    }
    while (r->index > mark->index) {
        do {
            r->at--;
        } while (continues(r, r->at));
        r->index--;
    }
    return r->at;
}

static enum bnc_code
refuse(const struct reader *r, const char *what)
{
    return bnc_fail(r->err, BNC_INVALID, "line %zu: %s", r->event.start_mark.line + 1,
                    what);
}

static enum bnc_code
next_event(struct reader *r)
{
    yaml_event_delete(&r->event);
    if (!bnc_yaml_events_next(&r->parser, &r->event)) {
        return bnc_fail(r->err, BNC_INVALID,
                        "line %zu: not a form of YAML that is edited",
                        r->parser.problem_mark.line + 1);
    }
    const yaml_event_t *e = &r->event;
    if (e->type == YAML_ALIAS_EVENT ||
        (e->type == YAML_SCALAR_EVENT && e->data.scalar.anchor != NULL) ||
        (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.anchor != NULL) ||
        (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.anchor != NULL)) {
        return refuse(r, "a text with anchors or aliases is not edited");
    }
    return BNC_OK;
}

/* A block scalar ends where the next line begins; the break is not its own here. */
static size_t
without_break(const struct reader *r, size_t start, size_t end)
{
    if (end > start && r->text.ptr[end - 1] == '\n') {
        while (end > start && strchr("\r\n ", r->text.ptr[end - 1]) != NULL) {
            end--;
        }
    }
    return end;
}

static enum bnc_code read_value(struct reader *r, struct bnc_span **out);

static enum bnc_code
read_children(struct reader *r, struct bnc_span *into, yaml_event_type_t end)
{
    struct bnc_span **last = &into->child;

    while (r->event.type != end) {
        struct bnc_span *key = NULL;
        if (into->kind == BNC_SPAN_MAP) {
            if (read_value(r, &key)) {
                return r->err->code;
            }
            if (key->kind == BNC_SPAN_SCALAR && strcmp(key->text, "<<") == 0) {
                return refuse(r, "a text with merged maps (<<) is not edited");
            }
        }
        if (read_value(r, last)) {
            return r->err->code;
        }
        (*last)->key = key;
        into->end = (*last)->end;
        last = &(*last)->next;
    }
    if (into->flow) {
        into->end = byte_of(r, &r->event.end_mark);
    }
    return next_event(r);
}

static enum bnc_code
read_value(struct reader *r, struct bnc_span **out)
{
    struct bnc_span *span = bnc_arena_alloc(r->arena, sizeof(*span));
    const yaml_event_t *e = &r->event;

    *out = span;
    span->start = byte_of(r, &e->start_mark);
    span->inside = byte_of(r, &e->end_mark);
    if (e->type == YAML_MAPPING_START_EVENT) {
        span->kind = BNC_SPAN_MAP;
        span->flow = e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        span->kind = BNC_SPAN_LIST;
        span->flow = e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
    } else if (e->type == YAML_SCALAR_EVENT) {
        span->end = without_break(r, span->start, span->inside);
        span->text = bnc_arena_strndup(r->arena, (const char *)e->data.scalar.value,
                                       e->data.scalar.length);
        return next_event(r);
    } else {
        return refuse(r, "not a form of YAML that is edited");
    }
    if (next_event(r)) {
        return r->err->code;
    }
    return read_children(r, span,
                         span->kind == BNC_SPAN_MAP ? YAML_MAPPING_END_EVENT
                                                    : YAML_SEQUENCE_END_EVENT);
}

static enum bnc_code
read_document(struct reader *r, struct bnc_spans *out)
{
    *out = (struct bnc_spans){.root = NULL};
    while (r->event.type != YAML_STREAM_END_EVENT) {
        if (r->event.type == YAML_DOCUMENT_START_EVENT) {
            out->marked = r->event.data.document_start.implicit == 0;
            out->start = out->marked ? byte_of(r, &r->event.end_mark) : 0;
            if (next_event(r) || read_value(r, &out->root)) {
                return r->err->code;
            }
        } else if (next_event(r)) {
            return r->err->code;
        }
    }
    return BNC_OK;
}

/* What counts as a line break for libyaml only would be no line's end for us. */
static enum bnc_code
check_breaks(struct bnc_bytes text, struct bnc_error *err)
{
    static const char *const others[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
    const char *end = text.ptr + text.len;

    if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0) {
        return bnc_fail(err, BNC_INVALID, "a text with a byte order mark is not edited");
    }
    for (const char *p = text.ptr; p < end; p++) {
        bool other = *p == '\r' && (p + 1 == end || p[1] != '\n');
        for (size_t i = 0; i < BNC_LEN(others); i++) {
            size_t n = strlen(others[i]);
            other = other || ((size_t)(end - p) >= n && memcmp(p, others[i], n) == 0);
        }
        if (other) {
            return bnc_fail(err, BNC_INVALID,
                            "a text with line breaks other than LF and CRLF is not "
                            "edited");
        }
    }
    return BNC_OK;
}

enum bnc_code
bnc_spans_read(struct bnc_bytes text, struct bnc_arena *arena, struct bnc_spans *out,
               struct bnc_error *err)
{
    struct reader r = {.text = text, .arena = arena, .err = err};

    if (check_breaks(text, err)) {
        return err->code;
    }
    bnc_yaml_events_open(&r.parser, text.ptr, text.len);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    enum bnc_code code = next_event(&r);
    if (code == BNC_OK) {
        code = read_document(&r, out);
    }
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    return code;
}

const struct bnc_span *
bnc_span_get(const struct bnc_span *map, const char *key)
{
    for (const struct bnc_span *s = map->child; s != NULL; s = s->next) {
        if (s->key->kind == BNC_SPAN_SCALAR && strcmp(s->key->text, key) == 0) {
            return s;
        }
    }
    return NULL;
}

/* ---- where something can be put ---------------------------------------------------- */

enum bnc_code
bnc_span_refuse(struct bnc_bytes text, size_t at, struct bnc_error *err)
{
    size_t line = 1;

    for (size_t i = 0; i < at && i < text.len; i++) {
        line += text.ptr[i] == '\n';
    }
    return bnc_fail(err, BNC_INVALID, "line %zu: not a form of YAML that is edited",
                    line);
}

enum bnc_code
bnc_span_colon(struct bnc_bytes text, const struct bnc_span *span, size_t *out,
               struct bnc_error *err)
{
    size_t at = span->key->end;

    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t')) {
        at++;
    }
    if (at == text.len || text.ptr[at] != ':') {
        return bnc_span_refuse(text, span->key->start, err);
    }
    *out = at + 1;
    return BNC_OK;
}

bool
bnc_span_next_line(struct bnc_bytes text, size_t at, size_t *out)
{
    const char *end = text.len == 0 ? NULL : memchr(text.ptr + at, '\n', text.len - at);

    *out = end == NULL ? text.len : (size_t)(end - text.ptr) + 1;
    return end != NULL;
}

enum bnc_code
bnc_span_place(struct bnc_bytes text, const struct bnc_span *span, size_t from,
               bool at_start, struct bnc_span_place *out, struct bnc_error *err)
{
    const bool list = span->kind == BNC_SPAN_LIST;

    *out = (struct bnc_span_place){.flow = span->flow};
    if (span->flow) {
        out->at = span->inside;
        return BNC_OK;
    }
    const size_t first = list ? span->start : span->child->key->start;
    size_t line = first;
    while (line > 0 && text.ptr[line - 1] == ' ') {
        line--;
    }
    if ((line > 0 && text.ptr[line - 1] != '\n') ||
        (!at_start && !bnc_span_next_line(text, from, &out->at)) || out->at > line ||
        (list && text.ptr[first] != '-') ||
        (span->start != first && span->start >= out->at)) { /* a tag between */
        return bnc_span_refuse(text, first, err);
    }
    out->indent = first - line;
    return BNC_OK;
}
