/*
 * The client and its calls, shared by client.c (requests and answers), client_gate.c
 * (which of them may be sent now) and pulse.c (whether the watches' connection lives).
 * Inside kube/ only.
 */
#ifndef BNC_KUBE_CLIENT_PRIV_H
#define BNC_KUBE_CLIENT_PRIV_H

#include <sys/queue.h>

#include "kube/auth.h"
#include "kube/client.h"
#include "kube/limit.h"
#include "lib/map.h"

/* What is known of the connection that the watches share. */
struct bnc_pulse {
    struct bnc_timer *timer;
    struct bnc_kube_call *call; /* the question under way */
    int64_t heard_ms;           /* the last byte on any watch */
};

struct bnc_kube {
    struct bnc_world *world;
    struct bnc_kube_config *config;
    struct bnc_auth *auth;
    const char *user_agent;            /* a header line, in the config's arena */
    TAILQ_HEAD(, bnc_kube_call) calls; /* in the order they were started */
    struct bnc_kube_counters counters;
    bool plain_lists;
    int64_t no_streams_until[BNC_KIND_COUNT]; /* monotonic, ms; 0: never refused */

    uint64_t identity;       /* the client certificate that connections have */
    struct bnc_timer *renew; /* the watches begin anew with another one */

    struct bnc_limit limit;
    struct bnc_timer *gate; /* the next call that waits for its turn may go */
    size_t n_gated;
    struct bnc_pulse pulse;
    struct bnc_map *warnings; /* texts of the server's that were logged */
    int64_t throttled_log_ms; /* when a 429 was logged last; 0: never */
};

struct bnc_kube_call {
    struct bnc_kube *kube;
    TAILQ_ENTRY(bnc_kube_call) link;
    struct bnc_arena *arena; /* the request's copy */
    struct bnc_kube_request request;
    const char *url;
    bool streaming;
    struct bnc_kube_stream_ops ops;
    void *arg;

    struct bnc_http_call *http; /* NULL: waits for its turn or for credentials */
    uint64_t generation;        /* of the credentials it was sent with */
    int64_t sent_us;            /* monotonic; 0: not sent, or its time is counted */
    bool gated;                 /* waits for its turn */
    bool replayed;
    bool ending; /* for a reason that lies outside of it */
    bool shared; /* an open watch on a connection that others share */
    int http_status;
    int64_t retry_after_ms;
    struct bnc_str answer; /* all of a unary one; the Status of a refused stream */
};

/* client.c: send it, or let it wait for credentials. */
void bnc_kube_send(struct bnc_kube_call *call);
/* End all calls with `ending` set, with that error. */
void bnc_kube_end_marked(struct bnc_kube *kube, const struct bnc_error *err);

/* End all watches at once, and let their connections go. */
void bnc_kube_end_watches(struct bnc_kube *kube, const struct bnc_error *err);

/* client_gate.c: send it in its turn. */
void bnc_kube_gate(struct bnc_kube_call *call);
/* It ends before its turn. */
void bnc_kube_gate_leave(struct bnc_kube_call *call);
void bnc_kube_gate_open(void *arg); /* the timer's: the client */
/* What an answer's head says beside the answer, for the log. */
void bnc_kube_gate_head(struct bnc_kube_call *call, struct bnc_http_call *http);

/* pulse.c */
void bnc_pulse_opened(struct bnc_kube_call *call, struct bnc_http_call *http);
void bnc_pulse_due(void *arg); /* the timer's: the client */

#endif
