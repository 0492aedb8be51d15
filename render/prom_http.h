/*
 * How Prometheus speaks to a target: redirects, proxy, credentials, TLS.
 */
#ifndef BNC_RENDER_PROM_HTTP_H
#define BNC_RENDER_PROM_HTTP_H

#include "model/job.h"
#include "render/prom_gate.h"
#include "render/yaml_out.h"

/* The keys of a job's HTTP client, into its open map. */
void bnc_prom_http_write(struct bnc_yaml *y, const struct bnc_job *job,
                         const struct bnc_prom_gate *gate);

#endif
