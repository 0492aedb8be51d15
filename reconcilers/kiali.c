#include "reconcilers/kiali.h"

#include <string.h>

#include "lib/json.h"
#include "reconcilers/claims.h"
#include "reconcilers/mesh_facts.h"

#define FIELD "spec.kiali"

/* ---- what is live ----------------------------------------------------------------- */

/* The annotation, and the spec of a custom resource. */
static void
read_object(const struct bnc_object *object, struct bnc_arena *arena,
            struct bnc_kiali_facts *facts)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    if (bnc_json_parse(arena, object->text.ptr, object->text.len, &root, &err)) {
        return;
    }
    const char *was = bnc_json_get_str(
        bnc_json_path(root, "metadata", "annotations", NULL), BNC_ANNOTATION_WAS);
    facts->was = was;
    facts->spec = facts->of.kind == BNC_KIND_KIALI ? bnc_json_get(root, "spec") : NULL;
}

/* The key that our annotation speaks of; NULL: it does not say. */
static const char *
key_before(const struct bnc_kiali_facts *facts, struct bnc_arena *arena)
{
    struct bnc_error err = {0};
    cJSON *was = NULL;
    return facts->was == NULL ||
                   bnc_json_parse(arena, facts->was, strlen(facts->was), &was, &err)
               ? NULL
               : bnc_json_get_str(was, "key");
}

static enum bnc_found
read_live(struct bnc_view *view, struct bnc_arena *arena, struct bnc_kiali_facts *facts)
{
    const struct bnc_object *object = NULL;
    const struct bnc_held *of = &facts->of;
    enum bnc_found found = bnc_view_get(view, of->kind, of->ns, of->name, &object);
    if (found == BNC_VIEW_FOUND) {
        read_object(object, arena, facts);
    }
    if (found == BNC_VIEW_FOUND && facts->key != NULL) {
        found = bnc_view_value(view, of->kind, of->ns, of->name, facts->key, arena,
                               &facts->text);
    }
    facts->found = found == BNC_VIEW_FOUND;
    return found;
}

/* ---- the block -------------------------------------------------------------------- */

static void
fill_defaults(struct bnc_kiali_spec *kiali)
{
    kiali->kind = kiali->kind == NULL ? "Kiali" : kiali->kind;
    kiali->ns = kiali->ns == NULL ? "istio-system" : kiali->ns;
    kiali->name = kiali->name == NULL ? "kiali" : kiali->name;
    kiali->key = kiali->key == NULL ? "config.yaml" : kiali->key;
}

/* False: not a place where fields may be set. */
static bool
check_place(const struct bnc_object *self, const struct bnc_ir_observatory *ir,
            struct bnc_diags *diags)
{
    const struct bnc_kiali_spec *kiali = ir->spec.kiali;
    if (!bnc_scope_has(&ir->reach, kiali->ns)) {
        bnc_diag_add(diags, BNC_REASON_NOT_PERMITTED, FIELD ".namespace",
                     "leave it out, or run binnacle with this namespace in "
                     "--trusted-namespaces",
                     "an Observatory in namespace %s may not set a Kiali in namespace %s",
                     self->ns, kiali->ns);
        return false;
    }
    if (bnc_str_eq(kiali->kind, "ConfigMap") && ir->mesh != NULL &&
        bnc_str_eq(kiali->ns, ir->mesh->ns) &&
        bnc_str_eq(kiali->name, ir->mesh->config_name)) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, FIELD ".name", "name Kiali's own",
                     "ConfigMap %s/%s is the mesh configuration", kiali->ns, kiali->name);
        return false;
    }
    return true;
}

static void
tell_found(enum bnc_found found, const struct bnc_kiali_facts *facts,
           const struct bnc_settings *settings, struct bnc_diags *diags)
{
    const char *kind = bnc_kind_info(facts->of.kind)->name;
    if (found == BNC_VIEW_DENIED) {
        bnc_diag_warn(diags, BNC_REASON_REF_DENIED, FIELD,
                      "give binnacle the rights of manifests/overlays/kiali",
                      "%s %s/%s may not be read", kind, facts->of.ns, facts->of.name);
    } else if (found == BNC_VIEW_ABSENT && !settings->offline) {
        bnc_diag_warn(diags, BNC_REASON_REF_NOT_FOUND, FIELD,
                      "correct kind, namespace and name, or install it",
                      facts->key == NULL ? "there is no %s %s/%s"
                                         : "there is no %s %s/%s with key %s",
                      kind, facts->of.ns, facts->of.name, facts->key);
    }
}

/* Kiali can show traces of some backends only. */
static void
check_backends(const struct bnc_ir_observatory *ir, struct bnc_diags *diags)
{
    const struct bnc_tracing_spec *tracing = ir->spec.tracing;
    const struct bnc_backend_spec *queried = NULL;
    for (size_t i = 0; tracing != NULL && i < tracing->backends.n; i++) {
        const struct bnc_backend_spec *backends = tracing->backends.items;
        const char *type = backends[i].type;
        if (backends[i].query_url == NULL) {
            continue;
        }
        if (bnc_str_eq(type, "jaeger") || bnc_str_eq(type, "tempo")) {
            return;
        }
        queried = queried == NULL ? &backends[i] : queried;
    }
    if (queried != NULL) {
        bnc_diag_warn(diags, BNC_REASON_NO_PROVIDER, FIELD,
                      "add a backend of type jaeger or tempo with queryUrl",
                      "Kiali reads traces from Jaeger and Tempo only: backend %s of type "
                      "%s is not told to it",
                      queried->name, queried->type == NULL ? "other" : queried->type);
    }
}

void
bnc_kiali_compile(const struct bnc_object *self, const struct bnc_settings *settings,
                  struct bnc_view *view, struct bnc_ir_observatory *ir,
                  struct bnc_ir *out)
{
    struct bnc_kiali_spec *kiali = ir->spec.kiali;
    struct bnc_kiali_facts *facts = bnc_arena_alloc(out->arena, sizeof(*facts));

    fill_defaults(kiali);
    check_backends(ir, &out->diags);
    if (!check_place(self, ir, &out->diags)) {
        return;
    }
    bool map = bnc_str_eq(kiali->kind, "ConfigMap");
    *facts = (struct bnc_kiali_facts){
        .of = {map ? BNC_KIND_CONFIG_MAP : BNC_KIND_KIALI, kiali->ns, kiali->name},
        .key = map ? kiali->key : NULL};
    enum bnc_found found = read_live(view, out->arena, facts);
    const char *before = map ? key_before(facts, out->arena) : NULL;
    facts->moved = before != NULL && !bnc_str_eq(before, facts->key);
    out->pending = out->pending || found == BNC_VIEW_PENDING;
    tell_found(found, facts, settings, &out->diags);
    ir->kiali = facts;
}

/* ---- what is left ------------------------------------------------------------------ */

bool
bnc_kiali_is_current(const struct bnc_ir_observatory *ir, enum bnc_kind kind,
                     const char *ns, const char *name)
{
    const struct bnc_kiali_facts *facts = ir->kiali;
    return facts != NULL && !facts->moved && facts->of.kind == kind &&
           bnc_str_eq(facts->of.ns, ns) && bnc_str_eq(facts->of.name, name);
}

const struct bnc_kiali_facts *
bnc_kiali_left(struct bnc_view *view, enum bnc_kind kind, const char *ns,
               const char *name, struct bnc_ir *out)
{
    struct bnc_kiali_facts *facts = bnc_arena_alloc(out->arena, sizeof(*facts));
    if (kind != BNC_KIND_KIALI && kind != BNC_KIND_CONFIG_MAP) {
        return NULL;
    }
    *facts = (struct bnc_kiali_facts){.of = {kind, bnc_arena_strdup(out->arena, ns),
                                             bnc_arena_strdup(out->arena, name)}};
    enum bnc_found found = read_live(view, out->arena, facts);
    if (found == BNC_VIEW_FOUND && kind == BNC_KIND_CONFIG_MAP) {
        facts->key = key_before(facts, out->arena);
        found = facts->key == NULL ? BNC_VIEW_ABSENT : read_live(view, out->arena, facts);
    }
    out->pending = out->pending || found == BNC_VIEW_PENDING;
    bool ours = facts->was != NULL && (kind == BNC_KIND_KIALI || facts->key != NULL);
    return ours ? facts : NULL;
}
