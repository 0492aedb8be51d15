#include "render/rules.h"

#include <string.h>

#include "render/yaml_out.h"

#define INDENT 2 /* of the groups in a file */

/* ---- versions ------------------------------------------------------------------ */

static bool
knows(const struct bnc_version *version, uint32_t major, uint32_t minor)
{
    const struct bnc_version since = {.major = major, .minor = minor};
    return version == NULL || bnc_version_compare(version, &since) >= 0;
}

static bool
knows_limit(const struct bnc_version *version)
{
    return knows(version, 2, 31);
}

static bool
knows_keep_firing(const struct bnc_version *version)
{
    return knows(version, 2, 42);
}

static bool
knows_offset(const struct bnc_version *version)
{
    return knows(version, 2, 53);
}

static bool
knows_group_labels(const struct bnc_version *version)
{
    return knows(version, 3, 0);
}

static void
left_out(struct bnc_diags *diags, const char *field, const char *since)
{
    bnc_diag_warn(diags, BNC_REASON_UNSUPPORTED_VERSION, field,
                  bnc_arena_fmt(diags->arena, "it needs Prometheus %s", since),
                  "the field is left out");
}

void
bnc_rule_group_gates(const struct bnc_rule_group_spec *group,
                     const struct bnc_version *version, const char *path,
                     struct bnc_diags *diags)
{
    const struct bnc_rule_spec *rules = group->rules.items;

    if (group->limit.set && !knows_limit(version)) {
        left_out(diags, bnc_arena_fmt(diags->arena, "%s.limit", path), "2.31");
    }
    if (group->query_offset != NULL && !knows_offset(version)) {
        left_out(diags, bnc_arena_fmt(diags->arena, "%s.query_offset", path), "2.53");
    }
    for (size_t i = 0; i < group->rules.n && !knows_keep_firing(version); i++) {
        if (rules[i].keep_firing_for != NULL) {
            left_out(
                diags,
                bnc_arena_fmt(diags->arena, "%s.rules[%zu].keep_firing_for", path, i),
                "2.42");
        }
    }
}

/* ---- one group ----------------------------------------------------------------- */

/* Both in byte order of keys; the values of `over` count where both have one. */
static struct bnc_pairs
merged(const struct bnc_pairs *under, const struct bnc_pairs *over,
       struct bnc_arena *arena)
{
    struct bnc_pairs out = {.set = true};
    size_t u = 0;
    size_t o = 0;
    out.items = bnc_arena_array(arena, under->n + over->n, sizeof(*out.items));
    while (u < under->n || o < over->n) {
        int order = u == under->n  ? 1
                    : o == over->n ? -1
                                   : strcmp(under->items[u].key, over->items[o].key);
        out.items[out.n++] = order < 0 ? under->items[u] : over->items[o];
        u += order <= 0 ? 1 : 0;
        o += order >= 0 ? 1 : 0;
    }
    return out;
}

static void
write_pairs(struct bnc_yaml *y, const char *key, const struct bnc_pairs *pairs)
{
    if (pairs->n == 0) {
        return;
    }
    BNC_YAML_MAP (y, key) {
        for (size_t i = 0; i < pairs->n; i++) {
            bnc_yaml_str(y, pairs->items[i].key, pairs->items[i].value);
        }
    }
}

static void
write_rule(struct bnc_yaml *y, const struct bnc_rule_spec *rule,
           const struct bnc_pairs *of_group, const struct bnc_rule_options *options,
           struct bnc_arena *arena)
{
    const char *ns = options->enforced_namespace;
    struct bnc_pair forced = {.key = "namespace", .value = ns};
    const struct bnc_pairs enforced = {.items = &forced, .n = ns == NULL ? 0 : 1};
    struct bnc_pairs labels = rule->labels;

    if (!knows_group_labels(options->version)) {
        labels = merged(of_group, &labels, arena);
    }
    labels = merged(&labels, &enforced, arena);
    BNC_YAML_ITEM (y) {
        bnc_yaml_opt_str(y, "record", rule->record);
        bnc_yaml_opt_str(y, "alert", rule->alert);
        bnc_yaml_str(y, "expr", rule->expr);
        bnc_yaml_opt_str(y, "for", rule->wait);
        if (knows_keep_firing(options->version)) {
            bnc_yaml_opt_str(y, "keep_firing_for", rule->keep_firing_for);
        }
        write_pairs(y, "labels", &labels);
        write_pairs(y, "annotations", &rule->annotations);
    }
}

static void
write_group(struct bnc_yaml *y, const char *name, const struct bnc_rule_group_spec *group,
            const struct bnc_rule_options *options, struct bnc_arena *arena)
{
    const struct bnc_rule_spec *rules = group->rules.items;

    BNC_YAML_ITEM (y) {
        bnc_yaml_str(y, "name", name);
        bnc_yaml_opt_str(y, "interval", group->interval);
        if (knows_offset(options->version)) {
            bnc_yaml_opt_str(y, "query_offset", group->query_offset);
        }
        if (knows_limit(options->version)) {
            bnc_yaml_opt_int(y, "limit", group->limit);
        }
        if (knows_group_labels(options->version)) {
            write_pairs(y, "labels", &group->labels);
        }
        BNC_YAML_SEQ (y, "rules") {
            for (size_t i = 0; i < group->rules.n; i++) {
                write_rule(y, &rules[i], &group->labels, options, arena);
            }
        }
    }
}

enum bnc_code
bnc_rule_group_render(const char *name, const struct bnc_rule_group_spec *group,
                      const struct bnc_rule_options *options, struct bnc_arena *arena,
                      struct bnc_bytes *out, struct bnc_error *err)
{
    struct bnc_yaml y;

    bnc_yaml_start(&y, BNC_YAML_ROOT_SEQ, INDENT, BNC_RULE_GROUP_MAX, arena);
    write_group(&y, name, group, options, arena);
    return bnc_yaml_finish(&y, out, err) ? bnc_wrap(err, "group \"%.200s\"", name)
                                         : BNC_OK;
}

/* ---- counters ------------------------------------------------------------------ */

void
bnc_rule_quote(struct bnc_str *out, const char *text)
{
    bnc_str_putc(out, '"');
    for (const char *s = text; *s != '\0'; s++) {
        if (*s == '\n') {
            bnc_str_puts(out, "\\n");
            continue;
        }
        if (*s == '"' || *s == '\\') {
            bnc_str_putc(out, '\\');
        }
        bnc_str_putc(out, *s);
    }
    bnc_str_putc(out, '"');
}

/* FROM{label=~"regex",...} */
static void
add_selector(struct bnc_str *out, const struct bnc_counter_spec *counter)
{
    bnc_str_puts(out, counter->from);
    for (size_t i = 0; i < counter->where.n; i++) {
        bnc_str_fmt(out, "%s%s=~", i == 0 ? "{" : ",", counter->where.items[i].key);
        bnc_rule_quote(out, counter->where.items[i].value);
    }
    bnc_str_puts(out, counter->where.n > 0 ? "}" : "");
}

void
bnc_counter_group(const struct bnc_counter_spec *counter, struct bnc_arena *arena,
                  struct bnc_rule_group_spec *out)
{
    struct bnc_str expr = bnc_str_new(arena, BNC_RULE_GROUP_MAX);
    struct bnc_rule_spec *rule = bnc_arena_alloc(arena, sizeof(*rule));

    bnc_str_puts(&expr, "sum");
    for (size_t i = 0; i < counter->by.n; i++) {
        bnc_str_fmt(&expr, "%s%s", i == 0 ? " by (" : ", ", counter->by.items[i]);
    }
    bnc_str_puts(&expr, counter->by.n > 0 ? ") (" : "(");
    bnc_str_puts(&expr, counter->rate != NULL ? "rate(" : "");
    add_selector(&expr, counter);
    if (counter->rate != NULL) {
        bnc_str_fmt(&expr, "[%s])", counter->rate);
    }
    bnc_str_putc(&expr, ')');
    *rule = (struct bnc_rule_spec){.record = counter->name, .expr = expr.ptr};
    *out = (struct bnc_rule_group_spec){.name = counter->name,
                                        .rules = {.items = rule, .n = 1, .set = true}};
}
