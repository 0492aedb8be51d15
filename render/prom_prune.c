#include "render/prom_prune.h"

#include <string.h>

#include "lib/str.h"

#define JOINED_MAX                                                                       \
    ((size_t)4000) /* bytes of a joined regex, so that it can be checked                 \
                    */

/* ---- presets ------------------------------------------------------------------- */

static const char *cluster_name[] = {"cluster_name"};
static const char *tcp_prefix[] = {"tcp_prefix"};
static const char *listener_address[] = {"listener_address"};
static const char *listener_prefix[] = {"http_conn_manager_listener_prefix"};
static const char *manager_prefix[] = {"http_conn_manager_prefix"};
static const char *metric_name[] = {"__name__"};

#define DROP(label, pattern)                                                             \
    {                                                                                    \
        .source_labels = {.items = (label), .n = 1, .set = true}, .regex = (pattern),    \
        .action = "drop"                                                                 \
    }

/* The list of Istio's own charts, 1.0.3 to 1.1: Envoy's series about itself. */
static struct bnc_relabel envoy[] = {
    DROP(cluster_name, "(outbound|inbound|prometheus_stats).*"),
    DROP(tcp_prefix, "(outbound|inbound|prometheus_stats).*"),
    DROP(listener_address, "(.+)"),
    DROP(listener_prefix, "(.+)"),
    DROP(manager_prefix, "(.+)"),
    DROP(metric_name, "envoy_tls.*"),
    DROP(metric_name, "envoy_tcp_downstream.*"),
    DROP(metric_name, "envoy_http_(stats|admin).*"),
    DROP(metric_name, "envoy_cluster_(lb|retry|bind|internal|max|original).*"),
};

struct bnc_relabels
bnc_prom_prune_preset(const char *preset)
{
    if (preset != NULL && strcmp(preset, "envoy") == 0) {
        return (struct bnc_relabels){.items = envoy, .n = BNC_LEN(envoy)};
    }
    return (struct bnc_relabels){0};
}

/* ---- rules --------------------------------------------------------------------------
 */

static void
add(struct bnc_relabels *rules, const struct bnc_texts *labels, const char *regex,
    const char *action)
{
    struct bnc_relabel *rule = &rules->items[rules->n++];

    *rule = (struct bnc_relabel){.regex = regex, .action = action};
    if (labels != NULL) {
        rule->source_labels = *labels;
    }
}

/*
 * (?:a)|(?:b) of as many regexes from `*at` on as fit into `max` bytes, at least
 * one.  One alone stays as it is.
 */
static const char *
join(const struct bnc_texts *regexes, size_t *at, size_t max, struct bnc_arena *arena)
{
    size_t first = *at;
    size_t bytes = 0;
    struct bnc_str joined = bnc_str_new(arena, SIZE_MAX);

    do {
        bytes += strlen(regexes->items[(*at)++]) + strlen("(?:)|");
    } while (*at < regexes->n &&
             bytes + strlen(regexes->items[*at]) + strlen("(?:)|") <= max);
    if (*at - first == 1) {
        return regexes->items[first];
    }
    for (size_t i = first; i < *at; i++) {
        bnc_str_puts(&joined, i == first ? "(?:" : "|(?:");
        bnc_str_puts(&joined, regexes->items[i]);
        bnc_str_putc(&joined, ')');
    }
    return joined.ptr;
}

static void
add_metrics(struct bnc_relabels *rules, const struct bnc_prune_spec *spec,
            struct bnc_arena *arena)
{
    static const struct bnc_texts name = {.items = metric_name, .n = 1, .set = true};
    size_t at = 0;

    if (spec->keep_metrics.n > 0) { /* never two: each would keep only its own */
        add(rules, &name, join(&spec->keep_metrics, &at, SIZE_MAX, arena), "keep");
    }
    for (at = 0; at < spec->drop_metrics.n;) {
        add(rules, &name, join(&spec->drop_metrics, &at, JOINED_MAX, arena), "drop");
    }
}

static void
add_series(struct bnc_relabels *rules, const struct bnc_series_match *match,
           struct bnc_arena *arena)
{
    const struct bnc_pairs *pairs = &match->labels;
    struct bnc_texts labels = {.n = pairs->n, .set = true};
    struct bnc_str regex = bnc_str_new(arena, SIZE_MAX);

    if (pairs->n == 0) {
        return; /* it would drop everything */
    }
    labels.items = bnc_arena_array(arena, pairs->n, sizeof(*labels.items));
    for (size_t i = 0; i < pairs->n; i++) {
        labels.items[i] = pairs->items[i].key;
        bnc_str_puts(&regex, i == 0 ? "(?:" : "\\x1f(?:");
        bnc_str_puts(&regex, pairs->items[i].value);
        bnc_str_putc(&regex, ')');
    }
    add(rules, &labels, pairs->n == 1 ? pairs->items[0].value : regex.ptr, "drop");
    if (pairs->n > 1) {
        rules->items[rules->n - 1].separator = "\x1f";
    }
}

struct bnc_relabels
bnc_prom_prune_rules(const struct bnc_prune_spec *spec, struct bnc_arena *arena)
{
    struct bnc_relabels rules = {0};
    size_t at = 0;

    if (spec == NULL) {
        return rules;
    }
    const struct bnc_relabels preset = bnc_prom_prune_preset(spec->preset);
    const struct bnc_series_match *series = spec->drop_series.items;
    rules.items = bnc_arena_array(arena,
                                  preset.n + 1 + spec->drop_metrics.n +
                                      spec->drop_series.n + spec->drop_labels.n,
                                  sizeof(*rules.items));
    for (size_t i = 0; i < preset.n; i++) {
        rules.items[rules.n++] = preset.items[i];
    }
    add_metrics(&rules, spec, arena);
    for (size_t i = 0; i < spec->drop_series.n; i++) {
        add_series(&rules, &series[i], arena);
    }
    while (at < spec->drop_labels.n) {
        add(&rules, NULL, join(&spec->drop_labels, &at, JOINED_MAX, arena), "labeldrop");
    }
    return rules;
}

/* ---- check ---------------------------------------------------------------------------
 */

/* An anchor outside of [...] that is not escaped. */
static bool
has_anchor(const char *regex)
{
    bool in_class = false;

    for (; *regex != '\0'; regex++) {
        if (*regex == '\\' && regex[1] != '\0') {
            regex++;
        } else if (*regex == '[' && !in_class) {
            in_class = true;
            regex += strspn(regex + 1, "^]"); /* ] first is itself */
        } else if (*regex == ']') {
            in_class = false;
        } else if (!in_class && (*regex == '^' || *regex == '$')) {
            return true;
        }
    }
    return false;
}

void
bnc_prom_prune_check(const struct bnc_prune_spec *spec, const char *path,
                     struct bnc_diags *diags)
{
    const struct bnc_series_match *series = spec->drop_series.items;

    for (size_t i = 0; i < spec->drop_series.n; i++) {
        const struct bnc_pairs *labels = &series[i].labels;
        const char *field =
            bnc_arena_fmt(diags->arena, "%s.dropSeries[%zu].labels", path, i);

        if (labels->n == 0) {
            bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, field,
                         "name at least one label and a regex for its value",
                         "no labels would mean every series");
        }
        for (size_t k = 0; labels->n > 1 && k < labels->n; k++) {
            if (has_anchor(labels->items[k].value)) {
                bnc_diag_add(
                    diags, BNC_REASON_INVALID_REGEX,
                    bnc_arena_fmt(diags->arena, "%s.%s", field, labels->items[k].key),
                    "take ^ and $ out: a regex always has to match the whole value",
                    "an anchor beside other labels never matches");
            }
        }
    }
}
