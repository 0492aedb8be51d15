/*
 * Preloaded into a program: chosen calls fail, or do half of what they were asked for.
 *
 * BNC_FAULT   rules with commas between: CALL:WHEN:HOW
 *             CALL  a name of the table below; malloc.own is memory for the program
 * itself, malloc.lib for the libraries it calls WHEN  N (the Nth), N+ (the Nth and all
 * after it), %N/SEED (one of N by chance) HOW   a name of errno, or short: half of the
 * bytes BNC_FAULT_REPORT  a file for "CALL calls failed", a line each, as it is at any
 * time
 *
 * Calls inside libc (stdio) are not met, nor are those of children.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* glibc's names of parameters are not for programs to use. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */

enum call {
    MALLOC_OWN,
    MALLOC_LIB,
    READ,
    WRITE,
    RECV,
    SEND,
    FSYNC,
    RENAME,
    OPEN,
    LINK,
    SYMLINK,
    MKDIR,
    CLOSE,
    UNLINK,
    CALLS
};

static const char *const names[CALLS] = {
    "malloc.own", "malloc.lib", "read", "write",   "recv",  "send",  "fsync",
    "rename",     "open",       "link", "symlink", "mkdir", "close", "unlink"};

#define SHORT      (-1) /* instead of an errno */
#define LINE_BYTES 64

static struct rule {
    uint64_t from;
    uint64_t to;
    uint64_t chance; /* one of so many; 0: `from` and `to` decide */
    uint64_t seed;
    int how; /* 0: no rule */
} rules[CALLS];

static uint64_t calls[CALLS];
static uint64_t failed[CALLS];
static uintptr_t own_from;
static uintptr_t own_to;
static char *report; /* a line of LINE_BYTES for each call */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

/* ---- rules ----------------------------------------------------------------------- */

static int
how_of(const char *name)
{
    static const struct {
        const char *name;
        int how;
    } hows[] = {{"short", SHORT},   {"ENOMEM", ENOMEM}, {"EINTR", EINTR},
                {"EAGAIN", EAGAIN}, {"ENOSPC", ENOSPC}, {"EIO", EIO},
                {"EMFILE", EMFILE}, {"EROFS", EROFS},   {"ECONNRESET", ECONNRESET}};
    for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
        if (strcmp(hows[i].name, name) == 0) {
            return hows[i].how;
        }
    }
    return 0;
}

static bool
parse_when(const char *when, struct rule *rule)
{
    char *end;
    if (when[0] == '%') {
        rule->chance = strtoull(when + 1, &end, 10);
        rule->seed = *end == '/' ? strtoull(end + 1, &end, 10) : 1;
        return rule->chance > 0 && *end == '\0';
    }
    rule->from = strtoull(when, &end, 10);
    rule->to = *end == '+' ? UINT64_MAX : rule->from;
    return rule->from > 0 && (*end == '\0' || strcmp(end, "+") == 0);
}

static bool
parse_rule(char *text)
{
    char *rest = NULL;
    const char *name = strtok_r(text, ":", &rest);
    const char *when = strtok_r(NULL, ":", &rest);
    const char *how = strtok_r(NULL, ":", &rest);
    for (size_t i = 0; name != NULL && how != NULL && i < CALLS; i++) {
        struct rule rule = {.how = how_of(how)};
        if (strcmp(names[i], name) == 0 && rule.how != 0 && parse_when(when, &rule)) {
            rules[i] = rule;
            return true;
        }
    }
    return false;
}

/* ---- what is told ---------------------------------------------------------------- */

static void
tell(enum call call)
{
    char line[LINE_BYTES + 1];
    if (report != NULL) {
        (void)snprintf(line, sizeof(line), "%-20s %20llu %21llu\n", names[call],
                       (unsigned long long)calls[call], (unsigned long long)failed[call]);
        memcpy(report + (size_t)call * LINE_BYTES, line, strlen(line));
    }
}

static void
open_report(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)CALLS * LINE_BYTES) != 0) {
        _exit(99);
    }
    void *at =
        mmap(NULL, (size_t)CALLS * LINE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    report = at == MAP_FAILED ? NULL : at;
}

/* The program is the first that is told. */
static int
on_object(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
            own_from = info->dlpi_addr + part->p_vaddr;
            own_to = own_from + part->p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void
begin(void)
{
    const char *text = getenv("BNC_FAULT");
    const char *path = getenv("BNC_FAULT_REPORT");
    char copy[1024] = "";
    char *rest = NULL;

    (void)dl_iterate_phdr(on_object, NULL);
    (void)snprintf(copy, sizeof(copy), "%s", text == NULL ? "" : text);
    if (path != NULL) {
        open_report(path);
    }
    memset(calls, 0, sizeof(calls));
    (void)unsetenv("LD_PRELOAD");
    (void)unsetenv("BNC_FAULT");
    (void)unsetenv("BNC_FAULT_REPORT");
    for (char *one = strtok_r(copy, ",", &rest); one != NULL;
         one = strtok_r(NULL, ",", &rest)) {
        if (!parse_rule(one)) {
            (void)dprintf(STDERR_FILENO, "fault: cannot read BNC_FAULT=%s\n", text);
            _exit(99);
        }
    }
}

/* ---- one call -------------------------------------------------------------------- */

/* 0: goes on; SHORT; else errno is set and it is that. */
static int
meet(enum call call)
{
    const struct rule *rule = &rules[call];
    uint64_t n = ++calls[call];
    bool hit = n >= rule->from && n <= rule->to;

    if (rule->chance > 0) {
        uint64_t random = (n + rule->seed * 1000003) * 0x9e3779b97f4a7c15ULL;
        hit = (random >> 33) % rule->chance == 0;
    }
    hit = hit && rule->how != 0;
    failed[call] += hit ? 1 : 0;
    if (report != NULL) {
        int before = errno;
        tell(call);
        errno = before;
    }
    if (!hit) {
        return 0;
    }
    if (rule->how != SHORT) {
        errno = rule->how;
    }
    return rule->how;
}

#define NEXT(fn) ((__typeof__(&fn))dlsym(RTLD_NEXT, #fn))
#define HALF(n)  (((n) + 1) / 2)

static enum call
who(const void *from)
{
    uintptr_t at = (uintptr_t)from;
    return at >= own_from && at < own_to ? MALLOC_OWN : MALLOC_LIB;
}

void *
malloc(size_t size)
{
    return meet(who(__builtin_return_address(0))) != 0 ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
    return meet(who(__builtin_return_address(0))) != 0 ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
    return meet(who(__builtin_return_address(0))) != 0 ? NULL : __libc_realloc(p, size);
}

ssize_t
read(int fd, void *bytes, size_t n)
{
    int how = meet(READ);
    return how > 0 ? -1 : NEXT(read)(fd, bytes, how == SHORT ? HALF(n) : n);
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
    int how = meet(WRITE);
    return how > 0 ? -1 : NEXT(write)(fd, bytes, how == SHORT ? HALF(n) : n);
}

ssize_t
recv(int fd, void *bytes, size_t n, int flags)
{
    int how = meet(RECV);
    return how > 0 ? -1 : NEXT(recv)(fd, bytes, how == SHORT ? HALF(n) : n, flags);
}

ssize_t
send(int fd, const void *bytes, size_t n, int flags)
{
    int how = meet(SEND);
    return how > 0 ? -1 : NEXT(send)(fd, bytes, how == SHORT ? HALF(n) : n, flags);
}

/* libevent's: short means the first part alone, halved. */
ssize_t
readv(int fd, const struct iovec *parts, int n)
{
    int how = meet(RECV);
    return how > 0        ? -1
           : how == SHORT ? NEXT(read)(fd, parts[0].iov_base, HALF(parts[0].iov_len))
                          : NEXT(readv)(fd, parts, n);
}

ssize_t
writev(int fd, const struct iovec *parts, int n)
{
    int how = meet(SEND);
    return how > 0        ? -1
           : how == SHORT ? NEXT(write)(fd, parts[0].iov_base, HALF(parts[0].iov_len))
                          : NEXT(writev)(fd, parts, n);
}

int
fsync(int fd)
{
    return meet(FSYNC) > 0 ? -1 : NEXT(fsync)(fd);
}

int
rename(const char *from, const char *to)
{
    return meet(RENAME) > 0 ? -1 : NEXT(rename)(from, to);
}

int
open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    int mode = va_arg(args, int);
    va_end(args);
    return report != NULL && meet(OPEN) > 0 ? -1 : NEXT(open)(path, flags, mode);
}

int
openat(int folder, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    int mode = va_arg(args, int);
    va_end(args);
    return meet(OPEN) > 0 ? -1 : NEXT(openat)(folder, path, flags, mode);
}

int
linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    return meet(LINK) > 0 ? -1 : NEXT(linkat)(from_folder, from, to_folder, to, flags);
}

int
symlink(const char *target, const char *path)
{
    return meet(SYMLINK) > 0 ? -1 : NEXT(symlink)(target, path);
}

int
mkdir(const char *path, mode_t mode)
{
    return meet(MKDIR) > 0 ? -1 : NEXT(mkdir)(path, mode);
}

/* It is closed all the same, as Linux does. */
int
close(int fd)
{
    bool fails = meet(CLOSE) > 0;
    int number = errno;
    int status = NEXT(close)(fd);
    errno = fails ? number : errno;
    return fails ? -1 : status;
}

int
unlink(const char *path)
{
    return meet(UNLINK) > 0 ? -1 : NEXT(unlink)(path);
}

int
unlinkat(int folder, const char *path, int flags)
{
    return meet(UNLINK) > 0 ? -1 : NEXT(unlinkat)(folder, path, flags);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
