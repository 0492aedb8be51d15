/*
 * The objects that a mesh and its tracing are given.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/units.h"
#include "lib/yaml_in.h"
#include "reconcilers/mesh_plan.h"
#include "render/mesh_config.h"
#include "render/strategies.h"
#include "render/telemetry.h"

/* ---- Telemetry ----------------------------------------------------------------- */

static const char *
revision_of(const struct bnc_mesh_plan *mesh)
{
    const char *revision = mesh->state->ir->spec.mesh->revision;
    return revision == NULL || revision[0] == '\0' ? NULL : revision;
}

/* A level below this one, of the same proxies, has metrics too. */
static bool
has_metrics_below(const struct bnc_mesh_plan *mesh, const struct bnc_level *level)
{
    for (size_t i = 0; level->n_metrics > 0 && i < mesh->n_levels; i++) {
        const struct bnc_level *other = &mesh->levels[i];
        if (other->n_metrics > 0 && other->why_not == NULL && other->type > level->type &&
            (level->type == BNC_LEVEL_MESH || strcmp(other->ns, level->ns) == 0)) {
            return true;
        }
    }
    return false;
}

static void
add_telemetry(const struct bnc_mesh_plan *mesh, const struct bnc_level *level,
              struct bnc_arena *arena, struct bnc_document *out)
{
    struct bnc_telemetry_wish wish = {
        .has_tracing = level->no_tracing == NULL,
        .provider = level->provider,
        .percent = {level->said, level->percent},
    };
    wish.metrics = level->metrics;
    wish.n_metrics = level->n_metrics;
    wish.more_below = has_metrics_below(mesh, level);
    if (level->policy != NULL) {
        wish.custom_tags = level->policy->spec.custom_tags;
        wish.target_refs = level->policy->spec.target_refs.items;
        wish.n_target_refs = level->policy->spec.target_refs.n;
    }
    if (level->match_labels != NULL) {
        wish.match_labels = *level->match_labels;
    }
    *out = (struct bnc_document){.kind = BNC_KIND_TELEMETRY,
                                 .ns = level->ns,
                                 .name = level->name,
                                 .spec = bnc_telemetry_tree(&wish, arena),
                                 .revision = revision_of(mesh)};
}

static int
compare_telemetries(const void *a, const void *b)
{
    const struct bnc_telemetry *x = *(const struct bnc_telemetry *const *)a;
    const struct bnc_telemetry *y = *(const struct bnc_telemetry *const *)b;
    int c = strcmp(x->ns, y->ns);
    return c != 0 ? c : strcmp(x->name, y->name);
}

void
bnc_mesh_assume(struct bnc_mesh_plan *mesh)
{
    struct bnc_arena *arena = mesh->arena;
    const struct bnc_telemetry **list =
        bnc_arena_array(arena, mesh->n_telemetries + mesh->n_levels, sizeof(*list));
    size_t n = 0;
    for (size_t i = 0; i < mesh->n_telemetries; i++) {
        if (!bnc_str_eq(mesh->owners[i], mesh->owner)) {
            list[n++] = mesh->telemetries[i];
        }
    }
    for (size_t i = 0; i < mesh->n_levels; i++) {
        if (mesh->levels[i].why_not != NULL) {
            continue;
        }
        struct bnc_document document;
        struct bnc_telemetry *telemetry = bnc_arena_alloc(arena, sizeof(*telemetry));
        cJSON *root = bnc_json_object(arena);
        add_telemetry(mesh, &mesh->levels[i], arena, &document);
        bnc_json_set_item(arena, root, "spec", bnc_json_clone(arena, document.spec));
        bnc_telemetry_decode(root, arena, telemetry);
        telemetry->ns = document.ns;
        telemetry->name = document.name;
        telemetry->ours = true;
        list[n++] = telemetry;
    }
    if (n > 1) {
        qsort(list, n, sizeof(*list), compare_telemetries);
    }
    mesh->telemetries = list;
    mesh->n_telemetries = n;
}

/* ---- mesh configuration -------------------------------------------------------- */

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Before 1.18 a proxy drops labels that are not Istio's, unless it was told of them. */
static bool
wants_stat_tags(const struct bnc_mesh_spec *mesh)
{
    static const struct bnc_version native = {1, 18, 0};
    struct bnc_version version = {0};
    struct bnc_error err = {0};
    return mesh != NULL && mesh->version != NULL &&
           !bnc_version_parse(mesh->version, &version, &err) &&
           bnc_version_compare(&version, &native) < 0;
}

static size_t
count_labels(const struct bnc_mesh_plan *mesh)
{
    size_t n = 0;
    for (size_t i = 0; i < mesh->n_levels; i++) {
        for (size_t k = 0; k < mesh->levels[i].n_metrics; k++) {
            n += mesh->levels[i].metrics[k].add_labels.n;
        }
    }
    return n;
}

static void
add_stat_tags(const struct bnc_metric_override *override, struct bnc_texts *out)
{
    for (size_t i = 0; i < override->add_labels.n; i++) {
        if (!bnc_istio_label_known(override->add_labels.items[i].key)) {
            out->items[out->n++] = override->add_labels.items[i].key;
        }
    }
}

/* Labels that rules add and Istio does not have: each once, in byte order. */
static struct bnc_texts
stat_tags(const struct bnc_mesh_plan *mesh, struct bnc_arena *arena)
{
    struct bnc_texts all = {
        .items = bnc_arena_array(arena, count_labels(mesh), sizeof(*all.items))};
    for (size_t i = 0; i < mesh->n_levels; i++) {
        const struct bnc_level *level = &mesh->levels[i];
        for (size_t k = 0; level->why_not == NULL && k < level->n_metrics; k++) {
            add_stat_tags(&level->metrics[k], &all);
        }
    }
    struct bnc_texts out = {.items = all.items, .set = all.n > 0};
    if (all.n > 1) {
        qsort(all.items, all.n, sizeof(*all.items), compare_texts);
    }
    for (size_t i = 0; i < all.n; i++) {
        if (out.n == 0 || strcmp(out.items[out.n - 1], all.items[i]) != 0) {
            out.items[out.n++] = all.items[i];
        }
    }
    return out;
}

static struct bnc_mesh_wish
wish_of(const struct bnc_plan *plan, struct bnc_arena *arena)
{
    const struct bnc_plan_state *state = plan->state;
    const struct bnc_tracing_spec *tracing = state->ir->spec.tracing;
    const struct bnc_statsd_spec *statsd = state->ir->spec.statsd;
    struct bnc_mesh_wish wish = {0};
    if (tracing != NULL) {
        wish.backends = tracing->backends.items;
        wish.n = tracing->backends.n;
    }
    wish.statsd_address = statsd == NULL ? NULL : statsd->address;
    if (state->mesh != NULL && wants_stat_tags(state->ir->spec.mesh)) {
        wish.extra_stat_tags = stat_tags(state->mesh, arena);
    }
    return wish;
}

cJSON *
bnc_mesh_wish_of(const struct bnc_plan *plan, struct bnc_arena *arena)
{
    const struct bnc_mesh_wish wish = wish_of(plan, arena);
    return bnc_mesh_wish_tree(&wish, arena);
}

static bool
has_text(const cJSON *list, const char *text)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, text) == 0) {
            return true;
        }
    }
    return false;
}

/* A list of ConfigMap istio stands for ours whole: istiod does not join them. */
static void
check_stat_tags(const struct bnc_mesh_facts *facts, const struct bnc_texts *tags,
                struct bnc_arena *arena, struct bnc_diags *diags)
{
    struct bnc_yaml_docs docs = {0};
    struct bnc_error err = {0};
    if (tags->n == 0 || !facts->has_main ||
        bnc_yaml_read(facts->main_text.ptr, facts->main_text.len, NULL, arena, &docs,
                      &err) ||
        docs.n == 0) {
        return;
    }
    const cJSON *theirs =
        bnc_json_path(docs.items[0].root, "defaultConfig", "extraStatTags", NULL);
    for (size_t i = 0; theirs != NULL && i < tags->n; i++) {
        if (!has_text(theirs, tags->items[i])) {
            bnc_diag_warn(diags, BNC_REASON_FOREIGN_FIELD, "spec.mesh.meshConfig",
                          "add it there, or use meshConfig: Patch",
                          "ConfigMap %s/%s has a list defaultConfig.extraStatTags of its "
                          "own without \"%s\", which proxies before 1.18 will not report",
                          facts->ns, facts->config_name, tags->items[i]);
        }
    }
}

static bool
add_shared_config(const struct bnc_plan *plan, struct bnc_arena *arena,
                  struct bnc_document *out, struct bnc_diags *diags)
{
    const struct bnc_plan_state *state = plan->state;
    const struct bnc_mesh_wish wish = wish_of(plan, arena);
    struct bnc_error err = {0};

    *out = (struct bnc_document){.kind = BNC_KIND_CONFIG_MAP,
                                 .ns = state->ir->mesh->ns,
                                 .name = state->ir->mesh->own_shared,
                                 .key = "mesh"};
    if (bnc_mesh_config_render(&wish, arena, &out->bytes, &err)) {
        bnc_diag_add(diags, BNC_REASON_TOO_BIG, "spec.tracing", NULL, "%s", err.message);
        return false;
    }
    check_stat_tags(state->ir->mesh, &wish.extra_stat_tags, arena, diags);
    return true;
}

/* ---- Jaeger's strategies ------------------------------------------------------- */

static void
fill_operations(const struct bnc_mesh_plan *mesh, const struct bnc_level *level,
                struct bnc_arena *arena, const struct bnc_strategy_operation **out,
                size_t *n)
{
    const struct bnc_list *list =
        level->policy == NULL ? NULL : &level->policy->spec.operations;
    *n = list == NULL ? 0 : list->n;
    struct bnc_strategy_operation *items = bnc_arena_array(arena, *n, sizeof(*items));
    const struct bnc_operation_spec *specs = list == NULL ? NULL : list->items;
    for (size_t i = 0; i < *n; i++) {
        int64_t most = mesh->plan->verdicts[level->verdict].most_percent;
        int64_t percent = specs[i].percent.value;
        items[i] = (struct bnc_strategy_operation){specs[i].operation,
                                                   percent > most ? most : percent};
    }
    *out = items;
}

/* A service for each name that has another percentage than the mesh. */
static void
fill_services(const struct bnc_mesh_plan *mesh, struct bnc_arena *arena,
              struct bnc_strategies *out)
{
    struct bnc_strategy *items = bnc_arena_array(arena, mesh->n_services, sizeof(*items));
    for (size_t i = 0; i < mesh->n_services; i++) {
        const struct bnc_service *service = &mesh->services[i];
        items[i] = (struct bnc_strategy){.service = service->name,
                                         .percent = service->level->percent};
        fill_operations(mesh, service->level, arena, &items[i].operations,
                        &items[i].n_operations);
    }
    out->items = items;
    out->n = mesh->n_services;
}

static bool
add_strategies(const struct bnc_mesh_plan *mesh, struct bnc_arena *arena,
               struct bnc_document *out, struct bnc_diags *diags)
{
    const struct bnc_object *self = mesh->plan->observatory->object;
    const struct bnc_strategies_spec *spec =
        mesh->tracing == NULL ? NULL : mesh->tracing->strategies;
    struct bnc_strategies strategies = {0};
    struct bnc_error err = {0};
    if (spec == NULL || !mesh->systems[BNC_SYSTEM_JAEGER]) {
        return false;
    }
    strategies.default_percent = mesh->levels[0].percent;
    fill_operations(mesh, &mesh->levels[0], arena, &strategies.default_operations,
                    &strategies.n_default_operations);
    fill_services(mesh, arena, &strategies);
    *out = (struct bnc_document){
        .kind = bnc_str_eq(spec->kind, "Secret") ? BNC_KIND_SECRET : BNC_KIND_CONFIG_MAP,
        .ns = bnc_arena_strdup(arena, spec->ns == NULL ? self->ns : spec->ns),
        .name = spec->name == NULL
                    ? bnc_arena_fmt(arena, "%s-jaeger-sampling", self->name)
                    : spec->name,
        .key = spec->key == NULL ? "strategies.json" : spec->key};
    if (bnc_strategies_render(&strategies, arena, &out->bytes, &err)) {
        bnc_diag_add(diags, BNC_REASON_TOO_BIG, "spec.tracing.strategies", NULL, "%s",
                     err.message);
        return false;
    }
    return true;
}

/* ---- all of them --------------------------------------------------------------- */

size_t
bnc_mesh_documents(const struct bnc_plan *plan, struct bnc_arena *arena,
                   struct bnc_document **out, struct bnc_diags *diags)
{
    const struct bnc_plan_state *state = plan->state;
    const struct bnc_mesh_plan *mesh = state->mesh;
    size_t n = 0;

    *out = NULL;
    if (mesh == NULL || plan->observatory->ir->diags.errors > 0 ||
        plan->observatory->object->deleting) {
        return 0;
    }
    size_t mixer = bnc_mesh_mixer_room(mesh);
    struct bnc_document *list = bnc_arena_array(
        arena, mesh->n_levels + 2 + mixer + mesh->n_workloads, sizeof(*list));
    if (mesh->facts != NULL && bnc_str_eq(state->ir->spec.mesh->mesh_config, "Shared")) {
        n += add_shared_config(plan, arena, &list[n], diags);
    }
    for (size_t i = 0; mesh->facts != NULL && i < mesh->n_levels; i++) {
        if (mesh->levels[i].why_not == NULL) {
            add_telemetry(mesh, &mesh->levels[i], arena, &list[n++]);
        }
    }
    n += bnc_mesh_mixer(mesh, arena, &list[n], mixer, diags);
    n += bnc_mesh_sdk_documents(mesh, arena, &list[n], diags);
    n += add_strategies(mesh, arena, &list[n], diags);
    *out = list;
    return n;
}
