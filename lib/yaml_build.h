/*
 * From libyaml's events to trees: the part of yaml_in.c that builds.
 */
#ifndef BNC_LIB_YAML_BUILD_H
#define BNC_LIB_YAML_BUILD_H

#include <yaml.h>

#include "lib/yaml_in.h"

struct bnc_yaml_frame; /* a list or map that is not finished */

/* A finished value with what it weighs, its aliases expanded. */
struct bnc_yaml_value {
    cJSON *item;
    size_t nodes;
    size_t height; /* 0: a scalar */
    yaml_mark_t mark;
};

struct bnc_yaml_anchor {
    const char *name;
    struct bnc_yaml_value value; /* item is NULL while it is open */
};

struct bnc_yaml_build {
    const struct bnc_yaml_limits *limits;
    struct bnc_arena *arena;
    struct bnc_error *err;
    struct bnc_yaml_frame *frames;
    size_t depth;
    size_t frame_room;
    size_t nodes; /* so far, in all documents */
    struct bnc_yaml_anchor anchors[BNC_YAML_ANCHORS_MAX];
    size_t n_anchors;
    struct bnc_yaml_value root;
    struct bnc_yaml_docs docs;
    size_t docs_room;
};

/* Take one event; `docs` is complete after the stream's end. */
enum bnc_code
bnc_yaml_build(struct bnc_yaml_build *b, const yaml_event_t *event) BNC_MUST_CHECK;

/*
 * False with too many %TAG lines: libyaml compares each with all before it, in
 * one call that nobody can stop.
 */
bool bnc_yaml_few_tags(const char *text, size_t n);

/* "line 12, column 3: ..." with positions counted from 1. */
enum bnc_code bnc_yaml_fail_at(struct bnc_error *err, yaml_mark_t mark,
                               enum bnc_code code, const char *fmt, ...) BNC_PRINTF(4, 5);

#endif
