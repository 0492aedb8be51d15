/*
 * Any text as manifests, through all of the controller: it comes to an end, and a second
 * run over the same text writes the same bytes.
 */
#include "controller/controller.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "reconcilers/plan.h"
#include "reconcilers/table.h"
#include "source/dir.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sim/world.h"

#define WAIT_MS ((int64_t)120 * 1000)

struct run {
    struct bnc_sim *sim;
    struct bnc_str out; /* every write */
    bool settled;
};

static void
on_problem(void *arg, const struct bnc_problem *problem)
{
    BNC_UNUSED(arg);
    require(bnc_utf8_valid(problem->message, strlen(problem->message)));
}

static void
on_write(void *arg, const struct bnc_write *write)
{
    struct run *run = arg;
    cJSON *tree = NULL;
    struct bnc_error err = {0};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    if (write->body.len > 0) {
        require(bnc_json_parse(arena, write->body.ptr, write->body.len, &tree, &err) ==
                BNC_OK);
    }
    bnc_str_fmt(&run->out, "%d %d %s/%s ", (int)write->verb, (int)write->kind, write->ns,
                write->name);
    bnc_str_add(&run->out, write->body.ptr, write->body.len);
    bnc_str_putc(&run->out, '\n');
}

static void
on_settled(void *arg, struct bnc_controller *controller)
{
    struct run *run = arg;
    BNC_UNUSED(controller);
    run->settled = true;
    bnc_world_stop(bnc_sim_world(run->sim));
}

/* The digest of all that is written; "" when there is nothing to settle. */
static void
run_once(struct bnc_bytes text, uint64_t seed, char out[BNC_SHA256_HEX])
{
    static const struct bnc_settings settings = {.offline = true};
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(seed);
    struct run run = {.sim = sim, .out = bnc_str_new(NULL, (size_t)64 << 20)};
    struct bnc_source *source = bnc_source_dir_new(
        bnc_sim_world(sim),
        &(struct bnc_source_dir_options){
            .text = text, .arg = &run, .on_problem = on_problem, .on_write = on_write});
    struct bnc_controller *controller = bnc_controller_new(
        &(struct bnc_controller_options){.world = bnc_sim_world(sim),
                                         .source = source,
                                         .reconcilers = bnc_reconcilers,
                                         .n_reconcilers = bnc_n_reconcilers,
                                         .planner = &bnc_planner_prometheus,
                                         .settings = &settings,
                                         .instance = "fuzz",
                                         .on_settled = on_settled,
                                         .arg = &run});

    bnc_controller_start(controller);
    (void)bnc_sim_run_for(sim, WAIT_MS);
    bnc_sha256_hex(run.out.ptr, run.out.len, out);
    bnc_controller_free(controller);
    bnc_source_free(source);
    bnc_str_free(&run.out);
    require(bnc_sim_open_handles(sim) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_bytes text = {bnc_arena_strndup(arena, (const char *)data, n), n};
    char first[BNC_SHA256_HEX];
    char second[BNC_SHA256_HEX];
    struct bnc_error err = {0};

    require(bnc_log_set_level("error", &err) == BNC_OK);
    run_once(text, 1, first);
    run_once(text, 2, second);
    require(strcmp(first, second) == 0);
    return 0;
}
