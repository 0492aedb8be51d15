#include "net/real_world.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FOLDERS 1000
#define MAX_ENTRIES 200000 /* looked at in one scan */
#define BATCH_MS    10     /* changes so near to each other are told once */
#define RETRY_MS    1000   /* the root is gone */
#define REPAIR_MS   10000  /* something could not be watched */
#define PATH_BYTES  4096

#define FOLDER_MASK                                                                      \
    (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE | IN_ATTRIB |  \
     IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define PARENT_MASK (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR)

struct folder {
    int wd;
    bool seen; /* in the present scan */
};

struct bnc_dir_watch {
    struct bnc_world_handle handle;
    bnc_fn fn;
    void *arg;
    char *path;
    const char *name; /* last part of `path` */
    int fd;
    struct event *event;
    struct bnc_timer batch;
    struct folder folders[MAX_FOLDERS];
    size_t count;
    int parent_wd; /* of the folder that holds a link; -1: `path` is no link */
    bool changed;  /* to be told */
};

/* A scan walks breadth-first: what is to be read, and what came of it. */
struct scan {
    struct bnc_dir_watch *watch;
    struct bnc_arena *arena;
    const char *paths[MAX_FOLDERS];
    size_t count;
    size_t entries;
    bool found_new;
    bool failed; /* something is not watched that should be */
};

/* ---- scanning -------------------------------------------------------------------------
 */

static struct folder *
find_folder(struct bnc_dir_watch *watch, int wd)
{
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->folders[i].wd == wd) {
            return &watch->folders[i];
        }
    }
    return NULL;
}

/* Watch a folder.  One that was met in this scan is a loop of links: ends there. */
static void
visit(struct scan *scan, const char *path)
{
    struct bnc_dir_watch *watch = scan->watch;
    if (scan->count == MAX_FOLDERS) {
        return;
    }
    int wd = inotify_add_watch(watch->fd, path, FOLDER_MASK);
    if (wd < 0) {
        /* gone or a file by now: its folder has another event for us */
        scan->failed = scan->failed || (errno != ENOENT && errno != ENOTDIR);
        return;
    }
    struct folder *known = find_folder(watch, wd);
    if (known == NULL) {
        if (watch->count == MAX_FOLDERS) {
            (void)inotify_rm_watch(watch->fd, wd);
            return;
        }
        known = &watch->folders[watch->count++];
        known->wd = wd;
        known->seen = false;
        scan->found_new = true;
    }
    if (!known->seen) {
        known->seen = true;
        scan->paths[scan->count++] = path;
    }
}

static bool
is_folder(const char *path, const struct dirent *entry)
{
    struct stat st;
    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK) {
        return entry->d_type == DT_DIR;
    }
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
read_folder(struct scan *scan, const char *path)
{
    char child[PATH_BYTES];
    const struct dirent *entry;
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return;
    }
    while (scan->entries < MAX_ENTRIES && (entry = readdir(dir)) != NULL) {
        scan->entries++;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        int n = snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        if (n > 0 && n < PATH_BYTES && is_folder(child, entry)) {
            visit(scan, bnc_arena_strdup(scan->arena, child));
        }
    }
    (void)closedir(dir);
}

/* A link as the root may be swapped: only its own folder tells. */
static void
watch_parent(struct bnc_dir_watch *watch)
{
    struct stat st;
    char parent[PATH_BYTES];

    if (watch->parent_wd >= 0 || lstat(watch->path, &st) != 0 || !S_ISLNK(st.st_mode)) {
        return;
    }
    int n = (int)(watch->name - watch->path);
    (void)snprintf(parent, sizeof(parent), "%.*s", n == 0 ? 1 : n,
                   n == 0 ? "." : watch->path);
    watch->parent_wd = inotify_add_watch(watch->fd, parent, PARENT_MASK | IN_MASK_ADD);
}

static void
forget_unseen(struct bnc_dir_watch *watch)
{
    size_t kept = 0;
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->folders[i].seen) {
            watch->folders[kept++] = watch->folders[i];
        } else if (watch->folders[i].wd != watch->parent_wd) {
            (void)inotify_rm_watch(watch->fd, watch->folders[i].wd);
        }
    }
    watch->count = kept;
}

/* Watch all that is there now.  Gives the delay of the next try, -1: none. */
static int
scan_all(struct bnc_dir_watch *watch, bool *found_new)
{
    struct scan *scan = bnc_alloc(sizeof(*scan));
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    scan->watch = watch;
    scan->arena = arena;
    for (size_t i = 0; i < watch->count; i++) {
        watch->folders[i].seen = false;
    }
    watch_parent(watch);
    visit(scan, watch->path);
    for (size_t i = 0; i < scan->count; i++) {
        read_folder(scan, scan->paths[i]);
    }
    forget_unseen(watch);

    int again_ms = scan->count == 0 ? RETRY_MS : scan->failed ? REPAIR_MS : -1;
    *found_new = scan->found_new;
    free(scan);
    return again_ms;
}

/* ---- events -------------------------------------------------------------------- */

static bool
is_change(struct bnc_dir_watch *watch, const struct inotify_event *event)
{
    if ((event->mask & IN_IGNORED) != 0) {
        return false; /* of a folder that we let go of, or that is gone */
    }
    if ((event->mask & IN_Q_OVERFLOW) == 0 && event->wd == watch->parent_wd &&
        find_folder(watch, event->wd) == NULL) {
        return event->len > 0 && strcmp(event->name, watch->name) == 0;
    }
    return true;
}

static void
on_events(evutil_socket_t fd, short what, void *arg)
{
    BNC_UNUSED(what);
    struct bnc_dir_watch *watch = arg;
    _Alignas(struct inotify_event) char events[16384];
    ssize_t n;

    while ((n = read(fd, events, sizeof(events))) > 0) {
        for (char *p = events; p < events + n;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)p;
            watch->changed = watch->changed || is_change(watch, event);
            if ((event->mask & IN_IGNORED) != 0 && event->wd == watch->parent_wd) {
                watch->parent_wd = -1;
            }
            p += sizeof(*event) + event->len;
        }
    }
    if (watch->changed) {
        bnc_real_timer_set(&watch->batch, BATCH_MS);
    }
}

static void
on_batch(void *arg)
{
    struct bnc_dir_watch *watch = arg;
    bool found_new;
    int again_ms = scan_all(watch, &found_new);

    if (again_ms >= 0) {
        bnc_real_timer_set(&watch->batch, again_ms);
    }
    if (watch->changed || found_new) {
        watch->changed = false;
        watch->fn(watch->arg); /* may free the watch */
    }
}

/* ---- life ---------------------------------------------------------------------- */

static enum bnc_code
start(struct bnc_dir_watch *watch, struct bnc_error *err)
{
    struct stat st;
    bool found_new;

    if (stat(watch->path, &st) != 0) {
        return bnc_fail_errno(err, "watch %s", watch->path);
    }
    if (!S_ISDIR(st.st_mode)) {
        return bnc_fail(err, BNC_INVALID, "watch %s: it is not a folder", watch->path);
    }
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0) {
        return bnc_fail_errno(err, "watch %s", watch->path);
    }
    errno = 0;
    int again_ms = scan_all(watch, &found_new);
    if (watch->count == 0) {
        return bnc_fail_errno(err, "watch %s", watch->path);
    }
    if (again_ms >= 0) {
        bnc_real_timer_set(&watch->batch, again_ms);
    }
    watch->event = event_new(bnc_real_of(watch->handle.world)->loop, watch->fd,
                             EV_READ | EV_PERSIST, on_events, watch);
    if (watch->event == NULL || event_add(watch->event, NULL) != 0) {
        return bnc_fail(err, BNC_INTERNAL, "watch %s: no event", watch->path);
    }
    return BNC_OK;
}

static void
watch_free(struct bnc_dir_watch *watch)
{
    bnc_real_timer_stop(&watch->batch);
    if (watch->event != NULL) {
        event_free(watch->event);
    }
    if (watch->fd >= 0) {
        (void)close(watch->fd);
    }
    free(watch->path);
    free(watch);
}

enum bnc_code
bnc_real_dir_watch_new(struct bnc_world *world, const char *path, bnc_fn fn, void *arg,
                       struct bnc_dir_watch **out, struct bnc_error *err)
{
    struct bnc_real *real = bnc_real_of(world);
    struct bnc_dir_watch *watch = bnc_alloc(sizeof(*watch));

    watch->handle.world = world;
    watch->fn = fn;
    watch->arg = arg;
    watch->fd = -1;
    watch->parent_wd = -1;
    watch->path = bnc_strdup(path);
    for (size_t n = strlen(path); n > 1 && watch->path[n - 1] == '/'; n--) {
        watch->path[n - 1] = '\0'; /* "x/" follows a link that "x" shows */
    }
    const char *slash = strrchr(watch->path, '/');
    watch->name = slash == NULL ? watch->path : slash + 1;
    bnc_real_timer_init(&watch->batch, real, on_batch, watch);

    if (start(watch, err)) {
        watch_free(watch);
        return err->code;
    }
    real->watches++;
    *out = watch;
    return BNC_OK;
}

void
bnc_real_dir_watch_free(struct bnc_dir_watch *watch)
{
    bnc_real_of(watch->handle.world)->watches--;
    watch_free(watch);
}
