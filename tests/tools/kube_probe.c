/*
 * A tool for tests by hand and by script: talks to a real API server through
 * source/cluster.c and prints what it is told, a line each.
 *
 *   kube_probe [--kubeconfig F] [--context C] [-n NS]... [--pods] [--for SECONDS]
 *              [--want KIND/NS/NAME]... [--output KIND/NS/NAME]...
 *              [--apply KIND/NS/NAME=JSON]... [--status KIND/NS/NAME=JSON]...
 *              [--delete KIND/NS/NAME[=UID]]... [--event NS=JSON]... [--repeat N]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/real.h"
#include "source/cluster.h"

#define ITEMS_MAX 256

struct item {
    const char *what;
    enum bnc_kind kind;
    const char *ns;
    const char *name;
    const char *text;
};

struct probe {
    struct bnc_world *world;
    struct bnc_kube *kube;
    struct bnc_source *source;
    struct item items[ITEMS_MAX];
    size_t n_items;
    const char *namespaces[ITEMS_MAX];
    size_t n_namespaces;
    bool pods;
    bool quiet;
    int64_t for_ms;
    long repeat;
    int64_t started_us;
    size_t puts;
    size_t bytes;
};

static void
say(struct probe *probe, const char *what, enum bnc_kind kind, const char *ns,
    const char *name, const char *more)
{
    int64_t us = bnc_world_mono_us(probe->world) - probe->started_us;
    printf("%7.3f %-8s %s %s/%s %s\n", (double)us / 1e6, what,
           kind == BNC_KIND_NONE ? "-" : bnc_kind_info(kind)->name, ns,
           name == NULL ? "*" : name, more);
    (void)fflush(stdout);
}

static void
on_put(void *arg, struct bnc_object *object)
{
    struct probe *probe = arg;
    char more[300];
    probe->puts++;
    probe->bytes += bnc_object_bytes(object);
    (void)snprintf(more, sizeof(more), "rv=%s %zu bytes %.200s", object->resource_version,
                   object->text.len,
                   object->kind == BNC_KIND_SECRET ? "(secret)" : object->text.ptr);
    if (!probe->quiet) {
        say(probe, "put", object->kind, object->ns, object->name, more);
    }
    bnc_object_unref(object);
}

static void
on_gone(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    say(arg, "gone", kind, ns, name, "");
}

static void
on_synced(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct probe *probe = arg;
    char more[80];
    (void)snprintf(more, sizeof(more), "after %zu puts, %zu bytes", probe->puts,
                   probe->bytes);
    say(probe, "synced", kind, ns, name, more);
}

static void
on_output(void *arg, enum bnc_kind kind, const char *ns, const char *name,
          const struct bnc_pruned *metadata)
{
    char more[300] = "absent";
    if (metadata != NULL) {
        (void)snprintf(more, sizeof(more), "rv=%s fields=%zu %.200s",
                       metadata->resource_version, metadata->managed_fields.len,
                       metadata->text.ptr);
    }
    say(arg, "output", kind, ns, name, more);
}

static void
on_trouble(void *arg, enum bnc_kind kind, const char *ns, const char *name,
           const struct bnc_error *err)
{
    say(arg, err->code == BNC_OK ? "works" : "trouble", kind, ns, name, err->message);
}

static void
on_written(void *arg, const struct bnc_write_result *result)
{
    char more[700];
    (void)snprintf(more, sizeof(more), "%s %d rv=%s uid=%s %s",
                   bnc_code_name(result->code), result->status, result->resource_version,
                   result->uid, result->message);
    say(arg, "written", BNC_KIND_NONE, "", NULL, more);
}

static void
on_watch(void *arg, const struct bnc_source_watch *watch)
{
    char more[700];
    (void)snprintf(more, sizeof(more), "%s%s %zu objects%s %s", watch->state,
                   watch->synced ? " synced" : "", watch->objects,
                   watch->output ? " (output)" : "", watch->error);
    say(arg, "health", watch->kind, watch->ns, watch->name, more);
}

static void
finish(void *arg)
{
    struct probe *probe = arg;
    const struct bnc_kube_counters *c = bnc_kube_counters(probe->kube);

    bnc_source_cluster_health(probe->source, on_watch, probe);
    for (size_t i = 0; i < c->n_requests; i++) {
        printf("requests{method=%s,code=%d} %llu\n", c->requests[i].method,
               c->requests[i].status, (unsigned long long)c->requests[i].n);
    }
    for (size_t i = 0; i < BNC_RELIST_COUNT; i++) {
        printf("lists{reason=%s} %llu\n", bnc_relist_name((enum bnc_relist)i),
               (unsigned long long)c->lists[i]);
    }
    printf("watches %llu ends %llu failures %llu short %llu events %llu skipped %llu "
           "list_failures %llu replays %llu\n",
           (unsigned long long)c->watches, (unsigned long long)c->watch_ends,
           (unsigned long long)c->watch_failures, (unsigned long long)c->short_watches,
           (unsigned long long)c->events, (unsigned long long)c->skipped_events,
           (unsigned long long)c->list_failures, (unsigned long long)c->replays);
    bnc_world_stop(probe->world);
}

static void
write_item(struct probe *probe, const struct item *item)
{
    struct bnc_write write = {
        .kind = item->kind,
        .ns = item->ns,
        .name = item->name,
        .body = {item->text, item->text == NULL ? 0 : strlen(item->text)},
    };
    if (strcmp(item->what, "--apply") == 0) {
        write.verb = BNC_VERB_APPLY;
    } else if (strcmp(item->what, "--status") == 0) {
        write.verb = BNC_VERB_APPLY_STATUS;
    } else if (strcmp(item->what, "--delete") == 0) {
        write.verb = BNC_VERB_DELETE;
        write.uid = item->text;
        write.body.len = 0;
    } else {
        write.verb = BNC_VERB_EVENT;
    }
    for (long i = 0; i < probe->repeat; i++) {
        bnc_source_write(probe->source, &write, on_written, probe);
    }
}

static void
start(struct probe *probe)
{
    static const struct bnc_source_listener listener = {
        on_put, on_gone, on_synced, on_output, on_trouble,
    };
    bnc_source_start(probe->source, &listener, probe);
    for (size_t i = 0; i < probe->n_items; i++) {
        const struct item *item = &probe->items[i];
        if (strcmp(item->what, "--want") == 0) {
            bnc_source_want(probe->source, item->kind, item->ns, item->name);
        } else if (strcmp(item->what, "--output") == 0) {
            bnc_source_watch_output(probe->source, item->kind, item->ns, item->name);
        } else {
            write_item(probe, item);
        }
    }
}

/* KIND/NS/NAME=TEXT, or NS=TEXT for an Event. */
static void
add_item(struct probe *probe, const char *what, char *text)
{
    struct item *item = &probe->items[probe->n_items++];
    char *equals = strchr(text, '=');

    item->what = what;
    if (equals != NULL) {
        *equals = '\0';
        item->text = equals + 1;
    }
    item->ns = item->name = text;
    item->kind = BNC_KIND_NONE;
    char *slash = strchr(text, '/');
    char *last = strrchr(text, '/');
    if (slash == NULL) {
        return;
    }
    *slash = *last = '\0';
    item->ns = slash == last ? "" : slash + 1;
    item->name = last + 1;
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        if (strcmp(bnc_kind_info(kind)->name, text) == 0) {
            item->kind = kind;
        }
    }
}

static int
fail(const struct bnc_error *err)
{
    (void)fprintf(stderr, "kube_probe: %s: %s\n", bnc_code_name(err->code), err->message);
    return 1;
}

static void
parse(struct probe *probe, struct bnc_kube_config_options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--pods") == 0) {
            probe->pods = true;
            continue;
        }
        if (strcmp(argv[i], "--quiet") == 0) {
            probe->quiet = true;
            continue;
        }
        if (value == NULL) {
            break;
        }
        if (strcmp(argv[i], "--kubeconfig") == 0) {
            options->kubeconfig = value;
        } else if (strcmp(argv[i], "--context") == 0) {
            options->context = value;
        } else if (strcmp(argv[i], "-n") == 0) {
            probe->namespaces[probe->n_namespaces++] = value;
        } else if (strcmp(argv[i], "--for") == 0) {
            probe->for_ms = strtol(value, NULL, 10) * 1000;
        } else if (strcmp(argv[i], "--repeat") == 0) {
            probe->repeat = strtol(value, NULL, 10);
        } else {
            add_item(probe, argv[i], value);
        }
        i++;
    }
}

int
main(int argc, char **argv)
{
    struct probe probe = {.for_ms = 5000, .repeat = 1};
    struct bnc_kube_config_options config_options = {0};
    struct bnc_kube_config *config = NULL;
    struct bnc_error err = {0};

    parse(&probe, &config_options, argc, argv);
    probe.world = bnc_world_real_new(0, &err);
    if (probe.world == NULL) {
        return fail(&err);
    }
    if (bnc_kube_config_load(probe.world, &config_options, &config, &err) ||
        bnc_kube_new(probe.world, config, "probe", &probe.kube, &err)) {
        bnc_world_free(probe.world);
        return fail(&err);
    }
    const struct bnc_source_cluster_options options = {
        .namespaces = probe.namespaces,
        .want_pods = probe.pods,
    };
    probe.started_us = bnc_world_mono_us(probe.world);
    probe.source = bnc_source_cluster_new(probe.kube, &options);
    start(&probe);
    struct bnc_timer *timer = bnc_timer_new(probe.world, finish, &probe);
    bnc_timer_set(timer, probe.for_ms);
    bnc_world_on_stop(probe.world, finish, &probe);
    bnc_world_run(probe.world);
    bnc_timer_free(timer);
    bnc_source_free(probe.source);
    bnc_kube_free(probe.kube);
    bnc_world_free(probe.world);
    return 0;
}
