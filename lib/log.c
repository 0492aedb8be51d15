#include "lib/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/clip.h"
#include "lib/hash.h"
#include "lib/str.h"
#include "lib/time.h"

#define VALUE_BYTES 2048
#define LINE_BYTES  ((size_t)64 * 1024)
#define FIELDS_MAX  16
#define RECENT      64 /* lines that are known again */

static const char *const level_names[] = {
    [BNC_LEVEL_DEBUG] = "debug",
    [BNC_LEVEL_INFO] = "info",
    [BNC_LEVEL_WARN] = "warn",
    [BNC_LEVEL_ERROR] = "error",
};
static_assert(BNC_LEN(level_names) == BNC_LEVEL_ERROR + 1, "every level needs a name");

/* A line that was written lately. */
struct recent {
    uint64_t hash;
    int64_t since_ms; /* when `used` was last made less */
    unsigned used;
    uint64_t left_out;
};

static struct {
    enum bnc_level level;
    enum bnc_log_format format;
    int64_t (*wall_ms)(void *arg);
    void *clock_arg;
    void (*write)(void *arg, const char *line, size_t n);
    void *sink_arg;
    struct recent recent[RECENT]; /* by hash; another line takes the place over */
} state = {.level = BNC_LEVEL_INFO};

enum bnc_code
bnc_log_set_level(const char *name, struct bnc_error *err)
{
    if (name[0] >= '0' && name[0] <= '9' && name[strspn(name, "0123456789")] == '\0') {
        bool zero = name[strspn(name, "0")] == '\0';
        state.level = zero ? BNC_LEVEL_INFO : BNC_LEVEL_DEBUG;
        return BNC_OK;
    }
    for (size_t i = 0; i < BNC_LEN(level_names); i++) {
        if (bnc_str_eq(level_names[i], name)) {
            state.level = (enum bnc_level)i;
            return BNC_OK;
        }
    }
    return bnc_fail(err, BNC_INVALID,
                    "\"%.*s\" is no log level; write debug, info, warn or error",
                    bnc_clip(name, 40), name);
}

enum bnc_code
bnc_log_set_format(const char *name, struct bnc_error *err)
{
    if (bnc_str_eq(name, "json")) {
        state.format = BNC_LOG_JSON;
    } else if (bnc_str_eq(name, "console")) {
        state.format = BNC_LOG_CONSOLE;
    } else {
        return bnc_fail(err, BNC_INVALID,
                        "\"%.*s\" is no log format; write console or json",
                        bnc_clip(name, 40), name);
    }
    return BNC_OK;
}

void
bnc_log_set_clock(int64_t (*wall_ms)(void *arg), void *arg)
{
    state.wall_ms = wall_ms;
    state.clock_arg = arg;
}

void
bnc_log_set_sink(void (*write)(void *arg, const char *line, size_t n), void *arg)
{
    state.write = write;
    state.sink_arg = arg;
}

bool
bnc_log_enabled(enum bnc_level level)
{
    return level >= state.level;
}

const char *
bnc_log_num(int64_t n)
{
    static char texts[8][24];
    static size_t next;
    char *text = texts[next++ % BNC_LEN(texts)];
    (void)snprintf(text, sizeof(texts[0]), "%" PRId64, n);
    return text;
}

/* RFC 3339 in UTC with milliseconds; false without a clock. */
static bool
format_time(char out[BNC_TIME_MAX])
{
    if (state.wall_ms == NULL) {
        return false;
    }
    int64_t ms = state.wall_ms(state.clock_arg);
    return bnc_time_text(ms < 0 ? 0 : ms, 3, out)[0] != '\0';
}

/* What is cut or no UTF-8 is made good: a line is always valid. */
static void
add_json(struct bnc_str *line, const char *text)
{
    char copy[VALUE_BYTES + 4];
    size_t n = (size_t)bnc_clip(text, VALUE_BYTES);
    memcpy(copy, text, n);
    memcpy(copy + n, text[n] == '\0' ? "" : "...", text[n] == '\0' ? 1 : 4);
    if (!bnc_utf8_valid(copy, strlen(copy))) {
        for (char *p = copy; *p != '\0'; p++) {
            if ((unsigned char)*p >= 0x80) {
                *p = '?';
            }
        }
    }
    bnc_str_json(line, copy);
}

/* Only what nobody can take for a second field or a second line stands bare. */
static bool
is_bare(const char *value)
{
    size_t n = strlen(value);
    if (n == 0 || n > VALUE_BYTES) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)value[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\') {
            return false;
        }
    }
    return true;
}

static void
add_console(struct bnc_str *line, const char *time, enum bnc_level level,
            const char *text, const struct bnc_kv *fields, size_t n)
{
    if (time != NULL) {
        bnc_str_fmt(line, "%s ", time);
    }
    bnc_str_fmt(line, "%-5s %s", level_names[level], text);
    for (size_t i = 0; i < n; i++) {
        const char *value = fields[i].value == NULL ? "" : fields[i].value;
        bnc_str_fmt(line, " %s=", fields[i].key);
        if (is_bare(value)) {
            bnc_str_puts(line, value);
        } else {
            add_json(line, value);
        }
    }
}

static void
add_object(struct bnc_str *line, const char *time, enum bnc_level level, const char *text,
           const struct bnc_kv *fields, size_t n)
{
    bnc_str_putc(line, '{');
    if (time != NULL) {
        bnc_str_fmt(line, "\"ts\":\"%s\",", time);
    }
    bnc_str_fmt(line, "\"level\":\"%s\",\"msg\":", level_names[level]);
    add_json(line, text);
    for (size_t i = 0; i < n && line->len < LINE_BYTES - 8 * (size_t)VALUE_BYTES; i++) {
        bnc_str_putc(line, ',');
        add_json(line, fields[i].key);
        bnc_str_putc(line, ':');
        add_json(line, fields[i].value == NULL ? "" : fields[i].value);
    }
    bnc_str_putc(line, '}');
}

/* ---- repetition ------------------------------------------------------------------ */

static uint64_t
hash_of(const char *text, const struct bnc_kv *fields, size_t n)
{
    uint64_t hash = bnc_hash64(text, strlen(text), 1);
    for (size_t i = 0; i < n; i++) {
        const char *value = fields[i].value == NULL ? "" : fields[i].value;
        hash = bnc_hash64(fields[i].key, strlen(fields[i].key), hash);
        hash = bnc_hash64(value, strlen(value), hash);
    }
    return hash;
}

/* False: it is left out.  `*left_out`: how many of these were, since the last one. */
static bool
may_write(enum bnc_level level, uint64_t hash, uint64_t *left_out)
{
    *left_out = 0;
    if (level == BNC_LEVEL_DEBUG || state.wall_ms == NULL) {
        return true;
    }
    int64_t now = state.wall_ms(state.clock_arg);
    struct recent *recent = &state.recent[hash % RECENT];
    if (recent->hash != hash || now < recent->since_ms) { /* the clock was set back */
        *recent = (struct recent){.hash = hash, .since_ms = now};
    }
    int64_t back = (now - recent->since_ms) / BNC_LOG_AGAIN_MS;
    recent->since_ms += back * BNC_LOG_AGAIN_MS;
    recent->used = back < (int64_t)recent->used ? recent->used - (unsigned)back : 0;
    if (recent->used >= BNC_LOG_BURST) {
        recent->left_out++;
        return false;
    }
    recent->used++;
    *left_out = recent->left_out;
    recent->left_out = 0;
    return true;
}

/* ---- writing --------------------------------------------------------------------- */

static void
write_line(enum bnc_level level, const char *text, const struct bnc_kv *fields, size_t n)
{
    char time[BNC_TIME_MAX];
    bool timed = format_time(time);
    struct bnc_str line = bnc_str_new(NULL, LINE_BYTES);
    if (state.format == BNC_LOG_JSON) {
        add_object(&line, timed ? time : NULL, level, text, fields, n);
    } else {
        add_console(&line, timed ? time : NULL, level, text, fields, n);
    }
    line.too_big = false;
    line.max++;
    bnc_str_putc(&line, '\n');
    if (state.write != NULL) {
        state.write(state.sink_arg, line.ptr, line.len);
    } else {
        (void)fwrite(line.ptr, 1, line.len, stderr);
    }
    bnc_str_free(&line);
}

void
bnc_log_write(enum bnc_level level, const char *text, const struct bnc_kv *fields,
              size_t n)
{
    uint64_t left_out = 0;
    if (!bnc_log_enabled(level) ||
        !may_write(level, hash_of(text, fields, n), &left_out)) {
        return;
    }
    if (left_out == 0 || n >= FIELDS_MAX) {
        write_line(level, text, fields, n);
        return;
    }
    struct bnc_kv more[FIELDS_MAX];
    if (n > 0) {
        memcpy(more, fields, n * sizeof(*fields));
    }
    more[n] = BNC_KV("repeated", bnc_log_num((int64_t)left_out));
    write_line(level, text, more, n + 1);
}
