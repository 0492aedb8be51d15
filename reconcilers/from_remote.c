/* What no row says about remote write and read. */
#include <ctype.h>
#include <string.h>

#include "lib/json.h"
#include "model/prom_schema.h"
#include "reconcilers/from.h"

struct entry {
    struct bnc_refs *refs;
    const struct bnc_version *version;
    const cJSON *json;
    const char *path;
};

static void
wrong(const struct entry *e, const char *part, const char *remedy, const char *message)
{
    bnc_diag_add(e->refs->diags, BNC_REASON_INVALID_FIELD,
                 bnc_arena_fmt(e->refs->arena, "%s.%s", e->path, part), remedy, "%s",
                 message);
}

/* At most one of the keys; gives the first that is there. */
static const char *
check_single(const struct entry *e, const cJSON *json, const char *const (*keys)[2],
             size_t n)
{
    const char *first = NULL;
    for (size_t i = 0; i < n; i++) {
        if (bnc_json_get(json, keys[i][0]) == NULL) {
            continue;
        }
        if (first != NULL) {
            wrong(e, keys[i][1], "keep one of them",
                  bnc_arena_fmt(e->refs->arena,
                                "%s and %s are both set, and Prometheus takes one", first,
                                keys[i][1]));
            return first;
        }
        first = keys[i][1];
    }
    return first;
}

/* 8-4-4-4-12 hexadecimal digits. */
static bool
is_uuid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text == NULL || strlen(text) != strlen(form)) {
        return false;
    }
    for (size_t i = 0; form[i] != '\0'; i++) {
        bool fits =
            form[i] == '-' ? text[i] == '-' : isxdigit((unsigned char)text[i]) != 0;
        if (!fits) {
            return false;
        }
    }
    return true;
}

static void
check_azure(const struct entry *e, const cJSON *azure)
{
    static const char *const methods[][2] = {
        {"managed_identity", "azureAd.managedIdentity"},
        {"oauth", "azureAd.oauth"},
        {"sdk", "azureAd.sdk"},
        {"workload_identity", "azureAd.workloadIdentity"}};
    static const struct {
        const char *method;
        const char *key;
        const char *field;
    } ids[] = {
        {"oauth", "client_id", "azureAd.oauth.clientId"},
        {"workload_identity", "client_id", "azureAd.workloadIdentity.clientId"},
        {"workload_identity", "tenant_id", "azureAd.workloadIdentity.tenantId"},
    };
    static const struct {
        const char *method;
        const char *field;
        int since;
    } gates[] = {
        {"oauth", "azureAd.oauth", BNC_PROM_V(2, 48)},
        {"sdk", "azureAd.sdk", BNC_PROM_V(2, 52)},
        {"workload_identity", "azureAd.workloadIdentity", BNC_PROM_V(3, 7)},
    };
    const int release = bnc_prom_release(e->version);

    if (check_single(e, azure, methods, BNC_LEN(methods)) == NULL) {
        wrong(e, "azureAd", "set managedIdentity, oauth, sdk or workloadIdentity",
              "nothing says how to authenticate");
    }
    const cJSON *managed = bnc_json_get(azure, "managed_identity");
    if (managed != NULL && bnc_json_get(managed, "client_id") == NULL &&
        release < BNC_PROM_V(3, 5)) {
        wrong(e, "azureAd.managedIdentity.clientId", "set it",
              "it is required before Prometheus 3.5");
    }
    for (size_t i = 0; i < BNC_LEN(gates); i++) {
        if (bnc_json_get(azure, gates[i].method) != NULL && release < gates[i].since) {
            wrong(e, gates[i].field, "authenticate in another way",
                  bnc_arena_fmt(e->refs->arena, "it needs Prometheus %d.%d",
                                gates[i].since / 1000, gates[i].since % 1000));
        }
    }
    for (size_t i = 0; i < BNC_LEN(ids); i++) {
        const cJSON *method = bnc_json_get(azure, ids[i].method);
        if (method != NULL && !is_uuid(bnc_json_get_str(method, ids[i].key))) {
            wrong(e, ids[i].field, "write it as 00000000-0000-0000-0000-000000000000",
                  "it is no UUID");
        }
    }
}

static void
check_sigv4(const struct entry *e, const cJSON *sigv4)
{
    bool access = bnc_json_get(sigv4, "access_key") != NULL;
    bool secret = bnc_json_get(sigv4, "secret_key") != NULL;
    if (access != secret) {
        wrong(e, access ? "sigv4.secretKey" : "sigv4.accessKey", "set both or none",
              "accessKey and secretKey belong together");
    }
    if (bnc_json_get(sigv4, "external_id") != NULL &&
        bnc_json_get(sigv4, "role_arn") == NULL) {
        wrong(e, "sigv4.externalId", "set roleArn too", "externalId without roleArn");
    }
}

void
bnc_from_check_remote(struct bnc_refs *refs, const struct bnc_version *version,
                      const cJSON *list, const char *field)
{
    static const char *const auth[][2] = {{"basic_auth", "basicAuth"},
                                          {"oauth2", "oauth2"},
                                          {"authorization", "authorization"},
                                          {"sigv4", "sigv4"},
                                          {"azuread", "azureAd"},
                                          {"bearer_token", "bearerToken"},
                                          {"bearer_token_file", "bearerTokenFile"}};
    const cJSON *item;
    size_t i = 0;

    cJSON_ArrayForEach(item, list)
    {
        const struct entry e = {
            .refs = refs,
            .version = version,
            .json = item,
            .path = bnc_arena_fmt(refs->arena, "spec.%s[%zu]", field, i++)};
        const cJSON *azure = bnc_json_get(item, "azuread");
        const cJSON *sigv4 = bnc_json_get(item, "sigv4");
        (void)check_single(&e, item, auth, BNC_LEN(auth));
        if (azure != NULL) {
            check_azure(&e, azure);
        }
        if (sigv4 != NULL) {
            check_sigv4(&e, sigv4);
        }
    }
}
