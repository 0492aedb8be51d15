#include "render/yaml_quote.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Words that YAML 1.1 or 1.2 readers take for something else than text. */
static const char *const reserved[] = {"y",    "n",     "yes",  "no",  "on",  "off",
                                       "true", "false", "null", "nan", "inf", "infinity"};

/* Inside a plain text; no byte of it means anything at the end or before a space. */
static const char safe_bytes[] = "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789_-./$+@%^ :";

/* 30s, 1h30m, 5MB: begins like a number, ends as none can. */
static bool
is_quantity(const char *s)
{
    while (*s != '\0') {
        size_t digits = strspn(s, "0123456789");
        if (digits == 0) {
            return false;
        }
        s += digits;
        if (s[0] != '\0' && strchr("KMGT", s[0]) != NULL) {
            s += s[1] == 'i' ? 2 : 1;
            return strcmp(s, "B") == 0;
        }
        if (strncmp(s, "ms", 2) == 0) {
            s += 2;
        } else if (s[0] != '\0' && strchr("smhdwy", s[0]) != NULL) {
            s += 1;
        } else {
            return false;
        }
    }
    return true;
}

/* True when every YAML reader takes `s`, unquoted, for text. */
static bool
is_plain(const char *s)
{
    if (isdigit((unsigned char)s[0]) != 0) {
        return is_quantity(s);
    }
    if (isalpha((unsigned char)s[0]) == 0 && (s[0] == '\0' || !strchr("_/$", s[0]))) {
        return false;
    }
    if (s[strspn(s, safe_bytes)] != '\0') {
        return false;
    }
    for (size_t i = 0; s[i] != '\0'; i++) {
        bool ends = s[i + 1] == '\0' || s[i + 1] == ' ';
        if (ends && (s[i] == ':' || s[i] == ' ')) {
            return false;
        }
    }
    for (size_t i = 0; i < BNC_LEN(reserved); i++) {
        if (strcasecmp(s, reserved[i]) == 0) {
            return false;
        }
    }
    return true;
}

/* True for what YAML readers may change or refuse unless it is escaped. */
static bool
needs_escape(const unsigned char *s, size_t i)
{
    if (s[i] < 0x20 || s[i] == 0x7f) {
        return s[i] != '\n';
    }
    if (s[i] == 0xC2 && s[i + 1] < 0xA0) {
        return true; /* C1 controls, among them the line break NEL */
    }
    if (s[i] == 0xE2 && s[i + 1] == 0x80 && (s[i + 2] == 0xA8 || s[i + 2] == 0xA9)) {
        return true; /* LINE and PARAGRAPH SEPARATOR */
    }
    if (s[i] == 0xEF && ((s[i + 1] == 0xBB && s[i + 2] == 0xBF) ||
                         (s[i + 1] == 0xBF && s[i + 2] >= 0xBE))) {
        return true; /* byte order mark, U+FFFE, U+FFFF */
    }
    return s[i] >= 0xF0; /* libyaml would not print it */
}

/*
 * True when a literal block gives `s` back: no blank before a line's end, at
 * most one line break at the end, no blank or empty line at the beginning.
 */
static bool
is_literal(const char *s, size_t n)
{
    if (s[0] == ' ' || s[0] == '\n' || n < 2) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (s[i] == ' ' && (s[i + 1] == '\n' || s[i + 1] == '\0')) {
            return false;
        }
    }
    return s[n - 1] != '\n' || s[n - 2] != '\n';
}

enum bnc_yaml_quote
bnc_yaml_quote(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    bool lines = false;
    size_t n = 0;

    if (is_plain(text)) {
        return BNC_YAML_QUOTE_PLAIN;
    }
    for (; bytes[n] != '\0'; n++) {
        if (needs_escape(bytes, n)) {
            return BNC_YAML_QUOTE_DOUBLE;
        }
        lines = lines || bytes[n] == '\n';
    }
    if (!lines) {
        return BNC_YAML_QUOTE_SINGLE;
    }
    return is_literal(text, n) ? BNC_YAML_QUOTE_LITERAL : BNC_YAML_QUOTE_DOUBLE;
}
