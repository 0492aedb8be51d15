#include "model/diag.h"

#include <stdarg.h>
#include <string.h>

#include "model/field_text.h"

struct bnc_diags
bnc_diags_new(struct bnc_arena *arena)
{
    return (struct bnc_diags){.arena = arena};
}

static void
add(struct bnc_diags *diags, struct bnc_diag diag, const char *fmt, va_list args)
{
    if (diags->n == BNC_DIAGS_MAX) {
        diags->errors += !diag.warning;
        return;
    }
    if (diags->n == diags->room) {
        size_t room = diags->room == 0 ? 4 : diags->room * 2;
        struct bnc_diag *items = bnc_arena_array(diags->arena, room, sizeof(*items));
        if (diags->n > 0) {
            memcpy(items, diags->items, diags->n * sizeof(*items));
        }
        diags->items = items;
        diags->room = room;
    }
    /* keys and values of a tenant's object end on somebody's terminal */
    diag.field = bnc_text_escaped(diags->arena, diag.field == NULL ? "" : diag.field);
    diag.remedy =
        diag.remedy == NULL ? NULL : bnc_text_escaped(diags->arena, diag.remedy);
    diag.message =
        bnc_text_escaped(diags->arena, bnc_arena_vfmt(diags->arena, fmt, args));
    for (size_t i = 0; i < diags->n; i++) {
        const struct bnc_diag *before = &diags->items[i];
        if (before->warning == diag.warning && strcmp(before->field, diag.field) == 0 &&
            strcmp(before->message, diag.message) == 0) {
            return; /* said already: two ways led to one reference */
        }
    }
    diags->errors += !diag.warning;
    diags->items[diags->n++] = diag;
}

void
bnc_diag_add(struct bnc_diags *diags, enum bnc_reason reason, const char *field,
             const char *remedy, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add(diags, (struct bnc_diag){.reason = reason, .field = field, .remedy = remedy}, fmt,
        args);
    va_end(args);
}

void
bnc_diag_warn(struct bnc_diags *diags, enum bnc_reason reason, const char *field,
              const char *remedy, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    add(diags,
        (struct bnc_diag){
            .reason = reason, .field = field, .remedy = remedy, .warning = true},
        fmt, args);
    va_end(args);
}

void
bnc_diags_copy(struct bnc_diags *diags, const struct bnc_diag *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (items[i].warning ? bnc_diag_warn : bnc_diag_add)(diags, items[i].reason,
                                                          items[i].field, items[i].remedy,
                                                          "%s", items[i].message);
    }
}

void
bnc_diags_take(struct bnc_diags *diags, const struct bnc_diags *found)
{
    size_t errors = diags->errors + found->errors;
    bnc_diags_copy(diags, found->items, found->n);
    diags->errors = errors;
    diags->effort = found->effort > diags->effort ? found->effort : diags->effort;
}

bool
bnc_diags_error_at(const struct bnc_diags *diags, const char *path)
{
    size_t known = 0;
    size_t n = strlen(path);
    for (size_t i = 0; i < diags->n; i++) {
        const struct bnc_diag *diag = &diags->items[i];
        known += diag->warning ? 0 : 1;
        if (!diag->warning && strncmp(diag->field, path, n) == 0 &&
            strchr(".[", diag->field[n]) != NULL) { /* or the end */
            return true;
        }
    }
    return known < diags->errors;
}

const char *
bnc_diag_text(const struct bnc_diag *diag, struct bnc_arena *arena)
{
    const char *field = diag->field;
    return bnc_arena_fmt(arena, "%s%s%s%s%s", field, field[0] == '\0' ? "" : ": ",
                         diag->message, diag->remedy == NULL ? "" : "; ",
                         diag->remedy == NULL ? "" : diag->remedy);
}
