#include "kube/config_fields.h"

#include <string.h>

#include "lib/base64.h"

#define EXEC_GROUP "client.authentication.k8s.io/"

enum bnc_code
bnc_kubeconfig_fail(struct bnc_error *err, const struct bnc_kubeconfig_entry *entry,
                    const char *key, const char *what)
{
    return bnc_fail(err, BNC_INVALID, "%s: %s \"%s\": %s %s", entry->file->path,
                    entry->what, entry->name, key, what);
}

static bool
is_absent(const cJSON *item)
{
    return item == NULL || cJSON_IsNull(item);
}

enum bnc_code
bnc_kubeconfig_text(const struct bnc_kubeconfig_entry *entry, const char *key,
                    const char **out, struct bnc_error *err)
{
    const cJSON *item = bnc_json_get(entry->body, key);
    *out = NULL;
    if (is_absent(item)) {
        return BNC_OK;
    }
    if (!cJSON_IsString(item)) {
        return bnc_kubeconfig_fail(err, entry, key, "is not a text; put it in quotes");
    }
    if (strpbrk(item->valuestring, "\r\n") != NULL && strstr(key, "-data") == NULL) {
        return bnc_kubeconfig_fail(err, entry, key, "has more than one line");
    }
    *out = item->valuestring[0] == '\0' ? NULL : item->valuestring;
    return BNC_OK;
}

static enum bnc_code
read_flag(const struct bnc_kubeconfig_entry *entry, const char *key, bool *out,
          struct bnc_error *err)
{
    const cJSON *item = bnc_json_get(entry->body, key);
    if (!is_absent(item) && !cJSON_IsBool(item)) {
        return bnc_kubeconfig_fail(err, entry, key, "is neither true nor false");
    }
    *out = cJSON_IsTrue(item) != 0;
    return BNC_OK;
}

static const char *
against_folder(const struct bnc_kubeconfig_entry *entry, struct bnc_arena *arena,
               const char *path)
{
    if (path == NULL || path[0] == '/' || entry->file->folder[0] == '\0') {
        return path;
    }
    return bnc_arena_fmt(arena, "%s/%s", entry->file->folder, path);
}

static enum bnc_code
read_path(const struct bnc_kubeconfig_entry *entry, const char *key,
          struct bnc_arena *arena, const char **out, struct bnc_error *err)
{
    if (bnc_kubeconfig_text(entry, key, out, err)) {
        return err->code;
    }
    *out = against_folder(entry, arena, *out);
    return BNC_OK;
}

/* `key` names a file, `key`-data holds the same in base64 and wins. */
static enum bnc_code
read_pem(const struct bnc_kubeconfig_entry *entry, const char *key,
         struct bnc_arena *arena, struct bnc_kube_pem *out, struct bnc_error *err)
{
    const char *data_key = bnc_arena_fmt(arena, "%s-data", key);
    const char *data = NULL;

    if (bnc_kubeconfig_text(entry, data_key, &data, err)) {
        return err->code;
    }
    if (data == NULL) {
        return read_path(entry, key, arena, &out->path, err);
    }
    out->text = bnc_base64_to_text(arena, data);
    if (out->text == NULL || strstr(out->text, "-----BEGIN ") == NULL) {
        return bnc_kubeconfig_fail(err, entry, data_key, "is not PEM text in base64");
    }
    return BNC_OK;
}

static bool
is_proxy(const char *url)
{
    return bnc_str_starts(url, "http://") || bnc_str_starts(url, "https://") ||
           bnc_str_starts(url, "socks5://");
}

enum bnc_code
bnc_kubeconfig_cluster(const struct bnc_kubeconfig_entry *entry,
                       struct bnc_kube_config *config, struct bnc_error *err)
{
    const char *server = NULL;

    if (bnc_kubeconfig_text(entry, "server", &server, err) ||
        bnc_kubeconfig_text(entry, "tls-server-name", &config->tls_server_name, err) ||
        bnc_kubeconfig_text(entry, "proxy-url", &config->proxy, err) ||
        read_flag(entry, "insecure-skip-tls-verify", &config->insecure, err) ||
        read_flag(entry, "disable-compression", &config->no_compression, err) ||
        read_pem(entry, "certificate-authority", config->arena, &config->ca, err)) {
        return err->code;
    }
    if (server == NULL) {
        return bnc_kubeconfig_fail(err, entry, "server",
                                   "is missing: the address of the API "
                                   "server, such as https://10.0.0.1:6443");
    }
    if (config->proxy != NULL && !is_proxy(config->proxy)) {
        return bnc_kubeconfig_fail(err, entry, "proxy-url",
                                   "begins with none of http://, https:// and socks5://");
    }
    if (!bnc_str_starts(server, "https://") && !bnc_str_starts(server, "http://")) {
        return bnc_kubeconfig_fail(err, entry, "server",
                                   "begins with neither https:// nor http://");
    }
    if (config->insecure && (config->ca.text != NULL || config->ca.path != NULL)) {
        return bnc_kubeconfig_fail(
            err, entry, "insecure-skip-tls-verify",
            "is true and certificate-authority is set: remove one");
    }
    size_t n = strlen(server);
    while (n > 0 && server[n - 1] == '/') {
        n--;
    }
    config->server = bnc_arena_strndup(config->arena, server, n);
    return BNC_OK;
}

enum bnc_code
bnc_kubeconfig_texts(const struct bnc_kubeconfig_entry *entry, const char *key, bool pair,
                     struct bnc_arena *arena, const char *const **out,
                     struct bnc_error *err)
{
    const cJSON *list = bnc_json_get(entry->body, key);
    int n = is_absent(list) ? 0 : cJSON_GetArraySize(list);

    if ((!is_absent(list) && !cJSON_IsArray(list)) || n > BNC_KUBECONFIG_ITEMS) {
        return bnc_kubeconfig_fail(err, entry, key, "is not a list of up to 200 items");
    }
    const char **texts = bnc_arena_array(arena, (size_t)n + 1, sizeof(*texts));
    size_t at = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list)
    {
        const char *name = pair ? bnc_json_get_str(item, "name") : item->valuestring;
        const char *value = pair ? bnc_json_get_str(item, "value") : "";
        if (name == NULL || value == NULL || (pair && strchr(name, '=') != NULL)) {
            return bnc_kubeconfig_fail(
                err, entry, key,
                pair ? "has an item without name and value"
                     : "has an item that is not a text; put it in quotes");
        }
        texts[at++] = pair ? bnc_arena_fmt(arena, "%s=%s", name, value) : name;
    }
    *out = texts;
    return BNC_OK;
}

static enum bnc_code
read_exec(const struct bnc_kubeconfig_entry *user, struct bnc_kube_config *config,
          struct bnc_error *err)
{
    const cJSON *body = bnc_json_get(user->body, "exec");
    struct bnc_kubeconfig_entry entry = {user->file, "exec of user", user->name, body};
    struct bnc_kube_exec *exec = &config->exec;
    const char *mode = NULL;

    if (is_absent(body)) {
        return BNC_OK;
    }
    if (bnc_kubeconfig_text(&entry, "command", &exec->command, err) ||
        bnc_kubeconfig_text(&entry, "apiVersion", &exec->api_version, err) ||
        bnc_kubeconfig_text(&entry, "interactiveMode", &mode, err) ||
        read_flag(&entry, "provideClusterInfo", &exec->provide_cluster_info, err) ||
        bnc_kubeconfig_texts(&entry, "args", false, config->arena, &exec->args, err) ||
        bnc_kubeconfig_texts(&entry, "env", true, config->arena, &exec->env, err)) {
        return err->code;
    }
    exec->install_hint = bnc_json_get_str(body, "installHint"); /* may have many lines */
    if (exec->command == NULL) {
        return bnc_kubeconfig_fail(err, &entry, "command", "is missing");
    }
    if (!bnc_str_eq(exec->api_version, EXEC_GROUP "v1") &&
        !bnc_str_eq(exec->api_version, EXEC_GROUP "v1beta1")) {
        return bnc_kubeconfig_fail(err, &entry, "apiVersion",
                                   "is neither " EXEC_GROUP "v1 nor " EXEC_GROUP
                                   "v1beta1");
    }
    if (bnc_str_eq(mode, "Always")) {
        return bnc_kubeconfig_fail(
            err, &entry, "interactiveMode",
            "is Always, but there is no terminal: use IfAvailable or Never");
    }
    if (strchr(exec->command, '/') != NULL) {
        exec->command = against_folder(&entry, config->arena, exec->command);
    }
    return BNC_OK;
}

enum bnc_code
bnc_kubeconfig_user(const struct bnc_kubeconfig_entry *entry,
                    struct bnc_kube_config *config, struct bnc_error *err)
{
    if (read_pem(entry, "client-certificate", config->arena, &config->cert, err) ||
        read_pem(entry, "client-key", config->arena, &config->key, err) ||
        bnc_kubeconfig_text(entry, "token", &config->token, err) ||
        read_path(entry, "tokenFile", config->arena, &config->token_file, err) ||
        bnc_kubeconfig_text(entry, "username", &config->username, err) ||
        bnc_kubeconfig_text(entry, "password", &config->password, err) ||
        read_exec(entry, config, err) || bnc_kubeconfig_impersonate(entry, config, err)) {
        return err->code;
    }
    bool cert = config->cert.text != NULL || config->cert.path != NULL;
    bool key = config->key.text != NULL || config->key.path != NULL;
    if (cert != key) {
        return bnc_kubeconfig_fail(err, entry, cert ? "client-key" : "client-certificate",
                                   "is missing: certificate and key go together");
    }
    if (!is_absent(bnc_json_get(entry->body, "auth-provider"))) {
        return bnc_kubeconfig_fail(err, entry, "auth-provider",
                                   "was removed from Kubernetes: use exec instead");
    }
    if (cert || config->token != NULL || config->token_file != NULL ||
        config->username != NULL) {
        config->exec.command = NULL; /* as kubectl does: what is given wins */
    }
    return BNC_OK;
}
