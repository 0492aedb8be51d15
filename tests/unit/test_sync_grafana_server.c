#include "sync/grafana_server.h"

#include "tests/unit/test_net.h"

#define RELOAD  "/p/api/admin/provisioning/datasources/reload"
#define SOURCES "/p/api/datasources"

/* A Grafana of one answer, and what came back. */
struct rig {
    struct bnc_world *world;
    struct bnc_arena *arena;
    struct bnc_listener *listener;
    struct bnc_gsync_server *server;
    const char *path; /* that it has; others are 404 */
    int status;
    const char *body;
    char seen[200];
    char told[3000];
    enum bnc_gsync_verdict verdict;
    int calls;
};

static void
serve(void *arg, struct bnc_http_exchange *exchange, const struct bnc_http_query *query)
{
    struct rig *rig = arg;
    bool known = strcmp(query->path, rig->path) == 0;
    (void)snprintf(rig->seen, sizeof(rig->seen), "%s %s", query->method, query->path);
    bnc_http_answer(exchange, known ? rig->status : 404, "application/json",
                    test_bytes(known ? rig->body : "404 page not found"));
}

static void
begin(struct rig *rig, const char *credentials)
{
    struct bnc_error err = {0};
    *rig = (struct rig){.world = test_world_new(), .arena = bnc_arena_new()};
    CHECK_INT(
        bnc_listen(rig->world, "127.0.0.1:0", 1000, serve, rig, &rig->listener, &err),
        BNC_OK);
    const struct bnc_gsync_server_options options = {
        .world = rig->world,
        .url = bnc_arena_fmt(rig->arena, "http://admin:s3cret@127.0.0.1:%d/p/",
                             bnc_listener_port(rig->listener)),
        .credentials = credentials};
    CHECK_INT(bnc_gsync_server_new(&options, &rig->server, &err), BNC_OK);
    CHECK(strstr(bnc_gsync_server_url(rig->server), "s3cret") == NULL);
}

static void
end(struct rig *rig)
{
    bnc_gsync_server_free(rig->server);
    bnc_listener_free(rig->listener);
    bnc_arena_free(rig->arena);
    bnc_world_free(rig->world);
}

static void
on_answer(void *arg, const struct bnc_gsync_answer *answer)
{
    struct rig *rig = arg;
    rig->calls++;
    rig->verdict = answer->verdict;
    (void)snprintf(rig->told, sizeof(rig->told), "%s", answer->message);
    CHECK(strstr(rig->told, "s3cret") == NULL);
    CHECK((answer->sources != NULL) ==
          (answer->call == BNC_GSYNC_SOURCES && answer->verdict == BNC_GSYNC_DONE));
    bnc_world_stop(rig->world);
}

static void
ask(struct rig *rig, enum bnc_gsync_call call)
{
    bnc_gsync_server_ask(rig->server, call, 1, on_answer, rig);
    CHECK_INT(rig->calls, 0); /* later */
    test_run(rig->world);
    CHECK_INT(rig->calls, 1);
}

TEST(verdicts)
{
    static const struct {
        const char *name;
        enum bnc_gsync_call call;
        const char *path;
        int status;
        const char *body;
        enum bnc_gsync_verdict verdict;
        const char *told; /* a part */
    } rows[] = {
        {"loaded", BNC_GSYNC_RELOAD, RELOAD, 200,
         "{\"message\":\"Datasources config reloaded\"}", BNC_GSYNC_DONE, ""},
        {"refused", BNC_GSYNC_RELOAD, RELOAD, 500,
         "{\"message\":\"Internal Server Error\",\"traceID\":\"\"}", BNC_GSYNC_REFUSED,
         "Internal Server Error"},
        {"refused, for developers", BNC_GSYNC_RELOAD, RELOAD, 500,
         "{\"message\":\"Internal Server Error\",\"error\":\"two defaults\"}",
         BNC_GSYNC_REFUSED, "Internal Server Error: two defaults"},
        {"a proxy's error", BNC_GSYNC_RELOAD, RELOAD, 500, "<html>", BNC_GSYNC_AWAY,
         "status 500"},
        {"starting", BNC_GSYNC_RELOAD, RELOAD, 503, "", BNC_GSYNC_AWAY, "status 503"},
        {"too many", BNC_GSYNC_RELOAD, RELOAD, 429, "{\"message\":\"slow\"}",
         BNC_GSYNC_AWAY, "status 429: slow"},
        {"no password", BNC_GSYNC_RELOAD, RELOAD, 401,
         "{\"message\":\"Invalid username or password\"}", BNC_GSYNC_WRONG,
         "status 401: Invalid username or password"},
        {"no right", BNC_GSYNC_RELOAD, RELOAD, 403, "{\"message\":\"no\"}",
         BNC_GSYNC_WRONG, "status 403: no"},
        {"no Grafana", BNC_GSYNC_RELOAD, "/", 200, "", BNC_GSYNC_WRONG, "status 404"},
        {"odd bytes", BNC_GSYNC_RELOAD, RELOAD, 500, "{\"message\":\"a\\u001b[1mb\"}",
         BNC_GSYNC_REFUSED, "a?[1mb"},
        {"sources", BNC_GSYNC_SOURCES, SOURCES, 200, "[{\"uid\":\"a\"}]", BNC_GSYNC_DONE,
         ""},
        {"sources, none of it", BNC_GSYNC_SOURCES, SOURCES, 200, "{\"message\":\"hi\"}",
         BNC_GSYNC_WRONG, "that is no list"},
        {"sources, an error is no refusal", BNC_GSYNC_SOURCES, SOURCES, 500,
         "{\"message\":\"Internal Server Error\"}", BNC_GSYNC_AWAY, "status 500"},
        {"healthy", BNC_GSYNC_HEALTH, "/p/api/health", 200, "{\"database\":\"ok\"}",
         BNC_GSYNC_DONE, ""},
        {"its database is away", BNC_GSYNC_HEALTH, "/p/api/health", 503,
         "{\"database\":\"failing\"}", BNC_GSYNC_AWAY, "status 503"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct rig rig;
        bnc_test_row(rows[i].name);
        begin(&rig, NULL);
        rig.path = rows[i].path;
        rig.status = rows[i].status;
        rig.body = rows[i].body;
        ask(&rig, rows[i].call);
        CHECK_INT(rig.verdict, rows[i].verdict);
        CHECK(strstr(rig.told, rows[i].told) != NULL);
        CHECK(rows[i].told[0] != '\0' || rig.told[0] == '\0');
        end(&rig);
    }
}

TEST(nobody_there)
{
    struct rig rig;
    bnc_test_row("refused connection");
    begin(&rig, NULL);
    bnc_listener_free(rig.listener);
    rig.listener = NULL;
    ask(&rig, BNC_GSYNC_HEALTH);
    CHECK_INT(rig.verdict, BNC_GSYNC_AWAY);
    end(&rig);
}

TEST(credentials)
{
    static const struct {
        const char *name;
        const char *files[2][2];
        enum bnc_gsync_verdict verdict;
    } rows[] = {
        {"a token", {{"token", "s3cret\n"}, {NULL, NULL}}, BNC_GSYNC_DONE},
        {"a password", {{"username", "u"}, {"password", "s3cret"}}, BNC_GSYNC_DONE},
        {"as the chart says",
         {{"admin-user", "u"}, {"admin-password", "s3cret"}},
         BNC_GSYNC_DONE},
        {"half of it", {{"username", "u"}, {NULL, NULL}}, BNC_GSYNC_WRONG},
        {"a token of two lines",
         {{"token", "s3cret\nX-Evil: 1"}, {NULL, NULL}},
         BNC_GSYNC_WRONG},
        {"nothing", {{NULL, NULL}, {NULL, NULL}}, BNC_GSYNC_WRONG},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct rig rig;
        struct bnc_error err = {0};
        char dir[] = "/tmp/test_gsync_XXXXXX";
        bnc_test_row(rows[i].name);
        test_folder_new(dir);
        begin(&rig, dir);
        rig.path = RELOAD;
        rig.status = 200;
        rig.body = "{\"message\":\"ok\"}";
        for (size_t k = 0; k < 2 && rows[i].files[k][0] != NULL; k++) {
            const char *path =
                bnc_arena_fmt(rig.arena, "%s/%s", dir, rows[i].files[k][0]);
            CHECK_INT(bnc_file_write(rig.world, path, test_bytes(rows[i].files[k][1]),
                                     0600, &err),
                      BNC_OK);
        }
        ask(&rig, BNC_GSYNC_RELOAD);
        CHECK_INT(rig.verdict, rows[i].verdict);
        CHECK_STR(rig.seen, rows[i].verdict == BNC_GSYNC_DONE ? "POST " RELOAD : "");
        end(&rig);
        test_folder_remove(dir);
    }
}

TEST(cancelled)
{
    struct rig rig;
    bnc_test_row("cancelled");
    begin(&rig, NULL);
    rig.path = RELOAD;
    rig.status = 200;
    rig.body = "{}";
    bnc_gsync_server_ask(rig.server, BNC_GSYNC_RELOAD, 1, on_answer, &rig);
    bnc_gsync_server_cancel(rig.server);
    test_run_ms(rig.world, 50);
    CHECK_INT(rig.calls, 0);
    end(&rig);
}

RUN_TESTS(verdicts, nobody_there, credentials, cancelled)
