/*
 * Datasources as Grafana takes them: one shape for its HTTP API and for files.
 * Source: Grafana's documentation of provisioning and of each datasource's jsonData.
 */
#ifndef BNC_RENDER_GRAFANA_H
#define BNC_RENDER_GRAFANA_H

#include "lib/error.h"
#include "lib/str.h"
#include "model/ir_grafana.h"
#include "model/plan.h"

/* A datasource with its links resolved. */
struct bnc_grafana_source {
    const char *uid;
    const char *title;
    int64_t org;
    const struct bnc_spec_datasource *spec;
    const char *traces_uid; /* NULL: it leads nowhere */
    const char *logs_uid;
    const char *metrics_uid;
    const struct bnc_ir_secure *secure;
    size_t n_secure;
};

/* Which of the three links a type has fields for. */
struct bnc_grafana_links {
    bool traces;
    bool logs;
    bool metrics;
};
struct bnc_grafana_links bnc_grafana_links_of(const char *type);

/*
 * The datasource as POST /api/datasources takes it, without orgId and without what is
 * secret.  What the user has in jsonData stands; links are added where it has none.
 * Owns:   `arena`; borrows nothing from `source`.
 */
cJSON *bnc_grafana_body(const struct bnc_grafana_source *source, struct bnc_arena *arena);

/* What a provisioning file has. */
struct bnc_grafana_file {
    const struct bnc_grafana_source *sources;
    size_t n;
    const struct bnc_provisioned *removed; /* are deleted first: a title may be of others
                                            * with the uid of one that is gone */
    size_t n_removed;
    bool prune; /* what is in no file any more is deleted; Grafana 11.1 */
};

/*
 * A provisioning file with all of them, in the order given: $ doubled, so that Grafana
 * does not take it for a variable.
 * Errors: INVALID for text that is no UTF-8, TOO_BIG.
 */
enum bnc_code
bnc_grafana_file(const struct bnc_grafana_file *file, struct bnc_arena *arena,
                 struct bnc_bytes *out, struct bnc_fill **fills, size_t *n_fills,
                 struct bnc_error *err) BNC_MUST_CHECK;

/* A uid made of what a thing is called: the same for the same, at most 40 bytes. */
const char *bnc_grafana_uid(const char *word, const char *ns, const char *name,
                            struct bnc_arena *arena);

#endif
