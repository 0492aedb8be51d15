#include <stdarg.h>
#include <string.h>

#include "model/field_text.h"
#include "promql/lex.h"
#include "promql/runes.h"

#define SHOWN_MAX 40 /* bytes */

/* Line and column of a byte. */
static void
locate(const struct bnc_pql_lex *lex, uint32_t at, struct bnc_promql_problem *problem)
{
    problem->line = 1;
    problem->column = 1;
    for (uint32_t i = 0; i < at && i < lex->n; i++) {
        if (lex->text[i] == '\n') {
            problem->line++;
            problem->column = 1;
        } else {
            problem->column += ((unsigned char)lex->text[i] & 0xc0) != 0x80;
        }
    }
}

void
bnc_pql_fault(struct bnc_pql_lex *lex, uint32_t start, uint32_t end, const char *remedy,
              const char *fmt, ...)
{
    struct bnc_promql_problem *problem = lex->problem;
    va_list args;

    if (lex->failed) {
        return;
    }
    lex->failed = true;
    locate(lex, start, problem);
    problem->start = start;
    problem->end = end < start ? start : end;
    problem->remedy = remedy;
    va_start(args, fmt);
    const char *what =
        bnc_text_escaped(lex->arena, bnc_arena_vfmt(lex->arena, fmt, args));
    va_end(args);
    problem->message = bnc_arena_fmt(lex->arena, "line %zu, column %zu: %s",
                                     problem->line, problem->column, what);
}

const char *
bnc_pql_shown(const struct bnc_pql_lex *lex, uint32_t start, uint32_t end)
{
    struct bnc_str out = bnc_str_new(lex->arena, SHOWN_MAX + sizeof("..."));
    uint32_t at = start;

    bnc_str_puts(&out, "");
    while (at < end && at - start < SHOWN_MAX) {
        uint32_t rune = 0;
        size_t length = bnc_pql_rune(lex->text + at, end - at, &rune);
        if (rune == '\n' || rune == '\t' || rune == '\r') {
            bnc_str_putc(&out, ' ');
        } else if (length + out.len <= SHOWN_MAX && bnc_pql_is_printable(rune) &&
                   (length > 1 || rune < 0x80)) {
            bnc_str_add(&out, lex->text + at, length);
        } else {
            bnc_str_putc(&out, '?');
        }
        at += (uint32_t)length;
    }
    if (at < end) {
        bnc_str_puts(&out, "...");
    }
    return out.ptr;
}
