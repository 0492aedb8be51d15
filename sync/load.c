#include "sync/load.h"

#include <stdlib.h>
#include <string.h>

struct bnc_load {
    struct bnc_load_ask ask;
    struct bnc_jobs *marker;
    bool marker_only; /* the proof that is asked for now */
    bnc_load_fn fn;
    void *arg;
    struct bnc_timer *timer; /* the next try */
    bool prove;              /* it is to prove; else to reload */
    int64_t began_ms;        /* to wait for a proof; 0: not yet */
    unsigned rounds;         /* that ended without all the pools */
    bool told;               /* something was: */
    enum bnc_load_state last;
};

void
bnc_load_free(struct bnc_load *load)
{
    if (load != NULL) {
        bnc_server_cancel(load->ask.server);
        bnc_timer_free(load->timer);
        bnc_jobs_free(load->marker);
        free(load);
    }
}

/* Told once, until it changes. */
static void
tell(struct bnc_load *load, const struct bnc_load_news *news)
{
    if (!load->told || load->last != news->state) {
        load->told = true;
        load->last = news->state;
        load->fn(load->arg, news);
    }
}

static void
again(struct bnc_load *load, bool prove, int64_t delay_ms)
{
    load->prove = prove;
    bnc_timer_set(load->timer, delay_ms);
}

static bool
is_patient(const struct bnc_load *load)
{
    int64_t now_ms = bnc_world_mono_ms(load->ask.world);
    return now_ms - load->began_ms < BNC_LOAD_PATIENCE_MS;
}

static void
on_reload(void *arg, const struct bnc_reload *reload)
{
    struct bnc_load *load = arg;
    struct bnc_load_news news = {.message = reload->message};

    switch (reload->verdict) {
    case BNC_RELOAD_LOADED:
        if (load->ask.jobs == NULL) {
            news.state = BNC_LOAD_PROVED;
            break;
        }
        load->began_ms = bnc_world_mono_ms(load->ask.world);
        again(load, true, 0);
        return;
    case BNC_RELOAD_REFUSED:
        news.state = BNC_LOAD_REFUSED;
        break;
    case BNC_RELOAD_AWAY:
    case BNC_RELOAD_WRONG:
        news.state = BNC_LOAD_AWAY;
        load->began_ms = 0;
        again(load, load->ask.jobs != NULL,
              BNC_LOAD_AWAY_MS); /* it reads the file when it starts */
        break;
    }
    tell(load, &news);
}

static void
end_well(struct bnc_load *load, const char *message)
{
    const struct bnc_load_news news = {.state = BNC_LOAD_PROVED, .message = message};
    tell(load, &news);
}

/* Jobs are missing: what was in their way may be gone by now. */
static void
try_round(struct bnc_load *load)
{
    again(load, false, (int64_t)BNC_LOAD_PATIENCE_MS << load->rounds);
    load->rounds += load->rounds < BNC_LOAD_DOUBLINGS;
}

/* It answers, and has not all the pools, or others. */
static void
not_proved(struct bnc_load *load, const struct bnc_proof *proof)
{
    bool other =
        proof->pools.missing > 0 &&
        (load->marker_only || proof->pools.missing == bnc_jobs_count(load->ask.jobs));
    bool missing = proof->pools.missing > 0 || proof->rules.missing > 0;
    struct bnc_load_news news = {.message = "", .missing = {proof->pools, proof->rules}};

    if (load->began_ms == 0) {
        again(load, false, 0);
    } else if (is_patient(load)) {
        again(load, true, BNC_LOAD_AGAIN_MS);
        news.state = BNC_LOAD_WAITING;
        tell(load, &news);
    } else if (!missing) {
        end_well(load, "jobs that are not ours run as well");
    } else if (other) {
        load->marker_only = false;
        again(load, false, BNC_LOAD_PATIENCE_MS);
        news.state = BNC_LOAD_OTHER;
        tell(load, &news);
    } else if (load->ask.lazy_pools && proof->pools.missing > 0) {
        load->marker_only = true; /* a pool may come with the first answer */
        again(load, true, 0);
    } else {
        try_round(load);
        news.state = BNC_LOAD_POOLS;
        tell(load, &news);
    }
}

static void
on_proof(void *arg, const struct bnc_proof *proof, const struct bnc_error *err)
{
    struct bnc_load *load = arg;

    if (proof == NULL) {
        const struct bnc_load_news news = {.state = BNC_LOAD_AWAY,
                                           .message = err->message};
        bool reload = err->code == BNC_NOT_FOUND; /* it is there, without that API */
        load->began_ms = 0;
        again(load, !reload, BNC_LOAD_AWAY_MS);
        tell(load, &news);
    } else if (proof->verdict != BNC_PROOF_LOADED) {
        not_proved(load, proof);
    } else if (proof->reload_failed && load->began_ms == 0) {
        again(load, false, 0); /* so that nobody is alarmed by that */
    } else {
        end_well(load, load->marker_only
                           ? "jobs whose discovery has not answered have no pool yet"
                           : "");
    }
}

static void
try_it(void *arg)
{
    struct bnc_load *load = arg;
    if (!load->prove) {
        bnc_server_reload(load->ask.server, on_reload, load);
        return;
    }
    const struct bnc_proof_ask ask = {.expected = load->marker_only ? load->marker
                                                                    : load->ask.jobs,
                                      .allow_extra = load->marker_only,
                                      .groups = bnc_jobs_groups(load->ask.jobs)};
    bnc_server_prove(load->ask.server, &ask, on_proof, load);
}

struct bnc_load *
bnc_load_start(const struct bnc_load_ask *ask, bnc_load_fn fn, void *arg)
{
    struct bnc_load *load = bnc_alloc(sizeof(*load));
    *load = (struct bnc_load){.ask = *ask, .fn = fn, .arg = arg};
    load->marker = bnc_jobs_new();
    bnc_jobs_add(load->marker, ask->marker, strlen(ask->marker));
    load->timer = bnc_timer_new(ask->world, try_it, load);
    again(load, ask->prove_first && ask->jobs != NULL, 0);
    return load;
}
