#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "sync/sync_priv.h"

/* ---- what is wanted ------------------------------------------------------------ */

/*
 * Look at it soon, and not later because more changes come: also at what is as before,
 * as an object that was written again may mend what has failed.
 */
static void
settle(struct bnc_sync *s)
{
    int64_t now_ms = bnc_world_mono_ms(s->options.world);
    if (now_ms >= s->settled_ms) {
        s->settled_ms = now_ms + BNC_SYNC_SETTLE_MS;
        bnc_timer_set(s->work, BNC_SYNC_SETTLE_MS);
    }
}

/* The same published content has the same name, here and after a restart. */
static void
set_wanted(struct bnc_sync *s)
{
    char hex[BNC_SHA256_HEX];
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    if (s->target.name == NULL || !s->root.exists || !s->root.listed ||
        !s->assets.listed) {
        return; /* what is there stays */
    }
    const char *text =
        bnc_arena_fmt(arena, "%s\n%s\n%s\n%u\n%s\n", s->root.hash, s->assets.hash,
                      s->target.uid, s->attempt, bnc_target_config(&s->target, arena));
    bnc_sha256_hex(text, strlen(text), hex);
    hex[BNC_SYNC_ID_DIGITS] = '\0';
    if (strcmp(hex, s->wanted) != 0) {
        memcpy(s->wanted, hex, sizeof(s->wanted));
        s->failures = 0;
    }
    if (strcmp(hex, s->refused) != 0) { /* else its time is set */
        settle(s);
    }
}

static void
on_seen(void *arg, const struct bnc_pruned *object)
{
    struct bnc_sync_seen *seen = arg;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *root = NULL;
    if (bnc_json_parse(arena, object->text.ptr, object->text.len, &root, &err)) {
        return;
    }
    const char *hash = bnc_json_get_str(
        bnc_json_path(root, "metadata", "annotations", NULL), "binnacle.dev/hash");
    if (!seen->exists && seen == &seen->sync->root) {
        bnc_instance_again(seen->sync->instance); /* we spoke before it was there */
    }
    seen->exists = true;
    (void)snprintf(seen->hash, sizeof(seen->hash), "%s", hash == NULL ? "" : hash);
    set_wanted(seen->sync);
}

static void
on_gone(void *arg, const char *ns, const char *name)
{
    struct bnc_sync_seen *seen = arg;
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
    seen->exists = false;
    seen->hash[0] = '\0';
    set_wanted(seen->sync);
}

/* Why nothing is loaded; what is loaded says more than that. */
static void
tell_of_nothing(struct bnc_sync *s, const char *message)
{
    if (s->loaded_hash[0] == '\0') {
        bnc_sync_tell(s, BNC_INSTANCE_LOADING, message);
    }
}

static void
on_listed(void *arg)
{
    struct bnc_sync_seen *seen = arg;
    seen->listed = true;
    if (seen == &seen->sync->root && !seen->exists) {
        BNC_LOG(BNC_LEVEL_WARN, "nothing is published yet",
                BNC_KV("object", seen->sync->target.name),
                BNC_KV("namespace", seen->sync->target.ns),
                BNC_KV("remedy", "see the Observatory's status"));
        tell_of_nothing(seen->sync, "nothing is published yet");
    }
    set_wanted(seen->sync);
}

static void
on_trouble(void *arg, const struct bnc_error *err)
{
    const struct bnc_sync *s = arg;
    bnc_instance_watched(s->instance, err);
}

static void
on_seen_trouble(void *arg, const struct bnc_error *err)
{
    const struct bnc_sync_seen *seen = arg;
    on_trouble(seen->sync, err);
}

static const struct bnc_reflector_ops seen_ops = {
    .put = on_seen, .gone = on_gone, .listed = on_listed, .trouble = on_seen_trouble};

static void
follow(struct bnc_sync *s, struct bnc_sync_seen *seen, enum bnc_kind kind,
       const char *name)
{
    bnc_reflector_free(seen->reflector);
    *seen = (struct bnc_sync_seen){.sync = s};
    seen->reflector = bnc_reflector_new(
        s->options.kube,
        &(struct bnc_reflector_options){
            .kind = kind, .ns = s->target.ns, .name = name, .metadata_only = true},
        &seen_ops, seen);
}

static void
on_observatory(void *arg, const struct bnc_pruned *object)
{
    struct bnc_sync *s = arg;
    struct bnc_arena *arena = bnc_arena_new();
    struct bnc_target target;
    struct bnc_error err = {0};

    if (bnc_target_read(object, s->options.shard, arena, &target, &err)) {
        BNC_LOG(BNC_LEVEL_WARN, "nothing to load; what is loaded stays",
                BNC_KV("error", err.message));
        bnc_sync_tell(s, BNC_INSTANCE_INCOMPLETE, err.message);
        s->lost = true;
        bnc_arena_free(arena);
        return;
    }
    if (s->target.name != NULL && bnc_target_equal(&s->target, &target)) {
        bnc_arena_free(arena);
        if (s->lost) {
            s->lost = false;
            set_wanted(s);
        }
        return;
    }
    s->lost = false;
    if (s->target.name != NULL && strcmp(s->target.uid, target.uid) != 0) {
        bnc_instance_again(s->instance); /* this one's status says nothing of us */
    }
    bnc_sync_cancel(s); /* it borrows from the old target */
    bnc_arena_free(s->target_arena);
    s->target_arena = arena;
    s->target = target;
    follow(s, &s->root, target.kind, target.name);
    follow(s, &s->assets, BNC_KIND_SECRET, target.assets);
}

static void
on_observatory_gone(void *arg, const char *ns, const char *name)
{
    BNC_UNUSED(arg);
    BNC_LOG(BNC_LEVEL_WARN, "the Observatory is gone; what is loaded stays",
            BNC_KV("namespace", ns), BNC_KV("name", name));
}

static void
on_observatory_listed(void *arg)
{
    const struct bnc_sync *s = arg;
    if (s->target.name == NULL) {
        BNC_LOG(BNC_LEVEL_WARN, "there is no such Observatory yet, or it is not usable",
                BNC_KV("namespace", s->options.ns),
                BNC_KV("name", s->options.observatory));
    }
}

static const struct bnc_reflector_ops observatory_ops = {.put = on_observatory,
                                                         .gone = on_observatory_gone,
                                                         .listed = on_observatory_listed,
                                                         .trouble = on_trouble};

/* ---- looking after the folder ---------------------------------------------------- */

static void
look(void *arg)
{
    struct bnc_sync *s = arg;
    bnc_timer_set(s->look, BNC_SYNC_LOOK_MS);
    if (bnc_sync_is_changed(s)) {
        s->attempt++;
        set_wanted(s);
    }
}

/* What a run before had proved: something to go back to. */
static void
read_proved(struct bnc_sync *s)
{
    struct bnc_error ignored = {0};
    const char *path = bnc_arena_fmt(s->arena, "%s/proved", s->options.out);
    const char *target = NULL;
    if (bnc_symlink_get(s->options.world, path, s->arena, &target, &ignored) == BNC_OK &&
        bnc_str_starts(target, "gen-")) {
        (void)snprintf(s->proved, sizeof(s->proved), "%.*s",
                       (int)strspn(target + 4, "0123456789abcdef"), target + 4);
    }
}

/* ---- life ---------------------------------------------------------------------- */

enum bnc_code
bnc_sync_new(const struct bnc_sync_options *options, struct bnc_sync **out,
             struct bnc_error *err)
{
    BNC_AUTO(bnc_sync) s = bnc_alloc(sizeof(*s));
    s->arena = bnc_arena_new();
    s->options = *options;
    s->options.ns = bnc_arena_strdup(s->arena, options->ns);
    s->options.observatory = bnc_arena_strdup(s->arena, options->observatory);
    s->options.instance = bnc_arena_strdup(s->arena, options->instance);
    s->options.out = bnc_arena_strdup(s->arena, options->out);
    s->up = s->down = -1;
    s->reason = BNC_INSTANCE_LOADING;
    if (bnc_server_new(options->world, options->reload, options->ca_file, &s->server,
                       err)) {
        return err->code;
    }
    s->store = bnc_store_new(options->world, options->out);
    if (bnc_store_open(s->store, err)) {
        return err->code;
    }
    s->instance = bnc_instance_new(
        options->kube, &(struct bnc_instance_options){.ns = options->ns,
                                                      .observatory = options->observatory,
                                                      .name = options->instance,
                                                      .shard = options->shard});
    s->work = bnc_timer_new(options->world, bnc_sync_work, s);
    s->look = bnc_timer_new(options->world, look, s);
    s->count = bnc_timer_new(options->world, bnc_sync_count, s);
    read_proved(s);
    bnc_sync_recover(s);
    *out = s;
    s = NULL;
    return BNC_OK;
}

void
bnc_sync_free(struct bnc_sync *s)
{
    if (s == NULL) {
        return;
    }
    bnc_sync_cancel(s);
    bnc_reflector_free(s->observatory);
    bnc_reflector_free(s->root.reflector);
    bnc_reflector_free(s->assets.reflector);
    bnc_instance_free(s->instance);
    bnc_server_free(s->server);
    bnc_store_free(s->store);
    bnc_arena_free(s->gathered);
    bnc_timer_free(s->work);
    bnc_timer_free(s->look);
    bnc_timer_free(s->count);
    if (s->proved_jobs != s->jobs) {
        bnc_jobs_free(s->proved_jobs);
    }
    bnc_jobs_free(s->jobs);
    bnc_arena_free(s->target_arena);
    bnc_arena_free(s->arena);
    free(s);
}

void
bnc_sync_start(struct bnc_sync *s)
{
    s->observatory =
        bnc_reflector_new(s->options.kube,
                          &(struct bnc_reflector_options){.kind = BNC_KIND_OBSERVATORY,
                                                          .ns = s->options.ns,
                                                          .name = s->options.observatory},
                          &observatory_ops, s);
    bnc_timer_set(s->look, BNC_SYNC_LOOK_MS);
}

bool
bnc_sync_ready(const struct bnc_sync *s)
{
    return bnc_store_current(s->store) != NULL;
}
