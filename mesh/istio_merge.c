/* From several configurations to the one that holds: the mesh's sources, a new pod. */
#include <string.h>
#include <strings.h>

#include "mesh/istio.h"

/* A name that is there already, as it is written, gets the new provider. */
static void
merge_providers(const struct bnc_mesh_config *from, struct bnc_mesh_config *into)
{
    for (size_t i = 0; i < from->n_providers; i++) {
        size_t at = 0;
        while (at < into->n_providers &&
               strcmp(into->providers[at].name, from->providers[i].name) != 0) {
            at++;
        }
        into->providers[at] = from->providers[i];
        into->n_providers += at == into->n_providers;
    }
}

static void
merge_one(const struct bnc_mesh_config *from, struct bnc_mesh_config *into)
{
    merge_providers(from, into);
    into->has_default_providers |= from->has_default_providers;
    if (from->says_tracing) {
        into->says_tracing = true;
        into->default_tracing = from->default_tracing;
    }
    if (from->default_metrics != BNC_UNSET) {
        into->default_metrics = from->default_metrics;
        into->metrics = from->metrics;
    }
    if (from->enable_tracing != BNC_UNSET) {
        into->enable_tracing = from->enable_tracing;
    }
    if (from->root_namespace != NULL) {
        into->root_namespace = from->root_namespace;
    }
    if (from->has_tracing) {
        into->has_tracing = true;
        into->sampling = from->sampling;
        into->custom_tags = from->custom_tags;
    }
    if (from->statsd_address != NULL) {
        into->statsd_address = from->statsd_address;
    }
}

void
bnc_mesh_config_merge(const struct bnc_mesh_config *shared,
                      const struct bnc_mesh_config *main, struct bnc_arena *arena,
                      struct bnc_mesh_config *out)
{
    static const struct bnc_provider built_in[] = {
        {.name = "prometheus", .type = "prometheus"},
        {.name = "stackdriver", .type = "stackdriver"},
        {.name = "envoy", .type = "envoyFileAccessLog"},
    };
    const struct bnc_mesh_config *const sources[] = {shared, main};
    struct bnc_mesh_config merged = {.valid = true, .enable_tracing = BNC_TRUE};
    size_t room = BNC_LEN(built_in);

    for (size_t i = 0; i < BNC_LEN(sources); i++) {
        room += sources[i] == NULL ? 0 : sources[i]->n_providers;
    }
    merged.providers = bnc_arena_array(arena, room, sizeof(*merged.providers));
    memcpy(merged.providers, built_in, sizeof(built_in));
    merged.n_providers = BNC_LEN(built_in);
    for (size_t i = 0; i < BNC_LEN(sources); i++) {
        if (sources[i] != NULL) {
            merge_one(sources[i], &merged); /* empty when it is not valid */
            merged.valid = merged.valid && sources[i]->valid;
        }
    }
    if (merged.statsd_address != NULL && merged.statsd_address[0] == '\0') {
        merged.statsd_address = NULL;
    }
    *out = merged;
}

const struct bnc_provider *
bnc_provider_find(const struct bnc_mesh_config *config, const char *name)
{
    for (size_t i = 0; i < config->n_providers; i++) {
        if (strcasecmp(config->providers[i].name, name) == 0) {
            return &config->providers[i];
        }
    }
    return NULL;
}

bool
bnc_mesh_metrics_on(const struct bnc_mesh_config *merged)
{
    for (size_t i = 0; i < merged->metrics.n; i++) {
        const struct bnc_provider *provider =
            bnc_provider_find(merged, merged->metrics.items[i]);
        if (provider != NULL && strcmp(provider->type, "prometheus") == 0) {
            return true;
        }
    }
    return false;
}

void
bnc_proxy_config_new_pod(const struct bnc_mesh_config *mesh,
                         const struct bnc_proxy_config *annotation,
                         struct bnc_proxy_config *out)
{
    struct bnc_proxy_config made = {.has_tracing = mesh->has_tracing,
                                    .sampling = mesh->sampling,
                                    .custom_tags = mesh->custom_tags,
                                    .statsd_address = mesh->statsd_address};
    if (annotation != NULL && annotation->has_tracing) {
        made.has_tracing = true;
        made.sampling = annotation->sampling;
        made.custom_tags = annotation->custom_tags;
    }
    if (annotation != NULL && annotation->statsd_address != NULL) {
        made.statsd_address = annotation->statsd_address;
    }
    if (made.statsd_address != NULL && made.statsd_address[0] == '\0') {
        made.statsd_address = NULL;
    }
    *out = made;
}
