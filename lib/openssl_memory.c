#include "lib/openssl_memory.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "lib/arena.h"

static void *
take(size_t size, const char *file, int line)
{
    BNC_UNUSED(file);
    BNC_UNUSED(line);
    void *p = size == 0 ? NULL : malloc(size);
    if (p == NULL && size > 0) {
        bnc_give_up("out of memory");
    }
    return p;
}

static void
give(void *p, const char *file, int line)
{
    BNC_UNUSED(file);
    BNC_UNUSED(line);
    free(p);
}

static void *
resize(void *p, size_t size, const char *file, int line)
{
    if (size == 0) {
        give(p, file, line);
        return NULL;
    }
    return bnc_realloc(p, size);
}

void
bnc_openssl_memory(void)
{
    /* refused once OpenSSL has taken memory: it then keeps its own */
    (void)CRYPTO_set_mem_functions(take, resize, give);
}
