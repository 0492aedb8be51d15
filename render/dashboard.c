#include "render/dashboard.h"

#include <string.h>

#include "lib/json.h"
#include "lib/str.h"

#define TEXT_MAX ((size_t)4 * 1024 * 1024) /* bytes of one text of a dashboard */

/* ---- inputs ---------------------------------------------------------------------- */

const cJSON *
bnc_dashboard_input(const cJSON *model, const cJSON *at)
{
    const cJSON *inputs = bnc_json_get(model, "__inputs");
    const cJSON *next = at != NULL ? at->next : inputs == NULL ? NULL : inputs->child;
    while (next != NULL && (!bnc_str_eq(bnc_json_get_str(next, "type"), "datasource") ||
                            bnc_json_get_str(next, "name") == NULL)) {
        next = next->next;
    }
    return next;
}

/* What stands for an input; NULL: it is none, or nobody gave it a value. */
static const char *
value_of(const cJSON *inputs, const char *name, size_t n, struct bnc_dashboard_use *uses,
         size_t n_uses)
{
    const cJSON *input;
    cJSON_ArrayForEach(input, inputs)
    {
        const char *own = bnc_json_get_str(input, "name");
        if (own == NULL || strlen(own) != n || strncmp(own, name, n) != 0) {
            continue;
        }
        if (!bnc_str_eq(bnc_json_get_str(input, "type"), "datasource")) {
            return bnc_json_get_str(input, "value");
        }
        for (size_t i = 0; i < n_uses; i++) {
            if (strcmp(uses[i].name, own) == 0) {
                uses[i].used = true;
                return uses[i].uid;
            }
        }
    }
    return NULL;
}

/* `text` with every ${NAME} of an input replaced; `text` itself when there is none. */
static char *
replaced(char *text, const cJSON *inputs, struct bnc_dashboard_use *uses, size_t n,
         struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    const char *from = text;
    bool changed = false;
    for (const char *at = strstr(text, "${"); at != NULL; at = strstr(at + 2, "${")) {
        const char *end = strchr(at, '}');
        const char *value =
            end == NULL ? NULL
                        : value_of(inputs, at + 2, (size_t)(end - at) - 2, uses, n);
        if (value != NULL) {
            bnc_str_add(&out, from, (size_t)(at - from));
            bnc_str_puts(&out, value);
            from = end + 1;
            changed = true;
        }
    }
    if (!changed) {
        return text;
    }
    bnc_str_puts(&out, from);
    return out.ptr;
}

static void
replace_all(cJSON *tree, const cJSON *inputs, struct bnc_dashboard_use *uses, size_t n,
            struct bnc_arena *arena)
{
    cJSON *item;
    if (cJSON_IsString(tree)) {
        tree->valuestring = replaced(tree->valuestring, inputs, uses, n, arena);
        return;
    }
    cJSON_ArrayForEach(item, tree)
    {
        replace_all(item, inputs, uses, n, arena);
    }
}

/* ---- variables ------------------------------------------------------------------- */

static void
set_variables(cJSON *model, struct bnc_dashboard_use *uses, size_t n,
              struct bnc_arena *arena)
{
    cJSON *list = bnc_json_path(model, "templating", "list", NULL);
    cJSON *variable;
    cJSON_ArrayForEach(variable, list)
    {
        const char *name = bnc_json_get_str(variable, "name");
        if (!bnc_str_eq(bnc_json_get_str(variable, "type"), "datasource")) {
            continue;
        }
        for (size_t i = 0; i < n; i++) {
            if (bnc_str_eq(uses[i].name, name)) {
                cJSON *current = bnc_json_object(arena);
                bnc_json_set_str(arena, current, "text", uses[i].title);
                bnc_json_set_str(arena, current, "value", uses[i].uid);
                bnc_json_set_item(arena, variable, "current", current);
                uses[i].used = true;
            }
        }
    }
}

cJSON *
bnc_dashboard_tree(const cJSON *model, const char *uid, struct bnc_dashboard_use *uses,
                   size_t n, struct bnc_arena *arena)
{
    cJSON *out = bnc_json_clone(arena, model);
    const cJSON *inputs = bnc_json_get(model, "__inputs");

    (void)bnc_json_remove(out, "__inputs");
    (void)bnc_json_remove(out, "__requires");
    (void)bnc_json_remove(out, "version"); /* Grafana counts by itself */
    bnc_json_set_item(arena, out, "id", bnc_json_null(arena));
    bnc_json_set_str(arena, out, "uid", uid);
    if (inputs != NULL) {
        replace_all(out, inputs, uses, n, arena);
    }
    set_variables(out, uses, n, arena);
    return out;
}
