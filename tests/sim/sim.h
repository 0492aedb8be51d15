/*
 * The simulator: virtual time, a model of the API server, faults from a seed.
 *
 *     struct bnc_sim *sim = bnc_sim_new(seed);
 *     struct bnc_sim_api *api = bnc_sim_api_new(sim);
 *     bnc_sim_in_cluster(sim);                        // environment, token, CA
 *     ... start the product on bnc_sim_world(sim) ...
 *     bnc_sim_api_weather(api, 100);                  // faults on
 *     bnc_sim_api_put(api, "{...}");                  // what a user does
 *     bnc_sim_run_for(sim, 5000);
 *     bnc_sim_api_heal(api);                          // faults off
 *     bnc_sim_run_for(sim, 120000);
 *     ... compare what the product made with a fresh render ...
 *     ... free the product ...
 *     bnc_sim_api_free(api);
 *     bnc_sim_free(sim);                              // no open handles allowed
 *
 * Time stands still inside a callback and between two runs.  A crash of the
 * product is: end the run (bnc_world_stop() from bnc_sim_api_on_write(), or just
 * return from bnc_sim_run_for()), free the product's parts, make new ones.  Their
 * requests that are under way may or may not be carried out, as in life.
 *
 * The same seed and the same calls give the same bnc_sim_trace_hash().
 */
#ifndef BNC_TESTS_SIM_SIM_H
#define BNC_TESTS_SIM_SIM_H

#include "tests/sim/apiserver.h"
#include "tests/sim/world.h"

#define BNC_SIM_TOKEN_FILE "/var/run/secrets/kubernetes.io/serviceaccount/token"

/*
 * What a pod finds: KUBERNETES_SERVICE_HOST and _PORT of BNC_SIM_API_ORIGIN, the
 * service account's token ("token-1"), ca.crt and namespace ("binnacle-system").
 */
void bnc_sim_in_cluster(struct bnc_sim *sim);

/* A new token in the file; the API server takes only this one from now on. */
void
bnc_sim_rotate_token(struct bnc_sim *sim, struct bnc_sim_api *api, const char *token);

#endif
