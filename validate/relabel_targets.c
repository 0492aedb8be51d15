#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "validate/relabel.h"

#define LOOKS_MAX 4096 /* rules looked at before we say "may" */
#define LABEL_MAX 256  /* bytes of a label that a labelmap would start from */

/* As Go's Expand reads a name: letters, digits, _; any byte beyond ASCII may be one. */
static size_t
name_length(const char *s)
{
    size_t n = 0;

    while (isalnum((unsigned char)s[n]) != 0 || s[n] == '_' || (s[n] & 0x80) != 0) {
        n++;
    }
    return n;
}

/* Bytes of a variable; 0 when the "$" stands for itself. */
static size_t
variable_length(const char *s)
{
    if (s[1] != '{') {
        return name_length(s + 1) > 0 ? 1 + name_length(s + 1) : 0;
    }
    size_t n = name_length(s + 2);
    return n > 0 && s[2 + n] == '}' ? 3 + n : 0;
}

/* Bytes of `template` that stand for one byte of the label; 0 when they do not match. */
static size_t
literal_length(const char *template, char byte)
{
    if (byte == '\0' || *template != byte) {
        return 0;
    }
    return template[0] == '$' && template[1] == '$' ? 2 : 1;
}

/*
 * Can `template` give `label` when each variable may be any text?  A pattern with
 * stars; going back to the last star is enough.
 */
static bool
may_give(const char *template, const char *label)
{
    const char *star = NULL; /* the template behind the last variable */
    const char *retry = NULL;

    while (*template != '\0' || *label != '\0') {
        size_t var = *template == '$' ? variable_length(template) : 0;
        size_t literal = literal_length(template, *label);
        if (var > 0) {
            template += var;
            star = template;
            retry = label;
        } else if (literal > 0) {
            template += literal;
            label++;
        } else if (star != NULL && *retry != '\0') {
            template = star;
            label = ++retry;
        } else {
            return false;
        }
    }
    return true;
}

static bool
is_action(const struct bnc_relabel *rule, const char *action)
{
    return strcasecmp(rule->action == NULL ? "replace" : rule->action, action) == 0;
}

bool
bnc_relabel_targets(const struct bnc_relabel *rule, const char *label)
{
    const char *target = rule->target_label == NULL ? "" : rule->target_label;

    if (is_action(rule, "replace")) {
        return may_give(target, label);
    }
    if (is_action(rule, "labelmap")) {
        return may_give(rule->replacement == NULL ? "$1" : rule->replacement, label);
    }
    if (is_action(rule, "hashmod") || is_action(rule, "lowercase") ||
        is_action(rule, "uppercase")) {
        return strcmp(target, label) == 0;
    }
    return false;
}

/*
 * For `PREFIX(.+)` -> $1 with a PREFIX of discovered labels: the label from which
 * this labelmap would make `label`, in `from`.  False for any other labelmap.
 */
static bool
source_of(const struct bnc_relabel *rule, const char *label, char from[LABEL_MAX])
{
    static const char discovered[] = "__meta_";
    const char *regex = rule->regex == NULL ? "" : rule->regex;
    const char *replacement = rule->replacement;
    size_t prefix = 0;

    while (isalnum((unsigned char)regex[prefix]) != 0 || regex[prefix] == '_') {
        prefix++;
    }
    if (strncmp(regex, discovered, strlen(discovered)) != 0 ||
        (strcmp(regex + prefix, "(.+)") != 0 && strcmp(regex + prefix, "(.*)") != 0)) {
        return false;
    }
    if (replacement != NULL && strcmp(replacement, "$1") != 0 &&
        strcmp(replacement, "${1}") != 0) {
        return false;
    }
    size_t n = strlen(label);
    if (n == 0 || label[n - 1] != '_' || prefix + n >= LABEL_MAX) {
        return false;
    }
    memcpy(from, regex, prefix);
    memcpy(from + prefix, label, n + 1);
    return true;
}

static size_t
find_writer(const struct bnc_relabel *rules, size_t n, const char *label, size_t *looks)
{
    for (size_t i = 0; i < n; i++) {
        char from[LABEL_MAX];

        if (++*looks > LOOKS_MAX) {
            return i;
        }
        if (!bnc_relabel_targets(&rules[i], label)) {
            continue;
        }
        if (!is_action(&rules[i], "labelmap") || !source_of(&rules[i], label, from) ||
            find_writer(rules, i, from, looks) < i) {
            return i;
        }
    }
    return n;
}

size_t
bnc_relabel_writer(const struct bnc_relabel *rules, size_t n, const char *label)
{
    size_t looks = 0;

    return find_writer(rules, n, label, &looks);
}
