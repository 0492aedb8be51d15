/*
 * binnacle lint: every problem with file, line, object and field.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/offline.h"

const struct bnc_flag bnc_flags_lint[] = {
    BNC_FLAG_FILES,
    {"--output", "-o", "text|json", offsetof(struct bnc_options, output),
     "form of the findings (default: text)"},
    BNC_FLAG_NAMESPACE,
    BNC_FLAG_ASSUME,
    BNC_FLAG_TRUSTED,
    BNC_FLAG_HELP,
};
const size_t bnc_n_flags_lint = BNC_LEN(bnc_flags_lint);

static void
stop(void *arg, struct bnc_controller *controller)
{
    const struct bnc_offline *o = arg;
    BNC_UNUSED(controller);
    bnc_world_stop(o->world);
}

int
bnc_cmd_lint(const struct bnc_options *options)
{
    struct bnc_offline o;
    struct bnc_error err = {0};
    int status = 1;
    bool json = options->output != NULL && strcmp(options->output, "json") == 0;

    if (options->n_paths == 0 ||
        (options->output != NULL && !json && strcmp(options->output, "text") != 0)) {
        (void)fprintf(stderr, options->n_paths == 0
                                  ? "binnacle lint: say what to read: -f FILE|DIR|-\n"
                                  : "binnacle lint: -o takes text or json\n");
        return 2;
    }
    if (bnc_offline_start(&o, options, stop, &err)) {
        (void)fprintf(stderr, "binnacle lint: %s\n", err.message);
    } else {
        bnc_offline_collect(&o);
        bnc_findings_print(&o.found, stdout, json);
        struct bnc_source_dir_counts counts = bnc_source_dir_counts(o.source);
        size_t errors = o.found.errors;
        (void)fprintf(stderr, "%zu objects in %zu files: %zu errors, %zu warnings\n",
                      counts.objects, counts.files, errors, o.found.n - errors);
        status = errors > 0 ? 1 : 0;
    }
    bnc_offline_free(&o);
    return status;
}
