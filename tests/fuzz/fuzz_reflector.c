/*
 * Any bytes as what the API server answers to lists and watches, one part after another:
 * whatever comes, what goes was there, nothing is told of an object without a name, and
 * the server is not stormed.  The first byte of a part is its status.
 */
#include "kube/reflector.h"
#include "lib/map.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sim/world.h"

#define ORIGIN  "http://10.0.0.1:80"
#define LIFE_MS ((int64_t)100 * 1000)

static const char kubeconfig[] =
    "current-context: c\n"
    "contexts: [{name: c, context: {cluster: k}}]\n"
    "clusters: [{name: k, cluster: {server: '" ORIGIN "'}}]\n";

struct rig {
    struct parts parts;
    struct bnc_map *known; /* "NS/NAME" */
    size_t requests;
};

static void
on_request(void *arg, struct bnc_http_call *call, const struct bnc_sim_request *request)
{
    static const int statuses[] = {200, 200, 200, 410, 429, 500, 404, 403, 504};
    struct rig *rig = arg;
    struct bnc_bytes part = rig->parts.items[rig->requests++ % rig->parts.n];
    int status = 200;

    BNC_UNUSED(request);
    if (part.len > 0) {
        status = statuses[(unsigned char)part.ptr[0] % BNC_LEN(statuses)];
        part = (struct bnc_bytes){part.ptr + 1, part.len - 1};
    }
    bnc_sim_reply(call, status, "application/json", part);
}

static const char *
key_of(const char *ns, const char *name, char out[1024])
{
    require(name[0] != '\0');
    (void)snprintf(out, 1024, "%s/%s", ns, name);
    return out;
}

static void
on_put(void *arg, const struct bnc_pruned *object)
{
    struct rig *rig = arg;
    char key[1024];
    require(bnc_utf8_valid(object->text.ptr, object->text.len));
    (void)bnc_map_put(rig->known, key_of(object->ns, object->name, key), rig);
}

static void
on_gone(void *arg, const char *ns, const char *name)
{
    struct rig *rig = arg;
    char key[1024];
    require(bnc_map_take(rig->known, key_of(ns, name, key)) != NULL);
}

static void
on_listed(void *arg)
{
    BNC_UNUSED(arg);
}

static void
on_trouble(void *arg, const struct bnc_error *err)
{
    BNC_UNUSED(arg);
    require_error(err->code, err);
}

static void
live(struct bnc_sim *sim, struct bnc_kube *kube, struct rig *rig)
{
    static const struct bnc_reflector_ops ops = {on_put, on_gone, on_listed, on_trouble};
    static const struct bnc_reflector_options options = {.kind = BNC_KIND_OBSERVATORY};
    struct bnc_reflector_health health;
    struct bnc_reflector *r = bnc_reflector_new(kube, &options, &ops, rig);

    (void)bnc_sim_run_for(sim, LIFE_MS);
    bnc_reflector_health_get(r, &health);
    require(health.objects == bnc_map_count(rig->known));
    require((health.error_code == BNC_OK) == (health.error[0] == '\0'));
    bnc_reflector_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct bnc_sim_server ops = {.request = on_request};
    const struct bnc_kube_config_options where = {"/kc", NULL};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(n + 1);
    BNC_AUTO(bnc_map) known = bnc_map_new();
    struct rig rig = {.parts = cut_input(arena, data, n, '\0'), .known = known};
    struct bnc_kube_config *config = NULL;
    struct bnc_kube *kube = NULL;
    struct bnc_error err = {0};

    bnc_sim_file_text(sim, "/kc", kubeconfig);
    bnc_sim_serve(sim, ORIGIN, &ops, &rig);
    require(bnc_kube_config_load(bnc_sim_world(sim), &where, &config, &err) == BNC_OK);
    require(bnc_kube_new(bnc_sim_world(sim), config, "fuzz", &kube, &err) == BNC_OK);
    live(sim, kube, &rig);
    /* 0.8 s and more between failures; pages and watches that end at once come on top */
    require(rig.requests < 4 * LIFE_MS / 800);
    bnc_kube_free(kube);
    require(bnc_sim_open_handles(sim) == 0);
    return 0;
}
