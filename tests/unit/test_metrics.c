#include "controller/metrics.h"
#include "tests/unit/test.h"

static const struct bnc_metric metric = {"m", BNC_COUNTER, "what it is"};

TEST(samples)
{
    static const struct {
        const char *name;
        struct bnc_label labels[3];
        double value;
        const char *want;
    } rows[] = {
        {"bare", {{NULL, NULL}}, 3, "m 3\n"},
        {"two labels", {{"a", "x"}, {"b", "y"}}, 0, "m{a=\"x\",b=\"y\"} 0\n"},
        {"escaped", {{"a", "q\" b\\ n\n"}}, 1, "m{a=\"q\\\" b\\\\ n\\n\"} 1\n"},
        {"no value", {{"a", NULL}}, 1, "m{a=\"\"} 1\n"},
        {"fraction", {{NULL, NULL}}, 0.1, "m 0.1\n"},
        {"large", {{NULL, NULL}}, 1795366800123, "m 1795366800123\n"},
        {"below 0", {{NULL, NULL}}, -1, "m -1\n"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_str out = bnc_str_new(NULL, 1000);
        bnc_test_row(rows[i].name);
        bnc_metric_sample(&out, &metric, rows[i].labels, rows[i].value);
        CHECK_STR(out.ptr, rows[i].want);
        bnc_str_free(&out);
    }
}

TEST(buckets_count_what_is_below)
{
    static const struct bnc_buckets buckets = {2, {0.5, 2}};
    static const struct bnc_metric h = {"h", BNC_HISTOGRAM, "what it is"};
    struct bnc_histogram histogram = {.buckets = &buckets};
    struct bnc_str out = bnc_str_new(NULL, 1000);

    bnc_histogram_add(&histogram, 0.5);
    bnc_histogram_add(&histogram, 0.75);
    bnc_histogram_add(&histogram, 7);
    bnc_histogram_add(&histogram, -1);
    CHECK_INT(bnc_histogram_count(&histogram), 4);
    bnc_metric_begin(&out, &h);
    bnc_metric_histogram(&out, &h, BNC_LABELS({"a", "x"}), &histogram);
    CHECK_STR(out.ptr, "# HELP h what it is\n# TYPE h histogram\n"
                       "h_bucket{a=\"x\",le=\"0.5\"} 2\n"
                       "h_bucket{a=\"x\",le=\"2\"} 3\n"
                       "h_bucket{a=\"x\",le=\"+Inf\"} 4\n"
                       "h_sum{a=\"x\"} 8.25\n"
                       "h_count{a=\"x\"} 4\n");
    bnc_str_free(&out);
}

/* A bound out of order would make buckets that shrink. */
TEST(bounds_ascend)
{
    static const struct bnc_buckets *const all[] = {
        &bnc_buckets_queue, &bnc_buckets_reconcile, &bnc_buckets_request};
    for (size_t i = 0; i < BNC_LEN(all); i++) {
        CHECK(all[i]->n <= BNC_BUCKETS_MAX);
        for (size_t k = 1; k < all[i]->n; k++) {
            CHECK(all[i]->bounds[k] > all[i]->bounds[k - 1]);
        }
        CHECK(all[i]->bounds[all[i]->n - 1] >= 60);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples),
        cmocka_unit_test(buckets_count_what_is_below),
        cmocka_unit_test(bounds_ascend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
