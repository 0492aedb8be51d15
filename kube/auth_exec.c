#include "kube/auth_exec.h"

#include <string.h>
#include <time.h>

#include "lib/base64.h"
#include "lib/json.h"

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

/* Digits as in `shape` ('0'); every other character must be there.  NULL: they are not.
 */
static const char *
read_shape(const char *text, const char *shape, int *numbers)
{
    for (; *shape != '\0'; shape++, text++) {
        if (*shape != '0') {
            if (*text != *shape) {
                return NULL;
            }
            numbers++;
        } else if (*text < '0' || *text > '9') {
            return NULL;
        } else {
            *numbers = *numbers * 10 + (*text - '0');
        }
    }
    return text;
}

/* RFC 3339 to milliseconds since 1970; 0 when it is none. */
static int64_t
parse_time(const char *text)
{
    int n[6] = {0};
    int offset[2] = {0};

    text = read_shape(text, "0000-00-00T00:00:00", n);
    if (text == NULL) {
        return 0;
    }
    if (*text == '.') {
        text += 1 + strspn(text + 1, "0123456789");
    }
    bool west = *text == '-';
    if (*text == '+' || west) {
        text = read_shape(text + 1, "00:00", offset);
    } else if (*text == 'Z') {
        text++;
    } else {
        return 0;
    }
    if (text == NULL || *text != '\0') {
        return 0;
    }
    struct tm tm = {.tm_year = n[0] - 1900,
                    .tm_mon = n[1] - 1,
                    .tm_mday = n[2],
                    .tm_hour = n[3],
                    .tm_min = n[4],
                    .tm_sec = n[5]};
    int64_t offset_s = (int64_t)(offset[0] * 60 + offset[1]) * 60 * (west ? -1 : 1);
    return ((int64_t)timegm(&tm) - offset_s) * 1000;
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
        .expires_ms = expires == NULL ? 0 : parse_time(expires),
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
