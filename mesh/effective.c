#include "mesh/effective.h"

#include <stdlib.h>
#include <string.h>

#include "lib/str.h"

/* The decision itself, and all that it hides. */
#define CHAIN_MAX (BNC_RATE_OVERRIDES_MAX + 1)

struct value {
    enum bnc_rate_source source;
    const struct bnc_telemetry *telemetry;
    bnc_rate rate;
};

struct chain {
    struct value items[CHAIN_MAX];
    size_t n;
};

/* The Telemetry objects about a proxy, the weakest first. */
struct layers {
    const struct bnc_telemetry **items;
    size_t n;
    bool any_tracing;
};

/* One direction, each field by itself. */
struct merged {
    const char *provider; /* NULL: nobody names one */
    const struct bnc_telemetry *provider_by;
    enum bnc_tri disabled;
    const struct bnc_telemetry *disabled_by;
    const cJSON *custom_tags;
};

/* ---- which Telemetry counts ---------------------------------------------------- */

/* The one without selector that counts for a whole namespace; NULL: there is none. */
static const struct bnc_telemetry *
oldest_wide(const struct bnc_rate_facts *facts, const char *ns)
{
    const struct bnc_telemetry *oldest = NULL;
    for (size_t i = 0; i < facts->n_telemetries; i++) {
        const struct bnc_telemetry *t = facts->telemetries[i];
        if (!t->selects && strcmp(t->ns, ns) == 0 &&
            (oldest == NULL || bnc_telemetry_compare(t, oldest) < 0)) {
            oldest = t;
        }
    }
    return oldest;
}

static bool
selects_proxy(const struct bnc_rate_facts *facts, const struct bnc_telemetry *telemetry)
{
    return telemetry->selects &&
           bnc_telemetry_matches(telemetry, facts->ns, facts->root_namespace,
                                 facts->labels, facts->gateway);
}

static int
by_age(const void *a, const void *b)
{
    return bnc_telemetry_compare(*(const struct bnc_telemetry *const *)a,
                                 *(const struct bnc_telemetry *const *)b);
}

static void
add_layer(struct layers *layers, const struct bnc_telemetry *telemetry)
{
    if (telemetry != NULL) {
        layers->items[layers->n++] = telemetry;
        layers->any_tracing = layers->any_tracing || telemetry->n_tracing > 0;
    }
}

static struct layers
find_layers(const struct bnc_rate_facts *facts, struct bnc_arena *arena)
{
    const char *root = facts->root_namespace;
    bool has_root = root != NULL && root[0] != '\0';
    struct layers layers = {0};
    size_t n = 2;

    for (size_t i = 0; i < facts->n_telemetries; i++) {
        n += selects_proxy(facts, facts->telemetries[i]);
    }
    layers.items = bnc_arena_array(arena, n, sizeof(*layers.items));
    if (has_root) {
        add_layer(&layers, oldest_wide(facts, root));
    }
    if (!has_root || strcmp(root, facts->ns) != 0) {
        add_layer(&layers, oldest_wide(facts, facts->ns));
    }
    size_t first = layers.n;
    for (size_t i = 0; i < facts->n_telemetries; i++) {
        if (selects_proxy(facts, facts->telemetries[i])) {
            add_layer(&layers, facts->telemetries[i]);
        }
    }
    qsort(layers.items + first, layers.n - first, sizeof(struct bnc_telemetry *), by_age);
    return layers;
}

/* ---- one direction ------------------------------------------------------------- */

static bool
applies(const struct bnc_tracing_entry *entry, enum bnc_mode mode)
{
    return entry->mode == BNC_MODE_BOTH || entry->mode == mode;
}

static void
merge_entry(const struct bnc_telemetry *telemetry, const struct bnc_tracing_entry *entry,
            struct merged *out)
{
    if (entry->provider != NULL) {
        out->provider = entry->provider;
        out->provider_by = telemetry;
    }
    if (entry->disable_span_reporting != BNC_UNSET) {
        out->disabled = entry->disable_span_reporting;
        out->disabled_by = telemetry;
    }
    if (entry->custom_tags != NULL) {
        out->custom_tags = entry->custom_tags;
    }
}

static struct merged
merge_layers(const struct bnc_rate_facts *facts, const struct layers *layers,
             enum bnc_mode mode)
{
    struct merged merged = {.provider = facts->mesh->default_tracing};
    for (size_t i = 0; i < layers->n; i++) {
        for (size_t k = 0; k < layers->items[i]->n_tracing; k++) {
            const struct bnc_tracing_entry *entry = &layers->items[i]->tracing[k];
            if (applies(entry, mode)) {
                merge_entry(layers->items[i], entry, &merged);
            }
        }
    }
    return merged;
}

static void
push(struct chain *chain, enum bnc_rate_source source,
     const struct bnc_telemetry *telemetry, bnc_rate rate)
{
    if (chain->n < CHAIN_MAX) {
        chain->items[chain->n++] = (struct value){source, telemetry, rate};
    }
}

/* What Telemetry says, the strongest first: of each the last entry with a percentage. */
static void
push_telemetries(struct chain *chain, const struct layers *layers, enum bnc_mode mode)
{
    for (size_t i = layers->n; i-- > 0;) {
        const struct bnc_telemetry *t = layers->items[i];
        for (size_t k = t->n_tracing; k-- > 0;) {
            if (applies(&t->tracing[k], mode) && t->tracing[k].percent.set) {
                push(chain, BNC_RATE_FROM_TELEMETRY, t, t->tracing[k].percent.value);
                break;
            }
        }
    }
}

/* Below Telemetry.  Out of range istiod takes its 1 %, but for what is negative. */
static void
push_rest(struct chain *chain, const struct bnc_rate_facts *facts)
{
    const struct bnc_opt_rate *own =
        facts->proxy == NULL ? NULL : &facts->proxy->sampling;
    bnc_rate rate = 0;
    if (own != NULL && own->set) {
        rate = own->value > BNC_RATE_ALL ? BNC_RATE_PERCENT : own->value;
        push(chain, BNC_RATE_FROM_PROXY_CONFIG, NULL, rate);
    }
    if (facts->pilot_trace_sampling != NULL &&
        bnc_rate_parse(facts->pilot_trace_sampling, &rate) && rate >= 0 &&
        rate <= BNC_RATE_ALL) {
        push(chain, BNC_RATE_FROM_ENVIRONMENT, NULL, rate);
    }
    push(chain, BNC_RATE_FROM_DEFAULT, NULL, BNC_RATE_PERCENT);
}

static bool
can_trace(const struct bnc_provider *provider)
{
    static const char *const types[] = {"zipkin", "opentelemetry", "datadog",
                                        "skywalking"};
    for (size_t i = 0; i < BNC_LEN(types); i++) {
        if (strcmp(provider->type, types[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool
has_service(const struct bnc_rate_facts *facts, const struct bnc_provider *provider)
{
    return provider->service != NULL && provider->service[0] != '\0' &&
           (facts->service_exists == NULL || facts->service_exists(facts->arg, provider));
}

static void
switch_off(struct bnc_rate_answer *out, enum bnc_rate_off off,
           const struct bnc_telemetry *because)
{
    out->off = off;
    out->telemetry = because;
}

/* The strongest one with a tracing entry: it ends what holds without any Telemetry. */
static const struct bnc_telemetry *
last_tracing(const struct layers *layers)
{
    size_t i = layers->n - 1;
    while (layers->items[i]->n_tracing == 0) {
        i--;
    }
    return layers->items[i];
}

/* Where spans go, or why they do not; gives the provider if there is one. */
static const struct bnc_provider *
resolve(const struct bnc_rate_facts *facts, const struct layers *layers,
        const struct merged *merged, struct bnc_rate_answer *out)
{
    const struct bnc_provider *provider = NULL;
    bool legacy = !layers->any_tracing && merged->provider == NULL;

    out->provider = merged->provider;
    if (merged->provider != NULL) {
        provider = bnc_provider_find(facts->mesh, merged->provider);
    }
    if (legacy && facts->mesh->enable_tracing == BNC_FALSE) {
        switch_off(out, BNC_RATE_OFF_DISABLED, NULL);
    } else if (legacy) {
        switch_off(out, BNC_RATE_ON, NULL);
    } else if (merged->disabled == BNC_TRUE) {
        switch_off(out, BNC_RATE_OFF_REPORTING, merged->disabled_by);
    } else if (merged->provider == NULL) {
        switch_off(out, BNC_RATE_OFF_NO_PROVIDER, last_tracing(layers));
    } else if (provider == NULL || !can_trace(provider)) {
        switch_off(out, BNC_RATE_OFF_UNKNOWN_PROVIDER, merged->provider_by);
    } else if (!has_service(facts, provider)) {
        switch_off(out, BNC_RATE_OFF_NO_SERVICE, merged->provider_by);
    }
    return provider;
}

static const cJSON *
tags_of(const struct bnc_rate_facts *facts, const struct merged *merged)
{
    const cJSON *own = facts->proxy == NULL ? NULL : facts->proxy->custom_tags;
    bool any = merged->custom_tags != NULL && merged->custom_tags->child != NULL;
    const cJSON *tags = any ? merged->custom_tags : own;
    return tags != NULL && tags->child != NULL ? tags : NULL;
}

/* Write the chain down; what comes behind the decision is what it hides. */
static void
answer_chain(const struct chain *chain, struct bnc_rate_answer *out)
{
    size_t first = 0;
    if (out->off == BNC_RATE_ON) {
        out->source = chain->items[0].source;
        out->telemetry = chain->items[0].telemetry;
        out->rate = chain->items[0].rate;
        first = 1;
    } else {
        out->source =
            out->telemetry == NULL ? BNC_RATE_FROM_DEFAULT : BNC_RATE_FROM_TELEMETRY;
    }
    for (size_t i = first; i < chain->n && out->n_overrides < BNC_RATE_OVERRIDES_MAX;
         i++) {
        out->overrides[out->n_overrides].source = chain->items[i].source;
        out->overrides[out->n_overrides].telemetry = chain->items[i].telemetry;
        out->overrides[out->n_overrides].rate = chain->items[i].rate;
        out->n_overrides++;
    }
}

static void
answer(const struct bnc_rate_facts *facts, const struct layers *layers,
       enum bnc_mode mode, struct bnc_rate_answer *out)
{
    struct merged merged = merge_layers(facts, layers, mode);
    struct chain chain = {.n = 0};
    const struct bnc_provider *provider = resolve(facts, layers, &merged, out);

    if (provider != NULL && provider->own_sampler) {
        push(&chain, BNC_RATE_FROM_PROVIDER, NULL, BNC_RATE_ALL);
    }
    push_telemetries(&chain, layers, mode);
    push_rest(&chain, facts);
    answer_chain(&chain, out);
    if (out->off == BNC_RATE_ON) {
        out->custom_tags = tags_of(facts, &merged);
    }
}

void
bnc_rate_effective(const struct bnc_rate_facts *facts, struct bnc_arena *arena,
                   struct bnc_rate_answers *out)
{
    struct layers layers = find_layers(facts, arena);

    *out = (struct bnc_rate_answers){0};
    answer(facts, &layers, BNC_MODE_CLIENT, &out->outbound);
    if (facts->type == BNC_PROXY_GATEWAY) {
        out->inbound.off = BNC_RATE_OFF_NOT_APPLICABLE;
        out->inbound.source = BNC_RATE_FROM_DEFAULT;
    } else {
        answer(facts, &layers, BNC_MODE_SERVER, &out->inbound);
    }
}

bool
bnc_telemetry_ignored(const struct bnc_rate_facts *facts,
                      const struct bnc_telemetry *telemetry,
                      const struct bnc_telemetry **winner)
{
    const struct bnc_telemetry *oldest =
        telemetry->selects ? NULL : oldest_wide(facts, telemetry->ns);
    if (oldest == NULL || strcmp(oldest->name, telemetry->name) == 0) {
        return false;
    }
    *winner = oldest;
    return true;
}
