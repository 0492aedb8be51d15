/*
 * Any text, as key, in a block and in a flow list, is read back as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "render/yaml_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
expect(yaml_document_t *doc, int node, const char *want)
{
    yaml_node_t *got = yaml_document_get_node(doc, node);

    if (got == NULL || got->type != YAML_SCALAR_NODE ||
        strcmp((const char *)got->data.scalar.value, want) != 0) {
        abort();
    }
}

static void
expect_list(yaml_document_t *doc, int node, const char *want)
{
    yaml_node_t *list = yaml_document_get_node(doc, node);

    if (list == NULL || list->type != YAML_SEQUENCE_NODE) {
        abort();
    }
    expect(doc, *list->data.sequence.items.start, want);
}

static void
read_back(struct bnc_bytes yaml, const char *text)
{
    yaml_parser_t parser;
    yaml_document_t doc;

    if (!yaml_parser_initialize(&parser)) {
        abort();
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)yaml.ptr, yaml.len);
    if (!yaml_parser_load(&parser, &doc)) {
        abort();
    }
    yaml_node_t *root = yaml_document_get_root_node(&doc);
    if (root == NULL || root->type != YAML_MAPPING_NODE ||
        root->data.mapping.pairs.top - root->data.mapping.pairs.start != 4) {
        abort();
    }
    yaml_node_pair_t *pair = root->data.mapping.pairs.start;
    expect(&doc, pair[0].value, text);
    expect_list(&doc, pair[1].value, text);
    expect_list(&doc, pair[2].value, text);
    expect(&doc, pair[3].key, text);
    yaml_document_delete(&doc);
    yaml_parser_delete(&parser);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bnc_yaml y;
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};
    struct bnc_arena *arena = bnc_arena_new();
    const char *text = bnc_arena_strndup(arena, (const char *)data, size);
    const char *items[] = {text, text};
    struct bnc_texts list = {.items = items, .n = 2, .set = true};
    size_t indent = size % 5;

    bnc_yaml_start(&y, BNC_YAML_ROOT_MAP, indent, (size_t)1 << 22, arena);
    bnc_yaml_str(&y, "a", text);
    bnc_yaml_texts(&y, "b", &list);
    bnc_yaml_flow_texts(&y, "c", &list);
    bnc_yaml_str(&y, text, "d");
    enum bnc_code code = bnc_yaml_finish(&y, &out, &err);
    bool utf8 = bnc_utf8_valid(text, strlen(text));
    if (utf8 != (code == BNC_OK)) {
        abort();
    }
    if (utf8) {
        read_back(out, text);
    }
    bnc_arena_free(arena);
    return 0;
}
