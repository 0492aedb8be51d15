/*
 * Go templates in labels and annotations of rules: actions are closed, blocks have their
 * end.  What is in the actions is Prometheus' business.
 */
#ifndef BNC_VALIDATE_RULE_TEMPLATE_H
#define BNC_VALIDATE_RULE_TEMPLATE_H

#include "lib/arena.h"

/* NULL: nothing is wrong; else what is, in `arena`. */
const char *bnc_rule_template_problem(const char *text, struct bnc_arena *arena);

#endif
