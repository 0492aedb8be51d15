/*
 * Credentials that change while the process runs: token and PEM files, and the
 * program that prints them.
 */
#ifndef BNC_KUBE_AUTH_H
#define BNC_KUBE_AUTH_H

#include "kube/config.h"

struct bnc_auth; /* opaque */

/* What a request carries; borrowed until the next call of this module. */
struct bnc_auth_view {
    const char *authorization; /* "Authorization: Bearer ...", NULL: none */
    struct bnc_tls_client tls;
    uint64_t generation; /* which credentials these are */
    uint64_t identity;   /* which client certificate: it belongs to a connection */
};

enum bnc_auth_answer {
    BNC_AUTH_READY,   /* the view is filled */
    BNC_AUTH_PENDING, /* the program runs; on_ready comes later, once */
    BNC_AUTH_SAME     /* (after a refusal) there is nothing newer */
};

/* err->code is BNC_OK when there are credentials now. */
typedef void (*bnc_auth_fn)(void *arg, const struct bnc_error *err);

/*
 * Reads the files once, so that a wrong path is known at the start.
 * Owns:   the caller; `config` is borrowed.
 * Errors: those of the files, with the field that names them.
 */
enum bnc_code bnc_auth_new(struct bnc_world *world, const struct bnc_kube_config *config,
                           bnc_auth_fn on_ready, void *arg, struct bnc_auth **out,
                           struct bnc_error *err) BNC_MUST_CHECK;
void bnc_auth_free(struct bnc_auth *auth); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_auth);

/* Credentials for a request that starts now; files are read again when due. */
enum bnc_auth_answer bnc_auth_get(struct bnc_auth *auth, struct bnc_auth_view *view);

/*
 * The server answered 401 to credentials of that generation.  READY: newer ones
 * are there; PENDING: they are being fetched.  In both cases send it once more.
 */
enum bnc_auth_answer bnc_auth_refused(struct bnc_auth *auth, uint64_t generation);

/* How often the token's file was read, and how often it could not be. */
void bnc_auth_counts(const struct bnc_auth *auth, uint64_t *reads, uint64_t *failures);

#endif
