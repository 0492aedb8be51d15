#include "model/field_text.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "lib/str.h"
#include "lib/units.h"

#define NEAREST_MAX 48 /* longer texts are no slips of a known name */
#define LETTERS     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS      "0123456789"

static bool
any(const char *s)
{
    BNC_UNUSED(s);
    return true;
}

static bool
config_key(const char *s)
{
    size_t n = strlen(s);
    if (n == 0 || n > 253 || strcmp(s, ".") == 0 || bnc_str_starts(s, "..")) {
        return false;
    }
    return strspn(s, LETTERS DIGITS "-_.") == n;
}

static bool
added_label(const char *s)
{
    return bnc_label_name_valid(s) && !bnc_str_starts(s, "__") &&
           strcmp(s, "namespace") != 0 && strcmp(s, "job") != 0 &&
           strcmp(s, "instance") != 0;
}

static bool
label_keys(const char *s)
{
    return strcmp(s, "*") == 0 || bnc_label_key_valid(s);
}

/* Printable ASCII or UTF-8 without spaces: what may stand in a URL or path. */
static bool
visible(const char *s)
{
    for (const char *p = s; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f) {
            return false;
        }
    }
    return true;
}

/* ":8080" or nothing, up to the path. */
static bool
url_port(const char *s, size_t n)
{
    if (n == 0) {
        return true;
    }
    unsigned port = 0;
    if (s[0] != ':' || n > 6) {
        return false;
    }
    for (size_t i = 1; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') {
            return false;
        }
        port = port * 10 + (unsigned)(s[i] - '0');
    }
    return n > 1 && port >= 1 && port <= 65535;
}

/* host, host:port, [::1]:port, user:password@host after "scheme://". */
static bool
url_authority(const char *s)
{
    size_t n = strcspn(s, "/?#");
    for (size_t i = n; i > 0; i--) {
        if (s[i - 1] == '@') {
            s += i;
            n -= i;
            break;
        }
    }
    size_t host = strcspn(s, ":");
    if (s[0] == '[') {
        const char *end = memchr(s, ']', n);
        if (end == NULL || end == s + 1) {
            return false;
        }
        host = (size_t)(end - s) + 1;
    }
    if (host > n) {
        host = n;
    }
    for (size_t i = 0; i < host; i++) { /* what no URL has there, written plainly */
        if (strchr("{}|\\^`", s[i]) != NULL) {
            return false;
        }
    }
    return host > 0 && url_port(s + host, n - host);
}

static bool
url(const char *s)
{
    size_t scheme = bnc_str_starts(s, "http://")    ? 7
                    : bnc_str_starts(s, "https://") ? 8
                                                    : 0;
    return scheme > 0 && visible(s) && url_authority(s + scheme);
}

static bool
proxy_url(const char *s)
{
    if (bnc_str_starts(s, "socks5://")) {
        return visible(s) && url_authority(s + strlen("socks5://"));
    }
    return url(s);
}

static bool
path(const char *s)
{
    return s[0] == '/' && visible(s);
}

static bool
version(const char *s)
{
    struct bnc_version out;
    struct bnc_error err = {0};
    return bnc_version_parse(s, &out, &err) == BNC_OK;
}

static bool
grafana_uid(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n <= 40 && strspn(s, LETTERS DIGITS "-_") == n;
}

#define SUBDOMAIN "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"

/* Only rules of names have a pattern: what is refused by the API server never gets
 * a status that explains it, so that the rest is left to decoding. */
static const struct {
    bool (*keeps)(const char *text);
    const char *remedy;
    const char *pattern;
    size_t max;
} rules[] = {
    [BNC_TEXT_ANY] = {any, NULL, NULL, BNC_FIELD_TEXT_MAX},
    [BNC_TEXT_OBJECT_NAME] = {bnc_dns_subdomain_valid,
                              "use the name of an object: lower-case letters, digits, "
                              "\"-\" and \".\", at most 253",
                              "^(" SUBDOMAIN ")?$", 253},
    [BNC_TEXT_NAMESPACE] = {bnc_dns_label_valid,
                            "use lower-case letters, digits and \"-\", at most 63",
                            "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$", 63},
    [BNC_TEXT_KEY] = {config_key,
                      "use letters, digits, \"-\", \"_\" and \".\", at most 253",
                      "^[-._a-zA-Z0-9]*$", 253},
    [BNC_TEXT_LABEL_NAME] = {bnc_label_name_valid,
                             "use letters, digits and \"_\", no digit at the beginning",
                             NULL, BNC_FIELD_TEXT_MAX},
    [BNC_TEXT_ADDED_LABEL] =
        {added_label,
         "use letters, digits and \"_\"; namespace, job, instance and "
         "names that begin with \"__\" are taken",
         NULL, BNC_FIELD_TEXT_MAX},
    [BNC_TEXT_LABEL_KEY] = {bnc_label_key_valid,
                            "use the key of a label, as app or app.kubernetes.io/name",
                            NULL, 317},
    [BNC_TEXT_LABEL_KEYS] =
        {label_keys,
         "use the key of a label, as app or app.kubernetes.io/name, or "
         "\"*\" for all",
         NULL, 317},
    [BNC_TEXT_URL] = {url, "use http:// or https:// with a host", NULL, 2048},
    [BNC_TEXT_PROXY_URL] = {proxy_url, "use http://, https:// or socks5:// with a host",
                            NULL, 2048},
    [BNC_TEXT_PATH] = {path, "begin it with \"/\", without spaces", NULL,
                       BNC_FIELD_TEXT_MAX},
    [BNC_TEXT_VERSION] = {version, "use a version as 3.5.0",
                          "^(v?[0-9]+\\.[0-9]+(\\.[0-9]+)?([-+][-.0-9A-Za-z]+)?)?$", 64},
    [BNC_TEXT_UID] = {grafana_uid, "use letters, digits, \"-\" and \"_\", at most 40",
                      "^[-_a-zA-Z0-9]*$", 40},
    [BNC_TEXT_TIME] = {any, NULL, NULL, 64},
};
static_assert(BNC_LEN(rules) == BNC_TEXT_RULE_COUNT, "every rule needs a row");

bool
bnc_text_keeps(enum bnc_text_rule rule, const char *text)
{
    return strlen(text) <= rules[rule].max && rules[rule].keeps(text);
}

const char *
bnc_text_remedy(enum bnc_text_rule rule)
{
    return rules[rule].remedy;
}

const char *
bnc_text_pattern(enum bnc_text_rule rule)
{
    return rules[rule].pattern;
}

size_t
bnc_text_max(enum bnc_text_rule rule)
{
    return rules[rule].max;
}

/* Length of the well-formed character at `s`; 0 when it is none. */
static size_t
utf8_len(const char *s)
{
    for (size_t n = 1; n <= 4 && s[n - 1] != '\0'; n++) {
        if (bnc_utf8_valid(s, n)) {
            return n;
        }
    }
    return 0;
}

/* Steers a terminal or turns text around: C1, line separators, direction marks. */
static bool
steers(const char *s, size_t n, unsigned *code)
{
    const unsigned char *u = (const unsigned char *)s;
    if (n == 2) {
        *code = ((u[0] & 0x1fU) << 6) | (u[1] & 0x3fU);
        return *code < 0xa0;
    }
    if (n == 3) {
        *code = ((u[0] & 0x0fU) << 12) | ((u[1] & 0x3fU) << 6) | (u[2] & 0x3fU);
        return (*code >= 0x200b && *code <= 0x200f) ||
               (*code >= 0x2028 && *code <= 0x202e) ||
               (*code >= 0x2060 && *code <= 0x206f) || *code == 0xfeff;
    }
    return false;
}

/* The character of `n` bytes at `p`, escaped where it has to be; 0: no UTF-8. */
static void
add_shown(struct bnc_str *out, const char *p, size_t n, bool quoted)
{
    unsigned char byte = (unsigned char)*p;
    unsigned code = 0;
    if (n == 0) {
        bnc_str_fmt(out, "\\x%02x", (unsigned)byte);
    } else if (n == 1 && (byte < ' ' || byte == 0x7f)) {
        bnc_str_fmt(out, "\\u%04x", (unsigned)byte);
    } else if (quoted && (byte == '"' || byte == '\\')) {
        bnc_str_fmt(out, "\\%c", *p);
    } else if (steers(p, n, &code)) {
        bnc_str_fmt(out, "\\u%04x", code);
    } else {
        bnc_str_add(out, p, n);
    }
}

static const char *
shown(struct bnc_arena *arena, const char *text, const char *quote, size_t max)
{
    struct bnc_str out = bnc_str_new(arena, 8 * max); /* an escape has 6 bytes */
    const char *p = text;
    bnc_str_puts(&out, quote);
    while (*p != '\0') {
        size_t n = utf8_len(p);
        size_t step = n == 0 ? 1 : n;
        if ((size_t)(p - text) + step > max) {
            break;
        }
        add_shown(&out, p, n, quote[0] != '\0');
        p += step;
    }
    bnc_str_puts(&out, quote);
    if (*p != '\0') {
        bnc_str_puts(&out, "...");
    }
    return out.len == 0 ? "" : out.ptr;
}

const char *
bnc_text_quoted(struct bnc_arena *arena, const char *text)
{
    return shown(arena, text, "\"", BNC_QUOTED_MAX);
}

const char *
bnc_text_shown(struct bnc_arena *arena, const char *text)
{
    return shown(arena, text, "", BNC_QUOTED_MAX);
}

const char *
bnc_text_safe(struct bnc_arena *arena, const char *text)
{
    return shown(arena, text, "", BNC_ERROR_MAX);
}

const char *
bnc_text_escaped(struct bnc_arena *arena, const char *text)
{
    return shown(arena, text, "", strlen(text));
}

static size_t
least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance without regard to case; both at most NEAREST_MAX bytes. */
static size_t
distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t row[NEAREST_MAX + 1];
    for (size_t j = 0; j <= nb; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t cost = strncasecmp(a + i - 1, b + j - 1, 1) == 0 ? 0 : 1;
            size_t next = least(row[j] + 1, row[j - 1] + 1, diagonal + cost);
            diagonal = row[j];
            row[j] = next;
        }
    }
    return row[nb];
}

const char *
bnc_text_nearest(const char *text, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t n_text = strlen(text);
    size_t limit = n_text / 3 + 1; /* more is another word */
    if (n_text == 0 || n_text > NEAREST_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        size_t n_name = strlen(names[i]);
        if (n_name > NEAREST_MAX) {
            continue;
        }
        size_t d = distance(text, n_text, names[i], n_name);
        if (d <= limit && d < n_name) {
            best = names[i];
            limit = d == 0 ? 0 : d - 1; /* ties: the first */
            if (d == 0) {
                break;
            }
        }
    }
    return best;
}
