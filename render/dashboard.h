/*
 * A dashboard as somebody exported it, made ready for one Grafana: its inputs filled in,
 * its variables set.  Source: Grafana's dashboard JSON model; `__inputs` is what "export
 * for sharing externally" writes.
 */
#ifndef BNC_RENDER_DASHBOARD_H
#define BNC_RENDER_DASHBOARD_H

#include <cjson/cJSON.h>

#include "lib/arena.h"

/* A datasource for an input or a variable of the dashboard. */
struct bnc_dashboard_use {
    const char *name; /* of the input or variable */
    const char *uid;
    const char *title;
    bool used; /* filled in: the dashboard has such a one */
};

/* The next input that wants a datasource, after `at` (NULL: the first); NULL: no more. */
const cJSON *bnc_dashboard_input(const cJSON *model, const cJSON *at);

/*
 * The dashboard to be given out: with this uid, no id, without `__inputs` and
 * `__requires`, ${NAME} replaced where an input is called so, variables of type
 * datasource set to the one that is used for them.  An input that is a constant is
 * replaced by its own value.
 * Owns: `arena`; nothing is borrowed from `model`.
 */
cJSON *
bnc_dashboard_tree(const cJSON *model, const char *uid, struct bnc_dashboard_use *uses,
                   size_t n, struct bnc_arena *arena);

#endif
