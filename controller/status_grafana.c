#include "controller/status.h"
#include "lib/json.h"
#include "model/ir_grafana.h"

bool
bnc_status_grafana(const struct bnc_member *member, cJSON *status,
                   struct bnc_arena *arena)
{
    const struct bnc_ir *ir = member->ir;
    const char *uid = NULL;
    const char *title = NULL;

    if (ir->type == BNC_IR_DATASOURCE) {
        uid = ir->as.datasource->uid;
        title = ir->as.datasource->title;
    } else if (ir->type == BNC_IR_DASHBOARD) {
        uid = ir->as.dashboard->uid;
        title = ir->as.dashboard->title;
    } else {
        return false;
    }
    bnc_json_set_str(arena, status, "uid", uid);
    bnc_json_set_str(arena, status, "title", title);
    return true;
}
