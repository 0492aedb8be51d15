/*
 * binnacle sync --grafana: beside Grafana.  What the controller publishes for one
 * Observatory becomes files in the folder that Grafana provisions from: datasources,
 * which Grafana is told to load, and dashboards, which it looks for by itself.
 *
 *     object changes ─► fetch, check its hash ─► replace the file ─► reload ─► is it
 *     there? ─► report
 *                                                                 └ refused ─► the last
 *     good file ─► reload ─► report
 */
#ifndef BNC_SYNC_GRAFANA_H
#define BNC_SYNC_GRAFANA_H

#include "kube/client.h"

struct bnc_gsync; /* opaque */

/* Everything is copied but `world` and `kube`, which outlive it. */
struct bnc_gsync_options {
    struct bnc_world *world;
    struct bnc_kube *kube;
    const char *ns; /* of the Observatory */
    const char *observatory;
    const char *instance; /* a name of its own among the instances: of the pod */
    const char *out;     /* Grafana's folder for provisioning, see sync/grafana_files.h */
    const char *url;     /* of Grafana, see sync/grafana_server.h; also for the two
                            below */
    const char *ca_file; /* NULL: the system's authorities */
    const char *credentials; /* a folder; NULL: the environment */
};

/*
 * Owns:   the caller.
 * Errors: INVALID for the URL; those of the folder.
 */
enum bnc_code bnc_gsync_new(const struct bnc_gsync_options *options,
                            struct bnc_gsync **out, struct bnc_error *err) BNC_MUST_CHECK;
void bnc_gsync_free(struct bnc_gsync *sync); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_gsync);

/* Begin to follow the Observatory. */
void bnc_gsync_start(struct bnc_gsync *sync);

/* True once all that is published was on disk: Grafana may start. */
bool bnc_gsync_ready(const struct bnc_gsync *sync);

/* How it is, for people: some lines. */
void bnc_gsync_describe(const struct bnc_gsync *sync, struct bnc_str *out);

/* The same as metrics in Prometheus' text format. */
void bnc_gsync_metrics(const struct bnc_gsync *sync, struct bnc_str *out);

#endif
