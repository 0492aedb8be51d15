/*
 * Any YAML as Prometheus' own configuration, and any text as certificates: no
 * crash, the same said twice, and no password in what is said.
 */
#include "lib/pem.h"
#include "lib/yaml_in.h"
#include "tests/fuzz/fuzz.h"
#include "validate/base.h"

static const char secret[] = "s3cret-s3cret";

static size_t
check_base(const cJSON *tree, const struct bnc_base_rules *rules, struct bnc_arena *arena)
{
    struct bnc_diags diags = bnc_diags_new(arena);
    bnc_base_check(tree, rules, "spec.prometheus.base", &diags);
    bnc_raw_jobs_check(tree, rules, "spec.prometheus.additionalScrapeConfigs", &diags);
    require_diags(&diags, arena);
    return diags.n;
}

/* `tree` as the password of a job is found, and told without it. */
static void
check_password(struct bnc_arena *arena)
{
    const struct bnc_version version = {3, 16, 0};
    const struct bnc_base_rules rules = {.version = &version, .files_only = true};
    struct bnc_diags diags = bnc_diags_new(arena);
    cJSON *auth = bnc_json_object(arena);
    cJSON *job = bnc_json_object(arena);
    cJSON *jobs = bnc_json_array(arena);

    bnc_json_set_str(arena, auth, "username", "u");
    bnc_json_set_str(arena, auth, "password", secret);
    bnc_json_set_str(arena, job, "job_name", "j");
    bnc_json_set_item(arena, job, "basic_auth", auth);
    bnc_json_add(jobs, job);
    bnc_raw_jobs_check(jobs, &rules, "jobs", &diags);
    require(diags.errors == 1);
    require(strstr(bnc_diag_text(&diags.items[0], arena), secret) == NULL);
}

static void
check_tree(const cJSON *tree, struct bnc_arena *arena)
{
    static const struct bnc_version versions[] = {{2, 42, 0}, {2, 53, 0}, {3, 16, 0}};

    for (size_t i = 0; i < BNC_LEN(versions); i++) {
        struct bnc_base_rules rules = {.version = &versions[i], .files_only = i % 2 == 0};
        size_t n = check_base(tree, &rules, arena);
        require(check_base(tree, &rules, arena) == n);
        rules.scrape_interval = "30s";
        (void)check_base(tree, &rules, arena);
    }
}

static void
check_text(const char *text)
{
    struct bnc_error err = {0};
    const struct bnc_bytes pem = {text, strlen(text)};

    require_error(bnc_pem_check_ca(pem, &err), &err);
    err = (struct bnc_error){0};
    require_error(bnc_pem_check_pair(pem, pem, &err), &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct bnc_yaml_limits limits = {
        .max_bytes = 65536, .max_depth = 30, .max_nodes = 5000, .max_docs = 4};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *text = bnc_arena_strndup(arena, (const char *)data, n);
    struct bnc_yaml_docs docs = {0};
    struct bnc_error err = {0};

    check_text(text);
    check_password(arena);
    if (bnc_yaml_read(text, n, &limits, arena, &docs, &err) == BNC_OK) {
        for (size_t i = 0; i < docs.n; i++) {
            check_tree(docs.items[i].root, arena);
        }
    }
    return 0;
}
