/*
 * Which pods a job has, as relabel rules: those that a policy selects, without
 * those that belong to someone whose word counts more.
 */
#include <string.h>

#include "reconcilers/plan_state.h"

/* ---- whose they are not -------------------------------------------------------- */

static const struct bnc_identity **
workload_identities(const struct bnc_taker *taker, const char *ns, size_t *n,
                    struct bnc_arena *arena)
{
    const struct bnc_list *list = &taker->ir->spec.workloads;
    const struct bnc_workload_ref *refs = list->items;
    const struct bnc_identity **out = bnc_arena_array(arena, list->n, sizeof(*out));

    *n = 0;
    for (size_t i = 0; i < list->n; i++) {
        struct bnc_identity *id = bnc_arena_alloc(arena, sizeof(*id));
        *id = bnc_identity_of(ns, &refs[i]);
        out[(*n)++] = id;
    }
    return out;
}

/* A regex over identity sources for the workloads that a policy names. */
static const char *
workloads_regex(const struct bnc_taker *taker, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, (size_t)1024 * 1024);
    size_t n_scopes = taker->scope.all ? 1 : taker->scope.names.n;

    for (size_t i = 0; i < n_scopes; i++) {
        size_t n = 0;
        const char *ns = taker->scope.all ? "[^;]+" : taker->scope.names.items[i];
        const struct bnc_identity **ids = workload_identities(taker, ns, &n, arena);
        bnc_str_fmt(&out, "%s%s", i == 0 ? "" : "|", bnc_identity_regex(ids, n, arena));
    }
    return out.ptr == NULL ? "" : out.ptr;
}

void
bnc_plan_port(const struct bnc_endpoint_ir *endpoint, struct bnc_arena *arena,
              const char **source, const char **regex)
{
    *source = NULL;
    *regex = NULL;
    if (endpoint->preset != NULL) {
        const struct bnc_preset *preset = bnc_preset_find(endpoint->preset);
        if (preset != NULL && preset->port_name != NULL) {
            *source = BNC_META "pod_container_port_name";
            *regex = preset->port_name;
        }
        return;
    }
    bool number = bnc_port_is_number(endpoint->spec->port);
    *source = number ? BNC_META "pod_container_port_number"
                     : BNC_META "pod_container_port_name";
    *regex = bnc_regex_quote(endpoint->spec->port, arena);
}

static void
flag_workloads(struct bnc_rules *rules, const struct bnc_taker *taker, const char *source,
               const char *regex, const char *flag)
{
    if (taker->ir->spec.workloads.n == 0) {
        return;
    }
    struct bnc_texts sources =
        source == NULL
            ? bnc_identity_sources(rules->arena)
            : bnc_sources(rules->arena, BNC_META "namespace",
                          BNC_META "pod_controller_kind", BNC_META "pod_controller_name",
                          BNC_META "pod_name", source, NULL);
    const char *who = workloads_regex(taker, rules->arena);
    struct bnc_relabel rule = {
        .source_labels = sources,
        .regex =
            source == NULL ? who : bnc_arena_fmt(rules->arena, "(?:%s);%s", who, regex),
        .target_label = flag,
        .replacement = "1"};
    bnc_rules_add(rules, &rule);
}

/* True when the address is rewritten: any of a pod's ports stands for the pod. */
static bool
is_rewritten(const struct bnc_unit_source *source)
{
    const struct bnc_preset *preset = source->preset;
    if (source->type == BNC_UNIT_POLICY) {
        const char *name = source->taker->ir->endpoints[source->endpoint].preset;
        preset = name == NULL ? NULL : bnc_preset_find(name);
    }
    return preset != NULL && preset->port_name == NULL;
}

void
bnc_plan_exclude_rules(const struct bnc_unit_source *self, struct bnc_rules *rules)
{
    for (size_t i = 0; i < self->n_exclusions; i++) {
        const struct bnc_exclusion *ex = &self->exclusions[i];
        const struct bnc_spec_scrape_policy *spec = &ex->taker->ir->spec;
        const char *source = NULL;
        const char *regex = NULL;
        bnc_plan_port(&ex->taker->ir->endpoints[ex->endpoint], rules->arena, &source,
                      &regex);
        if (is_rewritten(self)) {
            source = NULL;
        }
        if (spec->selector != NULL) {
            bnc_rules_flag_selected(rules, spec->selector, &ex->taker->scope, source,
                                    regex, BNC_TMP_TAKEN);
        }
        flag_workloads(rules, ex->taker, source, regex, BNC_TMP_TAKEN);
        bnc_rules_filter(rules, "drop", BNC_TMP_TAKEN, "1");
    }
    if (self->n_pods > 0) {
        struct bnc_relabel rule = {
            .source_labels = bnc_identity_sources(rules->arena),
            .regex = bnc_identity_regex(self->pods, self->n_pods, rules->arena),
            .action = "drop"};
        bnc_rules_add(rules, &rule);
    }
}

void
bnc_plan_select_rules(const struct bnc_taker *taker, struct bnc_rules *rules)
{
    const struct bnc_spec_scrape_policy *spec = &taker->ir->spec;

    if (spec->workloads.n == 0) {
        bnc_rules_keep_selected(rules, spec->selector);
        return;
    }
    if (spec->selector == NULL) {
        struct bnc_relabel rule = {.source_labels = bnc_identity_sources(rules->arena),
                                   .regex = workloads_regex(taker, rules->arena),
                                   .action = "keep"};
        bnc_rules_add(rules, &rule);
        return;
    }
    bnc_rules_flag_selected(rules, spec->selector, NULL, NULL, NULL, BNC_TMP_MATCH);
    flag_workloads(rules, taker, NULL, NULL, BNC_TMP_MATCH);
    bnc_rules_filter(rules, "keep", BNC_TMP_MATCH, "1");
}
