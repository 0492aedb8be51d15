/*
 * --assume KEY=VALUE: what a cluster would tell, and how prometheus-operator would be
 * started, for commands that have neither.
 */
#ifndef BNC_CMD_ASSUME_H
#define BNC_CMD_ASSUME_H

#include "lib/error.h"
#include "model/ir.h"

/* A current cluster, and prometheus-operator with its default feature gates. */
struct bnc_assumed bnc_assume_current(void);

/*
 * One "KEY=VALUE" into `out`.
 * Errors: INVALID, with the keys that there are.
 */
enum bnc_code bnc_assume_read(const char *text, struct bnc_assumed *out,
                              struct bnc_error *err) BNC_MUST_CHECK;

#endif
