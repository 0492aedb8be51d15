/*
 * What a sync beside Grafana reads: where the provisioning file of an Observatory is,
 * and which ConfigMaps are its dashboards.
 */
#ifndef BNC_SYNC_GRAFANA_TARGET_H
#define BNC_SYNC_GRAFANA_TARGET_H

#include "lib/json.h"
#include "model/prune.h"

#define BNC_GSYNC_LABELS_MAX 64
#define BNC_GSYNC_FOLDER_MAX 200 /* bytes of a folder's name on disk */

struct bnc_gsync_label {
    const char *key;
    const char *value;
};

struct bnc_gsync_target {
    const char *uid;    /* of the Observatory */
    const char *owner;  /* "NS/NAME" of it */
    bool files;         /* datasources are files; false: set over the HTTP API */
    enum bnc_kind kind; /* of the object with the provisioning file; NONE: a Secret while
                           it has to be one, else a ConfigMap */
    const char *ns;
    const char *name;
    const char *key; /* of the text, and the name of its file */
    const char *boards_ns;
    const char *folder_annotation;
    struct bnc_gsync_label labels[BNC_GSYNC_LABELS_MAX]; /* of dashboards */
    size_t n_labels;
};

/*
 * With the defaults that the controller fills in.
 * Owns:   `out` lives in `arena`; `observatory` may go.
 * Errors: INVALID without spec.grafana, or when the key is no name of a file.
 */
enum bnc_code
bnc_gsync_target_read(const struct bnc_pruned *observatory, struct bnc_arena *arena,
                      struct bnc_gsync_target *out, struct bnc_error *err) BNC_MUST_CHECK;

bool bnc_gsync_target_equal(const struct bnc_gsync_target *a,
                            const struct bnc_gsync_target *b);

/* Whether a ConfigMap is one of its dashboards; `meta` is its metadata. */
bool bnc_gsync_is_board(const struct bnc_gsync_target *target, const char *name,
                        const cJSON *meta);

/*
 * The path below the folder of dashboards for one named `name`: "Mesh/Traffic/NAME.json".
 * `folder` may be NULL; a '/' in it is a level.  Grafana passes over folders that begin
 * with a dot, and nothing may lead out of the folder: such a beginning becomes '_', as
 * bytes below ' ' do.
 * Owns: the arena.
 */
const char *
bnc_gsync_board_path(const char *folder, const char *name, struct bnc_arena *arena);

#endif
