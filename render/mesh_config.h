/*
 * MeshConfig: where a mesh sends its spans, as istiod reads it from the ConfigMap of our
 * own (SHARED_MESH_CONFIG), or as our keys in ConfigMap istio.
 */
#ifndef BNC_RENDER_MESH_CONFIG_H
#define BNC_RENDER_MESH_CONFIG_H

#include <cjson/cJSON.h>

#include "lib/arena.h"
#include "lib/error.h"
#include "lib/str.h"
#include "model/spec_mesh.h"

#define BNC_MESH_CONFIG_MAX ((size_t)256 * 1024)

struct bnc_mesh_wish {
    const struct bnc_backend_spec *backends; /* decoded: protocol and port are set */
    size_t n;
    const char *default_tracing; /* name of a backend; NULL: none is written */
    /* [prometheus] beside it: defaultProviders without metrics stops all istio_* */
    bool keep_metrics;
    const char *statsd_address; /* HOST:PORT that proxies push to; NULL: none */
    struct bnc_texts extra_stat_tags;
};

/*
 * The address as Istio's registry has it: NAME.NAMESPACE is a Service of the cluster,
 * a name with more labels, or with one, stays.
 */
const char *bnc_mesh_service_host(const char *service, struct bnc_arena *arena);

/*
 * The MeshConfig, {} when nothing is wished; a backend of a protocol that Istio has no
 * tracer for is left out.
 * Owns: the tree is the arena's; its texts are copies.
 */
cJSON *bnc_mesh_wish_tree(const struct bnc_mesh_wish *wish, struct bnc_arena *arena);

/*
 * The text of key `mesh`: a comment, then the tree as YAML.  Same wish, same bytes.
 * Owns:   `out` lives in `arena`.
 * Errors: INTERNAL for text that is not UTF-8; TOO_BIG over BNC_MESH_CONFIG_MAX.
 */
enum bnc_code
bnc_mesh_config_render(const struct bnc_mesh_wish *wish, struct bnc_arena *arena,
                       struct bnc_bytes *out, struct bnc_error *err) BNC_MUST_CHECK;

#endif
