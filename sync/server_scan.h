/*
 * What is looked for in answers of Prometheus that are too big to be held: a text in
 * its configuration, the names of its scrape pools, its rule groups.
 */
#ifndef BNC_SYNC_SERVER_SCAN_H
#define BNC_SYNC_SERVER_SCAN_H

#include "sync/fetch_scan.h"
#include "sync/jobs.h"

#define BNC_FIND_MAX 128 /* bytes of a text that is looked for */

/* A text in bytes that come in pieces (Knuth, Morris, Pratt). */
struct bnc_find {
    char text[BNC_FIND_MAX];
    unsigned char back[BNC_FIND_MAX]; /* where to go on after a mismatch */
    size_t n;
    size_t at;
    bool found;
};

/* False when `text` is empty or too long. */
bool bnc_find_init(struct bnc_find *find, const char *text);
/* Gives the bytes that were used: all, unless it is found; their end is its end. */
size_t bnc_find_feed(struct bnc_find *find, const char *bytes, size_t n);

/*
 * A file name in the answer of /api/v1/status/config, which is one JSON string: found
 * only as the last part of a path.
 */
struct bnc_marker_scan {
    struct bnc_find find; /* with the '/' before it */
    bool found;
};

bool bnc_marker_scan_init(struct bnc_marker_scan *scan, const char *marker);
void bnc_marker_scan_feed(struct bnc_marker_scan *scan, const char *bytes, size_t n);

enum bnc_pools_step {
    BNC_POOLS_SEEK,   /* before the list */
    BNC_POOLS_OPEN,   /* at its '[' */
    BNC_POOLS_LIST,   /* between names */
    BNC_POOLS_NAME,   /* inside one */
    BNC_POOLS_ESCAPE, /* behind a backslash */
    BNC_POOLS_HEX,    /* in the digits of \uXXXX */
    BNC_POOLS_DONE,
    BNC_POOLS_BAD /* no such answer */
};

/* The names in the answer of /api/v1/scrape_pools, each decoded and told. */
struct bnc_pools_scan {
    enum bnc_pools_step step;
    struct bnc_find find;
    void (*fn)(void *arg, const char *name, size_t n);
    void *arg;
    struct bnc_str name;
    unsigned digits;
    uint32_t code;
    uint32_t high; /* the first half of a surrogate pair; 0: none */
};

/* Owns: the caller; release with bnc_pools_scan_free(). */
void bnc_pools_scan_init(struct bnc_pools_scan *scan,
                         void (*fn)(void *arg, const char *name, size_t n), void *arg);
void bnc_pools_scan_free(struct bnc_pools_scan *scan);
void bnc_pools_scan_feed(struct bnc_pools_scan *scan, const char *bytes, size_t n);

/* The groups in the answer of /api/v1/rules, each told with how many rules it has. */
struct bnc_rules_scan {
    void (*fn)(void *arg, const char *name, size_t n, uint64_t rules);
    void *arg;
    struct bnc_scan *json;
    struct bnc_str name; /* of the group that is read */
    bool in_group;
    bool in_text;
    uint64_t rules; /* of it, so far */
    struct bnc_error err;
};

/* Owns: the caller; release with bnc_rules_scan_free(). */
void
bnc_rules_scan_init(struct bnc_rules_scan *scan,
                    void (*fn)(void *arg, const char *name, size_t n, uint64_t rules),
                    void *arg);
void bnc_rules_scan_free(struct bnc_rules_scan *scan);
void bnc_rules_scan_feed(struct bnc_rules_scan *scan, const char *bytes, size_t n);
/* The last group is told.  Errors: INVALID when it is no JSON, or not all of it. */
enum bnc_code
bnc_rules_scan_end(struct bnc_rules_scan *scan, struct bnc_error *err) BNC_MUST_CHECK;

#endif
