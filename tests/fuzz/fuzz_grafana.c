/*
 * Any bytes as the answers of a Grafana, and as a file of datasources: one that answers
 * nonsense is told in words, no secret of ours in them, and is asked at a bounded rate.
 * The first byte is the status.
 */
#include "controller/grafana.h"
#include "lib/log.h"
#include "sync/grafana_proof.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sim/world.h"

#define ORIGIN   "http://127.0.0.1:3000"
#define LIFE_MS  ((int64_t)120 * 1000)
#define POLL_MS  ((int64_t)10 * 1000)
#define PER_POLL 40 /* requests: two items, their organization, its folders */

static const char password[] = "s3cret-s3cret";

struct rig {
    struct parts parts;
    size_t requests;
    int status;
};

static void
on_request(void *arg, struct bnc_http_call *call, const struct bnc_sim_request *request)
{
    struct rig *rig = arg;
    BNC_UNUSED(request);
    bnc_sim_reply(call, rig->status, "application/json",
                  rig->parts.items[rig->requests++ % rig->parts.n]);
}

static void
check_text(const char *text)
{
    require(text == NULL ||
            (bnc_utf8_valid(text, strlen(text)) && strstr(text, password) == NULL));
}

static void
on_changed(void *arg, const char *ns, const char *name, const struct bnc_gapi_state *now)
{
    BNC_UNUSED(arg);
    require(strcmp(ns, "mon") == 0 && strcmp(name, "main") == 0);
    check_text(now->error);
    for (size_t i = 0; i < now->n; i++) {
        check_text(now->items[i].message);
    }
}

static void
on_repaired(void *arg, const char *ns, const char *name,
            const struct bnc_gapi_item_state *item, const char *message)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
    BNC_UNUSED(item);
    check_text(message);
}

static void
live(struct bnc_sim *sim, struct rig *rig)
{
    static const struct bnc_gapi_secret secret = {"basicAuthPassword",
                                                  {password, sizeof(password) - 1}};
    static const char source[] = "{\"type\":\"prometheus\",\"url\":\"http://p:9090\"}";
    static const char board[] = "{\"panels\":[],\"tags\":[\"a\"]}";
    static const struct bnc_gapi_item items[] = {{BNC_GAPI_DATASOURCE,
                                                  1,
                                                  "one",
                                                  "One",
                                                  "shop/one",
                                                  NULL,
                                                  {source, sizeof(source) - 1},
                                                  "v1",
                                                  &secret,
                                                  1},
                                                 {BNC_GAPI_DASHBOARD,
                                                  1,
                                                  "two",
                                                  "Two",
                                                  "shop/two",
                                                  "Folder",
                                                  {board, sizeof(board) - 1},
                                                  NULL,
                                                  NULL,
                                                  0}};
    const struct bnc_gapi_want want = {.url = ORIGIN,
                                       .username = {"admin", 5},
                                       .password = {password, sizeof(password) - 1},
                                       .poll_ms = POLL_MS,
                                       .items = items,
                                       .n = BNC_LEN(items)};
    struct bnc_gapi *gapi = bnc_gapi_new(&(struct bnc_gapi_options){
        .world = bnc_sim_world(sim), .changed = on_changed, .repaired = on_repaired});

    bnc_gapi_set(gapi, "mon", "main", &want);
    (void)bnc_sim_run_for(sim, LIFE_MS);
    require(rig->requests > 0 && rig->requests <= PER_POLL * (LIFE_MS / POLL_MS + 1));
    bnc_gapi_drop(gapi, "mon", "main", true);
    (void)bnc_sim_run_for(sim, LIFE_MS);
    bnc_gapi_free(gapi);
    require(bnc_sim_open_handles(sim) == 0);
}

static void
check_file(const struct parts *parts, struct bnc_arena *arena)
{
    struct bnc_gsync_list lists[2] = {{0}};
    const struct bnc_bytes answer = parts->items[parts->n - 1];
    cJSON *tree = NULL;

    for (size_t i = 0; i < BNC_LEN(lists); i++) {
        struct bnc_error err = {0};
        const struct bnc_bytes text = parts->items[i < parts->n ? i : 0];
        enum bnc_code code = bnc_gsync_list_read(text, arena, &lists[i], &err);
        require_error(code, &err);
        if (code != BNC_OK) {
            return;
        }
    }
    struct bnc_error err = {0};
    if (bnc_json_parse(arena, answer.ptr, answer.len, &tree, &err) == BNC_OK) {
        check_text(bnc_gsync_list_missing(&lists[0], 1, tree, arena));
    }
    check_text(bnc_gsync_list_changed(&lists[0], &lists[1], arena));
    require(bnc_gsync_list_changed(&lists[0], &lists[0], arena) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int statuses[] = {200, 201, 401, 403, 404, 409, 412, 500};
    static const struct bnc_sim_server ops = {.request = on_request};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(n + 1);
    struct rig rig = {.status = 200};
    struct bnc_error err = {0};

    if (n == 0) {
        return 0;
    }
    require(bnc_log_set_level("error", &err) == BNC_OK);
    rig.status = statuses[data[0] % BNC_LEN(statuses)];
    rig.parts = cut_input(arena, data + 1, n - 1, '\0');
    bnc_sim_serve(sim, ORIGIN, &ops, &rig);
    live(sim, &rig);
    check_file(&rig.parts, arena);
    return 0;
}
