/*
 * Datasources and dashboards together: what a tenant may not say, what two of them want,
 * and where links lead.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/map.h"
#include "reconcilers/grafana.h"
#include "reconcilers/plan_state.h"

void
bnc_grafana_refuse(struct bnc_grafana_plan *g, size_t verdict, bool *out,
                   enum bnc_reason reason, const char *field, const char *remedy,
                   const char *message)
{
    bool derived = verdict == SIZE_MAX;
    struct bnc_diags own = bnc_diags_new(g->arena);
    if (*out) {
        return; /* one reason is enough */
    }
    *out = true;
    if (derived) {
        bnc_diag_warn(&g->plan->diags, reason, "spec.grafana", remedy, "%s", message);
        return;
    }
    bnc_diag_add(&own, reason, field, remedy, "%s", message);
    struct bnc_verdict *v = &g->plan->verdicts[verdict];
    v->accepted = false;
    v->why = own.items;
    v->n_why = own.n;
}

/* ---- tenants --------------------------------------------------------------------- */

static void
check_tenant(struct bnc_grafana_plan *g, struct bnc_grafana_item *item)
{
    const struct bnc_spec_datasource *spec = item->source.spec;
    const struct {
        bool set;
        const char *field;
        const char *message;
    } rows[] = {
        {spec->is_default == BNC_TRUE, "spec.isDefault",
         "a tenant's datasource may not be the default"},
        {bnc_str_eq(spec->access, "direct"), "spec.access",
         "browsers may not be sent to a tenant's datasource"},
        {spec->with_credentials == BNC_TRUE, "spec.withCredentials",
         "a tenant's datasource may not be sent cookies"},
        {bnc_json_get(spec->json_data, "keepCookies") != NULL,
         "spec.jsonData.keepCookies", "a tenant's datasource may not be sent cookies"},
        {bnc_json_get(spec->json_data, "oauthPassThru") != NULL,
         "spec.jsonData.oauthPassThru",
         "a tenant's datasource may not be sent the tokens of those who look at it"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (rows[i].set) {
            bnc_grafana_refuse(
                g, item->verdict, &item->out, BNC_REASON_NOT_PERMITTED, rows[i].field,
                bnc_arena_fmt(g->arena,
                              "leave it out, or have it in namespace %s, where the "
                              "Observatory is",
                              g->plan->observatory->object->ns),
                rows[i].message);
        }
    }
}

/* A ConfigMap is for everyone to read. */
static void
check_output(struct bnc_grafana_plan *g, struct bnc_grafana_item *item)
{
    const struct bnc_grafana_output_spec *output = g->state->ir->spec.grafana->output;
    if (item->source.n_secure > 0 && output != NULL &&
        bnc_str_eq(output->kind, "ConfigMap")) {
        bnc_grafana_refuse(
            g, item->verdict, &item->out, BNC_REASON_NOT_PERMITTED, "spec.secureJsonData",
            "have spec.grafana.output.kind of the Observatory set to Secret",
            bnc_arena_fmt(g->arena,
                          "Observatory %s/%s writes datasources to a ConfigMap, which "
                          "is no place for secrets",
                          g->plan->observatory->object->ns,
                          g->plan->observatory->object->name));
    }
}

/* ---- two that want the same -------------------------------------------------------- */

/* Something of an organization that only one can have. */
struct claim {
    bool wanted;
    const char *what;  /* "the uid \"x\"" */
    const char *field; /* where it is asked for */
    const char *remedy;
};

/* Whose claims they are. */
struct claimant {
    const char *of;
    int64_t org;
    size_t verdict;
    bool *out;
};

/* All of them for `who`, or none: then it goes out, and is told who has the first one. */
static void
claim_all(struct bnc_grafana_plan *g, struct bnc_map *taken, const struct claimant *who,
          const struct claim *claims, size_t n)
{
    const char **keys = bnc_arena_array(g->arena, n, sizeof(*keys));
    for (size_t i = 0; i < n; i++) {
        keys[i] = bnc_arena_fmt(g->arena, "%lld %s", (long long)who->org, claims[i].what);
        const char *owner = claims[i].wanted ? bnc_map_get(taken, keys[i]) : NULL;
        if (owner != NULL) {
            bnc_grafana_refuse(g, who->verdict, who->out, BNC_REASON_CONFLICTED,
                               claims[i].field, claims[i].remedy,
                               bnc_arena_fmt(g->arena,
                                             "%s has %s already in organization %lld",
                                             owner, claims[i].what, (long long)who->org));
        }
    }
    for (size_t i = 0; !*who->out && i < n; i++) {
        if (claims[i].wanted) {
            (void)bnc_map_put(taken, keys[i], (void *)(uintptr_t)who->of);
        }
    }
}

static void
claim_source(struct bnc_grafana_plan *g, struct bnc_map *taken,
             struct bnc_grafana_item *item)
{
    const struct bnc_grafana_source *s = &item->source;
    const struct claim claims[] = {
        {s->spec->is_default == BNC_TRUE, "the place of the default", "spec.isDefault",
         "set it on one of them"},
        {true, bnc_arena_fmt(g->arena, "the uid \"%s\"", s->uid), "spec.uid",
         "use another uid"},
        {true, bnc_arena_fmt(g->arena, "the title \"%s\"", s->title), "spec.title",
         "use another title"},
    };
    const struct claimant who = {item->of, s->org, item->verdict, &item->out};
    claim_all(g, taken, &who, claims, BNC_LEN(claims));
}

/* The title counts in its folder. */
static void
claim_board(struct bnc_grafana_plan *g, struct bnc_map *taken,
            struct bnc_grafana_board *board)
{
    bool root = board->folder == NULL || board->folder[0] == '\0';
    bool map = board->ir != NULL && board->ir->spec.config_map_key_ref != NULL;
    const char *field = map ? "spec.configMapKeyRef" : "spec.json";
    const struct claim claims[] = {
        {true, bnc_arena_fmt(g->arena, "the uid \"%s\"", board->uid), field,
         "use another one"},
        {true,
         bnc_arena_fmt(g->arena, "the title \"%s\" in folder \"%s\"", board->title,
                       root ? "General" : board->folder),
         field, "use another one, or another folder"},
    };
    const struct claimant who = {board->of, board->org, board->verdict, &board->out};
    claim_all(g, taken, &who, claims, BNC_LEN(claims));
}

/* ---- links ----------------------------------------------------------------------- */

const struct bnc_grafana_item *
bnc_grafana_find(struct bnc_grafana_plan *g, const char *ns, const char *name)
{
    const struct bnc_grafana_item *item =
        bnc_map_get(g->names, bnc_arena_fmt(g->arena, "%s/%s", ns, name));
    return item != NULL ? item : bnc_map_get(g->names, name);
}

static struct bnc_map *
map_names(struct bnc_grafana_plan *g)
{
    struct bnc_map *names = bnc_map_new();
    for (size_t i = 0; i < g->n_items; i++) {
        struct bnc_grafana_item *item = &g->items[i];
        const char *key = item->ns == NULL
                              ? item->name
                              : bnc_arena_fmt(g->arena, "%s/%s", item->ns, item->name);
        (void)bnc_map_put(names, key, item);
    }
    return names;
}

/* Resolve one link; true when the item went out because of it. */
static bool
resolve(struct bnc_grafana_plan *g, struct bnc_grafana_item *item, const char *name,
        const char *word, const char **uid)
{
    const char *ns = item->ns == NULL ? g->plan->observatory->object->ns : item->ns;
    const char *why = NULL;
    *uid = NULL;
    if (name == NULL || item->out) {
        return false;
    }
    const struct bnc_grafana_item *to = bnc_grafana_find(g, ns, name);
    if (to == NULL) {
        why = bnc_arena_fmt(g->arena,
                            "there is no Datasource %s/%s, and none that is derived is "
                            "called so",
                            ns, name);
    } else if (to->out) {
        why = bnc_arena_fmt(g->arena, "%s is left out itself", to->of);
    } else if (to->source.org != item->source.org) {
        why = bnc_arena_fmt(g->arena, "%s is in organization %lld", to->of,
                            (long long)to->source.org);
    } else {
        *uid = to->source.uid;
        return false;
    }
    if (item->verdict == SIZE_MAX) { /* the rest of it is right */
        return false;
    }
    bnc_grafana_refuse(g, item->verdict, &item->out, BNC_REASON_REF_NOT_FOUND,
                       bnc_arena_fmt(g->arena, "spec.links.%s", word),
                       "name one that goes out, in the same organization", why);
    return true;
}

/* Until nothing changes: one that is left out takes those that lead to it along. */
static void
resolve_links(struct bnc_grafana_plan *g)
{
    bool again = true;
    while (again) {
        again = false;
        for (size_t i = 0; i < g->n_items; i++) {
            struct bnc_grafana_item *item = &g->items[i];
            const struct bnc_datasource_links *links = item->links;
            if (links == NULL) {
                continue;
            }
            struct bnc_grafana_source *s = &item->source;
            again |= resolve(g, item, links->traces, "traces", &s->traces_uid);
            again |= resolve(g, item, links->logs, "logs", &s->logs_uid);
            again |= resolve(g, item, links->metrics, "metrics", &s->metrics_uid);
        }
    }
}

static void
check_logs(struct bnc_grafana_plan *g)
{
    const char *name = g->state->ir->spec.grafana->logs;
    const char *ns = g->plan->observatory->object->ns;
    const struct bnc_grafana_item *to =
        name == NULL ? NULL : bnc_grafana_find(g, ns, name);
    if (name != NULL && (to == NULL || to->out)) {
        bnc_diag_warn(&g->plan->diags, BNC_REASON_REF_NOT_FOUND, "spec.grafana.logs",
                      "create it, or leave it out",
                      to == NULL ? "there is no Datasource %s/%s"
                                 : "Datasource %s/%s is left out",
                      ns, name);
    }
}

/* ---- all ------------------------------------------------------------------------- */

static int
compare_sources(const void *a, const void *b)
{
    const struct bnc_grafana_source *x = a;
    const struct bnc_grafana_source *y = b;
    if (x->org != y->org) {
        return x->org < y->org ? -1 : 1;
    }
    return strcmp(x->title, y->title);
}

/* Derived ones, then those beside the Observatory, then others: whose word counts more.
 */
static void
settle_sources(struct bnc_grafana_plan *g, struct bnc_map *taken)
{
    const char *home = g->plan->observatory->object->ns;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < g->n_items; i++) {
            struct bnc_grafana_item *item = &g->items[i];
            bool tenant = item->ns != NULL && strcmp(item->ns, home) != 0;
            if (tenant != (round == 1)) {
                continue;
            }
            if (tenant) {
                check_tenant(g, item);
            }
            check_output(g, item);
            claim_source(g, taken, item);
        }
    }
}

static void
settle_boards(struct bnc_grafana_plan *g, struct bnc_map *taken)
{
    const char *home = g->plan->observatory->object->ns;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < g->n_boards; i++) {
            struct bnc_grafana_board *board = &g->boards[i];
            bool tenant = board->ns != NULL && strcmp(board->ns, home) != 0;
            if (tenant == (round == 1)) {
                claim_board(g, taken, board);
                bnc_grafana_settle_board(g, board);
            }
        }
    }
}

void
bnc_grafana_settle(struct bnc_grafana_plan *grafana)
{
    struct bnc_grafana_plan *g = grafana;
    struct bnc_map *sources = bnc_map_new();
    struct bnc_map *boards = bnc_map_new();

    g->names = map_names(g);
    settle_sources(g, sources);
    resolve_links(g);
    check_logs(g);
    settle_boards(g, boards);
    g->sources = bnc_arena_array(g->arena, g->n_items, sizeof(*g->sources));
    for (size_t i = 0; i < g->n_items; i++) {
        if (!g->items[i].out) {
            g->sources[g->n_sources++] = g->items[i].source;
        }
    }
    if (g->n_sources > 1) {
        qsort(g->sources, g->n_sources, sizeof(*g->sources), compare_sources);
    }
    g->plan->n_datasources = g->n_sources;
    for (size_t i = 0; i < g->n_boards; i++) {
        g->plan->n_dashboards += !g->boards[i].out;
    }
    bnc_grafana_wish(g);
    bnc_grafana_gone(g);
    bnc_map_free(sources);
    bnc_map_free(boards);
    bnc_map_free(g->names);
    g->names = NULL;
}
