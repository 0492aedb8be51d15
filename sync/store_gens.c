#include "sync/store_parts.h"

#include <stdio.h>
#include <string.h>

/* The generations in OUT: their names, and which of them may go. */

#define MAX_IN_OUT 16384 /* names in OUT, whoever put them there */
#define MAX_IN_GEN ((size_t)8 * BNC_STORE_MAX_NAMES)
#define MAX_OLD    2 /* unproved generations that stay for a rollback */

bool
bnc_store_folder_id(const char *folder, char id[BNC_STORE_MAX_ID + 1])
{
    static const char start[] = "gen-";
    if (!bnc_str_starts(folder, start)) {
        return false;
    }
    const char *digits = folder + strlen(start);
    size_t n = strspn(digits, "0123456789abcdef");
    if (n == 0 || n > BNC_STORE_MAX_ID ||
        (digits[n] != '\0' && strcmp(digits + n, ".1") != 0)) {
        return false;
    }
    memcpy(id, digits, n);
    id[n] = '\0';
    return true;
}

/* Ours, and of no use after a crash: "gen-<id>.tmp", links that were not renamed. */
static bool
is_litter(const struct bnc_store *store, const char *name)
{
    char id[BNC_STORE_MAX_ID + 1];
    char folder[BNC_STORE_FOLDER];
    size_t n = strlen(name);
    if (bnc_str_starts(name, ".current.binnacle-") ||
        bnc_str_starts(name, ".proved.binnacle-")) {
        return true;
    }
    if (!bnc_str_ends(name, ".tmp") || n >= sizeof(folder) ||
        strcmp(name, store->next.folder) == 0) {
        return false;
    }
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)(n - 4), name);
    return bnc_store_folder_id(folder, id);
}

static bool
is_needed(const struct bnc_store *store, const char *folder, const char *id)
{
    return strcmp(folder, store->current.folder) == 0 ||
           strcmp(folder, store->proved) == 0 || strcmp(id, store->kept) == 0;
}

static enum bnc_code
remove_in_out(const struct bnc_store *store, const char *name, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *path = bnc_store_join(store, arena, name, "");
    struct bnc_file_info info;
    if (bnc_file_stat(store->world, path, false, &info, err)) {
        return err->code;
    }
    return info.type == BNC_FILE_FOLDER
               ? bnc_dir_remove(store->world, path, MAX_IN_GEN, err)
               : bnc_file_remove(store->world, path, err);
}

struct sweep {
    struct bnc_store *store;
    const char **names;     /* in OUT; what is gone is "" */
    struct bnc_error first; /* what could not be removed */
};

static void
sweep_name(struct sweep *s, size_t i)
{
    struct bnc_error err = {0};
    if (remove_in_out(s->store, s->names[i], &err) && s->first.code == BNC_OK) {
        s->first = err;
    }
    s->names[i] = "";
}

static void
sweep_litter(struct sweep *s)
{
    for (size_t i = 0; s->names[i] != NULL; i++) {
        if (is_litter(s->store, s->names[i])) {
            sweep_name(s, i);
        }
    }
}

/* How many generations nobody needs, and which of them is the oldest. */
static size_t
find_oldest(const struct sweep *s, size_t *oldest)
{
    char id[BNC_STORE_MAX_ID + 1];
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    int64_t oldest_ns = INT64_MAX;
    size_t n = 0;
    for (size_t i = 0; s->names[i] != NULL; i++) {
        struct bnc_file_info info = {0};
        struct bnc_error err = {0};
        if (!bnc_store_folder_id(s->names[i], id) ||
            is_needed(s->store, s->names[i], id)) {
            continue;
        }
        const char *path = bnc_store_join(s->store, arena, s->names[i], "");
        if (bnc_file_stat(s->store->world, path, false, &info, &err)) {
            info.mtime_ns = 0; /* the first to go */
        }
        if (n == 0 || info.mtime_ns < oldest_ns) {
            *oldest = i;
            oldest_ns = info.mtime_ns;
        }
        n++;
    }
    return n;
}

static enum bnc_code
sweep(struct bnc_store *store, size_t max_old, struct bnc_error *first,
      struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct sweep s = {.store = store};
    if (bnc_dir_list(store->world, store->out, MAX_IN_OUT, arena, &s.names, err)) {
        return err->code;
    }
    sweep_litter(&s);
    for (size_t oldest = 0; find_oldest(&s, &oldest) > max_old;) {
        sweep_name(&s, oldest);
    }
    *first = s.first;
    return BNC_OK;
}

enum bnc_code
bnc_store_sweep(struct bnc_store *store, struct bnc_error *err)
{
    struct bnc_error ignored; /* of what is not needed, nothing must hold us up */
    return sweep(store, MAX_OLD, &ignored, err);
}

enum bnc_code
bnc_store_sweep_all(struct bnc_store *store, struct bnc_error *err)
{
    struct bnc_error first = {0};
    if (sweep(store, 0, &first, err)) {
        return err->code;
    }
    if (first.code != BNC_OK) {
        *err = first;
    }
    return first.code;
}

enum bnc_code
bnc_store_free_folder(struct bnc_store *store, const char *id,
                      char folder[BNC_STORE_FOLDER], struct bnc_error *err)
{
    static const char *const ends[] = {"", ".1"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char spare[BNC_STORE_FOLDER] = "";

    for (size_t i = 0; i < BNC_LEN(ends); i++) {
        struct bnc_file_info info;
        (void)snprintf(folder, BNC_STORE_FOLDER, "gen-%s%s", id, ends[i]);
        const char *path = bnc_store_join(store, arena, folder, "");
        enum bnc_code code = bnc_file_stat(store->world, path, false, &info, err);
        if (code == BNC_NOT_FOUND) {
            *err = (struct bnc_error){0};
            return BNC_OK;
        }
        if (code != BNC_OK) {
            return code;
        }
        /* of two that are there, one at most is current; the proved one stays if it can
         */
        if (strcmp(folder, store->current.folder) != 0 &&
            (spare[0] == '\0' || strcmp(spare, store->proved) == 0)) {
            memcpy(spare, folder, sizeof(spare));
        }
    }
    memcpy(folder, spare, sizeof(spare));
    return remove_in_out(store, folder, err);
}
