/*
 * Any bytes as an object, a list and a watch: what comes whole, byte by byte and
 * cut at random is the same; what was pruned stays as it is; cJSON can read it.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "model/prune.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
require(bool cond)
{
    if (!cond) {
        abort();
    }
}

static void
check_text(struct bnc_bytes text)
{
    require(strlen(text.ptr) == text.len && bnc_utf8_valid(text.ptr, text.len));
    cJSON *tree = cJSON_ParseWithLength(text.ptr, text.len);
    require(tree != NULL);
    cJSON_Delete(tree);
}

static void
check_object(const struct bnc_keep *keep, const char *json, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned once = {0};
    struct bnc_pruned twice = {0};
    struct bnc_error err = {0};

    if (bnc_prune(keep, json, n, arena, &once, &err)) {
        return;
    }
    check_text(once.text);
    require(once.text.len <= n);
    if (once.status.len > 0) {
        check_text(once.status);
    }
    require(bnc_prune(keep, once.text.ptr, once.text.len, arena, &twice, &err) == BNC_OK);
    require(strcmp(once.text.ptr, twice.text.ptr) == 0);
}

static void
on_object(void *arg, const char *type, const struct bnc_pruned *object)
{
    check_text(object->text);
    bnc_str_fmt(arg, "%s|%s|%s|%s|%s|%lld|%d|", type, object->ns, object->name,
                object->uid, object->resource_version, (long long)object->generation,
                object->deleting);
    bnc_str_add(arg, object->text.ptr, object->text.len);
    bnc_str_add(arg, object->status.ptr, object->status.len);
    bnc_str_add(arg, object->managed_fields.ptr, object->managed_fields.len);
}

static void
on_error(void *arg, struct bnc_bytes status)
{
    check_text(status);
    bnc_str_add(arg, status.ptr, status.len);
}

static const struct bnc_stream_ops ops = {on_object, on_error};

/* Pieces of 1 + (random & mask) bytes; each in its own block, for ASan. */
static struct bnc_str
run_stream(enum bnc_stream_kind kind, const struct bnc_keep *keep,
           const struct bnc_bytes *json, size_t mask)
{
    struct bnc_str log = bnc_str_new(NULL, (size_t)1 << 26);
    struct bnc_error err = {0};
    BNC_AUTO(bnc_stream) stream = bnc_stream_new(kind, keep, &ops, &log);
    uint64_t random = json->len + 1;
    enum bnc_code code = BNC_OK;

    for (size_t at = 0; at < json->len && code == BNC_OK;) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        size_t piece = 1 + ((size_t)(random >> 33) & mask);
        piece = piece < json->len - at ? piece : json->len - at;
        char *copy = bnc_alloc(piece);
        memcpy(copy, json->ptr + at, piece);
        code = bnc_stream_feed(stream, copy, piece, &err);
        free(copy);
        at += piece;
    }
    bnc_str_fmt(&log, "%s|%s|%s|%d", bnc_code_name(code),
                bnc_stream_resource_version(stream), bnc_stream_continue(stream),
                bnc_stream_complete(stream));
    return log;
}

static void
check_stream(enum bnc_stream_kind kind, const struct bnc_keep *keep,
             struct bnc_bytes json)
{
    static const size_t masks[] = {SIZE_MAX / 2, 0, 15};
    struct bnc_str first = {0};
    for (size_t i = 0; i < BNC_LEN(masks); i++) {
        struct bnc_str log = run_stream(kind, keep, &json, masks[i]);
        if (i == 0) {
            first = log;
            continue;
        }
        require(log.len == first.len && memcmp(log.ptr, first.ptr, log.len) == 0);
        bnc_str_free(&log);
    }
    bnc_str_free(&first);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const enum bnc_kind kinds[] = {BNC_KIND_POD, BNC_KIND_OBSERVATORY};
    const char *json = (const char *)data;

    for (size_t i = 0; i < BNC_LEN(kinds); i++) {
        const struct bnc_keep *keep = bnc_kind_info(kinds[i])->keep;
        check_object(keep, json, n);
        check_stream(BNC_STREAM_LIST, keep, (struct bnc_bytes){json, n});
        check_stream(BNC_STREAM_WATCH, keep, (struct bnc_bytes){json, n});
    }
    check_object(bnc_keep_metadata, json, n);
    return 0;
}
