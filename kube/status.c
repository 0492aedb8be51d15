#include "kube/status.h"

#include <string.h>

#include "lib/json.h"

#define RETRY_AFTER_MAX_S 3600

/* Copy what fits, without half a character and without control characters. */
static void
copy_text(char *out, size_t room, const char *text)
{
    size_t n = text == NULL ? 0 : strlen(text);
    if (n >= room) {
        n = room - 1;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80) {
            n--;
        }
    }
    for (size_t i = 0; i < n; i++) {
        bool control = (unsigned char)text[i] < 0x20 || text[i] == 0x7f;
        if (control) {
            out[i] = ' ';
        } else {
            out[i] = text[i];
        }
    }
    out[n] = '\0';
}

static bool
says_too_large(const cJSON *status)
{
    const cJSON *cause = NULL;
    cJSON_ArrayForEach(cause, bnc_json_path(status, "details", "causes", NULL))
    {
        if (bnc_str_eq(bnc_json_get_str(cause, "reason"), "ResourceVersionTooLarge")) {
            return true;
        }
    }
    /* servers up to 1.18.5 say it in words only */
    const char *message = bnc_json_get_str(status, "message");
    return message != NULL && strstr(message, "Too large resource version") != NULL;
}

void
bnc_kube_status_read(struct bnc_bytes json, struct bnc_kube_status *out)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error ignored = {0};
    cJSON *status = NULL;
    int64_t number = 0;

    *out = (struct bnc_kube_status){0};
    if (json.len == 0 || bnc_json_parse(arena, json.ptr, json.len, &status, &ignored) ||
        !bnc_str_eq(bnc_json_get_str(status, "kind"), "Status")) {
        return;
    }
    if (bnc_json_get_int(status, "code", &number) && number > 0 && number < 1000) {
        out->code = (int)number;
    }
    copy_text(out->reason, sizeof(out->reason), bnc_json_get_str(status, "reason"));
    copy_text(out->message, sizeof(out->message), bnc_json_get_str(status, "message"));
    if (bnc_json_get_int(bnc_json_get(status, "details"), "retryAfterSeconds", &number) &&
        number > 0) {
        out->retry_after_ms =
            (number > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S : number) * 1000;
    }
    out->too_large = says_too_large(status);
}

enum bnc_code
bnc_kube_status_code(int http_status)
{
    static const struct {
        int status;
        enum bnc_code code;
    } rows[] = {
        {400, BNC_INVALID},     {401, BNC_DENIED},   {403, BNC_DENIED},
        {404, BNC_NOT_FOUND},   {405, BNC_INVALID},  {406, BNC_INVALID},
        {408, BNC_TIMEOUT},     {409, BNC_CONFLICT}, {410, BNC_GONE},
        {413, BNC_TOO_BIG},     {415, BNC_INVALID},  {422, BNC_INVALID},
        {429, BNC_UNAVAILABLE}, {504, BNC_TIMEOUT},
    };
    if (http_status >= 200 && http_status < 300) {
        return BNC_OK;
    }
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (rows[i].status == http_status) {
            return rows[i].code;
        }
    }
    return http_status >= 500 ? BNC_UNAVAILABLE : BNC_INTERNAL;
}
