#include "reconcilers/statsd.h"

#include <string.h>

#include "lib/clip.h"
#include "lib/units.h"
#include "model/field_text.h"
#include "render/statsd.h"

#define HEX_DIGITS "0123456789abcdefABCDEF"

/* ---- the address --------------------------------------------------------------- */

static bool
is_port(const char *s)
{
    size_t n = strspn(s, "0123456789");
    unsigned port = 0;
    for (size_t i = 0; i < n && i < 6; i++) {
        port = port * 10 + (unsigned)(s[i] - '0');
    }
    return n > 0 && n <= 5 && s[n] == '\0' && port >= 1 && port <= 65535;
}

/* A name, an IPv4 address, or an IPv6 address in brackets; then the port. */
static bool
is_address(const char *s, struct bnc_arena *arena)
{
    size_t n = 0;
    if (s[0] == '[') {
        n = 1 + strspn(s + 1, HEX_DIGITS ":.");
        if (n < 3 || s[n++] != ']') {
            return false;
        }
    } else {
        n = strcspn(s, ":");
        if (!bnc_dns_subdomain_valid(bnc_arena_fmt(arena, "%.*s", (int)n, s))) {
            return false;
        }
    }
    return s[n] == ':' && is_port(s + n + 1);
}

/* ---- the mapping's object -------------------------------------------------------- */

static bool
is_secret(const char *kind)
{
    return bnc_str_eq(kind, "Secret");
}

/* What else of the Observatory has this name; NULL: nothing. */
static const char *
taken_by(const struct bnc_prometheus_spec *prometheus,
         const struct bnc_statsd_mapping_spec *mapping, struct bnc_arena *arena)
{
    const struct bnc_output_spec *output = prometheus->output;
    int64_t shards = prometheus->shards.set ? prometheus->shards.value : 1;

    if (!bnc_str_eq(mapping->ns, output->ns)) {
        return NULL;
    }
    if (is_secret(mapping->kind) &&
        bnc_str_eq(mapping->name, bnc_arena_fmt(arena, "%s-assets", output->name))) {
        return "the files of certificates and credentials";
    }
    if (is_secret(mapping->kind) != is_secret(output->kind)) {
        return NULL;
    }
    for (int64_t i = 0; i < shards; i++) {
        const char *name = shards == 1 ? output->name
                                       : bnc_arena_fmt(arena, "%s-shard-%lld",
                                                       output->name, (long long)i);
        if (bnc_str_eq(mapping->name, name)) {
            return "Prometheus' configuration";
        }
    }
    return NULL;
}

static void
fill_mapping(const struct bnc_object *self, struct bnc_statsd_spec *statsd,
             struct bnc_arena *arena)
{
    if (statsd->mapping == NULL) {
        statsd->mapping = bnc_arena_alloc(arena, sizeof(*statsd->mapping));
    }
    struct bnc_statsd_mapping_spec *mapping = statsd->mapping;
    if (mapping->kind == NULL) {
        mapping->kind = "ConfigMap";
    }
    if (mapping->ns == NULL) {
        mapping->ns = self->ns;
    }
    if (mapping->name == NULL) {
        mapping->name = bnc_arena_fmt(arena, "%s-statsd-mapping", self->name);
    }
    if (mapping->key == NULL) {
        mapping->key = "statsd-mapping.yml";
    }
}

void
bnc_statsd_compile(const struct bnc_object *self, struct bnc_ir_observatory *ir,
                   struct bnc_diags *diags)
{
    struct bnc_statsd_spec *statsd = ir->spec.statsd;

    if (statsd->address != NULL && !is_address(statsd->address, diags->arena)) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, "spec.statsd.address",
                     "write a host and a port, as statsd.monitoring:9125",
                     "%s is no address", bnc_text_quoted(diags->arena, statsd->address));
    }
    fill_mapping(self, statsd, diags->arena);
    const struct bnc_statsd_mapping_spec *mapping = statsd->mapping;
    if (!bnc_scope_has(&ir->reach, mapping->ns)) {
        bnc_diag_add(diags, BNC_REASON_NOT_PERMITTED, "spec.statsd.mapping.namespace",
                     "leave it out",
                     "an Observatory in namespace %s may not write to namespace %s",
                     self->ns, mapping->ns);
    }
    if (ir->spec.prometheus == NULL || ir->spec.prometheus->output == NULL) {
        return; /* nothing else is written, or its own diagnostics come first */
    }
    const char *owner = taken_by(ir->spec.prometheus, mapping, diags->arena);
    if (owner != NULL) {
        bnc_diag_add(diags, BNC_REASON_INVALID_FIELD, "spec.statsd.mapping.name",
                     "give the mapping an object of its own",
                     "the %s %s is for %s already", mapping->kind, mapping->name, owner);
    }
}

/* ---- the document ---------------------------------------------------------------- */

size_t
bnc_statsd_documents(const struct bnc_plan *plan, struct bnc_arena *arena,
                     struct bnc_document **out, struct bnc_diags *diags)
{
    const struct bnc_ir *ir = plan->observatory->ir;
    const struct bnc_statsd_spec *statsd = ir->as.observatory->spec.statsd;
    struct bnc_error err = {0};
    struct bnc_bytes text = {0};

    *out = NULL;
    if (statsd == NULL || ir->diags.errors > 0) {
        return 0;
    }
    if (bnc_statsd_mapping_render(arena, &text, &err)) {
        bnc_diag_add(diags, BNC_REASON_TOO_BIG, "spec.statsd", NULL, "%s", err.message);
        return 0;
    }
    const struct bnc_statsd_mapping_spec *mapping = statsd->mapping;
    *out = bnc_arena_alloc(arena, sizeof(**out));
    **out = (struct bnc_document){.kind = is_secret(mapping->kind) ? BNC_KIND_SECRET
                                                                   : BNC_KIND_CONFIG_MAP,
                                  .ns = mapping->ns,
                                  .name = mapping->name,
                                  .key = mapping->key,
                                  .bytes = text};
    return 1;
}
