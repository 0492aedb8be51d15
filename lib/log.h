/*
 * Structured log lines on standard error: constant text, values in fields,
 * never a secret.  Level, format, clock and sink, which cmd/ sets once, and what was
 * written lately are the one mutable state that log.c keeps.
 *
 *   2026-11-22T17:00:00.000Z info  object applied kind=Secret name="a b"
 *   {"ts":"2026-11-22T17:00:00.000Z","level":"info","msg":"object applied",...}
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

/*
 * Equal lines, the time apart: so many at once, then one in so long.  The next one that
 * is written says how many were left out ("repeated").  Not of debug, nor without clock.
 */
#define BNC_LOG_BURST    10
#define BNC_LOG_AGAIN_MS 10000

/*
 * "debug", "info", "warn" or "error", or a number as zap has it: from 1 on it is debug.
 * INVALID names the four.
 */
enum bnc_code bnc_log_set_level(const char *name, struct bnc_error *err) BNC_MUST_CHECK;
/* "json" or "console" (default: console). */
enum bnc_code bnc_log_set_format(const char *name, struct bnc_error *err) BNC_MUST_CHECK;

/* Where the time comes from; NULL: lines have none.  Units: ms since 1970. */
void bnc_log_set_clock(int64_t (*wall_ms)(void *arg), void *arg);
/* Where whole lines go, their end included; NULL: standard error. */
void bnc_log_set_sink(void (*write)(void *arg, const char *line, size_t n), void *arg);

/* True when a line of this level is written: to save the work of making it. */
bool bnc_log_enabled(enum bnc_level level);

/* Write one line.  A value of over 2048 bytes is cut, a line of over 64 KiB too. */
void bnc_log_write(enum bnc_level level, const char *text, const struct bnc_kv *fields,
                   size_t n);
/* Text for a number, valid until the 8th call after this one. */
const char *bnc_log_num(int64_t n);

#define BNC_LOG(level, text, ...)                                                        \
    bnc_log_write((level), (text), (const struct bnc_kv[]){__VA_ARGS__},                 \
                  sizeof((const struct bnc_kv[]){__VA_ARGS__}) / sizeof(struct bnc_kv))

#endif
