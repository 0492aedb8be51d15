#include "sync/blame.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sync/yaml_line.h"

#define PROBE_NAME "binnacle.dev/never-loads"

const char bnc_blame_probe_text[] =
    "- job_name: " PROBE_NAME "\n- job_name: " PROBE_NAME "\n";

/* Begins a message that names its job, in quotes, right behind. */
static const struct {
    const char *text;
    bool duplicate;
} openings[] = {
    {"found multiple scrape configs with job name ", true},
    {"scrape timeout greater than scrape interval for scrape config with job name ",
     false},
    {"invalid fallback_scrape_protocol for scrape config with job name ", false},
};

/* Between a message and the name of its job, which ends it. */
static const char closing[] = " for scrape config with job name ";

/* Begins messages that repeat a value without quotes: they may end as they like. */
static const char *const loose[] = {"units: ", "yaml: "};

/* Begins messages that no job can cause. */
static const char *const head_words[] = {
    "found multiple remote ",
    "url for remote_",
    "empty or null remote ",
    "field alerting is not allowed in agent mode",
    "field rule_files is not allowed in agent mode",
    "field remote_read is not allowed in agent mode",
    "invalid rule file path ",
    "invalid scrape config file path ",
};

/* ---- its parts ------------------------------------------------------------------- */

/* A text that Go's %q wrote; false when it is none.  `*rest` is behind it. */
static bool
read_quoted(const char *s, struct bnc_str *out, const char **rest)
{
    const char *end = s + 1;

    if (s[0] != '"') {
        return false;
    }
    while (*end != '\0' && *end != '"') {
        end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
    }
    if (*end != '"') {
        return false;
    }
    *rest = end + 1;
    bnc_str_clear(out);
    bnc_str_add(out, "", 0);
    /* the escapes of Go are among those of YAML */
    bnc_yaml_unquote(out, (struct bnc_bytes){s, (size_t)(end + 1 - s)});
    return true;
}

/* The path as the caller knows it. */
static void
set_file(struct bnc_blame *out, const char *path, size_t n)
{
    static const char link[] = "/current/";
    const size_t skip = sizeof(link) - 1;
    size_t from = 0;
    bool linked = false;

    for (size_t i = 0; i < n; i++) {
        if (i + skip <= n && memcmp(path + i, link, skip) == 0) {
            from = i + skip;
            linked = true;
        } else if (path[i] == '/' && !linked) {
            from = i + 1;
        }
    }
    if (n - from < sizeof(out->file)) {
        memcpy(out->file, path + from, n - from);
        out->file[n - from] = '\0';
    }
}

/* "parsing YAML file PATH: …" and "\"PATH\": …": what is behind, else all. */
static const char *
skip_file(const char *message, struct bnc_blame *out)
{
    static const char opening[] = "parsing YAML file ";
    const size_t skip = sizeof(opening) - 1;

    if (message[0] == '"') {
        const char *end = strstr(message, "\": ");
        if (end != NULL && memchr(message, '/', (size_t)(end - message)) != NULL) {
            set_file(out, message + 1, (size_t)(end - message) - 1);
            return end + 3;
        }
    } else if (bnc_str_starts(message, opening)) {
        const char *end = strstr(message + skip, ": ");
        if (end != NULL) {
            set_file(out, message + skip, (size_t)(end - message) - skip);
            return end + 2;
        }
    }
    return message;
}

static void
add_line(struct bnc_blame *out, const char *digits)
{
    char *end;
    uint64_t line = strtoull(digits, &end, 10);

    if (isdigit((unsigned char)digits[0]) == 0 || end[0] != ':' || end[1] != ' ' ||
        line == 0 || out->n_lines == BNC_BLAME_LINES_MAX) {
        return;
    }
    for (size_t i = 0; i < out->n_lines; i++) {
        if (out->lines[i] == line) {
            return;
        }
    }
    out->lines[out->n_lines++] = line;
}

/* "yaml: line 3: …", or "yaml: unmarshal errors:" and a line for each, "  line 5: …". */
static bool
read_lines(const char *text, struct bnc_blame *out)
{
    static const char one[] = "yaml: line ";
    static const char many[] = "yaml: unmarshal errors:";
    static const char each[] = "\n  line ";

    if (bnc_str_starts(text, one)) {
        add_line(out, text + sizeof(one) - 1);
    } else if (bnc_str_starts(text, many)) {
        const char *next = text + sizeof(many) - 1;
        while (bnc_str_starts(next, each)) {
            add_line(out, next + sizeof(each) - 1);
            next = strchr(next + 1, '\n');
            next = next == NULL ? "" : next;
        }
    }
    return out->n_lines > 0;
}

static bool
set_job(struct bnc_blame *out, const struct bnc_str *name)
{
    if (name->len == 0 || name->len > BNC_JOB_NAME_MAX ||
        strlen(name->ptr) != name->len) {
        return false;
    }
    memcpy(out->job, name->ptr, name->len + 1);
    return true;
}

static bool
read_closing(const char *text, struct bnc_blame *out, struct bnc_str *name)
{
    const char *found = NULL;
    const char *rest;

    for (size_t i = 0; i < BNC_LEN(loose); i++) {
        if (bnc_str_starts(text, loose[i])) {
            return false;
        }
    }
    for (const char *at = strstr(text, closing); at != NULL;
         at = strstr(at + 1, closing)) {
        found = at + sizeof(closing) - 1;
    }
    return found != NULL && read_quoted(found, name, &rest) && *rest == '\0' &&
           set_job(out, name);
}

static bool
read_job(const char *text, struct bnc_blame *out)
{
    struct bnc_str name = bnc_str_new(NULL, (size_t)4 * BNC_JOB_NAME_MAX);
    const char *rest;
    bool good = false;

    for (size_t i = 0; i < BNC_LEN(openings) && !good; i++) {
        good = bnc_str_starts(text, openings[i].text) &&
               read_quoted(text + strlen(openings[i].text), &name, &rest) &&
               set_job(out, &name);
        out->duplicate = good && openings[i].duplicate;
    }
    good = good || read_closing(text, out, &name);
    bnc_str_free(&name);
    return good;
}

static bool
is_head(const char *text)
{
    for (size_t i = 0; i < BNC_LEN(head_words); i++) {
        if (bnc_str_starts(text, head_words[i])) {
            return true;
        }
    }
    return false;
}

/* ---- outside --------------------------------------------------------------------- */

void
bnc_blame_read(const char *message, struct bnc_blame *out)
{
    memset(out, 0, sizeof(*out));
    if (bnc_str_starts(message, "one or more errors occurred while applying ")) {
        out->kind = BNC_BLAME_APPLYING;
        return;
    }
    const char *text = skip_file(message, out);
    if (read_lines(text, out)) {
        out->kind = BNC_BLAME_LINES;
    } else if (read_job(text, out)) {
        out->kind = BNC_BLAME_JOB;
    } else if (is_head(text)) {
        out->kind = BNC_BLAME_HEAD;
    }
}

enum bnc_probe_verdict
bnc_blame_probe_verdict(const char *message)
{
    struct bnc_blame blame;

    bnc_blame_read(message, &blame);
    return blame.kind == BNC_BLAME_JOB && blame.duplicate &&
                   strcmp(blame.job, PROBE_NAME) == 0
               ? BNC_PROBE_GOOD_HALF
               : BNC_PROBE_BAD_HALF;
}
