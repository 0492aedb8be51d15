#include "sync/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "sync/search_rules.h"

#define FILES_MAX  4096
#define PUBLIC     0644
#define JOBS_LINE  "scrape_configs:"
#define JOBS_START (sizeof(JOBS_LINE) - 1)

/* Where the text of a job is. */
struct place {
    size_t file;
    uint64_t first; /* lines */
    uint64_t last;
};

struct bnc_search {
    struct bnc_search_ask ask;
    bnc_search_fn fn;
    void *arg;
    struct bnc_arena *arena;
    struct bnc_timer *timer; /* the next probe */
    const char **files;      /* the main one first */
    size_t n_files;
    struct place *jobs;
    size_t n_jobs;
    size_t room;
    struct bnc_blame hint;
    const char *good;               /* generation to go back to */
    const char *base;               /* path of its main file */
    struct bnc_rules_search *rules; /* NULL: not begun */
    bool swapped;
    unsigned probes;
    enum { SEARCH_HEAD, SEARCH_ALL, SEARCH_HALVES, SEARCH_ONE } stage;
    size_t low; /* the culprit is one of [low, high) */
    size_t high;
    size_t upto; /* the probe has [low, upto) */
    char job[BNC_JOB_NAME_MAX + 1];
    char message[BNC_SERVER_TEXT_MAX];
};

/* ---- the end ------------------------------------------------------------------- */

static bool
restore(struct bnc_search *s)
{
    struct bnc_error err = {0};
    if (s->swapped && bnc_store_rollback(s->ask.store, s->good, &err)) {
        BNC_LOG(BNC_LEVEL_ERROR, "the last good generation cannot be put back",
                BNC_KV("error", err.message));
        return false;
    }
    s->swapped = false;
    return true;
}

void
bnc_search_free(struct bnc_search *s)
{
    if (s == NULL) {
        return;
    }
    bnc_rules_search_free(s->rules);
    bnc_timer_free(s->timer);
    bnc_server_cancel(s->ask.server);
    (void)restore(s);
    bnc_arena_free(s->arena);
    free(s->jobs);
    free(s);
}

static void
tell(struct bnc_search *s, struct bnc_search_result result)
{
    const char *job = result.job;
    result.message = s->message;
    result.restored = restore(s);
    BNC_LOG(BNC_LEVEL_INFO, "searched for what is refused",
            BNC_KV("job", job == NULL ? "" : job),
            BNC_KV("jobs", bnc_log_num((int64_t)s->n_jobs)),
            BNC_KV("probes", bnc_log_num((int64_t)s->probes)));
    s->fn(s->arg, &result);
}

static void
finish(struct bnc_search *s, const char *job, bool head)
{
    tell(s, (struct bnc_search_result){.job = job, .head = head});
}

static const char *
path_of(struct bnc_search *s, const char *name)
{
    return bnc_arena_fmt(s->arena, "%s/%s", s->ask.folder, name);
}

/* ---- rule groups --------------------------------------------------------------- */

static void
on_rules(void *arg, const struct bnc_rules_search_result *result)
{
    struct bnc_search *s = arg;
    s->probes += result->probes;
    if (result->group != NULL) {
        (void)snprintf(s->message, sizeof(s->message), "%s", result->message);
    }
    tell(s, (struct bnc_search_result){.job = result->group,
                                       .group = result->group != NULL});
}

/* No job is to blame. */
static void
try_rules(struct bnc_search *s)
{
    const struct bnc_rules_search_ask ask = {
        .world = s->ask.world,
        .server = s->ask.server,
        .store = s->ask.store,
        .folder = s->ask.folder,
        .files = s->files,
        .n_files = s->n_files,
        .config = s->ask.config,
        .base = s->base,
        .good = !bnc_str_eq(s->base, path_of(s, s->ask.config)),
        .probes_max = BNC_SEARCH_PROBES_MAX};

    s->swapped = true;
    s->rules = s->base == NULL ? NULL : bnc_rules_search_start(&ask, on_rules, s);
    if (s->rules == NULL) {
        finish(s, NULL, false);
    }
}

/* ---- reading the refused generation ---------------------------------------------- */

struct indexing {
    struct bnc_search *search;
    struct bnc_job_scan *scan;
    size_t file;
};

static void
on_job(void *arg, const struct bnc_job *job)
{
    struct indexing *at = arg;
    struct bnc_search *s = at->search;
    if (job->group) {
        return;
    }
    if (s->n_jobs == s->room) {
        size_t room = s->room == 0 ? 256 : s->room * 2;
        struct place *jobs = bnc_alloc(room * sizeof(*jobs));
        if (s->n_jobs > 0) {
            memcpy(jobs, s->jobs, s->n_jobs * sizeof(*jobs));
        }
        free(s->jobs);
        s->jobs = jobs;
        s->room = room;
    }
    s->jobs[s->n_jobs++] = (struct place){at->file, job->first, job->last};
}

static bool
feed_scan(void *arg, const char *bytes, size_t n)
{
    bnc_job_scan_feed(arg, bytes, n);
    return true;
}

static bool
scan_file(struct bnc_search *s, const char *path, bnc_job_fn fn, void *arg)
{
    struct bnc_error err = {0};
    BNC_AUTO(bnc_job_scan) scan = bnc_job_scan_new(fn, arg);
    return bnc_file_scan(s->ask.world, path, BNC_STORE_MAX_FILE, feed_scan, scan, &err) ==
               BNC_OK &&
           bnc_job_scan_finish(scan, &err) == BNC_OK;
}

static bool
index_jobs(struct bnc_search *s)
{
    for (size_t i = 0; i < s->n_files; i++) {
        struct indexing at = {.search = s, .file = i};
        if (!scan_file(s, path_of(s, s->files[i]), on_job, &at)) {
            return false;
        }
    }
    return true;
}

/* Find the name of the job that has this line. */
static bool
name_job(struct bnc_search *s, const char *path, uint64_t line)
{
    struct bnc_job_at *at = bnc_arena_alloc(s->arena, sizeof(*at));
    at->line = line;
    if (!scan_file(s, path, bnc_job_at_line, at) || !at->found) {
        return false;
    }
    memcpy(s->job, at->name, sizeof(s->job));
    return true;
}

/* ---- a probe's document ---------------------------------------------------------- */

/* Copies some lines of a text that streams by. */
struct copying {
    struct bnc_store_file *to;
    struct bnc_error *err;
    uint64_t line;
    uint64_t first; /* lines to be copied; 0: all before the jobs */
    uint64_t last;
    char start[JOBS_START]; /* of the line, while it may be that of the jobs */
    size_t n_start;
    bool decided; /* whether this line is copied */
    bool copied;
    bool done;
};

static bool
put(struct copying *c, const char *bytes, size_t n)
{
    return bnc_store_add(c->to, bytes, n, c->err) == BNC_OK;
}

/* One piece of one line. */
static bool
copy_piece(struct copying *c, const char *bytes, size_t n, bool ends)
{
    if (c->first > 0) {
        return c->line < c->first || put(c, bytes, n);
    }
    while (!c->decided && n > 0 && c->n_start < JOBS_START) {
        c->start[c->n_start++] = *bytes++;
        n--;
    }
    if (!c->decided && (c->n_start == JOBS_START || ends)) {
        c->decided = true;
        if (c->n_start == JOBS_START && memcmp(c->start, JOBS_LINE, JOBS_START) == 0) {
            c->done = true;
            return true;
        }
        if (!put(c, c->start, c->n_start)) {
            return false;
        }
    }
    return !c->decided || put(c, bytes, n);
}

static bool
copy_lines(void *arg, const char *bytes, size_t n)
{
    struct copying *c = arg;
    while (n > 0 && !c->done) {
        const char *newline = memchr(bytes, '\n', n);
        size_t length = newline == NULL ? n : (size_t)(newline - bytes) + 1;
        if (!copy_piece(c, bytes, length, newline != NULL)) {
            return false;
        }
        bytes += length;
        n -= length;
        if (newline != NULL) {
            c->line++;
            c->n_start = 0;
            c->decided = false;
            c->done = c->done || (c->last > 0 && c->line > c->last);
        }
    }
    return !c->done;
}

static enum bnc_code
copy(struct bnc_search *s, const char *name, struct copying *c, struct bnc_error *err)
{
    struct bnc_error ignored = {0};
    c->line = 1;
    c->err = err;
    enum bnc_code code = bnc_file_scan(s->ask.world, path_of(s, name), BNC_STORE_MAX_FILE,
                                       copy_lines, c, &ignored);
    if (err->code == BNC_OK && code != BNC_OK) {
        *err = ignored;
    }
    return err->code;
}

/* The head, the jobs from `low` to `high`, and what keeps it from being loaded. */
static enum bnc_code
write_probe(struct bnc_search *s, struct bnc_store_file *to, size_t high,
            struct bnc_error *err)
{
    struct copying head = {.to = to};
    if (copy(s, s->ask.config, &head, err) ||
        bnc_store_add(to, JOBS_LINE "\n", JOBS_START + 1, err)) {
        return err->code;
    }
    for (size_t i = s->low; i < high;) {
        size_t end = i + 1;
        while (end < high && s->jobs[end].file == s->jobs[i].file) {
            end++;
        }
        struct copying jobs = {
            .to = to, .first = s->jobs[i].first, .last = s->jobs[end - 1].last};
        if (copy(s, s->files[s->jobs[i].file], &jobs, err)) {
            return err->code;
        }
        i = end;
    }
    return bnc_store_add(to, bnc_blame_probe_text, strlen(bnc_blame_probe_text), err);
}

static enum bnc_code
swap_probe(struct bnc_search *s, size_t high, struct bnc_error *err)
{
    char id[20];
    struct bnc_store_file *file = NULL;
    (void)snprintf(id, sizeof(id), "%016llx",
                   (unsigned long long)bnc_world_random(s->ask.world));
    if (bnc_store_begin(s->ask.store, id, err) ||
        bnc_store_file(s->ask.store, s->ask.config, PUBLIC, &file, err)) {
        return err->code;
    }
    if (write_probe(s, file, high, err)) {
        bnc_store_drop(file);
        bnc_store_cancel(s->ask.store);
        return err->code;
    }
    s->swapped = true;
    return bnc_store_end(file, NULL, NULL, err) ? err->code
                                                : bnc_store_commit(s->ask.store, err);
}

/* ---- halves -------------------------------------------------------------------- */

static void on_probe(void *arg, const struct bnc_reload *reload);

static void
probe(struct bnc_search *s, size_t high)
{
    struct bnc_error err = {0};
    s->upto = high;
    if (++s->probes > BNC_SEARCH_PROBES_MAX || swap_probe(s, high, &err)) {
        BNC_LOG(BNC_LEVEL_WARN, "the search for the culprit ends",
                BNC_KV("error", err.message));
        finish(s, NULL, false);
        return;
    }
    bnc_server_reload(s->ask.server, on_probe, s);
}

static void
halve(struct bnc_search *s)
{
    if (s->high - s->low > 1) {
        s->stage = SEARCH_HALVES;
        probe(s, s->low + (s->high - s->low) / 2);
    } else {
        s->stage = SEARCH_ONE;
        probe(s, s->high);
    }
}

/* The probe, in which a line was blamed; NULL: it is gone. */
static const char *
path_of_probe(struct bnc_search *s)
{
    return bnc_store_path(s->ask.store, s->ask.config, s->arena);
}

/* All jobs at once: the words may do already. */
static void
judge_all(struct bnc_search *s, bool bad)
{
    struct bnc_blame blame;
    if (!bad) {
        s->message[0] = '\0';
        try_rules(s);
        return;
    }
    bnc_blame_read(s->message, &blame);
    if (blame.kind == BNC_BLAME_JOB) {
        finish(s, blame.job, false);
        return;
    }
    const char *path = path_of_probe(s);
    if (blame.kind == BNC_BLAME_LINES && path != NULL &&
        name_job(s, path, blame.lines[0])) {
        finish(s, s->job, false);
        return;
    }
    halve(s);
}

static void
judge(struct bnc_search *s, bool bad)
{
    switch (s->stage) {
    case SEARCH_HEAD:
        if (bad) {
            finish(s, NULL, true);
        } else if (s->n_jobs == 0) {
            try_rules(s);
        } else {
            s->high = s->n_jobs;
            s->stage = SEARCH_ALL;
            probe(s, s->high);
        }
        return;
    case SEARCH_ALL:
        judge_all(s, bad);
        return;
    case SEARCH_HALVES:
        if (bad) {
            s->high = s->upto;
        } else {
            s->low = s->upto;
        }
        halve(s);
        return;
    case SEARCH_ONE: {
        const struct place *at = &s->jobs[s->low];
        bool named = bad && name_job(s, path_of(s, s->files[at->file]), at->first);
        finish(s, named ? s->job : NULL, false);
        return;
    }
    }
}

static void
on_probe(void *arg, const struct bnc_reload *reload)
{
    struct bnc_search *s = arg;
    if (reload->verdict != BNC_RELOAD_REFUSED) {
        BNC_LOG(BNC_LEVEL_WARN, "the search for the culprit ends",
                BNC_KV("answer", reload->message));
        finish(s, NULL, false);
        return;
    }
    bool bad = bnc_blame_probe_verdict(reload->message) == BNC_PROBE_BAD_HALF;
    if (bad) {
        (void)snprintf(s->message, sizeof(s->message), "%s", reload->message);
    }
    judge(s, bad);
}

/* ---- start --------------------------------------------------------------------- */

static void
begin(void *arg)
{
    struct bnc_search *s = arg;
    if (s->hint.kind == BNC_BLAME_JOB) {
        finish(s, s->hint.job, false);
    } else if (s->hint.kind == BNC_BLAME_HEAD) {
        finish(s, NULL, true);
    } else if (s->hint.kind == BNC_BLAME_LINES &&
               name_job(s, path_of(s, s->hint.file), s->hint.lines[0])) {
        finish(s, s->job, false);
    } else if (s->good == NULL || !index_jobs(s)) {
        finish(s, NULL, false);
    } else {
        s->stage = SEARCH_HEAD;
        probe(s, 0);
    }
}

struct bnc_search *
bnc_search_start(const struct bnc_search_ask *ask, bnc_search_fn fn, void *arg)
{
    struct bnc_search *s = bnc_alloc(sizeof(*s));
    const char *good = bnc_store_current(ask->store);

    *s = (struct bnc_search){.ask = *ask, .fn = fn, .arg = arg, .arena = bnc_arena_new()};
    s->ask.folder = bnc_arena_strdup(s->arena, ask->folder);
    s->ask.config = bnc_arena_strdup(s->arena, ask->config);
    s->good = good == NULL ? NULL : bnc_arena_strdup(s->arena, good);
    s->base = bnc_store_path(ask->store, ask->config, s->arena);
    (void)snprintf(s->message, sizeof(s->message), "%s", ask->message);
    bnc_blame_read(ask->message, &s->hint);
    size_t n = 0;
    while (ask->files[n] != NULL && n < FILES_MAX) {
        n++;
    }
    s->files = bnc_arena_array(s->arena, n + 1, sizeof(*s->files));
    s->files[s->n_files++] = s->ask.config;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(ask->files[i], ask->config) != 0) {
            s->files[s->n_files++] = bnc_arena_strdup(s->arena, ask->files[i]);
        }
    }
    s->timer = bnc_timer_new(ask->world, begin, s);
    bnc_timer_set(s->timer, 0);
    return s;
}
