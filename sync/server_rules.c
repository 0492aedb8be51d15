/* The answer of /api/v1/rules: {"data": {"groups": [{"name", "rules": [..]}, ..]}}. */
#include <string.h>

#include "sync/server_scan.h"

static void
end_group(struct bnc_rules_scan *scan)
{
    if (scan->in_group) {
        scan->fn(scan->arg, scan->name.ptr, scan->name.len, scan->rules);
    }
    scan->in_group = false;
}

static bool
is_path(const struct bnc_scan_path *path, size_t n, const char *last)
{
    return path->n == n && strcmp(path->keys[0], "data") == 0 &&
           strcmp(path->keys[1], "groups") == 0 && path->keys[2][0] == '\0' &&
           strcmp(path->keys[n - 1], last) == 0;
}

/* The name of a group comes before its rules; each of these has one query. */
static enum bnc_code
on_text(void *arg, const struct bnc_scan_path *path, struct bnc_bytes piece, bool last,
        struct bnc_error *err)
{
    struct bnc_rules_scan *scan = arg;
    bool name = is_path(path, 4, "name");
    bool begins = !scan->in_text;

    BNC_UNUSED(err);
    scan->in_text = !last;
    if (begins && name) {
        end_group(scan);
        scan->in_group = true;
        scan->rules = 0;
        bnc_str_clear(&scan->name);
        bnc_str_add(&scan->name, "", 0); /* never NULL */
    } else if (begins && is_path(path, 6, "query")) {
        scan->rules += strcmp(path->keys[3], "rules") == 0;
    }
    if (name && scan->name.len < BNC_JOB_NAME_MAX) {
        size_t room = BNC_JOB_NAME_MAX - scan->name.len;
        bnc_str_add(&scan->name, piece.ptr, piece.len < room ? piece.len : room);
    }
    return BNC_OK;
}

void
bnc_rules_scan_init(struct bnc_rules_scan *scan,
                    void (*fn)(void *arg, const char *name, size_t n, uint64_t rules),
                    void *arg)
{
    *scan = (struct bnc_rules_scan){.fn = fn,
                                    .arg = arg,
                                    .json = bnc_scan_new_deep(on_text, scan),
                                    .name = bnc_str_new(NULL, BNC_JOB_NAME_MAX + 1)};
}

void
bnc_rules_scan_free(struct bnc_rules_scan *scan)
{
    bnc_scan_free(scan->json);
    bnc_str_free(&scan->name);
    *scan = (struct bnc_rules_scan){0};
}

void
bnc_rules_scan_feed(struct bnc_rules_scan *scan, const char *bytes, size_t n)
{
    if (scan->err.code == BNC_OK && bnc_scan_feed(scan->json, bytes, n, &scan->err)) {
        scan->in_group = false; /* told at the end */
    }
}

enum bnc_code
bnc_rules_scan_end(struct bnc_rules_scan *scan, struct bnc_error *err)
{
    end_group(scan);
    return bnc_scan_end(scan->json, err);
}
