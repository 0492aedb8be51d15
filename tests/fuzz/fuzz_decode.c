/*
 * Any JSON as the spec of each of our kinds and as a selector: no crash, the same
 * diagnostics twice, and what decoding finds good can be read by everyone.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "model/crd.h"
#include "model/selector.h"

#define INPUT_MAX ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Every message is whole UTF-8 text without control characters. */
static void
check_diags(const struct bnc_diags *diags, struct bnc_arena *arena)
{
    for (size_t i = 0; i < diags->n; i++) {
        const char *text = bnc_diag_text(&diags->items[i], arena);
        if (!bnc_utf8_valid(text, strlen(text)) || diags->items[i].message[0] == '\0') {
            abort();
        }
        for (const char *p = text; *p != '\0'; p++) {
            if ((unsigned char)*p < ' ' || *p == 0x7f) {
                abort();
            }
        }
    }
}

static void
decode_twice(const struct bnc_table *table, const cJSON *json, struct bnc_arena *arena)
{
    struct bnc_diags first = bnc_diags_new(arena);
    struct bnc_diags second = bnc_diags_new(arena);
    bnc_fields_decode(table, json, "spec", bnc_arena_alloc(arena, table->size), &first);
    bnc_fields_decode(table, json, "spec", bnc_arena_alloc(arena, table->size), &second);
    check_diags(&first, arena);
    if (first.errors != second.errors || first.n != second.n) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *json = NULL;

    if (n > INPUT_MAX ||
        bnc_json_parse(arena, (const char *)data, n, &json, &err) != BNC_OK) {
        return 0;
    }
    for (size_t i = 0; bnc_kind_docs[i] != NULL; i++) {
        decode_twice(bnc_kind_docs[i]->spec, json, arena);
    }
    struct bnc_diags diags = bnc_diags_new(arena);
    struct bnc_selector *selector = bnc_selector_decode(json, "selector", &diags);
    check_diags(&diags, arena);
    if (bnc_selector_text(selector, arena) == NULL ||
        bnc_selector_match(selector, json) !=
            (bnc_selector_why_not(selector, json, arena) == NULL)) {
        abort();
    }
    return 0;
}
