/*
 * The exec protocol of client.authentication.k8s.io: what the program is told and
 * what it answers.  No state.
 */
#ifndef BNC_KUBE_AUTH_EXEC_H
#define BNC_KUBE_AUTH_EXEC_H

#include "kube/config.h"

/* What an ExecCredential holds; texts are the arena's. */
struct bnc_exec_credential {
    const char *token; /* NULL: a certificate only */
    const char *cert_pem;
    const char *key_pem;
    int64_t expires_ms; /* wall clock; 0: never said */
};

/* The value of KUBERNETES_EXEC_INFO. */
const char *bnc_exec_info(struct bnc_arena *arena, const struct bnc_kube_config *config,
                          const char *ca_pem);

/* Errors: INVALID, without a word of what was printed. */
enum bnc_code bnc_exec_answer(struct bnc_arena *arena, const struct bnc_kube_exec *exec,
                              struct bnc_bytes output, struct bnc_exec_credential *out,
                              struct bnc_error *err) BNC_MUST_CHECK;

#endif
