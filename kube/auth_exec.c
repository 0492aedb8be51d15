#include "kube/auth_exec.h"

#include <string.h>

#include "lib/base64.h"
#include "lib/json.h"
#include "lib/time.h"

static void
add_cluster(struct bnc_arena *arena, cJSON *spec, const struct bnc_kube_config *config,
            const char *ca_pem)
{
    cJSON *cluster = bnc_json_object(arena);
    bnc_json_set_str(arena, cluster, "server", config->server);
    if (config->tls_server_name != NULL) {
        bnc_json_set_str(arena, cluster, "tls-server-name", config->tls_server_name);
    }
    if (config->proxy != NULL) {
        bnc_json_set_str(arena, cluster, "proxy-url", config->proxy);
    }
    if (config->insecure) {
        bnc_json_set_bool(arena, cluster, "insecure-skip-tls-verify", true);
    }
    if (ca_pem != NULL) {
        struct bnc_str text = bnc_str_new(arena, BNC_KUBE_FILE_MAX * 2);
        bnc_base64_add(&text, (struct bnc_bytes){ca_pem, strlen(ca_pem)});
        bnc_json_set_str(arena, cluster, "certificate-authority-data", text.ptr);
    }
    bnc_json_set_item(arena, spec, "cluster", cluster);
}

const char *
bnc_exec_info(struct bnc_arena *arena, const struct bnc_kube_config *config,
              const char *ca_pem)
{
    cJSON *root = bnc_json_object(arena);
    cJSON *spec = bnc_json_object(arena);
    struct bnc_str text = bnc_str_new(arena, BNC_KUBE_FILE_MAX * 3);

    bnc_json_set_str(arena, root, "kind", "ExecCredential");
    bnc_json_set_str(arena, root, "apiVersion", config->exec.api_version);
    bnc_json_set_bool(arena, spec, "interactive", false);
    if (config->exec.provide_cluster_info) {
        add_cluster(arena, spec, config, ca_pem);
    }
    bnc_json_set_item(arena, root, "spec", spec);
    bnc_json_print(root, &text);
    return text.ptr;
}

enum bnc_code
bnc_exec_answer(struct bnc_arena *arena, const struct bnc_kube_exec *exec,
                struct bnc_bytes output, struct bnc_exec_credential *out,
                struct bnc_error *err)
{
    cJSON *root = NULL;
    if (bnc_json_parse(arena, output.ptr, output.len, &root, err)) {
        return bnc_wrap(err, "its output is no ExecCredential in JSON");
    }
    const cJSON *status = bnc_json_get(root, "status");
    const char *expires = bnc_json_get_str(status, "expirationTimestamp");
    struct bnc_exec_credential found = {
        .token = bnc_json_get_str(status, "token"),
        .cert_pem = bnc_json_get_str(status, "clientCertificateData"),
        .key_pem = bnc_json_get_str(status, "clientKeyData"),
        .expires_ms = expires == NULL ? 0 : bnc_time_parse(expires),
    };
    if (!bnc_str_eq(bnc_json_get_str(root, "kind"), "ExecCredential") ||
        !bnc_str_eq(bnc_json_get_str(root, "apiVersion"), exec->api_version)) {
        return bnc_fail(err, BNC_INVALID, "its output is no ExecCredential of %s",
                        exec->api_version);
    }
    if ((found.cert_pem == NULL) != (found.key_pem == NULL)) {
        return bnc_fail(
            err, BNC_INVALID, "its status has %s without %s",
            found.cert_pem == NULL ? "clientKeyData" : "clientCertificateData",
            found.cert_pem == NULL ? "clientCertificateData" : "clientKeyData");
    }
    if (found.token == NULL && found.cert_pem == NULL) {
        return bnc_fail(err, BNC_INVALID, "its status has neither token nor certificate");
    }
    if (expires != NULL && found.expires_ms == 0) {
        return bnc_fail(err, BNC_INVALID, "its expirationTimestamp is no RFC 3339 time");
    }
    *out = found;
    return BNC_OK;
}
