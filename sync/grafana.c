#include "sync/grafana.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "sync/grafana_priv.h"

/* ---- trouble ------------------------------------------------------------------- */

static void
on_trouble(void *arg, const struct bnc_error *err)
{
    const struct bnc_gsync *s = arg;
    bnc_instance_watched(s->instance, err);
}

static void
on_seen_trouble(void *arg, const struct bnc_error *err)
{
    const struct bnc_gsync_seen *seen = arg;
    on_trouble(seen->sync, err);
}

/* ---- the provisioning file ----------------------------------------------------- */

static const cJSON *
metadata_of(const struct bnc_pruned *object, struct bnc_arena *arena)
{
    cJSON *root = NULL;
    struct bnc_error ignored = {0};
    return bnc_json_parse(arena, object->text.ptr, object->text.len, &root, &ignored) ==
                   BNC_OK
               ? bnc_json_get(root, "metadata")
               : NULL;
}

static const char *
annotation(const cJSON *meta, const char *key)
{
    const char *text = bnc_json_get_str(bnc_json_get(meta, "annotations"), key);
    return text == NULL ? "" : text;
}

static void
on_seen(void *arg, const struct bnc_pruned *object)
{
    struct bnc_gsync_seen *seen = arg;
    struct bnc_gsync *s = seen->sync;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const cJSON *meta = metadata_of(object, arena);
    seen->exists = strcmp(annotation(meta, "binnacle.dev/owner"), s->target.owner) == 0;
    (void)snprintf(seen->hash, sizeof(seen->hash), "%s",
                   annotation(meta, "binnacle.dev/hash"));
    bnc_gsync_settle(s);
}

static void
on_gone(void *arg, const char *ns, const char *name)
{
    struct bnc_gsync_seen *seen = arg;
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
    seen->exists = false;
    seen->hash[0] = '\0';
    bnc_gsync_settle(seen->sync);
}

static void
on_listed(void *arg)
{
    struct bnc_gsync_seen *seen = arg;
    seen->listed = true;
    bnc_gsync_settle(seen->sync);
}

static const struct bnc_reflector_ops seen_ops = {
    .put = on_seen, .gone = on_gone, .listed = on_listed, .trouble = on_seen_trouble};

static void
follow_source(struct bnc_gsync *s, struct bnc_gsync_seen *seen, enum bnc_kind kind)
{
    bool wanted =
        s->target.files && (s->target.kind == BNC_KIND_NONE || s->target.kind == kind);
    bnc_reflector_free(seen->reflector);
    *seen = (struct bnc_gsync_seen){.sync = s, .kind = kind};
    if (wanted) {
        seen->reflector =
            bnc_reflector_new(s->options.kube,
                              &(struct bnc_reflector_options){.kind = kind,
                                                              .ns = s->target.ns,
                                                              .name = s->target.name,
                                                              .metadata_only = true},
                              &seen_ops, seen);
    }
}

/* ---- dashboards ---------------------------------------------------------------- */

static struct bnc_gsync_board *
add_board(struct bnc_gsync *s, const char *name)
{
    struct bnc_gsync_board *board = bnc_map_get(s->boards, name);
    if (board != NULL) {
        return board;
    }
    if (bnc_map_count(s->boards) == BNC_GSYNC_BOARDS_MAX) {
        BNC_LOG(BNC_LEVEL_WARN, "more dashboards than are taken: one is left out",
                BNC_KV("name", name), BNC_KV("limit", bnc_log_num(BNC_GSYNC_BOARDS_MAX)));
        return NULL;
    }
    board = bnc_alloc(sizeof(*board));
    board->name = bnc_strdup(name);
    (void)bnc_map_put(s->boards, name, board);
    return board;
}

static void
set_gone(struct bnc_gsync *s, const char *name)
{
    struct bnc_gsync_board *board = bnc_map_get(s->boards, name);
    if (board != NULL && !board->gone) {
        board->gone = true;
        board->gone_ms = bnc_world_mono_ms(s->options.world);
        bnc_gsync_settle(s);
    }
}

static void
on_board(void *arg, const struct bnc_pruned *object)
{
    struct bnc_gsync *s = arg;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const cJSON *meta = metadata_of(object, arena);
    if (!bnc_gsync_is_board(&s->target, object->name, meta)) {
        set_gone(s, object->name);
        return;
    }
    struct bnc_gsync_board *board = add_board(s, object->name);
    if (board == NULL) {
        return;
    }
    const char *path = bnc_gsync_board_path(
        bnc_json_get_str(bnc_json_get(meta, "annotations"), s->target.folder_annotation),
        object->name, arena);
    free(board->path);
    board->path = bnc_strdup(bnc_gsync_files_board(s->files, path, arena));
    board->gone = false;
    const char *hash = annotation(meta, "binnacle.dev/hash");
    if (strcmp(board->hash, hash) != 0) { /* what failed may be mended */
        (void)snprintf(board->hash, sizeof(board->hash), "%s", hash);
        board->not_before_ms = 0;
    }
    bnc_gsync_settle(s);
}

static void
on_board_gone(void *arg, const char *ns, const char *name)
{
    BNC_UNUSED(ns);
    set_gone(arg, name);
}

static void
on_boards_listed(void *arg)
{
    struct bnc_gsync *s = arg;
    if (!s->boards_listed) {
        s->boards_listed_ms = bnc_world_mono_ms(s->options.world);
    }
    s->boards_listed = true;
    bnc_gsync_settle(s);
}

static const struct bnc_reflector_ops board_ops = {.put = on_board,
                                                   .gone = on_board_gone,
                                                   .listed = on_boards_listed,
                                                   .trouble = on_trouble};

static void
free_board(struct bnc_gsync_board *board)
{
    free(board->name);
    free(board->path);
    free(board->disk);
    free(board);
}

static void
free_boards(struct bnc_gsync *s)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(s->boards, &at, NULL, &value)) {
        free_board(value);
    }
    bnc_map_free(s->boards);
    s->boards = NULL;
}

/*
 * Another list of dashboards: what is on disk is known again as they come, and what is
 * no longer wanted goes when all have come.
 */
static void
follow_boards(struct bnc_gsync *s)
{
    bnc_reflector_free(s->boards_reflector);
    free_boards(s);
    s->boards = bnc_map_new();
    s->boards_listed = s->swept = false;
    s->boards_reflector =
        bnc_reflector_new(s->options.kube,
                          &(struct bnc_reflector_options){.kind = BNC_KIND_CONFIG_MAP,
                                                          .ns = s->target.boards_ns,
                                                          .metadata_only = true},
                          &board_ops, s);
}

/* ---- the Observatory ----------------------------------------------------------- */

static void
take_target(struct bnc_gsync *s, struct bnc_arena *arena,
            const struct bnc_gsync_target *target)
{
    bnc_gsync_cancel_fetch(s);
    bnc_gsync_text_wipe(&s->next);
    bnc_arena_free(s->target_arena);
    s->target_arena = arena;
    s->target = *target;
    s->known = true;
    s->disk_read = false;
    follow_source(s, &s->sources[0], BNC_KIND_SECRET);
    follow_source(s, &s->sources[1], BNC_KIND_CONFIG_MAP);
    follow_boards(s);
    bnc_gsync_settle(s);
}

static void
on_observatory(void *arg, const struct bnc_pruned *object)
{
    struct bnc_gsync *s = arg;
    struct bnc_arena *arena = bnc_arena_new();
    struct bnc_gsync_target target;
    struct bnc_error err = {0};

    if (bnc_gsync_target_read(object, arena, &target, &err)) {
        BNC_LOG(BNC_LEVEL_WARN, "nothing to load; what is loaded stays",
                BNC_KV("error", err.message));
        bnc_gsync_trouble_set(&s->target_trouble, BNC_INSTANCE_INCOMPLETE, "%s",
                              err.message);
        bnc_gsync_tell(s);
        bnc_arena_free(arena);
        return;
    }
    s->target_trouble.reason = BNC_INSTANCE_LOADED;
    if (s->known && bnc_gsync_target_equal(&s->target, &target)) {
        bnc_arena_free(arena);
        bnc_gsync_settle(s);
        return;
    }
    if (s->known && strcmp(s->target.uid, target.uid) != 0) {
        bnc_instance_again(s->instance); /* this one's status says nothing of us */
    }
    take_target(s, arena, &target);
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
    const struct bnc_gsync *s = arg;
    if (!s->known) {
        BNC_LOG(BNC_LEVEL_WARN, "there is no such Observatory yet, or it is not usable",
                BNC_KV("namespace", s->options.ns),
                BNC_KV("name", s->options.observatory));
    }
}

static const struct bnc_reflector_ops observatory_ops = {.put = on_observatory,
                                                         .gone = on_observatory_gone,
                                                         .listed = on_observatory_listed,
                                                         .trouble = on_trouble};

/* ---- life ---------------------------------------------------------------------- */

enum bnc_code
bnc_gsync_new(const struct bnc_gsync_options *options, struct bnc_gsync **out,
              struct bnc_error *err)
{
    BNC_AUTO(bnc_gsync) s = bnc_alloc(sizeof(*s));
    s->arena = bnc_arena_new();
    s->options = *options;
    s->options.ns = bnc_arena_strdup(s->arena, options->ns);
    s->options.observatory = bnc_arena_strdup(s->arena, options->observatory);
    s->options.out = bnc_arena_strdup(s->arena, options->out);
    s->reason = BNC_INSTANCE_LOADING;
    s->boards = bnc_map_new();
    s->buffer = bnc_str_new(NULL, BNC_GSYNC_FILE_MAX);
    if (options->out[0] != '/') {
        return bnc_fail(err, BNC_INVALID,
                        "--out has to begin with '/': Grafana is told where the "
                        "dashboards are");
    }
    if (bnc_gsync_server_new(
            &(struct bnc_gsync_server_options){.world = options->world,
                                               .url = options->url,
                                               .ca_file = options->ca_file,
                                               .credentials = options->credentials},
            &s->server, err)) {
        return err->code;
    }
    s->files = bnc_gsync_files_new(options->world, options->out, options->ns,
                                   options->observatory);
    if (bnc_gsync_files_open(s->files, err)) {
        return err->code;
    }
    s->instance = bnc_instance_new(
        options->kube, &(struct bnc_instance_options){.ns = options->ns,
                                                      .observatory = options->observatory,
                                                      .name = options->instance,
                                                      .block = "grafana"});
    s->work = bnc_timer_new(options->world, bnc_gsync_work, s);
    s->load = bnc_timer_new(options->world, bnc_gsync_load, s);
    s->look = bnc_timer_new(options->world, bnc_gsync_look, s);
    s->prove = bnc_timer_new(options->world, bnc_gsync_prove, s);
    *out = s;
    s = NULL;
    return BNC_OK;
}

void
bnc_gsync_free(struct bnc_gsync *s)
{
    if (s == NULL) {
        return;
    }
    bnc_gsync_cancel_fetch(s);
    bnc_str_free(&s->buffer);
    bnc_reflector_free(s->observatory);
    bnc_reflector_free(s->boards_reflector);
    for (size_t i = 0; i < BNC_LEN(s->sources); i++) {
        bnc_reflector_free(s->sources[i].reflector);
    }
    free_boards(s);
    bnc_instance_free(s->instance);
    bnc_gsync_server_free(s->server);
    bnc_gsync_files_free(s->files);
    bnc_gsync_text_wipe(&s->disk);
    bnc_gsync_text_wipe(&s->next);
    struct bnc_timer *timers[] = {s->work, s->load, s->look, s->prove};
    for (size_t i = 0; i < BNC_LEN(timers); i++) {
        bnc_timer_free(timers[i]);
    }
    bnc_arena_free(s->target_arena);
    bnc_arena_free(s->arena);
    free(s);
}

void
bnc_gsync_start(struct bnc_gsync *s)
{
    s->observatory =
        bnc_reflector_new(s->options.kube,
                          &(struct bnc_reflector_options){.kind = BNC_KIND_OBSERVATORY,
                                                          .ns = s->options.ns,
                                                          .name = s->options.observatory},
                          &observatory_ops, s);
    bnc_timer_set(s->look, BNC_GSYNC_LOOK_MS);
}

bool
bnc_gsync_ready(const struct bnc_gsync *s)
{
    return s->ready;
}
