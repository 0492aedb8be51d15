#include "lib/yaml_in.h"

#include "tests/unit/test.h"

static const char source[] = "# a comment\n"                    /* 1 */
                             "kind: A\n"                        /* 2 */
                             "metadata:\n"                      /* 3 */
                             "  annotations:\n"                 /* 4 */
                             "    prometheus.io/port: \"80\"\n" /* 5 */
                             "    it's: x\n"                    /* 6 */
                             "spec:\n"                          /* 7 */
                             "  endpoints:\n"                   /* 8 */
                             "  - port: a\n"                    /* 9 */
                             "    params: {x: [1, 2]}\n"        /* 10 */
                             "  - port: b\n"                    /* 11 */
                             "  - \"\xc3\xa9\": 1\n"            /* 12 */
                             "    port: &p c\n"                 /* 13 */
                             "  more: *p\n"                     /* 14 */
                             "---\n"                            /* 15 */
                             "spec: {port: d}\n"                /* 16 */
                             "---\n"                            /* 17 */
                             "x: [\n";                          /* 18: wrong */

static const struct {
    const char *path;
    size_t doc;
    bool found;
    size_t line;
    size_t column;
} places[] = {
    {"", 0, true, 2, 1},
    {"kind", 0, true, 2, 1},
    {".kind", 0, true, 2, 1},
    {"metadata.annotations", 0, true, 4, 3},
    {"metadata.annotations[\"prometheus.io/port\"]", 0, true, 5, 5},
    {"metadata.annotations['prometheus.io/port']", 0, true, 5, 5},
    {"metadata.annotations[\"it's\"]", 0, true, 6, 5},
    {"metadata.annotations.prometheus.io/port", 0, true, 4, 3},
    {"metadata.annotations[\"open", 0, true, 4, 3},
    {"spec.endpoints", 0, true, 8, 3},
    {"spec.endpoints[0]", 0, true, 9, 5},
    {"spec.endpoints[0].port", 0, true, 9, 5},
    {"spec.endpoints[0].params.x[1]", 0, true, 10, 21},
    {"spec.endpoints[1].port", 0, true, 11, 5},
    {"spec.endpoints[2].port", 0, true, 13, 5},
    {"spec.endpoints[2].none", 0, true, 12, 5},
    {"spec.endpoints[3].port", 0, true, 8, 3},
    {"spec.endpoints[x]", 0, true, 8, 3},
    {"spec.endpoints[99999999999]", 0, true, 8, 3},
    {"spec.endpoints.port", 0, true, 8, 3},
    {"spec[0]", 0, true, 7, 1},
    {"spec.more", 0, true, 14, 3},
    {"spec.more.below", 0, true, 14, 3},
    {"none", 0, true, 2, 1},
    {"spec.port", 1, true, 16, 8},
    {"spec.none", 1, true, 16, 1},
    {"x[0]", 2, true, 18, 1},
    {"x", 3, false, 0, 0},
};

TEST(locate)
{
    for (size_t i = 0; i < BNC_LEN(places); i++) {
        size_t line = 0;
        size_t column = 0;
        bnc_test_row(places[i].path);
        CHECK_INT(bnc_yaml_locate(source, strlen(source), places[i].doc, places[i].path,
                                  &line, &column),
                  places[i].found);
        CHECK_INT(line, places[i].line);
        CHECK_INT(column, places[i].column);
    }
    size_t line = 7;
    size_t column = 7;
    bnc_test_row("empty text");
    CHECK(!bnc_yaml_locate("", 0, 0, "a", &line, &column));
    bnc_test_row("no YAML");
    CHECK(!bnc_yaml_locate("\xff", 1, 0, "a", &line, &column));
    CHECK_INT(line, 7);
}

/* What is nested too deep for the reader stops the search as well. */
TEST(locate_in_deep_text)
{
    static const char start[] = "a: 1\nb: ";
    char text[1000];
    size_t line = 0;
    size_t column = 0;
    memset(text, '{', sizeof(text));
    for (size_t i = 0; start[i] != '\0'; i++) {
        text[i] = start[i];
    }
    CHECK(bnc_yaml_locate(text, sizeof(text), 0, "c", &line, &column));
    CHECK_INT(line, 1);
}

RUN_TESTS(locate, locate_in_deep_text)
