#include "reconcilers/endpoint.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/units.h"
#include "reconcilers/translate.h"
#include "validate/relabel.h"

static const struct bnc_version newest = {.major = 3, .minor = 99};

static const char *
below(struct bnc_refs *refs, const char *field, const char *part)
{
    return field[0] == '\0' ? part : bnc_arena_fmt(refs->arena, "%s.%s", field, part);
}

void
bnc_endpoint_relabelings(struct bnc_refs *refs, const struct bnc_list *list,
                         const char *field)
{
    const struct bnc_relabel *rules = list->items;
    for (size_t i = 0; i < list->n; i++) {
        bnc_relabel_check(&rules[i], bnc_arena_fmt(refs->arena, "%s[%zu]", field, i),
                          &newest, refs->diags);
    }
}

void
bnc_endpoint_times(struct bnc_refs *refs, const struct bnc_endpoint *spec,
                   const char *field)
{
    struct bnc_error err = {0};
    int64_t interval = 0;
    int64_t timeout = 0;

    if (spec->interval == NULL || spec->scrape_timeout == NULL ||
        bnc_duration_parse(spec->interval, &interval, &err) ||
        bnc_duration_parse(spec->scrape_timeout, &timeout, &err)) {
        return;
    }
    if (timeout > interval) {
        bnc_diag_add(refs->diags, BNC_REASON_INVALID_FIELD,
                     below(refs, field, "scrapeTimeout"), "make it at most the interval",
                     "%s is longer than the interval %s", spec->scrape_timeout,
                     spec->interval);
    }
}

static bool
is_set(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool
has_bad_escape(const char *url)
{
    const char *c = strchr(url, '%');
    while (c != NULL && isxdigit((unsigned char)c[1]) && isxdigit((unsigned char)c[2])) {
        c = strchr(c + 1, '%');
    }
    return c != NULL;
}

void
bnc_endpoint_proxy(struct bnc_refs *refs, const char *field, const char *proxy_url,
                   const char *no_proxy, enum bnc_tri from_environment,
                   const cJSON *headers)
{
    bool environment = from_environment == BNC_TRUE;
    bool url = is_set(proxy_url);
    const struct {
        bool wrong;
        const char *part;
        const char *message;
        const char *remedy;
    } rows[] = {
        {environment && url, "proxyFromEnvironment",
         "proxyUrl and proxyFromEnvironment are both set", "keep one of them"},
        {environment && is_set(no_proxy), "noProxy",
         "noProxy and proxyFromEnvironment are both set",
         "remove it: the environment says it too"},
        {!environment && !url && is_set(no_proxy), "noProxy",
         "noProxy without a proxyUrl", "set proxyUrl, or remove it"},
        {!environment && !url && headers != NULL && headers->child != NULL,
         "proxyConnectHeader", "proxyConnectHeader without a proxy",
         "set proxyUrl, or remove it"},
    };
    if (url && has_bad_escape(proxy_url)) {
        bnc_diag_add(refs->diags, BNC_REASON_INVALID_FIELD,
                     below(refs, field, "proxyUrl"), "write % as %25",
                     "\"%s\" has a %% without two hexadecimal digits", proxy_url);
    }
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (rows[i].wrong) {
            bnc_diag_add(refs->diags, BNC_REASON_INVALID_FIELD,
                         below(refs, field, rows[i].part), rows[i].remedy, "%s",
                         rows[i].message);
        }
    }
}

static void
resolve_oauth2(struct bnc_refs *refs, const char *field, struct bnc_endpoint_ir *out)
{
    const struct bnc_oauth2 *spec = out->spec->oauth2;
    if (spec == NULL) {
        return;
    }
    struct bnc_job_oauth2 *oauth2 = bnc_arena_alloc(refs->arena, sizeof(*oauth2));
    *oauth2 = (struct bnc_job_oauth2){
        .client_id =
            bnc_refs_either_text(refs, spec->client_id, below(refs, field, "clientId")),
        .client_secret_file = bnc_refs_secret(refs, spec->client_secret,
                                              below(refs, field, "clientSecret")),
        .token_url = spec->token_url,
        .scopes = spec->scopes,
        .endpoint_params = spec->endpoint_params,
        .tls = bnc_refs_tls(refs, spec->tls_config, below(refs, field, "tlsConfig")),
        .proxy_url = spec->proxy_url,
        .no_proxy = spec->no_proxy,
        .proxy_from_environment = spec->proxy_from_environment,
        .proxy_connect_header = bnc_translate_headers(
            refs, spec->proxy_connect_header, below(refs, field, "proxyConnectHeader")),
    };
    bnc_endpoint_proxy(refs, field, spec->proxy_url, spec->no_proxy,
                       spec->proxy_from_environment, spec->proxy_connect_header);
    out->oauth2 = oauth2;
}

const char *
bnc_endpoint_auth_type(struct bnc_refs *refs, const char *field, const char *type)
{
    if (type == NULL) {
        return "Bearer";
    }
    struct bnc_bytes text = bnc_bytes_trimmed((struct bnc_bytes){type, strlen(type)});
    if (text.len == strlen("basic") && strncasecmp(text.ptr, "basic", text.len) == 0) {
        bnc_diag_add(refs->diags, BNC_REASON_INVALID_FIELD, below(refs, field, "type"),
                     "use basicAuth", "Prometheus refuses the type \"%s\" here", type);
    }
    return text.len == 0 ? "Bearer" : bnc_arena_strndup(refs->arena, text.ptr, text.len);
}

static void
resolve_authorization(struct bnc_refs *refs, const char *field,
                      struct bnc_endpoint_ir *out)
{
    const struct bnc_authorization *auth = out->spec->authorization;
    if (auth == NULL) {
        return;
    }
    out->auth_type = bnc_endpoint_auth_type(refs, field, auth->type);
    out->credentials_file =
        auth->credentials != NULL
            ? bnc_refs_secret(refs, auth->credentials, below(refs, field, "credentials"))
            : auth->credentials_file;
}

static void
resolve_basic_auth(struct bnc_refs *refs, const char *field, struct bnc_endpoint_ir *out)
{
    const struct bnc_basic_auth *auth = out->spec->basic_auth;
    if (auth == NULL) {
        return;
    }
    const char *user = below(refs, field, "username");
    if (refs->empty_user && bnc_refs_is_empty(refs, auth->username) &&
        bnc_refs_is_empty(refs, auth->password)) {
        bnc_diag_warn(refs->diags, BNC_REASON_INVALID_REF, field,
                      "store a user name and a password",
                      "both are empty: nothing is sent");
        return;
    }
    out->username = bnc_refs_user(refs, auth->username, user);
    out->username_file = bnc_refs_secret(refs, auth->username, user);
    out->password_file =
        bnc_refs_secret(refs, auth->password, below(refs, field, "password"));
}

void
bnc_endpoint_auth(struct bnc_refs *refs, const char *field, struct bnc_endpoint_ir *out)
{
    const struct bnc_endpoint *spec = out->spec;
    const struct bnc_ref *token = spec->bearer_token_secret;

    out->tls = bnc_refs_tls(refs, spec->tls_config, below(refs, field, "tlsConfig"));
    resolve_authorization(refs, below(refs, field, "authorization"), out);
    resolve_basic_auth(refs, below(refs, field, "basicAuth"), out);
    resolve_oauth2(refs, below(refs, field, "oauth2"), out);
    bnc_endpoint_proxy(refs, field, spec->proxy_url, spec->no_proxy,
                       spec->proxy_from_environment, spec->proxy_connect_header);
    out->proxy_connect_header = bnc_translate_headers(
        refs, spec->proxy_connect_header, below(refs, field, "proxyConnectHeader"));
    out->bearer_token_file = spec->bearer_token_file;
    if (token != NULL && token->name != NULL && token->name[0] != '\0') {
        out->bearer_token_file =
            bnc_refs_secret(refs, token, below(refs, field, "bearerTokenSecret"));
    }
}
