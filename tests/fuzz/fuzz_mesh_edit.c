/*
 * Any mesh text: what can be edited says then what was wished, stays as it is when it is
 * edited again, and comes back byte for byte, also with edits of others around ours.
 * Behind a NUL in the input stand the edits that are said to be in the text.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "mesh/mesh_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const wishes[] = {
    "{\"defaultConfig\":{\"extraStatTags\":[\"a\",\"b\"],\"statsdUdpAddress\":\"s:1\"},"
    "\"defaultProviders\":{\"metrics\":[\"prometheus\"],\"tracing\":[\"a\"]},"
    "\"extensionProviders\":[{\"name\":\"a\",\"zipkin\":{\"port\":1}},{\"name\":\"b\"}]}",
    "{\"defaultProviders\":{\"tracing\":[\"b\"]}}",
    "{\"extensionProviders\":[{\"name\":\"a\"}]}",
    NULL,
};

static void
require(bool cond)
{
    if (!cond) {
        abort();
    }
}

static bool
same(struct bnc_bytes a, struct bnc_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* False: refused. */
static bool
edit(const struct bnc_mesh_edit *in, struct bnc_arena *arena, struct bnc_mesh_edited *out)
{
    struct bnc_error err = {0};
    enum bnc_code code = bnc_mesh_edit(in, arena, out, &err);

    require(code != BNC_INTERNAL);
    require(code == BNC_OK || err.message[0] != '\0');
    return code == BNC_OK;
}

/* Lines of others around ours; ours still go, or are said to be kept. */
static void
check_meddled(const struct bnc_mesh_edited *first, struct bnc_arena *arena)
{
    struct bnc_mesh_edited out;
    char *text = bnc_arena_fmt(arena, "# x\n%s\n# y", first->text.ptr);
    const struct bnc_mesh_edit in = {.live = {text, strlen(text)},
                                     .before = first->edits};

    (void)edit(&in, arena, &out);
}

static void
check_round(struct bnc_mesh_edit in, struct bnc_arena *arena)
{
    struct bnc_mesh_edited first;
    struct bnc_mesh_edited again;
    const struct bnc_bytes live = in.live;

    if (!edit(&in, arena, &first)) {
        return;
    }
    require(first.changed == !same(first.text, live));
    require((first.edits != NULL) == first.changed);
    in.live = first.text;
    in.before = first.edits;
    require(edit(&in, arena, &again));
    require(!again.changed && again.kept.n == 0 && bnc_str_eq(again.edits, first.edits));
    in.wish = NULL;
    require(edit(&in, arena, &again));
    require(same(again.text, live) && again.kept.n == 0 && again.edits == NULL);
    check_meddled(&first, arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *text = bnc_arena_strndup(arena, (const char *)data, size);
    const size_t n = strnlen(text, size);
    struct bnc_mesh_edit in = {.live = {text, n}, .take_over = size % 2 == 1};
    struct bnc_error err = {0};
    struct bnc_mesh_edited out;

    for (size_t i = 0; i < BNC_LEN(wishes); i++) {
        cJSON *wish = NULL;
        if (wishes[i] != NULL) {
            require(bnc_json_parse(arena, wishes[i], strlen(wishes[i]), &wish, &err) ==
                    BNC_OK);
        }
        in.wish = wish;
        in.before = n < size ? text + n + 1 : NULL;
        (void)edit(&in, arena, &out);
        in.before = NULL;
        check_round(in, arena);
    }
    return 0;
}
