/* Authorities and client certificates that change while watches are open. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "kube/client.h"

#include "tests/unit/kube_fake.h"

#define CONFIG                                                                           \
    "current-context: c\n"                                                               \
    "contexts: [{name: c, context: {cluster: k, user: u}}]\n"                            \
    "clusters: [{name: k, cluster: {server: 'https://h:1', certificate-authority: "      \
    "/ca}}]\n"                                                                           \
    "users: [{name: u, user: {client-certificate: /crt, client-key: /key}}]\n"

enum { KUBECONFIG, CA, CERT, KEY };

struct pair {
    char cert[2048];
    char key[1024];
};

static void
take(BIO *bio, char *out, size_t room)
{
    int n = BIO_read(bio, out, (int)room - 1);
    CHECK(n > 0);
    out[n] = '\0';
    BIO_free(bio);
}

/* A key and a certificate that it has signed itself. */
static struct pair
make_pair(void)
{
    struct pair pair;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    BIO *cert_out = BIO_new(BIO_s_mem());
    BIO *key_out = BIO_new(BIO_s_mem());

    (void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    (void)X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    (void)X509_set_pubkey(cert, key);
    CHECK(X509_sign(cert, key, EVP_sha256()) > 0);
    CHECK_INT(PEM_write_bio_X509(cert_out, cert), 1);
    CHECK_INT(PEM_write_bio_PrivateKey(key_out, key, NULL, NULL, 0, NULL, NULL), 1);
    take(cert_out, pair.cert, sizeof(pair.cert));
    take(key_out, pair.key, sizeof(pair.key));
    X509_free(cert);
    EVP_PKEY_free(key);
    return pair;
}

static void
on_done(void *arg, const struct bnc_kube_result *result)
{
    size_t *n = arg;
    CHECK_INT(result->err.code, BNC_UNAVAILABLE);
    (*n)++;
}

static void
on_answer(void *arg, const struct bnc_kube_result *result)
{
    BNC_UNUSED(arg);
    CHECK_INT(result->err.code, BNC_OK);
}

/* A minute later: any request makes it look at the files again. */
static void
look_again(struct fake *fake, struct bnc_kube *kube)
{
    const struct bnc_kube_request request = {
        .group = BNC_HTTP_LEASE, .method = "GET", .path = "/version"};
    fake_run(fake, 60000);
    (void)bnc_kube_start(kube, &request, on_answer, NULL);
    fake_answer(fake_next(fake, 0), 200, "");
    fake_run(fake, 0);
}

static struct bnc_kube *
start(struct fake *fake, const struct pair *pair)
{
    const struct bnc_kube_config_options options = {.kubeconfig = "/kc"};
    struct bnc_kube_config *config = NULL;
    struct bnc_kube *kube = NULL;
    struct bnc_error err = {0};

    fake->files[KUBECONFIG] = (struct fake_file){"/kc", CONFIG};
    fake->files[CA] = (struct fake_file){"/ca", pair->cert};
    fake->files[CERT] = (struct fake_file){"/crt", pair->cert};
    fake->files[KEY] = (struct fake_file){"/key", pair->key};
    CHECK_INT(bnc_kube_config_load(&fake->base, &options, &config, &err), BNC_OK);
    CHECK_INT(bnc_kube_new(&fake->base, config, "1", &kube, &err), BNC_OK);
    return kube;
}

TEST(rotation)
{
    static const struct {
        const char *name;
        int file;
        const char *text; /* "cert", "key": of the second pair */
        bool taken;       /* new connections from then on */
        bool ends;        /* watches */
    } rows[] = {
        {"an authority that is gone", CA, NULL, false, false},
        {"that is empty", CA, "", false, false},
        {"that is no certificate", CA, "-----BEGIN CERTIFICATE-----\nMA", false, false},
        {"another authority", CA, "cert", true, false},
        {"a certificate, its key not yet", CERT, "cert", false, false},
        {"now its key as well", KEY, "key", true, true},
    };
    struct fake *fake = fake_new();
    struct pair one = make_pair();
    struct pair two = make_pair();
    struct bnc_kube *kube = start(fake, &one);
    const struct bnc_kube_stream_ops ops = {.on_done = on_done};
    const struct bnc_kube_request request = {
        .group = BNC_HTTP_WATCH, .method = "GET", .path = "/api/v1/pods"};
    size_t ended = 0;

    (void)bnc_kube_stream(kube, &request, &ops, &ended);
    fake_head(fake_next(fake, 0), 200);
    CHECK_INT(fake->drops, 1); /* at the start */
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        size_t drops = fake->drops;
        const char *text = rows[i].text;

        bnc_test_row(rows[i].name);
        text = bnc_str_eq(text, "cert") ? two.cert : text;
        text = bnc_str_eq(text, "key") ? two.key : text;
        fake->files[rows[i].file].text = text;
        look_again(fake, kube);
        CHECK_INT(fake->drops > drops, rows[i].taken);
        CHECK_INT(ended, rows[i].ends);
        look_again(fake, kube); /* once is enough */
        CHECK_INT(ended, rows[i].ends);
    }
    bnc_kube_free(kube);
    bnc_world_free(&fake->base);
}

RUN_TESTS(rotation)
