/*
 * Which members of a plan a pod belongs to: for the counts in status.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "reconcilers/plan_count.h"
#include "reconcilers/plan_state.h"
#include "reconcilers/scope.h"

/* What of a pod decides. */
struct pod {
    const struct bnc_object *object;
    const cJSON *root;
    const cJSON *labels;
    const char *controller_kind;
    const char *controller;
};

static void
read_controller(struct pod *pod)
{
    const cJSON *owner;
    pod->controller_kind = "";
    pod->controller = pod->object->name;
    cJSON_ArrayForEach(owner,
                       bnc_json_path(pod->root, "metadata", "ownerReferences", NULL))
    {
        const char *kind = bnc_json_get_str(owner, "kind");
        const char *name = bnc_json_get_str(owner, "name");
        if (bnc_json_get_true(owner, "controller") && kind != NULL && name != NULL) {
            pod->controller_kind = kind;
            pod->controller = name;
        }
    }
}

static bool
is_controlled_by(const struct pod *pod, const struct bnc_identity *id)
{
    return strcmp(pod->object->ns, id->ns) == 0 &&
           strcmp(pod->controller_kind, id->controller_kind) == 0 &&
           bnc_identity_fits(pod->controller, id->name, (int)id->suffix);
}

static bool
is_workload(const struct pod *pod, const struct bnc_workload_ref *ref)
{
    const struct bnc_identity id = bnc_identity_of(pod->object->ns, ref);
    return is_controlled_by(pod, &id);
}

static bool
is_selected(const struct pod *pod, const struct bnc_taker *taker)
{
    const struct bnc_spec_scrape_policy *spec = &taker->ir->spec;
    if (!bnc_scope_has(&taker->scope, pod->object->ns)) {
        return false;
    }
    if (spec->selector != NULL && bnc_selector_match(spec->selector, pod->labels)) {
        return true;
    }
    const struct bnc_workload_ref *refs = spec->workloads.items;
    for (size_t i = 0; i < spec->workloads.n; i++) {
        if (is_workload(pod, &refs[i])) {
            return true;
        }
    }
    return false;
}

static bool
port_fits(const cJSON *port, const struct bnc_endpoint_ir *endpoint)
{
    const char *name = bnc_json_get_str(port, "name");
    int64_t number = 0;

    if (endpoint->preset != NULL) {
        const struct bnc_preset *preset = bnc_preset_find(endpoint->preset);
        return preset != NULL &&
               (preset->port_name == NULL ||
                (name != NULL && bnc_str_ends(name, preset->port_name + 2)));
    }
    const char *want = endpoint->spec->port;
    if (want == NULL || (name != NULL && strcmp(name, want) == 0)) {
        return want != NULL;
    }
    return bnc_json_get_int(port, "containerPort", &number) && bnc_port_is_number(want) &&
           strtoll(want, NULL, 10) == number;
}

/* True when one of the policy's endpoints finds its port in the pod. */
static bool
has_port(const struct pod *pod, const struct bnc_ir_policy *policy)
{
    static const char *const lists[] = {"containers", "initContainers"};
    for (size_t i = 0; i < BNC_LEN(lists); i++) {
        const cJSON *container;
        cJSON_ArrayForEach(container, bnc_json_path(pod->root, "spec", lists[i], NULL))
        {
            const cJSON *port;
            cJSON_ArrayForEach(port, bnc_json_get(container, "ports"))
            {
                for (size_t k = 0; k < policy->n_endpoints; k++) {
                    if (port_fits(port, &policy->endpoints[k])) {
                        return true;
                    }
                }
            }
        }
    }
    return false;
}

void
bnc_plan_count(const struct bnc_plan *plan, const struct bnc_object *object,
               uint32_t *counts)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_plan_state *state = plan->state;
    struct pod pod = {.object = object};
    struct bnc_error err = {0};
    cJSON *root = NULL;

    if (bnc_json_parse(arena, object->text.ptr, object->text.len, &root, &err)) {
        return;
    }
    pod.root = root;
    pod.labels = bnc_json_path(root, "metadata", "labels", NULL);
    read_controller(&pod);
    const struct bnc_scope own = bnc_scope_own(object->ns, arena);
    const struct bnc_near_list near = bnc_near_find(state, &own, arena);
    for (size_t i = 0; i < near.n; i++) {
        const struct bnc_taker *taker = &state->takers[near.items[i]];
        if (is_selected(&pod, taker) && has_port(&pod, taker->ir)) {
            counts[taker->verdict]++;
        }
    }
    size_t n = 0;
    const struct bnc_near_row *rows = bnc_near_askers(state, object->ns, &n);
    for (size_t i = 0; i < n; i++) {
        const struct bnc_asker *asker = &state->askers[rows[i].index];
        if (is_controlled_by(&pod, &asker->ir->identity)) {
            counts[asker->verdict]++;
        }
    }
}
