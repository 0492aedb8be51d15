/*
 * For tests of the store: one in a folder of its own, on a wrapped real world.
 */
#ifndef BNC_TESTS_UNIT_TEST_STORE_DIR_H
#define BNC_TESTS_UNIT_TEST_STORE_DIR_H

#include <fcntl.h>

#include "tests/unit/test_store.h"

static char root[] = "/tmp/bnc-store-XXXXXX";
static char out[64];
static struct bnc_world *real;
static struct wrap w;
static struct bnc_store *store;
static struct bnc_error err;

static inline void
reopen(void)
{
    bnc_store_free(store);
    store = bnc_store_new(&w.base, out);
    err = (struct bnc_error){0};
    CHECK_INT(bnc_store_open(store, &err), BNC_OK);
}

static inline void
set_up(void)
{
    memcpy(strrchr(root, '-'), "-XXXXXX", 7);
    test_folder_new(root);
    (void)snprintf(out, sizeof(out), "%s/a/out", root);
    real = test_world_new();
    wrap_init(&w, real, out);
    store = NULL;
    reopen();
}

static inline void
tear_down(void)
{
    bnc_store_free(store);
    bnc_map_free(w.dirty);
    bnc_world_free(real);
    test_folder_remove(root);
}

static inline const char *
in_out(const char *name)
{
    static char paths[2][300];
    static int turn;
    turn = 1 - turn;
    (void)snprintf(paths[turn], sizeof(paths[turn]), "%s/%s", out, name);
    return paths[turn];
}

static inline bool
exists(const char *name)
{
    struct stat st;
    return lstat(in_out(name), &st) == 0;
}

static inline const char *
content(const char *name)
{
    static char text[200];
    FILE *file = fopen(in_out(name), "re");
    CHECK(file != NULL);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    (void)fclose(file);
    return text;
}

static inline void
overwrite(const char *name, const char *text)
{
    int fd = open(in_out(name), O_WRONLY | O_TRUNC | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    CHECK_INT(close(fd), 0);
}

static inline void
put(const struct version *version)
{
    CHECK_INT(put_version(store, version, &err), BNC_OK);
}

#endif
