#include "model/kind.h"

#include <string.h>

#define END                                                                              \
    {                                                                                    \
        NULL, NULL, BNC_KEEP_TEXT                                                        \
    }

static const struct bnc_keep owner_rows[] = {
    {"apiVersion", NULL, BNC_KEEP_TEXT}, {"kind", NULL, BNC_KEEP_TEXT},
    {"name", NULL, BNC_KEEP_TEXT},       {"uid", NULL, BNC_KEEP_TEXT},
    {"controller", NULL, BNC_KEEP_TEXT}, END,
};

static const struct bnc_keep annotation_rows[] = {
    {"kubectl.kubernetes.io/last-applied-configuration", NULL, BNC_KEEP_DROP},
    {"deployment.kubernetes.io/revision", NULL, BNC_KEEP_DROP},
    {"*", NULL, BNC_KEEP_TEXT},
    END,
};

#define METADATA_ROWS                                                                    \
    {"name", NULL, BNC_KEEP_NAME}, {"namespace", NULL, BNC_KEEP_NAMESPACE},              \
        {"uid", NULL, BNC_KEEP_UID},                                                     \
        {"resourceVersion", NULL, BNC_KEEP_RESOURCE_VERSION},                            \
        {"generation", NULL, BNC_KEEP_GENERATION},                                       \
        {"deletionTimestamp", NULL, BNC_KEEP_DELETION}, {"labels", NULL, BNC_KEEP_TEXT}, \
    {                                                                                    \
        "annotations", annotation_rows, BNC_KEEP_TEXT                                    \
    }

static const struct bnc_keep metadata_rows[] = {
    METADATA_ROWS,
    {"ownerReferences", owner_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep own_metadata_rows[] = {
    METADATA_ROWS,
    {"finalizers", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep output_metadata_rows[] = {
    METADATA_ROWS,
    {"ownerReferences", NULL, BNC_KEEP_TEXT},
    {"managedFields", NULL, BNC_KEEP_MANAGED_FIELDS},
    END,
};

const struct bnc_keep bnc_keep_metadata[] = {
    {"metadata", output_metadata_rows, BNC_KEEP_TEXT},
    END,
};

/* Ours: the whole spec, so that decoding finds unknown fields offline as well. */
static const struct bnc_keep own_rows[] = {
    {"metadata", own_metadata_rows, BNC_KEEP_TEXT},
    {"spec", NULL, BNC_KEEP_TEXT},
    {"status", NULL, BNC_KEEP_STATUS},
    END,
};

static const struct bnc_keep namespace_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep port_rows[] = {
    {"name", NULL, BNC_KEEP_TEXT},
    {"containerPort", NULL, BNC_KEEP_TEXT},
    {"protocol", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep container_rows[] = {
    {"name", NULL, BNC_KEEP_TEXT},
    {"restartPolicy", NULL, BNC_KEEP_TEXT}, /* Always: a native sidecar */
    {"ports", port_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep pod_spec_rows[] = {
    {"containers", container_rows, BNC_KEEP_TEXT},
    {"initContainers", container_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep template_metadata_rows[] = {
    {"labels", NULL, BNC_KEEP_TEXT},
    {"annotations", annotation_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep template_rows[] = {
    {"metadata", template_metadata_rows, BNC_KEEP_TEXT},
    {"spec", pod_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep workload_spec_rows[] = {
    {"selector", NULL, BNC_KEEP_TEXT},
    {"template", template_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep workload_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    {"spec", workload_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep job_template_rows[] = {
    {"spec", workload_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep cron_spec_rows[] = {
    {"jobTemplate", job_template_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep cron_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    {"spec", cron_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep pod_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    {"spec", pod_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep service_spec_rows[] = {
    {"selector", NULL, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep service_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT},
    {"spec", service_spec_rows, BNC_KEEP_TEXT},
    END,
};

static const struct bnc_keep data_rows[] = {
    {"metadata", metadata_rows, BNC_KEEP_TEXT}, {"data", NULL, BNC_KEEP_TEXT},
    {"stringData", NULL, BNC_KEEP_TEXT}, /* offline only: the API server folds it into
                                            data */
    {"binaryData", NULL, BNC_KEEP_TEXT},        END,
};

static const struct bnc_kind_info kinds[BNC_KIND_COUNT] = {
    [BNC_KIND_OBSERVATORY] = {"binnacle.dev", "v1alpha1", "Observatory", "observatories",
                              true, true, false, own_rows},
    [BNC_KIND_SCRAPE_POLICY] = {"binnacle.dev", "v1alpha1", "ScrapePolicy",
                                "scrapepolicies", true, true, false, own_rows},
    [BNC_KIND_NAMESPACE] = {"", "v1", "Namespace", "namespaces", false, false, false,
                            namespace_rows},
    [BNC_KIND_DEPLOYMENT] = {"apps", "v1", "Deployment", "deployments", true, false,
                             false, workload_rows},
    [BNC_KIND_STATEFUL_SET] = {"apps", "v1", "StatefulSet", "statefulsets", true, false,
                               false, workload_rows},
    [BNC_KIND_DAEMON_SET] = {"apps", "v1", "DaemonSet", "daemonsets", true, false, false,
                             workload_rows},
    [BNC_KIND_JOB] = {"batch", "v1", "Job", "jobs", true, false, false, workload_rows},
    [BNC_KIND_CRON_JOB] = {"batch", "v1", "CronJob", "cronjobs", true, false, false,
                           cron_rows},
    [BNC_KIND_POD] = {"", "v1", "Pod", "pods", true, false, false, pod_rows},
    [BNC_KIND_SERVICE] = {"", "v1", "Service", "services", true, false, false,
                          service_rows},
    [BNC_KIND_SECRET] = {"", "v1", "Secret", "secrets", true, false, true, data_rows},
    [BNC_KIND_CONFIG_MAP] = {"", "v1", "ConfigMap", "configmaps", true, false, true,
                             data_rows},
};

const struct bnc_kind_info *
bnc_kind_info(enum bnc_kind kind)
{
    return &kinds[kind];
}

const char *
bnc_kind_api_version(enum bnc_kind kind)
{
    static const struct {
        const char *group;
        const char *text;
    } rows[] = {
        {"", "v1"},
        {"apps", "apps/v1"},
        {"batch", "batch/v1"},
        {"binnacle.dev", "binnacle.dev/v1alpha1"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (strcmp(rows[i].group, kinds[kind].group) == 0) {
            return rows[i].text;
        }
    }
    return "v1";
}

enum bnc_kind
bnc_kind_find(const char *api_version, const char *name)
{
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        if (strcmp(kinds[kind].name, name) == 0 &&
            strcmp(bnc_kind_api_version(kind), api_version) == 0) {
            return kind;
        }
    }
    return BNC_KIND_NONE;
}
