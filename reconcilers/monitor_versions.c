/* What a ScrapeConfig asks for that this version of Prometheus can't do. */
#include <string.h>

#include "lib/json.h"
#include "lib/units.h"
#include "reconcilers/monitor.h"
#include "reconcilers/plan_judge.h"

/* Rejected below a release, as prometheus-operator does. */
static const struct {
    const char *list;  /* of Prometheus */
    const char *field; /* of the ScrapeConfig, for messages */
    const char *key;   /* NULL: the list itself */
    const char *value; /* NULL: any */
    struct bnc_version since;
} rows[] = {
    {"consul_sd_configs",
     "consulSDConfigs[%zu].pathPrefix",
     "path_prefix",
     NULL,
     {.major = 2, .minor = 45}},
    {"consul_sd_configs",
     "consulSDConfigs[%zu].namespace",
     "namespace",
     NULL,
     {.major = 2, .minor = 28}},
    {"consul_sd_configs", "consulSDConfigs[%zu].filter", "filter", NULL, {.major = 3}},
    {"consul_sd_configs",
     "consulSDConfigs[%zu].healthFilter",
     "health_filter",
     NULL,
     {.major = 3, .minor = 11, .patch = 2}},
    {"azure_sd_configs",
     "azureSDConfigs[%zu].authenticationMethod",
     "authentication_method",
     "SDK",
     {.major = 2, .minor = 52}},
    {"azure_sd_configs",
     "azureSDConfigs[%zu].authenticationMethod",
     "authentication_method",
     "WorkloadIdentity",
     {.major = 3, .minor = 11}},
    {"azure_sd_configs",
     "azureSDConfigs[%zu].resourceGroup",
     "resource_group",
     NULL,
     {.major = 2, .minor = 35}},
    {"openstack_sd_configs",
     "openstackSDConfigs[%zu].role",
     "role",
     "loadbalancer",
     {.major = 3, .minor = 2}},
    {"docker_sd_configs",
     "dockerSDConfigs[%zu].matchFirstNetwork",
     "match_first_network",
     NULL,
     {.major = 2, .minor = 54, .patch = 1}},
    {"hetzner_sd_configs",
     "hetznerSDConfigs[%zu].labelSelector",
     "label_selector",
     NULL,
     {.major = 3, .minor = 5}},
    {"kuma_sd_configs",
     "kumaSDConfigs[%zu].clientID",
     "client_id",
     NULL,
     {.major = 2, .minor = 50}},
    {"kubernetes_sd_configs",
     "kubernetesSDConfigs[%zu].role",
     "role",
     "endpointslice",
     {.major = 2, .minor = 21}},
    {"http_sd_configs", "httpSDConfigs[%zu]", NULL, NULL, {.major = 2, .minor = 28}},
    {"digitalocean_sd_configs",
     "digitalOceanSDConfigs[%zu]",
     NULL,
     NULL,
     {.major = 2, .minor = 20}},
    {"linode_sd_configs", "linodeSDConfigs[%zu]", NULL, NULL, {.major = 2, .minor = 28}},
    {"dockerswarm_sd_configs",
     "dockerSwarmSDConfigs[%zu]",
     NULL,
     NULL,
     {.major = 2, .minor = 20}},
    {"puppetdb_sd_configs",
     "puppetDBSDConfigs[%zu]",
     NULL,
     NULL,
     {.major = 2, .minor = 31}},
    {"lightsail_sd_configs",
     "lightSailSDConfigs[%zu]",
     NULL,
     NULL,
     {.major = 2, .minor = 27}},
    {"ovhcloud_sd_configs",
     "ovhcloudSDConfigs[%zu]",
     NULL,
     NULL,
     {.major = 2, .minor = 40}},
    {"scaleway_sd_configs",
     "scalewaySDConfigs[%zu]",
     NULL,
     NULL,
     {.major = 2, .minor = 26}},
    {"ionos_sd_configs", "ionosSDConfigs[%zu]", NULL, NULL, {.major = 2, .minor = 36}},
};

static void
check_entry(struct bnc_judging *j, size_t row, const cJSON *entry, size_t i)
{
    const struct bnc_version *since = &rows[row].since;
    const char *text =
        bnc_json_get_str(entry, rows[row].key == NULL ? "" : rows[row].key);
    bool there = rows[row].key == NULL || bnc_json_get(entry, rows[row].key) != NULL;

    if (!there || (rows[row].value != NULL && !bnc_str_eq(text, rows[row].value))) {
        return;
    }
    const char *percent = strchr(rows[row].field, '%');
    bnc_diag_add(&j->diags, BNC_REASON_UNSUPPORTED_VERSION,
                 bnc_arena_fmt(j->arena, "spec.%.*s%zu%s",
                               (int)(percent - rows[row].field), rows[row].field, i,
                               percent + strlen("%zu")),
                 "leave it out, or raise the version with Prometheus itself",
                 "it needs Prometheus %u.%u.%u, this one is %u.%u.%u", since->major,
                 since->minor, since->patch, j->state->version.major,
                 j->state->version.minor, j->state->version.patch);
}

void
bnc_judge_discovery(struct bnc_judging *j, const struct bnc_ir_monitor *ir)
{
    for (size_t row = 0; ir->discovery != NULL && row < BNC_LEN(rows); row++) {
        const cJSON *entry;
        size_t i = 0;
        if (bnc_version_compare(&j->state->version, &rows[row].since) >= 0) {
            continue;
        }
        cJSON_ArrayForEach(entry, bnc_json_get(ir->discovery, rows[row].list))
        {
            check_entry(j, row, entry, i++);
        }
    }
}
