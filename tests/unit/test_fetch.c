#include "sync/fetch.h"

#include "lib/base64.h"
#include "lib/zip.h"
#include "tests/unit/kube_fake.h"

#define CONFIG                                                                           \
    "current-context: c\n"                                                               \
    "contexts: [{name: c, context: {cluster: k, user: u}}]\n"                            \
    "clusters: [{name: k, cluster: {server: 'http://h:1'}}]\n"                           \
    "users: [{name: u, user: {}}]\n"
#define ROOM ((size_t)16 << 20)
#define UID  "3f1c9a50-observatory"

struct told {
    size_t n; /* times */
    enum bnc_code code;
    char message[BNC_ERROR_MAX];
    int http_status;
    int64_t retry_after_ms;
    char uid[100], version[100], hash[100], sha256[BNC_SHA256_HEX];
    uint64_t size;
    struct bnc_str sunk;
    size_t refuse_at; /* bytes; 0: never */
    bool has_manifest;
    struct bnc_str manifest;
    struct bnc_str assets; /* "name=content;" */
};

static enum bnc_code
sink(void *arg, const char *bytes, size_t n, struct bnc_error *err)
{
    struct told *told = arg;
    CHECK(n > 0);
    bnc_str_add(&told->sunk, bytes, n);
    return told->refuse_at > 0 && told->sunk.len >= told->refuse_at
               ? bnc_fail(err, BNC_DENIED, "the disk is full")
               : BNC_OK;
}

static void
on_result(void *arg, const struct bnc_fetch_result *result)
{
    struct told *told = arg;
    told->n++;
    told->code = result->err.code;
    told->http_status = result->http_status;
    told->retry_after_ms = result->retry_after_ms;
    told->size = result->size;
    (void)snprintf(told->message, sizeof(told->message), "%s", result->err.message);
    (void)snprintf(told->uid, sizeof(told->uid), "%s", result->uid);
    (void)snprintf(told->version, sizeof(told->version), "%s", result->resource_version);
    (void)snprintf(told->hash, sizeof(told->hash), "%s", result->hash);
    (void)snprintf(told->sha256, sizeof(told->sha256), "%s", result->sha256);
    told->has_manifest = result->manifest.ptr != NULL;
    bnc_str_add(&told->manifest, result->manifest.ptr, result->manifest.len);
    for (size_t i = 0; i < result->n_assets; i++) {
        bnc_str_fmt(&told->assets, "%s=%.*s;", result->assets[i].name,
                    (int)result->assets[i].bytes.len, result->assets[i].bytes.ptr);
    }
}

struct rig {
    struct fake *fake;
    struct bnc_kube *kube;
    struct told told;
    struct bnc_fetch_ask ask;
};

static void
begin(struct rig *rig, enum bnc_kind kind, const char *key)
{
    const struct bnc_kube_config_options options = {.kubeconfig = "/kc"};
    struct bnc_kube_config *config = NULL;
    struct bnc_error err = {0};

    *rig = (struct rig){.fake = fake_new()};
    rig->fake->files[0] = (struct fake_file){"/kc", CONFIG};
    CHECK_INT(bnc_kube_config_load(&rig->fake->base, &options, &config, &err), BNC_OK);
    CHECK_INT(bnc_kube_new(&rig->fake->base, config, "1.2", &rig->kube, &err), BNC_OK);
    rig->told.sunk = bnc_str_new(NULL, ROOM);
    rig->told.manifest = bnc_str_new(NULL, ROOM);
    rig->told.assets = bnc_str_new(NULL, ROOM);
    bnc_str_puts(&rig->told.sunk, "");
    bnc_str_puts(&rig->told.manifest, "");
    bnc_str_puts(&rig->told.assets, "");
    rig->ask = (struct bnc_fetch_ask){.kind = kind,
                                      .ns = "mon",
                                      .name = "main",
                                      .key = key,
                                      .max_bytes = ROOM,
                                      .sink = sink,
                                      .fn = on_result,
                                      .arg = &rig->told};
}

static void
end(struct rig *rig)
{
    CHECK_INT(rig->told.n, 1);
    bnc_kube_free(rig->kube);
    bnc_world_free(&rig->fake->base);
    bnc_str_free(&rig->told.sunk);
    bnc_str_free(&rig->told.manifest);
    bnc_str_free(&rig->told.assets);
}

/* 200 and the body, in pieces of `piece` bytes. */
static void
answer_in_pieces(struct bnc_http_call *call, const char *body, size_t piece)
{
    char part[8192];
    fake_head(call, 200);
    for (const char *at = body; *at != '\0';) {
        size_t n = strnlen(at, piece);
        memcpy(part, at, n);
        part[n] = '\0';
        fake_data(call, part);
        at += n;
    }
    fake_end(call, BNC_OK);
}

/* ---- values ---------------------------------------------------------------------- */

#define META                                                                             \
    "{\"kind\":\"X\",\"metadata\":{\"name\":\"main\",\"uid\":\"u-1\","                   \
    "\"resourceVersion\":\"77\",\"annotations\":{\"a\":\"b\",\"binnacle.dev/hash\":"     \
    "\"sha256:12\"},\"managedFields\":[{\"fieldsV1\":{\"f:data\":{\"f:k\":{}}}}]},"

/* A megabyte of text that compresses; packed, in base64. */
static char *
packed_base64(const char *text, size_t n)
{
    struct bnc_str packed = bnc_str_new(NULL, ROOM);
    struct bnc_str out = bnc_str_new(NULL, ROOM);
    struct bnc_error err = {0};
    CHECK_INT(bnc_zip_pack(text, n, &packed, &err), BNC_OK);
    bnc_str_puts(&out, "");
    bnc_base64_add(&out, (struct bnc_bytes){packed.ptr, packed.len});
    bnc_str_free(&packed);
    return out.ptr;
}

TEST(values)
{
    static const struct {
        const char *name;
        enum bnc_kind kind;
        const char *key;
        const char *rest; /* of the object */
        const char *want; /* NULL: `message` */
        const char *message;
    } rows[] = {
        {"Secret", BNC_KIND_SECRET, "k", "\"data\":{\"j\":\"eA==\",\"k\":\"YWJj\"}}",
         "abc", ""},
        {"empty", BNC_KIND_SECRET, "k", "\"data\":{\"k\":\"\"}}", "", ""},
        {"one byte", BNC_KIND_SECRET, "k", "\"data\":{\"k\":\"YQ==\"}}", "a", ""},
        {"ConfigMap", BNC_KIND_CONFIG_MAP, "k", "\"data\":{\"k\":\"a\\nb\"}}", "a\nb",
         ""},
        {"binaryData", BNC_KIND_CONFIG_MAP, "k",
         "\"data\":{\"j\":\"x\"},\"binaryData\":{\"k\":\"YWJj\"}}", "abc", ""},
        {"in both", BNC_KIND_CONFIG_MAP, "k",
         "\"data\":{\"k\":\"x\"},\"binaryData\":{\"k\":\"YWJj\"}}", NULL,
         "ConfigMap mon/main, key k: the key is there twice"},
        {"no such key", BNC_KIND_SECRET, "k", "\"data\":{\"j\":\"s3cret\"}}", NULL,
         "Secret mon/main has no key k"},
        {"no data", BNC_KIND_SECRET, "k", "\"data\":null}", NULL,
         "Secret mon/main has no key k"},
        {"not base64", BNC_KIND_SECRET, "k", "\"data\":{\"k\":\"s3cr_t\"}}", NULL,
         "Secret mon/main, key k: it is not base64"},
        {"cut base64", BNC_KIND_SECRET, "k", "\"data\":{\"k\":\"YWJjZ\"}}", NULL,
         "Secret mon/main, key k: it is not base64"},
        {"base64 goes on", BNC_KIND_SECRET, "k", "\"data\":{\"k\":\"YQ==YQ==\"}}", NULL,
         "Secret mon/main, key k: it is not base64"},
        {"padding alone", BNC_KIND_SECRET, "k", "\"data\":{\"k\":\"====\"}}", NULL,
         "Secret mon/main, key k: it is not base64"},
        {"not gzip", BNC_KIND_SECRET, "k.gz", "\"data\":{\"k.gz\":\"YWJj\"}}", NULL,
         "Secret mon/main, key k.gz: no gzip data, or damaged"},
        {"empty gzip", BNC_KIND_SECRET, "k.gz", "\"data\":{\"k.gz\":\"\"}}", NULL,
         "Secret mon/main, key k.gz: the gzip data ends too early"},
        {"damaged gzip", BNC_KIND_SECRET, "k.gz", "\"data\":{\"k.gz\":\"H4sI\"}}", NULL,
         "Secret mon/main, key k.gz: the gzip data ends too early"},
        {"no JSON", BNC_KIND_SECRET, "k", "s3cret", NULL,
         "Secret mon/main: no JSON where a key is due"},
        {"cut JSON", BNC_KIND_SECRET, "k", "\"data\":{\"k\":\"YWJj\"}", NULL,
         "Secret mon/main: the JSON object ends too early"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        for (size_t piece = 1; piece < 8000; piece += 1999) {
            struct rig rig;
            struct bnc_error err = {0};
            char body[1000];
            char sha[BNC_SHA256_HEX];

            bnc_test_row(rows[i].name);
            begin(&rig, rows[i].kind, rows[i].key);
            (void)snprintf(body, sizeof(body), META "%s", rows[i].rest);
            CHECK(bnc_fetch_part(rig.kube, &rig.ask, &err) != NULL);
            CHECK_INT(rig.told.n, 0);
            answer_in_pieces(fake_next(rig.fake, 0), body, piece);
            CHECK_STR(rig.told.message, rows[i].message);
            CHECK_INT(rig.told.code, rows[i].want != NULL ? BNC_OK
                                     : strstr(rows[i].message, "has no key") != NULL
                                         ? BNC_NOT_FOUND
                                         : BNC_INVALID);
            if (rows[i].want != NULL) {
                CHECK_STR(rig.told.sunk.ptr, rows[i].want);
                bnc_sha256_hex(rows[i].want, strlen(rows[i].want), sha);
                CHECK_STR(rig.told.sha256, sha);
                CHECK_INT(rig.told.size, strlen(rows[i].want));
                CHECK_STR(rig.told.uid, "u-1");
                CHECK_STR(rig.told.version, "77");
                CHECK_STR(rig.told.hash, "sha256:12");
                CHECK_INT(rig.told.http_status, 200);
            }
            end(&rig);
        }
    }
}

static struct bnc_str
big_text(size_t n)
{
    struct bnc_str text = bnc_str_new(NULL, ROOM);
    for (unsigned i = 0; text.len < n; i++) {
        bnc_str_fmt(&text, "- job_name: shop/cart/%u\n", i * 2654435761U);
    }
    return text;
}

/* A packed part; limits of it; a sink that fails in the middle. */
TEST(packed)
{
    struct bnc_str text = big_text(2000000);
    const struct {
        const char *name;
        uint64_t max_bytes;
        size_t refuse_at;
        const char *message;
    } rows[] = {
        {"fits", text.len, 0, ""},
        {"one byte over", text.len - 1, 0, "unpacked it is over"},
        {"a bomb", 1000, 0, "unpacked it is over 1000 bytes"},
        {"a full disk", ROOM, 300000, "the disk is full"},
    };
    char *base64 = packed_base64(text.ptr, text.len);
    struct bnc_str body = bnc_str_new(NULL, ROOM);
    bnc_str_fmt(&body, META "\"binaryData\":{\"k.gz\":\"%s\"}}", base64);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct rig rig;
        struct bnc_error err = {0};

        bnc_test_row(rows[i].name);
        begin(&rig, BNC_KIND_CONFIG_MAP, "k.gz");
        rig.ask.max_bytes = rows[i].max_bytes;
        rig.told.refuse_at = rows[i].refuse_at;
        CHECK(bnc_fetch_part(rig.kube, &rig.ask, &err) != NULL);
        answer_in_pieces(fake_next(rig.fake, 0), body.ptr, 8000);
        CHECK(strstr(rig.told.message, rows[i].message) != NULL);
        CHECK_INT(rig.told.code, i == 0 ? BNC_OK : i == 3 ? BNC_DENIED : BNC_TOO_BIG);
        CHECK(rig.told.sunk.len <= rows[i].max_bytes);
        if (i == 0) {
            CHECK_STR(rig.told.sunk.ptr, text.ptr);
        }
        end(&rig);
    }
    free(base64);
    bnc_str_free(&body);
    bnc_str_free(&text);
}

/* ---- roots ----------------------------------------------------------------------- */

TEST(roots)
{
    static const struct {
        const char *name;
        enum bnc_kind kind;
        const char *rest;
        const char *manifest; /* NULL: layout Single */
    } rows[] = {
        {"Single", BNC_KIND_SECRET, "\"data\":{\"p.yml\":\"YWJj\"}}", NULL},
        {"Files", BNC_KIND_SECRET,
         "\"data\":{\"manifest.json\":\"e30=\",\"p.yml\":\"YWJj\"}}", "{}"},
        {"Files, other order", BNC_KIND_SECRET,
         "\"data\":{\"p.yml\":\"YWJj\",\"manifest.json\":\"e30=\"}}", "{}"},
        {"Files, ConfigMap", BNC_KIND_CONFIG_MAP,
         "\"data\":{\"manifest.json\":\"{\\\"a\\\":1}\",\"p.yml\":\"abc\"}}",
         "{\"a\":1}"},
        {"an empty manifest", BNC_KIND_SECRET,
         "\"data\":{\"manifest.json\":\"\",\"p.yml\":\"YWJj\"}}", ""},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct rig rig;
        struct bnc_error err = {0};
        char body[1000];

        bnc_test_row(rows[i].name);
        begin(&rig, rows[i].kind, "p.yml");
        (void)snprintf(body, sizeof(body), META "%s", rows[i].rest);
        CHECK(bnc_fetch_root(rig.kube, &rig.ask, &err) != NULL);
        struct bnc_http_call *call = fake_next(rig.fake, 0);
        CHECK_STR(call->url, rows[i].kind == BNC_KIND_SECRET
                                 ? "http://h:1/api/v1/namespaces/mon/secrets/main"
                                 : "http://h:1/api/v1/namespaces/mon/configmaps/main");
        CHECK_STR(call->method, "GET");
        answer_in_pieces(call, body, 7);
        CHECK_STR(rig.told.message, "");
        CHECK_STR(rig.told.sunk.ptr, "abc");
        CHECK_INT(rig.told.has_manifest, rows[i].manifest != NULL);
        CHECK_STR(rig.told.manifest.ptr,
                  rows[i].manifest == NULL ? "" : rows[i].manifest);
        end(&rig);
    }
}

TEST(manifest_too_big)
{
    struct rig rig;
    struct bnc_error err = {0};
    struct bnc_str body = bnc_str_new(NULL, ROOM);

    begin(&rig, BNC_KIND_CONFIG_MAP, "p.yml");
    bnc_str_puts(&body, META "\"data\":{\"manifest.json\":\"");
    while (body.len < 2200000) {
        bnc_str_puts(&body, "                                                  ");
    }
    bnc_str_puts(&body, "\",\"p.yml\":\"abc\"}}");
    CHECK(bnc_fetch_root(rig.kube, &rig.ask, &err) != NULL);
    answer_in_pieces(fake_next(rig.fake, 0), body.ptr, 8000);
    CHECK_INT(rig.told.code, BNC_TOO_BIG);
    CHECK(strstr(rig.told.message, "key manifest.json") != NULL);
    bnc_str_free(&body);
    end(&rig);
}

TEST(head)
{
    struct rig rig;
    struct bnc_error err = {0};

    begin(&rig, BNC_KIND_SECRET, NULL);
    CHECK(bnc_fetch_head(rig.kube, &rig.ask, &err) != NULL);
    struct bnc_http_call *call = fake_next(rig.fake, 0);
    CHECK(strstr(call->headers, "as=PartialObjectMetadata;") != NULL);
    answer_in_pieces(call, META "\"data\":{\"k\":\"YWJj\"}}", 100);
    CHECK_INT(rig.told.code, BNC_OK);
    CHECK_STR(rig.told.hash, "sha256:12");
    CHECK_STR(rig.told.sunk.ptr, "");
    end(&rig);
}

/* ---- refusals and breaks --------------------------------------------------------- */

TEST(refusals)
{
    static const struct {
        const char *name;
        int status;
        const char *body;
        enum bnc_code code;
    } rows[] = {
        {"gone", 404, "{\"kind\":\"Status\",\"reason\":\"NotFound\"}", BNC_NOT_FOUND},
        {"forbidden", 403, "{}", BNC_DENIED},
        {"busy", 429, "{\"kind\":\"Status\",\"details\":{\"retryAfterSeconds\":3}}",
         BNC_UNAVAILABLE},
        {"broken", 500, "", BNC_UNAVAILABLE},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct rig rig;
        struct bnc_error err = {0};
        bnc_test_row(rows[i].name);
        begin(&rig, BNC_KIND_SECRET, "k");
        CHECK(bnc_fetch_part(rig.kube, &rig.ask, &err) != NULL);
        fake_answer(fake_next(rig.fake, 0), rows[i].status, rows[i].body);
        CHECK_INT(rig.told.code, rows[i].code);
        CHECK_INT(rig.told.http_status, rows[i].status);
        int64_t least = rows[i].status == 429 ? 3000 : 0; /* up to a fifth more */
        CHECK(rig.told.retry_after_ms >= least);
        CHECK(rig.told.retry_after_ms <= least + least / 5);
        CHECK_STR(rig.told.uid, "");
        end(&rig);
    }
}

TEST(broken_connection)
{
    struct rig rig;
    struct bnc_error err = {0};
    begin(&rig, BNC_KIND_SECRET, "k");
    CHECK(bnc_fetch_part(rig.kube, &rig.ask, &err) != NULL);
    struct bnc_http_call *call = fake_next(rig.fake, 0);
    fake_head(call, 200);
    fake_data(call, META "\"data\":{\"k\":\"YWJj");
    fake_end(call, BNC_UNAVAILABLE);
    CHECK_INT(rig.told.code, BNC_UNAVAILABLE);
    end(&rig);
}

TEST(cancelled_and_nameless)
{
    static const char *const names[] = {"", "..", "a/b", NULL};
    struct rig rig;
    struct bnc_error err = {0};
    begin(&rig, BNC_KIND_SECRET, "k.gz");
    struct bnc_fetch *fetch = bnc_fetch_part(rig.kube, &rig.ask, &err);
    struct bnc_http_call *call = fake_next(rig.fake, 0);
    fake_head(call, 200);
    fake_data(call, META "\"data\":{\"k.gz\":\"H4sI");
    bnc_fetch_cancel(fetch);
    CHECK(!call->open);
    for (size_t i = 0; i < BNC_LEN(names); i++) {
        rig.ask.name = names[i];
        CHECK(bnc_fetch_root(rig.kube, &rig.ask, &err) == NULL);
        CHECK_INT(err.code, BNC_INVALID);
    }
    CHECK(fake_next(rig.fake, 0) == NULL);
    CHECK_INT(rig.told.n, 0);
    rig.told.n = 1;
    end(&rig);
}

/* ---- assets ---------------------------------------------------------------------- */

/* As controller/link_objects.c makes it: names quoted, contents raw, then the salt. */
static const char *
assets_hash(char out[BNC_HASH_TEXT_MAX])
{
    static const char text[] = "\"ca.crt\"PEM\"mimir\"s3cret" UID;
    memcpy(out, "sha256:", 7);
    bnc_sha256_hex(text, sizeof(text) - 1, out + 7);
    return out;
}

TEST(assets)
{
    static const struct {
        const char *name;
        const char *data; /* of the Secret */
        const char *salt;
        const char *want; /* NULL: `message` */
        const char *message;
    } rows[] = {
        {"two", "{\"ca.crt\":\"UEVN\",\"mimir\":\"czNjcmV0\"}", UID,
         "ca.crt=PEM;mimir=s3cret;", ""},
        {"other order", "{\"mimir\":\"czNjcmV0\",\"ca.crt\":\"UEVN\"}", UID,
         "ca.crt=PEM;mimir=s3cret;", ""},
        {"another salt", "{\"ca.crt\":\"UEVN\",\"mimir\":\"czNjcmV0\"}", "x", NULL,
         "Secret mon/main: the content is not what its annotation binnacle.dev/hash "
         "says"},
        {"changed", "{\"ca.crt\":\"UEVO\",\"mimir\":\"czNjcmV0\"}", UID, NULL,
         "Secret mon/main: the content is not what its annotation binnacle.dev/hash "
         "says"},
        {"one more", "{\"a\":\"\",\"ca.crt\":\"UEVN\",\"mimir\":\"czNjcmV0\"}", UID, NULL,
         "Secret mon/main: the content is not what its annotation binnacle.dev/hash "
         "says"},
        {"no data", "null", UID, NULL,
         "Secret mon/main: the content is not what its annotation binnacle.dev/hash "
         "says"},
        {"a path", "{\"../x\":\"UEVN\"}", UID, NULL,
         "Secret mon/main, key ../x: a key is no safe name of a file"},
        {"a folder", "{\"..\":\"UEVN\"}", UID, NULL,
         "Secret mon/main, key ..: a key is no safe name of a file"},
        {"not base64", "{\"mimir\":\"s3cr=t\"}", UID, NULL,
         "Secret mon/main, key mimir: it is not base64"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        for (size_t piece = 1; piece < 8000; piece += 1999) {
            struct rig rig;
            struct bnc_error err = {0};
            char body[1000];
            char hash[BNC_HASH_TEXT_MAX];

            bnc_test_row(rows[i].name);
            begin(&rig, BNC_KIND_CONFIG_MAP, NULL); /* always a Secret */
            (void)snprintf(
                body, sizeof(body),
                "{\"metadata\":{\"annotations\":{\"binnacle.dev/hash\":\"%s\"}}"
                ",\"data\":%s}",
                assets_hash(hash), rows[i].data);
            CHECK(bnc_fetch_assets(rig.kube, &rig.ask, rows[i].salt, &err) != NULL);
            struct bnc_http_call *call = fake_next(rig.fake, 0);
            CHECK_STR(call->url, "http://h:1/api/v1/namespaces/mon/secrets/main");
            answer_in_pieces(call, body, piece);
            CHECK_STR(rig.told.message, rows[i].message);
            CHECK_STR(rig.told.assets.ptr, rows[i].want == NULL ? "" : rows[i].want);
            end(&rig);
        }
    }
}

RUN_TESTS(values, packed, roots, manifest_too_big, head, refusals, broken_connection,
          cancelled_and_nameless, assets)
