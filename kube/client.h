/*
 * Requests to the API server: addresses, credentials, one replay after a 401,
 * refusals as codes.  What is watched and when to try again is decided above.
 */
#ifndef BNC_KUBE_CLIENT_H
#define BNC_KUBE_CLIENT_H

#include "kube/config.h"
#include "kube/counters.h"
#include "kube/status.h"
#include "kube/url.h"

#define BNC_KUBE_TIMEOUT_MS 30000 /* of a request that is no watch */
#define BNC_KUBE_ANSWER_MAX ((size_t)8 * 1024 * 1024)

#define BNC_KUBE_QPS   50.0 /* requests a second, watches and Leases apart */
#define BNC_KUBE_BURST 100

struct bnc_kube;      /* opaque */
struct bnc_kube_call; /* opaque: a request under way */

/* Everything is copied. */
struct bnc_kube_request {
    enum bnc_http_group group;
    const char *method;               /* "GET", "PATCH", "POST", "PUT", "DELETE" */
    const char *path;                 /* encoded: from bnc_url_path(), or "/version" */
    const struct bnc_url_pair *query; /* encoded here; may be NULL */
    const char *accept;               /* NULL: application/json */
    const char *content_type;         /* NULL: application/json when there is a body */
    struct bnc_bytes body;
    size_t max_bytes;   /* of the answer; 0: BNC_KUBE_ANSWER_MAX, no limit for a stream */
    int64_t timeout_ms; /* 0: BNC_KUBE_TIMEOUT_MS */
    bool gzip;          /* let the server compress its answer */
    bool can_wait;      /* the others go first when not all may be sent */
    bool repeatable;    /* may reach the server twice; a GET always may */
};

/* Borrowed for the call. */
struct bnc_kube_result {
    struct bnc_error err;          /* code BNC_OK: 2xx and the whole body came */
    int http_status;               /* 0: no answer */
    struct bnc_kube_status status; /* of a refusal */
    int64_t retry_after_ms;        /* to wait at least, spread, to 72 s; 0: not said */
    struct bnc_bytes body;         /* of a 2xx answer that was no stream */
};
typedef void (*bnc_kube_fn)(void *arg, const struct bnc_kube_result *result);

/* A stream: each may be NULL but on_done, which comes once, last. */
struct bnc_kube_stream_ops {
    void (*on_open)(void *arg); /* 2xx */
    void (*on_data)(void *arg, const char *bytes, size_t n);
    bnc_kube_fn on_done;
};

/*
 * `version` is our own, for the User-Agent.
 * Owns:   the caller; `config` is taken, also on failure.
 * Errors: those of the credentials' files.
 */
enum bnc_code
bnc_kube_new(struct bnc_world *world, struct bnc_kube_config *config, const char *version,
             struct bnc_kube **out, struct bnc_error *err) BNC_MUST_CHECK;
/* Ends what is under way without a callback.  NULL is ignored. */
void bnc_kube_free(struct bnc_kube *kube);
BNC_DEFINE_AUTO(bnc_kube);

/* What an administrator may set; zero means the default. */
struct bnc_kube_options {
    double qps;     /* --kube-api-qps; 0: BNC_KUBE_QPS, below 0: no limit */
    unsigned burst; /* --kube-api-burst; 0: BNC_KUBE_BURST */
    /* --kube-api-plain-lists: never as the first events of a watch; fewer bytes and less
       CPU here, more memory in the API server */
    bool plain_lists;
};
/* At any time; from then on. */
void bnc_kube_options_set(struct bnc_kube *kube, const struct bnc_kube_options *options);

/*
 * What a request would wait for its turn if it was started now; for those whose sender
 * has to know that they leave at once.  Units: milliseconds; 0: not at all.
 */
int64_t bnc_kube_wait_ms(struct bnc_kube *kube);

/*
 * Start a request; callbacks never come inside this call.
 * Owns: the client; valid until `fn` (on_done) is called or it was cancelled.
 */
struct bnc_kube_call *
bnc_kube_start(struct bnc_kube *kube, const struct bnc_kube_request *request,
               bnc_kube_fn fn, void *arg);
struct bnc_kube_call *
bnc_kube_stream(struct bnc_kube *kube, const struct bnc_kube_request *request,
                const struct bnc_kube_stream_ops *ops, void *arg);
/* End it without a callback.  Allowed inside its own on_open and on_data. */
void bnc_kube_cancel(struct bnc_kube_call *call);

/*
 * Whether lists of that kind may be asked for as the first events of a watch; for an
 * hour after bnc_kube_refuses_streams() they may not.
 */
bool bnc_kube_may_stream(const struct bnc_kube *kube, enum bnc_kind kind);
void bnc_kube_refuses_streams(struct bnc_kube *kube, enum bnc_kind kind);

struct bnc_world *bnc_kube_world(const struct bnc_kube *kube);
const struct bnc_kube_config *bnc_kube_config_of(const struct bnc_kube *kube);
struct bnc_kube_counters *bnc_kube_counters(struct bnc_kube *kube);

#endif
