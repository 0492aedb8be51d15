#include "reconcilers/plan_memo.h"

#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"

struct bnc_plan_memo {
    struct bnc_memo_row **buckets;
    size_t n_buckets; /* a power of two */
    size_t n;
    uint64_t round;
};

#define FIRST_BUCKETS 64

struct bnc_plan_memo *
bnc_memo_new(void)
{
    struct bnc_plan_memo *memo = bnc_alloc(sizeof(*memo));
    memo->n_buckets = FIRST_BUCKETS;
    memo->buckets = bnc_alloc(memo->n_buckets * sizeof(struct bnc_memo_row *));
    return memo;
}

static void
free_row(struct bnc_memo_row *row)
{
    bnc_arena_free(row->arena);
    free(row);
}

void
bnc_memo_free(struct bnc_plan_memo *memo)
{
    if (memo != NULL) {
        memo->round++; /* nobody has asked for anything in this one */
        bnc_memo_end(memo);
        free(memo->buckets);
        free(memo);
    }
}

void
bnc_memo_begin(struct bnc_plan_memo *memo)
{
    memo->round++;
}

void
bnc_memo_end(struct bnc_plan_memo *memo)
{
    for (size_t i = 0; i < memo->n_buckets; i++) {
        struct bnc_memo_row **at = &memo->buckets[i];
        while (*at != NULL) {
            struct bnc_memo_row *row = *at;
            if (row->round == memo->round) {
                at = &row->next;
                continue;
            }
            *at = row->next;
            free_row(row);
            memo->n--;
        }
    }
}

static struct bnc_memo_row **
bucket(struct bnc_plan_memo *memo, uint64_t version)
{
    uint64_t hash = bnc_hash64(&version, sizeof(version), 0);
    return &memo->buckets[hash & (memo->n_buckets - 1)];
}

static void
grow(struct bnc_plan_memo *memo)
{
    struct bnc_memo_row **old = memo->buckets;
    size_t n_old = memo->n_buckets;

    memo->n_buckets *= 2;
    memo->buckets = bnc_alloc(memo->n_buckets * sizeof(struct bnc_memo_row *));
    for (size_t i = 0; i < n_old; i++) {
        struct bnc_memo_row *next = NULL;
        for (struct bnc_memo_row *row = old[i]; row != NULL; row = next) {
            struct bnc_memo_row **at = bucket(memo, row->version);
            next = row->next;
            row->next = *at;
            *at = row;
        }
    }
    free(old);
}

struct bnc_memo_row *
bnc_memo_row(struct bnc_plan_memo *memo, uint64_t version, uint64_t judge)
{
    struct bnc_memo_row *row = *bucket(memo, version);
    while (row != NULL && row->version != version) {
        row = row->next;
    }
    if (row == NULL) {
        if (memo->n == memo->n_buckets) {
            grow(memo);
        }
        row = bnc_alloc(sizeof(*row));
        row->version = version;
        struct bnc_memo_row **at = bucket(memo, version);
        row->next = *at;
        *at = row;
        memo->n++;
    }
    if (row->judge != judge) {
        bnc_arena_free(row->arena);
        *row = (struct bnc_memo_row){
            .version = version, .next = row->next, .arena = bnc_arena_new()};
    }
    row->round = memo->round;
    return row;
}
