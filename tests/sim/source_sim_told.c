#include <stdlib.h>
#include <string.h>

#include "tests/sim/source_sim.h"

void
complain(struct run *run, const char *what, const char *key)
{
    run->wrong++;
    (void)fprintf(stderr, "seed %llu, %.3f s: %s: %s\n", (unsigned long long)run->seed,
                  (double)bnc_sim_now_ms(run->sim) / 1000, what, key);
}

const char *
key_of(char out[300], enum bnc_kind kind, const char *ns, const char *name)
{
    (void)snprintf(out, 300, "%s/%s/%s", bnc_kind_info(kind)->name, ns, name);
    return out;
}

static struct wanted *
find_wanted(struct run *run, enum bnc_kind kind, const char *ns, const char *name,
            bool output)
{
    for (size_t i = 0; i < run->n_wanted; i++) {
        struct wanted *w = &run->wanted[i];
        if (w->kind == kind && w->output == output && strcmp(w->ns, ns) == 0 &&
            strcmp(w->name, name) == 0) {
            return w;
        }
    }
    return NULL;
}

static void
check_outside(struct run *run, const char *what)
{
    if (run->inside) {
        complain(run, "a callback inside a call", what);
    }
}

static void
on_put(void *arg, struct bnc_object *object)
{
    struct run *run = arg;
    char key[300];
    check_outside(run, "put");
    run->puts++;
    (void)key_of(key, object->kind, object->ns, object->name);
    bnc_sim_note(run->sim, "put", key, object->generation);
    if (bnc_kind_info(object->kind)->by_name) {
        struct wanted *w =
            find_wanted(run, object->kind, object->ns, object->name, false);
        if (w == NULL || !w->on) {
            complain(run, "put of what is not wanted", key);
            bnc_object_unref(object);
            return;
        }
        bnc_object_unref(w->seen);
        w->seen = object;
        return;
    }
    struct bnc_object *old = bnc_map_put(run->seen, key, object);
    if (old != NULL && strcmp(old->uid, object->uid) == 0 &&
        strtoll(old->resource_version, NULL, 10) >
            strtoll(object->resource_version, NULL, 10)) {
        run->went_back++;
        bnc_sim_note(run->sim, "back in time", key, 0);
    }
    bnc_object_unref(old);
}

static void
on_gone(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct run *run = arg;
    char key[300];
    check_outside(run, "gone");
    (void)key_of(key, kind, ns, name);
    bnc_sim_note(run->sim, "gone", key, 0);
    if (bnc_kind_info(kind)->by_name) {
        struct wanted *w = find_wanted(run, kind, ns, name, false);
        if (w == NULL || !w->on) {
            complain(run, "gone of what is not wanted", key);
            return;
        }
        bnc_object_unref(w->seen);
        w->seen = NULL;
        return;
    }
    struct bnc_object *old = bnc_map_take(run->seen, key);
    if (old == NULL) {
        complain(run, "gone, but was not told of", key);
    }
    bnc_object_unref(old);
}

static void
on_synced(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct run *run = arg;
    check_outside(run, "synced");
    bnc_sim_note(run->sim, "synced", name, (int64_t)kind);
    if (name == NULL) {
        run->synced[kind]++;
        return;
    }
    struct wanted *w = find_wanted(run, kind, ns, name, false);
    if (w == NULL || !w->on) {
        complain(run, "synced of what is not wanted", name);
        return;
    }
    w->synced = true;
}

static void
on_output(void *arg, enum bnc_kind kind, const char *ns, const char *name,
          const struct bnc_pruned *metadata)
{
    struct run *run = arg;
    struct wanted *w = find_wanted(run, kind, ns, name, true);
    check_outside(run, "output");
    bnc_sim_note(run->sim, "output", name, metadata != NULL);
    if (w == NULL || !w->on) {
        complain(run, "output that is not watched", name);
        return;
    }
    bnc_object_unref(w->seen);
    w->seen = metadata == NULL ? NULL : bnc_object_new(kind, metadata, NULL);
    w->synced = true;
}

static void
on_trouble(void *arg, enum bnc_kind kind, const char *ns, const char *name,
           const struct bnc_error *err)
{
    struct run *run = arg;
    char key[300];
    check_outside(run, "trouble");
    bnc_sim_note(run->sim, "trouble", err->message, (int64_t)kind);
    (void)key_of(key, kind, ns == NULL ? "" : ns, name == NULL ? "" : name);
    if (err->code == BNC_OK) {
        (void)bnc_map_take(run->troubles, key);
    } else {
        (void)bnc_map_put(run->troubles, key, run);
    }
}

const struct bnc_source_listener told_listener = {
    .put = on_put,
    .gone = on_gone,
    .synced = on_synced,
    .output = on_output,
    .trouble = on_trouble,
};

void
told_written(void *arg, const struct bnc_write_result *result)
{
    struct run *run = arg;
    check_outside(run, "write");
    bnc_sim_note(run->sim, "written", result->message, (int64_t)result->code);
    run->writes_open--;
    if (result->code == BNC_OK && result->status == 0) {
        complain(run, "a write went well without an answer", "");
    }
}

void
told_forget(struct run *run)
{
    const char *key;
    void *value;
    size_t at = 0;
    while (bnc_map_next(run->seen, &at, &key, &value)) {
        bnc_object_unref(bnc_map_take(run->seen, key));
    }
    bnc_map_free(run->troubles);
    run->troubles = bnc_map_new();
    for (size_t i = 0; i < run->n_wanted; i++) {
        bnc_object_unref(run->wanted[i].seen);
        run->wanted[i].seen = NULL;
        run->wanted[i].on = run->wanted[i].synced = false;
    }
    memset(run->synced, 0, sizeof(run->synced));
    run->writes_open = 0;
}
