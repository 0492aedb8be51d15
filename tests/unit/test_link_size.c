/* How much an object takes, in each layout, and what is said when it is too much. */
#include "tests/unit/made.h"

#define TEXT_MAX ((size_t)8 * 1024 * 1024)

/* Digits that do not compress well. */
static void
add_noise(struct bnc_str *out, size_t n, uint64_t seed)
{
    static const char digits[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:";
    for (size_t i = 0; i < n; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        bnc_str_putc(out, digits[(seed >> 33) % 64]);
    }
}

/* A policy with about `noise` bytes in it, 25 000 at most for each endpoint. */
static void
add_policy(struct bnc_str *yaml, size_t i, size_t noise)
{
    bnc_str_fmt(yaml,
                "---\napiVersion: binnacle.dev/v1alpha1\nkind: ScrapePolicy\nmetadata: "
                "{name: p%zu, namespace: shop}\nspec: {selector: {matchLabels: {app: "
                "p%zu}}, endpoints: [",
                i, i);
    for (size_t at = 0; at < noise; at += 500) {
        if (at % 25000 == 0) {
            bnc_str_fmt(yaml, "%s{port: p%zu, metricRelabelings: [",
                        at == 0 ? "" : "]}, ", at);
        }
        bnc_str_puts(yaml, "{action: drop, regex: \"");
        add_noise(yaml, 460, i * 1000003 + at);
        bnc_str_puts(yaml, "\"}, ");
    }
    bnc_str_puts(yaml, "]}]}\n");
}

static const struct {
    const char *name;
    const char *prometheus; /* "%" stands for noisy entries */
    size_t policies;        /* with so much noise each */
    size_t noise;
    const char *field;
    const char *message; /* a beginning; NULL: it fits */
    const char *remedy;
} sizes[] = {
    {"Single fits", "prometheus: {}", 9, 100000, NULL, NULL, NULL},
    {"Single", "prometheus: {}", 11, 100000, "spec.prometheus.layout",
     "the configuration has 11",
     "say Files, and run binnacle sync beside Prometheus; or "
     "end spec.prometheus.output.key in .gz to have it "
     "compressed"},
    {"packed fits", "prometheus: {output: {key: p.gz}}", 11, 100000, NULL, NULL, NULL},
    {"packed", "prometheus: {output: {key: p.gz}}", 16, 100000, "spec.prometheus.layout",
     "the configuration has 1", "say Files, and run binnacle sync beside Prometheus"},
    {"Files", "prometheus: {layout: Files}", 16, 100000, NULL, NULL, NULL},
    {"a root of its own size", "prometheus: {layout: Files, base: {remote_write: [%]}}",
     1, 500, "spec.prometheus.base", "the configuration has 1", "make it smaller"},
};

TEST(what_is_too_big)
{
    for (size_t i = 0; i < BNC_LEN(sizes); i++) {
        BNC_AUTO(bnc_arena) arena = bnc_arena_new();
        struct bnc_str yaml = bnc_str_new(arena, TEXT_MAX);
        const char *percent = strchr(sizes[i].prometheus, '%');
        struct made m;

        bnc_test_row(sizes[i].name);
        bnc_str_puts(&yaml, "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\n"
                            "metadata: {name: main, namespace: monitoring}\nspec: "
                            "{namespaceSelector: {}, ");
        if (percent != NULL) {
            bnc_str_add(&yaml, sizes[i].prometheus,
                        (size_t)(percent - sizes[i].prometheus));
            for (size_t k = 0; k < 530; k++) {
                bnc_str_puts(&yaml, "{url: \"http://a/");
                add_noise(&yaml, 2000, k);
                bnc_str_puts(&yaml, "\"}, ");
            }
            bnc_str_puts(&yaml, percent + 1);
        } else {
            bnc_str_puts(&yaml, sizes[i].prometheus);
        }
        bnc_str_puts(&yaml, "}\n");
        for (size_t k = 0; k < sizes[i].policies; k++) {
            add_policy(&yaml, k, sizes[i].noise);
        }
        start(&m, yaml.ptr, 0);
        CHECK_INT(m.result->ready, sizes[i].message == NULL);
        if (sizes[i].message != NULL) {
            CHECK_INT(m.result->diags->n, 1);
            const struct bnc_diag *diag = &m.result->diags->items[0];
            CHECK_INT(diag->reason, BNC_REASON_TOO_BIG);
            CHECK_STR(diag->field, sizes[i].field);
            CHECK_STR(diag->remedy, sizes[i].remedy);
            CHECK(bnc_str_starts(diag->message, sizes[i].message));
        }
        stop(&m);
    }
}

RUN_TESTS(what_is_too_big)
