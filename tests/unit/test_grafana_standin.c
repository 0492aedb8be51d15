/*
 * Datasources in a Grafana that follows the rules: made, repaired, deleted, and with how
 * many requests.
 */
#include "tests/unit/grafana_rig.h"

#define PROM                                                                             \
    "{\"type\":\"prometheus\",\"url\":\"http://prom:9090\",\"isDefault\":true,"          \
    "\"jsonData\":{\"httpMethod\":\"POST\",\"timeInterval\":\"15s\"}}"
#define JAEGER "{\"type\":\"jaeger\",\"url\":\"http://jaeger:16686\"}"
#define ONE    "/api/datasources/uid/"
#define ALL    "/api/datasources"

static bool
is_repaired(struct rig *rig)
{
    return rig->repaired[0] != '\0' && rig_synced(rig);
}

TEST(made_and_repaired)
{
    struct rig *rig = rig_new();
    (void)rig_item(rig, "jaeger", JAEGER);
    (void)rig_item(rig, "prom", PROM);
    rig_set(rig);
    (void)rig_until(rig, rig_synced, 2000);
    CHECK_INT(rig_asked(rig, NULL, NULL), 3); /* a list, two of POST */
    CHECK_INT(rig_asked(rig, "POST", ALL), 2);
    CHECK_INT(rig_state(rig).created, 2);

    rig_clear_log(rig);
    test_run_ms(rig->world, POLL_MS * 3);
    CHECK(rig_asked(rig, NULL, NULL) >= 2);
    CHECK_INT(rig_asked(rig, NULL, NULL), rig_asked(rig, "GET", ALL));
    CHECK_INT(rig_asked(rig, "GET", ONE), 0);

    rig_clear_log(rig);
    (void)rig_ctl(
        rig, "POST", "/_standin/edit",
        "{\"uid\":\"prom\",\"fields\":{\"url\":\"http://evil:1\",\"name\":\"Mine\","
        "\"isDefault\":false,\"jsonData\":{\"timeInterval\":\"1h\",\"own\":1}}}");
    int64_t took = rig_until(rig, is_repaired, POLL_MS * 3 / 2);
    CHECK(took <= POLL_MS + 100);
    CHECK_STR(
        rig->repaired,
        "shop/prom isDefault: false -> true; jsonData.timeInterval: \"1h\" -> \"15s\"; "
        "name: \"Mine\" -> \"Name prom\"; url: \"http://evil:1\" -> "
        "\"http://prom:9090\"|");
    CHECK_INT(rig_asked(rig, "PUT", NULL), 1);
    CHECK_INT(rig_asked(rig, "POST", NULL), 0);
    CHECK_STR(bnc_json_get_str(rig_stored(rig, "prom"), "url"), "http://prom:9090");
    CHECK_INT(rig_state(rig).repaired, 1);
    rig_free(rig);
}

RUN_TESTS(made_and_repaired)
