/*
 * Status and Events: written after what they tell of, only when they differ.
 */
#ifndef BNC_CONTROLLER_REPORT_H
#define BNC_CONTROLLER_REPORT_H

#include "controller/census.h"
#include "controller/engine.h"
#include "controller/events.h"
#include "controller/publish.h"

struct bnc_reporter; /* opaque */

struct bnc_reporter_options {
    struct bnc_world *world;
    struct bnc_source *source;
    const struct bnc_engine *engine;
    struct bnc_publisher *publisher;
    const struct bnc_patcher *patcher;
    const struct bnc_budgets *budgets;
    const struct bnc_grafanas *grafanas;
    const struct bnc_census *census;
    struct bnc_events *events;
    void (*wake)(void *arg); /* a write failed or ended: report again soon */
    void *arg;
};

struct bnc_reporter *bnc_reporter_new(const struct bnc_reporter_options *options);
void bnc_reporter_free(struct bnc_reporter *reporter); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_reporter);

/* Compare every status with what it should be; only while the engine is idle. */
void bnc_reporter_run(struct bnc_reporter *reporter);

bool bnc_reporter_idle(const struct bnc_reporter *reporter);
uint64_t bnc_reporter_status_writes(const struct bnc_reporter *reporter);

#endif
