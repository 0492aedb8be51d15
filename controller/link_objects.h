/*
 * What the files that make objects of documents share.  Inside controller/ only.
 */
#ifndef BNC_CONTROLLER_LINK_OBJECTS_H
#define BNC_CONTROLLER_LINK_OBJECTS_H

#include "controller/link.h"
#include "lib/json.h"

/* One object in the making. */
struct bnc_link_object {
    struct bnc_desired desired; /* all but its body */
    const char *data_name;      /* "data", "binaryData" */
    cJSON *data;
    const struct bnc_pairs *labels;      /* in place of the output's; NULL: those */
    const struct bnc_pairs *annotations; /* NULL: none but ours */
    cJSON *more;                         /* a map under another name; NULL: none */
    const char *more_name;
};

/* The root of the current shard: its name, kind and file. */
struct bnc_link_object bnc_link_root(struct bnc_link *link);
const char *bnc_link_root_name(struct bnc_link *link);
enum bnc_kind bnc_link_kind(const struct bnc_link *link);
/* Bytes as the value of a key; it lives until the object is complete. */
cJSON *bnc_link_base64(struct bnc_link *link, struct bnc_bytes bytes);

/* "sha256:HEX" */
void bnc_link_hash(struct bnc_desired *desired, const char *hex);
/* A value under its key, in the map that the kind has for it. */
void bnc_link_value(struct bnc_link *link, struct bnc_link_object *object,
                    const char *key, struct bnc_bytes bytes);
/* False, and told, when `n` bytes of configuration are too much for the root. */
bool bnc_link_fits(struct bnc_link *link, size_t n);
/* It is complete: one more intent. */
void bnc_link_object(struct bnc_link *link, const struct bnc_link_object *object);

#endif
