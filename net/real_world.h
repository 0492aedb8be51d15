/*
 * What the files of the real world share.  Included by net/real_*.c only.
 *
 * Whatever must not happen inside the call that asked for it is a timer with
 * delay 0, so that there is one order of events: (time, sequence number).
 */
#ifndef BNC_NET_REAL_WORLD_H
#define BNC_NET_REAL_WORLD_H

#include <sys/queue.h>

#include <event2/event.h>

#include "net/real.h"
#include "net/world_ops.h"

struct bnc_timer {
    struct bnc_world_handle handle;
    bnc_fn fn;
    void *arg;
    int64_t due_us;
    uint64_t seq;
    size_t slot; /* in the heap, counted from 1; 0: not pending */
};

struct bnc_real_pool;

struct bnc_real {
    struct bnc_world base; /* first */
    struct event_base *loop;
    bool stopped;
    uint64_t random_state;

    /* real_timer.c: a heap, because libevent's has no order among equals */
    struct bnc_timer **heap; /* slot 0 is not used */
    size_t heap_count;
    size_t heap_room;
    uint64_t timer_seq;
    struct event *timer_event;
    bool in_timers;

    /* real_loop.c */
    struct event *stop_events[2];
    bnc_fn stop_fn;
    void *stop_arg;
    bool stop_told;

    /* real_pool.c, real_http.c */
    struct bnc_real_pool *pools[BNC_HTTP_GROUP_COUNT]; /* each may be NULL */
    LIST_HEAD(, bnc_real_pool) all_pools;              /* with those to be closed */
    LIST_HEAD(, bnc_http_call) calls;

    /* real_server.c */
    size_t listeners;
    LIST_HEAD(, bnc_http_exchange) exchanges;

    size_t watches; /* real_watch.c */

    /* real_child.c */
    LIST_HEAD(, bnc_child) children; /* until they are reaped */
    size_t children_waited_for;      /* whose end is still to be told */
    struct event *child_event;       /* SIGCHLD */
};

static inline struct bnc_real *
bnc_real_of(struct bnc_world *world)
{
    return (struct bnc_real *)world;
}

/* ---- real_loop.c --------------------------------------------------------------- */

/* A pipe, socket or inotify descriptor that children do not inherit. */
void bnc_real_cloexec(int fd);

/* ---- real_timer.c -------------------------------------------------------------- */

enum bnc_code bnc_real_timers_init(struct bnc_real *real, struct bnc_error *err);
void bnc_real_timers_free(struct bnc_real *real);
/* Go on with timers that were due when the world was stopped. */
void bnc_real_timers_resume(struct bnc_real *real);
void
bnc_real_timer_init(struct bnc_timer *timer, struct bnc_real *real, bnc_fn fn, void *arg);

int64_t bnc_real_mono_us(struct bnc_world *world);
struct bnc_timer *bnc_real_timer_new(struct bnc_world *world, bnc_fn fn, void *arg);
void bnc_real_timer_free(struct bnc_timer *timer);
void bnc_real_timer_set(struct bnc_timer *timer, int64_t delay_ms);
void bnc_real_timer_stop(struct bnc_timer *timer);
bool bnc_real_timer_pending(const struct bnc_timer *timer);

/* ---- real_http.c --------------------------------------------------------------- */

void bnc_real_http_free_all(struct bnc_real *real);
struct bnc_http_call *
bnc_real_http_start(struct bnc_world *world, const struct bnc_http_request *request,
                    const struct bnc_http_client_ops *ops, void *arg);
void bnc_real_http_cancel(struct bnc_http_call *call);
const char *bnc_real_http_header(struct bnc_http_call *call, const char *name);
void bnc_real_http_drop(struct bnc_world *world);

/* ---- real_server.c ------------------------------------------------------------- */

void bnc_real_server_free_all(struct bnc_real *real);
enum bnc_code bnc_real_listen(struct bnc_world *world, const char *address,
                              size_t max_body, bnc_http_handler_fn fn, void *arg,
                              struct bnc_listener **out, struct bnc_error *err);
enum bnc_code bnc_real_listener_tls(struct bnc_listener *listener, const char *cert_pem,
                                    const char *key_pem, struct bnc_error *err);
int bnc_real_listener_port(const struct bnc_listener *listener);
void bnc_real_listener_free(struct bnc_listener *listener);
void bnc_real_answer(struct bnc_http_exchange *exchange, int status,
                     const char *content_type, struct bnc_bytes body);

/* ---- real_files.c -------------------------------------------------------------- */

enum bnc_code
bnc_real_file_read(struct bnc_world *world, const char *path, size_t max_bytes,
                   struct bnc_arena *arena, struct bnc_bytes *out, struct bnc_error *err);
enum bnc_code
bnc_real_file_write(struct bnc_world *world, const char *path, struct bnc_bytes bytes,
                    unsigned mode, struct bnc_error *err);
enum bnc_code
bnc_real_file_remove(struct bnc_world *world, const char *path, struct bnc_error *err);
enum bnc_file_type bnc_real_file_type(struct bnc_world *world, const char *path);
enum bnc_code
bnc_real_dir_list(struct bnc_world *world, const char *path, size_t max_names,
                  struct bnc_arena *arena, const char ***out, struct bnc_error *err);

/* Also for real_pieces.c and real_dirs.c: */

#define BNC_REAL_PATH 4096 /* bytes of a path, its end included */

/* As bnc_fail_errno(), for files: what bnc_file_create() and the others promise. */
enum bnc_code bnc_real_fail(struct bnc_error *err, const char *fmt, ...) BNC_PRINTF(2, 3);
/* Open for reading; never waits, follows links. -1: see errno. */
int bnc_real_open(const char *path);
/* Give every byte of `fd` to `fn` (true: go on), up to `max_bytes`. */
enum bnc_code bnc_real_read(int fd, const char *path, size_t max_bytes,
                            bnc_file_piece_fn fn, void *arg, struct bnc_error *err);
/* Make every folder above `path`. */
enum bnc_code bnc_real_make_folders(const char *path, mode_t mode, struct bnc_error *err);
/* The mode of folders that are made for a file of `mode`. */
mode_t bnc_real_folder_mode(unsigned mode);
/* A new name beside `path`; false with errno ENAMETOOLONG. `temp`: BNC_REAL_PATH bytes.
 */
bool bnc_real_temp_name(struct bnc_world *world, const char *path, char *temp);
/* A new file beside `path`, open for writing; its name is in `temp`. -1: see errno. */
int bnc_real_open_temp(struct bnc_world *world, const char *path, char *temp);
bool bnc_real_write(int fd, struct bnc_bytes bytes);
/* Sync the folder that `path` is in; false: see errno. */
bool bnc_real_sync_folder(const char *path);
/* Sync this folder; false: see errno. */
bool bnc_real_sync(const char *folder);

/* ---- real_pieces.c ------------------------------------------------------------- */

enum bnc_code
bnc_real_file_scan(struct bnc_world *world, const char *path, size_t max_bytes,
                   bnc_file_piece_fn fn, void *arg, struct bnc_error *err);
enum bnc_code
bnc_real_file_create(struct bnc_world *world, const char *path, unsigned mode,
                     struct bnc_file **out, struct bnc_error *err);
enum bnc_code bnc_real_file_append(struct bnc_file *file, struct bnc_bytes bytes,
                                   struct bnc_error *err);
enum bnc_code
bnc_real_file_close(struct bnc_file *file, bool sync, struct bnc_error *err);
void bnc_real_file_abandon(struct bnc_file *file);

/* ---- real_dirs.c --------------------------------------------------------------- */

enum bnc_code bnc_real_file_link(struct bnc_world *world, const char *from,
                                 const char *to, struct bnc_error *err);
enum bnc_code bnc_real_file_rename(struct bnc_world *world, const char *from,
                                   const char *to, struct bnc_error *err);
enum bnc_code bnc_real_file_stat(struct bnc_world *world, const char *path, bool follow,
                                 struct bnc_file_info *out, struct bnc_error *err);
enum bnc_code bnc_real_symlink_put(struct bnc_world *world, const char *target,
                                   const char *path, struct bnc_error *err);
enum bnc_code
bnc_real_symlink_get(struct bnc_world *world, const char *path, struct bnc_arena *arena,
                     const char **out, struct bnc_error *err);
enum bnc_code bnc_real_dir_make(struct bnc_world *world, const char *path, unsigned mode,
                                struct bnc_error *err);
enum bnc_code
bnc_real_dir_sync(struct bnc_world *world, const char *path, struct bnc_error *err);
enum bnc_code bnc_real_dir_remove(struct bnc_world *world, const char *path,
                                  size_t max_names, struct bnc_error *err);

/* ---- real_watch.c -------------------------------------------------------------- */

enum bnc_code
bnc_real_dir_watch_new(struct bnc_world *world, const char *path, bnc_fn fn, void *arg,
                       struct bnc_dir_watch **out, struct bnc_error *err);
void bnc_real_dir_watch_free(struct bnc_dir_watch *watch);

/* ---- real_child.c -------------------------------------------------------------- */

void bnc_real_children_free_all(struct bnc_real *real);
struct bnc_child *
bnc_real_child_start(struct bnc_world *world, const struct bnc_child_request *request,
                     bnc_child_fn fn, void *arg);
void bnc_real_child_cancel(struct bnc_child *child);

#endif
