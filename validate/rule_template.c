#include "validate/rule_template.h"

#include <string.h>

#include "lib/str.h"

#define BLANK " \t\r\n"

/* Behind the text that is quoted at `s`; NULL: it is not closed. */
static const char *
skip_quoted(const char *s)
{
    char quote = *s++;
    for (; *s != quote; s++) {
        if (*s == '\\' && quote != '`') {
            s++;
        }
        if (*s == '\0' || (*s == '\n' && quote != '`')) {
            return NULL;
        }
    }
    return s + 1;
}

/* The "}}" of the action that begins at `s`, behind its "{{"; NULL: there is none. */
static const char *
action_end(const char *s)
{
    while (s != NULL && *s != '\0' && !bnc_str_starts(s, "}}")) {
        s = strchr("\"`'", *s) != NULL ? skip_quoted(s) : s + 1;
    }
    return s == NULL || *s == '\0' ? NULL : s;
}

static bool
is_word(const char *s, size_t n, const char *const *words, size_t n_words)
{
    for (size_t i = 0; i < n_words; i++) {
        if (strlen(words[i]) == n && strncmp(words[i], s, n) == 0) {
            return true;
        }
    }
    return false;
}

/* What is between "{{" and "}}"; the blocks that are open then in *depth. */
static const char *
check_action(const char *s, const char *end, size_t *depth, struct bnc_arena *arena)
{
    static const char *const opens[] = {"if", "range", "with", "block", "define"};
    static const char *const closes[] = {"end"};
    static const char *const inside[] = {"else", "break", "continue"};

    size_t n = strcspn(s, BLANK "}(");
    if (s >= end) {
        return "an action {{ }} is empty";
    }
    if (is_word(s, n, opens, BNC_LEN(opens))) {
        (*depth)++;
        return NULL;
    }
    bool close = is_word(s, n, closes, BNC_LEN(closes));
    if ((close || is_word(s, n, inside, BNC_LEN(inside))) && *depth == 0) {
        return bnc_arena_fmt(arena, "{{ %.*s }} has no beginning", (int)n, s);
    }
    *depth -= close ? 1 : 0;
    return NULL;
}

/* The action behind a "{{"; its end in *end, NULL: there is none. */
static const char *
take_action(const char *s, const char **end, size_t *depth, struct bnc_arena *arena)
{
    if (*s == '-' && s[1] != '\0' && strchr(BLANK, s[1]) != NULL) {
        s++; /* it takes away the blanks before it */
    }
    s += strspn(s, BLANK);
    if (bnc_str_starts(s, "/*")) {
        *end = strstr(s, "*/");
        *end = *end == NULL ? NULL : strstr(*end, "}}");
        return NULL;
    }
    *end = action_end(s);
    return *end == NULL ? NULL : check_action(s, *end, depth, arena);
}

const char *
bnc_rule_template_problem(const char *text, struct bnc_arena *arena)
{
    size_t depth = 0;

    for (const char *s = strstr(text, "{{"); s != NULL; s = strstr(s, "{{")) {
        const char *end = NULL;
        const char *problem = take_action(s + 2, &end, &depth, arena);
        if (problem != NULL) {
            return problem;
        }
        if (end == NULL) {
            return "\"{{\" is not closed with \"}}\"";
        }
        s = end + 2;
    }
    return depth > 0 ? "{{ end }} is missing" : NULL;
}
