#include "sync/target.h"

#include "tests/unit/test.h"

static struct bnc_arena *arena;
static struct bnc_error err;

static enum bnc_code
read(const char *spec, int64_t shard, struct bnc_target *out)
{
    const char *text =
        bnc_arena_fmt(arena, "{\"metadata\":{\"name\":\"main\"},\"spec\":%s}", spec);
    const struct bnc_pruned object = {
        .ns = "mon", .name = "main", .uid = "u-1", .text = {text, strlen(text)}};
    err = (struct bnc_error){0};
    return bnc_target_read(&object, shard, arena, out, &err);
}

/* "KIND NS/NAME ASSETS KEY CONFIG VERSION" */
static const char *
shown(const struct bnc_target *t)
{
    return bnc_arena_fmt(arena, "%s %s/%s %s %s %s %d.%d", bnc_kind_info(t->kind)->name,
                         t->ns, t->name, t->assets, t->key, bnc_target_config(t, arena),
                         t->major, t->minor);
}

static const struct {
    const char *name;
    const char *spec;
    int64_t shard;
    const char *want; /* the target, or the error's message */
    enum bnc_code code;
} rows[] = {
    {"defaults", "{\"prometheus\":{}}", 0,
     "Secret mon/main-prometheus main-prometheus-assets prometheus.yml prometheus.yml "
     "3.5",
     BNC_OK},
    {"all that there is",
     "{\"prometheus\":{\"version\":\"v2.53.3-rc.1\",\"output\":{\"kind\":\"ConfigMap\","
     "\"namespace\":\"far\",\"name\":\"x\",\"key\":\"a.yml.gz\"}}}",
     0, "ConfigMap far/x x-assets a.yml.gz a.yml 2.53", BNC_OK},
    {"kind Secret", "{\"prometheus\":{\"output\":{\"kind\":\"Secret\"}}}", 0,
     "Secret mon/main-prometheus main-prometheus-assets prometheus.yml prometheus.yml "
     "3.5",
     BNC_OK},
    {"one shard has no number", "{\"prometheus\":{\"shards\":1}}", 0,
     "Secret mon/main-prometheus main-prometheus-assets prometheus.yml prometheus.yml "
     "3.5",
     BNC_OK},
    {"last of the shards", "{\"prometheus\":{\"shards\":3}}", 2,
     "Secret mon/main-prometheus-shard-2 main-prometheus-assets prometheus.yml "
     "prometheus.yml 3.5",
     BNC_OK},
    {"version without a minor", "{\"prometheus\":{\"version\":\"3\"}}", 0,
     "Secret mon/main-prometheus main-prometheus-assets prometheus.yml prometheus.yml "
     "3.5",
     BNC_OK},
    {"no such shard", "{\"prometheus\":{\"shards\":3}}", 3,
     "Observatory mon/main has 3 shards: there is no shard 3, they are counted from 0",
     BNC_INVALID},
    {"a shard of one", "{\"prometheus\":{}}", 1,
     "Observatory mon/main has 1 shards: there is no shard 1, they are counted from 0",
     BNC_INVALID},
    {"no prometheus", "{\"statsd\":{}}", 0,
     "Observatory mon/main has no spec.prometheus: nothing is published", BNC_INVALID},
    {"no spec", "null", 0,
     "Observatory mon/main has no spec.prometheus: nothing is published", BNC_INVALID},
};

TEST(target_read)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_target target = {.name = "untouched"};
        bnc_test_row(rows[i].name);
        arena = bnc_arena_new();
        CHECK_INT(read(rows[i].spec, rows[i].shard, &target), rows[i].code);
        if (rows[i].code == BNC_OK) {
            CHECK_STR(shown(&target), rows[i].want);
            CHECK_STR(target.uid, "u-1");
        } else {
            CHECK_STR(err.message, rows[i].want);
            CHECK_STR(target.name, "untouched");
        }
        bnc_arena_free(arena);
    }
}

/* Each of them makes it another target. */
TEST(target_equal)
{
    static const struct {
        const char *name;
        const char *spec;
        bool same;
    } changes[] = {
        {"nothing", "{\"prometheus\":{}}", true},
        {"what it does not read", "{\"prometheus\":{\"layout\":\"Files\"}}", true},
        {"the default said", "{\"prometheus\":{\"output\":{\"key\":\"prometheus.yml\"}}}",
         true},
        {"kind", "{\"prometheus\":{\"output\":{\"kind\":\"ConfigMap\"}}}", false},
        {"namespace", "{\"prometheus\":{\"output\":{\"namespace\":\"far\"}}}", false},
        {"name", "{\"prometheus\":{\"output\":{\"name\":\"x\"}}}", false},
        {"key", "{\"prometheus\":{\"output\":{\"key\":\"x\"}}}", false},
        {"shards", "{\"prometheus\":{\"shards\":2}}", false},
        {"version", "{\"prometheus\":{\"version\":\"3.4.0\"}}", false},
    };
    struct bnc_target first;
    struct bnc_target other;
    arena = bnc_arena_new();
    CHECK_INT(read("{\"prometheus\":{}}", 0, &first), BNC_OK);
    for (size_t i = 0; i < BNC_LEN(changes); i++) {
        bnc_test_row(changes[i].name);
        CHECK_INT(read(changes[i].spec, 0, &other), BNC_OK);
        CHECK_INT(bnc_target_equal(&first, &other), changes[i].same);
    }
    bnc_test_row("uid");
    other = first;
    other.uid = "u-2";
    CHECK(!bnc_target_equal(&first, &other));
    bnc_arena_free(arena);
}

TEST(target_version)
{
    static const struct {
        const char *text;
        int major;
        int minor; /* -1: as they were */
    } versions[] = {
        {"3.16.0", 3, 16},      {"v2.53.3-rc.1", 2, 53}, {"2.42", 2, 42},
        {"3.0.0+build", 3, 0},  {"3", -1, -1},           {"3.", -1, -1},
        {"", -1, -1},           {"v", -1, -1},           {"(devel)", -1, -1},
        {"-3.5", -1, -1},       {"3.-5", -1, -1},        {" 3.5", -1, -1},
        {"99999999.1", -1, -1}, {NULL, -1, -1},          {"123.456", 123, 456},
        {"3.99999999", -1, -1},
    };
    for (size_t i = 0; i < BNC_LEN(versions); i++) {
        int major = -1;
        int minor = -1;
        bnc_test_row(versions[i].text == NULL ? "NULL" : versions[i].text);
        bnc_target_version(versions[i].text, &major, &minor);
        CHECK_INT(major, versions[i].major);
        CHECK_INT(minor, versions[i].minor);
    }
}

RUN_TESTS(target_read, target_equal, target_version)
