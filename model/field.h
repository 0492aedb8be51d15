/*
 * Field tables: one row for each field of a kind.  Decoding, strict checking,
 * defaults, the CRD's schema and the reference page all come from them.
 */
#ifndef BNC_MODEL_FIELD_H
#define BNC_MODEL_FIELD_H

#include <cjson/cJSON.h>

#include "lib/arena.h"
#include "model/diag.h"

/* The C type of the member that a row fills stands behind each. */
enum bnc_field_type {
    BNC_FIELD_TEXT,       /* const char *                                       */
    BNC_FIELD_BOOL,       /* enum bnc_tri                                       */
    BNC_FIELD_INT,        /* struct bnc_opt_int; bounds: min, max               */
    BNC_FIELD_DURATION,   /* const char *, Prometheus syntax, checked           */
    BNC_FIELD_SIZE,       /* const char *, Prometheus syntax, checked           */
    BNC_FIELD_REGEX,      /* const char *, RE2, anchored, checked               */
    BNC_FIELD_ENUM,       /* const char *, one of `values`                      */
    BNC_FIELD_PORT,       /* const char *: a number 1..65535 or a port name     */
    BNC_FIELD_NUMBER,     /* const char *: the number's source text             */
    BNC_FIELD_EXPR,       /* const char *: text, or a number's source text      */
    BNC_FIELD_PERCENT,    /* struct bnc_opt_int, hundredths of 1 %: 12.5 is 1250 */
    BNC_FIELD_TEXTS,      /* struct bnc_texts                                   */
    BNC_FIELD_REGEXES,    /* struct bnc_texts, each a checked regex             */
    BNC_FIELD_MAP,        /* struct bnc_pairs: text to text, sorted by key      */
    BNC_FIELD_MULTIMAP,   /* struct bnc_multipairs: text to list of text        */
    BNC_FIELD_SELECTOR,   /* struct bnc_selector *                              */
    BNC_FIELD_REGEX_MAP,  /* struct bnc_pairs: text to checked regex            */
    BNC_FIELD_OBJECT,     /* pointer to a struct by table `sub`                 */
    BNC_FIELD_INLINE,     /* struct by table `sub`, embedded, not a pointer     */
    BNC_FIELD_LIST,       /* struct bnc_list of structs by table `sub`          */
    BNC_FIELD_RAW_OBJECT, /* const cJSON *: any object                          */
    BNC_FIELD_RAW,        /* const cJSON *: any value                           */
    BNC_FIELD_TYPE_COUNT
};

#define BNC_FIELD_TEXT_MAX   1024 /* bytes of a text, unless a row says else */
#define BNC_FIELD_REGEX_MAX  4096 /* likewise of a regular expression */
#define BNC_FIELD_ITEMS_MAX  128  /* items of a list or map, likewise */
#define BNC_FIELD_INT_MAX    ((int64_t)1 << 53)   /* what JSON carries exactly */
#define BNC_FIELD_VALUES_MAX ((size_t)100 * 1000) /* values of one object, all levels */

enum bnc_tri { BNC_UNSET = 0, BNC_FALSE, BNC_TRUE };

struct bnc_opt_int {
    bool set;
    int64_t value;
};

struct bnc_texts {
    const char **items;
    size_t n;
    bool set;
};

struct bnc_pair {
    const char *key;
    const char *value;
};
struct bnc_pairs {
    struct bnc_pair *items; /* in byte order of keys */
    size_t n;
    bool set;
};

struct bnc_multipair {
    const char *key;
    struct bnc_texts values;
};
struct bnc_multipairs {
    struct bnc_multipair *items; /* in byte order of keys */
    size_t n;
    bool set;
};

struct bnc_list {
    void *items; /* array of the structs of the row's table */
    size_t n;
    bool set;
};

struct bnc_table;

/* Special checks of a text beside its type. */
enum bnc_text_rule {
    BNC_TEXT_ANY,
    BNC_TEXT_OBJECT_NAME, /* DNS-1123 subdomain: a Kubernetes object's name   */
    BNC_TEXT_NAMESPACE,   /* DNS-1123 label                                   */
    BNC_TEXT_KEY,         /* key of a Secret or ConfigMap: [-._a-zA-Z0-9]+    */
    BNC_TEXT_LABEL_NAME,  /* [a-zA-Z_][a-zA-Z0-9_]*, Prometheus 2             */
    BNC_TEXT_ADDED_LABEL, /* likewise; not namespace, job, instance, __*      */
    BNC_TEXT_LABEL_KEY,   /* Kubernetes label or annotation key               */
    BNC_TEXT_LABEL_KEYS,  /* likewise, or "*" for all of them                 */
    BNC_TEXT_URL,         /* http:// or https:// with a host                  */
    BNC_TEXT_PROXY_URL,   /* likewise, or socks5://                           */
    BNC_TEXT_PATH,        /* begins with '/'                                  */
    BNC_TEXT_VERSION,     /* 2.42.0, v3.5, ...                                */
    BNC_TEXT_UID,         /* of Grafana: [-_a-zA-Z0-9]+, at most 40           */
    BNC_TEXT_TIME,        /* RFC 3339; in status only                         */
    BNC_TEXT_RULE_COUNT
};

struct bnc_field {
    const char *name; /* the key in JSON */
    enum bnc_field_type type;
    size_t offset;               /* of the member in the table's struct */
    const struct bnc_table *sub; /* OBJECT, LIST */
    /* ENUM: ended by NULL; TEXTS: allowed items, or NULL.  Of those that differ only in
     * case the first is what is decoded. */
    const char *const *values;
    const char *def;  /* default as JSON text, also in the CRD; NULL: none */
    int64_t min, max; /* INT; both 0: 0 .. 2^53; min of others: fewest bytes or items */
    size_t max_len;   /* bytes of a text or of each item; 0: 1024 */
    size_t max_items; /* lists, maps; 0: 128 */
    enum bnc_text_rule rule; /* TEXT; items of TEXTS; keys of a MAP */
    bool required;
    bool immutable;       /* once it is set; said in the CRD only */
    const char *list_key; /* LIST: listType map by this key, "a,b" by two; NULL: atomic */
    const char *doc;      /* one or two sentences, for CRD and docs */
};

/* At most one (or exactly one) of these fields may be set. */
struct bnc_union {
    const char *const *names; /* ended by NULL */
    bool required;            /* exactly one */
};

struct bnc_table {
    const char *name; /* for the reference page: "Endpoint" */
    size_t size;      /* of the struct */
    const struct bnc_field *fields;
    size_t n_fields;
    const struct bnc_union *unions;
    size_t n_unions;
    /* Of a root: somebody else's kind.  A field that it has no row for is a warning: the
     * CRD may be newer than the table. */
    bool foreign;
    bool partial; /* it has fields on purpose that no row is for */

    /*
     * What no row can say, after all fields of `item` (the struct) were read:
     * fills in what depends on other fields, reports below `path`.  NULL: nothing.
     */
    void (*finish)(void *item, const char *path, struct bnc_diags *diags);
};

struct bnc_printer_column {
    const char *name;
    const char *type; /* "string", "integer", "date" */
    const char *path; /* JSONPath */
    bool wide;        /* priority 1 */
};

/* All that the CRD and the reference page of one of our kinds need. */
struct bnc_kind_doc {
    int kind; /* enum bnc_kind */
    const char *short_name;
    const char *singular;
    const char *doc;
    const struct bnc_table *spec;
    const struct bnc_table *status; /* schema only, never decoded */
    const struct bnc_printer_column *columns;
    size_t n_columns;
};

/*
 * Decode `json` by `table` into `out` (zeroed by the caller), filling defaults.
 * NULL counts as an empty object.  Everything wrong becomes a diagnostic with a
 * path below `path` ("spec"): unknown fields, types, bounds, enums, patterns,
 * unions, missing required fields.  What is wrong is left unset in `out`, even
 * if it is required; the rest is filled.  A text "" that has a rule and is not
 * required counts as unset, a null of a field with a default likewise.
 * The order of diagnostics does not depend on the order of keys.
 * Owns: all in the arena of `diags`; nothing is borrowed from `json`.
 */
void bnc_fields_decode(const struct bnc_table *table, const cJSON *json, const char *path,
                       void *out, struct bnc_diags *diags);

/* OpenAPI v3 schema of `table` as a cJSON tree in `arena`: structural, with CEL for
 * unions. */
cJSON *bnc_fields_schema(const struct bnc_table *table, struct bnc_arena *arena);

#endif
