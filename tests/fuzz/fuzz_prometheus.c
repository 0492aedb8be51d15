/*
 * Any bytes as the answers of a Prometheus to sync: each question ends with one answer,
 * whatever comes, and all that is told is text.  The first byte is the status.
 */
#include "sync/server.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sim/world.h"

#define ORIGIN  "http://127.0.0.1:9090"
#define WAIT_MS ((int64_t)600 * 1000)

struct rig {
    struct bnc_sim *sim;
    struct parts parts;
    size_t next; /* part to be answered with */
    int status;
    int answers;
};

static void
on_request(void *arg, struct bnc_http_call *call, const struct bnc_sim_request *request)
{
    struct rig *rig = arg;
    BNC_UNUSED(request);
    bnc_sim_reply(call, rig->status, "application/json",
                  rig->parts.items[rig->next++ % rig->parts.n]);
}

static void
check_text(const char *text)
{
    require(text != NULL && bnc_utf8_valid(text, strlen(text)));
}

static void
done(struct rig *rig, const struct bnc_error *err, bool has)
{
    rig->answers++;
    if (err != NULL) {
        require(has == (err->code == BNC_OK));
        check_text(err->message);
    }
    bnc_world_stop(bnc_sim_world(rig->sim));
}

static void
on_reload(void *arg, const struct bnc_reload *reload)
{
    check_text(reload->message);
    done(arg, NULL, true);
}

static void
on_version(void *arg, const struct bnc_server_version *version,
           const struct bnc_error *err)
{
    if (version != NULL) {
        check_text(version->version);
    }
    done(arg, err, version != NULL);
}

static void
on_proof(void *arg, const struct bnc_proof *proof, const struct bnc_error *err)
{
    done(arg, err, proof != NULL);
}

static void
on_targets(void *arg, const struct bnc_server_targets *targets,
           const struct bnc_error *err)
{
    require(targets == NULL || (targets->up >= -1 && targets->down >= -1));
    done(arg, err, targets != NULL);
}

static void
on_query(void *arg, const char *message, const struct bnc_error *err)
{
    if (message != NULL) {
        check_text(message);
    }
    done(arg, err, message != NULL);
}

/* Wait for the one answer. */
static void
wait_for(struct rig *rig)
{
    rig->answers = 0;
    (void)bnc_sim_run_for(rig->sim, WAIT_MS);
    require(rig->answers == 1);
}

static void
ask_all(struct rig *rig, struct bnc_server *server)
{
    struct bnc_jobs *jobs = bnc_jobs_new();
    struct bnc_jobs *groups = bnc_jobs_new();
    struct bnc_proof_ask ask = {.expected = jobs, .marker = "binnacle-1.yml"};

    bnc_server_reload(server, on_reload, rig);
    wait_for(rig);
    bnc_server_version(server, on_version, rig);
    wait_for(rig);
    bnc_server_prove(server, &ask, on_proof, rig);
    wait_for(rig);
    ask = (struct bnc_proof_ask){.expected = jobs, .groups = groups, .allow_extra = true};
    bnc_server_prove(server, &ask, on_proof, rig);
    wait_for(rig);
    bnc_server_targets(server, on_targets, rig);
    wait_for(rig);
    bnc_server_query(server, "up", on_query, rig);
    wait_for(rig);
    bnc_jobs_free(jobs);
    bnc_jobs_free(groups);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int statuses[] = {200, 500, 400, 404, 403, 503};
    static const struct bnc_sim_server ops = {.request = on_request};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(n + 1);
    struct rig rig = {.sim = sim};
    struct bnc_server *server = NULL;
    struct bnc_error err = {0};

    if (n == 0) {
        return 0;
    }
    rig.status = statuses[data[0] % BNC_LEN(statuses)];
    rig.parts = cut_input(arena, data + 1, n - 1, '\0');
    bnc_sim_serve(sim, ORIGIN, &ops, &rig);
    require(bnc_server_new(bnc_sim_world(sim), ORIGIN "/-/reload", NULL, &server, &err) ==
            BNC_OK);
    ask_all(&rig, server);
    bnc_server_free(server);
    return 0;
}
