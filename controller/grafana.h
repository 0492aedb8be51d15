/*
 * Keeps datasources and dashboards in a Grafana as they are wished for, over its HTTP
 * API: makes what is missing, repairs what somebody changed, deletes what is ours and
 * no longer wanted.  Knows nothing of Kubernetes.
 */
#ifndef BNC_CONTROLLER_GRAFANA_H
#define BNC_CONTROLLER_GRAFANA_H

#include "net/world.h"

struct bnc_gapi; /* opaque */

enum bnc_gapi_kind { BNC_GAPI_DATASOURCE, BNC_GAPI_DASHBOARD };

/* One value of secureJsonData: UTF-8 without NUL. */
struct bnc_gapi_secret {
    const char *key;
    struct bnc_bytes value;
};

/* One thing that is to be in Grafana. */
struct bnc_gapi_item {
    enum bnc_gapi_kind kind;
    int64_t org;
    const char *uid;    /* 1 to 40 of a-z A-Z 0-9 - _ */
    const char *name;   /* a dashboard: its title */
    const char *owner;  /* the object that it is for, as messages name it: "NS/NAME" */
    const char *folder; /* of a dashboard: its title; NULL: none */
    struct bnc_bytes
        body; /* a JSON object, as POST /api/datasources takes it, or the
               * dashboard itself.  `uid` and `name` above win.  No secrets */
    const char *secret_version; /* another whenever the value of a secret is (uid and
                                 * resourceVersion of the Secrets): it is kept in Grafana,
                                 * for all to read.  NULL: there are no secrets */
    const struct bnc_gapi_secret *secrets;
    size_t n_secrets;
};

/*
 * What is to be in one Grafana.  `url` decides who is sent the credentials: it is for
 * those to say who are trusted, never for tenants.
 */
struct bnc_gapi_want {
    const char *url;        /* http://HOST:PORT/PREFIX, without a password or query */
    struct bnc_bytes token; /* of a service account, which has one organization; or: */
    struct bnc_bytes username;
    struct bnc_bytes password;
    struct bnc_bytes ca_pem; /* empty: the system's authorities */
    const char *server_name; /* NULL: the host of `url` */
    bool insecure;
    int64_t poll_ms; /* how often is looked for changes of others; 0: 30 s */
    int64_t org;     /* is looked at even without items; 0: 1 */
    const struct bnc_gapi_item *items; /* by (org, kind, uid), each once */
    size_t n;
};

enum bnc_gapi_standing {
    BNC_GAPI_PENDING, /* not looked at yet */
    BNC_GAPI_SYNCED,
    BNC_GAPI_FAILED, /* tried again with each poll */
    BNC_GAPI_FOREIGN /* somebody else's is in its place, and left alone */
};

struct bnc_gapi_item_state {
    enum bnc_gapi_kind kind;
    int64_t org;
    const char *uid;
    const char *owner;
    enum bnc_gapi_standing standing;
    const char *message; /* what is wrong, and what to do; "" when nothing is */
};

/* How a Grafana stands.  Times are wall clock, in milliseconds. */
struct bnc_gapi_state {
    const char *error;    /* why nothing can be done; NULL: it answers */
    int64_t looked_at_ms; /* the last whole look; 0: none yet */
    uint64_t created, updated, deleted, repaired; /* since it is looked after */
    const struct bnc_gapi_item_state *items;      /* in the order of what is wished */
    size_t n;
    bool gone;   /* dropped with `remove`: the last that is told */
    size_t left; /* then: how many could not be deleted, or not be looked for (one) */
};

struct bnc_gapi_options {
    struct bnc_world *world;
    /*
     * The error, or what a state says of an item, is another than before.  Comes last in
     * a turn.  `now` is borrowed until it returns.  It may set, drop and get.
     */
    void (*changed)(void *arg, const char *ns, const char *name,
                    const struct bnc_gapi_state *now);
    /*
     * Somebody's change was undone: what is for an Event of `item->owner`.  `message` has
     * no secret in it.  It must neither set nor drop.
     */
    void (*repaired)(void *arg, const char *ns, const char *name,
                     const struct bnc_gapi_item_state *item, const char *message);
    /* Asked before each request; false is for ever: nothing is sent.  NULL: always. */
    bool (*may_write)(void *arg);
    void *may_write_arg;
    void *arg;
};

struct bnc_gapi *bnc_gapi_new(const struct bnc_gapi_options *options);
void bnc_gapi_free(struct bnc_gapi *gapi); /* NULL is ignored */

/*
 * Look after the Grafana of Observatory `ns`/`name` from now on, or in another way.
 * `want` is copied, secrets into memory that is wiped; the same again does nothing.
 * What is ours there is known by "NS/NAME".
 */
void bnc_gapi_set(struct bnc_gapi *gapi, const char *ns, const char *name,
                  const struct bnc_gapi_want *want);

/*
 * No more.  With `remove` what is ours is deleted first, for 60 s at most, and `changed`
 * tells the end.  One that is not looked after is ignored.
 */
void bnc_gapi_drop(struct bnc_gapi *gapi, const char *ns, const char *name, bool remove);

/* True while a request is under way. */
bool bnc_gapi_asking(const struct bnc_gapi *gapi);

/* False when it is not looked after.  Owns: `arena`, but texts only until the next turn.
 */
bool bnc_gapi_get(const struct bnc_gapi *gapi, const char *ns, const char *name,
                  struct bnc_arena *arena, struct bnc_gapi_state *out);

#endif
