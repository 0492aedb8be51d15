/*
 * Which job a refusal of Prometheus is about, as far as its words tell; pure.
 *
 * What 2.53.3 and 3.16.0 say (tests/unit/test_blame.c has the messages):
 * - a line: a key that is unknown or there twice, a value of the wrong YAML type, in
 *   all jobs at once.  These come only when nothing of the next kind is wrong;
 * - nothing: a bad duration, size, regular expression, relabel action, label name,
 *   role, proxy URL, target, two kinds of authentication, an empty name.  Reading ends
 *   at the first of these;
 * - the name of the job: a timeout over its interval, scrape protocols, a name that is
 *   there twice.  Checked in order, once all of the document could be read;
 * - nothing at all: what fails while applying, as wrong files of scrape_config_files do.
 *   Put their jobs into the main document, and it is one of the above.
 *
 * Where there is no hint, halves are tried with a document that can never load: some of
 * the jobs, then bnc_blame_probe_text.
 */
#ifndef BNC_SYNC_BLAME_H
#define BNC_SYNC_BLAME_H

#include "sync/jobs.h"

#define BNC_BLAME_LINES_MAX 32
#define BNC_BLAME_FILE_MAX  256

enum bnc_blame_kind {
    BNC_BLAME_NONE,     /* no hint: try halves */
    BNC_BLAME_LINES,    /* `lines` of `file` */
    BNC_BLAME_JOB,      /* `job` */
    BNC_BLAME_HEAD,     /* no job is to blame: global, remote_write, ... */
    BNC_BLAME_APPLYING, /* no hint, and it was read well: another file is wrong */
};

/*
 * A hint, not a verdict: text of the configuration may be repeated in a refusal.  Leave
 * out what is blamed, and see whether the refusal goes.
 */
struct bnc_blame {
    enum bnc_blame_kind kind;
    bool duplicate;                /* `job` is there twice: leave out the second one */
    char file[BNC_BLAME_FILE_MAX]; /* below a folder "current", else its last part */
    uint64_t lines[BNC_BLAME_LINES_MAX];
    size_t n_lines;
    char job[BNC_JOB_NAME_MAX + 1];
};

/* `message` as in struct bnc_reload. */
void bnc_blame_read(const char *message, struct bnc_blame *out);

/*
 * Two jobs of one name: added behind the last item of a block list `scrape_configs:` at
 * the end of a document, they keep it from ever being loaded.  That is found last, and
 * in order: a refusal that is only about it says that all jobs before it are good.
 */
extern const char bnc_blame_probe_text[];

enum bnc_probe_verdict { BNC_PROBE_GOOD_HALF, BNC_PROBE_BAD_HALF };
enum bnc_probe_verdict bnc_blame_probe_verdict(const char *message);

#endif
