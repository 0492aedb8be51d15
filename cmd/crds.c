/*
 * binnacle crds: the custom resource definitions, from the field tables.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/commands.h"
#include "lib/json.h"
#include "model/crd.h"
#include "model/reference.h"
#include "render/yaml_out.h"

#define CRD_MAX ((size_t)1024 * 1024)

const struct bnc_flag bnc_flags_crds[] = {
    {"--output", "-o", "yaml|json|markdown", offsetof(struct bnc_options, output),
     "form: manifests (default: yaml), or the reference pages"},
    BNC_FLAG_HELP,
};
const size_t bnc_n_flags_crds = BNC_LEN(bnc_flags_crds);

static enum bnc_code
print_yaml(const cJSON *crd, struct bnc_arena *arena, struct bnc_error *err)
{
    struct bnc_yaml y;
    struct bnc_bytes text = {0};
    bnc_yaml_start(&y, BNC_YAML_ROOT_MAP, 0, CRD_MAX, arena);
    const cJSON *item;
    cJSON_ArrayForEach(item, crd)
    {
        bnc_yaml_tree(&y, item->string, item);
    }
    if (bnc_yaml_finish(&y, &text, err)) {
        return err->code;
    }
    (void)printf("---\n%.*s", (int)text.len, text.ptr);
    return BNC_OK;
}

int
bnc_cmd_crds(const struct bnc_options *options)
{
    const char *form = options->output == NULL ? "yaml" : options->output;
    struct bnc_error err = {0};

    for (size_t i = 0; bnc_kind_docs[i] != NULL; i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_str text = bnc_str_new(arena, CRD_MAX);
        if (strcmp(form, "yaml") == 0) {
            if (print_yaml(bnc_crd_build(bnc_kind_docs[i], arena), arena, &err)) {
                (void)fprintf(stderr, "binnacle crds: %s\n", err.message);
                return 1;
            }
        } else if (strcmp(form, "json") == 0) {
            bnc_json_print(bnc_crd_build(bnc_kind_docs[i], arena), &text);
            (void)puts(text.ptr);
        } else if (strcmp(form, "markdown") == 0) {
            bnc_reference_write(bnc_kind_docs[i], &text);
            (void)fputs(text.ptr, stdout);
        } else {
            (void)fprintf(stderr, "binnacle crds: -o takes yaml, json or markdown\n");
            return 2;
        }
    }
    return 0;
}
