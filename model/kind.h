/*
 * The kinds that binnacle reads or writes: one row each, and what is kept of
 * their objects.
 */
#ifndef BNC_MODEL_KIND_H
#define BNC_MODEL_KIND_H

#include "lib/base.h"

enum bnc_kind {
    BNC_KIND_OBSERVATORY,
    BNC_KIND_SCRAPE_POLICY,
    BNC_KIND_SAMPLING_POLICY,
    BNC_KIND_METRIC_RULE,
    BNC_KIND_DATASOURCE,
    BNC_KIND_DASHBOARD,
    BNC_KIND_SERVICE_MONITOR, /* of prometheus-operator, as the six below */
    BNC_KIND_POD_MONITOR,
    BNC_KIND_PROBE,
    BNC_KIND_SCRAPE_CONFIG,
    BNC_KIND_PROMETHEUS_RULE,
    BNC_KIND_PROMETHEUS,
    BNC_KIND_PROMETHEUS_AGENT,
    BNC_KIND_NAMESPACE,
    BNC_KIND_DEPLOYMENT,
    BNC_KIND_STATEFUL_SET,
    BNC_KIND_DAEMON_SET,
    BNC_KIND_JOB,
    BNC_KIND_CRON_JOB,
    BNC_KIND_POD,
    BNC_KIND_SERVICE,
    BNC_KIND_SECRET,
    BNC_KIND_CONFIG_MAP,
    BNC_KIND_TELEMETRY,
    BNC_KIND_INSTRUMENTATION,
    BNC_KIND_KIALI,
    BNC_KIND_MIXER_INSTANCE, /* written only, as the two below: Istio 1.4 and older */
    BNC_KIND_MIXER_HANDLER,
    BNC_KIND_MIXER_RULE,
    BNC_KIND_MEASURE, /* of no API server: what was measured for a budget */
    BNC_KIND_COUNT,
    BNC_KIND_NONE = BNC_KIND_COUNT
};

/* What the pruner does with a value it has met. */
enum bnc_keep_action {
    BNC_KEEP_TEXT = 0, /* into the kept text */
    BNC_KEEP_DROP,     /* leave it out (before a "*" row) */
    BNC_KEEP_NAMED, /* of an array: whole items whose "name" is that of a row of `sub` */
    BNC_KEEP_FLAGS, /* of arguments: those flags, as "--flag=value" or "--flag", "value"
                     */
    BNC_KEEP_NAME,  /* these go to a field of struct bnc_object instead */
    BNC_KEEP_NAMESPACE,
    BNC_KEEP_UID,
    BNC_KEEP_RESOURCE_VERSION,
    BNC_KEEP_GENERATION,
    BNC_KEEP_DELETION, /* present: being deleted */
    BNC_KEEP_STATUS,   /* raw JSON */
    BNC_KEEP_MANAGED_FIELDS
};

/*
 * A row of a keep-tree.  Rows end with name NULL; the first that matches counts;
 * "*" matches every key.  Arrays are looked through: `sub` is for their items.
 */
struct bnc_keep {
    const char *name;
    const struct bnc_keep *sub; /* NULL: the whole value */
    enum bnc_keep_action action;
};

struct bnc_kind_info {
    const char *group; /* "" for the core group */
    const char *version;
    const char *name;   /* "ScrapePolicy" */
    const char *plural; /* "scrapepolicies" */
    bool namespaced;
    bool ours;    /* in group binnacle.dev: has a status that we write */
    bool by_name; /* never listed whole: only objects that are asked for */
    const struct bnc_keep *keep;
    bool optional; /* of a CRD of somebody else: that it is missing is no trouble */
};

/* The row of a kind; never NULL for a kind below BNC_KIND_COUNT. */
const struct bnc_kind_info *bnc_kind_info(enum bnc_kind kind);

/*
 * By apiVersion ("apps/v1") and kind; the version counts, but for those that have the
 * same schema.  BNC_KIND_NONE: not read.
 */
enum bnc_kind bnc_kind_find(const char *api_version, const char *name);

/* "apps/v1", "v1": static text. */
const char *bnc_kind_api_version(enum bnc_kind kind);

/* The keep-tree for outputs that we wrote: metadata only, with managedFields. */
extern const struct bnc_keep bnc_keep_metadata[];

#endif
