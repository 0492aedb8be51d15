/*
 * Any bytes as manifests: no object without a valid name, no text that the JSON
 * reader refuses, no problem without its parts.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/units.h"
#include "source/docs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
require(bool cond)
{
    if (!cond) {
        abort();
    }
}

static void
on_object(void *arg, struct bnc_object *object, size_t line)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *tree = NULL;

    BNC_UNUSED(arg);
    require(line > 0 && bnc_dns_subdomain_valid(object->name));
    require(bnc_kind_info(object->kind)->namespaced == (object->ns[0] != '\0'));
    require(bnc_json_parse(arena, object->text.ptr, object->text.len, &tree, &err) ==
            BNC_OK);
    require(object->origin != NULL && strncmp(object->origin, "f:", 2) == 0);
    bnc_object_unref(object);
}

static void
on_problem(void *arg, const struct bnc_problem *problem)
{
    BNC_UNUSED(arg);
    require(problem->kind != NULL && problem->ns != NULL && problem->name != NULL);
    require(problem->field != NULL && problem->message[0] != '\0');
    require(bnc_utf8_valid(problem->message, strlen(problem->message)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct bnc_docs_ops ops = {on_object, on_problem};
    const struct bnc_docs_input input = {"f", {(const char *)data, n}, NULL, 1000};
    struct bnc_docs_counts counts;
    struct bnc_error err = {0};
    enum bnc_code code = bnc_docs_read(&input, &ops, NULL, &counts, &err);

    require(code == BNC_OK || counts.problems > 0);
    return 0;
}
