/*
 * Tables of the status of our kinds: for the CRDs, never decoded.
 */
#ifndef BNC_MODEL_SPEC_STATUS_H
#define BNC_MODEL_SPEC_STATUS_H

#include "model/field.h"

extern const struct bnc_table bnc_table_condition; /* as metav1.Condition */
extern const struct bnc_table bnc_table_parent;    /* what one Observatory says */

/* Rows that every status has. */
#define BNC_STATUS_GENERATION                                                            \
    {                                                                                    \
        "observedGeneration", BNC_FIELD_INT,                                             \
            .doc = "metadata.generation of the object that this status is about."        \
    }
#define BNC_STATUS_CONDITIONS                                                            \
    {                                                                                    \
        "conditions", BNC_FIELD_LIST, .sub = &bnc_table_condition, .max_items = 16,      \
                                      .list_key = "type",                                \
                                      .doc = "State of the object; Ready sums it up."    \
    }

extern const struct bnc_table bnc_table_observatory_status;
extern const struct bnc_table bnc_table_scrape_policy_status;
extern const struct bnc_table bnc_table_sampling_policy_status;

#endif
