/*
 * One pass without a cluster: what render, lint and run --from share.
 */
#ifndef BNC_CMD_OFFLINE_H
#define BNC_CMD_OFFLINE_H

#include "cmd/options.h"
#include "controller/controller.h"
#include "source/dir.h"

/* Something to be said about the input, sorted by place. */
struct bnc_finding {
    const char *file; /* "" when it has no place */
    size_t line;
    size_t column;
    const char *object; /* "ScrapePolicy shop/web", or "" */
    const char *reason;
    const char *text; /* field, message and remedy */
    bool warning;
};

struct bnc_offline {
    struct bnc_arena *arena;
    struct bnc_world *world;
    struct bnc_source *source;
    struct bnc_controller *controller;
    struct bnc_settings settings;
    struct bnc_finding *findings;
    size_t n_findings;
    size_t room;
    size_t read_problems; /* findings of the reading itself, which come first */
    bool once;
    bool failed;   /* a write failed in the only pass */
    uint64_t told; /* what the last summary was made of */
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

/*
 * Add what compiling and planning find now to the findings, with the place of
 * each field, and sort them.
 */
void bnc_offline_collect(struct bnc_offline *offline);

/* "file:line:column: object: text [Reason]" for each, to `to` (a FILE *). */
void bnc_offline_print(const struct bnc_offline *offline, void *to, bool json);

#endif
