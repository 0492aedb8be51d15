/*
 * binnacle render: the exact objects that `run` would apply.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/commands.h"
#include "cmd/offline.h"
#include "lib/json.h"
#include "lib/zip.h"
#include "render/yaml_out.h"

#define OBJECT_MAX ((size_t)64 * 1024 * 1024)

const struct bnc_flag bnc_flags_render[] = {
    BNC_FLAG_FILES,
    {"--output", "-o", "DIR|-", offsetof(struct bnc_options, output),
     "a folder for one file per object, or - for standard output (default)"},
    {"--content", NULL, NULL, offsetof(struct bnc_options, content),
     "print the generated configuration itself, decoded, not the objects around it"},
    BNC_FLAG_NAMESPACE,
    BNC_FLAG_ASSUME,
    BNC_FLAG_TRUSTED,
    BNC_FLAG_HELP,
};
const size_t bnc_n_flags_render = BNC_LEN(bnc_flags_render);

static void
stop(void *arg, struct bnc_controller *controller)
{
    const struct bnc_offline *o = arg;
    BNC_UNUSED(controller);
    bnc_world_stop(o->world);
}

static enum bnc_code
object_yaml(const struct bnc_desired *desired, struct bnc_arena *arena,
            struct bnc_bytes *out, struct bnc_error *err)
{
    cJSON *root = NULL;
    if (bnc_json_parse(arena, desired->body.ptr, desired->body.len, &root, err)) {
        return err->code;
    }
    struct bnc_yaml y;
    bnc_yaml_start(&y, BNC_YAML_ROOT_MAP, 0, OBJECT_MAX, arena);
    const cJSON *item;
    cJSON_ArrayForEach(item, root)
    {
        bnc_yaml_tree(&y, item->string, item);
    }
    return bnc_yaml_finish(&y, out, err);
}

static enum bnc_code
write_object(struct bnc_offline *o, const struct bnc_desired *desired, const char *folder,
             struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_bytes yaml = {0};
    if (object_yaml(desired, arena, &yaml, err)) {
        return err->code;
    }
    if (folder == NULL) {
        (void)printf("---\n%.*s", (int)yaml.len, yaml.ptr);
        return BNC_OK;
    }
    const char *kind = bnc_kind_info(desired->kind)->name;
    const char *path = bnc_arena_fmt(arena, "%s/%s-%s-%s.yaml", folder, desired->ns, kind,
                                     desired->name);
    return bnc_file_write(o->world, path, yaml,
                          desired->kind == BNC_KIND_SECRET ? 0600 : 0644, err);
}

/* The first alone is a configuration as it stands; more are documents with a name. */
static enum bnc_code
write_content(const struct bnc_desired *desired, size_t before, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_str text = bnc_str_new(arena, desired->size + 1);
    struct bnc_bytes content = desired->content;

    if (desired->packed) {
        if (bnc_zip_unpack(content.ptr, content.len, desired->size, &text, err)) {
            return bnc_wrap(err, "%s", desired->name);
        }
        content = (struct bnc_bytes){text.ptr, text.len};
    }
    if (before > 0) {
        (void)printf("---\n# %s %s/%s\n", bnc_kind_info(desired->kind)->name, desired->ns,
                     desired->name);
    }
    (void)fwrite(content.ptr, 1, content.len, stdout);
    return BNC_OK;
}

/* False when an object could not be written. */
static bool
print_result(struct bnc_offline *o, const struct bnc_options *options,
             const struct bnc_result *result, size_t *n_contents)
{
    bool to_stdout = options->output == NULL || strcmp(options->output, "-") == 0;
    struct bnc_error err = {0};

    for (size_t k = 0; k < result->n_desired; k++) {
        const struct bnc_desired *desired = &result->desired[k];
        bool has_content = desired->role != BNC_ROLE_BESIDE &&
                           desired->role != BNC_ROLE_ASSETS; /* a Prometheus reads it */
        if (options->content
                ? has_content && write_content(desired, (*n_contents)++, &err)
                : write_object(o, desired, to_stdout ? NULL : options->output, &err)) {
            (void)fprintf(stderr, "binnacle render: %s\n", err.message);
            return false;
        }
    }
    return true;
}

static int
print_results(struct bnc_offline *o, const struct bnc_options *options)
{
    const struct bnc_engine *engine = bnc_controller_engine(o->controller);
    int status = o->read_problems > 0 ? 1 : 0;
    size_t n_contents = 0;

    for (size_t i = 0; i < bnc_engine_count(engine); i++) {
        const struct bnc_result *result = bnc_engine_result(engine, i);
        if (result->ready && result->suspended) {
            (void)fprintf(stderr,
                          "Observatory %s/%s is suspended: nothing would be written\n",
                          result->object->ns, result->object->name);
        } else if (!result->ready || !print_result(o, options, result, &n_contents)) {
            status = 1;
        }
    }
    if (bnc_engine_count(engine) == 0) {
        (void)fprintf(stderr, "binnacle render: there is no Observatory in the input, so "
                              "nothing is generated\n");
        return 1;
    }
    return status;
}

int
bnc_cmd_render(const struct bnc_options *options)
{
    struct bnc_offline o;
    struct bnc_error err = {0};
    int status = 1;

    if (options->n_paths == 0) {
        (void)fprintf(stderr, "binnacle render: say what to read: -f FILE|DIR|-\n");
        return 2;
    }
    if (bnc_offline_start(&o, options, stop, &err)) {
        (void)fprintf(stderr, "binnacle render: %s\n", err.message);
    } else {
        bnc_offline_collect(&o);
        bnc_findings_print(&o.found, stderr, false);
        status = print_results(&o, options);
    }
    bnc_offline_free(&o);
    return status;
}
