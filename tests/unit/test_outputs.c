/* status.prometheus.outputs: what has to be named there, and when that is done. */
#include "controller/outputs.h"
#include "controller/status.h"
#include "lib/json.h"
#include "tests/unit/publish_fake.h"

#define OWNER "shop/main"

#define ONE(kind, ns, name)                                                              \
    "{\"kind\":\"" kind "\",\"namespace\":\"" ns "\",\"name\":\"" name "\"}"
#define LIVE(...) "{\"prometheus\":{\"outputs\":[" __VA_ARGS__ "]}}"
#define A         ONE("Secret", "shop", "a")
#define B         ONE("Secret", "shop", "b")
#define C         ONE("ConfigMap", "shop", "b")
#define FAR       ONE("Secret", "bank", "a")

static const struct bnc_desired desired[] = {
    {.role = BNC_ROLE_ROOT,
     .kind = BNC_KIND_SECRET,
     .ns = "shop",
     .name = "b",
     .body = {"{}", 2}},
    {.role = BNC_ROLE_PART,
     .kind = BNC_KIND_SECRET,
     .ns = "shop",
     .name = "a",
     .body = {"{}", 2}},
};
static const struct bnc_desired far[] = {
    {.role = BNC_ROLE_ROOT,
     .kind = BNC_KIND_SECRET,
     .ns = "bank",
     .name = "a",
     .body = {"{}", 2}},
};

/* ---- what the live status says -------------------------------------------------- */

static const struct {
    const char *name;
    const char *live;
    bool ready;
    bool recorded;
    const char *list; /* as it should be */
} rows[] = {
    {"no status", "", true, false, "[" A "," B "]"},
    {"all there, and sorted", LIVE(B "," A), true, true, "[" A "," B "]"},
    {"one is missing", LIVE(A), true, false, "[" A "," B "]"},
    {"the same name, another kind", LIVE(A "," C), true, false, "[" A "," B "]"},
    {"the same name, another namespace", LIVE(FAR "," B), true, false, "[" A "," B "]"},
    {"more than that", LIVE(A "," B "," C "," FAR), true, true, "[" A "," B "]"},
    {"more than that, and no result", LIVE(A "," B "," C "," FAR), false, true,
     "[" FAR "," A "," B "," C "]"},
    {"repeats", LIVE(A "," A "," B "," B), false, true, "[" A "," B "]"},
    {"not JSON", "{\"prometheus\":", false, false, "[" A "," B "]"},
    {"no list", "{\"prometheus\":{\"outputs\":\"a\"}}", false, false, "[" A "," B "]"},
    {"entries with holes",
     LIVE(
         "{\"kind\":\"Secret\",\"name\":\"x\"},7,null,{\"kind\":1,\"namespace\":\"shop\","
         "\"name\":\"x\"}," A),
     false, false, "[" A "," B "]"},
};

static struct bnc_result
result_of(const struct bnc_object *object, bool ready)
{
    return (struct bnc_result){.object = object,
                               .ready = ready,
                               .desired = desired,
                               .n_desired = BNC_LEN(desired)};
}

static const char *
list_of(const struct bnc_result *result, struct rig *rig, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, 65536);
    bnc_json_print(bnc_outputs_json(result, rig->publisher, arena), &out);
    return out.ptr;
}

TEST(outputs_against_status)
{
    struct rig rig;
    rig_open(&rig);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const struct bnc_object object = {
            .ns = "shop", .name = "main", .status = {rows[i].live, strlen(rows[i].live)}};
        const struct bnc_result result = result_of(&object, rows[i].ready);
        bnc_test_row(rows[i].name);
        CHECK_INT(bnc_outputs_recorded(&result), rows[i].recorded);
        CHECK_STR(list_of(&result, &rig, arena), rows[i].list);
        CHECK(!bnc_outputs_outside(&result, rig.publisher));
    }
    rig_close(&rig);
}

/* Retired parts stay in the list until they are deleted. */
TEST(outputs_keep_what_is_retired)
{
    struct rig rig;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_object object = {.ns = "shop", .name = "main"};
    const struct bnc_result result = result_of(&object, true);

    rig_open(&rig);
    rig_set(&rig, OWNER, "old");
    rig_pass(&rig, 1000);
    bnc_publisher_set(rig.publisher, OWNER, desired, BNC_LEN(desired));
    rig_pass(&rig, 1000);
    bnc_test_row("there");
    CHECK_STR(list_of(&result, &rig, arena),
              "[" A "," B "," ONE("Secret", "shop", "old") "]"); /* not the old root */
    rig_pass(&rig, BNC_RETIRED_MS);
    bnc_test_row("gone");
    CHECK_STR(list_of(&result, &rig, arena), "[" A "," B "]");
    rig_close(&rig);
}

TEST(outputs_outside)
{
    struct rig rig;
    const struct bnc_object object = {.ns = "shop", .name = "main"};
    const struct bnc_result here = result_of(&object, true);
    const struct bnc_result there = {
        .object = &object, .ready = true, .desired = far, .n_desired = BNC_LEN(far)};

    rig_open(&rig);
    bnc_test_row("desired");
    CHECK(!bnc_outputs_outside(&here, rig.publisher));
    CHECK(bnc_outputs_outside(&there, rig.publisher));
    bnc_test_row("was, and is not gone yet");
    bnc_publisher_set(rig.publisher, OWNER, far, BNC_LEN(far));
    CHECK(bnc_outputs_outside(&here, rig.publisher));
    bnc_test_row("of another");
    const struct bnc_object other = {.ns = "shop", .name = "other"};
    const struct bnc_result others = result_of(&other, true);
    CHECK(!bnc_outputs_outside(&others, rig.publisher));
    rig_close(&rig);
}

/* ---- after a restart ------------------------------------------------------------ */

static const struct {
    const char *name;
    bool deleting;
    const char *followed; /* what the publisher knows then */
} claims[] = {
    {"what the status names", false, "[" FAR "," A "," C "]"},
    {"and what would be desired, of one that goes", true, "[" FAR "," A "," B "," C "]"},
};

TEST(outputs_claimed)
{
    static const char live[] = LIVE(A "," C "," FAR);
    for (size_t i = 0; i < BNC_LEN(claims); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct rig rig;
        const struct bnc_object object = {.ns = "shop",
                                          .name = "main",
                                          .deleting = claims[i].deleting,
                                          .status = {live, sizeof(live) - 1}};
        const struct bnc_object bare = {.ns = "shop", .name = "main"};
        const struct bnc_result result = result_of(&object, true);
        const struct bnc_result nothing = {.object = &bare, .ready = true};

        bnc_test_row(claims[i].name);
        rig_open(&rig);
        bnc_outputs_claim(&result, rig.publisher);
        CHECK_STR(list_of(&nothing, &rig, arena), claims[i].followed);
        rig_close(&rig);
    }
}

/* ---- datasources of a file ------------------------------------------------------- */

#define ROW(org, title) "{\"org\":" org ",\"title\":\"" title "\"}"
#define FILE_OF(...)                                                                     \
    "{\"prometheus\":{\"outputs\":[" A "," B                                             \
    "]},\"grafana\":{\"provisioned\":[" __VA_ARGS__ "]}}"

/* What a file is about to have is named first, beside what it had. */
static const struct {
    const char *name;
    const char *live;
    bool first;
    const char *provisioned; /* after that */
} files[] = {
    {"no block", LIVE(A "," B), true, "[" ROW("1", "a") "," ROW("2", "a") "]"},
    {"nothing yet", "", true, "[" ROW("1", "a") "," ROW("2", "a") "]"},
    {"all are there", FILE_OF(ROW("2", "a") "," ROW("1", "a")), false,
     "[" ROW("2", "a") "," ROW("1", "a") "]"},
    {"the first organization is meant", FILE_OF("{\"title\":\"a\"}," ROW("2", "a")),
     false, "[{\"title\":\"a\"}," ROW("2", "a") "]"},
    {"another title", FILE_OF(ROW("1", "b") "," ROW("2", "a")), true,
     "[" ROW("1", "b") "," ROW("2", "a") "," ROW("1", "a") "]"},
    {"holes", FILE_OF("7,{}," ROW("2", "a")), true,
     "[7,{}," ROW("2", "a") "," ROW("1", "a") "]"},
};

TEST(outputs_name_datasources)
{
    const struct bnc_provisioned provisioned[] = {{.org = 1, .title = "a"},
                                                  {.org = 2, .title = "a"}};
    const struct bnc_plan plan = {.provisioned = provisioned,
                                  .n_provisioned = BNC_LEN(provisioned)};
    for (size_t i = 0; i < BNC_LEN(files); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_object object = {.ns = "shop",
                                    .name = "main",
                                    .status = {files[i].live, strlen(files[i].live)}};
        const struct bnc_result result = {.object = &object,
                                          .ready = true,
                                          .plan = &plan,
                                          .desired = desired,
                                          .n_desired = BNC_LEN(desired)};
        struct bnc_str text = bnc_str_new(arena, 4096);

        bnc_test_row(files[i].name);
        CHECK_INT(bnc_outputs_told_first(&result), files[i].first);
        const cJSON *status = bnc_status_outputs(&result, bnc_json_array(arena),
                                                 bnc_json_array(arena), arena);
        bnc_json_print(bnc_json_path(status, "grafana", "provisioned", NULL), &text);
        CHECK_STR(text.ptr, files[i].provisioned);
    }
}

RUN_TESTS(outputs_against_status, outputs_keep_what_is_retired, outputs_outside,
          outputs_claimed, outputs_name_datasources)
