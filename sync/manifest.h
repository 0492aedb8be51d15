/*
 * Which files a published configuration is made of, and where their content is:
 * the manifest of layout Files, or what stands for it in layout Single.
 */
#ifndef BNC_SYNC_MANIFEST_H
#define BNC_SYNC_MANIFEST_H

#include "lib/hash.h"
#include "lib/str.h"

#define BNC_MANIFEST_KEY       "manifest.json"
#define BNC_MANIFEST_MAX       ((size_t)2 * 1024 * 1024) /* bytes of its text */
#define BNC_MANIFEST_RULES     "rules.yml" /* layout Single: the file of rule groups */
#define BNC_MANIFEST_FILES_MAX 4096
#define BNC_MANIFEST_FILE_MAX  ((uint64_t)256 * 1024 * 1024)  /* bytes of a file */
#define BNC_MANIFEST_TOTAL_MAX ((uint64_t)1024 * 1024 * 1024) /* of all together */

struct bnc_manifest_file {
    const char *name;   /* relative, with '/'; never below "files": assets are there */
    const char *sha256; /* 64 lower-case digits, of the content as it is on disk */
    uint64_t size;      /* bytes of it */
    const char *object; /* its kind and namespace are the root's */
    const char *key;    /* in that object; ends in ".gz": gzip */
};

struct bnc_manifest {
    const char *hash;   /* "sha256:..": what the root is annotated with */
    const char *config; /* the name of the file that Prometheus is given; has no '/' */
    size_t n;
    const struct bnc_manifest_file *files; /* in the order of the manifest */
};

/*
 * Read and check manifest.json: limits, safe names, no file twice or as a folder of
 * another, and its hash, made again and compared with that of the root.
 * Owns:   `out` lives in `arena`; `text` may go.
 * Errors: INVALID and TOO_BIG, naming the file or field.
 */
enum bnc_code
bnc_manifest_parse(struct bnc_arena *arena, struct bnc_bytes text, const char *root_hash,
                   const struct bnc_manifest **out, struct bnc_error *err) BNC_MUST_CHECK;

/* A root of layout Single, and what came out of its keys. */
struct bnc_manifest_single {
    const char *object;
    const char *key;
    const char *sha256; /* of the content, unpacked */
    uint64_t size;
    const char *root_hash; /* its annotation */
    const char *rules_key; /* NULL: it has no rules; what follows is not used then */
    const char *rules_sha256;
    uint64_t rules_size;
};

/*
 * The manifest of one file, named as the key without ".gz", or of two: with rules the
 * hash is made as that of any manifest.
 * Owns:   `out` lives in `arena`.
 * Errors: INVALID when the content is not what the root is annotated with.
 */
enum bnc_code
bnc_manifest_of_single(struct bnc_arena *arena, const struct bnc_manifest_single *single,
                       const struct bnc_manifest **out, struct bnc_error *err)
    BNC_MUST_CHECK;

/* A file by its name; NULL: it has none. */
const struct bnc_manifest_file *
bnc_manifest_find(const struct bnc_manifest *manifest, const char *name);

/* Whether a file of this name, which is not the main one, has rule groups. */
bool bnc_manifest_is_rules(const char *name);

/* Errors: INVALID when a file's content is not what the manifest says. */
enum bnc_code bnc_manifest_check(const struct bnc_manifest_file *file, const char *sha256,
                                 uint64_t size, struct bnc_error *err) BNC_MUST_CHECK;

/*
 * True for a name that stays inside its folder: letters, digits, ".", "_", "-" and
 * "/", at most 255 bytes, no part of it empty, "." or "..".
 */
bool bnc_manifest_name_ok(const char *name);

#endif
