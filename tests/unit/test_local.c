#include <stdlib.h>

#include "sync/local.h"
#include "tests/unit/test.h"

struct got {
    struct bnc_str out;
    struct bnc_str told; /* "unset NAME|", "file NAME|" */
};

static void
on_out(void *arg, const char *bytes, size_t n)
{
    struct got *got = arg;
    bnc_str_add(&got->out, bytes, n);
}

static const char *
lookup(void *arg, const char *name)
{
    static const char *const table[][2] = {
        {"POD_NAME", "prom-0"},
        {"ODD", "a\"b\\c: #\n\xc3\xa9\xf0\x9f\x98\x80"},
        {"EMPTY", ""},
        {"DOLLAR", "$POD_NAME"},
        {"LATIN", "\xe9"},
        {"1", "one"},
        {"with space", "spaced"},
    };
    BNC_UNUSED(arg);
    for (size_t i = 0; i < BNC_LEN(table); i++) {
        if (strcmp(table[i][0], name) == 0) {
            return table[i][1];
        }
    }
    return NULL;
}

static void
on_unset(void *arg, const char *name)
{
    struct got *got = arg;
    bnc_str_fmt(&got->told, "unset %s|", name);
}

static void
on_file(void *arg, const char *name)
{
    struct got *got = arg;
    bnc_str_fmt(&got->told, "file %s|", name);
}

static enum bnc_code
filter(const struct bnc_local_options *options, const char *text, size_t piece,
       struct got *got, struct bnc_error *err)
{
    static const struct bnc_local_ops ops = {on_out, lookup, on_unset, on_file};
    BNC_AUTO(bnc_local) local = bnc_local_new(options, &ops, got);
    size_t n = strlen(text);

    *got =
        (struct got){.out = bnc_str_new(NULL, 1 << 20), .told = bnc_str_new(NULL, 4096)};
    bnc_str_puts(&got->out, "");
    bnc_str_puts(&got->told, "");
    for (size_t i = 0; i < n; i += piece) {
        bnc_local_feed(local, text + i, n - i < piece ? n - i : piece);
    }
    return bnc_local_finish(local, err);
}

static void
got_free(struct got *got)
{
    bnc_str_free(&got->out);
    bnc_str_free(&got->told);
}

/* Every row in pieces of any size. */
static void
check(const struct bnc_local_options *options, const char *text, const char *want,
      const char *told, const char *error)
{
    static const size_t pieces[] = {1, 2, 5, 100000};

    for (size_t i = 0; i < BNC_LEN(pieces); i++) {
        struct bnc_error err = {0};
        struct got got;
        enum bnc_code code = filter(options, text, pieces[i], &got, &err);
        CHECK_STR(err.message, error);
        CHECK_INT(code == BNC_OK, error[0] == '\0');
        if (code == BNC_OK) {
            CHECK_STR(got.out.ptr, want);
        }
        CHECK_STR(got.told.ptr, told);
        got_free(&got);
    }
}

TEST(marker)
{
    static const struct {
        const char *name;
        const char *text;
        const char *want;
        const char *error;
    } rows[] = {
        {"absent", "global:\n  a: b\nscrape_configs: []\n",
         "global:\n  a: b\nscrape_configs: []\nfiles:\n- g.yml\n", ""},
        {"absent, no line break", "scrape_configs:\n- job_name: a",
         "scrape_configs:\n- job_name: a\nfiles:\n- g.yml\n", ""},
        {"nothing at all", "", "files:\n- g.yml\n", ""},
        {"empty", "files: []\nx: y\n", "files:\n- g.yml\nx: y\n", ""},
        {"null", "files: null\nx: y\n", "files:\n- g.yml\nx: y\n", ""},
        {"there", "files:\n- a.yml\n- b.yml\nx: y\n",
         "files:\n- g.yml\n- a.yml\n- b.yml\nx: y\n", ""},
        {"indented", "files:\n  - a.yml\nx: y\n", "files:\n  - g.yml\n  - a.yml\nx: y\n",
         ""},
        {"comment first", "files: # some\n# why\n\n   - a.yml\n",
         "files: # some\n# why\n\n   - g.yml\n   - a.yml\n", ""},
        {"nothing below", "files:\nx: y\n", "files:\n- g.yml\nx: y\n", ""},
        {"nothing behind", "x: y\nfiles:\n", "x: y\nfiles:\n- g.yml\n", ""},
        {"nothing behind, no line break", "x: y\nfiles:", "x: y\nfiles:\n- g.yml\n", ""},
        {"in brackets", "files: [a.yml, 'b']\nx: y\n",
         "files: [g.yml, a.yml, 'b']\nx: y\n", ""},
        {"brackets over lines", "files: [\n  a.yml]\n", "files: [g.yml, \n  a.yml]\n",
         ""},
        {"only the top level counts", "global:\n  files:\n  - a\n- files:\n",
         "global:\n  files:\n  - a\n- files:\nfiles:\n- g.yml\n", ""},
        {"nor text", "x: |\n  a\nfiles2: b\n", "x: |\n  a\nfiles2: b\nfiles:\n- g.yml\n",
         ""},
        {"a text", "files: a.yml\n", NULL, "the list of files is not a list"},
    };
    static const struct bnc_local_options options = {.list = "files", .item = "g.yml"};

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        check(&options, rows[i].text, rows[i].want, "", rows[i].error);
    }
}

/* A job without targets, before all others. */
TEST(marker_job)
{
    static const struct bnc_local_options options = {.list = "scrape_configs",
                                                     .item = "job_name: mark"};

    bnc_test_row("with jobs");
    check(&options, "global:\n  a: b\nscrape_configs:\n- job_name: a\n  x: y\n",
          "global:\n  a: b\nscrape_configs:\n- job_name: mark\n- job_name: a\n  x: y\n",
          "", "");
    bnc_test_row("without");
    check(&options, "scrape_configs: []\nx: y\n",
          "scrape_configs:\n- job_name: mark\nx: y\n", "", "");
    bnc_test_row("without a list");
    check(&options, "x: y\n", "x: y\nscrape_configs:\n- job_name: mark\n", "", "");
}

/* The value of label `a`, as Prometheus 3 expands it by Go's os.Expand. */
TEST(external_labels)
{
    static const struct {
        const char *name;
        const char *value;
        const char *want; /* NULL: as before */
        const char *told;
    } rows[] = {
        {"plain", "eu-1", NULL, ""},
        {"quoted", "'it''s'", NULL, ""},
        {"braces", "'${POD_NAME}'", "\"prom-0\"", ""},
        {"bare", "$POD_NAME", "\"prom-0\"", ""},
        {"inside", "\"a-$POD_NAME.b\"", "\"a-prom-0.b\"", ""},
        {"both", "'${POD_NAME}/$POD_NAME'", "\"prom-0/prom-0\"", ""},
        {"needs quotes", "${ODD}", "\"a\\\"b\\\\c: #\\x0A\\U000000E9\\U0001F600\"", ""},
        {"not twice", "$DOLLAR", "\"$POD_NAME\"", ""},
        {"dollars", "'$$POD_NAME'", "\"$POD_NAME\"", ""},
        {"dollars in braces", "'${$}'", "\"$\"", ""},
        {"unset", "'x${NOPE}y'", "\"xy\"", "unset NOPE|"},
        {"set to nothing", "$EMPTY", "\"\"", "unset EMPTY|"},
        {"digit", "$12", "\"one2\"", ""},
        {"any name in braces", "'${with space}'", "\"spaced\"", ""},
        {"empty braces are dropped", "'a${}b'", "\"ab\"", ""},
        {"so is an open one", "'a${b'", "\"ab\"", ""},
        {"last", "'5$'", NULL, ""},
        {"no name", "'a$ b$/'", NULL, ""},
        {"other bytes", "\"caf\\u00e9 $POD_NAME\"", "\"caf\\U000000E9 prom-0\"", ""},
        {"text of lines", "|-\n      a $POD_NAME\n\n       b", "\"a prom-0\\x0A\\x0A b\"",
         ""},
        {"text of lines, ended", "|\n      a$POD_NAME", "\"aprom-0\\x0A\"", ""},
        {"text as before", "|-\n      a\n      b: c", NULL, ""},
    };
    static const struct bnc_local_options options = {.expand = true};

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        char text[512];
        char want[512];
        static const char form[] =
            "a: $POD_NAME\nglobal:\n  external_labels:\n    'a': %s\n"
            "    b: c # $\n  x: $POD_NAME\nexternal_labels:\n"
            "  a: $POD_NAME\n";
        bnc_test_row(rows[i].name);
        (void)snprintf(text, sizeof(text), form, rows[i].value);
        (void)snprintf(want, sizeof(want), form,
                       rows[i].want == NULL ? rows[i].value : rows[i].want);
        check(&options, text, want, rows[i].told, "");
    }
}

TEST(external_labels_that_fail)
{
    static const struct bnc_local_options options = {.expand = true};
    static const struct bnc_local_options off = {.expand = false};
    struct bnc_str text = bnc_str_new(NULL, 1 << 20);

    bnc_test_row("not UTF-8");
    check(&options, "global:\n  external_labels:\n    a: $LATIN\n", NULL, "",
          "a variable used in an external label is not UTF-8");

    bnc_test_row("too long");
    bnc_str_puts(&text, "global:\n  external_labels:\n    a: ");
    for (size_t i = 0; i < 20000; i++) {
        bnc_str_puts(&text, "$$");
    }
    bnc_str_puts(&text, "\nx: y\n");
    check(&options, text.ptr, NULL, "", "an external label is too long");
    check(&off, text.ptr, text.ptr, "", "");
    bnc_str_free(&text);

    bnc_test_row("not wanted");
    check(&off, "global:\n  external_labels:\n    a: $POD_NAME\n",
          "global:\n  external_labels:\n    a: $POD_NAME\n", "", "");
}

TEST(files)
{
    static const struct {
        const char *name;
        const char *text;
        const char *told;
    } rows[] = {
        {"plain", "a:\n  credentials_file: files/a\n", "file files/a|"},
        {"quoted", "a:\n  ca_file: 'files/it''s'\n  key_file: \"files/\\x41\"\n",
         "file files/it's|file files/A|"},
        {"first of an item", "- ca_file: files/a\n", "file files/a|"},
        {"of a part in a folder", "- ca_file: ../files/a\n", "file files/a|"},
        {"elsewhere", "ca_file: /etc/ssl/ca.crt\nquery_log_file: log/files/a\n", ""},
        {"other key", "file: files/a\nfiles: files/b\nca_files: files/c\n", ""},
        {"other value", "x: 'ca_file: files/a'\n", ""},
        {"text", "x: |-\n  ca_file: files/a\ny: z\n", ""},
        {"twice", "a_file: files/a\nb_file: files/a\n", "file files/a|file files/a|"},
    };
    static const struct bnc_local_options options = {0};

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        bnc_test_row(rows[i].name);
        check(&options, rows[i].text, rows[i].text, rows[i].told, "");
    }
}

/* Real documents: no byte changes but where it is asked for. */
TEST(golden_documents_pass)
{
    static const char *const names[] = {"base", "external-labels", "files", "two",
                                        "additional-scrape-configs"};
    static const struct bnc_local_options options = {.list = "scrape_config_files",
                                                     .item = "g.yml"};

    for (size_t i = 0; i < BNC_LEN(names); i++) {
        char path[256];
        static char text[1 << 16];
        struct bnc_str want = bnc_str_new(NULL, 1 << 17);
        struct bnc_error err = {0};
        struct got got;
        bnc_test_row(names[i]);
        (void)snprintf(path, sizeof(path), "tests/golden/observatory/%s/want.yml",
                       names[i]);
        FILE *file = fopen(path, "re");
        CHECK(file != NULL);
        size_t n = fread(text, 1, sizeof(text) - 1, file);
        (void)fclose(file);
        CHECK(n > 50);
        text[n] = '\0';
        bnc_str_puts(&want, text);
        bnc_str_puts(&want, "scrape_config_files:\n- g.yml\n");
        CHECK_INT(filter(&options, text, 11, &got, &err), BNC_OK);
        CHECK_STR(got.out.ptr, want.ptr);
        bnc_str_free(&want);
        got_free(&got);
    }
}

RUN_TESTS(marker, marker_job, external_labels, external_labels_that_fail, files,
          golden_documents_pass)
