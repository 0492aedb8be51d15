/*
 * What is published for a generation, well or not, and a bnc_gather that reads it.
 */
#ifndef BNC_TESTS_UNIT_GATHER_RIG_H
#define BNC_TESTS_UNIT_GATHER_RIG_H

#include "lib/base64.h"
#include "lib/zip.h"
#include "sync/gather.h"
#include "tests/unit/kube_fake.h"
#include "tests/unit/test_store_dir.h"

#define KUBECONFIG                                                                       \
    "current-context: c\n"                                                               \
    "contexts: [{name: c, context: {cluster: k, user: u}}]\n"                            \
    "clusters: [{name: k, cluster: {server: 'http://h:1'}}]\n"                           \
    "users: [{name: u, user: {}}]\n"
#define SECRETS "/api/v1/namespaces/mon/secrets/"
#define PARTS   2
#define ROOM    ((size_t)4 << 20)
#define SECRET  "s3cret-value" /* never told */

/* ---- what is published --------------------------------------------------------- */

/* What is wrong with it. */
enum fault {
    NONE,
    NO_ROOT,
    NO_KEY,
    NO_MANIFEST,
    OTHER_CONFIG,
    OTHER_ANNOTATION,
    NO_PART,
    OTHER_PART,
    LONGER_PART,
    NOT_GZIP,
    NOT_BASE64,
    DENIED,
    BROKEN,
    NO_ASSETS,
    OTHER_ASSET,
    OTHER_OWNER,
    ASSET_MISSING,
    NO_RULES,
    OTHER_RULES
};

struct published {
    const char *config;
    const char *parts[PARTS]; /* NULL: layout Single */
    const char *asset;        /* files/password; NULL: no assets */
    enum fault fault;
    const char *rules; /* layout Single: in the root; NULL: none */
};

#define CONFIG                                                                           \
    "global:\n  external_labels:\n    replica: \"$POD\"\nscrape_configs:\n"              \
    "- job_name: main\n  basic_auth:\n    password_file: files/password\n"
#define ONE "scrape_configs:\n- job_name: one\n"
#define TWO "scrape_configs:\n- job_name: two\n- job_name: " SECRET "\n"
static const struct published good = {CONFIG, {ONE, TWO}, SECRET, NONE, NULL};

static struct bnc_arena *arena;

static inline const char *
base64_of(const char *bytes, size_t n)
{
    struct bnc_str text = bnc_str_new(arena, ROOM);
    bnc_str_puts(&text, "");
    bnc_base64_add(&text, (struct bnc_bytes){bytes, n});
    return text.ptr;
}

static inline const char *
gzip_of(const char *text)
{
    struct bnc_str packed = bnc_str_new(arena, ROOM);
    struct bnc_error ignored = {0};
    CHECK_INT(bnc_zip_pack(text, strlen(text), &packed, &ignored), BNC_OK);
    return base64_of(packed.ptr, packed.len);
}

static inline const char *
sha_of(const char *text)
{
    char hex[BNC_SHA256_HEX];
    bnc_sha256_hex(text, strlen(text), hex);
    return bnc_arena_strdup(arena, hex);
}

static inline const char *
part_name(const char *text)
{
    return bnc_arena_fmt(arena, "jobs-%.16s.yml", sha_of(text));
}

/* An object's answer; `data` is what stands between its braces. */
static inline const char *
object_of(const char *hash, const char *data)
{
    return bnc_arena_fmt(arena,
                         "{\"metadata\":{\"annotations\":{\"binnacle.dev/hash\":"
                         "\"sha256:%s\"}},\"data\":{%s}}",
                         hash, data);
}

static inline const char *
manifest_of(const struct published *p, const char **hash)
{
    struct bnc_str lines = bnc_str_new(arena, ROOM);
    struct bnc_str files = bnc_str_new(arena, ROOM);
    bnc_str_fmt(&lines, "prometheus.yml\n%s\n", sha_of(p->config));
    bnc_str_fmt(&files,
                "{\"name\":\"prometheus.yml\",\"sha256\":\"%s\",\"size\":%zu,"
                "\"object\":\"root\",\"key\":\"prometheus.yml\"}",
                sha_of(p->config), strlen(p->config));
    for (size_t i = 0; i < PARTS; i++) {
        bnc_str_fmt(&lines, "%s\n%s\n", part_name(p->parts[i]), sha_of(p->parts[i]));
        bnc_str_fmt(&files,
                    ",{\"name\":\"%s\",\"sha256\":\"%s\",\"size\":%zu,\"object\":"
                    "\"part-%zu\",\"key\":\"jobs.yml.gz\"}",
                    part_name(p->parts[i]), sha_of(p->parts[i]), strlen(p->parts[i]), i);
    }
    *hash = sha_of(lines.ptr);
    return bnc_arena_fmt(
        arena,
        "{\"version\":1,\"hash\":\"sha256:%s\",\"config\":\"prometheus.yml\","
        "\"files\":[%s]}",
        *hash, files.ptr);
}

static inline const char *
root_of(const struct published *p)
{
    const char *hash = sha_of(p->config);
    const char *config =
        p->fault == OTHER_CONFIG ? bnc_arena_fmt(arena, "%s# x\n", p->config) : p->config;
    const char *more = "";
    if (p->parts[0] != NULL && p->fault != NO_MANIFEST) {
        const char *text = manifest_of(p, &hash);
        more = bnc_arena_fmt(arena, ",\"manifest.json\":\"%s\"",
                             base64_of(text, strlen(text)));
    } else if (p->parts[0] != NULL) {
        (void)manifest_of(p, &hash);
    }
    if (p->rules != NULL && p->parts[0] == NULL) {
        hash = sha_of(bnc_arena_fmt(arena, "prometheus.yml\n%s\nrules.yml\n%s\n",
                                    sha_of(p->config), sha_of(p->rules)));
    }
    if (p->rules != NULL && p->fault != NO_RULES) {
        const char *rules = p->fault == OTHER_RULES ? "groups: []\n" : p->rules;
        more = bnc_arena_fmt(arena, "%s,\"rules.yml\":\"%s\"", more,
                             base64_of(rules, strlen(rules)));
    }
    if (p->fault == OTHER_ANNOTATION) {
        hash = sha_of("x");
    }
    return object_of(hash,
                     bnc_arena_fmt(arena, "\"%s\":\"%s\"%s",
                                   p->fault == NO_KEY ? "other.yml" : "prometheus.yml",
                                   base64_of(config, strlen(config)), more));
}

static inline const char *
part_of(const struct published *p, size_t i)
{
    const char *text = p->parts[i];
    const char *value = gzip_of(text);
    if (i == 1) {
        value = p->fault == OTHER_PART    ? gzip_of("scrape_configs:\n- job_name: six\n- "
                                                       "job_name: s3cret_value\n")
                : p->fault == LONGER_PART ? gzip_of(TWO TWO TWO)
                : p->fault == NOT_GZIP    ? base64_of(SECRET, strlen(SECRET))
                : p->fault == NOT_BASE64  ? SECRET "=x"
                                          : value;
    }
    return object_of(sha_of(text), bnc_arena_fmt(arena, "\"jobs.yml.gz\":\"%s\"", value));
}

static inline const char *
assets_of(const struct published *p)
{
    const char *name = p->fault == ASSET_MISSING ? "other" : "password";
    const char *text = bnc_arena_fmt(arena, "\"%s\"%s%s", name, p->asset,
                                     p->fault == OTHER_OWNER ? "u-2" : "u-1");
    const char *value = p->fault == OTHER_ASSET ? "other" : p->asset;
    return object_of(sha_of(text), bnc_arena_fmt(arena, "\"%s\":\"%s\"", name,
                                                 base64_of(value, strlen(value))));
}

/* ---- the rig ------------------------------------------------------------------- */

static struct fake *fake;
static struct bnc_kube *kube;
static struct bnc_gather *gather;
static struct bnc_target target = {.kind = BNC_KIND_SECRET,
                                   .ns = "mon",
                                   .name = "root",
                                   .assets = "root-assets",
                                   .key = "prometheus.yml",
                                   .uid = "u-1",
                                   .shards = 1};
static struct told {
    size_t n;
    enum bnc_code code;
    enum bnc_instance_reason reason;
    char message[BNC_ERROR_MAX];
    char texts[400]; /* a space after each */
    char marker[80];
    bool same;
    size_t files;
    size_t fetched;
    size_t jobs;
    size_t groups;
} told;
static size_t asked; /* requests of the last gather */

static inline enum bnc_code
scan_real(struct bnc_world *world, const char *path, size_t max_bytes,
          bool (*fn)(void *arg, const char *bytes, size_t n), void *arg,
          struct bnc_error *error)
{
    BNC_UNUSED(world);
    return bnc_file_scan(real, path, max_bytes, fn, arg, error);
}

static inline void
begin(void)
{
    static struct bnc_world_ops ops;
    const struct bnc_kube_config_options options = {.kubeconfig = "/kc"};
    struct bnc_kube_config *config = NULL;
    set_up();
    arena = bnc_arena_new();
    fake = fake_new();
    ops = *fake->base.ops;
    ops.file_scan = scan_real;
    fake->base.ops = &ops;
    fake->files[0] = (struct fake_file){"/kc", KUBECONFIG};
    fake->env[0][0] = "POD";
    fake->env[0][1] = "pod-7";
    CHECK_INT(bnc_kube_config_load(&fake->base, &options, &config, &err), BNC_OK);
    CHECK_INT(bnc_kube_new(&fake->base, config, "1.2", &kube, &err), BNC_OK);
}

static inline void
end(void)
{
    bnc_kube_free(kube);
    bnc_world_free(&fake->base);
    bnc_arena_free(arena);
    tear_down();
}

static inline void
on_end(void *arg, const struct bnc_gather_result *result)
{
    BNC_UNUSED(arg);
    gather = NULL;
    told.n++;
    told.code = result->err.code;
    told.reason = result->reason;
    told.same = result->same;
    told.files = result->files;
    told.fetched = result->fetched;
    (void)snprintf(told.message, sizeof(told.message), "%s", result->err.message);
    (void)snprintf(told.marker, sizeof(told.marker), "%s", result->marker);
    told.texts[0] = '\0';
    if (result->err.code == BNC_OK) {
        for (size_t i = 0; result->texts[i] != NULL; i++) {
            size_t n = strlen(told.texts);
            (void)snprintf(told.texts + n, sizeof(told.texts) - n, "%s ",
                           result->texts[i]);
        }
        told.jobs = bnc_jobs_count(result->jobs);
        told.groups = bnc_jobs_count(bnc_jobs_groups(result->jobs));
        bnc_jobs_free(result->jobs);
    }
}

static inline void
answer(struct bnc_http_call *call, const struct published *p)
{
    const char *name = strstr(call->url, SECRETS);
    CHECK(name != NULL);
    name += strlen(SECRETS);
    bool assets = strcmp(name, "root-assets") == 0;
    bool part = bnc_str_starts(name, "part-");
    if (part && p->fault == BROKEN) {
        fake_head(call, 200);
        fake_data(call, "{\"metadata\":{");
        fake_end(call, BNC_UNAVAILABLE);
    } else if (part && p->fault == DENIED) {
        fake_answer(call, 403, "{\"kind\":\"Status\",\"message\":\"no\"}");
    } else if ((assets && (p->asset == NULL || p->fault == NO_ASSETS)) ||
               (strcmp(name, "part-1") == 0 && p->fault == NO_PART) ||
               (strcmp(name, "root") == 0 && p->fault == NO_ROOT)) {
        fake_answer(call, 404, "{\"kind\":\"Status\",\"message\":\"not found\"}");
    } else {
        fake_answer(call, 200,
                    assets ? assets_of(p)
                    : part ? part_of(p, (size_t)(name[5] - '0'))
                           : root_of(p));
    }
}

/* At most `most` requests are answered; true when it came to its end. */
static inline bool
run(const char *id, const struct published *p, bool expand, size_t most)
{
    const struct bnc_gather_ask ask = {.world = &fake->base,
                                       .kube = kube,
                                       .store = store,
                                       .target = &target,
                                       .id = id,
                                       .expand = expand};
    told = (struct told){0};
    gather = bnc_gather_start(&ask, on_end, NULL);
    CHECK_INT(told.n, 0);
    for (asked = 0; asked < most && told.n == 0; asked++) {
        struct bnc_http_call *call = fake_next(fake, 10);
        if (call == NULL) {
            break;
        }
        answer(call, p);
    }
    fake_run(fake, 10);
    return told.n == 1;
}

static inline void
gather_well(const char *id, const struct published *p)
{
    CHECK(run(id, p, false, 20));
    CHECK_STR(told.message, "");
    CHECK_INT(told.code, BNC_OK);
    CHECK_STR(bnc_store_current(store), id);
}

#endif
