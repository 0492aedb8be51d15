/*
 * The scrape jobs and rule groups of a configuration: found in its text while that
 * streams by, and kept as sets of 64-bit hashes of their names, to be compared with what
 * a server runs.
 */
#ifndef BNC_SYNC_JOBS_H
#define BNC_SYNC_JOBS_H

#include "lib/str.h"

#define BNC_JOB_NAME_MAX   2048              /* bytes of a name that count */
#define BNC_JOBS_MAX       ((size_t)1000000) /* names in a set */
#define BNC_JOBS_NAMED_MAX 8                 /* missing ones that are told */

/* ---- in text --------------------------------------------------------------------- */

/* One item below a top-level `scrape_configs:`, or `groups:`. */
struct bnc_job {
    bool group;            /* of rules */
    uint64_t rules;        /* of a group: how many it has */
    struct bnc_bytes name; /* decoded, its first BNC_JOB_NAME_MAX bytes; borrowed */
    uint64_t first;        /* its lines, from 1 */
    uint64_t last;
};

/* Comes when the job's text has ended; those without a name are left out. */
typedef void (*bnc_job_fn)(void *arg, const struct bnc_job *job);

struct bnc_job_scan; /* opaque */

/*
 * Of text that our own writer has made: block style, scalars on one line, names also
 * as literal blocks.
 * Owns: the caller.
 */
struct bnc_job_scan *bnc_job_scan_new(bnc_job_fn fn, void *arg);
void bnc_job_scan_free(struct bnc_job_scan *scan); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_job_scan);

void bnc_job_scan_feed(struct bnc_job_scan *scan, const char *bytes, size_t n);

/*
 * The end of the text; `fn` is called for the last job.
 * Errors: INVALID when jobs are written in a way that is not our writer's ("[…]"), or
 *         one has no name: the jobs told so far are not all.
 */
enum bnc_code
bnc_job_scan_finish(struct bnc_job_scan *scan, struct bnc_error *err) BNC_MUST_CHECK;

/* What bnc_job_at_line() looks for, and what it found. */
struct bnc_job_at {
    uint64_t line; /* to be set */
    bool found;
    uint64_t first;
    char name[BNC_JOB_NAME_MAX + 1];
};

/* A bnc_job_fn with a struct bnc_job_at: keeps the job that has the line. */
void bnc_job_at_line(void *arg, const struct bnc_job *job);

/* ---- as a set -------------------------------------------------------------------- */

/* Of the first BNC_JOB_NAME_MAX bytes. */
uint64_t bnc_job_hash(const char *name, size_t n);
/* The same of a rule group with so many rules. */
uint64_t bnc_group_hash(const char *name, size_t n, uint64_t rules);

struct bnc_jobs; /* opaque */

/* Owns: the caller. */
struct bnc_jobs *bnc_jobs_new(void);
void bnc_jobs_free(struct bnc_jobs *jobs); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_jobs);

/* Names that are there already change nothing; beyond BNC_JOBS_MAX none is added. */
void bnc_jobs_add(struct bnc_jobs *jobs, const char *name, size_t n);
/* The set of rule groups beside the jobs; of those that have rules. */
struct bnc_jobs *bnc_jobs_groups(struct bnc_jobs *jobs);
/* A bnc_job_fn with a struct bnc_jobs: adds it to the jobs, or to the groups. */
void bnc_jobs_add_job(void *arg, const struct bnc_job *job);

size_t bnc_jobs_count(struct bnc_jobs *jobs);
bool bnc_jobs_has(struct bnc_jobs *jobs, uint64_t hash);
bool bnc_jobs_equal(struct bnc_jobs *a, struct bnc_jobs *b);
/* Errors: TOO_BIG when more than BNC_JOBS_MAX names were added. */
enum bnc_code
bnc_jobs_check(const struct bnc_jobs *jobs, struct bnc_error *err) BNC_MUST_CHECK;

/* What a server lacks of a set, and has beside it. */
struct bnc_jobs_diff {
    size_t missing;
    size_t surplus;
    uint64_t named[BNC_JOBS_NAMED_MAX]; /* hashes of the first missing ones */
    size_t n_named;
};

/* One comparison: a set, and names that come one after the other. */
struct bnc_jobs_match; /* opaque */

/* Owns: the caller.  `jobs` is borrowed, and not changed until the end. */
struct bnc_jobs_match *bnc_jobs_match_new(struct bnc_jobs *jobs);
void bnc_jobs_match_free(struct bnc_jobs_match *match); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_jobs_match);
void bnc_jobs_match_see(struct bnc_jobs_match *match, const char *name, size_t n);
/* The same for a set of rule groups. */
void bnc_jobs_match_group(struct bnc_jobs_match *match, const char *name, size_t n,
                          uint64_t rules);
void bnc_jobs_match_end(const struct bnc_jobs_match *match, struct bnc_jobs_diff *out);

#endif
