/*
 * Texts for probes with rule groups: a main document that runs, and one file more; groups
 * that are read and never evaluated.
 */
#ifndef BNC_SYNC_SEARCH_TEXT_H
#define BNC_SYNC_SEARCH_TEXT_H

#include "sync/jobs.h"
#include "sync/store.h"

/* Where the text of a group is. */
struct bnc_group_place {
    size_t file;
    uint64_t first; /* lines */
    uint64_t last;
};

/*
 * Copy the main document at `path` with `file` as the first of its rule_files; `keep`:
 * its own stay, else they are left out.
 * Errors: those of reading and writing.
 */
enum bnc_code
bnc_probe_root(struct bnc_world *world, const char *path, const char *file, bool keep,
               struct bnc_store_file *to, struct bnc_error *err) BNC_MUST_CHECK;

/*
 * Copy the groups at `places`, all in the file at `path` and in its order, as items below
 * `groups:`.  Their interval becomes a hundred years: Prometheus checks them as ever, and
 * evaluates a group for the first time within one interval.
 * Errors: those of reading and writing.
 */
enum bnc_code
bnc_probe_groups(struct bnc_world *world, const char *path,
                 const struct bnc_group_place *places, size_t n,
                 struct bnc_store_file *to, struct bnc_error *err) BNC_MUST_CHECK;

#define BNC_GROUP_EXPRS_MAX 1000

/*
 * The expressions of the group at `place`, in order, the first BNC_GROUP_EXPRS_MAX; gives
 * how many.
 * Owns: `out` lives in `arena`.
 */
size_t bnc_group_exprs(struct bnc_world *world, const char *path,
                       const struct bnc_group_place *place, struct bnc_arena *arena,
                       const char ***out);

#endif
