#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/output.h"
#include "lib/json.h"

#define UNSURE_MS  10000 /* after an answer was lost: the watch has told by then */
#define LOOK_MS    20
#define ENDING_MAX (BNC_PART_HASH_DIGITS + 8)

static const char *const managers[] = {"binnacle", "binnacle-b"};

static const struct bnc_output *
root_of(const struct bnc_output *slot)
{
    char key[BNC_OUTPUT_KEY_MAX];
    if (slot->slot.root == NULL) {
        return NULL;
    }
    bnc_output_key(key, slot->kind, slot->ns, slot->slot.root, slot->owner);
    return bnc_map_get(slot->publisher->outputs, key);
}

/* The end of the file that the live root names in this slot; "": it names none. */
static void
named_ending(const struct bnc_output *slot, char ending[ENDING_MAX])
{
    const struct bnc_output *root = root_of(slot);
    const char *at = root == NULL || !root->exists ? NULL : root->slot.named;
    ending[0] = '\0';
    for (size_t i = 0; at != NULL && i < slot->slot.number; i++) {
        at = strchr(at, ',');
        at = at == NULL ? NULL : at + 1;
    }
    if (at != NULL && strspn(at, "0123456789abcdef") == BNC_PART_HASH_DIGITS) {
        (void)snprintf(ending, ENDING_MAX, "-%.*s.yml", BNC_PART_HASH_DIGITS, at);
    }
}

/* True when the manager's file in the live slot is the one with this end. */
static bool
holds(const struct bnc_output *slot, size_t manager, const char *ending)
{
    const char *held = slot->slot.held[manager];
    if (held != NULL) {
        return bnc_str_ends(held, ending);
    }
    const char *fields = slot->slot.fields == NULL ? "" : slot->slot.fields;
    return bnc_managed_has_key((struct bnc_bytes){fields, strlen(fields)},
                               managers[manager], ending);
}

void
bnc_slot_want(struct bnc_output *out, const struct bnc_desired *desired)
{
    out->slot.number = desired->slot;
    bnc_output_text(&out->slot.root, desired->root);
    bnc_output_text(&out->slot.file, desired->file);
    bnc_output_text(&out->slot.wanted, desired->slots);
}

void
bnc_slot_judge(struct bnc_output *out)
{
    const struct bnc_bytes body = {out->body, out->body_len};
    const char *text = out->slot.fields == NULL ? "" : out->slot.fields;
    const struct bnc_bytes fields = {text, strlen(text)};
    bool slot = out->role == BNC_ROLE_SLOT;

    out->drifted = false;
    if (out->body == NULL || !out->exists) {
        return; /* it is judged when there is an intent */
    }
    out->drifted = !bnc_managed_covers(fields, managers[0], body) &&
                   !(slot && bnc_managed_covers(fields, managers[1], body));
    if (!slot) {
        bnc_output_text(&out->slot.fields, NULL);
    }
}

void
bnc_slot_read(struct bnc_output *out, const struct bnc_pruned *metadata,
              const cJSON *annotations)
{
    const struct bnc_bytes fields = metadata->managed_fields;
    bnc_output_text(&out->slot.named,
                    bnc_json_get_str(annotations, BNC_ANNOTATION_SLOTS));
    bnc_output_text(&out->slot.fields, fields.ptr);
    bnc_slot_judge(out);
    bnc_output_text(&out->slot.held[0], NULL);
    bnc_output_text(&out->slot.held[1], NULL);
}

/* A slot waits until it is known what the live root names. */
static int64_t
slot_wait_ms(const struct bnc_output *slot, int64_t now_ms)
{
    const struct bnc_output *root = root_of(slot);
    if (root == NULL) {
        return 0;
    }
    if (!root->known || root->in_flight) {
        return LOOK_MS;
    }
    int64_t sure_ms = root->slot.unsure_ms + UNSURE_MS;
    return root->slot.unsure_ms == 0 || now_ms >= sure_ms ? 0 : sure_ms - now_ms;
}

/* A root gives the volumes of its slots a lead. */
static int64_t
root_wait_ms(const struct bnc_output *root, int64_t now_ms)
{
    const struct bnc_owner *set = bnc_owner_set(root->publisher, root->owner);
    if (!root->exists || set == NULL || set->slot_ms == 0) {
        return 0;
    }
    int64_t due_ms = set->slot_ms + BNC_SLOT_LEAD_MS;
    if (set->slot_first_ms != 0 && set->slot_first_ms + BNC_SLOT_MOST_MS < due_ms) {
        due_ms = set->slot_first_ms + BNC_SLOT_MOST_MS;
    }
    return now_ms >= due_ms ? 0 : due_ms - now_ms;
}

int64_t
bnc_slot_wait_ms(const struct bnc_output *out)
{
    int64_t now_ms = bnc_world_mono_ms(out->publisher->options.world);
    if (!out->wanted) {
        return 0;
    }
    if (out->role == BNC_ROLE_SLOT) {
        return slot_wait_ms(out, now_ms);
    }
    return out->role == BNC_ROLE_ROOT ? root_wait_ms(out, now_ms) : 0;
}

const char *
bnc_slot_write(struct bnc_output *out)
{
    char ending[ENDING_MAX];
    bool slot = out->role == BNC_ROLE_SLOT;
    bnc_output_text(&out->slot.sent, slot ? out->slot.file : out->slot.wanted);
    if (!slot) {
        return NULL;
    }
    named_ending(out, ending);
    out->slot.second = out->exists && ending[0] != '\0' && holds(out, 0, ending);
    return managers[out->slot.second];
}

static void
root_written(struct bnc_output *root, struct bnc_owner *set)
{
    bnc_output_text(&root->slot.named, root->slot.sent);
    if (set != NULL) {
        set->slot_first_ms = 0;
    }
}

static void
slot_written(struct bnc_output *slot, struct bnc_owner *set, int64_t now_ms)
{
    bnc_output_text(&slot->slot.held[slot->slot.second], slot->slot.sent);
    if (set != NULL) {
        set->slot_ms = now_ms;
        set->slot_first_ms = set->slot_first_ms == 0 ? now_ms : set->slot_first_ms;
    }
}

void
bnc_slot_written(struct bnc_output *out, const struct bnc_write_result *result)
{
    struct bnc_owner *set = bnc_owner_set(out->publisher, out->owner);
    int64_t now_ms = bnc_world_mono_ms(out->publisher->options.world);
    bool done = result->code == BNC_OK;
    bool unsure = bnc_output_unsure(result);

    if (out->role == BNC_ROLE_ROOT) {
        out->slot.unsure_ms = unsure ? now_ms + 1 : 0;
        if (done) {
            root_written(out, set);
        }
    } else if (out->role == BNC_ROLE_SLOT && (done || unsure)) {
        slot_written(out, set, now_ms);
    }
}

void
bnc_slot_free(struct bnc_output *out)
{
    struct bnc_slotting *slot = &out->slot;
    char *const texts[] = {slot->root,    slot->fields, slot->file,   slot->held[0],
                           slot->held[1], slot->named,  slot->wanted, slot->sent};
    for (size_t i = 0; i < BNC_LEN(texts); i++) {
        free(texts[i]);
    }
}
