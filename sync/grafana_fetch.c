/* From published objects to files: one object at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "sync/grafana_priv.h"

static int64_t
now_of(const struct bnc_gsync *s)
{
    return bnc_world_mono_ms(s->options.world);
}

static int64_t
wait_after(unsigned failures)
{
    int64_t wait = (int64_t)BNC_GSYNC_RETRY_MS << (failures < 5 ? failures : 5);
    return wait > BNC_GSYNC_RETRY_MAX ? BNC_GSYNC_RETRY_MAX : wait;
}

/* Come back after that time, or sooner when that was asked for before. */
static void
wake(struct bnc_gsync *s, int64_t wait)
{
    int64_t due = now_of(s) + wait;
    if (!bnc_timer_pending(s->work) || due < s->work_due_ms) {
        s->work_due_ms = due;
        bnc_timer_set(s->work, wait);
    }
}

void
bnc_gsync_settle(struct bnc_gsync *s)
{
    wake(s, BNC_GSYNC_SETTLE_MS);
}

/* ---- what is wanted ------------------------------------------------------------ */

/* Which object counts; the number of objects: none. */
static size_t
published(const struct bnc_gsync *s)
{
    size_t i = 0;
    while (i < BNC_LEN(s->sources) &&
           (s->sources[i].reflector == NULL || !s->sources[i].exists)) {
        i++;
    }
    return i;
}

/* An object that is not there is no wish for no file: the controller always writes it. */
const char *
bnc_gsync_wanted(const struct bnc_gsync *s)
{
    if (!s->known) {
        return NULL;
    }
    if (!s->target.files) {
        return "";
    }
    for (size_t i = 0; i < BNC_LEN(s->sources); i++) {
        if (s->sources[i].reflector != NULL && !s->sources[i].listed) {
            return NULL;
        }
    }
    size_t i = published(s);
    return i == BNC_LEN(s->sources) || s->sources[i].hash[0] == '\0' ? NULL
                                                                     : s->sources[i].hash;
}

bool
bnc_gsync_on_disk(const struct bnc_gsync *s, const char *hash)
{
    return s->disk_read && bnc_gsync_text_is(&s->disk, hash);
}

/* How long what was refused is still left alone; 0: it is not, or not any more. */
static int64_t
hopeless_ms(const struct bnc_gsync *s, const char *wanted)
{
    int64_t left = s->refused_ms + BNC_GSYNC_REFUSED_MS - now_of(s);
    return strcmp(wanted, s->refused) == 0 && left > 0 ? left : 0;
}

/* ---- fetching ------------------------------------------------------------------ */

static enum bnc_code
on_bytes(void *arg, const char *bytes, size_t n, struct bnc_error *err)
{
    struct bnc_gsync *s = arg;
    bnc_str_add(&s->buffer, bytes, n);
    return bnc_str_check(&s->buffer, "it", err);
}

static void
drop_buffer(struct bnc_gsync *s)
{
    if (s->buffer.ptr != NULL) {
        explicit_bzero(s->buffer.ptr, s->buffer.room);
    }
    bnc_str_free(&s->buffer);
    s->buffer = bnc_str_new(NULL, BNC_GSYNC_FILE_MAX);
}

void
bnc_gsync_cancel_fetch(struct bnc_gsync *s)
{
    if (s->fetch != NULL) {
        bnc_fetch_cancel(s->fetch);
        s->fetch = NULL;
    }
    drop_buffer(s);
}

static enum bnc_instance_reason
reason_of(enum bnc_code code)
{
    return code == BNC_INVALID ? BNC_INSTANCE_TAMPERED : BNC_INSTANCE_INCOMPLETE;
}

static void
source_failed(struct bnc_gsync *s, enum bnc_instance_reason reason, const char *message)
{
    bnc_gsync_trouble_set(&s->fetch_trouble, reason, "%s", message);
    s->not_before_ms = now_of(s) + wait_after(s->failures++);
    wake(s, s->not_before_ms - now_of(s));
}

static void
source_came(struct bnc_gsync *s, const struct bnc_fetch_result *result)
{
    const struct bnc_bytes text = {s->buffer.ptr, s->buffer.len};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    if (result->err.code != BNC_OK) {
        source_failed(s, reason_of(result->err.code), result->err.message);
        return;
    }
    bnc_gsync_text_set(s, &s->next, text);
    if (!bnc_gsync_text_is(&s->next, result->hash)) {
        bnc_gsync_text_wipe(&s->next);
        source_failed(s, BNC_INSTANCE_TAMPERED,
                      bnc_arena_fmt(arena,
                                    "%s %s/%s: the content is not what its annotation "
                                    "binnacle.dev/hash says",
                                    bnc_kind_info(s->source->kind)->name, s->target.ns,
                                    s->target.name));
        return;
    }
    /* what was read may be newer than what the watch has told so far */
    (void)snprintf(s->source->hash, sizeof(s->source->hash), "%s", result->hash);
    s->next_secret = s->source->kind == BNC_KIND_SECRET;
    s->fetch_trouble.reason = BNC_INSTANCE_LOADED;
    s->failures = 0;
    bnc_timer_set(s->load, 0);
}

static void
board_failed(struct bnc_gsync *s, struct bnc_gsync_board *board,
             enum bnc_instance_reason reason, const char *message)
{
    board->not_before_ms = now_of(s) + wait_after(board->failures);
    if (board->failures++ > 0 || reason != BNC_INSTANCE_INCOMPLETE) {
        bnc_gsync_trouble_set(&s->board_trouble, reason, "%s", message);
    }
}

/* It is on disk now, as it has to be. */
static void
board_stands(struct bnc_gsync *s, struct bnc_gsync_board *board)
{
    struct bnc_error err = {0};
    if (board->disk != NULL && strcmp(board->disk, board->path) != 0 &&
        bnc_gsync_files_drop_board(s->files, board->disk, &err)) {
        BNC_LOG(BNC_LEVEL_WARN, "a dashboard cannot be removed",
                BNC_KV("file", board->disk), BNC_KV("error", err.message));
    }
    bnc_gsync_board_forget(board);
    board->disk = bnc_strdup(board->path);
    memcpy(board->disk_hash, board->hash, sizeof(board->disk_hash));
    bnc_gsync_files_stamp(s->files, board->disk, &board->stamp);
    board->failures = 0;
}

static void
board_came(struct bnc_gsync *s, struct bnc_gsync_board *board,
           const struct bnc_fetch_result *result)
{
    const struct bnc_bytes text = {s->buffer.ptr, s->buffer.len};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    if (result->err.code != BNC_OK) {
        board_failed(s, board, reason_of(result->err.code), result->err.message);
        return;
    }
    if (strcmp(bnc_arena_fmt(arena, "sha256:%s", result->sha256), result->hash) != 0) {
        board_failed(s, board, BNC_INSTANCE_TAMPERED,
                     bnc_arena_fmt(arena,
                                   "ConfigMap %s/%s: the content is not what its "
                                   "annotation binnacle.dev/hash says",
                                   s->target.boards_ns, board->name));
        return;
    }
    (void)snprintf(board->hash, sizeof(board->hash), "%s", result->hash);
    if (bnc_gsync_files_put_board(s->files, board->path, text, &err)) {
        board_failed(s, board, BNC_INSTANCE_WRITE_FAILED, err.message);
        return;
    }
    board_stands(s, board);
    BNC_LOG(BNC_LEVEL_INFO, "dashboard written", BNC_KV("name", board->name),
            BNC_KV("file", board->disk));
}

static void
on_fetched(void *arg, const struct bnc_fetch_result *result)
{
    struct bnc_gsync *s = arg;
    s->fetch = NULL;
    s->fetched += result->size;
    if (s->fetching == NULL) {
        source_came(s, result);
    } else {
        board_came(s, s->fetching, result);
    }
    drop_buffer(s);
    bnc_gsync_work(s);
}

static bool
fetch(struct bnc_gsync *s, enum bnc_kind kind, const char *name, const char *key,
      struct bnc_error *err)
{
    const struct bnc_fetch_ask ask = {.kind = kind,
                                      .ns = s->fetching == NULL ? s->target.ns
                                                                : s->target.boards_ns,
                                      .name = name,
                                      .key = key,
                                      .max_bytes = BNC_GSYNC_OBJECT_MAX,
                                      .sink = on_bytes,
                                      .fn = on_fetched,
                                      .arg = s};
    drop_buffer(s);
    s->fetch = bnc_fetch_part(s->options.kube, &ask, err);
    return s->fetch != NULL;
}

/* True when that is under way now. */
static bool
fetch_source(struct bnc_gsync *s)
{
    const char *wanted = bnc_gsync_wanted(s);
    struct bnc_error err = {0};
    if (wanted == NULL || wanted[0] == '\0' || bnc_gsync_on_disk(s, wanted) ||
        bnc_gsync_text_is(&s->next, wanted)) {
        return false;
    }
    int64_t wait = hopeless_ms(s, wanted);
    if (wait == 0 && s->not_before_ms > now_of(s)) {
        wait = s->not_before_ms - now_of(s);
    }
    if (wait > 0) {
        wake(s, wait);
        return false;
    }
    s->fetching = NULL;
    s->source = &s->sources[published(s)];
    if (!fetch(s, s->source->kind, s->target.name, s->target.key, &err)) {
        source_failed(s, BNC_INSTANCE_INCOMPLETE, err.message);
        return false;
    }
    return true;
}

/* ---- dashboards ---------------------------------------------------------------- */

static bool
is_right(struct bnc_gsync *s, struct bnc_gsync_board *board)
{
    char hex[BNC_SHA256_HEX];
    if (board->disk != NULL) {
        return strcmp(board->disk, board->path) == 0 &&
               strcmp(board->disk_hash, board->hash) == 0;
    }
    if (!bnc_str_starts(board->hash, "sha256:") ||
        !bnc_gsync_files_digest(s->files, board->path, hex) ||
        strcmp(board->hash + strlen("sha256:"), hex) != 0) {
        return false;
    }
    board_stands(s, board); /* a run before has written it */
    return true;
}

/* An object that is gone for good: its file goes. */
static void
drop_board(struct bnc_gsync *s, struct bnc_gsync_board *board)
{
    struct bnc_error err = {0};
    if (board->disk != NULL && bnc_gsync_files_drop_board(s->files, board->disk, &err)) {
        board_failed(s, board, BNC_INSTANCE_WRITE_FAILED, err.message);
        return;
    }
    if (board->disk != NULL) {
        BNC_LOG(BNC_LEVEL_INFO, "dashboard removed", BNC_KV("name", board->name),
                BNC_KV("file", board->disk));
    }
    (void)bnc_map_take(s->boards, board->name);
    free(board->name);
    free(board->path);
    free(board->disk);
    free(board);
}

/* What is due for one; `wait` is made shorter when it is due later. */
static bool
work_board(struct bnc_gsync *s, struct bnc_gsync_board *board, int64_t *wait)
{
    struct bnc_error err = {0};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    int64_t due = board->gone ? board->gone_ms + BNC_GSYNC_GONE_MS : 0;
    due = board->not_before_ms > due ? board->not_before_ms : due;
    if (!board->gone && is_right(s, board)) {
        return false;
    }
    if (due > now_of(s)) {
        *wait = *wait < 0 || due - now_of(s) < *wait ? due - now_of(s) : *wait;
        return false;
    }
    if (board->gone) {
        drop_board(s, board);
        return false;
    }
    s->fetching = board;
    if (!fetch(s, BNC_KIND_CONFIG_MAP, board->name,
               bnc_arena_fmt(arena, "%s.json", board->name), &err)) {
        board_failed(s, board, BNC_INSTANCE_INCOMPLETE, err.message);
        return false;
    }
    return true;
}

static bool
is_wanted(void *arg, const char *name)
{
    const struct bnc_gsync *s = arg;
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(s->boards, &at, NULL, &value)) {
        const struct bnc_gsync_board *board = value;
        if (strcmp(board->path, name) == 0 ||
            (board->disk != NULL && strcmp(board->disk, name) == 0)) {
            return true;
        }
    }
    return false;
}

/* Files that a run before has left: once, when no object is on its way any more. */
static void
sweep(struct bnc_gsync *s, int64_t *wait)
{
    int64_t left = s->boards_listed_ms + BNC_GSYNC_GONE_MS - now_of(s);
    if (s->swept || !s->boards_listed) {
        return;
    }
    if (left > 0) {
        *wait = *wait < 0 || left < *wait ? left : *wait;
        return;
    }
    s->swept = true;
    size_t n = bnc_gsync_files_sweep(s->files, is_wanted, s);
    if (n > 0) {
        BNC_LOG(BNC_LEVEL_INFO, "dashboards removed that are published no more",
                BNC_KV("count", bnc_log_num((int64_t)n)));
    }
}

/* True while one is fetched. */
static bool
work_boards(struct bnc_gsync *s)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    size_t n = 0;
    size_t at = 0;
    int64_t wait = -1;
    bool wrong = false;
    void *value = NULL;
    /* a list of its own: some go meanwhile */
    struct bnc_gsync_board **all = bnc_arena_array(arena, bnc_map_count(s->boards) + 1,
                                                   sizeof(struct bnc_gsync_board *));
    while (bnc_map_next(s->boards, &at, NULL, &value)) {
        all[n++] = value;
    }
    for (size_t i = 0; i < n; i++) {
        if (work_board(s, all[i], &wait)) {
            return true;
        }
    }
    at = 0;
    while (bnc_map_next(s->boards, &at, NULL, &value)) {
        wrong = wrong || ((const struct bnc_gsync_board *)value)->failures > 0;
    }
    if (!wrong) {
        s->board_trouble.reason = BNC_INSTANCE_LOADED;
    }
    sweep(s, &wait);
    if (wait >= 0) {
        wake(s, wait);
    }
    return false;
}

/* ---- the loop ------------------------------------------------------------------ */

static void
look_ready(struct bnc_gsync *s)
{
    const char *wanted = bnc_gsync_wanted(s);
    size_t at = 0;
    void *value = NULL;
    bool ready =
        s->boards_listed && wanted != NULL && (wanted[0] == '\0' || s->disk.text.len > 0);
    while (ready && bnc_map_next(s->boards, &at, NULL, &value)) {
        const struct bnc_gsync_board *board = value;
        ready = board->disk != NULL || board->gone || board->failures > 0;
    }
    s->ready = s->ready || ready;
}

void
bnc_gsync_work(void *arg)
{
    struct bnc_gsync *s = arg;
    if (!s->known || s->fetch != NULL) {
        return;
    }
    if (!s->disk_read) {
        bnc_gsync_read_disk(s);
    }
    if (!fetch_source(s) && !work_boards(s)) {
        const char *wanted = bnc_gsync_wanted(s);
        if (wanted != NULL && bnc_gsync_on_disk(s, wanted)) {
            s->fetch_trouble.reason = BNC_INSTANCE_LOADED;
        }
    }
    look_ready(s);
    bnc_timer_set(s->load, 0);
    bnc_gsync_tell(s);
}
