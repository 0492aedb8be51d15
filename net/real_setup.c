#include "net/real_pool.h"

#include <ctype.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define CONNECT_MS        10000
#define CONN_LIFE_S       600L /* so that a load balancer gets to spread the calls */
#define METHOD_MAX        15
#define PEER_SILENT_S     15
#define PEER_PROBE_S      5
#define PEER_PROBES       3
#define UNACKNOWLEDGED_MS 30000

/* libcurl copies what it is given; the first failure is kept. */
struct setup {
    struct bnc_http_call *call;
    const struct bnc_http_request *request;
    CURLU *url;
    CURLcode failed;
};

static void
keep(struct setup *s, CURLcode result)
{
    if (s->failed == CURLE_OK) {
        s->failed = result;
    }
}

static void
set_long(struct setup *s, CURLoption option, long value)
{
    keep(s, curl_easy_setopt(s->call->easy, option, value));
}

static void
set_text(struct setup *s, CURLoption option, const char *value)
{
    keep(s, curl_easy_setopt(s->call->easy, option, value));
}

static void
set_blob(struct setup *s, CURLoption option, const char *text)
{
    struct curl_blob blob = {.len = strlen(text), .flags = CURL_BLOB_COPY};
    memcpy(&blob.data, &text, sizeof(text)); /* libcurl has no const here */
    keep(s, curl_easy_setopt(s->call->easy, option, &blob));
}

static void
add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer != NULL) { /* NULL: no memory, and then nothing else works either */
        *list = longer;
    }
}

/* ---- URL ----------------------------------------------------------------------- */

static enum bnc_code
url_part(struct setup *s, CURLUPart part, unsigned flags, struct bnc_arena *arena,
         char **out, struct bnc_error *err)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(s->url, part, &text, flags);
    if (code != CURLUE_OK) {
        return bnc_fail(err, BNC_INVALID, "URL: %s", curl_url_strerror(code));
    }
    *out = bnc_arena_strdup(arena, text);
    curl_free(text);
    return BNC_OK;
}

/*
 * To send and check another name than the URL's host, the URL is given that name
 * and the connection goes to the host all the same.
 */
static enum bnc_code
rename_host(struct setup *s, const char *host, const char *port, struct bnc_arena *arena,
            struct bnc_error *err)
{
    const char *name = s->request->tls->server_name;
    if (strchr(name, ':') != NULL && name[0] != '[') {
        name = bnc_arena_fmt(arena, "[%s]", name); /* IPv6 */
    }
    CURLUcode code = curl_url_set(s->url, CURLUPART_HOST, name, 0);
    if (code != CURLUE_OK) {
        return bnc_fail(err, BNC_INVALID, "server name: %s", curl_url_strerror(code));
    }
    add_line(&s->call->connect_to,
             bnc_arena_fmt(arena, "%s:%s:%s:%s", name, port, host, port));
    keep(s, curl_easy_setopt(s->call->easy, CURLOPT_CONNECT_TO, s->call->connect_to));
    return BNC_OK;
}

static enum bnc_code
set_url(struct setup *s, struct bnc_arena *arena, struct bnc_error *err)
{
    char *scheme = NULL;
    char *host = NULL;
    char *port = NULL;
    char *whole = NULL;

    CURLUcode code =
        curl_url_set(s->url, CURLUPART_URL, s->request->url, CURLU_PATH_AS_IS);
    if (code != CURLUE_OK) {
        return bnc_fail(err, BNC_INVALID, "URL: %s", curl_url_strerror(code));
    }
    if (url_part(s, CURLUPART_SCHEME, 0, arena, &scheme, err) ||
        url_part(s, CURLUPART_HOST, 0, arena, &host, err) ||
        url_part(s, CURLUPART_PORT, CURLU_DEFAULT_PORT, arena, &port, err)) {
        return err->code;
    }
    s->call->label =
        bnc_strdup(bnc_arena_fmt(arena, "%s %s:%s", s->request->method, host, port));
    bool https = bnc_str_eq(scheme, "https");
    if (!https && !bnc_str_eq(scheme, "http")) {
        return bnc_fail(err, BNC_INVALID, "URL: \"%s\" is not http or https", scheme);
    }
    const struct bnc_tls_client *tls = s->request->tls;
    if (https && tls != NULL && tls->server_name != NULL &&
        rename_host(s, host, port, arena, err)) {
        return err->code;
    }
    if (url_part(s, CURLUPART_URL, 0, arena, &whole, err)) {
        return err->code;
    }
    set_text(s, CURLOPT_URL, whole);
    return BNC_OK;
}

/* ---- method, headers, body ----------------------------------------------------- */

static bool
is_method(const char *method)
{
    size_t n = 0;
    while (isupper((unsigned char)method[n]) != 0) {
        n++;
    }
    return n > 0 && n <= METHOD_MAX && method[n] == '\0';
}

/* False for a line that could become two, or that libcurl would read as a command. */
static bool
is_header(const char *line)
{
    for (const char *p = line; *p != '\0'; p++) {
        if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f) {
            return false;
        }
    }
    const char *colon = strchr(line, ':');
    return colon != NULL && colon != line && colon[1 + strspn(colon + 1, " \t")] != '\0';
}

static enum bnc_code
set_headers(struct setup *s, struct bnc_error *err)
{
    const char *const *lines = s->request->headers;
    bool has_type = false;

    for (size_t i = 0; lines != NULL && lines[i] != NULL; i++) {
        if (!is_header(lines[i])) {
            return bnc_fail(err, BNC_INVALID, "%s: header %zu is malformed",
                            s->call->label, i + 1); /* it may be a secret */
        }
        has_type = has_type || strncasecmp(lines[i], "Content-Type:", 13) == 0;
        add_line(&s->call->headers, lines[i]);
    }
    if (!has_type) {
        add_line(&s->call->headers, "Content-Type:"); /* not libcurl's own */
    }
    add_line(&s->call->headers, "Expect:"); /* costs a round trip, or a second */
    keep(s, curl_easy_setopt(s->call->easy, CURLOPT_HTTPHEADER, s->call->headers));
    return BNC_OK;
}

static enum bnc_code
set_method(struct setup *s, struct bnc_error *err)
{
    const char *method = s->request->method;
    struct bnc_bytes body = s->request->body;
    bool writes = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
                  strcmp(method, "PATCH") == 0;

    if (strcmp(method, "HEAD") == 0) {
        set_long(s, CURLOPT_NOBODY, 1);
    } else if (body.len > 0 || writes) {
        keep(s, curl_easy_setopt(s->call->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                 (curl_off_t)body.len));
        set_text(s, CURLOPT_COPYPOSTFIELDS, body.ptr == NULL ? "" : body.ptr);
        set_text(s, CURLOPT_CUSTOMREQUEST, method);
    } else if (strcmp(method, "GET") == 0) {
        set_long(s, CURLOPT_HTTPGET, 1);
    } else {
        set_text(s, CURLOPT_CUSTOMREQUEST, method);
    }
    return set_headers(s, err);
}

/* ---- connection ---------------------------------------------------------------- */

/* A peer that went away without a word is noticed in half a minute. */
static int
on_new_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    static const struct {
        int level;
        int option;
        int value;
    } rows[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, PEER_SILENT_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, PEER_PROBE_S},
        {IPPROTO_TCP, TCP_KEEPCNT, PEER_PROBES},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS},
    };
    BNC_UNUSED(arg);
    BNC_UNUSED(purpose);
    bnc_real_cloexec(fd);
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        (void)setsockopt(fd, rows[i].level, rows[i].option, &rows[i].value,
                         sizeof(rows[i].value));
    }
    return CURL_SOCKOPT_OK;
}

static void
set_tls(struct setup *s)
{
    const struct bnc_tls_client *tls = s->request->tls;
    if (tls == NULL) {
        return;
    }
    if (tls->ca_pem != NULL) {
        set_blob(s, CURLOPT_CAINFO_BLOB, tls->ca_pem);
        set_text(s, CURLOPT_CAPATH, NULL); /* else the system's are trusted too */
    }
    if (tls->cert_pem != NULL) {
        set_text(s, CURLOPT_SSLCERTTYPE, "PEM");
        set_blob(s, CURLOPT_SSLCERT_BLOB, tls->cert_pem);
    }
    if (tls->key_pem != NULL) {
        set_text(s, CURLOPT_SSLKEYTYPE, "PEM");
        set_blob(s, CURLOPT_SSLKEY_BLOB, tls->key_pem);
    }
    if (tls->insecure) {
        set_long(s, CURLOPT_SSL_VERIFYPEER, 0);
        set_long(s, CURLOPT_SSL_VERIFYHOST, 0);
    }
}

static void
set_connection(struct setup *s)
{
    const struct bnc_http_request *request = s->request;

    set_long(s, CURLOPT_NOSIGNAL, 1);
    set_long(s, CURLOPT_QUICK_EXIT, 1); /* else a slow resolver stops the loop */
    set_long(s, CURLOPT_PATH_AS_IS, 1);
    set_long(s, CURLOPT_FOLLOWLOCATION, 0);
    set_long(s, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
    set_long(s, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
    set_long(s, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    set_long(s, CURLOPT_TIMEOUT_MS,
             request->timeout_ms > 0 ? (long)request->timeout_ms : 0L);
    set_long(s, CURLOPT_CONNECTTIMEOUT_MS,
             request->connect_ms > 0 ? (long)request->connect_ms : CONNECT_MS);
    set_text(s, CURLOPT_PROTOCOLS_STR, "http,https");
    set_text(s, CURLOPT_PROXY, request->proxy == NULL ? "" : request->proxy);
    set_text(s, CURLOPT_NOPROXY, ""); /* nothing from the environment */
    if (request->accept_gzip) {
        set_text(s, CURLOPT_ACCEPT_ENCODING, "gzip");
    }
    if (strncasecmp(request->url, "https:", 6) == 0) {
        set_long(s, CURLOPT_PIPEWAIT,
                 1); /* one connection for all, if it can: ALPN tells */
    }
    if (request->group != BNC_HTTP_WATCH) {
        set_long(s, CURLOPT_MAXLIFETIME_CONN, CONN_LIFE_S);
    }
    keep(s, curl_easy_setopt(s->call->easy, CURLOPT_SOCKOPTFUNCTION, on_new_socket));
}

/* ---- all of it ----------------------------------------------------------------- */

enum bnc_code
bnc_real_http_setup(struct bnc_http_call *call, const struct bnc_http_request *request,
                    struct bnc_error *err)
{
    if (!is_method(request->method)) {
        return bnc_fail(err, BNC_INVALID, "the HTTP method is malformed");
    }
    struct setup s = {.call = call, .request = request, .url = curl_url()};
    if (s.url == NULL) {
        return bnc_fail(err, BNC_INTERNAL, "libcurl gives no URL handle");
    }
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    enum bnc_code code = set_url(&s, arena, err);
    curl_url_cleanup(s.url);
    if (code != BNC_OK) {
        return code;
    }
    set_connection(&s);
    set_tls(&s);
    if (set_method(&s, err)) {
        return err->code;
    }
    if (s.failed != CURLE_OK) {
        return bnc_fail(err, BNC_INTERNAL, "%s: %s", call->label,
                        curl_easy_strerror(s.failed));
    }
    return BNC_OK;
}
