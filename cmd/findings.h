/*
 * What is to be said about manifests: collected, each with its place, sorted,
 * printed for people or programs.
 */
#ifndef BNC_CMD_FINDINGS_H
#define BNC_CMD_FINDINGS_H

#include "lib/map.h"
#include "lib/yaml_in.h"
#include "model/diag.h"
#include "model/object.h"
#include "net/world.h"
#include "source/problem.h"

struct bnc_finding {
    const char *file; /* "" when it has no place */
    size_t line;      /* 0: the file as a whole */
    size_t column;
    const char *object; /* "ScrapePolicy shop/web", or "" */
    const char *reason;
    const char *text; /* field, message and remedy */
    bool warning;
};

struct bnc_findings {
    struct bnc_world *world;
    struct bnc_bytes text; /* of the file called "stdin" */
    struct bnc_arena *arena;
    struct bnc_finding *items;
    size_t n;
    size_t room;
    struct bnc_map *seen; /* what is said already */
    size_t errors;

    /* the file that was looked into last */
    struct bnc_arena *file_arena;
    const char *file;
    struct bnc_bytes file_text;
    struct bnc_yaml_docs docs;
    size_t *starts; /* offset of each document's line */
};

/* Owns: the caller, bnc_findings_free(). */
void bnc_findings_start(struct bnc_findings *all, struct bnc_world *world);
void bnc_findings_free(struct bnc_findings *all);
/* Forget all: files may have changed. */
void bnc_findings_clear(struct bnc_findings *all);

/* A copy of another collection's. */
void bnc_findings_add(struct bnc_findings *all, const struct bnc_finding *finding);
/* What was wrong with a file when it was read. */
void bnc_findings_problem(struct bnc_findings *all, const struct bnc_problem *problem);
/* What is wrong with an object, each at the place of its field. */
void bnc_findings_diags(struct bnc_findings *all, const struct bnc_object *object,
                        const struct bnc_diag *items, size_t n);

/* By file, line and text. */
void bnc_findings_sort(struct bnc_findings *all);
/* "file:line:column: object: text [Reason]" for each, to `to` (a FILE *). */
void bnc_findings_print(const struct bnc_findings *all, void *to, bool json);

#endif
