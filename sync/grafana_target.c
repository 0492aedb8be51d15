#include "sync/grafana_target.h"

#include <string.h>

#include "lib/clip.h"

#define LEVELS_MAX 4

static const char *
text_or(const cJSON *object, const char *key, const char *otherwise,
        struct bnc_arena *arena)
{
    const char *text = bnc_json_get_str(object, key);
    return bnc_arena_strdup(arena, text == NULL ? otherwise : text);
}

static enum bnc_kind
kind_of(const cJSON *output)
{
    const char *kind = bnc_json_get_str(output, "kind");
    return kind == NULL                 ? BNC_KIND_NONE
           : bnc_str_eq(kind, "Secret") ? BNC_KIND_SECRET
                                        : BNC_KIND_CONFIG_MAP;
}

static void
read_labels(const cJSON *labels, struct bnc_arena *arena, struct bnc_gsync_target *out)
{
    const cJSON *label = NULL;
    if (labels == NULL) {
        out->labels[0] = (struct bnc_gsync_label){"grafana_dashboard", "1"};
        out->n_labels = 1;
        return;
    }
    cJSON_ArrayForEach(label, labels)
    {
        if (cJSON_IsString(label) && out->n_labels < BNC_GSYNC_LABELS_MAX) {
            out->labels[out->n_labels++] =
                (struct bnc_gsync_label){bnc_arena_strdup(arena, label->string),
                                         bnc_arena_strdup(arena, label->valuestring)};
        }
    }
}

/* A name in Grafana's folder of datasources, which Grafana reads. */
static bool
is_file_name(const char *name)
{
    return name[0] != '.' && strchr(name, '/') == NULL &&
           (bnc_str_ends(name, ".yaml") || bnc_str_ends(name, ".yml"));
}

enum bnc_code
bnc_gsync_target_read(const struct bnc_pruned *observatory, struct bnc_arena *arena,
                      struct bnc_gsync_target *out, struct bnc_error *err)
{
    struct bnc_gsync_target target = {0};
    const char *ns = observatory->ns;
    const char *name = observatory->name;
    cJSON *root = NULL;

    if (bnc_json_parse(arena, observatory->text.ptr, observatory->text.len, &root, err)) {
        return bnc_wrap(err, "Observatory %s/%s", ns, name);
    }
    const cJSON *grafana = bnc_json_path(root, "spec", "grafana", NULL);
    const cJSON *output = bnc_json_get(grafana, "output");
    const cJSON *boards = bnc_json_get(grafana, "dashboardOutput");
    if (grafana == NULL) {
        return bnc_fail(err, BNC_INVALID,
                        "Observatory %s/%s has no spec.grafana: nothing is published", ns,
                        name);
    }
    target.uid = bnc_arena_strdup(arena, observatory->uid);
    target.owner = bnc_arena_fmt(arena, "%s/%s", ns, name);
    target.files = output != NULL || bnc_json_get(grafana, "credentialsRef") == NULL;
    target.kind = kind_of(output);
    target.ns = text_or(output, "namespace", ns, arena);
    target.name =
        text_or(output, "name", bnc_arena_fmt(arena, "%s-grafana", name), arena);
    target.key = text_or(output, "key",
                         bnc_arena_fmt(arena, "binnacle-%s-%s.yaml", ns, name), arena);
    target.boards_ns = text_or(boards, "namespace", ns, arena);
    target.folder_annotation =
        text_or(boards, "folderAnnotation", "grafana_folder", arena);
    read_labels(bnc_json_get(boards, "labels"), arena, &target);
    if (target.files && !is_file_name(target.key)) {
        return bnc_fail(err, BNC_INVALID,
                        "spec.grafana.output.key of Observatory %s/%s is no name that "
                        "Grafana reads: it ends in .yaml",
                        ns, name);
    }
    *out = target;
    return BNC_OK;
}

bool
bnc_gsync_target_equal(const struct bnc_gsync_target *a, const struct bnc_gsync_target *b)
{
    bool equal = a->files == b->files && a->kind == b->kind &&
                 a->n_labels == b->n_labels && strcmp(a->uid, b->uid) == 0 &&
                 strcmp(a->ns, b->ns) == 0 && strcmp(a->name, b->name) == 0 &&
                 strcmp(a->key, b->key) == 0 && strcmp(a->boards_ns, b->boards_ns) == 0 &&
                 strcmp(a->folder_annotation, b->folder_annotation) == 0;
    for (size_t i = 0; equal && i < a->n_labels; i++) {
        equal = strcmp(a->labels[i].key, b->labels[i].key) == 0 &&
                strcmp(a->labels[i].value, b->labels[i].value) == 0;
    }
    return equal;
}

bool
bnc_gsync_is_board(const struct bnc_gsync_target *target, const char *name,
                   const cJSON *meta)
{
    const char *owner =
        bnc_json_get_str(bnc_json_get(meta, "annotations"), "binnacle.dev/owner");
    const cJSON *labels = bnc_json_get(meta, "labels");
    if (!bnc_str_eq(owner, target->owner) ||
        (target->files && strcmp(name, target->name) == 0 &&
         strcmp(target->ns, target->boards_ns) == 0)) {
        return false;
    }
    for (size_t i = 0; i < target->n_labels; i++) {
        if (!bnc_str_eq(bnc_json_get_str(labels, target->labels[i].key),
                        target->labels[i].value)) {
            return false;
        }
    }
    return true;
}

static void
add_level(struct bnc_str *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        bool bad = c < ' ' || c == 0x7f || (i == 0 && c == '.');
        bnc_str_add(out, bad ? "_" : text + i, 1);
    }
    bnc_str_putc(out, '/');
}

const char *
bnc_gsync_board_path(const char *folder, const char *name, struct bnc_arena *arena)
{
    struct bnc_str out =
        bnc_str_new(arena, LEVELS_MAX * (BNC_GSYNC_FOLDER_MAX + 1) + 1024);
    bnc_str_puts(&out, "");
    for (size_t i = 0; folder != NULL && i < LEVELS_MAX; i++) {
        folder += strspn(folder, "/");
        const char *level = bnc_arena_strndup(arena, folder, strcspn(folder, "/"));
        if (level[0] == '\0') {
            break;
        }
        add_level(&out, level, (size_t)bnc_clip(level, BNC_GSYNC_FOLDER_MAX));
        folder += strlen(level);
    }
    bnc_str_fmt(&out, "%s.json", name);
    return out.ptr;
}
