/*
 * Leaves of an object only what binnacle reads, as bytes, while they stream in:
 * a resumable scanner over a kind's keep-tree.  No list body is ever whole in
 * memory.
 */
#ifndef BNC_MODEL_PRUNE_H
#define BNC_MODEL_PRUNE_H

#include "lib/error.h"
#include "lib/str.h"
#include "model/kind.h"

#define BNC_OBJECT_MAX_BYTES ((size_t)4 * 1024 * 1024) /* kept text of one object */

/* What is left of one object; texts are NUL-terminated, "" when absent. */
struct bnc_pruned {
    struct bnc_bytes text; /* compact JSON, key order as received */
    const char *name;
    const char *ns;
    const char *uid;
    const char *resource_version;
    int64_t generation;
    bool deleting;
    struct bnc_bytes status;         /* raw compact JSON, len 0 when absent */
    struct bnc_bytes managed_fields; /* likewise */
};

/* Prune one whole JSON object held in memory.  `out` lives in `arena`. */
enum bnc_code bnc_prune(const struct bnc_keep *keep, const char *json, size_t n,
                        struct bnc_arena *arena, struct bnc_pruned *out,
                        struct bnc_error *err) BNC_MUST_CHECK;

/* ---- streams ------------------------------------------------------------------- */

enum bnc_stream_kind {
    BNC_STREAM_LIST, /* {"metadata":{"resourceVersion","continue"},"items":[...]} */
    BNC_STREAM_WATCH /* {"type":..,"object":{..}} one after the other */
};

struct bnc_stream; /* opaque */

struct bnc_stream_ops {
    /*
     * An item of a list (type "") or an event of a watch ("ADDED", "MODIFIED",
     * "DELETED", "BOOKMARK").  Borrowed for this call.
     */
    void (*on_object)(void *arg, const char *type, const struct bnc_pruned *object);
    /* An ERROR event: its Status object as raw JSON. */
    void (*on_error)(void *arg, struct bnc_bytes status);
};

/* Owns: the caller; bnc_stream_free(). */
struct bnc_stream *bnc_stream_new(enum bnc_stream_kind kind, const struct bnc_keep *keep,
                                  const struct bnc_stream_ops *ops, void *arg);
void bnc_stream_free(struct bnc_stream *stream); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_stream);

/*
 * Feed the next bytes, cut anywhere.
 * Errors: INVALID (not JSON, NUL, \u0000, bad UTF-8, nesting over 100), TOO_BIG.
 *         After an error the stream is dead.
 */
enum bnc_code bnc_stream_feed(struct bnc_stream *stream, const char *bytes, size_t n,
                              struct bnc_error *err) BNC_MUST_CHECK;

/* A list's own metadata once its end was fed; "" before or when absent. */
const char *bnc_stream_resource_version(const struct bnc_stream *stream);
const char *bnc_stream_continue(const struct bnc_stream *stream);
/* True when the top-level value of a list is complete. */
bool bnc_stream_complete(const struct bnc_stream *stream);

#endif
