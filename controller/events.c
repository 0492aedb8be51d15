#include "controller/events.h"

#include <string.h>

#include "lib/hash.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/time.h"

static void
on_event_written(void *arg, const struct bnc_write_result *result)
{
    struct bnc_events *events = arg;
    if (result->code == BNC_OK) {
        events->written++;
    } else if (result->code != BNC_CONFLICT) { /* an equal one is there already */
        BNC_LOG(BNC_LEVEL_DEBUG, "event not written", BNC_KV("error", result->message));
    }
}

static cJSON *
regarding(const struct bnc_object *object, struct bnc_arena *arena)
{
    cJSON *out = bnc_json_object(arena);
    bnc_json_set_str(arena, out, "apiVersion", bnc_kind_api_version(object->kind));
    bnc_json_set_str(arena, out, "kind", bnc_kind_info(object->kind)->name);
    bnc_json_set_str(arena, out, "namespace", object->ns);
    bnc_json_set_str(arena, out, "name", object->name);
    bnc_json_set_str(arena, out, "uid", object->uid);
    return out;
}

void
bnc_event_write(struct bnc_events *events, const struct bnc_object *object,
                const char *reason, const char *message)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char time_text[BNC_TIME_MAX];
    cJSON *root = bnc_json_object(arena);
    cJSON *meta = bnc_json_object(arena);
    uint64_t hash = bnc_hash64(message, strlen(message),
                               object->generation > 0 ? (uint64_t)object->generation : 1);
    hash = bnc_hash64(object->uid, strlen(object->uid), hash);

    bnc_time_text(bnc_world_wall_ms(events->world), 6, time_text);
    const char *name =
        bnc_arena_fmt(arena, "%.200s.%016llx", object->name, (unsigned long long)hash);
    bnc_json_set_str(arena, meta, "name", name);
    bnc_json_set_str(arena, meta, "namespace", object->ns);
    bnc_json_set_str(arena, root, "apiVersion", "events.k8s.io/v1");
    bnc_json_set_str(arena, root, "kind", "Event");
    bnc_json_set_item(arena, root, "metadata", meta);
    bnc_json_set_str(arena, root, "eventTime", time_text);
    bnc_json_set_str(arena, root, "type", "Warning");
    bnc_json_set_str(arena, root, "reason", reason);
    bnc_json_set_str(arena, root, "action", "Reconcile");
    bnc_json_set_str(arena, root, "note", bnc_arena_fmt(arena, "%.1000s", message));
    bnc_json_set_str(arena, root, "reportingController", "binnacle.dev/binnacle");
    bnc_json_set_str(arena, root, "reportingInstance", events->instance);
    bnc_json_set_item(arena, root, "regarding", regarding(object, arena));

    struct bnc_str body = bnc_str_new(arena, (size_t)64 * 1024);
    bnc_json_print(root, &body);
    struct bnc_write write = {.verb = BNC_VERB_EVENT,
                              .kind = object->kind,
                              .ns = object->ns,
                              .name = name,
                              .body = {body.ptr, body.len}};
    bnc_source_write(events->source, &write, on_event_written, events);
}
