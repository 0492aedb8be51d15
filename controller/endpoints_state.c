#include "controller/endpoints_state.h"

#include <inttypes.h>
#include <malloc.h>

#define WATCHES_MAX 2000 /* that are told of */

struct watches {
    struct bnc_str *out;
    size_t n;
};

static void
add_text(struct bnc_str *out, const char *key, const char *value)
{
    bnc_str_fmt(out, "\"%s\":", key);
    bnc_str_json(out, value);
    bnc_str_putc(out, ',');
}

static void
add_number(struct bnc_str *out, const char *key, uint64_t value)
{
    bnc_str_fmt(out, "\"%s\":%" PRIu64 ",", key, value);
}

/* The comma behind the last member becomes the end of the object. */
static void
end_object(struct bnc_str *out)
{
    out->ptr[out->len - 1] = '}';
}

static void
add_watch(void *arg, const struct bnc_source_watch *watch)
{
    struct watches *watches = arg;
    struct bnc_str *out = watches->out;
    if (watches->n++ >= WATCHES_MAX) {
        return;
    }
    bnc_str_puts(out, watches->n == 1 ? "\n  {" : ",\n  {");
    add_text(out, "resource", bnc_kind_info(watch->kind)->plural);
    add_text(out, "namespace", watch->ns);
    add_text(out, "name", watch->name);
    add_text(out, "state", watch->state);
    add_text(out, "error", watch->error);
    add_text(out, "resource_version", watch->version);
    if (watch->silent_ms >= 0) {
        add_number(out, "silent_ms", (uint64_t)watch->silent_ms);
    }
    add_number(out, "objects", watch->objects);
    end_object(out);
}

static void
add_queue(const struct bnc_engine *engine, struct bnc_str *out)
{
    struct bnc_queue_stats stats = {0};
    bnc_engine_queue(engine, &stats);
    bnc_str_puts(out, "\"compile_queue\":{");
    add_number(out, "depth", stats.depth[BNC_QUEUE_HIGH] + stats.depth[BNC_QUEUE_LOW]);
    add_number(out, "delayed", stats.delayed);
    add_number(out, "working", stats.working);
    add_number(out, "adds", stats.adds);
    add_number(out, "retries", stats.retries);
    end_object(out);
    bnc_str_putc(out, ',');
}

static void
add_source(const struct bnc_state_ask *ask, struct bnc_str *out)
{
    struct watches watches = {.out = out};
    struct bnc_source_cluster_load load = {0};

    bnc_source_cluster_load_get(ask->source, &load);
    add_number(out, "writes_waiting", load.writes_waiting);
    add_number(out, "writes_in_flight", load.writes_in_flight);
    add_number(out, "writes_refused", load.writes_refused);
    add_number(out, "followed_by_watch", load.watched);
    add_number(out, "followed_by_read", load.polled);
    bnc_str_puts(out, "\"watches\":[");
    bnc_source_cluster_health(ask->source, add_watch, &watches);
    bnc_str_puts(out, "],");
    add_number(out, "watches_left_out",
               watches.n > WATCHES_MAX ? watches.n - WATCHES_MAX : 0);
}

/* mallinfo2(3), by what its numbers mean. */
static void
add_memory(struct bnc_str *out)
{
    struct mallinfo2 info = mallinfo2();
    bnc_str_puts(out, "\"allocator\":{");
    add_number(out, "heap_bytes", info.arena);
    add_number(out, "mapped_bytes", info.hblkhd);
    add_number(out, "used_bytes", info.uordblks);
    add_number(out, "free_bytes", info.fordblks);
    add_number(out, "trimmable_bytes", info.keepcost);
    end_object(out);
    bnc_str_putc(out, ',');
}

void
bnc_state_write(const struct bnc_state_ask *ask, struct bnc_str *out)
{
    const struct bnc_controller *controller = ask->controller;
    const struct bnc_controller_stats stats = bnc_controller_stats(controller);
    const struct bnc_engine *engine = bnc_controller_engine(controller);

    bnc_str_putc(out, '{');
    add_text(out, "version", ask->version);
    add_number(out, "settled", bnc_controller_settled(controller));
    add_number(out, "engine_idle", bnc_engine_idle(engine));
    add_number(out, "observatories", bnc_engine_count(engine));
    add_number(out, "turns", stats.turns);
    add_number(out, "longest_turn_us", (uint64_t)stats.longest_turn_us);
    add_number(out, "cache_bytes", stats.cache_bytes);
    add_number(out, "mono_ms", (uint64_t)bnc_world_mono_ms(ask->world));
    add_queue(engine, out);
    bnc_str_puts(out, "\"objects\":{");
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        add_number(out, bnc_kind_info(kind)->plural, stats.objects[kind]);
    }
    end_object(out);
    bnc_str_putc(out, ',');
    if (ask->source != NULL) {
        add_source(ask, out);
    }
    add_memory(out);
    end_object(out);
    bnc_str_putc(out, '\n');
}
