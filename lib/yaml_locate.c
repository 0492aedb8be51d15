/* From the path of a field to its place in the source: see lib/yaml_in.h. */
#include "lib/yaml_in.h"

#include <stdlib.h>
#include <string.h>

#include "lib/yaml_build.h"
#include "lib/yaml_events.h"

/* One step of a path: a key, or an index when `key` is NULL. */
struct step {
    const char *key;
    size_t length;
    size_t index;
};

struct walk {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    bool failed;        /* the text ends or is wrong here */
    const char *path;   /* what is left of it */
    bool found;
    yaml_mark_t best; /* the deepest that exists */
};

static void
next_event(struct walk *w)
{
    if (w->failed) {
        return;
    }
    yaml_event_delete(&w->event);
    if (!bnc_yaml_events_next(&w->parser, &w->event) ||
        w->event.type == YAML_STREAM_END_EVENT) {
        w->failed = true;
    }
}

static bool
at(const struct walk *w, yaml_event_type_t type)
{
    return !w->failed && w->event.type == type;
}

/*
 * Pass over the value that starts at the current event.  What is nested deeper
 * than the reader allows is not followed: libyaml's time grows with the square.
 */
static void
skip_value(struct walk *w)
{
    size_t depth = 0;
    do {
        if (at(w, YAML_MAPPING_START_EVENT) || at(w, YAML_SEQUENCE_START_EVENT)) {
            depth++;
            w->failed = w->failed || depth > BNC_JSON_DEPTH_MAX;
        } else if (at(w, YAML_MAPPING_END_EVENT) || at(w, YAML_SEQUENCE_END_EVENT)) {
            depth--;
        }
        next_event(w);
    } while (depth > 0 && !w->failed);
}

/* `["key"]` or `['key']`: the quote that counts is the one before `]`. */
static bool
take_quoted(struct walk *w, struct step *out)
{
    const char end[] = {w->path[1], ']', '\0'};
    const char *start = w->path + 2;
    const char *stop = strstr(start, end);
    if (stop == NULL) {
        return false;
    }
    *out = (struct step){.key = start, .length = (size_t)(stop - start)};
    w->path = stop + 2;
    return true;
}

static bool
take_index(struct walk *w, struct step *out)
{
    size_t digits = strspn(w->path + 1, "0123456789");
    if (digits == 0 || digits > 9 || w->path[1 + digits] != ']') {
        return false;
    }
    *out = (struct step){.index = strtoul(w->path + 1, NULL, 10)};
    w->path += digits + 2;
    return true;
}

/* The next step of the path; false at its end or when it is malformed. */
static bool
take_step(struct walk *w, struct step *out)
{
    if (w->path[0] == '[') {
        return w->path[1] == '"' || w->path[1] == '\'' ? take_quoted(w, out)
                                                       : take_index(w, out);
    }
    w->path += w->path[0] == '.';
    size_t length = strcspn(w->path, ".[");
    *out = (struct step){.key = w->path, .length = length};
    w->path += length;
    return length > 0;
}

/* Stop at the value of the key; false when the map has no such key. */
static bool
enter_key(struct walk *w, const struct step *step)
{
    next_event(w); /* the start of the map */
    while (!w->failed && !at(w, YAML_MAPPING_END_EVENT)) {
        if (at(w, YAML_SCALAR_EVENT) && w->event.data.scalar.length == step->length &&
            memcmp(w->event.data.scalar.value, step->key, step->length) == 0) {
            w->best = w->event.start_mark;
            next_event(w);
            return !w->failed;
        }
        skip_value(w); /* the key */
        skip_value(w);
    }
    return false;
}

static bool
enter_index(struct walk *w, size_t index)
{
    next_event(w); /* the start of the list */
    for (; !w->failed && !at(w, YAML_SEQUENCE_END_EVENT); index--) {
        if (index == 0) {
            w->best = w->event.start_mark;
            return true;
        }
        skip_value(w);
    }
    return false;
}

static void
descend(struct walk *w)
{
    struct step step;
    while (take_step(w, &step)) {
        bool entered = false;
        if (step.key != NULL && at(w, YAML_MAPPING_START_EVENT)) {
            entered = enter_key(w, &step);
        } else if (step.key == NULL && at(w, YAML_SEQUENCE_START_EVENT)) {
            entered = enter_index(w, step.index);
        }
        if (!entered) {
            return;
        }
    }
}

static void
walk(struct walk *w, size_t doc_index)
{
    for (size_t starts = 0; !w->failed; next_event(w)) {
        if (at(w, YAML_DOCUMENT_START_EVENT) && starts++ == doc_index) {
            next_event(w);
            w->found = !w->failed;
            w->best = w->event.start_mark;
            descend(w);
            return;
        }
    }
}

bool
bnc_yaml_locate(const char *text, size_t n, size_t doc_index, const char *path,
                size_t *line, size_t *column)
{
    struct walk w = {.path = path};
    if (!bnc_yaml_few_tags(text, n)) {
        return false;
    }
    bnc_yaml_events_open(&w.parser, text, n);
    next_event(&w);
    walk(&w, doc_index);
    yaml_event_delete(&w.event);
    yaml_parser_delete(&w.parser);
    if (w.found) {
        *line = w.best.line + 1;
        *column = w.best.column + 1;
    }
    return w.found;
}
