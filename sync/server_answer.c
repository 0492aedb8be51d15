#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/units.h"
#include "sync/server_priv.h"

/* ---- results --------------------------------------------------------------------- */

static void
tell_reload(struct bnc_server *server, enum bnc_reload_verdict verdict,
            const char *message)
{
    const struct bnc_reload reload = {.verdict = verdict, .message = message};

    bnc_server_end(server);
    server->fn.reload(server->arg, &reload);
}

static void
tell_proof(struct bnc_server *server, enum bnc_proof_verdict verdict)
{
    struct bnc_proof proof = {.verdict = verdict, .reload_failed = server->reload_failed};
    const struct bnc_error none = {0};

    if (server->rules_match != NULL) {
        bnc_jobs_match_end(server->rules_match, &proof.rules);
        proof.verdict = proof.rules.missing > 0 ? BNC_PROOF_RULES : verdict;
    }
    if (server->match != NULL) {
        bnc_jobs_match_end(server->match, &proof.pools);
        if (proof.pools.missing > 0 ||
            (proof.pools.surplus > 0 && !server->allow_extra)) {
            proof.verdict = BNC_PROOF_POOLS;
        }
    }
    bnc_server_end(server);
    server->fn.prove(server->arg, &proof, &none);
}

static void
tell_query(struct bnc_server *server, const char *message)
{
    const struct bnc_error none = {0};

    bnc_server_end(server);
    server->fn.query(server->arg, message, &none);
}

static void
tell_targets(struct bnc_server *server, int64_t up, int64_t down)
{
    const struct bnc_server_targets targets = {.up = up, .down = down};
    const struct bnc_error none = {0};

    bnc_server_end(server);
    server->fn.targets(server->arg, &targets, &none);
}

static void
tell_version(struct bnc_server *server, bool agent)
{
    char text[BNC_SERVER_VERSION_MAX];
    const struct bnc_server_version version = {.version = text, .agent = agent};
    const struct bnc_error none = {0};

    memcpy(text, server->version, sizeof(text));
    bnc_server_end(server);
    server->fn.version(server->arg, &version, &none);
}

void
bnc_server_no_answer(struct bnc_server *server, const struct bnc_error *err)
{
    const struct bnc_error copy = *err;

    bnc_server_end(server);
    switch (server->step) {
    case BNC_STEP_RELOAD:
        tell_reload(server,
                    copy.code == BNC_UNAVAILABLE || copy.code == BNC_TIMEOUT
                        ? BNC_RELOAD_AWAY
                        : BNC_RELOAD_WRONG,
                    copy.message);
        break;
    case BNC_STEP_BUILD:
    case BNC_STEP_AGENT:
        server->fn.version(server->arg, NULL, &copy);
        break;
    case BNC_STEP_CONFIG:
    case BNC_STEP_RUNTIME:
    case BNC_STEP_POOLS:
    case BNC_STEP_RULES:
        server->fn.prove(server->arg, NULL, &copy);
        break;
    case BNC_STEP_QUERY:
        server->fn.query(server->arg, NULL, &copy);
        break;
    case BNC_STEP_UP:
    case BNC_STEP_DOWN:
    case BNC_STEP_COUNT:
        server->fn.targets(server->arg, NULL, &copy);
        break;
    }
}

static void
fail(struct bnc_server *server, enum bnc_code code, const char *what)
{
    struct bnc_error err = {0};

    (void)bnc_fail(&err, code, "%s %s%s: %s", bnc_server_requests[server->step].method,
                   server->place.base, bnc_server_requests[server->step].path, what);
    bnc_server_no_answer(server, &err);
}

/* ---- answers --------------------------------------------------------------------- */

static const char *
text_of(const struct bnc_server *server)
{
    return server->text.ptr == NULL ? "" : server->text.ptr;
}

/* `data` of the answer that is held; NULL when it is none of Prometheus'. */
static const cJSON *
data_of(struct bnc_server *server, struct bnc_arena *arena)
{
    struct bnc_error err = {0};
    cJSON *tree = NULL;

    if (bnc_json_parse(arena, text_of(server), server->text.len, &tree, &err) ||
        !bnc_str_eq(bnc_json_get_str(tree, "status"), "success")) {
        return NULL;
    }
    const cJSON *data = bnc_json_get(tree, "data");
    return cJSON_IsObject(data) ? data : NULL;
}

static void
fail_status(struct bnc_server *server, int status)
{
    char clipped[BNC_SERVER_TEXT_MAX];
    char what[300];
    enum bnc_code code = BNC_INVALID;

    if (status == 401 || status == 403) {
        code = BNC_DENIED;
    } else if (status == 404 || status == 405) {
        code = BNC_NOT_FOUND;
    } else if (status == 429 || status >= 500) {
        code = BNC_UNAVAILABLE;
    }
    bnc_server_clip(text_of(server), clipped);
    (void)snprintf(what, sizeof(what), "status %d%s%.200s", status,
                   clipped[0] == '\0' ? "" : ": ", clipped);
    fail(server, code, what);
}

static void
on_reload(struct bnc_server *server, int status)
{
    char message[BNC_SERVER_TEXT_MAX];

    if (status >= 200 && status < 300) {
        tell_reload(server, BNC_RELOAD_LOADED, "");
    } else if (status == 500 && bnc_server_refusal(text_of(server), message)) {
        tell_reload(server, BNC_RELOAD_REFUSED, message);
    } else {
        fail_status(server, status);
    }
}

static void
on_build(struct bnc_server *server)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *version = bnc_json_get_str(data_of(server, arena), "version");
    struct bnc_version parsed;
    struct bnc_error err = {0};

    if (version == NULL || strlen(version) >= BNC_SERVER_VERSION_MAX ||
        bnc_version_parse(version, &parsed, &err)) {
        fail(server, BNC_INVALID, "no version in the answer");
        return;
    }
    (void)snprintf(server->version, sizeof(server->version), "%s", version);
    bnc_server_ask(server, BNC_STEP_AGENT);
}

/* An agent has no queries: 422, "unavailable with Prometheus Agent". */
static void
on_agent(struct bnc_server *server, int status)
{
    if (status == 422 && strstr(text_of(server), "Agent") != NULL) {
        tell_version(server, true);
    } else if (status == 200) {
        tell_version(server, false);
    } else {
        fail_status(server, status);
    }
}

static void
on_runtime(struct bnc_server *server)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const cJSON *data = data_of(server, arena);

    if (data == NULL) {
        fail(server, BNC_INVALID, "no data in the answer");
        return;
    }
    server->reload_failed = cJSON_IsFalse(bnc_json_get(data, "reloadConfigSuccess"));
    if (server->reload_failed && server->by_config) {
        tell_proof(server, BNC_PROOF_NOT_APPLIED); /* what is shown may not run */
    } else {
        bnc_server_ask(server, BNC_STEP_POOLS);
    }
}

/* A count of nothing is no series at all. */
static bool
count_of(struct bnc_server *server, int64_t *out)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const cJSON *result = bnc_json_get(data_of(server, arena), "result");
    const cJSON *value = bnc_json_get(cJSON_GetArrayItem(result, 0), "value");
    const cJSON *text = cJSON_GetArrayItem(value, 1);
    char *rest;

    if (!cJSON_IsArray(result)) {
        return false;
    }
    *out = 0;
    if (cJSON_GetArraySize(result) == 0) {
        return true;
    }
    if (!cJSON_IsString(text)) {
        return false;
    }
    *out = strtoll(text->valuestring, &rest, 10);
    return *rest == '\0' && rest != text->valuestring && *out >= 0;
}

static void
on_count(struct bnc_server *server, int status)
{
    int64_t count;

    if (status == 422 || status == 404) {
        tell_targets(server, -1, -1);
    } else if (status != 200) {
        fail_status(server, status);
    } else if (!count_of(server, &count)) {
        fail(server, BNC_INVALID, "no count in the answer");
    } else if (server->step == BNC_STEP_UP) {
        server->up = count;
        bnc_server_ask(server, BNC_STEP_DOWN);
    } else {
        tell_targets(server, server->up, count);
    }
}

/* Jobs come first: what is missing of them is told without more questions. */
static void
on_pools(struct bnc_server *server)
{
    struct bnc_jobs_diff pools;

    if (server->pools.step != BNC_POOLS_DONE) {
        fail(server, BNC_INVALID, "no scrape pools in the answer");
        return;
    }
    bnc_jobs_match_end(server->match, &pools);
    if (pools.missing == 0 && server->groups != NULL &&
        bnc_jobs_count(server->groups) > 0) {
        bnc_server_ask(server, BNC_STEP_RULES);
    } else {
        tell_proof(server, BNC_PROOF_LOADED);
    }
}

static void
on_rules(struct bnc_server *server)
{
    struct bnc_error err = {0};

    if (bnc_rules_scan_end(&server->rules, &err) == BNC_OK) {
        tell_proof(server, BNC_PROOF_LOADED);
    } else {
        fail(server, BNC_INVALID, "no rules in the answer");
    }
}

/* 400: {"status": "error", "error": "invalid parameter \"query\": 1:5: parse error.."} */
static void
on_query(struct bnc_server *server, int status)
{
    static const char opening[] = "invalid parameter \"query\": ";
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    char message[BNC_SERVER_TEXT_MAX];
    struct bnc_error err = {0};
    cJSON *tree = NULL;

    if (status == 200) {
        tell_query(server, "");
        return;
    }
    if (status != 400 ||
        bnc_json_parse(arena, text_of(server), server->text.len, &tree, &err)) {
        fail_status(server, status);
        return;
    }
    const char *text = bnc_json_get_str(tree, "error");
    text = text == NULL ? "" : text;
    bnc_server_clip(text + (bnc_str_starts(text, opening) ? sizeof(opening) - 1 : 0),
                    message);
    tell_query(server, message);
}

/* Of the steps that need 200. */
static void
on_answer(struct bnc_server *server)
{
    if (server->step == BNC_STEP_BUILD) {
        on_build(server);
    } else if (server->step == BNC_STEP_CONFIG) {
        tell_proof(server, BNC_PROOF_OTHER_CONFIG); /* the marker would have ended it */
    } else if (server->step == BNC_STEP_RUNTIME) {
        on_runtime(server);
    } else if (server->step == BNC_STEP_POOLS) {
        on_pools(server);
    } else {
        on_rules(server);
    }
}

void
bnc_server_answer(struct bnc_server *server, int status)
{
    if (server->step == BNC_STEP_RELOAD) {
        on_reload(server, status);
    } else if (server->step == BNC_STEP_AGENT) {
        on_agent(server, status);
    } else if (server->step == BNC_STEP_QUERY) {
        on_query(server, status);
    } else if (server->step == BNC_STEP_UP || server->step == BNC_STEP_DOWN) {
        on_count(server, status);
    } else if (status != 200) {
        fail_status(server, status);
    } else {
        on_answer(server);
    }
}
