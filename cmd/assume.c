#include "cmd/assume.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/units.h"

/* Named as in prometheus-operator's own tests. */
static const struct {
    const char *key;
    size_t offset; /* of a bool; SIZE_MAX: known, and of no consequence */
} switches[] = {
    {"endpointSliceSupported", offsetof(struct bnc_assumed, endpoint_slices)},
    {"podTopologyLabelsSupported", offsetof(struct bnc_assumed, pod_topology)},
    {"prometheusTopologySharding", offsetof(struct bnc_assumed, topology_sharding)},
    {"prometheusRetentionPolicies", offsetof(struct bnc_assumed, retention_policies)},
    {"daemonSet", offsetof(struct bnc_assumed, daemon_set)},
    {"bypassVersionCheck", offsetof(struct bnc_assumed, any_version)},
    {"inlineTLSConfig", SIZE_MAX}, /* certificates are files here */
};

struct bnc_assumed
bnc_assume_current(void)
{
    return (struct bnc_assumed){.endpoint_slices = true,
                                .pod_topology = true,
                                .topology_sharding = true,
                                .retention_policies = true};
}

/* EndpointSlices are there since 1.21, labels of the zone on pods since 1.35. */
static enum bnc_code
read_kubernetes(const char *value, struct bnc_assumed *out, struct bnc_error *err)
{
    const struct bnc_version slices = {.major = 1, .minor = 21};
    const struct bnc_version zones = {.major = 1, .minor = 35};
    struct bnc_version version = {0};

    if (bnc_version_parse(value, &version, err)) {
        return bnc_wrap(err, "--assume kubernetes");
    }
    out->endpoint_slices = bnc_version_compare(&version, &slices) >= 0;
    out->pod_topology = bnc_version_compare(&version, &zones) >= 0;
    return BNC_OK;
}

enum bnc_code
bnc_assume_read(const char *text, struct bnc_assumed *out, struct bnc_error *err)
{
    const char *equals = strchr(text, '=');
    size_t n = equals == NULL ? strlen(text) : (size_t)(equals - text);
    const char *value = equals == NULL ? "" : equals + 1;

    if (n == strlen("kubernetes") && strncmp(text, "kubernetes", n) == 0) {
        return read_kubernetes(value, out, err);
    }
    bool yes = strcmp(value, "true") == 0;
    if (!yes && strcmp(value, "false") != 0) {
        return bnc_fail(
            err, BNC_INVALID,
            "--assume %.100s: write KEY=true or KEY=false, or kubernetes=1.36", text);
    }
    for (size_t i = 0; i < BNC_LEN(switches); i++) {
        if (strlen(switches[i].key) == n && strncmp(switches[i].key, text, n) == 0) {
            if (switches[i].offset != SIZE_MAX) {
                *(bool *)(void *)((char *)out + switches[i].offset) = yes;
            }
            return BNC_OK;
        }
    }
    return bnc_fail(err, BNC_INVALID,
                    "--assume %.100s is not known; there are kubernetes, "
                    "endpointSliceSupported, podTopologyLabelsSupported, "
                    "prometheusTopologySharding, prometheusRetentionPolicies, daemonSet "
                    "and bypassVersionCheck",
                    text);
}
