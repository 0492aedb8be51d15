/*
 * The marker: a job without targets in the main file, so that the running server has a
 * scrape pool of its name if and only if it has this generation.  The whole answer of
 * /api/v1/status/config would tell as much, and costs Prometheus gigabytes at 20 MB.
 *
 * Prometheus keeps some series for each name that a job ever had: there are only
 * BNC_MARKERS names, taken in turn.
 */
#ifndef BNC_SYNC_MARKER_H
#define BNC_SYNC_MARKER_H

#include "sync/store.h"

#define BNC_MARKERS    16
#define BNC_MARKER_JOB "binnacle.dev/generation-"
#define BNC_MARKER_MAX 32 /* bytes of a name, its end included */

/* The marker in a main file; "" when it has none or cannot be read. */
void bnc_marker_read(struct bnc_world *world, const char *path, char out[BNC_MARKER_MAX]);

/*
 * A marker for generation `id` that is none of the two that may be running: of what is
 * on disk, and of what was proved last; "" for none.
 */
void bnc_marker_choose(const char *id, const char *on_disk, const char *proved,
                       char out[BNC_MARKER_MAX]);

#endif
