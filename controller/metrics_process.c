/* process_*, as every client library of Prometheus names them. */
#include <stdlib.h>
#include <string.h>

#include "controller/metrics_families.h"

#define PROC_MAX  ((size_t)64 * 1024)
#define FILES_MAX 65536
#define TICKS     100.0 /* a second: USER_HZ, the same on every machine that we run on */

enum stat_field { STAT_STATE = 3, STAT_UTIME = 14, STAT_STIME = 15, STAT_START = 22 };

static const struct bnc_metric cpu = {"process_cpu_seconds_total", BNC_COUNTER,
                                      "User and system CPU time spent in seconds."};
static const struct bnc_metric resident = {"process_resident_memory_bytes", BNC_GAUGE,
                                           "Resident memory in bytes."};
static const struct bnc_metric virtual_bytes = {"process_virtual_memory_bytes", BNC_GAUGE,
                                                "Virtual memory in bytes."};
static const struct bnc_metric open_files = {"process_open_fds", BNC_GAUGE,
                                             "Open file descriptors."};
static const struct bnc_metric max_files = {"process_max_fds", BNC_GAUGE,
                                            "Most file descriptors that may be open."};
static const struct bnc_metric started = {
    "process_start_time_seconds", BNC_GAUGE,
    "When the process began, in seconds since 1970."};

/* NULL where there is no such file. */
static const char *
read_proc(struct bnc_world *world, const char *path, struct bnc_arena *arena)
{
    struct bnc_bytes text = {0};
    struct bnc_error err = {0};
    return bnc_file_read(world, path, PROC_MAX, arena, &text, &err) ? NULL : text.ptr;
}

/* A field of /proc/self/stat, counted from 1 as proc(5) does; those behind the name. */
static double
stat_field(const char *text, enum stat_field field)
{
    const char *at = text == NULL ? NULL : strrchr(text, ')');
    for (int i = STAT_STATE - 1; at != NULL && i < (int)field; i++) {
        at = strchr(at + 1, ' ');
    }
    return at == NULL ? 0 : strtod(at, NULL);
}

/* The first number behind `name`; -1: it is not there. */
static double
number_after(const char *text, const char *name)
{
    const char *at = text == NULL ? NULL : strstr(text, name);
    if (at == NULL) {
        return -1;
    }
    at += strlen(name);
    at += strspn(at, " \t:");
    return *at >= '0' && *at <= '9' ? strtod(at, NULL) : -1;
}

static void
add_known(struct bnc_str *out, const struct bnc_metric *metric, double value)
{
    if (value >= 0) {
        bnc_metric_one(out, metric, value);
    }
}

double
bnc_process_start(struct bnc_world *world)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *uptime = read_proc(world, "/proc/uptime", arena);
    const char *stat = read_proc(world, "/proc/self/stat", arena);
    if (uptime == NULL || stat == NULL) {
        return 0;
    }
    double age = strtod(uptime, NULL) - stat_field(stat, STAT_START) / TICKS;
    return (double)bnc_world_wall_ms(world) / 1000 - (age > 0 ? age : 0);
}

static double
count_files(struct bnc_world *world, struct bnc_arena *arena)
{
    const char **names = NULL;
    struct bnc_error err = {0};
    double n = -1; /* the one that reads the folder is none of ours */
    if (bnc_dir_list(world, "/proc/self/fd", FILES_MAX, arena, &names, &err)) {
        return -1;
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        n++;
    }
    return n;
}

void
bnc_metrics_process(struct bnc_str *out, struct bnc_world *world, double start)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *stat = read_proc(world, "/proc/self/stat", arena);
    if (stat == NULL) {
        return;
    }
    const char *status = read_proc(world, "/proc/self/status", arena);
    const char *limits = read_proc(world, "/proc/self/limits", arena);

    bnc_metric_one(out, &cpu,
                   (stat_field(stat, STAT_UTIME) + stat_field(stat, STAT_STIME)) / TICKS);
    add_known(out, &resident, number_after(status, "VmRSS") * 1024);
    add_known(out, &virtual_bytes, number_after(status, "VmSize") * 1024);
    add_known(out, &open_files, count_files(world, arena));
    add_known(out, &max_files, number_after(limits, "Max open files"));
    bnc_metric_one(out, &started, start);
}
