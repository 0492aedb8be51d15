#include "reconcilers/mesh_facts.h"

#include <string.h>

#include "lib/json.h"
#include "model/field_text.h"
#include "reconcilers/kiali.h"
#include "reconcilers/mesh_rivals.h"
#include "reconcilers/scope.h"
#include "render/mesh_config.h"

#define ANNOTATION_WAS "binnacle.dev/was"
#define MESH_KEY       "mesh"

struct step {
    const struct bnc_object *self;
    const struct bnc_settings *settings;
    struct bnc_view *view;
    struct bnc_arena *arena;
    struct bnc_ir_observatory *ir;
    struct bnc_mesh_facts *facts;
    struct bnc_diags *diags;
    bool pending;
};

/* ---- services ------------------------------------------------------------------ */

bool
bnc_provider_service(const char *service, const char **ns, const char **name,
                     struct bnc_arena *arena)
{
    if (service == NULL) {
        return false;
    }
    const char *slash = strchr(service, '/');
    const char *host = slash == NULL ? service : slash + 1;
    const char *dot = strchr(host, '.');
    if (dot == NULL || dot[1] == '\0') {
        return false;
    }
    size_t n = strcspn(dot + 1, ".");
    const char *rest = dot + 1 + n;
    if (rest[0] != '\0' && strcmp(rest, ".svc") != 0 &&
        strcmp(rest, ".svc.cluster.local") != 0) {
        return false;
    }
    *name = bnc_arena_strndup(arena, host, (size_t)(dot - host));
    *ns = bnc_arena_strndup(arena, dot + 1, n);
    return true;
}

static void
look_for_service(struct step *s, const char *service)
{
    const char *ns = NULL;
    const char *name = NULL;
    if (!bnc_provider_service(service, &ns, &name, s->arena)) {
        return;
    }
    enum bnc_found found = bnc_view_exists(s->view, BNC_KIND_SERVICE, ns, name);
    s->pending = s->pending || found == BNC_VIEW_PENDING;
    if (found == BNC_VIEW_ABSENT && !s->settings->offline) {
        s->facts->missing[s->facts->n_missing++] =
            bnc_arena_fmt(s->arena, "%s/%s", ns, name);
    }
}

bool
bnc_mesh_facts_service_exists(void *arg, const struct bnc_provider *provider)
{
    const struct bnc_mesh_facts *facts = arg;
    BNC_AUTO(bnc_arena) scratch = bnc_arena_new();
    const char *ns = NULL;
    const char *name = NULL;
    if (!bnc_provider_service(provider->service, &ns, &name, scratch)) {
        return true; /* of a ServiceEntry: not ours to tell */
    }
    const char *key = bnc_arena_fmt(scratch, "%s/%s", ns, name);
    for (size_t i = 0; i < facts->n_missing; i++) {
        if (strcmp(facts->missing[i], key) == 0) {
            return false;
        }
    }
    return true;
}

static void
look_for_services(struct step *s)
{
    const struct bnc_tracing_spec *tracing = s->ir->spec.tracing;
    const struct bnc_backend_spec *backends =
        tracing == NULL ? NULL : tracing->backends.items;
    size_t n_backends = tracing == NULL ? 0 : tracing->backends.n;
    size_t n = s->facts->merged.n_providers + n_backends;

    s->facts->missing = bnc_arena_array(s->arena, n, sizeof(*s->facts->missing));
    for (size_t i = 0; i < s->facts->merged.n_providers; i++) {
        look_for_service(s, s->facts->merged.providers[i].service);
    }
    for (size_t i = 0; i < n_backends; i++) {
        look_for_service(s, backends[i].service);
    }
}

/* ---- the control plane's Deployment --------------------------------------------- */

static const cJSON *
find_named(const cJSON *list, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (bnc_str_eq(bnc_json_get_str(item, "name"), name)) {
            return item;
        }
    }
    return NULL;
}

static void
read_environment(struct step *s, const struct bnc_object *object)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    if (bnc_json_parse(s->arena, object->text.ptr, object->text.len, &root, &err)) {
        return;
    }
    const cJSON *containers =
        bnc_json_path(root, "spec", "template", "spec", "containers", NULL);
    const cJSON *container = find_named(containers, "discovery");
    if (container == NULL && containers != NULL) {
        container = containers->child;
    }
    const cJSON *env = bnc_json_get(container, "env");
    const cJSON *sampling = find_named(env, "PILOT_TRACE_SAMPLING");
    struct bnc_mesh_facts *facts = s->facts;

    facts->deployment = bnc_arena_strdup(s->arena, object->name);
    facts->container = bnc_json_get_str(container, "name");
    facts->sampling = bnc_json_get_str(sampling, "value");
    facts->sampling_item = sampling;
    facts->shared_name = bnc_json_get_str(find_named(env, "SHARED_MESH_CONFIG"), "value");
    facts->deployment_was = bnc_json_get_str(
        bnc_json_path(root, "metadata", "annotations", NULL), ANNOTATION_WAS);
}

static void
find_control_plane(struct step *s)
{
    const char *revision = s->ir->spec.mesh->revision;
    const char *names[2] = {"istiod", "istio-pilot"}; /* since 1.5, and before */
    size_t n = 2;
    if (!bnc_revision_default(revision)) {
        names[0] = bnc_arena_fmt(s->arena, "istiod-%s", revision);
        n = 1;
    }
    for (size_t i = 0; i < n && s->facts->deployment == NULL; i++) {
        const struct bnc_object *object = NULL;
        enum bnc_found found =
            bnc_view_get(s->view, BNC_KIND_DEPLOYMENT, s->facts->ns, names[i], &object);
        s->pending = s->pending || found == BNC_VIEW_PENDING;
        if (found == BNC_VIEW_FOUND) {
            read_environment(s, object);
        }
    }
    struct bnc_mesh_facts *facts = s->facts;
    facts->reads_ours =
        facts->deployment == NULL || bnc_str_eq(facts->shared_name, facts->own_shared);
}

/* ---- its configuration --------------------------------------------------------- */

/* True when the object has the key; its text in *text. */
static bool
read_map(struct step *s, const char *name, struct bnc_bytes *text)
{
    enum bnc_found found = bnc_view_value(s->view, BNC_KIND_CONFIG_MAP, s->facts->ns,
                                          name, MESH_KEY, s->arena, text);
    s->pending = s->pending || found == BNC_VIEW_PENDING;
    return found == BNC_VIEW_FOUND;
}

static void
complain(struct step *s, const char *name, const struct bnc_error *err)
{
    bnc_diag_warn(s->diags, BNC_REASON_INVALID_REF, "spec.mesh",
                  "correct it: istiod drops all of it",
                  "the mesh configuration in ConfigMap %s/%s is wrong: %s", s->facts->ns,
                  name, err->message);
}

/* What we wrote about it, and which version of it that is. */
static void
read_main_object(struct step *s)
{
    const struct bnc_object *object = NULL;
    struct bnc_error err = {0};
    cJSON *root = NULL;
    if (bnc_view_get(s->view, BNC_KIND_CONFIG_MAP, s->facts->ns, s->facts->config_name,
                     &object) != BNC_VIEW_FOUND ||
        bnc_json_parse(s->arena, object->text.ptr, object->text.len, &root, &err)) {
        return;
    }
    s->facts->main_was = bnc_json_get_str(
        bnc_json_path(root, "metadata", "annotations", NULL), ANNOTATION_WAS);
}

static void
merge(struct step *s)
{
    struct bnc_mesh_facts *facts = s->facts;
    bnc_mesh_config_merge(facts->has_shared ? &facts->shared : NULL,
                          facts->has_main ? &facts->main : NULL, s->arena,
                          &facts->merged);
    facts->root_namespace =
        facts->merged.root_namespace == NULL ? facts->ns : facts->merged.root_namespace;
}

/* What we would write counts as written. */
static void
assume_config(struct step *s)
{
    const struct bnc_tracing_spec *tracing = s->ir->spec.tracing;
    const struct bnc_statsd_spec *statsd = s->ir->spec.statsd;
    struct bnc_mesh_wish wish = {.statsd_address =
                                     statsd == NULL ? NULL : statsd->address};
    struct bnc_bytes text = {0};
    struct bnc_error err = {0};
    if (tracing != NULL) {
        wish.backends = tracing->backends.items;
        wish.n = tracing->backends.n;
    }
    s->facts->has_shared =
        bnc_mesh_config_render(&wish, s->arena, &text, &err) == BNC_OK &&
        bnc_mesh_config_parse(text.ptr, text.len, s->arena, &s->facts->shared, &err) ==
            BNC_OK;
    merge(s);
}

static void
read_config(struct step *s)
{
    struct bnc_mesh_facts *facts = s->facts;
    const char *revision = s->ir->spec.mesh->revision;
    struct bnc_error err = {0};
    struct bnc_bytes text = {0};

    facts->config_name = bnc_revision_default(revision)
                             ? "istio"
                             : bnc_arena_fmt(s->arena, "istio-%s", revision);
    facts->has_main = read_map(s, facts->config_name, &facts->main_text);
    if (facts->has_main) {
        if (bnc_mesh_config_parse(facts->main_text.ptr, facts->main_text.len, s->arena,
                                  &facts->main, &err)) {
            complain(s, facts->config_name, &err);
        }
        read_main_object(s);
    }
    if (s->settings->offline && strcmp(s->ir->spec.mesh->mesh_config, "None") != 0) {
        assume_config(s); /* as if it were written: nobody reads it back */
        return;
    }
    const char *shared =
        facts->deployment == NULL ? facts->own_shared : facts->shared_name;
    if (shared != NULL && shared[0] != '\0') {
        facts->has_shared = read_map(s, shared, &text);
    }
    if (facts->has_shared &&
        bnc_mesh_config_parse(text.ptr, text.len, s->arena, &facts->shared, &err)) {
        complain(s, shared, &err);
    }
    merge(s);
}

/* ---- what is left --------------------------------------------------------------- */

/* The sampler of an Instrumentation, and what we wrote about it. */
static void
read_sampler(struct step *s, const struct bnc_object *object, struct bnc_left *left)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    if (bnc_json_parse(s->arena, object->text.ptr, object->text.len, &root, &err)) {
        return;
    }
    left->was = bnc_json_get_str(bnc_json_path(root, "metadata", "annotations", NULL),
                                 ANNOTATION_WAS);
    left->sampling_item = bnc_json_path(root, "spec", "sampler", NULL);
}

/* Its parts that are given back, in the facts of a mesh of its own. */
static struct bnc_left
read_left(struct step *s, enum bnc_kind kind, const char *ns, const char *name)
{
    const struct bnc_object *object = NULL;
    struct bnc_left left = {.of = {kind, ns, name}};
    enum bnc_found found = bnc_view_get(s->view, kind, ns, name, &object);

    s->pending = s->pending || found == BNC_VIEW_PENDING;
    if (found != BNC_VIEW_FOUND) {
        return left;
    }
    s->facts->ns = ns;
    s->facts->config_name = name;
    if (kind == BNC_KIND_INSTRUMENTATION) {
        read_sampler(s, object, &left);
    } else if (kind == BNC_KIND_DEPLOYMENT) {
        read_environment(s, object);
        left.was = s->facts->deployment_was;
        left.container = s->facts->container;
        left.sampling_item = s->facts->sampling_item;
    } else {
        (void)read_map(s, name, &left.main_text);
        read_main_object(s);
        left.was = s->facts->main_was;
    }
    return left;
}

static enum bnc_kind
held_kind(const char *kind)
{
    if (bnc_str_eq(kind, "Instrumentation") || bnc_str_eq(kind, "Kiali")) {
        return kind[0] == 'K' ? BNC_KIND_KIALI : BNC_KIND_INSTRUMENTATION;
    }
    return bnc_str_eq(kind, "Deployment") ? BNC_KIND_DEPLOYMENT : BNC_KIND_CONFIG_MAP;
}

static bool
is_current(const struct bnc_ir_observatory *ir, enum bnc_kind kind, const char *ns,
           const char *name)
{
    const struct bnc_mesh_facts *facts = ir->mesh;
    bool of_mesh =
        kind != BNC_KIND_KIALI && facts != NULL && bnc_str_eq(facts->ns, ns) &&
        (bnc_str_eq(facts->deployment, name) || bnc_str_eq(facts->config_name, name));
    return of_mesh || bnc_kiali_is_current(ir, kind, ns, name);
}

static bool
is_denied(struct bnc_view *view, enum bnc_kind kind, const char *ns, const char *name)
{
    const struct bnc_object *object = NULL;
    return bnc_view_get(view, kind, ns, name, &object) == BNC_VIEW_DENIED;
}

void
bnc_mesh_left_compile(const struct bnc_object *self, struct bnc_view *view,
                      struct bnc_ir_observatory *ir, struct bnc_ir *out)
{
    struct bnc_error err = {0};
    cJSON *status = NULL;
    const cJSON *item;
    if (self->status.len == 0 ||
        bnc_json_parse(out->arena, self->status.ptr, self->status.len, &status, &err)) {
        return;
    }
    const cJSON *held = bnc_json_path(status, "mesh", "held", NULL);
    ir->left =
        bnc_arena_array(out->arena, (size_t)cJSON_GetArraySize(held), sizeof(*ir->left));
    cJSON_ArrayForEach(item, held)
    {
        const char *kind = bnc_json_get_str(item, "kind");
        const char *ns = bnc_json_get_str(item, "namespace");
        const char *name = bnc_json_get_str(item, "name");
        struct step s = {.view = view,
                         .arena = out->arena,
                         .ir = ir,
                         .facts = bnc_arena_alloc(out->arena, sizeof(*s.facts)),
                         .diags = &out->diags};
        enum bnc_kind of = held_kind(kind);
        if (ns == NULL || name == NULL) {
            continue;
        }
        if (self->deleting && is_denied(view, of, ns, name)) {
            out->pending = true; /* values of ours may be in it */
        }
        if (is_current(ir, of, ns, name)) {
            continue;
        }
        struct bnc_left left = {.of = {of, ns, name}};
        left.kiali = bnc_kiali_left(view, of, ns, name, out);
        if (left.kiali != NULL) {
            left.was = left.kiali->was;
        } else if (of != BNC_KIND_KIALI) {
            left = read_left(&s, of, ns, name);
        }
        out->pending = out->pending || s.pending;
        if (left.was != NULL) {
            ir->left[ir->n_left++] = left;
        }
    }
}

/* ---- all of it ------------------------------------------------------------------- */

/* What is ours: another name for each revision. */
static void
name_own(struct step *s)
{
    const char *revision = s->ir->spec.mesh->revision;
    const char *ending =
        bnc_revision_default(revision) ? "" : bnc_arena_fmt(s->arena, ".%s", revision);
    s->facts->own_name = bnc_arena_fmt(s->arena, "binnacle%s", ending);
    s->facts->own_shared = bnc_arena_fmt(s->arena, "%s%s", BNC_SHARED_MESH, ending);
}

static void
fill_defaults(struct step *s)
{
    struct bnc_mesh_spec *mesh = s->ir->spec.mesh;
    mesh->ns = mesh->ns == NULL ? "istio-system" : mesh->ns;
    mesh->mode = mesh->mode == NULL ? "Telemetry" : mesh->mode;
    mesh->mesh_config = mesh->mesh_config == NULL ? "Shared" : mesh->mesh_config;
}

static void
check_rivals(struct step *s)
{
    enum bnc_found found = BNC_VIEW_FOUND;
    const char *winner =
        bnc_mesh_rival(s->self, s->settings, &s->ir->spec, s->view, s->arena, &found);
    s->pending = s->pending || found == BNC_VIEW_PENDING;
    if (winner != NULL) {
        bnc_diag_add(s->diags, BNC_REASON_MESH_TAKEN, "spec.mesh",
                     "leave it out, or give this one a higher priority",
                     "Observatory %s sets the mesh of namespace %s already", winner,
                     s->ir->spec.mesh->ns);
    }
}

static void
check(struct step *s)
{
    const struct bnc_mesh_spec *mesh = s->ir->spec.mesh;
    const struct bnc_mesh_facts *facts = s->facts;

    if (!s->ir->reach.all) {
        bnc_diag_add(s->diags, BNC_REASON_NOT_PERMITTED, "spec.mesh",
                     "leave it out, or run binnacle with this namespace in "
                     "--trusted-namespaces",
                     "an Observatory in namespace %s may not set a whole mesh",
                     s->self->ns);
        return;
    }
    if (s->pending || s->settings->offline || facts->reads_ours ||
        strcmp(mesh->mesh_config, "Shared") != 0) {
        return;
    }
    bnc_diag_warn(s->diags, BNC_REASON_NOT_SHARED, "spec.mesh.meshConfig",
                  bnc_arena_fmt(s->arena,
                                "kubectl -n %s set env deployment/%s "
                                "SHARED_MESH_CONFIG=%s, or use meshConfig: Patch",
                                facts->ns, facts->deployment, facts->own_shared),
                  "the control plane does not read ConfigMap %s/%s", facts->ns,
                  facts->own_shared);
}

void
bnc_mesh_facts_compile(const struct bnc_object *self, const struct bnc_settings *settings,
                       struct bnc_view *view, struct bnc_ir_observatory *ir,
                       struct bnc_ir *out)
{
    struct step s = {.self = self,
                     .settings = settings,
                     .view = view,
                     .arena = out->arena,
                     .ir = ir,
                     .facts = bnc_arena_alloc(out->arena, sizeof(*s.facts)),
                     .diags = &out->diags};
    ir->mesh = s.facts;
    fill_defaults(&s);
    s.facts->ns = ir->spec.mesh->ns;
    s.facts->offline = settings->offline;
    name_own(&s);
    find_control_plane(&s);
    read_config(&s);
    look_for_services(&s);
    check_rivals(&s);
    check(&s);
    out->pending = out->pending || s.pending;
}
