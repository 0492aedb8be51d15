/*
 * A MetricRule from YAML, compiled, for the tests of its parts.
 */
#ifndef BNC_TESTS_UNIT_METRIC_RULE_H
#define BNC_TESTS_UNIT_METRIC_RULE_H

#include "reconcilers/metric_rule.h"
#include "tests/unit/facts.h"

struct compiled {
    struct bnc_arena *arena;
    struct facts facts;
    struct bnc_ir out;
    const struct bnc_ir_metric_rule *ir;
};

/* `yaml` is the whole object. */
static inline void
compile(struct compiled *c, const char *yaml)
{
    c->arena = bnc_arena_new();
    facts_read(&c->facts, yaml);
    CHECK_INT(c->facts.n, 1);
    c->out = (struct bnc_ir){.arena = c->arena, .diags = bnc_diags_new(c->arena)};
    bnc_compile_metric_rule(c->facts.items[0], NULL, NULL, &c->out);
    CHECK_INT(c->out.type, BNC_IR_METRIC_RULE);
    c->ir = c->out.as.metric_rule;
}

/* `spec` is what stands below spec:, without indentation. */
static inline void
compile_spec(struct compiled *c, const char *spec)
{
    struct bnc_str yaml = bnc_str_new(NULL, (size_t)1 << 20);
    bnc_str_puts(&yaml, "apiVersion: binnacle.dev/v1alpha1\nkind: MetricRule\n"
                        "metadata: {name: rules, namespace: shop}\nspec:\n  ");
    for (const char *s = spec; *s != '\0'; s++) {
        bnc_str_putc(&yaml, *s);
        bnc_str_puts(&yaml, *s == '\n' ? "  " : "");
    }
    bnc_str_putc(&yaml, '\n');
    compile(c, yaml.ptr);
    bnc_str_free(&yaml);
}

static inline void
compiled_free(struct compiled *c)
{
    facts_free(&c->facts);
    bnc_arena_free(c->arena);
}

/* All diagnostics, one a line; warnings begin with "warning: ". */
static inline const char *
diags_text(const struct bnc_diags *diags)
{
    struct bnc_str out = bnc_str_new(diags->arena, (size_t)1 << 20);
    bnc_str_puts(&out, "");
    for (size_t i = 0; i < diags->n; i++) {
        bnc_str_fmt(&out, "%s%s%s", i == 0 ? "" : "\n",
                    diags->items[i].warning ? "warning: " : "",
                    bnc_diag_text(&diags->items[i], diags->arena));
    }
    return out.ptr;
}

/* A file of the repository, which tests run in; NULL: it is not there. */
static inline char *
read_text(const char *path, struct bnc_arena *arena)
{
    struct bnc_str text = bnc_str_new(arena, (size_t)1 << 20);
    char chunk[4096];
    size_t n = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return NULL;
    }
    bnc_str_puts(&text, "");
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0) {
        bnc_str_add(&text, chunk, n);
    }
    (void)fclose(file);
    return text.ptr;
}

#endif
