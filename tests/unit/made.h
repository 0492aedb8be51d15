/*
 * Facts as YAML, and what an engine makes of them for the first Observatory.
 */
#ifndef BNC_TESTS_UNIT_MADE_H
#define BNC_TESTS_UNIT_MADE_H

#include "tests/unit/engine.h"

/* Some facts, and what an engine makes of them. */
struct made {
    struct bnc_arena *arena;
    struct facts facts;
    struct bnc_object *present[FACTS_MAX];
    struct driven d;
    const struct bnc_result *result;
};

static inline void
start(struct made *m, const char *yaml, size_t budget)
{
    m->arena = bnc_arena_new();
    facts_read(&m->facts, yaml);
    memcpy(m->present, m->facts.items, sizeof(m->present));
    driven_start(&m->d, m->present, m->facts.n);
    m->d.settings.part_budget = budget;
    for (size_t i = 0; i < m->facts.n; i++) {
        driven_put(&m->d, m->present[i]);
    }
    driven_sync(&m->d);
    driven_settle(&m->d);
    m->result = bnc_engine_result(m->d.engine, 0);
}

static inline void
stop(struct made *m)
{
    driven_stop(&m->d);
    facts_free(&m->facts);
    bnc_arena_free(m->arena);
}

#endif
