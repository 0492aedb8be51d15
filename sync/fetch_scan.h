/*
 * The texts of a JSON object by their paths, while it streams in: a value of a
 * megabyte is told in pieces and never held.
 */
#ifndef BNC_SYNC_FETCH_SCAN_H
#define BNC_SYNC_FETCH_SCAN_H

#include "lib/str.h"

#define BNC_SCAN_KEYS    3   /* levels at which texts are told */
#define BNC_SCAN_DEEP    6   /* the same when arrays are looked into */
#define BNC_SCAN_KEY_MAX 320 /* bytes; a longer key is told as "" */

/* ["metadata", "annotations", "binnacle.dev/hash"] */
struct bnc_scan_path {
    size_t n;
    const char *keys[BNC_SCAN_DEEP]; /* of an array's item: "" */
};

/*
 * The next piece of a text, its escapes undone; `last`: there is no more of it.  A
 * failure ends the reading.
 */
typedef enum bnc_code (*bnc_scan_fn)(void *arg, const struct bnc_scan_path *path,
                                     struct bnc_bytes piece, bool last,
                                     struct bnc_error *err);

struct bnc_scan; /* opaque */

/* Owns: the caller; release with bnc_scan_free(), or declare with BNC_AUTO. */
struct bnc_scan *bnc_scan_new(bnc_scan_fn fn, void *arg);
/* Texts inside arrays are told as well, and those down to BNC_SCAN_DEEP. */
struct bnc_scan *bnc_scan_new_deep(bnc_scan_fn fn, void *arg);
void bnc_scan_free(struct bnc_scan *scan); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_scan);

/*
 * Read the next bytes, cut anywhere.  Texts that are not told are passed over: those
 * inside arrays, and deeper than BNC_SCAN_KEYS.
 * Errors: INVALID (no JSON object, NUL, nesting over 100), and what `fn` gives; all
 *         that follows then fails alike.
 */
enum bnc_code bnc_scan_feed(struct bnc_scan *scan, const char *bytes, size_t n,
                            struct bnc_error *err) BNC_MUST_CHECK;

/* All is fed.  Errors: INVALID when the object is not complete. */
enum bnc_code bnc_scan_end(struct bnc_scan *scan, struct bnc_error *err) BNC_MUST_CHECK;

#endif
