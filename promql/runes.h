/*
 * Characters beyond ASCII: what is a letter, what can be printed, what is no UTF-8.
 */
#ifndef BNC_PROMQL_RUNES_H
#define BNC_PROMQL_RUNES_H

#include "lib/base.h"

#define BNC_PQL_NO_RUNE 0xfffdU /* what stands for a byte that is no UTF-8 */

/* Bytes of the character at `s`, 1 to `n`; a bad byte is one of BNC_PQL_NO_RUNE. */
size_t bnc_pql_rune(const char *s, size_t n, uint32_t *rune);

bool bnc_pql_is_letter(uint32_t rune); /* beyond ASCII only */
bool bnc_pql_is_printable(uint32_t rune);

#endif
