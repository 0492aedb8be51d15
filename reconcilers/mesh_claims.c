/*
 * Fields of objects that are not ours: PILOT_TRACE_SAMPLING of the control plane, our
 * keys in ConfigMap istio.  What was there before stands in an annotation of the same
 * object, written with the value and taken off when that is given back.
 */
#include <string.h>

#include "lib/json.h"
#include "reconcilers/claims.h"
#include "reconcilers/kiali.h"
#include "reconcilers/mesh_sdk.h"

#define VARIABLE "PILOT_TRACE_SAMPLING"

static void
tell_taken(struct bnc_plan *plan, struct bnc_held of, const char *other)
{
    bnc_diag_warn(&plan->diags, BNC_REASON_MESH_TAKEN, "spec.mesh",
                  "let one Observatory set the mesh; when that one is gone, take "
                  "annotation " BNC_ANNOTATION_WAS " off",
                  "Observatory %s sets %s %s/%s", other, bnc_kind_info(of.kind)->name,
                  of.ns, of.name);
}

/* ---- the environment --------------------------------------------------------------- */

/* The container's variable as `item`, which names it. */
static void
set_environment(cJSON *root, const char *container, cJSON *item, struct bnc_arena *arena)
{
    static const char *const levels[] = {"spec", "template", "spec"};
    cJSON *at = root;
    for (size_t i = 0; i < BNC_LEN(levels); i++) {
        cJSON *next = bnc_json_object(arena);
        bnc_json_set_item(arena, at, levels[i], next);
        at = next;
    }
    cJSON *containers = bnc_json_array(arena);
    cJSON *entry = bnc_json_object(arena);
    cJSON *env = bnc_json_array(arena);
    bnc_json_set_str(arena, entry, "name", container);
    bnc_json_add(env, item);
    bnc_json_set_item(arena, entry, "env", env);
    bnc_json_add(containers, entry);
    bnc_json_set_item(arena, at, "containers", containers);
}

static cJSON *
variable(const char *value, struct bnc_arena *arena)
{
    cJSON *item = bnc_json_object(arena);
    bnc_json_set_str(arena, item, "name", VARIABLE);
    bnc_json_set_str(arena, item, "value", value);
    bnc_json_set_item(arena, item, "valueFrom", bnc_json_null(arena));
    return item;
}

/* The old value; what somebody has changed since stays. */
static void
give_back_environment(struct bnc_plan *plan, struct bnc_held of, const char *container,
                      const cJSON *live, const cJSON *was)
{
    struct bnc_arena *arena = plan->arena;
    const cJSON *old = bnc_json_get(was, "env");
    cJSON *root = bnc_claim_patch(NULL, arena);
    bool ours = live != NULL &&
                bnc_str_eq(bnc_json_get_str(live, "value"), bnc_json_get_str(was, "is"));
    if (ours) {
        cJSON *item = NULL;
        if (cJSON_IsObject(old)) {
            item = bnc_json_clone(arena, old);
            if (bnc_json_get(old, "value") == NULL) {
                bnc_json_set_item(arena, item, "value", bnc_json_null(arena));
            }
        } else {
            item = bnc_json_object(arena);
            bnc_json_set_str(arena, item, "name", VARIABLE);
            bnc_json_set_str(arena, item, "$patch", "delete");
        }
        set_environment(root, container, item, arena);
    }
    bnc_claim_send(plan, of, root);
}

/* Istio reads a number: 50 and 50.0 are one. */
static bool
same_percent(const char *live, const char *wanted)
{
    bnc_rate a = 0;
    bnc_rate b = 0;
    return live != NULL && bnc_rate_parse(live, &a) && bnc_rate_parse(wanted, &b) &&
           a == b;
}

/* "50.0" as the chart writes it. */
static const char *
variable_text(int64_t percent, struct bnc_arena *arena)
{
    const char *text = bnc_rate_text(percent * 100, arena);
    return strchr(text, '.') == NULL ? bnc_arena_fmt(arena, "%s.0", text) : text;
}

static void
take_environment(struct bnc_plan *plan, const struct bnc_plan_state *state,
                 const char *owner, struct bnc_held of, const cJSON *was)
{
    const struct bnc_mesh_facts *facts = state->ir->mesh;
    const cJSON *live = facts->sampling_item;
    struct bnc_arena *arena = plan->arena;
    const char *wanted = variable_text(state->mesh->levels[0].percent, arena);
    bool take_over = bnc_str_eq(state->ir->spec.on_conflict, "TakeOver");
    bool ours = was != NULL && live != NULL &&
                bnc_str_eq(facts->sampling, bnc_json_get_str(was, "is"));

    if (same_percent(facts->sampling, wanted)) {
        if (was != NULL) {
            bnc_claim_hold(plan, of);
        }
        return;
    }
    if (live != NULL && !ours && !take_over) {
        bnc_claim_tell_foreign(
            plan, "spec.mesh.mode", "set onConflict: TakeOver, or take the variable off",
            bnc_arena_fmt(arena,
                          "Deployment %s/%s has " VARIABLE " %s already, which "
                          "is not binnacle's",
                          of.ns, of.name,
                          facts->sampling == NULL ? "by reference" : facts->sampling));
        if (was != NULL) { /* somebody has set it since: it is theirs from now on */
            bnc_claim_hold(plan, of);
            give_back_environment(plan, of, facts->container, live, was);
        }
        return;
    }
    cJSON *record = bnc_json_object(arena);
    bnc_json_set_str(arena, record, "owner", owner);
    bnc_json_set_str(arena, record, "is", wanted);
    const cJSON *old = ours ? bnc_json_get(was, "env") : live; /* what others want now */
    bnc_json_set_item(arena, record, "env",
                      old == NULL ? bnc_json_null(arena) : bnc_json_clone(arena, old));
    cJSON *root = bnc_claim_patch(record, arena);
    set_environment(root, facts->container, variable(wanted, arena), arena);
    bnc_claim_hold(plan, of);
    bnc_claim_send(plan, of, root);
}

static void
claim_environment(struct bnc_plan *plan, const struct bnc_plan_state *state,
                  const char *owner, bool keep)
{
    const struct bnc_mesh_facts *facts = state->ir->mesh;
    const char *other = NULL;
    if (facts == NULL || facts->deployment == NULL || facts->container == NULL) {
        return;
    }
    const struct bnc_held of = {BNC_KIND_DEPLOYMENT, facts->ns, facts->deployment};
    const cJSON *was =
        bnc_claim_read_was(facts->deployment_was, owner, plan->arena, &other);
    bool wanted = keep && state->mesh != NULL && state->mesh->n_levels > 0 &&
                  state->mesh->levels[0].said &&
                  state->mesh->levels[0].applies[BNC_SYSTEM_ISTIO] &&
                  !bnc_str_eq(state->ir->spec.mesh->mode, "Telemetry");
    if (wanted && other != NULL) {
        tell_taken(plan, of, other);
    } else if (wanted) {
        take_environment(plan, state, owner, of, was);
    } else if (was != NULL) {
        bnc_claim_hold(plan, of);
        give_back_environment(plan, of, facts->container, facts->sampling_item, was);
    }
}

/* ---- ConfigMap istio --------------------------------------------------------------- */

/* Our keys in the text of a mesh configuration. */
static void
edit_config(struct bnc_plan *plan, struct bnc_held of, const char *owner,
            const struct bnc_mesh_edit *edit)
{
    const struct bnc_claim_text text = {.of = of,
                                        .owner = owner,
                                        .key = "mesh",
                                        .field = "spec.mesh.meshConfig",
                                        .what = "the mesh configuration",
                                        .remedy =
                                            "write it plainly, or use meshConfig: Shared",
                                        .edit = *edit};
    bnc_claim_edit_text(plan, &text);
}

static void
claim_config(struct bnc_plan *plan, const struct bnc_plan_state *state, const char *owner,
             bool keep)
{
    const struct bnc_mesh_facts *facts = state->ir->mesh;
    const char *other = NULL;
    if (facts == NULL || !facts->has_main) {
        return;
    }
    const struct bnc_held of = {BNC_KIND_CONFIG_MAP, facts->ns, facts->config_name};
    const cJSON *was = bnc_claim_read_was(facts->main_was, owner, plan->arena, &other);
    bool wanted = keep && bnc_str_eq(state->ir->spec.mesh->mesh_config, "Patch");
    if (wanted && other != NULL) {
        tell_taken(plan, of, other);
        return;
    }
    if (!wanted && was == NULL) {
        return;
    }
    const struct bnc_mesh_edit edit = {
        .live = facts->main_text,
        .before = bnc_json_get_str(was, "edits"),
        .wish = wanted ? bnc_mesh_wish_of(plan, plan->arena) : NULL,
        .take_over = bnc_str_eq(state->ir->spec.on_conflict, "TakeOver")};
    edit_config(plan, of, owner, &edit);
}

/* ---- all of them ------------------------------------------------------------------- */

static void
give_back_left(struct bnc_plan *plan, const struct bnc_left *left, const char *owner)
{
    const char *other = NULL;
    const cJSON *was = bnc_claim_read_was(left->was, owner, plan->arena, &other);
    if (was == NULL) {
        return;
    }
    if (left->kiali != NULL) {
        bnc_kiali_give_back(plan, left->kiali, owner);
        return;
    }
    if (left->of.kind == BNC_KIND_INSTRUMENTATION) {
        bnc_sdk_give_back(plan, left->of, left->sampling_item, was);
        return;
    }
    if (left->of.kind == BNC_KIND_DEPLOYMENT) {
        bnc_claim_hold(plan, left->of);
        give_back_environment(plan, left->of, left->container, left->sampling_item, was);
        return;
    }
    const struct bnc_mesh_edit edit = {.live = left->main_text,
                                       .before = bnc_json_get_str(was, "edits")};
    edit_config(plan, left->of, owner, &edit);
}

void
bnc_mesh_claims(struct bnc_plan *plan, const struct bnc_plan_state *state)
{
    const struct bnc_object *self = plan->observatory->object;
    const char *owner = bnc_arena_fmt(plan->arena, "%s/%s", self->ns, self->name);
    size_t room = 3 + state->ir->n_left + bnc_mesh_sdk_room(state->mesh);

    plan->patches = bnc_arena_array(plan->arena, room, sizeof(*plan->patches));
    plan->held = bnc_arena_array(plan->arena, room, sizeof(*plan->held));
    claim_environment(plan, state, owner, !self->deleting);
    claim_config(plan, state, owner, !self->deleting);
    bnc_kiali_claim(plan, state, owner, !self->deleting);
    bnc_mesh_sdk_claims(plan, state->mesh, !self->deleting);
    for (size_t i = 0; i < state->ir->n_left; i++) {
        const struct bnc_left *left = &state->ir->left[i];
        if (state->mesh == NULL || left->of.kind != BNC_KIND_INSTRUMENTATION) {
            give_back_left(plan, left, owner); /* else all of them are looked at */
        }
    }
}
