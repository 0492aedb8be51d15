/*
 * Credentials in clear, found by where Prometheus' configuration may hold them.
 */
#ifndef BNC_VALIDATE_CREDENTIALS_H
#define BNC_VALIDATE_CREDENTIALS_H

#include <cjson/cJSON.h>

#include "model/diag.h"

/*
 * An error for each password, token, key or URL with a password in `tree`.  Never
 * shows one.  Texts that only look alike (labels, params, relabel rules) are left.
 */
void bnc_credentials_check(const cJSON *tree, const char *path, struct bnc_diags *diags);

#endif
