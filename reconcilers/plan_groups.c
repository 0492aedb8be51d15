/*
 * Jobs of annotated workloads: those that ask for the same share one.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "lib/map.h"
#include "reconcilers/plan_memo.h"
#include "reconcilers/plan_state.h"
#include "reconcilers/scope.h"

uint64_t
bnc_plan_stamp(const struct bnc_plan *plan)
{
    return bnc_hash64_with(1, plan->observatory->version);
}

/* Workloads whose claims have the same name are in one job. */
static const char *
group_name(const struct bnc_asker *asker, const struct bnc_claim *claim)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    char digest[BNC_SHA256_HEX];
    const char *key = bnc_arena_fmt(scratch, "%s|%lld|%d|%s|%d",
                                    bnc_request_key(&asker->request, scratch),
                                    (long long)claim->port, claim->declared, claim->path,
                                    asker->ir->identity.suffix == BNC_IDENTITY_TIME);
    bnc_sha256_hex(key, strlen(key), digest);
    return bnc_arena_fmt(asker->row->arena, "annotations/%.12s", digest);
}

static void
group_add(struct bnc_plan *plan, const struct bnc_asker *asker, size_t claim)
{
    const struct bnc_plan_state *state = plan->state;
    const char *name = asker->row->jobs[claim];
    struct bnc_group *group = bnc_map_get(state->groups, name);
    if (group == NULL) {
        group = bnc_arena_alloc(plan->arena, sizeof(*group));
        *group = (struct bnc_group){.job_name = name,
                                    .first = asker,
                                    .claim = asker->request.claims[claim],
                                    .stamp = bnc_plan_stamp(plan)};
        (void)bnc_map_put(state->groups, name, group);
    }
    if (group->n_pods == group->room) {
        size_t room = group->room == 0 ? 4 : group->room * 2;
        const struct bnc_identity **pods =
            bnc_arena_array(plan->arena, room, sizeof(*pods));
        if (group->n_pods > 0) {
            memcpy(pods, group->pods, group->n_pods * sizeof(*pods));
        }
        group->pods = pods;
        group->room = room;
    }
    group->pods[group->n_pods++] = &asker->ir->identity;
    group->stamp = bnc_hash64_with(group->stamp, asker->identity);
    plan->verdicts[asker->verdict].jobs++;
}

/* Which of its claims are left to it, now that other policies are there. */
static void
settle_claims(const struct bnc_plan_state *state, const struct bnc_asker *asker)
{
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    struct bnc_memo_row *row = asker->row;
    size_t n = asker->request.n_claims;
    const struct bnc_scope own = bnc_scope_own(asker->ir->identity.ns, scratch);
    struct bnc_near_list near = bnc_near_find(state, &own, scratch);

    if (row->jobs == NULL) {
        row->jobs = bnc_arena_array(row->arena, n, sizeof(*row->jobs));
        row->taken = bnc_arena_array(row->arena, n, sizeof(*row->taken));
        for (size_t k = 0; k < n; k++) {
            row->jobs[k] = group_name(asker, &asker->request.claims[k]);
        }
    }
    for (size_t k = 0; k < n; k++) {
        row->taken[k] = bnc_plan_taken(state, &near, asker, &asker->request.claims[k]);
    }
}

void
bnc_groups_ask(struct bnc_plan *plan, const struct bnc_asker *asker)
{
    const struct bnc_plan_state *state = plan->state;
    struct bnc_memo_row *row = asker->row;
    uint64_t near = bnc_near_stamp(state, asker->ir->identity.ns);
    if (!row->is_near || row->near != near) {
        settle_claims(state, asker);
        row->near = near;
        row->is_near = true;
    }
    for (size_t k = 0; k < asker->request.n_claims; k++) {
        if (!row->taken[k]) {
            group_add(plan, asker, k);
        }
    }
}

void
bnc_groups_list(struct bnc_plan *plan)
{
    struct bnc_plan_state *state = plan->state;
    struct bnc_map *groups = state->groups;
    state->group_list =
        bnc_arena_array(plan->arena, bnc_map_count(groups), sizeof(*state->group_list));
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(groups, &at, NULL, &value)) {
        state->group_list[state->n_groups++] = value;
    }
}
