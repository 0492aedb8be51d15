#include <stdlib.h>
#include <string.h>

#include "controller/grafana_priv.h"
#include "lib/log.h"

#define MARGIN_MIN  1 /* a poll begins this much before it has to: hundredths */
#define MARGIN_MAX  15
#define WAIT_MAX    3600000
#define LIST        "/api/datasources"
#define SEARCH_PATH "/api/search"
#define SEARCH      SEARCH_PATH "?type=dash-db&tag=" BNC_GAPI_TAG "&limit=5000"

/* ---- organizations -------------------------------------------------------------- */

struct org *
bnc_gapi_org(const struct seat *seat, int64_t id)
{
    for (size_t i = 0; i < seat->n_orgs; i++) {
        if (seat->orgs[i].id == id) {
            return &seat->orgs[i];
        }
    }
    return NULL;
}

static void
add_org(struct seat *seat, int64_t id)
{
    if (bnc_gapi_org(seat, id) == NULL) {
        seat->orgs = bnc_realloc(seat->orgs, (seat->n_orgs + 1) * sizeof(*seat->orgs));
        seat->orgs[seat->n_orgs++] = (struct org){.id = id};
    }
}

/* Those of what is wished, those where something of ours may be left, and one more. */
static void
renew_orgs(struct seat *seat)
{
    size_t kept = 0;

    for (size_t i = 0; i < seat->n_orgs; i++) {
        bool used = seat->orgs[i].id == seat->want.org;
        for (size_t k = 0; !used && k < seat->n; k++) {
            used = seat->entries[k]->item.org == seat->orgs[i].id;
        }
        if (used) {
            seat->orgs[kept++] = seat->orgs[i];
        } else {
            bnc_gapi_folders_free(&seat->orgs[i]);
        }
    }
    seat->n_orgs = kept;
    add_org(seat, seat->want.org);
    for (size_t k = 0; k < seat->n; k++) {
        add_org(seat, seat->entries[k]->item.org);
    }
}

/* ---- the round: one list for each organization ---------------------------------- */

static void
begin_round(struct seat *seat)
{
    int64_t poll = seat->want.poll_ms;
    uint64_t random = bnc_world_random(seat->gapi->options.world);
    int64_t early = MARGIN_MIN + (int64_t)(random % (MARGIN_MAX - MARGIN_MIN + 1));

    renew_orgs(seat);
    seat->round_ms = bnc_gapi_now(seat) + poll - poll * early / 100;
    seat->round_org = 0;
    seat->boards = false;
    seat->in_round = true;
    seat->whole_left = BNC_GAPI_WHOLE;
    seat->whole_at = seat->whole_next < seat->n ? seat->whole_next : 0;
    seat->whole_next = 0;
    for (size_t i = 0; i < seat->n_orgs; i++) {
        seat->orgs[i].denied = false;
    }
    for (size_t i = 0; i < seat->n; i++) {
        seat->entries[i]->again = false;
    }
}

/* This organization is not for us; the others may be. */
static void
deny_org(struct seat *seat, const struct reply *reply)
{
    struct org *org = &seat->orgs[seat->list_org];

    org->denied = !seat->boards;
    org->known = seat->boards;
    for (size_t i = 0; i < seat->n; i++) {
        struct entry *entry = seat->entries[i];
        bool board = entry->item.kind == BNC_GAPI_DASHBOARD;
        if (entry->item.org == org->id && entry->wanted && board >= seat->boards) {
            bnc_gapi_fault_item(seat, entry, reply,
                                bnc_arena_fmt(reply->arena, "GET %s of organization %lld",
                                              seat->boards ? SEARCH_PATH : LIST,
                                              (long long)org->id));
        }
    }
}

static bool
all_denied(const struct seat *seat)
{
    for (size_t i = 0; i < seat->n_orgs; i++) {
        if (i != seat->list_org && !seat->orgs[i].denied) {
            return false;
        }
    }
    return true;
}

/* Those of ours; and once those that another life of ours has left. */
static bool
wants_boards(const struct seat *seat, const struct org *org)
{
    for (size_t i = 0; i < seat->n; i++) {
        const struct bnc_gapi_item *item = &seat->entries[i]->item;
        if (item->kind == BNC_GAPI_DASHBOARD && item->org == org->id) {
            return true;
        }
    }
    return !org->known;
}

static void
on_list(struct seat *seat, const struct reply *reply)
{
    struct org *org = &seat->orgs[seat->list_org];
    bool ok = reply->status == 200 && cJSON_IsArray(reply->tree);
    bool denied = reply->status == 403 || (reply->status == 401 && !seat->password);

    if (denied && (seat->boards || !all_denied(seat))) {
        deny_org(seat, reply);
        seat->round_org++;
        seat->boards = false;
    } else if (ok) {
        bnc_gapi_fine(seat);
        bnc_gapi_look_begin(seat, reply->tree);
        if (!seat->boards && wants_boards(seat, org)) {
            seat->boards = true; /* next, of the same organization */
        } else {
            seat->boards = false;
            seat->round_org++;
            org->known = true;
        }
        org->denied = false;
    } else {
        org->denied = denied;
        struct reply other = *reply;
        other.tree = reply->status == 200 ? NULL : reply->tree; /* JSON of another kind */
        (void)bnc_gapi_fault(seat, &other,
                             seat->boards ? "GET " SEARCH_PATH : "GET " LIST);
        seat->in_round = false; /* it begins anew after the pause */
        seat->round_ms = seat->quiet_ms;
    }
    bnc_gapi_turn(seat);
}

static void
end_round(struct seat *seat)
{
    seat->in_round = false;
    seat->looked_at_ms = bnc_world_wall_ms(seat->gapi->options.world);
}

/* ---- what is due ---------------------------------------------------------------- */

/* The first that can be done now; *next: when the first of the others can. */
static struct entry *
next_entry(struct seat *seat, int64_t *next)
{
    int64_t now = bnc_gapi_now(seat);
    struct entry *found = NULL;

    for (size_t i = 0; i < seat->n; i++) {
        struct entry *entry = seat->entries[i];
        if (entry->need == NEED_NOTHING) {
            continue;
        }
        if (entry->due_ms > now) {
            *next = entry->due_ms < *next ? entry->due_ms : *next;
        } else if (found == NULL || entry->tries < found->tries ||
                   (entry->tries == found->tries && entry->need < found->need)) {
            found = entry;
        }
    }
    return found;
}

static size_t
left_of_entries(const struct seat *seat)
{
    size_t n = 0;

    for (size_t i = 0; i < seat->n; i++) {
        n += seat->entries[i]->need != NEED_NOTHING ? 1 : 0;
    }
    return n;
}

/* What is still to be deleted, and organizations where nobody could look. */
static size_t
left_of(const struct seat *seat)
{
    size_t n = left_of_entries(seat);

    for (size_t i = 0; i < seat->n_orgs; i++) {
        n += seat->orgs[i].denied ? 1 : 0;
    }
    return n;
}

/* What is not wanted and was not found, or not as ours, is no concern any more. */
static void
sweep(struct seat *seat)
{
    for (size_t i = seat->n; i-- > 0;) {
        struct entry *entry = seat->entries[i];
        if (!entry->wanted && entry->need == NEED_NOTHING && entry != seat->busy) {
            bnc_gapi_take(seat, i);
        }
    }
}

static bool
leave(struct seat *seat)
{
    size_t left = left_of(seat);
    bool known = seat->looked_at_ms != 0 && !seat->in_round;
    bool late = seat->bad != NULL || bnc_gapi_now(seat) >= seat->deadline_ms;

    if (!late && !(known && left_of_entries(seat) == 0)) {
        return false;
    }
    bnc_gapi_seat_end(seat, left == 0 && !known ? 1 : left);
    return true;
}

static void
turn_later(struct seat *seat, int64_t at_ms)
{
    int64_t now = bnc_gapi_now(seat);

    if (seat->leaving && at_ms > seat->deadline_ms) {
        at_ms = seat->deadline_ms;
    }
    if (at_ms > now + WAIT_MAX) {
        at_ms = now + WAIT_MAX;
    }
    bnc_timer_set(seat->timer, at_ms > now ? at_ms - now : 0);
}

/* Nothing can be done now: wait, and say what is new. */
static void
rest(struct seat *seat, int64_t at_ms)
{
    sweep(seat);
    turn_later(seat, at_ms);
    if (seat->news) {
        bnc_gapi_tell(seat);
    }
}

static void
ask_list(struct seat *seat)
{
    seat->list_org = seat->round_org;
    bnc_gapi_ask(seat, "GET", seat->boards ? SEARCH : LIST, seat->orgs[seat->list_org].id,
                 (struct bnc_bytes){0}, on_list);
    turn_later(seat, INT64_MAX);
}

/* Between rounds: what items need, then the next round. */
static void
work(struct seat *seat, int64_t now)
{
    int64_t next = INT64_MAX;
    struct entry *entry = seat->looked_at_ms == 0 ? NULL : next_entry(seat, &next);

    if (entry != NULL) {
        seat->busy = entry;
        bnc_gapi_do(seat, entry);
    } else if (seat->round_ms <= now) {
        begin_round(seat);
        ask_list(seat);
    } else if (!(seat->leaving && leave(seat))) {
        rest(seat, next < seat->round_ms ? next : seat->round_ms);
    }
}

void
bnc_gapi_turn(struct seat *seat)
{
    int64_t now = bnc_gapi_now(seat);

    if ((seat->leaving && leave(seat)) || seat->call != NULL) {
        return;
    }
    if (seat->bad != NULL) {
        rest(seat, INT64_MAX);
    } else if (seat->look.arena != NULL) {
        bnc_gapi_look_slice(seat);
        turn_later(seat, now);
    } else if (seat->quiet_ms > now) {
        rest(seat, seat->quiet_ms);
    } else if (seat->in_round && seat->round_org < seat->n_orgs) {
        ask_list(seat);
    } else {
        if (seat->in_round) {
            end_round(seat);
        }
        work(seat, now);
    }
}

void
bnc_gapi_forget(struct seat *seat)
{
    bnc_gapi_ask_cancel(seat);
    bnc_gapi_look_end(seat);
    for (size_t i = seat->n; i-- > 0;) {
        struct entry *entry = seat->entries[i];
        if (!entry->wanted) {
            bnc_gapi_take(seat, i);
            continue;
        }
        entry->need = NEED_NOTHING;
        entry->ours = false;
        entry->changed = false;
        entry->version = 0;
        entry->done[0] = '\0';
        entry->tries = 0;
        entry->due_ms = 0;
        bnc_gapi_slot(&entry->old_keys, NULL);
        bnc_gapi_slot(&entry->drift, NULL);
        bnc_gapi_slot(&entry->settled[0], NULL);
        bnc_gapi_slot(&entry->settled[1], NULL);
        bnc_gapi_stand(seat, entry, BNC_GAPI_PENDING, "");
    }
    for (size_t i = 0; i < seat->n_orgs; i++) {
        bnc_gapi_folders_free(&seat->orgs[i]);
    }
    free(seat->orgs);
    seat->orgs = NULL;
    seat->n_orgs = 0;
    seat->in_round = false;
    seat->looked_at_ms = 0;
    seat->round_ms = 0;
    seat->quiet_ms = 0;
    seat->failures = 0;
    seat->error = (struct bnc_error){0};
}
