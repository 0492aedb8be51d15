#include <stdlib.h>
#include <string.h>

#include "controller/grafana_priv.h"
#include "lib/log.h"

#define SLICE      64 /* entries that are compared in one turn */
#define MARGIN_MIN 1  /* a poll begins this much before it has to: hundredths */
#define MARGIN_MAX 15
#define WAIT_MAX   3600000
#define LIST       "/api/datasources"

/* ---- organizations -------------------------------------------------------------------
 */

static struct org *
find_org(const struct seat *seat, int64_t id)
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
    if (find_org(seat, id) == NULL) {
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
        }
    }
    seat->n_orgs = kept;
    add_org(seat, seat->want.org);
    for (size_t k = 0; k < seat->n; k++) {
        add_org(seat, seat->entries[k]->item.org);
    }
}

/* ---- a list, gone through ------------------------------------------------------------
 */

static void
end_look(struct seat *seat)
{
    bnc_map_free(seat->look.uids);
    bnc_map_free(seat->look.names);
    bnc_arena_free(seat->look.arena);
    seat->look = (struct look){0};
}

/* What is ours there and nobody wants any more becomes an entry that is to go. */
static void
find_stale(struct seat *seat, int64_t org)
{
    size_t at = 0;
    void *value;

    while (bnc_map_next(seat->look.uids, &at, NULL, &value)) {
        const cJSON *live = value;
        struct bnc_gapi_item key = {
            .kind = BNC_GAPI_DATASOURCE,
            .org = org,
            .uid = bnc_json_get_str(live, "uid"),
            .name = bnc_json_get_str(live, "name"),
            .owner = seat->owner,
        };
        size_t i;
        if (bnc_str_eq(bnc_gapi_mark_of(live).owner, seat->owner) &&
            !bnc_gapi_find(seat, &key, &i)) {
            struct entry *entry = bnc_gapi_put(seat, i, bnc_gapi_entry_new(&key, false));
            bnc_gapi_source_judge(seat, entry, live, false);
        }
    }
}

/* False when the name that an entry wants is somebody else's. */
static bool
name_is_free(struct seat *seat, struct entry *entry)
{
    const cJSON *other = bnc_map_get(seat->look.names, entry->item.name);
    const char *uid = bnc_json_get_str(other, "uid");

    if (other == NULL || bnc_str_eq(uid, entry->item.uid) ||
        bnc_str_eq(bnc_gapi_mark_of(other).owner, seat->owner)) {
        return true; /* ours will have another name, or go, before this one is written */
    }
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    entry->need = NEED_NOTHING;
    bnc_gapi_stand(
        seat, entry, BNC_GAPI_FOREIGN,
        bnc_arena_fmt(arena,
                      "organization %lld of Grafana has another datasource \"%s\" (uid "
                      "%s): delete it there, or give this one another title",
                      (long long)entry->item.org,
                      bnc_gapi_words(arena, NULL, entry->item.name),
                      uid == NULL ? "?" : bnc_gapi_words(arena, NULL, uid)));
    return false;
}

static void
judge_slice(struct seat *seat)
{
    int64_t org = seat->orgs[seat->look.org].id;

    for (int i = 0; seat->look.at < seat->n && i < SLICE; i++, seat->look.at++) {
        struct entry *entry = seat->entries[seat->look.at];
        if (entry->item.org != org || entry->item.kind != BNC_GAPI_DATASOURCE) {
            continue;
        }
        if (!entry->wanted || name_is_free(seat, entry)) {
            bnc_gapi_source_judge(seat, entry,
                                  bnc_map_get(seat->look.uids, entry->item.uid), false);
        }
    }
    if (seat->look.at == seat->n) {
        find_stale(seat, org);
        end_look(seat);
    }
}

static void
begin_look(struct seat *seat, const cJSON *list)
{
    const cJSON *row;

    seat->look.arena = bnc_arena_new();
    seat->look.uids = bnc_map_new();
    seat->look.names = bnc_map_new();
    seat->look.org = seat->list_org;
    cJSON *copy = bnc_json_clone(seat->look.arena, list);
    for (row = copy->child; row != NULL; row = row->next) {
        const char *uid = bnc_json_get_str(row, "uid");
        const char *name = bnc_json_get_str(row, "name");
        void *value = NULL;
        (void)memcpy(&value, &row, sizeof(value)); /* the map's values are not const */
        if (uid != NULL && name != NULL) {
            (void)bnc_map_put(seat->look.uids, uid, value);
            (void)bnc_map_put(seat->look.names, name, value);
        }
    }
}

/* ---- the round: one list for each organization ----------------------------------------
 */

static void
begin_round(struct seat *seat)
{
    int64_t poll = seat->want.poll_ms;
    uint64_t random = bnc_world_random(seat->gapi->options.world);
    int64_t early = MARGIN_MIN + (int64_t)(random % (MARGIN_MAX - MARGIN_MIN + 1));

    renew_orgs(seat);
    seat->round_ms = bnc_gapi_now(seat) + poll - poll * early / 100;
    seat->round_org = 0;
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

    org->denied = true;
    org->known = false;
    for (size_t i = 0; i < seat->n; i++) {
        struct entry *entry = seat->entries[i];
        if (entry->item.org == org->id && entry->wanted) {
            bnc_gapi_fault_item(seat, entry, reply,
                                bnc_arena_fmt(reply->arena,
                                              "GET " LIST " of organization %lld",
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

static void
on_list(struct seat *seat, const struct reply *reply)
{
    struct org *org = &seat->orgs[seat->list_org];
    bool ok = reply->status == 200 && cJSON_IsArray(reply->tree);
    bool denied = reply->status == 403 || (reply->status == 401 && !seat->password);

    if (denied && !all_denied(seat)) {
        deny_org(seat, reply);
        seat->round_org++;
    } else if (ok) {
        bnc_gapi_fine(seat);
        org->known = true;
        org->denied = false;
        seat->round_org++;
        begin_look(seat, reply->tree);
    } else {
        org->denied = denied;
        struct reply other = *reply;
        other.tree = reply->status == 200 ? NULL : reply->tree; /* JSON of another kind */
        (void)bnc_gapi_fault(seat, &other, "GET " LIST);
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

/* ---- what is due ---------------------------------------------------------------------
 */

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
    bnc_gapi_ask(seat, "GET", LIST, seat->orgs[seat->list_org].id, (struct bnc_bytes){0},
                 on_list);
    turn_later(seat, INT64_MAX);
}

void
bnc_gapi_turn(struct seat *seat)
{
    int64_t now = bnc_gapi_now(seat);
    int64_t next = INT64_MAX;

    if ((seat->leaving && leave(seat)) || seat->call != NULL) {
        return;
    }
    if (seat->bad != NULL) {
        rest(seat, INT64_MAX);
        return;
    }
    if (seat->look.arena != NULL) {
        judge_slice(seat);
        turn_later(seat, now);
        return;
    }
    if (seat->quiet_ms > now) {
        rest(seat, seat->quiet_ms);
        return;
    }
    if (seat->in_round && seat->round_org < seat->n_orgs) {
        ask_list(seat);
        return;
    }
    if (seat->in_round) {
        end_round(seat);
    }
    struct entry *entry = seat->looked_at_ms == 0 ? NULL : next_entry(seat, &next);
    if (entry != NULL) {
        seat->busy = entry;
        bnc_gapi_source_do(seat, entry);
    } else if (seat->round_ms <= now) {
        begin_round(seat);
        ask_list(seat);
    } else if (!(seat->leaving && leave(seat))) {
        rest(seat, next < seat->round_ms ? next : seat->round_ms);
    }
}

void
bnc_gapi_forget(struct seat *seat)
{
    bnc_gapi_ask_cancel(seat);
    end_look(seat);
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
        entry->tries = 0;
        entry->due_ms = 0;
        bnc_gapi_slot(&entry->old_keys, NULL);
        bnc_gapi_slot(&entry->drift, NULL);
        bnc_gapi_slot(&entry->settled[0], NULL);
        bnc_gapi_slot(&entry->settled[1], NULL);
        bnc_gapi_stand(seat, entry, BNC_GAPI_PENDING, "");
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
