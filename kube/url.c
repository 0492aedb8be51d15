#include "kube/url.h"

#include <string.h>

static bool
is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

bool
bnc_url_segment_ok(const char *text)
{
    return is_given(text) && strcmp(text, ".") != 0 && strcmp(text, "..") != 0 &&
           strpbrk(text, "/%") == NULL;
}

static bool
is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_' || c == '~';
}

void
bnc_url_encode(struct bnc_str *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (is_unreserved((unsigned char)*p)) {
            bnc_str_putc(out, *p);
        } else {
            bnc_str_fmt(out, "%%%02X", (unsigned)(unsigned char)*p);
        }
    }
}

static enum bnc_code
add_segment(struct bnc_str *out, const char *text, struct bnc_error *err)
{
    if (!bnc_url_segment_ok(text)) {
        return bnc_fail(err, BNC_INVALID, "\"%s\" is not a name of an object", text);
    }
    bnc_str_putc(out, '/');
    bnc_url_encode(out, text);
    return BNC_OK;
}

enum bnc_code
bnc_url_path(struct bnc_str *out, const struct bnc_kind_info *info, const char *ns,
             const char *name, const char *sub, struct bnc_error *err)
{
    if (info->group[0] == '\0') {
        bnc_str_fmt(out, "/api/%s", info->version);
    } else {
        bnc_str_fmt(out, "/apis/%s/%s", info->group, info->version);
    }
    if (info->namespaced && is_given(ns)) {
        bnc_str_puts(out, "/namespaces");
        if (add_segment(out, ns, err)) {
            return err->code;
        }
    }
    bnc_str_fmt(out, "/%s", info->plural);
    if (is_given(name) && add_segment(out, name, err)) {
        return err->code;
    }
    if (is_given(sub) && add_segment(out, sub, err)) {
        return err->code;
    }
    return BNC_OK;
}

void
bnc_url_query(struct bnc_str *out, const struct bnc_url_pair *pairs)
{
    char before = '?';
    for (size_t i = 0; pairs != NULL && pairs[i].name != NULL; i++) {
        if (pairs[i].value == NULL) {
            continue;
        }
        bnc_str_putc(out, before);
        bnc_url_encode(out, pairs[i].name);
        bnc_str_putc(out, '=');
        bnc_url_encode(out, pairs[i].value);
        before = '&';
    }
}
