/*
 * Any JSON as relabel rules, in both spellings: no crash, messages are text, and a rule
 * that is the only one of its chain writes what it may write by itself.
 */
#include "model/spec_common.h"
#include "tests/fuzz/fuzz.h"
#include "validate/relabel.h"

#define RULES_MAX 8

static const struct bnc_version versions[] = {
    {2, 42, 0}, {2, 53, 0}, {3, 0, 0}, {3, 16, 0}};

static struct bnc_relabel
decode(const cJSON *json, struct bnc_arena *arena)
{
    struct bnc_diags diags = bnc_diags_new(arena);
    struct bnc_relabel rule = {0};

    bnc_fields_decode(&bnc_table_relabel, json, "spec.relabelings[0]", &rule, &diags);
    require_diags(&diags, arena);
    for (size_t i = 0; i < BNC_LEN(versions); i++) {
        struct bnc_diags found = bnc_diags_new(arena);
        bnc_relabel_check(&rule, "spec.relabelings[0]", &versions[i], &found);
        require_diags(&found, arena);
    }
    return rule;
}

static void
check_raw(const cJSON *json, struct bnc_arena *arena)
{
    for (size_t i = 0; i < BNC_LEN(versions); i++) {
        struct bnc_diags found = bnc_diags_new(arena);
        bnc_relabel_json_check(json, "spec.base.relabel_configs[0]", &versions[i],
                               &found);
        require_diags(&found, arena);
    }
}

static void
check_chain(const struct bnc_relabel *rules, size_t n)
{
    static const char *const labels[] = {"job", "__address__", "namespace"};

    for (size_t i = 0; i < BNC_LEN(labels); i++) {
        size_t first = bnc_relabel_writer(rules, n, labels[i]);
        require(first <= n);
        for (size_t k = 0; k < n; k++) {
            bool may = bnc_relabel_targets(&rules[k], labels[i]);
            require(k != first || may);
            /* before the writer only a labelmap may have been left out */
            require(k >= first || !may || bnc_str_eq(rules[k].action, "labelmap") ||
                    bnc_str_eq(rules[k].action, "LabelMap"));
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_relabel rules[RULES_MAX];
    struct bnc_error err = {0};
    cJSON *json = NULL;
    size_t count = 0;

    if (bnc_json_parse(arena, (const char *)data, n, &json, &err) != BNC_OK) {
        return 0;
    }
    check_raw(json, arena);
    if (cJSON_IsArray(json)) {
        const cJSON *item;
        cJSON_ArrayForEach(item, json)
        {
            if (count < RULES_MAX) {
                check_raw(item, arena);
                rules[count++] = decode(item, arena);
            }
        }
    } else {
        rules[count++] = decode(json, arena);
    }
    check_chain(rules, count);
    return 0;
}
