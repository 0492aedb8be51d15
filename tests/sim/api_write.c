#include <stdlib.h>
#include <string.h>

#include "tests/sim/api_internal.h"

#define MAX_BODY ((size_t)3 << 20)

static struct bnc_api_outcome
not_found(struct bnc_api_request *r)
{
    return bnc_api_refuse(
        404, "NotFound",
        bnc_arena_fmt(r->arena, "%s \"%s\" not found", r->res->kind->plural, r->name));
}

/* The body names what the path names; what it leaves out is filled in. */
static const char *
check_identity(struct bnc_api_request *r, struct bnc_jv *tree)
{
    struct bnc_jv *meta = bnc_jv_need(r->arena, tree, "metadata");
    const char *version = bnc_api_version_text(r->arena, r->res->kind);
    const char *ns = bnc_jv_text(meta, "namespace", r->ns);
    const char *name = bnc_jv_text(meta, "name", r->name);
    if (strcmp(bnc_jv_text(tree, "apiVersion", ""), version) != 0 ||
        strcmp(bnc_jv_text(tree, "kind", ""), r->res->kind->kind) != 0) {
        return "apiVersion and kind of the body do not match the path";
    }
    if (strcmp(ns, r->ns) != 0) {
        return "the namespace of the object does not match the request";
    }
    if (*r->name != '\0' && strcmp(name, r->name) != 0) {
        return "the name of the object does not match the name on the URL";
    }
    if (*name == '\0' && *bnc_jv_text(meta, "generateName", "") != '\0') {
        name = bnc_arena_fmt(r->arena, "%s%05x", bnc_jv_text(meta, "generateName", ""),
                             (unsigned)bnc_sim_below(r->api->sim, 0x100000));
    }
    bnc_jv_set(r->arena, meta, "name", bnc_jv_string(r->arena, name));
    if (r->res->kind->namespaced) {
        bnc_jv_set(r->arena, meta, "namespace", bnc_jv_string(r->arena, ns));
    }
    r->name = name;
    return NULL;
}

static struct bnc_api_outcome
do_create(struct bnc_api_request *r, struct bnc_jv *tree)
{
    const struct bnc_api_writer writer = {.manager = r->manager, .sub = ""};
    if (bnc_api_find(r->res, r->ns, r->name) != NULL) {
        return bnc_api_refuse(409, "AlreadyExists",
                              bnc_arena_fmt(r->arena, "%s \"%s\" already exists",
                                            r->res->kind->plural, r->name));
    }
    return bnc_api_store(r->api, r->arena, r->res, NULL, tree, &writer,
                         r->params.dry_run);
}

static struct bnc_api_outcome
do_update(struct bnc_api_request *r, struct bnc_jv *tree)
{
    const struct bnc_api_writer writer = {.manager = r->manager, .sub = r->sub};
    struct bnc_api_version *live = bnc_api_find(r->res, r->ns, r->name);
    if (live == NULL) {
        return not_found(r);
    }
    return bnc_api_store(r->api, r->arena, r->res, live, tree, &writer,
                         r->params.dry_run);
}

static struct bnc_api_outcome
do_apply(struct bnc_api_request *r, struct bnc_jv *config)
{
    const struct bnc_api_writer writer = {.manager = r->params.manager,
                                          .sub = r->sub,
                                          .apply = true,
                                          .force = r->params.force};
    struct bnc_api_version *live = bnc_api_find(r->res, r->ns, r->name);
    if (*r->params.manager == '\0' || strlen(r->params.manager) > 128) {
        return bnc_api_refuse(422, "Invalid",
                              "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: "
                              "Required value: is required for apply patch");
    }
    if (bnc_jv_get(bnc_jv_get(config, "metadata"), "managedFields") != NULL) {
        return bnc_api_refuse(400, "BadRequest", "metadata.managedFields must be nil");
    }
    if (live == NULL && *r->sub != '\0') {
        return not_found(r);
    }
    const char *uid = bnc_jv_text(bnc_jv_get(config, "metadata"), "uid", "");
    if (live == NULL && *uid != '\0') {
        return bnc_api_refuse(409, "Conflict",
                              "uid mismatch: the provided object specified uid, and no "
                              "existing object was found");
    }
    return bnc_api_store(r->api, r->arena, r->res, live, config, &writer,
                         r->params.dry_run);
}

/* A version in the patch is a precondition: else whatever is there is patched. */
static struct bnc_api_outcome
do_merge_patch(struct bnc_api_request *r, const struct bnc_jv *patch, bool strategic)
{
    struct bnc_api_version *live = bnc_api_find(r->res, r->ns, r->name);
    const char *wrong = NULL;
    if (live == NULL) {
        return not_found(r);
    }
    struct bnc_jv *tree = bnc_api_tree(r->arena, live);
    bnc_jv_drop(bnc_jv_get(tree, "metadata"), "resourceVersion");
    if (strategic) {
        wrong = bnc_api_strategic_patch(r->arena, r->res->kind, tree, patch);
    } else {
        bnc_api_merge_patch(r->arena, tree, patch);
    }
    if (wrong == NULL) {
        wrong = check_identity(r, tree);
    }
    return wrong != NULL ? bnc_api_refuse(400, "BadRequest", wrong) : do_update(r, tree);
}

static struct bnc_api_outcome
do_delete(struct bnc_api_request *r, const struct bnc_jv *options)
{
    struct bnc_api_version *live = bnc_api_find(r->res, r->ns, r->name);
    if (live == NULL) {
        return not_found(r);
    }
    const struct bnc_jv *wanted = bnc_jv_get(options, "preconditions");
    const char *uid = bnc_jv_text(wanted, "uid", live->uid);
    const char *rv = bnc_jv_text(wanted, "resourceVersion", "");
    if (strcmp(uid, live->uid) != 0 ||
        (*rv != '\0' && strtoll(rv, NULL, 10) != live->rv)) {
        return bnc_api_refuse(
            409, "Conflict",
            bnc_arena_fmt(r->arena,
                          "Operation cannot be fulfilled on %s \"%s\": Precondition "
                          "failed: UID in precondition: %s, UID in object meta: %s",
                          r->res->kind->plural, r->name, uid, live->uid));
    }
    if (!r->params.dry_run && strcmp(r->res->kind->kind, "Namespace") == 0) {
        bnc_api_remove_namespace(r->api, r->name);
    } else if (!r->params.dry_run) {
        (void)bnc_api_remove(r->api, r->res, live);
    }
    return (struct bnc_api_outcome){
        .status = 200, .reason = "", .changed = !r->params.dry_run};
}

static bool
is_type(const struct bnc_api_request *r, const char *type)
{
    const char *sent = bnc_sim_request_header(r->http, "Content-Type");
    return sent != NULL && bnc_str_starts(sent, type);
}

static struct bnc_api_outcome
do_patch(struct bnc_api_request *r, struct bnc_jv *tree)
{
    if (is_type(r, "application/apply-patch+yaml")) {
        const char *wrong = check_identity(r, tree);
        return wrong != NULL ? bnc_api_refuse(400, "BadRequest", wrong)
                             : do_apply(r, tree);
    }
    bool strategic = is_type(r, "application/strategic-merge-patch+json");
    if (is_type(r, "application/merge-patch+json") ||
        (strategic && !r->res->kind->custom)) {
        return do_merge_patch(r, tree, strategic);
    }
    return bnc_api_refuse(415, "UnsupportedMediaType", "the patch's type is not known");
}

static struct bnc_api_outcome
carry_out(struct bnc_api_request *r)
{
    struct bnc_bytes body = r->http->body;
    const char *method = r->http->method;
    bool collection = *r->name == '\0';
    if (body.len > MAX_BODY) {
        return bnc_api_refuse(413, "RequestEntityTooLarge",
                              "Request entity too large: limit is 3145728");
    }
    struct bnc_jv *tree = bnc_jv_parse(r->arena, body.ptr, body.len);
    if (strcmp(method, "DELETE") == 0 && !collection) {
        return body.len > 0 && tree == NULL
                   ? bnc_api_refuse(400, "BadRequest", "the options are no JSON")
                   : do_delete(r, tree);
    }
    if (tree == NULL || tree->type != BNC_JV_OBJECT) {
        return bnc_api_refuse(400, "BadRequest", "the body is no JSON object");
    }
    if (strcmp(method, "PATCH") == 0 && !collection) {
        return do_patch(r, tree);
    }
    bool create = strcmp(method, "POST") == 0;
    if (create != collection || (!create && strcmp(method, "PUT") != 0)) {
        return bnc_api_refuse(405, "MethodNotAllowed", "the method is not allowed here");
    }
    if (!is_type(r, "application/json")) {
        return bnc_api_refuse(415, "UnsupportedMediaType", "the body must be JSON");
    }
    const char *wrong = check_identity(r, tree);
    if (wrong != NULL) {
        return bnc_api_refuse(400, "BadRequest", wrong);
    }
    return create ? do_create(r, tree) : do_update(r, tree);
}

/* The write has happened; its answer does not say so. */
static void
lose_answer(struct bnc_api_request *r)
{
    static const int statuses[] = {0, 500, 504};
    int status = statuses[bnc_sim_below(r->api->sim, BNC_LEN(statuses))];
    if (status == 0) {
        r->answered = true;
        bnc_sim_reply_break(r->call, "connection reset by peer");
    } else {
        bnc_api_answer_status(r, status, status == 500 ? "InternalError" : "Timeout",
                              "the answer was lost");
    }
}

void
bnc_api_write(struct bnc_api_request *r)
{
    struct bnc_sim_api *api = r->api;
    if (bnc_api_hit(r, BNC_SIM_CONFLICT)) {
        bnc_api_answer_status(
            r, 409, "Conflict",
            "Operation cannot be fulfilled: the object has been "
            "modified; please apply your changes to the latest version");
        return;
    }
    bool lost = bnc_api_hit(r, BNC_SIM_LOST_ANSWER);
    struct bnc_api_outcome outcome = carry_out(r);
    struct bnc_api_version *object =
        outcome.object == NULL ? NULL : bnc_api_version_ref(outcome.object);
    bnc_api_trace_request(r, &outcome);
    bnc_sim_note(api->sim, "write", r->label, outcome.status);
    bnc_api_count_write(api, r->manager, true, &outcome);
    if (lost) {
        lose_answer(r);
    } else if (object != NULL) {
        bnc_api_answer(r, outcome.status, bnc_api_text(object, r->meta));
    } else {
        bnc_api_answer_status(r, outcome.status, outcome.reason,
                              outcome.message == NULL ? "" : outcome.message);
    }
    bnc_api_version_unref(object);
    if (outcome.changed && api->on_write != NULL) {
        api->writer = bnc_sim_request_header(r->http, "User-Agent");
        api->on_write(api->on_write_arg, r->http->method, r->res->kind->kind, r->ns,
                      r->name);
        api->writer = NULL;
    }
}
