#include "tests/sim/run/jobs.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPORT_MAX ((size_t)4 * 1024 * 1024)

/* ---- lives side by side --------------------------------------------------------- */

/* What the processes share. */
struct shared {
    _Atomic uint64_t next;
    _Atomic uint64_t failed;
    _Atomic uint64_t now[JOBS_MAX]; /* the seed that each is at */
};

static bool
run_one(const struct life_options *options, uint64_t seed)
{
    struct bnc_str report = bnc_str_new(NULL, REPORT_MAX);
    bool good = options->run(options, seed, &report);
    if (!good) {
        (void)printf("seed %llu: %s", (unsigned long long)seed, report.ptr);
        (void)printf("again: binnacle-sim --seed %llu --steps %u --verbose; "
                     "shorter: --shrink\n",
                     (unsigned long long)seed, options->steps);
        (void)fflush(stdout);
    }
    bnc_str_free(&report);
    return good;
}

static void
work(const struct life_options *options, struct shared *shared, unsigned slot,
     uint64_t end)
{
    uint64_t seed;
    while ((seed = atomic_fetch_add(&shared->next, 1)) < end) {
        atomic_store(&shared->now[slot], seed);
        if (!run_one(options, seed)) {
            (void)atomic_fetch_add(&shared->failed, 1);
        }
    }
}

static pid_t
start(const struct life_options *options, struct shared *shared, unsigned slot,
      uint64_t end)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        work(options, shared, slot, end);
        exit(0);
    }
    if (pid < 0) {
        perror("binnacle-sim: fork");
        exit(2);
    }
    return pid;
}

uint64_t
jobs_run(const struct life_options *options, uint64_t first, uint64_t seeds,
         unsigned jobs)
{
    pid_t pids[JOBS_MAX];
    struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("binnacle-sim: mmap");
        exit(2);
    }
    atomic_store(&shared->next, first);
    if (jobs <= 1) {
        work(options, shared, 0, first + seeds);
        jobs = 0;
    }
    for (unsigned i = 0; i < jobs; i++) {
        pids[i] = start(options, shared, i, first + seeds);
    }
    for (unsigned i = 0; i < jobs;) {
        int status = 0;
        (void)waitpid(pids[i], &status, 0);
        if (status == 0) {
            i++;
            continue;
        }
        (void)printf("seed %llu: the process ended with status %d\n",
                     (unsigned long long)atomic_load(&shared->now[i]), status);
        (void)atomic_fetch_add(&shared->failed, 1);
        pids[i] = start(options, shared, i, first + seeds);
    }
    uint64_t failed = atomic_load(&shared->failed);
    (void)munmap(shared, sizeof(*shared));
    return failed;
}

/* ---- a shorter story ------------------------------------------------------------------
 */

/* The property that fails, or how the process ends; "": nothing fails. */
static void
try_it(const struct life_options *options, uint64_t seed, char out[128])
{
    int fds[2];
    int status = 0;
    memset(out, 0, 128);
    if (pipe(fds) != 0) {
        exit(2);
    }
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct bnc_str report = bnc_str_new(NULL, REPORT_MAX);
        bool good = options->run(options, seed, &report);
        size_t n = good ? 0 : strcspn(report.ptr, ":");
        _exit(write(fds[1], report.ptr == NULL ? "" : report.ptr, n < 120 ? n : 120) < 0);
    }
    (void)close(fds[1]);
    (void)!read(fds[0], out, 127);
    (void)close(fds[0]);
    (void)waitpid(pid, &status, 0);
    if (status != 0) {
        (void)snprintf(out, 128, "the process ended with status %d", status);
    }
}

bool
jobs_shrink(const struct life_options *options, uint64_t seed)
{
    bool *skip = calloc(LIFE_STEPS_MAX, sizeof(*skip));
    bool *without = calloc(LIFE_STEPS_MAX, sizeof(*without));
    struct life_options shorter = *options;
    char property[128];
    char other[128];
    unsigned runs = 0;

    if (skip == NULL || without == NULL) {
        exit(2);
    }
    try_it(options, seed, property);
    shorter.skip = without;
    for (unsigned size = options->steps; property[0] != '\0' && size > 0; size /= 2) {
        for (unsigned at = 0; at < options->steps; at += size) {
            memcpy(without, skip, LIFE_STEPS_MAX * sizeof(*skip));
            for (unsigned i = at; i < at + size && i < options->steps; i++) {
                without[i] = true;
            }
            if (memcmp(without, skip, LIFE_STEPS_MAX * sizeof(*skip)) == 0) {
                continue;
            }
            try_it(&shorter, seed, other);
            runs++;
            if (strcmp(property, other) == 0) {
                memcpy(skip, without, LIFE_STEPS_MAX * sizeof(*skip));
            }
        }
    }
    shorter.skip = skip;
    (void)printf("%u runs to make it short\n", runs);
    bool good = run_one(&shorter, seed);
    free(skip);
    free(without);
    return good;
}
