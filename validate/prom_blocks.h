/*
 * What the keys of one block of Prometheus' configuration mean together: those it
 * needs, those that exclude each other.  For validate/prom_config.c.
 */
#ifndef BNC_VALIDATE_PROM_BLOCKS_H
#define BNC_VALIDATE_PROM_BLOCKS_H

#include <cjson/cJSON.h>

#include "model/diag.h"
#include "model/prom_schema.h"

struct bnc_prom_check {
    const struct bnc_version *version;
    struct bnc_diags *diags;
};

void bnc_prom_block_check(const struct bnc_prom_check *check, enum bnc_prom_block block,
                          const cJSON *tree, const char *path);

/* "path.key" and "path[i]" in the arena of the diagnostics. */
const char *
bnc_prom_below(const struct bnc_prom_check *check, const char *path, const char *key);
const char *bnc_prom_item(const struct bnc_prom_check *check, const char *path, size_t i);

/* An error at `path`. */
void bnc_prom_refuse(const struct bnc_prom_check *check, const char *path,
                     const char *remedy, const char *what);

#endif
