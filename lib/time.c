#include "lib/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

const char *
bnc_time_text(int64_t wall_ms, int digits, char out[BNC_TIME_MAX])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    int fraction = (int)(wall_ms % 1000);
    struct tm parts;
    size_t n = 0;

    out[0] = '\0';
    if (gmtime_r(&seconds, &parts) != NULL) {
        n = strftime(out, BNC_TIME_MAX, "%Y-%m-%dT%H:%M:%S", &parts);
    }
    if (n == 0) {
        return out;
    }
    if (digits == 0) {
        (void)snprintf(out + n, BNC_TIME_MAX - n, "Z");
    } else {
        (void)snprintf(out + n, BNC_TIME_MAX - n, ".%0*dZ", digits,
                       digits == 6 ? fraction * 1000 : fraction);
    }
    return out;
}

/* Digits as in `shape` ('0'); every other character must be there.  NULL: they are not.
 */
static const char *
read_shape(const char *text, const char *shape, int *numbers)
{
    for (; *shape != '\0'; shape++, text++) {
        if (*shape != '0') {
            if (*text != *shape) {
                return NULL;
            }
            numbers++;
        } else if (*text < '0' || *text > '9') {
            return NULL;
        } else {
            *numbers = *numbers * 10 + (*text - '0');
        }
    }
    return text;
}

int64_t
bnc_time_parse(const char *text)
{
    int n[6] = {0};
    int offset[2] = {0};

    text = read_shape(text, "0000-00-00T00:00:00", n);
    if (text == NULL) {
        return 0;
    }
    if (*text == '.') {
        text += 1 + strspn(text + 1, "0123456789");
    }
    bool west = *text == '-';
    if (*text == '+' || west) {
        text = read_shape(text + 1, "00:00", offset);
    } else if (*text == 'Z') {
        text++;
    } else {
        return 0;
    }
    if (text == NULL || *text != '\0') {
        return 0;
    }
    struct tm tm = {.tm_year = n[0] - 1900,
                    .tm_mon = n[1] - 1,
                    .tm_mday = n[2],
                    .tm_hour = n[3],
                    .tm_min = n[4],
                    .tm_sec = n[5]};
    int64_t offset_s = (int64_t)(offset[0] * 60 + offset[1]) * 60 * (west ? -1 : 1);
    return ((int64_t)timegm(&tm) - offset_s) * 1000;
}
