#include "controller/outputs.h"

#include <stdlib.h>
#include <string.h>

#include "controller/status.h"
#include "lib/json.h"

struct line {
    enum bnc_kind kind;
    const char *ns;
    const char *name;
};

struct lines {
    struct bnc_arena *arena;
    struct line *items;
    size_t n;
    size_t room;
};

static void
add(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct lines *lines = arg;
    if (lines->n == lines->room) {
        size_t room = lines->room == 0 ? 8 : lines->room * 2;
        struct line *items = bnc_arena_array(lines->arena, room, sizeof(*items));
        if (lines->n > 0) {
            memcpy(items, lines->items, lines->n * sizeof(*items));
        }
        lines->items = items;
        lines->room = room;
    }
    lines->items[lines->n++] = (struct line){kind, ns, name};
}

/* Of the kinds that we write, no two have one name. */
static enum bnc_kind
kind_named(const char *name)
{
    enum bnc_kind kind = 0;
    while (kind < BNC_KIND_COUNT && strcmp(bnc_kind_info(kind)->name, name) != 0) {
        kind++;
    }
    return kind == BNC_KIND_COUNT ? BNC_KIND_SECRET : kind;
}

static void
add_list(const cJSON *list, struct lines *lines)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        const char *kind = bnc_json_get_str(item, "kind");
        const char *ns = bnc_json_get_str(item, "namespace");
        const char *name = bnc_json_get_str(item, "name");
        if (kind != NULL && ns != NULL && name != NULL) {
            add(lines, kind_named(kind), ns, name);
        }
    }
}

static const cJSON *
live_status(const struct bnc_object *object, struct bnc_arena *arena)
{
    struct bnc_error err = {0};
    cJSON *status = NULL;
    return object->status.len == 0 || bnc_json_parse(arena, object->status.ptr,
                                                     object->status.len, &status, &err)
               ? NULL
               : status;
}

static void
add_live(const struct bnc_object *object, struct lines *lines)
{
    const cJSON *status = live_status(object, lines->arena);
    add_list(bnc_json_path(status, "prometheus", "outputs", NULL), lines);
}

static void
add_held(const struct bnc_result *result, struct lines *lines)
{
    for (size_t i = 0; result->plan != NULL && i < result->plan->n_held; i++) {
        const struct bnc_held *held = &result->plan->held[i];
        add(lines, held->kind, held->ns, held->name);
    }
}

static void
add_desired(const struct bnc_result *result, struct lines *lines)
{
    for (size_t i = 0; i < result->n_desired; i++) {
        add(lines, result->desired[i].kind, result->desired[i].ns,
            result->desired[i].name);
    }
}

static int
compare(const void *a, const void *b)
{
    const struct line *x = a;
    const struct line *y = b;
    int c = strcmp(x->ns, y->ns);
    if (c == 0) {
        c = strcmp(x->name, y->name);
    }
    return c != 0 ? c : (int)x->kind - (int)y->kind;
}

static void
sort(struct lines *lines)
{
    if (lines->n > 1) {
        qsort(lines->items, lines->n, sizeof(*lines->items), compare);
    }
}

static const char *
owner_of(const struct bnc_result *result, struct bnc_arena *arena)
{
    return bnc_arena_fmt(arena, "%s/%s", result->object->ns, result->object->name);
}

/* Each of them once. */
static void
print(const struct lines *lines, cJSON *out)
{
    struct bnc_arena *arena = lines->arena;
    for (size_t i = 0; i < lines->n; i++) {
        const struct line *line = &lines->items[i];
        if (i > 0 && compare(line - 1, line) == 0) {
            continue;
        }
        cJSON *entry = bnc_json_object(arena);
        bnc_json_set_str(arena, entry, "kind", bnc_kind_info(line->kind)->name);
        bnc_json_set_str(arena, entry, "namespace", line->ns);
        bnc_json_set_str(arena, entry, "name", line->name);
        bnc_json_add(out, entry);
    }
}

cJSON *
bnc_outputs_json(const struct bnc_result *result, const struct bnc_publisher *publisher,
                 struct bnc_arena *arena)
{
    struct lines lines = {.arena = arena};
    cJSON *out = bnc_json_array(arena);

    add_desired(result, &lines);
    bnc_publisher_each(publisher, owner_of(result, arena), add, &lines);
    if (!result->ready) {
        add_live(result->object, &lines);
    }
    sort(&lines);
    print(&lines, out);
    return out;
}

cJSON *
bnc_outputs_held(const struct bnc_result *result, const struct bnc_patcher *patcher,
                 struct bnc_arena *arena)
{
    struct lines lines = {.arena = arena};
    cJSON *out = bnc_json_array(arena);

    add_held(result, &lines);
    bnc_patcher_unseen(patcher, owner_of(result, arena), add, &lines);
    if (!result->ready) { /* it cannot be told now: what was said stays */
        const cJSON *status = live_status(result->object, arena);
        add_list(bnc_json_path(status, "mesh", "held", NULL), &lines);
    }
    sort(&lines);
    print(&lines, out);
    return out;
}

bool
bnc_outputs_holds(const struct bnc_result *result, const struct bnc_patcher *patcher)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct lines lines = {.arena = arena};

    add_held(result, &lines);
    bnc_patcher_unseen(patcher, owner_of(result, arena), add, &lines);
    return result->plan == NULL || lines.n > 0;
}

bool
bnc_outputs_recorded(const struct bnc_result *result)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct lines live = {.arena = arena};
    struct lines desired = {.arena = arena};

    const cJSON *status = live_status(result->object, arena);

    add_list(bnc_json_path(status, "prometheus", "outputs", NULL), &live);
    add_list(bnc_json_path(status, "mesh", "held", NULL), &live);
    add_desired(result, &desired);
    add_held(result, &desired);
    sort(&live);
    sort(&desired);
    for (size_t i = 0, k = 0; i < desired.n; i++) {
        while (k < live.n && compare(&live.items[k], &desired.items[i]) < 0) {
            k++;
        }
        if (k == live.n || compare(&live.items[k], &desired.items[i]) != 0) {
            return false;
        }
    }
    return bnc_status_grafana_told(result->plan, status, arena);
}

bool
bnc_outputs_told_first(const struct bnc_result *result)
{
    bool patches = result->plan != NULL && result->plan->n_held > 0;
    bool provisions = result->plan != NULL && result->plan->n_provisioned > 0;
    bool again = result->object->status.len > 0; /* it may have moved */
    return (result->outside || result->told_first || patches || provisions || again) &&
           !bnc_outputs_recorded(result);
}

bool
bnc_outputs_outside(const struct bnc_result *result,
                    const struct bnc_publisher *publisher)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct lines lines = {.arena = arena};

    add_desired(result, &lines);
    bnc_publisher_each(publisher, owner_of(result, arena), add, &lines);
    for (size_t i = 0; i < lines.n; i++) {
        if (strcmp(lines.items[i].ns, result->object->ns) != 0) {
            return true;
        }
    }
    return false;
}

void
bnc_outputs_claim(const struct bnc_result *result, struct bnc_publisher *publisher)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct lines lines = {.arena = arena};
    const char *owner = owner_of(result, arena);

    add_live(result->object, &lines);
    if (result->object->deleting) {
        add_desired(result, &lines);
    }
    for (size_t i = 0; i < lines.n; i++) {
        const struct bnc_claimed claimed = {.kind = lines.items[i].kind,
                                            .ns = lines.items[i].ns,
                                            .name = lines.items[i].name,
                                            .orphan = result->orphan,
                                            .dropped = result->object->deleting};
        bnc_publisher_claim(publisher, owner, &claimed);
    }
}

void
bnc_outputs_claim_held(const struct bnc_result *result, struct bnc_patcher *patcher)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct lines lines = {.arena = arena};
    const cJSON *status = live_status(result->object, arena);

    add_list(bnc_json_path(status, "mesh", "held", NULL), &lines);
    for (size_t i = 0; i < lines.n; i++) {
        const struct bnc_held held = {lines.items[i].kind, lines.items[i].ns,
                                      lines.items[i].name};
        bnc_patcher_claim(patcher, &held, owner_of(result, arena));
    }
}
