#include <stdlib.h>
#include <string.h>

#include "controller/grafana_priv.h"
#include "kube/url.h"
#include "lib/log.h"

#define PATH     "/api/datasources/uid/"
#define LIST     "/api/datasources"
#define TEXT_MAX ((size_t)64 * 1024)
#define HIDDEN                                                                           \
    "something that Grafana does not show, a secret perhaps: changed -> as wanted"

/* ---- what a look says ----------------------------------------------------------- */

static void
learn_keys(struct entry *entry, const cJSON *keys)
{
    struct bnc_str lines = bnc_str_new(NULL, TEXT_MAX);
    const cJSON *key;

    cJSON_ArrayForEach(key, keys)
    {
        if (cJSON_IsString(key) && strchr(key->valuestring, '\n') == NULL) {
            bnc_str_fmt(&lines, "%s\n", key->valuestring);
        }
    }
    bnc_gapi_slot(&entry->old_keys, lines.len == 0 ? NULL : lines.ptr);
    bnc_str_free(&lines);
}

/* Somebody else's stands where this one should; true when so. */
static bool
is_foreign(struct seat *seat, struct entry *entry, const cJSON *live)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *owner = bnc_gapi_mark_of(live).owner;
    bool read_only = bnc_json_get_true(live, "readOnly");
    const char *whose;

    if (bnc_str_eq(owner, seat->owner) && !read_only) {
        return false;
    }
    entry->ours = false;
    entry->need = NEED_NOTHING;
    if (read_only) {
        whose = "comes from a file that Grafana provisions: take it out there";
    } else if (owner != NULL) {
        whose = bnc_arena_fmt(arena, "is Observatory %s's: give this one another uid",
                              bnc_gapi_words(arena, NULL, owner));
    } else {
        whose = "was not made by binnacle: delete it there, or give this one another uid";
    }
    if (entry->wanted) {
        bnc_gapi_stand(seat, entry, BNC_GAPI_FOREIGN,
                       bnc_arena_fmt(arena,
                                     "the datasource with uid %s in organization %lld "
                                     "of Grafana %s",
                                     entry->item.uid, (long long)entry->item.org, whose));
    }
    return true;
}

/* A field that only a look in full shows. */
static bool
needs_whole(const struct entry *entry, const cJSON *body)
{
    return entry->item.n_secrets > 0 || bnc_json_get(body, "basicAuthUser") != NULL ||
           bnc_json_get(body, "withCredentials") != NULL;
}

/* What the mark of an entry says of its secrets; NULL: it has none. */
static const char *
secrets_mark(const struct bnc_gapi_item *item)
{
    if (item->n_secrets == 0) {
        return NULL;
    }
    return item->secret_version == NULL ? "" : item->secret_version;
}

/* What somebody else changed since it was written. */
static void
find_drift(const struct entry *entry, const cJSON *body, const cJSON *live, bool whole,
           struct bnc_str *diff)
{
    bnc_gapi_diff(body, live, whole, diff);
    if (bnc_str_eq(diff->len == 0 ? NULL : diff->ptr, entry->settled[whole ? 1 : 0])) {
        bnc_str_clear(diff); /* what Grafana made of it when it was written */
    }
    if (!whole || entry->item.n_secrets == 0) {
        return;
    }
    bnc_gapi_diff_secrets(&entry->item, live, diff);
    if (diff->len == 0 && entry->version != bnc_gapi_mark_of(live).version) {
        bnc_str_puts(diff, HIDDEN);
    }
}

static void
learn_look(struct entry *entry, const cJSON *live, bool whole)
{
    const struct bnc_gapi_mark mark = bnc_gapi_mark_of(live);
    int64_t version;

    if (whole && bnc_json_get_int(live, "version", &version)) {
        entry->version = version;
    } else if (entry->version == 0) {
        entry->version = mark.version;
    }
    learn_keys(entry, mark.keys);
    entry->need = NEED_NOTHING;
    entry->tries = 0;
    bnc_gapi_slot(&entry->drift, NULL);
}

/* It is there and ours: is it as it should be? */
static void
compare(struct seat *seat, struct entry *entry, const cJSON *live, bool whole)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_gapi_mark mark = bnc_gapi_mark_of(live);
    struct bnc_str diff = bnc_str_new(arena, TEXT_MAX);
    struct bnc_error err = {0};
    cJSON *body;

    if (bnc_json_parse(arena, entry->item.body.ptr, entry->item.body.len, &body, &err)) {
        return; /* `bad` says so */
    }
    learn_look(entry, live, whole);
    if (!bnc_str_eq(mark.hash, entry->hash) ||
        !bnc_str_eq(mark.secrets, secrets_mark(&entry->item))) {
        bnc_gapi_need(entry, NEED_UPDATE); /* our own word is another now */
        return;
    }
    find_drift(entry, body, live, whole, &diff);
    if (diff.len > 0 && whole) {
        bnc_gapi_slot(&entry->drift, diff.ptr);
        bnc_gapi_need(entry, NEED_UPDATE);
    } else if (diff.len > 0) {
        bnc_gapi_need(entry, NEED_LOOK); /* for the version, and for fields of no list */
    } else {
        bnc_gapi_stand(seat, entry, BNC_GAPI_SYNCED, "");
        if (!whole && needs_whole(entry, body)) {
            bnc_gapi_need_whole(seat, entry);
        }
    }
}

void
bnc_gapi_source_judge(struct seat *seat, struct entry *entry, const cJSON *live,
                      bool whole)
{
    if (entry->wanted && entry->bad != NULL) {
        entry->need = NEED_NOTHING;
        bnc_gapi_stand(seat, entry, BNC_GAPI_FAILED, entry->bad);
    } else if (live == NULL) {
        bnc_gapi_missing(entry);
    } else if (!is_foreign(seat, entry, live)) {
        entry->ours = true;
        if (entry->wanted) {
            compare(seat, entry, live, whole);
        } else {
            bnc_gapi_need(entry, NEED_REMOVE);
        }
    }
}

/* ---- answers -------------------------------------------------------------------- */

static void
on_look(struct seat *seat, const struct reply *reply)
{
    if (reply->status == 200 && cJSON_IsObject(reply->tree)) {
        bnc_gapi_source_judge(seat, bnc_gapi_take_busy(seat), reply->tree, true);
    } else if (reply->status == 404) {
        struct entry *entry = bnc_gapi_take_busy(seat);
        bool taken = entry->again && entry->need == NEED_LOOK && !entry->ours;
        bnc_gapi_source_judge(seat, entry, NULL, true);
        if (taken && entry->wanted) { /* its POST met a conflict: it is the name, then */
            entry->need = NEED_NOTHING;
            bnc_gapi_stand(seat, entry, BNC_GAPI_FOREIGN,
                           bnc_arena_fmt(reply->arena,
                                         "Grafana has another datasource \"%s\": delete "
                                         "it there, or give this one another title",
                                         entry->item.name));
        }
    } else if (!bnc_gapi_fault(seat, reply, "GET " LIST)) {
        bnc_gapi_fault_item(seat, bnc_gapi_take_busy(seat), reply, "GET");
    }
    seat->busy = NULL;
    bnc_gapi_turn(seat);
}

/* What Grafana made of it: fields that it has its own way with are no drift later. */
static void
learn(struct entry *entry, const cJSON *live)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *body;

    if (bnc_json_parse(arena, entry->item.body.ptr, entry->item.body.len, &body, &err)) {
        return;
    }
    for (int whole = 0; whole <= 1; whole++) {
        struct bnc_str diff = bnc_str_new(arena, TEXT_MAX);
        bnc_gapi_diff(body, live, whole == 1, &diff);
        bnc_gapi_slot(&entry->settled[whole], diff.len == 0 ? NULL : diff.ptr);
    }
    learn_keys(entry, bnc_gapi_mark_of(live).keys);
    if (!bnc_json_get_int(live, "version", &entry->version)) {
        entry->version = 0;
    }
}

static void
on_written(struct seat *seat, const struct reply *reply)
{
    bool created = seat->busy->need == NEED_CREATE;
    const char *what = created ? "POST " LIST : "PUT " LIST;

    if (reply->status == 200 && reply->tree != NULL) {
        struct entry *entry = bnc_gapi_take_busy(seat);
        learn(entry, bnc_json_get(reply->tree, "datasource"));
        bnc_gapi_written(seat, entry, created);
    } else if (reply->status == 404 && !created) {
        struct entry *entry = bnc_gapi_take_busy(seat);
        bnc_gapi_source_judge(seat, entry, NULL, true);
    } else if ((reply->status == 409 || reply->status == 412) &&
               bnc_gapi_look_again(seat->busy)) {
        if (created) {
            seat->busy->ours = false;
        }
    } else if (!bnc_gapi_fault(seat, reply, what)) {
        bnc_gapi_fault_item(seat, bnc_gapi_take_busy(seat), reply, what);
    }
    seat->busy = NULL;
    bnc_gapi_turn(seat);
}

static void
on_removed(struct seat *seat, const struct reply *reply)
{
    bnc_gapi_removed(seat, reply, "DELETE " LIST);
}

/* ---- questions ------------------------------------------------------------------ */

static void
write_it(struct seat *seat, struct entry *entry, const char *path)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    bool create = entry->need == NEED_CREATE;
    char *lines = bnc_arena_strdup(arena, entry->old_keys == NULL ? "" : entry->old_keys);
    const char **old = bnc_arena_array(arena, strlen(lines) + 1, sizeof(*old));
    struct bnc_gapi_write write = {
        .item = &entry->item,
        .hash = entry->hash,
        .owner = seat->owner,
        .version = create ? 0 : entry->version,
        .old = old,
    };
    struct bnc_str text = {0};
    struct bnc_error err = {0};
    char *rest = lines;
    size_t n = 0;

    for (char *key = strsep(&rest, "\n"); key != NULL; key = strsep(&rest, "\n")) {
        if (key[0] != '\0' && !create) {
            old[n++] = key;
        }
    }
    if (bnc_gapi_text(&write, &text, &err)) {
        bnc_gapi_give_up(seat, entry, err.message);
        return;
    }
    entry->changed = false;
    bnc_gapi_ask(seat, create ? "POST" : "PUT", create ? LIST : path, entry->item.org,
                 (struct bnc_bytes){text.ptr, text.len}, on_written);
    bnc_gapi_wipe(&text);
}

void
bnc_gapi_source_do(struct seat *seat, struct entry *entry)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str path = bnc_str_new(arena, TEXT_MAX);
    const struct bnc_bytes none = {0};

    bnc_str_puts(&path, PATH);
    bnc_url_encode(&path, entry->item.uid);
    switch (entry->need) {
    case NEED_LOOK:
        bnc_gapi_ask(seat, "GET", path.ptr, entry->item.org, none, on_look);
        break;
    case NEED_REMOVE:
        bnc_gapi_ask(seat, "DELETE", path.ptr, entry->item.org, none, on_removed);
        break;
    case NEED_UPDATE:
    case NEED_CREATE:
        write_it(seat, entry, path.ptr);
        break;
    case NEED_NOTHING:
        break;
    }
}
