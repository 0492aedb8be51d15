/*
 * Durations, sizes, percentages, versions and names: what is taken prints as
 * text that means the same.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool good)
{
    if (!good) {
        abort();
    }
}

static void
check_duration(struct bnc_arena *arena, const char *text)
{
    struct bnc_error err = {0};
    int64_t ms = -1;
    int64_t again = -1;
    if (bnc_duration_parse(text, &ms, &err)) {
        check(ms == -1);
        check(!bnc_utf8_valid(text, strlen(text)) ||
              bnc_utf8_valid(err.message, strlen(err.message)));
        return;
    }
    struct bnc_str printed = bnc_str_new(arena, 200);
    bnc_duration_print(ms, &printed);
    check(ms >= 0 && ms <= BNC_DURATION_MAX_MS);
    check(bnc_duration_parse(printed.ptr, &again, &err) == BNC_OK && again == ms);
}

static void
check_version(struct bnc_arena *arena, const char *text)
{
    struct bnc_error err = {0};
    struct bnc_version v;
    struct bnc_version again;
    if (bnc_version_parse(text, &v, &err)) {
        return;
    }
    const char *printed = bnc_arena_fmt(arena, "%u.%u.%u", v.major, v.minor, v.patch);
    check(bnc_version_parse(printed, &again, &err) == BNC_OK);
    check(bnc_version_compare(&v, &again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    const char *text = bnc_arena_strndup(arena, (const char *)data, size);
    struct bnc_error err = {0};
    int64_t value = 0;

    check_duration(arena, text);
    check_version(arena, text);
    check(bnc_size_parse(text, &value, &err) != BNC_OK || value >= 0);
    check(bnc_percent_parse(text, &value, &err) != BNC_OK ||
          (value >= 0 && value <= 10000));
    check(!bnc_port_name_valid(text) || bnc_dns_label_valid(text));
    check(!bnc_dns_label_valid(text) || bnc_dns_subdomain_valid(text));
    check(!bnc_dns_label_valid(text) || bnc_label_value_valid(text));
    check(!bnc_label_name_valid(text) || bnc_metric_name_valid(text));
    check(!bnc_label_value_valid(text) || *text == '\0' || bnc_label_key_valid(text));
    return 0;
}
