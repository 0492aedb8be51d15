#include <string.h>

#include "controller/grafana_priv.h"

#define SLICE 64 /* entries that are compared in one turn */

void
bnc_gapi_look_begin(struct seat *seat, const cJSON *list)
{
    struct look *look = &seat->look;

    look->arena = bnc_arena_new();
    look->uids = bnc_map_new();
    look->names = bnc_map_new();
    look->org = seat->list_org;
    look->kind = seat->boards ? BNC_GAPI_DASHBOARD : BNC_GAPI_DATASOURCE;
    cJSON *row = bnc_json_clone(look->arena, list)->child;
    for (; row != NULL; row = row->next) {
        const char *uid = bnc_json_get_str(row, "uid");
        const char *name = bnc_json_get_str(row, seat->boards ? "title" : "name");
        if (uid != NULL && name != NULL) {
            (void)bnc_map_put(look->uids, uid, row);
            (void)bnc_map_put(look->names, name, row);
        }
    }
}

void
bnc_gapi_look_end(struct seat *seat)
{
    bnc_map_free(seat->look.uids);
    bnc_map_free(seat->look.names);
    bnc_arena_free(seat->look.arena);
    seat->look = (struct look){0};
}

static void
judge(struct seat *seat, struct entry *entry, const cJSON *row)
{
    if (entry->item.kind == BNC_GAPI_DASHBOARD) {
        bnc_gapi_board_judge(seat, entry, row);
    } else {
        bnc_gapi_source_judge(seat, entry, row, false);
    }
}

static bool
is_ours(const struct seat *seat, const cJSON *row)
{
    return seat->look.kind == BNC_GAPI_DASHBOARD
               ? bnc_gapi_board_is_ours(seat, bnc_json_get(row, "tags"))
               : bnc_str_eq(bnc_gapi_mark_of(row).owner, seat->owner);
}

/* What is ours there and nobody wants any more becomes an entry that is to go. */
static void
find_stale(struct seat *seat, int64_t org)
{
    const char *uid;
    size_t at = 0;
    void *row;

    while (bnc_map_next(seat->look.uids, &at, &uid, &row)) {
        const struct bnc_gapi_item key = {
            .kind = seat->look.kind,
            .org = org,
            .uid = uid,
            .name = "",
            .owner = seat->owner,
        };
        size_t i;
        if (is_ours(seat, row) && !bnc_gapi_find(seat, &key, &i)) {
            judge(seat, bnc_gapi_put(seat, i, bnc_gapi_entry_new(&key, false)), row);
        }
    }
}

/* False when the name that a datasource wants is somebody else's. */
static bool
name_is_free(struct seat *seat, struct entry *entry)
{
    const cJSON *other = bnc_map_get(seat->look.names, entry->item.name);
    const char *uid = bnc_json_get_str(other, "uid");

    if (other == NULL || entry->item.kind != BNC_GAPI_DATASOURCE ||
        bnc_str_eq(uid, entry->item.uid) || is_ours(seat, other)) {
        return true; /* ours will have another name, or go, before this one is written */
    }
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    entry->need = NEED_NOTHING;
    bnc_gapi_stand(seat, entry, BNC_GAPI_FOREIGN,
                   bnc_arena_fmt(arena,
                                 "organization %lld of Grafana has another datasource "
                                 "\"%s\" (uid %s): delete it there, or give this one "
                                 "another title",
                                 (long long)entry->item.org,
                                 bnc_gapi_words(arena, NULL, entry->item.name),
                                 bnc_gapi_words(arena, NULL, uid)));
    return false;
}

void
bnc_gapi_look_slice(struct seat *seat)
{
    struct look *look = &seat->look;
    int64_t org = seat->orgs[look->org].id;

    for (int i = 0; look->at < seat->n && i < SLICE; i++, look->at++) {
        struct entry *entry = seat->entries[look->at];
        if (entry->item.org == org && entry->item.kind == look->kind &&
            (!entry->wanted || name_is_free(seat, entry))) {
            judge(seat, entry, bnc_map_get(look->uids, entry->item.uid));
        }
    }
    if (look->at == seat->n) {
        find_stale(seat, org);
        bnc_gapi_look_end(seat);
    }
}
