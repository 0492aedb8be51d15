/*
 * An Observatory's block grafana: its defaults, the datasources that follow from the
 * Observatory itself, and the members that are in reach.
 */
#include "reconcilers/grafana.h"

#include <string.h>

#include "lib/json.h"
#include "reconcilers/plan_state.h"
#include "reconcilers/refs.h"
#include "render/boards.h"

#define TITLE_ROOM  64 /* of a name that is cut to fit into a title */
#define POLL_MIN_MS 1000
#define POLL_MAX_MS 3600000

/* ---- compile --------------------------------------------------------------------- */

static void
fill_output(const struct bnc_object *self, struct bnc_grafana_spec *grafana,
            struct bnc_arena *arena)
{
    static struct bnc_pair labels[] = {{"grafana_datasource", "1"}};
    if (grafana->output == NULL && grafana->credentials_ref == NULL) {
        grafana->output = bnc_arena_alloc(arena, sizeof(*grafana->output));
        grafana->output->labels =
            (struct bnc_pairs){.items = labels, .n = BNC_LEN(labels), .set = true};
    }
    if (grafana->output == NULL) {
        return; /* over the HTTP API only */
    }
    struct bnc_grafana_output_spec *output = grafana->output;
    output->ns = output->ns == NULL ? self->ns : output->ns;
    if (output->name == NULL) {
        output->name = bnc_arena_fmt(arena, "%s-grafana", self->name);
    }
    if (output->key == NULL) {
        output->key = bnc_arena_fmt(arena, "binnacle-%s-%s.yaml", self->ns, self->name);
    }
}

static void
fill_dashboards(const struct bnc_object *self, struct bnc_grafana_spec *grafana,
                struct bnc_arena *arena)
{
    static struct bnc_pair labels[] = {{"grafana_dashboard", "1"}};
    if (grafana->dashboard_output == NULL && grafana->credentials_ref != NULL) {
        return; /* likewise */
    }
    if (grafana->dashboard_output == NULL) {
        grafana->dashboard_output =
            bnc_arena_alloc(arena, sizeof(*grafana->dashboard_output));
        *grafana->dashboard_output = (struct bnc_dashboard_output_spec){
            .labels = {.items = labels, .n = BNC_LEN(labels), .set = true},
            .folder_annotation = "grafana_folder"};
    }
    if (grafana->dashboard_output->ns == NULL) {
        grafana->dashboard_output->ns = self->ns;
    }
}

static void
check_reach(const struct bnc_object *self, const struct bnc_ir_observatory *ir,
            const char *ns, const char *field, struct bnc_diags *diags)
{
    if (!bnc_scope_has(&ir->reach, ns)) {
        bnc_diag_add(diags, BNC_REASON_NOT_PERMITTED, field, "leave it out",
                     "an Observatory in namespace %s may not write to namespace %s",
                     self->ns, ns);
    }
}

/* A key of the Secret with credentials; false: it has none, which is no error yet. */
static bool
find_key(struct bnc_refs *refs, const char *name, const char *key, struct bnc_asset *out)
{
    enum bnc_found found = bnc_view_key(refs->view, BNC_KIND_SECRET, refs->ns, name, key);
    refs->pending = refs->pending || found == BNC_VIEW_PENDING;
    *out = (struct bnc_asset){
        .kind = BNC_KIND_SECRET, .ns = refs->ns, .name = name, .key = key};
    return found == BNC_VIEW_FOUND;
}

static void
find_ca(struct bnc_refs *refs, const struct bnc_tls_config *tls, struct bnc_asset *out)
{
    const struct bnc_ref *secret = tls->ca == NULL ? NULL : tls->ca->secret;
    const struct bnc_ref *map = tls->ca == NULL ? NULL : tls->ca->config_map;
    const struct bnc_ref *ref = secret != NULL ? secret : map;
    if (ref != NULL &&
        bnc_refs_either(refs, tls->ca, "spec.grafana.tlsConfig.ca") != NULL) {
        *out = (struct bnc_asset){.kind = secret != NULL ? BNC_KIND_SECRET
                                                         : BNC_KIND_CONFIG_MAP,
                                  .ns = refs->ns,
                                  .name = ref->name,
                                  .key = ref->key};
    }
}

static int64_t
poll_of(const struct bnc_grafana_spec *grafana, struct bnc_diags *diags)
{
    struct bnc_error err = {0};
    int64_t ms = 0;
    if (grafana->poll_interval == NULL ||
        bnc_duration_parse(grafana->poll_interval, &ms, &err)) {
        return 0; /* told by decoding */
    }
    if (ms < POLL_MIN_MS || ms > POLL_MAX_MS) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, "spec.grafana.pollInterval",
                     "use 1s to 1h", "%s is out of bounds", grafana->poll_interval);
        return 0;
    }
    return ms;
}

/* Whoever is not trusted does not say whom we send requests to. */
static bool
may_ask(const struct bnc_object *self, const struct bnc_ir_observatory *ir,
        struct bnc_diags *diags)
{
    if (ir->own_only) {
        bnc_diag_add(diags, BNC_REASON_NOT_PERMITTED, "spec.grafana.credentialsRef",
                     "leave it out, or run binnacle with this namespace in "
                     "--trusted-namespaces",
                     "an Observatory in namespace %s has no Grafana asked", self->ns);
    } else if (ir->spec.grafana->url == NULL) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, "spec.grafana.url",
                     "set it, or leave credentialsRef out",
                     "credentialsRef is for a Grafana whose url is not known");
    } else {
        return true;
    }
    return false;
}

static void
find_login(const struct bnc_object *self, struct bnc_ir_observatory *ir,
           struct bnc_refs *refs)
{
    const struct bnc_grafana_spec *grafana = ir->spec.grafana;
    struct bnc_grafana_login *login = bnc_arena_alloc(refs->arena, sizeof(*login));
    struct bnc_asset token, username, password;

    if (grafana->credentials_ref == NULL || grafana->credentials_ref->name == NULL ||
        !may_ask(self, ir, refs->diags)) {
        return;
    }
    const char *name = grafana->credentials_ref->name;
    bool has_token = find_key(refs, name, "token", &token);
    bool has_user = find_key(refs, name, "username", &username);
    bool has_password = find_key(refs, name, "password", &password);
    if (has_token) {
        login->token = token;
    } else if (has_user && has_password) {
        login->username = username;
        login->password = password;
    } else {
        if (!refs->pending) {
            bnc_diag_warn(
                refs->diags, BNC_REASON_REF_NOT_FOUND, "spec.grafana.credentialsRef",
                "give it the key token, or username and password",
                "Secret %s/%s has no credentials that can be read", self->ns, name);
        }
        return;
    }
    login->poll_ms = poll_of(grafana, refs->diags);
    if (grafana->tls_config != NULL) {
        find_ca(refs, grafana->tls_config, &login->ca);
    }
    ir->grafana = login;
}

void
bnc_grafana_compile(const struct bnc_object *self, struct bnc_ir_observatory *ir,
                    struct bnc_refs *refs)
{
    struct bnc_grafana_spec *grafana = ir->spec.grafana;

    fill_output(self, grafana, refs->arena);
    fill_dashboards(self, grafana, refs->arena);
    if (grafana->output != NULL) {
        check_reach(self, ir, grafana->output->ns, "spec.grafana.output.namespace",
                    refs->diags);
        const char *key = grafana->output->key;
        if (!bnc_str_ends(key, ".yaml") && !bnc_str_ends(key, ".yml")) {
            bnc_diag_add(refs->diags, BNC_REASON_INVALID_FIELD, "spec.grafana.output.key",
                         "end it in .yaml", "Grafana does not read a file named %s", key);
        }
    }
    if (grafana->dashboard_output != NULL) {
        check_reach(self, ir, grafana->dashboard_output->ns,
                    "spec.grafana.dashboardOutput.namespace", refs->diags);
    }
    find_login(self, ir, refs);
}

/* ---- what follows from the Observatory -------------------------------------------- */

static const struct {
    const char *backend; /* its type */
    const char *type;    /* of the datasource */
} queried[] = {{"jaeger", "jaeger"}, {"zipkin", "zipkin"}, {"tempo", "tempo"}};

static const char *
type_of(const struct bnc_backend_spec *backend)
{
    for (size_t i = 0; backend->query_url != NULL && i < BNC_LEN(queried); i++) {
        if (bnc_str_eq(backend->type, queried[i].backend)) {
            return queried[i].type;
        }
    }
    return NULL;
}

static void
derive(struct bnc_grafana_plan *g, const char *word, const char *type, const char *url,
       const cJSON *json_data, const struct bnc_datasource_links *links)
{
    const struct bnc_object *self = g->plan->observatory->object;
    const struct bnc_grafana_spec *grafana = g->state->ir->spec.grafana;
    struct bnc_grafana_item *item = &g->items[g->n_items++];
    struct bnc_spec_datasource *spec = bnc_arena_alloc(g->arena, sizeof(*spec));
    struct bnc_datasource_links *own = bnc_arena_alloc(g->arena, sizeof(*own));
    const char *title =
        bnc_arena_fmt(g->arena, "%.*s-%.*s", TITLE_ROOM, self->name, TITLE_ROOM, word);

    *own = *links;
    *spec =
        (struct bnc_spec_datasource){.type = type, .url = url, .json_data = json_data};
    *item = (struct bnc_grafana_item){
        .source = {.uid = bnc_grafana_uid(title, self->ns, "derived", g->arena),
                   .title = title,
                   .org = grafana->org.set ? grafana->org.value : 1,
                   .spec = spec},
        .links = own,
        .name = word,
        .of = bnc_arena_fmt(g->arena, "%s of Observatory %s/%s", word, self->ns,
                            self->name),
        .verdict = SIZE_MAX};
}

static const cJSON *
prometheus_data(const struct bnc_grafana_plan *g)
{
    const struct bnc_version *v = &g->state->version;
    const char *version =
        bnc_arena_fmt(g->arena, "%d.%d.%d", (int)v->major, (int)v->minor, (int)v->patch);
    cJSON *data = bnc_json_object(g->arena);
    bnc_json_set_str(g->arena, data, "httpMethod", "POST");
    bnc_json_set_str(g->arena, data, "prometheusType", "Prometheus");
    bnc_json_set_str(g->arena, data, "prometheusVersion", version);
    bnc_json_set_str(g->arena, data, "timeInterval", g->state->interval);
    return data;
}

static void
derive_all(struct bnc_grafana_plan *g)
{
    const struct bnc_spec_observatory *spec = &g->state->ir->spec;
    const struct bnc_tracing_spec *tracing = spec->tracing;
    const struct bnc_backend_spec *backends =
        tracing == NULL ? NULL : tracing->backends.items;
    size_t n = tracing == NULL ? 0 : tracing->backends.n;
    bool metrics = spec->prometheus != NULL && spec->prometheus->url != NULL;
    const char *traces = NULL;

    for (size_t i = n; i > 0; i--) { /* the first one is what exemplars lead to */
        traces = type_of(&backends[i - 1]) == NULL ? traces : backends[i - 1].name;
    }
    if (metrics) {
        derive(g, "prometheus", "prometheus", spec->prometheus->url, prometheus_data(g),
               &(struct bnc_datasource_links){.traces = traces});
    }
    for (size_t i = 0; i < n; i++) {
        const char *type = type_of(&backends[i]);
        if (type != NULL) {
            derive(
                g, backends[i].name, type, backends[i].query_url, NULL,
                &(struct bnc_datasource_links){.logs = spec->grafana->logs,
                                               .metrics = metrics ? "prometheus" : NULL});
        }
    }
}

static const char *
title_of(const char *preset)
{
    const struct bnc_board *board = bnc_board_find(preset);
    return board == NULL ? preset : board->title;
}

/* The dashboards that spec.grafana.dashboards names. */
static void
add_presets(struct bnc_grafana_plan *g)
{
    const struct bnc_object *self = g->plan->observatory->object;
    const struct bnc_grafana_spec *grafana = g->state->ir->spec.grafana;
    for (size_t i = 0; i < grafana->dashboards.n; i++) {
        const char *preset = grafana->dashboards.items[i];
        g->boards[g->n_boards++] = (struct bnc_grafana_board){
            .preset = preset,
            .name = bnc_arena_fmt(g->arena, "%s-%s", self->name, preset),
            .of = bnc_arena_fmt(g->arena, "preset %s of Observatory %s/%s", preset,
                                self->ns, self->name),
            .uid = bnc_grafana_uid(preset, self->ns, self->name, g->arena),
            .title = title_of(preset),
            .folder = grafana->folder,
            .org = grafana->org.set ? grafana->org.value : 1,
            .verdict = SIZE_MAX};
    }
}

void
bnc_grafana_begin(struct bnc_plan *plan, struct bnc_plan_state *state,
                  const struct bnc_member *const *members, size_t n_members)
{
    const struct bnc_spec_observatory *spec = &state->ir->spec;
    size_t sources = 1 + (spec->tracing == NULL ? 0 : spec->tracing->backends.n);
    size_t boards = 0;

    if (spec->grafana == NULL) {
        return;
    }
    for (size_t i = 0; i < n_members; i++) {
        sources += members[i]->ir->type == BNC_IR_DATASOURCE;
        boards += members[i]->ir->type == BNC_IR_DASHBOARD;
    }
    struct bnc_grafana_plan *g = bnc_arena_alloc(plan->arena, sizeof(*g));
    *g = (struct bnc_grafana_plan){.plan = plan, .state = state, .arena = plan->arena};
    g->items = bnc_arena_array(g->arena, sources, sizeof(*g->items));
    g->boards = bnc_arena_array(g->arena, boards + spec->grafana->dashboards.n,
                                sizeof(*g->boards));
    if (spec->grafana->derive != BNC_FALSE) {
        derive_all(g);
    }
    add_presets(g);
    state->grafana = g;
}

/* ---- members --------------------------------------------------------------------- */

/* A verdict; NULL when it is out of reach, and unselected ones are told so. */
static struct bnc_verdict *
begin_verdict(struct bnc_grafana_plan *g, const struct bnc_member *member,
              const struct bnc_selector *selector, const char *word)
{
    static const struct bnc_selector everything;
    struct bnc_verdict *v = &g->plan->verdicts[g->plan->n_verdicts++];
    const struct bnc_object *self = g->plan->observatory->object;

    selector = selector == NULL ? &everything : selector;
    *v = (struct bnc_verdict){.member = member};
    v->selected = bnc_selector_match(selector, member->ir->labels);
    v->why = member->ir->diags.items;
    v->n_why = member->ir->diags.n;
    if (!v->selected) {
        struct bnc_diags diags = bnc_diags_new(g->arena);
        const char *why = bnc_selector_why_not(selector, member->ir->labels, g->arena);
        bnc_diag_warn(&diags, BNC_REASON_NOT_SELECTED, "metadata.labels",
                      "label it so, or change the selector",
                      "%s of Observatory %s/%s asks for %s", word, self->ns, self->name,
                      why == NULL ? "something else" : why);
        v->why = diags.items;
        v->n_why = diags.n;
        return NULL;
    }
    if (member->ir->pending) {
        v->pending = true;
        g->plan->pending = true;
        return NULL;
    }
    v->accepted = member->ir->diags.errors == 0;
    return v->accepted ? v : NULL;
}

static void
select_source(struct bnc_grafana_plan *g, const struct bnc_member *member)
{
    const struct bnc_grafana_spec *grafana = g->state->ir->spec.grafana;
    const struct bnc_ir_datasource *ir = member->ir->as.datasource;
    const struct bnc_verdict *v =
        begin_verdict(g, member, grafana->datasource_selector, "datasourceSelector");
    if (v == NULL) {
        return;
    }
    g->items[g->n_items++] = (struct bnc_grafana_item){
        .source = {.uid = ir->uid,
                   .title = ir->title,
                   .org = ir->org,
                   .spec = &ir->spec,
                   .secure = ir->secure,
                   .n_secure = ir->n_secure},
        .links = ir->spec.links,
        .ns = member->object->ns,
        .name = member->object->name,
        .of = bnc_arena_fmt(g->arena, "Datasource %s/%s", member->object->ns,
                            member->object->name),
        .verdict = (size_t)(v - g->plan->verdicts)};
}

static void
select_board(struct bnc_grafana_plan *g, const struct bnc_member *member)
{
    const struct bnc_grafana_spec *grafana = g->state->ir->spec.grafana;
    const struct bnc_ir_dashboard *ir = member->ir->as.dashboard;
    const struct bnc_verdict *v =
        begin_verdict(g, member, grafana->dashboard_selector, "dashboardSelector");
    if (v == NULL) {
        return;
    }
    g->boards[g->n_boards++] = (struct bnc_grafana_board){
        .ir = ir,
        .preset = ir->spec.preset,
        .ns = member->object->ns,
        .name = member->object->name,
        .of = bnc_arena_fmt(g->arena, "Dashboard %s/%s", member->object->ns,
                            member->object->name),
        .title = ir->spec.preset == NULL ? ir->title : title_of(ir->spec.preset),
        .uid = ir->uid,
        .folder = ir->spec.folder,
        .org = ir->org,
        .verdict = (size_t)(v - g->plan->verdicts)};
}

void
bnc_grafana_select(struct bnc_grafana_plan *grafana, const struct bnc_member *member)
{
    const struct bnc_ir_observatory *ir = grafana->state->ir;
    if (member->ir->type == BNC_IR_DATASOURCE &&
        bnc_scope_has(&ir->datasource_scope, member->object->ns)) {
        select_source(grafana, member);
    } else if (member->ir->type == BNC_IR_DASHBOARD &&
               bnc_scope_has(&ir->dashboard_scope, member->object->ns)) {
        select_board(grafana, member);
    }
}
