#include "kube/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "model/prune.h"

#define METADATA_ONLY                                                                    \
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/"          \
    "json"
#define APPLY_TYPE  "application/apply-patch+yaml"
#define BUILT_IN    "application/strategic-merge-patch+json" /* lists by their keys */
#define CUSTOM      "application/merge-patch+json"           /* all that a CRD can */
#define DELETE_BODY "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\""

#define PAIRS_MAX 8 /* of a query, and the end */

struct bnc_kube_write {
    struct bnc_kube_call *call;
    enum bnc_kind kind;
    bool deletes;
    bnc_written_fn fn;
    void *arg;
};

static const struct bnc_keep version_rows[] = {
    {"resourceVersion", NULL, BNC_KEEP_RESOURCE_VERSION},
    {"uid", NULL, BNC_KEEP_UID},
    {NULL, NULL, BNC_KEEP_TEXT},
};
static const struct bnc_keep written_keep[] = {
    {"metadata", version_rows, BNC_KEEP_TEXT},
    {NULL, NULL, BNC_KEEP_TEXT},
};

/* What the server says about a Secret may quote it. */
static void
withhold(struct bnc_written *written, const struct bnc_kube_result *result)
{
    (void)bnc_fail(&written->err, written->err.code,
                   "the Secret was refused: %d %s (the server's words are withheld, they "
                   "may quote it)",
                   result->http_status, result->status.reason);
}

/* A body that does not fit the schema is answered with 500, and always will be. */
static bool
is_bad_body(const struct bnc_kube_result *result)
{
    static const char *const beginnings[] = {"failed to create typed patch object",
                                             "failed to convert new object"};
    for (size_t i = 0; i < BNC_LEN(beginnings); i++) {
        if (result->http_status == 500 &&
            bnc_str_starts(result->status.message, beginnings[i])) {
            return true;
        }
    }
    return false;
}

/* The kind is not served, or not yet: its objects may be there all the same. */
static bool
is_unknown_kind(const struct bnc_kube_result *result)
{
    return result->http_status == 404 &&
           !bnc_str_ends(result->status.message, "\" not found");
}

static void
on_answer(void *arg, const struct bnc_kube_result *result)
{
    struct bnc_kube_write *write = arg;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned object = {.uid = "", .resource_version = ""};
    struct bnc_written written = {
        .err = result->err,
        .http_status = result->http_status,
        .retry_after_ms = result->retry_after_ms,
    };
    struct bnc_error ignored = {0};

    if (result->err.code == BNC_OK && result->body.len > 0 &&
        bnc_prune(written_keep, result->body.ptr, result->body.len, arena, &object,
                  &ignored)) {
        object.uid = object.resource_version = ""; /* it was done all the same */
    }
    if (is_bad_body(result)) {
        written.err.code = BNC_INVALID;
    }
    if (write->deletes && bnc_kind_info(write->kind)->optional &&
        is_unknown_kind(result)) {
        written.err.code = BNC_UNAVAILABLE;
    }
    if (write->kind == BNC_KIND_SECRET && written.err.code == BNC_INVALID) {
        withhold(&written, result);
    }
    written.uid = object.uid;
    written.resource_version = object.resource_version;
    write->fn(write->arg, &written);
    free(write);
}

/* The server is told as well: what we gave up is not to be done later on. */
static struct bnc_kube_write *
start(struct bnc_kube *kube, const struct bnc_kube_request *request, enum bnc_kind kind,
      bnc_written_fn fn, void *arg)
{
    struct bnc_kube_write *write = bnc_alloc(sizeof(*write));
    struct bnc_kube_request timed = *request;
    struct bnc_url_pair pairs[PAIRS_MAX] = {{NULL, NULL}};
    char timeout[24];
    size_t n = 0;

    timed.timeout_ms = bnc_kube_config_of(kube)->write_timeout_ms;
    if (timed.timeout_ms > 0) {
        for (; request->query != NULL && request->query[n].name != NULL &&
               n < PAIRS_MAX - 2;
             n++) {
            pairs[n] = request->query[n];
        }
        (void)snprintf(timeout, sizeof(timeout), "%lldms", (long long)timed.timeout_ms);
        pairs[n] = (struct bnc_url_pair){"timeout", timeout};
        timed.query = pairs;
    }
    write->kind = kind;
    write->deletes = strcmp(request->method, "DELETE") == 0;
    write->fn = fn;
    write->arg = arg;
    write->call = bnc_kube_start(kube, &timed, on_answer, write);
    return write;
}

/* The path of one object: a write never goes to a collection. */
static const char *
object_path(const struct bnc_kube_target *target, const char *sub,
            struct bnc_arena *arena, struct bnc_error *err)
{
    const struct bnc_kind_info *info = bnc_kind_info(target->kind);
    struct bnc_str path = bnc_str_new(arena, BNC_URL_MAX);

    if (!bnc_url_segment_ok(target->name) ||
        (info->namespaced && !bnc_url_segment_ok(target->ns))) {
        (void)bnc_fail(err, BNC_INVALID, "%s \"%s/%s\" has no usable name", info->name,
                       target->ns == NULL ? "" : target->ns,
                       target->name == NULL ? "" : target->name);
        return NULL;
    }
    if (bnc_url_path(&path, info, target->ns, target->name, sub, err)) {
        return NULL;
    }
    return path.ptr;
}

struct bnc_kube_write *
bnc_kube_apply_as(struct bnc_kube *kube, const struct bnc_kube_as *as,
                  struct bnc_bytes body, bnc_written_fn fn, void *arg,
                  struct bnc_error *err)
{
    const struct bnc_kube_target *target = &as->target;
    const struct bnc_url_pair query[] = {
        {"fieldManager", as->manager},
        {"force", "true"},
        {"fieldValidation", "Strict"},
        {NULL, NULL},
    };
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_kube_request request = {
        .group = BNC_HTTP_UNARY,
        .method = "PATCH",
        .path = object_path(target, target->status ? "status" : NULL, arena, err),
        .query = query,
        .accept = METADATA_ONLY,
        .content_type = APPLY_TYPE,
        .body = body,
        .repeatable = true, /* the same intent again changes nothing */
    };
    return request.path == NULL ? NULL : start(kube, &request, target->kind, fn, arg);
}

struct bnc_kube_write *
bnc_kube_apply(struct bnc_kube *kube, const struct bnc_kube_target *target,
               struct bnc_bytes body, bnc_written_fn fn, void *arg, struct bnc_error *err)
{
    const struct bnc_kube_as as = {*target, BNC_FIELD_MANAGER};
    return bnc_kube_apply_as(kube, &as, body, fn, arg, err);
}

/* Only the API server's own types know what the keys of their lists are. */
static const char *
patch_type(enum bnc_kind kind)
{
    static const char *const built_in[] = {"", "apps", "batch"};
    for (size_t i = 0; i < BNC_LEN(built_in); i++) {
        if (strcmp(bnc_kind_info(kind)->group, built_in[i]) == 0) {
            return BUILT_IN;
        }
    }
    return CUSTOM;
}

struct bnc_kube_write *
bnc_kube_patch(struct bnc_kube *kube, const struct bnc_kube_target *target,
               struct bnc_bytes body, bnc_written_fn fn, void *arg, struct bnc_error *err)
{
    static const struct bnc_url_pair query[] = {
        {"fieldManager", BNC_FIELD_MANAGER},
        {"fieldValidation", "Strict"},
        {NULL, NULL},
    };
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_kube_request request = {
        .group = BNC_HTTP_UNARY,
        .method = "PATCH",
        .path = object_path(target, NULL, arena, err),
        .query = query,
        .accept = METADATA_ONLY,
        .content_type = patch_type(target->kind),
        .body = body,
    };
    return request.path == NULL ? NULL : start(kube, &request, target->kind, fn, arg);
}

struct bnc_kube_write *
bnc_kube_delete(struct bnc_kube *kube, const struct bnc_kube_target *target,
                const char *uid, bnc_written_fn fn, void *arg, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str body = bnc_str_new(arena, BNC_URL_MAX);

    bnc_str_puts(&body, DELETE_BODY ",\"propagationPolicy\":\"Background\"");
    if (uid != NULL && uid[0] != '\0') {
        bnc_str_puts(&body, ",\"preconditions\":{\"uid\":");
        bnc_str_json(&body, uid);
        bnc_str_putc(&body, '}');
    }
    bnc_str_putc(&body, '}');
    struct bnc_kube_request request = {
        .group = BNC_HTTP_UNARY,
        .method = "DELETE",
        .path = object_path(target, NULL, arena, err),
        .accept = METADATA_ONLY,
        .body = {body.ptr, body.len},
    };
    if (request.path == NULL || bnc_str_check(&body, "the uid of a delete", err)) {
        return NULL;
    }
    return start(kube, &request, target->kind, fn, arg);
}

/* Without a name: a new one. */
static struct bnc_kube_write *
start_event(struct bnc_kube *kube, const struct bnc_kube_target *target,
            struct bnc_kube_request *request, bnc_written_fn fn, void *arg,
            struct bnc_error *err)
{
    static const struct bnc_kind_info events = {
        .group = "events.k8s.io",
        .version = "v1",
        .name = "Event",
        .plural = "events",
        .namespaced = true,
    };
    static const struct bnc_url_pair query[] = {
        {"fieldManager", BNC_FIELD_MANAGER},
        {"fieldValidation", "Strict"},
        {NULL, NULL},
    };
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str path = bnc_str_new(arena, BNC_URL_MAX);

    if (!bnc_url_segment_ok(target->ns)) {
        (void)bnc_fail(err, BNC_INVALID, "an Event needs a namespace");
        return NULL;
    }
    if (bnc_url_path(&path, &events, target->ns, target->name, NULL, err)) {
        return NULL;
    }
    request->group = BNC_HTTP_UNARY;
    request->path = path.ptr;
    request->query = query;
    request->accept = METADATA_ONLY;
    return start(kube, request, BNC_KIND_NONE, fn, arg);
}

struct bnc_kube_write *
bnc_kube_event(struct bnc_kube *kube, const char *ns, struct bnc_bytes body,
               bnc_written_fn fn, void *arg, struct bnc_error *err)
{
    struct bnc_kube_request request = {.method = "POST", .body = body};
    return start_event(kube, &(struct bnc_kube_target){.ns = ns}, &request, fn, arg, err);
}

struct bnc_kube_write *
bnc_kube_event_patch(struct bnc_kube *kube, const struct bnc_kube_target *target,
                     struct bnc_bytes body, bnc_written_fn fn, void *arg,
                     struct bnc_error *err)
{
    struct bnc_kube_request request = {
        .method = "PATCH", .content_type = CUSTOM, .body = body};
    if (!bnc_url_segment_ok(target->name)) {
        (void)bnc_fail(err, BNC_INVALID, "an Event to be changed needs a name");
        return NULL;
    }
    return start_event(kube, target, &request, fn, arg, err);
}

void
bnc_kube_write_cancel(struct bnc_kube_write *write)
{
    bnc_kube_cancel(write->call);
    free(write);
}
