/*
 * What budgets are steered by: asks Prometheus for the rate of requests, once in an
 * interval for each budget, and takes the step (mesh/budget.h).
 */
#ifndef BNC_CONTROLLER_MEASURE_H
#define BNC_CONTROLLER_MEASURE_H

#include "mesh/budget.h"
#include "net/world.h"

struct bnc_measure; /* opaque */

/*
 * What to ask, and what for.  `url`, `token_file` and `ca_file` decide who is sent our
 * token: they are for those to say who are trusted, never for tenants.
 */
struct bnc_measure_spec {
    const char *url;        /* of Prometheus, with its prefix; NULL: it is not known */
    const char *query;      /* PromQL: requests a second; several series are summed.
                             * NULL: nobody knows which workloads to ask for */
    const char *token_file; /* holds a bearer token; NULL: none is sent */
    const char *ca_file;    /* PEM; NULL: the system's authorities */
    struct bnc_budget_settings settings;
};

/* How a budget stands.  Times are wall clock, in milliseconds. */
struct bnc_measured {
    int64_t percent;          /* hundredths of 1 % */
    int64_t percent_since_ms; /* 0: as it was given at the start */
    int64_t rate;             /* last known one: thousandths a second; -1: none yet */
    int64_t rate_at_ms;       /* 0: none yet */
    const char *error;      /* why it holds still; NULL: it does not, or nothing is known
                             * yet.  Borrowed until control goes back to the world */
    int64_t error_since_ms; /* 0: no error */
};

struct bnc_measure_options {
    struct bnc_world *world;
    /*
     * The percentage or the error is another than before (the rate alone does not count).
     * Runs in a turn of its own.  The texts are borrowed until it returns, or drops this
     * budget.  It may set, drop and get.
     */
    void (*changed)(void *arg, const char *ns, const char *name,
                    const struct bnc_measured *now);
    void *arg;
};

struct bnc_measure *bnc_measure_new(const struct bnc_measure_options *options);
void bnc_measure_free(struct bnc_measure *measure); /* NULL is ignored */

/*
 * Look after a budget from now on, or in another way.  `spec` is copied; the same again
 * does nothing.  `start_percent` (hundredths; below 0: the initial one) counts only for a
 * budget that is not looked after yet.  The first question is asked within 10 s.
 */
void bnc_measure_set(struct bnc_measure *measure, const char *ns, const char *name,
                     const struct bnc_measure_spec *spec, int64_t start_percent);

/* No more.  One that is not looked after is ignored. */
void bnc_measure_drop(struct bnc_measure *measure, const char *ns, const char *name);

/* False when it is not looked after. */
bool bnc_measure_get(const struct bnc_measure *measure, const char *ns, const char *name,
                     struct bnc_measured *out);

#endif
