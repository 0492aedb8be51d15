/*
 * A tool for tests: prints the file of sampling strategies for what is asked on the
 * command line, by render/strategies.c alone.
 *
 *   print_strategies PERCENT [/OPERATION=PERCENT]... [SERVICE=PERCENT
 * [/OPERATION=PERCENT]...]...
 *
 * The first percentage is the default; operations belong to what stands before them.
 */
#include <stdio.h>
#include <string.h>

#include "lib/units.h"
#include "render/strategies.h"

/* NAME=PERCENT; the last '=' parts them. */
static enum bnc_code
split(const char *word, struct bnc_arena *arena, const char **name, int64_t *percent,
      struct bnc_error *err)
{
    const char *equals = strrchr(word, '=');
    if (equals == NULL) {
        return bnc_fail(err, BNC_INVALID, "\"%s\" is no NAME=PERCENT", word);
    }
    *name = bnc_arena_strndup(arena, word, (size_t)(equals - word));
    return bnc_percent_parse(equals + 1, percent, err);
}

/* The operations at the front of `words`; how many in *n. */
static enum bnc_code
read_operations(char *const *words, size_t n_words, struct bnc_arena *arena,
                const struct bnc_strategy_operation **out, size_t *n,
                struct bnc_error *err)
{
    struct bnc_strategy_operation *operations =
        bnc_arena_array(arena, n_words, sizeof(*operations));

    *out = operations;
    for (*n = 0; *n < n_words && words[*n][0] == '/'; (*n)++) {
        struct bnc_strategy_operation *one = &operations[*n];
        if (split(words[*n] + 1, arena, &one->operation, &one->percent, err)) {
            return err->code;
        }
    }
    return BNC_OK;
}

static enum bnc_code
read_words(char *const *words, size_t n_words, struct bnc_arena *arena,
           struct bnc_strategies *out, struct bnc_error *err)
{
    struct bnc_strategy *items = bnc_arena_array(arena, n_words, sizeof(*items));

    out->items = items;
    if (bnc_percent_parse(words[0], &out->default_percent, err) ||
        read_operations(words + 1, n_words - 1, arena, &out->default_operations,
                        &out->n_default_operations, err)) {
        return err->code;
    }
    for (size_t i = 1 + out->n_default_operations; i < n_words;) {
        struct bnc_strategy *one = &items[out->n++];
        if (split(words[i], arena, &one->service, &one->percent, err)) {
            return err->code;
        }
        i++;
        if (read_operations(words + i, n_words - i, arena, &one->operations,
                            &one->n_operations, err)) {
            return err->code;
        }
        i += one->n_operations;
    }
    return BNC_OK;
}

int
main(int argc, char **argv)
{
    BNC_AUTO(bnc_arena) arena = bnc_arena_new();
    struct bnc_strategies strategies = {0};
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    if (argc < 2) {
        (void)fprintf(stderr, "usage: print_strategies PERCENT [WORD]...\n");
        return 2;
    }
    if (read_words(argv + 1, (size_t)argc - 1, arena, &strategies, &err) ||
        bnc_strategies_render(&strategies, arena, &out, &err)) {
        (void)fprintf(stderr, "print_strategies: %s\n", err.message);
        return 1;
    }
    return fwrite(out.ptr, 1, out.len, stdout) == out.len ? 0 : 1;
}
