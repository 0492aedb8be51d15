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

enum bnc_code
bnc_fail(struct bnc_error *err, enum bnc_code code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(err->message, sizeof(err->message), fmt, args);
    va_end(args);
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

    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(err->message, sizeof(err->message) / 2, fmt, args);
    va_end(args);
    size_t used = n < 0 ? 0 : strlen(err->message);
    (void)snprintf(err->message + used, sizeof(err->message) - used, ": %.400s", old);
    return err->code;
}
