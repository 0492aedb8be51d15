/*
 * What an Observatory makes of its members: units to be lowered, verdicts,
 * documents.  Made anew in full whenever a member changed: it copies nothing
 * and parses nothing.
 */
#ifndef BNC_MODEL_PLAN_H
#define BNC_MODEL_PLAN_H

#include "model/ir.h"

/* A compiled object as the plan sees it. */
struct bnc_member {
    const struct bnc_object *object;
    const struct bnc_ir *ir;
    uint64_t version; /* grows with each compile: equal means the same IR */
};

/* What decides on a sampling rate, or would.  Units: ten-thousandths of 1 %. */
struct bnc_decider {
    const char *kind; /* of an object; or Default, Environment, ... */
    const char *ns;   /* NULL: it has none */
    const char *name;
    int64_t rate; /* what it says; negative: nothing */
};

#define BNC_RATE_NONE INT64_C(-1) /* nothing is traced */

/* How much of a workload's requests is traced, in one system. */
struct bnc_effective {
    const char *system; /* Istio, OpenTelemetry, Jaeger */
    const struct bnc_member *workload;
    int64_t rate;    /* or BNC_RATE_NONE */
    int64_t inbound; /* for requests that it gets; mostly the same */
    struct bnc_decider by;
    const struct bnc_decider *overrides; /* what would decide without it, next first */
    size_t n_overrides;
    const char *note; /* why nothing, what has to be restarted; NULL: nothing to say */
};

/* What an Observatory says of one member. */
struct bnc_verdict {
    const struct bnc_member *member;
    bool selected;
    bool accepted;
    bool pending;
    const struct bnc_diag *why; /* the first error or warning; NULL: none */
    size_t n_why;
    size_t jobs; /* units that it gave */
    /* of a SamplingPolicy */
    int64_t percent;                        /* hundredths, that hold */
    int64_t most_percent;                   /* that the Observatory allows it */
    const struct bnc_effective **effective; /* of the workloads that it is about */
    size_t n_effective;
    size_t n_workloads;
    uint64_t effective_stamp; /* equal: the same in all of it */
};

/* What Prometheus reads a unit as. */
enum bnc_section {
    BNC_SECTION_JOBS,  /* an item of `scrape_configs` */
    BNC_SECTION_RULES, /* an item of `groups`, in a file of rules; in every shard */
    BNC_SECTION_COUNT
};

/*
 * One scrape job or rule group to be lowered: the same `stamp` gives the same bytes.
 * No two of a section have the same name.
 */
struct bnc_unit {
    enum bnc_section section;
    const char *job_name; /* of a rule group: the value of `name` in its text */
    uint64_t stamp;
    const void *source; /* for it */
    size_t verdict;     /* index of the verdict it belongs to; SIZE_MAX: none */
};

/* An object of somebody else's. */
struct bnc_held {
    enum bnc_kind kind;
    const char *ns;
    const char *name;
};

/*
 * Fields of somebody else's object that are not as they have to be.  The body is a merge
 * patch, without resourceVersion, made of the object as it is known: it holds for that
 * version only.
 */
struct bnc_patch {
    struct bnc_held of;
    struct bnc_bytes body;
};

/* What is set in a mesh as a whole. */
struct bnc_mesh_summary {
    bool present;
    const char *provider; /* NULL: none */
    int64_t percent;      /* hundredths; negative: the mesh keeps its own */
    size_t workloads;
};

/* A datasource of a provisioning file, as Grafana knows it. */
struct bnc_provisioned {
    int64_t org;
    const char *title;
    const char *since; /* of one that is gone: RFC 3339; NULL: just now */
};

struct bnc_ir_secure; /* model/ir_grafana.h */

/* A datasource or dashboard that is set over Grafana's HTTP API. */
struct bnc_grafana_entry {
    bool dashboard;
    int64_t org;
    const char *uid;
    const char *title;
    const struct bnc_member *member; /* it is for; the Observatory's: it is derived */
    const char *folder;              /* of a dashboard; NULL: none */
    struct bnc_bytes body;           /* JSON, without what is secret */
    const struct bnc_ir_secure *secure;
    size_t n_secure;
};

/* A Grafana that is looked after over its HTTP API. */
struct bnc_grafana_wish {
    const char *url;
    const struct bnc_asset *token; /* or user name and password */
    const struct bnc_asset *username;
    const struct bnc_asset *password;
    const struct bnc_asset *ca; /* NULL: the system's authorities */
    const char *server_name;
    bool insecure;
    int64_t org;
    int64_t poll_ms;                         /* 0: the usual one */
    const struct bnc_grafana_entry *entries; /* by org, datasources first, by uid */
    size_t n;
};

struct bnc_plan_memo; /* the planner's own: what its plans leave to the next */

struct bnc_plan {
    struct bnc_arena *arena;
    const struct bnc_member *observatory;
    struct bnc_verdict *verdicts; /* in byte order of kind, namespace, name */
    size_t n_verdicts;
    struct bnc_unit *units; /* jobs, then rule groups; each in byte order of names */
    size_t n_units;
    struct bnc_asset *assets; /* sorted by file, without repeats */
    size_t n_assets;
    size_t annotated_workloads;
    struct bnc_effective *effective; /* by namespace, kind, name, system */
    size_t n_effective;
    struct bnc_mesh_summary mesh;
    struct bnc_patch *patches; /* that have to be sent */
    size_t n_patches;
    struct bnc_held *held; /* has, or is to have, values of ours: to be given back */
    size_t n_held;
    const struct bnc_grafana_wish *grafana; /* NULL: no Grafana is asked */
    size_t n_datasources;                   /* that go out, in any way */
    size_t n_dashboards;
    const struct bnc_provisioned *provisioned; /* in the file; sorted by org, title */
    size_t n_provisioned;
    const struct bnc_provisioned *removed; /* were in it, and have to go; likewise */
    size_t n_removed;
    struct bnc_diags diags; /* what is wrong with the Observatory as a whole */
    bool pending;
    void *state; /* the planner's own */
};

/* The document around the jobs of one shard. */
struct bnc_frame_ask {
    int64_t shard;
    const char *const *files; /* of jobs, named in it; NULL: the jobs stand in it */
    size_t n_files;
    const char *const *rule_files; /* with rule groups, which never stand in it */
    size_t n_rule_files;
};

struct bnc_frame {
    struct bnc_bytes head; /* ends where the first job begins */
    struct bnc_bytes tail; /* raw jobs, or nothing */
};

/*
 * A place in a text where a value of a Secret has to go, when the text is written: as a
 * JSON text with every $ doubled (render/grafana.h).
 */
struct bnc_fill {
    size_t at; /* bytes before it */
    struct bnc_asset asset;
};

/* One more object, beside the configuration: with one text, or with a spec. */
struct bnc_document {
    enum bnc_kind kind;
    const char *ns;
    const char *name;
    const char *key;              /* Secret, ConfigMap: of the text in its data */
    struct bnc_bytes bytes;       /* likewise */
    const cJSON *spec;            /* other kinds */
    const char *revision;         /* label istio.io/rev; NULL: none */
    const struct bnc_fill *fills; /* values of Secrets that go into `bytes`, in order */
    size_t n_fills;
    const struct bnc_pairs *labels;      /* in place of the output's; NULL: those */
    const struct bnc_pairs *annotations; /* NULL: none */
};

/* How an Observatory's members become documents: a row of functions for the engine. */
struct bnc_planner {
    /* Of one Observatory; nothing in it yet.  Owns: the caller. */
    struct bnc_plan_memo *(*memo_new)(void);
    void (*memo_free)(struct bnc_plan_memo *memo); /* NULL is ignored */
    /*
     * Begin to plan in full.  `members` are all compiled objects, in byte order of
     * (kind, namespace, name).  `out` lives in `arena` and borrows from the members
     * until one of them is compiled again, and from `memo` until the next plan with it
     * is made; it stays where it is.
     */
    void (*begin)(const struct bnc_member *observatory,
                  const struct bnc_member *const *members, size_t n_members,
                  struct bnc_plan_memo *memo, struct bnc_arena *arena,
                  struct bnc_plan *out);
    /* Do the next piece of work, below a millisecond.  True: the plan is made. */
    bool (*step)(struct bnc_plan *plan);
    /* Give up a plan, made or not: what it has outside of its arena is released. */
    void (*drop)(struct bnc_plan *plan);
    /*
     * The bytes of one unit for one shard: an item of its list, all of them as far from
     * the margin; warnings go to `diags`.  A rule group is asked for once, for shard 0.
     */
    enum bnc_code (*lower)(const struct bnc_plan *plan, size_t unit, int64_t shard,
                           struct bnc_arena *arena, struct bnc_bytes *out,
                           struct bnc_diags *diags, struct bnc_error *err);
    /* What stands before and after the jobs of one shard. */
    enum bnc_code (*frame)(const struct bnc_plan *plan, const struct bnc_frame_ask *ask,
                           struct bnc_arena *arena, struct bnc_frame *out,
                           struct bnc_diags *diags, struct bnc_error *err);
    /* Add one to counts[i] for each verdict i whose jobs scrape the pod. */
    void (*count)(const struct bnc_plan *plan, const struct bnc_object *pod,
                  uint32_t *counts);
    /* How many documents there are, at least 1; and where they go. */
    int64_t (*shards)(const struct bnc_plan *plan);
    const struct bnc_output_spec *(*output)(const struct bnc_plan *plan);
    /*
     * What else is written, none of it needed by the jobs; gives how many there
     * are.  One that can't be made is left out, with an error in `diags`.
     * Owns:   `arena`; the names may be borrowed from the plan.
     */
    size_t (*documents)(const struct bnc_plan *plan, struct bnc_arena *arena,
                        struct bnc_document **out, struct bnc_diags *diags);
};

#endif
