/*
 * Any bytes as a document with jobs, as an answer with scrape pools and as a refusal:
 * no crash, what comes whole and in pieces is the same, jobs lie one behind the other.
 */
#include <stdlib.h>
#include <string.h>

#include "sync/blame.h"
#include "sync/jobs.h"
#include "sync/server_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct seen {
    struct bnc_jobs *jobs;
    uint64_t last;
    size_t n;
};

static void
require(bool cond)
{
    if (!cond) {
        abort();
    }
}

static void
on_job(void *arg, const struct bnc_job *job)
{
    struct seen *seen = arg;
    require(job->first > seen->last && job->last >= job->first);
    require(job->name.ptr != NULL && job->name.len <= BNC_JOB_NAME_MAX);
    seen->last = job->last;
    seen->n++;
    bnc_jobs_add_job(seen->jobs, job);
}

static void
on_pool(void *arg, const char *name, size_t n)
{
    struct seen *seen = arg;
    require(name != NULL);
    seen->n++;
    bnc_jobs_add(seen->jobs, name, n);
}

static void
scan_jobs(const char *bytes, size_t n, size_t piece, struct seen *seen)
{
    BNC_AUTO(bnc_job_scan) scan = bnc_job_scan_new(on_job, seen);
    struct bnc_error err = {0};

    for (size_t i = 0; i < n; i += piece) {
        bnc_job_scan_feed(scan, bytes + i, n - i < piece ? n - i : piece);
    }
    require(bnc_job_scan_finish(scan, &err) == BNC_OK || err.message[0] != '\0');
}

static void
scan_pools(const char *bytes, size_t n, size_t piece, struct seen *seen)
{
    struct bnc_pools_scan scan;

    bnc_pools_scan_init(&scan, on_pool, seen);
    for (size_t i = 0; i < n; i += piece) {
        bnc_pools_scan_feed(&scan, bytes + i, n - i < piece ? n - i : piece);
    }
    bnc_pools_scan_free(&scan);
}

static void
compare(void (*fn)(const char *, size_t, size_t, struct seen *), const char *bytes,
        size_t n)
{
    struct seen whole = {.jobs = bnc_jobs_new()};
    struct seen pieces = {.jobs = bnc_jobs_new()};

    fn(bytes, n, n + 1, &whole);
    fn(bytes, n, 1 + n % 5, &pieces);
    require(whole.n == pieces.n && whole.last == pieces.last);
    require(bnc_jobs_equal(whole.jobs, pieces.jobs));
    bnc_jobs_free(whole.jobs);
    bnc_jobs_free(pieces.jobs);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1);
    struct bnc_blame blame;

    memcpy(text, data, n);
    text[n] = '\0';
    compare(scan_jobs, text, n);
    compare(scan_pools, text, n);
    bnc_blame_read(text, &blame);
    require(blame.n_lines <= BNC_BLAME_LINES_MAX);
    require((blame.kind == BNC_BLAME_JOB) == (blame.job[0] != '\0'));
    require((blame.kind == BNC_BLAME_LINES) == (blame.n_lines > 0));
    free(text);
    return 0;
}
