/*
 * Writes: server-side apply, merge patches, deletes, Events.  Answers are metadata only.
 */
#ifndef BNC_KUBE_APPLY_H
#define BNC_KUBE_APPLY_H

#include "kube/client.h"

#define BNC_FIELD_MANAGER "binnacle"

/* Borrowed for the call. */
struct bnc_written {
    struct bnc_error err; /* BNC_OK: done */
    int http_status;
    int64_t retry_after_ms;       /* 0: not said */
    const char *resource_version; /* of the object after an apply or patch; "" else */
    const char *uid;
};
typedef void (*bnc_written_fn)(void *arg, const struct bnc_written *written);

struct bnc_kube_write; /* opaque: a write under way */

/* What to write to which object; all is copied. */
struct bnc_kube_target {
    enum bnc_kind kind;
    const char *ns;
    const char *name;
    bool status; /* its status subresource; for an apply only */
};

/*
 * `fn` comes once, never inside the call.  The handle is valid until then; a NULL
 * handle with `err` says that the write cannot be sent at all (INVALID).
 */
struct bnc_kube_write *
bnc_kube_apply(struct bnc_kube *kube, const struct bnc_kube_target *target,
               struct bnc_bytes body, bnc_written_fn fn, void *arg,
               struct bnc_error *err);
/* As another field manager: what it has applied is its own, apart from ours. */
struct bnc_kube_as {
    struct bnc_kube_target target;
    const char *manager; /* 1 to 128 bytes */
};
struct bnc_kube_write *
bnc_kube_apply_as(struct bnc_kube *kube, const struct bnc_kube_as *as,
                  struct bnc_bytes body, bnc_written_fn fn, void *arg,
                  struct bnc_error *err);
/*
 * Change parts of an object that exists (NOT_FOUND), of which others own the rest: a
 * strategic merge patch where the API server has the type's keys (core, apps, batch), a
 * JSON merge patch elsewhere.  metadata.resourceVersion in `body` is a precondition:
 * CONFLICT when the object has another one.
 */
struct bnc_kube_write *
bnc_kube_patch(struct bnc_kube *kube, const struct bnc_kube_target *target,
               struct bnc_bytes body, bnc_written_fn fn, void *arg,
               struct bnc_error *err);
/* `uid`: only that object, CONFLICT when it is another one; NULL: any. */
struct bnc_kube_write *
bnc_kube_delete(struct bnc_kube *kube, const struct bnc_kube_target *target,
                const char *uid, bnc_written_fn fn, void *arg, struct bnc_error *err);
/* Create an Event of events.k8s.io/v1 in namespace `ns`. */
struct bnc_kube_write *
bnc_kube_event(struct bnc_kube *kube, const char *ns, struct bnc_bytes body,
               bnc_written_fn fn, void *arg, struct bnc_error *err);
/* Change one: a JSON merge patch; of `target`, its namespace and name count. */
struct bnc_kube_write *
bnc_kube_event_patch(struct bnc_kube *kube, const struct bnc_kube_target *target,
                     struct bnc_bytes body, bnc_written_fn fn, void *arg,
                     struct bnc_error *err);
/* No callback any more; the server may have done it. */
void bnc_kube_write_cancel(struct bnc_kube_write *write);

#endif
