/*
 * Any texts as parts of an address of the API, and as the address of Prometheus: a path
 * has as many segments as it is made of, a password is in none that is told.
 */
#include "kube/url.h"
#include "sync/server_priv.h"
#include "tests/fuzz/fuzz.h"

static size_t
count(const char *text, char c)
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        n += *text == c;
    }
    return n;
}

static bool
is_plain(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                        "-._~%/?&=") == strlen(text);
}

static void
check_path(enum bnc_kind kind, const char *ns, const char *name, const char *sub,
           struct bnc_arena *arena)
{
    const struct bnc_kind_info *info = bnc_kind_info(kind);
    struct bnc_str out = bnc_str_new(arena, BNC_URL_MAX);
    struct bnc_str base = bnc_str_new(arena, BNC_URL_MAX);
    struct bnc_error err = {0};
    enum bnc_code code = bnc_url_path(&out, info, ns, name, sub, &err);

    require_error(code, &err);
    if (code != BNC_OK || out.too_big) {
        return;
    }
    require(bnc_url_path(&base, info, NULL, NULL, NULL, &err) == BNC_OK);
    require(is_plain(out.ptr) && strstr(out.ptr, "//") == NULL);
    require(strstr(out.ptr, "/../") == NULL && !bnc_str_ends(out.ptr, "/.."));
    size_t more = ns[0] != '\0' && info->namespaced ? 2 : 0;
    more += name[0] != '\0' ? 1 : 0;
    more += sub[0] != '\0' ? 1 : 0;
    require(count(out.ptr, '/') == count(base.ptr, '/') + more);
}

static void
check_query(const struct parts *parts, struct bnc_arena *arena)
{
    struct bnc_url_pair pairs[BNC_LEN(parts->items) + 1] = {0};
    struct bnc_str out = bnc_str_new(arena, SIZE_MAX);

    for (size_t i = 0; i < parts->n; i++) {
        pairs[i] = (struct bnc_url_pair){"name", parts->items[i].ptr};
    }
    bnc_url_query(&out, pairs);
    require(is_plain(out.ptr) && count(out.ptr, '=') == parts->n);
    require(count(out.ptr, '&') == parts->n - 1 && count(out.ptr, '?') == 1);
}

static void
check_place(const char *url)
{
    struct bnc_server_place place = {0};
    struct bnc_error err = {0};
    enum bnc_code code = bnc_server_place_parse(url, &place, &err);

    require_error(code, &err);
    if (code == BNC_OK) {
        require(bnc_str_starts(place.base, "http://") ||
                bnc_str_starts(place.base, "https://"));
        require(strpbrk(place.base, " \t\r\n") == NULL);
        require(place.auth == NULL || strpbrk(place.auth, "\r\n") == NULL);
        bnc_server_place_free(&place);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const enum bnc_kind kinds[] = {BNC_KIND_POD, BNC_KIND_NAMESPACE,
                                          BNC_KIND_OBSERVATORY};
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct parts parts = cut_input(arena, data, n, '\0');
    const char *texts[3] = {"", "", ""};
    char said[BNC_SERVER_TEXT_MAX];

    for (size_t i = 0; i < parts.n && i < BNC_LEN(texts); i++) {
        const struct bnc_bytes *part = &parts.items[i];
        texts[i] = bnc_utf8_valid(part->ptr, part->len) ? part->ptr : "no text";
    }
    for (size_t i = 0; i < BNC_LEN(kinds); i++) {
        check_path(kinds[i], texts[0], texts[1], texts[2], arena);
    }
    check_query(&parts, arena);
    check_place(texts[0]);
    (void)bnc_server_refusal(texts[0], said);
    bnc_server_clip(texts[0], said);
    require(bnc_utf8_valid(said, strlen(said)));
    char *escaped = bnc_server_escape(texts[0]);
    require(is_plain(escaped));
    free(escaped);
    return 0;
}
