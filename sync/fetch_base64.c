#include "sync/fetch_base64.h"

/* The value of a digit, 64 for padding, -1 for what is neither. */
static int
digit_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : c == '=' ? 64 : -1;
}

enum bnc_code
bnc_unbase64_feed(struct bnc_unbase64 *u, struct bnc_bytes piece, bnc_unbase64_fn fn,
                  void *arg, struct bnc_error *err)
{
    char bytes[1024];
    size_t n = 0;

    for (size_t i = 0; i < piece.len; i++) {
        int digit = digit_of(piece.ptr[i]);
        u->padding += digit == 64;
        if (digit < 0 || (digit < 64 && u->padding > 0) || u->padding > 2) {
            return bnc_fail(err, BNC_INVALID, "it is not base64");
        }
        u->word = u->word << 6 | ((uint32_t)digit & 63);
        u->count++;
        for (unsigned k = 0; u->count % 4 == 0 && k < 3 - u->padding; k++) {
            bytes[n++] = (char)(u->word >> (16 - 8 * k) & 0xff);
        }
        if (n + 3 > sizeof(bytes)) {
            if (fn(arg, bytes, n, err)) {
                return err->code;
            }
            n = 0;
        }
    }
    return fn(arg, bytes, n, err);
}

bool
bnc_unbase64_whole(const struct bnc_unbase64 *u)
{
    return u->count % 4 == 0;
}
