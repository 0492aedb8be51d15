/* The folder: what somebody else has changed in it is written again. */
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "sync/grafana_priv.h"

void
bnc_gsync_board_forget(struct bnc_gsync_board *board)
{
    free(board->disk);
    board->disk = NULL;
}

static void
tell_changed(struct bnc_gsync *s, const char *file, bool there)
{
    s->repairs++;
    BNC_LOG(BNC_LEVEL_WARN, "somebody changed the folder; it is written again",
            BNC_KV("file", file), BNC_KV("how", there ? "edited" : "removed"));
}

static void
look_at_source(struct bnc_gsync *s)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_gsync_stamp now;
    const char *name = bnc_arena_fmt(arena, "datasources/%s", s->target.key);
    bnc_gsync_files_stamp(s->files, name, &now);
    if (s->disk.text.len == 0 || bnc_gsync_stamp_equal(&now, &s->stamp)) {
        return;
    }
    const char *before = bnc_arena_strdup(arena, s->disk.plain);
    bnc_gsync_read_disk(s);
    if (strcmp(before, s->disk.plain) != 0) {
        tell_changed(s, name, now.there);
        s->need_reload = true;
        s->refused[0] =
            '\0'; /* it may be what runs that was changed: all from the start */
    }
}

void
bnc_gsync_look(void *arg)
{
    struct bnc_gsync *s = arg;
    size_t at = 0;
    void *value = NULL;
    struct bnc_error err = {0};
    bnc_timer_set(s->look, BNC_GSYNC_LOOK_MS);
    s->folder_trouble.reason = BNC_INSTANCE_LOADED;
    if (bnc_gsync_files_open(s->files, &err)) {
        bnc_gsync_trouble_set(&s->folder_trouble, BNC_INSTANCE_WRITE_FAILED, "%s",
                              err.message);
    }
    if (!s->known || !s->disk_read) {
        return;
    }
    look_at_source(s);
    while (bnc_map_next(s->boards, &at, NULL, &value)) {
        struct bnc_gsync_board *board = value;
        struct bnc_gsync_stamp now;
        if (board->disk == NULL) {
            continue;
        }
        bnc_gsync_files_stamp(s->files, board->disk, &now);
        if (!bnc_gsync_stamp_equal(&now, &board->stamp)) {
            tell_changed(s, board->disk, now.there);
            bnc_gsync_board_forget(board);
        }
    }
    bnc_gsync_work(s);
}
