/*
 * Datasource: what can be said of it without knowing the others.
 */
#include <string.h>

#include "lib/json.h"
#include "model/ir_grafana.h"
#include "reconcilers/compile.h"
#include "reconcilers/refs.h"
#include "render/grafana.h"

struct step {
    const struct bnc_object *self;
    struct bnc_arena *arena;
    struct bnc_diags *diags;
    struct bnc_refs refs;
    struct bnc_ir_datasource *ir;
};

static void
compile_secure(struct step *s)
{
    const struct bnc_secure_field *fields = s->ir->spec.secure.items;
    size_t n = s->ir->spec.secure.n;

    s->ir->secure = bnc_arena_array(s->arena, n, sizeof(*s->ir->secure));
    for (size_t i = 0; i < n; i++) {
        struct bnc_ir_secure *secure = &s->ir->secure[s->ir->n_secure];
        const char *field =
            bnc_arena_fmt(s->arena, "spec.secureJsonData[%zu].secretKeyRef", i);
        if (fields[i].name != NULL &&
            bnc_refs_secret_value(&s->refs, fields[i].secret_key_ref, field,
                                  &secure->asset)) {
            secure->name = fields[i].name;
            s->ir->n_secure++;
        }
    }
}

/* A type without a field for a link can't have one. */
static void
check_links(struct step *s)
{
    const struct bnc_spec_datasource *spec = &s->ir->spec;
    if (spec->links == NULL || spec->type == NULL) {
        return;
    }
    const struct bnc_grafana_links has = bnc_grafana_links_of(spec->type);
    const struct {
        const char *to;
        bool possible;
        const char *word;
        const char *who;
    } rows[] = {
        {spec->links->traces, has.traces, "traces", "prometheus and loki have it"},
        {spec->links->logs, has.logs, "logs", "jaeger, zipkin and tempo have it"},
        {spec->links->metrics, has.metrics, "metrics",
         "jaeger, zipkin and tempo have it"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (rows[i].to != NULL && !rows[i].possible) {
            bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(s->arena, "spec.links.%s", rows[i].word),
                         bnc_arena_fmt(s->arena, "leave it out: %s", rows[i].who),
                         "a datasource of type %s has no link to %s", spec->type,
                         rows[i].word);
        }
    }
}

/* What would be sent as plain text although Grafana keeps it secret. */
static void
check_json_data(struct step *s)
{
    static const char *const secret[] = {"password",     "basicAuthPassword",
                                         "tlsClientKey", "accessToken",
                                         "token",        "secretKey"};
    for (size_t i = 0; i < BNC_LEN(secret); i++) {
        if (bnc_json_get(s->ir->spec.json_data, secret[i]) != NULL) {
            bnc_diag_add(s->diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(s->arena, "spec.jsonData.%s", secret[i]),
                         "move it to secureJsonData, with a secretKeyRef",
                         "everyone who may read this object reads it");
        }
    }
}

void
bnc_compile_datasource(const struct bnc_object *self, const struct bnc_settings *settings,
                       struct bnc_view *view, struct bnc_ir *out)
{
    BNC_UNUSED(settings);
    struct bnc_ir_datasource *ir = bnc_arena_alloc(out->arena, sizeof(*ir));
    struct step s = {
        .self = self,
        .arena = out->arena,
        .diags = &out->diags,
        .ir = ir,
        .refs = {
            .view = view, .arena = out->arena, .diags = &out->diags, .ns = self->ns}};

    out->type = BNC_IR_DATASOURCE;
    out->as.datasource = ir;
    bnc_object_decode_spec(self, &bnc_table_datasource, &ir->spec, out);
    ir->title = ir->spec.title != NULL ? ir->spec.title
                                       : bnc_arena_strdup(out->arena, self->name);
    ir->uid = ir->spec.uid != NULL
                  ? ir->spec.uid
                  : bnc_grafana_uid(self->name, self->ns, "datasource", out->arena);
    ir->org = ir->spec.org.set ? ir->spec.org.value : 1;
    compile_secure(&s);
    check_links(&s);
    check_json_data(&s);
    out->pending = s.refs.pending;
}
