#include "reconcilers/plan_memo.h"

#include "tests/unit/test.h"

TEST(a_row_stays_while_it_is_asked_for)
{
    struct bnc_plan_memo *memo = bnc_memo_new();
    struct bnc_memo_row *rows[200];

    bnc_memo_begin(memo);
    for (uint64_t i = 0; i < BNC_LEN(rows); i++) {
        rows[i] = bnc_memo_row(memo, i + 1, 7);
        CHECK_INT(rows[i]->judge, 0);
        rows[i]->judge = 7;
        rows[i]->near = i;
    }
    bnc_memo_end(memo);
    bnc_memo_begin(memo);
    for (uint64_t i = 0; i < BNC_LEN(rows); i += 2) {
        CHECK(bnc_memo_row(memo, i + 1, 7) == rows[i]);
        CHECK_INT(rows[i]->near, i);
    }
    bnc_memo_end(memo);
    bnc_memo_begin(memo);
    for (uint64_t i = 0; i < BNC_LEN(rows); i++) { /* the others have been dropped */
        CHECK_INT(bnc_memo_row(memo, i + 1, 7)->judge, i % 2 == 0 ? 7 : 0);
    }
    bnc_memo_end(memo);
    bnc_memo_free(memo);
}

TEST(another_judge_begins_anew)
{
    struct bnc_plan_memo *memo = bnc_memo_new();
    bnc_memo_begin(memo);
    struct bnc_memo_row *row = bnc_memo_row(memo, 1, 7);
    row->judge = 7;
    row->jobs = bnc_arena_array(row->arena, 1, sizeof(*row->jobs));
    row->is_near = true;
    row = bnc_memo_row(memo, 1, 8);
    CHECK_INT(row->judge, 0);
    CHECK(row->jobs == NULL && !row->is_near && row->arena != NULL);
    bnc_memo_free(memo);
}

/* What was not finished, since something was pending, is done again. */
TEST(one_without_a_judgement_begins_anew)
{
    struct bnc_plan_memo *memo = bnc_memo_new();
    bnc_memo_begin(memo);
    bnc_memo_row(memo, 1, 7)->silent = true;
    CHECK(!bnc_memo_row(memo, 1, 7)->silent);
    bnc_memo_free(memo);
    bnc_memo_free(NULL);
}

RUN_TESTS(a_row_stays_while_it_is_asked_for, another_judge_begins_anew,
          one_without_a_judgement_begins_anew)
