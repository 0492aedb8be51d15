#include "net/real_world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_WAIT_MS 60000 /* silence of standard input or a FIFO */
#define PIECE_BYTES  16384
#define TEMP_TRIES   8

/* ---- errors -------------------------------------------------------------------- */

static const struct {
    int number;
    enum bnc_code code;
    const char *text;
} file_errors[] = {
    {ENOSPC, BNC_UNAVAILABLE, "no space left"},
    {EDQUOT, BNC_UNAVAILABLE, "no space left (quota)"},
    {EIO, BNC_UNAVAILABLE, "the device failed"},
    {ESTALE, BNC_UNAVAILABLE, "the file system went away"},
    {ENFILE, BNC_UNAVAILABLE, "too many open files on this machine"},
    {EXDEV, BNC_INVALID, "it is on another file system"},
    {EMLINK, BNC_INVALID, "the file has too many links"},
    {EOPNOTSUPP, BNC_INVALID, "this file system cannot do it"},
    {ELOOP, BNC_INVALID, "a link, or a loop of links"},
    {EINVAL, BNC_INVALID, "not possible with what it is"},
    {ENOTEMPTY, BNC_CONFLICT, "a folder that is not empty"},
};

enum bnc_code
bnc_real_fail(struct bnc_error *err, const char *fmt, ...)
{
    int number = errno;
    char context[BNC_ERROR_MAX / 2];

    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(context, sizeof(context), fmt, args);
    va_end(args);
    for (size_t i = 0; i < BNC_LEN(file_errors); i++) {
        if (file_errors[i].number == number) {
            return bnc_fail(err, file_errors[i].code, "%s: %s", context,
                            file_errors[i].text);
        }
    }
    errno = number;
    return bnc_fail_errno(err, "%s", context);
}

/* ---- reading ------------------------------------------------------------------- */

/* Standard input is duplicated: opening its name again fails for sockets. */
int
bnc_real_open(const char *path)
{
    if (strcmp(path, "/dev/stdin") == 0) {
        return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    }
    /* O_NONBLOCK: a FIFO that nobody writes to must not hold the loop */
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* Read some bytes into `chunk`; *n is 0 at the end, negative when there are none yet. */
static enum bnc_code
read_some(int fd, const char *path, struct bnc_str *chunk, bool *wait, ssize_t *n,
          struct bnc_error *err)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (*wait && poll(&ready, 1, PIPE_WAIT_MS) == 0) {
        return bnc_fail(err, BNC_TIMEOUT, "read %s: nothing came for %d s", path,
                        PIPE_WAIT_MS / 1000);
    }
    *n = read(fd, chunk->ptr, chunk->room);
    *wait = *wait || (*n < 0 && errno == EAGAIN);
    if (*n < 0 && errno != EINTR && errno != EAGAIN) {
        return bnc_real_fail(err, "read %s", path);
    }
    return BNC_OK;
}

enum bnc_code
bnc_real_read(int fd, const char *path, size_t max_bytes, bnc_file_piece_fn fn, void *arg,
              struct bnc_error *err)
{
    char bytes[PIECE_BYTES];
    struct bnc_str chunk = {.ptr = bytes, .room = sizeof(bytes)};
    size_t left = max_bytes;
    ssize_t n = -1;
    /* standard input may block; a FIFO without writer never gets ready, but ends */
    bool wait = (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;

    while (n != 0) {
        if (read_some(fd, path, &chunk, &wait, &n, err)) {
            return err->code;
        }
        if (n > 0 && (size_t)n > left) {
            return bnc_fail(err, BNC_TOO_BIG, "%s is over %zu bytes", path, max_bytes);
        }
        if (n > 0 && !fn(arg, bytes, (size_t)n)) {
            return BNC_OK;
        }
        left -= n > 0 ? (size_t)n : 0;
    }
    return BNC_OK;
}

static bool
add_piece(void *arg, const char *bytes, size_t n)
{
    bnc_str_add(arg, bytes, n);
    return true;
}

enum bnc_code
bnc_real_file_read(struct bnc_world *world, const char *path, size_t max_bytes,
                   struct bnc_arena *arena, struct bnc_bytes *out, struct bnc_error *err)
{
    BNC_UNUSED(world);
    int fd = bnc_real_open(path);
    if (fd < 0) {
        return bnc_real_fail(err, "open %s", path);
    }
    struct bnc_str text = bnc_str_new(NULL, max_bytes);
    enum bnc_code code = bnc_real_read(fd, path, max_bytes, add_piece, &text, err);
    (void)close(fd);
    if (code == BNC_OK) {
        out->ptr = bnc_arena_strndup(arena, text.ptr == NULL ? "" : text.ptr, text.len);
        out->len = text.len;
    }
    bnc_str_free(&text);
    return code;
}

/* ---- writing ------------------------------------------------------------------- */

mode_t
bnc_real_folder_mode(unsigned mode)
{
    return (mode & 07) == 0 ? 0700 : 0755;
}

/* Works on a copy, one '/' after the other. */
enum bnc_code
bnc_real_make_folders(const char *path, mode_t mode, struct bnc_error *err)
{
    char part[BNC_REAL_PATH];
    size_t n = strlen(path);
    if (n >= sizeof(part)) {
        return bnc_fail(err, BNC_INVALID, "a path is over %d bytes", BNC_REAL_PATH - 1);
    }
    memcpy(part, path, n + 1);
    for (char *slash = strchr(part + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, mode) != 0 && errno != EEXIST) {
            return bnc_real_fail(err, "make folder %s", part);
        }
        *slash = '/';
    }
    return BNC_OK;
}

bool
bnc_real_temp_name(struct bnc_world *world, const char *path, char *temp)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    int folder_bytes = (int)(name - path);
    int n = snprintf(temp, BNC_REAL_PATH, "%.*s.%.200s.binnacle-%016llx", folder_bytes,
                     path, name, (unsigned long long)bnc_world_random(world));
    errno = ENAMETOOLONG;
    return n >= 0 && n < BNC_REAL_PATH;
}

int
bnc_real_open_temp(struct bnc_world *world, const char *path, char *temp)
{
    for (int i = 0; i < TEMP_TRIES; i++) {
        if (!bnc_real_temp_name(world, path, temp)) {
            return -1;
        }
        int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

bool
bnc_real_write(int fd, struct bnc_bytes bytes)
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

bool
bnc_real_sync(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno == EACCES; /* a folder may be writable but not readable */
    }
    /* EINVAL: a file system that has nothing to sync */
    bool ok = fsync(fd) == 0 || errno == EINVAL;
    int number = errno;
    (void)close(fd);
    errno = number;
    return ok;
}

/* So that the new name itself survives a power cut. */
bool
bnc_real_sync_folder(const char *path)
{
    char folder[BNC_REAL_PATH];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? 0 : (int)(slash - path) + 1;
    (void)snprintf(folder, sizeof(folder), "%.*s", n == 0 ? 1 : n, n == 0 ? "." : path);
    return bnc_real_sync(folder);
}

enum bnc_code
bnc_real_file_write(struct bnc_world *world, const char *path, struct bnc_bytes bytes,
                    unsigned mode, struct bnc_error *err)
{
    char temp[BNC_REAL_PATH];

    if (bnc_real_make_folders(path, bnc_real_folder_mode(mode), err)) {
        return err->code;
    }
    int fd = bnc_real_open_temp(world, path, temp);
    if (fd < 0) {
        return bnc_real_fail(err, "make a temporary file for %s", path);
    }
    bool written =
        bnc_real_write(fd, bytes) && fchmod(fd, mode & 07777) == 0 && fsync(fd) == 0;
    if (close(fd) != 0 || !written || rename(temp, path) != 0) {
        enum bnc_code code = bnc_real_fail(err, "write %s", path);
        (void)unlink(temp);
        return code;
    }
    if (!bnc_real_sync_folder(path)) {
        return bnc_real_fail(err, "sync the folder of %s", path);
    }
    return BNC_OK;
}

enum bnc_code
bnc_real_file_remove(struct bnc_world *world, const char *path, struct bnc_error *err)
{
    BNC_UNUSED(world);
    if (unlink(path) != 0) {
        return bnc_real_fail(err, "remove %s", path);
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
        return bnc_real_fail(err, "list %s", path);
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
        return bnc_real_fail(err, "list %s", path);
    }
    enum bnc_code code = read_names(dir, path, max_names, arena, out, err);
    (void)closedir(dir);
    return code;
}
