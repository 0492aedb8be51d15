#include "kube/auth.h"

#include <stdlib.h>
#include <string.h>

#include "kube/auth_exec.h"
#include "lib/base64.h"
#include "lib/log.h"
#include "lib/pem.h"

#define TOKEN_MAX       ((size_t)64 * 1024)
#define TOKEN_AGE_MS    50000 /* the kubelet replaces it long before it ends */
#define PEM_AGE_MS      60000
#define EXEC_TIMEOUT_MS 60000
#define EXEC_OUTPUT_MAX ((size_t)1024 * 1024)
#define EXEC_GAP_MS     2000  /* at least, between two starts of the program */
#define EXPIRY_EARLY_MS 10000 /* a token that ends this soon is fetched again */
#define EXEC_FRESH_MS   5000  /* but one so fresh is used, however short it lives */

struct bnc_auth {
    struct bnc_world *world;
    const struct bnc_kube_config *config;
    bnc_auth_fn on_ready;
    void *arg;

    char *authorization; /* the whole header line */
    char *ca;
    char *cert;
    char *key;
    uint64_t generation;
    uint64_t identity;
    int64_t token_read_ms;
    int64_t pem_read_ms;
    bool token_trouble; /* said once in the log */
    uint64_t token_reads;
    uint64_t token_failures;
    bool pem_trouble;

    struct bnc_child *child;
    struct bnc_timer *timer; /* starts the program, not too often */
    bool exec_valid;
    int64_t exec_started_ms;
    int64_t exec_ended_ms;
    int64_t exec_expires_ms; /* wall clock; 0: never */
};

/* ---- texts --------------------------------------------------------------------- */

static void
wipe(char **slot)
{
    if (*slot != NULL) {
        explicit_bzero(*slot, strlen(*slot));
        free(*slot);
        *slot = NULL;
    }
}

/* True when it was another text before. */
static bool
replace(char **slot, const char *text)
{
    if (bnc_str_eq(*slot, text)) {
        return false;
    }
    wipe(slot);
    *slot = bnc_strdup(text);
    return true;
}

static bool
set_bearer(struct bnc_auth *auth, const char *token)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char *line = bnc_arena_fmt(arena, "Authorization: Bearer %s", token);
    bool changed = replace(&auth->authorization, line);
    explicit_bzero(line, strlen(line));
    return changed;
}

static void
set_basic(struct bnc_auth *auth, const char *username, const char *password)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *pair =
        bnc_arena_fmt(arena, "%s:%s", username, password == NULL ? "" : password);
    struct bnc_str line = bnc_str_new(arena, TOKEN_MAX);

    bnc_str_puts(&line, "Authorization: Basic ");
    bnc_base64_add(&line, (struct bnc_bytes){pair, strlen(pair)});
    (void)replace(&auth->authorization, line.ptr);
}

/* A token goes into a header line: visible ASCII only. */
static bool
is_token(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p <= 0x20 || *p >= 0x7f) {
            return false;
        }
    }
    return text[0] != '\0';
}

/* ---- files --------------------------------------------------------------------- */

static enum bnc_code
read_token(struct bnc_auth *auth, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *path = auth->config->token_file;
    struct bnc_bytes text = {0};

    auth->token_read_ms = bnc_world_mono_ms(auth->world);
    if (bnc_file_read(auth->world, path, TOKEN_MAX, arena, &text, err)) {
        return bnc_wrap(err, "token file");
    }
    size_t from = strspn(text.ptr, " \t\r\n");
    size_t n = strcspn(text.ptr + from, " \t\r\n");
    char *token = bnc_arena_strndup(arena, text.ptr + from, n);
    if (!is_token(token)) {
        return bnc_fail(err, BNC_INVALID, "token file %s holds no token", path);
    }
    if (set_bearer(auth, token)) {
        auth->generation++;
    }
    explicit_bzero(token, n);
    return BNC_OK;
}

/* One of the three; `*out` is NULL when it is not set. */
static enum bnc_code
read_pem(const struct bnc_auth *auth, const struct bnc_kube_pem *pem, const char *what,
         struct bnc_arena *arena, const char **out, struct bnc_error *err)
{
    struct bnc_bytes text = {0};

    *out = pem->text;
    if (pem->text != NULL || pem->path == NULL) {
        return BNC_OK;
    }
    if (bnc_file_read(auth->world, pem->path, BNC_KUBE_FILE_MAX, arena, &text, err)) {
        return bnc_wrap(err, "%s", what);
    }
    if (strstr(text.ptr, "-----BEGIN ") == NULL) {
        return bnc_fail(err, BNC_INVALID, "%s: %s holds no PEM text", what, pem->path);
    }
    *out = text.ptr;
    return BNC_OK;
}

/*
 * What replaces something that works has to work too: files are written one after the
 * other, and not always whole.
 */
static enum bnc_code
check_new(const struct bnc_auth *auth, const char *ca, const char *cert, const char *key,
          struct bnc_error *err)
{
    bool new_ca = auth->ca != NULL && !bnc_str_eq(ca, auth->ca);
    bool new_pair = auth->cert != NULL && auth->config->cert.path != NULL &&
                    (!bnc_str_eq(cert, auth->cert) || !bnc_str_eq(key, auth->key));

    if (new_ca && bnc_pem_check_ca((struct bnc_bytes){ca, strlen(ca)}, err)) {
        return bnc_wrap(err, "certificate-authority %s", auth->config->ca.path);
    }
    if (new_pair && bnc_pem_check_pair((struct bnc_bytes){cert, strlen(cert)},
                                       (struct bnc_bytes){key, strlen(key)}, err)) {
        return bnc_wrap(err, "client-certificate %s", auth->config->cert.path);
    }
    return BNC_OK;
}

static enum bnc_code
read_pems(struct bnc_auth *auth, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_kube_config *config = auth->config;
    const char *ca = NULL;
    const char *cert = NULL;
    const char *key = NULL;

    auth->pem_read_ms = bnc_world_mono_ms(auth->world);
    if (read_pem(auth, &config->ca, "certificate-authority", arena, &ca, err) ||
        read_pem(auth, &config->cert, "client-certificate", arena, &cert, err) ||
        read_pem(auth, &config->key, "client-key", arena, &key, err) ||
        check_new(auth, ca, cert, key, err)) {
        return err->code;
    }
    bool had_cert = auth->cert != NULL;
    bool new_ca = ca != NULL && replace(&auth->ca, ca);
    bool new_cert = cert != NULL && replace(&auth->cert, cert);
    bool new_key = key != NULL && replace(&auth->key, key);
    if (new_ca || new_cert || new_key) {
        auth->generation++;
        auth->identity += had_cert && (new_cert || new_key) ? 1 : 0;
        bnc_http_drop_connections(auth->world);
    }
    return BNC_OK;
}

/* What can no longer be read stays as it was; one line says so. */
static void
keep_old(enum bnc_code code, const struct bnc_error *err, bool *said)
{
    if (code != BNC_OK && !*said) {
        BNC_LOG(BNC_LEVEL_WARN, "credentials cannot be read again, the old ones stay",
                BNC_KV("error", err->message));
    }
    *said = code != BNC_OK;
}

static void
refresh_token(struct bnc_auth *auth)
{
    struct bnc_error err = {0};
    if (auth->config->token_file != NULL) {
        enum bnc_code code = read_token(auth, &err);
        auth->token_reads += code == BNC_OK;
        auth->token_failures += code != BNC_OK;
        keep_old(code, &err, &auth->token_trouble);
    }
}

static void
refresh_pems(struct bnc_auth *auth)
{
    const struct bnc_kube_config *config = auth->config;
    struct bnc_error err = {0};

    if (config->ca.path != NULL || config->cert.path != NULL ||
        config->key.path != NULL) {
        enum bnc_code code = read_pems(auth, &err);
        keep_old(code, &err, &auth->pem_trouble);
    }
}

/* ---- the program --------------------------------------------------------------- */

static enum bnc_code
take_credential(struct bnc_auth *auth, struct bnc_bytes output, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_exec_credential found = {0};

    if (bnc_exec_answer(arena, &auth->config->exec, output, &found, err)) {
        return err->code;
    }
    if (found.token != NULL && !is_token(found.token)) {
        return bnc_fail(err, BNC_INVALID, "its token has characters that no token has");
    }
    if (found.token != NULL) {
        (void)set_bearer(auth, found.token);
    }
    if (found.cert_pem != NULL) {
        bool had_cert = auth->cert != NULL;
        bool cert = replace(&auth->cert, found.cert_pem);
        if (replace(&auth->key, found.key_pem) || cert) {
            auth->identity += had_cert ? 1 : 0;
            bnc_http_drop_connections(auth->world);
        }
    }
    auth->exec_expires_ms = found.expires_ms;
    auth->exec_valid = true;
    auth->exec_ended_ms = bnc_world_mono_ms(auth->world);
    auth->generation++;
    return BNC_OK;
}

static void
on_exit_of_program(void *arg, int exit_status, struct bnc_bytes output,
                   struct bnc_bytes errors, const struct bnc_error *child_err)
{
    struct bnc_auth *auth = arg;
    const struct bnc_kube_exec *exec = &auth->config->exec;
    struct bnc_error err = *child_err;

    auth->child = NULL;
    if (err.code == BNC_OK && exit_status != 0) {
        const char *end = errors.len == 0 ? NULL : memchr(errors.ptr, '\n', errors.len);
        size_t n = end == NULL ? errors.len : (size_t)(end - errors.ptr);
        (void)bnc_fail(&err, BNC_UNAVAILABLE, "exit status %d: %.*s", exit_status,
                       (int)(n < 200 ? n : 200), errors.len == 0 ? "" : errors.ptr);
    }
    if (err.code == BNC_OK) {
        (void)take_credential(auth, output, &err);
    }
    if (err.code == BNC_NOT_FOUND && exec->install_hint != NULL) {
        (void)bnc_fail(&err, BNC_NOT_FOUND, "no such program; %.300s",
                       exec->install_hint);
    }
    if (err.code != BNC_OK) {
        err.code = BNC_UNAVAILABLE; /* nothing was asked of the API server: it is not
                                       silent, and refuses or lacks nothing */
        (void)bnc_wrap(&err, "credentials from \"%s\" (users[].user.exec)",
                       exec->command);
    }
    auth->on_ready(auth->arg, &err);
}

static void
start_program(void *arg)
{
    struct bnc_auth *auth = arg;
    const struct bnc_kube_exec *exec = &auth->config->exec;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    size_t n_args = 0;
    size_t n_env = 0;

    while (exec->args[n_args] != NULL) {
        n_args++;
    }
    while (exec->env[n_env] != NULL) {
        n_env++;
    }
    const char **argv = bnc_arena_array(arena, n_args + 2, sizeof(*argv));
    const char **env = bnc_arena_array(arena, n_env + 2, sizeof(*env));
    argv[0] = exec->command;
    memcpy(argv + 1, exec->args, n_args * sizeof(*argv));
    memcpy(env, exec->env, n_env * sizeof(*env));
    env[n_env] = bnc_arena_fmt(arena, "KUBERNETES_EXEC_INFO=%s",
                               bnc_exec_info(arena, auth->config, auth->ca));

    struct bnc_child_request request = {
        .argv = argv,
        .env = env,
        .timeout_ms = EXEC_TIMEOUT_MS,
        .max_output = EXEC_OUTPUT_MAX,
    };
    auth->exec_started_ms = bnc_world_mono_ms(auth->world);
    auth->child = bnc_child_start(auth->world, &request, on_exit_of_program, auth);
}

/* Single flight: whoever asks meanwhile waits for the same answer. */
static void
fetch(struct bnc_auth *auth)
{
    if (auth->child != NULL || bnc_timer_pending(auth->timer)) {
        return;
    }
    int64_t wait = auth->exec_started_ms + EXEC_GAP_MS - bnc_world_mono_ms(auth->world);
    bnc_timer_set(auth->timer, wait > 0 ? wait : 0);
}

static bool
needs_program(const struct bnc_auth *auth)
{
    if (auth->config->exec.command == NULL) {
        return false;
    }
    if (!auth->exec_valid || auth->exec_expires_ms == 0) {
        return !auth->exec_valid;
    }
    return auth->exec_expires_ms - EXPIRY_EARLY_MS <= bnc_world_wall_ms(auth->world) &&
           bnc_world_mono_ms(auth->world) - auth->exec_ended_ms > EXEC_FRESH_MS;
}

/* ---- public -------------------------------------------------------------------- */

enum bnc_code
bnc_auth_new(struct bnc_world *world, const struct bnc_kube_config *config,
             bnc_auth_fn on_ready, void *arg, struct bnc_auth **out,
             struct bnc_error *err)
{
    BNC_AUTO(bnc_auth) auth = bnc_alloc(sizeof(*auth));

    auth->world = world;
    auth->config = config;
    auth->on_ready = on_ready;
    auth->arg = arg;
    auth->exec_started_ms = -EXEC_GAP_MS;
    auth->timer = bnc_timer_new(world, start_program, auth);
    if (config->username != NULL) {
        BNC_LOG(BNC_LEVEL_WARN,
                "a password in a kubeconfig is for tests only: "
                "API servers take none since Kubernetes 1.19",
                BNC_KV("kubeconfig", config->origin));
        set_basic(auth, config->username, config->password);
    }
    if (config->token != NULL) {
        if (!is_token(config->token)) {
            return bnc_fail(err, BNC_INVALID, "%s: users[].user.token is no token",
                            config->origin);
        }
        (void)set_bearer(auth, config->token);
    }
    if ((config->token_file != NULL && read_token(auth, err)) || read_pems(auth, err)) {
        return bnc_wrap(err, "%s", config->origin);
    }
    *out = auth;
    auth = NULL;
    return BNC_OK;
}

void
bnc_auth_free(struct bnc_auth *auth)
{
    if (auth == NULL) {
        return;
    }
    if (auth->child != NULL) {
        bnc_child_cancel(auth->child);
    }
    bnc_timer_free(auth->timer);
    wipe(&auth->authorization);
    wipe(&auth->ca);
    wipe(&auth->cert);
    wipe(&auth->key);
    free(auth);
}

enum bnc_auth_answer
bnc_auth_get(struct bnc_auth *auth, struct bnc_auth_view *view)
{
    int64_t now = bnc_world_mono_ms(auth->world);

    if (needs_program(auth)) {
        fetch(auth);
        return BNC_AUTH_PENDING;
    }
    if (now - auth->token_read_ms >= TOKEN_AGE_MS) {
        refresh_token(auth);
    }
    if (now - auth->pem_read_ms >= PEM_AGE_MS) {
        refresh_pems(auth);
    }
    *view = (struct bnc_auth_view){
        .authorization = auth->authorization,
        .tls = {.ca_pem = auth->ca,
                .cert_pem = auth->cert,
                .key_pem = auth->key,
                .server_name = auth->config->tls_server_name,
                .insecure = auth->config->insecure},
        .generation = auth->generation,
        .identity = auth->identity,
    };
    return BNC_AUTH_READY;
}

enum bnc_auth_answer
bnc_auth_refused(struct bnc_auth *auth, uint64_t generation)
{
    if (generation == auth->generation) {
        refresh_token(auth);
        refresh_pems(auth);
    }
    if (generation != auth->generation) {
        return BNC_AUTH_READY;
    }
    if (auth->config->exec.command == NULL) {
        return BNC_AUTH_SAME;
    }
    auth->exec_valid = false;
    fetch(auth);
    return BNC_AUTH_PENDING;
}

void
bnc_auth_counts(const struct bnc_auth *auth, uint64_t *reads, uint64_t *failures)
{
    *reads = auth->token_reads;
    *failures = auth->token_failures;
}
