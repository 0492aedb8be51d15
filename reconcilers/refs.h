/*
 * References to Secrets and ConfigMaps: checked, and turned into files of the
 * asset object.  No value of a Secret gets into an IR, except user names for a
 * Prometheus that can't read them from a file, and OAuth client ids.
 */
#ifndef BNC_RECONCILERS_REFS_H
#define BNC_RECONCILERS_REFS_H

#include "model/ir.h"

/* The folder of the asset object, relative to the configuration file. */
#define BNC_FILES_FOLDER "files"

/* Collects what the references of one object come to. */
struct bnc_refs {
    struct bnc_view *view;
    struct bnc_arena *arena;
    struct bnc_diags *diags;
    const char *ns; /* of the object: references never leave it */
    bool empty_user; /* prometheus-operator's kinds: no user name is one, too */
    bool pending;
    struct bnc_asset *assets;
    size_t n_assets;
    size_t room;
    const char *clear; /* the first field that a value of a Secret was read for */
};

/*
 * The file that holds a key ("files/secret_NS_NAME_KEY"), NULL when `ref` is
 * NULL or wrong (then there is a diagnostic at `field`, or pending is set).
 */
const char *
bnc_refs_secret(struct bnc_refs *refs, const struct bnc_ref *ref, const char *field);
const char *bnc_refs_either(struct bnc_refs *refs, const struct bnc_secret_or_map *ref,
                            const char *field);

/* The text under a key, NULL as above. */
const char *
bnc_refs_secret_text(struct bnc_refs *refs, const struct bnc_ref *ref, const char *field);
const char *bnc_refs_either_text(struct bnc_refs *refs,
                                 const struct bnc_secret_or_map *ref, const char *field);

/* True for a key of a Secret that is there and holds nothing. */
bool bnc_refs_is_empty(struct bnc_refs *refs, const struct bnc_ref *ref);

/* A user name: the text under a key, trimmed; NULL as above. */
const char *
bnc_refs_user(struct bnc_refs *refs, const struct bnc_ref *ref, const char *field);

/*
 * The text under a key, for what Prometheus takes in no file; NULL as above.  refs->clear
 * tells: an Observatory may not want it.
 */
const char *bnc_refs_secret_clear(struct bnc_refs *refs, const struct bnc_ref *ref,
                                  const char *field);

/* The bytes under a key of a ConfigMap, in the arena; false as above. */
bool bnc_refs_map_bytes(struct bnc_refs *refs, const struct bnc_ref *ref,
                        const char *field, struct bnc_bytes *out);

/*
 * Where the text under a key is read when it is written out; nothing is kept of it.
 * False as above, and when there is no text: it is checked now.
 */
bool bnc_refs_secret_value(struct bnc_refs *refs, const struct bnc_ref *ref,
                           const char *field, struct bnc_asset *out);

/* Resolve TLS settings; certificates and keys are checked to be PEM and to match. */
struct bnc_job_tls
bnc_refs_tls(struct bnc_refs *refs, const struct bnc_tls_config *tls, const char *field);

#endif
