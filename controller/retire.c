/* Parts that no root names any more: when they go. */
#include <string.h>

#include "controller/output.h"

/* True when so many were retired later that nobody reads what named this one. */
static bool
is_outdated(const struct bnc_output *out)
{
    const struct bnc_output *other;
    size_t n = 0;
    TAILQ_FOREACH_REVERSE(other, &out->of->retired, bnc_outputs, retired)
    {
        if (other->retired_ms <= out->retired_ms || ++n == BNC_RETIRED_MAX) {
            break;
        }
    }
    return n == BNC_RETIRED_MAX;
}

int64_t
bnc_output_keep_ms(const struct bnc_output *out)
{
    const struct bnc_owner *owner = out->of;
    bool named = out->role == BNC_ROLE_PART || out->role == BNC_ROLE_SLOT;
    if (!named || out->dropped || out->orphan || (owner->set && owner->loaded) ||
        is_outdated(out)) {
        return 0;
    }
    int64_t age_ms = bnc_world_mono_ms(out->publisher->options.world) - out->retired_ms;
    return age_ms >= BNC_RETIRED_MS ? 0 : BNC_RETIRED_MS - age_ms;
}

/* The first that is kept ends it: those after it were retired later. */
void
bnc_output_retire(struct bnc_owner *owner)
{
    struct bnc_output *out;
    TAILQ_FOREACH(out, &owner->retired, retired)
    {
        if (out->in_flight) {
            continue;
        }
        if (bnc_output_keep_ms(out) > 0) {
            return;
        }
        bnc_output_turn_in(out, 0);
    }
}

bool
bnc_publisher_stood(const struct bnc_publisher *publisher, const char *owner,
                    const struct bnc_desired *desired, size_t n, int64_t wall_ms)
{
    for (size_t i = 0; i < n; i++) {
        char key[BNC_OUTPUT_KEY_MAX];
        bnc_output_key(key, desired[i].kind, desired[i].ns, desired[i].name, owner);
        const struct bnc_output *out = bnc_map_get(publisher->outputs, key);
        if (desired[i].role == BNC_ROLE_ROOT &&
            (out == NULL || !out->wanted || strcmp(out->hash, desired[i].hash) != 0 ||
             !bnc_output_done(out) || out->live_ms / 1000 > wall_ms / 1000)) {
            return false;
        }
    }
    return true;
}

void
bnc_publisher_loaded(struct bnc_publisher *publisher, const char *owner, bool loaded)
{
    struct bnc_owner *set = bnc_owner_set(publisher, owner);
    if (set != NULL && set->loaded != loaded) {
        set->loaded = loaded;
        bnc_output_retire(set);
    }
}
