#include "render/prom_relabel.h"

void
bnc_prom_relabel_write(struct bnc_yaml *y, const struct bnc_relabel *rule)
{
    BNC_YAML_ITEM (y) {
        if (rule->source_labels.n > 0) {
            bnc_yaml_flow_texts(y, "source_labels", &rule->source_labels);
        }
        bnc_yaml_opt_str(y, "separator", rule->separator);
        bnc_yaml_opt_str(y, "regex", rule->regex);
        bnc_yaml_opt_int(y, "modulus", rule->modulus);
        bnc_yaml_opt_str(y, "target_label", rule->target_label);
        bnc_yaml_opt_str(y, "replacement", rule->replacement);
        bnc_yaml_opt_str(y, "action", rule->action);
    }
}
