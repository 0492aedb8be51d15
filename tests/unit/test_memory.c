#include <stdlib.h>

#include <openssl/evp.h>

#include "lib/memory.h"
#include "tests/unit/test.h"

/* Pages of files that are mapped into this process, in KB. */
static long
file_pages(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    long kb = -1;

    CHECK(status != NULL);
    while (fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, "RssFile:", 8) == 0) {
            kb = strtol(line + 8, NULL, 10);
        }
    }
    (void)fclose(status);
    return kb;
}

static unsigned char
first_byte_of_hash(void)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    CHECK_INT(EVP_Digest("abc", 3, hash, &size, EVP_sha256(), NULL), 1);
    return hash[0];
}

/* All goes on as before, with fewer pages. */
TEST(pages_of_the_start_are_given_back)
{
    CHECK_INT(first_byte_of_hash(), 0xba);
    long before = file_pages();
    bnc_memory_drop_start();
    long after = file_pages();
    CHECK(before > 0 && after < before * 3 / 4);
    CHECK_INT(first_byte_of_hash(), 0xba);
}

RUN_TESTS(pages_of_the_start_are_given_back)
