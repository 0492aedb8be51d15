#include "render/prom_sd.h"

#include <string.h>

#include "lib/json.h"

#define V(major, minor) BNC_PROM_V(major, minor)

/* Left out below a release, as prometheus-operator does. */
static const struct {
    const char *list;
    const char *key;
    const char *value; /* NULL: any */
    const char *role;  /* of the entry; NULL: any */
    int since;
} rows[] = {
    {"dns_sd_configs", "type", "MX", NULL, V(2, 38)},
    {"dns_sd_configs", "type", "NS", NULL, V(2, 49)},
    {"kubernetes_sd_configs", "selectors", NULL, NULL, V(2, 17)},
    {"kubernetes_sd_configs", "attach_metadata", NULL, "pod", V(2, 35)},
    {"kubernetes_sd_configs", "attach_metadata", NULL, "endpoints", V(2, 37)},
    {"kubernetes_sd_configs", "attach_metadata", NULL, "endpointslice", V(2, 37)},
    {"ec2_sd_configs", "filters", NULL, NULL, V(2, 3)},
    {"ec2_sd_configs", "tls_config", NULL, NULL, V(2, 41)},
    {"ec2_sd_configs", "follow_redirects", NULL, NULL, V(2, 41)},
    {"ec2_sd_configs", "enable_http2", NULL, NULL, V(2, 41)},
    {"ec2_sd_configs", "proxy_url", NULL, NULL, V(2, 41)},
};

static bool
is_text(const cJSON *entry, const char *key, const char *text)
{
    return text == NULL || bnc_str_eq(bnc_json_get_str(entry, key), text);
}

void
bnc_prom_sd_gate(const struct bnc_prom_gate *gate, cJSON *tree)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        cJSON *entry;
        if (bnc_prom_release(gate->version) >= rows[i].since) {
            continue;
        }
        cJSON_ArrayForEach(entry, bnc_json_get(tree, rows[i].list))
        {
            if (bnc_json_get(entry, rows[i].key) != NULL &&
                is_text(entry, rows[i].key, rows[i].value) &&
                is_text(entry, "role", rows[i].role)) {
                bnc_prom_gate_warn(gate, rows[i].key, rows[i].since);
                (void)bnc_json_remove(entry, rows[i].key);
            }
        }
    }
}
