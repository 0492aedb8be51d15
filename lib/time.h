/*
 * Points in time as text (RFC 3339), as Kubernetes writes them and reads them.
 */
#ifndef BNC_LIB_TIME_H
#define BNC_LIB_TIME_H

#include "lib/base.h"

#define BNC_TIME_MAX 64 /* bytes of a text, its end included */

/*
 * In UTC, "2026-11-22T20:52:47Z", with 0, 3 or 6 digits of a second.
 * Units: `wall_ms` in milliseconds since 1970.
 * Gives `out`, "" for what no calendar has.
 */
const char *bnc_time_text(int64_t wall_ms, int digits, char out[BNC_TIME_MAX]);

/*
 * Milliseconds since 1970 (fractions of a second are left out); 0 when it is none.
 */
int64_t bnc_time_parse(const char *text);

#endif
