/* The simulated world itself: time, order, files, children, HTTP. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/selftest.h"

/* ---- time ------------------------------------------------------------------ */

struct log {
    struct bnc_world *world;
    struct bnc_timer *timers[4];
    char text[64];
};

static void
add(struct log *log, char c)
{
    size_t n = strlen(log->text);
    log->text[n] = c;
    log->text[n + 1] = '\0';
}

static void
fire_a(void *arg)
{
    add(arg, 'a');
}

static void
fire_b(void *arg)
{
    struct log *log = arg;
    add(log, 'b');
    if (strlen(log->text) < 6) {
        bnc_timer_set(log->timers[1], 0);
    }
    add(log, '.');
}

static void
fire_stop(void *arg)
{
    struct log *log = arg;
    add(log, 's');
    bnc_world_stop(log->world);
}

TEST(test_timers)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    struct log log = {.world = bnc_sim_world(sim)};
    log.timers[0] = bnc_timer_new(log.world, fire_a, &log);
    log.timers[1] = bnc_timer_new(log.world, fire_b, &log);
    log.timers[2] = bnc_timer_new(log.world, fire_stop, &log);
    bnc_timer_set(log.timers[0], 20);
    bnc_timer_set(log.timers[1], 20);
    bnc_timer_set(log.timers[0], 10); /* replaces */
    CHECK(bnc_timer_pending(log.timers[0]));
    CHECK_STR(log.text, "");
    CHECK(bnc_sim_run_for(sim, 100));
    CHECK_STR(log.text, "ab.b.b.");
    CHECK_INT(bnc_sim_now_ms(sim), 100);
    CHECK_INT(bnc_world_mono_ms(log.world), 100);
    CHECK(!bnc_timer_pending(log.timers[0]));

    log.text[0] = '\0';
    bnc_timer_set(log.timers[0], 5);
    bnc_timer_set(log.timers[2], 5);
    bnc_timer_set(log.timers[1], 5);
    bnc_world_run(log.world);
    CHECK_STR(log.text, "as");
    bnc_timer_stop(log.timers[1]);
    bnc_world_run(log.world); /* nothing is left */
    CHECK_STR(log.text, "as");
    CHECK_INT(bnc_sim_open_handles(sim), 3);
    for (size_t i = 0; i < 3; i++) {
        bnc_timer_free(log.timers[i]);
    }
    CHECK_INT(bnc_sim_open_handles(sim), 0);
}

TEST(test_clocks)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    struct bnc_world *world = bnc_sim_world(sim);
    int64_t wall = bnc_world_wall_ms(world);
    CHECK_INT(wall, 1767225600000);
    bnc_sim_suspend(sim, 5000);
    CHECK_INT(bnc_world_mono_ms(world), 0);
    CHECK_INT(bnc_world_boot_ms(world), 5000);
    CHECK_INT(bnc_world_wall_ms(world), wall + 5000);
    bnc_sim_wall_step(sim, -3600000);
    CHECK_INT(bnc_world_wall_ms(world), wall + 5000 - 3600000);
    CHECK(bnc_world_getenv(world, "A") == NULL);
    bnc_sim_setenv(sim, "A", "b");
    CHECK_STR(bnc_world_getenv(world, "A"), "b");
}

TEST(test_random_is_the_seeds)
{
    uint64_t first[3];
    for (uint64_t i = 0; i < 3; i++) {
        BNC_AUTO(bnc_sim) sim = bnc_sim_new(i == 2 ? 8 : 7);
        (void)bnc_sim_random(sim); /* the other generator does not count */
        first[i] = bnc_world_random(bnc_sim_world(sim));
    }
    CHECK(first[0] == first[1]);
    CHECK(first[0] != first[2]);
}

static void
count_call(void *arg)
{
    ++*(int *)arg;
}

TEST(test_signal)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    int calls = 0;
    bnc_world_on_stop(bnc_sim_world(sim), count_call, &calls);
    bnc_sim_signal(sim);
    CHECK_INT(calls, 0);
    CHECK(bnc_sim_run_for(sim, 1));
    CHECK_INT(calls, 1);
}

/* ---- files -------------------------------------------------------------------- */

TEST(test_files)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_world *world = bnc_sim_world(sim);
    struct bnc_error err = {0};
    struct bnc_bytes got;
    struct bnc_dir_watch *watch = NULL;
    const char **names;
    int calls = 0;

    CHECK_INT(bnc_file_type(world, "/a"), BNC_FILE_NONE);
    CHECK_INT(bnc_dir_watch_new(world, "/a", count_call, &calls, &watch, &err),
              BNC_NOT_FOUND);
    CHECK_INT(
        bnc_file_write(world, "/a/b/c.yml", (struct bnc_bytes){"x\0y", 3}, 0600, &err),
        BNC_OK);
    CHECK_INT(bnc_file_type(world, "/a/b/"), BNC_FILE_FOLDER);
    CHECK_INT(bnc_file_type(world, "/a/b/c.yml"), BNC_FILE_REGULAR);
    CHECK_INT(bnc_sim_file_mode(sim, "/a/b/c.yml"), 0600);
    CHECK_INT(bnc_file_read(world, "/a/b/c.yml", 2, arena, &got, &err), BNC_TOO_BIG);
    CHECK_INT(bnc_file_read(world, "/a/b/c.yml", 3, arena, &got, &err), BNC_OK);
    CHECK_INT(got.len, 3);
    CHECK(memcmp(got.ptr, "x\0y", 4) == 0);

    CHECK_INT(bnc_dir_watch_new(world, "/a", count_call, &calls, &watch, &err), BNC_OK);
    bnc_sim_file_text(sim, "/a/z", "1");
    bnc_sim_file_text(sim, "/a/b/d", "2");
    bnc_sim_file_text(sim, "/ab/d", "2");
    CHECK_INT(calls, 0);
    CHECK(bnc_sim_run_for(sim, 1000));
    CHECK_INT(calls, 1); /* close together: told once */
    CHECK_INT(bnc_dir_list(world, "/a", 1, arena, &names, &err), BNC_TOO_BIG);
    CHECK_INT(bnc_dir_list(world, "/a", 2, arena, &names, &err), BNC_OK);
    CHECK_STR(names[0], "b");
    CHECK_STR(names[1], "z");
    CHECK(names[2] == NULL);
    CHECK_INT(bnc_file_remove(world, "/a/z", &err), BNC_OK);
    CHECK_INT(bnc_file_remove(world, "/a/z", &err), BNC_NOT_FOUND);
    CHECK(bnc_sim_run_for(sim, 1000));
    CHECK_INT(calls, 2);
    bnc_sim_file_fail(sim, "/a/b/d", BNC_DENIED);
    CHECK_INT(bnc_file_read(world, "/a/b/d", 9, arena, &got, &err), BNC_DENIED);
    bnc_sim_file_fail(sim, "/a/b/d", BNC_OK);
    CHECK_INT(bnc_file_read(world, "/a/b/d", 9, arena, &got, &err), BNC_OK);
    bnc_sim_file_delete(sim, "/a");
    CHECK_INT(bnc_dir_list(world, "/a", 2, arena, &names, &err), BNC_NOT_FOUND);
    CHECK(bnc_sim_file_get(sim, "/ab/d", &got));
    bnc_dir_watch_free(watch);
}

/* ---- children -------------------------------------------------------------------- */

struct child_log {
    enum bnc_code code;
    int exit_status;
    char output[32];
    int calls;
};

static void
child_ended(void *arg, int exit_status, struct bnc_bytes output, struct bnc_bytes errors,
            const struct bnc_error *err)
{
    struct child_log *log = arg;
    BNC_UNUSED(errors);
    log->code = err->code;
    log->exit_status = exit_status;
    (void)snprintf(log->output, sizeof(log->output), "%.*s", (int)output.len, output.ptr);
    log->calls++;
}

static void
run_script(void *arg, const struct bnc_child_request *request,
           struct bnc_sim_child_answer *answer)
{
    answer->delay_ms = *(int64_t *)arg;
    answer->exit_status = 3;
    answer->output = request->input;
}

TEST(test_children)
{
    static const struct {
        const char *name;
        const char *program;
        size_t max;
        int64_t delay_ms;
        enum bnc_code code;
    } rows[] = {
        {"good", "p", 10, 50, BNC_OK},
        {"no such program", "q", 10, 0, BNC_NOT_FOUND},
        {"too much output", "p", 2, 0, BNC_TOO_BIG},
        {"too slow", "p", 10, 5000, BNC_TIMEOUT},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
        int64_t delay = rows[i].delay_ms;
        struct child_log log = {0};
        const char *argv[] = {rows[i].program, NULL};
        struct bnc_child_request request = {.argv = argv,
                                            .input = {"text", 4},
                                            .timeout_ms = 100,
                                            .max_output = rows[i].max};
        bnc_test_row(rows[i].name);
        bnc_sim_child_script(sim, "p", run_script, &delay);
        (void)bnc_child_start(bnc_sim_world(sim), &request, child_ended, &log);
        CHECK_INT(log.calls, 0);
        bnc_child_cancel(
            bnc_child_start(bnc_sim_world(sim), &request, child_ended, &log));
        CHECK(bnc_sim_run_for(sim, 1000));
        CHECK_INT(log.calls, 1);
        CHECK_INT(log.code, rows[i].code);
        CHECK_INT(log.exit_status, rows[i].code == BNC_OK ? 3 : -1);
        CHECK_STR(log.output, rows[i].code == BNC_OK ? "text" : "");
    }
}

/* ---- HTTP ------------------------------------------------------------------------- */

struct service {
    struct bnc_sim *sim;
    int closed;
    const char *mode;
    struct bnc_http_call *held;
};

static void
serve(void *arg, struct bnc_http_call *call, const struct bnc_sim_request *request)
{
    struct service *s = arg;
    static char large[200000];
    memset(large, 'x', sizeof(large));
    if (strcmp(s->mode, "echo") == 0) {
        bnc_sim_reply(call, 201, "text/plain", request->body);
    } else if (strcmp(s->mode, "large") == 0) {
        bnc_sim_reply(call, 200, "text/plain", (struct bnc_bytes){large, sizeof(large)});
    } else if (strcmp(s->mode, "break") == 0) {
        bnc_sim_reply_head(call, 200, NULL);
        bnc_sim_reply_data(call, "half", 4);
        bnc_sim_reply_break(call, "gone");
    } else if (strcmp(s->mode, "stall") == 0) {
        bnc_sim_reply_head(call, 200, NULL);
        bnc_sim_reply_stall(call, 60000);
        bnc_sim_reply_data(call, "late", 4);
    } else {
        s->held = call; /* never answered */
    }
}

static void
note_closed(void *arg, struct bnc_http_call *call)
{
    BNC_UNUSED(call);
    ((struct service *)arg)->closed++;
}

static const struct bnc_sim_server service_ops = {serve, note_closed};

TEST(test_http)
{
    static const struct {
        const char *name;
        size_t max;
        enum bnc_code code;
        int status;
        size_t bytes;
        int closed;
        int64_t until_ms;
    } rows[] = {
        {"echo", 0, BNC_OK, 201, 5, 0, 100},
        {"large", 0, BNC_OK, 200, 200000, 0, 200},
        {"large", 100, BNC_TOO_BIG, 200, 0, 0, 200},
        {"break", 0, BNC_UNAVAILABLE, 200, 4, 0, 200},
        {"stall", 0, BNC_UNAVAILABLE, 200, 0, 1, 61000},
        {"nothing", 0, BNC_TIMEOUT, 0, 0, 1, 91000},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_sim) sim = bnc_sim_new(i);
        struct service s = {.sim = sim, .mode = rows[i].name};
        struct client c = {.body = bnc_str_new(NULL, 1000000)};
        const struct bnc_http_request request = {.method = "POST",
                                                 .url = "http://grafana/x?y=%20",
                                                 .body = {"hello", 5},
                                                 .max_bytes = rows[i].max,
                                                 .timeout_ms = 90000};
        bnc_test_row(rows[i].name);
        bnc_sim_serve(sim, "http://grafana:80", &service_ops, &s);
        c.call = bnc_http_start(bnc_sim_world(sim), &request, &client_ops, &c);
        CHECK_INT(c.done, 0);
        CHECK(bnc_sim_run_until(sim, client_is_done, &c, rows[i].until_ms));
        CHECK(bnc_sim_run_for(sim, 1000));
        CHECK_INT(c.done, 1);
        CHECK_INT(c.err.code, rows[i].code);
        CHECK_INT(c.status, rows[i].status);
        if (rows[i].code != BNC_TOO_BIG) {
            CHECK_INT(c.body.len, rows[i].bytes);
        }
        CHECK_INT(s.closed, rows[i].closed);
        CHECK_INT(bnc_sim_open_handles(sim), 0);
        client_end(&c);
    }
}

TEST(test_http_cancel_and_refuse)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(3);
    struct service s = {.sim = sim, .mode = "hold"};
    struct client c;
    bnc_sim_serve(sim, BNC_SIM_API_ORIGIN, &service_ops, &s);
    client_start(&c, sim, "GET", "/x", NULL, NULL);
    CHECK(bnc_sim_run_for(sim, 1000));
    CHECK(s.held != NULL);
    client_end(&c); /* cancels */
    CHECK(bnc_sim_run_for(sim, 1000));
    CHECK_INT(s.closed, 1);
    CHECK_INT(c.done, 0);
    bnc_sim_unserve(sim, BNC_SIM_API_ORIGIN);
    CHECK_INT(ask(sim, "GET", "/x", NULL, NULL, NULL), -(int)BNC_UNAVAILABLE);
    CHECK_INT(bnc_sim_open_handles(sim), 0);
}

/* ---- processes ----------------------------------------------------------------------
 */

/* What is sent has effect though the sender stands still; the answer waits for it. */
TEST(test_freeze)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    struct service s = {.sim = sim, .mode = "hold"};
    struct client c;
    struct log log = {.world = bnc_sim_world(sim)};
    bnc_sim_serve(sim, BNC_SIM_API_ORIGIN, &service_ops, &s);

    CHECK_INT(bnc_sim_process(sim, 2), 0);
    client_start(&c, sim, "GET", "/x", NULL, NULL);
    log.timers[0] = bnc_timer_new(log.world, fire_a, &log);
    CHECK_INT(bnc_sim_process(sim, 0), 2);
    log.timers[1] = bnc_timer_new(log.world, fire_b, &log);
    bnc_sim_freeze(sim, 2, 10000);
    bnc_sim_freeze(sim, 2, 5000); /* never less */
    bnc_timer_set(log.timers[0], 500);
    bnc_timer_set(log.timers[1], 600);
    CHECK(bnc_sim_run_for(sim, 1000));
    CHECK_STR(log.text, "b.b.b.b."); /* that one is of another */
    CHECK(s.held != NULL);
    bnc_sim_reply(s.held, 200, "text/plain", (struct bnc_bytes){"late", 4});
    CHECK(bnc_sim_run_for(sim, 8999));
    CHECK_INT(c.done, 0);
    CHECK(bnc_sim_run_for(sim, 1));
    CHECK_STR(log.text, "b.b.b.b.a");
    CHECK_INT(c.done, 1);
    CHECK_INT(c.status, 200);
    client_end(&c);
    bnc_timer_free(log.timers[0]);
    bnc_timer_free(log.timers[1]);
    CHECK_INT(bnc_sim_open_handles(sim), 0);
}

TEST(test_cut)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    struct service s = {.sim = sim, .mode = "hold"};
    struct client before;
    struct client during;
    bnc_sim_serve(sim, BNC_SIM_API_ORIGIN, &service_ops, &s);
    (void)bnc_sim_process(sim, 1);
    client_start(&before, sim, "GET", "/x", NULL, NULL);
    CHECK(bnc_sim_run_for(sim, 1000));
    CHECK(s.held != NULL);
    bnc_sim_cut(sim, 1, 9000);
    bnc_sim_reply(s.held, 200, "text/plain", (struct bnc_bytes){"late", 4});
    s.held = NULL;
    client_start(&during, sim, "GET", "/x", NULL, NULL);
    CHECK(bnc_sim_run_for(sim, 8999));
    CHECK_INT(before.done, 0);
    CHECK(bnc_sim_run_for(sim, 1000));
    CHECK_INT(before.status, 200);
    CHECK(bnc_sim_run_for(sim, 600000));
    CHECK(s.held == NULL); /* it never came */
    CHECK_INT(during.err.code, BNC_TIMEOUT);
    client_end(&before);
    client_end(&during);
    CHECK_INT(bnc_sim_open_handles(sim), 0);
}

/* ---- listeners ----------------------------------------------------------------------
 */

struct listening {
    struct bnc_http_exchange *held;
    char seen[100];
};

static void
handle(void *arg, struct bnc_http_exchange *exchange, const struct bnc_http_query *query)
{
    struct listening *l = arg;
    (void)snprintf(l->seen, sizeof(l->seen), "%s %s ? %s", query->method, query->path,
                   query->query);
    if (strcmp(query->path, "/later") == 0) {
        l->held = exchange;
        return;
    }
    bnc_http_answer(exchange, 500, "text/plain", (struct bnc_bytes){"failed", 6});
}

TEST(test_listeners)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    struct bnc_world *world = bnc_sim_world(sim);
    struct listening l = {0};
    struct bnc_listener *one = NULL;
    struct bnc_listener *two = NULL;
    struct bnc_error err = {0};
    struct bnc_bytes none = {NULL, 0};
    struct bnc_str out = bnc_str_new(NULL, 100);

    CHECK_INT(bnc_listen(world, "8081", 0, handle, &l, &one, &err), BNC_INVALID);
    CHECK_INT(bnc_listen(world, ":8081", 0, handle, &l, &one, &err), BNC_OK);
    CHECK_INT(bnc_listen(world, "[::1]:8081", 0, handle, &l, &two, &err), BNC_CONFLICT);
    CHECK_INT(bnc_listen(world, "127.0.0.1:0", 0, handle, &l, &two, &err), BNC_OK);
    CHECK(bnc_listener_port(two) != 8081);
    CHECK_INT(bnc_sim_request(sim, 8081, "GET", "/a%20b?verbose", none, &out), 500);
    CHECK_STR(out.ptr, "failed");
    CHECK_STR(l.seen, "GET /a b ? verbose");
    CHECK_INT(bnc_sim_request(sim, 9, "GET", "/", none, NULL), 0);
    CHECK_INT(bnc_sim_request(sim, 8081, "GET", "/later", none, NULL), -1);
    CHECK(l.held != NULL);
    bnc_http_answer(l.held, 200, "text/plain", none); /* the client has gone */
    CHECK(bnc_sim_run_for(sim, 1000));
    bnc_listener_free(one);
    bnc_listener_free(two);
    bnc_str_free(&out);
}

RUN_TESTS(test_timers, test_clocks, test_random_is_the_seeds, test_signal, test_files,
          test_children, test_http, test_http_cancel_and_refuse, test_freeze, test_cut,
          test_listeners)
