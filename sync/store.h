/*
 * The folder that a Prometheus reads: whole generations of files, swapped by one link.
 *
 *     OUT/current -> gen-<id>         what Prometheus reads
 *     OUT/proved  -> gen-<id>         what it was last proved to have loaded
 *     OUT/gen-<id>/prometheus.yml ...
 *     OUT/gen-<id>/.binnacle-index    our list: sha256, size, mode, name
 *     OUT/gen-<id>.tmp/               being written, or left by a crash
 *
 * A generation whose name is taken by one that must not be touched gets ".1".
 *
 * What a reader may rely on: whoever opened OUT/current/FILE finds every name of that
 * generation through OUT/current, across the next commit, rollback and crash, until
 * bnc_store_tidy() says that nobody needs it.  A name that stands for other bytes in
 * the next generation changes with the swap, as a whole; so what must not mix has its
 * hash in its name (jobs/01-ab12.yml), and only what is read alone (files/...) has not.
 *
 * One process writes to OUT.  Up to the swap nothing that is in use changes: after any
 * error the current generation is as it was, and the same can be tried again.
 */
#ifndef BNC_SYNC_STORE_H
#define BNC_SYNC_STORE_H

#include "lib/hash.h"
#include "net/world.h"

#define BNC_STORE_MAX_NAMES  8192                /* files of a generation */
#define BNC_STORE_MAX_FILE   ((size_t)256 << 20) /* bytes of a file */
#define BNC_STORE_MAX_NAME   512                 /* bytes of a name */
#define BNC_STORE_MAX_LEVELS 8                   /* parts of a name */
#define BNC_STORE_MAX_ID     32                  /* digits of an id */

struct bnc_store;
struct bnc_store_file; /* one that is being written */

/*
 * `out` is the folder OUT; nothing is touched yet.
 * Owns: the caller; `world` outlives it.
 */
struct bnc_store *bnc_store_new(struct bnc_world *world, const char *out);
/* The disk stays as it is.  Files that are being written are dropped.  NULL is ignored.
 */
void bnc_store_free(struct bnc_store *store);
BNC_DEFINE_AUTO(bnc_store);

/*
 * Make OUT, and read `current`, its index, and `proved`.  An index that is absent or
 * corrupt leaves the generation unknown; that is no error.  May be called again.
 * Errors: CONFLICT when OUT/current is there and no link; those of net/world.h.
 */
enum bnc_code
bnc_store_open(struct bnc_store *store, struct bnc_error *err) BNC_MUST_CHECK;

/* The id of the current generation; NULL: none, or unknown.  Borrowed until it changes.
 */
const char *bnc_store_current(const struct bnc_store *store);

/* 1 to 32 of 0-9 and a-f. */
bool bnc_store_id_valid(const char *id);
/*
 * Relative, of [-._0-9A-Za-z] and '/', 512 bytes and 8 parts at most, none of them
 * empty, "." or ".."; and not the index.
 */
bool bnc_store_name_valid(const char *name);

/*
 * Whether the current generation has `name` with this content, and the mode that it was
 * written with.  Told by size, time and inode, as noted after writing; by reading the
 * file when that is not known (after a start) or not the same any more.
 */
bool bnc_store_holds(struct bnc_store *store, const char *name, const char *sha256_hex);

/* ---- a new generation ------------------------------------------------------------ */

/*
 * Begin generation `id` in a fresh folder; one that had been begun is given up.  What
 * crashes left is removed, and unproved generations are, but for the last two.  To use
 * one that is still there as it is (a crash before the swap), try bnc_store_rollback().
 * Errors: INVALID for the id; those of net/world.h.
 */
enum bnc_code bnc_store_begin(struct bnc_store *store, const char *id,
                              struct bnc_error *err) BNC_MUST_CHECK;

/*
 * The new generation has this file of the current one: by a hard link, by a copy where
 * the file system has none.
 * Errors: NOT_FOUND when the current one has no such file, CONFLICT when the file is not
 *         as it was written (write it again), or the name is there already.
 */
enum bnc_code bnc_store_keep(struct bnc_store *store, const char *name,
                             struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Write a file of the new generation in pieces.  Several may be open at a time.
 * Owns: the caller, who ends it with bnc_store_end() or bnc_store_drop().
 * Errors: INVALID for the name, or when nothing has begun; CONFLICT when it is there.
 */
enum bnc_code
bnc_store_file(struct bnc_store *store, const char *name, unsigned mode,
               struct bnc_store_file **out, struct bnc_error *err) BNC_MUST_CHECK;
/*
 * After an error the file is still to be ended (that fails too) or dropped.
 * Errors: TOO_BIG over BNC_STORE_MAX_FILE; UNAVAILABLE: "no space left".
 */
enum bnc_code bnc_store_add(struct bnc_store_file *file, const char *bytes, size_t n,
                            struct bnc_error *err) BNC_MUST_CHECK;
/*
 * The file is complete, synced and listed; `file` is freed, whatever happens.
 * `sha256_hex` and `size` (bytes) are set on success; each may be NULL.
 */
enum bnc_code bnc_store_end(struct bnc_store_file *file, char sha256_hex[BNC_SHA256_HEX],
                            size_t *size, struct bnc_error *err) BNC_MUST_CHECK;
/* The generation has no such file.  NULL is ignored. */
void bnc_store_drop(struct bnc_store_file *file);

/*
 * Make the new generation the current one: index, left-over names, sync, rename, swap.
 * A left-over is a link to a file of the current or the proved generation whose name
 * the new one lacks.  After an error nothing is begun any more; begin again.
 * Errors: INVALID when nothing has begun or a file is open; those of net/world.h.
 */
enum bnc_code
bnc_store_commit(struct bnc_store *store, struct bnc_error *err) BNC_MUST_CHECK;

/* Give up what has begun, and free its space.  Open files are still to be dropped. */
void bnc_store_cancel(struct bnc_store *store);

/* ---- older generations ------------------------------------------------------------ */

/*
 * Let `current` lead to a generation that is there, after reading all its files; what
 * the one before has, and it lacks, is left over in it as in bnc_store_commit().  With
 * the current id, the link is put again.
 * Errors: NOT_FOUND: there is none, or it has no index; CONFLICT: it is not as it was
 *         written.
 */
enum bnc_code bnc_store_rollback(struct bnc_store *store, const char *id,
                                 struct bnc_error *err) BNC_MUST_CHECK;

/*
 * The current generation is proved to be loaded: note that in `proved`, and remove
 * left-over names from it, and all generations but it, `keep_id` (NULL: none) and the
 * one that has been begun.
 * Errors: NOT_FOUND without a known generation; the first of what could not be removed
 *         (the rest is).
 */
enum bnc_code bnc_store_tidy(struct bnc_store *store, const char *keep_id,
                             struct bnc_error *err) BNC_MUST_CHECK;

/*
 * A generation that is to stay as if it were kept by bnc_store_tidy(), until that is
 * called: one that was refused, and is still to be looked at.
 */
void bnc_store_hold(struct bnc_store *store, const char *id);

/* ---- looking at it ------------------------------------------------------------------
 */

/* `name` is missing, or somebody has changed it. */
typedef void (*bnc_store_check_fn)(void *arg, const char *name, bool missing);
/*
 * How many names of the current generation are not as they were written, by a look at
 * size, mode, time and inode, without reading; the link itself counts as "current".
 * `fn` may be NULL.
 */
size_t bnc_store_check(const struct bnc_store *store, bnc_store_check_fn fn, void *arg);

/*
 * Where `name` is: in the generation that has begun when it has it, else in the current
 * one; NULL: in neither.
 * Owns: the arena.
 */
const char *
bnc_store_path(const struct bnc_store *store, const char *name, struct bnc_arena *arena);

#endif
