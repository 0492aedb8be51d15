#include <stdio.h>
#include <string.h>

#include "controller/controller_priv.h"
#include "controller/edges.h"
#include "controller/outputs.h"

static const char *
owner_key(char out[BNC_FACT_KEY_MAX], const struct bnc_object *object)
{
    (void)snprintf(out, BNC_FACT_KEY_MAX, "%s/%s", object->ns, object->name);
    return out;
}

/* True when something is, or is to be, where nobody but us takes it away. */
static bool
needs_hold(const struct bnc_controller *c, const struct bnc_result *result)
{
    bool patches = result->plan != NULL && result->plan->n_held > 0;
    return patches || result->grafana != NULL ||
           bnc_outputs_outside(result, c->publisher);
}

void
bnc_controller_unhold(struct bnc_controller *c)
{
    char key[BNC_FACT_KEY_MAX];
    for (size_t i = 0; c->options.statuses && i < bnc_engine_count(c->engine); i++) {
        const struct bnc_result *result = bnc_engine_result(c->engine, i);
        bool holds = bnc_outputs_holds(result, c->patcher) ||
                     !bnc_grafanas_gone(c->grafanas, result->object);
        bool decided =
            result->object->deleting
                ? bnc_publisher_released(c->publisher, owner_key(key, result->object)) &&
                      (result->orphan || (!holds && !result->pending))
                : result->ready && !holds && !needs_hold(c, result);
        if (result->held && decided) {
            bnc_holder_set(c->holder, result->object, false);
        }
    }
}

/* Outputs of Observatories that are gone. */
static void
drop_gone(struct bnc_controller *c)
{
    BNC_AUTO(bnc_map) here = bnc_map_new();
    char key[BNC_FACT_KEY_MAX];
    size_t at = 0;
    const char *owner = NULL;
    for (size_t i = 0; i < bnc_engine_count(c->engine); i++) {
        const struct bnc_result *result = bnc_engine_result(c->engine, i);
        (void)bnc_map_put(here, owner_key(key, result->object), c);
    }
    while ((owner = bnc_publisher_next(c->publisher, &at)) != NULL) {
        if (bnc_map_get(here, owner) == NULL) {
            (void)snprintf(key, sizeof(key), "%s", owner); /* it goes with its owner */
            bool orphan = bnc_map_get(c->orphans, key) != NULL;
            bnc_publisher_drop(c->publisher, key, orphan);
        }
    }
}

/* True when nothing may go out yet: it could not be given back. */
static bool
must_hold(struct bnc_controller *c, const struct bnc_result *result)
{
    if (!c->options.statuses) {
        return false;
    }
    if (!result->held && needs_hold(c, result)) {
        bnc_holder_set(c->holder, result->object, true);
        return true;
    }
    return bnc_outputs_told_first(result);
}

static void
publish_one(struct bnc_controller *c, const struct bnc_result *result)
{
    char key[BNC_FACT_KEY_MAX];
    const char *owner = owner_key(key, result->object);

    if (c->options.statuses && bnc_map_put(c->claimed, result->object->uid, c) == NULL) {
        bnc_outputs_claim(result, c->publisher);
        bnc_outputs_claim_held(result, c->patcher);
    }
    if (result->object->deleting) { /* what an earlier life wrote as well */
        bool orphan = result->orphan || bnc_map_get(c->orphans, owner) != NULL;
        bnc_publisher_drop(c->publisher, owner, orphan);
        bnc_grafanas_drop(c->grafanas, result->object, orphan);
        if (!orphan && c->options.statuses) {
            bnc_patcher_set(c->patcher, result); /* old values are given back */
        }
        return;
    }
    if (!result->ready || result->suspended || must_hold(c, result)) {
        return;
    }
    if (result->orphan) {
        (void)bnc_map_put(c->orphans, owner, c);
    } else {
        (void)bnc_map_take(c->orphans, owner);
    }
    bnc_publisher_set(c->publisher, owner, result->desired, result->n_desired);
    if (c->options.statuses) {
        bnc_patcher_set(c->patcher, result);
        bnc_budgets_set(c->budgets, result);
        bnc_grafanas_set(c->grafanas, result);
    }
}

void
bnc_controller_publish(struct bnc_controller *c)
{
    if (c->options.read_only || c->standby) {
        return;
    }
    for (size_t i = 0; i < bnc_engine_count(c->engine); i++) {
        publish_one(c, bnc_engine_result(c->engine, i));
    }
    drop_gone(c);
    bnc_controller_unhold(c);
}
