/* One file of a generation: where its bytes go, and what is noted of them. */
#include "lib/log.h"
#include "sync/gather_priv.h"

void
bnc_gather_drop_file(struct bnc_gather *g)
{
    bnc_store_drop(g->file);
    bnc_local_free(g->local);
    bnc_job_scan_free(g->scan);
    g->file = NULL;
    g->local = NULL;
    g->scan = NULL;
}

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
static const struct bnc_local_ops rules_ops = {.out = on_text};

void
bnc_gather_begin_text(struct bnc_gather *g, enum bnc_gather_text text)
{
    const struct bnc_local_ops *ops = text == BNC_GATHER_RULES ? &rules_ops : &local_ops;
    struct bnc_local_options options = {0};
    if (text == BNC_GATHER_CONFIG) {
        options.list = "scrape_configs";
        options.item = bnc_arena_fmt(g->arena, "job_name: %s", g->result.marker);
        options.expand = g->ask.expand;
    }
    g->local = bnc_local_new(&options, ops, g);
    g->scan = bnc_job_scan_new(bnc_jobs_add_job, g->result.jobs);
    g->broken.code = BNC_OK;
}

enum bnc_code
bnc_gather_end_text(struct bnc_gather *g, struct bnc_error *err)
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

enum bnc_code
bnc_gather_feed(void *arg, const char *bytes, size_t n, struct bnc_error *err)
{
    struct bnc_gather *g = arg;
    bnc_local_feed(g->local, bytes, n);
    g->result.bytes += n;
    if (g->broken.code != BNC_OK) {
        *err = g->broken;
    }
    return g->broken.code;
}

enum bnc_code
bnc_gather_end_file(struct bnc_gather *g, char sha[BNC_SHA256_HEX], struct bnc_error *err)
{
    enum bnc_code code = bnc_gather_end_text(g, err);
    if (code == BNC_OK) {
        struct bnc_store_file *file = g->file;
        g->file = NULL;
        code = bnc_store_end(file, sha, NULL, err);
    }
    bnc_gather_drop_file(g);
    return code;
}

void
bnc_gather_drop_rules(struct bnc_gather *g)
{
    bnc_store_drop(g->rules_file);
    bnc_job_scan_free(g->rules_scan);
    g->rules_file = NULL;
    g->rules_scan = NULL;
}

enum bnc_code
bnc_gather_feed_rules(void *arg, const char *bytes, size_t n, struct bnc_error *err)
{
    struct bnc_gather *g = arg;
    if (g->rules_scan == NULL) {
        if (bnc_store_file(g->ask.store, BNC_MANIFEST_RULES, BNC_GATHER_MODE,
                           &g->rules_file, &g->broken)) {
            *err = g->broken;
            return err->code;
        }
        g->rules_scan = bnc_job_scan_new(bnc_jobs_add_job, g->result.jobs);
    }
    if (bnc_store_add(g->rules_file, bytes, n, &g->broken)) {
        *err = g->broken;
        return err->code;
    }
    bnc_job_scan_feed(g->rules_scan, bytes, n);
    g->result.bytes += n;
    return BNC_OK;
}

enum bnc_code
bnc_gather_end_rules(struct bnc_gather *g, struct bnc_error *err)
{
    char sha[BNC_SHA256_HEX];
    if (g->rules_scan == NULL) {
        return bnc_fail(err, BNC_INVALID, "%s is empty", BNC_MANIFEST_RULES);
    }
    enum bnc_code code = bnc_job_scan_finish(g->rules_scan, err);
    if (code == BNC_OK) {
        struct bnc_store_file *file = g->rules_file;
        g->rules_file = NULL;
        code = bnc_store_end(file, sha, NULL, err);
    }
    if (code == BNC_OK) {
        g->root_same =
            g->root_same && bnc_store_holds(g->ask.store, BNC_MANIFEST_RULES, sha);
        g->result.files++;
    }
    bnc_gather_drop_rules(g);
    return code;
}

enum bnc_code
bnc_gather_write(struct bnc_gather *g, const char *name, struct bnc_bytes bytes,
                 unsigned mode, struct bnc_error *err)
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
