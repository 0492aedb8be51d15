#include "controller/status.h"

#include <string.h>

#include "controller/loaded.h"
#include "lib/json.h"

#define MESSAGE_MAX ((size_t)1024)

static struct bnc_condition
condition(const char *type, bool good, enum bnc_reason reason, const char *message)
{
    return (struct bnc_condition){.type = type,
                                  .status = good ? "True" : "False",
                                  .reason = bnc_reason_name(reason),
                                  .message = message};
}

static struct bnc_condition
unknown(const char *type, const char *message)
{
    return (struct bnc_condition){.type = type,
                                  .status = "Unknown",
                                  .reason = bnc_reason_name(BNC_REASON_WAITING),
                                  .message = message};
}

/* All that is wrong, the first ones in full, as one text. */
static const char *
why_text(const struct bnc_diag *items, size_t n, bool errors_only,
         struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, MESSAGE_MAX);
    size_t said = 0;
    size_t left = 0;

    bnc_str_puts(&out, "");
    for (size_t i = 0; i < n; i++) {
        if (errors_only && items[i].warning) {
            continue;
        }
        const char *text = bnc_diag_text(&items[i], arena);
        if (out.len + strlen(text) + 40 > MESSAGE_MAX) {
            left++;
            continue;
        }
        bnc_str_fmt(&out, "%s%s", said == 0 ? "" : ". ", text);
        said++;
    }
    if (left > 0) {
        bnc_str_fmt(&out, ". And %zu more", left);
    }
    return out.ptr;
}

static enum bnc_reason
first_reason(const struct bnc_diag *items, size_t n, enum bnc_reason otherwise)
{
    for (size_t i = 0; i < n; i++) {
        if (!items[i].warning) {
            return items[i].reason;
        }
    }
    return n > 0 ? items[0].reason : otherwise;
}

static bool
is_ref_reason(enum bnc_reason reason)
{
    return reason == BNC_REASON_REF_NOT_FOUND || reason == BNC_REASON_REF_DENIED ||
           reason == BNC_REASON_INVALID_REF || reason == BNC_REASON_REF_PENDING;
}

/* ---- conditions of a policy -----------------------------------------------------------
 */

static struct bnc_condition
accepted_by(const struct bnc_opinion *opinion, struct bnc_arena *arena)
{
    const struct bnc_verdict *v = opinion->verdict;
    if (v->pending) {
        return unknown("Accepted", "waits for an object that it refers to");
    }
    if (v->accepted) {
        return condition("Accepted", true, BNC_REASON_ACCEPTED,
                         v->n_why > 0 ? why_text(v->why, v->n_why, false, arena)
                                      : "it counts");
    }
    return condition("Accepted", false,
                     first_reason(v->why, v->n_why, BNC_REASON_NOT_SELECTED),
                     why_text(v->why, v->n_why, v->selected, arena));
}

static struct bnc_condition
published_by(const struct bnc_opinion *opinion)
{
    if (!opinion->verdict->accepted) {
        return condition("Published", false, BNC_REASON_WAITING, "it is not accepted");
    }
    if (opinion->result->suspended) {
        return condition("Published", false, BNC_REASON_SUSPENDED,
                         "the Observatory is suspended");
    }
    if (!opinion->result->ready) {
        return condition("Published", false, BNC_REASON_WAITING,
                         "the Observatory has nothing to publish; see its status");
    }
    if (!opinion->publication.published) {
        return condition("Published", false, opinion->publication.reason,
                         opinion->publication.message);
    }
    return condition("Published", true, BNC_REASON_PUBLISHED,
                     opinion->verdict->member->ir->type != BNC_IR_POLICY
                         ? "what it asks for is written"
                         : "its jobs are in the Observatory's configuration");
}

/* The opinion that decides the summary: the best one. */
static const struct bnc_opinion *
best(const struct bnc_opinion *opinions, size_t n)
{
    const struct bnc_opinion *out = NULL;
    int rank = -1;
    for (size_t i = 0; i < n; i++) {
        const struct bnc_verdict *v = opinions[i].verdict;
        int r = v->accepted ? 2 + opinions[i].publication.published : v->selected;
        if (r > rank) {
            out = &opinions[i];
            rank = r;
        }
    }
    return out;
}

struct bnc_condition
bnc_status_policy_ready(const struct bnc_member *member,
                        const struct bnc_opinion *opinions, size_t n,
                        struct bnc_arena *arena)
{
    const struct bnc_opinion *opinion = best(opinions, n);
    if (opinion == NULL) {
        const struct bnc_diags *diags = &member->ir->diags;
        if (diags->errors > 0) {
            return condition(
                "Ready", false,
                first_reason(diags->items, diags->n, BNC_REASON_INVALID_FIELD),
                why_text(diags->items, diags->n, true, arena));
        }
        return condition("Ready", false, BNC_REASON_NO_OBSERVATORY,
                         "no Observatory that is accepted reaches this namespace; create "
                         "one here, or one elsewhere whose namespaceSelector selects it, "
                         "and see kubectl get observatories -A");
    }
    struct bnc_condition accepted = accepted_by(opinion, arena);
    struct bnc_condition published = published_by(opinion);
    struct bnc_condition ready =
        strcmp(accepted.status, "True") != 0 ? accepted
        : opinion->refused == NULL
            ? published
            : condition("Ready", false, BNC_REASON_REFUSED, opinion->refused);
    ready.type = "Ready";
    return ready;
}

static cJSON *
condition_json(const struct bnc_condition *c, int64_t generation, struct bnc_arena *arena)
{
    cJSON *out = bnc_json_object(arena);
    bnc_json_set_str(arena, out, "type", c->type);
    bnc_json_set_str(arena, out, "status", c->status);
    bnc_json_set_str(arena, out, "reason", c->reason);
    bnc_json_set_str(arena, out, "message", c->message);
    bnc_json_set_int(arena, out, "observedGeneration", generation);
    return out;
}

/* Only while true: a human must act, or we still work on it (Flux, Argo CD). */
static size_t
add_progress(struct bnc_condition *all, size_t n)
{
    const struct bnc_condition *accepted = &all[1];
    if (strcmp(accepted->status, "True") == 0) {
        return n;
    }
    bool stalled = strcmp(accepted->status, "False") == 0;
    all[n] = *accepted;
    all[n].type = stalled ? "Stalled" : "Reconciling";
    all[n].status = "True";
    return n + 1;
}

static cJSON *
conditions_json(const struct bnc_condition *items, size_t n, int64_t generation,
                struct bnc_arena *arena)
{
    cJSON *out = bnc_json_array(arena);
    for (size_t i = 0; i < n; i++) {
        bnc_json_add(out, condition_json(&items[i], generation, arena));
    }
    return out;
}

static struct bnc_condition
resolved_refs(const struct bnc_diags *diags, bool pending, struct bnc_arena *arena)
{
    for (size_t i = 0; i < diags->n; i++) {
        if (is_ref_reason(diags->items[i].reason)) {
            return condition("ResolvedRefs", false, diags->items[i].reason,
                             bnc_diag_text(&diags->items[i], arena));
        }
    }
    return pending ? unknown("ResolvedRefs", "waits for an object that it refers to")
                   : condition("ResolvedRefs", true, BNC_REASON_RESOLVED,
                               "everything that it refers to is there");
}

/* A number of the live status, until a new one is known: -1 when it has none. */
static int64_t
live_number(const struct bnc_object *object, const char *block, const char *key)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *live = NULL;
    int64_t number = -1;

    if (object->status.len > 0 &&
        !bnc_json_parse(arena, object->status.ptr, object->status.len, &live, &err)) {
        const cJSON *at =
            block == NULL ? live : bnc_json_path(live, "prometheus", block, NULL);
        (void)bnc_json_get_int(at, key, &number);
    }
    return number;
}

/* True when the pods of every accepted opinion have been counted. */
static bool
counted(const struct bnc_opinion *opinions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (opinions[i].verdict->accepted && opinions[i].pods < 0) {
            return false;
        }
    }
    return true;
}

/* What only the status of its kind has; false: it is a ScrapePolicy. */
static bool
add_own(const struct bnc_member *member, const struct bnc_opinion *decides, cJSON *status,
        struct bnc_arena *arena)
{
    if (member->ir->type == BNC_IR_SAMPLING) {
        bnc_status_sampling(decides, status, arena);
        return true;
    }
    if (member->ir->type == BNC_IR_METRIC_RULE) {
        bnc_status_rule(member, decides, status, arena);
        return true;
    }
    return bnc_status_grafana(member, status, arena);
}

cJSON *
bnc_status_policy(const struct bnc_member *member, const struct bnc_opinion *opinions,
                  size_t n, struct bnc_arena *arena)
{
    const struct bnc_object *object = member->object;
    int64_t generation = object->generation;
    const struct bnc_opinion *decides = best(opinions, n);
    struct bnc_condition all[5];
    size_t jobs = 0;
    int64_t pods = counted(opinions, n) ? 0 : live_number(object, NULL, "pods");

    all[0] = bnc_status_policy_ready(member, opinions, n, arena);
    all[1] = decides == NULL ? all[0] : accepted_by(decides, arena);
    all[1].type = "Accepted";
    all[2] = resolved_refs(&member->ir->diags, member->ir->pending, arena);
    all[3] = decides == NULL ? all[0] : published_by(decides);
    all[3].type = "Published";
    size_t used = add_progress(all, 4);

    cJSON *list = bnc_json_array(arena);
    for (size_t i = 0; i < n && i < BNC_STATUS_OBSERVATORIES_MAX; i++) {
        struct bnc_condition three[] = {
            accepted_by(&opinions[i], arena), published_by(&opinions[i]),
            condition("Loaded", false, BNC_REASON_REFUSED, opinions[i].refused)};
        size_t n_said = opinions[i].refused == NULL ? 2 : 3;
        cJSON *entry = bnc_json_object(arena);
        bnc_json_set_str(arena, entry, "namespace", opinions[i].result->object->ns);
        bnc_json_set_str(arena, entry, "name", opinions[i].result->object->name);
        bnc_json_set_item(arena, entry, "conditions",
                          conditions_json(three, n_said, generation, arena));
        bnc_json_add(list, entry);
        if (opinions[i].verdict->accepted) {
            jobs += opinions[i].verdict->jobs;
            pods = opinions[i].pods > pods ? opinions[i].pods : pods;
        }
    }
    cJSON *status = bnc_json_object(arena);
    bnc_json_set_int(arena, status, "observedGeneration", generation);
    bnc_json_set_item(arena, status, "conditions",
                      conditions_json(all, used, generation, arena));
    bnc_json_set_item(arena, status, "observatories", list);
    if (add_own(member, decides, status, arena)) {
        return status;
    }
    if (pods >= 0) {
        bnc_json_set_int(arena, status, "pods", pods);
    }
    bnc_json_set_int(arena, status, "jobs", (int64_t)jobs);
    return status;
}

/* ---- an Observatory ------------------------------------------------------------ */

static size_t
count_rejected(const struct bnc_plan *plan)
{
    size_t n = 0;
    for (size_t i = 0; plan != NULL && i < plan->n_verdicts; i++) {
        n += plan->verdicts[i].selected && !plan->verdicts[i].accepted &&
             !plan->verdicts[i].pending;
    }
    return n;
}

struct bnc_condition
bnc_status_observatory_ready(const struct bnc_result *result,
                             const struct bnc_status_more *more, struct bnc_arena *arena)
{
    const struct bnc_diags *diags = result->diags;
    const struct bnc_publication *state = &more->state;
    if (diags->errors > 0) {
        return condition("Ready", false,
                         first_reason(diags->items, diags->n, BNC_REASON_INVALID_FIELD),
                         why_text(diags->items, diags->n, true, arena));
    }
    if (result->suspended) {
        return condition("Ready", false, BNC_REASON_SUSPENDED,
                         "spec.suspend is true: nothing is written");
    }
    if (!result->ready) {
        return condition("Ready", false, BNC_REASON_WAITING,
                         "waits for an object that is referred to; what was published "
                         "stays");
    }
    if (!state->published) {
        return condition("Ready", false, state->reason, state->message);
    }
    if (more->loaded != NULL && more->loaded->failed) {
        struct bnc_condition not_loaded = more->loaded->condition;
        not_loaded.type = "Ready";
        return not_loaded;
    }
    size_t rejected = count_rejected(result->plan);
    return condition(
        "Ready", true, rejected > 0 ? BNC_REASON_REJECTED_OBJECTS : BNC_REASON_PUBLISHED,
        rejected > 0 ? bnc_arena_fmt(arena,
                                     "%s; %zu objects were left out, see "
                                     "status.prometheus.rejected",
                                     bnc_status_published_text(result, arena), rejected)
                     : bnc_status_published_text(result, arena));
}

static cJSON *
rejected_json(const struct bnc_plan *plan, struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);
    size_t n = 0;
    for (size_t i = 0; plan != NULL && i < plan->n_verdicts; i++) {
        const struct bnc_verdict *v = &plan->verdicts[i];
        if (!v->selected || v->accepted || v->pending || n == BNC_STATUS_REJECTED_MAX) {
            continue;
        }
        const struct bnc_object *object = v->member->object;
        cJSON *entry = bnc_json_object(arena);
        bnc_json_set_str(arena, entry, "group", bnc_kind_info(object->kind)->group);
        bnc_json_set_str(arena, entry, "kind", bnc_kind_info(object->kind)->name);
        bnc_json_set_str(arena, entry, "namespace", object->ns);
        bnc_json_set_str(arena, entry, "name", object->name);
        bnc_json_set_str(
            arena, entry, "reason",
            bnc_reason_name(first_reason(v->why, v->n_why, BNC_REASON_INVALID_FIELD)));
        bnc_json_set_str(arena, entry, "message",
                         why_text(v->why, v->n_why, false, arena));
        bnc_json_add(list, entry);
        n++;
    }
    return list;
}

static cJSON *
prometheus_json(const struct bnc_result *result, const struct bnc_status_more *more,
                struct bnc_arena *arena)
{
    int64_t pods = more->annotated_pods;
    const struct bnc_plan *plan = result->plan;
    cJSON *out = bnc_json_object(arena);
    cJSON *selected = bnc_status_selected(plan, arena);

    if (pods < 0) {
        pods = live_number(result->object, "selected", "annotatedPods");
    }
    if (pods >= 0) {
        bnc_json_set_int(arena, selected, "annotatedPods", pods);
    }
    if (more->loaded != NULL && more->loaded->block != NULL) {
        bnc_json_set_item(arena, out, "loaded", more->loaded->block);
    }
    bnc_json_set_item(arena, out, "outputs", more->outputs);
    bnc_json_set_int(arena, out, "jobs", (int64_t)result->n_jobs);
    if (bnc_status_rule_groups(plan) > 0) {
        bnc_json_set_int(arena, out, "ruleGroups", bnc_status_rule_groups(plan));
    }
    for (size_t i = 0; i < result->n_desired; i++) {
        if (result->desired[i].role == BNC_ROLE_ROOT) {
            bnc_json_set_str(arena, out, "hash", result->desired[i].hash);
            break;
        }
    }
    bnc_json_set_item(arena, out, "selected", selected);
    bnc_json_set_int(arena, out, "rejectedTotal", (int64_t)count_rejected(plan));
    bnc_json_set_item(arena, out, "rejected", rejected_json(plan, arena));
    return out;
}

cJSON *
bnc_status_observatory(const struct bnc_result *result,
                       const struct bnc_status_more *more, struct bnc_arena *arena)
{
    const struct bnc_diags *diags = result->diags;
    int64_t generation = result->object->generation;
    size_t rejected = count_rejected(result->plan);
    struct bnc_condition ready = bnc_status_observatory_ready(result, more, arena);
    bool good = diags->errors == 0;
    bool published = good && result->ready && more->state.published;
    struct bnc_condition all[7] = {
        ready,
        good ? condition("Accepted", true, BNC_REASON_ACCEPTED,
                         diags->n > 0 ? why_text(diags->items, diags->n, false, arena)
                                      : "every field is understood")
             : ready,
        resolved_refs(diags, result->pending, arena),
        published ? condition("Published", true, BNC_REASON_PUBLISHED,
                              bnc_status_published_text(result, arena))
                  : ready,
        condition("Complete", rejected == 0,
                  rejected == 0 ? BNC_REASON_COMPLETE : BNC_REASON_REJECTED_OBJECTS,
                  rejected == 0
                      ? "every selected object counts"
                      : bnc_arena_fmt(arena, "%zu objects were left out", rejected)),
    };
    all[1].type = "Accepted";
    all[3].type = "Published";
    size_t used = 5;
    if (more->loaded != NULL) {
        all[used++] = more->loaded->condition;
    }
    used = add_progress(all, used);

    cJSON *status = bnc_json_object(arena);
    bnc_json_set_int(arena, status, "observedGeneration", generation);
    bnc_json_set_item(arena, status, "conditions",
                      conditions_json(all, used, generation, arena));
    cJSON *mesh = bnc_status_mesh(result, more->held, arena);
    if (mesh != NULL) {
        bnc_json_set_item(arena, status, "mesh", mesh);
    }
    cJSON *grafana = bnc_status_grafana_block(result, more, arena);
    if (grafana != NULL) {
        bnc_json_set_item(arena, status, "grafana", grafana);
    }
    bnc_json_set_item(arena, status, "prometheus", prometheus_json(result, more, arena));
    return status;
}
