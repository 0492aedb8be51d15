#include "sync/fetch_scan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"

#define DEPTH_MAX 100  /* as lib/json.h */
#define PIECE     4096 /* bytes told at once */

enum state {
    VALUE,      /* the next value */
    FIRST_ITEM, /* the same, or the end of an empty array */
    FIRST_KEY,  /* a key, or the end of an empty object */
    KEY,        /* a key, after a comma */
    COLON,      /* after a key */
    AFTER,      /* after a value: a comma or an end */
    TEXT,       /* inside a text or key */
    ESCAPE,     /* after a backslash */
    HEX,        /* in the digits of \uXXXX */
    LITERAL,    /* in a number, true, false or null */
    END,        /* after the object */
    N_STATES
};

struct bnc_scan {
    bnc_scan_fn fn;
    void *arg;
    size_t levels; /* at which texts are told */
    bool deep;     /* also in arrays */
    enum state state;
    struct bnc_error err; /* nothing more is read after it */

    size_t depth;             /* containers that are open */
    size_t arrays;            /* of them */
    bool is_array[DEPTH_MAX]; /* each of them */
    char keys[BNC_SCAN_DEEP][BNC_SCAN_KEY_MAX + 1];

    bool in_key;
    bool key_too_long;
    unsigned hex_digits; /* of \uXXXX that are read */
    uint32_t unit;       /* what they say so far */
    uint32_t high;       /* a high surrogate that waits for its other half; 0: none */
    size_t n;
    char piece[PIECE];
};

static void
refuse(struct bnc_scan *scan, const char *what)
{
    if (scan->err.code == BNC_OK) {
        (void)bnc_fail(&scan->err, BNC_INVALID, "%s", what);
    }
}

/* ---- texts --------------------------------------------------------------------- */

static bool
is_told(const struct bnc_scan *scan)
{
    return !scan->in_key && (scan->deep || scan->arrays == 0) &&
           scan->depth <= scan->levels;
}

static void
tell(struct bnc_scan *scan, bool last)
{
    if (is_told(scan) && scan->err.code == BNC_OK) {
        struct bnc_scan_path path = {.n = scan->depth};
        for (size_t i = 0; i < scan->depth; i++) {
            path.keys[i] = scan->keys[i];
        }
        const struct bnc_bytes piece = {scan->piece, scan->n};
        (void)scan->fn(scan->arg, &path, piece, last, &scan->err);
    }
    if (scan->in_key) {
        scan->key_too_long = true;
    }
    scan->n = 0;
}

static void
put(struct bnc_scan *scan, const char *bytes, size_t n)
{
    while (n > 0) {
        size_t room = (scan->in_key ? BNC_SCAN_KEY_MAX : PIECE) - scan->n;
        if (room == 0) {
            tell(scan, false);
            continue;
        }
        size_t part = n < room ? n : room;
        memcpy(scan->piece + scan->n, bytes, part);
        scan->n += part;
        bytes += part;
        n -= part;
    }
}

static void
put_character(struct bnc_scan *scan, uint32_t c)
{
    char utf8[4];
    if (c < 0x80) {
        utf8[0] = (char)c;
        put(scan, utf8, 1);
    } else if (c < 0x800) {
        utf8[0] = (char)(0xc0 | c >> 6);
        utf8[1] = (char)(0x80 | (c & 0x3f));
        put(scan, utf8, 2);
    } else if (c < 0x10000) {
        utf8[0] = (char)(0xe0 | c >> 12);
        utf8[1] = (char)(0x80 | (c >> 6 & 0x3f));
        utf8[2] = (char)(0x80 | (c & 0x3f));
        put(scan, utf8, 3);
    } else {
        utf8[0] = (char)(0xf0 | c >> 18);
        utf8[1] = (char)(0x80 | (c >> 12 & 0x3f));
        utf8[2] = (char)(0x80 | (c >> 6 & 0x3f));
        utf8[3] = (char)(0x80 | (c & 0x3f));
        put(scan, utf8, 4);
    }
}

static void
begin_text(struct bnc_scan *scan, bool key)
{
    scan->in_key = key;
    scan->key_too_long = false;
    scan->n = 0;
    scan->state = TEXT;
}

static void
end_text(struct bnc_scan *scan)
{
    if (!scan->in_key) {
        tell(scan, true);
        scan->state = AFTER;
        return;
    }
    if (scan->depth <= scan->levels) {
        char *key = scan->keys[scan->depth - 1];
        size_t n = scan->key_too_long ? 0 : scan->n;
        memcpy(key, scan->piece, n);
        key[n] = '\0';
    }
    scan->state = COLON;
}

static void
on_text(struct bnc_scan *scan, char c)
{
    if (scan->high != 0 && c != '\\') {
        refuse(scan, "half a character in a JSON text");
    } else if (c == '"') {
        end_text(scan);
    } else if (c == '\\') {
        scan->state = ESCAPE;
    } else if ((unsigned char)c < 0x20) {
        refuse(scan, "a control character in a JSON text");
    } else {
        put(scan, &c, 1);
    }
}

static void
on_escape(struct bnc_scan *scan, char c)
{
    static const char names[] = "\"\\/bfnrt";
    static const char characters[] = "\"\\/\b\f\n\r\t";
    const char *at = c == '\0' ? NULL : strchr(names, c);

    if (c == 'u') {
        scan->hex_digits = 0;
        scan->unit = 0;
        scan->state = HEX;
    } else if (at != NULL && scan->high == 0) {
        put(scan, &characters[at - names], 1);
        scan->state = TEXT;
    } else {
        refuse(scan, "a wrong escape in a JSON text");
    }
}

/* A \uXXXX is complete. */
static void
take_unit(struct bnc_scan *scan)
{
    uint32_t unit = scan->unit;
    bool is_low = unit >= 0xdc00 && unit < 0xe000;

    scan->state = TEXT;
    if (unit == 0 || is_low != (scan->high != 0)) {
        refuse(scan, "a NUL or half a character in a JSON text");
    } else if (unit >= 0xd800 && unit < 0xdc00) {
        scan->high = unit;
    } else if (is_low) {
        put_character(scan, 0x10000 + ((scan->high - 0xd800) << 10) + (unit - 0xdc00));
        scan->high = 0;
    } else {
        put_character(scan, unit);
    }
}

static void
on_hex(struct bnc_scan *scan, char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c == '\0' ? NULL : strchr(digits, c);

    if (at == NULL) {
        refuse(scan, "a wrong escape in a JSON text");
        return;
    }
    scan->unit = scan->unit << 4 | (uint32_t)((at - digits) & 15);
    if (++scan->hex_digits == 4) {
        take_unit(scan);
    }
}

/* ---- around them --------------------------------------------------------------- */

static void
open_container(struct bnc_scan *scan, bool array)
{
    if (scan->depth == DEPTH_MAX) {
        refuse(scan, "JSON nested too deeply");
        return;
    }
    if (array && scan->depth < scan->levels) {
        scan->keys[scan->depth][0] = '\0';
    }
    scan->is_array[scan->depth++] = array;
    scan->arrays += array;
    scan->state = array ? FIRST_ITEM : FIRST_KEY;
}

static void
close_container(struct bnc_scan *scan, bool array)
{
    if (scan->is_array[scan->depth - 1] != array) {
        refuse(scan, "a wrong bracket in JSON");
        return;
    }
    scan->depth--;
    scan->arrays -= array;
    scan->state = scan->depth == 0 ? END : AFTER;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool
is_literal(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' ||
           c == '.' || c == 'E';
}

static void
on_value(struct bnc_scan *scan, char c)
{
    if (c == '{') {
        open_container(scan, false);
    } else if (scan->depth == 0) {
        refuse(scan, "no JSON object");
    } else if (c == '[') {
        open_container(scan, true);
    } else if (c == '"') {
        begin_text(scan, false);
    } else if (is_literal(c)) {
        scan->state = LITERAL;
    } else {
        refuse(scan, "no JSON where a value is due");
    }
}

static void
on_first_item(struct bnc_scan *scan, char c)
{
    if (c == ']') {
        close_container(scan, true);
    } else {
        on_value(scan, c);
    }
}

static void
on_key(struct bnc_scan *scan, char c)
{
    if (c == '"') {
        begin_text(scan, true);
    } else {
        refuse(scan, "no JSON where a key is due");
    }
}

static void
on_first_key(struct bnc_scan *scan, char c)
{
    if (c == '}') {
        close_container(scan, false);
    } else {
        on_key(scan, c);
    }
}

static void
on_colon(struct bnc_scan *scan, char c)
{
    if (c == ':') {
        scan->state = VALUE;
    } else {
        refuse(scan, "no JSON where a colon is due");
    }
}

static void
on_after(struct bnc_scan *scan, char c)
{
    if (c == ',') {
        scan->state = scan->is_array[scan->depth - 1] ? VALUE : KEY;
    } else if (c == '}' || c == ']') {
        close_container(scan, c == ']');
    } else {
        refuse(scan, "no JSON where a comma is due");
    }
}

static void
on_end(struct bnc_scan *scan, char c)
{
    BNC_UNUSED(c);
    refuse(scan, "something behind the JSON object");
}

static void
step(struct bnc_scan *scan, char c)
{
    static void (*const steps[N_STATES])(struct bnc_scan *, char) = {
        [VALUE] = on_value, [FIRST_ITEM] = on_first_item, [FIRST_KEY] = on_first_key,
        [KEY] = on_key,     [COLON] = on_colon,           [AFTER] = on_after,
        [TEXT] = on_text,   [ESCAPE] = on_escape,         [HEX] = on_hex,
        [END] = on_end,
    };
    if (scan->state == LITERAL) {
        if (is_literal(c)) {
            return;
        }
        scan->state = AFTER;
    }
    bool in_text = scan->state == TEXT || scan->state == ESCAPE || scan->state == HEX;
    if (in_text || !is_space(c)) {
        steps[scan->state](scan, c);
    }
}

/* The plain characters of a text at once; 0: the next one is not plain. */
static size_t
take_run(struct bnc_scan *scan, const char *bytes, size_t n)
{
    size_t run = 0;
    while (run < n && bytes[run] != '"' && bytes[run] != '\\' &&
           (unsigned char)bytes[run] >= 0x20) {
        run++;
    }
    put(scan, bytes, run);
    return run;
}

/* ---- public -------------------------------------------------------------------- */

struct bnc_scan *
bnc_scan_new(bnc_scan_fn fn, void *arg)
{
    struct bnc_scan *scan = bnc_alloc(sizeof(*scan));
    scan->fn = fn;
    scan->arg = arg;
    scan->levels = BNC_SCAN_KEYS;
    scan->state = VALUE;
    return scan;
}

struct bnc_scan *
bnc_scan_new_deep(bnc_scan_fn fn, void *arg)
{
    struct bnc_scan *scan = bnc_scan_new(fn, arg);
    scan->levels = BNC_SCAN_DEEP;
    scan->deep = true;
    return scan;
}

void
bnc_scan_free(struct bnc_scan *scan)
{
    free(scan);
}

static enum bnc_code
say(const struct bnc_scan *scan, struct bnc_error *err)
{
    if (scan->err.code != BNC_OK) {
        *err = scan->err;
    }
    return scan->err.code;
}

enum bnc_code
bnc_scan_feed(struct bnc_scan *scan, const char *bytes, size_t n, struct bnc_error *err)
{
    while (n > 0 && scan->err.code == BNC_OK) {
        size_t used = 0;
        if (scan->state == TEXT && scan->high == 0) {
            used = take_run(scan, bytes, n);
        }
        if (used == 0) {
            step(scan, *bytes);
            used = 1;
        }
        bytes += used;
        n -= used;
    }
    return say(scan, err);
}

enum bnc_code
bnc_scan_end(struct bnc_scan *scan, struct bnc_error *err)
{
    if (scan->state != END) {
        refuse(scan, "the JSON object ends too early");
    }
    return say(scan, err);
}
