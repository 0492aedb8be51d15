#include "sync/gather_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASSET_MODE 0600

static void
free_gather(struct bnc_gather *g)
{
    bnc_gather_drop_file(g);
    bnc_gather_drop_rules(g);
    bnc_timer_free(g->step);
    bnc_map_free(g->wanted);
    bnc_map_free(g->assets);
    bnc_jobs_free(g->result.jobs);
    bnc_arena_free(g->arena);
    free(g);
}

void
bnc_gather_cancel(struct bnc_gather *g)
{
    if (g == NULL) {
        return;
    }
    if (g->fetch != NULL) {
        bnc_fetch_cancel(g->fetch);
    }
    bnc_gather_drop_file(g);
    bnc_gather_drop_rules(g);
    bnc_store_cancel(g->ask.store);
    free_gather(g);
}

static void
finish(struct bnc_gather *g)
{
    if (g->result.err.code != BNC_OK) {
        bnc_gather_drop_file(g);
        bnc_gather_drop_rules(g);
        bnc_store_cancel(g->ask.store);
    }
    bnc_gather_fn fn = g->fn;
    struct bnc_gather_result result = g->result;
    g->result.jobs = NULL;
    fn(g->arg, &result);
    if (result.err.code != BNC_OK) {
        bnc_jobs_free(result.jobs);
    }
    free_gather(g);
}

static void
fail(struct bnc_gather *g, enum bnc_instance_reason reason, const struct bnc_error *err)
{
    g->result.reason = reason;
    g->result.err = *err;
    finish(g);
}

/* What the world did to our folder, or what the API server said. */
static enum bnc_instance_reason
reason_of(const struct bnc_fetch_result *result)
{
    return result->err.code == BNC_INVALID || result->err.code == BNC_TOO_BIG
               ? BNC_INSTANCE_TAMPERED
               : BNC_INSTANCE_INCOMPLETE;
}

/* ---- the end ------------------------------------------------------------------- */

/* The first file that a document names and that is not there; NULL: all are. */
static const char *
find_missing(const struct bnc_gather *g)
{
    size_t at = 0;
    const char *name = NULL;
    void *value = NULL;
    while (bnc_map_next(g->wanted, &at, &name, &value)) {
        if (bnc_map_get(g->assets, name) == NULL) {
            return name;
        }
    }
    return NULL;
}

static void
commit(struct bnc_gather *g)
{
    struct bnc_error err = {0};
    const char *missing = find_missing(g);
    const char *current = bnc_store_current(g->ask.store);

    if (missing != NULL) {
        (void)bnc_fail(&err, BNC_NOT_FOUND,
                       "the configuration names %s, and Secret %s/%s "
                       "has no such key",
                       missing, g->ask.target->ns, g->ask.target->assets);
        fail(g, BNC_INSTANCE_INCOMPLETE, &err);
        return;
    }
    g->result.same = current != NULL && strcmp(current, g->ask.id) == 0 && g->root_same &&
                     g->result.fetched == 0 &&
                     bnc_store_check(g->ask.store, NULL, NULL) == 0;
    if (g->result.same) {
        bnc_store_cancel(g->ask.store);
    } else if (bnc_store_commit(g->ask.store, &err)) {
        fail(g, BNC_INSTANCE_WRITE_FAILED, &err);
        return;
    }
    g->result.reason = BNC_INSTANCE_LOADING;
    finish(g);
}

static void
on_assets(void *arg, const struct bnc_fetch_result *result)
{
    struct bnc_gather *g = arg;
    struct bnc_error err = {0};
    g->fetch = NULL;
    if (result->err.code != BNC_OK && result->err.code != BNC_NOT_FOUND) {
        fail(g, reason_of(result), &result->err);
        return;
    }
    for (size_t i = 0; i < result->n_assets; i++) {
        const struct bnc_fetch_asset *asset = &result->assets[i];
        const char *name = bnc_arena_fmt(g->arena, "files/%s", asset->name);
        if (bnc_gather_write(g, name, asset->bytes, ASSET_MODE, &err)) {
            fail(g, BNC_INSTANCE_WRITE_FAILED, &err);
            return;
        }
        (void)bnc_map_put(g->assets, name, g);
        g->result.files++;
    }
    commit(g);
}

static struct bnc_fetch_ask
ask_for(struct bnc_gather *g, const char *name, const char *key, bnc_fetch_fn fn)
{
    return (struct bnc_fetch_ask){.kind = g->ask.target->kind,
                                  .ns = g->ask.target->ns,
                                  .name = name,
                                  .key = key,
                                  .max_bytes = BNC_MANIFEST_FILE_MAX,
                                  .sink = bnc_gather_feed,
                                  .fn = fn,
                                  .arg = g};
}

static void
fetch_assets(struct bnc_gather *g)
{
    struct bnc_error err = {0};
    struct bnc_fetch_ask ask = ask_for(g, g->ask.target->assets, NULL, on_assets);
    ask.kind = BNC_KIND_SECRET;
    g->fetch = bnc_fetch_assets(g->ask.kube, &ask, g->ask.target->uid, &err);
    if (g->fetch == NULL) {
        fail(g, BNC_INSTANCE_INCOMPLETE, &err);
    }
}

/* ---- parts --------------------------------------------------------------------- */

static void
on_part(void *arg, const struct bnc_fetch_result *result)
{
    struct bnc_gather *g = arg;
    const struct bnc_manifest_file *file = &g->manifest->files[g->next];
    struct bnc_error err = {0};
    g->fetch = NULL;
    if (g->broken.code != BNC_OK) {
        fail(g, BNC_INSTANCE_WRITE_FAILED, &g->broken);
    } else if (result->err.code != BNC_OK) {
        fail(g, reason_of(result), &result->err);
    } else if (bnc_manifest_check(file, result->sha256, result->size, &err)) {
        (void)bnc_wrap(&err, "%s/%s", g->ask.target->ns, file->object);
        fail(g, BNC_INSTANCE_TAMPERED, &err);
    } else if (bnc_gather_end_file(g, NULL, &err)) {
        fail(g, BNC_INSTANCE_WRITE_FAILED, &err);
    } else {
        g->result.fetched++;
        g->next++;
        bnc_timer_set(g->step, 0);
    }
}

static bool
feed_text(void *arg, const char *bytes, size_t n)
{
    struct bnc_gather *g = arg;
    bnc_local_feed(g->local, bytes, n);
    return true;
}

static enum bnc_gather_text
text_of(const struct bnc_manifest_file *file)
{
    return bnc_manifest_is_rules(file->name) ? BNC_GATHER_RULES : BNC_GATHER_JOBS;
}

/* A file that the folder has: its jobs and what it names are read from there. */
static bool
keep_part(struct bnc_gather *g, const struct bnc_manifest_file *file)
{
    struct bnc_error err = {0};
    if (!bnc_store_holds(g->ask.store, file->name, file->sha256) ||
        bnc_store_keep(g->ask.store, file->name, &err)) {
        return false;
    }
    const char *path = bnc_store_path(g->ask.store, file->name, g->arena);
    bnc_gather_begin_text(g, text_of(file));
    bool read = bnc_file_scan(g->ask.world, path, BNC_STORE_MAX_FILE, feed_text, g,
                              &err) == BNC_OK &&
                bnc_gather_end_text(g, &err) == BNC_OK;
    bnc_gather_drop_file(g);
    return read;
}

static void
fetch_part(struct bnc_gather *g, const struct bnc_manifest_file *file)
{
    struct bnc_error err = {0};
    struct bnc_fetch_ask ask = ask_for(g, file->object, file->key, on_part);
    ask.max_bytes = file->size; /* a part that unpacks to more is not read on */
    if (bnc_store_file(g->ask.store, file->name, BNC_GATHER_MODE, &g->file, &err)) {
        fail(g, BNC_INSTANCE_WRITE_FAILED, &err);
        return;
    }
    bnc_gather_begin_text(g, text_of(file));
    g->fetch = bnc_fetch_part(g->ask.kube, &ask, &err);
    if (g->fetch == NULL) {
        fail(g, BNC_INSTANCE_TAMPERED, &err);
    }
}

static void
do_step(void *arg)
{
    struct bnc_gather *g = arg;
    while (
        g->next < g->manifest->n &&
        (g->single || strcmp(g->manifest->files[g->next].name, g->result.config) == 0)) {
        g->next++; /* it came with the root */
    }
    if (g->next == g->manifest->n) {
        fetch_assets(g);
        return;
    }
    const struct bnc_manifest_file *file = &g->manifest->files[g->next];
    g->result.files++;
    if (keep_part(g, file)) {
        g->next++;
        bnc_timer_set(g->step, 0);
    } else {
        fetch_part(g, file);
    }
}

/* ---- the root ------------------------------------------------------------------ */

/* The key of layout Single that rules are in, packed as the document is. */
static const char *
rules_key(const struct bnc_gather *g)
{
    if (strcmp(g->result.config, BNC_MANIFEST_RULES) == 0) {
        return NULL; /* that is the document */
    }
    return bnc_str_ends(g->ask.target->key, ".gz") ? BNC_MANIFEST_RULES ".gz"
                                                   : BNC_MANIFEST_RULES;
}

static enum bnc_code
read_manifest(struct bnc_gather *g, const struct bnc_fetch_result *result,
              struct bnc_error *err)
{
    if (result->manifest.ptr == NULL) {
        const struct bnc_manifest_single single = {.object = g->ask.target->name,
                                                   .key = g->ask.target->key,
                                                   .sha256 = result->sha256,
                                                   .size = result->size,
                                                   .root_hash = result->hash,
                                                   .rules_key =
                                                       result->more ? rules_key(g) : NULL,
                                                   .rules_sha256 = result->more_sha256,
                                                   .rules_size = result->more_size};
        g->single = true;
        return bnc_manifest_of_single(g->arena, &single, &g->manifest, err);
    }
    if (bnc_manifest_parse(g->arena, result->manifest, result->hash, &g->manifest, err)) {
        return err->code;
    }
    if (result->more) {
        return bnc_fail(err, BNC_INVALID, "the key %s is not ours", rules_key(g));
    }
    const struct bnc_manifest_file *config =
        bnc_manifest_find(g->manifest, g->manifest->config);
    if (config == NULL || strcmp(config->name, g->result.config) != 0) {
        return bnc_fail(err, BNC_INVALID,
                        "the manifest has another configuration: %.100s",
                        g->manifest->config);
    }
    return bnc_manifest_check(config, result->sha256, result->size, err);
}

static void
on_root(void *arg, const struct bnc_fetch_result *result)
{
    struct bnc_gather *g = arg;
    struct bnc_error err = {0};
    char sha[BNC_SHA256_HEX];
    g->fetch = NULL;
    if (g->broken.code != BNC_OK) {
        fail(g, BNC_INSTANCE_WRITE_FAILED, &g->broken);
        return;
    }
    if (result->err.code != BNC_OK) {
        fail(g, reason_of(result), &result->err);
        return;
    }
    g->result.hash = bnc_arena_strdup(g->arena, result->hash);
    if (read_manifest(g, result, &err)) {
        (void)bnc_wrap(&err, "%s/%s", g->ask.target->ns, g->ask.target->name);
        fail(g, BNC_INSTANCE_TAMPERED, &err);
        return;
    }
    if (bnc_gather_end_file(g, sha, &err)) {
        fail(g, BNC_INSTANCE_WRITE_FAILED, &err);
        return;
    }
    const char **texts = bnc_arena_array(g->arena, g->manifest->n + 1, sizeof(*texts));
    for (size_t i = 0; i < g->manifest->n; i++) {
        texts[i] = g->manifest->files[i].name;
    }
    g->result.texts = texts;
    g->root_same = bnc_store_holds(g->ask.store, g->result.config, sha);
    g->result.files++;
    if (result->more && bnc_gather_end_rules(g, &err)) {
        fail(g, BNC_INSTANCE_WRITE_FAILED, &err);
        return;
    }
    bnc_timer_set(g->step, 0);
}

static enum bnc_code
begin(struct bnc_gather *g, struct bnc_error *err)
{
    struct bnc_fetch_ask ask =
        ask_for(g, g->ask.target->name, g->ask.target->key, on_root);
    ask.more_key = rules_key(g);
    ask.more_sink = bnc_gather_feed_rules;
    if (bnc_store_begin(g->ask.store, g->ask.id, err) ||
        bnc_store_file(g->ask.store, g->result.config, BNC_GATHER_MODE, &g->file, err)) {
        return err->code;
    }
    bnc_gather_begin_text(g, BNC_GATHER_CONFIG);
    g->fetch = bnc_fetch_root(g->ask.kube, &ask, err);
    return g->fetch == NULL ? err->code : BNC_OK;
}

static void
do_begin(void *arg)
{
    struct bnc_gather *g = arg;
    struct bnc_error err = {0};
    bnc_timer_free(g->step);
    g->step = bnc_timer_new(g->ask.world, do_step, g);
    if (begin(g, &err)) {
        fail(g, BNC_INSTANCE_WRITE_FAILED, &err);
    }
}

/* The same for what is on disk already: then nothing of it has to change. */
static void
choose_marker(struct bnc_gather *g)
{
    const char *current = bnc_store_current(g->ask.store);
    const char *path = bnc_store_path(g->ask.store, g->result.config, g->arena);
    const char *proved = g->ask.proved_marker;
    char on_disk[BNC_MARKER_MAX] = "";
    char *marker = bnc_arena_alloc(g->arena, BNC_MARKER_MAX);

    if (path != NULL) {
        bnc_marker_read(g->ask.world, path, on_disk);
    }
    if (current != NULL && strcmp(current, g->ask.id) == 0 && on_disk[0] != '\0') {
        memcpy(marker, on_disk, sizeof(on_disk));
    } else {
        bnc_marker_choose(g->ask.id, on_disk, proved == NULL ? "" : proved, marker);
    }
    g->result.marker = marker;
}

struct bnc_gather *
bnc_gather_start(const struct bnc_gather_ask *ask, bnc_gather_fn fn, void *arg)
{
    struct bnc_gather *g = bnc_alloc(sizeof(*g));
    *g = (struct bnc_gather){.ask = *ask, .fn = fn, .arg = arg};
    g->arena = bnc_arena_new();
    g->ask.id = bnc_arena_strdup(g->arena, ask->id);
    g->wanted = bnc_map_new();
    g->assets = bnc_map_new();
    g->result.jobs = bnc_jobs_new();
    g->result.config = bnc_target_config(ask->target, g->arena);
    choose_marker(g);
    g->step = bnc_timer_new(ask->world, do_begin, g);
    bnc_timer_set(g->step, 0);
    return g;
}
