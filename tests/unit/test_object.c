/* Objects as they are kept: one block, or what changed beside what did not. */
#include "model/object.h"
#include "tests/unit/test.h"

static struct bnc_bytes
bytes(const char *text)
{
    return (struct bnc_bytes){text, strlen(text)};
}

static struct bnc_object *
make(const char *uid, const char *version, const char *text, const char *status)
{
    const struct bnc_pruned pruned = {.ns = "shop",
                                      .name = "cart",
                                      .uid = uid,
                                      .resource_version = version,
                                      .generation = (int64_t)strlen(version),
                                      .text = bytes(text),
                                      .status = bytes(status)};
    return bnc_object_new(BNC_KIND_SCRAPE_POLICY, &pruned, NULL);
}

/* A status more is kept beside what the first object has, whatever goes first. */
TEST(shares_what_is_the_same)
{
    struct bnc_object *first = make("u", "1", "{\"spec\":1}", "");
    struct bnc_object *kept = bnc_object_ref(first);
    struct bnc_object *second =
        bnc_object_after(make("u", "22", "{\"spec\":1}", "{\"a\":1}"), first);
    bnc_object_unref(first);
    struct bnc_object *third =
        bnc_object_after(make("u", "333", "{\"spec\":1}", "{\"a\":2}"), second);

    CHECK(second->text.ptr == kept->text.ptr && third->text.ptr == kept->text.ptr);
    CHECK(second->base == kept && third->base == kept); /* not one on the other */
    CHECK_STR(second->status.ptr, "{\"a\":1}");
    CHECK_STR(second->resource_version, "22");
    CHECK_INT(third->generation, 3);
    bnc_object_unref(second);
    bnc_object_unref(kept);
    CHECK_STR(third->text.ptr, "{\"spec\":1}");
    CHECK_STR(third->status.ptr, "{\"a\":2}");
    CHECK_STR(third->ns, "shop");
    CHECK_STR(third->name, "cart");
    CHECK_STR(third->uid, "u");
    CHECK_STR(third->resource_version, "333");
    bnc_object_unref(third);
}

TEST(shares_nothing_else)
{
    static const struct {
        const char *name;
        const char *uid;
        const char *text;
    } rows[] = {{"another text", "u", "{\"spec\":2}"},
                {"a longer one", "u", "{\"spec\":1,\"x\":1}"},
                {"made again", "v", "{\"spec\":1}"}};

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_object *before = make("u", "1", "{\"spec\":1}", "");
        struct bnc_object *object = make(rows[i].uid, "2", rows[i].text, "");
        bnc_test_row(rows[i].name);
        CHECK(bnc_object_after(object, before) == object);
        CHECK(object->base == NULL);
        CHECK(!bnc_object_same(before, object));
        bnc_object_unref(before);
        bnc_object_unref(object);
    }
}

RUN_TESTS(shares_what_is_the_same, shares_nothing_else)
