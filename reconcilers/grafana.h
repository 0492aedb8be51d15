/*
 * What Grafana is given by an Observatory: datasources of its own and of others, and
 * dashboards.  No two of an organization have the same uid or title, every link leads to
 * one that is there, at most one is the default.
 */
#ifndef BNC_RECONCILERS_GRAFANA_H
#define BNC_RECONCILERS_GRAFANA_H

#include "model/plan.h"
#include "render/dashboard.h"
#include "render/grafana.h"

struct bnc_plan_state;
struct bnc_refs;
struct bnc_map;

#define BNC_PROVISIONED_MAX 1000 /* rows of the status; more are not remembered */

/* One datasource on its way. */
struct bnc_grafana_item {
    struct bnc_grafana_source source;
    const struct bnc_datasource_links *links; /* NULL: none */
    const char *ns;                           /* of the object: where its links look */
    const char *name;                         /* what links call it */
    const char *of;                           /* "Datasource shop/loki", for messages */
    size_t verdict;                           /* SIZE_MAX: it is derived */
    bool out;                                 /* it does not go out */
};

struct bnc_grafana_board {
    const struct bnc_ir_dashboard *ir; /* NULL: a preset of the Observatory */
    const char *preset;
    const char *ns;
    const char *name;
    const char *of;
    const char *title;
    const char *uid;
    const char *folder;
    int64_t org;
    size_t verdict;
    bool out;
    struct bnc_dashboard_use *uses; /* what its inputs and variables are */
    size_t n_uses;
};

struct bnc_grafana_plan {
    struct bnc_plan *plan;
    struct bnc_plan_state *state;
    struct bnc_arena *arena;
    struct bnc_grafana_item *items; /* derived, the Observatory's namespace, others */
    size_t n_items;
    struct bnc_grafana_board *boards;
    size_t n_boards;
    struct bnc_grafana_source *sources; /* what goes out, by organization and title */
    size_t n_sources;
    struct bnc_map *names; /* while it settles */
};

/* Fill spec.grafana's defaults, check what needs no other object, find its credentials.
 */
void bnc_grafana_compile(const struct bnc_object *self, struct bnc_ir_observatory *ir,
                         struct bnc_refs *refs);

/* Before members are looked at: nothing is done without spec.grafana. */
void bnc_grafana_begin(struct bnc_plan *plan, struct bnc_plan_state *state,
                       const struct bnc_member *const *members, size_t n_members);

/* A Datasource or Dashboard: its verdict is added when it is in reach. */
void
bnc_grafana_select(struct bnc_grafana_plan *grafana, const struct bnc_member *member);

/* All are known: whose word counts, and where links lead. */
void bnc_grafana_settle(struct bnc_grafana_plan *grafana);

/* ---- inside of these files */

/* It does not go out: told on the object that it comes from. */
void bnc_grafana_refuse(struct bnc_grafana_plan *g, size_t verdict, bool *out,
                        enum bnc_reason reason, const char *field, const char *remedy,
                        const char *message);

/* Who is called `name` where something of `ns` stands: there, then what is derived. */
const struct bnc_grafana_item *
bnc_grafana_find(struct bnc_grafana_plan *g, const char *ns, const char *name);

/* What the inputs and variables of a board are (grafana_boards.c). */
void
bnc_grafana_settle_board(struct bnc_grafana_plan *g, struct bnc_grafana_board *board);

/* The JSON of a board that goes out; NULL: a preset that is not known. */
cJSON *
bnc_grafana_board_tree(const struct bnc_grafana_plan *g,
                       const struct bnc_grafana_board *board, struct bnc_arena *arena);

/* Fill plan->grafana: what goes over the HTTP API (grafana_wish.c). */
void bnc_grafana_wish(struct bnc_grafana_plan *g);

/* Fill plan->provisioned, and plan->removed: what was there before (grafana_gone.c). */
void bnc_grafana_gone(struct bnc_grafana_plan *g);

/* The provisioning file and the dashboards. */
size_t bnc_grafana_documents(const struct bnc_plan *plan, struct bnc_arena *arena,
                             struct bnc_document **out, struct bnc_diags *diags);

#endif
