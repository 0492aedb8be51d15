#include "tests/unit/test.h"

#include "model/prom_schema.h"

TEST(tables)
{
    for (int b = 0; b < BNC_PROM_BLOCK_COUNT; b++) {
        size_t n;
        const struct bnc_prom_key *keys = bnc_prom_keys((enum bnc_prom_block)b, &n);

        CHECK(n > 0 || b == BNC_PROM_NONE);
        for (size_t i = 0; i < n; i++) {
            bool has_sub =
                keys[i].type == BNC_PROM_OBJECT || keys[i].type == BNC_PROM_LIST;

            bnc_test_row(keys[i].name);
            CHECK(bnc_prom_key_find((enum bnc_prom_block)b, keys[i].name) == &keys[i]);
            CHECK_INT(keys[i].sub != BNC_PROM_NONE, has_sub);
            CHECK(keys[i].since == 0 || keys[i].since > BNC_PROM_V(2, 0));
            CHECK(keys[i].until == 0 || keys[i].until > keys[i].since);
        }
    }
    CHECK(bnc_prom_key_find(BNC_PROM_GLOBAL, "no_such_key") == NULL);
}

static const struct {
    const char *name;
    enum bnc_prom_block block;
    const char *key;
    struct bnc_version version;
    bool known;
} rows[] = {
    {"from the first day", BNC_PROM_JOB, "honor_labels", {2, 42, 0}, true},
    {"before", BNC_PROM_JOB, "scrape_protocols", {2, 48, 9}, false},
    {"since", BNC_PROM_JOB, "scrape_protocols", {2, 49, 0}, true},
    {"next major", BNC_PROM_JOB, "scrape_protocols", {3, 0, 0}, true},
    {"major brings it", BNC_PROM_JOB, "fallback_scrape_protocol", {2, 55, 1}, false},
    {"last", BNC_PROM_JOB, "scrape_classic_histograms", {2, 55, 0}, true},
    {"removed", BNC_PROM_JOB, "scrape_classic_histograms", {3, 0, 0}, false},
    {"two digits", BNC_PROM_GLOBAL, "extra_scrape_metrics", {3, 9, 0}, false},
    {"two digits since", BNC_PROM_GLOBAL, "extra_scrape_metrics", {3, 10, 0}, true},
    {"of the HTTP client", BNC_PROM_REMOTE_WRITE, "no_proxy", {2, 42, 0}, false},
};

TEST(versions)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const struct bnc_prom_key *key = bnc_prom_key_find(rows[i].block, rows[i].key);

        bnc_test_row(rows[i].name);
        CHECK(key != NULL);
        CHECK_INT(bnc_prom_key_in(key, &rows[i].version), rows[i].known);
    }
}

TEST(protocols)
{
    CHECK_INT(bnc_prom_protocol_since("PrometheusProto"), BNC_PROM_V(2, 49));
    CHECK_INT(bnc_prom_protocol_since("PrometheusText1.0.0"), BNC_PROM_V(3, 0));
    CHECK_INT(bnc_prom_protocol_since("prometheusproto"), 0);
}

RUN_TESTS(tables, versions, protocols)
