/*
 * What the files of the model of the API server share.  Included by
 * tests/sim/api*.c only.
 */
#ifndef BNC_TESTS_SIM_API_INTERNAL_H
#define BNC_TESTS_SIM_API_INTERNAL_H

#include "lib/map.h"
#include "tests/sim/apiserver.h"
#include "tests/sim/jv.h"

struct bnc_api_kind {
    const char *group;
    const char *version;
    const char *plural;
    const char *kind;
    bool namespaced;
    bool status;     /* has the subresource */
    bool custom;     /* from a CRD: keys are sorted, items carry their kind */
    bool generation; /* counts changes outside metadata and status */
    bool quiet;      /* not in snapshots */
};

/* One state of one object: immutable, counted references. */
struct bnc_api_version {
    size_t refs;
    int64_t rv;
    char *key; /* "ns/name" */
    char *ns;
    char *name;
    char *uid;
    char *text;
    size_t len;
    char *labels; /* "\nk=v\nk=v\n" */
    char *meta;   /* as PartialObjectMetadata; made when it is asked for */
    bool owned;   /* has ownerReferences */
};

enum bnc_api_change { BNC_API_ADDED, BNC_API_MODIFIED, BNC_API_DELETED };

struct bnc_api_event {
    enum bnc_api_change change;
    int64_t rv;
    struct bnc_api_version *now;    /* the last state when deleted */
    struct bnc_api_version *before; /* NULL when added */
};

struct bnc_api_resource {
    const struct bnc_api_kind *kind;
    bool present;
    int forced_status; /* of all answers; 0: none */
    int64_t forced_until_ms;
    struct bnc_map *objects;       /* key -> struct bnc_api_version * */
    struct bnc_api_event *history; /* oldest first */
    size_t n_history;
    size_t history_room;
    int64_t oldest_rv; /* what goes on from before it is told 410 */
};

struct bnc_api_params {
    const char *rv;
    const char *rv_match;
    const char *cont;
    const char *field_selector;
    const char *label_selector;
    const char *manager;
    int64_t limit;
    int64_t timeout_s;
    bool watch;
    bool bookmarks;
    bool initial_events;
    bool force;
    bool dry_run;
};

/* One request. */
struct bnc_api_request {
    struct bnc_sim_api *api;
    struct bnc_http_call *call;
    struct bnc_arena *arena;
    const struct bnc_sim_request *http;
    const char *label; /* "GET /api/v1/pods?limit=2" */
    uint64_t number;
    struct bnc_api_resource *res;
    const char *ns;   /* "" for all */
    const char *name; /* "" for the collection */
    const char *sub;  /* "" or "status" */
    struct bnc_api_params params;
    bool meta; /* answer with metadata only */
    bool answered;
    const char *manager; /* by parameter, else from the user agent */
    int64_t rule_ms;     /* of the rule that was met last */
};

struct bnc_api_rule {
    enum bnc_sim_fault fault;
    char *match;
    int times;
    int64_t ms;
    struct bnc_api_rule *next;
};

struct bnc_api_watcher;

struct bnc_sim_api {
    struct bnc_sim *sim;
    int64_t rv;
    int64_t compacted_rv;
    size_t history_max;
    int64_t page_max; /* 0: what the client asks for */
    struct bnc_api_resource *resources;
    size_t n_resources;
    struct bnc_map *uids; /* uid -> struct bnc_api_version * (current) */
    struct bnc_api_watcher *watchers;
    struct bnc_sim_event collector;
    struct bnc_map *writes; /* manager -> struct bnc_sim_api_writes * */
    struct bnc_sim_api_writes http_writes;
    uint64_t requests;
    char *token;
    bool watch_list;
    bool down;
    FILE *trace; /* NULL: none */
    bnc_sim_api_write_fn on_write;
    void *on_write_arg;
    const char *writer; /* while on_write is called */
    unsigned chances[BNC_SIM_FAULT_COUNT];
    uint64_t hits[BNC_SIM_FAULT_COUNT];
    struct bnc_api_rule *rules;
    uint64_t nth;
    enum bnc_sim_fault nth_fault;
};

/* ---- api_kinds.c ---- */

void bnc_api_kinds_init(struct bnc_sim_api *api);
struct bnc_api_resource *bnc_api_resource_of(struct bnc_sim_api *api, const char *kind);
const char *
bnc_api_version_text(struct bnc_arena *arena, const struct bnc_api_kind *kind);
/* Fill in what the path and the query say; false: no such path. */
bool bnc_api_route(struct bnc_api_request *r);

/* ---- api_store.c ---- */

struct bnc_api_version *bnc_api_version_ref(struct bnc_api_version *v);
void bnc_api_version_unref(struct bnc_api_version *v);
struct bnc_api_version *
bnc_api_find(const struct bnc_api_resource *res, const char *ns, const char *name);
/* The object's tree, to be changed freely. */
struct bnc_jv *bnc_api_tree(struct bnc_arena *arena, const struct bnc_api_version *v);
/* Store `tree` as the new state; gives it (lent). */
struct bnc_api_version *bnc_api_commit(struct bnc_sim_api *api, struct bnc_arena *arena,
                                       struct bnc_api_resource *res, struct bnc_jv *tree);
/* Take it out, or mark it when it has finalizers; true: it was taken out. */
bool bnc_api_remove(struct bnc_sim_api *api, struct bnc_api_resource *res,
                    struct bnc_api_version *v);
/* A namespace with all that is in it. */
/* Gone at once, whatever finalizers say: the write that took the last one does not store
 * it. */
void bnc_api_take(struct bnc_sim_api *api, struct bnc_arena *arena,
                  struct bnc_api_resource *res, struct bnc_api_version *v);
void bnc_api_remove_namespace(struct bnc_sim_api *api, const char *ns);
void
bnc_api_compact_to(struct bnc_sim_api *api, struct bnc_api_resource *res, int64_t rv);
/*
 * The objects in order of their keys as they were at `rv`; NULL: no longer known.
 * Owns: the caller unrefs each and frees the array.
 */
struct bnc_api_version **
bnc_api_state_at(const struct bnc_sim_api *api, const struct bnc_api_resource *res,
                 int64_t rv, size_t *n);
/* "2026-01-01T00:00:00Z" */
const char *bnc_api_time(struct bnc_sim_api *api, struct bnc_arena *arena);
void bnc_api_store_free(struct bnc_sim_api *api);

/* ---- api_arrange.c ---- */

/* Order keys as the real server writes them. */
void bnc_api_arrange(const struct bnc_api_kind *kind, struct bnc_jv *tree);
/* The text of `v` as PartialObjectMetadata. */
const char *bnc_api_meta_text(struct bnc_api_version *v);
/* The object's text, or its metadata's. */
struct bnc_bytes bnc_api_text(struct bnc_api_version *v, bool meta);
bool bnc_api_labels_match(const struct bnc_api_version *v, const char *selector);

/* ---- api_fields.c ---- */

struct bnc_api_set {
    struct bnc_arena *arena;
    const char **paths; /* sorted by bnc_api_set_sort() */
    size_t n;
    size_t room;
};
struct bnc_api_set bnc_api_set_new(struct bnc_arena *arena);
void bnc_api_set_add(struct bnc_api_set *set, const char *path);
void bnc_api_set_sort(struct bnc_api_set *set);
bool bnc_api_set_has(const struct bnc_api_set *set, const char *path);
/* `path` itself or something below it. */
bool bnc_api_set_has_below(const struct bnc_api_set *set, const char *path);
bool bnc_api_set_equal(const struct bnc_api_set *a, const struct bnc_api_set *b);
struct bnc_api_set
bnc_api_set_and(const struct bnc_api_set *a, const struct bnc_api_set *b);
struct bnc_api_set
bnc_api_set_minus(const struct bnc_api_set *a, const struct bnc_api_set *b);
struct bnc_api_set
bnc_api_set_or(const struct bnc_api_set *a, const struct bnc_api_set *b);
struct bnc_api_set
bnc_api_set_parse(struct bnc_arena *arena, const struct bnc_jv *fields_v1);
struct bnc_jv *bnc_api_set_tree(const struct bnc_api_set *set);
/* ".data.a" for messages. */
const char *bnc_api_path_text(struct bnc_arena *arena, const char *path);

/* The fields of an object, those of the server apart. */
struct bnc_api_set
bnc_api_fields(struct bnc_arena *arena, const struct bnc_api_kind *kind,
               const struct bnc_jv *tree);
/* `changed`: added or with another value. */
void bnc_api_compare(const struct bnc_api_kind *kind, const struct bnc_jv *before,
                     const struct bnc_jv *after, struct bnc_api_set *changed,
                     struct bnc_api_set *removed);

/* ---- api_apply.c ---- */

/* Put what `config` says into `tree`, lists by their keys. */
void bnc_api_merge(struct bnc_arena *arena, const struct bnc_api_kind *kind,
                   struct bnc_jv *tree, const struct bnc_jv *config);
/*
 * The same with a strategic merge patch: null and "$patch" take away, new items of a
 * list come before those that the patch does not name.  NULL, or what the model (or the
 * server) does not take.
 */
const char *
bnc_api_strategic_patch(struct bnc_arena *arena, const struct bnc_api_kind *kind,
                        struct bnc_jv *tree, const struct bnc_jv *patch);
/* Remove the field at `path`, and what is left empty above it. */
void bnc_api_take_out(struct bnc_arena *arena, const struct bnc_api_kind *kind,
                      struct bnc_jv *tree, const char *path);
/* The element that stands for `item` of the list at `path`; NULL: the list is atomic. */
const char *bnc_api_element(struct bnc_arena *arena, const struct bnc_api_kind *kind,
                            const char *path, const struct bnc_jv *item);

/* ---- api_managers.c ---- */

struct bnc_api_writer {
    const char *manager;
    const char *sub;
    bool apply;
    bool force;
    bool direct; /* by a test: the status is written with the rest */
};
/*
 * `tree` has been changed from `live` (NULL: created) by `writer`: settle who
 * owns what in its managedFields.
 */
void bnc_api_own_update(struct bnc_sim_api *api, struct bnc_arena *arena,
                        const struct bnc_api_kind *kind, const struct bnc_jv *live,
                        struct bnc_jv *tree, const struct bnc_api_writer *writer);
/*
 * Apply `config` to `tree`, which equals `live`.  NULL, or the text of a conflict.
 */
const char *bnc_api_own_apply(struct bnc_sim_api *api, struct bnc_arena *arena,
                              const struct bnc_api_kind *kind, const struct bnc_jv *live,
                              struct bnc_jv *tree, const struct bnc_jv *config,
                              const struct bnc_api_writer *writer);

/* ---- api_write.c ---- */

struct bnc_api_outcome {
    int status;
    const char *reason;
    const char *message;
    struct bnc_api_version *object; /* lent; NULL: none */
    bool changed;
};
struct bnc_api_outcome
bnc_api_refuse(int status, const char *reason, const char *message);
/* Create or replace (or apply: `tree` is the intent), by what `live` is. */
struct bnc_api_outcome
bnc_api_store(struct bnc_sim_api *api, struct bnc_arena *arena,
              struct bnc_api_resource *res, struct bnc_api_version *live,
              struct bnc_jv *tree, const struct bnc_api_writer *writer, bool dry_run);
void bnc_api_merge_patch(struct bnc_arena *arena, struct bnc_jv *tree,
                         const struct bnc_jv *patch);
void bnc_api_count_write(struct bnc_sim_api *api, const char *manager, bool http,
                         const struct bnc_api_outcome *outcome);
/* POST, PUT, PATCH and DELETE. */
void bnc_api_write(struct bnc_api_request *r);

/* ---- api_validate.c ---- */

/* NULL, or what the server finds wrong with the new state. */
const char *bnc_api_validate(struct bnc_arena *arena, const struct bnc_api_kind *kind,
                             const struct bnc_jv *live, const struct bnc_jv *tree);

/* ---- api_read.c, api_watch.c ---- */

void bnc_api_read(struct bnc_api_request *r);
void bnc_api_watch(struct bnc_api_request *r);
/* "metadata.name=x" gives "x", "" gives "". */
bool bnc_api_field_name(const struct bnc_api_request *r, const char **name);
bool bnc_api_rv_parse(const char *text, int64_t *rv);
void bnc_api_watchers_tell(struct bnc_sim_api *api, struct bnc_api_resource *res,
                           const struct bnc_api_event *event);
void bnc_api_watcher_closed(struct bnc_sim_api *api, struct bnc_http_call *call);
/* End those of `res` (NULL: all); `why` NULL: cleanly. */
void bnc_api_watchers_end(struct bnc_sim_api *api, const struct bnc_api_resource *res,
                          const char *why);

/* ---- api_faults.c ---- */

/* True when `fault` strikes here. */
bool bnc_api_hit(struct bnc_api_request *r, enum bnc_sim_fault fault);
/* The same for a watch that is under way. */
bool bnc_api_hit_chance(struct bnc_sim_api *api, enum bnc_sim_fault fault);
/* Faults that need no look at the request; true: it is answered. */
bool bnc_api_faults_first(struct bnc_api_request *r);
void bnc_api_rules_free(struct bnc_sim_api *api);

/* ---- api_trace.c ---- */

void bnc_api_trace_request(const struct bnc_api_request *r,
                           const struct bnc_api_outcome *outcome);
/* `op`: put, patch, delete, collect.  `outcome` may be NULL. */
void
bnc_api_trace_direct(struct bnc_sim_api *api, const char *op, const char *manager,
                     const char *body, const struct bnc_api_outcome *outcome,
                     const struct bnc_api_kind *kind, const char *ns, const char *name);
void bnc_api_trace_event(struct bnc_sim_api *api, const struct bnc_api_resource *res,
                         const struct bnc_api_event *event);

/* ---- apiserver.c ---- */

/* Answer; a body may be cut by a fault. */
void bnc_api_answer(struct bnc_api_request *r, int status, struct bnc_bytes body);
void bnc_api_answer_status(struct bnc_api_request *r, int status, const char *reason,
                           const char *message);
/* {"kind":"Status",...}; `cause` may be NULL. */
const char *bnc_api_status_text(struct bnc_arena *arena, int status, const char *reason,
                                const char *message, const char *cause);

#endif
