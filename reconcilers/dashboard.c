/*
 * Dashboard: its JSON, found and read.
 */
#include <string.h>

#include "lib/json.h"
#include "lib/zip.h"
#include "model/field_text.h"
#include "model/ir_grafana.h"
#include "reconcilers/compile.h"
#include "reconcilers/refs.h"
#include "render/grafana.h"

#define MODEL_MAX ((size_t)4 * 1024 * 1024) /* bytes of a dashboard */

struct step {
    const struct bnc_object *self;
    struct bnc_arena *arena;
    struct bnc_diags *diags;
    struct bnc_refs refs;
    struct bnc_ir_dashboard *ir;
};

/* Read it; also as the HTTP API has it, {"dashboard": {...}}. */
static const cJSON *
read_model(struct step *s, struct bnc_bytes text, const char *field)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;

    if (text.len > MODEL_MAX) {
        bnc_diag_add(s->diags, BNC_REASON_TOO_BIG, field, "split it",
                     "the dashboard has more than %zu bytes", MODEL_MAX);
        return NULL;
    }
    if (bnc_json_parse(s->arena, text.ptr, text.len, &root, &err)) {
        bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD, field,
                     "store what Grafana exports", "it is not JSON: %s", err.message);
        return NULL;
    }
    s->ir->size = text.len;
    const cJSON *inner = bnc_json_get(root, "dashboard");
    return cJSON_IsObject(inner) ? inner : root;
}

/* What spec.json or the ConfigMap has; a key that ends in .gz is unpacked. */
static bool
find_text(struct step *s, const char **field, struct bnc_bytes *out)
{
    const struct bnc_spec_dashboard *spec = &s->ir->spec;
    const struct bnc_ref *ref = spec->config_map_key_ref;
    struct bnc_str text = bnc_str_new(s->arena, MODEL_MAX);
    struct bnc_error err = {0};

    *field = ref == NULL ? "spec.json" : "spec.configMapKeyRef";
    if (ref == NULL) {
        *out =
            (struct bnc_bytes){spec->json, spec->json == NULL ? 0 : strlen(spec->json)};
        return spec->json != NULL;
    }
    if (!bnc_refs_map_bytes(&s->refs, ref, *field, out)) {
        return false;
    }
    if (!bnc_str_ends(ref->key, ".gz")) {
        return true;
    }
    if (bnc_zip_unpack(out->ptr, out->len, MODEL_MAX, &text, &err)) {
        bnc_diag_add(s->diags, BNC_REASON_INVALID_REF, *field, "store gzip there",
                     "key \"%s\" can't be unpacked: %s", ref->key, err.message);
        return false;
    }
    *out = (struct bnc_bytes){text.ptr, text.len};
    return true;
}

static void
check_model(struct step *s, const char *field)
{
    const cJSON *model = s->ir->model;
    if (!cJSON_IsObject(model)) {
        bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD, field,
                     "store what Grafana exports", "it is no object");
        s->ir->model = NULL;
        return;
    }
    const char *title = bnc_json_get_str(model, "title");
    const char *uid = bnc_json_get_str(model, "uid");
    if (title == NULL || title[0] == '\0') {
        bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD, field, "give it one",
                     "the dashboard has no title");
        return;
    }
    s->ir->title = title;
    if (uid == NULL || uid[0] == '\0') {
        return;
    }
    if (!bnc_text_keeps(BNC_TEXT_UID, uid)) {
        bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD, field,
                     bnc_text_remedy(BNC_TEXT_UID), "its uid \"%.64s\" is not Grafana's",
                     uid);
        return;
    }
    s->ir->uid = uid;
}

void
bnc_compile_dashboard(const struct bnc_object *self, const struct bnc_settings *settings,
                      struct bnc_view *view, struct bnc_ir *out)
{
    BNC_UNUSED(settings);
    struct bnc_ir_dashboard *ir = bnc_arena_alloc(out->arena, sizeof(*ir));
    struct step s = {
        .self = self,
        .arena = out->arena,
        .diags = &out->diags,
        .ir = ir,
        .refs = {
            .view = view, .arena = out->arena, .diags = &out->diags, .ns = self->ns}};
    const char *field = NULL;
    struct bnc_bytes text = {0};

    out->type = BNC_IR_DASHBOARD;
    out->as.dashboard = ir;
    bnc_object_decode_spec(self, &bnc_table_dashboard, &ir->spec, out);
    ir->org = ir->spec.org.set ? ir->spec.org.value : 1;
    ir->uid = bnc_grafana_uid(self->name, self->ns, "dashboard", out->arena);
    ir->title = bnc_arena_strdup(out->arena, self->name);
    if (find_text(&s, &field, &text)) {
        ir->model = read_model(&s, text, field);
        if (ir->model != NULL) {
            check_model(&s, field);
        }
    }
    out->pending = s.refs.pending;
}
