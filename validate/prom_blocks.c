#include "validate/prom_blocks.h"

#include <string.h>
#include <strings.h>

#include "lib/clip.h"
#include "lib/json.h"
#include "validate/relabel.h"

const char *
bnc_prom_below(const struct bnc_prom_check *check, const char *path, const char *key)
{
    return bnc_arena_fmt(check->diags->arena, "%s.%.*s", path, bnc_clip(key, 100), key);
}

const char *
bnc_prom_item(const struct bnc_prom_check *check, const char *path, size_t i)
{
    return bnc_arena_fmt(check->diags->arena, "%s[%zu]", path, i);
}

void
bnc_prom_refuse(const struct bnc_prom_check *check, const char *path, const char *remedy,
                const char *what)
{
    bnc_diag_add(check->diags, BNC_REASON_INVALID_FIELD, path, remedy, "%s", what);
}

/* ---- blocks: what their keys mean together ------------------------------------- */

static const struct {
    enum bnc_prom_block block;
    const char *key;
} required[] = {
    {BNC_PROM_JOB, "job_name"},       {BNC_PROM_REMOTE_WRITE, "url"},
    {BNC_PROM_REMOTE_READ, "url"},    {BNC_PROM_TRACING, "endpoint"},
    {BNC_PROM_KUBERNETES_SD, "role"}, {BNC_PROM_HTTP_SD, "url"},
    {BNC_PROM_FILE_SD, "files"},      {BNC_PROM_OAUTH2, "client_id"},
    {BNC_PROM_OAUTH2, "token_url"},
};

static void
check_required(const struct bnc_prom_check *check, enum bnc_prom_block block,
               const cJSON *tree, const char *path)
{
    for (size_t i = 0; i < BNC_LEN(required); i++) {
        const cJSON *value = bnc_json_get(tree, required[i].key);
        bool empty = value == NULL || cJSON_IsNull(value) ||
                     (cJSON_IsString(value) && value->valuestring[0] == '\0') ||
                     (cJSON_IsArray(value) && value->child == NULL);
        if (required[i].block == block && empty) {
            bnc_prom_refuse(check, bnc_prom_below(check, path, required[i].key), "set it",
                            "required, but missing or empty");
        }
    }
}

/* Ways to authenticate; Prometheus takes one. */
static void
check_auth(const struct bnc_prom_check *check, const cJSON *tree, const char *path)
{
    static const char *const ways[] = {"basic_auth",        "authorization", "oauth2",
                                       "bearer_token",      "sigv4",         "azuread",
                                       "bearer_token_file", "google_iam"};
    const char *type = bnc_json_get_str(bnc_json_get(tree, "authorization"), "type");
    const char *first = NULL;

    for (size_t i = 0; i < BNC_LEN(ways); i++) {
        const cJSON *value = bnc_json_get(tree, ways[i]);
        if (value == NULL || cJSON_IsNull(value)) {
            continue;
        }
        if (first != NULL) {
            bnc_prom_refuse(
                check, bnc_prom_below(check, path, ways[i]), "keep one of them",
                bnc_arena_fmt(check->diags->arena, "may not stand beside %s", first));
        }
        first = first == NULL ? ways[i] : first;
    }
    if (type != NULL && strcasecmp(type, "basic") == 0) {
        bnc_prom_refuse(check, bnc_prom_below(check, path, "authorization.type"),
                        "use basic_auth", "\"basic\" is no type of authorization");
    }
}

static bool
is_set(const cJSON *tree, const char *key)
{
    const char *text = bnc_json_get_str(tree, key);

    return (text != NULL && text[0] != '\0') || bnc_json_get_true(tree, key);
}

static void
check_proxy(const struct bnc_prom_check *check, const cJSON *tree, const char *path)
{
    bool env = is_set(tree, "proxy_from_environment");

    if (env && is_set(tree, "proxy_url")) {
        bnc_prom_refuse(check, bnc_prom_below(check, path, "proxy_url"),
                        "keep one of them",
                        "may not stand beside proxy_from_environment");
    }
    if (is_set(tree, "no_proxy") && (env || !is_set(tree, "proxy_url"))) {
        bnc_prom_refuse(check, bnc_prom_below(check, path, "no_proxy"),
                        "use it with proxy_url",
                        env ? "may not stand beside proxy_from_environment"
                            : "means nothing without proxy_url");
    }
}

/* One value from three sources: in clear, in a file, from a secret manager. */
static const struct {
    enum bnc_prom_block block;
    const char *key;
} sourced[] = {
    {BNC_PROM_BASIC_AUTH, "username"},
    {BNC_PROM_BASIC_AUTH, "password"},
    {BNC_PROM_AUTHORIZATION, "credentials"},
    {BNC_PROM_OAUTH2, "client_secret"},
    {BNC_PROM_TLS, "ca"},
    {BNC_PROM_TLS, "cert"},
    {BNC_PROM_TLS, "key"},
};

static void
check_sources(const struct bnc_prom_check *check, enum bnc_prom_block block,
              const cJSON *tree, const char *path)
{
    static const char *const endings[] = {"", "_file", "_ref"};

    for (size_t i = 0; i < BNC_LEN(sourced); i++) {
        bool found = false;
        for (size_t k = 0; sourced[i].block == block && k < BNC_LEN(endings); k++) {
            const char *key =
                bnc_arena_fmt(check->diags->arena, "%s%s", sourced[i].key, endings[k]);
            if (found && is_set(tree, key)) {
                bnc_prom_refuse(check, bnc_prom_below(check, path, key),
                                "keep one of them", "is given in two ways");
            }
            found = found || is_set(tree, key);
        }
    }
}

static void
check_tls(const struct bnc_prom_check *check, const cJSON *tls, const char *path)
{
    bool cert =
        is_set(tls, "cert_file") || is_set(tls, "cert") || is_set(tls, "cert_ref");
    bool key = is_set(tls, "key_file") || is_set(tls, "key") || is_set(tls, "key_ref");

    if (cert != key) {
        bnc_prom_refuse(check, path, "set both or neither",
                        cert ? "a certificate without its key"
                             : "a key without its certificate");
    }
}

static void
check_timeout(const struct bnc_prom_check *check, const cJSON *tree, const char *path)
{
    const char *interval = bnc_json_get_str(tree, "scrape_interval");
    const char *timeout = bnc_json_get_str(tree, "scrape_timeout");
    struct bnc_error err = {0};
    int64_t interval_ms;
    int64_t timeout_ms;

    if (interval == NULL || timeout == NULL ||
        bnc_duration_parse(interval, &interval_ms, &err) ||
        bnc_duration_parse(timeout, &timeout_ms, &err)) {
        return; /* missing, or reported already */
    }
    if (timeout_ms > interval_ms && interval_ms > 0) {
        bnc_prom_refuse(check, bnc_prom_below(check, path, "scrape_timeout"),
                        "make it the interval at most",
                        bnc_arena_fmt(check->diags->arena,
                                      "%s is over the scrape_interval %s", timeout,
                                      interval));
    }
}

/* Prometheus refuses an empty list, a value it does not know, one that is repeated. */
static void
check_protocols(const struct bnc_prom_check *check, const cJSON *tree, const char *path)
{
    const cJSON *list = bnc_json_get(tree, "scrape_protocols");
    const char *below = bnc_prom_below(check, path, "scrape_protocols");
    const cJSON *item;
    size_t i = 0;

    if (cJSON_IsArray(list) && list->child == NULL) {
        bnc_prom_refuse(check, below, "leave it out or name a protocol",
                        "may not be empty");
    }
    cJSON_ArrayForEach(item, list)
    {
        int since = cJSON_IsString(item) ? bnc_prom_protocol_since(item->valuestring) : 0;
        const cJSON *first = list->child;
        while (first != item && !bnc_json_equal(first, item)) {
            first = first->next;
        }
        if (since == 0 || since > bnc_prom_release(check->version)) {
            bnc_prom_refuse(
                check, bnc_prom_item(check, below, i),
                "use PrometheusProto, OpenMetricsText1.0.0, OpenMetricsText0.0.1 or "
                "PrometheusText0.0.4",
                "no protocol that this Prometheus knows");
        } else if (first != item) {
            bnc_prom_refuse(check, bnc_prom_item(check, below, i), "name each once",
                            "is there twice");
        }
        i++;
    }
}

static void
check_fallback(const struct bnc_prom_check *check, const cJSON *tree, const char *path)
{
    const char *protocol = bnc_json_get_str(tree, "fallback_scrape_protocol");
    int since = protocol == NULL ? 0 : bnc_prom_protocol_since(protocol);

    if (protocol != NULL && protocol[0] != '\0' &&
        (since == 0 || since > bnc_prom_release(check->version))) {
        bnc_prom_refuse(check, bnc_prom_below(check, path, "fallback_scrape_protocol"),
                        "use PrometheusText0.0.4, for example",
                        "no protocol that this Prometheus knows");
    }
}

static void
check_external_labels(const struct bnc_prom_check *check, const cJSON *tree,
                      const char *path)
{
    const char *below = bnc_prom_below(check, path, "external_labels");
    const cJSON *label;

    cJSON_ArrayForEach(label, bnc_json_get(tree, "external_labels"))
    {
        if (label->string != NULL &&
            !bnc_relabel_label_valid(label->string, check->version)) {
            bnc_prom_refuse(check, bnc_prom_below(check, below, label->string),
                            "a label name is letters, digits and _, not a digit first",
                            "no label name");
        }
    }
}

static void
check_role(const struct bnc_prom_check *check, const cJSON *tree, const char *path)
{
    static const char *const roles[] = {"pod",           "service", "endpoints",
                                        "endpointslice", "node",    "ingress"};
    const char *role = bnc_json_get_str(tree, "role");

    for (size_t i = 0; role != NULL && i < BNC_LEN(roles); i++) {
        if (strcmp(role, roles[i]) == 0) {
            return;
        }
    }
    if (role != NULL && role[0] != '\0') {
        bnc_prom_refuse(check, bnc_prom_below(check, path, "role"),
                        "use pod, service, endpoints, endpointslice, node or ingress",
                        "no role of the discovery");
    }
}

/* Its own HTTP settings are for a named API server only. */
static void
check_api_server(const struct bnc_prom_check *check, const cJSON *tree, const char *path)
{
    size_t n;
    const struct bnc_prom_key *keys = bnc_prom_keys(BNC_PROM_HTTP, &n);

    for (size_t i = 0; i < n && !is_set(tree, "api_server"); i++) {
        const cJSON *value = bnc_json_get(tree, keys[i].name);
        bool is_default = value == NULL || cJSON_IsNull(value) ||
                          (cJSON_IsObject(value) && value->child == NULL) ||
                          (keys[i].type == BNC_PROM_BOOL &&
                           cJSON_IsTrue(value) ==
                               (strcmp(keys[i].name, "proxy_from_environment") != 0));
        if (!is_default) {
            bnc_prom_refuse(check, bnc_prom_below(check, path, keys[i].name),
                            "set api_server too, or take it out",
                            "may not be set without api_server");
        }
    }
}

static void
check_api_version(const struct bnc_prom_check *check, const cJSON *tree, const char *path)
{
    const char *version = bnc_json_get_str(tree, "api_version");
    bool old = version != NULL && strcmp(version, "v1") == 0 &&
               bnc_prom_release(check->version) < BNC_PROM_V(3, 0);

    if (version != NULL && strcmp(version, "v2") != 0 && !old) {
        bnc_prom_refuse(check, bnc_prom_below(check, path, "api_version"),
                        "use v2, or leave it out",
                        "no API of Alertmanager that this Prometheus speaks");
    }
}

static void
check_oauth2(const struct bnc_prom_check *check, const cJSON *tree, const char *path)
{
    if (bnc_prom_release(check->version) < BNC_PROM_V(2, 51) &&
        !is_set(tree, "client_secret") && !is_set(tree, "client_secret_file")) {
        bnc_prom_refuse(check, bnc_prom_below(check, path, "client_secret_file"),
                        "set it", "required before Prometheus 2.51");
    }
}

static void
check_relabel(const struct bnc_prom_check *check, const cJSON *tree, const char *path)
{
    bnc_relabel_json_check(tree, path, check->version, check->diags);
}

static const struct {
    enum bnc_prom_block block;
    void (*run)(const struct bnc_prom_check *check, const cJSON *tree, const char *path);
} checks[] = {
    {BNC_PROM_TLS, check_tls},
    {BNC_PROM_OAUTH2, check_oauth2},
    {BNC_PROM_RELABEL, check_relabel},
    {BNC_PROM_KUBERNETES_SD, check_role},
    {BNC_PROM_KUBERNETES_SD, check_api_server},
    {BNC_PROM_ALERTMANAGER, check_api_version},
    {BNC_PROM_JOB, check_fallback},
    {BNC_PROM_JOB, check_timeout},
    {BNC_PROM_JOB, check_protocols},
    {BNC_PROM_GLOBAL, check_timeout},
    {BNC_PROM_GLOBAL, check_protocols},
    {BNC_PROM_GLOBAL, check_external_labels},
};

void
bnc_prom_block_check(const struct bnc_prom_check *check, enum bnc_prom_block block,
                     const cJSON *tree, const char *path)
{
    check_required(check, block, tree, path);
    check_sources(check, block, tree, path);
    if (bnc_prom_key_find(block, "basic_auth") != NULL) {
        check_auth(check, tree, path);
    }
    if (bnc_prom_key_find(block, "proxy_url") != NULL) {
        check_proxy(check, tree, path);
    }
    for (size_t i = 0; i < BNC_LEN(checks); i++) {
        if (checks[i].block == block) {
            checks[i].run(check, tree, path);
        }
    }
}
