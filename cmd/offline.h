/*
 * One pass without a cluster: what render, lint and run --from share.
 */
#ifndef BNC_CMD_OFFLINE_H
#define BNC_CMD_OFFLINE_H

#include "cmd/findings.h"
#include "cmd/options.h"
#include "controller/controller.h"
#include "source/dir.h"

struct bnc_offline {
    struct bnc_arena *arena;
    struct bnc_world *world;
    struct bnc_source *source;
    struct bnc_controller *controller;
    struct bnc_settings settings;
    struct bnc_findings found; /* by the last bnc_offline_collect() */
    struct bnc_findings fresh; /* problems of reading, not collected yet */
    struct bnc_map *broken;    /* files that had some */
    size_t read_problems;      /* so far */
    bool once;
    bool failed;               /* a write failed in the only pass */
    uint64_t told;             /* what the last summary was made of; 0: there was none */
    struct bnc_timer *trouble; /* a file that can't be read settles nothing */
};

/*
 * Read what options->paths (or `from`) name and work until nothing is left to
 * do; with `from` and without `once` the world runs on, `on_settled` tells.
 * Owns: the caller, bnc_offline_free(), also after an error.
 */
enum bnc_code
bnc_offline_start(struct bnc_offline *offline, const struct bnc_options *options,
                  void (*on_settled)(void *, struct bnc_controller *),
                  struct bnc_error *err) BNC_MUST_CHECK;
void bnc_offline_free(struct bnc_offline *offline);

/* What reading, compiling and planning find now, into `found`. */
void bnc_offline_collect(struct bnc_offline *offline);

#endif
