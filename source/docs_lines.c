/* One pass over a text for the lines of all items of all lists in it. */
#include <string.h>

#include "lib/yaml_events.h"
#include "source/docs_priv.h"

#define LINES_MAX 200000

struct line {
    size_t doc;
    size_t index;
    size_t line;
};

struct bnc_docs_lines {
    struct line *items; /* by doc, then index: the order of the text */
    size_t n;
    size_t room;
};

/* Where in a document the walk is. */
struct walk {
    size_t doc;   /* number of documents begun */
    size_t depth; /* of lists and maps */
    size_t index; /* of the next item */
    bool key;     /* at depth 1: a key comes next */
    bool items;   /* at depth 1: that key was "items" */
    bool inside;  /* the list below "items" */
};

static void
add_line(struct bnc_docs_reader *r, const struct walk *w, size_t line)
{
    struct bnc_docs_lines *lines = r->lines;
    if (lines->n == LINES_MAX) {
        return;
    }
    if (lines->n == lines->room) {
        size_t room = lines->room == 0 ? 64 : lines->room * 2;
        struct line *more = bnc_arena_array(r->arena, room, sizeof(*more));
        if (lines->n > 0) {
            memcpy(more, lines->items, lines->n * sizeof(*more));
        }
        lines->items = more;
        lines->room = room;
    }
    lines->items[lines->n++] = (struct line){w->doc - 1, w->index, line};
}

/* A value of any type begins: at depth 1 keys and values take turns. */
static void
begin_value(struct bnc_docs_reader *r, struct walk *w, const yaml_event_t *event)
{
    if (w->inside && w->depth == 2) {
        add_line(r, w, event->start_mark.line + 1);
        w->index++;
    } else if (w->depth == 1 && w->key) {
        w->items = event->type == YAML_SCALAR_EVENT && event->data.scalar.length == 5 &&
                   memcmp(event->data.scalar.value, "items", 5) == 0;
        w->key = false;
    } else if (w->depth == 1) {
        w->inside = w->items && event->type == YAML_SEQUENCE_START_EVENT;
        w->key = true;
    } else if (w->depth == 0) {
        w->key = event->type == YAML_MAPPING_START_EVENT;
    }
}

static void
take_event(struct bnc_docs_reader *r, struct walk *w, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        *w = (struct walk){.doc = w->doc + 1};
        break;
    case YAML_SCALAR_EVENT:
    case YAML_ALIAS_EVENT:
        begin_value(r, w, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        begin_value(r, w, event);
        w->depth++;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        w->depth--;
        w->inside = w->inside && w->depth > 1;
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    default:
        break;
    }
}

static void
find_lines(struct bnc_docs_reader *r)
{
    struct walk w = {0};
    yaml_parser_t parser;
    yaml_event_t event;

    r->lines = bnc_arena_alloc(r->arena, sizeof(*r->lines));
    bnc_yaml_events_open(&parser, r->input->text.ptr, r->input->text.len);
    for (bool done = false; !done && bnc_yaml_events_next(&parser, &event);) {
        done = event.type == YAML_STREAM_END_EVENT;
        take_event(r, &w, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

size_t
bnc_docs_item_line(struct bnc_docs_reader *r, size_t doc, size_t index)
{
    if (r->lines == NULL) {
        find_lines(r);
    }
    const struct bnc_docs_lines *lines = r->lines;
    size_t low = 0;
    size_t high = lines->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct line *found = &lines->items[middle];
        if (found->doc == doc && found->index == index) {
            return found->line;
        }
        if (found->doc < doc || (found->doc == doc && found->index < index)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return 0;
}
