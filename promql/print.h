/*
 * The canonical text of an expression: the bytes that Prometheus' parser prints.
 */
#ifndef BNC_PROMQL_PRINT_H
#define BNC_PROMQL_PRINT_H

#include "promql/ast.h"

/*
 * Add the text of `expr` to `out`, whose cap decides (bnc_str_check()).
 * Source: promql/parser/printer.go of Prometheus 3.16.
 */
void bnc_promql_print(const struct bnc_promql *expr, struct bnc_str *out);

#endif
