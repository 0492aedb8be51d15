/*
 * What the controller serves: /healthz, /readyz (with ?verbose), /metrics.
 */
#ifndef BNC_CONTROLLER_ENDPOINTS_H
#define BNC_CONTROLLER_ENDPOINTS_H

#include "controller/controller.h"

struct bnc_endpoints; /* opaque */

struct bnc_endpoints_options {
    struct bnc_world *world;
    const struct bnc_controller *controller;
    const char *health_address;  /* ":8081"; "0" or NULL: not served */
    const char *metrics_address; /* ":8080"; likewise */
    const char *version;
    /* adds lines of the source's own, for /readyz?verbose and /metrics; may be NULL */
    void (*source_health)(void *arg, struct bnc_str *out);
    void (*source_metrics)(void *arg, struct bnc_str *out);
    void *arg;
};

/*
 * Owns:   the caller; free it before the controller.
 * Errors: those of bnc_listen(), with the flag's name.
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
