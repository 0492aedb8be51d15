/*
 * Ports and paths that annotations ask for.
 */
#include "reconcilers/annotations_reading.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clip.h"

#define CLAIMS_MAX 64

static const char *
clean_path(struct bnc_reading *r, const struct bnc_note *note, const char *path)
{
    if (path[0] != '/' || strpbrk(path, "?#\n\r") != NULL || strlen(path) > 1024) {
        bnc_reading_complain(r, note, "begin with '/'; parameters go into param_NAME",
                             "is no path");
        return NULL;
    }
    return path;
}

static void
add_claim(struct bnc_reading *r, const struct bnc_port *port, int64_t number,
          const char *path)
{
    struct bnc_request *out = r->out;
    for (size_t i = 0; i < out->n_claims; i++) {
        const struct bnc_claim *claim = &out->claims[i];
        /* the analyzer takes what was claimed for unset: NOLINTNEXTLINE */
        if (claim->port == number && strcmp(claim->path, path) == 0) {
            return;
        }
    }
    if (out->n_claims < CLAIMS_MAX) {
        out->claims[out->n_claims++] =
            (struct bnc_claim){.port = number,
                               .port_name = port == NULL ? "" : port->name,
                               .declared = port != NULL,
                               .path = path};
    }
}

static const struct bnc_port *
port_by_number(const struct bnc_ir_workload *w, int64_t number)
{
    for (size_t i = 0; i < w->n_ports; i++) {
        if (w->ports[i].number == number && strcmp(w->ports[i].protocol, "TCP") == 0) {
            return &w->ports[i];
        }
    }
    return NULL;
}

static void
claim_port(struct bnc_reading *r, const struct bnc_note *note, const char *text,
           const char *path)
{
    char *end = NULL;
    long long number = strtoll(text, &end, 10);

    if (text[0] >= '0' && text[0] <= '9' && *end == '\0') {
        if (number < 1 || number > 65535) {
            bnc_reading_complain(r, note, "use 1 to 65535", "is no port number");
            return;
        }
        add_claim(r, port_by_number(r->workload, number), number, path);
        return;
    }
    bool found = false;
    for (size_t i = 0; i < r->workload->n_ports; i++) {
        const struct bnc_port *port = &r->workload->ports[i];
        if (strcmp(port->name, text) == 0 && strcmp(port->protocol, "TCP") == 0) {
            add_claim(r, port, port->number, path);
            found = true;
        }
    }
    if (!found) {
        bnc_reading_complain(
            r, note, "use a number, or a name that a container port has",
            bnc_arena_fmt(r->arena, "names no TCP port of its containers (\"%.*s\")",
                          bnc_clip(text, 63), text));
    }
}

static void
claim_declared(struct bnc_reading *r, const struct bnc_note *scrape, const char *path)
{
    for (size_t i = 0; i < r->workload->n_ports; i++) {
        const struct bnc_port *port = &r->workload->ports[i];
        if (strcmp(port->protocol, "TCP") == 0) {
            add_claim(r, port, port->number, path);
        }
    }
    if (r->out->n_claims == 0 && scrape != NULL) {
        bnc_reading_complain(r, scrape,
                             "add the annotation port, or declare the container's ports",
                             "asks for scraping, but no TCP port is declared");
    }
}

static void
claim_endpoints(struct bnc_reading *r, const struct bnc_note *note)
{
    struct bnc_texts items = bnc_reading_split(r->arena, note->value, ", \t\n");
    for (size_t i = 0; i < items.n; i++) {
        const char *slash = strchr(items.items[i], '/');
        const char *path = slash == NULL ? "/metrics" : slash;
        const char *port = slash == NULL
                               ? items.items[i]
                               : bnc_arena_strndup(r->arena, items.items[i],
                                                   (size_t)(slash - items.items[i]));
        if (clean_path(r, note, path) != NULL) {
            claim_port(r, note, port, path);
        }
    }
}

static void
read_claims(struct bnc_reading *r)
{
    const struct bnc_note *merge =
        bnc_reading_find(r, "merge-metrics", "prometheus.istio.io");
    const struct bnc_note *endpoints = bnc_reading_find(r, "endpoints", BNC_OUR_PREFIX);
    const struct bnc_note *port = bnc_reading_find(r, "port", NULL);
    const struct bnc_note *path_note = bnc_reading_find(r, "path", NULL);
    const char *path = "/metrics";

    if (merge != NULL && strcmp(merge->value, "true") == 0) {
        /* Istio's agent serves application, Envoy and itself together there, in clear */
        r->out->scheme = NULL;
        add_claim(r, port_by_number(r->workload, 15020), 15020, "/stats/prometheus");
        return;
    }
    if (endpoints != NULL) {
        claim_endpoints(r, endpoints);
        return;
    }
    if (path_note != NULL) {
        path = clean_path(r, path_note, path_note->value);
        if (path == NULL) {
            r->broken = true;
            return;
        }
    }
    if (port == NULL) {
        claim_declared(r, bnc_reading_find(r, "scrape", NULL), path);
        return;
    }
    struct bnc_texts ports = bnc_reading_split(r->arena, port->value, ", \t\n");
    for (size_t i = 0; i < ports.n; i++) {
        claim_port(r, port, ports.items[i], path);
    }
    if (ports.n == 0) {
        bnc_reading_complain(r, port, "write a port number or name", "names no port");
    }
}

/* Of most workloads one or two: what is kept is no larger. */
void
bnc_reading_claims(struct bnc_reading *r)
{
    struct bnc_claim found[CLAIMS_MAX];
    r->out->claims = found;
    read_claims(r);
    size_t n = r->out->n_claims;
    r->out->claims = bnc_arena_array(r->arena, n, sizeof(*r->out->claims));
    if (n > 0) {
        memcpy(r->out->claims, found, n * sizeof(*found));
    }
}
