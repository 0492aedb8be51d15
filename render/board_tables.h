/*
 * The tables of the boards, a file each; and words that more than one of them uses.
 */
#ifndef BNC_RENDER_BOARD_TABLES_H
#define BNC_RENDER_BOARD_TABLES_H

#include "render/boards.h"

/* Grafana's own: at least four scrapes, and no shorter than a step of the graph. */
#define IN       "[$__rate_interval]"
#define RATE(s)  "sum(rate(" s IN "))"
#define BY(l, s) "sum by (" l ") (rate(" s IN "))"

/* A quantile of a histogram, over labels: QUANTILE("0.95", "", "x_bucket{...}"). */
#define QUANTILE(q, labels, s)                                                           \
    "histogram_quantile(" q ", sum by (" labels "le) (rate(" s IN ")))"

extern const struct bnc_board_variable bnc_board_mesh_variables[];
extern const struct bnc_board_row bnc_board_mesh_rows[];
extern const struct bnc_board_variable bnc_board_workload_variables[];
extern const struct bnc_board_row bnc_board_workload_rows[];
extern const struct bnc_board_variable bnc_board_envoy_variables[];
extern const struct bnc_board_row bnc_board_envoy_rows[];
extern const struct bnc_board_variable bnc_board_istiod_variables[];
extern const struct bnc_board_row bnc_board_istiod_rows[];
extern const struct bnc_board_variable bnc_board_sampling_variables[];
extern const struct bnc_board_row bnc_board_sampling_rows[];
extern const struct bnc_board_variable bnc_board_self_variables[];
extern const struct bnc_board_row bnc_board_self_rows[];

#endif
