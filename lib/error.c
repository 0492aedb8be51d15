#define _GNU_SOURCE /* strerrordesc_np: thread-safe and const */
#include "lib/error.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[] = {
    [BNC_OK] = "ok",
    [BNC_INVALID] = "invalid",
    [BNC_NOT_FOUND] = "not_found",
    [BNC_CONFLICT] = "conflict",
    [BNC_DENIED] = "denied",
    [BNC_UNAVAILABLE] = "unavailable",
    [BNC_TIMEOUT] = "timeout",
    [BNC_TOO_BIG] = "too_big",
    [BNC_GONE] = "gone",
    [BNC_INTERNAL] = "internal",
};
static_assert(BNC_LEN(code_names) == BNC_CODE_COUNT, "every code needs a name");

static const struct {
    int number;
    enum bnc_code code;
} errno_codes[] = {
    {ENOENT, BNC_NOT_FOUND},     {ENOTDIR, BNC_NOT_FOUND},
    {EACCES, BNC_DENIED},        {EPERM, BNC_DENIED},
    {EROFS, BNC_DENIED},         {EEXIST, BNC_CONFLICT},
    {ETIMEDOUT, BNC_TIMEOUT},    {EFBIG, BNC_TOO_BIG},
    {ENAMETOOLONG, BNC_INVALID}, {ENOSPC, BNC_UNAVAILABLE},
    {EMFILE, BNC_UNAVAILABLE},   {ECONNREFUSED, BNC_UNAVAILABLE},
    {EADDRINUSE, BNC_CONFLICT},  {EISDIR, BNC_INVALID},
};

const char *
bnc_code_name(enum bnc_code code)
{
    return (size_t)code < BNC_LEN(code_names) ? code_names[code] : "unknown";
}

bool
bnc_code_is_transient(enum bnc_code code)
{
    return code == BNC_CONFLICT || code == BNC_DENIED || code == BNC_UNAVAILABLE ||
           code == BNC_TIMEOUT || code == BNC_GONE || code == BNC_NOT_FOUND;
}

/* A message that was cut may end in half a character, which JSON would not take. */
static void
drop_half_character(char *text, size_t room, int wanted)
{
    if (wanted >= 0 && (size_t)wanted < room) {
        return;
    }
    size_t n = strlen(text);
    size_t i = n;
    while (i > 0 && n - i < 3 && ((unsigned char)text[i - 1] & 0xc0) == 0x80) {
        i--;
    }
    if (i > 0 && (unsigned char)text[i - 1] >= 0xc0) {
        unsigned char first = (unsigned char)text[i - 1];
        size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        if (n - (i - 1) < length) {
            text[i - 1] = '\0';
        }
    }
}

enum bnc_code
bnc_fail(struct bnc_error *err, enum bnc_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(err->message, sizeof(err->message), fmt, args);
    va_end(args);
    drop_half_character(err->message, sizeof(err->message), n);
    err->code = code;
    return code;
}

enum bnc_code
bnc_fail_errno(struct bnc_error *err, const char *fmt, ...)
{
    int number = errno;
    char context[BNC_ERROR_MAX / 2];

    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(context, sizeof(context), fmt, args);
    va_end(args);

    enum bnc_code code = BNC_INTERNAL;
    for (size_t i = 0; i < BNC_LEN(errno_codes); i++) {
        if (errno_codes[i].number == number) {
            code = errno_codes[i].code;
        }
    }
    const char *text = strerrordesc_np(number);
    return bnc_fail(err, code, "%s: %s", context, text == NULL ? "unknown error" : text);
}

enum bnc_code
bnc_wrap(struct bnc_error *err, const char *fmt, ...)
{
    char old[BNC_ERROR_MAX];
    memcpy(old, err->message, sizeof(old));

    /* The context gets half at most, so that there is room for the cause. */
    const size_t half = sizeof(err->message) / 2;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(err->message, half, fmt, args);
    va_end(args);
    drop_half_character(err->message, half, n);
    size_t used = strlen(err->message);
    size_t left = sizeof(err->message) - used;
    n = snprintf(err->message + used, left, ": %s", old);
    drop_half_character(err->message + used, left, n);
    return err->code;
}
