/*
 * Raw configuration of Prometheus, before it goes into a document: one bad key
 * in it and Prometheus refuses the whole.
 */
#ifndef BNC_VALIDATE_BASE_H
#define BNC_VALIDATE_BASE_H

#include <cjson/cJSON.h>

#include "lib/units.h"
#include "model/diag.h"

struct bnc_base_rules {
    const struct bnc_version *version; /* of Prometheus */
    bool files_only;                   /* no credentials in clear */
    const char *scrape_interval;       /* global's, as published; NULL: not known */
};

/*
 * `base` is any other configuration (NULL: none): keys known to this version,
 * types, required keys, relabel rules, names that may be there once, timeouts.
 * Messages never hold a value of a credential.
 */
void bnc_base_check(const cJSON *base, const struct bnc_base_rules *rules,
                    const char *path, struct bnc_diags *diags);

/* The same for a list of raw jobs (additionalScrapeConfigs). */
void bnc_raw_jobs_check(const cJSON *jobs, const struct bnc_base_rules *rules,
                        const char *path, struct bnc_diags *diags);

#endif
