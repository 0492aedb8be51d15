/*
 * What the endpoints of all kinds that scrape have in common: times, relabel rules, how
 * they authenticate.  Paths are below `field`, as "spec.endpoints[2]".
 */
#ifndef BNC_RECONCILERS_ENDPOINT_H
#define BNC_RECONCILERS_ENDPOINT_H

#include "reconcilers/refs.h"

/* scrapeTimeout is at most the interval, when both are there. */
void bnc_endpoint_times(struct bnc_refs *refs, const struct bnc_endpoint *spec,
                        const char *field);

/* Checks that hold for every version of Prometheus; gates come with the profile. */
void bnc_endpoint_relabelings(struct bnc_refs *refs, const struct bnc_list *list,
                              const char *field);

/* What Prometheus refuses about a proxy. */
/*
 * The type of an authorization, trimmed as prometheus-operator does; "Bearer" when it is
 * not said.  Basic is told: Prometheus has basic_auth for it.
 */
const char *
bnc_endpoint_auth_type(struct bnc_refs *refs, const char *field, const char *type);
void bnc_endpoint_proxy(struct bnc_refs *refs, const char *field, const char *proxy_url,
                        const char *no_proxy, enum bnc_tri from_environment,
                        const cJSON *headers);

/* Credentials, tokens and TLS of out->spec become files; the rest of `out` stays. */
void
bnc_endpoint_auth(struct bnc_refs *refs, const char *field, struct bnc_endpoint_ir *out);

#endif
