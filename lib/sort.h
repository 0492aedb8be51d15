/*
 * Sorting of what is nearly sorted already.
 */
#ifndef BNC_LIB_SORT_H
#define BNC_LIB_SORT_H

#include "lib/base.h"

/*
 * As qsort(), but stable, and linear where `items` consist of few runs that are in order:
 * lists that come from sorted ones.  n * log2(runs) comparisons at most.
 */
void bnc_sort(void *items, size_t n, size_t size,
              int (*compare)(const void *a, const void *b));

#endif
