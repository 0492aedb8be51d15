/*
 * Who read what: a step is done again when an answer that it got has changed, and
 * only then.
 */
#include "controller/edges.h"
#include "tests/unit/facts.h"

#define SECRET(data)                                                                     \
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\nstringData: "   \
    "{" data "}\n"
#define NAMESPACE(name, labels)                                                          \
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: " name ", labels: {" labels "}}"  \
    "\n"
#define DEPLOYMENT(name, ns, notes)                                                      \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " name ", namespace: " ns   \
    ", annotations: {" notes "}}\n"

/* ---- what the hooks say -------------------------------------------------------- */

struct seen {
    struct bnc_cache *cache;
    struct bnc_reader *reader;
    size_t dirty;
    size_t wants;
    size_t unwants;
};

static void
on_dirty(void *arg, struct bnc_reader *reader)
{
    struct seen *seen = arg;
    CHECK(reader == seen->reader && bnc_reader_arg(reader) == seen);
    seen->dirty++;
}

static void
on_want(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct seen *seen = arg;
    CHECK(bnc_kind_info(kind)->by_name);
    CHECK_STR(ns, "shop");
    CHECK_STR(name, "s");
    seen->wants++;
}

static void
on_unwant(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    struct seen *seen = arg;
    BNC_UNUSED(kind);
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
    seen->unwants++;
}

static const struct bnc_cache_hooks hooks = {
    .dirty = on_dirty, .want = on_want, .unwant = on_unwant};

static void
start(struct seen *seen)
{
    *seen = (struct seen){0};
    seen->cache = bnc_cache_new(&hooks, seen);
    seen->reader = bnc_reader_new(seen->cache, seen);
}

static void
stop(struct seen *seen)
{
    bnc_reader_free(seen->reader);
    bnc_cache_free(seen->cache);
}

static void
put(struct seen *seen, const char *yaml)
{
    struct facts facts;
    facts_read(&facts, yaml);
    facts_put(&facts, seen->cache);
    facts_free(&facts);
}

/* ---- facets -------------------------------------------------------------------- */

enum facet { EXISTS, GET, KEY, VALUE, LIST, LIST_ALL };

static void
count_object(void *arg, const struct bnc_object *object)
{
    size_t *n = arg;
    BNC_UNUSED(object);
    (*n)++;
}

static enum bnc_found
ask(struct seen *seen, enum facet facet, enum bnc_kind kind, const char *ns,
    const char *name)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_view *view = bnc_reader_begin(seen->reader);
    const struct bnc_object *object = NULL;
    struct bnc_bytes bytes = {0};
    enum bnc_found found = BNC_VIEW_FOUND;
    size_t n = 0;

    switch (facet) {
    case EXISTS:
        found = bnc_view_exists(view, kind, ns, name);
        break;
    case GET:
        found = bnc_view_get(view, kind, ns, name, &object);
        break;
    case KEY:
        found = bnc_view_key(view, kind, ns, name, "k");
        break;
    case VALUE:
        found = bnc_view_value(view, kind, ns, name, "k", arena, &bytes);
        break;
    case LIST:
        found = bnc_view_list(view, kind, ns, count_object, &n);
        break;
    case LIST_ALL:
        found = bnc_view_list(view, kind, NULL, count_object, &n);
        break;
    }
    bnc_reader_end(seen->reader);
    return found;
}

static const struct {
    const char *name;
    enum facet facet;
    const char *before; /* NULL: not there */
    const char *after;
    bool dirty;
} changes[] = {
    {"exists: it comes", EXISTS, NULL, SECRET("k: a"), true},
    {"exists: it changes", EXISTS, SECRET("k: a"), SECRET("k: b"), false},
    {"exists: it goes", EXISTS, SECRET("k: a"), NULL, true},
    {"get: it changes", GET, SECRET("k: a"), SECRET("k: b"), true},
    {"get: the same again", GET, SECRET("k: a"), SECRET("k: a"), false},
    {"key: it comes", KEY, SECRET("x: a"), SECRET("k: a"), true},
    {"key: its value changes", KEY, SECRET("k: a"), SECRET("k: b"), false},
    {"key: it goes", KEY, SECRET("k: a"), SECRET("x: a"), true},
    {"key: it goes with all", KEY, SECRET("k: a"), NULL, true},
    {"key: missing, and now all of it", KEY, SECRET("x: a"), NULL, true},
    {"value: it changes", VALUE, SECRET("k: a"), SECRET("k: b"), true},
    {"value: another's changes", VALUE, SECRET("k: a, x: a"), SECRET("k: a, x: b"),
     false},
    {"value: it goes", VALUE, SECRET("k: a"), SECRET("x: a"), true},
    {"value: missing as before", VALUE, SECRET("x: a"), SECRET("x: b"), false},
};

TEST(facets)
{
    for (size_t i = 0; i < BNC_LEN(changes); i++) {
        struct seen seen;

        bnc_test_row(changes[i].name);
        start(&seen);
        if (changes[i].before != NULL) {
            put(&seen, changes[i].before);
        }
        bnc_cache_synced(seen.cache, BNC_KIND_SECRET, "shop", "s");
        (void)ask(&seen, changes[i].facet, BNC_KIND_SECRET, "shop", "s");
        CHECK_INT(seen.dirty, 0);
        if (changes[i].after != NULL) {
            put(&seen, changes[i].after);
        } else {
            CHECK(bnc_cache_gone(seen.cache, BNC_KIND_SECRET, "shop", "s"));
        }
        CHECK_INT(seen.dirty, changes[i].dirty);
        stop(&seen);
    }
}

static const struct {
    const char *name;
    enum facet facet;
    const char *change;
    bool dirty;
} lists[] = {
    {"one comes", LIST, DEPLOYMENT("b", "shop", ""), true},
    {"one changes", LIST, DEPLOYMENT("a", "shop", "x: 'y'"), true},
    {"the same again", LIST, DEPLOYMENT("a", "shop", ""), false},
    {"elsewhere", LIST, DEPLOYMENT("a", "bank", "x: 'y'"), false},
    {"elsewhere, of all", LIST_ALL, DEPLOYMENT("a", "bank", "x: 'y'"), true},
    {"another kind", LIST_ALL, NAMESPACE("shop", "a: b"), false},
};

TEST(listed)
{
    for (size_t i = 0; i < BNC_LEN(lists); i++) {
        struct seen seen;

        bnc_test_row(lists[i].name);
        start(&seen);
        put(&seen, DEPLOYMENT("a", "shop", "") "---\n" DEPLOYMENT("a", "bank", ""));
        facts_sync(seen.cache);
        CHECK_INT(ask(&seen, lists[i].facet, BNC_KIND_DEPLOYMENT, "shop", NULL),
                  BNC_VIEW_FOUND);
        put(&seen, lists[i].change);
        CHECK_INT(seen.dirty > 0, lists[i].dirty);
        stop(&seen);
    }
}

/* ---- what is known ------------------------------------------------------------- */

TEST(pending_absent_denied)
{
    struct seen seen;

    start(&seen);
    CHECK_INT(ask(&seen, VALUE, BNC_KIND_SECRET, "shop", "s"), BNC_VIEW_PENDING);
    CHECK_INT(ask(&seen, LIST, BNC_KIND_NAMESPACE, NULL, NULL), BNC_VIEW_PENDING);
    bnc_cache_synced(seen.cache, BNC_KIND_NAMESPACE, "", NULL);
    CHECK_INT(seen.dirty, 1);
    CHECK_INT(ask(&seen, LIST, BNC_KIND_NAMESPACE, NULL, NULL), BNC_VIEW_FOUND);
    CHECK_INT(ask(&seen, EXISTS, BNC_KIND_NAMESPACE, "", "shop"), BNC_VIEW_ABSENT);
    seen.dirty = 0;

    (void)ask(&seen, KEY, BNC_KIND_SECRET, "shop", "s");
    bnc_cache_denied(seen.cache, BNC_KIND_SECRET, "shop", "s");
    CHECK_INT(seen.dirty, 1);
    CHECK_INT(ask(&seen, KEY, BNC_KIND_SECRET, "shop", "s"), BNC_VIEW_DENIED);
    put(&seen, SECRET("k: a"));
    CHECK_INT(seen.dirty, 2);
    CHECK_INT(ask(&seen, KEY, BNC_KIND_SECRET, "shop", "s"), BNC_VIEW_FOUND);
    CHECK_INT(ask(&seen, VALUE, BNC_KIND_SECRET, "shop", "s"), BNC_VIEW_FOUND);
    stop(&seen);
}

/* ---- what is followed by name --------------------------------------------------- */

TEST(wanted_while_read)
{
    struct seen seen;

    start(&seen);
    (void)ask(&seen, VALUE, BNC_KIND_SECRET, "shop", "s");
    CHECK_INT(seen.wants, 1);
    (void)ask(&seen, KEY, BNC_KIND_SECRET, "shop", "s"); /* read again: kept */
    CHECK_INT(seen.wants, 1);
    CHECK_INT(seen.unwants, 0);
    (void)ask(&seen, LIST, BNC_KIND_NAMESPACE, NULL, NULL); /* not read any more */
    CHECK_INT(seen.unwants, 1);
    (void)ask(&seen, EXISTS, BNC_KIND_SECRET, "shop", "s");
    CHECK_INT(seen.wants, 2);
    bnc_reader_free(seen.reader);
    seen.reader = NULL;
    CHECK_INT(seen.unwants, 2);
    stop(&seen);
}

/* Two readers of one Secret: it is followed until the second lets it go. */
TEST(wanted_by_two)
{
    struct seen seen;

    start(&seen);
    struct bnc_reader *other = bnc_reader_new(seen.cache, &seen);
    (void)ask(&seen, VALUE, BNC_KIND_SECRET, "shop", "s");
    (void)bnc_view_exists(bnc_reader_begin(other), BNC_KIND_SECRET, "shop", "s");
    bnc_reader_end(other);
    CHECK_INT(seen.wants, 1);
    bnc_reader_free(other);
    CHECK_INT(seen.unwants, 0);
    (void)ask(&seen, LIST, BNC_KIND_NAMESPACE, NULL, NULL);
    CHECK_INT(seen.unwants, 1);
    stop(&seen);
}

TEST(decoded_values)
{
    static const struct {
        const char *name;
        const char *yaml;
        const char *want; /* NULL: there is no such key */
    } values[] = {
        {"base64", "data: {k: aGVsbG8=}", "hello"},
        {"two of padding", "data: {k: aGVsbA==}", "hell"},
        {"none of padding", "data: {k: aGVsbG8h}", "hello!"},
        {"empty", "data: {k: ''}", ""},
        {"folded", "data: {k: \"aGVs\\nbG8=\\n\"}", "hello"},
        {"no such key", "data: {x: aGVsbG8=}", NULL},
    };
    for (size_t i = 0; i < BNC_LEN(values); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_bytes bytes = {0};
        struct seen seen;

        bnc_test_row(values[i].name);
        start(&seen);
        put(&seen, bnc_arena_fmt(arena,
                                 "apiVersion: v1\nkind: Secret\nmetadata: {name: s, "
                                 "namespace: shop}\n%s\n",
                                 values[i].yaml));
        bnc_cache_synced(seen.cache, BNC_KIND_SECRET, "shop", "s");
        struct bnc_view *view = bnc_reader_begin(seen.reader);
        CHECK_INT(bnc_view_value(view, BNC_KIND_SECRET, "shop", "s", "k", arena, &bytes),
                  values[i].want == NULL ? BNC_VIEW_ABSENT : BNC_VIEW_FOUND);
        CHECK_INT(bnc_view_key(view, BNC_KIND_SECRET, "shop", "s", "k"),
                  values[i].want == NULL ? BNC_VIEW_ABSENT : BNC_VIEW_FOUND);
        bnc_reader_end(seen.reader);
        if (values[i].want != NULL) {
            CHECK_INT(bytes.len, strlen(values[i].want));
            CHECK(memcmp(bytes.ptr, values[i].want, bytes.len) == 0);
        }
        stop(&seen);
    }
}

RUN_TESTS(facets, listed, pending_absent_denied, wanted_while_read, wanted_by_two,
          decoded_values)
