#include "controller/patches.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/edges.h"
#include "controller/output.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/map.h"

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS   30000
#define LOOP_WRITES    5 /* of one wish in a minute: somebody else sets it as well */
#define LOOP_WINDOW_MS 60000
#define LOOP_PAUSE_MS  300000
#define UNSURE_MS      90000 /* after a lost answer: known by then, also without a watch */

/* One object of somebody else's. */
struct target {
    struct bnc_patcher *patcher;
    char *owner;
    enum bnc_kind kind;
    char *ns;
    char *name;
    bool in_flight;
    uint64_t wish; /* of what it is to be, whatever others make of it */
    uint64_t sent; /* of the body and the version of the last patch that was taken */
    uint64_t trying;
    uint64_t outdated; /* likewise, of one that came too late; 0: none */
    char *written;     /* version after the last patch that was taken; NULL: none was */
    struct bnc_timer *unsure; /* pending: one may have been carried out unseen */
    unsigned failures;
    int64_t not_before_ms;
    int64_t window_ms;
    unsigned window_writes;      /* that were taken */
    char message[BNC_ERROR_MAX]; /* "": nothing is wrong */
};

struct bnc_patcher {
    struct bnc_patcher_options options;
    struct bnc_map *targets; /* by fact key */
    struct bnc_timer *timer; /* for the target that waits least */
    int64_t due_ms;
    size_t in_flight;
};

struct bnc_patcher *
bnc_patcher_new(const struct bnc_patcher_options *options)
{
    struct bnc_patcher *patcher = bnc_alloc(sizeof(*patcher));
    patcher->options = *options;
    patcher->targets = bnc_map_new();
    patcher->timer = bnc_timer_new(options->world, options->retry, options->arg);
    return patcher;
}

void
bnc_patcher_free(struct bnc_patcher *patcher)
{
    if (patcher == NULL) {
        return;
    }
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(patcher->targets, &at, NULL, &value)) {
        struct target *target = value;
        free(target->owner);
        free(target->ns);
        free(target->name);
        free(target->written);
        bnc_timer_free(target->unsure);
        free(target);
    }
    bnc_map_free(patcher->targets);
    bnc_timer_free(patcher->timer);
    free(patcher);
}

/* True when what is known of it may be from before its last patch. */
static bool
unseen(const struct target *target)
{
    const struct bnc_object *live = bnc_cache_get(target->patcher->options.cache,
                                                  target->kind, target->ns, target->name);
    return target->in_flight || bnc_timer_pending(target->unsure) ||
           (live != NULL && bnc_output_older(live->resource_version, target->written));
}

/* NULL: another Observatory may have patched it, and waits for news of that. */
static struct target *
target_of(struct bnc_patcher *patcher, const struct bnc_held *of, const char *owner)
{
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, of->kind, of->ns, of->name);
    struct target *target = bnc_map_get(patcher->targets, key);
    if (target == NULL) {
        target = bnc_alloc(sizeof(*target));
        *target = (struct target){.patcher = patcher,
                                  .kind = of->kind,
                                  .ns = bnc_strdup(of->ns),
                                  .name = bnc_strdup(of->name),
                                  .unsure = bnc_timer_new(patcher->options.world,
                                                          patcher->options.retry,
                                                          patcher->options.arg)};
        (void)bnc_map_put(patcher->targets, key, target);
    }
    if (target->owner == NULL || strcmp(target->owner, owner) != 0) {
        if (target->owner != NULL && unseen(target)) {
            return NULL;
        }
        free(target->owner); /* it may pass from one to another */
        target->owner = bnc_strdup(owner);
    }
    return target;
}

/* ---- what is known --------------------------------------------------------------- */

void
bnc_patcher_claim(struct bnc_patcher *patcher, const struct bnc_held *of,
                  const char *owner)
{
    struct target *target = target_of(patcher, of, owner);
    if (target != NULL) {
        bnc_timer_set(target->unsure, UNSURE_MS);
    }
}

/* Its answer tells which version to wait for, or that nobody knows. */
static void
note_answer(struct target *target, const struct bnc_write_result *result)
{
    const char *version = result->resource_version;
    if (result->code == BNC_OK && version != NULL && version[0] != '\0') {
        free(target->written);
        target->written = bnc_strdup(version);
        bnc_timer_stop(target->unsure);
    } else if (result->code == BNC_OK || bnc_output_unsure(result)) {
        bnc_timer_set(target->unsure, UNSURE_MS);
    }
}

void
bnc_patcher_unseen(const struct bnc_patcher *patcher, const char *owner, bnc_output_fn fn,
                   void *arg)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(patcher->targets, &at, NULL, &value)) {
        const struct target *target = value;
        if (strcmp(target->owner, owner) == 0 && unseen(target)) {
            fn(arg, target->kind, target->ns, target->name);
        }
    }
}

/* ---- sending ------------------------------------------------------------------- */

/* Come back at `due_ms`, or before that for another one. */
static void
arm(struct bnc_patcher *patcher, int64_t now, int64_t due_ms)
{
    if (!bnc_timer_pending(patcher->timer) || due_ms < patcher->due_ms) {
        patcher->due_ms = due_ms;
        bnc_timer_set(patcher->timer, due_ms - now);
    }
}

static void
wait_for(struct target *target, int64_t delay_ms)
{
    int64_t now = bnc_world_mono_ms(target->patcher->options.world);
    target->not_before_ms = now + delay_ms;
    arm(target->patcher, now, target->not_before_ms);
}

static bool
waits(const struct target *target)
{
    int64_t now = bnc_world_mono_ms(target->patcher->options.world);
    if (now >= target->not_before_ms) {
        return false;
    }
    arm(target->patcher, now, target->not_before_ms);
    return true;
}

static void
count_write(struct target *target)
{
    int64_t now = bnc_world_mono_ms(target->patcher->options.world);
    if (target->window_writes == 0 || now - target->window_ms > LOOP_WINDOW_MS) {
        target->window_ms = now;
        target->window_writes = 0;
    }
    target->window_writes++;
}

static void
on_patched(void *arg, const struct bnc_write_result *result)
{
    struct target *target = arg;
    struct bnc_patcher *patcher = target->patcher;
    const char *kind = bnc_kind_info(target->kind)->name;

    target->in_flight = false;
    patcher->in_flight--;
    note_answer(target, result);
    target->outdated = result->code == BNC_CONFLICT ? target->trying : 0;
    if (result->code == BNC_OK) {
        target->sent = target->trying;
        target->failures = 0;
        target->message[0] = '\0';
        count_write(target);
        BNC_LOG(BNC_LEVEL_INFO, "field set", BNC_KV("kind", kind),
                BNC_KV("namespace", target->ns), BNC_KV("name", target->name),
                BNC_KV("observatory", target->owner));
    } else if (result->code != BNC_CONFLICT) { /* else it has changed: news is coming */
        (void)snprintf(target->message, sizeof(target->message), "%s %s/%s: %.400s", kind,
                       target->ns, target->name, result->message);
        BNC_LOG(BNC_LEVEL_WARN, "field not set", BNC_KV("kind", kind),
                BNC_KV("namespace", target->ns), BNC_KV("name", target->name),
                BNC_KV("error", result->message));
    }
    if (result->code == BNC_CONFLICT) {
        wait_for(target, RETRY_FIRST_MS);
    } else if (result->code != BNC_OK) {
        unsigned shift = target->failures < 5 ? target->failures : 5;
        int64_t delay = (int64_t)RETRY_FIRST_MS << shift;
        target->failures++;
        wait_for(target, delay > RETRY_MAX_MS ? RETRY_MAX_MS : delay);
    }
    patcher->options.retry(patcher->options.arg);
}

/* True when somebody else sets it again and again: do not fight. */
static bool
loops(struct target *target)
{
    int64_t now = bnc_world_mono_ms(target->patcher->options.world);
    if (target->window_writes < LOOP_WRITES || now - target->window_ms > LOOP_WINDOW_MS) {
        return false;
    }
    const char *kind = bnc_kind_info(target->kind)->name;
    (void)snprintf(target->message, sizeof(target->message),
                   "somebody else sets %s %s/%s again and again: it is left for %d "
                   "minutes",
                   kind, target->ns, target->name, LOOP_PAUSE_MS / 60000);
    BNC_LOG(BNC_LEVEL_WARN, "field left: somebody else sets it again and again",
            BNC_KV("kind", kind), BNC_KV("namespace", target->ns),
            BNC_KV("name", target->name));
    target->window_writes = 0;
    wait_for(target, LOOP_PAUSE_MS);
    return true;
}

/* The body for this version of the object: another one is answered with a conflict. */
static struct bnc_bytes
body_for(cJSON *root, size_t size, const char *version, struct bnc_arena *arena)
{
    struct bnc_str body = bnc_str_new(arena, size + 4096);
    bnc_json_set_str(arena, bnc_json_get(root, "metadata"), "resourceVersion", version);
    bnc_json_print(root, &body);
    return (struct bnc_bytes){body.ptr, body.len};
}

/*
 * What the user wants of the object: fields of a spec have nothing of others in them, and
 * a new spec of the Observatory is a new wish for all that it sets.
 */
static uint64_t
wish_of(const cJSON *root, const struct bnc_object *observatory, size_t size,
        struct bnc_arena *arena)
{
    struct bnc_str spec = bnc_str_new(arena, size);
    uint64_t wish = bnc_hash64(observatory->uid, strlen(observatory->uid), 1);
    wish = bnc_hash64(&observatory->generation, sizeof(observatory->generation), wish);
    wish = bnc_hash64(&observatory->deleting, sizeof(observatory->deleting), wish);
    if (bnc_json_get(root, "spec") != NULL) {
        bnc_json_print(bnc_json_get(root, "spec"), &spec);
    }
    return bnc_hash64(spec.ptr, spec.len, wish);
}

/* Another wish is no fight, and has not failed yet. */
static void
set_wish(struct target *target, uint64_t wish)
{
    if (target->wish != wish) {
        target->wish = wish;
        target->failures = 0;
        target->not_before_ms = 0;
        target->window_writes = 0;
    }
}

static void
send_patch(struct bnc_patcher *patcher, const struct bnc_patch *patch,
           const struct bnc_object *observatory, const char *owner)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *root = NULL;
    struct target *target = target_of(patcher, &patch->of, owner);
    const struct bnc_object *live = bnc_cache_get(patcher->options.cache, patch->of.kind,
                                                  patch->of.ns, patch->of.name);
    if (target == NULL || target->in_flight || live == NULL ||
        bnc_json_parse(arena, patch->body.ptr, patch->body.len, &root, &err)) {
        return;
    }
    set_wish(target, wish_of(root, observatory, patch->body.len + 1, arena));
    struct bnc_bytes body =
        body_for(root, patch->body.len, live->resource_version, arena);
    uint64_t stamp = bnc_hash64(body.ptr, body.len, 1);
    if (target->outdated != 0 && target->outdated != stamp) {
        target->outdated = 0; /* the news has come */
        target->not_before_ms = 0;
    }
    if (stamp == target->sent || waits(target) || loops(target)) {
        return; /* it is done, and the news of that is on its way */
    }
    const struct bnc_write write = {.verb = BNC_VERB_PATCH,
                                    .kind = patch->of.kind,
                                    .ns = patch->of.ns,
                                    .name = patch->of.name,
                                    .body = body};
    target->trying = stamp;
    target->in_flight = true;
    patcher->in_flight++;
    bnc_source_write(patcher->options.source, &write, on_patched, target);
}

/* Objects that the plan has nothing to say about any more. */
static void
settle(struct bnc_patcher *patcher, const char *owner, const struct bnc_plan *plan)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(patcher->targets, &at, NULL, &value)) {
        struct target *target = value;
        bool asked = strcmp(target->owner, owner) != 0;
        for (size_t i = 0; i < plan->n_patches && !asked; i++) {
            const struct bnc_held *of = &plan->patches[i].of;
            asked = of->kind == target->kind && strcmp(of->ns, target->ns) == 0 &&
                    strcmp(of->name, target->name) == 0;
        }
        if (!asked) {
            target->message[0] = '\0';
            target->failures = 0;
        }
    }
}

void
bnc_patcher_set(struct bnc_patcher *patcher, const struct bnc_result *result)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_plan *plan = result->plan;
    if (plan == NULL) {
        return;
    }
    const char *owner =
        bnc_arena_fmt(arena, "%s/%s", result->object->ns, result->object->name);
    settle(patcher, owner, plan);
    for (size_t i = 0; i < plan->n_patches; i++) {
        send_patch(patcher, &plan->patches[i], result->object, owner);
    }
}

const char *
bnc_patcher_failure(const struct bnc_patcher *patcher, const char *owner)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(patcher->targets, &at, NULL, &value)) {
        const struct target *target = value;
        if (target->message[0] != '\0' && strcmp(target->owner, owner) == 0) {
            return target->message;
        }
    }
    return NULL;
}

bool
bnc_patcher_idle(const struct bnc_patcher *patcher)
{
    return patcher->in_flight == 0 && !bnc_timer_pending(patcher->timer);
}
