/*
 * Our keys in the text of ConfigMap istio: what the text becomes, and that it comes back
 * byte for byte.
 */
#include "tests/unit/mesh_edit.h"

static const char *const wishes[] = {WISH_ALL, WISH_DEFAULT, WISH_PROVIDER};

/* ---- what the text becomes --------------------------------------------------------- */

static const struct {
    const char *name;
    const char *live;
    const char *wish;
    const char *want;
    const char *conflicts; /* NULL: none */
    bool over;
} texts[] = {
    {"empty", "", WISH_ALL,
     "defaultConfig:\n"
     "  extraStatTags:\n"
     "  - \"method\"\n"
     "  - \"path\"\n"
     "  statsdUdpAddress: \"statsd.obs:9125\"\n"
     "defaultProviders:\n"
     "  metrics: [\"prometheus\"]\n"
     "  tracing: [\"jaeger\"]\n"
     "extensionProviders:\n"
     "- " JAEGER "\n"
     "- " ZIPKIN "\n",
     NULL, false},
    {"as the chart writes it",
     "defaultConfig:\n"
     "  discoveryAddress: istiod.istio-system.svc:15012\n"
     "defaultProviders:\n"
     "  metrics:\n"
     "  - prometheus\n"
     "enablePrometheusMerge: true\n"
     "rootNamespace: istio-system\n"
     "trustDomain: cluster.local",
     WISH_ALL,
     "extensionProviders:\n"
     "- " JAEGER "\n"
     "- " ZIPKIN "\n"
     "defaultConfig:\n"
     "  extraStatTags:\n"
     "  - \"method\"\n"
     "  - \"path\"\n"
     "  statsdUdpAddress: \"statsd.obs:9125\"\n"
     "  discoveryAddress: istiod.istio-system.svc:15012\n"
     "defaultProviders:\n"
     "  tracing: [\"jaeger\"]\n"
     "  metrics:\n"
     "  - prometheus\n"
     "enablePrometheusMerge: true\n"
     "rootNamespace: istio-system\n"
     "trustDomain: cluster.local",
     NULL, false},
    {"beside others, with comments",
     "# ours\n"
     "extensionProviders: # all of them\n"
     "  # the first\n"
     "  - name: otel\n"
     "    opentelemetry: {service: 'o.x', port: 4317}\n"
     "  # the end\n",
     WISH_PROVIDER,
     "# ours\n"
     "extensionProviders: # all of them\n"
     "  - " JAEGER "\n"
     "  # the first\n"
     "  - name: otel\n"
     "    opentelemetry: {service: 'o.x', port: 4317}\n"
     "  # the end\n",
     NULL, false},
    {"an empty list", "a: b\nextensionProviders: [] # none\n", WISH_PROVIDER,
     "a: b\nextensionProviders: [" JAEGER "] # none\n", NULL, false},
    {"a key without a value", "extensionProviders: # none\na: b\n", WISH_PROVIDER,
     "extensionProviders: [" JAEGER "] # none\na: b\n", NULL, false},
    {"a key without a value at the end", "defaultProviders:", WISH_DEFAULT,
     "defaultProviders: {\"metrics\":[\"prometheus\"],\"tracing\":[\"jaeger\"]}", NULL,
     false},
    {"a value below its key", "extensionProviders: # none\n  []\n", WISH_PROVIDER,
     "extensionProviders: [" JAEGER "]\n", NULL, false},
    {"null", "extensionProviders: ~", WISH_PROVIDER, "extensionProviders: [" JAEGER "]",
     NULL, false},
    {"flow", "{extensionProviders: [ {name: a, zipkin: {}} ], x: 1}\n", WISH_PROVIDER,
     "{extensionProviders: [" JAEGER ",  {name: a, zipkin: {}} ], x: 1}\n", NULL, false},
    {"JSON stays JSON", "{\"x\": 1}", WISH_DEFAULT,
     "{\"defaultProviders\": {\"metrics\":[\"prometheus\"],\"tracing\":[\"jaeger\"]}, "
     "\"x\": 1}",
     NULL, false},
    {"an empty map", "{}", WISH_DEFAULT,
     "{\"defaultProviders\":{\"metrics\":[\"prometheus\"],\"tracing\":[\"jaeger\"]}}",
     NULL, false},
    {"markers", "%YAML 1.1\n--- # begins\nx: 1\n...\n", WISH_PROVIDER,
     "%YAML 1.1\n--- # begins\nextensionProviders:\n- " JAEGER "\nx: 1\n...\n", NULL,
     false},
    {"a marker alone", "---", WISH_PROVIDER, "---\nextensionProviders:\n- " JAEGER "\n",
     NULL, false},
    {"comments alone", "# nothing\n", WISH_PROVIDER,
     "extensionProviders:\n- " JAEGER "\n# nothing\n", NULL, false},
    {"CRLF", "x: 1\r\ndefaultProviders:\r\n    accessLogging: [a]\r\n", WISH_DEFAULT,
     "x: 1\r\ndefaultProviders:\r\n    metrics: [\"prometheus\"]\r\n"
     "    tracing: [\"jaeger\"]\r\n    accessLogging: [a]\r\n",
     NULL, false},
    {"all keys are indented", "   x: 1\n   y: 2", WISH_PROVIDER,
     "   extensionProviders:\n   - " JAEGER "\n   x: 1\n   y: 2", NULL, false},
    {"characters of more bytes",
     "x: \"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\" # \xc3\xa4\n"
     "extensionProviders: []\n",
     WISH_PROVIDER,
     "x: \"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\" # \xc3\xa4\n"
     "extensionProviders: [" JAEGER "]\n",
     NULL, false},
    {"already there, in another order",
     "extensionProviders:\n- opentelemetry:\n    port: 4317\n"
     "    service: jaeger.obs.svc.cluster.local\n  name: jaeger\n",
     WISH_PROVIDER,
     "extensionProviders:\n- opentelemetry:\n    port: 4317\n"
     "    service: jaeger.obs.svc.cluster.local\n  name: jaeger\n",
     NULL, false},
    {"another provider of that name: left",
     "extensionProviders:\n- name: Jaeger\n  zipkin:\n    port: 1 # one\n- name: b\n",
     WISH_PROVIDER,
     "extensionProviders:\n- name: Jaeger\n  zipkin:\n    port: 1 # one\n- name: b\n",
     "extensionProviders[jaeger]={\"name\":\"Jaeger\",\"zipkin\":{\"port\":1}}", false},
    {"another provider of that name: taken over",
     "extensionProviders:\n- name: Jaeger\n  zipkin:\n    port: 1 # one\n- name: b\n",
     WISH_PROVIDER, "extensionProviders:\n- " JAEGER " # one\n- name: b\n",
     "extensionProviders[jaeger]={\"name\":\"Jaeger\",\"zipkin\":{\"port\":1}}", true},
    {"another default: left",
     "defaultProviders:\n  metrics: [stackdriver]\n  tracing:\n  - otel\nx: 1\n",
     WISH_DEFAULT,
     "defaultProviders:\n  metrics: [stackdriver]\n  tracing:\n  - otel\nx: 1\n",
     "defaultProviders.tracing=[\"otel\"]", false},
    {"another default: taken over",
     "defaultProviders:\n  metrics: [stackdriver]\n  tracing:\n  - otel\nx: 1\n",
     WISH_DEFAULT,
     "defaultProviders:\n  metrics: [stackdriver]\n  tracing: [\"jaeger\"]\nx: 1\n",
     "defaultProviders.tracing=[\"otel\"]", true},
    {"a block scalar, taken over",
     "defaultConfig:\n  statsdUdpAddress: |-\n    a:1\n\n  x: 1\n",
     "{\"defaultConfig\":{\"statsdUdpAddress\":\"s:9\"}}",
     "defaultConfig:\n  statsdUdpAddress: \"s:9\"\n\n  x: 1\n",
     "defaultConfig.statsdUdpAddress=\"a:1\"", true},
    {"a wrong type, taken over", "defaultProviders: no\n", WISH_DEFAULT,
     "defaultProviders: {\"metrics\":[\"prometheus\"],\"tracing\":[\"jaeger\"]}\n",
     "defaultProviders=false", true},
    {"tags are added", "defaultConfig:\n  extraStatTags: [path, Method]\n",
     "{\"defaultConfig\":{\"extraStatTags\":[\"method\",\"path\"]}}",
     "defaultConfig:\n  extraStatTags: [\"method\", path, Method]\n", NULL, false},
};

TEST(texts_become)
{
    for (size_t i = 0; i < BNC_LEN(texts); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct run r = {.arena = arena};
        bnc_test_row(texts[i].name);
        edit_well(&r, texts[i].live, NULL, texts[i].wish, texts[i].over);
        CHECK_STR(r.out.text.ptr, texts[i].want);
        CHECK_INT(r.out.changed, strcmp(texts[i].live, texts[i].want) != 0);
        CHECK_INT(r.out.edits != NULL, r.out.changed);
        CHECK_STR(notes(&r.out.conflicts, arena),
                  texts[i].conflicts == NULL ? "" : texts[i].conflicts);
        CHECK_INT(r.out.kept.n, 0);
    }
}

/* ---- there and back ------------------------------------------------------------------
 */

/* Beside those above. */
static const char *const more_texts[] = {
    "extensionProviders:\n",
    "extensionProviders: null # x\n",
    "extensionProviders: !!seq []\n",
    "'extensionProviders' : []",
    "\"extensionProviders\":\n\n\n-   name: a\n    zipkin: {port: 1}\n",
    "extensionProviders:\n  -\n    name: a\n",
    "extensionProviders:\n- |\n  text\n- name: last\n  file: |+\n    {}\n\n\n# end",
    "a: |\n  extensionProviders:\n  - x\nb: 1",
    "# extensionProviders:\n# defaultProviders:\n#   tracing: [\"jaeger\"]\nx: 1\n",
    "# - " JAEGER "\nx: 1\n# - " JAEGER "\n",
    "x: 1\ndefaultProviders:\n  # tracing: [\"jaeger\"]\n  tracing:\n",
    "{\n  \"defaultProviders\": {\"tracing\": [ ]},\n  \"defaultConfig\": {}\n}\n",
    "{defaultProviders: {tracing: null}, defaultConfig: {extraStatTags: [x, ], }, }",
    "--- {}\n",
    "--- ~\n...\n",
    "---\n# c\n...\n",
    "--- # c",
    "\n\n   \n",
    "x: 'it''s'\ny: \"a\\\n  b\"\nz: >\n  folded\n  text\ndefaultConfig:\n"
    "        tracing:\n                sampling: 7\n",
    "x: 1 # tab\there\ny:\t2\n",
    "defaultConfig: {tracing: {sampling: 1}} # d\ndefaultProviders: {}\n",
};

/* Edited; edited again: the same; given back: as it was. */
static void
check_round(struct bnc_arena *arena, const char *live, const char *wish, bool over)
{
    struct run r = {.arena = arena};

    edit_well(&r, live, NULL, wish, over);
    const struct bnc_mesh_edited first = r.out;
    CHECK_INT(first.text.len, strlen(first.text.ptr));
    edit_well(&r, first.text.ptr, first.edits, wish, over);
    CHECK(!r.out.changed);
    CHECK_STR(r.out.text.ptr, first.text.ptr);
    CHECK_STR(r.out.edits, first.edits);
    CHECK_INT(r.out.kept.n, 0);
    edit_well(&r, first.text.ptr, NULL, wish, over); /* the edits are lost */
    CHECK(!r.out.changed);
    CHECK_STR(r.out.edits, NULL);
    edit_well(&r, first.text.ptr, first.edits, NULL, false);
    CHECK_STR(r.out.text.ptr, live);
    CHECK_INT(r.out.kept.n, 0);
    CHECK_STR(r.out.edits, NULL);
}

TEST(there_and_back)
{
    for (size_t i = 0; i < BNC_LEN(texts) + BNC_LEN(more_texts); i++) {
        const char *live =
            i < BNC_LEN(texts) ? texts[i].live : more_texts[i - BNC_LEN(texts)];
        bnc_test_row(live);
        for (size_t k = 0; k < 2 * BNC_LEN(wishes); k++) {
            BNC_AUTO(bnc_arena) arena = bnc_arena_new();
            check_round(arena, live, wishes[k / 2], k % 2 == 1);
        }
    }
}

/* Made texts: parts in any order, each in any of its forms. */
TEST(made_texts)
{
    static const char *const parts[][6] = {
        {"", "defaultConfig:\n  a: b\n", "defaultConfig: {a: b}\n", "defaultConfig:\n",
         "defaultConfig:\n    # c\n\n    extraStatTags:\n    - method\n",
         "defaultConfig:\n statsdUdpAddress: \"s\"\n"},
        {"", "extensionProviders:\n- name: x\n  y: z\n", "extensionProviders: []\n",
         "extensionProviders:\n    - name: jaeger\n",
         "extensionProviders: [{name: zipkin}]\n", "extensionProviders: # c\n"},
        {"", "defaultProviders:\n  tracing: [b]\n", "defaultProviders: {metrics: []}\n",
         "defaultProviders:\n  tracing:\n  - b\n  # c\n", "defaultProviders: ~\n",
         "defaultProviders:\n   metrics:\n   - prometheus\n"},
        {"", "# end\n", "z: |\n   text\n", "z: {}\n", "z: >+\n text\n\n\n", "z: 1"},
    };

    for (size_t i = 0; i < 24 * 1296; i += 7) {
        size_t at[4];
        size_t forms = i / 24;
        size_t order = i % 24;
        struct bnc_str text;
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        bool used[4] = {false};
        text = bnc_str_new(arena, 4096);
        bnc_str_add(&text, "", 0);
        for (size_t k = 0; k < 4; k++, forms /= 6) {
            at[k] = forms % 6;
        }
        for (size_t k = 4; k > 0; k--) { /* the order-th permutation */
            size_t pick = order % k;
            size_t part = 0;
            order /= k;
            while (used[part] || pick > 0) {
                pick -= used[part] ? 0 : 1;
                part++;
            }
            used[part] = true;
            if (text.len > 0 && text.ptr[text.len - 1] != '\n') {
                bnc_str_puts(&text, "\n");
            }
            bnc_str_puts(&text, parts[part][at[part]]);
        }
        bnc_test_row(text.ptr);
        check_round(arena, text.ptr, WISH_ALL, i % 2 == 0);
    }
}

/* ---- what is refused
 * -------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *live;
    const char *before;
    const char *wish;
    enum bnc_code code;
    const char *says;
} refused[] = {
    {"anchors", "a: 1\nx: &a {b: c}\n", NULL, WISH_ALL, BNC_INVALID,
     "line 2: a text with anchors"},
    {"merges", "a: 1\n<<: {b: c}\n", NULL, WISH_ALL, BNC_INVALID,
     "line 2: a text with m"},
    {"tabs as indentation", "a:\n\tb: 1\n", NULL, WISH_ALL, BNC_INVALID, "line 2"},
    {"a key twice", "a: 1\na: 2\n", NULL, WISH_ALL, BNC_INVALID, "there twice"},
    {"two documents", "a: 1\n---\nb: 1\n", NULL, WISH_ALL, BNC_INVALID,
     "more than one document"},
    {"a list", "- a\n", NULL, WISH_ALL, BNC_INVALID, "no map"},
    {"a text", "hello", NULL, WISH_ALL, BNC_INVALID, "no map"},
    {"no YAML", "a: [", NULL, WISH_ALL, BNC_INVALID, "line"},
    {"no UTF-8", "a: \xff", NULL, WISH_ALL, BNC_INVALID, "UTF-8"},
    {"a mark",
     "\xef\xbb\xbf"
     "a: 1",
     NULL, WISH_ALL, BNC_INVALID, "byte order"},
    {"old Mac", "a: 1\rb: 2\r", NULL, WISH_ALL, BNC_INVALID, "LF and CRLF"},
    {"a separator of lines",
     "a: 1\xe2\x80\xa8"
     "b: 2",
     NULL, WISH_ALL, BNC_INVALID, "LF and CRLF"},
    {"a complex key", "? defaultProviders\n:\n  a: b\n", NULL, WISH_ALL, BNC_INVALID,
     "line 1: not a form"},
    {"a key in front", "? a: b\n: c\n", NULL, WISH_ALL, BNC_INVALID, "line 1"},
    {"a key without a colon", "{extensionProviders}", NULL, WISH_ALL, BNC_INVALID,
     "line 1: not a form"},
    {"edits that are none", "a: 1\n", "{", WISH_ALL, BNC_INVALID, "the stored edits"},
    {"edits of another kind", "a: 1\n", "{}", NULL, BNC_INVALID, "not what was stored"},
    {"edits without a text", "a: 1\n", "[{\"at\":[],\"is\":\"\",\"was\":\"x\"}]", NULL,
     BNC_INVALID, "not what was stored"},
    {"a wish that YAML cannot hold", "a: 1\n", NULL,
     "{\"defaultConfig\":{\"statsdUdpAddress\":\"a\\u007fb\"}}", BNC_INVALID,
     "cannot hold"},
};

TEST(refusals)
{
    for (size_t i = 0; i < BNC_LEN(refused); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct run r = {.arena = arena};
        bnc_test_row(refused[i].name);
        CHECK_INT(edit(&r, refused[i].live, refused[i].before, refused[i].wish, true),
                  refused[i].code);
        if (strstr(r.err.message, refused[i].says) == NULL) {
            CHECK_STR(r.err.message, refused[i].says);
        }
        CHECK_INT(r.out.text.len, 0);
    }
}

/* What stands in the annotation has a limit; so has what is put there by hand. */
TEST(too_much)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct run r = {.arena = arena};
    struct bnc_str tags = bnc_str_new(arena, 1 << 20);

    bnc_test_row("more edits than there may be");
    bnc_str_puts(&tags, "{\"defaultConfig\":{\"extraStatTags\":[\"x\"");
    for (int i = 0; i < 300; i++) {
        bnc_str_fmt(&tags, ",\"tag%d\"", i);
    }
    bnc_str_puts(&tags, "]}}");
    CHECK_INT(edit(&r, "", NULL, tags.ptr, true), BNC_TOO_BIG);

    bnc_test_row("an old value that is too long to be kept");
    bnc_str_clear(&tags);
    bnc_str_puts(&tags, "defaultConfig:\n  statsdUdpAddress: ");
    for (int i = 0; i < 70000; i++) {
        bnc_str_puts(&tags, "a");
    }
    CHECK_INT(edit(&r, tags.ptr, NULL, WISH_ALL, true), BNC_TOO_BIG);
    CHECK_INT(edit(&r, tags.ptr, NULL, WISH_ALL, false), BNC_OK);
    CHECK_INT(edit(&r, "", tags.ptr, WISH_ALL, false), BNC_TOO_BIG);
}

RUN_TESTS(texts_become, there_and_back, made_texts, refusals, too_much)
