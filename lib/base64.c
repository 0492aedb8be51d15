#include "lib/base64.h"

#include <string.h>

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The value of one character, -1 for none. */
static int
value_of(char c)
{
    const char *digit = c == '\0' ? NULL : strchr(digits, c);
    return digit == NULL ? -1 : (int)(digit - digits);
}

bool
bnc_base64_decode(struct bnc_arena *arena, const char *text, struct bnc_bytes *out)
{
    size_t n = 0;
    size_t count = 0;
    size_t padding = 0;
    uint32_t word = 0;

    if (text == NULL) {
        return false;
    }
    char *bytes = bnc_arena_alloc(arena, strlen(text) / 4 * 3 + 4);
    for (const char *p = text; *p != '\0'; p++) {
        int value = value_of(*p);
        if (strchr(" \t\r\n", *p) != NULL) {
            continue;
        }
        if (*p == '=' ? ++padding > 2 : (value < 0 || padding > 0)) {
            return false;
        }
        word = word << 6 | (value < 0 ? 0 : (uint32_t)value);
        count++;
        for (size_t k = 0; count % 4 == 0 && k < 3 - padding; k++) {
            bytes[n++] = (char)(word >> (16 - 8 * k) & 0xFF);
        }
    }
    if (count % 4 != 0) {
        return false;
    }
    *out = (struct bnc_bytes){bytes, n};
    return true;
}

char *
bnc_base64_to_text(struct bnc_arena *arena, const char *base64)
{
    struct bnc_bytes bytes = {0};
    if (!bnc_base64_decode(arena, base64, &bytes) ||
        memchr(bytes.ptr, '\0', bytes.len) != NULL) {
        return NULL;
    }
    return bnc_arena_strndup(arena, bytes.ptr, bytes.len);
}

void
bnc_base64_add(struct bnc_str *out, struct bnc_bytes bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.ptr;
    char chunk[4096];
    size_t n = 0;
    bnc_str_reserve(out, (bytes.len + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t word = (uint32_t)p[i] << 16;
        word |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
        word |= left > 2 ? (uint32_t)p[i + 2] : 0;
        chunk[n++] = digits[word >> 18 & 63];
        chunk[n++] = digits[word >> 12 & 63];
        chunk[n++] = (char)(left > 1 ? digits[word >> 6 & 63] : '=');
        chunk[n++] = (char)(left > 2 ? digits[word & 63] : '=');
        if (n == sizeof(chunk)) {
            bnc_str_add(out, chunk, n);
            n = 0;
        }
    }
    bnc_str_add(out, chunk, n);
}
