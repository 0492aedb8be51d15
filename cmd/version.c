/*
 * binnacle version: this build and the libraries it runs with.
 */
#include <curl/curl.h>
#include <event2/event.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <yaml.h>
#include <zlib.h>

#include <cjson/cJSON.h>

#include "cmd/commands.h"

const struct bnc_flag bnc_flags_version[] = {BNC_FLAG_HELP};
const size_t bnc_n_flags_version = BNC_LEN(bnc_flags_version);

const char *
bnc_version_text(void)
{
    return BNC_VERSION;
}

const char *
bnc_version_revision(void)
{
    return BNC_COMMIT;
}

int
bnc_cmd_version(const struct bnc_options *options)
{
    BNC_UNUSED(options);
    (void)printf("binnacle %s (%s)\n", BNC_VERSION, BNC_COMMIT);
    (void)printf("%s, libevent %s, %s, libyaml %s, cJSON %s, zlib %s\n", curl_version(),
                 event_get_version(), OpenSSL_version(OPENSSL_VERSION),
                 yaml_get_version_string(), cJSON_Version(), zlibVersion());
    return 0;
}
