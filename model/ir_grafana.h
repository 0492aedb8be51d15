/*
 * What compiling a Datasource or a Dashboard gives.
 */
#ifndef BNC_MODEL_IR_GRAFANA_H
#define BNC_MODEL_IR_GRAFANA_H

#include "lib/str.h"
#include "model/job.h"
#include "model/spec_datasource.h"

/* A field of secureJsonData; its value is read when it is written out, never before. */
struct bnc_ir_secure {
    const char *name;
    struct bnc_asset asset;
};

struct bnc_ir_datasource {
    struct bnc_spec_datasource spec;
    const char *title; /* filled in */
    const char *uid;   /* likewise */
    int64_t org;
    struct bnc_ir_secure *secure;
    size_t n_secure;
};

struct bnc_ir_dashboard {
    struct bnc_spec_dashboard spec;
    const cJSON *model; /* of json or configMapKeyRef; NULL: a preset, or it is wrong */
    size_t size;        /* bytes of its text */
    const char *title;
    const char *uid; /* its own, or derived */
    int64_t org;
};

#endif
