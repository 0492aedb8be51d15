/*
 * What is wrong with an input file: where it is, what it is, what would be right.
 */
#ifndef BNC_SOURCE_PROBLEM_H
#define BNC_SOURCE_PROBLEM_H

#include "model/reason.h"

/* Texts are borrowed for the call and never NULL but `remedy`. */
struct bnc_problem {
    enum bnc_reason reason;
    const char *file; /* as it was found: "manifests/web.yaml" */
    size_t line;      /* from 1; 0: the file as a whole */
    size_t column;    /* from 1; 0: not known */
    const char *kind; /* of the object; "" when it is not known, as the next two */
    const char *ns;
    const char *name;
    const char *field;   /* "metadata.name"; "" for the object or file as a whole */
    const char *message; /* no secret value is in it */
    const char *remedy;  /* NULL: none */
};

typedef void (*bnc_problem_fn)(void *arg, const struct bnc_problem *problem);

#endif
