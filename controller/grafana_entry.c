#include <stdlib.h>
#include <string.h>

#include "controller/grafana_priv.h"
#include "lib/clip.h"

#define WORDS_MAX  300 /* bytes of Grafana's own words */
#define SECRET_MIN 4   /* shorter ones are found in every text */

/* ---- texts ---------------------------------------------------------------------- */

void
bnc_gapi_slot(char **slot, const char *text)
{
    char *old = *slot;

    *slot = bnc_strdup(text);
    free(old);
}

const char *
bnc_gapi_words(struct bnc_arena *arena, const struct entry *entry, const char *text)
{
    for (size_t i = 0; entry != NULL && i < entry->item.n_secrets; i++) {
        const struct bnc_bytes secret = entry->item.secrets[i].value;
        if (secret.len >= SECRET_MIN && strstr(text, secret.ptr) != NULL) {
            return "(not shown: it has a secret in it)";
        }
    }
    char *out = bnc_arena_strndup(arena, text, (size_t)bnc_clip(text, WORDS_MAX));
    for (char *c = out; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = ' ';
        }
    }
    return out;
}

/* ---- secrets -------------------------------------------------------------------- */

/* In memory of their own, each with a NUL behind it. */
static const struct bnc_gapi_secret *
copy_secrets(const struct bnc_gapi_item *item)
{
    struct bnc_gapi_secret *out;

    if (item->n_secrets == 0) {
        return NULL;
    }
    out = bnc_alloc(item->n_secrets * sizeof(*out));
    for (size_t i = 0; i < item->n_secrets; i++) {
        const struct bnc_bytes value = item->secrets[i].value;
        char *copy = bnc_alloc(value.len + 1);
        if (value.len > 0) {
            (void)memcpy(copy, value.ptr, value.len);
        }
        out[i].key = bnc_strdup(item->secrets[i].key);
        out[i].value = (struct bnc_bytes){copy, value.len};
    }
    return out;
}

static void
free_secrets(struct bnc_gapi_item *item)
{
    for (size_t i = 0; i < item->n_secrets; i++) {
        struct bnc_gapi_secret secret = item->secrets[i];
        void *value = NULL;
        void *key = NULL;
        (void)memcpy(&value, &secret.value.ptr, sizeof(value)); /* our own copies */
        (void)memcpy(&key, &secret.key, sizeof(key));
        explicit_bzero(value, secret.value.len);
        free(value);
        free(key);
    }
    void *all = NULL;
    (void)memcpy(&all, &item->secrets, sizeof(all));
    free(all);
    item->secrets = NULL;
    item->n_secrets = 0;
}

static bool
same_secrets(const struct bnc_gapi_item *a, const struct bnc_gapi_item *b)
{
    if (a->n_secrets != b->n_secrets ||
        !bnc_str_eq(a->secret_version, b->secret_version)) {
        return false;
    }
    for (size_t i = 0; i < a->n_secrets; i++) {
        const struct bnc_gapi_secret *s = &a->secrets[i];
        const struct bnc_gapi_secret *t = &b->secrets[i];
        if (!bnc_str_eq(s->key, t->key) || s->value.len != t->value.len ||
            (s->value.len > 0 && memcmp(s->value.ptr, t->value.ptr, s->value.len) != 0)) {
            return false;
        }
    }
    return true;
}

/* ---- one entry ------------------------------------------------------------------ */

int
bnc_gapi_key_cmp(const struct entry *a, const struct bnc_gapi_item *b)
{
    if (a->item.org != b->org) {
        return a->item.org < b->org ? -1 : 1;
    }
    if (a->item.kind != b->kind) {
        return a->item.kind < b->kind ? -1 : 1;
    }
    return strcmp(a->item.uid, b->uid);
}

bool
bnc_gapi_entry_set(struct entry *entry, const struct bnc_gapi_item *item)
{
    struct bnc_arena *arena = bnc_arena_new();
    struct bnc_error err = {0};
    char hash[BNC_GAPI_HASH] = "";
    struct bnc_gapi_item made = *item;

    made.body = (struct bnc_bytes){"", 0};
    if (item->body.ptr != NULL && bnc_gapi_body(item, arena, &made.body, hash, &err)) {
        made.body = (struct bnc_bytes){"", 0};
    }
    bool same = strcmp(hash, entry->hash) == 0 && same_secrets(&entry->item, item) &&
                bnc_str_eq(entry->item.folder, item->folder) &&
                bnc_str_eq(entry->bad, err.code == BNC_OK ? NULL : err.message);
    made.uid = bnc_arena_strdup(arena, item->uid);
    made.name = bnc_arena_strdup(arena, item->name);
    made.owner = bnc_arena_strdup(arena, item->owner);
    made.folder = bnc_arena_strdup(arena, item->folder);
    made.secret_version = bnc_arena_strdup(arena, item->secret_version);
    made.secrets = copy_secrets(item);
    free_secrets(&entry->item);
    bnc_arena_free(entry->arena);
    entry->arena = arena;
    entry->item = made;
    (void)memcpy(entry->hash, hash, sizeof(hash));
    bnc_gapi_slot(&entry->bad, err.code == BNC_OK ? NULL : err.message);
    return !same;
}

struct entry *
bnc_gapi_entry_new(const struct bnc_gapi_item *item, bool wanted)
{
    struct entry *entry = bnc_alloc(sizeof(*entry));

    entry->wanted = wanted;
    (void)bnc_gapi_entry_set(entry, item);
    entry->message = bnc_strdup("");
    return entry;
}

void
bnc_gapi_entry_free(struct entry *entry)
{
    free_secrets(&entry->item);
    bnc_arena_free(entry->arena);
    free(entry->bad);
    free(entry->old_keys);
    free(entry->drift);
    free(entry->settled[0]);
    free(entry->settled[1]);
    free(entry->message);
    free(entry);
}

void
bnc_gapi_stand(struct seat *seat, struct entry *entry, enum bnc_gapi_standing standing,
               const char *message)
{
    if (entry->standing != standing || !bnc_str_eq(entry->message, message)) {
        entry->standing = standing;
        bnc_gapi_slot(&entry->message, message);
        seat->news = true;
    }
}

/* ---- all of them ---------------------------------------------------------------- */

bool
bnc_gapi_find(const struct seat *seat, const struct bnc_gapi_item *key, size_t *at)
{
    size_t low = 0;
    size_t high = seat->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bnc_gapi_key_cmp(seat->entries[middle], key);
        if (order == 0) {
            *at = middle;
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *at = low;
    return false;
}

struct entry *
bnc_gapi_put(struct seat *seat, size_t at, struct entry *entry)
{
    seat->entries = bnc_realloc(seat->entries, (seat->n + 1) * sizeof(struct entry *));
    (void)memmove(seat->entries + at + 1, seat->entries + at,
                  (seat->n - at) * sizeof(struct entry *));
    seat->entries[at] = entry;
    seat->n++;
    return entry;
}

void
bnc_gapi_take(struct seat *seat, size_t at)
{
    bnc_gapi_entry_free(seat->entries[at]);
    seat->n--;
    (void)memmove(seat->entries + at, seat->entries + at + 1,
                  (seat->n - at) * sizeof(struct entry *));
}
