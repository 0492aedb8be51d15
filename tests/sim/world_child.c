#include <stdlib.h>
#include <string.h>

#include "tests/sim/world_internal.h"

struct script {
    bnc_sim_child_fn fn;
    void *arg;
};

struct bnc_child {
    struct bnc_sim_handle handle;
    struct bnc_sim_event event;
    bnc_child_fn fn;
    void *arg;
    struct bnc_arena *arena;
    struct bnc_sim_child_answer answer;
    struct bnc_error err;
};

static void
child_destroy(struct bnc_sim_handle *handle)
{
    bnc_arena_free(((struct bnc_child *)handle)->arena);
    free(handle);
}

static void
end_child(void *arg)
{
    struct bnc_child *child = arg;
    struct bnc_bytes none = {"", 0};
    bool good = child->err.code == BNC_OK;
    child->fn(child->arg, good ? child->answer.exit_status : -1,
              good ? child->answer.output : none, good ? child->answer.errors : none,
              &child->err);
    if (!child->handle.dead) {
        bnc_sim_handle_bury(bnc_sim_of_handle(child), &child->handle);
    }
}

static struct bnc_bytes
keep(struct bnc_arena *arena, struct bnc_bytes bytes)
{
    char *copy = bnc_arena_alloc(arena, bytes.len + 1);
    if (bytes.len > 0) {
        memcpy(copy, bytes.ptr, bytes.len);
    }
    return (struct bnc_bytes){copy, bytes.len};
}

struct bnc_child *
bnc_sim_child_start(struct bnc_world *world, const struct bnc_child_request *request,
                    bnc_child_fn fn, void *arg)
{
    struct bnc_sim *sim = bnc_sim_of(world);
    struct bnc_child *child = bnc_alloc(sizeof(*child));
    bnc_sim_handle_open(sim, &child->handle, "child", child_destroy);
    child->arena = bnc_arena_new();
    child->event.process = child->handle.process;
    child->fn = fn;
    child->arg = arg;
    child->handle.name = bnc_arena_strdup(child->arena, request->argv[0]);
    if (request->timeout_ms <= 0 || request->max_output == 0) {
        bnc_sim_die(sim, "bnc_child_start: %s has no timeout or no max_output",
                    request->argv[0]);
    }
    struct bnc_sim_child_answer *answer = &child->answer;
    const struct script *script = bnc_map_get(sim->scripts, request->argv[0]);
    if (script == NULL) {
        (void)bnc_fail(&child->err, BNC_NOT_FOUND, "run %s: not found", request->argv[0]);
    } else {
        script->fn(script->arg, request, answer);
        answer->output = keep(child->arena, answer->output);
        answer->errors = keep(child->arena, answer->errors);
        if (answer->output.len > request->max_output ||
            answer->errors.len > request->max_output) {
            (void)bnc_fail(&child->err, BNC_TOO_BIG, "run %s: it wrote over %zu bytes",
                           request->argv[0], request->max_output);
        }
    }
    if (answer->delay_ms > request->timeout_ms) {
        answer->delay_ms = request->timeout_ms;
        (void)bnc_fail(&child->err, BNC_TIMEOUT, "run %s: killed after %lld ms",
                       request->argv[0], (long long)request->timeout_ms);
    }
    bnc_sim_schedule(sim, &child->event, answer->delay_ms * 1000, end_child, child,
                     "child");
    return child;
}

void
bnc_sim_child_cancel(struct bnc_child *child)
{
    bnc_sim_handle_check(child, "bnc_child_cancel");
    struct bnc_sim *sim = bnc_sim_of_handle(child);
    bnc_sim_unschedule(sim, &child->event);
    bnc_sim_handle_bury(sim, &child->handle);
}

void
bnc_sim_child_script(struct bnc_sim *sim, const char *argv0, bnc_sim_child_fn fn,
                     void *arg)
{
    struct script *script = bnc_alloc(sizeof(*script));
    script->fn = fn;
    script->arg = arg;
    free(bnc_map_put(sim->scripts, argv0, script));
}

void
bnc_sim_children_free(struct bnc_sim *sim)
{
    size_t at = 0;
    void *value;
    while (bnc_map_next(sim->scripts, &at, NULL, &value)) {
        free(value);
    }
    bnc_map_free(sim->scripts);
}
