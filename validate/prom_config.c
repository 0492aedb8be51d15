#include "validate/prom_config.h"

#include "lib/clip.h"
#include "lib/json.h"
#include "validate/prom_blocks.h"

#define NEWEST BNC_PROM_V(3, 16) /* what the tables know */

/* ---- single values ------------------------------------------------------------- */

/* Prometheus reads any scalar as text; null is as good as not there. */
static bool
is_scalar(const cJSON *value)
{
    return !cJSON_IsObject(value) && !cJSON_IsArray(value);
}

static bool
is_zero(const cJSON *value)
{
    int64_t number;

    return bnc_json_to_int(value, &number) && number == 0;
}

static void
check_number(const struct bnc_prom_check *check, bool integer, const cJSON *value,
             const char *path)
{
    int64_t number;

    if (!integer) {
        if (!bnc_json_is_number(value)) {
            bnc_prom_refuse(check, path, "use a number, not in quotes", "no number");
        }
    } else if (!bnc_json_to_int(value, &number) || number < 0) {
        bnc_prom_refuse(check, path, "use a whole number from 0 on, not in quotes",
                        "no whole number");
    }
}

static void
check_measure(const struct bnc_prom_check *check, bool duration, const cJSON *value,
              const char *path)
{
    struct bnc_error err = {0};
    enum bnc_code code = BNC_INVALID;
    int64_t n;

    if (is_zero(value)) {
        return;
    }
    if (cJSON_IsString(value)) {
        code = duration ? bnc_duration_parse(value->valuestring, &n, &err)
                        : bnc_size_parse(value->valuestring, &n, &err);
    }
    if (code != BNC_OK) {
        bnc_prom_refuse(check, path,
                        duration ? "write it as 30s, 5m or 1h30m"
                                 : "write it as 512KB or 10MB",
                        err.message[0] != '\0' ? err.message
                        : duration             ? "no duration"
                                               : "no size");
    }
}

static void
check_scalars(const struct bnc_prom_check *check, const cJSON *list, const char *path)
{
    const cJSON *item;
    size_t i = 0;

    if (!cJSON_IsArray(list)) {
        bnc_prom_refuse(check, path, "write a list of texts", "no list");
        return;
    }
    cJSON_ArrayForEach(item, list)
    {
        if (!is_scalar(item) || cJSON_IsNull(item)) {
            bnc_prom_refuse(check, bnc_prom_item(check, path, i), "use a text",
                            "no text");
        }
        i++;
    }
}

static void
check_map(const struct bnc_prom_check *check, bool of_lists, const cJSON *map,
          const char *path)
{
    const cJSON *item;

    if (!cJSON_IsObject(map)) {
        bnc_prom_refuse(check, path, "write keys with values", "no map");
        return;
    }
    cJSON_ArrayForEach(item, map)
    {
        if (of_lists) {
            check_scalars(check, item, bnc_prom_below(check, path, item->string));
        } else if (!is_scalar(item)) {
            bnc_prom_refuse(check, bnc_prom_below(check, path, item->string),
                            "use a text", "no text");
        }
    }
}

/* ---- the walk ------------------------------------------------------------------ */

static void check_object(const struct bnc_prom_check *check, enum bnc_prom_block block,
                         const cJSON *tree, const char *path);

static void
check_list(const struct bnc_prom_check *check, enum bnc_prom_block block,
           const cJSON *list, const char *path)
{
    const cJSON *item;
    size_t i = 0;

    if (!cJSON_IsArray(list)) {
        bnc_prom_refuse(check, path, "write a list", "no list");
        return;
    }
    cJSON_ArrayForEach(item, list)
    {
        check_object(check, block, item, bnc_prom_item(check, path, i));
        i++;
    }
}

static void
check_value(const struct bnc_prom_check *check, const struct bnc_prom_key *key,
            const cJSON *value, const char *path)
{
    if (cJSON_IsNull(value)) {
        return;
    }
    switch (key->type) {
    case BNC_PROM_TEXT:
        if (!is_scalar(value)) {
            bnc_prom_refuse(check, path, "use a text", "no text");
        }
        break;
    case BNC_PROM_BOOL:
        if (!cJSON_IsBool(value)) {
            bnc_prom_refuse(check, path, "use true or false, not in quotes",
                            "no boolean");
        }
        break;
    case BNC_PROM_INT:
    case BNC_PROM_NUMBER:
        check_number(check, key->type == BNC_PROM_INT, value, path);
        break;
    case BNC_PROM_DURATION:
    case BNC_PROM_SIZE:
        check_measure(check, key->type == BNC_PROM_DURATION, value, path);
        break;
    case BNC_PROM_TEXTS:
        check_scalars(check, value, path);
        break;
    case BNC_PROM_TEXT_MAP:
    case BNC_PROM_MULTIMAP:
        check_map(check, key->type == BNC_PROM_MULTIMAP, value, path);
        break;
    case BNC_PROM_OBJECT:
        check_object(check, key->sub, value, path);
        break;
    case BNC_PROM_LIST:
        check_list(check, key->sub, value, path);
        break;
    case BNC_PROM_SECRET: /* see validate/credentials.h */
    case BNC_PROM_ANY:
        break;
    }
}

static void
check_unknown(const struct bnc_prom_check *check, const struct bnc_prom_key *key,
              const char *name, const char *path)
{
    const struct bnc_version *v = check->version;

    if (key == NULL && bnc_prom_release(v) > NEWEST) {
        bnc_diag_warn(check->diags, BNC_REASON_UNKNOWN_FIELD, path, NULL,
                      "not known up to Prometheus 3.16");
    } else if (key == NULL) {
        bnc_diag_add(check->diags, BNC_REASON_UNKNOWN_FIELD, path,
                     "take it out, or look how it is spelled",
                     "Prometheus knows no \"%.*s\" here", bnc_clip(name, 60), name);
    } else if (bnc_prom_release(v) < key->since) {
        bnc_diag_add(check->diags, BNC_REASON_UNSUPPORTED_VERSION, path, "take it out",
                     "needs Prometheus %d.%d, this one is %u.%u.%u", key->since / 1000,
                     key->since % 1000, v->major, v->minor, v->patch);
    } else {
        bnc_diag_add(check->diags, BNC_REASON_UNSUPPORTED_VERSION, path, "take it out",
                     "was removed in Prometheus %d.%d", key->until / 1000,
                     key->until % 1000);
    }
}

static void
check_object(const struct bnc_prom_check *check, enum bnc_prom_block block,
             const cJSON *tree, const char *path)
{
    static const char discovery[] = "_sd_configs";
    const cJSON *value;

    if (!cJSON_IsObject(tree)) {
        bnc_prom_refuse(check, path, "write keys with values", "no map");
        return;
    }
    cJSON_ArrayForEach(value, tree)
    {
        const char *at = bnc_prom_below(check, path, value->string);
        const struct bnc_prom_key *key = bnc_prom_key_find(block, value->string);

        if (key == NULL && bnc_prom_block_discovers(block) &&
            bnc_str_ends(value->string, discovery)) {
            if (!cJSON_IsArray(value)) {
                bnc_prom_refuse(check, at, "write a list", "no list");
            }
        } else if (key == NULL || !bnc_prom_key_in(key, check->version)) {
            check_unknown(check, key, value->string, at);
        } else {
            check_value(check, key, value, at);
        }
    }
    bnc_prom_block_check(check, block, tree, path);
}

void
bnc_prom_config_check(const cJSON *tree, enum bnc_prom_block block,
                      const struct bnc_version *version, const char *path,
                      struct bnc_diags *diags)
{
    const struct bnc_prom_check check = {.version = version, .diags = diags};

    check_object(&check, block, tree, path);
}
