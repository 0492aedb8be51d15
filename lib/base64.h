/*
 * Base64 (RFC 4648, padded), as Secrets and kubeconfig files hold it.
 */
#ifndef BNC_LIB_BASE64_H
#define BNC_LIB_BASE64_H

#include "lib/str.h"

/*
 * White space is skipped; NULL `text` is refused as well.
 * Owns:   `out` lives in `arena` and ends in NUL.
 * Errors: false when it is not base64; `out` is then as before.
 */
bool bnc_base64_decode(struct bnc_arena *arena, const char *text, struct bnc_bytes *out);

/* The same for text: NULL when it is not base64, or has a NUL inside. */
char *bnc_base64_to_text(struct bnc_arena *arena, const char *base64);

/* Add `bytes`, encoded. */
void bnc_base64_add(struct bnc_str *out, struct bnc_bytes bytes);

#endif
