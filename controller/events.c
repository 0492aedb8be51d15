#include "controller/events.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "lib/clip.h"
#include "lib/hash.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/map.h"
#include "lib/time.h"

#define BODY_MAX     ((size_t)64 * 1024)
#define NOTE_MAX     1000 /* bytes; the API server takes 1 kB */
#define INSTANCE_MAX 128

/* One series: what is known of its Event at the API server. */
struct series {
    struct bnc_events *events;
    TAILQ_ENTRY(series) link; /* in the order they were last told of */
    char *key;
    enum bnc_kind kind;
    char *ns;
    char *regards; /* the member "regarding" of its Event, as JSON */
    char *reason;
    char *object; /* its name */
    char *uid;
    char *note;         /* cut to what an Event may have */
    uint64_t note_hash; /* of all of it */
    char *name;         /* of the Event */
    int64_t began_ms;   /* wall: of the first of this name */
    int64_t last_ms;    /* wall: of the last */
    uint64_t count;
    uint64_t told;      /* the count that the API server knows; 0: not created yet */
    int64_t seen_ms;    /* monotonic: the last */
    int64_t written_ms; /* likewise: the last write */
    int64_t retry_ms;   /* likewise: not before; 0: nothing is tried again */
    unsigned tries;
    unsigned notes;   /* that were new, since ... */
    int64_t notes_ms; /* ... then, on the monotonic clock */
    uint64_t sent;    /* the count that is under way; 0: nothing is */
    bool leaving;     /* forgotten, but for its last write */
};

struct bnc_events {
    struct bnc_world *world;
    struct bnc_source *source;
    char *instance;
    struct bnc_map *map; /* key -> series */
    TAILQ_HEAD(, series) list;
    TAILQ_HEAD(, series) leaving;
    struct bnc_timer *timer;
    int64_t wake_ms; /* when the timer fires, monotonic */
    size_t under_way;
    struct bnc_events_stats stats;
};

/* ---- text ------------------------------------------------------------------------ */

static char *
regarding(const struct bnc_object *object)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    cJSON *out = bnc_json_object(arena);
    struct bnc_str text = bnc_str_new(arena, BODY_MAX);
    bnc_json_set_str(arena, out, "apiVersion", bnc_kind_api_version(object->kind));
    bnc_json_set_str(arena, out, "kind", bnc_kind_info(object->kind)->name);
    bnc_json_set_str(arena, out, "namespace", object->ns);
    bnc_json_set_str(arena, out, "name", object->name);
    bnc_json_set_str(arena, out, "uid", object->uid);
    bnc_json_print(out, &text);
    return bnc_strdup(text.ptr);
}

/* From what it says and of which version of what. */
static char *
name_of(const struct series *s)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    uint64_t hash = bnc_hash64(s->uid, strlen(s->uid), s->note_hash);
    return bnc_strdup(
        bnc_arena_fmt(arena, "%.200s.%016llx", s->object, (unsigned long long)hash));
}

static void
add_member(struct bnc_str *out, const char *key, const char *value)
{
    bnc_str_fmt(out, ",\"%s\":", key);
    bnc_str_json(out, value);
}

/* A copy of so many bytes at most, cut between characters. */
static char *
clipped(const char *text, size_t max)
{
    size_t n = (size_t)bnc_clip(text, (int)max);
    char *copy = bnc_alloc(n + 1);
    memcpy(copy, text, n);
    return copy;
}

static void
add_new(const struct series *s, struct bnc_str *out)
{
    char time_text[BNC_TIME_MAX];
    bnc_str_puts(out, "{\"apiVersion\":\"events.k8s.io/v1\",\"kind\":\"Event\","
                      "\"metadata\":{\"name\":");
    bnc_str_json(out, s->name);
    add_member(out, "namespace", s->ns);
    bnc_str_puts(out, "},\"regarding\":");
    bnc_str_puts(out, s->regards);
    add_member(out, "eventTime", bnc_time_text(s->began_ms, 6, time_text));
    add_member(out, "type", "Warning");
    add_member(out, "reason", s->reason);
    add_member(out, "action", "Reconcile");
    add_member(out, "note", s->note);
    add_member(out, "reportingController", "binnacle.dev/binnacle");
    add_member(out, "reportingInstance", s->events->instance);
    bnc_str_putc(out, '}');
}

static void
add_count(const struct series *s, struct bnc_str *out)
{
    char time_text[BNC_TIME_MAX];
    bnc_str_fmt(out, "{\"series\":{\"count\":%llu,\"lastObservedTime\":\"%s\"}}",
                (unsigned long long)s->count, bnc_time_text(s->last_ms, 6, time_text));
}

/* ---- life of a series ------------------------------------------------------------ */

static void
free_series(struct series *s)
{
    free(s->key);
    free(s->ns);
    free(s->regards);
    free(s->reason);
    free(s->object);
    free(s->uid);
    free(s->note);
    free(s->name);
    free(s);
}

static void
forget(struct series *s)
{
    (void)bnc_map_take(s->events->map, s->key);
    TAILQ_REMOVE(&s->events->list, s, link);
    if (s->sent > 0) {
        s->leaving = true;
        TAILQ_INSERT_TAIL(&s->events->leaving, s, link);
    } else {
        free_series(s);
    }
}

static struct series *
new_series(struct bnc_events *events, const char *key, const struct bnc_object *object,
           const char *reason)
{
    struct series *s = bnc_alloc(sizeof(*s));
    s->events = events;
    s->key = bnc_strdup(key);
    s->kind = object->kind;
    s->ns = bnc_strdup(object->ns[0] == '\0' ? "default" : object->ns);
    s->regards = regarding(object);
    s->reason = bnc_strdup(reason);
    s->object = bnc_strdup(object->name);
    s->uid = bnc_strdup(object->uid);
    s->notes_ms = bnc_world_mono_ms(events->world);
    (void)bnc_map_put(events->map, key, s);
    TAILQ_INSERT_TAIL(&events->list, s, link);
    if (bnc_map_count(events->map) > BNC_EVENTS_MAX) {
        forget(TAILQ_FIRST(&events->list));
    }
    return s;
}

/* ---- writing --------------------------------------------------------------------- */

static void consider(struct series *s);

static bool
is_transport(const struct bnc_write_result *result)
{
    return result->status == 0 &&
           (result->code == BNC_UNAVAILABLE || result->code == BNC_TIMEOUT);
}

/* Without an answer it is tried again; a refusal is final, as in client-go. */
static void
failed(struct series *s, const struct bnc_write_result *result)
{
    struct bnc_events *events = s->events;
    BNC_LOG(BNC_LEVEL_DEBUG, "event not written", BNC_KV("error", result->message));
    if (s->told > 0 && result->code == BNC_NOT_FOUND) {
        s->told = 0; /* the server has forgotten it: create it again */
        s->count = 1;
        s->retry_ms = bnc_world_mono_ms(events->world);
    } else if (is_transport(result) && ++s->tries < BNC_EVENT_TRIES) {
        uint64_t more = bnc_world_random(events->world) % (BNC_EVENT_RETRY_MS / 4);
        s->retry_ms =
            bnc_world_mono_ms(events->world) + BNC_EVENT_RETRY_MS + (int64_t)more;
    } else {
        events->stats.dropped++;
        s->told = s->count; /* as if: the series goes on from here */
        s->retry_ms = 0;
        s->tries = 0;
    }
}

static void
on_written(void *arg, const struct bnc_write_result *result)
{
    struct series *s = arg;
    struct bnc_events *events = s->events;
    uint64_t sent = s->sent;

    s->sent = 0;
    events->under_way--;
    if (s->leaving) {
        events->stats.written += result->code == BNC_OK;
        TAILQ_REMOVE(&events->leaving, s, link);
        free_series(s);
        return;
    }
    if (result->code == BNC_OK || (s->told == 0 && result->code == BNC_CONFLICT)) {
        events->stats.written += result->code == BNC_OK; /* else an equal one is there */
        s->told = sent;
        s->tries = 0;
        s->retry_ms = 0;
        s->written_ms = bnc_world_mono_ms(events->world);
    } else {
        failed(s, result);
    }
    consider(s);
}

static void
send(struct series *s)
{
    struct bnc_events *events = s->events;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str body = bnc_str_new(arena, BODY_MAX);

    if (s->told == 0) {
        add_new(s, &body);
    } else {
        add_count(s, &body);
    }
    const struct bnc_write write = {.verb = s->told == 0 ? BNC_VERB_EVENT
                                                         : BNC_VERB_EVENT_COUNT,
                                    .kind = s->kind,
                                    .ns = s->ns,
                                    .name = s->name,
                                    .body = {body.ptr, body.len}};
    s->sent = s->told == 0 ? 1 : s->count;
    s->retry_ms = 0;
    events->under_way++;
    bnc_source_write(events->source, &write, on_written, s);
}

/* ---- when ------------------------------------------------------------------------ */

/*
 * When there is something to do for it, on the monotonic clock.  The second of a series
 * is written at once, so that one sees that it is one.
 */
static int64_t
due(const struct series *s)
{
    int64_t silence = s->seen_ms + BNC_EVENT_SILENCE_MS;
    if (s->retry_ms > 0) {
        return s->retry_ms;
    }
    if (s->told == 0 || (s->told == 1 && s->count > 1)) {
        return 0;
    }
    int64_t refresh = s->written_ms + BNC_EVENT_REFRESH_MS;
    return s->count > s->told && refresh < silence ? refresh : silence;
}

static void
act(struct series *s, int64_t now)
{
    bool over = s->told > 0 && now >= s->seen_ms + BNC_EVENT_SILENCE_MS;
    if (s->told == 0 || s->count > s->told) {
        send(s);
    }
    if (over) {
        forget(s);
    }
}

static void
wake_at(struct bnc_events *events, int64_t now, int64_t at)
{
    if (!bnc_timer_pending(events->timer) || at < events->wake_ms) {
        events->wake_ms = at;
        bnc_timer_set(events->timer, at - now);
    }
}

/* Do what is due for it, and wake when more is. */
static void
consider(struct series *s)
{
    struct bnc_events *events = s->events;
    int64_t now = bnc_world_mono_ms(events->world);
    int64_t at = due(s);

    if (s->sent > 0) {
        return; /* the answer leads here */
    }
    if (at <= now && events->under_way < BNC_EVENTS_UNDER_WAY) {
        act(s, now);
    } else {
        wake_at(events, now, at > now ? at : now + BNC_EVENT_RETRY_MS);
    }
}

static void
on_timer(void *arg)
{
    struct bnc_events *events = arg;
    struct series *s = TAILQ_FIRST(&events->list);
    while (s != NULL) {
        struct series *next = TAILQ_NEXT(s, link);
        consider(s);
        s = next;
    }
}

/* ---- telling --------------------------------------------------------------------- */

/* One more note of its own may be told; they come back one by one. */
static bool
may_differ(struct series *s, int64_t now)
{
    unsigned back = (unsigned)((now - s->notes_ms) / BNC_EVENT_NOTES_MS);
    if (back > 0) {
        s->notes = back < s->notes ? s->notes - back : 0;
        s->notes_ms += (int64_t)back * BNC_EVENT_NOTES_MS;
    }
    if (s->notes >= BNC_EVENT_NOTES) {
        return false;
    }
    s->notes++;
    return true;
}

/* It is told for the first time, or says something else. */
static void
begin(struct series *s, const char *message, uint64_t hash)
{
    free(s->note);
    free(s->name);
    s->note = clipped(message, NOTE_MAX);
    s->note_hash = hash;
    s->name = name_of(s);
    s->began_ms = bnc_world_wall_ms(s->events->world);
    s->count = 1;
    s->told = 0;
    s->tries = 0;
    s->retry_ms = 0;
}

void
bnc_event_write(struct bnc_events *events, const struct bnc_object *object,
                const char *reason, const char *message)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    int64_t now = bnc_world_mono_ms(events->world);
    const char *key =
        bnc_arena_fmt(arena, "%s %s/%s %s %s", bnc_kind_info(object->kind)->plural,
                      object->ns, object->name, object->uid, reason);
    struct series *s = bnc_map_get(events->map, key);
    uint64_t hash = bnc_hash64(message, strlen(message),
                               object->generation > 0 ? (uint64_t)object->generation : 1);

    if (s == NULL && events->under_way >= BNC_EVENTS_UNDER_WAY) {
        events->stats.dropped++;
        return;
    }
    if (s == NULL) {
        s = new_series(events, key, object, reason);
        begin(s, message, hash);
    } else {
        TAILQ_REMOVE(&events->list, s, link);
        TAILQ_INSERT_TAIL(&events->list, s, link);
        if (s->sent == 0 && s->note_hash != hash && may_differ(s, now)) {
            begin(s, message, hash);
        } else {
            s->count++;
            events->stats.counted++;
        }
    }
    s->seen_ms = now;
    s->last_ms = bnc_world_wall_ms(events->world);
    consider(s);
}

void
bnc_events_flush(struct bnc_events *events)
{
    struct series *s = NULL;
    TAILQ_FOREACH(s, &events->list, link)
    {
        if (s->sent == 0 && (s->told == 0 || s->count > s->told) &&
            events->under_way < BNC_EVENTS_UNDER_WAY) {
            send(s);
        }
    }
    bnc_timer_stop(events->timer);
}

/* ---- life ------------------------------------------------------------------------ */

struct bnc_events *
bnc_events_new(struct bnc_world *world, struct bnc_source *source, const char *instance)
{
    struct bnc_events *events = bnc_alloc(sizeof(*events));
    events->world = world;
    events->source = source;
    events->instance = clipped(instance, INSTANCE_MAX);
    events->map = bnc_map_new();
    TAILQ_INIT(&events->list);
    TAILQ_INIT(&events->leaving);
    events->timer = bnc_timer_new(world, on_timer, events);
    return events;
}

void
bnc_events_free(struct bnc_events *events)
{
    if (events == NULL) {
        return;
    }
    struct series *s = NULL;
    while ((s = TAILQ_FIRST(&events->list)) != NULL) {
        TAILQ_REMOVE(&events->list, s, link);
        free_series(s);
    }
    while ((s = TAILQ_FIRST(&events->leaving)) != NULL) {
        TAILQ_REMOVE(&events->leaving, s, link);
        free_series(s);
    }
    bnc_timer_free(events->timer);
    bnc_map_free(events->map);
    free(events->instance);
    free(events);
}

struct bnc_events_stats
bnc_events_stats(const struct bnc_events *events)
{
    return events->stats;
}
