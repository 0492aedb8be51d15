#include "sync/instance.h"

#include <stdlib.h>
#include <string.h>

#include "kube/backoff.h"
#include "lib/clip.h"
#include "lib/hash.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/time.h"

#define MANAGER_PREFIX BNC_FIELD_MANAGER "-sync-"
#define MANAGER_MAX    128 /* bytes that the API server takes */
#define DIGEST_DIGITS  16  /* what tells long names apart */
#define NAME_MAX_BYTES 253
#define ENTRY_MAX      ((size_t)64 * 1024)
#define GAP_MS         1000 /* between two writes */

struct bnc_instance {
    struct bnc_kube *kube;
    struct bnc_world *world;
    struct bnc_arena *arena; /* of the options */
    const char *ns;
    const char *observatory;
    const char *name;
    const char *manager;
    int64_t shard;
    const char *block; /* NULL: prometheus */

    struct bnc_arena *state_arena;
    struct bnc_instance_state state;
    bool reported; /* `state` is set */

    struct bnc_timer *timer;
    struct bnc_kube_write *write; /* NULL: none is under way */
    bool again;                   /* after it comes another one */
    struct bnc_str sending;       /* the entry of this write, without what only counts */
    struct bnc_str written;       /* the same of the last that was done; "": none */
    int64_t written_ms;           /* monotonic */
    int64_t not_before_ms;        /* the next write */
    struct bnc_backoff backoff;
    struct bnc_error trouble;
};

static const char *const reason_names[BNC_INSTANCE_REASON_COUNT] = {
    [BNC_INSTANCE_LOADED] = "Loaded",
    [BNC_INSTANCE_LOADING] = "Loading",
    [BNC_INSTANCE_REFUSED] = "Refused",
    [BNC_INSTANCE_POOLS_MISSING] = "PoolsMissing",
    [BNC_INSTANCE_RULES_MISSING] = "RulesMissing",
    [BNC_INSTANCE_TAMPERED] = "Tampered",
    [BNC_INSTANCE_INCOMPLETE] = "Incomplete",
    [BNC_INSTANCE_WRITE_FAILED] = "WriteFailed",
    [BNC_INSTANCE_UNREACHABLE] = "Unreachable",
};

const char *
bnc_instance_reason_name(enum bnc_instance_reason reason)
{
    return reason_names[reason];
}

/* ---- the entry ----------------------------------------------------------------- */

/* A copy of at most `max` bytes that JSON can carry, whatever Prometheus has said. */
static const char *
copy_text(struct bnc_arena *arena, const char *text, int max)
{
    if (text == NULL) {
        return NULL;
    }
    char *out = bnc_arena_strndup(arena, text, (size_t)bnc_clip(text, max));
    bool valid = bnc_utf8_valid(out, strlen(out));
    for (char *p = out; *p != '\0'; p++) {
        if (!valid && (unsigned char)*p >= 0x80) {
            *p = '?';
        }
    }
    return out;
}

/* What makes a difference. */
static cJSON *
entry_json(const struct bnc_instance *instance, struct bnc_arena *arena)
{
    const struct bnc_instance_state *state = &instance->state;
    cJSON *out = bnc_json_object(arena);
    char when[BNC_TIME_MAX];

    bnc_json_set_str(arena, out, "name", instance->name);
    if (instance->block == NULL) {
        bnc_json_set_int(arena, out, "shard", instance->shard);
    }
    if (state->hash != NULL) {
        bnc_json_set_str(arena, out, "hash", state->hash);
    }
    if (state->loaded_wall_ms > 0) {
        bnc_json_set_str(arena, out, "loadedTime",
                         bnc_time_text(state->loaded_wall_ms, 0, when));
    }
    bnc_json_set_str(arena, out, "reason", bnc_instance_reason_name(state->reason));
    if (state->message != NULL) {
        bnc_json_set_str(arena, out, "message", state->message);
    }
    if (state->n_culprits > 0) {
        cJSON *culprits = bnc_json_array(arena);
        for (size_t i = 0; i < state->n_culprits; i++) {
            bnc_json_add(culprits, bnc_json_str(arena, state->culprits[i]));
        }
        bnc_json_set_item(arena, out, "culprits", culprits);
    }
    return out;
}

/* And what only counts on. */
static void
add_counts(const struct bnc_instance *instance, cJSON *entry, struct bnc_arena *arena)
{
    const struct bnc_instance_state *state = &instance->state;
    char now[BNC_TIME_MAX];

    bnc_json_set_str(arena, entry, "time",
                     bnc_time_text(bnc_world_wall_ms(instance->world), 0, now));
    if (state->targets_up >= 0) {
        bnc_json_set_int(arena, entry, "targetsUp", state->targets_up);
    }
    if (state->targets_down >= 0) {
        bnc_json_set_int(arena, entry, "targetsDown", state->targets_down);
    }
}

static cJSON *
object_json(const struct bnc_instance *instance, cJSON *entry, struct bnc_arena *arena)
{
    cJSON *root = bnc_json_object(arena);
    cJSON *meta = bnc_json_object(arena);
    cJSON *status = bnc_json_object(arena);
    cJSON *block = bnc_json_object(arena);
    cJSON *instances = bnc_json_array(arena);

    bnc_json_add(instances, entry);
    bnc_json_set_item(arena, block, "instances", instances);
    bnc_json_set_item(arena, status,
                      instance->block == NULL ? "prometheus" : instance->block, block);
    bnc_json_set_str(arena, meta, "name", instance->observatory);
    bnc_json_set_str(arena, meta, "namespace", instance->ns);
    bnc_json_set_str(arena, root, "apiVersion",
                     bnc_kind_api_version(BNC_KIND_OBSERVATORY));
    bnc_json_set_str(arena, root, "kind", bnc_kind_info(BNC_KIND_OBSERVATORY)->name);
    bnc_json_set_item(arena, root, "metadata", meta);
    bnc_json_set_item(arena, root, "status", status);
    return root;
}

/* ---- writing ------------------------------------------------------------------- */

static int64_t
max_ms(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static bool
differs(const struct bnc_instance *instance)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str now = bnc_str_new(arena, ENTRY_MAX);
    bnc_json_print(entry_json(instance, arena), &now);
    return strcmp(now.ptr, instance->written.ptr) != 0;
}

/* Wait until the next write is due: there is none under way. */
static void
plan(struct bnc_instance *instance)
{
    if (instance->write != NULL || !instance->reported) {
        return;
    }
    int64_t now = bnc_world_mono_ms(instance->world);
    int64_t due = instance->written_ms + BNC_INSTANCE_HEARTBEAT_MS;
    if (differs(instance)) {
        due = now;
    }
    due = max_ms(due, instance->not_before_ms);
    bnc_timer_set(instance->timer, max_ms(due - now, 0));
}

/* How long a failure is waited for: what cannot help soon is not tried often. */
static int64_t
wait_after(struct bnc_instance *instance, const struct bnc_written *written)
{
    int64_t wait = bnc_backoff_next(&instance->backoff, instance->world,
                                    written->http_status == 0, written->retry_after_ms);
    return bnc_code_is_transient(written->err.code)
               ? wait
               : max_ms(wait, BNC_INSTANCE_HEARTBEAT_MS);
}

static void
on_written(void *arg, const struct bnc_written *written)
{
    struct bnc_instance *instance = arg;
    int64_t now = bnc_world_mono_ms(instance->world);

    instance->write = NULL;
    instance->trouble = written->err;
    if (written->err.code == BNC_OK) {
        bnc_str_clear(&instance->written);
        if (!instance->again) {
            bnc_str_add(&instance->written, instance->sending.ptr, instance->sending.len);
        }
        instance->written_ms = now;
        instance->not_before_ms = now + GAP_MS;
        bnc_backoff_reset(&instance->backoff);
    } else {
        bnc_str_clear(&instance->written); /* it may have been done all the same */
        instance->not_before_ms = now + wait_after(instance, written);
    }
    instance->again = false;
    plan(instance);
}

static void
on_timer(void *arg)
{
    struct bnc_instance *instance = arg;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str body = bnc_str_new(arena, ENTRY_MAX);
    const struct bnc_kube_as as = {
        {BNC_KIND_OBSERVATORY, instance->ns, instance->observatory, true},
        instance->manager,
    };
    struct bnc_written refused = {0};

    cJSON *entry = entry_json(instance, arena);
    bnc_str_clear(&instance->sending);
    bnc_json_print(entry, &instance->sending);
    add_counts(instance, entry, arena);
    bnc_json_print(object_json(instance, entry, arena), &body);
    instance->write = bnc_str_check(&body, "the status", &refused.err)
                          ? NULL
                          : bnc_kube_apply_as(instance->kube, &as,
                                              (struct bnc_bytes){body.ptr, body.len},
                                              on_written, instance, &refused.err);
    if (instance->write == NULL) {
        refused.http_status = 400;
        on_written(instance, &refused);
    }
}

/* ---- public -------------------------------------------------------------------- */

/* "binnacle-sync-NAME"; a name that is too long ends in its digest. */
static const char *
manager_of(const char *name, struct bnc_arena *arena)
{
    char hex[BNC_SHA256_HEX];
    size_t n = strlen(MANAGER_PREFIX) + strlen(name);
    if (n <= MANAGER_MAX) {
        return bnc_arena_fmt(arena, MANAGER_PREFIX "%s", name);
    }
    bnc_sha256_hex(name, strlen(name), hex);
    int keep = MANAGER_MAX - (int)strlen(MANAGER_PREFIX) - 1 - DIGEST_DIGITS;
    return bnc_arena_fmt(arena, MANAGER_PREFIX "%.*s-%.*s", bnc_clip(name, keep), name,
                         DIGEST_DIGITS, hex);
}

struct bnc_instance *
bnc_instance_new(struct bnc_kube *kube, const struct bnc_instance_options *options)
{
    struct bnc_instance *instance = bnc_alloc(sizeof(*instance));
    instance->kube = kube;
    instance->world = bnc_kube_world(kube);
    instance->arena = bnc_arena_new();
    instance->state_arena = bnc_arena_new();
    instance->ns = bnc_arena_strdup(instance->arena, options->ns);
    instance->observatory = bnc_arena_strdup(instance->arena, options->observatory);
    instance->name = copy_text(instance->arena, options->name, NAME_MAX_BYTES);
    instance->manager = manager_of(instance->name, instance->arena);
    instance->shard = options->shard;
    instance->block = bnc_arena_strdup(instance->arena, options->block);
    instance->sending = bnc_str_new(NULL, ENTRY_MAX);
    instance->written = bnc_str_new(NULL, ENTRY_MAX);
    bnc_str_puts(&instance->written, "");
    instance->timer = bnc_timer_new(instance->world, on_timer, instance);
    return instance;
}

void
bnc_instance_free(struct bnc_instance *instance)
{
    if (instance == NULL) {
        return;
    }
    if (instance->write != NULL) {
        bnc_kube_write_cancel(instance->write);
    }
    bnc_timer_free(instance->timer);
    bnc_str_free(&instance->sending);
    bnc_str_free(&instance->written);
    bnc_arena_free(instance->state_arena);
    bnc_arena_free(instance->arena);
    free(instance);
}

void
bnc_instance_report(struct bnc_instance *instance, const struct bnc_instance_state *state)
{
    struct bnc_arena *arena = bnc_arena_new(); /* `state` may borrow from the last one */
    size_t n = state->n_culprits < BNC_INSTANCE_CULPRITS_MAX ? state->n_culprits
                                                             : BNC_INSTANCE_CULPRITS_MAX;
    const char **culprits = bnc_arena_array(arena, n, sizeof(*culprits));

    for (size_t i = 0; i < n; i++) {
        culprits[i] = copy_text(arena, state->culprits[i], NAME_MAX_BYTES);
    }
    struct bnc_instance_state copy = *state;
    copy.hash = copy_text(arena, state->hash, BNC_HASH_TEXT_MAX);
    copy.message = copy_text(arena, state->message, BNC_INSTANCE_MESSAGE_MAX);
    copy.culprits = culprits;
    copy.n_culprits = n;
    bnc_arena_free(instance->state_arena);
    instance->state_arena = arena;
    instance->state = copy;
    instance->reported = true;
    plan(instance);
}

void
bnc_instance_again(struct bnc_instance *instance)
{
    int64_t now = bnc_world_mono_ms(instance->world);
    instance->again = instance->write != NULL;
    bnc_str_clear(&instance->written);
    bnc_backoff_reset(&instance->backoff);
    instance->not_before_ms =
        instance->not_before_ms > now + GAP_MS ? now + GAP_MS : instance->not_before_ms;
    plan(instance);
}

void
bnc_instance_watched(struct bnc_instance *instance, const struct bnc_error *err)
{
    if (err->code != BNC_OK) {
        BNC_LOG(BNC_LEVEL_WARN, "cannot read; what is loaded stays",
                BNC_KV("error", err->message));
        return;
    }
    BNC_LOG(BNC_LEVEL_INFO, "watch works again", BNC_KV("what", "published objects"));
    if (instance->trouble.code != BNC_OK) {
        bnc_instance_again(instance);
    }
}

const struct bnc_error *
bnc_instance_trouble(const struct bnc_instance *instance)
{
    return &instance->trouble;
}
