/*
 * The last step of an Observatory: fragments become pieces, pieces documents,
 * documents the intents of objects.  A piece that is as before costs nothing.
 *
 * Layout Single: a piece is a run of the document, cut where the hash of a job's
 * name says so; packed, it is a block of the gzip stream.  Layout Files: a piece is
 * a file of jobs, the leaf of a trie, in an object of its own.
 *
 * Rule groups are pieces of a second document beside the first, or of files of their
 * own; with slots they are one file, in the root; for pods of prometheus-operator's they
 * are in ConfigMaps.
 */
#ifndef BNC_CONTROLLER_LINK_H
#define BNC_CONTROLLER_LINK_H

#include "controller/hub.h"
#include "lib/hash.h"
#include "lib/zip.h"

#define BNC_OBJECT_DATA_MAX                                                              \
    ((size_t)1024 * 1024) /* what the API server takes in one Secret or ConfigMap */
#define BNC_SLOT_MAX                                                                     \
    ((size_t)450 * 1024) /* two of them, the one before and the one now, fit */
#define BNC_DOCUMENT_MAX  ((size_t)256 * 1024 * 1024)
#define BNC_BLOCK_MAX     ((size_t)128 * 1024)
#define BNC_BLOCK_MODULUS 64 /* a block has this many jobs, more or less */
#define BNC_PACK_STEP     ((size_t)32 * 1024) /* bytes of text packed in one step */
#define BNC_RULES_FILE    "rules.yml"         /* layout Single: beside the document */

/* A text that is joined with others. */
struct bnc_text {
    struct bnc_bytes bytes;
    uint64_t sum; /* of the bytes */
};

/* A run of texts. */
struct bnc_piece {
    enum bnc_section section;
    const char *leaf; /* of the trie; NULL: a run of the document */
    const struct bnc_text *texts;
    size_t n;
    size_t size; /* of the texts together */
    struct bnc_packed *packed;
};

/* What was made of a piece.  Owned by the hub, kept while a link uses it. */
struct bnc_packed {
    struct bnc_zip_block block;
    char sha[BNC_SHA256_HEX]; /* of the text of a file; "": of none */
    uint64_t used;            /* the link that needed it last */
    uint64_t stamp;           /* of the texts */
    uint64_t chain; /* of their stamps and of those of the pieces before it, ... */
    struct bnc_sha256 *after; /* ... whose digest this is; NULL: none yet */
};

/* The digest of a document in the making (link_digest.c). */
struct bnc_link_digest {
    struct bnc_sha256 *sha;
    const struct bnc_sha256 *kept; /* what it is in truth; NULL: `sha` */
    uint64_t chain;                /* of the pieces so far */
};

struct bnc_packing; /* a piece on its way (link_pieces.c) */

/* What the manifest says of one file. */
struct bnc_entry {
    enum bnc_section section;
    const char *file;
    const char *sha;
    size_t size;
    const char *object;
    const char *key;
};

struct bnc_link {
    struct bnc_hub *hub;
    const struct bnc_planner *planner;
    const struct bnc_output_spec *output; /* NULL: no spec.prometheus */
    struct bnc_arena *arena;
    struct bnc_arena *scratch; /* of one object; the arena has what stays */
    struct bnc_diags diags;
    struct bnc_result result;
    struct bnc_desired *desired;
    size_t n;
    size_t room;
    bool whole;   /* nothing is missing so far */
    bool files;   /* layout */
    size_t slots; /* with it: fixed ones in place of parts; 0: none */
    bool zipped;
    size_t n_jobs;  /* units of the plan before the first rule group */
    bool rule_maps; /* they are in ConfigMaps for prometheus-operator's pods */
    const char *const *rule_files; /* that the root names, beside or in other objects */
    size_t n_rule_files;
    int64_t shard;            /* that is worked on */
    struct bnc_piece *pieces; /* those of rule groups are the last */
    size_t n_pieces;
    size_t next_piece;
    size_t next_file;
    struct bnc_packing *packing; /* NULL: none is under way */
    struct bnc_entry *entries;   /* of the files so far; the first is the root */
    size_t n_entries;
    struct bnc_frame frame;
    struct bnc_link_digest digests[BNC_SECTION_COUNT]; /* layout Single */
};

/*
 * Do one step of the hub's link, beginning it if need be; gives how many units of
 * work it was.  When hub->link is NULL after it, it is done: the hub's result and
 * documents are then the new ones.
 */
size_t bnc_link_step(struct bnc_hub *hub, const struct bnc_planner *planner);
void bnc_link_free(struct bnc_link *link); /* NULL is ignored */

/* ---- link.c */

/* What stands around the jobs of the current shard; false: told why there is none. */
bool bnc_link_frame(struct bnc_link *link, const struct bnc_frame_ask *ask);

/* ---- link_pieces.c */

/* What a unit was lowered to for the current shard; NULL: it failed. */
const struct bnc_fragment *bnc_link_fragment(const struct bnc_link *link, size_t unit);
/* Whether the current shard has rule groups. */
bool bnc_link_has_rules(const struct bnc_link *link);
/* The pieces of the documents of the current shard, in order. */
void bnc_link_cut(struct bnc_link *link);
/* The files of the current shard, by leaf. */
void bnc_link_sort(struct bnc_link *link);
/* The files of the current shard, one for each slot (link_slots.c). */
void bnc_link_deal(struct bnc_link *link);
/* The line that every file of a section begins with. */
struct bnc_text bnc_link_head(enum bnc_section section);
/* All rule groups as one file, with slots: one piece more, when there are any. */
void bnc_link_add_rules(struct bnc_link *link);
/* Pack one piece unless that was done before. */
enum bnc_code bnc_link_pack(struct bnc_link *link, struct bnc_piece *piece,
                            struct bnc_error *err) BNC_MUST_CHECK;
/* Begin or go on with it, BNC_PACK_STEP bytes: done when the piece has `packed`. */
enum bnc_code bnc_link_pack_some(struct bnc_link *link, struct bnc_piece *piece,
                                 struct bnc_error *err) BNC_MUST_CHECK;
void bnc_packing_free(struct bnc_packing *packing); /* NULL is ignored */
/* All texts of a piece, one after the other, after what `out` has. */
void bnc_link_add(const struct bnc_piece *piece, struct bnc_str *out);
/* Forget what the last link did not use. */
void bnc_link_forget(struct bnc_hub *hub);
void bnc_packed_free(struct bnc_packed *packed);

/* ---- link_digest.c */

void bnc_link_digest_begin(struct bnc_link *link);
void bnc_link_digest_free(struct bnc_link *link);
/* The next piece of its section's document, packed when the document is. */
void bnc_link_digest_add(struct bnc_link *link, const struct bnc_piece *piece);
/* The SHA-256 of the document of all that was added. */
void bnc_link_digest_end(struct bnc_link *link, enum bnc_section section,
                         char out[BNC_SHA256_HEX]);

/* ---- link_objects.c */

/* The documents of the current shard, whose pieces are packed, as its root object. */
bool bnc_link_document(struct bnc_link *link);
/* A file of the current shard, whose piece is packed, as its part, slot, or key. */
bool bnc_link_file(struct bnc_link *link, const struct bnc_piece *piece);
/* The root that names all of them. */
bool bnc_link_files(struct bnc_link *link);
/* ---- link_beside.c */

/*
 * Certificates and credentials as files of one Secret, and what else the plan asks for.
 * False when something is missing.
 */
bool bnc_link_beside(struct bnc_link *link);

/* ---- link_rule_maps.c */

/*
 * With link->rule_maps, these ConfigMaps, "NAME-rulefiles-N", as prometheus-operator
 * fills them: a file for each unit, in order of their names, the next ConfigMap when one
 * would have over half of what an object takes.  Sets link->rule_files.
 */
void bnc_link_rule_maps(struct bnc_link *link);

#endif
