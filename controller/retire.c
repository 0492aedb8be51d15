/* Parts that no root names any more: when they go. */
#include <string.h>

#include "controller/output.h"

static size_t
count_newer(const struct bnc_output *out)
{
    size_t n = 0;
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(out->publisher->outputs, &at, NULL, &value)) {
        const struct bnc_output *other = value;
        n += other->retired_ms > out->retired_ms && strcmp(other->owner, out->owner) == 0;
    }
    return n;
}

int64_t
bnc_output_keep_ms(const struct bnc_output *out)
{
    const struct bnc_owner *set = bnc_map_get(out->publisher->owners, out->owner);
    bool named = out->role == BNC_ROLE_PART || out->role == BNC_ROLE_SLOT;
    if (!named || out->dropped || out->orphan || (set != NULL && set->loaded) ||
        count_newer(out) >= BNC_RETIRED_MAX) {
        return 0;
    }
    int64_t age_ms = bnc_world_mono_ms(out->publisher->options.world) - out->retired_ms;
    return age_ms >= BNC_RETIRED_MS ? 0 : BNC_RETIRED_MS - age_ms;
}

void
bnc_output_retire(struct bnc_publisher *publisher, const char *owner)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        const struct bnc_output *out = value;
        if (out->retired_ms != 0 && !out->in_flight && strcmp(out->owner, owner) == 0 &&
            bnc_output_keep_ms(out) == 0) {
            bnc_timer_set(out->timer, 0);
        }
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
    struct bnc_owner *set = bnc_map_get(publisher->owners, owner);
    if (set != NULL && set->loaded != loaded) {
        set->loaded = loaded;
        bnc_output_retire(publisher, owner);
    }
}
