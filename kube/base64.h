/*
 * Base64 (RFC 4648, padded) as it stands in kubeconfig files.
 */
#ifndef BNC_KUBE_BASE64_H
#define BNC_KUBE_BASE64_H

#include "lib/str.h"

/* White space is skipped.  NULL: not base64, or NUL inside.  The text is the arena's. */
char *bnc_base64_to_text(struct bnc_arena *arena, const char *base64);

void bnc_base64_add(struct bnc_str *out, struct bnc_bytes bytes);

#endif
