#include "validate/relabel.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/clip.h"
#include "lib/json.h"
#include "lib/regex.h"

#define SHOWN_MAX 60 /* bytes of a value in a message */
#define SHOWN(s)  bnc_clip(s, SHOWN_MAX), s

enum action {
    REPLACE,
    KEEP,
    DROP,
    KEEPEQUAL,
    DROPEQUAL,
    HASHMOD,
    LABELMAP,
    LABELDROP,
    LABELKEEP,
    LOWERCASE,
    UPPERCASE,
    ACTION_COUNT
};

/* What an action wants of its target label, and what it forbids. */
static const struct {
    const char *name;
    bool needs_target;
    bool fixed_target;      /* a name, never a template */
    bool fixed_replacement; /* nothing but $1 */
    bool only_target;       /* source labels and target only */
    bool only_regex;
} actions[] = {
    [REPLACE] = {"replace", true, false, false, false, false},
    [KEEP] = {"keep", false, false, false, false, false},
    [DROP] = {"drop", false, false, false, false, false},
    [KEEPEQUAL] = {"keepequal", true, true, true, true, false},
    [DROPEQUAL] = {"dropequal", true, true, true, true, false},
    [HASHMOD] = {"hashmod", true, true, false, false, false},
    [LABELMAP] = {"labelmap", false, false, false, false, false},
    [LABELDROP] = {"labeldrop", false, false, false, false, true},
    [LABELKEEP] = {"labelkeep", false, false, false, false, true},
    [LOWERCASE] = {"lowercase", true, true, true, false, false},
    [UPPERCASE] = {"uppercase", true, true, true, false, false},
};
_Static_assert(BNC_LEN(actions) == ACTION_COUNT, "every action needs its row");

/* How the fields are called where the rule stands. */
struct names {
    const char *source_labels, *separator, *regex, *modulus, *target_label, *replacement,
        *action;
};
static const struct names our_names = {"sourceLabels", "separator",   "regex", "modulus",
                                       "targetLabel",  "replacement", "action"};
static const struct names raw_names = {"source_labels", "separator",   "regex", "modulus",
                                       "target_label",  "replacement", "action"};

struct check {
    const struct bnc_relabel *rule;
    const char *path;
    const struct names *names;
    const struct bnc_version *version;
    struct bnc_diags *diags;
};

/* NULL is replace; "" is none, as for Prometheus. */
static enum action
action_of(const struct bnc_relabel *rule)
{
    if (rule->action == NULL) {
        return REPLACE;
    }
    for (int i = 0; i < ACTION_COUNT; i++) {
        if (strcasecmp(actions[i].name, rule->action) == 0) {
            return (enum action)i;
        }
    }
    return ACTION_COUNT;
}

static bool
is_release(const struct bnc_version *version, uint32_t major, uint32_t minor)
{
    return version->major > major || (version->major == major && version->minor >= minor);
}

static const char *
field(const struct check *check, const char *name)
{
    return bnc_arena_fmt(check->diags->arena, "%s.%s", check->path, name);
}

/* ---- label names and templates --------------------------------------------------------
 */

bool
bnc_relabel_label_valid(const char *name, const struct bnc_version *version)
{
    if (name == NULL || name[0] == '\0') {
        return false;
    }
    return is_release(version, 3, 0) ? bnc_utf8_valid(name, strlen(name))
                                     : bnc_label_name_valid(name);
}

static size_t
word(const char *s)
{
    size_t n = 0;

    while (isalnum((unsigned char)s[n]) != 0 || s[n] == '_') {
        n++;
    }
    return n;
}

/* Bytes of the variable that `s` begins with, "$1" or "${name}"; 0 for none. */
static size_t
variable(const char *s)
{
    if (s[0] != '$') {
        return 0;
    }
    if (s[1] != '{') {
        return word(s + 1) > 0 ? 1 + word(s + 1) : 0;
    }
    size_t n = word(s + 2);
    return n > 0 && s[2 + n] == '}' ? 3 + n : 0;
}

/* A label name in which variables may stand, as Prometheus 2 spells it. */
static bool
is_name_template(const char *s)
{
    if (s[0] == '\0' || isdigit((unsigned char)s[0]) != 0) {
        return false;
    }
    while (*s != '\0') {
        size_t n = *s == '$' ? variable(s) : word(s);
        if (n == 0) {
            return false;
        }
        s += n;
    }
    return true;
}

/* ---- checks ---------------------------------------------------------------------------
 */

static void
check_source_labels(const struct check *check)
{
    const struct bnc_texts *labels = &check->rule->source_labels;

    for (size_t i = 0; i < labels->n; i++) {
        if (!bnc_relabel_label_valid(labels->items[i], check->version)) {
            bnc_diag_add(check->diags, BNC_REASON_INVALID_RELABEL,
                         bnc_arena_fmt(check->diags->arena, "%s.%s[%zu]", check->path,
                                       check->names->source_labels, i),
                         "a label name is letters, digits and _, not a digit first",
                         "\"%.*s\" is no label name", SHOWN(labels->items[i]));
        }
    }
}

static void
check_regex(const struct check *check)
{
    const char *regex = check->rule->regex;
    struct bnc_error err = {0};

    if (regex != NULL &&
        bnc_regex_check_within(regex, strlen(regex), &check->diags->effort, &err) &&
        err.message[0] != '\0') {
        bnc_diag_add(check->diags, BNC_REASON_INVALID_REGEX,
                     field(check, check->names->regex), "write it in RE2's syntax",
                     "\"%.*s\": %s", SHOWN(regex), err.message);
    }
}

static bool
is_target_valid(const struct check *check, enum action action)
{
    const char *target = check->rule->target_label;
    bool is_template = strchr(target, '$') != NULL;
    bool may_be = !actions[action].fixed_target ||
                  (action != HASHMOD && !is_release(check->version, 2, 50));

    if (is_template && may_be && !is_release(check->version, 3, 2)) {
        return is_name_template(target);
    }
    return bnc_relabel_label_valid(target, check->version);
}

static void
check_target(const struct check *check, enum action action)
{
    const char *target = check->rule->target_label;

    if (!actions[action].needs_target) {
        return;
    }
    if (target == NULL || target[0] == '\0') {
        bnc_diag_add(check->diags, BNC_REASON_INVALID_RELABEL,
                     field(check, check->names->target_label),
                     "name the label to write or to compare with",
                     "missing: action %s needs it", actions[action].name);
    } else if (!is_target_valid(check, action)) {
        bnc_diag_add(check->diags, BNC_REASON_INVALID_RELABEL,
                     field(check, check->names->target_label),
                     actions[action].fixed_target
                         ? "a label name is letters, digits and _, not a digit first"
                         : "a label name is letters, digits and _, not a digit first; "
                           "variables are $1 or ${1}",
                     "\"%.*s\" is no label name for action %s", SHOWN(target),
                     actions[action].name);
    }
}

static void
check_modulus(const struct check *check, enum action action)
{
    const struct bnc_opt_int *modulus = &check->rule->modulus;

    if (modulus->set && modulus->value < 0) {
        bnc_diag_add(check->diags, BNC_REASON_INVALID_RELABEL,
                     field(check, check->names->modulus), "use a number from 1 on",
                     "%lld is negative", (long long)modulus->value);
    } else if (action == HASHMOD && modulus->value == 0) {
        bnc_diag_add(check->diags, BNC_REASON_INVALID_RELABEL,
                     field(check, check->names->modulus), "use a number from 1 on",
                     "missing or 0: action hashmod divides by it");
    }
}

static void
check_replacement(const struct check *check, enum action action)
{
    const char *replacement = check->rule->replacement;
    bool valid;

    if (action != LABELMAP || replacement == NULL) {
        return;
    }
    if (is_release(check->version, 3, 2)) {
        valid = bnc_relabel_label_valid(replacement, check->version);
    } else {
        valid = is_name_template(replacement);
    }
    if (!valid) {
        bnc_diag_add(check->diags, BNC_REASON_INVALID_RELABEL,
                     field(check, check->names->replacement),
                     "write a label name in which $1 stands for the first group",
                     "\"%.*s\" gives no label name for action labelmap",
                     SHOWN(replacement));
    }
}

static void
check_unused(const struct check *check, enum action action, const char *name, bool used,
             const char *remedy)
{
    if (used) {
        bnc_diag_add(check->diags, BNC_REASON_INVALID_RELABEL, field(check, name), remedy,
                     "may not be set with action %s", actions[action].name);
    }
}

/* Fields that Prometheus refuses beside some actions unless they say the default. */
static void
check_extra(const struct check *check, enum action action)
{
    static const char only_regex[] = "leave only regex and action";
    static const char only_target[] = "leave only the source labels and the target";
    const struct bnc_relabel *rule = check->rule;
    const struct names *names = check->names;
    bool has_separator = rule->separator != NULL && strcmp(rule->separator, ";") != 0;
    bool has_replacement =
        rule->replacement != NULL && strcmp(rule->replacement, "$1") != 0;
    bool has_modulus = rule->modulus.set && rule->modulus.value > 0;
    const char *remedy = actions[action].only_regex ? only_regex : only_target;

    if (actions[action].only_regex || actions[action].only_target) {
        check_unused(check, action, names->separator, has_separator, remedy);
        check_unused(check, action, names->modulus, has_modulus, remedy);
        check_unused(check, action, names->replacement, has_replacement, remedy);
    } else if (actions[action].fixed_replacement) {
        check_unused(check, action, names->replacement, has_replacement, "take it out");
    }
    if (actions[action].only_target) { /* not even the default text */
        check_unused(check, action, names->regex, rule->regex != NULL, remedy);
    }
    if (actions[action].only_regex) {
        check_unused(check, action, names->source_labels, rule->source_labels.n > 0,
                     remedy);
        check_unused(check, action, names->target_label,
                     rule->target_label != NULL && rule->target_label[0] != '\0', remedy);
    }
}

/* Some actions are younger than the oldest Prometheus that there is a word for. */
static void
check_release(const struct check *check, enum action action)
{
    uint32_t since = action == LOWERCASE || action == UPPERCASE   ? 36
                     : action == KEEPEQUAL || action == DROPEQUAL ? 41
                                                                  : 0;
    if (!is_release(check->version, 2, since)) {
        bnc_diag_add(check->diags, BNC_REASON_UNSUPPORTED_VERSION,
                     field(check, check->names->action), "use another action",
                     "%s needs Prometheus 2.%u", actions[action].name, since);
    }
}

static void
run(const struct check *check)
{
    enum action action = action_of(check->rule);

    check_source_labels(check);
    check_regex(check);
    if (action == ACTION_COUNT) {
        bnc_diag_add(check->diags, BNC_REASON_INVALID_RELABEL,
                     field(check, check->names->action),
                     "use replace, keep, drop, hashmod, labelmap, labeldrop, labelkeep, "
                     "lowercase, uppercase, keepequal or dropequal",
                     "\"%.*s\" is no relabel action", SHOWN(check->rule->action));
        return;
    }
    check_release(check, action);
    check_modulus(check, action);
    check_target(check, action);
    check_replacement(check, action);
    check_extra(check, action);
}

void
bnc_relabel_check(const struct bnc_relabel *rule, const char *path,
                  const struct bnc_version *version, struct bnc_diags *diags)
{
    const struct check check = {.rule = rule,
                                .path = path,
                                .names = &our_names,
                                .version = version,
                                .diags = diags};
    run(&check);
}

static struct bnc_texts
texts_of(const cJSON *list, struct bnc_arena *arena)
{
    struct bnc_texts texts = {0};
    const cJSON *item;

    if (!cJSON_IsArray(list)) {
        return texts;
    }
    texts.items =
        bnc_arena_array(arena, (size_t)cJSON_GetArraySize(list), sizeof(*texts.items));
    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item)) {
            texts.items[texts.n++] = item->valuestring;
        }
    }
    texts.set = texts.n > 0;
    return texts;
}

void
bnc_relabel_json_check(const cJSON *rule, const char *path,
                       const struct bnc_version *version, struct bnc_diags *diags)
{
    struct bnc_relabel decoded = {
        .source_labels = texts_of(bnc_json_get(rule, "source_labels"), diags->arena),
        .separator = bnc_json_get_str(rule, "separator"),
        .regex = bnc_json_get_str(rule, "regex"),
        .target_label = bnc_json_get_str(rule, "target_label"),
        .replacement = bnc_json_get_str(rule, "replacement"),
        .action = bnc_json_get_str(rule, "action"),
    };
    const struct check check = {.rule = &decoded,
                                .path = path,
                                .names = &raw_names,
                                .version = version,
                                .diags = diags};

    decoded.modulus.set = bnc_json_get_int(rule, "modulus", &decoded.modulus.value);
    run(&check);
}
