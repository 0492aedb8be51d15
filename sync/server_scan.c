#include "sync/server_scan.h"

#include <ctype.h>
#include <string.h>

#include "sync/yaml_line.h"

/* ---- a text ---------------------------------------------------------------------- */

bool
bnc_find_init(struct bnc_find *find, const char *text)
{
    size_t n = strlen(text);
    size_t k = 0;

    memset(find, 0, sizeof(*find));
    if (n == 0 || n > sizeof(find->text)) {
        return false;
    }
    memcpy(find->text, text, n);
    find->n = n;
    for (size_t i = 1; i < n; i++) {
        while (k > 0 && text[i] != text[k]) {
            k = find->back[k - 1];
        }
        k += text[i] == text[k] ? 1 : 0;
        find->back[i] = (unsigned char)k;
    }
    return true;
}

size_t
bnc_find_feed(struct bnc_find *find, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        while (find->at > 0 && bytes[i] != find->text[find->at]) {
            find->at = find->back[find->at - 1];
        }
        if (bytes[i] == find->text[find->at]) {
            find->at++;
        }
        if (find->at == find->n) {
            find->found = true;
            find->at = 0; /* what is looked for ends in no beginning of itself */
            return i + 1;
        }
    }
    return n;
}

bool
bnc_marker_scan_init(struct bnc_marker_scan *scan, const char *marker)
{
    char text[BNC_FIND_MAX + 1] = "/";

    scan->found = false;
    if (marker[0] == '\0' || strlen(marker) + 2 > sizeof(text)) {
        return false;
    }
    memcpy(text + 1, marker, strlen(marker) + 1);
    return bnc_find_init(&scan->find, text);
}

/* True for what may stand in a file name: the marker's own characters. */
static bool
is_name(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '.' || c == '-' || c == '_';
}

void
bnc_marker_scan_feed(struct bnc_marker_scan *scan, const char *bytes, size_t n)
{
    while (n > 0 && !scan->found) {
        if (scan->find.found) { /* what follows decides whether it was all of a name */
            scan->find.found = false;
            scan->found = !is_name(*bytes);
        }
        size_t used = bnc_find_feed(&scan->find, bytes, n);
        bytes += used;
        n -= used;
    }
}

/* ---- scrape pools ---------------------------------------------------------------- */

void
bnc_pools_scan_init(struct bnc_pools_scan *scan,
                    void (*fn)(void *arg, const char *name, size_t n), void *arg)
{
    memset(scan, 0, sizeof(*scan));
    scan->fn = fn;
    scan->arg = arg;
    scan->name = bnc_str_new(NULL, BNC_JOB_NAME_MAX + 4);
    (void)bnc_find_init(&scan->find, "\"scrapePools\":");
}

void
bnc_pools_scan_free(struct bnc_pools_scan *scan)
{
    bnc_str_free(&scan->name);
}

/* Over its length a name is not looked at: bnc_job_hash() does not either. */
static void
add_code(struct bnc_pools_scan *scan, uint32_t code)
{
    if (scan->name.len < BNC_JOB_NAME_MAX) {
        bnc_yaml_add_code(&scan->name, code);
    }
}

/* Half a pair that found no other half. */
static void
drop_high(struct bnc_pools_scan *scan)
{
    if (scan->high != 0) {
        scan->high = 0;
        add_code(scan, 0xfffd);
    }
}

static void
end_code(struct bnc_pools_scan *scan)
{
    uint32_t code = scan->code;

    scan->step = BNC_POOLS_NAME;
    if (scan->high != 0 && code >= 0xdc00 && code < 0xe000) {
        code = 0x10000 + ((scan->high - 0xd800) << 10) + (code - 0xdc00);
        scan->high = 0;
    }
    drop_high(scan);
    if (code >= 0xd800 && code < 0xdc00) {
        scan->high = code;
    } else {
        add_code(scan, code);
    }
}

static void
in_hex(struct bnc_pools_scan *scan, char c)
{
    if (isxdigit((unsigned char)c) == 0) {
        scan->step = BNC_POOLS_BAD;
        return;
    }
    c = (char)(c | 0x20);
    scan->code = scan->code << 4 | (uint32_t)(c >= 'a' ? c - 'a' + 10 : c & 15);
    if (++scan->digits == 4) {
        end_code(scan);
    }
}

static void
in_escape(struct bnc_pools_scan *scan, char c)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *found = c == '\0' ? NULL : strchr(from, c);

    if (c == 'u') {
        scan->step = BNC_POOLS_HEX;
        scan->digits = 0;
        scan->code = 0;
    } else if (found != NULL) {
        drop_high(scan);
        add_code(scan, (unsigned char)to[found - from]);
        scan->step = BNC_POOLS_NAME;
    } else {
        scan->step = BNC_POOLS_BAD;
    }
}

static void
in_name(struct bnc_pools_scan *scan, char c)
{
    if (c == '\\') {
        scan->step = BNC_POOLS_ESCAPE;
        return;
    }
    drop_high(scan);
    if (c == '"') {
        scan->step = BNC_POOLS_LIST;
        scan->fn(scan->arg, scan->name.ptr, scan->name.len);
    } else if ((unsigned char)c < 0x20) {
        scan->step = BNC_POOLS_BAD;
    } else if (scan->name.len < BNC_JOB_NAME_MAX) {
        bnc_str_putc(&scan->name, c);
    }
}

static void
in_list(struct bnc_pools_scan *scan, char c)
{
    if (c == '"') {
        bnc_str_clear(&scan->name);
        bnc_str_add(&scan->name, "", 0); /* never NULL */
        scan->step = BNC_POOLS_NAME;
    } else if (c == ']') {
        scan->step = BNC_POOLS_DONE;
    } else if (c != ',' && isspace((unsigned char)c) == 0) {
        scan->step = BNC_POOLS_BAD;
    }
}

/* null: a list in Go that nothing was ever added to. */
static void
in_open(struct bnc_pools_scan *scan, char c)
{
    if (c == '[') {
        scan->step = BNC_POOLS_LIST;
    } else if (c == 'n') {
        scan->step = BNC_POOLS_DONE;
    } else if (isspace((unsigned char)c) == 0) {
        scan->step = BNC_POOLS_BAD;
    }
}

void
bnc_pools_scan_feed(struct bnc_pools_scan *scan, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        switch (scan->step) {
        case BNC_POOLS_SEEK:
            (void)bnc_find_feed(&scan->find, bytes + i, 1);
            scan->step = scan->find.found ? BNC_POOLS_OPEN : BNC_POOLS_SEEK;
            break;
        case BNC_POOLS_OPEN:
            in_open(scan, bytes[i]);
            break;
        case BNC_POOLS_LIST:
            in_list(scan, bytes[i]);
            break;
        case BNC_POOLS_NAME:
            in_name(scan, bytes[i]);
            break;
        case BNC_POOLS_ESCAPE:
            in_escape(scan, bytes[i]);
            break;
        case BNC_POOLS_HEX:
            in_hex(scan, bytes[i]);
            break;
        case BNC_POOLS_DONE:
        case BNC_POOLS_BAD:
            return;
        }
    }
}
