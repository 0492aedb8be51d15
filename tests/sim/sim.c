#include "tests/sim/sim.h"

#define FOLDER "/var/run/secrets/kubernetes.io/serviceaccount/"

/* Self-signed, for nothing but this: parsers may look at it. */
static const char ca_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBfzCCASWgAwIBAgIUbmDwTVQI8lVs8lEFj9QFB/uDoOEwCgYIKoZIzj0EAwIw\n"
    "FDESMBAGA1UEAwwJc2ltdWxhdGVkMCAXDTI2MTEyMjE4MzYxOVoYDzIxMjYxMDI5\n"
    "MTgzNjE5WjAUMRIwEAYDVQQDDAlzaW11bGF0ZWQwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAAQmNSS36RrsbTu/g2+VXGi+c1bAVgwAhewEV4p6iPPQwYMwaVcmTLR+\n"
    "kH/eGVmooFldI+q10ap8SnPHhh1CQ2Pho1MwUTAdBgNVHQ4EFgQUgRlIvPdTWsKG\n"
    "+DWftjhOC1T78FswHwYDVR0jBBgwFoAUgRlIvPdTWsKG+DWftjhOC1T78FswDwYD\n"
    "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA6BUErnKDX3GE73l2/dew\n"
    "NdMlBS90NDJkqK1+ZyhSWBQCIACJl/rAgHLMI9KSb6uKf4rw6xSWhUY6x2+sS930\n"
    "CPYp\n"
    "-----END CERTIFICATE-----\n";

void
bnc_sim_in_cluster(struct bnc_sim *sim)
{
    bnc_sim_setenv(sim, "KUBERNETES_SERVICE_HOST", "10.96.0.1");
    bnc_sim_setenv(sim, "KUBERNETES_SERVICE_PORT", "443");
    bnc_sim_file_text(sim, FOLDER "token", "token-1\n");
    bnc_sim_file_text(sim, FOLDER "ca.crt", ca_pem);
    bnc_sim_file_text(sim, FOLDER "namespace", "binnacle-system");
}

void
bnc_sim_rotate_token(struct bnc_sim *sim, struct bnc_sim_api *api, const char *token)
{
    bnc_sim_file_text(sim, BNC_SIM_TOKEN_FILE, token);
    bnc_sim_api_token(api, token);
}
