/*
 * Any bytes as an object that streams in: no crash, texts that come whole and in pieces
 * are the same, and those of valid JSON are what the tree of it has.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "sync/fetch_scan.h"

#define TOLD_MAX ((size_t)16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Every text that was told: its path, then its bytes. */
struct told {
    struct bnc_str out;
    bool open; /* in the middle of one */
    size_t n;
};

static void
require(bool cond)
{
    if (!cond) {
        abort();
    }
}

static enum bnc_code
on_text(void *arg, const struct bnc_scan_path *path, struct bnc_bytes piece, bool last,
        struct bnc_error *err)
{
    struct told *told = arg;
    BNC_UNUSED(err);
    require(path->n >= 1 && path->n <= BNC_SCAN_KEYS);
    for (size_t i = 0; !told->open && i < path->n; i++) {
        require(strlen(path->keys[i]) <= BNC_SCAN_KEY_MAX);
        bnc_str_fmt(&told->out, "/%s", path->keys[i]);
    }
    if (!told->open) {
        bnc_str_putc(&told->out, '=');
    }
    bnc_str_add(&told->out, piece.ptr, piece.len);
    told->open = !last;
    if (last) {
        bnc_str_putc(&told->out, '\n');
        told->n++;
    }
    return BNC_OK;
}

/* True when all of it is one object. */
static bool
scan(const char *bytes, size_t n, size_t piece, struct told *told)
{
    BNC_AUTO(bnc_scan) scan = bnc_scan_new(on_text, told);
    struct bnc_error err = {0};
    enum bnc_code code = BNC_OK;

    for (size_t i = 0; i < n && code == BNC_OK; i += piece) {
        code = bnc_scan_feed(scan, bytes + i, n - i < piece ? n - i : piece, &err);
    }
    if (code == BNC_OK) {
        code = bnc_scan_end(scan, &err);
    }
    require((code == BNC_OK) == (err.message[0] == '\0'));
    require(code != BNC_OK || !told->open);
    return code == BNC_OK;
}

/* How many texts there are down to `depth` below an object, none in lists. */
static size_t
count_texts(const cJSON *object, size_t depth)
{
    size_t n = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        n += cJSON_IsString(item) != 0;
        if (cJSON_IsObject(item) && depth > 1) {
            n += count_texts(item, depth - 1);
        }
    }
    return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char *text = malloc(n + 1);
    struct told whole = {.out = bnc_str_new(arena, TOLD_MAX)};
    struct told pieces = {.out = bnc_str_new(arena, TOLD_MAX)};
    struct bnc_error err = {0};
    cJSON *root = NULL;

    memcpy(text, data, n);
    text[n] = '\0';
    bnc_str_puts(&whole.out, "");
    bnc_str_puts(&pieces.out, "");
    bool good = scan(text, n, n + 1, &whole);
    require(scan(text, n, 1 + n % 7, &pieces) == good);
    require(!good || whole.n == pieces.n);
    require(!good || (whole.out.len == pieces.out.len &&
                      memcmp(whole.out.ptr, pieces.out.ptr, whole.out.len) == 0));
    if (bnc_json_parse(arena, text, n, &root, &err) == BNC_OK && cJSON_IsObject(root)) {
        require(good);
        require(whole.n == count_texts(root, BNC_SCAN_KEYS));
    }
    free(text);
    return 0;
}
