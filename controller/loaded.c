#include "controller/loaded.h"

#include <string.h>

#include "lib/json.h"
#include "lib/time.h"

/* One entry of the list, as far as it counts. */
struct instance {
    const char *name;
    int64_t shard;
    const char *hash;
    const char *since;
    const char *reason;
    const char *message;
    int64_t up;
    int64_t down;
};

struct reading {
    const struct bnc_result *result;
    struct bnc_arena *arena;
    struct bnc_loaded *out;
    size_t fresh;
    size_t current; /* run what is desired */
    const char *since;
    const char *behind; /* the first that does not */
    int64_t *up;        /* by shard: replicas scrape the same */
    int64_t *down;
    int64_t shards;
};

/* In UTC with whole seconds, as it is written there; 0: something else. */
static int64_t
parse_time(const char *text)
{
    static const char shape[] = "0000-00-00T00:00:00Z";
    bool whole = text != NULL && strlen(text) == sizeof(shape) - 1 &&
                 text[sizeof(shape) - 2] == 'Z';
    return whole ? bnc_time_parse(text) : 0;
}

static const char *
hash_of_shard(const struct bnc_result *result, int64_t shard)
{
    for (size_t i = 0; i < result->n_desired; i++) {
        const struct bnc_desired *d = &result->desired[i];
        if (d->role == BNC_ROLE_ROOT && d->shard == shard) {
            return d->hash;
        }
    }
    return NULL;
}

static int64_t
count_shards(const struct bnc_result *result)
{
    int64_t n = 1;
    for (size_t i = 0; i < result->n_desired; i++) {
        if (result->desired[i].role == BNC_ROLE_ROOT) {
            n = result->desired[i].shard + 1 > n ? result->desired[i].shard + 1 : n;
        }
    }
    return n;
}

static const char *
text_of(const cJSON *item, const char *key)
{
    const char *text = bnc_json_get_str(item, key);
    return text == NULL ? "" : text;
}

/* ---- whose job or rule group it is
 * ----------------------------------------------------------- */

static int
compare(const struct bnc_unit *unit, enum bnc_section section, const char *name)
{
    return unit->section == section ? strcmp(unit->job_name, name)
                                    : (int)unit->section - (int)section;
}

static const struct bnc_unit *
find_in(const struct bnc_plan *plan, enum bnc_section section, const char *name)
{
    size_t low = 0;
    size_t high = plan->n_units;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = compare(&plan->units[middle], section, name);
        if (c == 0) {
            return &plan->units[middle];
        }
        if (c < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* A job, or a rule group. */
static const struct bnc_unit *
find_unit(const struct bnc_plan *plan, const char *name)
{
    const struct bnc_unit *unit = NULL;
    for (enum bnc_section k = 0; k < BNC_SECTION_COUNT && unit == NULL; k++) {
        unit = find_in(plan, k, name);
    }
    return unit;
}

static void
read_culprits(struct reading *r, const cJSON *list, const char *why)
{
    struct bnc_loaded *out = r->out;
    const cJSON *job;
    size_t room = out->n_blamed + (size_t)cJSON_GetArraySize(list);
    struct bnc_blamed *blamed = bnc_arena_array(r->arena, room + 1, sizeof(*blamed));
    if (out->n_blamed > 0) {
        memcpy(blamed, out->blamed, out->n_blamed * sizeof(*blamed));
    }
    out->blamed = blamed;
    cJSON_ArrayForEach(job, list)
    {
        const struct bnc_unit *unit = cJSON_IsString(job) && r->result->plan != NULL
                                          ? find_unit(r->result->plan, job->valuestring)
                                          : NULL;
        if (unit != NULL && unit->verdict != SIZE_MAX) {
            blamed[out->n_blamed++] = (struct bnc_blamed){unit->verdict, why};
        }
    }
}

const char *
bnc_loaded_blame(const struct bnc_loaded *loaded, const struct bnc_result *result,
                 const struct bnc_verdict *verdict)
{
    for (size_t i = 0; i < loaded->n_blamed; i++) {
        if (&result->plan->verdicts[loaded->blamed[i].verdict] == verdict) {
            return loaded->blamed[i].why;
        }
    }
    return NULL;
}

/* ---- instances ----------------------------------------------------------------- */

static struct instance
read_instance(const cJSON *item)
{
    struct instance out = {.name = text_of(item, "name"),
                           .hash = text_of(item, "hash"),
                           .since = text_of(item, "loadedTime"),
                           .reason = text_of(item, "reason"),
                           .message = text_of(item, "message")};
    (void)bnc_json_get_int(item, "shard", &out.shard);
    (void)bnc_json_get_int(item, "targetsUp", &out.up);
    (void)bnc_json_get_int(item, "targetsDown", &out.down);
    return out;
}

static void
fail(struct reading *r, const struct instance *one, const cJSON *item)
{
    static const char refused[] = "Refused"; /* what a user can mend comes first */
    struct bnc_loaded *out = r->out;
    const char *why = bnc_arena_fmt(r->arena, "%s: %.900s", one->name, one->message);
    if (!out->failed || (strcmp(one->reason, refused) == 0 &&
                         strcmp(out->condition.reason, refused) != 0)) {
        out->failed = true;
        out->condition.status = "False";
        out->condition.reason = one->reason;
        out->condition.message = why;
    }
    read_culprits(r, bnc_json_get(item, "culprits"), why);
}

/* Replicas of a shard scrape the same: the one that sees most counts. */
static void
count_targets(struct reading *r, const struct instance *one)
{
    if (one->shard < 0 || one->shard >= r->shards) {
        return;
    }
    int64_t *up = &r->up[one->shard];
    int64_t *down = &r->down[one->shard];
    *up = one->up > *up ? one->up : *up;
    *down = one->down > *down ? one->down : *down;
}

static void
take(struct reading *r, const cJSON *item, int64_t written_ms)
{
    const struct instance one = read_instance(item);
    struct bnc_loaded *out = r->out;
    int64_t expires_ms = written_ms + BNC_INSTANCE_FRESH_MS;
    const char *wanted = hash_of_shard(r->result, one.shard);

    r->fresh++;
    if (out->expires_ms == 0 || expires_ms < out->expires_ms) {
        out->expires_ms = expires_ms;
    }
    count_targets(r, &one);
    bool well = strcmp(one.reason, bnc_reason_name(BNC_REASON_LOADED)) == 0;
    bool busy = strcmp(one.reason, bnc_reason_name(BNC_REASON_LOADING)) == 0;
    if (!well && !busy) {
        fail(r, &one, item);
    } else if (!well || !bnc_str_eq(one.hash, wanted)) {
        r->behind = r->behind == NULL ? one.name : r->behind;
    } else {
        r->current++;
        r->since =
            r->since == NULL || strcmp(one.since, r->since) > 0 ? one.since : r->since;
    }
}

static cJSON *
block(struct reading *r, int64_t up, int64_t down)
{
    cJSON *out = bnc_json_object(r->arena);
    const char *hash = hash_of_shard(r->result, 0);
    if (r->out->done && hash != NULL) {
        bnc_json_set_str(r->arena, out, "hash", hash);
        if (r->since[0] != '\0') {
            bnc_json_set_str(r->arena, out, "time", r->since);
        }
    }
    bnc_json_set_int(r->arena, out, "targetsUp", up);
    bnc_json_set_int(r->arena, out, "targetsDown", down);
    return out;
}

static void
conclude(struct reading *r)
{
    struct bnc_loaded *out = r->out;
    int64_t up = 0;
    int64_t down = 0;

    for (int64_t i = 0; i < r->shards; i++) {
        up += r->up[i];
        down += r->down[i];
    }
    out->done = r->fresh > 0 && r->current == r->fresh;
    if (r->fresh == 0) {
        out->condition.reason = bnc_reason_name(BNC_REASON_NO_INSTANCE);
        out->condition.message =
            "no binnacle sync reports what runs; see docs/sync.md for how to have one";
        return;
    }
    out->block = block(r, up, down);
    if (out->done) {
        out->condition.status = "True";
        out->condition.reason = bnc_reason_name(BNC_REASON_LOADED);
        out->condition.message = bnc_arena_fmt(
            r->arena, "%zu %s, each proved through the running server", r->fresh,
            r->fresh == 1 ? "instance runs it" : "instances run it");
    } else if (!out->failed) {
        out->condition.reason = bnc_reason_name(BNC_REASON_LOADING);
        out->condition.message =
            bnc_arena_fmt(r->arena, "%zu of %zu instances run it; %s does not yet",
                          r->current, r->fresh, r->behind);
    }
}

void
bnc_loaded_read(const struct bnc_result *result, int64_t wall_ms, struct bnc_arena *arena,
                struct bnc_loaded *out)
{
    struct bnc_error err = {0};
    cJSON *status = NULL;
    const cJSON *item;
    struct reading r = {
        .result = result, .arena = arena, .out = out, .shards = count_shards(result)};

    *out = (struct bnc_loaded){.condition = {.type = "Loaded", .status = "Unknown"}};
    r.up = bnc_arena_array(arena, (size_t)r.shards, sizeof(*r.up));
    r.down = bnc_arena_array(arena, (size_t)r.shards, sizeof(*r.down));
    if (result->object->status.len > 0 &&
        bnc_json_parse(arena, result->object->status.ptr, result->object->status.len,
                       &status, &err)) {
        status = NULL;
    }
    cJSON_ArrayForEach(item, bnc_json_path(status, "prometheus", "instances", NULL))
    {
        int64_t written_ms = parse_time(bnc_json_get_str(item, "time"));
        if (written_ms > 0 && written_ms + BNC_INSTANCE_FRESH_MS > wall_ms) {
            take(&r, item, written_ms);
        }
    }
    conclude(&r);
}
