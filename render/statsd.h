/*
 * The mapping file of the statsd exporter: what Envoy pushes under dotted names
 * becomes the series that a sidecar of Istio has at /stats/prometheus.
 */
#ifndef BNC_RENDER_STATSD_H
#define BNC_RENDER_STATSD_H

#include "lib/arena.h"
#include "lib/error.h"
#include "lib/str.h"

#define BNC_STATSD_MAPPING_MAX ((size_t)256 * 1024)

/*
 * The whole file, always the same bytes; for statsd_exporter 0.24 and later.
 * Owns:   `out` lives in `arena`.
 * Errors: TOO_BIG over BNC_STATSD_MAPPING_MAX.
 */
enum bnc_code bnc_statsd_mapping_render(struct bnc_arena *arena, struct bnc_bytes *out,
                                        struct bnc_error *err) BNC_MUST_CHECK;

#endif
