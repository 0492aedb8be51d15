#include "lib/pem.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define PEM_MAX ((size_t)1024 * 1024)

static BIO *
open_pem(struct bnc_bytes pem)
{
    return pem.len == 0 || pem.len > PEM_MAX ? NULL
                                             : BIO_new_mem_buf(pem.ptr, (int)pem.len);
}

/* Never asks a person for a passphrase. */
static int
no_passphrase(char *buffer, /* NOLINT(readability-non-const-parameter): OpenSSL's type */
              int size, int writing, void *arg)
{
    BNC_UNUSED(buffer);
    BNC_UNUSED(size);
    BNC_UNUSED(writing);
    BNC_UNUSED(arg);
    return -1;
}

static X509 *
first_certificate(struct bnc_bytes pem)
{
    BIO *bio = open_pem(pem);
    X509 *cert = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return cert;
}

enum bnc_code
bnc_pem_check_ca(struct bnc_bytes pem, struct bnc_error *err)
{
    X509 *cert = first_certificate(pem);
    if (cert == NULL) {
        return bnc_fail(err, BNC_INVALID, "it holds no certificate in PEM form");
    }
    X509_free(cert);
    return BNC_OK;
}

enum bnc_code
bnc_pem_check_pair(struct bnc_bytes cert_pem, struct bnc_bytes key_pem,
                   struct bnc_error *err)
{
    X509 *cert = first_certificate(cert_pem);
    if (cert == NULL) {
        return bnc_fail(err, BNC_INVALID, "it holds no certificate in PEM form");
    }
    BIO *bio = open_pem(key_pem);
    EVP_PKEY *key =
        bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    enum bnc_code code = BNC_OK;
    if (key == NULL) {
        code = bnc_fail(err, BNC_INVALID,
                        "its key is no private key in PEM form without a passphrase");
    } else if (X509_check_private_key(cert, key) != 1) {
        code = bnc_fail(err, BNC_INVALID, "its key does not belong to the certificate");
    }
    EVP_PKEY_free(key);
    X509_free(cert);
    ERR_clear_error();
    return code;
}
