/*
 * One Lease of coordination.k8s.io/v1: read, made and written as a record.  Who may
 * lead, and when, is decided above.
 */
#ifndef BNC_KUBE_LEASE_H
#define BNC_KUBE_LEASE_H

#include "kube/client.h"

/* spec of a Lease, as client-go's election has it. */
struct bnc_lease_record {
    const char *holder;     /* "": nobody */
    int64_t duration_s;     /* 0: not said */
    const char *acquired;   /* MicroTime, as text: clocks of others are not trusted */
    const char *renewed;    /* likewise */
    int64_t transitions;    /* how often another one has got it */
    const char *everything; /* all of spec, canonical: another text is another record */
};

struct bnc_lease; /* opaque */

struct bnc_lease_options {
    struct bnc_kube *kube; /* outlives it */
    const char *ns;
    const char *name;
    int64_t timeout_ms; /* of one request, told to the server as well */
};

/*
 * How a request ended; `record` is the Lease as it is now, NULL after an error.
 * Borrowed for the call.  NOT_FOUND: there is none; CONFLICT: somebody was faster.
 */
typedef void (*bnc_lease_fn)(void *arg, const struct bnc_error *err,
                             const struct bnc_lease_record *record);

/* Owns: the caller; all is copied. */
struct bnc_lease *
bnc_lease_new(const struct bnc_lease_options *options, bnc_lease_fn fn, void *arg);
void
bnc_lease_free(struct bnc_lease *lease); /* ends what is under way; NULL is ignored */
BNC_DEFINE_AUTO(bnc_lease);

/*
 * One request at a time; `fn` comes once for each, never inside the call.  A write goes
 * to the version that was read or written last (CONFLICT when there is a newer one) and
 * leaves all but the record as it is; without one it makes the Lease.
 */
void bnc_lease_read(struct bnc_lease *lease);
void bnc_lease_write(struct bnc_lease *lease, const struct bnc_lease_record *record);

/* End the request under way without a callback. */
void bnc_lease_cancel(struct bnc_lease *lease);

bool bnc_lease_busy(const struct bnc_lease *lease);

#endif
