#include "net/real_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files that are read or written piece by piece. */

struct bnc_file {
    struct bnc_world_handle handle; /* first */
    int fd;
    unsigned mode;
    bool failed; /* an append was not complete: never give it its name */
    char *path;
    char *temp;
};

enum bnc_code
bnc_real_file_scan(struct bnc_world *world, const char *path, size_t max_bytes,
                   bnc_file_piece_fn fn, void *arg, struct bnc_error *err)
{
    BNC_UNUSED(world);
    int fd = bnc_real_open(path);
    if (fd < 0) {
        return bnc_real_fail(err, "open %s", path);
    }
    enum bnc_code code = bnc_real_read(fd, path, max_bytes, fn, arg, err);
    (void)close(fd);
    return code;
}

enum bnc_code
bnc_real_file_create(struct bnc_world *world, const char *path, unsigned mode,
                     struct bnc_file **out, struct bnc_error *err)
{
    char temp[BNC_REAL_PATH];

    if (bnc_real_make_folders(path, bnc_real_folder_mode(mode), err)) {
        return err->code;
    }
    int fd = bnc_real_open_temp(world, path, temp);
    if (fd < 0) {
        return bnc_real_fail(err, "make a temporary file for %s", path);
    }
    struct bnc_file *file = bnc_alloc(sizeof(*file));
    file->handle.world = world;
    file->fd = fd;
    file->mode = mode;
    file->path = bnc_strdup(path);
    file->temp = bnc_strdup(temp);
    *out = file;
    return BNC_OK;
}

enum bnc_code
bnc_real_file_append(struct bnc_file *file, struct bnc_bytes bytes, struct bnc_error *err)
{
    if (!bnc_real_write(file->fd, bytes)) {
        file->failed = true;
        return bnc_real_fail(err, "write %s", file->path);
    }
    return BNC_OK;
}

static void
free_file(struct bnc_file *file)
{
    free(file->path);
    free(file->temp);
    free(file);
}

void
bnc_real_file_abandon(struct bnc_file *file)
{
    (void)close(file->fd);
    (void)unlink(file->temp);
    free_file(file);
}

/* Put it where it belongs; false: see errno. */
static bool
finish(const struct bnc_file *file, bool sync)
{
    bool ok = fchmod(file->fd, file->mode & 07777) == 0;
    ok = ok && (!sync || fsync(file->fd) == 0);
    int number = errno;
    if (close(file->fd) != 0 && ok) {
        return false; /* a network file system tells only now that nothing fits */
    }
    errno = number;
    return ok && rename(file->temp, file->path) == 0;
}

enum bnc_code
bnc_real_file_close(struct bnc_file *file, bool sync, struct bnc_error *err)
{
    enum bnc_code code = BNC_OK;
    if (file->failed) {
        (void)close(file->fd);
        code = bnc_fail(err, BNC_UNAVAILABLE, "write %s: a part is missing", file->path);
    } else if (!finish(file, sync)) {
        code = bnc_real_fail(err, "write %s", file->path);
    }
    if (code != BNC_OK) {
        (void)unlink(file->temp);
    }
    free_file(file);
    return code;
}
