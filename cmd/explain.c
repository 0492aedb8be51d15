/*
 * binnacle explain: why a workload is scraped and traced as it is.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/explain_statsd.h"
#include "cmd/offline.h"
#include "controller/status.h"
#include "lib/json.h"
#include "lib/log.h"
#include "model/prune.h"
#include "net/real.h"
#include "reconcilers/plan.h"
#include "reconcilers/table.h"
#include "source/cluster.h"

#define OUTPUT_MAX  ((size_t)16 * 1024 * 1024)
#define PATIENCE_MS 30000

const struct bnc_flag bnc_flags_explain[] = {
    BNC_FLAG_FILES,
    {"--namespace", "-n", "NAME", offsetof(struct bnc_options, default_namespace),
     "namespace of the workload (default: default)"},
    {"--output", "-o", "FORMAT", offsetof(struct bnc_options, format),
     "json for programs (default: text)"},
    {"--kubeconfig", NULL, "FILE", offsetof(struct bnc_options, kubeconfig),
     "the cluster (default: $KUBECONFIG, the pod's own, ~/.kube/config)"},
    {"--context", NULL, "NAME", offsetof(struct bnc_options, context),
     "a context of the kubeconfig"},
    BNC_FLAG_ASSUME,
    BNC_FLAG_TRUSTED,
    BNC_FLAG_HELP,
};
const size_t bnc_n_flags_explain = BNC_LEN(bnc_flags_explain);

/* ---- what is asked ------------------------------------------------------------- */

struct subject {
    enum bnc_kind kind;
    const char *ns;
    const char *name;
};

static bool
read_subject(const struct bnc_options *options, struct subject *out)
{
    static const struct {
        const char *names[4];
        enum bnc_kind kind;
    } rows[] = {
        {{"deploy", "deployment", "deployments", NULL}, BNC_KIND_DEPLOYMENT},
        {{"sts", "statefulset", "statefulsets", NULL}, BNC_KIND_STATEFUL_SET},
        {{"ds", "daemonset", "daemonsets", NULL}, BNC_KIND_DAEMON_SET},
        {{"job", "jobs", NULL}, BNC_KIND_JOB},
        {{"cj", "cronjob", "cronjobs", NULL}, BNC_KIND_CRON_JOB},
        {{"po", "pod", "pods", NULL}, BNC_KIND_POD},
    };
    const char *slash = options->subject == NULL ? NULL : strchr(options->subject, '/');
    if (slash == NULL || slash[1] == '\0') {
        return false;
    }
    size_t n = (size_t)(slash - options->subject);
    out->ns = options->default_namespace == NULL ? "default" : options->default_namespace;
    out->name = slash + 1;
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        for (size_t k = 0; k < BNC_LEN(rows[i].names) && rows[i].names[k] != NULL; k++) {
            if (strlen(rows[i].names[k]) == n &&
                strncmp(rows[i].names[k], options->subject, n) == 0) {
                out->kind = rows[i].kind;
                return true;
            }
        }
    }
    return false;
}

/* ---- scraped ------------------------------------------------------------------- */

/* A pod as the workload would make it: the plan judges pods. */
static struct bnc_object *
pod_of(const struct bnc_object *workload, struct bnc_arena *arena)
{
    static const struct {
        enum bnc_kind kind;
        const char *owner;
        const char *suffix;
    } rows[] = {{BNC_KIND_DEPLOYMENT, "ReplicaSet", "-7d9f8b6c5"},
                {BNC_KIND_STATEFUL_SET, "StatefulSet", ""},
                {BNC_KIND_DAEMON_SET, "DaemonSet", ""},
                {BNC_KIND_JOB, "Job", ""},
                {BNC_KIND_CRON_JOB, "Job", "-28391040"}};
    struct bnc_error err = {0};
    cJSON *root = NULL;
    size_t row = 0;
    while (row < BNC_LEN(rows) && rows[row].kind != workload->kind) {
        row++;
    }
    if (row == BNC_LEN(rows) ||
        bnc_json_parse(arena, workload->text.ptr, workload->text.len, &root, &err)) {
        return NULL;
    }
    const cJSON *spec = bnc_json_get(root, "spec");
    if (workload->kind == BNC_KIND_CRON_JOB) {
        spec = bnc_json_path(spec, "jobTemplate", "spec", NULL);
    }
    cJSON *pod = bnc_json_clone(arena, bnc_json_get(spec, "template"));
    if (pod == NULL) {
        return NULL;
    }
    cJSON *meta = bnc_json_get(pod, "metadata");
    if (meta == NULL) {
        meta = bnc_json_object(arena);
        bnc_json_set_item(arena, pod, "metadata", meta);
    }
    cJSON *owners = bnc_json_array(arena);
    cJSON *owner = bnc_json_object(arena);
    bnc_json_set_str(arena, owner, "kind", rows[row].owner);
    bnc_json_set_str(arena, owner, "name",
                     bnc_arena_fmt(arena, "%s%s", workload->name, rows[row].suffix));
    bnc_json_set_bool(arena, owner, "controller", true);
    bnc_json_add(owners, owner);
    bnc_json_set_item(arena, meta, "ownerReferences", owners);
    bnc_json_set_str(arena, meta, "namespace", workload->ns);
    bnc_json_set_str(
        arena, meta, "name",
        bnc_arena_fmt(arena, "%s%s-x7k2p", workload->name, rows[row].suffix));
    struct bnc_str text = bnc_str_new(arena, OUTPUT_MAX);
    struct bnc_pruned pruned = {0};
    bnc_json_print(pod, &text);
    if (bnc_prune(bnc_kind_info(BNC_KIND_POD)->keep, text.ptr, text.len, arena, &pruned,
                  &err)) {
        return NULL;
    }
    return bnc_object_new(BNC_KIND_POD, &pruned, NULL);
}

static cJSON *
reference(const struct bnc_object *object, struct bnc_arena *arena)
{
    return bnc_json_str(arena, bnc_arena_fmt(arena, "%s %s/%s",
                                             bnc_kind_info(object->kind)->name,
                                             object->ns, object->name));
}

static void
add_scraped(const struct bnc_result *result, const struct bnc_object *workload,
            const struct bnc_object *pod, cJSON *list, struct bnc_arena *arena)
{
    const struct bnc_plan *plan = result->plan;
    uint32_t *counts = bnc_arena_array(arena, plan->n_verdicts + 1, sizeof(*counts));
    if (pod != NULL) {
        bnc_planner_prometheus.count(plan, pod, counts);
    }
    for (size_t i = 0; i < plan->n_verdicts; i++) {
        const struct bnc_verdict *v = &plan->verdicts[i];
        if (counts[i] == 0) {
            continue;
        }
        cJSON *entry = bnc_json_object(arena);
        bnc_json_set_item(arena, entry, "observatory", reference(result->object, arena));
        bnc_json_set_item(arena, entry, "by",
                          v->member->object == workload
                              ? bnc_json_str(arena, "its annotations")
                              : reference(v->member->object, arena));
        bnc_json_add(list, entry);
    }
}

/* What is wrong with its annotations. */
static void
add_notes(const struct bnc_result *result, const struct bnc_object *workload, cJSON *list,
          struct bnc_arena *arena)
{
    const struct bnc_plan *plan = result->plan;
    for (size_t i = 0; i < plan->n_verdicts; i++) {
        const struct bnc_verdict *v = &plan->verdicts[i];
        for (size_t k = 0; v->member->object == workload && k < v->n_why; k++) {
            bnc_json_add(list, bnc_json_str(arena, bnc_diag_text(&v->why[k], arena)));
        }
    }
}

/* ---- sampled ------------------------------------------------------------------- */

static void
add_sampling(const struct bnc_result *result, const struct bnc_object *workload,
             cJSON *list, struct bnc_arena *arena)
{
    const struct bnc_plan *plan = result->plan;
    for (size_t i = 0; i < plan->n_effective; i++) {
        if (plan->effective[i].workload->object == workload) {
            cJSON *entry = bnc_status_effective(&plan->effective[i], arena);
            bnc_json_set_item(arena, entry, "observatory",
                              reference(result->object, arena));
            bnc_json_add(list, entry);
        }
    }
}

/* What a running pod belongs to: that is what a percentage is said of. */
struct owner {
    const struct bnc_object *pod;
    const struct bnc_object *object;
    const char *kind;
    const char *name;
};

static void
look_for_owner(void *arg, const struct bnc_member *member)
{
    struct owner *owner = arg;
    if (member->object == owner->pod && member->ir->type == BNC_IR_PROXY) {
        owner->kind = member->ir->as.proxy->controller_kind;
        owner->name = member->ir->as.proxy->controller;
    }
}

static void
find_owner(const struct bnc_engine *engine, struct owner *owner)
{
    for (enum bnc_kind kind = BNC_KIND_DEPLOYMENT; kind <= BNC_KIND_CRON_JOB; kind++) {
        const struct bnc_object *found =
            strcmp(bnc_kind_info(kind)->name, owner->kind) == 0
                ? bnc_cache_get(bnc_engine_cache(engine), kind, owner->pod->ns,
                                owner->name)
                : NULL;
        owner->object = found == NULL ? owner->object : found;
    }
}

static cJSON *
explain(const struct bnc_engine *engine, const struct bnc_object *workload,
        struct bnc_arena *arena)
{
    cJSON *out = bnc_json_object(arena);
    cJSON *scraped = bnc_json_array(arena);
    cJSON *sampling = bnc_json_array(arena);
    cJSON *notes = bnc_json_array(arena);
    struct bnc_object *pod =
        workload->kind == BNC_KIND_POD ? NULL : pod_of(workload, arena);

    struct owner owner = {.pod = workload, .object = workload};
    bnc_engine_members(engine, BNC_KIND_POD, look_for_owner, &owner);
    if (owner.kind != NULL) {
        find_owner(engine, &owner);
    }
    bnc_json_set_str(arena, out, "kind", bnc_kind_info(workload->kind)->name);
    bnc_json_set_str(arena, out, "namespace", workload->ns);
    bnc_json_set_str(arena, out, "name", workload->name);
    bnc_json_set_item(arena, out, "scraped", scraped);
    bnc_json_set_item(arena, out, "sampling", sampling);
    bnc_json_set_item(arena, out, "notes", notes);
    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        const struct bnc_result *result = bnc_engine_result(engine, i);
        if (result->plan == NULL || result->diags->errors > 0) {
            continue;
        }
        add_scraped(result, workload, pod == NULL ? workload : pod, scraped, arena);
        add_sampling(result, owner.object, sampling, arena);
        add_notes(result, workload, notes, arena);
        bnc_explain_statsd(result, workload, out, arena);
    }
    bnc_object_unref(pod);
    return out;
}

/* ---- for people ------------------------------------------------------------------ */

static const char *
number(const cJSON *item, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, 64);
    if (item == NULL) {
        return "nothing";
    }
    bnc_json_print(item, &out);
    return bnc_arena_fmt(arena, "%s %%", out.ptr);
}

static void
print_decider(const char *before, const cJSON *decider, bool percent,
              struct bnc_arena *arena)
{
    const char *ns = bnc_json_get_str(decider, "namespace");
    (void)printf("%s%s %s%s%s", before, bnc_json_get_str(decider, "kind"),
                 ns == NULL ? "" : ns, ns == NULL ? "" : "/",
                 bnc_json_get_str(decider, "name"));
    if (percent && bnc_json_get(decider, "percent") != NULL) {
        (void)printf(" (%s)", number(bnc_json_get(decider, "percent"), arena));
    }
}

static void
print_sampling(const cJSON *list, struct bnc_arena *arena)
{
    const cJSON *line;
    (void)printf("traced:%s\n",
                 list->child == NULL ? " no Observatory sets its sampling" : "");
    cJSON_ArrayForEach(line, list)
    {
        const cJSON *by = bnc_json_get(line, "decidedBy");
        const cJSON *inbound = bnc_json_get(line, "inboundPercent");
        const char *note = bnc_json_get_str(line, "note");
        const cJSON *other;
        (void)printf("  %-14s %-10s", bnc_json_get_str(line, "system"),
                     number(bnc_json_get(line, "percent"), arena));
        if (by != NULL) {
            print_decider("by ", by, false, arena);
        }
        (void)printf("\n");
        if (inbound != NULL) {
            (void)printf("  %-14s %-10sof what it is sent\n", "", number(inbound, arena));
        }
        cJSON_ArrayForEach(other, bnc_json_get(line, "overrides"))
        {
            (void)printf("  %-14s %-10s", "", "");
            print_decider("over ", other, true, arena);
            (void)printf("\n");
        }
        if (note != NULL) {
            (void)printf("  %-14s note: %s\n", "", note);
        }
    }
}

static void
print_text(const cJSON *tree, struct bnc_arena *arena)
{
    const cJSON *scraped = bnc_json_get(tree, "scraped");
    const cJSON *line;
    (void)printf("%s %s/%s\n", bnc_json_get_str(tree, "kind"),
                 bnc_json_get_str(tree, "namespace"), bnc_json_get_str(tree, "name"));
    (void)printf("scraped:%s\n",
                 scraped->child == NULL ? " by no policy and no annotation" : "");
    cJSON_ArrayForEach(line, scraped)
    {
        (void)printf("  yes, by %s\n", bnc_json_get_str(line, "by"));
    }
    print_sampling(bnc_json_get(tree, "sampling"), arena);
    cJSON_ArrayForEach(line, bnc_json_get(tree, "notes"))
    {
        (void)printf("note: %s\n", line->valuestring);
    }
    bnc_explain_statsd_print(bnc_json_get(tree, "statsd"));
}

static int
print(const struct bnc_engine *engine, const struct bnc_options *options,
      const struct subject *subject)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_object *workload = bnc_cache_get(
        bnc_engine_cache(engine), subject->kind, subject->ns, subject->name);
    if (workload == NULL) {
        (void)fprintf(stderr, "binnacle explain: there is no %s %s in namespace %s\n",
                      bnc_kind_info(subject->kind)->name, subject->name, subject->ns);
        return 1;
    }
    const cJSON *tree = explain(engine, workload, arena);
    if (options->format != NULL && strcmp(options->format, "json") == 0) {
        struct bnc_str out = bnc_str_new(arena, OUTPUT_MAX);
        bnc_json_print(tree, &out);
        (void)printf("%s\n", out.ptr);
    } else {
        print_text(tree, arena);
    }
    return 0;
}

/* ---- a cluster, read once -------------------------------------------------------- */

struct reading {
    struct bnc_world *world;
    const char *missing; /* what was not there in time; NULL: nothing */
    struct bnc_controller *controller;
    struct bnc_arena *arena;
};

static void
on_settled(void *arg, struct bnc_controller *controller)
{
    const struct reading *r = arg;
    const struct bnc_engine *engine = bnc_controller_engine(controller);
    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        if (bnc_engine_result(engine, i)->pending) {
            return; /* an object that is read by name is on its way */
        }
    }
    bnc_world_stop(r->world);
}

static void
lose_patience(void *arg)
{
    struct reading *r = arg;
    const char *why = bnc_controller_not_ready(r->controller, r->arena);
    r->missing = why == NULL ? "the cluster does not come to rest" : why;
    bnc_world_stop(r->world);
}

static int
explain_cluster(const struct bnc_options *options, const struct subject *subject)
{
    struct reading r = {.arena = bnc_arena_new()};
    struct bnc_error err = {0};
    struct bnc_kube_config *config = NULL;
    struct bnc_kube *kube = NULL;
    struct bnc_settings settings = {
        .trusted_namespaces = bnc_options_list(options->trusted_namespaces, r.arena)};
    const struct bnc_kube_config_options where = {.kubeconfig = options->kubeconfig,
                                                  .context = options->context};
    int status = 1;

    r.world = bnc_world_real_new(0, &err);
    if (r.world == NULL || bnc_log_set_level("warn", &err) ||
        bnc_kube_config_load(r.world, &where, &config, &err) ||
        bnc_kube_new(r.world, config, bnc_version_text(), &kube, &err)) {
        (void)fprintf(stderr, "binnacle explain: %s\n", err.message);
        bnc_world_free(r.world);
        bnc_arena_free(r.arena);
        return 1;
    }
    struct bnc_source *source = bnc_source_cluster_new(
        kube, &(struct bnc_source_cluster_options){.want_pods = true});
    r.controller = bnc_controller_new(
        &(struct bnc_controller_options){.world = r.world,
                                         .source = source,
                                         .reconcilers = bnc_reconcilers,
                                         .n_reconcilers = bnc_n_reconcilers,
                                         .planner = &bnc_planner_prometheus,
                                         .settings = &settings,
                                         .instance = "explain",
                                         .read_only = true,
                                         .on_settled = on_settled,
                                         .arg = &r});
    struct bnc_timer *patience = bnc_timer_new(r.world, lose_patience, &r);
    bnc_timer_set(patience, PATIENCE_MS);
    bnc_controller_start(r.controller);
    bnc_world_run(r.world);
    if (r.missing != NULL) {
        (void)fprintf(stderr, "binnacle explain: %s\n", r.missing);
    } else {
        status = print(bnc_controller_engine(r.controller), options, subject);
    }
    bnc_timer_free(patience);
    bnc_controller_free(r.controller);
    bnc_source_free(source);
    bnc_kube_free(kube);
    bnc_world_free(r.world);
    bnc_arena_free(r.arena);
    return status;
}

/* ---- manifests ------------------------------------------------------------------- */

static void
on_read(void *arg, struct bnc_controller *controller)
{
    struct bnc_offline *o = arg;
    BNC_UNUSED(controller);
    bnc_world_stop(o->world);
}

static int
explain_files(const struct bnc_options *options, const struct subject *subject)
{
    struct bnc_offline o;
    struct bnc_error err = {0};
    int status = 1;
    if (bnc_offline_start(&o, options, on_read, &err)) {
        (void)fprintf(stderr, "binnacle explain: %s\n", err.message);
    } else {
        if (o.read_problems > 0) {
            bnc_offline_collect(&o);
            bnc_findings_print(&o.found, stderr, false);
        }
        status = print(bnc_controller_engine(o.controller), options, subject);
    }
    bnc_offline_free(&o);
    return status;
}

int
bnc_cmd_explain(const struct bnc_options *options)
{
    struct subject subject = {0};
    if (!read_subject(options, &subject)) {
        (void)fprintf(stderr, "binnacle explain: say what: deploy/NAME, sts/NAME, "
                              "ds/NAME, job/NAME, cj/NAME or pod/NAME\n");
        return 2;
    }
    if (options->format != NULL && strcmp(options->format, "json") != 0 &&
        strcmp(options->format, "text") != 0) {
        (void)fprintf(stderr, "binnacle explain: -o is text or json\n");
        return 2;
    }
    return options->n_paths > 0 ? explain_files(options, &subject)
                                : explain_cluster(options, &subject);
}
