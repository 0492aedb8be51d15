/*
 * What a published root document needs on this machine: a marker that the running
 * server shows again, external labels for Prometheus 2, the files that must be there.
 * All else passes byte for byte, in pieces of any size.
 */
#ifndef BNC_SYNC_LOCAL_H
#define BNC_SYNC_LOCAL_H

#include "lib/str.h"

#define BNC_LOCAL_VALUE_MAX ((size_t)64 * 1024) /* bytes of one external label */

/*
 * The marker: `item` is added to the top-level list `list`, at its beginning.  Either a
 * job without targets, "job_name: NAME" in "scrape_configs", or a file beside the
 * document, in "scrape_config_files" (Prometheus 2.43) or "rule_files" (not an agent).
 */
struct bnc_local_options {
    const char *list; /* NULL: nothing is added */
    const char *item; /* one line of YAML */
    /*
     * Expand ${NAME} and $NAME in global.external_labels, as Prometheus 3 does by
     * itself.  Not for it, nor for one with --enable-feature=expand-external-labels: a
     * '$' of the result would be expanded again.
     */
    bool expand;
};

struct bnc_local_ops {
    void (*out)(void *arg, const char *bytes, size_t n);
    /* The value of a variable, NULL when unset.  Not called unless `expand`. */
    const char *(*lookup)(void *arg, const char *name);
    /* A variable that is unset or empty: the text becomes "" there.  May be NULL. */
    void (*unset)(void *arg, const char *name);
    /*
     * A value of a key that ends in _file, from its "files/" on; each time that it
     * stands there.  May be NULL.
     */
    void (*file)(void *arg, const char *name);
};

struct bnc_local; /* opaque */

/* Owns: the caller.  `options` is copied, its texts are borrowed; `ops` is borrowed. */
struct bnc_local *bnc_local_new(const struct bnc_local_options *options,
                                const struct bnc_local_ops *ops, void *arg);
void bnc_local_free(struct bnc_local *local); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_local);

/* After a failure nothing more comes out. */
void bnc_local_feed(struct bnc_local *local, const char *bytes, size_t n);

/*
 * The end of the document.
 * Errors: INVALID when `list` has a value that is no list, or a variable's value is not
 *         UTF-8; TOO_BIG for an external label.  What came out is then not to be used.
 */
enum bnc_code
bnc_local_finish(struct bnc_local *local, struct bnc_error *err) BNC_MUST_CHECK;

#endif
