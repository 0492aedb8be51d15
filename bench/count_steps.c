/*
 * The pure steps on the objects of bench/world.py, one step for each run: bench/count
 * runs it below callgrind, which counts the instructions between a step's first and last
 * one. usage: count_steps STEP FILE, a JSON object on each line of FILE.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/engine.h"
#include "lib/str.h"
#include "lib/zip.h"
#include "model/prune.h"
#include "reconcilers/plan.h"
#include "reconcilers/table.h"

#define LINE_MAX_BYTES ((size_t)256 * 1024)
#define BUDGET         64
#define BLOCK          ((size_t)100 * 1024) /* what is compressed at once: some 64 jobs */
#ifdef __clang__                            /* makes no clones */
#define STEP __attribute__((noinline)) void
#else
#define STEP __attribute__((noinline, noclone)) void
#endif

/* The lines that single steps are done on; the world holds many more. */
struct bench {
    struct bnc_engine *engine;
    char *policy;
    char *rule;
    char *pod;
    char *text; /* of BLOCK bytes */
};

STEP step_all(struct bench *b);
STEP step_policy(struct bench *b);
STEP step_rule(struct bench *b);
STEP step_same(struct bench *b);
STEP step_prune(struct bench *b);
STEP step_deflate(struct bench *b);

static void
fail(const char *what)
{
    (void)fprintf(stderr, "count_steps: %s\n", what);
    exit(1);
}

static void
nobody(void *arg, enum bnc_kind kind, const char *ns, const char *name)
{
    BNC_UNUSED(arg);
    BNC_UNUSED(kind);
    BNC_UNUSED(ns);
    BNC_UNUSED(name);
}

static enum bnc_kind
kind_of(const char *line)
{
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        char want[128];
        (void)snprintf(want, sizeof(want), "\"kind\": \"%s\"", bnc_kind_info(kind)->name);
        const char *found = strstr(line, want);
        if (found != NULL && found - line < 80) { /* not an owner's kind, further on */
            return kind;
        }
    }
    fail("a kind that there is not");
    return BNC_KIND_COUNT;
}

static void
put(struct bench *b, const char *line)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    enum bnc_kind kind = kind_of(line);
    struct bnc_pruned pruned;
    struct bnc_error err = {0};
    if (bnc_prune(bnc_kind_info(kind)->keep, line, strlen(line), arena, &pruned, &err)) {
        fail(err.message);
    }
    bnc_engine_put(b->engine, bnc_object_new(kind, &pruned, NULL));
}

/* Another path of the first endpoint, as long as before. */
static void
edit(char *line, const char *from, const char *to)
{
    char *at = strstr(line, from);
    if (at == NULL || strlen(from) != strlen(to)) {
        fail("nothing to edit");
        return;
    }
    memcpy(at, to, strlen(to));
}

static void
work(struct bench *b)
{
    while (bnc_engine_work(b->engine, BUDGET)) {
    }
}

/* ---- steps --------------------------------------------------------------------- */

STEP
step_all(struct bench *b)
{
    work(b);
}

STEP
step_policy(struct bench *b)
{
    put(b, b->policy);
    work(b);
}

STEP
step_rule(struct bench *b)
{
    put(b, b->rule);
    work(b);
}

/* A pod whose status says something new that nobody reads. */
STEP
step_same(struct bench *b)
{
    put(b, b->pod);
    work(b);
}

STEP
step_prune(struct bench *b)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_pruned out = {0};
    struct bnc_error err = {0};
    if (bnc_prune(bnc_kind_info(BNC_KIND_POD)->keep, b->pod, strlen(b->pod), arena, &out,
                  &err)) {
        fail(err.message);
    }
}

STEP
step_deflate(struct bench *b)
{
    struct bnc_zip_block block = {0};
    struct bnc_error err = {0};
    if (bnc_zip_block(b->text, BLOCK, &block, &err)) {
        fail(err.message);
    }
    bnc_zip_block_free(&block);
}

/* ---- the world ----------------------------------------------------------------- */

/* Keep a line that single steps are done on. */
static void
keep_line(struct bench *b, const char *line)
{
    char **keep = strstr(line, "\"shop-7\"") != NULL && b->policy == NULL ? &b->policy
                  : strstr(line, "\"rules-7\"") != NULL                   ? &b->rule
                  : kind_of(line) == BNC_KIND_POD && b->pod == NULL       ? &b->pod
                                                                          : NULL;
    if (keep != NULL) {
        *keep = bnc_alloc(strlen(line) + 1);
        memcpy(*keep, line, strlen(line) + 1);
    }
}

static void
read_world(struct bench *b, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = bnc_alloc(LINE_MAX_BYTES);
    size_t text = 0;
    b->text = bnc_alloc(BLOCK);
    if (file == NULL) {
        fail("no such file");
        return;
    }
    while (fgets(line, (int)LINE_MAX_BYTES, file) != NULL) {
        if (line[0] != '{') {
            continue; /* between two documents */
        }
        put(b, line);
        keep_line(b, line);
        size_t n = strlen(line) < BLOCK - text ? strlen(line) : BLOCK - text;
        memcpy(b->text + text, line, n);
        text += n;
    }
    (void)fclose(file);
    free(line);
    if (b->policy == NULL || b->rule == NULL || b->pod == NULL || text < BLOCK) {
        fail("the world is too small");
    }
}

static void
check(const struct bench *b)
{
    const struct bnc_result *result = bnc_engine_result(b->engine, 0);
    if (!result->ready || result->n_desired == 0) {
        fail(result->diags->n > 0 ? result->diags->items[0].message
                                  : "nothing is planned");
    }
}

int
main(int argc, char **argv)
{
    static const struct bnc_settings settings = {0};
    static const struct {
        const char *name;
        void (*run)(struct bench *b);
    } steps[] = {{"policy", step_policy},
                 {"rule", step_rule},
                 {"same", step_same},
                 {"prune", step_prune},
                 {"deflate", step_deflate}};
    struct bench b = {0};
    if (argc != 3) {
        fail("usage: count_steps STEP FILE");
    }
    b.engine =
        bnc_engine_new(&(struct bnc_engine_options){.reconcilers = bnc_reconcilers,
                                                    .n_reconcilers = bnc_n_reconcilers,
                                                    .planner = &bnc_planner_prometheus,
                                                    .settings = &settings,
                                                    .want = nobody,
                                                    .unwant = nobody});
    read_world(&b, argv[2]);
    for (enum bnc_kind kind = 0; kind < BNC_KIND_COUNT; kind++) {
        bnc_engine_synced(b.engine, kind, "", NULL);
    }
    step_all(&b);
    check(&b);
    edit(b.policy, "\"/metrics\"", "\"/other/1\"");
    edit(b.rule, "[5m]", "[7m]");
    edit(b.pod, "turn 0", "turn 1");
    for (size_t i = 0; i < BNC_LEN(steps); i++) {
        if (strcmp(argv[1], steps[i].name) == 0) {
            steps[i].run(&b);
        }
    }
    check(&b);
    bnc_engine_free(b.engine);
    free(b.policy);
    free(b.rule);
    free(b.pod);
    free(b.text);
    return 0;
}
