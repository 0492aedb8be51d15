/*
 * What Prometheus answers to /api/v1/query, as one rate.
 */
#ifndef BNC_CONTROLLER_MEASURE_ANSWER_H
#define BNC_CONTROLLER_MEASURE_ANSWER_H

#include "lib/str.h"

/*
 * The sum over all series of a vector, or a scalar.
 * Units:  *rate in thousandths of a request a second; written only on success.
 * Errors: one for whatever gives no rate: another status than 200 (UNAVAILABLE, DENIED or
 *         INVALID), something that is no answer of Prometheus, no series (NOT_FOUND), a
 *         value that is not finite or below 0, an answer that is not complete.
 */
enum bnc_code bnc_measure_answer(int status, struct bnc_bytes text, int64_t *rate,
                                 struct bnc_error *err) BNC_MUST_CHECK;

#endif
