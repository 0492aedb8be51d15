#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/api_internal.h"

/* name, and how often (per mille) in rough weather */
static const struct {
    const char *name;
    unsigned rough;
} faults[] = {
    [BNC_SIM_REFUSED] = {"refused", 20},
    [BNC_SIM_RESET] = {"reset", 20},
    [BNC_SIM_RESET_BODY] = {"reset_body", 20},
    [BNC_SIM_CUT_SHORT] = {"cut_short", 10},
    [BNC_SIM_STALL] = {"stall", 5},
    [BNC_SIM_429] = {"429", 15},
    [BNC_SIM_RETRY_AFTER] = {"retry_after", 15},
    [BNC_SIM_500] = {"500", 20},
    [BNC_SIM_503] = {"503", 20},
    [BNC_SIM_504] = {"504", 10},
    [BNC_SIM_GONE_PAGE] = {"gone_page", 50},
    [BNC_SIM_GONE_WATCH] = {"gone_watch", 30},
    [BNC_SIM_GONE_EVENT] = {"gone_event", 10},
    [BNC_SIM_ERROR_EVENT] = {"error_event", 5},
    [BNC_SIM_TOO_LARGE] = {"too_large", 20},
    [BNC_SIM_COMPACT] = {"compact", 20},
    [BNC_SIM_SHORT_WATCH] = {"short_watch", 50},
    [BNC_SIM_DUPLICATE] = {"duplicate", 50},
    [BNC_SIM_NO_BOOKMARK] = {"no_bookmark", 200},
    [BNC_SIM_STALE_LIST] = {"stale_list", 200},
    [BNC_SIM_UNAUTHORIZED] = {"unauthorized", 10},
    [BNC_SIM_KIND_403] = {"kind_403", 5},
    [BNC_SIM_KIND_404] = {"kind_404", 5},
    [BNC_SIM_SLOW] = {"slow", 30},
    [BNC_SIM_LOST_ANSWER] = {"lost_answer", 50},
    [BNC_SIM_CONFLICT] = {"conflict", 30},
};
_Static_assert(BNC_LEN(faults) == BNC_SIM_FAULT_COUNT, "every fault needs a row");

const char *
bnc_sim_fault_name(enum bnc_sim_fault fault)
{
    return fault < BNC_SIM_FAULT_COUNT ? faults[fault].name : "unknown";
}

/* ---- switches ------------------------------------------------------------------- */

void
bnc_sim_api_fault(struct bnc_sim_api *api, enum bnc_sim_fault fault, unsigned per_mille)
{
    api->chances[fault] = per_mille;
}

void
bnc_sim_api_weather(struct bnc_sim_api *api, unsigned scale)
{
    for (size_t i = 0; i < BNC_SIM_FAULT_COUNT; i++) {
        api->chances[i] = faults[i].rough * scale / 100;
    }
}

void
bnc_api_rules_free(struct bnc_sim_api *api)
{
    while (api->rules != NULL) {
        struct bnc_api_rule *rule = api->rules;
        api->rules = rule->next;
        free(rule->match);
        free(rule);
    }
}

void
bnc_sim_api_heal(struct bnc_sim_api *api)
{
    bnc_sim_api_weather(api, 0);
    bnc_api_rules_free(api);
    api->nth = 0;
    for (size_t i = 0; i < api->n_resources; i++) {
        api->resources[i].forced_status = 0;
    }
}

void
bnc_sim_api_rule(struct bnc_sim_api *api, enum bnc_sim_fault fault, const char *match,
                 int times, int64_t ms)
{
    struct bnc_api_rule *rule = bnc_alloc(sizeof(*rule));
    rule->fault = fault;
    rule->match = bnc_strdup(match);
    rule->times = times;
    rule->ms = ms;
    struct bnc_api_rule **end = &api->rules;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = rule;
}

void
bnc_sim_api_fail_nth(struct bnc_sim_api *api, uint64_t n, enum bnc_sim_fault fault)
{
    api->nth = n == 0 ? 0 : api->requests + n;
    api->nth_fault = fault;
}

uint64_t
bnc_sim_api_fault_hits(const struct bnc_sim_api *api, enum bnc_sim_fault fault)
{
    return api->hits[fault];
}

/* ---- strikes --------------------------------------------------------------------------
 */

static bool
strike(struct bnc_sim_api *api, enum bnc_sim_fault fault)
{
    api->hits[fault]++;
    bnc_sim_note(api->sim, "fault", faults[fault].name, 0);
    return true;
}

bool
bnc_api_hit_chance(struct bnc_sim_api *api, enum bnc_sim_fault fault)
{
    return bnc_sim_chance(api->sim, api->chances[fault]) && strike(api, fault);
}

bool
bnc_api_hit(struct bnc_api_request *r, enum bnc_sim_fault fault)
{
    struct bnc_sim_api *api = r->api;
    r->rule_ms = 0;
    for (struct bnc_api_rule *rule = api->rules; rule != NULL; rule = rule->next) {
        if (rule->fault == fault && rule->times != 0 &&
            strstr(r->label, rule->match) != NULL) {
            rule->times -= rule->times > 0;
            r->rule_ms = rule->ms;
            return strike(api, fault);
        }
    }
    if (api->nth == r->number && api->nth_fault == fault) {
        api->nth = 0;
        return strike(api, fault);
    }
    return bnc_api_hit_chance(api, fault);
}

static const struct {
    enum bnc_sim_fault fault;
    int status; /* 0: the connection breaks */
    const char *reason;
    const char *message;
} plain[] = {
    {BNC_SIM_REFUSED, 0, NULL, "connection refused"},
    {BNC_SIM_RESET, 0, NULL, "connection reset by peer"},
    {BNC_SIM_429, 429, "TooManyRequests", "too many requests, please try again later"},
    {BNC_SIM_500, 500, "InternalError", "etcdserver: request timed out"},
    {BNC_SIM_503, 503, "ServiceUnavailable", "the server is currently unable to handle"},
    {BNC_SIM_504, 504, "Timeout", "request did not complete within the allotted timeout"},
    {BNC_SIM_UNAUTHORIZED, 401, "Unauthorized", "Unauthorized"},
};

static void
answer_retry_after(struct bnc_api_request *r)
{
    char after[64];
    const char *text = bnc_api_status_text(r->arena, 429, "TooManyRequests",
                                           "please try again later", NULL);
    (void)snprintf(after, sizeof(after), "Retry-After: %u",
                   1 + (unsigned)bnc_sim_below(r->api->sim, 7));
    r->answered = true;
    bnc_sim_reply_head(
        r->call, 429,
        (const char *const[]){"Content-Type: application/json", after, NULL});
    bnc_sim_reply_data(r->call, text, strlen(text));
    bnc_sim_reply_end(r->call);
}

/* The kind is forbidden or away for some seconds from now on. */
static void
force_kind(struct bnc_api_request *r, int status)
{
    r->res->forced_status = status;
    r->res->forced_until_ms =
        bnc_sim_now_ms(r->api->sim) + 1000 + (int64_t)bnc_sim_below(r->api->sim, 19000);
}

static const char *
forbidden_text(const struct bnc_api_request *r)
{
    const struct bnc_api_kind *kind = r->res->kind;
    const char *verb = strcmp(r->http->method, "GET") != 0 ? "patch"
                       : r->params.watch                   ? "watch"
                       : *r->name != '\0'                  ? "get"
                                                           : "list";
    const char *where = *r->ns == '\0'
                            ? "at the cluster scope"
                            : bnc_arena_fmt(r->arena, "in the namespace \"%s\"", r->ns);
    return bnc_arena_fmt(r->arena,
                         "%s%s%s is forbidden: User \"system:serviceaccount:"
                         "binnacle-system:binnacle\" cannot %s resource \"%s\" in API "
                         "group \"%s\" %s",
                         kind->plural, *kind->group == '\0' ? "" : ".", kind->group, verb,
                         kind->plural, kind->group, where);
}

static bool
answer_forced(struct bnc_api_request *r)
{
    int status = r->res->forced_status;
    if (status == 0) {
        return false;
    }
    if (bnc_sim_now_ms(r->api->sim) >= r->res->forced_until_ms) {
        r->res->forced_status = 0;
        return false;
    }
    if (status == 403) {
        bnc_api_answer_status(r, 403, "Forbidden", forbidden_text(r));
    } else if (status == 404) {
        bnc_api_answer_status(r, 404, "NotFound",
                              "the server could not find the requested resource");
    } else {
        bnc_api_answer_status(r, status, "InternalError", "an error on the server");
    }
    return true;
}

bool
bnc_api_faults_first(struct bnc_api_request *r)
{
    struct bnc_sim_api *api = r->api;
    if (bnc_api_hit(r, BNC_SIM_COMPACT)) {
        bnc_sim_api_compact(api);
    }
    if (bnc_api_hit(r, BNC_SIM_SLOW)) {
        bnc_sim_reply_slow(r->call, r->rule_ms > 0
                                        ? r->rule_ms
                                        : 100 + (int64_t)bnc_sim_below(api->sim, 7900));
    }
    for (size_t i = 0; i < BNC_LEN(plain); i++) {
        if (!bnc_api_hit(r, plain[i].fault)) {
            continue;
        }
        if (plain[i].status == 0) {
            r->answered = true;
            bnc_sim_reply_break(r->call, plain[i].message);
        } else {
            bnc_api_answer_status(r, plain[i].status, plain[i].reason, plain[i].message);
        }
        return true;
    }
    if (bnc_api_hit(r, BNC_SIM_RETRY_AFTER)) {
        answer_retry_after(r);
        return true;
    }
    if (r->res != NULL && r->res->forced_status == 0) {
        if (bnc_api_hit(r, BNC_SIM_KIND_403)) {
            force_kind(r, 403);
        } else if (r->res->kind->custom && bnc_api_hit(r, BNC_SIM_KIND_404)) {
            force_kind(r, 404); /* only a CRD goes away: of a Secret 404 means absent */
        }
    }
    return r->res != NULL && answer_forced(r);
}
