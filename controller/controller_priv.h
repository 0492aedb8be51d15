/*
 * The state of the controller, shared by controller.c (facts in, slices, life) and
 * controller_out.c (results out).  Inside controller/ only.
 */
#ifndef BNC_CONTROLLER_CONTROLLER_PRIV_H
#define BNC_CONTROLLER_CONTROLLER_PRIV_H

#include "controller/budgets.h"
#include "controller/census.h"
#include "controller/controller.h"
#include "controller/grafanas.h"
#include "controller/hold.h"
#include "controller/patches.h"
#include "controller/report.h"
#include "controller/wants.h"

struct bnc_controller {
    struct bnc_controller_options options;
    struct bnc_engine *engine;
    struct bnc_publisher *publisher;
    struct bnc_reporter *reporter;
    struct bnc_holder *holder;
    struct bnc_census *census;
    struct bnc_patcher *patcher;
    struct bnc_budgets *budgets;
    struct bnc_grafanas *grafanas;
    struct bnc_events *events;
    struct bnc_map *claimed;  /* uids of Observatories whose earlier outputs are known */
    struct bnc_map *orphans;  /* owners whose outputs stay when they go */
    struct bnc_timer *work;   /* the next slice */
    struct bnc_timer *pods;   /* of a mesh: a little after they have changed */
    struct bnc_timer *report; /* statuses, a little after the last write */
    struct bnc_wants *wants;
    struct bnc_troubles *troubles;
    bool standby; /* another replica leads, or has led until now: */
    bool reads;   /* what that one has told of its outputs is being read, */
    bool takes;   /* or was: from the next look at all results on this one writes */
    bool stopped;
    bool working; /* slices follow each other */
    bool due;     /* results have to be looked at, whatever the engine did */
    /* monotonic; 0: not yet */
    int64_t work_ms;     /* when the next slice is due */
    int64_t planned_ms;  /* a plan came to its end */
    int64_t looked_ms;   /* results were looked at */
    int64_t reported_ms; /* and statuses */
    uint64_t planned;    /* plans when the census was last told */
    uint64_t done;       /* by the engine, when results were last looked at */
    uint64_t writes;
    uint64_t turns;
    int64_t longest_turn_us;
};

/* Results to those that write; nothing on standby. */
void bnc_controller_publish(struct bnc_controller *c);

/* Take finalizers off what no longer holds anything outside of its namespace. */
void bnc_controller_unhold(struct bnc_controller *c);

#endif
