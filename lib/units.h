/*
 * Small texts with rules of their own: durations and sizes as Prometheus reads
 * them, names as Kubernetes and Prometheus allow them, percentages, versions.
 */
#ifndef BNC_LIB_UNITS_H
#define BNC_LIB_UNITS_H

#include "lib/str.h"

/* ---- durations and sizes: the source text stays what is written out ------------ */

#define BNC_DURATION_MAX_MS INT64_C(9223372036854) /* Go's 292 years */

/*
 * Prometheus' model.ParseDuration: "1h30m", units y w d h m s ms, from large to
 * small, each once; "0" needs none.
 * Units:  milliseconds.
 * Errors: INVALID, saying what would be right.
 */
enum bnc_code
bnc_duration_parse(const char *text, int64_t *ms, struct bnc_error *err) BNC_MUST_CHECK;

/* As Prometheus prints it: 5400000 is "1h30m", 604800000 "1w", 0 "0s". */
void bnc_duration_print(int64_t ms, struct bnc_str *out);

/*
 * Prometheus' sizes: "5MB", "512KiB", "1.5GB", "1MB512KB"; always powers of 1024.
 * "0" needs no unit; a sign is refused, which Prometheus would take.
 * Units:  bytes, below 8 EiB.
 * Errors: INVALID.
 */
enum bnc_code
bnc_size_parse(const char *text, int64_t *bytes, struct bnc_error *err) BNC_MUST_CHECK;

/*
 * A Kubernetes quantity: "1.5", "100m" (a tenth), "2k", "3Mi", "12e6".
 * Errors: INVALID.
 */
enum bnc_code bnc_quantity_parse(const char *text, double *out,
                                 struct bnc_error *err) BNC_MUST_CHECK;

/* "99.5" is 9950; 0 to 100 with at most two decimals.  Units: hundredths of 1 %. */
enum bnc_code bnc_percent_parse(const char *text, int64_t *hundredths,
                                struct bnc_error *err) BNC_MUST_CHECK;

/* ---- names: false for NULL too ------------------------------------------------- */

bool bnc_label_name_valid(const char *s);  /* Prometheus: [a-zA-Z_][a-zA-Z0-9_]* */
bool bnc_metric_name_valid(const char *s); /* with colons as well */

bool bnc_dns_label_valid(const char *s);     /* RFC 1123 label: at most 63 bytes */
bool bnc_dns_subdomain_valid(const char *s); /* labels and dots: at most 253 */
bool bnc_port_name_valid(const char *s);     /* IANA_SVC_NAME: at most 15 */
bool bnc_label_key_valid(const char *s);     /* Kubernetes: [prefix/]name */
bool bnc_label_value_valid(const char *s);   /* Kubernetes: empty or at most 63 */

/* ---- versions ------------------------------------------------------------------ */

struct bnc_version {
    uint32_t major;
    uint32_t minor;
    uint32_t patch;
};

/*
 * "3.5.0", "v2.53.3", "3.5" (patch 0).  "-rc.1" and "+build" may follow and say
 * nothing: a release candidate has the features of its release.
 */
enum bnc_code bnc_version_parse(const char *text, struct bnc_version *out,
                                struct bnc_error *err) BNC_MUST_CHECK;

/* Below, equal, above: -1, 0, 1. */
int bnc_version_compare(const struct bnc_version *a, const struct bnc_version *b);

#endif
