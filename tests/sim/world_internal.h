/*
 * What the files of the simulated world share.  Included by tests/sim/world*.c only.
 */
#ifndef BNC_TESTS_SIM_WORLD_INTERNAL_H
#define BNC_TESTS_SIM_WORLD_INTERNAL_H

#include "lib/map.h"
#include "net/world_ops.h"
#include "tests/sim/world.h"

/* The first member of every handle of this world. */
struct bnc_sim_handle {
    struct bnc_world_handle base;
    const char *kind; /* "timer", ...; NULL: not counted as open */
    const char *name; /* for messages, may be NULL */
    bool dead;
    unsigned process;
    struct bnc_sim_handle *prev;
    struct bnc_sim_handle *next;
    void (*destroy)(struct bnc_sim_handle *);
};

/* What a path leads to; several paths may lead to one (hard links). */
struct bnc_sim_file {
    char *bytes;
    size_t n;
    unsigned mode;
    bool folder;
    char *target; /* of a symbolic link; NULL: it is none */
    uint64_t inode;
    int64_t mtime_ns;
    size_t links;
};

/* Dead handles stay readable this long, so that their use can be told. */
#define BNC_SIM_GRAVES 4096

struct bnc_sim_rng {
    uint64_t s[4];
};

struct bnc_sim {
    struct bnc_world base; /* first */
    int64_t now_us;
    int64_t suspended_ms;
    int64_t wall_start_ms;
    struct bnc_sim_rng own;
    struct bnc_sim_rng product;

    struct bnc_sim_event **heap; /* slot 0 is not used */
    size_t heap_count;
    size_t heap_room;
    uint64_t seq;
    bool stopped;
    bool running;
    bool in_callback;
    unsigned process;                     /* whose turn it is */
    int64_t frozen_us[BNC_SIM_PROCESSES]; /* until then it stands still */
    int64_t cut_us[BNC_SIM_PROCESSES];

    bnc_fn stop_fn;
    void *stop_arg;
    struct bnc_sim_event stop_event;

    uint64_t operations;
    uint64_t failing; /* the one that fails; 0: none */

    bnc_fn after_event;
    void *after_event_arg;

    uint64_t trace;
    FILE *trace_out;

    struct bnc_sim_handle *handles;
    struct bnc_sim_handle *graves[BNC_SIM_GRAVES];
    size_t grave_at;

    struct bnc_map *env;     /* name -> char * */
    struct bnc_map *servers; /* "host:port" -> struct server * */
    int64_t latency_us;
    struct bnc_listener *listeners;
    int next_port;

    struct bnc_map *files; /* path -> struct bnc_sim_file * */
    struct bnc_map *file_failures;
    struct bnc_dir_watch *dir_watches;
    uint64_t file_writes;
    uint64_t inodes;
    size_t file_room; /* bytes that can still be written; SIZE_MAX: no limit */
    bool has_symlinks;

    struct bnc_map *scripts; /* argv0 -> struct script * */
};

static inline struct bnc_sim *
bnc_sim_of(struct bnc_world *world)
{
    return (struct bnc_sim *)world;
}

static inline struct bnc_sim *
bnc_sim_of_handle(const void *handle)
{
    return (struct bnc_sim *)((const struct bnc_world_handle *)handle)->world;
}

/* ---- world_events.c ---- */

void bnc_sim_seed(struct bnc_sim *sim, uint64_t seed);
uint64_t bnc_sim_draw(struct bnc_sim_rng *rng);

/* ---- world.c ---- */

void bnc_sim_handle_open(struct bnc_sim *sim, struct bnc_sim_handle *handle,
                         const char *kind, void (*destroy)(struct bnc_sim_handle *));
/* It may not be used any more; its memory goes later. */
void bnc_sim_handle_bury(struct bnc_sim *sim, struct bnc_sim_handle *handle);
/* Ends the program when the handle is dead. */
void bnc_sim_handle_check(const void *handle, const char *use);
int64_t bnc_sim_draw_latency(struct bnc_sim *sim);
/* Put the event off, if what it happens to stands still. */
bool bnc_sim_defer(struct bnc_sim *sim, struct bnc_sim_event *event, unsigned process);
/* Count an operation; true: it has to fail. */
bool bnc_sim_operation(struct bnc_sim *sim, const char *what);

/* ---- world_http.c ---- */

struct bnc_http_call *
bnc_sim_http_start(struct bnc_world *world, const struct bnc_http_request *request,
                   const struct bnc_http_client_ops *ops, void *arg);
void bnc_sim_http_cancel(struct bnc_http_call *call);
const char *bnc_sim_http_header(struct bnc_http_call *call, const char *name);
void bnc_sim_http_drop(struct bnc_world *world);
void bnc_sim_http_free(struct bnc_sim *sim);

/* ---- world_listen.c ---- */

enum bnc_code bnc_sim_listen(struct bnc_world *world, const char *address,
                             size_t max_body, bnc_http_handler_fn fn, void *arg,
                             struct bnc_listener **out, struct bnc_error *err);
int bnc_sim_listener_port(const struct bnc_listener *listener);
void bnc_sim_listener_free(struct bnc_listener *listener);
void bnc_sim_answer(struct bnc_http_exchange *exchange, int status,
                    const char *content_type, struct bnc_bytes body);

/* ---- world_files.c ---- */

enum bnc_code
bnc_sim_file_read(struct bnc_world *world, const char *path, size_t max_bytes,
                  struct bnc_arena *arena, struct bnc_bytes *out, struct bnc_error *err);
enum bnc_code
bnc_sim_file_write(struct bnc_world *world, const char *path, struct bnc_bytes bytes,
                   unsigned mode, struct bnc_error *err);
enum bnc_code
bnc_sim_file_remove(struct bnc_world *world, const char *path, struct bnc_error *err);
enum bnc_file_type bnc_sim_file_type(struct bnc_world *world, const char *path);
enum bnc_code
bnc_sim_dir_list(struct bnc_world *world, const char *path, size_t max_names,
                 struct bnc_arena *arena, const char ***out, struct bnc_error *err);
enum bnc_code
bnc_sim_dir_watch_new(struct bnc_world *world, const char *path, bnc_fn fn, void *arg,
                      struct bnc_dir_watch **out, struct bnc_error *err);
void bnc_sim_dir_watch_free(struct bnc_dir_watch *watch);
void bnc_sim_files_free(struct bnc_sim *sim);

/*
 * `path` without what does not matter, and with the symbolic links on the way
 * replaced by what they lead to; with `follow` the last name as well.
 * Owns: the caller, with free().  NULL when it is to fail, as `err` says then.
 */
char *
bnc_sim_locate(struct bnc_sim *sim, const char *path, bool follow, struct bnc_error *err);
struct bnc_sim_file *bnc_sim_file_new(struct bnc_sim *sim);
void bnc_sim_file_unlink(struct bnc_sim_file *file); /* NULL is ignored */
/* Put `file` at this located path, folders above included, and tell the watches. */
void bnc_sim_file_set(struct bnc_sim *sim, const char *path, struct bnc_sim_file *file);
/* Forget the file, or the folder and what is below it, and tell the watches. */
void bnc_sim_file_drop(struct bnc_sim *sim, const char *folder);
bool bnc_sim_is_below(const char *path, const char *folder); /* or the folder itself */
/* "no space left", when there is none for `n` bytes; else they are taken. */
enum bnc_code
bnc_sim_take_room(struct bnc_sim *sim, const char *path, size_t n, struct bnc_error *err);

/* ---- world_links.c ---- */

enum bnc_code
bnc_sim_file_scan(struct bnc_world *world, const char *path, size_t max_bytes,
                  bnc_file_piece_fn fn, void *arg, struct bnc_error *err);
enum bnc_code
bnc_sim_file_create(struct bnc_world *world, const char *path, unsigned mode,
                    struct bnc_file **out, struct bnc_error *err);
enum bnc_code
bnc_sim_file_append(struct bnc_file *file, struct bnc_bytes bytes, struct bnc_error *err);
enum bnc_code bnc_sim_file_close(struct bnc_file *file, bool sync, struct bnc_error *err);
void bnc_sim_file_abandon(struct bnc_file *file);
enum bnc_code bnc_sim_file_link(struct bnc_world *world, const char *from, const char *to,
                                struct bnc_error *err);
enum bnc_code bnc_sim_file_rename(struct bnc_world *world, const char *from,
                                  const char *to, struct bnc_error *err);
enum bnc_code bnc_sim_file_stat(struct bnc_world *world, const char *path, bool follow,
                                struct bnc_file_info *out, struct bnc_error *err);
enum bnc_code bnc_sim_symlink_put(struct bnc_world *world, const char *target,
                                  const char *path, struct bnc_error *err);
enum bnc_code
bnc_sim_symlink_get(struct bnc_world *world, const char *path, struct bnc_arena *arena,
                    const char **out, struct bnc_error *err);
enum bnc_code bnc_sim_dir_make(struct bnc_world *world, const char *path, unsigned mode,
                               struct bnc_error *err);
enum bnc_code
bnc_sim_dir_sync(struct bnc_world *world, const char *path, struct bnc_error *err);
enum bnc_code bnc_sim_dir_remove(struct bnc_world *world, const char *path,
                                 size_t max_names, struct bnc_error *err);

/* ---- world_child.c ---- */

struct bnc_child *
bnc_sim_child_start(struct bnc_world *world, const struct bnc_child_request *request,
                    bnc_child_fn fn, void *arg);
void bnc_sim_child_cancel(struct bnc_child *child);
void bnc_sim_children_free(struct bnc_sim *sim);

#endif
