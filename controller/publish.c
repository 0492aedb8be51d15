#include "controller/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/output.h"
#include "lib/hash.h"
#include "lib/json.h"

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS   30000

struct bnc_publisher *
bnc_publisher_new(const struct bnc_publisher_options *options)
{
    struct bnc_publisher *publisher = bnc_alloc(sizeof(*publisher));
    publisher->options = *options;
    publisher->outputs = bnc_map_new();
    publisher->objects = bnc_map_new();
    publisher->owners = bnc_map_new();
    publisher->blames = bnc_map_new();
    publisher->queue =
        bnc_queue_new(&(struct bnc_queue_options){.world = options->world,
                                                  .first_ms = RETRY_FIRST_MS,
                                                  .max_ms = RETRY_MAX_MS,
                                                  .ready = bnc_output_work,
                                                  .arg = publisher});
    return publisher;
}

void
bnc_publisher_free(struct bnc_publisher *publisher)
{
    if (publisher == NULL) {
        return;
    }
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        bnc_output_free(value);
    }
    at = 0;
    while (bnc_map_next(publisher->owners, &at, NULL, &value)) {
        struct bnc_owner *owner = value;
        free(owner->items);
        free(owner->name);
        free(owner);
    }
    at = 0;
    while (bnc_map_next(publisher->blames, &at, NULL, &value)) {
        free(value);
    }
    bnc_map_free(publisher->outputs);
    bnc_map_free(publisher->objects);
    bnc_map_free(publisher->owners);
    bnc_map_free(publisher->blames);
    bnc_queue_free(publisher->queue);
    free(publisher);
}

/* ---- sets ---------------------------------------------------------------------- */

/* True when it was not wanted like this before. */
static bool
set_one(struct bnc_output *out, const struct bnc_desired *desired)
{
    bool equal = out->body != NULL && strcmp(out->hash, desired->hash) == 0 &&
                 out->body_len == desired->body.len &&
                 memcmp(out->body, desired->body.ptr, desired->body.len) == 0;
    bool same = out->wanted && equal;
    out->wanted = true;
    out->orphan = out->dropped = false;
    out->role = desired->role;
    bnc_slot_want(out, desired);
    if (out->retired_ms != 0) {
        bnc_output_rest(out); /* to be deleted; it is named again */
        bnc_output_retired(out, 0);
    }
    if (same) {
        bnc_output_tally(out);
        return false;
    }
    bool first = out->body == NULL;
    if (!equal) {
        out->window_writes = 0; /* nobody has fought this one yet */
    }
    free(out->body);
    out->body = bnc_alloc(desired->body.len + 1);
    memcpy(out->body, desired->body.ptr, desired->body.len);
    out->body_len = desired->body.len;
    memcpy(out->hash, desired->hash, sizeof(out->hash));
    out->body_sum = bnc_hash64(out->body, out->body_len, 0);
    if (first) {
        out->live_sum = out->body_sum;
        bnc_slot_judge(out); /* it was claimed, and read, before it was wanted */
    }
    if (out->item.failures > 0 || out->reason == BNC_REASON_APPLY_LOOP) {
        bnc_output_rest(out); /* another intent: it does not wait for the old one */
    }
    bnc_queue_forget(&out->item);
    bnc_output_consider(out);
    return true;
}

/* What it wanted before, and what was claimed for it before it had a set. */
static void
consider_unwanted(struct bnc_owner *owner)
{
    struct bnc_output *next = NULL;
    for (struct bnc_output *out = TAILQ_FIRST(&owner->all); out != NULL; out = next) {
        next = TAILQ_NEXT(out, all);
        if (!out->wanted) {
            bnc_output_consider(out);
        }
    }
}

void
bnc_publisher_set(struct bnc_publisher *publisher, const char *owner,
                  const struct bnc_desired *desired, size_t n)
{
    struct bnc_owner *set = bnc_owner_get(publisher, owner);
    struct bnc_output **items = bnc_alloc(n * sizeof(struct bnc_output *));
    bool changed = false;
    for (size_t i = 0; i < n; i++) {
        items[i] = bnc_output_get(publisher, desired[i].kind, desired[i].ns,
                                  desired[i].name, owner);
        items[i]->marked = true;
        changed = set_one(items[i], &desired[i]) || changed;
    }
    for (size_t i = 0; i < set->n; i++) {
        set->items[i]->wanted = set->items[i]->marked;
    }
    for (size_t i = 0; i < n; i++) {
        items[i]->marked = false;
    }
    free(set->items);
    set->items = items;
    set->n = n;
    set->set = true;
    set->loaded = set->loaded && !changed;
    consider_unwanted(set);
}

void
bnc_publisher_claim(struct bnc_publisher *publisher, const char *owner,
                    const struct bnc_claimed *claimed)
{
    struct bnc_output *out =
        bnc_output_get(publisher, claimed->kind, claimed->ns, claimed->name, owner);
    if (!out->wanted) {
        out->orphan = claimed->orphan;
        out->dropped = out->dropped || claimed->dropped;
        bnc_output_consider(out);
    }
}

void
bnc_publisher_each(const struct bnc_publisher *publisher, const char *owner,
                   bnc_output_fn fn, void *arg)
{
    const struct bnc_owner *of = bnc_map_get(publisher->owners, owner);
    const struct bnc_output *out = of == NULL ? NULL : TAILQ_FIRST(&of->all);
    for (; out != NULL; out = TAILQ_NEXT(out, all)) {
        fn(arg, out->kind, out->ns, out->name);
    }
}

static void
forget_set(struct bnc_owner *owner)
{
    free(owner->items);
    owner->items = NULL;
    owner->n = 0;
    owner->set = owner->loaded = false;
    owner->slot_ms = owner->slot_first_ms = 0;
}

void
bnc_publisher_drop(struct bnc_publisher *publisher, const char *owner, bool orphan)
{
    struct bnc_owner *of = bnc_map_get(publisher->owners, owner);
    if (of == NULL) {
        return;
    }
    forget_set(of);
    struct bnc_output *out;
    TAILQ_FOREACH(out, &of->all, all)
    {
        out->wanted = false;
        out->orphan = orphan;
        out->dropped = true;
    }
    of->set = true; /* so that it stays until all have been looked at */
    consider_unwanted(of);
    of->set = false;
    bnc_owner_release(publisher, of);
}

bool
bnc_publisher_released(const struct bnc_publisher *publisher, const char *owner)
{
    const struct bnc_owner *of = bnc_map_get(publisher->owners, owner);
    return of == NULL || TAILQ_EMPTY(&of->all);
}

const char *
bnc_publisher_next(const struct bnc_publisher *publisher, size_t *at)
{
    void *value = NULL;
    while (bnc_map_next(publisher->owners, at, NULL, &value)) {
        const struct bnc_owner *owner = value;
        if (owner->set) {
            return owner->name;
        }
    }
    return NULL;
}

/* ---- live ---------------------------------------------------------------------- */

static void
read_live(struct bnc_output *out, const struct bnc_pruned *metadata)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *root = NULL;
    if (bnc_json_parse(arena, metadata->text.ptr, metadata->text.len, &root, &err)) {
        return;
    }
    const cJSON *annotations = bnc_json_path(root, "metadata", "annotations", NULL);
    const cJSON *labels = bnc_json_path(root, "metadata", "labels", NULL);
    const char *hash = bnc_json_get_str(annotations, "binnacle.dev/hash");
    const char *adopt = bnc_json_get_str(labels, "binnacle.dev/adopt");

    if (bnc_json_get_str(annotations, BNC_ANNOTATION_FILE) != NULL) {
        bool slot = bnc_json_get_str(annotations, BNC_ANNOTATION_SLOT) != NULL;
        out->role = slot ? BNC_ROLE_SLOT : BNC_ROLE_PART;
    }
    bnc_output_text(&out->writer, bnc_json_get_str(annotations, "binnacle.dev/owner"));
    bnc_output_text(&out->adopter, adopt);
    bnc_output_judge(out);
    bnc_output_has(out, hash == NULL ? "" : hash);
    bnc_slot_read(out, metadata, annotations);
}

static void
take_news(struct bnc_output *out, const struct bnc_pruned *metadata)
{
    if (metadata != NULL &&
        bnc_output_older(metadata->resource_version, out->resource_version)) {
        return; /* from before our own last write */
    }
    out->known = out->told = true;
    out->exists = metadata != NULL;
    if (metadata != NULL) {
        if (!bnc_str_eq(out->resource_version, metadata->resource_version)) {
            out->slot.unsure_ms = 0; /* else it is what was known before the write */
        }
        bnc_output_text(&out->uid, metadata->uid);
        bnc_output_text(&out->resource_version, metadata->resource_version);
        read_live(out, metadata);
    } else {
        out->ours = out->drifted = false;
        out->live_hash[0] = '\0';
    }
    bnc_output_consider(out);
}

void
bnc_publisher_output(struct bnc_publisher *publisher, enum bnc_kind kind, const char *ns,
                     const char *name, const struct bnc_pruned *metadata)
{
    struct bnc_output *out = bnc_output_first(publisher, kind, ns, name);
    if (out == NULL) {
        return;
    }
    while (out != NULL) {
        struct bnc_output *next = out->next;
        take_news(out, metadata);
        out = next;
    }
    bnc_output_changed(publisher);
}

void
bnc_publisher_trouble(struct bnc_publisher *publisher, enum bnc_kind kind, const char *ns,
                      const char *name, const struct bnc_error *err)
{
    struct bnc_output *out =
        ns == NULL || name == NULL ? NULL : bnc_output_first(publisher, kind, ns, name);
    for (; out != NULL; out = out->next) {
        if (out->known || err->code == BNC_OK) {
            continue; /* what is known stays known; a write will tell */
        }
        out->reason = BNC_REASON_WRITE_FAILED;
        (void)snprintf(out->message, sizeof(out->message),
                       "%s %s/%s may exist and cannot be read: %.350s",
                       bnc_kind_info(kind)->name, ns, name, err->message);
        bnc_output_tally(out);
        bnc_output_changed(publisher);
    }
}

void
bnc_publisher_blame(struct bnc_publisher *publisher, const char *owner,
                    const char *message)
{
    free(message == NULL ? bnc_map_take(publisher->blames, owner)
                         : bnc_map_put(publisher->blames, owner, bnc_strdup(message)));
    bnc_output_changed(publisher);
}

const char *
bnc_publisher_failure(const struct bnc_publisher *publisher)
{
    size_t at = 0;
    void *value = NULL;
    while (publisher->counts[BNC_TALLY_FAILING] > 0 &&
           bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        const struct bnc_output *out = value;
        if (out->reason == BNC_REASON_WRITE_FAILED) {
            return out->message;
        }
    }
    return NULL;
}

struct bnc_publication
bnc_publisher_state(const struct bnc_publisher *publisher, const char *owner)
{
    const struct bnc_owner *set = bnc_owner_set(publisher, owner);
    struct bnc_publication state = {.published = set != NULL,
                                    .reason = BNC_REASON_WAITING,
                                    .message = "not written yet"};
    const char *blame = bnc_map_get(publisher->blames, owner);
    if (set == NULL && blame != NULL) {
        state.reason = BNC_REASON_WRITE_FAILED;
        state.message = blame;
    }
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        const struct bnc_output *out = set->items[i];
        if (out->known && !out->in_flight && bnc_output_done(out)) {
            continue;
        }
        state.published = false;
        if (out->reason != BNC_REASON_NONE) {
            state.reason = out->reason;
            state.message = out->message;
        }
    }
    return state;
}

void
bnc_publisher_queue(const struct bnc_publisher *publisher, struct bnc_queue_stats *out)
{
    bnc_queue_stats(publisher->queue, out);
}
