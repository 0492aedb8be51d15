/*
 * YAML in: whatever is read can be printed as JSON, and that reads back as the
 * same tree, by the JSON reader and by the YAML reader.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/yaml_in.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct bnc_yaml_limits limits = {.max_bytes = 65536,
                                              .max_depth = BNC_JSON_DEPTH_MAX,
                                              .max_nodes = 5000,
                                              .max_docs = 20};

static const char *const paths[] = {"", "a.b[1].c", "spec.endpoints[0]['x.y']", "[3]"};

static void
check(bool good)
{
    if (!good) {
        abort();
    }
}

static void
check_tree(struct bnc_arena *arena, const cJSON *tree, bool unique_keys)
{
    struct bnc_error err = {0};
    struct bnc_str text = bnc_str_new(arena, SIZE_MAX);
    cJSON *again = NULL;

    bnc_json_print_sorted(tree, &text);
    check(bnc_json_parse(arena, text.ptr, text.len, &again, &err) == BNC_OK);
    check(bnc_json_equal(tree, again));
    check(bnc_json_equal(bnc_json_clone(arena, tree), again));
    if (unique_keys && cJSON_IsObject(tree)) {
        struct bnc_yaml_docs docs = {0};
        check(bnc_yaml_read(text.ptr, text.len, NULL, arena, &docs, &err) == BNC_OK);
        check(docs.n == 1 && bnc_json_equal(docs.items[0].root, again));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_yaml_docs docs = {0};
    struct bnc_error err = {0};
    cJSON *json = NULL;
    size_t line = 1;
    size_t column = 1;

    if (bnc_yaml_read(text, size, &limits, arena, &docs, &err) == BNC_OK) {
        for (size_t i = 0; i < docs.n; i++) {
            check_tree(arena, docs.items[i].root, true);
        }
    } else {
        check(err.message[0] != '\0');
        check(bnc_utf8_valid(err.message, strlen(err.message)));
    }
    for (size_t i = 0; i < BNC_LEN(paths); i++) {
        bool found = bnc_yaml_locate(text, size, i % 2, paths[i], &line, &column);
        check(!found || (line >= 1 && column >= 1));
    }
    if (bnc_json_parse(arena, text, size, &json, &err) == BNC_OK) {
        check_tree(arena, json, false);
    }
    return 0;
}
