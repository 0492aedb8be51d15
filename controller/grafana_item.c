#include "controller/grafana_priv.h"
#include "lib/log.h"

void
bnc_gapi_need(struct entry *entry, enum need need)
{
    entry->need = need;
    entry->due_ms = 0;
}

void
bnc_gapi_need_whole(struct seat *seat, struct entry *entry)
{
    size_t at;

    if (!bnc_gapi_find(seat, &entry->item, &at) || at < seat->whole_at) {
        return;
    }
    if (seat->whole_left > 0) {
        seat->whole_left--;
        bnc_gapi_need(entry, NEED_LOOK);
    } else if (seat->whole_next == 0) {
        seat->whole_next = at;
    }
}

void
bnc_gapi_missing(struct entry *entry)
{
    entry->ours = false;
    entry->version = 0;
    entry->done[0] = '\0';
    bnc_gapi_slot(&entry->old_keys, NULL);
    bnc_gapi_slot(&entry->drift, NULL);
    bnc_gapi_need(entry, entry->wanted ? NEED_CREATE : NEED_NOTHING);
}

void
bnc_gapi_give_up(struct seat *seat, struct entry *entry, const char *why)
{
    seat->busy = NULL;
    entry->need = NEED_NOTHING;
    bnc_gapi_stand(seat, entry, BNC_GAPI_FAILED, why);
    bnc_timer_set(seat->timer, 0);
}

struct entry *
bnc_gapi_take_busy(struct seat *seat)
{
    struct entry *entry = seat->busy;

    seat->busy = NULL;
    return entry;
}

bool
bnc_gapi_look_again(struct entry *entry)
{
    if (entry->again) {
        return false;
    }
    entry->again = true;
    entry->tries++; /* others go first: one may have the name that this one wants */
    bnc_gapi_need(entry, NEED_LOOK);
    return true;
}

static void
tell_repaired(struct seat *seat, struct entry *entry)
{
    const struct bnc_gapi_options *options = &seat->gapi->options;
    const struct bnc_gapi_item_state state = {
        .kind = entry->item.kind,
        .org = entry->item.org,
        .uid = entry->item.uid,
        .owner = entry->item.owner,
        .standing = entry->standing,
        .message = entry->message,
    };

    seat->repaired++;
    BNC_LOG(BNC_LEVEL_INFO, "a change in Grafana was undone",
            BNC_KV("namespace", seat->ns), BNC_KV("name", seat->name),
            BNC_KV("object", entry->item.owner), BNC_KV("uid", entry->item.uid),
            BNC_KV("change", entry->drift));
    if (options->repaired != NULL) {
        options->repaired(options->arg, seat->ns, seat->name, &state, entry->drift);
    }
}

void
bnc_gapi_written(struct seat *seat, struct entry *entry, bool created)
{
    entry->tries = 0;
    entry->again = false;
    entry->ours = true;
    entry->need = NEED_NOTHING;
    seat->news = true; /* the counts */
    bnc_gapi_stand(seat, entry, BNC_GAPI_SYNCED, "");
    if (created) {
        seat->created++;
    } else if (entry->drift != NULL) {
        tell_repaired(seat, entry);
    } else {
        seat->updated++;
    }
    bnc_gapi_slot(&entry->drift, NULL);
    if (!entry->wanted) {
        bnc_gapi_need(entry, NEED_LOOK);
    } else if (entry->changed) {
        bnc_gapi_need(entry, NEED_UPDATE);
    }
}

void
bnc_gapi_removed(struct seat *seat, const struct reply *reply, const char *what)
{
    if (reply->status == 200 || reply->status == 404) {
        struct entry *entry = bnc_gapi_take_busy(seat);
        seat->deleted += reply->status == 200 ? 1 : 0;
        seat->news = true;
        bnc_gapi_missing(entry);
    } else if (!bnc_gapi_fault(seat, reply, what)) {
        bnc_gapi_fault_item(seat, bnc_gapi_take_busy(seat), reply, what);
    }
    seat->busy = NULL;
    bnc_gapi_turn(seat);
}

void
bnc_gapi_do(struct seat *seat, struct entry *entry)
{
    if (entry->need == NEED_UPDATE || entry->need == NEED_CREATE) {
        if (!entry->wanted) { /* a request for it failed, and it went meanwhile */
            entry->need = NEED_LOOK;
        } else if (entry->bad != NULL) {
            bnc_gapi_give_up(seat, entry, entry->bad);
            return;
        }
    }
    if (entry->item.kind == BNC_GAPI_DASHBOARD) {
        bnc_gapi_board_do(seat, entry);
    } else {
        bnc_gapi_source_do(seat, entry);
    }
}
