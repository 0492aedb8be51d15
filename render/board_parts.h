/*
 * Parts of a dashboard's JSON: a panel, the variables.  For render/boards.c.
 */
#ifndef BNC_RENDER_BOARD_PARTS_H
#define BNC_RENDER_BOARD_PARTS_H

#include "render/boards.h"

struct bnc_board_size {
    int width;
    int height; /* in rows of Grafana's grid */
};

struct bnc_board_size bnc_board_size(const struct bnc_board_panel *panel);

/* {"h": ..., "w": ..., "x": ..., "y": ...} */
cJSON *bnc_board_place(int x, int y, int width, int height, struct bnc_arena *arena);

/* A panel without its place. */
cJSON *
bnc_board_panel_json(const struct bnc_board_row *row, const struct bnc_board_panel *panel,
                     int id, const struct bnc_board_ask *ask, struct bnc_arena *arena);

/* {"type": "prometheus", "uid": "${datasource}"} */
cJSON *bnc_board_source(struct bnc_arena *arena);

/* All variables; the datasource is the first of them. */
cJSON *bnc_board_variables_json(const struct bnc_board_variable *variables,
                                const struct bnc_board_ask *ask, struct bnc_arena *arena);

#endif
