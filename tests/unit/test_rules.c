#include "lib/regex.h"
#include "reconcilers/rules.h"
#include "tests/unit/test.h"

/* ---- rules as text ------------------------------------------------------------- */

/* "action a,b ~ regex -> target = replacement", the default action left out. */
static const char *
describe(const struct bnc_rules *rules, struct bnc_arena *arena)
{
    struct bnc_str out = bnc_str_new(arena, 65536);

    bnc_str_puts(&out, "");
    for (size_t i = 0; i < rules->n; i++) {
        const struct bnc_relabel *rule = &rules->items[i];
        bnc_str_puts(&out, i == 0 ? "" : "\n");
        bnc_str_puts(&out, rule->action == NULL ? "set" : rule->action);
        for (size_t k = 0; k < rule->source_labels.n; k++) {
            const char *label = rule->source_labels.items[k];
            size_t meta = strlen(BNC_META);
            bool short_name = strncmp(label, BNC_META, meta) == 0;
            bnc_str_fmt(&out, "%s%s", k == 0 ? " " : ",",
                        label + (short_name ? meta : 0));
        }
        if (rule->regex != NULL) {
            bnc_str_fmt(&out, " ~ %s", rule->regex);
        }
        if (rule->target_label != NULL) {
            bnc_str_fmt(&out, " -> %s", rule->target_label);
        }
        if (rule->replacement != NULL) {
            bnc_str_fmt(&out, " = \"%s\"", rule->replacement);
        }
    }
    return out.ptr;
}

/* ---- identities ---------------------------------------------------------------- */

#define ROLLOUT                                                                          \
    {                                                                                    \
        "shop", "ReplicaSet", "rollout-5d", BNC_IDENTITY_EXACT                           \
    }
#define WEB                                                                              \
    {                                                                                    \
        "shop", "ReplicaSet", "web", BNC_IDENTITY_HASH                                   \
    }
#define DB                                                                               \
    {                                                                                    \
        "shop", "StatefulSet", "db", BNC_IDENTITY_EXACT                                  \
    }
#define REPORT                                                                           \
    {                                                                                    \
        "shop", "Job", "report", BNC_IDENTITY_TIME                                       \
    }
#define IMPORT                                                                           \
    {                                                                                    \
        "shop", "Job", "import", BNC_IDENTITY_EXACT                                      \
    }
#define ALONE                                                                            \
    {                                                                                    \
        "shop", "", "alone.1", BNC_IDENTITY_EXACT                                        \
    }
#define BANK_WEB                                                                         \
    {                                                                                    \
        "bank", "ReplicaSet", "web", BNC_IDENTITY_HASH                                   \
    }
#define ALL_OF_THEM ROLLOUT, WEB, DB, REPORT, IMPORT, ALONE, BANK_WEB

static const struct bnc_identity everyone[] = {ALL_OF_THEM};

/* Pods as "NAMESPACE;CONTROLLER KIND;CONTROLLER;POD" and whose they are. */
static const struct {
    const char *pod;
    int whose; /* index in everyone; -1: nobody's */
} pods[] = {
    {"shop;ReplicaSet;rollout-5d;rollout-5d-x", 0},
    {"shop;ReplicaSet;rollout-5d8;rollout-5d8-x", -1},
    {"shop;ReplicaSet;rollout;rollout-5d", -1},
    {"shop;ReplicaSet;web-6d4cf56db6;web-6d4cf56db6-x7k2p", 1},
    {"shop;ReplicaSet;web;web-x7k2p", -1},
    {"shop;ReplicaSet;web-;web--x", -1},
    {"shop;ReplicaSet;web-api-6d4cf56db6;web-api-6d4cf56db6-x7k2p", -1},
    {"shop;ReplicaSet;web-api;web-api-x", -1},
    {"shop;ReplicaSet;my-web-6d4cf56db6;my-web-6d4cf56db6-x", -1},
    {"shop;StatefulSet;web;web-0", -1},
    {"shop;;;web", -1},
    {"shop;StatefulSet;db;db-0", 2},
    {"shop;StatefulSet;db-replica;db-replica-0", -1},
    {"shop2;StatefulSet;db;db-0", -1},
    {"shop;Job;report-28391040;report-28391040-c5v6b", 3},
    {"shop;Job;report-1698765432;report-1698765432-c5v6b", 3},
    {"shop;Job;report-1;report-1-x", -1},
    {"shop;Job;report-now;report-now-x", -1},
    {"shop;Job;report;report-x", -1},
    {"shop;Job;import;import-x", 4},
    {"shop;Job;import-28391040;import-28391040-x", -1},
    {"shop;;;alone.1", 5},
    {"shop;Node;node-1;alone.1", 5},
    {"shop;;;aloneX1", -1},
    {"shop;;;alone.1.2", -1},
    {"bank;ReplicaSet;web-6d4cf56db6;web-6d4cf56db6-x", 6},
    {"bank;StatefulSet;db;db-0", -1},
    {"", -1},
};

/* Each set of identities matches its own pods and no others. */
TEST(identities_match)
{
    for (unsigned set = 1; set < 1U << BNC_LEN(everyone); set++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const struct bnc_identity *items[BNC_LEN(everyone)];
        struct bnc_error err = {0};
        size_t n = 0;

        for (size_t i = 0; i < BNC_LEN(everyone); i++) {
            if ((set >> i & 1U) != 0) {
                items[n++] = &everyone[i];
            }
        }
        const char *text = bnc_identity_regex(items, n, arena);
        BNC_AUTO(bnc_regex) regex = bnc_regex_new(text, strlen(text), &err);
        CHECK(regex != NULL);
        for (size_t i = 0; i < BNC_LEN(pods); i++) {
            bool want = pods[i].whose >= 0 && (set >> pods[i].whose & 1U) != 0;
            bnc_test_row(pods[i].pod);
            CHECK_INT(bnc_regex_full_match(regex, pods[i].pod, strlen(pods[i].pod)),
                      want);
        }
    }
}

/* The same set gives the same text, in any order and with repeats. */
TEST(identities_have_one_text)
{
    static const struct bnc_identity all[] = {ALL_OF_THEM, ALL_OF_THEM};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_identity *items[BNC_LEN(all)];
    size_t n = BNC_LEN(everyone);

    for (size_t i = 0; i < BNC_LEN(all); i++) {
        items[i] = &all[i];
    }
    const char *want = bnc_identity_regex(items, n, arena);
    for (size_t first = 0; first < n; first++) {
        for (size_t i = 0; i < n; i++) {
            items[i] = &all[(first + i) % n];
        }
        CHECK_STR(bnc_identity_regex(items, n, arena), want);
        CHECK_STR(bnc_identity_regex(items, BNC_LEN(all), arena), want);
    }
    CHECK_STR(bnc_identity_regex(items, 0, arena), "");
}

/* ---- selectors ----------------------------------------------------------------- */

static const char *values[] = {"a.b", "c"};

static const struct bnc_requirement in = {
    .key = "x/y.z", .op = BNC_SELECTOR_IN, .values = values, .n_values = 2};
static const struct bnc_requirement not_in = {
    .key = "k", .op = BNC_SELECTOR_NOT_IN, .values = values, .n_values = 1};
static const struct bnc_requirement exists = {.key = "k", .op = BNC_SELECTOR_EXISTS};
static const struct bnc_requirement absent = {.key = "k",
                                              .op = BNC_SELECTOR_DOES_NOT_EXIST};

static const struct {
    const char *name;
    const struct bnc_requirement *items[3];
    size_t n;
    const char *keep;
    const char *flag;
} selectors[] = {
    {"everything", {NULL}, 0, "", "set -> f = \"1\""},
    {"In",
     {&in},
     1,
     "keep pod_label_x_y_z,pod_labelpresent_x_y_z ~ (a\\.b|c);true",
     "set pod_label_x_y_z,pod_labelpresent_x_y_z ~ (a\\.b|c);true -> f = \"1\""},
    {"NotIn",
     {&not_in},
     1,
     "drop pod_label_k,pod_labelpresent_k ~ (a\\.b);true",
     "set -> f = \"1\"\n"
     "set pod_label_k,pod_labelpresent_k ~ (a\\.b);true -> f = \"\""},
    {"Exists",
     {&exists},
     1,
     "keep pod_labelpresent_k ~ true",
     "set pod_labelpresent_k ~ true -> f = \"1\""},
    {"DoesNotExist",
     {&absent},
     1,
     "drop pod_labelpresent_k ~ true",
     "set -> f = \"1\"\nset pod_labelpresent_k ~ true -> f = \"\""},
    {"several",
     {&in, &absent, &exists},
     3,
     "keep pod_label_x_y_z,pod_labelpresent_x_y_z ~ (a\\.b|c);true\n"
     "drop pod_labelpresent_k ~ true\n"
     "keep pod_labelpresent_k ~ true",
     "set pod_label_x_y_z,pod_labelpresent_x_y_z,pod_labelpresent_k ~ "
     "(a\\.b|c);true;true -> f = \"1\"\n"
     "set pod_labelpresent_k ~ true -> f = \"\""},
};

TEST(selected)
{
    for (size_t i = 0; i < BNC_LEN(selectors); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_requirement items[3];
        struct bnc_selector selector = {.items = items, .n = selectors[i].n};
        struct bnc_rules keep = bnc_rules_new(arena);
        struct bnc_rules flag = bnc_rules_new(arena);

        for (size_t k = 0; k < selector.n; k++) {
            items[k] = *selectors[i].items[k];
        }
        bnc_test_row(selectors[i].name);
        bnc_rules_keep_selected(&keep, &selector);
        CHECK_STR(describe(&keep, arena), selectors[i].keep);
        bnc_rules_flag_selected(&flag, &selector, NULL, NULL, NULL, "f");
        CHECK_STR(describe(&flag, arena), selectors[i].flag);
    }
}

TEST(flagged_with_scope_and_port)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *names[] = {"bank", "shop"};
    struct bnc_scope scope = {.names = {.items = names, .n = 2, .set = true}};
    struct bnc_scope everywhere = {.all = true};
    struct bnc_requirement items[] = {not_in, exists};
    struct bnc_selector selector = {.items = items, .n = 2};
    struct bnc_rules rules = bnc_rules_new(arena);

    bnc_rules_flag_selected(&rules, &selector, &scope, "port", "http", "f");
    CHECK_STR(
        describe(&rules, arena),
        "set namespace,port,pod_labelpresent_k ~ (bank|shop);http;true -> f = \"1\"\n"
        "set pod_label_k,pod_labelpresent_k ~ (a\\.b);true -> f = \"\"");
    rules.n = 0;
    bnc_rules_flag_selected(&rules, &selector, &everywhere, "port", "http", "f");
    CHECK_STR(describe(&rules, arena),
              "set port,pod_labelpresent_k ~ http;true -> f = \"1\"\n"
              "set pod_label_k,pod_labelpresent_k ~ (a\\.b);true -> f = \"\"");
}

/* ---- texts --------------------------------------------------------------------- */

TEST(quoting)
{
    static const struct {
        const char *text;
        const char *regex;
        const char *replacement;
        const char *label;
    } rows[] = {
        {"", "", "", ""},
        {"web", "web", "web", "web"},
        {"a.b/c-d_e", "a\\.b/c-d_e", "a.b/c-d_e", "a_b_c_d_e"},
        {"$1 ${x} $$", "\\$1 \\$\\{x\\} \\$\\$", "$$1 $${x} $$$$", "_1___x____"},
        {"\\.+*?()|[]{}^$", "\\\\\\.\\+\\*\\?\\(\\)\\|\\[\\]\\{\\}\\^\\$",
         "\\.+*?()|[]{}^$$", "______________"},
        {"\xc3\xa9", "\xc3\xa9", "\xc3\xa9", "__"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_error err = {0};
        const char *regex = bnc_regex_quote(rows[i].text, arena);

        bnc_test_row(rows[i].text);
        CHECK_STR(regex, rows[i].regex);
        CHECK_STR(bnc_replacement_quote(rows[i].text, arena), rows[i].replacement);
        CHECK_STR(bnc_sanitize(rows[i].text, arena), rows[i].label);

        BNC_AUTO(bnc_regex) compiled = bnc_regex_new(regex, strlen(regex), &err);
        CHECK(compiled != NULL);
        CHECK(bnc_regex_full_match(compiled, rows[i].text, strlen(rows[i].text)));
        CHECK(!bnc_regex_full_match(compiled, "x", 1));
    }
}

TEST(addresses)
{
    static const struct {
        const char *ip;
        const char *address; /* NULL: dropped */
    } rows[] = {
        {"10.1.2.3", "10.1.2.3:15090"},
        {"fd00::7", "[fd00::7]:15090"},
        {"::ffff:10.1.2.3", "[::ffff:10.1.2.3]:15090"},
        {"", NULL},
    };
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_rules rules = bnc_rules_new(arena);

    bnc_rules_pod_address(&rules, 15090);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_str address = bnc_str_new(arena, 100);
        bool kept = true;
        struct bnc_error err = {0};

        bnc_test_row(rows[i].ip);
        for (size_t k = 0; k < rules.n; k++) {
            const struct bnc_relabel *rule = &rules.items[k];
            BNC_AUTO(bnc_regex)
            regex = bnc_regex_new(rule->regex, strlen(rule->regex), &err);
            bool match = bnc_regex_full_match(regex, rows[i].ip, strlen(rows[i].ip));
            kept = kept && (rule->action == NULL || match);
            if (rule->action == NULL && match) {
                CHECK(bnc_regex_expand(regex, rows[i].ip, strlen(rows[i].ip),
                                       rule->replacement, &address));
            }
        }
        CHECK_INT(kept, rows[i].address != NULL);
        CHECK_STR(address.ptr, rows[i].address);
    }
}

TEST(identity_fits)
{
    static const struct {
        const char *name;
        const char *controller;
        int suffix;
        bool fits;
    } rows[] = {
        {"exact", "web", BNC_IDENTITY_EXACT, true},
        {"exact, longer", "web-0", BNC_IDENTITY_EXACT, false},
        {"a hash", "web-6d4cf56db6", BNC_IDENTITY_HASH, true},
        {"another workload", "web-api", BNC_IDENTITY_HASH, false},
        {"nothing behind the dash", "web-", BNC_IDENTITY_HASH, false},
        {"a minute", "web-28391040", BNC_IDENTITY_TIME, true},
        {"a number made by hand", "web-1", BNC_IDENTITY_TIME, false},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        CHECK_INT(bnc_identity_fits(rows[i].controller, "web", rows[i].suffix),
                  rows[i].fits);
    }
}

RUN_TESTS(identity_fits, identities_match, identities_have_one_text, selected,
          flagged_with_scope_and_port, quoting, addresses)
