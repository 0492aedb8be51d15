/*
 * Tables of the status of our kinds: for the CRDs, never decoded.
 */
#ifndef BNC_MODEL_SPEC_STATUS_H
#define BNC_MODEL_SPEC_STATUS_H

#include "model/field.h"

extern const struct bnc_table bnc_table_observatory_status;
extern const struct bnc_table bnc_table_scrape_policy_status;
extern const struct bnc_table bnc_table_sampling_policy_status;

#endif
