#include "controller/measure_answer.h"

#include <math.h>
#include <stdlib.h>

#include "lib/clip.h"
#include "lib/json.h"

#define TEXT_MAX 300  /* bytes of Prometheus' own words */
#define RATE_MAX 1e11 /* requests a second */

/* Somebody else's words, fit to be printed. */
static const char *
printable(struct bnc_arena *arena, const char *text)
{
    char *out = bnc_arena_strndup(arena, text, (size_t)bnc_clip(text, TEXT_MAX));

    for (char *c = out; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = ' ';
        }
    }
    return out;
}

/* [1435781451.781, "12.5"]: the second of the two is added to *sum. */
static enum bnc_code
add_sample(const cJSON *sample, struct bnc_arena *arena, double *sum,
           struct bnc_error *err)
{
    const cJSON *item = cJSON_GetArrayItem(sample, 1);

    if (!cJSON_IsString(item)) {
        return bnc_fail(err, BNC_INVALID, "the query gives something that is no number");
    }
    const char *text = item->valuestring;
    char *rest;
    double value = strtod(text, &rest);
    if (rest == text || *rest != '\0' || !isfinite(value) || value < 0) {
        return bnc_fail(err, BNC_INVALID, "the query gives %s, which is no rate",
                        printable(arena, text));
    }
    *sum += value;
    return BNC_OK;
}

static enum bnc_code
add_result(const cJSON *data, struct bnc_arena *arena, double *sum, struct bnc_error *err)
{
    const char *type = bnc_json_get_str(data, "resultType");
    const cJSON *result = bnc_json_get(data, "result");
    const cJSON *series;

    if (bnc_str_eq(type, "scalar")) {
        return add_sample(result, arena, sum, err);
    }
    if (!bnc_str_eq(type, "vector") || !cJSON_IsArray(result)) {
        return bnc_fail(err, BNC_INVALID, "the query gives a %s, not a vector",
                        type == NULL ? "thing" : printable(arena, type));
    }
    if (result->child == NULL) {
        return bnc_fail(err, BNC_NOT_FOUND, "the query gives no series");
    }
    cJSON_ArrayForEach(series, result)
    {
        if (add_sample(bnc_json_get(series, "value"), arena, sum, err)) {
            return err->code;
        }
    }
    return BNC_OK;
}

/* What makes an answer one of a part only; remarks on the query itself do not. */
static const char *
partial(const cJSON *root)
{
    const cJSON *warning;

    cJSON_ArrayForEach(warning, bnc_json_get(root, "warnings"))
    {
        if (cJSON_IsString(warning) && !bnc_str_starts(warning->valuestring, "PromQL ")) {
            return warning->valuestring;
        }
    }
    return NULL;
}

/* An answer that is no result: in Prometheus' own words, where it has some. */
static enum bnc_code
refuse(int status, const cJSON *root, struct bnc_arena *arena, struct bnc_error *err)
{
    const char *text = bnc_json_get_str(root, "error");
    enum bnc_code code = status == 429 || status >= 500   ? BNC_UNAVAILABLE
                         : status == 401 || status == 403 ? BNC_DENIED
                                                          : BNC_INVALID;

    if (text == NULL && status >= 300 && status < 400) {
        text = "redirects are not followed";
    }
    return bnc_fail(err, code, "Prometheus answers with status %d%s%s", status,
                    text == NULL ? "" : ": ", text == NULL ? "" : printable(arena, text));
}

enum bnc_code
bnc_measure_answer(int status, struct bnc_bytes text, int64_t *rate,
                   struct bnc_error *err)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_error ignored = {0};
    cJSON *root = NULL;
    double sum = 0;

    if (bnc_json_parse(arena, text.len == 0 ? "" : text.ptr, text.len, &root, &ignored)) {
        root = NULL;
    }
    if (status != 200) {
        return refuse(status, root, arena, err);
    }
    const char *warning = partial(root);
    if (!bnc_str_eq(bnc_json_get_str(root, "status"), "success")) {
        return bnc_fail(err, BNC_INVALID, "the answer is none of Prometheus'");
    }
    if (warning != NULL) {
        return bnc_fail(err, BNC_UNAVAILABLE, "the answer is not complete: %s",
                        printable(arena, warning));
    }
    if (add_result(bnc_json_get(root, "data"), arena, &sum, err)) {
        return err->code;
    }
    *rate = (int64_t)((sum < RATE_MAX ? sum : RATE_MAX) * 1000 + 0.5);
    return BNC_OK;
}
