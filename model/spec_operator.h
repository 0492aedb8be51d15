/*
 * The structs of model/spec_common.h as prometheus-operator's CRDs have them: other
 * bounds, fewer rules.
 */
#ifndef BNC_MODEL_SPEC_OPERATOR_H
#define BNC_MODEL_SPEC_OPERATOR_H

#include "model/spec_common.h"

extern const struct bnc_table bnc_table_operator_ref;
extern const struct bnc_table bnc_table_operator_either;   /* struct bnc_secret_or_map */
extern const struct bnc_table bnc_table_operator_relabel;  /* empty texts are unset */
extern const struct bnc_table bnc_table_operator_tls;      /* with files */
extern const struct bnc_table bnc_table_operator_safe_tls; /* without */
extern const struct bnc_table bnc_table_operator_authorization; /* with a file */
extern const struct bnc_table bnc_table_operator_safe_authorization;
extern const struct bnc_table bnc_table_operator_basic_auth;
extern const struct bnc_table bnc_table_operator_oauth2;

#define BNC_OPERATOR_TEXT_MAX  4096
#define BNC_OPERATOR_REGEX_MAX ((size_t)64 * 1024)
#define BNC_OPERATOR_ITEMS_MAX 4096

#endif
