#include "controller/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/output.h"
#include "lib/json.h"

struct bnc_publisher *
bnc_publisher_new(const struct bnc_publisher_options *options)
{
    struct bnc_publisher *publisher = bnc_alloc(sizeof(*publisher));
    publisher->options = *options;
    publisher->outputs = bnc_map_new();
    publisher->objects = bnc_map_new();
    publisher->owners = bnc_map_new();
    publisher->blames = bnc_map_new();
    return publisher;
}

static void
free_owner(struct bnc_owner *owner)
{
    if (owner != NULL) {
        free(owner->items);
        free(owner);
    }
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
        free_owner(value);
    }
    at = 0;
    while (bnc_map_next(publisher->blames, &at, NULL, &value)) {
        free(value);
    }
    bnc_map_free(publisher->outputs);
    bnc_map_free(publisher->objects);
    bnc_map_free(publisher->owners);
    bnc_map_free(publisher->blames);
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
        bnc_timer_stop(out->timer); /* to be deleted; it is named again */
        out->retired_ms = 0;
    }
    if (same) {
        return false;
    }
    bool first = out->body == NULL;
    if (!equal && !first && strcmp(out->hash, desired->hash) == 0) {
        out->drifted = true; /* same content, other labels or owner: write it again */
    }
    free(out->body);
    out->body = bnc_alloc(desired->body.len + 1);
    memcpy(out->body, desired->body.ptr, desired->body.len);
    out->body_len = desired->body.len;
    memcpy(out->hash, desired->hash, sizeof(out->hash));
    if (first) {
        bnc_slot_judge(out); /* it was claimed, and read, before it was wanted */
    }
    if (out->failures > 0) {
        bnc_timer_stop(out->timer); /* another intent: it does not wait for the old one */
    }
    out->failures = 0;
    bnc_output_consider(out);
    return true;
}

/* What was claimed for this owner before it had a set. */
static void
consider_unwanted(struct bnc_publisher *publisher, const char *owner)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        struct bnc_output *out = value;
        if (!out->wanted && strcmp(out->owner, owner) == 0) {
            bnc_output_consider(out);
        }
    }
}

void
bnc_publisher_set(struct bnc_publisher *publisher, const char *owner,
                  const struct bnc_desired *desired, size_t n)
{
    struct bnc_owner *set = bnc_alloc(sizeof(*set));
    bool changed = false;
    set->items = bnc_alloc(n * sizeof(struct bnc_output *));
    for (size_t i = 0; i < n; i++) {
        struct bnc_output *out = bnc_output_get(publisher, desired[i].kind, desired[i].ns,
                                                desired[i].name, owner);
        set->items[set->n++] = out;
        out->marked = true;
        changed = set_one(out, &desired[i]) || changed;
    }
    struct bnc_owner *old = bnc_map_put(publisher->owners, owner, set);
    set->loaded = old != NULL && old->loaded && !changed;
    set->slot_ms = old == NULL ? 0 : old->slot_ms;
    set->slot_first_ms = old == NULL ? 0 : old->slot_first_ms;
    for (size_t i = 0; old != NULL && i < old->n; i++) {
        if (!old->items[i]->marked) {
            old->items[i]->wanted = false;
            bnc_output_consider(old->items[i]);
        }
    }
    for (size_t i = 0; i < set->n; i++) {
        set->items[i]->marked = false;
    }
    free_owner(old);
    consider_unwanted(publisher, owner);
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
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        const struct bnc_output *out = value;
        if (strcmp(out->owner, owner) == 0) {
            fn(arg, out->kind, out->ns, out->name);
        }
    }
}

void
bnc_publisher_drop(struct bnc_publisher *publisher, const char *owner, bool orphan)
{
    size_t at = 0;
    void *value = NULL;

    free_owner(bnc_map_take(publisher->owners, owner));
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        struct bnc_output *out = value;
        if (strcmp(out->owner, owner) == 0) {
            out->wanted = false;
            out->orphan = orphan;
            out->dropped = true;
            bnc_output_consider(out);
        }
    }
}

bool
bnc_publisher_released(const struct bnc_publisher *publisher, const char *owner)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        if (strcmp(((const struct bnc_output *)value)->owner, owner) == 0) {
            return false;
        }
    }
    return true;
}

const char *
bnc_publisher_next(const struct bnc_publisher *publisher, size_t *at)
{
    const char *key = NULL;
    void *value = NULL;
    return bnc_map_next(publisher->owners, at, &key, &value) ? key : NULL;
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
    out->known = true;
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
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
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
    const struct bnc_owner *set = bnc_map_get(publisher->owners, owner);
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

bool
bnc_publisher_idle(const struct bnc_publisher *publisher)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        const struct bnc_output *out = value;
        bool waits = bnc_timer_pending(out->timer) && out->retired_ms == 0;
        if (out->in_flight || !out->known || waits) {
            return false;
        }
    }
    return true;
}
