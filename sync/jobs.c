#include "sync/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "sync/yaml_line.h"

#define HASH_SEED  0x6a6f62 /* any; the same for all */
#define NO_COLUMN  SIZE_MAX
#define NAME_BYTES ((size_t)4 * BNC_JOB_NAME_MAX) /* one character may be four bytes */

/* ---- in text --------------------------------------------------------------------- */

struct bnc_job_scan {
    struct bnc_yaml_lines lines;
    bnc_job_fn fn;
    void *arg;
    bool in_list; /* below scrape_configs:, or groups: */
    bool group;   /* the latter */
    bool in_item;
    bool in_rules;      /* of the current group, */
    size_t rule_indent; /* and where their dashes are */
    bool in_name;       /* the name is a literal block: the lines below are it */
    bool has_name;      /* of the current item */
    size_t item_indent; /* of the list's dashes */
    size_t key_column;  /* of the current item */
    struct bnc_str name;
    struct bnc_job job;
    uint64_t odd_line; /* where something is not as our writer does it; 0: nowhere */
    const char *odd;   /* and what */
};

static void
odd(struct bnc_job_scan *scan, uint64_t line, bool nameless)
{
    static const char *const texts[2][2] = {
        {"scrape jobs in an unknown form", "a scrape job without job_name"},
        {"rule groups in an unknown form", "a rule group without name"}};
    if (scan->odd_line == 0) {
        scan->odd_line = line;
        scan->odd = texts[scan->group][nameless];
    }
}

static void
end_item(struct bnc_job_scan *scan)
{
    if (scan->in_item && !scan->has_name) {
        odd(scan, scan->job.first, true);
    }
    if (scan->in_item && scan->has_name) {
        scan->job.name = (struct bnc_bytes){scan->name.ptr, scan->name.len};
        if (scan->job.name.len > BNC_JOB_NAME_MAX) {
            scan->job.name.len = BNC_JOB_NAME_MAX;
        }
        scan->fn(scan->arg, &scan->job);
    }
    scan->in_item = scan->has_name = scan->in_name = scan->in_rules = false;
}

static void
begin_list(struct bnc_job_scan *scan, const struct bnc_yaml_line *line)
{
    end_item(scan);
    scan->group = bnc_yaml_text_is(line->key, "groups");
    scan->in_list = scan->group || bnc_yaml_text_is(line->key, "scrape_configs");
    scan->item_indent = NO_COLUMN;
    if (scan->in_list && line->value.len > 0) {
        scan->in_list = false;
        if (!bnc_yaml_text_is(line->value, "[]") &&
            !bnc_yaml_text_is(line->value, "null")) {
            odd(scan, line->number, false);
        }
    }
}

static void
begin_item(struct bnc_job_scan *scan, const struct bnc_yaml_line *line)
{
    end_item(scan);
    scan->in_item = true;
    scan->item_indent = line->indent;
    scan->key_column = line->column;
    scan->rule_indent = NO_COLUMN;
    scan->job = (struct bnc_job){.group = scan->group, .first = line->number};
}

/* A key of the current item, or something below one. */
static void
in_group(struct bnc_job_scan *scan, const struct bnc_yaml_line *line)
{
    if (line->column == scan->key_column) {
        scan->in_rules = bnc_yaml_text_is(line->key, "rules");
    } else if (scan->in_rules && line->item) {
        scan->rule_indent =
            scan->rule_indent == NO_COLUMN ? line->indent : scan->rule_indent;
        scan->job.rules += line->indent == scan->rule_indent;
    }
}

static void
begin_name(struct bnc_job_scan *scan, const struct bnc_yaml_line *line)
{
    bnc_str_clear(&scan->name);
    bnc_str_add(&scan->name, "", 0); /* never NULL */
    scan->has_name = true;
    scan->in_name = bnc_yaml_is_block(line->value);
    if (!scan->in_name) {
        bnc_yaml_unquote(&scan->name, line->value);
    } else if (!bnc_yaml_text_is(line->value, "|-")) {
        odd(scan, line->number, false); /* a name that ends in a line break, or folds */
    }
}

/* A line of a name that is a literal block, "|-": the last line break is not its. */
static void
add_name(struct bnc_job_scan *scan, const struct bnc_yaml_line *line)
{
    struct bnc_bytes text = line->raw;
    size_t skip = scan->key_column + 2;

    while (text.len > 0 && text.ptr[text.len - 1] == '\n') {
        text.len--;
    }
    if (scan->name.len > 0) {
        bnc_str_putc(&scan->name, '\n');
    }
    if (text.len > skip) {
        bnc_str_add(&scan->name, text.ptr + skip, text.len - skip);
    }
}

static void
in_item(struct bnc_job_scan *scan, const struct bnc_yaml_line *line)
{
    if (scan->group) {
        in_group(scan, line);
    }
    if (line->column == scan->key_column &&
        bnc_yaml_text_is(line->key, scan->group ? "name" : "job_name")) {
        begin_name(scan, line);
    }
}

static void
on_line(void *arg, const struct bnc_yaml_line *line)
{
    struct bnc_job_scan *scan = arg;

    if (line->part == BNC_LINE_REST || line->empty) {
        return;
    }
    if (line->in_text) {
        scan->job.last = line->number;
        if (scan->in_name) {
            add_name(scan, line);
        }
        return;
    }
    scan->in_name = false;
    if (line->indent == 0 && !line->item) {
        begin_list(scan, line);
        return;
    }
    if (!scan->in_list) {
        return;
    }
    if (line->item &&
        (scan->item_indent == NO_COLUMN || line->indent <= scan->item_indent)) {
        begin_item(scan, line);
    }
    scan->job.last = line->number;
    if (scan->in_item) {
        in_item(scan, line);
    }
}

struct bnc_job_scan *
bnc_job_scan_new(bnc_job_fn fn, void *arg)
{
    struct bnc_job_scan *scan = bnc_alloc(sizeof(*scan));

    scan->fn = fn;
    scan->arg = arg;
    scan->name = bnc_str_new(NULL, BNC_YAML_LINE_MAX + NAME_BYTES);
    bnc_yaml_lines_init(&scan->lines, on_line, scan);
    return scan;
}

void
bnc_job_scan_free(struct bnc_job_scan *scan)
{
    if (scan != NULL) {
        bnc_yaml_lines_free(&scan->lines);
        bnc_str_free(&scan->name);
        free(scan);
    }
}

void
bnc_job_scan_feed(struct bnc_job_scan *scan, const char *bytes, size_t n)
{
    bnc_yaml_lines_feed(&scan->lines, bytes, n);
}

enum bnc_code
bnc_job_scan_finish(struct bnc_job_scan *scan, struct bnc_error *err)
{
    bnc_yaml_lines_finish(&scan->lines);
    end_item(scan);
    if (scan->odd_line != 0) {
        return bnc_fail(err, BNC_INVALID, "line %llu: %s",
                        (unsigned long long)scan->odd_line, scan->odd);
    }
    return BNC_OK;
}

void
bnc_job_at_line(void *arg, const struct bnc_job *job)
{
    struct bnc_job_at *at = arg;

    if (at->line >= job->first && at->line <= job->last) {
        at->found = true;
        at->first = job->first;
        memcpy(at->name, job->name.ptr, job->name.len);
        at->name[job->name.len] = '\0';
    }
}

/* ---- as a set -------------------------------------------------------------------- */

struct bnc_jobs {
    uint64_t *hashes; /* in order, each once, when `sorted` */
    size_t n;
    size_t room;
    bool sorted;
    bool too_many;
    struct bnc_jobs *groups; /* NULL: none so far */
};

uint64_t
bnc_job_hash(const char *name, size_t n)
{
    return bnc_hash64(name, n > BNC_JOB_NAME_MAX ? BNC_JOB_NAME_MAX : n, HASH_SEED);
}

uint64_t
bnc_group_hash(const char *name, size_t n, uint64_t rules)
{
    uint64_t hash = bnc_job_hash(name, n);
    return bnc_hash64(&rules, sizeof(rules), hash);
}

struct bnc_jobs *
bnc_jobs_new(void)
{
    return bnc_alloc(sizeof(struct bnc_jobs));
}

void
bnc_jobs_free(struct bnc_jobs *jobs)
{
    if (jobs != NULL) {
        bnc_jobs_free(jobs->groups);
        free(jobs->hashes);
        free(jobs);
    }
}

static int
compare(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

static void
sort(struct bnc_jobs *jobs)
{
    size_t kept = 0;

    if (jobs->sorted || jobs->n == 0) {
        return;
    }
    qsort(jobs->hashes, jobs->n, sizeof(*jobs->hashes), compare);
    for (size_t i = 0; i < jobs->n; i++) {
        if (i == 0 || jobs->hashes[i] != jobs->hashes[i - 1]) {
            jobs->hashes[kept++] = jobs->hashes[i];
        }
    }
    jobs->n = kept;
    jobs->sorted = true;
}

static void
add_hash(struct bnc_jobs *jobs, uint64_t hash)
{
    if (jobs->n == BNC_JOBS_MAX) {
        sort(jobs);
    }
    if (jobs->n == BNC_JOBS_MAX) {
        jobs->too_many = jobs->too_many || !bnc_jobs_has(jobs, hash);
        return;
    }
    if (jobs->n == jobs->room) {
        jobs->room = jobs->room == 0 ? 64 : 2 * jobs->room;
        jobs->hashes = bnc_realloc(jobs->hashes, jobs->room * sizeof(*jobs->hashes));
    }
    jobs->hashes[jobs->n++] = hash;
    jobs->sorted = false;
}

void
bnc_jobs_add(struct bnc_jobs *jobs, const char *name, size_t n)
{
    add_hash(jobs, bnc_job_hash(name, n));
}

struct bnc_jobs *
bnc_jobs_groups(struct bnc_jobs *jobs)
{
    if (jobs->groups == NULL) {
        jobs->groups = bnc_jobs_new();
    }
    return jobs->groups;
}

void
bnc_jobs_add_job(void *arg, const struct bnc_job *job)
{
    if (!job->group) {
        bnc_jobs_add(arg, job->name.ptr, job->name.len);
    } else if (job->rules > 0) { /* a server does not show one without */
        add_hash(bnc_jobs_groups(arg),
                 bnc_group_hash(job->name.ptr, job->name.len, job->rules));
    }
}

size_t
bnc_jobs_count(struct bnc_jobs *jobs)
{
    sort(jobs);
    return jobs->n;
}

/* The place of a hash; `n` when it is not there. */
static size_t
find(struct bnc_jobs *jobs, uint64_t hash)
{
    sort(jobs);
    const uint64_t *found = jobs->n == 0 ? NULL
                                         : bsearch(&hash, jobs->hashes, jobs->n,
                                                   sizeof(*jobs->hashes), compare);
    return found == NULL ? jobs->n : (size_t)(found - jobs->hashes);
}

bool
bnc_jobs_has(struct bnc_jobs *jobs, uint64_t hash)
{
    return find(jobs, hash) < jobs->n;
}

bool
bnc_jobs_equal(struct bnc_jobs *a, struct bnc_jobs *b)
{
    sort(a);
    sort(b);
    return a->n == b->n &&
           (a->n == 0 || memcmp(a->hashes, b->hashes, a->n * sizeof(*a->hashes)) == 0);
}

enum bnc_code
bnc_jobs_check(const struct bnc_jobs *jobs, struct bnc_error *err)
{
    if (jobs->groups != NULL && jobs->groups->too_many) {
        return bnc_fail(err, BNC_TOO_BIG, "more than %zu rule groups", BNC_JOBS_MAX);
    }
    return jobs->too_many
               ? bnc_fail(err, BNC_TOO_BIG, "more than %zu scrape jobs", BNC_JOBS_MAX)
               : BNC_OK;
}

/* ---- compared -------------------------------------------------------------------- */

struct bnc_jobs_match {
    struct bnc_jobs *jobs;
    unsigned char *seen; /* a bit for each */
    size_t n_seen;
    size_t surplus;
};

struct bnc_jobs_match *
bnc_jobs_match_new(struct bnc_jobs *jobs)
{
    struct bnc_jobs_match *match = bnc_alloc(sizeof(*match));

    match->jobs = jobs;
    match->seen = bnc_alloc(bnc_jobs_count(jobs) / 8 + 1);
    return match;
}

void
bnc_jobs_match_free(struct bnc_jobs_match *match)
{
    if (match != NULL) {
        free(match->seen);
        free(match);
    }
}

static bool
was_seen(const struct bnc_jobs_match *match, size_t i)
{
    return (match->seen[i / 8] >> (i % 8) & 1) != 0;
}

static void
see_hash(struct bnc_jobs_match *match, uint64_t hash)
{
    size_t i = find(match->jobs, hash);

    if (i == match->jobs->n) {
        match->surplus++;
    } else if (!was_seen(match, i)) {
        match->seen[i / 8] = (unsigned char)(match->seen[i / 8] | 1U << (i % 8));
        match->n_seen++;
    }
}

void
bnc_jobs_match_see(struct bnc_jobs_match *match, const char *name, size_t n)
{
    see_hash(match, bnc_job_hash(name, n));
}

void
bnc_jobs_match_group(struct bnc_jobs_match *match, const char *name, size_t n,
                     uint64_t rules)
{
    see_hash(match, bnc_group_hash(name, n, rules));
}

void
bnc_jobs_match_end(const struct bnc_jobs_match *match, struct bnc_jobs_diff *out)
{
    *out = (struct bnc_jobs_diff){.missing = match->jobs->n - match->n_seen,
                                  .surplus = match->surplus};

    for (size_t i = 0; i < match->jobs->n && out->n_named < out->missing; i++) {
        if (out->n_named == BNC_JOBS_NAMED_MAX) {
            break;
        }
        if (!was_seen(match, i)) {
            out->named[out->n_named++] = match->jobs->hashes[i];
        }
    }
}
