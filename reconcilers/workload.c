/*
 * Workloads (and pods that no known workload controls): who they are, which
 * ports they declare, and every annotation that may concern us, by layer.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "reconcilers/annotations.h"
#include "reconcilers/compile.h"
#include "reconcilers/injection.h"
#include "reconcilers/rules.h"

#define NOTES_MAX 512 /* annotations of one workload, all layers together */
#define PORTS_MAX 256

struct step {
    const struct bnc_object *self;
    struct bnc_view *view;
    struct bnc_arena *arena; /* scratch: only what is kept is copied out of it */
    struct bnc_ir_workload *ir;
};

/* ---- annotations --------------------------------------------------------------- */

static const char own_field[] = "metadata.annotations";

static const char *
template_field(enum bnc_kind kind)
{
    switch ((int)kind) {
    case BNC_KIND_POD:
        return own_field;
    case BNC_KIND_CRON_JOB:
        return "spec.jobTemplate.spec.template.metadata.annotations";
    default:
        return "spec.template.metadata.annotations";
    }
}

static void
add_notes(struct step *s, const cJSON *annotations, enum bnc_layer layer,
          const char *owner, const char *field)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, annotations)
    {
        if (!cJSON_IsString(item) || !bnc_annotation_known(item->string) ||
            s->ir->n_notes == NOTES_MAX) {
            continue;
        }
        s->ir->notes[s->ir->n_notes++] = (struct bnc_note){.key = item->string,
                                                           .value = item->valuestring,
                                                           .layer = layer,
                                                           .owner = owner,
                                                           .field = field};
    }
}

static void
add_service_notes(void *arg, const struct bnc_object *service)
{
    struct step *s = arg;
    struct bnc_error err = {0};
    cJSON *root = NULL;

    if (strstr(service->text.ptr, "\"annotations\"") == NULL ||
        bnc_json_parse(s->arena, service->text.ptr, service->text.len, &root, &err)) {
        return;
    }
    const cJSON *selector = bnc_json_path(root, "spec", "selector", NULL);
    if (selector == NULL || selector->child == NULL) {
        return; /* a Service without a selector chooses no pods */
    }
    const cJSON *want;
    cJSON_ArrayForEach(want, selector)
    {
        if (!bnc_str_eq(bnc_json_get_str(s->ir->labels, want->string),
                        want->valuestring)) {
            return;
        }
    }
    add_notes(s, bnc_json_path(root, "metadata", "annotations", NULL), BNC_LAYER_SERVICE,
              bnc_arena_fmt(s->arena, "Service %s/%s", service->ns, service->name),
              own_field);
}

static void
add_namespace_notes(struct step *s)
{
    const struct bnc_object *ns = NULL;
    struct bnc_error err = {0};
    cJSON *root = NULL;

    if (bnc_view_get(s->view, BNC_KIND_NAMESPACE, "", s->self->ns, &ns) !=
            BNC_VIEW_FOUND ||
        strstr(ns->text.ptr, "\"annotations\"") == NULL ||
        bnc_json_parse(s->arena, ns->text.ptr, ns->text.len, &root, &err)) {
        return; /* defaults that can't be read are none */
    }
    add_notes(s, bnc_json_path(root, "metadata", "annotations", NULL),
              BNC_LAYER_NAMESPACE, bnc_arena_fmt(s->arena, "Namespace %s", ns->name),
              own_field);
}

static int
compare_notes(const void *a, const void *b)
{
    const struct bnc_note *x = a;
    const struct bnc_note *y = b;
    int c = (int)x->layer - (int)y->layer;
    if (c == 0) {
        c = strcmp(x->key, y->key);
    }
    return c != 0 ? c : strcmp(x->owner, y->owner);
}

/* ---- ports --------------------------------------------------------------------- */

/* Of init containers only those that stay (sidecars) have ports to scrape. */
static void
add_ports(struct step *s, const cJSON *containers, bool init)
{
    const cJSON *container;
    cJSON_ArrayForEach(container, containers)
    {
        const char *name = bnc_json_get_str(container, "name");
        if (init && !bnc_str_eq(bnc_json_get_str(container, "restartPolicy"), "Always")) {
            continue;
        }
        const cJSON *port;
        cJSON_ArrayForEach(port, bnc_json_get(container, "ports"))
        {
            int64_t number = 0;
            if (!bnc_json_get_int(port, "containerPort", &number) || number < 1 ||
                number > 65535 || s->ir->n_ports == PORTS_MAX) {
                continue;
            }
            const char *port_name = bnc_json_get_str(port, "name");
            const char *protocol = bnc_json_get_str(port, "protocol");
            s->ir->ports[s->ir->n_ports++] =
                (struct bnc_port){.name = port_name == NULL ? "" : port_name,
                                  .number = number,
                                  .protocol = protocol == NULL ? "TCP" : protocol,
                                  .container = name == NULL ? "" : name};
        }
    }
}

/* ---- who it is ----------------------------------------------------------------- */

static const cJSON *
controller_of(const cJSON *root)
{
    const cJSON *owner;
    cJSON_ArrayForEach(owner, bnc_json_path(root, "metadata", "ownerReferences", NULL))
    {
        if (bnc_json_get_true(owner, "controller")) {
            return owner;
        }
    }
    return NULL;
}

/* "web" of the ReplicaSet "web-6d4cf56db6", NULL when no hash ends the name. */
static const char *
deployment_name(struct step *s, const char *replica_set)
{
    const char *dash = strrchr(replica_set, '-');
    if (dash == NULL || dash[1] == '\0' ||
        strspn(dash + 1, BNC_HASH_LETTERS) != strlen(dash + 1)) {
        return NULL;
    }
    return bnc_arena_strndup(s->arena, replica_set, (size_t)(dash - replica_set));
}

/* False when another object that we compile speaks for this pod. */
static bool
identify_pod(struct step *s, const cJSON *root)
{
    static const char *const known[] = {"StatefulSet", "DaemonSet", "Job"};
    struct bnc_identity *id = &s->ir->identity;
    const cJSON *owner = controller_of(root);
    const char *kind = bnc_json_get_str(owner, "kind");
    const char *name = bnc_json_get_str(owner, "name");

    id->controller_kind = "";
    id->name = s->self->name;
    if (kind == NULL || name == NULL || strcmp(kind, "Node") == 0) {
        return true; /* a node's static pods have nothing else in common */
    }
    for (size_t i = 0; i < BNC_LEN(known); i++) {
        if (strcmp(kind, known[i]) == 0) {
            id->controller_kind = kind;
            id->name = name;
            return false;
        }
    }
    if (strcmp(kind, "ReplicaSet") == 0) {
        const char *deployment = deployment_name(s, name);
        if (deployment != NULL &&
            bnc_view_exists(s->view, BNC_KIND_DEPLOYMENT, s->self->ns, deployment) ==
                BNC_VIEW_FOUND) {
            id->controller_kind = "Deployment";
            id->name = deployment;
            return false;
        }
    }
    id->controller_kind = kind;
    id->name = name;
    s->ir->workload = name;
    return true;
}

/* "report-28391040" of the CronJob "report", which speaks for it; not one made by hand.
 */
static bool
is_scheduled(const char *name, const cJSON *root)
{
    const cJSON *owner = controller_of(root);
    const char *cron = bnc_json_get_str(owner, "name");
    return cron != NULL && bnc_str_eq(bnc_json_get_str(owner, "kind"), "CronJob") &&
           bnc_identity_fits(name, cron, BNC_IDENTITY_TIME);
}

static bool
identify(struct step *s, const cJSON *root)
{
    struct bnc_identity *id = &s->ir->identity;
    id->ns = s->self->ns;
    id->name = s->self->name;
    s->ir->workload = s->self->name;
    id->suffix = BNC_IDENTITY_EXACT;

    if (s->self->kind == BNC_KIND_POD) {
        return identify_pod(s, root);
    }
    if (s->self->kind == BNC_KIND_DEPLOYMENT) {
        id->controller_kind = "ReplicaSet";
        id->suffix = BNC_IDENTITY_HASH;
        return true;
    }
    if (s->self->kind == BNC_KIND_CRON_JOB) {
        id->controller_kind = "Job";
        id->suffix = BNC_IDENTITY_TIME;
        return true;
    }
    id->controller_kind = bnc_kind_info(s->self->kind)->name;
    return s->self->kind != BNC_KIND_JOB || !is_scheduled(s->self->name, root);
}

static const cJSON *
template_of(const struct bnc_object *self, const cJSON *root)
{
    if (self->kind == BNC_KIND_POD) {
        return root;
    }
    const cJSON *spec = bnc_json_get(root, "spec");
    if (self->kind == BNC_KIND_CRON_JOB) {
        spec = bnc_json_path(spec, "jobTemplate", "spec", NULL);
    }
    return bnc_json_get(spec, "template");
}

/* A copy of what `from` holds in `arena`, with nothing else of the scratch arena. */
static struct bnc_ir_workload *
keep(const struct bnc_ir_workload *from, struct bnc_arena *arena)
{
    struct bnc_ir_workload *to = bnc_arena_alloc(arena, sizeof(*to));
    *to = *from;
    to->identity.ns = bnc_arena_strdup(arena, from->identity.ns);
    to->identity.controller_kind =
        bnc_arena_strdup(arena, from->identity.controller_kind);
    to->identity.name = bnc_arena_strdup(arena, from->identity.name);
    to->workload = bnc_arena_strdup(arena, from->workload);
    to->labels = bnc_json_clone(arena, from->labels);
    bnc_injection_keep(&from->injection, arena, &to->injection);
    to->notes = bnc_arena_array(arena, from->n_notes, sizeof(*to->notes));
    for (size_t i = 0; i < from->n_notes; i++) {
        const struct bnc_note *note = &from->notes[i];
        bool same_owner = i > 0 && note->owner == from->notes[i - 1].owner;
        to->notes[i] =
            (struct bnc_note){.key = bnc_arena_strdup(arena, note->key),
                              .value = bnc_arena_strdup(arena, note->value),
                              .layer = note->layer,
                              .field = note->field,
                              .owner = same_owner ? to->notes[i - 1].owner
                                                  : bnc_arena_strdup(arena, note->owner)};
    }
    to->sampling = NULL;
    if (from->sampling != NULL) {
        to->sampling = &to->notes[from->sampling - from->notes];
    }
    to->ports = bnc_arena_array(arena, from->n_ports, sizeof(*to->ports));
    for (size_t i = 0; i < from->n_ports; i++) {
        const struct bnc_port *port = &from->ports[i];
        to->ports[i] =
            (struct bnc_port){.name = bnc_arena_strdup(arena, port->name),
                              .number = port->number,
                              .protocol = bnc_arena_strdup(arena, port->protocol),
                              .container = bnc_arena_strdup(arena, port->container)};
    }
    return to;
}

static void
add_all_notes(struct step *s, const cJSON *root, const cJSON *template, bool *pending)
{
    const char *owner =
        bnc_arena_fmt(s->arena, "%s %s/%s", bnc_kind_info(s->self->kind)->name,
                      s->self->ns, s->self->name);

    s->ir->notes = bnc_arena_array(s->arena, NOTES_MAX, sizeof(*s->ir->notes));
    add_notes(s, bnc_json_path(template, "metadata", "annotations", NULL),
              BNC_LAYER_TEMPLATE, owner, template_field(s->self->kind));
    if (template != root) {
        add_notes(s, bnc_json_path(root, "metadata", "annotations", NULL),
                  BNC_LAYER_WORKLOAD, owner, own_field);
    }
    if (bnc_view_list(s->view, BNC_KIND_SERVICE, s->self->ns, add_service_notes, s) ==
        BNC_VIEW_PENDING) {
        *pending = true;
    }
    add_namespace_notes(s);
    qsort(s->ir->notes, s->ir->n_notes, sizeof(*s->ir->notes), compare_notes);
}

/* Its own word on sampling: what its Namespace says is for another level. */
static void
find_sampling(struct step *s)
{
    for (size_t i = 0; i < s->ir->n_notes; i++) {
        const struct bnc_note *note = &s->ir->notes[i];
        if (note->layer <= BNC_LAYER_WORKLOAD && strcmp(note->value, "true") == 0 &&
            strcmp(note->key, "binnacle.dev/ignore") == 0) {
            return;
        }
    }
    for (size_t i = 0; i < s->ir->n_notes && s->ir->sampling == NULL; i++) {
        const struct bnc_note *note = &s->ir->notes[i];
        if (note->layer <= BNC_LAYER_WORKLOAD &&
            strcmp(note->key, "binnacle.dev/sampling-percent") == 0) {
            s->ir->sampling = note;
        }
    }
}

static void
count_one(void *arg, const struct bnc_object *object)
{
    BNC_UNUSED(object);
    (*(size_t *)arg)++;
}

/* True when a SamplingPolicy of the namespace may be about it. */
static bool
near_sampling(const struct step *s)
{
    size_t n = 0;
    (void)bnc_view_list(s->view, BNC_KIND_SAMPLING_POLICY, s->self->ns, count_one, &n);
    return n > 0;
}

void
bnc_compile_workload(const struct bnc_object *self, const struct bnc_settings *settings,
                     struct bnc_view *view, struct bnc_ir *out)
{
    BNC_UNUSED(settings);
    struct bnc_error err = {0};
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    cJSON *root = NULL;
    if (bnc_json_parse(scratch, self->text.ptr, self->text.len, &root, &err)) {
        return;
    }
    struct bnc_ir_workload workload = {0};
    struct step s = {.self = self, .view = view, .arena = scratch, .ir = &workload};
    if (!identify(&s, root)) {
        if (self->kind == BNC_KIND_POD) {
            bnc_compile_proxy(self, root, &workload.identity, out);
        }
        return;
    }
    const cJSON *template = template_of(self, root);
    workload.labels = bnc_json_path(template, "metadata", "labels", NULL);
    add_all_notes(&s, root, template, &out->pending);
    find_sampling(&s);
    bool meshed =
        bnc_injection_read(self, root, template, view, scratch, &workload.injection);
    if (workload.n_notes == 0 && !meshed && !near_sampling(&s)) {
        return; /* BNC_IR_NONE: nothing here concerns us */
    }
    workload.ports = bnc_arena_array(scratch, PORTS_MAX, sizeof(*workload.ports));
    add_ports(&s, bnc_json_path(template, "spec", "containers", NULL), false);
    add_ports(&s, bnc_json_path(template, "spec", "initContainers", NULL), true);
    out->type = BNC_IR_WORKLOAD;
    out->as.workload = keep(&workload, out->arena);
}
