/*
 * What a YAML scalar means: the table of Go's yaml.v2, which kubectl uses.
 */
#ifndef BNC_LIB_YAML_SCALAR_H
#define BNC_LIB_YAML_SCALAR_H

#include "lib/json.h"

struct bnc_yaml_scalar {
    const char *text; /* ends in NUL, holds none */
    size_t n;
    const char *tag; /* "tag:yaml.org,2002:int", "!own", or NULL */
    bool plain;      /* neither quoted nor tagged */
};

/*
 * The value in `arena`; NULL when it has none, `*problem` then says why (a
 * constant text without the value, which may be a secret).
 */
cJSON *bnc_yaml_scalar(struct bnc_arena *arena, const struct bnc_yaml_scalar *in,
                       const char **problem);

/* True for `<<`, plain or tagged as a merge. */
bool bnc_yaml_is_merge(const struct bnc_yaml_scalar *in);

#endif
