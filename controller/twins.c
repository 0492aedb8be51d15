/*
 * One object that several Observatories want, or had: each has an output of its own for
 * it, the live one says whose it is, and no two of them write it.
 */
#include <stdlib.h>
#include <string.h>

#include "controller/output.h"

/* What is known of the live one is known of it for all. */
static void
learn(struct bnc_output *out, const struct bnc_output *from)
{
    out->role = from->role;
    out->known = from->known;
    out->exists = from->exists;
    bnc_output_text(&out->uid, from->uid);
    bnc_output_text(&out->resource_version, from->resource_version);
    bnc_output_text(&out->writer, from->writer);
    bnc_output_text(&out->adopter, from->adopter);
    bnc_output_has(out, from->live_hash);
    bnc_output_judge(out);
}

struct bnc_output *
bnc_output_get(struct bnc_publisher *publisher, enum bnc_kind kind, const char *ns,
               const char *name, const char *owner)
{
    char key[BNC_OUTPUT_KEY_MAX];
    bnc_output_key(key, kind, ns, name, owner);
    struct bnc_output *out = bnc_map_get(publisher->outputs, key);
    if (out != NULL) {
        return out;
    }
    out = bnc_alloc(sizeof(*out));
    out->publisher = publisher;
    out->kind = kind;
    out->ns = bnc_strdup(ns);
    out->name = bnc_strdup(name);
    out->of = bnc_owner_get(publisher, owner);
    out->owner = out->of->name;
    TAILQ_INSERT_TAIL(&out->of->all, out, all);
    (void)bnc_map_put(publisher->outputs, key, out);

    bnc_output_key(key, kind, ns, name, NULL);
    struct bnc_output *first = bnc_map_get(publisher->objects, key);
    if (first == NULL) {
        (void)bnc_map_put(publisher->objects, key, out);
        bnc_source_watch_output(publisher->options.source, kind, ns, name);
        bnc_output_tally(out);
        return out;
    }
    learn(out, first);
    bnc_output_tally(out);
    while (first->next != NULL) {
        first = first->next;
    }
    first->next = out;
    return out;
}

static struct bnc_output *
first_of(const struct bnc_output *out)
{
    return bnc_output_first(out->publisher, out->kind, out->ns, out->name);
}

struct bnc_output *
bnc_output_first(const struct bnc_publisher *publisher, enum bnc_kind kind,
                 const char *ns, const char *name)
{
    char key[BNC_OUTPUT_KEY_MAX];
    bnc_output_key(key, kind, ns, name, NULL);
    return bnc_map_get(publisher->objects, key);
}

void
bnc_output_forget(struct bnc_output *out)
{
    struct bnc_publisher *publisher = out->publisher;
    struct bnc_owner *owner = out->of;
    char key[BNC_OUTPUT_KEY_MAX];
    struct bnc_output *before = first_of(out);

    bnc_output_wake_twins(out);
    bnc_output_key(key, out->kind, out->ns, out->name, NULL);
    if (before != out) {
        while (before->next != out) {
            before = before->next;
        }
        before->next = out->next;
    } else if (out->next != NULL) {
        (void)bnc_map_put(publisher->objects, key, out->next);
    } else {
        (void)bnc_map_take(publisher->objects, key);
        bnc_source_unwatch_output(publisher->options.source, out->kind, out->ns,
                                  out->name);
    }
    bnc_output_key(key, out->kind, out->ns, out->name, out->owner);
    (void)bnc_map_take(publisher->outputs, key);
    bnc_output_rest(out);
    bnc_output_retired(out, 0);
    TAILQ_REMOVE(&owner->all, out, all);
    bnc_output_untally(out);
    bnc_output_free(out);
    bnc_owner_release(publisher, owner);
}

void
bnc_output_wake_twins(const struct bnc_output *out)
{
    for (struct bnc_output *twin = first_of(out); twin != NULL; twin = twin->next) {
        if (twin != out && !bnc_queue_pending(&twin->item)) {
            bnc_output_turn_in(twin, 0);
        }
    }
}

const struct bnc_output *
bnc_output_rival(const struct bnc_output *out)
{
    bool mine = out->exists && out->ours;
    bool before = true;
    for (const struct bnc_output *twin = first_of(out); twin != NULL; twin = twin->next) {
        bool has = twin->exists && twin->ours;
        if (twin == out) {
            before = false;
        } else if (twin->in_flight || (!mine && has) ||
                   (before && twin->wanted && !out->exists)) {
            return twin;
        }
    }
    return NULL;
}
