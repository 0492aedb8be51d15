/* Documents as objects: layout Single and Files, whole or in shards. */
#include "lib/base64.h"
#include "lib/json.h"
#include "lib/zip.h"
#include "tests/unit/made.h"
#include "tests/unit/universe.h"

#define POLICIES 12
#define SMALL    2000 /* bytes of jobs in a part: several parts */
#define TEXT_MAX ((size_t)8 * 1024 * 1024)

/* An Observatory with `prometheus`, and some policies. */
static const char *
yaml_of(struct bnc_arena *arena, const char *prometheus)
{
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    bnc_str_fmt(&out, OBSERVATORY("main", "monitoring", "{namespaceSelector: {}, %s}"),
                prometheus);
    for (size_t i = 0; i < POLICIES; i++) {
        bnc_str_fmt(&out,
                    "---\n" POLICY("p%zu", "shop",
                                   "{selector: {matchLabels: {app: p%zu}}, endpoints: "
                                   "[{port: http}]}"),
                    i, i);
    }
    return out.ptr;
}

static const char *
unpacked(struct bnc_arena *arena, struct bnc_bytes gzip)
{
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    struct bnc_error err = {0};
    CHECK_INT(bnc_zip_unpack(gzip.ptr, gzip.len, TEXT_MAX, &out, &err), BNC_OK);
    return out.ptr;
}

static const cJSON *
body_of(struct made *m, const struct bnc_desired *desired)
{
    struct bnc_error err = {0};
    cJSON *root = NULL;
    CHECK_INT(bnc_json_parse(m->arena, desired->body.ptr, desired->body.len, &root, &err),
              BNC_OK);
    return root;
}

/* The bytes of a key as a reader of the object has them; NULL: it is not there. */
static const char *
value_of(struct made *m, const struct bnc_desired *desired, const char *map,
         const char *key)
{
    const cJSON *body = body_of(m, desired);
    const char *text = bnc_json_get_str(bnc_json_get(body, map), key);
    struct bnc_bytes bytes = {0};
    if (text == NULL ||
        (desired->kind == BNC_KIND_CONFIG_MAP && strcmp(map, "data") == 0)) {
        return text;
    }
    CHECK(bnc_base64_decode(m->arena, text, &bytes));
    return bnc_str_ends(key, ".gz") ? unpacked(m->arena, bytes)
                                    : bnc_arena_strndup(m->arena, bytes.ptr, bytes.len);
}

/* ---- layout Single -------------------------------------------------------------- */

TEST(single_packed_is_the_same_text)
{
    struct made plain;
    struct made zipped;
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();

    start(&plain, yaml_of(arena, "prometheus: {}"), 0);
    start(&zipped, yaml_of(arena, "prometheus: {output: {key: prometheus.yml.gz}}"), 0);
    CHECK(plain.result->ready && zipped.result->ready);
    CHECK_INT(plain.result->n_desired, 1);
    CHECK_INT(zipped.result->n_desired, 1);
    const struct bnc_desired *a = plain.result->desired;
    const struct bnc_desired *b = zipped.result->desired;
    CHECK(a->role == BNC_ROLE_ROOT && b->role == BNC_ROLE_ROOT);
    CHECK(!a->packed && b->packed);
    CHECK_STR(unpacked(arena, b->content),
              bnc_arena_strndup(arena, a->content.ptr, a->content.len));
    CHECK(b->content.len < a->content.len);
    CHECK_STR(a->hash, b->hash); /* never of compressed bytes */
    CHECK_INT(a->size, b->size);
    CHECK_STR(a->file, b->file);
    CHECK_STR(value_of(&zipped, b, "data", "prometheus.yml.gz"),
              value_of(&plain, a, "data", "prometheus.yml"));
    CHECK(!plain.result->told_first && !zipped.result->told_first);
    stop(&plain);
    stop(&zipped);
}

/* ---- layout Files --------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *prometheus;
    const char *kind;
    const char *key;
    const char *map;      /* of the document */
    const char *manifest; /* the map that it is in */
    size_t shards;
    size_t budget;
} layouts[] = {
    {"one leaf", "prometheus: {layout: Files}", "Secret", "prometheus.yml", "data",
     "data", 1, 0},
    {"several leaves", "prometheus: {layout: Files}", "Secret", "prometheus.yml", "data",
     "data", 1, SMALL},
    {"each job alone", "prometheus: {layout: Files}", "Secret", "prometheus.yml", "data",
     "data", 1, 1},
    {"Secret, packed", "prometheus: {layout: Files, output: {key: p.yml.gz}}", "Secret",
     "p.yml.gz", "data", "data", 1, SMALL},
    {"ConfigMap", "prometheus: {layout: Files, output: {kind: ConfigMap}}", "ConfigMap",
     "prometheus.yml", "data", "data", 1, SMALL},
    {"ConfigMap, packed",
     "prometheus: {layout: Files, output: {kind: ConfigMap, key: p.yml.gz}}", "ConfigMap",
     "p.yml.gz", "binaryData", "data", 1, SMALL},
    {"shards", "prometheus: {layout: Files, shards: 3}", "Secret", "prometheus.yml",
     "data", "data", 3, SMALL},
};

/* One file of the manifest against the part that has it. */
static void
check_part(struct made *m, const struct bnc_desired *root, const struct bnc_desired *part,
           const cJSON *file)
{
    const cJSON *body = body_of(m, part);
    const cJSON *notes = bnc_json_path(body, "metadata", "annotations", NULL);
    const char *sha = bnc_json_get_str(file, "sha256");
    const char *map = part->kind == BNC_KIND_SECRET ? "data" : "binaryData";
    const char *text = value_of(m, part, map, "jobs.yml.gz");
    char hex[BNC_SHA256_HEX];
    int64_t size = 0;

    CHECK(part->role == BNC_ROLE_PART && part->packed);
    CHECK_INT(part->kind, root->kind);
    CHECK_STR(part->ns, root->ns);
    CHECK_STR(bnc_json_get_str(file, "object"), part->name);
    CHECK_STR(bnc_json_get_str(file, "key"), "jobs.yml.gz");
    CHECK_STR(bnc_json_get_str(file, "name"), part->file);
    CHECK(text != NULL && bnc_str_starts(text, "scrape_configs:\n- job_name: "));
    bnc_sha256_hex(text, strlen(text), hex);
    CHECK_STR(sha, hex);
    CHECK_STR(part->hash, bnc_arena_fmt(m->arena, "sha256:%s", hex));
    CHECK(bnc_json_get_int(file, "size", &size));
    CHECK_INT(size, strlen(text));
    CHECK_INT(part->size, strlen(text));
    /* jobs-LEAF-HASH.yml in ROOT-LEAF-HASH: both names are of the content alone */
    const char *id = part->file + strlen("jobs-");
    size_t n = strlen(id) - strlen(".yml");
    CHECK_STR(part->name, bnc_arena_fmt(m->arena, "%s-%.*s", root->name, (int)n, id));
    CHECK(strncmp(id + n - BNC_PART_HASH_DIGITS, hex, BNC_PART_HASH_DIGITS) == 0);
    CHECK(cJSON_IsTrue(bnc_json_get(body, "immutable")));
    CHECK_STR(bnc_json_get_str(notes, BNC_ANNOTATION_FILE), part->file);
    CHECK_STR(bnc_json_get_str(notes, BNC_ANNOTATION_PART_OF), root->name);
    CHECK_STR(bnc_json_get_str(notes, "binnacle.dev/hash"), part->hash);
}

/* The names below scrape_config_files, a line each. */
static const char *
named_files(struct bnc_arena *arena, const char *text)
{
    struct bnc_str out = bnc_str_new(arena, TEXT_MAX);
    const char *at = strstr(text, "scrape_config_files:\n");
    bnc_str_puts(&out, "");
    at = at == NULL ? "" : strchr(at, '\n') + 1;
    while (strncmp(at, "- ", 2) == 0) {
        size_t n = strcspn(at, "\n");
        bnc_str_add(&out, at + 2, n - 1);
        at += n + 1;
    }
    return out.ptr;
}

/* A root, and the parts that stand before it in the list. */
static void
check_set(struct made *m, const struct bnc_desired *parts, size_t n,
          const struct bnc_desired *root, size_t row)
{
    struct bnc_error err = {0};
    cJSON *manifest = NULL;
    const cJSON *file;
    struct bnc_str lines = bnc_str_new(m->arena, TEXT_MAX);
    struct bnc_str names = bnc_str_new(m->arena, TEXT_MAX);
    char hex[BNC_SHA256_HEX];
    size_t i = 0;
    int64_t version = 0;

    const char *text = value_of(m, root, layouts[row].map, layouts[row].key);
    const char *json = value_of(m, root, layouts[row].manifest, "manifest.json");
    CHECK(text != NULL && json != NULL);
    CHECK_INT(bnc_json_parse(m->arena, json, strlen(json), &manifest, &err), BNC_OK);
    CHECK(bnc_json_get_int(manifest, "version", &version) && version == 1);
    CHECK_STR(bnc_json_get_str(manifest, "config"), root->file);
    bnc_str_puts(&names, "");
    cJSON_ArrayForEach(file, bnc_json_get(manifest, "files"))
    {
        const char *name = bnc_json_get_str(file, "name");
        bnc_str_fmt(&lines, "%s\n%s\n", name, bnc_json_get_str(file, "sha256"));
        if (i == 0) {
            bnc_sha256_hex(text, strlen(text), hex);
            CHECK_STR(bnc_json_get_str(file, "sha256"), hex);
            CHECK_STR(bnc_json_get_str(file, "object"), root->name);
            CHECK_STR(bnc_json_get_str(file, "key"), layouts[row].key);
            CHECK_STR(name, root->file);
        } else {
            CHECK(i <= n);
            check_part(m, root, &parts[i - 1], file);
            bnc_str_fmt(&names, "%s\n", name);
        }
        i++;
    }
    CHECK_INT(i, n + 1);
    bnc_sha256_hex(lines.ptr, lines.len, hex);
    CHECK_STR(root->hash, bnc_arena_fmt(m->arena, "sha256:%s", hex));
    CHECK_STR(bnc_json_get_str(manifest, "hash"), root->hash);
    CHECK_STR(named_files(m->arena, text), names.ptr);
    CHECK(strstr(text, "job_name") == NULL);
}

TEST(files_hold_together)
{
    for (size_t row = 0; row < BNC_LEN(layouts); row++) {
        struct made m;
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        size_t first = 0;
        size_t shards = 0;

        bnc_test_row(layouts[row].name);
        start(&m, yaml_of(arena, layouts[row].prometheus), layouts[row].budget);
        CHECK(m.result->ready && m.result->told_first);
        for (size_t i = 0; i < m.result->n_desired; i++) {
            const struct bnc_desired *root = &m.result->desired[i];
            CHECK_STR(bnc_kind_info(root->kind)->name, layouts[row].kind);
            CHECK_INT(root->shard, shards);
            if (root->role != BNC_ROLE_ROOT) {
                continue;
            }
            size_t n = i - first;
            CHECK(layouts[row].budget == SMALL
                      ? n > 2 && n <= POLICIES
                      : n == (layouts[row].budget == 1 ? 12 : 1));
            CHECK_STR(root->name,
                      layouts[row].shards == 1
                          ? "main-prometheus"
                          : bnc_arena_fmt(arena, "main-prometheus-shard-%zu", shards));
            check_set(&m, &m.result->desired[first], n, root, row);
            first = i + 1;
            shards++;
        }
        CHECK_INT(shards, layouts[row].shards);
        CHECK_INT(first, m.result->n_desired); /* no part after its root */
        stop(&m);
    }
}

/* How many objects of `b` are not in `a` byte for byte, by role. */
static size_t
count_new(const struct bnc_desired *a, size_t n_a, const struct bnc_result *b,
          enum bnc_role role)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n_desired; i++) {
        const struct bnc_desired *one = &b->desired[i];
        bool found = false;
        for (size_t k = 0; k < n_a; k++) {
            found = found || (strcmp(a[k].name, one->name) == 0 &&
                              strcmp(a[k].hash, one->hash) == 0 &&
                              a[k].body.len == one->body.len &&
                              memcmp(a[k].body.ptr, one->body.ptr, one->body.len) == 0);
        }
        n += one->role == role && !found;
    }
    return n;
}

static const struct {
    const char *name;
    const char *policy; /* put after the rest is there */
    size_t parts;       /* that are new, at most */
} changes[] = {
    {"one policy changed",
     POLICY("p3", "shop",
            "{selector: {matchLabels: {app: p3}}, endpoints: [{port: admin}]}"),
     3}, /* the name changes with the port: away from a leaf, and into one (split) */
    {"only a value of it",
     POLICY("p3", "shop",
            "{selector: {matchLabels: {app: p3}}, endpoints: [{port: http, interval: "
            "7s}]}"),
     1},
    {"one more", POLICY("z", "shop", "{selector: {}, endpoints: [{port: http}]}"),
     2}, /* its leaf may be split */
};

TEST(one_change_is_one_part)
{
    for (size_t i = 0; i < BNC_LEN(changes); i++) {
        struct made m;
        struct facts change;
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();

        bnc_test_row(changes[i].name);
        start(&m, yaml_of(arena, "prometheus: {layout: Files}"), SMALL);
        size_t n = m.result->n_desired;
        struct bnc_desired *before = bnc_arena_array(arena, n, sizeof(*before));
        for (size_t k = 0; k < n; k++) {
            const struct bnc_desired *one = &m.result->desired[k];
            before[k] = *one;
            before[k].name = bnc_arena_strdup(arena, one->name);
            before[k].body.ptr = bnc_arena_strndup(arena, one->body.ptr, one->body.len);
        }
        CHECK_INT(count_new(before, n, m.result, BNC_ROLE_PART), 0);
        facts_read(&change, changes[i].policy);
        driven_put(&m.d, change.items[0]);
        driven_settle(&m.d);
        m.result = bnc_engine_result(m.d.engine, 0);
        size_t parts = count_new(before, n, m.result, BNC_ROLE_PART);
        CHECK(parts >= 1 && parts <= changes[i].parts);
        CHECK_INT(count_new(before, n, m.result, BNC_ROLE_ROOT), 1);
        facts_free(&change);
        stop(&m);
    }
}

/* ---- a value that changes meanwhile --------------------------------------------- */

static const char secured[] = OBSERVATORY(
    "main", "monitoring", "{namespaceSelector: {}, prometheus: {shards: 3}}") //
    "---\n" POLICY("api", "shop",
                   "{selector: {}, endpoints: [{port: http, authorization: {credentials: "
                   "{name: token, key: a}}}]}") //
    "---\n" SECRET("token", "shop", "a: old");

/* At whatever step of a link a Secret changes: what is desired has the new one. */
TEST(a_secret_changes_during_a_link)
{
    for (size_t steps = 0; steps < 40; steps++) {
        struct made m;
        struct facts policy;
        struct facts secret;
        char name[32];

        (void)snprintf(name, sizeof(name), "%zu steps", steps);
        bnc_test_row(name);
        start(&m, secured, 0);
        facts_read(&policy,
                   POLICY("more", "shop", "{selector: {}, endpoints: [{port: b}]}"));
        facts_read(&secret, SECRET("token", "shop", "a: new"));
        driven_put(&m.d, policy.items[0]);
        for (size_t i = 0; i < steps; i++) {
            (void)bnc_engine_work(m.d.engine, 1);
        }
        m.present[2] = secret.items[0];
        driven_put(&m.d, secret.items[0]);
        driven_settle(&m.d);
        m.result = bnc_engine_result(m.d.engine, 0);
        CHECK(m.result->ready);
        CHECK_STR(m.result->desired[0].name, "main-prometheus-assets");
        CHECK(strstr(m.result->desired[0].body.ptr, "bmV3") != NULL);
        facts_free(&policy);
        facts_free(&secret);
        stop(&m);
    }
}

RUN_TESTS(single_packed_is_the_same_text, files_hold_together, one_change_is_one_part,
          a_secret_changes_during_a_link)
