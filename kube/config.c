#include "kube/config.h"

#include <string.h>

#include "kube/config_fields.h"
#include "lib/yaml_in.h"

#define FILES_MAX      32
#define SERVICE_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount/"
#define SMALL_FILE_MAX ((size_t)64 * 1024)

struct loader {
    struct bnc_world *world;
    struct bnc_kube_config *config;
    struct bnc_kubeconfig_file files[FILES_MAX];
    size_t n_files;
};

/* ---- reading and merging files ------------------------------------------------- */

static const char *
folder_of(struct bnc_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return "";
    }
    return slash == path ? "/" : bnc_arena_strndup(arena, path, (size_t)(slash - path));
}

static enum bnc_code
parse_file(struct bnc_arena *arena, struct bnc_bytes text, const cJSON **out,
           struct bnc_error *err)
{
    const struct bnc_yaml_limits limits = {.max_bytes = BNC_KUBE_FILE_MAX,
                                           .max_depth = 30,
                                           .max_nodes = 200000,
                                           .max_docs = 1};
    struct bnc_yaml_docs docs = {0};

    if (bnc_yaml_read(text.ptr, text.len, &limits, arena, &docs, err)) {
        return err->code;
    }
    *out = docs.n == 0 ? NULL : docs.items[0].root;
    if (*out != NULL && !cJSON_IsObject(*out) && !cJSON_IsNull(*out)) {
        return bnc_fail(err, BNC_INVALID, "is not a map of fields");
    }
    return BNC_OK;
}

static enum bnc_code
load_file(struct loader *loader, const char *path, struct bnc_error *err)
{
    struct bnc_arena *arena = loader->config->arena;
    struct bnc_bytes text = {0};
    const cJSON *root = NULL;

    if (loader->n_files == FILES_MAX) {
        return bnc_fail(err, BNC_TOO_BIG, "KUBECONFIG names over %d files", FILES_MAX);
    }
    if (bnc_file_read(loader->world, path, BNC_KUBE_FILE_MAX, arena, &text, err)) {
        return bnc_wrap(err, "kubeconfig");
    }
    if (parse_file(arena, text, &root, err)) {
        return bnc_wrap(err, "kubeconfig %s", path);
    }
    loader->files[loader->n_files++] = (struct bnc_kubeconfig_file){
        .path = path,
        .folder = folder_of(arena, path),
        .root = root,
    };
    const char *origin = loader->config->origin;
    loader->config->origin =
        origin == NULL ? path : bnc_arena_fmt(arena, "%s:%s", origin, path);
    return BNC_OK;
}

/* $KUBECONFIG: a list with colons; files that do not exist are skipped. */
static enum bnc_code
load_list(struct loader *loader, const char *list, struct bnc_error *err)
{
    for (const char *at = list; *at != '\0';) {
        size_t n = strcspn(at, ":");
        char *path = bnc_arena_strndup(loader->config->arena, at, n);
        at += n + (at[n] == ':' ? 1 : 0);
        if (n == 0 || bnc_file_type(loader->world, path) == BNC_FILE_NONE) {
            continue;
        }
        if (load_file(loader, path, err)) {
            return err->code;
        }
    }
    if (loader->n_files == 0) {
        return bnc_fail(err, BNC_NOT_FOUND,
                        "KUBECONFIG=%s: no such file; correct it or unset it", list);
    }
    return BNC_OK;
}

/* The first file with an entry of that name wins, as with kubectl. */
static enum bnc_code
find_entry(const struct loader *loader, const char *list, const char *what,
           const char *name, struct bnc_kubeconfig_entry *out, struct bnc_error *err)
{
    for (size_t i = 0; i < loader->n_files; i++) {
        const cJSON *item = NULL;
        cJSON_ArrayForEach(item, bnc_json_get(loader->files[i].root, list))
        {
            if (bnc_str_eq(bnc_json_get_str(item, "name"), name)) {
                *out = (struct bnc_kubeconfig_entry){
                    &loader->files[i],
                    what,
                    name,
                    bnc_json_get(item, what),
                };
                return BNC_OK;
            }
        }
    }
    return bnc_fail(err, BNC_INVALID, "%s: no %s \"%s\"; `kubectl config view` shows all",
                    loader->config->origin, what, name);
}

static const char *
current_context(const struct loader *loader)
{
    for (size_t i = 0; i < loader->n_files; i++) {
        const char *name = bnc_json_get_str(loader->files[i].root, "current-context");
        if (name != NULL && name[0] != '\0') {
            return name;
        }
    }
    return NULL;
}

static enum bnc_code
merge(struct loader *loader, const char *context, struct bnc_error *err)
{
    struct bnc_kube_config *config = loader->config;
    struct bnc_kubeconfig_entry entry = {0};
    struct bnc_kubeconfig_entry found = {0};
    const char *cluster = NULL;
    const char *user = NULL;

    config->context = context == NULL ? current_context(loader) : context;
    if (config->context == NULL) {
        return bnc_fail(err, BNC_INVALID,
                        "%s: current-context is not set; set it or give --context",
                        config->origin);
    }
    config->context = bnc_arena_strdup(config->arena, config->context);
    if (find_entry(loader, "contexts", "context", config->context, &entry, err) ||
        bnc_kubeconfig_text(&entry, "cluster", &cluster, err) ||
        bnc_kubeconfig_text(&entry, "user", &user, err) ||
        bnc_kubeconfig_text(&entry, "namespace", &config->ns, err)) {
        return err->code;
    }
    if (cluster == NULL) {
        return bnc_fail(err, BNC_INVALID, "%s: context \"%s\": cluster is missing",
                        config->origin, config->context);
    }
    if (find_entry(loader, "clusters", "cluster", cluster, &found, err) ||
        bnc_kubeconfig_cluster(&found, config, err)) {
        return err->code;
    }
    if (user != NULL && (find_entry(loader, "users", "user", user, &found, err) ||
                         bnc_kubeconfig_user(&found, config, err))) {
        return err->code;
    }
    return BNC_OK;
}

/* ---- inside a pod -------------------------------------------------------------- */

static enum bnc_code
load_in_cluster(struct loader *loader, const char *host, const char *port,
                struct bnc_error *err)
{
    struct bnc_kube_config *config = loader->config;
    struct bnc_bytes ns = {0};
    struct bnc_error ignored = {0};
    bool v6 = strchr(host, ':') != NULL;

    config->origin = "in-cluster";
    config->context = "";
    config->server = bnc_arena_fmt(config->arena, "https://%s%s%s:%s", v6 ? "[" : "",
                                   host, v6 ? "]" : "", port);
    config->ca.path = SERVICE_FOLDER "ca.crt";
    config->token_file = SERVICE_FOLDER "token";
    if (bnc_file_read(loader->world, SERVICE_FOLDER "namespace", SMALL_FILE_MAX,
                      config->arena, &ns, &ignored) == BNC_OK &&
        ns.len > 0) {
        config->ns = bnc_arena_strndup(config->arena, ns.ptr, strcspn(ns.ptr, " \t\r\n"));
    }
    if (bnc_file_type(loader->world, config->token_file) != BNC_FILE_REGULAR) {
        return bnc_fail(err, BNC_NOT_FOUND,
                        "in-cluster: %s is missing; give the pod a ServiceAccount and do "
                        "not set automountServiceAccountToken: false",
                        config->token_file);
    }
    return BNC_OK;
}

/* ---- which one ----------------------------------------------------------------- */

static enum bnc_code
load_any(struct loader *loader, const struct bnc_kube_config_options *options,
         struct bnc_error *err)
{
    struct bnc_world *world = loader->world;
    const char *list = bnc_world_getenv(world, "KUBECONFIG");
    const char *host = bnc_world_getenv(world, "KUBERNETES_SERVICE_HOST");
    const char *port = bnc_world_getenv(world, "KUBERNETES_SERVICE_PORT");
    const char *home = bnc_world_getenv(world, "HOME");
    struct bnc_arena *arena = loader->config->arena;

    if (options->kubeconfig != NULL) {
        return load_file(loader, bnc_arena_strdup(arena, options->kubeconfig), err);
    }
    if (list != NULL && list[0] != '\0') {
        return load_list(loader, list, err);
    }
    if (options->context == NULL && host != NULL && host[0] != '\0' && port != NULL &&
        port[0] != '\0') {
        return load_in_cluster(loader, host, port, err);
    }
    const char *path = bnc_arena_fmt(arena, "%s/.kube/config", home == NULL ? "" : home);
    if (home == NULL || bnc_file_type(world, path) == BNC_FILE_NONE) {
        return bnc_fail(err, BNC_NOT_FOUND,
                        "no cluster to talk to: neither --kubeconfig, KUBECONFIG nor "
                        "~/.kube/config is there, and this is not a pod");
    }
    return load_file(loader, path, err);
}

enum bnc_code
bnc_kube_config_load(struct bnc_world *world,
                     const struct bnc_kube_config_options *options,
                     struct bnc_kube_config **out, struct bnc_error *err)
{
    static const char *const none[] = {NULL};
    struct bnc_arena *arena = bnc_arena_new();
    BNC_AUTO(bnc_kube_config) config = bnc_arena_alloc(arena, sizeof(*config));
    struct loader loader = {.world = world, .config = config};

    config->arena = arena;
    config->impersonate = none;
    config->exec.args = config->exec.env = none;
    if (load_any(&loader, options, err) ||
        (loader.n_files > 0 && merge(&loader, options->context, err))) {
        return err->code;
    }
    *out = config;
    config = NULL;
    return BNC_OK;
}

void
bnc_kube_config_free(struct bnc_kube_config *config)
{
    if (config != NULL) {
        bnc_arena_free(config->arena);
    }
}
