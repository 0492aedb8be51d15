/*
 * How a world is built: the table behind net/world.h.  Included by the worlds
 * themselves (net/real.c, tests/sim), by nobody else.
 */
#ifndef BNC_NET_WORLD_OPS_H
#define BNC_NET_WORLD_OPS_H

#include "net/world.h"

/* One row for each function of world.h; handles begin with a struct bnc_world *. */
struct bnc_world_ops {
    void (*free)(struct bnc_world *);
    void (*run)(struct bnc_world *);
    void (*stop)(struct bnc_world *);
    void (*on_stop)(struct bnc_world *, bnc_fn, void *);
    int64_t (*mono_us)(struct bnc_world *);
    int64_t (*boot_ms)(struct bnc_world *);
    int64_t (*wall_ms)(struct bnc_world *);
    uint64_t (*random)(struct bnc_world *);
    const char *(*getenv)(struct bnc_world *, const char *);

    struct bnc_timer *(*timer_new)(struct bnc_world *, bnc_fn, void *);
    void (*timer_free)(struct bnc_timer *);
    void (*timer_set)(struct bnc_timer *, int64_t);
    void (*timer_stop)(struct bnc_timer *);
    bool (*timer_pending)(const struct bnc_timer *);

    struct bnc_http_call *(*http_start)(struct bnc_world *,
                                        const struct bnc_http_request *,
                                        const struct bnc_http_client_ops *, void *);
    void (*http_cancel)(struct bnc_http_call *);
    const char *(*http_header)(struct bnc_http_call *, const char *);
    void (*http_drop)(struct bnc_world *);

    enum bnc_code (*listen)(struct bnc_world *, const char *, size_t, bnc_http_handler_fn,
                            void *, struct bnc_listener **, struct bnc_error *);
    /* NULL: this world has none */
    enum bnc_code (*listener_tls)(struct bnc_listener *, const char *, const char *,
                                  struct bnc_error *);
    int (*listener_port)(const struct bnc_listener *);
    void (*listener_free)(struct bnc_listener *);
    void (*answer)(struct bnc_http_exchange *, int, const char *, struct bnc_bytes);

    enum bnc_code (*file_read)(struct bnc_world *, const char *, size_t,
                               struct bnc_arena *, struct bnc_bytes *,
                               struct bnc_error *);
    enum bnc_code (*file_write)(struct bnc_world *, const char *, struct bnc_bytes,
                                unsigned, struct bnc_error *);
    enum bnc_code (*file_remove)(struct bnc_world *, const char *, struct bnc_error *);
    enum bnc_file_type (*file_type)(struct bnc_world *, const char *);
    enum bnc_code (*dir_list)(struct bnc_world *, const char *, size_t,
                              struct bnc_arena *, const char ***, struct bnc_error *);
    enum bnc_code (*dir_watch_new)(struct bnc_world *, const char *, bnc_fn, void *,
                                   struct bnc_dir_watch **, struct bnc_error *);
    void (*dir_watch_free)(struct bnc_dir_watch *);

    enum bnc_code (*file_scan)(struct bnc_world *, const char *, size_t,
                               bnc_file_piece_fn, void *, struct bnc_error *);
    enum bnc_code (*file_create)(struct bnc_world *, const char *, unsigned,
                                 struct bnc_file **, struct bnc_error *);
    enum bnc_code (*file_append)(struct bnc_file *, struct bnc_bytes, struct bnc_error *);
    enum bnc_code (*file_close)(struct bnc_file *, bool, struct bnc_error *);
    void (*file_abandon)(struct bnc_file *);
    enum bnc_code (*file_link)(struct bnc_world *, const char *, const char *,
                               struct bnc_error *);
    enum bnc_code (*file_rename)(struct bnc_world *, const char *, const char *,
                                 struct bnc_error *);
    enum bnc_code (*file_stat)(struct bnc_world *, const char *, bool,
                               struct bnc_file_info *, struct bnc_error *);
    enum bnc_code (*symlink_put)(struct bnc_world *, const char *, const char *,
                                 struct bnc_error *);
    enum bnc_code (*symlink_get)(struct bnc_world *, const char *, struct bnc_arena *,
                                 const char **, struct bnc_error *);
    enum bnc_code (*dir_make)(struct bnc_world *, const char *, unsigned,
                              struct bnc_error *);
    enum bnc_code (*dir_sync)(struct bnc_world *, const char *, struct bnc_error *);
    enum bnc_code (*dir_remove)(struct bnc_world *, const char *, size_t,
                                struct bnc_error *);

    struct bnc_child *(*child_start)(struct bnc_world *, const struct bnc_child_request *,
                                     bnc_child_fn, void *);
    void (*child_cancel)(struct bnc_child *);
};

/* The first member of every world, and what every handle's first member points to. */
struct bnc_world {
    const struct bnc_world_ops *ops;
};
/* The first member of every timer, call, listener, exchange, file, watch and child. */
struct bnc_world_handle {
    struct bnc_world *world;
};

#endif
