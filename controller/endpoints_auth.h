/*
 * Who may read: a bearer token is shown to the API server (TokenReview), and its owner
 * asked for (SubjectAccessReview on the path).  Verdicts are kept for a while, by a
 * salted digest of the token.
 */
#ifndef BNC_CONTROLLER_ENDPOINTS_AUTH_H
#define BNC_CONTROLLER_ENDPOINTS_AUTH_H

#include "kube/client.h"

#define BNC_GATE_USER_MS  60000  /* a token is believed so long */
#define BNC_GATE_ALLOW_MS 300000 /* what is allowed holds so long, */
#define BNC_GATE_DENY_MS  30000  /* what is not, so long */
#define BNC_GATE_CACHE    1000   /* verdicts of each sort; the oldest go */
#define BNC_GATE_ASKED    32     /* requests that wait for one; more get 503 */
#define BNC_GATE_WAIT_MS  10000  /* for one answer of the API server */

struct bnc_gate; /* opaque */

/* Owns: the caller; free it before `kube`. */
struct bnc_gate *bnc_gate_new(struct bnc_kube *kube);
/* Those that still wait are told 503.  NULL is ignored. */
void bnc_gate_free(struct bnc_gate *gate);
BNC_DEFINE_AUTO(bnc_gate);

/* 200: go on; 401, 403, 500 or 503: `why` in a few words, without a secret. */
typedef void (*bnc_gate_fn)(void *arg, int status, const char *why);

struct bnc_gate_ask {
    const char *authorization; /* the header; NULL: there is none */
    const char *verb;          /* "get", "head" */
    const char *path;          /* "/metrics" */
};

/* `fn` comes once, perhaps inside this call. */
void bnc_gate_ask(struct bnc_gate *gate, const struct bnc_gate_ask *ask, bnc_gate_fn fn,
                  void *arg);

/* Verdicts that are kept. */
size_t bnc_gate_kept(const struct bnc_gate *gate);

#endif
