/*
 * Prometheus' configuration as tables: every key, since when it exists and what
 * it holds, 2.42 to 3.16.  Writers gate by it, checks read foreign text with it.
 */
#ifndef BNC_MODEL_PROM_SCHEMA_H
#define BNC_MODEL_PROM_SCHEMA_H

#include "lib/units.h"

/* A release as one number: patch releases bring no keys. */
#define BNC_PROM_V(major, minor) ((major)*1000 + (minor))

enum bnc_prom_block {
    BNC_PROM_NONE,
    BNC_PROM_TOP,
    BNC_PROM_GLOBAL,
    BNC_PROM_JOB,
    BNC_PROM_HTTP,
    BNC_PROM_BASIC_AUTH,
    BNC_PROM_AUTHORIZATION,
    BNC_PROM_OAUTH2,
    BNC_PROM_TLS,
    BNC_PROM_RELABEL,
    BNC_PROM_KUBERNETES_SD,
    BNC_PROM_NAMESPACES,
    BNC_PROM_SELECTOR,
    BNC_PROM_ATTACH_METADATA,
    BNC_PROM_STATIC_SD,
    BNC_PROM_FILE_SD,
    BNC_PROM_HTTP_SD,
    BNC_PROM_RUNTIME,
    BNC_PROM_STORAGE,
    BNC_PROM_TSDB,
    BNC_PROM_RETENTION,
    BNC_PROM_CHUNK_ENCODING,
    BNC_PROM_EXEMPLARS,
    BNC_PROM_ALERTING,
    BNC_PROM_ALERTMANAGER,
    BNC_PROM_REMOTE_WRITE,
    BNC_PROM_REMOTE_READ,
    BNC_PROM_QUEUE,
    BNC_PROM_METADATA,
    BNC_PROM_SIGV4,
    BNC_PROM_AZUREAD,
    BNC_PROM_GOOGLE_IAM,
    BNC_PROM_OTLP,
    BNC_PROM_TRACING,
    BNC_PROM_BLOCK_COUNT
};

enum bnc_prom_type {
    BNC_PROM_TEXT,
    BNC_PROM_BOOL,
    BNC_PROM_INT, /* not negative */
    BNC_PROM_NUMBER,
    BNC_PROM_DURATION,
    BNC_PROM_SIZE,
    BNC_PROM_TEXTS,
    BNC_PROM_TEXT_MAP,
    BNC_PROM_MULTIMAP,
    BNC_PROM_ANY,
    BNC_PROM_SECRET, /* a credential in clear */
    BNC_PROM_OBJECT, /* of block `sub` */
    BNC_PROM_LIST    /* of objects of block `sub` */
};

struct bnc_prom_key {
    const char *name;
    enum bnc_prom_type type;
    enum bnc_prom_block sub;
    int since; /* 0: in 2.6 and before */
    int until; /* the first release without it; 0: none yet */
};

/* Units: see BNC_PROM_V(). */
int bnc_prom_release(const struct bnc_version *version);

/* A block's keys in the order in which they are written. */
const struct bnc_prom_key *bnc_prom_keys(enum bnc_prom_block block, size_t *n);

/* NULL: no release has it. */
const struct bnc_prom_key *bnc_prom_key_find(enum bnc_prom_block block, const char *name);

bool bnc_prom_key_in(const struct bnc_prom_key *key, const struct bnc_version *version);

/* True for blocks that take any *_sd_configs. */
bool bnc_prom_block_discovers(enum bnc_prom_block block);

/* ---- values of scrape_protocols, fallback_scrape_protocol ---------------------- */

/* The release that brought it; 0 for a value that none knows. */
int bnc_prom_protocol_since(const char *protocol);

#endif
