#include "model/spec_sampling_policy.h"

#include <stddef.h>
#include <string.h>

#include "lib/json.h"
#include "lib/units.h"
#include "model/kind.h"
#include "model/spec_mesh.h"
#include "model/spec_status.h"

/* ---- budget -------------------------------------------------------------------- */

#define AT(member) offsetof(struct bnc_budget_spec, member)
static const struct bnc_field budget_rows[] = {
    {"tracesPerSecond", BNC_FIELD_INT, AT(traces_per_second), .max = 1000000,
     .required = true, .doc = "Traces a second that the percentage is steered to."},
    {"initialPercent", BNC_FIELD_PERCENT, AT(initial_percent), .def = "1",
     .doc = "Percentage to begin with, and offline."},
    {"minPercent", BNC_FIELD_PERCENT, AT(min_percent), .def = "0.01",
     .doc = "The percentage never falls below it."},
    {"maxPercent", BNC_FIELD_PERCENT, AT(max_percent), .def = "100",
     .doc = "The percentage never rises above it."},
    {"interval", BNC_FIELD_DURATION, AT(interval), .max_len = 64,
     .doc = "Least time between two changes, at least 5s; 1m when unset."},
    {"query", BNC_FIELD_TEXT, AT(query), .min = 1, .max_len = 4096,
     .doc = "PromQL that gives requests a second; unset: those that Istio counts where "
            "the policy holds."},
};
#undef AT

static void
finish_budget(void *item, const char *path, struct bnc_diags *diags)
{
    const struct bnc_budget_spec *budget = item;
    struct bnc_error err = {0};
    int64_t ms = 0;
    if (budget->interval != NULL &&
        (bnc_duration_parse(budget->interval, &ms, &err) || ms < 5000)) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(diags->arena, "%s.interval", path), "write 5s or more",
                     "%s is too short", budget->interval);
    }
    if (budget->min_percent.set && budget->max_percent.set &&
        budget->min_percent.value > budget->max_percent.value) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(diags->arena, "%s.minPercent", path),
                     "make it at most maxPercent", "minPercent is above maxPercent");
    }
}

static const struct bnc_table budget_table = {
    .name = "Budget",
    .size = sizeof(struct bnc_budget_spec),
    .fields = budget_rows,
    .n_fields = BNC_LEN(budget_rows),
    .finish = finish_budget,
};

/* ---- where it holds ------------------------------------------------------------ */

#define AT(member) offsetof(struct bnc_match_labels, member)
static const struct bnc_field match_rows[] = {
    {"matchLabels", BNC_FIELD_MAP, AT(match_labels), .rule = BNC_TEXT_LABEL_KEY,
     .max_items = 64, .max_len = 63, .required = true,
     .doc = "Labels that the pods have, all of them; at least one."},
};
#undef AT

const struct bnc_table bnc_table_match_labels = {
    .name = "MatchLabels",
    .size = sizeof(struct bnc_match_labels),
    .fields = match_rows,
    .n_fields = BNC_LEN(match_rows),
};

static const struct {
    const char *kind;
    const char *group;
} target_kinds[] = {
    {"Gateway", "gateway.networking.k8s.io"},
    {"GatewayClass", "gateway.networking.k8s.io"},
    {"Service", ""},
    {"ServiceEntry", "networking.istio.io"},
};
static const char *const target_kind_names[] = {"Gateway", "GatewayClass", "Service",
                                                "ServiceEntry", NULL};
static const char *const target_groups[] = {"gateway.networking.k8s.io", "",
                                            "networking.istio.io", NULL};

static void
finish_target(void *item, const char *path, struct bnc_diags *diags)
{
    struct bnc_target_ref *ref = item;
    for (size_t i = 0; ref->kind != NULL && i < BNC_LEN(target_kinds); i++) {
        if (strcmp(target_kinds[i].kind, ref->kind) != 0) {
            continue;
        }
        if (ref->group != NULL && strcmp(ref->group, target_kinds[i].group) != 0) {
            bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(diags->arena, "%s.group", path),
                         bnc_arena_fmt(diags->arena, "use \"%s\" or leave it out",
                                       target_kinds[i].group),
                         "there is no %s in group \"%s\"", ref->kind, ref->group);
        }
        ref->group = target_kinds[i].group;
    }
}

#define AT(member) offsetof(struct bnc_target_ref, member)
static const struct bnc_field target_rows[] = {
    {"group", BNC_FIELD_ENUM, AT(group), .values = target_groups,
     .doc = "API group of the kind; it may be left out."},
    {"kind", BNC_FIELD_ENUM, AT(kind), .values = target_kind_names, .required = true,
     .doc = "Gateway, or what a waypoint serves: Service, ServiceEntry."},
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME, .required = true,
     .doc = "Name of it, in the policy's namespace."},
};
#undef AT

static const struct bnc_table target_table = {
    .name = "TargetRef",
    .size = sizeof(struct bnc_target_ref),
    .fields = target_rows,
    .n_fields = BNC_LEN(target_rows),
    .finish = finish_target,
};

#define AT(member) offsetof(struct bnc_operation_spec, member)
static const struct bnc_field operation_rows[] = {
    {"operation", BNC_FIELD_TEXT, AT(operation), .min = 1, .max_len = 512,
     .required = true, .doc = "Name of the operation, as \"GET /healthz\"."},
    {"percent", BNC_FIELD_PERCENT, AT(percent), .required = true,
     .doc = "Share of its requests that are traced."},
};
#undef AT

static const struct bnc_table operation_table = {
    .name = "Operation",
    .size = sizeof(struct bnc_operation_spec),
    .fields = operation_rows,
    .n_fields = BNC_LEN(operation_rows),
};

/* ---- custom tags --------------------------------------------------------------- */

/* One of Istio's three sources, with its own fields and no others. */
static bool
is_tag(const cJSON *tag)
{
    static const struct {
        const char *source;
        const char *fields[2]; /* the first has to be there */
    } sources[] = {{"literal", {"value", NULL}},
                   {"environment", {"name", "defaultValue"}},
                   {"header", {"name", "defaultValue"}}};
    const cJSON *source = tag == NULL ? NULL : tag->child;
    if (!cJSON_IsObject(tag) || source == NULL || source->next != NULL) {
        return false;
    }
    for (size_t i = 0; i < BNC_LEN(sources); i++) {
        if (strcmp(source->string, sources[i].source) != 0) {
            continue;
        }
        const char *first = bnc_json_get_str(source, sources[i].fields[0]);
        const cJSON *field;
        cJSON_ArrayForEach(field, source)
        {
            bool known = strcmp(field->string, sources[i].fields[0]) == 0 ||
                         (sources[i].fields[1] != NULL &&
                          strcmp(field->string, sources[i].fields[1]) == 0);
            if (!known || !cJSON_IsString(field)) {
                return false;
            }
        }
        return first != NULL && first[0] != '\0';
    }
    return false;
}

static void
check_tags(const cJSON *tags, const char *path, struct bnc_diags *diags)
{
    const cJSON *tag;
    size_t n = 0;
    cJSON_ArrayForEach(tag, tags)
    {
        if (!is_tag(tag)) {
            bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(diags->arena, "%s.%.100s", path, tag->string),
                         "write literal: {value: ...}, header: {name: ...} or "
                         "environment: {name: ...}, the last two with a defaultValue if "
                         "you like",
                         "it is no tag that Istio knows");
        }
        n++;
    }
    if (n > 64) {
        bnc_diag_add(diags, BNC_REASON_TOO_BIG, path, "leave some out",
                     "%zu tags are too many, 64 are allowed", n);
    }
}

/* ---- spec ---------------------------------------------------------------------- */

/* What selects workloads says so, and nothing else does. */
static void
finish(void *item, const char *path, struct bnc_diags *diags)
{
    struct bnc_spec_sampling_policy *spec = item;
    bool selects = spec->selector != NULL || spec->target_refs.n > 0;

    if (spec->scope == NULL) {
        spec->scope = selects ? "Workload" : "Namespace";
    }
    bool workload = strcmp(spec->scope, "Workload") == 0;
    if (selects && !workload) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(diags->arena, "%s.scope", path),
                     "use Workload, or leave selector and targetRefs out",
                     "scope %s selects no workloads", spec->scope);
    }
    if (!selects && workload) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(diags->arena, "%s.selector", path),
                     "write selector: {matchLabels: {app: NAME}}",
                     "scope Workload selects none");
    }
    if (spec->selector != NULL && spec->selector->match_labels.set &&
        spec->selector->match_labels.n == 0) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD,
                     bnc_arena_fmt(diags->arena, "%s.selector.matchLabels", path),
                     "name a label, or use scope Namespace",
                     "it has no label; Istio takes that for the whole namespace");
    }
    if (spec->custom_tags != NULL) {
        check_tags(spec->custom_tags, bnc_arena_fmt(diags->arena, "%s.customTags", path),
                   diags);
    }
}

static const char *const scopes[] = {"Workload", "Namespace", "Mesh", NULL};

#define AT(member) offsetof(struct bnc_spec_sampling_policy, member)
static const struct bnc_field rows[] = {
    {"priority", BNC_FIELD_INT, AT(priority), .def = "0", .min = -1000000, .max = 1000000,
     .doc = "Between two policies of one level, the higher one counts; then the first by "
            "namespace and name."},
    {"percent", BNC_FIELD_PERCENT, AT(percent),
     .doc = "Share of requests that are traced, 0 to 100 with at most two decimals."},
    {"budget", BNC_FIELD_OBJECT, AT(budget), .sub = &budget_table,
     .doc = "In place of percent: it follows the traffic, so that so many traces come."},
    {"scope", BNC_FIELD_ENUM, AT(scope), .values = scopes,
     .doc = "Namespace: the policy's own. Workload: what selector or targetRefs match in "
            "it; what is meant when one of them is there. Mesh: all, for policies beside "
            "the Observatory."},
    {"selector", BNC_FIELD_OBJECT, AT(selector), .sub = &bnc_table_match_labels,
     .doc = "Pods of the policy's namespace by label, as Istio selects: no expressions."},
    {"targetRefs", BNC_FIELD_LIST, AT(target_refs), .sub = &target_table, .max_items = 16,
     .doc = "Gateways and what waypoints serve, in place of a selector."},
    {"operations", BNC_FIELD_LIST, AT(operations), .sub = &operation_table,
     .max_items = 100, .list_key = "operation",
     .doc = "Percentages of single operations. Jaeger's remote sampling only."},
    {"apply", BNC_FIELD_TEXTS, AT(apply), .values = bnc_tracing_systems, .max_items = 3,
     .doc = "Of the Observatory's tracing.apply, those that this policy is for; unset: "
            "all."},
    {"provider", BNC_FIELD_TEXT, AT(provider), .rule = BNC_TEXT_OBJECT_NAME,
     .doc = "Name of the backend that spans go to; the Observatory's first when unset."},
    {"customTags", BNC_FIELD_RAW_OBJECT, AT(custom_tags),
     .doc = "Tags of spans by name, each literal, environment or header as in Istio's "
            "Telemetry; {} takes those of wider levels away."},
};
#undef AT

static const char *const what_names[] = {"percent", "budget", NULL};
static const char *const who_names[] = {"selector", "targetRefs", NULL};
static const struct bnc_union unions[] = {{.names = what_names, .required = true},
                                          {.names = who_names, .required = false}};

const struct bnc_table bnc_table_sampling_policy = {
    .name = "SamplingPolicy",
    .size = sizeof(struct bnc_spec_sampling_policy),
    .fields = rows,
    .n_fields = BNC_LEN(rows),
    .unions = unions,
    .n_unions = BNC_LEN(unions),
    .finish = finish,
};

static const struct bnc_printer_column columns[] = {
    {"Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status", false},
    {"Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", false},
    {"Percent", "number", ".status.percent", false},
    {"Scope", "string", ".spec.scope", false},
    {"Workloads", "integer", ".status.workloads", false},
    {"Age", "date", ".metadata.creationTimestamp", false},
    {"Message", "string", ".status.conditions[?(@.type==\"Ready\")].message", true},
};

const struct bnc_kind_doc bnc_doc_sampling_policy = {
    .kind = BNC_KIND_SAMPLING_POLICY,
    .short_name = "smp",
    .singular = "samplingpolicy",
    .doc = "SamplingPolicy says how much is traced.",
    .spec = &bnc_table_sampling_policy,
    .status = &bnc_table_sampling_policy_status,
    .columns = columns,
    .n_columns = BNC_LEN(columns),
};
