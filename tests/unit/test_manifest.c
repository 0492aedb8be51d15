#include "sync/manifest.h"

#include <stdlib.h>

#include "tests/unit/test.h"

#define SHA_A                                                                            \
    "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" /* "a"            \
                                                                        */
#define SHA_B                                                                            \
    "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d" /* "b"            \
                                                                        */
#define PART "jobs/0110-ab12cd34ef567890.yml"

struct file {
    const char *name;
    const char *sha256;
    const char *more; /* of its JSON; NULL: size, object and key as they should be */
};

/* As the controller writes it; with its hash in `hash`. */
static const char *
make(struct bnc_arena *arena, const struct file *files, size_t n, const char *config,
     char hash[BNC_HASH_TEXT_MAX])
{
    struct bnc_str lines = bnc_str_new(arena, (size_t)8 << 20);
    struct bnc_str out = bnc_str_new(arena, (size_t)8 << 20);
    bnc_str_puts(&lines, "");
    for (size_t i = 0; i < n; i++) {
        bnc_str_fmt(&lines, "%s\n%s\n", files[i].name, files[i].sha256);
    }
    memcpy(hash, "sha256:", 7);
    bnc_sha256_hex(lines.ptr, lines.len, hash + 7);
    bnc_str_fmt(&out, "{\"version\":1,\"hash\":\"%s\",\"config\":\"%s\",\"files\":[",
                hash, config);
    for (size_t i = 0; i < n; i++) {
        bnc_str_fmt(&out, "%s{\"name\":\"%s\",\"sha256\":\"%s\",%s}", i == 0 ? "" : ",",
                    files[i].name, files[i].sha256,
                    files[i].more != NULL
                        ? files[i].more
                        : "\"size\":1,\"object\":\"main-prometheus\",\"key\":\"k.gz\"");
    }
    bnc_str_puts(&out, "]}");
    return out.ptr;
}

static enum bnc_code
parse(struct bnc_arena *arena, const char *text, const char *hash,
      const struct bnc_manifest **out, struct bnc_error *err)
{
    return bnc_manifest_parse(arena, (struct bnc_bytes){text, strlen(text)}, hash, out,
                              err);
}

TEST(good)
{
    static const struct file files[] = {
        {"prometheus.yml", SHA_A,
         "\"size\":123,\"object\":\"main-prometheus\",\"key\":\"prometheus.yml\""},
        {PART, SHA_B,
         "\"size\":268435456,\"object\":\"main-prometheus-0110\",\"key\":\"jobs.yml.gz\","
         "\"mode\":\"of a later version\""},
    };
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char hash[BNC_HASH_TEXT_MAX];
    const struct bnc_manifest *m = NULL;
    struct bnc_error err = {0};

    const char *text = make(arena, files, 2, "prometheus.yml", hash);
    CHECK_INT(parse(arena, text, hash, &m, &err), BNC_OK);
    CHECK_STR(m->hash, hash);
    CHECK_STR(m->config, "prometheus.yml");
    CHECK_INT(m->n, 2);
    CHECK_STR(m->files[1].name, PART);
    CHECK_STR(m->files[1].sha256, SHA_B);
    CHECK_INT(m->files[1].size, 268435456);
    CHECK_STR(m->files[1].object, "main-prometheus-0110");
    CHECK_STR(m->files[1].key, "jobs.yml.gz");
    CHECK(bnc_manifest_find(m, PART) == &m->files[1]);
    CHECK(bnc_manifest_find(m, "jobs") == NULL);
}

/* What the controller's own rule gives, by hand: printf 'NAME\nSHA\n' | sha256sum. */
TEST(hash_by_hand)
{
    static const struct file one = {"prometheus.yml", SHA_A, NULL};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char hash[BNC_HASH_TEXT_MAX];
    (void)make(arena, &one, 1, "prometheus.yml", hash);
    CHECK_STR(hash, "sha256:"
                    "1640ea5d3a13bd6adc739114e1abae85c5d8b662db52afac4fa4cb53ecb20438");
}

#define MORE(size, object, key)                                                          \
    "\"size\":" size ",\"object\":\"" object "\",\"key\":\"" key "\""
#define CONFIG                                                                           \
    {                                                                                    \
        "p.yml", SHA_A, NULL                                                             \
    }

TEST(bad_files)
{
    static const struct {
        const char *name;
        struct file file; /* beside the configuration */
        enum bnc_code code;
        const char *message;
    } rows[] = {
        {"absolute", {"/etc/passwd", SHA_B, NULL}, BNC_INVALID, "no safe relative path"},
        {"up", {"../p", SHA_B, NULL}, BNC_INVALID, "no safe relative path"},
        {"up inside", {"a/../../p", SHA_B, NULL}, BNC_INVALID, "no safe relative path"},
        {"dot", {"a/./p", SHA_B, NULL}, BNC_INVALID, "no safe relative path"},
        {"empty part", {"a//p", SHA_B, NULL}, BNC_INVALID, "no safe relative path"},
        {"a folder", {"a/", SHA_B, NULL}, BNC_INVALID, "no safe relative path"},
        {"empty", {"", SHA_B, NULL}, BNC_INVALID, "no safe relative path"},
        {"a space", {"a b", SHA_B, NULL}, BNC_INVALID, "no safe relative path"},
        {"a line end", {"a\\nb", SHA_B, NULL}, BNC_INVALID, "no safe relative path"},
        {"assets", {"files/x", SHA_B, NULL}, BNC_INVALID, "no safe relative path"},
        {"assets' folder", {"files", SHA_B, NULL}, BNC_INVALID, "no safe relative path"},
        {"nearly assets", {"files.yml", SHA_B, NULL}, BNC_OK, ""},
        {"three dots", {".../a", SHA_B, NULL}, BNC_OK, ""},
        {"twice", CONFIG, BNC_INVALID, "p.yml is there twice, or is a folder"},
        {"a file as a folder",
         {"p.yml/x", SHA_B, NULL},
         BNC_INVALID,
         "p.yml is there twice, or is a folder"},
        {"short digest", {"x", "abc", NULL}, BNC_INVALID, "sha256 is not 64"},
        {"capital digest",
         {"x", "CA978112CA1BBDCAFAC231B39A23DC4DA786EFF8147C4E72B9807785AFEE48BB", NULL},
         BNC_INVALID,
         "sha256 is not 64"},
        {"no size",
         {"x", SHA_B, "\"object\":\"o\",\"key\":\"k\""},
         BNC_INVALID,
         "size is no"},
        {"negative", {"x", SHA_B, MORE("-1", "o", "k")}, BNC_INVALID, "size is no"},
        {"a fraction", {"x", SHA_B, MORE("1.5", "o", "k")}, BNC_INVALID, "size is no"},
        {"largest", {"x", SHA_B, MORE("268435456", "o", "k")}, BNC_OK, ""},
        {"too large",
         {"x", SHA_B, MORE("268435457", "o", "k")},
         BNC_TOO_BIG,
         "file x has 268435457 bytes, more than 268435456"},
        {"huge",
         {"x", SHA_B, MORE("99999999999999999999", "o", "k")},
         BNC_INVALID,
         "size is no"},
        {"object up", {"x", SHA_B, MORE("1", "..", "k")}, BNC_INVALID, "object is no"},
        {"object path", {"x", SHA_B, MORE("1", "a/b", "k")}, BNC_INVALID, "object is no"},
        {"no object", {"x", SHA_B, MORE("1", "", "k")}, BNC_INVALID, "object is no"},
        {"key path", {"x", SHA_B, MORE("1", "o", "a/b")}, BNC_INVALID, "key is no"},
        {"key up", {"x", SHA_B, MORE("1", "o", "..a")}, BNC_INVALID, "key is no"},
        {"key dot", {"x", SHA_B, MORE("1", "o", ".")}, BNC_INVALID, "key is no"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const struct file files[] = {CONFIG, rows[i].file};
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        char hash[BNC_HASH_TEXT_MAX];
        const struct bnc_manifest *m = NULL;
        struct bnc_error err = {0};

        bnc_test_row(rows[i].name);
        const char *text = make(arena, files, 2, "p.yml", hash);
        enum bnc_code code = parse(arena, text, hash, &m, &err);
        if (strstr(err.message, rows[i].message) == NULL) {
            CHECK_STR(err.message, rows[i].message);
        }
        CHECK_INT(code, rows[i].code);
        CHECK((m != NULL) == (code == BNC_OK));
    }
}

#define HASH "sha256:" SHA_A
#define HEAD(version, hash, config)                                                      \
    "{\"version\":" version ",\"hash\":\"" hash "\",\"config\":\"" config "\","

TEST(bad_heads)
{
    static const struct {
        const char *name;
        const char *text;
        const char *message;
    } rows[] = {
        {"nothing", "", "manifest.json: the text is empty"},
        {"no JSON", "{", "manifest.json: line 1"},
        {"a list", "[]", "version is not 1"},
        {"newer", HEAD("2", HASH, "p.yml") "\"files\":[]}", "version is not 1"},
        {"hash of words", HEAD("1", "sha256:x", "p.yml") "\"files\":[]}", "hash is not"},
        {"hash alone", HEAD("1", SHA_A, "p.yml") "\"files\":[]}", "hash is not"},
        {"config up", HEAD("1", HASH, "..") "\"files\":[]}", "config is no safe name"},
        {"config below", HEAD("1", HASH, "a/b") "\"files\":[]}", "config is no safe"},
        {"no files", HEAD("1", HASH, "p.yml") "\"files\":[]}", "files is no list"},
        {"files of text", HEAD("1", HASH, "p.yml") "\"files\":\"x\"}",
         "files is no list"},
        {"a file of text", HEAD("1", HASH, "p.yml") "\"files\":[\"x\"]}", "files[0] ():"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const struct bnc_manifest *m = NULL;
        struct bnc_error err = {0};

        bnc_test_row(rows[i].name);
        CHECK_INT(parse(arena, rows[i].text, HASH, &m, &err), BNC_INVALID);
        if (strstr(err.message, rows[i].message) == NULL) {
            CHECK_STR(err.message, rows[i].message);
        }
    }
}

/* A digest, a name or the order changed: the hash tells it, and so does the root's. */
TEST(hash_is_checked)
{
    static const struct file files[] = {CONFIG, {"x", SHA_B, NULL}};
    static const struct file other[] = {{"x", SHA_B, NULL}, CONFIG};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char hash[BNC_HASH_TEXT_MAX];
    char other_hash[BNC_HASH_TEXT_MAX];
    const struct bnc_manifest *m = NULL;
    struct bnc_error err = {0};

    char *text = bnc_arena_strdup(arena, make(arena, files, 2, "p.yml", hash));
    (void)make(arena, other, 2, "p.yml", other_hash);
    CHECK(strcmp(hash, other_hash) != 0);
    CHECK_INT(parse(arena, text, other_hash, &m, &err), BNC_INVALID);
    CHECK_STR(err.message, "manifest.json: its hash is not that of the annotation "
                           "binnacle.dev/hash");
    CHECK_INT(parse(arena, text, "", &m, &err), BNC_INVALID);
    strstr(text, SHA_B)[5] = '9';
    CHECK_INT(parse(arena, text, hash, &m, &err), BNC_INVALID);
    CHECK_STR(err.message, "manifest.json: its hash is not that of its files");

    const char *lost = make(arena, files, 2, "q.yml", hash);
    CHECK_INT(parse(arena, lost, hash, &m, &err), BNC_INVALID);
    CHECK_STR(err.message, "manifest.json: config q.yml is none of the files");
}

/* `n` files of `size` bytes each, the configuration among them. */
static enum bnc_code
parse_many(size_t n, const char *more, struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct file *files = bnc_arena_array(arena, n, sizeof(*files));
    char hash[BNC_HASH_TEXT_MAX];
    const struct bnc_manifest *m = NULL;
    for (size_t i = 0; i < n; i++) {
        files[i] = (struct file){bnc_arena_fmt(arena, "jobs-%zu.yml", i), SHA_A, more};
    }
    const char *text = make(arena, files, n, "jobs-0.yml", hash);
    return parse(arena, text, hash, &m, err);
}

TEST(limits)
{
    struct bnc_error err = {0};
    char more[600];

    CHECK_INT(parse_many(4096, NULL, &err), BNC_OK);
    CHECK_INT(parse_many(4097, NULL, &err), BNC_TOO_BIG);
    CHECK_STR(err.message, "manifest.json: 4097 files, more than 4096");
    CHECK_INT(parse_many(4, MORE("268435456", "o", "k"), &err), BNC_OK);
    CHECK_INT(parse_many(5, MORE("268435456", "o", "k"), &err), BNC_TOO_BIG);
    (void)snprintf(more, sizeof(more), "\"pad\":\"%0300d\"," MORE("1", "o", "k"), 0);
    CHECK_INT(parse_many(4096, more, &err), BNC_OK);
    (void)snprintf(more, sizeof(more), "\"pad\":\"%0450d\"", 0);
    CHECK_INT(parse_many(4096, more, &err), BNC_TOO_BIG); /* over 2 MiB */
    CHECK(strstr(err.message, "more than 2097152") != NULL);
}

TEST(single)
{
    static const struct {
        const char *name;
        const char *key;
        const char *root_hash;
        const char *config; /* NULL: refused */
        const char *message;
    } rows[] = {
        {"plain", "prometheus.yml", HASH, "prometheus.yml", ""},
        {"packed", "prometheus.yml.gz", HASH, "prometheus.yml", ""},
        {"another content", "p.yml", "sha256:" SHA_B, NULL,
         "main, key p.yml: the content is not what binnacle.dev/hash says"},
        {"no annotation", "p.yml", "", NULL, "main has no annotation"},
        {"a damaged one", "p.yml", "sha256:1", NULL, "main has no annotation"},
        {"only an ending", ".gz", HASH, NULL, "key \".gz\" gives no safe name"},
        {"up", "..gz", HASH, NULL, "key \"..gz\" gives no safe name"},
        {"the assets' folder", "files.gz", HASH, NULL, "gives no safe name"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        const struct bnc_manifest_single single = {.object = "main",
                                                   .key = rows[i].key,
                                                   .sha256 = SHA_A,
                                                   .size = 77,
                                                   .root_hash = rows[i].root_hash};
        const struct bnc_manifest *m = NULL;
        struct bnc_error err = {0};

        bnc_test_row(rows[i].name);
        enum bnc_code code = bnc_manifest_of_single(arena, &single, &m, &err);
        CHECK_INT(code, rows[i].config == NULL ? BNC_INVALID : BNC_OK);
        CHECK(strstr(err.message, rows[i].message) != NULL);
        if (rows[i].config != NULL) {
            CHECK_STR(m->config, rows[i].config);
            CHECK_STR(m->hash, rows[i].root_hash);
            CHECK_INT(m->n, 1);
            CHECK_STR(m->files[0].name, rows[i].config);
            CHECK_STR(m->files[0].key, rows[i].key);
            CHECK_STR(m->files[0].sha256, SHA_A);
            CHECK_INT(m->files[0].size, 77);
            CHECK_STR(m->files[0].object, "main");
        }
    }
}

/* The hash of two files is that of any manifest: printf 'NAME\nSHA\n..' | sha256sum. */
TEST(single_with_rules)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    static const struct file files[] = {{"p.yml", SHA_A, NULL},
                                        {"rules.yml", SHA_B, NULL}};
    char hash[BNC_HASH_TEXT_MAX];
    const struct bnc_manifest *m = NULL;
    struct bnc_error err = {0};

    (void)make(arena, files, 2, "p.yml", hash);
    struct bnc_manifest_single single = {.object = "main",
                                         .key = "p.yml.gz",
                                         .sha256 = SHA_A,
                                         .size = 77,
                                         .root_hash = hash,
                                         .rules_key = "rules.yml.gz",
                                         .rules_sha256 = SHA_B,
                                         .rules_size = 5};
    bnc_test_row("both");
    CHECK_INT(bnc_manifest_of_single(arena, &single, &m, &err), BNC_OK);
    CHECK_INT(m->n, 2);
    CHECK_STR(m->config, "p.yml");
    CHECK_STR(m->files[1].name, "rules.yml");
    CHECK_STR(m->files[1].key, "rules.yml.gz");
    CHECK_INT(m->files[1].size, 5);
    CHECK(bnc_manifest_is_rules(m->files[1].name));
    bnc_test_row("other rules");
    single.rules_sha256 = SHA_A;
    CHECK_INT(bnc_manifest_of_single(arena, &single, &m, &err), BNC_INVALID);
    CHECK_STR(err.message, "main, key p.yml.gz and rules.yml.gz: the content is not what "
                           "binnacle.dev/hash says");
    bnc_test_row("none");
    single.rules_key = NULL;
    CHECK_INT(bnc_manifest_of_single(arena, &single, &m, &err), BNC_INVALID);
}

TEST(check_of_a_file)
{
    const struct bnc_manifest_file file = {"jobs/x.yml", SHA_A, 1, "main-x", "jobs.gz"};
    struct bnc_error err = {0};

    CHECK_INT(bnc_manifest_check(&file, SHA_A, 1, &err), BNC_OK);
    CHECK_INT(bnc_manifest_check(&file, SHA_A, 2, &err), BNC_INVALID);
    CHECK_STR(err.message,
              "file jobs/x.yml (main-x, key jobs.gz) has 2 bytes, its manifest says 1");
    CHECK_INT(bnc_manifest_check(&file, SHA_B, 1, &err), BNC_INVALID);
    CHECK(strstr(err.message, "the digests differ") != NULL);
}

RUN_TESTS(good, hash_by_hand, bad_files, bad_heads, hash_is_checked, limits, single,
          single_with_rules, check_of_a_file)
