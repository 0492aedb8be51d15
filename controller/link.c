#include "controller/link.h"

#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

/*
 * Units of work against the lowering of one job: what was measured, about 0.08 ms each.
 */
#define TURN_UNITS  64 /* nothing else in this turn */
#define PACK_UNITS  16 /* BNC_PACK_STEP bytes */
#define OTHER_UNITS 4

void
bnc_link_free(struct bnc_link *link)
{
    if (link != NULL) {
        bnc_link_digest_free(link);
        bnc_packing_free(link->packing);
        bnc_arena_free(link->scratch);
        bnc_arena_free(link->arena);
        free(link);
    }
}

static bool
has_finalizer(const cJSON *finalizers)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, finalizers)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, BNC_FINALIZER) == 0) {
            return true;
        }
    }
    return false;
}

static size_t
count_jobs(const struct bnc_plan *plan)
{
    size_t n = plan->n_units;
    while (n > 0 && plan->units[n - 1].section == BNC_SECTION_RULES) {
        n--;
    }
    return n;
}

/* What the Observatory itself says of its result. */
static void
begin_result(struct bnc_link *link)
{
    struct bnc_hub *hub = link->hub;
    const struct bnc_ir *ir = hub->member->ir;
    struct bnc_result *result = &link->result;

    *result = (struct bnc_result){.object = hub->member->object,
                                  .plan = &hub->plan,
                                  .pending = hub->plan.pending,
                                  .n_jobs = link->n_jobs};
    result->suspended = ir->as.observatory->spec.suspend == BNC_TRUE;
    result->orphan =
        bnc_str_eq(bnc_json_get_str(ir->annotations, "binnacle.dev/orphan"), "true");
    result->held = has_finalizer(ir->finalizers);
    bnc_diags_copy(&link->diags, ir->diags.items, ir->diags.n);
    bnc_diags_copy(&link->diags, hub->plan.diags.items, hub->plan.diags.n);
}

/*
 * Some blocks may have nothing to write as an object; without any block that is a
 * mistake.
 */
static bool
has_block(const struct bnc_link *link)
{
    const struct bnc_spec_observatory *spec =
        &link->hub->member->ir->as.observatory->spec;
    return spec->mesh != NULL || spec->tracing != NULL || spec->grafana != NULL ||
           spec->kiali != NULL;
}

static struct bnc_link *
begin(struct bnc_hub *hub, const struct bnc_planner *planner)
{
    const struct bnc_prometheus_spec *prometheus =
        hub->member->ir->as.observatory->spec.prometheus;
    struct bnc_link *link = bnc_alloc(sizeof(*link));

    *link = (struct bnc_link){
        .hub = hub, .planner = planner, .arena = bnc_arena_new(), .whole = true};
    link->scratch = bnc_arena_new();
    link->diags = bnc_diags_new(link->arena);
    hub->links++;
    link->n_jobs = count_jobs(&hub->plan);
    begin_result(link);
    link->result.told_first = hub->member->ir->as.observatory->spec.grafana != NULL;
    if (link->diags.errors > 0 || prometheus == NULL) {
        link->shard = hub->shards; /* no configuration */
        link->whole = link->diags.errors == 0 && bnc_link_beside(link) &&
                      (link->n > 0 || has_block(link));
        return link;
    }
    link->output = planner->output(&hub->plan);
    link->zipped = bnc_str_ends(link->output->key, ".gz");
    link->files = bnc_str_eq(prometheus->layout, "Files");
    link->slots =
        link->files && prometheus->parts.set ? (size_t)prometheus->parts.value : 0;
    link->result.told_first |=
        (link->files && link->slots == 0) || hub->plan.n_assets > 0;
    link->whole = bnc_link_beside(link); /* files before what names them */
    static const char *const rules[] = {BNC_RULES_FILE};
    link->rule_files = rules;
    link->n_rule_files = bnc_link_has_rules(link);
    link->rule_maps = hub->member->ir->as.observatory->operator_output && !link->files;
    if (link->rule_maps) {
        bnc_link_rule_maps(link);
    }
    return link;
}

bool
bnc_link_frame(struct bnc_link *link, const struct bnc_frame_ask *ask)
{
    struct bnc_error err = {0};
    if (link->planner->frame(&link->hub->plan, ask, link->arena, &link->frame,
                             &link->diags, &err)) {
        bnc_diag_add(&link->diags, BNC_REASON_INVALID_BASE, "spec.prometheus", NULL, "%s",
                     err.message);
        return false;
    }
    return true;
}

/* The pieces of a shard that become files. */
static void
begin_files(struct bnc_link *link)
{
    if (link->slots > 0) {
        bnc_link_deal(link);
        bnc_link_add_rules(link);
    } else {
        bnc_link_sort(link);
    }
    link->entries =
        bnc_arena_array(link->arena, link->n_pieces + 1, sizeof(*link->entries));
    link->n_entries = 1; /* the first is the root */
}

static bool
begin_shard(struct bnc_link *link)
{
    const struct bnc_frame_ask ask = {.shard = link->shard,
                                      .rule_files = link->rule_files,
                                      .n_rule_files = link->n_rule_files};
    link->next_piece = link->n_pieces = link->next_file = 0;
    if (link->files) {
        begin_files(link);
        return true;
    }
    if (!bnc_link_frame(link, &ask)) {
        return false;
    }
    bnc_link_cut(link);
    bnc_link_digest_begin(link);
    return true;
}

/* Some of the next piece. */
static bool
do_piece(struct bnc_link *link, size_t *units)
{
    struct bnc_piece *piece = &link->pieces[link->next_piece];
    struct bnc_error err = {0};
    uint64_t packed = link->hub->packed;
    bool packs = link->files || link->zipped;

    if (packs && bnc_link_pack_some(link, piece, &err)) {
        bnc_diag_add(&link->diags, BNC_REASON_TOO_BIG, "", NULL, "%s", err.message);
        return false;
    }
    *units = OTHER_UNITS;
    if (packs && (piece->packed == NULL || link->hub->packed != packed)) {
        *units += PACK_UNITS;
    }
    if (packs && piece->packed == NULL) {
        return true; /* there is more of it */
    }
    if (!link->files) {
        bnc_link_digest_add(link, piece);
    }
    link->next_piece++;
    return true;
}

static bool
end_shard(struct bnc_link *link)
{
    bool made = link->files ? bnc_link_files(link) : bnc_link_document(link);
    bnc_link_digest_free(link);
    link->pieces = NULL;
    link->shard++;
    return made;
}

/* The next thing to do for the current shard.  False: it cannot be made. */
static bool
step_shard(struct bnc_link *link, size_t *units)
{
    *units = TURN_UNITS;
    if (link->pieces == NULL) {
        return begin_shard(link);
    }
    if (link->next_piece < link->n_pieces) {
        return do_piece(link, units);
    }
    if (link->files && link->next_file < link->n_pieces) {
        *units = OTHER_UNITS;
        return bnc_link_file(link, &link->pieces[link->next_file++]);
    }
    return end_shard(link);
}

static void
finish(struct bnc_link *link)
{
    struct bnc_hub *hub = link->hub;
    struct bnc_result *result = &link->result;

    result->object = hub->member->object; /* its status may have changed meanwhile */
    result->revision = hub->result.revision + 1;
    for (size_t i = 0; i < link->n; i++) {
        bool apart = strcmp(link->desired[i].ns, result->object->ns) != 0;
        result->outside = result->outside || apart;
    }
    result->desired = link->desired;
    result->n_desired = link->n;
    result->ready = link->whole && !result->pending && link->diags.errors == 0;
    bnc_arena_free(hub->desired_arena);
    hub->desired_arena = link->arena;
    hub->diags = link->diags;
    hub->result = *result;
    hub->result.diags = &hub->diags;
    hub->link = NULL;
    link->arena = NULL; /* it is the hub's now */
    bnc_link_free(link);
    bnc_link_forget(hub);
}

size_t
bnc_link_step(struct bnc_hub *hub, const struct bnc_planner *planner)
{
    size_t units = TURN_UNITS;
    struct bnc_link *link = hub->link;
    if (link == NULL) {
        hub->link = begin(hub, planner);
    } else if (link->shard == hub->shards) {
        finish(link);
    } else if (!step_shard(link, &units)) {
        link->whole = false;
        link->shard = hub->shards;
    }
    return units;
}
