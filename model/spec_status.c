#include "model/spec_status.h"

/* Rows have no offset: nothing is decoded by them. */

static const char *const condition_values[] = {"True", "False", "Unknown", NULL};

/* As metav1.Condition. */
static const struct bnc_field condition_rows[] = {
    {"type", BNC_FIELD_TEXT, .min = 1, .max_len = 316, .required = true,
     .doc = "What it is about."},
    {"status", BNC_FIELD_ENUM, .values = condition_values, .required = true,
     .doc = "Whether it holds."},
    {"observedGeneration", BNC_FIELD_INT,
     .doc = "metadata.generation that it was made for."},
    {"lastTransitionTime", BNC_FIELD_TEXT, .rule = BNC_TEXT_TIME, .required = true,
     .doc = "When status changed."},
    {"reason", BNC_FIELD_TEXT, .min = 1, .max_len = 1024, .required = true,
     .doc = "Why, in one word."},
    {"message", BNC_FIELD_TEXT, .max_len = 32768, .required = true,
     .doc = "Why, for people."},
};

const struct bnc_table bnc_table_condition = {
    .name = "Condition",
    .fields = condition_rows,
    .n_fields = BNC_LEN(condition_rows),
};

static const struct bnc_field parent_rows[] = {
    {"namespace", BNC_FIELD_TEXT, .max_len = 63, .required = true,
     .doc = "Namespace of the Observatory."},
    {"name", BNC_FIELD_TEXT, .max_len = 253, .required = true,
     .doc = "Name of the Observatory."},
    BNC_STATUS_CONDITIONS,
};

const struct bnc_table bnc_table_parent = {
    .name = "ObservatoryConditions",
    .fields = parent_rows,
    .n_fields = BNC_LEN(parent_rows),
};

/* ---- Observatory --------------------------------------------------------------- */

static const struct bnc_field selected_rows[] = {
    {"scrapePolicies", BNC_FIELD_INT, .doc = "ScrapePolicies that are selected."},
    {"annotatedWorkloads", BNC_FIELD_INT,
     .doc = "Workloads that are scraped because of their annotations."},
    {"annotatedPods", BNC_FIELD_INT,
     .doc = "Pods that are scraped because of annotations."},
    {"serviceMonitors", BNC_FIELD_INT, .doc = "ServiceMonitors that are selected."},
    {"podMonitors", BNC_FIELD_INT, .doc = "PodMonitors that are selected."},
    {"probes", BNC_FIELD_INT, .doc = "Probes that are selected."},
    {"scrapeConfigs", BNC_FIELD_INT, .doc = "ScrapeConfigs that are selected."},
    {"rules", BNC_FIELD_INT, .doc = "PrometheusRules that are selected."},
};

static const struct bnc_table selected_table = {
    .name = "Selected",
    .fields = selected_rows,
    .n_fields = BNC_LEN(selected_rows),
};

static const struct bnc_field rejected_rows[] = {
    {"group", BNC_FIELD_TEXT, .max_len = 253, .doc = "API group of the object."},
    {"kind", BNC_FIELD_TEXT, .max_len = 63, .required = true, .doc = "Its kind."},
    {"namespace", BNC_FIELD_TEXT, .max_len = 63, .doc = "Its namespace."},
    {"name", BNC_FIELD_TEXT, .max_len = 253, .required = true, .doc = "Its name."},
    {"reason", BNC_FIELD_TEXT, .max_len = 1024, .required = true,
     .doc = "Why it is left out, in one word."},
    {"message", BNC_FIELD_TEXT, .max_len = 4096, .doc = "Why, for people."},
};

static const struct bnc_table rejected_table = {
    .name = "Rejected",
    .fields = rejected_rows,
    .n_fields = BNC_LEN(rejected_rows),
};

static const struct bnc_field output_rows[] = {
    {"kind", BNC_FIELD_TEXT, .max_len = 63, .required = true, .doc = "Its kind."},
    {"namespace", BNC_FIELD_TEXT, .max_len = 63, .required = true,
     .doc = "Its namespace."},
    {"name", BNC_FIELD_TEXT, .max_len = 253, .required = true, .doc = "Its name."},
};

static const struct bnc_table output_table = {
    .name = "Output",
    .fields = output_rows,
    .n_fields = BNC_LEN(output_rows),
};

static const struct bnc_field loaded_rows[] = {
    {"hash", BNC_FIELD_TEXT, .max_len = 128,
     .doc = "Hash of the configuration that every reporting instance runs."},
    {"time", BNC_FIELD_TEXT, .rule = BNC_TEXT_TIME,
     .doc = "When the last of them had loaded it."},
    {"targetsUp", BNC_FIELD_INT, .doc = "Targets that answer, over all shards."},
    {"targetsDown", BNC_FIELD_INT, .doc = "Targets that do not."},
};

static const struct bnc_table loaded_table = {
    .name = "LoadedStatus",
    .fields = loaded_rows,
    .n_fields = BNC_LEN(loaded_rows),
};

static const struct bnc_field instance_rows[] = {
    {"name", BNC_FIELD_TEXT, .min = 1, .max_len = 253, .required = true,
     .doc = "Name of the instance: of its pod."},
    {"shard", BNC_FIELD_INT, .doc = "Shard that it reads."},
    {"hash", BNC_FIELD_TEXT, .max_len = 128,
     .doc = "Hash of the configuration that it runs, proved through the server."},
    {"loadedTime", BNC_FIELD_TEXT, .rule = BNC_TEXT_TIME, .doc = "Since when."},
    {"time", BNC_FIELD_TEXT, .rule = BNC_TEXT_TIME,
     .doc = "When this was written; what is older than five minutes does not count."},
    {"reason", BNC_FIELD_TEXT, .max_len = 63, .required = true,
     .doc = "How it is, in one word: Loaded, Loading, Refused, PoolsMissing, Tampered, "
            "RulesMissing, Incomplete, WriteFailed, Unreachable."},
    {"message", BNC_FIELD_TEXT, .max_len = 4096, .doc = "How it is, for people."},
    {"culprits", BNC_FIELD_TEXTS, .max_items = 10,
     .doc = "Jobs and rule groups because of which the configuration is refused."},
    {"targetsUp", BNC_FIELD_INT, .doc = "Targets of it that answer."},
    {"targetsDown", BNC_FIELD_INT, .doc = "Targets of it that do not."},
};

static const struct bnc_table instance_table = {
    .name = "Instance",
    .fields = instance_rows,
    .n_fields = BNC_LEN(instance_rows),
};

static const struct bnc_field prometheus_rows[] = {
    {"jobs", BNC_FIELD_INT, .doc = "Scrape jobs that are published."},
    {"ruleGroups", BNC_FIELD_INT,
     .doc = "Rule groups that are published, when there are any."},
    {"hash", BNC_FIELD_TEXT, .max_len = 128,
     .doc = "Hash of the published configuration."},
    {"outputs", BNC_FIELD_LIST, .sub = &output_table, .max_items = 4000,
     .doc = "Objects that binnacle writes for it, and deletes when they are no longer "
            "wanted."},
    {"selected", BNC_FIELD_OBJECT, .sub = &selected_table,
     .doc = "How much was taken in."},
    {"rejectedTotal", BNC_FIELD_INT, .doc = "Objects that are left out."},
    {"rejected", BNC_FIELD_LIST, .sub = &rejected_table, .max_items = 100,
     .doc = "Objects that are left out; the first 100."},
    {"loaded", BNC_FIELD_OBJECT, .sub = &loaded_table,
     .doc = "What runs, as binnacle sync reports it."},
    {"instances", BNC_FIELD_LIST, .sub = &instance_table, .max_items = 256,
     .list_key = "name",
     .doc = "What each binnacle sync reports; each writes its own entry."},
};

static const struct bnc_table prometheus_table = {
    .name = "PrometheusStatus",
    .fields = prometheus_rows,
    .n_fields = BNC_LEN(prometheus_rows),
};

static const struct bnc_field grafana_instance_rows[] = {
    {"name", BNC_FIELD_TEXT, .min = 1, .max_len = 253, .required = true,
     .doc = "Name of the instance: of its pod."},
    {"hash", BNC_FIELD_TEXT, .max_len = 128,
     .doc = "Hash of the provisioning file that Grafana has taken."},
    {"loadedTime", BNC_FIELD_TEXT, .rule = BNC_TEXT_TIME, .doc = "Since when."},
    {"time", BNC_FIELD_TEXT, .rule = BNC_TEXT_TIME,
     .doc = "When this was written; what is older than five minutes does not count."},
    {"reason", BNC_FIELD_TEXT, .max_len = 63, .required = true,
     .doc = "How it is, in one word: Loaded, Loading, Refused, Tampered, Incomplete, "
            "WriteFailed, Unreachable."},
    {"message", BNC_FIELD_TEXT, .max_len = 4096, .doc = "How it is, for people."},
};

static const struct bnc_table grafana_instance_table = {
    .name = "GrafanaInstance",
    .fields = grafana_instance_rows,
    .n_fields = BNC_LEN(grafana_instance_rows),
};

static const struct bnc_field held_rows[] = {
    {"kind", BNC_FIELD_TEXT, .max_len = 63, .required = true, .doc = "Its kind."},
    {"namespace", BNC_FIELD_TEXT, .max_len = 63, .required = true,
     .doc = "Its namespace."},
    {"name", BNC_FIELD_TEXT, .max_len = 253, .required = true, .doc = "Its name."},
};

static const struct bnc_table held_table = {
    .name = "Held",
    .fields = held_rows,
    .n_fields = BNC_LEN(held_rows),
};

static const struct bnc_field mesh_rows[] = {
    {"telemetries", BNC_FIELD_INT, .doc = "Telemetry objects that are written."},
    {"provider", BNC_FIELD_TEXT, .max_len = 253,
     .doc = "Backend that spans go to where no policy names another."},
    {"percent", BNC_FIELD_NUMBER, .doc = "Percentage that the mesh is given."},
    {"workloads", BNC_FIELD_INT, .doc = "Workloads of the mesh that are looked at."},
    {"held", BNC_FIELD_LIST, .sub = &held_table, .max_items = 100,
     .doc = "Objects of others in which fields are set; they get their old values back."},
};

static const struct bnc_table mesh_table = {
    .name = "MeshStatus",
    .fields = mesh_rows,
    .n_fields = BNC_LEN(mesh_rows),
};

static const struct bnc_field provisioned_rows[] = {
    {"org", BNC_FIELD_INT, .required = true, .doc = "Grafana's organization."},
    {"title", BNC_FIELD_TEXT, .max_len = 253, .required = true,
     .doc = "Name in Grafana."},
    {"since", BNC_FIELD_TEXT, .rule = BNC_TEXT_TIME, .doc = "When it was taken out."},
};

static const struct bnc_table provisioned_table = {
    .name = "Provisioned",
    .fields = provisioned_rows,
    .n_fields = BNC_LEN(provisioned_rows),
};

static const struct bnc_field grafana_rows[] = {
    {"datasources", BNC_FIELD_INT, .doc = "Datasources that go out."},
    {"dashboards", BNC_FIELD_INT, .doc = "Dashboards that go out."},
    {"message", BNC_FIELD_TEXT, .max_len = 4096,
     .doc = "What is wrong with setting them over the HTTP API."},
    {"provisioned", BNC_FIELD_LIST, .sub = &provisioned_table, .max_items = 1000,
     .doc = "Datasources of the provisioning file."},
    {"removed", BNC_FIELD_LIST, .sub = &provisioned_table, .max_items = 1000,
     .doc =
         "Datasources that were in it: the file has Grafana delete them, for an hour at "
         "least."},
    {"instances", BNC_FIELD_LIST, .sub = &grafana_instance_table, .max_items = 64,
     .list_key = "name",
     .doc = "What each binnacle sync beside Grafana reports; each writes its own entry."},
};

static const struct bnc_table grafana_table = {
    .name = "GrafanaStatus",
    .fields = grafana_rows,
    .n_fields = BNC_LEN(grafana_rows),
};

static const struct bnc_field observatory_rows[] = {
    BNC_STATUS_GENERATION,
    BNC_STATUS_CONDITIONS,
    {"mesh", BNC_FIELD_OBJECT, .sub = &mesh_table, .doc = "What is set in the mesh."},
    {"grafana", BNC_FIELD_OBJECT, .sub = &grafana_table, .doc = "What Grafana is given."},
    {"prometheus", BNC_FIELD_OBJECT, .sub = &prometheus_table,
     .doc = "What is published for Prometheus."},
};

const struct bnc_table bnc_table_observatory_status = {
    .name = "ObservatoryStatus",
    .fields = observatory_rows,
    .n_fields = BNC_LEN(observatory_rows),
};

/* ---- ScrapePolicy -------------------------------------------------------------- */

static const struct bnc_field scrape_policy_rows[] = {
    BNC_STATUS_GENERATION,
    BNC_STATUS_CONDITIONS,
    {"observatories", BNC_FIELD_LIST, .sub = &bnc_table_parent, .max_items = 16,
     .list_key = "namespace,name",
     .doc = "Observatories that select this policy, with what they say about it."},
    {"pods", BNC_FIELD_INT, .doc = "Pods that are scraped by this policy."},
    {"jobs", BNC_FIELD_INT, .doc = "Scrape jobs that were made of it."},
};

const struct bnc_table bnc_table_scrape_policy_status = {
    .name = "ScrapePolicyStatus",
    .fields = scrape_policy_rows,
    .n_fields = BNC_LEN(scrape_policy_rows),
};

/* ---- SamplingPolicy ------------------------------------------------------------ */

static const struct bnc_field decider_rows[] = {
    {"kind", BNC_FIELD_TEXT, .max_len = 63, .required = true,
     .doc = "Kind of the object, or what else it is: Default, Environment."},
    {"namespace", BNC_FIELD_TEXT, .max_len = 63, .doc = "Its namespace."},
    {"name", BNC_FIELD_TEXT, .max_len = 253, .required = true, .doc = "Its name."},
    {"percent", BNC_FIELD_NUMBER, .doc = "What it says."},
};

static const struct bnc_table decider_table = {
    .name = "Decider",
    .fields = decider_rows,
    .n_fields = BNC_LEN(decider_rows),
};

static const struct bnc_field effective_rows[] = {
    {"system", BNC_FIELD_TEXT, .max_len = 63, .required = true,
     .doc = "Istio, OpenTelemetry or Jaeger."},
    {"kind", BNC_FIELD_TEXT, .max_len = 63, .required = true,
     .doc = "Kind of the workload."},
    {"namespace", BNC_FIELD_TEXT, .max_len = 63, .doc = "Its namespace."},
    {"name", BNC_FIELD_TEXT, .max_len = 253, .required = true, .doc = "Its name."},
    {"percent", BNC_FIELD_NUMBER,
     .doc = "Share of its requests that are traced; not there when nothing is."},
    {"inboundPercent", BNC_FIELD_NUMBER,
     .doc = "Where it is another for requests that it gets from elsewhere."},
    {"decidedBy", BNC_FIELD_OBJECT, .sub = &decider_table,
     .doc = "What decides on that."},
    {"overrides", BNC_FIELD_LIST, .sub = &decider_table, .max_items = 8,
     .doc = "What would decide without it, next first."},
    {"note", BNC_FIELD_TEXT, .max_len = 1024,
     .doc = "What has to be known: why nothing is traced, what has to be restarted."},
};

static const struct bnc_table effective_table = {
    .name = "Effective",
    .fields = effective_rows,
    .n_fields = BNC_LEN(effective_rows),
};

static const struct bnc_field measured_rows[] = {
    {"requestsPerSecond", BNC_FIELD_NUMBER, .doc = "Requests, by the last answer."},
    {"message", BNC_FIELD_TEXT, .max_len = 1024,
     .doc = "Why the percentage holds still, when it does."},
};

static const struct bnc_table measured_table = {
    .name = "Measured",
    .fields = measured_rows,
    .n_fields = BNC_LEN(measured_rows),
};

static const struct bnc_field sampling_policy_rows[] = {
    BNC_STATUS_GENERATION,
    BNC_STATUS_CONDITIONS,
    {"observatories", BNC_FIELD_LIST, .sub = &bnc_table_parent, .max_items = 16,
     .list_key = "namespace,name",
     .doc = "Observatories that select this policy, with what they say about it."},
    {"percent", BNC_FIELD_NUMBER,
     .doc = "Percentage that it asks for now; of a budget, the present one."},
    {"budget", BNC_FIELD_OBJECT, .sub = &measured_table,
     .doc = "What the budget was steered by."},
    {"workloads", BNC_FIELD_INT, .doc = "Workloads that it is about."},
    {"effective", BNC_FIELD_LIST, .sub = &effective_table, .max_items = 100,
     .doc = "What holds for each of them, in each system; the first 100."},
};

const struct bnc_table bnc_table_sampling_policy_status = {
    .name = "SamplingPolicyStatus",
    .fields = sampling_policy_rows,
    .n_fields = BNC_LEN(sampling_policy_rows),
};
