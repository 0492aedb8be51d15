#define _GNU_SOURCE /* memmem */
#include "lib/yaml_in.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clip.h"
#include "lib/yaml_build.h"
#include "lib/yaml_events.h"
#include "lib/yaml_scalar.h"

/* The reader only knows the byte. */
static yaml_mark_t
mark_of_byte(const char *text, size_t n, size_t offset)
{
    yaml_mark_t mark = {.index = offset};
    for (size_t i = 0; i < n && i < offset; i++) {
        if (text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

static enum bnc_code
fail_syntax(const yaml_parser_t *p, const char *text, size_t n, struct bnc_error *err)
{
    if (p->error == YAML_READER_ERROR) {
        return bnc_yaml_fail_at(err, mark_of_byte(text, n, p->problem_offset),
                                BNC_INVALID, "%s", p->problem);
    }
    if (p->context != NULL && p->context_mark.line < p->problem_mark.line) {
        return bnc_yaml_fail_at(err, p->problem_mark, BNC_INVALID, "%s, %s from line %zu",
                                p->problem, p->context, p->context_mark.line + 1);
    }
    return bnc_yaml_fail_at(err, p->problem_mark, BNC_INVALID, "%s",
                            p->problem == NULL ? "not valid YAML" : p->problem);
}

/* `*syntax`: it is libyaml that fails, so the text may still be JSON. */
static enum bnc_code
read_events(const char *text, size_t n, struct bnc_yaml_build *b, bool *syntax)
{
    yaml_parser_t parser;
    bnc_yaml_events_open(&parser, text, n);
    enum bnc_code code = BNC_OK;
    for (bool done = false; code == BNC_OK && !done;) {
        yaml_event_t event;
        if (!bnc_yaml_events_next(&parser, &event)) {
            *syntax = true;
            code = fail_syntax(&parser, text, n, b->err);
            break;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        code = bnc_yaml_build(b, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return code;
}

static int
compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* An integer of over 64 bits is a double in YAML. */
static void
round_number(struct bnc_arena *arena, cJSON *item)
{
    const struct bnc_yaml_scalar in = {
        .text = item->valuestring, .n = strlen(item->valuestring), .plain = true};
    const char *problem = NULL;
    const cJSON *number = bnc_yaml_scalar(arena, &in, &problem);
    if (number != NULL) {
        item->type = number->type;
        item->valuestring = number->valuestring;
        item->valueint = number->valueint;
        item->valuedouble = number->valuedouble;
    }
}

/* What the builder checks while it builds; `*nodes` counts down. */
static enum bnc_code
check_json(struct bnc_arena *arena, const cJSON *item, size_t *nodes,
           struct bnc_error *err)
{
    size_t n = 0;
    for (cJSON *child = item->child; child != NULL; child = child->next) {
        size_t weight = child->string == NULL ? 1 : 2;
        if (*nodes < weight) {
            return bnc_fail(err, BNC_TOO_BIG, "too many keys and values");
        }
        *nodes -= weight;
        n++;
        if (cJSON_IsRaw(child)) {
            round_number(arena, child);
        }
        if (check_json(arena, child, nodes, err)) {
            return err->code;
        }
    }
    if (!cJSON_IsObject(item) || n < 2) {
        return BNC_OK;
    }
    const char **keys = bnc_arena_array(arena, n, sizeof(*keys));
    size_t i = 0;
    for (const cJSON *child = item->child; child != NULL; child = child->next) {
        keys[i++] = child->string;
    }
    qsort(keys, n, sizeof(*keys), compare_keys);
    for (i = 1; i < n; i++) {
        if (strcmp(keys[i - 1], keys[i]) == 0) {
            return bnc_fail(err, BNC_INVALID, "the key \"%.*s\" is there twice",
                            bnc_clip(keys[i], 100), keys[i]);
        }
    }
    return BNC_OK;
}

/*
 * YAML 1.1 is no superset of JSON: pairs of surrogate escapes and keys of over
 * 1024 bytes are JSON only.  True when `text` was that; else its error is lost.
 */
static bool
read_json(const char *text, size_t n, struct bnc_yaml_build *b, enum bnc_code *code)
{
    struct bnc_error ignored = {0};
    size_t line = 1;
    size_t at = 0;
    while (at < n && strchr(" \t\r\n", text[at]) != NULL) {
        line += text[at] == '\n';
        at++;
    }
    cJSON *root = NULL;
    if (at == n || (text[at] != '{' && text[at] != '[') ||
        bnc_json_parse(b->arena, text, n, &root, &ignored)) {
        return false;
    }
    size_t nodes = b->limits->max_nodes;
    *b->err = (struct bnc_error){.code = BNC_OK}; /* forget what libyaml said */
    *code = check_json(b->arena, root, &nodes, b->err);
    struct bnc_yaml_doc *doc = bnc_arena_alloc(b->arena, sizeof(*doc));
    *doc = (struct bnc_yaml_doc){.root = root, .line = line};
    b->docs = (struct bnc_yaml_docs){.items = doc, .n = 1};
    return true;
}

bool
bnc_yaml_few_tags(const char *text, size_t n)
{
    /* Anywhere: libyaml knows five kinds of line ends. */
    static const char directive[] = "%TAG";
    const char *end = text + n;
    size_t count = 0;
    const char *at = memmem(text, n, directive, sizeof(directive) - 1);
    while (at != NULL && count <= BNC_YAML_TAGS_MAX) {
        count++;
        at = memmem(at + 1, (size_t)(end - at) - 1, directive, sizeof(directive) - 1);
    }
    return count <= BNC_YAML_TAGS_MAX;
}

/* Bytes of the character at `text`; 0 when it is none that may stand there. */
static size_t
character(const char *text, size_t n)
{
    for (size_t k = 1; k <= 4 && k <= n && *text != '\0'; k++) {
        if (bnc_utf8_valid(text, k)) {
            return k;
        }
    }
    return 0;
}

/* `message` with the place of the first byte that no text may hold. */
static enum bnc_code
fail_at(const char *text, size_t n, const char *message, struct bnc_error *err)
{
    size_t line = 1;
    size_t column = 1;
    size_t k;

    for (size_t at = 0; at < n && (k = character(text + at, n - at)) > 0; at += k) {
        column++;
        if (text[at] == '\n') {
            line++;
            column = 1;
        }
    }
    return bnc_fail(err, BNC_INVALID, "line %zu, column %zu: %s", line, column, message);
}

static enum bnc_code
check_bytes(const char *text, size_t n, size_t max, struct bnc_error *err)
{
    if (n > max) {
        return bnc_fail(err, BNC_TOO_BIG, "the text is over %zu bytes", max);
    }
    if (memchr(text, '\0', n) != NULL) {
        return fail_at(text, n, "the text holds a NUL byte", err);
    }
    if (!bnc_utf8_valid(text, n)) {
        return fail_at(text, n, "the text is not UTF-8", err);
    }
    if (!bnc_yaml_few_tags(text, n)) {
        return bnc_fail(err, BNC_TOO_BIG, "over %d %%TAG lines", BNC_YAML_TAGS_MAX);
    }
    return BNC_OK;
}

enum bnc_code
bnc_yaml_read(const char *text, size_t n, const struct bnc_yaml_limits *limits,
              struct bnc_arena *arena, struct bnc_yaml_docs *out, struct bnc_error *err)
{
    const struct bnc_yaml_limits defaults = BNC_YAML_LIMITS_DEFAULT;
    if (limits == NULL) {
        limits = &defaults;
    }
    if (check_bytes(text, n, limits->max_bytes, err)) {
        return err->code;
    }
    struct bnc_yaml_build *b = bnc_arena_alloc(arena, sizeof(*b));
    b->limits = limits;
    b->arena = arena;
    b->err = err;

    bool syntax = false;
    enum bnc_code code = read_events(text, n, b, &syntax);
    if (code != BNC_OK && (!syntax || !read_json(text, n, b, &code))) {
        return code;
    }
    if (code == BNC_OK) {
        *out = b->docs;
    }
    return code;
}
