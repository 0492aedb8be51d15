/*
 * /debug/state: one JSON object for those who look into a running process.  No names of
 * anything secret, no contents; on loopback only.
 */
#ifndef BNC_CONTROLLER_ENDPOINTS_STATE_H
#define BNC_CONTROLLER_ENDPOINTS_STATE_H

#include "controller/controller.h"
#include "source/cluster.h"

struct bnc_state_ask {
    struct bnc_world *world;
    const struct bnc_controller *controller;
    struct bnc_kube *kube;     /* NULL: no API server */
    struct bnc_source *source; /* of a cluster; NULL: none */
    const char *version;
};

/* Not the same shape from version to version: for people, not for programs. */
void bnc_state_write(const struct bnc_state_ask *ask, struct bnc_str *out);

#endif
