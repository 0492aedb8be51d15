#include "tests/unit/test.h"

#include "validate/relabel.h"

static struct bnc_arena *arena;

static const char *name_list[] = {"a", "__meta_b"};
static const char *dash_list[] = {"a-b"};
static const char *empty_list[] = {""};

#define NAMES                                                                            \
    {                                                                                    \
        name_list, 2, true                                                               \
    }
#define DASH                                                                             \
    {                                                                                    \
        dash_list, 1, true                                                               \
    }

/* ---- the checks of Prometheus
 * ----------------------------------------------------------- */

static const struct {
    const char *name;
    struct bnc_relabel rule;
    const char *from; /* the first release that takes it; "": all; NULL: none */

    const char *field;
} rows[] = {
    {"replace", {.source_labels = NAMES, .target_label = "x"}, "", NULL},
    {"no target", {.source_labels = NAMES}, NULL, "r.targetLabel"},
    {"empty target", {.target_label = ""}, NULL, "r.targetLabel"},
    {"upper case action", {.action = "KEEP", .source_labels = NAMES}, "", NULL},
    {"unknown action", {.action = "remove"}, NULL, "r.action"},
    {"empty action", {.action = "", .target_label = "x"}, NULL, "r.action"},
    {"source label with dash",
     {.source_labels = DASH, .target_label = "x"},
     "3.0",
     "r.sourceLabels[0]"},
    {"empty source label",
     {.source_labels = {empty_list, 1, true}, .target_label = "x"},
     NULL,
     "r.sourceLabels[0]"},
    {"bad regex", {.regex = "(a", .action = "drop"}, NULL, "r.regex"},
    {"empty regex", {.regex = "", .action = "drop"}, "", NULL},
    {"target with dash", {.target_label = "a-b"}, "3.0", "r.targetLabel"},
    {"target with digit first", {.target_label = "1a"}, "3.0", "r.targetLabel"},
    {"target is a template", {.target_label = "${1}_x$2"}, "", NULL},
    {"template with dash", {.target_label = "${1}-x"}, "3.2", "r.targetLabel"},
    {"lonely dollar", {.target_label = "a$"}, "3.2", "r.targetLabel"},
    {"open brace", {.target_label = "${1"}, "3.2", "r.targetLabel"},
    {"hashmod",
     {.action = "hashmod", .modulus = {true, 8}, .target_label = "x"},
     "",
     NULL},
    {"hashmod by nothing", {.action = "hashmod", .target_label = "x"}, NULL, "r.modulus"},
    {"hashmod by 0",
     {.action = "hashmod", .modulus = {true, 0}, .target_label = "x"},
     NULL,
     "r.modulus"},
    {"negative modulus", {.modulus = {true, -1}, .target_label = "x"}, NULL, "r.modulus"},
    {"hashmod to a template",
     {.action = "hashmod", .modulus = {true, 8}, .target_label = "$1"},
     "3.0",
     "r.targetLabel"},
    {"lowercase", {.action = "lowercase", .target_label = "x"}, "", NULL},
    {"uppercase with replacement",
     {.action = "uppercase", .target_label = "x", .replacement = "y"},
     NULL,
     "r.replacement"},
    {"uppercase with the default",
     {.action = "uppercase", .target_label = "x", .replacement = "$1"},
     "",
     NULL},
    {"labelmap", {.action = "labelmap", .regex = "a_(.+)"}, "", NULL},
    {"labelmap to a name with dash",
     {.action = "labelmap", .replacement = "a-$1"},
     "3.2",
     "r.replacement"},
    {"labelmap to nothing",
     {.action = "labelmap", .replacement = ""},
     NULL,
     "r.replacement"},
    {"labeldrop", {.action = "labeldrop", .regex = "a.*"}, "", NULL},
    {"labeldrop with source",
     {.action = "labeldrop", .source_labels = NAMES},
     NULL,
     "r.sourceLabels"},
    {"labelkeep with target",
     {.action = "labelkeep", .target_label = "x"},
     NULL,
     "r.targetLabel"},
    {"labeldrop with separator",
     {.action = "labeldrop", .separator = ""},
     NULL,
     "r.separator"},
    {"labeldrop with the default separator",
     {.action = "labeldrop", .separator = ";"},
     "",
     NULL},
    {"labeldrop with modulus",
     {.action = "labeldrop", .modulus = {true, 1}},
     NULL,
     "r.modulus"},
    {"keepequal",
     {.action = "keepequal", .source_labels = NAMES, .target_label = "x"},
     "",
     NULL},
    {"keepequal with regex, even the default",
     {.action = "keepequal", .regex = "(.*)", .target_label = "x"},
     NULL,
     "r.regex"},
    {"dropequal with separator",
     {.action = "dropequal", .separator = ",", .target_label = "x"},
     NULL,
     "r.separator"},
};

static const struct {
    const char *text;
    struct bnc_version version;
} releases[] = {{"2.42", {2, 42, 0}}, {"2.50", {2, 50, 0}}, {"2.53", {2, 53, 0}},
                {"3.0", {3, 0, 0}},   {"3.2", {3, 2, 0}},   {"3.16", {3, 16, 0}}};

static bool
is_taken(const char *from, const struct bnc_version *version)
{
    struct bnc_version first = {0};
    struct bnc_error err = {0};

    if (from == NULL || from[0] == '\0') {
        return from != NULL;
    }
    CHECK_INT(bnc_version_parse(from, &first, &err), BNC_OK);
    return bnc_version_compare(version, &first) >= 0;
}

TEST(checks)
{
    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        for (size_t k = 0; k < BNC_LEN(releases); k++) {
            struct bnc_diags diags = bnc_diags_new(arena);
            bool taken = is_taken(rows[i].from, &releases[k].version);

            bnc_test_row(
                bnc_arena_fmt(arena, "%s in %s", rows[i].name, releases[k].text));
            bnc_relabel_check(&rows[i].rule, "r", &releases[k].version, &diags);
            CHECK_INT(diags.errors, !taken);
            if (!taken) {
                CHECK_STR(diags.items[0].field, rows[i].field);
                CHECK(diags.items[0].remedy != NULL);
            }
        }
    }
    bnc_arena_free(arena);
}

/* A template as the target of lowercase: taken before 2.50, a plain name since 3.0. */
TEST(lowercase_template)
{
    static const struct {
        const char *name;
        struct bnc_version version;
        bool taken;
    } cases[] = {{"2.49", {2, 49, 1}, true},
                 {"2.50", {2, 50, 0}, false},
                 {"2.55", {2, 55, 0}, false},
                 {"3.0", {3, 0, 0}, true}};
    const struct bnc_relabel rule = {.action = "lowercase", .target_label = "$1"};

    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(cases); i++) {
        struct bnc_diags diags = bnc_diags_new(arena);

        bnc_test_row(cases[i].name);
        bnc_relabel_check(&rule, "r", &cases[i].version, &diags);
        CHECK_INT(diags.errors, !cases[i].taken);
    }
    bnc_arena_free(arena);
}

TEST(messages)
{
    const struct bnc_relabel rule = {
        .action = "hashmod", .target_label = "a-b", .regex = "("};
    static const char *const want[] = {
        NULL, /* the words of RE2 */
        "spec.relabelings[2].modulus: missing or 0: action hashmod divides by it; use a "
        "number from 1 on",
        "spec.relabelings[2].targetLabel: \"a-b\" is no label name for action hashmod; a "
        "label name is letters, digits and _, not a digit first"};

    arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    bnc_relabel_check(&rule, "spec.relabelings[2]", &(struct bnc_version){2, 53, 0},
                      &diags);
    CHECK_INT(diags.n, BNC_LEN(want));
    for (size_t i = 1; i < diags.n; i++) {
        CHECK_STR(bnc_diag_text(&diags.items[i], arena), want[i]);
    }
    CHECK_INT(diags.items[0].reason, BNC_REASON_INVALID_REGEX);
    bnc_arena_free(arena);
}

/* ---- who writes a label
 * --------------------------------------------------------------------- */

static const struct {
    const char *name;
    struct bnc_relabel rule;
    bool writes; /* __address__ */
} single[] = {
    {"the label itself", {.target_label = "__address__"}, true},
    {"another", {.target_label = "__scheme__"}, false},
    {"nothing", {.target_label = NULL}, false},
    {"any name", {.target_label = "$1"}, true},
    {"braces", {.target_label = "${1}"}, true},
    {"name at the end", {.target_label = "${1}__"}, true},
    {"name at the beginning", {.target_label = "__$1"}, true},
    {"both ends", {.target_label = "__${1}__"}, true},
    {"two variables", {.target_label = "__${1}ress${2}_"}, true},
    {"empty variable", {.target_label = "__address__$1"}, true},
    {"other beginning", {.target_label = "tag_$1"}, false},
    {"other end", {.target_label = "${1}_x"}, false},
    {"other middle", {.target_label = "${1}port$2"}, false},
    {"escaped dollar", {.target_label = "$$1"}, false},
    {"named group", {.target_label = "${name}"}, true},
    {"swallows letters", {.target_label = "$1__address__"}, true},
    {"keep", {.action = "keep", .target_label = "__address__"}, false},
    {"drop", {.action = "drop"}, false},
    {"hashmod", {.action = "hashmod", .target_label = "__address__"}, true},
    {"Uppercase", {.action = "Uppercase", .target_label = "__address__"}, true},
    {"lowercase of another", {.action = "lowercase", .target_label = "x"}, false},
    {"keepequal", {.action = "keepequal", .target_label = "__address__"}, false},
    {"labelmap", {.action = "labelmap", .regex = "__meta_a_(.+)"}, true},
    {"labelmap with prefix", {.action = "labelmap", .replacement = "x_$1"}, false},
    {"labelmap to it", {.action = "labelmap", .replacement = "__address__"}, true},
    {"labeldrop", {.action = "labeldrop", .regex = "__address__"}, false},
};

TEST(targets)
{
    for (size_t i = 0; i < BNC_LEN(single); i++) {
        bnc_test_row(single[i].name);
        CHECK_INT(bnc_relabel_targets(&single[i].rule, "__address__"), single[i].writes);
    }
}

#define POD_LABELS "__meta_kubernetes_pod_label_(.+)"
#define PLANTED    "__meta_kubernetes_pod_label___address__"

static const struct {
    const char *name;
    struct bnc_relabel rules[3];
    size_t n, writer;
} chains[] = {
    {"pod labels", {{.action = "labelmap", .regex = POD_LABELS}}, 1, 1},
    {"pod labels with $1",
     {{.action = "labelmap", .regex = POD_LABELS, .replacement = "$1"}},
     1,
     1},
    {"planted before",
     {{.target_label = PLANTED, .replacement = "evil:80"},
      {.action = "labelmap", .regex = POD_LABELS}},
     2,
     1},
    {"planted by a template",
     {{.target_label = "__meta_kubernetes_pod_label_$1"},
      {.action = "labelmap", .regex = POD_LABELS}},
     2,
     1},
    {"planted after",
     {{.action = "labelmap", .regex = POD_LABELS},
      {.target_label = PLANTED, .replacement = "evil:80"}},
     2,
     2},
    {"planted through another map",
     {{.target_label = "__meta_x_" PLANTED, .replacement = "evil:80"},
      {.action = "labelmap", .regex = "__meta_x_(.+)"},
      {.action = "labelmap", .regex = POD_LABELS}},
     3,
     2},
    {"harmless company",
     {{.target_label = "app", .replacement = "x"},
      {.action = "labelmap", .regex = "__meta_kubernetes_pod_annotation_(.+)"},
      {.action = "labelmap", .regex = POD_LABELS}},
     3,
     3},
    {"params are the user's", {{.action = "labelmap", .regex = "__param_(.+)"}}, 1, 0},
    {"every label", {{.action = "labelmap", .regex = "(.+)"}}, 1, 0},
    {"built name",
     {{.action = "labelmap", .regex = POD_LABELS, .replacement = "__${1}__"}},
     1,
     0},
    {"alternatives",
     {{.action = "labelmap", .regex = "__meta_kubernetes_(?:pod|node)_(.+)"}},
     1,
     0},
};

TEST(writers)
{
    for (size_t i = 0; i < BNC_LEN(chains); i++) {
        bnc_test_row(chains[i].name);
        CHECK_INT(bnc_relabel_writer(chains[i].rules, chains[i].n, "__address__"),
                  chains[i].writer);
    }
}

/* Maps that could all feed each other: an answer soon, on the safe side. */
TEST(many_maps)
{
    struct bnc_relabel rules[128];

    for (size_t i = 0; i < BNC_LEN(rules); i++) {
        rules[i] = (struct bnc_relabel){.action = "labelmap", .regex = "__meta_(.+)"};
    }
    CHECK(bnc_relabel_writer(rules, BNC_LEN(rules), "__address__") < BNC_LEN(rules));
    CHECK_INT(bnc_relabel_writer(rules, 8, "__address__"), 8);
}

RUN_TESTS(checks, lowercase_template, messages, targets, writers, many_maps)
