/*
 * Dashboards of our own making, as tables: rows of panels, panels of queries.  What they
 * ask for are series as binnacle's own scrape configuration gives them; tests/boards
 * holds that every query has a result.  Source of the form: Grafana's dashboard JSON
 * model, schemaVersion 39 (Grafana 10.4), which later ones take and lift by themselves.
 */
#ifndef BNC_RENDER_BOARDS_H
#define BNC_RENDER_BOARDS_H

#include <cjson/cJSON.h>

#include "lib/arena.h"

#define BNC_BOARD_PANELS  12
#define BNC_BOARD_QUERIES 7
#define BNC_BOARD_WIDTH   24 /* of Grafana's grid */

struct bnc_board_query {
    const char *expr;   /* PromQL; NULL: no more */
    const char *legend; /* of its series; of a table its column */
    const char *unit;   /* of that column; NULL: the panel's */
};

enum bnc_board_form {
    BNC_BOARD_LINES, /* over time */
    BNC_BOARD_AREAS, /* the same, stacked: parts of a whole */
    BNC_BOARD_STAT,  /* one number, or one for each series */
    BNC_BOARD_BARS,  /* a bar for each series, now */
    BNC_BOARD_TABLE, /* a row for each label set, a column for each query, now */
};

struct bnc_board_panel {
    const char *title; /* NULL: no more */
    const char *doc;   /* NULL: the title says it */
    enum bnc_board_form form;
    const char *unit; /* Grafana's id of it: "reqps" */
    int width;        /* 0: what suits the form; rows are filled from the left */
    double warn;      /* yellow from here; 0 with `bad` 0: no colours */
    double bad;       /* red from here; less than `warn`: the lower the worse */
    bool to_workload; /* of a table: its rows, which are of workloads that are called,
                       * lead to the board of that workload */
    struct bnc_board_query queries[BNC_BOARD_QUERIES];
};

struct bnc_board_row {
    const char *title; /* NULL: no more */
    const char *needs; /* beyond being scraped; NULL: nothing */
    struct bnc_board_panel panels[BNC_BOARD_PANELS];
};

enum bnc_board_variable_form {
    BNC_BOARD_QUERY,  /* values of a query: label_values() or query_result() */
    BNC_BOARD_CUSTOM, /* `query` lists them: "a,b" */
    BNC_BOARD_TEXT,   /* typed in, at first `query` */
};

struct bnc_board_variable {
    const char *name; /* NULL: no more */
    const char *title;
    enum bnc_board_variable_form form;
    const char *query;
    const char *regex; /* takes the value out of what query_result() gives */
    bool many;         /* several may be chosen, and all of them at first */
    bool hidden;
};

struct bnc_board {
    const char *name; /* as spec.grafana.dashboards has it */
    const char *title;
    const char *doc; /* one sentence */
    const struct bnc_board_variable *variables;
    const struct bnc_board_row *rows;
    const char *service; /* of spans that it is about, with variables; NULL: of all */
};

extern const struct bnc_board bnc_boards[];
extern const size_t bnc_n_boards;

/* NULL: there is no such board. */
const struct bnc_board *bnc_board_find(const char *name);

/* What is known of the Grafana that a board is for. */
struct bnc_board_ask {
    const char *uid;            /* NULL: "binnacle-NAME" */
    const char *title;          /* NULL: its own */
    const char *prometheus_uid; /* NULL: the organization's default */
    const char *traces_uid;     /* NULL: no links to traces */
    const char *traces_type;    /* jaeger, tempo, zipkin */
    const char *workload_uid;   /* of the board istio-workload, where rows of other
                                 * boards lead; NULL: "binnacle-istio-workload" */
};

/*
 * The dashboard's JSON: the same bytes for the same.  Its `id` is null, it has the tag
 * "binnacle-preset" and links to all that have it.
 * Owns: `arena`; texts of `ask` are copied.
 */
cJSON *bnc_board_tree(const struct bnc_board *board, const struct bnc_board_ask *ask,
                      struct bnc_arena *arena);

#endif
