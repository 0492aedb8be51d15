#include "reconcilers/plan_verdict.h"

#include <string.h>

#include "lib/hash.h"
#include "model/ir_metric_rule.h"
#include "reconcilers/grafana.h"
#include "reconcilers/mesh_plan.h"
#include "reconcilers/plan_judge.h"
#include "reconcilers/scope.h"
#include "validate/relabel.h"

static struct bnc_rights
rights_of(const struct bnc_judging *j)
{
    const struct bnc_tenants_spec *tenants = j->state->ir->spec.tenants;
    bool tenant = strcmp(j->member->object->ns, j->plan->observatory->object->ns) != 0;

    return (struct bnc_rights){
        .tenant = tenant,
        .any_target = !tenant || (tenants != NULL && bnc_str_eq(tenants->targets, "Any")),
        .files =
            !tenant || (tenants != NULL && bnc_str_eq(tenants->file_references, "Allow")),
        .class_credentials =
            !tenant ||
            (tenants != NULL && bnc_str_eq(tenants->scrape_class_credentials, "Allow"))};
}

void
bnc_judge_refuse(struct bnc_judging *j, const char *field, const char *remedy,
                 const char *message)
{
    bnc_diag_add(&j->diags, BNC_REASON_NOT_PERMITTED, field, remedy, "%s", message);
}

static void
check_target_labels(struct bnc_judging *j, const struct bnc_endpoint *endpoint, size_t i)
{
    static const char *const guarded[] = {"__address__", "__scheme__",
                                          "__metrics_path__"};
    const struct bnc_list *list = &endpoint->relabelings;

    for (size_t k = 0; k < BNC_LEN(guarded); k++) {
        size_t r = bnc_relabel_writer(list->items, list->n, guarded[k]);
        if (r < list->n) {
            bnc_judge_refuse(
                j, bnc_arena_fmt(j->arena, "spec.endpoints[%zu].relabelings[%zu]", i, r),
                "leave the rule out, or ask the Observatory's owner for "
                "tenants.targets: Any",
                bnc_arena_fmt(j->arena, "a tenant's rule may not write %s", guarded[k]));
            return;
        }
    }
}

static void
refuse_file(struct bnc_judging *j, const char *file, const char *field, const char *part)
{
    if (file != NULL) {
        bnc_judge_refuse(
            j, bnc_arena_fmt(j->arena, "%s.%s", field, part),
            "use a Secret of this namespace, or ask for tenants.fileReferences: Allow",
            "a tenant may not name files of Prometheus' machine");
    }
}

static void
check_tls_files(struct bnc_judging *j, const struct bnc_tls_config *tls,
                const char *field)
{
    if (tls != NULL) {
        refuse_file(j, tls->ca_file, field, "caFile");
        refuse_file(j, tls->cert_file, field, "certFile");
        refuse_file(j, tls->key_file, field, "keyFile");
    }
}

static void
check_files(struct bnc_judging *j, const struct bnc_endpoint *endpoint, size_t i)
{
    const char *field = bnc_arena_fmt(j->arena, "spec.endpoints[%zu]", i);

    check_tls_files(j, endpoint->tls_config,
                    bnc_arena_fmt(j->arena, "%s.tlsConfig", field));
    if (endpoint->oauth2 != NULL) {
        check_tls_files(j, endpoint->oauth2->tls_config,
                        bnc_arena_fmt(j->arena, "%s.oauth2.tlsConfig", field));
    }
    if (endpoint->authorization != NULL) {
        refuse_file(j, endpoint->authorization->credentials_file, field,
                    "authorization.credentialsFile");
    }
}

static void
check_rights(struct bnc_judging *j, const struct bnc_ir_policy *ir)
{
    if (!j->rights.any_target && ir->beyond_own) {
        bnc_judge_refuse(
            j, "spec.namespaceSelector",
            "leave it out, or ask the Observatory's owner for tenants.targets: Any",
            bnc_arena_fmt(j->arena,
                          "a policy outside namespace %s reaches its own namespace only",
                          j->plan->observatory->object->ns));
    } else if (j->state->ir->own_only && ir->beyond_own) {
        bnc_judge_refuse(j, "spec.namespaceSelector",
                         "leave it out, or run binnacle with this namespace in "
                         "--trusted-namespaces",
                         bnc_arena_fmt(j->arena,
                                       "Observatory %s/%s reaches its own namespace only",
                                       j->plan->observatory->object->ns,
                                       j->plan->observatory->object->name));
    }
    for (size_t i = 0; i < ir->n_endpoints; i++) {
        if (!j->rights.any_target) {
            check_target_labels(j, ir->endpoints[i].spec, i);
        }
        if (!j->rights.files) {
            check_files(j, ir->endpoints[i].spec, i);
        }
    }
}

/* What compiling could not know: which Prometheus this is. */
void
bnc_judge_rules(struct bnc_judging *j, const struct bnc_list *list, const char *field)
{
    const struct bnc_relabel *rules = list->items;
    for (size_t i = 0; i < list->n; i++) {
        struct bnc_diags found = bnc_diags_new(j->arena);
        struct bnc_relabel rule = rules[i];
        rule.regex = NULL; /* the same for every version, and dear */
        bnc_relabel_check(&rule, "", &j->state->version, &found);
        if (found.n > 0) { /* seldom: only then it needs a name */
            bnc_relabel_check(&rule, bnc_arena_fmt(j->arena, "%s[%zu]", field, i),
                              &j->state->version, &j->diags);
        }
    }
}

void
bnc_judge_timeout(struct bnc_judging *j, const struct bnc_endpoint *endpoint,
                  const char *field)
{
    struct bnc_error err = {0};
    int64_t timeout = 0;
    int64_t interval = 0;

    if (endpoint->interval != NULL || endpoint->scrape_timeout == NULL ||
        bnc_duration_parse(endpoint->scrape_timeout, &timeout, &err) ||
        bnc_duration_parse(j->state->interval, &interval, &err) || timeout <= interval) {
        return;
    }
    bnc_diag_add(&j->diags, BNC_REASON_INVALID_FIELD,
                 bnc_arena_fmt(j->arena, "%s.scrapeTimeout", field),
                 "make it shorter, or set interval as well",
                 "%s is longer than the interval %s of Observatory %s/%s",
                 endpoint->scrape_timeout, j->state->interval,
                 j->plan->observatory->object->ns, j->plan->observatory->object->name);
}

static void
check_endpoints(struct bnc_judging *j, const struct bnc_ir_policy *ir)
{
    for (size_t i = 0; i < ir->n_endpoints; i++) {
        const struct bnc_endpoint *endpoint = ir->endpoints[i].spec;
        const char *field = bnc_arena_fmt(j->arena, "spec.endpoints[%zu]", i);
        bnc_judge_timeout(j, endpoint, field);
        bnc_judge_rules(j, &endpoint->relabelings,
                        bnc_arena_fmt(j->arena, "%s.relabelings", field));
        bnc_judge_rules(j, &endpoint->metric_relabelings,
                        bnc_arena_fmt(j->arena, "%s.metricRelabelings", field));
    }
}

const struct bnc_scrape_class *
bnc_judge_class(struct bnc_judging *j, const char *name)
{
    const struct bnc_list *list = &j->state->prometheus->scrape_classes;
    const struct bnc_scrape_class *classes = list->items;

    for (size_t i = 0; i < list->n; i++) {
        if (name == NULL ? classes[i].is_default == BNC_TRUE
                         : bnc_str_eq(classes[i].name, name)) {
            return &classes[i];
        }
    }
    if (name != NULL) {
        bnc_diag_add(&j->diags, BNC_REASON_UNKNOWN_SCRAPE_CLASS, "spec.scrapeClass",
                     "use a class that the Observatory has, or leave it out",
                     "Observatory %s/%s has no scrape class \"%s\"",
                     j->plan->observatory->object->ns, j->plan->observatory->object->name,
                     name);
    }
    return NULL;
}

static void
check_class_rights(struct bnc_judging *j, const struct bnc_scrape_class *class,
                   bool named)
{
    bool secret = class != NULL &&
                  (class->authorization != NULL ||
                   (class->tls_config != NULL && class->tls_config->key_file != NULL));
    if (secret && named && !j->rights.class_credentials) {
        bnc_judge_refuse(
            j, "spec.scrapeClass",
            "use another class, or ask for tenants.scrapeClassCredentials: Allow",
            "this class sends credentials, which a tenant's targets may not get");
    }
}

void
bnc_judge_settle(struct bnc_judging *j, struct bnc_verdict *verdict)
{
    const struct bnc_diags *own = &j->member->ir->diags;
    const struct bnc_diags *from = j->diags.n > 0 ? &j->diags : own;

    verdict->accepted = own->errors == 0 && j->diags.errors == 0;
    verdict->why = own->errors > 0 ? own->items : from->items;
    verdict->n_why = own->errors > 0 ? own->n : from->n;
}

static void
judge_policy(struct bnc_judging *j, struct bnc_verdict *verdict)
{
    const struct bnc_ir_policy *ir = j->member->ir->as.policy;

    verdict->selected = bnc_selector_match(j->state->prometheus->scrape_policy_selector,
                                           j->member->ir->labels);
    if (!verdict->selected) {
        const char *why =
            bnc_selector_why_not(j->state->prometheus->scrape_policy_selector,
                                 j->member->ir->labels, j->arena);
        bnc_diag_warn(&j->diags, BNC_REASON_NOT_SELECTED, "metadata.labels",
                      "label it so, or change the selector",
                      "scrapePolicySelector of Observatory %s/%s asks for %s",
                      j->plan->observatory->object->ns,
                      j->plan->observatory->object->name,
                      why == NULL ? "something else" : why);
        bnc_judge_settle(j, verdict);
        verdict->accepted = false;
        return;
    }
    if (j->member->ir->pending) {
        verdict->pending = true;
        return;
    }
    check_rights(j, ir);
    check_endpoints(j, ir);
    const struct bnc_scrape_class *class = bnc_judge_class(j, ir->spec.scrape_class);
    check_class_rights(j, class, ir->spec.scrape_class != NULL);
    struct bnc_scope scope =
        bnc_scope_limit(&ir->scope, &j->state->ir->reach, j->row->arena);
    if (!scope.all && scope.names.n == 0 && j->diags.errors == 0) {
        bnc_diag_warn(&j->diags, BNC_REASON_NO_NAMESPACE, "spec.namespaceSelector",
                      "label a namespace so, or change it",
                      "it matches no namespace that the Observatory reaches");
    }
    bnc_judge_settle(j, verdict);
    if (verdict->accepted) {
        j->row->gives = BNC_MEMO_TAKER;
        j->row->as.taker =
            (struct bnc_taker){.member = j->member,
                               .ir = ir,
                               .class = class,
                               .class_credentials = j->rights.class_credentials,
                               .scope = scope,
                               .row = j->row};
    }
}

/* What is right of it counts, whatever is wrong with the rest. */
static void
judge_rule(struct bnc_judging *j, struct bnc_verdict *v)
{
    static const struct bnc_selector everything;
    const struct bnc_prometheus_spec *prometheus = j->state->prometheus;
    const struct bnc_selector *selector =
        prometheus == NULL ? &everything : prometheus->metric_rule_selector;
    const struct bnc_ir *ir = j->member->ir;
    const struct bnc_ir_metric_rule *rule = ir->as.metric_rule;

    *v = (struct bnc_verdict){.member = j->member};
    v->selected = bnc_selector_match(selector, ir->labels);
    if (!v->selected) {
        const char *why = bnc_selector_why_not(selector, ir->labels, j->arena);
        bnc_diag_warn(&j->diags, BNC_REASON_NOT_SELECTED, "metadata.labels",
                      "label it so, or change the selector",
                      "metricRuleSelector of Observatory %s/%s asks for %s",
                      j->plan->observatory->object->ns,
                      j->plan->observatory->object->name,
                      why == NULL ? "something else" : why);
        v->why = j->diags.items;
        v->n_why = j->diags.n;
        return;
    }
    v->accepted =
        ir->diags.errors == 0 || rule->n_groups + rule->n_changes + rule->n_counters > 0;
    v->why = ir->diags.items;
    v->n_why = ir->diags.n;
}

static const struct bnc_texts *
prefixes_of(struct bnc_judging *j)
{
    static const char *defaults[] = {"binnacle.dev", "prometheus.io"};
    static const struct bnc_texts standard = {
        .items = defaults, .n = BNC_LEN(defaults), .set = true};
    const struct bnc_annotations_spec *spec = j->state->prometheus->annotations;

    return spec == NULL || !spec->prefixes.set ? &standard : &spec->prefixes;
}

/* Of the identity of its pods. */
static uint64_t
stamp_identity(const struct bnc_identity *id)
{
    const char *const texts[] = {id->ns, id->controller_kind, id->name};
    uint64_t stamp = (uint64_t)id->suffix;
    for (size_t i = 0; i < BNC_LEN(texts); i++) {
        stamp = bnc_hash64(texts[i], strlen(texts[i]), stamp);
    }
    return stamp;
}

/* Silent when the workload asks nothing of this Observatory and nothing is wrong. */
static void
judge_workload(struct bnc_judging *j, struct bnc_verdict *verdict)
{
    struct bnc_asker asker = {
        .member = j->member, .ir = j->member->ir->as.workload, .row = j->row};

    if (j->member->ir->pending) {
        verdict->pending = j->row->silent = true;
        return;
    }
    bnc_annotations_read(asker.ir, prefixes_of(j), j->state->interval, j->row->arena,
                         &asker.request, &j->diags);
    verdict->selected = true;
    verdict->accepted = asker.request.scrape;
    verdict->why = j->diags.items;
    verdict->n_why = j->diags.n;
    if (asker.request.scrape) {
        asker.identity = stamp_identity(&asker.ir->identity);
        j->row->gives = BNC_MEMO_ASKER;
        struct bnc_asker *kept = bnc_arena_alloc(j->row->arena, sizeof(*kept));
        *kept = asker;
        j->row->as.asker = kept;
    } else {
        j->row->silent = j->diags.n == 0;
    }
}

static bool
annotations_enabled(const struct bnc_plan_state *state)
{
    const struct bnc_annotations_spec *spec = state->prometheus->annotations;
    return spec == NULL || spec->enabled != BNC_FALSE;
}

void
bnc_plan_select_begin(struct bnc_plan *plan, struct bnc_plan_state *state,
                      const struct bnc_member *const *members, size_t n_members)
{
    struct bnc_arena *arena = plan->arena;
    size_t policies = 0;
    size_t workloads = 0;
    size_t monitors = 0;
    size_t rules = 0;
    for (size_t i = 0; i < n_members; i++) {
        monitors += members[i]->ir->type == BNC_IR_MONITOR;
        rules += members[i]->ir->type == BNC_IR_PROMETHEUS_RULE;
        policies += members[i]->ir->type == BNC_IR_POLICY;
        workloads += members[i]->ir->type == BNC_IR_WORKLOAD;
    }
    plan->verdicts = bnc_arena_array(arena, n_members, sizeof(*plan->verdicts));
    state->scrapers = bnc_arena_array(arena, monitors, sizeof(*state->scrapers));
    state->rulers = bnc_arena_array(arena, rules, sizeof(*state->rulers));
    state->takers = bnc_arena_array(arena, policies, sizeof(*state->takers));
    state->askers = bnc_arena_array(arena, workloads, sizeof(*state->askers));
}

/* What is said of a member, unless it was said in the plan before. */
static struct bnc_memo_row *
judge(struct bnc_plan *plan, const struct bnc_plan_state *state,
      const struct bnc_member *member, size_t *effort)
{
    uint64_t by = plan->observatory->version;
    struct bnc_memo_row *row = bnc_memo_row(state->memo, member->version, by);
    if (row->judge == by) {
        return row;
    }
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    struct bnc_judging j = {.plan = plan,
                            .state = state,
                            .arena = scratch,
                            .member = member,
                            .row = row,
                            .diags = bnc_diags_new(row->arena)};
    row->verdict = (struct bnc_verdict){.member = member};
    if (member->ir->type == BNC_IR_POLICY) {
        j.rights = rights_of(&j);
        judge_policy(&j, &row->verdict);
    } else if (member->ir->type == BNC_IR_MONITOR) {
        j.rights = rights_of(&j);
        bnc_judge_monitor(&j, &row->verdict);
    } else if (member->ir->type == BNC_IR_PROMETHEUS_RULE) {
        bnc_judge_prometheus_rule(&j, &row->verdict);
    } else {
        judge_workload(&j, &row->verdict);
    }
    row->judge = row->verdict.pending ? 0 : by; /* what it waits for is no version */
    *effort += j.diags.effort;
    return row;
}

/* The word on a policy or workload, and what follows from it; gives the effort. */
static size_t
take_judgement(struct bnc_plan *plan, struct bnc_plan_state *state,
               const struct bnc_member *member)
{
    size_t effort = 0;
    const struct bnc_memo_row *row = judge(plan, state, member, &effort);
    size_t verdict = plan->n_verdicts;

    plan->pending = plan->pending || row->verdict.pending;
    if (row->silent) {
        return effort;
    }
    plan->verdicts[plan->n_verdicts++] = row->verdict;
    if (row->gives == BNC_MEMO_TAKER) {
        struct bnc_taker *taker = &state->takers[state->n_takers++];
        *taker = row->as.taker;
        taker->verdict = verdict;
    } else if (row->gives == BNC_MEMO_SCRAPER) {
        struct bnc_scraper *scraper = &state->scrapers[state->n_scrapers++];
        *scraper = row->as.scraper;
        scraper->verdict = verdict;
    } else if (row->gives == BNC_MEMO_RULER) {
        struct bnc_ruler *ruler = &state->rulers[state->n_rulers++];
        *ruler = row->as.ruler;
        ruler->verdict = verdict;
    } else if (row->gives == BNC_MEMO_ASKER) {
        struct bnc_asker *asker = &state->askers[state->n_askers++];
        *asker = *row->as.asker;
        asker->verdict = verdict;
        plan->annotated_workloads++;
    }
    return effort;
}

static bool
is_judged(const struct bnc_plan_state *state, const struct bnc_member *member)
{
    const struct bnc_ir *ir = member->ir;
    const char *ns = member->object->ns;
    if (state->prometheus == NULL) {
        return false;
    }
    if (ir->type == BNC_IR_POLICY) {
        return bnc_scope_has(&state->ir->policy_scope, ns);
    }
    if (ir->type == BNC_IR_MONITOR || ir->type == BNC_IR_PROMETHEUS_RULE) {
        return bnc_judge_monitor_reached(state, member);
    }
    return ir->type == BNC_IR_WORKLOAD && ir->as.workload->n_notes > 0 && /* or mesh */
           annotations_enabled(state) && bnc_scope_has(&state->ir->scope, ns);
}

size_t
bnc_plan_select(struct bnc_plan *plan, struct bnc_plan_state *state,
                const struct bnc_member *member)
{
    size_t effort = is_judged(state, member) ? take_judgement(plan, state, member) : 0;

    if (member->ir->type == BNC_IR_METRIC_RULE &&
        bnc_scope_has(&state->ir->rule_scope, member->object->ns)) {
        struct bnc_judging j = {.plan = plan,
                                .state = state,
                                .arena = plan->arena,
                                .member = member,
                                .diags = bnc_diags_new(plan->arena)};
        judge_rule(&j, &plan->verdicts[plan->n_verdicts++]);
    }
    if (state->grafana != NULL) {
        bnc_grafana_select(state->grafana, member);
    }
    if (state->mesh != NULL) {
        bnc_mesh_select(state->mesh, member);
    }
    return effort;
}
