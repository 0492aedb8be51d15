#include "tests/sim/run/readers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/loaded.h"
#include "lib/base64.h"
#include "lib/json.h"

#define ROOTS_MAX 64
#define PARTS_MAX 4096
/* A root whose write was carried out, though its answer was lost, is seen by the watch.
 */
#define SLACK_MS 90000

/* One binnacle sync. */
struct reader {
    const char *ns; /* of its Observatory, called main */
    const char *name;
    int64_t shard;
    char hash[BNC_HASH_TEXT_MAX]; /* that it runs; "": nothing yet */
    int64_t ran_ms; /* when it last said that this is what is published; -1: never */
};

/* A root that was published, as its last write left it. */
struct root {
    bool there;
    char kind[16];
    char ns[64];
    char name[128];
    char owner[128]; /* namespace of its Observatory */
    char uid[64];    /* of that: another one may have its name later */
    char hash[BNC_HASH_TEXT_MAX];
    int64_t shard;
};

/* A part that a root has named. */
struct part {
    const struct root *root;
    char name[160];
    bool named;      /* by the root as it is */
    int64_t left_ms; /* else: since when it is not */
};

struct readers {
    struct bnc_sim *sim;
    struct bnc_sim_api *api;
    struct bnc_arena *arena;
    struct reader items[3];
    struct root roots[ROOTS_MAX];
    size_t n_roots;
    struct part parts[PARTS_MAX];
    size_t n_parts;
    struct {
        const char *owner;
        int64_t ms; /* all who report have loaded what was published then; -1: none */
    } loaded[2];
};

struct readers *
readers_new(struct bnc_sim *sim, struct bnc_sim_api *api, struct bnc_arena *arena)
{
    struct readers *r = bnc_alloc(sizeof(*r));
    *r = (struct readers){.sim = sim,
                          .api = api,
                          .arena = arena,
                          .items = {{"monitoring", "sync-a", 0, "", -1},
                                    {"monitoring", "sync-b", 0, "", -1},
                                    {"shop", "sync-c", 0, "", -1}},
                          .loaded = {{"monitoring", -1}, {"shop", -1}}};
    r->items[1].shard = bnc_sim_chance(sim, 300) ? 1 : 0;
    return r;
}

void
readers_free(struct readers *readers)
{
    free(readers);
}

static cJSON *
get(struct readers *r, struct bnc_arena *arena, const char *kind, const char *ns,
    const char *name)
{
    const char *json = bnc_sim_api_get(r->api, kind, ns, name);
    struct bnc_error err = {0};
    cJSON *root = NULL;
    if (json == NULL || bnc_json_parse(arena, json, strlen(json), &root, &err)) {
        return NULL;
    }
    return root;
}

/* As it was so long ago; such texts compare like their times. */
static const char *
time_text(struct readers *r, int64_t ago_ms, char out[32])
{
    time_t seconds = (time_t)((bnc_world_wall_ms(bnc_sim_world(r->sim)) - ago_ms) / 1000);
    struct tm parts;
    (void)gmtime_r(&seconds, &parts);
    (void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return out;
}

/* ---- who has loaded what -------------------------------------------------------- */

static bool
runs(const struct readers *r, const char *owner, const cJSON *item)
{
    const char *hash = bnc_json_get_str(item, "hash");
    int64_t shard = 0;
    (void)bnc_json_get_int(item, "shard", &shard);
    for (size_t i = 0; i < r->n_roots; i++) {
        const struct root *root = &r->roots[i];
        if (root->there && strcmp(root->owner, owner) == 0 && root->shard == shard &&
            bnc_str_eq(hash, root->hash)) {
            return bnc_str_eq(bnc_json_get_str(item, "reason"), "Loaded");
        }
    }
    return false;
}

static struct reader *
reader_called(struct readers *r, const char *name)
{
    for (size_t i = 0; i < BNC_LEN(r->items); i++) {
        if (bnc_str_eq(name, r->items[i].name)) {
            return &r->items[i];
        }
    }
    bnc_sim_die(r->sim, "readers: nobody is called %s", name == NULL ? "" : name);
}

/*
 * Look what all who report now have loaded.  Who has once loaded something newer reads
 * the old parts no more, whatever it says later: the product, whose watch may be late,
 * need not have seen them say so at the same moment.
 */
static void
look(struct readers *r)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char oldest[32];
    (void)time_text(r, BNC_INSTANCE_FRESH_MS, oldest);
    for (size_t i = 0; i < BNC_LEN(r->loaded); i++) {
        int64_t all_ms = INT64_MAX;
        const cJSON *item;
        const cJSON *live = get(r, arena, "Observatory", r->loaded[i].owner, "main");
        cJSON_ArrayForEach(item,
                           bnc_json_path(live, "status", "prometheus", "instances", NULL))
        {
            const char *text = bnc_json_get_str(item, "time");
            if (text == NULL || strcmp(text, oldest) <= 0) {
                continue;
            }
            struct reader *one = reader_called(r, bnc_json_get_str(item, "name"));
            if (runs(r, r->loaded[i].owner, item)) {
                one->ran_ms = bnc_sim_now_ms(r->sim);
            }
            all_ms = one->ran_ms < all_ms ? one->ran_ms : all_ms;
        }
        if (all_ms != INT64_MAX && all_ms > r->loaded[i].ms) {
            r->loaded[i].ms = all_ms;
        }
    }
}

/* ---- reports -------------------------------------------------------------------- */

/* Write the entry of one, leaving those of others, as its field manager would. */
static void
report(struct readers *r, const struct reader *one, const char *reason, const char *more)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str patch = bnc_str_new(arena, (size_t)64 * 1024);
    char now[32];
    const cJSON *item;
    const cJSON *live = get(r, arena, "Observatory", one->ns, "main");

    if (live == NULL) {
        return;
    }
    look(r); /* as it was until now */
    bnc_str_puts(&patch, "{\"status\":{\"prometheus\":{\"instances\":[");
    cJSON_ArrayForEach(item,
                       bnc_json_path(live, "status", "prometheus", "instances", NULL))
    {
        if (!bnc_str_eq(bnc_json_get_str(item, "name"), one->name)) {
            bnc_json_print(item, &patch);
            bnc_str_putc(&patch, ',');
        }
    }
    bnc_str_fmt(&patch, "{\"name\":\"%s\",\"shard\":%d,\"time\":\"%s\",\"reason\":\"%s\"",
                one->name, (int)one->shard, time_text(r, 0, now), reason);
    if (one->hash[0] != '\0') {
        bnc_str_fmt(&patch, ",\"hash\":\"%s\",\"loadedTime\":\"%s\"", one->hash, now);
    }
    bnc_str_fmt(&patch, "%s}]}}}", more);
    (void)bnc_sim_api_patch(r->api, bnc_arena_fmt(arena, "binnacle-sync-%s", one->name),
                            "Observatory", one->ns, "main", patch.ptr);
    look(r);
}

/* What the root of its shard says now; "" without one. */
static void
load(struct readers *r, struct reader *one)
{
    for (size_t i = 0; i < r->n_roots; i++) {
        const struct root *root = &r->roots[i];
        if (root->there && strcmp(root->owner, one->ns) == 0 &&
            root->shard == one->shard &&
            bnc_sim_api_get(r->api, root->kind, root->ns, root->name) != NULL) {
            (void)snprintf(one->hash, sizeof(one->hash), "%s", root->hash);
        }
    }
}

void
readers_step(struct readers *r, char text[256])
{
    static const struct {
        const char *reason;
        const char *more;
        bool loads;
    } actions[] = {
        {"Loaded", ",\"targetsUp\":3,\"targetsDown\":1", true},
        {"Loaded", "", true},
        {"Loaded", "", true},
        {"Loaded", "", false}, /* of before */
        {"Loading", "", false},
        {"Refused",
         ",\"message\":\"no such field\",\"culprits\":[\"scrapePolicy/shop/web/http\"]",
         false},
        {"PoolsMissing", ",\"message\":\"x\",\"culprits\":[\"nobody\"]", false},
        {"Unreachable", ",\"message\":\"connection refused\"", true},
    };
    struct reader *one = &r->items[bnc_sim_below(r->sim, BNC_LEN(r->items))];
    size_t i = bnc_sim_below(r->sim, BNC_LEN(actions));
    if (actions[i].loads) {
        load(r, one);
    }
    report(r, one, actions[i].reason, actions[i].more);
    (void)snprintf(text, 256, "%lld ms: %s says %s %.20s",
                   (long long)bnc_sim_now_ms(r->sim), one->name, actions[i].reason,
                   one->hash);
}

void
readers_load_all(struct readers *r)
{
    for (size_t i = 0; i < BNC_LEN(r->items); i++) {
        r->items[i].shard = 0;
        load(r, &r->items[i]);
        report(r, &r->items[i], "Loaded", "");
    }
}

/* ---- what is published ---------------------------------------------------------- */

static struct root *
root_of(struct readers *r, const char *kind, const char *ns, const char *name)
{
    for (size_t i = 0; i < r->n_roots; i++) {
        struct root *root = &r->roots[i];
        if (strcmp(root->kind, kind) == 0 && strcmp(root->ns, ns) == 0 &&
            strcmp(root->name, name) == 0) {
            return root;
        }
    }
    return NULL;
}

static struct root *
new_root(struct readers *r, const char *kind, const char *ns, const char *name)
{
    if (r->n_roots == ROOTS_MAX) {
        bnc_sim_die(r->sim, "readers: too many roots");
    }
    struct root *root = &r->roots[r->n_roots++];
    *root = (struct root){0};
    (void)snprintf(root->kind, sizeof(root->kind), "%s", kind);
    (void)snprintf(root->ns, sizeof(root->ns), "%s", ns);
    (void)snprintf(root->name, sizeof(root->name), "%s", name);
    const char *shard = strstr(name, "-shard-");
    root->shard = shard == NULL ? 0 : strtoll(shard + strlen("-shard-"), NULL, 10);
    return root;
}

static struct part *
part_of(struct readers *r, const struct root *root, const char *name)
{
    for (size_t i = 0; i < r->n_parts; i++) {
        if (r->parts[i].root == root && strcmp(r->parts[i].name, name) == 0) {
            return &r->parts[i];
        }
    }
    if (r->n_parts == PARTS_MAX) {
        bnc_sim_die(r->sim, "readers: too many parts");
    }
    struct part *part = &r->parts[r->n_parts++];
    *part = (struct part){.root = root, .left_ms = -1};
    (void)snprintf(part->name, sizeof(part->name), "%s", name);
    return part;
}

/* The root names exactly the parts of its manifest; none when that is NULL. */
static void
name_parts(struct readers *r, const struct root *root, const cJSON *manifest)
{
    const cJSON *file;
    bool named[PARTS_MAX] = {false};
    cJSON_ArrayForEach(file, bnc_json_get(manifest, "files"))
    {
        const char *object = bnc_json_get_str(file, "object");
        if (object != NULL && strcmp(object, root->name) != 0) {
            named[part_of(r, root, object) - r->parts] = true;
        }
    }
    for (size_t i = 0; i < r->n_parts; i++) {
        struct part *part = &r->parts[i];
        if (part->root != root) {
            continue;
        }
        if (part->named && !named[i]) {
            part->left_ms = bnc_sim_now_ms(r->sim);
        }
        part->named = named[i];
    }
}

static cJSON *
manifest_of(struct bnc_arena *arena, const char *kind, const cJSON *object)
{
    const char *text = bnc_json_get_str(bnc_json_get(object, "data"), "manifest.json");
    struct bnc_error err = {0};
    struct bnc_bytes bytes = {text, text == NULL ? 0 : strlen(text)};
    cJSON *manifest = NULL;
    if (text == NULL ||
        (strcmp(kind, "Secret") == 0 && !bnc_base64_decode(arena, text, &bytes)) ||
        bnc_json_parse(arena, bytes.ptr, bytes.len, &manifest, &err)) {
        return NULL;
    }
    return manifest;
}

/* The uid of the Observatory that an object was written for. */
static const char *
owner_uid(struct readers *r, struct bnc_arena *arena, const cJSON *object,
          const char *owner)
{
    const cJSON *refs = bnc_json_path(object, "metadata", "ownerReferences", NULL);
    const cJSON *live = get(r, arena, "Observatory", owner, "main");
    const char *uid = bnc_json_get_str(cJSON_GetArrayItem(refs, 0), "uid");
    if (uid == NULL) { /* it is in another namespace */
        uid = bnc_json_get_str(bnc_json_get(live, "metadata"), "uid");
    }
    return uid == NULL ? "" : uid;
}

static bool
keeps(struct readers *r, const struct root *root)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const cJSON *live = get(r, arena, "Observatory", root->owner, "main");
    const cJSON *meta = bnc_json_get(live, "metadata");
    return bnc_str_eq(bnc_json_get_str(meta, "uid"), root->uid) &&
           bnc_json_get(meta, "deletionTimestamp") == NULL;
}

bool
readers_keep(struct readers *r, const char *kind, const char *ns, const char *name)
{
    const struct root *root = root_of(r, kind, ns, name);
    return root != NULL && keeps(r, root);
}

/* ---- the promise ---------------------------------------------------------------- */

struct counting {
    struct readers *r;
    const struct root *root;
    const char *kind;
    size_t n;
};

static void
count_unnamed(void *arg, const struct bnc_sim_api_item *item)
{
    struct counting *c = arg;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const cJSON *object = get(c->r, arena, c->kind, item->ns, item->name);
    const cJSON *notes = bnc_json_path(object, "metadata", "annotations", NULL);
    const char *owner = bnc_arena_fmt(arena, "%s/main", c->root->owner);
    bool counts = bnc_json_get_str(notes, BNC_ANNOTATION_FILE) != NULL &&
                  bnc_str_eq(bnc_json_get_str(notes, "binnacle.dev/owner"), owner);
    for (size_t i = 0; counts && i < c->r->n_parts; i++) {
        const struct part *part = &c->r->parts[i];
        counts = !part->named || strcmp(part->name, item->name) != 0 ||
                 strcmp(part->root->ns, item->ns) != 0 ||
                 strcmp(part->root->kind, c->kind) != 0;
    }
    c->n += counts;
}

/* True when so many others of its owner are there that no root names. */
static bool
too_many(struct readers *r, const struct part *part)
{
    struct counting c = {.r = r, .root = part->root, .kind = "Secret"};
    (void)bnc_sim_api_list(r->api, "Secret", count_unnamed, &c);
    c.kind = "ConfigMap";
    (void)bnc_sim_api_list(r->api, "ConfigMap", count_unnamed, &c);
    return c.n >= BNC_RETIRED_MAX;
}

static const char *
check_deleted(struct readers *r, const struct part *part)
{
    const char *owner = part->root->owner;
    int64_t now_ms = bnc_sim_now_ms(r->sim);

    if (!keeps(r, part->root)) {
        return NULL; /* it goes with its Observatory, in any order */
    }
    if (part->named && bnc_sim_api_get(r->api, part->root->kind, part->root->ns,
                                       part->root->name) == NULL) {
        return NULL; /* somebody took the root away: nobody reads it */
    }
    look(r);
    for (size_t i = 0; i < BNC_LEN(r->loaded); i++) {
        if (strcmp(r->loaded[i].owner, owner) == 0 && !part->named &&
            r->loaded[i].ms >= part->left_ms) {
            return NULL;
        }
    }
    if (!part->named &&
        (now_ms - part->left_ms >= BNC_RETIRED_MS - SLACK_MS || too_many(r, part))) {
        return NULL;
    }
    return bnc_arena_fmt(
        r->arena, "%s/%s is deleted %lld ms after its root %s %s of %s %s",
        part->root->ns, part->name,
        part->named ? 0LL : (long long)(now_ms - part->left_ms), part->root->kind,
        part->root->name, part->root->owner, part->named ? "named it" : "left it");
}

/* False: what is beside the configuration, for others to read. */
static bool
is_root(const char *name)
{
    return !bnc_str_ends(name, "-assets") && !bnc_str_ends(name, "-jaeger-sampling") &&
           !bnc_str_starts(name, "binnacle-mesh");
}

const char *
readers_see(struct readers *r, const char *kind, const char *ns, const char *name)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *wrong = NULL;
    cJSON *object = get(r, arena, kind, ns, name);
    struct root *root = root_of(r, kind, ns, name);
    cJSON *manifest = manifest_of(arena, kind, object);
    const cJSON *notes = bnc_json_path(object, "metadata", "annotations", NULL);
    const char *owner = bnc_json_get_str(notes, "binnacle.dev/owner");

    if (root == NULL && owner != NULL && is_root(name) &&
        bnc_json_get_str(notes, BNC_ANNOTATION_FILE) == NULL) {
        root = new_root(r, kind, ns, name);
    }
    if (root != NULL) {
        const char *hash = bnc_json_get_str(notes, "binnacle.dev/hash");
        root->there = object != NULL;
        if (owner != NULL) {
            (void)snprintf(root->owner, sizeof(root->owner), "%.*s",
                           (int)strcspn(owner, "/"), owner);
            (void)snprintf(root->uid, sizeof(root->uid), "%s",
                           owner_uid(r, arena, object, root->owner));
        }
        (void)snprintf(root->hash, sizeof(root->hash), "%s", hash == NULL ? "" : hash);
        name_parts(r, root, manifest);
        look(r);
        return NULL;
    }
    for (size_t i = 0; object == NULL && i < r->n_parts && wrong == NULL; i++) {
        struct part *part = &r->parts[i];
        if (strcmp(part->name, name) == 0 && strcmp(part->root->ns, ns) == 0 &&
            strcmp(part->root->kind, kind) == 0) {
            wrong = check_deleted(r, part);
        }
    }
    return wrong;
}
