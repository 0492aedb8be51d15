#include "kube/base64.h"

#include <string.h>

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
bnc_base64_to_text(struct bnc_arena *arena, const char *base64)
{
    char *out = bnc_arena_alloc(arena, strlen(base64) / 4 * 3 + 4);
    size_t n = 0;
    size_t count = 0;
    size_t padding = 0;
    uint32_t word = 0;

    for (const char *p = base64; *p != '\0'; p++) {
        if (strchr(" \t\r\n", *p) != NULL) {
            continue;
        }
        const char *digit = strchr(digits, *p);
        if (*p == '=' ? ++padding > 2 : (digit == NULL || padding > 0)) {
            return NULL;
        }
        word = word << 6 | (*p == '=' ? 0 : (uint32_t)(digit - digits));
        if (++count % 4 != 0) {
            continue;
        }
        for (size_t i = 0; i < 3 - padding; i++) {
            out[n++] = (char)(word >> (16 - 8 * i) & 0xFF);
        }
    }
    bool whole = count % 4 == 0 && memchr(out, '\0', n) == NULL;
    return whole ? out : NULL;
}

void
bnc_base64_add(struct bnc_str *out, struct bnc_bytes bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.ptr;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t word = (uint32_t)p[i] << 16;
        word |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
        word |= left > 2 ? (uint32_t)p[i + 2] : 0;
        bnc_str_putc(out, digits[word >> 18 & 63]);
        bnc_str_putc(out, digits[word >> 12 & 63]);
        bnc_str_add(out, left > 1 ? &digits[word >> 6 & 63] : "=", 1);
        bnc_str_add(out, left > 2 ? &digits[word & 63] : "=", 1);
    }
}
