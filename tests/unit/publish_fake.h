/*
 * A publisher on virtual time over a store of names: what is applied is there, what is
 * deleted is gone, unless the test says that writes fail.
 */
#ifndef BNC_TESTS_UNIT_PUBLISH_FAKE_H
#define BNC_TESTS_UNIT_PUBLISH_FAKE_H

#include "controller/publish.h"
#include "tests/unit/kube_fake.h"

#define STORE_MAX 256

/* One object of the store. */
struct stored {
    enum bnc_kind kind;
    char name[64];
    char live[1024]; /* metadata as a source tells it; "": applied by the publisher */
    bool exists;
    bool watched;
    bool untold; /* since the last turn */
    unsigned applied;
    unsigned deleted;
};

struct pending {
    struct stored *object;
    enum bnc_verb verb;
    bnc_write_fn fn;
    void *arg;
};

struct rig {
    struct bnc_source source; /* first */
    struct fake *fake;
    struct bnc_publisher *publisher;
    struct stored objects[STORE_MAX];
    size_t n_objects;
    struct pending pending[STORE_MAX];
    size_t n_pending;
    const char *failing; /* writes of this name fail; NULL: none */
    const char *lost;    /* they are carried out, and nobody is told; likewise */
    bool kept;           /* writes are taken, and change nothing */
    unsigned version;
};

static inline struct stored *
rig_find(struct rig *rig, enum bnc_kind kind, const char *name)
{
    for (size_t i = 0; i < rig->n_objects; i++) {
        struct stored *one = &rig->objects[i];
        if (one->kind == kind && strcmp(one->name, name) == 0) {
            return one;
        }
    }
    struct stored *one = &rig->objects[rig->n_objects++];
    assert_true(rig->n_objects < STORE_MAX);
    *one = (struct stored){.kind = kind};
    (void)snprintf(one->name, sizeof(one->name), "%s", name);
    return one;
}

static inline bool
rig_has(struct rig *rig, const char *name)
{
    return rig_find(rig, BNC_KIND_SECRET, name)->exists;
}

static inline void
rig_watch(struct bnc_source *source, enum bnc_kind kind, const char *ns, const char *name)
{
    BNC_UNUSED(ns);
    struct stored *one = rig_find((struct rig *)source, kind, name);
    one->watched = one->untold = true;
}

static inline void
rig_unwatch(struct bnc_source *source, enum bnc_kind kind, const char *ns,
            const char *name)
{
    BNC_UNUSED(ns);
    struct stored *one = rig_find((struct rig *)source, kind, name);
    one->watched = one->untold = false;
}

static inline void
rig_write(struct bnc_source *source, const struct bnc_write *write, bnc_write_fn fn,
          void *arg)
{
    struct rig *rig = (struct rig *)source;
    struct stored *object = rig_find(rig, write->kind, write->name);
    assert_true(rig->n_pending < STORE_MAX);
    rig->pending[rig->n_pending++] = (struct pending){object, write->verb, fn, arg};
}

static inline void
rig_answer(struct rig *rig, const struct pending *write)
{
    char version[16];
    bool fails = rig->failing != NULL && strcmp(write->object->name, rig->failing) == 0;
    rig->version += !rig->kept;
    (void)snprintf(version, sizeof(version), "%u", rig->version);
    bool lost = rig->lost != NULL && strcmp(write->object->name, rig->lost) == 0;
    write->object->exists = lost ? write->verb == BNC_VERB_APPLY : write->object->exists;
    if (fails || lost) {
        write->fn(write->arg, &(struct bnc_write_result){.code = BNC_UNAVAILABLE,
                                                         .status = 500,
                                                         .message = "no"});
        return;
    }
    write->object->exists = write->verb == BNC_VERB_APPLY;
    write->object->applied += write->object->exists;
    write->object->deleted += !write->object->exists;
    write->fn(write->arg, &(struct bnc_write_result){.code = BNC_OK,
                                                     .status = 200,
                                                     .message = "",
                                                     .resource_version = version,
                                                     .uid = "u"});
}

static inline void
rig_tell(struct rig *rig, struct stored *one)
{
    static const char *const version = "1";
    const struct bnc_pruned metadata = {.ns = "shop",
                                        .name = one->name,
                                        .uid = "u",
                                        .resource_version = version,
                                        .text = {one->live, strlen(one->live)}};
    one->untold = false;
    bnc_publisher_output(rig->publisher, one->kind, "shop", one->name,
                         one->exists ? &metadata : NULL);
}

/* Time passes: what is watched is told, what is written is answered. */
static inline void
rig_pass(struct rig *rig, int64_t ms)
{
    int64_t until = rig->fake->now_ms + ms;
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < rig->n_objects; i++) {
            if (rig->objects[i].untold) {
                rig_tell(rig, &rig->objects[i]);
                more = true;
            }
        }
        if (rig->n_pending > 0) {
            struct pending first = rig->pending[0];
            memmove(rig->pending, rig->pending + 1,
                    --rig->n_pending * sizeof(rig->pending[0]));
            rig_answer(rig, &first);
            more = true;
        }
        more = more || fake_step(rig->fake, until);
        assert_true(bnc_publisher_counts(rig->publisher));
    }
}

static inline void
rig_changed(void *arg)
{
    BNC_UNUSED(arg);
}

static inline void
rig_open(struct rig *rig)
{
    static const struct bnc_source_ops ops = {
        .watch_output = rig_watch, .unwatch_output = rig_unwatch, .write = rig_write};
    *rig = (struct rig){.source = {&ops}, .fake = fake_new()};
    rig->publisher =
        bnc_publisher_new(&(struct bnc_publisher_options){.world = &rig->fake->base,
                                                          .source = &rig->source,
                                                          .changed = rig_changed,
                                                          .arg = rig});
}

static inline void
rig_close(struct rig *rig)
{
    bnc_publisher_free(rig->publisher);
    bnc_world_free(&rig->fake->base);
}

/*
 * Want the parts named in `parts` (each a letter or two, split by spaces), and a root
 * that names them: its hash is of this text.
 */
static inline void
rig_set(struct rig *rig, const char *owner, const char *parts)
{
    struct bnc_desired desired[STORE_MAX];
    char names[STORE_MAX][32];
    char body[256];
    size_t n = 0;
    for (const char *at = parts; *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        (void)snprintf(names[n], sizeof(names[n]), "%.*s", (int)len, at);
        desired[n] = (struct bnc_desired){.role = BNC_ROLE_PART,
                                          .kind = BNC_KIND_SECRET,
                                          .ns = "shop",
                                          .name = names[n],
                                          .file = names[n],
                                          .root = "root",
                                          .body = {"{}", 2}};
        (void)snprintf(desired[n].hash, sizeof(desired[n].hash), "sha256:%.20s",
                       names[n]);
        n++;
        at += len;
    }
    (void)snprintf(body, sizeof(body), "{\"names\":\"%.200s\"}", parts);
    (void)snprintf(names[n], sizeof(names[n]), "root-%s", strchr(owner, '/') + 1);
    desired[n] = (struct bnc_desired){.role = BNC_ROLE_ROOT,
                                      .kind = BNC_KIND_SECRET,
                                      .ns = "shop",
                                      .name = names[n],
                                      .file = "prometheus.yml",
                                      .body = {body, strlen(body)}};
    (void)snprintf(desired[n].hash, sizeof(desired[n].hash), "sha256:%.50s", parts);
    bnc_publisher_set(rig->publisher, owner, desired, n + 1);
}

#endif
