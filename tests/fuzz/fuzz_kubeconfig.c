/*
 * Any text as a kubeconfig, and two of them as one list: no crash, what is taken can be
 * used, and no token or password stands in a message.
 */
#include "kube/auth_exec.h"
#include "kube/config.h"
#include "tests/fuzz/fuzz.h"
#include "tests/sim/world.h"

static void
check_pem(const struct bnc_kube_pem *pem)
{
    require(pem->text == NULL || bnc_utf8_valid(pem->text, strlen(pem->text)));
    require(pem->path == NULL || pem->path[0] != '\0');
}

/* A line of a header never goes on in the next one. */
static void
check_line(const char *text)
{
    require(text == NULL || strpbrk(text, "\r\n") == NULL);
}

static void
check(const struct bnc_kube_config *config)
{
    const char *server = config->server;

    require(bnc_str_starts(server, "https://") || bnc_str_starts(server, "http://"));
    require(!bnc_str_ends(server, "/") && config->context != NULL);
    require(!config->insecure || (config->ca.text == NULL && config->ca.path == NULL));
    check_pem(&config->ca);
    check_pem(&config->cert);
    check_pem(&config->key);
    check_line(config->token);
    check_line(config->as);
    check_line(config->as_uid);
    for (size_t i = 0; config->impersonate[i] != NULL; i++) {
        check_line(config->impersonate[i]);
    }
    if (config->exec.command != NULL) {
        struct bnc_error err = {0};
        cJSON *told = NULL;
        const char *info = bnc_exec_info(config->arena, config, config->ca.text);
        require(bnc_json_parse(config->arena, info, strlen(info), &told, &err) == BNC_OK);
    }
}

static void
load(struct bnc_sim *sim, const char *path, const char *context)
{
    const struct bnc_kube_config_options options = {path, context};
    BNC_AUTO(bnc_kube_config) config = NULL;
    struct bnc_error err = {0};
    enum bnc_code code =
        bnc_kube_config_load(bnc_sim_world(sim), &options, &config, &err);

    require_error(code, &err);
    require((code == BNC_OK) == (config != NULL));
    if (config != NULL) {
        check(config);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    BNC_AUTO(bnc_sim) sim = bnc_sim_new(1);
    const struct parts parts = cut_input(arena, data, n, '\0');

    bnc_sim_file_put(sim, "/d/kc", parts.items[0].ptr, parts.items[0].len);
    load(sim, "/d/kc", NULL);
    load(sim, "/d/kc", "c");
    if (parts.n > 1) {
        bnc_sim_file_put(sim, "/d/more", parts.items[1].ptr, parts.items[1].len);
        bnc_sim_setenv(sim, "KUBECONFIG", "/d/kc:/d/none::/d/more");
        load(sim, NULL, NULL);
    }
    return 0;
}
