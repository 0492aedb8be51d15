/*
 * The parts of the pruner: prune_scan.c knows JSON's grammar, prune_tree.c what
 * is kept, prune.c hands it over.  Included by these only.
 */
#ifndef BNC_MODEL_PRUNE_SCAN_H
#define BNC_MODEL_PRUNE_SCAN_H

#include "model/prune.h"
#include "model/prune_lex.h"

#define BNC_PRUNE_DEPTH     100                 /* of one object */
#define BNC_PRUNE_ENVELOPE  2                   /* levels of a list around its items */
#define BNC_PRUNE_NAME_MAX  ((size_t)64 * 1024) /* bytes of a key or a captured text */
#define BNC_PRUNE_KEEP_ROOM ((size_t)16 * 1024) /* of a buffer between two objects */
#define BNC_PRUNE_TOO_BIG   "what is kept of one object is over 4 MiB"

enum bnc_prune_shape { BNC_SHAPE_OBJECT, BNC_SHAPE_LIST, BNC_SHAPE_WATCH };

/* What becomes of the members of a container. */
enum bnc_prune_mode {
    BNC_MODE_INERT, /* nothing, or they are copied with all around them */
    BNC_MODE_TREE,  /* by the rows of a keep-tree */
    BNC_MODE_NAMED, /* an array whose items are judged by their name, or such an item */
    BNC_MODE_FLAGS, /* an array of arguments */
    BNC_MODE_LIST,  /* the top of a list */
    BNC_MODE_LIST_METADATA,
    BNC_MODE_ITEMS,
    BNC_MODE_EVENT
};

/* What becomes of the value that comes next. */
enum bnc_prune_want {
    BNC_WANT_SKIP,
    BNC_WANT_COPY, /* whole, into the text */
    BNC_WANT_TREE,
    BNC_WANT_NAMED, /* the array, or an item of it */
    BNC_WANT_NAME,  /* of such an item */
    BNC_WANT_FLAGS,
    BNC_WANT_FLAG, /* an argument */
    BNC_WANT_STATUS,
    BNC_WANT_MANAGED_FIELDS,
    BNC_WANT_DELETION,
    BNC_WANT_SLOT, /* its plain text, into slots[slot] */
    BNC_WANT_LIST,
    BNC_WANT_LIST_METADATA,
    BNC_WANT_ITEMS,
    BNC_WANT_OBJECT,
    BNC_WANT_EVENT
};

enum bnc_prune_slot {
    BNC_SLOT_NAME,
    BNC_SLOT_NAMESPACE,
    BNC_SLOT_UID,
    BNC_SLOT_RESOURCE_VERSION,
    BNC_SLOT_GENERATION,   /* the only number among them */
    BNC_SLOT_OBJECT_COUNT, /* those before are of one object */
    BNC_SLOT_TYPE = BNC_SLOT_OBJECT_COUNT,
    BNC_SLOT_LIST_VERSION,
    BNC_SLOT_CONTINUE,
    BNC_SLOT_COUNT
};

enum bnc_scan_state {
    BNC_SCAN_TOP, /* before a top-level value */
    BNC_SCAN_VALUE,
    BNC_SCAN_FIRST_VALUE, /* or the end of the array */
    BNC_SCAN_KEY,
    BNC_SCAN_FIRST_KEY, /* or the end of the object */
    BNC_SCAN_COLON,
    BNC_SCAN_AFTER, /* a comma or the end of the container */
    BNC_SCAN_IN_KEY,
    BNC_SCAN_IN_STRING,
    BNC_SCAN_IN_NUMBER,
    BNC_SCAN_IN_WORD
};

struct bnc_prune_frame {
    const struct bnc_keep *rows;
    size_t undo;  /* length of the text before this container and its key */
    uint8_t mode; /* enum bnc_prune_mode */
    bool array;
    bool kept;      /* something was written inside */
    bool seen;      /* there was something to see */
    bool object;    /* the top of a Kubernetes object */
    bool ends_copy; /* a copy ends with it */
    bool named;     /* an item has a name that is kept; a flag waits for its value */
};

struct bnc_stream {
    /* the grammar's */
    enum bnc_scan_state state;
    enum bnc_code code; /* why it is dead */
    const char *what;   /* the same in words */
    const char *chunk;  /* the bytes being fed */
    uint64_t before;    /* bytes fed before them */
    uint64_t token;     /* where the key under way began */
    size_t depth;
    size_t max_depth;
    struct bnc_lex lex;
    struct bnc_prune_frame frames[BNC_PRUNE_DEPTH + BNC_PRUNE_ENVELOPE + 1];

    /* the value that comes next, and a copy under way */
    enum bnc_prune_want want;
    enum bnc_prune_slot slot;
    const struct bnc_keep *sub;
    size_t judged;        /* where in the text a name or argument begins */
    struct bnc_str *sink; /* NULL: nothing is copied */
    const char *span;     /* first byte not yet copied, while sink is set */

    /* the objects' */
    enum bnc_prune_shape shape;
    const struct bnc_keep *keep; /* NULL: all of it */
    const struct bnc_stream_ops *ops;
    void *arg;
    struct bnc_str key; /* as received, with its quotes */
    struct bnc_str text;
    struct bnc_str status;
    struct bnc_str managed_fields;
    struct bnc_str slots[BNC_SLOT_COUNT];
    bool deleting;
    bool has_type;   /* of an event */
    bool has_object; /* of an event */
    bool raw;        /* the event's object was kept whole: pruned at its end */
    bool complete;
};

/* prune_scan.c */
void bnc_scan_init(struct bnc_stream *s);
void bnc_scan_fail(struct bnc_stream *s, enum bnc_code code, const char *what);
/* Copy what follows, from `from` on, without white space. */
void bnc_scan_copy(struct bnc_stream *s, struct bnc_str *sink, const char *from);
void bnc_scan_copy_end(struct bnc_stream *s, const char *to);

static inline struct bnc_prune_frame *
bnc_scan_top(struct bnc_stream *s)
{
    return &s->frames[s->depth]; /* frames[0] is around the top-level values */
}

/* prune_tree.c: called where more is to be done than to check the grammar */

/* The key in s->key is complete: choose what becomes of its value. */
void bnc_prune_key(struct bnc_stream *s);
/* A container or scalar that is wanted begins at `at`; fills the pushed frame. */
void bnc_prune_open(struct bnc_stream *s, const char *at, struct bnc_prune_frame *frame);
void bnc_prune_scalar(struct bnc_stream *s, const char *at);
/* A scalar that was copied is complete. */
void bnc_prune_scalar_end(struct bnc_stream *s);
/* A container that is not inert was closed; its frame is off the stack. */
void bnc_prune_close(struct bnc_stream *s, const struct bnc_prune_frame *frame);

/* prune.c: hand over an item of a list, an event of a watch */
void bnc_prune_deliver(struct bnc_stream *s);
void bnc_prune_event(struct bnc_stream *s);

#endif
