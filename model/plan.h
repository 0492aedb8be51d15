/*
 * What an Observatory makes of its members: units to be lowered, verdicts,
 * documents.  Made anew in full whenever a member changed: it copies nothing
 * and parses nothing.
 */
#ifndef BNC_MODEL_PLAN_H
#define BNC_MODEL_PLAN_H

#include "model/ir.h"

/* A compiled object as the plan sees it. */
struct bnc_member {
    const struct bnc_object *object;
    const struct bnc_ir *ir;
    uint64_t version; /* grows with each compile: equal means the same IR */
};

/* What an Observatory says of one member. */
struct bnc_verdict {
    const struct bnc_member *member;
    bool selected;
    bool accepted;
    bool pending;
    const struct bnc_diag *why; /* the first error or warning; NULL: none */
    size_t n_why;
    size_t jobs; /* units that it gave */
};

/* One scrape job to be lowered: the same `stamp` gives the same bytes. */
struct bnc_unit {
    const char *job_name;
    uint64_t stamp;
    const void *source; /* for it */
    size_t verdict;     /* index of the verdict it belongs to; SIZE_MAX: none */
};

struct bnc_plan {
    struct bnc_arena *arena;
    const struct bnc_member *observatory;
    struct bnc_verdict *verdicts; /* in byte order of kind, namespace, name */
    size_t n_verdicts;
    struct bnc_unit *units; /* in byte order of job names */
    size_t n_units;
    struct bnc_asset *assets; /* sorted by file, without repeats */
    size_t n_assets;
    size_t annotated_workloads;
    struct bnc_diags diags; /* what is wrong with the Observatory as a whole */
    bool pending;
    void *state; /* the planner's own */
};

/* The document around the jobs of one shard. */
struct bnc_frame_ask {
    int64_t shard;
    const char *const *files; /* of jobs, named in it; NULL: the jobs stand in it */
    size_t n_files;
};

struct bnc_frame {
    struct bnc_bytes head; /* ends where the first job begins */
    struct bnc_bytes tail; /* raw jobs, or nothing */
};

/* One more object with one text, beside the configuration. */
struct bnc_document {
    enum bnc_kind kind; /* Secret or ConfigMap */
    const char *ns;
    const char *name;
    const char *key; /* of the text in its data */
    struct bnc_bytes bytes;
};

/* How an Observatory's members become documents: a row of functions for the engine. */
struct bnc_planner {
    /*
     * Begin to plan in full.  `members` are all compiled objects, in byte order of
     * (kind, namespace, name).  `out` lives in `arena` and borrows from the members
     * until one of them is compiled again; it stays where it is.
     */
    void (*begin)(const struct bnc_member *observatory,
                  const struct bnc_member *const *members, size_t n_members,
                  struct bnc_arena *arena, struct bnc_plan *out);
    /* Do the next piece of work, below a millisecond.  True: the plan is made. */
    bool (*step)(struct bnc_plan *plan);
    /* Give up a plan, made or not: what it has outside of its arena is released. */
    void (*drop)(struct bnc_plan *plan);
    /* The bytes of one unit for one shard; warnings go to `diags`. */
    enum bnc_code (*lower)(const struct bnc_plan *plan, size_t unit, int64_t shard,
                           struct bnc_arena *arena, struct bnc_bytes *out,
                           struct bnc_diags *diags, struct bnc_error *err);
    /* What stands before and after the jobs of one shard. */
    enum bnc_code (*frame)(const struct bnc_plan *plan, const struct bnc_frame_ask *ask,
                           struct bnc_arena *arena, struct bnc_frame *out,
                           struct bnc_diags *diags, struct bnc_error *err);
    /* Add one to counts[i] for each verdict i whose jobs scrape the pod. */
    void (*count)(const struct bnc_plan *plan, const struct bnc_object *pod,
                  uint32_t *counts);
    /* How many documents there are, at least 1; and where they go. */
    int64_t (*shards)(const struct bnc_plan *plan);
    const struct bnc_output_spec *(*output)(const struct bnc_plan *plan);
    /*
     * What else is written, none of it needed by the jobs; gives how many there
     * are.  One that can't be made is left out, with an error in `diags`.
     * Owns:   `arena`; the names may be borrowed from the plan.
     */
    size_t (*documents)(const struct bnc_plan *plan, struct bnc_arena *arena,
                        struct bnc_document **out, struct bnc_diags *diags);
};

#endif
