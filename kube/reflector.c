#include "kube/reflector.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kube/reflector_priv.h"

#define KEY_MAX          1024  /* bytes of namespace and name */
#define ABSENT_MS        10000 /* between two looks for a kind that is not installed */
#define ABSENT_SPREAD_MS 2001

static const char *const state_names[] = {
    [BNC_REFLECTOR_LISTING] = "listing",      [BNC_REFLECTOR_OPENING] = "opening",
    [BNC_REFLECTOR_WATCHING] = "watching",    [BNC_REFLECTOR_FAILING] = "failing",
    [BNC_REFLECTOR_ABSENT] = "not installed", [BNC_REFLECTOR_STOPPED] = "stopped",
};
static_assert(BNC_LEN(state_names) == BNC_REFLECTOR_STOPPED + 1,
              "every state needs a name");

const char *
bnc_reflector_state_name(enum bnc_reflector_state state)
{
    return (size_t)state < BNC_LEN(state_names) ? state_names[state] : "unknown";
}

/* ---- what lists and watches share ---------------------------------------------- */

void
bnc_reflector_set_version(struct bnc_reflector *r, const char *version)
{
    if (strcmp(r->version, version) != 0) {
        free(r->version);
        r->version = bnc_strdup(version);
    }
}

bool
bnc_reflector_mark(struct bnc_reflector *r, const struct bnc_pruned *object, char *mark,
                   bool *was_known)
{
    char key[KEY_MAX];
    int n = snprintf(key, sizeof(key), "%s/%s", object->ns, object->name);

    if (object->name[0] == '\0' || n < 0 || (size_t)n >= sizeof(key)) {
        r->counters->skipped_events++;
        return false;
    }
    const void *old =
        mark == NULL ? bnc_map_take(r->known, key) : bnc_map_put(r->known, key, mark);
    if (was_known != NULL) {
        *was_known = old != NULL;
    }
    return true;
}

const char *
bnc_reflector_accept(const struct bnc_reflector *r, bool list)
{
    if (!r->metadata_only) {
        return "application/json";
    }
    return list ? "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"
                  "application/json"
                : "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
                  "application/json";
}

const char *
bnc_reflector_field_selector(const struct bnc_reflector *r, struct bnc_arena *arena)
{
    return r->name[0] == '\0' ? NULL : bnc_arena_fmt(arena, "metadata.name=%s", r->name);
}

const char *
bnc_reflector_path(const struct bnc_reflector *r, struct bnc_arena *arena,
                   struct bnc_error *err)
{
    struct bnc_str path = bnc_str_new(arena, BNC_URL_MAX);
    if (bnc_url_path(&path, r->info, r->ns, NULL, NULL, err)) {
        return NULL;
    }
    return path.ptr;
}

/* ---- life ---------------------------------------------------------------------- */

static void
destroy(struct bnc_reflector *r)
{
    bnc_stream_free(r->stream);
    bnc_map_free(r->known);
    free(r->ns);
    free(r->name);
    free(r->version);
    free(r->list.asked);
    free(r->list.token);
    free(r);
}

void
bnc_reflector_enter(struct bnc_reflector *r)
{
    r->depth++;
}

void
bnc_reflector_leave(struct bnc_reflector *r)
{
    if (--r->depth == 0 && r->dead) {
        destroy(r);
    }
}

void
bnc_reflector_close(struct bnc_reflector *r)
{
    if (r->call != NULL) {
        bnc_kube_cancel(r->call);
        r->call = NULL;
    }
    bnc_stream_free(r->stream);
    r->stream = NULL;
}

void
bnc_reflector_free(struct bnc_reflector *r)
{
    if (r == NULL || r->dead) {
        return;
    }
    if (r->call != NULL) {
        bnc_kube_cancel(r->call);
        r->call = NULL;
    }
    bnc_timer_free(r->timer);
    r->timer = NULL;
    r->state = BNC_REFLECTOR_STOPPED;
    r->dead = true;
    if (r->depth == 0) {
        destroy(r);
    }
}

/* ---- failing and working ------------------------------------------------------- */

void
bnc_reflector_fail(struct bnc_reflector *r, enum bnc_reflector_next next,
                   const struct bnc_kube_result *result)
{
    bool refused = result->http_status == 0;
    int64_t wait =
        bnc_backoff_next(&r->backoff, r->world, refused, result->retry_after_ms);

    bool new_trouble = r->error.code != result->err.code ||
                       strcmp(r->error.message, result->err.message) != 0;

    bnc_reflector_close(r);
    r->state = BNC_REFLECTOR_FAILING;
    r->next = next;
    r->error = result->err;
    r->was_absent = false;
    bnc_timer_set(r->timer, wait);
    if (new_trouble) {
        r->ops->trouble(r->arg, &result->err);
    }
}

void
bnc_reflector_works(struct bnc_reflector *r)
{
    if (r->error.code != BNC_OK) {
        r->error = (struct bnc_error){0};
        r->ops->trouble(r->arg, &r->error);
    }
}

bool
bnc_reflector_is_absent(const struct bnc_reflector *r,
                        const struct bnc_kube_result *result)
{
    return r->info->optional && result->http_status == 404;
}

void
bnc_reflector_look_later(struct bnc_reflector *r)
{
    bnc_reflector_close(r);
    r->state = BNC_REFLECTOR_ABSENT;
    r->next = BNC_NEXT_LIST;
    r->reason = BNC_RELIST_ABSENT;
    bnc_timer_set(r->timer,
                  ABSENT_MS + (int64_t)(bnc_world_random(r->world) % ABSENT_SPREAD_MS));
}

/* The server has accepted the question and says nothing. */
static void
stalled(struct bnc_reflector *r)
{
    bool list = r->state == BNC_REFLECTOR_LISTING;
    struct bnc_kube_result late = {0};

    (void)bnc_fail(&late.err, BNC_TIMEOUT, "the %s of %s has stalled",
                   list ? "list" : "watch", r->info->plural);
    if (list) {
        r->streams_lost += r->watch.initial ? 1 : 0;
        r->counters->list_failures++;
        r->reason = BNC_RELIST_RETRY;
    } else {
        r->counters->watch_failures++;
    }
    bnc_reflector_fail(r, list ? BNC_NEXT_LIST : BNC_NEXT_WATCH, &late);
}

static void
on_timer(void *arg)
{
    struct bnc_reflector *r = arg;

    bnc_reflector_enter(r);
    if (r->state == BNC_REFLECTOR_LISTING && r->watch.initial && r->watch.opened) {
        bnc_reflector_stream_silent(r);
    } else if (r->state == BNC_REFLECTOR_LISTING || r->state == BNC_REFLECTOR_OPENING) {
        stalled(r);
    } else if (r->next == BNC_NEXT_LIST) {
        bnc_reflector_list_start(r, r->reason);
    } else {
        bnc_reflector_watch_start(r, false);
    }
    bnc_reflector_leave(r);
}

/* ---- public -------------------------------------------------------------------- */

struct bnc_reflector *
bnc_reflector_new(struct bnc_kube *kube, const struct bnc_reflector_options *options,
                  const struct bnc_reflector_ops *ops, void *arg)
{
    struct bnc_reflector *r = bnc_alloc(sizeof(*r));

    r->kube = kube;
    r->world = bnc_kube_world(kube);
    r->counters = bnc_kube_counters(kube);
    r->ops = ops;
    r->arg = arg;
    r->kind = options->kind;
    r->info = bnc_kind_info(options->kind);
    r->keep = options->metadata_only ? bnc_keep_metadata : r->info->keep;
    r->ns = bnc_strdup(options->ns == NULL ? "" : options->ns);
    r->name = bnc_strdup(options->name == NULL ? "" : options->name);
    r->metadata_only = options->metadata_only;
    r->version = bnc_strdup("");
    r->known = bnc_map_new();
    r->last_contact_ms = -1;
    r->state = BNC_REFLECTOR_FAILING; /* nothing yet: the timer begins */
    r->next = BNC_NEXT_LIST;
    r->reason = BNC_RELIST_FIRST;
    r->timer = bnc_timer_new(r->world, on_timer, r);
    bnc_timer_set(r->timer, 0);
    return r;
}

bool
bnc_reflector_relist(struct bnc_reflector *r)
{
    if (r->state == BNC_REFLECTOR_ABSENT) {
        return false;
    }
    bnc_reflector_close(r);
    r->state = BNC_REFLECTOR_FAILING; /* the timer begins, as at first */
    r->next = BNC_NEXT_LIST;
    r->reason = r->listed ? BNC_RELIST_ASKED : BNC_RELIST_FIRST;
    bnc_timer_set(r->timer, 0);
    return true;
}

void
bnc_reflector_health_get(const struct bnc_reflector *r, struct bnc_reflector_health *out)
{
    *out = (struct bnc_reflector_health){
        .state = r->state,
        .listed = r->listed,
        .objects = bnc_map_count(r->known),
        .last_contact_ms = r->last_contact_ms,
        .version = r->version,
        .error = r->error.message,
        .error_code = r->error.code,
    };
}
