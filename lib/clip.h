/*
 * Cutting text for a message without cutting a UTF-8 sequence in two.
 */
#ifndef BNC_LIB_CLIP_H
#define BNC_LIB_CLIP_H

#include <string.h>

/* Bytes of `s` to print, at most `max`: printf("%.*s", bnc_clip(s, 60), s). */
static inline int
bnc_clip(const char *s, int max)
{
    size_t n = strnlen(s, (size_t)max + 1);
    if (n <= (size_t)max) {
        return (int)n;
    }
    n = (size_t)max;
    while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80) {
        n--;
    }
    return (int)n;
}

#endif
