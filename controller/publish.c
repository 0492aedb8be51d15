#include "controller/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/map.h"

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS   30000

/* One object that we write. */
struct output {
    struct bnc_publisher *publisher;
    enum bnc_kind kind;
    char *ns;
    char *name;
    char *owner; /* "NS/NAME" of its Observatory */
    char *body;  /* the intent */
    size_t body_len;
    char hash[BNC_HASH_TEXT_MAX];
    bool wanted;  /* false: to be deleted, */
    bool orphan;  /* or just forgotten */
    bool dropped; /* its owner is gone or goes */

    /* what is known of the live one */
    bool known;
    bool exists;
    bool ours;    /* it says so itself */
    bool adopted; /* it is labelled for us to take */
    char live_hash[BNC_HASH_TEXT_MAX];
    bool drifted; /* somebody changed a field of ours */
    char *uid;
    char *resource_version;

    /* writing */
    struct bnc_timer *timer;
    bool in_flight;
    bool deleting;
    char sent_hash[BNC_HASH_TEXT_MAX];
    int64_t last_write_ms;
    int64_t window_ms; /* when the current window of equal writes began */
    unsigned window_writes;
    unsigned failures;
    enum bnc_reason reason;
    char message[BNC_ERROR_MAX];
};

/* An Observatory's set. */
struct owner {
    struct output **items;
    size_t n;
};

struct bnc_publisher {
    struct bnc_publisher_options options;
    struct bnc_map *outputs; /* "KIND/NS/NAME" */
    struct bnc_map *owners;
};

static void consider(struct output *out);

struct bnc_publisher *
bnc_publisher_new(const struct bnc_publisher_options *options)
{
    struct bnc_publisher *publisher = bnc_alloc(sizeof(*publisher));
    publisher->options = *options;
    publisher->outputs = bnc_map_new();
    publisher->owners = bnc_map_new();
    return publisher;
}

static void
free_output(struct output *out)
{
    bnc_timer_free(out->timer);
    free(out->ns);
    free(out->name);
    free(out->owner);
    free(out->body);
    free(out->uid);
    free(out->resource_version);
    free(out);
}

static void
free_owner(struct owner *owner)
{
    if (owner != NULL) {
        free(owner->items);
        free(owner);
    }
}

void
bnc_publisher_free(struct bnc_publisher *publisher)
{
    if (publisher == NULL) {
        return;
    }
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        free_output(value);
    }
    at = 0;
    while (bnc_map_next(publisher->owners, &at, NULL, &value)) {
        free_owner(value);
    }
    bnc_map_free(publisher->outputs);
    bnc_map_free(publisher->owners);
    free(publisher);
}

static void
output_key(char key[640], enum bnc_kind kind, const char *ns, const char *name)
{
    (void)snprintf(key, 640, "%d/%s/%s", (int)kind, ns, name);
}

static void
replace_text(char **at, const char *text)
{
    free(*at);
    *at = bnc_strdup(text);
}

static void
changed(const struct bnc_publisher *publisher)
{
    publisher->options.changed(publisher->options.arg);
}

/* ---- what to do about one object ----------------------------------------------- */

static int64_t
now_ms(const struct output *out)
{
    return bnc_world_mono_ms(out->publisher->options.world);
}

static bool
may_touch(const struct output *out)
{
    return !out->exists || out->ours || out->adopted;
}

static bool
as_desired(const struct output *out)
{
    if (!out->wanted) {
        return out->orphan || !out->exists || !out->ours;
    }
    return out->exists && out->ours && !out->drifted &&
           strcmp(out->hash, out->live_hash) == 0;
}

static void
forget(struct output *out)
{
    char key[640];
    output_key(key, out->kind, out->ns, out->name);
    bnc_source_unwatch_output(out->publisher->options.source, out->kind, out->ns,
                              out->name);
    (void)bnc_map_take(out->publisher->outputs, key);
    free_output(out);
}

static void
log_write(const struct output *out, const char *text)
{
    BNC_LOG(BNC_LEVEL_INFO, text, BNC_KV("kind", bnc_kind_info(out->kind)->name),
            BNC_KV("namespace", out->ns), BNC_KV("name", out->name),
            BNC_KV("observatory", out->owner), BNC_KV("hash", out->live_hash));
}

static void
retry_later(struct output *out, const struct bnc_write_result *result)
{
    int64_t delay = RETRY_FIRST_MS << (out->failures < 5 ? out->failures : 5);
    out->failures++;
    delay = delay > RETRY_MAX_MS ? RETRY_MAX_MS : delay;
    if (result->retry_after_ms > delay) {
        delay = result->retry_after_ms;
    }
    out->reason = BNC_REASON_WRITE_FAILED;
    (void)snprintf(out->message, sizeof(out->message), "%s %s/%s: %.400s",
                   bnc_kind_info(out->kind)->name, out->ns, out->name, result->message);
    BNC_LOG(BNC_LEVEL_WARN, "write failed",
            BNC_KV("kind", bnc_kind_info(out->kind)->name), BNC_KV("namespace", out->ns),
            BNC_KV("name", out->name), BNC_KV("error", result->message));
    bnc_timer_set(out->timer, delay);
}

/* Decimal resourceVersions compare by length, then bytes (KEP-5504). */
static bool
older(const char *a, const char *b)
{
    if (a == NULL || b == NULL || strspn(a, "0123456789") != strlen(a) ||
        strspn(b, "0123456789") != strlen(b)) {
        return false;
    }
    size_t n = strlen(a);
    size_t m = strlen(b);
    return n != m ? n < m : strcmp(a, b) < 0;
}

/* Our write is the latest news, unless a later one came before its answer. */
static void
take_written(struct output *out, const struct bnc_write_result *result)
{
    if (older(result->resource_version, out->resource_version)) {
        return;
    }
    out->exists = out->ours = true;
    out->drifted = false;
    memcpy(out->live_hash, out->sent_hash, sizeof(out->live_hash));
    replace_text(&out->resource_version, result->resource_version);
    replace_text(&out->uid, result->uid);
}

static void
on_written(void *arg, const struct bnc_write_result *result)
{
    struct output *out = arg;
    struct bnc_publisher *publisher = out->publisher;
    out->in_flight = false;

    if (out->deleting) {
        out->deleting = false;
        if (result->code == BNC_OK || result->code == BNC_NOT_FOUND) {
            log_write(out, "object deleted");
            out->exists = false;
        } else {
            retry_later(out, result);
            changed(publisher);
            return;
        }
        consider(out);
        changed(publisher);
        return;
    }
    if (result->code != BNC_OK) {
        retry_later(out, result);
    } else {
        out->failures = 0;
        take_written(out, result);
        log_write(out, "object applied");
        if (publisher->options.writes != NULL) {
            (*publisher->options.writes)++;
        }
        consider(out);
    }
    changed(publisher);
}

/* Known from the status only: the owner's first set decides. */
static bool
undecided(const struct output *out)
{
    return !out->wanted && !out->dropped &&
           bnc_map_get(out->publisher->owners, out->owner) == NULL;
}

/*
 * Files are written before the configuration that names them, and deleted after
 * it no longer does.
 */
static bool
must_wait(const struct output *out)
{
    const struct owner *set = bnc_map_get(out->publisher->owners, out->owner);
    for (size_t i = 0; set != NULL && i < set->n && set->items[i] != out; i++) {
        if (!as_desired(set->items[i])) {
            return true;
        }
    }
    return false;
}

/* True when somebody else rewrites it again and again: do not fight. */
static bool
loops(struct output *out)
{
    int64_t now = now_ms(out);
    bool same = out->exists && strcmp(out->hash, out->live_hash) == 0;
    if (!same || now - out->window_ms > BNC_LOOP_WINDOW_MS) {
        out->window_ms = now;
        out->window_writes = 0;
    }
    return ++out->window_writes > BNC_LOOP_WRITES;
}

static void
start_write(void *arg)
{
    struct output *out = arg;
    struct bnc_publisher *publisher = out->publisher;

    if (out->in_flight || !out->known || as_desired(out) || !may_touch(out)) {
        consider(out);
        return;
    }
    if (must_wait(out)) {
        bnc_timer_set(out->timer, BNC_FIRST_WRITE_MS);
        return;
    }
    if (out->wanted && loops(out)) {
        out->reason = BNC_REASON_APPLY_LOOP;
        (void)snprintf(out->message, sizeof(out->message),
                       "somebody else rewrites %s %s/%s again and again",
                       bnc_kind_info(out->kind)->name, out->ns, out->name);
        out->window_ms = 0;
        bnc_timer_set(out->timer, BNC_LOOP_PAUSE_MS);
        changed(publisher);
        return;
    }
    struct bnc_write write = {.verb = out->wanted ? BNC_VERB_APPLY : BNC_VERB_DELETE,
                              .kind = out->kind,
                              .ns = out->ns,
                              .name = out->name,
                              .uid = out->wanted ? NULL : out->uid};
    if (out->wanted) {
        write.body = (struct bnc_bytes){out->body, out->body_len};
        memcpy(out->sent_hash, out->hash, sizeof(out->hash));
    }
    out->in_flight = true;
    out->deleting = !out->wanted;
    out->last_write_ms = now_ms(out);
    bnc_source_write(publisher->options.source, &write, on_written, out);
}

static void
consider(struct output *out)
{
    if (out->in_flight || !out->known || undecided(out)) {
        return;
    }
    if (as_desired(out)) {
        bnc_timer_stop(out->timer);
        out->reason = BNC_REASON_NONE;
        if (!out->wanted) {
            forget(out);
        }
        return;
    }
    if (!may_touch(out)) {
        bnc_timer_stop(out->timer);
        out->reason = BNC_REASON_OUTPUT_TAKEN;
        (void)snprintf(out->message, sizeof(out->message),
                       "%s %s/%s exists and is not ours; delete it, choose another name, "
                       "or label it binnacle.dev/adopt: %s",
                       bnc_kind_info(out->kind)->name, out->ns, out->name,
                       strchr(out->owner, '/') + 1);
        return;
    }
    if (bnc_timer_pending(out->timer)) {
        return;
    }
    int64_t delay = out->last_write_ms + BNC_NEXT_WRITE_MS - now_ms(out);
    bool first = out->last_write_ms == 0 || delay < BNC_FIRST_WRITE_MS;
    bnc_timer_set(out->timer, first ? BNC_FIRST_WRITE_MS : delay);
}

/* ---- sets ---------------------------------------------------------------------- */

static struct output *
output_of(struct bnc_publisher *publisher, const struct bnc_desired *desired,
          const char *owner)
{
    char key[640];
    output_key(key, desired->kind, desired->ns, desired->name);
    struct output *out = bnc_map_get(publisher->outputs, key);
    if (out != NULL) {
        return out;
    }
    out = bnc_alloc(sizeof(*out));
    out->publisher = publisher;
    out->kind = desired->kind;
    out->ns = bnc_strdup(desired->ns);
    out->name = bnc_strdup(desired->name);
    out->owner = bnc_strdup(owner);
    out->timer = bnc_timer_new(publisher->options.world, start_write, out);
    (void)bnc_map_put(publisher->outputs, key, out);
    bnc_source_watch_output(publisher->options.source, out->kind, out->ns, out->name);
    return out;
}

static void
set_one(struct output *out, const struct bnc_desired *desired)
{
    bool same = out->wanted && strcmp(out->hash, desired->hash) == 0 &&
                out->body_len == desired->body.len &&
                memcmp(out->body, desired->body.ptr, desired->body.len) == 0;
    out->wanted = true;
    out->orphan = out->dropped = false;
    if (same) {
        return;
    }
    if (out->body != NULL && strcmp(out->hash, desired->hash) == 0) {
        out->drifted = true; /* same content, other labels or owner: write it again */
    }
    free(out->body);
    out->body = bnc_alloc(desired->body.len + 1);
    memcpy(out->body, desired->body.ptr, desired->body.len);
    out->body_len = desired->body.len;
    memcpy(out->hash, desired->hash, sizeof(out->hash));
    out->failures = 0;
    consider(out);
}

static bool
contains(const struct owner *owner, const struct output *out)
{
    for (size_t i = 0; i < owner->n; i++) {
        if (owner->items[i] == out) {
            return true;
        }
    }
    return false;
}

/* What was claimed for this owner before it had a set. */
static void
consider_unwanted(struct bnc_publisher *publisher, const char *owner)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        struct output *out = value;
        if (!out->wanted && strcmp(out->owner, owner) == 0) {
            consider(out);
        }
    }
}

void
bnc_publisher_set(struct bnc_publisher *publisher, const char *owner,
                  const struct bnc_desired *desired, size_t n)
{
    struct owner *set = bnc_alloc(sizeof(*set));
    set->items = bnc_alloc(n * sizeof(struct output *));
    for (size_t i = 0; i < n; i++) {
        struct output *out = output_of(publisher, &desired[i], owner);
        if (strcmp(out->owner, owner) != 0) {
            out->reason = BNC_REASON_OUTPUT_TAKEN; /* two Observatories, one object */
            continue;
        }
        set->items[set->n++] = out;
        set_one(out, &desired[i]);
    }
    struct owner *old = bnc_map_put(publisher->owners, owner, set);
    for (size_t i = 0; old != NULL && i < old->n; i++) {
        if (!contains(set, old->items[i])) {
            old->items[i]->wanted = false;
            consider(old->items[i]);
        }
    }
    free_owner(old);
    consider_unwanted(publisher, owner);
}

void
bnc_publisher_claim(struct bnc_publisher *publisher, const char *owner,
                    const struct bnc_claimed *claimed)
{
    const struct bnc_desired what = {
        .kind = claimed->kind, .ns = claimed->ns, .name = claimed->name};
    struct output *out = output_of(publisher, &what, owner);
    if (!out->wanted) {
        out->orphan = claimed->orphan;
        out->dropped = out->dropped || claimed->dropped;
        consider(out);
    }
}

void
bnc_publisher_each(const struct bnc_publisher *publisher, const char *owner,
                   bnc_output_fn fn, void *arg)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        const struct output *out = value;
        if (strcmp(out->owner, owner) == 0) {
            fn(arg, out->kind, out->ns, out->name);
        }
    }
}

void
bnc_publisher_drop(struct bnc_publisher *publisher, const char *owner, bool orphan)
{
    struct owner *old = bnc_map_take(publisher->owners, owner);
    for (size_t i = 0; old != NULL && i < old->n; i++) {
        struct output *out = old->items[i];
        out->wanted = false;
        out->orphan = orphan;
        out->dropped = true;
        consider(out);
    }
    free_owner(old);
}

bool
bnc_publisher_released(const struct bnc_publisher *publisher, const char *owner)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        if (strcmp(((const struct output *)value)->owner, owner) == 0) {
            return false;
        }
    }
    return true;
}

const char *
bnc_publisher_next(const struct bnc_publisher *publisher, size_t *at)
{
    const char *key = NULL;
    void *value = NULL;
    return bnc_map_next(publisher->owners, at, &key, &value) ? key : NULL;
}

/* ---- live ---------------------------------------------------------------------- */

static void
read_live(struct output *out, const struct bnc_pruned *metadata)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error err = {0};
    cJSON *root = NULL;
    if (bnc_json_parse(arena, metadata->text.ptr, metadata->text.len, &root, &err)) {
        return;
    }
    const cJSON *annotations = bnc_json_path(root, "metadata", "annotations", NULL);
    const cJSON *labels = bnc_json_path(root, "metadata", "labels", NULL);
    const char *hash = bnc_json_get_str(annotations, "binnacle.dev/hash");
    const char *adopt = bnc_json_get_str(labels, "binnacle.dev/adopt");

    out->ours =
        bnc_str_eq(bnc_json_get_str(annotations, "binnacle.dev/owner"), out->owner);
    out->adopted = bnc_str_eq(adopt, strchr(out->owner, '/') + 1);
    (void)snprintf(out->live_hash, sizeof(out->live_hash), "%s",
                   hash == NULL ? "" : hash);
    out->drifted = out->body != NULL &&
                   !bnc_managed_covers(metadata->managed_fields,
                                       (struct bnc_bytes){out->body, out->body_len});
}

void
bnc_publisher_output(struct bnc_publisher *publisher, enum bnc_kind kind, const char *ns,
                     const char *name, const struct bnc_pruned *metadata)
{
    char key[640];
    output_key(key, kind, ns, name);
    struct output *out = bnc_map_get(publisher->outputs, key);
    if (out == NULL) {
        return;
    }
    if (metadata != NULL && older(metadata->resource_version, out->resource_version)) {
        return; /* from before our own last write */
    }
    out->known = true;
    out->exists = metadata != NULL;
    if (metadata != NULL) {
        replace_text(&out->uid, metadata->uid);
        replace_text(&out->resource_version, metadata->resource_version);
        read_live(out, metadata);
    } else {
        out->ours = out->drifted = false;
        out->live_hash[0] = '\0';
    }
    consider(out);
    changed(publisher);
}

struct bnc_publication
bnc_publisher_state(const struct bnc_publisher *publisher, const char *owner)
{
    const struct owner *set = bnc_map_get(publisher->owners, owner);
    struct bnc_publication state = {.published = set != NULL,
                                    .reason = BNC_REASON_WAITING,
                                    .message = "not written yet"};
    for (size_t i = 0; set != NULL && i < set->n; i++) {
        const struct output *out = set->items[i];
        if (out->known && !out->in_flight && as_desired(out)) {
            continue;
        }
        state.published = false;
        if (out->reason != BNC_REASON_NONE) {
            state.reason = out->reason;
            state.message = out->message;
        }
    }
    return state;
}

bool
bnc_publisher_idle(const struct bnc_publisher *publisher)
{
    size_t at = 0;
    void *value = NULL;
    while (bnc_map_next(publisher->outputs, &at, NULL, &value)) {
        const struct output *out = value;
        if (out->in_flight || !out->known || bnc_timer_pending(out->timer)) {
            return false;
        }
    }
    return true;
}
