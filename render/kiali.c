#include "render/kiali.h"

#include <string.h>

#include "lib/json.h"
#include "lib/units.h"

#define GRPC_PORT ":16685" /* Jaeger's; HTTP is 16686 */

bool
bnc_kiali_has_old_names(const char *version)
{
    struct bnc_version v = {0};
    struct bnc_error err = {0};
    return version != NULL && bnc_version_parse(version, &v, &err) == BNC_OK &&
           (v.major < 1 || (v.major == 1 && v.minor <= 73));
}

/* Kiali has to be told which of the two is spoken; its own default is gRPC. */
static bool
is_grpc(const char *url)
{
    const char *host = url == NULL ? NULL : strstr(url, "://");
    if (host == NULL) {
        return false;
    }
    size_t n = strcspn(host + 3, "/?#");
    size_t port = strlen(GRPC_PORT);
    return n > port && strncmp(host + 3 + n - port, GRPC_PORT, port) == 0;
}

static void
add(struct bnc_arena *arena, cJSON *map, const char *key, const char *value)
{
    if (value != NULL) {
        bnc_json_set_str(arena, map, key, value);
    }
}

static void
add_map(struct bnc_arena *arena, cJSON *into, const char *key, cJSON *map)
{
    if (map->child != NULL) {
        bnc_json_set_item(arena, into, key, map);
    }
}

static cJSON *
grafana(const struct bnc_kiali_wish *w, struct bnc_arena *arena)
{
    cJSON *map = bnc_json_object(arena);
    if (w->grafana_url == NULL && w->grafana_browser_url == NULL) {
        return map;
    }
    bnc_json_set_bool(arena, map, "enabled", true);
    add(arena, map, w->old_names ? "in_cluster_url" : "internal_url", w->grafana_url);
    add(arena, map, w->old_names ? "url" : "external_url", w->grafana_browser_url);
    add(arena, map, "datasource_uid", w->grafana_uid);
    return map;
}

static cJSON *
tracing(const struct bnc_kiali_wish *w, struct bnc_arena *arena)
{
    cJSON *map = bnc_json_object(arena);
    if (w->provider == NULL) {
        return map;
    }
    bnc_json_set_bool(arena, map, "enabled", true);
    bnc_json_set_str(arena, map, "provider", w->provider);
    add(arena, map, w->old_names ? "in_cluster_url" : "internal_url", w->tracing_url);
    add(arena, map, w->old_names ? "url" : "external_url", w->tracing_browser_url);
    bnc_json_set_bool(arena, map, "use_grpc", is_grpc(w->tracing_url));
    if (w->tempo_uid != NULL) {
        cJSON *tempo = bnc_json_object(arena);
        bnc_json_set_str(arena, tempo, "datasource_uid", w->tempo_uid);
        bnc_json_set_item(arena, map, "tempo_config", tempo);
    }
    return map;
}

cJSON *
bnc_kiali_tree(const struct bnc_kiali_wish *wish, struct bnc_arena *arena)
{
    cJSON *root = bnc_json_object(arena);
    cJSON *services = bnc_json_object(arena);
    cJSON *prometheus = bnc_json_object(arena);

    add(arena, prometheus, "url", wish->prometheus_url);
    add_map(arena, services, "prometheus", prometheus);
    add_map(arena, services, "grafana", grafana(wish, arena));
    add_map(arena, services, "tracing", tracing(wish, arena));
    add_map(arena, root, "external_services", services);
    return root;
}
