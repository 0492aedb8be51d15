#include "tests/sim/run/seam.h"

#include <stdlib.h>

#include "controller/controller.h"
#include "controller/edges.h"
#include "lib/map.h"

struct asked {
    int64_t since_ms;
    bool known;
};

struct seam {
    struct bnc_source base; /* first */
    struct bnc_world *world;
    struct bnc_source *inner;
    const struct bnc_source_listener *listener;
    void *arg;
    struct bnc_map *asked; /* by fact key */
};

/* ---- what the source tells --------------------------------------------------------- */

static void
on_put(void *arg, struct bnc_object *object)
{
    struct seam *s = arg;
    s->listener->put(s->arg, object);
}

static void
on_gone(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct seam *s = arg;
    s->listener->gone(s->arg, kind, ns, name);
}

static void
on_synced(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct seam *s = arg;
    char key[BNC_FACT_KEY_MAX];
    if (name != NULL) {
        bnc_fact_key(key, kind, ns, name);
        struct asked *asked = bnc_map_get(s->asked, key);
        if (asked != NULL) {
            asked->known = true;
        }
    }
    s->listener->synced(s->arg, kind, ns, name);
}

static void
on_output(void *arg, enum bnc_kind kind, const char *ns, const char *name,
          const struct bnc_pruned *metadata)
{
    struct seam *s = arg;
    s->listener->output(s->arg, kind, ns, name, metadata);
}

static void
on_trouble(void *arg, enum bnc_kind kind, const char *ns, const char *name,
           const struct bnc_error *err)
{
    struct seam *s = arg;
    s->listener->trouble(s->arg, kind, ns, name, err);
}

static const struct bnc_source_listener listener = {.put = on_put,
                                                    .gone = on_gone,
                                                    .synced = on_synced,
                                                    .output = on_output,
                                                    .trouble = on_trouble};

/* ---- what the product asks for -------------------------------------------------------
 */

static void
seam_free(struct bnc_source *source)
{
    struct seam *s = (struct seam *)source;
    size_t at = 0;
    void *value = NULL;
    bnc_source_free(s->inner);
    while (bnc_map_next(s->asked, &at, NULL, &value)) {
        free(value);
    }
    bnc_map_free(s->asked);
    free(s);
}

static void
seam_start(struct bnc_source *source, const struct bnc_source_listener *to, void *arg)
{
    struct seam *s = (struct seam *)source;
    s->listener = to;
    s->arg = arg;
    bnc_source_start(s->inner, &listener, s);
}

static void
seam_want(struct bnc_source *source, enum bnc_kind kind, const char *ns, const char *name)
{
    struct seam *s = (struct seam *)source;
    char key[BNC_FACT_KEY_MAX];
    struct asked *asked = bnc_alloc(sizeof(*asked));
    *asked = (struct asked){.since_ms = bnc_world_mono_ms(s->world)};
    bnc_fact_key(key, kind, ns, name);
    free(bnc_map_put(s->asked, key, asked));
    bnc_source_want(s->inner, kind, ns, name);
}

static void
seam_unwant(struct bnc_source *source, enum bnc_kind kind, const char *ns,
            const char *name)
{
    struct seam *s = (struct seam *)source;
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    free(bnc_map_take(s->asked, key));
    bnc_source_unwant(s->inner, kind, ns, name);
}

static void
seam_watch_output(struct bnc_source *source, enum bnc_kind kind, const char *ns,
                  const char *name)
{
    bnc_source_watch_output(((struct seam *)source)->inner, kind, ns, name);
}

static void
seam_unwatch_output(struct bnc_source *source, enum bnc_kind kind, const char *ns,
                    const char *name)
{
    bnc_source_unwatch_output(((struct seam *)source)->inner, kind, ns, name);
}

static void
seam_write(struct bnc_source *source, const struct bnc_write *write, bnc_write_fn fn,
           void *arg)
{
    bnc_source_write(((struct seam *)source)->inner, write, fn, arg);
}

static bool
seam_refresh(struct bnc_source *source, enum bnc_kind kind)
{
    return bnc_source_refresh(((struct seam *)source)->inner, kind);
}

static void
seam_stop(struct bnc_source *source)
{
    bnc_source_stop(((struct seam *)source)->inner);
}

static const struct bnc_source_ops ops = {.free = seam_free,
                                          .start = seam_start,
                                          .want = seam_want,
                                          .unwant = seam_unwant,
                                          .watch_output = seam_watch_output,
                                          .unwatch_output = seam_unwatch_output,
                                          .write = seam_write,
                                          .refresh = seam_refresh,
                                          .stop = seam_stop};

struct bnc_source *
seam_new(struct bnc_world *world, struct bnc_source *inner)
{
    struct seam *s = bnc_alloc(sizeof(*s));
    *s = (struct seam){
        .base = {&ops}, .world = world, .inner = inner, .asked = bnc_map_new()};
    return &s->base;
}

enum seam_known
seam_known(const struct bnc_source *seam, enum bnc_kind kind, const char *ns,
           const char *name)
{
    const struct seam *s = (const struct seam *)seam;
    char key[BNC_FACT_KEY_MAX];
    bnc_fact_key(key, kind, ns, name);
    const struct asked *asked = bnc_map_get(s->asked, key);
    if (asked == NULL || asked->known) {
        return SEAM_KNOWN;
    }
    return bnc_world_mono_ms(s->world) - asked->since_ms >= BNC_REF_PATIENCE_MS
               ? SEAM_GIVEN_UP
               : SEAM_PENDING;
}
