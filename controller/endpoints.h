/*
 * What the controller serves: /healthz and /readyz, /metrics, /debug/state.
 * docs/operating.md says what they tell.
 */
#ifndef BNC_CONTROLLER_ENDPOINTS_H
#define BNC_CONTROLLER_ENDPOINTS_H

#include "controller/controller.h"
#include "controller/leader.h"
#include "source/cluster.h"

struct bnc_endpoints; /* opaque */

struct bnc_endpoints_options {
    struct bnc_world *world;
    const struct bnc_controller *controller;
    struct bnc_kube *kube;       /* NULL: no API server */
    struct bnc_source *source;   /* of a cluster; NULL: none */
    const char *health_address;  /* ":8081"; "0" or NULL: not served */
    const char *metrics_address; /* ":8080"; likewise */
    bool metrics_secure;         /* /metrics over TLS, with ... */
    const char *metrics_cert; /* ... tls.crt and tls.key of this folder; NULL: our own */
    bool metrics_auth;        /* to those only whom the API server lets read it */
    const char *version;
    const char *revision;            /* the commit it was built from */
    const struct bnc_leader *leader; /* NULL: there is no election */
    const char *lease;               /* its Lease's name */
};

/*
 * Owns:   the caller; free it before all that is in the options.
 * Errors: those of bnc_listen() and of the certificate, with the flag's name; INVALID
 *         for what does not go together.
 */
enum bnc_code
bnc_endpoints_new(const struct bnc_endpoints_options *options, struct bnc_endpoints **out,
                  struct bnc_error *err) BNC_MUST_CHECK;
void bnc_endpoints_free(struct bnc_endpoints *endpoints); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_endpoints);

/* Ports that are really listened on (an address may say 0); 0: not served. */
int bnc_endpoints_health_port(const struct bnc_endpoints *endpoints);
int bnc_endpoints_metrics_port(const struct bnc_endpoints *endpoints);

#endif
