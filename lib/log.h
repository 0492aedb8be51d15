/*
 * Structured log lines on standard error: constant text, values in fields,
 * never a secret.  The level is the one mutable thing in this file's scope.
 */
#ifndef BNC_LIB_LOG_H
#define BNC_LIB_LOG_H

#include "lib/base.h"
#include "lib/error.h"

enum bnc_level { BNC_LEVEL_DEBUG, BNC_LEVEL_INFO, BNC_LEVEL_WARN, BNC_LEVEL_ERROR };
enum bnc_log_format { BNC_LOG_CONSOLE, BNC_LOG_JSON };

struct bnc_kv {
    const char *key;
    const char *value; /* NULL is printed as "" */
};
#define BNC_KV(key, value) ((struct bnc_kv){(key), (value)})

/* "debug", "info", "warn" or "error"; INVALID names the four. */
enum bnc_code bnc_log_set_level(const char *name, struct bnc_error *err) BNC_MUST_CHECK;
/* "json" or "console" (default: console). */
enum bnc_code bnc_log_set_format(const char *name, struct bnc_error *err) BNC_MUST_CHECK;

void bnc_log_write(enum bnc_level level, const char *text, const struct bnc_kv *fields,
                   size_t n);
/* Text for a number, valid until the 8th call after this one. */
const char *bnc_log_num(int64_t n);

#define BNC_LOG(level, text, ...)                                                        \
    bnc_log_write((level), (text), (const struct bnc_kv[]){__VA_ARGS__},                 \
                  sizeof((const struct bnc_kv[]){__VA_ARGS__}) / sizeof(struct bnc_kv))

#endif
