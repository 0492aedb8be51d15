/*
 * One Lease on a model of the API server, and replicas that want it: each with a clock
 * of its own, all on virtual time.
 */
#ifndef BNC_TESTS_UNIT_LEADER_RIG_H
#define BNC_TESTS_UNIT_LEADER_RIG_H

#include "controller/leader.h"
#include "lib/json.h"
#include "lib/log.h"

#include "tests/unit/kube_fake.h"

#define SIDES_MAX  3
#define LEASE_PATH "https://h:1/apis/coordination.k8s.io/v1/namespaces/sys/leases"

struct server {
    struct bnc_arena *arena; /* of `lease`; texts of all versions stay in it */
    cJSON *lease;            /* NULL: there is none */
    int64_t version;
    size_t puts, posts, gets; /* that were taken */
};

enum way { WAY_OPEN, WAY_HELD, WAY_REFUSED, WAY_LOST_ANSWER, WAY_SLOW, WAY_COUNT };
#define SLOW_MS 3000 /* from what is done to the answer */

struct side {
    struct fake *fake;
    struct bnc_kube *kube;
    struct bnc_leader *leader;
    struct server *server;
    int64_t rate;   /* of its clock, in percent */
    int64_t rest;   /* of a millisecond, in hundredths */
    enum way way;   /* to the server */
    bool frozen;    /* SIGSTOP: time goes on, the process does not */
    bool suspended; /* the machine: likewise, but timers do not count it */
    size_t acquired, lost, released;
    int64_t since[FAKE_MAX * 16]; /* when each call began */
    int status[FAKE_MAX * 16];    /* of a slow answer, and its text */
    const char *body[FAKE_MAX * 16];
};

/* ---- the server ----------------------------------------------------------------- */

static inline const char *
rig_text(struct server *server)
{
    struct bnc_str text = bnc_str_new(server->arena, 100000);
    bnc_json_print(server->lease, &text);
    return text.ptr;
}

static inline void
rig_store(struct server *server, cJSON *lease)
{
    cJSON *meta = bnc_json_get(lease, "metadata");
    server->version++;
    bnc_json_set_str(server->arena, meta, "resourceVersion",
                     bnc_arena_fmt(server->arena, "%lld", (long long)server->version));
    server->lease = lease;
}

/* Status and body of an answer, after what the request asks for is done. */
static inline int
rig_serve(struct server *server, const struct bnc_http_call *call, const char **body)
{
    struct bnc_error err = {0};
    cJSON *sent = NULL;
    bool posts = strcmp(call->method, "POST") == 0;

    *body = "{\"kind\":\"Status\",\"message\":\"leases \\\"binnacle\\\" not found\"}";
    if (call->body[0] != '\0') {
        CHECK_INT(
            bnc_json_parse(server->arena, call->body, strlen(call->body), &sent, &err),
            BNC_OK);
    }
    if (!posts && server->lease == NULL) {
        return 404;
    }
    if (strcmp(call->method, "GET") == 0) {
        server->gets++;
        *body = rig_text(server);
        return 200;
    }
    const char *had = bnc_json_get_str(bnc_json_get(sent, "metadata"), "resourceVersion");
    *body = "{\"kind\":\"Status\",\"reason\":\"Conflict\",\"message\":\"too late\"}";
    if (posts ? server->lease != NULL
              : had == NULL || strtoll(had, NULL, 10) != server->version) {
        return 409;
    }
    *(posts ? &server->posts : &server->puts) += 1;
    rig_store(server, sent);
    *body = rig_text(server);
    return posts ? 201 : 200;
}

static inline cJSON *
rig_spec(struct server *server)
{
    return bnc_json_get(server->lease, "spec");
}

static inline const char *
rig_holder(struct server *server)
{
    return bnc_json_get_str(rig_spec(server), "holderIdentity");
}

static inline int64_t
rig_number(struct server *server, const char *key)
{
    int64_t n = -1;
    (void)bnc_json_get_int(rig_spec(server), key, &n);
    return n;
}

/* A hand at the Lease. */
static inline void
rig_edit(struct server *server, const char *holder, int64_t duration_s)
{
    cJSON *lease = bnc_json_clone(server->arena, server->lease);
    cJSON *spec = bnc_json_get(lease, "spec");
    bnc_json_set_str(server->arena, spec, "holderIdentity", holder);
    bnc_json_set_int(server->arena, spec, "leaseDurationSeconds", duration_s);
    rig_store(server, lease);
}

/* ---- a replica -------------------------------------------------------------------- */

static inline void
rig_acquired(void *arg)
{
    ((struct side *)arg)->acquired++;
}

static inline void
rig_lost(void *arg, const char *why)
{
    BNC_UNUSED(why);
    ((struct side *)arg)->lost++;
}

static inline void
rig_released(void *arg)
{
    ((struct side *)arg)->released++;
}

static inline void
rig_no_log(void *arg, const char *line, size_t n)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(line);
    BNC_UNUSED(n);
}

/* A world, and a client in it. */
static inline void
rig_kube(struct side *side, int64_t write_timeout_ms)
{
    static const char config_text[] =
        "current-context: c\n"
        "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
        "clusters: [{name: k, cluster: {server: 'https://h:1'}}]\n"
        "users: [{name: u, user: {token: t}}]\n";
    const struct bnc_kube_config_options options = {.kubeconfig = "/kc"};
    struct bnc_kube_config *config = NULL;
    struct bnc_error err = {0};

    *side = (struct side){.rate = 100};
    bnc_log_set_sink(rig_no_log, NULL);
    side->fake = fake_new();
    side->fake->files[0] = (struct fake_file){"/kc", config_text};
    CHECK_INT(bnc_kube_config_load(&side->fake->base, &options, &config, &err), BNC_OK);
    config->write_timeout_ms = write_timeout_ms;
    CHECK_INT(bnc_kube_new(&side->fake->base, config, "1", &side->kube, &err), BNC_OK);
}

static inline void
rig_begin(struct side *side, struct server *server, const char *name, uint64_t seed)
{
    rig_kube(side, 0);
    side->server = server;
    side->fake->seed = seed;
    side->leader =
        bnc_leader_new(&(struct bnc_leader_options){.world = &side->fake->base,
                                                    .kube = side->kube,
                                                    .ns = "sys",
                                                    .name = "binnacle",
                                                    .identity = name,
                                                    .times = BNC_LEADER_TIMES_DEFAULT,
                                                    .acquired = rig_acquired,
                                                    .lost = rig_lost,
                                                    .released = rig_released,
                                                    .arg = side});
    bnc_leader_start(side->leader);
}

static inline void
rig_end(struct side *side)
{
    if (side->leader != NULL) {
        bnc_leader_free(side->leader);
        bnc_kube_free(side->kube);
        bnc_world_free(&side->fake->base);
        side->leader = NULL;
    }
}

/* Forget calls that are over: a long story has more than the fake keeps. */
static inline void
rig_sweep(struct fake *fake)
{
    for (size_t i = 0; i < fake->n_calls; i++) {
        if (fake->calls[i]->open) {
            return;
        }
    }
    for (size_t i = 0; i < fake->n_calls; i++) {
        free(fake->calls[i]->method);
        free(fake->calls[i]->url);
        free(fake->calls[i]->headers);
        free(fake->calls[i]->body);
        free(fake->calls[i]);
    }
    fake->n_calls = 0;
    fake->n_seen = 0;
}

static inline void
rig_answer(struct side *side, size_t i)
{
    struct bnc_http_call *call = side->fake->calls[i];
    int64_t age_ms = side->fake->now_ms - side->since[i];

    CHECK_INT(call->group, BNC_HTTP_LEASE);
    CHECK(strncmp(call->url, LEASE_PATH, strlen(LEASE_PATH)) == 0);
    if (side->way == WAY_REFUSED) {
        fake_end(call, BNC_UNAVAILABLE);
    } else if (side->body[i] != NULL && age_ms >= SLOW_MS && side->way != WAY_HELD) {
        fake_answer(call, side->status[i], side->body[i]);
    } else if (side->way == WAY_OPEN && side->body[i] == NULL) {
        int status = rig_serve(side->server, call, &side->body[i]);
        fake_answer(call, status, side->body[i]);
    } else if (age_ms >= call->timeout_ms) {
        fake_end(call, BNC_TIMEOUT);
    } else if (age_ms == 0 && side->way != WAY_HELD && side->body[i] == NULL) {
        side->status[i] = rig_serve(side->server, call, &side->body[i]); /* done */
        if (side->way == WAY_LOST_ANSWER) {
            side->since[i] -= 1; /* but nobody hears of it */
            side->body[i] = NULL;
        }
    }
}

/* Calls that are new begin now. */
static inline void
rig_meet(struct side *side)
{
    for (; side->fake->n_seen < side->fake->n_calls; side->fake->n_seen++) {
        side->since[side->fake->n_seen] = side->fake->now_ms;
        side->body[side->fake->n_seen] = NULL;
    }
}

/* `ms` of the world's time for one replica. */
static inline void
rig_step_one(struct side *side, int64_t ms)
{
    struct fake *fake = side->fake;
    side->rest += ms * side->rate;
    int64_t own = side->rest / 100;
    side->rest %= 100;
    if (side->suspended) {
        fake->suspended_ms += own;
    } else if (side->frozen) {
        fake->now_ms += own; /* what is due then is late */
    } else {
        int64_t until = fake->now_ms + own;
        while (fake_step(fake, until)) {
        }
        rig_meet(side);
        for (size_t i = 0; i < fake->n_calls; i++) {
            if (fake->calls[i]->open) {
                rig_answer(side, i);
                rig_meet(side);
            }
        }
        rig_sweep(fake);
    }
}

static inline bool
rig_may(struct side *side)
{
    return bnc_leader_may_write(side->leader);
}

static inline size_t
rig_writers(struct side *sides, size_t n)
{
    size_t writers = 0;
    for (size_t i = 0; i < n; i++) {
        bool runs = sides[i].leader != NULL && !sides[i].frozen && !sides[i].suspended;
        writers += runs && bnc_leader_may_write(sides[i].leader);
    }
    return writers;
}

/* Some time for all; never two that may write. */
static inline void
rig_run(struct side *sides, size_t n, int64_t ms)
{
    for (int64_t at = 0; at < ms; at += 10) {
        for (size_t i = 0; i < n; i++) {
            if (sides[i].leader != NULL) {
                rig_step_one(&sides[i], 10);
            }
        }
        CHECK(rig_writers(sides, n) <= 1);
    }
}

#endif
