#include "render/prom_gate.h"

#include <stdio.h>
#include <string.h>

#include "lib/clip.h"
#include "lib/json.h"

#define FIELD_MAX 64 /* bytes of a camelCase name; the keys of Prometheus are shorter */

static const char remedy[] = "leave it out, or raise the Observatory's "
                             "spec.prometheus.version with Prometheus itself";

/* scrape_protocols -> scrapeProtocols */
static void
camel_case(const char *key, char field[FIELD_MAX])
{
    size_t n = 0;
    bool up = false;

    for (; *key != '\0' && n + 1 < FIELD_MAX; key++) {
        if (*key == '_') {
            up = true;
            continue;
        }
        field[n] = *key;
        if (up && *key >= 'a' && *key <= 'z') {
            field[n] ^= 0x20;
        }
        n++;
        up = false;
    }
    field[n] = '\0';
}

static void
warn(const struct bnc_prom_gate *gate, const char *key, const char *what, int since)
{
    char field[FIELD_MAX];

    camel_case(key, field);
    bnc_diag_warn(gate->diags, BNC_REASON_UNSUPPORTED_VERSION, field, remedy,
                  "%s is left out: it needs Prometheus %d.%d, this one is %u.%u.%u", what,
                  since / 1000, since % 1000, gate->version->major, gate->version->minor,
                  gate->version->patch);
}

void
bnc_prom_gate_warn(const struct bnc_prom_gate *gate, const char *key, int since)
{
    warn(gate, key, key, since);
}

bool
bnc_prom_knows(const struct bnc_prom_gate *gate, enum bnc_prom_block block,
               const char *key)
{
    const struct bnc_prom_key *found = bnc_prom_key_find(block, key);

    return found != NULL && bnc_prom_key_in(found, gate->version);
}

bool
bnc_prom_may(const struct bnc_prom_gate *gate, enum bnc_prom_block block, const char *key)
{
    const struct bnc_prom_key *found = bnc_prom_key_find(block, key);

    if (found == NULL || bnc_prom_key_in(found, gate->version)) {
        return found != NULL;
    }
    warn(gate, key, key, found->since);
    return false;
}

bool
bnc_prom_may_protocol(const struct bnc_prom_gate *gate, const char *key,
                      const char *protocol)
{
    char what[80];
    int since = bnc_prom_protocol_since(protocol);

    if (since != 0 && bnc_prom_release(gate->version) >= since) {
        return true;
    }
    (void)snprintf(what, sizeof(what), "\"%.*s\"", bnc_clip(protocol, 60), protocol);
    if (since != 0) {
        warn(gate, key, what, since);
        return false;
    }
    char field[FIELD_MAX];
    camel_case(key, field);
    bnc_diag_warn(gate->diags, BNC_REASON_INVALID_FIELD, field, NULL,
                  "%s is left out: no Prometheus knows this protocol", what);
    return false;
}

/* Of a block, or of the HTTP client that stands in it. */
static const struct bnc_prom_key *
find_key(enum bnc_prom_block block, const char *name)
{
    const struct bnc_prom_key *key = bnc_prom_key_find(block, name);
    return key != NULL ? key : bnc_prom_key_find(BNC_PROM_HTTP, name);
}

static void
gate_user(const struct bnc_prom_gate *gate, cJSON *auth)
{
    bool both = bnc_json_get(auth, "username") != NULL &&
                bnc_json_get(auth, "username_file") != NULL;
    if (both) {
        bool file = bnc_prom_knows(gate, BNC_PROM_BASIC_AUTH, "username_file");
        (void)bnc_json_remove(auth, file ? "username" : "username_file");
    }
}

static void
gate_protocols(const struct bnc_prom_gate *gate, cJSON *tree, cJSON *list)
{
    cJSON *next;
    for (cJSON *item = list->child; item != NULL; item = next) {
        next = item->next;
        if (!cJSON_IsString(item) ||
            !bnc_prom_may_protocol(gate, "scrape_protocols", item->valuestring)) {
            (void)cJSON_DetachItemViaPointer(list, item);
        }
    }
    if (list->child == NULL) { /* an empty list is refused */
        (void)bnc_json_remove(tree, "scrape_protocols");
    }
}

void
bnc_prom_tree_gate(const struct bnc_prom_gate *gate, enum bnc_prom_block block,
                   cJSON *tree)
{
    cJSON *next;

    if (block == BNC_PROM_BASIC_AUTH) {
        gate_user(gate, tree);
    }
    for (cJSON *item = tree == NULL ? NULL : tree->child; item != NULL; item = next) {
        next = item->next;
        if (cJSON_IsArray(tree)) {
            bnc_prom_tree_gate(gate, block, item);
            continue;
        }
        const struct bnc_prom_key *key = find_key(block, item->string);
        if (key == NULL) {
            if (bnc_str_ends(item->string, "_sd_configs")) {
                bnc_prom_tree_gate(gate, BNC_PROM_HTTP, item);
            }
            continue;
        }
        if (!bnc_prom_key_in(key, gate->version)) {
            if (key->until == 0) {
                warn(gate, key->name, key->name, key->since);
            }
            (void)bnc_json_remove(tree, item->string);
        } else if (strcmp(key->name, "scrape_protocols") == 0) {
            gate_protocols(gate, tree, item);
        } else if (cJSON_IsObject(item) || cJSON_IsArray(item)) {
            bnc_prom_tree_gate(gate, key->sub, item);
        }
    }
}
