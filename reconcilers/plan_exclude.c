/*
 * What is scraped once: a pod's port and path belong to a ScrapePolicy, else to
 * annotations, else to a preset; among policies to the one of higher rank.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/str.h"
#include "reconcilers/plan_state.h"

const char *
bnc_endpoint_path(const struct bnc_endpoint_ir *endpoint)
{
    return endpoint->spec->path == NULL ? "/metrics" : endpoint->spec->path;
}

/* The port name that a preset looks for, "…-envoy-prom", is known by its end. */
static bool
preset_takes_port(const struct bnc_preset *preset, const char *port)
{
    if (bnc_port_is_number(port)) {
        return strtoll(port, NULL, 10) == preset->port;
    }
    return preset->port_name != NULL && bnc_str_ends(port, preset->port_name + 2);
}

/* False only when no container port can be meant by both. */
static bool
ports_may_meet(const struct bnc_endpoint_ir *a, const struct bnc_endpoint_ir *b)
{
    if (a->preset != NULL && b->preset != NULL) {
        const struct bnc_preset *preset = bnc_preset_find(a->preset);
        return strcmp(a->preset, b->preset) == 0 ||
               (preset != NULL && bnc_str_eq(preset->not_beside, b->preset));
    }
    if (a->preset != NULL || b->preset != NULL) {
        const struct bnc_endpoint_ir *with = a->preset != NULL ? a : b;
        const char *port = (a->preset != NULL ? b : a)->spec->port;
        const struct bnc_preset *preset = bnc_preset_find(with->preset);
        return port != NULL && preset != NULL && preset_takes_port(preset, port);
    }
    if (a->spec->port == NULL || b->spec->port == NULL) {
        return false;
    }
    /* a name and a number may be one port; two names or two numbers only if equal */
    return bnc_port_is_number(a->spec->port) != bnc_port_is_number(b->spec->port) ||
           strcmp(a->spec->port, b->spec->port) == 0;
}

/* Of policies that have a namespace in common. */
static bool
pods_may_meet(const struct bnc_taker *a, const struct bnc_taker *b)
{
    if (a->ir->spec.workloads.n > 0 || b->ir->spec.workloads.n > 0 ||
        a->ir->spec.selector == NULL || b->ir->spec.selector == NULL) {
        return true;
    }
    return !bnc_selector_disjoint(a->ir->spec.selector, b->ir->spec.selector);
}

static void
add(struct bnc_unit_source *source, const struct bnc_taker *taker, size_t endpoint,
    struct bnc_arena *arena)
{
    if (source->n_exclusions == source->room) {
        size_t room = source->room == 0 ? 4 : source->room * 2;
        struct bnc_exclusion *items = bnc_arena_array(arena, room, sizeof(*items));
        if (source->n_exclusions > 0) {
            memcpy(items, source->exclusions, source->n_exclusions * sizeof(*items));
        }
        source->exclusions = items;
        source->room = room;
    }
    source->exclusions[source->n_exclusions++] =
        (struct bnc_exclusion){.taker = taker, .endpoint = endpoint};
}

/* Those endpoints of a policy that may take what `mine` would. */
static void
add_endpoints(struct bnc_unit_source *source, const struct bnc_taker *taker,
              const struct bnc_endpoint_ir *mine, struct bnc_arena *arena)
{
    for (size_t k = 0; k < taker->ir->n_endpoints; k++) {
        const struct bnc_endpoint_ir *theirs = &taker->ir->endpoints[k];
        if (strcmp(bnc_endpoint_path(theirs), bnc_endpoint_path(mine)) == 0 &&
            ports_may_meet(theirs, mine)) {
            add(source, taker, k, arena);
        }
    }
}

/* Endpoints of policies of higher rank than `source`'s that may take its targets. */
static size_t
exclude_for_policy(const struct bnc_plan_state *state, struct bnc_unit_source *source,
                   struct bnc_arena *arena)
{
    const struct bnc_endpoint_ir *mine = &source->taker->ir->endpoints[source->endpoint];
    size_t higher = (size_t)(source->taker - state->takers);
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    struct bnc_near_list near = bnc_near_find(state, &source->taker->scope, scratch);

    for (size_t i = 0; i < near.n && near.items[i] < higher; i++) {
        const struct bnc_taker *other = &state->takers[near.items[i]];
        bool nowhere = !other->scope.all && other->scope.names.n == 0;
        if (!nowhere && pods_may_meet(other, source->taker)) {
            add_endpoints(source, other, mine, arena);
        }
    }
    return near.n;
}

static size_t
exclude_for_preset(const struct bnc_plan_state *state, struct bnc_unit_source *source,
                   struct bnc_arena *arena)
{
    const struct bnc_preset *preset = source->preset;
    const struct bnc_preset *other = /* the one that has the same series */
        preset->not_beside == NULL ? NULL : bnc_preset_find(preset->not_beside);
    struct bnc_endpoint spec = {.path = preset->path};
    struct bnc_endpoint_ir mine = {.spec = &spec, .preset = preset->name};

    for (size_t i = 0; i < state->n_takers; i++) {
        add_endpoints(source, &state->takers[i], &mine, arena);
    }
    size_t n = 0;
    for (size_t i = 0; i < state->n_groups; i++) {
        n += state->group_list[i]->n_pods;
    }
    source->pods = bnc_arena_array(arena, n, sizeof(*source->pods));
    for (size_t i = 0; i < state->n_groups; i++) {
        const struct bnc_group *group = state->group_list[i];
        if ((group->claim.port == preset->port ||
             (other != NULL && group->claim.port == other->port)) &&
            strcmp(group->claim.path, preset->path) == 0) {
            memcpy(source->pods + source->n_pods, group->pods,
                   group->n_pods * sizeof(*source->pods));
            source->n_pods += group->n_pods;
        }
    }
    return state->n_takers;
}

size_t
bnc_plan_exclude(const struct bnc_plan_state *state, struct bnc_unit_source *source,
                 struct bnc_arena *arena)
{
    if (source->type == BNC_UNIT_POLICY) {
        return exclude_for_policy(state, source, arena);
    }
    return source->type == BNC_UNIT_PRESET ? exclude_for_preset(state, source, arena) : 0;
}

/* ---- annotations --------------------------------------------------------------- */

static bool
selects(const struct bnc_taker *taker, const struct bnc_asker *asker)
{
    const struct bnc_spec_scrape_policy *spec = &taker->ir->spec;

    if (!bnc_scope_has(&taker->scope, asker->ir->identity.ns)) {
        return false;
    }
    if (spec->selector != NULL && bnc_selector_match(spec->selector, asker->ir->labels)) {
        return true;
    }
    const struct bnc_workload_ref *refs = spec->workloads.items;
    for (size_t i = 0; i < spec->workloads.n; i++) {
        if (bnc_str_eq(refs[i].kind, bnc_kind_info(asker->member->object->kind)->name) &&
            bnc_str_eq(refs[i].name, asker->ir->workload)) {
            return true;
        }
    }
    return false;
}

static bool
endpoint_takes(const struct bnc_endpoint_ir *endpoint, const struct bnc_claim *claim)
{
    if (strcmp(bnc_endpoint_path(endpoint), claim->path) != 0) {
        return false;
    }
    if (endpoint->preset != NULL) {
        const struct bnc_preset *preset = bnc_preset_find(endpoint->preset);
        return preset != NULL && preset->port == claim->port;
    }
    const char *port = endpoint->spec->port;
    if (port == NULL) {
        return false;
    }
    /* a policy scrapes declared ports only: another claim of the same number stays */
    return claim->declared &&
           (bnc_port_is_number(port) ? strtoll(port, NULL, 10) == claim->port
                                     : strcmp(port, claim->port_name) == 0);
}

bool
bnc_plan_taken(const struct bnc_plan_state *state, const struct bnc_near_list *near,
               const struct bnc_asker *asker, const struct bnc_claim *claim)
{
    for (size_t i = 0; i < near->n; i++) {
        const struct bnc_taker *taker = &state->takers[near->items[i]];
        for (size_t k = 0; k < taker->ir->n_endpoints; k++) {
            if (endpoint_takes(&taker->ir->endpoints[k], claim) &&
                selects(taker, asker)) {
                return true;
            }
        }
    }
    return false;
}
