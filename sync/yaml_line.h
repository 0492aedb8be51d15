/*
 * The lines of YAML that our own writer has made, while its bytes arrive: indentation,
 * key and value of each, in the memory of one line.  No YAML reader: levels that are
 * written in braces, and quoted text over more than one line, mean nothing to it.
 */
#ifndef BNC_SYNC_YAML_LINE_H
#define BNC_SYNC_YAML_LINE_H

#include "lib/str.h"

#define BNC_YAML_LINE_MAX ((size_t)16 * 1024) /* bytes of a line that are looked at */

enum bnc_line_part {
    BNC_LINE_WHOLE,
    BNC_LINE_HEAD, /* the first BNC_YAML_LINE_MAX bytes of a longer one */
    BNC_LINE_REST  /* some more of it; only `raw` is set */
};

/* Borrowed for the call. */
struct bnc_yaml_line {
    enum bnc_line_part part;
    struct bnc_bytes raw;   /* as it came, with its line break */
    uint64_t number;        /* from 1 */
    bool in_text;           /* inside a literal block: has no key, whatever it says */
    bool empty;             /* nothing, or a comment */
    bool item;              /* begins with "- " */
    size_t indent;          /* blanks before all else */
    size_t column;          /* of the key or value, behind the dash */
    struct bnc_bytes key;   /* as written; len 0: none */
    struct bnc_bytes value; /* as written, with its quotes, without blanks around */
};

typedef void (*bnc_yaml_line_fn)(void *arg, const struct bnc_yaml_line *line);

struct bnc_yaml_lines {
    bnc_yaml_line_fn fn;
    void *arg;
    struct bnc_str held; /* what came of the current line */
    uint64_t number;
    bool too_long;     /* the current line is: its rest is passed on */
    bool in_text;      /* below a key whose value is a literal block */
    size_t text_above; /* lines indented more than this belong to it */
};

/* Owns: the caller; release with bnc_yaml_lines_free(). */
void bnc_yaml_lines_init(struct bnc_yaml_lines *lines, bnc_yaml_line_fn fn, void *arg);
void bnc_yaml_lines_free(struct bnc_yaml_lines *lines);

/* `fn` is called for every line that is whole by now, or too long. */
void bnc_yaml_lines_feed(struct bnc_yaml_lines *lines, const char *bytes, size_t n);

/* The last line, when no line break ended it. */
void bnc_yaml_lines_finish(struct bnc_yaml_lines *lines);

/* True for exactly this text, as written. */
bool bnc_yaml_text_is(struct bnc_bytes bytes, const char *text);

/* True for "|", "|-", ">+" and the like: the value is in the lines below. */
bool bnc_yaml_is_block(struct bnc_bytes value);

/* Add what a value means: plain, 'single' or "double" quoted (YAML 1.1, chapter 5.7). */
void bnc_yaml_unquote(struct bnc_str *out, struct bnc_bytes value);

/* Add a code point as UTF-8; what is none becomes U+FFFD. */
void bnc_yaml_add_code(struct bnc_str *out, uint32_t code);

#endif
