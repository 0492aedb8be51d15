#include "validate/credentials.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/json.h"

#define DEPTH_MAX 100

/* Keys that hold a credential, and the one that takes a file instead. */
static const struct {
    const char *key;
    const char *file;
} secrets[] = {
    {"password", "password_file"},
    {"credentials", "credentials_file"},
    {"bearer_token", "bearer_token_file"},
    {"client_secret", "client_secret_file"},
    {"client_certificate_key", "client_certificate_key_file"},
    {"auth_token", "auth_token_file"},
    {"secrets", "files"}, /* of http_headers */
    {"private_key", "private_key_path"},
    {"secret_key", NULL},
    {"token", NULL},
    {"application_credential_secret", NULL},
    {"application_secret", NULL},
    {"consumer_key", NULL},
    {"service_account_key", NULL},
    {"certificate_password", NULL},
    {"key_passphrase", NULL},
    {"proxy_connect_header", NULL},
};

/* Names of users' own choice stand below these: nothing is meant by them. */
static const char *const free_maps[] = {"labels", "external_labels", "params",
                                        "required_matchers", "tags"};

static const char *const secret_headers[] = {"authorization", "proxy-authorization",
                                             "cookie", "x-api-key", "api-key"};

static bool
is_one_of(const char *text, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcasecmp(text, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Something is there; an empty text or list gives nothing away. */
static bool
has_content(const cJSON *value)
{
    if (cJSON_IsString(value)) {
        return value->valuestring[0] != '\0';
    }
    return value->child != NULL || cJSON_IsNumber(value) || cJSON_IsRaw(value);
}

/* scheme://user:password@host */
static bool
is_url_with_password(const char *text)
{
    const char *at = text;

    while (isalnum((unsigned char)*at) != 0 || *at == '+' || *at == '-' || *at == '.') {
        at++;
    }
    if (at == text || strncmp(at, "://", 3) != 0) {
        return false;
    }
    at += 3;
    size_t authority = strcspn(at, "/?#");
    const char *colon = memchr(at, ':', authority);
    return colon != NULL && memchr(colon, '@', authority - (size_t)(colon - at)) != NULL;
}

static void
refuse(const char *path, const char *file, struct bnc_diags *diags)
{
    const char *remedy =
        "take it out: it has no form with a file; use an identity of the machine";

    if (file != NULL) {
        remedy = bnc_arena_fmt(diags->arena,
                               "put it into a Secret, name it in spec.prometheus.files "
                               "and write %s: files/NAME",
                               file);
    }
    bnc_diag_add(diags, BNC_REASON_INVALID_BASE, path, remedy,
                 "a credential may not stand in the configuration itself");
}

static void
check_text(const char *text, const char *path, struct bnc_diags *diags)
{
    if (is_url_with_password(text)) {
        bnc_diag_add(diags, BNC_REASON_INVALID_BASE, path,
                     "use basic_auth with password_file: files/NAME",
                     "a URL may not hold a password");
    } else if (strstr(text, "PRIVATE KEY-----") != NULL) {
        refuse(path, "key_file", diags);
    }
}

/* A header by its name; http_headers has its clear text in `values`. */
static bool
check_header(const cJSON *header, bool plain, const char *path, struct bnc_diags *diags)
{
    const cJSON *clear = plain ? header : bnc_json_get(header, "values");

    if (clear == NULL || !has_content(clear) ||
        !is_one_of(header->string, secret_headers, BNC_LEN(secret_headers))) {
        return false;
    }
    refuse(path, plain ? NULL : "files", diags);
    return true;
}

/* True when this key settles the matter and its value needs no further look. */
static bool
check_key(const cJSON *value, const char *parent, const char *path,
          struct bnc_diags *diags)
{
    const char *key = value->string;
    bool plain_header = strcmp(parent, "headers") == 0;

    if (plain_header || strcmp(parent, "http_headers") == 0) {
        return check_header(value, plain_header, path, diags);
    }
    if (is_one_of(key, free_maps, BNC_LEN(free_maps)) ||
        strstr(key, "relabel_configs") != NULL) {
        return true;
    }
    if (strcmp(parent, "tls_config") == 0 && strcmp(key, "key") == 0) {
        refuse(path, "key_file", diags);
        return true;
    }
    for (size_t i = 0; i < BNC_LEN(secrets); i++) {
        if (strcmp(key, secrets[i].key) == 0 && has_content(value)) {
            refuse(path, secrets[i].file, diags);
            return true;
        }
    }
    return false;
}

static void
walk(const cJSON *tree, const char *parent, const char *path, int depth,
     struct bnc_diags *diags)
{
    const cJSON *child;
    size_t i = 0;

    if (cJSON_IsString(tree)) {
        check_text(tree->valuestring, path, diags);
    }
    if (depth >= DEPTH_MAX || diags->n >= BNC_DIAGS_MAX) {
        return; /* the reader lets nothing through that is deeper */
    }
    cJSON_ArrayForEach(child, tree)
    {
        if (cJSON_IsArray(tree)) {
            walk(child, parent, bnc_arena_fmt(diags->arena, "%s[%zu]", path, i),
                 depth + 1, diags);
        } else {
            const char *below =
                bnc_arena_fmt(diags->arena, "%s.%.200s", path, child->string);
            if (!check_key(child, parent, below, diags)) {
                walk(child, child->string, below, depth + 1, diags);
            }
        }
        i++;
    }
}

void
bnc_credentials_check(const cJSON *tree, const char *path, struct bnc_diags *diags)
{
    walk(tree, "", path, 0, diags);
}
