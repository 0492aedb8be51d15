/*
 * Status of our kinds as JSON: what an object's owner reads in kubectl.
 */
#ifndef BNC_CONTROLLER_STATUS_H
#define BNC_CONTROLLER_STATUS_H

#include "controller/engine.h"
#include "controller/grafana.h"
#include "controller/measure.h"
#include "controller/outputs.h"
#include "controller/publish.h"

#define BNC_STATUS_OBSERVATORIES_MAX 16
#define BNC_STATUS_REJECTED_MAX      100

/* What one Observatory says of a member, and what became of its output. */
struct bnc_opinion {
    const struct bnc_result *result;
    const struct bnc_verdict *verdict;
    struct bnc_publication publication;
    const char *refused; /* by the running Prometheus, with its words; NULL: it is not */
    int64_t pods;        /* that it scrapes; -1: not counted yet */
    const struct bnc_measured *measured; /* of its budget; NULL: it has none */
};

/* One condition. */
struct bnc_condition {
    const char *type;
    const char *status; /* "True", "False", "Unknown" */
    const char *reason;
    const char *message;
};

/* The summary, type Ready, by itself: for Events and tables. */
struct bnc_condition bnc_status_policy_ready(const struct bnc_member *member,
                                             const struct bnc_opinion *opinions, size_t n,
                                             struct bnc_arena *arena);

/* One line of what holds, as it stands in status.effective. */
cJSON *bnc_status_effective(const struct bnc_effective *e, struct bnc_arena *arena);

/* What only a SamplingPolicy's status has (status_mesh.c): of the first opinion. */
void bnc_status_sampling(const struct bnc_opinion *opinion, cJSON *status,
                         struct bnc_arena *arena);
/* What only a MetricRule's status has; `opinion` NULL: nobody selects it. */
void bnc_status_rule(const struct bnc_member *member, const struct bnc_opinion *opinion,
                     cJSON *status, struct bnc_arena *arena);
/* What only a Datasource's or Dashboard's status has; false: it is none. */
bool bnc_status_grafana(const struct bnc_member *member, cJSON *status,
                        struct bnc_arena *arena);
/* Rule groups of a plan (status_counts.c). */
int64_t bnc_status_rule_groups(const struct bnc_plan *plan);
/* status.prometheus.selected, annotated pods apart. */
cJSON *bnc_status_selected(const struct bnc_plan *plan, struct bnc_arena *arena);
/* "3 jobs and 2 rule groups are published", and what goes to Grafana. */
const char *
bnc_status_published_text(const struct bnc_result *result, struct bnc_arena *arena);
/* status.mesh of an Observatory; NULL: it has no mesh, and holds nothing. */
cJSON *
bnc_status_mesh(const struct bnc_result *result, cJSON *held, struct bnc_arena *arena);

/* The whole status; lastTransitionTime is left out. */
cJSON *
bnc_status_policy(const struct bnc_member *member, const struct bnc_opinion *opinions,
                  size_t n, struct bnc_arena *arena);

/* What the result itself does not know. */
struct bnc_loaded;
struct bnc_status_more {
    struct bnc_publication state;
    const struct bnc_loaded *loaded;      /* NULL: nobody was asked */
    cJSON *outputs;                       /* bnc_outputs_json() */
    cJSON *held;                          /* bnc_outputs_held() */
    int64_t annotated_pods;               /* -1: not counted yet */
    const struct bnc_gapi_state *grafana; /* NULL: no Grafana is asked */
    int64_t now_ms;                       /* wall clock */
};
/* What is said of the Grafana that is asked; "" when there is nothing to say. */
const char *
bnc_status_grafana_text(const struct bnc_status_more *more, struct bnc_arena *arena);
/* status.grafana of an Observatory; NULL: it has none. */
cJSON *
bnc_status_grafana_block(const struct bnc_result *result,
                         const struct bnc_status_more *more, struct bnc_arena *arena);
struct bnc_condition
bnc_status_observatory_ready(const struct bnc_result *result,
                             const struct bnc_status_more *more, struct bnc_arena *arena);
cJSON *
bnc_status_observatory(const struct bnc_result *result,
                       const struct bnc_status_more *more, struct bnc_arena *arena);

/*
 * Whether the live status names all datasources that the plan's provisioning file will
 * have: Grafana keeps them when the file loses them, so that one that is renamed has to
 * be known, however soon that is.  The rows of the plan, added to those of `status`.
 */
bool bnc_status_grafana_told(const struct bnc_plan *plan, const cJSON *live,
                             struct bnc_arena *arena);
void bnc_status_grafana_tell(const struct bnc_plan *plan, cJSON *status,
                             struct bnc_arena *arena);

/*
 * The live status with nothing but prometheus.outputs and mesh.held as they have to be,
 * and the plan's datasources among those of grafana.provisioned.
 */
cJSON *bnc_status_outputs(const struct bnc_result *result, cJSON *outputs, cJSON *held,
                          struct bnc_arena *arena);

/*
 * Fill lastTransitionTime: from `live` where a condition's status is the same,
 * else `now` (RFC 3339).  False when nothing but times differs from `live`:
 * then there is nothing to write.
 */
bool bnc_status_differs(cJSON *status, struct bnc_bytes live, const char *now,
                        struct bnc_arena *arena);

/* The intent for server-side apply of a status. */
struct bnc_bytes bnc_status_intent(const struct bnc_object *object, cJSON *status,
                                   struct bnc_arena *arena);

#endif
