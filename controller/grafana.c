#include "controller/grafana.h"

#include <stdlib.h>
#include <string.h>

#include "controller/grafana_priv.h"
#include "lib/log.h"

/* ---- what is told --------------------------------------------------------------- */

static void
state_of(const struct seat *seat, struct bnc_arena *arena, struct bnc_gapi_state *out)
{
    struct bnc_gapi_item_state *items =
        bnc_arena_array(arena, seat->n + 1, sizeof(*items));
    const char *error = seat->bad != NULL            ? seat->bad
                        : seat->error.code != BNC_OK ? seat->error.message
                                                     : NULL;

    *out = (struct bnc_gapi_state){
        .error = bnc_arena_strdup(arena, error),
        .looked_at_ms = seat->looked_at_ms,
        .created = seat->created,
        .updated = seat->updated,
        .deleted = seat->deleted,
        .repaired = seat->repaired,
        .items = items,
    };
    for (size_t i = 0; i < seat->n; i++) {
        const struct entry *entry = seat->entries[i];
        if (entry->wanted) {
            items[out->n++] = (struct bnc_gapi_item_state){
                .kind = entry->item.kind,
                .org = entry->item.org,
                .uid = bnc_arena_strdup(arena, entry->item.uid),
                .owner = bnc_arena_strdup(arena, entry->item.owner),
                .standing = entry->standing,
                .message = bnc_arena_strdup(arena, entry->message),
            };
        }
    }
}

void
bnc_gapi_tell(struct seat *seat)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_gapi_options *options = &seat->gapi->options;
    struct bnc_gapi_state now;

    seat->news = false;
    state_of(seat, arena, &now);
    options->changed(options->arg, seat->ns, seat->name, &now);
}

/* ---- seats ---------------------------------------------------------------------- */

static void
on_due(void *arg)
{
    bnc_gapi_turn(arg);
}

static void
seat_free(struct seat *seat)
{
    bnc_gapi_ask_cancel(seat);
    bnc_timer_free(seat->timer);
    for (size_t i = 0; i < seat->n; i++) {
        seat->entries[i]->wanted = true; /* forgetting keeps those */
    }
    bnc_gapi_forget(seat);
    for (size_t i = 0; i < seat->n; i++) {
        bnc_gapi_entry_free(seat->entries[i]);
    }
    free(seat->entries);
    bnc_gapi_ask_free(seat);
    free(seat->ns);
    free(seat->name);
    free(seat->owner);
    free(seat);
}

static struct seat *
find(const struct bnc_gapi *gapi, const char *ns, const char *name)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    return bnc_map_get(gapi->seats, bnc_arena_fmt(arena, "%s/%s", ns, name));
}

static struct seat *
add(struct bnc_gapi *gapi, const char *ns, const char *name)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct seat *seat = bnc_alloc(sizeof(*seat));

    seat->gapi = gapi;
    seat->ns = bnc_strdup(ns);
    seat->name = bnc_strdup(name);
    seat->owner = bnc_strdup(bnc_arena_fmt(arena, "%s/%s", ns, name));
    seat->timer = bnc_timer_new(gapi->options.world, on_due, seat);
    (void)bnc_map_put(gapi->seats, seat->owner, seat);
    return seat;
}

void
bnc_gapi_seat_end(struct seat *seat, size_t left)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_gapi_options options = seat->gapi->options;
    const char *ns = bnc_arena_strdup(arena, seat->ns);
    const char *name = bnc_arena_strdup(arena, seat->name);
    struct bnc_gapi_state now;

    state_of(seat, arena, &now);
    now.gone = true;
    now.left = left;
    if (left > 0) {
        BNC_LOG(BNC_LEVEL_WARN, "datasources were left in Grafana",
                BNC_KV("namespace", ns), BNC_KV("name", name),
                BNC_KV("url", seat->want.url), BNC_KV("left", bnc_log_num((int64_t)left)),
                BNC_KV("error", now.error));
    }
    (void)bnc_map_take(seat->gapi->seats, seat->owner);
    seat_free(seat);
    options.changed(options.arg, ns, name, &now);
}

/* ---- what is wished ------------------------------------------------------------- */

static bool
is_known_org(const struct seat *seat, int64_t id)
{
    for (size_t i = 0; i < seat->n_orgs; i++) {
        if (seat->orgs[i].id == id) {
            return seat->orgs[i].known;
        }
    }
    return false;
}

/* What is known of Grafana says what is to be done; else the next look will. */
static void
plan_entry(struct seat *seat, struct entry *entry)
{
    if (seat->looked_at_ms == 0 || !is_known_org(seat, entry->item.org)) {
        seat->round_ms = 0;
        return;
    }
    entry->due_ms = 0;
    entry->tries = 0;
    entry->changed =
        true; /* if a request is under way, its answer will go on from here */
    if (entry == seat->busy) {
        return;
    }
    if (!entry->wanted) {
        entry->need = entry->ours ? NEED_LOOK : NEED_NOTHING;
    } else if (entry->bad != NULL) {
        entry->need = NEED_NOTHING;
        bnc_gapi_stand(seat, entry, BNC_GAPI_FAILED, entry->bad);
    } else if (entry->ours) {
        entry->need = NEED_UPDATE;
    } else {
        bool fresh = entry->standing == BNC_GAPI_PENDING;
        entry->need = fresh ? NEED_CREATE : NEED_LOOK;
    }
}

/* True when one of them is new, or says something else. */
static bool
take_items(struct seat *seat, const struct bnc_gapi_want *want)
{
    bool any = false;

    for (size_t i = 0; i < want->n; i++) {
        const struct bnc_gapi_item *item = &want->items[i];
        struct entry *entry;
        bool other = true;
        size_t at;
        if (bnc_gapi_find(seat, item, &at)) {
            entry = seat->entries[at];
            other = bnc_gapi_entry_set(entry, item) || !entry->wanted;
        } else {
            entry = bnc_gapi_put(seat, at, bnc_gapi_entry_new(item, true));
        }
        entry->wanted = true;
        if (other) {
            any = true;
            plan_entry(seat, entry);
        }
    }
    return any;
}

static bool
drop_items(struct seat *seat, const struct bnc_gapi_want *want)
{
    bool any = false;
    size_t at = 0;

    for (size_t i = 0; i < seat->n; i++) { /* both are sorted */
        struct entry *entry = seat->entries[i];
        while (at < want->n && bnc_gapi_key_cmp(entry, &want->items[at]) > 0) {
            at++;
        }
        if (entry->wanted &&
            (at == want->n || bnc_gapi_key_cmp(entry, &want->items[at]) != 0)) {
            entry->wanted = false;
            any = true;
            plan_entry(seat, entry);
        }
    }
    return any;
}

void
bnc_gapi_set(struct bnc_gapi *gapi, const char *ns, const char *name,
             const struct bnc_gapi_want *want)
{
    struct seat *seat = find(gapi, ns, name);

    if (seat == NULL) {
        seat = add(gapi, ns, name);
    }
    int64_t poll_ms = seat->want.poll_ms;
    bool other = bnc_gapi_ask_set(seat, want);
    if (other) {
        bnc_gapi_forget(seat);
    }
    if (seat->leaving) {
        seat->leaving = false;
        other = true;
    }
    other = drop_items(seat, want) || other;
    other = take_items(seat, want) || other;
    if (other) {
        seat->look.at = 0; /* entries have moved */
        seat->news = true;
    }
    if (other || poll_ms != seat->want.poll_ms) {
        if (poll_ms != seat->want.poll_ms) {
            seat->round_ms = 0;
        }
        if (seat->call == NULL) {
            bnc_timer_set(seat->timer, 0);
        }
    }
}

void
bnc_gapi_drop(struct bnc_gapi *gapi, const char *ns, const char *name, bool remove)
{
    struct seat *seat = find(gapi, ns, name);

    if (seat == NULL) {
        return;
    }
    if (!remove) {
        (void)bnc_map_take(gapi->seats, seat->owner);
        seat_free(seat);
        return;
    }
    (void)drop_items(seat, &(struct bnc_gapi_want){0});
    if (!seat->leaving) {
        seat->leaving = true;
        seat->deadline_ms = bnc_gapi_now(seat) + BNC_GAPI_LEAVE_MS;
    }
    seat->looked_at_ms = 0; /* until the look that tells what is ours */
    seat->round_ms = 0;
    seat->look.at = 0;
    if (seat->call == NULL) {
        bnc_timer_set(seat->timer, 0);
    }
}

bool
bnc_gapi_get(const struct bnc_gapi *gapi, const char *ns, const char *name,
             struct bnc_arena *arena, struct bnc_gapi_state *out)
{
    const struct seat *seat = find(gapi, ns, name);

    if (seat != NULL) {
        state_of(seat, arena, out);
    }
    return seat != NULL;
}

bool
bnc_gapi_asking(const struct bnc_gapi *gapi)
{
    size_t at = 0;
    void *value;
    while (bnc_map_next(gapi->seats, &at, NULL, &value)) {
        if (((const struct seat *)value)->call != NULL) {
            return true;
        }
    }
    return false;
}

struct bnc_gapi *
bnc_gapi_new(const struct bnc_gapi_options *options)
{
    struct bnc_gapi *gapi = bnc_alloc(sizeof(*gapi));

    gapi->options = *options;
    gapi->seats = bnc_map_new();
    return gapi;
}

void
bnc_gapi_free(struct bnc_gapi *gapi)
{
    size_t at = 0;
    void *value;

    if (gapi == NULL) {
        return;
    }
    while (bnc_map_next(gapi->seats, &at, NULL, &value)) {
        seat_free(value);
    }
    bnc_map_free(gapi->seats);
    free(gapi);
}
