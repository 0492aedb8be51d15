#include "kube/lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

#define LEASE_MAX  ((size_t)256 * 1024) /* bytes; one of ours has 600 */
#define MEDIA_TYPE "application/json"

struct bnc_lease {
    struct bnc_kube *kube;
    char *collection; /* paths */
    char *object;
    char timeout[24]; /* "5000ms", for the server */
    int64_t timeout_ms;
    struct bnc_kube_call *call; /* NULL: none */
    bnc_lease_fn fn;
    void *arg;
    char *ns;
    char *name;
    struct bnc_arena *arena; /* of `seen` */
    cJSON *seen;             /* as the server has it; NULL: not there, or not known */
};

static const char *
text_of(const cJSON *spec, const char *key)
{
    const char *text = bnc_json_get_str(spec, key);
    return text == NULL ? "" : text;
}

static void
forget(struct bnc_lease *lease)
{
    bnc_arena_free(lease->arena);
    lease->arena = NULL;
    lease->seen = NULL;
}

static void
tell(struct bnc_lease *lease, const struct bnc_error *err)
{
    if (err->code != BNC_OK) {
        lease->fn(lease->arg, err, NULL);
        return;
    }
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const cJSON *spec = bnc_json_get(lease->seen, "spec");
    struct bnc_str all = bnc_str_new(arena, LEASE_MAX);
    if (spec != NULL) {
        bnc_json_print_sorted(spec, &all);
    }
    struct bnc_lease_record record = {.holder = text_of(spec, "holderIdentity"),
                                      .acquired = text_of(spec, "acquireTime"),
                                      .renewed = text_of(spec, "renewTime"),
                                      .everything = all.len == 0 ? "" : all.ptr};
    (void)bnc_json_get_int(spec, "leaseDurationSeconds", &record.duration_s);
    (void)bnc_json_get_int(spec, "leaseTransitions", &record.transitions);
    lease->fn(lease->arg, err, &record);
}

static void
on_answer(void *arg, const struct bnc_kube_result *result)
{
    struct bnc_lease *lease = arg;
    struct bnc_error err = result->err;

    lease->call = NULL;
    if (err.code == BNC_NOT_FOUND) {
        forget(lease);
    }
    if (err.code == BNC_OK) {
        struct bnc_arena *arena = bnc_arena_new();
        cJSON *tree = NULL;
        if (bnc_json_parse(arena, result->body.ptr, result->body.len, &tree, &err)) {
            bnc_arena_free(arena);
        } else {
            forget(lease);
            lease->arena = arena;
            lease->seen = tree;
        }
    }
    tell(lease, &err);
}

static void
start(struct bnc_lease *lease, const char *method, struct bnc_bytes body)
{
    const struct bnc_url_pair query[] = {
        {"timeout", lease->timeout},
        {"fieldManager", body.len > 0 ? "binnacle" : NULL},
        {NULL, NULL},
    };
    const struct bnc_kube_request request = {
        .group = BNC_HTTP_LEASE,
        .method = method,
        .path = strcmp(method, "POST") == 0 ? lease->collection : lease->object,
        .query = query,
        .accept = MEDIA_TYPE,
        .body = body,
        .max_bytes = LEASE_MAX,
        .timeout_ms = lease->timeout_ms,
    };
    lease->call = bnc_kube_start(lease->kube, &request, on_answer, lease);
}

struct bnc_lease *
bnc_lease_new(const struct bnc_lease_options *options, bnc_lease_fn fn, void *arg)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_lease *lease = bnc_alloc(sizeof(*lease));
    struct bnc_str ns = bnc_str_new(arena, BNC_URL_MAX);
    struct bnc_str name = bnc_str_new(arena, BNC_URL_MAX);

    bnc_url_encode(&ns, options->ns);
    bnc_url_encode(&name, options->name);
    const char *path =
        bnc_arena_fmt(arena, "/apis/coordination.k8s.io/v1/namespaces/%s/leases", ns.ptr);
    lease->kube = options->kube;
    lease->collection = bnc_strdup(path);
    lease->object = bnc_strdup(bnc_arena_fmt(arena, "%s/%s", path, name.ptr));
    lease->ns = bnc_strdup(options->ns);
    lease->name = bnc_strdup(options->name);
    lease->timeout_ms = options->timeout_ms;
    (void)snprintf(lease->timeout, sizeof(lease->timeout), "%lldms",
                   (long long)options->timeout_ms);
    lease->fn = fn;
    lease->arg = arg;
    return lease;
}

void
bnc_lease_free(struct bnc_lease *lease)
{
    if (lease == NULL) {
        return;
    }
    bnc_lease_cancel(lease);
    forget(lease);
    free(lease->collection);
    free(lease->object);
    free(lease->ns);
    free(lease->name);
    free(lease);
}

void
bnc_lease_read(struct bnc_lease *lease)
{
    start(lease, "GET", (struct bnc_bytes){"", 0});
}

/* What is there, or an empty Lease; labels and other fields of spec stay as they are. */
static cJSON *
object_of(const struct bnc_lease *lease, struct bnc_arena *arena)
{
    if (lease->seen != NULL) {
        return bnc_json_clone(arena, lease->seen);
    }
    cJSON *root = bnc_json_object(arena);
    cJSON *meta = bnc_json_object(arena);
    bnc_json_set_str(arena, meta, "name", lease->name);
    bnc_json_set_str(arena, meta, "namespace", lease->ns);
    bnc_json_set_str(arena, root, "apiVersion", "coordination.k8s.io/v1");
    bnc_json_set_str(arena, root, "kind", "Lease");
    bnc_json_set_item(arena, root, "metadata", meta);
    return root;
}

void
bnc_lease_write(struct bnc_lease *lease, const struct bnc_lease_record *record)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    cJSON *root = object_of(lease, arena);
    cJSON *spec = bnc_json_get(root, "spec");

    if (spec == NULL || !cJSON_IsObject(spec)) {
        spec = bnc_json_object(arena);
        bnc_json_set_item(arena, root, "spec", spec);
    }
    bnc_json_set_str(arena, spec, "holderIdentity", record->holder);
    bnc_json_set_int(arena, spec, "leaseDurationSeconds", record->duration_s);
    bnc_json_set_str(arena, spec, "acquireTime", record->acquired);
    bnc_json_set_str(arena, spec, "renewTime", record->renewed);
    bnc_json_set_int(arena, spec, "leaseTransitions", record->transitions);
    cJSON *meta = bnc_json_get(root, "metadata");
    if (meta != NULL) {
        (void)bnc_json_remove(meta, "managedFields"); /* the server keeps them */
    }
    struct bnc_str body = bnc_str_new(arena, LEASE_MAX * 2);
    bnc_json_print(root, &body);
    start(lease, lease->seen == NULL ? "POST" : "PUT",
          (struct bnc_bytes){body.ptr, body.len});
}

void
bnc_lease_cancel(struct bnc_lease *lease)
{
    if (lease->call != NULL) {
        bnc_kube_cancel(lease->call);
        lease->call = NULL;
    }
}

bool
bnc_lease_busy(const struct bnc_lease *lease)
{
    return lease->call != NULL;
}
