/*
 * What one plan leaves to the next.  A verdict follows from a member and the Observatory,
 * the jobs of a policy from the policies before it in its namespaces: while their
 * versions are the same it is copied, not thought over.  So a change costs its
 * neighbours, and of the others a glance.
 */
#ifndef BNC_RECONCILERS_PLAN_MEMO_H
#define BNC_RECONCILERS_PLAN_MEMO_H

#include "reconcilers/plan_state.h"

/* One member under one Observatory. */
struct bnc_memo_row {
    uint64_t version; /* of the member */
    uint64_t judge;   /* version of the Observatory; 0: not judged yet */
    uint64_t round;   /* the last plan that asked for it */
    struct bnc_memo_row *next;
    struct bnc_arena *arena; /* of all that follows */

    struct bnc_verdict verdict;
    bool silent; /* the verdict says nothing: it is left out */
    enum {
        BNC_MEMO_NONE,
        BNC_MEMO_TAKER,
        BNC_MEMO_ASKER,
        BNC_MEMO_SCRAPER,
        BNC_MEMO_RULER
    } gives;
    union {
        struct bnc_taker taker;
        const struct bnc_asker *asker;
        struct bnc_scraper scraper;
        struct bnc_ruler ruler;
    } as;

    /* By endpoint of a taker or claim of an asker; NULL: not made yet. */
    const char **jobs; /* names */
    uint64_t *stamps;  /* of a taker: of its units */
    bool *taken;       /* of an asker: a policy scrapes it */
    uint64_t near;     /* of the policies that stamps and taken follow from */
    bool is_near;      /* they were made */
};

/* Owns: the caller. */
struct bnc_plan_memo *bnc_memo_new(void);
void bnc_memo_free(struct bnc_plan_memo *memo); /* NULL is ignored */

/* A plan begins: what was asked for until bnc_memo_end() is kept, the rest is dropped. */
void bnc_memo_begin(struct bnc_plan_memo *memo);
void bnc_memo_end(struct bnc_plan_memo *memo);

/*
 * The row of a member; when `judge` differs, an empty one with an arena.  Valid while no
 * later plan has ended that did not ask for it.
 */
struct bnc_memo_row *
bnc_memo_row(struct bnc_plan_memo *memo, uint64_t version, uint64_t judge);

#endif
