/*
 * What goes to Grafana over its HTTP API: all that no file is written for.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "reconcilers/grafana.h"
#include "reconcilers/plan_state.h"

#define BODY_MAX ((size_t)8 * 1024 * 1024)

static struct bnc_bytes
text_of(const cJSON *tree, struct bnc_arena *arena)
{
    struct bnc_str text = bnc_str_new(arena, BODY_MAX);
    bnc_json_print(tree, &text);
    return (struct bnc_bytes){text.ptr, text.len};
}

/* Whose it is: of the Observatory when it is derived. */
static const struct bnc_member *
member_of(const struct bnc_grafana_plan *g, size_t verdict)
{
    return verdict == SIZE_MAX ? g->plan->observatory : g->plan->verdicts[verdict].member;
}

static size_t
add_sources(const struct bnc_grafana_plan *g, struct bnc_grafana_entry *out)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n_items; i++) {
        const struct bnc_grafana_item *item = &g->items[i];
        if (item->out) {
            continue;
        }
        out[n++] = (struct bnc_grafana_entry){
            .org = item->source.org,
            .uid = item->source.uid,
            .title = item->source.title,
            .member = member_of(g, item->verdict),
            .body = text_of(bnc_grafana_body(&item->source, g->arena), g->arena),
            .secure = item->source.secure,
            .n_secure = item->source.n_secure};
    }
    return n;
}

static size_t
add_boards(const struct bnc_grafana_plan *g, struct bnc_grafana_entry *out)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n_boards; i++) {
        const struct bnc_grafana_board *board = &g->boards[i];
        const cJSON *tree =
            board->out ? NULL : bnc_grafana_board_tree(g, board, g->arena);
        if (tree == NULL) {
            continue;
        }
        bool root = board->folder == NULL || board->folder[0] == '\0';
        const char *title = bnc_json_get_str(tree, "title");
        out[n++] = (struct bnc_grafana_entry){.dashboard = true,
                                              .org = board->org,
                                              .uid = board->uid,
                                              .title = title,
                                              .member = member_of(g, board->verdict),
                                              .folder = root ? NULL : board->folder,
                                              .body = text_of(tree, g->arena)};
    }
    return n;
}

static int
compare_entries(const void *a, const void *b)
{
    const struct bnc_grafana_entry *x = a;
    const struct bnc_grafana_entry *y = b;
    if (x->org != y->org) {
        return x->org < y->org ? -1 : 1;
    }
    return x->dashboard != y->dashboard ? (x->dashboard ? 1 : -1)
                                        : strcmp(x->uid, y->uid);
}

static const struct bnc_asset *
asset(const struct bnc_asset *asset)
{
    return asset->name == NULL ? NULL : asset;
}

void
bnc_grafana_wish(struct bnc_grafana_plan *g)
{
    const struct bnc_grafana_spec *spec = g->state->ir->spec.grafana;
    const struct bnc_grafana_login *login = g->state->ir->grafana;
    const struct bnc_tls_config *tls = spec->tls_config;
    if (login == NULL) {
        return;
    }
    struct bnc_grafana_entry *entries =
        bnc_arena_array(g->arena, g->n_items + g->n_boards, sizeof(*entries));
    struct bnc_grafana_wish *wish = bnc_arena_alloc(g->arena, sizeof(*wish));
    size_t n = spec->output == NULL ? add_sources(g, entries) : 0;
    n += spec->dashboard_output == NULL ? add_boards(g, &entries[n]) : 0;
    if (n > 1) {
        qsort(entries, n, sizeof(*entries), compare_entries);
    }
    *wish = (struct bnc_grafana_wish){
        .url = spec->url,
        .token = asset(&login->token),
        .username = asset(&login->username),
        .password = asset(&login->password),
        .ca = asset(&login->ca),
        .server_name = tls == NULL ? NULL : tls->server_name,
        .insecure = tls != NULL && tls->insecure_skip_verify == BNC_TRUE,
        .poll_ms = login->poll_ms,
        .org = spec->org.set ? spec->org.value : 1,
        .entries = entries,
        .n = n};
    g->plan->grafana = wish;
}
