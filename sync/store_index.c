#include "sync/store_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEADER    "binnacle-index 1\n"
#define SUM       "sum " /* the last line: the digest of those above */
#define MAX_BYTES ((size_t)8 << 20)

struct bnc_store_index *
bnc_store_index_new(void)
{
    struct bnc_store_index *index = bnc_alloc(sizeof(*index));
    index->arena = bnc_arena_new();
    index->by_name = bnc_map_new();
    return index;
}

void
bnc_store_index_free(struct bnc_store_index *index)
{
    if (index != NULL) {
        bnc_arena_free(index->arena);
        bnc_map_free(index->by_name);
        free(index);
    }
}

struct bnc_store_entry *
bnc_store_index_get(const struct bnc_store_index *index, const char *name)
{
    return index == NULL ? NULL : bnc_map_get(index->by_name, name);
}

struct bnc_store_entry *
bnc_store_index_add(struct bnc_store_index *index, const struct bnc_store_entry *from)
{
    struct bnc_store_entry *entry = bnc_arena_alloc(index->arena, sizeof(*entry));
    *entry = *from;
    entry->name = bnc_arena_strdup(index->arena, from->name);
    (void)bnc_map_put(index->by_name, entry->name, entry);
    return entry;
}

bool
bnc_store_index_next(const struct bnc_store_index *index, size_t *at,
                     struct bnc_store_entry **out)
{
    void *value;
    if (index == NULL || !bnc_map_next(index->by_name, at, NULL, &value)) {
        return false;
    }
    *out = value;
    return true;
}

bool
bnc_store_index_has_below(const struct bnc_store_index *index, const char *name)
{
    struct bnc_store_entry *entry;
    size_t at = 0;
    size_t n = strlen(name);
    while (bnc_store_index_next(index, &at, &entry)) {
        if (strncmp(entry->name, name, n) == 0 && entry->name[n] == '/') {
            return true;
        }
    }
    return false;
}

/* ---- reading --------------------------------------------------------------------- */

static bool
is_sha256(const char *s)
{
    return strspn(s, "0123456789abcdef") == BNC_SHA256_HEX - 1 &&
           s[BNC_SHA256_HEX - 1] == '\0';
}

/* The next word of a line, which is cut up; "" when there is none. */
static char *
word(char **line)
{
    char *start = *line;
    size_t n = strcspn(start, " ");
    *line = start + n + (start[n] == ' ' ? 1 : 0);
    start[n] = '\0';
    return start;
}

/* A number of digits alone; false: it is none, or over `max`. */
static bool
number(const char *s, int base, uint64_t max, uint64_t *out)
{
    size_t n = strspn(s, base == 8 ? "01234567" : "0123456789");
    if (n == 0 || n > 12 || s[n] != '\0') {
        return false;
    }
    *out = strtoull(s, NULL, base);
    return *out <= max;
}

static bool
add_line(struct bnc_store_index *index, char *line)
{
    struct bnc_store_entry entry = {0};
    uint64_t mode = 0;
    const char *sha256 = word(&line);
    const char *size = word(&line);
    const char *bits = word(&line);
    entry.name = line;
    if (!is_sha256(sha256) || !number(size, 10, BNC_STORE_MAX_FILE, &entry.size) ||
        !number(bits, 8, 07777, &mode) || !bnc_store_name_valid(entry.name) ||
        bnc_store_index_get(index, entry.name) != NULL ||
        bnc_map_count(index->by_name) == BNC_STORE_MAX_NAMES) {
        return false;
    }
    memcpy(entry.sha256, sha256, sizeof(entry.sha256));
    entry.mode = (unsigned)mode;
    (void)bnc_store_index_add(index, &entry);
    return true;
}

/* `text` is cut up.  False: it is not what bnc_store_index_write() has written. */
static bool
parse(struct bnc_store_index *index, char *text, size_t n)
{
    char sha256[BNC_SHA256_HEX];
    const size_t tail = strlen(SUM) + BNC_SHA256_HEX; /* with its line feed */
    if (n < strlen(HEADER) + tail || strlen(text) != n || !bnc_str_starts(text, HEADER) ||
        text[n - 1] != '\n') {
        return false;
    }
    text[n - 1] = '\0';
    char *last = text + n - tail;
    bnc_sha256_hex(text, n - tail, sha256);
    if (!bnc_str_starts(last, SUM) || strcmp(last + strlen(SUM), sha256) != 0) {
        return false;
    }
    for (char *line = text + strlen(HEADER); line < last;) {
        char *end = memchr(line, '\n', (size_t)(last - line));
        if (end == NULL) {
            return false;
        }
        *end = '\0';
        if (!add_line(index, line)) {
            return false;
        }
        line = end + 1;
    }
    return true;
}

enum bnc_code
bnc_store_index_read(struct bnc_world *world, const char *path,
                     struct bnc_store_index **out, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes bytes = {0};
    if (bnc_file_read(world, path, MAX_BYTES, arena, &bytes, err)) {
        return err->code;
    }
    struct bnc_store_index *index = bnc_store_index_new();
    char *text = bnc_arena_strndup(arena, bytes.ptr, bytes.len);
    if (!parse(index, text, bytes.len)) {
        bnc_store_index_free(index);
        return bnc_fail(err, BNC_INVALID, "%s is not as it was written", path);
    }
    *out = index;
    return BNC_OK;
}

/* ---- writing --------------------------------------------------------------------- */

enum bnc_code
bnc_store_index_write(struct bnc_world *world, const char *path,
                      const struct bnc_store_index *index, struct bnc_error *err)
{
    char sha256[BNC_SHA256_HEX];
    struct bnc_store_entry *entry;
    size_t at = 0;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str text = bnc_str_new(arena, MAX_BYTES);

    bnc_str_puts(&text, HEADER);
    while (bnc_store_index_next(index, &at, &entry)) {
        bnc_str_fmt(&text, "%s %" PRIu64 " %04o %s\n", entry->sha256, entry->size,
                    entry->mode, entry->name);
    }
    bnc_sha256_hex(text.ptr, text.len, sha256);
    bnc_str_fmt(&text, SUM "%s\n", sha256);
    if (bnc_str_check(&text, path, err)) {
        return err->code;
    }
    /* 0600: a digest of a secret is for those who may read the secret */
    struct bnc_file *file = NULL;
    if (bnc_file_create(world, path, 0600, &file, err)) {
        return err->code;
    }
    if (bnc_file_append(file, (struct bnc_bytes){text.ptr, text.len}, err)) {
        bnc_file_abandon(file);
        return err->code;
    }
    return bnc_file_close(file, true, err);
}
