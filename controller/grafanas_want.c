/* A wish with what is secret in it: read anew whenever a Secret changes. */
#include <string.h>

#include "controller/grafanas.h"
#include "lib/json.h"
#include "model/ir_grafana.h"

#define VERSION_MAX ((size_t)16 * 1024)

struct reading {
    struct bnc_view *view;
    struct bnc_arena *arena;
    bool whole;
};

/* NULL: there is none. */
static struct bnc_bytes
value_of(struct reading *r, const struct bnc_asset *asset)
{
    struct bnc_bytes value = {0};
    if (asset == NULL) {
        return value;
    }
    if (bnc_view_value(r->view, (enum bnc_kind)asset->kind, asset->ns, asset->name,
                       asset->key, r->arena, &value) != BNC_VIEW_FOUND) {
        r->whole = false; /* its reader is compiled again */
        return (struct bnc_bytes){0};
    }
    return bnc_bytes_trimmed(value);
}

/* Another for each other value, and nothing that tells the value. */
static void
add_version(struct reading *r, const struct bnc_asset *asset, struct bnc_str *out)
{
    const struct bnc_object *object = NULL;
    if (bnc_view_get(r->view, (enum bnc_kind)asset->kind, asset->ns, asset->name,
                     &object) == BNC_VIEW_FOUND) {
        bnc_str_fmt(out, "%s%s:%s", out->len == 0 ? "" : ",", object->uid,
                    object->resource_version);
    }
}

static struct bnc_gapi_item
item_of(struct reading *r, const struct bnc_grafana_entry *entry)
{
    const struct bnc_object *object = entry->member->object;
    struct bnc_gapi_secret *secrets =
        bnc_arena_array(r->arena, entry->n_secure, sizeof(*secrets));
    struct bnc_str version = bnc_str_new(r->arena, VERSION_MAX);
    for (size_t i = 0; i < entry->n_secure; i++) {
        secrets[i] = (struct bnc_gapi_secret){
            .key = entry->secure[i].name, .value = value_of(r, &entry->secure[i].asset)};
        add_version(r, &entry->secure[i].asset, &version);
    }
    return (struct bnc_gapi_item){
        .kind = entry->dashboard ? BNC_GAPI_DASHBOARD : BNC_GAPI_DATASOURCE,
        .org = entry->org,
        .uid = entry->uid,
        .name = entry->title,
        .owner = bnc_arena_fmt(r->arena, "%s %s/%s", bnc_kind_info(object->kind)->name,
                               object->ns, object->name),
        .folder = entry->folder,
        .body = entry->body,
        .secret_version = entry->n_secure == 0 ? NULL : version.ptr,
        .secrets = secrets,
        .n_secrets = entry->n_secure};
}

const struct bnc_gapi_want *
bnc_grafanas_want(const struct bnc_grafana_wish *wish, struct bnc_view *view,
                  struct bnc_arena *arena)
{
    struct reading r = {.view = view, .arena = arena, .whole = true};
    struct bnc_gapi_want *want = bnc_arena_alloc(arena, sizeof(*want));
    struct bnc_gapi_item *items = bnc_arena_array(arena, wish->n, sizeof(*items));

    for (size_t i = 0; i < wish->n; i++) {
        items[i] = item_of(&r, &wish->entries[i]);
    }
    *want = (struct bnc_gapi_want){.url = wish->url,
                                   .token = value_of(&r, wish->token),
                                   .username = value_of(&r, wish->username),
                                   .password = value_of(&r, wish->password),
                                   .ca_pem = value_of(&r, wish->ca),
                                   .server_name = wish->server_name,
                                   .insecure = wish->insecure,
                                   .org = wish->org,
                                   .poll_ms = wish->poll_ms,
                                   .items = items,
                                   .n = wish->n};
    return r.whole ? want : NULL;
}
