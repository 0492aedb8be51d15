/* HTTPS for listeners: TLS 1.2 or newer, HTTP/1.1 only, certificates that can change. */
#include "net/real_server.h"

#include <string.h>

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define CHAIN_MAX     16
#define SELF_BEFORE_S (-3600L) /* clocks differ */
#define SELF_AFTER_S  (10L * 365 * 24 * 3600)

static enum bnc_code
fail_tls(struct bnc_error *err, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return bnc_fail(err, BNC_INVALID, "%s: %s", what,
                    reason == NULL ? "not usable" : reason);
}

/* ---- a certificate of our own ---------------------------------------------------- */

static bool
add_names(X509 *cert)
{
    X509_NAME *name = X509_get_subject_name(cert);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
                                                "DNS:binnacle,DNS:localhost");
    bool done =
        names != NULL &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   (const unsigned char *)"binnacle", -1, -1, 0) == 1 &&
        X509_set_issuer_name(cert, name) == 1 && X509_add_ext(cert, names, -1) == 1;
    X509_EXTENSION_free(names);
    return done;
}

static bool
fill(X509 *cert, EVP_PKEY *key)
{
    uint32_t serial = 0;
    return RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 &&
           X509_set_version(cert, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(cert), (long)(serial >> 1) + 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(cert), SELF_BEFORE_S) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(cert), SELF_AFTER_S) != NULL &&
           X509_set_pubkey(cert, key) == 1 && add_names(cert) &&
           X509_sign(cert, key, EVP_sha256()) > 0;
}

static enum bnc_code
use_own(SSL_CTX *tls, struct bnc_error *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    bool done = key != NULL && cert != NULL && fill(cert, key) &&
                SSL_CTX_use_certificate(tls, cert) == 1 &&
                SSL_CTX_use_PrivateKey(tls, key) == 1;
    X509_free(cert);
    EVP_PKEY_free(key);
    return done ? BNC_OK : fail_tls(err, "a certificate of our own");
}

/* ---- one that is given ----------------------------------------------------------- */

/* A key with a passphrase is of no use: there is nobody to ask. */
static int /* the type is OpenSSL's: NOLINTNEXTLINE(readability-non-const-parameter) */
no_passphrase(char *buffer, int size, int writing, void *arg)
{
    BNC_UNUSED(buffer);
    BNC_UNUSED(size);
    BNC_UNUSED(writing);
    BNC_UNUSED(arg);
    return -1;
}

/* The first is ours, those after it lead to the authority. */
static bool
read_chain(SSL_CTX *tls, BIO *pem)
{
    X509 *cert = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL);
    bool done = cert != NULL && SSL_CTX_use_certificate(tls, cert) == 1;
    X509_free(cert);
    for (int i = 0; done && i < CHAIN_MAX; i++) {
        cert = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL);
        if (cert == NULL) {
            ERR_clear_error(); /* the end of the text */
            return true;
        }
        done = SSL_CTX_add0_chain_cert(tls, cert) == 1;
    }
    return done;
}

static enum bnc_code
use_given(SSL_CTX *tls, const char *cert_pem, const char *key_pem, struct bnc_error *err)
{
    BIO *certs = BIO_new_mem_buf(cert_pem, -1);
    BIO *keys = BIO_new_mem_buf(key_pem, -1);
    EVP_PKEY *key = NULL;
    enum bnc_code code = BNC_OK;

    if (certs == NULL || !read_chain(tls, certs)) {
        code = fail_tls(err, "certificate");
    } else if (keys == NULL ||
               (key = PEM_read_bio_PrivateKey(keys, NULL, no_passphrase, NULL)) == NULL) {
        code = fail_tls(err, "private key");
    } else if (SSL_CTX_use_PrivateKey(tls, key) != 1 ||
               SSL_CTX_check_private_key(tls) != 1) {
        code = fail_tls(err, "private key and certificate");
    }
    EVP_PKEY_free(key);
    BIO_free(certs);
    BIO_free(keys);
    return code;
}

/* ---- listeners ------------------------------------------------------------------- */

/* Clients that offer other protocols as well get this one. */
static int
choose_http_1(SSL *ssl, const unsigned char **out, unsigned char *n,
              const unsigned char *offered, unsigned offered_bytes, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    BNC_UNUSED(ssl);
    BNC_UNUSED(arg);
    if (SSL_select_next_proto(&chosen, n, ours, sizeof(ours) - 1, offered,
                              offered_bytes) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

enum bnc_code
bnc_real_listener_tls(struct bnc_listener *listener, const char *cert_pem,
                      const char *key_pem, struct bnc_error *err)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls == NULL) {
        return fail_tls(err, "TLS");
    }
    (void)SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    (void)SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE);
    (void)SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(tls, choose_http_1, NULL);
    if (cert_pem == NULL ? use_own(tls, err) : use_given(tls, cert_pem, key_pem, err)) {
        SSL_CTX_free(tls);
        return err->code;
    }
    bnc_real_tls_free(listener); /* connections keep the one that they began with */
    listener->tls = tls;
    return BNC_OK;
}

void
bnc_real_tls_free(struct bnc_listener *listener)
{
    SSL_CTX_free(listener->tls);
    listener->tls = NULL;
}

struct bufferevent *
bnc_real_tls_accept(struct bnc_listener *listener, evutil_socket_t fd)
{
    struct bnc_real *real = bnc_real_of(listener->handle.world);
    SSL *ssl = SSL_new(listener->tls);
    if (ssl == NULL) {
        ERR_clear_error();
        return NULL;
    }
    struct bufferevent *bev = bufferevent_openssl_socket_new(
        real->loop, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL) {
        SSL_free(ssl);
        return NULL;
    }
    bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

void
bnc_real_tls_end(struct bufferevent *bev)
{
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    if (ssl != NULL) {
        (void)SSL_shutdown(ssl); /* else the client takes the end for a cut */
        ERR_clear_error();
    }
}
