/*
 * Manifests (YAML or JSON, many documents, lists) as objects, checked as the API
 * server would before it takes them.
 */
#ifndef BNC_SOURCE_DOCS_H
#define BNC_SOURCE_DOCS_H

#include "lib/error.h"
#include "lib/str.h"
#include "model/object.h"
#include "source/problem.h"

#define BNC_DOCS_FILE_MAX     ((size_t)16 * 1024 * 1024) /* bytes of one file */
#define BNC_DOCS_TOTAL_MAX    ((size_t)64 * 1024 * 1024) /* bytes of all files */
#define BNC_DOCS_OBJECTS_MAX  ((size_t)50000)            /* of all files */
#define BNC_DOCS_PROBLEMS_MAX ((size_t)100)              /* told of one file */

struct bnc_docs_input {
    const char *file; /* for origins and problems */
    struct bnc_bytes text;
    const char *default_ns; /* NULL: "default" */
    size_t max_objects;     /* what others leave of BNC_DOCS_OBJECTS_MAX */
};

struct bnc_docs_ops {
    /* An object of a kind that is read, origin "file:line".  Takes the reference. */
    void (*on_object)(void *arg, struct bnc_object *object, size_t line);
    bnc_problem_fn on_problem;
};

struct bnc_docs_counts {
    size_t objects;
    size_t ignored;  /* of kinds that are not read */
    size_t problems; /* also those beyond BNC_DOCS_PROBLEMS_MAX, which are not told */
};

/*
 * Read all documents of one text.  An object with a problem is left out, the
 * others count: BNC_OK.  uid, resourceVersion, generation, deletion and status
 * of a dump are dropped; stringData of a Secret is folded into data.
 * Errors: INVALID (no YAML or JSON), TOO_BIG (bytes, depth, objects): each told
 *         to on_problem as well; what came before it should not be used.
 */
enum bnc_code
bnc_docs_read(const struct bnc_docs_input *input, const struct bnc_docs_ops *ops,
              void *arg, struct bnc_docs_counts *counts, struct bnc_error *err)
    BNC_MUST_CHECK;

#endif
