#include <string.h>

#include "lib/clip.h"
#include "lib/json.h"
#include "reconcilers/claims.h"
#include "reconcilers/grafana.h"
#include "reconcilers/kiali.h"
#include "reconcilers/plan_state.h"
#include "render/kiali.h"

#define FIELD "spec.kiali"

/* ---- what is wished ---------------------------------------------------------------- */

/* The uid of a datasource that follows from the Observatory; NULL: there is none. */
static const char *
uid_of(const struct bnc_plan_state *state, const char *name)
{
    const struct bnc_grafana_plan *g = state->grafana;
    for (size_t i = 0; g != NULL && name != NULL && i < g->n_items; i++) {
        const struct bnc_grafana_item *item = &g->items[i];
        if (item->verdict == SIZE_MAX && !item->out && strcmp(item->name, name) == 0) {
            return item->source.uid;
        }
    }
    return NULL;
}

/* The first backend whose traces Kiali can show; NULL: there is none. */
static const struct bnc_backend_spec *
backend_of(const struct bnc_tracing_spec *tracing)
{
    const struct bnc_backend_spec *backends =
        tracing == NULL ? NULL : tracing->backends.items;
    for (size_t i = 0; tracing != NULL && i < tracing->backends.n; i++) {
        if (backends[i].query_url != NULL && (bnc_str_eq(backends[i].type, "jaeger") ||
                                              bnc_str_eq(backends[i].type, "tempo"))) {
            return &backends[i];
        }
    }
    return NULL;
}

static cJSON *
wish_of(const struct bnc_plan_state *state, struct bnc_arena *arena)
{
    const struct bnc_spec_observatory *spec = &state->ir->spec;
    const struct bnc_backend_spec *backend = backend_of(spec->tracing);
    struct bnc_kiali_wish wish = {.old_names =
                                      bnc_kiali_has_old_names(spec->kiali->version)};
    if (spec->prometheus != NULL) {
        wish.prometheus_url = spec->prometheus->url;
    }
    if (spec->grafana != NULL) {
        wish.grafana_url = spec->grafana->url;
        wish.grafana_browser_url = spec->grafana->browser_url;
        wish.grafana_uid = uid_of(state, "prometheus");
    }
    if (backend != NULL) {
        wish.provider = backend->type;
        wish.tracing_url = backend->query_url;
        wish.tracing_browser_url = backend->browser_url;
        wish.tempo_uid =
            bnc_str_eq(backend->type, "tempo") ? uid_of(state, backend->name) : NULL;
    }
    return bnc_kiali_tree(&wish, arena);
}

/* ---- the custom resource ------------------------------------------------------------
 */

static void
claim_fields(struct bnc_plan *plan, const struct bnc_kiali_facts *facts,
             const char *owner, const struct bnc_kiali_edit *edit)
{
    struct bnc_arena *arena = plan->arena;
    struct bnc_kiali_edited edited = {0};
    cJSON *record = NULL;

    bnc_kiali_edit(edit, arena, &edited);
    for (size_t i = 0; i < edited.n_conflicts; i++) {
        const struct bnc_kiali_note *note = &edited.conflicts[i];
        bnc_claim_tell_foreign(plan, FIELD,
                               "set onConflict: TakeOver, or change it there",
                               bnc_arena_fmt(arena, "Kiali %s/%s has %s already%s%.*s",
                                             facts->of.ns, facts->of.name, note->path,
                                             note->live[0] == '\0' ? "" : ", as ",
                                             bnc_clip(note->live, 100), note->live));
    }
    if (edited.fields->child != NULL) {
        record = bnc_json_object(arena);
        bnc_json_set_str(arena, record, "owner", owner);
        bnc_json_set_item(arena, record, "fields", edited.fields);
        bnc_json_set_item(arena, record, "made", edited.made);
    }
    if (record != NULL || edit->was != NULL) {
        bnc_claim_hold(plan, facts->of);
    }
    if (edited.patch == NULL && bnc_json_equal(record, edit->was)) {
        return;
    }
    cJSON *root = bnc_claim_patch(record, arena);
    if (edited.patch != NULL) {
        bnc_json_set_item(arena, root, "spec", edited.patch);
    }
    bnc_claim_send(plan, facts->of, root);
}

/* ---- both ---------------------------------------------------------------------------
 */

static void
claim(struct bnc_plan *plan, const struct bnc_kiali_facts *facts, const char *owner,
      const cJSON *was, cJSON *wish)
{
    const struct bnc_plan_state *state = plan->state;
    bool take_over = bnc_str_eq(state->ir->spec.on_conflict, "TakeOver");
    if (facts->key == NULL) {
        const struct bnc_kiali_edit edit = {
            .live = facts->spec, .was = was, .wish = wish, .take_over = take_over};
        claim_fields(plan, facts, owner, &edit);
        return;
    }
    const struct bnc_claim_text text = {.of = facts->of,
                                        .owner = owner,
                                        .key = facts->key,
                                        .name_key = true,
                                        .field = FIELD,
                                        .what = "Kiali's configuration",
                                        .remedy = "write it plainly",
                                        .edit = {.live = facts->text,
                                                 .before = bnc_json_get_str(was, "edits"),
                                                 .wish = wish,
                                                 .take_over = take_over}};
    bnc_claim_edit_text(plan, &text);
}

void
bnc_kiali_give_back(struct bnc_plan *plan, const struct bnc_kiali_facts *facts,
                    const char *owner)
{
    const char *other = NULL;
    const cJSON *was = bnc_claim_read_was(facts->was, owner, plan->arena, &other);
    if (was == NULL) {
        return;
    }
    if (!facts->found) { /* its key is gone, and our values with it */
        bnc_claim_hold(plan, facts->of);
        bnc_claim_send(plan, facts->of, bnc_claim_patch(NULL, plan->arena));
        return;
    }
    claim(plan, facts, owner, was, NULL);
}

void
bnc_kiali_claim(struct bnc_plan *plan, const struct bnc_plan_state *state,
                const char *owner, bool keep)
{
    const struct bnc_kiali_facts *facts = state->ir->kiali;
    const char *other = NULL;
    if (facts == NULL || facts->moved) {
        return;
    }
    const cJSON *was = bnc_claim_read_was(facts->was, owner, plan->arena, &other);
    if (!keep || !facts->found) {
        bnc_kiali_give_back(plan, facts, owner);
    } else if (other != NULL) {
        bnc_diag_warn(&plan->diags, BNC_REASON_CONFLICTED, FIELD,
                      "let one Observatory set it; when that one is gone, take "
                      "annotation " BNC_ANNOTATION_WAS " off",
                      "Observatory %s sets %s %s/%s", other,
                      bnc_kind_info(facts->of.kind)->name, facts->of.ns, facts->of.name);
    } else {
        claim(plan, facts, owner, was, wish_of(state, plan->arena));
    }
}
