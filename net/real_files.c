#include "net/real_world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_WAIT_MS 60000 /* silence of standard input or a FIFO */
#define TEMP_TRIES   8
#define PATH_BYTES   4096

/* ---- reading ------------------------------------------------------------------- */

/* Standard input is duplicated: opening its name again fails for sockets. */
static int
open_to_read(const char *path)
{
    if (strcmp(path, "/dev/stdin") == 0) {
        return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    }
    /* O_NONBLOCK: a FIFO that nobody writes to must not hold the loop */
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static enum bnc_code
read_all(int fd, const char *path, struct bnc_str *text, struct bnc_error *err)
{
    char chunk[16384];
    /* standard input may block; a FIFO without writer never gets ready, but ends */
    bool wait = (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;

    while (!text->too_big) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (wait && poll(&ready, 1, PIPE_WAIT_MS) == 0) {
            return bnc_fail(err, BNC_TIMEOUT, "read %s: nothing came for %d s", path,
                            PIPE_WAIT_MS / 1000);
        }
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n == 0) {
            return BNC_OK;
        }
        wait = wait || (n < 0 && errno == EAGAIN);
        if (n > 0) {
            bnc_str_add(text, chunk, (size_t)n);
        } else if (errno != EINTR && errno != EAGAIN) {
            return bnc_fail_errno(err, "read %s", path);
        }
    }
    return bnc_fail(err, BNC_TOO_BIG, "%s is over %zu bytes", path, text->max);
}

enum bnc_code
bnc_real_file_read(struct bnc_world *world, const char *path, size_t max_bytes,
                   struct bnc_arena *arena, struct bnc_bytes *out, struct bnc_error *err)
{
    BNC_UNUSED(world);
    int fd = open_to_read(path);
    if (fd < 0) {
        return bnc_fail_errno(err, "open %s", path);
    }
    struct bnc_str text = bnc_str_new(NULL, max_bytes);
    enum bnc_code code = read_all(fd, path, &text, err);
    (void)close(fd);
    if (code == BNC_OK) {
        out->ptr = bnc_arena_strndup(arena, text.ptr == NULL ? "" : text.ptr, text.len);
        out->len = text.len;
    }
    bnc_str_free(&text);
    return code;
}

/* ---- writing ------------------------------------------------------------------- */

/* Make every folder above `path`.  Works on a copy, one '/' after the other. */
static enum bnc_code
make_folders(const char *path, mode_t mode, struct bnc_error *err)
{
    char part[PATH_BYTES];
    size_t n = strlen(path);
    if (n >= sizeof(part)) {
        return bnc_fail(err, BNC_INVALID, "a path is over %d bytes", PATH_BYTES - 1);
    }
    memcpy(part, path, n + 1);
    for (char *slash = strchr(part + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, mode) != 0 && errno != EEXIST) {
            return bnc_fail_errno(err, "make folder %s", part);
        }
        *slash = '/';
    }
    return BNC_OK;
}

/* A new file beside `path`; `temp` has PATH_BYTES bytes. */
static int
open_temp(struct bnc_world *world, const char *path, char *temp)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    int folder_bytes = (int)(name - path);

    for (int i = 0; i < TEMP_TRIES; i++) {
        int n = snprintf(temp, PATH_BYTES, "%.*s.%.200s.binnacle-%016llx", folder_bytes,
                         path, name, (unsigned long long)bnc_world_random(world));
        if (n < 0 || n >= PATH_BYTES) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

static bool
write_all(int fd, struct bnc_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return false;
        }
        bytes.ptr += n;
        bytes.len -= (size_t)n;
    }
    return true;
}

/* So that the new name itself survives a power cut. */
static bool
sync_folder(const char *path)
{
    char folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? 0 : (int)(slash - path) + 1;
    (void)snprintf(folder, sizeof(folder), "%.*s", n == 0 ? 1 : n, n == 0 ? "." : path);

    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno == EACCES; /* a folder may be writable but not readable */
    }
    /* EINVAL: a file system that has nothing to sync */
    bool ok = fsync(fd) == 0 || errno == EINVAL;
    (void)close(fd);
    return ok;
}

enum bnc_code
bnc_real_file_write(struct bnc_world *world, const char *path, struct bnc_bytes bytes,
                    unsigned mode, struct bnc_error *err)
{
    char temp[PATH_BYTES];

    if (make_folders(path, (mode & 07) == 0 ? 0700 : 0755, err)) {
        return err->code;
    }
    int fd = open_temp(world, path, temp);
    if (fd < 0) {
        return bnc_fail_errno(err, "make a temporary file for %s", path);
    }
    bool written =
        write_all(fd, bytes) && fchmod(fd, mode & 07777) == 0 && fsync(fd) == 0;
    if (close(fd) != 0 || !written || rename(temp, path) != 0) {
        enum bnc_code code = bnc_fail_errno(err, "write %s", path);
        (void)unlink(temp);
        return code;
    }
    if (!sync_folder(path)) {
        return bnc_fail_errno(err, "sync the folder of %s", path);
    }
    return BNC_OK;
}

enum bnc_code
bnc_real_file_remove(struct bnc_world *world, const char *path, struct bnc_error *err)
{
    BNC_UNUSED(world);
    if (unlink(path) != 0) {
        return bnc_fail_errno(err, "remove %s", path);
    }
    return BNC_OK;
}

/* ---- folders ------------------------------------------------------------------- */

enum bnc_file_type
bnc_real_file_type(struct bnc_world *world, const char *path)
{
    BNC_UNUSED(world);
    struct stat st;
    if (stat(path, &st) != 0) {
        return BNC_FILE_NONE;
    }
    if (S_ISREG(st.st_mode)) {
        return BNC_FILE_REGULAR;
    }
    return S_ISDIR(st.st_mode) ? BNC_FILE_FOLDER : BNC_FILE_OTHER;
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum bnc_code
read_names(DIR *dir, const char *path, size_t max_names, struct bnc_arena *arena,
           const char ***out, struct bnc_error *err)
{
    size_t room = 64;
    size_t n = 0;
    const char **names = bnc_arena_array(arena, room, sizeof(*names));

    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (n == max_names) {
            return bnc_fail(err, BNC_TOO_BIG, "%s has over %zu names", path, max_names);
        }
        if (n + 1 == room) {
            const char **more = bnc_arena_array(arena, room * 2, sizeof(*names));
            memcpy(more, names, n * sizeof(*names));
            names = more;
            room *= 2;
        }
        names[n++] = bnc_arena_strdup(arena, entry->d_name);
    }
    if (errno != 0) {
        return bnc_fail_errno(err, "list %s", path);
    }
    qsort(names, n, sizeof(*names), compare_names);
    *out = names;
    return BNC_OK;
}

enum bnc_code
bnc_real_dir_list(struct bnc_world *world, const char *path, size_t max_names,
                  struct bnc_arena *arena, const char ***out, struct bnc_error *err)
{
    BNC_UNUSED(world);
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return bnc_fail_errno(err, "list %s", path);
    }
    enum bnc_code code = read_names(dir, path, max_names, arena, out, err);
    (void)closedir(dir);
    return code;
}
