/* Rule groups beside jobs: one more key of the root, parts, a key with slots. */
#include <stdlib.h>

#include "lib/base64.h"
#include "lib/json.h"
#include "lib/zip.h"
#include "tests/unit/made.h"
#include "tests/unit/universe.h"

#define POLICIES 12
#define SMALL    2000 /* bytes in a part: several parts */
#define TEXT_MAX ((size_t)8 * 1024 * 1024)

/* ---- a planner that adds groups -------------------------------------------------- */

static struct {
    size_t n;       /* groups */
    size_t bytes;   /* more of each */
    uint64_t stamp; /* of the first */
    size_t failing; /* this one cannot be lowered */
    size_t lowered; /* times */
} more;

static bool
step(struct bnc_plan *plan)
{
    if (!bnc_planner_prometheus.step(plan)) {
        return false;
    }
    struct bnc_unit *units =
        bnc_arena_array(plan->arena, plan->n_units + more.n, sizeof(*units));
    if (plan->n_units > 0) {
        memcpy(units, plan->units, plan->n_units * sizeof(*units));
    }
    plan->units = units;
    for (size_t i = 0; i < more.n; i++) {
        plan->units[plan->n_units++] = (struct bnc_unit){
            .section = BNC_SECTION_RULES,
            .job_name = bnc_arena_fmt(plan->arena, "rules/shop/r/%04zu", i),
            .stamp = i == 0 ? more.stamp : 1,
            .verdict = 0};
    }
    return true;
}

static enum bnc_code
lower(const struct bnc_plan *plan, size_t unit, int64_t shard, struct bnc_arena *arena,
      struct bnc_bytes *out, struct bnc_diags *diags, struct bnc_error *err)
{
    const struct bnc_unit *u = &plan->units[unit];
    if (u->section == BNC_SECTION_JOBS) {
        return bnc_planner_prometheus.lower(plan, unit, shard, arena, out, diags, err);
    }
    size_t i = (size_t)strtoul(u->job_name + strlen("rules/shop/r/"), NULL, 10);
    CHECK_INT(shard, 0);
    more.lowered++;
    if (i == more.failing) {
        return bnc_fail(err, BNC_INVALID, "no good");
    }
    out->ptr =
        bnc_arena_fmt(arena,
                      "- name: %s\n  rules:\n  - record: a:%zu\n    expr: b%llu "
                      "# %0*d\n",
                      u->job_name, i, (unsigned long long)u->stamp, (int)more.bytes, 0);
    out->len = strlen(out->ptr);
    return BNC_OK;
}

/* A head of its own: which files it is asked to name. */
static enum bnc_code
frame(const struct bnc_plan *plan, const struct bnc_frame_ask *ask,
      struct bnc_arena *arena, struct bnc_frame *out, struct bnc_diags *diags,
      struct bnc_error *err)
{
    struct bnc_str text = bnc_str_new(arena, TEXT_MAX);
    BNC_UNUSED(plan);
    BNC_UNUSED(diags);
    BNC_UNUSED(err);
    bnc_str_puts(&text, "");
    for (size_t i = 0; i < ask->n_files; i++) {
        bnc_str_fmt(&text, "jobs: %s\n", ask->files[i]);
    }
    for (size_t i = 0; i < ask->n_rule_files; i++) {
        bnc_str_fmt(&text, "rules: %s\n", ask->rule_files[i]);
    }
    bnc_str_puts(&text, "scrape_configs:\n");
    *out = (struct bnc_frame){.head = {text.ptr, text.len}, .tail = {"", 0}};
    return BNC_OK;
}

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

/* As start(), with the planner above. */
static void
start_more(struct made *m, const char *prometheus, size_t budget)
{
    static struct bnc_planner planner;
    planner = bnc_planner_prometheus;
    planner.step = step;
    planner.lower = lower;
    planner.frame = frame;
    m->arena = bnc_arena_new();
    facts_read(&m->facts, yaml_of(m->arena, prometheus));
    memcpy(m->present, m->facts.items, sizeof(m->present));
    driven_start(&m->d, m->present, m->facts.n);
    bnc_engine_free(m->d.engine);
    m->d.engine =
        bnc_engine_new(&(struct bnc_engine_options){.reconcilers = bnc_reconcilers,
                                                    .n_reconcilers = bnc_n_reconcilers,
                                                    .planner = &planner,
                                                    .settings = &m->d.settings,
                                                    .want = driven_want,
                                                    .unwant = driven_unwant,
                                                    .arg = &m->d});
    m->d.settings.part_budget = budget;
    for (size_t i = 0; i < m->facts.n; i++) {
        driven_put(&m->d, m->present[i]);
    }
    driven_sync(&m->d);
    driven_settle(&m->d);
    m->result = bnc_engine_result(m->d.engine, 0);
}

/* ---- what came out --------------------------------------------------------------- */

static const struct bnc_desired *
root_of(const struct made *m, int64_t shard)
{
    for (size_t i = 0; i < m->result->n_desired; i++) {
        const struct bnc_desired *d = &m->result->desired[i];
        if (d->role == BNC_ROLE_ROOT && d->shard == shard) {
            return d;
        }
    }
    return NULL;
}

static const struct bnc_desired *
object_of(const struct made *m, const char *name)
{
    for (size_t i = 0; i < m->result->n_desired; i++) {
        if (strcmp(m->result->desired[i].name, name) == 0) {
            return &m->result->desired[i];
        }
    }
    return NULL;
}

/* The bytes of a key as a reader of the object has them; NULL: it is not there. */
static const char *
value_of(struct made *m, const struct bnc_desired *desired, const char *key)
{
    static const char *const maps[] = {"data", "binaryData"};
    struct bnc_error err = {0};
    cJSON *body = NULL;
    CHECK_INT(bnc_json_parse(m->arena, desired->body.ptr, desired->body.len, &body, &err),
              BNC_OK);
    for (size_t i = 0; i < BNC_LEN(maps); i++) {
        const char *text = bnc_json_get_str(bnc_json_get(body, maps[i]), key);
        struct bnc_bytes bytes = {0};
        if (text == NULL || (desired->kind == BNC_KIND_CONFIG_MAP && i == 0)) {
            if (text != NULL) {
                return text;
            }
            continue;
        }
        CHECK(bnc_base64_decode(m->arena, text, &bytes));
        if (!bnc_str_ends(key, ".gz")) {
            return bnc_arena_strndup(m->arena, bytes.ptr, bytes.len);
        }
        struct bnc_str out = bnc_str_new(m->arena, TEXT_MAX);
        CHECK_INT(bnc_zip_unpack(bytes.ptr, bytes.len, TEXT_MAX, &out, &err), BNC_OK);
        return out.ptr;
    }
    return NULL;
}

/* All groups, as one file has them. */
static const char *
groups_text(struct made *m)
{
    struct bnc_str out = bnc_str_new(m->arena, TEXT_MAX);
    bnc_str_puts(&out, "groups:\n");
    for (size_t i = 0; i < more.n; i++) {
        if (i != more.failing) {
            bnc_str_fmt(&out,
                        "- name: rules/shop/r/%04zu\n  rules:\n  - record: a:%zu\n    "
                        "expr: b%llu # %0*d\n",
                        i, i, (unsigned long long)(i == 0 ? more.stamp : 1),
                        (int)more.bytes, 0);
        }
    }
    return out.ptr;
}

static size_t
count(const char *text, const char *what)
{
    size_t n = 0;
    for (; text != NULL && (text = strstr(text, what)) != NULL; text += strlen(what)) {
        n++;
    }
    return n;
}

static void
reset(size_t n, size_t bytes)
{
    memset(&more, 0, sizeof(more));
    more.n = n;
    more.bytes = bytes;
    more.stamp = 1;
    more.failing = SIZE_MAX;
}

/* ---- layout Single -------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *prometheus;
    const char *key;
    const char *rules;
    size_t n;
    size_t shards;
} singles[] = {
    {"plain", "prometheus: {}", "prometheus.yml", "rules.yml", 3, 1},
    {"many", "prometheus: {}", "prometheus.yml", "rules.yml", 400, 1},
    {"packed", "prometheus: {output: {key: p.yml.gz}}", "p.yml.gz", "rules.yml.gz", 400,
     1},
    {"ConfigMap", "prometheus: {output: {kind: ConfigMap}}", "prometheus.yml",
     "rules.yml", 3, 1},
    {"ConfigMap, packed", "prometheus: {output: {kind: ConfigMap, key: p.yml.gz}}",
     "p.yml.gz", "rules.yml.gz", 3, 1},
    {"shards", "prometheus: {shards: 3}", "prometheus.yml", "rules.yml", 3, 3},
};

TEST(single_has_two_documents)
{
    for (size_t i = 0; i < BNC_LEN(singles); i++) {
        struct made m;
        bnc_test_row(singles[i].name);
        reset(singles[i].n, 10);
        start_more(&m, singles[i].prometheus, 0);
        CHECK(m.result->ready);
        CHECK_INT(m.result->n_desired, singles[i].shards);
        CHECK_INT(m.result->n_jobs, POLICIES);
        CHECK_INT(more.lowered, more.n); /* once, whatever shards there are */
        for (size_t shard = 0; shard < singles[i].shards; shard++) {
            const struct bnc_desired *d = root_of(&m, (int64_t)shard);
            const char *text = value_of(&m, d, singles[i].key);
            const char *rules = value_of(&m, d, singles[i].rules);
            char sha[2][BNC_SHA256_HEX];
            char hash[BNC_SHA256_HEX];

            CHECK_STR(rules, groups_text(&m));
            CHECK(bnc_str_starts(text, "rules: rules.yml\nscrape_configs:\n"));
            CHECK_INT(count(text, "- job_name: "), POLICIES);
            CHECK_INT(count(text, "- name: rules/"), 0);
            CHECK_INT(d->size, strlen(text));
            bnc_sha256_hex(text, strlen(text), sha[0]);
            bnc_sha256_hex(rules, strlen(rules), sha[1]);
            const char *lines = bnc_arena_fmt(m.arena, "%s\n%s\nrules.yml\n%s\n", d->file,
                                              sha[0], sha[1]);
            bnc_sha256_hex(lines, strlen(lines), hash);
            CHECK_STR(d->hash + strlen("sha256:"), hash);
        }
        stop(&m);
    }
}

/* Without groups there is one key, and its digest is the hash. */
TEST(single_without_rules)
{
    static const size_t failing[] = {SIZE_MAX, 0};
    for (size_t i = 0; i < BNC_LEN(failing); i++) {
        struct made m;
        char hash[BNC_SHA256_HEX];

        bnc_test_row(i == 0 ? "none" : "one, which cannot be lowered");
        reset(i, 0);
        more.failing = failing[i];
        start_more(&m, "prometheus: {}", 0);
        const struct bnc_desired *d = root_of(&m, 0);
        const char *text = value_of(&m, d, "prometheus.yml");
        CHECK(bnc_str_starts(text, "scrape_configs:\n"));
        CHECK(value_of(&m, d, "rules.yml") == NULL);
        bnc_sha256_hex(text, strlen(text), hash);
        CHECK_STR(d->hash + strlen("sha256:"), hash);
        stop(&m);
    }
}

TEST(what_does_not_fit)
{
    static const struct {
        const char *name;
        const char *prometheus;
        size_t bytes;
        const char *field;
        const char *message;
    } rows[] = {
        {"both together", "prometheus: {}", 1024 * 1024, "spec.prometheus.layout",
         "the configuration has 10"},
        {"with slots", "prometheus: {layout: Files, parts: 2}", 1024 * 1024,
         "spec.prometheus.parts", "the rule groups have 10"},
        {"a key that is taken", "prometheus: {output: {key: rules.yml}}", 1,
         "spec.prometheus.output.key", "the key rules.yml is taken"},
        {"the same, packed", "prometheus: {output: {key: rules.yml.gz}}", 1,
         "spec.prometheus.output.key", "the key rules.yml.gz is taken"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct made m;
        bnc_test_row(rows[i].name);
        reset(1, rows[i].bytes);
        start_more(&m, rows[i].prometheus, 0);
        CHECK(!m.result->ready);
        const struct bnc_diag *diag = &m.result->diags->items[m.result->diags->n - 1];
        CHECK_STR(diag->field, rows[i].field);
        CHECK(bnc_str_starts(diag->message, rows[i].message));
        stop(&m);
    }
}

/* ---- layout Files --------------------------------------------------------------- */

/* Every file of the manifest that has rules: in its object, named in the root; in all
 * every group once. */
static size_t
check_files(struct made *m, const struct bnc_desired *root, const char *config)
{
    struct bnc_error err = {0};
    cJSON *manifest = NULL;
    const char *text = value_of(m, root, "manifest.json");
    struct bnc_str all = bnc_str_new(m->arena, TEXT_MAX);
    const cJSON *file;
    size_t n = 0;

    CHECK_INT(bnc_json_parse(m->arena, text, strlen(text), &manifest, &err), BNC_OK);
    bnc_str_puts(&all, "");
    cJSON_ArrayForEach(file, bnc_json_get(manifest, "files"))
    {
        const char *name = bnc_json_get_str(file, "name");
        if (!bnc_str_starts(name, "rules-")) {
            CHECK_INT(n, 0); /* they are the last */
            continue;
        }
        const struct bnc_desired *object = object_of(m, bnc_json_get_str(file, "object"));
        const char *content = value_of(m, object, bnc_json_get_str(file, "key"));
        char sha[BNC_SHA256_HEX];
        int64_t size = 0;

        n++;
        CHECK(bnc_str_starts(content, "groups:\n- name: "));
        bnc_sha256_hex(content, strlen(content), sha);
        CHECK_STR(bnc_json_get_str(file, "sha256"), sha);
        CHECK(bnc_json_get_int(file, "size", &size) && size == (int64_t)strlen(content));
        CHECK(bnc_str_ends(name, bnc_arena_fmt(m->arena, "-%.16s.yml", sha)));
        CHECK_INT(count(config, bnc_arena_fmt(m->arena, "rules: %s\n", name)), 1);
        CHECK(object == root ||
              (object->role == BNC_ROLE_PART && strcmp(object->file, name) == 0));
        bnc_str_puts(&all, content);
    }
    for (size_t i = 0; i < more.n; i++) {
        const char *name = bnc_arena_fmt(m->arena, "- name: rules/shop/r/%04zu\n", i);
        CHECK_INT(count(all.ptr, name), 1);
    }
    CHECK_INT(count(config, "rules: "), n);
    return n;
}

static const struct {
    const char *name;
    const char *prometheus;
    const char *key;
    size_t budget;
    size_t least; /* files of rules */
    size_t most;
    size_t slots;
} layouts[] = {
    {"one leaf", "prometheus: {layout: Files}", "prometheus.yml", 0, 1, 1, 0},
    {"several leaves", "prometheus: {layout: Files}", "prometheus.yml", SMALL, 4, 40, 0},
    {"ConfigMap, packed",
     "prometheus: {layout: Files, output: {kind: ConfigMap, key: p.yml.gz}}", "p.yml.gz",
     SMALL, 4, 40, 0},
    {"slots", "prometheus: {layout: Files, parts: 3}", "prometheus.yml", 0, 1, 1, 3},
    {"slots, ConfigMap",
     "prometheus: {layout: Files, parts: 3, output: {kind: ConfigMap}}", "prometheus.yml",
     0, 1, 1, 3},
};

TEST(files_with_rules)
{
    for (size_t i = 0; i < BNC_LEN(layouts); i++) {
        struct made m;
        size_t slots = 0;

        bnc_test_row(layouts[i].name);
        reset(100, 50);
        start_more(&m, layouts[i].prometheus, layouts[i].budget);
        CHECK(m.result->ready);
        const struct bnc_desired *root = root_of(&m, 0);
        size_t n = check_files(&m, root, value_of(&m, root, layouts[i].key));
        CHECK(n >= layouts[i].least && n <= layouts[i].most);
        for (size_t k = 0; k < m.result->n_desired; k++) {
            slots += m.result->desired[k].role == BNC_ROLE_SLOT;
        }
        CHECK_INT(slots, layouts[i].slots);
        if (root->slots != NULL) { /* one of each slot, and no more */
            CHECK_INT(count(root->slots, ",") + 1, slots);
        }
        stop(&m);
    }
}

/* ---- what a change costs ---------------------------------------------------------- */

TEST(one_group_changes)
{
    struct made m;
    bnc_test_row("one");
    reset(400, 50);
    start_more(&m, "prometheus: {output: {key: p.yml.gz}}", 0);
    driven_gone(&m.d, m.present[1]);
    driven_settle(&m.d);
    struct bnc_engine_stats before = bnc_engine_stats(m.d.engine);
    size_t lowered = more.lowered;
    more.stamp = 2;
    driven_put(&m.d, m.present[1]); /* planned again */
    driven_settle(&m.d);
    m.result = bnc_engine_result(m.d.engine, 0);
    struct bnc_engine_stats after = bnc_engine_stats(m.d.engine);
    CHECK(after.plans > before.plans);
    CHECK_INT(more.lowered - lowered, 1);
    CHECK(after.packed - before.packed <= 2); /* that of the job, that of the group */
    CHECK_STR(value_of(&m, root_of(&m, 0), "rules.yml.gz"), groups_text(&m));
    stop(&m);
}

RUN_TESTS(single_has_two_documents, single_without_rules, what_does_not_fit,
          files_with_rules, one_group_changes)
