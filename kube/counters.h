/*
 * What /metrics says about the traffic with the API server.
 */
#ifndef BNC_KUBE_COUNTERS_H
#define BNC_KUBE_COUNTERS_H

#include "lib/histogram.h"
#include "model/kind.h"

#define BNC_KUBE_REQUEST_ROWS 128
#define BNC_KUBE_METHODS      8

enum bnc_relist {
    BNC_RELIST_FIRST,   /* the first list */
    BNC_RELIST_EXPIRED, /* 410: the resourceVersion is no longer served */
    BNC_RELIST_TOO_NEW, /* the server has not reached, or has lost, our resourceVersion */
    BNC_RELIST_ERROR,   /* another ERROR event, or a watch that was refused */
    BNC_RELIST_BAD_DATA, /* a watch that sent no events but something else */
    BNC_RELIST_SILENT,   /* a whole watch without any event or bookmark */
    BNC_RELIST_RETRY,    /* a list that failed is tried again */
    BNC_RELIST_ABSENT,   /* is an optional kind installed now? */
    BNC_RELIST_ASKED,    /* somebody has to know how it is now */
    BNC_RELIST_COUNT
};

/* "first", "expired", ... */
const char *bnc_relist_name(enum bnc_relist reason);

struct bnc_kube_request_row {
    char method[8];
    int status; /* 0: no answer */
    uint64_t n;
};

/* How long answers take: until they are whole, of a watch until it is open. */
struct bnc_kube_method {
    char method[8];
    struct bnc_histogram took; /* seconds */
};

struct bnc_kube_counters {
    struct bnc_kube_method methods[BNC_KUBE_METHODS];
    size_t n_methods;
    uint64_t kind_lists[BNC_KIND_COUNT][BNC_RELIST_COUNT]; /* as `lists`, by kind */
    int64_t event_ms[BNC_KIND_COUNT]; /* wall: the last on a watch of it; 0: none yet */
    uint64_t token_reads;             /* of the token's file */
    uint64_t token_failures;
    struct bnc_kube_request_row requests[BNC_KUBE_REQUEST_ROWS];
    size_t n_requests;
    uint64_t lists[BNC_RELIST_COUNT]; /* started, by reason */
    uint64_t streamed_lists;   /* of these, asked for as the first events of a watch */
    uint64_t streamed_refused; /* of these, asked for again in pages in the same round */
    uint64_t list_failures;
    uint64_t watches;        /* opened */
    uint64_t watch_ends;     /* closed after they were opened */
    uint64_t watch_failures; /* refused, or not answered */
    uint64_t short_watches;  /* closed within a second */
    uint64_t events;
    uint64_t skipped_events;   /* no object, or an unknown type */
    uint64_t replays;          /* after a 401 */
    uint64_t gated;            /* requests that waited for their turn */
    uint64_t warnings;         /* texts of "Warning" headers, each counted once */
    uint64_t pulses;           /* questions whether the watches' connection lives */
    uint64_t dead_connections; /* the answer was silence */
};

void bnc_kube_counters_request(struct bnc_kube_counters *counters, const char *method,
                               int status);
/* Units: microseconds. */
void bnc_kube_counters_took(struct bnc_kube_counters *counters, const char *method,
                            int64_t us);

#endif
