/*
 * What a Prometheus of some version does not know is left out, with a warning.
 */
#ifndef BNC_RENDER_PROM_GATE_H
#define BNC_RENDER_PROM_GATE_H

#include <cjson/cJSON.h>

#include "lib/units.h"
#include "model/diag.h"
#include "model/prom_schema.h"

struct bnc_prom_gate {
    const struct bnc_version *version;
    struct bnc_diags *diags;
};

/* Say that `key` is left out: it came with this release (BNC_PROM_V). */
void bnc_prom_gate_warn(const struct bnc_prom_gate *gate, const char *key, int since);

/* Does this version know `key`?  Does not warn. */
bool bnc_prom_knows(const struct bnc_prom_gate *gate, enum bnc_prom_block block,
                    const char *key);

/* As bnc_prom_knows(); when not, a warning names the field (camelCase) and the release.
 */
bool bnc_prom_may(const struct bnc_prom_gate *gate, enum bnc_prom_block block,
                  const char *key);

/*
 * Take out of `tree`, an object of `block` or a list of them, what this version does not
 * know, with warnings; of a user name in a file and in clear the file counts where it
 * may.
 */
void bnc_prom_tree_gate(const struct bnc_prom_gate *gate, enum bnc_prom_block block,
                        cJSON *tree);

/* The same for a value of scrape_protocols; `key` is where it stands. */
bool bnc_prom_may_protocol(const struct bnc_prom_gate *gate, const char *key,
                           const char *protocol);

#endif
