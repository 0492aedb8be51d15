/*
 * The commands, a row each.
 */
#ifndef BNC_CMD_COMMANDS_H
#define BNC_CMD_COMMANDS_H

#include "cmd/options.h"

int bnc_cmd_run(const struct bnc_options *options);
int bnc_cmd_sync(const struct bnc_options *options);
int bnc_cmd_render(const struct bnc_options *options);
int bnc_cmd_lint(const struct bnc_options *options);
int bnc_cmd_explain(const struct bnc_options *options);
int bnc_cmd_dashboards(const struct bnc_options *options);
int bnc_cmd_crds(const struct bnc_options *options);
int bnc_cmd_version(const struct bnc_options *options);

extern const struct bnc_flag bnc_flags_run[];
extern const size_t bnc_n_flags_run;
extern const struct bnc_flag bnc_flags_sync[];
extern const size_t bnc_n_flags_sync;
extern const struct bnc_flag bnc_flags_render[];
extern const size_t bnc_n_flags_render;
extern const struct bnc_flag bnc_flags_lint[];
extern const size_t bnc_n_flags_lint;
extern const struct bnc_flag bnc_flags_explain[];
extern const size_t bnc_n_flags_explain;
extern const struct bnc_flag bnc_flags_dashboards[];
extern const size_t bnc_n_flags_dashboards;
extern const struct bnc_flag bnc_flags_crds[];
extern const size_t bnc_n_flags_crds;
extern const struct bnc_flag bnc_flags_version[];
extern const size_t bnc_n_flags_version;

/* Number and text of this build, for --version and User-Agent. */
const char *bnc_version_text(void);
/* The commit it was built from, "unknown" outside a repository. */
const char *bnc_version_revision(void);

#endif
