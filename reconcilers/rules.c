#include "reconcilers/rules.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define REGEX_MAX ((size_t)4 * 1024 * 1024)

struct bnc_rules
bnc_rules_new(struct bnc_arena *arena)
{
    return (struct bnc_rules){.arena = arena};
}

void
bnc_rules_add(struct bnc_rules *rules, const struct bnc_relabel *rule)
{
    if (rules->n == rules->room) {
        size_t room = rules->room == 0 ? 16 : rules->room * 2;
        struct bnc_relabel *items = bnc_arena_array(rules->arena, room, sizeof(*items));
        if (rules->n > 0) {
            memcpy(items, rules->items, rules->n * sizeof(*items));
        }
        rules->items = items;
        rules->room = room;
    }
    rules->items[rules->n++] = *rule;
}

void
bnc_rules_add_list(struct bnc_rules *rules, const struct bnc_list *list)
{
    const struct bnc_relabel *items = list->items;
    for (size_t i = 0; i < list->n; i++) {
        bnc_rules_add(rules, &items[i]);
    }
}

struct bnc_texts
bnc_sources(struct bnc_arena *arena, ...)
{
    struct bnc_texts texts = {.set = true};
    va_list args;

    va_start(args, arena);
    while (va_arg(args, const char *) != NULL) {
        texts.n++;
    }
    va_end(args);
    texts.items = bnc_arena_array(arena, texts.n, sizeof(*texts.items));
    va_start(args, arena);
    for (size_t i = 0; i < texts.n; i++) {
        texts.items[i] = va_arg(args, const char *);
    }
    va_end(args);
    return texts;
}

static const char *
quote(const char *text, const char *special, char with, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, REGEX_MAX);
    bnc_str_puts(&out, "");
    for (const char *p = text; *p != '\0'; p++) {
        if (strchr(special, *p) != NULL) {
            bnc_str_putc(&out, with);
        }
        bnc_str_putc(&out, *p);
    }
    return out.ptr;
}

const char *
bnc_regex_quote(const char *text, struct bnc_arena *arena)
{
    return quote(text, "\\.+*?()|[]{}^$", '\\', arena);
}

const char *
bnc_replacement_quote(const char *text, struct bnc_arena *arena)
{
    return quote(text, "$", '$', arena);
}

const char *
bnc_sanitize(const char *name, struct bnc_arena *arena)
{
    char *copy = bnc_arena_strdup(arena, name);
    for (char *p = copy; *p != '\0'; p++) {
        bool good = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                    (*p >= '0' && *p <= '9') || *p == '_';
        if (!good) {
            *p = '_';
        }
    }
    return copy;
}

void
bnc_rules_copy(struct bnc_rules *rules, const char *source, const char *target)
{
    struct bnc_relabel rule = {.source_labels = bnc_sources(rules->arena, source, NULL),
                               .regex = "(.+)",
                               .target_label = target};
    bnc_rules_add(rules, &rule);
}

void
bnc_rules_set(struct bnc_rules *rules, const char *target, const char *text)
{
    struct bnc_relabel rule = {.target_label = target,
                               .replacement = bnc_replacement_quote(text, rules->arena)};
    bnc_rules_add(rules, &rule);
}

void
bnc_rules_filter(struct bnc_rules *rules, const char *action, const char *source,
                 const char *regex)
{
    struct bnc_relabel rule = {.source_labels = bnc_sources(rules->arena, source, NULL),
                               .regex = regex,
                               .action = action};
    bnc_rules_add(rules, &rule);
}

/* ---- selectors ----------------------------------------------------------------- */

static const char *
label_meta(const char *middle, const char *key, struct bnc_arena *arena)
{
    return bnc_arena_fmt(arena, BNC_META "pod_%s_%s", middle, bnc_sanitize(key, arena));
}

/* "(a|b)" with each value quoted. */
static const char *
values_regex(const char *const *values, size_t n, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, REGEX_MAX);
    bnc_str_putc(&out, '(');
    for (size_t i = 0; i < n; i++) {
        bnc_str_fmt(&out, "%s%s", i == 0 ? "" : "|", bnc_regex_quote(values[i], arena));
    }
    bnc_str_putc(&out, ')');
    return out.ptr;
}

/* What one requirement asks of the discovery's labels. */
struct condition {
    struct bnc_texts sources;
    const char *regex;
    bool negative; /* the pod is out when it matches */
};

static struct condition
requirement_condition(const struct bnc_requirement *item, struct bnc_arena *arena)
{
    const char *present = label_meta("labelpresent", item->key, arena);
    const char *label = label_meta("label", item->key, arena);

    switch (item->op) {
    case BNC_SELECTOR_IN:
    case BNC_SELECTOR_NOT_IN:
        return (struct condition){
            .sources = bnc_sources(arena, label, present, NULL),
            .regex = bnc_arena_fmt(
                arena, "%s;true",
                values_regex((const char *const *)item->values, item->n_values, arena)),
            .negative = item->op == BNC_SELECTOR_NOT_IN};
    case BNC_SELECTOR_EXISTS:
    case BNC_SELECTOR_DOES_NOT_EXIST:
        break;
    }
    return (struct condition){.sources = bnc_sources(arena, present, NULL),
                              .regex = "true",
                              .negative = item->op == BNC_SELECTOR_DOES_NOT_EXIST};
}

void
bnc_rules_keep_selected(struct bnc_rules *rules, const struct bnc_selector *selector)
{
    for (size_t i = 0; i < selector->n; i++) {
        struct condition c = requirement_condition(&selector->items[i], rules->arena);
        struct bnc_relabel rule = {.action = c.negative ? "drop" : "keep",
                                   .source_labels = c.sources,
                                   .regex = c.regex};
        bnc_rules_add(rules, &rule);
    }
}

/* Conditions that must all hold, joined into one rule's sources and regex. */
struct conjunction {
    struct bnc_arena *arena;
    struct bnc_texts sources;
    size_t room;
    struct bnc_str regex;
};

static void
conjunction_add(struct conjunction *all, const struct bnc_texts *sources,
                const char *regex)
{
    for (size_t i = 0; i < sources->n; i++) {
        if (all->sources.n == all->room) {
            size_t room = all->room == 0 ? 8 : all->room * 2;
            const char **items = bnc_arena_array(all->arena, room, sizeof(*items));
            if (all->sources.n > 0) {
                memcpy(items, all->sources.items, all->sources.n * sizeof(*items));
            }
            all->sources.items = items;
            all->room = room;
        }
        all->sources.items[all->sources.n++] = sources->items[i];
    }
    all->sources.set = true;
    bnc_str_fmt(&all->regex, "%s%s", all->regex.len == 0 ? "" : ";", regex);
}

void
bnc_rules_flag_selected(struct bnc_rules *rules, const struct bnc_selector *selector,
                        const struct bnc_scope *scope, const char *port_source,
                        const char *port_regex, const char *flag)
{
    struct bnc_arena *arena = rules->arena;
    struct conjunction all = {.arena = arena, .regex = bnc_str_new(arena, REGEX_MAX)};

    if (scope != NULL && !scope->all) {
        struct bnc_texts source = bnc_sources(arena, BNC_META "namespace", NULL);
        conjunction_add(&all, &source,
                        values_regex(scope->names.items, scope->names.n, arena));
    }
    if (port_source != NULL) {
        struct bnc_texts source = bnc_sources(arena, port_source, NULL);
        conjunction_add(&all, &source, port_regex);
    }
    for (size_t i = 0; i < selector->n; i++) {
        struct condition c = requirement_condition(&selector->items[i], arena);
        if (!c.negative) {
            conjunction_add(&all, &c.sources, c.regex);
        }
    }
    struct bnc_relabel set = {.target_label = flag, .replacement = "1"};
    if (all.sources.n > 0) {
        set.source_labels = all.sources;
        set.regex = all.regex.ptr;
    }
    bnc_rules_add(rules, &set);
    for (size_t i = 0; i < selector->n; i++) {
        struct condition c = requirement_condition(&selector->items[i], arena);
        if (c.negative) {
            struct bnc_relabel unset = {.source_labels = c.sources,
                                        .regex = c.regex,
                                        .target_label = flag,
                                        .replacement = ""};
            bnc_rules_add(rules, &unset);
        }
    }
}

/* ---- pods ---------------------------------------------------------------------- */

void
bnc_rules_pod_address(struct bnc_rules *rules, int64_t port)
{
    struct bnc_arena *arena = rules->arena;
    struct bnc_relabel four = {
        .source_labels = bnc_sources(arena, BNC_META "pod_ip", NULL),
        .regex = "([^:]+)",
        .target_label = "__address__",
        .replacement = bnc_arena_fmt(arena, "$1:%lld", (long long)port)};
    struct bnc_relabel six = {
        .source_labels = bnc_sources(arena, BNC_META "pod_ip", NULL),
        .regex = "(.*:.*)",
        .target_label = "__address__",
        .replacement = bnc_arena_fmt(arena, "[$1]:%lld", (long long)port)};
    bnc_rules_filter(rules, "keep", BNC_META "pod_ip", ".+");
    bnc_rules_add(rules, &four);
    bnc_rules_add(rules, &six);
}

void
bnc_rules_pod_labels(struct bnc_rules *rules, bool container)
{
    static const struct {
        const char *source;
        const char *target;
    } rows[] = {
        {BNC_META "namespace", "namespace"},
        {BNC_META "pod_name", "pod"},
        {BNC_META "pod_node_name", "node"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_rules_copy(rules, rows[i].source, rows[i].target);
    }
    if (container) {
        bnc_rules_copy(rules, BNC_META "pod_container_name", "container");
    }
}

static int
compare_identity(const void *a, const void *b)
{
    const struct bnc_identity *x = *(const struct bnc_identity *const *)a;
    const struct bnc_identity *y = *(const struct bnc_identity *const *)b;
    int c = strcmp(x->ns, y->ns);
    if (c == 0) {
        c = strcmp(x->controller_kind, y->controller_kind);
    }
    if (c == 0) {
        c = (int)x->suffix - (int)y->suffix;
    }
    return c != 0 ? c : strcmp(x->name, y->name);
}

/*
 * A ReplicaSet's name is its Deployment's with a hash (of letters that make no
 * words, and no '-'), a Job's its CronJob's with the scheduled minute: so "web"
 * never takes "web-api"'s pods.
 */
static const char *const suffix_regex[] = {
    [BNC_IDENTITY_EXACT] = "",
    [BNC_IDENTITY_HASH] = "-" BNC_HASH_REGEX,
    [BNC_IDENTITY_TIME] = "-" BNC_TIME_REGEX,
};

bool
bnc_identity_fits(const char *name, const char *stem, int suffix)
{
    size_t n = strlen(stem);
    if (suffix == BNC_IDENTITY_EXACT) {
        return strcmp(name, stem) == 0;
    }
    if (strncmp(name, stem, n) != 0 || name[n] != '-') {
        return false;
    }
    const char *last = name + n + 1;
    size_t length = strlen(last);
    if (suffix == BNC_IDENTITY_TIME) { /* BNC_TIME_REGEX */
        return length >= 8 && length <= 10 && strspn(last, "0123456789") == length;
    }
    return length > 0 && strspn(last, BNC_HASH_LETTERS) == length;
}

struct bnc_identity
bnc_identity_of(const char *ns, const struct bnc_workload_ref *ref)
{
    bool deployment = bnc_str_eq(ref->kind, "Deployment");
    bool cron = bnc_str_eq(ref->kind, "CronJob");
    const char *kind = cron ? "Job" : ref->kind;

    return (struct bnc_identity){.ns = ns,
                                 .controller_kind = deployment ? "ReplicaSet" : kind,
                                 .name = ref->name,
                                 .suffix = deployment ? BNC_IDENTITY_HASH
                                           : cron     ? BNC_IDENTITY_TIME
                                                      : BNC_IDENTITY_EXACT};
}

bool
bnc_port_is_number(const char *port)
{
    return port[0] != '\0' && strspn(port, "0123456789") == strlen(port);
}

/* The names of one group, "(?:a|b)SUFFIX" and the part for the pod's own name. */
static size_t
add_group(struct bnc_str *out, const struct bnc_identity *const *items, size_t n,
          struct bnc_arena *arena)
{
    const struct bnc_identity *first = items[0];
    bool bare = first->controller_kind[0] == '\0';
    size_t end = 0;

    /* a pod by its own name may be controlled: a node's static pod is */
    bnc_str_puts(out, bare ? "[^;]*;[^;]*;(?:" : first->controller_kind);
    bnc_str_puts(out, bare ? "" : ";(?:");
    while (end < n && strcmp(items[end]->ns, first->ns) == 0 &&
           strcmp(items[end]->controller_kind, first->controller_kind) == 0 &&
           items[end]->suffix == first->suffix) {
        if (end == 0 || strcmp(items[end]->name, items[end - 1]->name) != 0) {
            bnc_str_fmt(out, "%s%s", end == 0 ? "" : "|",
                        bnc_regex_quote(items[end]->name, arena));
        }
        end++;
    }
    bnc_str_fmt(out, ")%s%s", suffix_regex[first->suffix], bare ? "" : ";.*");
    return end;
}

const char *
bnc_identity_regex(const struct bnc_identity *const *items, size_t n,
                   struct bnc_arena *arena)
{
    const struct bnc_identity **sorted = bnc_arena_array(arena, n + 1, sizeof(*sorted));
    struct bnc_str out = bnc_str_new(arena, REGEX_MAX);

    if (n > 0) {
        memcpy(sorted, items, n * sizeof(*sorted));
        qsort(sorted, n, sizeof(*sorted), compare_identity);
    }
    for (size_t i = 0; i < n;) {
        const char *ns = sorted[i]->ns;
        bnc_str_fmt(&out, "%s%s;(?:", i == 0 ? "" : "|", ns);
        bool first = true;
        while (i < n && strcmp(sorted[i]->ns, ns) == 0) {
            bnc_str_puts(&out, first ? "" : "|");
            i += add_group(&out, sorted + i, n - i, arena);
            first = false;
        }
        bnc_str_putc(&out, ')');
    }
    return out.ptr == NULL ? "" : out.ptr;
}

struct bnc_texts
bnc_identity_sources(struct bnc_arena *arena)
{
    return bnc_sources(arena, BNC_META "namespace", BNC_META "pod_controller_kind",
                       BNC_META "pod_controller_name", BNC_META "pod_name", NULL);
}
