/*
 * Objects from YAML, as a source gives them, and a cache that holds them: what the
 * tests of the compiler in the middle begin with.
 */
#ifndef BNC_TESTS_UNIT_FACTS_H
#define BNC_TESTS_UNIT_FACTS_H

#include "controller/cache.h"
#include "source/docs.h"
#include "tests/unit/test.h"

#define FACTS_MAX 64

/* Objects by their order in the text; each holds a reference. */
struct facts {
    struct bnc_object *items[FACTS_MAX];
    size_t n;
};

static inline void
facts_take(void *arg, struct bnc_object *object, size_t line)
{
    struct facts *facts = arg;
    BNC_UNUSED(line);
    assert_true(facts->n < FACTS_MAX);
    facts->items[facts->n++] = object;
}

static inline void
facts_problem(void *arg, const struct bnc_problem *problem)
{
    BNC_UNUSED(arg);
    fail_msg("row \"%s\": line %zu: %s: %s", bnc_row, problem->line, problem->field,
             problem->message);
}

static inline void
facts_read(struct facts *facts, const char *yaml)
{
    static const struct bnc_docs_ops ops = {.on_object = facts_take,
                                            .on_problem = facts_problem};
    const struct bnc_docs_input input = {
        .file = "test.yaml", .text = {yaml, strlen(yaml)}, .max_objects = FACTS_MAX};
    struct bnc_docs_counts counts = {0};
    struct bnc_error err = {0};

    facts->n = 0;
    if (bnc_docs_read(&input, &ops, facts, &counts, &err)) {
        fail_msg("row \"%s\": %s", bnc_row, err.message);
    }
}

static inline void
facts_free(struct facts *facts)
{
    while (facts->n > 0) {
        bnc_object_unref(facts->items[--facts->n]);
    }
}

/* Everything that is listed is known. */
static inline void
facts_sync(struct bnc_cache *cache)
{
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        if (!bnc_kind_info(kind)->by_name) {
            bnc_cache_synced(cache, kind, "", NULL);
        }
    }
}

/* Into a cache, which holds references of its own. */
static inline void
facts_put(const struct facts *facts, struct bnc_cache *cache)
{
    for (size_t i = 0; i < facts->n; i++) {
        (void)bnc_cache_put(cache, bnc_object_ref(facts->items[i]));
    }
}

#endif
