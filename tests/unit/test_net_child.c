#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "tests/unit/test_net.h"

struct ended {
    struct bnc_world *world;
    struct bnc_child *child;
    int times;
    int status;
    char output[256];
    size_t output_bytes;
    char errors[256];
    struct bnc_error err;
    bool cancel; /* inside the callback */
};

static void
on_end(void *arg, int exit_status, struct bnc_bytes output, struct bnc_bytes errors,
       const struct bnc_error *err)
{
    struct ended *ended = arg;
    ended->times++;
    ended->status = exit_status;
    ended->output_bytes = output.len;
    (void)snprintf(ended->output, sizeof(ended->output), "%.*s", (int)output.len,
                   output.ptr);
    (void)snprintf(ended->errors, sizeof(ended->errors), "%.*s", (int)errors.len,
                   errors.ptr);
    ended->err = *err;
    if (ended->cancel) {
        bnc_child_cancel(ended->child);
    }
    bnc_world_stop(ended->world);
}

static void
start(struct bnc_world *world, struct ended *ended, const char *script, const char *input,
      int64_t timeout_ms)
{
    static const char *const env[] = {"BNC_CHILD=set", "HOME=/nowhere", NULL};
    const char *const argv[] = {"sh", "-c", script, NULL};
    ended->world = world;
    ended->child = bnc_child_start(world,
                                   &(struct bnc_child_request){
                                       .argv = argv,
                                       .env = env,
                                       .input = test_bytes(input),
                                       .timeout_ms = timeout_ms,
                                       .max_output = 100000,
                                   },
                                   on_end, ended);
    CHECK_INT(ended->times, 0);
}

TEST(programs)
{
    static const struct {
        const char *name;
        const char *script;
        const char *input;
        enum bnc_code code;
        int status;
        const char *output;
        const char *errors;
    } rows[] = {
        {"both outputs", "echo out; echo err >&2; exit 3", "", BNC_OK, 3, "out\n",
         "err\n"},
        {"input", "cat", "some text", BNC_OK, 0, "some text", ""},
        {"input is not read", "exec <&-; sleep 0.02; echo x", "text", BNC_OK, 0, "x\n",
         ""},
        {"environment", "echo $BNC_CHILD $HOME $BNC_OWN", "", BNC_OK, 0,
         "set /nowhere own\n", ""},
        {"no output", "exec >&- 2>&-; sleep 0.02; exit 5", "", BNC_OK, 5, "", ""},
        {"killed by itself", "kill -9 $$", "", BNC_OK, 137, "", ""},
        {"too late", "echo first; sleep 10", "", BNC_TIMEOUT, -1, "first\n", ""},
        {"too late, with children", "sleep 10 | sleep 10", "", BNC_TIMEOUT, -1, "", ""},
        {"ignores signals", "trap '' TERM INT; sleep 10", "", BNC_TIMEOUT, -1, "", ""},
        {"at the limit", "head -c 100000 /dev/zero", "", BNC_OK, 0, "", ""},
        {"too much output", "head -c 100001 /dev/zero; sleep 10", "", BNC_TOO_BIG, -1, "",
         ""},
        {"too much in errors", "cat /dev/zero >&2", "", BNC_TOO_BIG, -1, "", ""},
        {"default signals", "kill -PIPE $$; echo x", "", BNC_OK, 141, "", ""},
        {"no other descriptors", "ls /proc/self/fd | wc -l", "", BNC_OK, 0, "4\n", ""},
    };
    CHECK_INT(setenv("BNC_OWN", "own", 1), 0);
    struct bnc_world *world = test_world_new();
    int noise = open("/dev/null", O_RDONLY); /* without close-on-exec */
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct ended ended = {0};
        bnc_test_row(rows[i].name);
        start(world, &ended, rows[i].script, rows[i].input,
              rows[i].code == BNC_TIMEOUT ? 80 : 2000);
        test_run(world);
        CHECK_INT(ended.times, 1);
        CHECK_INT(ended.err.code, rows[i].code);
        CHECK_INT(ended.status, rows[i].status);
        CHECK_STR(ended.output, rows[i].output);
        CHECK_STR(ended.errors, rows[i].errors);
    }
    (void)close(noise);
    bnc_world_free(world);
}

TEST(a_program_that_is_not_there)
{
    static const struct {
        const char *name;
        const char *program;
        enum bnc_code code;
        const char *message;
    } rows[] = {
        {"not in PATH", "bnc-no-such-program", BNC_NOT_FOUND,
         "start bnc-no-such-program: No such file or directory"},
        {"not executable", "/etc/passwd", BNC_DENIED,
         "start /etc/passwd: Permission denied"},
        {"none", NULL, BNC_INVALID, "no program is named"},
    };
    struct bnc_world *world = test_world_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const char *const argv[] = {rows[i].program, NULL};
        struct ended ended = {.world = world, .cancel = true};
        bnc_test_row(rows[i].name);
        ended.child = bnc_child_start(
            world, &(struct bnc_child_request){.argv = argv, .timeout_ms = 1000}, on_end,
            &ended);
        CHECK_INT(ended.times, 0);
        test_run(world);
        CHECK_INT(ended.err.code, rows[i].code);
        CHECK_STR(ended.err.message, rows[i].message);
    }
    bnc_world_free(world);
}

TEST(much_input_and_output_at_once)
{
    enum { BYTES = 99000 }; /* more than a pipe holds */
    struct bnc_world *world = test_world_new();
    struct ended ended = {.cancel = true};
    char *text = malloc(BYTES + 1);
    CHECK(text != NULL);
    memset(text, 'x', BYTES);
    text[BYTES] = '\0';
    start(world, &ended, "cat", text, 2000);
    free(text);
    test_run(world);
    CHECK_INT(ended.err.code, BNC_OK);
    CHECK_INT(ended.output_bytes, BYTES);
    bnc_world_free(world);
}

/* It ended; what it left behind holds the pipe, and is not waited for. */
TEST(a_leftover_process_does_not_delay)
{
    struct bnc_world *world = test_world_new();
    struct ended ended = {0};
    start(world, &ended, "setsid sleep 1.5 & echo x", "", 10000);
    int64_t before_ms = bnc_world_mono_ms(world);
    test_run(world);
    CHECK_INT(ended.err.code, BNC_OK);
    CHECK_INT(ended.status, 0);
    CHECK_STR(ended.output, "x\n");
    CHECK(bnc_world_mono_ms(world) - before_ms < 1000);
    bnc_world_free(world);
}

/* The process with the number in this file is no more. */
static void
check_killed(const char *path)
{
    char text[32] = "";
    FILE *file = fopen(path, "re");
    CHECK(file != NULL);
    CHECK(fgets(text, sizeof(text), file) != NULL);
    (void)fclose(file);
    CHECK(kill((pid_t)atoi(text), 0) != 0);
    (void)unlink(path);
}

TEST(cancelled_and_freed)
{
    static const struct {
        const char *name;
        bool cancel;
    } rows[] = {{"cancelled", true}, {"world freed", false}};
    char path[] = "/tmp/bnc-child-XXXXXX";
    char script[128];

    int fd = mkstemp(path);
    CHECK(fd >= 0);
    (void)close(fd);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_world *world = test_world_new();
        struct ended ended = {0};
        bnc_test_row(rows[i].name);
        (void)snprintf(script, sizeof(script), "echo $$ > %s; sleep 10; echo x", path);
        start(world, &ended, script, "", 10000);
        test_run_ms(world, 60);
        if (rows[i].cancel) {
            bnc_child_cancel(ended.child);
            bnc_world_run(world); /* nothing is waited for */
        }
        bnc_world_free(world);
        CHECK_INT(ended.times, 0);
        check_killed(path);
    }
}

RUN_TESTS(programs, a_program_that_is_not_there, much_input_and_output_at_once,
          a_leftover_process_does_not_delay, cancelled_and_freed)
