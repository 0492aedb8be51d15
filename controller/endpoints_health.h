/*
 * What /healthz and /readyz say: named checks, in the words that kube-apiserver and
 * controller-runtime use.
 */
#ifndef BNC_CONTROLLER_ENDPOINTS_HEALTH_H
#define BNC_CONTROLLER_ENDPOINTS_HEALTH_H

#include "lib/str.h"
#include "source/cluster.h"

#define BNC_CHECKS_MAX   8
#define BNC_WATCH_SILENT 900000 /* ms; bookmarks come each minute, and it ends in ten */

struct bnc_check {
    const char *name;
    const char *failure; /* in one line; NULL: it passes */
};

struct bnc_checks {
    const char *endpoint; /* "healthz" or "readyz" */
    size_t n;
    struct bnc_check list[BNC_CHECKS_MAX];
};

void bnc_checks_add(struct bnc_checks *checks, const char *name, const char *failure);

/*
 * Why this watch makes the process unhealthy; NULL: it does not.  One that fails is tried
 * again by itself; one that says it works must be heard of.
 */
const char *
bnc_check_watch(const struct bnc_source_watch *watch, struct bnc_arena *arena);

/* How a request wants to be answered. */
struct bnc_checks_ask {
    const char *path;  /* "/readyz", or "/readyz/NAME" for one of them */
    const char *query; /* "verbose", "exclude=NAME" (may be repeated), with & between */
};

/* True when `query` has this key, with a value or without. */
bool bnc_query_has(const char *query, const char *key);

/*
 * Writes the answer and gives its status: 200, 500 when one fails that is not excluded,
 * 404 when there is no such check.
 */
int bnc_checks_answer(const struct bnc_checks *checks, const struct bnc_checks_ask *ask,
                      struct bnc_str *out);

#endif
