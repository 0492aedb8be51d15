/*
 * Any bytes as what a credential program prints: no crash, what is taken is whole, and
 * a refusal does not repeat a token.
 */
#include "kube/auth_exec.h"
#include "lib/time.h"
#include "tests/fuzz/fuzz.h"

static void
check(const struct bnc_exec_credential *found)
{
    char text[BNC_TIME_MAX];

    require(found->token != NULL || found->cert_pem != NULL);
    require((found->cert_pem == NULL) == (found->key_pem == NULL));
    if (found->expires_ms > 0) {
        require(bnc_time_parse(bnc_time_text(found->expires_ms, 3, text)) ==
                found->expires_ms);
    }
}

/* What begins with "secret" in the input, at least ten characters, is told nowhere. */
static void
check_secret(struct bnc_bytes output, const char *message)
{
    const char *secret = strstr(output.ptr, "secret");
    if (secret != NULL && strlen(secret) >= 10) {
        char part[11];
        (void)memcpy(part, secret, 10);
        part[10] = '\0';
        require(strstr(message, part) == NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const versions[] = {"client.authentication.k8s.io/v1",
                                           "client.authentication.k8s.io/v1beta1"};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_bytes output = {bnc_arena_strndup(arena, (const char *)data, n), n};

    for (size_t i = 0; i < BNC_LEN(versions); i++) {
        const struct bnc_kube_exec exec = {.api_version = versions[i]};
        struct bnc_exec_credential found = {0};
        struct bnc_error err = {0};
        enum bnc_code code = bnc_exec_answer(arena, &exec, output, &found, &err);

        require_error(code, &err);
        if (code == BNC_OK) {
            check(&found);
        } else {
            check_secret(output, err.message);
        }
    }
    return 0;
}
