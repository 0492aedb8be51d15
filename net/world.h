/*
 * The world as an interface: clocks, timers, randomness, HTTP, files, folders,
 * children.  net/real_*.c talks to the machine; tests/sim has virtual time and
 * faults.  Nothing outside net/ and cmd/ touches the machine in another way.
 *
 * One thread.  One callback at a time, in the order (time, sequence number).
 * No callback runs inside the call that asked for it.
 */
#ifndef BNC_NET_WORLD_H
#define BNC_NET_WORLD_H

#include "lib/arena.h"
#include "lib/error.h"
#include "lib/str.h"

struct bnc_world; /* opaque: real or simulated */
struct bnc_timer;
struct bnc_http_call;
struct bnc_listener;
struct bnc_http_exchange; /* one request that a listener has to answer */
struct bnc_dir_watch;
struct bnc_file; /* one that is being written */
struct bnc_child;

typedef void (*bnc_fn)(void *arg);

/* ---- life ---------------------------------------------------------------------- */

void bnc_world_free(struct bnc_world *world);

/* Run callbacks until bnc_world_stop() is called (0), or nothing is left to wait for. */
void bnc_world_run(struct bnc_world *world);
void bnc_world_stop(struct bnc_world *world);

/* `fn` runs on SIGTERM and SIGINT (a second one ends the process with status 1). */
void bnc_world_on_stop(struct bnc_world *world, bnc_fn fn, void *arg);

/* ---- clocks, randomness, environment ------------------------------------------- */

int64_t bnc_world_mono_ms(struct bnc_world *world); /* for timers */
int64_t bnc_world_mono_us(struct bnc_world *world); /* for the length of a turn */
int64_t bnc_world_boot_ms(struct bnc_world *world); /* counts suspends: for Leases */
int64_t bnc_world_wall_ms(struct bnc_world *world); /* since 1970: status, certificates */
uint64_t bnc_world_random(struct bnc_world *world); /* all bits random, seeded */

/* A value of the environment, NULL when unset.  Borrowed for the world's life. */
const char *bnc_world_getenv(struct bnc_world *world, const char *name);

/* ---- timers -------------------------------------------------------------------- */

/* Owns: the caller.  Fires once per bnc_timer_set(). */
struct bnc_timer *bnc_timer_new(struct bnc_world *world, bnc_fn fn, void *arg);
void bnc_timer_free(struct bnc_timer *timer); /* NULL is ignored */
void
bnc_timer_set(struct bnc_timer *timer, int64_t delay_ms); /* 0: next turn; replaces */
void bnc_timer_stop(struct bnc_timer *timer);
bool bnc_timer_pending(const struct bnc_timer *timer);

/* ---- HTTP client --------------------------------------------------------------- */

/* Connections are shared inside a group only: a stalled one cannot stop the rest. */
enum bnc_http_group {
    BNC_HTTP_WATCH,
    BNC_HTTP_UNARY,
    BNC_HTTP_LEASE,
    BNC_HTTP_GROUP_COUNT
};

/* PEM text in memory; NULL: not set.  Borrowed until the call has started. */
struct bnc_tls_client {
    const char *ca_pem; /* NULL: the system's authorities */
    const char *cert_pem;
    const char *key_pem;
    const char *server_name; /* checked and sent instead of the URL's host */
    bool insecure;
};

struct bnc_http_request {
    enum bnc_http_group group;
    const char *method; /* "GET", "PATCH", ... */
    const char *url;
    const char *const *headers; /* "Name: value" lines, ended by NULL; may be NULL */
    struct bnc_bytes body;      /* copied */
    const struct bnc_tls_client *tls;
    const char *proxy;  /* NULL: none */
    int64_t timeout_ms; /* for the whole exchange */
    int64_t connect_ms; /* 0: 10 s */
    size_t max_bytes;   /* of the answer, all in all; 0: no limit (watches) */
    bool accept_gzip;
    /* may reach the server twice, as a GET may: is sent once more when the connection
       breaks before an answer */
    bool repeatable;
};

/* What the caller is told; each may be NULL. on_done comes exactly once, last. */
struct bnc_http_client_ops {
    /* status line and headers are there; `header` looks one up (see below) */
    void (*on_head)(void *arg, struct bnc_http_call *call, int status);
    /* some bytes of the (decoded) body; borrowed for this call */
    void (*on_data)(void *arg, struct bnc_http_call *call, const char *bytes, size_t n);
    /* err->code is BNC_OK when a whole answer came, whatever its status */
    void (*on_done)(void *arg, struct bnc_http_call *call, int status,
                    const struct bnc_error *err);
};

/*
 * Start a request.  Everything in `request` is copied.
 * Owns: the world; the handle is valid until on_done returned or it was
 *       cancelled.
 */
struct bnc_http_call *
bnc_http_start(struct bnc_world *world, const struct bnc_http_request *request,
               const struct bnc_http_client_ops *ops, void *arg);
/* End it without any further callback.  Allowed inside its own on_head and on_data. */
void bnc_http_cancel(struct bnc_http_call *call);
/*
 * A header of the answer by name (any case) from on_head on; NULL: not there.  ":status"
 * is there over HTTP/2 only.
 */
const char *bnc_http_header(struct bnc_http_call *call, const char *name);
/* Close idle connections of all groups: new certificates, new authorities. */
void bnc_http_drop_connections(struct bnc_world *world);

/* ---- HTTP server --------------------------------------------------------------- */

struct bnc_http_query {
    const char *method;
    const char *path;  /* decoded, without the query */
    const char *query; /* raw text after '?', or "" */
    struct bnc_bytes body;
    const char *authorization; /* the header of that name; NULL: there is none */
};

/* Answer with bnc_http_answer() exactly once, inside or after the callback. */
typedef void (*bnc_http_handler_fn)(void *arg, struct bnc_http_exchange *exchange,
                                    const struct bnc_http_query *query);

/*
 * Listen on `address` ("127.0.0.1:8080", ":8081", "[::1]:0"); HTTP/1.1, headers
 * up to 64 KiB, bodies up to `max_body` bytes, 32 s to send a request.
 * Errors: INVALID for the address, CONFLICT when it is taken, DENIED.
 */
enum bnc_code bnc_listen(struct bnc_world *world, const char *address, size_t max_body,
                         bnc_http_handler_fn fn, void *arg, struct bnc_listener **out,
                         struct bnc_error *err) BNC_MUST_CHECK;
/*
 * From the next connection on talk HTTPS, with this certificate (and those that lead to
 * its authority) and its key, as PEM; both NULL: with one made here, signed by itself.
 * Errors: INVALID when they are of no use; what was set before stays.
 */
enum bnc_code bnc_listener_tls(struct bnc_listener *listener, const char *cert_pem,
                               const char *key_pem, struct bnc_error *err) BNC_MUST_CHECK;
int bnc_listener_port(const struct bnc_listener *listener);
void bnc_listener_free(struct bnc_listener *listener); /* NULL is ignored */
void bnc_http_answer(struct bnc_http_exchange *exchange, int status,
                     const char *content_type, struct bnc_bytes body);

/* ---- files --------------------------------------------------------------------- */

/* Errors: NOT_FOUND, DENIED, TOO_BIG (over max_bytes). `out` ends in NUL as well. */
enum bnc_code bnc_file_read(struct bnc_world *world, const char *path, size_t max_bytes,
                            struct bnc_arena *arena, struct bnc_bytes *out,
                            struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Replace a file as one step (temporary name, fsync, rename); missing folders are
 * made with mode 0755, 0700 when the file's mode gives nothing to others.
 */
enum bnc_code
bnc_file_write(struct bnc_world *world, const char *path, struct bnc_bytes bytes,
               unsigned mode, struct bnc_error *err) BNC_MUST_CHECK;
/* NOT_FOUND is an error too; ignore it where that is right. */
enum bnc_code bnc_file_remove(struct bnc_world *world, const char *path,
                              struct bnc_error *err) BNC_MUST_CHECK;

enum bnc_file_type {
    BNC_FILE_NONE, /* does not exist */
    BNC_FILE_REGULAR,
    BNC_FILE_FOLDER,
    BNC_FILE_OTHER
};
enum bnc_file_type
bnc_file_type(struct bnc_world *world, const char *path); /* follows links */

/*
 * The names in a folder in byte order, without "." and "..", ended by NULL.
 * Errors: NOT_FOUND, DENIED, TOO_BIG (over max_names).
 */
enum bnc_code bnc_dir_list(struct bnc_world *world, const char *path, size_t max_names,
                           struct bnc_arena *arena, const char ***out,
                           struct bnc_error *err) BNC_MUST_CHECK;

/*
 * `fn` runs after something below `path` changed (any depth, up to 1 000
 * folders), and once after an overflow: the watcher reads again, whatever it was.
 */
enum bnc_code
bnc_dir_watch_new(struct bnc_world *world, const char *path, bnc_fn fn, void *arg,
                  struct bnc_dir_watch **out, struct bnc_error *err) BNC_MUST_CHECK;
void bnc_dir_watch_free(struct bnc_dir_watch *watch); /* NULL is ignored */

/* ---- files in pieces, links, folders --------------------------------------------- */

/*
 * What these calls have in common.
 * Errors: NOT_FOUND, DENIED (EACCES, EPERM, EROFS), CONFLICT (the name is taken),
 *         INVALID (of the wrong type, a loop of links, another file system),
 *         UNAVAILABLE: "no space left" (ENOSPC, EDQUOT), or the device failed.
 */

/* Some bytes of a file, borrowed for this call; false: no more are wanted. */
typedef bool (*bnc_file_piece_fn)(void *arg, const char *bytes, size_t n);

/*
 * Read a file piece by piece, so that it is never held whole; links are followed.
 * Errors: as bnc_file_read(); `fn` may then have been given a part.
 */
enum bnc_code
bnc_file_scan(struct bnc_world *world, const char *path, size_t max_bytes,
              bnc_file_piece_fn fn, void *arg, struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Begin to write a file in pieces.  `path` appears, or is replaced, as one step in
 * bnc_file_close(); missing folders are made as bnc_file_write() does.
 * Owns: the caller, who ends it with bnc_file_close() or bnc_file_abandon().
 */
enum bnc_code
bnc_file_create(struct bnc_world *world, const char *path, unsigned mode,
                struct bnc_file **out, struct bnc_error *err) BNC_MUST_CHECK;
/* After an error the file is still to be closed or abandoned. */
enum bnc_code bnc_file_append(struct bnc_file *file, struct bnc_bytes bytes,
                              struct bnc_error *err) BNC_MUST_CHECK;
/*
 * Give the file its name; `file` is freed, whatever happens.  An append that had
 * failed fails this too, and then nothing is left behind.  With `sync` the bytes
 * survive a power cut; the name does so after bnc_dir_sync() of its folder.
 */
enum bnc_code
bnc_file_close(struct bnc_file *file, bool sync, struct bnc_error *err) BNC_MUST_CHECK;
/* Leave nothing behind and free `file`.  NULL is ignored. */
void bnc_file_abandon(struct bnc_file *file);

/*
 * A second name for a file (a hard link), never a copy.  `to` must not exist; a
 * link is not followed.  Folders are not made.
 * Errors: INVALID where the file system has no such thing, or no more of them.
 */
enum bnc_code bnc_file_link(struct bnc_world *world, const char *from, const char *to,
                            struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Move a file, a link or a folder as one step; a file replaces a file, a folder only
 * an empty one.  Survives a power cut after bnc_dir_sync() of both folders.
 */
enum bnc_code bnc_file_rename(struct bnc_world *world, const char *from, const char *to,
                              struct bnc_error *err) BNC_MUST_CHECK;

struct bnc_file_info {
    enum bnc_file_type type; /* a link that is not followed: BNC_FILE_OTHER */
    bool link;               /* it is a symbolic link */
    uint64_t size;           /* bytes */
    int64_t mtime_ns;        /* since 1970 */
    uint64_t inode;          /* equal for all hard links of one file */
    uint64_t links;          /* hard links, this one counted */
    unsigned mode;           /* the permission bits, 07777 */
};
/* With `follow`, what a link leads to; without, the link itself. */
enum bnc_code
bnc_file_stat(struct bnc_world *world, const char *path, bool follow,
              struct bnc_file_info *out, struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Make `path` a symbolic link to `target`, or let the link that it is lead there, as
 * one step: there is no moment without it.  The folder is synced.
 * Errors: INVALID or CONFLICT when a folder stands there.
 */
enum bnc_code bnc_symlink_put(struct bnc_world *world, const char *target,
                              const char *path, struct bnc_error *err) BNC_MUST_CHECK;
/* The text of a link.  Errors: INVALID when it is something else. */
enum bnc_code
bnc_symlink_get(struct bnc_world *world, const char *path, struct bnc_arena *arena,
                const char **out, struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Make a folder and those above it; one that exists is left as it is.
 * Errors: CONFLICT or NOT_FOUND when something on the way is no folder.
 */
enum bnc_code bnc_dir_make(struct bnc_world *world, const char *path, unsigned mode,
                           struct bnc_error *err) BNC_MUST_CHECK;
/* The names in this folder survive a power cut. */
enum bnc_code bnc_dir_sync(struct bnc_world *world, const char *path,
                           struct bnc_error *err) BNC_MUST_CHECK;
/*
 * Remove a folder with all that is in it.  No link is followed; `max_names` and
 * 16 levels are the most that it takes on.
 * Errors: INVALID when `path` is no folder or something in it is no file, folder or
 *         link; TOO_BIG.  What came before that is gone.
 */
enum bnc_code bnc_dir_remove(struct bnc_world *world, const char *path, size_t max_names,
                             struct bnc_error *err) BNC_MUST_CHECK;

/* ---- children ------------------------------------------------------------------ */

struct bnc_child_request {
    const char *const *argv; /* argv[0] is looked up in PATH; no shell */
    const char *const *env;  /* "NAME=value" added to our own; may be NULL */
    struct bnc_bytes input;  /* standard input, copied */
    int64_t timeout_ms;      /* then it is killed */
    size_t max_output;       /* bytes of each of stdout and stderr; over it: killed */
};
/* err: TIMEOUT, TOO_BIG, NOT_FOUND; BNC_OK when it ended by itself, with exit_status. */
typedef void (*bnc_child_fn)(void *arg, int exit_status, struct bnc_bytes output,
                             struct bnc_bytes errors, const struct bnc_error *err);
struct bnc_child *
bnc_child_start(struct bnc_world *world, const struct bnc_child_request *request,
                bnc_child_fn fn, void *arg);
void bnc_child_cancel(struct bnc_child *child); /* kills it; no callback */

#endif
