/*
 * Published objects, one GET each: the value of a key goes to a sink as it comes,
 * decoded and unpacked, so that no object is ever whole in memory.
 *
 * A messenger only: whether the content is what was published is checked by
 * sync/manifest.h, with the digest that comes at the end.
 */
#ifndef BNC_SYNC_FETCH_H
#define BNC_SYNC_FETCH_H

#include "kube/client.h"
#include "lib/hash.h"

#define BNC_FETCH_BODY_MAX   ((size_t)2200 * 1000) /* bytes of one object as JSON */
#define BNC_FETCH_ASSETS_MAX ((size_t)1024 * 1024) /* bytes of all assets together */

struct bnc_fetch; /* opaque: a request under way */

/* Takes the next bytes of a value.  A failure ends the fetch with that error. */
typedef enum bnc_code (*bnc_fetch_sink_fn)(void *arg, const char *bytes, size_t n,
                                           struct bnc_error *err);

struct bnc_fetch_asset {
    const char *name; /* of the file: a key, safe as a name */
    struct bnc_bytes bytes;
};

/* Borrowed for the call; texts are "" when the object does not have them. */
struct bnc_fetch_result {
    /* NOT_FOUND: there is no such object.  A part that is gone means: read the root
       again.  INVALID: no such key, damaged, or no longer what it is annotated with. */
    struct bnc_error err;
    int http_status;        /* 0: no answer */
    int64_t retry_after_ms; /* 0: not said */
    const char *uid;
    const char *resource_version;
    const char *hash; /* annotation binnacle.dev/hash */

    uint64_t size;               /* what the sink was given: bytes ... */
    char sha256[BNC_SHA256_HEX]; /* ... and their digest */
    bool more;                   /* `more_key` is there, and what its sink got: */
    uint64_t more_size;
    char more_sha256[BNC_SHA256_HEX];
    struct bnc_bytes manifest;      /* of a root; ptr NULL: layout Single */
    struct bnc_fetch_asset *assets; /* by name */
    size_t n_assets;
};
typedef void (*bnc_fetch_fn)(void *arg, const struct bnc_fetch_result *result);

/* Whose value goes where.  Texts are copied. */
struct bnc_fetch_ask {
    enum bnc_kind kind; /* SECRET or CONFIG_MAP */
    const char *ns;
    const char *name;
    const char *key;    /* of the value; ends in ".gz": unpacked */
    uint64_t max_bytes; /* of it, unpacked */
    bnc_fetch_sink_fn sink;
    const char *more_key; /* of a second value, which may be there; NULL: none */
    bnc_fetch_sink_fn more_sink;
    bnc_fetch_fn fn; /* comes once, never inside the call that starts it */
    void *arg;       /* of all functions */
};

/*
 * The handle is valid until `fn` is called or it was cancelled; NULL with `err`
 * (INVALID) when no object can have such a name.
 */

/* Its metadata alone: a few hundred bytes.  `key` and `sink` are not used. */
struct bnc_fetch *bnc_fetch_head(struct bnc_kube *kube, const struct bnc_fetch_ask *ask,
                                 struct bnc_error *err);

/* The values to their sinks, manifest.json (if it has one) to the result. */
struct bnc_fetch *bnc_fetch_root(struct bnc_kube *kube, const struct bnc_fetch_ask *ask,
                                 struct bnc_error *err);

/* The value of `key` to the sink; no second one. */
struct bnc_fetch *bnc_fetch_part(struct bnc_kube *kube, const struct bnc_fetch_ask *ask,
                                 struct bnc_error *err);

/*
 * All values of a Secret, in memory until `fn` returns, and checked against its
 * annotation: the digest of each quoted name with its content, then `salt`, which is
 * the Observatory's uid (controller/link_objects.c).  `kind`, `key` and `sink` are
 * not used.
 */
struct bnc_fetch *bnc_fetch_assets(struct bnc_kube *kube, const struct bnc_fetch_ask *ask,
                                   const char *salt, struct bnc_error *err);

/* No callback any more.  Not inside the sink: a failure ends it there. */
void bnc_fetch_cancel(struct bnc_fetch *fetch);

#endif
