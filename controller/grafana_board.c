/*
 * Dashboards: ours have the tag "binnacle", which the search finds, and one that is made
 * of our owner's name.  The search shows no version, so each is looked at in full.
 */
#include <stdlib.h>
#include <string.h>

#include "controller/grafana_priv.h"
#include "kube/url.h"
#include "lib/hash.h"

#define PATH        "/api/dashboards/uid/"
#define SAVE        "/api/dashboards/db"
#define FOLDERS     "/api/folders"
#define FOLDERS_ALL "/api/folders?limit=1000"
#define TEXT_MAX    ((size_t)64 * 1024)
#define BODY_MAX    ((size_t)32 * 1024 * 1024)
#define DIGITS      16

/* "binnacle-0123456789abcdef": Grafana's tags and uids are short. */
static const char *
derived(struct bnc_arena *arena, const char *text)
{
    char digest[BNC_SHA256_HEX];

    bnc_sha256_hex(text, strlen(text), digest);
    return bnc_arena_fmt(arena, BNC_GAPI_TAG "-%.*s", DIGITS, digest);
}

bool
bnc_gapi_board_is_ours(const struct seat *seat, const cJSON *tags)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *own = derived(arena, seat->owner);
    const cJSON *tag;

    cJSON_ArrayForEach(tag, tags)
    {
        if (cJSON_IsString(tag) && bnc_str_eq(tag->valuestring, own)) {
            return true;
        }
    }
    return false;
}

/* ---- folders -------------------------------------------------------------------- */

void
bnc_gapi_folders_free(struct org *org)
{
    size_t at = 0;
    void *uid;

    while (org->folders != NULL && bnc_map_next(org->folders, &at, NULL, &uid)) {
        free(uid);
    }
    bnc_map_free(org->folders);
    org->folders = NULL;
}

static void
put_folder(struct org *org, const char *title, const char *uid)
{
    if (org->folders == NULL) {
        org->folders = bnc_map_new();
    }
    if (title != NULL && uid != NULL && bnc_map_get(org->folders, title) == NULL) {
        (void)bnc_map_put(org->folders, title, bnc_strdup(uid));
    }
}

/* The uid of an entry's folder; "": none; NULL: not known yet. */
static const char *
folder_of(const struct seat *seat, const struct entry *entry)
{
    const struct org *org = bnc_gapi_org(seat, entry->item.org);

    if (entry->item.folder == NULL) {
        return "";
    }
    return org == NULL || org->folders == NULL
               ? NULL
               : bnc_map_get(org->folders, entry->item.folder);
}

static void
on_folders(struct seat *seat, const struct reply *reply)
{
    struct entry *entry = seat->busy;
    struct org *org = bnc_gapi_org(seat, entry->item.org);
    const cJSON *row;

    if (reply->status == 200 && cJSON_IsArray(reply->tree)) {
        bnc_gapi_folders_free(org);
        put_folder(org, NULL, NULL);
        cJSON_ArrayForEach(row, reply->tree)
        {
            put_folder(org, bnc_json_get_str(row, "title"), bnc_json_get_str(row, "uid"));
        }
    } else if (!bnc_gapi_fault(seat, reply, "GET " FOLDERS)) {
        bnc_gapi_fault_item(seat, entry, reply, "GET " FOLDERS);
    }
    seat->busy = NULL;
    bnc_gapi_turn(seat);
}

static void
on_folder(struct seat *seat, const struct reply *reply)
{
    struct entry *entry = seat->busy;
    struct org *org = bnc_gapi_org(seat, entry->item.org);
    const char *uid = bnc_json_get_str(reply->tree, "uid");
    bool taken = reply->status == 409 || reply->status == 412;

    /* Grafana may call it otherwise than it was asked to */
    if (reply->status == 200 && uid != NULL) {
        put_folder(org, entry->item.folder, uid);
    } else if (taken && !entry->again) { /* somebody was faster */
        entry->again = true;
        bnc_gapi_folders_free(org);
    } else if (!bnc_gapi_fault(seat, reply, "POST " FOLDERS)) {
        bnc_gapi_fault_item(seat, entry, reply, "POST " FOLDERS);
    }
    seat->busy = NULL;
    bnc_gapi_turn(seat);
}

/* True when they are not known, and are asked for. */
static bool
asks_folders(struct seat *seat, const struct entry *entry)
{
    const struct org *org = bnc_gapi_org(seat, entry->item.org);

    if (entry->item.folder == NULL || org == NULL || org->folders != NULL) {
        return false;
    }
    bnc_gapi_ask(seat, "GET", FOLDERS_ALL, org->id, (struct bnc_bytes){0}, on_folders);
    return true;
}

/* False: its folder is asked for, or made, first. */
static bool
has_folder(struct seat *seat, struct entry *entry)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct org *org = bnc_gapi_org(seat, entry->item.org);
    struct bnc_str text = bnc_str_new(arena, TEXT_MAX);

    if (folder_of(seat, entry) != NULL) {
        return true;
    }
    if (org == NULL) { /* it is not looked at yet: in the next round */
        seat->busy = NULL;
        entry->need = NEED_NOTHING;
        bnc_timer_set(seat->timer, 0);
    } else if (!asks_folders(seat, entry)) {
        bnc_str_puts(&text, "{\"uid\":");
        bnc_str_json(&text, derived(arena, entry->item.folder));
        bnc_str_puts(&text, ",\"title\":");
        bnc_str_json(&text, entry->item.folder);
        bnc_str_putc(&text, '}');
        bnc_gapi_ask(seat, "POST", FOLDERS, org->id,
                     (struct bnc_bytes){text.ptr, text.len}, on_folder);
    }
    return false;
}

/* ---- what a look says ----------------------------------------------------------- */

static void
set_foreign(struct seat *seat, struct entry *entry, const char *whose)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    entry->ours = false;
    entry->need = NEED_NOTHING;
    if (entry->wanted) {
        bnc_gapi_stand(seat, entry, BNC_GAPI_FOREIGN,
                       bnc_arena_fmt(arena,
                                     "the dashboard with uid %s in organization %lld of "
                                     "Grafana %s",
                                     entry->item.uid, (long long)entry->item.org, whose));
    }
}

/* A row of the search tells enough that it has to be looked at now. */
static bool
is_suspect(const struct seat *seat, const struct entry *entry, const cJSON *row)
{
    const char *folder = bnc_json_get_str(row, "folderUid");
    const char *wanted = folder_of(seat, entry);

    return entry->done[0] == '\0' || wanted == NULL ||
           !bnc_str_eq(folder == NULL ? "" : folder, wanted) ||
           !bnc_str_eq(bnc_json_get_str(row, "title"), entry->item.name);
}

void
bnc_gapi_board_judge(struct seat *seat, struct entry *entry, const cJSON *row)
{
    bool ours = bnc_gapi_board_is_ours(seat, bnc_json_get(row, "tags"));
    bool lost = entry->ours && !ours; /* gone, or somebody took its tag away */

    if (entry->wanted && entry->bad != NULL) {
        entry->need = NEED_NOTHING;
        bnc_gapi_stand(seat, entry, BNC_GAPI_FAILED, entry->bad);
    } else if (row == NULL && !lost) {
        bnc_gapi_missing(entry);
    } else if (!ours && !lost) {
        set_foreign(seat, entry, "is another Observatory's: give this one another uid");
    } else if (!entry->wanted && !lost) {
        bnc_gapi_need(entry, NEED_REMOVE);
    } else if (!lost && entry->done[0] != '\0' && !bnc_str_eq(entry->done, entry->hash)) {
        bnc_gapi_need(entry, NEED_UPDATE);
    } else if (lost || is_suspect(seat, entry, row)) {
        bnc_gapi_need(entry, NEED_LOOK);
    } else {
        entry->need = NEED_NOTHING;
        bnc_gapi_need_whole(seat, entry);
    }
}

/* The dashboard as it is sent: with the tag of our owner. */
static cJSON *
model_of(const struct seat *seat, const struct entry *entry, struct bnc_arena *arena)
{
    struct bnc_error err = {0};
    cJSON *model;

    if (bnc_json_parse(arena, entry->item.body.ptr, entry->item.body.len, &model, &err)) {
        return NULL; /* `bad` says so */
    }
    bnc_gapi_add_tag(arena, model, derived(arena, seat->owner));
    return model;
}

static void
add_folder(const struct seat *seat, const struct entry *entry, const cJSON *meta,
           struct bnc_str *diff)
{
    const char *wanted = folder_of(seat, entry);
    const char *folder = bnc_json_get_str(meta, "folderUid");

    if (wanted != NULL && !bnc_str_eq(wanted, folder == NULL ? "" : folder)) {
        bnc_str_fmt(diff, "%sfolder: another -> %s", diff->len == 0 ? "" : "; ",
                    entry->item.folder == NULL ? "none" : entry->item.folder);
    }
}

static void
compare(struct seat *seat, struct entry *entry, const cJSON *live, const cJSON *meta)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str diff = bnc_str_new(arena, TEXT_MAX);
    bool known = bnc_str_eq(entry->done, entry->hash);
    int64_t version = 0;

    (void)bnc_json_get_int(live, "version", &version);
    bnc_gapi_slot(&entry->drift, NULL);
    entry->need = NEED_NOTHING;
    entry->tries = 0;
    if (!known || version != entry->version) { /* else: it is as we wrote it */
        bnc_gapi_diff(model_of(seat, entry, arena), live, true, &diff);
    }
    add_folder(seat, entry, meta, &diff);
    entry->version = version;
    if (folder_of(seat, entry) == NULL) { /* nobody knows where it is to be */
        bnc_gapi_need(entry, NEED_UPDATE);
    } else if (diff.len == 0) {
        (void)memcpy(entry->done, entry->hash, sizeof(entry->done));
        bnc_gapi_stand(seat, entry, BNC_GAPI_SYNCED, "");
    } else {
        bnc_gapi_slot(&entry->drift, known ? diff.ptr : NULL);
        bnc_gapi_need(entry, NEED_UPDATE);
    }
}

static void
judge_whole(struct seat *seat, struct entry *entry, const cJSON *tree)
{
    const cJSON *live = bnc_json_get(tree, "dashboard");
    const cJSON *meta = bnc_json_get(tree, "meta");
    bool lost = entry->wanted && entry->ours && entry->done[0] != '\0';
    bool ours = bnc_gapi_board_is_ours(seat, bnc_json_get(live, "tags")) || lost;

    if (bnc_json_get_true(meta, "provisioned")) {
        set_foreign(seat, entry,
                    "comes from a file that Grafana provisions: take it out "
                    "there");
    } else if (!ours) {
        set_foreign(seat, entry,
                    "was not made by this Observatory: delete it there, or "
                    "give this one another uid");
    } else if (!entry->wanted) {
        bnc_gapi_need(entry, NEED_REMOVE);
    } else {
        entry->ours = true;
        compare(seat, entry, live, meta);
    }
}

/* ---- answers -------------------------------------------------------------------- */

static void
on_look(struct seat *seat, const struct reply *reply)
{
    struct entry *entry = seat->busy;

    if (reply->status == 200 && cJSON_IsObject(reply->tree)) {
        judge_whole(seat, entry, reply->tree);
    } else if (reply->status == 404) {
        bool taken = entry->again && !entry->ours;
        bnc_gapi_missing(entry);
        if (taken && entry->wanted) { /* its POST met a conflict: it is the title, then */
            entry->need = NEED_NOTHING;
            bnc_gapi_stand(seat, entry, BNC_GAPI_FOREIGN,
                           "Grafana has another dashboard with this title in the folder: "
                           "delete it there, or give this one another title");
        }
    } else if (!bnc_gapi_fault(seat, reply, "GET " PATH)) {
        bnc_gapi_fault_item(seat, entry, reply, "GET " PATH);
    }
    seat->busy = NULL;
    bnc_gapi_turn(seat);
}

/* What is refused may be the folder: it is looked for anew, once in a round. */
static bool
folder_is_gone(struct seat *seat, struct entry *entry, int status)
{
    struct org *org = bnc_gapi_org(seat, entry->item.org);

    if ((status != 400 && status != 404) || org == NULL || entry->again ||
        entry->item.folder == NULL) {
        return false;
    }
    entry->again = true;
    bnc_gapi_folders_free(org);
    return true;
}

static void
on_written(struct seat *seat, const struct reply *reply)
{
    struct entry *entry = seat->busy;
    bool created = entry->need == NEED_CREATE;

    seat->busy = NULL;
    if (reply->status == 200 && reply->tree != NULL) {
        (void)memcpy(entry->done, entry->sent, sizeof(entry->done));
        if (!bnc_json_get_int(reply->tree, "version", &entry->version)) {
            entry->version = 0;
        }
        bnc_gapi_written(seat, entry, created);
    } else if ((reply->status == 409 || reply->status == 412) &&
               bnc_gapi_look_again(entry)) {
        entry->ours = entry->ours && !created;
    } else if (!folder_is_gone(seat, entry, reply->status)) {
        seat->busy = entry;
        if (!bnc_gapi_fault(seat, reply, "POST " SAVE)) {
            bnc_gapi_fault_item(seat, entry, reply, "POST " SAVE);
        }
        seat->busy = NULL;
    }
    bnc_gapi_turn(seat);
}

static void
on_removed(struct seat *seat, const struct reply *reply)
{
    bnc_gapi_removed(seat, reply, "DELETE " PATH);
}

/* ---- questions ------------------------------------------------------------------ */

/* Without `overwrite`: the version decides whether somebody was in between. */
static void
write_it(struct seat *seat, struct entry *entry)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str text = bnc_str_new(arena, BODY_MAX);
    struct bnc_error err = {0};
    cJSON *model = model_of(seat, entry, arena);

    if (entry->need == NEED_UPDATE) {
        bnc_json_set_int(arena, model, "version", entry->version);
    }
    bnc_str_puts(&text, "{\"overwrite\":false,\"message\":");
    bnc_str_json(&text, bnc_arena_fmt(arena, "binnacle, Observatory %s", seat->owner));
    bnc_str_puts(&text, ",\"folderUid\":");
    bnc_str_json(&text, folder_of(seat, entry));
    bnc_str_puts(&text, ",\"dashboard\":");
    bnc_json_print(model, &text);
    bnc_str_putc(&text, '}');
    if (bnc_str_check(&text, "the dashboard", &err)) {
        bnc_gapi_give_up(seat, entry, err.message);
        return;
    }
    entry->changed = false;
    (void)memcpy(entry->sent, entry->hash, sizeof(entry->sent));
    bnc_gapi_ask(seat, "POST", SAVE, entry->item.org,
                 (struct bnc_bytes){text.ptr, text.len}, on_written);
}

void
bnc_gapi_board_do(struct seat *seat, struct entry *entry)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str path = bnc_str_new(arena, TEXT_MAX);
    const struct bnc_bytes none = {0};

    bnc_str_puts(&path, PATH);
    bnc_url_encode(&path, entry->item.uid);
    switch (entry->need) {
    case NEED_LOOK:
        if (!asks_folders(seat, entry)) {
            bnc_gapi_ask(seat, "GET", path.ptr, entry->item.org, none, on_look);
        }
        break;
    case NEED_REMOVE:
        bnc_gapi_ask(seat, "DELETE", path.ptr, entry->item.org, none, on_removed);
        break;
    case NEED_UPDATE:
    case NEED_CREATE:
        if (has_folder(seat, entry)) {
            write_it(seat, entry);
        }
        break;
    case NEED_NOTHING:
        break;
    }
}
