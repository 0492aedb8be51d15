/*
 * Private to promql/: numbers and strings as Go reads and writes them.
 */
#ifndef BNC_PROMQL_LITERAL_H
#define BNC_PROMQL_LITERAL_H

#include "lib/str.h"

/* strconv.ParseInt with any base, else strconv.ParseFloat.  False: neither takes it. */
bool bnc_pql_number_read(const char *text, size_t n, struct bnc_arena *arena,
                         double *value) BNC_MUST_CHECK;

/* The shortest text that reads as `value`: 0.000001, never 1e-06. */
void bnc_pql_number_print(double value, struct bnc_str *out);

/* As Go's %v: from 1e+06 on and below 0.0001 with an exponent. */
void bnc_pql_number_print_short(double value, struct bnc_str *out);

/* Seconds as nanoseconds, rounded; what does not fit gives INT64_MIN, as on amd64. */
int64_t bnc_pql_nanoseconds(double seconds);

/* Nanoseconds as a duration of Prometheus: 1h30m.  Below a millisecond it is 0s. */
void bnc_pql_duration_print(int64_t ns, struct bnc_str *out);

/*
 * What a string that was read as one means; `text` has its quotes.
 * Owns: `arena`; ends in NUL, and may have NUL and bytes that are no UTF-8.
 */
struct bnc_bytes bnc_pql_unquote(const char *text, size_t n, struct bnc_arena *arena);

/* In double quotes, as strconv.Quote. */
void bnc_pql_quote(struct bnc_bytes text, struct bnc_str *out);

#endif
