#include "lib/json.h"

#include <math.h>
#include <string.h>

/* An integer that a double would round: the `ordinal`-th number of the text. */
struct big {
    size_t ordinal;
    size_t offset;
    size_t length;
};

struct scan {
    const char *text;
    size_t n;
    size_t at;
    size_t depth;
    size_t numbers; /* seen so far */
    struct big *bigs;
    size_t n_bigs;
    size_t room;
    bool may_overflow; /* an exponent of three digits */
    struct bnc_arena *arena;
    struct bnc_error *err;
};

/* Where cJSON's memory comes from while bnc_json_parse() runs. */
static struct bnc_arena *hook_arena;

static void *
hook_malloc(size_t size)
{
    return bnc_arena_alloc(hook_arena, size);
}

static void
hook_free(void *p)
{
    BNC_UNUSED(p); /* the arena does it */
}

static enum bnc_code
fail_at(const struct scan *scan, size_t offset, enum bnc_code code, const char *what)
{
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < offset && i < scan->n; i++) {
        if (scan->text[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)scan->text[i] & 0xc0) != 0x80) {
            column++; /* characters, not bytes */
        }
    }
    return bnc_fail(scan->err, code, "line %zu, column %zu: %s", line, column, what);
}

static char
peek(const struct scan *scan)
{
    if (scan->at == scan->n) {
        return '\0';
    }
    return scan->text[scan->at];
}

static size_t
skip_digits(struct scan *scan)
{
    size_t start = scan->at;
    while (peek(scan) >= '0' && peek(scan) <= '9') {
        scan->at++;
    }
    return scan->at - start;
}

static void
note_big(struct scan *scan, size_t offset)
{
    if (scan->n_bigs == scan->room) {
        size_t room = scan->room == 0 ? 8 : scan->room * 2;
        struct big *bigger = bnc_arena_array(scan->arena, room, sizeof(*bigger));
        if (scan->n_bigs > 0) {
            memcpy(bigger, scan->bigs, scan->n_bigs * sizeof(*bigger));
        }
        scan->bigs = bigger;
        scan->room = room;
    }
    scan->bigs[scan->n_bigs++] = (struct big){
        .ordinal = scan->numbers, .offset = offset, .length = scan->at - offset};
}

/* Sixteen digits may be above 2^53, seventeen are. */
static bool
is_big(const char *digits, size_t n)
{
    int64_t value = 0;
    if (n != 16) {
        return n > 16;
    }
    for (size_t i = 0; i < n; i++) {
        value = value * 10 + (digits[i] - '0');
    }
    return value > BNC_JSON_EXACT_INT;
}

static enum bnc_code
scan_number(struct scan *scan)
{
    size_t start = scan->at;
    bool integer = true;

    if (peek(scan) == '-') {
        scan->at++;
    }
    size_t first = scan->at;
    size_t digits = skip_digits(scan);
    bool good = digits > 0 && (digits == 1 || scan->text[first] != '0');
    if (good && peek(scan) == '.') {
        integer = false;
        scan->at++;
        good = skip_digits(scan) > 0;
    }
    if (good && (peek(scan) == 'e' || peek(scan) == 'E')) {
        integer = false;
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-') {
            scan->at++;
        }
        size_t exponent = skip_digits(scan);
        good = exponent > 0;
        scan->may_overflow |= exponent > 2;
    }
    if (!good) {
        return fail_at(scan, start, BNC_INVALID, "not a JSON number");
    }
    if (scan->at - start > BNC_JSON_NUMBER_MAX) {
        return fail_at(scan, start, BNC_INVALID, "a number of over 60 bytes");
    }
    if (integer && is_big(scan->text + first, digits)) {
        note_big(scan, start);
    }
    scan->numbers++;
    return BNC_OK;
}

static enum bnc_code
scan_string(struct scan *scan)
{
    size_t start = scan->at++;
    while (scan->at < scan->n && scan->text[scan->at] != '"') {
        unsigned char c = (unsigned char)scan->text[scan->at];
        if (c < 0x20) {
            return fail_at(scan, scan->at, BNC_INVALID, "control character in a string");
        }
        if (c == '\\') {
            if (scan->n - scan->at >= 6 &&
                memcmp(scan->text + scan->at, "\\u0000", 6) == 0) {
                return fail_at(scan, scan->at, BNC_INVALID, "\\u0000 is not allowed");
            }
            scan->at++; /* what follows is never the end of the string */
        }
        scan->at++;
    }
    if (scan->at >= scan->n) {
        return fail_at(scan, start, BNC_INVALID, "the string does not end");
    }
    scan->at++;
    return BNC_OK;
}

static enum bnc_code
scan_token(struct scan *scan)
{
    char c = scan->text[scan->at];
    if (c == '"') {
        return scan_string(scan);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return scan_number(scan);
    }
    if (c == '{' || c == '[') {
        if (++scan->depth > BNC_JSON_DEPTH_MAX) {
            return fail_at(scan, scan->at, BNC_TOO_BIG, "nested over 100 levels deep");
        }
    } else if ((c == '}' || c == ']') && scan->depth > 0) {
        scan->depth--;
    } else if ((unsigned char)c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
        return fail_at(scan, scan->at, BNC_INVALID, "control character");
    }
    scan->at++;
    return BNC_OK;
}

/* All that cJSON would let pass; the grammar itself is left to it. */
static enum bnc_code
scan_text(struct scan *scan)
{
    if (memchr(scan->text, '\0', scan->n) != NULL) {
        return bnc_fail(scan->err, BNC_INVALID, "the text holds a NUL byte");
    }
    if (!bnc_utf8_valid(scan->text, scan->n)) {
        return bnc_fail(scan->err, BNC_INVALID, "the text is not UTF-8");
    }
    while (scan->at < scan->n) {
        if (scan_token(scan)) {
            return scan->err->code;
        }
    }
    return BNC_OK;
}

/* Numbers come in the order of the text: put the exact text where it was lost. */
static void
restore_bigs(struct scan *scan, cJSON *item, size_t *next)
{
    for (; item != NULL && *next < scan->n_bigs; item = item->next) {
        if (cJSON_IsNumber(item)) {
            const struct big *big = &scan->bigs[*next];
            if (big->ordinal == scan->numbers) {
                item->type = cJSON_Raw;
                item->valuestring =
                    bnc_arena_strndup(scan->arena, scan->text + big->offset, big->length);
                (*next)++;
            }
            scan->numbers++;
        }
        restore_bigs(scan, item->child, next);
    }
}

static bool
has_infinity(const cJSON *item)
{
    for (; item != NULL; item = item->next) {
        if ((cJSON_IsNumber(item) && isinf(item->valuedouble)) ||
            has_infinity(item->child)) {
            return true;
        }
    }
    return false;
}

/* cJSON over the hooks; `*at` is where it stopped. */
static cJSON *
parse_tree(const struct scan *scan, size_t *at)
{
    cJSON_Hooks hooks = {.malloc_fn = hook_malloc, .free_fn = hook_free};
    const char *end = NULL;

    hook_arena = scan->arena;
    cJSON_InitHooks(&hooks);
    cJSON *tree = cJSON_ParseWithLengthOpts(scan->text, scan->n, &end, 0);
    cJSON_InitHooks(NULL);
    hook_arena = NULL;
    *at = end == NULL ? 0 : (size_t)(end - scan->text);
    return tree;
}

enum bnc_code
bnc_json_parse(struct bnc_arena *arena, const char *text, size_t n, cJSON **out,
               struct bnc_error *err)
{
    if (n == 0) {
        return bnc_fail(err, BNC_INVALID, "the text is empty");
    }
    struct scan scan = {.text = text, .n = n, .arena = arena, .err = err};
    if (scan_text(&scan)) {
        return err->code;
    }

    size_t at = 0;
    cJSON *tree = parse_tree(&scan, &at);
    if (tree == NULL) {
        return fail_at(&scan, at, BNC_INVALID, "not valid JSON");
    }
    while (at < n && strchr(" \t\r\n", text[at]) != NULL) {
        at++;
    }
    if (at < n) {
        return fail_at(&scan, at, BNC_INVALID, "something follows the JSON value");
    }
    if (scan.may_overflow && has_infinity(tree)) {
        return bnc_fail(err, BNC_INVALID, "a number is out of range");
    }
    if (scan.n_bigs > 0) {
        size_t next = 0;
        scan.numbers = 0;
        restore_bigs(&scan, tree, &next);
    }
    *out = tree;
    return BNC_OK;
}
