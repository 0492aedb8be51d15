/*
 * What run --from tells a person: what was read, what counts, what does not and
 * why, what was generated, what to try next.
 */
#ifndef BNC_CMD_SUMMARY_H
#define BNC_CMD_SUMMARY_H

#include "cmd/offline.h"

/* True when results differ from those at the last call. */
bool bnc_summary_changed(struct bnc_offline *offline);

void bnc_summary_print(const struct bnc_offline *offline);

#endif
