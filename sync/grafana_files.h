/*
 * The folder that a Grafana reads, as far as it is ours:
 *
 *     OUT/datasources/KEY                          the provisioning file
 *     OUT/dashboards/binnacle-NS.NAME.yaml         says where the dashboards are
 *     OUT/dashboards/binnacle-NS.NAME/FOLDER/X.json
 *     OUT/.binnacle-NS.NAME/proved.yaml            what Grafana has taken: to go back to
 *
 * Grafana may read at any moment, so every file is replaced by a rename.  Files of
 * others are never changed: a YAML file of ours begins with a line that says whose it
 * is, and the folder of dashboards is ours.  Several syncs may share OUT, one for each
 * Observatory.
 */
#ifndef BNC_SYNC_GRAFANA_FILES_H
#define BNC_SYNC_GRAFANA_FILES_H

#include "lib/hash.h"
#include "net/world.h"

#define BNC_GSYNC_FILE_MAX  ((size_t)4 * 1024 * 1024) /* bytes of a file */
#define BNC_GSYNC_NAMES_MAX 4096                      /* files of a folder */

struct bnc_gsync_files; /* opaque */

/* How a file was written; another one, or none, is not as it was written. */
struct bnc_gsync_stamp {
    bool there;
    uint64_t size;
    int64_t mtime_ns;
    uint64_t inode;
};

/* Owns: the caller; `world` outlives it.  Nothing is touched yet. */
struct bnc_gsync_files *bnc_gsync_files_new(struct bnc_world *world, const char *out,
                                            const char *ns, const char *observatory);
void bnc_gsync_files_free(struct bnc_gsync_files *files); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_gsync_files);

/*
 * Make the folders, and write the file that leads Grafana to the dashboards unless it is
 * there as it has to be.  May be called again.
 * Errors: CONFLICT when a file of its name is of somebody else; those of net/world.h.
 */
enum bnc_code
bnc_gsync_files_open(struct bnc_gsync_files *files, struct bnc_error *err) BNC_MUST_CHECK;

/* The path of something below OUT, as "datasources/x.yaml".  Owns: the arena. */
const char *bnc_gsync_files_path(const struct bnc_gsync_files *files, const char *name,
                                 struct bnc_arena *arena);
/* The name below OUT of a dashboard with a path of bnc_gsync_board_path(). */
const char *bnc_gsync_files_board(const struct bnc_gsync_files *files, const char *path,
                                  struct bnc_arena *arena);

/* ---- the provisioning file ------------------------------------------------------ */

/*
 * The content of datasources/`key` without our line; `out` is empty when there is no
 * file, or it is of somebody else.
 * Owns: the arena.
 */
void bnc_gsync_files_sources(const struct bnc_gsync_files *files, const char *key,
                             struct bnc_arena *arena, struct bnc_bytes *out);
/* Errors: CONFLICT when a file of somebody else has this name; those of net/world.h. */
enum bnc_code bnc_gsync_files_put_sources(struct bnc_gsync_files *files, const char *key,
                                          struct bnc_bytes text, bool secret,
                                          struct bnc_error *err) BNC_MUST_CHECK;
/*
 * Remove our files from the folder of datasources, all but `key` (NULL: all).
 * `removed` (may be NULL) says how many there were.
 */
enum bnc_code
bnc_gsync_files_drop_sources(struct bnc_gsync_files *files, const char *key,
                             size_t *removed, struct bnc_error *err) BNC_MUST_CHECK;

/* What Grafana has taken last, empty: not known.  Owns: the arena. */
void bnc_gsync_files_proved(const struct bnc_gsync_files *files, struct bnc_arena *arena,
                            struct bnc_bytes *out);
/* An empty text: it has taken that there is none. */
enum bnc_code
bnc_gsync_files_put_proved(struct bnc_gsync_files *files, struct bnc_bytes text,
                           struct bnc_error *err) BNC_MUST_CHECK;

/* ---- dashboards ------------------------------------------------------------------ */

/* `name` is below OUT.  False: there is no such file, or it cannot be read. */
bool bnc_gsync_files_digest(const struct bnc_gsync_files *files, const char *name,
                            char sha256_hex[BNC_SHA256_HEX]);
enum bnc_code
bnc_gsync_files_put_board(struct bnc_gsync_files *files, const char *name,
                          struct bnc_bytes text, struct bnc_error *err) BNC_MUST_CHECK;
/* And its folder when that is empty then.  One that is not there is no error. */
enum bnc_code bnc_gsync_files_drop_board(struct bnc_gsync_files *files, const char *name,
                                         struct bnc_error *err) BNC_MUST_CHECK;

typedef bool (*bnc_gsync_wanted_fn)(void *arg, const char *name);
/* Remove the *.json files of the folder of dashboards that are not wanted: how many. */
size_t bnc_gsync_files_sweep(struct bnc_gsync_files *files, bnc_gsync_wanted_fn wanted,
                             void *arg);

/* ---- looking at it ---------------------------------------------------------------- */

void bnc_gsync_files_stamp(const struct bnc_gsync_files *files, const char *name,
                           struct bnc_gsync_stamp *out);
/* False also when neither is there. */
bool
bnc_gsync_stamp_equal(const struct bnc_gsync_stamp *a, const struct bnc_gsync_stamp *b);

#endif
