#include <stdlib.h>
#include <string.h>

#include "tests/sim/api_internal.h"

bool
bnc_api_field_name(const struct bnc_api_request *r, const char **name)
{
    static const char prefix[] = "metadata.name=";
    const char *selector = r->params.field_selector;
    *name = "";
    if (*selector == '\0') {
        return true;
    }
    if (!bnc_str_starts(selector, prefix) || strchr(selector, ',') != NULL) {
        return false;
    }
    *name = selector + strlen(prefix);
    *name += **name == '=' ? 1 : 0;
    return true;
}

bool
bnc_api_rv_parse(const char *text, int64_t *rv)
{
    *rv = 0;
    if (*text == '\0') {
        return true;
    }
    size_t n = strspn(text, "0123456789");
    if (text[n] != '\0' || n > 18) {
        return false;
    }
    *rv = strtoll(text, NULL, 10);
    return true;
}

/* ---- one object -------------------------------------------------------------- */

static void
read_one(struct bnc_api_request *r)
{
    struct bnc_api_version *v = bnc_api_find(r->res, r->ns, r->name);
    if (v == NULL) {
        bnc_api_answer_status(r, 404, "NotFound",
                              bnc_arena_fmt(r->arena, "%s \"%s\" not found",
                                            r->res->kind->plural, r->name));
        return;
    }
    bnc_api_answer(r, 200, bnc_api_text(v, r->meta));
}

/* ---- lists ------------------------------------------------------------------------- */

struct page {
    int64_t rv;        /* of the state */
    const char *after; /* the last key of the page before, "" on the first */
    const char *name;  /* of the field selector */
    struct bnc_api_version **items;
    size_t n;
    const char *next; /* the token of the next page, "" when this is the last */
    size_t remaining;
};

/* "rv/key" in hexadecimal: opaque to clients. */
static const char *
make_token(struct bnc_arena *arena, int64_t rv, const char *key)
{
    struct bnc_str hex = bnc_str_new(arena, 8192);
    const char *plain = bnc_arena_fmt(arena, "%lld/%s", (long long)rv, key);
    for (const char *p = plain; *p != '\0'; p++) {
        bnc_str_fmt(&hex, "%02x", (unsigned char)*p);
    }
    return hex.ptr;
}

static bool
read_token(struct bnc_arena *arena, const char *token, struct page *page)
{
    size_t n = strlen(token) / 2;
    char *plain = bnc_arena_alloc(arena, n + 1);
    for (size_t i = 0; i < n; i++) {
        char pair[3] = {token[i * 2], token[i * 2 + 1], '\0'};
        plain[i] = (char)strtol(pair, NULL, 16);
    }
    char *slash = strchr(plain, '/');
    if (slash == NULL || strlen(token) % 2 != 0) {
        return false;
    }
    page->rv = strtoll(plain, NULL, 10);
    page->after = slash + 1;
    return true;
}

static bool
is_wanted(const struct bnc_api_request *r, const struct page *page,
          const struct bnc_api_version *v)
{
    return (*r->ns == '\0' || strcmp(v->ns, r->ns) == 0) &&
           (*page->name == '\0' || strcmp(v->name, page->name) == 0) &&
           bnc_api_labels_match(v, r->params.label_selector);
}

static void
refuse_gone(struct bnc_api_request *r, bool page)
{
    bnc_api_answer_status(r, 410, "Expired",
                          page
                              ? "The provided continue parameter is too old to display a "
                                "consistent list result."
                              : "The resourceVersion for the provided list is too old.");
}

/* Which state a list shows; false: it is refused and answered. */
static bool
choose_state(struct bnc_api_request *r, struct page *page)
{
    struct bnc_sim_api *api = r->api;
    const struct bnc_api_params *p = &r->params;
    int64_t asked;
    if (!bnc_api_rv_parse(p->rv, &asked) || !bnc_api_field_name(r, &page->name)) {
        bnc_api_answer_status(r, 400, "BadRequest", "resourceVersion or fieldSelector");
        return false;
    }
    bool exact = strcmp(p->rv_match, "Exact") == 0;
    if ((*p->cont != '\0' && (*p->rv_match != '\0' || (*p->rv != '\0' && asked != 0))) ||
        (*p->rv_match != '\0' && *p->rv == '\0') || (exact && asked == 0) ||
        p->initial_events) {
        bnc_api_answer_status(r, 422, "Invalid",
                              "ListOptions.meta.k8s.io \"\" is invalid: "
                              "resourceVersionMatch: Forbidden");
        return false;
    }
    if (asked > api->rv || (asked > 0 && bnc_api_hit(r, BNC_SIM_TOO_LARGE))) {
        r->answered = true;
        const char *text =
            bnc_api_status_text(r->arena, 504, "Timeout", "Too large resource version",
                                "ResourceVersionTooLarge");
        bnc_sim_reply(r->call, 504, "application/json",
                      (struct bnc_bytes){text, strlen(text)});
        return false;
    }
    page->rv = api->rv;
    if (*p->cont != '\0') {
        if (!read_token(r->arena, p->cont, page)) {
            bnc_api_answer_status(r, 400, "BadRequest",
                                  "the continue token is not valid");
            return false;
        }
        if (bnc_api_hit(r, BNC_SIM_GONE_PAGE)) {
            refuse_gone(r, true);
            return false;
        }
    } else if (exact || (asked > 0 && p->limit > 0 && *p->rv_match == '\0')) {
        page->rv = asked;
    } else if (*p->rv != '\0' && bnc_api_hit(r, BNC_SIM_STALE_LIST)) {
        int64_t low = asked > r->res->oldest_rv ? asked : r->res->oldest_rv;
        page->rv = low + (int64_t)bnc_sim_below(api->sim, (uint64_t)(api->rv - low + 1));
    }
    return true;
}

/* Keep what is wanted and fits the limit; the rest is unreffed. */
static void
cut_page(struct bnc_api_request *r, struct page *page)
{
    size_t kept = 0;
    int64_t limit = r->params.limit > 0 ? r->params.limit : INT64_MAX;
    int64_t most = r->api->page_max;
    if (most > 0 && r->params.limit > most) {
        limit = most;
    } else if (most == 0 && strcmp(r->params.rv, "0") == 0 && *r->params.cont == '\0') {
        limit = INT64_MAX; /* the watch cache answers, it has no pages */
    }
    page->next = "";
    for (size_t i = 0; i < page->n; i++) {
        struct bnc_api_version *v = page->items[i];
        bool wanted = is_wanted(r, page, v) && strcmp(v->key, page->after) > 0;
        if (wanted && (int64_t)kept < limit) {
            page->items[kept++] = v;
            continue;
        }
        if (wanted) {
            page->remaining++;
            if (*page->next == '\0') {
                page->next = make_token(r->arena, page->rv, page->items[kept - 1]->key);
            }
        }
        bnc_api_version_unref(v);
    }
    page->n = kept;
}

/* Items of built-in kinds do not carry their kind. */
static void
put_item(struct bnc_api_request *r, struct bnc_str *out, struct bnc_api_version *v)
{
    struct bnc_bytes text = bnc_api_text(v, r->meta);
    const char *rest = strstr(text.ptr, "\"metadata\"");
    if (r->meta || r->res->kind->custom || rest == NULL) {
        bnc_str_add(out, text.ptr, text.len);
        return;
    }
    bnc_str_putc(out, '{');
    bnc_str_puts(out, rest);
}

static void
put_items(struct bnc_api_request *r, struct bnc_str *out, const struct page *page)
{
    bnc_str_puts(out, "\"items\":[");
    for (size_t i = 0; i < page->n; i++) {
        if (i > 0) {
            bnc_str_putc(out, ',');
        }
        put_item(r, out, page->items[i]);
    }
    bnc_str_puts(out, "]");
}

static void
put_list_meta(struct bnc_api_request *r, struct bnc_str *out, const struct page *page)
{
    bool always = r->res->kind->custom && !r->meta;
    bnc_str_fmt(out, "\"metadata\":{%s\"resourceVersion\":\"%lld\"",
                always && *page->next == '\0' ? "\"continue\":\"\"," : "",
                (long long)page->rv);
    if (*page->next != '\0') {
        bnc_str_fmt(out, ",\"continue\":\"%s\",\"remainingItemCount\":%zu", page->next,
                    page->remaining);
    }
    bnc_str_puts(out, "}");
}

static void
answer_page(struct bnc_api_request *r, const struct page *page)
{
    struct bnc_str out = bnc_str_new(NULL, (size_t)512 << 20);
    const struct bnc_api_kind *kind = r->res->kind;
    const char *version = bnc_api_version_text(r->arena, kind);
    if (kind->custom && !r->meta) { /* sorted keys: the metadata comes last */
        bnc_str_fmt(&out, "{\"apiVersion\":\"%s\",", version);
        put_items(r, &out, page);
        bnc_str_fmt(&out, ",\"kind\":\"%sList\",", kind->kind);
        put_list_meta(r, &out, page);
    } else {
        bnc_str_fmt(&out, "{\"kind\":\"%sList\",\"apiVersion\":\"%s\",",
                    r->meta ? "PartialObjectMetadata" : kind->kind,
                    r->meta ? "meta.k8s.io/v1" : version);
        put_list_meta(r, &out, page);
        bnc_str_putc(&out, ',');
        put_items(r, &out, page);
    }
    bnc_str_puts(&out, "}\n");
    bnc_api_answer(r, 200, (struct bnc_bytes){out.ptr, out.len});
    bnc_str_free(&out);
}

static void
read_list(struct bnc_api_request *r)
{
    struct page page = {.after = ""};
    if (!choose_state(r, &page)) {
        return;
    }
    page.items = bnc_api_state_at(r->api, r->res, page.rv, &page.n);
    if (page.items == NULL) {
        refuse_gone(r, *r->params.cont != '\0');
        return;
    }
    cut_page(r, &page);
    answer_page(r, &page);
    for (size_t i = 0; i < page.n; i++) {
        bnc_api_version_unref(page.items[i]);
    }
    free(page.items);
}

void
bnc_api_read(struct bnc_api_request *r)
{
    if (*r->name != '\0') {
        read_one(r);
    } else {
        read_list(r);
    }
}
