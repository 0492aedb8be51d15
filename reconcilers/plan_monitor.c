/*
 * Which of prometheus-operator's objects an Observatory takes, and why not the others.
 */
#include <string.h>

#include "lib/json.h"
#include "lib/units.h"
#include "reconcilers/monitor.h"
#include "reconcilers/plan_judge.h"
#include "validate/relabel.h"

bool
bnc_judge_monitor_reached(const struct bnc_plan_state *state,
                          const struct bnc_member *member)
{
    enum bnc_foreign which = bnc_monitor_which(member->object->kind);

    if (state->assume.daemon_set && which != BNC_FOREIGN_POD_MONITOR &&
        which != BNC_FOREIGN_RULE) {
        return false; /* it scrapes the pods of its own node */
    }
    return state->prometheus->foreign_selectors[which] != NULL &&
           bnc_scope_has(&state->ir->foreign_scopes[which], member->object->ns);
}

/* ---- rights -------------------------------------------------------------------- */

static void
check_files(struct bnc_judging *j, const struct bnc_endpoint *endpoint, const char *field)
{
    const struct bnc_tls_config *tls = endpoint->tls_config;
    const struct {
        const char *file;
        const char *part;
    } rows[] = {
        {endpoint->bearer_token_file, "bearerTokenFile"},
        {tls == NULL ? NULL : tls->ca_file, "tlsConfig.caFile"},
        {tls == NULL ? NULL : tls->cert_file, "tlsConfig.certFile"},
        {tls == NULL ? NULL : tls->key_file, "tlsConfig.keyFile"},
    };
    bool denied = j->state->prometheus->deny_files == BNC_TRUE;
    bool tenant = j->state->ir->spec.tenants != NULL && !j->rights.files;

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (rows[i].file != NULL && rows[i].file[0] != '\0' && (denied || tenant)) {
            bnc_judge_refuse(
                j, bnc_arena_fmt(j->arena, "%s.%s", field, rows[i].part),
                "use a Secret of this namespace",
                denied ? "arbitraryFSAccessThroughSMs denies files of Prometheus' machine"
                       : "a tenant may not name files of Prometheus' machine");
        }
    }
}

bool
bnc_judge_excluded(const struct bnc_judging *j)
{
    const struct bnc_list *list = &j->state->prometheus->excluded;
    const struct bnc_excluded *items = list->items;
    const struct bnc_object *object = j->member->object;

    for (size_t i = 0; i < list->n; i++) {
        if (bnc_str_eq(items[i].resource, bnc_kind_info(object->kind)->plural) &&
            bnc_str_eq(items[i].ns, object->ns) &&
            (items[i].name == NULL || strcmp(items[i].name, object->name) == 0)) {
            return true;
        }
    }
    return false;
}

/* ---- versions ------------------------------------------------------------------ */

static void
check_labels(struct bnc_judging *j, const struct bnc_pairs *labels, const char *field)
{
    for (size_t i = 0; i < labels->n; i++) {
        if (!bnc_relabel_label_valid(labels->items[i].key, &j->state->version)) {
            bnc_diag_add(
                &j->diags, BNC_REASON_INVALID_FIELD,
                bnc_arena_fmt(j->arena, "%s[\"%s\"]", field, labels->items[i].key),
                "use letters, digits and \"_\"", "it is no name of a label");
        }
    }
}

static void
check_endpoint(struct bnc_judging *j, const struct bnc_ir_monitor *ir, size_t i)
{
    const struct bnc_endpoint *endpoint = ir->endpoints[i].spec;
    const char *field = bnc_monitor_field(j->member->object->kind, i, j->arena);
    struct bnc_monitor_lists lists = bnc_monitor_lists_of(ir, i);

    check_files(j, endpoint, field);
    bnc_judge_timeout(j, endpoint, field);
    bnc_judge_rules(j, lists.targets,
                    bnc_arena_fmt(j->arena, "%s.%s", field, lists.targets_field));
    if (lists.idle != NULL) {
        bnc_judge_rules(j, lists.idle,
                        bnc_arena_fmt(j->arena, "%s.%s", field, lists.idle_field));
    }
    bnc_judge_rules(j, lists.series,
                    bnc_arena_fmt(j->arena, "%s.metricRelabelings", field));
}

/* Names of labels in a ScrapeConfig's staticConfigs. */
static void
check_static(struct bnc_judging *j, const struct bnc_ir_monitor *ir)
{
    const cJSON *entry;
    const cJSON *label;
    size_t i = 0;
    cJSON_ArrayForEach(entry, bnc_json_get(ir->discovery, "static_configs"))
    {
        cJSON_ArrayForEach(label, bnc_json_get(entry, "labels"))
        {
            struct bnc_pair pair = {label->string, ""};
            const struct bnc_pairs one = {.items = &pair, .n = 1, .set = true};
            check_labels(j, &one,
                         bnc_arena_fmt(j->arena, "spec.staticConfigs[%zu].labels", i));
        }
        i++;
    }
}

void
bnc_judge_monitor(struct bnc_judging *j, struct bnc_verdict *verdict)
{
    const struct bnc_ir *ir = j->member->ir;
    const struct bnc_ir_monitor *monitor = ir->as.monitor;
    enum bnc_foreign which = bnc_monitor_which(j->member->object->kind);

    verdict->selected =
        bnc_selector_match(j->state->prometheus->foreign_selectors[which], ir->labels);
    if (!verdict->selected) {
        j->row->silent = true; /* nobody expects a word: it may be for another one */
        return;
    }
    if (ir->pending) {
        verdict->pending = true;
        return;
    }
    const struct bnc_scrape_class *class = bnc_judge_class(
        j, monitor->spec.scrape_class == NULL || monitor->spec.scrape_class[0] == '\0'
               ? NULL
               : monitor->spec.scrape_class);
    if (monitor->clear != NULL &&
        !bnc_str_eq(j->state->prometheus->inline_credentials, "Allow")) {
        bnc_judge_refuse(j, monitor->clear,
                         "use another way to authenticate, or ask the Observatory's "
                         "owner for prometheus.inlineCredentials: Allow",
                         "Prometheus takes this credential in clear only, and the "
                         "Observatory writes none into the configuration");
    }
    if (ir->diags.errors == 0) {
        for (size_t i = 0; i < monitor->n_endpoints; i++) {
            check_endpoint(j, monitor, i);
        }
        bnc_judge_discovery(j, monitor);
        check_static(j, monitor);
        if (monitor->spec.targets != NULL && monitor->spec.targets->fixed != NULL) {
            check_labels(j, &monitor->spec.targets->fixed->labels,
                         "spec.targets.staticConfig.labels");
        }
    }
    bnc_judge_settle(j, verdict);
    if (verdict->accepted) {
        j->row->gives = BNC_MEMO_SCRAPER;
        j->row->as.scraper = (struct bnc_scraper){.member = j->member,
                                                  .ir = monitor,
                                                  .class = class,
                                                  .excluded = bnc_judge_excluded(j),
                                                  .row = j->row};
    }
}
