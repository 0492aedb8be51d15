#include "reconcilers/translate.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lib/json.h"
#include "lib/units.h"
#include "model/field_text.h"
#include "model/spec_operator.h"
#include "reconcilers/endpoint.h"
#include "validate/relabel.h"

/* One value and where it goes. */
struct value {
    struct bnc_refs *refs;
    const struct bnc_translate_row *row;
    const cJSON *json;
    const char *path;
    cJSON *out; /* the object that it goes into */
};

static void
wrong(const struct value *v, const char *remedy, const char *message)
{
    bnc_diag_add(v->refs->diags, BNC_REASON_INVALID_FIELD, v->path, remedy, "%s",
                 message);
}

static void
put(const struct value *v, cJSON *item)
{
    if (item != NULL) {
        bnc_json_set_item(v->refs->arena, v->out, v->row->to, item);
    }
}

/* The text; NULL when it is none, or empty. */
static const char *
text_of(const struct value *v)
{
    if (!cJSON_IsString(v->json)) {
        wrong(v, "write text", "it is no text");
        return NULL;
    }
    return v->json->valuestring[0] == '\0' ? NULL : v->json->valuestring;
}

/* ---- plain values -------------------------------------------------------------- */

static bool
is_one_of(const char *text, const char *const *values)
{
    for (size_t i = 0; values != NULL && values[i] != NULL; i++) {
        if (strcmp(values[i], text) == 0) {
            return true;
        }
    }
    return values == NULL;
}

static void
put_text(const struct value *v)
{
    const char *text = text_of(v);
    if (text == NULL) {
        if (v->row->required) {
            wrong(v, "set it", "the field is required");
        }
        return;
    }
    if (!is_one_of(text, v->row->values)) {
        bnc_diag_add(v->refs->diags, BNC_REASON_INVALID_FIELD, v->path,
                     bnc_arena_fmt(v->refs->arena,
                                   "use one of those that there are, as %s",
                                   v->row->values[0]),
                     "%s is not known", bnc_text_quoted(v->refs->arena, text));
        return;
    }
    put(v, bnc_json_str(v->refs->arena, text));
}

static void
put_lower(const struct value *v)
{
    const size_t before = v->refs->diags->errors;
    put_text(v);
    cJSON *item = bnc_json_get(v->out, v->row->to);
    if (v->refs->diags->errors == before && cJSON_IsString(item)) {
        for (char *p = item->valuestring; *p != '\0'; p++) {
            *p = (char)tolower((unsigned char)*p);
        }
    }
}

static void
put_snake(const struct value *v)
{
    const char *text = text_of(v);
    struct bnc_str out = bnc_str_new(v->refs->arena, 256);
    for (const char *p = text; p != NULL && *p != '\0'; p++) {
        bool begins =
            isupper((unsigned char)*p) && p > text && islower((unsigned char)p[-1]);
        bnc_str_fmt(&out, "%s%c", begins ? "_" : "", tolower((unsigned char)*p));
    }
    put(v, text == NULL ? NULL : bnc_json_str(v->refs->arena, out.ptr));
}

static void
put_bool(const struct value *v)
{
    if (!cJSON_IsBool(v->json)) {
        wrong(v, "write true or false", "it is neither true nor false");
        return;
    }
    put(v, bnc_json_bool(v->refs->arena, cJSON_IsTrue(v->json)));
}

static void
put_int(const struct value *v)
{
    int64_t value = 0;
    if (!bnc_json_to_int(v->json, &value)) {
        wrong(v, "write a whole number", "it is no whole number");
        return;
    }
    put(v, bnc_json_int(v->refs->arena, value));
}

static void
put_true(const struct value *v)
{
    if (!cJSON_IsFalse(v->json)) {
        put_bool(v);
    }
}

static void
put_some(const struct value *v)
{
    int64_t value = 0;
    if (!bnc_json_to_int(v->json, &value) || value != 0) {
        put_int(v);
    }
}

/* One word for another. */
struct word {
    const char *from;
    const char *to;
};

static void
put_word(const struct value *v, const struct word *words, size_t n)
{
    const char *text = text_of(v);
    for (size_t i = 0; text != NULL && i < n; i++) {
        if (strcmp(words[i].from, text) == 0) {
            put(v, bnc_json_str(v->refs->arena, words[i].to));
            return;
        }
    }
    if (text != NULL) {
        bnc_diag_add(v->refs->diags, BNC_REASON_INVALID_FIELD, v->path,
                     bnc_arena_fmt(v->refs->arena, "use %s", words[0].from),
                     "%s is not known", bnc_text_quoted(v->refs->arena, text));
    }
}

static void
put_message(const struct value *v)
{
    static const struct word words[] = {{"V1.0", "prometheus.WriteRequest"},
                                        {"V2.0", "io.prometheus.write.v2.Request"}};
    put_word(v, words, BNC_LEN(words));
}

static void
put_escaping(const struct value *v)
{
    static const struct word words[] = {{"AllowUTF8", "allow-utf-8"},
                                        {"Underscores", "underscores"},
                                        {"Dots", "dots"},
                                        {"Values", "values"}};
    put_word(v, words, BNC_LEN(words));
}

static void
put_log(const struct value *v)
{
    const char *text = text_of(v);
    if (text != NULL) {
        bool bare = strchr(text, '/') == NULL;
        put(v, bnc_json_str(v->refs->arena,
                            bnc_arena_fmt(v->refs->arena, "%s%s",
                                          bare ? "/var/log/prometheus/" : "", text)));
    }
}

static void
put_nothing(const struct value *v)
{
    BNC_UNUSED(v);
}

static void
put_quantity(const struct value *v)
{
    struct bnc_error err = {0};
    double value = cJSON_IsNumber(v->json) ? v->json->valuedouble : 0;
    if (!cJSON_IsNumber(v->json) &&
        (!cJSON_IsString(v->json) ||
         bnc_quantity_parse(v->json->valuestring, &value, &err))) {
        wrong(v, "write a number as \"0.5\"", "it is no number");
        return;
    }
    put(v, bnc_json_double(v->refs->arena, value));
}

static void
put_duration(const struct value *v)
{
    struct bnc_error err = {0};
    int64_t ms = 0;
    const char *text = text_of(v);
    if (text != NULL && bnc_duration_parse(text, &ms, &err)) {
        wrong(v, "write a duration as 30s", err.message);
        return;
    }
    put(v, text == NULL ? NULL : bnc_json_str(v->refs->arena, text));
}

static void
put_url(const struct value *v)
{
    const char *text = text_of(v);
    bool proxy = v->row->type == BNC_TRANSLATE_PROXY_URL;
    if (text == NULL) {
        put_text(v); /* says that it is required */
        return;
    }
    if (!bnc_text_keeps(proxy ? BNC_TEXT_PROXY_URL : BNC_TEXT_URL, text)) {
        bnc_diag_add(v->refs->diags, BNC_REASON_INVALID_FIELD, v->path,
                     "write it as http://HOST:PORT", "%s is no URL",
                     bnc_text_quoted(v->refs->arena, text));
        return;
    }
    put(v, bnc_json_str(v->refs->arena, text));
}

static void
put_texts(const struct value *v)
{
    cJSON *list = bnc_json_array(v->refs->arena);
    const cJSON *item;

    if (!cJSON_IsArray(v->json)) {
        wrong(v, "write a list of texts", "it is no list");
        return;
    }
    cJSON_ArrayForEach(item, v->json)
    {
        if (!cJSON_IsString(item)) {
            wrong(v, "write a list of texts", "an item is no text");
            return;
        }
        bnc_json_add(list, bnc_json_str(v->refs->arena, item->valuestring));
    }
    put(v, list->child == NULL ? NULL : list);
}

static void
put_map(const struct value *v)
{
    cJSON *map = bnc_json_object(v->refs->arena);
    const cJSON *item;

    if (!cJSON_IsObject(v->json)) {
        wrong(v, "write names with texts", "it is no map");
        return;
    }
    cJSON_ArrayForEach(item, v->json)
    {
        if (!cJSON_IsString(item)) {
            wrong(v, "write names with texts", "a value is no text");
            return;
        }
        bnc_json_append(v->refs->arena, map, item->string,
                        bnc_json_str(v->refs->arena, item->valuestring));
    }
    put(v, map->child == NULL ? NULL : map);
}

static void
put_object(const struct value *v)
{
    put(v, bnc_translate(v->refs, v->row->sub, v->json, v->path));
}

static void
put_list(const struct value *v)
{
    put(v, bnc_translate_list(v->refs, v->row->sub, v->json, v->path));
}

/* ---- relabel rules ------------------------------------------------------------- */

static cJSON *
rule_json(const struct bnc_relabel *rule, struct bnc_arena *arena)
{
    const struct {
        const char *key;
        const char *text;
    } texts[] = {{"separator", rule->separator},
                 {"regex", rule->regex},
                 {"target_label", rule->target_label},
                 {"replacement", rule->replacement},
                 {"action", rule->action}};
    cJSON *out = bnc_json_object(arena);
    cJSON *labels = bnc_json_array(arena);

    for (size_t i = 0; i < rule->source_labels.n; i++) {
        bnc_json_add(labels, bnc_json_str(arena, rule->source_labels.items[i]));
    }
    if (labels->child != NULL) {
        bnc_json_set_item(arena, out, "source_labels", labels);
    }
    if (rule->modulus.set) {
        bnc_json_set_int(arena, out, "modulus", rule->modulus.value);
    }
    for (size_t i = 0; i < BNC_LEN(texts); i++) {
        if (texts[i].text != NULL) {
            bnc_json_set_str(arena, out, texts[i].key, texts[i].text);
        }
    }
    return out;
}

static void
put_rules(const struct value *v)
{
    static const struct bnc_version newest = {.major = 3, .minor = 99};
    cJSON *list = bnc_json_array(v->refs->arena);
    const cJSON *item;
    size_t i = 0;

    cJSON_ArrayForEach(item, v->json)
    {
        struct bnc_relabel rule = {0};
        const char *path = bnc_arena_fmt(v->refs->arena, "%s[%zu]", v->path, i++);
        bnc_fields_decode(&bnc_table_operator_relabel, item, path, &rule, v->refs->diags);
        bnc_relabel_check(&rule, path, &newest, v->refs->diags);
        bnc_json_add(list, rule_json(&rule, v->refs->arena));
    }
    put(v, list->child == NULL ? NULL : list);
}

/* ---- credentials --------------------------------------------------------------- */

static bool
read_ref(const struct value *v, struct bnc_ref *out)
{
    size_t before = v->refs->diags->errors;
    *out = (struct bnc_ref){0};
    bnc_fields_decode(&bnc_table_operator_ref, v->json, v->path, out, v->refs->diags);
    return v->refs->diags->errors == before;
}

static void
put_file(const struct value *v)
{
    struct bnc_ref *ref = bnc_arena_alloc(v->refs->arena, sizeof(*ref));
    if (!read_ref(v, ref)) {
        return;
    }
    const char *file = bnc_refs_secret(v->refs, ref, v->path);
    if (file != NULL) {
        bnc_json_set_str(v->refs->arena, v->out,
                         bnc_arena_fmt(v->refs->arena, "%s_file", v->row->to), file);
    }
}

static void
put_token(const struct value *v)
{
    struct bnc_ref *ref = bnc_arena_alloc(v->refs->arena, sizeof(*ref));
    const char *file = read_ref(v, ref) ? bnc_refs_secret(v->refs, ref, v->path) : NULL;
    if (file != NULL) {
        cJSON *out = bnc_json_object(v->refs->arena);
        bnc_json_set_str(v->refs->arena, out, "type", "Bearer");
        bnc_json_set_str(v->refs->arena, out, "credentials_file", file);
        put(v, out);
    }
}

static void
put_clear(const struct value *v)
{
    struct bnc_ref *ref = bnc_arena_alloc(v->refs->arena, sizeof(*ref));
    const char *text =
        read_ref(v, ref) ? bnc_refs_secret_clear(v->refs, ref, v->path) : NULL;
    put(v, text == NULL ? NULL : bnc_json_str(v->refs->arena, text));
}

cJSON *
bnc_translate_headers(struct bnc_refs *refs, const cJSON *json, const char *path)
{
    struct bnc_arena *arena = refs->arena;
    cJSON *map = bnc_json_object(arena);
    const cJSON *header;
    const cJSON *item;

    cJSON_ArrayForEach(header, json)
    {
        cJSON *list = bnc_json_array(arena);
        size_t i = 0;
        cJSON_ArrayForEach(item, header)
        {
            struct bnc_ref *ref = bnc_arena_alloc(arena, sizeof(*ref));
            const struct value one = {.refs = refs,
                                      .json = item,
                                      .path = bnc_arena_fmt(arena, "%s[\"%s\"][%zu]",
                                                            path, header->string, i++)};
            const char *text =
                read_ref(&one, ref) ? bnc_refs_secret_clear(refs, ref, one.path) : NULL;
            bnc_json_add(list, bnc_json_str(arena, text == NULL ? "" : text));
        }
        if (i == 0) {
            bnc_diag_add(refs->diags, BNC_REASON_INVALID_FIELD,
                         bnc_arena_fmt(arena, "%s[\"%s\"]", path, header->string),
                         "name the keys of Secrets that hold its values",
                         "a header without a value");
        }
        bnc_json_append(arena, map, header->string, list);
    }
    return map->child == NULL ? NULL : map;
}

static void
put_headers(const struct value *v)
{
    put(v, bnc_translate_headers(v->refs, v->json, v->path));
}

/* ---- HTTP clients -------------------------------------------------------------- */

static void
set_text(struct bnc_arena *arena, cJSON *out, const char *key, const char *text)
{
    if (text != NULL) {
        bnc_json_set_str(arena, out, key, text);
    }
}

static void
set_bool(struct bnc_arena *arena, cJSON *out, const char *key, enum bnc_tri value)
{
    if (value != BNC_UNSET) {
        bnc_json_set_bool(arena, out, key, value == BNC_TRUE);
    }
}

cJSON *
bnc_translate_tls(const struct bnc_job_tls *tls, struct bnc_arena *arena)
{
    if (!tls->present) {
        return NULL;
    }
    cJSON *out = bnc_json_object(arena);
    set_bool(arena, out, "insecure_skip_verify", tls->insecure_skip_verify);
    set_text(arena, out, "ca_file", tls->ca_file);
    set_text(arena, out, "cert_file", tls->cert_file);
    set_text(arena, out, "key_file", tls->key_file);
    set_text(arena, out, "server_name", tls->server_name);
    set_text(arena, out, "min_version", tls->min_version);
    set_text(arena, out, "max_version", tls->max_version);
    return out;
}

static void
put_tls(const struct value *v)
{
    bool safe = v->row->type == BNC_TRANSLATE_SAFE_TLS;
    struct bnc_tls_config *tls = bnc_arena_alloc(v->refs->arena, sizeof(*tls));
    bnc_fields_decode(safe ? &bnc_table_operator_safe_tls : &bnc_table_operator_tls,
                      v->json, v->path, tls, v->refs->diags);
    const struct bnc_job_tls resolved = bnc_refs_tls(v->refs, tls, v->path);
    put(v, bnc_translate_tls(&resolved, v->refs->arena));
}

/* Authentication by the tables of an endpoint; `spec` has just one kind of it. */
static struct bnc_endpoint_ir
resolve(const struct value *v, const struct bnc_endpoint *spec)
{
    const char *dot = strrchr(v->path, '.');
    const char *parent =
        dot == NULL ? ""
                    : bnc_arena_strndup(v->refs->arena, v->path, (size_t)(dot - v->path));
    struct bnc_endpoint_ir out = {.spec = spec};
    bnc_endpoint_auth(v->refs, parent, &out);
    return out;
}

static void
put_basic_auth(const struct value *v)
{
    struct bnc_arena *arena = v->refs->arena;
    struct bnc_endpoint *spec = bnc_arena_alloc(arena, sizeof(*spec));
    spec->basic_auth = bnc_arena_alloc(arena, sizeof(*spec->basic_auth));
    bnc_fields_decode(&bnc_table_operator_basic_auth, v->json, v->path, spec->basic_auth,
                      v->refs->diags);
    const struct bnc_endpoint_ir ir = resolve(v, spec);
    cJSON *out = bnc_json_object(arena);
    if (ir.username == NULL && ir.password_file == NULL) {
        return;
    }
    set_text(arena, out, "username", ir.username); /* one of the two is written */
    set_text(arena, out, "username_file", ir.username_file);
    set_text(arena, out, "password_file", ir.password_file);
    put(v, out);
}

static void
put_authorization(const struct value *v)
{
    bool safe = v->row->type == BNC_TRANSLATE_SAFE_AUTHORIZATION;
    struct bnc_arena *arena = v->refs->arena;
    struct bnc_endpoint *spec = bnc_arena_alloc(arena, sizeof(*spec));
    if (cJSON_IsObject(v->json) && v->json->child == NULL) {
        return; /* {} is none */
    }
    spec->authorization = bnc_arena_alloc(arena, sizeof(*spec->authorization));
    bnc_fields_decode(safe ? &bnc_table_operator_safe_authorization
                           : &bnc_table_operator_authorization,
                      v->json, v->path, spec->authorization, v->refs->diags);
    const struct bnc_endpoint_ir ir = resolve(v, spec);
    cJSON *out = bnc_json_object(arena);
    set_text(arena, out, "type", ir.auth_type);
    set_text(arena, out, "credentials_file", ir.credentials_file);
    put(v, out);
}

static cJSON *
texts_json(const struct bnc_texts *texts, struct bnc_arena *arena)
{
    cJSON *list = bnc_json_array(arena);
    for (size_t i = 0; i < texts->n; i++) {
        bnc_json_add(list, bnc_json_str(arena, texts->items[i]));
    }
    return list;
}

static void
put_oauth2(const struct value *v)
{
    struct bnc_arena *arena = v->refs->arena;
    struct bnc_endpoint *spec = bnc_arena_alloc(arena, sizeof(*spec));
    spec->oauth2 = bnc_arena_alloc(arena, sizeof(*spec->oauth2));
    bnc_fields_decode(&bnc_table_operator_oauth2, v->json, v->path, spec->oauth2,
                      v->refs->diags);
    const struct bnc_endpoint_ir ir = resolve(v, spec);
    const struct bnc_job_oauth2 *oauth2 = ir.oauth2;
    cJSON *out = bnc_json_object(arena);
    set_text(arena, out, "client_id", oauth2->client_id);
    set_text(arena, out, "client_secret_file", oauth2->client_secret_file);
    set_text(arena, out, "token_url", oauth2->token_url);
    if (oauth2->scopes.n > 0) {
        bnc_json_set_item(arena, out, "scopes", texts_json(&oauth2->scopes, arena));
    }
    cJSON *params = bnc_json_object(arena);
    for (size_t i = 0; i < oauth2->endpoint_params.n; i++) {
        bnc_json_set_str(arena, params, oauth2->endpoint_params.items[i].key,
                         oauth2->endpoint_params.items[i].value);
    }
    if (params->child != NULL) {
        bnc_json_set_item(arena, out, "endpoint_params", params);
    }
    set_text(arena, out, "proxy_url", oauth2->proxy_url);
    set_text(arena, out, "no_proxy", oauth2->no_proxy);
    set_bool(arena, out, "proxy_from_environment", oauth2->proxy_from_environment);
    if (oauth2->proxy_connect_header != NULL) {
        bnc_json_set_item(arena, out, "proxy_connect_header",
                          bnc_json_clone(arena, oauth2->proxy_connect_header));
    }
    cJSON *tls = bnc_translate_tls(&oauth2->tls, arena);
    if (tls != NULL) {
        bnc_json_set_item(arena, out, "tls_config", tls);
    }
    put(v, out);
}

/* ---- objects ------------------------------------------------------------------- */

static void (*const types[])(const struct value *) = {
    [BNC_TRANSLATE_NOTHING] = put_nothing,
    [BNC_TRANSLATE_TEXT] = put_text,
    [BNC_TRANSLATE_LOWER] = put_lower,
    [BNC_TRANSLATE_SNAKE] = put_snake,
    [BNC_TRANSLATE_BOOL] = put_bool,
    [BNC_TRANSLATE_TRUE] = put_true,
    [BNC_TRANSLATE_INT] = put_int,
    [BNC_TRANSLATE_SOME] = put_some,
    [BNC_TRANSLATE_MESSAGE] = put_message,
    [BNC_TRANSLATE_ESCAPING] = put_escaping,
    [BNC_TRANSLATE_LOG] = put_log,
    [BNC_TRANSLATE_QUANTITY] = put_quantity,
    [BNC_TRANSLATE_DURATION] = put_duration,
    [BNC_TRANSLATE_URL] = put_url,
    [BNC_TRANSLATE_PROXY_URL] = put_url,
    [BNC_TRANSLATE_TEXTS] = put_texts,
    [BNC_TRANSLATE_MAP] = put_map,
    [BNC_TRANSLATE_OBJECT] = put_object,
    [BNC_TRANSLATE_LIST] = put_list,
    [BNC_TRANSLATE_RELABEL] = put_rules,
    [BNC_TRANSLATE_FILE] = put_file,
    [BNC_TRANSLATE_TOKEN] = put_token,
    [BNC_TRANSLATE_CLEAR] = put_clear,
    [BNC_TRANSLATE_HEADERS] = put_headers,
    [BNC_TRANSLATE_TLS] = put_tls,
    [BNC_TRANSLATE_SAFE_TLS] = put_tls,
    [BNC_TRANSLATE_BASIC_AUTH] = put_basic_auth,
    [BNC_TRANSLATE_AUTHORIZATION] = put_authorization,
    [BNC_TRANSLATE_SAFE_AUTHORIZATION] = put_authorization,
    [BNC_TRANSLATE_OAUTH2] = put_oauth2,
};

static void
warn_unknown(struct bnc_refs *refs, const struct bnc_translate_row *rows,
             const cJSON *json, const char *path)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        const struct bnc_translate_row *row = rows;
        while (row->from != NULL && strcmp(row->from, item->string) != 0) {
            row++;
        }
        if (row->from == NULL) {
            bnc_diag_warn(refs->diags, BNC_REASON_UNKNOWN_FIELD,
                          bnc_arena_fmt(refs->arena, "%s.%s", path, item->string), NULL,
                          "the field %s is not known and counts for nothing",
                          bnc_text_quoted(refs->arena, item->string));
        }
    }
}

cJSON *
bnc_translate(struct bnc_refs *refs, const struct bnc_translate_row *rows,
              const cJSON *json, const char *path)
{
    struct value v = {.refs = refs, .out = bnc_json_object(refs->arena)};

    if (!cJSON_IsObject(json)) {
        bnc_diag_add(refs->diags, BNC_REASON_INVALID_FIELD, path, "write an object",
                     "it is no object");
        return v.out;
    }
    warn_unknown(refs, rows, json, path);
    for (v.row = rows; v.row->from != NULL; v.row++) {
        v.json = bnc_json_get(json, v.row->from);
        v.path = bnc_arena_fmt(refs->arena, "%s.%s", path, v.row->from);
        if (v.json != NULL && !cJSON_IsNull(v.json)) {
            types[v.row->type](&v);
        } else if (v.row->required) {
            wrong(&v, "set it", "the field is required");
        }
    }
    const cJSON *environment = bnc_json_get(v.out, "proxy_from_environment");
    bnc_endpoint_proxy(refs, path, bnc_json_get_str(v.out, "proxy_url"),
                       bnc_json_get_str(v.out, "no_proxy"),
                       cJSON_IsTrue(environment) ? BNC_TRUE : BNC_UNSET,
                       bnc_json_get(v.out, "proxy_connect_header"));
    return v.out;
}

cJSON *
bnc_translate_list(struct bnc_refs *refs, const struct bnc_translate_row *rows,
                   const cJSON *json, const char *path)
{
    cJSON *list = bnc_json_array(refs->arena);
    const cJSON *item;
    size_t i = 0;

    if (!cJSON_IsArray(json)) {
        bnc_diag_add(refs->diags, BNC_REASON_INVALID_FIELD, path, "write a list",
                     "it is no list");
        return NULL;
    }
    cJSON_ArrayForEach(item, json)
    {
        bnc_json_add(list,
                     bnc_translate(refs, rows, item,
                                   bnc_arena_fmt(refs->arena, "%s[%zu]", path, i++)));
    }
    return list->child == NULL ? NULL : list;
}
