#include "net/real_world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINK_TRIES 8
#define MAX_DEPTH  16

/* Links, names and folders as such. */

enum bnc_code
bnc_real_file_link(struct bnc_world *world, const char *from, const char *to,
                   struct bnc_error *err)
{
    BNC_UNUSED(world);
    if (linkat(AT_FDCWD, from, AT_FDCWD, to, 0) != 0) {
        return bnc_real_fail(err, "link %s to %s", from, to);
    }
    return BNC_OK;
}

enum bnc_code
bnc_real_file_rename(struct bnc_world *world, const char *from, const char *to,
                     struct bnc_error *err)
{
    BNC_UNUSED(world);
    if (rename(from, to) != 0) {
        return bnc_real_fail(err, "rename %s to %s", from, to);
    }
    return BNC_OK;
}

enum bnc_code
bnc_real_file_stat(struct bnc_world *world, const char *path, bool follow,
                   struct bnc_file_info *out, struct bnc_error *err)
{
    BNC_UNUSED(world);
    struct stat st;
    if (fstatat(AT_FDCWD, path, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0) {
        return bnc_real_fail(err, "look at %s", path);
    }
    *out = (struct bnc_file_info){
        .type = S_ISREG(st.st_mode)   ? BNC_FILE_REGULAR
                : S_ISDIR(st.st_mode) ? BNC_FILE_FOLDER
                                      : BNC_FILE_OTHER,
        .link = S_ISLNK(st.st_mode),
        .size = (uint64_t)st.st_size,
        .mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
        .inode = (uint64_t)st.st_ino,
        .links = (uint64_t)st.st_nlink,
        .mode = st.st_mode & 07777,
    };
    return BNC_OK;
}

/* ---- symbolic links ------------------------------------------------------------ */

/* A link beside `path`; its name is in `temp`. */
static bool
make_temp_link(struct bnc_world *world, const char *target, const char *path, char *temp)
{
    for (int i = 0; i < LINK_TRIES; i++) {
        if (!bnc_real_temp_name(world, path, temp)) {
            return false;
        }
        if (symlink(target, temp) == 0) {
            return true;
        }
        if (errno != EEXIST) {
            return false;
        }
    }
    return false;
}

enum bnc_code
bnc_real_symlink_put(struct bnc_world *world, const char *target, const char *path,
                     struct bnc_error *err)
{
    char temp[BNC_REAL_PATH];

    if (!make_temp_link(world, target, path, temp)) {
        return bnc_real_fail(err, "make a link for %s", path);
    }
    if (rename(temp, path) != 0) {
        enum bnc_code code = bnc_real_fail(err, "make %s a link", path);
        (void)unlink(temp);
        return code;
    }
    if (!bnc_real_sync_folder(path)) {
        return bnc_real_fail(err, "sync the folder of %s", path);
    }
    return BNC_OK;
}

enum bnc_code
bnc_real_symlink_get(struct bnc_world *world, const char *path, struct bnc_arena *arena,
                     const char **out, struct bnc_error *err)
{
    BNC_UNUSED(world);
    char text[BNC_REAL_PATH];
    ssize_t n = readlink(path, text, sizeof(text));
    if (n < 0) {
        return bnc_real_fail(err, "read the link %s", path);
    }
    if ((size_t)n == sizeof(text)) {
        return bnc_fail(err, BNC_TOO_BIG, "the link %s is over %d bytes", path,
                        BNC_REAL_PATH - 1);
    }
    *out = bnc_arena_strndup(arena, text, (size_t)n);
    return BNC_OK;
}

/* ---- folders ------------------------------------------------------------------- */

enum bnc_code
bnc_real_dir_make(struct bnc_world *world, const char *path, unsigned mode,
                  struct bnc_error *err)
{
    BNC_UNUSED(world);
    if (bnc_real_make_folders(path, (mode_t)mode, err)) {
        return err->code;
    }
    if (mkdir(path, (mode_t)mode) == 0) {
        return BNC_OK;
    }
    enum bnc_code code = bnc_real_fail(err, "make folder %s", path);
    struct stat st;
    if (code == BNC_CONFLICT && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        *err = (struct bnc_error){0};
        return BNC_OK;
    }
    return code;
}

enum bnc_code
bnc_real_dir_sync(struct bnc_world *world, const char *path, struct bnc_error *err)
{
    BNC_UNUSED(world);
    if (!bnc_real_sync(path)) {
        return bnc_real_fail(err, "sync %s", path);
    }
    return BNC_OK;
}

struct removal {
    const char *path; /* for messages */
    size_t names_left;
    struct bnc_error *err;
};

static enum bnc_code
empty_folder(struct removal *r, int parent, const char *name, int depth);

static enum bnc_code
remove_entry(struct removal *r, int folder, const char *name, int depth)
{
    struct stat st;
    if (r->names_left == 0) {
        return bnc_fail(r->err, BNC_TOO_BIG, "%s: too many names to remove", r->path);
    }
    r->names_left--;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return bnc_real_fail(r->err, "look at %s in %s", name, r->path);
    }
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode) && !S_ISDIR(st.st_mode)) {
        return bnc_fail(r->err, BNC_INVALID, "%s in %s is no file: not removed", name,
                        r->path);
    }
    if (S_ISDIR(st.st_mode) && empty_folder(r, folder, name, depth + 1)) {
        return r->err->code;
    }
    if (unlinkat(folder, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) != 0) {
        return bnc_real_fail(r->err, "remove %s in %s", name, r->path);
    }
    return BNC_OK;
}

/* By descriptor, so that nobody can put a link in the way meanwhile. */
static enum bnc_code
empty_folder(struct removal *r, int parent, const char *name, int depth)
{
    if (depth > MAX_DEPTH) {
        return bnc_fail(r->err, BNC_TOO_BIG, "%s is over %d folders deep", r->path,
                        MAX_DEPTH);
    }
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        enum bnc_code code = bnc_real_fail(r->err, "open the folder %s", name);
        if (fd >= 0) {
            (void)close(fd);
        }
        return code;
    }
    enum bnc_code code = BNC_OK;
    while (code == BNC_OK) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            code = errno == 0 ? BNC_OK : bnc_real_fail(r->err, "list %s", name);
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            code = remove_entry(r, fd, entry->d_name, depth);
        }
    }
    (void)closedir(dir);
    return code;
}

enum bnc_code
bnc_real_dir_remove(struct bnc_world *world, const char *path, size_t max_names,
                    struct bnc_error *err)
{
    struct bnc_file_info info = {0};
    struct removal r = {.path = path, .names_left = max_names, .err = err};
    if (bnc_real_file_stat(world, path, false, &info, err)) {
        return err->code;
    }
    if (info.type != BNC_FILE_FOLDER) {
        return bnc_fail(err, BNC_INVALID, "remove %s: it is no folder", path);
    }
    if (empty_folder(&r, AT_FDCWD, path, 0)) {
        return err->code;
    }
    if (rmdir(path) != 0) {
        return bnc_real_fail(err, "remove %s", path);
    }
    return BNC_OK;
}
