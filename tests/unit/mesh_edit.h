/*
 * One edit of a mesh text, for the tests of edits and of their undoing.
 */
#ifndef BNC_TESTS_UNIT_MESH_EDIT_H
#define BNC_TESTS_UNIT_MESH_EDIT_H

#include "tests/unit/test.h"

#include "lib/json.h"
#include "mesh/mesh_edit.h"

#define JAEGER                                                                           \
    "{\"name\":\"jaeger\",\"opentelemetry\":{\"service\":\"jaeger.obs.svc.cluster."      \
    "local\",\"port\":4317}}"
#define ZIPKIN                                                                           \
    "{\"name\":\"zipkin\",\"zipkin\":{\"service\":\"zipkin.obs.svc.cluster.local\","     \
    "\"port\":9411}}"

#define WISH_ALL                                                                         \
    "{\"defaultConfig\":{\"extraStatTags\":[\"method\",\"path\"],"                       \
    "\"statsdUdpAddress\":\"statsd.obs:9125\"},"                                         \
    "\"defaultProviders\":{\"metrics\":[\"prometheus\"],\"tracing\":[\"jaeger\"]},"      \
    "\"extensionProviders\":[" JAEGER "," ZIPKIN "]}"
#define WISH_DEFAULT                                                                     \
    "{\"defaultProviders\":{\"metrics\":[\"prometheus\"],"                               \
    "\"tracing\":[\"jaeger\"]}}"
#define WISH_PROVIDER "{\"extensionProviders\":[" JAEGER "]}"

struct run {
    struct bnc_arena *arena;
    struct bnc_mesh_edited out;
    struct bnc_error err;
};

static inline enum bnc_code
edit(struct run *r, const char *live, const char *before, const char *wish, bool over)
{
    struct bnc_mesh_edit in = {{live, strlen(live)}, before, NULL, over};
    cJSON *tree = NULL;

    r->err = (struct bnc_error){.code = BNC_OK};
    r->out = (struct bnc_mesh_edited){.changed = false};
    if (wish != NULL) {
        CHECK_INT(bnc_json_parse(r->arena, wish, strlen(wish), &tree, &r->err), BNC_OK);
        in.wish = tree;
    }
    return bnc_mesh_edit(&in, r->arena, &r->out, &r->err);
}

static inline void
edit_well(struct run *r, const char *live, const char *before, const char *wish,
          bool over)
{
    if (edit(r, live, before, wish, over) != BNC_OK) {
        print_error("row \"%s\": %s: %s\n%s\n", bnc_row, bnc_code_name(r->err.code),
                    r->err.message, live);
        fail();
    }
}

static inline const char *
notes(const struct bnc_mesh_notes *from, struct bnc_arena *arena)
{
    struct bnc_str text = bnc_str_new(arena, 4096);

    bnc_str_add(&text, "", 0);
    for (size_t i = 0; i < from->n; i++) {
        bnc_str_fmt(&text, "%s%s=%s", i == 0 ? "" : " ", from->items[i].path,
                    from->items[i].live == NULL ? "-" : from->items[i].live);
    }
    return text.ptr;
}

#endif
