#include "controller/hold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/engine.h"
#include "lib/log.h"

#define RETRY_MS  2000
#define ASKED_MAX 1000

struct ask;

struct bnc_holder {
    struct bnc_holder_options options;
    struct ask *asks; /* under way */
    struct bnc_timer *retry;
    struct bnc_map *asked; /* "uid/resourceVersion/on" that were written */
    size_t in_flight;
    bool failing; /* said in the log already */
};

/* One write. */
struct ask {
    struct ask *next;
    struct bnc_holder *holder;
    char owner[512];
};

struct bnc_holder *
bnc_holder_new(const struct bnc_holder_options *options)
{
    struct bnc_holder *holder = bnc_alloc(sizeof(*holder));
    holder->options = *options;
    holder->retry = bnc_timer_new(options->world, options->retry, options->arg);
    holder->asked = bnc_map_new();
    return holder;
}

void
bnc_holder_free(struct bnc_holder *holder)
{
    if (holder == NULL) {
        return;
    }
    while (holder->asks != NULL) {
        struct ask *next = holder->asks->next;
        free(holder->asks);
        holder->asks = next;
    }
    bnc_timer_free(holder->retry);
    bnc_map_free(holder->asked);
    free(holder);
}

static void
on_written(void *arg, const struct bnc_write_result *result)
{
    struct ask *ask = arg;
    struct bnc_holder *holder = ask->holder;
    const struct bnc_holder_options *options = &holder->options;

    holder->in_flight--;
    if (result->code != BNC_OK) {
        if (!holder->failing) {
            BNC_LOG(BNC_LEVEL_WARN, "finalizer not written",
                    BNC_KV("observatory", ask->owner), BNC_KV("error", result->message));
        }
        bnc_map_free(holder->asked);
        holder->asked = bnc_map_new();
        bnc_timer_set(holder->retry, RETRY_MS);
    }
    holder->failing = result->code != BNC_OK;
    options->told(options->arg, ask->owner, holder->failing ? result->message : NULL);
    for (struct ask **at = &holder->asks; *at != NULL; at = &(*at)->next) {
        if (*at == ask) {
            *at = ask->next;
            break;
        }
    }
    free(ask);
}

void
bnc_holder_set(struct bnc_holder *holder, const struct bnc_object *object, bool on)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *key =
        bnc_arena_fmt(arena, "%s/%s/%d", object->uid, object->resource_version, on);
    if (bnc_map_get(holder->asked, key) != NULL) {
        return;
    }
    if (bnc_map_count(holder->asked) == ASKED_MAX) {
        bnc_map_free(holder->asked); /* asking twice does no harm */
        holder->asked = bnc_map_new();
    }
    (void)bnc_map_put(holder->asked, key, holder);
    const char *body = bnc_arena_fmt(
        arena,
        "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\","
        "\"namespace\":\"%s\"%s}}",
        bnc_kind_api_version(object->kind), bnc_kind_info(object->kind)->name,
        object->name, object->ns, on ? ",\"finalizers\":[\"" BNC_FINALIZER "\"]" : "");
    struct bnc_write write = {.verb = BNC_VERB_APPLY,
                              .kind = object->kind,
                              .ns = object->ns,
                              .name = object->name,
                              .body = {body, strlen(body)}};
    struct ask *ask = bnc_alloc(sizeof(*ask));
    ask->holder = holder;
    ask->next = holder->asks;
    holder->asks = ask;
    (void)snprintf(ask->owner, sizeof(ask->owner), "%s/%s", object->ns, object->name);
    holder->in_flight++;
    bnc_source_write(holder->options.source, &write, on_written, ask);
}

bool
bnc_holder_idle(const struct bnc_holder *holder)
{
    return holder->in_flight == 0 && !bnc_timer_pending(holder->retry);
}
