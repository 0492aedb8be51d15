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

/* It does not go out: told on the object that it comes from. */
static void
refuse(struct bnc_grafana_plan *g, size_t verdict, bool *out, enum bnc_reason reason,
       const char *field, const char *remedy, const char *message)
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
            refuse(g, item->verdict, &item->out, BNC_REASON_NOT_PERMITTED, rows[i].field,
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
        refuse(g, item->verdict, &item->out, BNC_REASON_NOT_PERMITTED,
               "spec.secureJsonData",
               "have spec.grafana.output.kind of the Observatory set to Secret",
               bnc_arena_fmt(g->arena,
                             "Observatory %s/%s writes datasources to a ConfigMap, which "
                             "is no place for secrets",
                             g->plan->observatory->object->ns,
                             g->plan->observatory->object->name));
    }
}

/* ---- two that want the same -------------------------------------------------------- */

/* What `of` wants under `key`; the first one to ask has it.  NULL: it is free. */
static const char *
take(struct bnc_map *taken, const char *key, const char *of)
{
    const char *owner = bnc_map_get(taken, key);
    if (owner == NULL) {
        (void)bnc_map_put(taken, key, (void *)(uintptr_t)of);
    }
    return owner;
}

/* Whether the uid, title or place of the default is somebody else's in `org`. */
static const char *
claim(struct bnc_grafana_plan *g, struct bnc_map *taken, int64_t org, const char *what,
      const char *value, const char *of)
{
    const char *key = bnc_arena_fmt(g->arena, "%lld/%s/%s", (long long)org, what, value);
    const char *owner = take(taken, key, of);
    if (owner == NULL) {
        return NULL;
    }
    return value[0] == '\0'
               ? bnc_arena_fmt(g->arena, "organization %lld has a %s already: %s",
                               (long long)org, what, owner)
               : bnc_arena_fmt(g->arena,
                               "the %s \"%s\" is taken in organization %lld by %s", what,
                               value, (long long)org, owner);
}

static void
claim_source(struct bnc_grafana_plan *g, struct bnc_map *taken,
             struct bnc_grafana_item *item)
{
    const struct bnc_grafana_source *s = &item->source;
    const struct {
        bool wants;
        const char *what;
        const char *value;
        const char *field;
        const char *remedy;
    } rows[] = {
        {s->spec->is_default == BNC_TRUE, "default datasource", "", "spec.isDefault",
         "set it on one of them"},
        {true, "uid", s->uid, "spec.uid", "use another uid"},
        {true, "title", s->title, "spec.title", "use another title"},
    };
    for (size_t i = 0; !item->out && i < BNC_LEN(rows); i++) {
        const char *why =
            rows[i].wants ? claim(g, taken, s->org, rows[i].what, rows[i].value, item->of)
                          : NULL;
        if (why != NULL) {
            refuse(g, item->verdict, &item->out, BNC_REASON_CONFLICTED, rows[i].field,
                   rows[i].remedy, why);
        }
    }
}

/* The title counts in its folder. */
static void
claim_board(struct bnc_grafana_plan *g, struct bnc_map *taken,
            struct bnc_grafana_board *board)
{
    const char *folder = board->folder == NULL ? "" : board->folder;
    const char *place = bnc_arena_fmt(g->arena, "title in folder \"%s\"",
                                      folder[0] == '\0' ? "General" : folder);
    const char *why = claim(g, taken, board->org, "uid", board->uid, board->of);
    const char *field = board->ir != NULL && board->ir->spec.config_map_key_ref != NULL
                            ? "spec.configMapKeyRef"
                            : "spec.json";
    if (why == NULL) {
        why = claim(g, taken, board->org, place, board->title, board->of);
    }
    if (why != NULL) {
        refuse(g, board->verdict, &board->out, BNC_REASON_CONFLICTED, field,
               "use another one", why);
    }
}

/* ---- links ----------------------------------------------------------------------- */

/* Who is called `name` where `item` stands: first in its namespace, then what is derived.
 */
static struct bnc_grafana_item *
find(struct bnc_map *names, const char *ns, const char *name, struct bnc_arena *arena)
{
    struct bnc_grafana_item *item =
        ns == NULL ? NULL : bnc_map_get(names, bnc_arena_fmt(arena, "%s/%s", ns, name));
    return item != NULL ? item : bnc_map_get(names, name);
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
resolve(struct bnc_grafana_plan *g, struct bnc_map *names, struct bnc_grafana_item *item,
        const char *name, const char *word, const char **uid)
{
    const char *ns = item->ns == NULL ? g->plan->observatory->object->ns : item->ns;
    const char *why = NULL;
    *uid = NULL;
    if (name == NULL || item->out) {
        return false;
    }
    const struct bnc_grafana_item *to = find(names, ns, name, g->arena);
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
    refuse(g, item->verdict, &item->out, BNC_REASON_REF_NOT_FOUND,
           bnc_arena_fmt(g->arena, "spec.links.%s", word),
           "name one that goes out, in the same organization", why);
    return true;
}

/* Until nothing changes: one that is left out takes those that lead to it along. */
static void
resolve_links(struct bnc_grafana_plan *g, struct bnc_map *names)
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
            again |= resolve(g, names, item, links->traces, "traces", &s->traces_uid);
            again |= resolve(g, names, item, links->logs, "logs", &s->logs_uid);
            again |= resolve(g, names, item, links->metrics, "metrics", &s->metrics_uid);
        }
    }
}

static void
check_logs(struct bnc_grafana_plan *g, struct bnc_map *names)
{
    const char *name = g->state->ir->spec.grafana->logs;
    const char *ns = g->plan->observatory->object->ns;
    const struct bnc_grafana_item *to =
        name == NULL ? NULL : find(names, ns, name, g->arena);
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
    struct bnc_map *names = map_names(g);

    settle_sources(g, sources);
    resolve_links(g, names);
    check_logs(g, names);
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
    bnc_map_free(sources);
    bnc_map_free(boards);
    bnc_map_free(names);
}
