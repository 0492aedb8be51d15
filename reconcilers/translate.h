/*
 * From prometheus-operator's words to Prometheus': a table says for each field of an
 * object what it is called there and what becomes of its value.  Credentials become files
 * of the asset object.
 */
#ifndef BNC_RECONCILERS_TRANSLATE_H
#define BNC_RECONCILERS_TRANSLATE_H

#include "reconcilers/refs.h"

enum bnc_translate_type {
    BNC_TRANSLATE_NOTHING, /* known, and somebody else's work */
    BNC_TRANSLATE_TEXT,
    BNC_TRANSLATE_LOWER, /* text, in lower case */
    BNC_TRANSLATE_SNAKE, /* text, "DedicatedServer" as "dedicated_server" */
    BNC_TRANSLATE_BOOL,
    BNC_TRANSLATE_TRUE, /* likewise, left out when it is false */
    BNC_TRANSLATE_INT,
    BNC_TRANSLATE_SOME,     /* likewise, left out when it is 0 */
    BNC_TRANSLATE_MESSAGE,  /* V1.0, V2.0: of remote write */
    BNC_TRANSLATE_ESCAPING, /* AllowUTF8: allow-utf-8 */
    BNC_TRANSLATE_LOG,      /* a path; a bare name is in /var/log/prometheus */
    BNC_TRANSLATE_QUANTITY, /* a number, as Kubernetes writes it */
    BNC_TRANSLATE_DURATION,
    BNC_TRANSLATE_URL, /* http:// or https:// with a host */
    BNC_TRANSLATE_PROXY_URL,
    BNC_TRANSLATE_TEXTS,
    BNC_TRANSLATE_MAP,      /* text to text */
    BNC_TRANSLATE_OBJECT,   /* by `sub` */
    BNC_TRANSLATE_LIST,     /* of objects by `sub` */
    BNC_TRANSLATE_RELABEL,  /* list of relabel rules */
    BNC_TRANSLATE_FILE,     /* a key of a Secret: a file, "_file" is added to the name */
    BNC_TRANSLATE_TOKEN,    /* likewise: authorization with it */
    BNC_TRANSLATE_CLEAR,    /* likewise, but Prometheus takes the value only */
    BNC_TRANSLATE_HEADERS,  /* text to list of keys of Secrets, as above */
    BNC_TRANSLATE_TLS,      /* with files of Prometheus' machine */
    BNC_TRANSLATE_SAFE_TLS, /* without */
    BNC_TRANSLATE_BASIC_AUTH,
    BNC_TRANSLATE_AUTHORIZATION, /* with a file of Prometheus' machine */
    BNC_TRANSLATE_SAFE_AUTHORIZATION,
    BNC_TRANSLATE_OAUTH2
};

/* A field; rows end with `from` NULL. */
struct bnc_translate_row {
    const char *from;
    const char *to;
    enum bnc_translate_type type;
    const struct bnc_translate_row *sub;
    bool required;
    const char *const *values; /* of a text: all there are, ended by NULL; NULL: any */
};

/*
 * The fields of `json` by `rows`, wrong ones left out with an error below `path`; fields
 * without a row are a warning.  What has clear text in it is counted in refs->n_clear.
 * Owns: refs->arena.
 */
cJSON *bnc_translate(struct bnc_refs *refs, const struct bnc_translate_row *rows,
                     const cJSON *json, const char *path);

/* A list of objects; NULL when it is none, or empty. */
cJSON *bnc_translate_list(struct bnc_refs *refs, const struct bnc_translate_row *rows,
                          const cJSON *json, const char *path);

/* Settings that were resolved already, as Prometheus takes them. */
cJSON *bnc_translate_tls(const struct bnc_job_tls *tls, struct bnc_arena *arena);

/* proxyConnectHeader: names with the values of keys of Secrets; NULL: none. */
cJSON *bnc_translate_headers(struct bnc_refs *refs, const cJSON *json, const char *path);

/* The rows of an HTTP client, for other tables; `http2` is how they call that. */
#define BNC_TRANSLATE_PROXY_ROWS                                                         \
    {"proxyUrl", "proxy_url", BNC_TRANSLATE_PROXY_URL, NULL, false, NULL},               \
        {"noProxy", "no_proxy", BNC_TRANSLATE_TEXT, NULL, false, NULL},                  \
        {"proxyFromEnvironment",                                                         \
         "proxy_from_environment",                                                       \
         BNC_TRANSLATE_BOOL,                                                             \
         NULL,                                                                           \
         false,                                                                          \
         NULL},                                                                          \
    {                                                                                    \
        "proxyConnectHeader", "proxy_connect_header", BNC_TRANSLATE_HEADERS, NULL,       \
            false, NULL                                                                  \
    }
#define BNC_TRANSLATE_CLIENT_ROWS(http2)                                                 \
    BNC_TRANSLATE_PROXY_ROWS,                                                            \
        {http2, "enable_http2", BNC_TRANSLATE_BOOL, NULL, false, NULL},                  \
    {                                                                                    \
        "followRedirects", "follow_redirects", BNC_TRANSLATE_BOOL, NULL, false, NULL     \
    }
#define BNC_TRANSLATE_AUTH_ROWS(tls, authorization)                                      \
    {"basicAuth", "basic_auth", BNC_TRANSLATE_BASIC_AUTH, NULL, false, NULL},            \
        {"authorization", "authorization", authorization, NULL, false, NULL},            \
        {"oauth2", "oauth2", BNC_TRANSLATE_OAUTH2, NULL, false, NULL},                   \
    {                                                                                    \
        "tlsConfig", "tls_config", tls, NULL, false, NULL                                \
    }

#endif
