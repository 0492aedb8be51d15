#include "controller/grafana_judge.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clip.h"
#include "lib/hash.h"

#define MARK       "binnacle"
#define DIFF_MAX   5  /* fields that are told */
#define VALUE_MAX  80 /* bytes of a value */
#define BODY_MAX   ((size_t)16 * 1024 * 1024)
#define ESCAPE_MAX 6 /* bytes of one in JSON */

/* What Grafana sets by itself, or what is sent in another place. */
static const char *const not_ours[] = {
    "id",          "orgId",          "version",          "readOnly",   "typeName",
    "typeLogoUrl", "secureJsonData", "secureJsonFields", "apiVersion", "accessControl",
};

/* What GET /api/datasources does not show. */
static const char *const unlisted[] = {"basicAuthUser", "withCredentials"};

struct bnc_gapi_mark
bnc_gapi_mark_of(const cJSON *live)
{
    const cJSON *mark = bnc_json_path(live, "jsonData", MARK, NULL);
    struct bnc_gapi_mark out = {
        .owner = bnc_json_get_str(mark, "owner"),
        .hash = bnc_json_get_str(mark, "hash"),
        .secrets = bnc_json_get_str(mark, "secrets"),
        .keys = bnc_json_get(mark, "keys"),
    };

    if (!bnc_json_get_int(mark, "version", &out.version)) {
        out.version = 0;
    }
    return out;
}

/* ---- the body ------------------------------------------------------------------- */

/* A datasource: without our mark, and with what Grafana insists on. */
static enum bnc_code
source_body(const struct bnc_gapi_item *item, struct bnc_arena *arena, cJSON *body,
            struct bnc_error *err)
{
    cJSON *data = bnc_json_get(body, "jsonData");

    if (data != NULL && !cJSON_IsObject(data)) {
        return bnc_fail(err, BNC_INVALID, "jsonData is no JSON object");
    }
    for (size_t i = 0; i < BNC_LEN(not_ours); i++) {
        (void)bnc_json_remove(body, not_ours[i]);
    }
    if (data != NULL) {
        (void)bnc_json_remove(data, MARK);
    }
    bnc_json_set_str(arena, body, "name", item->name);
    if (bnc_json_get_str(body, "access") == NULL) {
        bnc_json_set_str(arena, body, "access", "proxy");
    }
    return BNC_OK;
}

void
bnc_gapi_add_tag(struct bnc_arena *arena, cJSON *model, const char *tag)
{
    cJSON *tags = bnc_json_get(model, "tags");
    const cJSON *one;

    if (!cJSON_IsArray(tags)) {
        tags = bnc_json_array(arena);
        bnc_json_set_item(arena, model, "tags", tags);
    }
    cJSON_ArrayForEach(one, tags)
    {
        if (cJSON_IsString(one) && bnc_str_eq(one->valuestring, tag)) {
            return;
        }
    }
    bnc_json_add(tags, bnc_json_str(arena, tag));
}

enum bnc_code
bnc_gapi_body(const struct bnc_gapi_item *item, struct bnc_arena *arena,
              struct bnc_bytes *out, char hash[BNC_GAPI_HASH], struct bnc_error *err)
{
    struct bnc_str text = bnc_str_new(arena, BODY_MAX);
    char digest[BNC_SHA256_HEX];
    cJSON *body;

    if (bnc_json_parse(arena, item->body.len == 0 ? "" : item->body.ptr, item->body.len,
                       &body, err)) {
        return bnc_wrap(err, "the body of %s", item->owner);
    }
    if (!cJSON_IsObject(body)) {
        return bnc_fail(err, BNC_INVALID, "the body is no JSON object");
    }
    bnc_json_set_str(arena, body, "uid", item->uid);
    if (item->kind == BNC_GAPI_DASHBOARD) {
        (void)bnc_json_remove(body, "id");
        (void)bnc_json_remove(body, "version");
        bnc_json_set_str(arena, body, "title", item->name);
        bnc_gapi_add_tag(arena, body, BNC_GAPI_TAG);
    } else if (source_body(item, arena, body, err)) {
        return err->code;
    }
    bnc_json_print_sorted(body, &text);
    if (bnc_str_check(&text, "the body", err)) {
        return err->code;
    }
    bnc_sha256_hex(text.ptr, text.len, digest);
    (void)memcpy(hash, digest, BNC_GAPI_HASH - 1);
    hash[BNC_GAPI_HASH - 1] = '\0';
    *out = (struct bnc_bytes){text.ptr, text.len};
    return BNC_OK;
}

/* ---- what differs --------------------------------------------------------------- */

struct differ {
    struct bnc_arena *arena;
    struct bnc_str *out;
    size_t n;
};

/* A value fit to be printed: short, and no address with a password. */
static const char *
value_text(struct bnc_arena *arena, const cJSON *value)
{
    struct bnc_str text = bnc_str_new(arena, BODY_MAX);

    if (value == NULL) {
        return "nothing";
    }
    bnc_json_print(value, &text);
    if (text.len > VALUE_MAX && (cJSON_IsArray(value) || cJSON_IsObject(value))) {
        return bnc_arena_fmt(arena, "(%d %s)", cJSON_GetArraySize(value),
                             cJSON_IsArray(value) ? "items" : "fields");
    }
    const char *from = strstr(text.ptr, "://");
    if (from != NULL && strchr(from, '@') != NULL) {
        return "(not shown: it may have a password)";
    }
    return bnc_arena_fmt(arena, "%.*s%s", bnc_clip(text.ptr, VALUE_MAX), text.ptr,
                         text.len > VALUE_MAX ? "…" : "");
}

static void
add_difference(struct differ *d, const char *path, const cJSON *live, const cJSON *want)
{
    if (d->n++ >= DIFF_MAX) {
        if (d->n == DIFF_MAX + 1) {
            bnc_str_puts(d->out, "; …");
        }
        return;
    }
    bnc_str_fmt(d->out, "%s%s: %s -> %s", d->out->len == 0 ? "" : "; ", path,
                value_text(d->arena, live), value_text(d->arena, want));
}

/* What Grafana makes of a field that is not sent. */
static bool
is_nothing(const cJSON *value)
{
    return value == NULL || cJSON_IsNull(value) || cJSON_IsFalse(value) ||
           (cJSON_IsString(value) && value->valuestring[0] == '\0') ||
           (cJSON_IsNumber(value) && value->valuedouble == 0) ||
           ((cJSON_IsObject(value) || cJSON_IsArray(value)) && value->child == NULL);
}

static void
compare(struct differ *d, const char *path, const cJSON *want, const cJSON *live)
{
    const cJSON *field;

    if (cJSON_IsObject(want) && cJSON_IsObject(live)) {
        cJSON_ArrayForEach(field, want)
        {
            const char *below =
                path[0] == '\0' ? field->string
                                : bnc_arena_fmt(d->arena, "%s.%s", path, field->string);
            compare(d, below, field, bnc_json_get(live, field->string));
        }
    } else if (!bnc_json_equal(want, live) && !(is_nothing(want) && is_nothing(live))) {
        add_difference(d, path, live, want);
    }
}

static bool
is_unlisted(const char *field)
{
    for (size_t i = 0; i < BNC_LEN(unlisted); i++) {
        if (bnc_str_eq(field, unlisted[i])) {
            return true;
        }
    }
    return false;
}

void
bnc_gapi_diff(const cJSON *body, const cJSON *live, bool whole, struct bnc_str *out)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct differ d = {.arena = arena, .out = out};
    const cJSON *field;

    cJSON_ArrayForEach(field, body)
    {
        if (whole || !is_unlisted(field->string)) {
            compare(&d, field->string, field, bnc_json_get(live, field->string));
        }
    }
}

void
bnc_gapi_diff_secrets(const struct bnc_gapi_item *item, const cJSON *live,
                      struct bnc_str *out)
{
    const cJSON *shown = bnc_json_get(live, "secureJsonFields");

    for (size_t i = 0; i < item->n_secrets; i++) {
        if (item->secrets[i].value.len > 0 &&
            !bnc_json_get_true(shown, item->secrets[i].key)) {
            bnc_str_fmt(out, "%ssecureJsonData.%s: is not set -> set",
                        out->len == 0 ? "" : "; ", item->secrets[i].key);
        }
    }
}

/* ---- what is sent --------------------------------------------------------------- */

static cJSON *
mark_of(const struct bnc_gapi_write *write, struct bnc_arena *arena)
{
    const struct bnc_gapi_item *item = write->item;
    cJSON *mark = bnc_json_object(arena);

    bnc_json_set_str(arena, mark, "owner", write->owner);
    bnc_json_set_str(arena, mark, "hash", write->hash);
    bnc_json_set_int(arena, mark, "version", write->version + 1);
    if (item->n_secrets > 0) {
        cJSON *keys = bnc_json_array(arena);
        bnc_json_set_str(arena, mark, "secrets",
                         item->secret_version == NULL ? "" : item->secret_version);
        for (size_t i = 0; i < item->n_secrets; i++) {
            bnc_json_add(keys, bnc_json_str(arena, item->secrets[i].key));
        }
        bnc_json_set_item(arena, mark, "keys", keys);
    }
    return mark;
}

static bool
has_secret(const struct bnc_gapi_item *item, const char *key)
{
    for (size_t i = 0; i < item->n_secrets; i++) {
        if (bnc_str_eq(item->secrets[i].key, key)) {
            return true;
        }
    }
    return false;
}

/* Room for all of it at once: text that grows leaves copies behind. */
static size_t
secrets_room(const struct bnc_gapi_write *write)
{
    size_t room = 64;

    for (size_t i = 0; i < write->item->n_secrets; i++) {
        const struct bnc_gapi_secret *secret = &write->item->secrets[i];
        room += (strlen(secret->key) + secret->value.len) * ESCAPE_MAX + 8;
    }
    for (size_t i = 0; write->old != NULL && write->old[i] != NULL; i++) {
        room += strlen(write->old[i]) * ESCAPE_MAX + 8;
    }
    return room;
}

/* Values end in NUL: the copies of an entry do. */
static void
add_secrets(const struct bnc_gapi_write *write, struct bnc_str *out)
{
    const struct bnc_gapi_item *item = write->item;
    const char *comma = "";

    bnc_str_puts(out, "\"secureJsonData\":{");
    for (size_t i = 0; i < item->n_secrets; i++) {
        bnc_str_puts(out, comma);
        bnc_str_json(out, item->secrets[i].key);
        bnc_str_putc(out, ':');
        bnc_str_json(out, item->secrets[i].value.ptr);
        comma = ",";
    }
    for (size_t i = 0; write->old != NULL && write->old[i] != NULL; i++) {
        if (!has_secret(item, write->old[i])) { /* Grafana keeps what is not named */
            bnc_str_puts(out, comma);
            bnc_str_json(out, write->old[i]);
            bnc_str_puts(out, ":\"\"");
            comma = ",";
        }
    }
    bnc_str_puts(out, "},");
}

enum bnc_code
bnc_gapi_text(const struct bnc_gapi_write *write, struct bnc_str *out,
              struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const struct bnc_gapi_item *item = write->item;
    struct bnc_str text = bnc_str_new(arena, BODY_MAX);
    cJSON *body;

    for (size_t i = 0; i < item->n_secrets; i++) {
        const struct bnc_bytes value = item->secrets[i].value;
        if (!bnc_utf8_valid(value.ptr, value.len) ||
            memchr(value.ptr, '\0', value.len) != NULL) {
            return bnc_fail(err, BNC_INVALID, "the secret for %s is no text",
                            item->secrets[i].key);
        }
    }
    if (bnc_json_parse(arena, item->body.ptr, item->body.len, &body, err)) {
        return err->code;
    }
    cJSON *data = bnc_json_get(body, "jsonData");
    if (data == NULL) {
        data = bnc_json_object(arena);
        bnc_json_set_item(arena, body, "jsonData", data);
    }
    bnc_json_set_item(arena, data, MARK, mark_of(write, arena));
    if (write->version > 0) {
        bnc_json_set_int(arena, body, "version", write->version);
    }
    bnc_json_print(body, &text);
    if (bnc_str_check(&text, "the body", err)) {
        return err->code;
    }
    *out = bnc_str_new(NULL, BODY_MAX * 2);
    bnc_str_reserve(out, text.len + secrets_room(write));
    bnc_str_putc(out, '{');
    if (item->n_secrets > 0 || (write->old != NULL && write->old[0] != NULL)) {
        add_secrets(write, out);
    }
    bnc_str_add(out, text.ptr + 1, text.len - 1);
    return BNC_OK;
}

void
bnc_gapi_wipe(struct bnc_str *text)
{
    if (text->ptr != NULL) {
        explicit_bzero(text->ptr, text->room);
    }
    bnc_str_free(text);
}
