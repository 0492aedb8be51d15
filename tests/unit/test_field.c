#include "tests/unit/test.h"

#include "lib/json.h"
#include "model/field.h"
#include "model/selector.h"

/* ---- a table with every type ---------------------------------------------------- */

struct part {
    const char *name;
    struct bnc_opt_int weight;
};

struct group {
    struct bnc_multipairs params;
};

struct whole {
    struct bnc_list groups;
    const char *text;
    enum bnc_tri flag;
    struct bnc_opt_int count;
    struct bnc_opt_int free_count;
    const char *duration;
    const char *size;
    const char *regex;
    const char *color;
    const char *port;
    const char *number;
    struct bnc_texts texts;
    struct bnc_texts colors;
    struct bnc_texts regexes;
    struct bnc_pairs labels;
    struct bnc_pairs matches;
    struct bnc_multipairs params;
    struct bnc_selector *selector;
    struct part *part;
    struct part inside;
    struct bnc_list parts;
    struct bnc_list keyed;
    const cJSON *raw;
    const char *name;
    const char *url;
    const char *with_default;
    int finished;
};

#define AT(member) offsetof(struct part, member)
static const struct bnc_field part_rows[] = {
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME, .required = true},
    {"weight", BNC_FIELD_INT, AT(weight), .def = "7"},
};
#undef AT
static const struct bnc_table part_table = {
    .name = "Part",
    .size = sizeof(struct part),
    .fields = part_rows,
    .n_fields = BNC_LEN(part_rows),
};

static const struct bnc_field group_rows[] = {
    {"params", BNC_FIELD_MULTIMAP, offsetof(struct group, params), .doc = ""},
};
static const struct bnc_table group_table = {
    .name = "Group",
    .size = sizeof(struct group),
    .fields = group_rows,
    .n_fields = BNC_LEN(group_rows),
};

static const char *const colors[] = {"red", "green", "Red", NULL};

#define AT(member) offsetof(struct whole, member)
static const struct bnc_field whole_rows[] = {
    {"groups", BNC_FIELD_LIST, AT(groups), .sub = &group_table},
    {"text", BNC_FIELD_TEXT, AT(text), .max_len = 100},
    {"flag", BNC_FIELD_BOOL, AT(flag), .doc = ""},
    {"count", BNC_FIELD_INT, AT(count), .min = -5, .max = 5},
    {"freeCount", BNC_FIELD_INT, AT(free_count), .doc = ""},
    {"duration", BNC_FIELD_DURATION, AT(duration), .doc = ""},
    {"size", BNC_FIELD_SIZE, AT(size), .doc = ""},
    {"regex", BNC_FIELD_REGEX, AT(regex), .doc = ""},
    {"color", BNC_FIELD_ENUM, AT(color), .values = colors},
    {"port", BNC_FIELD_PORT, AT(port), .doc = ""},
    {"number", BNC_FIELD_NUMBER, AT(number), .doc = ""},
    {"texts", BNC_FIELD_TEXTS, AT(texts), .max_items = 3, .max_len = 10},
    {"colors", BNC_FIELD_TEXTS, AT(colors), .values = colors},
    {"regexes", BNC_FIELD_REGEXES, AT(regexes), .doc = ""},
    {"labels", BNC_FIELD_MAP, AT(labels), .rule = BNC_TEXT_LABEL_NAME, .max_items = 3},
    {"matches", BNC_FIELD_REGEX_MAP, AT(matches), .rule = BNC_TEXT_LABEL_NAME, .min = 1},
    {"params", BNC_FIELD_MULTIMAP, AT(params), .doc = ""},
    {"selector", BNC_FIELD_SELECTOR, AT(selector), .doc = ""},
    {"part", BNC_FIELD_OBJECT, AT(part), .sub = &part_table},
    {"inside", BNC_FIELD_INLINE, AT(inside), .sub = &part_table},
    {"parts", BNC_FIELD_LIST, AT(parts), .sub = &part_table, .min = 1, .max_items = 3},
    {"keyed", BNC_FIELD_LIST, AT(keyed), .sub = &part_table, .list_key = "name"},
    {"raw", BNC_FIELD_RAW_OBJECT, AT(raw), .doc = ""},
    {"name", BNC_FIELD_TEXT, AT(name), .rule = BNC_TEXT_OBJECT_NAME, .required = true},
    {"url", BNC_FIELD_TEXT, AT(url), .rule = BNC_TEXT_URL},
    {"withDefault", BNC_FIELD_TEXT, AT(with_default), .rule = BNC_TEXT_KEY,
     .def = "\"key.yml\""},
};
#undef AT

static const char *const pick_names[] = {"port", "number", "raw", NULL};
static const struct bnc_union whole_unions[] = {{.names = pick_names}};

static void
finish_whole(void *item, const char *path, struct bnc_diags *diags)
{
    struct whole *whole = item;
    CHECK_STR(path, "spec");
    CHECK(diags != NULL);
    whole->finished++;
}

static const struct bnc_table whole_table = {
    .name = "Whole",
    .size = sizeof(struct whole),
    .fields = whole_rows,
    .n_fields = BNC_LEN(whole_rows),
    .unions = whole_unions,
    .n_unions = BNC_LEN(whole_unions),
    .finish = finish_whole,
};

static struct whole
decode(const char *text, struct bnc_diags *diags)
{
    struct whole out = {.finished = 0};
    cJSON *json = NULL;
    struct bnc_error err = {0};
    CHECK_INT(bnc_json_parse(diags->arena, text, strlen(text), &json, &err), BNC_OK);
    bnc_fields_decode(&whole_table, json, "spec", &out, diags);
    return out;
}

/* All diagnostics, a line each. */
static const char *
all_text(const struct bnc_diags *diags)
{
    struct bnc_str out = bnc_str_new(diags->arena, 1 << 20);
    bnc_str_puts(&out, "");
    for (size_t i = 0; i < diags->n; i++) {
        bnc_str_fmt(&out, "%s%s", i == 0 ? "" : "\n",
                    bnc_diag_text(&diags->items[i], diags->arena));
    }
    return out.ptr == NULL ? "" : out.ptr;
}

/* ---- what is right -------------------------------------------------------------- */

TEST(every_type)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    struct whole out = decode(
        "{\"text\":\"a\",\"flag\":false,\"count\":-5,\"freeCount\":9007199254740992,"
        "\"duration\":\"1h30m\",\"size\":\"5MB\",\"regex\":\"a|b\",\"color\":\"Red\","
        "\"port\":8080,\"texts\":[\"x\",\"\"],\"colors\":[\"green\"],"
        "\"regexes\":[\"a.*\"],\"labels\":{\"b\":\"2\",\"a\":\"\"},"
        "\"matches\":{\"l\":\"x+\"},\"params\":{\"z\":[\"1\",\"2\"],\"m\":[]},"
        "\"selector\":{\"matchLabels\":{\"app\":\"web\"}},\"part\":{\"name\":\"p\"},"
        "\"inside\":{\"name\":\"q\",\"weight\":0},\"parts\":[{\"name\":\"r\"},"
        "{\"name\":\"r\",\"weight\":9}],\"keyed\":[],\"name\":\"n\","
        "\"url\":\"https://u:p@[::1]:8080/x?y\"}",
        &diags);
    CHECK_STR(all_text(&diags), "");
    CHECK_STR(out.text, "a");
    CHECK_INT(out.flag, BNC_FALSE);
    CHECK(out.count.set);
    CHECK_INT(out.count.value, -5);
    CHECK_INT(out.free_count.value, INT64_C(9007199254740992));
    CHECK_STR(out.duration, "1h30m");
    CHECK_STR(out.size, "5MB");
    CHECK_STR(out.regex, "a|b");
    CHECK_STR(out.color, "red"); /* the first spelling */
    CHECK_STR(out.port, "8080");
    CHECK_INT(out.texts.n, 2);
    CHECK_STR(out.texts.items[1], "");
    CHECK_STR(out.colors.items[0], "green");
    CHECK_STR(out.regexes.items[0], "a.*");
    CHECK_INT(out.labels.n, 2);
    CHECK_STR(out.labels.items[0].key, "a"); /* sorted */
    CHECK_STR(out.labels.items[1].value, "2");
    CHECK_STR(out.matches.items[0].value, "x+");
    CHECK_STR(out.params.items[0].key, "m");
    CHECK_INT(out.params.items[0].values.n, 0);
    CHECK_STR(out.params.items[1].values.items[1], "2");
    CHECK_INT(out.selector->n, 1);
    CHECK_STR(out.part->name, "p");
    CHECK_INT(out.part->weight.value, 7); /* default */
    CHECK_STR(out.inside.name, "q");
    CHECK_INT(out.inside.weight.value, 0);
    const struct part *parts = out.parts.items;
    CHECK_INT(out.parts.n, 2);
    CHECK_INT(parts[0].weight.value, 7);
    CHECK_INT(parts[1].weight.value, 9);
    CHECK(out.keyed.set);
    CHECK_INT(out.keyed.n, 0);
    CHECK(out.raw == NULL);
    CHECK_STR(out.with_default, "key.yml");
    CHECK_INT(out.finished, 1);
}

TEST(nothing_is_set)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    struct whole out = decode("{\"name\":\"n\"}", &diags);
    CHECK_STR(all_text(&diags), "");
    CHECK(out.text == NULL);
    CHECK_INT(out.flag, BNC_UNSET);
    CHECK(!out.count.set);
    CHECK(!out.texts.set);
    CHECK(!out.labels.set);
    CHECK(!out.params.set);
    CHECK(out.selector == NULL);
    CHECK(out.part == NULL);
    CHECK(!out.parts.set);
    CHECK(!out.inside.weight.set); /* no default below what is not there */
}

static const struct {
    const char *json;
    const char *port;
} ports[] = {
    {"1", "1"},           {"65535", "65535"},
    {"\"8080\"", "8080"}, {"\"http-metrics\"", "http-metrics"},
    {"\"a\"", "a"},       {"\"a23456789012345\"", "a23456789012345"},
};

TEST(good_ports)
{
    for (size_t i = 0; i < BNC_LEN(ports); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_diags diags = bnc_diags_new(arena);
        bnc_test_row(ports[i].json);
        struct whole out = decode(
            bnc_arena_fmt(arena, "{\"name\":\"n\",\"port\":%s}", ports[i].json), &diags);
        CHECK_STR(all_text(&diags), "");
        CHECK_STR(out.port, ports[i].port);
    }
}

/* ---- what is wrong -------------------------------------------------------------- */

#define WORDS_60 "123456789 123456789 123456789 123456789 123456789 123456789 "

static const struct {
    const char *name;
    const char *fields; /* after "name" */
    const char *want;
} wrong[] = {
    {"unknown field", "\"durration\":\"5s\"",
     "spec.durration: unknown field \"durration\"; did you mean \"duration\"?"},
    {"unknown field, other case", "\"FREECOUNT\":1",
     "spec.FREECOUNT: unknown field \"FREECOUNT\"; did you mean \"freeCount\"?"},
    {"unknown field, nothing near", "\"zebra\":1",
     "spec.zebra: unknown field \"zebra\"; remove it"},
    {"unknown fields are sorted", "\"zz\":1,\"qq\":2",
     "spec.qq: unknown field \"qq\"; remove it\n"
     "spec.zz: unknown field \"zz\"; remove it"},
    {"unknown field with control characters", "\"a\\u001b[2J\":1",
     "spec.a\\u001b[2J: unknown field \"a\\u001b[2J\"; remove it"},
    {"field twice", "\"text\":\"a\",\"text\":\"b\"",
     "spec.text: the field is there twice; remove one of them"},
    {"null", "\"text\":null", "spec.text: has no value; give it a value or leave it out"},
    {"null object", "\"part\":null",
     "spec.part: has no value; give it a value or leave it out"},
    {"number for text", "\"text\":5",
     "spec.text: 5 has the wrong type; put it in quotes: \"5\""},
    {"boolean for text", "\"text\":true",
     "spec.text: true has the wrong type; put it in quotes: \"true\""},
    {"list for text", "\"text\":[]", "spec.text: a list has the wrong type; write text"},
    {"text too long", "\"text\":\"" WORDS_60 WORDS_60 "\"",
     "spec.text: \"123456789 123456789 123456789 123456789 123456789 123456789 1234\"... "
     "is longer than 100 bytes; shorten it"},
    {"text for a boolean", "\"flag\":\"true\"",
     "spec.flag: \"true\" has the wrong type; write true or false"},
    {"number out of bounds", "\"count\":6",
     "spec.count: 6 is out of bounds; use -5 to 5"},
    {"number below 0", "\"freeCount\":-1",
     "spec.freeCount: -1 is out of bounds; use 0 to 9007199254740992"},
    {"number above 2^53", "\"freeCount\":9007199254740993",
     "spec.freeCount: 9007199254740993 is out of bounds; use 0 to 9007199254740992"},
    {"number far too large", "\"freeCount\":99999999999999999999999999",
     "spec.freeCount: 99999999999999999999999999 is no whole number, or too large; "
     "write a whole number"},
    {"no whole number", "\"count\":1.5",
     "spec.count: 1.5 is no whole number, or too large; write a whole number"},
    {"text for a number", "\"count\":\"5\"",
     "spec.count: \"5\" has the wrong type; write a whole number"},
    {"duration without unit", "\"duration\":\"30\"",
     "spec.duration: \"30\" is a duration without a unit; write ms, s, m, h, d, w or y"},
    {"duration as number", "\"duration\":30",
     "spec.duration: 30 has the wrong type; put it in quotes: \"30\""},
    {"duration that steers the terminal", "\"duration\":\"\\u001b[2J\"",
     "spec.duration: \"\\u001b[2J\" is no duration; write a number and a unit, as in 30s "
     "or 1h30m"},
    {"enum, slip", "\"color\":\"gren\"",
     "spec.color: \"gren\" is none of the known values; did you mean \"green\"?"},
    {"enum, other", "\"color\":\"ultramarine\"",
     "spec.color: \"ultramarine\" is none of the known values; use one of red, green"},
    {"port 0", "\"port\":0",
     "spec.port: \"0\" is no port; use a port name (at most 15 lower-case letters, "
     "digits "
     "and \"-\") or 1 to 65535"},
    {"port 65536", "\"port\":65536",
     "spec.port: \"65536\" is no port; use a port name (at most 15 lower-case letters, "
     "digits and \"-\") or 1 to 65535"},
    {"port with upper case", "\"port\":\"Metrics\"",
     "spec.port: \"Metrics\" is no port; use a port name (at most 15 lower-case letters, "
     "digits and \"-\") or 1 to 65535"},
    {"port 08", "\"port\":\"08\"",
     "spec.port: \"08\" is no port; use a port name (at most 15 lower-case letters, "
     "digits "
     "and \"-\") or 1 to 65535"},
    {"port 1.5", "\"port\":1.5",
     "spec.port: \"1.5\" is no port; use a port name (at most 15 lower-case letters, "
     "digits and \"-\") or 1 to 65535"},
    {"port is a list", "\"port\":[1]",
     "spec.port: a list has the wrong type; use a port name or 1 to 65535"},
    {"too many texts", "\"texts\":[\"a\",\"b\",\"c\",\"d\"]",
     "spec.texts: there are 4 items; keep at most 3"},
    {"item of the wrong type", "\"texts\":[\"a\",2]",
     "spec.texts[1]: 2 has the wrong type; put it in quotes: \"2\""},
    {"item too long", "\"texts\":[\"12345678901\"]",
     "spec.texts[0]: \"12345678901\" is longer than 10 bytes; shorten it"},
    {"item not allowed", "\"colors\":[\"blue\"]",
     "spec.colors[0]: \"blue\" is none of the known values; use one of red, green"},
    {"map with a bad name", "\"labels\":{\"a-b\":\"x\"}",
     "spec.labels[\"a-b\"]: the name \"a-b\" is not valid; use letters, digits and "
     "\"_\", no "
     "digit at the beginning"},
    {"map with an empty name", "\"labels\":{\"\":\"x\"}",
     "spec.labels[\"\"]: the name \"\" is not valid; use letters, digits and \"_\", no "
     "digit "
     "at the beginning"},
    {"map with a number", "\"labels\":{\"a\":1}",
     "spec.labels[\"a\"]: 1 has the wrong type; put it in quotes: \"1\""},
    {"map too large", "\"labels\":{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\"}",
     "spec.labels: there are 4 items; keep at most 3"},
    {"name twice", "\"labels\":{\"a\":\"1\",\"a\":\"2\"}",
     "spec.labels[\"a\"]: the name is there twice; remove one of them"},
    {"map is empty", "\"matches\":{}", "spec.matches: it is empty; give at least 1"},
    {"multimap with text", "\"params\":{\"a\":\"x\"}",
     "spec.params[\"a\"]: \"x\" has the wrong type; write a list of texts"},
    {"multimap with a bad item", "\"params\":{\"a\":[false]}",
     "spec.params[\"a\"][0]: false has the wrong type; put it in quotes: \"false\""},
    {"selector with an unknown field", "\"selector\":{\"matchLabel\":{}}",
     "spec.selector.matchLabel: unknown field \"matchLabel\"; did you mean "
     "\"matchLabels\"?"},
    {"required in an object", "\"part\":{\"weight\":1}",
     "spec.part.name: the field is required; set it"},
    {"required text is empty", "\"part\":{\"name\":\"\"}",
     "spec.part.name: \"\" is not valid; use the name of an object: lower-case letters, "
     "digits, \"-\" and \".\", at most 253"},
    {"list is empty", "\"parts\":[]", "spec.parts: it is empty; give at least 1"},
    {"list item has the wrong type", "\"parts\":[{\"name\":\"a\"},\"b\"]",
     "spec.parts[1]: \"b\" has the wrong type; write an object"},
    {"list item has a bad field", "\"parts\":[{\"name\":\"a\"},{\"name\":\"A\"}]",
     "spec.parts[1].name: \"A\" is not valid; use the name of an object: lower-case "
     "letters, digits, \"-\" and \".\", at most 253"},
    {"keyed list", "\"keyed\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"a\"}]",
     "spec.keyed[2].name: \"a\" is there twice; give each item its own"},
    {"raw is text", "\"raw\":\"x\"",
     "spec.raw: \"x\" has the wrong type; write an object"},
    {"union", "\"port\":1,\"raw\":{}",
     "spec: port, number and raw exclude each other; keep one of port and raw"},
    {"url", "\"url\":\"ftp://x\"",
     "spec.url: \"ftp://x\" is not valid; use http:// or https:// with a host"},
    {"all at once", "\"count\":9,\"color\":\"x\",\"part\":{}",
     "spec.count: 9 is out of bounds; use -5 to 5\n"
     "spec.color: \"x\" is none of the known values; use one of red, green\n"
     "spec.part.name: the field is required; set it"},
};

TEST(every_wrong_input)
{
    for (size_t i = 0; i < BNC_LEN(wrong); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_diags diags = bnc_diags_new(arena);
        bnc_test_row(wrong[i].name);
        decode(bnc_arena_fmt(arena, "{\"name\":\"n\",%s}", wrong[i].fields), &diags);
        CHECK_STR(all_text(&diags), wrong[i].want);
        CHECK(diags.errors > 0);
    }
}

TEST(reasons)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    struct whole out = decode("{\"name\":\"n\",\"x\":1,\"regex\":\"a(\",\"regexes\":"
                              "[\"ok\",\"[\"],\"size\":\"5\",\"matches\":{\"a\":\"*\"}}",
                              &diags);
    CHECK_INT(diags.n, 5);
    CHECK_INT(diags.items[0].reason, BNC_REASON_UNKNOWN_FIELD);
    CHECK_INT(diags.items[1].reason, BNC_REASON_INVALID_FIELD);
    CHECK_STR(diags.items[1].field, "spec.size");
    CHECK_INT(diags.items[2].reason, BNC_REASON_INVALID_REGEX);
    CHECK_STR(diags.items[2].field, "spec.regex");
    CHECK(strncmp(diags.items[2].message, "\"a(\" is no regular expression: ", 31) == 0);
    CHECK_STR(diags.items[3].field, "spec.regexes[1]");
    CHECK_STR(diags.items[4].field, "spec.matches[\"a\"]");
    CHECK(out.size == NULL); /* what is wrong is left unset */
    CHECK(out.regex == NULL);
    CHECK_INT(out.regexes.n, 1);
    CHECK_STR(out.name, "n");
}

TEST(unset_by_empty_text_and_null)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    struct whole out = decode(
        "{\"name\":\"n\",\"url\":\"\",\"withDefault\":null,\"text\":\"\"}", &diags);
    CHECK_STR(all_text(&diags), "");
    CHECK(out.url == NULL);
    CHECK_STR(out.text, ""); /* a text without a rule may be empty */
    CHECK_STR(out.with_default, "key.yml");
}

TEST(no_object)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    struct whole out = decode("[1]", &diags);
    CHECK_STR(all_text(&diags), "spec: a list has the wrong type; write an object\n"
                                "spec.name: the field is required; set it");
    CHECK_STR(out.with_default, "key.yml");
    diags = bnc_diags_new(arena);
    bnc_fields_decode(&whole_table, NULL, "spec", &out, &diags);
    CHECK_STR(all_text(&diags), "spec.name: the field is required; set it");
}

TEST(order_of_keys_does_not_matter)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_diags a = bnc_diags_new(arena);
    struct bnc_diags b = bnc_diags_new(arena);
    decode("{\"y\":1,\"x\":1,\"count\":9,\"flag\":1,\"labels\":{\"2\":\"\"}}", &a);
    decode("{\"labels\":{\"2\":\"\"},\"flag\":1,\"x\":1,\"count\":9,\"y\":1}", &b);
    CHECK_STR(all_text(&a), all_text(&b));
    CHECK_INT(a.n, 6);
}

TEST(many_unknown_fields)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    struct bnc_str text = bnc_str_new(arena, (size_t)1024 * 1024);
    bnc_str_puts(&text, "{\"name\":\"n\"");
    for (int i = 0; i < 20000; i++) {
        bnc_str_fmt(&text, ",\"unknown%d\":0", i);
    }
    bnc_str_puts(&text, "}");
    decode(text.ptr, &diags);
    CHECK_INT(diags.n, BNC_DIAGS_MAX);
    CHECK_INT(diags.errors, 20000);
}

TEST(many_values)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_diags diags = bnc_diags_new(arena);
    struct bnc_str text = bnc_str_new(arena, (size_t)1024 * 1024);
    bnc_str_puts(&text, "{\"name\":\"n\",\"groups\":[");
    for (int group = 0; group < 7; group++) {
        bnc_str_puts(&text, group == 0 ? "{\"params\":{" : ",{\"params\":{");
        for (int i = 0; i < 128; i++) {
            bnc_str_fmt(&text, "%s\"p%d\":[\"\"", i == 0 ? "" : ",", i);
            for (int j = 0; j < 127; j++) {
                bnc_str_puts(&text, ",\"\"");
            }
            bnc_str_puts(&text, "]");
        }
        bnc_str_puts(&text, "}}");
    }
    bnc_str_puts(&text, "]}");
    struct whole out = decode(text.ptr, &diags);
    CHECK_INT(diags.errors, 1);
    CHECK_INT(diags.items[0].reason, BNC_REASON_TOO_BIG);
    CHECK(out.name == NULL); /* it was not read any more */
}

RUN_TESTS(every_type, nothing_is_set, good_ports, every_wrong_input, reasons,
          unset_by_empty_text_and_null, no_object, order_of_keys_does_not_matter,
          many_unknown_fields, many_values)
