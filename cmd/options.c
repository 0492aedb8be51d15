#include "cmd/options.h"

#include "cmd/assume.h"

#include <stdio.h>
#include <string.h>

#include "lib/str.h"
#include "model/field_text.h"

static const struct bnc_flag *
find_flag(const struct bnc_command *command, const char *text, size_t n)
{
    for (size_t i = 0; i < *command->n_flags; i++) {
        const struct bnc_flag *flag = &command->flags[i];
        if ((strlen(flag->name) == n && strncmp(flag->name, text, n) == 0) ||
            (flag->letter != NULL && strlen(flag->letter) == n &&
             strncmp(flag->letter, text, n) == 0)) {
            return flag;
        }
    }
    return NULL;
}

static enum bnc_code
unknown_flag(const struct bnc_command *command, const char *text, struct bnc_error *err)
{
    const char *names[64];
    size_t n = 0;
    for (size_t i = 0; i < *command->n_flags && n < BNC_LEN(names); i++) {
        names[n++] = command->flags[i].name;
    }
    const char *nearest = bnc_text_nearest(text, names, n);
    return bnc_fail(err, BNC_INVALID, "unknown flag %.60s%s%s; see binnacle %s --help",
                    text, nearest == NULL ? "" : "; did you mean ",
                    nearest == NULL ? "" : nearest, command->name);
}

static enum bnc_code
set_value(struct bnc_options *out, const struct bnc_flag *flag, const char *value,
          struct bnc_error *err)
{
    if (flag->offset == offsetof(struct bnc_options, assume)) {
        return bnc_assume_read(value, &out->assume, err);
    }
    if (flag->offset != offsetof(struct bnc_options, paths)) {
        *(const char **)((char *)out + flag->offset) = value;
        return BNC_OK;
    }
    if (out->n_paths == BNC_PATHS_MAX) {
        return bnc_fail(err, BNC_TOO_BIG, "more than %d times %s", BNC_PATHS_MAX,
                        flag->name);
    }
    out->paths[out->n_paths++] = value;
    return BNC_OK;
}

/* One argument, and its value where it needs one; `*i` moves past what was taken. */
static enum bnc_code
parse_one(const struct bnc_command *command, int argc, char **argv, int *i,
          struct bnc_options *out, struct bnc_error *err)
{
    const char *text = argv[*i];
    const char *equals = strncmp(text, "--", 2) == 0 ? strchr(text, '=') : NULL;
    size_t n = equals == NULL ? strlen(text) : (size_t)(equals - text);
    const struct bnc_flag *flag = find_flag(command, text, n);

    if (text[0] != '-' && command->argument != NULL && out->subject == NULL) {
        out->subject = text;
        return BNC_OK;
    }
    if (text[0] != '-') {
        return bnc_fail(err, BNC_INVALID,
                        "unexpected argument \"%.60s\"; see binnacle %s --help", text,
                        command->name);
    }
    if (flag == NULL) {
        return unknown_flag(command, text, err);
    }
    if (flag->value == NULL) {
        *(bool *)((char *)out + flag->offset) =
            equals == NULL || strcmp(equals + 1, "false") != 0;
        return BNC_OK;
    }
    if (equals == NULL && *i + 1 == argc) {
        return bnc_fail(err, BNC_INVALID, "%s needs a value: %s %s", flag->name,
                        flag->name, flag->value);
    }
    return set_value(out, flag, equals == NULL ? argv[++*i] : equals + 1, err);
}

enum bnc_code
bnc_options_parse(const struct bnc_command *command, int argc, char **argv,
                  struct bnc_options *out, struct bnc_error *err)
{
    *out = (struct bnc_options){.assume = bnc_assume_current()};
    for (int i = 0; i < argc; i++) {
        if (parse_one(command, argc, argv, &i, out, err)) {
            return err->code;
        }
    }
    return BNC_OK;
}

/* Words of `text`, wrapped, each further line indented. */
static void
print_wrapped(const char *text, size_t indent, size_t width)
{
    size_t column = indent;
    while (*text != '\0') {
        size_t n = strcspn(text, " ");
        if (column > indent && column + 1 + n > width) {
            (void)printf("\n%*s", (int)indent, "");
            column = indent;
        }
        (void)printf("%s%.*s", column > indent ? " " : "", (int)n, text);
        column += n + (column > indent ? 1 : 0);
        text += n;
        text += strspn(text, " ");
    }
    (void)printf("\n");
}

void
bnc_options_help(const struct bnc_command *command)
{
    (void)printf("%s\n\nUsage: %s\n\n%s\n\nFlags:\n", command->summary, command->usage,
                 command->about);
    for (size_t i = 0; i < *command->n_flags; i++) {
        const struct bnc_flag *flag = &command->flags[i];
        char left[80];
        (void)snprintf(left, sizeof(left), "%s%s%s%s%s", flag->letter ? flag->letter : "",
                       flag->letter ? ", " : "", flag->name, flag->value ? " " : "",
                       flag->value ? flag->value : "");
        (void)printf("  %-30s%s", left,
                     strlen(left) > 29 ? "\n                                " : "");
        print_wrapped(flag->help, 32, 90);
    }
}

const char *const *
bnc_options_list(const char *text, struct bnc_arena *arena)
{
    if (text == NULL || text[0] == '\0') {
        return NULL;
    }
    const char **items = bnc_arena_array(arena, strlen(text) + 2, sizeof(*items));
    size_t n = 0;
    for (const char *p = text + strspn(text, ", "); *p != '\0';) {
        size_t length = strcspn(p, ", ");
        items[n++] = bnc_arena_strndup(arena, p, length);
        p += length;
        p += strspn(p, ", ");
    }
    return items;
}
