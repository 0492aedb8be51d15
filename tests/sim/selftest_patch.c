/* The model of the API server: patches, as kube-apiserver 1.36 has answered them. */
#include <string.h>

#include "tests/sim/selftest.h"

#define POLICIES   "/apis/binnacle.dev/v1alpha1/namespaces/shop/scrapepolicies"
#define DEPLOYMENT "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=binnacle"
#define CONTAINERS(items)                                                                \
    "{\"spec\":{\"template\":{\"spec\":{\"containers\":[" items "]}}}}"
#define ENV_OF_A(items)  CONTAINERS("{\"name\":\"a\",\"env\":[" items "]}")
#define ENV(name, value) "{\"name\":\"" name "\",\"value\":\"" value "\"}"
#define GONE(name)       "{\"name\":\"" name "\",\"$patch\":\"delete\"}"

static const char *const strategic_headers[] = {
    "Content-Type: application/strategic-merge-patch+json", NULL};
static const char *const merge_headers[] = {"Content-Type: application/merge-patch+json",
                                            NULL};

static const struct {
    const char *name;
    const char *patch;
    int status;
    const char *object; /* parts of the object afterwards; NULL: not looked at */
    const char *fields; /* of the manager binnacle */
} patch_rows[] = {
    {"an item is replaced, one is new", ENV_OF_A(ENV("EY", "22") "," ENV("W", "w")), 200,
     "\"env\":[" ENV("EX", "1") "," ENV("EY", "22") "," ENV("W", "w") "," ENV("EZ",
                                                                              "3") "]",
     "\"f:containers\":{\"k:{\\\"name\\\":\\\"a\\\"}\":{\"f:env\":{\"k:{\\\"name\\\":"
     "\\\"EY\\\"}\":{\"f:value\":{}},\"k:{\\\"name\\\":\\\"W\\\"}\":{\".\":{},"
     "\"f:name\":{},\"f:value\":{}}}}}"},
    {"what is new comes first", ENV_OF_A(ENV("V", "v")), 200,
     "\"env\":[" ENV("V", "v") "," ENV("EX", "1"), NULL},
    {"the same again", ENV_OF_A(ENV("V", "v")), 200, NULL, NULL},
    {"items go", ENV_OF_A(GONE("W") "," GONE("EX") "," GONE("never")), 200,
     "\"env\":[" ENV("V", "v") "," ENV("EY", "22") "," ENV("EZ", "3") "]",
     "{\"f:env\":{\"k:{\\\"name\\\":\\\"EY\\\"}\":{\"f:value\":{}},\"k:{\\\"name\\\":"
     "\\\"V\\\"}\":{\".\":{},\"f:name\":{},\"f:value\":{}}}}"},
    {"the order of the patch, then of the list",
     ENV_OF_A(ENV("M", "m") "," ENV("EZ", "z") "," ENV("V", "v")), 200,
     "\"env\":[" ENV("M", "m") "," ENV("EY", "22") "," ENV("EZ", "z") "," ENV("V",
                                                                              "v") "]",
     NULL},
    {"a whole list goes", ENV_OF_A(GONE("M") "," GONE("EY") "," GONE("EZ") "," GONE("V")),
     200, "{\"name\":\"a\",\"image\":\"i\"}", NULL},
    {"maps", "{\"metadata\":{\"annotations\":{\"x\":\"1\",\"y\":null}}}", 200,
     "\"annotations\":{\"x\":\"1\"}", "\"f:annotations\":{\".\":{},\"f:x\":{}}"},
    {"another version", "{\"metadata\":{\"resourceVersion\":\"5\"}}", 409, NULL, NULL},
    {"another name", "{\"metadata\":{\"name\":\"q\"}}", 400, NULL, NULL},
    {"no key", ENV_OF_A("{\"value\":\"z\"}"), 400, NULL, NULL},
    {"no such directive", "{\"spec\":{\"$retainKeys\":[]}}", 400, NULL, NULL},
};

TEST(test_strategic_patch)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
    char patch[200];
    CHECK_INT(
        bnc_sim_api_put_as(
            api, "seed",
            "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{"
            "\"name\":\"web\",\"namespace\":\"shop\"},\"spec\":{\"template\":{"
            "\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\",\"env\":[" ENV(
                "EX", "1") "," ENV("EY", "2") "," ENV("EZ", "3") "]}]}}}}"),
        201);
    CHECK_INT(ask(sim, "PATCH", DEPLOYMENT, strategic_headers, "{}", NULL), 200);
    for (size_t i = 0; i < BNC_LEN(patch_rows); i++) {
        bnc_test_row(patch_rows[i].name);
        int64_t rv = bnc_sim_api_rv(api);
        CHECK_INT(
            ask(sim, "PATCH", DEPLOYMENT, strategic_headers, patch_rows[i].patch, NULL),
            patch_rows[i].status);
        const char *text = bnc_sim_api_get(api, "Deployment", "shop", "web");
        const char *mine = strstr(text, "\"manager\":\"binnacle\",\"operation\":"
                                        "\"Update\"");
        CHECK((bnc_sim_api_rv(api) > rv) == (patch_rows[i].object != NULL));
        CHECK(patch_rows[i].object == NULL || has(text, patch_rows[i].object));
        CHECK(patch_rows[i].fields == NULL || has(mine, patch_rows[i].fields));
    }
    (void)snprintf(patch, sizeof(patch),
                   "{\"metadata\":{\"resourceVersion\":\"%s\",\"labels\":{\"l\":\"1\"}}}",
                   bnc_sim_api_field(api, arena, "Deployment", "shop", "web",
                                     "metadata\nresourceVersion\n"));
    CHECK_INT(ask(sim, "PATCH", DEPLOYMENT, strategic_headers, patch, NULL), 200);
    CHECK_INT(ask(sim, "PATCH", DEPLOYMENT, strategic_headers, patch, NULL), 409);
}

TEST(test_merge_patch)
{
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    BNC_AUTO(bnc_sim_api) api = bnc_sim_api_new(sim);
    const char *path = POLICIES "/p?fieldManager=binnacle";
    const char *policy = "{\"apiVersion\":\"binnacle.dev/v1alpha1\",\"kind\":"
                         "\"ScrapePolicy\",\"metadata\":{\"name\":\"p\",\"namespace\":"
                         "\"shop\"},\"spec\":{\"a\":[{\"name\":\"x\"}],\"b\":1}}";
    CHECK_INT(ask(sim, "PATCH", path, merge_headers, "{}", NULL), 404);
    CHECK_INT(bnc_sim_api_put(api, policy), 201);

    CHECK_INT(ask(sim, "PATCH", path, strategic_headers, "{}", NULL), 415);
    CHECK_INT(ask(sim, "PATCH", path, merge_headers,
                  "{\"spec\":{\"a\":[{\"name\":\"y\"}],\"b\":null}}", NULL),
              200);
    const char *text = bnc_sim_api_get(api, "ScrapePolicy", "shop", "p");
    CHECK(has(text, "\"spec\":{\"a\":[{\"name\":\"y\"}]}"));
    CHECK(has(text, "\"fieldsV1\":{\"f:spec\":{\"f:a\":{}}},\"manager\":\"binnacle\","
                    "\"operation\":\"Update\""));
    CHECK_INT(ask(sim, "PATCH", path, merge_headers,
                  "{\"metadata\":{\"resourceVersion\":\"5\"}}", NULL),
              409);
    CHECK_INT(bnc_sim_api_writes(api, "binnacle").changes, 1);
}

RUN_TESTS(test_strategic_patch, test_merge_patch)
