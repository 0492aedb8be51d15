#include "controller/endpoints_health.h"

#include <assert.h>
#include <string.h>

void
bnc_checks_add(struct bnc_checks *checks, const char *name, const char *failure)
{
    assert(checks->n < BNC_CHECKS_MAX);
    checks->list[checks->n++] = (struct bnc_check){name, failure};
}

const char *
bnc_check_watch(const struct bnc_source_watch *watch, struct bnc_arena *arena)
{
    if (watch->error[0] != '\0' || watch->silent_ms <= BNC_WATCH_SILENT) {
        return NULL;
    }
    return bnc_arena_fmt(arena, "nothing heard of %s%s%s%s%s for 15 min",
                         bnc_kind_info(watch->kind)->plural,
                         watch->ns[0] == '\0' ? "" : " in ", watch->ns,
                         watch->name[0] == '\0' ? "" : "/", watch->name);
}

/* The next "key=value" of a query; false at its end. */
static bool
next_pair(const char **at, const char **pair, size_t *n)
{
    *at += strspn(*at, "&");
    *pair = *at;
    *n = strcspn(*at, "&");
    *at += *n;
    return *n > 0;
}

bool
bnc_query_has(const char *query, const char *key)
{
    const char *pair = NULL;
    size_t n = 0;
    size_t length = strlen(key);
    while (next_pair(&query, &pair, &n)) {
        if (n >= length && strncmp(pair, key, length) == 0 &&
            (n == length || pair[length] == '=')) {
            return true;
        }
    }
    return false;
}

static bool
is_excluded(const char *query, const char *name)
{
    static const char key[] = "exclude=";
    const char *pair = NULL;
    size_t n = 0;
    while (next_pair(&query, &pair, &n)) {
        if (n == strlen(key) + strlen(name) && strncmp(pair, key, strlen(key)) == 0 &&
            strncmp(pair + strlen(key), name, strlen(name)) == 0) {
            return true;
        }
    }
    return false;
}

/* What follows "/readyz/" in the path; NULL: all checks are asked for. */
static const char *
one_name(const struct bnc_checks *checks, const char *path)
{
    const char *rest = path + 1 + strlen(checks->endpoint);
    return rest[0] == '/' && rest[1] != '\0' ? rest + 1 : NULL;
}

static void
add_line(struct bnc_str *out, const struct bnc_check *check, bool excluded)
{
    if (excluded) {
        bnc_str_fmt(out, "[+]%s excluded: ok\n", check->name);
    } else if (check->failure == NULL) {
        bnc_str_fmt(out, "[+]%s ok\n", check->name);
    } else {
        bnc_str_fmt(out, "[-]%s failed: %s\n", check->name, check->failure);
    }
}

int
bnc_checks_answer(const struct bnc_checks *checks, const struct bnc_checks_ask *ask,
                  struct bnc_str *out)
{
    const char *only = one_name(checks, ask->path);
    size_t met = 0;
    bool failed = false;

    for (size_t i = 0; i < checks->n; i++) {
        const struct bnc_check *check = &checks->list[i];
        if (only == NULL || strcmp(only, check->name) == 0) {
            bool excluded = only == NULL && is_excluded(ask->query, check->name);
            met++;
            failed = failed || (check->failure != NULL && !excluded);
            add_line(out, check, excluded);
        }
    }
    if (only != NULL && met == 0) {
        bnc_str_clear(out);
        bnc_str_fmt(out, "%s has no check of that name\n", checks->endpoint);
        return 404;
    }
    if (failed || bnc_query_has(ask->query, "verbose")) {
        bnc_str_fmt(out, "%s check %s\n", checks->endpoint, failed ? "failed" : "passed");
    } else {
        bnc_str_clear(out);
        bnc_str_puts(out, "ok");
    }
    return failed ? 500 : 200;
}
