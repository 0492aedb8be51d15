#include "controller/endpoints_auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "lib/hash.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/map.h"

#define TOKEN_MAX ((size_t)16 * 1024)
#define USER_MAX  ((size_t)16 * 1024) /* name, groups and so on of one user, as JSON */
#define SALT      32

/* What is known of a token, or of a token and a path. */
struct verdict {
    int64_t until_ms; /* monotonic */
    bool good;
    char user[]; /* of a token: members of a SubjectAccessReview's spec */
};

/* A request that waits. */
struct asking {
    struct bnc_gate *gate;
    LIST_ENTRY(asking) link;
    char token_key[BNC_SHA256_HEX];
    char *path_key; /* token, verb and path */
    char *token;    /* until it was shown */
    char *verb;
    char *path;
    struct bnc_kube_call *call;
    bnc_gate_fn fn;
    void *arg;
};

struct bnc_gate {
    struct bnc_kube *kube;
    struct bnc_world *world;
    char salt[SALT];
    struct bnc_map *tokens; /* digest -> verdict */
    struct bnc_map *paths;  /* digest, verb, path -> verdict */
    LIST_HEAD(, asking) asked;
    size_t n_asked;
};

/* ---- what is kept ---------------------------------------------------------------- */

static struct verdict *
find(struct bnc_gate *gate, struct bnc_map *map, const char *key)
{
    struct verdict *verdict = bnc_map_get(map, key);
    if (verdict != NULL && bnc_world_mono_ms(gate->world) >= verdict->until_ms) {
        free(bnc_map_take(map, key));
        return NULL;
    }
    return verdict;
}

/* Room for one more: those that are over go, else the oldest. */
static void
make_room(struct bnc_gate *gate, struct bnc_map *map)
{
    int64_t now = bnc_world_mono_ms(gate->world);
    size_t at = 0;
    const char *key = NULL;
    void *value = NULL;

    if (bnc_map_count(map) < BNC_GATE_CACHE) {
        return;
    }
    while (bnc_map_next(map, &at, &key, &value)) {
        if (now >= ((struct verdict *)value)->until_ms) {
            free(bnc_map_take(map, key));
        }
    }
    at = 0;
    if (bnc_map_count(map) >= BNC_GATE_CACHE && bnc_map_next(map, &at, &key, &value)) {
        free(bnc_map_take(map, key));
    }
}

static struct verdict *
keep(struct bnc_gate *gate, struct bnc_map *map, const char *key, bool good,
     const char *user)
{
    bool of_token = map == gate->tokens;
    int64_t good_ms = of_token ? BNC_GATE_USER_MS : BNC_GATE_ALLOW_MS;
    struct verdict *verdict = bnc_alloc(sizeof(*verdict) + strlen(user) + 1);
    verdict->good = good;
    verdict->until_ms =
        bnc_world_mono_ms(gate->world) + (good ? good_ms : BNC_GATE_DENY_MS);
    memcpy(verdict->user, user, strlen(user) + 1);
    make_room(gate, map);
    free(bnc_map_put(map, key, verdict));
    return verdict;
}

/* ---- one request ----------------------------------------------------------------- */

static void
drop_token(struct asking *asking)
{
    if (asking->token != NULL) {
        explicit_bzero(asking->token, strlen(asking->token));
        free(asking->token);
        asking->token = NULL;
    }
}

static void
answer(struct asking *asking, int status, const char *why)
{
    LIST_REMOVE(asking, link);
    asking->gate->n_asked--;
    asking->fn(asking->arg, status, why);
    drop_token(asking);
    free(asking->path_key);
    free(asking->verb);
    free(asking->path);
    free(asking);
}

static void
no_answer(struct asking *asking, const char *what, const struct bnc_kube_result *result)
{
    bool denied = result->err.code == BNC_DENIED;
    BNC_LOG(BNC_LEVEL_WARN, "request not authorized", BNC_KV("review", what),
            BNC_KV("error", result->err.code == BNC_OK ? "the answer has no status"
                                                       : result->err.message),
            BNC_KV("remedy", denied ? "binnacle needs the right to create it: "
                                      "manifests/components/metrics-auth"
                                    : "the next request asks again"));
    answer(asking, 500, "the API server could not be asked");
}

/* `out` becomes its "status"; NULL without one. */
static const cJSON *
status_of(const struct bnc_kube_result *result, struct bnc_arena *arena)
{
    cJSON *root = NULL;
    struct bnc_error err = {0};
    if (bnc_json_parse(arena, result->body.ptr, result->body.len, &root, &err)) {
        return NULL;
    }
    return bnc_json_get(root, "status");
}

static void
start_call(struct asking *asking, const char *path, const struct bnc_str *body,
           bnc_kube_fn fn)
{
    const struct bnc_kube_request request = {.group = BNC_HTTP_UNARY,
                                             .method = "POST",
                                             .path = path,
                                             .body = {body->ptr, body->len},
                                             .timeout_ms = BNC_GATE_WAIT_MS};
    asking->call = bnc_kube_start(asking->gate->kube, &request, fn, asking);
}

/* ---- SubjectAccessReview --------------------------------------------------------- */

static void
on_access(void *arg, const struct bnc_kube_result *result)
{
    struct asking *asking = arg;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    asking->call = NULL;
    const cJSON *status = result->err.code == BNC_OK ? status_of(result, arena) : NULL;
    if (status == NULL) {
        no_answer(asking, "SubjectAccessReview", result);
        return;
    }
    bool good = cJSON_IsTrue(bnc_json_get(status, "allowed")) &&
                !cJSON_IsTrue(bnc_json_get(status, "denied"));
    (void)keep(asking->gate, asking->gate->paths, asking->path_key, good, "");
    answer(asking, good ? 200 : 403, good ? "" : "forbidden");
}

static void
ask_access(struct asking *asking, const struct verdict *user)
{
    const struct verdict *known =
        find(asking->gate, asking->gate->paths, asking->path_key);
    if (known != NULL) {
        answer(asking, known->good ? 200 : 403, known->good ? "" : "forbidden");
        return;
    }
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str body = bnc_str_new(arena, 2 * USER_MAX);
    bnc_str_puts(&body, "{\"apiVersion\":\"authorization.k8s.io/v1\","
                        "\"kind\":\"SubjectAccessReview\",\"spec\":{");
    bnc_str_puts(&body, user->user);
    bnc_str_puts(&body, "\"nonResourceAttributes\":{\"path\":");
    bnc_str_json(&body, asking->path);
    bnc_str_puts(&body, ",\"verb\":");
    bnc_str_json(&body, asking->verb);
    bnc_str_puts(&body, "}}}");
    start_call(asking, "/apis/authorization.k8s.io/v1/subjectaccessreviews", &body,
               on_access);
}

/* ---- TokenReview ----------------------------------------------------------------- */

/* Members for a SubjectAccessReview, each with a comma; false when there are too many. */
static bool
add_user(const cJSON *user, struct bnc_str *out)
{
    static const char *const members[][2] = {
        {"username", "user"}, {"uid", "uid"}, {"groups", "groups"}, {"extra", "extra"}};
    for (size_t i = 0; i < BNC_LEN(members); i++) {
        const cJSON *value = bnc_json_get(user, members[i][0]);
        if (value != NULL && !cJSON_IsNull(value)) {
            bnc_str_fmt(out, "\"%s\":", members[i][1]);
            bnc_json_print(value, out);
            bnc_str_putc(out, ',');
        }
    }
    return !out->too_big;
}

static void
on_token(void *arg, const struct bnc_kube_result *result)
{
    struct asking *asking = arg;
    struct bnc_gate *gate = asking->gate;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str user = bnc_str_new(arena, USER_MAX);

    asking->call = NULL;
    const cJSON *status = result->err.code == BNC_OK ? status_of(result, arena) : NULL;
    if (status == NULL) {
        no_answer(asking, "TokenReview", result);
        return;
    }
    bool good = cJSON_IsTrue(bnc_json_get(status, "authenticated"));
    if (good && !add_user(bnc_json_get(status, "user"), &user)) {
        answer(asking, 500, "a user with more groups than can be asked about");
        return;
    }
    const struct verdict *verdict = keep(gate, gate->tokens, asking->token_key, good,
                                         user.ptr == NULL ? "" : user.ptr);
    if (good) {
        ask_access(asking, verdict);
    } else {
        answer(asking, 401, "this token is not valid");
    }
}

static void
ask_token(struct asking *asking)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str body = bnc_str_new(arena, 8 * TOKEN_MAX);
    bnc_str_puts(&body, "{\"apiVersion\":\"authentication.k8s.io/v1\","
                        "\"kind\":\"TokenReview\",\"spec\":{\"token\":");
    bnc_str_json(&body, asking->token);
    bnc_str_puts(&body, "}}");
    start_call(asking, "/apis/authentication.k8s.io/v1/tokenreviews", &body, on_token);
    explicit_bzero(body.ptr, body.len);
    drop_token(asking);
}

/* ---- asking ---------------------------------------------------------------------- */

/* What follows "Bearer "; NULL for anything else. */
static const char *
bearer_of(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    if (authorization == NULL ||
        strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0) {
        return NULL;
    }
    const char *token = authorization + sizeof(scheme) - 1;
    token += strspn(token, " ");
    size_t n = strlen(token);
    return n > 0 && n <= TOKEN_MAX && bnc_utf8_valid(token, n) ? token : NULL;
}

static void
digest(const struct bnc_gate *gate, const char *token, char out[BNC_SHA256_HEX])
{
    BNC_AUTO(bnc_sha256) sha = bnc_sha256_new();
    bnc_sha256_add(sha, gate->salt, sizeof(gate->salt));
    bnc_sha256_add(sha, token, strlen(token));
    bnc_sha256_final(sha, out);
}

static struct asking *
new_asking(struct bnc_gate *gate, const struct bnc_gate_ask *ask, const char *token)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct asking *asking = bnc_alloc(sizeof(*asking));
    asking->gate = gate;
    digest(gate, token, asking->token_key);
    asking->path_key = bnc_strdup(
        bnc_arena_fmt(arena, "%s %s %s", asking->token_key, ask->verb, ask->path));
    asking->token = bnc_strdup(token);
    asking->verb = bnc_strdup(ask->verb);
    asking->path = bnc_strdup(ask->path);
    LIST_INSERT_HEAD(&gate->asked, asking, link);
    gate->n_asked++;
    return asking;
}

void
bnc_gate_ask(struct bnc_gate *gate, const struct bnc_gate_ask *ask, bnc_gate_fn fn,
             void *arg)
{
    const char *token = bearer_of(ask->authorization);
    if (token == NULL) {
        fn(arg, 401, "a bearer token is needed");
        return;
    }
    if (gate->n_asked >= BNC_GATE_ASKED) {
        fn(arg, 503, "too many tokens are being checked");
        return;
    }
    struct asking *asking = new_asking(gate, ask, token);
    asking->fn = fn;
    asking->arg = arg;
    const struct verdict *known = find(gate, gate->tokens, asking->token_key);
    if (known == NULL) {
        ask_token(asking);
    } else if (known->good) {
        ask_access(asking, known);
    } else {
        answer(asking, 401, "this token is not valid");
    }
}

/* ---- life ------------------------------------------------------------------------ */

struct bnc_gate *
bnc_gate_new(struct bnc_kube *kube)
{
    struct bnc_gate *gate = bnc_alloc(sizeof(*gate));
    gate->kube = kube;
    gate->world = bnc_kube_world(kube);
    for (size_t i = 0; i < SALT; i += sizeof(uint64_t)) {
        uint64_t word = bnc_world_random(gate->world);
        memcpy(gate->salt + i, &word, sizeof(word));
    }
    gate->tokens = bnc_map_new();
    gate->paths = bnc_map_new();
    return gate;
}

static void
free_map(struct bnc_map *map)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(map, &at, NULL, &value)) {
        free(value);
    }
    bnc_map_free(map);
}

void
bnc_gate_free(struct bnc_gate *gate)
{
    if (gate == NULL) {
        return;
    }
    struct asking *asking = NULL;
    while ((asking = LIST_FIRST(&gate->asked)) != NULL) {
        /* answer() takes it off the list, which the analyzer does not see */
        if (asking->call != NULL) { /* NOLINT(clang-analyzer-unix.Malloc) */
            bnc_kube_cancel(asking->call);
        }
        answer(asking, 503, "shutting down");
    }
    free_map(gate->tokens);
    free_map(gate->paths);
    free(gate);
}

size_t
bnc_gate_kept(const struct bnc_gate *gate)
{
    return bnc_map_count(gate->tokens) + bnc_map_count(gate->paths);
}
