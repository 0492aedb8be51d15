/*
 * controller/grafana.h before tests/tools/grafana_standin.py: a real process on loopback
 * that follows Grafana's rules, and what both did.
 */
#ifndef BNC_TESTS_UNIT_GRAFANA_RIG_H
#define BNC_TESTS_UNIT_GRAFANA_RIG_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "controller/grafana.h"
#include "lib/json.h"
#include "tests/unit/test_net.h"

#define POLL_MS   250
#define OWNER     "mon/main"
#define ITEMS_MAX 256

struct rig {
    struct bnc_world *world;
    struct bnc_arena *arena;
    struct bnc_gapi *gapi;
    pid_t pid;
    int port;
    char url[64];
    char answer[2000000]; /* of the stand-in to the test */
    size_t answer_n;

    struct bnc_gapi_want want;
    struct bnc_gapi_item items[ITEMS_MAX];
    struct bnc_gapi_secret secrets[4];
    int changes;
    bool gone;
    size_t left;
    char repaired[4000]; /* "OWNER MESSAGE|" */
};

/* ---- the stand-in --------------------------------------------------------------- */

static inline void
rig_start_standin(struct rig *rig)
{
    int fds[2];
    char line[32] = "";
    size_t n = 0;

    CHECK_INT(pipe(fds), 0);
    rig->pid = fork();
    CHECK(rig->pid >= 0);
    if (rig->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)close(fds[0]);
        (void)close(fds[1]);
        (void)execlp("python3", "python3", "-B", "tests/tools/grafana_standin.py",
                     "--admin", "admin:s3cret-pw", "--token", "tok-one=1", "--org", "2",
                     (char *)NULL);
        _exit(127);
    }
    (void)close(fds[1]);
    while (n < sizeof(line) - 1 && read(fds[0], line + n, 1) == 1 && line[n] != '\n') {
        n++;
    }
    (void)close(fds[0]);
    rig->port = (int)strtol(line, NULL, 10);
    CHECK(rig->port > 0);
    (void)snprintf(rig->url, sizeof(rig->url), "http://127.0.0.1:%d", rig->port);
}

static inline void
rig_on_data(void *arg, struct bnc_http_call *call, const char *bytes, size_t n)
{
    struct rig *rig = arg;

    BNC_UNUSED(call);
    CHECK(rig->answer_n + n < sizeof(rig->answer));
    (void)memcpy(rig->answer + rig->answer_n, bytes, n);
    rig->answer_n += n;
    rig->answer[rig->answer_n] = '\0';
}

static inline void
rig_on_done(void *arg, struct bnc_http_call *call, int status,
            const struct bnc_error *err)
{
    struct rig *rig = arg;

    BNC_UNUSED(call);
    CHECK_STR(err->message, "");
    CHECK_INT(status, 200);
    bnc_world_stop(rig->world);
}

/* Ask the stand-in itself: what came back as JSON, until the next question. */
static inline cJSON *
rig_ctl(struct rig *rig, const char *method, const char *path, const char *body)
{
    static const struct bnc_http_client_ops ops = {NULL, rig_on_data, rig_on_done};
    static const char *const headers[] = {"Authorization: Basic YWRtaW46czNjcmV0LXB3",
                                          NULL};
    struct bnc_error err = {0};
    cJSON *out = NULL;
    char url[128];

    (void)snprintf(url, sizeof(url), "%s%s", rig->url, path);
    rig->answer_n = 0;
    (void)bnc_http_start(rig->world,
                         &(struct bnc_http_request){.group = BNC_HTTP_LEASE,
                                                    .method = method,
                                                    .url = url,
                                                    .headers = headers,
                                                    .body = test_bytes(body),
                                                    .timeout_ms = 5000},
                         &ops, rig);
    test_run(rig->world);
    CHECK_INT(bnc_json_parse(rig->arena, rig->answer, rig->answer_n, &out, &err), BNC_OK);
    return out;
}

/* How many requests came whose method and path begin so; NULL: whatever they are. */
static inline int
rig_asked(struct rig *rig, const char *method, const char *path)
{
    const cJSON *row;
    int n = 0;

    cJSON_ArrayForEach(row, rig_ctl(rig, "GET", "/_standin/log", ""))
    {
        n += (method == NULL || strcmp(bnc_json_get_str(row, "method"), method) == 0) &&
                     (path == NULL || bnc_str_starts(bnc_json_get_str(row, "path"), path))
                 ? 1
                 : 0;
    }
    return n;
}

/* None but reading ones: else it says which. */
static inline void
rig_quiet(struct rig *rig)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, rig_ctl(rig, "GET", "/_standin/log", ""))
    {
        if (strcmp(bnc_json_get_str(row, "method"), "GET") != 0) {
            print_error("row \"%s\": %s %s %s\n", bnc_row,
                        bnc_json_get_str(row, "method"), bnc_json_get_str(row, "path"),
                        bnc_json_get_str(row, "body"));
            fail();
        }
    }
}

static inline void
rig_clear_log(struct rig *rig)
{
    (void)rig_ctl(rig, "DELETE", "/_standin/log", "");
}

/* What Grafana has by this uid, secrets in it; NULL: nothing. */
static inline const cJSON *
rig_stored(struct rig *rig, const char *uid)
{
    const cJSON *state = rig_ctl(rig, "GET", "/_standin/state", "");
    const cJSON *source;

    cJSON_ArrayForEach(source, bnc_json_get(state, "datasources"))
    {
        if (strcmp(bnc_json_get_str(source, "uid"), uid) == 0) {
            return source;
        }
    }
    return NULL;
}

static inline int
rig_count(struct rig *rig)
{
    return cJSON_GetArraySize(
        bnc_json_get(rig_ctl(rig, "GET", "/_standin/state", ""), "datasources"));
}

/* ---- the module ----------------------------------------------------------------- */

static inline void
rig_changed(void *arg, const char *ns, const char *name, const struct bnc_gapi_state *now)
{
    struct rig *rig = arg;

    CHECK_STR(ns, "mon");
    CHECK_STR(name, "main");
    if (now->error != NULL) {
        CHECK(strstr(now->error, "s3cret") == NULL && strstr(now->error, "tok-") == NULL);
    }
    rig->changes++;
    rig->gone = now->gone;
    rig->left = now->left;
}

static inline void
rig_repaired(void *arg, const char *ns, const char *name,
             const struct bnc_gapi_item_state *item, const char *message)
{
    struct rig *rig = arg;
    size_t n = strlen(rig->repaired);

    CHECK_STR(ns, "mon");
    CHECK_STR(name, "main");
    (void)snprintf(rig->repaired + n, sizeof(rig->repaired) - n, "%s %s|", item->owner,
                   message);
}

static inline struct rig *
rig_new(void)
{
    struct rig *rig = bnc_alloc(sizeof(*rig));

    rig->world = test_world_new();
    rig->arena = bnc_arena_new();
    rig_start_standin(rig);
    const struct bnc_gapi_options options = {.world = rig->world,
                                             .changed = rig_changed,
                                             .repaired = rig_repaired,
                                             .arg = rig};
    rig->gapi = bnc_gapi_new(&options);
    rig->want = (struct bnc_gapi_want){
        .url = rig->url,
        .username = test_bytes("admin"),
        .password = test_bytes("s3cret-pw\n"),
        .poll_ms = POLL_MS,
        .items = rig->items,
    };
    return rig;
}

static inline void
rig_free(struct rig *rig)
{
    bnc_gapi_free(rig->gapi);
    bnc_world_free(rig->world);
    (void)kill(rig->pid, SIGKILL);
    CHECK_INT(waitpid(rig->pid, NULL, 0), rig->pid);
    bnc_arena_free(rig->arena);
    free(rig);
}

/* A datasource "uid" of organization 1 named "Name uid", at the end of what is wished. */
static inline struct bnc_gapi_item *
rig_item(struct rig *rig, const char *uid, const char *body)
{
    struct bnc_gapi_item *item = &rig->items[rig->want.n++];

    CHECK(rig->want.n <= ITEMS_MAX);
    *item = (struct bnc_gapi_item){
        .kind = BNC_GAPI_DATASOURCE,
        .org = 1,
        .uid = bnc_arena_strdup(rig->arena, uid),
        .name = bnc_arena_fmt(rig->arena, "Name %s", uid),
        .owner = bnc_arena_fmt(rig->arena, "shop/%s", uid),
        .body = test_bytes(body),
    };
    return item;
}

static inline void
rig_secret(struct rig *rig, struct bnc_gapi_item *item, const char *key,
           const char *value, const char *version)
{
    rig->secrets[0] = (struct bnc_gapi_secret){key, test_bytes(value)};
    item->secrets = rig->secrets;
    item->n_secrets = 1;
    item->secret_version = version;
}

static inline void
rig_set(struct rig *rig)
{
    bnc_gapi_set(rig->gapi, "mon", "main", &rig->want);
}

static inline struct bnc_gapi_state
rig_state(struct rig *rig)
{
    struct bnc_gapi_state now = {0};

    CHECK(bnc_gapi_get(rig->gapi, "mon", "main", rig->arena, &now));
    return now;
}

/* True when all that is wished is there. */
static inline bool
rig_synced(struct rig *rig)
{
    const struct bnc_gapi_state now = rig_state(rig);

    for (size_t i = 0; i < now.n; i++) {
        if (now.items[i].standing != BNC_GAPI_SYNCED) {
            return false;
        }
    }
    return now.error == NULL && now.looked_at_ms != 0;
}

/* Run until `done` says so, `ms` at most: how long it took; fails when it does not. */
static inline int64_t
rig_until(struct rig *rig, bool (*done)(struct rig *rig), int64_t ms)
{
    int64_t from = bnc_world_mono_ms(rig->world);

    while (!done(rig)) {
        if (bnc_world_mono_ms(rig->world) - from > ms) {
            const struct bnc_gapi_state now = rig_state(rig);
            print_error("row \"%s\": not within %lld ms: %s; first: %s\n", bnc_row,
                        (long long)ms, now.error == NULL ? "answers" : now.error,
                        now.n == 0 ? "none" : now.items[0].message);
            fail();
        }
        test_run_ms(rig->world, 5);
    }
    return bnc_world_mono_ms(rig->world) - from;
}

/* Run until a condition holds; fails when it does not within 5 s. */
#define UNTIL(rig, cond)                                                                 \
    do {                                                                                 \
        int64_t from_ = bnc_world_mono_ms((rig)->world);                                 \
        while (!(cond)) {                                                                \
            if (bnc_world_mono_ms((rig)->world) - from_ > 5000) {                        \
                print_error("row \"%s\": never: %s\n", bnc_row, #cond);                  \
                fail();                                                                  \
            }                                                                            \
            test_run_ms((rig)->world, 10);                                               \
        }                                                                                \
    } while (0)

#endif
