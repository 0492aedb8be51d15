/*
 * Dashboard: its JSON, found and read.
 */
#include <string.h>

#include "lib/json.h"
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
read_model(struct step *s, const char *text, const char *field)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;

    if (strlen(text) > MODEL_MAX) {
        bnc_diag_add(s->diags, BNC_REASON_TOO_BIG, field, "split it",
                     "the dashboard has more than %zu bytes", MODEL_MAX);
        return NULL;
    }
    if (bnc_json_parse(s->arena, text, strlen(text), &root, &err)) {
        bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD, field,
                     "store what Grafana exports", "it is not JSON: %s", err.message);
        return NULL;
    }
    const cJSON *inner = bnc_json_get(root, "dashboard");
    return cJSON_IsObject(inner) ? inner : root;
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
    const char *field = "spec.json";

    out->type = BNC_IR_DASHBOARD;
    out->as.dashboard = ir;
    bnc_object_decode_spec(self, &bnc_table_dashboard, &ir->spec, out);
    ir->org = ir->spec.org.set ? ir->spec.org.value : 1;
    ir->uid = bnc_grafana_uid(self->name, self->ns, "dashboard", out->arena);
    ir->title = bnc_arena_strdup(out->arena, self->name);
    const char *text = ir->spec.json;
    if (ir->spec.config_map_key_ref != NULL) {
        const struct bnc_secret_or_map ref = {.config_map = ir->spec.config_map_key_ref};
        field = "spec.configMapKeyRef";
        text = bnc_refs_either_text(&s.refs, &ref, field);
    }
    out->pending = s.refs.pending;
    if (text != NULL) {
        ir->model = read_model(&s, text, field);
        if (ir->model != NULL) {
            check_model(&s, field);
        }
    }
}
