#include "sync/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/map.h"
#include "sync/fetch.h"
#include "sync/local.h"
#include "sync/manifest.h"

#define ASSET_MODE  0600
#define PUBLIC_MODE 0644

struct bnc_gather {
    struct bnc_gather_ask ask;
    bnc_gather_fn fn;
    void *arg;
    struct bnc_arena *arena;
    struct bnc_timer *step; /* the next file, in a turn of its own */
    struct bnc_fetch *fetch;
    const struct bnc_manifest *manifest;
    size_t next;            /* file of the manifest */
    bool config_same;       /* the main file is as the current generation has it */
    struct bnc_map *wanted; /* "files/..." that documents name */
    struct bnc_map *assets; /* those that there are */
    struct bnc_gather_result result;
    /* the file that is being written */
    struct bnc_store_file *file;
    struct bnc_local *local;
    struct bnc_job_scan *scan;
    struct bnc_error broken; /* an error in a callback that cannot give it */
};

static void
free_file(struct bnc_gather *g)
{
    bnc_store_drop(g->file);
    bnc_local_free(g->local);
    bnc_job_scan_free(g->scan);
    g->file = NULL;
    g->local = NULL;
    g->scan = NULL;
}

static void
free_gather(struct bnc_gather *g)
{
    free_file(g);
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
    free_file(g);
    bnc_store_cancel(g->ask.store);
    free_gather(g);
}

static void
finish(struct bnc_gather *g)
{
    if (g->result.err.code != BNC_OK) {
        free_file(g);
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

/* ---- one file ------------------------------------------------------------------ */

static void
on_text(void *arg, const char *bytes, size_t n)
{
    struct bnc_gather *g = arg;
    if (g->file != NULL && g->broken.code == BNC_OK &&
        bnc_store_add(g->file, bytes, n, &g->broken)) {
        return; /* told at the end of the file */
    }
    bnc_job_scan_feed(g->scan, bytes, n);
}

static const char *
on_lookup(void *arg, const char *name)
{
    const struct bnc_gather *g = arg;
    return bnc_world_getenv(g->ask.world, name);
}

static void
on_unset(void *arg, const char *name)
{
    BNC_UNUSED(arg);
    BNC_LOG(BNC_LEVEL_WARN, "an external label names a variable that is not set",
            BNC_KV("variable", name),
            BNC_KV("remedy", "set it in the container's environment"));
}

static void
on_file(void *arg, const char *name)
{
    struct bnc_gather *g = arg;
    if (bnc_map_get(g->wanted, name) == NULL) {
        (void)bnc_map_put(g->wanted, name, g);
    }
}

static const struct bnc_local_ops local_ops = {
    .out = on_text, .lookup = on_lookup, .unset = on_unset, .file = on_file};

/* Begin to read a document: the main one is made fit for this machine. */
static void
begin_text(struct bnc_gather *g, bool config)
{
    struct bnc_local_options options = {0};
    if (config) {
        options.list = "scrape_configs";
        options.item = bnc_arena_fmt(g->arena, "job_name: %s", g->result.marker);
        options.expand = g->ask.expand;
    }
    g->local = bnc_local_new(&options, &local_ops, g);
    g->scan = bnc_job_scan_new(bnc_jobs_add_job, g->result.jobs);
    g->broken.code = BNC_OK;
}

static enum bnc_code
end_text(struct bnc_gather *g, struct bnc_error *err)
{
    if (bnc_local_finish(g->local, err) || bnc_job_scan_finish(g->scan, err)) {
        return err->code;
    }
    if (g->broken.code != BNC_OK) {
        *err = g->broken;
        return err->code;
    }
    return BNC_OK;
}

static enum bnc_code
sink(void *arg, const char *bytes, size_t n, struct bnc_error *err)
{
    struct bnc_gather *g = arg;
    bnc_local_feed(g->local, bytes, n);
    g->result.bytes += n;
    if (g->broken.code != BNC_OK) {
        *err = g->broken;
    }
    return g->broken.code;
}

static enum bnc_code
end_file(struct bnc_gather *g, char sha[BNC_SHA256_HEX], struct bnc_error *err)
{
    enum bnc_code code = end_text(g, err);
    if (code == BNC_OK) {
        struct bnc_store_file *file = g->file;
        g->file = NULL;
        code = bnc_store_end(file, sha, NULL, err);
    }
    free_file(g);
    return code;
}

static enum bnc_code
write_small(struct bnc_gather *g, const char *name, struct bnc_bytes bytes, unsigned mode,
            struct bnc_error *err)
{
    char sha[BNC_SHA256_HEX];
    struct bnc_store_file *file = NULL;
    bnc_sha256_hex(bytes.ptr, bytes.len, sha);
    if (bnc_store_holds(g->ask.store, name, sha) &&
        bnc_store_keep(g->ask.store, name, err) == BNC_OK) {
        return BNC_OK;
    }
    if (bnc_store_file(g->ask.store, name, mode, &file, err)) {
        return err->code;
    }
    if (bnc_store_add(file, bytes.ptr, bytes.len, err)) {
        bnc_store_drop(file);
        return err->code;
    }
    return bnc_store_end(file, NULL, NULL, err);
}

/* ---- the end ------------------------------------------------------------------- */

/* The first file that a document names and that is not there; NULL: all are. */
static const char *
find_missing(const struct bnc_gather *g)
{
    size_t at = 0;
    const char *name = NULL;
    while (bnc_map_next(g->wanted, &at, &name, NULL)) {
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
    g->result.same = current != NULL && strcmp(current, g->ask.id) == 0 &&
                     g->config_same && g->result.fetched == 0 &&
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
        if (write_small(g, name, asset->bytes, ASSET_MODE, &err)) {
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
                                  .sink = sink,
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
    } else if (end_file(g, NULL, &err)) {
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
    begin_text(g, false);
    bool read = bnc_file_scan(g->ask.world, path, BNC_STORE_MAX_FILE, feed_text, g,
                              &err) == BNC_OK &&
                end_text(g, &err) == BNC_OK;
    free_file(g);
    return read;
}

static void
fetch_part(struct bnc_gather *g, const struct bnc_manifest_file *file)
{
    struct bnc_error err = {0};
    const struct bnc_fetch_ask ask = ask_for(g, file->object, file->key, on_part);
    if (bnc_store_file(g->ask.store, file->name, PUBLIC_MODE, &g->file, &err)) {
        fail(g, BNC_INSTANCE_WRITE_FAILED, &err);
        return;
    }
    begin_text(g, false);
    g->fetch = bnc_fetch_part(g->ask.kube, &ask, &err);
    if (g->fetch == NULL) {
        fail(g, BNC_INSTANCE_TAMPERED, &err);
    }
}

static void
do_step(void *arg)
{
    struct bnc_gather *g = arg;
    while (g->next < g->manifest->n &&
           strcmp(g->manifest->files[g->next].name, g->result.config) == 0) {
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

static enum bnc_code
read_manifest(struct bnc_gather *g, const struct bnc_fetch_result *result,
              struct bnc_error *err)
{
    if (result->manifest.ptr == NULL) {
        const struct bnc_manifest_single single = {.object = g->ask.target->name,
                                                   .key = g->ask.target->key,
                                                   .sha256 = result->sha256,
                                                   .size = result->size,
                                                   .root_hash = result->hash};
        return bnc_manifest_of_single(g->arena, &single, &g->manifest, err);
    }
    if (bnc_manifest_parse(g->arena, result->manifest, result->hash, &g->manifest, err)) {
        return err->code;
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
    if (end_file(g, sha, &err)) {
        fail(g, BNC_INSTANCE_WRITE_FAILED, &err);
        return;
    }
    const char **texts = bnc_arena_array(g->arena, g->manifest->n + 1, sizeof(*texts));
    for (size_t i = 0; i < g->manifest->n; i++) {
        texts[i] = g->manifest->files[i].name;
    }
    g->result.texts = texts;
    g->config_same = bnc_store_holds(g->ask.store, g->result.config, sha);
    g->result.files++;
    bnc_timer_set(g->step, 0);
}

static enum bnc_code
begin(struct bnc_gather *g, struct bnc_error *err)
{
    const struct bnc_fetch_ask ask =
        ask_for(g, g->ask.target->name, g->ask.target->key, on_root);
    if (bnc_store_begin(g->ask.store, g->ask.id, err) ||
        bnc_store_file(g->ask.store, g->result.config, PUBLIC_MODE, &g->file, err)) {
        return err->code;
    }
    begin_text(g, true);
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

struct bnc_gather *
bnc_gather_start(const struct bnc_gather_ask *ask, bnc_gather_fn fn, void *arg)
{
    struct bnc_gather *g = bnc_alloc(sizeof(*g));
    const char *key = ask->target->key;
    size_t n = strlen(key) - (bnc_str_ends(key, ".gz") ? strlen(".gz") : 0);

    *g = (struct bnc_gather){.ask = *ask, .fn = fn, .arg = arg};
    g->arena = bnc_arena_new();
    g->ask.id = bnc_arena_strdup(g->arena, ask->id);
    g->wanted = bnc_map_new();
    g->assets = bnc_map_new();
    g->result.jobs = bnc_jobs_new();
    g->result.config = bnc_arena_strndup(g->arena, key, n);
    g->result.marker = bnc_arena_fmt(g->arena, BNC_MARKER_JOB "%s", ask->id);
    g->step = bnc_timer_new(ask->world, do_begin, g);
    bnc_timer_set(g->step, 0);
    return g;
}
