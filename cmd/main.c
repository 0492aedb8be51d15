/*
 * binnacle: the command line.  One file for each command; run.c is the way in.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/commands.h"
#include "lib/openssl_memory.h"
#include "model/field_text.h"

static const struct bnc_command commands[] = {
    {"run", "the controller, against a cluster or a folder", "binnacle run [flags]",
     "Watches workloads, ScrapePolicies and Observatories, and keeps the generated\n"
     "configuration true to them.\n\n"
     "  binnacle run                                    in a cluster, or with "
     "$KUBECONFIG\n"
     "  binnacle run --from manifests/ --to out/        without a cluster, followed\n"
     "  binnacle run --from manifests/ --to out/ --once one pass",
     bnc_flags_run, &bnc_n_flags_run, bnc_cmd_run, NULL},
    {"sync", "beside Prometheus or Grafana: loads what is published, and proves it",
     "binnacle sync --observatory NS/NAME --out DIR --reload URL [flags]",
     "Writes what the controller publishes for one Observatory to DIR as whole\n"
     "generations, reloads Prometheus, proves through the running server that exactly\n"
     "this is loaded, and says so on the Observatory's status. What Prometheus refuses\n"
     "is taken back, and the job that is to blame is named.\n\n"
     "  binnacle sync --observatory monitoring/main --out /etc/prometheus/out \\\n"
     "                --reload http://127.0.0.1:9090/-/reload\n\n"
     "Prometheus runs with --config.file=DIR/current/prometheus.yml and\n"
     "--web.enable-lifecycle.",
     bnc_flags_sync, &bnc_n_flags_sync, bnc_cmd_sync, NULL},
    {"render", "the exact objects that run would apply, offline",
     "binnacle render -f FILE|DIR|- [-o DIR|-] [flags]",
     "Reads manifests and prints what the controller would write for them.\n\n"
     "  binnacle render -f manifests/\n"
     "  binnacle render -f manifests/ --content > prometheus.yml\n"
     "  kubectl get obs,sp,deploy,svc,ns -A -o yaml | binnacle render -f -\n\n"
     "Ends with 1 when something could not be read or an Observatory has no result.",
     bnc_flags_render, &bnc_n_flags_render, bnc_cmd_render, NULL},
    {"lint", "every problem with file, line, object and field, offline",
     "binnacle lint -f FILE|DIR|- [flags]",
     "Reads manifests and says all that is wrong with them.\n\n"
     "  binnacle lint -f manifests/\n"
     "  binnacle lint -f manifests/ -o json\n\n"
     "Ends with 1 when there is an error; warnings alone are 0.",
     bnc_flags_lint, &bnc_n_flags_lint, bnc_cmd_lint, NULL},
    {"explain", "why a workload is scraped and traced as it is",
     "binnacle explain KIND/NAME [-n NAMESPACE] [-f FILE|DIR|-] [flags]",
     "Says which objects scrape a workload, how much of its requests is traced in each\n"
     "system, which object decides on that, what it overrides, and what has to be\n"
     "restarted. It reads the cluster and writes nothing; with -f it reads manifests.\n\n"
     "  binnacle explain deploy/checkout -n shop\n"
     "  binnacle explain sts/db -n shop -o json\n"
     "  kubectl get obs,smp,sp,deploy,ns,cm,telemetry -A -o yaml |\n"
     "    binnacle explain deploy/checkout -n shop -f -\n\n"
     "Ends with 1 when there is no such workload.",
     bnc_flags_explain, &bnc_n_flags_explain, bnc_cmd_explain, "KIND/NAME"},
    {"dashboards", "dashboards for Grafana, to be imported by hand",
     "binnacle dashboards [NAME]",
     "Lists them, or prints the JSON of one. An Observatory with spec.grafana gives them "
     "to\n"
     "Grafana by itself.\n\n"
     "  binnacle dashboards istio-mesh > istio-mesh.json",
     bnc_flags_dashboards, &bnc_n_flags_dashboards, bnc_cmd_dashboards, "NAME"},
    {"crds", "the custom resource definitions, or their reference",
     "binnacle crds [-o yaml|json|markdown]", "  binnacle crds | kubectl apply -f -",
     bnc_flags_crds, &bnc_n_flags_crds, bnc_cmd_crds, NULL},
    {"version", "this build and its libraries", "binnacle version", "", bnc_flags_version,
     &bnc_n_flags_version, bnc_cmd_version, NULL},
};

static void
print_usage(FILE *to)
{
    (void)fprintf(to, "binnacle keeps the observability configuration of a Kubernetes "
                      "cluster true to its\nworkloads and custom resources.\n\n"
                      "Usage: binnacle COMMAND [flags]\n\nCommands:\n");
    for (size_t i = 0; i < BNC_LEN(commands); i++) {
        (void)fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    (void)fprintf(to, "\nbinnacle COMMAND --help tells more.\n");
}

static int
unknown_command(const char *name)
{
    const char *names[16] = {NULL};
    for (size_t i = 0; i < BNC_LEN(commands); i++) {
        names[i] = commands[i].name;
    }
    const char *nearest = bnc_text_nearest(name, names, BNC_LEN(commands));
    (void)fprintf(
        stderr, "binnacle: unknown command \"%.60s\"%s%s; see binnacle --help\n", name,
        nearest == NULL ? "" : "; did you mean ", nearest == NULL ? "" : nearest);
    return 2;
}

/* Output that did not get out is no success. */
static int
finish(const char *name, int status)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        (void)fprintf(stderr, "binnacle %s: standard output could not be written\n",
                      name);
        return 1;
    }
    return status;
}

int
main(int argc, char **argv)
{
    bnc_openssl_memory();
    if (argc < 2) {
        print_usage(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return 0;
    }
    const char *name = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
    for (size_t i = 0; i < BNC_LEN(commands); i++) {
        struct bnc_options options;
        struct bnc_error err = {0};
        if (strcmp(commands[i].name, name) != 0) {
            continue;
        }
        if (bnc_options_parse(&commands[i], argc - 2, argv + 2, &options, &err)) {
            (void)fprintf(stderr, "binnacle %s: %s\n", name, err.message);
            return 2;
        }
        if (options.help) {
            bnc_options_help(&commands[i]);
            return 0;
        }
        return finish(name, commands[i].run(&options));
    }
    return unknown_command(name);
}
