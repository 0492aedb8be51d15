#include "sync/marker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/jobs.h"

struct reading {
    struct bnc_job_scan *scan;
    char *out;
};

static void
on_job(void *arg, const struct bnc_job *job)
{
    struct reading *r = arg;
    size_t n = sizeof(BNC_MARKER_JOB) - 1;
    if (r->out[0] == '\0' && job->name.len > n && job->name.len < BNC_MARKER_MAX &&
        memcmp(job->name.ptr, BNC_MARKER_JOB, n) == 0) {
        memcpy(r->out, job->name.ptr, job->name.len);
        r->out[job->name.len] = '\0';
    }
}

static bool
on_piece(void *arg, const char *bytes, size_t n)
{
    const struct reading *r = arg;
    bnc_job_scan_feed(r->scan, bytes, n);
    return r->out[0] == '\0'; /* it is the first job */
}

void
bnc_marker_read(struct bnc_world *world, const char *path, char out[BNC_MARKER_MAX])
{
    struct reading r = {.out = out};
    struct bnc_error ignored = {0};
    out[0] = '\0';
    r.scan = bnc_job_scan_new(on_job, &r);
    if (bnc_file_scan(world, path, BNC_STORE_MAX_FILE, on_piece, &r, &ignored) ||
        bnc_job_scan_finish(r.scan, &ignored)) {
        ignored = (struct bnc_error){0}; /* what was found counts */
    }
    bnc_job_scan_free(r.scan);
}

void
bnc_marker_choose(const char *id, const char *on_disk, const char *proved,
                  char out[BNC_MARKER_MAX])
{
    unsigned number = 0;
    for (size_t i = 0; i < 8 && id[i] != '\0'; i++) {
        number = number * 31 + (unsigned char)id[i];
    }
    do {
        (void)snprintf(out, BNC_MARKER_MAX, BNC_MARKER_JOB "%02u",
                       number++ % BNC_MARKERS);
    } while (strcmp(out, on_disk) == 0 || strcmp(out, proved) == 0);
}
