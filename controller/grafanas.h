/*
 * The Grafanas that Observatories have asked over the HTTP API: what results wish for
 * goes there, and how it stands comes back for statuses and Events.
 */
#ifndef BNC_CONTROLLER_GRAFANAS_H
#define BNC_CONTROLLER_GRAFANAS_H

#include "controller/engine.h"
#include "controller/events.h"
#include "controller/grafana.h"

struct bnc_grafanas; /* opaque */

struct bnc_grafanas_options {
    struct bnc_world *world;
    struct bnc_engine *engine;
    struct bnc_events *events;
    bnc_fn wake;                  /* something is to be told */
    bool (*may_write)(void *arg); /* as in bnc_gapi_options */
    void *may_write_arg;
    void *arg;
};

struct bnc_grafanas *bnc_grafanas_new(const struct bnc_grafanas_options *options);
void bnc_grafanas_free(struct bnc_grafanas *grafanas); /* NULL is ignored */

/* Have it as the result wishes; without a wish what was there is taken away. */
void bnc_grafanas_set(struct bnc_grafanas *grafanas, const struct bnc_result *result);

/* The Observatory goes: what is ours is deleted there, unless it is an orphan. */
void bnc_grafanas_drop(struct bnc_grafanas *grafanas, const struct bnc_object *object,
                       bool orphan);

/* True when nothing of the Observatory is looked after. */
bool
bnc_grafanas_gone(const struct bnc_grafanas *grafanas, const struct bnc_object *object);

/* True while one has not answered. */
bool bnc_grafanas_asking(const struct bnc_grafanas *grafanas);

/* How the Grafana of an Observatory stands; false: none is asked. */
bool
bnc_grafanas_get(const struct bnc_grafanas *grafanas, const struct bnc_object *object,
                 struct bnc_arena *arena, struct bnc_gapi_state *out);

/*
 * Why a Datasource or Dashboard is not there as it should be; NULL: it is, or it is not
 * known yet, or it goes another way.
 */
const char *
bnc_grafanas_blame(const struct bnc_gapi_state *state, const struct bnc_member *member);

/* What the link gives as `result.grafana`, read through `view`; NULL: a secret is
 * missing. */
const struct bnc_gapi_want *
bnc_grafanas_want(const struct bnc_grafana_wish *wish, struct bnc_view *view,
                  struct bnc_arena *arena);

#endif
