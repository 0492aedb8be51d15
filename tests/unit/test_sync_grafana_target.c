#include "sync/grafana_target.h"

#include "tests/unit/test.h"

static struct bnc_arena *arena;

static enum bnc_code
read_spec(const char *spec, struct bnc_gsync_target *out, struct bnc_error *err)
{
    const char *text = bnc_arena_fmt(arena, "{\"spec\":%s}", spec);
    const struct bnc_pruned object = {
        .ns = "mon", .name = "main", .uid = "u-1", .text = {text, strlen(text)}};
    return bnc_gsync_target_read(&object, arena, out, err);
}

/* One line for what tells targets apart. */
static const char *
describe(const struct bnc_gsync_target *t)
{
    struct bnc_str out = bnc_str_new(arena, 4096);
    bnc_str_fmt(&out, "%s %s/%s %s",
                !t->files                  ? "api"
                : t->kind == BNC_KIND_NONE ? "either"
                                           : bnc_kind_info(t->kind)->name,
                t->ns, t->name, t->key);
    bnc_str_fmt(&out, "; %s %s", t->boards_ns, t->folder_annotation);
    for (size_t i = 0; i < t->n_labels; i++) {
        bnc_str_fmt(&out, " %s=%s", t->labels[i].key, t->labels[i].value);
    }
    return out.ptr;
}

TEST(target_read)
{
    static const struct {
        const char *name;
        const char *spec;
        const char *want;
    } rows[] = {
        {"defaults", "{\"grafana\":{}}",
         "either mon/main-grafana binnacle-mon-main.yaml; mon grafana_folder "
         "grafana_dashboard=1"},
        {"over the API", "{\"grafana\":{\"credentialsRef\":{\"name\":\"c\"}}}",
         "api mon/main-grafana binnacle-mon-main.yaml; mon grafana_folder "
         "grafana_dashboard=1"},
        {"both", "{\"grafana\":{\"credentialsRef\":{\"name\":\"c\"},\"output\":{}}}",
         "either mon/main-grafana binnacle-mon-main.yaml; mon grafana_folder "
         "grafana_dashboard=1"},
        {"all said",
         "{\"grafana\":{\"output\":{\"kind\":\"Secret\",\"namespace\":\"g\",\"name\":"
         "\"x\",\"key\":\"y.yml\"},\"dashboardOutput\":{\"namespace\":\"d\",\"labels\":"
         "{\"a\":\"b\",\"c\":\"\"},\"folderAnnotation\":\"f\"}}}",
         "Secret g/x y.yml; d f a=b c="},
        {"a ConfigMap", "{\"grafana\":{\"output\":{\"kind\":\"ConfigMap\"}}}",
         "ConfigMap mon/main-grafana binnacle-mon-main.yaml; mon grafana_folder "
         "grafana_dashboard=1"},
        {"no block", "{\"prometheus\":{}}", NULL},
        {"a key that Grafana passes over",
         "{\"grafana\":{\"output\":{\"key\":\"a.txt\"}}}", NULL},
        {"a hidden key", "{\"grafana\":{\"output\":{\"key\":\".a.yaml\"}}}", NULL},
        {"a key that leads away", "{\"grafana\":{\"output\":{\"key\":\"../a.yaml\"}}}",
         NULL},
    };
    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_gsync_target target;
        struct bnc_error err = {0};
        bnc_test_row(rows[i].name);
        CHECK_INT(read_spec(rows[i].spec, &target, &err),
                  rows[i].want == NULL ? BNC_INVALID : BNC_OK);
        if (rows[i].want != NULL) {
            CHECK_STR(describe(&target), rows[i].want);
            CHECK(bnc_gsync_target_equal(&target, &target));
        }
    }
    bnc_arena_free(arena);
}

TEST(boards)
{
    static const struct {
        const char *name;
        const char *object;
        const char *meta;
        bool want;
    } rows[] = {
        {"one", "x",
         "{\"annotations\":{\"binnacle.dev/owner\":\"mon/main\"},\"labels\":"
         "{\"grafana_dashboard\":\"1\"}}",
         true},
        {"of another Observatory", "x",
         "{\"annotations\":{\"binnacle.dev/owner\":\"mon/other\"},\"labels\":"
         "{\"grafana_dashboard\":\"1\"}}",
         false},
        {"of nobody", "x", "{\"labels\":{\"grafana_dashboard\":\"1\"}}", false},
        {"another label", "x",
         "{\"annotations\":{\"binnacle.dev/owner\":\"mon/main\"},\"labels\":"
         "{\"grafana_dashboard\":\"true\"}}",
         false},
        {"without labels", "x", "{\"annotations\":{\"binnacle.dev/owner\":\"mon/main\"}}",
         false},
        {"the datasources", "main-grafana",
         "{\"annotations\":{\"binnacle.dev/owner\":\"mon/main\"},\"labels\":"
         "{\"grafana_dashboard\":\"1\"}}",
         false},
    };
    struct bnc_gsync_target target;
    struct bnc_error err = {0};
    arena = bnc_arena_new();
    CHECK_INT(read_spec("{\"grafana\":{}}", &target, &err), BNC_OK);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        cJSON *meta = NULL;
        bnc_test_row(rows[i].name);
        CHECK_INT(bnc_json_parse(arena, rows[i].meta, strlen(rows[i].meta), &meta, &err),
                  BNC_OK);
        CHECK_INT(bnc_gsync_is_board(&target, rows[i].object, meta), rows[i].want);
    }
    bnc_arena_free(arena);
}

TEST(paths)
{
    static const struct {
        const char *folder;
        const char *want;
    } rows[] = {
        {NULL, "x.json"},
        {"", "x.json"},
        {"/", "x.json"},
        {"Mesh", "Mesh/x.json"},
        {"Mesh/Traffic", "Mesh/Traffic/x.json"},
        {"//Mesh//Traffic/", "Mesh/Traffic/x.json"},
        {"..", "_./x.json"},
        {"../../etc", "_./_./etc/x.json"},
        {".hidden", "_hidden/x.json"},
        {"a\nb\x7f", "a_b_/x.json"},
        {"1/2/3/4/5", "1/2/3/4/x.json"},
        {"M\xc3\xa4rz", "M\xc3\xa4rz/x.json"},
    };
    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].want);
        CHECK_STR(bnc_gsync_board_path(rows[i].folder, "x", arena), rows[i].want);
    }
    char level[301] = {0};
    memset(level, 'a', 300);
    bnc_test_row("a long one is cut");
    CHECK_INT(strlen(bnc_gsync_board_path(level, "x", arena)),
              BNC_GSYNC_FOLDER_MAX + strlen("/x.json"));
    bnc_arena_free(arena);
}

RUN_TESTS(target_read, boards, paths)
