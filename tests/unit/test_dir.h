/*
 * For tests of the folder source: one in a folder of its own, on the real world.
 */
#ifndef BNC_TESTS_UNIT_TEST_DIR_H
#define BNC_TESTS_UNIT_TEST_DIR_H

#include <unistd.h>

#include "source/dir.h"
#include "tests/unit/test_net.h"

/* ---- a source in a folder of its own, and all that it told, line by line ------- */

struct rig {
    struct bnc_world *world;
    struct bnc_source *source;
    struct bnc_arena *arena;
    char dir[64];
    struct bnc_str log;
    const char *until; /* stop the world when the log has it */
};

static inline void
check_until(struct rig *rig)
{
    if (rig->until != NULL && strstr(rig->log.ptr, rig->until) != NULL) {
        bnc_world_stop(rig->world);
    }
}

static inline void
on_put(void *arg, struct bnc_object *object)
{
    struct rig *rig = arg;
    const char *name = strrchr(object->origin, '/');
    bnc_str_fmt(&rig->log, "put %s %s/%s %s %s\n", bnc_kind_info(object->kind)->name,
                object->ns, object->name, name == NULL ? object->origin : name + 1,
                object->text.ptr);
    bnc_object_unref(object);
    check_until(rig);
}

static inline void
on_gone(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct rig *rig = arg;
    bnc_str_fmt(&rig->log, "gone %s %s/%s\n", bnc_kind_info(kind)->name, ns, name);
    check_until(rig);
}

/* Of the kinds that are listed only the last is logged. */
static inline void
on_synced(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct rig *rig = arg;
    if (name != NULL) {
        bnc_str_fmt(&rig->log, "synced %s %s/%s\n", bnc_kind_info(kind)->name, ns, name);
    } else if (kind == BNC_KIND_SERVICE) {
        bnc_str_puts(&rig->log, "synced\n");
    }
    CHECK(name != NULL || !bnc_kind_info(kind)->by_name);
    check_until(rig);
}

static inline void
on_output(void *arg, enum bnc_kind kind, const char *ns, const char *name,
          const struct bnc_pruned *metadata)
{
    struct rig *rig = arg;
    CHECK(metadata == NULL);
    bnc_str_fmt(&rig->log, "output %s %s/%s\n", bnc_kind_info(kind)->name, ns, name);
    check_until(rig);
}

static inline void
on_trouble(void *arg, enum bnc_kind kind, const char *ns, const char *name,
           const struct bnc_error *err)
{
    struct rig *rig = arg;
    CHECK(ns == NULL && name == NULL);
    if (kind == BNC_KIND_POD) {
        bnc_str_fmt(&rig->log, "trouble %s\n", bnc_code_name(err->code));
    }
    check_until(rig);
}

static inline void
on_problem(void *arg, const struct bnc_problem *problem)
{
    struct rig *rig = arg;
    const char *name = strrchr(problem->file, '/');
    bnc_str_fmt(&rig->log, "problem %s:%zu %s\n", name == NULL ? problem->file : name + 1,
                problem->line, problem->message);
    CHECK(problem->kind != NULL && problem->ns != NULL && problem->name != NULL);
    check_until(rig);
}

static const struct bnc_source_listener listener = {on_put, on_gone, on_synced, on_output,
                                                    on_trouble};

static inline void
rig_open(struct rig *rig)
{
    *rig = (struct rig){.world = test_world_new(), .arena = bnc_arena_new()};
    strcpy(rig->dir, "/tmp/binnacle-dir-XXXXXX");
    CHECK(mkdtemp(rig->dir) != NULL);
    rig->log = bnc_str_new(rig->arena, (size_t)1 << 20);
    bnc_str_puts(&rig->log, "");
}

static inline void
rig_close(struct rig *rig)
{
    bnc_source_free(rig->source);
    bnc_world_free(rig->world);
    const char *command = bnc_arena_fmt(rig->arena, "rm -rf '%s'", rig->dir);
    CHECK_INT(system(command), 0);
    bnc_arena_free(rig->arena);
}

static inline const char *
path_in(struct rig *rig, const char *name)
{
    return bnc_arena_fmt(rig->arena, "%s/%s", rig->dir, name);
}

static inline void
put_file(struct rig *rig, const char *name, const char *text)
{
    struct bnc_error err = {0};
    CHECK_INT(bnc_file_write(rig->world, path_in(rig, name),
                             (struct bnc_bytes){text, strlen(text)}, 0644, &err),
              BNC_OK);
}

static inline void
remove_file(struct rig *rig, const char *name)
{
    CHECK_INT(unlink(path_in(rig, name)), 0);
}

/* The text of a file; "(none)" when it is not there. */
static inline const char *
file_text(struct rig *rig, const char *name)
{
    struct bnc_error err = {0};
    struct bnc_bytes text = {0};
    return bnc_file_read(rig->world, path_in(rig, name), 65536, rig->arena, &text,
                         &err) == BNC_OK
               ? text.ptr
               : "(none)";
}

/* `in`: the folder below rig->dir that is read; `to`: the one that is written, or NULL.
 */
static inline void
rig_start(struct rig *rig, const char *in, const char *to, bool watch)
{
    const char *paths[] = {in == NULL ? NULL : path_in(rig, in), NULL};
    struct bnc_source_dir_options options = {.paths = paths,
                                             .watch = watch,
                                             .to = to == NULL ? NULL : path_in(rig, to),
                                             .arg = rig,
                                             .on_problem = on_problem};
    rig->source = bnc_source_dir_new(rig->world, &options);
    bnc_source_start(rig->source, &listener, rig);
    CHECK_STR(rig->log.ptr, ""); /* nothing comes inside the call */
}

/* Run until the log has `until`, and forget what it had before. */
static inline const char *
rig_run(struct rig *rig, const char *until)
{
    bnc_str_clear(&rig->log);
    rig->until = until;
    test_run(rig->world);
    rig->until = NULL;
    return rig->log.ptr;
}

static inline const char *
pod(struct rig *rig, const char *name, const char *label)
{
    return bnc_arena_fmt(
        rig->arena,
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: '%s'\n  labels: {a: '%s'}\n", name,
        label);
}

#define PUT(name, file, label)                                                           \
    "put Pod default/" name " " file " {\"metadata\":{\"labels\":{\"a\":\"" label        \
    "\"}}}\n"

#endif
