#include "reconcilers/mesh_rivals.h"

#include <string.h>

#include "lib/json.h"

bool
bnc_revision_default(const char *revision)
{
    return revision == NULL || revision[0] == '\0' || strcmp(revision, "default") == 0;
}

struct rivals {
    const struct bnc_object *self;
    const struct bnc_settings *settings;
    int64_t priority;
    const struct bnc_mesh_spec *mesh;
    const char *winner; /* "NS/NAME"; NULL: none */
    struct bnc_arena *arena;
};

static const char *
or_default(const char *text, const char *def)
{
    return text == NULL ? def : text;
}

static bool
same_revision(const char *a, const char *b)
{
    return bnc_revision_default(a) ? bnc_revision_default(b) : bnc_str_eq(a, b);
}

static void
look_at_rival(void *arg, const struct bnc_object *object)
{
    struct rivals *r = arg;
    struct bnc_error err = {0};
    cJSON *root = NULL;
    int64_t priority = 0;
    bool itself =
        strcmp(object->ns, r->self->ns) == 0 && strcmp(object->name, r->self->name) == 0;

    if (itself || object->deleting || !bnc_settings_trusts(r->settings, object->ns) ||
        strstr(object->text.ptr, "\"mesh\"") == NULL ||
        bnc_json_parse(r->arena, object->text.ptr, object->text.len, &root, &err)) {
        return;
    }
    const cJSON *spec = bnc_json_get(root, "spec");
    const cJSON *mesh = bnc_json_get(spec, "mesh");
    if (!cJSON_IsObject(mesh) ||
        strcmp(or_default(bnc_json_get_str(mesh, "namespace"), "istio-system"),
               r->mesh->ns) != 0 ||
        !same_revision(bnc_json_get_str(mesh, "revision"), r->mesh->revision)) {
        return;
    }
    (void)bnc_json_get_int(spec, "priority", &priority);
    int c = strcmp(object->ns, r->self->ns);
    c = c != 0 ? c : strcmp(object->name, r->self->name);
    if (priority > r->priority || (priority == r->priority && c < 0)) {
        r->winner = bnc_arena_fmt(r->arena, "%s/%s", object->ns, object->name);
    }
}

const char *
bnc_mesh_rival(const struct bnc_object *self, const struct bnc_settings *settings,
               const struct bnc_spec_observatory *spec, struct bnc_view *view,
               struct bnc_arena *arena, enum bnc_found *found)
{
    struct rivals rivals = {.self = self,
                            .settings = settings,
                            .priority = spec->priority.set ? spec->priority.value : 0,
                            .mesh = spec->mesh,
                            .arena = arena};
    *found = bnc_view_list(view, BNC_KIND_OBSERVATORY, NULL, look_at_rival, &rivals);
    return rivals.winner;
}
